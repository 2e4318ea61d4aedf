/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/book.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/fault.h"
#include "base/json.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/file.h"
#include "test.h"
#include "unit/audit/disk.h"

enum { PATH_LEN = 256, FILE_MAX = 4 << 20 };

/* One installation's log. */
struct scene {
    loop *l;
    meters m;
    struct params p;
    book *b;
    char dir[PATH_LEN], path[PATH_LEN + 16];
    int acked, stop_at;
    enum err_code last;
};

static struct scene *
scene_new(const char *name)
{
    struct scene *c = calloc(1, sizeof *c);
    params_default(&c->p);
    snprintf(c->dir, sizeof c->dir, "%s/%s", test_dir(), name);
    snprintf(c->path, sizeof c->path, "%s/audit.jsonl", c->dir);
    CHECK_OK(loop_new(&c->l));
    return c;
}

static err
scene_open(struct scene *c)
{
    c->b = NULL;
    return book_open(c->l, c->dir, &c->p, &c->m, &c->b);
}

static void
scene_free(struct scene *c)
{
    book_close(c->b);
    loop_free(c->l);
    free(c);
}

static void
done(void *ctx, err e)
{
    struct scene *c = ctx;
    c->last = (enum err_code)e.code;
    if (++c->acked == c->stop_at)
        loop_stop(c->l);
}

static err
append(struct scene *c, enum audit_event event, str request, uint64_t tokens)
{
    const struct audit_record r = {
        .event = event, .request_id = request, .tokens_in = tokens, .outcome = ""};
    return book_append(c->b, &r, done, c);
}

static void
run_until(struct scene *c, int acks)
{
    c->stop_at = acks;
    if (c->acked < acks)
        loop_run(c->l);
}

/* A decision and a completion of request number `i`, durable. */
static void
log_request(struct scene *c, int i)
{
    char id[ID_MAX];
    snprintf(id, sizeof id, "req_%d", i);
    CHECK_OK(append(c, EVENT_DECISION, str_of(id), (uint64_t)i));
    CHECK_OK(append(c, EVENT_COMPLETION, str_of(id), (uint64_t)i));
}

static size_t
read_file(const struct scene *c, char *room)
{
    FILE *f = fopen(c->path, "r");
    const size_t len = f ? fread(room, 1, FILE_MAX, f) : 0;
    if (f)
        fclose(f);
    return len;
}

static void
write_file(const struct scene *c, str bytes)
{
    FILE *f = fopen(c->path, "w");
    NEED(f);
    CHECK_INT(fwrite(bytes.at, 1, bytes.len, f), ==, bytes.len);
    fclose(f);
}

/* What book_find and book_tail hand out. */
struct seen {
    int count;
    int64_t seq[1100];
    char first[4096];
    bool is_enough;
};

static err
see(void *ctx, str json)
{
    struct seen *s = ctx;
    AUTO(arena) *a = NULL;
    jval root;
    if (s->is_enough)
        FAIL(CANCELLED, "enough");
    TRY(arena_open(1 << 20, &a));
    TRY(json_read(a, json, &root));
    const jval seq = json_get(&root, "seq");
    TRY(json_i64(&seq, 1, INT64_MAX, &s->seq[s->count]));
    if (s->count++ == 0)
        CHECK(str_copy(json, s->first, sizeof s->first));
    return OK;
}

/* ---- the file */

TEST(a_log_is_made_with_its_directory_and_only_its_owner_may_read_it)
{
    struct scene *c = scene_new("made/below");
    struct stat st;
    NEED_OK(scene_open(c));
    NEED(stat(c->path, &st) == 0);
    CHECK_INT(st.st_mode & 0777, ==, 0600);
    NEED(stat(c->dir, &st) == 0);
    CHECK_INT(st.st_mode & 0777, ==, 0700);
    scene_free(c);
}

