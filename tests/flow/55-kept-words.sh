#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# What was said is kept where policy wants it, and only there: sealed, with a commitment in the log,
# read by an auditor whose clearance covers it, on record, and gone with the person.
#
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

canary=Kanarienvogel-5501
ask() { api "$1" POST /v1/chat/completions "$(chat "$canary")" -H "X-Hoheit-Label: $2" >/dev/null; tr -d '\r' <"$dir/head" | sed -n 's/^[Xx]-[Rr]equest-[Ii][Dd]: //p'; }
kept() { grep "\"request\":\"$1\"" "$data/audit/audit.jsonl" | grep -c '"kept":"[0-9a-f]\{64\}"'; }
explain() { key=$1; shift; HOHEIT_KEY=$key "$bin/hoheit" --url "$url" explain "$@"; }
says()
{
    pattern=$1 wanted=$2
    shift 2
    "$@" >"$dir/said" 2>&1
    was=$?
    cat "$dir/said"
    [ "$was" -eq "$wanted" ] && grep -q -- "$pattern" "$dir/said"
}

expect 'the daemon starts' daemon_with_toys
clerk=$(key clerk VS-NfD --person p-1)
plain=$(ask "$clerk" intern)
expect 'without a word in the policy nothing is kept' [ "$(kept "$plain")" = 0 ]
daemon_stop
printf '\nkeep:\n  - { label: intern, days: 30 }\n' >>"$data/policy.yaml"
expect 'the policy says what is to be kept' hoheit policy check "$data/policy.yaml"
expect 'the daemon starts with it' daemon_start
auditor=$(key auditor VS-NfD --role auditor)
low=$(key low offen --role auditor)
one=$(ask "$clerk" intern)
high=$(ask "$clerk" VS-NfD)
expect 'now the log is committed to what was said' [ "$(kept "$one")" = 1 ]
expect 'not above that label' [ "$(kept "$high")" = 0 ]
refuse 'nowhere is it in plain text' grep -rqaF "$canary" "$data"
expect 'an auditor reads it, and it is what the log is committed to' says "$canary" 0 explain "$auditor" "$one" --content
expect 'that is on record' grep -q '"event":"content.read".*"object":"req_' "$data/audit/audit.jsonl"
expect 'one who is not cleared for it does not, and learns nothing' says 'no such thing' 1 explain "$low" "$one" --content
refuse 'nor is it shown' grep -q "$canary" "$dir/said"
expect 'nor who asked' says 'auditor' 77 explain "$clerk" "$one" --content
expect 'nor operations' says 'auditor' 77 hoheit explain "$one" --content
expect 'of what was not kept that is said' says 'nothing of this request is kept' 1 explain "$auditor" "$high" --content
printf '%s' "$canary" >"$dir/guess"
tr -d '\r' <"$dir/body" | python3 -c 'import json,sys; sys.stdout.write(json.load(sys.stdin)["choices"][0]["message"]["content"])' >"$dir/answer"
expect 'the log holds no plain digest of what was answered' fails grep -q "$(sha256sum <"$dir/answer" | cut -c 1-64)" "$data/audit/audit.jsonl"
expect 'yet an auditor can show that these bytes were the answer' says 'is what was answered, by record' 0 explain "$auditor" "$high" --holds "$dir/answer"
expect 'others were not' says 'is nothing of what the log holds' 65 explain "$auditor" "$high" --holds "$dir/guess"
expect 'nobody else is told the salt' says 'auditor' 77 explain "$clerk" "$high" --holds "$dir/answer"
expect 'nor who is not cleared' says '' 77 explain "$low" "$high" --holds "$dir/answer"
expect 'the person is erased' hoheit erase p-1 --out "$dir/certificate"
expect 'and with them what they said' says 'no such thing' 1 explain "$auditor" "$one" --content
expect 'nor can the answer be shown any more' says 'was erased' 1 explain "$auditor" "$high" --holds "$dir/answer"
expect 'the commitment stays' [ "$(kept "$one")" = 1 ]
expect 'and the log is good' hoheit verify
daemon_stop
done_testing
