/* SPDX-License-Identifier: EUPL-1.2 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rig.h"

static know *
open_fresh(struct rig *r, const char **ret_dir)
{
    AUTO(secret) key = rig_key();
    know *k = NULL;
    *ret_dir = rig_dir(r, "know");
    CHECK_OK(know_create(*ret_dir, &key));
    CHECK_OK(know_open(*ret_dir, &key, &k));
    return k;
}

static know *
open_again(const char *dir)
{
    AUTO(secret) key = rig_key();
    know *k = NULL;
    CHECK_OK(know_open(dir, &key, &k));
    return k;
}

static size_t
count_docs(struct rig *r, know *k)
{
    struct know_stat s = {0};
    CHECK_OK(know_stat(k, rig_grant(r, "VS-NfD//A,B"), &s));
    return s.documents;
}

static enum know_change
add(struct rig *r, know *k, const char *name, const char *text)
{
    enum know_change change = KNOW_SAME;
    const struct know_source s = {.name = str_of(name), .form = DOC_MARKDOWN};
    CHECK_OK(
        know_add(k, rig_grant(r, "intern"), &s, content_of(str_of(text), LABEL_BOTTOM), &change));
    return change;
}

TEST(what_is_committed_is_there_after_reopening_and_what_is_not_is_not)
{
    RIG(r);
    const char *dir;
    know *k = open_fresh(&r, &dir);
    CHECK_INT(add(&r, k, "a", "# A\n\nMiete\n"), ==, KNOW_ADDED);
    CHECK(know_staged(k) > 0);
    CHECK_OK(know_commit(k));
    CHECK_INT(know_staged(k), ==, 0);
    CHECK_INT(add(&r, k, "b", "# B\n\nHund\n"), ==, KNOW_ADDED);
    know_close(k);
    k = open_again(dir);
    CHECK_INT(count_docs(&r, k), ==, 1);
    know_close(k);
}

TEST(the_same_bytes_again_change_nothing_and_other_bytes_replace)
{
    RIG(r);
    const char *dir;
    know *const k = open_fresh(&r, &dir);
    (void)add(&r, k, "a", "# A\n\nMiete\n");
    CHECK_OK(know_commit(k));
    CHECK_INT(add(&r, k, "a", "# A\n\nMiete\n"), ==, KNOW_SAME);
    CHECK_INT(add(&r, k, "a", "# A\n\nHund\n"), ==, KNOW_REPLACED);
    CHECK_INT(add(&r, k, "a", "# A\n\nKatze\n"), ==, KNOW_REPLACED);
    CHECK_OK(know_commit(k));
    CHECK_INT(count_docs(&r, k), ==, 1);
    const grant *const g = rig_grant(&r, "offen");
    CHECK(str_find(rig_answer(&r, k, g, "Katze"), STR("Katze")) > 0);
    CHECK(str_find(rig_answer(&r, k, g, "Miete"), STR("Miete")) < 0);
    know_close(k);
}

TEST(many_commits_are_merged_and_nothing_is_lost)
{
    RIG(r);
    const char *dir;
    know *k = open_fresh(&r, &dir);
    struct know_stat s;
    for (int i = 0; i < 30; i++) {
        (void)add(&r, k, arena_fmt(r.a, "d%d", i).at,
                  arena_fmt(r.a, "# D\n\nWort%d Miete\n", i).at);
        CHECK_OK(know_commit(k));
    }
    CHECK_OK(know_stat(k, rig_grant(&r, "offen"), &s));
    CHECK_INT(s.documents, ==, 30);
    CHECK_INT(s.segments, <=, 9);
    for (int i = 0; i < 30; i += 2)
        CHECK_OK(know_remove(k, rig_grant(&r, "offen"), arena_fmt(r.a, "d%d", i)));
    CHECK_OK(know_commit(k));
    know_close(k);
    k = open_again(dir);
    CHECK_INT(count_docs(&r, k), ==, 15);
    know_close(k);
}

TEST(removing_takes_a_grant_that_covers_and_tells_nothing_otherwise)
{
    RIG(r);
    const char *dir;
    know *const k = open_fresh(&r, &dir);
    rig_add(&r, k, "plan", "VS-NfD", "# P\n\nGeheim\n");
    CHECK_OK(know_commit(k));
    CHECK_ERR(know_remove(k, rig_grant(&r, "intern"), STR("plan")), NOT_FOUND);
    const char *const there = err_trail();
    char kept[512];
    (void)snprintf(kept, sizeof kept, "%s", there);
    CHECK_ERR(know_remove(k, rig_grant(&r, "intern"), STR("nichts")), NOT_FOUND);
    CHECK_STR(str_of(err_trail()), str_of(kept));
    CHECK_INT(count_docs(&r, k), ==, 1);
    CHECK_OK(know_remove(k, rig_grant(&r, "VS-NfD"), STR("plan")));
    CHECK_OK(know_commit(k));
    CHECK_INT(count_docs(&r, k), ==, 0);
    know_close(k);
}

TEST(adding_above_ones_clearance_is_denied)
{
    RIG(r);
    const char *dir;
    know *const k = open_fresh(&r, &dir);
    enum know_change change;
    const struct know_source s = {.name = STR("a")};
    CHECK_ERR(know_add(k, rig_grant(&r, "intern"), &s,
                       content_of(STR("x"), rig_label(&r, "VS-NfD")), &change),
              DENIED);
    CHECK_INT(know_staged(k), ==, 0);
    know_close(k);
}

TEST(what_is_no_text_is_refused_and_nothing_is_staged)
{
    RIG(r);
    const char *dir;
    know *const k = open_fresh(&r, &dir);
    enum know_change change;
    const struct know_source s = {.name = STR("a")}, nameless = {0};
    CHECK_ERR(
        know_add(k, rig_grant(&r, "intern"), &s, content_of(STR("\xff"), LABEL_BOTTOM), &change),
        PARSE);
    CHECK_ERR(know_add(k, rig_grant(&r, "intern"), &nameless, content_of(STR("x"), LABEL_BOTTOM),
                       &change),
              ARGUMENT);
    CHECK_OK(know_commit(k));
    CHECK_INT(count_docs(&r, k), ==, 0);
    know_close(k);
}

/* At every call that can fail: the old collection or the new one, whole. */
TEST(each_fault_leaves_the_old_or_the_new_collection)
{
    RIG(r);
    for (long n = 1;; n++) {
        const char *dir;
        know *k = open_fresh(&r, &dir);
        (void)add(&r, k, "a", "# A\n\nalt\n");
        CHECK_OK(know_commit(k));
        (void)add(&r, k, "a", "# A\n\nneu\n");
        (void)add(&r, k, "b", "# B\n\nneu\n");
        fault_arm(n);
        const err e = know_commit(k);
        const bool fired = fault_fired();
        fault_arm(0);
        know_close(k);
        k = open_again(dir);
        NEED(k);
        const size_t docs = count_docs(&r, k);
        CHECK(docs == 1 || docs == 2);
        CHECK(e.code || docs == 2);
        const str now = rig_answer(&r, k, rig_grant(&r, "offen"), docs == 1 ? "alt" : "neu");
        CHECK(str_find(now, docs == 1 ? STR("alt") : STR("neu")) > 0);
        know_close(k);
        if (!fired)
            break;
        NEED(n < 5000);
        arena_reset(r.a);
    }
}

