/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/providers_yaml.h"

#include "base/fault.h"
#include "test.h"

#define ONE                                                                                        \
    "version: 1\nproviders:\n"                                                                     \
    "  - {name: a, dialect: b, url: c, sink: d, tls: {pins: [x, y]}, models: [{name: m}]}\n"

TEST(the_form_is_read_as_text)
{
    AUTO(providers_yaml) *y = NULL;
    NEED_OK(providers_yaml_read(STR(ONE), &y));
    CHECK_STR(str_of(y->version), STR("1"));
    NEED(y->providers_count == 1);
    CHECK_STR(str_of(y->providers[0].sink), STR("d"));
    CHECK_INT(y->providers[0].tls->pins_count, ==, 2);
    CHECK_STR(str_of(y->providers[0].tls->pins[1]), STR("y"));
    CHECK(!y->providers[0].limits && !y->providers[0].credential && !y->providers[0].tls->ca);
}

TEST(an_empty_list_is_a_list)
{
    AUTO(providers_yaml) *y = NULL;
    NEED_OK(providers_yaml_read(STR("version: 1\nproviders: []\n"), &y));
    CHECK_INT(y->providers_count, ==, 0);
}

TEST(what_has_another_form_is_refused_with_a_sentence)
{
    static const char *const bad[] = {
        "",
        "# nothing\n",
        "[]",
        "version: 1",
        "providers: []",
        "version: 1\nproviders: {}\n",
        "version: 1\nproviders: [{name: a}]\n",
        "version: 1\nproviders: []\nmore: 1\n",
        "version: 1\nproviders: []\n---\nversion: 1\n",
        "version: 1\nproviders: [{name: [a], dialect: b, url: c, sink: d}]\n",
        "version: 1\nproviders: [{name: a, name: b, dialect: b, url: c, sink: d}]\n",
        "version: &v 1\nproviders: [{name: *v, dialect: b, url: c, sink: d}]\n",
        "version: 1\nproviders: [{name: a, dialect: b, url: c, sink: d, tls: 7}]\n",
        "\xff\xfe",
        "version: [",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        providers_yaml *y = NULL;
        CHECK_ERR(providers_yaml_read(str_of(bad[i]), &y), CONFIG);
        CHECK(strstr(err_public((err){ERR_CONFIG}), "providers.yaml") != NULL);
        CHECK(y == NULL);
    }
}

TEST(too_large_a_file_is_refused)
{
    static char text[PROVIDERS_YAML_MAX + 1];
    providers_yaml *y = NULL;
    memset(text, '\n', sizeof text);
    CHECK_ERR(providers_yaml_read((str){text, sizeof text}, &y), CONFIG);
    providers_yaml_free(NULL);
}

TEST(any_change_of_the_text_is_read_or_refused)
{
    char text[sizeof ONE];
    for (int run = 0; run < 3000; run++) {
        AUTO(providers_yaml) *y = NULL;
        memcpy(text, ONE, sizeof text);
        for (uint64_t k = test_random() % 4 + 1; k; k--)
            text[test_random() % (sizeof text - 1)] = (char)test_random();
        const err e = providers_yaml_read((str){text, sizeof text - 1}, &y);
        CHECK((e.code == 0) == (y != NULL));
    }
}

TEST(whatever_fails_nothing_is_left)
{
    bool fired = true;
    for (long n = 1; fired && n < 1000; n++) {
        AUTO(providers_yaml) *y = NULL;
        fault_arm(n);
        const err e = providers_yaml_read(STR(ONE), &y);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        CHECK((y == NULL) == fired);
    }
}
