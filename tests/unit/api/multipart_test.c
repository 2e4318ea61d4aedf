/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/multipart.h"

#include <stdio.h>

#include "base/fault.h"
#include "test.h"

enum { ROOM = 1 << 20 };
#define TYPE "multipart/form-data; boundary=XX"

struct heard {
    buf text; /* "[name|filename|type]bytes[end]" of each part */
    unsigned pieces;
    enum err_code no; /* what on_data fails with */
};

static err
on_part(void *ctx, const struct multipart_part *p)
{
    struct heard *h = ctx;
    buf_add_fmt(&h->text, "[%.*s|%.*s|%.*s]", STR_FMT(p->name),
                STR_FMT(p->filename.at ? p->filename : STR("-")), STR_FMT(p->type));
    return OK;
}

static err
on_data(void *ctx, str piece)
{
    struct heard *h = ctx;
    h->pieces++;
    if (h->no)
        return (err){(uint16_t)h->no};
    buf_add(&h->text, piece);
    return OK;
}

static err
on_part_end(void *ctx)
{
    struct heard *h = ctx;
    buf_add(&h->text, STR("[end]"));
    return OK;
}

/* Fed in pieces of `step` bytes; the first piece has `first`. */
static err
read_in(struct heard *h, const char *type, str body, size_t first, size_t step)
{
    AUTO(arena) *a = NULL;
    multipart *m = NULL;
    const struct multipart_hooks hooks = {on_part, on_data, on_part_end, h};
    h->text = BUF(ROOM);
    TRY(arena_open(1 << 20, &a));
    TRY(multipart_new(a, str_of(type), hooks, &m));
    TRY(multipart_feed(m, str_slice(body, 0, first)));
    for (size_t i = first; i < body.len; i += step)
        TRY(multipart_feed(m, str_slice(body, i, i + step)));
    return multipart_end(m);
}

static err
ends_in(const char *type, const char *body, const char *want)
{
    struct heard h = {.no = ERR_OK};
    const err e = read_in(&h, type, str_of(body), strlen(body), 1);
    if (want)
        CHECK_STR(buf_str(&h.text), str_of(want));
    buf_done(&h.text);
    return e;
}

static const char whole[] =
    "preamble to skip\r\n--XX\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
    "--XX\r\ncontent-disposition:form-data; name=file; filename=\"a\\\"b.bin\"\r\n"
    "Content-Type: application/octet-stream\r\n\r\n\r\n--X\r\n--XY\r\n-\r\n\r\n--XX  \r\n"
    "X-Other: 1\r\nContent-Disposition: form-data; name=\"leer\"; filename=\"\"\r\n\r\n\r\n"
    "--XX--\r\nepilogue --XX to skip";
static const char heard_whole[] = "[purpose|-|]batch[end][file|a\"b.bin|application/octet-stream]"
                                  "\r\n--X\r\n--XY\r\n-\r\n[end][leer||][end]";

TEST(a_form_is_taken_apart_the_same_however_its_bytes_come)
{
    const str body = {whole, sizeof whole - 1};
    for (size_t first = 0; first <= body.len; first++)
        for (size_t step = 1; step < 40; step += 1 + step / 3) {
            struct heard h = {.no = ERR_OK};
            CHECK_OK(read_in(&h, TYPE, body, first, step));
            CHECK_STR(buf_str(&h.text), str_of(heard_whole));
            buf_done(&h.text);
        }
}

TEST(any_bytes_pass_through_unchanged)
{
    char data[4096];
    const str head = STR("--XX\r\nContent-Disposition: form-data; name=f\r\n\r\n");
    for (int round = 0; round < 200; round++) {
        AUTO(buf) body = BUF(ROOM), want = BUF(ROOM);
        struct heard h = {.no = ERR_OK};
        /* Few letters, so that pieces of boundaries are common. */
        const size_t len = test_random() % sizeof data;
        for (size_t i = 0; i < len; i++)
            data[i] = "\r\n--XXY\0"[test_random() % 8];
        if (str_find((str){data, len}, STR("\r\n--XX")) >= 0)
            continue;
        buf_add(&body, head);
        buf_add(&body, (str){data, len});
        buf_add(&body, STR("\r\n--XX--"));
        CHECK_OK(
            read_in(&h, TYPE, buf_str(&body), test_random() % body.len, 1 + test_random() % 100));
        buf_add(&want, STR("[f|-|]"));
        buf_add(&want, (str){data, len});
        buf_add(&want, STR("[end]"));
        CHECK_STR(buf_str(&h.text), buf_str(&want));
        buf_done(&h.text);
    }
}

