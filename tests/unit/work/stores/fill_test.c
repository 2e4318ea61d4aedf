/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/work/stores/nook.h"

static size_t
hits(str store, const char *query)
{
    const struct stores_found *f;
    const struct stores_ask q = {.ids = &store, .id_count = 1, .query = str_of(query), .most = 10};
    CHECK_OK(nook_search(&nook.high, &q, &f));
    return f ? f->count : 999;
}

TEST(what_was_put_in_is_found_and_says_so)
{
    struct kept k;
    nook_open();
    const str store = nook_store("offen");
    const struct kept row = nook_file(store, "file-1", "offen", "# Hund\n\nSteuer 96 Euro.\n");
    const struct keep_name n = {.kind = OBJECT_STORE_FILE, .id = row.head.id};
    NEED_OK(keep_resume(&nook.high.call, &n, &k));
    CHECK_STR(k.head.state, STR("completed"));
    CHECK_INT(hits(store, "Steuer"), ==, 1);
    nook_close();
}

TEST(what_is_no_text_is_said_to_have_failed_and_spoils_nothing)
{
    struct store_file f;
    nook_open();
    const str store = nook_store("offen");
    struct kept bad = nook_row(store, "file-1", "offen", "{}");
    NEED_OK(stores_fill(&nook.stores, nook.rig.a, &bad, STR("\xff\xfe\x00")));
    CHECK_STR(bad.head.state, STR("failed"));
    NEED_OK(store_file_load(nook.rig.a, bad.meta, &f));
    CHECK_STR(f.code, STR("unsupported_file"));
    CHECK_INT(f.bytes, ==, 0);
    nook_file(store, "file-2", "offen", "# Hund\n\nSteuer.\n");
    CHECK_INT(hits(store, "Steuer"), ==, 1);
    nook_close();
}

/* ---- of forms that are read in a cell */
static unsigned filled;
static err filled_with;

static void
on_filled(void *ctx, err e)
{
    (void)ctx;
    filled++;
    filled_with = e;
}

static struct kept
pdf_row(str store, const char *file)
{
    struct kept row = nook_row(store, file, "offen", "{}");
    struct store_file f;
    CHECK_OK(store_file_load(nook.rig.a, row.meta, &f));
    f.name = STR("satzung.pdf");
    CHECK_OK(store_file_save(nook.rig.a, &f, &row.meta));
    filled = 0;
    return row;
}

static struct stores_filling
filling_of(arena *a, struct kept *row)
{
    return (struct stores_filling){.s = &nook.stores, .a = a, .row = row, .done = on_filled};
}

TEST(a_file_that_holds_no_plain_text_is_read_in_a_cell_and_found)
{
    enum doc_form form;
    nook_open();
    nook.rig.readers.says = "# Hund\n\nSteuer 96 Euro.\n";
    const str store = nook_store("offen");
    struct kept row = pdf_row(store, "file-1");
    struct stores_filling f = filling_of(nook.rig.a, &row);
    NEED_OK(stores_form(nook.rig.a, &row, &form));
    CHECK_INT(form, ==, DOC_PDF);
    NEED_OK(stores_fill_read(&f, STR("%PDF-1.4")));
    CHECK_INT(filled, ==, 0);
    RIG_UNTIL(&nook.rig, filled);
    CHECK_INT(filled_with.code, ==, 0);
    CHECK_STR(row.head.state, STR("completed"));
    CHECK_INT(hits(store, "Steuer"), ==, 1);
    nook_close();
}

TEST(one_that_cannot_be_read_fails_with_a_sentence_and_spoils_nothing)
{
    struct store_file told;
    nook_open();
    nook.rig.readers.says = "! is damaged";
    const str store = nook_store("offen");
    struct kept row = pdf_row(store, "file-1");
    struct stores_filling f = filling_of(nook.rig.a, &row);
    NEED_OK(stores_fill_read(&f, STR("%PDF-1.4")));
    RIG_UNTIL(&nook.rig, filled);
    CHECK_INT(filled_with.code, ==, 0);
    CHECK_STR(row.head.state, STR("failed"));
    NEED_OK(store_file_load(nook.rig.a, row.meta, &told));
    CHECK_STR(told.message, STR("the file is damaged"));
    CHECK_STR(told.code, STR("unsupported_file"));
    nook_file(store, "file-2", "offen", "# Hund\n\nSteuer.\n");
    CHECK_INT(hits(store, "Steuer"), ==, 1);
    nook_close();
}