TEST(a_second_writer_is_refused)
{
    struct scene *c = scene_new("second"), *other = scene_new("second");
    NEED_OK(scene_open(c));
    CHECK_ERR(scene_open(other), CONFLICT);
    book_close(c->b);
    c->b = NULL;
    CHECK_OK(scene_open(other));
    scene_free(other);
    scene_free(c);
}

TEST(a_log_that_cannot_be_opened_is_refused)
{
    struct scene *c = scene_new("blocked");
    char path[PATH_LEN + 16];
    NEED(close(open(c->dir, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) == 0);
    CHECK(scene_open(c).code);
    unlink(c->dir);
    NEED_OK(file_make_dir(c->dir, 0700));
    snprintf(path, sizeof path, "%s/audit.jsonl", c->dir);
    NEED(symlink("/dev/null", path) == 0);
    CHECK(scene_open(c).code);
    CHECK(!c->b);
    scene_free(c);
}

TEST(numbers_go_on_after_reopening)
{
    static char all[FILE_MAX];
    struct scene *c = scene_new("reopen");
    for (int round = 0; round < 5; round++) {
        NEED_OK(scene_open(c));
        log_request(c, round);
        book_close(c->b);
        c->b = NULL;
    }
    CHECK_INT(c->acked, ==, 10);
    str rest = {all, read_file(c, all)}, line;
    for (int i = 1; i <= 10; i++) {
        char head[32];
        NEED(str_next(&rest, '\n', &line));
        snprintf(head, sizeof head, "{\"seq\":%d,", i);
        CHECK(str_starts(line, str_of(head)));
    }
    CHECK_INT(rest.len, ==, 0);
    scene_free(c);
}

TEST(a_torn_last_line_is_cut_off_wherever_it_is_torn)
{
    static char all[FILE_MAX], now[FILE_MAX];
    struct scene *c = scene_new("torn");
    NEED_OK(scene_open(c));
    log_request(c, 1);
    log_request(c, 2);
    book_close(c->b);
    const size_t len = read_file(c, all);
    size_t last = len - 1;
    while (all[last - 1] != '\n')
        last--;
    for (size_t cut = last; cut < len; cut++) {
        write_file(c, (str){all, cut});
        NEED_OK(scene_open(c));
        CHECK_INT(read_file(c, now), ==, last);
        CHECK(memcmp(all, now, last) == 0);
        const int before = c->acked;
        CHECK_OK(append(c, EVENT_START, STR_NONE, 0));
        run_until(c, before + 1);
        book_close(c->b);
        now[read_file(c, now)] = '\0';
        CHECK(str_starts(str_of(now + last), STR("{\"seq\":4,")));
    }
    c->b = NULL;
    scene_free(c);
}

TEST(what_is_out_of_shape_is_refused_and_not_touched)
{
    static const struct {
        str text;
    } bad[] = {
        {STR_INIT("hello\n")},
        {STR_INIT("\n")},
        {STR_INIT("{\"seq\":1}\nhello\n{\"seq\":3}\n")},
        {STR_INIT("{\"seq\":1}\n{\"seq\":3}\n")},
        {STR_INIT("{\"seq\":1}\n\0\0\0\0\0\0\0\0\n")},
        {STR_INIT("{\"seq\":1}\nhello\n{\"seq\":3")},
    };
    static char now[FILE_MAX];
    struct scene *c = scene_new("shape");
    NEED_OK(file_make_dir(c->dir, 0700));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_file(c, bad[i].text);
        CHECK_ERR(scene_open(c), CORRUPT);
        CHECK(!c->b);
        const size_t len = read_file(c, now);
        CHECK(len == bad[i].text.len || now[len - 1] == '\n');
    }
    scene_free(c);
}

