/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "os/file.h"
#include "os/sys.h"

enum { FILE_BYTES_MAX = 256 * 1024, FILES_MAX = 128, KEY_MAX = 64, REASON_MAX = 200 };

/* How many parameters there are, as a constant. */
enum {
    PARAMS = 0
#define PARAM_U(section, name, value, min, max, unit, doc) +1
#define PARAM_S(section, name, value, doc) +1
#include "base/params.def"
#undef PARAM_U
#undef PARAM_S
};

struct reader {
    yaml_parser_t yaml;
    const char *name;
    struct params *p;
    bool seen[PARAMS]; /* by place in param_table */
};
typedef struct reader reader;

static void
reader_auto(reader *r)
{
    yaml_parser_delete(&r->yaml);
}

static void
yaml_event_t_auto(yaml_event_t *e)
{
    yaml_event_delete(e);
}

/* ---- the nearest known key, for the operator who mistyped one */

static size_t
min3(size_t a, size_t b, size_t c)
{
    const size_t m = a < b ? a : b;
    return m < c ? m : c;
}

/* Levenshtein's distance with one row; both at most KEY_MAX long. */
static size_t
distance(str a, str b)
{
    size_t row[KEY_MAX + 1];
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            const size_t up = row[j], same = diagonal + (a.at[i - 1] != b.at[j - 1]);
            row[j] = min3(up + 1, row[j - 1] + 1, same);
            diagonal = up;
        }
    }
    return row[b.len];
}

/* NULL when nothing is near: at most a third of the letters differ. */
static const char *
nearest(str key)
{
    size_t best = key.len / 3 + 1;
    const char *found = NULL;
    for (size_t i = 0; key.len <= KEY_MAX && i < param_count; i++) {
        const str known = str_of(param_table[i].key);
        const size_t d = known.len <= KEY_MAX ? distance(key, known) : best;
        if (d < best) {
            best = d;
            found = param_table[i].key;
        }
    }
    return found;
}

/* ---- one file */

static size_t
line_of(yaml_mark_t m)
{
    return m.line + 1;
}

static fallible
next(reader *r, yaml_event_t *ret)
{
    if (yaml_parser_parse(&r->yaml, ret))
        return OK;
    memset(ret, 0, sizeof *ret);
    if (r->yaml.error == YAML_MEMORY_ERROR)
        FAIL(LIMIT, "no memory to read %s", r->name);
    /* Bytes that are no UTF-8 are found before there is a mark for them. */
    const bool in_text = r->yaml.error != YAML_READER_ERROR;
    const size_t line = line_of(in_text ? r->yaml.problem_mark : r->yaml.mark);
    FAIL(CONFIG, "%s:%zu: %s", r->name, line, r->yaml.problem ? r->yaml.problem : "not YAML");
}

/* The next event is of this type. */
static fallible
expect(reader *r, yaml_event_type_t type, const char *otherwise)
{
    AUTO(yaml_event_t) e;
    TRY(next(r, &e));
    if (e.type != type)
        FAIL(CONFIG, "%s:%zu: %s", r->name, line_of(e.start_mark), otherwise);
    return OK;
}

static str
scalar(const yaml_event_t *e)
{
    return (str){(const char *)e->data.scalar.value, e->data.scalar.length};
}

/* A key in a message: as it stands if it looks like one, else not at all. */
static str
shown(str key)
{
    for (size_t i = 0; i < key.len; i++) {
        const char c = key.at[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '_')
            return STR("of this name");
    }
    return key.len && key.len <= KEY_MAX ? key : STR("of this name");
}

static fallible
check_key(reader *r, str key, size_t line)
{
    const struct param_info *i = param_find(key);
    if (i) {
        bool *seen = &r->seen[i - param_table];
        if (*seen)
            FAIL(CONFIG, "%s:%zu: %s is given twice", r->name, line, i->key);
        *seen = true;
        return OK;
    }
    const char *near = nearest(key);
    if (near)
        FAIL(CONFIG, "%s:%zu: there is no parameter %.*s; did you mean %s?", r->name, line,
             STR_FMT(shown(key)), near);
    FAIL(CONFIG, "%s:%zu: there is no parameter %.*s; `hoheit doc params` lists all", r->name, line,
         STR_FMT(shown(key)));
}

