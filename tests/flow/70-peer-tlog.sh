#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# time limit: 600 s
#
# A foreign judge of the log: golang.org/x/mod/sumdb (tlog and note) and hoheit-verify see the same
# logs, good ones and damaged ones, and must say the same of each.
#
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/hoheit-flow.XXXXXX") || exit 2
trap 'rm -rf "$dir"' EXIT
bin=${BIN:?BIN must name the directory of the programs}

skip()
{
    echo "ok 1 - a foreign judge says the same of every log # SKIP $1"
    echo '1..1'
    exit 0
}

[ -x "$bin/tiny_log" ] || skip "tiny_log is not built"
command -v go >/dev/null || skip 'go is not installed'
cp -r "$root/tests/peer/tlog" "$dir/peer"
# Without a network: the module must be in the cache (cd tests/peer/tlog && go mod download).
if ! (cd "$dir/peer" && GOFLAGS=-mod=mod GOPROXY=off GOSUMDB=off go build -o "$dir/judge" .) 2>"$dir/why"; then
    grep -q 'module lookup disabled\|cannot find module' "$dir/why" && skip 'the module golang.org/x/mod is not in the cache'
    sed 's/^/# /' "$dir/why"
fi

mkdir "$dir/logs"
python3 "$root/tests/peer/tlog/damage.py" "$bin/tiny_log" "$dir/logs" >"$dir/list" || exit 2
key=$(cat "$dir/logs/small/key")
{ echo "$key"; cat "$dir/list"; } | "$dir/judge" | sed 's/:.*//' >"$dir/theirs"
while read -r log; do
    if "$bin/hoheit-verify" --key "$key" "$log" >/dev/null; then echo "good $log"; else echo "bad $log"; fi
done <"$dir/list" >"$dir/ours"

count=0
failed=0
expect()
{
    count=$((count + 1))
    sentence=$1
    shift
    if "$@" >"$dir/shown" 2>&1; then
        echo "ok $count - $sentence"
    else
        failed=1
        echo "not ok $count - $sentence"
        head -n 20 "$dir/shown" | sed 's/^/# /'
    fi
}

number() { grep -c "^$1 " "$dir/theirs"; }

enough() { echo "$(number good) good, $(number bad) bad"; [ "$(number good)" -ge 20 ] && [ "$(number bad)" -ge 200 ]; }

expect 'there are at least 20 good and 200 damaged logs' enough
expect 'the foreign judge says the same of every log' diff "$dir/theirs" "$dir/ours"

# A witness that is asked by the foreign judge, and what it signed read by that judge.
w=$dir/witness
witness() { what=$1; shift; "$bin/hoheit" witness "$what" --dir "$w" "$@"; }
peer() { { echo "$key"; echo "$1"; } | "$dir/judge" >"$dir/verdict"; cat "$dir/verdict"; grep -q "^$2 " "$dir/verdict"; }
witness init peer/w --quiet >/dev/null && witness trust "$key" --quiet
old=0
for size in 1 2 3 255 256 257 700 701; do
    "$bin/tiny_log" "$dir/grown-$size" "$size" >/dev/null
    expect "the foreign judge asks a witness of $size entries after $old" peer "ask $dir/grown-$size $old $dir/ask" good
    expect 'it signs' witness sign "$dir/ask" --out "$dir/cosigned"
    expect 'and the foreign judge finds both signatures' peer "cosigned $dir/cosigned $(cat "$w/key")" good
    old=$size
done
sed -i '$s/A/B/' "$dir/cosigned"
expect 'not so when one is changed' peer "cosigned $dir/cosigned $(cat "$w/key")" bad
echo "# $(number good) good, $(number bad) bad"
echo "1..$count"
exit $failed
