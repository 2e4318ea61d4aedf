/* SPDX-License-Identifier: EUPL-1.2 */
#include "witness/state.h"

#include "base/fault.h"
#include "unit/audit/small_log.h"

typedef struct scene {
    small_log log;
    arena *a;
    secret half;
    struct note_key self;
    struct witness_state s;
} scene;

static void
scene_auto(scene *c)
{
    small_log_auto(&c->log);
    secret_done(&c->half);
    arena_free(c->a);
}

static void
scene_new(scene *c, const char *name)
{
    AUTO(secret) seed = {0};
    sign_public p;
    small_log_new(&c->log, name, 1);
    small_log_add(&c->log, 3);
    small_log_sign(&c->log);
    NEED_OK(arena_open(1 << 20, &c->a));
    NEED_OK(secret_get(&seed, SIGN_SEED_LEN));
    NEED_OK(sign_pair(&seed, &c->half, &p));
    NEED_OK(note_key_make(STR("w"), NOTE_ED25519, &p, &c->self));
    state_new(&c->log.key, &c->s);
}

/* Three entries were seen, and `episodes` times there was an alarm that was cleared. */
static void
fill(scene *c, size_t episodes)
{
    c->s.note = str_of(c->log.newest);
    c->s.time_s = 1000;
    c->s.head = merkle_head(&c->log.edge.tree);
    for (size_t i = 0; i < episodes; i++) {
        const struct witness_event alarm = {
            .alarm = WITNESS_FORK, .time_s = 1001 + i, .note = str_of(c->log.newest)};
        const struct witness_event cleared = {.time_s = 2001 + i, .reason = STR("a reason")};
        CHECK_INT(state_alarm(&c->s), ==, WITNESS_QUIET);
        NEED_OK(state_add(&c->s, &alarm));
        CHECK_INT(state_alarm(&c->s), ==, WITNESS_FORK);
        NEED_OK(state_add(&c->s, &cleared));
    }
}

static err
read_back(scene *c, str bytes, struct witness_state *ret)
{
    return state_read(c->a, bytes, &c->self, ret);
}

TEST(each_alarm_has_a_name_and_a_sentence)
{
    for (int i = 0; i < WITNESS_ALARMS; i++)
        CHECK(*witness_alarm_name((enum witness_alarm)i) &&
              *witness_alarm_says((enum witness_alarm)i));
}

TEST(a_state_is_read_back_as_it_was_put)
{
    for (size_t episodes = 0; episodes <= STATE_EVENTS_MAX / 2; episodes += 8) {
        AUTO(scene) c = {.a = NULL};
        AUTO(buf) b = BUF(NOTE_BYTES_MAX);
        AUTO(buf) again = BUF(NOTE_BYTES_MAX);
        struct witness_state r;
        scene_new(&c, "back");
        fill(&c, episodes);
        NEED_OK(state_put(&b, &c.s, &c.self, &c.half));
        NEED_OK(read_back(&c, buf_str(&b), &r));
        CHECK_INT(r.head.size, ==, 3);
        CHECK_INT(r.time_s, ==, 1000);
        CHECK_INT(r.count, ==, 2 * episodes);
        NEED_OK(state_put(&again, &r, &c.self, &c.half));
        CHECK_STR(buf_str(&again), buf_str(&b));
    }
}

TEST(a_state_of_a_log_never_seen_is_of_the_empty_tree)
{
    AUTO(scene) c = {.a = NULL};
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    struct witness_state r;
    const struct merkle none = {.size = 0};
    const struct tree_head empty = merkle_head(&none);
    scene_new(&c, "none");
    NEED_OK(state_put(&b, &c.s, &c.self, &c.half));
    NEED_OK(read_back(&c, buf_str(&b), &r));
    CHECK_INT(r.head.size, ==, 0);
    CHECK(digest_eq(&r.head.root, &empty.root));
    CHECK_INT(r.note.len, ==, 0);
}

TEST(there_is_room_for_so_many_alarms_and_no_more)
{
    AUTO(scene) c = {.a = NULL};
    scene_new(&c, "room");
    fill(&c, STATE_EVENTS_MAX / 2);
    const struct witness_event e = {.alarm = WITNESS_FORK, .time_s = 1, .note = STR("x")};
    CHECK_ERR(state_add(&c.s, &e), LIMIT);
    CHECK_INT(c.s.count, ==, STATE_EVENTS_MAX);
}

