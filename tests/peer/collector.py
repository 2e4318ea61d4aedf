#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""collector.py - a collector of OTLP/HTTP for tests: takes what comes to a port of this machine, looks at
its form, keeps it.

    collector.py --record FILE --mode-file FILE [--port N]      prints "ready URL", serves until killed
    collector.py --judge FILE                                   prints what is wrong with a record

Each message is a line of the record: {"path", "headers", "body", "answered", "at"}.  The mode file says what
the next are answered with: "" (taken), a status ("503", "429 1": with Retry-After), "garbage", "partial N",
"never".

The judge knows the shape that opentelemetry-proto's JSON form has; with OTLP_PYTHON's package
(opentelemetry-proto) that one judges too (tests/peer/otlp.sh).
"""
import argparse
import http.server
import json
import re
import sys
import threading
import time

STATE = {"lock": threading.Lock()}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        mode = open(ARGS.mode_file, encoding="utf-8").read().split() if ARGS.mode_file else []
        with STATE["lock"], open(ARGS.record, "a", encoding="utf-8") as f:
            f.write(json.dumps({"path": self.path, "headers": dict(self.headers.items()), "body": body.decode("utf-8", "replace"),
                                "answered": " ".join(mode), "at": time.monotonic()}) + "\n")
        if mode[:1] == ["never"]:
            time.sleep(60)
            self.close_connection = True
            return
        if mode[:1] == ["garbage"]:
            self.wfile.write(b"\x00\x01 what is this\r\n\r\n")
            self.close_connection = True
            return
        status = int(mode[0]) if mode and mode[0].isdigit() else 200
        answer = b'{"partialSuccess":{"rejectedSpans":"%s"}}' % mode[1].encode() if mode[:1] == ["partial"] else b"{}"
        self.send_response(status)
        if status != 200 and len(mode) > 1:
            self.send_header("Retry-After", mode[1])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


# ---- the judge
WRONG = []


def need(good, text):
    if not good:
        WRONG.append(text)


def only(o, where, **fields):
    """Exactly these members may be there; True: must."""
    for name in o:
        need(name in fields, f"{where}: unknown member {name}")
    for name, must in fields.items():
        need(not must or name in o, f"{where}: no {name}")


def value(v, where):
    kinds = {"stringValue": str, "boolValue": bool, "intValue": str, "doubleValue": (int, float), "arrayValue": dict}
    need(len(v) == 1 and next(iter(v)) in kinds, f"{where}: not a value: {v}")
    for k, x in v.items():
        need(isinstance(x, kinds.get(k, object)), f"{where}: {k} is {x!r}")
        if k == "intValue":
            need(re.fullmatch(r"-?\d+", x), f"{where}: {x}")
        if k == "arrayValue":
            for one in x["values"]:
                value(one, where)


def attributes(o, where):
    keys = [a["key"] for a in o.get("attributes", [])]
    need(len(keys) == len(set(keys)), f"{where}: a key is there twice")
    for a in o.get("attributes", []):
        only(a, where, key=True, value=True)
        value(a["value"], f"{where} {a['key']}")


def frame(root, name, scope):
    need(list(root) == [name], f"the root holds {list(root)}")
    for r in root[name]:
        only(r, name, resource=True, **{scope: True})
        attributes(r["resource"], "resource")
        need(any(a["key"] == "service.name" for a in r["resource"]["attributes"]), "no service.name")
        for s in r[scope]:
            only(s, scope, scope=True, **{"spans" if "Spans" in name else "metrics": True})
            only(s["scope"], "scope", name=True, version=False)
            yield from s["spans" if "Spans" in name else "metrics"]


def nanos(o, name, where):
    t = o.get(name)
    need(isinstance(t, str) and re.fullmatch(r"\d{19}", t), f"{where}: {name} is {t!r}")
    return int(t) if isinstance(t, str) and t.isdigit() else 0


def span(s):
    where = f"span {s.get('name')}"
    only(s, where, traceId=True, spanId=True, parentSpanId=False, flags=False, name=True, kind=True, startTimeUnixNano=True,
         endTimeUnixNano=True, attributes=True, events=False, status=False)
    need(re.fullmatch(r"[0-9a-f]{32}", s["traceId"]) and set(s["traceId"]) != {"0"}, f"{where}: traceId")
    for name in ("spanId", "parentSpanId"):
        need(name not in s or (re.fullmatch(r"[0-9a-f]{16}", s[name]) and set(s[name]) != {"0"}), f"{where}: {name}")
    need(s["kind"] in (1, 2, 3), f"{where}: kind {s['kind']}")
    from_, to = nanos(s, "startTimeUnixNano", where), nanos(s, "endTimeUnixNano", where)
    need(from_ <= to, f"{where}: ends before it begins")
    need(abs(to / 1e9 - time.time()) < 3600, f"{where}: another time than now")
    attributes(s, where)
    for e in s.get("events", []):
        need(from_ <= nanos(e, "timeUnixNano", where) <= to, f"{where}: an event outside")
    need("status" not in s or s["status"] == {"code": 2}, f"{where}: {s.get('status')}")


def histogram(d, where):
    only(d, where, attributes=False, startTimeUnixNano=True, timeUnixNano=True, count=True, sum=True, bucketCounts=True,
         explicitBounds=True)
    need(len(d["bucketCounts"]) == len(d["explicitBounds"]) + 1, f"{where}: buckets")
    need(sum(int(n) for n in d["bucketCounts"]) == int(d["count"]), f"{where}: the count is not that of the buckets")
    need(all(isinstance(n, str) for n in d["bucketCounts"]) and isinstance(d["count"], str), f"{where}: counts are no texts")
    need(d["explicitBounds"] == sorted(set(d["explicitBounds"])), f"{where}: bounds do not rise")


def metric(m):
    where = f"metric {m.get('name')}"
    kind = next((k for k in ("sum", "gauge", "histogram") if k in m), None)
    only(m, where, name=True, description=True, unit=True, **{kind or "sum": True})
    need(kind == "gauge" or m[kind]["aggregationTemporality"] == 2, f"{where}: temporality")
    need((kind == "sum") == ("isMonotonic" in m[kind]), f"{where}: isMonotonic")
    for d in m[kind]["dataPoints"]:
        attributes(d, where)
        nanos(d, "timeUnixNano", where)
        if kind == "histogram":
            histogram(d, where)
        else:
            need(isinstance(d.get("asInt"), str) or isinstance(d.get("asDouble"), (int, float)), f"{where}: no number")


def judge(path):
    spans = {}
    for line in open(path, encoding="utf-8"):
        m = json.loads(line)
        need(m["headers"].get("content-type") == "application/json", f"content-type {m['headers']}")
        root = json.loads(m["body"])
        if m["path"].endswith("/v1/traces"):
            for s in frame(root, "resourceSpans", "scopeSpans"):
                span(s)
                spans[s["spanId"]] = s
        elif m["path"].endswith("/v1/metrics"):
            names = [(metric(x), x["name"])[1] for x in frame(root, "resourceMetrics", "scopeMetrics")]
            need(len(names) == len(set(names)), "a metric is there twice")
        else:
            need(False, f"path {m['path']}")
    for s in spans.values():
        parent = spans.get(s.get("parentSpanId"))
        if parent:
            need(parent["traceId"] == s["traceId"], f"{s['name']}: its parent is of another trace")
            need(int(parent["startTimeUnixNano"]) <= int(s["startTimeUnixNano"]) and
                 int(s["endTimeUnixNano"]) <= int(parent["endTimeUnixNano"]), f"{s['name']}: reaches out of its parent")
        elif s["kind"] != 2:
            need(False, f"{s['name']}: its parent never came")
    need(spans, "there is no span")
    for text in WRONG[:20]:
        print(text)
    return bool(WRONG)


parser = argparse.ArgumentParser()
parser.add_argument("--record")
parser.add_argument("--mode-file")
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--judge")
ARGS = parser.parse_args()
if ARGS.judge:
    sys.exit(judge(ARGS.judge))
server = http.server.ThreadingHTTPServer(("127.0.0.1", ARGS.port), Handler)
server.daemon_threads = True
print(f"ready http://127.0.0.1:{server.server_address[1]}", flush=True)
server.serve_forever()
