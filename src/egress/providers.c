/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/providers.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/enc.h"
#include "base/num.h"
#include "base/secret.h"
#include "egress/price.h"
#include "egress/providers_yaml.h"
#include "net/client/dial.h"
#include "net/grammar.h"
#include "os/file.h"

enum {
    KEY_FILE_MAX = 2 * PROVIDER_SECRET_MAX + 1024,
    PATH_BYTES = 2048,
    MICRO_EURO = 1000000, /* of one euro */
    RATE_MAX = 1000000000
};

/* One provider on its way from text to struct. */
struct reader {
    arena *a;
    const char *dir;
    const struct provider_text *text;
    struct providers *all;
    struct provider_public *pub;
    struct provider *p;
    uint64_t rate; /* micro-euro for one of its currency */
};

/* ---- texts */

static bool
is_plain(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return false;
    return true;
}

static fallible
put_text(const struct reader *r, const char *what, const char *text, char *room, size_t room_len)
{
    if (!text)
        return OK;
    if (!is_plain(text) || !str_copy(str_of(text), room, room_len))
        REFUSE(CONFIG, what, "provider %s: %s is too long or holds control characters",
               r->pub->name, what);
    return OK;
}

#define PUT(r, what, text, room) put_text((r), (what), (text), (room), sizeof(room))

static bool
is_name(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    return text[0] != '.' && strspn(text, allowed) == strlen(text) &&
           strlen(text) < PROVIDER_NAME_MAX;
}

static fallible
read_name(struct reader *r)
{
    const str name = str_of(r->text->name);
    if (!is_name(r->text->name))
        REFUSE(CONFIG, "name",
               "a provider's name is made of at most %d of a-z, 0-9, '-', '_' and '.'",
               PROVIDER_NAME_MAX - 1);
    if (provider_list_find(&r->all->list, name))
        REFUSE(CONFIG, "name", "there are two providers called %s", r->text->name);
    (void)str_copy(name, r->pub->name, sizeof r->pub->name); /* it fits */
    return OK;
}

/* The place of `word` in `words`, or a sentence that lists them. */
static fallible
pick(const struct reader *r, const char *what, const char *word, const char *const *words,
     uint32_t *ret)
{
    char all[128] = "";
    for (uint32_t i = 0; words[i]; i++) {
        if (strcmp(word, words[i]) == 0) {
            *ret = i;
            return OK;
        }
        const size_t len = strlen(all);
        (void)snprintf(all + len, sizeof all - len, "%s%s", len ? ", " : "", words[i]);
    }
    REFUSE(CONFIG, what, "provider %s: %s is one of %s", r->pub->name, what, all);
}

/* ---- the address */

static fallible
check_base(const struct reader *r, str base)
{
    str path, query, host;
    if (base.len &&
        (target_split(base, HTTP_POST, &path, &query, &host).code || query.len || host.len))
        REFUSE(CONFIG, "url", "provider %s: the path in its url is none", r->pub->name);
    return OK;
}

/* No Unix sockets: hoheit-egress may not open any, for what else would listen there. */
static fallible
read_url(struct reader *r)
{
    const str all = str_of(r->text->url), scheme = STR("://");
    const ptrdiff_t mark = str_find(all, scheme);
    const size_t from = mark < 0 ? all.len : (size_t)mark + scheme.len;
    const ptrdiff_t slash = str_find_char(str_slice(all, from, all.len), '/');
    const size_t end = slash < 0 ? all.len : from + (size_t)slash;
    str base = str_slice(all, end, all.len);
    struct dial_target to;
    if (str_ends(base, STR("/")))
        base = str_slice(base, 0, base.len - 1);
    if (mark < 0 || dial_parse_tls(str_slice(all, 0, end), &to).code ||
        !str_copy(str_slice(all, 0, end), r->p->url, sizeof r->p->url) ||
        !str_copy(base, r->p->base, sizeof r->p->base))
        REFUSE(CONFIG, "url", "provider %s: its url must look like https://HOST/PATH",
               r->pub->name);
    if (!to.is_tls && !dial_is_loopback(&to))
        REFUSE(CONFIG, "url", "provider %s: plain http is for this machine only; use https",
               r->pub->name);
    return check_base(r, base);
}

/* ---- certificates */

