#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# The Anthropic routes on the wire: plain, streamed and counted, tools, heads, errors, labels.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
daemon_with_toys "$@" || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
k=$(key k VS-NfD)
low=$(key low offen)
M=/v1/messages
V='anthropic-version: 2023-06-01'

# ask KEY METHOD PATH BODY [curl option...]: with the dialect's own heads.
ask() { ask_key=$1; shift; api '' "$1" "$2" "$3" -H "x-api-key: $ask_key" -H "$V"; }
# answered WANT BODY [KEY [PATH]]: the answer has this status.
answered() { ask "${3-$k}" POST "${4-$M}" "$2" >/dev/null; [ "$(cat "$dir/status")" = "$1" ] || { cat "$dir/body"; return 1; }; }
head_has() { tr -d '\r' <"$dir/head" | grep -qi "^$1"; }
say() { printf '{"model":"toy","max_tokens":400,"messages":[{"role":"user","content":"%s"}]%s}' "$1" "${2-}"; }
# Refused with 400 and a sentence that names what is wrong.
refused() { answered 400 "$1" && body "j['type'] == 'error' and j['error']['type'] == 'invalid_request_error' and '$2' in j['error']['message']"; }
stream() { curl -sSN -m 20 -H "x-api-key: $k" -H "$V" -H 'Content-Type: application/json' -d "$1" "$url$M" >"$dir/stream"; }
# The events satisfy this expression over the list `e`; `t` are their types without pings.
events() { python3 -c 'import json, sys
e = []
for block in open(sys.argv[1]).read().split("\n\n")[:-1]:
    name, data = block.split("\n")
    e.append(json.loads(data[6:]))
    assert name == "event: " + e[-1]["type"], name
t = [x["type"] for x in e if x["type"] != "ping"]
def joined(kind, field): return "".join(x["delta"][field] for x in e if x["type"] == "content_block_delta" and x["delta"]["type"] == kind)
sys.exit(0 if eval(sys.argv[2]) else f"not so: {sys.argv[2]}: {e[:3]} ... {e[-3:]}")' "$dir/stream" "$1"; }

# ---- plain
expect 'a message is answered' answered 200 "$(say Hallo)"
expect 'in the shape of the API' body 'j["type"] == "message" and j["role"] == "assistant" and j["content"][0]["type"] == "text" and j["content"][0]["text"] and j["id"].startswith("msg_")'
expect 'with the usage of both sides' body 'j["usage"]["input_tokens"] > 0 and j["usage"]["output_tokens"] > 0 and j["usage"]["cache_read_input_tokens"] == 0'
expect 'an end by itself is end_turn' body 'j["stop_reason"] == "end_turn" and j["stop_sequence"] is None'
expect 'the request id is in the head' head_has 'request-id: req_'
expect 'and so is the label' head_has 'x-hoheit-label: '
expect 'max_tokens cuts and says so' answered 200 '{"model":"toy","max_tokens":2,"messages":[{"role":"user","content":"Hallo"}]}'
expect 'as max_tokens' body 'j["stop_reason"] == "max_tokens" and j["usage"]["output_tokens"] == 2'
plain=$(ask "$k" POST $M "$(say Hallo ',"temperature":0')" | python3 -c 'import json,sys; print(json.load(sys.stdin)["content"][0]["text"])')
stop=$(printf '%s' "$plain" | cut -c 8-10)
expect 'a stop sequence ends the answer before it' answered 200 "$(say Hallo ",\"temperature\":0,\"stop_sequences\":[\"~\",\"$stop\"]")"
expect 'and is named' body "j['stop_reason'] == 'stop_sequence' and j['stop_sequence'] == '$stop' and '$stop' not in j['content'][0]['text']"
expect 'system and blocks are taken' answered 200 '{"model":"toy","max_tokens":9,"system":[{"type":"text","text":"Sei kurz.","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"document","title":"T","source":{"type":"text","media_type":"text/plain","data":"d"}}]}]}'
expect 'an answer follows its schema' answered 200 "$(say Hallo ',"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}}}')"
expect 'in every part' body 'isinstance(json.loads(j["content"][0]["text"])["n"], int)'

