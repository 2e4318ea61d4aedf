#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# time limit: 900 s
#
# The process that writes the log is killed again and again, at any point and under load; so is the
# gate, now and then.  Every answer a client got has its two records, in order and once; the log goes
# on without a gap; hoheit-verify finds it good.  FULL=1 kills a thousand times.
#
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

rounds=50
[ -z "${FULL:-}" ] || rounds=1000
log=$data/audit/log
verify() { "$bin/hoheit-verify" --key "$(cat "$data/keys/log.key")" "$@" "$log"; }

cat >"$dir/crash.py" <<'PY'
import collections, http.client, json, os, random, signal, subprocess, sys, threading, time
url, key, data, daemon, rounds, seed = sys.argv[1:]
host, daemon, rounds = url.split("//")[1], int(daemon), int(rounds)
random.seed(int(seed))
answered, refused, over = [], collections.Counter(), threading.Event()
body = json.dumps({"model": "toy", "max_tokens": 2, "messages": [{"role": "user", "content": "hello"}]})
head = {"Authorization": "Bearer " + key, "Content-Type": "application/json"}


def client():
    while not over.is_set():
        try:
            c = http.client.HTTPConnection(host, timeout=30)
            while not over.is_set():
                c.request("POST", "/v1/chat/completions", body, head)
                r = c.getresponse()
                r.read()
                if r.status == 200:
                    answered.append(r.headers["x-request-id"])
                else:
                    refused[r.status] += 1
        except (OSError, http.client.HTTPException):
            refused["cut"] += 1


def child(name):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            f = open(f"/proc/{pid}/stat").read()
            if int(f.rsplit(")", 1)[1].split()[1]) == daemon and os.readlink(f"/proc/{pid}/exe").endswith("/" + name):
                return int(pid)
        except OSError:
            pass


def grows(before):
    until = time.monotonic() + 30
    while len(answered) <= before and time.monotonic() < until:
        time.sleep(0.002)
    return len(answered) > before


clients = [threading.Thread(target=client) for _ in range(8)]
for t in clients:
    t.start()
assert grows(20), "nothing was answered"
for n in range(rounds):
    victim, until = "hoheit-gate" if n % 25 == 24 else "hoheit-log", time.monotonic() + 30
    while not (pid := child(victim)) and time.monotonic() < until:
        time.sleep(0.002)
    assert pid, f"{victim} was not started again"
    time.sleep(random.random() * random.choice([0.001, 0.01, 0.05]))
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    while child(victim) == pid:
        time.sleep(0.001)
    assert n % 5 or grows(len(answered)), f"after kill {n} nothing was answered any more"
assert grows(len(answered)), "nothing was answered at the end"
over.set()
for t in clients:
    t.join()
os.kill(daemon, signal.SIGTERM)
while os.path.exists(f"/proc/{daemon}") and "Z" not in open(f"/proc/{daemon}/stat").read().rsplit(")", 1)[1][:3]:
    time.sleep(0.01)

seen, seq = collections.defaultdict(list), 0
for line in open(data + "/audit/audit.jsonl"):
    r = json.loads(line)
    seq += 1
    assert r["seq"] == seq, f"record {seq} is numbered {r['seq']}"
    if "request" in r:
        seen[r["request"]].append(r["event"])
lost = [a for a in answered if seen[a] != ["decision", "completion"]]
for a in lost[:5]:
    print(a, seen[a])
assert not lost, f"{len(lost)} of {len(answered)} answers have not their records"
twice = [r for r, events in seen.items() if len(events) != len(set(events))]
assert not twice, f"{len(twice)} requests have a record twice: {seen[twice[0]]}"
kinds = collections.Counter(json.loads(l)["event"] for l in open(data + "/audit/audit.jsonl"))
assert kinds["daemon.stop"] == 1 and kinds["log.lost"] >= rounds / 10, kinds
print(f"{len(answered)} answers, refused {dict(refused)}, records {dict(kinds)}")
PY

expect 'the daemon starts' daemon_with_toys --set engine.restart_ms_max=100 --set log.level=warning
someone=$(key someone OFFEN)
expect "after $rounds kills every answer has its records, once and in order" \
    python3 "$dir/crash.py" "$url" "$someone" "$data" "$daemon" "$rounds" "${SEED:-7}"
sed 's/^/# /' "$dir/shown"
wait "$daemon"
daemon=
expect 'the log is good to its last record' verify
expect 'and the stop is signed' [ "$(sed -n 2p "$log/checkpoint")" -eq "$(wc -l <"$data/audit/audit.jsonl")" ]
expect 'the daemon starts from what is there' daemon_start --set audit.wait_ms_max=300
expect 'and serves' status 200 "$someone" POST /v1/chat/completions "$(chat hello)"

logger=$(pgrep -P "$daemon" -x hoheit-log)
kill -STOP "$logger"
expect 'while the log stands still nothing is answered' status 503 "$someone" POST /v1/chat/completions "$(chat hello)"
expect 'and the reason is said' body '"nothing is released without a record" in j["error"]["message"]'
expect 'what needs no record is served' status 200 '' GET /healthy
kill -CONT "$logger"
serves() { api "$someone" POST /v1/chat/completions "$(chat hello)" >/dev/null; [ "$(cat "$dir/status")" = 200 ]; }
expect 'when it goes on, so do requests' await serves
request=$(sed -n 's/.*"request":"\(req_[^"]*\)".*/\1/p' "$data/audit/audit.jsonl" | tail -n 1)
proven() { hoheit explain "$request" --json | grep -q '"leaf"'; }
expect 'a request is explained with its proof' await proven
served() { curl -sf --unix-socket "$data/run/hoheit.sock" http://x/log/checkpoint | grep -q '^hoheit/'; }
expect 'the checkpoint is served to the operator' served
refuse 'and to no other key' status 200 "$someone" GET /log/checkpoint
daemon_stop
expect 'hoheit verify says the same' hoheit verify
expect 'and the log is good' verify
done_testing
