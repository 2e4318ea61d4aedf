#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# time limit: 120 s
# An outside provider that fails in every way: what the client sees, in one sentence; what is on
# record; that the next target of a name answers instead; that nothing stays reserved.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
first='' second=''
trap '[ -z "$first" ] || kill "$first" 2>/dev/null; [ -z "$second" ] || kill "$second" 2>/dev/null; flow_end' EXIT

: >"$dir/mode"
mkfifo "$dir/first" "$dir/second"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 \
    -addext 'subjectAltName=IP:127.0.0.1' -keyout "$dir/key.pem" -out "$dir/ca.pem" 2>/dev/null
cat "$dir/key.pem" "$dir/ca.pem" >"$dir/cert.pem"
python3 "$here/../peer/provider.py" --record "$dir/record1" --cert "$dir/cert.pem" --mode-file "$dir/mode" >"$dir/first" 2>"$dir/first.log" &
first=$!
python3 "$here/../peer/provider.py" --record "$dir/record2" >"$dir/second" 2>"$dir/second.log" &
second=$!
read -r _ base1 <"$dir/first"
read -r _ base2 <"$dir/second"

"$bin/hoheitd" --init --data "$data" >/dev/null
for name in erst zweit; do
    printf 'sk-%s-0123456789\n' $name >"$data/keys/$name.key"
    chmod 600 "$data/keys/$name.key"
done
cat >"$data/providers.yaml" <<EOF
version: 1
providers:
  - name: erst
    dialect: openai
    url: $base1/v1
    sink: offen//REL EU
    models: [{name: large, in: 3000000, out: 15000000}]
    tls: {ca: $dir/ca.pem}
    credential: {scheme: bearer, file: erst.key}
    limits: {head: 400ms, idle: 400ms, total: 5s, open: 1s, failures_max: 1000, repeats_max: 0, answer_bytes_max: 1M}
  - name: brechend
    dialect: openai
    url: $base1/v1
    sink: offen//REL EU
    models: [{name: large}]
    tls: {ca: $dir/ca.pem}
    credential: {scheme: bearer, file: erst.key}
    limits: {head: 400ms, open: 1s, failures_max: 2, repeats_max: 0}
  - name: nirgends
    dialect: openai
    url: https://nirgends.invalid/v1
    sink: offen//REL EU
    models: [{name: large}]
    tls: {ca: $dir/ca.pem}
    credential: {scheme: bearer, file: erst.key}
    limits: {connect: 2s, repeats_max: 0}
  - name: zweit
    dialect: openai
    url: $base2/v1
    sink: offen//REL EU
    models: [{name: large, in: 3000000, out: 15000000}]
    credential: {scheme: bearer, file: zweit.key}
EOF
daemon_start || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
for name in erst brechend nirgends zweit; do hoheit model add "remote:$name/large" --name "$name" --quiet; done
hoheit model add toy --name haus --quiet
for name in erst brechend nirgends; do hoheit model alias "$name-zweit" "$name,zweit" --quiet; done
hoheit model alias erst-haus erst,haus --quiet
hoheit model alias erst-nirgends erst,nirgends --quiet
key=$(key amt VS-NfD --default-label offen)
hoheit limit set key:amt tokens/day 100000 --quiet
hoheit limit set key:amt streams 3 --quiet

mode() { printf '%s' "$1" >"$dir/mode"; }
ask() { api "$key" POST /v1/chat/completions "{\"model\":\"$1\",\"stream\":${2-false},\"max_tokens\":20,\"messages\":[{\"role\":\"user\",\"content\":\"Canary-fault\"}]}"; }
head_has() { grep -qi "^$1: *$2" "$dir/head" || { cat "$dir/head"; return 1; }; }
# answered STATUS MODEL 'expression over j'
answered() { ask "$2" >/dev/null; [ "$(cat "$dir/status")" = "$1" ] || { echo "status $(cat "$dir/status")"; cat "$dir/body"; return 1; }; body "$3"; }
failed() { answered "$1" erst "j['error']['code'] == '$2' and '$3' in j['error']['message'] and '\\n' not in j['error']['message']"; }
request() { sed -n 's/^[Xx]-[Rr]equest-[Ii]d: *\([^\r]*\).*/\1/p' "$dir/head" | tail -n 1; }
story() { hoheit explain "$(request)" --json >"$dir/body"; body "$1"; }
# The records of what failed: allowed, sent, and how it ended.
recorded() { story "[r['event'] for r in j['records']] == ['decision', 'egress', 'completion'] and j['records'][2]['outcome'] == '$1'"; }
# Of what the next target answered: two decisions, two sendings, one end.
fell_over() { story "[r['event'] for r in j['records']] == ['decision', 'egress', 'decision', 'egress', 'completion'] and [r['model'] for r in j['records']] == ['$1'] * 2 + ['zweit'] * 3 and j['records'][4]['outcome'] == 'ok' and '$1 down' in j['records'][2]['targets']"; }
limit() { hoheit limit show key:amt --json >"$dir/body"; body "$1"; }

