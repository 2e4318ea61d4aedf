#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What operators see of requests: counters by model and class, a line of log for each; never what
# was said or who said it.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
daemon_with_toys "$@" || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
k=$(key geheimname VS-NfD)
C=/v1/chat/completions
say() { printf '{"model":"toy","max_tokens":8,"messages":[{"role":"user","content":"%s"}]%s}' "$1" "${2-}"; }
metrics() { curl -sS --unix-socket "$data/run/hoheit.sock" http://x/metrics >"$dir/metrics"; }
# A line of the metrics that begins with this.
has() { metrics; grep -q "^$1" "$dir/metrics" || { grep "toy" "$dir/metrics" | head -n 40; return 1; }; }
# The JSON line of the log for the request $1 satisfies this expression over `j`.
logged() { python3 -c 'import json, sys
found = [j for j in map(json.loads, (l for l in open(sys.argv[1]) if l.startswith("{"))) if j.get("event") == "request.done" and j.get("request") == sys.argv[2]]
assert len(found) == 1, found
j = found[0]
sys.exit(0 if eval(sys.argv[3]) else f"not so: {j}")' "$dir/log" "$1" "$2"; }
id_of() { tr -d '\r' <"$dir/head" | sed -n 's/^x-request-id: //ip'; }

expect 'a request' status 200 "$k" POST $C "$(say Zauberwort)"
clerk=$(id_of)
expect 'another, streamed' status 200 "$k" POST $C "$(say Zauberwort ',"stream":true')"
expect 'one that can wait' status 200 "$k" POST $C "$(say Zauberwort)" -H 'X-Hoheit-Priority: batch'
batch=$(id_of)
L='gen_ai_request_model="toy",hoheit_class="clerk"'
expect 'requests are counted by model, class and outcome' has "hoheit_model_requests_total{$L,outcome=\"ok\"} 2$"
expect 'what can wait on its own' has 'hoheit_model_requests_total{gen_ai_request_model="toy",hoheit_class="batch",outcome="ok"} 1$'
expect 'tokens by their kind' has "gen_ai_server_token_usage_total{$L,gen_ai_token_type=\"output\"} 16$"
expect 'time in the queue' has "hoheit_queue_seconds_count{$L} 2$"
expect 'time to the first token' has "gen_ai_server_time_to_first_token_seconds_count{$L} 2$"
expect 'time between tokens' has "gen_ai_server_time_per_output_token_seconds_count{$L} [1-9]"
expect 'time of the whole' has "gen_ai_server_request_duration_seconds_bucket{$L,le=\"+Inf\"} 2$"
expect 'each metric is declared once' test -z "$(grep '^# TYPE' "$dir/metrics" | sort | uniq -d)"
expect 'what breaks off' status 503 "$k" POST $C "$(say '!crash')"
expect 'is counted as failed' has "hoheit_model_requests_total{$L,outcome=\"failed\"} 1$"
expect 'what is refused before is not counted' status 404 "$k" POST $C '{"model":"nix","messages":[{"role":"user","content":"Zauberwort"}]}'
refuse 'under a name that clients make up' has '.*nix'

expect 'each request is a line of the log' logged "$clerk" 'j["model"] == "toy" and j["status"] == "ok" and j["op"] == "chat" and j["class"] == "clerk" and j["tokens_out"] == 8 and j["tokens_in"] > 0 and j["ms"] >= 0'
expect 'with its class' logged "$batch" 'j["class"] == "batch"'
refuse 'nothing that was said is in it' grep -q Zauberwort "$dir/log"
refuse 'nor in the metrics' grep -q Zauberwort "$dir/metrics"
refuse 'nor who said it' grep -q geheimname "$dir/log" "$dir/metrics"
done_testing
