/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/engines.h"

#include "unit/gate/asker.h"

static struct rig rig;

/* ---- one who waits */
struct waiter {
    engines_wait *wait;
    engine *got;
    unsigned calls, rank;
    err why;
    char public[256];
    void (*then)(struct waiter *w);
    struct waiter *other;
};

static unsigned calls;

static void
on_engine(void *ctx, engine *en, err why)
{
    struct waiter *w = ctx;
    w->calls++;
    w->rank = ++calls;
    w->got = en;
    w->why = why;
    w->wait = NULL;
    snprintf(w->public, sizeof w->public, "%s", err_public(why));
    if (w->then)
        w->then(w);
}

static err
get(const char *name, struct waiter *w)
{
    struct model m;
    model_toy(str_of(name), MODEL_CHAT, &m);
    return engines_get(rig.gate->engines, &m, on_engine, w, &w->got, &w->wait);
}

static const char *
state_of(const char *name)
{
    struct engine_slot_state s;
    for (size_t i = 0; engines_state_at(rig.gate->engines, i, &s); i++)
        if (str_eq(s.model, str_of(name)))
            return s.state;
    return "none";
}

static bool
is_state(const char *name, const char *want)
{
    return strcmp(state_of(name), want) == 0;
}

/* Has the other end been closed? */
static bool
is_closed(int far)
{
    struct ipc_message m;
    return ipc_recv_wait(far, 0, rig_room, &m).code == ERR_ENGINE_LOST;
}

/* ---- asking */
TEST(a_model_is_asked_for_once_however_many_wait)
{
    struct waiter a = {0}, b = {0};
    rig_open(&rig);
    CHECK_OK(get("x", &a));
    CHECK_OK(get("x", &b));
    CHECK(!a.got && a.wait && !b.got && b.wait);
    RIG_UNTIL(&rig, rig.starts);
    rig_settle(&rig);
    CHECK_INT(rig.starts, ==, 1);
    CHECK(is_state("x", "starting"));
    rig_play(&rig, &rig.engines[0], 0);
    RIG_UNTIL(&rig, is_state("x", "loading"));
    CHECK(a.calls == 0 && b.calls == 0);
    rig_hello(&rig.engines[0]);
    RIG_UNTIL(&rig, b.calls);
    CHECK(is_state("x", "ready"));
    CHECK(a.calls == 1 && a.got && a.got == b.got && !a.why.code);
    CHECK_INT(b.rank, ==, a.rank + 1);
    struct waiter c = {0};
    CHECK_OK(get("x", &c));
    CHECK(c.got == a.got && !c.wait && c.calls == 0);
    rig_close(&rig);
}

TEST(what_is_asked_for_says_the_limits_of_the_configuration)
{
    struct model m;
    engine *en;
    engines_wait *w;
    rig_open(&rig);
    rig.params.engine_sequences_max = 3;
    rig.params.engine_threads = 5;
    rig.params.engine_step_tokens_max = 64;
    rig.params.engine_queue_max = 9;
    rig.params.engine_memory_bytes_max = 1u << 30;
    rig.params.engine_context_tokens_max = 2048;
    model_toy(STR("x"), MODEL_EMBED, &m);
    m.engine = STR("llama");
    m.file = STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.gguf");
    CHECK_OK(engines_get(rig.gate->engines, &m, on_engine, &(struct waiter){0}, &en, &w));
    RIG_UNTIL(&rig, rig.starts);
    const struct control_start s = rig.engines[0].start;
    CHECK(s.engine == CONTROL_LLAMA && s.is_embedder == 1 && s.sequences_max == 3);
    CHECK(s.threads == 5 && s.step_tokens_max == 64 && s.queue_max == 9);
    CHECK_INT(s.memory_bytes_max, ==, 1 << 30);
    CHECK_INT(s.context_tokens, ==, 2048);
    CHECK_STR(str_of(s.file), m.file);
    engines_forget(w);
    rig_close(&rig);
}

