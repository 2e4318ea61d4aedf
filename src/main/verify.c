/* SPDX-License-Identifier: EUPL-1.2 */
/* hoheit-verify - is this log what its signatures say?  For auditors: one static program that
 * needs the files and a public key, nothing else.  Composition only; the verdict is audit/judge.h.
 *
 *   hoheit-verify [--key KEY] [--witness KEY] [--known FILE] [--request ID] DIR
 *
 * KEY is name+id+base64; without --key the one that lies in DIR is taken, and that is said, since
 * whoever forged the log could have put it there.  FILE is a checkpoint noted earlier.
 * Exit status: 0 good, 65 not good, 2 wrong use, 74 and others as in base/err.def. */
#include <stdio.h>

#include "audit/judge.h"
#include "base/enc.h"
#include "os/file.h"

enum { SCRATCH_BYTES = 1024 * 1024 };

struct app {
    arena *a;
    const char *dir, *key_text, *witness_text, *known_file, *request;
    struct note_key key, witness;
    struct judge_report report;
};

static fallible
usage(void)
{
    REFUSE(ARGUMENT, "",
           "usage: hoheit-verify [--key KEY] [--witness KEY] [--known FILE] [--request ID] DIR");
}

static const char **
place_for(struct app *app, str option)
{
    if (str_eq(option, STR("--key")))
        return &app->key_text;
    if (str_eq(option, STR("--witness")))
        return &app->witness_text;
    if (str_eq(option, STR("--known")))
        return &app->known_file;
    return str_eq(option, STR("--request")) ? &app->request : NULL;
}

static fallible
read_command_line(struct app *app, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const str word = str_of(argv[i]);
        const char **place = place_for(app, word);
        if (place && i + 1 < argc)
            *place = argv[++i];
        else if (!place && !str_starts(word, STR("-")) && !app->dir)
            app->dir = argv[i];
        else
            return usage();
    }
    return app->dir ? OK : usage();
}

static fallible
read_keys(struct app *app)
{
    str text = str_of(app->key_text);
    if (!app->key_text) {
        TRY(file_read(app->a, file_join(app->a, app->dir, "key"), NOTE_KEY_TEXT_MAX + 1, &text));
        text = str_ends(text, STR("\n")) ? str_slice(text, 0, text.len - 1) : text;
        printf("key %.*s\nwas found in the log itself: compare it with the one you were given\n",
               STR_FMT(text));
    }
    TRY(note_key_read(text, &app->key));
    return app->witness_text ? note_key_read(str_of(app->witness_text), &app->witness) : OK;
}

static fallible
run(struct app *app, int argc, char **argv)
{
    TRY(read_command_line(app, argc, argv));
    TRY(arena_open(SCRATCH_BYTES, &app->a));
    TRY(read_keys(app));
    struct judge_ask ask = {.dir = app->dir,
                            .key = &app->key,
                            .witness = app->witness_text ? &app->witness : NULL,
                            .request = str_of(app->request)};
    if (app->known_file)
        TRY(file_read(app->a, app->known_file, NOTE_BYTES_MAX, &ask.known));
    return judge_log(&ask, &app->report);
}

static void
say_good(const struct app *app)
{
    const struct judge_report *r = &app->report;
    AUTO(buf) root = BUF(128);
    hex_put(&root, r->head.root.bytes, sizeof r->head.root.bytes);
    printf("good: %llu entries, %llu bytes, %llu checkpoints\n"
           "root: %.*s\n",
           (unsigned long long)r->head.size, (unsigned long long)r->entry_bytes,
           (unsigned long long)r->checkpoints, STR_FMT(buf_str(&root)));
    if (r->pruned_below)
        printf(
            "entries below %llu were pruned by decision of %s, entry %llu; %llu of them were held "
            "back\n",
            (unsigned long long)r->pruned_below, r->decided, (unsigned long long)r->decision,
            (unsigned long long)r->held);
    for (size_t i = 0; i < r->found_count; i++)
        printf("entry %llu is of request %s and in the tree\n", (unsigned long long)r->found[i],
               app->request);
    if (app->witness_text)
        printf("witness %s signed %llu entries at second %llu\n", app->witness.name,
               (unsigned long long)r->witness_size, (unsigned long long)r->witness_time_s);
    if (r->alarm)
        printf("ALARM: record %llu: a witness has seen another history of this log\n",
               (unsigned long long)r->alarm);
}

int
main(int argc, char **argv)
{
    struct app app = {.a = NULL};
    const err e = run(&app, argc, argv);
    if (e.code)
        printf("%s: %s\n", e.code == ERR_ARGUMENT ? "error" : "not good", err_text());
    else
        say_good(&app);
    arena_free(app.a);
    const err alarm = {ERR_CORRUPT};
    return err_info(!e.code && app.report.alarm ? alarm : e)->exit_status;
}
