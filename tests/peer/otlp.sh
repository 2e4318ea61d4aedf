#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What a collector is sent, judged by OpenTelemetry's own protobuf messages.
#
#   OTLP_PYTHON   a Python that has opentelemetry-proto; skipped where there is none
#   BIN           directory of the programs
set -u
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${OTLP_PYTHON-}" ]; then
    echo "ok 1 - OpenTelemetry's messages take what is sent # SKIP OTLP_PYTHON names no Python with opentelemetry-proto"
    echo "1..1"
    exit 0
fi
# shellcheck source=tests/flow/lib.sh
. "$here/../flow/lib.sh"
collector=
end() {
    [ -z "$collector" ] || kill "$collector" 2>/dev/null
    flow_end
}
trap end EXIT
: >"$dir/record"
mkfifo "$dir/collector"
python3 "$here/collector.py" --record "$dir/record" >"$dir/collector" 2>"$dir/collector.log" &
collector=$!
read -r _ base <"$dir/collector"
"$bin/hoheitd" --init --data "$data" >/dev/null
cat >"$data/providers.yaml" <<EOF
version: 1
providers:
  - {name: sammler, dialect: otlp, url: $base, sink: intern//REL EU}
EOF
daemon_with_toys --set otlp.collector=sammler --set otlp.interval_ms=50 || {
    show "$dir/log"
    echo 'Bail out! no daemon'
    exit 1
}
k=$(key amt intern)
for n in 1 2 3; do
    expect "request $n is answered" status 200 "$k" POST /v1/chat/completions '{"model":"toy","max_tokens":8,"stream":true,"messages":[{"role":"user","content":"x"}]}'
done
expect 'one is refused' status 403 "$k" POST /v1/chat/completions '{"model":"toy","messages":[{"role":"user","content":"x"}]}' -H 'X-Hoheit-Label: VS-NfD'
expect 'vectors are made' status 200 "$k" POST /v1/embeddings '{"model":"toy-embed","input":["a","b"]}'
ended() { grep -q "embeddings toy-embed" "$dir/record"; }
expect 'all of it is told' await ended
# The next messages have what came last.
lines=$(wc -l <"$dir/record")
more() { [ "$(wc -l <"$dir/record")" -gt $((lines + 1)) ]; }
expect 'and goes on' await more
daemon_stop
expect "OpenTelemetry's messages take it and lose nothing" "$OTLP_PYTHON" "$here/otlp.py" "$dir/record"
done_testing
