#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""damage.py BUNDLE DIR SEED-FILE: damaged copies of a bundle below DIR; prints the path of each.

The second half is made by somebody who holds the key that seals bundles: he signs his changes, and
only the log's signature can show them."""
import base64, hashlib, json, os, shutil, sys
import check

good, out, seed = sys.argv[1], sys.argv[2], bytes.fromhex(open(sys.argv[3]).read().strip())
count = 0

def copy():
    global count
    count += 1
    d = os.path.join(out, '%03d' % count)
    shutil.copytree(good, d)
    print(d)
    return d

def read(d, name): return open(os.path.join(d, name), 'rb').read()
def write(d, name, data): open(os.path.join(d, name), 'wb').write(data)

def pack(p):
    z = pow(p[2], check.P - 2, check.P)
    return (p[1] * z % check.P | (p[0] * z % check.P & 1) << 255).to_bytes(32, 'little')
def sign(text):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], 'little') & (2**254 - 8) | 2**254
    key = pack(check.mul(a, check.BASE))
    r = int.from_bytes(hashlib.sha512(h[32:] + text).digest(), 'little') % check.L
    big = pack(check.mul(r, check.BASE))
    k = int.from_bytes(hashlib.sha512(big + key + text).digest(), 'little') % check.L
    return big + ((r + k * a) % check.L).to_bytes(32, 'little')
def reseal(d, change=None):
    m = json.loads(read(d, 'manifest.json'))
    if change: change(m)
    for f in m['files']:
        if os.path.exists(os.path.join(d, f['name'])):
            data = read(d, f['name'])
            f['bytes'], f['sha256'] = len(data), hashlib.sha256(data).hexdigest()
    raw = json.dumps(m).encode()
    text = b'hoheit-evidence/2\n%s\n' % hashlib.sha256(raw).hexdigest().encode()
    name, kid, _ = read(d, 'seal.key').decode().strip().split('+', 2)
    write(d, 'manifest.json', raw)
    write(d, 'manifest.note', text + b'\n' + ('\u2014 %s %s\n' % (name, base64.b64encode(bytes.fromhex(kid) + sign(text)).decode())).encode())

# ---- by somebody without a key
for name in sorted(os.listdir(good)):
    size = len(read(good, name))
    for at in (0, size // 2, size - 2):
        d = copy()
        data = bytearray(read(d, name))
        data[max(at, 0)] ^= 1
        write(d, name, data)
    d = copy()
    write(d, name, read(d, name)[:-1])
    d = copy()
    os.remove(os.path.join(d, name))
d = copy()
write(d, 'more.txt', b'not mentioned\n')

# ---- by the maker of bundles
def lines(name, change):
    d = copy()
    l = read(d, name).splitlines(keepends=True)
    change(l)
    write(d, name, b''.join(l))
    reseal(d)
def swap(l): l[0], l[1] = l[1], l[0]
def proof(i, change):
    def edit(l):
        p = json.loads(l[i])
        change(p)
        l[i] = json.dumps(p).encode() + b'\n'
    lines('proofs.jsonl', edit)
def manifest(change): reseal(copy(), change)
def put(name, value): return lambda o: o.__setitem__(name, value)

for i in (0, 1, -1):
    lines('entries.jsonl', lambda l: l.__setitem__(i, l[i].replace(b'"time":"2', b'"time":"3', 1)))
    lines('entries.jsonl', lambda l: l.pop(i))
    lines('entries.jsonl', lambda l: l.insert(i, l[i]))
    lines('proofs.jsonl', lambda l: l.pop(i))
    lines('proofs.jsonl', lambda l: l.insert(i, l[i]))
    proof(i, lambda p: p['path'].pop())
    proof(i, lambda p: p['path'].append('00' * 32))
    proof(i, lambda p: p['path'].__setitem__(0, '11' * 32))
    proof(i, put('hash', '22' * 32))
    proof(i, lambda p: p.__setitem__('leaf', p['leaf'] + 1))
    proof(i, lambda p: p.__setitem__('shown', not p['shown']))
lines('entries.jsonl', swap)
lines('proofs.jsonl', swap)
lines('checkpoint', lambda l: l.__setitem__(1, b'%d\n' % (int(l[1]) + 1)))
lines('latest', lambda l: l.__setitem__(1, b'%d\n' % (int(l[1]) + 1)))
lines('checkpoint', lambda l: l.__setitem__(2, base64.b64encode(b'x' * 32) + b'\n'))
lines('consistency.json', lambda l: l.__setitem__(0, json.dumps(dict(json.loads(l[0]), hashes=['33' * 32] * 9)).encode() + b'\n'))
for change in (lambda m: m.update(size=m['size'] - 1), lambda m: m.update(shown=m['shown'] + 1), lambda m: m.update(held_back=m['held_back'] + 1),
               put('root', '44' * 32), put('log', 'another'), lambda m: m.update(latest=m['latest'] + 1),
               put('format', 'hoheit-evidence/3'), lambda m: m['files'].pop(0), lambda m: m['files'].append(m['files'][0])):
    manifest(change)
