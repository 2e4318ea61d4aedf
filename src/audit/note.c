/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/note.h"

#include "base/enc.h"
#include "base/num.h"
#include "base/utf8.h"

enum {
    ID_LEN = 4,
    TIME_LEN = 8,
    SIG_TEXT_MAX = 8 * 1024, /* ML-DSA-44 has 2,420 bytes */
    WITNESS_HEAD_MAX = 64
};

static const str dash = STR_INIT("\xe2\x80\x94 ");

/* ---- names */

/* What Unicode calls white space. */
static bool
is_space(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

static bool
is_name(str s)
{
    uint32_t c;
    if (!s.len || s.len > NOTE_NAME_MAX)
        return false;
    while (utf8_next(&s, &c))
        if (is_space(c) || c < 0x20 || c == '+')
            return false;
    return s.len == 0;
}

/* ---- keys */

static uint32_t
read_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
put_big_endian(uint8_t *p, uint64_t n, size_t len)
{
    for (size_t i = len; i-- > 0; n >>= 8)
        p[i] = (uint8_t)n;
}

/* SHA-256(name ‖ newline ‖ type ‖ key), the first four bytes. */
static uint32_t
id_of(str name, enum note_key_type type, const sign_public *p)
{
    char room[NOTE_NAME_MAX + 2 + sizeof *p];
    memcpy(room, name.at, name.len);
    room[name.len] = '\n';
    room[name.len + 1] = (char)type;
    memcpy(room + name.len + 2, p->bytes, sizeof p->bytes);
    const digest d = quick_hash_plain((str){room, name.len + 2 + sizeof p->bytes});
    return read_u32(d.bytes);
}

fallible
note_key_make(str name, enum note_key_type type, const sign_public *p, struct note_key *ret)
{
    struct note_key k = {.type = type, .public = *p};
    ASSERT(type == NOTE_ED25519 || type == NOTE_WITNESS);
    if (!is_name(name) || !str_copy(name, k.name, sizeof k.name))
        REFUSE(ARGUMENT, "name",
               "the name of a key has no spaces and no plus, and at most %d bytes", NOTE_NAME_MAX);
    k.id = id_of(name, type, p);
    *ret = k;
    return OK;
}

void
note_key_put(buf *b, const struct note_key *k)
{
    uint8_t bytes[1 + sizeof k->public] = {(uint8_t)k->type};
    memcpy(bytes + 1, k->public.bytes, sizeof k->public.bytes);
    buf_add_fmt(b, "%s+%08x+", k->name, k->id);
    base64_put(b, bytes, sizeof bytes);
}

/* Name and id come first, base64 may hold a plus itself. */
static fallible
read_key(str text, struct note_key *ret)
{
    AUTO(buf) b = BUF(SIG_TEXT_MAX);
    str name, id;
    uint8_t id_bytes[ID_LEN];
    sign_public p;
    if (!str_next(&text, '+', &name) || !str_next(&text, '+', &id) || !text.at)
        FAIL(PARSE, "two plus signs are expected");
    TRY(hex_read(id, id_bytes, sizeof id_bytes));
    TRY(base64_read(text, &b));
    if (b.len != 1 + sizeof p || (b.at[0] != NOTE_ED25519 && b.at[0] != NOTE_WITNESS))
        FAIL(PARSE, "the key is not of a known type");
    memcpy(p.bytes, b.at + 1, sizeof p.bytes);
    TRY(note_key_make(name, (enum note_key_type)b.at[0], &p, ret));
    if (ret->id != read_u32(id_bytes))
        FAIL(PARSE, "the id does not fit the key");
    return OK;
}

fallible
note_key_read(str text, struct note_key *ret)
{
    struct note_key k = {.id = 0};
    const err e = text.len <= NOTE_KEY_TEXT_MAX ? read_key(text, &k) : (err){ERR_PARSE};
    if (e.code == ERR_LIMIT)
        return e;
    if (e.code)
        REFUSE(PARSE, "key", "this is not a key of the form name+id+base64");
    *ret = k;
    return OK;
}

/* ---- notes */

static bool
is_plain(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < 0x20 && s.at[i] != '\n')
            return false;
    return utf8_valid(s);
}

