/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/api.h"

#include "unit/api/reply.h"

/* ---- two dialects and what they route */
static void
put_first(buf *b, const struct api_error *e)
{
    buf_add_fmt(b, "first|%s|%.*s|%.*s", err_info(e->e)->id, STR_FMT(e->sentence),
                STR_FMT(e->param));
}

static void
put_other(buf *b, const struct api_error *e)
{
    buf_add_fmt(b, "other|%s|%.*s|%.*s", err_info(e->e)->id, STR_FMT(e->sentence),
                STR_FMT(e->param));
}

static const struct dialect first = {.name = "first", .put_error = put_first};
static const struct dialect other = {.name = "other", .put_error = put_other};

/* ---- a third that requests are marked with */
static void
put_third(buf *b, const struct api_error *e)
{
    buf_add_fmt(b, "third|%s|%.*s", err_info(e->e)->id, STR_FMT(e->request_id));
}

static int
third_status(err e)
{
    return e.code == ERR_BUSY ? 529 : err_info(e)->http_status;
}

static const struct dialect third = {.name = "third",
                                     .marker = "x-third",
                                     .id_field = "third-id",
                                     .put_error = put_third,
                                     .status = third_status};

static struct {
    unsigned handled, begun, gone;
    size_t streamed;
    struct api_call *kept;
} seen;

static void
say_who(struct api_call *c)
{
    AUTO(buf) b = BUF(4096);
    seen.handled++;
    json_open(&b, '{');
    json_member_str(&b, "key", c->session ? c->session->key_name : STR("nobody"));
    json_member_bool(&b, "operator", c->session && (c->session->roles & ROLE_OPERATOR));
    json_member_str(&b, "a", c->args[0]);
    json_member_str(&b, "b", c->args[1]);
    json_close(&b, '}');
    api_json(c, &b);
}

static fallible
read_body(struct api_call *c, buf *b)
{
    static const char *const known[] = {"a", "b", NULL};
    jval body;
    TRY(api_body(c, &body));
    TRY(api_body_only(&body, known));
    json_put_u64(b, json_count(&body));
    return OK;
}

static void
take_body(struct api_call *c)
{
    AUTO(buf) b = BUF(4096);
    const err e = read_body(c, &b);
    seen.handled++;
    if (e.code)
        api_fail(c, e);
    else
        api_json(c, &b);
}

static fallible
read_query(struct api_call *c, buf *b)
{
    static const char *const known[] = {"name", "label", NULL};
    str name, mark;
    TRY(api_query_only(c, known));
    TRY(api_query(c, STR("name"), &name));
    TRY(api_query(c, STR("label"), &mark));
    json_open(b, '{');
    json_member_str(b, "name", name);
    json_member_str(b, "label", mark);
    json_close(b, '}');
    return OK;
}

static void
take_query(struct api_call *c)
{
    AUTO(buf) b = BUF(4096);
    const err e = read_query(c, &b);
    if (e.code)
        api_fail(c, e);
    else
        api_json(c, &b);
}

static void
stream_begin(struct api_call *c)
{
    seen.begun++;
    c->own = &seen;
}

static void
stream_data(struct api_call *c, str piece)
{
    CHECK(c->own == &seen);
    seen.streamed += piece.len;
}

static void
stream_end(struct api_call *c)
{
    AUTO(buf) b = BUF(4096);
    json_put_u64(&b, seen.streamed);
    api_json(c, &b);
}

static err
make_failure(str id)
{
    char name[64];
    if (!str_copy(id, name, sizeof name))
        return OK;
    return err_start_public(err_find(name), "field", __FILE__, __LINE__, __func__,
                            "a sentence about %s", name);
}

static void
fail(struct api_call *c)
{
    api_fail(c, make_failure(c->args[0]));
}

static void
too_long(struct api_call *c)
{
    AUTO(buf) b = BUF(4);
    json_put_str(&b, STR("this does not fit"));
    api_json(c, &b);
}

static void
note_gone(struct api_call *c)
{
    CHECK(c == seen.kept);
    seen.gone++;
}

static void
keep(struct api_call *c)
{
    seen.kept = c;
    c->on_gone = note_gone;
}

