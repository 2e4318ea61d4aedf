#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What tenants, people, keys and models may spend, and keys that are replaced, bound or revoked.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
# No token has less than a byte: then no limit is passed by one token.
daemon_with_toys --set limit.bytes_per_token=1 "$@" || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }

head_has() { grep -qi "^$1: *$2" "$dir/head" || { cat "$dir/head"; return 1; }; }
head_lacks() { ! grep -qi "^$1:" "$dir/head"; }
request_id() { tr -d '\r' <"$dir/head" | sed -n 's/^[Xx]-[Rr]equest-[Ii]d: *//p'; }
story() { hoheit explain "$1" --json >"$dir/body"; body "$2"; }
asks() { status "$1" "$2" POST /v1/chat/completions "$(chat Hallo ',"max_tokens":4')"; }
limits() { hoheit limit show "$1" --json >"$dir/body"; body "$2"; }

# ---- a key without budget
poor=$(key poor intern) rich=$(key rich intern)
expect 'a limit is set' hoheit limit set key:poor requests/day 0
expect 'a key without budget is refused' asks 429 "$poor"
expect 'with the type and code clients know' body 'j["error"]["type"] == "rate_limit_error" and j["error"]["code"] == "rate_limit_exceeded"'
expect 'the name of the limit' body '"requests/day" in j["error"]["message"] and "key:poor" in j["error"]["message"]'
expect 'and when to come again' head_has retry-after '[1-9][0-9]*'
denied=$(request_id)
expect 'the refusal is on record' story "$denied" 'j["records"][0]["decision"] == "denied" and j["records"][0]["rule"] == "limit.requests/day"'
expect 'embeddings are refused, too' status 429 "$poor" POST /v1/embeddings '{"model":"toy-embed","input":"x"}'
expect 'what costs nothing is not' status 200 "$poor" GET /v1/models
expect 'nor is anybody else' asks 200 "$rich"
expect 'without limits there is nothing to tell' head_lacks x-ratelimit-limit-requests
refuse 'a limit for a key that is not there' hoheit limit set key:nobody requests/day 1
refuse 'a limit that is none' hoheit limit set key:poor requests 1
expect 'a limit is removed' hoheit limit rm key:poor requests/day
expect 'and binds no more' asks 200 "$poor"

# ---- what is left is told
hoheit limit set tenant:default requests/minute 1000 --quiet
hoheit limit set default:key requests/minute 50 --quiet
hoheit limit set default:key tokens/day 100000 --quiet
expect 'an answer carries what is left' asks 200 "$rich"
expect 'of the tightest limit' head_has x-ratelimit-limit-requests 50
expect 'less this request' head_has x-ratelimit-remaining-requests 49
expect 'and when all of it is back' head_has x-ratelimit-reset-requests '[0-9a-z.]*s'
expect 'tokens, too' head_has x-ratelimit-limit-tokens 100000
expect 'a stream carries it' status 200 "$rich" POST /v1/chat/completions "$(chat Hallo ',"max_tokens":4,"stream":true')"
expect 'in its head' head_has x-ratelimit-remaining-requests 48
expect 'what was spent is shown' limits key:rich '[r["used"] for r in j if r["limit"] == "requests/minute"] == [2] and [0 < r["used"] < 100 for r in j if r["limit"] == "tokens/day"] == [True]'
hoheit limit rm default:key requests/minute --quiet
hoheit limit rm default:key tokens/day --quiet
hoheit limit rm tenant:default requests/minute --quiet

