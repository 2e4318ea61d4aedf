/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit know …`: collections in a directory, offline; without --dir the daemon's
 * (know_remote.h). */
#include "know/know.h"

#include "cli/know/offline.h"
#include "cli/offline/commands.h"
#include "cli/offline/know_remote.h"
#include "cli/show.h"
#include "know/day.h"
#include "os/file.h"

enum { HITS_DEFAULT = 10 };
#define WORK_BYTES ((size_t)2 << 30)

fallible
cmd_know_create(struct cli *c, const struct args *a)
{
    AUTO(secret) key = {0};
    const char *dir = NULL;
    if (know_is_remote(a))
        return know_remote_create(c, a);
    TRY(offline_dir(c, a, &dir));
    TRY(file_make_dir(dir, 0700));
    TRY(offline_make_key(c, a, dir, &key));
    TRY(know_create(dir, &key));
    cli_note(c, "an empty collection in %s", dir);
    return OK;
}

fallible
cmd_know_rm(struct cli *c, const struct args *a)
{
    AUTO(offline) o = {0};
    if (args_has(a, "collection") == (a->count > 0))
        REFUSE(ARGUMENT, "", "name documents, or say --collection for all of them");
    if (know_is_remote(a))
        return know_remote_rm(c, a);
    if (!a->count)
        REFUSE(ARGUMENT, "collection", "a collection of --dir goes with its directory");
    TRY(offline_open(c, a, OP_KNOW_REMOVE, &o));
    for (size_t i = 0; i < a->count; i++)
        TRY(know_remove(o.k, o.g, a->at[i]));
    return know_commit(o.k);
}

fallible
cmd_know_stat(struct cli *c, const struct args *a)
{
    AUTO(offline) o = {0};
    AUTO(buf) b = BUF(4096);
    struct know_stat s;
    if (know_is_remote(a))
        return know_remote_stat(c, a);
    TRY(offline_open(c, a, OP_KNOW_SEARCH, &o));
    TRY(know_stat(o.k, o.g, &s));
    if (!c->json) {
        (void)fprintf(c->out,
                      "labels %zu, segments %zu, documents %zu, units %zu, words %zu, "
                      "vectors %zu\n",
                      s.labels, s.segments, s.documents, s.units, s.words, s.vectors);
        return OK;
    }
    json_open(&b, '{');
    json_member_u64(&b, "labels", s.labels);
    json_member_u64(&b, "segments", s.segments);
    json_member_u64(&b, "documents", s.documents);
    json_member_u64(&b, "units", s.units);
    json_member_u64(&b, "words", s.words);
    json_member_u64(&b, "vectors", s.vectors);
    json_member_u64(&b, "dimensions", s.dims);
    json_member_str(&b, "embedder", str_of(s.embedder));
    json_close(&b, '}');
    return cli_put_json(c, &b);
}

/* ---- searching */

static void
show_hit(const struct cli *c, const struct know_hit *h, str quote, size_t number)
{
    char head[64];
    (void)snprintf(head, sizeof head, "%zu. ", number);
    show_styled(c->out, c->colored, STYLE_BOLD, str_of(head));
    show_text(c->out, h->doc, false);
    (void)fputs("  ", c->out);
    show_text(c->out, h->section, false);
    if (h->heading.len && !str_eq(h->heading, h->section)) {
        (void)fputs("  ", c->out);
        show_text(c->out, h->heading, false);
    }
    if (h->page)
        (void)fprintf(c->out, "  p. %u", h->page);
    (void)fprintf(c->out, "  (%.3f)\n", (double)h->score);
    show_wrapped(c->out, quote, 4, 96);
}

/* What a document need not have. */
static void
put_day(buf *b, const char *name, uint32_t day)
{
    AUTO(buf) text = BUF(32);
    if (!day)
        return;
    day_put(&text, day);
    json_member_str(b, name, buf_str(&text));
}

static void
put_place(buf *b, const struct know_hit *h)
{
    if (h->page) {
        json_member_u64(b, "page", h->page);
        json_member_u64(b, "page_to", h->page_to);
    }
    put_day(b, "valid_from", h->valid_from);
    put_day(b, "valid_to", h->valid_to);
}

static void
put_hit(buf *b, const struct know_hit *h, str text, str quote)
{
    json_open(b, '{');
    json_member_str(b, "document", h->doc);
    json_member_str(b, "title", h->title);
    json_member_str(b, "edition", h->edition);
    json_member_str(b, "section", h->section);
    json_member_str(b, "heading", h->heading);
    json_member_str(b, "path", h->path);
    json_member_f64(b, "score", (double)h->score);
    json_member_str(b, "quote", quote);
    json_member_str(b, "text", text);
    json_member_u64(b, "source_from", h->source_from);
    json_member_u64(b, "source_to", h->source_to);
    put_place(b, h);
    json_close(b, '}');
}

static fallible
tell_hits(struct cli *c, const grant *g, const struct know_hits *hits)
{
    AUTO(buf) b = BUF((size_t)1 << 30);
    json_open(&b, '{');
    json_key(&b, "hits");
    json_open(&b, '[');
    for (size_t i = 0; i < hits->count; i++) {
        str text, quote;
        TRY(content_open(hits->at[i].text, g, &text));
        TRY(content_open(hits->at[i].quote, g, &quote));
        if (c->json)
            put_hit(&b, &hits->at[i], text, quote);
        else
            show_hit(c, &hits->at[i], quote, i + 1);
    }
    json_close(&b, ']');
    json_close(&b, '}');
    return c->json ? cli_put_json(c, &b) : OK;
}

fallible
cmd_know_search(struct cli *c, const struct args *a)
{
    AUTO(offline) o = {0};
    AUTO(arena) *work = NULL;
    struct know_hits hits;
    uint64_t most = HITS_DEFAULT;
    uint32_t day = 0;
    if (know_is_remote(a))
        return know_remote_search(c, a);
    TRY(args_u64(a, "top", 1, 1000, &most));
    TRY(offline_open(c, a, OP_KNOW_SEARCH, &o));
    TRY(arena_open(WORK_BYTES, &work));
    if (args_has(a, "day") && day_read(args_str(a, "day"), &day).code)
        REFUSE(ARGUMENT, "day", "--day is a day, YYYY-MM-DD");
    const struct know_ask ask = {
        .text = content_of(a->at[0], LABEL_BOTTOM), .most = most, .day = day};
    TRY(know_search(o.k, o.g, &ask, work, &hits));
    return tell_hits(c, o.g, &hits);
}

/* ---- vectors from outside */

static err
tell_piece(void *ctx, const struct know_piece *p)
{
    struct cli *const c = (struct cli *)ctx;
    AUTO(buf) b = BUF(1 << 20);
    json_open(&b, '{');
    json_member_str(&b, "id", p->id);
    json_member_str(&b, "text", p->text);
    json_close(&b, '}');
    return cli_put_json(c, &b);
}

fallible
cmd_know_pieces(struct cli *c, const struct args *a)
{
    AUTO(offline) o = {0};
    TRY(offline_open(c, a, OP_KNOW_SEARCH, &o));
    return args_has(a, "words") ? know_words(o.k, o.g, tell_piece, c)
                                : know_pieces(o.k, o.g, tell_piece, c);
}

fallible
cmd_know_vectors(struct cli *c, const struct args *a)
{
    AUTO(offline) o = {0};
    AUTO(know_vectors) *all = NULL;
    size_t count = 0, dims = 0;
    TRY(offline_open(c, a, OP_KNOW_ADD, &o));
    for (size_t n = 0; n < a->count; n++) {
        AUTO(offline_vectors) v = {0};
        TRY(offline_vectors_read(a->at[n], &v));
        if (!all)
            TRY(know_vectors_new(v.dims, &all));
        if (v.dims != dims && n)
            REFUSE(ARGUMENT, "", "the files' vectors differ in their dimensions");
        dims = v.dims;
        for (size_t i = 0; i < v.rows.count; i++)
            TRY(know_vectors_add(all, v.rows.at[i].id, v.rows.at[i].at));
    }
    TRY(know_vectors_commit(o.k, o.g, all, &count));
    cli_note(c, "%zu pieces have a vector now", count);
    return OK;
}