static fallible
read_ca(struct reader *r, const char *name)
{
    const char *const path = name[0] == '/' ? name : file_join(r->a, r->dir, name);
    const size_t room = PROVIDERS_CA_MAX - r->all->ca_len;
    str text;
    const err e = file_read(r->a, path, room, &text);
    if (e.code || !text.len)
        REFUSE(CONFIG, "ca", "provider %s: its CA file %s cannot be read, is empty or too large",
               r->pub->name, name);
    memcpy(r->all->ca + r->all->ca_len, text.at, text.len);
    r->p->ca_at = r->all->ca_len;
    r->p->ca_len = (uint32_t)text.len;
    r->all->ca_len += (uint32_t)text.len;
    return OK;
}

static fallible
read_pins(struct reader *r, const struct tls_text *t)
{
    if (t->pins_count > PROVIDER_PINS_MAX)
        REFUSE(CONFIG, "pins", "provider %s: at most %d pins", r->pub->name, PROVIDER_PINS_MAX);
    for (uint32_t i = 0; i < t->pins_count; i++)
        if (hex_read(str_of(t->pins[i]), r->p->pins[i], sizeof r->p->pins[i]).code)
            REFUSE(CONFIG, "pins",
                   "provider %s: a pin is the SHA-256 of a public key, 64 hexadecimal digits",
                   r->pub->name);
    r->p->pin_count = t->pins_count;
    return OK;
}

static fallible
read_tls(struct reader *r)
{
    static const char *const versions[] = {"1.3", "1.2", NULL};
    const struct tls_text *const t = r->text->tls;
    const bool is_tls = str_starts(str_of(r->p->url), STR("https:"));
    if (is_tls && (!t || (!t->ca && !t->pins_count)))
        REFUSE(CONFIG, "tls", "provider %s: https needs tls with ca or pins", r->pub->name);
    if (!is_tls && t)
        REFUSE(CONFIG, "tls", "provider %s: tls is for https only", r->pub->name);
    if (!t)
        return OK;
    if (t->min)
        TRY(pick(r, "tls.min", t->min, versions, &r->p->allows_tls12));
    TRY(read_pins(r, t));
    return t->ca ? read_ca(r, t->ca) : OK;
}

/* ---- credentials */

static fallible
check_key_file(const struct reader *r, int f, const char *name)
{
    struct stat st;
    if (fstat(f, &st) != 0)
        return file_errno("look at", name);
    if (!S_ISREG(st.st_mode) || st.st_mode & 077)
        REFUSE(FORBIDDEN_FILE, name, "provider %s: keys/%s is open to others: chmod go= it",
               r->pub->name, name);
    return OK;
}

/* A line of printable characters, so that no key of ours, which are bytes, leaves by mistake. */
static fallible
take_line(const struct reader *r, str *rest, char *room, size_t room_len)
{
    str line = STR_NONE;
    (void)str_next(rest, '\n', &line); /* a missing line is an empty one */
    if (str_ends(line, STR("\r")))
        line = str_slice(line, 0, line.len - 1);
    for (size_t i = 0; i < line.len; i++)
        if (line.at[i] <= ' ' || line.at[i] > '~')
            REFUSE(CONFIG, "credential", "provider %s: its key file is not lines of text",
                   r->pub->name);
    if (!str_copy(line, room, room_len))
        REFUSE(CONFIG, "credential", "provider %s: a line of its key file is too long",
               r->pub->name);
    return OK;
}

/* Of a header line: a name that is a token and none of the connection's or ours, a value of
 * printable characters. */
static bool
is_header(str line)
{
    static const char *const ours[] = {"host",       "content-length",    "content-type",
                                       "connection", "transfer-encoding", "content-encoding"};
    str value = line, name;
    if (!str_next(&value, ':', &name) || !name.len || !str_trim(value).len)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.",
                    name.at[i]))
            return false;
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] < ' ' || value.at[i] > '~')
            return false;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (str_eq_nocase(name, str_of(ours[i])))
            return false;
    return true;
}

