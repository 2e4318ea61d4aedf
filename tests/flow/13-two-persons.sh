#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# The policy in force changes by two persons, without a restart, and is what a restart finds.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
daemon_with_toys --set gate.tenants=open "$@" || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }

# NAME's key for the security officer of that name.
officer() { key "$1" offen --role officer --person "$1"; }
as() { HOHEIT_KEY=$1 "$bin/hoheit" --url "$url" policy "$2" ${3+"$3"} --quiet; }
expect 'an officer gets a key' officer anna
anna=$(tail -n 1 "$dir/shown")
bernd=$(officer bernd) worker=$(key worker 'intern//SOZIALDATEN')
refuse 'an officer without a person gets none' key carl offen --role officer
refuse 'who is an officer does not become an auditor too' key anna2 offen --role auditor --person anna

# ---- a version
sed '/^compartments:/a\  - { bit: 40, id: NEU, title: Neues }' "$data/policy.yaml" >"$dir/new.yaml"
sed 's/id: SOZIALDATEN,/id: GANZ-ANDERES,/' "$data/policy.yaml" >"$dir/reused.yaml"
echo 'version: 1' >"$dir/broken.yaml"
label() { api "$worker" POST /v1/chat/completions "$(chat Hallo ',"max_tokens":4')" -H "X-Hoheit-Label: $1" >/dev/null; cat "$dir/status"; }
answers() { [ "$(label "$1")" = "$2" ] || { cat "$dir/body"; return 1; }; }
says() { "$@" 2>&1 | grep -q "$want" || { "$@"; return 1; }; }
expect 'a label with an unknown name is refused' answers offen//NEU 400
expect 'an operator cannot propose' fails hoheit policy propose "$dir/new.yaml"
refuse 'a broken file cannot be proposed' as "$anna" propose "$dir/broken.yaml"
want='GANZ-ANDERES cannot have number 8, which is SOZIALDATEN for good'
expect 'nor one that gives a number another name, and both are named' says as "$anna" propose "$dir/reused.yaml"
expect 'an officer proposes' as "$anna" propose "$dir/new.yaml"
expect 'who reads it sees what changes in words' sh -c "'$bin/hoheit' --data '$data' policy review 1 | grep -q 'compartment NEU (number 40) is new: Neues'"
refuse 'the one who proposed cannot approve' as "$anna" approve 1
refuse 'an operator cannot either' hoheit policy approve 1
expect 'it is not in force yet' answers offen//NEU 400
expect 'a second officer approves' as "$bernd" approve 1
expect 'it is in force at once' answers offen//NEU 403
refuse 'it is not approved twice' as "$bernd" approve 1
expect 'the list tells who did what' sh -c "'$bin/hoheit' --data '$data' policy list | grep -q 'active *anna .* bernd'"
expect 'all of it is on record' sh -c "grep -q '\"event\":\"policy.propose\"' '$data'/audit/audit.jsonl && grep -q '\"event\":\"policy.approve\"' '$data'/audit/audit.jsonl && grep -q '\"event\":\"policy.active\"' '$data'/audit/audit.jsonl && grep -q '\"rule\":\"act.one_person\"' '$data'/audit/audit.jsonl"

# ---- a restart
daemon_stop
expect 'the daemon starts again' daemon_start
expect 'with the version that was approved' answers offen//NEU 403
expect 'and says that the file does not count any more' grep -q 'policy.file_ignored' "$dir/log"

# ---- back
expect 'what was in force before is proposed again' as "$bernd" rollback
number=$(tail -n 1 "$dir/shown")
refuse 'not to be approved by the same' as "$bernd" approve "$number"
expect 'and approved by the other' as "$anna" approve "$number"
expect 'then the name is gone' answers offen//NEU 400
expect 'and what was there works' answers intern//SOZIALDATEN 200
done_testing