TEST(a_changed_byte_is_noticed_or_is_still_a_record)
{
    static char all[FILE_MAX];
    struct scene *c = scene_new("flip");
    int refused = 0;
    NEED_OK(scene_open(c));
    log_request(c, 1);
    book_close(c->b);
    const size_t len = read_file(c, all);
    for (size_t i = 0; i < len; i++) {
        all[i] ^= 0x10;
        write_file(c, (str){all, len});
        const err e = scene_open(c);
        refused += e.code == ERR_CORRUPT;
        CHECK(!e.code || e.code == ERR_CORRUPT);
        book_close(c->b);
        all[i] ^= 0x10;
    }
    CHECK_INT(refused, >, 50);
    c->b = NULL;
    scene_free(c);
}

/* ---- failing closed */

TEST(on_a_full_disk_records_fail_and_nothing_half_written_stays)
{
    static char before[FILE_MAX], after[FILE_MAX];
    struct scene *c = scene_new("full");
    NEED_OK(scene_open(c));
    log_request(c, 1);
    run_until(c, 2);
    const size_t len = read_file(c, before);
    for (long room = 0; room < 80; room += 7) {
        const int acked = c->acked;
        disk.room = room;
        CHECK_OK(append(c, EVENT_DECISION, STR("req_full"), 0));
        run_until(c, acked + 1);
        CHECK_INT(c->last, ==, ERR_DISK_FULL);
        CHECK_INT(read_file(c, after), ==, len);
    }
    disk.room = -1;
    struct seen s = {0};
    CHECK_ERR(book_find(c->b, STR("req_full"), see, &s), NOT_FOUND);
    log_request(c, 2);
    run_until(c, c->acked + 2);
    CHECK_OK(book_tail(c->b, 10, see, &s));
    CHECK_INT(s.count, ==, 4);
    for (int i = 0; i < s.count; i++)
        CHECK_INT(s.seq[i], ==, i + 1);
    scene_free(c);
}

TEST(the_bounds_of_the_settings_hold)
{
    struct scene *c = scene_new("bounds");
    c->p.audit_queue_max = 16;
    c->p.audit_wait_ms_max = 10;
    NEED_OK(scene_open(c));
    disk_hold();
    for (int i = 0; i < 16; i++)
        CHECK_OK(append(c, EVENT_DECISION, STR("req_1"), 0));
    CHECK_ERR(append(c, EVENT_DECISION, STR("req_1"), 0), BUSY);
    run_until(c, 16);
    CHECK_INT(c->last, ==, ERR_BUSY);
    disk_release();
    scene_free(c);
}

TEST(who_goes_away_is_forgotten)
{
    struct scene *c = scene_new("forget");
    NEED_OK(scene_open(c));
    log_request(c, 1);
    book_forget(c->b, c);
    book_close(c->b);
    CHECK_INT(c->acked, ==, 0);
    struct seen s = {0};
    NEED_OK(scene_open(c));
    CHECK_OK(book_tail(c->b, 10, see, &s));
    CHECK_INT(s.count, ==, 2);
    scene_free(c);
}

TEST(closing_no_log_is_fine)
{
    book_close(NULL);
}

/* ---- looking up */

TEST(the_records_of_a_request_come_oldest_first_and_no_others)
{
    struct scene *c = scene_new("find");
    NEED_OK(scene_open(c));
    for (int i = 0; i < 200; i++)
        log_request(c, i);
    run_until(c, 400);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 200; i += 17) {
            char id[ID_MAX], want[128];
            struct seen s = {0};
            snprintf(id, sizeof id, "req_%d", i);
            snprintf(want, sizeof want, "\"event\":\"decision\",\"request\":\"%s\"", id);
            CHECK_OK(book_find(c->b, str_of(id), see, &s));
            CHECK_INT(s.count, ==, 2);
            CHECK_INT(s.seq[0], ==, 2 * i + 1);
            CHECK_INT(s.seq[1], ==, 2 * i + 2);
            CHECK(str_find(str_of(s.first), str_of(want)) > 0);
        }
        /* The second time nothing is in memory. */
        book_close(c->b);
        NEED_OK(scene_open(c));
    }
    scene_free(c);
}

