/* SPDX-License-Identifier: EUPL-1.2 */
/* rig.h - for the tests of know/: grants up to a level, small documents, segments in memory. */
#pragma once
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "know/build.h"
#include "know/know.h"
#include "know/markdown.h"
#include "know/segment.h"
#include "policy/policy.h"
#include "test.h"

static const char rig_policy[] = "version: 1\n"
                                 "levels:\n"
                                 "  - { height: 0, id: offen, title: Offen }\n"
                                 "  - { height: 1, id: intern, title: Intern }\n"
                                 "  - { height: 2, id: VS-NfD, title: VS-NfD }\n"
                                 "compartments:\n"
                                 "  - { bit: 8, id: A, title: A }\n"
                                 "  - { bit: 9, id: B, title: B }\n"
                                 "parties:\n"
                                 "  - { bit: 128, id: BUND, title: Bund }\n"
                                 "taints:\n"
                                 "  - { bit: 224, id: web, title: Web }\n";

/* Grants of different clearances, and what they live in. */
struct rig {
    policy *p;
    arena *a;
};

static inline void
rig_auto(struct rig *r)
{
    arena_free(r->a);
    policy_free(r->p);
}

#define RIG(r)                                                                                     \
    __attribute__((cleanup(rig_auto))) struct rig r = {0};                                         \
    CHECK_OK(arena_open((size_t)64 << 20, &(r).a));                                                \
    CHECK_OK(policy_load(str_of(rig_policy), &(r).p));                                             \
    CHECK_OK(policy_set_ceiling((r).p, STR("VS-NfD")))

static inline const grant *
rig_grant(struct rig *r, const char *clearance)
{
    const grant *g = NULL;
    struct decision d;
    struct session who = {.key_id = STR("k"), .key_name = STR("k"), .tenant = STR("t")};
    struct ask q = {.session = &who, .op = OP_KNOW_SEARCH, .now_wall_ms = 1};
    CHECK_OK(policy_clearance(r->p, str_of(clearance), STR_NONE, &who.clearance));
    q.target = policy_local_sink(r->p);
    CHECK_OK(policy_decide(r->p, &q, r->a, &d, &g));
    return g;
}

static inline label
rig_label(struct rig *r, const char *text)
{
    label l = LABEL_BOTTOM;
    CHECK_OK(label_parse(policy_names(r->p), str_of(text), &l));
    return l;
}

static inline const char *
rig_dir(struct rig *r, const char *name)
{
    static int count; /* test_random begins anew with each test */
    return arena_fmt(r->a, "%s/%s-%d", test_dir(), name, count++).at;
}

static inline secret
rig_key(void)
{
    secret key = {0};
    CHECK_OK(secret_get(&key, 32));
    memset(key.at, 7, key.len);
    return key;
}

static inline str
rig_read_doc(struct rig *r, const char *name, const char *text, struct doc *ret)
{
    CHECK_OK(doc_read(r->a, str_of(name), DOC_MARKDOWN, str_of(text), ret));
    return ret->title;
}

/* A segment of `count` Markdown texts named a, b, c …; its bytes live in the rig's arena. */
static inline struct segment
rig_segment(struct rig *r, const char *const *texts, size_t count)
{
    AUTO(build) *b = NULL;
    AUTO(buf) out = BUF((size_t)64 << 20);
    struct segment s = {0};
    void *at = NULL;
    CHECK_OK(build_new((size_t)256 << 20, &b));
    for (size_t i = 0; i < count; i++) {
        const char name[] = {(char)('a' + i % 26), 0};
        struct doc d;
        rig_read_doc(r, name, texts[i], &d);
        CHECK_OK(build_add(b, &d));
    }
    CHECK_OK(build_end(b, &out));
    CHECK_OK(try_arena_get(r->a, out.len, 1, &at));
    memcpy(at, out.at, out.len);
    CHECK_OK(segment_view((str){(const char *)at, out.len}, &s));
    return s;
}

static inline void
rig_add(struct rig *r, know *k, const char *name, const char *label_text, const char *text)
{
    enum know_change change;
    const label l = rig_label(r, label_text);
    const struct know_source s = {.name = str_of(name), .form = DOC_MARKDOWN};
    CHECK_OK(know_add(k, rig_grant(r, "VS-NfD//A,B"), &s, content_of(str_of(text), l), &change));
}

static inline void
rig_put_hit(buf *b, const grant *g, const struct know_hit *h)
{
    str whole = STR_NONE, quote = STR_NONE;
    CHECK_OK(content_open(h->text, g, &whole));
    CHECK_OK(content_open(h->quote, g, &quote));
    const str all[] = {h->doc, h->title, h->edition, h->section, h->heading, h->path, quote, whole};
    buf_add_fmt(b, "%a %a %a %zu-%zu %zu-%zu", (double)h->score, (double)h->words, (double)h->near,
                h->quote_from, h->quote_to, h->source_from, h->source_to);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        buf_add_char(b, '|');
        buf_add(b, all[i]);
    }
    for (int i = 0; i < 4; i++)
        buf_add_fmt(b, " %llx", (unsigned long long)h->text.label.w[i]);
    buf_add_char(b, '\n');
}

/* All bytes of an answer; `vector` NULL: by words alone. */
static inline str
rig_answer_like(struct rig *r, know *k, const grant *g, const char *question, const float *vector,
                size_t dims)
{
    AUTO(buf) b = BUF((size_t)16 << 20);
    AUTO(arena) *a = NULL;
    struct know_hits hits = {0};
    str text = STR_NONE;
    const struct know_ask ask = {.text = content_of(str_of(question), LABEL_BOTTOM),
                                 .most = 20,
                                 .vector = vector,
                                 .dims = dims};
    CHECK_OK(arena_open((size_t)16 << 20, &a));
    CHECK_OK(know_search(k, g, &ask, a, &hits));
    buf_add_fmt(&b, "%zu %zu %zu %zu %a", hits.count, hits.segments, hits.documents, hits.units,
                (double)hits.known);
    for (int i = 0; i < 4; i++)
        buf_add_fmt(&b, " %llx", (unsigned long long)hits.read.w[i]);
    buf_add_char(&b, '\n');
    for (size_t i = 0; i < hits.count; i++)
        rig_put_hit(&b, g, &hits.at[i]);
    CHECK_OK(buf_end(&b));
    CHECK_OK(try_arena_str(r->a, buf_str(&b), &text));
    return text;
}

static inline str
rig_answer(struct rig *r, know *k, const grant *g, const char *question)
{
    return rig_answer_like(r, k, g, question, NULL, 0);
}