static fallible
read_pair(reader *r, const yaml_event_t *key)
{
    const size_t line = line_of(key->start_mark);
    if (key->type != YAML_SCALAR_EVENT)
        FAIL(CONFIG, "%s:%zu: a line is \"section.name: value\"", r->name, line);
    TRY(check_key(r, scalar(key), line));
    AUTO(yaml_event_t) value;
    TRY(next(r, &value));
    if (value.type != YAML_SCALAR_EVENT)
        FAIL(CONFIG, "%s:%zu: the value must be one number or text", r->name, line);
    const err e = params_set(r->p, scalar(key), scalar(&value));
    if (!e.code)
        return OK;
    char reason[REASON_MAX];
    snprintf(reason, sizeof reason, "%s", err_public(e));
    FAIL(CONFIG, "%s:%zu: %s", r->name, line, reason);
}

static fallible
read_pairs(reader *r)
{
    for (;;) {
        AUTO(yaml_event_t) key;
        TRY(next(r, &key));
        if (key.type == YAML_MAPPING_END_EVENT)
            return OK;
        TRY(read_pair(r, &key));
    }
}

/* What stands in a document: pairs, or nothing but comments. */
static fallible
read_document(reader *r)
{
    AUTO(yaml_event_t) e;
    TRY(next(r, &e));
    if (e.type == YAML_MAPPING_START_EVENT)
        TRY(read_pairs(r));
    else if (e.type != YAML_SCALAR_EVENT || e.data.scalar.length)
        FAIL(CONFIG, "%s:%zu: a line is \"section.name: value\"", r->name, line_of(e.start_mark));
    TRY(expect(r, YAML_DOCUMENT_END_EVENT, "unexpected text"));
    TRY(expect(r, YAML_STREAM_END_EVENT, "a file holds one document"));
    return OK;
}

static fallible
read_stream(reader *r)
{
    TRY(expect(r, YAML_STREAM_START_EVENT, "unexpected text"));
    AUTO(yaml_event_t) e;
    TRY(next(r, &e));
    if (e.type == YAML_STREAM_END_EVENT)
        return OK;
    ASSERT(e.type == YAML_DOCUMENT_START_EVENT);
    TRY(read_document(r));
    return OK;
}

fallible
config_read_text(const char *name, str text, struct params *p)
{
    struct params changed = *p;
    AUTO(reader) r = {.name = name, .p = &changed};
    if (fault_now() || !yaml_parser_initialize(&r.yaml))
        FAIL(LIMIT, "no memory to read %s", name);
    yaml_parser_set_encoding(&r.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.yaml, (const unsigned char *)(text.at ? text.at : ""),
                                 text.len);
    TRY(read_stream(&r));
    *p = changed;
    return OK;
}

fallible
config_read_file(arena *a, const char *path, struct params *p)
{
    str text;
    TRY(file_read(a, path, FILE_BYTES_MAX, &text));
    TRY(config_read_text(path, text, p));
    return OK;
}

/* ---- the three drawers */

static fallible
read_if_there(arena *a, const char *path, struct params *p)
{
    const err e = config_read_file(a, path, p);
    if (e.code && e.code != ERR_NOT_FOUND)
        TRY(e);
    return OK;
}

static bool
is_yaml(const char *name)
{
    return name[0] != '.' && str_ends(str_of(name), STR(".yaml"));
}

/* Order of bytes, whatever the locale says. */
static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static fallible
list_files(arena *a, DIR *d, const char *dir, const char **files, size_t *ret_count)
{
    size_t count = 0;
    const struct dirent *e;
    while ((errno = 0, e = readdir(d))) {
        if (!is_yaml(e->d_name))
            continue;
        if (count == FILES_MAX)
            FAIL(CONFIG, "%s holds more than %d files", dir, FILES_MAX);
        files[count++] = file_join(a, dir, e->d_name);
    }
    if (errno)
        return file_errno("read", dir);
    qsort(files, count, sizeof *files, by_name);
    *ret_count = count;
    return OK;
}

static fallible
read_drawer(arena *a, const char *dir, struct params *p)
{
    const char *files[FILES_MAX];
    size_t count = 0;
    DIR *d = SYS_PTR(opendir(dir));
    if (!d && errno == ENOENT)
        return OK;
    if (!d)
        return file_errno("read", dir);
    const err e = list_files(a, d, dir, files, &count);
    closedir(d);
    TRY(e);
    for (size_t i = 0; i < count; i++)
        TRY(config_read_file(a, files[i], p));
    return OK;
}

fallible
config_read(arena *a, const char *dir, struct params *ret)
{
    struct params p;
    params_default(&p);
    TRY(read_if_there(a, file_join(a, dir, "hoheit.yaml"), &p));
    TRY(read_drawer(a, file_join(a, dir, "local.d"), &p));
    TRY(read_drawer(a, file_join(a, dir, "override.d"), &p));
    *ret = p;
    return OK;
}
