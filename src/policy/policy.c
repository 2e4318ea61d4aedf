/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/num.h"
#include "policy/document.h"
#include "policy/guardrail_read.h"
#include "policy/purpose.h"
#include "policy/tlp.h"

enum {
    MEMORY_MAX = 8 * 1024 * 1024,
    LEVELS_MAX = LABEL_LEVEL_COUNT,
    ID_BYTES_MAX = 32,
    TITLE_BYTES_MAX = 200,
    KEEP_MAX = 16,
    KEEP_DAYS_MAX = 36500
};

struct policy {
    arena *memory;  /* holds everything but this struct */
    policy *before; /* what it was, for those who still read from it */
    str text;
    struct label_names names;
    label ceiling;
    struct {
        label removes; /* compartments */
        int lowers;    /* up to that height the level goes too */
    } downgrades[DOWNGRADE_COUNT];
    struct {
        bool is_named;
        label label;
    } tlp[TLP_COUNT];
    const struct guardrail *guardrails;
    size_t guardrail_count;
    struct {
        label label;
        uint64_t days;
    } keep[KEEP_MAX];
    size_t keep_count;
    struct purposes purposes;
    struct hours hours;
};

/* ---- the file as libcyaml gives it */

/* Numbers come as text: libcyaml would take "1O" for 1. */
struct entry {
    char *id, *title, *law, *purposes, *hours, *number;
    int bit; /* of `number`, by check_entry */
};

struct downgrade_entry {
    char *id, *removes, *lowers, *law;
};

struct tlp_entry {
    char *name, *label;
};

struct keep_entry {
    char *label, *days;
};

struct file {
    char *version;
    struct entry *levels, *compartments, *parties, *taints;
    uint32_t levels_count, compartments_count, parties_count, taints_count;
    struct downgrade_entry *downgrades;
    uint32_t downgrades_count;
    struct tlp_entry *tlp;
    uint32_t tlp_count;
    struct guardrail_entry *guardrails;
    uint32_t guardrails_count;
    struct keep_entry *keep;
    uint32_t keep_count;
    struct purpose_entry *purposes;
    uint32_t purposes_count;
    struct hours_entry *hours;
};

#define ENTRY(bit_key)                                                                             \
    {                                                                                              \
        CYAML_FIELD_STRING_PTR("id", CYAML_FLAG_POINTER, struct entry, id, 1, ID_BYTES_MAX),       \
            CYAML_FIELD_STRING_PTR(bit_key, CYAML_FLAG_POINTER, struct entry, number, 1,           \
                                   ID_BYTES_MAX),                                                  \
            CYAML_FIELD_STRING_PTR("title", CYAML_FLAG_POINTER, struct entry, title, 1,            \
                                   TITLE_BYTES_MAX),                                               \
            CYAML_FIELD_STRING_PTR("law", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct entry,  \
                                   law, 1, TITLE_BYTES_MAX),                                       \
            CYAML_FIELD_STRING_PTR("purposes", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,           \
                                   struct entry, purposes, 1, LABEL_TEXT_MAX),                     \
            CYAML_FIELD_STRING_PTR("hours", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,              \
                                   struct entry, hours, 1, ID_BYTES_MAX),                          \
            CYAML_FIELD_END                                                                        \
    }

static const cyaml_schema_field_t level_fields[] = ENTRY("height");
static const cyaml_schema_field_t bit_fields[] = ENTRY("bit");
static const cyaml_schema_value_t level_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct entry, level_fields)};
static const cyaml_schema_value_t bit_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct entry, bit_fields)};
static const cyaml_schema_field_t downgrade_fields[] = {
    CYAML_FIELD_STRING_PTR("id", CYAML_FLAG_POINTER, struct downgrade_entry, id, 1, ID_BYTES_MAX),
    CYAML_FIELD_STRING_PTR("removes", CYAML_FLAG_POINTER, struct downgrade_entry, removes, 1,
                           LABEL_TEXT_MAX),
    CYAML_FIELD_STRING_PTR("lowers", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                           struct downgrade_entry, lowers, 1, ID_BYTES_MAX),
    CYAML_FIELD_STRING_PTR("law", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct downgrade_entry,
                           law, 1, TITLE_BYTES_MAX),
    CYAML_FIELD_END};
