/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/params.h"
#include "crypt/hash.h"
#include "policy/policy.h"
#include "rig.h"

/* The name is explained, as this kind of thing. */
static void
check_explained(const char *name, const char *kind, int line)
{
    FRESH(r);
    char want[200];
    RUN(&r, NULL, "explain", name);
    snprintf(want, sizeof want, "%s is a%s %s.\n  ", name, strchr("aeiou", kind[0]) ? "n" : "",
             kind);
    if (r.status != 0 || !strstr(r.out, want))
        test_fail(__FILE__, line, "status %d, \"%s\" is not in %s%s", r.status, want, r.out, r.err);
}

TEST(everything_in_the_tables_is_explained)
{
    for (int i = 1; i < ERR_COUNT; i++)
        check_explained(err_info((err){(uint16_t)i})->id, "error", __LINE__);
    for (size_t i = 0; i < param_count; i++)
        check_explained(param_table[i].key, "setting", __LINE__);
    for (int i = 0; i < OP_COUNT; i++)
        check_explained(op_info((enum op)i)->name, "operation", __LINE__);
    for (int i = 0; i < RULE_COUNT; i++)
        check_explained(rule_info((enum rule)i)->name, "rule", __LINE__);
#define EVENT(id, name, doc) check_explained(name, "event", __LINE__);
#include "audit/events.def"
#undef EVENT
#define METER(id, kind, name, doc) check_explained(name, "meter", __LINE__);
#include "base/meters.def"
#undef METER
#define LIMIT(id, name, unit, span, doc) check_explained("limit." name, "limit", __LINE__);
#include "sched/limit.def"
#undef LIMIT
}

TEST(an_error_is_explained_whatever_the_case)
{
    FRESH(r);
    RUN(&r, NULL, "explain", "denied");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "DENIED is an error.\n  meaning       A rule does not allow this.\n");
    CHECK_OUT(&r, "Bedeutung     Eine Regel erlaubt das nicht.\n");
    CHECK_OUT(&r, "exit status   77\n");
}

TEST(a_name_of_two_things_is_explained_twice)
{
    FRESH(r);
    RUN(&r, NULL, "explain", "model.add");
    CHECK_OUT(&r, "model.add is an operation.\n");
    CHECK_OUT(&r, "model.add is an event.\n");
}

TEST(a_setting_is_shown_with_its_bounds_and_what_it_is_here)
{
    FRESH(r);
    static struct fake f;
    char path[300];
    NEED(fake_start(&f));
    snprintf(path, sizeof path, "%s/hoheit.yaml", f.dir);
    FILE *y = fopen(path, "w");
    NEED(y);
    fputs("net.header_count_max: 77\n", y);
    fclose(y);
    RUN(&r, &f, "explain", "net.header_count_max");
    CHECK_OUT(&r, "default       128\n  bounds        8 to 4096 fields\n  here          77 (in ");
    RUN(&r, &f, "explain", "net.tls_cert");
    CHECK_OUT(&r, "default       empty\n");
    CHECK_INT(strlen(fake_asked(&f)), ==, 0);
    fake_end(&f);
}

TEST(as_json_it_is_a_list)
{
    FRESH(r);
    AUTO(arena) *a = NULL;
    jval root;
    RUN(&r, NULL, "explain", "model.add", "--json");
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(json_read(a, str_of(r.out), &root));
    CHECK_INT(json_count(&root), ==, 2);
}

TEST(what_is_in_no_table_is_refused_with_what_may_be_meant)
{
    FRESH(r);
    RUN(&r, NULL, "explain", "net.lisen");
    CHECK_STATUS(&r, 1);
    CHECK_SAYS(&r, "did you mean net.listen?");
    RUN(&r, NULL, "explain", "DENEID");
    CHECK_SAYS(&r, "did you mean DENIED?");
    RUN(&r, NULL, "explain", "something else");
    CHECK_STATUS(&r, 1);
    CHECK_NOT_IN(r.err, "did you mean");
    RUN(&r, NULL, "explain", "");
    CHECK_STATUS(&r, 1);
    RUN(&r, NULL, "explain");
    CHECK_STATUS(&r, 2);
}

