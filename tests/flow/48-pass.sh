#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What is passed through: the request's bytes leave as they came but for the model's name, the
# answer's come back as they are; and all that goes wrong on the way ends clearly, on record.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
provider='' client=''
trap '[ -z "$provider" ] || kill "$provider" 2>/dev/null; [ -z "$client" ] || kill "$client" 2>/dev/null; flow_end' EXIT

mkfifo "$dir/provider"
python3 "$here/../peer/provider.py" --record "$dir/record" >"$dir/provider" 2>"$dir/provider.log" &
provider=$!
read -r _ base <"$dir/provider"
"$bin/hoheitd" --init --data "$data" >/dev/null
cat >"$data/providers.yaml" <<END
version: 1
providers:
  - name: outside
    dialect: openai
    url: $base/v1
    sink: intern//REL EU
    region: eu
    contract: {id: 2026-17, processor: Outside GmbH, basis: Art. 28 DSGVO}
    credential: {scheme: none}
END
expect 'it starts with a provider' daemon_start
for m in large do-broken do-half do-slow do-status-429 do-garbage; do
    hoheit model add "remote:outside/$m" --name "$m" --quiet || exit 1
done
hoheit model add remote:outside/large --name wolke --quiet
hoheit model add toy --name toy --quiet
key=$(key amt 'VS-NfD//SOZIALDATEN')

says() { pattern=$1; shift; "$@" >"$dir/out" 2>&1; grep -q -- "$pattern" "$dir/out" || { cat "$dir/out"; return 1; }; }
request() { sed -n 's/^[Xx]-[Rr]equest-[Ii]d: *\([^\r]*\).*/\1/p' "$dir/head" | tail -n 1; }
# sent BYTES: the last body that arrived at the provider is these.
sent()
{
    python3 - "$dir/record" "$1" <<'END'
import re, sys
raw = b"".join(part for part in re.split(rb"(?m)^== \d+\n", open(sys.argv[1], "rb").read()))
body = raw.rsplit(b"\r\n\r\n", 1)[1].rstrip(b"\n")
want = sys.argv[2].encode()
sys.exit(0 if body == want else f"{body!r}\nis not\n{want!r}")
END
}
# stream MODEL: its frames, with the provider's own usage
ask_stream() { printf '{"model":"%s","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Hallo"}]}' "$1"; }
stream() { api "$key" POST /v1/chat/completions "$(ask_stream "$1")"; }

# ---- out and back
odd='{ "x_new" : [1.50, 1e3, {"a":"\u00e4"}],
  "messages" : [ {"content":"Gr\u00fc\u00dfe \/ ok","role":"user"} ],  "model" : "wolke" , "temperature":0.70 }'
expect 'a plain question is answered' status 200 "$key" POST /v1/chat/completions "$odd"
cp "$dir/body" "$dir/through"
expect 'what arrived is what was sent, but for the name of the model' sent "$(printf '%s' "$odd" | sed 's/"wolke"/"large"/')"
curl -sS "$base/v1/chat/completions" --data-binary "$(printf '%s' "$odd" | sed 's/"wolke"/"large"/')" >"$dir/direct"
expect 'what came back is what the provider says' cmp "$dir/direct" "$dir/through"
expect 'the label says that an outside model made it' grep -qi 'x-hoheit-label:.*external-model' "$dir/head"
printf '%s' "$odd" | sed 's/"wolke"/"large"/' >"$dir/sent"
auditor=$(key revision VS-NfD --role auditor)
expect 'the log is committed to exactly these bytes' says 'is what was sent outside' \
    env HOHEIT_KEY="$auditor" "$bin/hoheit" --url "$url" explain "$(request)" --holds "$dir/sent"
expect 'with what the provider counted' says '"tokens_in":7,"tokens_out":8' hoheit explain "$(request)" --json

expect 'a stream comes' says 'DONE' stream wolke
cp "$dir/body" "$dir/through"
curl -sS "$base/v1/chat/completions" --data-binary "$(ask_stream large)" >"$dir/direct"
expect 'its frames are the provider'"'"'s, byte for byte' cmp "$dir/direct" "$dir/through"
expect 'a stream without usage asked for comes' says DONE api "$key" POST /v1/chat/completions \
    '{"model":"wolke","stream":true,"messages":[{"role":"user","content":"Hallo"}]}'
