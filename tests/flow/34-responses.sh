#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What the OpenAI dialect keeps: responses and their streams, conversations under a floating mark,
# files, batches that survive kill -9, and that nobody learns what is above their clearance.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
daemon_with_toys "$@" || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
k=$(key amt VS-NfD --default-label offen)
o=$(key anderes VS-NfD --default-label offen)
R=/v1/responses C=/v1/conversations F=/v1/files B=/v1/batches
get() { python3 -c 'import json, sys
print(eval(sys.argv[2], {"j": json.load(open(sys.argv[1]))}))' "$dir/body" "$1"; }
head_is() { tr -d '\r' <"$dir/head" | grep -qix "$1"; }
marked() { label=$1; shift; api "$1" "$2" "$3" "${4-}" -H "X-Hoheit-Label: $label"; }
stream() { curl -sSN -m 20 -H "Authorization: Bearer $k" -H 'Content-Type: application/json' -d "$1" "$url$R" >"$dir/$2"; }
# The events of a stream satisfy this expression over their list `e` and their types `t`.
events() { python3 -c 'import json, sys
raw = open(sys.argv[1]).read().split("\n\n")
assert raw[-2:] == ["data: [DONE]", ""], raw[-2:]
e = [json.loads(x.split("\ndata: ", 1)[1]) for x in raw[:-2]]
t = [x["type"].removeprefix("response.") for x in e]
assert [x.split("\n")[0] for x in raw[:-2]] == ["event: " + x["type"] for x in e]
assert [x["sequence_number"] for x in e] == list(range(e[0]["sequence_number"], e[0]["sequence_number"] + len(e)))
sys.exit(0 if eval(sys.argv[2]) else f"not so: {sys.argv[2]}: {t}")' "$dir/$1" "$2"; }

# ---- responses
expect 'a response is answered' status 200 "$k" POST $R '{"model":"toy","input":"Merke dir 7.","max_output_tokens":40}'
expect 'in the shape of the API' body 'j["object"] == "response" and j["output"][0]["content"][0]["type"] == "output_text" and j["usage"]["total_tokens"] == j["usage"]["input_tokens"] + j["usage"]["output_tokens"]'
id=$(get 'j["id"]')
cp "$dir/body" "$dir/first"
expect 'it was kept' status 200 "$k" GET "$R/$id"
expect 'as it was given' cmp "$dir/body" "$dir/first"
expect 'what it was asked is listed' status 200 "$k" GET "$R/$id/input_items"
expect 'in its normal form' body 'j["data"][0]["content"] == [{"type": "input_text", "text": "Merke dir 7."}] and not j["has_more"]'
expect 'it is gone on with' status 200 "$k" POST $R '{"input":"Welche Zahl?","previous_response_id":"'"$id"'"}'
two=$(get 'j["id"]')
expect 'with more to read than before' body 'j["previous_response_id"] and j["usage"]["input_tokens"] > json.load(open("'"$dir"'/first"))["usage"]["input_tokens"]'
expect 'a response is removed' status 200 "$k" DELETE "$R/$two"
expect 'and gone' status 404 "$k" GET "$R/$two"
expect 'tokens of an input are counted' status 200 "$k" POST $R/input_tokens '{"input":"eins zwei drei"}'
expect 'without an answer' body 'j["object"] == "response.input_tokens" and j["input_tokens"] > 3'

# ---- streams
stream '{"input":"Hallo","stream":true}' s1
expect 'the events of a stream come in order' events s1 't[:4] == ["created", "in_progress", "output_item.added", "content_part.added"] and t[-4:] == ["output_text.done", "content_part.done", "output_item.done", "completed"] and set(t[4:-4]) == {"output_text.delta"}'
expect 'their pieces are the text' events s1 '"".join(x["delta"] for x in e if x["type"].endswith("delta")) == e[-1]["response"]["output"][0]["content"][0]["text"] and e[0]["response"]["output"] == []'
sid=$(python3 -c 'import json; print(json.loads(open("'"$dir"'/s1").read().split("data: ", 1)[1].split("\n")[0])["response"]["id"])')
curl -sS -H "Authorization: Bearer $k" "$url$R/$sid?stream=true" >"$dir/s2"
expect 'a kept stream is replayed byte for byte' cmp "$dir/s1" "$dir/s2"
curl -sS -H "Authorization: Bearer $k" "$url$R/$sid?stream=true&starting_after=3" >"$dir/s3"
expect 'from any number' events s3 'e[0]["sequence_number"] == 4'
stream '{"input":"!call now","stream":true,"tools":[{"type":"function","name":"now","parameters":{"type":"object","properties":{},"additionalProperties":false}}],"tool_choice":"required"}' s4
expect 'a call is streamed with its arguments' events s4 't[2] == "output_item.added" and e[2]["item"]["type"] == "function_call" and json.loads("".join(x["delta"] for x in e if x["type"].endswith("arguments.delta"))) == {} and t[-3:] == ["function_call_arguments.done", "output_item.done", "completed"]'

# ---- background
long='{"input":"Erzähle.","background":true,"max_output_tokens":4000,"temperature":1}'
expect 'a response is begun in the background' status 200 "$k" POST $R "$long"
bid=$(get 'j["id"]')
expect 'and queued' body 'j["status"] == "queued" and j["output"] == []'
state() { status 200 "$k" GET "$R/$1" >/dev/null && body "j['status'] == '$2'"; }
expect 'it is there later' await state "$bid" completed
status 200 "$k" POST $R "$long" >/dev/null; bid=$(get 'j["id"]')
expect 'one that is being made is stopped on demand' status 200 "$k" POST "$R/$bid/cancel"
expect 'unless it was over already' body 'j["status"] in ("cancelled", "completed")'
refuse 'only what is made in the background can be' status 200 "$k" POST "$R/$id/cancel"

# ---- conversations and their mark
expect 'a conversation is begun' marked offen "$k" POST $C '{"metadata":{"akte":"7"}}'
conv=$(get 'j["id"]')
turn() { marked "$1" "$k" POST "$R" '{"input":"und?","conversation":"'"$conv"'"}' >/dev/null && [ "$(cat "$dir/status")" = 200 ] && head_is "x-hoheit-label: $2"; }
expect 'a turn has its mark' turn offen offen
expect 'a turn under a higher label is answered under it' turn VS-NfD VS-NfD
expect 'and raises the mark for good: what is declared lower is raised' turn offen VS-NfD
expect 'turns leave what was asked and answered' status 200 "$k" GET "$C/$conv/items?order=asc"
expect 'in order' body '[x["role"] for x in j["data"]] == ["user", "assistant"] * 3'
marked offen "$k" POST $C '{}' >/dev/null; low=$(get 'j["id"]')
above() { marked VS-NfD "$k" POST "$C/$low/items" '{"items":[{"role":"user","content":"geheim"}]}' && [ "$(cat "$dir/status")" = 403 ]; }
expect 'writing what is above the mark is refused' above
expect 'by a rule with a name' body '"rule target.level" in j["error"]["message"]'

# ---- files
form() { curl -sS -m 20 -H "Authorization: Bearer $1" -H "X-Hoheit-Label: $2" -F "purpose=$3" -F "file=@$4;filename=akte.jsonl" -o "$dir/body" -w '%{http_code}' "$url$F" >"$dir/status"; [ "$(cat "$dir/status")" = "${5:-200}" ]; }
python3 -c 'open("'"$dir"'/big", "wb").write(bytes(range(256)) * 3000)'
expect 'a file is left here' form "$k" VS-NfD user_data "$dir/big"
file=$(get 'j["id"]')
curl -sS -H "Authorization: Bearer $k" "$url$F/$file/content" >"$dir/back"
expect 'and comes back whole' cmp "$dir/big" "$dir/back"
curl -sS -H "Authorization: Bearer $k" -H 'Range: bytes=70000-70009' "$url$F/$file/content" >"$dir/part"
expect 'or in part' sh -c "tail -c +70001 '$dir/big' | head -c 10 | cmp - '$dir/part'"
refuse 'on disk nobody can read it' grep -rqa "$(printf 'abcdefghijklmnop')" "$data/records"
expect 'who may not leave such a file is told so' form "$(key klein offen)" VS-NfD user_data "$dir/big" 403

# ---- nobody learns what is above their clearance, or another's
same() { # same KEY METHOD PATH-WITH-ID ID NOTHING [BODY]
    api "$1" "$2" "$(printf %s "$3" | sed "s/ID/$4/")" "${6-}" >"$dir/a"; cp "$dir/status" "$dir/sa"
    api "$1" "$2" "$(printf %s "$3" | sed "s/ID/$5/")" "${6-}" >"$dir/b"
    cmp "$dir/a" "$dir/b" && cmp "$dir/sa" "$dir/status" && [ "$(cat "$dir/status")" = 404 ]
}
expect 'a file of another key is as if it were not there' same "$o" GET "$F/ID" "$file" file-nix
expect 'its content too' same "$o" GET "$F/ID/content" "$file" file-nix
expect 'nor can it be removed' same "$o" DELETE "$F/ID" "$file" file-nix
expect 'so is a response' same "$o" GET "$R/ID" "$id" resp_nix
expect 'so is a conversation' same "$o" GET "$C/ID" "$conv" conv_nix
expect 'and its items' same "$o" GET "$C/ID/items" "$conv" conv_nix
expect 'the other key lists nothing' status 200 "$o" GET $F
expect 'at all' body 'j["data"] == [] and not j["has_more"]'

# ---- batches
lines() { python3 -c 'import json, sys
for i in range(int(sys.argv[1])):
    print(json.dumps({"custom_id": f"r{i}", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "toy", "messages": [{"role": "user", "content": f"Zeile {i}"}], "max_tokens": int(sys.argv[2])}}))' "$1" "$2" >"$dir/in.jsonl"; }
batch() { status 200 "$k" POST $B '{"input_file_id":"'"$1"'","endpoint":"/v1/chat/completions","completion_window":"24h"}'; }
lines 5 8
form "$k" VS-NfD batch "$dir/in.jsonl"; in=$(get 'j["id"]')
expect 'a batch is begun' batch "$in"
b=$(get 'j["id"]')
ended() { status 200 "$k" GET "$B/$1" >/dev/null && body 'j["status"] in ("completed", "failed", "cancelled", "expired")'; }
expect 'and ends' await ended "$b"
expect 'well' body 'j["status"] == "completed" and j["request_counts"] == {"total": 5, "completed": 5, "failed": 0}'
expect 'under the label of its input' head_is 'x-hoheit-label: VS-NfD'
expect 'as if it were not there for another key' same "$o" GET "$B/ID" "$b" batch_nix
expect 'a batch of nothing is refused' status 400 "$k" POST $B '{"input_file_id":"file-nix","endpoint":"/v1/chat/completions","completion_window":"24h"}'

lines 300 60
form "$k" offen batch "$dir/in.jsonl"; in=$(get 'j["id"]')
batch "$in" >/dev/null; b=$(get 'j["id"]')
some() { status 200 "$k" GET "$B/$b" >/dev/null && body 'j["request_counts"]["completed"] > 3'; }
expect 'a long batch is on its way' await some
for n in 1 2 3; do
    gate=$(hoheit status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["gate_pid"])')
    kill -9 "$gate"
    expect "the gate is killed in the middle, time $n, and back" await status 200 "$k" GET /v1/models
done
expect 'the batch goes on and ends' await ended "$b"
expect 'with all its lines' body 'j["status"] == "completed" and j["request_counts"] == {"total": 300, "completed": 300, "failed": 0}'
out=$(get 'j["output_file_id"]')
api "$k" GET "$F/$out/content" >"$dir/out"
expect 'each of them once' python3 -c 'import json, sys
ids = [json.loads(l)["custom_id"] for l in open(sys.argv[1])]
sys.exit(0 if sorted(ids) == sorted(f"r{i}" for i in range(300)) else f"{len(ids)} results, {len(set(ids))} ids")' "$dir/out"
expect 'what was kept before is there' status 200 "$k" GET "$R/$id"
expect 'a response that was interrupted says so or is whole' status 200 "$k" GET "$R/$bid"
expect 'what came and went is on record' sh -c "'$bin/hoheit' --data '$data' explain '$(tr -d '\r' <"$dir/head" | sed -n 's/^x-request-id: //Ip')' | grep -q response.read"
done_testing
