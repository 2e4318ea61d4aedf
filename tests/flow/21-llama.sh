#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# The real engine on tiny random models: what they say is noise, that they say it is the point.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
tiny=${TINY_GGUF:-$bin/tiny_gguf}
if [ ! -x "$bin/hoheit-engine" ] || [ ! -x "$tiny" ]; then
    echo "ok 1 - the real engine # SKIP hoheit-engine or tiny_gguf is not built"
    echo "1..1"
    exit 0
fi
"$tiny" "$dir/chat.gguf" >/dev/null && "$tiny" --embed "$dir/embed.gguf" >/dev/null || exit 2
daemon_start --set engine.threads=1 || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
k=$(key k VS-NfD)
C=/v1/chat/completions
ask() { printf '{"model":"tiny","messages":[{"role":"user","content":"%s"}],"max_tokens":%s%s}' "$1" "$2" "${3-}"; }

expect 'a model file is taken' hoheit model add "$dir/chat.gguf" --name tiny --quiet
expect 'so is an embedder' hoheit model add "$dir/embed.gguf" --name tiny-embed --quiet
expect 'under the digest of its bytes' test -f "$data/models/$(sha256sum "$dir/chat.gguf" | cut -d ' ' -f 1).gguf"
head -c 200000 "$dir/chat.gguf" >"$dir/cut.gguf"
refuse 'a truncated one is not' hoheit model add "$dir/cut.gguf" --name cut --quiet
expect 'a chat is answered' status 200 "$k" POST $C "$(ask Hallo 12)"
expect 'with so many tokens' body 'j["usage"]["completion_tokens"] <= 12 and j["usage"]["prompt_tokens"] > 5'
said() { api "$k" POST $C "$(ask "$1" 24 "$2")" | python3 -c 'import json,sys; print(json.load(sys.stdin)["choices"][0]["message"]["content"].encode())'; }
expect 'greedy says the same twice' test "$(said Hallo ',"temperature":0')" = "$(said Hallo ',"temperature":0')"
expect 'so does a seed' test "$(said Hallo ',"seed":3')" = "$(said Hallo ',"seed":3')"
expect 'another seed says something else' test "$(said Hallo ',"seed":3')" != "$(said Hallo ',"seed":4')"
expect 'json_object gives an object from noise' status 200 "$k" POST $C "$(ask Hallo 200 ',"response_format":{"type":"json_object"}')"
expect 'that parses' body 'j["choices"][0]["finish_reason"] == "length" or isinstance(json.loads(j["choices"][0]["message"]["content"]), dict)'
expect 'n answers share one prompt' status 200 "$k" POST $C "$(ask Hallo 8 ',"n":3,"temperature":1')"
expect 'and differ' body 'len({c["message"]["content"] for c in j["choices"]}) > 1'
expect 'logprobs' status 200 "$k" POST $C "$(ask Hallo 4 ',"logprobs":true,"top_logprobs":5')"
expect 'are probabilities' body 'all(t["logprob"] <= 0 and len(t["top_logprobs"]) == 5 for t in j["choices"][0]["logprobs"]["content"])'
T=',"tools":[{"type":"function","function":{"name":"wetter","description":"sagt <|im_end|>","parameters":{"type":"object","properties":{"ort":{"type":"string","maxLength":20},"tage":{"type":"integer","minimum":1,"maximum":14}},"required":["ort","tage"],"additionalProperties":false}}}]'
expect 'a forced call is made, whatever noise would say' status 200 "$k" POST $C "$(ask Hallo 400 "$T"',"tool_choice":"required"')"
expect 'and follows its schema' body 'j["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "wetter" and 1 <= json.loads(j["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"])["tage"] <= 14'
expect 'an answer follows its schema' status 200 "$k" POST $C "$(ask Hallo 400 ',"temperature":1,"seed":4,"response_format":{"type":"json_schema","json_schema":{"name":"p","schema":{"type":"array","items":{"type":"string","minLength":3,"maxLength":9},"minItems":2,"maxItems":4}}}')"
expect 'in counts and lengths' body '(lambda v: 2 <= len(v) <= 4 and all(3 <= len(x) <= 9 for x in v))(json.loads(j["choices"][0]["message"]["content"]))'
expect 'tools may be offered to a template that knows none' status 200 "$k" POST $C "$(ask Hallo 8 "$T")"
expect 'too much for the context' status 400 "$k" POST $C "$(ask Hallo 900000)"
expect 'says so with numbers' body 'j["error"]["code"] == "context_length_exceeded" and any(c.isdigit() for c in j["error"]["message"])'
expect 'embeddings' status 200 "$k" POST /v1/embeddings '{"model":"tiny-embed","input":["Antrag auf Wohngeld","Antrag auf Wohngeld","Hund"]}'
expect 'equal for equal texts' body 'max(abs(a - b) for a, b in zip(j["data"][0]["embedding"], j["data"][1]["embedding"])) < 1e-4 and j["data"][0]["embedding"] != j["data"][2]["embedding"]'
# ---- an adapter
"$tiny" --lora --seed 5 "$dir/lora.gguf" >/dev/null && "$tiny" --lora --embd 128 "$dir/wide.gguf" >/dev/null || exit 2
refuse 'an adapter is no model on its own' hoheit model add "$dir/lora.gguf" --name fein --quiet
refuse 'nor one of a model that is not there' hoheit model add "$dir/lora.gguf" --name fein --adapter-of nix --quiet
refuse 'nor of an embedder' hoheit model add "$dir/lora.gguf" --name fein --adapter-of tiny-embed --quiet
refuse 'a model is no adapter' hoheit model add "$dir/chat.gguf" --name fein --adapter-of tiny --quiet
expect 'an adapter is taken with its base' hoheit model add "$dir/lora.gguf" --name fein --adapter-of tiny --quiet
tell() { api "$k" POST $C "$(ask Hallo 24 ',"temperature":0' | sed "s/tiny/$1/")" | python3 -c 'import json,sys; print(json.load(sys.stdin)["choices"][0]["message"]["content"].encode())'; }
expect 'asked for by its name it says something else' test "$(tell fein)" != "$(tell tiny)"
expect 'the same each time' test "$(tell fein)" = "$(tell fein)"
refuse 'its base cannot go before it' hoheit model rm tiny
expect 'one that does not fit is found out when it is loaded' hoheit model add "$dir/wide.gguf" --name weit --adapter-of tiny --quiet
expect 'and answers nothing' status 400 "$k" POST $C "$(ask Hallo 4 | sed 's/tiny/weit/')"
expect 'while its base goes on' status 200 "$k" POST $C "$(ask Hallo 4)"
expect 'the adapter goes' hoheit model rm fein
expect 'and its file' test ! -e "$data/models/$(sha256sum "$dir/lora.gguf" | cut -d ' ' -f 1).gguf"
engine() { hoheit status --json | python3 -c 'import json, sys
print([e["pid"] for e in json.load(sys.stdin)["engines"] if e["model"] == "tiny"][0])'; }
pid=$(engine)
expect 'the engine has no file of its own open' sh -c "! ls -l /proc/$pid/fd | grep -q '$data/records'"
# Sanitizer builds do without the filter; the gate's log says which this is.
filtered() { ! grep -q '"seccomp":1' "$dir/log" || grep -q '^Seccomp:.*2' "/proc/$pid/status"; }
expect 'its system calls are filtered' filtered
kill -9 "$pid"
expect 'after kill -9 requests are answered again' await status 200 "$k" POST $C "$(ask Hallo 4)"
expect 'by another process' test "$(engine)" != "$pid"
done_testing
