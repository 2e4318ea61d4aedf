/* SPDX-License-Identifier: EUPL-1.2 */
/* The public page: its files are part of the program (ui/citizen), the answer is put in between. */
#include "api/citizen/citizen_api.h"

#include "base/utf8.h"

enum { PAGE_BYTES = 1 << 20 };

/* The bytes of a file as they were when this was compiled. */
#define FILE_BYTES(name, path)                                                                     \
    __asm__(".section .rodata\n.balign 16\n" #name "_at:\n.incbin \"" path "\"\n" #name            \
            "_end:\n.byte 0\n.previous\n");                                                        \
    extern const char name##_at[] __attribute__((visibility("hidden"))),                           \
        name##_end[] __attribute__((visibility("hidden")))

FILE_BYTES(citizen_html, "ui/citizen/page.html");
FILE_BYTES(citizen_css, "ui/citizen/citizen.css");
FILE_BYTES(citizen_js, "ui/citizen/citizen.js");

#define BYTES_OF(name) ((str){name##_at, (size_t)(name##_end - name##_at)})

static const struct http_field guards[] = {
    {STR_INIT("content-type"), STR_INIT("text/html; charset=utf-8")},
    {STR_INIT("content-security-policy"),
     STR_INIT("default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
              "form-action 'self'; base-uri 'none'")},
    {STR_INIT("cache-control"), STR_INIT("no-store")},
    {STR_INIT("referrer-policy"), STR_INIT("no-referrer")},
    {STR_INIT("x-content-type-options"), STR_INIT("nosniff")},
};
enum { GUARDS = sizeof guards / sizeof *guards };

struct asked {
    struct api_call *call;
    struct keep_call keep;
    str question, before;
    bool part; /* the answer only */
};

/* ---- the page */
/* Adds what stands before `mark`, and takes both off. */
static void
put_until(buf *b, str *page, str mark)
{
    const ptrdiff_t at = str_find(*page, mark);
    ASSERT(at >= 0);
    buf_add(b, str_slice(*page, 0, (size_t)at));
    *page = str_slice(*page, (size_t)at + mark.len, page->len);
}

void
citizen_send_page(struct api_call *c, str question, const buf *inner)
{
    AUTO(buf) b = BUF(PAGE_BYTES);
    str page = BYTES_OF(citizen_html);
    put_until(&b, &page, STR("<!--question-->"));
    html_put(&b, question);
    put_until(&b, &page, STR("<!--answer-->"));
    buf_add(&b, buf_str(inner));
    buf_add(&b, page);
    b.failed |= inner->failed;
    const err e = buf_end(&b);
    if (e.code)
        api_fail(c, e);
    else
        http_answer(c->x, 200, guards, GUARDS, buf_str(&b));
}

static void
answer_page(const struct asked *q, const struct citizen_answer *a)
{
    AUTO(buf) b = BUF(PAGE_BYTES);
    if (a)
        citizen_put_html(&b, a);
    if (!q->part)
        citizen_send_page(q->call, q->question, &b);
    else if (buf_end(&b).code)
        api_fail(q->call, buf_end(&b));
    else
        http_answer(q->call->x, 200, guards, GUARDS, buf_str(&b));
}

/* ---- the form */
static int
hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const char low = (char)(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* application/x-www-form-urlencoded (WHATWG URL section 5); what is no escape stands for itself. */
static void
put_decoded(buf *b, str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const int high = s.at[i] == '%' && i + 2 < s.len ? hex_of(s.at[i + 1]) : -1;
        const int low = high >= 0 ? hex_of(s.at[i + 2]) : -1;
        if (low >= 0) {
            buf_add_char(b, (char)(high * 16 + low));
            i += 2;
        } else
            buf_add_char(b, s.at[i] == '+' ? ' ' : s.at[i]);
    }
}

fallible
citizen_form_value(arena *a, str form, str name, str *ret)
{
    AUTO(buf) b = BUF(CITIZEN_QUESTION_MAX);
    *ret = STR_NONE;
    for (str pair; str_next(&form, '&', &pair);) {
        const ptrdiff_t at = str_find_char(pair, '=');
        if (at < 0 || !str_eq(str_slice(pair, 0, (size_t)at), name))
            continue;
        put_decoded(&b, str_slice(pair, (size_t)at + 1, pair.len));
        break;
    }
    if (b.failed || !utf8_valid(buf_str(&b)))
        REFUSE(ARGUMENT, "question", "a question is text of at most %d bytes",
               CITIZEN_QUESTION_MAX);
    TRY(try_arena_str(a, buf_str(&b), ret));
    *ret = str_trim(*ret);
    return OK;
}

static void
on_cards(void *ctx, const struct citizen_answer *a)
{
    (void)ctx, (void)a; /* the page comes whole */
}

static void
on_end(void *ctx, const struct citizen_answer *a, err e)
{
    const struct asked *const q = ctx;
    q->call->job = NULL;
    if (a)
        answer_page(q, a);
    else
        api_fail(q->call, e);
}

static fallible
serve(struct asked *q)
{
    struct api_call *const c = q->call;
    struct citizen *const z = api_citizen(c->api);
    str part;
    if (!z || !citizen_collection(z).len)
        REFUSE(NOT_FOUND, "", "there is no public page here (citizen.know)");
    q->keep.session = citizen_public(z);
    const str form = http_method(c->x) == HTTP_POST ? c->body : http_query(c->x);
    TRY(citizen_form_value(c->a, form, STR("question"), &q->question));
    TRY(citizen_form_value(c->a, form, STR("before"), &q->before));
    TRY(citizen_form_value(c->a, http_query(c->x), STR("part"), &part));
    q->part = str_eq(part, STR("answer"));
    if (!q->question.len) {
        answer_page(q, NULL);
        return OK;
    }
    const struct citizen_ask ask = {.call = &q->keep,
                                    .collection = citizen_collection(z),
                                    .question = q->question,
                                    .before = q->before,
                                    .received_us = http_received_us(c->x)};
    return citizen_run(z, &ask, (struct citizen_hooks){on_cards, on_end, q}, &c->job);
}

void
citizen_page(struct api_call *c)
{
    struct asked *const q = arena_new(c->a, struct asked);
    q->call = c;
    q->keep = (struct keep_call){.gate = c->gate, .request_id = http_request_id(c->x), .a = c->a};
    const err e = serve(q);
    if (e.code)
        api_fail(c, e);
}

void
citizen_file(struct api_call *c)
{
    struct http_field fields[GUARDS];
    memcpy(fields, guards, sizeof fields);
    const bool is_css = str_eq(c->args[0], STR("citizen.css"));
    if (!is_css && !str_eq(c->args[0], STR("citizen.js"))) {
        api_fail(c, err_start_public(ERR_NOT_FOUND, "", __FILE__, __LINE__, __func__,
                                     "there is no such file"));
        return;
    }
    fields[0].value =
        is_css ? STR("text/css; charset=utf-8") : STR("text/javascript; charset=utf-8");
    fields[2].value = STR("max-age=3600");
    http_answer(c->x, 200, fields, GUARDS, is_css ? BYTES_OF(citizen_css) : BYTES_OF(citizen_js));
}
