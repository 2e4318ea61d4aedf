/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit witness …`: a second party that cosigns a log only while it grows; `hoheit log cosign`
 * brings back what it signed.  The work is done in witness/witness.h. */
#include <sys/stat.h>

#include "cli/offline/commands.h"
#include "cli/remote.h"
#include "cli/show.h"
#include "os/clock.h"
#include "os/file.h"
#include "witness/witness.h"

typedef witness *witness_ref;

static void
witness_ref_auto(witness_ref *w)
{
    witness_free(*w);
}

static fallible
find_dir(const struct args *a, const char **ret)
{
    *ret = args_value(a, "dir");
    if (!*ret)
        REFUSE(ARGUMENT, "dir", "--dir must name the directory of the witness");
    return OK;
}

static fallible
open_witness(const struct args *a, witness **ret)
{
    const char *dir;
    TRY(find_dir(a, &dir));
    return witness_open(dir, ret);
}

static uint64_t
now_s(void)
{
    return (uint64_t)(clock_wall_ms() / 1000);
}

static fallible
key_text(struct cli *c, const struct note_key *k, str *ret)
{
    AUTO(buf) b = BUF(NOTE_KEY_TEXT_MAX);
    note_key_put(&b, k);
    TRY(buf_end(&b));
    *ret = arena_str(c->a, buf_str(&b));
    return OK;
}

/* ---- init, trust, clear */

static fallible
tell_key(struct cli *c, const witness *w)
{
    AUTO(buf) b = BUF(64 * 1024);
    str key;
    TRY(key_text(c, witness_key(w), &key));
    if (!c->json) {
        (void)fprintf(c->out, "%.*s\n", STR_FMT(key));
        return OK;
    }
    json_open(&b, '{');
    json_member_str(&b, "key", key);
    json_close(&b, '}');
    return cli_put_json(c, &b);
}

fallible
cmd_witness_init(struct cli *c, const struct args *a)
{
    AUTO(witness_ref) w = NULL;
    const char *dir;
    TRY(find_dir(a, &dir));
    TRY(witness_make(dir, a->at[0]));
    TRY(witness_open(dir, &w));
    return tell_key(c, w);
}

fallible
cmd_witness_trust(struct cli *c, const struct args *a)
{
    AUTO(witness_ref) w = NULL;
    struct note_key k;
    TRY(note_key_read(str_trim(a->at[0]), &k));
    TRY(open_witness(a, &w));
    TRY(witness_trust(w, &k));
    cli_note(c, "%s is trusted from now on.", k.name);
    return OK;
}

fallible
cmd_witness_clear(struct cli *c, const struct args *a)
{
    AUTO(witness_ref) w = NULL;
    TRY(open_witness(a, &w));
    TRY(witness_clear(w, a->at[0], args_str(a, "reason"), now_s()));
    cli_note(c, "The alarm is cleared; it stays on record with the reason.");
    return OK;
}

/* ---- show */

struct showing {
    struct cli *c;
    buf *b;
    bool any_alarm;
};

static void
put_event(buf *b, const struct witness_event *e)
{
    json_open(b, '{');
    json_member_str(b, "what", e->alarm ? STR("alarm") : STR("cleared"));
    json_member_u64(b, "time_s", e->time_s);
    if (e->alarm)
        json_member_str(b, "kind", str_of(witness_alarm_name(e->alarm)));
    if (e->alarm)
        json_member_str(b, "note", e->note);
    else
        json_member_str(b, "reason", e->reason);
    json_close(b, '}');
}

static void
put_log(buf *b, const struct witness_state *s)
{
    char root[65];
    digest_text(&s->head.root, root);
    json_open(b, '{');
    json_member_str(b, "log", str_of(s->log.name));
    json_member_u64(b, "size", s->head.size);
    json_member_str(b, "root", str_of(root));
    json_member_u64(b, "time_s", s->time_s);
    json_member_str(b, "note", s->note);
    json_member_bool(b, "alarm", state_alarm(s) != WITNESS_QUIET);
    json_key(b, "events");
    json_open(b, '[');
    for (size_t i = 0; i < s->count; i++)
        put_event(b, &s->at[i]);
    json_close(b, ']');
    json_close(b, '}');
}

static void
print_event(FILE *f, const struct witness_event *e)
{
    if (e->alarm)
        (void)fprintf(f, "  second %llu: alarm: %s: %s\n", (unsigned long long)e->time_s,
                      witness_alarm_name(e->alarm), witness_alarm_says(e->alarm));
    else
        (void)fprintf(f, "  second %llu: cleared: %.*s\n", (unsigned long long)e->time_s,
                      STR_FMT(e->reason));
}

static void
print_log(const struct cli *c, const struct witness_state *s)
{
    (void)fprintf(c->out, "%s: %llu entries, signed at second %llu: ", s->log.name,
                  (unsigned long long)s->head.size, (unsigned long long)s->time_s);
    if (state_alarm(s))
        show_styled(c->out, c->colored, STYLE_RED, STR("ALARM"));
    else
        show_styled(c->out, c->colored, STYLE_GREEN, STR("good"));
    (void)fputc('\n', c->out);
    for (size_t i = 0; i < s->count; i++)
        print_event(c->out, &s->at[i]);
}

static err
show_log(void *ctx, const struct witness_state *s)
{
    struct showing *const x = ctx;
    x->any_alarm = x->any_alarm || state_alarm(s) != WITNESS_QUIET;
    if (x->c->json)
        put_log(x->b, s);
    else
        print_log(x->c, s);
    return OK;
}

fallible
cmd_witness_show(struct cli *c, const struct args *a)
{
    AUTO(witness_ref) w = NULL;
    AUTO(buf) b = BUF(16 * 1024 * 1024);
    struct showing x = {.c = c, .b = &b};
    str key;
    TRY(open_witness(a, &w));
    TRY(key_text(c, witness_key(w), &key));
    json_open(&b, '{');
    json_member_str(&b, "key", key);
    json_key(&b, "logs");
    json_open(&b, '[');
    if (!c->json)
        (void)fprintf(c->out, "key %.*s\n", STR_FMT(key));
    TRY(witness_each(w, show_log, &x));
    json_close(&b, ']');
    json_close(&b, '}');
    if (c->json)
        TRY(cli_put_json(c, &b));
    if (x.any_alarm)
        REFUSE(CORRUPT, "", "an alarm stands: nothing of that log is signed until it is cleared");
    return OK;
}

/* ---- sign */

struct source {
    struct cli *c;
    const char *from;
    bool is_remote;
};

static bool
is_dir(const char *path)
{
    struct stat s;
    ASSERT(path);
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static fallible
get(const struct source *s, const char *name, str *ret)
{
    const struct remote_call q = REMOTE_CALL("GET", arena_fmt(s->c->a, "/log/%s", name));
    if (s->is_remote)
        return remote_text(s->c, &q, ret);
    return file_read(s->c->a, file_join(s->c->a, s->from, name), NOTE_BYTES_MAX, ret);
}

static fallible
get_question(const struct source *s, uint64_t old, buf *ret)
{
    char name[64];
    str text;
    if (!s->is_remote)
        return cosign_ask_from_files(s->from, old, ret);
    snprintf(name, sizeof name, "add-checkpoint/%llu", (unsigned long long)old);
    TRY(get(s, name, &text));
    buf_add(ret, text);
    return buf_end(ret);
}

/* What this witness signed before, as the log shows it. */
static fallible
look_back(const struct source *s, witness *w)
{
    char name[COSIGNED_NAME_MAX];
    str note;
    cosigned_name(witness_key(w)->id, name);
    const err e = get(s, name, &note);
    if (e.code == ERR_NOT_FOUND)
        return OK;
    TRY(e);
    return witness_remember(w, note, now_s());
}

static fallible
fetch(const struct source *s, witness *w, buf *question)
{
    const struct witness_state *known;
    struct checkpoint c;
    struct note n;
    str newest;
    TRY(get(s, "checkpoint", &newest));
    TRY(note_read(newest, &n));
    TRY(checkpoint_read(n.text, &c));
    TRY(look_back(s, w));
    TRY(witness_state_of(w, c.origin, &known));
    return get_question(s, known->head.size, question);
}

static bool
is_address(const char *s)
{
    return str_starts(str_of(s), STR("http://")) || str_starts(str_of(s), STR("https://")) ||
           str_starts(str_of(s), STR("unix:"));
}

static fallible
find_question(struct cli *c, const char *from, witness *w, buf *question, enum witness_way *ret)
{
    const struct source s = {.c = c, .from = from, .is_remote = is_address(from)};
    str text;
    *ret = s.is_remote || is_dir(from) ? WITNESS_FETCHED : WITNESS_CARRIED;
    if (s.is_remote) {
        c->url = str_of(from);
        c->is_local = false;
    }
    if (*ret == WITNESS_FETCHED)
        return fetch(&s, w, question);
    TRY(file_read(c->a, from, NOTE_BYTES_MAX, &text));
    buf_add(question, text);
    return buf_end(question);
}

/* The checkpoint as the log signed it, and the witness' line. */
static fallible
put_signed(witness *w, str question, str line, buf *b)
{
    const struct witness_state *s;
    struct cosign_ask q;
    struct checkpoint c;
    struct note n;
    TRY(cosign_ask_read(question, &q));
    TRY(note_read(q.note, &n));
    TRY(checkpoint_read(n.text, &c));
    TRY(witness_state_of(w, c.origin, &s));
    TRY(cosign_put_bare(b, &s->log, q.note));
    buf_add(b, line);
    return buf_end(b);
}

static fallible
tell_signed(struct cli *c, const char *path, str note)
{
    if (path)
        return file_write_atomic(path, note, 0644);
    (void)fwrite(note.at, 1, note.len, c->out);
    return OK;
}

/* What is wrong with a copy of a log is for the one who asks: it names no content. */
static fallible
tell(err e)
{
    struct err_kept why;
    err_keep(&why, e);
    if (why.is_public || (e.code != ERR_CORRUPT && e.code != ERR_NOT_FOUND))
        return e;
    return err_start_public((enum err_code)e.code, "", __FILE__, __LINE__, __func__, "not good: %s",
                            why.text);
}

fallible
cmd_witness_sign(struct cli *c, const struct args *a)
{
    AUTO(witness_ref) w = NULL;
    AUTO(buf) question = BUF(2 * NOTE_BYTES_MAX);
    AUTO(buf) line = BUF(NOTE_BYTES_MAX);
    AUTO(buf) note = BUF(2 * NOTE_BYTES_MAX);
    enum witness_way way;
    TRY(open_witness(a, &w));
    TRY(tell(find_question(c, arena_str(c->a, a->at[0]).at, w, &question, &way)));
    TRY(witness_cosign(w, way, buf_str(&question), now_s(), &line));
    TRY(put_signed(w, buf_str(&question), buf_str(&line), &note));
    return tell_signed(c, args_value(a, "out"), buf_str(&note));
}

/* ---- back at the log */

static void
hint_alarm(struct cli *c)
{
    cli_hint(c, "Look at \"hoheit log alarm\"; an auditor ends it with \"hoheit log clear\".");
}

static fallible
bring_in(struct cli *c, str note)
{
    AUTO(buf) b = BUF(2 * NOTE_BYTES_MAX);
    struct remote_call q = REMOTE_CALL("POST", STR("/admin/v1/log/cosign"));
    jval answer;
    json_open(&b, '{');
    json_member_str(&b, "note", note);
    json_close(&b, '}');
    TRY(buf_end(&b));
    q.body = buf_str(&b);
    const err e = remote_json(c, &q, &answer);
    if (e.code == ERR_CORRUPT)
        hint_alarm(c);
    TRY(e);
    if (!c->json) {
        cli_note(c, "Taken in: %llu entries are cosigned.",
                 (unsigned long long)cli_number(&answer, "size"));
        return OK;
    }
    buf_clear(&b);
    json_put_value(&b, &answer);
    return cli_put_json(c, &b);
}

fallible
cmd_log_cosign(struct cli *c, const struct args *a)
{
    str note;
    TRY(file_read(c->a, arena_str(c->a, a->at[0]).at, NOTE_BYTES_MAX, &note));
    return bring_in(c, note);
}

/* ---- another witness, asked by the log's side */

enum { ASK_TRIES = 3 }; /* several may ask it at the same time */

/* Says what it saw last when that is not what was asked for (409). */
static fallible
post_question(struct cli *c, str url, str question, str *ret, uint64_t *ret_seen)
{
    struct remote_call q = REMOTE_CALL("POST", STR("/add-checkpoint"));
    const str ours = c->url, key = c->key;
    int status = 0;
    str text;
    q.body = question;
    c->url = url;
    c->key = STR_NONE;
    const err e = remote_any(c, &q, &status, &text);
    c->url = ours;
    c->key = key;
    TRY(e);
    *ret_seen = UINT64_MAX;
    if (status == 409 && !cosign_seen_read(text, ret_seen).code)
        return OK;
    if (status == 422)
        REFUSE(CORRUPT, "", "the witness does not find this log grown from what it saw");
    if (status != 200)
        REFUSE(CONFLICT, "", "the witness answered with status %d and signed nothing", status);
    *ret = text;
    return OK;
}

/* It stands in the log until an auditor ends it. */
static fallible
raise_alarm(struct cli *c, const struct note_key *k, str why)
{
    AUTO(buf) b = BUF(4096);
    struct remote_call q = REMOTE_CALL("POST", STR("/admin/v1/log/alarm"));
    jval answer;
    json_open(&b, '{');
    json_member_str(&b, "witness", str_of(k->name));
    json_member_str(&b, "why", why);
    json_close(&b, '}');
    TRY(buf_end(&b));
    q.body = buf_str(&b);
    TRY(remote_json(c, &q, &answer));
    hint_alarm(c);
    REFUSE(CORRUPT, "", "alarm: %.*s", STR_FMT(why));
}

struct witnessing {
    struct cli *c;
    str url;
    struct note_key key;
};

static fallible
raise_other(const struct witnessing *w, uint64_t size)
{
    return raise_alarm(w->c, &w->key,
                       arena_fmt(w->c->a, "it saw %llu entries that this log does not begin with",
                                 (unsigned long long)size));
}

/* It was asked from what it saw, about a tree of that size, and says the same size again: it knows
 * another tree. */
static bool
is_other_tree(const struct cosign_ask *q, uint64_t seen)
{
    struct checkpoint at;
    struct note n;
    return seen == q->old && !note_read(q->note, &n).code && !checkpoint_read(n.text, &at).code &&
           at.head.size == seen;
}

/* Its line is looked at before it is brought in, so that the blame falls on who deserves it. */
static fallible
put_line(buf *note, str asked, const struct note_key *k, str line)
{
    const err e = cosign_put_with(note, asked, k, line);
    if (e.code == ERR_PARSE || e.code == ERR_CORRUPT)
        REFUSE(CORRUPT, "", "what the witness answered is not its signature");
    return e;
}

static fallible
ask_witness(const struct witnessing *w, uint64_t old, buf *note, uint64_t *ret_seen)
{
    struct cli *const c = w->c;
    const struct source log = {.c = c, .is_remote = true};
    AUTO(buf) question = BUF(2 * NOTE_BYTES_MAX);
    struct cosign_ask q;
    str line = STR_NONE;
    TRY(get_question(&log, old, &question));
    TRY(cosign_ask_read(buf_str(&question), &q));
    const err e = post_question(c, w->url, buf_str(&question), &line, ret_seen);
    if (e.code == ERR_CORRUPT)
        return raise_other(w, q.old);
    TRY(e);
    if (*ret_seen != UINT64_MAX)
        return is_other_tree(&q, *ret_seen) ? raise_other(w, q.old) : OK;
    return put_line(note, q.note, &w->key, line);
}

/* What it signed last, as far as this log knows. */
static uint64_t
last_seen(struct cli *c, const struct note_key *k)
{
    const struct source log = {.c = c, .is_remote = true};
    char name[COSIGNED_NAME_MAX];
    struct checkpoint at;
    struct note n;
    str text;
    cosigned_name(k->id, name);
    const bool is_there = !get(&log, name, &text).code && !note_read(text, &n).code &&
                          !note_check(&n, k, NULL).code && !checkpoint_read(n.text, &at).code;
    return is_there ? at.head.size : 0;
}

/* A witness that saw more than there is: the log was set back, or it is another. */
static fallible
check_seen(const struct witnessing *w, uint64_t seen)
{
    const struct source log = {.c = w->c, .is_remote = true};
    struct checkpoint at;
    struct note n;
    str text;
    TRY(get(&log, "checkpoint", &text));
    TRY(note_read(text, &n));
    TRY(checkpoint_read(n.text, &at));
    if (seen <= at.head.size)
        return OK;
    return raise_alarm(w->c, &w->key,
                       arena_fmt(w->c->a, "it saw %llu entries, this log has %llu",
                                 (unsigned long long)seen, (unsigned long long)at.head.size));
}

fallible
cmd_log_witness(struct cli *c, const struct args *a)
{
    AUTO(buf) note = BUF(2 * NOTE_BYTES_MAX);
    struct witnessing w = {.c = c, .url = a->at[0]};
    uint64_t seen = UINT64_MAX;
    TRY(note_key_read(str_trim(a->at[1]), &w.key));
    TRY(ask_witness(&w, last_seen(c, &w.key), &note, &seen));
    for (int tries = 0; seen != UINT64_MAX && tries < ASK_TRIES; tries++) {
        TRY(check_seen(&w, seen));
        buf_clear(&note);
        TRY(ask_witness(&w, seen, &note, &seen));
    }
    if (seen != UINT64_MAX)
        REFUSE(CONFLICT, "", "the witness has seen %llu entries of this log",
               (unsigned long long)seen);
    return bring_in(c, buf_str(&note));
}
