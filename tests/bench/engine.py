#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""make bench-engine: our whole stack against llama-server and llama-batched-bench, in one run.

All three are built from the same source of llama.cpp (tests/peer/llama/build), run the default model
with two threads and OMP_WAIT_POLICY=passive, and take turns, so that a busy machine is busy for all.
Ours is asked over HTTP with a key, a policy and a log, as in use.  One line per number:
bench NAME VALUE UNIT goal OP GOAL ok|short.

Other work on the machine can only make a round slower, so rounds are short, the two sides take turns, and of
each the best round counts.  Beside times stand seconds of CPU, which other work hardly changes; lines with
`cpu` are made of these.  It ends within ten minutes: what did not fit in is said to be not measured.

BIN, MODEL (deps/path), PEER (tests/peer/llama/build), TINY_GGUF, ONLY=tokens,gaps,prefix,queue,guess,tenants,cost
"""
import sys
sys.path.pop(0)  # this directory, where http.py is another bench
import atexit, http.client, json, os, random, shutil, signal, socket, statistics, subprocess, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("BIN", ROOT + "/build/release-gcc/bin")
TINY = os.environ.get("TINY_GGUF", BIN + "/tiny_gguf")
TICK = os.sysconf("SC_CLK_TCK")
THREADS, READ, WRITE, LONG = "2", 128, 32, 3000
PASSIVE = dict(os.environ, OMP_WAIT_POLICY="passive", GOMP_SPINCOUNT="20000")  # as super/engine_proc.c has it
WORDS = ("red green blue house tree water road stone light cloud river bridge paper table window garden field "
         "forest market school office letter number answer question winter summer morning evening north south").split()
SECONDS_MAX, TOKENS_SECONDS, ROUNDS_MAX = 590, 30, 5
BEGAN = time.monotonic()
dice = random.Random(7)
failed, missing, running = [], [], []


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
        running.append(self)
        atexit.register(self.stop)

    def stop(self):
        atexit.unregister(self.stop)
        running.remove(self)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        shutil.rmtree(self.dir, ignore_errors=True)

    def cpu_s(self):
        """Of the process and its children."""
        total = 0
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                f = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
                if int(pid) == self.process.pid or int(f[1]) == self.process.pid:
                    total += int(f[11]) + int(f[12])
            except OSError:
                pass
        return total / TICK


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

    def __init__(self, server, prompt, tokens, tenant="default", **more):
        self.server, self.prompt, self.tokens, self.more = server, prompt, tokens, more
        self.at, self.len, self.usage, self.text, self.is_cut = [], [], None, "", False
        self.head, self.socket = server.head(tenant), None
        self.c = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS_MAX)
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self.began = time.monotonic()
        self.thread.start()
        return self

    def run(self):
        try:
            self.ask()
        except (OSError, ValueError, AttributeError, http.client.HTTPException) as e:
            if not self.is_cut:
                sys.stderr.write(f"{self.server.name}: {e!r}\n")
                os.kill(os.getpid(), signal.SIGTERM)

    def ask(self):
        body = {"model": self.server.model, "prompt": self.prompt, "max_tokens": self.tokens, "temperature": 0,
                "stream": True, "stream_options": {"include_usage": True}, "ignore_eos": True, **self.server.extra, **self.more}
        self.c.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json", **self.head})
        self.socket = self.c.sock
        r = self.c.getresponse()
        if r.status != 200:
            raise OSError(f"{r.status} {r.read()[:300]}")
        for line in r:
            if self.is_cut:
                break
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            if event.get("choices") and event["choices"][0].get("text"):
                self.at.append(time.monotonic())
                self.len.append(len(event["choices"][0]["text"]))
                self.text += event["choices"][0]["text"]
            self.usage = event.get("usage") or self.usage
        self.c.close()

    def join(self):
        self.thread.join()
        return self

    def cut(self):
        self.is_cut = True
        if self.socket:
            try:
                self.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is over

    def first(self):
        return self.at[0] - self.began

    def between(self, start, end):
        """Tokens; an event may hold several, so they are taken to be equally long."""
        some = sum(n for t, n in zip(self.at, self.len) if start < t <= end)
        return self.usage["completion_tokens"] * some / sum(self.len)

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


def our_rates(d, n, **more):
    """The prompts are read first, by requests of one token; then what is kept of them is continued.  `more` is asked for."""
    prompts = [words(READ - 2) for _ in range(n)]
    began = time.monotonic()
    for a in [Answer(d, p, 1).start() for p in prompts]:
        a.join()
    read = time.monotonic() - began
    answers = [Answer(d, p, WRITE + 1, **more).start() for p in prompts]
    for a in answers:
        a.join()
    start, end = max(a.at[0] for a in answers), min(a.at[-1] for a in answers)  # while all are written
    written = sum(a.between(start, end) for a in answers)
    return sum(a.usage["prompt_tokens"] for a in answers) / read, written / (end - start)


def measure_tokens(d, peer, model):
    """As in use, and with a seed, so that nothing is guessed."""
    for n in (1, 2, 4, 8):
        until, rounds = time.monotonic() + TOKENS_SECONDS, []
        our_rates(d, n)
        while len(rounds) < 2 or (len(rounds) < ROUNDS_MAX and time.monotonic() < until):
            rounds.append((our_rates(d, n, seed=1), our_rates(d, n), library_rates(peer, model, n)))
        plain, used, other = ([max(r[i][k] for r in rounds) for k in (0, 1)] for i in (0, 1, 2))
        print(f"# {n} sequences, best of {len(rounds)}: written {plain[1]:.1f} and {used[1]:.1f} tokens/s, batched-bench {other[1]:.1f}; "
              f"read {plain[0]:.0f}, {used[0]:.0f} and {other[0]:.0f}; load {os.getloadavg()[0]:.1f}", flush=True)
        bench(f"tokens.{n}", used[1], "tokens/s")
        bench(f"tokens.{n}.share", used[1] / other[1], "of batched-bench", ">=", 0.95)
        bench(f"tokens.{n}.plain", plain[1] / other[1], "of batched-bench, nothing guessed", ">=", 0.95)


# ---- four streams and a long prompt


def disturbed(server):
    """Worst gap of the streams, the long prompt's first token, CPU until then and for each of its tokens; seconds."""
    streams = [Answer(server, words(40), 600).start() for _ in range(4)]
    for s in streams:
        s.wait_first()
    time.sleep(3)
    cpu = server.cpu_s()
    long = Answer(server, words(LONG), 4).start()
    long.wait_first()
    cpu = server.cpu_s() - cpu
    time.sleep(1)
    for a in (long, *streams):
        a.cut()
    gaps = []
    for s in streams:
        s.join()
        gaps += [b - a for a, b in zip(s.at, s.at[1:]) if b > long.began]
    long.join()
    read = long.began + long.first()
    return max(gaps), long.first(), cpu, max(sum(long.began < t <= read for t in s.at) for s in streams)


