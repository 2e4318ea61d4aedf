#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""model.py PROGRAM STEPS [SEED] - labels, decision, routing and downgrading a second time, in another
language and on whole numbers, held against policy_steps (which links the C code) on random steps.

Each batch has a policy, sessions, objects and models of its own; its seed is printed where the two
differ, and `model.py PROGRAM 1 SEED` runs that batch alone."""
import random
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone

LEVEL, COMPARTMENTS, PARTIES, TAINTS = ((1 << 8) - 1, ((1 << 120) - 1) << 8,
                                        ((1 << 96) - 1) << 128, ((1 << 32) - 1) << 224)
ALL = (1 << 256) - 1
PARTS = (("level", LEVEL), ("compartment", COMPARTMENTS), ("release", PARTIES), ("taint", TAINTS))
OPERATOR, AUDITOR = 1, 2
OPS = {"chat": (0, True), "file.read": (0, True), "file.add": (0, True), "model.list": (0, False),
       "key.add": (OPERATOR, False), "log.tiles": (AUDITOR, False)}
DAYS = ["mo", "tu", "we", "th", "fr", "sa", "su"]
PURPOSES = ["z0", "z1", "z2", "z3"]
BATCH = 10000

# Fixed days and days after Easter beside those of all Länder, since when, and a Wednesday in November.
EVERYWHERE = ({(1, 1), (5, 1), (10, 3), (12, 25), (12, 26)}, {-2, 1, 39, 50})
LANDS = {"DEUTSCHLAND": ({}, set(), False), "BAYERN": ({(1, 6): 0, (11, 1): 0}, {60}, False),
         "BRANDENBURG": ({(10, 31): 0}, {0, 49}, False), "SACHSEN": ({(10, 31): 0}, set(), True),
         "HAMBURG": ({(10, 31): 2018}, set(), False), "SAARLAND": ({(8, 15): 0, (11, 1): 0}, {60}, False),
         "MECKLENBURG-VORPOMMERN": ({(3, 8): 2023, (10, 31): 0}, set(), False)}

def easter(year):
    """As Gauss and Lichtenberg have it, counted from the last of February."""
    k = year // 100
    m, s = 15 + (3 * k + 3) // 4 - (8 * k + 13) // 25, 2 - (3 * k + 3) // 4
    a = year % 19
    d = (19 * a + m) % 30
    full = 21 + d - (d + a // 11) // 29
    sunday = 7 - (year + year // 4 + s) % 7
    return datetime(year, 3, 1) + timedelta(days=full + 7 - (full - sunday) % 7 - 1)

def is_holiday(land, t):
    fixed, moving, repents = LANDS[land]
    day = (t.month, t.day)
    return (day in EVERYWHERE[0] or t.year >= fixed.get(day, 9999) or
            (datetime(t.year, t.month, t.day) - easter(t.year)).days in EVERYWHERE[1] | moving or
            (t.year == 2017 and day == (10, 31)) or
            (repents and t.weekday() == 2 and (11, 16) <= day <= (11, 22)))

def clock_text(minute):
    return f'"{minute // 60:02}:{minute % 60:02}"'

class Hours:
    """Office hours that have an edge at `moment`, a minute of UTC, more often than not."""
    def __init__(self, rnd, moment):
        self.berlin, self.times = rnd.random() < 0.7, []
        fitting = [land for land in LANDS if is_holiday(land, self.local(moment))]
        self.land = rnd.choice([None, *LANDS, *fitting, *fitting])
        if fitting and rnd.random() < 0.6:  # else open at that time
            self.times.append(([*range(7)], 0, 1439))
        self.closed = rnd.sample([f"{moment.month:02}-{moment.day:02}", moment.strftime("%Y-%m-%d"), "12-24"],
                                 rnd.choice((0, 0, 0, 1, 2)))
        for _ in range(rnd.randint(1, 3)):
            days, a, b = rnd.sample(range(7), rnd.randint(1, 6)), rnd.randrange(1440), rnd.randrange(1, 1440)
            if rnd.random() < 0.6:
                day, a = divmod(self.minute(moment), 1440)
                days = list({day, *days})
                if rnd.random() < 0.5:
                    a, b = (a - b) % 1440, b
                    days = list({*days, (day - (a > self.minute(moment) % 1440)) % 7})
            self.times.append((days, a, (a + b) % 1440))
    def yaml(self):
        rows = "".join(f'    - {{ days: "{",".join(DAYS[d] for d in days)}", from: {clock_text(a)}, to: {clock_text(b)} }}\n'
                       for days, a, b in self.times)
        return f"hours:\n  zone: {'Europe/Berlin' if self.berlin else 'UTC'}\n  times:\n{rows}" + (
            (f"  holidays: {self.land}\n" if self.land else "") +
            (f'  closed: "{", ".join(self.closed)}"\n' if self.closed else ""))
    def local(self, t):
        def switch(month):
            return max(datetime(t.year, month, d, 1, tzinfo=timezone.utc) for d in range(25, 32)
                       if datetime(t.year, month, d).weekday() == 6)
        if self.berlin:
            t += timedelta(hours=2 if switch(3) <= t < switch(10) else 1)
        return t
    def minute(self, t):
        """Of the local week."""
        t = self.local(t)
        return t.weekday() * 1440 + t.hour * 60 + t.minute
    def is_open(self, now):
        then = datetime.fromtimestamp(now // 1000, timezone.utc)
        at, day = self.minute(then), self.local(then)
        if (self.land and is_holiday(self.land, day)) or {day.strftime("%m-%d"), day.strftime("%Y-%m-%d")} & {*self.closed}:
            return False
        return any((at - d * 1440 - a) % 10080 < (b - a) % 1440 for days, a, b in self.times for d in days)

class Policy:
    def __init__(self, rnd):
        self.levels = ["offen", "intern", "VS-NfD", "VS-V", "GEHEIM"][:rnd.randint(2, 5)]
        self.compartments = self.names(rnd, 8, 120, "K", 6)
        self.parties = self.names(rnd, 128, 96, "P", 5)
        self.taints = self.names(rnd, 224, 32, "t", 4)
        self.ceiling = rnd.randrange(len(self.levels))
        self.removes = sum(1 << b for b in self.compartments if rnd.random() < 0.5)
        self.lowers = rnd.randrange(len(self.levels))
        self.purposes = [f"z{i}" for i in range(rnd.randint(0, 3))]
        moment = datetime(2000, 1, 1, tzinfo=timezone.utc) + timedelta(minutes=rnd.randrange(100 * 525960))
        if rnd.random() < 0.6 and moment.year >= 2018:  # about midnight of what is a holiday somewhere
            day = rnd.choice([easter(moment.year) + timedelta(days=rnd.choice((-2, 0, 1, 39, 49, 50, 60))),
                              datetime(moment.year, *rnd.choice(((1, 6), (3, 8), (8, 15), (10, 31), (12, 24)))),
                              datetime(moment.year, 11, rnd.randint(16, 22))])
            moment = day.replace(tzinfo=timezone.utc) + timedelta(hours=rnd.choice((-2, -1, 0, 0, 8, 12, 16, 22, 23)))
        if rnd.random() < 0.15:  # a switch or next to it
            moment = datetime(moment.year, rnd.choice((3, 10)), 31, 1, tzinfo=timezone.utc)
            moment += timedelta(minutes=rnd.choice((-60, 0, 60)) - 1440 * ((moment.weekday() + 1) % 7))
        # half a second before: 400 and 499 are in one minute, 500 in the next
        self.base, self.known = int(moment.timestamp()) * 1000 - 500, {}
        self.hours = Hours(rnd, moment) if rnd.random() < 0.8 else None
        self.timed = {b for b in [h - 1 for h in range(1, len(self.levels))] + list(self.compartments)
                      if self.hours and rnd.random() < 0.2}
        # bit -> the purposes it is for; a bit that is not there is for all and for none
        self.only = {b: rnd.sample(self.purposes, rnd.randint(1, len(self.purposes)))
                     for b in [h - 1 for h in range(1, len(self.levels))] + list(self.compartments) + list(self.taints)
                     if self.purposes and rnd.random() < 0.25}
    @staticmethod
    def names(rnd, first, count, word, most):
        bits = rnd.sample(range(first, first + count), rnd.randint(1, most))
        return {b: f"{word}{b}" for b in sorted(bits)}
    def yaml(self):
        def rows(key, pairs):
            def only(b):
                b -= key == "levels"
                names, timed = self.only.get(b), b in self.timed and key in ("levels", "compartments")
                return ((f', purposes: "{",".join(names)}"' if names and key != "parties" else "") +
                        (", hours: true" if timed else ""))
            return f"{key}:\n" + "".join(f"  - {{ {'height' if key == 'levels' else 'bit'}: {b}, "
                                         f"id: {n}, title: x{only(b)} }}\n" for b, n in pairs)
        removes = ",".join(n for b, n in self.compartments.items() if self.removes >> b & 1)
        down = f'downgrades:\n  - {{ id: pseudonym, removes: "{removes}", lowers: {self.levels[self.lowers]} }}\n'
        return ("version: 1\n" + rows("levels", enumerate(self.levels)) +
                rows("compartments", self.compartments.items()) + rows("parties", self.parties.items()) +
                rows("taints", self.taints.items()) + (down if removes else "") +
                ("purposes:\n" + "".join(f"  - {{ id: {z}, title: x }}\n" for z in self.purposes) if self.purposes else "") +
                (self.hours.yaml() if self.hours else ""))
    def now(self, op, now):
        """What may be processed at that time."""
        if not OPS[op][1] or not self.timed:
            return ALL
        if now not in self.known:
            self.known[now] = ALL if self.hours.is_open(now) else ALL & ~sum(1 << b for b in self.timed)
        return self.known[now]
    def may(self, purpose):
        """What may be processed for it: every bit that lists nothing or this."""
        return ALL & ~sum(1 << b for b, names in self.only.items() if purpose not in names)
    def sink(self):
        return level(self.ceiling) | COMPARTMENTS | PARTIES | TAINTS
    def downgrade(self, l):
        if not self.removes:
            return l
        l &= ~self.removes
        return l & ~LEVEL if (l & LEVEL).bit_length() <= self.lowers else l
    def text(self, l):
        """None where a bit has no name: the form is for people then."""
        height = (l & LEVEL).bit_length()
        if height >= len(self.levels) or (l & LEVEL) != level(height):
            return None
        out = self.levels[height]
        for head, part, names in (("//", l & COMPARTMENTS, self.compartments),
                                  ("//REL ", ~l & PARTIES if l & PARTIES else 0, self.parties),
                                  ("//TAINT ", l & TAINTS, self.taints)):
            if part & ~sum(1 << b for b in names):
                return None
            out += head + ",".join(n for b, n in names.items() if part >> b & 1) if part else ""
        return out if (l & PARTIES) != PARTIES else None

def level(height):
    return (1 << height) - 1

def acts(s, now, purpose):
    """The purpose that counts: the one named or the key's own, if it is the person's."""
    name = purpose or s["purpose"]
    if s["person"] is None or (name in s["person"] and not (s["cleared"] and now >= s["cleared"])):
        return name
    return None

def decide(p, s, op, data, target, model, now, flags=0, purpose=None):
    """The rule that denies, or None: in the order of rules.def."""
    if s["expires"] and now >= s["expires"]:
        return "session.expired"
    if s["revoked"]:
        return "session.revoked"
    if flags & 1:
        return "session.network"
    if OPS[op][0] and not s["roles"] & OPS[op][0]:
        return "op.role"
    if flags & 2:
        return "act.one_person"
    if model is not None and s["models"] and not s["models"] >> model & 1:
        return "op.scope"
    if purpose and (purpose not in s["purposes"] or purpose not in p.purposes):
        return "purpose.key"
    if data & LEVEL & ~level(p.ceiling):
        return "instance.ceiling"
    if s["cleared"] and now >= s["cleared"] and data & (LEVEL | COMPARTMENTS):
        return "clearance.expired"
    for who, may in (("clearance", s["clearance"]), ("target", target)):
        if who == "target" and (purpose or s["purpose"]) and not acts(s, now, purpose) and (
                purpose or data & ~p.may(None)):
            return "purpose.person"
        if who == "target" and data & ~p.may(acts(s, now, purpose)):
            return "purpose.label"
        if who == "target" and data & ~p.now(op, now):
            return "hours.closed"
        for name, part in PARTS:
            if data & ~may & part:
                return f"{who}.{name}"
    return None

def grant_of(p, s, op, target, now, purpose):
    over = s["cleared"] and now >= s["cleared"]
    cleared = s["clearance"] & ~(LEVEL | COMPARTMENTS if over else 0)
    return cleared & p.may(acts(s, now, purpose)) & p.sink() & (target & p.now(op, now) if OPS[op][1] else ALL)

def route(p, s, models, mask, now):
    rows = []
    for i, m in enumerate(m for m in range(8) if mask >> m & 1):
        t = models[m]
        rule = decide(p, s, "chat", s["mark"], t["sink"], m, now)
        verdict = "denied" if rule else "unable" if not t["able"] else "next" if t["up"] else "down"
        rows.append(((verdict != "next", t["full"], t["rank"], t["cost"], t["energy"], i),
                     m, verdict, rule or "default"))
    rows.sort()
    found = {r[2] for r in rows}
    code = ("ok" if "next" in found else "PROVIDER_LOST" if "down" in found
            else "UNSUPPORTED" if "unable" in found else "DENIED")
    shown = [f"m{m}:{'taken' if code == 'ok' and i == 0 else v}:{rule}"
             for i, (_, m, v, rule) in enumerate(rows)]
    return " ".join([code] + shown)

def some_label(rnd, p):
    l = level(rnd.randrange(len(p.levels)))
    for names, chance in ((p.compartments, 0.3), (p.taints, 0.2)):
        l |= sum(1 << b for b in names if rnd.random() < chance)
    if rnd.random() < 0.3:
        l |= PARTIES & ~sum(1 << b for b in p.parties if rnd.random() < 0.7)
    return rnd.getrandbits(256) if rnd.random() < 0.01 else l

def some_clearance(rnd, p):
    """What people get: a party's exclusions and every taint; some get anything at all."""
    l = some_label(rnd, p) | (some_label(rnd, p) & COMPARTMENTS)
    if rnd.random() < 0.7:
        l = l & ~PARTIES | TAINTS | (PARTIES & ~(1 << rnd.choice(list(p.parties))))
    return l | COMPARTMENTS if rnd.random() < 0.3 else l

