/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/know/offline.h"

#include <math.h>

#include "base/enc.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/file.h"

enum { ID_BYTES = 16384 };
enum { KEY_LEN = 32, KEY_FILE_MAX = 256, POLICY_BYTES_MAX = 1 << 20, DIMS_MAX = 4096 };
#define VECTORS_BYTES ((size_t)4 << 30)
#define VECTOR_LINE_MAX ((size_t)1 << 20)

fallible
offline_dir(struct cli *c, const struct args *a, const char **ret)
{
    const char *const dir = args_value(a, "dir");
    if (!dir || !*dir)
        REFUSE(ARGUMENT, "dir", "say where: --dir DIR");
    *ret = arena_str(c->a, str_of(dir)).at;
    return OK;
}

static const char *
key_path(struct cli *c, const struct args *a, const char *dir)
{
    const char *const file = args_value(a, "key-file");
    return file ? file : file_join(c->a, dir, "key");
}

fallible
offline_make_key(struct cli *c, const struct args *a, const char *dir, secret *ret)
{
    AUTO(secret) key = {0};
    AUTO(buf) hex = BUF(KEY_FILE_MAX);
    AUTO(fd) f = -1;
    const char *const path = key_path(c, a, dir);
    TRY(secret_get(&key, KEY_LEN));
    TRY(entropy_get(key.at, key.len));
    hex_put(&hex, key.at, key.len);
    buf_add_char(&hex, '\n');
    err e = file_open(path, 0, 0, &f);
    if (!e.code)
        REFUSE(CONFLICT, "", "there is a key already: %s", path);
    if (!hex.failed)
        e = file_write_atomic(path, buf_str(&hex), 0600);
    if (hex.at)
        wipe(hex.at, hex.len);
    TRY(buf_end(&hex));
    TRY(e);
    *ret = key;
    key = (secret){0};
    return OK;
}

static fallible
read_key(struct cli *c, const struct args *a, const char *dir, secret *ret)
{
    AUTO(arena) *work = NULL;
    str text;
    TRY(arena_open(KEY_FILE_MAX + 1024, &work));
    TRY(file_read(work, key_path(c, a, dir), KEY_FILE_MAX, &text));
    TRY(secret_get(ret, KEY_LEN));
    const bool is_key = !hex_read(str_slice(text, 0, (size_t)2 * KEY_LEN), ret->at, KEY_LEN).code;
    wipe((void *)(uintptr_t)text.at, text.len);
    if (!is_key)
        REFUSE(CONFIG, "key-file", "the key file does not hold 64 hexadecimal digits");
    return OK;
}

static fallible
read_policy(struct cli *c, const struct args *a, policy **ret)
{
    const char *const named = args_value(a, "policy");
    const char *const path = named ? named : file_join(c->a, c->data_dir, "policy.yaml");
    str text;
    const err e = file_read(c->a, path, POLICY_BYTES_MAX, &text);
    if (e.code == ERR_NOT_FOUND)
        cli_hint(c, "Name a policy file with --policy, or a data directory with --data.");
    TRY(e);
    return policy_load(text, ret);
}

/* Whoever can read key and files decides as nobody else: a session of the clearance asked for. */
static fallible
make_grant(struct cli *c, const struct args *a, enum op op, offline *o)
{
    const struct label_names *const names = policy_names(o->p);
    const char *const asked = args_value(a, "clearance");
    const str top = names->level_count ? names->levels[names->level_count - 1].id : STR_NONE;
    struct decision d;
    label clearance;
    TRY(policy_set_ceiling(o->p, top));
    const str bottom = names->level_count ? names->levels[0].id : STR_NONE;
    TRY(policy_clearance(o->p, asked ? str_of(asked) : bottom, STR_NONE, &clearance));
    struct session *const s = arena_new(c->a, struct session);
    *s = (struct session){.clearance = clearance,
                          .roles = ROLE_OPERATOR,
                          .key_id = STR("offline"),
                          .key_name = STR("offline"),
                          .tenant = STR("offline"),
                          .purpose = args_str(a, "purpose")};
    if (s->purpose.len && !purpose_find(policy_purposes(o->p), s->purpose))
        REFUSE(ARGUMENT, "purpose", "\"%.*s\" is no purpose of the policy", STR_FMT(s->purpose));
    const struct ask q = {
        .session = s, .op = op, .target = policy_local_sink(o->p), .now_wall_ms = clock_wall_ms()};
    return policy_decide(o->p, &q, c->a, &d, &o->g);
}

