# SPDX-License-Identifier: EUPL-1.2
"""witness_kill.py HOHEIT DIR - two histories of one log, a5 and b5 (under DIR, with `key`), ask a
witness at the same time, which is killed at some moment and started again.  It must never have
signed both, and must go on with the one it signed."""
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

hoheit, top = sys.argv[1:3]
rng = random.Random(5)
with open(os.path.join(top, 'key')) as f:
    log_key = f.read().strip()
asks = {}
for which in 'ab':
    with open(os.path.join(top, f'{which}5', 'checkpoint')) as f:
        note = f.read()
    asks[which] = {old: f'old {old}\n\n{note}'.encode() for old in (0, 5)}


def serve(home):
    p = subprocess.Popen([hoheit, 'witness', 'serve', '--dir', home, '--listen', '127.0.0.1:0'],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return p, p.stdout.readline().split()[1]


def post(url, body):
    try:
        with urllib.request.urlopen(url + '/add-checkpoint', body, timeout=5) as r:
            return r.status, r.read()
    except urllib.error.HTTPError as e:
        return e.code, e.read()
    except OSError:
        return 0, b''


signed_before = signed_after = 0
for n in range(6):
    home = os.path.join(top, f'kill-{n}')
    subprocess.run([hoheit, 'witness', 'init', 'kill/w', '--dir', home], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([hoheit, 'witness', 'trust', log_key, '--dir', home, '--quiet'], check=True)
    witness, url = serve(home)
    got = {}

    def ask(which):
        got[which] = post(url, asks[which][0])[0]

    # By turns one asks alone, then both, of whom the later may have seen the witness raise an alarm.
    first = rng.sample('ab', 1 + n % 2)
    threads = [threading.Thread(target=ask, args=(which,)) for which in first]
    for t in threads:
        t.start()
    time.sleep(rng.random() * 0.008)
    witness.send_signal(signal.SIGKILL)
    witness.wait()
    for t in threads:
        t.join()
    had = [which for which in 'ab' if got.get(which) == 200]
    assert len(had) < 2, (n, got)
    witness, url = serve(home)
    order = first + [which for which in 'ab' if which not in first]
    for which in order:
        # What was seen may be of a signature that nobody heard of.
        status, body = post(url, asks[which][0])
        if status == 409:
            assert body == b'5\n', (n, body)
            status, body = post(url, asks[which][5])
        got[which] = status
    has = [which for which in 'ab' if got[which] == 200]
    assert len(has) < 2 and set(had) <= set(has) or got[had[0]] == 403, (n, had, got)
    signed_before += len(had)
    signed_after += len(has)
    witness.kill()
    witness.wait()
print(f'signed {signed_before} before and {signed_after} after it was killed')
sys.exit(0 if signed_after >= 3 else 1)
