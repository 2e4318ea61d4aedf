#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""leak.py - the leak test: generated flows through the real processes, each with a canary of its own,
then a search of every place that bytes can get to.

    BIN=build/debug-gcc/bin tests/leak/leak.py [--flows N] [--seed N] [--expect-leaks NAME] [--keep]

Each flow plants a random word, and often fictional people with valid identifiers, under a random
label, with a random key, for a random model or alias.  oracle.py says, from names alone, where the
canary may be; plant.py finds it again.  With --expect-leaks the programs have a fault built in
(mutants/) and leaks must be found.  Closes with "bench leak.…" lines.  FULL=1: 100,000 flows.
"""
import argparse
import glob
import http.client
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from oracle import LEVELS, Label, Oracle, Place, here  # noqa: E402
from plant import Grams, People, Planted, word, words_in  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.environ.get("BIN", "build/debug-gcc/bin")
CEILING = LEVELS.index("GEHEIM")
COMPARTMENTS = ["SOZIALDATEN", "STEUERGEHEIMNIS", "ART9", "VERGABE"]
PARTIES = ["BUND", "BAYERN", "BERLIN", "EU"]
TAINTS = ["web", "ocr", "citizen-upload"]
REMOVES, LOWERS = frozenset({"SOZIALDATEN", "ART9"}), LEVELS.index("intern")
WRONGS = ["garbage", "cut", "status-500", "status-429", "echo-400", "echo-500", "redirect", "html", "half", "busy"]


def fs(*names):
    return frozenset(names)


# name, dialect, path, sink, the same for the oracle, models there
PROVIDERS = [
    ("welt", "openai", "/v1", "offen", Place(0, fs()), ["large"]),
    ("union", "openai", "/v1", "offen//REL EU", Place(0, fs(), fs("EU")), ["large", "vectors"]),
    ("bund", "anthropic", "", "intern//VERGABE//REL BUND", Place(1, fs("VERGABE"), fs("BUND")), ["claude"]),
    ("amt", "bedrock", "", "VS-NfD//SOZIALDATEN//REL BUND,BAYERN",
     Place(2, fs("SOZIALDATEN"), fs("BUND", "BAYERN")), ["nova"]),
    ("nachbar", "hoheit", "/v1", "intern//STEUERGEHEIMNIS//TAINT web",
     Place(1, fs("STEUERGEHEIMNIS"), None, fs("web")), ["amt"]),
    ("wirr", "openai", "/v1", "offen//REL EU", Place(0, fs(), fs("EU")), ["do-" + w for w in WRONGS]),
]
CREDENTIALS = {"anthropic": "x-api-key", "bedrock": "sigv4, region: eu-central-1, service: bedrock"}
# name -> (place, provider or None)
MODELS = {"haus": (here(CEILING), None), "klein": (Place(0, fs("SOZIALDATEN"), fs()), None)}
VECTORS = {"vektor": (here(CEILING), None), "vektor-fern": (PROVIDERS[1][4], "union")}


class Flow:
    def __init__(self, number, r, world):
        self.number, self.word = number, word(r)
        self.key = r.choice(world.keys)
        self.label = random_label(r, self.key)
        self.hides = r.random() < .5
        self.verdict, self.names = "denied", []
        self.request = self.outcome = None


def random_label(r, key):
    """Half of them near what the key may read, so that much is allowed."""
    if r.random() < .6:
        level = r.randint(0, min(key.place.level, 2)) if r.random() < .8 else 0
        pool = sorted(key.place.compartments)
    else:
        level, pool = r.randrange(len(LEVELS)), COMPARTMENTS
    if r.random() < .3:
        level, pool = min(level, 1), [c for c in pool if c in REMOVES]
    released = None
    if r.random() < .3:
        released = frozenset(r.sample(PARTIES, r.randint(1, 3)))
        if key.place.audience and r.random() < .7:
            released |= key.place.audience
    return Label(level, frozenset(r.sample(pool, r.randint(0, min(2, len(pool))))), released,
                 frozenset(r.sample(TAINTS, 1)) if r.random() < .2 else frozenset())


class Key:
    def __init__(self, name, secret, place):
        self.name, self.secret, self.place = name, secret, place


class World:
    """A throw-away installation with its outside world."""

    def __init__(self, seed):
        self.dir = tempfile.mkdtemp(prefix="hoheit-leak.")
        self.data, self.cwd = self.dir + "/data", self.dir + "/cwd"
        os.mkdir(self.cwd)
        self.oracle = Oracle(CEILING, REMOVES, LOWERS)
        self.r = random.Random(seed)
        self.keys, self.aliases = [], {}
        self.start_provider()
        self.configure()
        self.start()
        self.fill()

    def run(self, *args, **more):
        done = subprocess.run([f"{BIN}/hoheit", "--data", self.data, *args], capture_output=True, text=True,
                              timeout=60, **more)
        if done.returncode and not more.get("check") is False:
            raise SystemExit(f"hoheit {' '.join(args)}: {done.stderr}")
        return done.stdout

    def start_provider(self):
        self.record = self.dir + "/record"
        self.provider = subprocess.Popen([sys.executable, HERE + "/../peer/provider.py", "--record", self.record],
                                         stdout=subprocess.PIPE, stderr=open(self.dir + "/provider.log", "w"))
        self.base = self.provider.stdout.readline().split()[1].decode()
        # What a collector is told lies among the files that are searched.
        self.told = self.dir + "/told"
        self.collector = subprocess.Popen([sys.executable, HERE + "/../peer/collector.py", "--record", self.told],
                                          stdout=subprocess.PIPE, stderr=open(self.dir + "/collector.log", "w"))
        self.collects = self.collector.stdout.readline().split()[1].decode()

    def configure(self):
        subprocess.run([f"{BIN}/hoheitd", "--init", "--data", self.data], check=True, stdout=subprocess.DEVNULL)
        lines = ["version: 1", "providers:"]
        for name, dialect, path, sink, _, models in PROVIDERS:
            secret = f"{self.data}/keys/{name}.key"
            with open(secret, "w", encoding="ascii") as f:
                f.write("AKIDOUTSIDE\nsecret-of-the-outside\n" if dialect == "bedrock" else f"sk-{name}-0123456789\n")
            os.chmod(secret, 0o600)
            lines += [f"  - name: {name}", f"    dialect: {dialect}", f"    url: {self.base}/p/{name}{path}",
                      f"    sink: {sink}", "    region: eu",
                      "    models: [" + ", ".join(f"{{name: {m}, in: 1, out: 1}}" for m in models) + "]",
                      f"    credential: {{scheme: {CREDENTIALS.get(dialect, 'bearer')}, file: {name}.key}}",
                      "    limits: {failures_max: 1000, repeats_max: 1, head: 5s, idle: 5s, total: 20s}"]
        lines += ["  - name: sammler", "    dialect: otlp", f"    url: {self.collects}", "    sink: intern"]
        with open(self.data + "/providers.yaml", "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
        with open(self.data + "/policy.yaml", "a", encoding="utf-8") as f:
            f.write(f'downgrades:\n  - {{ id: pseudonym, removes: "{",".join(sorted(REMOVES))}", '
                    f"lowers: {LEVELS[LOWERS]}, law: Art. 4 Nr. 5 DSGVO }}\n")

    def start(self):
        def may_dump_core():
            resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)

        tmp = self.dir + "/tmp"
        os.makedirs(tmp, exist_ok=True)
        self.log = self.dir + "/log"
        self.daemon = subprocess.Popen(
            [os.path.abspath(f"{BIN}/hoheitd"), "--data", self.data, "--set", "net.listen=127.0.0.1:0", "--set",
             f"policy.level_max={LEVELS[CEILING]}", "--set", "log.level=debug", "--set", "otlp.collector=sammler", "--set",
             "otlp.interval_ms=500"],
            stdout=subprocess.PIPE, stderr=open(self.log, "ab"), cwd=self.cwd, preexec_fn=may_dump_core,
            env=dict(os.environ, TMPDIR=tmp))
        line = self.daemon.stdout.readline().split()
        if len(line) < 2 or line[0] != b"ready":
            raise SystemExit("the daemon did not start\n" + open(self.log, errors="replace").read()[-2000:])
        self.port = int(line[1].rsplit(b":", 1)[1])

    def fill(self):
        r = self.r
        self.run("model", "add", "toy", "--name", "haus", "--quiet")
        self.run("model", "add", "toy", "--name", "klein", "--label", "offen//SOZIALDATEN", "--quiet")
        self.run("model", "add", "toy-embed", "--name", "vektor", "--quiet")
        self.run("model", "add", "remote:union/vectors", "--name", "vektor-fern", "--embed", "--quiet")
        for name, _, _, _, place, models in PROVIDERS:
            for m in models:
                if m != "vectors":
                    MODELS[f"{name}-{m}"] = (place, name)
                    self.run("model", "add", f"remote:{name}/{m}", "--name", f"{name}-{m}", "--quiet")
        good = [m for m in MODELS if "-do-" not in m]
        self.good = good
        for i in range(14):
            self.aliases[f"wahl-{i}"] = r.sample(good, r.randint(2, 4))
        self.aliases["wirr-dann-welt"] = ["wirr-do-status-500", "welt-large"]
        self.aliases["vektoren"] = ["vektor-fern", "vektor"]
        for alias, targets in self.aliases.items():
            self.run("model", "alias", alias, ",".join(targets), "--quiet")
        for i in range(24):
            level = r.choice([0, 0, 1, 1, 2, 2, 3])
            compartments = frozenset(r.sample(COMPARTMENTS, r.randint(0, 3)))
            party = r.choice([None, *PARTIES])
            args = ["--party", party] if party else []
            name = f"amt-{i}"
            made = self.run("key", "add", "--name", name, "--clearance", Label(level, compartments).text(),
                            "--default-label", "offen", "--quiet", *args)
            self.keys.append(Key(name, made.split()[0], Place(level, compartments, frozenset([party]) if party else None)))
        self.has_files = self.call(Client(self), self.keys[0], "GET", "/v1/files")[0] == 200

    def targets(self, name):
        table = MODELS if name in MODELS else VECTORS
        names = self.aliases.get(name, [name])
        return [(n, *(MODELS.get(n) or VECTORS[n])) for n in names] if table is not None else []

    def call(self, client, key, method, path, body=None, label=None, **more):
        return client.call(key, method, path, body, label, **more)

    def children(self, name):
        out = subprocess.run(["pgrep", "-P", str(self.daemon.pid), "-x", name], capture_output=True, text=True, check=False)
        return [int(p) for p in out.stdout.split()]

    def stop(self):
        self.daemon.send_signal(signal.SIGTERM)
        self.status = self.daemon.wait(30)
        for process in (self.provider, self.collector):
            process.kill()
            process.wait()
        if not os.path.exists(self.told) or b"/v1/traces" not in open(self.told, "rb").read():
            raise SystemExit("the collector was told of no request")


class Client:
    """One connection, opened again when it is gone."""

    def __init__(self, world):
        self.world, self.conn = world, None

    def call(self, key, method, path, body=None, label=None, heads=None, raw=None, cut=False):
        heads = dict(heads or {}, Authorization=f"Bearer {key.secret}")
        data = raw
        if body is not None:
            data = json.dumps(body, ensure_ascii=False).encode()
        if data is not None:
            heads.setdefault("Content-Type", "application/json")
        if label is not None:
            heads["X-Hoheit-Label"] = label
        for attempt in range(2):
            if self.conn is None:
                self.conn = http.client.HTTPConnection("127.0.0.1", self.world.port, timeout=30)
            try:
                self.conn.request(method, path, data, heads)
                answer = self.conn.getresponse()
                got = answer.read(64 if cut else None)
                head = dict((k.lower(), v) for k, v in answer.getheaders())
                if cut:
                    self.close()
                return answer.status, head, got
            except (OSError, http.client.HTTPException):
                self.close()
                if attempt:
                    return 0, {}, b""
        return 0, {}, b""

    def close(self):
        if self.conn:
            self.conn.close()
        self.conn = None


# ---- the flows: each returns (status, head, body) of the call that carries the canary
class Texts:
    """Texts with the canary, made when they are first used; with people in them where the flow has some."""

    def __init__(self, f, r, people, grams):
        self.parts, self.made = (f, r, people, grams), {}

    def __getitem__(self, i):
        if i not in self.made:
            self.made[i] = self.make()
        return self.made[i]

    def make(self):
        f, r, people, grams = self.parts
        text = r.choice(["Bitte prüfen: {}.", "Vermerk {} zur Akte.", "Es geht um {}, mehr nicht."]).format(f.word)
        if f.hides:
            said, values = people.sentence()
            text += " " + said
            for v in values:
                grams.add(v, f)
        return text


def chat_body(f, r, model, people, grams):
    t = Texts(f, r, people, grams)
    shape = r.randrange(7)
    body = {"model": model, "messages": [{"role": "user", "content": t[0]}], "max_tokens": 12}
    if shape == 1:
        body["messages"] = [{"role": "system", "content": t[1]}, {"role": "user", "content": t[0]},
                            {"role": "assistant", "content": t[2]}, {"role": "user", "content": t[3]}]
    elif shape == 2:
        tool = {"type": "function", "function": {"name": "akte", "description": t[4], "parameters": {
            "type": "object", "properties": {"nummer": {"type": "string", "description": t[5]}}}}}
        body |= {"tools": [tool], "messages": [
            {"role": "user", "content": t[0]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "call_" + f.word[:20], "type": "function", "function": {
                "name": "akte", "arguments": json.dumps({"nummer": t[1]}, ensure_ascii=False)}}]},
            {"role": "tool", "tool_call_id": "call_" + f.word[:20], "content": t[2]},
            {"role": "user", "content": t[3]}]}
    elif shape == 3:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "antwort", "schema": {
            "type": "object", "properties": {"text": {"type": "string", "description": t[4]}},
            "required": ["text"], "additionalProperties": False}}}
    elif shape == 4:
        body["stop"] = [t[6][:200], "Ende"]
    elif shape == 5:
        body |= {"temperature": 0, "seed": f.number, "n": r.randint(1, 2), "user": f.word}
    if r.random() < .4:
        body["stream"] = True
    return body


def chat(f, r, c, w, people, grams):
    model = choose(f, r, w)
    return c.call(f.key, "POST", "/v1/chat/completions", chat_body(f, r, model, people, grams), f.label.text(),
                  cut=r.random() < .04)


def choose(f, r, w):
    x = r.random()
    model = (r.choice([a for a in w.aliases if a != "vektoren"]) if x < .5 else
             r.choice([m for m in MODELS if m not in w.good]) if x < .62 else r.choice(w.good))
    decide(f, w, model)
    return model


def decide(f, w, model):
    f.model = model
    targets = [(n, p, bool(provider)) for n, p, provider in w.targets(model)]
    f.verdict, f.names = w.oracle.route(f.key.place, f.label, targets)


def completions(f, r, c, w, people, grams):
    t = Texts(f, r, people, grams)
    body = {"model": choose(f, r, w), "prompt": t[0], "max_tokens": 8, "stream": r.random() < .3}
    return c.call(f.key, "POST", "/v1/completions", body, f.label.text())


def embeddings(f, r, c, w, people, grams):
    model = r.choice(["vektor", "vektor-fern", "vektoren"])
    decide(f, w, model)
    t = Texts(f, r, people, grams)
    body = {"model": model, "input": [t[i] for i in range(r.randint(1, 3))]}
    return c.call(f.key, "POST", "/v1/embeddings", body, f.label.text())


def anthropic(f, r, c, w, people, grams):
    t = Texts(f, r, people, grams)
    body = {"model": choose(f, r, w), "max_tokens": 16, "system": t[1], "stream": r.random() < .4,
            "messages": [{"role": "user", "content": [{"type": "text", "text": t[0]}]}]}
    if r.random() < .2:
        body["stop_sequences"] = [t[2][:100]]
    return c.call(f.key, "POST", "/v1/messages", body, f.label.text(), heads={"anthropic-version": "2023-06-01"})


def bedrock(f, r, c, w, people, grams):
    t = Texts(f, r, people, grams)
    body = {"messages": [{"role": "user", "content": [{"text": t[0]}]}], "system": [{"text": t[1]}],
            "inferenceConfig": {"maxTokens": 12}}
    path = f"/model/{choose(f, r, w)}/converse{'-stream' if r.random() < .4 else ''}"
    return c.call(f.key, "POST", path, body, f.label.text())


def malformed(f, r, c, w, people, grams):
    """The canary stands in a body that is wrong in one way or another."""
    t = Texts(f, r, people, grams)[0]
    body = chat_body(f, r, "haus", people, grams)
    raw = json.dumps(body).encode()
    decide(f, w, "haus")
    f.verdict, f.names, f.is_wrong = "malformed", [], True
    how = r.randrange(7)
    if how == 0:
        return c.call(f.key, "POST", "/v1/chat/completions", None, f.label.text(), raw=raw[: len(raw) // 2])
    if how == 1:
        return c.call(f.key, "POST", "/v1/chat/completions", None, "GIBTSNICHT", raw=raw)
    if how == 2:
        body["messages"] = [{"role": "user", "content": {"was": t}}]
    elif how == 3:
        body["temperature"] = t
    elif how == 4:
        body["messages"] = t
    elif how == 5:
        body["messages"] = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x," + t}}]}]
    else:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": t}}}
    return c.call(f.key, "POST", "/v1/chat/completions", body, f.label.text())


def kept(f, r, c, w, people, grams):
    """What applications leave here, and others asking for it."""
    decide(f, w, "haus")
    t = Texts(f, r, people, grams)
    label, other = f.label.text(), r.choice([k for k in w.keys if k is not f.key])
    paths = []
    how = r.randrange(4)
    if how == 0:
        got = c.call(f.key, "POST", "/v1/responses", {"model": "haus", "input": t[0], "instructions": t[1],
                                                      "max_output_tokens": 16, "metadata": {"akte": f.word}}, label)
        paths = ["/v1/responses/{}", "/v1/responses/{}/input_items"]
    elif how == 1:
        got = c.call(f.key, "POST", "/v1/conversations", {"items": [{"role": "user", "content": t[0]}]}, label)
        paths = ["/v1/conversations/{}", "/v1/conversations/{}/items"]
    else:
        line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions",
                "body": {"model": "haus", "messages": [{"role": "user", "content": t[0]}], "max_tokens": 4}}
        part = uuid.UUID(int=r.getrandbits(128)).hex
        raw = "".join(f'--{part}\r\nContent-Disposition: form-data; name="{n}"{x}\r\n\r\n{v}\r\n' for n, x, v in (
            ("purpose", "", "batch"), ("file", '; filename="akte.jsonl"', json.dumps(line, ensure_ascii=False))))
        got = c.call(f.key, "POST", "/v1/files", None, label, raw=(raw + f"--{part}--\r\n").encode(),
                     heads={"Content-Type": f"multipart/form-data; boundary={part}"})
        paths = ["/v1/files/{}", "/v1/files/{}/content"]
    try:
        made = json.loads(got[2]).get("id") if got[0] == 200 else None
    except ValueError:
        made = None
    if made:
        if how == 3:
            c.call(f.key, "POST", "/v1/batches", {"input_file_id": made, "endpoint": "/v1/chat/completions",
                                                  "completion_window": "24h"}, label)
        for path in paths + ["/v1/files"]:
            answer = c.call(other, "GET", path.format(made))
            w.see(f"answer to another key ({path})", answer[2], other)
            if answer[0] == 200 and "{}" in path:
                w.leak("answer to another key", f, f"{path}: status 200")
        go_on(f, c, w, other, made, how)
    return got


def go_on(f, c, w, other, made, how):
    """Another key reads on from what is not its own, or writes into it."""
    ask = {"model": "haus", "input": "Was stand da?", "max_output_tokens": 8}
    if how == 0:
        path, body = "/v1/responses", dict(ask, previous_response_id=made)
    elif how == 1:
        path, body = "/v1/responses", dict(ask, conversation=made)
    else:
        path, body = "/v1/batches", {"input_file_id": made, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    status, _, answer = c.call(other, "POST", path, body, other_label(f, other))
    w.see("answer to another key (goes on)", answer, other)
    if status == 200:
        w.leak("answer to another key", f, f"POST {path} on {made}: status 200")
    status, _, _ = c.call(other, "DELETE", {0: "/v1/responses/", 1: "/v1/conversations/"}.get(how, "/v1/files/") + made)
    if status == 200:
        w.leak("answer to another key", f, f"{made} was removed by another key")


def other_label(f, other):
    return f.label.text() if other.place.may_hold(f.label) else "offen"


KINDS = [(chat, 50), (completions, 8), (embeddings, 8), (anthropic, 10), (bedrock, 10), (malformed, 6), (kept, 8)]


def around(data, f):
    """The request with the canary, cut: for who has to find out why."""
    at = data.lower().find(f.word.encode())
    return data[max(0, at - 300):at + 900].decode("utf-8", "replace").replace("\r\n", " ") if at >= 0 else ""


class Search:
    """Remembers every canary and says where each was seen that may not be there."""

    def __init__(self, world):
        self.world, self.lock = world, threading.Lock()
        self.by_word, self.grams = {}, Grams()
        self.leaks, self.seen_outside, self.misjudged = [], set(), []
        self.tails, self.at, self.owners = {}, 0, {}
        world.see, world.leak = self.see, self.leak

    def leak(self, place, flow, what):
        with self.lock:
            self.leaks.append((place, flow.number, what, flow.label.text(), flow.key.name))

    def see(self, place, data, key=None, flow=None):
        """Bytes that somebody may see: only the canary of their own flow, for nobody else's."""
        for found in words_in(data):
            f = self.by_word.get(found)
            if f and f is not flow and not (key and f.key is key):
                self.leak(place, f, found)

    def answer(self, f, status, head, body):
        f.outcome, f.request = status, head.get("x-request-id")
        self.see("answer", body, f.key, f)
        if status >= 400:
            for found in words_in(body):
                self.leak("error body", f, found + " " + body[:300].decode("utf-8", "replace"))
        self.see("answer's head", "\n".join(f"{k}: {v}" for k, v in head.items()).encode())
        denied = status in (401, 403)
        if (f.verdict == "denied" and status == 200) or (f.verdict == "plain" and denied):
            with self.lock:
                self.misjudged.append((f.number, f.verdict, status, f.label.text(), f.key.name, f.model,
                                       body[:200].decode("utf-8", "replace")))

    # ---- the provider's record
    def allowed_outside(self, f, provider, is_identifier):
        if is_identifier and f.verdict != "plain":
            return False
        return any(p == provider for n, _, p in self.world.targets(f.model) if n in f.names)

    def read_record(self):
        with open(self.world.record, "rb") as file:
            file.seek(self.at)
            new = file.read()
        self.at += len(new)
        parts = re.split(rb"(?m)^== (\d+)\n", new)
        came = {}
        for number, data in zip(parts[1::2], parts[2::2]):
            came.setdefault(number, []).append(data[:-1])
        for number, pieces in came.items():
            data = self.tails.get(number, b"") + b"".join(pieces)
            self.tails[number] = data[-8192:]
            for who in re.findall(rb"(?m)^POST /p/([a-z]+)/", data):
                self.owners[number] = who.decode()
            self.look_outside(self.owners.get(number, "?"), data)

    def look_outside(self, provider, data):
        for found in words_in(data):
            f = self.by_word.get(found)
            if not f:
                continue
            with self.lock:
                self.seen_outside.add(found)
            if not self.allowed_outside(f, provider, False):
                self.leak("provider " + provider, f, found)
        for value, f, context in self.grams.found(data):
            if not self.allowed_outside(f, provider, True):
                self.leak("provider " + provider, f,
                          f"identifier {value} ({f.kind}, {f.verdict}) in …{context}… {around(data, f)}")

    # ---- everything else
    def files(self):
        for root, _, names in os.walk(self.world.dir):
            for name in names:
                path = os.path.join(root, name)
                if path == self.world.record or os.path.islink(path):
                    continue
                try:
                    with open(path, "rb") as file:
                        yield path[len(self.world.dir) + 1:], file.read()
                except OSError:
                    pass

    def look_everywhere(self):
        cores = 0
        for name, data in self.files():
            cores += os.path.basename(name).startswith("core")
            self.see(name, data)
            for value, f, context in self.grams.found(data) if not name.endswith((".db", ".db-wal")) else ():
                self.leak(name, f, f"identifier {value} in …{context}…")
        return cores