TEST(who_goes_away_while_a_file_is_read_is_told_nothing)
{
    arena *a = NULL;
    nook_open();
    struct kept row = pdf_row(nook_store("offen"), "file-1");
    NEED_OK(arena_open(1 << 20, &a));
    struct stores_filling f = filling_of(a, &row);
    NEED_OK(stores_fill_read(&f, STR("%PDF-1.4")));
    RIG_UNTIL(&nook.rig, nook.rig.readers.starts);
    arena_free(a);
    RIG_UNTIL(&nook.rig, nook.rig.readers.stops);
    CHECK_INT(filled, ==, 0);
    CHECK_STR(row.head.state, STR("in_progress"));
    nook_close();
}

TEST(what_is_taken_out_is_found_no_more_and_twice_is_no_failure)
{
    nook_open();
    const str store = nook_store("offen");
    const struct kept row = nook_file(store, "file-1", "VS-NfD", "# Hund\n\nSteuer.\n");
    nook_file(store, "file-2", "offen", "# Katze\n\nSteuer.\n");
    NEED_OK(keep_drop(nook.rig.gate, &row));
    CHECK_INT(hits(store, "Hund Steuer"), ==, 1); /* the row is what counts */
    CHECK_OK(stores_take_out(&nook.stores, &row));
    CHECK_OK(stores_take_out(&nook.stores, &row));
    CHECK_INT(hits(store, "Hund Steuer"), ==, 1);
    nook_close();
}

TEST(a_file_that_is_removed_leaves_every_store_of_its_key)
{
    struct kept k;
    nook_open();
    const str a = nook_store("offen"), b = nook_store("offen");
    nook_file(a, "file-1", "offen", "# Hund\n\nSteuer.\n");
    nook_file(b, "file-1", "offen", "# Hund\n\nSteuer.\n");
    nook_file(b, "file-11", "offen", "# Katze\n\nSteuer.\n");
    NEED_OK(stores_forget(&nook.stores, &nook.high.call, STR("file-1")));
    const struct keep_name n = {.kind = OBJECT_STORE_FILE,
                                .id = stores_row(nook.rig.a, a, STR("file-1"))};
    CHECK_ERR(keep_resume(&nook.high.call, &n, &k), NOT_FOUND);
    CHECK_INT(hits(a, "Steuer"), ==, 0);
    CHECK_INT(hits(b, "Steuer"), ==, 1);
    CHECK_OK(stores_forget(&nook.stores, &nook.high.call, STR("file-nix")));
    nook_close();
}

TEST(a_store_that_is_dropped_is_gone_and_one_that_never_was_is_no_failure)
{
    know *k;
    nook_open();
    const str store = nook_store("offen");
    nook_file(store, "file-1", "offen", "# Hund\n\nSteuer.\n");
    CHECK_OK(stores_drop(&nook.stores, store));
    CHECK_ERR(library_find(nook.stores.own, store, &k), NOT_FOUND);
    CHECK_OK(stores_drop(&nook.stores, store));
    CHECK_OK(stores_drop(&nook.stores, STR("vs_nie")));
    nook_close();
}

TEST(whatever_fails_on_the_way_leaves_a_row_that_does_not_claim_to_be_done)
{
    nook_open();
    const str store = nook_store("offen");
    for (long n = 1; n < 4000; n++) {
        struct kept row = nook_row(store, "file-1", "offen", "{}"), k;
        const struct keep_name name = {.kind = OBJECT_STORE_FILE, .id = row.head.id};
        fault_arm(n);
        const err e = stores_fill(&nook.stores, nook.rig.a, &row, STR("# Hund\n\nSteuer.\n"));
        const bool fired = fault_fired();
        fault_arm(0);
        NEED_OK(keep_resume(&nook.high.call, &name, &k));
        if (e.code)
            CHECK_STR(k.head.state, STR("in_progress"));
        NEED_OK(keep_drop(nook.rig.gate, &k));
        CHECK_OK(stores_drop(&nook.stores, store));
        if (!fired)
            break;
        n += n / 16; /* every one at first, then some */
    }
    nook_close();
}
