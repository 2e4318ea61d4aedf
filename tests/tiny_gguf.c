/* SPDX-License-Identifier: EUPL-1.2 */
/* tiny_gguf.c - writes a tiny model with random weights, so that everything up to real tokens can
 * be tested without fetching a model.
 *
 *     tiny_gguf [--embed | --lora | --projector] [--seed N] [--layers N] [--embd N] [--ctx N]
 * OUT.gguf
 *
 * Without --embed: architecture llama, 260 tokens (one per byte), a ChatML template.  With it:
 * architecture bert, mean pooling, WordPiece over single bytes, so that every text has tokens
 * and texts that share letters are near.  With --lora: an adapter for the first.  With
 * --projector: a LLaVA projector for it, which makes 16 vectors of an image.  The same
 * arguments give the same bytes.  What such a model says means nothing; how long it takes is what a
 * real one of its size would take. */
#include <math.h>
#include <stdio.h>

#include "base/num.h"
#include "gguf_write.h"

enum { HEADS = 4, HEADS_KV = 2, BYTES = 256, CHAT_TOKENS = 260, EMBED_TOKENS = 261 };
enum { TOKEN_NORMAL = 1, TOKEN_UNKNOWN = 2, TOKEN_CONTROL = 3, TOKEN_BYTE = 6 };

static const char chatml[] =
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

struct wish {
    bool embeds, adapts, sees;
    uint64_t seed, layers, embd, ctx;
    const char *path;
};

/* splitmix64 (Steele, Lea, Flood 2014), as a number from -1 to 1. */
static float
next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (float)((double)(z >> 11) / 4503599627370496.0 - 1.0);
}

/* ---- tensors */
static void
random_tensor(gguf_writer *w, struct wish *m, const char *name, uint64_t rows, uint64_t columns,
              float scale)
{
    float *at = gguf_write_floats(w, name, rows, columns);
    for (uint64_t i = 0; at && i < rows * columns; i++)
        at[i] = next_random(&m->seed) * scale;
}

static void
plain_tensor(gguf_writer *w, const char *name, uint64_t len, float value)
{
    float *at = gguf_write_floats(w, name, len, 0);
    for (uint64_t i = 0; at && i < len; i++)
        at[i] = value;
}

static const char *
of_layer(uint64_t layer, const char *name)
{
    static char room[96];
    snprintf(room, sizeof room, "blk.%llu.%s", (unsigned long long)layer, name);
    return room;
}

static void
chat_layer(gguf_writer *w, struct wish *m, uint64_t l)
{
    const uint64_t e = m->embd, kv = e / HEADS * HEADS_KV;
    const float s = 1.7f / sqrtf((float)e);
    plain_tensor(w, of_layer(l, "attn_norm.weight"), e, 1);
    random_tensor(w, m, of_layer(l, "attn_q.weight"), e, e, s);
    random_tensor(w, m, of_layer(l, "attn_k.weight"), e, kv, s);
    random_tensor(w, m, of_layer(l, "attn_v.weight"), e, kv, s);
    random_tensor(w, m, of_layer(l, "attn_output.weight"), e, e, s);
    plain_tensor(w, of_layer(l, "ffn_norm.weight"), e, 1);
    random_tensor(w, m, of_layer(l, "ffn_gate.weight"), e, 2 * e, s);
    random_tensor(w, m, of_layer(l, "ffn_up.weight"), e, 2 * e, s);
    random_tensor(w, m, of_layer(l, "ffn_down.weight"), 2 * e, e, s);
}

static void
chat_tensors(gguf_writer *w, struct wish *m)
{
    random_tensor(w, m, "token_embd.weight", m->embd, CHAT_TOKENS, 1);
    plain_tensor(w, "output_norm.weight", m->embd, 1);
    random_tensor(w, m, "output.weight", m->embd, CHAT_TOKENS, 3.4f / sqrtf((float)m->embd));
    for (uint64_t l = 0; l < m->layers; l++)
        chat_layer(w, m, l);
}

