#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# time limit: 480 s
# The n-th allocation or system call of a start fails, for every n until none is left: each time the
# daemon serves all the same or ends with a sentence and a status of the table, never by a signal.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
"$bin/hoheitd" --init --data "$data" >/dev/null

cat >"$dir/walk.py" <<'PY'
import glob, os, shutil, signal, subprocess, sys
hoheitd, data, prefix, limit = sys.argv[1:]
served = 0
for n in range(1, int(limit) + 1):
    # A log that grows would move the end of the start away.
    shutil.rmtree(data + "/audit")
    os.mkdir(data + "/audit", 0o700)
    for f in glob.glob(data + "/keys/log.signed*"):
        os.remove(f)
    p = subprocess.Popen([hoheitd, "--data", data, "--set", "net.listen=127.0.0.1:0"], env={**os.environ, "FAULT": f"{prefix}{n}"},
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    ready = p.stdout.readline().startswith(b"ready ")
    if ready:
        p.send_signal(signal.SIGTERM)
    try:
        said = p.communicate(timeout=20)[1].decode(errors="replace")
    except subprocess.TimeoutExpired:
        p.kill()
        sys.exit(f"FAULT={prefix}{n}: it did not end")
    if p.returncode < 0 or "panic" in said or "signal 6" in said or "signal 11" in said:
        sys.exit(f"FAULT={prefix}{n}: ended with {p.returncode}: {said[-600:]}")
    if not ready and (p.returncode == 0 or not said.strip()):
        sys.exit(f"FAULT={prefix}{n}: ended with {p.returncode} and said {said!r}")
    served = served + 1 if ready else 0
    if served == 25:  # nothing of the start was left to fail for a while
        print(f"{n} faults walked")
        sys.exit(0)
sys.exit(f"{limit} faults were not enough")
PY
# Each process by itself, at the same time, on a data directory of its own.
walk() { cp -r "$data" "$dir/walk-$1" && python3 "$dir/walk.py" "$bin/hoheitd" "$dir/walk-$1" "$2" 2000 >"$dir/$1.out" 2>&1; echo $? >"$dir/$1.status"; }
walk start '' & walk gate gate: & walk log log: &
wait
walked() { cat "$dir/$1.out"; [ "$(cat "$dir/$1.status")" -eq 0 ]; }
expect 'every fault in the start of hoheitd ends in a sentence or is survived' walked start
expect 'every fault in the start of the gate too' walked gate
expect 'and every fault in the start of the log' walked log
data=$dir/walk-gate
expect 'after all of it the data directory is whole' daemon_start
expect 'and it serves' status 200 '' GET /healthy
done_testing
