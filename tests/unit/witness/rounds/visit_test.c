/* SPDX-License-Identifier: EUPL-1.2 */
#include "witness/rounds/visit.h"

#include "base/fault.h"
#include "unit/witness/rounds/scene.h"

/* From the question on; the log asks from `old`. */
static enum visit_step
ask(struct scene *s, uint64_t old)
{
    AUTO(buf) q = BUF(2 * NOTE_BYTES_MAX);
    CHECK_OK(cosign_ask_from_files(s->log.dir, old, &q));
    return visit_question(&s->v, OK, buf_str(&q));
}

/* A visit to the point where the witness answers. */
static void
to_the_door(struct scene *s)
{
    CHECK_INT(visit_begin(&s->v), ==, VISIT_KEPT);
    CHECK_INT(visit_kept(&s->v, (err){ERR_NOT_FOUND}, STR_NONE), ==, VISIT_QUESTION);
    CHECK_INT(ask(s, s->v.old), ==, VISIT_POST);
}

static enum visit_step
sign(struct scene *s, uint64_t time_s)
{
    AUTO(buf) line = BUF(1024);
    scene_line(s, str_of(s->log.newest), time_s, &line);
    return visit_answered(&s->v, OK, 200, buf_str(&line));
}

static enum visit_step
answered(struct scene *s, int status, const char *body)
{
    return visit_answered(&s->v, OK, status, str_of(body));
}

TEST(a_witness_signs_and_is_up_to_date)
{
    struct scene *s = scene_new(5);
    CHECK(visit_is_behind(&s->v, 5));
    to_the_door(s);
    CHECK_INT(sign(s, 1234), ==, VISIT_TAKE);
    CHECK(str_find(buf_str(&s->v.note), STR("zeuge.example/w1")) > 0);
    CHECK_INT(visit_taken(&s->v, OK), ==, VISIT_END);
    CHECK_INT(s->v.signed_size, ==, 5);
    CHECK_INT(s->v.signed_s, ==, 1234);
    CHECK(!s->v.failures && !s->v.why[0]);
    CHECK(!visit_is_behind(&s->v, 5) && visit_is_behind(&s->v, 6));
    scene_free(s);
}

TEST(what_is_kept_of_it_says_where_to_go_on)
{
    struct scene *s = scene_new(5);
    AUTO(buf) kept = BUF(2048);
    buf_add(&kept, str_of(s->log.newest));
    scene_line(s, str_of(s->log.newest), 77, &kept);
    CHECK_INT(visit_begin(&s->v), ==, VISIT_KEPT);
    CHECK_INT(visit_kept(&s->v, OK, buf_str(&kept)), ==, VISIT_QUESTION);
    CHECK_INT(s->v.old, ==, 5);
    CHECK_INT(s->v.signed_s, ==, 77);
    CHECK_INT(visit_begin(&s->v), ==, VISIT_QUESTION); /* it is read once */
    scene_free(s);
}

TEST(what_is_kept_and_is_not_its_signature_is_as_good_as_none)
{
    const char *const texts[] = {"", "nothing\n", NULL};
    for (int i = 0; i < 3; i++) {
        struct scene *s = scene_new(3);
        const char *const text = texts[i] ? texts[i] : s->log.newest; /* the log's line alone */
        CHECK_INT(visit_kept(&s->v, OK, str_of(text)), ==, VISIT_QUESTION);
        CHECK_INT(s->v.old, ==, 0);
        CHECK_INT(s->v.signed_size, ==, 0);
        scene_free(s);
    }
}

TEST(a_witness_that_saw_another_size_is_asked_from_there)
{
    struct scene *s = scene_new(9);
    to_the_door(s);
    CHECK_INT(answered(s, 409, "4\n"), ==, VISIT_HEAD);
    CHECK_INT(visit_head(&s->v, OK, str_of(s->log.newest)), ==, VISIT_QUESTION);
    CHECK_INT(s->v.old, ==, 4);
    CHECK_INT(ask(s, 4), ==, VISIT_POST);
    CHECK_INT(sign(s, 5), ==, VISIT_TAKE);
    CHECK_INT(visit_taken(&s->v, OK), ==, VISIT_END);
    CHECK_INT(s->v.signed_size, ==, 9);
    scene_free(s);
}