static void
norm_tensors(gguf_writer *w, uint64_t l, const char *weight, const char *bias, uint64_t len)
{
    plain_tensor(w, of_layer(l, weight), len, 1);
    plain_tensor(w, of_layer(l, bias), len, 0);
}

/* Small against the token vectors they are added to, so that the texts stay told apart. */
static void
embed_layer(gguf_writer *w, struct wish *m, uint64_t l)
{
    const uint64_t e = m->embd;
    const float s = 0.5f / sqrtf((float)e);
    static const char *const square[] = {"attn_q", "attn_k", "attn_v", "attn_output"};
    char name[32];
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s.weight", square[i]);
        random_tensor(w, m, of_layer(l, name), e, e, s);
        snprintf(name, sizeof name, "%s.bias", square[i]);
        plain_tensor(w, of_layer(l, name), e, 0);
    }
    norm_tensors(w, l, "attn_output_norm.weight", "attn_output_norm.bias", e);
    random_tensor(w, m, of_layer(l, "ffn_up.weight"), e, 2 * e, s);
    plain_tensor(w, of_layer(l, "ffn_up.bias"), 2 * e, 0);
    random_tensor(w, m, of_layer(l, "ffn_down.weight"), 2 * e, e, s);
    plain_tensor(w, of_layer(l, "ffn_down.bias"), e, 0);
    norm_tensors(w, l, "layer_output_norm.weight", "layer_output_norm.bias", e);
}

static void
embed_tensors(gguf_writer *w, struct wish *m)
{
    random_tensor(w, m, "token_embd.weight", m->embd, EMBED_TOKENS, 1);
    random_tensor(w, m, "position_embd.weight", m->embd, m->ctx, 0.1f);
    random_tensor(w, m, "token_types.weight", m->embd, 2, 0.1f);
    plain_tensor(w, "token_embd_norm.weight", m->embd, 1);
    plain_tensor(w, "token_embd_norm.bias", m->embd, 0);
    for (uint64_t l = 0; l < m->layers; l++)
        embed_layer(w, m, l);
}

/* Of rank 4; strong enough to be heard. */
static void
adapter_tensors(gguf_writer *w, struct wish *m)
{
    enum { RANK = 4 };
    static const char *const square[] = {"attn_q", "attn_output"};
    const uint64_t e = m->embd;
    char name[48];
    for (uint64_t l = 0; l < m->layers; l++)
        for (size_t i = 0; i < 2; i++) {
            snprintf(name, sizeof name, "%s.weight.lora_a", square[i]);
            random_tensor(w, m, of_layer(l, name), e, RANK, 1.7f / sqrtf((float)e));
            snprintf(name, sizeof name, "%s.weight.lora_b", square[i]);
            random_tensor(w, m, of_layer(l, name), RANK, e, 1);
        }
}

/* LLaVA leaves out what the last layer says, so there are two. */
enum { SIGHT_EMBD = 32, SIGHT_LAYERS = 2, SIGHT_IMAGE = 32, SIGHT_PATCH = 8 };

static void
sight_layer(gguf_writer *w, struct wish *m, uint64_t l)
{
    static const char *const square[] = {"attn_q", "attn_k", "attn_v", "attn_out"};
    const float s = 1.7f / sqrtf(SIGHT_EMBD);
    char name[48];
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "v.blk.%d.%s.weight", (int)l, square[i]);
        random_tensor(w, m, name, SIGHT_EMBD, SIGHT_EMBD, s);
    }
    for (int i = 1; i <= 2; i++) {
        snprintf(name, sizeof name, "v.blk.%d.ln%d.weight", (int)l, i);
        plain_tensor(w, name, SIGHT_EMBD, 1);
        snprintf(name, sizeof name, "v.blk.%d.ln%d.bias", (int)l, i);
        plain_tensor(w, name, SIGHT_EMBD, 0);
    }
    snprintf(name, sizeof name, "v.blk.%d.ffn_up.weight", (int)l);
    random_tensor(w, m, name, SIGHT_EMBD, 2 * SIGHT_EMBD, s);
    snprintf(name, sizeof name, "v.blk.%d.ffn_down.weight", (int)l);
    random_tensor(w, m, name, 2 * SIGHT_EMBD, SIGHT_EMBD, s);
}

