#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# A witness that serves add-checkpoint (C2SP tlog-witness): it signs what grows and nothing else,
# whatever kills it in between; and a log that was set back raises an alarm that stands in the log
# until an auditor ends it.
#
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
log=$data/audit/log
w=$dir/witness
serving=''
witness() { what=$1; shift; "$bin/hoheit" witness "$what" --dir "$w" "$@"; }
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
serve()
{
    rm -f "$dir/witness.ready"
    mkfifo "$dir/witness.ready"
    "$bin/hoheit" witness serve --dir "$w" --listen 127.0.0.1:0 >"$dir/witness.ready" 2>>"$dir/witness.log" &
    serving=$!
    read -r word address <"$dir/witness.ready" && [ "$word" = ready ]
}
stop_serving()
{
    kill "$1" "$serving" && wait "$serving" 2>/dev/null
    status=$?
    serving=''
    [ "$status" -eq "$2" ]
}
end()
{
    [ -z "$serving" ] || kill -9 "$serving" 2>/dev/null
    flow_end
}
trap end EXIT
# answers STATUS BODY-PATTERN [curl option...]
answers()
{
    want=$1 pattern=$2
    shift 2
    got=$(curl -sS -m 10 -D "$dir/head" -o "$dir/body" -w '%{http_code}' "$@")
    cat "$dir/head" "$dir/body"
    [ "$got" = "$want" ] && grep -q "$pattern" "$dir/body"
}
post() { status=$1 pattern=$2 file=$3; answers "$status" "$pattern" --data-binary "@$file" "$address/add-checkpoint"; }

# ---- by itself
"$bin/tiny_log" "$dir/a5" 5 >"$dir/key"
"$bin/tiny_log" "$dir/a9" 9 >/dev/null
"$bin/tiny_log" "$dir/b5" 5 0 80 >/dev/null
"$bin/tiny_log" "$dir/b9" 9 0 80 >/dev/null
ask() { printf 'old %s\n%s\n' "$1" "${3-}" | cat - "$dir/$2/checkpoint" >"$dir/ask"; }
wkey=$(witness init zeuge.example/w1)
expect 'nothing is served without an address' says 'listen must name' 2 witness serve
expect 'nor without a witness' says 'no witness in this directory' 1 \
    "$bin/hoheit" witness serve --dir "$dir/none" --listen 127.0.0.1:0
expect 'a witness serves' serve
expect 'a log that it was not told of is not known' sh -c "printf 'old 0\n\n' | cat - '$dir/a5/checkpoint' >'$dir/ask'"
expect 'which is status 404' post 404 'does not know' "$dir/ask"
expect 'it is told while it serves' witness trust "$(cat "$dir/key")"
expect 'now that is signed' post 200 '^— zeuge.example/w1 ' "$dir/ask"
ask 0 a9
expect 'another size than was seen is a conflict that says the size' post 409 '^5$' "$dir/ask"
expect 'in its own type' grep -qi '^content-type: text/x.tlog.size' "$dir/head"
ask 9 a5
expect 'an old size above the new one is malformed' post 400 . "$dir/ask"
ask 5 a9
expect 'growth without a proof is not signed' post 422 'does not show' "$dir/ask"
sed -i 's/^9$/8/' "$dir/ask"
expect 'what the key of the log did not sign is refused' post 403 'not signed' "$dir/ask"
expect 'other paths are not there' answers 404 add-checkpoint "$address/"
expect 'and it is asked by POST' answers 405 POST "$address/add-checkpoint"
expect 'a request without a checkpoint is malformed' answers 400 add-checkpoint -d 'old 5' "$address/add-checkpoint"
head -c 100000 /dev/zero >"$dir/large"
expect 'one that is too large is refused' answers 413 . --data-binary "@$dir/large" "$address/add-checkpoint"
expect 'none of that raised an alarm' says 'hoheit/test: 5 entries.*good' 0 witness show
ask 5 b5
expect 'a second tree of that size is not signed' post 422 'two histories' "$dir/ask"
expect 'it raises an alarm' says 'alarm: fork' 65 witness show
ask 5 a5
expect 'that stands' post 403 'an alarm stands' "$dir/ask"
expect 'until somebody clears it, while it serves' witness clear hoheit/test --reason 'tested'
expect 'then what was seen is signed again' post 200 '^— ' "$dir/ask"
expect 'it ends when it is told to' stop_serving -TERM 0

