/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/stanag_read.h"

#include <expat.h>

#include "base/fault.h"

enum { TEXT_MAX = 256 };

static const XML_Char separator = ' ';
static const char blanks[] = " \t\r\n";
#define SPACE "urn:nato:stanag:4774:confidentialitymetadatalabel:1:0 "

enum element { NONE, ROOT, INFORMATION, ASIDE, POLICY, LEVEL, CATEGORY, VALUE };

/* Which element may stand in which: the depth follows. */
static const struct place {
    const char *name;
    enum element in, is;
} places[] = {{SPACE "originatorConfidentialityLabel", NONE, ROOT},
              {SPACE "ConfidentialityInformation", ROOT, INFORMATION},
              {SPACE "CreationDateTime", ROOT, ASIDE},
              {SPACE "OriginatorID", ROOT, ASIDE},
              {SPACE "PolicyIdentifier", INFORMATION, POLICY},
              {SPACE "Classification", INFORMATION, LEVEL},
              {SPACE "Category", INFORMATION, CATEGORY},
              {SPACE "GenericValue", CATEGORY, VALUE}};

enum kind { COMPARTMENTS, PARTIES, SOURCES, KINDS };
static const struct {
    const char *type, *tag;
} categories[KINDS] = {[COMPARTMENTS] = {"RESTRICTIVE", "Compartments"},
                       [PARTIES] = {"PERMISSIVE", "Releasable to"},
                       [SOURCES] = {"INFORMATIVE", "Source"}};

struct reader {
    XML_Parser p;
    const struct label_names *names;
    str policy_id;
    const char *why; /* the first thing that was wrong; NULL: nothing */
    enum element at;
    enum kind kind;
    bool has[VALUE + 1], has_kind[KINDS];
    label label, released;
    size_t values, text_len; /* of the open category; of the open element */
    char text[TEXT_MAX];
};

static void
refuse(struct reader *r, const char *why)
{
    r->why = r->why ? r->why : why;
    (void)XML_StopParser(r->p, XML_FALSE);
}

static void
on_doctype(void *ctx, const XML_Char *name, const XML_Char *system, const XML_Char *public, int own)
{
    (void)name, (void)system, (void)public, (void)own;
    refuse(ctx, "a label has no document type and no entities");
}

static void
on_instruction(void *ctx, const XML_Char *target, const XML_Char *data)
{
    (void)target, (void)data;
    refuse(ctx, "a label has no processing instructions");
}

/* ---- elements */
static str
attribute(const XML_Char **attributes, const char *name)
{
    for (size_t i = 0; attributes[i]; i += 2)
        if (strcmp(attributes[i], name) == 0)
            return str_of(attributes[i + 1]);
    return STR_NONE;
}

static void
open_category(struct reader *r, const XML_Char **attributes)
{
    const str type = attribute(attributes, "Type"), tag = attribute(attributes, "TagName");
    r->values = 0;
    for (int i = 0; i < KINDS; i++) {
        if (!str_eq(type, str_of(categories[i].type)) || !str_eq(tag, str_of(categories[i].tag)))
            continue;
        if (r->has_kind[i])
            refuse(r, "a category is there twice");
        r->has_kind[i] = true;
        r->kind = (enum kind)i;
        return;
    }
    refuse(r, "a category is neither RESTRICTIVE Compartments, PERMISSIVE Releasable to, nor "
              "INFORMATIVE Source");
}

static void
on_open(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *r = ctx;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (places[i].in != r->at || strcmp(places[i].name, name) != 0)
            continue;
        r->at = places[i].is;
        r->text_len = 0;
        if (r->has[r->at] && r->at != CATEGORY && r->at != VALUE && r->at != ASIDE)
            refuse(r, "an element is there twice");
        r->has[r->at] = true;
        if (r->at == CATEGORY)
            open_category(r, attributes);
        return;
    }
    refuse(r, "an element is none of a confidentiality label of STANAG 4774, or out of place");
}

static void
on_text(void *ctx, const XML_Char *text, int len)
{
    struct reader *r = ctx;
    const bool is_leaf = r->at == ASIDE || r->at == POLICY || r->at == LEVEL || r->at == VALUE;
    for (int i = 0; i < len && !r->why; i++)
        if (!is_leaf && !strchr(blanks, text[i]))
            refuse(r, "there is text between the elements");
        else if (is_leaf && r->text_len == TEXT_MAX)
            refuse(r, "a text is too long for a name");
        else if (is_leaf)
            r->text[r->text_len++] = text[i];
}

