/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/grammar.h"

enum { IN_TOKEN = 1, IN_HOST = 2, IN_PATH = 4, IN_QUERY = 8 };

#define ALL (IN_TOKEN | IN_HOST | IN_PATH | IN_QUERY)
#define URL (IN_PATH | IN_QUERY)

/* Which byte may stand where; '%' is looked at by percent_valid. */
static const uint8_t class[256] = {
    ['0' ... '9'] = ALL,
    ['A' ... 'Z'] = ALL,
    ['a' ... 'z'] = ALL,
    ['-'] = ALL,
    ['.'] = ALL,
    ['_'] = ALL,
    ['~'] = ALL,
    ['!'] = IN_TOKEN | URL,
    ['$'] = IN_TOKEN | URL,
    ['%'] = IN_TOKEN | URL,
    ['&'] = IN_TOKEN | URL,
    ['\''] = IN_TOKEN | URL,
    ['*'] = IN_TOKEN | URL,
    ['+'] = IN_TOKEN | URL,
    ['#'] = IN_TOKEN,
    ['('] = URL,
    [')'] = URL,
    [','] = URL,
    [';'] = URL,
    ['='] = URL,
    [':'] = URL,
    ['@'] = URL,
    ['/'] = URL,
    ['['] = URL,
    [']'] = URL,
    ['|'] = IN_TOKEN | URL,
    ['^'] = IN_TOKEN | IN_QUERY,
    ['`'] = IN_TOKEN | IN_QUERY,
    ['?'] = IN_QUERY,
    ['{'] = IN_QUERY,
    ['}'] = IN_QUERY,
    ['\\'] = IN_QUERY,
};

static bool
all_in(str s, uint8_t where)
{
    for (size_t i = 0; i < s.len; i++)
        if (!(class[(uint8_t)s.at[i]] & where))
            return false;
    return true;
}

enum http_method
method_find(str name)
{
    static const struct {
        str name;
        enum http_method method;
    } known[] = {
        {STR_INIT("GET"), HTTP_GET},         {STR_INIT("HEAD"), HTTP_HEAD},
        {STR_INIT("POST"), HTTP_POST},       {STR_INIT("PUT"), HTTP_PUT},
        {STR_INIT("PATCH"), HTTP_PATCH},     {STR_INIT("DELETE"), HTTP_DELETE},
        {STR_INIT("OPTIONS"), HTTP_OPTIONS},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(name, known[i].name))
            return known[i].method;
    return HTTP_OTHER;
}

bool
token_valid(str s)
{
    return s.len && all_in(s, IN_TOKEN);
}

static bool
port_valid(str s)
{
    if (s.len > 5)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
    return true;
}

/* "[" IPv6 or IPvFuture "]": the characters only, nobody here connects to it. */
static bool
literal_valid(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!(class[(uint8_t)s.at[i]] & IN_HOST) && s.at[i] != ':')
            return false;
    return s.len >= 2;
}

bool
host_valid(str s)
{
    str host = s, port = STR_NONE;
    if (s.len && s.at[0] == '[') {
        const ptrdiff_t end = str_find_char(s, ']');
        if (end < 0 || !literal_valid(str_slice(s, 1, (size_t)end)))
            return false;
        port = str_slice(s, (size_t)end + 1, s.len);
        return !port.len || (port.at[0] == ':' && port_valid(str_slice(port, 1, port.len)));
    }
    const ptrdiff_t colon = str_find_char(s, ':');
    if (colon >= 0) {
        host = str_slice(s, 0, (size_t)colon);
        port = str_slice(s, (size_t)colon + 1, s.len);
    }
    return host.len && all_in(host, IN_HOST) && port_valid(port);
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Every '%' is followed by two digits and is no NUL. */
static bool
percent_valid(str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] != '%')
            continue;
        if (s.len - i < 3)
            return false;
        const int high = hex_digit(s.at[i + 1]), low = hex_digit(s.at[i + 2]);
        if (high < 0 || low < 0 || high + low == 0)
            return false;
    }
    return true;
}

/* "." and "..", also with "%2e": clients resolve them before they send (RFC 3986, 5.2.4). */
static bool
is_dot_segment(str s)
{
    size_t dots = 0;
    for (size_t i = 0; i < s.len; dots++) {
        if (s.at[i] == '.')
            i += 1;
        else if (s.len - i >= 3 && s.at[i] == '%' && s.at[i + 1] == '2' &&
                 (s.at[i + 2] | 32) == 'e')
            i += 3;
        else
            return false;
    }
    return dots == 1 || dots == 2;
}

static bool
has_dot_segment(str path)
{
    str segment;
    while (str_next(&path, '/', &segment))
        if (is_dot_segment(segment))
            return true;
    return false;
}

/* Takes "http://host" off; what is left begins with '/', '?' or is empty. */
static fallible
absolute_split(str *target, str *ret_host)
{
    const size_t scheme = str_starts(*target, STR("http://"))    ? 7
                          : str_starts(*target, STR("https://")) ? 8
                                                                 : 0;
    if (!scheme)
        REFUSE(PARSE, "", "The request target must begin with a slash or be a http URL.");
    size_t end = scheme;
    while (end < target->len && target->at[end] != '/' && target->at[end] != '?')
        end++;
    const str host = str_slice(*target, scheme, end);
    if (!host_valid(host))
        REFUSE(PARSE, "", "The request target names no valid host.");
    *target = str_slice(*target, end, target->len);
    *ret_host = host;
    return OK;
}

fallible
target_split(str target, enum http_method method, str *ret_path, str *ret_query, str *ret_host)
{
    str host = STR_NONE, path = target, query = STR_NONE;
    if (method == HTTP_OPTIONS && str_eq(target, STR("*"))) {
        *ret_path = target, *ret_query = *ret_host = STR_NONE;
        return OK;
    }
    if (!target.len || target.at[0] != '/')
        TRY(absolute_split(&path, &host));
    const ptrdiff_t mark = str_find_char(path, '?');
    if (mark >= 0) {
        query = str_slice(path, (size_t)mark + 1, path.len);
        path = str_slice(path, 0, (size_t)mark);
    }
    if (!all_in(path, IN_PATH) || !all_in(query, IN_QUERY))
        REFUSE(PARSE, "", "The request target holds a character that must be percent-encoded.");
    if (!percent_valid(path) || !percent_valid(query))
        REFUSE(PARSE, "", "The request target holds an invalid percent-encoding.");
    if (has_dot_segment(path))
        REFUSE(PARSE, "", "The request target holds a dot segment.");
    *ret_path = path.len ? path : STR("/");
    *ret_query = query;
    *ret_host = host;
    return OK;
}