def ask_around(w, search, flows, r):
    """As others ask: explain, status, metrics, the log's files."""
    c = Client(w)
    for f in r.sample(flows, min(200, len(flows))):
        other = r.choice([k for k in w.keys if k is not f.key])
        if not f.request:
            continue
        status, _, body = c.call(other, "GET", f"/admin/v1/explain/{f.request}")
        search.see("explain for another key", body)
        if status == 200:
            search.leak("explain for another key", f, "status 200")
        _, _, body = c.call(f.key, "GET", f"/admin/v1/explain/{f.request}")
        search.see("explain", body)
    for path in ("/metrics", "/admin/v1/status", "/v1/models", "/log/checkpoint", "/ready", "/healthy"):
        search.see(path, c.call(w.keys[0], "GET", path)[2])
    for args in (["status", "--json"], ["doctor"], ["key", "list", "--json"], ["model", "list"], ["limit", "list"]):
        search.see("hoheit " + args[0], w.run(*args, check=False).encode())
    for f in r.sample(flows, min(20, len(flows))):
        if f.request:
            search.see("hoheit explain", w.run("explain", f.request, "--json", check=False).encode())


def drive(w, search, count, seed, threads=6):
    weights = [x for _, x in KINDS if w.has_files or _ is not kept]
    kinds = [k for k, _ in KINDS if w.has_files or k is not kept]
    flows, lock, number = [], threading.Lock(), [0]
    stopped = threading.Event()

    def work(which):
        r = random.Random(f"{seed}/{which}")
        people, c = People(random.Random(f"{seed}/{which}/people"), planted), Client(w)
        while not stopped.is_set():
            with lock:
                if number[0] == count:
                    return
                number[0] += 1
                n = number[0]
                f = Flow(n, r, w)
                f.model = "haus"
                search.by_word[f.word] = f
                flows.append(f)
            kind = r.choices(kinds, weights)[0]
            f.kind = kind.__name__
            began = time.monotonic()
            try:
                search.answer(f, *kind(f, r, c, w, people, search.grams))
            except Exception as e:  # pylint: disable=broad-except
                search.misjudged.append((n, "the test failed", kind.__name__, repr(e)))
                stopped.set()
                raise
            f.seconds = time.monotonic() - began

    planted = Planted()
    pool = [threading.Thread(target=work, args=(i,)) for i in range(threads)]
    for t in pool:
        t.start()
    kills = [("hoheit-engine-toy", .3), ("hoheit-egress", .5), ("hoheit-engine-toy", .7)]
    while any(t.is_alive() for t in pool):
        time.sleep(.2)  # the record is read as it grows
        search.read_record()
        if kills and number[0] > kills[0][1] * count:
            for pid in w.children(kills.pop(0)[0])[:1]:
                os.kill(pid, signal.SIGABRT)  # as a crash would end it: a core must not be left
    for t in pool:
        t.join()
    search.read_record()
    return flows