/* ---- names */
static const struct label_name *
find(const struct label_name *names, size_t count, str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(names[i].id, name))
            return &names[i];
    return NULL;
}

static void
take_level(struct reader *r, str text)
{
    const struct label_names *n = r->names;
    for (size_t i = 0; i < n->level_count; i++)
        if (str_eq_nocase(n->levels[i].id, text)) {
            r->label = label_join(r->label, label_of_level(n->levels[i].bit));
            return;
        }
    refuse(r, "the classification is not one of the policy's levels");
}

static void
take_value(struct reader *r, str text)
{
    const struct label_names *n = r->names;
    const struct label_name *lists[KINDS] = {n->compartments, n->parties, n->taints};
    const size_t counts[KINDS] = {n->compartment_count, n->party_count, n->taint_count};
    const struct label_name *one = find(lists[r->kind], counts[r->kind], text);
    label *into = r->kind == PARTIES ? &r->released : &r->label;
    r->values++;
    if (!one)
        refuse(r, "a value of a category is not one of the policy's names");
    else if (label_has(*into, one->bit))
        refuse(r, "a value of a category is there twice");
    else
        *into = label_with(*into, one->bit);
}

static str
trim(str text)
{
    while (text.len && strchr(blanks, text.at[0]))
        text = str_slice(text, 1, text.len);
    while (text.len && strchr(blanks, text.at[text.len - 1]))
        text.len--;
    return text;
}

static enum element
parent_of(enum element e)
{
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (places[i].is == e)
            return places[i].in;
    return NONE;
}

static void
on_close(void *ctx, const XML_Char *name)
{
    struct reader *r = ctx;
    const str text = trim((str){r->text, r->text_len});
    (void)name;
    if (r->why)
        return;
    if (r->at == POLICY && !str_eq(text, r->policy_id))
        refuse(r, "the label is one of another policy");
    if (r->at == LEVEL)
        take_level(r, text);
    if (r->at == VALUE)
        take_value(r, text);
    if (r->at == CATEGORY && !r->values)
        refuse(r, "a category has no value");
    r->at = parent_of(r->at);
    r->text_len = 0;
}

/* ---- the whole */
static label
label_of(const struct reader *r)
{
    label l = r->label;
    for (int bit = LABEL_REL_FIRST; r->has_kind[PARTIES] && bit < LABEL_TAINT_FIRST; bit++)
        if (!label_has(r->released, bit))
            l = label_with(l, bit);
    return l;
}

typedef XML_Parser parser;

static void
parser_auto(parser *p)
{
    if (*p)
        XML_ParserFree(*p);
}

fallible
stanag_read(const struct label_names *n, str xml, str policy_id, label *ret)
{
    AUTO(parser) p = fault_now() ? NULL : XML_ParserCreateNS("UTF-8", separator);
    struct reader r = {.p = p, .names = n, .policy_id = policy_id};
    if (!p)
        FAIL(LIMIT, "no memory for a label's XML");
    if (xml.len > STANAG_BYTES_MAX)
        REFUSE(PARSE, "label", "a label has at most %d bytes", STANAG_BYTES_MAX);
    XML_SetUserData(p, &r);
    XML_SetElementHandler(p, on_open, on_close);
    XML_SetCharacterDataHandler(p, on_text);
    XML_SetStartDoctypeDeclHandler(p, on_doctype);
    XML_SetProcessingInstructionHandler(p, on_instruction);
    const enum XML_Status status = XML_Parse(p, xml.len ? xml.at : "", (int)xml.len, 1);
    if (r.why)
        REFUSE(PARSE, "label", "%s", r.why);
    if (status != XML_STATUS_OK)
        REFUSE(PARSE, "label", "this is no XML: %s", XML_ErrorString(XML_GetErrorCode(p)));
    if (!r.has[POLICY] || !r.has[LEVEL])
        REFUSE(PARSE, "label", "the label has no PolicyIdentifier or no Classification");
    *ret = label_of(&r);
    return OK;
}
