#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# The Ollama routes on the wire: lines and whole answers, calls, forms, vectors, models, errors.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
daemon_with_toys "$@" || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
k=$(key k VS-NfD)
low=$(key low offen)

say() { printf '{"model":"toy","messages":[{"role":"user","content":"%s"}]%s}' "$1" "${2-}"; }
answered() { status "$1" "${4-$k}" POST "$2" "$3"; }
refused() { answered 400 "$1" "$2" && body "list(j) == ['error'] and '$3' in j['error']"; }
head_has() { tr -d '\r' <"$dir/head" | grep -qi "^$1"; }
# The lines satisfy this expression over the list `e`.
stream() { curl -sSN -m 20 -H "Authorization: Bearer $k" -d "$2" -D "$dir/head" "$url$1" >"$dir/stream"; }
lines() { python3 -c 'import json, sys
text = open(sys.argv[1]).read()
assert text.endswith("\n"), "no last line feed"
e = [json.loads(line) for line in text.splitlines()]
sys.exit(0 if eval(sys.argv[2]) else f"not so: {sys.argv[2]}: {e[:3]} ... {e[-3:]}")' "$dir/stream" "$1"; }

# ---- chat
expect 'a chat is answered whole when no stream is wanted' answered 200 /api/chat "$(say Hallo ',"stream":false,"options":{"temperature":0}')"
expect 'in the shape of the API' body 'j["model"] == "toy" and j["message"]["role"] == "assistant" and j["message"]["content"] and j["done"] is True and j["done_reason"] == "stop" and j["created_at"].endswith("Z")'
expect 'with what it took' body 'j["prompt_eval_count"] > 0 and j["eval_count"] > 0 and j["total_duration"] > 0 and {"load_duration", "prompt_eval_duration", "eval_duration"} <= set(j)'
expect 'the label is in the head' head_has 'x-hoheit-label: '
plain=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["message"]["content"])' "$dir/body")
stream /api/chat "$(say Hallo ',"options":{"temperature":0},"keep_alive":"5m"')"
expect 'a stream is the default, a line for each piece' lines 'len(e) > 3 and all(not x["done"] and x["message"]["role"] == "assistant" for x in e[:-1]) and e[-1]["done"] and e[-1]["eval_count"] > 0'
expect 'it is declared as lines of JSON' head_has 'content-type: application/x-ndjson'
expect 'streamed and whole say the same' lines "''.join(x['message']['content'] for x in e) == '''$plain'''"
expect 'num_predict cuts and says so' answered 200 /api/chat "$(say Hallo ',"stream":false,"options":{"num_predict":3}')"
expect 'as length' body 'j["done_reason"] == "length" and j["eval_count"] == 3'
expect 'the tag latest stands for none' answered 200 /api/chat '{"model":"toy:latest","stream":false,"messages":[{"role":"user","content":"a"}]}'
expect 'and the model is called as the client called it' body 'j["model"] == "toy:latest"'
expect 'an answer follows its schema' answered 200 /api/chat "$(say Hallo ',"stream":false,"format":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}')"
expect 'in every part' body 'isinstance(json.loads(j["message"]["content"])["n"], int)'
expect 'or is any object' answered 200 /api/chat "$(say Hallo ',"stream":false,"format":"json"')"
expect 'that is one' body 'isinstance(json.loads(j["message"]["content"]), dict)'
expect 'no messages only look for the model' answered 200 /api/chat '{"model":"toy","messages":[]}'
expect 'and say so' body 'j["done"] and j["done_reason"] == "load"'

