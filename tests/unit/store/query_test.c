/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/query.h"

#include <sqlite3.h>
#include <stdio.h>

#include "base/fault.h"
#include "test.h"

static db *
open_new(const char *name)
{
    char path[256];
    db *d = NULL;
    snprintf(path, sizeof path, "%s/%s", test_dir(), name);
    CHECK_OK(db_open(path, &d));
    return d;
}

TEST(every_statement_compiles_against_the_schema)
{
    db *d = open_new("compile");
    NEED(d);
    for (enum query_id id = 0; id < QUERY_COUNT; id++) {
        AUTO(query) q = {0};
        CHECK_OK(query_begin(d, id, &q));
    }
    db_close(d);
}

TEST(texts_come_back_byte_by_byte)
{
    static const str values[] = {STR_INIT("plain"), STR_INIT("\xc3\xa4\xf0\x9f\x98\x80"),
                                 STR_INIT("with\0NUL"), STR_INIT("'; DROP TABLE keys; --"),
                                 STR_INIT("\xff\xfe not UTF-8")};
    db *d = open_new("texts");
    AUTO(arena) *a = NULL;
    NEED(d);
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        AUTO(query) set = {0};
        NEED_OK(query_begin(d, QUERY_SETTING_SET, &set));
        query_bind_str(&set, STR("name"));
        query_bind_str(&set, values[i]);
        int64_t changed = 0;
        NEED_OK(query_run(&set, &changed));
        CHECK_INT(changed, ==, 1);
        AUTO(query) get = {0};
        bool is_row = false;
        str value = STR_NONE;
        NEED_OK(query_begin(d, QUERY_SETTING_GET, &get));
        query_bind_str(&get, STR("name"));
        NEED_OK(query_next(&get, &is_row));
        NEED(is_row);
        CHECK_OK(query_str(&get, 0, a, &value));
        CHECK_STR(value, values[i]);
        CHECK_OK(query_next(&get, &is_row));
        CHECK(!is_row);
    }
    db_close(d);
}

TEST(a_blob_of_another_length_is_damage)
{
    db *d = open_new("blob");
    uint8_t room[32] = {7};
    bool is_row = false;
    NEED(d);
    {
        AUTO(query) set = {0};
        NEED_OK(query_begin(d, QUERY_SETTING_SET, &set));
        query_bind_str(&set, STR("name"));
        query_bind_str(&set, STR("thirty-one bytes, one too few.."));
        NEED_OK(query_run(&set, NULL));
    }
    AUTO(query) get = {0};
    NEED_OK(query_begin(d, QUERY_SETTING_GET, &get));
    query_bind_str(&get, STR("name"));
    NEED_OK(query_next(&get, &is_row));
    CHECK_ERR(query_blob(&get, 0, room, sizeof room), CORRUPT);
    CHECK_INT(room[0], ==, 7);
    CHECK_OK(query_blob(&get, 0, room, 31));
    CHECK_INT(room[0], ==, 't');
    query_auto(&get);
    db_close(d);
}

TEST(a_text_too_long_for_the_database_is_reported_at_the_end)
{
    static char big[2000];
    db *d = open_new("big");
    NEED(d);
    sqlite3_limit(d->sqlite, SQLITE_LIMIT_LENGTH, 1000);
    AUTO(query) set = {0};
    NEED_OK(query_begin(d, QUERY_SETTING_SET, &set));
    query_bind_str(&set, STR("name"));
    query_bind_str(&set, (str){big, sizeof big});
    CHECK_ERR(query_run(&set, NULL), ARGUMENT);
    query_auto(&set);
    db_close(d);
}

TEST(the_results_of_the_library_are_told_apart)
{
    static const struct {
        int rc;
        enum err_code want;
    } cases[] = {
        {SQLITE_OK, ERR_OK},
        {SQLITE_ROW, ERR_OK},
        {SQLITE_DONE, ERR_OK},
        {SQLITE_FULL, ERR_DISK_FULL},
        {SQLITE_CORRUPT, ERR_CORRUPT},
        {SQLITE_CORRUPT_INDEX, ERR_CORRUPT},
        {SQLITE_NOTADB, ERR_CORRUPT},
        {SQLITE_CONSTRAINT_CHECK, ERR_CORRUPT},
        {SQLITE_CONSTRAINT_UNIQUE, ERR_CONFLICT},
        {SQLITE_CONSTRAINT_PRIMARYKEY, ERR_CONFLICT},
        {SQLITE_IOERR, ERR_IO},
        {SQLITE_IOERR_FSYNC, ERR_IO},
        {SQLITE_IOERR_SHMSIZE, ERR_DISK_FULL},
        {SQLITE_IOERR_NOMEM, ERR_LIMIT},
        {SQLITE_IOERR_SHORT_READ, ERR_CORRUPT},
        {SQLITE_IOERR_CORRUPTFS, ERR_CORRUPT},
        {SQLITE_NOMEM, ERR_LIMIT},
        {SQLITE_BUSY_SNAPSHOT, ERR_BUSY},
        {SQLITE_LOCKED, ERR_BUSY},
        {SQLITE_TOOBIG, ERR_ARGUMENT},
        {SQLITE_CANTOPEN_ISDIR, ERR_FORBIDDEN_FILE},
        {SQLITE_READONLY_DIRECTORY, ERR_FORBIDDEN_FILE},
        {SQLITE_PERM, ERR_FORBIDDEN_FILE},
        {SQLITE_MISUSE, ERR_INTERNAL},
        {SQLITE_ERROR, ERR_CORRUPT},
        {12345 << 8, ERR_INTERNAL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_INT(query_check(cases[i].rc, "test").code, ==, cases[i].want);
}

TEST(damage_names_the_way_out)
{
    const err e = query_check(SQLITE_NOTADB, "open the file");
    CHECK_STR(str_of(err_public(e)),
              STR("records.db is damaged or not ours (open the file: file is not a database); "
                  "restore the file from the backup"));
}

TEST(a_query_can_be_given_up_in_the_middle)
{
    db *d = open_new("middle");
    NEED(d);
    for (int i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "alias%d", i);
        AUTO(query) q = {0};
        NEED_OK(query_begin(d, QUERY_ALIAS_SET, &q));
        query_bind_str(&q, str_of(name));
        query_bind_str(&q, STR("model"));
        NEED_OK(query_run(&q, NULL));
    }
    for (int round = 0; round < 3; round++) {
        AUTO(query) q = {0};
        bool is_row = false;
        NEED_OK(query_begin(d, QUERY_ALIAS_LIST, &q));
        NEED_OK(query_next(&q, &is_row));
        CHECK(is_row);
    }
    db_close(d);
}
