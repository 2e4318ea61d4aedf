#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Bad input on the wire is answered with its status, and the daemon goes on.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
daemon_with_toys --set net.header_ms_max=300 --set net.body_ms_max=300 --set net.body_bytes_max=65536 \
    --set net.header_bytes_max=8192 --set net.connections_per_address_max=64 ||
    { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
k=$(key k VS-NfD)
port=${url##*:}

# raw WANT BYTES...: sends the bytes (printf form), reads until the server closes; the first status is
# WANT and, for everything but 200, the connection is closed.
cat >"$dir/raw.py" <<'PY'
import socket, sys
port, want, *pieces = sys.argv[1:]
s = socket.create_connection(("127.0.0.1", int(port)))
s.settimeout(10)
got = b""
try:
    for p in pieces:
        s.sendall(p.encode("latin1").decode("unicode_escape").encode("latin1"))
    while piece := s.recv(65536):
        got += piece
        if want == "200" and b"\r\n\r\n" in got:
            break
except ConnectionResetError:
    pass
status = got.split(b" ", 2)[1].decode() if got.startswith(b"HTTP/1.1 ") else "none"
sys.exit(0 if status == want and got.count(b"HTTP/1.1 4") + got.count(b"HTTP/1.1 5") <= 1 else f"want {want}, got {got[:300]}")
PY
raw() { python3 "$dir/raw.py" "$port" "$@"; }
H='Host: x\r\n' A="Authorization: Bearer $k\\r\\n" P='POST /v1/chat/completions HTTP/1.1\r\n'

expect 'a plain request' raw 200 "GET /healthy HTTP/1.1\\r\\n$H\\r\\n"
expect 'two lengths that disagree' raw 400 "$P$H${A}Content-Length: 2\\r\\nContent-Length: 3\\r\\n\\r\\n{}x"
expect 'a length and chunks' raw 400 "$P$H${A}Content-Length: 2\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n"
expect 'a folded header' raw 400 "GET /healthy HTTP/1.1\\r\\n${H}X: a\\r\\n b\\r\\n\\r\\n"
expect 'bare line feeds' raw 400 "GET /healthy HTTP/1.1\\nHost: x\\n\\n"
expect 'a bad chunk size' raw 400 "$P$H${A}Transfer-Encoding: chunked\\r\\n\\r\\n0x2\\r\\n{}\\r\\n0\\r\\n\\r\\n"
expect 'a space before the colon' raw 400 "GET /healthy HTTP/1.1\\r\\nHost : x\\r\\n\\r\\n"
expect 'no host' raw 400 "GET /healthy HTTP/1.1\\r\\n\\r\\n"
expect 'a body over the limit' raw 413 "$P$H${A}Content-Length: 70000\\r\\n\\r\\n"
expect 'headers over the limit' raw 431 "GET /healthy HTTP/1.1\\r\\n${H}X: $(python3 -c 'print("a" * 9000)')\\r\\n\\r\\n"
expect 'a header that does not end' raw 408 "GET /healthy HTTP/1.1\\r\\nHo"
expect 'a body that does not come' raw 408 "$P$H${A}Content-Length: 10\\r\\n\\r\\n{"
expect 'a version that does not exist' raw 505 "GET /healthy HTTP/3.0\\r\\n$H\\r\\n"
expect 'garbage' raw 400 "\\x16\\x03\\x01\\x02\\x00\\x01\\r\\n\\r\\n"
expect 'and it still serves' status 200 "$k" GET /v1/models

# ---- HTTP/2 on the same port
h2() { curl -sS -m 10 --http2-prior-knowledge -o "$dir/body" -w '%{http_version} %{http_code}' "$@"; }
expect 'HTTP/2 with prior knowledge' test "$(h2 "$url/healthy")" = '2 200'
expect 'a chat over HTTP/2' test "$(h2 -H "Authorization: Bearer $k" -d "$(chat Hallo)" "$url/v1/chat/completions")" = '2 200'
expect 'a stream over HTTP/2' test "$(h2 -H "Authorization: Bearer $k" -d "$(chat Hallo ',"stream":true')" "$url/v1/chat/completions")" = '2 200'
expect 'that ends as it should' grep -q 'DONE' "$dir/body"

# ---- a reader that does not read
cat >"$dir/slow.py" <<'PY'
import json, socket, sys
port, key = sys.argv[1:]
body = json.dumps({"model": "toy", "stream": True, "max_tokens": 8000, "n": 8,
                   "messages": [{"role": "user", "content": "!long 8000"}]}).encode()
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
s.connect(("127.0.0.1", int(port)))
s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n"
          % (key.encode(), len(body)) + body)
s.recv(100)
sys.stdin.read()
PY
mkfifo "$dir/hold"
python3 "$dir/slow.py" "$port" "$k" <"$dir/hold" &
exec 5>"$dir/hold"
was_cut() { curl -sS --unix-socket "$data/run/hoheit.sock" http://x/metrics | grep -q '^hoheit_http_slow_readers_cut_total 1'; }
expect 'a reader that stops reading is cut while it holds on' await was_cut
exec 5>&-
expect 'others never noticed' status 200 "$k" POST /v1/chat/completions "$(chat Hallo)"
done_testing
