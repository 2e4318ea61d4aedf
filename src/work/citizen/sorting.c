/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/citizen/citizen.h"
#include "work/citizen/likeness.h"

enum { LIKE_BYTES = 1500 }; /* of a letter: embedders read few hundred words */

struct sorting {
    citizen *z;
    struct citizen_sort ask;
    struct keep_call call;
    struct kept leave;
    gate_job **job;
    const lexicon *names;
    str plain, embedder;
};

static fallible
sort(const struct sorting *k, const float *vector, size_t dims, struct triage *t, str *ret_label)
{
    const struct citizen_parts *const p = citizen_parts_of(k->z);
    const struct triage_ask ask = {.letter = content_of(k->ask.letter, k->leave.head.label),
                                   .received = k->ask.received,
                                   .vector = vector,
                                   .dims = dims,
                                   .embedder = k->embedder,
                                   .names = k->names};
    char room[LABEL_TEXT_MAX];
    know *collection;
    TRY(library_find(p->library, k->ask.collection, &collection));
    TRY(triage_run(collection, k->leave.grant, &ask, k->call.a, t));
    const struct label_names *const names = policy_names(gate_parts_of(p->gate)->policy);
    return try_arena_str(k->call.a, label_text(names, t->label, room), ret_label);
}

static void
on_likeness(void *ctx, const float *const *vectors, size_t dims)
{
    const struct sorting *const k = ctx;
    struct triage *const t = arena_new(k->call.a, struct triage);
    str marked = STR_NONE;
    const err e = sort(k, vectors ? vectors[0] : NULL, dims, t, &marked);
    k->ask.done(k->ask.ctx, e.code ? NULL : t, marked, e);
}

/* Are there vectors to compare with, of what the asker may see? */
static fallible
prepare(struct sorting *k, bool *ret_vectors)
{
    struct know_stat s;
    know *collection;
    TRY(gate_lexicon(citizen_parts_of(k->z)->gate, &k->names));
    TRY(triage_plain(k->names, k->ask.letter, k->ask.received, k->call.a, &k->plain));
    TRY(library_find(citizen_parts_of(k->z)->library, k->ask.collection, &collection));
    TRY(know_stat(collection, k->leave.grant, &s));
    *ret_vectors = s.vectors > 0;
    return OK;
}

static fallible
embed(struct sorting *k)
{
    k->plain = str_slice(k->plain, 0, LIKE_BYTES);
    const struct likeness_ask ask = {.call = &k->call,
                                     .texts = &k->plain,
                                     .count = 1,
                                     .label_text = k->ask.label_text,
                                     .received_us = k->ask.received_us,
                                     .done = on_likeness,
                                     .ctx = k,
                                     .embedder = &k->embedder,
                                     .job = k->job};
    return likeness_run(&ask);
}

static void
on_allowed(void *ctx, err e)
{
    struct sorting *const k = ctx;
    bool has_vectors = false;
    if (!e.code)
        e = prepare(k, &has_vectors);
    if (e.code)
        k->ask.done(k->ask.ctx, NULL, STR_NONE, e);
    else if (!has_vectors || embed(k).code) /* no embedder, or none free: words alone */
        on_likeness(k, NULL, 0);
}

fallible
citizen_sort(citizen *z, const struct citizen_sort *ask, gate_job **job)
{
    know *collection;
    struct sorting *const k = arena_new(ask->call->a, struct sorting);
    ASSERT(ask->done && job);
    if (!ask->letter.len)
        REFUSE(ARGUMENT, "text", "the letter is empty");
    *k = (struct sorting){.z = z, .ask = *ask, .call = *ask->call, .job = job};
    k->call.done = on_allowed;
    k->call.ctx = k;
    TRY(library_find(citizen_parts_of(z)->library, ask->collection, &collection));
    return keep_allow(&k->call, OP_CITIZEN_TRIAGE, ask->label_text, &k->leave);
}
