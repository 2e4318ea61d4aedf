/* SPDX-License-Identifier: EUPL-1.2 */
/* A model file comes as the body of POST /admin/v1/models?name=…, is hashed on the way into a
 * hidden file and takes its digest's name when it is whole and valid (gate/admin.h).  Until then
 * nobody sees it; a client that goes away leaves nothing behind.  Who may not add models is told
 * so before the first byte. */
#include <fcntl.h>

#include "api/admin/admin_api.h"
#include "os/file.h"

struct upload {
    struct api_call *call;
    sha256 *hash;
    fd file;
    const char *incoming; /* path while it grows; NULL: never made */
    struct err_kept failure;
};

static void
upload_done(void *p)
{
    struct upload *u = p;
    sha256_free(u->hash);
    fd_auto(&u->file);
    if (u->incoming)
        IGNORE(file_remove(u->incoming)); /* gone when it was taken; else swept at the next start */
}

static const char *
models_dir(const struct api_call *c)
{
    return gate_parts_of(c->gate)->models_dir;
}

static fallible
open_incoming(struct upload *u)
{
    const str id = http_request_id(u->call->x);
    const char *path = file_join(u->call->a, models_dir(u->call),
                                 arena_fmt(u->call->a, MODEL_INCOMING "%.*s", STR_FMT(id)).at);
    TRY(sha256_new(&u->hash));
    TRY(file_open(path, O_RDWR | O_CREAT | O_EXCL, 0600, &u->file));
    u->incoming = path;
    return OK;
}

void
admin_upload_begin(struct api_call *c)
{
    const err denied = gate_allow(c->gate, c->session, OP_MODEL_ADD, http_request_id(c->x), c->a);
    if (denied.code) {
        api_fail(c, denied);
        return;
    }
    struct upload *u = arena_new(c->a, struct upload);
    u->call = c;
    u->file = -1;
    c->own = u;
    arena_on_end(c->a, upload_done, u);
    err_keep(&u->failure, open_incoming(u));
}

static fallible
take(struct upload *u, str piece)
{
    TRY(sha256_add(u->hash, piece));
    return file_write_all(u->file, piece);
}

void
admin_upload_data(struct api_call *c, str piece)
{
    struct upload *u = c->own;
    if (!u->failure.e.code)
        err_keep(&u->failure, take(u, piece));
    if (u->failure.e.code)
        api_fail(c, err_again(&u->failure));
}

static fallible
read_wish(struct api_call *c, struct model_wish *m)
{
    static const char *const known[] = {"name",   "licence", "label",      "origin",       "toy",
                                        "remote", "embed",   "adapter_of", "projector_of", NULL};
    str embed;
    TRY(api_query_only(c, known));
    TRY(api_query(c, STR("name"), &m->name));
    TRY(api_query(c, STR("licence"), &m->licence));
    TRY(api_query(c, STR("label"), &m->label));
    TRY(api_query(c, STR("origin"), &m->origin));
    TRY(api_query(c, STR("remote"), &m->remote));
    TRY(api_query(c, STR("adapter_of"), &m->adapter_of));
    TRY(api_query(c, STR("projector_of"), &m->projector_of));
    TRY(api_query(c, STR("embed"), &embed));
    m->is_embedder = str_eq(embed, STR("1"));
    return api_query(c, STR("toy"), &m->toy);
}

static fallible
finish(struct upload *u, struct admin_work *w)
{
    struct model_wish m = {.name = STR_NONE, .file = u->file, .incoming = u->incoming};
    char hex[65];
    digest d;
    TRY(err_again(&u->failure));
    TRY(read_wish(u->call, &m));
    TRY(sha256_end(TAKE(u->hash), &d));
    digest_text(&d, hex);
    m.sha256 = str_of(hex);
    return admin_model_add(&w->admin, &m);
}

void
admin_upload_end(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, finish(c->own, w));
}
