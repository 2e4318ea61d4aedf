/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/pack.h"

#include <zip.h>

#include "rig.h"

static err
read_part(str bytes, const char *name, buf *b)
{
    AUTO(pack) *p = NULL;
    TRY(pack_open(bytes, &p));
    return pack_read(p, name, b);
}

static err
read_of(const struct zip_part *parts, size_t count, const char *name, buf *b)
{
    AUTO(buf) zip = BUF(RIG_BYTES);
    zip_write(&zip, parts, count);
    return read_part(buf_str(&zip), name, b);
}

TEST(a_part_is_read_by_its_name)
{
    const struct zip_part parts[] = {{.name = "a", .bytes = STR("eins")},
                                     {.name = "dir/b", .bytes = STR("zwei")}};
    AUTO(buf) b = BUF(100);
    CHECK_OK(read_of(parts, 2, "dir/b", &b));
    CHECK_STR(buf_str(&b), STR("zwei"));
    CHECK_ERR(read_of(parts, 2, "b", &b), NOT_FOUND);
    CHECK_ERR(read_of(parts, 2, "../b", &b), NOT_FOUND);
}

TEST(what_is_no_zip_file_is_refused_whatever_its_beginning)
{
    const struct zip_part one = {.name = "a", .bytes = STR("eins")};
    AUTO(buf) zip = BUF(1000);
    AUTO(buf) b = BUF(1000);
    CHECK_ERR(read_part(STR(""), "a", &b), PARSE);
    CHECK_ERR(read_part(STR("PK\x03\x04 kein Archiv"), "a", &b), PARSE);
    zip_write(&zip, &one, 1);
    for (size_t n = 0; n < zip.len; n++)
        CHECK_ERR(read_part(str_slice(buf_str(&zip), 0, n), "a", &b), PARSE);
}

TEST(a_name_that_stands_twice_is_refused)
{
    const struct zip_part parts[] = {{.name = "a", .bytes = STR("harmlos")},
                                     {.name = "a", .bytes = STR("anders")}};
    AUTO(buf) b = BUF(100);
    CHECK_ERR(read_of(parts, 2, "a", &b), PARSE);
}

TEST(an_encrypted_part_is_refused_and_says_so)
{
    const struct zip_part one = {
        .name = "a", .bytes = STR("sechzehn Zeichen"), .is_encrypted = true};
    AUTO(buf) b = BUF(100);
    CHECK_ERR(read_of(&one, 1, "a", &b), PARSE);
    CHECK_STR(str_of(err_text()), STR("is protected by a password"));
}

TEST(a_size_that_lies_is_found_out)
{
    const struct zip_part one = {.name = "a", .bytes = STR("vier"), .claimed = 4000000000u};
    AUTO(buf) b = BUF(100);
    CHECK(read_of(&one, 1, "a", &b).code != 0);
}

TEST(a_part_that_grows_without_end_is_cut_off)
{
    AUTO(buf) b = BUF((size_t)1 << 30);
    zip_error_t why;
    void *file = NULL;
    zip_source_t *const target = zip_source_buffer_create(NULL, 0, 0, NULL);
    NEED(target);
    zip_source_keep(target);
    zip_t *const z = zip_open_from_source(target, ZIP_CREATE | ZIP_TRUNCATE, &why);
    NEED(z);
    const size_t len = (size_t)PACK_PART_BYTES_MAX + 1;
    char *const zeros = mem_get(len);
    NEED(zeros);
    memset(zeros, ' ', len);
    NEED(zip_file_add(z, "bomb", zip_source_buffer(z, zeros, len, 0), 0) == 0);
    NEED(zip_close(z) == 0);
    zip_stat_t st;
    NEED(zip_source_stat(target, &st) == 0 && zip_source_open(target) == 0);
    file = mem_get(st.size);
    NEED(file && zip_source_read(target, file, st.size) == (zip_int64_t)st.size);
    CHECK_INT(st.size, <, len / 500);
    CHECK_ERR(read_part((str){file, st.size}, "bomb", &b), LIMIT);
    CHECK_INT(b.len, <=, PACK_PART_BYTES_MAX);
    (void)zip_source_close(target);
    zip_source_free(target);
    mem_free(file);
    mem_free(zeros);
}

TEST(too_many_parts_are_refused)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(RIG_BYTES, &a));
    void *at = NULL;
    const size_t count = PACK_MEMBERS_MAX + 1;
    NEED_OK(try_arena_get(a, count, sizeof(struct zip_part), &at));
    struct zip_part *const parts = at;
    for (size_t i = 0; i < count; i++)
        parts[i].name = arena_fmt(a, "p%zu", i).at;
    AUTO(buf) b = BUF(100);
    CHECK_ERR(read_of(parts, count, "p1", &b), PARSE);
    CHECK_OK(read_of(parts, count - 1, "p1", &b));
}

TEST(what_does_not_fit_is_a_limit)
{
    const struct zip_part one = {.name = "a", .bytes = STR("zu lang")};
    AUTO(buf) b = BUF(3);
    CHECK_ERR(read_of(&one, 1, "a", &b), LIMIT);
}

TEST(without_memory_nothing_is_opened)
{
    const struct zip_part one = {.name = "a", .bytes = STR("x")};
    AUTO(buf) zip = BUF(1000);
    pack *p = NULL;
    zip_write(&zip, &one, 1);
    fault_arm(1);
    CHECK_ERR(pack_open(buf_str(&zip), &p), LIMIT);
    CHECK(fault_fired() && !p);
    pack_close(NULL);
}
