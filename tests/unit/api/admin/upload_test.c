/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/admin/admin_api.h"

#include <dirent.h>

#include "gguf_write.h"
#include "unit/api/reply.h"

#define MODELS "/admin/v1/models"

static void
open_site(void)
{
    site_open(&admin_table, 1, &admin_dialect);
}

/* ---- files */
static void
put_gguf(buf *b, const char *name)
{
    static const char *const keys[] = {"llama.context_length", "llama.embedding_length",
                                       "llama.block_count", "llama.attention.head_count"};
    AUTO(gguf_writer) w = GGUF_WRITER;
    gguf_write_str(&w, "general.architecture", STR("llama"));
    gguf_write_str(&w, "general.name", str_of(name));
    gguf_write_str(&w, "general.license", STR("apache-2.0"));
    for (uint32_t i = 0; i < 4; i++)
        gguf_write_u32(&w, keys[i], i == 0 ? 2048 : i == 1 ? 64 : 2);
    gguf_write_array(&w, "tokenizer.ggml.tokens", 8, 1);
    gguf_write_text(&w.values, STR("a"));
    float *f = gguf_write_floats(&w, "token_embd.weight", 64, 2);
    memset(f, 0, 64 * 2 * sizeof *f);
    gguf_write_end(&w, b);
}

static size_t
files(void)
{
    size_t n = 0;
    const struct dirent *e;
    DIR *d = opendir(site.rig.models);
    while (d && (e = readdir(d)))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    if (d)
        closedir(d);
    return n;
}

static bool
has_file_of(str bytes)
{
    char path[700], hex[65];
    digest d;
    CHECK_OK(sha256_of(bytes, &d));
    digest_text(&d, hex);
    snprintf(path, sizeof path, "%s/%s.gguf", site.rig.models, hex);
    return access(path, F_OK) == 0;
}

static reply *
upload(const char *query, str bytes)
{
    char path[300];
    snprintf(path, sizeof path, MODELS "%s", query);
    return reply_to(site.local, (struct wish){"POST", path, NULL, NULL, bytes});
}

static const struct model *
model(const char *name)
{
    return registry_get(site.rig.registry, str_of(name));
}

/* ---- what is taken */
TEST(a_model_file_takes_the_name_of_its_digest_and_a_row)
{
    AUTO(buf) b = BUF(1 << 20);
    open_site();
    put_gguf(&b, "Klein");
    AUTO(reply) *r = upload("?name=klein&licence=MIT&label=intern&origin=https%3A%2F%2Fexample.org",
                            buf_str(&b));
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(buf_str(&r->body), STR("{\"ok\":true}"));
    CHECK(has_file_of(buf_str(&b)));
    CHECK_INT(files(), ==, 1);
    const struct model *m = model("klein");
    NEED(m);
    CHECK_STR(m->licence, STR("MIT"));
    CHECK_STR(m->label_text, STR("intern"));
    CHECK_STR(m->origin, STR("https://example.org"));
    site_close();
}

TEST(the_row_has_the_digest_of_the_whole_file)
{
    AUTO(buf) b = BUF(1 << 23);
    open_site();
    put_gguf(&b, "Klein");
    AUTO(reply) *r = upload("?name=klein", buf_str(&b));
    CHECK_INT(r->status, ==, 200);
    NEED(model("klein"));
    const str sha = model("klein")->sha256;
    digest d;
    char hex[65];
    CHECK_OK(sha256_of(buf_str(&b), &d));
    digest_text(&d, hex);
    CHECK_STR(sha, str_of(hex));
    site_close();
}

TEST(one_file_under_two_names_is_kept_once_and_as_long_as_one_is_left)
{
    AUTO(buf) b = BUF(1 << 20);
    open_site();
    put_gguf(&b, "Klein");
    AUTO(reply) *one = upload("?name=eins", buf_str(&b));
    AUTO(reply) *two = upload("?name=zwei", buf_str(&b));
    CHECK_INT(one->status, ==, 200);
    CHECK_INT(two->status, ==, 200);
    CHECK_INT(files(), ==, 1);
    AUTO(reply) *gone =
        reply_to(site.local, (struct wish){"DELETE", MODELS "/eins", NULL, NULL, STR_NONE});
    CHECK_INT(gone->status, ==, 200);
    CHECK(has_file_of(buf_str(&b)) && model("zwei") && !model("eins"));
    AUTO(reply) *both =
        reply_to(site.local, (struct wish){"DELETE", MODELS "/zwei", NULL, NULL, STR_NONE});
    CHECK_INT(both->status, ==, 200);
    CHECK_INT(files(), ==, 0);
    site_close();
}

TEST(the_built_in_model_needs_no_file)
{
    open_site();
    AUTO(reply) *r = upload("?name=spiel&toy=chat", STR_NONE);
    CHECK_INT(r->status, ==, 200);
    CHECK(model("spiel") != NULL);
    CHECK_INT(files(), ==, 0);
    AUTO(reply) *bad = upload("?name=spiel2&toy=sing", STR_NONE);
    CHECK_INT(bad->status, ==, 400);
    CHECK_STR(reply_text(bad, "error.param"), STR("toy"));
    site_close();
}

