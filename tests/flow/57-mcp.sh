#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# The MCP server: hello, tools, and each tool on the way of its route, under the key's clearance.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2119
daemon_with_toys || {
    show "$dir/log"
    echo 'Bail out! no daemon'
    exit 1
}
offen=$(key buero offen) intern=$(key amt intern) operator=$(key chef intern --operator)
status 200 "$operator" POST /v1/know '{"name":"wissen"}' >/dev/null
add() { status 200 "$intern" POST /v1/know/wissen/documents "{\"documents\":[{\"name\":\"$2\",\"text\":\"$3\"}]}" -H "X-Hoheit-Label: $1" >/dev/null; }
add offen hund '# Hund\n\nDie Hundesteuer beträgt 96 Euro.\n'
add intern plan '# Plan\n\nDie Hundesteuer steigt auf 200 Euro.\n'

hello='{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"flow","version":"1"}}}'
session() { status 200 "$1" POST /mcp "$hello" >/dev/null && sed -n 's/^[Mm]cp-[Ss]ession-[Ii]d: *\([^[:space:]]*\).*/\1/p' "$dir/head"; }
expect 'a client says hello' status 200 "$offen" POST /mcp "$hello"
expect 'and is told the version and that there are tools' body 'j["result"]["protocolVersion"] == "2025-06-18" and "tools" in j["result"]["capabilities"]'
low=$(session "$offen") high=$(session "$intern") chief=$(session "$operator")
rpc() { # STATUS KEY SESSION METHOD PARAMS
    status "$1" "$2" POST /mcp "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"$4\",\"params\":$5}" -H "Mcp-Session-Id: $3" -H 'MCP-Protocol-Version: 2025-06-18'
}
tool() { rpc 200 "$1" "$2" tools/call "{\"name\":\"$3\",\"arguments\":$4}"; }

expect 'tools are listed' rpc 200 "$offen" "$low" tools/list '{}'
expect 'with schemas' body '[t["name"] for t in j["result"]["tools"]] == ["ask","search_knowledge","ask_citizen","route_decision","explain_request"] and all(t["inputSchema"]["type"] == "object" for t in j["result"]["tools"])'
expect 'a notification is taken' status 202 "$offen" POST /mcp '{"jsonrpc":"2.0","method":"notifications/initialized"}' -H "Mcp-Session-Id: $low"
expect 'without a session nothing is' status 400 "$offen" POST /mcp '{"jsonrpc":"2.0","id":1,"method":"ping"}'
expect 'nor with that of another key' rpc 404 "$offen" "$high" ping '{}'
expect 'a batch is none' status 400 "$offen" POST /mcp "[$hello]"
expect 'a page of elsewhere is refused' status 403 "$offen" POST /mcp "$hello" -H 'Origin: https://evil.example'
expect 'there is no stream' status 405 "$offen" GET /mcp

expect 'a model is asked' tool "$offen" "$low" ask '{"message":"Hallo"}'
expect 'and answers' body 'j["result"]["content"][0]["text"] and not j["result"]["isError"] and j["result"]["_meta"]["hoheit/label"] == "offen"'
request=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["result"]["_meta"]["hoheit/request"])' "$dir/body")
expect 'who asked may see why' tool "$offen" "$low" explain_request "{\"request\":\"$request\"}"
expect 'what was decided' body 'not j["result"]["isError"] and "decision" in j["result"]["content"][0]["text"]'
expect 'documents are searched' tool "$intern" "$high" search_knowledge '{"collection":"wissen","query":"Hundesteuer"}'
expect 'all that the key may see' body 'len(j["result"]["structuredContent"]["data"]) == 2 and j["result"]["_meta"]["hoheit/label"] == "intern"'
expect 'below too' tool "$offen" "$low" search_knowledge '{"collection":"wissen","query":"Hundesteuer"}'
expect 'what is not above' body 'len(j["result"]["structuredContent"]["data"]) == 1 and "200 Euro" not in str(j)'
expect 'a citizen is answered' tool "$offen" "$low" ask_citizen '{"question":"Wie hoch ist die Hundesteuer?","know":"wissen","rewrite":false}'
expect 'verbatim' body '"96 Euro" in j["result"]["structuredContent"]["cards"][0]["quote"]'
expect 'an operator sees where a request would go' tool "$operator" "$chief" route_decision '{"label":"intern"}'
expect 'and why' body 'not j["result"]["isError"]'
expect 'others do not' tool "$offen" "$low" route_decision '{"label":"offen"}'
expect 'as an error of the tool' body 'j["result"]["isError"] and "structuredContent" not in j["result"]'
expect 'what is above the clearance is denied' tool "$offen" "$low" ask '{"message":"x","label":"intern"}'
expect 'in the same way' body 'j["result"]["isError"]'
expect 'an unknown tool is an error of the protocol' tool "$offen" "$low" rm '{}'
expect 'by its code' body 'j["error"]["code"] == -32602'
expect 'an unknown method too' rpc 200 "$offen" "$low" resources/list '{}'
expect 'by another' body 'j["error"]["code"] == -32601'
done_testing
