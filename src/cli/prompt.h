/* SPDX-License-Identifier: EUPL-1.2 */
/* prompt.h - a question and files as the body of a chat request.
 *
 * Each file stands under its name in a fence of backticks longer than any within it, so that no
 * file can pretend to end and another to begin:
 *
 *     QUESTION
 *
 *     File "bescheid.md":
 *     ```
 *     text
 *     ```
 *
 * Reading the files apart, bytes into a buf. */
#pragma once
#include "cli/cli.h"

enum { PROMPT_FILES_MAX = 64, PROMPT_MAX = 16 * 1024 * 1024 };

struct prompt_file {
    str name, text;
};

struct prompt {
    str model, instruction; /* empty: none */
    str question;
    const struct prompt_file *files;
    size_t file_count;
    bool stream, has_temperature;
    double temperature;
    uint64_t max_tokens; /* 0: the server's */
};

/* The arguments: a question, then files; "-" is standard input.  They must be text, at most
 * PROMPT_MAX bytes each, and live in the arena.  `ret_files` has room for PROMPT_FILES_MAX. */
fallible
prompt_read(struct cli *c, const struct args *a, str *ret_question, struct prompt_file *ret_files);
/* What the model reads. */
void prompt_put_text(buf *b, const struct prompt *p);
/* The request's body.  LIMIT when it does not fit the buf. */
fallible prompt_put(buf *b, const struct prompt *p);
