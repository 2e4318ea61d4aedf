/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/batch.h"

enum { ALIGN = 8, KEEP_ROOM_MAX = 256 * 1024 };

static size_t
padded(size_t len)
{
    return (len + ALIGN - 1) / ALIGN * ALIGN;
}

void
batch_init(struct batch *b, ipc *channel)
{
    *b = (struct batch){.channel = channel, .out = BUF(BATCH_BYTES_MAX)};
}

void
batch_done(struct batch *b)
{
    buf_done(&b->out);
    b->frames = 0;
}

char *
batch_add(struct batch *b, uint32_t type, uint64_t id, size_t len)
{
    const size_t whole = sizeof(struct egress_frame) + padded(len);
    if (len > UINT32_MAX || whole > BATCH_BYTES_MAX - b->out.len)
        return NULL;
    if (b->frames && b->out.len + whole > IPC_INLINE_MAX)
        IGNORE(batch_flush(b)); /* what it did not take it keeps */
    char *const at = buf_add_room(&b->out, whole);
    if (!at) {
        b->out.failed = false; /* what is there is whole */
        return NULL;
    }
    const struct egress_frame head = {.type = type, .len = (uint32_t)len, .id = id};
    memcpy(at, &head, sizeof head);
    memset(at + sizeof head + len, 0, padded(len) - len);
    b->frames++;
    return at + sizeof head;
}

fallible
batch_flush(struct batch *b)
{
    const struct egress_batch about = {.proto = EGRESS_PROTO, .frames = b->frames};
    if (!b->frames)
        return OK;
    if (!b->channel)
        FAIL(ENGINE_LOST, "the other process is gone");
    TRY(ipc_send(b->channel, EGRESS_BATCH, 0, &about, sizeof about, buf_str(&b->out), -1));
    buf_clear(&b->out);
    b->frames = 0;
    if (b->out.room > KEEP_ROOM_MAX)
        buf_done(&b->out);
    return OK;
}

bool
batch_open(const struct ipc_message *m, str *ret)
{
    const struct egress_batch *const about = m->body;
    if (m->head.type != EGRESS_BATCH || m->head.body_len != sizeof *about || m->fd >= 0 ||
        about->proto != EGRESS_PROTO)
        return false;
    *ret = m->tail;
    return true;
}

bool
batch_next(str *rest, struct frame *ret)
{
    struct egress_frame head;
    if (!rest->len)
        return false;
    if (rest->len < sizeof head) {
        *rest = STR_NONE;
        return false;
    }
    memcpy(&head, rest->at, sizeof head);
    const size_t whole = sizeof head + padded(head.len);
    if (whole > rest->len) {
        *rest = STR_NONE;
        return false;
    }
    *ret = (struct frame){head.type, head.id, {rest->at + sizeof head, head.len}};
    *rest = (str){rest->at + whole, rest->len - whole}; /* at its end not NULL */
    return true;
}

bool
batch_take(str *bytes, size_t len, str *ret)
{
    if (len > bytes->len)
        return false;
    *ret = (str){bytes->at, len};
    *bytes = (str){bytes->at ? bytes->at + len : NULL, bytes->len - len};
    return true;
}
