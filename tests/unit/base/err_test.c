/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/err.h"

#include <ctype.h>
#include <pthread.h>
#include <string.h>

#include "test.h"
#include "unit/base/panics.h"

#define EACH_CODE(e) for (err e = {1}; e.code < ERR_COUNT; e.code++)

static fallible
fail_inside(void)
{
    FAIL(IO, "disk %d said %s", 7, "no");
}

static fallible
pass_on(void)
{
    TRY(fail_inside());
    return OK;
}

static fallible
pass_twice(void)
{
    TRY(pass_on());
    return OK;
}

static fallible
refuse_field(void)
{
    REFUSE(ARGUMENT, "messages[2].content", "%s must be a string", "messages[2].content");
}

static fallible
dive(int depth)
{
    if (depth == 0)
        return fail_inside();
    TRY(dive(depth - 1));
    return OK;
}

TEST(a_failure_carries_its_code_and_text)
{
    CHECK_ERR(fail_inside(), IO);
    CHECK_STR(str_of(err_text()), STR("disk 7 said no"));
}

TEST(the_trail_names_the_places_innermost_first)
{
    CHECK_ERR(pass_twice(), IO);
    const str trail = str_of(err_trail());
    const ptrdiff_t a = str_find(trail, STR("fail_inside")), b = str_find(trail, STR("pass_on")),
                    c = str_find(trail, STR("pass_twice"));
    CHECK(str_starts(trail, STR("IO: disk 7 said no [")) && str_ends(trail, STR("]")));
    CHECK(a > 0 && a < b && b < c);
    CHECK(str_find(trail, STR("err_test.c:")) > 0);
}

TEST(success_passes_through_try_without_a_trace)
{
    CHECK_ERR(fail_inside(), IO);
    CHECK_ERR(OK, OK);
    CHECK_STR(str_of(err_text()), STR("disk 7 said no"));
}

TEST(a_failure_from_far_below_still_makes_one_bounded_line)
{
    CHECK_ERR(dive(1000), IO);
    const str trail = str_of(err_trail());
    CHECK(trail.len < 2048);
    CHECK_INT(str_find_char(trail, '\n'), ==, -1);
    CHECK(str_starts(trail, STR("IO: disk 7 said no [")));
}

