#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# A key that is replaced loses nothing: what was left with it goes on with the next one, and with no
# other, not even one that later gets its name.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
daemon_with_toys "$@" || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
R=/v1/responses C=/v1/conversations F=/v1/files B=/v1/batches
get() { python3 -c 'import json, sys
print(eval(sys.argv[2], {"j": json.load(open(sys.argv[1]))}))' "$dir/body" "$1"; }
made=$(hoheit key add --name amt --clearance VS-NfD --default-label offen --aws --quiet)
old=$(echo "$made" | head -n 1)
pair=$(echo "$made" | sed -n 's/^AWS_ACCESS_KEY_ID=//p'):$(echo "$made" | sed -n 's/^AWS_SECRET_ACCESS_KEY=//p')
other=$(key anderes VS-NfD --default-label offen)
signed() {
    curl -sS -m 20 -o "$dir/body" -w '%{http_code}' -u "$pair" --aws-sigv4 aws:amz:eu-central-1:bedrock \
        -H 'Content-Type: application/json' -d '{"messages":[{"role":"user","content":[{"text":"x"}]}]}' \
        "$url/model/toy/converse" >"$dir/status"
    [ "$(cat "$dir/status")" = "$1" ] || { cat "$dir/body"; return 1; }
}

# ---- what is left here
status 200 "$old" POST $R '{"model":"toy","input":"Merke dir 7.","max_output_tokens":8}' >/dev/null
response=$(get 'j["id"]') asked=$(tr -d '\r' <"$dir/head" | sed -n 's/^x-request-id: //Ip')
status 200 "$old" POST $C '{"items":[{"type":"message","role":"user","content":"x"}]}' >/dev/null
conversation=$(get 'j["id"]')
python3 -c 'import json
for i in range(60):
    print(json.dumps({"custom_id": f"r{i}", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "toy", "messages": [{"role": "user", "content": "!slow 5 x"}], "max_tokens": 12}}))' >"$dir/in"
curl -sS -m 20 -H "Authorization: Bearer $old" -F purpose=batch -F "file=@$dir/in;filename=in.jsonl" -o "$dir/body" "$url$F"
file=$(get 'j["id"]')
expect 'a batch is begun' status 200 "$old" POST $B '{"input_file_id":"'"$file"'","endpoint":"/v1/chat/completions","completion_window":"24h"}'
batch=$(get 'j["id"]')
expect 'an access key id signs' signed 200
running() { status 200 "$old" GET "$B/$batch" >/dev/null && body 'j["request_counts"]["completed"] > 0'; }
expect 'the batch is on its way' await running

# ---- the key is replaced, and the old one ends at once
new=$(hoheit key rotate amt --quiet)
expect 'the old key has ended' status 401 "$old" GET $F
has_all() {
    for path in "$R/$response" "$C/$conversation" "$F/$file" "$F/$file/content" "$B/$batch"; do
        status "$2" "$1" GET "$path" || { echo "$path"; return 1; }
    done
}
expect 'the new one has all of it' has_all "$new" 200
expect 'in lists, too' status 200 "$new" GET $F
expect 'as they were' body 'any(f["id"] == "'"$file"'" for f in j["data"])'
expect 'it goes on with the conversation' status 200 "$new" POST $R '{"model":"toy","input":"Und?","conversation":"'"$conversation"'","max_output_tokens":8}'
expect 'and with the response' status 200 "$new" POST $R '{"model":"toy","input":"Und?","previous_response_id":"'"$response"'","max_output_tokens":8}'
expect 'it may look at what the old one asked' status 200 "$new" GET "/admin/v1/explain/$asked"
expect 'the access key id signs on' signed 200
ended() { status 200 "$new" GET "$B/$batch" >/dev/null && body 'j["status"] == "completed" and j["request_counts"]["failed"] == 0'; }
expect 'the batch goes on, as the new key, to its end' await ended
expect 'another key of the tenant has nothing of it' has_all "$other" 404
refuse 'nor does it see what was asked' status 200 "$other" GET "/admin/v1/explain/$asked"

# ---- once more, and over a start
third=$(hoheit key rotate amt --quiet)
expect 'nor does a second replacement lose anything' has_all "$third" 200
daemon_stop
expect 'it starts again' daemon_start
expect 'and all is there' has_all "$third" 200
expect 'the access key id signs on' signed 200

# ---- who gets the name gets nothing else
expect 'the key is revoked' hoheit key revoke amt
expect 'with its access key id' signed 403
namesake=$(key amt VS-NfD --default-label offen)
expect 'a new key of that name has nothing of the old one' has_all "$namesake" 404
done_testing
