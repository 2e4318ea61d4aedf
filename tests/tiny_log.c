/* SPDX-License-Identifier: EUPL-1.2 */
/* tiny_log DIR SIZE [EVERY [BYTES [BELOW]]] - makes a signed log of SIZE entries in DIR, with a
 * checkpoint after every EVERY entries (0: at the end only), for flows and foreign judges.  Entries
 * have about BYTES bytes.  With BELOW, a multiple of 256, what lies below that entry is pruned, but
 * for every hundredth, which is held; the last entry says so.  The seed of its key is 32 times the
 * byte 7; the key is printed and written to DIR/key. */
#include <stdio.h>
#include <stdlib.h>

#include "audit/edge.h"
#include "audit/past.h"
#include "audit/retain/floor.h"
#include "base/num.h"

static struct {
    struct edge edge;
    struct note_key key;
    secret half;
    const char *dir;
    uint64_t size, every, bytes, below;
    buf held;
} app = {.bytes = 64, .held = {.limit = 1 << 24}};

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
    static const char *const front = "\"time\":\"2026-03-01T12:00:00.000Z\",\"event\":";
    int n = snprintf(entry, sizeof entry, "{\"seq\":%llu,", (unsigned long long)i + 1);
    if (app.below && i + 1 == app.size)
        n += snprintf(entry + n, sizeof entry - (size_t)n, "%s\"log.prune\",\"object\":\"%llu\",",
                      front, (unsigned long long)app.below);
    else if (app.below)
        n += snprintf(entry + n, sizeof entry - (size_t)n, "%s\"decision\",", front);
    n += snprintf(entry + n, sizeof entry - (size_t)n, "\"request\":\"req_%llu\",\"fill\":\"",
                  (unsigned long long)i / 2);
    for (; (uint64_t)n + 2 < app.bytes; n++)
        entry[n] = (char)('a' + (i + (uint64_t)n) % 26);
    n += snprintf(entry + n, sizeof entry - (size_t)n, "\"}");
    if (i < app.below && i % 100 == 7)
        buf_add_fmt(&app.held, "%s\n", entry);
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
prune(void)
{
    char path[4096], name[TILE_PATH_MAX];
    const struct floor f = {app.below, app.size - 1, 1};
    for (uint64_t i = 0; i < app.below / TILE_WIDTH; i++) {
        tile_path((struct tile_id){TILE_ENTRIES, i, TILE_WIDTH}, name);
        snprintf(path, sizeof path, "%s/%s", app.dir, name);
        TRY(file_remove(path));
    }
    snprintf(path, sizeof path, "%s/held", app.dir);
    TRY(buf_end(&app.held));
    TRY(file_write_atomic(path, buf_str(&app.held), 0600));
    return floor_write(app.dir, &f);
}

static fallible
run(int argc, char **argv)
{
    if (argc < 3 || argc > 6)
        FAIL(ARGUMENT, "usage: tiny_log DIR SIZE [EVERY [BYTES [BELOW]]]");
    app.dir = argv[1];
    TRY(num_u64(str_of(argv[2]), 0, UINT32_MAX, &app.size));
    if (argc > 3)
        TRY(num_u64(str_of(argv[3]), 0, UINT32_MAX, &app.every));
    if (argc > 4)
        TRY(num_u64(str_of(argv[4]), 0, 60000, &app.bytes));
    if (argc > 5)
        TRY(num_u64(str_of(argv[5]), 0, app.size - 1, &app.below));
    TRY(file_make_dir(app.dir, 0700));
    TRY(make_key());
    TRY(edge_open(&app.edge, app.dir, 0, 0));
    while (app.edge.tree.size < app.size) {
        TRY(add(app.edge.tree.size));
        if (app.every && app.edge.tree.size % app.every == 0 && app.edge.tree.size < app.size)
            TRY(sign());
    }
    TRY(sign());
    return app.below ? prune() : OK;
}

int
main(int argc, char **argv)
{
    const err e = run(argc, argv);
    if (e.code)
        fprintf(stderr, "tiny_log: %s\n", err_trail());
    edge_done(&app.edge);
    buf_done(&app.held);
    secret_done(&app.half);
    return err_info(e)->exit_status;
}
