#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What goes wrong around an engine costs the request it happens to, and nobody else.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
daemon_with_toys --set gate.running_max=2000 --set engine.queue_max=2000 --set net.connections_max=2500 ||
    { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
k=$(key k VS-NfD)
expect 'an engine is there' status 200 "$k" POST /v1/chat/completions "$(chat Hallo)"
engine() { hoheit status --json | python3 -c 'import json, sys
print([e[sys.argv[1]] for e in json.load(sys.stdin)["engines"] if e["model"] == "toy"][0])' "$1"; }
pid=$(engine pid)

# One stream is read to its end; beside it 1,000 others are closed at once, and one is never read.
cat >"$dir/crowd.py" <<'PY'
import json, socket, sys, threading
port, key, crowd = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
def ask(text, tokens):
    body = json.dumps({"model": "toy", "stream": True, "max_tokens": tokens, "messages": [{"role": "user", "content": text}]})
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    return s
def read_all(s, into):
    while b"[DONE]" not in into[-40:]:
        more = s.recv(65536)
        if not more:
            return
        into.extend(more)
calm, said = ask("!slow 2 !long 300", 300), bytearray()
reader = threading.Thread(target=read_all, args=(calm, said))
reader.start()
deaf = ask("!long 200000", 200000)
others = [ask("!slow 20 !long 4000", 4000) for _ in range(crowd)]
heard = [len(s.recv(12)) for s in others[:8]]
for s in others:
    s.close()
reader.join(30)
deaf.close()
print(len(others), all(heard), said.count(b'"content"') >= 300, b"[DONE]" in said)
PY
port=${url##*:}
expect '1,000 cancels at once and a client that does not read leave a stream whole' \
    sh -c "python3 '$dir/crowd.py' $port $k 1000 | tee '$dir/said' | grep -qx '1000 True True True'"
idle() { test "$(engine jobs)" -eq 0; }
expect 'nothing of them is left in the engine' await idle
expect 'which is the same process' test "$(engine pid)" = "$pid"
expect 'and answers' status 200 "$k" POST /v1/chat/completions "$(chat Hallo)"

# As a check of the library that fails would end it.
kill -ABRT "$pid"
expect 'after an abort requests are answered again' await status 200 "$k" POST /v1/chat/completions "$(chat Hallo)"
expect 'by another process' test "$(engine pid)" != "$pid"
expect 'and the log has it' grep -q 'signal 6' "$dir/log"
expect 'more than any context holds is refused with both numbers' status 400 "$k" POST /v1/chat/completions "$(chat Hallo ',"max_tokens":90000000')"
daemon_stop
daemon=''

# ---- memory
tiny=${TINY_GGUF:-$bin/tiny_gguf}
if [ -x "$bin/hoheit-engine" ] && [ -x "$tiny" ]; then
    "$tiny" "$dir/chat.gguf" >/dev/null || exit 2
    daemon_start --set engine.threads=1 --set engine.memory_bytes_max=200000000 || exit 2
    expect 'a model is taken' hoheit model add "$dir/chat.gguf" --name tiny --quiet
    ask='{"model":"tiny","messages":[{"role":"user","content":"x"}],"max_tokens":4}'
    expect 'that needs more memory than an engine may have is not started' status 503 "$k" POST /v1/chat/completions "$ask"
    expect 'which the log says with both numbers' grep -q 'the model needs [0-9]* bytes or more, --memory-max grants 200000000' "$dir/log"
    expect 'others answer' status 200 "$k" POST /v1/chat/completions "$(chat Hallo)"
fi
done_testing
