/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/shelf.h"

#include <dirent.h>

#include "os/file.h"
#include "rig.h"

static size_t
count_files(const char *dir)
{
    size_t n = 0;
    DIR *const d = opendir(dir);
    for (const struct dirent *at; d && (at = readdir(d));)
        n += at->d_name[0] != '.';
    if (d)
        (void)closedir(d);
    return n;
}

/* A collection with one file of `text`, opened. */
static shelf *
fresh(struct rig *r, const char *dir, struct manifest *m, const char *text)
{
    AUTO(secret) key = rig_key();
    shelf *s = NULL;
    struct part p = {.documents = 1, .units = 2, .label = rig_label(r, "intern//A")};
    CHECK_OK(shelf_create(dir, &key));
    CHECK_OK(shelf_open(dir, &key, &s));
    CHECK_OK(shelf_list(s, r->a, m));
    CHECK_OK(shelf_put(s, "seg_", p.label, str_of(text), p.name));
    CHECK_OK(VEC_ADD(r->a, &m->parts, &p));
    m->generation++;
    CHECK_OK(shelf_replace(s, m));
    return s;
}

TEST(what_is_put_is_got_again_and_the_list_names_it)
{
    RIG(r);
    struct manifest m, again;
    AUTO(buf) b = BUF(1 << 16);
    AUTO(shelf) *s = fresh(&r, rig_dir(&r, "shelf"), &m, "geheim");
    NEED_OK(shelf_list(s, r.a, &again));
    NEED(again.parts.count == 1);
    CHECK_INT(again.generation, ==, 2);
    CHECK(label_eq(again.parts.at[0].label, rig_label(&r, "intern//A")));
    CHECK_OK(shelf_get(s, again.parts.at[0].name, again.parts.at[0].label, &b));
    CHECK_STR(buf_str(&b), STR("geheim"));
}

TEST(another_label_or_key_opens_nothing)
{
    RIG(r);
    struct manifest m;
    AUTO(buf) b = BUF(1 << 16);
    AUTO(secret) key = rig_key();
    const char *const dir = rig_dir(&r, "shelf");
    AUTO(shelf) *s = fresh(&r, dir, &m, "geheim"), *other = NULL;
    CHECK_ERR(shelf_get(s, m.parts.at[0].name, rig_label(&r, "intern"), &b), CORRUPT);
    key.at[0] ^= 1;
    CHECK_ERR(shelf_open(dir, &key, &other), CORRUPT);
    CHECK_INT(b.len, ==, 0);
}

TEST(a_file_cannot_stand_in_for_another)
{
    RIG(r);
    struct manifest m;
    AUTO(buf) b = BUF(1 << 16);
    const char *const dir = rig_dir(&r, "shelf");
    AUTO(shelf) *s = fresh(&r, dir, &m, "alt");
    struct part p = m.parts.at[0];
    NEED_OK(shelf_put(s, "seg_", p.label, STR("neu"), p.name));
    NEED(rename(file_join(r.a, dir, m.parts.at[0].name), file_join(r.a, dir, p.name)) == 0);
    CHECK_ERR(shelf_get(s, p.name, p.label, &b), CORRUPT);
    CHECK_ERR(shelf_get(s, m.parts.at[0].name, p.label, &b), NOT_FOUND);
}

TEST(the_sealed_file_does_not_show_its_text)
{
    RIG(r);
    struct manifest m;
    const char *const dir = rig_dir(&r, "shelf");
    AUTO(shelf) *s = fresh(&r, dir, &m, "dies ist streng vertraulich");
    CHECK(s != NULL);
    str bytes;
    NEED_OK(file_read(r.a, file_join(r.a, dir, m.parts.at[0].name), 1 << 20, &bytes));
    CHECK(str_find(bytes, STR("vertraulich")) < 0);
    NEED_OK(file_read(r.a, file_join(r.a, dir, "manifest"), 1 << 20, &bytes));
    CHECK(str_find(bytes, STR("seg_")) < 0);
}

TEST(a_second_collection_in_the_same_place_is_refused)
{
    RIG(r);
    struct manifest m;
    AUTO(secret) key = rig_key();
    const char *const dir = rig_dir(&r, "shelf");
    AUTO(shelf) *s = fresh(&r, dir, &m, "x");
    CHECK(s != NULL);
    CHECK_ERR(shelf_create(dir, &key), CONFLICT);
}

TEST(no_collection_is_not_found)
{
    RIG(r);
    AUTO(secret) key = rig_key();
    AUTO(shelf) *s = NULL;
    CHECK_ERR(shelf_open("/nonexistent/wissen", &key, &s), NOT_FOUND);
    CHECK(!s);
}

TEST(only_one_writes)
{
    RIG(r);
    struct manifest m;
    AUTO(secret) key = rig_key();
    const char *const dir = rig_dir(&r, "shelf");
    AUTO(shelf) *s = fresh(&r, dir, &m, "x"), *other = NULL;
    NEED_OK(shelf_open(dir, &key, &other));
    CHECK_OK(shelf_lock(s));
    CHECK_OK(shelf_lock(s));
    CHECK_ERR(shelf_lock(other), BUSY);
}

TEST(what_no_list_names_is_swept_and_nothing_else)
{
    RIG(r);
    struct manifest m;
    const char *const dir = rig_dir(&r, "shelf");
    AUTO(shelf) *s = fresh(&r, dir, &m, "x");
    char name[SHELF_NAME_MAX];
    NEED_OK(file_write_atomic(file_join(r.a, dir, "key"), STR("k"), 0600));
    NEED_OK(shelf_put(s, "seg_", LABEL_BOTTOM, STR("übrig"), name));
    NEED_OK(shelf_put(s, "vec_", LABEL_BOTTOM, STR("übrig"), name));
    CHECK_INT(count_files(dir), ==, 5);
    CHECK_OK(shelf_sweep(s, &m));
    CHECK_INT(count_files(dir), ==, 3);
}

TEST(a_torn_or_changed_file_is_refused)
{
    RIG(r);
    struct manifest m;
    AUTO(secret) key = rig_key();
    const char *const dir = rig_dir(&r, "shelf");
    AUTO(shelf) *s = fresh(&r, dir, &m, "x"), *other = NULL;
    CHECK(s != NULL);
    const char *const path = file_join(r.a, dir, "manifest");
    str bytes;
    NEED_OK(file_read(r.a, path, 1 << 20, &bytes));
    for (size_t len = 0; len < bytes.len; len += 17) {
        NEED_OK(file_write_atomic(path, str_slice(bytes, 0, len), 0600));
        CHECK_ERR(shelf_open(dir, &key, &other), CORRUPT);
    }
    for (size_t at = 0; at < bytes.len; at += 13) {
        AUTO(buf) b = BUF(1 << 16);
        buf_add(&b, bytes);
        b.at[at] ^= 4;
        NEED_OK(file_write_atomic(path, buf_str(&b), 0600));
        CHECK_ERR(shelf_open(dir, &key, &other), CORRUPT);
    }
    CHECK(!other);
}