static const cyaml_schema_value_t downgrade_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct downgrade_entry, downgrade_fields)};
static const cyaml_schema_field_t tlp_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct tlp_entry, name, 1, ID_BYTES_MAX),
    CYAML_FIELD_STRING_PTR("label", CYAML_FLAG_POINTER, struct tlp_entry, label, 1, LABEL_TEXT_MAX),
    CYAML_FIELD_END};
static const cyaml_schema_value_t tlp_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct tlp_entry, tlp_fields)};
static const cyaml_schema_field_t keep_fields[] = {
    CYAML_FIELD_STRING_PTR("label", CYAML_FLAG_POINTER, struct keep_entry, label, 1,
                           LABEL_TEXT_MAX),
    CYAML_FIELD_STRING_PTR("days", CYAML_FLAG_POINTER, struct keep_entry, days, 1, ID_BYTES_MAX),
    CYAML_FIELD_END};
static const cyaml_schema_value_t keep_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct keep_entry, keep_fields)};
static const cyaml_schema_field_t file_fields[] = {
    CYAML_FIELD_STRING_PTR("version", CYAML_FLAG_POINTER, struct file, version, 1, ID_BYTES_MAX),
    CYAML_FIELD_SEQUENCE("levels", CYAML_FLAG_POINTER, struct file, levels, &level_schema, 1,
                         LEVELS_MAX),
    CYAML_FIELD_SEQUENCE("compartments", CYAML_FLAG_POINTER, struct file, compartments, &bit_schema,
                         0, LABEL_COMPARTMENT_COUNT),
    CYAML_FIELD_SEQUENCE("parties", CYAML_FLAG_POINTER, struct file, parties, &bit_schema, 0,
                         LABEL_REL_COUNT),
    CYAML_FIELD_SEQUENCE("taints", CYAML_FLAG_POINTER, struct file, taints, &bit_schema, 0,
                         LABEL_TAINT_COUNT),
    CYAML_FIELD_SEQUENCE("downgrades", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file,
                         downgrades, &downgrade_schema, 0, DOWNGRADE_COUNT),
    CYAML_FIELD_SEQUENCE("tlp", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file, tlp,
                         &tlp_schema, 0, TLP_COUNT),
    CYAML_FIELD_SEQUENCE("guardrails", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file,
                         guardrails, &guardrail_schema, 0, GUARDRAILS_MAX),
    CYAML_FIELD_SEQUENCE("keep", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file, keep,
                         &keep_schema, 0, KEEP_MAX),
    CYAML_FIELD_SEQUENCE("purposes", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file,
                         purposes, &purpose_schema, 0, PURPOSES_MAX),
    CYAML_FIELD_MAPPING_PTR("hours", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file, hours,
                            hours_fields),
    CYAML_FIELD_END};
static const cyaml_schema_value_t file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct file, file_fields)};

typedef struct file *file_tree;

static void
file_tree_auto(file_tree *f)
{
    document_free(&file_schema, *f);
}

/* ---- what a list may hold */

struct list_rule {
    const char *what;         /* "compartment" */
    const char *first, *more; /* bytes an id may begin and go on with */
    const char *reserved[2];
    int bit_first, bit_count;
};

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static const struct list_rule level_rule = {
    "level", UPPER LOWER DIGITS, UPPER LOWER DIGITS "-_. ", {NULL, NULL}, 0, LEVELS_MAX};
static const struct list_rule compartment_rule = {"compartment",           UPPER DIGITS,
                                                  UPPER DIGITS "-_",       {"REL", "TAINT"},
                                                  LABEL_COMPARTMENT_FIRST, LABEL_COMPARTMENT_COUNT};
static const struct list_rule party_rule = {"party",        UPPER DIGITS,    UPPER DIGITS "-_",
                                            {"NONE", NULL}, LABEL_REL_FIRST, LABEL_REL_COUNT};
static const struct list_rule taint_rule = {"taint",      LOWER DIGITS,      LOWER DIGITS "-",
                                            {NULL, NULL}, LABEL_TAINT_FIRST, LABEL_TAINT_COUNT};

static bool
is_well_formed(const struct list_rule *r, const char *id)
{
    ASSERT(id);
    for (int i = 0; i < 2; i++)
        if (r->reserved[i] && str_eq(str_of(id), str_of(r->reserved[i])))
            return false;
    const size_t len = strlen(id);
    return len && strchr(r->first, id[0]) && strspn(id, r->more) == len && id[len - 1] != ' ' &&
           !strstr(id, "  ");
}