TEST(one_that_changes_its_mind_is_left_alone_after_three_times)
{
    struct scene *s = scene_new(9);
    to_the_door(s);
    for (int i = 0; i < VISIT_TRIES_MAX; i++) {
        CHECK_INT(answered(s, 409, i % 2 ? "4" : "3"), ==, VISIT_HEAD);
        const enum visit_step next = visit_head(&s->v, OK, str_of(s->log.newest));
        CHECK_INT(next, ==, i + 1 < VISIT_TRIES_MAX ? VISIT_QUESTION : VISIT_END);
        if (next == VISIT_QUESTION)
            CHECK_INT(ask(s, s->v.old), ==, VISIT_POST);
    }
    CHECK_INT(s->v.failures, ==, 1);
    scene_free(s);
}

TEST(a_witness_that_saw_more_than_there_is_raises_an_alarm)
{
    struct scene *s = scene_new(5);
    to_the_door(s);
    CHECK_INT(answered(s, 409, "6\n"), ==, VISIT_HEAD);
    CHECK_INT(visit_head(&s->v, OK, str_of(s->log.newest)), ==, VISIT_ALARM);
    CHECK_STR(str_of(s->v.why), STR("it saw 6 entries, this log has 5"));
    CHECK_INT(visit_alarmed(&s->v, OK), ==, VISIT_END);
    CHECK_INT(s->v.failures, ==, 1);
    scene_free(s);
}

TEST(a_log_that_grew_since_it_was_asked_raises_none)
{
    struct scene *s = scene_new(5);
    to_the_door(s);
    CHECK_INT(answered(s, 409, "6\n"), ==, VISIT_HEAD);
    small_log_add(&s->log, 6);
    small_log_sign(&s->log);
    CHECK_INT(visit_head(&s->v, OK, str_of(s->log.newest)), ==, VISIT_QUESTION);
    CHECK_INT(ask(s, s->v.old), ==, VISIT_POST);
    CHECK_INT(sign(s, 1), ==, VISIT_TAKE);
    scene_free(s);
}

TEST(a_witness_that_knows_another_tree_of_this_size_raises_an_alarm)
{
    struct scene *s = scene_new(5);
    CHECK_INT(visit_kept(&s->v, (err){ERR_NOT_FOUND}, STR_NONE), ==, VISIT_QUESTION);
    CHECK_INT(ask(s, 5), ==, VISIT_POST);
    CHECK_INT(answered(s, 409, "5\n"), ==, VISIT_ALARM);
    CHECK_STR(str_of(s->v.why), STR("it saw 5 entries that this log does not begin with"));
    scene_free(s);
}

TEST(one_that_does_not_find_the_log_grown_raises_an_alarm)
{
    struct scene *s = scene_new(5);
    to_the_door(s);
    CHECK_INT(answered(s, 422, "no"), ==, VISIT_ALARM);
    CHECK_INT(visit_alarmed(&s->v, (err){ERR_BUSY}), ==, VISIT_END);
    CHECK(strstr(s->v.why, "not on record") != NULL);
    scene_free(s);
}

