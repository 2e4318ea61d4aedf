#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# time limit: 300 s
#
# The daemon has its witnesses sign the log by itself: who lags is shown and holds nothing up, and a
# witness that knows another log raises an alarm that stands until an auditor ends it.
#
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

log=$data/audit/log
first='' second='' last=''
witness() { w=$1 what=$2; shift 2; "$bin/hoheit" witness "$what" --dir "$dir/$w" "$@"; }
verify() { "$bin/hoheit-verify" --key "$(cat "$data/keys/log.key")" "$@" "$log"; }
records() { wc -l <"$data/audit/audit.jsonl"; }
says()
{
    pattern=$1 wanted=$2
    shift 2
    "$@" >"$dir/said" 2>&1
    was=$?
    cat "$dir/said"
    [ "$was" -eq "$wanted" ] && grep -q "$pattern" "$dir/said"
}
# serve NAME [PORT]: sets address and last, its process
serve()
{
    rm -f "$dir/$1.ready"
    mkfifo "$dir/$1.ready"
    "$bin/hoheit" witness serve --dir "$dir/$1" --listen "127.0.0.1:${2:-0}" >"$dir/$1.ready" 2>>"$dir/$1.log" &
    last=$!
    read -r word address <"$dir/$1.ready" && [ "$word" = ready ]
}
end()
{
    for one in "$first" "$second"; do [ -z "$one" ] || kill -9 "$one" 2>/dev/null; done
    flow_end
}
trap end EXIT
work()
{
    for _ in 1 2 3; do api "$someone" POST /v1/chat/completions "$(chat hello)" >/dev/null; done
}
# state NAME EXPRESSION: what status says of the witness satisfies this, over `w` and, of all, `a`
state()
{
    hoheit status --json >"$dir/status.json" && python3 -c 'import json, sys
a = json.load(open(sys.argv[1]))["witnesses"]
w = {x["name"]: x for x in a["list"]}[sys.argv[2]]
sys.exit(0 if eval(sys.argv[3]) else json.dumps(a))' "$dir/status.json" "$1" "$2"
}
covers() { state "$1" "w['state'] == 'good' and w['signed_entries'] >= $2"; }
list()
{
    printf 'version: 1\nproviders: []\nwitnesses:\n' >"$data/providers.yaml"
    printf '  - {name: %s, key: "%s", url: "%s", limits: {open: 50ms}}\n' "$@" >>"$data/providers.yaml"
}
start() { daemon_start --set witness.interval_ms=100 "$@"; }

# ---- what is no list of witnesses
k1=$(witness w1 init zeuge.example/w1)
k2=$(witness w2 init archiv.example/w2)
expect 'a witness serves' serve w1
first=$last url1=$address
expect 'and a second one' serve w2
second=$last url2=$address
"$bin/hoheitd" --init --data "$data" >/dev/null
list one x "$url1"
expect 'a key that is none is refused' says 'witness one: its key' 78 "$bin/hoheitd" -t --data "$data"
list one "$k1" http://192.0.2.1
expect 'so is plain http to another machine' says 'use https' 78 "$bin/hoheitd" -t --data "$data"
list one "$k1" "$url1" two "$k1" "$url2"
expect 'a key that is there twice' says 'names a key twice' 78 "$bin/hoheitd" -t --data "$data"
list one "$k1" "$url1" two "$k2" "$url2"
expect 'and more wanted than there are' says 'wants 3 witnesses' 78 \
    "$bin/hoheitd" -t --data "$data" --set witness.quorum=3

