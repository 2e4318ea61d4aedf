#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Images: in all dialects, decoded in a cell, refused where no model sees, and never taken for one
# another.  The model that sees is tiny and random.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
tiny=${TINY_GGUF:-$bin/tiny_gguf}
daemon_start --set engine.threads=1 || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
k=$(key k VS-NfD)
C=/v1/chat/completions
# png SIDE RED [cut | grey]: base64
png() { python3 - "$@" <<'P'
import base64, struct, sys, zlib
side, red, how = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ''
def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
rows = b''.join(b'\0' + bytes(v for x in range(side) for v in (red, (x * 7 + y) % 256, y % 256)) for y in range(side))
if how == 'bomb': rows = b''
head = struct.pack('>IIBBBBB', *((60000, 60000) if how == 'bomb' else (side, side)), 8, 2, 0, 0, 0)
image = b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')
print(base64.b64encode(image[:len(image) // 2] if how == 'cut' else image).decode())
P
}
red=$(png 40 250) blue=$(png 40 10) cut=$(png 40 250 cut) bomb=$(png 1 0 bomb)
text=$(printf 'no image at all, but text' | base64)
# chat MODEL URL [MORE]
chat() { printf '{"model":"%s","max_tokens":12,"temperature":0,"messages":[{"role":"user","content":[{"type":"text","text":"Was ist das?"},{"type":"image_url","image_url":{"url":"%s"}},{"type":"text","text":"Kurz."}]}]%s}' "$1" "$2" "${3-}"; }
data() { printf 'data:image/png;base64,%s' "$1"; }

# ---- where nobody sees
expect 'the built-in model' hoheit model add toy --name toy --quiet
expect 'a model that cannot see says so' status 400 "$k" POST $C "$(chat toy "$(data "$red")")"
expect 'naming the field and the capability' body 'j["error"]["param"] == "messages[0].content[1].image_url.url" and "vision" in j["error"]["message"] and "cannot see" in j["error"]["message"]'
expect 'an address is refused' status 400 "$k" POST $C "$(chat toy https://example.org/a.png)"
expect 'for nothing here fetches one' body '"fetches" in j["error"]["message"]'
expect 'no base64' status 400 "$k" POST $C "$(chat toy 'data:image/png;base64,%%%%')"
expect 'is said so' body '"base64" in j["error"]["message"]'
expect 'another format' status 400 "$k" POST $C "$(chat toy "data:image/gif;base64,$red")"
expect 'text that says it is a PNG' status 400 "$k" POST $C "$(chat toy "$(data "$text")")"
expect 'is no image' body '"is no image" in j["error"]["message"] and j["error"]["param"] == "messages[0].content[1].image_url.url"'
expect 'a PNG that says it is a JPEG' status 400 "$k" POST $C "$(chat toy "data:image/jpeg;base64,$red")"
many=$(python3 -c 'import json, sys; print(json.dumps([{"type":"image_url","image_url":{"url":sys.argv[1]}}] * 17))' "$(data "$red")")
expect 'too many' status 400 "$k" POST $C '{"model":"toy","messages":[{"role":"user","content":'"$many"'}]}'
expect 'sound' status 400 "$k" POST $C '{"model":"toy","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]}]}'
expect 'is heard by nobody' body '"audio" in j["error"]["message"] and "hear" in j["error"]["message"]'
anthropic() { printf '{"model":"%s","max_tokens":8,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"%s"}},{"type":"text","text":"Was?"}]}]}' "$1" "$2"; }
expect 'Anthropic' status 400 "$k" POST /v1/messages "$(anthropic toy "$red")"
expect 'in its own shape' body 'j["type"] == "error" and j["error"]["type"] == "invalid_request_error" and "messages[0].content[0].source.data" in j["error"]["message"]'
converse() { printf '{"messages":[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":"%s"}}},{"text":"Was?"}]}],"inferenceConfig":{"maxTokens":8}}' "$1"; }
expect 'Bedrock' status 400 "$k" POST /model/toy/converse "$(converse "$red")"
expect 'in its own' body '"vision" in j["message"]'
expect 'Ollama' status 400 "$k" POST /api/chat '{"model":"toy","stream":false,"messages":[{"role":"user","content":"Was?","images":["'"$red"'"]}]}'
expect 'in its own too' body '"vision" in j["error"]'
respond() { printf '{"model":"%s","max_output_tokens":8,"input":[{"role":"user","content":[{"type":"input_text","text":"Was?"},{"type":"input_image","image_url":"%s"}]}]}' "$1" "$2"; }
expect 'Responses' status 400 "$k" POST /v1/responses "$(respond toy "$(data "$red")")"
if [ ! -x "$bin/hoheit-engine" ] || [ ! -x "$tiny" ]; then
    done_testing
    exit
fi

# ---- where one does
"$tiny" "$dir/chat.gguf" && "$tiny" --projector --seed 7 "$dir/eyes.gguf" && "$tiny" --projector --embd 128 "$dir/wide.gguf" || exit 2
expect 'a model' hoheit model add "$dir/chat.gguf" --name amt --quiet
refuse 'a projector is no model on its own' hoheit model add "$dir/eyes.gguf" --name sieht --quiet
refuse 'nor of a model that is not there' hoheit model add "$dir/eyes.gguf" --name sieht --projector-of nix --quiet
refuse 'a model is no projector' hoheit model add "$dir/chat.gguf" --name sieht --projector-of amt --quiet
head -c 3000 "$dir/eyes.gguf" >"$dir/cut.gguf"
refuse 'a cut one is refused' hoheit model add "$dir/cut.gguf" --name sieht --projector-of amt --quiet
expect 'a projector is taken with its base' hoheit model add "$dir/eyes.gguf" --name sieht --projector-of amt --quiet
expect 'an image is answered' status 200 "$k" POST $C "$(chat sieht "$(data "$red")")"
expect 'and counted' body 'j["usage"]["prompt_tokens"] > 16 + 20'
said() { api "$k" POST $C "$(chat sieht "$(data "$1")")" | python3 -c 'import json,sys; j = json.load(sys.stdin); print(j["choices"][0]["message"]["content"].encode(), j["usage"].get("prompt_tokens_details", {}).get("cached_tokens"))'; }
first=$(said "$red") second=$(said "$red") other=$(said "$blue")
expect 'the same image, the same answer' test "${first% *}" = "${second% *}"
expect 'from the cache the second time' test "${second##* }" -gt 16
expect 'another image, another answer' test "${other% *}" != "${first% *}"
expect 'and nothing of the first is taken for it' test "${other##* }" -eq 0
expect 'without an image it still talks' status 200 "$k" POST $C '{"model":"sieht","max_tokens":4,"messages":[{"role":"user","content":"Hallo"}]}'
expect 'a cut image' status 400 "$k" POST $C "$(chat sieht "$(data "$cut")")"
expect 'is refused by its place' body 'j["error"]["param"] == "messages[0].content[1].image_url.url" and "damaged" in j["error"]["message"]'
expect 'an image of 3.6 thousand million pixels' status 400 "$k" POST $C "$(chat sieht "$(data "$bomb")")"
expect 'is refused before room is made' body '"60000 x 60000" in j["error"]["message"]'
expect 'Anthropic is answered' status 200 "$k" POST /v1/messages "$(anthropic sieht "$red")"
expect 'Bedrock is' status 200 "$k" POST /model/sieht/converse "$(converse "$red")"
expect 'Ollama is' status 200 "$k" POST /api/chat '{"model":"sieht","stream":false,"options":{"num_predict":8},"messages":[{"role":"user","content":"Was?","images":["'"$red"'"]}]}'
expect 'Responses is' status 200 "$k" POST /v1/responses "$(respond sieht "$(data "$red")")"
expect 'tokens are counted with their images' status 200 "$k" POST /v1/messages/count_tokens "$(printf '{"model":"sieht","messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"%s"}}]}]}' "$red")"
expect 'sixteen of them at least' body 'j["input_tokens"] > 16'
expect 'one that does not fit is found out when it is loaded' hoheit model add "$dir/wide.gguf" --name weit --projector-of amt --quiet
expect 'and answers nothing' status 400 "$k" POST $C "$(chat weit "$(data "$red")")"
expect 'while its base goes on' status 200 "$k" POST $C '{"model":"amt","max_tokens":4,"messages":[{"role":"user","content":"Hallo"}]}'
refuse 'its base cannot go before it' hoheit model rm amt
done_testing