static const struct route first_routes[] = {
    {HTTP_GET, "/open", say_who, AUTH_NONE, &first, NULL, NULL},
    {HTTP_GET, "/key", say_who, AUTH_KEY, &first, NULL, NULL},
    {HTTP_GET, "/local/{a}", say_who, AUTH_LOCAL, &first, NULL, NULL},
    {HTTP_DELETE, "/local/{a}", say_who, AUTH_LOCAL, &first, NULL, NULL},
    {HTTP_GET, "/two/{a}/{b}", say_who, AUTH_NONE, &first, NULL, NULL},
    {HTTP_POST, "/body", take_body, AUTH_KEY, &first, NULL, NULL},
    {HTTP_GET, "/query", take_query, AUTH_NONE, &first, NULL, NULL},
    {HTTP_GET, "/long", too_long, AUTH_NONE, &first, NULL, NULL},
    {HTTP_GET, "/keep", keep, AUTH_NONE, &first, NULL, NULL}};
static const struct route other_routes[] = {
    {HTTP_POST, "/stream", stream_end, AUTH_KEY, &other, stream_data, stream_begin},
    {HTTP_GET, "/fail/{id}", fail, AUTH_NONE, &other, NULL, NULL}};
static void
say_third(struct api_call *c)
{
    AUTO(buf) b = BUF(64);
    json_put_str(&b, STR("third"));
    api_json(c, &b);
}

static const struct route third_routes[] = {
    {HTTP_GET, "/open", say_third, AUTH_NONE, &third, NULL, NULL},
    {HTTP_GET, "/third", say_third, AUTH_NONE, &third, NULL, NULL},
    {HTTP_GET, "/third/{id}", fail, AUTH_NONE, &third, NULL, NULL}};
static const struct route_table tables[] = {
    {first_routes, sizeof first_routes / sizeof *first_routes},
    {other_routes, sizeof other_routes / sizeof *other_routes},
    {third_routes, sizeof third_routes / sizeof *third_routes}};

static void
open_site(void)
{
    memset(&seen, 0, sizeof seen);
    site_open(tables, 3, &first);
}

/* The same with little room for bodies. */
static void
open_small_site(void)
{
    memset(&site, 0, sizeof site);
    memset(&seen, 0, sizeof seen);
    rig_open(&site.rig);
    site.rig.params.net_body_bytes_max = 1024;
    site_serve(tables, 3, &first);
}

static bool
begins(const reply *r, const char *with)
{
    return str_starts(buf_str(&r->body), str_of(with));
}

static bool
answers(str got, const char *line)
{
    return str_starts(got, str_of(line));
}

/* ---- who asks */
TEST(a_route_for_everybody_needs_no_key_and_takes_none)
{
    open_site();
    AUTO(reply) *r = GET(site.net, "/open", NULL);
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "key"), STR("nobody"));
    CHECK_STR(reply_field(r, "content-type"), STR("application/json"));
    CHECK(str_starts(reply_field(r, "x-request-id"), STR("req_")));
    AUTO(reply) *wrong = GET(site.net, "/open", "hoh_wrong");
    CHECK_INT(wrong->status, ==, 200);
    CHECK_STR(reply_text(wrong, "key"), STR("nobody"));
    site_close();
}

TEST(a_key_names_the_session)
{
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *r = GET(site.net, "/key", key);
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "key"), STR("amt"));
    AUTO(reply) *local = GET(site.net, "/local/x", key);
    CHECK_STR(reply_text(local, "key"), STR("amt"));
    site_close();
}

TEST(without_a_key_the_network_gets_401_and_the_scheme)
{
    static const char *const paths[] = {"/key", "/local/x"};
    open_site();
    for (size_t i = 0; i < 2; i++) {
        AUTO(reply) *r = GET(site.net, paths[i], NULL);
        CHECK_INT(r->status, ==, 401);
        CHECK_STR(reply_field(r, "www-authenticate"), STR("Bearer"));
        CHECK(begins(r, "first|UNAUTHENTICATED|"));
        AUTO(reply) *wrong = GET(site.net, paths[i], "hoh_wrong");
        CHECK_INT(wrong->status, ==, 401);
        CHECK(!reply_has(wrong, "hoh_wrong"));
    }
    CHECK_INT(seen.handled, ==, 0);
    site_close();
}

TEST(the_local_socket_is_the_operator_unless_it_shows_a_key)
{
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *r = GET(site.local, "/local/x", NULL);
    CHECK_INT(r->status, ==, 200);
    CHECK(reply_has(r, "\"operator\":true"));
    AUTO(reply) *plain = GET(site.local, "/local/x", key);
    CHECK_STR(reply_text(plain, "key"), STR("amt"));
    CHECK(reply_has(plain, "\"operator\":false"));
    AUTO(reply) *wrong = GET(site.local, "/local/x", "hoh_wrong");
    CHECK_INT(wrong->status, ==, 401);
    site_close();
}

