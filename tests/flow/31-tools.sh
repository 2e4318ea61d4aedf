#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Tools and structured output over the OpenAI route: forced, required, free and refused calls,
# schemas, streams, and what does not fit.
# shellcheck disable=SC2016 # the dollars of $ref and $defs are JSON's
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
daemon_with_toys "$@" || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
k=$(key k VS-NfD)
C=/v1/chat/completions

stream() { curl -sSN -m 20 -H "Authorization: Bearer $k" -H 'Content-Type: application/json' -d "$1" "$url$C" >"$dir/stream"; }
# The chunks of the stream satisfy this expression over the list `c`; `t` are the pieces of calls.
chunks() { python3 -c 'import json, sys
lines = [l[6:] for l in open(sys.argv[1]).read().split("\n\n") if l.startswith("data: ")]
assert lines[-1] == "[DONE]", lines[-1]
c = [json.loads(l) for l in lines[:-1]]
t = [p for x in c for h in x["choices"] for p in h["delta"].get("tool_calls") or []]
sys.exit(0 if eval(sys.argv[2]) else f"not so: {sys.argv[2]}: {c[:3]} ... {c[-2:]}")' "$dir/stream" "$1"; }
# Refused with 400; the parameter and the sentence name what is wrong.
refused() { status 400 "$k" POST "$C" "$1" && body "j['error']['param'] == '$2' and '$3' in j['error']['message']"; }

P='{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":1,"maximum":14}},"required":["city","days"],"additionalProperties":false}'
W='{"type":"function","function":{"name":"get_weather","parameters":'$P',"strict":true}}'
N='{"type":"function","function":{"name":"now"}}'
two=',"tools":['$W,$N']'
one=',"tools":['$W']'
named=',"tool_choice":{"type":"function","function":{"name":"get_weather"}}'
good='json.loads(j["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"])'
ask() { status 200 "$k" POST "$C" "$1"; }
schema() { printf ',"response_format":{"type":"json_schema","json_schema":{"name":"p","strict":true,"schema":%s}}' "$1"; }

# ---- calls
expect 'a named call is made' ask "$(chat Hallo "$two$named")"
expect 'of that tool, with arguments that follow its schema' body "(lambda a: set(a) == {'city', 'days'} and isinstance(a['city'], str) and 1 <= a['days'] <= 14)($good)"
expect 'in the shape of the API' body '(lambda h: h["finish_reason"] == "tool_calls" and h["message"]["content"] is None and h["message"]["tool_calls"][0]["type"] == "function" and h["message"]["tool_calls"][0]["id"].startswith("call_"))(j["choices"][0])'
expect 'a required call is one of those offered' ask "$(chat Hallo "$two"',"tool_choice":"required"')"
expect 'whatever the model would rather say' body 'j["choices"][0]["message"]["tool_calls"][0]["function"]["name"] in ("get_weather", "now")'
expect 'one call unless more are allowed' body 'len(j["choices"][0]["message"]["tool_calls"]) == 1'
several()
{
    for seed in 1 2 3 4 5 6 7 8; do
        ask "$(chat Hallo "$two"',"tool_choice":"required","parallel_tool_calls":true,"temperature":1,"max_tokens":2000,"seed":'"$seed")" >/dev/null
        body '(lambda t: len(t) > 1 and len({x["id"] for x in t}) == len(t) and all(isinstance(json.loads(x["function"]["arguments"]), dict) for x in t))(j["choices"][0]["message"]["tool_calls"])' && return 0
    done 2>/dev/null
    return 1
}
expect 'parallel calls come where they are allowed' several
expect 'every answer of several calls' ask "$(chat Hallo "$two$named"',"n":3,"temperature":1')"
expect 'with its own ids' body 'len({h["message"]["tool_calls"][0]["id"] for h in j["choices"]}) == 3'
expect 'no call is made where none may be' ask "$(chat '!call now' "$two"',"tool_choice":"none"')"
expect 'and the model does not see the tools' body '"tool_calls" not in j["choices"][0]["message"] and j["choices"][0]["message"]["content"]'
expect 'a model that is free may answer' ask "$(chat Hallo "$two")"
expect 'in words' body '"tool_calls" not in j["choices"][0]["message"] and j["choices"][0]["finish_reason"] == "stop"'
expect 'or call' ask "$(chat '!call get_weather' "$two")"
expect 'and the call is taken out of its text' body "(lambda h: h['finish_reason'] == 'tool_calls' and h['message']['content'] is None and h['message']['tool_calls'][0]['function']['name'] == 'get_weather')(j['choices'][0]) and set($good) == {'city', 'days'}"
expect 'a call cut by max_tokens says length' ask "$(chat Hallo "$one$named"',"max_tokens":12')"
expect 'and keeps what there is' body 'j["choices"][0]["finish_reason"] == "length" and j["usage"]["completion_tokens"] == 12'

turn='{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"now","arguments":"{}"}}]}'
gave='{"role":"tool","tool_call_id":"call_1","content":"12 Uhr"}'
talk() { printf '{"model":"toy","messages":[{"role":"user","content":"x"},%s]%s}' "$1" "$two"; }
expect 'the answer of a tool goes back to the model' ask "$(talk "$turn,$gave")"

# ---- streams
stream "$(chat Hallo "$one$named"',"stream":true,"temperature":0')"
expect 'a streamed call begins with its name and id' chunks 't[0]["index"] == 0 and t[0]["id"].startswith("call_") and t[0]["type"] == "function" and t[0]["function"] == {"name": "get_weather", "arguments": ""}'
expect 'goes on with pieces of its arguments' chunks 'len(t) > 3 and all(set(p) == {"index", "function"} for p in t[1:]) and set(json.loads("".join(p["function"]["arguments"] for p in t))) == {"city", "days"}'
expect 'and ends as a call' chunks 'c[-1]["choices"][0]["finish_reason"] == "tool_calls" and not any(x["choices"][0]["delta"].get("content") for x in c)'
streamed=$(python3 -c 'import json, sys
print("".join(p["function"]["arguments"] for l in open(sys.argv[1]).read().split("\n\n") if l.startswith("data: {") for x in [json.loads(l[6:])] for p in x["choices"][0]["delta"].get("tool_calls") or []))' "$dir/stream")
ask "$(chat Hallo "$one$named"',"temperature":0')" >/dev/null
expect 'streamed and plain are the same call' body "j['choices'][0]['message']['tool_calls'][0]['function']['arguments'] == '$streamed'"
stream "$(chat '!call now' "$two"',"stream":true')"
expect 'a free call is streamed too' chunks 't[0]["function"]["name"] == "now" and json.loads("".join(p["function"]["arguments"] for p in t)) == {} and c[-1]["choices"][0]["finish_reason"] == "tool_calls"'
expect 'without its tags in the text' chunks 'not any(x["choices"][0]["delta"].get("content") for x in c)'

# ---- structured output
expect 'an answer follows its schema' ask "$(chat Hallo "$(schema '{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"},"tags":{"type":"array","items":{"enum":["a","b"]},"maxItems":3}},"required":["name","age"],"additionalProperties":false}')")"
expect 'in every part' body '(lambda o: isinstance(o["name"], str) and isinstance(o["age"], int) and set(o.get("tags", [])) <= {"a", "b"} and set(o) <= {"name", "age", "tags"})(json.loads(j["choices"][0]["message"]["content"]))'
expect 'a schema that refers to itself has an end' ask "$(chat Hallo "$(schema '{"$defs":{"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"}},"additionalProperties":false}},"$ref":"#/$defs/n"}')")"
expect 'a date is one of the calendar' ask "$(chat Hallo "$(schema '{"type":"string","format":"date"}')")"
expect 'as the client reads it' body '__import__("datetime").date.fromisoformat(json.loads(j["choices"][0]["message"]["content"]))'

# ---- refusals
R='response_format.json_schema.schema'
expect 'a keyword beyond the subset' refused "$(chat x "$(schema '{"type":"object","properties":{"a":{"type":"number","multipleOf":2}}}')")" $R.properties.a.multipleOf '"multipleOf"'
expect 'a misspelt keyword' refused "$(chat x "$(schema '{"type":"string","maxlength":3}')")" $R.maxlength 'not a keyword'
expect 'a pattern that looks around' refused "$(chat x "$(schema '{"type":"string","pattern":"(?=a)"}')")" $R.pattern 'look-around'
expect 'a schema without a value' refused "$(chat x "$(schema '{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}')")" $R 'no finite value'
expect 'a reference to itself' refused "$(chat x "$(schema '{"$ref":"#"}')")" "$R.\$ref" 'leads back'
expect 'oneOf that may match twice' refused "$(chat x "$(schema '{"oneOf":[{"type":"integer"},{"type":"number"}]}')")" $R.oneOf '"oneOf"'
expect 'unsupported words in a strict tool' refused "$(chat x ',"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","minProperties":1}}}]')" 'tools[0].function.parameters.minProperties' '"minProperties"'
expect 'a form beside tools' refused "$(chat x "$one"',"response_format":{"type":"json_object"}')" response_format.type 'tools'
expect 'probabilities beside tools' refused "$(chat x "$one"',"logprobs":true')" logprobs 'tools'
expect 'two tools of one name' refused "$(chat x ',"tools":['"$N,$N"']')" 'tools[1].function.name' twice
expect 'a name with a space' refused "$(chat x ',"tools":[{"type":"function","function":{"name":"a b"}}]')" 'tools[0].function.name' characters
expect 'a tool of another type' refused "$(chat x ',"tools":[{"type":"web_search"}]')" 'tools[0].type' '"function"'
expect 'a choice that is no tool' refused "$(chat x "$one"',"tool_choice":{"type":"function","function":{"name":"rm"}}')" tool_choice.function.name 'none of the tools'
expect 'a required call without tools' refused "$(chat x ',"tool_choice":"required"')" tool_choice 'no tools'
expect 'a choice of another word' refused "$(chat x "$one"',"tool_choice":"maybe"')" tool_choice '"required"'
many=$(python3 -c 'print(",\"tools\":[" + ",".join("{\"type\":\"function\",\"function\":{\"name\":\"t%d\"}}" % i for i in range(129)) + "]")')
expect 'more than 128 tools' refused "$(chat x "$many")" tools 128
expect 'a call without an answer' refused "$(talk "$turn")" 'messages[1].tool_calls' 'no message'
expect 'an answer without a call' refused "$(talk "$gave")" 'messages[1].tool_call_id' 'answers no'
expect 'an answer to another call' refused "$(talk "$turn"',{"role":"tool","tool_call_id":"call_2","content":"x"}')" 'messages[2].tool_call_id' 'answers no'

# ---- bombs: refused in time, and the next request is answered
bomb() { python3 -c 'import json, sys
kind = sys.argv[1]
def rf(s): print(json.dumps({"model": "toy", "messages": [{"role": "user", "content": "x"}], "response_format": {"type": "json_schema", "json_schema": {"name": "p", "schema": s}}}))
if kind == "wide": rf({"anyOf": [{"type": "string", "maxLength": i} for i in range(3000)]})
if kind == "enum": rf({"enum": list(range(1001))})
if kind == "repeat": rf({"type": "object", "properties": {f"p{i}": {"type": "string", "pattern": "^[a-f]{999}$"} for i in range(300)}})
if kind == "groups": rf({"type": "string", "pattern": "(" * 400 + ")" * 400})
if kind == "deep":
    s = {}
    for i in range(29): s = {"items": s, "type": "array"}
    for i in range(40): s = {"anyOf": [s]}
    rf(s)
' "$1" >"$dir/bomb"; status 400 "$k" POST "$C" "@$dir/bomb"; }
for b in wide enum repeat groups deep; do expect "a bomb is refused: $b" bomb $b; done
expect 'after all that a chat is answered' ask "$(chat Hallo)"
done_testing