TEST(a_quoted_boundary_is_one)
{
    CHECK_OK(ends_in("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"",
                     "--a b\r\nContent-Disposition: form-data; name=x\r\n\r\ny\r\n--a b--\r\n",
                     "[x|-|]y[end]"));
}

TEST(a_type_without_a_usable_boundary_is_refused)
{
    static const char *const types[] = {
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=\"open",
        "multipart/form-data; boundary=\"ends with \"",
        "multipart/form-data; boundary=\xc3\xa4",
        "multipart/form-data; other=1",
        ("multipart/form-data; boundary="
         "01234567890123456789012345678901234567890123456789012345678901234567890")};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        CHECK_ERR(ends_in(types[i], "", NULL), PARSE);
    CHECK_ERR(ends_in("application/json", "", NULL), UNSUPPORTED);
    CHECK_ERR(ends_in("", "", NULL), UNSUPPORTED);
    CHECK_ERR(ends_in("multipart/mixed; boundary=XX", "", NULL), UNSUPPORTED);
}

TEST(a_body_out_of_shape_is_refused)
{
    static const char *const bodies[] = {
        "",
        "--XX",
        "--XX\r\n",
        "--XX\r\nContent-Disposition: form-data; name=x\r\n",
        "--XX\r\nContent-Disposition: form-data; name=x\r\n\r\nabc",
        "--XX\r\nContent-Disposition: form-data; name=x\r\n\r\nabc\r\n--XX",
        "--XX\r\nContent-Disposition: form-data; name=x\r\n\r\nabc\r\n--XX-",
        "--XXContent-Disposition: form-data; name=x\r\n\r\nabc\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--XX--",
        "--XX\r\nContent-Disposition: attachment; name=x\r\n\r\nabc\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=\"x\r\n\r\nabc\r\n--XX--",
        "--XX\r\nno field\r\n\r\nabc\r\n--XX--",
        "--XX\r\n: empty\r\n\r\nabc\r\n--XX--",
        "--XX\r\n\r\nabc\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\nabc\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=x; filename=\"\xc3\"\r\n\r\nabc\r\n--XX--"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        CHECK_ERR(ends_in(TYPE, bodies[i], NULL), PARSE);
}

TEST(heads_names_and_parts_have_limits)
{
    for (int what = 0; what < 3; what++) {
        AUTO(buf) body = BUF(ROOM);
        struct heard h = {.no = ERR_OK};
        if (what == 0)
            buf_add_fmt(&body, "--XX\r\nX: %09000d\r\nContent-Disposition: form-data; name=x", 0);
        if (what == 1)
            buf_add_fmt(&body, "--XX\r\nContent-Disposition: form-data; name=%01025d", 0);
        for (int i = 0; what == 2 && i <= MULTIPART_PARTS_MAX; i++)
            buf_add(&body, STR("\r\n--XX\r\nContent-Disposition: form-data; name=x\r\n\r\n"));
        buf_add(&body, STR("\r\n\r\n\r\n--XX--"));
        CHECK_ERR(read_in(&h, TYPE, buf_str(&body), 0, 1000), PARSE);
        buf_done(&h.text);
    }
}

TEST(what_a_hook_refuses_ends_it)
{
    struct heard h = {.no = ERR_TOO_LARGE};
    CHECK_ERR(read_in(&h, TYPE, (str){whole, sizeof whole - 1}, 0, 1000), TOO_LARGE);
    CHECK_INT(h.pieces, ==, 1);
    buf_done(&h.text);
}

TEST(each_failure_of_memory_is_told)
{
    for (long n = 1;; n++) {
        struct heard h = {.no = ERR_OK};
        fault_arm(n);
        const err e = read_in(&h, TYPE, (str){whole, sizeof whole - 1}, 7, 50);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(!fired == !e.code || h.text.failed);
        buf_done(&h.text);
        if (!fired)
            break;
        CHECK_INT(n, <, 100);
    }
}
