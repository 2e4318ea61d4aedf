/* SPDX-License-Identifier: EUPL-1.2 */
#include "acts/declassify.h"

#include <sqlite3.h>

#include "store/query.h"
#include "unit/gate/caller.h"

static struct rig rig;
static const char *const text = "Der Bescheid vom 3. Mai.";

static struct session
person(const char *name, uint32_t roles, const char *clearance)
{
    struct session s = {.key_id = str_of(name),
                        .key_name = str_of(name),
                        .line = str_of(name),
                        .person = str_of(name),
                        .tenant = STR("haus"),
                        .roles = roles};
    CHECK_OK(policy_clearance(rig.policy, str_of(clearance), STR("BUND"), &s.clearance));
    return s;
}

static struct session
clerk(void)
{
    return person("carla", 0, "VS-NfD//SOZIALDATEN,STEUER");
}

static struct session
officer(void)
{
    return person("olga", ROLE_OFFICER, "VS-NfD//SOZIALDATEN,STEUER");
}

static struct declassify_wish
wish(void)
{
    return (struct declassify_wish){.content = str_of(text),
                                    .from = STR("intern//SOZIALDATEN//TAINT web"),
                                    .to = STR("intern"),
                                    .reason = STR("Namen sind fort"),
                                    .basis = STR("§ 67c SGB X"),
                                    .valid_ms = 3600000};
}

/* ---- one call each, to its end; `ret` and `b` hold what was answered */
static err
propose_as(const struct session *s, const struct declassify_wish *w, buf *b)
{
    struct caller c;
    caller_init(&c, &rig, s);
    return caller_wait(&c, declassify_propose(&c.call, w, b));
}

static err
show_as(const struct session *s, str id, buf *b)
{
    struct caller c;
    caller_init(&c, &rig, s);
    return caller_wait(&c, declassify_show(&c.call, id, b));
}

static err
approve_as(const struct session *s, str id, str hex)
{
    struct caller c;
    caller_init(&c, &rig, s);
    return caller_wait(&c, declassify_approve(&c.call, id, hex));
}

static err
fetch_as(const struct session *s, str id, buf *b)
{
    struct caller c;
    caller_init(&c, &rig, s);
    return caller_wait(&c, declassify_fetch(&c.call, id, b));
}

static str
member(const buf *b, const char *name)
{
    jval root;
    str s = STR_NONE;
    CHECK_OK(json_read(rig.a, buf_str(b), &root));
    const jval v = json_get(&root, name);
    CHECK_OK(json_str(&v, SIZE_MAX, &s));
    return s;
}

/* The id of a proposal by the clerk. */
static str
proposed(const struct declassify_wish *w)
{
    AUTO(buf) b = BUF(4096);
    const struct session s = clerk();
    CHECK_OK(propose_as(&s, w, &b));
    return member(&b, "id");
}

static str
digest_of_text(void)
{
    digest d;
    char hex[65];
    CHECK_OK(sha256_of(str_of(text), &d));
    digest_text(&d, hex);
    return arena_str(rig.a, str_of(hex));
}

static str
approved(void)
{
    const struct declassify_wish w = wish();
    const str id = proposed(&w);
    const struct session o = officer();
    CHECK_OK(approve_as(&o, id, digest_of_text()));
    return id;
}