static fallible
decode(const struct note_line *l, buf *b)
{
    ASSERT(l != NULL);
    if (l->base64.len > SIG_TEXT_MAX)
        REFUSE(PARSE, "", "a signature of a note is too long");
    TRY(base64_read(l->base64, b));
    if (b->len <= ID_LEN)
        REFUSE(PARSE, "", "a signature of a note is too short");
    return OK;
}

/* "— name base64" */
static fallible
read_line(str line, struct note_line *ret)
{
    AUTO(buf) b = BUF(SIG_TEXT_MAX);
    if (!str_starts(line, dash))
        REFUSE(PARSE, "", "a signature line of a note does not begin with a dash");
    line = str_slice(line, dash.len, line.len);
    if (!str_next(&line, ' ', &ret->name) || !line.at || !is_name(ret->name))
        REFUSE(PARSE, "", "a signature line of a note has no valid name");
    ret->base64 = line;
    TRY(decode(ret, &b));
    ret->id = read_u32((const uint8_t *)b.at);
    return OK;
}

/* Behind the last empty line, as in the reference implementation. */
static ptrdiff_t
find_end_of_text(str s)
{
    for (size_t i = s.len; i >= 2; i--)
        if (s.at[i - 1] == '\n' && s.at[i - 2] == '\n')
            return (ptrdiff_t)i;
    return -1;
}

static fallible
read_lines(str lines, struct note *n)
{
    str line;
    if (!str_ends(lines, STR("\n")))
        REFUSE(PARSE, "", "a note does not end with a signature line");
    lines.len--;
    while (str_next(&lines, '\n', &line)) {
        if (n->count == NOTE_SIGS_MAX)
            REFUSE(PARSE, "", "a note has more than %d signatures", NOTE_SIGS_MAX);
        TRY(read_line(line, &n->at[n->count]));
        n->count++;
    }
    return OK;
}

fallible
note_read(str bytes, struct note *ret)
{
    if (bytes.len > NOTE_BYTES_MAX || !is_plain(bytes))
        REFUSE(PARSE, "", "a note is not plain text or larger than %d bytes", NOTE_BYTES_MAX);
    const ptrdiff_t end = find_end_of_text(bytes);
    if (end < 0)
        REFUSE(PARSE, "", "a note has no empty line before its signatures");
    ret->count = 0;
    ret->text = str_slice(bytes, 0, (size_t)end - 1);
    return read_lines(str_slice(bytes, (size_t)end, bytes.len), ret);
}

/* What a witness signs: the time, then the note's text. */
static void
put_witnessed(buf *b, str text, uint64_t time_s)
{
    buf_add_fmt(b, "cosignature/v1\ntime %llu\n", (unsigned long long)time_s);
    buf_add(b, text);
}

static bool
is_mine(const struct note_line *l, const struct note_key *k)
{
    return l->id == k->id && str_eq(l->name, str_of(k->name));
}

static fallible
find_line(const struct note *n, const struct note_key *k, const struct note_line **ret)
{
    *ret = NULL;
    for (size_t i = 0; i < n->count; i++) {
        if (!is_mine(&n->at[i], k))
            continue;
        if (*ret)
            FAIL(CORRUPT, "%s signed the note twice", k->name);
        *ret = &n->at[i];
    }
    if (!*ret)
        FAIL(CORRUPT, "%s+%08x did not sign the note", k->name, k->id);
    return OK;
}

static uint64_t
read_time(const char *at)
{
    const uint8_t *p = (const uint8_t *)at;
    return (uint64_t)read_u32(p) << 32 | read_u32(p + 4);
}

/* `bytes` is what follows the id. */
static fallible
check_bytes(str bytes, const struct note_key *k, str text, uint64_t *ret_time)
{
    AUTO(buf) signed_text = BUF(NOTE_BYTES_MAX + WITNESS_HEAD_MAX);
    const size_t head = k->type == NOTE_WITNESS ? TIME_LEN : 0;
    signature s;
    if (bytes.len != head + sizeof s)
        FAIL(CORRUPT, "the signature of %s has %zu bytes", k->name, bytes.len);
    const uint64_t time_s = head ? read_time(bytes.at) : 0;
    memcpy(s.bytes, bytes.at + head, sizeof s.bytes);
    if (head)
        put_witnessed(&signed_text, text, time_s);
    TRY(buf_end(&signed_text));
    if (!sign_is_valid(&k->public, head ? buf_str(&signed_text) : text, &s))
        FAIL(CORRUPT, "the signature of %s does not fit", k->name);
    if (ret_time)
        *ret_time = time_s;
    return OK;
}