class Batch:
    def __init__(self, seed):
        self.rnd = random.Random(seed)
        self.p = Policy(self.rnd)
        self.sessions, self.objects, self.models, self.lines, self.want = [None] * 8, [0] * 16, [None] * 8, [], []
        for i in range(8):
            self.new_session(i)
            self.new_model(i)
        for i in range(16):
            self.new_object(i)
    def say(self, line, want):
        self.lines.append(line)
        self.want.append(want)
    def new_session(self, i):
        r = self.rnd
        s = {"clearance": some_clearance(r, self.p), "roles": r.choice((0, 0, 1, 2, 3, 15)), "mark": 0,
             "expires": r.choice((0, 0, 0, self.p.base + 500)), "revoked": int(r.random() < 0.03),
             "models": r.choice((0, 0, r.getrandbits(8))), "cleared": r.choice((0, 0, 0, 0, self.p.base + 499)),
             "purposes": [z for z in PURPOSES if r.random() < 0.6], "purpose": r.choice(PURPOSES + [None]),
             "person": r.choice((None, None, r.sample(PURPOSES, r.randrange(4))))}
        self.sessions[i] = s
        mask = sum(1 << PURPOSES.index(z) for z in s["purposes"])
        self.say(f"s {i} {s['clearance']:x} {s['roles']} {s['expires']} {s['revoked']} {s['models']:x} "
                 f"{s['cleared']} {mask:x} {s['purpose'] or '-'} {'*' if s['person'] is None else ','.join(s['person']) or '-'}", "-")
    def new_object(self, i):
        self.objects[i] = some_label(self.rnd, self.p)
        self.say(f"o {i} {self.objects[i]:x}", "-")
    def new_model(self, i):
        r, p = self.rnd, self.p
        t = {"sink": p.sink() if r.random() < 0.3 else some_label(r, p) | some_label(r, p) | TAINTS,
             "label": some_label(r, p) & some_label(r, p), "rank": r.randrange(3), "able": int(r.random() < 0.9),
             "up": int(r.random() < 0.9), "full": int(r.random() < 0.2), "cost": r.randrange(3), "energy": r.randrange(3)}
        self.models[i] = t
        self.say("m %d %x %x %d %d %d %d %d %d" % (i, *t.values()), "-")
    def rise(self, rule, s, more):
        if rule:
            return f"no {rule}"
        s["mark"] |= more
        return f"ok {s['mark']:064x}"
    def step(self):
        r, p = self.rnd, self.p
        i, j, m, now, kind = r.randrange(8), r.randrange(16), r.randrange(8), self.p.base + r.choice((400, 499, 500)), r.random()
        s = self.sessions[i]
        if kind < 0.25:
            rule = decide(p, s, "file.read", self.objects[j], p.sink(), None, now)
            self.say(f"r {i} {j} {now}", self.rise(rule, s, self.objects[j]))
        elif kind < 0.45:
            rule = decide(p, s, "file.add", s["mark"], self.objects[j], None, now)
            self.say(f"w {i} {j} {now}", f"no {rule}" if rule else "ok")
        elif kind < 0.6:
            rule = decide(p, s, "chat", s["mark"], self.models[m]["sink"], m, now)
            self.say(f"g {i} {m} {now}", self.rise(rule, s, self.models[m]["label"]))
        elif kind < 0.65:
            self.objects[j] = p.downgrade(self.objects[j])
            self.say(f"d {j}", f"ok {self.objects[j]:064x}")
        elif kind < 0.75:
            mask = r.randrange(1, 256)
            self.say(f"t {i} {mask:x} {now}", route(p, s, self.models, mask, now))
        elif kind < 0.85:
            op, data, target = r.choice(list(OPS)), some_label(r, p), r.choice((p.sink(), some_label(r, p)))
            model, flags = r.choice((None, m)), r.choice((0,) * 20 + (1, 2, 3))
            purpose = r.choice([None, None] + PURPOSES)
            rule = decide(p, s, op, data, target, model, now, flags, purpose)
            grant = grant_of(p, s, op, target, now, purpose)
            self.say(f"a {i} {op} {data:x} {target:x} {'-' if model is None else f'm{model}'} {now} {flags} {purpose or '-'}",
                     f"no {rule}" if rule else f"ok {grant:064x}")
        elif kind < 0.9:
            l = some_label(r, p) | (some_label(r, p) if r.random() < 0.5 else 0)
            text = p.text(l)
            if text:
                self.say(f"x {l:x}", f"same {text}")
                self.say(f"p {text}", f"ok {l:064x}")
                self.say(f"p {text}{r.choice(('//', ',', '//XX', '//REL', ' x'))}", "no")
        else:
            r.choice((lambda: self.new_session(i), lambda: self.new_object(j), lambda: self.new_object(j),
                      lambda: self.new_model(m)))()

def main():
    program, steps = sys.argv[1], int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().getrandbits(48)
    print(f"# first seed {seed}", flush=True)
    done, allowed, rules = 0, 0, set()
    while done < steps:
        b = Batch(seed)
        while len(b.lines) < BATCH:
            b.step()
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
            f.write(b.p.yaml())
            f.flush()
            got = subprocess.run([program, f.name, b.p.levels[b.p.ceiling]], input="\n".join(b.lines) + "\n",
                                 capture_output=True, text=True, check=False)
        answers = got.stdout.split("\n")[:-1]
        for n, want in enumerate(b.want):
            if n >= len(answers) or answers[n] != want:
                sys.exit(f"# seed {seed}, step {n}: {b.lines[n]}\n# model: {want}\n# program: "
                         f"{answers[n] if n < len(answers) else got.stderr}\n{b.p.yaml()}")
        done, seed = done + len(b.lines), seed + 1
        allowed += sum(w[:2] == "ok" for w in b.want)
        rules |= {w[3:] for w in b.want if w[:3] == "no "}
    print(f"# {done} steps, {allowed} allowed, last seed {seed - 1}\nrules:", *sorted(rules))

main()
