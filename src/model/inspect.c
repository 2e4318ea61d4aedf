/* SPDX-License-Identifier: EUPL-1.2 */
#include <inttypes.h>

#include "model/registry.h"
#include "os/file.h"

enum { HEAD_FIRST = 1024 * 1024, NAME_MAX_BYTES = 64 };

/* Adds what is missing up to `want` bytes. */
static fallible
read_until(int f, uint64_t want, buf *head)
{
    const size_t have = head->len, more = (size_t)want - have;
    size_t got;
    char *at = buf_add_room(head, more);
    TRY(buf_end(head));
    TRY(file_read_at(f, have, at, more, &got));
    if (got < more)
        FAIL(IO, "the file became shorter while it was read");
    return OK;
}

/* Heads have no length: reads twice as much until it is enough. */
static fallible
read_head(int f, uint64_t size, buf *head, struct gguf_info *ret)
{
    const uint64_t want_max = size < GGUF_HEAD_BYTES_MAX ? size : GGUF_HEAD_BYTES_MAX;
    AUTO(arena) *scratch = NULL;
    TRY(arena_open(GGUF_SCRATCH_BYTES, &scratch));
    for (uint64_t want = HEAD_FIRST;; want *= 2) {
        TRY(read_until(f, want < want_max ? want : want_max, head));
        arena_reset(scratch);
        const err e = gguf_read(buf_str(head), size, scratch, ret);
        if (e.code != ERR_LIMIT || head->len == want_max)
            return e.code ? err_pass(e, __FILE__, __LINE__, __func__) : OK;
    }
}

/* Whole, but is it something an engine can serve? */
static fallible
check_use(const struct gguf_info *i)
{
    if (i->split_count > 1)
        REFUSE(UNSUPPORTED, "",
               "This is one of %" PRIu64 " parts of a model; join them to one file.",
               i->split_count);
    if ((i->type.len && !str_eq(i->type, STR("model"))) || str_eq(i->architecture, STR("clip")))
        REFUSE(UNSUPPORTED, "", "This is no model on its own, but \"%.*s\"%s.",
               STR_FMT(i->type.len ? i->type : i->architecture),
               str_eq(i->type, STR("adapter"))        ? "; name its base with --adapter-of"
               : str_eq(i->architecture, STR("clip")) ? "; name its base with --projector-of"
                                                      : "");
    if (i->pooling == 4)
        REFUSE(UNSUPPORTED, "", "This model ranks texts; there is no use for that yet.");
    if (i->tensor_count == 0)
        REFUSE(UNSUPPORTED, "", "The file holds no weights.");
    if (!i->context_tokens || !i->embedding_dims || !i->layers || !i->vocabulary)
        REFUSE(PARSE, "",
               "The file does not say how large context, vectors, layers and vocabulary are.");
    return OK;
}

/* A registry name out of the model's own: "Qwen2.5 Coder" becomes "qwen2.5-coder". */
static str
name_of(str title, char room[NAME_MAX_BYTES])
{
    size_t n = 0;
    for (size_t i = 0; i < title.len && n < NAME_MAX_BYTES; i++) {
        const char c =
            title.at[i] >= 'A' && title.at[i] <= 'Z' ? (char)(title.at[i] + 32) : title.at[i];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_letter || (n && str_find_char(STR("._:"), c) >= 0))
            room[n++] = c;
        else if (n && room[n - 1] != '-')
            room[n++] = '-';
    }
    while (n && room[n - 1] == '-')
        n--;
    return (str){room, n};
}

static fallible
fill(const struct gguf_info *i, uint64_t size, arena *a, struct model *ret)
{
    char room[NAME_MAX_BYTES], other_room[NAME_MAX_BYTES];
    const str own = name_of(i->name, room), other = name_of(i->architecture, other_room);
    struct model m = {
        .kind = i->is_embedder ? MODEL_EMBED : MODEL_CHAT,
        .engine = STR("llama"),
        .size_bytes = size,
        .context_tokens = i->context_tokens,
        .parameters = i->parameters,
        .memory_bytes = i->memory_bytes_4k,
        .embedding_dims = i->embedding_dims,
        .has_template = i->chat_template.len > 0,
    };
    TRY(try_arena_str(a, own.len ? own : other, &m.name));
    TRY(try_arena_str(a, i->licence, &m.licence));
    TRY(try_arena_str(a, i->architecture, &m.architecture));
    *ret = m;
    return OK;
}