# ---- by itself
expect 'the daemon starts' start
hoheit model add toy --name toy --quiet
someone=$(key someone OFFEN)
auditor=$(key auditor OFFEN --role auditor)
expect 'a witness that was not told of the log signs nothing' await state one "'does not know this log' in w['why']"
expect 'which is weak in the eyes of the doctor' says 'weak.*0 of the 2 wanted' 0 hoheit doctor
expect 'and raises no alarm' says 'no alarm' 0 hoheit log alarm
expect 'a witness is no provider of models' says 'no provider' 2 hoheit model add remote:one/x --name x
witness w1 trust "$(cat "$data/keys/log.key")"
witness w2 trust "$(cat "$data/keys/log.key")"
work
n=$(records)
expect 'now the first has signed' await covers one "$n"
expect 'and the second' await covers two "$n"
expect 'the doctor is content with them' says 'ok.*witness two signed' 0 hoheit doctor
expect 'status tells of them' says '2 of 2 wanted' 0 hoheit status
expect 'what it signed is served' says '^— zeuge.example/w1 ' 0 \
    api "$auditor" GET "/log/cosigned/$(echo "$k1" | cut -d + -f 2)"
refuse 'not to an application' says 'zeuge' 0 api "$someone" GET "/log/cosigned/$(echo "$k1" | cut -d + -f 2)"
expect 'that is on record' says 'object archiv.example/w2.*entries' 0 hoheit log find --event log.cosign
rest() { a=$(records) && timeout 0.3 tail -f /dev/null; [ "$a" = "$(records)" ]; }
expect 'a log at rest comes to rest' await rest

# ---- one is gone
kill -9 "$second" && wait "$second" 2>/dev/null
second=''
work
n=$(records)
expect 'without one the other signs' await covers one "$n"
expect 'the one lags' await state two "w['failures'] > 0 and w['lag_entries'] > 0 and a['good'] == 1"
counters() { curl -sS --unix-socket "$data/run/hoheit.sock" http://x/metrics; }
expect 'the counters say so' says '^hoheit_witness_lag_entries{witness="two"} [1-9]' 0 counters
expect 'and the doctor' says 'weak.*witness two is [0-9]* entries behind.*reached' 0 hoheit doctor
expect 'requests do not wait for it' status 200 "$someone" POST /v1/chat/completions "$(chat hello)"
n=$(records)
expect 'it comes back' serve w2 "${url2##*:}"
second=$last
expect 'and catches up by itself' await covers two "$n"
expect 'all is well again' state two "a['good'] == 2 and w['lag_entries'] == 0 and not a['alarm']"
daemon_stop
expect 'verify finds the first' says 'witness zeuge.example/w1 signed [1-9]' 0 verify --witness "$k1"
expect 'and the second' says 'witness archiv.example/w2 signed [1-9]' 0 verify --witness "$k2"

# ---- set back: the directory, and hoheitd's own file with it
cp -r "$data" "$dir/backup"
expect 'the daemon starts again' start
work
n=$(records)
expect 'and goes on' await covers two "$n"
daemon_stop
mv "$data" "$dir/newer"
mv "$dir/backup" "$data"
expect 'it starts over an older copy of all of it' start
alarmed() { says 'witness.alarm' 65 hoheit log alarm; }
expect 'an alarm is raised by itself' await alarmed
expect 'it says what was seen' says 'it saw [0-9]* entries, this log has' 65 hoheit log alarm
expect 'status shows it' state one "a['alarm']"
expect 'the doctor calls that wrong' says 'wrong.*alarm about witnesses' 1 hoheit doctor
alarms() { grep -c '"event":"witness.alarm"' "$data/audit/audit.jsonl"; }
raised=$(alarms)
expect 'who runs the log cannot end it' says 'auditor' 77 hoheit log clear --reason 'nothing'
expect 'requests go on' status 200 "$someone" POST /v1/chat/completions "$(chat hello)"
daemon_stop
expect 'a daemon that starts anew' start
expect 'still has it' await state one "a['alarm']"
expect 'and does not raise it again and again' [ "$(alarms)" -eq "$raised" ]
expect 'an auditor ends it' hoheit --url "$url" --key "$auditor" log clear --reason 'restored from the backup'
again() { [ "$(alarms)" -gt "$raised" ]; }
expect 'what the witness knows is not gone with that: the next alarm' await again
daemon_stop
expect 'whoever verifies is told' says 'ALARM' 65 verify
done_testing
