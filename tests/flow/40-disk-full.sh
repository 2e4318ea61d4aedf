#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# A full disk: nothing is answered that could not be recorded, it says why, and it goes on when
# there is room again.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
mkdir -p "$dir/small"
if ! mount -t tmpfs -o size=8m,mode=700 tmpfs "$dir/small" 2>/dev/null; then
    echo "ok 1 - a full disk # SKIP this machine may not mount a small file system"
    echo "1..1"
    exit 0
fi
leave()
{
    [ -z "$daemon" ] || daemon_stop
    umount -l "$dir/small"
    flow_end
}
trap leave EXIT
data=$dir/small/data
daemon_with_toys "$@" || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
k=$(key k VS-NfD)
C=/v1/chat/completions
expect 'with room it answers' status 200 "$k" POST "$C" "$(chat Hallo)"
dd if=/dev/zero of="$dir/small/fill" bs=4096 2>/dev/null
full() { api "$k" POST "$C" "$(chat Hallo)" >/dev/null; [ "$(cat "$dir/status")" = 503 ]; }
expect 'without room it does not' await full
expect 'and says that the disk is full' body 'j["error"]["code"] == "disk_full"'
refuse 'no key can be made' key x intern
expect 'the daemon goes on' status 200 '' GET /healthy
rm "$dir/small/fill"
expect 'with room again it answers' status 200 "$k" POST "$C" "$(chat Hallo)"
lines() { python3 -c 'import json, sys
for line in open(sys.argv[1]): json.loads(line)' "$data/audit/audit.jsonl"; }
expect 'and every line of the log is whole' lines
daemon_stop
expect 'it starts again from what is there' daemon_start
expect 'and knows its keys' status 200 "$k" POST "$C" "$(chat Hallo)"
done_testing
