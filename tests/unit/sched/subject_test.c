/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/subject.h"

#include "test.h"

TEST(each_form_of_a_subject_is_read)
{
    static const struct {
        const char *text;
        enum subject_kind kind;
        bool is_default;
    } cases[] = {{"tenant:haus", SUBJECT_TENANT, false},
                 {"person:a.b@c_d-e", SUBJECT_PERSON, false},
                 {"key:amt~7XQ", SUBJECT_KEY, false},
                 {"model:llama3:8b", SUBJECT_MODEL, false},
                 {"tenant:a+model:m", SUBJECT_TENANT_MODEL, false},
                 {"person:a+model:m", SUBJECT_PERSON_MODEL, false},
                 {"key:a+model:m:q4", SUBJECT_KEY_MODEL, false},
                 {"default:key", SUBJECT_KEY, true},
                 {"default:key+model", SUBJECT_KEY_MODEL, true},
                 {"default:tenant", SUBJECT_TENANT, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum subject_kind k;
        bool is_default;
        NEED_OK(subject_read(str_of(cases[i].text), &k, &is_default));
        CHECK(k == cases[i].kind && is_default == cases[i].is_default);
    }
}

TEST(what_is_no_subject_is_refused)
{
    static const str cases[] = {
        STR_INIT(""),
        STR_INIT("key"),
        STR_INIT("key:"),
        STR_INIT(":amt"),
        STR_INIT("Key:amt"),
        STR_INIT("key:two words"),
        STR_INIT("key:a:b"),
        STR_INIT("key:\xc3\xa4"),
        STR_INIT("key:a\0b"),
        STR_INIT("model:a+b"),
        STR_INIT("model:a+key:b"),
        STR_INIT("key:a+tenant:b"),
        STR_INIT("key:a+"),
        STR_INIT("+model:a"),
        STR_INIT("key:a+model:"),
        STR_INIT("default:"),
        STR_INIT("default:all"),
        STR_INIT("default:key:a"),
        STR_INIT("key+model:a"),
        STR_INIT("key:a+model:b+model:c"),
        STR_INIT("key:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum subject_kind k = SUBJECT_KINDS;
        bool is_default = true;
        CHECK_ERR(subject_read(cases[i], &k, &is_default), ARGUMENT);
        CHECK_STR(str_of(err_param()), STR("subject"));
        CHECK(k == SUBJECT_KINDS && is_default);
    }
}

TEST(the_subjects_of_a_request_are_read_back_as_what_they_are)
{
    const struct subject_names n = {STR("haus"), STR("frau.amt"), STR("k1"), STR("m:8b")};
    static const char *const want[] = {
        "tenant:haus",      "person:frau.amt",        "key:k1",
        "model:m:8b",       "tenant:haus+model:m:8b", "person:frau.amt+model:m:8b",
        "key:k1+model:m:8b"};
    for (int i = 0; i < SUBJECT_KINDS; i++) {
        char room[SUBJECT_TEXT_MAX];
        enum subject_kind k;
        bool is_default;
        const str s = subject_put((enum subject_kind)i, &n, room);
        CHECK_STR(s, str_of(want[i]));
        NEED_OK(subject_read(s, &k, &is_default));
        CHECK((int)k == i && !is_default);
    }
}

TEST(without_a_name_there_is_no_such_subject)
{
    char room[SUBJECT_TEXT_MAX], name[70];
    const struct subject_names none = {.tenant = STR_NONE};
    memset(name, 'x', sizeof name);
    for (int i = 0; i < SUBJECT_KINDS; i++)
        CHECK_INT(subject_put((enum subject_kind)i, &none, room).len, ==, 0);
    struct subject_names n = {.key = {name, 65}, .model = STR("m")};
    CHECK_INT(subject_put(SUBJECT_KEY, &n, room).len, ==, 0);
    CHECK_INT(subject_put(SUBJECT_KEY_MODEL, &n, room).len, ==, 0);
    n.key.len = 64;
    n.model = (str){name, 64};
    CHECK_INT(subject_put(SUBJECT_KEY_MODEL, &n, room).len, ==, 4 + 64 + 7 + 64);
    n.model.len = 65;
    CHECK_INT(subject_put(SUBJECT_KEY_MODEL, &n, room).len, ==, 0);
    CHECK_STR(str_of(subject_kind_name(SUBJECT_KEY_MODEL)), STR("key+model"));
}