TEST(the_context_is_the_configured_one_else_the_models_own_within_the_bound)
{
    static const struct {
        uint64_t set, max, own;
        uint32_t want;
    } cases[] = {{0, 16384, 8192, 8192},
                 {0, 4096, 8192, 4096},
                 {0, 4096, 0, 4096},
                 {512, 4096, 8192, 512},
                 {32768, 4096, 8192, 32768}};
    struct model m;
    engine *en;
    engines_wait *w;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_open(&rig);
        rig.params.engine_context_tokens = cases[i].set;
        rig.params.engine_context_tokens_max = cases[i].max;
        model_toy(STR("x"), MODEL_CHAT, &m);
        m.context_tokens = cases[i].own;
        CHECK_OK(engines_get(rig.gate->engines, &m, on_engine, &(struct waiter){0}, &en, &w));
        RIG_UNTIL(&rig, rig.starts);
        CHECK_INT(rig.engines[0].start.context_tokens, ==, cases[i].want);
        engines_forget(w);
        rig_close(&rig);
    }
}

TEST(who_no_longer_waits_is_not_called)
{
    struct waiter w[3] = {{0}};
    rig_open(&rig);
    for (size_t forgotten = 0; forgotten < 3; forgotten++) {
        memset(w, 0, sizeof w);
        for (size_t i = 0; i < 3; i++)
            CHECK_OK(get("x", &w[i]));
        engines_forget(w[forgotten].wait);
        engines_drop(rig.gate->engines, STR("x"));
        for (size_t i = 0; i < 3; i++)
            CHECK_INT(w[i].calls, ==, i != forgotten);
    }
    engines_forget(NULL);
    rig_close(&rig);
}

static void
forget_other(struct waiter *w)
{
    engines_forget(TAKE(w->other->wait));
}

static void
ask_again(struct waiter *w)
{
    w->then = NULL;
    CHECK_ERR(get("x", w), OK);
}

static void
drop_all(struct waiter *w)
{
    (void)w;
    engines_drop(rig.gate->engines, STR("x"));
}

static void
drop_and_ask_for_another(struct waiter *w)
{
    engines_drop(rig.gate->engines, STR("x"));
    CHECK_OK(get("y", w->other));
}

TEST(who_is_told_may_forget_another)
{
    struct waiter a = {.then = forget_other}, b = {0}, c = {0};
    rig_open(&rig);
    CHECK_OK(get("x", &a));
    CHECK_OK(get("x", &b));
    CHECK_OK(get("x", &c));
    a.other = &b;
    rig_ready(&rig, 0);
    RIG_UNTIL(&rig, c.calls);
    CHECK(a.calls == 1 && b.calls == 0 && c.got);
    rig_close(&rig);
}

TEST(who_is_told_of_a_failure_may_ask_again_and_is_not_told_twice)
{
    struct waiter a = {.then = ask_again}, b = {0};
    rig_open(&rig);
    CHECK_OK(get("x", &a));
    CHECK_OK(get("x", &b));
    RIG_UNTIL(&rig, rig.starts);
    rig_down(&rig, rig.engines[0].id, 0, 5000);
    RIG_UNTIL(&rig, b.calls);
    rig_settle(&rig);
    CHECK(a.calls == 1 && a.wait && b.why.code == ERR_ENGINE_LOST);
    engines_forget(a.wait);
    rig_close(&rig);
}

TEST(who_is_told_may_drop_the_model_and_the_others_hear_of_that)
{
    struct waiter a = {.then = drop_all}, b = {0};
    rig_open(&rig);
    CHECK_OK(get("x", &a));
    CHECK_OK(get("x", &b));
    rig_ready(&rig, 0);
    RIG_UNTIL(&rig, b.calls);
    CHECK(a.calls == 1 && !a.why.code);
    CHECK(b.calls == 1 && !b.got && b.why.code == ERR_MODEL_NOT_FOUND);
    CHECK(is_state("x", "none"));
    rig_close(&rig);
}

TEST(who_takes_the_place_meanwhile_is_not_told_of_the_one_before)
{
    struct waiter y = {0}, a = {.then = drop_and_ask_for_another, .other = &y}, b = {0};
    rig_open(&rig);
    CHECK_OK(get("x", &a));
    CHECK_OK(get("x", &b));
    rig_ready(&rig, 0);
    RIG_UNTIL(&rig, b.calls);
    rig_settle(&rig);
    CHECK(a.calls == 1 && b.calls == 1 && y.calls == 0 && y.wait);
    CHECK_INT(rig.engines[0].id % CONTROL_SLOTS_MAX, ==, rig.engines[1].id % CONTROL_SLOTS_MAX);
    rig_ready(&rig, 1);
    RIG_UNTIL(&rig, y.calls);
    CHECK(y.got != NULL);
    rig_close(&rig);
}

