/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit evidence …`: bundles for auditors, out of the log's files, and their verification. */
#include "cli/offline/evidence.h"

#include "base/enc.h"
#include "cli/offline/commands.h"
#include "cli/show.h"
#include "evidence/check.h"
#include "evidence/export.h"
#include "os/clock.h"
#include "os/config.h"
#include "os/entropy.h"

enum { SEAL_FILE_MAX = 256 };

/* ---- keys */

static fallible
read_line(struct cli *c, const char *path, str *ret)
{
    str text;
    TRY(file_read(c->a, path, NOTE_KEY_TEXT_MAX + 1, &text));
    *ret = str_ends(text, STR("\n")) ? str_slice(text, 0, text.len - 1) : text;
    return OK;
}

static fallible
read_key(const char *option, str text, struct note_key *ret)
{
    if (note_key_read(text, ret).code)
        REFUSE(ARGUMENT, option, "--%s wants a key as NAME+ID+BASE64", option);
    return OK;
}

/* *ret stays NULL when the option was not given. */
static fallible
given_key(const struct args *a, const char *option, struct note_key *room,
          const struct note_key **ret)
{
    if (!args_has(a, option))
        return OK;
    TRY(read_key(option, args_str(a, option), room));
    if (str_eq(str_of(option), STR("witness")) && room->type != NOTE_WITNESS)
        REFUSE(ARGUMENT, option, "this is not the key of a witness");
    *ret = room;
    return OK;
}

/* The one given, else the signer's own of this installation, else the one that lies in the log. */
static fallible
find_log_key(struct cli *c, const struct args *a, const char *log_dir, struct note_key *ret)
{
    str text = args_str(a, "log-key");
    if (!text.len && !args_has(a, "log"))
        TRY(read_line(c, file_join(c->a, c->data_dir, "keys/log.key"), &text));
    else if (!text.len)
        TRY(read_line(c, file_join(c->a, log_dir, "key"), &text));
    return read_key("log-key", text, ret);
}

/* ---- the exporter's own key: a seed of 64 hexadecimal digits in a file of its own */

static fallible
make_seed(const char *path, secret *seed)
{
    AUTO(buf) hex = BUF(SEAL_FILE_MAX);
    TRY(entropy_get(seed->at, seed->len));
    hex_put(&hex, seed->at, seed->len);
    buf_add_char(&hex, '\n');
    err e = buf_end(&hex);
    if (!e.code)
        e = file_write_atomic(path, buf_str(&hex), 0600);
    if (hex.at)
        wipe(hex.at, hex.len);
    return e;
}

static fallible
read_seed(const char *path, secret *seed, bool *ret_is_there)
{
    AUTO(arena) *work = NULL;
    str text;
    TRY(arena_open(SEAL_FILE_MAX + 1024, &work));
    const err e = file_read(work, path, SEAL_FILE_MAX, &text);
    *ret_is_there = e.code != ERR_NOT_FOUND;
    if (e.code)
        return *ret_is_there ? e : OK;
    const bool is_seed =
        !hex_read(str_slice(text, 0, (size_t)2 * SIGN_SEED_LEN), seed->at, seed->len).code;
    wipe((void *)(uintptr_t)text.at, text.len);
    if (!is_seed)
        REFUSE(CONFIG, "seal-file", "the seal's file does not hold 64 hexadecimal digits");
    return OK;
}

/* For who checks what was signed, beside the seed. */
static fallible
write_public(struct cli *c, const struct note_key *k)
{
    AUTO(buf) text = BUF(NOTE_KEY_TEXT_MAX + 1);
    note_key_put(&text, k);
    buf_add_char(&text, '\n');
    TRY(buf_end(&text));
    return file_write_atomic(file_join(c->a, c->data_dir, "keys/evidence.key"), buf_str(&text),
                             0644);
}

fallible
evidence_find_seal(struct cli *c, const struct args *a, secret *ret, struct note_key *ret_key)
{
    AUTO(secret) seed = {0};
    const char *path = args_value(a, "seal-file");
    sign_public p;
    bool is_there = false;
    if (!path)
        path = file_join(c->a, c->data_dir, "keys/evidence.seed");
    TRY(secret_get(&seed, SIGN_SEED_LEN));
    TRY(read_seed(path, &seed, &is_there));
    if (!is_there) {
        TRY(make_seed(path, &seed));
        cli_note(c, "made a new key that signs bundles: %s", path);
    }
    TRY(sign_pair(&seed, ret, &p));
    TRY(note_key_make(STR("hoheit-evidence"), NOTE_ED25519, &p, ret_key));
    return args_has(a, "seal-file") ? OK : write_public(c, ret_key);
}

fallible
evidence_find_key(struct cli *c, const struct args *a, const char *option, const char *path,
                  struct note_key *ret)
{
    str text = args_str(a, option);
    if (!text.len)
        TRY(read_line(c, path, &text));
    return read_key(option, text, ret);
}

/* ---- export */

static fallible
read_policy(struct cli *c, const struct args *a, str *ret)
{
    const char *path = args_value(a, "policy");
    struct params p;
    if (!path) {
        TRY(config_read(c->a, c->data_dir, &p));
        path = *p.policy_file ? arena_str(c->a, str_of(p.policy_file)).at
                              : file_join(c->a, c->data_dir, "policy.yaml");
    }
    const err e = file_read(c->a, path, BUNDLE_POLICY_MAX, ret);
    if (e.code == ERR_NOT_FOUND)
        cli_hint(c, "Name a policy file with --policy, or a data directory with --data.");
    return e;
}

static void
on_progress(void *ctx, uint64_t done, uint64_t of)
{
    struct progress *const p = ctx;
    p->total = of;
    progress_at(p, done);
}

/* What is wrong with a log is for the one who asks: it names files and places, no content. */
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

static fallible
run_export(struct cli *c, const struct export_ask *ask, struct manifest *ret)
{
    struct export_ask q = *ask;
    struct progress p;
    progress_begin(&p, c->err_is_terminal && !c->quiet ? c->err : NULL, "reading the log", 0);
    q.progress = p.f ? on_progress : NULL;
    q.ctx = &p;
    const err e = evidence_export(c->a, &q, ret);
    progress_end(&p);
    return tell(e);
}

static void
put_counts(buf *b, const struct manifest *m)
{
    char root[65];
    digest_text(&m->head.root, root);
    json_member_u64(b, "shown", m->shown);
    json_member_u64(b, "held_back", m->held);
    json_member_bool(b, "whole", m->is_whole);
    json_member_u64(b, "size", m->head.size);
    json_member_str(b, "root", str_of(root));
}

static fallible
put_key(buf *b, const char *name, const struct note_key *k)
{
    AUTO(buf) text = BUF(NOTE_KEY_TEXT_MAX);
    note_key_put(&text, k);
    TRY(buf_end(&text));
    json_member_str(b, name, buf_str(&text));
    return OK;
}

static fallible
tell_export(struct cli *c, const struct export_ask *q, const struct manifest *m)
{
    AUTO(buf) b = BUF(64 * 1024);
    AUTO(buf) key = BUF(NOTE_KEY_TEXT_MAX);
    if (c->json) {
        json_open(&b, '{');
        json_member_str(&b, "dir", str_of(q->dir));
        put_counts(&b, m);
        TRY(put_key(&b, "seal_key", q->seal_key));
        json_member_bool(&b, "recorded", false);
        json_close(&b, '}');
        return cli_put_json(c, &b);
    }
    note_key_put(&key, q->seal_key);
    (void)fprintf(c->out, "%s: %llu entries, %llu held back, each with its proof\nseal %.*s\n",
                  q->dir, (unsigned long long)m->shown, (unsigned long long)m->held,
                  STR_FMT(buf_str(&key)));
    cli_note(c, "This export was made from the files: it is not recorded in the log.");
    return buf_end(&key);
}

fallible
cmd_evidence_export(struct cli *c, const struct args *a)
{
    AUTO(secret) seal = {0};
    struct note_key log_key, seal_key, witness;
    struct manifest m;
    const char *const log = args_value(a, "log");
    struct export_ask q = {
        .log_dir = log ? log : file_join(c->a, c->data_dir, "audit/log"),
        .dir = arena_str(c->a, a->at[0]).at,
        .log_key = &log_key,
        .seal_key = &seal_key,
        .seal = &seal,
        .pick = {.since = args_str(a, "since"),
                 .until = args_str(a, "until"),
                 .keys = args_str(a, "person"),
                 .request = args_str(a, "request"),
                 .case_name = args_str(a, "case"),
                 .model = args_str(a, "model"),
                 .tenant = args_str(a, "tenant")},
        .clearance = args_str(a, "clearance"),
        .now_wall_ms = clock_wall_ms(),
    };
    TRY(pick_check(&q.pick));
    TRY(find_log_key(c, a, q.log_dir, &log_key));
    TRY(given_key(a, "witness", &witness, &q.witness));
    if (args_has(a, "checkpoint"))
        TRY(file_read(c->a, args_value(a, "checkpoint"), NOTE_BYTES_MAX, &q.anchor));
    TRY(read_policy(c, a, &q.policy_text));
    TRY(evidence_find_seal(c, a, &seal, &seal_key));
    TRY(run_export(c, &q, &m));
    return tell_export(c, &q, &m);
}

/* ---- verify */

static fallible
tell_good(struct cli *c, const struct check_report *r)
{
    AUTO(buf) b = BUF(64 * 1024);
    if (c->json) {
        json_open(&b, '{');
        json_member_bool(&b, "good", true);
        put_counts(&b, &r->m);
        TRY(put_key(&b, "log_key", &r->log_key));
        TRY(put_key(&b, "seal_key", &r->seal_key));
        if (r->witness_time_s)
            json_member_u64(&b, "witness_time_s", r->witness_time_s);
        json_close(&b, '}');
        return cli_put_json(c, &b);
    }
    show_styled(c->out, c->colored, STYLE_GREEN, STR("good"));
    (void)fprintf(c->out, ": %llu entries, %llu held back, of a log of %llu%s\n",
                  (unsigned long long)r->m.shown, (unsigned long long)r->m.held,
                  (unsigned long long)r->m.head.size,
                  r->m.is_whole ? "; none is missing between the first and the last" : "");
    if (r->witness_time_s)
        (void)fprintf(c->out, "witness signed at second %llu\n",
                      (unsigned long long)r->witness_time_s);
    return OK;
}

fallible
cmd_evidence_verify(struct cli *c, const struct args *a)
{
    struct note_key log_key, seal_key, witness;
    struct check_report r;
    struct check_ask q = {.dir = arena_str(c->a, a->at[0]).at};
    TRY(given_key(a, "log-key", &log_key, &q.log_key));
    TRY(given_key(a, "seal-key", &seal_key, &q.seal_key));
    TRY(given_key(a, "witness", &witness, &q.witness));
    if (args_has(a, "checkpoint"))
        TRY(file_read(c->a, args_value(a, "checkpoint"), NOTE_BYTES_MAX, &q.known));
    TRY(tell(evidence_check(c->a, &q, &r)));
    TRY(tell_good(c, &r));
    if (!q.log_key)
        cli_note(c, "The log's key was found in the bundle itself: compare it with the one you "
                    "were given.");
    return OK;
}