TEST(a_route_for_keys_takes_no_socket_instead)
{
    open_site();
    AUTO(reply) *r = GET(site.local, "/key", NULL);
    CHECK_INT(r->status, ==, 401);
    site_close();
}

/* ---- paths */
TEST(arguments_come_decoded_and_in_order)
{
    open_site();
    AUTO(reply) *r = GET(site.net, "/two/%C3%A4%2Fx/b%20c", NULL);
    CHECK_STR(reply_text(r, "a"), STR("\xc3\xa4/x"));
    CHECK_STR(reply_text(r, "b"), STR("b c"));
    site_close();
}

TEST(malformed_arguments_are_refused_in_the_dialect_of_the_route)
{
    static const char *const paths[] = {"/two/%C3/b", "/two/a/%A4x", "/two/%ff/b",
                                        "/two/a/%ED%A0%80"};
    open_site();
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        AUTO(reply) *r = GET(site.net, paths[i], NULL);
        CHECK_INT(r->status, ==, 400);
        CHECK_STR(buf_str(&r->body), STR("first|ARGUMENT|the address is not UTF-8|"));
    }
    CHECK_INT(seen.handled, ==, 0);
    site_close();
}

TEST(an_unknown_path_is_404_in_the_fallback_dialect_and_named)
{
    open_site();
    AUTO(reply) *r = GET(site.net, "/nothing/here?x=secret", NULL);
    CHECK_INT(r->status, ==, 404);
    CHECK_STR(buf_str(&r->body), STR("first|NOT_FOUND|there is nothing at \"/nothing/here\"|"));
    CHECK_INT(reply_field(r, "allow").len, ==, 0);
    site_close();
}

TEST(what_is_something_elsewhere_is_refused_with_what_is_here_instead)
{
    static const char *const paths[][2] = {{"/v1/audio/transcriptions", "capability \"audio\""},
                                           {"/v1/realtime?model=x", "/v1/responses"},
                                           {"/v1/images/generations", "image"},
                                           {"/v1/fine_tuning/jobs", "--adapter-of"},
                                           {"/v1/threads/t/runs", "/v1/conversations"}};
    open_site();
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        AUTO(reply) *r = GET(site.net, paths[i][0], NULL);
        CHECK_INT(r->status, ==, 404);
        CHECK(reply_has(r, paths[i][1]));
    }
    AUTO(reply) *r = GET(site.net, "/v1/audio", NULL);
    CHECK_STR(buf_str(&r->body), STR("first|NOT_FOUND|there is nothing at \"/v1/audio\"|"));
    site_close();
}

TEST(a_long_unknown_path_is_cut)
{
    char path[1200] = "/";
    open_site();
    memset(path + 1, 'x', 1000);
    AUTO(reply) *r = GET(site.net, path, NULL);
    CHECK_INT(r->status, ==, 404);
    CHECK(r->body.len < 300 && reply_has(r, "\xe2\x80\xa6"));
    site_close();
}

TEST(a_wrong_method_is_405_and_says_which_are_right)
{
    open_site();
    AUTO(reply) *r = POST(site.net, "/local/x", NULL, "{}");
    CHECK_INT(r->status, ==, 405);
    CHECK_STR(reply_field(r, "allow"), STR("GET, HEAD, DELETE"));
    CHECK(begins(r, "first|METHOD|POST is not for this address; it takes GET, HEAD, DELETE|"));
    AUTO(reply) *get = GET(site.net, "/body", NULL);
    CHECK_INT(get->status, ==, 405);
    CHECK_STR(reply_field(get, "allow"), STR("POST"));
    site_close();
}