/* ---- what it is for */
TEST(a_text_gets_a_lower_label_by_two_persons_and_each_step_is_on_record)
{
    AUTO(buf) shown = BUF(65536);
    AUTO(buf) out = BUF(65536);
    rig_open(&rig);
    const struct session c = clerk(), o = officer();
    const struct declassify_wish w = wish();
    const str id = proposed(&w);
    CHECK_OK(show_as(&o, id, &shown));
    CHECK_STR(member(&shown, "content"), str_of(text));
    CHECK_STR(member(&shown, "state"), STR("proposed"));
    CHECK_STR(member(&shown, "proposer_person"), STR("carla"));
    CHECK_STR(member(&shown, "basis"), STR("§ 67c SGB X"));
    CHECK_OK(approve_as(&o, id, member(&shown, "sha256")));
    CHECK_OK(fetch_as(&c, id, &out));
    CHECK_STR(member(&out, "content"), str_of(text));
    CHECK_STR(member(&out, "label"), STR("intern"));
    CHECK(rig_has(rig_record(&rig, "declassify.propose", "", 0), "\"key\":\"carla\""));
    CHECK(rig_has(rig_record(&rig, "declassify.read", "", 0), "\"key\":\"olga\""));
    CHECK(rig_has(rig_record(&rig, "declassify.approve", "", 0), "\"key\":\"olga\""));
    CHECK(rig_has(rig_record(&rig, "declassify.release", "", 0), "\"key\":\"carla\""));
    rig_close(&rig);
}

TEST(the_records_name_digest_and_labels_and_no_word_of_text_reason_or_basis)
{
    rig_open(&rig);
    (void)approved();
    const str sha = digest_of_text();
    const str r = rig_record(&rig, "declassify.approve", "", 0);
    CHECK(str_find(r, sha) >= 0);
    CHECK(rig_has(r, "to intern"));
    CHECK(rig_has(r, "SOZIALDATEN"));
    CHECK(str_find(rig_log(&rig), STR("Bescheid")) < 0);
    CHECK(str_find(rig_log(&rig), STR("Namen")) < 0);
    CHECK(str_find(rig_log(&rig), STR("67c")) < 0);
    rig_close(&rig);
}

TEST(the_difference_is_told_in_the_words_of_the_policy)
{
    static const struct {
        const char *from, *to, *says;
    } cases[] = {
        {"VS-NfD", "offen", "\"takes_off\":[\"level VS-NfD, down to offen\"]"},
        {"intern//SOZIALDATEN,STEUER", "intern//STEUER",
         "\"takes_off\":[\"compartment SOZIALDATEN\"]"},
        {"offen//TAINT web", "offen", "\"takes_off\":[\"taint web\"]"},
        {"offen//REL BUND", "offen//REL BUND,BAYERN", "\"takes_off\":[\"exclusion of BAYERN\"]"},
        {"offen//REL BUND,BAYERN", "offen",
         "\"takes_off\":[\"exclusion of what has no name in the policy\"]"},
        {"VS-NfD//STEUER//TAINT web", "intern",
         "\"takes_off\":[\"level VS-NfD, down to intern\",\"compartment STEUER\",\"taint web\"]"}};
    rig_open(&rig);
    const struct session o = officer();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(buf) b = BUF(65536);
        struct declassify_wish w = wish();
        w.from = str_of(cases[i].from);
        w.to = str_of(cases[i].to);
        CHECK_OK(show_as(&o, proposed(&w), &b));
        if (!rig_has(buf_str(&b), cases[i].says))
            test_fail(__FILE__, __LINE__, "%s not in %.*s", cases[i].says, STR_FMT(buf_str(&b)));
    }
    rig_close(&rig);
}

TEST(without_a_label_the_text_has_the_default_one_of_its_key)
{
    AUTO(buf) b = BUF(65536);
    AUTO(buf) shown = BUF(65536);
    struct declassify_wish w = wish();
    rig_open(&rig);
    struct session c = clerk();
    const struct session o = officer();
    c.default_label = small_label(rig.policy, "intern//STEUER");
    w.from = STR_NONE;
    CHECK_OK(propose_as(&c, &w, &b));
    CHECK_OK(show_as(&o, member(&b, "id"), &shown));
    CHECK_STR(member(&shown, "from"), STR("intern//STEUER"));
    rig_close(&rig);
}

TEST(the_largest_text_comes_out_as_it_went_in)
{
    AUTO(buf) out = BUF(RELEASE_BYTES_MAX);
    struct declassify_wish w = wish();
    rig_open(&rig);
    char *room = arena_get(rig.a, DECLASSIFY_CONTENT_MAX);
    memset(room, '"', DECLASSIFY_CONTENT_MAX);
    w.content = (str){room, DECLASSIFY_CONTENT_MAX};
    const str id = proposed(&w);
    const struct session o = officer();
    CHECK_OK(show_as(&o, id, &out));
    CHECK_STR(member(&out, "content"), w.content);
    rig_close(&rig);
}

