/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openapi/openapi.h"

#include "base/json.h"
#include "test.h"

static jval
document(arena *a, buf *b)
{
    jval j = {.v = NULL};
    openapi_put(b);
    CHECK_OK(buf_end(b));
    CHECK_OK(json_read(a, buf_str(b), &j));
    return j;
}

#define DOCUMENT(j)                                                                                \
    AUTO(arena) *doc_arena = NULL;                                                                 \
    AUTO(buf) doc_buf = BUF(OPENAPI_BYTES_MAX);                                                    \
    CHECK_OK(arena_open(64 * 1024 * 1024, &doc_arena));                                            \
    const jval j = document(doc_arena, &doc_buf)

/* "a.b.c" from `j`; a member's name may hold what it likes but blanks. */
static jval
at(const jval *j, const char *way)
{
    static jval kept[32];
    static size_t next;
    str rest = str_of(way), one;
    jval *v = &kept[next++ % 32];
    *v = *j;
    while (str_next(&rest, ' ', &one)) {
        char name[128];
        CHECK(str_copy(one, name, sizeof name));
        const jval up = *v;
        if (json_type(up) != J_OBJECT)
            return (jval){.v = NULL};
        v = &kept[next++ % 32];
        *v = json_get(&kept[(next - 2) % 32], name);
    }
    return *v;
}

static str
text_at(const jval *j, const char *way)
{
    str s = STR_NONE;
    const jval v = at(j, way);
    if (json_str(&v, 4096, &s).code)
        test_fail(__FILE__, __LINE__, "no text at %s", way);
    return s;
}

TEST(the_document_is_json_and_says_its_version)
{
    DOCUMENT(j);
    CHECK_STR(text_at(&j, "openapi"), STR("3.1.0"));
    CHECK_STR(text_at(&j, "info title"), STR("Hoheit"));
}

TEST(every_line_of_the_table_is_an_operation_with_answers)
{
    DOCUMENT(j);
    const struct openapi_path *p;
    static const char *const methods[] = {[HTTP_GET] = "get",
                                          [HTTP_POST] = "post",
                                          [HTTP_PUT] = "put",
                                          [HTTP_PATCH] = "patch",
                                          [HTTP_DELETE] = "delete"};
    for (size_t i = 0; (p = openapi_at(i)); i++) {
        char way[256];
        if (strstr(p->pattern, "{..."))
            continue;
        snprintf(way, sizeof way, "paths %s %s responses 200 description", p->pattern,
                 methods[p->method]);
        CHECK(text_at(&j, way).len > 0);
    }
}

TEST(what_takes_the_rest_of_a_path_has_a_name)
{
    DOCUMENT(j);
    CHECK(at(&j, "paths /log/{path} get").v);
    CHECK(at(&j, "paths /v1/know/{name}/documents/{rest} delete").v);
}

/* Follows every "$ref". */
static size_t
check_refs(const jval *root, const jval *v)
{
    struct jwalk w = {.next = NULL};
    jval one;
    size_t found = 0;
    if (json_type(*v) != J_OBJECT && json_type(*v) != J_ARRAY)
        return 0;
    while (json_each(v, &w, &one)) {
        str ref;
        if (one.name && strcmp(one.name, "$ref") == 0 && !json_str(&one, 256, &ref).code) {
            char way[256];
            CHECK(str_starts(ref, STR("#/")));
            CHECK(str_copy(str_slice(ref, 2, ref.len), way, sizeof way));
            for (char *c = way; *c; c++)
                *c = *c == '/' ? ' ' : *c;
            if (!at(root, way).v)
                test_fail(__FILE__, __LINE__, "%s leads nowhere", way);
            found++;
        }
        found += check_refs(root, &one);
    }
    return found;
}

TEST(every_reference_leads_somewhere)
{
    DOCUMENT(j);
    CHECK_INT(check_refs(&j, &j), >, 500);
}

TEST(names_of_operations_are_their_own)
{
    DOCUMENT(j);
    const jval paths = at(&j, "paths");
    struct jwalk w = {.next = NULL};
    jval path, op;
    static char seen[256][96];
    size_t count = 0;
    while (json_each(&paths, &w, &path)) {
        struct jwalk inner = {.next = NULL};
        while (json_each(&path, &inner, &op)) {
            CHECK(str_copy(text_at(&op, "operationId"), seen[count], sizeof seen[count]));
            for (size_t i = 0; i < count; i++)
                if (strcmp(seen[i], seen[count]) == 0)
                    test_fail(__FILE__, __LINE__, "%s twice", seen[i]);
            count++;
        }
    }
    CHECK_INT(count, >, 100);
}

TEST(a_field_stands_there_with_its_kind_and_a_refused_one_with_what_asks_for_nothing)
{
    DOCUMENT(j);
#define CHAT "paths /v1/chat/completions post requestBody content application/json schema "
    CHECK(json_type(at(&j, CHAT "properties temperature type")) == J_ARRAY);
    CHECK(json_type(at(&j, CHAT "properties functions enum")) == J_ARRAY);
    CHECK_STR(text_at(&j, CHAT "properties user description"), STR("Read, without effect here."));
    CHECK(json_type(at(&j, CHAT "required")) == J_ARRAY);
    CHECK(!at(&j, CHAT "properties maxTokens").v);
#undef CHAT
}

TEST(an_example_is_json_and_has_no_member_that_the_route_does_not_know)
{
    DOCUMENT(j);
    const struct openapi_path *p;
    size_t seen = 0;
    for (size_t i = 0; (p = openapi_at(i)); i++) {
        char way[256];
        if (!p->example)
            continue;
        snprintf(way, sizeof way, "paths %s post requestBody content application/json", p->pattern);
        const jval content = at(&j, way), example = json_get(&content, "example"),
                   known = at(&content, "schema properties");
        struct jwalk w = {.next = NULL};
        jval v;
        while (json_each(&example, &w, &v))
            CHECK(json_get(&known, v.name).v);
        seen++;
    }
    CHECK_INT(seen, >, 10);
}

TEST(what_is_public_asks_for_no_key_and_all_else_does)
{
    DOCUMENT(j);
    const jval open = at(&j, "paths /healthy get security");
    const jval shut = at(&j, "paths /v1/models get security");
    CHECK_INT(json_count(&open), ==, 0);
    CHECK_INT(json_count(&shut), ==, 2);
}

TEST(an_error_says_what_it_means_in_each_dialect)
{
    DOCUMENT(j);
    CHECK(str_find(text_at(&j, "components responses anthropic.529 description"),
                   str_of(err_info((err){ERR_BUSY})->en)) >= 0);
    CHECK(str_find(text_at(&j, "components responses bedrock.403 description"),
                   str_of(err_info((err){ERR_UNAUTHENTICATED})->en)) >= 0);
    CHECK(!at(&j, "components responses openai.529").v);
}

TEST(a_document_without_room_is_told_as_such)
{
    AUTO(buf) b = BUF(4096);
    openapi_put(&b);
    CHECK(buf_end(&b).code);
}
