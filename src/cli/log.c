/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit log find`, `log alarm` and `log clear`: records by what is in them, and alarms about
 * witnesses. */
#include "base/num.h"
#include "cli/remote.h"
#include "cli/show.h"

enum { TIME_LEN = sizeof "2026-03-01T12:00:00.000Z" - 1 };

/* ---- find */

/* A day, a minute or a second is made a time as records have it, in UTC. */
static fallible
put_time(const struct args *a, const char *name, buf *path)
{
    static const char rest[] = "2026-01-01T00:00:00.000Z";
    char room[TIME_LEN + 1];
    str s = args_str(a, name);
    if (!s.len)
        return OK;
    if (s.len < TIME_LEN && str_ends(s, STR("Z")))
        s.len--;
    const bool is_part = s.len == 10 || s.len == 16 || s.len == 19;
    if (!is_part && s.len != TIME_LEN)
        REFUSE(ARGUMENT, name, "--%s wants a day (2026-03-01) or a time (2026-03-01T12:00)", name);
    memcpy(room, rest, sizeof room);
    memcpy(room, s.at, s.len);
    query_put(path, name, (str){room, TIME_LEN});
    return OK;
}

static void
print_word(const struct cli *c, const jval *record, const char *name)
{
    const jval v = json_get(record, name);
    str s = STR_NONE;
    if (opt_json_str(&v, 1 << 15, &s).code || !s.len)
        return;
    (void)fprintf(c->out, "  %s ", name);
    show_text(c->out, s, false);
}

static void
print_record(struct cli *c, const jval *r)
{
    static const char *const shown[] = {"request", "key",  "object", "label",  "case",
                                        "model",   "rule", "why",    "outcome"};
    show_text(c->out, cli_text(c, r, "time"), false);
    (void)fputc(' ', c->out);
    show_styled(c->out, c->colored, STYLE_BOLD, cli_text(c, r, "event"));
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        print_word(c, r, shown[i]);
    (void)fputc('\n', c->out);
}

static fallible
tell_records(struct cli *c, const jval *answer)
{
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    const jval list = json_get(answer, "records"), whole = json_get(answer, "complete");
    bool is_complete = true;
    if (c->json) {
        json_put_value(&b, answer);
        return cli_put_json(c, &b);
    }
    for (size_t i = 0; i < json_count(&list); i++) {
        const jval r = json_at(&list, i);
        print_record(c, &r);
    }
    TRY(opt_json_bool(&whole, &is_complete));
    if (!is_complete)
        cli_note(c, "The catalog of the log is being made anew: older records may be missing.");
    if (!json_count(&list))
        REFUSE(NOT_FOUND, "", "there is no such record");
    return OK;
}

fallible
cmd_log_find(struct cli *c, const struct args *a)
{
    static const char *const fields[] = {"request", "object", "rule", "event", "case"};
    AUTO(buf) path = BUF(8192);
    uint64_t limit = 20;
    jval answer;
    TRY(args_u64(a, "limit", 1, 1024, &limit));
    buf_add_fmt(&path, "/admin/v1/log/records?limit=%llu", (unsigned long long)limit);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        query_put(&path, fields[i], args_str(a, fields[i]));
    query_put(&path, "key", args_str(a, "by"));
    TRY(put_time(a, "since", &path));
    TRY(put_time(a, "until", &path));
    TRY(buf_end(&path));
    const struct remote_call q = REMOTE_CALL("GET", buf_str(&path));
    TRY(remote_json(c, &q, &answer));
    return tell_records(c, &answer);
}

/* ---- alarms */

fallible
cmd_log_alarm(struct cli *c, const struct args *a)
{
    const struct remote_call q = REMOTE_CALL("GET", STR("/admin/v1/log/alarm"));
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    bool is_alarmed = false;
    jval answer;
    (void)a;
    TRY(remote_json(c, &q, &answer));
    const jval v = json_get(&answer, "alarm"), r = json_get(&answer, "record");
    TRY(json_bool(&v, &is_alarmed));
    if (c->json) {
        json_put_value(&b, &answer);
        TRY(cli_put_json(c, &b));
    } else if (is_alarmed) {
        print_record(c, &r);
    } else {
        show_styled(c->out, c->colored, STYLE_GREEN, STR("no alarm"));
        (void)fputc('\n', c->out);
    }
    if (!is_alarmed)
        return OK;
    cli_hint(c, "An auditor looks at log and witness, and ends it with \"hoheit log clear\".");
    REFUSE(CORRUPT, "", "an alarm about witnesses stands");
}

fallible
cmd_log_clear(struct cli *c, const struct args *a)
{
    struct remote_call q = REMOTE_CALL("POST", STR("/admin/v1/log/clear"));
    AUTO(buf) b = BUF(8192);
    jval answer;
    json_open(&b, '{');
    json_member_str(&b, "reason", args_str(a, "reason"));
    json_close(&b, '}');
    TRY(buf_end(&b));
    q.body = buf_str(&b);
    TRY(remote_json(c, &q, &answer));
    cli_note(c, "The alarm is ended; it stays in the log, with the reason.");
    return OK;
}