/* ---- what is not, and leaves nothing */
static void
check_refused(const char *query, str bytes, int status)
{
    AUTO(reply) *r = upload(query, bytes);
    if (r->status != status)
        test_fail(__FILE__, __LINE__, "%s: %d: %.*s", query, r->status, STR_FMT(buf_str(&r->body)));
    CHECK_INT(files(), ==, 0);
    CHECK(!model("neu"));
}

TEST(a_file_that_is_no_model_is_refused_and_removed)
{
    AUTO(buf) b = BUF(1 << 20);
    open_site();
    put_gguf(&b, "Klein");
    check_refused("?name=neu", STR("this is no model"), 400);
    check_refused("?name=neu", STR_NONE, 400);
    check_refused("?name=neu", STR("GGUF"), 400);
    for (size_t cut = 1; cut < 4; cut++)
        check_refused("?name=neu", str_slice(buf_str(&b), 0, b.len * cut / 4), 400);
    site_close();
}

TEST(a_wish_out_of_shape_is_refused_and_the_file_removed)
{
    AUTO(buf) b = BUF(1 << 20);
    open_site();
    put_gguf(&b, "Klein");
    check_refused("?name=neu&foo=1", buf_str(&b), 400);
    check_refused("?name=%ff", buf_str(&b), 400);
    check_refused("?name=a%20b", buf_str(&b), 400);
    check_refused("?name=neu&label=nichts", buf_str(&b), 400);
    check_refused("?name=toy", buf_str(&b), 409);
    site_close();
}

TEST(an_upload_that_is_broken_off_leaves_nothing)
{
    AUTO(buf) b = BUF(1 << 20);
    AUTO(buf) half = BUF(1 << 20);
    open_site();
    put_gguf(&b, "Klein");
    buf_add_fmt(&half,
                "POST " MODELS "?name=neu HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                "Content-Length: %zu\r\n\r\n",
                site_key("betrieb", NULL), b.len);
    buf_add(&half, str_slice(buf_str(&b), 0, b.len / 2));
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)strtoul(site.port, NULL, 10)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    AUTO(fd) f = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    NEED(connect(f, (const struct sockaddr *)&to, sizeof to) == 0);
    NEED(send(f, half.at, half.len, MSG_NOSIGNAL) == (ssize_t)half.len);
    (void)SITE_UNTIL(files() == 1); /* it grows */
    close(f);
    f = -1;
    (void)SITE_UNTIL(files() == 0);
    (void)SITE_UNTIL(http_server_connections(site.server) == 0);
    CHECK(!model("neu") && !model("Klein"));
    site_close();
}

TEST(an_upload_that_the_server_s_end_breaks_off_leaves_nothing)
{
    static char big[1 << 20];
    open_site();
    AUTO(reply) *r = reply_start(
        site.local, (struct wish){"POST", MODELS "?name=neu", NULL, NULL, (str){big, sizeof big}});
    (void)SITE_UNTIL(files() == 1);
    http_server_free(TAKE(site.server));
    CHECK_INT(files(), ==, 0);
    http_client_free(TAKE(r->client));
    site_close();
}

TEST(who_may_not_add_models_is_told_before_the_first_byte)
{
    static char big[1 << 20];
    open_site();
    const char *key = site_key("amt", "VS-NfD");
    char text[600];
    snprintf(text, sizeof text,
             "POST " MODELS "?name=neu HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
             "Content-Length: 1000000\r\n\r\n",
             key);
    const str got = raw_ask(text, "DENIED");
    CHECK(str_starts(got, STR("HTTP/1.1 403 ")));
    AUTO(reply) *nobody = reply_to(
        site.net, (struct wish){"POST", MODELS "?name=neu", NULL, NULL, (str){big, sizeof big}});
    CHECK_INT(nobody->status, ==, 401);
    CHECK_INT(files(), ==, 0);
    site_close();
}

TEST(a_full_disk_is_said_and_nothing_is_left)
{
    AUTO(buf) b = BUF(1 << 20);
    open_site();
    put_gguf(&b, "Klein");
    atomic_store(&disk.room, 100);
    AUTO(reply) *r = upload("?name=neu", buf_str(&b));
    atomic_store(&disk.room, -1);
    CHECK_INT(r->status, ==, 503);
    CHECK_STR(reply_text(r, "error.code"), STR("DISK_FULL"));
    CHECK_INT(files(), ==, 0);
    AUTO(reply) *again = upload("?name=neu", buf_str(&b));
    CHECK_INT(again->status, ==, 200);
    site_close();
}

TEST(a_directory_that_takes_no_files_is_the_server_s_fault)
{
    AUTO(buf) b = BUF(1 << 20);
    open_site();
    put_gguf(&b, "Klein");
    CHECK(rmdir(site.rig.models) == 0);
    AUTO(reply) *r = upload("?name=neu", buf_str(&b));
    CHECK_INT(r->status, >=, 400);
    CHECK(!reply_has(r, site.rig.models));
    CHECK(!model("neu"));
    CHECK_OK(file_make_dir(site.rig.models, 0700));
    site_close();
}
