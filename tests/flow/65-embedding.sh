#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Passages get their vectors: only those that have none, in steps that survive a kill, and by another
# embedder while the old one serves.
set -u
# shellcheck source=tests/flow/lib.sh
. "${0%/*}/lib.sh"

daemon_with_toys --set log.level=info || {
    show "$dir/log"
    echo 'Bail out! no daemon'
    exit 1
}
hoheit model add toy-embed --name zweiter --quiet
mkdir "$dir/docs"
for i in 1 2 3 4 5 6 7 8; do
    printf '# Satzung %s\n\nDie Abgabe Nummer %s beträgt %s Euro.\n' "$i" "$i" "$i" >"$dir/docs/$i.md"
done
key=$(key amt offen)
embed() { status 200 "$key" POST /v1/know/w/embed "$1"; }
stat() { hoheit know stat --know w --json | grep -qF -- "$1"; }
ask() { status 200 "$key" POST /v1/citizen/ask '{"question":"Was ist die Abgabe Nummer 5?","know":"w"}'; }

hoheit know create --know w 2>/dev/null
hoheit know add --know w "$dir/docs" 2>/dev/null
expect 'some passages are embedded' embed '{"model":"toy-embed","most":3}'
expect 'and it is said how many are missing' body 'j["embedded"] == 3 and j["missing"] >= 5 and j["vectors"] == 0'
kill -9 "$(hoheit status --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["gate_pid"])')"
expect 'whatever happens to who did it' await stat '"waiting":3'
expect 'the rest follows' hoheit know embed --know w --model toy-embed
expect 'and then all serve' stat '"vectors":8,"dimensions":'
expect 'by name' stat '"embedder":"toy-embed","waiting":0'
printf '# Satzung 9\n\nDie Abgabe Nummer 9 beträgt 9 Euro.\n' >"$dir/docs/9.md"
hoheit know add --know w "$dir/docs" 2>/dev/null
expect 'of a document more' embed '{"model":"toy-embed"}'
expect 'only its own passages are read' body 'j["embedded"] <= 2 and j["vectors"] == 9'
expect 'another embedder begins' embed '{"model":"zweiter","most":4}'
expect 'while the first one serves' stat '"vectors":9,"dimensions":'
expect 'under its name' stat '"embedder":"toy-embed","waiting":4'
expect 'questions are answered' ask
expect 'the other one takes over' hoheit know embed --know w --model zweiter
expect 'at once' stat '"embedder":"zweiter","waiting":0'
expect 'a question by the default embedder is answered by words' ask
expect 'verbatim' body '"5 Euro" in json.dumps(j, ensure_ascii=False)'
expect 'and the log says what to do' grep -q '"event":"know.other_embedder".*hoheit know embed' "$dir/log"
done_testing
