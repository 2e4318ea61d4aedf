#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# The log a stranger can verify: it is signed as requests come, hoheit-verify finds it good and names
# what was damaged, and a daemon does not start over records that were changed after signing.
#
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

log=$data/audit/log
verify() { "$bin/hoheit-verify" --key "$(cat "$data/keys/log.key")" "$@" "$log"; }
records() { wc -l <"$data/audit/audit.jsonl"; }
covers() { [ "$(sed -n 2p "$log/checkpoint")" -ge "$1" ]; }
names()
{
    pattern=$1
    shift
    "$@" >"$dir/said" 2>&1 && return 1
    cat "$dir/said"
    grep -q "$pattern" "$dir/said"
}

expect 'the daemon starts' daemon_with_toys
someone=$(key someone OFFEN)
for _ in 1 2 3; do api "$someone" POST /v1/chat/completions "$(chat hello)" >/dev/null; done
expect 'what was recorded is signed soon after' await covers "$(records)"
cp "$log/checkpoint" "$dir/noted"
expect 'the log is good' verify
request=$(sed -n 's/.*"request":"\(req_[^"]*\)".*/\1/p' "$data/audit/audit.jsonl" | tail -n 1)
expect 'a request is shown to be in it' verify --request "$request"
refuse 'one that never was is not' verify --request req_none

daemon_stop
expect 'the daemon starts again' daemon_start
api "$someone" POST /v1/chat/completions "$(chat again)" >/dev/null
expect 'the log goes on' await covers "$(records)"
expect 'it extends what was noted before' verify --known "$dir/noted"
expect 'more than one checkpoint is kept' [ "$(grep -c '^hoheit/' "$log/checkpoints")" -ge 2 ]
daemon_stop

entries=$(find "$log/tile/entries" -type f | sort -V | tail -n 1)
cp "$entries" "$dir/entries"
sed -i 's/"event":"decision"/"event":"decisiom"/' "$entries"
expect 'a changed entry is named' names 'tile/entries/.*: byte [0-9]*: entry ' verify
cp "$dir/entries" "$entries"
expect 'undone, the log is good again' verify
cp "$log/checkpoint" "$dir/newest"
cp "$dir/noted" "$log/checkpoint"
expect 'a checkpoint that was set back is found' names 'were signed before' verify
cp "$dir/newest" "$log/checkpoint"

cp "$data/audit/audit.jsonl" "$dir/records"
sed -i '2s/"time":"2/"time":"3/' "$data/audit/audit.jsonl"
refuse 'no daemon starts over a changed record' daemon_start
expect 'and the record is named' grep -q 'record 2 is not the one that was signed' "$dir/log"
sed 1d "$dir/records" >"$data/audit/audit.jsonl"
refuse 'no daemon starts over a record that is gone' daemon_start
cp "$dir/records" "$data/audit/audit.jsonl"
rm -r "$log"
expect 'a log directory that is gone is made anew' daemon_start
expect 'and signed' await covers "$(records)"
expect 'and good' verify --known "$dir/newest"
daemon_stop
done_testing