/* ---- down */
TEST(who_waits_for_a_quick_restart_waits_on)
{
    struct waiter w = {0};
    rig_open(&rig);
    CHECK_OK(get("x", &w));
    RIG_UNTIL(&rig, rig.starts);
    rig_down(&rig, rig.engines[0].id, 0, 1000);
    RIG_UNTIL(&rig, rig_record(&rig, "engine.lost", "", 0).len);
    CHECK(w.calls == 0 && is_state("x", "starting"));
    rig_hello(rig_play(&rig, &rig.engines[0], 1));
    RIG_UNTIL(&rig, w.calls);
    CHECK(w.got && !w.why.code);
    CHECK_INT(meter_value(&rig.meters, METER_ENGINE_RESTARTS), ==, 1);
    rig_close(&rig);
}

TEST(who_waits_too_long_is_told_how_far_it_is_and_others_wait_on)
{
    struct waiter w = {0}, late = {0};
    const struct engine_loading half = {0.5f};
    rig_open(&rig);
    rig.params.engine_wait_ms_max = 100;
    CHECK_OK(get("x", &w));
    RIG_UNTIL(&rig, rig.starts);
    rig_play(&rig, &rig.engines[0], 0);
    rig_say(&rig.engines[0], ENGINE_LOADING, 0, &half, sizeof half, STR_NONE);
    RIG_UNTIL(&rig, w.calls);
    CHECK_ERR(w.why, ENGINE_LOADING);
    CHECK(!w.got && rig_has(str_of(w.public), "50 %"));
    CHECK_OK(get("x", &late));
    rig_hello(&rig.engines[0]);
    RIG_UNTIL(&rig, late.calls);
    CHECK(late.got && !late.why.code);
    CHECK_INT(w.calls, ==, 1);
    rig_close(&rig);
}

TEST(who_waits_too_long_may_ask_again_and_waits_anew)
{
    struct waiter w = {.then = ask_again};
    rig_open(&rig);
    rig.params.engine_wait_ms_max = 100;
    CHECK_OK(get("x", &w));
    RIG_UNTIL(&rig, w.calls == 2);
    CHECK_ERR(w.why, ENGINE_LOADING);
    CHECK_INT(rig.starts, ==, 1);
    rig_close(&rig);
}

TEST(a_long_pause_is_told_to_who_waits_and_the_next_waits_anew)
{
    struct waiter w = {0}, next = {0};
    rig_open(&rig);
    CHECK_OK(get("x", &w));
    RIG_UNTIL(&rig, rig.starts);
    rig_down(&rig, rig.engines[0].id, 0, 1001);
    RIG_UNTIL(&rig, w.calls);
    CHECK_ERR(w.why, ENGINE_LOST);
    CHECK(rig_has(str_of(w.public), "\"x\""));
    CHECK_OK(get("x", &next));
    rig_hello(rig_play(&rig, &rig.engines[0], 1));
    RIG_UNTIL(&rig, next.calls);
    CHECK(next.got != NULL);
    CHECK_INT(rig.starts, ==, 1); /* hoheitd starts it by itself */
    rig_close(&rig);
}

TEST(what_cannot_be_started_is_tried_again_at_most_once_a_second)
{
    struct waiter w = {0};
    const int64_t wall_ms = clock_wall_ms();
    rig_open(&rig);
    clock_fix(5000000000, wall_ms);
    CHECK_OK(get("x", &w));
    RIG_UNTIL(&rig, rig.starts);
    rig_down(&rig, rig.engines[0].id, ERR_CORRUPT, UINT64_MAX);
    RIG_UNTIL(&rig, w.calls);
    CHECK_ERR(w.why, CORRUPT);
    CHECK(rig_has(str_of(w.public), "damaged"));
    CHECK(is_state("x", "down"));
    for (int i = 0; i < 10; i++)
        CHECK_ERR(get("x", &w), CORRUPT);
    clock_fix(5999999999, wall_ms);
    CHECK_ERR(get("x", &w), CORRUPT);
    clock_fix(6000000000, wall_ms);
    CHECK_OK(get("x", &w));
    RIG_UNTIL(&rig, rig.starts == 2);
    CHECK_INT(rig.engines[0].id, ==, rig.engines[1].id);
    clock_free();
    engines_forget(w.wait);
    rig_close(&rig);
}

