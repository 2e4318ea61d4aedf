/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/conv.h"

#include "base/fault.h"
#include "base/json.h"
#include "base/utf8.h"
#include "small_policy.h"

enum { BYTES_MAX = 1 << 20 };

typedef struct {
    policy *p;
    arena *a;
    const grant *grant; /* covers VS-NfD//SOZIALDATEN */
    struct conv conv;
    buf text;
} bench;

static void
bench_auto(bench *t)
{
    buf_done(&t->text);
    policy_free(t->p);
    arena_free(t->a);
}

static bench
start(void)
{
    bench t = {.text = BUF(BYTES_MAX)};
    CHECK_OK(arena_open(BYTES_MAX, &t.a));
    t.p = small_policy();
    t.grant = small_grant(t.p, t.a, "VS-NfD//SOZIALDATEN");
    return t;
}

static void
say(bench *t, enum conv_role role, str text, const char *label_text)
{
    const label l = small_label(t->p, label_text);
    const struct conv_message m = {.role = role, .text = content_of(text, l)};
    CHECK_OK(VEC_ADD(t->a, &t->conv.messages, &m));
    t->conv.label = label_join(t->conv.label, l);
}

static str
member(const jval *o, const char *name)
{
    const jval v = json_get(o, name);
    str s = STR_NONE;
    CHECK_OK(opt_json_str(&v, BYTES_MAX, &s));
    return s;
}

TEST(messages_become_the_json_that_templates_take)
{
    AUTO(bench) t = start();
    say(&t, CONV_SYSTEM, STR("Sei knapp."), "offen");
    say(&t, CONV_USER, STR("Zeile 1\nZeile \"2\""), "intern");
    NEED_OK(conv_put_messages(&t.conv, t.grant, &t.text));
    CHECK_STR(buf_str(&t.text),
              STR("{\"messages\":[{\"role\":\"system\",\"content\":\"Sei knapp.\"},"
                  "{\"role\":\"user\",\"content\":\"Zeile 1\\nZeile \\\"2\\\"\"}]}"));
}

TEST(a_conversation_without_messages_is_an_empty_list)
{
    AUTO(bench) t = start();
    NEED_OK(conv_put_messages(&t.conv, t.grant, &t.text));
    CHECK_STR(buf_str(&t.text), STR("{\"messages\":[]}"));
}

TEST(speakers_and_calls_of_tools_are_written_where_there_are_any)
{
    AUTO(bench) t = start();
    say(&t, CONV_ASSISTANT, STR(""), "offen");
    say(&t, CONV_TOOL, STR("12 Grad"), "offen");
    t.conv.messages.at[0].name = STR("Eva \"E\"");
    t.conv.messages.at[0].tool_calls = STR("[{\"id\":\"c1\",\"type\":\"function\"}]");
    t.conv.messages.at[1].tool_call_id = STR("c1");
    NEED_OK(conv_put_messages(&t.conv, t.grant, &t.text));
    CHECK_STR(buf_str(&t.text),
              STR("{\"messages\":[{\"role\":\"assistant\",\"content\":\"\",\"name\":\"Eva "
                  "\\\"E\\\"\",\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\"}]},"
                  "{\"role\":\"tool\",\"content\":\"12 Grad\",\"tool_call_id\":\"c1\"}]}"));
}

/* One code point of a kind that matters to JSON, each kind as likely. */
static uint32_t
any_code_point(void)
{
    static const uint32_t edges[] = {0,      1,      '"',    '\\',   '/',     0x1f,
                                     0x7f,   0x80,   0x7ff,  0x800,  0xd7ff,  0xe000,
                                     0xfffd, 0xffff, 0x2028, 0x2029, 0x10000, 0x10ffff};
    switch (test_random() % 4) {
    case 0:
        return edges[test_random() % (sizeof edges / sizeof *edges)];
    case 1:
        return (uint32_t)(test_random() % 32);
    case 2:
        return (uint32_t)(' ' + test_random() % 95);
    default:
        return (uint32_t)(0x10000 + test_random() % 0x100000);
    }
}

static str
any_text(arena *a)
{
    char room[512];
    size_t n = 0;
    for (uint64_t left = test_random() % 100; left > 0; left--)
        n += utf8_put(any_code_point(), room + n);
    return arena_str(a, (str){room, n});
}

