#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""with_key.py URL KEY - for clients that can show no key: hands on what comes to a port of this
machine, with the key added and everything else as it came.  Prints "ready URL"; stays until it is
ended."""
import http.client
import http.server
import sys
import urllib.parse

upstream = urllib.parse.urlsplit(sys.argv[1])
key = sys.argv[2]
HOPS = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        there = http.client.HTTPConnection(upstream.hostname, upstream.port, timeout=20)
        there.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in HOPS:
                there.putheader(name, value)
        there.putheader("Authorization", f"Bearer {key}")
        there.putheader("Content-Length", str(len(body)))
        there.endheaders(body)
        answer = there.getresponse()
        said = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOPS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_DELETE = do_PUT = pass_on

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"ready http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
