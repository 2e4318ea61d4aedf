#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# Acts that no other flow does, each with its record: what is removed again, a default, a batch that
# is stopped.
#
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

recorded() { hoheit log find --event "$1" | grep -q "$2"; }
get() { python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$dir/body" "$1"; }

expect 'the daemon starts' daemon_with_toys
expect 'a tenant is added' hoheit tenant add haus
expect 'and removed' hoheit tenant rm haus
expect 'which is on record' recorded tenant.rm 'object haus '
expect 'a person is added' hoheit person add frau
expect 'and removed' hoheit person rm frau
expect 'which is on record' recorded person.rm 'object frau '
expect 'another model answers by default' hoheit model default toy
expect 'which is on record' recorded model.default 'object toy '
k=$(key amt OFFEN)
expect 'a model is asked' status 200 "$k" POST /v1/chat/completions "$(chat Hallo)"
expect 'an engine that came up is on record' await recorded engine.up 'object toy '
expect 'a conversation is begun' status 200 "$k" POST /v1/conversations '{}'
conv=$(get id)
expect 'and removed' status 200 "$k" DELETE "/v1/conversations/$conv"
expect 'which is on record' recorded conversation.rm "object $conv"
python3 -c 'import json
for i in range(400):
    print(json.dumps({"custom_id": f"r{i}", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "toy", "messages": [{"role": "user", "content": "Zeile"}], "max_tokens": 60}}))' >"$dir/in.jsonl"
curl -sS -m 20 -H "Authorization: Bearer $k" -F purpose=batch -F "file=@$dir/in.jsonl" "$url/v1/files" >"$dir/body"
in=$(get id)
expect 'a batch is begun' status 200 "$k" POST /v1/batches \
    "{\"input_file_id\":\"$in\",\"endpoint\":\"/v1/chat/completions\",\"completion_window\":\"24h\"}"
b=$(get id)
expect 'it is listed' status 200 "$k" GET /v1/batches
expect 'which is on record' recorded batch.list 'event\|batch.list'
expect 'and stopped' status 200 "$k" POST "/v1/batches/$b/cancel"
expect 'which is on record' recorded batch.cancel "object $b"
daemon_stop
done_testing
