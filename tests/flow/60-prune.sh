#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# What is old enough goes, by two persons and not before the law lets it: the entries are gone, what
# has a longer period is held back, and every signature and proof ever given still holds.
#
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

log=$data/audit/log records=$data/audit/audit.jsonl
verify() { "$bin/hoheit-verify" --key "$(cat "$data/keys/log.key")" "$@" "$log"; }
covers() { [ "$(sed -n 2p "$log/checkpoint")" -ge "$(tail -n 1 "$records" | sed 's/.*"seq":\([0-9]*\),.*/\1/')" ]; }
says()
{
    pattern=$1 wanted=$2
    shift 2
    "$@" >"$dir/said" 2>&1
    was=$?
    cat "$dir/said"
    [ "$was" -eq "$wanted" ] && grep -q -- "$pattern" "$dir/said"
}
approve() { HOHEIT_KEY=$auditor "$bin/hoheit" --url "$url" log prune --approve "$@"; }

# Ten years of records: 700 are old, some of them of other classes; then a day ago.
"$bin/hoheitd" --init --data "$data" >/dev/null
mkdir -p "$data/audit"
python3 - "$records" <<'EOF'
import sys, time
day, now = 86400, time.time()
with open(sys.argv[1], 'w') as f:
    for i in range(710):
        age, event = 300 * day - i * 60, 'decision'
        if i == 3:
            age, event = 1200 * day, 'key.add'
        elif i % 100 == 7:
            event = 'person.add'
        elif i >= 700:
            age = day
        t = time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(now - age))
        f.write('{"seq":%d,"time":"%s","event":"%s","request":"req_%d","object":"o-%d"}\n' % (i + 1, t, event, i, i))
EOF
chmod 700 "$data/audit"
ago() { python3 -c 'import sys, time; print(time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400 * int(sys.argv[1]))))' "$1"; }

expect 'the daemon starts over old records' daemon_with_toys
auditor=$(key auditor VS-NfD --role auditor)
expect 'they are signed' await covers
cp "$log/checkpoint" "$dir/noted"
expect 'below the legal minimum it refuses, with the name of the law' says 'AI Act) Art. 19 (1)' 2 hoheit log prune --before "$(ago 100)"
expect 'below its own period it refuses' says 'retain.use_days' 2 hoheit log prune --before "$(ago 187)"
expect 'it counts' says '^512 entries below 512 may go, .* 6 of them are held' 0 hoheit log prune --before "$(ago 200)" --dry-run
expect 'as JSON too' says '"below":512' 0 hoheit log prune --before "$(ago 200)" --dry-run --json
expect 'what is older than all, nothing' says 'Nothing may go' 0 hoheit log prune --before "$(ago 4000)" --dry-run
hoheit log prune --before "$(ago 200)" >"$dir/proposed" 2>/dev/null
proposal=$(tail -n 1 "$dir/proposed")
expect 'an operator proposes it' says '^req_' 0 echo "$proposal"
expect 'operations cannot approve it' says 'auditor' 77 hoheit log prune --approve "$proposal"
expect 'another request is no proposal' says 'nobody proposed' 1 approve req_1
[ "$(find "$log/tile/entries" -name '000')" ] || failed=1
expect 'an auditor approves it' says '^entries below 512 are gone, 6 of them' 0 approve "$proposal"
expect 'not twice' says 'gone already' 1 approve "$proposal"
refuse 'the bundles are gone' [ -e "$log/tile/entries/000" ]
refuse 'the records are gone' grep -qa '"object":"o-100"' "$records"
expect 'the others are there' grep -qa '"object":"o-512"' "$records"
expect 'the log is good and says by whose decision' says 'entries below 512 were pruned by decision of key_' 0 verify
expect 'what was noted before holds' verify --known "$dir/noted"
expect 'what was held is shown to be in it' says 'entry 107 is of request req_107' 0 verify --request req_107
refuse 'what is gone is not' verify --request req_100
expect 'the command says it too' says '"pruned_below":512' 0 hoheit verify --json
expect 'and is told of' says 'person.add' 0 hoheit explain req_107 --json
expect 'with its proof' says '"leaf":107' 0 hoheit explain req_107 --json
expect 'who decided is on record' grep -qa '"event":"log.prune",.*"object":"512"' "$records"
expect 'a bundle for auditors is made of what is there' hoheit evidence export "$dir/bundle"
expect 'and good' says '' 0 hoheit evidence verify "$dir/bundle"
expect 'with what was held' grep -q '"object":"o-107"' "$dir/bundle/entries.jsonl"

daemon_stop
expect 'the daemon starts over it' daemon_start
someone=$(key someone OFFEN)
api "$someone" POST /v1/chat/completions "$(chat hello)" >/dev/null
expect 'and goes on' await covers
expect 'the log is good' verify --known "$dir/noted"
expect 'a request is told of' says '"decision"' 0 hoheit explain "$(tail -n 1 "$records" | sed 's/.*"request":"\([^"]*\)".*/\1/')" --json
daemon_stop

# What a crash left half done is finished, what was torn is made again, what was forged is found.
cp -r "$log" "$dir/log.good"
mkdir -p "$log/tile/entries"
echo x >"$log/tile/entries/001"
expect 'a removal that was interrupted' daemon_start
expect 'is finished' await test ! -e "$log/tile/entries/001"
daemon_stop
rm -rf "$log/tile/1"
expect 'the upper tiles are made again' daemon_start
daemon_stop
expect 'and good' verify --known "$dir/noted"
forged()
{
    cp -r "$dir/log.good" "$dir/forged"
    (cd "$dir/forged" && eval "$1")
    "$bin/hoheit-verify" --key "$(cat "$data/keys/log.key")" "$dir/forged"
    was=$?
    rm -rf "$dir/forged"
    return "$was"
}
expect 'the copy is good' forged ':'
refuse 'without the word of it bundles are missing' forged 'rm pruned'
refuse 'another number was not decided' forged "sed -i '2s/512/256/; 4s/.*/17000/' pruned"
refuse 'another entry is no decision' forged "sed -i 3s/.*/600/ pruned"
refuse 'a changed hash is found' forged "printf x | dd of=tile/0/000 bs=1 seek=3200 conv=notrunc 2>/dev/null"
refuse 'a changed entry that was held is found' forged 'sed -i s/o-107/o-108/ held'
done_testing