TEST(no_byte_of_a_state_can_be_changed)
{
    AUTO(scene) c = {.a = NULL};
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    struct witness_state r;
    scene_new(&c, "bytes");
    fill(&c, 1);
    NEED_OK(state_put(&b, &c.s, &c.self, &c.half));
    for (size_t i = 0; i < b.len; i++) {
        b.at[i] ^= 1;
        CHECK_ERR(read_back(&c, buf_str(&b), &r), CORRUPT);
        b.at[i] ^= 1;
    }
    for (size_t len = 0; len < b.len; len += 3)
        CHECK_ERR(read_back(&c, str_slice(buf_str(&b), 0, len), &r), CORRUPT);
    CHECK_OK(read_back(&c, buf_str(&b), &r));
    c.self.id ^= 1;
    CHECK_ERR(read_back(&c, buf_str(&b), &r), CORRUPT);
}

/* Signed, so that only the form can be wrong. */
TEST(what_is_signed_but_no_state_is_refused)
{
    static const char *const bad[] = {
        "hoheit witness state v2\nlog %s\n",
        "hoheit witness state v1\n",
        "hoheit witness state v1\nlog\n",
        "hoheit witness state v1\nlog x\n",
        "hoheit witness state v1\nLog %s\n",
        "hoheit witness state v1\nlog %s\nseen\n",
        "hoheit witness state v1\nlog %s\nseen 1\n",
        "hoheit witness state v1\nlog %s\nseen 0 aGFsbG8=\n",
        "hoheit witness state v1\nlog %s\nseen 1 aGFsbG8=\n",
        "hoheit witness state v1\nlog %s\nseen 1 !\n",
        "hoheit witness state v1\nlog %s\nother 1 x\n",
        "hoheit witness state v1\nlog %s\nalarm 1 fork\n",
        "hoheit witness state v1\nlog %s\nalarm 1 quiet aGFsbG8=\n",
        "hoheit witness state v1\nlog %s\nalarm x fork aGFsbG8=\n",
        "hoheit witness state v1\nlog %s\nalarm 1 fork !\n",
        "hoheit witness state v1\nlog %s\ncleared 1 out of turn\n",
        "hoheit witness state v1\nlog %s\nalarm 1 fork aGFsbG8=\nalarm 2 fork aGFsbG8=\n",
        "hoheit witness state v1\nlog %s\nalarm 1 fork aGFsbG8=\ncleared 1\n",
    };
    AUTO(scene) c = {.a = NULL};
    AUTO(buf) key = BUF(NOTE_KEY_TEXT_MAX);
    struct witness_state r;
    scene_new(&c, "form");
    note_key_put(&key, &c.log.key);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(buf) b = BUF(NOTE_BYTES_MAX);
        char text[1024];
        const char *at = strstr(bad[i], "%s");
        const int head = at ? (int)(at - bad[i]) : (int)strlen(bad[i]);
        snprintf(text, sizeof text, "%.*s%.*s%s", head, bad[i], at ? (int)key.len : 0,
                 at ? key.at : "", at ? at + 2 : "");
        buf_add(&b, str_of(text));
        buf_add_char(&b, '\n');
        NEED_OK(note_sign(&b, &c.self, &c.half, str_of(text), 0));
        CHECK_ERR(read_back(&c, buf_str(&b), &r), CORRUPT);
    }
}

TEST(whatever_fails_is_said)
{
    AUTO(scene) c = {.a = NULL};
    AUTO(buf) whole = BUF(NOTE_BYTES_MAX);
    scene_new(&c, "faults");
    fill(&c, 2);
    NEED_OK(state_put(&whole, &c.s, &c.self, &c.half));
    for (long n = 1;; n++) {
        AUTO(buf) b = BUF(NOTE_BYTES_MAX);
        struct witness_state r;
        fault_arm(n);
        err e = state_put(&b, &c.s, &c.self, &c.half);
        if (!e.code)
            e = read_back(&c, buf_str(&whole), &r);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != ERR_OK));
        if (!fired)
            break;
        CHECK(e.code != ERR_CORRUPT);
        NEED(n < 200);
    }
}
