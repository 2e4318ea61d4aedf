#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What a collector is told by OpenTelemetry's protocol: the spans and measures of requests, in the right
# form, through hoheit-egress and policy; nothing that was said, nobody's name; and nobody waits for it.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
collector='' provider=''
end() { for pid in $collector $provider; do kill "$pid" 2>/dev/null; done; flow_end; }
trap end EXIT
says() { pattern=$1; shift; "$@" >"$dir/out" 2>&1; grep -q -- "$pattern" "$dir/out" || { cat "$dir/out"; return 1; }; }

: >"$dir/mode"
: >"$dir/record"
mkfifo "$dir/collector" "$dir/provider"
python3 "$here/../peer/collector.py" --record "$dir/record" --mode-file "$dir/mode" >"$dir/collector" 2>"$dir/collector.log" &
collector=$!
read -r _ base <"$dir/collector"
python3 "$here/../peer/provider.py" --record "$dir/bytes" >"$dir/provider" 2>"$dir/provider.log" &
provider=$!
read -r _ outside <"$dir/provider"

"$bin/hoheitd" --init --data "$data" >/dev/null
printf 'X-Collector-Token: geheim-0815\nX-Org: amt\n' >"$data/keys/collector.key"
chmod 600 "$data/keys/collector.key"
list() {
    cat >"$data/providers.yaml" <<EOF
version: 1
providers:
  - name: outside
    dialect: openai
    url: $outside/v1
    sink: offen//REL EU
  - name: sammler
    dialect: ${1-otlp}
    url: $base/otlp
    sink: ${2-intern//REL EU}
    credential: {scheme: headers, file: ${3-collector.key}}
    limits: {failures_max: "1000"}
EOF
}
check() { pattern=$1; shift; says "$pattern" "$bin/hoheitd" -t --data "$data" --set otlp.collector=sammler "$@"; }

# ---- the settings
list openai
expect 'a provider of models is no collector' check 'dialect otlp'
list otlp offen
expect 'a collector that may not have what is told is refused' check 'does not cover otlp.label'
list otlp intern none.key
expect 'a file of headers that is not there is named' check 'keys/none.key'
printf 'Host: elsewhere\n' >"$data/keys/bad.key"
chmod 600 "$data/keys/bad.key"
list otlp intern bad.key
expect 'headers of the connection are not the file'"'"'s' check 'Name: value'
list
expect 'what is sent has to be something' check 'traces, metrics' --set otlp.what=all
expect 'good settings are fine' "$bin/hoheitd" -t --data "$data" --set otlp.collector=sammler

# ---- what it is told
daemon_with_toys --set otlp.collector=sammler --set otlp.interval_ms=50 --set otlp.wait_ms_max=300 --set otlp.pause_ms=20 ||
    { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
hoheit model add remote:outside/large --name wolke >/dev/null
refuse 'it has no models' hoheit model add remote:sammler/x --name keins
k=$(key geheimname VS-NfD --tenant geheimamt)
C=/v1/chat/completions
say() { printf '{"model":"%s","max_tokens":8,"messages":[{"role":"user","content":"Zauberwort %s"}]%s}' "$1" "$2" "${3-}"; }
# What came is so: an expression over `spans`, `metrics` and `all`; `of` is the first span of a trace.
cat >"$dir/told.py" <<'EOF'
import json, sys
all, spans, metrics = [json.loads(l) for l in open(sys.argv[1])], [], []
def a(s): return {x["key"]: next(iter(x["value"].values())) for x in s["attributes"]}
for m in all:
    body = json.loads(m["body"])
    spans += [dict(s, a=a(s)) for r in body.get("resourceSpans", []) for c in r["scopeSpans"] for s in c["spans"]]
    metrics += [x for r in body.get("resourceMetrics", []) for c in r["scopeMetrics"] for x in c["metrics"]]
def trace(t): return [s for s in spans if s["traceId"] == t]
def of(t): return next(s for s in trace(t) if s["kind"] == 2)
def last(name): return [m for m in metrics if m["name"] == name][-1]
def holds(expression):
    try:
        return eval(expression)
    except (StopIteration, IndexError, KeyError):
        return False
if len(sys.argv) > 2:
    sys.exit(0 if holds(sys.argv[2]) else 1)
for line in sys.stdin:  # "sentence|expression": those that hold
    sentence, expression = line.rstrip("\n").split("|", 1)
    if holds(expression):
        print(sentence)
EOF
told() { python3 "$dir/told.py" "$dir/record" "$1"; }
trace() { tr -d '\r' <"$dir/head" | sed -n 's/^x-trace-id: //ip'; }

expect 'a request is answered' status 200 "$k" POST $C "$(say toy eins)"
expect 'with the id of its trace' test "$(trace | wc -c)" -eq 33
one=$(trace)
parent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
expect 'a client names its own trace' status 200 "$k" POST $C "$(say toy zwei ',"stream":true')" -H "traceparent: $parent"
expect 'and hears of it' test "$(trace)" = 4bf92f3577b34da6a3ce929d0e0e4736
expect 'one that is not sampled is not traced' status 200 "$k" POST $C "$(say toy drei)" -H 'traceparent: 00-11111111111111111111111111111111-00f067aa0ba902b7-00'
expect 'an outside model answers' status 200 "$k" POST $C "$(say wolke vier)" -H 'X-Hoheit-Label: offen'
far=$(trace)
expect 'policy denies' status 403 "$k" POST $C "$(say wolke Kanarienvogel)" -H 'X-Hoheit-Label: VS-NfD'
denied=$(trace)
expect 'an engine breaks off' status 503 "$k" POST $C '{"model":"toy","messages":[{"role":"user","content":"!crash"}]}'
lost=$(trace)
gone=22222222222222222222222222222222
expect 'a client leaves in the middle' api "$k" POST $C '{"model":"toy","stream":true,"messages":[{"role":"user","content":"!slow 100"}]}' -H "traceparent: 00-$gone-00f067aa0ba902b7-01" -m 0.3
expect 'texts become vectors' status 200 "$k" POST /v1/embeddings '{"model":"toy-embed","input":"Zauberwort"}'
embedded=$(trace)
expect 'all of them are told' await told "{'$far', '$denied', '$lost', '$embedded', '$gone'} <= {s['traceId'] for s in spans} and sum(int(d['count']) for d in last('gen_ai.server.request.duration')['histogram']['dataPoints']) >= 6"
cat >"$dir/wanted" <<EOF
a request is four spans|sorted(s['name'] for s in trace('$one')) == ['chat toy', 'chat toy', 'hoheit.decide', 'hoheit.queue']
operation, model and class are there|(lambda a: a['gen_ai.operation.name'] == 'chat' and a['gen_ai.request.model'] == 'toy' and a['hoheit.class'] == 'clerk')(of('$one')['a'])
and how much and why it ended|(lambda a: a['gen_ai.usage.output_tokens'] == '8' and int(a['gen_ai.usage.input_tokens']) > 0 and a['gen_ai.response.finish_reasons'] == {'values': [{'stringValue': 'length'}]})(of('$one')['a'])
and where it was served|of('$one')['a']['server.address'] == '127.0.0.1' and of('$one')['a']['server.port'] == '${url##*:}'
the span of the client is the parent|any(s.get('parentSpanId') == '00f067aa0ba902b7' for s in trace('4bf92f3577b34da6a3ce929d0e0e4736'))
nothing came of what was not sampled|not trace('1' * 32)
what runs outside is a span of a client, with the provider|any(s['kind'] == 3 and s['a']['peer.service'] == 'outside' and s['a']['gen_ai.provider.name'] == 'openai' for s in trace('$far'))
a denial is an error of the decision|of('$denied')['a']['error.type'] == 'denied_by_policy' and sorted(s['name'] for s in trace('$denied')) == ['chat wolke', 'hoheit.decide']
what broke off says what failed|of('$lost')['a']['error.type'] == 'engine_lost' and of('$lost')['status'] == {'code': 2}
who left is an error of its own|of('$gone')['a']['error.type'] == 'cancelled'
embeddings are called so|of('$embedded')['name'] == 'embeddings toy-embed'
a tenant is a number, always the same|len({s['a']['hoheit.tenant.id'] for s in spans if s['kind'] == 2}) == 1
measures come by their names|{'gen_ai.client.token.usage', 'gen_ai.server.time_to_first_token', 'gen_ai.server.time_per_output_token', 'gen_ai.server.request.duration', 'hoheit.queue.duration', 'hoheit_http_requests'} <= {m['name'] for m in metrics}
it came with the headers of the file|all[-1]['headers']['X-Collector-Token'] == 'geheim-0815' and all[-1]['path'].startswith('/otlp/v1/')
EOF
python3 "$dir/told.py" "$dir/record" <"$dir/wanted" >"$dir/holds"
while IFS='|' read -r sentence _; do
    expect "$sentence" grep -qxF "$sentence" "$dir/holds"
done <"$dir/wanted"

# ---- what it is not told
expect 'all of it has the form' python3 "$here/../peer/collector.py" --judge "$dir/record"
refuse 'nothing that was said is in it' grep -qE 'Zauberwort|Kanarienvogel|fremdes Modell|crash' "$dir/record"
refuse 'nor who said it' grep -qE 'geheimname|geheimamt' "$dir/record"
expect 'the leave to tell is on record, once' test "$(grep -c '"op":"otlp.send"' "$data/audit/audit.jsonl" || hoheit log tail --json | grep -c otlp.send)" = 1

# ---- a collector that does not do what it should
counter() { curl -sS --unix-socket "$data/run/hoheit.sock" http://x/metrics | sed -n "s/^hoheit_otlp_$1_total //p"; }
over() { [ "$(counter "$1")" -gt "$2" ]; }
mode() { printf '%s' "$1" >"$dir/mode"; }
asked() { await grep -q "\"answered\": \"$1\"" "$dir/record"; }
before=$(counter sent)
mode '503 0'
expect 'it is not ready' asked '503 0'
expect 'a request does not notice' status 200 "$k" POST $C "$(say toy fünf)"
kept=$(trace)
mode ''
expect 'what it did not take then comes again' await grep -q "$kept.*\"answered\": \"\"" "$dir/record"
expect 'and is counted as sent' over sent "$before"
mode garbage
expect 'what it says is not HTTP' asked garbage
expect 'that is no harm' status 200 "$k" POST $C "$(say toy sechs)"
mode 400
expect 'what it will never take' asked 400
dropped=$(counter dropped)
status 200 "$k" POST $C "$(say toy sieben)" >/dev/null
expect 'is dropped and counted' await over dropped "$dropped"
mode never
expect 'it never answers' asked never
expect 'a request is as fast' status 200 "$k" POST $C "$(say toy acht)"
expect 'and the failure is counted' over failed 2
expect 'it is said once in the log' test "$(grep -c '"otlp.failed"' "$dir/log")" -le 3
kill "$collector"
expect 'nobody is there any more' status 200 "$k" POST $C "$(say toy neun)"
expect 'all of it had the form' python3 "$here/../peer/collector.py" --judge "$dir/record"
daemon_stop
expect 'all ends in order' test "$daemon_status" -eq 0
done_testing
