#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# The command line without a daemon: help, tables, completion, the manual, exit statuses.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"

says() { pattern=$1; shift; "$@" >"$dir/out" 2>&1; grep -q -- "$pattern" "$dir/out" || { cat "$dir/out"; return 1; }; }
ends_with() { want=$1; shift; "$@" >"$dir/out" 2>&1; got=$?; [ "$got" -eq "$want" ] || { cat "$dir/out"; echo "status $got, want $want"; return 1; }; }
is_json() { "$@" 2>/dev/null | python3 -m json.tool >/dev/null; }
has() { command -v "$1" >/dev/null; }
skip() { count=$((count + 1)); echo "ok $count - $1 # SKIP $2"; }
cli() { "$bin/hoheit" "$@"; }
unset HOHEIT_URL HOHEIT_KEY HOHEIT_DATA

# ---- help
expect 'help lists the commands' says 'model add' cli help
expect 'so does --help' says 'model add' cli --help
expect 'help explains one' says 'usage: hoheit ask' cli help ask
expect 'a group shows what it holds' says 'hoheit key COMMAND' cli help key
expect 'no command at all is a mistake' ends_with 2 cli
expect 'a mistyped command is answered with the nearest' says 'did you mean "status"' cli statsu
expect 'and ends with the status for usage' ends_with 2 cli statsu
expect 'a mistyped option too' says 'did you mean --model' cli ask --modle x
expect 'version names the commit' says '^commit ' cli version
expect 'and is JSON on demand' is_json cli version --json

# ---- tables
expect 'an error is explained' says 'exit status *77' cli explain DENIED
expect 'a setting' says 'default *16777216' cli explain net.body_bytes_max
expect 'an operation' says 'is an operation' cli explain key.add
expect 'a rule with who can grant' says 'Geheimschutz' cli explain clearance.level
expect 'as JSON too' is_json cli explain DENIED --json
expect 'a stranger is refused' ends_with 1 cli explain nonsense

# ---- completion and manual
for shell in bash zsh fish; do
    cli completion $shell >"$dir/completion.$shell" 2>"$dir/out"
    if has $shell; then
        expect "the completion of $shell parses" $shell -n "$dir/completion.$shell"
    else
        skip "the completion of $shell parses" "$shell is not installed"
    fi
done
for page in man params errors events ops meters; do
    cli doc $page >"$dir/$page.mdoc" 2>"$dir/out"
    if has mandoc; then
        expect "mandoc finds nothing wrong with doc $page" mandoc -T lint -W warning "$dir/$page.mdoc"
    else
        expect "doc $page has a name" grep -q '^\.Nm hoheit' "$dir/$page.mdoc"
    fi
done
expect 'an unknown page is refused' ends_with 2 cli doc novel

# ---- no daemon
expect 'a missing data directory is named with the command that makes it' says 'hoheit init' hoheit status
expect 'and ends with 1' ends_with 1 hoheit status
expect 'init makes it' hoheit init
expect 'a second time does no harm' hoheit init
expect 'a daemon that does not run is named with the command that starts it' says "hoheitd --data $data" hoheit status
expect 'in German on demand' says 'hoheitd läuft nicht' hoheit status --lang de
expect 'and ends with the status for trying again' ends_with 75 hoheit status
expect 'also for a question' ends_with 75 hoheit ask Hallo
expect 'the error is JSON on demand' sh -c "'$bin/hoheit' --data '$data' status --json 2>&1 | python3 -m json.tool >/dev/null"
expect 'stopping what does not run is no failure' hoheit stop
expect 'the doctor finds what is wrong' ends_with 1 hoheit doctor
expect 'and says what to do' says '^wrong .* — ' hoheit doctor
expect 'as JSON too' is_json hoheit doctor --json
expect 'what is ok can be left out' sh -c "! '$bin/hoheit' --data '$data' doctor -q | grep '^ok '"
chmod 755 "$data/keys"
expect 'an open directory is found, with the line that closes it' says "chmod go= $data/keys" hoheit doctor
chmod 700 "$data/keys"
expect 'a load on another machine is refused' ends_with 2 cli bench --url http://192.0.2.1
expect 'a URL where nobody answers ends with the status for trying again' ends_with 75 cli status --url http://127.0.0.1:1

# ---- what comes out
expect 'nothing is coloured in a file' sh -c "! '$bin/hoheit' help | grep -q \"\$(printf '\033')\""
expect 'a reader that goes away ends it quietly' sh -c "'$bin/hoheit' doc man 2>&1 >/dev/full | grep -q 'takes no more' &&
    [ -z \"\$( { '$bin/hoheit' doc man | head -n 1 >/dev/null; } 2>&1)\" ]"
done_testing
