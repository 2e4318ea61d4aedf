#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What outside models cost: priced from the provider's count, reserved before, bounded, on record.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
provider=''
trap '[ -z "$provider" ] || kill "$provider" 2>/dev/null; flow_end' EXIT

mkfifo "$dir/provider"
python3 "$here/../peer/provider.py" --record "$dir/record" >"$dir/provider" 2>"$dir/provider.log" &
provider=$!
read -r _ base <"$dir/provider"

"$bin/hoheitd" --init --data "$data" >/dev/null
prices() {
    cat >"$data/providers.yaml" <<END
version: 1
providers:
  - name: outside
    dialect: openai
    url: $base/v1
    sink: offen//REL EU
    limits: {repeats_max: 0, failures_max: 100}
$1
END
}
prices '    models: [{name: large, in: 3000000}]'
refuse 'a price of one kind only is refused' daemon_start
prices '    currency: {code: USD, micro_euro: 0.92}'
refuse 'so is a rate that is no whole number' daemon_start
prices '    currency: {code: USD, micro_euro: 500000}
    models:
      - {name: large, in: 6000000, cached: 600000, out: 30000000}
      - {name: do-uncounted, in: 6000000, out: 30000000}
      - {name: do-lying, in: 6000000, out: 30000000}
      - {name: do-cut, in: 6000000, out: 30000000}
      - {name: do-status-500, in: 6000000, out: 30000000}
      - {name: gratis, in: 0, out: 0}
      - {name: unpriced}'
expect 'it starts with prices in dollars' daemon_start
for m in large do-cut do-uncounted do-lying do-status-500 gratis unpriced; do
    hoheit model add "remote:outside/$m" --name "$m" --quiet
done
hoheit model add toy --name haus --quiet
key=$(key amt offen)

asks() { status "$1" "$key" POST /v1/chat/completions "{\"model\":\"$2\",\"max_tokens\":${3-10},\"messages\":[{\"role\":\"user\",\"content\":\"abc\"}]}" -H 'X-Hoheit-Label: offen'; }
request() { sed -n 's/^[Xx]-[Rr]equest-[Ii]d: *\([^\r]*\).*/\1/p' "$dir/head" | tail -n 1; }
story() { hoheit explain "$(request)" --json >"$dir/body"; body "$1"; }
told() { hoheit explain "$(request)" | grep -q "$1"; }
spent() { hoheit limit show "$1" --json >"$dir/body"; body "[(r[\"limit\"], r[\"used\"], r[\"reserved\"]) for r in j] == [(\"$2\", $3, 0)]"; }
last='[r for r in j["records"] if r["event"] == "completion"][0]'

# ---- 7 tokens in at 3, 8 out at 15 micro-euro
expect 'it is answered outside' asks 200 large
expect 'the record has the cost, from dollars' story "${last}[\"cost_micro_euro\"] == 141 and ${last}[\"cost_by\"] == \"usage\""
expect 'and explain says it' told 'cost 0.000141 euro, by the provider'
expect 'what is answered inside has none' asks 200 haus
expect 'not even 0' story "\"cost_by\" not in ${last}"

# ---- bounded
# The worst case: (3 bytes + 8 + 1024) * 3 + 10 * 15 = 3255
expect 'money is bounded' hoheit limit set key:amt money/day 3536
expect 'one fits' asks 200 large
expect 'and is settled' spent key:amt money/day 141
expect 'another fits' asks 200 large
expect 'and is settled, too' spent key:amt money/day 282
expect 'what does not fit is refused' asks 429 large
expect 'with the name of the limit' body '"money/day of key:amt" in j["error"]["message"]'
expect 'and when to come again' grep -qi '^retry-after: *[1-9]' "$dir/head"
expect 'and a record of it' story 'j["records"][0]["rule"] == "limit.money/day"'
expect 'less fits' asks 200 large 9
expect 'what is free is free' asks 200 gratis
expect 'what is inside costs nothing' asks 200 haus
expect 'what nobody has a price for is denied' asks 403 unpriced
expect 'which says why' body '"providers.yaml" in j["error"]["message"]'
expect 'to who has no such limit it is not' sh -c "'$bin/hoheit' --data '$data' limit rm key:amt money/day"
expect 'as here' asks 200 unpriced
expect 'and nobody claims that it was free' story "\"cost_by\" not in ${last}"

# ---- counts that are none
hoheit limit set key:amt money/month 1000000 --quiet
expect 'a provider that fails costs nothing' asks 502 do-status-500
expect 'as the account says' spent key:amt money/month 0
expect 'without a count' asks 200 do-uncounted
expect 'the reservation was spent' spent key:amt money/month 3255
expect 'as the record says' story "${last}[\"cost_micro_euro\"] == 3255 and ${last}[\"cost_by\"] == \"reservation\""
expect 'with one that cannot be' asks 200 do-lying
expect 'too' spent key:amt money/month 6510
metric() { curl -sS --unix-socket "$data/run/hoheit.sock" http://x/metrics >"$dir/metrics"; grep -q "^$1" "$dir/metrics"; }
expect 'it is counted' metric 'hoheit_egress_usage_doubted_total 1'
expect 'and so is the money' metric 'hoheit_egress_cost_micro_euro_total 7[0-9][0-9][0-9]$'

# ---- who broke off may send a bill, too
hoheit model alias nacheinander do-cut,large --quiet
hoheit limit rm key:amt money/month --quiet
hoheit limit set key:amt money/month 1000000 --quiet
expect 'the next one answers for it' asks 200 nacheinander
expect 'and both are paid' spent key:amt money/month 3396
expect 'as the record says' story "${last}[\"cost_micro_euro\"] == 3396 and ${last}[\"cost_by\"] == \"reservation\""

# ---- many at once
hoheit limit set key:amt money/day 20000 --quiet
python3 -c 'import json; print(json.dumps({"model": "large", "max_tokens": 10, "messages": [{"role": "user", "content": "abc"}]}))' >"$dir/ask"
i=0
while [ $i -lt 60 ]; do
    [ $i -eq 0 ] || echo next
    printf 'url = "%s/v1/chat/completions"\nheader = "Authorization: Bearer %s"\nheader = "X-Hoheit-Label: offen"\nheader = "Content-Type: application/json"\ndata = "@%s"\noutput = "%s/crowd.%d"\n' \
        "$url" "$key" "$dir/ask" "$dir" $i
    i=$((i + 1))
done >"$dir/crowd.conf"
curl -sS -Z --parallel-max 60 -K "$dir/crowd.conf" 2>/dev/null
passed=$(grep -l '"prompt_tokens"' "$dir"/crowd.[0-9]* | wc -l)
expect "of sixty at once some pass ($passed)" test "$passed" -ge 6
hoheit limit show key:amt --json >"$dir/body"
expect 'the account has exactly what these cost' body "[r[\"used\"] for r in j if r[\"limit\"] == \"money/day\"] == [$passed * 141] and all(r[\"reserved\"] == 0 for r in j)"
hoheit limit rm key:amt money/day --quiet

# ---- kill -9 gives no money back
gate=$(hoheit status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["gate_pid"])')
kill -9 "$daemon" "$gate"
wait "$daemon" 2>/dev/null
expect 'it starts again' daemon_start
hoheit limit show key:amt --json >"$dir/body"
expect 'what was spent is spent' body 'j[0]["used"] >= 3396'
done_testing