TEST(a_request_that_began_before_the_log_was_reopened_is_whole)
{
    struct scene *c = scene_new("across");
    NEED_OK(scene_open(c));
    CHECK_OK(append(c, EVENT_DECISION, STR("req_x"), 0));
    book_close(c->b);
    NEED_OK(scene_open(c));
    CHECK_OK(append(c, EVENT_COMPLETION, STR("req_x"), 0));
    run_until(c, 2);
    struct seen s = {0};
    CHECK_OK(book_find(c->b, STR("req_x"), see, &s));
    CHECK_INT(s.count, ==, 2);
    scene_free(c);
}

TEST(what_is_not_durable_yet_is_not_found)
{
    struct scene *c = scene_new("early");
    struct seen s = {0};
    NEED_OK(scene_open(c));
    disk_hold();
    CHECK_OK(append(c, EVENT_DECISION, STR("req_x"), 0));
    CHECK_ERR(book_find(c->b, STR("req_x"), see, &s), NOT_FOUND);
    CHECK_OK(book_tail(c->b, 10, see, &s));
    CHECK_INT(s.count, ==, 0);
    disk_release();
    run_until(c, 1);
    CHECK_OK(book_find(c->b, STR("req_x"), see, &s));
    scene_free(c);
}

TEST(what_is_no_request_is_not_found)
{
    static const str bad[] = {
        STR_INIT(""),
        STR_INIT("req_"),
        STR_INIT("req_10"),
        STR_INIT("req"),
        STR_INIT("eq_1"),
        STR_INIT("REQ_1"),
        STR_INIT("\",\""),
        STR_INIT("req_1\""),
        STR_INIT("req_1\",\"tokens_in\":\"1"),
        STR_INIT("req_1\n"),
        STR_INIT("req_1\0"),
        STR_INIT("req_1xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    };
    struct scene *c = scene_new("none");
    NEED_OK(scene_open(c));
    log_request(c, 1);
    run_until(c, 2);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct seen s = {0};
        CHECK_ERR(book_find(c->b, bad[i], see, &s), NOT_FOUND);
        CHECK_INT(s.count, ==, 0);
    }
    scene_free(c);
}

TEST(a_value_that_looks_like_a_request_is_not_taken_for_one)
{
    struct scene *c = scene_new("looks");
    const struct audit_record r = {.event = EVENT_DECISION,
                                   .request_id = STR("req_1"),
                                   .object = STR("\"request\":\"req_2\"")};
    struct seen s = {0};
    NEED_OK(scene_open(c));
    CHECK_OK(book_append(c->b, &r, done, c));
    run_until(c, 1);
    CHECK_ERR(book_find(c->b, STR("req_2"), see, &s), NOT_FOUND);
    CHECK_OK(book_find(c->b, STR("req_1"), see, &s));
    scene_free(c);
}

TEST(the_last_records_come_oldest_first)
{
    struct scene *c = scene_new("tail");
    NEED_OK(scene_open(c));
    for (int i = 0; i < 800; i++)
        log_request(c, i);
    run_until(c, 1600);
    static const int wanted[] = {0, 1, 5, 1024};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct seen s = {0};
        CHECK_OK(book_tail(c->b, (size_t)wanted[i], see, &s));
        CHECK_INT(s.count, ==, wanted[i]);
        for (int j = 0; j < s.count; j++)
            CHECK_INT(s.seq[j], ==, 1600 - wanted[i] + 1 + j);
    }
    struct seen s = {0};
    CHECK_ERR(book_tail(c->b, 1025, see, &s), ARGUMENT);
    s.is_enough = true;
    CHECK_ERR(book_tail(c->b, 3, see, &s), CANCELLED);
    CHECK_ERR(book_find(c->b, STR("req_1"), see, &s), CANCELLED);
    scene_free(c);
}

