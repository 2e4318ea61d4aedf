#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# It starts, serves, survives being killed, stops; and says what is wrong when it cannot.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"

says() { pattern=$1; shift; "$@" >"$dir/out" 2>&1; grep -q -- "$pattern" "$dir/out" || { cat "$dir/out"; return 1; }; }
ends_with() { want=$1; shift; "$@" >"$dir/out" 2>&1; got=$?; [ "$got" -eq "$want" ] || { cat "$dir/out"; echo "status $got, want $want"; return 1; }; }

# ---- the data directory
expect 'a missing data directory is named, with the command that makes it' \
    says 'hoheit init' "$bin/hoheitd" --data "$dir/none"
expect 'and the exit status says configuration' ends_with 78 "$bin/hoheitd" --data "$dir/none"
expect '--init makes it' "$bin/hoheitd" --init --data "$data"
expect 'a second --init keeps the master key' sh -c "cp '$data/keys/master.key' '$dir/k' &&
    '$bin/hoheitd' --init --data '$data' >/dev/null && cmp '$dir/k' '$data/keys/master.key'"
expect 'everything in it is for the owner alone' sh -c "! find '$data' -perm /077 | grep ."
expect '-t finds nothing wrong' "$bin/hoheitd" -t --data "$data"

# ---- the configuration
bad_config() { printf '%s\n' "$1" >"$data/local.d/bad.yaml"; says "$2" "$bin/hoheitd" -t --data "$data"; r=$?; rm "$data/local.d/bad.yaml"; return "$r"; }
expect 'an unknown key is named with its file' bad_config 'net.lisen: x' 'bad.yaml.*net.lisen'
expect 'a value out of bounds is named with its bounds' bad_config 'net.header_ms_max: 5' 'net.header_ms_max'
expect 'text where a number belongs is refused' bad_config 'net.header_ms_max: soon' 'net.header_ms_max'
expect 'broken YAML is refused with its file' bad_config '{ not: [closed' 'bad.yaml'
expect 'a level the policy does not know is refused' bad_config 'policy.level_max: SECRET' 'SECRET'
chmod 755 "$data/keys"
expect 'a directory open to others is refused with the chmod line' says 'chmod go=' "$bin/hoheitd" -t --data "$data"
chmod 700 "$data/keys"
printf 'levels: [' >"$dir/policy.yaml"
expect 'a broken policy file is refused' ends_with 78 "$bin/hoheitd" -t --data "$data" --set "policy.file=$dir/policy.yaml"
cp "$data/keys/master.key" "$dir/k" && printf short >"$data/keys/master.key"
expect 'a damaged master key is named' says 'master.key' "$bin/hoheitd" --data "$data"
cp "$dir/k" "$data/keys/master.key"

# ---- it runs
expect 'it starts and says where' daemon_start
expect 'and serves' status 200 '' GET /healthy
expect 'a second one on the same directory is refused with the process id' says "$daemon" "$bin/hoheitd" --data "$data"
port=${url##*:}
"$bin/hoheitd" --init --data "$dir/other" >/dev/null
expect 'a taken port is named' says "$port" "$bin/hoheitd" --data "$dir/other" --set "net.listen=127.0.0.1:$port"
expect 'and the exit status says unavailable' ends_with 69 "$bin/hoheitd" --data "$dir/other" --set "net.listen=127.0.0.1:$port"
expect 'an address that is none is refused' ends_with 2 "$bin/hoheitd" --data "$dir/other" --set net.listen=nowhere

# ---- it lives on
gate() { hoheit status --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["gate_pid"])'; }
first=$(gate)
kill -9 "$first"
expect 'after kill -9 of the gate the next request waits for a new one' status 200 '' GET /healthy
expect 'and it is another process' test "$(gate)" != "$first"
expect 'SIGTERM ends it cleanly' sh -c "kill $daemon"
wait "$daemon"
expect 'with exit status 0' test $? -eq 0
daemon=

# ---- damage
printf 'this is no database, not even a small one' >"$data/records/records.db"
rm -f "$data"/records/records.db-*
expect 'a corrupt database ends the start' fails daemon_start
expect 'with the status for damaged data' test "$daemon_status" -eq 65
expect 'and its name in the log' grep -q records.db "$dir/log"
done_testing
