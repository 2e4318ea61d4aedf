#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What the server says of itself: for everybody, and the same as the command prints.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2119
daemon_with_toys || {
    show "$dir/log"
    echo 'Bail out! no daemon'
    exit 1
}
expect 'the description of all routes needs no key' status 200 '' GET /openapi.json
expect 'it is OpenAPI' body 'j["openapi"] == "3.1.0" and len(j["paths"]) > 100'
expect 'with all dialects' body 'all(p in j["paths"] for p in ["/v1/chat/completions", "/v1/messages", "/model/{id}/converse", "/api/chat", "/mcp", "/admin/v1/keys"])'
expect 'a field that is refused is said to be' body '"Refused" in j["paths"]["/v1/chat/completions"]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]["functions"]["description"]'
expect 'nothing of this installation is in it' sh -c "! grep -qE '127\.0\.0\.1|sk-hoheit|$dir' '$dir/body'"
cp "$dir/body" "$dir/served"
expect 'the command prints the same' sh -c "'$bin/hoheit' openapi >'$dir/printed'"
expect 'but for the end of the line' sh -c "tr -d '\n' <'$dir/printed' | cmp - '$dir/served'"
packed() { curl -sS -m 10 --compressed -D "$dir/head" "$url/openapi.json" | cmp - "$dir/served" && grep -qi '^content-encoding: gzip' "$dir/head" && grep -qi '^vary: accept-encoding' "$dir/head"; }
expect 'who takes gzip gets it packed' packed

# Each example, as a client that knows nothing but the document would send it.
examples()
{
    KEY=$(key amt VS-NfD) URL=$url python3 - "$dir/served" <<'END'
import json, os, sys, urllib.request
document, seen = json.load(open(sys.argv[1])), 0
for path, operations in document["paths"].items():
    for operation in operations.values():
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if "example" not in content:
            continue
        asked = urllib.request.Request(os.environ["URL"] + path, json.dumps(content["example"]).encode(), {
            "Content-Type": "application/json", "Authorization": "Bearer " + os.environ["KEY"]})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            said = json.load(answer)
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        lacking = [name for name in schema.get("required", []) if name not in said]
        if lacking:
            sys.exit(f"{path} lacks {lacking}: {said}")
        seen += 1
sys.exit(0 if seen > 12 else f"only {seen} examples")
END
}
expect 'every example is answered as the description says' examples
expect 'other methods are refused' status 405 '' POST /openapi.json '{}'
done_testing
