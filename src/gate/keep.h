/* SPDX-License-Identifier: EUPL-1.2 */
/* keep.h - keep, and fetch under a label: files, answers, conversations, batches (store/objects.h).
 *
 * A thing belongs to the key that left it.  For anybody else, and for its own key once the label is
 * above what the key may see, it is as if it were not there: the same answer, after the same wait
 * for a record, which alone tells the two apart.  So nothing can be learnt by asking, nor from
 * lists, their order or their ends.
 *
 * Each call asks policy for its operation (policy/ops.def) with the label of what it touches, does
 * its work on the store, records it, and calls `done` when the record is durable: then and not
 * before may the answer leave.  A call that returns a failure does not call `done`; a denial of the
 * operation itself is such a failure, and recorded.  NOT_FOUND always comes through `done`.  Where
 * the record of a change fails the change has been made, and `done` says what failed; only what was
 * added is taken back.
 *
 * What is left by a call for a case belongs to the case as well, and is not there for calls that do
 * not name it: so whatever is made of it is the case's, too, and goes with it.  Calls for a case
 * see what belongs to none.
 *
 * A conversation's mark floats: going on with it reads it, so the answer's label is at least the
 * mark, and the mark rises to what was answered under it.  Writing an item is no reading: what is
 * above the mark is refused by the rule of the target (target.*), not taken up.
 *
 * Results live in the call's arena; `done` may end it.  When the arena ends first, `done` is not
 * called any more.  One thread. */
#pragma once
#include "gate/gate.h"
#include "gate/words/words.h"
#include "store/objects.h"

typedef void keep_done_fn(void *ctx, err e);

struct keep_call {
    gate *gate;
    const struct session *session;
    str request_id;
    str case_name;   /* gate_check_case; empty: of none */
    bool every_case; /* for who cleans up */
    arena *a;
    keep_done_fn *done;
    void *ctx;
};

struct kept {
    struct object head;
    const grant *grant; /* leave to read it */
    str label_text;
    str meta; /* JSON, opened */
};

struct kept_list {
    VEC(struct kept) list;
    bool has_more;
    str label_text; /* of the parent, where there is one */
};

/* What is to be kept.  Empty label: the key's default.  `floor` is joined to it. */
struct keep_wish {
    enum object_kind kind;
    str id; /* empty: one is made */
    str parent, state, meta;
    str label_text;
    label floor;
    uint64_t valid_ms;   /* 0: for ever */
    uint64_t size_bytes; /* of its blob */
};

/* An id for a thing of this kind. */
str keep_id(arena *a, enum object_kind kind);
/* The declared label, else the key's default, joined with `floor`, as text. */
fallible keep_label(const struct keep_call *c, str label_text, label floor, str *ret);

fallible keep_add(const struct keep_call *c, const struct keep_wish *w, struct kept *ret);
/* `kind` too must fit, and `parent` when it is not empty. */
struct keep_name {
    enum object_kind kind;
    str id, parent;
};
fallible keep_get(const struct keep_call *c, const struct keep_name *n, struct kept *ret);
/* Changes what keep_get gave: state, meta and time as in `k`.  The operation is the kind's way of
 * changing: cancelling, or writing into a conversation.  What is written was declared `label_text`
 * (empty: nothing new is), which the thing's label must cover: DENIED. */
fallible keep_set(const struct keep_call *c, struct kept *k, str label_text);
fallible keep_remove(const struct keep_call *c, const struct keep_name *n);

/* Leave to use content of a label for what is not kept. */
fallible keep_allow(const struct keep_call *c, enum op op, str label_text, struct kept *ret);

struct keep_page {
    enum object_kind kind;
    str parent;   /* items of a conversation, files of a store; else all of the key */
    str after;    /* an id; empty: from the start */
    size_t count; /* at most */
    bool oldest_first;
    /* Whether it belongs to the list; NULL: all do. */
    bool (*fits)(void *ctx, const struct kept *k);
    void *ctx;
};
/* NOT_FOUND: there is no such parent; ARGUMENT: no such `after`. */
fallible keep_list(const struct keep_call *c, const struct keep_page *p, struct kept_list *ret);

/* ---- files (keep_file.c) */
typedef struct keep_file keep_file;

/* Denied before the first byte, on record.  The writer ends with the arena. */
fallible keep_file_begin(const struct keep_call *c, str label_text, keep_file **ret);
/* The same under an id of the caller's: nothing is begun, and *ret is NULL, when it is there. */
fallible keep_file_begin_as(const struct keep_call *c, str id, str label_text, keep_file **ret);
fallible keep_file_data(keep_file *f, str bytes); /* TOO_LARGE above keep.file_bytes_max */
/* Durable and recorded when `done` comes; `w` gives state, meta and time.  Once. */
fallible keep_file_end(keep_file *f, const struct keep_wish *w, struct kept *ret);
/* Of what keep_get gave.  LIMIT above keep.read_bytes_max. */
fallible keep_file_read(const struct keep_call *c, const struct kept *k, uint64_t from,
                        uint64_t len, buf *to);

/* ---- what is gone on with (keep_talk.c) */
/* The answers from the first to `id`, following their parents; *ret_floor is their joined label. */
fallible keep_chain(const struct keep_call *c, str id, struct kept_list *ret, label *ret_floor);
/* A conversation and all its items. */
fallible
keep_open(const struct keep_call *c, str id, struct kept *ret, struct kept_list *ret_items);

/* What a turn leaves behind, all or nothing: items in a conversation (`conversation` not empty),
 * and the answer itself (`answer` not NULL).  Items are given in order, each with id and meta. */
