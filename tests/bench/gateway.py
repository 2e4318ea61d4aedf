#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""make bench-gateway: what passing a request on to a remote engine costs.

Starts a throw-away installation (BIN) on loopback, a scripted engine behind it and a load generator
before it: the kit's mock.c and load.c (HOHEIT_KIT, else ../shared/bench; skipped where it is absent).
Rounds are interleaved with direct runs and with the peers that the kit's peers.sh has installed
before (PEERS_DIR; nothing is installed here), and medians count.  CPU is the scheduler's own account
of all processes of a gateway.

    passthrough   label "offen": the body goes out and frames come back as they came, on record
    governed      label "intern//SOZIALDATEN": detectors, tokens for identifiers, a second look,
                  translation both ways, on record
Each is measured with its data in memory, where a flush is free, and (.disk) in TMPDIR.

Closes with one line per number: bench NAME VALUE UNIT goal OP GOAL ok|short.  FULL=1: more rounds and
an hour's soak.  QUICK=1: one short round, to see that it works.  BEST=1: the best round in place of the
median, for a machine that others use too.

    gateway.py soak        (make bench-soak) SECONDS (60, or 3600 for the hour) of half of what it can do, whole
                           answers and streams in turn; memory of all its processes before and after
"""
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

BIN = os.environ.get("BIN", "build/release-gcc/bin")
KIT = os.environ.get("HOHEIT_KIT", "../shared/bench")
PEERS = os.environ.get("PEERS_DIR", os.path.expanduser("~/.cache/hoheit-peers"))
FULL, QUICK = bool(os.environ.get("FULL")), bool(os.environ.get("QUICK"))
BEST = bool(os.environ.get("BEST"))
SOAK = sys.argv[1:] == ["soak"]
ROUNDS = 7 if FULL else 1 if QUICK else 3
SECONDS = 3 if FULL else 0.5 if QUICK else 2
SOAK_S = int(os.environ.get("SECONDS", "60")) if SOAK else 3600 if FULL else 3 if QUICK else 30
KEY = "sk-bench-gateway"
DIRS = {"litellm": "venv/bin/litellm", "portkey": "portkey/node_modules/@portkey-ai/gateway/build/start-server.js",
        "bifrost": "bifrost/bifrost-core"}
failed = []


def bench(name, value, unit, op=None, goal=None):
    if value is None:
        print(f"# {name}: no value", flush=True)
        return
    good = op is None or (value <= goal if op == "<=" else value >= goal)
    print(f"bench {name} {value:.4g} {unit}" + (f" goal {op} {goal} {'ok' if good else 'short'}" if op else ""), flush=True)
    if not good:
        failed.append(name)


def skip(why):
    print(f"skipped: {why}")
    sys.exit(0)


# ---- processes
def children(pids):
    found = list(pids)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent = int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent in pids:
            found.append(int(pid))
    return sorted(set(found)) if len(set(found)) == len(set(pids)) else children(sorted(set(found)))


def cpu_us(pids):
    """What the scheduler gave to all their threads; threads that ended are not missed: none do."""
    total = 0
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            total += int(open(f"/proc/{pid}/task/{task}/schedstat").read().split()[0])
    return total / 1000


def memory_kb(pids):
    """Proportional set size: what is shared between the processes counts once."""
    return sum(int(re.search(r"^Pss: +(\d+)", open(f"/proc/{p}/smaps_rollup").read(), re.M)[1]) for p in pids)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Installation:
    """hoheitd in front of the mock, its data below `where`."""

    def __init__(self, where, mock):
        self.dir = tempfile.mkdtemp(prefix="hoheit-bench.", dir=where)
        self.data = self.dir + "/data"
        subprocess.run([f"{BIN}/hoheitd", "--init", "--data", self.data], check=True, stdout=subprocess.DEVNULL)
        with open(self.data + "/providers.yaml", "w", encoding="utf-8") as f:
            f.write(f"""version: 1
providers:
  - name: mock
    dialect: openai
    url: http://127.0.0.1:{mock}/v1
    sink: offen//REL EU
    region: eu
    contract: {{id: bench, processor: bench, basis: bench}}
    credential: {{scheme: none}}
    limits: {{connections_max: "1024", queue_max: "4096"}}
