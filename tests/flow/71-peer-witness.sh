#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# time limit: 300 s
#
# A foreign witness (C2SP tlog-witness over golang.org/x/mod/sumdb) is asked for its signature, and
# what it signed is taken in and asked for by verify.
#
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
peer=''
skip()
{
    echo "ok 1 - a foreign witness signs the log # SKIP $1"
    echo '1..1'
    exit 0
}
command -v go >/dev/null || skip 'go is not installed'
cp -r "$root/tests/peer/tlog" "$dir/peer"
if ! (cd "$dir/peer" && GOFLAGS=-mod=mod GOPROXY=off GOSUMDB=off go build -o "$dir/judge" .) 2>"$dir/why"; then
    grep -q 'module lookup disabled\|cannot find module' "$dir/why" && skip 'the module golang.org/x/mod is not in the cache'
    sed 's/^/# /' "$dir/why"
fi
witness_end()
{
    [ -z "$peer" ] || kill "$peer" 2>/dev/null
    flow_end
}
trap witness_end EXIT

log=$data/audit/log
verify() { "$bin/hoheit-verify" --key "$(cat "$data/keys/log.key")" "$@" "$log"; }
covers() { [ "$(sed -n 2p "$log/checkpoint")" -ge "$(wc -l <"$data/audit/audit.jsonl")" ]; }
work()
{
    for _ in 1 2 3; do api "$someone" POST /v1/chat/completions "$(chat hello)" >/dev/null; done
    await covers
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

mkfifo "$dir/in"
"$dir/judge" witness <"$dir/in" >"$dir/out" &
peer=$!
exec 3>"$dir/in"
two_lines() { [ "$(wc -l <"$dir/out")" -ge 2 ]; }
expect 'the witness says its key' await test -s "$dir/out"
wkey=$(head -n 1 "$dir/out")
expect 'the daemon starts and knows it' daemon_with_toys --set "audit.witnesses=$wkey"
someone=$(key someone OFFEN)
expect 'there is something to sign' work
cat "$data/keys/log.key" >&3
expect 'the witness listens' await two_lines
address=$(sed -n 2p "$dir/out")
expect 'it is asked and signs' hoheit log witness "$address" "$wkey"
expect 'verify finds that' says 'witness peer.example/w signed [1-9]' 0 verify --witness "$wkey"
expect 'the log grows' work
expect 'it signs again, from where it was' hoheit log witness "$address" "$wkey"
rm -r "$log/cosigned"
expect 'also when this log forgot what it saw' hoheit log witness "$address" "$wkey"
hoheit_other=$("$bin/hoheit" witness init other --dir "$dir/other")
expect 'a line under another key is refused' says 'not its signature' 65 hoheit log witness "$address" "$hoheit_other"
daemon_stop
expect 'at rest all is good' verify --witness "$wkey"
done_testing
