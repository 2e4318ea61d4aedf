#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Vector stores: an application's own files, found by words and attributes, each under its label.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"

daemon_with_toys --set log.level=info || {
    show "$dir/log"
    echo 'Bail out! no daemon'
    exit 1
}
intern=$(key amt intern) other=$(key nachbar intern) operator=$(key chef intern --operator)

has() { grep -qF -- "$1" "$dir/body"; }
hasnt() { ! has "$1"; }
field() { python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$dir/body" "$1"; }
upload() { # LABEL NAME TEXT: prints the file's id
    printf '%b' "$3" >"$dir/$2"
    curl -sS -m 20 -H "Authorization: Bearer $intern" -H "X-Hoheit-Label: $1" -F purpose=assistants \
        -F "file=@$dir/$2" -o "$dir/body" "$url/v1/files"
    field id
}
search() { status 200 "$intern" POST "/v1/vector_stores/$store/search" "{\"query\":\"$1\"${2-}}" -H "X-Hoheit-Label: offen"; }
put() { status 200 "$intern" POST "/v1/vector_stores/$store/files" "{\"file_id\":\"$1\"${2-}}"; }

steuer=$(upload offen hundesteuer.md '# Hundesteuer\n\nDie Hundesteuer beträgt 96 Euro im Jahr.\n')
plan=$(upload intern plan.md '# Plan\n\nDie Hundesteuer soll 2027 auf 200 Euro steigen.\n')
bild=$(upload offen bild.bin '\0377\0376\0000')

expect 'a store is made' status 200 "$intern" POST /v1/vector_stores '{"name":"Steuern"}' -H 'X-Hoheit-Label: offen'
store=$(field id)
expect 'it says what it is' body 'j["object"] == "vector_store" and j["file_counts"]["total"] == 0'
expect 'nothing is found in an empty one' search Hundesteuer
expect 'no hits' body 'j["data"] == [] and j["has_more"] is False'
expect 'a file is put in' put "$steuer" ',"attributes":{"amt":"kasse","jahr":2026}'
expect 'and ready at once' body 'j["status"] == "completed" and j["usage_bytes"] > 0 and j["attributes"]["jahr"] == 2026'
expect 'one above' put "$plan" ',"attributes":{"amt":"leitung","jahr":2027}'
expect 'under its own label' grep -qi '^x-hoheit-label: intern' "$dir/head"
expect 'what is no text is said to be none' put "$bild"
expect 'by name' body 'j["status"] == "failed" and j["last_error"]["code"] == "unsupported_file"'
expect 'a file that is not there is not' status 400 "$intern" POST "/v1/vector_stores/$store/files" '{"file_id":"file-nix"}'
expect 'a search finds both' search 'Wie hoch ist die Hundesteuer?'
expect 'best first, with file, score and text' body \
    'len(j["data"]) == 2 and all(0 < d["score"] < 1 and d["content"][0]["text"] for d in j["data"]) and j["data"][0]["filename"] == "hundesteuer.md"'
expect 'and says the label of all it read' grep -qi '^x-hoheit-label: intern' "$dir/head"
search Hundesteuer ',"filters":{"type":"eq","key":"amt","value":"leitung"}' >/dev/null
expect 'attributes choose' body '[d["filename"] for d in j["data"]] == ["plan.md"]'
search Hundesteuer ',"filters":{"type":"and","filters":[{"type":"gte","key":"jahr","value":2026},{"type":"ne","key":"amt","value":"leitung"}]}' >/dev/null
expect 'joined too' body '[d["filename"] for d in j["data"]] == ["hundesteuer.md"]'
search Hundesteuer ',"filters":{"type":"eq","key":"amt","value":"niemand"}' >/dev/null
expect 'or nothing' body 'j["data"] == []'
expect 'a filter that is none is refused' status 400 "$intern" POST "/v1/vector_stores/$store/search" \
    '{"query":"x","filters":{"type":"like","key":"a","value":"b"}}'
expect 'a field nobody knows too' status 400 "$intern" POST "/v1/vector_stores/$store/search" '{"query":"x","mode":"fast"}'
search Hundesteuer ',"ranking_options":{"score_threshold":1}' >/dev/null
expect 'hits below a score stay out' body 'j["data"] == []'

expect 'the store counts' status 200 "$intern" GET "/v1/vector_stores/$store"
expect 'its files' body 'j["file_counts"] == {"in_progress":0,"completed":2,"failed":1,"cancelled":0,"total":3}'
expect 'lists them' status 200 "$intern" GET "/v1/vector_stores/$store/files?filter=completed&order=asc"
expect 'by their files'"'"' ids' body "[d['id'] for d in j['data']] == ['$steuer', '$plan'] and j['last_id'] == '$plan'"
expect 'in pages' status 200 "$intern" GET "/v1/vector_stores/$store/files?order=asc&limit=1&after=$steuer"
expect 'one after the other' body "[d['id'] for d in j['data']] == ['$plan'] and j['has_more']"
expect 'attributes change' status 200 "$intern" POST "/v1/vector_stores/$store/files/$steuer" '{"attributes":{"amt":"steueramt"}}'
search Hundesteuer ',"filters":{"type":"eq","key":"amt","value":"steueramt"}' >/dev/null
expect 'and count from then on' body 'len(j["data"]) == 1'
expect 'the text comes back' status 200 "$intern" GET "/v1/vector_stores/$store/files/$steuer/content"
expect 'whole' body '"96 Euro" in j["data"][0]["text"]'

for what in "GET $store" "DELETE $store" "POST $store/search" "GET $store/files" "GET $store/files/$steuer"; do
    expect "to another key it is as if it were not there: ${what%% *} ${what#*"$store"}" status 404 "$other" "${what%% *}" \
        "/v1/vector_stores/${what#* }" "$(case $what in POST*) echo '{"query":"x"}' ;; esac)"
done
expect 'nor in its list' status 200 "$other" GET /v1/vector_stores
expect 'of stores' body 'j["data"] == []'

expect 'several at once' status 200 "$intern" POST /v1/vector_stores "{\"name\":\"zwei\",\"file_ids\":[\"$steuer\"],\"expires_after\":{\"anchor\":\"last_active_at\",\"days\":1}}"
expect 'when it is made' body 'j["file_counts"]["completed"] == 1 and j["expires_at"] - j["last_active_at"] == 86400'
zwei=$(field id)
expect 'or as a batch' status 200 "$intern" POST "/v1/vector_stores/$zwei/file_batches" \
    "{\"files\":[{\"file_id\":\"$plan\",\"attributes\":{\"a\":1}},{\"file_id\":\"$bild\"}]}"
expect 'that says how it went' body 'j["status"] == "completed" and j["file_counts"]["completed"] == 1 and j["file_counts"]["failed"] == 1'
batch=$(field id)
expect 'is there later' status 200 "$intern" GET "/v1/vector_stores/$zwei/file_batches/$batch"
expect 'with its files' status 200 "$intern" GET "/v1/vector_stores/$zwei/file_batches/$batch/files"
expect 'only' body "{d['id'] for d in j['data']} == {'$plan', '$bild'}"
expect 'a batch of nothing is none' status 400 "$intern" POST "/v1/vector_stores/$zwei/file_batches" '{"file_ids":[]}'
expect 'a batch with a file that is not there adds nothing' status 400 "$intern" POST "/v1/vector_stores/$zwei/file_batches" \
    "{\"file_ids\":[\"$steuer\",\"file-nix\"]}"
status 200 "$operator" POST /v1/know '{"name":"haus"}' >/dev/null
status 200 "$intern" POST /v1/know/haus/documents '{"documents":[{"name":"muell","text":"# Müll\n\nDie Mülltonne kostet 7 Euro.\n"}]}' -H 'X-Hoheit-Label: offen' >/dev/null
expect 'a collection of the installation is searched by its name, in the same shape' status 200 "$other" POST /v1/vector_stores/haus/search '{"query":"Mülltonne","filters":{"type":"eq","key":"name","value":"muell"}}'
expect 'with its name as attribute' body 'j["data"][0]["file_id"] == "muell" and j["data"][0]["attributes"] == {"name":"muell"}'

# The tool file_search of Responses: looked up before the answer, under its label.
ask() { # KEY LABEL STORE MORE
    status 200 "$1" POST /v1/responses "{\"model\":\"toy\",\"store\":false,\"input\":\"Wie hoch ist die Hundesteuer?\",\"tools\":[{\"type\":\"file_search\",\"vector_store_ids\":[\"$3\"]${4-}}]${5-}}" -H "X-Hoheit-Label: $2"
}
expect 'an answer looks things up first' ask "$intern" offen "$store"
expect 'as its first item' body 'j["output"][0]["type"] == "file_search_call" and j["output"][0]["status"] == "completed" and j["output"][0]["queries"] == ["Wie hoch ist die Hundesteuer?"] and j["output"][0]["results"] is None and j["output"][1]["type"] == "message"'
expect 'and says what it was offered' body 'j["tools"][0]["type"] == "file_search" and j["tools"][0]["max_num_results"] == 20'
expect 'reading raised the label' grep -qi '^x-hoheit-label: intern' "$dir/head"
expect 'results come when they are asked for' ask "$intern" offen "$store" '' ',"include":["file_search_call.results"]'
expect 'with file, score and text' body '[r["filename"] for r in j["output"][0]["results"]][:1] == ["hundesteuer.md"] and "96 Euro" in j["output"][0]["results"][0]["text"]'
expect 'filters hold' ask "$intern" offen "$store" ',"filters":{"type":"eq","key":"amt","value":"leitung"}' ',"include":["file_search_call.results"]'
expect 'here too' body '[r["filename"] for r in j["output"][0]["results"]] == ["plan.md"]'
expect 'calls may be ruled out' ask "$intern" offen "$store" '' ',"tool_choice":"none"'
expect 'then nothing is looked up' body '[o["type"] for o in j["output"]] == ["message"]'
expect 'and the label stays' grep -qi '^x-hoheit-label: offen' "$dir/head"
expect 'the store of another key is not there' status 404 "$other" POST /v1/responses "{\"model\":\"toy\",\"input\":\"x\",\"tools\":[{\"type\":\"file_search\",\"vector_store_ids\":[\"$store\"]}]}"
expect 'a tool without stores is refused' status 400 "$intern" POST /v1/responses '{"model":"toy","input":"x","tools":[{"type":"file_search","vector_store_ids":[]}]}'
expect 'as a stream' status 200 "$intern" POST /v1/responses "{\"model\":\"toy\",\"stream\":true,\"input\":\"Hundesteuer?\",\"tools\":[{\"type\":\"file_search\",\"vector_store_ids\":[\"$store\"]}]}"
expect 'the events come in order' sh -c "grep '^event:' '$dir/body' | head -n 8 | sed 's/^event: response.//' | tr -d '\\r' | tr '\\n' ' ' | grep -q '^created in_progress output_item.added file_search_call.in_progress file_search_call.searching file_search_call.completed output_item.done output_item.added'"
offen=$(key buero offen)
status 200 "$intern" POST /v1/know/haus/documents '{"documents":[{"name":"geheim","text":"# Müll\n\nDie Mülltonne kostet bald 9 Euro.\n"}]}' -H 'X-Hoheit-Label: intern' >/dev/null
house() {
    status 200 "$1" POST /v1/responses '{"model":"toy","store":false,"input":"Was kostet die Mülltonne?","temperature":0,"include":["file_search_call.results"],"tools":[{"type":"file_search","vector_store_ids":["haus"]}]}' -H 'X-Hoheit-Label: offen'
}
only() { python3 -c 'import json, sys; print(json.dumps(json.load(open(sys.argv[1]))["output"][0]["results"]))' "$dir/body"; }
expect 'who is cleared is shown both passages of a collection' house "$intern"
expect 'with the label of the higher' sh -c "grep -qi '^x-hoheit-label: intern' '$dir/head' && grep -qF '9 Euro' '$dir/body'"
expect 'who is not is shown one' house "$offen"
expect 'and stays below' sh -c "grep -qi '^x-hoheit-label: offen' '$dir/head' && ! grep -qF '9 Euro' '$dir/body'"
only >"$dir/with"
status 200 "$intern" DELETE /v1/know/haus/documents/geheim >/dev/null
house "$offen" >/dev/null
only >"$dir/without"
expect 'whether it is there or not, the results have the same bytes' cmp "$dir/with" "$dir/without"

# The ceiling of the installation comes down: what lies above it is as if it had never been there.
for label in offen intern; do
    daemon_stop
    daemon_start --set "policy.level_max=$label" >/dev/null
    expect "under the ceiling $label a search answers" search 'Hundesteuer 200 Euro'
    [ "$label" = intern ] || cp "$dir/body" "$dir/search.low"
    status 200 "$intern" GET "/v1/vector_stores/$store" >/dev/null
    [ "$label" = intern ] || cp "$dir/body" "$dir/store.low"
    [ "$label" = intern ] || expect 'what is above is not counted' body 'j["file_counts"]["total"] == 2'
    [ "$label" = intern ] || expect 'nor shown' status 404 "$intern" GET "/v1/vector_stores/$store/files/$plan"
done
expect 'it was not gone' status 200 "$intern" GET "/v1/vector_stores/$store/files/$plan"
expect 'a file leaves the store' status 200 "$intern" DELETE "/v1/vector_stores/$store/files/$plan"
expect 'and is not found' search 'Hundesteuer 200 Euro'
expect 'in it' hasnt '2027'
daemon_stop
daemon_start --set policy.level_max=offen >/dev/null
expect 'below again' search 'Hundesteuer 200 Euro'
expect 'the search below tells nothing of what was above: the same bytes' cmp "$dir/search.low" "$dir/body"
status 200 "$intern" GET "/v1/vector_stores/$store" >/dev/null
expect 'nor does the store' sh -c "sed 's/\"last_active_at\":[0-9]*//' '$dir/store.low' >'$dir/a'; sed 's/\"last_active_at\":[0-9]*//' '$dir/body' | cmp - '$dir/a'"
daemon_stop
daemon_start

expect 'who removes a file removes it from its stores' status 200 "$intern" DELETE "/v1/files/$plan"
expect 'all of them' status 404 "$intern" GET "/v1/vector_stores/$zwei/files/$plan"
expect 'a store goes' status 200 "$intern" DELETE "/v1/vector_stores/$store"
expect 'as the API says it' body 'j["deleted"] and j["object"] == "vector_store.deleted"'
expect 'and is gone' status 404 "$intern" POST "/v1/vector_stores/$store/search" '{"query":"x"}'
expect 'with its words' sh -c "! ls '$data/records/stores' | grep -q '$store'"
expect 'what was said is in no log' sh -c "! grep -rqF 'Hundesteuer' '$data/log' '$dir/log' 2>/dev/null"
done_testing
