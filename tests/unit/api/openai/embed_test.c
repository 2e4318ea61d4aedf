/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openai/openai.h"

#include "base/enc.h"
#include "unit/api/reply.h"

#define EMBED "/v1/embeddings"

static void
open_site(void)
{
    site_open(&openai_table, 1, &openai_dialect);
}

static double
real_at(const reply *r, const char *path)
{
    const jval v = reply_at(r, path);
    double d = -4711;
    if (json_type(v) == J_NUMBER)
        CHECK_OK(json_f64(&v, -1e9, 1e9, &d));
    return d;
}

TEST(one_text_has_one_vector)
{
    open_site();
    AUTO(reply) *r = POST(site.net, EMBED, site_key("amt", "intern"), "{\"input\":\"hallo\"}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "content-type"), STR("application/json"));
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    CHECK(str_starts(reply_field(r, "x-request-id"), STR("req_")));
    CHECK_STR(reply_text(r, "object"), STR("list"));
    CHECK_STR(reply_text(r, "model"), STR("toy-embed"));
    CHECK_STR(reply_text(r, "data.0.object"), STR("embedding"));
    CHECK_INT(reply_number(r, "data.0.index"), ==, 0);
    CHECK(!reply_at(r, "data.1").v);
    const jval v = reply_at(r, "data.0.embedding");
    CHECK_INT(json_count(&v), ==, TALKER_DIMS);
    CHECK(real_at(r, "data.0.embedding.0") == 5 && real_at(r, "data.0.embedding.1") == 'h');
    CHECK(reply_number(r, "usage.prompt_tokens") >= 0);
    CHECK_INT(reply_number(r, "usage.total_tokens"), ==, reply_number(r, "usage.prompt_tokens"));
    site_close();
}

TEST(many_texts_have_their_vectors_in_their_order)
{
    AUTO(buf) b = BUF(64 * 1024);
    open_site();
    buf_add(&b, STR("{\"model\":\"toy-embed\",\"input\":["));
    for (int i = 0; i < 40; i++)
        buf_add_fmt(&b, "%s\"%.*s\"", i ? "," : "", i + 1,
                    "0123456789012345678901234567890123456789");
    buf_add(&b, STR("]}"));
    AUTO(reply) *r = reply_to(
        site.net, (struct wish){"POST", EMBED, site_key("amt", "intern"), NULL, buf_str(&b)});
    CHECK_INT(r->status, ==, 200);
    for (int i = 0; i < 40; i++) {
        char path[64];
        snprintf(path, sizeof path, "data.%d.index", i);
        CHECK_INT(reply_number(r, path), ==, i);
        snprintf(path, sizeof path, "data.%d.embedding.0", i);
        CHECK(real_at(r, path) == i + 1);
    }
    CHECK(!reply_at(r, "data.40").v);
    site_close();
}

TEST(base64_is_the_bytes_of_the_same_numbers)
{
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *r =
        POST(site.net, EMBED, key, "{\"input\":[\"hallo\",\"x\"],\"encoding_format\":\"base64\"}");
    for (int i = 0; i < 2; i++) {
        const float want[TALKER_DIMS] = {i ? 1.0f : 5.0f, i ? 'x' : 'h'};
        AUTO(buf) b = BUF(1024);
        char path[64];
        base64_put(&b, want, sizeof want);
        snprintf(path, sizeof path, "data.%d.embedding", i);
        CHECK_STR(reply_text(r, path), buf_str(&b));
    }
    site_close();
}

TEST(fewer_dimensions_are_asked_of_the_engine)
{
    open_site();
    AUTO(reply) *r =
        POST(site.net, EMBED, site_key("amt", "intern"), "{\"input\":\"x\",\"dimensions\":2}");
    CHECK_INT(r->status, ==, 200);
    const jval v = reply_at(r, "data.0.embedding");
    CHECK_INT(json_count(&v), ==, 2);
    site_close();
}

/* ---- a played engine */
static void
says_vector(const struct rig_engine *e, uint64_t id, uint32_t index, float first)
{
    const struct engine_vector v = {.index = index, .dims = 4};
    const float values[4] = {first, -0.5f, 1e-7f, 0};
    rig_say(e, ENGINE_VECTOR, id, &v, sizeof v, (str){(const char *)values, sizeof values});
}

static reply *
begin_played(const char *body, struct rig_engine **ret_engine, uint64_t *ret_id)
{
    open_site();
    site.rig.talkers = false;
    const struct wish w = {"POST", EMBED, site_key("amt", "intern"), NULL, str_of(body)};
    reply *r = reply_start(site.net, w);
    *ret_engine = rig_ready(&site.rig, 0);
    *ret_id = rig_submitted(&site.rig, *ret_engine);
    return r;
}

TEST(vectors_that_come_in_any_order_are_answered_in_the_order_of_the_inputs)
{
    struct rig_engine *e;
    uint64_t id;
    AUTO(reply) *r = begin_played("{\"input\":[\"a\",\"b\",\"c\"]}", &e, &id);
    says_vector(e, id, 2, 30);
    says_vector(e, id, 0, 10);
    says_vector(e, id, 1, 20);
    rig_done(e, id, 0, true);
    reply_wait(r);
    CHECK_INT(r->status, ==, 200);
    CHECK(real_at(r, "data.0.embedding.0") == 10 && real_at(r, "data.1.embedding.0") == 20);
    CHECK(real_at(r, "data.2.embedding.0") == 30);
    CHECK((float)real_at(r, "data.0.embedding.2") == 1e-7f);
    CHECK_INT(reply_number(r, "usage.prompt_tokens"), ==, 5);
    site_close();
}

TEST(a_vector_that_never_came_is_an_error_not_a_gap)
{
    struct rig_engine *e;
    uint64_t id;
    AUTO(reply) *r = begin_played("{\"input\":[\"a\",\"b\"]}", &e, &id);
    says_vector(e, id, 1, 20);
    rig_done(e, id, 0, true);
    reply_wait(r);
    CHECK_INT(r->status, >=, 500);
    CHECK(!reply_at(r, "data").v);
    site_close();
}

TEST(an_engine_that_dies_is_an_error_of_http)
{
    struct rig_engine *e;
    uint64_t id;
    AUTO(reply) *r = begin_played("{\"input\":[\"a\",\"b\"]}", &e, &id);
    says_vector(e, id, 0, 20);
    rig_settle(&site.rig);
    fd_auto(&e->far);
    e->far = -1;
    reply_wait(r);
    CHECK_INT(r->status, ==, 503);
    CHECK_STR(reply_text(r, "error.code"), STR("engine_lost"));
    site_close();
}

/* ---- refusals */
TEST(what_cannot_be_embedded_is_refused)
{
    static const struct {
        const char *body, *code, *param;
        int status;
    } bad[] = {
        {"{}", "unsupported_value", "input", 400},
        {"{\"input\":\"\"}", "invalid_value", "input", 400},
        {"{\"input\":[\"a\",5]}", "unsupported_value", "input[1]", 400},
        {"{\"input\":\"x\",\"encoding_format\":\"hex\"}", "invalid_value", "encoding_format", 400},
        {"{\"input\":\"x\",\"stream\":true}", "invalid_value", "stream", 400},
        {"{\"input\":\"x\",\"model\":\"nirgends\"}", "model_not_found", "model", 404}};
    open_site();
    const char *key = site_key("amt", "intern");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = POST(site.net, EMBED, key, bad[i].body);
        CHECK_INT(r->status, ==, bad[i].status);
        CHECK_STR(reply_text(r, "error.code"), str_of(bad[i].code));
        CHECK_STR(reply_text(r, "error.param"), str_of(bad[i].param));
    }
    AUTO(reply) *nobody = POST(site.net, EMBED, NULL, "{\"input\":\"x\"}");
    CHECK_INT(nobody->status, ==, 401);
    site_close();
}

TEST(a_label_above_the_key_is_denied)
{
    open_site();
    AUTO(reply) *r = reply_to(site.net, (struct wish){"POST", EMBED, site_key("amt", "offen"),
                                                      "VS-NfD", STR("{\"input\":\"x\"}")});
    CHECK_INT(r->status, ==, 403);
    CHECK_STR(reply_text(r, "error.code"), STR("denied_by_policy"));
    CHECK_INT(site.rig.starts, ==, 0);
    site_close();
}

TEST(a_client_that_goes_away_frees_its_place)
{
    struct rig_engine *e;
    uint64_t id;
    reply *r = begin_played("{\"input\":\"x\"}", &e, &id);
    CHECK_INT(meter_value(&site.rig.meters, METER_REQUESTS_RUNNING), ==, 1);
    reply_auto(&r);
    (void)SITE_UNTIL(meter_value(&site.rig.meters, METER_REQUESTS_RUNNING) == 0);
    site_close();
}
