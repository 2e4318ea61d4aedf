/* SPDX-License-Identifier: EUPL-1.2 */
#include "witness/answer.h"

/* What is known of the log before its question is looked at. */
struct asking {
    witness *w;
    str origin;
    struct cosign_ask q;
    struct checkpoint c;
    uint64_t seen, time_s;
    enum witness_alarm alarm;
};

static const str plain = STR_INIT("text/plain; charset=utf-8");

static void
say(buf *b, struct witness_answer *a, int status, str text)
{
    a->status = status;
    a->type = plain;
    buf_clear(b);
    buf_add(b, text);
    buf_add_char(b, '\n');
}

/* What only its operator should read stays here. */
static void
say_failure(buf *b, struct witness_answer *a, err e)
{
    const bool passes = e.code == ERR_CONFLICT || e.code == ERR_LIMIT || e.code == ERR_DISK_FULL;
    a->why = e;
    say(b, a, passes ? 503 : 500,
        passes ? STR("the witness cannot sign at the moment; ask again")
               : STR("the witness cannot sign; its operator was told"));
}

static fallible
read_origin(str question, struct asking *k)
{
    struct note n;
    TRY(cosign_ask_read(question, &k->q));
    TRY(note_read(k->q.note, &n));
    TRY(checkpoint_read(n.text, &k->c));
    k->origin = k->c.origin;
    return OK;
}

static fallible
look_up(struct asking *k)
{
    const struct witness_state *s;
    TRY(witness_state_of(k->w, k->origin, &s));
    k->seen = s->head.size;
    k->time_s = s->time_s;
    k->alarm = state_alarm(s);
    return OK;
}

static void
say_size(const struct asking *k, buf *b, struct witness_answer *a)
{
    buf_clear(b);
    buf_add_u64(b, k->seen);
    buf_add_char(b, '\n');
    a->status = 409;
    a->type = STR("text/x.tlog.size");
}

/* It did not grow, or the witness itself is damaged: then its state cannot be read either. */
static void
say_not_grown(const struct asking *before, buf *b, struct witness_answer *a, err e)
{
    struct asking now = *before;
    if (before->alarm) {
        say(b, a, 403,
            STR("an alarm stands: nothing of this log is signed until the operator of "
                "the witness has looked at it"));
        return;
    }
    a->why = e;
    const err again = look_up(&now);
    if (again.code) {
        say_failure(b, a, again);
        return;
    }
    a->raised = now.alarm;
    say(b, a, 422,
        now.alarm ? STR("the log signed two histories; an alarm was raised")
                  : STR("the proof does not show that the log has grown from what was seen"));
}

static void
say_refusal(const struct asking *k, buf *b, struct witness_answer *a, err e)
{
    const bool is_clock = e.code == ERR_CONFLICT && k->q.old == k->seen;
    if (e.code == ERR_DENIED)
        say(b, a, 403, STR("the checkpoint is not signed by the key of that log"));
    else if (e.code == ERR_ARGUMENT || e.code == ERR_PARSE)
        say(b, a, 400, STR("the old size is larger than the checkpoint's, or it is no checkpoint"));
    else if (e.code == ERR_CONFLICT && !is_clock)
        say_size(k, b, a);
    else if (e.code == ERR_CORRUPT)
        say_not_grown(k, b, a, e);
    else
        say_failure(b, a, e);
}

static void
answer(struct asking *k, str question, uint64_t now_s, buf *b, struct witness_answer *a)
{
    err e = look_up(k);
    if (e.code == ERR_NOT_FOUND) {
        say(b, a, 404, STR("this witness does not know that log"));
        return;
    }
    if (e.code) {
        say_failure(b, a, e);
        return;
    }
    e = witness_cosign(k->w, WITNESS_CARRIED, question, now_s, b);
    if (e.code) {
        say_refusal(k, b, a, e);
        return;
    }
    a->status = 200;
    a->type = plain;
    a->head = k->c.head;
}

void
witness_answer(const char *dir, str question, uint64_t now_s, buf *b, struct witness_answer *ret)
{
    struct asking k = {.alarm = WITNESS_QUIET};
    ASSERT(dir && b->limit >= WITNESS_ANSWER_MAX);
    *ret = (struct witness_answer){.status = 500};
    if (question.len > WITNESS_QUESTION_MAX || read_origin(question, &k).code) {
        say(b, ret, 400, STR("this is not a request in the form of add-checkpoint"));
        return;
    }
    const err e = witness_open(dir, &k.w);
    if (e.code) {
        say_failure(b, ret, e);
        return;
    }
    answer(&k, question, now_s, b, ret);
    witness_free(k.w);
}