fallible
offline_open(struct cli *c, const struct args *a, enum op op, offline *ret)
{
    AUTO(secret) key = {0};
    const char *dir = NULL;
    TRY(offline_dir(c, a, &dir));
    TRY(read_policy(c, a, &ret->p));
    TRY(make_grant(c, a, op, ret));
    TRY(read_key(c, a, dir, &key));
    return know_open(dir, &key, &ret->k);
}

void
offline_auto(offline *o)
{
    know_close(o->k);
    policy_free(o->p);
}

fallible
offline_label(const offline *o, const struct args *a, label *ret)
{
    const char *const text = args_value(a, "label");
    const struct label_names *const names = policy_names(o->p);
    *ret = LABEL_BOTTOM;
    return text ? label_parse(names, str_of(text), ret) : OK;
}

/* ---- vectors */

static void
normalise(float *v, size_t dims)
{
    double sum = 0;
    for (size_t i = 0; i < dims; i++)
        sum += (double)v[i] * (double)v[i];
    const float scale = sum > 0 ? (float)(1 / sqrt(sum)) : 0;
    for (size_t i = 0; i < dims; i++)
        v[i] *= scale;
}

static fallible
read_base64(str text, buf *b)
{
    TRY(base64_read(text, b));
    if (b->len % sizeof(float))
        REFUSE(PARSE, "embedding", "an embedding is no run of floats");
    return OK;
}

static fallible
read_numbers(const jval *list, buf *b)
{
    struct jwalk w = {0};
    TRY(json_array(list, 1, DIMS_MAX));
    for (jval v; json_each(list, &w, &v);) {
        double d = 0;
        TRY(json_f64(&v, -1e30, 1e30, &d));
        const float f = (float)d;
        buf_add(b, (str){(const char *)&f, sizeof f});
    }
    return buf_end(b);
}

static fallible
read_vector_line(offline_vectors *v, arena *work, str line)
{
    AUTO(buf) b = BUF(DIMS_MAX * sizeof(float));
    jval root;
    str id, text;
    void *at = NULL;
    struct offline_row row;
    TRY(json_read(work, line, &root));
    TRY(json_object(&root));
    const jval i = json_get(&root, "id"), e = json_get(&root, "embedding");
    TRY(json_str(&i, 4096, &id));
    if (json_type(e) == J_STRING) {
        TRY(json_str(&e, VECTOR_LINE_MAX, &text));
        TRY(read_base64(text, &b));
    } else
        TRY(read_numbers(&e, &b));
    const size_t dims = b.len / sizeof(float);
    if (!dims || (v->dims && dims != v->dims))
        REFUSE(ARGUMENT, "embedding", "embeddings have %zu and %zu dimensions", v->dims, dims);
    v->dims = dims;
    TRY(try_arena_str(v->a, id, &row.id));
    TRY(try_arena_get(v->a, dims, sizeof(float), &at));
    memcpy(at, b.at, b.len);
    row.at = (float *)at;
    normalise(row.at, dims);
    return VEC_ADD(v->a, &v->rows, &row);
}

