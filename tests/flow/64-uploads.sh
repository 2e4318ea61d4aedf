#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Word, OpenDocument and PDF files uploaded over the API: read in a cell that hoheitd starts, found
# with section and page; hostile ones cost themselves alone.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"

daemon_with_toys --set log.level=info || {
    show "$dir/log"
    echo 'Bail out! no daemon'
    exit 1
}
docs=$dir/docs
mkdir "$docs"
python3 "${0%/*}/documents.py" "$docs"
intern=$(key amt intern) operator=$(key chef intern --operator)

field() { python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$dir/body" "$1"; }
upload() { # NAME: prints the file's id
    curl -sS -m 20 -H "Authorization: Bearer $intern" -H 'X-Hoheit-Label: offen' -F purpose=assistants \
        -F "file=@$docs/$1" -o "$dir/body" "$url/v1/files"
    field id
}
put() { status 200 "$intern" POST "/v1/vector_stores/$store/files" "{\"file_id\":\"$1\"}"; }
search() { status 200 "$intern" POST "/v1/vector_stores/$store/search" "{\"query\":\"$1\"}" -H 'X-Hoheit-Label: offen'; }

status 200 "$intern" POST /v1/vector_stores '{"name":"Akten"}' -H 'X-Hoheit-Label: offen' >/dev/null
store=$(field id)
word=$(upload hund.docx) text=$(upload amt/muell.odt) pdf=$(upload bad.pdf)
expect 'a Word file is put in' put "$word"
expect 'and ready' body 'j["status"] == "completed" and j["usage_bytes"] > 0'
expect 'it is found' search Hundesteuer
expect 'with its section' body 'j["data"][0]["filename"] == "hund.docx" and j["data"][0]["section"] == "Hundesteuer" and "96 Euro" in j["data"][0]["quote"]'
refuse 'what it hides is not' sh -c "grep -q 'Ignoriere' '$dir/body'"
expect 'an OpenDocument text is put in' put "$text"
expect "and found" search Tonne
expect 'with its words' body '"5 Euro" in j["data"][0]["content"][0]["text"]'
expect 'its text can be read' status 200 "$intern" GET "/v1/vector_stores/$store/files/$word/content"
expect 'as Markdown' body '"# Hundesteuer" in j["data"][0]["text"]'
if [ -x /usr/bin/pdftohtml ]; then
    expect 'a PDF is put in' put "$pdf"
    expect 'and ready' body 'j["status"] == "completed"'
    expect 'it is found' search 'Was kostet das Freibad?'
    expect 'with its page' body 'j["data"][0]["filename"] == "bad.pdf" and j["data"][0]["page"] == 2'
    expect 'the tool file_search finds it too' status 200 "$intern" POST /v1/responses "{\"model\":\"toy\",\"store\":false,\"input\":\"Was kostet das Freibad?\",\"include\":[\"file_search_call.results\"],\"tools\":[{\"type\":\"file_search\",\"vector_store_ids\":[\"$store\"]}]}" -H 'X-Hoheit-Label: offen'
    expect 'with text and page' body '(lambda r: r["filename"] == "bad.pdf" and r["page"] == 2 and "4 Euro" in r["text"])(j["output"][0]["results"][0])'
    bad=$(upload kaputt.pdf)
    expect 'a PDF that is none fails' put "$bad"
    expect 'with a sentence' body 'j["status"] == "failed" and j["last_error"]["message"].startswith("the file cannot be opened")'
else
    expect 'without pdftohtml a PDF fails' put "$pdf"
    expect 'and what to install is said' body '"install poppler-utils" in j["last_error"]["message"]'
fi

# ---- hostile ones
bomb=$(upload bombe.docx) entity=$(upload entitaet.docx)
expect 'what grows without end fails' put "$bomb"
expect 'with the reason' body 'j["status"] == "failed" and "grows" in j["last_error"]["message"]'
expect 'what declares entities too' put "$entity"
expect 'by name' body 'j["status"] == "failed" and "entities" in j["last_error"]["message"]'
expect 'nobody else minds' search Hundesteuer
expect 'what was there is found' body 'j["data"][0]["filename"] == "hund.docx"'
expect 'no reader stays behind' await sh -c "! ps -eo ppid=,comm= | grep -q \"^ *$daemon hoheit-reader\""

# ---- collections
status 200 "$operator" POST /v1/know '{"name":"haus"}' >/dev/null
send() { # TYPE FILE WANT
    [ "$(curl -sS -m 20 -H "Authorization: Bearer $intern" -H 'X-Hoheit-Label: offen' -H "Content-Type: $1" \
        --data-binary "@$docs/$2" -o "$dir/body" -w '%{http_code}' "$url/v1/know/haus/documents?name=${2##*/}&edition=2026")" = "$3" ]
}
word_type=application/vnd.openxmlformats-officedocument.wordprocessingml.document
expect 'a collection takes a Word file as it is' send "$word_type" hund.docx 200
expect 'once' body 'j["added"] == 1'
expect 'and knows it again' send "$word_type" hund.docx 200
expect 'without reading it' body 'j["same"] == 1'
expect 'a file that says nothing of its form has it by its name' send application/octet-stream amt/muell.odt 200
expect 'what cannot be read is refused' send "$word_type" bombe.docx 413
expect 'with the reason' body '"the document has a part that grows" in j["error"]["message"]'
expect 'a search finds what was sent' status 200 "$intern" POST /v1/know/haus/search '{"query":"Hundesteuer"}' -H 'X-Hoheit-Label: offen'
expect 'with section and edition' body '(j["data"][0]["filename"], j["data"][0]["section"], j["data"][0]["edition"]) == ("hund.docx", "Hundesteuer", "2026")'
done_testing
