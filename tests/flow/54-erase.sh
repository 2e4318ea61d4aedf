#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# A person is forgotten: what they left is gone and no copy of it can be opened, others keep theirs,
# old proofs hold, and there is a certificate that a stranger can check.
#
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

R=/v1/responses C=/v1/conversations F=/v1/files
canary=Kanarienvogel-7731 name='Erika Mustermann-7732'
get() { python3 -c 'import json, sys
print(eval(sys.argv[2], {"j": json.load(open(sys.argv[1]))}))' "$dir/body" "$1"; }
covers() { [ "$(sed -n 2p "$data/audit/log/checkpoint")" -ge "$(wc -l <"$data/audit/audit.jsonl")" ]; }
verify() { "$bin/hoheit-verify" --key "$(cat "$data/keys/log.key")" "$@" "$data/audit/log"; }
upload()
{
    printf '%s in a file' "$canary" >"$dir/up.txt"
    curl -sS -m 20 -H "Authorization: Bearer $1" -F purpose=user_data -F "file=@$dir/up.txt" "$url$F" >"$dir/body"
    get 'j["id"]'
}
# Are these bytes (a file of them) somewhere below a directory?
holds()
{
    python3 - "$1" "$2" <<'EOF'
import os, sys
want = open(sys.argv[2], 'rb').read()
assert len(want) > 15
for d, _, names in os.walk(sys.argv[1]):
    for n in names:
        p = os.path.join(d, n)
        if os.path.isfile(p) and want in open(p, 'rb').read():
            print(p)
            sys.exit(0)
sys.exit(1)
EOF
}
says()
{
    pattern=$1 wanted=$2
    shift 2
    "$@" >"$dir/said" 2>&1
    was=$?
    cat "$dir/said"
    [ "$was" -eq "$wanted" ] && grep -q "$pattern" "$dir/said"
}

expect 'the daemon starts' daemon_with_toys
hoheit person add p-1 --title "$name" --quiet
one=$(key erika-laptop VS-NfD --person p-1)
two=$(key erika-phone VS-NfD --person p-1)
other=$(key anderer VS-NfD --person p-2)
left=$(upload "$one")
api "$two" POST $R '{"model":"toy","input":"'$canary'"}' >/dev/null
answer=$(get 'j["id"]')
api "$one" POST $C '{"items":[{"type":"message","role":"user","content":"'$canary'"}]}' >/dev/null
talk=$(get 'j["id"]')
theirs=$(upload "$other")
expect 'what was left is there' status 200 "$one" GET "$F/$left/content"
expect 'and is what was left' grep -q "$canary" "$dir/body"
expect 'an answer is there' status 200 "$two" GET "$R/$answer"
expect 'a conversation is there' status 200 "$one" GET "$C/$talk"
expect 'the log is signed' await covers
cp "$data/audit/log/checkpoint" "$dir/noted"
request=$(sed -n 's/.*"event":"file.add".*//; s/.*"request":"\(req_[^"]*\)".*/\1/p' "$data/audit/audit.jsonl" | tail -n 1)

# What must not be found afterwards: the title, the sealed bytes, the keys they are sealed under.
printf '%s' "$name" >"$dir/title"
cp "$data/records/blobs/$left" "$dir/sealed"
for f in "$data"/records/blobs.keys/*; do cp "$f" "$dir/subject.${f##*/}"; done
cp -r "$data/records" "$dir/backup"
expect 'the title is somewhere' holds "$data" "$dir/title"
expect 'the sealed bytes are somewhere' holds "$data" "$dir/sealed"