expect 'all is well at first' answered 200 erst '"fremdes Modell" in j["choices"][0]["message"]["content"]'

# ---- one after the other: what the client sees, what is on record, and that the next one answers
fault()
{
    mode "$1"
    expect "$1: the client gets $2, $3, and why" failed "$2" "$3" "$4"
    expect "$1: it is on record" recorded "$5"
    expect "$1: the next target answers in its place" answered 200 erst-zweit '"fremdes Modell" in j["choices"][0]["message"]["content"]'
    expect "$1: both sendings are on record" fell_over erst
}
fault garbage 502 provider_lost 'is not HTTP' PROVIDER_LOST
fault oversize 502 provider_lost 'more than is allowed' PROVIDER_LOST
fault endless 502 provider_lost 'provider' PROVIDER_LOST
fault silent 502 provider_lost 'silent for too long' PROVIDER_LOST
fault cut 502 provider_lost 'in the middle of its answer' PROVIDER_LOST
fault redirect 502 provider_lost 'not followed' PROVIDER_LOST
fault html 502 provider_lost 'provider' PROVIDER_LOST
fault status-500 502 provider_lost 'provider' PROVIDER_LOST
fault busy 503 overloaded 'try again in 7 s' BUSY
mode busy
ask erst >/dev/null
expect 'busy: when to come again is in the head' head_has retry-after 7

# ---- what is in the middle of its answer cannot be taken over
streamed() { ask "$1" true; grep -q '"error"' "$dir/body" && grep -q "$2" "$dir/body" && ! grep -q 'DONE' "$dir/body"; }
mode half
expect 'half: a stream that breaks ends with an error the client sees' streamed erst-zweit 'in the middle of its answer'
expect 'half: nothing was begun again' recorded PROVIDER_LOST
mode still
expect 'still: one that stops, too' streamed erst-zweit 'silent for too long'
expect 'still: and on record' recorded PROVIDER_LOST

# ---- the house takes over, a refusal is nobody else's to answer
mode status-500
expect 'a model of the house takes over as well' answered 200 erst-haus 'j["choices"][0]["message"]["content"]'
expect 'which is on record without a second sending' story '[r["event"] for r in j["records"]] == ["decision", "egress", "decision", "completion"] and j["records"][3]["model"] == "haus"'
expect 'when all fail, the last says why' answered 502 erst-nirgends 'j["error"]["code"] == "provider_lost"'
mode status-400
expect 'what the provider calls wrong is not tried elsewhere' answered 400 erst-zweit 'j["error"]["type"] == "invalid_request_error"'

# ---- DNS gone
expect 'a name that is not found is said so' answered 502 nirgends '"cannot be reached" in j["error"]["message"]'
expect 'and the next answers' answered 200 nirgends-zweit 'j["choices"]'