# ---- and so is that nothing is left
few=$(key few intern)
hoheit limit set key:few requests/day 1 --quiet
hoheit limit set key:few tokens/day 100000 --quiet
expect 'the first passes' asks 200 "$few"
expect 'the second is refused' asks 429 "$few"
expect 'and told of what' head_has x-ratelimit-limit-requests 1
expect 'that nothing is left' head_has x-ratelimit-remaining-requests 0
expect 'until when' head_has x-ratelimit-reset-requests '[0-9]*h'
expect 'and what is left of the rest' head_has x-ratelimit-remaining-tokens '99[0-9]*'
expect 'a stream is refused' status 429 "$few" POST /v1/chat/completions "$(chat Hallo ',"stream":true')"
expect 'just so' head_has x-ratelimit-remaining-requests 0
expect 'a response' status 429 "$few" POST /v1/responses '{"input":"x"}'
expect 'just so' head_has x-ratelimit-remaining-requests 0
expect 'embeddings' status 429 "$few" POST /v1/embeddings '{"model":"toy-embed","input":"x"}'
expect 'just so' head_has x-ratelimit-remaining-requests 0
expect 'in the form of Anthropic' status 429 "$few" POST /v1/messages '{"model":"toy","max_tokens":4,"messages":[{"role":"user","content":"x"}]}' -H 'anthropic-version: 2023-06-01'
expect 'as that API names it' head_has anthropic-ratelimit-requests-remaining 0
expect 'and until which moment' head_has anthropic-ratelimit-requests-reset '20..-..-..T'
expect 'with its error' body 'j["error"]["type"] == "rate_limit_error"'
expect 'in the form of Bedrock' status 429 "$few" POST /model/toy/converse '{"messages":[{"role":"user","content":[{"text":"x"}]}]}'
expect 'as that API names it' head_has x-amzn-errortype ThrottlingException
hoheit limit set key:few requests/day 1000 --quiet
expect 'a response that is answered' status 200 "$few" POST /v1/responses '{"input":"x","store":false}'
expect 'says what is left, too' head_has x-ratelimit-limit-requests 1000
expect 'and one that is streamed' status 200 "$few" POST /v1/responses '{"input":"x","stream":true,"store":false}'
expect 'does' head_has x-ratelimit-limit-requests 1000

# ---- two hundred at once
crowd=$(key crowd intern)
hoheit limit set key:crowd tokens/day 2000 --quiet
chat Hallo ',"max_tokens":20,"temperature":0' >"$dir/ask"
i=0
while [ $i -lt 200 ]; do
    [ $i -eq 0 ] || echo next
    printf 'url = "%s/v1/chat/completions"\nheader = "Authorization: Bearer %s"\nheader = "Content-Type: application/json"\ndata = "@%s"\noutput = "%s/crowd.%d"\n' \
        "$url" "$crowd" "$dir/ask" "$dir" $i
    i=$((i + 1))
done >"$dir/crowd.conf"
curl -sS -Z --parallel-max 200 -K "$dir/crowd.conf" 2>/dev/null
cat "$dir"/crowd.[0-9]* >/dev/null
expect 'two hundred at once spend no token more than there is' python3 - "$dir" <<'END'
import glob, json, sys
spent = ok = refused = 0
for name in glob.glob(sys.argv[1] + "/crowd.[0-9]*"):
    j = json.load(open(name))
    if "usage" in j:
        ok += 1
        spent += j["usage"]["total_tokens"]
    else:
        assert j["error"]["code"] == "rate_limit_exceeded", j
        refused += 1
print(ok, "answered,", refused, "refused,", spent, "tokens")
sys.exit(0 if ok + refused == 200 and ok > 10 and refused > 10 and spent <= 2000 else 1)
END
expect 'and the account agrees' limits key:crowd '[r["used"] <= 2000 and r["reserved"] == 0 for r in j] == [True]'

exact=$(key exact intern)
hoheit limit set key:exact requests/day 37 --quiet
sed "s/$crowd/$exact/; s|/crowd\\.|/exact.|" "$dir/crowd.conf" >"$dir/exact.conf"
curl -sS -Z --parallel-max 200 -K "$dir/exact.conf" 2>/dev/null
expect 'of two hundred at once exactly as many pass as may' python3 - "$dir" <<'END'
import glob, json, sys
ok = sum("usage" in json.load(open(n)) for n in glob.glob(sys.argv[1] + "/exact.[0-9]*"))
print(ok, "answered")
sys.exit(0 if ok == 37 else 1)
END

