/* SPDX-License-Identifier: EUPL-1.2 */
/* template.h - chat templates out of model files, under limits.
 *
 * A template is a program in Jinja, written by whoever made the model file.  The interpreter
 * below (shim.h) recurses with the template's nesting and stops for nothing, so three limits are
 * kept here:
 *   form    size, brackets and blocks in one another, code in one tag; checked before it is read
 *   time    one rendering (compiling renders too, to find out what the template can do) may take
 *           TEMPLATE_MS_MAX; a loop over a large range never ends by itself
 *   memory  and TEMPLATE_HEAP_BYTES_MAX more than there was
 * A limit of form is a failure like any other.  Time and memory cannot be taken back from a
 * running interpreter, so a watcher ends the process with TEMPLATE_STUCK_EXIT: all requests of
 * this engine fail with ENGINE_LOST and it is started anew.  So does a macro that calls itself
 * for ever, by exhausting the stack.  A model with such a template fails at its start, over and
 * over, with growing pauses; nothing but this one engine suffers.
 *
 * One watcher thread for each template; it sleeps unless a rendering takes long. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "engine/llama/shim.h"

enum {
    TEMPLATE_BYTES_MAX = 64 * 1024,
    TEMPLATE_NESTING_MAX = 64,      /* brackets in one tag; blocks in one another */
    TEMPLATE_CODE_BYTES_MAX = 4096, /* of one tag, without its texts */
    TEMPLATE_BRANCHES_MAX = 512,    /* elif */
    TEMPLATE_MS_MAX = 5000,
    TEMPLATE_HEAP_BYTES_MAX = 1024 * 1024 * 1024,
    TEMPLATE_STUCK_EXIT = 70 /* EX_SOFTWARE */
};

struct template;

/* UNSUPPORTED with what is wrong: a limit of form, or what the interpreter says.  `bos` and `eos`
 * are the texts of these tokens.  `ms_max`: TEMPLATE_MS_MAX, tests take less. */
fallible
template_new(str source, const char *bos, const char *eos, uint32_t ms_max, struct template **ret);
void template_free(struct template *t);
/* ARGUMENT when the template refuses the messages; LIMIT.  Release with shim_prompt_done. */
fallible template_render(struct template *t, str messages, struct shim_prompt *ret);

/* Is `source` within the limits of form?  UNSUPPORTED says which one it breaks. */
fallible template_check_form(str source);
