/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/pack.h"

#include <zip.h>

#include "base/fault.h"

enum { STEP = 64 * 1024 };

struct pack {
    zip_t *z;
};

typedef zip_file_t *member;

static void
member_auto(member *m)
{
    if (*m)
        (void)zip_fclose(*m);
}

fallible
pack_open(str bytes, pack **ret)
{
    zip_error_t why;
    if (!bytes.len)
        REFUSE(PARSE, "", "is empty");
    zip_error_init(&why);
    AUTO(pack) *p = mem_get(sizeof *p);
    if (!p)
        FAIL(LIMIT, "no memory for a zip file");
    *p = (pack){0};
    zip_source_t *const source = zip_source_buffer_create(bytes.at, bytes.len, 0, &why);
    if (!source)
        FAIL(LIMIT, "no memory for a zip file");
    p->z = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &why);
    if (!p->z) {
        zip_source_free(source);
        REFUSE(PARSE, "", "is no whole zip file");
    }
    if (zip_get_num_entries(p->z, 0) > PACK_MEMBERS_MAX)
        REFUSE(PARSE, "", "has more than %d parts", PACK_MEMBERS_MAX);
    *ret = TAKE(p);
    return OK;
}

void
pack_close(pack *p)
{
    if (p && p->z)
        zip_discard(p->z);
    mem_free(p);
}

static fallible
find(pack *p, const char *name, zip_uint64_t *ret)
{
    size_t found = 0;
    const zip_int64_t count = zip_get_num_entries(p->z, 0);
    for (zip_int64_t i = 0; i < count; i++) {
        const char *const at = zip_get_name(p->z, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        if (at && strcmp(at, name) == 0) {
            *ret = (zip_uint64_t)i;
            found++;
        }
    }
    if (found > 1)
        REFUSE(PARSE, "", "holds %s twice", name);
    if (!found)
        FAIL(NOT_FOUND, "there is no part %s", name);
    return OK;
}

static fallible
inflate_all(zip_file_t *m, buf *b)
{
    char room[STEP];
    size_t all = 0;
    for (;;) {
        const zip_int64_t n = zip_fread(m, room, sizeof room);
        if (n < 0)
            REFUSE(PARSE, "", "has a part that is damaged");
        if (n == 0)
            return OK;
        all += (size_t)n;
        if (all > PACK_PART_BYTES_MAX)
            REFUSE(LIMIT, "", "has a part that grows beyond %d MiB",
                   PACK_PART_BYTES_MAX / (1024 * 1024));
        buf_add(b, (str){room, (size_t)n});
    }
}

fallible
pack_read(pack *p, const char *name, buf *b)
{
    zip_uint64_t at = 0;
    zip_stat_t st;
    ASSERT(p && p->z);
    TRY(find(p, name, &at));
    if (zip_stat_index(p->z, at, 0, &st) != 0)
        REFUSE(PARSE, "", "has a part that is damaged");
    if (st.valid & ZIP_STAT_ENCRYPTION_METHOD && st.encryption_method != ZIP_EM_NONE)
        REFUSE(PARSE, "", "is protected by a password");
    AUTO(member) m = zip_fopen_index(p->z, at, 0);
    if (!m)
        REFUSE(PARSE, "", "has a part that cannot be unpacked");
    TRY(inflate_all(m, b));
    return buf_end(b);
}