static bool
has_control(const char *text)
{
    for (const char *p = text ? text : ""; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return true;
    return false;
}

static fallible
check_entry(const struct list_rule *r, struct entry *e)
{
    const int last = r->bit_first + r->bit_count - 1;
    uint64_t bit = 0;
    if (!is_well_formed(r, e->id))
        REFUSE(CONFIG, "", "policy file: \"%s\" cannot be the id of a %s", e->id, r->what);
    if (num_u64(str_of(e->number), (uint64_t)r->bit_first, (uint64_t)last, &bit).code)
        REFUSE(CONFIG, "", "policy file: %s %s: %s is no number of %d to %d", r->what, e->id,
               e->number, r->bit_first, last);
    e->bit = (int)bit;
    if (has_control(e->title) || has_control(e->law))
        REFUSE(CONFIG, "", "policy file: %s %s: control characters in a title", r->what, e->id);
    return OK;
}

static fallible
check_pair(const struct list_rule *r, const struct entry *a, const struct entry *b)
{
    if (str_eq_nocase(str_of(a->id), str_of(b->id)))
        REFUSE(CONFIG, "", "policy file: %s %s is there twice", r->what, a->id);
    if (a->bit == b->bit)
        REFUSE(CONFIG, "", "policy file: %s %s and %s %s have the same number %d", r->what, a->id,
               r->what, b->id, a->bit);
    return OK;
}

static int
by_bit(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return (x->bit > y->bit) - (x->bit < y->bit);
}

static fallible
copy_title(arena *a, const struct entry *e, str *ret)
{
    char room[2 * TITLE_BYTES_MAX + 8];
    const int n = e->law ? snprintf(room, sizeof room, "%s (%s)", e->title, e->law)
                         : snprintf(room, sizeof room, "%s", e->title);
    ASSERT(n > 0 && (size_t)n < sizeof room);
    return try_arena_str(a, (str){room, (size_t)n}, ret);
}

/* Checks the list, sorts it by bits and copies it into the policy. */
static fallible
take_list(arena *a, const struct list_rule *r, struct entry *list, size_t count,
          const struct label_name **ret)
{
    void *room = NULL;
    for (size_t i = 0; i < count; i++) {
        TRY(check_entry(r, &list[i]));
        for (size_t j = 0; j < i; j++)
            TRY(check_pair(r, &list[j], &list[i]));
    }
    if (count)
        qsort(list, count, sizeof *list, by_bit);
    TRY(try_arena_get(a, count, sizeof **ret, &room));
    struct label_name *names = room;
    for (size_t i = 0; i < count; i++) {
        names[i].bit = list[i].bit;
        TRY(try_arena_str(a, str_of(list[i].id), &names[i].id));
        TRY(copy_title(a, &list[i], &names[i].title));
    }
    *ret = names;
    return OK;
}

/* Bytes of "HEAD id,id,…". */
static size_t
list_len(const char *head, const struct label_name *names, size_t count)
{
    size_t len = strlen(head);
    for (size_t i = 0; i < count; i++)
        len += names[i].id.len + 1;
    return len;
}

/* Any label of named bits must have a text: label_text has no way to fail. */
static fallible
check_text_len(const struct label_names *n)
{
    size_t longest = 0;
    for (size_t i = 0; i < n->level_count; i++)
        longest = n->levels[i].id.len > longest ? n->levels[i].id.len : longest;
    const size_t len = longest + list_len("//", n->compartments, n->compartment_count) +
                       list_len("//REL ", n->parties, n->party_count) +
                       list_len("//TAINT ", n->taints, n->taint_count);
    if (len >= LABEL_TEXT_MAX)
        REFUSE(CONFIG, "", "policy file: a label with all names has %zu bytes, at most %d can be",
               len, LABEL_TEXT_MAX - 1);
    return OK;
}

static fallible
check_heights(const struct label_names *n)
{
    for (size_t i = 0; i < n->level_count; i++)
        if (n->levels[i].bit != (int)i)
            REFUSE(CONFIG, "", "policy file: there is no level of height %zu", i);
    return OK;
}

/* ---- downgrades */
static const char *const downgrade_ids[DOWNGRADE_COUNT] = {[DOWNGRADE_PSEUDONYM] = "pseudonym"};

static fallible
find_downgrade(const char *id, int *ret)
{
    for (int i = 0; i < DOWNGRADE_COUNT; i++)
        if (strcmp(downgrade_ids[i], id) == 0) {
            *ret = i;
            return OK;
        }
    REFUSE(CONFIG, "", "policy file: there is no downgrader \"%s\"", id);
}

static fallible
find_compartment(const struct label_names *n, str id, int *ret_bit)
{
    for (size_t i = 0; i < n->compartment_count; i++)
        if (str_eq(n->compartments[i].id, id)) {
            *ret_bit = n->compartments[i].bit;
            return OK;
        }
    REFUSE(CONFIG, "", "policy file: a downgrade removes %.*s, which is no compartment",
           STR_FMT(str_slice(id, 0, ID_BYTES_MAX)));
}

static fallible
take_removes(const struct label_names *n, str list, label *ret)
{
    str id;
    while (str_next(&list, ',', &id)) {
        int bit;
        TRY(find_compartment(n, str_trim(id), &bit));
        *ret = label_with(*ret, bit);
    }
    return OK;
}

static fallible
take_lowers(const struct label_names *n, const char *level, int *ret)
{
    for (size_t i = 0; level && i < n->level_count; i++)
        if (str_eq_nocase(n->levels[i].id, str_of(level))) {
            *ret = n->levels[i].bit;
            return OK;
        }
    if (level)
        REFUSE(CONFIG, "", "policy file: a downgrade lowers %s, which is no level", level);
    return OK;
}

static fallible
take_downgrades(const struct file *f, policy *p)
{
    bool seen[DOWNGRADE_COUNT] = {false};
    for (uint32_t i = 0; i < f->downgrades_count; i++) {
        const struct downgrade_entry *e = &f->downgrades[i];
        int which;
        TRY(find_downgrade(e->id, &which));
        if (seen[which])
            REFUSE(CONFIG, "", "policy file: downgrade %s is there twice", e->id);
        seen[which] = true;
        TRY(take_removes(&p->names, str_of(e->removes), &p->downgrades[which].removes));
        TRY(take_lowers(&p->names, e->lowers, &p->downgrades[which].lowers));
    }
    return OK;
}

/* ---- the Traffic Light Protocol */
static fallible
check_order(const policy *p)
{
    label below = LABEL_BOTTOM;
    for (int i = 0; i < TLP_COUNT; i++) {
        if (p->tlp[i].is_named && !label_dominates(p->tlp[i].label, below))
            REFUSE(CONFIG, "", "policy file: TLP:%s does not cover what stands below it",
                   tlp_name((enum tlp)i));
        below = p->tlp[i].is_named ? p->tlp[i].label : below;
    }
    return OK;
}

static fallible
take_tlp(const struct file *f, policy *p)
{
    for (uint32_t i = 0; i < f->tlp_count; i++) {
        enum tlp t;
        if (tlp_find(str_of(f->tlp[i].name), &t).code)
            REFUSE(CONFIG, "", "policy file: there is no TLP:%s", f->tlp[i].name);
        if (p->tlp[t].is_named)
            REFUSE(CONFIG, "", "policy file: TLP:%s is there twice", f->tlp[i].name);
        p->tlp[t].is_named = true;
        if (label_parse(&p->names, str_of(f->tlp[i].label), &p->tlp[t].label).code)
            REFUSE(CONFIG, "", "policy file: the label of TLP:%s is none of this policy",
                   f->tlp[i].name);
    }
    return check_order(p);
}

static fallible
take_keep(const struct file *f, policy *p)
{
    for (uint32_t i = 0; i < f->keep_count; i++) {
        if (label_parse(&p->names, str_of(f->keep[i].label), &p->keep[i].label).code)
            REFUSE(CONFIG, "", "policy file: a label under keep is none of this policy: %s",
                   f->keep[i].label);
        if (num_u64(str_of(f->keep[i].days), 1, KEEP_DAYS_MAX, &p->keep[i].days).code)
            REFUSE(CONFIG, "", "policy file: days under keep are 1 to %d", KEEP_DAYS_MAX);
    }
    p->keep_count = f->keep_count;
    return OK;
}

/* ---- purposes */
static fallible
limit_list(struct purposes *p, const struct list_rule *r, const struct entry *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct entry *e = &list[i];
        /* A level is known by the highest bit of its thermometer. */
        const int bit = r == &level_rule ? e->bit - 1 : e->bit;
        const struct purpose_limit l = {r->what, e->id, e->purposes, bit};
        if (!e->purposes)
            continue;
        if (bit < 0 || r == &party_rule)
            REFUSE(CONFIG, "", "policy file: %s %s cannot be for some purposes only", r->what,
                   e->id);
        TRY(purposes_limit(p, &l));
    }
    return OK;
}

