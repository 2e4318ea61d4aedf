/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/text/words.h"

#include "base/map.h"
#include "know/text/lex.h"
#include "know/text/stem.h"

static const str stops[] = {
#define STOP(word, class) STR_INIT(word),
#include "know/text/stop.def"
#undef STOP
};

static const struct saying {
    str said, official;
} sayings[] = {
#define EVERYDAY(said, official) {STR_INIT(said), STR_INIT(official)},
#include "know/text/everyday.def"
#undef EVERYDAY
};

struct everyday {
    map sayings; /* stems with blanks between, to the saying */
};

enum { KEY_MAX = EVERYDAY_WORDS_MAX * (STEM_MAX + 1) };

bool
words_is_stop(str word)
{
    size_t from = 0, to = sizeof stops / sizeof *stops;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        const int c = str_cmp(word, stops[middle]);
        if (c == 0)
            return true;
        if (c < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return false;
}

static void
drop_map(void *what)
{
    map_done(what);
}

/* The stems of what is said, blanks between, into `room`. */
static str
key_of(str said, char room[KEY_MAX])
{
    struct lex l;
    struct lexeme x;
    size_t len = 0, count = 0;
    lex_begin(&l, said);
    while (lex_next(&l, &x) && count++ < EVERYDAY_WORDS_MAX) {
        char stem[STEM_MAX];
        const str s = stem_german(x.text, stem);
        ASSERT(len + s.len + 1 < KEY_MAX);
        if (len)
            room[len++] = ' ';
        memcpy(room + len, s.at, s.len);
        len += s.len;
    }
    return (str){room, len};
}

fallible
everyday_open(arena *a, const everyday **ret)
{
    everyday *const e = arena_new(a, everyday);
    arena_on_end(a, drop_map, &e->sayings);
    for (size_t i = 0; i < sizeof sayings / sizeof *sayings; i++) {
        char room[KEY_MAX];
        str key;
        TRY(try_arena_str(a, key_of(sayings[i].said, room), &key));
        TRY(map_put(&e->sayings, key, (void *)(uintptr_t)(i + 1)));
    }
    *ret = e;
    return OK;
}

size_t
everyday_find(const everyday *e, const str *stems, size_t count, str *ret_official)
{
    char room[KEY_MAX];
    size_t len = 0, best = 0;
    for (size_t n = 0; n < count && n < EVERYDAY_WORDS_MAX; n++) {
        if (len + stems[n].len + 1 >= KEY_MAX || stems[n].len > STEM_MAX)
            break;
        if (n)
            room[len++] = ' ';
        memcpy(room + len, stems[n].at, stems[n].len);
        len += stems[n].len;
        const size_t at = (size_t)(uintptr_t)map_get(&e->sayings, (str){room, len});
        if (at) {
            ASSERT(at <= sizeof sayings / sizeof *sayings);
            *ret_official = sayings[at - 1].official;
            best = n + 1;
        }
    }
    return best;
}