TEST(a_reason_out_of_range_reads_as_lost)
{
    struct waiter w = {0};
    rig_open(&rig);
    CHECK_OK(get("x", &w));
    RIG_UNTIL(&rig, rig.starts);
    rig_down(&rig, rig.engines[0].id, (enum err_code)60000, UINT64_MAX);
    RIG_UNTIL(&rig, w.calls);
    CHECK_ERR(w.why, ENGINE_LOST);
    rig_close(&rig);
}

TEST(a_lost_engine_comes_back_in_its_slot_and_serves)
{
    struct waiter w = {0}, again = {0};
    rig_open(&rig);
    CHECK_OK(get("x", &w));
    struct rig_engine *e = rig_ready(&rig, 0);
    RIG_UNTIL(&rig, w.calls);
    fd_auto(&e->far);
    RIG_UNTIL(&rig, is_state("x", "starting"));
    CHECK_OK(get("x", &again));
    CHECK(!again.got);
    rig_down(&rig, e->id, 0, 50);
    rig_hello(rig_play(&rig, e, 1));
    RIG_UNTIL(&rig, again.calls);
    CHECK(again.got && is_state("x", "ready"));
    rig_close(&rig);
}

TEST(a_hello_that_comes_after_hoheitd_said_it_is_gone_is_not_believed)
{
    struct waiter w = {0};
    rig_open(&rig);
    CHECK_OK(get("x", &w));
    RIG_UNTIL(&rig, rig.starts);
    struct rig_engine *e = rig_play(&rig, &rig.engines[0], 0);
    RIG_UNTIL(&rig, is_state("x", "loading"));
    rig_down(&rig, e->id, ERR_CORRUPT, UINT64_MAX);
    RIG_UNTIL(&rig, w.calls);
    rig_hello(e);
    fd_auto(&e->far);
    rig_settle(&rig);
    CHECK(is_state("x", "down"));
    rig_close(&rig);
}

TEST(a_new_engine_for_one_that_seems_alive_ends_its_requests_as_lost)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    struct rig_engine *e = rig_ready(&rig, 0);
    rig_submitted(&rig, e);
    const int old = fd_take(&e->far);
    rig_play(&rig, e, 1);
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, ENGINE_LOST);
    CHECK(is_closed(old));
    close(old);
    asker_free(k);
    rig_close(&rig);
}

TEST(an_engine_there_is_no_memory_for_is_waited_for_again)
{
    bool fired = true;
    for (long n = 1; fired; n++) {
        struct waiter w = {0};
        rig_open(&rig);
        CHECK_OK(get("x", &w));
        RIG_UNTIL(&rig, rig.starts);
        struct rig_engine *e = rig_play(&rig, &rig.engines[0], 0);
        fault_arm(n);
        rig_settle(&rig);
        fired = fault_fired();
        fault_arm(0);
        if (!rig.gate || rig.control_ended) { /* the fault hit the channel to hoheitd itself */
            engines_forget(TAKE(w.wait));
        } else {
            if (!is_state("x", "loading"))
                CHECK(is_state("x", "starting") && is_closed(e->far));
            rig_hello(rig_play(&rig, e, 1));
            RIG_UNTIL(&rig, w.calls);
            CHECK(w.got != NULL);
        }
        rig_close(&rig);
    }
}

/* ---- slots */
TEST(what_is_said_of_the_model_before_is_not_taken_for_its_successor)
{
    struct waiter a = {0}, b = {0};
    int pair[2];
    rig_open(&rig);
    CHECK_OK(get("a", &a));
    RIG_UNTIL(&rig, rig.starts);
    engines_drop(rig.gate->engines, STR("a"));
    CHECK_ERR(a.why, MODEL_NOT_FOUND);
    CHECK_OK(get("b", &b));
    RIG_UNTIL(&rig, rig.starts == 2 && rig.stops == 1);
    const uint64_t first = rig.engines[0].id, second = rig.engines[1].id;
    CHECK(first != second && first % CONTROL_SLOTS_MAX == second % CONTROL_SLOTS_MAX);
    CHECK_INT(rig.stopped[0], ==, first);
    /* hoheitd had started the engine of a before it read that it is to stop. */
    CHECK_OK(ipc_pair(pair));
    rig_up(&rig, first, 0, pair[0]);
    close(pair[0]);
    rig_down(&rig, first, ERR_CORRUPT, UINT64_MAX);
    RIG_UNTIL(&rig, is_closed(pair[1]));
    rig_settle(&rig);
    CHECK(is_state("b", "starting") && b.calls == 0);
    rig_hello(rig_play(&rig, &rig.engines[1], 0));
    RIG_UNTIL(&rig, b.calls);
    CHECK(b.got != NULL);
    close(pair[1]);
    rig_close(&rig);
}