fallible
model_inspect(int f, arena *a, struct model *ret)
{
    uint64_t size;
    struct gguf_info info;
    AUTO(buf) head = BUF(GGUF_HEAD_BYTES_MAX);
    TRY(file_size(f, &size));
    TRY(read_head(f, size, &head, &info));
    TRY(check_use(&info));
    return fill(&info, size, a, ret);
}

/* ---- adapters */

bool
model_is_adapter(const struct model *m)
{
    return str_eq(m->engine, STR("lora")) || model_can_see(m);
}

bool
model_can_see(const struct model *m)
{
    return str_eq(m->engine, STR("vision"));
}

static bool
is_base(const struct model *m)
{
    return str_eq(m->engine, STR("llama")) && m->kind == MODEL_CHAT;
}

/* Whether it fits its base is found out when both are loaded. */
static fallible
check_projector(const struct gguf_info *i, const struct model *base)
{
    if (!is_base(base))
        REFUSE(UNSUPPORTED, "projector_of", "Only a chat model from a file can have a projector.");
    if (!str_eq(i->architecture, STR("clip")) || i->tensor_count == 0)
        REFUSE(UNSUPPORTED, "", "This is no projector (mmproj), but \"%.*s\".",
               STR_FMT(i->type.len ? i->type : i->architecture));
    if (i->split_count > 1)
        REFUSE(UNSUPPORTED, "", "This is one of %" PRIu64 " parts of a projector.", i->split_count);
    if (!i->has_vision)
        REFUSE(UNSUPPORTED, "", "This projector is not for images.");
    return OK;
}

static fallible
check_adapter(const struct gguf_info *i, const struct model *base)
{
    if (!is_base(base))
        REFUSE(UNSUPPORTED, "adapter_of", "Only a chat model from a file can have adapters.");
    if (!str_eq(i->type, STR("adapter")) || i->tensor_count == 0)
        REFUSE(UNSUPPORTED, "", "This is no adapter, but \"%.*s\".", STR_FMT(i->type));
    if (!str_eq(i->architecture, base->architecture))
        REFUSE(UNSUPPORTED, "adapter_of",
               "This adapter is for the architecture %.*s, and the model is %.*s.",
               STR_FMT(i->architecture), STR_FMT(base->architecture));
    return OK;
}

static fallible
inspect_addition(int f, const struct model *base, bool sees, arena *a, struct model *ret)
{
    uint64_t size;
    struct gguf_info info;
    struct model m;
    AUTO(buf) head = BUF(GGUF_HEAD_BYTES_MAX);
    TRY(file_size(f, &size));
    TRY(read_head(f, size, &head, &info));
    TRY(sees ? check_projector(&info, base) : check_adapter(&info, base));
    TRY(fill(&info, size, a, &m));
    m.origin = base->name;
    m.kind = base->kind;
    m.context_tokens = base->context_tokens;
    m.parameters = base->parameters;
    m.memory_bytes = base->memory_bytes + size;
    m.embedding_dims = base->embedding_dims;
    m.has_template = base->has_template;
    m.label_text = base->label_text;
    m.engine = sees ? STR("vision") : STR("lora");
    *ret = m;
    return OK;
}

fallible
model_inspect_adapter(int f, const struct model *base, arena *a, struct model *ret)
{
    return inspect_addition(f, base, false, a, ret);
}

fallible
model_inspect_projector(int f, const struct model *base, arena *a, struct model *ret)
{
    return inspect_addition(f, base, true, a, ret);
}

void
model_toy(str name, enum model_kind kind, struct model *ret)
{
    const bool embeds = kind == MODEL_EMBED;
    const str own = embeds ? STR("toy-embed") : STR("toy");
    *ret = (struct model){
        .name = name.len ? name : own,
        .kind = kind,
        .engine = STR("toy"),
        .architecture = STR("toy"),
        .licence = STR("EUPL-1.2"),
        .origin = STR("built in"),
        .context_tokens = 8192,
        .embedding_dims = embeds ? 256 : 0,
        .has_template = !embeds,
    };
}