static void
sight_tensors(gguf_writer *w, struct wish *m)
{
    const uint64_t patches = (SIGHT_IMAGE / SIGHT_PATCH) * (SIGHT_IMAGE / SIGHT_PATCH);
    const uint64_t kernel[] = {SIGHT_PATCH, SIGHT_PATCH, 3, SIGHT_EMBD};
    float *at = gguf_write_floats_of(w, "v.patch_embd.weight", kernel, 4);
    for (uint64_t i = 0; at && i < kernel[0] * kernel[1] * kernel[2] * kernel[3]; i++)
        at[i] = next_random(&m->seed) * 0.2f;
    random_tensor(w, m, "v.position_embd.weight", SIGHT_EMBD, patches, 0.5f);
    plain_tensor(w, "v.post_ln.weight", SIGHT_EMBD, 1);
    plain_tensor(w, "v.post_ln.bias", SIGHT_EMBD, 0);
    for (uint64_t l = 0; l < SIGHT_LAYERS; l++)
        sight_layer(w, m, l);
    random_tensor(w, m, "mm.0.weight", SIGHT_EMBD, m->embd, 0.4f);
    plain_tensor(w, "mm.0.bias", m->embd, 0);
    random_tensor(w, m, "mm.2.weight", m->embd, m->embd, 0.4f);
    plain_tensor(w, "mm.2.bias", m->embd, 0);
}

/* ---- keys */
static void
size_keys(gguf_writer *w, const struct wish *m, const char *architecture, uint32_t tokens)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"vocab_size", tokens},
        {"context_length", m->ctx},
        {"embedding_length", m->embd},
        {"block_count", m->layers},
        {"feed_forward_length", 2 * m->embd},
        {"attention.head_count", HEADS},
        {"attention.head_count_kv", m->embeds ? HEADS : HEADS_KV},
    };
    gguf_write_str(w, "general.architecture", str_of(architecture));
    gguf_write_str(w, "general.type", STR("model"));
    gguf_write_str(w, "general.license", STR("EUPL-1.2"));
    gguf_write_u32(w, "general.file_type", 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char key[64];
        snprintf(key, sizeof key, "%s.%s", architecture, rows[i].name);
        gguf_write_u32(w, key, (uint32_t)rows[i].value);
    }
}

static void
chat_token(uint32_t i, char room[16])
{
    static const char *const special[] = {"<unk>", "<s>", "</s>"};
    if (i < 3)
        snprintf(room, 16, "%s", special[i]);
    else if (i == CHAT_TOKENS - 1)
        snprintf(room, 16, "<|im_end|>");
    else
        snprintf(room, 16, "<0x%02X>", i - 3);
}

static void
chat_tokens(gguf_writer *w)
{
    gguf_write_str(w, "tokenizer.ggml.model", STR("llama"));
    gguf_write_array(w, "tokenizer.ggml.tokens", 8, CHAT_TOKENS);
    for (uint32_t i = 0; i < CHAT_TOKENS; i++) {
        char token[16];
        chat_token(i, token);
        gguf_write_text(&w->values, str_of(token));
    }
    gguf_write_array(w, "tokenizer.ggml.scores", 6, CHAT_TOKENS);
    for (uint32_t i = 0; i < CHAT_TOKENS; i++)
        gguf_write_number(&w->values, 0, 4);
    gguf_write_array(w, "tokenizer.ggml.token_type", 5, CHAT_TOKENS);
    for (uint32_t i = 0; i < CHAT_TOKENS; i++)
        gguf_write_number(&w->values,
                          i == 0                          ? TOKEN_UNKNOWN
                          : i < 3 || i == CHAT_TOKENS - 1 ? TOKEN_CONTROL
                                                          : TOKEN_BYTE,
                          4);
}