TEST(an_engine_nobody_asked_for_is_sent_away)
{
    int pair[2];
    rig_open(&rig);
    CHECK_OK(ipc_pair(pair));
    rig_up(&rig, 17, 0, pair[0]);
    close(pair[0]);
    rig_down(&rig, 18, 0, 1);
    RIG_UNTIL(&rig, is_closed(pair[1]));
    close(pair[1]);
    CHECK_INT(rig.control_ended, ==, 0);
    rig_close(&rig);
}

TEST(there_is_a_bound_on_models_and_a_place_comes_back)
{
    static struct waiter many[CONTROL_SLOTS_MAX];
    char name[16];
    struct waiter w = {0};
    rig_open(&rig);
    for (int i = 0; i < CONTROL_SLOTS_MAX; i++) {
        snprintf(name, sizeof name, "m%d", i);
        CHECK_OK(get(name, &many[i]));
    }
    CHECK_ERR(get("more", &w), LIMIT);
    CHECK_STR(str_of(err_param()), STR("model"));
    engines_drop(rig.gate->engines, STR("m7"));
    CHECK_INT(many[7].calls, ==, 1);
    CHECK_OK(get("more", &w));
    RIG_UNTIL(&rig, rig.starts == CONTROL_SLOTS_MAX + 1);
    /* One that could not be started makes room too. */
    CHECK_ERR(get("another", &w), LIMIT);
    rig_down(&rig, rig.engines[3].id, ERR_CORRUPT, UINT64_MAX);
    RIG_UNTIL(&rig, is_state("m3", "down"));
    CHECK_OK(get("another", &w));
    CHECK(is_state("m3", "none"));
    rig_close(&rig);
}

TEST(dropping_what_does_not_run_is_fine)
{
    rig_open(&rig);
    engines_drop(rig.gate->engines, STR("nothing"));
    rig_settle(&rig);
    CHECK_INT(rig.stops, ==, 0);
    rig_close(&rig);
}

/* ---- hoheitd */
struct told {
    unsigned stops, reloads;
    int fd;
};

static void
on_stop(void *ctx)
{
    struct told *t = ctx;
    t->stops++;
}

static void
on_reload(void *ctx, int f)
{
    struct told *t = ctx;
    t->reloads++;
    t->fd = f;
}

static void
listen_to(struct told *t)
{
    *t = (struct told){.fd = -1};
    gate_on_events(rig.gate,
                   (struct gate_events){.on_stop = on_stop, .on_reload = on_reload, .ctx = t});
}

