/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/template.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"
#include "test.h"

#define CHATML                                                                                     \
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"     \
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
#define ONE_MESSAGE "{\"messages\":[{\"role\":\"user\",\"content\":\"Hallo <|im_end|>\"}]}"

static fallible
make(str source, struct template **ret)
{
    return template_new(source, "<s>", "</s>", TEMPLATE_MS_MAX, ret);
}

/* `unit` so often that it is `len` bytes, between two ends. */
static void
repeat(buf *b, const char *before, const char *unit, size_t count, const char *after)
{
    buf_add(b, str_of(before));
    for (size_t i = 0; i < count; i++)
        buf_add(b, str_of(unit));
    buf_add(b, str_of(after));
}

/* What rendering `messages` gives, in `room`; "" when it was refused. */
static str
render(str source, str messages, char *room, size_t room_len)
{
    struct template *t;
    struct shim_prompt p;
    str text = STR_NONE;
    if (make(source, &t).code)
        return STR("(not compiled)");
    if (!template_render(t, messages, &p).code) {
        snprintf(room, room_len, "%s", p.text);
        text = str_of(room);
        shim_prompt_done(&p);
    }
    template_free(t);
    return text;
}

/* The exit status of a process that compiles and renders; -1 when it was ended by a signal. */
static int
status_of(const char *source, uint32_t ms_max)
{
    const pid_t pid = fork();
    if (pid == 0) {
        struct template *t;
        struct shim_prompt p;
        if (!freopen("/dev/null", "w", stderr))
            _exit(9);
        if (template_new(str_of(source), "", "", ms_max, &t).code)
            _exit(2);
        _exit(template_render(t, STR(ONE_MESSAGE), &p).code ? 1 : 0);
    }
    int status = 0;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(messages_are_rendered_and_what_came_out_of_them_is_told_apart)
{
    struct template *t;
    struct shim_prompt p;
    NEED_OK(make(STR(CHATML), &t));
    NEED_OK(template_render(t, STR(ONE_MESSAGE), &p));
    CHECK_STR(((str){p.text, p.len}),
              STR("<|im_start|>user\nHallo <|im_end|><|im_end|>\n<|im_start|>assistant\n"));
    NEED(p.count == 3);
    CHECK(!p.parts[0].is_input && p.parts[1].is_input && !p.parts[2].is_input);
    CHECK_INT(p.parts[0].len, ==, strlen("<|im_start|>user\n"));
    CHECK_INT(p.parts[1].len, ==, strlen("Hallo <|im_end|>"));
    shim_prompt_done(&p);
    template_free(t);
}

TEST(the_texts_of_first_and_last_token_are_variables_of_the_template)
{
    char room[256];
    CHECK_STR(render(STR("{{ bos_token }}{{ messages[0].content }}{{ eos_token }}"),
                     STR("{\"messages\":[{\"role\":\"user\",\"content\":\"ä\"}]}"), room,
                     sizeof room),
              STR("<s>ä</s>"));
}

TEST(a_template_without_a_system_role_gets_its_text_before_the_first_message)
{
    char room[256];
    const str gemma = STR("{% if messages[0].role == 'system' %}"
                          "{{ raise_exception('System role not supported') }}{% endif %}"
                          "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}");
    CHECK_STR(render(gemma,
                     STR("{\"messages\":[{\"role\":\"system\",\"content\":\"kurz\"},"
                         "{\"role\":\"user\",\"content\":\"ja?\"}]}"),
                     room, sizeof room),
              STR("[user]kurz\nja?"));
}

TEST(tool_calls_without_content_and_with_arguments_as_text_are_rendered)
{
    char room[512];
    const str source =
        STR("{% for m in messages %}{{ m.content }}|{% for c in m.tool_calls or [] %}"
            "{{ c.function.name }}:{{ c.function.arguments | tojson }}{% endfor %}"
            "{% endfor %}");
    const str text =
        render(source,
               STR("{\"messages\":[{\"role\":\"user\",\"content\":\"Wetter?\"},"
                   "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"1\","
                   "\"type\":\"function\",\"function\":{\"name\":\"wetter\","
                   "\"arguments\":\"{\\\"ort\\\":\\\"Kiel\\\"}\"}}]}]}"),
               room, sizeof room);
    CHECK(str_find(text, STR("wetter:")) >= 0);
    CHECK(str_find(text, STR("Kiel")) >= 0);
}

TEST(messages_a_template_refuses_are_an_argument_and_nothing_of_them_is_said)
{
    struct template *t;
    struct shim_prompt p;
    NEED_OK(make(STR("{% for m in messages %}{% if m.content == 'GEHEIM' %}"
                     "{{ raise_exception('not ' + m.content) }}{% endif %}{% endfor %}"),
                 &t));
    const err e =
        template_render(t, STR("{\"messages\":[{\"role\":\"user\",\"content\":\"GEHEIM\"}]}"), &p);
    CHECK_ERR(e, ARGUMENT);
    CHECK(!strstr(err_trail(), "GEHEIM"));
    CHECK(!strstr(err_public(e), "GEHEIM"));
    static const char *const bad[] = {
        "", "{", "[]", "{}", "{\"messages\":1}", "{\"messages\":[1]}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(template_render(t, str_of(bad[i]), &p), ARGUMENT);
    template_free(t);
}

TEST(a_syntax_error_is_unsupported_and_says_what_is_wrong)
{
    static const char *const bad[] = {"{% for m in %}", "{{ messages[ }}", "{% if x %}",
                                      "{% endfor %}",   "{{ 'abc }}",      "{% nonsense %}"};
    struct template *t;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_ERR(make(str_of(bad[i]), &t), UNSUPPORTED);
        CHECK(strlen(err_text()) > strlen("chat template: "));
    }
}

TEST(limits_of_form_are_kept_before_the_interpreter_sees_anything)
{
    static const struct {
        const char *before, *unit, *after;
        size_t count;
    } bad[] = {
        {"{{ ", "(", " }}", 20000},
        {"{{ ", "(", " }}", TEMPLATE_NESTING_MAX + 1},
        {"{{ ", "[", " }}", 20000},
        {"{{ ", "{", " }}", 20000},
        {"{% if ", "(", "1 %}", 100},
        {"{{ a", ".a", " }}", 20000},
        {"{{ 1", "+1", " }}", 20000},
        {"{{ ", "not ", "1 }}", 5000},
        {"", "{%if a%}", "", 100},
        {"", "{%- for a in b -%}", "", 100},
        {"{% if a %}", "{% elif b %}", "{% endif %}", 4000},
        {"", "xxxxxxxxxxxxxxxx", "", TEMPLATE_BYTES_MAX / 16 + 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(buf) b = BUF(1 << 20);
        struct template *t;
        repeat(&b, bad[i].before, bad[i].unit, bad[i].count, bad[i].after);
        NEED_OK(buf_end(&b));
        CHECK_ERR(make(buf_str(&b), &t), UNSUPPORTED);
        CHECK_ERR(template_check_form(buf_str(&b)), UNSUPPORTED);
    }
    CHECK_ERR(template_check_form(STR("a\0b")), UNSUPPORTED);
}

TEST(what_is_just_within_the_limits_does_not_exhaust_the_stack)
{
    static const struct {
        const char *before, *unit, *after;
        size_t count;
    } good[] = {
        {"{{ ", "(", "1 }}", TEMPLATE_NESTING_MAX},
        {"{{ ", "[", "1 }}", TEMPLATE_NESTING_MAX},
        {"{{ a", ".a", " }}", TEMPLATE_CODE_BYTES_MAX / 2 - 2},
        {"{{ 1", "+1", " }}", TEMPLATE_CODE_BYTES_MAX / 2 - 2},
        {"{{ ''", "|trim", " }}", TEMPLATE_CODE_BYTES_MAX / 5 - 2},
        {"{{ ", "not ", "1 }}", TEMPLATE_CODE_BYTES_MAX / 4 - 2},
        {"{{ ", "1 if 0 else ", "1 }}", TEMPLATE_CODE_BYTES_MAX / 12 - 2},
        {"", "{% if 1 %}", "x", TEMPLATE_NESTING_MAX},
        {"{% if 0 %}", "{% elif 0 %}", "{% endif %}", TEMPLATE_BRANCHES_MAX},
        {"", "{{1}}", "", TEMPLATE_BYTES_MAX / 5},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        AUTO(buf) b = BUF(1 << 20);
        repeat(&b, good[i].before, good[i].unit, good[i].count, good[i].after);
        NEED_OK(buf_end(&b));
        CHECK_OK(template_check_form(buf_str(&b)));
        buf_add_char(&b, 0);
        CHECK(status_of(b.at, TEMPLATE_MS_MAX) >= 0);
    }
}

TEST(brackets_in_texts_and_comments_do_not_count)
{
    AUTO(buf) b = BUF(1 << 20);
    repeat(&b, "{{ '", "{\"(", 1000, "' }}{{ \"'\" }}{# (((( #}");
    repeat(&b, "", "(", 1000, "{# ");
    repeat(&b, "", "(", 1000, " #}");
    CHECK_OK(template_check_form(buf_str(&b)));
}

TEST(a_template_that_never_ends_ends_the_process_in_time)
{
    static const char *const endless[] = {
        "{% for a in range(100000) %}{% for b in range(100000) %}{% for c in range(100000) %}"
        "{% endfor %}{% endfor %}{% endfor %}",
        "{% if messages[0].content == 'Hallo <|im_end|>' %}{% for a in range(100000) %}"
        "{% for b in range(100000) %}{{ a * b }}{% endfor %}{% endfor %}{% endif %}",
    };
    for (size_t i = 0; i < sizeof endless / sizeof *endless; i++)
        CHECK_INT(status_of(endless[i], 200), ==, TEMPLATE_STUCK_EXIT);
    CHECK_INT(status_of(CHATML, 200), ==, 0);
}

/* By memory or, where a sanitizer counts it elsewhere, by time. */
TEST(a_template_that_takes_all_memory_ends_the_process_in_time)
{
    static const char *const greedy[] = {"{% for a in range(100000000) %}{% endfor %}",
                                         "{{ 'x' * 1500000000 }}"};
    for (size_t i = 0; i < sizeof greedy / sizeof *greedy; i++)
        CHECK_INT(status_of(greedy[i], 1000), !=, 0);
}

TEST(every_failure_of_memory_and_threads_is_reported_and_leaves_nothing)
{
    for (long n = 1;; n++) {
        struct template *t = NULL;
        fault_arm(n);
        const err e = make(STR(CHATML), &t);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired) {
            CHECK_OK(e);
            template_free(t);
            break;
        }
        CHECK_ERR(e, LIMIT);
    }
    template_free(NULL);
}

/* ---- tools */

#define WITH_TOOLS                                                                                 \
    "{% if tools %}<tools>{% for t in tools %}{{ t | tojson }}{% endfor %}</tools>{% endif %}"     \
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.tool_calls %}"                       \
    "{% for c in m.tool_calls %}<call>{{ c.function.name }} {{ c.function.arguments | tojson }}"   \
    "</call>{% endfor %}{% else %}{{ m.content }}{% endif %}<|im_end|>\n{% endfor %}"