def measure_gaps(d, peer, model):
    got = {}

    def take(name, server):
        gap, first, cpu, steps = disturbed(server)
        print(f"# {name}: worst gap {gap:.2f} s, first token of {LONG} words after {first:.1f} s, {steps} steps, {cpu:.1f} s of CPU, load {os.getloadavg()[0]:.1f}", flush=True)
        got[name] = [min(p) for p in zip(got.get(name, (gap, first, cpu)), (gap, first, cpu))]

    def take_theirs(name, *options):
        s = Theirs("llama-server " + name, peer, model, *options)
        take(name, s)
        s.stop()

    take("ours", d)
    take_theirs("default")
    take_theirs("small", "-b", "256", "-ub", "256")
    if time.monotonic() - BEGAN < SECONDS_MAX / 2:
        take("ours", d)
    gap, first, cpu = got["ours"]
    bench("gap", gap * 1000, "ms")
    bench("gap.default", gap / got["default"][0], "of llama-server's", "<=", 0.1)
    bench("gap.small", gap / got["small"][0], "of its with -b 256 -ub 256", "<=", 0.5)
    bench("gap.first", first / min(got["default"][1], got["small"][1]), "of the faster one's", "<=", 1.15)
    bench("gap.first.cpu", cpu / min(got["default"][2], got["small"][2]), "of the faster one's", "<=", 1.15)


