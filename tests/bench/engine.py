#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""make bench-engine: our whole stack against llama-server and llama-batched-bench, in one run.

All three are built from the same source of llama.cpp (tests/peer/llama/build), run the default model
with two threads and OMP_WAIT_POLICY=passive, and take turns, so that a busy machine is busy for all.
Ours is asked over HTTP with a key, a policy and a log, as in use.  Closes with one line per number:
bench NAME VALUE UNIT goal OP GOAL ok|short.

BIN, MODEL (deps/path), PEER (tests/peer/llama/build), TINY_GGUF; ONLY=tokens,gaps,prefix,queue,tenants,cost
"""
import sys
sys.path.pop(0)  # this directory, where http.py is another bench
import atexit, http.client, json, os, random, shutil, signal, socket, statistics, subprocess, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("BIN", ROOT + "/build/release-gcc/bin")
TINY = os.environ.get("TINY_GGUF", BIN + "/tiny_gguf")
TICK = os.sysconf("SC_CLK_TCK")
THREADS, READ, WRITE, LONG = "2", 128, 32, 3000
PASSIVE = dict(os.environ, OMP_WAIT_POLICY="passive")
WORDS = ("red green blue house tree water road stone light cloud river bridge paper table window garden field "
         "forest market school office letter number answer question winter summer morning evening north south").split()
dice = random.Random(7)
failed = []


def bench(name, value, unit, op=None, goal=None):
    good = op is None or (value <= goal if op == "<=" else value >= goal)
    text = "" if op is None else f" goal {op} {goal} {'ok' if good else 'short'}"
    print(f"bench engine.{name} {value:.3g} {unit}{text}", flush=True)
    if not good:
        failed.append(name)


def words(count):
    return "".join(" " + dice.choice(WORDS) for _ in range(count))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """Runs until stop(), or until this program ends, however it does."""

    def run(self, args, **options):
        self.process = subprocess.Popen(args, **options)
        atexit.register(self.stop)

    def stop(self):
        atexit.unregister(self.stop)
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        shutil.rmtree(self.dir)


class Ours(Server):
    """hoheitd with its parts, on a free port, thrown away at the end."""
    name, extra = "hoheit", {}

    def __init__(self, model, *settings, name="demo"):
        self.dir = tempfile.mkdtemp(prefix="hoheit-bench.")
        self.data, self.model, self.keys = self.dir + "/data", name, {}
        subprocess.run([BIN + "/hoheitd", "--init", "--data", self.data], check=True, stdout=subprocess.DEVNULL)
        args = [BIN + "/hoheitd", "--data", self.data]
        for s in ("net.listen=127.0.0.1:0", "log.level=warning", "engine.threads=" + THREADS, *settings):
            args += ["--set", s]
        self.run(args, stdout=subprocess.PIPE, stderr=open(self.dir + "/log", "a"))
        self.port = int(self.process.stdout.readline().split()[1].decode().rsplit(":", 1)[1])
        self.tool("model", "add", model, "--name", name, "--quiet")

    def tool(self, *args):
        return subprocess.run([BIN + "/hoheit", "--data", self.data, *args], check=True, capture_output=True, text=True).stdout

    def head(self, tenant):
        if tenant not in self.keys:
            self.keys[tenant] = self.tool("key", "add", "--name", "k" + tenant, "--clearance", "intern", "--tenant", tenant, "--quiet").strip()
        return {"Authorization": "Bearer " + self.keys[tenant]}

    def cpu_s(self):
        total = 0
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                f = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
                if int(pid) == self.process.pid or int(f[1]) == self.process.pid:
                    total += int(f[11]) + int(f[12])
            except OSError:
                pass
        return total / TICK


class Theirs(Server):
    extra = {"cache_prompt": False}

    def __init__(self, name, peer, model, *options):
        self.name, self.model, self.dir, self.port = name, "m", tempfile.mkdtemp(prefix="llama-server."), free_port()
        self.run(
            [peer + "/llama-server", "-m", model, "-t", THREADS, "-np", "6", "-c", "16384", "-kvu", "--host", "127.0.0.1",
             "--port", str(self.port), *options], env=PASSIVE, stdout=subprocess.DEVNULL, stderr=open(self.dir + "/log", "w"))
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                c.request("GET", "/health")
                if c.getresponse().status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        sys.exit("llama-server did not start: " + open(self.dir + "/log").read()[-500:])

    def head(self, tenant):
        return {}


class Answer:
    """A streamed completion; `at` are the times at which text came."""

    def __init__(self, server, prompt, tokens, tenant="default"):
        self.server, self.prompt, self.tokens, self.tenant = server, prompt, tokens, tenant
        self.at, self.usage, self.text, self.is_cut = [], None, "", False
        self.head = server.head(tenant)
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self.began = time.monotonic()
        self.thread.start()
        return self

    def run(self):
        body = {"model": self.server.model, "prompt": self.prompt, "max_tokens": self.tokens, "temperature": 0,
                "stream": True, "stream_options": {"include_usage": True}, "ignore_eos": True, **self.server.extra}
        c = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=300)
        c.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json", **self.head})
        r = c.getresponse()
        if r.status != 200:
            sys.stderr.write(f"{self.server.name}: {r.status} {r.read()[:300]}\n")
            os.kill(os.getpid(), signal.SIGTERM)
        for line in r:
            if self.is_cut:
                break
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            if event.get("choices") and event["choices"][0].get("text"):
                self.at.append(time.monotonic())
                self.text += event["choices"][0]["text"]
            self.usage = event.get("usage") or self.usage
        c.close()

    def join(self):
        self.thread.join()
        return self

    def cut(self):
        self.is_cut = True

    def first(self):
        return self.at[0] - self.began

    def wait_first(self):
        while not self.at:
            time.sleep(0.01)


# ---- tokens per second, beside the library's own bench


def library_rates(peer, model, n):
    """Tokens read and written a second."""
    out = subprocess.run([peer + "/llama-batched-bench", "-m", model, "-t", THREADS, "-tb", THREADS, "-c", "4096", "-b", "2048",
                          "-ub", "512", "-npp", str(READ), "-ntg", str(WRITE), "-npl", str(n)],
                         env=PASSIVE, capture_output=True, text=True).stdout
    names, _, row = [[c.strip() for c in line.split("|")[1:-1]] for line in out.splitlines() if line.startswith("|")]
    return tuple(float(row[names.index(c)]) for c in ("S_PP t/s", "S_TG t/s"))


def our_rates(d, n):
    """The prompts are read first, by requests of one token; then what is kept of them is continued."""
    prompts = [words(READ - 2) for _ in range(n)]
    began = time.monotonic()
    for a in [Answer(d, p, 1).start() for p in prompts]:
        a.join()
    read = time.monotonic() - began
    answers = [Answer(d, p, WRITE + 1).start() for p in prompts]
    for a in answers:
        a.join()
    start, end = max(a.at[0] for a in answers), max(a.at[-1] for a in answers)
    written = sum(sum(t > start for t in a.at) for a in answers)
    return sum(a.usage["prompt_tokens"] for a in answers) / read, written / (end - start)


def measure_tokens(d, peer, model):
    for n in (1, 2, 4, 8):
        our_rates(d, n)
        pairs = [(our_rates(d, n), library_rates(peer, model, n)) for _ in range(3)]
        mine, other = ([statistics.median(p[i][k] for p in pairs) for k in (0, 1)] for i in (0, 1))
        print(f"# {n} sequences: written {mine[1]:.1f} tokens/s, batched-bench {other[1]:.1f}; read {mine[0]:.0f} and {other[0]:.0f}")
        bench(f"tokens.{n}", mine[1], "tokens/s")
        bench(f"tokens.{n}.share", statistics.median(a[1] / b[1] for a, b in pairs), "of batched-bench", ">=", 0.95)


# ---- four streams and a long prompt


def disturbed(server):
    """Worst gap of the streams and first token of the long prompt, in seconds."""
    streams = [Answer(server, words(40), 600).start() for _ in range(4)]
    for s in streams:
        s.wait_first()
    time.sleep(3)
    long = Answer(server, words(LONG), 4).start()
    long.wait_first()
    time.sleep(1)
    for a in (long, *streams):
        a.cut()
    gaps = []
    for s in streams:
        s.join()
        gaps += [b - a for a, b in zip(s.at, s.at[1:]) if b > long.began]
    long.join()
    return max(gaps), long.first()


def measure_gaps(d, peer, model):
    servers = [("default", ()), ("small", ("-b", "256", "-ub", "256"))]
    got = {}

    def take(name, server):
        gap, first = disturbed(server)
        print(f"# {name}: worst gap {gap:.2f} s, first token of {LONG} words after {first:.1f} s, load {os.getloadavg()[0]:.1f}", flush=True)
        got[name] = min(got.get(name, (gap, first)), (gap, first), key=sum)

    take("ours", d)
    for name, options in servers:
        s = Theirs("llama-server " + name, peer, model, *options)
        take(name, s)
        s.stop()
    take("ours", d)
    gap, first = got["ours"]
    bench("gap", gap * 1000, "ms")
    bench("gap.default", gap / got["default"][0], "of llama-server's", "<=", 0.1)
    bench("gap.small", gap / got["small"][0], "of its with -b 256 -ub 256", "<=", 0.5)
    bench("gap.first", first / min(got["default"][1], got["small"][1]), "of the faster one's", "<=", 1.15)


# ---- a prompt read before


def measure_prefix(d):
    cold, warm = [], []
    for _ in range(3):
        prompt = words(2000)
        cold.append(Answer(d, prompt, 2).start().join().first())
        again = Answer(d, prompt + words(5), 2).start().join()
        warm.append(again.first())
    print(f"# cold {statistics.median(cold):.2f} s, kept {statistics.median(warm):.3f} s, {again.usage}")
    bench("prefix.first", statistics.median(warm) / statistics.median(cold), "of cold", "<=", 0.2)


# ---- shares


def measure_queue(d):
    """One tenant has 64 requests, another comes with one."""
    alone = statistics.median(Answer(d, words(30), 4, "b").start().join().first() for _ in range(3))
    crowd = [Answer(d, words(30), 400, "a").start() for _ in range(64)]
    time.sleep(6)
    late = Answer(d, words(30), 4, "b").start().join()
    for a in crowd:
        a.cut()
    gaps = [b - a for c in crowd for a, b in zip(c.at, c.at[1:])]
    gap = statistics.median(gaps)
    print(f"# first token alone {alone:.2f} s, beside 64 of another tenant {late.first():.2f} s, a step {gap:.3f} s")
    bench("share.wait", max(0, late.first() - alone) / gap, "steps more than alone")


def measure_tenants(path):
    d = Ours(path, name="tiny")
    written, stop = {f"t{i}": 0 for i in range(10)}, time.monotonic() + 12

    def ask(tenant):
        while time.monotonic() < stop:
            a = Answer(d, words(dice.randrange(5, 30)), 48, tenant)
            a.start().join()
            if time.monotonic() < stop:
                written[tenant] += a.usage["completion_tokens"]

    for t in written:
        d.head(t)
    threads = [threading.Thread(target=ask, args=(t,)) for t in written for _ in range(1 + int(t[1:]) % 4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    d.stop()
    values = list(written.values())
    print(f"# tokens of ten tenants with 1 to 4 requests open: {values}")
    bench("share.jain", sum(values) ** 2 / (len(values) * sum(v * v for v in values)), "Jain", ">=", 0.98)


# ---- what we add to a token


def measure_cost():
    d = Ours("toy", name="toy")
    def round_of(tokens):
        before = d.cpu_s()
        for a in [Answer(d, f"!long {tokens} {i}", tokens).start() for i in range(8)]:
            a.join()
        return d.cpu_s() - before
    round_of(100)
    used = round_of(6000)
    d.stop()
    bench("token.cpu", used / (8 * 6000) * 1e6, "us", "<=", 25)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    only = os.environ.get("ONLY", "tokens,gaps,prefix,queue,tenants,cost").split(",")
    model = os.environ.get("MODEL") or subprocess.run([ROOT + "/deps/path", "qwen2.5-coder-0.5b-instruct"], check=True, capture_output=True, text=True).stdout.strip()
    peer = os.environ.get("PEER") or subprocess.run([ROOT + "/tests/peer/llama/build"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    version = subprocess.run([peer + "/llama-server", "--version"], capture_output=True, text=True)
    print(f"# {os.uname().machine}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; llama-server {' '.join((version.stdout + version.stderr).split()[:2])}, ours linked to the same")
    if {"tokens", "gaps", "prefix", "queue"} & set(only):
        d = Ours(model, "engine.context_tokens=8192")
        if "tokens" in only: measure_tokens(d, peer, model)
        if "gaps" in only: measure_gaps(d, peer, model)
        if "prefix" in only: measure_prefix(d)
        if "queue" in only: measure_queue(d)
        d.stop()
    if "tenants" in only:
        with tempfile.TemporaryDirectory() as t:
            subprocess.run([TINY, t + "/tiny.gguf"], check=True, stdout=subprocess.DEVNULL)
            measure_tenants(t + "/tiny.gguf")
    if "cost" in only: measure_cost()
    print(f"# load at the end {os.getloadavg()[0]:.1f}")
    sys.exit(1 if failed else 0)


main()