static void
chat_keys(gguf_writer *w, const struct wish *m)
{
    size_keys(w, m, "llama", CHAT_TOKENS);
    gguf_write_str(w, "general.name", STR("tiny random"));
    gguf_write_u32(w, "llama.rope.dimension_count", (uint32_t)m->embd / HEADS);
    gguf_write_f32(w, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
    chat_tokens(w);
    gguf_write_u32(w, "tokenizer.ggml.unknown_token_id", 0);
    gguf_write_u32(w, "tokenizer.ggml.bos_token_id", 1);
    gguf_write_u32(w, "tokenizer.ggml.eos_token_id", 2);
    gguf_write_u32(w, "tokenizer.ggml.eot_token_id", CHAT_TOKENS - 1);
    gguf_write_bool(w, "tokenizer.ggml.add_space_prefix", false);
    gguf_write_str(w, "tokenizer.chat_template", str_of(chatml));
}

/* [PAD] [UNK] [CLS] [SEP], the mark of a word's start, and all bytes but NUL. */
static void
embed_tokens(gguf_writer *w)
{
    static const char *const special[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "\u2581"};
    gguf_write_str(w, "tokenizer.ggml.model", STR("bert"));
    gguf_write_array(w, "tokenizer.ggml.tokens", 8, EMBED_TOKENS);
    for (size_t i = 0; i < 6; i++)
        gguf_write_text(&w->values, str_of(special[i]));
    for (int i = 1; i < BYTES; i++) {
        const char byte = (char)i;
        gguf_write_text(&w->values, (str){&byte, 1});
    }
    gguf_write_array(w, "tokenizer.ggml.token_type", 5, EMBED_TOKENS);
    for (uint32_t i = 0; i < EMBED_TOKENS; i++)
        gguf_write_number(&w->values,
                          i == 1  ? TOKEN_UNKNOWN
                          : i < 5 ? TOKEN_CONTROL
                                  : TOKEN_NORMAL,
                          4);
}

static void
embed_keys(gguf_writer *w, const struct wish *m)
{
    static const char *const ids[] = {"padding", "unknown", "cls", "seperator", "mask"};
    size_keys(w, m, "bert", EMBED_TOKENS);
    gguf_write_str(w, "general.name", STR("tiny random embedder"));
    gguf_write_f32(w, "bert.attention.layer_norm_epsilon", 1e-12f);
    gguf_write_bool(w, "bert.attention.causal", false);
    gguf_write_u32(w, "bert.pooling_type", 1);
    embed_tokens(w);
    gguf_write_u32(w, "tokenizer.ggml.token_type_count", 2);
    gguf_write_u32(w, "tokenizer.ggml.bos_token_id", 2);
    for (uint32_t i = 0; i < 5; i++) {
        char key[64];
        snprintf(key, sizeof key, "tokenizer.ggml.%s_token_id", ids[i]);
        gguf_write_u32(w, key, i);
    }
}

static void
adapter_keys(gguf_writer *w)
{
    gguf_write_str(w, "general.architecture", STR("llama"));
    gguf_write_str(w, "general.type", STR("adapter"));
    gguf_write_str(w, "general.name", STR("tiny adapter"));
    gguf_write_str(w, "adapter.type", STR("lora"));
    gguf_write_f32(w, "adapter.lora.alpha", 4);
}

static void
sight_keys(gguf_writer *w, const struct wish *m)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"clip.vision.image_size", SIGHT_IMAGE},
                {"clip.vision.patch_size", SIGHT_PATCH},
                {"clip.vision.embedding_length", SIGHT_EMBD},
                {"clip.vision.feed_forward_length", 2 * SIGHT_EMBD},
                {"clip.vision.block_count", SIGHT_LAYERS},
                {"clip.vision.projection_dim", m->embd},
                {"clip.vision.attention.head_count", 2}};
    static const char *const lists[] = {"clip.vision.image_mean", "clip.vision.image_std"};
    const float half = 0.5f;
    uint32_t bits;
    memcpy(&bits, &half, sizeof bits);
    gguf_write_str(w, "general.architecture", STR("clip"));
    gguf_write_str(w, "general.type", STR("mmproj"));
    gguf_write_str(w, "general.name", STR("tiny projector"));
    gguf_write_bool(w, "clip.has_vision_encoder", true);
    gguf_write_str(w, "clip.projector_type", STR("mlp"));
    gguf_write_bool(w, "clip.use_gelu", true);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        gguf_write_u32(w, rows[i].name, (uint32_t)rows[i].value);
    gguf_write_f32(w, "clip.vision.attention.layer_norm_epsilon", 1e-5f);
    for (size_t i = 0; i < 2; i++) {
        gguf_write_array(w, lists[i], 6, 3);
        for (size_t k = 0; k < 3; k++)
            gguf_write_number(&w->values, bits, 4);
    }
}

