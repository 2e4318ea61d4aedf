/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/writer.h"

#include <stdlib.h>

#include "base/fault.h"
#include "os/file.h"
#include "test.h"

enum { ROOM = 4 << 20 };

struct heard {
    buf text;
    uint64_t next;
};

static void
on_event(void *ctx, uint64_t number, str event)
{
    struct heard *h = ctx;
    CHECK_INT(number, ==, h->next);
    h->next++;
    buf_add(&h->text, event);
}

static struct writer *
writer_on(arena *a, struct heard *h)
{
    struct writer *w = arena_new(a, struct writer);
    writer_init(w, a, 1 << 20);
    w->id = STR("resp_01ABC");
    w->model = STR("toy");
    w->echo = STR(",\"metadata\":{}");
    w->created_s = 1000;
    w->status = RESPONSE_RUNNING;
    w->emit = h ? on_event : NULL;
    w->ctx = h;
    return w;
}

static void
part(struct writer *w, enum engine_part kind, uint32_t call, const char *text)
{
    const struct engine_piece p = {.part = kind, .call = call, .token_count = 1};
    writer_part(w, &p, str_of(text));
}

/* Thoughts, two calls and words, as a model with all of them makes them. */
static void
answer_all(struct writer *w)
{
    writer_begin(w);
    part(w, PART_REASONING, 0, "Hm");
    part(w, PART_REASONING, 0, "m.");
    part(w, PART_CALL, 0, "wetter");
    part(w, PART_ARGUMENTS, 0, "{\"ort\":");
    part(w, PART_ARGUMENTS, 0, "\"Ulm\"}");
    part(w, PART_CALL, 1, "uhr");
    part(w, PART_ARGUMENTS, 1, "{}");
    part(w, PART_TEXT, 0, "Gr\xc3\xbc\xc3\x9f");
    part(w, PART_TEXT, 0, "e\n");
    writer_settle(w, true);
    w->input_tokens = 5;
    w->output_tokens = 9;
    w->status = RESPONSE_COMPLETED;
    w->ended_s = 1002;
}

TEST(the_events_of_an_answer_are_those_of_the_snapshot)
{
    static const char path[] = "tests/snapshot/responses-events.txt";
    struct heard h = {.text = BUF(ROOM)};
    AUTO(arena) *a = NULL;
    str want = STR_NONE;
    NEED_OK(arena_open(ROOM, &a));
    struct writer *w = writer_on(a, &h);
    answer_all(w);
    CHECK_OK(writer_last(w));
    if (secure_getenv("UPDATE"))
        CHECK_OK(file_write_atomic(path, buf_str(&h.text), 0644));
    CHECK_OK(file_read(a, path, ROOM, &want));
    CHECK_STR(buf_str(&h.text), want); /* wanted so?  UPDATE=1 writes it anew */
    buf_done(&h.text);
}

/* Any cut into pieces: what is kept gives the same events again, number for number. */
TEST(a_replay_is_byte_for_byte_what_was_sent)
{
    static const char *const texts[] = {
        "a", "\xc3\xa4\xc3\xb6", "{\"x\":1}", "\n\n", "data: ", "\"\\", "\xf0\x9f\x98\x80"};
    for (int round = 0; round < 300; round++) {
        struct heard live = {.text = BUF(ROOM)}, again = {.text = BUF(ROOM)};
        AUTO(arena) *a = NULL;
        AUTO(buf) saved = BUF(ROOM), json = BUF(ROOM), json2 = BUF(ROOM);
        jval v;
        NEED_OK(arena_open(ROOM, &a));
        struct writer *w = writer_on(a, &live), *r = arena_new(a, struct writer);
        uint32_t calls = 0;
        bool in_call = false;
        w->is_background = test_random() % 2;
        writer_begin(w);
        for (uint64_t n = test_random() % 30; n; n--) {
            const char *text = texts[test_random() % 7];
            const uint64_t what = test_random() % 8;
            in_call = what == 7 || (in_call && what > 3);
            part(w,
                 what == 7  ? PART_CALL
                 : in_call  ? PART_ARGUMENTS
                 : what % 2 ? PART_TEXT
                            : PART_REASONING,
                 what == 7 ? calls++ : calls - in_call, text);
        }
        const bool whole = test_random() % 2;
        writer_settle(w, whole);
        w->status = whole ? RESPONSE_COMPLETED : RESPONSE_INCOMPLETE;
        w->reason = whole ? STR_NONE : STR("max_output_tokens");
        w->ended_s = 1003;
        CHECK_OK(writer_last(w));
        json_open(&saved, '{');
        writer_save(w, &saved);
        json_close(&saved, '}');
        NEED_OK(json_read(a, buf_str(&saved), &v));
        NEED_OK(writer_load(a, &v, r));
        r->emit = on_event;
        r->ctx = &again;
        NEED_OK(writer_replay(r));
        CHECK_STR(buf_str(&again.text), buf_str(&live.text));
        NEED_OK(writer_put(w, &json));
        NEED_OK(writer_put(r, &json2));
        CHECK_STR(buf_str(&json2), buf_str(&json));
        buf_done(&live.text);
        buf_done(&again.text);
    }
}

