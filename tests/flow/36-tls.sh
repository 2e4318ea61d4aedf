#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# TLS 1.3 with both protocols; a new certificate without dropping a connection.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
certificate()
{
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
        -addext 'subjectAltName=IP:127.0.0.1' -keyout "$dir/$1.key" -out "$dir/$1.pem" 2>/dev/null
}
certificate one
certificate two
cp "$dir/one.pem" "$dir/cert.pem"
cp "$dir/one.key" "$dir/key.pem"

refuse 'a certificate without its key does not start' daemon_start --set "net.tls_cert=$dir/cert.pem"
refuse 'nor does one with another key' daemon_start --set "net.tls_cert=$dir/cert.pem" --set "net.tls_key=$dir/two.key"
refuse 'nor one that is none' daemon_start --set "net.tls_cert=$dir/raw" --set "net.tls_key=$dir/key.pem"
daemon_start --set "net.tls_cert=$dir/cert.pem" --set "net.tls_key=$dir/key.pem" ||
    { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
get() { curl -sS -m 10 --cacert "$dir/$1.pem" "$2" -o "$dir/body" -w '%{http_version} %{http_code}' "$url/healthy"; }
expect 'it says https' test "${url%%:*}" = https
expect 'HTTP/1.1 over TLS' test "$(get one --http1.1)" = '1.1 200'
expect 'HTTP/2 by ALPN' test "$(get one --http2)" = '2 200'
refuse 'TLS 1.2 is not spoken' curl -sS -m 10 --cacert "$dir/one.pem" --tls-max 1.2 "$url/healthy"
refuse 'plain HTTP on the port is not answered' curl -sS -m 10 "http://127.0.0.1:${url##*:}/healthy"

# A connection that stays open over the change.
cat >"$dir/stay.py" <<'PY'
import socket, ssl, sys
port, ca = int(sys.argv[1]), sys.argv[2]
s = ssl.create_default_context(cafile=ca).wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="127.0.0.1")
def get():
    s.sendall(b"GET /healthy HTTP/1.1\r\nHost: x\r\n\r\n")
    return s.recv(4096).startswith(b"HTTP/1.1 200")
assert get()
print("open", flush=True)
sys.stdin.readline()
assert get()
print("still")
PY
mkfifo "$dir/to" "$dir/from"
python3 "$dir/stay.py" "${url##*:}" "$dir/one.pem" <"$dir/to" >"$dir/from" &
exec 6>"$dir/to" 7<"$dir/from"
read -r word <&7
cp "$dir/two.pem" "$dir/cert.pem"
cp "$dir/two.key" "$dir/key.pem"
kill -HUP "$daemon"
expect 'after SIGHUP new connections get the new certificate' await get two --http1.1
refuse 'and the old one is not shown any more' get one --http1.1
echo >&6
read -r word <&7
expect 'a connection from before goes on' test "${word-}" = still
exec 6>&- 7<&-
printf 'nonsense' >"$dir/cert.pem"
kill -HUP "$daemon"
expect 'a broken new certificate is refused, loudly' await grep -q 'reload_failed' "$dir/log"
expect 'and the one in force stays' test "$(get two --http1.1)" = '1.1 200'
done_testing