TEST(no_other_answer_is_a_signature_or_an_alarm)
{
    static const struct {
        int status;
        const char *body;
    } bad[] = {{200, ""},    {200, "x"},   {200, "\n"},
               {204, ""},    {301, ""},    {400, "no"},
               {403, "no"},  {404, "no"},  {409, ""},
               {409, "x"},   {409, "-1"},  {409, "01"},
               {409, "5 6"}, {500, "no"},  {503, "no"},
               {0, ""},      {200, "5\n"}, {409, "99999999999999999999"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct scene *s = scene_new(5);
        to_the_door(s);
        CHECK_INT(answered(s, bad[i].status, bad[i].body), ==, VISIT_END);
        CHECK_INT(s->v.failures, ==, 1);
        CHECK(s->v.why[0] && visit_is_behind(&s->v, 1));
        scene_free(s);
    }
}

TEST(a_line_of_another_key_text_or_with_any_bit_flipped_is_not_taken)
{
    struct scene *s = scene_new(5);
    struct scene *other = scene_new(6);
    AUTO(buf) line = BUF(1024);
    scene_line(other, str_of(other->log.newest), 1, &line);
    to_the_door(s);
    CHECK_INT(visit_answered(&s->v, OK, 200, buf_str(&line)), ==, VISIT_END);
    struct note n;
    NEED_OK(note_read(str_of(s->log.newest), &n));
    buf_clear(&line);
    CHECK_OK(note_sign(&line, &s->log.key, &s->log.half, n.text, 0)); /* the log's own */
    CHECK_INT(visit_answered(&s->v, OK, 200, buf_str(&line)), ==, VISIT_END);
    buf_clear(&line);
    scene_line(s, str_of(s->log.newest), 1, &line);
    for (size_t i = 0; i < line.len * 8; i++) {
        line.at[i / 8] = (char)(line.at[i / 8] ^ 1 << i % 8);
        CHECK_INT(visit_answered(&s->v, OK, 200, buf_str(&line)), ==, VISIT_END);
        line.at[i / 8] = (char)(line.at[i / 8] ^ 1 << i % 8);
    }
    CHECK_INT(visit_answered(&s->v, OK, 200, buf_str(&line)), ==, VISIT_TAKE);
    scene_free(other);
    scene_free(s);
}

TEST(whatever_fails_on_the_way_ends_the_visit)
{
    struct scene *s = scene_new(5);
    const err broken = {ERR_IO};
    CHECK_INT(visit_kept(&s->v, broken, STR_NONE), ==, VISIT_END);
    CHECK(!s->v.is_known);
    CHECK_INT(visit_question(&s->v, broken, STR_NONE), ==, VISIT_END);
    CHECK_INT(visit_question(&s->v, OK, STR("no question")), ==, VISIT_END);
    to_the_door(s);
    CHECK_INT(visit_answered(&s->v, broken, 0, STR_NONE), ==, VISIT_END);
    CHECK_INT(visit_answered(&s->v, broken, 200, STR_NONE), ==, VISIT_END);
    CHECK_INT(visit_head(&s->v, broken, STR_NONE), ==, VISIT_END);
    CHECK_INT(visit_head(&s->v, OK, STR("no checkpoint")), ==, VISIT_END);
    CHECK_INT(sign(s, 1), ==, VISIT_TAKE);
    CHECK_INT(visit_taken(&s->v, broken), ==, VISIT_END);
    CHECK_INT(s->v.failures, ==, 8);
    CHECK_INT(s->v.signed_size, ==, 0);
    scene_free(s);
}

TEST(one_that_fails_is_asked_ever_more_rarely_and_is_forgiven)
{
    static const unsigned pauses[] = {0, 1, 3, 7, 7, 7};
    struct scene *s = scene_new(5);
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        to_the_door(s);
        s->v.is_known = false;
        CHECK_INT(answered(s, 500, ""), ==, VISIT_END);
        for (unsigned k = 0; k < pauses[i]; k++)
            CHECK(!visit_is_due(&s->v, 5));
        CHECK(visit_is_due(&s->v, 5));
    }
    to_the_door(s);
    CHECK_INT(sign(s, 1), ==, VISIT_TAKE);
    CHECK_INT(visit_taken(&s->v, OK), ==, VISIT_END);
    CHECK(!visit_is_due(&s->v, 5));
    CHECK(visit_is_due(&s->v, 6));
    CHECK_INT(s->v.failed_total, ==, 6);
    scene_free(s);
}

TEST(what_is_no_key_of_a_witness_is_refused)
{
    struct scene *s = scene_new(1);
    AUTO(buf) text = BUF(NOTE_KEY_TEXT_MAX);
    struct provider_public p = s->about;
    struct visit v;
    note_key_put(&text, &s->log.key); /* of a log */
    CHECK(str_copy(buf_str(&text), p.key, sizeof p.key));
    CHECK_ERR(visit_init(&v, &p), CONFIG);
    p.key[0] = '\0';
    CHECK_ERR(visit_init(&v, &p), CONFIG);
    scene_free(s);
}

TEST(without_memory_nothing_is_taken_for_signed)
{
    struct scene *s = scene_new(5);
    AUTO(buf) q = BUF(2 * NOTE_BYTES_MAX);
    AUTO(buf) line = BUF(1024);
    CHECK_OK(cosign_ask_from_files(s->log.dir, 0, &q));
    scene_line(s, str_of(s->log.newest), 1, &line);
    for (long n = 1;; n++) {
        visit_done(&s->v);
        CHECK_OK(visit_init(&s->v, &s->about));
        fault_arm(n);
        enum visit_step next = visit_question(&s->v, OK, buf_str(&q));
        if (next == VISIT_POST)
            next = visit_answered(&s->v, OK, 200, buf_str(&line));
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK_INT(next, ==, fired ? VISIT_END : VISIT_TAKE);
        CHECK_INT(s->v.failures, ==, fired ? 1 : 0);
        if (!fired)
            break;
    }
    scene_free(s);
}