# ---- tools
tool=',"tools":[{"type":"function","function":{"name":"wetter","description":"d","parameters":{"type":"object","properties":{"ort":{"type":"string"}},"required":["ort"]}}}]'
expect 'a call is an object with its arguments' answered 200 /api/chat "$(say '!call wetter' ",\"stream\":false$tool")"
expect 'not a text of them' body 'j["message"]["tool_calls"][0]["function"]["name"] == "wetter" and isinstance(j["message"]["tool_calls"][0]["function"]["arguments"], dict)'
stream /api/chat "$(say '!call wetter' "$tool")"
expect 'streamed it comes in one line' lines 'sum("tool_calls" in x["message"] for x in e) == 1 and isinstance([x for x in e if "tool_calls" in x["message"]][0]["message"]["tool_calls"][0]["function"]["arguments"], dict) and e[-1]["done"]'
expect 'its answer is taken by the name of the tool' answered 200 /api/chat '{"model":"toy","stream":false,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"","tool_calls":[{"function":{"name":"wetter","arguments":{"ort":"Bonn"}}}]},{"role":"tool","tool_name":"wetter","content":"21"}]'"$tool}"
expect 'one that nobody asked for is refused' refused /api/chat '{"model":"toy","messages":[{"role":"user","content":"a"},{"role":"tool","tool_name":"wetter","content":"21"}]}' 'answers no tool call'
expect 'a call without an answer too' refused /api/chat '{"model":"toy","messages":[{"role":"assistant","tool_calls":[{"function":{"name":"wetter","arguments":{}}}]},{"role":"user","content":"a"}]}' 'tool_calls'

# ---- generate
expect 'a text is made' answered 200 /api/generate '{"model":"toy","prompt":"Hallo","system":"Sei kurz.","stream":false}'
expect 'as response' body 'j["response"] and j["done"] and "message" not in j and j["eval_count"] > 0'
stream /api/generate '{"model":"toy","prompt":"Hallo"}'
expect 'line by line too' lines 'len(e) > 3 and "".join(x["response"] for x in e) and e[-1]["done_reason"] == "stop"'
expect 'raw goes without a template' answered 200 /api/generate '{"model":"toy","prompt":"Hallo","raw":true,"stream":false}'
expect 'no prompt only looks for the model' answered 200 /api/generate '{"model":"toy","keep_alive":0}'

# ---- vectors
expect 'texts become vectors' answered 200 /api/embed '{"model":"toy-embed","input":["a","b"]}'
expect 'one for each' body 'len(j["embeddings"]) == 2 and all(isinstance(x, float) for x in j["embeddings"][1][:5]) and j["prompt_eval_count"] > 0'
expect 'one text in the older way' answered 200 /api/embeddings '{"model":"toy-embed","prompt":"a"}'
expect 'has one vector' body 'list(j) == ["embedding"] and len(j["embedding"]) > 8'

# ---- models
expect 'the models are told' status 200 "$k" GET /api/tags
expect 'with their details' body '{"toy", "toy-embed"} <= {m["name"] for m in j["models"]} and all({"modified_at", "size", "digest", "details"} <= set(m) for m in j["models"])'
expect 'one is shown' answered 200 /api/show '{"model":"toy"}'
expect 'with what it can' body 'j["capabilities"] == ["completion", "tools"] and "details" in j and "model_info" in j'
expect 'and an embedder' answered 200 /api/show '{"name":"toy-embed:latest"}'
expect 'with what that can' body 'j["capabilities"] == ["embedding"]'
expect 'the version is a text' status 200 "$k" GET /api/version
expect 'of three numbers' body 'len(j["version"].split(".")) == 3'

# ---- what is wrong
expect 'no key, no answer' answered 401 /api/chat "$(say Hallo)" ''
expect 'said in its words' body 'list(j) == ["error"]'
expect 'a model that is none is 404' answered 404 /api/chat '{"model":"nix","messages":[{"role":"user","content":"a"}]}'
expect 'an unknown field is named' refused /api/chat "$(say a ',"nix":1')" nix
expect 'an unknown option too' refused /api/chat "$(say a ',"options":{"nix":1}')" 'options.nix'
expect 'and one that is not supported' refused /api/chat "$(say a ',"options":{"mirostat":2}')" 'options.mirostat'
expect 'unless it asks for nothing' answered 200 /api/chat "$(say a ',"stream":false,"options":{"mirostat":0,"mirostat_tau":5.0,"typical_p":1.0,"num_ctx":4096,"num_gpu":1}')"
expect 'an image is refused by its place' refused /api/chat '{"model":"toy","messages":[{"role":"user","content":"a","images":["aGFsbG8="]}]}' 'messages[0].images'
expect 'a label above the clearance is denied' status 403 "$low" POST /api/chat "$(say a)" -H 'X-Hoheit-Label: VS-NfD'
expect 'an unfinished body is refused' refused /api/generate '{"model":' line
stream /api/chat "$(say '!crash')"
expect 'what breaks off ends with the error as the last line' lines 'list(e[-1]) == ["error"]'
done_testing
