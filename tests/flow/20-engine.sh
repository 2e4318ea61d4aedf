#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Engines come, go and come back; nobody else notices.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
daemon_with_toys "$@" || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
k=$(key k VS-NfD)

engine() { hoheit status --json | python3 -c 'import json, sys
e = [e for e in json.load(sys.stdin)["engines"] if e["model"] == sys.argv[1]]; print(e[0][sys.argv[2]] if e else "")' "$1" "$2"; }
events() { grep -c '^data: ' "$dir/stream"; }

expect 'a first answer starts the engine' status 200 "$k" POST /v1/chat/completions "$(chat Hallo)"
pid=$(engine toy pid)
expect 'its process is running' kill -0 "$pid"
expect 'another model has an engine of its own' status 200 "$k" POST /v1/embeddings '{"model":"toy-embed","input":"x"}'

# ---- kill -9 in the middle of a stream
mkfifo "$dir/pipe"
curl -sSN -m 30 -H "Authorization: Bearer $k" -H 'Content-Type: application/json' \
    -d "$(chat '!slow 20 !long 2000' ',"stream":true,"max_tokens":2000')" "$url/v1/chat/completions" >"$dir/pipe" &
client=$!
exec 4<"$dir/pipe"
read -r first <&4; read -r _ <&4; read -r second <&4
expect 'a stream is running' test -n "$first$second"
kill -9 "$pid"
cat <&4 >"$dir/stream"
exec 4<&-
wait $client
expect 'its reader gets an error event' grep -q '"error".*engine_lost' "$dir/stream"
refuse 'and no [DONE]' grep -q 'DONE' "$dir/stream"
began=$(date +%s%N)
expect 'the next request is answered by a new engine' status 200 "$k" POST /v1/chat/completions "$(chat Hallo)"
expect 'within a second' test $((($(date +%s%N) - began) / 1000000)) -lt 1000
expect 'it is another process' test "$(engine toy pid)" != "$pid"
expect 'the restart is counted' test "$(engine toy restarts)" -ge 1
expect 'the other engine never noticed' test "$(engine toy-embed restarts)" -eq 0
expect 'the loss is on record' grep -q '"engine.lost"' "$data/audit/audit.jsonl"

# ---- a client that goes away
curl -sN -m 1 -H "Authorization: Bearer $k" -H 'Content-Type: application/json' \
    -d "$(chat '!slow 20 !long 4000' ',"stream":true,"max_tokens":4000')" "$url/v1/chat/completions" >/dev/null
expect 'a client that went away stops its decoding' await test "$(engine toy jobs)" -eq 0
expect 'and is on record as cancelled' await grep -q '"cancelled"' "$data/audit/audit.jsonl"

# ---- models come and go
expect 'a model can be removed' hoheit model rm toy-embed
expect 'then it is not known' status 404 "$k" POST /v1/embeddings '{"model":"toy-embed","input":"x"}'
expect 'and the answer names the known ones' status 404 "$k" POST /v1/chat/completions '{"model":"none","messages":[{"role":"user","content":"x"}]}'
expect 'by name' body '"toy" in j["error"]["message"]'
expect 'an alias serves under another name' sh -c "'$bin/hoheit' --data '$data' model alias gpt-4o toy"
expect 'as applications ask for it' status 200 "$k" POST /v1/chat/completions '{"model":"gpt-4o","messages":[{"role":"user","content":"x"}]}'
expect 'under the name they used' body 'j["model"] == "gpt-4o"'
printf 'GGUF nonsense' >"$dir/bad.gguf"
refuse 'a corrupt model file is not taken' hoheit model add "$dir/bad.gguf" --name bad
expect 'and leaves nothing behind' sh -c "! ls -A '$data/models' | grep ."
refuse 'a missing file' hoheit model add "$dir/none.gguf"
refuse 'a name with a slash' hoheit model add toy --name a/b
done_testing
