#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""make bench-http: what one HTTP request, an idle installation and a start cost.

Starts a throw-away installation (BIN) on loopback and measures it from outside: h2load sends, the
kernel's process accounting says what hoheitd and its children used.  Rounds are interleaved and the
median counts.  Closes with one line per number: bench NAME VALUE UNIT goal OP GOAL ok|short.
FULL=1 takes more rounds.
"""
import os, re, shutil, signal, socket, statistics, subprocess, sys, tempfile, time

BIN = os.environ.get("BIN", "build/release-gcc/bin")
FULL = bool(os.environ.get("FULL"))
TICK = os.sysconf("SC_CLK_TCK")
ROUNDS, REQUESTS = (7, 60000) if FULL else (3, 30000)
failed = []


def bench(name, value, unit, op=None, goal=None):
    good = op is None or (value <= goal if op == "<=" else value >= goal)
    text = "" if op is None else f" goal {op} {goal} {'ok' if good else 'short'}"
    print(f"bench {name} {value:.3g} {unit}{text}", flush=True)
    if not good:
        failed.append(name)


class Daemon:
    """hoheitd on a free port, its data in a directory that goes with it."""

    def __init__(self, *settings):
        self.dir = tempfile.mkdtemp(prefix="hoheit-bench.")
        self.data = self.dir + "/data"
        subprocess.run([f"{BIN}/hoheitd", "--init", "--data", self.data], check=True, stdout=subprocess.DEVNULL)
        self.settings = ["net.listen=127.0.0.1:0", "log.level=warning", *settings]

    def start(self):
        """Returns the seconds from exec to the last byte of the first 200."""
        args = [f"{BIN}/hoheitd", "--data", self.data]
        for s in self.settings:
            args += ["--set", s]
        began = time.monotonic()
        self.process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=open(self.dir + "/log", "a"))
        self.url = self.process.stdout.readline().split()[1].decode()
        if self.url.startswith("https"):
            return None
        self.port = int(self.url.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            s.sendall(b"GET /healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b""
            while piece := s.recv(4096):
                answer += piece
        assert answer.startswith(b"HTTP/1.1 200"), answer
        return time.monotonic() - began

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)

    def remove(self):
        shutil.rmtree(self.dir)

    def family(self):
        pids = [self.process.pid]
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1]) == self.process.pid:
                    pids.append(int(pid))
            except OSError:
                pass
        return pids

    def cpu_s(self):
        total = 0
        for pid in self.family():
            f = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
            total += int(f[11]) + int(f[12])
        return total / TICK

    def memory_kb(self):
        """Proportional set size: what is shared between the processes counts once."""
        total = 0
        for pid in self.family():
            total += int(re.search(r"^Pss: +(\d+)", open(f"/proc/{pid}/smaps_rollup").read(), re.M)[1])
        return total


def load(d, requests, *options):
    """CPU microseconds per request, requests per second."""
    before = d.cpu_s()
    out = subprocess.run(["h2load", "-n", str(requests), "-t", "1", *options, d.url + "/healthy"],
                         capture_output=True, text=True, timeout=300).stdout
    used = d.cpu_s() - before
    done = int(re.search(r"(\d+) 2xx", out)[1])
    assert done == requests, out
    return used / done * 1e6, float(re.search(r"([\d.]+) req/s", out)[1])


def tls_daemon():
    d = Daemon()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", d.dir + "/key.pem", "-out", d.dir + "/cert.pem", "-days", "2", "-subj", "/CN=localhost"],
                   check=True, capture_output=True)
    d.settings += [f"net.tls_cert={d.dir}/cert.pem", f"net.tls_key={d.dir}/key.pem"]
    d.start()
    return d


def main():
    if not shutil.which("h2load"):
        sys.exit("h2load is not installed: tools/need --install check")
    print(f"{os.uname().machine}, {os.cpu_count()} cores, {ROUNDS} interleaved rounds of {REQUESTS} requests")
    plain, tls = Daemon(), tls_daemon()
    starts = []
    for _ in range(9):
        starts.append(plain.start())
        plain.stop()
    plain.start()
    idle = plain.memory_kb()
    cases = {"h1": (plain, ["--h1", "-c", "32"]), "h2": (plain, ["-c", "8", "-m", "16"]),
             "tls.h1": (tls, ["--h1", "-c", "32"]), "tls.h2": (tls, ["-c", "8", "-m", "16"])}
    cpu = {name: [] for name in cases}
    rate = {name: [] for name in cases}
    for d, options in cases.values():
        load(d, 2000, *options)
    for _ in range(ROUNDS):
        for name, (d, options) in cases.items():
            c, r = load(d, REQUESTS, *options)
            cpu[name].append(c)
            rate[name].append(r)
    load(plain, 10000, "--h1", "-c", "16")
    warm = plain.memory_kb()
    load(plain, 10000, "--h1", "-c", "16")
    after = plain.memory_kb()
    goals = {"h1": 8, "h2": 10}
    for name in cases:
        bench(f"http.{name}.cpu", statistics.median(cpu[name]), "us", *(("<=", goals[name]) if name in goals else ()))
    for name in cases:
        bench(f"http.{name}.rate", statistics.median(rate[name]), "requests/s")
    bench("http.start", statistics.median(starts) * 1000, "ms", "<=", 15)
    bench("http.idle_memory", idle / 1024, "MB", "<=", 20)
    bench("http.growth_10000", after - warm, "kB", "<=", 64)
    for d in (plain, tls):
        d.stop()
        d.remove()
    sys.exit(1 if failed else 0)


main()
