/* SPDX-License-Identifier: EUPL-1.2 */
/* err.h - one error type for the whole house.
 *
 * A fallible function returns `err`; OK is 0.  The compiler refuses to ignore it.  FAIL starts
 * the thread's trail (code, text, place), TRY passes a failure on and adds its place.  Nothing
 * allocates, so failing cannot fail.
 *
 * Two texts are kept apart.  The trail is internal: it goes to the log, never to a client, and
 * never holds content.  REFUSE also sets the public text: a sentence about the request's form
 * (field, bound, number) that a client may read; it too never quotes content.
 *
 * Threads: the trail is per thread.  It is valid until the next FAIL or REFUSE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum err_code {
    ERR_OK = 0,
#define ERR(code, http, exit_status, type, name, de, en, hint) ERR_##code,
#include "base/err.def"
#undef ERR
    ERR_COUNT
};

typedef struct {
    uint16_t code;
} err;

#define OK ((err){0})
#define fallible __attribute__((warn_unused_result)) err

struct err_info {
    const char *id; /* "ARGUMENT", as in err.def */
    int http_status;
    int exit_status;         /* sysexits.h where one fits */
    const char *type, *name; /* OpenAI error.type and error.code */
    const char *de, *en, *hint;
};

/* What the table says about `e`; a code out of range reads as INTERNAL. */
const struct err_info *err_info(err e);
/* The code whose id is `id` (case ignored), or ERR_OK if there is none. */
enum err_code err_find(const char *id);

err err_start(enum err_code code, const char *file, int line, const char *function, const char *fmt,
              ...) __attribute__((format(printf, 5, 6)));
err
err_start_public(enum err_code code, const char *param, const char *file, int line,
                 const char *function, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
err err_pass(err e, const char *file, int line, const char *function);

/* The trail as one line: "CODE: text [file:line function < file:line function ...]". */
const char *err_trail(void);
/* The internal text of the last failure, without the places. */
const char *err_text(void);
/* What a client may read: REFUSE's sentence, else the table's English sentence. */
const char *err_public(err e);
/* The field REFUSE named, or "" if none. */
const char *err_param(void);

/* When another try may go better; of the failure the trail tells of.  0: nobody knows. */
void err_set_retry(uint64_t ms);
uint64_t err_retry_ms(err e);

/* A failure put aside for a later turn of the loop, when the trail has moved on. */
struct err_kept {
    err e;
    bool is_public;
    char text[256], param[96];
    uint64_t retry_ms;
};
void err_keep(struct err_kept *k, err e);
/* Starts the trail anew with what was kept; OK if nothing was. */
err err_again(const struct err_kept *k);

/* Prints to standard error and ends the process with abort(). */
_Noreturn void err_panic(const char *file, int line, const char *function, const char *what);
/* Called once by err_panic before the process ends; it may write a report.  NULL: none. */
void err_on_panic(void (*report)(const char *what));

/* The code is returned as written, not as err_start returns it, so that the compiler and the
 * analysers know that it is none that is well. */
#define FAIL(id, ...)                                                                              \
    do {                                                                                           \
        err_start(ERR_##id, __FILE__, __LINE__, __func__, __VA_ARGS__);                            \
        return (err){ERR_##id};                                                                    \
    } while (0)
/* `param` names the field ("" if none); the text may be shown to the client. */
#define REFUSE(id, param, ...)                                                                     \
    do {                                                                                           \
        err_start_public(ERR_##id, param, __FILE__, __LINE__, __func__, __VA_ARGS__);              \
        return (err){ERR_##id};                                                                    \
    } while (0)
#define TRY(x)                                                                                     \
    do {                                                                                           \
        const err e_ = (x);                                                                        \
        if (e_.code) {                                                                             \
            err_pass(e_, __FILE__, __LINE__, __func__);                                            \
            return e_;                                                                             \
        }                                                                                          \
    } while (0)
/* For the rare place that may go on after a failure; say why beside it. */
#define IGNORE(x)                                                                                  \
    do {                                                                                           \
        const err e_ = (x);                                                                        \
        (void)e_;                                                                                  \
    } while (0)

/* AUTO(buf) b = BUF_INIT; runs buf_auto(&b) on every path out of the scope. */
#define AUTO(T) __attribute__((cleanup(T##_auto))) T
/* Moves ownership out of an AUTO variable. */
#define TAKE(p)                                                                                    \
    ({                                                                                             \
        __typeof__(p) taken_ = (p);                                                                \
        (p) = NULL;                                                                                \
        taken_;                                                                                    \
    })

/* A programmer's error; always compiled in. */
#define ASSERT(x) ((x) ? (void)0 : err_panic(__FILE__, __LINE__, __func__, "assertion failed: " #x))
#define UNREACHABLE(why) err_panic(__FILE__, __LINE__, __func__, "unreachable: " why)