/* ---- crashes */

struct child {
    struct scene *c;
    int out;
    uint64_t next_token, acked;
};

/* Keeps sixteen records on their way and says on the pipe which is durable, until it is killed. */
static void
say_and_append(void *ctx, err e)
{
    struct child *k = ctx;
    const struct audit_record r = {
        .event = EVENT_COMPLETION, .tokens_in = k->next_token, .outcome = ""};
    if (e.code)
        _exit(1);
    k->acked++;
    if (write(k->out, &k->acked, sizeof k->acked) != sizeof k->acked)
        _exit(1);
    k->next_token++;
    if (book_append(k->c->b, &r, say_and_append, k).code)
        _exit(1);
}

_Noreturn static void
append_for_ever(const char *name, int out)
{
    struct child k = {.c = scene_new(name), .out = out};
    if (scene_open(k.c).code)
        _exit(1);
    for (; k.next_token < 16; k.next_token++) {
        const struct audit_record r = {
            .event = EVENT_COMPLETION, .tokens_in = k.next_token, .outcome = ""};
        if (book_append(k.c->b, &r, say_and_append, &k).code)
            _exit(1);
    }
    loop_run(k.c->l);
    _exit(1);
}

static uint64_t
kill_after(const char *name, uint64_t acks)
{
    int ends[2];
    uint64_t last = 0;
    CHECK(pipe(ends) == 0);
    const pid_t child = fork();
    if (child == 0)
        append_for_ever(name, ends[1]);
    close(ends[1]);
    while (last < acks && read(ends[0], &last, sizeof last) == sizeof last)
        ;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    while (read(ends[0], &last, sizeof last) == sizeof last)
        ;
    close(ends[0]);
    return last;
}

TEST(every_acknowledged_record_survives_kill_in_order)
{
    static char all[FILE_MAX];
    for (int round = 0; round < 12; round++) {
        char name[32];
        snprintf(name, sizeof name, "kill%d", round);
        const uint64_t stop_at = 1 + test_random() % 300;
        const uint64_t acked = kill_after(name, stop_at);
        CHECK_INT(acked, >=, stop_at);
        struct scene *c = scene_new(name);
        NEED_OK(scene_open(c));
        book_close(c->b);
        c->b = NULL;
        str rest = {all, read_file(c, all)}, line;
        uint64_t n = 0;
        for (; str_next(&rest, '\n', &line) && line.len; n++) {
            char head[32], token[32];
            snprintf(head, sizeof head, "{\"seq\":%llu,", (unsigned long long)n + 1);
            snprintf(token, sizeof token, "\"tokens_in\":%llu,", (unsigned long long)n);
            CHECK(str_starts(line, str_of(head)) && str_find(line, str_of(token)) > 0);
        }
        CHECK_INT(n, >=, acked);
        scene_free(c);
    }
}

/* ---- faults */

TEST(every_fault_is_reported_and_nothing_told_durable_is_missing)
{
    long n = 1;
    for (bool fired = true; fired; n++) {
        char name[32];
        snprintf(name, sizeof name, "fault%ld", n);
        struct scene *c = scene_new(name);
        struct seen s = {0}, tail = {0};
        fault_arm(n);
        err e = scene_open(c);
        const bool is_open = !e.code;
        if (is_open && !(e = append(c, EVENT_DECISION, STR("req_1"), 0)).code) {
            run_until(c, 1);
            e.code = (uint16_t)c->last;
        }
        const bool is_durable = is_open && c->acked && !c->last;
        if (!e.code)
            e = book_find(c->b, STR("req_1"), see, &s);
        fired = fault_fired();
        fault_arm(0);
        CHECK(fired || (!e.code && s.count == 1));
        if (is_open)
            book_close(c->b);
        NEED_OK(scene_open(c));
        CHECK_OK(book_tail(c->b, 10, see, &tail));
        CHECK(!is_durable || tail.count == 1);
        scene_free(c);
    }
    CHECK_INT(n, >, 20);
}

