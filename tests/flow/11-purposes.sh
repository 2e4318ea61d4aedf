#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Data is processed for the purposes its policy lists, and for no other: keys have purposes, a request
# names one, every way to content asks.  And in its office hours.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
"$bin/hoheitd" --init --data "$data" >/dev/null || exit 2
sed 's/\(id: SOZIALDATEN, .*\) }$/\1, purposes: "leistung,aufsicht" }/' "$data/policy.yaml" >"$dir/limited.yaml"
# Tax secrets have office hours: one hour of the day that is three days away.
away=$(echo mo tu we th fr sa su | cut -d' ' -f $((($(date -u +%u) + 2) % 7 + 1)))
sed -i 's/\(id: STEUERGEHEIMNIS, .*\) }$/\1, hours: true }/' "$dir/limited.yaml"
printf 'hours: { zone: UTC, times: [ { days: %s, from: "09:00", to: "10:00" } ] }\n' "$away" >>"$dir/limited.yaml"
cp "$data/policy.yaml" "$dir/open.yaml"
cp "$dir/limited.yaml" "$data/policy.yaml"
daemon_with_toys --set gate.tenants=open "$@" || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }

aid=$(key aid 'intern//SOZIALDATEN' --person anna --purposes leistung,statistik --purpose leistung)
none=$(key none 'intern//SOZIALDATEN')
many=$(key many 'intern//SOZIALDATEN' --purposes aufsicht,statistik)
refuse 'a key for what is no purpose is not made' key bad intern --purposes spass
refuse 'nor one whose own purpose it may not name' key bad intern --purposes statistik --purpose leistung
label='X-Hoheit-Label: intern//SOZIALDATEN'
# KEY [PURPOSE]: the status of a chat with social data.
chat_for() { api "$1" POST /v1/chat/completions "$(chat Hallo ',"max_tokens":4')" -H "$label" ${2:+-H "X-Hoheit-Purpose: $2"} >/dev/null; cat "$dir/status"; }
answers() { got=$(chat_for "$2" "${3-}"); [ "$got" = "$1" ] || { echo "$got"; cat "$dir/body"; return 1; }; }
told() { grep -q "$1" "$dir/body" || { cat "$dir/body"; return 1; }; }
request() { sed -n 's/^x-request-id: *\([^[:cntrl:]]*\).*/\1/Ip' "$dir/head" | head -n 1; }

expect 'a key works for its own purpose' answers 200 "$aid"
allowed=$(request)
expect 'a key without a purpose does not' answers 403 "$none"
expect 'and is told which part of the label is for named purposes' told 'compartment SOZIALDATEN is processed for named purposes only'
expect 'nor does one that may name some, but names none' answers 403 "$many"
expect 'it works for the one it names' answers 200 "$many" aufsicht
expect 'and not for one the data is not for' answers 403 "$many" statistik
denied=$(request)
expect 'which is told by name' told 'may not be processed for the purpose statistik'
expect 'a purpose the key may not name is refused' answers 403 "$aid" aufsicht
expect 'and so is one there is not' answers 403 "$aid" spass
expect 'and an empty one' status 400 "$aid" POST /v1/chat/completions "$(chat Hallo)" -H "$label" -H 'X-Hoheit-Purpose;'
expect 'open data needs no purpose' status 200 "$none" POST /v1/chat/completions "$(chat Hallo ',"max_tokens":4')" -H 'X-Hoheit-Label: intern'
expect 'files are no way round it' sh -c "printf x >'$dir/f'; curl -sS -m 20 -H 'Authorization: Bearer $none' -H '$label' -F purpose=user_data -F 'file=@$dir/f' -o '$dir/body' -w '%{http_code}' '$url/v1/files' | grep -q 403"
expect 'with a purpose they are kept' sh -c "curl -sS -m 20 -H 'Authorization: Bearer $many' -H '$label' -H 'X-Hoheit-Purpose: aufsicht' -F purpose=user_data -F 'file=@$dir/f' -o '$dir/body' -w '%{http_code}' '$url/v1/files' | grep -q 200"
file=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["id"])' "$dir/body")
expect 'and found for that purpose again' status 200 "$many" GET "/v1/files/$file" '' -H 'X-Hoheit-Purpose: aufsicht'
expect 'for another they are not there' status 404 "$many" GET "/v1/files/$file" '' -H 'X-Hoheit-Purpose: statistik'
expect 'a batch is not begun for another purpose than the key has' status 400 "$many" POST /v1/batches '{"input_file_id":"x","endpoint":"/v1/chat/completions","completion_window":"24h"}' -H 'X-Hoheit-Purpose: aufsicht'