""")
        with open(self.data + "/policy.yaml", "a", encoding="utf-8") as f:
            f.write("downgrades:\n  - { id: pseudonym, removes: SOZIALDATEN, lowers: intern, law: Art. 4 Nr. 5 DSGVO }\n")
        args = [f"{BIN}/hoheitd", "--data", self.data]
        for s in ("net.listen=127.0.0.1:0", "log.level=warning", "gate.running_max=2048", *os.environ.get("SET", "").split()):
            args += ["--set", s]
        self.process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=open(self.dir + "/log", "a"))
        line = self.process.stdout.readline().split()
        if len(line) != 2:
            sys.exit(open(self.dir + "/log").read())
        self.url = line[1].decode() + "/v1/chat/completions"
        self.run("model", "add", "remote:mock/mock-model", "--name", "mock-model")
        self.run("key", "add", "--name", "bench", "--clearance", "VS-NfD//SOZIALDATEN", "--import", KEY)

    def run(self, *args):
        subprocess.run([f"{BIN}/hoheit", "--data", self.data, *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def remove(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        shutil.rmtree(self.dir)


class Target:
    def __init__(self, name, url, pids, *fields):
        self.name, self.url, self.pids, self.rounds = name, url, pids, []
        self.fields = [a for f in fields for a in ("-H", f)]

    def load(self, *args):
        before = cpu_us(self.pids)
        p = subprocess.run([f"{BUILD}/load", "-u", self.url, *self.fields, *map(str, args)], capture_output=True, text=True,
                           timeout=400)
        r = {k: float(v) for k, v in (kv.split("=", 1) for kv in p.stdout.split())}
        r["cpu"] = cpu_us(self.pids) - before
        if r.get("failed"):
            print(f"# {self.name}: {p.stderr.strip()[:200]}", flush=True)
        return r

    def median(self, fn, best=min):
        """Of all rounds; with BEST the best one's."""
        values = []
        for r in self.rounds:
            try:
                values.append(fn(r))
            except (KeyError, ZeroDivisionError):
                pass
        return (best if BEST else statistics.median)(values) if values else None


