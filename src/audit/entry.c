/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/entry.h"

#include "audit/record.h"

enum { TEXTS = 14, WORDS = 5, NUMBERS = 6 };

struct head {
    uint32_t len; /* of the whole, this head included */
    uint8_t event, has_input, has_output, has_kept;
    uint16_t lens[TEXTS + WORDS];
    uint64_t numbers[NUMBERS];
};

/* Whoever adds a member to audit_record adds it here as well. */
#define AT(member) offsetof(struct audit_record, member)
static const size_t texts[] = {AT(request_id), AT(key_id),         AT(tenant), AT(op),
                               AT(label_text), AT(clearance_text), AT(model),  AT(model_sha256),
                               AT(why),        AT(targets),        AT(object), AT(person),
                               AT(purpose),    AT(case_name)};
static const size_t words[] = {AT(decision), AT(rule), AT(outcome), AT(cost_by), AT(energy_by)};
static const size_t numbers[] = {AT(tokens_in),      AT(tokens_out),      AT(duration_us),
                                 AT(first_token_us), AT(cost_micro_euro), AT(energy_mj)};
#undef AT
_Static_assert(sizeof texts / sizeof *texts == TEXTS && sizeof words / sizeof *words == WORDS &&
                   sizeof numbers / sizeof *numbers == NUMBERS,
               "a length for each text");
_Static_assert(sizeof(struct audit_record) == sizeof(uint64_t) + TEXTS * sizeof(str) +
                                                  WORDS * sizeof(char *) + 3 * sizeof(digest *) +
                                                  NUMBERS * sizeof(uint64_t),
               "every member of a record goes along");
_Static_assert(EVENT_COUNT <= UINT8_MAX, "an event fits");

static const void *
member(const struct audit_record *r, size_t at)
{
    return (const char *)r + at;
}

static void *
member_of(struct audit_record *r, size_t at)
{
    return (char *)r + at;
}

/* ---- putting */

static str
text_at(const struct audit_record *r, size_t i)
{
    str s;
    if (i < TEXTS)
        memcpy(&s, member(r, texts[i]), sizeof s);
    else {
        const char *word;
        memcpy(&word, member(r, words[i - TEXTS]), sizeof word);
        s = str_of(word);
    }
    return s;
}

static fallible
fill_head(const struct audit_record *r, struct head *h)
{
    const size_t digests = (size_t)(r->input != NULL) + (r->output != NULL) + (r->kept != NULL);
    size_t len = sizeof *h + digests * sizeof(digest);
    for (size_t i = 0; i < TEXTS + WORDS; i++) {
        const str s = text_at(r, i);
        len += s.len + 1;
        if (s.len > RECORD_BYTES_MAX || len > RECORD_BYTES_MAX)
            FAIL(LIMIT, "a record is larger than %d bytes", RECORD_BYTES_MAX);
        h->lens[i] = (uint16_t)s.len;
    }
    for (size_t i = 0; i < NUMBERS; i++)
        memcpy(&h->numbers[i], member(r, numbers[i]), sizeof h->numbers[i]);
    h->len = (uint32_t)len;
    h->event = (uint8_t)r->event;
    h->has_input = r->input != NULL;
    h->has_output = r->output != NULL;
    h->has_kept = r->kept != NULL;
    return OK;
}

static char *
put_bytes(char *at, const void *from, size_t len)
{
    if (len)
        memcpy(at, from, len);
    return at + len;
}

fallible
entry_put(buf *b, const struct audit_record *r)
{
    struct head h = {.len = 0};
    const size_t before = b->len;
    ASSERT(!b->failed && r->event < EVENT_COUNT);
    TRY(fill_head(r, &h));
    char *at = buf_add_room(b, h.len);
    if (!at) {
        b->len = before;
        b->failed = false;
        FAIL(LIMIT, "no memory for a record");
    }
    at = put_bytes(at, &h, sizeof h);
    at = put_bytes(at, r->input, r->input ? sizeof *r->input : 0);
    at = put_bytes(at, r->output, r->output ? sizeof *r->output : 0);
    at = put_bytes(at, r->kept, r->kept ? sizeof *r->kept : 0);
    for (size_t i = 0; i < TEXTS + WORDS; i++) {
        const str s = text_at(r, i);
        at = put_bytes(at, s.at, s.len);
        *at++ = '\0';
    }
    ASSERT(at == b->at + before + h.len);
    return OK;
}

size_t
entry_len(str entries)
{
    struct head h;
    ASSERT(entries.len >= sizeof h);
    memcpy(&h, entries.at, sizeof h);
    ASSERT(h.len >= sizeof h && h.len <= entries.len);
    return h.len;
}

/* ---- taking */

static bool
fits(const struct head *h, size_t have)
{
    size_t len = sizeof *h + ((size_t)h->has_input + h->has_output + h->has_kept) * sizeof(digest);
    for (size_t i = 0; i < TEXTS + WORDS; i++)
        len += h->lens[i] + (size_t)1;
    return h->len <= have && len == h->len && h->len <= RECORD_BYTES_MAX &&
           h->event < EVENT_COUNT && h->has_input <= 1 && h->has_output <= 1 && h->has_kept <= 1;
}

static void
take_digest(const char **at, bool has, digest *room, const digest **ret)
{
    *ret = NULL;
    if (!has)
        return;
    memcpy(room, *at, sizeof *room);
    *at += sizeof *room;
    *ret = room;
}

/* A word with a NUL inside would end early; a text may hold one, JSON escapes it. */
static bool
take_texts(const char *at, const struct head *h, struct audit_record *r)
{
    for (size_t i = 0; i < TEXTS + WORDS; i++) {
        const str s = {at, h->lens[i]};
        if (at[s.len] != '\0' || (i >= TEXTS && strlen(at) != s.len))
            return false;
        if (i < TEXTS)
            memcpy(member_of(r, texts[i]), &s, sizeof s);
        else
            memcpy(member_of(r, words[i - TEXTS]), &at, sizeof at);
        at += s.len + 1;
    }
    return true;
}

fallible
entry_take(str *rest, struct entry_view *ret)
{
    struct head h;
    if (rest->len < sizeof h)
        FAIL(PARSE, "an entry of %zu bytes is cut", rest->len);
    memcpy(&h, rest->at, sizeof h);
    if (!fits(&h, rest->len))
        FAIL(PARSE, "the head of an entry makes no sense");
    const char *at = rest->at + sizeof h;
    struct audit_record *r = &ret->record;
    *r = (struct audit_record){.event = (enum audit_event)h.event};
    take_digest(&at, h.has_input, &ret->input, &r->input);
    take_digest(&at, h.has_output, &ret->output, &r->output);
    take_digest(&at, h.has_kept, &ret->kept, &r->kept);
    if (!take_texts(at, &h, r))
        FAIL(PARSE, "a text of an entry has no end");
    for (size_t i = 0; i < NUMBERS; i++)
        memcpy(member_of(r, numbers[i]), &h.numbers[i], sizeof h.numbers[i]);
    *rest = str_slice(*rest, h.len, rest->len);
    return OK;
}
