/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openapi/openapi.h"

#include "unit/api/openapi/shown.h"

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

TEST(what_is_public_asks_for_no_key_and_all_else_does)
{
    DOCUMENT(j);
    const jval open = at(&j, "paths /healthy get security");
    const jval shut = at(&j, "paths /v1/models get security");
    CHECK_INT(json_count(&open), ==, 0);
    CHECK_INT(json_count(&shut), ==, 2);
}

TEST(a_document_without_room_is_told_as_such)
{
    AUTO(buf) b = BUF(4096);
    openapi_put(&b);
    CHECK(buf_end(&b).code);
}
