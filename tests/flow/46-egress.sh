#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# The way out: its process comes up where there are providers, and back when it was killed; the list
# is checked before anything runs; credentials stay with it.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
provider=''
trap '[ -z "$provider" ] || kill "$provider" 2>/dev/null; flow_end' EXIT

says() { pattern=$1; shift; "$@" >"$dir/out" 2>&1; grep -q -- "$pattern" "$dir/out" || { cat "$dir/out"; return 1; }; }
child() { pgrep -P "$daemon" -x "$1"; }
fds() { find "/proc/$1/fd" -lname "$2" 2>/dev/null | grep .; }

# ---- a provider on loopback
mkfifo "$dir/provider"
python3 "$here/../peer/provider.py" --record "$dir/record" >"$dir/provider" 2>"$dir/provider.log" &
provider=$!
read -r _ base <"$dir/provider"
expect 'a provider answers' test -n "$base"

"$bin/hoheitd" --init --data "$data" >/dev/null
printf 'sk-outside-0123456789\n' >"$data/keys/outside.key"
chmod 600 "$data/keys/outside.key"
list() {
    cat >"$data/providers.yaml" <<EOF
version: 1
providers:
  - name: outside
    dialect: openai
    url: ${1-$base/v1}
    sink: ${2-offen}
    region: eu
    contract: {id: 2026-17, processor: Outside GmbH, basis: Art. 28 DSGVO}
    models:
      - {name: large, in: 3000000, out: 15000000}
    credential: {scheme: bearer, file: ${3-outside.key}}
${4-}
EOF
}
bad() { pattern=$1; shift; list "$@"; says "$pattern" "$bin/hoheitd" -t --data "$data"; }

# ---- the list is checked
expect 'plain http to another machine is refused' bad 'plain http' http://192.0.2.1/v1
expect 'so is https without anything to check the certificate with' bad 'ca or pins' https://192.0.2.1/v1
expect 'a sink the policy does not know is refused' bad 'no label of the policy' "$base/v1" GIBTSNICHT
expect 'a credential that is not there is named' bad 'keys/none.key' "$base/v1" offen none.key
expect 'the master key is not taken for one' bad 'not lines of text' "$base/v1" offen master.key
expect 'nor a file elsewhere' bad 'below keys/' "$base/v1" offen ../hoheit.yaml
expect 'an unknown field is named with its line' bad 'near line' "$base/v1" offen outside.key '    colour: red'
chmod 644 "$data/keys/outside.key"
expect 'a credential open to others is refused' bad 'chmod go='
chmod 600 "$data/keys/outside.key"
list
expect 'a good list is fine' "$bin/hoheitd" -t --data "$data"

# ---- without providers there is no way out
mv "$data/providers.yaml" "$dir/kept"
expect 'it starts without providers' daemon_start
refuse 'then no hoheit-egress runs' child hoheit-egress
daemon_stop
mv "$dir/kept" "$data/providers.yaml"

# ---- with one
expect 'it starts with a provider' daemon_start
expect 'hoheit-egress runs' await child hoheit-egress
pid=$(child hoheit-egress)
expect 'and is confined' await grep -q '"egress.confined"' "$dir/log"
expect 'it holds no file but its channel' sh -c "! find /proc/$pid/fd -lname '/*' ! -lname '/dev/null' ! -lname '$dir/log' | grep ."
refuse 'the list with the credential is closed again' fds "$pid" '*memfd*'
expect 'the daemon serves' status 200 '' GET /healthy
expect 'hoheit status works' hoheit status
expect 'hoheit doctor finds nothing broken by it' hoheit doctor

# ---- it is killed
kill -9 "$pid"
gone() { ! kill -0 "$pid" 2>/dev/null; }
expect 'killed, it goes' await gone
back() { new=$(child hoheit-egress) && [ "$new" != "$pid" ]; }
expect 'and comes back' await back
expect 'the loss is in the log' grep -q '"egress.lost"' "$dir/log"
expect 'the gate never noticed' status 200 '' GET /healthy
gate=$(child hoheit-gate) pid=$(child hoheit-egress)
kill -9 "$gate"
new_gate() { new=$(child hoheit-gate) && [ "$new" != "$gate" ]; }
expect 'a gate that was killed comes back' await new_gate
expect 'with another hoheit-egress' await back
pid=$(child hoheit-egress)
expect 'and serves' await status 200 '' GET /healthy

# ---- nothing was told to anybody
refuse 'the credential is in no log' grep -rq sk-outside "$dir/log" "$data/audit"
daemon_stop
expect 'all ends in order' test "$daemon_status" -eq 0
refuse 'and nothing is left running' kill -0 "$pid"
expect 'nobody was called without being asked to' test ! -s "$dir/record"
done_testing
