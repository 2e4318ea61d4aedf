#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What a person is cleared for is raised by two security officers and lowered by one; their keys count
# up to there, and it has an end.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
daemon_with_toys --set gate.tenants=open "$@" || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }

officer() { key "$1" offen --role officer --person "$1"; }
anna=$(officer anna) bernd=$(officer bernd)
worker=$(key w1 'VS-NfD//SOZIALDATEN' --person dora)
as() { k=$1; shift; HOHEIT_KEY=$k "$bin/hoheit" --url "$url" clearance "$@" --quiet; }
label() { api "$worker" POST /v1/chat/completions "$(chat Hallo ',"max_tokens":4')" -H "X-Hoheit-Label: $1" >/dev/null; cat "$dir/status"; }
answers() { [ "$(label "$1")" = "$2" ] || { cat "$dir/body"; return 1; }; }
told() { grep -q "$1" "$dir/body" || { cat "$dir/body"; return 1; }; }
says() { want=$1; shift; "$@" 2>&1 | grep -q "$want" || { "$@"; return 1; }; }

expect 'a person without a clearance has what the key says' answers 'VS-NfD//SOZIALDATEN' 200
refuse 'an operator clears nobody' hoheit clearance propose dora --clearance intern --expires 30d
refuse 'nobody is cleared without an end' as "$anna" propose dora --clearance intern
refuse 'nor for what the policy does not know' as "$anna" propose dora --clearance 'intern//NEIN' --expires 30d
refuse 'nor who is not there' as "$anna" propose niemand --clearance intern --expires 30d
expect 'an officer proposes' as "$anna" propose dora --clearance 'intern//SOZIALDATEN,ART9' --expires 30d
expect 'it is not in force yet' answers 'VS-NfD//SOZIALDATEN' 200
refuse 'who proposed does not approve' as "$anna" approve 1
refuse 'an operator does not either' hoheit clearance approve 1
expect 'a second officer approves' as "$bernd" approve 1
expect 'it counts at once' answers 'VS-NfD//SOZIALDATEN' 403
expect 'what both the key and the person are cleared for is allowed' answers 'intern//SOZIALDATEN' 200
expect 'what only the person is cleared for is not' answers 'intern//ART9' 403
refuse 'it is not approved twice' as "$bernd" approve 1
refuse 'nobody proposes more for themselves' as "$anna" propose anna --clearance VS-NfD --expires 30d
expect 'another officer proposes it' as "$bernd" propose anna --clearance VS-NfD --expires 30d
refuse 'the person does not approve their own' as "$anna" approve 2

expect 'more is a proposal again' as "$anna" propose dora --clearance 'VS-NfD//SOZIALDATEN' --expires 30d
expect 'that opens nothing' answers 'VS-NfD//SOZIALDATEN' 403
expect 'less is in force at once, by one' says '"state":"active"' as "$anna" propose dora --clearance intern --expires 20d --json
expect 'what was taken away is denied' answers 'intern//SOZIALDATEN' 403
refuse 'the proposal from before is stale' as "$bernd" approve 3
expect 'the list tells who did what, and until when' sh -c "'$bin/hoheit' --data '$data' clearance list | grep -q '4  dora .*intern .*active .* anna'"

# ---- what for
both=$(key zweck 'intern' --person frieda --purposes leistung,aufsicht --purpose leistung)
for_purpose() { api "$both" POST /v1/chat/completions "$(chat Hallo ',"max_tokens":4')" ${1:+-H "X-Hoheit-Purpose: $1"} >/dev/null; cat "$dir/status"; }
may() { got=$(for_purpose "$2"); [ "$got" = "$1" ] || { echo "$got"; cat "$dir/body"; return 1; }; }
expect 'a person without a clearance acts for what the key is for' may 200 aufsicht
refuse 'nobody is cleared for what is no purpose' as "$anna" propose frieda --clearance intern --purposes spass --expires 30d
as "$anna" propose frieda --clearance intern --purposes leistung --expires 30d >"$dir/id"
expect 'a second officer approves what a person may act for' as "$bernd" approve "$(cat "$dir/id")"
expect 'for the purpose they are cleared for they act' may 200 ''
expect 'for another one that the key may name they do not' may 403 aufsicht
expect 'which is told by its sentence' told 'the person key zweck is for is not cleared to act for the purpose aufsicht'
expect 'another purpose is a proposal' says '"state":"proposed"' as "$bernd" propose frieda --clearance intern --purposes leistung,aufsicht --expires 20d --json
expect 'which opens nothing' may 403 aufsicht
expect 'fewer are in force at once, by one' says '"state":"active"' as "$bernd" propose frieda --clearance intern --purposes - --expires 20d --json
expect 'then they act for none' may 403 leistung
expect 'and what needs none goes on' may 200 ''
expect 'the list tells what for' sh -c "'$bin/hoheit' --data '$data' clearance list | grep -q 'frieda *intern *nothing *active'"

# ---- its end
expect 'a clearance of two seconds is less than twenty days' as "$bernd" propose dora --clearance intern --expires 2s
sleepless() { answers intern 403; }
await sleepless
expect 'then it is over' sleepless
expect 'which is told by its rule' told "the clearance of the person key w1 is for is over"
expect 'what needs no clearance goes on' answers offen 200

# ---- a restart, and an installation where keys alone clear nobody
daemon_stop
expect 'the daemon starts again' daemon_start --set gate.tenants=open --set gate.clearances=people
expect 'and the clearance is over still' answers intern 403
worker=$(key w2 intern --person emil)
expect 'where people have to be cleared, a new one is for nothing' answers intern 403
as "$anna" propose emil --clearance intern --expires 1d >"$dir/id"
as "$bernd" approve "$(cat "$dir/id")"
expect 'until two officers cleared them' answers intern 200
expect 'all of it is on record' sh -c "grep -q '\"event\":\"clearance.propose\".*\"person\":\"anna\"' '$data'/audit/audit.jsonl && grep -q '\"event\":\"clearance.approve\"' '$data'/audit/audit.jsonl && grep -q '\"event\":\"clearance.set\"' '$data'/audit/audit.jsonl && grep -q '\"rule\":\"act.one_person\"' '$data'/audit/audit.jsonl && grep -q '\"rule\":\"purpose.person\"' '$data'/audit/audit.jsonl && grep -q '\"rule\":\"clearance.expired\"' '$data'/audit/audit.jsonl"
done_testing
