#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""mutate.py NAME DIR - programs that leak, to show that the leak test finds it.

Writes changed copies of a few source files into DIR and prints the names of those to be compiled;
what they define takes the place of the archives' members when it is linked first.  The sources have
no switch for any of this, so no program that is installed can have one.
"""
import os
import sys

TRUE = ("return ((o.w[0] & ~s.w[0]) | (o.w[1] & ~s.w[1]) | (o.w[2] & ~s.w[2]) | (o.w[3] & ~s.w[3])) == 0;",
        "return s.w[0] | o.w[0] | 1;")
# NAME: [(file, [(what stands there, what takes its place)])]; .c files are compiled
MUTANTS = {
    # the label check is off: whatever is asked may flow
    "labels": [
        ("policy/label.h", [TRUE]),
        ("policy/grant.c", [("return label_part(more, first, count);", "return label_part(more, first, 0 * count);")]),
        ("gate/keep_work.c", []), ("gate/admin_keys.c", []),
        ("engine/remote/job.c", []), ("engine/remote/pass.c", []), ("engine/remote/remote.c", []),
    ],
    # the pseudonymiser forgets a type, one the second look has no shape for
    "pseudonym": [("downgrade/pseudonym.c", [("TRY(put_token(m, s->type, str_slice(f->all, start, end), &b));",
                                              "if (s->type == DETECT_PERSON) buf_add(&b, str_slice(f->all, start, end)); else "
                                              "TRY(put_token(m, s->type, str_slice(f->all, start, end), &b));")])],
    # the way out logs what it sends
    "bodies": [("egress/outlet.c", [("    s->id = f->id;\n    if (!find_peer",
                                     '    LOG(INFO, "egress.call", LOG_S("body", c.body));\n    s->id = f->id;\n    if (!find_peer')])],
    # anybody may read anybody's records
    "explain": [("gate/admin_state.c", [("    bool own = x->any_id;\n", "    bool own = true;\n")])],
}


def main(name, target):
    for path, changes in MUTANTS[name]:
        with open("src/" + path, encoding="utf-8") as f:
            text = f.read()
        for before, after in changes:
            if text.count(before) != 1:
                sys.exit(f"mutate.py: src/{path} does not have what mutant {name} changes: {before}")
            text = text.replace(before, after)
        out = os.path.join(target, path)
        os.makedirs(os.path.dirname(out), exist_ok=True)
        with open(out, "w", encoding="utf-8") as f:
            f.write(text)
        if path.endswith(".c"):
            print(path)


main(*sys.argv[1:])