# ---- killed at any moment
expect 'killed at any moment, it never signs two trees of one size' \
    python3 "$root/tests/peer/witness_kill.py" "$bin/hoheit" "$dir"

# ---- a log that asks it
rm -rf "$w"
wkey=$(witness init zeuge.example/w1)
expect 'the daemon starts and knows the witness' daemon_with_toys --set "audit.witnesses=$wkey"
someone=$(key someone OFFEN)
auditor=$(key auditor OFFEN --role auditor)
expect 'the witness knows the log' witness trust "$(cat "$data/keys/log.key")"
expect 'it serves again' serve
expect 'there is something to sign' work
expect 'it is asked and signs' hoheit log witness "$address" "$wkey"
expect 'verify finds that' says 'signed [1-9]' 0 verify --witness "$wkey"
daemon_stop
cp -r "$data" "$dir/backup"
daemon_start --set "audit.witnesses=$wkey"
expect 'the log grows' work
stop_serving -9 137
expect 'the witness comes back after kill -9' serve
expect 'and signs from where it was' hoheit log witness "$address" "$wkey"
expect 'there is no alarm' says 'no alarm' 0 hoheit log alarm
expect 'nor one to clear' says 'no alarm' 1 hoheit --url "$url" --key "$auditor" log clear --reason 'none'
expect 'records are found by their event' says 'log.cosign.*object zeuge.example/w1' 0 hoheit log find --event log.cosign
expect 'those of another day are not' says 'no such record' 1 hoheit log find --event log.cosign --until 2020-01-01
expect 'a field that is none is refused' says 'at most\|one of' 2 hoheit log find --event x --by y
daemon_stop

# ---- set back
newest=$(sed -n 2p "$log/checkpoint")
mv "$data" "$dir/newer"
mv "$dir/backup" "$data"
cat "$dir/newer/audit/log/cosigned/"* >"$dir/cosigned"
expect 'the daemon starts over an older copy' daemon_start --set "audit.witnesses=$wkey"
expect 'by itself it looks good' verify
expect 'the witness saw more: an alarm' says "alarm: it saw [0-9]* entries, this log has" 65 hoheit log witness "$address" "$wkey"
expect 'it stands' says 'witness.alarm.*zeuge.example/w1' 65 hoheit log alarm
expect 'nothing of witnesses is taken in' says 'alarm about witnesses stands' 65 hoheit log cosign "$dir/cosigned"
await covers
expect 'everybody who verifies is told' says 'ALARM: record' 65 verify
expect 'with the other program as well' says 'alarm about witnesses stands' 65 hoheit verify
expect 'who runs the log cannot end it' says 'auditor\|role' 77 hoheit log clear --reason 'nothing'
expect 'nor an auditor without a reason' says 'reason' 2 hoheit --url "$url" --key "$auditor" log clear
expect 'with a reason it ends' hoheit --url "$url" --key "$auditor" log clear --reason 'restored from the backup'
expect 'and is said to have' says 'no alarm' 0 hoheit log alarm
await covers
expect 'then verify is content' verify
expect 'alarm and reason stay' says 'why restored from the backup' 0 hoheit log find --event witness.clear
expect 'what was signed before proves the same, without the witness' says 'alarm: fork\|alarm: rollback' 65 hoheit log cosign "$dir/cosigned"
expect 'that stands too' says 'entries were signed, this log has' 65 hoheit log alarm
hoheit --url "$url" --key "$auditor" log clear --reason 'the same' --quiet
longer() { work && [ "$(sed -n 2p "$log/checkpoint")" -gt "$newest" ]; }
expect 'it goes on from there, past what was seen' await longer
expect 'the witness does not find that grown: an alarm on both sides' says 'alarm: it saw' 65 hoheit log witness "$address" "$wkey"
expect 'there too' says 'alarm: fork' 65 witness show
daemon_stop
expect 'the witness ends in order' stop_serving -TERM 0
done_testing
