#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What the server says of itself: for everybody, and the same as the command prints.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"

daemon_start || {
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
expect 'other methods are refused' status 405 '' POST /openapi.json '{}'
done_testing
