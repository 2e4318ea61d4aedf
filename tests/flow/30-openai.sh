#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# The OpenAI routes on the wire: plain and streamed, all parameters of this version, both ways.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
daemon_with_toys "$@" || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
k=$(key k VS-NfD)
C=/v1/chat/completions

stream() { curl -sSN -m 20 -H "Authorization: Bearer $k" -H 'Content-Type: application/json' -d "$2" "$url$1" >"$dir/stream"; }
# The chunks of the stream satisfy this expression over the list `c`.
chunks() { python3 -c 'import json, sys
lines = [l[6:] for l in open(sys.argv[1]).read().split("\n\n") if l.startswith("data: ")]
assert lines[-1] == "[DONE]", lines[-1]
c = [json.loads(l) for l in lines[:-1]]
sys.exit(0 if eval(sys.argv[2]) else f"not so: {sys.argv[2]}: {c[:3]} ... {c[-2:]}")' "$dir/stream" "$1"; }
refused() { status 400 "$k" POST "$1" "$2" && body "\"$3\" in (j['error']['param'] or '') or \"$3\" in j['error']['message']"; }

# ---- plain
expect 'a chat is answered' status 200 "$k" POST $C "$(chat Hallo)"
expect 'in the shape of the API' body 'j["object"] == "chat.completion" and j["choices"][0]["message"]["role"] == "assistant" and j["choices"][0]["message"]["content"]'
expect 'usage adds up' body 'j["usage"]["total_tokens"] == j["usage"]["prompt_tokens"] + j["usage"]["completion_tokens"] > 0'
expect 'max_tokens cuts and says so' status 200 "$k" POST $C "$(chat Hallo ',"max_tokens":2')"
expect 'with finish_reason length' body 'j["choices"][0]["finish_reason"] == "length" and j["usage"]["completion_tokens"] == 2'
expect 'n gives so many answers' status 200 "$k" POST $C "$(chat Hallo ',"n":3,"temperature":1,"max_tokens":8')"
expect 'numbered in order' body '[c["index"] for c in j["choices"]] == [0, 1, 2]'
expect 'logprobs come when asked for' status 200 "$k" POST $C "$(chat Hallo ',"logprobs":true,"top_logprobs":2,"max_tokens":3')"
expect 'one entry a token, sorted tops' body 'len(j["choices"][0]["logprobs"]["content"]) == 3 and all(len(t["top_logprobs"]) == 2 and t["logprob"] <= 0 for t in j["choices"][0]["logprobs"]["content"])'
expect 'json_object answers with an object' status 200 "$k" POST $C "$(chat Hallo ',"response_format":{"type":"json_object"}')"
expect 'that parses' body 'isinstance(json.loads(j["choices"][0]["message"]["content"]), dict)'
seeded() { api "$k" POST $C "$(chat Hallo ",\"seed\":$1,\"temperature\":1,\"max_tokens\":12")" | python3 -c 'import json,sys; print(json.load(sys.stdin)["choices"][0]["message"]["content"])'; }
expect 'the same seed gives the same answer' test "$(seeded 5)" = "$(seeded 5)"
expect 'another seed another one' test "$(seeded 5)" != "$(seeded 6)"
expect 'parts of text are joined' status 200 "$k" POST $C '{"model":"toy","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]}'
expect 'without a model the default answers' status 200 "$k" POST $C '{"messages":[{"role":"user","content":"x"}]}'

# ---- streamed
stream $C "$(chat Hallo ',"stream":true,"max_tokens":9,"stream_options":{"include_usage":true}')"
expect 'a stream ends with [DONE]' chunks 'True'
expect 'starts with the role' chunks 'c[0]["choices"][0]["delta"]["role"] == "assistant"'
expect 'one id throughout' chunks 'len({x["id"] for x in c}) == 1'
expect 'closes with the reason, then usage' chunks 'c[-2]["choices"][0]["finish_reason"] == "length" and c[-1]["choices"] == [] and c[-1]["usage"]["completion_tokens"] == 9'
text() { python3 -c 'import json, sys
print("".join(x["choices"][0]["delta"].get("content") or "" for l in open(sys.argv[1]).read().split("\n\n") if l.startswith("data: {") for x in [json.loads(l[6:])] if x["choices"]))' "$dir/stream"; }
stream $C "$(chat Hallo ',"stream":true,"temperature":0')"
plain=$(api "$k" POST $C "$(chat Hallo ',"temperature":0')" | python3 -c 'import json,sys; print(json.load(sys.stdin)["choices"][0]["message"]["content"])')
expect 'streamed and plain say the same' test "$(text)" = "$plain"
stop=$(printf '%s' "$plain" | cut -c 10-13)
expect 'a stop string ends the answer before it' status 200 "$k" POST $C "$(chat Hallo ",\"temperature\":0,\"stop\":[\"$stop\"]")"
expect 'and is not in it' body "'$stop' not in j['choices'][0]['message']['content'] and j['choices'][0]['finish_reason'] == 'stop'"

# ---- completions
expect 'completions continue a text' status 200 "$k" POST /v1/completions '{"model":"toy","prompt":"Es war","max_tokens":5,"logprobs":2}'
expect 'in their own shape' body 'j["object"] == "text_completion" and j["choices"][0]["text"] and len(j["choices"][0]["logprobs"]["tokens"]) == 5'
expect 'echo gives the prompt back first' status 200 "$k" POST /v1/completions '{"model":"toy","prompt":"Es war","max_tokens":5,"echo":true}'
expect 'as the start of the text' body 'j["choices"][0]["text"].startswith("Es war")'
stream /v1/completions '{"model":"toy","prompt":"Es war","max_tokens":5,"stream":true}'
expect 'and stream' chunks 'c[-1]["choices"][0]["finish_reason"] == "length"'

# ---- embeddings
expect 'embeddings come in the order of the inputs' status 200 "$k" POST /v1/embeddings '{"model":"toy-embed","input":["a","b","a"]}'
expect 'equal texts are equal' body 'j["data"][0]["embedding"] == j["data"][2]["embedding"] != j["data"][1]["embedding"]'
expect 'unit vectors' body 'all(abs(sum(x * x for x in d["embedding"]) - 1) < 1e-3 for d in j["data"])'
expect 'dimensions cut them' status 200 "$k" POST /v1/embeddings '{"model":"toy-embed","input":"a","dimensions":16}'
expect 'and they stay unit vectors' body 'len(j["data"][0]["embedding"]) == 16 and abs(sum(x * x for x in j["data"][0]["embedding"]) - 1) < 1e-3'
expect 'base64 is the same numbers' status 200 "$k" POST /v1/embeddings '{"model":"toy-embed","input":"a","encoding_format":"base64","dimensions":16}'
expect 'as little-endian floats' body '__import__("base64").b64decode(j["data"][0]["embedding"]) and len(__import__("base64").b64decode(j["data"][0]["embedding"])) == 64'

# ---- refusals name the field
expect 'no messages' refused $C '{"model":"toy","messages":[]}' messages
expect 'messages of the wrong type' refused $C '{"model":"toy","messages":"x"}' messages
expect 'an unknown role' refused $C '{"model":"toy","messages":[{"role":"judge","content":"x"}]}' 'messages[0].role'
expect 'temperature out of range' refused $C "$(chat x ',"temperature":9')" temperature
expect 'temperature as text' refused $C "$(chat x ',"temperature":"hot"')" temperature
expect 'n of zero' refused $C "$(chat x ',"n":0')" n
expect 'too many answers' refused $C "$(chat x ',"n":1000')" n
expect 'a token bias without a number' refused $C "$(chat x ',"logit_bias":{"x":1}')" logit_bias
expect 'an unknown field' refused $C "$(chat x ',"temprature":1')" temprature
expect 'a field of later work' refused $C "$(chat x ',"functions":[{"name":"f"}]')" functions
expect 'stream options without a stream' refused $C "$(chat x ',"stream_options":{}')" stream_options
expect 'a picture that is none' refused $C '{"model":"toy","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:"}}]}]}' 'content[0].image_url.url'
expect 'an empty input' refused /v1/embeddings '{"model":"toy-embed","input":""}' input
expect 'too many dimensions' refused /v1/embeddings '{"model":"toy-embed","input":"x","dimensions":100000}' dimensions
expect 'a chat model for embeddings' status 404 "$k" POST /v1/embeddings '{"model":"toy","input":"x"}'

# ---- broken bodies say where
expect 'broken JSON' status 400 "$k" POST $C '{"model":'
expect 'with line and column' body '"line 1" in j["error"]["message"]'
expect 'a name twice' status 400 "$k" POST $C '{"model":"toy","model":"toy","messages":[]}'
expect 'at its place' body '"line 1, column 17" in j["error"]["message"]'
expect 'nesting too deep' status 400 "$k" POST $C "$(python3 -c 'print("[" * 5000)')"
printf '{"model":"\377"}' >"$dir/latin"
expect 'what is not UTF-8' status 400 "$k" POST $C "@$dir/latin"
expect 'a body that is no object' status 400 "$k" POST $C '[1]'
expect 'more than the context holds' status 400 "$k" POST $C "$(chat x ',"max_tokens":100000')"
expect 'with both numbers' body '"8192" in j["error"]["message"] and j["error"]["code"] == "context_length_exceeded"'

# ---- addresses
expect 'an unknown address' status 404 "$k" GET /v1/nothing
expect 'a wrong method' status 405 "$k" GET $C
expect 'with what is allowed' grep -qi '^allow: POST' "$dir/head"
expect 'every answer has its request id' grep -qi '^x-request-id: req_' "$dir/head"
done_testing
