# SPDX-License-Identifier: EUPL-1.2
"""plant.py - canaries: words nobody else writes, and fictional people with identifiers whose check
digits are right; and finding them again in bytes, also in hexadecimal, base64 and UTF-16."""
import base64
import importlib.util
import os
import re
import threading

spec = importlib.util.spec_from_file_location(
    "generate", os.path.join(os.path.dirname(__file__), "..", "detect", "generate.py"))
generate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generate)

WORD = re.compile(rb"qx[a-z]{12}xq", re.I)
FORMS = re.compile(rb"(?:[0-9a-fA-F]{2}){16,}|[A-Za-z0-9+/_-]{22,}")
# A digest says nothing; of 100,000 flows' digests some holds the digits of some telephone number.
DIGEST = re.compile(rb"(?<![0-9A-Za-z])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9A-Za-z])")
GRAM, AROUND = 8, 60
LETTERS = "abcdefghijklmnoprstuvwz"  # no q and no x: a word ends where it ends


def word(r):
    return "qx" + "".join(r.choice(LETTERS) for _ in range(12)) + "xq"


def words_in(data):
    """Canary words in the bytes, whatever they are written in."""
    found = {w.decode().lower() for w in WORD.findall(data)}
    found |= {w.decode().lower() for w in WORD.findall(data.replace(b"\0", b""))} if b"\0" in data else set()
    for run in FORMS.findall(data):
        for inner in decoded(run):
            found |= {w.decode().lower() for w in WORD.findall(inner)}
    return found


def decoded(run):
    if len(run) > 20000:
        return
    if re.fullmatch(rb"[0-9a-fA-F]+", run):
        yield bytes.fromhex(run.decode()[: len(run) // 2 * 2])
    plain = run.replace(b"-", b"+").replace(b"_", b"/")
    for at in range(4):
        part = plain[at:]
        yield base64.b64decode(part[: len(part) // 4 * 4])


def normal(data):
    """Letters and digits alone, in lower case, escapes undone: other spacing does not hide anything."""
    if isinstance(data, bytes):
        data = data.decode("utf-8", "replace")
    data = re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), data)
    data = re.sub(r"\\[nrt]", " ", data)
    return "".join(c for c in data.lower() if c.isalnum())


class Planted:
    """What was planted: nothing is part of something else, whatever stands between its letters; else one
    flow's lawful number would be taken for another's."""

    def __init__(self):
        self.lock, self.by = threading.Lock(), {}

    def take(self, value):
        n = normal(value)
        grams = {n[i:i + GRAM] for i in range(max(1, len(n) - GRAM + 1))}
        with self.lock:
            if any(n in other or other in n for g in grams for other in self.by.get(g, ())):
                return False
            for g in grams:
                self.by.setdefault(g, []).append(n)
            return True


class People:
    """Persons that were not there before, with what points to them."""

    def __init__(self, r, planted):
        self.r, self.planted = r, planted
        generate.R = r
        generate.typo = lambda s: s  # here all check digits are right

    def surname(self):
        """One of 600,000, none of which ends as another does."""
        while True:
            pick = self.r.choice
            name = pick(generate.SYL) + (pick(generate.SYL) + pick(generate.SYL)).lower() + pick(generate.END)
            if self.planted.take(name):
                return name

    def identifier(self):
        kind = self.r.choice(["IBAN", "STEUER_ID", "SVNR", "KVNR", "PERSONALAUSWEIS", "TELEFON", "EMAIL"])
        before = {"IBAN": "IBAN", "STEUER_ID": "Steuer-ID", "SVNR": "Versicherungsnummer", "KVNR": "KVNR",
                  "PERSONALAUSWEIS": "Personalausweis Nr.", "TELEFON": "Telefon", "EMAIL": "E-Mail"}[kind]
        while True:
            value = generate.KINDS[kind]() if kind != "EMAIL" else self.surname().lower() + "@amt-%d.example" % self.r.randint(10, 99)
            is_time = re.match("t[0-2][0-9][0-5][0-9]", normal(value))  # "T09:49:55.745Z" is in every log
            is_taken = kind != "EMAIL" and not self.planted.take(value)  # an address is as new as its name
            if not is_taken and len(normal(value)) >= GRAM and not is_time:
                return before, value

    def sentence(self):
        """A sentence, and each value in it that must not leave."""
        last, first, sex = self.surname(), self.r.choice(generate.FIRST), self.r.choice(["Frau", "Herr"])
        before, value = self.identifier()
        text = self.r.choice(["{s} {f} {l} fragt nach. {b} {v}.", "Betrifft {s} {f} {l}, {b}: {v}, Antrag liegt vor.",
                              "{b} {v}. Sehr geehrter Empfänger, {s} {l} wartet."])
        return text.format(s=sex, f=first, l=last, b=before, v=value), [last, value]


class Grams:
    """Identifiers that were planted, by their first letters."""

    def __init__(self):
        self.by = {}

    def add(self, value, owner):
        n = normal(value)
        if len(n) >= GRAM:
            self.by.setdefault(n[:GRAM], []).append((n, owner))

    def found(self, data):
        """Each with whose it is and what stands around it."""
        text = normal(DIGEST.sub(b" ", data))
        by = self.by
        for at in range(len(text) - GRAM + 1):
            for n, owner in by.get(text[at:at + GRAM], ()):
                if text.startswith(n, at):
                    yield n, owner, text[max(0, at - AROUND):at + AROUND]