TEST(a_torn_line_that_cannot_be_cut_off_is_reported)
{
    struct scene *c = scene_new("uncut");
    NEED_OK(file_make_dir(c->dir, 0700));
    long n = 1;
    for (bool fired = true; fired; n++) {
        write_file(c, STR("{\"seq\":1}\n{\"seq\":2"));
        fault_arm(n);
        const err e = scene_open(c);
        fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != 0));
        book_close(c->b);
        c->b = NULL;
        NEED_OK(scene_open(c));
        book_close(c->b);
        c->b = NULL;
    }
    scene_free(c);
}

/* ---- by what is in a record */

/* Requests of three keys over many hours; every tenth is of rule "special" and object "case-N". */
static void
log_varied(struct scene *c, int from, int count)
{
    const int acks = c->acked + count;
    for (int i = from; i < from + count; i++) {
        char id[ID_MAX], key[ID_MAX], object[ID_MAX];
        snprintf(id, sizeof id, "req_%d", i);
        snprintf(key, sizeof key, "key_%d", i % 3);
        snprintf(object, sizeof object, "case-%d \"%c\"", i % 50, i % 2 ? 'a' : 'b');
        const struct audit_record r = {.event = i % 10 ? EVENT_DECISION : EVENT_FILE_ADD,
                                       .request_id = str_of(id),
                                       .key_id = str_of(key),
                                       .rule = i % 10 ? "default" : "special",
                                       .object = i % 10 ? STR_NONE : str_of(object),
                                       .outcome = ""};
        CHECK_OK(book_append(c->b, &r, done, c));
    }
    run_until(c, acks);
}

static err
query(struct scene *c, const struct book_ask *q, struct seen *s)
{
    bool is_all = false;
    memset(s, 0, sizeof *s);
    const err e = book_query(c->b, q, see, s, &is_all);
    CHECK(e.code || is_all);
    return e;
}

static struct book_ask
by(enum term_field f, const char *value, size_t count)
{
    return (struct book_ask){.field = f, .value = str_of(value), .count = count};
}

static void
check_varied(struct scene *c, int total)
{
    static struct seen s;
    struct book_ask q = by(TERM_KEY, "key_1", 5);
    NEED_OK(query(c, &q, &s));
    CHECK_INT(s.count, ==, 5);
    for (int i = 0; i < s.count; i++)
        CHECK_INT((s.seq[i] - 1) % 3, ==, 1);
    CHECK_INT(s.seq[4], >, total - 3);
    q = by(TERM_RULE, "special", 1000);
    NEED_OK(query(c, &q, &s));
    CHECK_INT(s.count, ==, (total + 9) / 10 < 1000 ? (total + 9) / 10 : 1000);
    q = by(TERM_OBJECT, "case-10 \"b\"", 1000);
    NEED_OK(query(c, &q, &s));
    CHECK_INT(s.count, ==, (total + 39) / 50);
    for (int i = 0; i < s.count; i++)
        CHECK_INT(s.seq[i], ==, 50 * i + 11);
    q = by(TERM_EVENT, "file.add", 3);
    NEED_OK(query(c, &q, &s));
    CHECK_INT(s.count, ==, 3);
    q = by(TERM_EVENT, "decision", 7);
    NEED_OK(query(c, &q, &s));
    CHECK_INT(s.count, ==, 7);
    q = by(TERM_FIELDS, "", 4);
    NEED_OK(query(c, &q, &s));
    CHECK_INT(s.seq[3], ==, total);
    q = by(TERM_REQUEST, "req_7", 4);
    NEED_OK(query(c, &q, &s));
    CHECK_INT(s.count, ==, 1);
    CHECK_INT(s.seq[0], ==, 8);
}