static fallible
fail_at_length(void)
{
    char text[5000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    FAIL(IO, "%s", text);
}

TEST(a_text_too_long_is_cut)
{
    CHECK_ERR(fail_at_length(), IO);
    CHECK_INT(strlen(err_text()), ==, 255);
}

TEST(an_internal_text_is_never_public)
{
    const err e = fail_inside();
    CHECK_STR(str_of(err_public(e)), str_of(err_info(e)->en));
    CHECK_STR(str_of(err_param()), STR(""));
}

TEST(a_refusal_is_public_and_names_its_field)
{
    const err e = refuse_field();
    CHECK_STR(str_of(err_public(e)), STR("messages[2].content must be a string"));
    CHECK_STR(str_of(err_param()), STR("messages[2].content"));
}

TEST(a_failure_after_a_refusal_hides_it)
{
    CHECK_ERR(refuse_field(), ARGUMENT);
    const err e = fail_inside();
    CHECK_STR(str_of(err_public(e)), str_of(err_info(e)->en));
    CHECK_STR(str_of(err_param()), STR(""));
}

TEST(a_refusal_does_not_speak_for_another_code)
{
    CHECK_ERR(refuse_field(), ARGUMENT);
    const err other = {ERR_BUSY};
    CHECK_STR(str_of(err_public(other)), str_of(err_info(other)->en));
}

TEST(a_failure_kept_speaks_again_when_the_trail_has_moved_on)
{
    struct err_kept refused, failed;
    err_keep(&refused, refuse_field());
    err_keep(&failed, fail_inside());
    CHECK_ERR(dive(3), IO);
    const err e = err_again(&refused);
    CHECK_ERR(e, ARGUMENT);
    CHECK_STR(str_of(err_public(e)), STR("messages[2].content must be a string"));
    CHECK_STR(str_of(err_param()), STR("messages[2].content"));
    const err f = err_again(&failed);
    CHECK_ERR(f, IO);
    CHECK_STR(str_of(err_text()), STR("disk 7 said no"));
    CHECK_STR(str_of(err_public(f)), str_of(err_info(f)->en));
    CHECK_STR(str_of(err_param()), STR(""));
}

TEST(a_failure_kept_too_late_keeps_its_code_and_no_stranger_text)
{
    struct err_kept k;
    const err e = refuse_field();
    CHECK_ERR(fail_inside(), IO);
    err_keep(&k, e);
    const err again = err_again(&k);
    CHECK_ERR(again, ARGUMENT);
    CHECK_STR(str_of(err_public(again)), str_of(err_info(again)->en));
    CHECK_INT(str_find(str_of(err_trail()), STR("disk")), ==, -1);
}

TEST(when_to_try_again_is_kept_with_the_failure_it_belongs_to)
{
    struct err_kept k, plain;
    const err e = refuse_field();
    err_set_retry(1500);
    CHECK_INT(err_retry_ms(e), ==, 1500);
    CHECK_INT(err_retry_ms((err){ERR_IO}), ==, 0); /* another failure */
    CHECK_INT(err_retry_ms(OK), ==, 0);
    err_keep(&k, e);
    const err other = refuse_field();
    CHECK_INT(err_retry_ms(other), ==, 0);
    err_keep(&plain, other);
    CHECK_INT(err_retry_ms(err_again(&k)), ==, 1500);
    CHECK_INT(err_retry_ms(err_again(&plain)), ==, 0);
}

TEST(a_success_kept_is_a_success)
{
    struct err_kept k;
    CHECK_ERR(fail_inside(), IO);
    err_keep(&k, OK);
    CHECK_OK(err_again(&k));
}

TEST(every_code_has_an_id_of_its_own_and_is_found_by_it)
{
    EACH_CODE(e)
    {
        char lower[64] = "";
        const char *id = err_info(e)->id;
        for (size_t i = 0; id[i] && i < sizeof lower - 1; i++)
            lower[i] = (char)tolower((unsigned char)id[i]);
        CHECK_INT(err_find(id), ==, e.code);
        CHECK_INT(err_find(lower), ==, e.code);
        for (err f = {1}; f.code < e.code; f.code++)
            CHECK(strcmp(err_info(f)->id, id) != 0);
    }
}

TEST(an_id_nobody_knows_is_not_found)
{
    CHECK_INT(err_find(""), ==, ERR_OK);
    CHECK_INT(err_find("ARGUMENTS"), ==, ERR_OK);
    CHECK_INT(err_find("ARG"), ==, ERR_OK);
}

TEST(every_code_has_a_status_of_http_and_one_of_exit)
{
    EACH_CODE(e)
    {
        const struct err_info *i = err_info(e);
        CHECK_INT(i->http_status, >=, 400);
        CHECK_INT(i->http_status, <=, 599);
        CHECK_INT(i->exit_status, >=, 1);
        CHECK_INT(i->exit_status, <=, 255);
        CHECK((i->http_status >= 500) == (strcmp(i->type, "server_error") == 0));
    }
}

/* No id, path, number, format or field: what holds for every request may be told to anybody. */
static bool
is_public_sentence(const char *s)
{
    const size_t len = strlen(s);
    return len > 10 && s[len - 1] == '.' && !strpbrk(s, "/\\%_<>{}\"`0123456789\n");
}

TEST(every_sentence_may_be_shown_to_a_stranger)
{
    EACH_CODE(e)
    {
        const struct err_info *i = err_info(e);
        CHECK(is_public_sentence(i->de));
        CHECK(is_public_sentence(i->en));
        CHECK(strlen(i->hint) > 10);
        EACH_CODE(f)
        CHECK(!strstr(i->de, err_info(f)->id) && !strstr(i->en, err_info(f)->id));
    }
}

TEST(every_code_of_the_api_is_lower_case)
{
    EACH_CODE(e)
    {
        const char *name = err_info(e)->name;
        CHECK(name[0] && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == strlen(name));
        CHECK(err_info(e)->type[0]);
    }
}

TEST(a_code_out_of_range_reads_as_internal)
{
    CHECK_STR(str_of(err_info((err){ERR_COUNT})->id), STR("INTERNAL"));
    CHECK_STR(str_of(err_info((err){UINT16_MAX})->id), STR("INTERNAL"));
}

static void *
fail_elsewhere(void *seen)
{
    *(bool *)seen = err_text()[0] == '\0' && refuse_field().code == ERR_ARGUMENT;
    return NULL;
}

TEST(each_thread_has_a_trail_of_its_own)
{
    pthread_t other;
    bool was_empty = false;
    CHECK_ERR(fail_inside(), IO);
    NEED(pthread_create(&other, NULL, fail_elsewhere, &was_empty) == 0);
    NEED(pthread_join(other, NULL) == 0);
    CHECK(was_empty);
    CHECK_STR(str_of(err_text()), STR("disk 7 said no"));
}

static void
assert_wrongly(void)
{
    ASSERT(1 == 2);
}

static void
reach_the_unreachable(void)
{
    UNREACHABLE("by nobody");
}

static void
leave_with_3(const char *what)
{
    _exit(strcmp(what, "assertion failed: 1 == 2") == 0 ? 3 : 4);
}

static void
assert_with_a_report(void)
{
    err_on_panic(leave_with_3);
    assert_wrongly();
}

static void
panic_again(const char *what)
{
    (void)what;
    assert_wrongly();
}

static void
assert_with_a_report_that_panics(void)
{
    err_on_panic(panic_again);
    assert_wrongly();
}

static void
fail_without_a_code(void)
{
    IGNORE(err_start(ERR_OK, __FILE__, __LINE__, __func__, "no failure"));
}

TEST(a_failed_assertion_ends_the_process)
{
    CHECK(panics(assert_wrongly));
    CHECK(panics(reach_the_unreachable));
    CHECK(panics(fail_without_a_code));
}

TEST(a_panic_is_reported_before_the_end_and_only_once)
{
    const int status = status_of(assert_with_a_report);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), ==, 3);
    CHECK(panics(assert_with_a_report_that_panics));
}

static fallible
give_up_ownership(char **ret)
{
    char *mine = *ret;
    *ret = TAKE(mine);
    return mine ? (err){ERR_INTERNAL} : OK;
}

TEST(what_is_taken_is_left_as_null)
{
    char c = 'c', *p = &c;
    CHECK_OK(give_up_ownership(&p));
    CHECK(p == &c);
}
