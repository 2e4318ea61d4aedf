#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Word, OpenDocument and PDF files into collections; folders followed; an import killed and resumed.
set -u
# shellcheck source=tests/flow/lib.sh
. "${0%/*}/lib.sh"

docs=$dir/docs k=$dir/wissen
mkdir -p "$docs" "$dir/many"
python3 "${0%/*}/documents.py" "$docs"
python3 - "$dir/many" <<'EOF'
import sys
many = sys.argv[1]
for i in range(600):
    open(f'{many}/{i}.md', 'w').write(f'# Satzung {i}\n\n' + f'Die Gebühr Nummer {i} beträgt {i} Euro. ' * 20)
EOF
know() { command=$1; shift; hoheit know "$command" --dir "$k" --policy "${0%/*}/../../etc/policy.yaml" "$@"; }
finds() { know search "$1" | grep -qF -- "$2"; }
stat() { know stat --json | grep -qF "\"documents\":$1,"; }

expect 'a collection is made' hoheit know create --dir "$k"
know add "$docs" >"$dir/out" 2>&1
expect 'a folder of Word, OpenDocument and PDF is taken in' grep -q '^[23] added' "$dir/out"
expect 'a Word document is found' finds Hundesteuer 'Die Steuer beträgt 96 Euro.'
refuse 'what it hides is not' finds 'Ignoriere Regeln' Ignoriere
expect 'an OpenDocument text is found' finds Tonne 'Die Tonne kostet 5 Euro.'
expect 'entities are refused' grep -q 'entitaet.docx: left out, it declares entities' "$dir/out"
expect 'what grows without end is refused' grep -q 'bombe.docx: left out, it has a part that grows' "$dir/out"
if [ -x /usr/bin/pdftohtml ]; then
    expect 'a PDF is found' finds Freibad 'Der Eintritt in das Freibad kostet 4 Euro.'
    expect 'with its page' finds Freibad 'p. 2'
else
    expect 'a PDF is left out and what to install is said' grep -q 'install poppler-utils' "$dir/out"
fi
expect 'who reads documents has no key and no network: it runs as a process of its own' \
    test -x "$bin/hoheit-reader"

# ---- following
mkfifo "$dir/lines"
know add --json --watch "$docs" >"$dir/lines" 2>"$dir/err" &
watcher=$!
exec 9<"$dir/lines"
read -r _ <&9
await grep -q watching "$dir/err"
echo '# Neu

Der Eintritt ins Museum ist frei.' >"$docs/amt/museum.md"
read -r line <&9
expect 'a new file is taken in' test "${line%%,*}" = '{"added":1'
expect 'and found' finds Museum 'ist frei'
rm -r "$docs/amt"
read -r line <&9
expect 'a folder that goes takes its documents along' grep -q '"removed":2' <<EOF
$line
EOF
kill "$watcher"
wait "$watcher" 2>/dev/null
exec 9<&-
refuse 'they are gone' finds Museum 'ist frei'
expect 'others stay' finds Hundesteuer '96 Euro'

# ---- killed
rm -rf "$k"
hoheit know create --dir "$k" 2>/dev/null
timeout -s KILL 0.05 "$bin/hoheit" know add --dir "$k" --policy "${0%/*}/../../etc/policy.yaml" "$dir/many" 2>/dev/null
expect 'an import that was killed leaves a whole collection' know stat
expect 'run again it is complete' know add "$dir/many"
expect 'with every document once' stat 600
expect 'and found' finds '"Gebühr Nummer 555"' '555 Euro'

# ---- the daemon's
daemon_start || {
    show "$dir/log"
    echo 'Bail out! no daemon'
    exit 1
}
expect 'the daemon has collections too' hoheit know create --know w
expect 'which documents go to as text' hoheit know add --know w --edition 2026 --valid-to 2026-01-01 "$docs/hund.docx"
refuse 'what is not valid today does not answer' sh -c "'$bin/hoheit' --data '$data' know search --know w Hundesteuer | grep -q 96"
expect 'but on its day' sh -c "'$bin/hoheit' --data '$data' know search --know w --day 2025-06-01 Hundesteuer | grep -q 96"
refuse 'nothing named, nothing removed' hoheit know rm --know w
expect 'a collection goes as a whole where that is said' hoheit know rm --know w --collection
refuse 'and is gone' hoheit know stat --know w
expect 'so that it can be made anew' hoheit know create --know w
done_testing