/* ---- what is refused */
TEST(what_takes_nothing_off_or_lacks_reason_basis_or_end_is_not_proposed)
{
    AUTO(buf) b = BUF(4096);
    struct declassify_wish w[12];
    const char *const field[12] = {"to",     "to",    "to",       "content",  "content", "reason",
                                   "reason", "basis", "valid_ms", "valid_ms", "",        ""};
    char *long_room;
    rig_open(&rig);
    const struct session c = clerk();
    long_room = arena_get(rig.a, DECLASSIFY_CONTENT_MAX + 1);
    memset(long_room, 'x', DECLASSIFY_CONTENT_MAX + 1);
    for (size_t i = 0; i < 12; i++)
        w[i] = wish();
    w[0].to = w[0].from;
    w[1].to = STR("VS-NfD");
    w[2].to = STR("offen//STEUER"); /* below by level, beside by compartment */
    w[3].content = STR("\xff");
    w[4].content = (str){long_room, DECLASSIFY_CONTENT_MAX + 1};
    w[5].reason = STR_NONE;
    w[6].reason = (str){long_room, DECLASSIFY_WORDS_MAX + 1};
    w[7].basis = STR_NONE;
    w[8].valid_ms = 0;
    w[9].valid_ms = (DECLASSIFY_VALID_DAYS_MAX * UINT64_C(86400000)) + 1;
    w[10].to = STR("niemand");
    w[11].from = STR("niemand");
    for (size_t i = 0; i < 12; i++) {
        const err e = propose_as(&c, &w[i], &b);
        CHECK_INT(e.code, ==, *field[i] ? ERR_ARGUMENT : ERR_PARSE);
        if (*field[i])
            CHECK_STR(str_of(err_param()), str_of(field[i]));
    }
    CHECK_INT(b.len, ==, 0);
    CHECK(!rig_record(&rig, "declassify.propose", "", 0).len);
    rig_close(&rig);
}

TEST(nobody_proposes_a_text_above_their_clearance)
{
    AUTO(buf) b = BUF(4096);
    const struct declassify_wish w = wish();
    rig_open(&rig);
    const struct session low = person("lea", 0, "intern");
    CHECK_ERR(propose_as(&low, &w, &b), DENIED);
    RIG_UNTIL(&rig, rig_record(&rig, "decision", "", 0).len);
    CHECK(rig_has(rig_record(&rig, "decision", "", 0), "\"rule\":\"clearance.compartment\""));
    CHECK_INT(b.len, ==, 0);
    rig_close(&rig);
}

/* The same person, whatever they come with: that key, one that replaced it, another of theirs. */
TEST(who_proposed_does_not_approve_whatever_key_they_take)
{
    struct session same[3];
    rig_open(&rig);
    const struct declassify_wish w = wish();
    const str id = proposed(&w);
    for (size_t i = 0; i < 3; i++)
        same[i] = officer();
    same[0].key_id = STR("carla");
    same[1].line = STR("carla");
    same[2].person = STR("carla");
    for (size_t i = 0; i < 3; i++) {
        CHECK_ERR(approve_as(&same[i], id, digest_of_text()), DENIED);
        RIG_UNTIL(&rig, rig_record(&rig, "decision", "", i).len);
        CHECK(rig_has(rig_record(&rig, "decision", "", i), "\"rule\":\"act.one_person\""));
    }
    CHECK(!rig_record(&rig, "declassify.approve", "", 0).len);
    rig_close(&rig);
}