# ---- a prompt read before


def measure_prefix(d):
    cold, warm = [], []
    for _ in range(2):
        prompt = words(2000)
        cold.append(Answer(d, prompt, 2).start().join().first())
        for _ in range(2):
            again = Answer(d, prompt + words(5), 2).start().join()
            warm.append(again.first())
    print(f"# cold {min(cold):.2f} s, kept {min(warm):.3f} s, {again.usage}")
    bench("prefix.first", min(warm) / min(cold), "of cold", "<=", 0.2)


# ---- what is guessed


def measure_guess(d):
    """A text that is said again, and one that is not; with a seed nothing is guessed."""
    for name, text, goal in (("again", words(60), 1.0), ("new", None, 0.9)):
        pairs = []
        for _ in range(3):
            prompt = text * 3 if text else words(100)
            times = []
            for more in ({"seed": 1}, {}):
                a = Answer(d, prompt, 64, **more).start().join()
                times.append(a.at[-1] - a.at[0])
            pairs.append(times)
        plain, guessed = (min(p[i] for p in pairs) for i in (0, 1))
        bench(f"guess.{name}", plain / guessed, "times as fast as unguessed", ">=", goal)


# ---- shares


def measure_queue(d):
    """One tenant has 64 requests, another comes with one."""
    d.head("a"), d.head("b")
    alone = min(Answer(d, words(30), 4, "b").start().join().first() for _ in range(3))
    crowd = [Answer(d, words(30), 400, "a").start() for _ in range(64)]
    time.sleep(6)
    late = [Answer(d, words(30), 4, "b").start().join() for _ in range(3)]
    for a in crowd:
        a.cut()
    for a in crowd:
        a.join()
    # What the crowd's streams saw while the late one waited: a step each.
    steps = [max((sum(a.began < t <= a.at[0] for t in c.at) for c in crowd)) for a in late]
    gap = statistics.median(b - a for c in crowd for a, b in zip(c.at, c.at[1:]))
    print(f"# first token alone {alone:.2f} s, beside 64 of another tenant {min(a.first() for a in late):.2f} s, a step {gap:.3f} s")
    bench("share.wait", min(steps) - 1, "steps more than alone", "<=", 2)


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


def on_alarm(*_):
    print(f"# not measured, for the time is up: {' '.join(missing)}", flush=True)
    for s in list(running):
        s.stop()
    os._exit(1)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.signal(signal.SIGALRM, on_alarm)
    only = os.environ.get("ONLY", "tokens,gaps,prefix,queue,guess,tenants,cost").split(",")
    model = os.environ.get("MODEL") or subprocess.run([ROOT + "/deps/path", "qwen2.5-coder-0.5b-instruct"], check=True, capture_output=True, text=True).stdout.strip()
    peer = os.environ.get("PEER") or subprocess.run([ROOT + "/tests/peer/llama/build"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    version = subprocess.run([peer + "/llama-server", "--version"], capture_output=True, text=True)
    print(f"# {os.uname().machine}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; llama-server {' '.join((version.stdout + version.stderr).split()[:2])}, ours linked to the same", flush=True)
    signal.alarm(SECONDS_MAX)
    with tempfile.TemporaryDirectory() as t:
        tiny = t + "/tiny.gguf"
        subprocess.run([TINY, tiny], check=True, stdout=subprocess.DEVNULL)
        d = Ours(model, "engine.context_tokens=8192") if {"tokens", "gaps", "prefix", "queue", "guess"} & set(only) else None
        parts = [("cost", measure_cost, ()), ("tenants", measure_tenants, (tiny,)), ("prefix", measure_prefix, (d,)),
                 ("queue", measure_queue, (d,)), ("guess", measure_guess, (d,)), ("tokens", measure_tokens, (d, peer, model)), ("gaps", measure_gaps, (d, peer, model))]
        missing[:] = [name for name, _, _ in parts if name in only]
        for name, fn, args in parts:
            if name in only:
                fn(*args)
                missing.remove(name)
        if d:
            d.stop()
    print(f"# load at the end {os.getloadavg()[0]:.1f}")
    sys.exit(1 if failed else 0)


main()
