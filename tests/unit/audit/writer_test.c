/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/writer.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/fault.h"
#include "os/file.h"
#include "test.h"
#include "unit/audit/disk.h"

enum { FOR_EVER = -1 };

static int
new_file(void)
{
    char path[256];
    snprintf(path, sizeof path, "%s/log", test_dir());
    const int f = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(f >= 0);
    return f;
}

static str
content_of_file(int f)
{
    static char room[65536];
    const ssize_t n = pread(f, room, sizeof room, 0);
    return (str){room, n > 0 ? (size_t)n : 0};
}

static err
flush(struct writer *w, str bytes, uint64_t offset)
{
    struct flush job = {.bytes = bytes, .offset = offset};
    writer_give(w, &job);
    CHECK(writer_take(w, FOR_EVER) == &job);
    return job.result;
}

TEST(bytes_are_written_where_they_belong_and_synced)
{
    AUTO(fd) f = new_file();
    struct writer w;
    NEED_OK(writer_start(&w, f));
    const long syncs = disk.syncs;
    CHECK_OK(flush(&w, STR("one\n"), 0));
    CHECK_INT(disk.syncs, ==, syncs + 1);
    CHECK_OK(flush(&w, STR("two\n"), 4));
    CHECK_INT(disk.syncs, ==, syncs + 2);
    CHECK_STR(content_of_file(f), STR("one\ntwo\n"));
    writer_stop(&w);
}

TEST(nothing_comes_back_before_the_sync_is_over)
{
    AUTO(fd) f = new_file();
    struct writer w;
    struct flush job = {.bytes = STR("one\n")};
    NEED_OK(writer_start(&w, f));
    disk_hold();
    writer_give(&w, &job);
    while (!atomic_load(&disk.stuck))
        ;
    CHECK_STR(content_of_file(f), STR("one\n"));
    CHECK(!writer_take(&w, 0));
    disk_release();
    CHECK(writer_take(&w, FOR_EVER) == &job);
    CHECK(!job.result.code);
    writer_stop(&w);
}

TEST(on_a_disk_that_was_quick_for_long_a_flush_needs_no_thread)
{
    AUTO(fd) f = new_file();
    struct writer w;
    struct flush job = {.bytes = STR("one\n")};
    NEED_OK(writer_start(&w, f));
    w.quick = WRITER_QUICK_RUN;
    const long syncs = disk.syncs;
    writer_give(&w, &job);
    CHECK_INT(disk.syncs, ==, syncs + 1);
    CHECK_STR(content_of_file(f), STR("one\n"));
    CHECK(writer_take(&w, 0) == &job);
    CHECK(!job.result.code);
    CHECK(w.quick == (job.took_us < WRITER_QUICK_US ? WRITER_QUICK_RUN + 1 : 0));
    writer_stop(&w);
}

TEST(one_flush_that_is_slow_or_fails_brings_the_thread_back)
{
    AUTO(fd) f = new_file();
    struct writer w;
    NEED_OK(writer_start(&w, f));
    w.quick = WRITER_QUICK_RUN;
    disk.sync_errno = EIO;
    CHECK_ERR(flush(&w, STR("one\n"), 0), IO);
    disk.sync_errno = 0;
    CHECK_INT(w.quick, ==, 0);
    CHECK_STR(content_of_file(f), STR(""));
    CHECK_OK(flush(&w, STR("two\n"), 0));
    CHECK_INT(w.quick, <=, 1);
    CHECK_STR(content_of_file(f), STR("two\n"));
    writer_stop(&w);
}

TEST(on_a_full_disk_nothing_half_written_stays)
{
    static const str bytes = STR_INIT("a line of text\nanother line of text\n");
    AUTO(fd) f = new_file();
    struct writer w;
    NEED_OK(writer_start(&w, f));
    CHECK_OK(flush(&w, STR("before\n"), 0));
    for (long room = 0; room < (long)bytes.len; room++) {
        disk.room = room;
        CHECK_ERR(flush(&w, bytes, 7), DISK_FULL);
        CHECK_STR(content_of_file(f), STR("before\n"));
    }
    disk.room = -1;
    CHECK_OK(flush(&w, bytes, 7));
    CHECK_INT(content_of_file(f).len, ==, 7 + bytes.len);
    writer_stop(&w);
}

TEST(what_could_not_be_synced_is_cut_off_and_the_reason_comes_back)
{
    AUTO(fd) f = new_file();
    struct writer w;
    struct flush job = {.bytes = STR("one\n")};
    NEED_OK(writer_start(&w, f));
    disk.sync_errno = EIO;
    writer_give(&w, &job);
    CHECK(writer_take(&w, FOR_EVER) == &job);
    disk.sync_errno = 0;
    CHECK_ERR(job.result, IO);
    CHECK_STR(str_of(job.reason), STR("sync the audit log: Input/output error"));
    CHECK_INT(content_of_file(f).len, ==, 0);
    disk.sync_errno = EDQUOT;
    CHECK_ERR(flush(&w, STR("one\n"), 0), DISK_FULL);
    disk.sync_errno = 0;
    CHECK_OK(flush(&w, STR("two\n"), 0));
    CHECK_STR(content_of_file(f), STR("two\n"));
    writer_stop(&w);
}

/* Faults: the write, the sync, or the cut after a failed one; in every case what is reported as
 * written is there, whole, and nothing else, once a later flush has gone well. */
TEST(every_fault_is_reported_and_a_later_flush_leaves_a_whole_file)
{
    for (int broken = 0; broken < 2; broken++) {
        long n = 1;
        for (bool fired = true; fired; n++) {
            AUTO(fd) f = new_file();
            struct writer w;
            NEED_OK(writer_start(&w, f));
            CHECK_OK(flush(&w, STR("before\n"), 0));
            disk.room = broken ? 3 : -1;
            fault_arm(n);
            const err e = flush(&w, STR("a longer line\n"), 7);
            fired = fault_fired();
            fault_arm(0);
            disk.room = -1;
            CHECK(broken || fired == (e.code != 0));
            CHECK(!broken || e.code);
            CHECK_OK(flush(&w, STR("x\n"), e.code ? 7 : 21));
            CHECK_STR(content_of_file(f),
                      e.code ? STR("before\nx\n") : STR("before\na longer line\nx\n"));
            writer_stop(&w);
        }
        CHECK_INT(n, >, 2);
    }
}

TEST(a_writer_that_cannot_start_leaves_nothing_open)
{
    AUTO(fd) f = new_file();
    long n = 1;
    for (bool fired = true; fired; n++) {
        struct writer w;
        const int lowest = dup(f);
        close(lowest);
        fault_arm(n);
        const err e = writer_start(&w, f);
        fired = fault_fired();
        fault_arm(0);
        NEED(fired == (e.code != 0));
        writer_stop(&w);
        AUTO(fd) again = dup(f);
        CHECK_INT(again, ==, lowest);
    }
    CHECK_INT(n, ==, 5);
}

TEST(a_file_is_cut_to_a_length)
{
    AUTO(fd) f = new_file();
    CHECK_OK(file_write_all(f, STR("one\ntwo\n")));
    CHECK_OK(writer_cut(f, 4));
    CHECK_STR(content_of_file(f), STR("one\n"));
    CHECK_ERR(writer_cut(-1, 4), IO);
}
