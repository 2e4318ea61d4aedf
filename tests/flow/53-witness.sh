#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# A second party signs the log while it only grows: over the network and from files, what it signed
# is taken in and asked for by verify; a fork, a rollback and a state that was set back raise an
# alarm that stays until somebody gives a reason.
#
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

log=$data/audit/log w=$dir/witness
witness() { what=$1; shift; "$bin/hoheit" witness "$what" --dir "$w" "$@"; }
records() { wc -l <"$data/audit/audit.jsonl"; }
covers() { [ "$(sed -n 2p "$log/checkpoint")" -ge "$1" ]; }
verify() { "$bin/hoheit-verify" --key "$(cat "$data/keys/log.key")" "$@" "$log"; }
says()
{
    pattern=$1 wanted=$2
    shift 2
    "$@" >"$dir/said" 2>&1
    status=$?
    cat "$dir/said"
    [ "$status" -eq "$wanted" ] && grep -q "$pattern" "$dir/said"
}
work()
{
    for _ in 1 2 3; do api "$someone" POST /v1/chat/completions "$(chat hello)" >/dev/null; done
    await covers "$(records)"
}

expect 'a witness is made' witness init 'archiv.example/w1'
wkey=$(cat "$w/key")
refuse 'and not made again over the one that is there' witness init 'archiv.example/w1'
refuse 'a daemon does not start with a key that is none' daemon_start --set audit.witnesses=x
rm -rf "$data"
expect 'the daemon starts, and knows its witness' daemon_with_toys --set "audit.witnesses=$wkey"
someone=$(key someone OFFEN)
auditor=$(key auditor OFFEN --role auditor)
expect 'there is something to sign' work
origin=$(head -n 1 "$log/checkpoint")

HOHEIT_KEY=$auditor
export HOHEIT_KEY
expect 'a log it was not told of is not signed' says 'not told to trust' 1 witness sign "$url"
expect 'it is told to trust the log' witness trust "$(cat "$data/keys/log.key")"
expect 'it signs over the network' witness sign "$url" --out "$dir/cosigned"
HOHEIT_KEY=$someone
expect 'but not with the key of an application' says 'auditor' 77 witness sign "$url"
unset HOHEIT_KEY
expect 'no witness, no verdict' says 'did not sign it' 65 verify --witness "$wkey"
expect 'the log takes it in' hoheit log cosign "$dir/cosigned"
expect 'that is on record' grep -q '"event":"log.cosign".*archiv.example/w1' "$data/audit/audit.jsonl"
expect 'verify finds the witness' says 'witness archiv.example/w1 signed [1-9]' 0 verify --witness "$wkey"
expect 'and so does hoheit verify' hoheit verify --witness "$wkey"
await covers "$(records)"
expect 'the log is good without the witness, too' verify
printf '%s\n' 'hoheit/x' 1 "$(head -c 32 /dev/zero | base64)" '' '— x AAAAAAAA' >"$dir/garbage"
expect 'garbage is not taken in' says 'not a checkpoint of this log' 2 hoheit log cosign "$dir/garbage"
sed '$d' "$dir/cosigned" >"$dir/alone"
expect 'nor a checkpoint that nobody else signed' says 'none of the witnesses' 2 hoheit log cosign "$dir/alone"
refuse 'nor by an application' env HOHEIT_KEY="$someone" "$bin/hoheit" --url "$url" log cosign "$dir/cosigned"

expect 'the log grows' work
cp -r "$log" "$dir/carried"
cp -r "$w" "$dir/witness.old"
expect 'it signs what was carried to it' witness sign "$dir/carried" --out "$dir/cosigned"
expect 'the log takes that in' hoheit log cosign "$dir/cosigned"
await covers "$(records)"
daemon_stop
expect 'at rest the log is good with its witness' verify --witness "$wkey"
expect 'the daemon starts over it' daemon_start --set "audit.witnesses=$wkey"
daemon_stop
cp -r "$log" "$dir/rest"
expect 'verify still finds the witness' verify --witness "$wkey"

# The same tree again: the time is new, and the line goes under the checkpoint itself.
expect 'one signs at rest' witness sign "$log" --out "$dir/cosigned"
expect 'the daemon starts once more' daemon_start --set "audit.witnesses=$wkey"
expect 'and takes that in' hoheit log cosign "$dir/cosigned"
await covers "$(records)"
daemon_stop

# A witness whose state was set back says so, since the log still shows what it signed.
mv "$w" "$dir/witness.new"
cp -r "$dir/witness.old" "$w"
expect 'a state that was set back raises an alarm' says 'alarm: set-back' 65 witness sign "$log"
rm -r "$w"
mv "$dir/witness.new" "$w"

# Less than was seen.
rm -r "$dir/carried/cosigned"
expect 'a log that was set back raises an alarm' says 'alarm: rollback' 65 witness sign "$dir/carried"
expect 'now nothing is signed, not even what is good' says 'alarm: rollback' 65 witness sign "$log"
expect 'the alarm is shown' says 'ALARM' 65 witness show
expect 'it is not cleared without a reason' says 'reason is needed' 2 witness clear "$origin"
expect 'nor that of another log' says 'not told to trust' 1 witness clear "hoheit/other" --reason 'no'
expect 'with a reason it is' witness clear "$origin" --reason 'old stick, file 12/26'
expect 'alarm and reason stay' says 'cleared: old stick' 0 witness show
expect 'there is nothing left to clear' says 'no alarm' 1 witness clear "$origin" --reason 'again'
expect 'it signs again' witness sign "$log" --out "$dir/cosigned"

# Somebody who holds log and key makes another history.
expect 'a forked log is signed by its operator' sh -c "
    cp -r '$data' '$dir/fork' && rm -rf '$dir/fork/audit' '$dir/fork/keys/log.signed' && mkdir -m 700 '$dir/fork/audit' &&
    mv '$data' '$dir/true' && mv '$dir/fork' '$data'"
expect 'its daemon starts' daemon_start
n=$(sed -n 2p "$dir/true/audit/log/checkpoint")
longer() { work && [ "$(records)" -gt "$n" ]; }
expect 'its log is longer' await longer
daemon_stop
expect 'by itself it looks good' verify
expect 'the witness raises an alarm' says 'alarm: fork' 65 witness sign "$log"
expect 'and keeps the proof' says 'alarm: fork' 65 witness show
expect 'what the fork signed is kept beside it' sh -c "'$bin/hoheit' witness show --dir '$w' --json | grep -q '\"kind\":\"fork\",\"note\":\"$origin'"

# Its state.
state=$(find "$w/logs" -type f)
cp "$state" "$dir/state"
sed -i 's/^cleared \([0-9]*\) old/cleared \1 new/' "$state"
expect 'a state that was changed is found' says 'changed by somebody else' 65 witness show
grep -v '^alarm .* fork' "$dir/state" >"$state"
expect 'an alarm cannot be taken out' says 'changed by somebody else' 65 witness sign "$dir/rest"
cp "$dir/state" "$state"
expect 'undone, the alarm stands' says 'alarm: fork' 65 witness sign "$dir/rest"
done_testing
