#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# Every event of events.def occurred: in the logs of the flows that ran before this one (lib.sh adds
# their names to the file EVENTS), so it runs behind all of them (make flow, make check).
#
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${EVENTS-}" ] || ! [ -s "$EVENTS" ]; then
    echo 'ok 1 - every event occurs # SKIP it runs behind all other flows (make flow)'
    echo '1..1'
    exit 0
fi
count=0
failed=0
result()
{
    count=$((count + 1))
    [ "$1" = ok ] || failed=1
    echo "$1 $count - $2"
}
expect()
{
    sentence=$1
    shift
    if "$@"; then result ok "$sentence"; else result 'not ok' "$sentence"; fi
}
sed -n 's/^EVENT([A-Z_0-9]*, "\([^"]*\)".*/\1/p' "$root/src/audit/events.def" | sort >"$EVENTS.table"
sort -u "$EVENTS" | sed 's/.*:"\(.*\)"/\1/' >"$EVENTS.seen"
trap 'rm -f "$EVENTS.table" "$EVENTS.seen"' EXIT
expect 'the table is read whole' [ "$(grep -c '^EVENT(' "$root/src/audit/events.def")" -eq "$(wc -l <"$EVENTS.table")" ]
# Where time or a fault of the right moment is needed, a unit test shows it.
occurs()
{
    case $1 in
        kept.expired) grep -q '"kept.expired"' "$root/tests/unit/gate/keep_test.c" ;;
        kept.full) grep -q '"kept.full"' "$root/tests/unit/gate/keep_work_test.c" ;;
        policy.failed) grep -q '"policy.failed"' "$root/tests/unit/acts/versions_test.c" ;;
        *) grep -qxF "$1" "$EVENTS.seen" ;;
    esac
}
while read -r name; do
    expect "$name occurs" occurs "$name"
done <"$EVENTS.table"
# The other way round: nothing is recorded that the table does not name.
while read -r name; do
    expect "$name is in the table" grep -qxF "$name" "$EVENTS.table"
done <"$EVENTS.seen"
echo "1..$count"
exit $failed