fallible
note_check(const struct note *n, const struct note_key *k, uint64_t *ret_time)
{
    AUTO(buf) b = BUF(SIG_TEXT_MAX);
    const struct note_line *l;
    TRY(find_line(n, k, &l));
    TRY(decode(l, &b));
    return check_bytes(str_slice(buf_str(&b), ID_LEN, b.len), k, n->text, ret_time);
}

fallible
note_sign(buf *b, const struct note_key *k, const secret *key, str text, uint64_t time_s)
{
    AUTO(buf) signed_text = BUF(NOTE_BYTES_MAX + WITNESS_HEAD_MAX);
    uint8_t line[ID_LEN + TIME_LEN + sizeof(signature)];
    const size_t head = k->type == NOTE_WITNESS ? TIME_LEN : 0;
    signature s;
    ASSERT(str_ends(text, STR("\n")) && text.len <= NOTE_BYTES_MAX);
    if (head)
        put_witnessed(&signed_text, text, time_s);
    TRY(buf_end(&signed_text));
    TRY(sign_make(key, head ? buf_str(&signed_text) : text, &s));
    put_big_endian(line, k->id, ID_LEN);
    put_big_endian(line + ID_LEN, time_s, head);
    memcpy(line + ID_LEN + head, s.bytes, sizeof s.bytes);
    buf_add(b, dash);
    buf_add_fmt(b, "%s ", k->name);
    base64_put(b, line, ID_LEN + head + sizeof s.bytes);
    buf_add_char(b, '\n');
    return buf_end(b);
}

/* ---- checkpoints */

void
checkpoint_put(buf *b, str origin, const struct tree_head *h)
{
    buf_add(b, origin);
    buf_add_char(b, '\n');
    buf_add_u64(b, h->size);
    buf_add_char(b, '\n');
    base64_put(b, h->root.bytes, sizeof h->root.bytes);
    buf_add_char(b, '\n');
}

static fallible
read_root(str line, digest *ret)
{
    AUTO(buf) b = BUF(64);
    if (line.len != 44)
        REFUSE(PARSE, "", "the root of a checkpoint is not 32 bytes in base64");
    TRY(base64_read(line, &b));
    if (b.len != sizeof *ret)
        REFUSE(PARSE, "", "the root of a checkpoint is not 32 bytes in base64");
    memcpy(ret->bytes, b.at, sizeof ret->bytes);
    return OK;
}

static fallible
check_extra(str lines)
{
    str line;
    if (lines.len)
        lines.len--;
    else
        return OK;
    while (str_next(&lines, '\n', &line))
        if (!line.len)
            REFUSE(PARSE, "", "a checkpoint has an empty line");
    return OK;
}

fallible
checkpoint_read(str text, struct checkpoint *ret)
{
    struct checkpoint c = {.origin = STR_NONE};
    str size, root;
    if (!str_ends(text, STR("\n")) || !str_next(&text, '\n', &c.origin) || !c.origin.len)
        REFUSE(PARSE, "", "a checkpoint has no origin");
    if (!str_next(&text, '\n', &size) || !str_next(&text, '\n', &root) || !text.at)
        REFUSE(PARSE, "", "a checkpoint has less than three lines");
    if (size.len > 1 && size.at[0] == '0')
        REFUSE(PARSE, "", "the size of a checkpoint begins with a zero");
    if (num_u64(size, 0, INT64_MAX, &c.head.size).code)
        REFUSE(PARSE, "", "the size of a checkpoint is no number");
    TRY(read_root(root, &c.head.root));
    TRY(check_extra(text));
    c.extra = text;
    *ret = c;
    return OK;
}

fallible
checkpoint_open(str bytes, const struct note_key *k, struct checkpoint *ret)
{
    struct note n;
    struct checkpoint c;
    TRY(note_read(bytes, &n));
    TRY(note_check(&n, k, NULL));
    TRY(checkpoint_read(n.text, &c));
    if (!str_eq(c.origin, str_of(k->name)))
        FAIL(CORRUPT, "the checkpoint is of another log than %s", k->name);
    *ret = c;
    return OK;
}