def has_switch():
    """A program that leaks on purpose is made of changed sources (mutate.py): nothing here turns into one."""
    for path in glob.glob(f"{BIN}/hoheit*") + glob.glob(HERE + "/../../src/**/*.[ch]", recursive=True):
        with open(path, "rb") as f:
            if b"mutant" in f.read().lower():
                return path
    return None


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--flows", type=int, default=100000 if os.environ.get("FULL") else 5000)
    p.add_argument("--seed", default="1")
    p.add_argument("--expect-leaks")
    p.add_argument("--keep", action="store_true")
    a = p.parse_args()
    began = time.monotonic()
    switch = None if a.expect_leaks else has_switch()
    if switch:
        sys.exit(f"{switch} speaks of mutants: a fault may not be built in")
    w = World(a.seed)
    search = Search(w)
    try:
        flows = drive(w, search, a.flows, a.seed)
        ask_around(w, search, flows, random.Random(a.seed))
        w.stop()
        search.read_record()
        cores = search.look_everywhere()
    finally:
        if w.daemon.poll() is None:
            w.stop()
        if a.keep:
            print("# kept in", w.dir)
        else:
            shutil.rmtree(w.dir, ignore_errors=True)
    failed = report(a, w, search, flows, cores, time.monotonic() - began)
    sys.exit(failed)


