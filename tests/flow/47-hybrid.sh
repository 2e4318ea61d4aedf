#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What may leave: open work goes to the outside model, the rest stays; with tokens in place of
# identifiers where policy lets it; what left is on record with the digest of its bytes.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
provider=''
trap '[ -z "$provider" ] || kill "$provider" 2>/dev/null; flow_end' EXIT

mkfifo "$dir/provider"
python3 "$here/../peer/provider.py" --record "$dir/record" >"$dir/provider" 2>"$dir/provider.log" &
provider=$!
read -r _ base <"$dir/provider"

"$bin/hoheitd" --init --data "$data" >/dev/null
printf 'sk-outside-0123456789\n' >"$data/keys/outside.key"
chmod 600 "$data/keys/outside.key"
cat >"$data/providers.yaml" <<EOF
version: 1
providers:
  - name: outside
    dialect: openai
    url: $base/v1
    sink: offen//REL EU
    region: eu
    contract: {id: 2026-17, processor: Outside GmbH, basis: Art. 28 DSGVO}
    models:
      - {name: large, in: 3000000, out: 15000000}
    credential: {scheme: bearer, file: outside.key}
EOF
cat >>"$data/policy.yaml" <<EOF
downgrades:
  - { id: pseudonym, removes: SOZIALDATEN, lowers: intern, law: Art. 4 Nr. 5 DSGVO }
EOF
expect 'it starts with a provider' daemon_start
expect 'the local model is added' hoheit model add toy --name haus
expect 'so is the one outside' hoheit model add remote:outside/large --name wolke
refuse 'a provider nobody knows is refused' hoheit model add remote:nobody/x --name fremd
expect 'one name stands for both' hoheit model alias beide wolke,haus
key=$(key amt 'VS-NfD//SOZIALDATEN,STEUERGEHEIMNIS')

# ask LABEL MODEL TEXT [STREAM]: the answer's body; its head is in $dir/head
ask() { api "$key" POST /v1/chat/completions "{\"model\":\"$2\",\"stream\":${4-false},\"messages\":[{\"role\":\"user\",\"content\":\"$3\"}]}" -H "X-Hoheit-Label: $1"; }
says() { pattern=$1; shift; "$@" >"$dir/out" 2>&1; grep -q -- "$pattern" "$dir/out" || { cat "$dir/out"; return 1; }; }
left() { grep -aq -- "$1" "$dir/record"; }
request() { sed -n 's/^[Xx]-[Rr]equest-[Ii]d: *\([^\r]*\).*/\1/p' "$dir/head" | tail -n 1; }

# ---- open work leaves
expect 'an open question is answered outside' says 'fremdes Modell' ask offen beide 'Canary-offen-1'
expect 'the answer is marked as an outside model made it' grep -qi 'x-hoheit-label:.*external-model' "$dir/head"
expect 'the question arrived there' left Canary-offen-1
expect 'with the credential, which the gate never saw' left sk-outside-0123456789
expect 'explain says where it went' says '"model":"wolke"' hoheit explain "$(request)" --json
expect 'and that bytes left' says '"event":"egress"' hoheit explain "$(request)" --json
python3 - "$dir/record" >"$dir/arrived" <<'PY'
import re, sys
data = open(sys.argv[1], "rb").read()
raw = b"".join(re.split(rb"(?m)^== \d+\n", data)).rstrip(b"\n")
body = raw.split(b"\r\n\r\n", 1)[1]
sys.stdout.buffer.write(body[:int(re.search(rb"(?i)content-length: (\d+)", raw).group(1))])
PY
auditor=$(key revision VS-NfD --role auditor)
expect 'an auditor can show that exactly what arrived is what the log says was sent' says 'is what was sent outside' \
    env HOHEIT_KEY="$auditor" "$bin/hoheit" --url "$url" explain "$(request)" --holds "$dir/arrived"

# ---- the rest stays
expect 'VS-NfD is answered in the house' says '"model":"beide"' ask VS-NfD beide 'Canary-nfd-2'
refuse 'and did not leave' left Canary-nfd-2
refuse 'nor is it marked as from outside' grep -qi external-model "$dir/head"
expect 'asked for the outside model by name, it is denied' says 'denied_by_policy' ask VS-NfD wolke 'Canary-nfd-3'
refuse 'and did not leave either' left Canary-nfd-3
expect 'so is what only some may see' says 'STEUERGEHEIMNIS' ask 'offen//STEUERGEHEIMNIS' wolke 'Canary-steuer-4'
refuse 'which stayed' left Canary-steuer-4

# ---- with tokens
expect 'social data leaves with tokens in place of names' says 'Erika Sommerfelds Antrag' ask 'intern//SOZIALDATEN' wolke 'Was ist mit Frau Erika Sommerfeld?'
refuse 'the name did not leave' left Sommerfeld
expect 'a token did' left PERSON_
expect 'the answer has the label of what was asked' grep -qi 'x-hoheit-label: intern//SOZIALDATEN' "$dir/head"
expect 'explain says how many were replaced' says '1 identifiers were replaced' hoheit explain "$(request)" --json
# The frames of a stream, put together.
streamed() { ask "$@" true | sed -n 's/^data: \({.*\)/\1/p' | python3 -c 'import json,sys
print("".join(c["delta"].get("content") or "" for l in sys.stdin for c in json.loads(l)["choices"]))'; }
expect 'streamed, tokens cut by frames come back whole' says 'Erika Sommerfelds Antrag' streamed 'intern//SOZIALDATEN' wolke 'Und Frau Erika Sommerfeld?'
expect 'an identifier the second look finds keeps all of it in' says 'denied_by_policy' ask 'intern//SOZIALDATEN' wolke 'Frau Erika Sommerfeld, ihre@ adresse x@y'
refuse 'nothing of it left' left 'x@y'

# ---- shown without sending
expect 'hoheit route shows both targets' says 'wolke.*denied.*target.level' hoheit route VS-NfD beide
expect 'and what would be taken' says 'haus.*taken' hoheit route VS-NfD beide
refuse 'an unknown label is refused' hoheit route 'GIBTSNICHT' beide

# ---- the way out is shut
kill "$provider"; provider=''
gone() { ! curl -s -o /dev/null "$base/"; }
expect 'the provider goes' await gone
expect 'what only it could answer fails clearly' says 'provider_lost' ask offen wolke 'Canary-5'
expect 'the local model still answers' says haus ask offen haus 'Hallo'
refuse 'no text is in any log' grep -rq -e Sommerfeld -e Canary "$dir/log" "$data/audit"
done_testing