static fallible
take_purposes(const struct file *f, policy *p)
{
    TRY(purposes_read(p->memory, f->purposes, f->purposes_count, &p->purposes));
    TRY(limit_list(&p->purposes, &level_rule, f->levels, f->levels_count));
    TRY(limit_list(&p->purposes, &compartment_rule, f->compartments, f->compartments_count));
    TRY(limit_list(&p->purposes, &party_rule, f->parties, f->parties_count));
    return limit_list(&p->purposes, &taint_rule, f->taints, f->taints_count);
}

/* ---- office hours */
static fallible
time_list(struct hours *h, const struct list_rule *r, const struct entry *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct hours_flag flag = {r->what, list[i].id, list[i].hours, -1};
        if (r == &level_rule)
            flag.bit = list[i].bit - 1;
        if (r == &compartment_rule)
            flag.bit = list[i].bit;
        if (flag.value)
            TRY(hours_limit(h, &flag));
    }
    return OK;
}

static fallible
take_hours(const struct file *f, policy *p)
{
    TRY(hours_read(p->memory, f->hours, &p->hours));
    TRY(time_list(&p->hours, &level_rule, f->levels, f->levels_count));
    TRY(time_list(&p->hours, &compartment_rule, f->compartments, f->compartments_count));
    TRY(time_list(&p->hours, &party_rule, f->parties, f->parties_count));
    return time_list(&p->hours, &taint_rule, f->taints, f->taints_count);
}

