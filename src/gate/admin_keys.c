/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/admin.h"

#include "base/json.h"
#include "gate/inside.h"
#include "os/clock.h"
#include "os/log.h"

enum { NAME_MAX_BYTES = 64 };

static bool
is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '@';
}

static fallible
check_name(str name, const char *field)
{
    if (!name.len || name.len > NAME_MAX_BYTES)
        REFUSE(ARGUMENT, field, "%s must have 1 to %d characters", field, NAME_MAX_BYTES);
    for (size_t i = 0; i < name.len; i++)
        if (!is_name_char(name.at[i]))
            REFUSE(ARGUMENT, field, "%s may hold letters, digits and - _ . @ only", field);
    return OK;
}

static fallible
read_labels(const struct admin_call *c, const struct key_wish *w, struct key_record *r)
{
    const struct gate_parts *p = gate_parts_of(c->gate);
    TRY(policy_clearance(p->policy, w->clearance, w->party, &r->clearance));
    r->clearance_text = w->clearance;
    r->default_text =
        w->default_label.len ? w->default_label : str_of(p->params->policy_default_label);
    TRY(label_parse(policy_names(p->policy), r->default_text, &r->default_label));
    if (!label_dominates(r->clearance, r->default_label)) {
        if (w->default_label.len)
            REFUSE(ARGUMENT, "default_label", "the default label is above the clearance");
        /* A key below the instance's default works with what it may see. */
        r->default_label = label_part(r->clearance, LABEL_LEVEL_FIRST, LABEL_LEVEL_COUNT);
        r->default_text = r->clearance_text;
    }
    return OK;
}

static fallible
make(const struct admin_call *c, const struct key_wish *w, struct key_record *r,
     char ret[KEY_TEXT_MAX])
{
    if (!w->import.len)
        return keyring_add(c->gate->keys, r, ret);
    TRY(keyring_import(c->gate->keys, r, w->import));
    const bool fits = str_copy(w->import, ret, KEY_TEXT_MAX);
    ASSERT(fits);
    return OK;
}

fallible
admin_key_add(const struct admin_call *c, const struct key_wish *w, char ret[KEY_TEXT_MAX])
{
    struct key_record r = {.name = w->name,
                           .tenant = w->tenant.len ? w->tenant : STR("default"),
                           .roles = w->is_operator ? ROLE_OPERATOR : ROLE_ANY,
                           .created_wall_ms = clock_wall_ms()};
    TRY(admin_allow(c, OP_KEY_ADD));
    TRY(check_name(r.name, "name"));
    TRY(check_name(r.tenant, "tenant"));
    TRY(read_labels(c, w, &r));
    if (w->valid_ms)
        r.expires_wall_ms = r.created_wall_ms + (int64_t)w->valid_ms;
    TRY(make(c, w, &r, ret));
    const err e = admin_record(c, EVENT_KEY_ADD, r.id);
    if (!e.code)
        return OK;
    wipe(ret, KEY_TEXT_MAX);
    struct err_kept kept;
    err_keep(&kept, e);
    admin_key_undo(c, r.name);
    return err_again(&kept);
}

void
admin_key_undo(const struct admin_call *c, str name)
{
    const err e = keyring_revoke(c->gate->keys, name, clock_wall_ms());
    if (e.code) /* nobody was told the key's text, but if it was imported it works */
        log_failure(LOG_ERROR, "key.not_undone", e);
}

fallible
admin_key_revoke(const struct admin_call *c, str id_or_name)
{
    TRY(admin_allow(c, OP_KEY_REVOKE));
    TRY(keyring_revoke(c->gate->keys, id_or_name, clock_wall_ms()));
    return admin_record(c, EVENT_KEY_REVOKE, id_or_name);
}

static const char *
key_state(const struct key_record *r, int64_t now)
{
    if (r->revoked_wall_ms)
        return "revoked";
    return r->expires_wall_ms && r->expires_wall_ms <= now ? "expired" : "valid";
}

static void
member_time(buf *b, const char *name, int64_t wall_ms)
{
    json_key(b, name);
    if (!wall_ms) {
        json_put_null(b);
        return;
    }
    buf_add_char(b, '"');
    clock_put(b, wall_ms);
    buf_add_char(b, '"');
}

static void
key_put(const struct gate_parts *p, const struct key_record *r, buf *b)
{
    char text[LABEL_TEXT_MAX];
    json_open(b, '{');
    json_member_str(b, "id", r->id);
    json_member_str(b, "name", r->name);
    json_member_str(b, "tenant", r->tenant);
    json_member_str(b, "clearance", r->clearance_text);
    json_member_str(b, "default_label",
                    label_text(policy_names(p->policy), r->default_label, text));
    json_member_bool(b, "operator", (r->roles & ROLE_OPERATOR) != 0);
    json_member_str(b, "state", str_of(key_state(r, clock_wall_ms())));
    member_time(b, "created", r->created_wall_ms);
    member_time(b, "expires", r->expires_wall_ms);
    json_close(b, '}');
}

fallible
admin_keys_put(const struct admin_call *c, buf *b)
{
    const struct key_record *r;
    TRY(admin_allow(c, OP_KEY_LIST));
    json_open(b, '[');
    for (size_t i = 0; (r = keyring_at(c->gate->keys, i)); i++)
        key_put(gate_parts_of(c->gate), r, b);
    json_close(b, ']');
    return buf_end(b);
}