fallible
offline_vectors_read(str path, offline_vectors *ret)
{
    AUTO(arena) *work = NULL, *line_arena = NULL;
    char name[4096];
    str text;
    if (!str_copy(path, name, sizeof name))
        REFUSE(ARGUMENT, "", "the path is too long");
    TRY(arena_open(VECTORS_BYTES, &ret->a));
    TRY(arena_open(VECTORS_BYTES, &work));
    TRY(arena_open(16 * VECTOR_LINE_MAX, &line_arena));
    TRY(file_read(work, name, VECTORS_BYTES - VECTOR_LINE_MAX, &text));
    for (str line; str_next(&text, '\n', &line);) {
        arena_reset(line_arena);
        if (line.len)
            TRY(read_vector_line(ret, line_arena, line));
    }
    if (!ret->rows.count)
        REFUSE(ARGUMENT, "", "the file holds no vectors");
    return OK;
}

const float *
offline_vectors_find(const offline_vectors *v, str id)
{
    for (size_t i = 0; i < v->rows.count; i++)
        if (str_eq(v->rows.at[i].id, id))
            return v->rows.at[i].at;
    return NULL;
}

void
offline_vectors_auto(offline_vectors *v)
{
    arena_free(v->a);
}

/* ---- of questions */

static fallible
find_part(const offline_vectors *v, str id, str part, const float **ret)
{
    AUTO(buf) b = BUF(ID_BYTES);
    buf_add(&b, id);
    buf_add_char(&b, '#');
    buf_add(&b, part);
    TRY(buf_end(&b));
    *ret = offline_vectors_find(v, buf_str(&b));
    return OK;
}

static const float *
find_phrase(const offline_vectors *v, str code, size_t number)
{
    char room[64];
    const int n = snprintf(room, sizeof room, "phrase:%.*s:%zu", STR_FMT(code), number);
    return offline_vectors_find(v, (str){room, (size_t)n});
}

fallible
offline_likeness(const offline_vectors *v, const struct offline_question *q, arena *a,
                 struct know_ask *ask)
{
    struct foreign f;
    struct foreign_vectors known = {.dims = v->dims, .question = offline_vectors_find(v, q->id)};
    ask->vector = known.question;
    ask->dims = v->dims;
    if (!known.question || !foreign_read(q->text, &f))
        return OK;
    for (size_t i = 0; i < f.count; i++)
        TRY(find_part(v, q->id, f.words[i], &known.words[i]));
    for (size_t i = 0; i < FOREIGN_PHRASES; i++) {
        known.phrases[i] = find_phrase(v, f.code, i);
        known.german[i] = find_phrase(v, STR("de"), i);
    }
    return foreign_apply(a, &f, &known, &ask->vector, &ask->bridge);
}

static void
put_line(buf *b, str id, str part, str text)
{
    AUTO(buf) whole = BUF(ID_BYTES);
    AUTO(buf) query = BUF(ID_BYTES);
    buf_add(&whole, id);
    buf_add(&whole, part);
    buf_add(&query, STR("query: "));
    buf_add(&query, text);
    json_open(b, '{');
    json_member_str(b, "id", buf_str(&whole));
    json_member_str(b, "text", buf_str(&query));
    json_close(b, '}');
    buf_add_char(b, '\n');
    b->failed |= whole.failed || query.failed;
}

fallible
offline_likeness_texts(const struct offline_question *q, buf *b)
{
    struct foreign f;
    put_line(b, q->id, STR_NONE, q->text);
    if (!foreign_read(q->text, &f))
        return buf_end(b);
    for (size_t i = 0; i < f.count; i++) {
        AUTO(buf) part = BUF(ID_BYTES);
        buf_add_char(&part, '#');
        buf_add(&part, f.words[i]);
        put_line(b, q->id, buf_str(&part), f.words[i]);
    }
    return buf_end(b);
}

void
offline_likeness_phrases(buf *b)
{
    str code;
    for (size_t k = 0; (code = foreign_language(k)).len; k++)
        for (size_t i = 0; i < FOREIGN_PHRASES; i++) {
            char room[64];
            const int n = snprintf(room, sizeof room, "phrase:%.*s:%zu", STR_FMT(code), i);
            put_line(b, (str){room, (size_t)n}, STR_NONE, foreign_phrase(code, i));
        }
}