static fallible
take_headers(const struct reader *r, str text)
{
    struct provider_credential *const c = &r->p->credential;
    size_t count = 0, len = 0;
    str line;
    while (str_next(&text, '\n', &line)) {
        if (str_ends(line, STR("\r")))
            line = str_slice(line, 0, line.len - 1);
        line = str_trim(line);
        if (!line.len)
            continue;
        if (!is_header(line) || ++count > PROVIDER_HEADERS_MAX ||
            len + line.len + 2 > sizeof c->secret)
            REFUSE(CONFIG, "credential",
                   "provider %s: its key file is not 1 to %d lines \"Name: value\" of headers that "
                   "are "
                   "the sender's to set",
                   r->pub->name, PROVIDER_HEADERS_MAX);
        memcpy(c->secret + len, line.at, line.len);
        len += line.len;
        c->secret[len++] = '\n';
    }
    if (!count)
        REFUSE(CONFIG, "credential", "provider %s: its key file is empty", r->pub->name);
    return OK;
}

static fallible
take_key(const struct reader *r, str text)
{
    struct provider_credential *const c = &r->p->credential;
    if (c->scheme == SCHEME_HEADERS)
        return take_headers(r, text);
    if (c->scheme == SCHEME_SIGV4)
        TRY(take_line(r, &text, c->id, sizeof c->id));
    TRY(take_line(r, &text, c->secret, sizeof c->secret));
    if (c->scheme == SCHEME_SIGV4)
        TRY(take_line(r, &text, c->token, sizeof c->token));
    if (!c->secret[0] || (c->scheme == SCHEME_SIGV4 && !c->id[0]))
        REFUSE(CONFIG, "credential", "provider %s: its key file is empty", r->pub->name);
    return OK;
}

static fallible
open_key(const struct reader *r, const char *name, fd *ret)
{
    char path[PATH_BYTES];
    if (!name || !name[0] || name[0] == '.' || strchr(name, '/') ||
        snprintf(path, sizeof path, "%s/keys/%s", r->dir, name) >= PATH_BYTES)
        REFUSE(CONFIG, "credential.file", "provider %s: its credential needs a file below keys/",
               r->pub->name);
    const err e = file_open(path, O_RDONLY | O_NOFOLLOW, 0, ret);
    if (e.code)
        REFUSE(CONFIG, "credential.file", "provider %s: keys/%s cannot be opened", r->pub->name,
               name);
    return check_key_file(r, *ret, name);
}

static fallible
read_key(const struct reader *r, const char *name)
{
    AUTO(fd) f = -1;
    AUTO(secret) text = {.at = NULL};
    size_t len = 0;
    TRY(open_key(r, name, &f));
    TRY(secret_get(&text, KEY_FILE_MAX));
    TRY(file_read_at(f, 0, text.at, text.len, &len));
    if (len == text.len)
        REFUSE(CONFIG, "credential.file", "provider %s: keys/%s is too large", r->pub->name, name);
    return take_key(r, (str){(const char *)text.at, len});
}

static fallible
read_credential(struct reader *r)
{
    static const char *const schemes[] = {"none", "bearer", "x-api-key", "sigv4", "headers", NULL};
    const struct credential_text *const t = r->text->credential;
    struct provider_credential *const c = &r->p->credential;
    if (!t)
        return OK;
    TRY(pick(r, "credential.scheme", t->scheme, schemes, &c->scheme));
    TRY(PUT(r, "credential.region", t->region, c->region));
    TRY(PUT(r, "credential.service", t->service, c->service));
    if (c->scheme == SCHEME_SIGV4 && (!c->region[0] || !c->service[0]))
        REFUSE(CONFIG, "credential", "provider %s: sigv4 needs region and service", r->pub->name);
    return c->scheme == SCHEME_NONE ? OK : read_key(r, t->file);
}

/* ---- limits */

typedef fallible number_fn(str s, uint64_t min, uint64_t max, uint64_t *ret);

struct limit {
    const char *key;
    size_t text, number; /* places in limits_text and provider_limits */
    number_fn *read;
    uint64_t value, min, max;
};

#define LIMIT(key, field, read, value, min, max)                                                   \
    {                                                                                              \
        "limits." #key, offsetof(struct limits_text, key),                                         \
            offsetof(struct provider_limits, field), read, value, min, max                         \
    }