TEST(others_than_officers_neither_read_nor_approve)
{
    static const enum role roles[] = {ROLE_ANY, ROLE_OPERATOR, ROLE_AUDITOR, ROLE_BUSINESS};
    AUTO(buf) b = BUF(65536);
    rig_open(&rig);
    const struct declassify_wish w = wish();
    const str id = proposed(&w);
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        const struct session s = person("otto", (uint32_t)roles[i], "VS-NfD//SOZIALDATEN,STEUER");
        CHECK_ERR(show_as(&s, id, &b), DENIED);
        CHECK_ERR(approve_as(&s, id, digest_of_text()), DENIED);
    }
    CHECK_INT(b.len, ==, 0);
    rig_close(&rig);
}

TEST(an_officer_below_the_clearance_learns_nothing_of_the_text)
{
    AUTO(buf) b = BUF(65536);
    rig_open(&rig);
    const struct declassify_wish w = wish();
    const str id = proposed(&w);
    const struct session low = person("lea", ROLE_OFFICER, "VS-NfD//STEUER");
    const err e = show_as(&low, id, &b);
    CHECK_ERR(e, DENIED);
    CHECK(!strstr(err_public(e), "Namen"));
    CHECK(!strstr(err_public(e), "67c"));
    CHECK(!strstr(err_public(e), "carla"));
    CHECK_INT(b.len, ==, 0);
    CHECK_ERR(approve_as(&low, id, digest_of_text()), DENIED);
    CHECK(!rig_record(&rig, "declassify.read", "", 0).len);
    rig_close(&rig);
}

TEST(an_approval_names_the_digest_of_the_bytes)
{
    rig_open(&rig);
    const struct declassify_wish w = wish();
    const str id = proposed(&w);
    const struct session o = officer();
    char other[65];
    CHECK_ERR(approve_as(&o, id, STR("")), CONFLICT);
    for (size_t i = 0; i < 64; i++) { /* each digit counts */
        memcpy(other, digest_of_text().at, 65);
        other[i] = other[i] == '0' ? '1' : '0';
        CHECK_ERR(approve_as(&o, id, str_of(other)), CONFLICT);
    }
    CHECK_OK(approve_as(&o, id, digest_of_text()));
    CHECK_ERR(approve_as(&o, id, digest_of_text()), CONFLICT);
    rig_close(&rig);
}

TEST(nothing_is_let_out_before_it_was_approved_nor_twice)
{
    AUTO(buf) b = BUF(65536);
    AUTO(buf) more = BUF(65536);
    rig_open(&rig);
    const struct session c = clerk(), o = officer();
    const struct declassify_wish w = wish();
    const str id = proposed(&w);
    CHECK_ERR(fetch_as(&c, id, &b), CONFLICT);
    CHECK_INT(b.len, ==, 0);
    CHECK_OK(approve_as(&o, id, digest_of_text()));
    CHECK_OK(fetch_as(&c, id, &b));
    CHECK_ERR(fetch_as(&c, id, &more), CONFLICT);
    CHECK_INT(more.len, ==, 0);
    CHECK_ERR(approve_as(&o, id, digest_of_text()), CONFLICT);
    rig_close(&rig);
}

/* Both were looked at before either was recorded. */
TEST(of_two_uses_at_the_same_time_one_succeeds)
{
    AUTO(buf) one = BUF(65536);
    AUTO(buf) two = BUF(65536);
    struct caller a, b;
    rig_open(&rig);
    const struct session c = clerk();
    const str id = approved();
    caller_init(&a, &rig, &c);
    caller_init(&b, &rig, &c);
    CHECK_OK(declassify_fetch(&a.call, id, &one));
    CHECK_OK(declassify_fetch(&b.call, id, &two));
    RIG_UNTIL(&rig, a.done && b.done);
    CHECK_INT(a.end.code ? b.end.code : a.end.code, ==, 0);
    CHECK_INT(a.end.code ? a.end.code : b.end.code, ==, ERR_CONFLICT);
    rig_close(&rig);
}

TEST(another_than_the_proposer_does_not_get_it)
{
    AUTO(buf) b = BUF(65536);
    rig_open(&rig);
    const str id = approved();
    const struct session o = officer(), other = person("dora", 0, "VS-NfD//SOZIALDATEN,STEUER");
    CHECK_ERR(fetch_as(&other, id, &b), NOT_FOUND);
    CHECK_ERR(fetch_as(&o, id, &b), NOT_FOUND);
    CHECK_INT(b.len, ==, 0);
    rig_close(&rig);
}