# ---- streamed
stream "$(say Hallo ',"stream":true,"temperature":0')"
expect 'a stream has its events in the order of the API' events 't[:2] == ["message_start", "content_block_start"] and t[-3:] == ["content_block_stop", "message_delta", "message_stop"] and set(t[2:-3]) == {"content_block_delta"}'
expect 'begins without content or reason' events 'e[0]["message"]["content"] == [] and e[0]["message"]["stop_reason"] is None'
expect 'ends with the reason and the usage' events '(lambda d: d["delta"] == {"stop_reason": "end_turn", "stop_sequence": None} and d["usage"]["output_tokens"] > 0 and d["usage"]["input_tokens"] > 0)(e[-2])'
expect 'pings once' events 'sum(x["type"] == "ping" for x in e) == 1'
streamed=$(python3 -c 'import json, sys
print("".join(d["delta"].get("text", "") for l in open(sys.argv[1]) if l.startswith("data: ") for d in [json.loads(l[6:])] if d["type"] == "content_block_delta"))' "$dir/stream")
expect 'streamed and plain say the same' test "$streamed" = "$plain"

# ---- tools
W='{"name":"get_weather","description":"Wetter","input_schema":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city","days"]}}'
N='{"name":"now","input_schema":{"type":"object","additionalProperties":false}}'
two=',"tools":['$W,$N']'
expect 'a named call is made' answered 200 "$(say Hallo "$two"',"tool_choice":{"type":"tool","name":"get_weather"}')"
expect 'with an input that follows its schema' body '(lambda b: b["type"] == "tool_use" and b["id"].startswith("toolu_") and b["name"] == "get_weather" and isinstance(b["input"]["city"], str) and isinstance(b["input"]["days"], int))(j["content"][0]) and j["stop_reason"] == "tool_use"'
expect 'any call is one of those offered' answered 200 "$(say Hallo "$two"',"tool_choice":{"type":"any"}')"
expect 'and one only' body '[b["name"] in ("get_weather", "now") for b in j["content"]] == [True]'
expect 'a model that is free may call' answered 200 "$(say '!call now' "$two")"
expect 'and the call is taken out of its text' body '[(b["type"], b["name"], b["input"]) for b in j["content"]] == [("tool_use", "now", {})]'
expect 'no call is made where none may be' answered 200 "$(say '!call now' "$two"',"tool_choice":{"type":"none"}')"
expect 'but an answer in words' body 'all(b["type"] == "text" for b in j["content"])'
stream "$(say Hallo "$two"',"stream":true,"temperature":0,"tool_choice":{"type":"tool","name":"get_weather"}')"
expect 'a streamed call is a block with pieces of its input' events 'e[1]["content_block"]["type"] == "tool_use" and e[1]["content_block"]["input"] == {} and set(json.loads(joined("input_json_delta", "partial_json"))) == {"city", "days"}'
expect 'and ends as a call' events 'e[-2]["delta"]["stop_reason"] == "tool_use"'
turn() { printf '{"model":"toy","max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"now","input":{}}]}%s]}' "$1"; }
gave() { printf ',{"role":"user","content":[{"type":"tool_result","tool_use_id":"%s","content":"12 Uhr"}]}' "$1"; }
expect 'what a tool gave goes back to the model' answered 200 "$(turn "$(gave toolu_1)")"

# ---- counting
count() { ask "$k" POST $M/count_tokens "$1" | python3 -c 'import json,sys; print(json.load(sys.stdin)["input_tokens"])'; }
few=$(count '{"model":"toy","messages":[{"role":"user","content":"eins zwei drei"}]}')
more=$(count '{"model":"toy","system":"vier fünf","messages":[{"role":"user","content":"eins zwei drei"}]}')
expect 'tokens are counted before anything is answered' test "$few" -gt 0
expect 'the system prompt among them' test "$more" -gt "$few"
ask "$k" POST $M "$(say 'eins zwei drei')" >/dev/null
expect 'and are what an answer is charged for' body "j['usage']['input_tokens'] == $few"

# ---- models: one path, two dialects
ask "$k" GET /v1/models '' >/dev/null
expect 'models have the shape of the dialect that asks' body '[m["id"] for m in j["data"]] == ["toy", "toy-embed"] and j["data"][0]["type"] == "model" and j["has_more"] is False'
expect 'and of the other without its head' status 200 "$k" GET /v1/models
expect 'on the same path' body 'j["object"] == "list"'
ask "$k" GET /v1/models/toy '' >/dev/null
expect 'one model is shown' body 'j["id"] == "toy" and j["display_name"] == "toy" and j["lifecycle"] == "active"'

# ---- refusals
expect 'no limit' refused '{"model":"toy","messages":[{"role":"user","content":"x"}]}' max_tokens
expect 'no messages' refused '{"model":"toy","max_tokens":9,"messages":[]}' messages
expect 'an unknown field' refused "$(say x ',"n":2')" n
expect 'a field of later work' refused "$(say x ',"mcp_servers":[{"name":"x"}]')" mcp_servers
expect 'temperature above one' refused "$(say x ',"temperature":1.5')" temperature
expect 'an image without a source' refused '{"model":"toy","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{}}]}]}' 'content[0].source.type'
expect 'a tool that others would run' refused "$(say x ',"tools":[{"type":"web_search_20250305","name":"web_search"}]')" web_search_20250305
expect 'a prefill' refused '{"model":"toy","max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"Die"}]}' prefill
expect 'a call without an answer' refused "$(turn '')" toolu_1
expect 'an answer to a call that nobody made' refused "$(turn "$(gave toolu_2)")" toolu_2
expect 'no JSON' refused '{"model":' line
expect 'a version of old' status 400 "$k" POST $M "$(say x)" -H 'anthropic-version: 2023-01-01'
expect 'by its name' body '"anthropic-version" in j["error"]["message"]'
expect 'a model that is not there is not found' answered 404 "$(say x | sed s/toy/tay/)"
expect 'in the shape of the API' body 'j["error"]["type"] == "not_found_error" and j["request_id"].startswith("req_")'
expect 'a wrong key is told so' answered 401 "$(say x)" falsch
expect 'as authentication_error' body 'j["error"]["type"] == "authentication_error"'
expect 'a bearer is as good as the header' status 200 "$k" POST $M "$(say x)"
api '' GET /v1/nirgends '' -H "$V" >/dev/null
expect 'what is nowhere is told in the dialect' body 'j["type"] == "error" and j["error"]["type"] == "not_found_error"'

# ---- labels
denied() { api '' POST "$M" "$1" -H "x-api-key: $low" -H 'x-hoheit-label: VS-NfD' >/dev/null; [ "$(cat "$dir/status")" = 403 ]; }
expect 'what is above the key is denied' denied "$(say x)"
expect 'by a rule that is named' body 'j["error"]["type"] == "permission_error" and "above the clearance" in j["error"]["message"]'
expect 'streams too, before they begin' denied "$(say x ',"stream":true')"
request=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["request_id"])' "$dir/body")
explained() { hoheit explain "$request" >"$dir/story" && grep -q clearance "$dir/story"; }
expect 'and the record explains it by its rule' explained

# ---- limits
hoheit limit set key:k requests/day 1000 --quiet
expect 'what is left of a limit is told' answered 200 "$(say Hallo)"
expect 'as the API names it' head_has 'anthropic-ratelimit-requests-limit: 1000'
expect 'and until when' head_has 'anthropic-ratelimit-requests-reset: 20..-..-..T'
hoheit limit set key:low requests/day 0 --quiet
expect 'who has nothing left must wait' answered 429 "$(say x)" "$low"
expect 'as rate_limit_error' body 'j["error"]["type"] == "rate_limit_error"'
expect 'for so long' head_has 'retry-after: [1-9]'

# ---- an engine that dies
stream "$(say '!crash' ',"stream":true')"
expect 'a stream whose engine dies ends with an error event' events 'e[-1]["type"] == "error" and e[-1]["error"]["type"] == "api_error" and "message_stop" not in t'
expect 'and the next is answered' await answered 200 "$(say Hallo)"
done_testing
