#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# A case is forgotten: what requests left that named it is there for it alone, and after its erasure
# nowhere; what was left beside it stays, nobody's key is revoked, old proofs hold, and a stranger
# can check the certificate.  The same cascade for a person.
#
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

R=/v1/responses C=/v1/conversations F=/v1/files V=/v1/vector_stores B=/v1/batches
az=AZ-2026/147 canary=Kanarienvogel-8842
id() { sed -n 's/.*"id": *"\([a-z_]*[_-][0-9A-Z]*\)".*/\1/p' "$dir/body" | head -n 1; }
of() # CASE STATUS KEY METHOD PATH [BODY FIELD…]
{
    case=$1 want=$2
    shift 2
    [ $# -gt 3 ] || set -- "$@" ''
    status "$want" "$@" -H "X-Hoheit-Case: $case"
}
covers() { [ "$(sed -n 2p "$data/audit/log/checkpoint")" -ge "$(wc -l <"$data/audit/audit.jsonl")" ]; }
request() { tr -d '\r' <"$dir/head" | sed -n 's/^[Xx]-[Rr]equest-[Ii][Dd]: //p'; }
upload() { # KEY PURPOSE FILE [FIELD]: prints its id
    curl -sS -m 20 -H "Authorization: Bearer $1" ${4+-H "$4"} -F "purpose=$2" -F "file=@$3" "$url$F" >"$dir/body"
    id
}
says()
{
    pattern=$1 wanted=$2
    shift 2
    "$@" >"$dir/said" 2>&1
    was=$?
    cat "$dir/said"
    [ "$was" -eq "$wanted" ] && grep -q -- "$pattern" "$dir/said"
}
# What must be nowhere afterwards: sealed rows as they lie in the records, sealed files, the words of
# stores.  note FROM: those of rows that the SQL condition names, and all files of these stores.
note()
{
    python3 - "$data/records" "$dir/noted" "$1" <<'EOF2'
import os, shutil, sqlite3, sys
records, to, where = sys.argv[1:]
os.makedirs(to, exist_ok=True)
for n in os.listdir(records):
    if n.startswith('records.db') and not n.endswith('-shm'):
        shutil.copy(os.path.join(records, n), os.path.join(to, '..', 'copy-' + n))
db = sqlite3.connect(os.path.join(to, '..', 'copy-records.db'))
rows = db.execute('SELECT id, kind, meta FROM objects WHERE ' + where).fetchall()
for i, kind, meta in rows:
    open(os.path.join(to, 'meta.' + i), 'wb').write(meta[:64])
    blob = os.path.join(records, 'blobs', i)
    if kind == 1 and os.path.exists(blob):
        open(os.path.join(to, 'blob.' + i), 'wb').write(open(blob, 'rb').read()[:64])
    if kind == 7:
        for d, _, names in os.walk(os.path.join(records, 'stores', i)):
            for n in names:
                b = open(os.path.join(d, n), 'rb').read()
                if len(b) > 64:
                    open(os.path.join(to, 'words.%s.%s' % (i, n)), 'wb').write(b[-48:])
db.close()
print(sorted({k for _, k, _ in rows}), sorted(os.listdir(to)))
EOF2
}
# How many of them are somewhere.
left()
{
    python3 - "$data" "$dir/noted" <<'EOF2'
import os, sys
want = [open(os.path.join(sys.argv[2], n), 'rb').read() for n in os.listdir(sys.argv[2])]
assert want and min(map(len, want)) > 15
found = set()
for d, _, names in os.walk(sys.argv[1]):
    for n in names:
        p = os.path.join(d, n)
        if os.path.isfile(p):
            b = open(p, 'rb').read()
            found |= {i for i, w in enumerate(want) if w in b}
print(len(found), len(want))
EOF2
}
all_left() { left | { read -r found all && echo "$found of $all" && [ "$found" -eq "$all" ] && [ "$all" -ge "$1" ]; }; }
none_left() { left | { read -r found all && echo "$found of $all" && [ "$found" -eq 0 ]; }; }
# One of each: file, answer, conversation with an item, store with a file, batch with a line.
leave() # KEY FIELD…
{
    k=$1
    shift
    printf '# Notiz\n\n%s in einer Datei.\n' "$canary" >"$dir/note.md"
    printf '{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"toy","messages":[{"role":"user","content":"%s"}],"max_tokens":4}}\n' "$canary" >"$dir/in.jsonl"
    file=$(upload "$k" assistants "$dir/note.md" "$@") && input=$(upload "$k" batch "$dir/in.jsonl" "$@") || return 1
    set -- ${1+-H "$1"}
    status 200 "$k" POST "$R" '{"model":"toy","input":"'"$canary"'"}' "$@" || return 1
    answer=$(id)
    status 200 "$k" POST "$C" '{"items":[{"type":"message","role":"user","content":"'"$canary"'"}]}' "$@" || return 1
    talk=$(id)
    status 200 "$k" POST "$V" '{"name":"Akte"}' "$@" || return 1
    store=$(id)
    status 200 "$k" POST "$V/$store/files" '{"file_id":"'"$file"'"}' "$@" || return 1
    status 200 "$k" POST "$B" '{"input_file_id":"'"$input"'","endpoint":"/v1/chat/completions","completion_window":"24h"}' "$@" || return 1
    batch=$(id)
    ended() { status 200 "$k" GET "$B/$batch" '' "$@" && grep -q '"status":"completed"' "$dir/body"; }
    await ended "$@"
}

expect 'the daemon starts' daemon_with_toys
daemon_stop
printf '\nkeep:\n  - { label: intern, days: 30 }\n' >>"$data/policy.yaml"
expect 'with a policy that keeps what is said' daemon_start
clerk=$(key clerk VS-NfD --person p-1 --tenant default)
next=$(key next VS-NfD --person p-2 --tenant default)
auditor=$(key auditor VS-NfD --role auditor)

expect 'no case is called nothing' status 400 "$clerk" POST /v1/chat/completions "$(chat hallo)" -H 'X-Hoheit-Case;'
for bad in 'Erika Mustermann' ../x -x "$(printf '%065d' 0)" 'a:b'; do
    expect "no case is called \"$bad\"" of "$bad" 400 "$clerk" POST /v1/chat/completions "$(chat hallo)"
done
expect 'a request names its case' of $az 200 "$clerk" POST /v1/chat/completions "$(chat $canary)" -H 'X-Hoheit-Label: intern'
said=$(request)
expect 'or does so in the body' status 200 "$clerk" POST /v1/chat/completions "$(chat hallo ',"metadata":{"hoheit_case":"'$az'"}')"
in_body=$(request)
expect 'also of what is kept' status 200 "$clerk" POST "$R" '{"model":"toy","input":"hallo","metadata":{"hoheit_case":"'$az'"}}'
expect 'for the case' status 404 "$clerk" GET "$R/$(id)"
expect 'but no two cases' of AZ-1 400 "$clerk" POST /v1/chat/completions "$(chat hallo ',"metadata":{"hoheit_case":"'$az'"}')"
expect 'so does the command line' env HOHEIT_KEY="$clerk" "$bin/hoheit" --url "$url" ask --case $az --model toy hallo
api "$clerk" POST /v1/chat/completions "$(chat "$canary")" -H 'X-Hoheit-Label: intern' >/dev/null
beside=$(request)
expect 'an auditor reads what was kept of it' says "$canary" 0 env HOHEIT_KEY="$auditor" "$bin/hoheit" --url "$url" explain "$said" --content
for r in "$said" "$in_body"; do
    expect 'each is found by its case' says "$r" 0 env HOHEIT_KEY="$auditor" "$bin/hoheit" --url "$url" log find --case $az
done
refuse 'and no other' grep -q "$beside" "$dir/said"
expect 'its story says the case' says "case  *$az" 0 hoheit explain "$said"

# ---- what is left for a case is there for it alone
expect 'one of each is left for the case' leave "$clerk" "X-Hoheit-Case: $az"
for what in "$F/$file" "$F/$file/content" "$R/$answer" "$C/$talk" "$C/$talk/items" "$V/$store" "$V/$store/files" "$B/$batch"; do
    expect "for none it is as if it were not there: ${what%_*}" status 404 "$clerk" GET "$what"
done
expect 'for the case it is there' of $az 200 "$clerk" GET "$F/$file/content"
expect 'for another it is not' of AZ-1 404 "$clerk" GET "$F/$file/content"
expect 'a search finds its words' of $az 200 "$clerk" POST "$V/$store/search" '{"query":"Kanarienvogel-8842"}'
expect 'there' body 'len(j["data"]) == 1'
expect 'an answer is not gone on with elsewhere' status 404 "$clerk" POST "$R" '{"model":"toy","input":"und?","previous_response_id":"'"$answer"'"}'
expect 'in the case it is' of $az 200 "$clerk" POST "$R" '{"model":"toy","input":"und?","previous_response_id":"'"$answer"'"}'
lists() { of "$1" 200 "$clerk" GET "$F" && body "('$file' in [d['id'] for d in j['data']]) is $2"; }
expect 'lists have it for the case' lists $az True
expect 'not for another' lists AZ-1 False
expect 'a store of no case is made' status 200 "$clerk" POST "$V" '{"name":"Haus"}'
house=$(id)
expect 'and takes nothing of one' of $az 400 "$clerk" POST "$V/$house/files" '{"file_id":"'"$file"'"}'
case_file=$file case_store=$store case_answer=$answer
expect 'the same is left beside it' leave "$clerk"
expect 'a colleague works on the case' of $az 200 "$next" POST "$R" '{"model":"toy","input":"'"$canary"'"}'
theirs=$(id)
expect 'and does not see what others left for it' of $az 404 "$next" GET "$F/$case_file"

# ---- erased
await covers
cp "$data/audit/log/checkpoint" "$dir/before"
expect 'what is to go is noted' note "matter <> ''"
expect 'all of it is somewhere' all_left 10
refuse 'an application erases no case' env HOHEIT_KEY="$clerk" "$bin/hoheit" --url "$url" erase --case $az
expect 'one that never was is not erased' says 'ever left' 1 hoheit erase --case AZ-9
expect 'nor one of another tenant' says 'ever left' 1 hoheit erase --case $az --tenant amt-2
expect 'a person or a case, not both' says 'one of them' 2 hoheit erase p-1 --case $az
expect 'the case is erased' hoheit erase --case $az --out "$dir/certificate"
expect 'nothing of it is anywhere: rows, files, words of stores' none_left
refuse 'nor in plain text' grep -rqaF "$canary" "$data"
expect 'its file is not there' of $az 404 "$clerk" GET "$F/$case_file"
expect 'nor its store' of $az 404 "$clerk" GET "$V/$case_store"
expect 'nor its answer' of $az 404 "$clerk" GET "$R/$case_answer"
expect 'nor what the colleague left for it' of $az 404 "$next" GET "$R/$theirs"
expect 'nothing is taken under its name again' of $az 404 "$clerk" POST /v1/chat/completions "$(chat hallo)"
expect 'and that is said' body '"erased" in j["error"]["message"]'
expect 'what was said for it is not read again' says 'no such thing' 1 env HOHEIT_KEY="$auditor" "$bin/hoheit" --url "$url" explain "$said" --content
expect 'what was said beside it is' says "$canary" 0 env HOHEIT_KEY="$auditor" "$bin/hoheit" --url "$url" explain "$beside" --content
expect 'what was left beside it is there' status 200 "$clerk" GET "$F/$file/content"
expect 'as it was' grep -q "$canary" "$dir/body"
expect 'also in the store' status 200 "$clerk" POST "$V/$store/search" '{"query":"Kanarienvogel-8842"}'
expect 'with its words' body 'len(j["data"]) == 1'
expect 'the act is found by the case' says case.erase 0 env HOHEIT_KEY="$auditor" "$bin/hoheit" --url "$url" log find --case $az
expect 'the certificate is good and says what went' \
    says "good: the case default:$az was erased.*file [0-9].*response [0-9].*conversation 1.*batch 1.*store 1" 0 hoheit evidence certificate "$dir/certificate"
expect 'also to a stranger with the keys' says '"case":"default:'$az'"' 0 "$bin/hoheit" evidence certificate "$dir/certificate" --json \
    --log-key "$(cat "$data/keys/log.key")" --seal-key "$(cat "$data/keys/evidence.key")"
sed "s|^case default:$az|person p-1|" "$dir/certificate" >"$dir/forged"
expect 'not for a person' says 'not a certificate' 65 hoheit evidence certificate "$dir/forged"
await covers
expect 'old checkpoints hold' "$bin/hoheit-verify" --key "$(cat "$data/keys/log.key")" --known "$dir/before" "$data/audit/log"
expect 'old proofs hold' "$bin/hoheit-verify" --key "$(cat "$data/keys/log.key")" --request "$said" "$data/audit/log"
expect 'a bundle about the case is made' hoheit evidence export "$dir/bundle" --case $az --clearance VS-NfD
expect 'and is good' hoheit evidence verify "$dir/bundle" --log-key "$(cat "$data/keys/log.key")"
expect 'it holds the case and nothing else' python3 -c 'import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
assert {r["case"] for r in rows} == {sys.argv[2]}, {r["case"] for r in rows}
assert {"p-1", "p-2"} <= {r["person"] for r in rows} and "purpose" in rows[0]
assert "case.erase" in {r["event"] for r in rows}' "$dir/bundle/entries.csv" $az

# ---- a person, with all the same
rm -rf "$dir/noted"
expect 'what the person left is noted' note "owner = (SELECT id FROM keys WHERE person = 'p-1')"
expect 'and is somewhere' all_left 10
expect 'the person is erased' hoheit erase p-1 --out "$dir/person"
expect 'nothing of it is anywhere' none_left
expect 'and the certificate says what went' says 'file [0-9].*vector\|file [0-9].*store' 0 hoheit evidence certificate "$dir/person"
daemon_stop
done_testing