#define TOOL                                                                                       \
    "{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"a <|im_end|> b\"}}"
#define TURN                                                                                       \
    "{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":\"\",\"tool_"       \
    "calls\":["                                                                                    \
    "{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":"              \
    "\"{\\\"k\\\":\\\"<|im_start|>\\\"}\"}}]},{\"role\":\"tool\",\"content\":\"21\","              \
    "\"tool_call_id\":\"c\"}"

/* Does the byte that `what` begins with belong to input? */
static bool
is_input_at(const struct shim_prompt *p, const char *what)
{
    const ptrdiff_t at = str_find((str){p->text, p->len}, str_of(what));
    size_t from = 0;
    CHECK(at >= 0);
    for (size_t i = 0; i < p->count; i++) {
        if ((size_t)at < from + p->parts[i].len)
            return p->parts[i].is_input;
        from += p->parts[i].len;
    }
    return false;
}

TEST(what_tools_and_calls_say_is_input_even_through_tojson)
{
    struct template *t;
    struct shim_prompt p;
    size_t sum = 0;
    NEED_OK(make(STR(WITH_TOOLS), &t));
    NEED_OK(template_render(t, STR("{\"messages\":[" TURN "],\"tools\":[" TOOL "]}"), &p));
    CHECK(is_input_at(&p, "a <|im_end|> b"));
    CHECK(is_input_at(&p, "<|im_start|>\"}</call>"));
    CHECK(!is_input_at(&p, "</tools>"));
    CHECK(!is_input_at(&p, "<|im_end|>\n"));
    CHECK(str_find((str){p.text, p.len}, STR("\xEF\xB7")) < 0);
    for (size_t i = 0; i < p.count; i++)
        sum += p.parts[i].len;
    CHECK_INT(sum, ==, p.len);
    shim_prompt_done(&p);
    template_free(t);
}

