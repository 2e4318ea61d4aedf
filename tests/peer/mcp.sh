#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# The conformance suite of the Model Context Protocol against the server at /mcp.  Scenarios for what
# is not offered are named in mcp.yaml; one of them that passes is a failure too.
#
#   MCP_CONFORMANCE   its program: a command with its arguments; skipped where there is none
#   BIN               directory of the programs
set -u
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${MCP_CONFORMANCE-}" ]; then
    echo "ok 1 - the MCP server conforms # SKIP MCP_CONFORMANCE names no program"
    echo "1..1"
    exit 0
fi
# shellcheck source=tests/flow/lib.sh
. "$here/../flow/lib.sh"

proxy=
end() {
    [ -z "$proxy" ] || kill "$proxy" 2>/dev/null
    flow_end
}
trap end EXIT
# shellcheck disable=SC2119
daemon_with_toys || {
    show "$dir/log"
    echo 'Bail out! no daemon'
    exit 1
}
mkfifo "$dir/proxy"
python3 "$here/with_key.py" "$url" "$(key amt intern)" >"$dir/proxy" &
proxy=$!
read -r _ with_key <"$dir/proxy" || exit 1

# The command is a list of words.
# shellcheck disable=SC2086
timeout 60 $MCP_CONFORMANCE server --url "$with_key/mcp" --suite all \
    --expected-failures "$here/mcp.yaml" -o "$dir/results" >"$dir/judged" 2>&1
judged=$?
for scenario in server-initialize ping tools-list server-sse-polling server-sse-multiple-streams dns-rebinding-protection; do
    expect "$scenario" grep -q "^✓ $scenario: " "$dir/judged"
done
expect 'all others ask for what is not claimed' [ $judged -eq 0 ]
[ $judged -eq 0 ] || tail -n 15 "$dir/judged" | sed 's/^/# /'
done_testing
