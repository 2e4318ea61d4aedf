#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# A text gets a lower label by two persons, once, and each step is on record before it counts.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
daemon_start "$@" || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }

act() { as=$1 verb=$2; shift 2; HOHEIT_KEY=$as "$bin/hoheit" --url "$url" declassify "$verb" "$@"; }
high='intern//SOZIALDATEN'
hoheit tenant add haus --quiet
hoheit person add carla --tenant haus --quiet
clerk=$(key carla "$high" --person carla)
second=$(key carla-zwei "$high" --person carla --role officer)
officer=$(key olga "$high" --person olga --role officer)
low=$(key lea intern --person lea --role officer)
worker=$(key worker "$high")
printf 'Kennwort Heideblume\nzweite Zeile\n' >"$dir/text"
sum=$(sha256sum "$dir/text" | cut -d ' ' -f 1)

propose()
{
    act "$clerk" propose "$dir/text" --label "$high//TAINT web" --to intern \
        --reason 'Namen sind fort' --basis '§ 67c SGB X' --expires "${1:-1h}" --quiet
}
log_says() { hoheit status >/dev/null && grep -q "$1" "$data/audit/audit.jsonl"; }

# ---- proposing
refuse 'a proposal needs a legal basis' act "$clerk" propose "$dir/text" --label "$high" --to intern --reason x --expires 1h
refuse 'and an end' act "$clerk" propose "$dir/text" --label "$high" --to intern --reason x --basis x
refuse 'that is not too far away' act "$clerk" propose "$dir/text" --label "$high" --to intern --reason x --basis x --expires 31d
refuse 'and takes something off' act "$clerk" propose "$dir/text" --label intern --to "$high" --reason x --basis x --expires 1h
refuse 'nobody proposes what is above their clearance' act "$low" propose "$dir/text" --label "$high" --to intern --reason x --basis x --expires 1h
expect 'the API refuses one without a basis, too' status 400 "$clerk" POST /admin/v1/declassify '{"content":"x","from":"intern","to":"offen","reason":"r","valid_ms":1000}'
expect 'somebody cleared for the text proposes' propose
id=$(tail -n 1 "$dir/shown")
expect 'it is on record' log_says '"event":"declassify.propose"'

# ---- reading
expect 'a second person reads it' act "$officer" show "$id"
cp "$dir/shown" "$dir/seen"
expect 'the bytes' grep -q 'Kennwort Heideblume' "$dir/seen"
expect 'the difference in words' grep -q 'takes off .*compartment SOZIALDATEN' "$dir/seen"
expect 'all of it' grep -q 'takes off .*taint web' "$dir/seen"
expect 'the digest' grep -q "$sum" "$dir/seen"
expect 'that it was read is on record' log_says '"event":"declassify.read"'
act "$officer" show "$id" --text >"$dir/same"
expect 'the text alone is the very bytes' cmp "$dir/same" "$dir/text"
refuse 'an officer below the clearance does not read it' act "$low" show "$id"
act "$low" show "$id" >"$dir/told" 2>&1
expect 'and learns nothing of it' sh -c "! grep -qE 'Heideblume|Namen|67c|carla|$sum' '$dir/told'"
refuse 'nor do they approve it' act "$low" approve "$id" --sha256 "$sum"
refuse 'who is no officer does not read it' act "$worker" show "$id"
refuse 'nor does the operator' hoheit declassify show "$id"

# ---- approving
refuse 'it is not let out before it was approved' act "$clerk" release "$id"
refuse 'an officer who proposed it does not approve it with another key' act "$second" approve "$id" --sha256 "$sum"
expect 'the rule is on record' log_says '"rule":"act.one_person"'
refuse 'an approval of other bytes does not count' act "$officer" approve "$id" --sha256 "$(echo x | sha256sum | cut -d ' ' -f 1)"
expect 'a second person approves these bytes' act "$officer" approve "$id" --sha256 "$sum"
refuse 'once' act "$officer" approve "$id" --sha256 "$sum"
expect 'that is on record' log_says '"event":"declassify.approve"'

# ---- using
refuse 'another than the proposer does not get it' act "$worker" release "$id"
refuse 'nor does the officer' act "$officer" release "$id"
act "$clerk" release "$id" --quiet >"$dir/out"
expect 'the proposer gets the very bytes' cmp "$dir/out" "$dir/text"
expect 'that is on record' log_says '"event":"declassify.release"'
refuse 'once' act "$clerk" release "$id"
expect 'no record holds a word of text, reason or basis' sh -c "! grep -qE 'Heideblume|Namen sind|67c' '$data/audit/audit.jsonl' '$dir/log'"

# ---- what went wrong
before=$(propose 2s)
rest=$(propose)
daemon_stop
at_rest() { [ -s "$data/records/records.db" ] && ! grep -qaE 'Heideblume|67c' "$data"/records/*; }
expect 'text and basis are sealed at rest' at_rest
# One byte of what is kept under the other proposal is another one.
expect 'a proposal is changed in the file' python3 - "$data" "$rest" <<'END'
import sqlite3, sys
d = sqlite3.connect(sys.argv[1] + "/records/records.db")
(b,) = d.execute("SELECT sealed FROM releases WHERE id = ?", (sys.argv[2],)).fetchone()
b = bytearray(b)
b[-30] ^= 1
d.execute("UPDATE releases SET sealed = ? WHERE id = ?", (bytes(b), sys.argv[2]))
d.commit()
END
expect 'the daemon starts again' daemon_start
refuse 'what was changed is not shown' act "$officer" show "$rest"
refuse 'nor approved' act "$officer" approve "$rest" --sha256 "$sum"
gone() { fails act "$officer" approve "$before" --sha256 "$sum"; act "$officer" approve "$before" --sha256 "$sum" 2>&1 | grep -q 'no such proposal'; }
expect 'what is over is not approved' await gone
refuse 'nor let out' act "$clerk" release "$before"
done_testing
