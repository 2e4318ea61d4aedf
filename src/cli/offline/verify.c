/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit verify [DIR]`: is the log what its signatures say?  Offline: files and public keys. */
#include "audit/judge.h"
#include "base/enc.h"
#include "cli/offline/commands.h"
#include "cli/show.h"
#include "os/file.h"

struct keys {
    struct note_key log, witness;
    str text;
    const char *from; /* whose word the log's key is */
};

static fallible
read_line(struct cli *c, const char *path, str *ret)
{
    str text;
    TRY(file_read(c->a, path, NOTE_KEY_TEXT_MAX + 1, &text));
    *ret = str_ends(text, STR("\n")) ? str_slice(text, 0, text.len - 1) : text;
    return OK;
}

/* The one given, else the signer's own of this installation, else the one that lies in the log:
 * whoever forged the log could have put that there. */
static fallible
find_log_key(struct cli *c, const struct args *a, const char *dir, struct keys *k)
{
    k->from = "given";
    k->text = args_str(a, "log-key");
    if (k->text.len)
        return OK;
    k->from = "installation";
    if (!a->count)
        return read_line(c, file_join(c->a, c->data_dir, "keys/log.key"), &k->text);
    k->from = "log";
    return read_line(c, file_join(c->a, dir, "key"), &k->text);
}

static fallible
read_key(const char *option, str text, struct note_key *ret)
{
    if (note_key_read(text, ret).code)
        REFUSE(ARGUMENT, option, "--%s wants a key as NAME+ID+BASE64", option);
    return OK;
}

static void
put_json(buf *b, const struct keys *k, const struct judge_report *r)
{
    AUTO(buf) root = BUF(128);
    hex_put(&root, r->head.root.bytes, sizeof r->head.root.bytes);
    json_open(b, '{');
    json_member_bool(b, "good", true);
    json_member_u64(b, "entries", r->head.size);
    json_member_u64(b, "bytes", r->entry_bytes);
    json_member_u64(b, "checkpoints", r->checkpoints);
    json_member_str(b, "root", buf_str(&root));
    json_member_str(b, "key", k->text);
    json_member_str(b, "key_from", str_of(k->from));
    if (r->witness_time_s)
        json_member_u64(b, "witness_time_s", r->witness_time_s);
    if (r->witness_time_s)
        json_member_u64(b, "witness_size", r->witness_size);
    json_member_u64(b, "alarm", r->alarm);
    if (r->pruned_below) {
        json_member_u64(b, "pruned_below", r->pruned_below);
        json_member_u64(b, "held", r->held);
        json_member_u64(b, "decision", r->decision);
        json_member_str(b, "decided", str_of(r->decided));
    }
    json_key(b, "found");
    json_open(b, '[');
    for (size_t i = 0; i < r->found_count; i++)
        json_put_u64(b, r->found[i]);
    json_close(b, ']');
    json_close(b, '}');
}

static void
put_text(const struct cli *c, const struct keys *k, str request, const struct judge_report *r)
{
    AUTO(buf) root = BUF(128);
    hex_put(&root, r->head.root.bytes, sizeof r->head.root.bytes);
    show_styled(c->out, c->colored, STYLE_GREEN, STR("good"));
    (void)fprintf(c->out, ": %llu entries, %llu bytes, %llu checkpoints\nroot %.*s\nkey  %.*s\n",
                  (unsigned long long)r->head.size, (unsigned long long)r->entry_bytes,
                  (unsigned long long)r->checkpoints, STR_FMT(buf_str(&root)), STR_FMT(k->text));
    if (r->pruned_below)
        (void)fprintf(c->out,
                      "entries below %llu were pruned by decision of %s, entry %llu; %llu of them "
                      "were held back\n",
                      (unsigned long long)r->pruned_below, r->decided,
                      (unsigned long long)r->decision, (unsigned long long)r->held);
    for (size_t i = 0; i < r->found_count; i++)
        (void)fprintf(c->out, "entry %llu is of request %.*s and in the tree\n",
                      (unsigned long long)r->found[i], STR_FMT(request));
    if (r->witness_time_s)
        (void)fprintf(c->out, "witness %s signed %llu entries at second %llu\n", k->witness.name,
                      (unsigned long long)r->witness_size, (unsigned long long)r->witness_time_s);
    if (r->alarm)
        show_styled(c->out, c->colored, STYLE_RED, STR("ALARM"));
    if (r->alarm)
        (void)fprintf(c->out, ": record %llu: a witness has seen another history of this log\n",
                      (unsigned long long)r->alarm);
    if (strcmp(k->from, "log") == 0)
        cli_note(c, "The key was found in the log itself: compare it with the one you were given.");
}

/* What is wrong with a log is for the one who asks: it names files and bytes, no content. */
static fallible
judge(const struct judge_ask *ask, struct judge_report *ret)
{
    struct err_kept why;
    const err e = judge_log(ask, ret);
    if (e.code != ERR_CORRUPT && e.code != ERR_NOT_FOUND)
        return e;
    err_keep(&why, e);
    return err_start_public((enum err_code)e.code, "", __FILE__, __LINE__, __func__, "not good: %s",
                            why.text);
}

fallible
cmd_verify(struct cli *c, const struct args *a)
{
    AUTO(buf) b = BUF(64 * 1024);
    struct keys k = {.from = NULL};
    struct judge_report r;
    const str witness = args_str(a, "witness");
    struct judge_ask ask = {.key = &k.log,
                            .request = args_str(a, "request"),
                            .witness = witness.len ? &k.witness : NULL};
    ask.dir = a->count ? arena_str(c->a, a->at[0]).at : file_join(c->a, c->data_dir, "audit/log");
    TRY(find_log_key(c, a, ask.dir, &k));
    TRY(read_key("log-key", k.text, &k.log));
    if (witness.len)
        TRY(read_key("witness", witness, &k.witness));
    if (args_has(a, "since"))
        TRY(file_read(c->a, args_value(a, "since"), NOTE_BYTES_MAX, &ask.known));
    TRY(judge(&ask, &r));
    if (c->json) {
        put_json(&b, &k, &r);
        TRY(cli_put_json(c, &b));
    } else {
        put_text(c, &k, ask.request, &r);
    }
    if (r.alarm)
        REFUSE(CORRUPT, "", "the log is intact, but an alarm about witnesses stands in it");
    return OK;
}