# ---- kill -9 does not give a budget back
spent_of() { hoheit limit show "$1" --json | python3 -c 'import json, sys; print(max(r["used"] for r in json.load(sys.stdin)))'; }
before=$(spent_of key:crowd)
gate=$(hoheit status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["gate_pid"])')
kill -9 "$daemon" "$gate"
wait "$daemon" 2>/dev/null
daemon_start --set limit.bytes_per_token=1 || { echo "Bail out! no second start"; exit 2; }
expect 'after kill -9 what was spent is spent' test "$(spent_of key:crowd)" -ge "$before"
expect 'and a budget of requests is not given twice' asks 429 "$exact"
daemon_stop
daemon_start --set limit.bytes_per_token=1 || { echo "Bail out! no third start"; exit 2; }
expect 'nor after an orderly end' asks 429 "$exact"

# ---- a revoked key ends what runs
slow=$(key slow intern)
chat '!slow 100 !long 200' ',"stream":true,"max_tokens":200' >"$dir/ask"
curl -sSN -m 30 -H "Authorization: Bearer $slow" -H 'Content-Type: application/json' \
    --data-binary "@$dir/ask" -o "$dir/stream" "$url/v1/chat/completions" &
stream=$!
expect 'a stream runs' await grep -q content "$dir/stream"
begin=$(date +%s%N)
expect 'its key is revoked' hoheit key revoke slow
wait "$stream"
took=$((($(date +%s%N) - begin) / 1000000))
expect "the stream ends within a second ($took ms)" test "$took" -le 1000
expect 'with an event that says why' grep -q 'invalid_api_key.*\|revoked' "$dir/stream"
refuse 'and not as if it were complete' grep -q '\[DONE\]' "$dir/stream"

# ---- replacing
old=$(key app intern)
new=$(hoheit key rotate app --overlap 7d --quiet)
expect 'a replaced key works on' asks 200 "$old"
expect 'and so does the new one' asks 200 "$new"
expect 'both are shown' sh -c "'$bin/hoheit' --data '$data' key list | grep -q 'app~'"
hoheit limit set key:app requests/day 1 --quiet
expect 'they share what they may spend' asks 200 "$old"
expect 'so one takes from the other' asks 429 "$new"
hoheit limit rm key:app requests/day --quiet
expect 'who revokes the name revokes both' hoheit key revoke app
expect 'the new one' asks 401 "$new"
expect 'and the old one' asks 401 "$old"
now=$(key now intern)
hoheit key rotate now --quiet >/dev/null
expect 'without an overlap the old one ends at once' asks 401 "$now"

# ---- bound to models and networks
other=$(key other intern --models toy-embed)
expect 'a key for other models is denied' asks 403 "$other"
far=$(key far intern --network 10.0.0.0/8)
expect 'a key for another network is denied' asks 403 "$far"
expect 'and told why' body '"address" in j["error"]["message"]'
near=$(key near intern --network 127.0.0.0/8,::1)
expect 'one for this network is not' asks 200 "$near"
refuse 'a network that is none' key odd intern --network 10.0.0.0/99

# ---- whose it is
expect 'a tenant is added' hoheit tenant add stadt --title 'Die Stadt'
expect 'and one below it' hoheit tenant add amt --parent stadt
expect 'and somebody who works there' hoheit person add frau --tenant amt
frau=$(key frau1 intern --person frau)
hoheit limit set person:frau requests/day 1 --quiet
expect 'a person has one budget' asks 200 "$frau"
second=$(key frau2 intern --person frau)
expect 'for all their keys' asks 429 "$second"
refuse 'a person with keys is not removed' hoheit person rm frau
refuse 'nor a tenant with people' hoheit tenant rm amt
done_testing