TEST(without_anybody_who_wants_events_the_answer_is_the_same)
{
    struct heard h = {.text = BUF(ROOM)};
    AUTO(arena) *a = NULL;
    AUTO(buf) plain = BUF(ROOM), streamed = BUF(ROOM);
    NEED_OK(arena_open(ROOM, &a));
    struct writer *w = writer_on(a, NULL), *s = writer_on(a, &h);
    answer_all(w);
    answer_all(s);
    CHECK_OK(writer_put(w, &plain));
    CHECK_OK(writer_put(s, &streamed));
    CHECK_STR(buf_str(&plain), buf_str(&streamed));
    CHECK(str_find(buf_str(&plain), STR("\"total_tokens\":14")) > 0);
    buf_done(&h.text);
}

TEST(arguments_of_a_call_that_is_not_being_made_spoil_the_answer)
{
    for (int what = 0; what < 3; what++) {
        AUTO(arena) *a = NULL;
        AUTO(buf) b = BUF(ROOM);
        NEED_OK(arena_open(ROOM, &a));
        struct writer *w = writer_on(a, NULL);
        writer_begin(w);
        if (what)
            part(w, PART_CALL, 0, "f");
        if (what == 2)
            part(w, PART_TEXT, 0, "x");
        part(w, PART_ARGUMENTS, what == 1, "{}");
        CHECK_ERR(writer_put(w, &b), INTERNAL);
    }
}

TEST(what_was_kept_and_does_not_add_up_is_not_read)
{
    static const char *const bad[] = {
        "{}",
        "{\"id\":\"resp_1\"}",
        "7",
        ("{\"id\":\"resp_1\",\"model\":\"m\",\"echo\":\"\",\"created\":1,\"ended\":1,"
         "\"background\":"
         "false,\"status\":9}"),
    };
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(ROOM, &a));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct writer *w = arena_new(a, struct writer);
        jval v;
        NEED_OK(json_read(a, str_of(bad[i]), &v));
        CHECK(writer_load(a, &v, w).code);
    }
    struct writer *w = writer_on(a, NULL);
    answer_all(w);
    AUTO(buf) saved = BUF(ROOM);
    json_open(&saved, '{');
    writer_save(w, &saved);
    json_close(&saved, '}');
    /* One byte of a text more than its cuts say. */
    const ptrdiff_t at = str_find(buf_str(&saved), STR("Hmm."));
    NEED(at > 0);
    saved.at[at + 2] = '"';
    jval v;
    struct writer *r = arena_new(a, struct writer);
    if (!json_read(a, buf_str(&saved), &v).code)
        CHECK(writer_load(a, &v, r).code);
}

TEST(each_failure_of_memory_is_told_at_the_end)
{
    for (long n = 1;; n++) {
        struct heard h = {.text = BUF(ROOM)};
        AUTO(arena) *a = NULL;
        AUTO(buf) b = BUF(ROOM);
        NEED_OK(arena_open(ROOM, &a));
        struct writer *w = writer_on(a, &h);
        fault_arm(n);
        answer_all(w);
        err e = writer_last(w);
        if (!e.code)
            e = writer_put(w, &b);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(!fired || e.code || h.text.failed);
        buf_done(&h.text);
        if (!fired)
            break;
        CHECK_INT(n, <, 500);
    }
}

/* A search, then words that cite. */
static void
answer_found(struct writer *w)
{
    static const struct citation_source rows[] = {{STR_INIT("file-a"), STR_INIT("a.md")}};
    w->sources = (struct citation_sources){rows, 1};
    writer_begin(w);
    writer_search(w, STR("[\"Wie hoch?\"]"), STR("[{\"file_id\":\"file-a\"}]"));
    part(w, PART_TEXT, 0, "96 Euro [");
    part(w, PART_TEXT, 0, "1].");
    writer_settle(w, true);
    w->status = RESPONSE_COMPLETED;
    w->ended_s = 1002;
}

TEST(a_search_is_an_item_of_its_own_and_marks_are_annotations_in_events_and_after)
{
    static const char *const order[] = {"response.output_item.added",
                                        "response.file_search_call.in_progress",
                                        "response.file_search_call.searching",
                                        "response.file_search_call.completed",
                                        "response.output_item.done",
                                        "response.output_item.added",
                                        "response.output_text.annotation.added",
                                        "response.output_text.done",
                                        "response.completed"};
    struct heard h = {.text = BUF(ROOM)};
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(ROOM, &a));
    struct writer *w = writer_on(a, &h);
    answer_found(w);
    NEED_OK(writer_last(w));
    str rest = buf_str(&h.text);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const str name = arena_fmt(a, "event: %s\n", order[i]);
        const ptrdiff_t at = str_find(rest, name);
        if (at < 0)
            test_fail(__FILE__, __LINE__, "no %s in its place", order[i]);
        rest = str_slice(rest, at < 0 ? 0 : (size_t)at + name.len, rest.len);
    }
    AUTO(buf) shown = BUF(ROOM), saved = BUF(ROOM);
    NEED_OK(writer_put(w, &shown));
    CHECK(str_find(buf_str(&shown), STR("\"type\":\"file_search_call\"")) >= 0);
    CHECK(str_find(buf_str(&shown), STR("\"annotations\":[{\"type\":\"file_citation\"")) >= 0);
    json_open(&saved, '{');
    writer_save(w, &saved);
    json_close(&saved, '}');
    struct heard again = {.text = BUF(ROOM)};
    struct writer *back = arena_new(a, struct writer);
    jval v;
    NEED_OK(json_read(a, buf_str(&saved), &v));
    NEED_OK(writer_load(a, &v, back));
    back->emit = on_event;
    back->ctx = &again;
    NEED_OK(writer_replay(back));
    CHECK_STR(buf_str(&again.text), buf_str(&h.text));
    buf_done(&h.text);
    buf_done(&again.text);
}