static fallible
take_file(const struct file *f, arena *a, struct label_names *n)
{
    if (!str_eq(str_of(f->version), STR("1")))
        REFUSE(CONFIG, "", "policy file: version %s is unknown, this program reads version 1",
               f->version);
    TRY(take_list(a, &level_rule, f->levels, f->levels_count, &n->levels));
    TRY(take_list(a, &compartment_rule, f->compartments, f->compartments_count, &n->compartments));
    TRY(take_list(a, &party_rule, f->parties, f->parties_count, &n->parties));
    TRY(take_list(a, &taint_rule, f->taints, f->taints_count, &n->taints));
    n->level_count = f->levels_count;
    n->compartment_count = f->compartments_count;
    n->party_count = f->parties_count;
    n->taint_count = f->taints_count;
    TRY(check_heights(n));
    TRY(check_text_len(n));
    return OK;
}

typedef policy *policy_tree;

static void
policy_tree_auto(policy_tree *p)
{
    policy_free(*p);
}

fallible
policy_load(str yaml, policy **ret)
{
    AUTO(file_tree) f = NULL;
    TRY(document_read("policy file", yaml, &file_schema, (void **)&f));
    AUTO(policy_tree) p = mem_get(sizeof *p);
    if (!p)
        FAIL(LIMIT, "no memory for the policy");
    *p = (policy){.memory = NULL};
    TRY(arena_open(MEMORY_MAX, &p->memory));
    TRY(try_arena_str(p->memory, yaml, &p->text));
    TRY(take_file(f, p->memory, &p->names));
    TRY(take_downgrades(f, p));
    TRY(take_tlp(f, p));
    TRY(guardrail_read(p->memory, &p->names, f->guardrails, f->guardrails_count, &p->guardrails));
    p->guardrail_count = f->guardrails_count;
    TRY(take_keep(f, p));
    TRY(take_purposes(f, p));
    TRY(take_hours(f, p));
    *ret = TAKE(p);
    return OK;
}

void
policy_free(policy *p)
{
    while (p) {
        policy *const before = p->before;
        arena_free(p->memory);
        mem_free(p);
        p = before;
    }
}

