/* SPDX-License-Identifier: EUPL-1.2 */
/* tiny_log DIR SIZE [EVERY [BYTES]] - makes a signed log of SIZE entries in DIR, with a checkpoint
 * after every EVERY entries (0: at the end only), for flows and foreign judges.  Entries have about
 * BYTES bytes.  The seed of its key is 32 times the byte 7; the key is printed and written to
 * DIR/key. */
#include <stdio.h>
#include <stdlib.h>

#include "audit/edge.h"
#include "audit/past.h"
#include "base/num.h"

static struct {
    struct edge edge;
    struct note_key key;
    secret half;
    const char *dir;
    uint64_t size, every, bytes;
} app = {.bytes = 64};

static fallible
make_key(void)
{
    AUTO(secret) seed = {0};
    AUTO(buf) text = BUF(1024);
    char path[4096];
    sign_public p;
    TRY(secret_get(&seed, SIGN_SEED_LEN));
    memset(seed.at, 7, seed.len);
    TRY(sign_pair(&seed, &app.half, &p));
    TRY(note_key_make(STR("hoheit/test"), NOTE_ED25519, &p, &app.key));
    note_key_put(&text, &app.key);
    buf_add_char(&text, '\n');
    printf("%.*s", STR_FMT(buf_str(&text)));
    snprintf(path, sizeof path, "%s/key", app.dir);
    return file_write_atomic(path, buf_str(&text), 0600);
}

static fallible
add(uint64_t i)
{
    char entry[65536];
    int n = snprintf(entry, sizeof entry, "{\"seq\":%llu,\"request\":\"req_%llu\",\"fill\":\"",
                     (unsigned long long)i + 1, (unsigned long long)i / 2);
    for (; (uint64_t)n + 2 < app.bytes; n++)
        entry[n] = (char)('a' + (i + (uint64_t)n) % 26);
    n += snprintf(entry + n, sizeof entry - (size_t)n, "\"}");
    return edge_add(&app.edge, (str){entry, (size_t)n});
}

static fallible
sign(void)
{
    AUTO(buf) text = BUF(1024);
    AUTO(buf) note = BUF(2048);
    char path[4096];
    const struct tree_head h = merkle_head(&app.edge.tree);
    TRY(edge_write(&app.edge));
    checkpoint_put(&text, str_of(app.key.name), &h);
    buf_add(&note, buf_str(&text));
    buf_add_char(&note, '\n');
    TRY(note_sign(&note, &app.key, &app.half, buf_str(&text), 0));
    snprintf(path, sizeof path, "%s/checkpoint", app.dir);
    TRY(file_write_atomic(path, buf_str(&note), 0600));
    return past_add(app.dir, buf_str(&note));
}

static fallible
run(int argc, char **argv)
{
    if (argc < 3 || argc > 5)
        FAIL(ARGUMENT, "usage: tiny_log DIR SIZE [EVERY [BYTES]]");
    app.dir = argv[1];
    TRY(num_u64(str_of(argv[2]), 0, UINT32_MAX, &app.size));
    if (argc > 3)
        TRY(num_u64(str_of(argv[3]), 0, UINT32_MAX, &app.every));
    if (argc > 4)
        TRY(num_u64(str_of(argv[4]), 0, 60000, &app.bytes));
    TRY(file_make_dir(app.dir, 0700));
    TRY(make_key());
    TRY(edge_open(&app.edge, app.dir, 0, 0));
    while (app.edge.tree.size < app.size) {
        TRY(add(app.edge.tree.size));
        if (app.every && app.edge.tree.size % app.every == 0 && app.edge.tree.size < app.size)
            TRY(sign());
    }
    return sign();
}

int
main(int argc, char **argv)
{
    const err e = run(argc, argv);
    if (e.code)
        fprintf(stderr, "tiny_log: %s\n", err_trail());
    edge_done(&app.edge);
    secret_done(&app.half);
    return err_info(e)->exit_status;
}
