/* SPDX-License-Identifier: EUPL-1.2 */
/* Letters, in work/citizen/sorting.c. */
#include "unit/gate/keeper.h"
#include "unit/work/citizen/office.h"

static struct rig rig;
static struct town town;
static citizen *office;

struct heard {
    struct keeper k;
    gate_job *job;
    unsigned ends, ahead;
    bool has;
    struct triage t;
    char label[64];
    err end;
};

static void
on_sorted(void *ctx, const struct triage *t, str label_text, err e)
{
    struct heard *const h = ctx;
    h->ends++;
    h->end = e;
    h->has = t;
    if (t)
        h->t = *t;
    (void)str_copy(label_text, h->label, sizeof h->label);
    h->ahead += !rig_record(&rig, "decision", h->k.id, 0).len;
}

static void
begin(void)
{
    rig_open(&rig);
    town_open(&town, &rig);
    office = office_open(&town, "wissen");
}

static void
end(struct heard *h)
{
    CHECK(h->ends <= 1);
    CHECK_INT(h->ahead, ==, 0);
    keeper_end(&h->k);
    citizen_free(TAKE(office));
    town_close(&town);
    rig_close(&rig);
}

static err
sort(struct heard *h, const char *clearance, const char *collection, const char *letter)
{
    memset(h, 0, sizeof *h);
    keeper_init(&h->k, &rig, "key_1", clearance);
    const struct citizen_sort ask = {.call = &h->k.call,
                                     .collection = str_of(collection),
                                     .letter = str_of(letter),
                                     .received = 20780,
                                     .done = on_sorted,
                                     .ctx = h};
    const err e = citizen_sort(office, &ask, &h->job);
    if (!e.code)
        RIG_UNTIL(&rig, h->ends);
    return e.code ? e : h->end;
}

TEST(a_letter_is_sorted_after_its_record_is_durable)
{
    static struct heard h;
    begin();
    CHECK_OK(sort(&h, "offen", "wissen",
                  "Ich will meinen Hund zur Hundesteuer anmelden, bis 1.12.2026."));
    NEED(h.has && h.t.services.count);
    CHECK_STR(h.t.services.at[0].document, STR("hund"));
    CHECK_INT(h.t.deadlines.count, ==, 1);
    CHECK_STR(str_of(h.label), STR("offen"));
    end(&h);
}

TEST(nobody_is_sorted_by_what_they_may_not_see)
{
    static struct heard low, high;
    begin();
    CHECK_OK(sort(&low, "offen", "wissen", "Planung der Zukunft"));
    CHECK(low.has && !low.t.services.count && low.t.is_for_person);
    end(&low);
    begin();
    CHECK_OK(sort(&high, "VS-NfD", "wissen", "Planung der Zukunft"));
    NEED(high.has && high.t.services.count);
    CHECK_STR(high.t.services.at[0].document, STR("plan"));
    CHECK_STR(str_of(high.label), STR("VS-NfD"));
    end(&high);
}

TEST(an_empty_letter_and_a_collection_that_is_not_there_are_refused)
{
    static struct heard h;
    begin();
    CHECK_ERR(sort(&h, "offen", "wissen", ""), ARGUMENT);
    end(&h);
    begin();
    CHECK_ERR(sort(&h, "offen", "nichts", "Hund"), NOT_FOUND);
    end(&h);
    begin();
    CHECK_ERR(sort(&h, "offen", "wissen", "\xff"), PARSE);
    CHECK(!h.has);
    end(&h);
}