static void
put_model(gguf_writer *w, struct wish *m)
{
    if (m->adapts) {
        adapter_keys(w);
        adapter_tensors(w, m);
        return;
    }
    if (m->sees) {
        sight_keys(w, m);
        sight_tensors(w, m);
        return;
    }
    (m->embeds ? embed_keys : chat_keys)(w, m);
    (m->embeds ? embed_tensors : chat_tensors)(w, m);
}

/* ---- the program */
static bool
read_number(const char *flag, const char *value, struct wish *m)
{
    const struct {
        const char *flag;
        uint64_t *at, min, max;
    } rows[] = {
        {"--seed", &m->seed, 0, UINT64_MAX},
        {"--layers", &m->layers, 1, 64},
        {"--embd", &m->embd, 16, 4096},
        {"--ctx", &m->ctx, 16, 1048576},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(flag, rows[i].flag) == 0)
            return !num_u64(str_of(value), rows[i].min, rows[i].max, rows[i].at).code;
    return false;
}

static bool
read_wish(int argc, char **argv, struct wish *m)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--embed") == 0)
            m->embeds = true;
        else if (strcmp(argv[i], "--lora") == 0)
            m->adapts = true;
        else if (strcmp(argv[i], "--projector") == 0)
            m->sees = true;
        else if (argv[i][0] != '-' && !m->path)
            m->path = argv[i];
        else if (i + 1 == argc || !read_number(argv[i], argv[i + 1], m))
            return false;
        else
            i++;
    }
    m->ctx = m->ctx ? m->ctx : m->embeds ? 512 : 4096;
    return m->path && m->embd % (2 * HEADS) == 0;
}

static bool
write_file(const char *path, str bytes)
{
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    const bool whole = fwrite(bytes.at, 1, bytes.len, f) == bytes.len;
    return fclose(f) == 0 && whole;
}

int
main(int argc, char **argv)
{
    struct wish m = {.seed = 1, .layers = 2, .embd = 64};
    if (!read_wish(argc, argv, &m)) {
        fprintf(stderr, "usage: tiny_gguf [--embed | --lora | --projector] [--seed N] [--layers N] "
                        "[--embd N: a multiple "
                        "of 8] [--ctx N] OUT.gguf\n");
        return 2;
    }
    AUTO(gguf_writer) w = GGUF_WRITER;
    AUTO(buf) file = BUF(GGUF_WRITE_MAX);
    put_model(&w, &m);
    gguf_write_end(&w, &file);
    if (w.values.failed || w.tensors.failed || w.data.failed || file.failed ||
        !write_file(m.path, buf_str(&file))) {
        fprintf(stderr, "tiny_gguf: cannot write %s\n", m.path);
        return 1;
    }
    return 0;
}
