/* SPDX-License-Identifier: EUPL-1.2 */
#include "witness/state.h"

#include "base/enc.h"
#include "base/num.h"

static const str title = STR_INIT("hoheit witness state v1");

static const struct {
    const char *name, *says;
} alarms[WITNESS_ALARMS] = {
    [WITNESS_QUIET] = {"quiet", "nothing is wrong"},
    [WITNESS_FORK] = {"fork", "the log signed a tree that does not begin with what was seen"},
    [WITNESS_ROLLBACK] = {"rollback", "the log shows less than was seen"},
    [WITNESS_SET_BACK] = {"set-back", "this witness signed more than its own state knows of"},
};

const char *
witness_alarm_name(enum witness_alarm a)
{
    ASSERT(a < WITNESS_ALARMS);
    return alarms[a].name;
}

const char *
witness_alarm_says(enum witness_alarm a)
{
    ASSERT(a < WITNESS_ALARMS);
    return alarms[a].says;
}

void
state_new(const struct note_key *log, struct witness_state *ret)
{
    const struct merkle empty = {.size = 0};
    *ret = (struct witness_state){.log = *log, .head = merkle_head(&empty)};
}

enum witness_alarm
state_alarm(const struct witness_state *s)
{
    return s->count ? s->at[s->count - 1].alarm : WITNESS_QUIET;
}

fallible
state_add(struct witness_state *s, const struct witness_event *e)
{
    if (s->count == STATE_EVENTS_MAX)
        REFUSE(LIMIT, "", "the state of a witness holds %d alarms and what cleared them",
               STATE_EVENTS_MAX / 2);
    ASSERT((e->alarm == WITNESS_QUIET) == (state_alarm(s) != WITNESS_QUIET));
    s->at[s->count++] = *e;
    return OK;
}

/* ---- writing */

static void
put_event(buf *b, const struct witness_event *e)
{
    buf_add(b, e->alarm ? STR("alarm ") : STR("cleared "));
    buf_add_u64(b, e->time_s);
    buf_add_char(b, ' ');
    if (!e->alarm) {
        buf_add(b, e->reason);
    } else {
        buf_add_fmt(b, "%s ", witness_alarm_name(e->alarm));
        base64_put(b, e->note.at, e->note.len);
    }
    buf_add_char(b, '\n');
}

fallible
state_put(buf *b, const struct witness_state *s, const struct note_key *self, const secret *half)
{
    AUTO(buf) text = BUF(NOTE_BYTES_MAX);
    buf_add(&text, title);
    buf_add(&text, STR("\nlog "));
    note_key_put(&text, &s->log);
    buf_add_char(&text, '\n');
    if (s->note.len) {
        buf_add_fmt(&text, "seen %llu ", (unsigned long long)s->time_s);
        base64_put(&text, s->note.at, s->note.len);
        buf_add_char(&text, '\n');
    }
    for (size_t i = 0; i < s->count; i++)
        put_event(&text, &s->at[i]);
    TRY(buf_end(&text));
    buf_add(b, buf_str(&text));
    buf_add_char(b, '\n');
    return note_sign(b, self, half, buf_str(&text), 0);
}

/* ---- reading */

static fallible
malformed(void)
{
    FAIL(CORRUPT, "the state of the witness is not one");
}

static fallible
read_note(arena *a, str base64, str *ret)
{
    AUTO(buf) b = BUF(STATE_NOTE_MAX);
    const err e = base64_read(base64, &b);
    if (e.code && e.code != ERR_PARSE)
        return e;
    if (e.code || !b.len)
        return malformed();
    return try_arena_str(a, buf_str(&b), ret);
}

static fallible
read_seen(arena *a, str rest, struct witness_state *s)
{
    struct checkpoint c;
    str time;
    if (s->note.len || s->count || !str_next(&rest, ' ', &time) ||
        num_u64(time, 1, INT64_MAX, &s->time_s).code)
        return malformed();
    TRY(read_note(a, rest, &s->note));
    TRY(checkpoint_open(s->note, &s->log, &c));
    s->head = c.head;
    return OK;
}

static fallible
find_alarm(str name, enum witness_alarm *ret)
{
    for (int i = WITNESS_QUIET + 1; i < WITNESS_ALARMS; i++)
        if (str_eq(name, str_of(alarms[i].name))) {
            *ret = (enum witness_alarm)i;
            return OK;
        }
    return malformed();
}

static fallible
read_event(arena *a, bool is_alarm, str rest, struct witness_state *s)
{
    struct witness_event e = {.alarm = WITNESS_QUIET};
    str time, name;
    if (!str_next(&rest, ' ', &time) || num_u64(time, 1, INT64_MAX, &e.time_s).code || !rest.len ||
        is_alarm != (state_alarm(s) == WITNESS_QUIET))
        return malformed();
    if (!is_alarm) {
        TRY(try_arena_str(a, rest, &e.reason));
        return state_add(s, &e);
    }
    if (!str_next(&rest, ' ', &name))
        return malformed();
    TRY(find_alarm(name, &e.alarm));
    TRY(read_note(a, rest, &e.note));
    return state_add(s, &e);
}

static fallible
read_line(arena *a, str line, struct witness_state *s)
{
    str word;
    if (!str_next(&line, ' ', &word) || !line.len)
        return malformed();
    if (str_eq(word, STR("seen")))
        return read_seen(a, line, s);
    const bool is_alarm = str_eq(word, STR("alarm"));
    return is_alarm || str_eq(word, STR("cleared")) ? read_event(a, is_alarm, line, s)
                                                    : malformed();
}

static fallible
read_text(arena *a, str text, struct witness_state *s)
{
    struct note_key log;
    str line, word;
    text.len--; /* of a note's text, which ends with one */
    if (!str_next(&text, '\n', &line) || !str_eq(line, title) || !str_next(&text, '\n', &line) ||
        !str_next(&line, ' ', &word) || !str_eq(word, STR("log")))
        return malformed();
    TRY(note_key_read(line, &log));
    state_new(&log, s);
    while (str_next(&text, '\n', &line))
        TRY(read_line(a, line, s));
    return OK;
}

fallible
state_read(arena *a, str bytes, const struct note_key *self, struct witness_state *ret)
{
    struct note n;
    err e = note_read(bytes, &n);
    if (!e.code)
        e = note_check(&n, self, NULL);
    if (!e.code)
        e = read_text(a, n.text, ret);
    if (e.code != ERR_PARSE && e.code != ERR_CORRUPT)
        return e;
    REFUSE(CORRUPT, "", "the state of the witness was changed by somebody else, or is damaged");
}
