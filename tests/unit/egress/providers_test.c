/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/providers.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "os/file.h"
#include "policy/policy.h"
#include "test.h"

static struct providers p;
static arena *a;

static const char *
path_of(const char *name)
{
    static char room[4][4200];
    static int next;
    char *const at = room[next++ % 4];
    snprintf(at, sizeof room[0], "%s/%s", test_dir(), name);
    return at;
}

static void
prepare(void)
{
    CHECK_OK(arena_open(8 << 20, &a));
    CHECK_OK(file_make_dir(path_of("keys"), 0700));
    CHECK_OK(file_write_atomic(path_of("keys/k.key"), STR("sk-123\n"), 0600));
    CHECK_OK(file_write_atomic(path_of("keys/aws.key"), STR("AKIA1\r\nsecret/+=\n"), 0600));
    CHECK_OK(file_write_atomic(path_of("ca.pem"), STR("-----BEGIN"), 0600));
}

static err
parse(const char *yaml)
{
    return providers_parse(a, str_of(yaml), test_dir(), &p);
}

#define HEAD "version: 1\nproviders:\n"
#define ONE HEAD "  - {name: a, dialect: openai, url: 'http://127.0.0.1:8080/v1/', sink: offen"
#define TLS ", tls: {pins: [" PIN "]}"
#define PIN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF"

/* One provider, its mapping going on with `more`. */
static err
parse_more(const char *more)
{
    char text[4096];
    snprintf(text, sizeof text, ONE "%s}\n", more);
    return parse(text);
}

static err
parse_url(const char *url, const char *more)
{
    char text[4096];
    snprintf(text, sizeof text, HEAD "  - {name: a, dialect: openai, sink: offen, url: '%s'%s}\n",
             url, more);
    return parse(text);
}

#define REFUSED(call, says)                                                                        \
    do {                                                                                           \
        CHECK_ERR(call, CONFIG);                                                                   \
        if (!strstr(err_public((err){ERR_CONFIG}), says))                                          \
            test_fail(__FILE__, __LINE__, "%s: %s", says, err_public((err){ERR_CONFIG}));          \
        CHECK_INT(p.list.count, ==, 0);                                                            \
    } while (0)

TEST(a_full_list_is_read)
{
    prepare();
    CHECK_OK(parse(HEAD
                   "  - name: one\n"
                   "    dialect: anthropic\n"
                   "    url: https://api.example:8443/v1/x\n"
                   "    sink: intern//REL BUND\n"
                   "    region: eu\n"
                   "    contract: {id: 2026-17, processor: Example GmbH, basis: Art. 28 DSGVO}\n"
                   "    models:\n"
                   "      - {name: large, in: 3000000, out: 15000000}\n"
                   "      - {name: small}\n"
                   "    tls: {ca: ca.pem, pins: [" PIN "], min: \"1.2\"}\n"
                   "    credential: {scheme: x-api-key, file: k.key}\n"
                   "    limits: {head: 5s, answer_bytes_max: 1M, connections_max: 7}\n"
                   "  - {name: two, dialect: hoheit, url: 'http://[::1]:7080', sink: offen,\n"
                   "     models: [{name: large}]}\n"));
    CHECK_INT(p.list.count, ==, 2);
    CHECK_INT(p.list.model_count, ==, 3);
    CHECK_STR(str_of(p.list.at[0].contract), STR("2026-17"));
    CHECK_STR(str_of(p.list.at[0].basis), STR("Art. 28 DSGVO"));
    CHECK_STR(str_of(p.list.at[0].sink), STR("intern//REL BUND"));
    CHECK_INT(p.list.at[0].dialect, ==, PROVIDER_ANTHROPIC);
    CHECK_INT(provider_list_model(&p.list, STR("one"), STR("large"))->micro_euro_out, ==, 15000000);
    CHECK_INT(provider_list_model(&p.list, STR("two"), STR("large"))->micro_euro_out, ==, 0);
    CHECK_STR(str_of(p.at[0].url), STR("https://api.example:8443"));
    CHECK_STR(str_of(p.at[0].base), STR("/v1/x"));
    CHECK(p.at[0].allows_tls12 && p.at[0].pin_count == 1 && p.at[0].pins[0][31] == 0xef);
    CHECK_STR(((str){p.ca + p.at[0].ca_at, p.at[0].ca_len}), STR("-----BEGIN"));
    CHECK_STR(str_of(p.at[0].credential.secret), STR("sk-123"));
    CHECK_INT(p.at[0].credential.scheme, ==, SCHEME_API_KEY);
    CHECK_INT(p.at[0].limits.head_ms, ==, 5000);
    CHECK_INT(p.at[0].limits.answer_bytes_max, ==, 1 << 20);
    CHECK_INT(p.at[0].limits.connections_max, ==, 7);
    CHECK_INT(p.at[1].limits.connections_max, ==, 64);
    CHECK_STR(str_of(p.at[1].base), STR(""));
    arena_free(a);
}

