# shellcheck shell=sh
# SPDX-License-Identifier: EUPL-1.2
# lib.sh - what flows share: a throw-away installation on loopback, sentences with TAP results.
#
#   expect 'a sentence' command...      ok when the command succeeds
#   refuse 'a sentence' command...      ok when it fails
#   daemon_start [hoheitd option...]    sets url; key NAME CLEARANCE prints a new key
#   api KEY METHOD PATH [BODY [curl option...]]   prints the body; $dir/status, $dir/head hold the rest
#   done_testing                        prints the plan
#
# BIN is the directory of the programs.  Everything lies in $dir and goes at the end; the names of
# the events in its logs are added to the file EVENTS, if that is set (99-events.sh).
bin=${BIN:?BIN must name the directory of the programs}
dir=$(mktemp -d "${TMPDIR:-/tmp}/hoheit-flow.XXXXXX") || exit 2
data=$dir/data
count=0 failed=0 daemon='' url=''

flow_end()
{
    [ -z "$daemon" ] || daemon_stop
    [ -z "${EVENTS-}" ] || find "$dir" -name audit.jsonl -exec grep -aoh '"event":"[^"]*"' {} + | sort -u >>"$EVENTS"
    rm -rf "$dir"
}
trap flow_end EXIT
trap 'exit 130' INT TERM

result()
{
    count=$((count + 1))
    echo "$1 $count - $2"
}

show()
{
    [ ! -s "$1" ] || head -c 2000 "$1" | sed 's/^/# /'
}

expect()
{
    sentence=$1
    shift
    if "$@" >"$dir/shown" 2>&1; then
        result ok "$sentence"
    else
        failed=1
        result 'not ok' "$sentence"
        echo "# $*"
        show "$dir/shown"
    fi
}

refuse()
{
    sentence=$1
    shift
    expect "$sentence" fails "$@"
}

fails() { ! "$@"; }

# Every flow ends with this.
done_testing()
{
    [ "$failed" -eq 0 ] || [ ! -s "$dir/log" ] || tail -n 20 "$dir/log" | sed 's/^/# log: /'
    echo "1..$count"
    exit $failed
}

hoheit() { "$bin/hoheit" --data "$data" "$@"; }

# Until the command succeeds, about ten seconds at most.  A shell has no event to wait for here, so
# it looks again after each turn of a short blocking read.
await()
{
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 500 ] || return 1
        timeout 0.02 tail -f /dev/null
    done
    return 0
}

daemon_start()
{
    [ -d "$data" ] || "$bin/hoheitd" --init --data "$data" >/dev/null || return 1
    rm -f "$dir/ready"
    mkfifo "$dir/ready"
    "$bin/hoheitd" --data "$data" --set net.listen=127.0.0.1:0 "$@" >"$dir/ready" 2>>"$dir/log" &
    daemon=$!
    if ! read -r word url <"$dir/ready" || [ "$word" != ready ]; then
        wait "$daemon"
        daemon_status=$?
        daemon=
        return 1
    fi
}

daemon_stop()
{
    kill "$daemon" 2>/dev/null
    wait "$daemon"
    daemon_status=$?
    daemon=
}

# A fresh installation with the two built-in models.
daemon_with_toys()
{
    daemon_start "$@" && hoheit model add toy --name toy --quiet &&
        hoheit model add toy-embed --name toy-embed --quiet
}

key()
{
    name=$1 clearance=$2
    shift 2
    hoheit key add --name "$name" --clearance "$clearance" --quiet "$@"
}

api()
{
    api_key=$1 method=$2 path=$3 body=${4-}
    shift 3
    [ $# -eq 0 ] || shift
    [ -z "$body" ] || set -- --data-binary "$body" "$@"
    [ -z "$api_key" ] || set -- -H "Authorization: Bearer $api_key" "$@"
    curl -sS -m 20 -X "$method" -H 'Content-Type: application/json' -D "$dir/head" -o "$dir/body" \
        -w '%{http_code}' "$@" "$url$path" >"$dir/status"
    cat "$dir/body"
}

# status WANT KEY METHOD PATH [BODY...]: the answer has this status.
status()
{
    want=$1
    shift
    api "$@"
    [ "$(cat "$dir/status")" = "$want" ] || { echo "status $(cat "$dir/status"), want $want"; return 1; }
}

# The JSON in $dir/body satisfies this Python expression over `j`.
body()
{
    python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
sys.exit(0 if eval(sys.argv[2]) else f"not so: {sys.argv[2]}: {json.dumps(j)[:600]}")' "$dir/body" "$1"
}

chat() { printf '{"model":"toy","messages":[{"role":"user","content":"%s"}]%s}' "$1" "${2-}"; }
