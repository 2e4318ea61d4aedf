#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# time limit: 300 s
#
# Evidence for an auditor: a bundle that checks without the installation, by our own program and by
# another's; what is above the auditor's clearance is proved and not shown.
#
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

peer=$(cd "$(dirname "$0")/../peer/evidence" && pwd)
log=$data/audit/log
records() { wc -l <"$data/audit/audit.jsonl"; }
covers() { [ "$(sed -n 2p "$log/checkpoint")" -ge "$1" ]; }
ask() { api "$1" POST /v1/chat/completions "$(chat "$3")" -H "X-Hoheit-Label: $2" >/dev/null; cat "$dir/status"; }
export_to() { to=$1; shift; hoheit evidence export "$dir/$to" --quiet "$@"; }
check() { from=$1; shift; hoheit evidence verify "$dir/$from" --log-key "$(cat "$data/keys/log.key")" "$@"; }
theirs() { python3 "$peer/check.py" "$1" "$(cat "$data/keys/log.key")"; }
lines_are() { [ "$(wc -l <"$dir/$1")" -eq "$2" ] || { wc -l "$dir/$1"; return 1; }; }
lacks() { ! grep -rq "$1" "$dir/$2"; }

expect 'the daemon starts' daemon_with_toys --set policy.level_max=VS-NfD
low=$(key niedrig offen)
high=$(key hoch VS-NfD --tenant stadt)
ask "$low" offen eins >/dev/null
cp "$data/audit/audit.jsonl" "$dir/early"
await covers "$(records)"
cp "$log/checkpoint" "$dir/noted"
expect 'a request above it is answered' [ "$(ask "$high" VS-NfD zwei)" = 200 ]
ask "$low" VS-NfD drei >/dev/null
ask "$low" offen vier >/dev/null
await covers "$(records)"
secret=$(sed -n 's/.*"request":"\(req_[^"]*\)".*"label":"VS-NfD".*/\1/p' "$data/audit/audit.jsonl" | head -n 1)
person=$(sed -n 's/.*"key":"\(key_[^"]*\)".*"label":"offen".*/\1/p' "$data/audit/audit.jsonl" | head -n 1)

expect 'a bundle of everything is made while the daemon runs' export_to all
expect 'it is good' check all
expect 'another program says so too' theirs "$dir/all"
expect 'each entry has its proof' lines_are all/proofs.jsonl "$(sed -n 2p "$dir/all/checkpoint")"
expect 'what is above the lowest level is not in it' lacks "$secret" all
expect 'and is counted' grep -q '"held_back":[1-9]' "$dir/all/manifest.json"
expect 'to somebody with the clearance it shows' export_to cleared --clearance VS-NfD
expect 'with nothing held back' grep -q '"held_back":0' "$dir/cleared/manifest.json"
expect 'and the entries are the records' cmp "$dir/cleared/entries.jsonl" "$data/audit/audit.jsonl"
expect 'that one is good as well' check cleared
expect 'by a person only theirs' export_to person --person "$person"
expect 'checks' check person
expect 'and has nobody else in it' sh -c "! grep -v '$person' '$dir/person/entries.jsonl'"
expect 'by request' export_to request --request "$secret" --clearance VS-NfD
expect 'that request alone' [ "$(wc -l <"$dir/request/entries.jsonl")" -eq "$(grep -c "$secret" "$data/audit/audit.jsonl")" ]
expect 'by model' export_to model --model toy-embed
expect 'by tenant' export_to tenant --tenant stadt --clearance VS-NfD
expect 'against a checkpoint noted earlier, with the growth since' export_to old --checkpoint "$dir/noted"
expect 'that checks against it' check old --checkpoint "$dir/noted"
refuse 'and against no other' check all --checkpoint "$dir/noted"
expect 'and for the other program' theirs "$dir/old"
daemon_stop

refuse 'nothing is written over' export_to all
refuse 'a time that is none is refused' export_to t1 --since yesterday
refuse 'a label that is none is refused' export_to t2 --clearance GEHIEM
refuse 'what fits nothing makes no bundle' export_to t3 --request req_none
expect 'and leaves nothing behind' [ ! -e "$dir/t3" ]
refuse 'a period before everything makes none' export_to t4 --until 2001
refuse 'another log is noticed' hoheit evidence verify "$dir/all" --log-key "hoheit/x+00000000+AAAA"
refuse 'another sealer is noticed' check all --seal-key "$(cat "$data/keys/log.key")"
entries=$(find "$log/tile/entries" -type f | sort -V | tail -n 1)
cp "$entries" "$dir/kept"
sed -i 's/"event":"decision"/"event":"decisiom"/' "$entries"
refuse 'from a log that was changed none is made' export_to t5
cp "$dir/kept" "$entries"

mkdir "$dir/damaged"
python3 "$peer/damage.py" "$dir/all" "$dir/damaged" "$data/keys/evidence.seed" >"$dir/list"
while read -r one; do
    if hoheit evidence verify "$one" >/dev/null 2>&1; then echo "ours: $one"; fi
    if python3 "$peer/check.py" "$one" >/dev/null 2>&1; then echo "theirs: $one"; fi
done <"$dir/list" >"$dir/missed"
expect 'there are at least 50 damaged bundles' [ "$(wc -l <"$dir/list")" -ge 50 ]
expect 'both programs find every damage' [ ! -s "$dir/missed" ]
sed 's/^/# missed: /' "$dir/missed"
echo "# $(wc -l <"$dir/list") damaged bundles"
done_testing
