/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/stanag.h"

enum { XML_BYTES_MAX = 64 * 1024 };

static const char space[] = "urn:nato:stanag:4774:confidentialitymetadatalabel:1:0";

static void
put_text(buf *b, str s)
{
    for (size_t i = 0; i < s.len; i++)
        switch (s.at[i]) {
        case '&':
            buf_add(b, STR("&amp;"));
            break;
        case '<':
            buf_add(b, STR("&lt;"));
            break;
        case '>':
            buf_add(b, STR("&gt;"));
            break;
        case '"':
            buf_add(b, STR("&quot;"));
            break;
        default:
            buf_add_char(b, s.at[i]);
        }
}

static void
put_element(buf *b, const char *name, str text)
{
    buf_add_fmt(b, "<slab:%s>", name);
    put_text(b, text);
    buf_add_fmt(b, "</slab:%s>", name);
}

static fallible
put_level(buf *b, const struct label_names *n, label l)
{
    for (size_t i = 0; i < n->level_count; i++)
        if (label_eq(label_of_level(n->levels[i].bit), label_part(l, 0, LABEL_LEVEL_COUNT))) {
            put_element(b, "Classification", n->levels[i].id);
            return OK;
        }
    REFUSE(UNSUPPORTED, "label", "the label's level has no name in the policy");
}

struct category {
    const char *type, *tag;
    const struct label_name *names;
    size_t count;
};

static fallible
put_category(buf *b, const struct category *c, label l)
{
    if (label_eq(l, LABEL_BOTTOM))
        return OK;
    buf_add_fmt(b, "<slab:Category TagName=\"%s\" Type=\"%s\">", c->tag, c->type);
    for (size_t i = 0; i < c->count; i++)
        if (label_has(l, c->names[i].bit)) {
            put_element(b, "GenericValue", c->names[i].id);
            l.w[c->names[i].bit / 64] &= ~((uint64_t)1 << (c->names[i].bit % 64));
        }
    buf_add(b, STR("</slab:Category>"));
    if (!label_eq(l, LABEL_BOTTOM))
        REFUSE(UNSUPPORTED, "label", "the label has a part without a name in the policy");
    return OK;
}

static fallible
put_parties(buf *b, const struct label_names *n, label l)
{
    const struct category c = {"PERMISSIVE", "Releasable to", n->parties, n->party_count};
    const label excluded = label_part(l, LABEL_REL_FIRST, LABEL_REL_COUNT);
    const label inverse = {{~l.w[0], ~l.w[1], ~l.w[2], ~l.w[3]}};
    const label open = label_part(inverse, LABEL_REL_FIRST, LABEL_REL_COUNT);
    if (label_eq(excluded, LABEL_BOTTOM))
        return OK;
    if (label_eq(open, LABEL_BOTTOM))
        REFUSE(UNSUPPORTED, "label", "a label that is released to nobody cannot be written so");
    return put_category(b, &c, open);
}

static fallible
put_information(buf *b, const struct label_names *n, label l, str policy_id)
{
    const struct category needed = {"RESTRICTIVE", "Compartments", n->compartments,
                                    n->compartment_count},
                          source = {"INFORMATIVE", "Source", n->taints, n->taint_count};
    buf_add(b, STR("<slab:ConfidentialityInformation>"));
    put_element(b, "PolicyIdentifier", policy_id);
    TRY(put_level(b, n, l));
    TRY(put_category(b, &needed, label_part(l, LABEL_COMPARTMENT_FIRST, LABEL_COMPARTMENT_COUNT)));
    TRY(put_parties(b, n, l));
    TRY(put_category(b, &source, label_part(l, LABEL_TAINT_FIRST, LABEL_TAINT_COUNT)));
    buf_add(b, STR("</slab:ConfidentialityInformation>"));
    return OK;
}

fallible
stanag_put(const struct label_names *n, label l, str policy_id, str created, buf *b)
{
    AUTO(buf) xml = BUF(XML_BYTES_MAX);
    buf_add_fmt(&xml, "<slab:originatorConfidentialityLabel xmlns:slab=\"%s\">", space);
    TRY(put_information(&xml, n, l, policy_id));
    if (created.len)
        put_element(&xml, "CreationDateTime", created);
    buf_add(&xml, STR("</slab:originatorConfidentialityLabel>"));
    TRY(buf_end(&xml));
    buf_add(b, buf_str(&xml));
    return OK;
}