# ---- a storm opens the breaker
mode status-503
for _ in 1 2 3; do ask brechend >/dev/null; done
before=$(grep -ac '^POST' "$dir/record1")
expect 'after some failures it is left alone' answered 502 brechend '"left alone" in j["error"]["message"] or "is up" in j["error"]["message"]'
same() { [ "$(grep -ac '^POST' "$dir/record1")" = "$before" ]; }
expect 'nothing was sent there' same
says() { pattern=$1; shift; hoheit "$@" >"$dir/out" 2>&1; grep -q -- "$pattern" "$dir/out" || { cat "$dir/out"; return 1; }; }
expect 'hoheit status says so' says 'brechend .*left alone' status
expect 'hoheit doctor too' says 'weak .*provider brechend failed .* left alone' doctor
expect 'and that the rest may hold what it may' says 'ok .*provider zweit: may hold offen//REL EU' doctor
ops=$(key betrieb offen --operator)
counted() { status 200 "$ops" GET /metrics >/dev/null && grep -q "^hoheit_egress_$1 [1-9]" "$dir/body"; }
for name in calls_total failed_total sent_bytes_total received_bytes_total seconds_count next_total; do
    expect "$name is counted" counted $name
done
expect 'the next target answers at once' answered 200 brechend-zweit 'j["choices"]'
expect 'and nothing was tried first' story '[r["event"] for r in j["records"]] == ["decision", "egress", "completion"]'
mode ''
well() { answered 200 brechend 'j["choices"]'; }
expect 'once it is well again it is used again' await well

# ---- the certificate is another one
kill "$first"; wait "$first" 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 \
    -addext 'subjectAltName=IP:127.0.0.1' -keyout "$dir/key2.pem" -out "$dir/ca2.pem" 2>/dev/null
cat "$dir/key2.pem" "$dir/ca2.pem" >"$dir/cert2.pem"
python3 "$here/../peer/provider.py" --record "$dir/record3" --cert "$dir/cert2.pem" --port "${base1##*:}" --mode-file "$dir/mode" >"$dir/first" 2>"$dir/first.log" &
first=$!
read -r _ base1 <"$dir/first"
expect 'another certificate: nothing is sent' failed 502 provider_lost 'not the agreed one'
refuse 'nothing arrived there' grep -aq Canary "$dir/record3"
expect 'and the next target answers' answered 200 erst-zweit 'j["choices"]'
kill "$first"; wait "$first" 2>/dev/null
expect 'nobody there: said so' failed 502 provider_lost 'cannot be reached'
python3 "$here/../peer/provider.py" --record "$dir/record1" --cert "$dir/cert.pem" --port "${base1##*:}" --mode-file "$dir/mode" >"$dir/first" 2>"$dir/first.log" &
first=$!
read -r _ base1 <"$dir/first"
expect 'the old one is trusted again' answered 200 erst 'j["choices"]'

# ---- the way out dies in the middle
mode still
curl -sSN -m 20 -D "$dir/head" -H "Authorization: Bearer $key" -H 'Content-Type: application/json' -o "$dir/cut" \
    -d '{"model":"brechend","stream":true,"messages":[{"role":"user","content":"x"}]}' "$url/v1/chat/completions" &
asker=$!
begun() { grep -q Halb "$dir/cut"; }
expect 'a stream has begun' await begun
kill -9 "$(pgrep -P "$daemon" -x hoheit-egress)"
wait "$asker"
expect 'killed, the client is told in its stream' grep -q 'failed and is being restarted\|silent' "$dir/cut"
expect 'it is on record' recorded PROVIDER_LOST
mode ''
expect 'and soon all is well again' await answered 200 erst 'j["choices"]'

# ---- nothing stays reserved
settled() { limit '[r["used"] for r in j if r["limit"] == "streams"] == [0]'; }
expect 'no place is held any more' settled
running() { hoheit status --json >"$dir/body"; body 'j["requests_running"] == 0'; }
expect 'nothing runs' running
expect 'what never came has not cost the most it could' limit 'all(0 < r["used"] < 2000 for r in j if r["limit"] == "tokens/day")'

# ---- policy broken at a new start: it does not serve
daemon_stop
cp "$data/policy.yaml" "$dir/policy"
printf 'levels: [\n' >>"$data/policy.yaml"
refuse 'with a broken policy nothing is served' daemon_start
expect 'and the log says where' grep -q 'policy' "$dir/log"
cp "$dir/policy" "$data/policy.yaml"
expect 'mended, it serves' daemon_start
expect 'and is ready, though no model of the house was asked for yet' await status 200 '' GET /ready
expect 'and answers' answered 200 zweit 'j["choices"]'

refuse 'no text and no credential is in any log' grep -rq -e Canary -e sk-erst -e sk-zweit "$dir/log" "$data/audit"
done_testing
