/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/document.h"

#include "base/fault.h"
#include "test.h"

struct paper {
    char *title;
};

static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_STRING_PTR("title", CYAML_FLAG_POINTER, struct paper, title, 1, 20),
    CYAML_FIELD_END};
static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct paper, fields)};

static err
read_paper(const char *text, struct paper **ret)
{
    void *p = NULL;
    const err e = document_read("paper", str_of(text), &schema, &p);
    *ret = p;
    return e;
}

TEST(a_document_is_read)
{
    struct paper *p;
    NEED_OK(read_paper("---\ntitle: Akte\n", &p));
    CHECK_STR(str_of(p->title), STR("Akte"));
    document_free(&schema, p);
    document_free(&schema, NULL);
}

TEST(what_is_none_is_refused_by_its_name_and_line)
{
    static const char *const bad[] = {"",
                                      "title: \n  - 3\n",
                                      "titel: Akte\n",
                                      "title: Akte\ntitle: Akte\n",
                                      "title: &a Akte\nother: *a\n",
                                      "title: Akte\n---\ntitle: B\n",
                                      "title: \"\xff\"\n",
                                      "title: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
                                      "[1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct paper *p;
        const err e = read_paper(bad[i], &p);
        CHECK_ERR(e, CONFIG);
        CHECK(strstr(err_public(e), "paper"));
        CHECK(!p);
    }
    struct paper *p;
    CHECK(strstr(err_public(read_paper("title: A\n\ntitel: B\n", &p)), "line "));
}

TEST(a_text_too_long_is_refused)
{
    static char room[DOCUMENT_BYTES_MAX + 1];
    void *p = NULL;
    memset(room, ' ', sizeof room);
    CHECK_ERR(document_read("paper", (str){room, sizeof room}, &schema, &p), CONFIG);
}

TEST(without_memory_it_fails_and_nothing_leaks)
{
    bool ended = false;
    for (long n = 1; !ended && n < 500; n++) {
        struct paper *p;
        fault_arm(n);
        const err e = read_paper("title: Akte\n", &p);
        ended = !fault_fired();
        fault_arm(0);
        CHECK((e.code == 0) == (p != NULL));
        document_free(&schema, p);
    }
    CHECK(ended);
}
