# SPDX-License-Identifier: EUPL-1.2
"""oracle.py - what may be where, computed from names alone and not from the program's bits.

A label is a level, compartments that are all needed, the parties it is released to (None: nobody is
excluded) and the taints of where it came from.  A place is what may be held there and by whom it is
seen: its audience (None: everybody; empty: nobody but us), the taints it takes (None: all).
"""
import dataclasses

LEVELS = ["offen", "intern", "VS-NfD", "VS-V", "GEHEIM", "STRENG GEHEIM"]


@dataclasses.dataclass(frozen=True)
class Label:
    level: int
    compartments: frozenset = frozenset()
    released: frozenset = None
    taints: frozenset = frozenset()

    def text(self):
        parts = [LEVELS[self.level]]
        if self.compartments:
            parts.append(",".join(sorted(self.compartments)))
        if self.released is not None:
            parts.append("REL " + (",".join(sorted(self.released)) or "NONE"))
        if self.taints:
            parts.append("TAINT " + ",".join(sorted(self.taints)))
        return "//".join(parts)


@dataclasses.dataclass(frozen=True)
class Place:
    level: int
    compartments: frozenset = None  # None: all
    audience: frozenset = None
    taints: frozenset = None

    def may_hold(self, label):
        if label.level > self.level:
            return False
        if self.compartments is not None and not label.compartments <= self.compartments:
            return False
        if label.released is not None and (self.audience is None or not self.audience <= label.released):
            return False
        return self.taints is None or label.taints <= self.taints


NOBODY = frozenset()


def here(ceiling):
    """A model of this installation without a label of its own."""
    return Place(ceiling, audience=NOBODY)


def downgraded(label, removes, lowers):
    """What the policy file lets the pseudonymiser take off."""
    return dataclasses.replace(label, level=0 if label.level <= lowers else label.level,
                               compartments=label.compartments - removes)


class Oracle:
    def __init__(self, ceiling, removes, lowers):
        self.ceiling, self.removes, self.lowers = ceiling, removes, lowers

    def may_ask(self, key, label):
        return label.level <= self.ceiling and key.may_hold(label)

    def route(self, key, label, targets):
        """targets: (name, place, is outside).  ("plain"|"tokens", names that may be used) or ("denied", [])."""
        if not self.may_ask(key, label):
            return "denied", []
        plain = [t[0] for t in targets if t[1].may_hold(label)]
        if plain:
            return "plain", plain
        less = downgraded(label, self.removes, self.lowers)
        tokens = [t[0] for t in targets if t[2] and t[1].may_hold(less)] if less != label else []
        return ("tokens", tokens) if tokens else ("denied", [])
