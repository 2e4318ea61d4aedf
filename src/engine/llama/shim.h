/* SPDX-License-Identifier: EUPL-1.2 */
/* shim.h - the only edge to C++: llama.cpp's Jinja engine for chat templates, and those calls of
 * its C interface that let exceptions out.
 *
 * Every function catches whatever is thrown and returns a status instead.  Templates come from
 * model files and are hostile until proven otherwise: limits on size and nesting are kept by
 * template.c before, limits on time beside (guard.h).  Chosen is the bare engine (lexer, parser,
 * runtime), not common's chat layer above it: that one returns the prompt as one string, while
 * the engine tells which parts of it came out of messages; only so can a "<|im_end|>" that a
 * person typed stay text (tokens.h).
 *
 * An exception's text is kept where it can only speak of the template (shim_template_new) and
 * dropped where it could quote a message (shim_template_render). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct llama_vocab;
struct llama_sampler;
struct llama_token_data_array;
struct shim_template;
struct mtmd_context;
struct mtmd_input_chunks;

enum shim_status { SHIM_OK, SHIM_REFUSED, SHIM_MEMORY };

/* A stretch of the prompt. */
struct shim_part {
    size_t len;
    bool is_input; /* came out of a message, not out of the template */
};

struct shim_prompt {
    char *text; /* all parts, one after the other */
    size_t len;
    struct shim_part *parts;
    size_t count;
};

/* `why` gets the reason of SHIM_REFUSED, cut to its room. */
enum shim_status shim_template_new(const char *source, size_t len, const char *bos, const char *eos,
                                   struct shim_template **ret, char *why, size_t why_len);
void shim_template_free(struct shim_template *t);
/* `messages` is {"messages":[{"role":…,"content":…}],"tools":[…]}, tools only where they are
 * offered; a template that knows no tools has them told in the system message, and calls as text in
 * <tool_call> tags.  U+FDD0 and U+FDD1 are left out.  The prompt ends where the assistant is to
 * speak.  Release with shim_prompt_done. */
enum shim_status shim_template_render(const struct shim_template *t, const char *messages,
                                      size_t len, struct shim_prompt *ret);
void shim_prompt_done(struct shim_prompt *p);

/* llama_tokenize and llama_token_to_piece; INT32_MIN when they threw. */
int32_t shim_tokenize(const struct llama_vocab *v, const char *text, int32_t len, int32_t *tokens,
                      int32_t tokens_max, bool add_special, bool parse_special);
int32_t
shim_piece(const struct llama_vocab *v, int32_t token, char *room, int32_t room_len, bool special);

/* A grammar as llama.cpp keeps it; free it with llama_sampler_free.  `grammar` was read by
 * gbnf_read: this parser hangs or breaks on what that one refuses. */
enum shim_status
shim_grammar_new(const struct llama_vocab *v, const char *grammar, struct llama_sampler **ret);
/* Tokens that do not continue the text get a logit of minus infinity. */
enum shim_status
shim_grammar_filter(struct llama_sampler *g, struct llama_token_data_array *tokens);
/* `token` must be one that the filter let through. */
enum shim_status shim_grammar_accept(struct llama_sampler *g, int32_t token);

/* What mtmd makes of an image, height × width × (red, green, blue): stretches of control tokens and
 * of the image itself.  Free `*ret` with mtmd_input_chunks_free. */
enum shim_status shim_image(struct mtmd_context *c, const uint8_t *rgb, uint32_t width,
                            uint32_t height, struct mtmd_input_chunks **ret);

#ifdef __cplusplus
}
#endif