TEST(guardrails_and_purposes_of_the_policy_in_force_are_explained)
{
    FRESH(r);
    static struct fake f;
    static char path[300];
    NEED(fake_start(&f));
    snprintf(path, sizeof path, "%s/policy.yaml", f.dir);
    FILE *file = fopen(path, "w");
    NEED(file);
    fputs(
        "version: 1\nlevels: [{ height: 0, id: o, title: O }]\ncompartments: []\nparties: []\n"
        "taints: []\npurposes: [{ id: aid, title: Hilfe, english: Help, law: § 1 }]\nguardrails:\n"
        "  - { id: bau, kind: topic, where: both, then: block, words: [zünder, bauen], title: Bau "
        "}\n"
        "  - { id: konto, kind: identifiers, where: input, then: mask, types: \"IBAN\" }\n",
        file);
    fclose(file);
    RUN(&r, &f, "explain", "guardrail.bau");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "guardrail.bau is a guardrail.");
    CHECK_OUT(&r, "blocks input and output");
    CHECK_OUT(&r, "2 of: zünder, bauen");
    CHECK_OUT(&r, "security officer (Geheimschutz)");
    RUN(&r, &f, "explain", "aid", "--json");
    CHECK_OUT(
        &r, "\"kind\":\"purpose\",\"name\":\"aid\",\"meaning\":\"Hilfe\",\"in English\":\"Help\"");
    RUN(&r, &f, "explain", "guardrail.konta");
    CHECK_STATUS(&r, 1);
    CHECK_SAYS(&r, "did you mean guardrail.konto?");
    fake_says(&f, "GET /admin/v1/policy HTTP", 200, "{\"active\":3,\"versions\":[]}");
    fake_says(&f, "GET /admin/v1/policy/3 HTTP", 200,
              "{\"id\":3,\"text\":\"version: 1\\nlevels: [{ height: 0, id: o, title: O }]\\n"
              "compartments: []\\nparties: []\\ntaints: []\\n"
              "purposes: [{ id: neu, title: Neu }]\\n\"}");
    RUN(&r, &f, "explain", "neu");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "Neu");
    fake_end(&f);
}

TEST(a_request_is_asked_of_the_daemon)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "GET /admin/v1/explain/req_1%2F.. HTTP", 200,
              "{\"request\":\"req_1/..\",\"records\":[{\"event\":\"x\"}]}");
    RUN(&r, &f, "explain", "req_1/..", "--json");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("{\"request\":\"req_1/..\",\"records\":[{\"event\":\"x\"}]}\n"));
    RUN(&r, &f, "explain", "req_none");
    CHECK_STATUS(&r, 1);
    fake_end(&f);
    RUN(&r, NULL, "explain", "req_1");
    CHECK_STATUS(&r, 1);
}

#define SAID                                                                                       \
    "{\"input\":[{\"role\":\"user\",\"text\":\"Frage\"}],\"prompt\":\"\",\"output\":\"Antwort\"}"

/* A story whose log is committed to SAID, and what is kept. */
static void
say(struct fake *f, const char *said)
{
    static char story[1024], kept[2048];
    AUTO(buf) inner = BUF(1024);
    AUTO(buf) b = BUF(2048);
    const char zeros[32] = {0};
    char hex[65];
    sha256 *h;
    digest d;
    NEED_OK(sha256_new(&h));
    CHECK_OK(sha256_add(h, (str){zeros, sizeof zeros}));
    CHECK_OK(sha256_add(h, STR(SAID)));
    NEED_OK(sha256_end(h, &d));
    digest_text(&d, hex);
    snprintf(story, sizeof story,
             "{\"request\":\"req_1\",\"records\":[{\"seq\":1,\"time\":\"2026-03-01T12:00:00.000Z\","
             "\"event\":\"completion\",\"request\":\"req_1\",\"kept\":\"%s\"}]}",
             hex);
    memset(hex, '0', 64);
    json_open(&inner, '{');
    json_member_str(&inner, "salt", str_of(hex));
    json_member_str(&inner, "said", str_of(said));
    json_close(&inner, '}');
    json_open(&b, '{');
    json_key(&b, "said");
    json_open(&b, '[');
    json_open(&b, '{');
    json_member_str(&b, "kept", buf_str(&inner));
    json_close(&b, '}');
    json_close(&b, ']');
    json_close(&b, '}');
    NEED(str_copy(buf_str(&b), kept, sizeof kept));
    fake_says(f, "GET /admin/v1/explain/req_1", 200, story);
    fake_says(f, "GET /admin/v1/content/req_1", 200, kept);
}

TEST(what_was_said_is_shown_when_it_is_what_the_log_is_committed_to)
{
    FRESH(r);
    struct fake f;
    NEED(fake_start(&f));
    say(&f, SAID);
    RUN(&r, &f, "explain", "req_1", "--content");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "user:\nFrage");
    CHECK_OUT(&r, "answer:\nAntwort");
    RUN(&r, &f, "explain", "req_1");
    CHECK_STATUS(&r, 0);
    CHECK_NOT_IN(r.out, "Frage");
    fake_forget(&f);
    say(&f, "{\"input\":[],\"prompt\":\"\",\"output\":\"was anderes\"}");
    RUN(&r, &f, "explain", "req_1", "--content");
    CHECK_STATUS(&r, 65);
    CHECK_NOT_IN(r.out, "was anderes");
    fake_end(&f);
}