TEST(records_are_found_by_what_is_in_them)
{
    struct scene *c = scene_new("varied");
    NEED_OK(scene_open(c));
    log_varied(c, 0, 1000);
    check_varied(c, 1000);
    book_close(c->b);
    NEED_OK(scene_open(c));
    check_varied(c, 1000);
    scene_free(c);
}

TEST(the_same_is_found_through_the_catalog)
{
    struct scene *c = scene_new("through");
    const int total = 30000; /* some stretches long */
    NEED_OK(scene_open(c));
    for (int i = 0; i < total; i += 1000)
        log_varied(c, i, 1000);
    while (catalog_is_busy(book_catalog(c->b)))
        loop_turn_for(c->l, 100);
    CHECK_INT(catalog_end(book_catalog(c->b)), >, 0);
    check_varied(c, total);
    book_close(c->b);
    NEED_OK(scene_open(c)); /* nothing is in memory any more */
    while (catalog_is_busy(book_catalog(c->b)))
        loop_turn_for(c->l, 100);
    check_varied(c, total);
    static struct seen s;
    memset(&s, 0, sizeof s);
    CHECK_OK(book_find(c->b, STR("req_5"), see, &s));
    CHECK_INT(s.count, ==, 1);
    CHECK_ERR(book_find(c->b, STR("req_30000"), see, &s), NOT_FOUND);
    scene_free(c);
}

TEST(a_stretch_of_time_bounds_what_is_found)
{
    static struct seen s;
    struct scene *c = scene_new("stretch");
    NEED_OK(scene_open(c));
    for (int hour = 0; hour < 10; hour++) {
        clock_fix(clock_ns(), 1772366400000 + hour * 3600000); /* 2026-03-01T12:00Z and on */
        log_varied(c, hour * 20, 20);
    }
    clock_free();
    struct book_ask q = by(TERM_FIELDS, "", 1000);
    q.since = STR("2026-03-01T14:00:00.000Z");
    q.until = STR("2026-03-01T16:00:00.000Z");
    NEED_OK(query(c, &q, &s));
    CHECK_INT(s.count, ==, 40);
    CHECK_INT(s.seq[0], ==, 41);
    q.field = TERM_RULE;
    q.value = STR("special");
    NEED_OK(query(c, &q, &s));
    CHECK_INT(s.count, ==, 4);
    q.since = q.until;
    NEED_OK(query(c, &q, &s));
    CHECK_INT(s.count, ==, 0);
    scene_free(c);
}

TEST(what_cannot_be_asked_is_refused)
{
    static struct seen s;
    static const char *const times[] = {"yesterday", "2026-03-01", "2026-03-01T12:00:00Z",
                                        "2026-03-01t12:00:00.000Z", "2026-03-01T12:00:00.000+"};
    struct scene *c = scene_new("refused");
    bool is_all;
    NEED_OK(scene_open(c));
    log_varied(c, 0, 10);
    struct book_ask q = by(TERM_KEY, "key_1", 0);
    CHECK_ERR(book_query(c->b, &q, see, &s, &is_all), ARGUMENT);
    q.count = 1025;
    CHECK_ERR(book_query(c->b, &q, see, &s, &is_all), ARGUMENT);
    q.count = 1;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        q.since = str_of(times[i]);
        CHECK_ERR(book_query(c->b, &q, see, &s, &is_all), ARGUMENT);
        q.since = STR_NONE;
        q.until = str_of(times[i]);
        CHECK_ERR(book_query(c->b, &q, see, &s, &is_all), ARGUMENT);
        q.until = STR_NONE;
    }
    q = by(TERM_KEY, "key_9", 10);
    NEED_OK(query(c, &q, &s));
    CHECK_INT(s.count, ==, 0);
    q = by(TERM_KEY, "key_1\",\"tenant", 10);
    NEED_OK(query(c, &q, &s));
    CHECK_INT(s.count, ==, 0);
    scene_free(c);
}