struct keep_turn {
    str conversation;
    str label_text; /* the answer's: the conversation rises to it */
    const struct keep_wish *items;
    size_t item_count;
    const struct keep_wish *answer;
};
fallible keep_turn(const struct keep_call *c, const struct keep_turn *t);
/* Items written by hand: below or at the conversation's mark, else DENIED. */
fallible keep_write(const struct keep_call *c, const struct keep_turn *t, struct kept_list *ret);

/* ---- for work that goes on without anybody waiting (keep_work.c) */
/* Changes without asking and without a record of its own: progress of what was allowed. */
fallible keep_note(gate *g, struct kept *k);
/* The same for the end of a batch, which is recorded; nobody waits for that. */
fallible keep_ended(const struct keep_call *c, struct kept *k);
/* What keep_get gives, now and without a record: for work that was recorded when it was allowed.
 * NOT_FOUND. */
fallible keep_resume(const struct keep_call *c, const struct keep_name *n, struct kept *ret);
/* All children of a kind, oldest first, now and without a record; who may not see one passes it
 * over.  `k` lives in `a`, which is emptied after each. */
typedef err keep_child_fn(void *ctx, const struct kept *k);
struct keep_children {
    enum object_kind kind;
    str parent; /* empty: all of the key */
    arena *scratch;
    keep_child_fn *fn;
    void *ctx;
};
fallible keep_each_child(const struct keep_call *c, const struct keep_children *w);
/* Removes what keep_get or keep_resume gave, without a record of its own. */
fallible keep_drop(gate *g, const struct kept *k);
/* Is there a row of that id, whoever it belongs to, whose time is not over?  For who cleans up. */
fallible keep_is_there(gate *g, arena *a, str id, bool *ret);
/* Heads of what is in none of the `ended` states (NULL-ended), of all keys: for who resumes it. */
struct keep_search {
    enum object_kind kind;
    const char *const *ended;
};
fallible keep_unfinished(gate *g, const struct keep_search *s, arena *a, struct kept_list *ret);
/* The session of the newest key that owns it, revoked or not; NULL when there is none. */
const struct session *keep_owner(const gate *g, const struct object *head);
/* Who goes on for a key that was replaced (keyring.h). */
const struct session *keep_heir(const gate *g, const struct session *s);
/* State only, without its meta: for what cannot be opened any more. */
fallible keep_end(gate *g, const struct object *head, const char *state);

/* What was said in a request (gate/words), under its id; kept as long as policy says and nobody's
 * to ask for but an auditor's whose clearance covers it, as `keep_words_read` finds. */
struct keep_words {
    const struct session *session;
    const grant *grant;
    str request_id, case_name;
    struct words *said;
    label label;
};
fallible keep_words(gate *g, const struct keep_words *w, digest *ret_commitment);
/* Is there room for as much more (keep.words_bytes_max)?  DISK_FULL, and the first time that is on
 * record (kept.full) and in the log: what must be kept and cannot be is not answered. */
fallible keep_words_room(gate *g, uint64_t more_bytes);
/* NOT_FOUND comes through `done`, also for what is above the clearance. */
fallible keep_words_read(const struct keep_call *c, str request_id, struct kept_list *ret);

/* The salt of the digests that the log holds of a request of that key (words_salted).  It comes
 * from the key of the owner's data, and the case's, and is nowhere written down: gone with either,
 * for everybody.  `may_make`: also for an owner who left nothing so far; else NOT_FOUND for one, or
 * one who was erased. */
struct keep_salt_of {
    str key_id, request_id;
    str tenant, case_name;
    bool may_make;
};
fallible keep_salt(gate *g, const struct keep_salt_of *of, digest *ret);

/* The key that what an owner proposes for a lower label is sealed under; with no owner the
 * installation's.  NOT_FOUND: erased.  Valid until the next call of gate/. */
fallible keep_owner_key(gate *g, str owner, const secret **ret);

/* Destroys the key of all that an owner (a first key's id) left here, then removes it. */
struct keep_erased {
    uint64_t things, bytes;
    uint64_t kinds[OBJECT_KINDS];
};
fallible keep_erase(gate *g, str owner, struct keep_erased *total);
/* The same for a case of a tenant, whoever left it.  NOT_FOUND: there never was one. */
fallible keep_erase_case(gate *g, str tenant, str case_name, struct keep_erased *total);
/* Who keeps things elsewhere that hang on a row is told of each that is erased; a failure ends the
 * erasing, which may be done again.  One listener. */
typedef err keep_erased_fn(void *ctx, const struct object *row);
void keep_on_erased(gate *g, keep_erased_fn *fn, void *ctx);

/* What a thing is called, in words. */
const char *keep_kind_name(enum object_kind kind);
/* The case a row is of; empty: none. */
str keep_case_of(const struct object *row);

/* A line of a batch: kept once under its id, CONFLICT when it is there.  The batch's label rises
 * to the line's. */
struct keep_line {
    str id, label_text, meta;
    bool is_good;
    int64_t seq; /* its place, when it is read */
};
fallible keep_add_line(const struct keep_call *c, struct kept *batch, const struct keep_line *l);
/* Each line in the order they came.  With a scratch arena they come with their metas, in it; it is
 * emptied after each. */
typedef err keep_line_fn(void *ctx, const struct keep_line *l);
struct keep_lines {
    arena *scratch;
    keep_line_fn *fn;
    void *ctx;
    int64_t after; /* a seq */
    size_t max;
};
fallible keep_each_line(const struct keep_call *c, const struct kept *batch, arena *a,
                        const struct keep_lines *w);
fallible keep_drop_lines(gate *g, const struct kept *batch);
