#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""provider.py - a provider of models for tests: answers on loopback, records every byte it gets.

    provider.py --record FILE [--cert PEM] [--port N]      prints "ready URL", serves until killed

What a request is answered with stands in its path, in its X-Mode field, or behind "do-" in the name
of its model:
    .../chat/completions   a chat completion; with "stream": true as events
    .../completions  .../embeddings
    .../messages           the same as Anthropic says it
    .../converse-stream    the same as Bedrock says it, in one piece
    silent  garbage  endless  oversize  cut  redirect  status-NNN       what its name says
    echo-NNN       an error of that status that repeats the request
    busy           429 with Retry-After
    html           a page of another kind, with status 200
    half           a stream that ends in its middle
    still          a stream that stops and stays open
    broken         a stream with an error in it
    uncounted      a chat completion without usage
    lying          one whose usage cannot be
    slow           a stream that goes on until the asker leaves, which is recorded as "(gone)"
    FILE           with --mode-file, what that file says now ("": as it should be)
Each connection's bytes go to FILE as they come, between "== N" lines.
"""
import argparse
import json
import os
import re
import select
import socket
import ssl
import sys
import threading
import time

TEXT = "Guten Tag. Ich bin ein fremdes Modell."
MODE_FILE = None
MODES = (r"silent|garbage|endless|oversize|cut|redirect|status-\d+|echo-\d+|busy|html|half|still|broken|slow|uncounted|lying")


def text_for(ask):
    """What is said: with the first token (downgrade/pseudonym.h) of the question, if it has one."""
    said = "".join(m.get("content") for m in ask.get("messages", []) if isinstance(m.get("content"), str))
    token = re.search(r"[A-Z_]+_[B-X]{2}[0-9]+[A-Z]?", said)
    return f"Sie fragen nach {token.group(0)}s Antrag." if token else TEXT


def answer(status, body, kind="application/json", more=""):
    return (f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            f"{more}\r\n").encode() + body


def completion(ask):
    return {"id": "cmpl-1", "object": "chat.completion", "created": 1, "model": ask.get("model", ""),
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text_for(ask)},
                         "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 8, "total_tokens": 15}}


def chunk(text):
    return f"{len(text.encode()):x}\r\n{text}\r\n".encode()


def stream(ask, send):
    send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    base = {"id": "cmpl-1", "object": "chat.completion.chunk", "created": 1, "model": ask.get("model", "")}
    for word in re.findall(r".{1,3}", text_for(ask)):  # tokens are cut by the frames
        event = dict(base, choices=[{"index": 0, "delta": {"content": word}, "finish_reason": None}])
        send(chunk(f"data: {json.dumps(event)}\n\n"))
    event = dict(base, choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
    send(chunk(f"data: {json.dumps(event)}\n\n"))
    if (ask.get("stream_options") or {}).get("include_usage"):
        event = dict(base, choices=[], usage={"prompt_tokens": 7, "completion_tokens": 8, "total_tokens": 15})
        send(chunk(f"data: {json.dumps(event)}\n\n"))
    send(chunk("data: [DONE]\n\n") + b"0\r\n\r\n")


def message(ask):
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": ask.get("model", ""),
            "content": [{"type": "text", "text": TEXT}], "stop_reason": "end_turn",
            "usage": {"input_tokens": 7, "output_tokens": 8}}


def embeddings(ask):
    inputs = ask.get("input", "")
    count = len(inputs) if isinstance(inputs, list) else 1
    return {"object": "list", "model": ask.get("model", ""), "usage": {"prompt_tokens": 7, "total_tokens": 7},
            "data": [{"object": "embedding", "index": i, "embedding": [0.6, 0.8, 0.0, 0.0]} for i in range(count)]}


def plain_completion(ask):
    return {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": ask.get("model", ""),
            "choices": [{"index": 0, "text": TEXT, "finish_reason": "stop", "logprobs": None}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 8, "total_tokens": 15}}


def converse():
    return {"output": {"message": {"role": "assistant", "content": [{"text": TEXT}]}}, "stopReason": "end_turn",
            "usage": {"inputTokens": 7, "outputTokens": 8, "totalTokens": 15}, "metrics": {"latencyMs": 1}}


FORMS = (("/messages", message), ("/converse-stream", lambda ask: converse()), ("/embeddings", embeddings),
         ("/chat/completions", None), ("/completions", plain_completion))


def forever(send, piece):
    while True:
        send(piece)


FIRST = chunk("data: " + json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [
    {"index": 0, "delta": {"content": "Halb "}, "finish_reason": None}]}) + "\n\n")


def begin(send, body):
    """A stream's head and its first word."""
    send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    send(FIRST)