static void
write_until_killed(const char *dir)
{
    know *const k = open_again(dir);
    RIG(r);
    for (int i = 0; i < 100000; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "# A\n\nStand %d\n", i);
        (void)add(&r, k, "a", text);
        (void)add(&r, k, "b", text);
        if (know_commit(k).code)
            _exit(1);
        arena_reset(r.a);
    }
    _exit(0);
}

TEST(kill_at_any_moment_leaves_both_documents_of_one_commit)
{
    RIG(r);
    const char *dir;
    know *k = open_fresh(&r, &dir);
    (void)add(&r, k, "a", "# A\n\nStand 0\n");
    (void)add(&r, k, "b", "# A\n\nStand 0\n");
    CHECK_OK(know_commit(k));
    know_close(k);
    for (int round = 0; round < 25; round++) {
        const pid_t child = fork();
        NEED(child >= 0);
        if (child == 0)
            write_until_killed(dir);
        (void)usleep((useconds_t)(test_random() % 20000));
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        k = open_again(dir);
        NEED(k);
        CHECK_INT(count_docs(&r, k), ==, 2);
        const str s = rig_answer(&r, k, rig_grant(&r, "offen"), "Stand");
        const ptrdiff_t first = str_find(s, STR("\nStand ")), at = str_find(s, STR("|Stand "));
        (void)first;
        NEED(at > 0);
        const str mark = str_slice(s, (size_t)at, (size_t)at + 8);
        const ptrdiff_t again = str_find(str_slice(s, (size_t)at + 1, s.len), mark);
        CHECK(again > 0);
        know_close(k);
    }
}