TEST(garbage_from_hoheitd_ends_the_channel_and_not_the_process)
{
    static const struct {
        uint32_t type;
        size_t len;
        bool has_fd, has_tail;
    } cases[] = {{1, 0, false, false},
                 {CONTROL_ENGINE_START, sizeof(struct control_start), false, false},
                 {999, 0, false, false},
                 {CONTROL_ENGINE_UP, sizeof(struct control_up), false, false},
                 {CONTROL_ENGINE_UP, 0, true, false},
                 {CONTROL_ENGINE_UP, sizeof(struct control_up) + 8, true, false},
                 {CONTROL_ENGINE_UP, sizeof(struct control_up), true, true},
                 {CONTROL_ENGINE_DOWN, 0, false, false},
                 {CONTROL_ENGINE_DOWN, sizeof(struct control_down), true, false},
                 {CONTROL_STOP, 8, false, false},
                 {CONTROL_STOP, 0, true, false},
                 {CONTROL_RELOAD, 0, false, false},
                 {CONTROL_RELOAD, 8, true, false},
                 {CONTROL_READER_UP, 0, false, false},
                 {CONTROL_READER_UP, 8, true, false},
                 {CONTROL_READER_DOWN, 0, true, false},
                 {CONTROL_READER_DOWN, 8, false, false}};
    static const char body[256];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct told t;
        struct waiter w = {0};
        int ends[2];
        char c;
        rig_open(&rig);
        listen_to(&t);
        CHECK_INT(pipe2(ends, O_CLOEXEC | O_NONBLOCK), ==, 0);
        CHECK_OK(ipc_send(rig.control, cases[i].type, 0, body, cases[i].len,
                          cases[i].has_tail ? STR("tail") : STR_NONE,
                          cases[i].has_fd ? ends[1] : -1));
        close(ends[1]);
        RIG_UNTIL(&rig, rig.control_ended);
        CHECK_INT(t.stops, ==, 1);
        CHECK_INT(t.reloads, ==, 0);
        CHECK_INT(read(ends[0], &c, 1), ==, 0); /* what was passed is closed */
        CHECK_ERR(get("x", &w), ENGINE_LOST);
        close(ends[0]);
        rig_close(&rig);
    }
}

TEST(the_end_is_told_once_whether_hoheitd_asks_or_dies_or_both)
{
    struct told t;
    rig_open(&rig);
    listen_to(&t);
    CHECK_OK(ipc_send(rig.control, CONTROL_STOP, 0, NULL, 0, STR_NONE, -1));
    CHECK_OK(ipc_send(rig.control, CONTROL_STOP, 0, NULL, 0, STR_NONE, -1));
    RIG_UNTIL(&rig, t.stops);
    ipc_free(TAKE(rig.control));
    for (int i = 0; i < 5; i++)
        rig_turn(&rig);
    CHECK_INT(t.stops, ==, 1);
    rig_close(&rig);
    rig_open(&rig);
    listen_to(&t);
    ipc_free(TAKE(rig.control));
    RIG_UNTIL(&rig, t.stops);
    rig_close(&rig);
}

TEST(a_certificate_is_handed_on)
{
    struct told t;
    char c = 0;
    int ends[2];
    rig_open(&rig);
    listen_to(&t);
    CHECK_INT(pipe(ends), ==, 0);
    CHECK_OK(ipc_send(rig.control, CONTROL_RELOAD, 0, NULL, 0, STR_NONE, ends[1]));
    RIG_UNTIL(&rig, t.reloads);
    CHECK_INT(write(t.fd, "x", 1), ==, 1);
    CHECK(read(ends[0], &c, 1) == 1 && c == 'x');
    close(t.fd);
    close(ends[0]);
    close(ends[1]);
    rig_close(&rig);
}

TEST(readiness_is_said_with_the_default_models_asked_for)
{
    rig_open(&rig);
    CHECK(gate_engines_ready(rig.gate)); /* none was asked for */
    CHECK_OK(gate_ready(rig.gate));
    RIG_UNTIL(&rig, rig.ready && rig.starts == 2);
    CHECK(!gate_engines_ready(rig.gate));
    rig_ready(&rig, 0);
    rig_ready(&rig, 1);
    RIG_UNTIL(&rig, gate_engines_ready(rig.gate));
    rig_close(&rig);
}

/* ---- engines that fail */
TEST(an_engine_lost_in_the_middle_ends_its_requests_with_an_error)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e);
    rig_says(e, id, 0, "halb");
    fd_auto(&e->far);
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, ENGINE_LOST);
    CHECK_STR(asker_text(k, 0), STR("halb"));
    const str c = rig_record(&rig, "completion", k->id, 0);
    CHECK(rig_has(c, "\"outcome\":\"ENGINE_LOST\"") && rig_has(c, "\"tokens_out\":2"));
    CHECK(asker_holds(&rig, c, "output", STR("halb")));
    CHECK_INT(meter_value(&rig.meters, METER_REQUESTS_RUNNING), ==, 0);
    asker_free(k);
    rig_close(&rig);
}

TEST(an_engine_that_talks_nonsense_is_as_lost)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    rig_says(e, rig_submitted(&rig, e), 7, "wer?");
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, ENGINE_LOST);
    CHECK(k->pieces == 0 && k->started == 0);
    asker_free(k);
    rig_close(&rig);
}