TEST(what_is_written_is_read_back_equal)
{
    for (int round = 0; round < 300; round++) {
        AUTO(bench) t = start();
        const size_t count = test_random() % 6;
        for (size_t i = 0; i < count; i++) {
            say(&t, (enum conv_role)(test_random() % 4), any_text(t.a), "VS-NfD");
            t.conv.messages.at[i].name = any_text(t.a);
        }
        NEED_OK(conv_put_messages(&t.conv, t.grant, &t.text));
        jval root, item;
        NEED_OK(json_read(t.a, buf_str(&t.text), &root));
        const jval list = json_get(&root, "messages");
        struct jwalk w = {0};
        NEED(json_count(&list) == count);
        for (size_t i = 0; json_each(&list, &w, &item); i++) {
            const struct conv_message *m = &t.conv.messages.at[i];
            CHECK_STR(member(&item, "role"), str_of(conv_role_name(m->role)));
            CHECK_STR(member(&item, "content"), m->text.bytes_);
            CHECK_STR(member(&item, "name"), m->name);
        }
    }
}

TEST(bytes_that_are_no_text_are_never_passed_on)
{
    AUTO(bench) t = start();
    say(&t, CONV_USER, STR("a\xff\xc3"), "offen");
    NEED_OK(conv_put_messages(&t.conv, t.grant, &t.text));
    CHECK(utf8_valid(buf_str(&t.text)));
}

TEST(one_message_above_the_grant_denies_all_and_nothing_is_written)
{
    static const char *const above[] = {"VS-NfD//STEUER", "VS-NfD//SOZIALDATEN,STEUER",
                                        "offen//REL BUND", "offen//TAINT web"};
    for (size_t i = 0; i < sizeof above / sizeof *above; i++)
        for (size_t place = 0; place < 3; place++) {
            AUTO(bench) t = start();
            for (size_t n = 0; n < 3; n++)
                say(&t, CONV_USER, STR("geheimes Wort"), n == place ? above[i] : "offen");
            const err e = conv_put_messages(&t.conv, t.grant, &t.text);
            CHECK_ERR(e, DENIED);
            CHECK_INT(t.text.len, ==, 0);
            CHECK(str_find(str_of(err_trail()), STR("geheim")) < 0);
        }
}

TEST(a_buffer_that_is_too_small_is_reported)
{
    AUTO(bench) t = start();
    AUTO(buf) small = BUF(20);
    say(&t, CONV_USER, STR("eine Frage, die nicht passt"), "offen");
    CHECK_ERR(conv_put_messages(&t.conv, t.grant, &small), LIMIT);
}

TEST(running_out_of_memory_is_reported)
{
    AUTO(bench) t = start();
    say(&t, CONV_USER, STR("eine Frage"), "offen");
    long n = 1;
    for (bool more = true; more && n < 100; n++) {
        AUTO(buf) b = BUF(BYTES_MAX);
        fault_arm(n);
        const err e = conv_put_messages(&t.conv, t.grant, &b);
        more = fault_fired();
        fault_arm(0);
        if (more)
            CHECK_ERR(e, LIMIT);
        else
            CHECK_OK(e);
    }
    CHECK_INT(n, >, 2);
}

TEST(roles_have_the_names_the_dialects_use)
{
    static const char *const names[] = {"system", "user", "assistant", "tool"};
    for (int i = 0; i < 4; i++)
        CHECK_STR(str_of(conv_role_name((enum conv_role)i)), str_of(names[i]));
}

TEST(the_defaults_sample_once_from_the_whole_distribution)
{
    struct conv_params p;
    memset(&p, 0xff, sizeof p);
    conv_params_default(&p);
    CHECK(p.temperature >= 1 && p.temperature <= 1);
    CHECK(p.top_p >= 1 && p.top_p <= 1);
    CHECK(p.repeat >= 1 && p.repeat <= 1);
    CHECK(p.min_p <= 0 && p.presence <= 0 && p.frequency <= 0);
    CHECK_INT(p.n, ==, 1);
    CHECK_INT(p.top_k, ==, 0);
    CHECK_INT(p.tokens_max + p.stop_count + p.bias_count + p.top_logprobs, ==, 0);
    CHECK(!p.has_seed && !p.logprobs && !p.json_object && !p.echo && !p.ignore_eos);
}

TEST(tools_are_written_unless_none_may_be_called)
{
    AUTO(bench) t = start();
    t.conv.tools = (struct conv_tools){.json = STR("[{\"type\":\"function\"}]"), .count = 1};
    CHECK_OK(conv_put_messages(&t.conv, t.grant, &t.text));
    CHECK_STR(buf_str(&t.text), STR("{\"messages\":[],\"tools\":[{\"type\":\"function\"}]}"));
    buf_clear(&t.text);
    t.conv.tools.choice = CONV_TOOLS_NONE;
    CHECK_OK(conv_put_messages(&t.conv, t.grant, &t.text));
    CHECK_STR(buf_str(&t.text), STR("{\"messages\":[]}"));
}