void
policy_become(policy *p, policy *next)
{
    const policy was = *p;
    ASSERT(p != next && !next->before);
    *p = *next;
    *next = was; /* keeps the memory of what was, and what was before that */
    p->before = next;
}

str
policy_text(const policy *p)
{
    return p->text;
}

const struct label_names *
policy_names(const policy *p)
{
    return &p->names;
}

fallible
policy_set_ceiling(policy *p, str level_name)
{
    for (size_t i = 0; i < p->names.level_count; i++)
        if (str_eq_nocase(p->names.levels[i].id, level_name)) {
            p->ceiling = label_of_level(p->names.levels[i].bit);
            return OK;
        }
    REFUSE(CONFIG, "policy.level_max", "the ceiling %.*s is not one of the policy's levels",
           STR_FMT(str_slice(level_name, 0, 64)));
}

label
policy_ceiling(const policy *p)
{
    return p->ceiling;
}

const struct guardrail *
policy_guardrails(const policy *p, size_t *ret_count)
{
    *ret_count = p->guardrail_count;
    return p->guardrails;
}

const struct purposes *
policy_purposes(const policy *p)
{
    return &p->purposes;
}

const struct hours *
policy_hours(const policy *p)
{
    return &p->hours;
}

label
policy_downgrade(const policy *p, enum downgrade d, label l)
{
    const label keep = label_part(l, LABEL_REL_FIRST, LABEL_REL_COUNT + LABEL_TAINT_COUNT);
    label compartments = label_part(l, LABEL_COMPARTMENT_FIRST, LABEL_COMPARTMENT_COUNT);
    label level = label_part(l, LABEL_LEVEL_FIRST, LABEL_LEVEL_COUNT);
    for (int i = 0; i < 4; i++)
        compartments.w[i] &= ~p->downgrades[d].removes.w[i];
    if (label_level(l) <= p->downgrades[d].lowers)
        level = LABEL_BOTTOM;
    return label_join(keep, label_join(compartments, level));
}

bool
policy_tlp(const policy *p, enum tlp t, label *ret)
{
    ASSERT(t < TLP_COUNT);
    if (p->tlp[t].is_named)
        *ret = p->tlp[t].label;
    return p->tlp[t].is_named;
}

static label
every(int first, int count)
{
    return label_part((label){{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}}, first, count);
}

static fallible
find_party(const struct label_names *n, str party, int *ret_bit)
{
    for (size_t i = 0; i < n->party_count; i++)
        if (str_eq(n->parties[i].id, party)) {
            *ret_bit = n->parties[i].bit;
            return OK;
        }
    REFUSE(PARSE, "party", "the party is not one of the policy's");
}

fallible
policy_clearance(const policy *p, str text, str party, label *ret)
{
    enum { ABOVE_COMPARTMENTS = LABEL_REL_COUNT + LABEL_TAINT_COUNT };
    label l = LABEL_BOTTOM;
    TRY(label_parse(&p->names, text, &l));
    if (!label_eq(label_part(l, LABEL_REL_FIRST, ABOVE_COMPARTMENTS), LABEL_BOTTOM))
        REFUSE(PARSE, "clearance",
               "a clearance is a level and compartments, without REL and TAINT");
    l = label_join(l, every(LABEL_TAINT_FIRST, LABEL_TAINT_COUNT));
    if (party.len) {
        int bit = 0;
        TRY(find_party(&p->names, party, &bit));
        l = label_join(l, every(LABEL_REL_FIRST, bit - LABEL_REL_FIRST));
        l = label_join(l, every(bit + 1, LABEL_REL_FIRST + LABEL_REL_COUNT - bit - 1));
    }
    *ret = l;
    return OK;
}

label
policy_local_sink(const policy *p)
{
    return label_join(p->ceiling, every(LABEL_COMPARTMENT_FIRST, 256 - LABEL_COMPARTMENT_FIRST));
}

uint64_t
policy_keep_days(const policy *p, label l)
{
    uint64_t days = 0;
    for (size_t i = 0; i < p->keep_count; i++)
        if (label_dominates(p->keep[i].label, l) && (!days || p->keep[i].days < days))
            days = p->keep[i].days;
    return days;
}

bool
policy_keep_at(const policy *p, size_t i, label *ret)
{
    if (i >= p->keep_count)
        return false;
    *ret = p->keep[i].label;
    return true;
}
