/* SPDX-License-Identifier: EUPL-1.2 */
/* nook.h - for the tests of work/stores/: a gate, two libraries, people with keys, files. */
#pragma once
#include "unit/gate/keeper.h"
#include "work/stores/stores.h"

struct nook {
    struct rig rig;
    struct stores stores;
    struct keeper high, low; /* one key, cleared for VS-NfD and for offen */
};

static struct nook nook;

static inline void
nook_open(void)
{
    memset(&nook, 0, sizeof nook);
    rig_open(&nook.rig);
    nook.stores.gate = nook.rig.gate;
    CHECK_OK(library_new(file_join(nook.rig.a, nook.rig.dir, "know"), &nook.rig.seal_key,
                         &nook.stores.house));
    CHECK_OK(library_new(file_join(nook.rig.a, nook.rig.dir, "stores"), &nook.rig.seal_key,
                         &nook.stores.own));
    keeper_init(&nook.high, &nook.rig, "key_1", "VS-NfD");
    keeper_init(&nook.low, &nook.rig, "key_1", "offen");
}

static inline void
nook_close(void)
{
    keeper_end(&nook.high);
    keeper_end(&nook.low);
    library_free(nook.stores.house);
    library_free(nook.stores.own);
    rig_close(&nook.rig);
}

static inline str
nook_store(const char *marked)
{
    const struct store s = {.name = STR("s"), .metadata = STR("{}")};
    struct kept k;
    str meta = STR_NONE;
    CHECK_OK(store_save(nook.rig.a, &s, &meta));
    CHECK_OK(keeper_add(&nook.high, OBJECT_STORE, marked, arena_str(nook.rig.a, meta).at, &k));
    return k.head.id;
}

/* A row of a file, as a handler keeps it before it is put in. */
static inline struct kept
nook_row(str store, const char *file, const char *marked, const char *attributes)
{
    const struct store_file f = {.file = str_of(file),
                                 .name = arena_fmt(nook.rig.a, "%s.md", file),
                                 .attributes = str_of(attributes)};
    struct keep_wish w = {.kind = OBJECT_STORE_FILE,
                          .id = stores_row(nook.rig.a, store, f.file),
                          .parent = store,
                          .state = STR("in_progress"),
                          .label_text = str_of(marked)};
    struct kept k = {.meta = STR_NONE};
    CHECK_OK(store_file_save(nook.rig.a, &f, &w.meta));
    CHECK_OK(keeper_wait(&nook.high, keep_add(&nook.high.call, &w, &k)));
    return k;
}

static inline struct kept
nook_file(str store, const char *file, const char *marked, const char *text)
{
    struct kept k = nook_row(store, file, marked, "{\"a\":1}");
    CHECK_OK(stores_fill(&nook.stores, nook.rig.a, &k, str_of(text)));
    return k;
}

/* ---- searching */
struct nook_heard {
    unsigned ends;
    err end;
    const struct stores_found *found;
};

static inline void
nook_on_found(void *ctx, const struct stores_found *f, err e)
{
    struct nook_heard *h = ctx;
    h->ends++;
    h->end = e;
    h->found = f;
}

static inline err
nook_search(struct keeper *k, const struct stores_ask *ask, const struct stores_found **ret)
{
    struct nook_heard h = {0};
    struct stores_ask q = *ask;
    q.call = &k->call;
    const err e = stores_search(&nook.stores, &q, nook_on_found, &h);
    *ret = NULL;
    if (e.code)
        return e;
    RIG_UNTIL(&nook.rig, h.ends);
    CHECK_INT(h.ends, ==, 1);
    *ret = h.found;
    return h.end;
}