static const struct limit limits[] = {
    LIMIT(connect, connect_ms, num_ms, 10000, 10, 600000),
    LIMIT(head, head_ms, num_ms, 120000, 10, 3600000),
    LIMIT(idle, idle_ms, num_ms, 60000, 10, 3600000),
    LIMIT(total, total_ms, num_ms, 600000, 10, 86400000),
    LIMIT(keep, keep_ms, num_ms, 30000, 1, 3600000),
    LIMIT(open, open_ms, num_ms, 1000, 1, 600000),
    LIMIT(answer_bytes_max, answer_bytes_max, num_bytes, 64 << 20, 1, UINT64_C(1) << 32),
    LIMIT(connections_max, connections_max, num_u64, 64, 1, 1024),
    LIMIT(queue_max, queue_max, num_u64, 256, 0, 4096),
    LIMIT(repeats_max, repeats_max, num_u64, 2, 0, 10),
    LIMIT(failures_max, failures_max, num_u64, 5, 1, 1000),
};

static fallible
read_limit(const struct reader *r, const struct limit *l)
{
    uint64_t value = l->value;
    const char *text = NULL;
    if (r->text->limits)
        memcpy(&text, (const char *)r->text->limits + l->text, sizeof text);
    if (text && l->read(str_of(text), l->min, l->max, &value).code)
        REFUSE(CONFIG, l->key, "provider %s: %s is a number of %llu to %llu (times in ms, or 5s)",
               r->pub->name, l->key, (unsigned long long)l->min, (unsigned long long)l->max);
    memcpy((char *)&r->p->limits + l->number, &value, sizeof value);
    return OK;
}

static fallible
read_limits(struct reader *r)
{
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        TRY(read_limit(r, &limits[i]));
    return OK;
}

/* ---- models */