def control(**settings):
    query = "&".join(f"{k}={v}" for k, v in settings.items())
    with socket.create_connection(("127.0.0.1", MOCK), 5) as s:
        s.sendall(f"GET /control?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        while s.recv(4096):
            pass


def per_request(r):
    return r["cpu"] / r["ok"]


def per_frame(r):
    """Without what the requests themselves cost."""
    return (r["burst"]["cpu"] - r["burst"]["ok"] * per_request(r["c16"])) / r["burst"]["events"]


def measure_plain(t):
    return {"c1": t.load("-c", 1, "-n", 10**6, "-d", SECONDS, "-w", 50),
            "c16": t.load("-c", 16, "-n", 10**6, "-d", SECONDS, "-w", 64)}


def measure(t, streams):
    control(chunks=16, interval_us=0, delay_us=0)
    r = measure_plain(t)
    if streams:
        control(chunks=16, interval_us=2000)
        r["ttft"] = t.load("-s", "-c", 1, "-n", 50, "-d", 10, "-w", 3)
        control(chunks=500, interval_us=0)
        r["burst"] = t.load("-s", "-c", 8, "-n", 10**6, "-d", SECONDS)
        control(chunks=100, interval_us=50000)
        r["s512"] = t.load("-s", "-c", 512, "-n", 512, "-r", 512, "-g", 100, "-d", 15)
    t.rounds.append(r)


def stalled(r):
    return r["s512"]["stalled"] + 512 - r["s512"]["ok"]


def flush_us(where):
    """What one flush of 4 kB costs there."""
    taken = []
    with tempfile.NamedTemporaryFile(dir=where) as f:
        for _ in range(50):
            f.write(b"x" * 4096)
            f.flush()
            began = time.monotonic()
            os.fdatasync(f.fileno())
            taken.append((time.monotonic() - began) * 1e6)
    return statistics.median(taken)


# ---- peers
def peers_start():
    found = [n for n in DIRS if os.path.exists(f"{PEERS}/{DIRS[n]}")]
    env = dict(os.environ, PEERS_DIR=PEERS, BENCH_BUILD=BUILD)
    targets = []
    for name in found:
        subprocess.run([f"{KIT}/peers.sh", "start", name], env=env, capture_output=True, timeout=300)
        line = subprocess.run([f"{KIT}/peers.sh", "targets", name], env=env, capture_output=True, text=True).stdout
        url, *fields = line.strip().split("=", 1)[1].split("|")
        pid = int(open(f"{PEERS}/pid/{name}").read())
        targets.append(Target(name, url, children([pid]), *fields))
    return found, env, targets


# ---- the run
def soak(t, base):
    """At half of what it can do; the same before, so that what is kept for speed is there."""
    rate = max(50, (t.median(lambda r: r["c16"]["rps"]) or 100) / 2)
    control(chunks=16, interval_us=0)
    done = {"ok": 0, "failed": 0}

    def load(*args):
        r = t.load(*args)
        for k in done:
            done[k] += r.get(k, 0)

    for _ in range(2):
        load("-c", 32, "-r", rate, "-n", 10**7, "-d", 5)
        load("-s", "-c", 64, "-n", 512, "-d", 5)
    began, before = time.monotonic(), memory_kb(base)
    while time.monotonic() - began < SOAK_S:
        left = SOAK_S - (time.monotonic() - began)
        load("-c", 32, "-r", rate, "-n", 10**7, "-d", max(1, min(left, 50)))
        load("-s", "-c", 64, "-n", 512, "-d", 5)
        print(f"# after {time.monotonic() - began:.0f} s: {memory_kb(base)} kB, load {os.getloadavg()[0]:.1f}", flush=True)
    bench("gateway.soak.rate", rate, "requests/s")
    bench("gateway.soak.answered", done["ok"], "requests")
    bench("gateway.soak.failed", done["failed"], "requests", "<=", 0)
    after = memory_kb(base)
    bench("gateway.soak.memory_begin", before / 1024, "MB")
    bench("gateway.soak.memory_end", after / 1024, "MB")
    return after - before


def soak_alone():
    mem = Installation(os.environ.get("MEMORY_DIR", "/dev/shm"), MOCK)
    pids = children([mem.process.pid])
    t = Target("passthrough", mem.url, pids, f"Authorization: Bearer {KEY}", "X-Hoheit-Label: offen")
    print(f"{os.uname().machine}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {SOAK_S} s")
    try:
        control(chunks=16, interval_us=0, delay_us=0)
        t.load("-c", 16, "-n", 1000, "-d", 10)
        t.rounds.append({"c16": t.load("-c", 16, "-n", 10**6, "-d", 3, "-w", 64)})
        bench("gateway.soak.growth", abs(soak(t, pids)), "kB", "<=", 1024)
    finally:
        mem.remove()


def report(direct, passed, governed, on_disk, peers):
    for name, t, cpu, p99, frame in (("passthrough", passed, (40, 60), 150, 0.6), ("governed", governed, (120, None), 300, 2)):
        pre = f"gateway.{name}"
        bench(f"{pre}.cpu.c16", t.median(lambda r: per_request(r["c16"])), "us", "<=", cpu[0])
        bench(f"{pre}.cpu.c1", t.median(lambda r: per_request(r["c1"])), "us", *(("<=", cpu[1]) if cpu[1] else ()))
        for q, goal in (("p50", None), ("p99", p99)):
            added = t.median(lambda r: r["c1"][q]) - direct.median(lambda r: r["c1"][q])
            bench(f"{pre}.added_{q}", added, "us", *(("<=", goal) if goal else ()))
        bench(f"{pre}.rate.c16", t.median(lambda r: r["c16"]["rps"], max), "requests/s")
        ttft = t.median(lambda r: r["ttft"]["ttft50"]) - direct.median(lambda r: r["ttft"]["ttft50"])
        bench(f"{pre}.stream.added_ttft_p50", ttft, "us", "<=", 200)
        bench(f"{pre}.stream.cpu_per_frame", t.median(per_frame), "us", "<=", frame)
        bench(f"{pre}.stream.stalled_of_512", t.median(stalled), "streams", "<=", 0)
    for t in on_disk:
        for q in ("p50", "p99"):
            added = t.median(lambda r: r["c1"][q]) - direct.median(lambda r: r["c1"][q])
            bench(f"gateway.{t.name}.added_{q}", added, "us")
        bench(f"gateway.{t.name}.cpu.c16", t.median(lambda r: per_request(r["c16"])), "us")
    bench("gateway.direct.stream.stalled_of_512", direct.median(stalled), "streams")
    for t in peers:
        for c in ("c16", "c1"):
            bench(f"gateway.peer.{t.name}.cpu.{c}", t.median(lambda r: per_request(r[c])), "us")
        bench(f"gateway.peer.{t.name}.added_p99", t.median(lambda r: r["c1"]["p99"]) - direct.median(lambda r: r["c1"]["p99"]), "us")
        bench(f"gateway.peer.{t.name}.stream.cpu_per_frame", t.median(per_frame), "us")
        bench(f"gateway.peer.{t.name}.stream.stalled_of_512", t.median(stalled), "streams")


def main():
    memory = os.environ.get("MEMORY_DIR", "/dev/shm")
    disk = os.environ.get("TMPDIR", "/tmp")
    fields = [f"Authorization: Bearer {KEY}"]
    found, env, peers = peers_start()
    mem, dsk = Installation(memory, MOCK), Installation(disk, MOCK)
    pids = children([mem.process.pid])
    labels = ("X-Hoheit-Label: offen", "X-Hoheit-Label: intern//SOZIALDATEN")
    direct = Target("direct", f"http://127.0.0.1:{MOCK}/v1/chat/completions", [])
    passed = Target("passthrough", mem.url, pids, *fields, labels[0])
    governed = Target("governed", mem.url, pids, *fields, labels[1])
    on_disk = [Target(n + ".disk", dsk.url, children([dsk.process.pid]), *fields, l)
               for n, l in zip(("passthrough", "governed"), labels)]
    print(f"{os.uname().machine}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {'the best' if BEST else 'medians'} of {ROUNDS} interleaved rounds; a flush costs "
          f"{flush_us(memory):.0f} us in {memory}, {flush_us(disk):.0f} us in {disk}; peers: {' '.join(found) or 'none installed'}")
    try:
        for t in (passed, governed, *on_disk, *peers):
            t.load("-c", 16, "-n", 1000, "-d", 10)
        for n in range(ROUNDS):
            others = [passed, governed, *peers]
            for t in [direct] + others[n % len(others):] + others[:n % len(others)]:
                measure(t, True)
            for t in on_disk:
                measure(t, False)
        report(direct, passed, governed, on_disk, peers)
        bench("gateway.memory", memory_kb(pids) / 1024, "MB")
        print(f"# load {os.getloadavg()[0]:.1f} at the end", flush=True)
        bench("gateway.soak.growth", abs(soak(passed, pids)), "kB", "<=", 1024)
    finally:
        mem.remove()
        dsk.remove()
        for name in found:
            subprocess.run([f"{KIT}/peers.sh", "stop", name], env=env, capture_output=True)


if not os.path.exists(f"{KIT}/mock.c"):
    skip(f"there is no kit at {KIT}")
if not shutil.which("cc"):
    skip("there is no compiler for the kit")
BUILD = tempfile.mkdtemp(prefix="hoheit-kit.")
for part in ("mock", "load"):
    subprocess.run(["cc", "-std=c11", "-O2", "-o", f"{BUILD}/{part}", f"{KIT}/{part}.c"], check=True)
# The peers' configuration names this port.
MOCK = 9900 if not SOAK and any(os.path.exists(f"{PEERS}/{d}") for d in DIRS.values()) else free_port()
server = subprocess.Popen([f"{BUILD}/mock", "-p", str(MOCK), "-T", "14400"], stdout=subprocess.DEVNULL)
try:
    time.sleep(0.2)
    soak_alone() if SOAK else main()
finally:
    server.terminate()
    server.wait()
    shutil.rmtree(BUILD)
sys.exit(1 if failed else 0)
