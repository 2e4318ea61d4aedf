#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Who may ask what: keys, labels, denials that name their rule, and the record of each.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
daemon_with_toys "$@" || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }

low=$(key low intern) high=$(key high 'VS-NfD//SOZIALDATEN')
label() { api "$1" POST /v1/chat/completions "$(chat Hallo ',"max_tokens":4')" -H "X-Hoheit-Label: $2" >/dev/null; cat "$dir/status"; }
answers() { [ "$(label "$1" "$2")" = "$3" ] || { cat "$dir/body"; return 1; }; }
head_has() { grep -qi "^$1: *$2" "$dir/head" || { cat "$dir/head"; return 1; }; }
request_id() { tr -d '\r' <"$dir/head" | sed -n 's/^[Xx]-[Rr]equest-[Ii]d: *//p'; }
story() { hoheit explain "$1" --json >"$dir/body"; body "$2"; }

# ---- keys
expect 'without a key nothing is answered' status 401 '' POST /v1/chat/completions "$(chat Hallo)"
expect 'and the error has the shape the clients know' body 'j["error"]["code"] == "invalid_api_key"'
expect 'a key that is none is refused' status 401 hoh_not_a_key GET /v1/models
expect 'a key with one wrong character is refused' status 401 "$(printf '%s' "$low" | sed 's/.$/x/')" GET /v1/models
expect 'a valid key sees the models' status 200 "$low" GET /v1/models
expect 'the key itself is nowhere in the data directory' sh -c "! grep -rqaF '$low' '$data'"
refuse 'a second key of the same name' hoheit key add --name low --clearance intern
refuse 'a clearance with an unknown name' hoheit key add --name x --clearance 'VS-NfD//GIBTSNICHT'
refuse 'a key without a name' hoheit key add --clearance intern
gone=$(key gone intern --expires 1ms)
expect 'an expired key is refused' status 401 "$gone" POST /v1/chat/completions "$(chat Hallo)"
killed=$(key killed intern)
expect 'a key works' status 200 "$killed" GET /v1/models
expect 'until it is revoked' hoheit key revoke killed
expect 'then it does not' status 401 "$killed" POST /v1/chat/completions "$(chat Hallo)"

# ---- labels
expect 'what the clearance covers is answered' answers "$low" intern 200
expect 'and the answer carries the label' head_has x-hoheit-label intern
allowed=$(request_id)
expect 'a level above the clearance is denied' answers "$low" VS-NfD 403
denied=$(request_id)
expect 'and the answer names the rule' body '"clearance" in j["error"]["message"]'
expect 'a compartment that is missing is denied' answers "$low" 'intern//SOZIALDATEN' 403
expect 'one that is held is not' answers "$high" 'VS-NfD//SOZIALDATEN' 200
expect 'another is' answers "$high" 'VS-NfD//STEUERGEHEIMNIS' 403
expect 'above the ceiling of the instance everybody is denied' answers "$high" GEHEIM 403
expect 'an unknown label is an error, not an empty label' answers "$high" 'VS-NfD//NIE' 400
expect 'so is a malformed one' answers "$high" 'VS-NfD//' 400
expect 'embeddings ask the same policy' status 403 "$low" POST /v1/embeddings '{"model":"toy-embed","input":"x"}' -H 'X-Hoheit-Label: VS-NfD'

# ---- roles
expect 'a plain key is no operator' status 403 "$low" GET /admin/v1/status
expect 'nor may it make keys' status 403 "$low" POST /admin/v1/keys '{"name":"y","clearance":"intern"}'
expect 'without a key there is no administration over the network' status 401 '' GET /admin/v1/status
boss=$(key boss intern --operator)
expect 'an operator key is' status 200 "$boss" GET /admin/v1/status

# ---- records
expect 'an allowed request has its decision and its completion on record' \
    story "$allowed" '[r["event"] for r in j["records"]] == ["decision", "completion"] and j["records"][0]["decision"] == "allowed"'
expect 'with usage and digests' \
    story "$allowed" 'j["records"][1]["tokens_out"] > 0 and j["records"][0]["input"].startswith("salted:") and len(j["records"][0]["input"]) == 71'
expect 'a denied one has the rule and the labels' \
    story "$denied" 'j["records"][0]["rule"] == "clearance.level" and j["records"][0]["label"] == "VS-NfD"'
expect 'the content is not in the log' sh -c "! grep -rq Hallo '$data/audit'"
expect 'the owner of a key may see the record of an own request' status 200 "$low" GET "/admin/v1/explain/$allowed"
expect 'somebody else is told there is none' status 404 "$high" GET "/admin/v1/explain/$allowed"
expect 'an unknown request is not found' status 404 "$boss" GET /admin/v1/explain/req_none
done_testing