static fallible
read_currency(struct reader *r)
{
    const struct currency_text *const t = r->text->currency;
    r->rate = MICRO_EURO;
    if (!t)
        return OK;
    if (strlen(t->code) != 3 || strspn(t->code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
        REFUSE(CONFIG, "currency", "provider %s: a currency's code is three letters, as USD",
               r->pub->name);
    if (num_u64(str_of(t->micro_euro), 1, RATE_MAX, &r->rate).code)
        REFUSE(CONFIG, "currency",
               "provider %s: currency.micro_euro is what one %s is worth in millionths of a euro, "
               "a whole number of 1 to %d",
               r->pub->name, t->code, RATE_MAX);
    if (strcmp(t->code, "EUR") == 0 && r->rate != MICRO_EURO)
        REFUSE(CONFIG, "currency", "provider %s: a euro is worth 1000000 micro-euro", r->pub->name);
    return OK;
}

static fallible
read_price(const struct reader *r, const char *text, uint64_t *ret)
{
    uint64_t n;
    if (num_u64(str_of(text), 0, PRICE_MAX, &n).code || price_convert(n, r->rate, ret).code)
        REFUSE(CONFIG, "models",
               "provider %s: a price is a whole number of millionths for a million tokens",
               r->pub->name);
    return OK;
}

static fallible
read_prices(const struct reader *r, const struct model_text *t, struct provider_model *m)
{
    if (!t->in != !t->out || (t->cached && !t->in))
        REFUSE(CONFIG, "models",
               "provider %s: the model %.100s has a price of one kind only; say in and out",
               r->pub->name, t->name);
    m->is_priced = t->in != NULL;
    if (!t->in)
        return OK;
    TRY(read_price(r, t->in, &m->micro_euro_in));
    TRY(read_price(r, t->cached ? t->cached : t->in, &m->micro_euro_cached));
    return read_price(r, t->out, &m->micro_euro_out);
}

static fallible
read_model(struct reader *r, const struct model_text *t)
{
    struct provider_list *const l = &r->all->list;
    if (l->model_count == PROVIDER_MODELS_MAX)
        REFUSE(CONFIG, "models", "at most %d models of all providers together",
               PROVIDER_MODELS_MAX);
    if (provider_list_model(l, str_of(r->pub->name), str_of(t->name)))
        REFUSE(CONFIG, "models", "provider %s: the model %.100s is there twice", r->pub->name,
               t->name);
    struct provider_model *const m = &l->models[l->model_count];
    m->provider = (uint32_t)(r->pub - l->at);
    TRY(PUT(r, "models.name", t->name, m->name));
    TRY(read_prices(r, t, m));
    l->model_count++;
    return OK;
}

/* ---- a provider, and all of them */

static fallible
read_public(struct reader *r)
{
    static const char *const dialects[] = {"openai", "anthropic", "bedrock",
                                           "hoheit", "otlp",      NULL};
    const struct contract_text *const c = r->text->contract;
    TRY(read_name(r));
    TRY(pick(r, "dialect", r->text->dialect, dialects, &r->pub->dialect));
    TRY(PUT(r, "sink", r->text->sink, r->pub->sink));
    TRY(PUT(r, "region", r->text->region, r->pub->region));
    if (c) {
        TRY(PUT(r, "contract.id", c->id, r->pub->contract));
        TRY(PUT(r, "contract.processor", c->processor, r->pub->processor));
        TRY(PUT(r, "contract.basis", c->basis, r->pub->basis));
    }
    return OK;
}

static fallible
read_one(struct reader *r)
{
    TRY(read_public(r));
    TRY(read_url(r));
    TRY(read_tls(r));
    TRY(read_credential(r));
    TRY(read_limits(r));
    TRY(read_currency(r));
    if (r->pub->dialect == PROVIDER_OTLP && r->text->models_count)
        REFUSE(CONFIG, "models", "provider %s: a collector has no models", r->pub->name);
    r->all->list.count++; /* from here on it is found */
    for (uint32_t i = 0; i < r->text->models_count; i++)
        TRY(read_model(r, &r->text->models[i]));
    return OK;
}

static struct reader
reader_of(arena *a, const char *data_dir, const struct provider_text *text, struct providers *all)
{
    const uint32_t i = all->list.count;
    ASSERT(i < PROVIDERS_MAX);
    return (struct reader){.a = a,
                           .dir = data_dir,
                           .text = text,
                           .all = all,
                           .pub = &all->list.at[i],
                           .p = &all->at[i]};
}

/* A key of a witness is not read here: whoever takes its signatures does (super/cosign_keys.h). */
static fallible
read_witness(arena *a, const struct witness_text *w, const char *data_dir, struct providers *all)
{
    const struct provider_text text = {
        .name = w->name, .url = w->url, .tls = w->tls, .limits = w->limits};
    struct reader r = reader_of(a, data_dir, &text, all);
    TRY(read_name(&r));
    r.pub->dialect = PROVIDER_WITNESS;
    TRY(PUT(&r, "key", w->key, r.pub->key));
    TRY(read_url(&r));
    TRY(read_tls(&r));
    TRY(read_limits(&r));
    all->list.count++;
    return OK;
}

static fallible
read_all(arena *a, const providers_yaml *y, const char *data_dir, struct providers *all)
{
    if (!str_eq(str_of(y->version), STR("1")))
        REFUSE(CONFIG, "version", "providers.yaml: this program reads version 1");
    if (y->providers_count + y->witnesses_count > PROVIDERS_MAX)
        REFUSE(CONFIG, "witnesses", "providers.yaml: at most %d providers and witnesses together",
               PROVIDERS_MAX);
    for (uint32_t i = 0; i < y->providers_count; i++) {
        struct reader r = reader_of(a, data_dir, &y->providers[i], all);
        TRY(read_one(&r));
    }
    for (uint32_t i = 0; i < y->witnesses_count; i++)
        TRY(read_witness(a, &y->witnesses[i], data_dir, all));
    return OK;
}

fallible
providers_parse(arena *a, str yaml, const char *data_dir, struct providers *ret)
{
    AUTO(providers_yaml) *y = NULL;
    memset(ret, 0, sizeof *ret);
    ret->version = PROVIDERS_VERSION;
    TRY(providers_yaml_read(yaml, &y));
    const err e = read_all(a, y, data_dir, ret);
    if (e.code)
        wipe(ret, sizeof *ret);
    return e;
}

fallible
providers_read(arena *a, const char *data_dir, struct providers *ret)
{
    str yaml;
    const char *const path = file_join(a, data_dir, "providers.yaml");
    const err e = file_read(a, path, PROVIDERS_YAML_MAX, &yaml);
    memset(ret, 0, sizeof *ret);
    ret->version = PROVIDERS_VERSION;
    if (e.code == ERR_NOT_FOUND)
        return OK;
    TRY(e);
    TRY(providers_parse(a, yaml, data_dir, ret));
    return OK;
}

fallible
providers_check_sinks(const struct providers *p, const struct label_names *names)
{
    for (uint32_t i = 0; i < p->list.count; i++) {
        label sink;
        if (provider_is_witness(&p->list.at[i]))
            continue;
        if (label_parse(names, str_of(p->list.at[i].sink), &sink).code)
            REFUSE(CONFIG, "sink", "provider %s: its sink is no label of the policy",
                   p->list.at[i].name);
    }
    return OK;
}
