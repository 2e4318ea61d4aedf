# SPDX-License-Identifier: EUPL-1.2
"""damage.py TINY_LOG DIR [bare] - makes logs below DIR, good ones and ones damaged in every way it
knows, and prints their directories, one a line.  The same each time.  "bare": nothing but what
tlog-tiles asks for, so no checkpoints of before and no tiles of smaller sizes."""
import os
import random
import shutil
import struct
import subprocess
import sys

tiny_log, top = sys.argv[1:3]
bare = sys.argv[3:] == ['bare']
rng = random.Random(6962)
made = 0


def make(name, size, every=0, below=0):
    path = os.path.join(top, name)
    subprocess.run([tiny_log, path, str(size), '0' if bare else str(every), '64', str(below)], check=True, stdout=subprocess.DEVNULL)
    if bare:
        os.remove(os.path.join(path, 'checkpoints'))
    print(path)
    return path


def files(log):
    return sorted(os.path.relpath(os.path.join(d, f), log) for d, _, fs in os.walk(log) for f in fs if f != 'key')


def read(log, name):
    with open(os.path.join(log, name), 'rb') as f:
        return f.read()


def write(log, name, data):
    os.makedirs(os.path.dirname(os.path.join(log, name)), exist_ok=True)
    with open(os.path.join(log, name), 'wb') as f:
        f.write(data)


def copy(log):
    global made
    made += 1
    path = os.path.join(top, f'case-{made:04d}')
    shutil.copytree(log, path)
    print(path)
    return path


def changed(log, name, data):
    write(copy(log), name, data)


def flip(data, bit):
    data = bytearray(data)
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


def bytes_of_files(log):
    for name in files(log):
        data = read(log, name)
        for _ in range(8 if bare else 4):
            changed(log, name, flip(data, rng.randrange(8 * len(data))))
        changed(log, name, data[:-1])
        changed(log, name, data + b'\n')
        changed(log, name, b'')
        os.remove(os.path.join(copy(log), name))


def entries(data):
    out = []
    while data:
        n = struct.unpack('>H', data[:2])[0]
        out.append(data[2:2 + n])
        data = data[2 + n:]
    return out


def bundle(es):
    return b''.join(struct.pack('>H', len(e)) + e for e in es)


def order_of_entries(log, name):
    es = entries(read(log, name))
    i, j = 0, len(es) - 1
    swapped = es[:]
    swapped[i], swapped[j] = swapped[j], swapped[i]
    for other in (swapped, es[1:], es[:-1], es[:1] + es, es + es[-1:], es[:j] + [es[0]], es[:j] + [b''],
                  es[:j] + [es[j] + b' '], [es[0].replace(b'1', b'2')] + es[1:]):
        changed(log, name, bundle(other))


def hashes_of_tile(log, name):
    data = read(log, name)
    hs = [data[i:i + 32] for i in range(0, len(data), 32)]
    changed(log, name, b''.join(reversed(hs)) if len(hs) > 1 else b'\0' * 32)
    changed(log, name, b''.join(hs[1:] + hs[:1]) if len(hs) > 1 else hs[0][::-1])
    changed(log, name, b''.join(hs[:-1]))
    changed(log, name, b''.join(hs + hs[-1:]))


def notes_of(log):
    parts = read(log, 'checkpoints').split(b'hoheit/test\n')[1:]
    return [b'hoheit/test\n' + p for p in parts]


def order_of_notes(log):
    ns = notes_of(log)
    for other in (ns[::-1], ns[1:], ns[:-1], ns + ns[-1:], ns[:1] + ns, [ns[-1]]):
        changed(log, 'checkpoints', b''.join(other))
    for n in ns[:-1]:
        changed(log, 'checkpoint', n)


def forms_of_note(log):
    note = read(log, 'checkpoint')
    text, sigs = note.split(b'\n\n')
    origin, size, root = text.split(b'\n')
    last = sigs.rstrip(b'=\n')
    for other in (
            note.replace(b'\n\n', b'\n'), note.replace(b'\n\n', b'\n\n\n'), note + sigs, note[:-1],
            text + b'\nextra\n\n' + sigs, b'other\n' + size + b'\n' + root + b'\n\n' + sigs,
            origin + b'\n0' + size + b'\n' + root + b'\n\n' + sigs,
            origin + b'\n' + size + b'1\n' + root + b'\n\n' + sigs,
            origin + b'\n-' + size + b'\n' + root + b'\n\n' + sigs,
            note.replace('—'.encode(), b'-'), note.replace(b' hoheit/test', b'  hoheit/test'),
            note[:-1] + b'\r\n', note[:-2] + b'\n', note[:-2] + b'==\n', note.replace(b'\n', b'\r\n'),
            text + b'\n\n' + last[:-1] + bytes([last[-1] + 1]) + b'=\n',
            '\u2014 other AAAAAAA=\n'.encode() + note, text + b'\n\n' + '\u2014 other AAAAAAA=\n'.encode() + sigs,
            note + '\u2014 other AAAAAAA=\n'.encode(), note + '\u2014 other AAAA\n'.encode(),
            note + '\u2014 a+b AAAAAAA=\n'.encode(), note + b'\n', b'\n' + note, b'\xef\xbb\xbf' + note):
        changed(log, 'checkpoint', other)


def pruning(log):
    held = read(log, 'held').split(b'\n')[:-1]
    for other in (held[1:], held[:-1], []):
        changed(log, 'held', b''.join(e + b'\n' for e in other))
    for other in (held[::-1], held + held[-1:], held[:1] + held, [held[0].replace(b'decision', b'decisiom')] + held[1:]):
        changed(log, 'held', b''.join(e + b'\n' for e in other))
    lines = read(log, 'pruned').split(b'\n')
    for i, other in ((0, b'hoheit pruned v2'), (1, b'256'), (1, b'0'), (1, b'768'), (1, b'500'), (1, b'0512'),
                     (2, b'600'), (2, b'511'), (2, b'100000'), (3, b'0'), (3, b'-1')):
        changed(log, 'pruned', b'\n'.join(lines[:i] + [other] + lines[i + 1:]))
    os.remove(os.path.join(copy(log), 'pruned'))


def mixtures(log, other):
    for name in files(log):
        if os.path.exists(os.path.join(other, name)):
            changed(log, name, read(other, name))
    swapped = copy(log)
    write(swapped, 'checkpoint', read(other, 'checkpoint'))
    if not bare:
        write(swapped, 'checkpoints', read(other, 'checkpoints'))


for n in (0, 1, 2, 3, 7, 8, 100, 255, 256, 257, 300, 511, 512, 513, 768, 1000):
    make(f'good-{n}', n, 100 if n > 100 else 0)
make('good-levels', 65792, 20000)
small, middle = make('small', 3, 1), make('middle', 300, 90)
for log in (small, middle):
    bytes_of_files(log)
    if not bare:
        order_of_notes(log)
    forms_of_note(log)
    for name in files(log):
        if 'entries' in name:
            order_of_entries(log, name)
        elif 'tile' in name:
            hashes_of_tile(log, name)
if not bare:  # Tessera's fsck wants every entry from the first
    for n, below in ((257, 256), (700, 256), (700, 512), (66000, 65536)):
        make(f'pruned-{n}-{below}', n, 90 if n < 1000 else 20000, below)
    pruned = make('pruned', 601, 90, 512)
    bytes_of_files(pruned)
    pruning(pruned)
mixtures(middle, make('other', 301, 90))
