/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/router.h"

#include "base/enc.h"
#include "base/utf8.h"

static bool
is_argument(str segment)
{
    return segment.len > 2 && segment.at[0] == '{';
}

/* Takes one segment of the path; false when it does not fit the pattern's. */
static bool
match_segment(str want, str have, str args[API_ARGS_MAX], size_t *taken)
{
    if (!is_argument(want))
        return str_eq(want, have);
    if (!have.len || *taken == API_ARGS_MAX)
        return false;
    args[(*taken)++] = have;
    return true;
}

/* Up to the first brace they are the same, which rules most routes out. */
static bool
begins_alike(const char *pattern, str path)
{
    size_t i = 0;
    while (i < path.len && pattern[i] == path.at[i] && pattern[i] != '{')
        i++;
    return !pattern[i] || pattern[i] == '{';
}

static bool
match(const char *pattern, str path, str args[API_ARGS_MAX])
{
    if (!begins_alike(pattern, path))
        return false;
    str want = str_of(pattern), have = path, w, h;
    size_t taken = 0;
    while (str_next(&want, '/', &w)) {
        if (str_starts(w, STR("{...")) && taken < API_ARGS_MAX) {
            args[taken] = have;
            return have.len > 0;
        }
        if (!str_next(&have, '/', &h) || !match_segment(w, h, args, &taken))
            return false;
    }
    return !have.at;
}

static bool
is_method(enum http_method want, enum http_method m)
{
    return want == m || (want == HTTP_GET && m == HTTP_HEAD);
}

static unsigned
rank_of(const struct route *r, const struct dialect *spoken)
{
    if (!r)
        return 0;
    if (r->dialect && r->dialect == spoken)
        return 3;
    return r->dialect && r->dialect->marker ? 1 : 2;
}

struct routed
route_find(const struct route_table *tables, size_t count, enum http_method m, str path,
           const struct dialect *spoken)
{
    struct routed found = {.route = NULL};
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            const struct route *r = &tables[t].routes[i];
            str args[API_ARGS_MAX] = {{NULL, 0}};
            if (!match(r->pattern, path, args))
                continue;
            found.allowed |= 1u << r->method;
            if (!is_method(r->method, m) || rank_of(found.route, spoken) >= rank_of(r, spoken))
                continue;
            found.route = r;
            memcpy(found.args, args, sizeof args);
        }
    }
    return found;
}

str
route_allow(uint32_t allowed, char room[64])
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    AUTO(buf) b = BUF(64);
    if (allowed & (1u << HTTP_GET))
        allowed |= 1u << HTTP_HEAD;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (allowed & (1u << i))
            buf_add_fmt(&b, "%s%s", b.len ? ", " : "", names[i]);
    return str_copy(buf_str(&b), room, 64) ? (str){room, b.len} : STR_NONE;
}

fallible
percent_decode(arena *a, str s, str *ret)
{
    void *room;
    TRY(try_arena_get(a, s.len + 1, 1, &room));
    char *out = room;
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] != '%') {
            out[n++] = s.at[i];
            continue;
        }
        if (hex_read(str_slice(s, i + 1, i + 3), &out[n], 1).code || !out[n])
            REFUSE(ARGUMENT, "", "the address holds a malformed percent-escape");
        n++;
        i += 2;
    }
    const str decoded = {out, n};
    if (!utf8_valid(decoded))
        REFUSE(ARGUMENT, "", "the address is not UTF-8");
    *ret = decoded;
    return OK;
}

const char *
route_absent(str path)
{
    static const struct {
        const char *begins, *why;
    } known[] = {
        {"/v1/audio/", "no model here can hear or speak (capability \"audio\")"},
        {"/v1/realtime", "no model here can hear or speak (capability \"audio\"); text is streamed "
                         "by /v1/chat/completions and /v1/responses"},
        {"/v1/images/", "no model here makes images (capability \"image output\")"},
        {"/v1/videos", "no model here makes films (capability \"image output\")"},
        {"/v1/fine_tuning/", "models are not trained here; `hoheit model add FILE --adapter-of "
                             "MODEL` takes what was trained elsewhere"},
        {"/v1/assistants", "/v1/responses has taken the place of assistants"},
        {"/v1/threads", "/v1/conversations has taken the place of threads"},
        {"/v1/uploads", "files are sent whole, to /v1/files"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_starts(path, str_of(known[i].begins)))
            return known[i].why;
    return NULL;
}
