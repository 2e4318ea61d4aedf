#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# time limit: 300 s
#
# Tessera (Go, what Rekor v2 is made of) beside ours: its fsck and hoheit-verify judge the same logs,
# it checks a running log over HTTP, and a log of its own is signed by our witness.
#
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
log=$data/audit/log
w=$dir/witness
serving='' peer=''
skip()
{
    echo "ok 1 - Tessera says the same of every log # SKIP $1"
    echo '1..1'
    exit 0
}
end()
{
    for pid in $serving $peer; do kill "$pid" 2>/dev/null; done
    flow_end
}
trap end EXIT

[ -x "$bin/tiny_log" ] || skip "tiny_log is not built"
command -v go >/dev/null || skip 'go is not installed'
cp -r "$root/tests/peer/tessera" "$dir/peer"
# Without a network: the modules must be in the cache (cd tests/peer/tessera && go mod download).
if ! (cd "$dir/peer" && GOFLAGS=-mod=mod GOPROXY=off GOSUMDB=off go build -o "$dir/tessera" .) 2>"$dir/why"; then
    grep -q 'module lookup disabled\|cannot find module\|requires go' "$dir/why" &&
        skip 'the modules of Tessera are not in the cache'
    sed 's/^/# /' "$dir/why"
fi

# ---- fsck
mkdir "$dir/logs"
python3 "$root/tests/peer/tlog/damage.py" "$bin/tiny_log" "$dir/logs" bare >"$dir/list" || exit 2
key=$(cat "$dir/logs/small/key")
{ echo "$key"; cat "$dir/list"; } | "$dir/tessera" 2>"$dir/klog" | sed 's/:.*//' >"$dir/theirs"
while read -r one; do
    if why=$("$bin/hoheit-verify" --key "$key" "$one"); then echo "good $one"; else echo "bad $one"; fi
    echo "$why" | tail -n 1 >&3
done <"$dir/list" >"$dir/ours" 3>"$dir/reasons"

# fsck reads no further than it must, and note.Open takes what base64 and signatures have in more
# than one form: there ours says bad and it says good, and nowhere else.
paste "$dir/ours" "$dir/theirs" "$dir/reasons" >"$dir/all"
awk -F '\t' '$1 == $2' "$dir/all" >"$dir/same"
awk -F '\t' '$1 != $2' "$dir/all" >"$dir/other"
lenient='instead of\|there is more than\|signed the note twice\|is not valid base64'
stricter() { cat "$dir/other"; ! cut -f 1 "$dir/other" | grep -q '^good' && ! cut -f 3 "$dir/other" | grep -v "$lenient"; }
number() { grep -c "^$1 " "$dir/same"; }
enough() { echo "$(number good) good, $(number bad) bad"; [ "$(number good)" -ge 20 ] && [ "$(number bad)" -ge 170 ]; }
expect 'every log was judged' [ "$(wc -l <"$dir/theirs")" -eq "$(wc -l <"$dir/list")" ]
expect 'at least 20 good and 170 damaged logs have the same verdict' enough
expect 'ours is stricter about bytes too many and second forms, and never more lenient' stricter
echo "# $(number good) good, $(number bad) bad; ours alone found $(wc -l <"$dir/other")"

# ---- a log of Tessera's, signed by our witness
says() { grep -q "$1" "$2"; }
wkey=$("$bin/hoheit" witness init zeuge.example/w1 --dir "$w")
mkfifo "$dir/in" "$dir/ready"
"$dir/tessera" witnessed "$dir/theirlog" <"$dir/in" >"$dir/out" 2>>"$dir/klog" &
peer=$!
exec 4>"$dir/in"
expect 'a log of Tessera says its key' await test -s "$dir/out"
theirkey=$(head -n 1 "$dir/out")
expect 'our witness is told of it' "$bin/hoheit" witness trust "$theirkey" --dir "$w"
"$bin/hoheit" witness serve --dir "$w" --listen 127.0.0.1:0 >"$dir/ready" 2>"$dir/witness.log" &
serving=$!
read -r _ address <"$dir/ready"
printf '%s\n%s\n' "$wkey" "$address" >&4
ended() { ! kill -0 "$peer" 2>/dev/null; }
expect 'it appends and publishes what the witness signed' await ended
peer=''
exec 4>&-
published() { cat "$dir/out"; [ "$(grep -c '^published [1-9]' "$dir/out")" -eq 7 ]; }
expect 'each time all that was appended' published
expect 'its checkpoint has the line of our witness' says '^— zeuge.example/w1 ' "$dir/theirlog/checkpoint"
expect 'hoheit-verify finds that log good, and the witness' \
    "$bin/hoheit-verify" --key "$theirkey" --witness "$wkey" "$dir/theirlog"
seen() { "$bin/hoheit" witness show --dir "$w" | grep -q "peer.example/log: $(sed -n 2p "$dir/theirlog/checkpoint") entries"; }
expect 'the witness saw what was published' seen

# ---- our log as it runs, over HTTP
expect 'the daemon starts' daemon_with_toys
someone=$(key someone OFFEN)
auditor=$(key auditor OFFEN --role auditor)
for _ in 1 2 3; do api "$someone" POST /v1/chat/completions "$(chat hello)" >/dev/null; done
covers() { [ "$(sed -n 2p "$log/checkpoint")" -ge 10 ]; }
expect 'its log is signed' await covers
over_http() { { cat "$data/keys/log.key"; echo "$url/log/ $1"; } | "$dir/tessera" 2>>"$dir/klog" | tee "$dir/verdict"; grep -q "^$2 " "$dir/verdict"; }
expect "Tessera's fsck finds it good over HTTP" over_http "$auditor" good
expect 'not without the key of an auditor' over_http "$someone" bad
daemon_stop
done_testing