def go_on(conn):
    """An event now and then until the asker goes; then OSError."""
    while True:
        conn.sendall(FIRST)
        readable, _, _ = select.select([conn], [], [], 0.02)
        if readable and not conn.recv(1):
            raise OSError("gone")


def misbehave(mode, conn, body=b""):
    """True when the connection goes on."""
    send = conn.sendall
    if mode == "busy":
        send(answer(429, b'{"error":{"message":"slow down"}}', more="Retry-After: 7\r\n"))
        return True
    if mode.startswith("echo-"):
        send(answer(int(mode[5:]), b'{"error":{"message":' + json.dumps(body.decode("utf-8", "replace")).encode() + b"}}"))
        return True
    if mode in ("uncounted", "lying"):
        said = completion({})
        said["usage"] = {"prompt_tokens": 4000000000, "completion_tokens": 1, "total_tokens": 1}
        if mode == "uncounted":
            del said["usage"]
        send(answer(200, json.dumps(said).encode()))
        return True
    if mode == "html":
        send(answer(200, b"<html><body>Willkommen</body></html>", "text/html"))
        return True
    if mode in ("half", "still"):
        begin(send, body)
        time.sleep(3600 if mode == "still" else 0)
        return False
    if mode == "broken":
        begin(send, body)
        send(chunk('data: {"error":{"message":"Canary in an error","code":500}}\n\n') + b"0\r\n\r\n")
        return False
    if mode == "slow":
        begin(send, body)
        go_on(conn)
    if mode == "silent":
        time.sleep(3600)
    elif mode == "garbage":
        send(b"\x00\x01 this is not HTTP at all\r\n\r\n")
    elif mode == "endless":
        send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        forever(send, b"1000\r\n" + b"x" * 4096 + b"\r\n")
    elif mode == "oversize":
        send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000000000\r\n\r\n")
        forever(send, b"x" * 65536)
    elif mode == "cut":
        send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"a\"")
    elif mode == "redirect":
        send(answer(302, b"", more="Location: http://127.0.0.1:1/elsewhere\r\n"))
        return True
    elif mode.startswith("status-"):
        send(answer(int(mode[7:]), b'{"error":{"message":"no"}}'))
        return True
    return False


def respond(head, body, conn):
    path = head.split(b" ", 2)[1].decode()
    mode = re.search(rb"(?im)^x-mode: *(\S+)", head)
    mode = mode.group(1).decode() if mode else path.rsplit("/", 1)[-1]
    try:
        ask = json.loads(body or b"{}")
    except ValueError:
        ask = {}
    if str(ask.get("model", "")).startswith("do-"):
        mode = ask["model"][3:]
    if MODE_FILE:
        with open(MODE_FILE, encoding="ascii") as f:
            mode = f.read().strip() or mode
    if re.fullmatch(MODES, mode):
        return misbehave(mode, conn, body)
    form = next((f for end, f in FORMS if path.endswith(end)), None)
    if form:
        conn.sendall(answer(200, json.dumps(form(ask)).encode()))
    elif ask.get("stream"):
        stream(ask, conn.sendall)
    else:
        conn.sendall(answer(200, json.dumps(completion(ask)).encode()))
    return True


class Record:
    def __init__(self, name):
        self.file = open(name, "ab", buffering=0)
        self.lock = threading.Lock()

    def add(self, number, data):
        with self.lock:
            self.file.write(b"== %d\n" % number + data + b"\n")


def serve(conn, number, record):
    got = b""
    try:
        while True:
            while b"\r\n\r\n" not in got:
                more = conn.recv(65536)
                if not more:
                    return
                record.add(number, more)
                got += more
            head, got = got.split(b"\r\n\r\n", 1)
            length = re.search(rb"(?im)^content-length: *(\d+)", head)
            length = int(length.group(1)) if length else 0
            while len(got) < length:
                more = conn.recv(65536)
                if not more:
                    return
                record.add(number, more)
                got += more
            body, got = got[:length], got[length:]
            if not respond(head, body, conn):
                return
    except OSError:
        record.add(number, b"(gone)")
    finally:
        conn.close()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--record", required=True)
    p.add_argument("--cert", help="certificate and key in one PEM file")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--mode-file")
    a = p.parse_args()
    global MODE_FILE
    MODE_FILE = a.mode_file
    record = Record(a.record)
    tls = None
    if a.cert:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(a.cert)
    listener = socket.create_server(("127.0.0.1", a.port), backlog=128)
    print(f"ready http{'s' if a.cert else ''}://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    number = 0
    while True:
        conn, _ = listener.accept()
        number += 1

        def run(conn=conn, number=number):
            if tls:
                try:
                    conn = tls.wrap_socket(conn, server_side=True)
                except (OSError, ssl.SSLError):
                    record.add(number, b"(no TLS)")
                    return
            serve(conn, number, record)

        threading.Thread(target=run, daemon=True).start()


main()