expect 'the provider was asked for it' sent '{"model":"large","stream":true,"messages":[{"role":"user","content":"Hallo"}],"stream_options":{"include_usage":true}}'
refuse 'and the client did not get it' grep -q usage "$dir/body"
expect 'but the record has it' says '"tokens_in":7,"tokens_out":8' hoheit explain "$(request)" --json
expect 'a completion passes, with the longest answer of its route' status 200 "$key" POST /v1/completions '{"model":"wolke","prompt":"Es war"}'
expect 'and nothing else is added' sent '{"model":"large","prompt":"Es war","max_tokens":16}'

# ---- what stays as it was
expect 'a field nobody knows is refused by a model of the house' says 'x_new' api "$key" POST /v1/chat/completions "$(printf '%s' "$odd" | sed 's/"wolke"/"toy"/')"
expect 'a field that is refused is not passed either' says '\\"store\\"' api "$key" POST /v1/chat/completions '{"model":"wolke","store":true,"messages":[{"role":"user","content":"Canary-store"}]}'
expect 'what is above the sink is denied' status 403 "$key" POST /v1/chat/completions '{"model":"wolke","messages":[{"role":"user","content":"Canary-nfd"}]}' -H 'X-Hoheit-Label: VS-NfD'
expect 'on record' says '"decision":"denied"' hoheit explain "$(request)" --json
expect 'a body that is no JSON is refused' status 400 "$key" POST /v1/chat/completions '{"model":"wolke",'
refuse 'none of it left' grep -aq Canary- "$dir/record"

# ---- what goes wrong outside
expect 'an error in a stream is an error event' says 'data: {"error"' stream do-broken
refuse 'without a word of the provider'"'"'s' grep -q Canary "$dir/body"
refuse 'and it does not look like a good end' grep -q DONE "$dir/body"
expect 'what came before it was handed on' grep -q Halb "$dir/body"
expect 'the record says how it ended' says '"outcome":"PROVIDER_LOST"' hoheit explain "$(request)" --json
expect 'a stream that stops is an error event' says 'data: {"error"' stream do-half
refuse 'and no good end' grep -q DONE "$dir/body"
expect 'too many requests there are too many here' says '"error"' api "$key" POST /v1/chat/completions '{"model":"do-status-429","messages":[{"role":"user","content":"x"}]}'
expect 'in the shape of the dialect' body 'set(j["error"]) == {"message", "type", "param", "code"}'
expect 'what is no HTTP is a bad gateway' says provider_lost api "$key" POST /v1/chat/completions '{"model":"do-garbage","messages":[{"role":"user","content":"x"}]}'

# ---- the client goes
slow()
{
    : >"$dir/slow"
    curl -sSN -m 20 "$url/v1/chat/completions" -H "Authorization: Bearer $key" -D "$dir/slow.head" \
        --data-binary "$(ask_stream do-slow)" >"$dir/slow" 2>/dev/null &
    client=$!
}
slow
expect 'an endless stream begins' await grep -q Halb "$dir/slow"
expect 'its connection to the provider is open' test "$(grep -ac '^(gone)' "$dir/record")" -eq 0
kill "$client"
expect 'when the client goes the provider is left' await grep -aq '^(gone)' "$dir/record"
cp "$dir/slow.head" "$dir/head"
cancelled() { hoheit explain "$(request)" --json | grep -q '"outcome":"cancelled"'; }
expect 'and the record says so' await cancelled

# ---- the way out dies
slow
expect 'another begins' await grep -q Halb "$dir/slow"
kill -9 "$(pgrep -P "$daemon" -x hoheit-egress)"
expect 'when hoheit-egress dies it ends' await sh -c "! kill -0 $client"
client=''
expect 'with an error event' grep -q 'data: {"error"' "$dir/slow"
refuse 'and no good end' grep -q DONE "$dir/slow"
expect 'soon the way is open again' await status 200 "$key" POST /v1/chat/completions "$odd"
refuse 'no text is in any log' grep -rq -e Canary -e 'Halb ' "$dir/log" "$data/audit"
done_testing
