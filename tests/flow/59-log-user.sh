#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# Where root starts the daemon the log may have a Unix user of its own: it runs as that user, owns
# its files, and goes on over those of before.
#
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

probe=$dir/probe
if [ "$(id -u)" != 0 ] || ! id nobody >/dev/null 2>&1 || ! { : >"$probe" && chown nobody "$probe"; } 2>/dev/null; then
    echo 'ok 1 - the log has a user of its own # SKIP only root can start it so'
    echo '1..1'
    exit 0
fi
# That user may not be let into where the programs were built.
chmod 711 "$dir"
mkdir -m 755 "$dir/bin"
cp -l "$bin"/hoheit* "$dir/bin/" 2>/dev/null || cp "$bin"/hoheit* "$dir/bin/"
bin=$dir/bin
user=$(id -u nobody)
owner() { stat -c %u "$1"; }
runs_as() { awk '/^Uid:/ { print $2 }' "/proc/$(log_pid)/status"; }
log_pid() { for p in /proc/[0-9]*; do [ "$(readlink "$p/cwd" 2>/dev/null)" = "$data/audit" ] && echo "${p#/proc/}"; done; }
covers() { [ "$(sed -n 2p "$data/audit/log/checkpoint")" -ge "$(wc -l <"$data/audit/audit.jsonl")" ]; }
says()
{
    pattern=$1
    shift
    "$@" >"$dir/said" 2>&1
    cat "$dir/said"
    grep -q -- "$pattern" "$dir/said"
}

expect 'the daemon starts without' daemon_with_toys
expect 'the doctor tells of it' says '^weak .*belong to the user the gate runs as' hoheit doctor
daemon_stop
refuse 'a user that is not there is refused' daemon_start --set audit.user=no-such-user
expect 'by its name' grep -q 'no user no-such-user' "$dir/log"
expect 'the daemon starts with a user for the log' daemon_start --set audit.user=nobody
expect 'the log runs as that user' [ "$(runs_as)" = "$user" ]
expect 'which owns its files' [ "$(owner "$data/audit")$(owner "$data/audit/audit.jsonl")$(owner "$data/audit/log")" = "$user$user$user" ]
expect 'others do not' [ "$(owner "$data/records")" = 0 ]
expect 'the doctor sees it' says '^ok .*a user of their own' hoheit doctor
someone=$(key someone OFFEN)
expect 'requests are answered and recorded' status 200 "$someone" POST /v1/chat/completions "$(chat hello)"
expect 'and signed' await covers
kill -9 "$(log_pid)"
expect 'another one starts as that user' await status 200 "$someone" POST /v1/chat/completions "$(chat hello)"
expect 'as that user' [ "$(runs_as)" = "$user" ]
expect 'the log is good' hoheit verify
daemon_stop
expect 'root goes on without it' daemon_start
expect 'and is signed' await covers
daemon_stop
expect 'and with it again' daemon_start --set audit.user=nobody
expect 'the log is good still' hoheit verify
daemon_stop
done_testing