struct listed {
    char text[400];
};

static err
note_listed(void *ctx, const struct know_listed *d)
{
    struct listed *const l = ctx;
    const size_t len = strlen(l->text);
    (void)snprintf(l->text + len, sizeof l->text - len, "%.*s(%.*s %u-%u) ", STR_FMT(d->name),
                   STR_FMT(d->origin), d->valid_from, d->valid_to);
    return OK;
}

TEST(documents_are_listed_with_where_they_came_from_and_when_they_are_valid)
{
    RIG(r);
    const char *dir;
    know *k = open_fresh(&r, &dir);
    enum know_change change;
    struct listed below = {0}, all = {0};
    const struct know_source s = {.name = STR("a"),
                                  .form = DOC_MARKDOWN,
                                  .origin = STR("/satzungen"),
                                  .valid_from = 20260101,
                                  .valid_to = 20261231};
    const grant *const g = rig_grant(&r, "VS-NfD");
    CHECK_OK(know_add(k, g, &s, content_of(STR("# A\n\nx\n"), LABEL_BOTTOM), &change));
    rig_add(&r, k, "geheim", "VS-NfD", "# G\n\ny\n");
    CHECK_OK(know_commit(k));
    (void)add(&r, k, "b", "# B\n\nz\n"); /* the first is carried over into a new segment */
    CHECK_OK(know_remove(k, g, STR("b")));
    CHECK_OK(know_commit(k));
    know_close(k);
    k = open_again(dir);
    NEED(k);
    CHECK_OK(know_list(k, rig_grant(&r, "intern"), note_listed, &below));
    CHECK_STR(str_of(below.text), STR("a(/satzungen 20260101-20261231) "));
    CHECK_OK(know_list(k, g, note_listed, &all));
    CHECK(strlen(all.text) > strlen(below.text));
    know_close(k);
}

TEST(a_document_is_the_same_by_what_it_was_made_of)
{
    RIG(r);
    const char *dir;
    know *const k = open_fresh(&r, &dir);
    enum know_change change;
    bool is_same = true;
    struct know_source s = {.name = STR("a"), .form = DOC_MARKDOWN, .original = STR("PK-bytes")};
    const grant *const g = rig_grant(&r, "offen");
    const content text = content_of(STR("# A\n\nx\n"), LABEL_BOTTOM),
                  other = content_of(STR("# B\n"), LABEL_BOTTOM);
    CHECK_OK(know_is_same(k, g, &s, text, &is_same));
    CHECK(!is_same);
    CHECK_OK(know_add(k, g, &s, text, &change));
    CHECK_OK(know_commit(k));
    CHECK_OK(know_is_same(k, g, &s, other, &is_same));
    CHECK(is_same);
    CHECK_OK(know_add(k, g, &s, other, &change));
    CHECK_INT(change, ==, KNOW_SAME);
    s.original = STR("other bytes");
    CHECK_OK(know_is_same(k, g, &s, text, &is_same));
    CHECK(!is_same);
    s.original = STR("PK-bytes");
    s.valid_to = 20261231;
    CHECK_OK(know_is_same(k, g, &s, text, &is_same));
    CHECK(!is_same);
    know_close(k);
}

TEST(a_removal_may_be_of_one_label_alone)
{
    RIG(r);
    const char *dir;
    know *const k = open_fresh(&r, &dir);
    const grant *const g = rig_grant(&r, "VS-NfD");
    rig_add(&r, k, "a", "offen", "# A\n\noffen\n");
    rig_add(&r, k, "a", "intern", "# A\n\nintern\n");
    CHECK_OK(know_commit(k));
    CHECK_OK(know_remove_of(k, g, rig_label(&r, "intern"), STR("a")));
    CHECK_ERR(know_remove_of(k, g, rig_label(&r, "intern"), STR("a")), NOT_FOUND);
    CHECK_ERR(know_remove_of(k, rig_grant(&r, "offen"), rig_label(&r, "intern"), STR("a")),
              NOT_FOUND);
    CHECK_OK(know_commit(k));
    CHECK_INT(count_docs(&r, k), ==, 1);
    know_close(k);
}