TEST(head_is_answered_like_get_without_a_body)
{
    open_site();
    const str got =
        raw_ask("HEAD /open HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "\r\n\r\n");
    CHECK(answers(got, "HTTP/1.1 200 "));
    CHECK(str_find(got, STR("{")) < 0);
    site_close();
}

/* ---- bodies */
TEST(a_body_is_one_json_object_of_known_members)
{
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *r = POST(site.net, "/body", key, "{\"a\":1,\"b\":[]}");
    CHECK_STR(buf_str(&r->body), STR("2"));
    static const struct {
        const char *body, *begin, *param;
    } bad[] = {{"", "first|PARSE|", "|"},
               {"{", "first|PARSE|", "|"},
               {"[]", "first|PARSE|the body must be one JSON object", "|"},
               {"\"a\"", "first|PARSE|the body must be one JSON object", "|"},
               {"{} {}", "first|PARSE|", "|"},
               {"{\"a\":1,\"a\":2}", "first|PARSE|", "|"},
               {"{\"a\":\"\xff\"}", "first|PARSE|", "|"},
               {"{\"a\":1,\"c\":2}", "first|ARGUMENT|the field \"c\" is not known here", "|c"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *no = POST(site.net, "/body", key, bad[i].body);
        CHECK_INT(no->status, ==, 400);
        if (!begins(no, bad[i].begin) || !reply_has(no, bad[i].param))
            test_fail(__FILE__, __LINE__, "%s gave %.*s", bad[i].body, STR_FMT(buf_str(&no->body)));
    }
    site_close();
}

TEST(a_query_is_decoded_and_unknown_parameters_are_refused_by_number)
{
    open_site();
    AUTO(reply) *r = GET(site.net, "/query?name=a%20%C3%A4&label=", NULL);
    CHECK_STR(reply_text(r, "name"), STR("a \xc3\xa4"));
    CHECK_STR(reply_text(r, "label"), STR(""));
    AUTO(reply) *none = GET(site.net, "/query", NULL);
    CHECK_STR(reply_text(none, "name"), STR(""));
    AUTO(reply) *twice = GET(site.net, "/query?name=1&name=2", NULL);
    CHECK_STR(reply_text(twice, "name"), STR("1"));
    AUTO(reply) *bad = GET(site.net, "/query?name=x&geheim=1", NULL);
    CHECK_INT(bad->status, ==, 400);
    CHECK(begins(bad, "first|ARGUMENT|parameter 2 of the address is not known here|"));
    CHECK(!reply_has(bad, "geheim"));
    AUTO(reply) *escape = GET(site.net, "/query?name=%zz", NULL);
    CHECK_INT(escape->status, ==, 400);
    site_close();
}

TEST(a_streamed_body_is_handed_on_in_pieces_and_is_not_bound_by_the_small_limit)
{
    enum { LEN = 300000 };
    static char big[LEN + 1];
    memset(big, 'x', LEN);
    open_small_site();
    AUTO(reply) *r = POST(site.net, "/stream", site_key("amt", "intern"), big);
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(buf_str(&r->body), STR("300000"));
    CHECK_INT(seen.begun, ==, 1);
    CHECK_INT(seen.streamed, ==, LEN);
    site_close();
}

TEST(nothing_of_a_streamed_body_is_taken_from_strangers)
{
    open_site();
    AUTO(reply) *r = POST(site.net, "/stream", NULL, "content");
    CHECK_INT(r->status, ==, 401);
    CHECK(begins(r, "other|UNAUTHENTICATED|"));
    CHECK_INT(seen.begun, ==, 0);
    CHECK_INT(seen.streamed, ==, 0);
    site_close();
}

/* ---- refusals known from the head */
TEST(a_refusal_waits_for_the_body_and_the_connection_stays_usable)
{
    open_site();
    /* The second request would be read as rubbish if the body of the first were left there. */
    const str got = raw_ask("POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /"
                            "GET /open HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                            "nobody");
    CHECK(answers(got, "HTTP/1.1 404 "));
    CHECK(str_find(got, STR("HTTP/1.1 200 ")) > 0);
    CHECK_INT(seen.handled, ==, 1);
    site_close();
}

TEST(a_refusal_does_not_come_before_the_body)
{
    open_site();
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)strtoul(site.port, NULL, 10)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    static const char head[] = "POST /key HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab";
    char room[4096];
    AUTO(fd) f = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(connect(f, (const struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS);
    rig_turn(&site.rig);
    NEED(send(f, head, sizeof head - 1, MSG_NOSIGNAL) > 0);
    (void)SITE_UNTIL(http_server_connections(site.server) == 1);
    rig_settle(&site.rig);
    CHECK_INT(recv(f, room, sizeof room, 0), ==, -1);
    NEED(send(f, "cde", 3, MSG_NOSIGNAL) == 3);
    ssize_t n = -1;
    (void)SITE_UNTIL((n = recv(f, room, sizeof room, 0)) > 0);
    CHECK(n > 12 && memcmp(room, "HTTP/1.1 405", 12) == 0);
    site_close();
}

TEST(a_malformed_body_is_answered_as_such_even_where_a_refusal_waits)
{
    open_site();
    const str got =
        raw_ask("POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                "zz\r\n",
                "\r\n\r\n");
    CHECK(answers(got, "HTTP/1.1 400 "));
    site_close();
}

TEST(who_asks_before_sending_is_told_at_once)
{
    open_site();
    const str got = raw_ask("POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
                            "Expect: 100-continue\r\n\r\n",
                            "UNAUTHENTICATED");
    CHECK(answers(got, "HTTP/1.1 401 "));
    CHECK_INT(seen.begun, ==, 0);
    site_close();
}

TEST(who_asks_before_sending_and_may_is_told_to_go_on)
{
    char text[600];
    open_site();
    snprintf(text, sizeof text,
             "POST /stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
             "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n",
             site_key("amt", "intern"));
    CHECK(answers(raw_ask(text, "\r\n\r\n"), "HTTP/1.1 100 "));
    CHECK_INT(seen.begun, ==, 1);
    site_close();
}

TEST(a_body_too_large_for_its_route_is_413_in_the_fallback_dialect)
{
    enum { LEN = 5000 };
    static char big[LEN + 1];
    memset(big, ' ', LEN);
    open_small_site();
    AUTO(reply) *r = POST(site.net, "/body", site_key("amt", "intern"), big);
    CHECK_INT(r->status, ==, 413);
    CHECK(begins(r, "first|TOO_LARGE|"));
    CHECK_STR(reply_field(r, "content-type"), STR("application/json"));
    site_close();
}

TEST(what_the_server_refuses_itself_speaks_the_fallback_dialect)
{
    open_site();
    const str bad = raw_ask("GET\r\n\r\n", "first|");
    CHECK(answers(bad, "HTTP/1.1 400 "));
    CHECK(str_find(bad, STR("first|ARGUMENT|")) > 0 || str_find(bad, STR("first|PARSE|")) > 0);
    site_close();
}

/* ---- errors */
TEST(every_error_has_its_status_its_dialect_and_the_fields_its_status_owes)
{
    open_site();
    for (int i = 1; i < ERR_COUNT; i++) {
        const struct err_info *info = err_info((err){(uint16_t)i});
        char path[64], want[300];
        snprintf(path, sizeof path, "/fail/%s", info->id);
        snprintf(want, sizeof want, "other|%s|a sentence about %s|field", info->id, info->id);
        AUTO(reply) *r = GET(site.net, path, NULL);
        CHECK_INT(r->status, ==, info->http_status);
        CHECK_STR(buf_str(&r->body), str_of(want));
        CHECK_INT(reply_field(r, "retry-after").len > 0, ==, r->status == 503 || r->status == 429);
        CHECK_INT(reply_field(r, "www-authenticate").len > 0, ==, r->status == 401);
        CHECK_INT(reply_field(r, "allow").len, ==, 0);
    }
    site_close();
}

TEST(an_answer_that_does_not_fit_is_an_error_not_a_half)
{
    open_site();
    AUTO(reply) *r = GET(site.net, "/long", NULL);
    CHECK_INT(r->status, ==, 503);
    CHECK(begins(r, "first|LIMIT|"));
    site_close();
}

/* ---- clients that go away */
TEST(the_handler_hears_once_when_the_client_goes_away)
{
    open_site();
    reply *r = reply_start(site.net, (struct wish){"GET", "/keep", NULL, NULL, STR_NONE});
    (void)SITE_UNTIL(seen.kept);
    CHECK_INT(seen.gone, ==, 0);
    reply_auto(&r);
    (void)SITE_UNTIL(seen.gone);
    rig_settle(&site.rig);
    CHECK_INT(seen.gone, ==, 1);
    site_close();
    CHECK_INT(seen.gone, ==, 1);
}

TEST(the_end_of_the_server_is_one_way_to_go_away)
{
    open_site();
    AUTO(reply) *r = reply_start(site.net, (struct wish){"GET", "/keep", NULL, NULL, STR_NONE});
    (void)SITE_UNTIL(seen.kept);
    http_server_free(TAKE(site.server));
    CHECK_INT(seen.gone, ==, 1);
    (void)SITE_UNTIL(r->ends);
    CHECK_INT(r->end.code, ==, ERR_ENGINE_LOST);
    http_client_free(TAKE(r->client));
    site_close();
}

/* ---- memory */
TEST(an_api_without_memory_is_a_failure_and_freeing_none_is_fine)
{
    api *a = NULL;
    fault_arm(1);
    CHECK_ERR(api_new(NULL, tables, 3, &first, &a), LIMIT);
    fault_arm(0);
    CHECK(!a);
    api_free(NULL);
}

/* ---- a mark says which dialect is spoken */
static reply *
get_marked(const char *path)
{
    static const struct http_field mark = {STR_INIT("X-Third"), STR_INIT("")};
    reply *r = reply_new(site.net);
    reply_send(r, (struct wish){"GET", path, NULL, NULL, STR_NONE}, &mark, 1);
    return reply_wait(r);
}

TEST(of_two_routes_the_mark_chooses)
{
    open_site();
    AUTO(reply) *plain = GET(site.net, "/open", NULL);
    CHECK_STR(reply_text(plain, "key"), STR("nobody"));
    AUTO(reply) *marked = get_marked("/open");
    CHECK_STR(buf_str(&marked->body), STR("\"third\""));
    AUTO(reply) *only = GET(site.net, "/third", NULL);
    CHECK_STR(buf_str(&only->body), STR("\"third\""));
    AUTO(reply) *foreign = get_marked("/local/x");
    CHECK_INT(foreign->status, ==, 401);
    CHECK(begins(foreign, "first|"));
    site_close();
}

TEST(what_is_not_there_is_told_in_the_dialect_that_was_spoken)
{
    open_site();
    AUTO(reply) *plain = GET(site.net, "/nothing", NULL);
    CHECK(begins(plain, "first|NOT_FOUND"));
    CHECK_INT(reply_field(plain, "third-id").len, ==, 0);
    AUTO(reply) *marked = get_marked("/nothing");
    CHECK_INT(marked->status, ==, 404);
    CHECK(begins(marked, "third|NOT_FOUND|req_"));
    CHECK_STR(reply_field(marked, "third-id"), reply_field(marked, "x-request-id"));
    AUTO(reply) *method = get_marked("/body");
    CHECK_INT(method->status, ==, 405);
    CHECK(begins(method, "third|METHOD"));
    CHECK_STR(reply_field(method, "allow"), STR("POST"));
    site_close();
}

TEST(a_status_of_a_dialect_s_own_comes_with_what_it_owes)
{
    open_site();
    AUTO(reply) *r = GET(site.net, "/third/BUSY", NULL);
    CHECK_INT(r->status, ==, 529);
    CHECK_STR(reply_field(r, "retry-after"), STR("1"));
    CHECK(begins(r, "third|BUSY|req_"));
    CHECK(str_starts(reply_field(r, "third-id"), STR("req_")));
    site_close();
}

/* ---- a dialect that looks at the body before it is handled */
static fallible
check_checked(struct api_call *c)
{
    if (str_eq(c->body, STR("{\"forged\":1}"))) {
        c->told = STR("a sentence that may be longer than a public one");
        REFUSE(DENIED, "", "short");
    }
    if (str_eq(c->body, STR("wrapped")))
        c->body = STR("{\"a\":1,\"b\":2}");
    return OK;
}

static const struct dialect checked = {
    .name = "checked", .put_error = put_first, .check_body = check_checked};
static const struct route checked_routes[] = {
    {HTTP_POST, "/checked", take_body, AUTH_LOCAL, &checked, NULL, NULL}};
static const struct route_table checked_table = {checked_routes, 1};

TEST(a_dialect_may_check_the_body_and_put_another_in_its_place)
{
    site_open(&checked_table, 1, &checked);
    seen.handled = 0;
    AUTO(reply) *plain = POST(site.local, "/checked", NULL, "{\"a\":1}");
    AUTO(reply) *wrapped = POST(site.local, "/checked", NULL, "wrapped");
    CHECK_STR(buf_str(&plain->body), STR("1"));
    CHECK_STR(buf_str(&wrapped->body), STR("2"));
    AUTO(reply) *forged = POST(site.local, "/checked", NULL, "{\"forged\":1}");
    CHECK_INT(forged->status, ==, 403);
    CHECK_STR(buf_str(&forged->body),
              STR("first|DENIED|a sentence that may be longer than a public one|"));
    CHECK_INT(seen.handled, ==, 2);
    site_close();
}