TEST(what_is_over_is_not_there)
{
    AUTO(buf) b = BUF(65536);
    struct declassify_wish w = wish();
    rig_open(&rig);
    const struct session c = clerk(), o = officer();
    w.valid_ms = 1;
    const str id = proposed(&w);
    const int64_t until = clock_wall_ms() + 1;
    while (clock_wall_ms() <= until)
        rig_turn(&rig);
    CHECK_ERR(show_as(&o, id, &b), NOT_FOUND);
    CHECK_ERR(approve_as(&o, id, digest_of_text()), NOT_FOUND);
    CHECK_ERR(fetch_as(&c, id, &b), NOT_FOUND);
    CHECK_ERR(fetch_as(&c, STR("dec_nothing"), &b), NOT_FOUND);
    CHECK_INT(b.len, ==, 0);
    rig_close(&rig);
}

static void
change_row(const char *sql)
{
    CHECK_INT(sqlite3_exec(rig.db->sqlite, sql, NULL, NULL, NULL), ==, SQLITE_OK);
}

TEST(what_was_changed_in_the_file_does_not_open)
{
    static const char *const changes[] = {
        "UPDATE releases SET state = 2", "UPDATE releases SET expires = expires + 1",
        "UPDATE releases SET sealed = zeroblob(length(sealed))",
        "UPDATE releases SET label = zeroblob(length(label))", "UPDATE releases SET id = 'dec_x'"};
    rig_open(&rig);
    const struct session c = clerk(), o = officer();
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        AUTO(buf) b = BUF(65536);
        const struct declassify_wish w = wish();
        str id = proposed(&w);
        change_row(changes[i]);
        if (i == 4)
            id = STR("dec_x");
        CHECK_ERR(show_as(&o, id, &b), CORRUPT);
        CHECK_ERR(approve_as(&o, id, digest_of_text()), CORRUPT);
        CHECK_ERR(fetch_as(&c, id, &b), CORRUPT);
        CHECK_INT(b.len, ==, 0);
        change_row("DELETE FROM releases");
    }
    rig_close(&rig);
}

TEST(what_cannot_be_recorded_does_not_happen)
{
    AUTO(buf) b = BUF(65536);
    rig_open(&rig);
    const struct declassify_wish w = wish();
    const struct session c = clerk(), o = officer();
    const str waiting = proposed(&w), id = approved();
    disk.room = 0;
    CHECK(approve_as(&o, waiting, digest_of_text()).code != 0);
    CHECK(fetch_as(&c, id, &b).code != 0);
    disk.room = -1;
    rig_close(&rig);
}

TEST(a_use_whose_record_failed_is_not_used_up)
{
    struct release_row r;
    rig_open(&rig);
    const struct session c = clerk();
    const str id = approved();
    AUTO(buf) b = BUF(65536);
    disk.room = 0;
    CHECK(fetch_as(&c, id, &b).code != 0);
    disk.room = -1;
    CHECK_OK(releases_head(rig.db, rig.a, id, clock_wall_ms(), &r));
    CHECK_INT(r.state, ==, RELEASE_APPROVED);
    rig_close(&rig);
}

/* The client went away before its record was durable: nothing may touch its memory after. */
TEST(a_caller_who_is_gone_is_not_called)
{
    AUTO(buf) b = BUF(65536);
    struct caller gone;
    rig_open(&rig);
    const struct session c = clerk();
    const str id = approved();
    caller_init(&gone, &rig, &c);
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(64 * 1024 * 1024, &a));
    gone.call.a = a;
    CHECK_OK(declassify_fetch(&gone.call, id, &b));
    arena_free(TAKE(a));
    RIG_UNTIL(&rig, rig_record(&rig, "declassify.release", "", 0).len);
    rig_settle(&rig);
    CHECK_INT(gone.done, ==, 0);
    rig_close(&rig);
}