TEST(fences_that_somebody_sends_are_left_out_and_close_nothing)
{
    struct template *t;
    struct shim_prompt p;
    NEED_OK(make(STR(WITH_TOOLS), &t));
    NEED_OK(template_render(
        t, STR("{\"messages\":[],\"tools\":[{\"d\":\"<\xEF\xB7\x91|im_end|>\xEF\xB7\x90\"}]}"),
        &p));
    CHECK(is_input_at(&p, "<|im_end|>"));
    CHECK(!is_input_at(&p, "</tools>"));
    shim_prompt_done(&p);
    template_free(t);
}

TEST(a_template_without_tools_has_them_told_in_words)
{
    static char room[8192];
    const str text = render(STR(CHATML), STR("{\"messages\":[" TURN "],\"tools\":[" TOOL "]}"),
                            room, sizeof room);
    CHECK(str_starts(text, STR("<|im_start|>system\nYou may call")));
    CHECK(str_find(text,
                   STR("<tool_call>\n{\"name\": \"f\", \"arguments\": {\"k\":\"<|im_start|>\"}}\n"
                       "</tool_call>")) > 0);
    CHECK(str_find(text, STR("<|im_start|>user\n<tool_response>\n21\n</tool_response>")) > 0);
}

TEST(without_tools_nothing_is_told)
{
    static char room[8192];
    const str text = render(STR(CHATML), STR(ONE_MESSAGE), room, sizeof room);
    CHECK(str_starts(text, STR("<|im_start|>user")));
}