TEST(no_file_is_an_empty_list_and_a_file_is_read)
{
    prepare();
    p.list.count = 9;
    CHECK_OK(providers_read(a, test_dir(), &p));
    CHECK_INT(p.list.count, ==, 0);
    CHECK_INT(p.version, ==, PROVIDERS_VERSION);
    CHECK_OK(file_write_atomic(path_of("providers.yaml"), STR(ONE "}\n"), 0600));
    CHECK_OK(providers_read(a, test_dir(), &p));
    CHECK_INT(p.list.count, ==, 1);
    CHECK_STR(str_of(p.at[0].url), STR("http://127.0.0.1:8080"));
    CHECK_STR(str_of(p.at[0].base), STR("/v1"));
    CHECK_OK(file_write_atomic(path_of("providers.yaml"), STR("providers: ["), 0600));
    CHECK_ERR(providers_read(a, test_dir(), &p), CONFIG);
    CHECK_OK(file_remove(path_of("providers.yaml")));
    arena_free(a);
}

TEST(an_address_is_https_or_this_machine)
{
    prepare();
    CHECK_OK(parse_url("http://localhost:1", ""));
    CHECK_OK(parse_url("http://127.9.9.9", ""));
    CHECK_OK(parse_url("https://a.example", TLS));
    REFUSED(parse_url("http://a.example", ""), "plain http");
    REFUSED(parse_url("http://10.0.0.1/v1", ""), "plain http");
    REFUSED(parse_url("https://a.example", ""), "ca or pins");
    REFUSED(parse_url("https://a.example", ", tls: {min: '1.3'}"), "ca or pins");
    REFUSED(parse_url("http://127.0.0.1", TLS), "https only");
    static const char *const bad[] = {"",
                                      "a.example",
                                      "ftp://a",
                                      "unix:/run/x.sock",
                                      "https://user@a.example",
                                      "https://a.example:0",
                                      "https://a.example:x/",
                                      "https:///v1",
                                      "https://a.example/v1?x=y",
                                      "https://a.example/../v1",
                                      "https://a b/"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(parse_url(bad[i], TLS), CONFIG);
    arena_free(a);
}

TEST(names_are_plain_and_there_once)
{
    static const char *const bad[] = {"''",
                                      "A",
                                      "a b",
                                      ".a",
                                      "'a/b'",
                                      "ä",
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    prepare();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[400];
        snprintf(text, sizeof text,
                 HEAD "  - {name: %s, dialect: openai, url: 'http://[::1]', sink: offen}\n",
                 bad[i]);
        CHECK_ERR(parse(text), CONFIG);
    }
    REFUSED(parse(ONE "}\n  - {name: a, dialect: openai, url: 'http://[::1]', sink: x}\n"),
            "two providers");
    REFUSED(parse_more(", models: [{name: m}, {name: m}]"), "there twice");
    arena_free(a);
}

TEST(values_that_make_no_sense_are_refused_with_what_may_stand_there)
{
    prepare();
    REFUSED(parse("version: 2\nproviders: []\n"), "version 1");
    REFUSED(parse(HEAD "  - {name: a, dialect: soap, url: 'http://[::1]', sink: offen}\n"),
            "openai, anthropic, bedrock, hoheit");
    REFUSED(parse_more(", colour: red"), "line");
    REFUSED(parse_more(", limits: {head: soon}"), "limits.head");
    REFUSED(parse_more(", limits: {connections_max: 0}"), "limits.connections_max");
    REFUSED(parse_more(", limits: {connections_max: 1025}"), "limits.connections_max");
    REFUSED(parse_more(", limits: {repeats_max: 11}"), "limits.repeats_max");
    REFUSED(parse_more(", models: [{name: m, in: -1, out: 1}]"), "price");
    REFUSED(parse_more(", models: [{name: m, in: 1, out: 1.5}]"), "price");
    REFUSED(parse_url("https://a", ", tls: {pins: [abc]}"), "64 hexadecimal");
    REFUSED(parse_url("https://a", ", tls: {pins: [" PIN "," PIN "," PIN "," PIN "," PIN "]}"),
            "at most");
    REFUSED(parse_url("https://a", ", tls: {pins: [" PIN "], min: '1.1'}"), "1.3, 1.2");
    REFUSED(parse_url("https://a", ", tls: {ca: none.pem}"), "none.pem");
    REFUSED(parse_more(", region: \"a\\tb\""), "control characters");
    arena_free(a);
}

TEST(a_credential_is_a_line_of_a_file_below_keys)
{
    prepare();
    CHECK_OK(parse_more(", credential: {scheme: bearer, file: k.key}"));
    CHECK_OK(parse_more(", credential: {scheme: none}"));
    CHECK_OK(parse_more(
        ", credential: {scheme: sigv4, file: aws.key, region: eu-central-1, service: bedrock}"));
    CHECK_STR(str_of(p.at[0].credential.id), STR("AKIA1"));
    CHECK_STR(str_of(p.at[0].credential.secret), STR("secret/+="));
    CHECK_STR(str_of(p.at[0].credential.token), STR(""));
    REFUSED(parse_more(", credential: {scheme: bearer}"), "below keys/");
    REFUSED(parse_more(", credential: {scheme: bearer, file: ../ca.pem}"), "below keys/");
    REFUSED(parse_more(", credential: {scheme: bearer, file: /etc/passwd}"), "below keys/");
    REFUSED(parse_more(", credential: {scheme: bearer, file: .k.key}"), "below keys/");
    REFUSED(parse_more(", credential: {scheme: bearer, file: none.key}"), "keys/none.key");
    REFUSED(parse_more(", credential: {scheme: basic, file: k.key}"), "none, bearer");
    REFUSED(parse_more(", credential: {scheme: sigv4, file: aws.key}"), "region and service");
    REFUSED(parse_more(", credential: {scheme: sigv4, file: k.key, region: r, service: s}"),
            "empty");
    arena_free(a);
}

static err
parse_headers(const char *lines)
{
    CHECK_OK(file_write_atomic(path_of("keys/h.key"), str_of(lines), 0600));
    return parse_more(", credential: {scheme: headers, file: h.key}");
}

TEST(headers_of_a_collector_are_lines_of_a_file)
{
    prepare();
    CHECK_OK(parse_headers("X-Token: abc def\r\n\nX-Org:amt\n"));
    CHECK_STR(str_of(p.at[0].credential.secret), STR("X-Token: abc def\nX-Org:amt\n"));
    CHECK_OK(parse_headers("authorization: Basic eDp5\n"));
    static const char *const bad[] = {"no colon\n",
                                      "X-Empty:\n",
                                      ": value\n",
                                      "X Y: space\n",
                                      "Host: a\n",
                                      "content-length: 3\n",
                                      "Content-Type: text/plain\n",
                                      "Connection: close\n",
                                      "X-Token: \xc3\xa4\n",
                                      "X-Token: a\tb\n",
                                      "A: 1\nB: 2\nC: 3\nD: 4\nE: 5\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        REFUSED(parse_headers(bad[i]), "Name: value");
    REFUSED(parse_headers("\n \n"), "empty");
    arena_free(a);
}

TEST(a_collector_is_listed_and_has_no_models)
{
    prepare();
    CHECK_OK(
        parse(HEAD "  - {name: c, dialect: otlp, url: 'http://127.0.0.1:4318', sink: intern}\n"));
    CHECK_INT(p.list.at[0].dialect, ==, PROVIDER_OTLP);
    REFUSED(parse(HEAD "  - {name: c, dialect: otlp, url: 'http://127.0.0.1:4318', sink: intern,\n"
                       "     models: [{name: large}]}\n"),
            "no models");
    arena_free(a);
}

TEST(a_credential_others_may_read_or_that_is_no_text_is_refused)
{
    static char large[16 * 1024];
    prepare();
    const char *const path = path_of("keys/odd.key");
    CHECK_OK(file_write_atomic(path, STR("sk-1\n"), 0640));
    CHECK_ERR(parse_more(", credential: {scheme: bearer, file: odd.key}"), FORBIDDEN_FILE);
    CHECK_OK(file_remove(path));
    CHECK(symlink(path_of("keys/k.key"), path) == 0);
    REFUSED(parse_more(", credential: {scheme: bearer, file: odd.key}"), "cannot be opened");
    CHECK_OK(file_remove(path));
    CHECK_OK(file_write_atomic(path, STR("\x01\x02\xff"), 0600));
    REFUSED(parse_more(", credential: {scheme: bearer, file: odd.key}"), "not lines of text");
    CHECK_OK(file_write_atomic(path, STR("two words\n"), 0600));
    REFUSED(parse_more(", credential: {scheme: bearer, file: odd.key}"), "not lines of text");
    CHECK_OK(file_write_atomic(path, STR("\n"), 0600));
    REFUSED(parse_more(", credential: {scheme: bearer, file: odd.key}"), "empty");
    memset(large, 'a', sizeof large);
    CHECK_OK(file_write_atomic(path, (str){large, sizeof large}, 0600));
    REFUSED(parse_more(", credential: {scheme: bearer, file: odd.key}"), "too large");
    CHECK_OK(file_write_atomic(path, (str){large, PROVIDER_SECRET_MAX}, 0600));
    REFUSED(parse_more(", credential: {scheme: bearer, file: odd.key}"), "too long");
    CHECK_OK(file_remove(path));
    arena_free(a);
}

TEST(what_was_refused_leaves_no_secret_behind)
{
    prepare();
    CHECK_ERR(parse_more(", credential: {scheme: bearer, file: k.key}, limits: {head: x}"), CONFIG);
    const char *const all = (const char *)&p;
    bool found = false;
    for (size_t i = 0; i + 6 < sizeof p; i++)
        found = found || memcmp(all + i, "sk-123", 6) == 0;
    CHECK(!found);
    arena_free(a);
}

TEST(a_sink_is_a_label_of_the_policy)
{
    policy *rules = NULL;
    prepare();
    NEED_OK(policy_load(STR("version: 1\nlevels: [{id: offen, height: 0, title: O}]\n"
                            "compartments: []\nparties: []\ntaints: []\n"),
                        &rules));
    CHECK_OK(parse_more(""));
    CHECK_OK(providers_check_sinks(&p, policy_names(rules)));
    CHECK_OK(parse(HEAD "  - {name: a, dialect: openai, url: 'http://[::1]', sink: GEHEIM}\n"));
    CHECK_ERR(providers_check_sinks(&p, policy_names(rules)), CONFIG);
    CHECK(strstr(err_public((err){ERR_CONFIG}), "provider a") != NULL);
    policy_free(rules);
    arena_free(a);
}

TEST(more_providers_or_models_than_there_is_room_for_are_refused)
{
    AUTO(buf) text = BUF(1 << 20);
    prepare();
    buf_add(&text, STR(HEAD));
    for (int i = 0; i <= PROVIDERS_MAX; i++)
        buf_add_fmt(&text, "  - {name: p%d, dialect: openai, url: 'http://[::1]', sink: x}\n", i);
    CHECK_ERR(providers_parse(a, buf_str(&text), test_dir(), &p), CONFIG);
    buf_clear(&text);
    buf_add(&text, STR(HEAD));
    for (int i = 0; i < 2; i++) {
        buf_add_fmt(&text, "  - name: p%d\n    dialect: openai\n    url: http://[::1]\n", i);
        buf_add(&text, STR("    sink: x\n    models:\n"));
        for (int k = 0; k < PROVIDER_MODELS_MAX / 2 + 1; k++)
            buf_add_fmt(&text, "      - {name: m%d}\n", k);
    }
    CHECK_ERR(providers_parse(a, buf_str(&text), test_dir(), &p), CONFIG);
    arena_free(a);
}

TEST(whatever_fails_the_list_is_read_or_refused)
{
    bool fired = true;
    prepare();
    for (long n = 1; fired && n < 2000; n++) {
        fault_arm(n);
        const err e =
            parse_more(", credential: {scheme: bearer, file: k.key}, models: [{name: m}]");
        fired = fault_fired();
        fault_arm(0);
        CHECK(!e.code || fired);
        CHECK_INT(p.list.count, ==, e.code ? 0 : 1);
        arena_reset(a);
    }
    arena_free(a);
}

/* ---- prices */
static const struct provider_model *
priced(const char *more)
{
    if (parse_more(more).code)
        return NULL;
    return provider_list_model(&p.list, STR("a"), STR("m"));
}

TEST(a_model_without_a_price_is_told_from_one_that_is_free)
{
    prepare();
    const struct provider_model *m = priced(", models: [{name: m}]");
    CHECK(m && !m->is_priced);
    m = priced(", models: [{name: m, in: 0, out: 0}]");
    CHECK(m && m->is_priced && m->micro_euro_in == 0);
    m = priced(", models: [{name: m, in: 30, out: 150}]");
    CHECK(m && m->micro_euro_cached == 30);
    m = priced(", models: [{name: m, in: 30, cached: 3, out: 150}]");
    CHECK(m && m->micro_euro_cached == 3 && m->micro_euro_out == 150);
    arena_free(a);
}

TEST(prices_in_another_currency_become_euro)
{
    prepare();
    const struct provider_model *m = priced(
        ", currency: {code: USD, micro_euro: 920001}, models: [{name: m, in: 1000000, out: 7}]");
    CHECK(m && m->micro_euro_in == 920001 && m->micro_euro_out == 7);
    arena_free(a);
}

TEST(a_price_that_says_half_is_refused)
{
    prepare();
    REFUSED(parse_more(", models: [{name: m, in: 1}]"), "one kind only");
    REFUSED(parse_more(", models: [{name: m, out: 1}]"), "one kind only");
    REFUSED(parse_more(", models: [{name: m, cached: 1}]"), "one kind only");
    REFUSED(parse_more(", models: [{name: m, in: 1, out: 1, cached: x}]"), "price");
    REFUSED(parse_more(", currency: {code: USD}, models: []"), "micro_euro");
    REFUSED(parse_more(", currency: {code: usd, micro_euro: 9}, models: []"), "three letters");
    REFUSED(parse_more(", currency: {code: USDT, micro_euro: 9}, models: []"), "three letters");
    REFUSED(parse_more(", currency: {code: USD, micro_euro: 0}, models: []"), "whole number");
    REFUSED(parse_more(", currency: {code: USD, micro_euro: 0.92}, models: []"), "whole number");
    REFUSED(parse_more(", currency: {code: EUR, micro_euro: 9}, models: []"), "a euro is worth");
    arena_free(a);
}

/* ---- witnesses of the log */

#define WITNESS "{name: w, key: 'a+0+b', url: 'http://127.0.0.1:9'"

static err
parse_witness(const char *witness)
{
    char text[4096];
    snprintf(text, sizeof text, ONE "}\nwitnesses:\n  - %s\n", witness);
    return parse(text);
}

TEST(a_witness_stands_behind_the_providers_and_is_asked_for_no_models)
{
    prepare();
    NEED_OK(parse_witness("{name: w, key: 'a+0+b', url: 'https://w.example/x/'" TLS
                          ", limits: {head: 5s}}"));
    CHECK_INT(p.list.count, ==, 2);
    CHECK(provider_has_models(&p.list.at[0]) && !provider_has_models(&p.list.at[1]));
    CHECK_STR(str_of(p.list.at[1].name), STR("w"));
    CHECK_STR(str_of(p.list.at[1].key), STR("a+0+b"));
    CHECK_STR(str_of(p.at[1].url), STR("https://w.example"));
    CHECK_STR(str_of(p.at[1].base), STR("/x"));
    CHECK_INT(p.at[1].pin_count, ==, 1);
    CHECK_INT(p.at[1].limits.head_ms, ==, 5000);
    CHECK_OK(parse("version: 1\nproviders: []\nwitnesses: [" WITNESS "}]\n"));
    CHECK_INT(p.list.count, ==, 1);
    arena_free(a);
}

TEST(a_witness_that_makes_no_sense_is_refused)
{
    static char key[PROVIDER_KEY_MAX + 64];
    prepare();
    REFUSED(parse_witness("{name: a, key: k, url: 'http://127.0.0.1:9'}"), "two providers");
    REFUSED(parse_witness("{name: W, key: k, url: 'http://127.0.0.1:9'}"), "name is made of");
    REFUSED(parse_witness("{name: w, key: k, url: 'http://192.0.2.1'}"), "https");
    REFUSED(parse_witness("{name: w, key: k, url: 'https://w.example'}"), "tls");
    REFUSED(parse_witness("{name: w, key: k}"), "url");
    REFUSED(parse_witness("{name: w, url: 'http://127.0.0.1:9'}"), "key");
    REFUSED(parse_witness(WITNESS ", sink: offen}"), "providers.yaml");
    REFUSED(parse_witness(WITNESS ", models: []}"), "providers.yaml");
    REFUSED(parse_witness(WITNESS ", limits: {head: x}}"), "limits.head");
    snprintf(key, sizeof key, "{name: w, key: %0*d, url: 'http://127.0.0.1:9'}", PROVIDER_KEY_MAX,
             1);
    REFUSED(parse_witness(key), "key is too long");
    arena_free(a);
}

TEST(more_witnesses_than_there_is_room_for_are_refused)
{
    prepare();
    for (int count = PROVIDER_WITNESSES_MAX; count <= PROVIDER_WITNESSES_MAX + 1; count++) {
        AUTO(buf) text = BUF(16384);
        buf_add(&text, STR("version: 1\nproviders: []\nwitnesses:\n"));
        for (int i = 0; i < count; i++)
            buf_add_fmt(&text, "  - {name: w%d, key: k, url: 'http://127.0.0.1:9'}\n", i);
        buf_add_char(&text, '\0');
        const err e = parse(text.at);
        CHECK_INT(e.code, ==, count > PROVIDER_WITNESSES_MAX ? ERR_CONFIG : ERR_OK);
    }
    AUTO(buf) text = BUF(16384);
    buf_add(&text, STR(HEAD));
    for (int i = 0; i < PROVIDERS_MAX; i++)
        buf_add_fmt(&text, "  - {name: p%d, dialect: openai, url: 'http://[::1]', sink: offen}\n",
                    i);
    buf_add(&text, STR("witnesses: [" WITNESS "}]\n"));
    buf_add_char(&text, '\0');
    REFUSED(parse(text.at), "providers and witnesses together");
    arena_free(a);
}
