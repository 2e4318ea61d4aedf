/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit erase PERSON` and `hoheit erase --case NAME`: has the daemon destroy what a person left
 * here, or what was left for a case, and hands out a certificate of it; `hoheit evidence
 * certificate FILE` checks one, offline. */
#include <time.h>

#include "base/enc.h"
#include "cli/offline/commands.h"
#include "cli/offline/evidence.h"
#include "cli/remote.h"
#include "cli/show.h"
#include "evidence/certificate.h"
#include "os/file.h"

enum { TRIES = 100, PAUSE_MS = 100, CERTIFICATE_MAX = NOTE_BYTES_MAX };

/* ---- the record and its proof, which comes with the next signature of the log */

static fallible
read_proof(const jval *leaf, struct certificate *k)
{
    const jval hashes = json_get(leaf, "hashes");
    k->proof.count = 0;
    TRY(json_array(&hashes, 0, MERKLE_PROOF_MAX));
    for (size_t i = 0; i < json_count(&hashes); i++) {
        AUTO(buf) b = BUF(64);
        const jval v = json_at(&hashes, i);
        str text;
        TRY(json_str(&v, 64, &text));
        TRY(base64_read(text, &b));
        if (b.len != sizeof *k->proof.at)
            FAIL(PARSE, "a hash of a proof has %zu bytes", b.len);
        memcpy(k->proof.at[k->proof.count++].bytes, b.at, b.len);
    }
    return OK;
}

/* The entry that says so; its number is its place in the tree. */
static fallible
find_entry(struct cli *c, const jval *story, struct certificate *k, bool *ret)
{
    const jval records = json_get(story, "records");
    *ret = false;
    for (size_t i = 0; i < json_count(&records) && !*ret; i++) {
        AUTO(buf) b = BUF(NOTE_BYTES_MAX);
        const jval r = json_at(&records, i);
        if (!str_eq(cli_text(c, &r, "event"), k->is_case ? STR("case.erase") : STR("person.erase")))
            continue;
        json_put_value(&b, &r);
        TRY(buf_end(&b));
        k->entry = arena_str(c->a, buf_str(&b));
        k->leaf = cli_number(&r, "seq") - 1;
        *ret = true;
    }
    return OK;
}

static fallible
find_leaf(struct cli *c, const jval *story, struct certificate *k, bool *ret)
{
    const jval proofs = json_get(story, "proofs");
    *ret = false;
    if (!proofs.v)
        return OK;
    const jval leaves = json_get(&proofs, "leaves");
    k->checkpoint = cli_text(c, &proofs, "checkpoint");
    for (size_t i = 0; i < json_count(&leaves) && !*ret; i++) {
        const jval leaf = json_at(&leaves, i);
        *ret = cli_number(&leaf, "leaf") == k->leaf;
        if (*ret)
            TRY(read_proof(&leaf, k));
    }
    return OK;
}

static fallible
ask_once(struct cli *c, str request, struct certificate *k, bool *ret)
{
    AUTO(buf) path = BUF(1024);
    jval story;
    buf_add(&path, STR("/admin/v1/explain/"));
    percent_put(&path, request);
    TRY(buf_end(&path));
    const struct remote_call q = REMOTE_CALL("GET", buf_str(&path));
    TRY(remote_json(c, &q, &story));
    TRY(find_entry(c, &story, k, ret));
    return *ret ? find_leaf(c, &story, k, ret) : OK;
}

static fallible
await_proof(struct cli *c, str request, struct certificate *k)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    bool is_there = false;
    for (int i = 0; i < TRIES && !is_there; i++) {
        if (i)
            (void)nanosleep(&pause, NULL);
        TRY(ask_once(c, request, k, &is_there));
    }
    if (!is_there)
        REFUSE(BUSY, "", "erased and on record (request %.*s), but the log was not signed since",
               STR_FMT(request));
    return OK;
}

/* ---- erase */

/* The person named, or --case of --tenant; k->name is how the log names it. */
static fallible
read_whom(struct cli *c, const struct args *a, struct certificate *k, buf *path)
{
    const str name = args_str(a, "case"), given = args_str(a, "tenant");
    const str tenant = given.len ? given : STR("default");
    k->is_case = name.len != 0;
    if (k->is_case == (a->count != 0))
        REFUSE(ARGUMENT, "", "erase wants a person, or a case with --case, and one of them");
    if (given.len && !k->is_case)
        REFUSE(ARGUMENT, "tenant", "--tenant goes with --case");
    k->name = k->is_case ? arena_fmt(c->a, "%.*s:%.*s", STR_FMT(tenant), STR_FMT(name)) : a->at[0];
    buf_add(path, k->is_case ? STR("/admin/v1/cases/") : STR("/admin/v1/persons/"));
    percent_put(path, k->is_case ? name : k->name);
    buf_add(path, STR("/erase"));
    if (k->is_case)
        query_put(path, "tenant", tenant);
    return buf_end(path);
}

static fallible
have_erased(struct cli *c, const buf *path, jval *ret)
{
    const struct remote_call q = REMOTE_CALL("POST", buf_str(path));
    return remote_json(c, &q, ret);
}

static fallible
tell(struct cli *c, const jval *done, const char *out, str certificate)
{
    AUTO(buf) b = BUF(2 * CERTIFICATE_MAX);
    if (out)
        TRY(file_write_atomic(out, certificate, 0600));
    if (c->json) {
        json_open(&b, '{');
        json_key(&b, "erased");
        json_put_value(&b, done);
        json_member_str(&b, "certificate", certificate);
        json_close(&b, '}');
        return cli_put_json(c, &b);
    }
    if (!out)
        (void)fwrite(certificate.at, 1, certificate.len, c->out);
    cli_note(c, "Erased: %llu keys, %llu things, %llu bytes.",
             (unsigned long long)cli_number(done, "keys"),
             (unsigned long long)cli_number(done, "things"),
             (unsigned long long)cli_number(done, "bytes"));
    return OK;
}

fallible
cmd_erase(struct cli *c, const struct args *a)
{
    AUTO(secret) seal = {0};
    AUTO(buf) b = BUF(CERTIFICATE_MAX);
    AUTO(buf) path = BUF(1024);
    struct note_key log_key, seal_key;
    struct certificate k = {.leaf = 0};
    jval done;
    TRY(read_whom(c, a, &k, &path));
    TRY(evidence_find_key(c, a, "log-key", file_join(c->a, c->data_dir, "keys/log.key"), &log_key));
    TRY(evidence_find_seal(c, a, &seal, &seal_key));
    TRY(have_erased(c, &path, &done));
    TRY(await_proof(c, cli_text(c, &done, "request"), &k));
    TRY(certificate_judge(c->a, &log_key, &k));
    TRY(certificate_put(&b, &k, &seal_key, &seal));
    return tell(c, &done, args_value(a, "out"), buf_str(&b));
}

/* ---- check one */

fallible
cmd_evidence_certificate(struct cli *c, const struct args *a)
{
    AUTO(buf) b = BUF(64 * 1024);
    struct note_key log_key, seal_key;
    struct certificate k;
    str bytes;
    const char *const keys = file_join(c->a, c->data_dir, "keys");
    TRY(evidence_find_key(c, a, "log-key", file_join(c->a, keys, "log.key"), &log_key));
    TRY(evidence_find_key(c, a, "seal-key", file_join(c->a, keys, "evidence.key"), &seal_key));
    TRY(file_read(c->a, arena_str(c->a, a->at[0]).at, CERTIFICATE_MAX, &bytes));
    TRY(certificate_read(c->a, bytes, &log_key, &seal_key, &k));
    if (!c->json) {
        show_styled(c->out, c->colored, STYLE_GREEN, STR("good"));
        (void)fprintf(c->out, ": %s%.*s was erased at %.*s: %.*s (entry %llu of %llu)\n",
                      k.is_case ? "the case " : "", STR_FMT(k.name), STR_FMT(k.time),
                      STR_FMT(k.why), (unsigned long long)k.leaf, (unsigned long long)k.head.size);
        return OK;
    }
    json_open(&b, '{');
    json_member_bool(&b, "good", true);
    json_member_str(&b, k.is_case ? "case" : "person", k.name);
    json_member_str(&b, "time", k.time);
    json_member_str(&b, "why", k.why);
    json_member_u64(&b, "leaf", k.leaf);
    json_member_u64(&b, "size", k.head.size);
    json_close(&b, '}');
    return cli_put_json(c, &b);
}