def bench(name, value, op, goal):
    good = value <= goal if op == "<=" else value >= goal
    print(f"bench {name} {value} count goal {op} {goal} {'ok' if good else 'short'}")
    return not good


def report(a, w, search, flows, cores, seconds):
    by = {}
    for f in flows:
        by.setdefault((f.kind, f.verdict), []).append(f.outcome)
    for k in sorted(by) if not a.expect_leaks else ():
        seen = {o: by[k].count(o) for o in set(by[k])}
        all_s = sorted(f.seconds for f in flows if (f.kind, f.verdict) == k)
        print(f"# {k[0]:12} {k[1]:10} {seen}, {all_s[len(all_s) // 2] * 1000:.0f} ms, at most {all_s[-1] * 1000:.0f}")
    places = {}
    for place, number, what, label, key in search.leaks:
        places.setdefault(place.split(" (")[0], []).append((number, what, label, key))
    for place, all_of in sorted(places.items()):
        print(f"# leaked to {place}: {len(all_of)}")
        for one in all_of[:5 if not a.expect_leaks else 0]:
            print("#    flow", *one)
    for one in search.misjudged[:10] if not a.expect_leaks else ():
        print("# misjudged:", *one)
    print(f"# seed {a.seed}, {seconds:.0f} s, {len(search.seen_outside)} canaries left lawfully or not, stored things "
          f"{'included' if w.has_files else 'left out'}")
    if a.expect_leaks:
        return bench(f"leak.mutant_found{'' if a.expect_leaks == 'labels' else '.' + a.expect_leaks}",
                     len(search.leaks), ">=", 1)
    print(f"bench leak.flows {len(flows)} count goal >= {a.flows} {'ok' if len(flows) >= a.flows else 'short'}")
    failed = bench("leak.canaries", len(search.leaks), "<=", 0)
    failed |= bench("leak.misjudged", len(search.misjudged), "<=", 0)
    failed |= bench("leak.cores", cores, "<=", 0)
    failed |= bench("leak.left", len(search.seen_outside), ">=", max(1, a.flows // 20))
    return failed or w.status != 0


if __name__ == "__main__":
    main()
