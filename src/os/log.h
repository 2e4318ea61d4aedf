/* SPDX-License-Identifier: EUPL-1.2 */
/* log.h - what an operator reads: one JSON object per line, or journald's native protocol.
 *
 * An event has a name ("engine.lost") and typed fields; there is no free text for content to
 * slip into, and no function here takes `content`.  Library layers log at debug only.  A line is
 * one write(2) of at most 4096 bytes, which a pipe takes whole; fields that make it longer are
 * left out and "cut" says so.  A line that cannot be written is dropped, never waited for, and
 * so is everything before log_open.  Any thread. */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

struct log_field {
    const char *name;
    enum { LOG_TEXT, LOG_NUMBER } kind;
    str text;
    int64_t number;
};

#define LOG_S(field, value) ((struct log_field){(field), LOG_TEXT, (value), 0})
#define LOG_Z(field, value) ((struct log_field){(field), LOG_TEXT, str_of(value), 0})
#define LOG_N(field, value) ((struct log_field){(field), LOG_NUMBER, STR_NONE, (int64_t)(value)})

/* Once, before the first event: the program's name, the level ("info"), "stderr" or "journal". */
fallible log_open(const char *program, str level, str to);
/* The same; tests say where journald would listen. */
fallible log_open_at(const char *program, str level, str to, const char *journal);
void
log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count);
#define LOG(level, event, ...)                                                                     \
    log_write(LOG_##level, event, (const struct log_field[]){__VA_ARGS__},                         \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
/* A failure with its trail: fields "error" and "trail". */
void log_failure(enum log_level level, const char *event, err e);
