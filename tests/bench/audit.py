# SPDX-License-Identifier: EUPL-1.2
"""audit.py - rates of the log (audit_bench) beside those of Tessera's POSIX driver, three rounds in
turn on the same disk, medians; then questions to a log of a million records (query_bench).  BENCH is
the directory of the programs; QUERY_MILLIONS another size, QUERY_SPARSE one
with holes.  Without Go or its modules
(cd tests/peer/tessera && go mod download) Tessera is left out, and that is said."""
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

ROUNDS = 3
WAITING = (1, 256, 4096)
bench = os.environ['BENCH']
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
line_of = re.compile(r'bench (\S+) (\S+) (\S+) goal (\S+) (\S+) ')


def build_tessera(top):
    if not shutil.which('go'):
        print('# Tessera is left out: go is not installed')
        return None
    source = shutil.copytree(os.path.join(root, 'tests/peer/tessera'), os.path.join(top, 'peer'))
    program = os.path.join(top, 'tessera')
    env = dict(os.environ, GOFLAGS='-mod=mod', GOPROXY='off', GOSUMDB='off')
    if subprocess.run(['go', 'build', '-o', program, '.'], cwd=source, env=env, stderr=subprocess.DEVNULL).returncode:
        print('# Tessera is left out: its modules are not in the cache')
        return None
    return program


def run_ours(top, found):
    out = subprocess.run([os.path.join(bench, 'audit_bench'), top], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        m = line_of.match(line)
        if m:
            found.setdefault(m[1], (m[3], m[4], float(m[5]), []))[3].append(float(m[2]))
        else:
            print(line)


def run_tessera(program, top, rates):
    for waiting in WAITING:
        log = os.path.join(top, 'log')
        out = subprocess.run([program, 'bench', log, str(waiting), '3'], check=True, capture_output=True, text=True).stdout
        m = re.search(r'rate (\d+) p99_ms ([\d.]+)', out)
        print(f'# Tessera, {waiting} waiting: {m[1]} entries/s, p99 {m[2]} ms')
        rates[waiting].append(float(m[1]))
        shutil.rmtree(log)


def tell(name, value, unit, op, goal):
    good = value <= goal if op == '<=' else value >= goal
    print(f'bench {name} {value:g} {unit} goal {op} {goal:g} {"ok" if good else "short"}')


with tempfile.TemporaryDirectory(prefix='hoheit-bench.') as top:
    tessera = build_tessera(top)
    found, rates = {}, {w: [] for w in WAITING}
    for _ in range(ROUNDS):
        run_ours(top, found)
        if tessera:
            run_tessera(tessera, top, rates)
    for name, (unit, op, goal, values) in found.items():
        tell(name, statistics.median(values), unit, op, goal)
    if tessera:
        theirs = statistics.median(rates[WAITING[-1]])
        ours = statistics.median(found['audit.append.rate'][3])
        print(f'# Tessera, {WAITING[-1]} waiting, median of {ROUNDS}: {theirs:.0f} entries/s')
        tell('audit.append.over_tessera', round(ours / theirs, 1), 'x', '>=', 1)
sys.stdout.flush()
base = os.environ.get('TMPDIR', '/tmp')
sparse = [base, 'sparse'] if os.environ.get('QUERY_SPARSE') else []
subprocess.run([os.path.join(bench, 'query_bench'), os.environ.get('QUERY_MILLIONS', '1'), *sparse], check=True)
