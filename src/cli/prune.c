/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit log prune`: the front of the log goes, proposed by an operator, approved by an auditor.
 */
#include <time.h>

#include "cli/remote.h"
#include "cli/show.h"

enum { PATH_BYTES_MAX = 1024, TRIES = 6000, PAUSE_MS = 100, JSON_BYTES_MAX = 64 * 1024 };

static void
pause_a_bit(void)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    (void)nanosleep(&pause, NULL);
}

/* ---- waiting for what is done in the background */
static fallible
await(struct cli *c, const char *name, str value, jval *ret)
{
    AUTO(buf) path = BUF(PATH_BYTES_MAX);
    buf_add(&path, STR("/admin/v1/log/prune"));
    query_put(&path, name, value);
    TRY(buf_end(&path));
    const struct remote_call q = REMOTE_CALL("GET", buf_str(&path));
    for (int i = 0; i < TRIES; i++) {
        if (i)
            pause_a_bit();
        TRY(remote_json(c, &q, ret));
        TRY(json_object(ret));
        const str state = cli_text(c, ret, "state");
        if (str_eq(state, STR("failed")))
            REFUSE(CONFLICT, "", "not pruned: %.*s", STR_FMT(cli_text(c, ret, "why")));
        if (!str_eq(state, STR("counting")) && !str_eq(state, STR("cutting")))
            return OK;
    }
    REFUSE(BUSY, "", "this takes long: it goes on in the background, ask again later");
}

static fallible
put_answer(struct cli *c, const jval *root)
{
    AUTO(buf) b = BUF(JSON_BYTES_MAX);
    json_put_value(&b, root);
    return cli_put_json(c, &b);
}

/* ---- the first person */
static void
say_count(struct cli *c, const jval *root)
{
    const unsigned long long below = cli_number(root, "below"), was = cli_number(root, "minimum");
    if (below <= was) {
        cli_note(c, "Nothing may go: %.*s.", STR_FMT(cli_text(c, root, "why")));
        return;
    }
    (void)fprintf(c->out,
                  "%llu entries below %llu may go, %llu bytes; %llu of them are held back\n",
                  (unsigned long long)cli_number(root, "entries"), below,
                  (unsigned long long)cli_number(root, "bytes"),
                  (unsigned long long)cli_number(root, "held"));
}

static fallible
propose(struct cli *c, str before, jval *ret)
{
    AUTO(buf) body = BUF(PATH_BYTES_MAX);
    json_open(&body, '{');
    json_member_str(&body, "before", before);
    json_close(&body, '}');
    TRY(buf_end(&body));
    struct remote_call q = REMOTE_CALL("POST", STR("/admin/v1/log/prune"));
    q.body = buf_str(&body);
    TRY(remote_json(c, &q, ret));
    return json_object(ret);
}

static fallible
first_person(struct cli *c, const struct args *a)
{
    const str before = args_str(a, "before");
    jval counted, proposed;
    TRY(await(c, "before", before, &counted));
    if (args_has(a, "dry-run")) {
        if (c->json)
            return put_answer(c, &counted);
        say_count(c, &counted);
        return OK;
    }
    TRY(propose(c, before, &proposed));
    if (c->json)
        return put_answer(c, &proposed);
    say_count(c, &counted);
    const str request = cli_text(c, &proposed, "request");
    (void)fprintf(c->out, "%.*s\n", STR_FMT(request));
    cli_note(c, "An auditor approves it with `hoheit log prune --approve %.*s`.", STR_FMT(request));
    return OK;
}

/* ---- the second */
static fallible
second_person(struct cli *c, str request)
{
    AUTO(buf) path = BUF(PATH_BYTES_MAX);
    jval root;
    buf_add(&path, STR("/admin/v1/log/prune/"));
    percent_put(&path, request);
    buf_add(&path, STR("/approve"));
    TRY(buf_end(&path));
    const struct remote_call q = REMOTE_CALL("POST", buf_str(&path));
    TRY(remote_json(c, &q, &root));
    TRY(json_object(&root));
    TRY(await(c, "request", cli_text(c, &root, "request"), &root));
    if (c->json)
        return put_answer(c, &root);
    (void)fprintf(c->out, "entries below %llu are gone, %llu of them were held back\n",
                  (unsigned long long)cli_number(&root, "below"),
                  (unsigned long long)cli_number(&root, "held"));
    return OK;
}

fallible
cmd_log_prune(struct cli *c, const struct args *a)
{
    const str request = args_str(a, "approve");
    if (request.len == 0 && args_str(a, "before").len == 0)
        REFUSE(ARGUMENT, "before", "--before DATE says which entries, --approve REQUEST approves");
    if (request.len && args_str(a, "before").len)
        REFUSE(ARGUMENT, "approve", "who approves does not say --before: that was proposed");
    return request.len ? second_person(c, request) : first_person(c, a);
}
