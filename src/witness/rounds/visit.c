/* SPDX-License-Identifier: EUPL-1.2 */
#include "witness/rounds/visit.h"

#include <stdarg.h>
#include <stdio.h>

enum { PAUSE_SHIFT_MAX = 3 };

fallible
visit_init(struct visit *v, const struct provider_public *p)
{
    *v = (struct visit){.question = BUF(2 * NOTE_BYTES_MAX), .note = BUF(2 * NOTE_BYTES_MAX)};
    const err e = note_key_read(str_of(p->key), &v->key);
    if (e.code && e.code != ERR_PARSE)
        return e;
    if (e.code || v->key.type != NOTE_WITNESS)
        REFUSE(CONFIG, "key", "witness %s: its key is no key of a witness", p->name);
    ASSERT(str_copy(str_of(p->name), v->name, sizeof v->name));
    return OK;
}

void
visit_done(struct visit *v)
{
    buf_done(&v->question);
    buf_done(&v->note);
}

/* ---- whose turn it is */

bool
visit_is_behind(const struct visit *v, uint64_t size)
{
    return !v->is_known || v->signed_size < size;
}

bool
visit_is_due(struct visit *v, uint64_t size)
{
    if (!visit_is_behind(v, size))
        return false;
    if (!v->pause)
        return true;
    v->pause--;
    return false;
}

/* ---- how it ends */

__attribute__((format(printf, 2, 3))) static void
say(struct visit *v, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(v->why, sizeof v->why, fmt, ap);
    va_end(ap);
}

static enum visit_step
fail(struct visit *v)
{
    const uint32_t shift = v->failures < PAUSE_SHIFT_MAX ? v->failures : PAUSE_SHIFT_MAX;
    ASSERT(v->why[0]);
    v->pause = (1u << shift) - 1;
    v->failures++;
    v->failed_total++;
    return VISIT_END;
}

enum visit_step
visit_failed(struct visit *v, const char *what, err e)
{
    say(v, "%s: %s", what, err_public(e));
    return fail(v);
}

static enum visit_step
raise_alarm(struct visit *v)
{
    v->failures++;
    v->failed_total++;
    return VISIT_ALARM;
}

enum visit_step
visit_alarmed(struct visit *v, err e)
{
    return e.code ? visit_failed(v, "the alarm is not on record", e) : VISIT_END;
}

/* ---- what is kept of it */

enum visit_step
visit_begin(struct visit *v)
{
    v->tries = 0;
    v->old = v->signed_size;
    return v->is_known ? VISIT_QUESTION : VISIT_KEPT;
}

/* What cannot be read is as good as none: the witness says what it saw. */
enum visit_step
visit_kept(struct visit *v, err e, str note)
{
    struct checkpoint c;
    struct note n;
    uint64_t time_s = 0;
    if (e.code && e.code != ERR_NOT_FOUND)
        return visit_failed(v, "the log cannot be read", e);
    v->is_known = true;
    if (!e.code && !note_read(note, &n).code && !note_check(&n, &v->key, &time_s).code &&
        !checkpoint_read(n.text, &c).code) {
        v->signed_size = c.head.size;
        v->signed_s = time_s;
    }
    v->old = v->signed_size;
    return VISIT_QUESTION;
}

/* ---- the question and the answer */

static fallible
read_head(str note, struct tree_head *ret)
{
    struct checkpoint c;
    struct note n;
    TRY(note_read(note, &n));
    TRY(checkpoint_read(n.text, &c));
    *ret = c.head;
    return OK;
}

static fallible
take_question(struct visit *v, str text)
{
    struct cosign_ask q;
    TRY(cosign_ask_read(text, &q));
    TRY(read_head(q.note, &v->asked));
    v->old = q.old;
    buf_clear(&v->question);
    buf_add(&v->question, text);
    return buf_end(&v->question);
}

enum visit_step
visit_question(struct visit *v, err e, str question)
{
    if (!e.code)
        e = take_question(v, question);
    return e.code ? visit_failed(v, "the log cannot be read", e) : VISIT_POST;
}

static fallible
put_note(struct visit *v, str line)
{
    struct cosign_ask q;
    TRY(cosign_ask_read(buf_str(&v->question), &q));
    buf_clear(&v->note);
    return cosign_put_with(&v->note, q.note, &v->key, line);
}

static enum visit_step
take_line(struct visit *v, str line)
{
    const err e = put_note(v, line);
    if (!e.code)
        return VISIT_TAKE;
    if (e.code != ERR_PARSE && e.code != ERR_CORRUPT)
        return visit_failed(v, "what it signed cannot be taken", e);
    say(v, "what it answered is not its signature");
    return fail(v);
}

static enum visit_step
not_grown(struct visit *v)
{
    say(v, "it saw %llu entries that this log does not begin with", (unsigned long long)v->old);
    return raise_alarm(v);
}

static enum visit_step
take_size(struct visit *v, str body)
{
    if (cosign_seen_read(body, &v->seen).code) {
        say(v, "it answered with status 409 and no size");
        return fail(v);
    }
    if (v->seen == v->old && v->old == v->asked.size)
        return not_grown(v);
    return VISIT_HEAD;
}

enum visit_step
visit_answered(struct visit *v, err e, int status, str body)
{
    if (e.code)
        return visit_failed(v, "it was not reached", e);
    switch (status) {
    case 200:
        return take_line(v, body);
    case 409:
        return take_size(v, body);
    case 422:
        return not_grown(v);
    case 404:
        say(v, "it does not know this log: its operator has to trust keys/log.key");
        return fail(v);
    default:
        say(v, "it answered with status %d and signed nothing", status);
        return fail(v);
    }
}

/* The log may have grown since it was asked, and somebody else may have shown that to the witness:
 * so the newest checkpoint counts. */
enum visit_step
visit_head(struct visit *v, err e, str checkpoint)
{
    struct tree_head now = {.size = 0};
    if (!e.code)
        e = read_head(checkpoint, &now);
    if (e.code)
        return visit_failed(v, "the log cannot be read", e);
    if (v->seen > now.size) {
        say(v, "it saw %llu entries, this log has %llu", (unsigned long long)v->seen,
            (unsigned long long)now.size);
        return raise_alarm(v);
    }
    if (++v->tries < VISIT_TRIES_MAX) {
        v->old = v->seen;
        return VISIT_QUESTION;
    }
    say(v, "it has seen %llu entries and did not sign from there", (unsigned long long)v->seen);
    return fail(v);
}

/* ---- the end that is wanted */

enum visit_step
visit_taken(struct visit *v, err e)
{
    struct note n;
    if (e.code)
        return visit_failed(v, "the log did not take in what it signed", e);
    if (!note_read(buf_str(&v->note), &n).code)
        IGNORE(note_check(&n, &v->key, &v->signed_s)); /* it was found good before it was taken */
    v->signed_size = v->asked.size;
    v->failures = v->pause = 0;
    v->why[0] = '\0';
    return VISIT_END;
}
