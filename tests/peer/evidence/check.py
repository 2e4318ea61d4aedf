#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""check.py DIR [LOG-KEY]: a second opinion on an evidence bundle, from RFC 8032 and RFC 9162 with hashlib and json alone."""
import base64, hashlib, json, os, sys

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P

def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    return ((b - a) * (d - c) % P, (d + c) * (b + a) % P, (d - c) * (d + c) % P, (b - a) * (b + a) % P)
def mul(n, p):
    q = (0, 1, 1, 0)
    for bit in bin(n)[2:]:
        q = add(q, q) if bit == '0' else add(add(q, q), p)
    return q
def point(b):
    y, sign = int.from_bytes(b, 'little') & (2**255 - 1), b[31] >> 7
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    x = x if (x * x - x2) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - x2) % P == 0 and y < P and (x or not sign), 'no point'
    return (P - x, y, 1, (P - x) * y % P) if x & 1 != sign else (x, y, 1, x * y % P)
BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, 'little'))
def valid(key, text, sig):
    s, h = int.from_bytes(sig[32:], 'little'), hashlib.sha512(sig[:32] + key + text).digest()
    a, b = mul(s, BASE), add(point(sig[:32]), mul(int.from_bytes(h, 'little') % L, point(key)))
    return s < L and (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0

def sha(b): return hashlib.sha256(b).digest()
def node(l, r): return sha(b'\1' + l + r)
def signed(note, key):  # the text of a note that the key signed
    name, kid, value = key.decode().strip().split('+', 2)
    text, lines = note.rsplit(b'\n\n', 1)
    sigs = [base64.b64decode(l.split(' ')[2], validate=True) for l in lines.decode().splitlines() if l.startswith('\u2014 ' + name + ' ')]
    value = base64.b64decode(value, validate=True)
    assert sha(name.encode() + b'\n' + value)[:4].hex() == kid and value[0] in (1, 4), 'key'
    sigs = [s for s in sigs if s[:4].hex() == kid]
    assert len(sigs) == 1 and lines.endswith(b'\n'), 'not signed once'
    body = text + b'\n'
    if value[0] == 4:
        body = b'cosignature/v1\ntime %d\n' % int.from_bytes(sigs[0][4:12], 'big') + body
    assert valid(value[1:], body, sigs[0][-64:]), 'signature'
    return text + b'\n'
def head(note, key):
    origin, size, root = signed(note, key).decode().split('\n')[:3]
    assert origin == key.decode().split('+')[0], 'origin'
    return int(size), base64.b64decode(root, validate=True)
def included(i, n, leaf, path, root):  # RFC 9162, 2.1.3.2
    fn, sn, r = i, n - 1, leaf
    assert i < n, 'place'
    for p in path:
        assert sn, 'proof too long'
        if fn & 1 or fn == sn:
            r = node(p, r)
            while fn and not fn & 1: fn, sn = fn >> 1, sn >> 1
        else: r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    assert not sn and r == root, 'not included'
def grown(m, a, n, b, path):  # RFC 9162, 2.1.4.2
    if m in (0, n): assert not path and (m == 0 or a == b); return
    path = [a] + path if m & (m - 1) == 0 else list(path)
    fn, sn = m - 1, n - 1
    while fn & 1: fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        assert sn, 'proof too long'
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while fn and not fn & 1: fn, sn = fn >> 1, sn >> 1
        else: sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    assert not sn and fr == a and sr == b, 'did not grow'

def check(d, log_key=None):
    read = lambda name: open(os.path.join(d, name), 'rb').read()
    raw = read('manifest.json')
    assert signed(read('manifest.note'), read('seal.key')) == b'hoheit-evidence/2\n%s\n' % sha(raw).hex().encode(), 'manifest'
    m = json.loads(raw)
    assert m['format'] == 'hoheit-evidence/2' and len({f['name'] for f in m['files']}) == len(m['files'])
    assert {f['name'] for f in m['files']} | {'manifest.json', 'manifest.note'} == set(os.listdir(d)), 'files'
    for f in m['files']: assert len(read(f['name'])) == f['bytes'] and sha(read(f['name'])).hex() == f['sha256'], f['name']
    key = read('log.key')
    assert not log_key or key.decode().strip() == log_key, 'another log'
    (size, root), (latest, latest_root) = head(read('checkpoint'), key), head(read('latest'), key)
    assert size == m['size'] and root.hex() == m['root'] and latest == m['latest'] and m['log'] == key.decode().split('+')[0], 'checkpoint'
    if 'witness.key' in [f['name'] for f in m['files']]: signed(read('checkpoint'), read('witness.key'))
    g = json.loads(read('consistency.json'))
    assert (g['from'], g['to']) == (size, latest), 'consistency'
    grown(size, root, latest, latest_root, [bytes.fromhex(h) for h in g['hashes']])
    proofs, entries = [json.loads(l) for l in read('proofs.jsonl').splitlines()], read('entries.jsonl').split(b'\n')[:-1]
    leaves = [p['leaf'] for p in proofs]
    assert leaves == sorted(set(leaves)) and sum(p['shown'] for p in proofs) == len(entries) == m['shown'], 'counts'
    assert len(proofs) == m['shown'] + m['held_back'] and (not m['whole'] or leaves[-1] - leaves[0] + 1 == len(leaves)), 'whole'
    for p in proofs: included(p['leaf'], size, bytes.fromhex(p['hash']), [bytes.fromhex(h) for h in p['path']], root)
    for p, e in zip((p for p in proofs if p['shown']), entries): assert sha(b'\0' + e).hex() == p['hash'], 'entry %d' % p['leaf']

if __name__ == '__main__':
    try:
        check(*sys.argv[1:])
        print('good')
    except Exception as e:  # whatever is wrong, it is not good
        sys.exit('not good: %s' % (e or type(e).__name__))