# ---- explained
says() { want=$1; shift; "$@" 2>&1 | grep -q "$want" || { "$@"; return 1; }; }
expect 'the denial is explained with its rule, and who can grant' says 'purpose.label: The purpose may not process' hoheit explain "$denied"
expect 'what was allowed says for which purpose' says 'purpose leistung' hoheit explain "$allowed"
expect 'and which person' says 'person anna' hoheit explain "$allowed"
expect 'a purpose is explained' says 'Granting social benefits' hoheit explain leistung
expect 'the policy shows what is for which purpose' says 'SOZIALDATEN .* for leistung, aufsicht' hoheit policy show
expect 'a dry run knows purposes' says taken hoheit route 'intern//SOZIALDATEN' toy --purpose aufsicht
expect 'and what is not for one' says purpose.label hoheit route 'intern//SOZIALDATEN' toy --purpose statistik
expect 'keys show theirs' says '"purposes":\["leistung","statistik"\],"purpose":"leistung"' hoheit key list --json
expect 'what changes is told in words' says 'compartment SOZIALDATEN is processed for any purpose from now on' hoheit policy diff "$dir/limited.yaml" "$dir/open.yaml"

# ---- office hours
tax=$(key tax 'intern//STEUERGEHEIMNIS')
label='X-Hoheit-Label: intern//STEUERGEHEIMNIS'
expect 'outside its office hours data is not processed' answers 403 "$tax"
closed=$(request)
expect 'which is told with the time they begin again' told 'STEUERGEHEIMNIS is processed in office hours only, again from [A-Z][a-z]*day 09:00 (UTC)'
expect 'and explained with the rule' says 'hours.closed: A part of the label' hoheit explain "$closed"
expect 'other data is' status 200 "$tax" POST /v1/chat/completions "$(chat Hallo ',"max_tokens":4')" -H 'X-Hoheit-Label: intern'
expect 'a dry run says so' says hours.closed hoheit route 'intern//STEUERGEHEIMNIS' toy
expect 'the policy shows what has office hours' says 'STEUERGEHEIMNIS .* in office hours' hoheit policy show
expect 'and a change of them is told' says 'STEUERGEHEIMNIS is processed in office hours only from now on' hoheit policy diff "$dir/open.yaml" "$dir/limited.yaml"

# ---- holidays
cat >"$dir/holidays.yaml" <<END
$(grep -v '^hours:' "$dir/limited.yaml")
hours: { zone: Europe/Berlin, times: [ { days: mo-fr, from: "06:00", to: "20:00" } ], holidays: BAYERN, closed: "12-24" }
END
cat >"$dir/rows.yaml" <<'END'
version: 1
ceiling: VS-NfD
expectations:
  - { name: Easter Monday, clearance: intern//STEUERGEHEIMNIS, label: intern//STEUERGEHEIMNIS, at: "2026-04-06 09:00", expect: denied by hours.closed }
  - { name: the day after, clearance: intern//STEUERGEHEIMNIS, label: intern//STEUERGEHEIMNIS, at: "2026-04-07 09:00", expect: allowed }
  - { name: a day of the policy, clearance: intern//STEUERGEHEIMNIS, label: intern//STEUERGEHEIMNIS, at: "2026-12-24 09:00", expect: denied by hours.closed }
END
expect 'on public holidays there are no office hours' hoheit policy test "$dir/rows.yaml" --policy "$dir/holidays.yaml"
expect 'which the policy tells' says 'not on public holidays of BAYERN, not on 12-24' hoheit policy show "$dir/holidays.yaml"
expect 'and a change of it' says 'office hours are mo-fr .* not on public holidays of BAYERN' hoheit policy diff "$dir/limited.yaml" "$dir/holidays.yaml"

# ---- revoked under another purpose
expect 'a key that is revoked is so for every purpose' hoheit key revoke many
expect 'for the one it named' answers 401 "$many" aufsicht
done_testing