printf '%s for a lower label' "$canary" >"$dir/lower"
dec=$(HOHEIT_KEY=$one "$bin/hoheit" --url "$url" declassify propose "$dir/lower" --label intern --to offen --reason r --basis b --expires 1d | head -n 1)
expect 'they propose a lower label' [ -n "$dec" ]
officer=$(key olga VS-NfD --role officer --person p-3)
expect 'which an officer reads' says "$canary" 0 env HOHEIT_KEY="$officer" "$bin/hoheit" --url "$url" declassify show "$dec"
refuse 'an application cannot erase anybody' env HOHEIT_KEY="$one" "$bin/hoheit" --url "$url" erase p-1
expect 'nobody of that name is not erased' says 'no person' 1 hoheit erase p-9
expect 'the person is erased' hoheit erase p-1 --out "$dir/certificate"
expect 'their keys are worth nothing' status 401 "$one" GET "$F/$left/content"
expect 'neither of them' status 401 "$two" GET "$R/$answer"
expect 'what others left is there' status 200 "$other" GET "$F/$theirs/content"
expect 'and is what they left' grep -q "$canary" "$dir/body"
refuse 'the title is nowhere' holds "$data" "$dir/title"
refuse 'the sealed bytes are nowhere' holds "$data" "$dir/sealed"
expect 'what they proposed is gone' says 'no such proposal' 1 env HOHEIT_KEY="$officer" "$bin/hoheit" --url "$url" declassify show "$dec"
gone=0
for f in "$dir"/subject.*; do holds "$data" "$f" >/dev/null || gone=$((gone + 1)); done
expect 'the keys of their two keys are nowhere, that of the other is there' [ "$gone" -eq 2 ]
expect 'the names of their keys are forgotten' sh -c "! '$bin/hoheit' --data '$data' key list --json | grep -q erika"
refuse 'also in the records' grep -rqaF erika-laptop "$data/records"
refuse 'and nothing of what they said is in plain text anywhere' grep -rqaF "$canary" "$data"
expect 'nobody gets their name' says 'was erased' 1 hoheit key add --name neu --clearance OFFEN --person p-1
refuse 'no person is added under it' hoheit person add p-1
expect 'it may be done again' hoheit erase p-1 --out "$dir/again"

expect 'that is on record' grep -q '"event":"person.erase".*"object":"p-1"' "$data/audit/audit.jsonl"
expect 'the log is signed again' await covers
expect 'old checkpoints hold' verify --known "$dir/noted"
expect 'old proofs hold' verify --request "$request"
expect 'the certificate is good' says 'good: p-1 was erased' 0 hoheit evidence certificate "$dir/certificate"
expect 'and so it is for a stranger with the keys' says '"good":true' 0 "$bin/hoheit" evidence certificate "$dir/certificate" --json \
    --log-key "$(cat "$data/keys/log.key")" --seal-key "$(cat "$data/keys/evidence.key")"
sed 's/^person p-1/person p-2/' "$dir/certificate" >"$dir/forged"
expect 'not for another person' says 'not a certificate' 65 hoheit evidence certificate "$dir/forged"
expect 'a certificate is none of another log' says 'not signed by the log' 65 hoheit evidence certificate "$dir/certificate" \
    --log-key "$(cat "$data/keys/evidence.key")"

# A backup of the records brings back neither file nor answer: their keys are gone.
daemon_stop
rm -rf "$data/records/records.db"* "$data/records/blobs"
cp "$dir"/backup/records.db* "$data/records/"
cp -r "$dir/backup/blobs" "$data/records/"
expect 'the daemon starts over records from before' daemon_start
opens() { api "$1" GET "$2" >/dev/null; [ "$(cat "$dir/status")" = 200 ] && grep -q "$canary" "$dir/body"; }
refuse 'the file cannot be opened' opens "$one" "$F/$left/content"
refuse 'the conversation cannot be opened' opens "$one" "$C/$talk/items"
refuse 'the answer cannot be opened' opens "$two" "$R/$answer"
expect 'what others left can' opens "$other" "$F/$theirs/content"
refuse 'and nothing new is sealed for who was erased' opens "$one" "$F/$(upload "$one" 2>/dev/null)/content"
expect 'erasing them again removes what came back' hoheit erase p-1 --out "$dir/certificate"
refuse 'the sealed bytes are nowhere again' holds "$data" "$dir/sealed"
refuse 'the title is nowhere again' holds "$data" "$dir/title"
daemon_stop
done_testing