TEST(what_an_engine_refuses_is_refused_with_its_reason)
{
    const struct engine_failed f = {.code = ERR_CONTEXT_LENGTH, .have = 9000, .limit = 4096};
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    rig_say(e, ENGINE_FAILED, rig_submitted(&rig, e), &f, sizeof f, STR_NONE);
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, CONTEXT_LENGTH);
    CHECK(rig_has(str_of(k->public), "9000") && rig_has(str_of(k->public), "4096"));
    CHECK_STR(str_of(k->param), STR("messages"));
    CHECK(rig_has(rig_record(&rig, "completion", k->id, 0), "\"outcome\":\"CONTEXT_LENGTH\""));
    asker_free(k);
    rig_close(&rig);
}

TEST(a_model_that_cannot_be_started_is_an_error_on_record)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    RIG_UNTIL(&rig, rig.starts);
    rig_down(&rig, rig.engines[0].id, ERR_CORRUPT, UINT64_MAX);
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, CORRUPT);
    CHECK(rig_has(rig_record(&rig, "completion", k->id, 0), "\"outcome\":\"CORRUPT\""));
    CHECK_INT(meter_value(&rig.meters, METER_REQUESTS_RUNNING), ==, 0);
    asker_free(k);
    rig_close(&rig);
}

TEST(an_engine_that_cannot_do_it_is_an_error_on_record)
{
    const struct engine_hello h = {.proto = ENGINE_PROTO,
                                   .context_tokens = 1,
                                   .sequences_max = 1,
                                   .embedding_dims = 4,
                                   .can_embed = 1,
                                   .engine = "other"};
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    RIG_UNTIL(&rig, rig.starts);
    rig_say(rig_play(&rig, &rig.engines[0], 0), ENGINE_HELLO, 0, &h, sizeof h, STR_NONE);
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, UNSUPPORTED);
    asker_free(k);
    rig_close(&rig);
}

TEST(a_model_removed_under_its_requests_ends_them_as_lost)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    rig_submitted(&rig, e);
    engines_drop(rig.gate->engines, STR("toy"));
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, ENGINE_LOST);
    CHECK(rig_has(rig_record(&rig, "completion", k->id, 0), "\"outcome\":\"ENGINE_LOST\""));
    asker_free(k);
    rig_close(&rig);
}

TEST(a_model_removed_while_requests_wait_for_it_is_not_found)
{
    rig_open(&rig);
    struct asker *a = asker_new(&rig, "VS-NfD", "intern", "x");
    struct asker *b = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(a));
    NEED_OK(asker_run(b)); /* maybe not yet decided when a waits: it must not start it again */
    RIG_UNTIL(&rig, rig.starts);
    CHECK_OK(registry_remove(rig.registry, STR("toy")));
    engines_drop(rig.gate->engines, STR("toy"));
    RIG_UNTIL(&rig, a->ended && b->ended);
    CHECK_ERR(a->end, MODEL_NOT_FOUND);
    CHECK_ERR(b->end, MODEL_NOT_FOUND);
    rig_settle(&rig);
    CHECK_INT(rig.starts, ==, 1);
    CHECK_INT(meter_value(&rig.meters, METER_REQUESTS_RUNNING), ==, 0);
    asker_free(a);
    asker_free(b);
    rig_close(&rig);
}

TEST(who_waits_for_an_engine_is_served_in_the_order_of_coming)
{
    unsigned order = 0;
    struct asker *k[5];
    rig_open(&rig);
    for (size_t i = 0; i < 5; i++) {
        k[i] = asker_new(&rig, "VS-NfD", "intern", "x");
        k[i]->order = &order;
        NEED_OK(asker_run(k[i]));
        RIG_UNTIL(&rig, rig_record(&rig, "decision", k[i]->id, 0).len);
        rig_settle(&rig);
    }
    const struct rig_engine *e = rig_ready(&rig, 0);
    for (size_t i = 0; i < 5; i++)
        rig_done(e, rig_submitted(&rig, e), 0, true);
    for (size_t i = 0; i < 5; i++) {
        RIG_UNTIL(&rig, k[i]->ended);
        CHECK_INT(k[i]->rank, ==, i + 1);
        asker_free(k[i]);
    }
    rig_close(&rig);
}
