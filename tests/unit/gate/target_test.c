/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/target.h"

#include "egress/egress.h"
#include "egress/provider_list.h"
#include "unit/gate/asker.h"

static struct rig rig;
static struct provider_list providers;

static void
add_provider(const char *name, const char *sink, enum provider_dialect d)
{
    struct provider_public *p = &providers.at[providers.count++];
    snprintf(p->name, sizeof p->name, "%s", name);
    snprintf(p->sink, sizeof p->sink, "%s", sink);
    p->dialect = d;
}

static void
add_remote(const char *name, const char *origin, const char *up_to)
{
    const struct model m = {.name = str_of(name),
                            .engine = STR("remote"),
                            .origin = str_of(origin),
                            .label_text = str_of(up_to),
                            .kind = MODEL_CHAT};
    CHECK_OK(registry_add(rig.registry, &m));
}

/* A model of the house, one of a cloud that may hold what is open, and a name for both. */
static void
open_site(void)
{
    static int far = -1;
    int pair[2];
    memset(&providers, 0, sizeof providers);
    rig_open(&rig);
    add_provider("kopf", "offen//REL BAYERN", PROVIDER_ANTHROPIC);
    rig.gate->parts.providers = &providers;
    if (far >= 0)
        close(far);
    CHECK_OK(ipc_pair(pair));
    far = pair[1];
    CHECK_OK(egress_new(rig.l, pair[0], &rig.gate->egress));
    add_remote("wolke", "kopf/claude", "");
    CHECK_OK(registry_set_alias(rig.registry, STR("beide"), STR("wolke,toy")));
}

struct choice {
    struct asker *k;
    struct target t;
    struct decision d;
    err e;
};

static struct conv_image *shown; /* with what is said; NULL: none */

static struct choice
choose(const char *model, const char *data, const char *said)
{
    static struct choice c;
    c = (struct choice){.k = asker_new(&rig, "VS-NfD//SOZIALDATEN,STEUER", data, said)};
    arena_free(c.k->a);
    CHECK_OK(arena_open(256 * 1024 * 1024, &c.k->a));
    c.k->ask.a = c.k->a;
    c.k->ask.model = str_of(model);
    c.k->conv.label = small_label(rig.policy, data);
    c.k->message.text.label = c.k->conv.label;
    if (shown) {
        shown->bytes = content_of(STR("png"), c.k->conv.label);
        c.k->message.images = (conv_images){shown, 1, 1};
        c.k->conv.messages.at[0] = c.k->message;
    }
    const struct ask q = {.session = &c.k->session,
                          .op = OP_CHAT,
                          .data = c.k->conv.label,
                          .now_wall_ms = clock_wall_ms()};
    c.e = target_choose(rig.gate, &c.k->ask, &q, &c.t, &c.d);
    return c;
}

static void
close_choice(struct choice *c)
{
    arena_free(c->k->a);
    free(c->k);
}

TEST(what_is_open_goes_to_the_cloud_and_what_is_not_stays_in_the_house)
{
    open_site();
    struct choice c = choose("beide", "offen", "Hallo");
    CHECK_OK(c.e);
    CHECK(c.t.is_remote && c.t.conv == &c.k->conv && !c.t.pseudonyms);
    CHECK_STR(c.t.remote.provider, STR("kopf"));
    CHECK_STR(c.t.remote.model, STR("claude"));
    CHECK_INT(c.t.remote.dialect, ==, REMOTE_ANTHROPIC);
    CHECK(label_has(c.t.model_label, 225));
    CHECK_STR(str_of(c.t.told), STR("wolke taken; toy next"));
    close_choice(&c);
    c = choose("beide", "VS-NfD", "Hallo");
    CHECK_OK(c.e);
    CHECK(!c.t.is_remote);
    CHECK_STR(c.t.model.name, STR("toy"));
    CHECK_STR(str_of(c.t.told), STR("toy taken; wolke denied by target.level"));
    close_choice(&c);
    rig_close(&rig);
}

TEST(a_target_that_failed_is_passed_over_and_the_next_decided_upon_anew)
{
    open_site();
    struct choice c = choose("beide", "offen", "Hallo");
    CHECK_OK(c.e);
    const struct ask q = {.session = &c.k->session,
                          .op = OP_CHAT,
                          .data = c.k->conv.label,
                          .now_wall_ms = clock_wall_ms()};
    CHECK_OK(target_next(rig.gate, &c.k->ask, &q, &c.t, &c.d));
    CHECK(c.d.allowed && !c.t.is_remote);
    CHECK_STR(c.t.model.name, STR("toy"));
    CHECK_STR(str_of(c.t.told), STR("toy taken; wolke down"));
    CHECK_ERR(target_next(rig.gate, &c.k->ask, &q, &c.t, &c.d), PROVIDER_LOST);
    CHECK_STR(c.t.model.name, STR("toy"));
    close_choice(&c);
    rig_close(&rig);
}

TEST(no_failure_makes_a_target_lawful)
{
    open_site();
    CHECK_OK(registry_set_alias(rig.registry, STR("beide"), STR("toy,wolke")));
    struct choice c = choose("beide", "VS-NfD", "Hallo");
    CHECK_OK(c.e);
    const struct ask q = {.session = &c.k->session,
                          .op = OP_CHAT,
                          .data = c.k->conv.label,
                          .now_wall_ms = clock_wall_ms()};
    CHECK(target_next(rig.gate, &c.k->ask, &q, &c.t, &c.d).code != ERR_OK);
    CHECK(!c.t.is_remote);
    close_choice(&c);
    rig_close(&rig);
}

TEST(the_asker_may_hear_what_its_provider_may_not_be_told)
{
    open_site();
    add_provider("eng", "offen//TAINT web", PROVIDER_OPENAI);
    add_remote("enge", "eng/x", "");
    struct choice c = choose("enge", "offen", "Hallo");
    CHECK_OK(c.e);
    const label answer = label_join(c.k->conv.label, c.t.model_label);
    CHECK(label_has(answer, 225));
    CHECK(grant_covers(c.t.own, answer));
    CHECK(!grant_covers(c.t.grant, answer));
    close_choice(&c);
    rig_close(&rig);
}

TEST(the_digest_is_of_the_bytes_that_are_sent)
{
    open_site();
    struct choice a = choose("wolke", "offen", "Hallo");
    const digest first = a.t.sent;
    CHECK_OK(a.e);
    close_choice(&a);
    struct choice b = choose("wolke", "offen", "Hallo");
    CHECK(digest_eq(&b.t.sent, &first));
    close_choice(&b);
    struct choice c = choose("wolke", "offen", "Hallo!");
    CHECK(!digest_eq(&c.t.sent, &first));
    close_choice(&c);
    rig_close(&rig);
}

TEST(what_only_identifiers_keep_in_the_house_goes_out_with_tokens_when_policy_lets_it)
{
    open_site();
    struct choice c = choose("wolke", "intern//SOZIALDATEN", "Was schuldet Frau Erika Sommerfeld?");
    CHECK_OK(c.e);
    CHECK(c.d.allowed && c.t.is_remote && c.t.pseudonyms && c.t.conv != &c.k->conv);
    str text = STR_NONE;
    CHECK_OK(content_open(c.t.conv->messages.at[0].text, c.t.grant, &text));
    CHECK(str_find(text, STR("Sommerfeld")) < 0 && str_find(text, STR("PERSON_")) > 0);
    CHECK_ERR(content_open(c.k->message.text, c.t.grant, &text), DENIED);
    CHECK(rig_has(str_of(c.t.told), "1 identifiers were replaced"));
    close_choice(&c);
    rig_close(&rig);
}

TEST(what_tokens_do_not_help_is_denied_with_the_first_reason)
{
    static const struct {
        const char *data, *rule;
    } rows[] = {{"VS-NfD//SOZIALDATEN", "target.level"},
                {"offen//STEUER", "target.compartment"},
                {"intern//STEUER,SOZIALDATEN", "target.level"}};
    open_site();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct choice c = choose("wolke", rows[i].data, "Frau Erika Sommerfeld");
        CHECK_ERR(c.e, DENIED);
        CHECK_STR(str_of(c.d.rule), str_of(rows[i].rule));
        CHECK(!c.t.pseudonyms);
        close_choice(&c);
    }
    rig_close(&rig);
}

TEST(an_image_leaves_only_as_it_is_and_never_with_tokens_beside_it)
{
    struct conv_image image = {.place = STR("messages[0].content[0]")};
    shown = &image;
    open_site();
    struct choice c = choose("wolke", "offen", "Hallo");
    CHECK_OK(c.e);
    CHECK(c.t.is_remote && conv_image_count(c.t.conv) == 1);
    close_choice(&c);
    c = choose("wolke", "offen//SOZIALDATEN", "Frau Erika Sommerfeld");
    CHECK_ERR(c.e, DENIED);
    CHECK_STR(str_of(c.d.rule), STR("downgrade.images"));
    CHECK(!c.d.allowed && c.d.why[0] && !c.t.pseudonyms);
    close_choice(&c);
    c = choose("wolke", "VS-NfD", "Hallo"); /* which tokens would not help either */
    CHECK_ERR(c.e, DENIED);
    CHECK_STR(str_of(c.d.rule), STR("target.level"));
    close_choice(&c);
    rig_close(&rig);
    shown = NULL;
}

TEST(a_model_that_cannot_see_is_not_shown_images)
{
    struct conv_image image = {.place = STR("messages[0].content[0]")};
    shown = &image;
    open_site();
    struct choice c = choose("toy", "offen", "Hallo");
    CHECK_ERR(c.e, UNSUPPORTED);
    CHECK_STR(str_of(err_param()), STR("messages[0].content[0]"));
    close_choice(&c);
    c = choose("beide", "VS-NfD", "Hallo");
    CHECK(c.e.code);
    CHECK(!c.t.grant);
    close_choice(&c);
    rig_close(&rig);
    shown = NULL;
}

TEST(a_provider_nobody_knows_and_one_whose_label_is_unknown_get_nothing)
{
    static const char *const names[] = {"fremd", "schief", "zeuge"};
    open_site();
    add_provider("seltsam", "STRENG GEHEIM//NIE GEHÖRT", PROVIDER_OPENAI);
    add_remote("fremd", "niemand/x", "");
    add_remote("schief", "seltsam/x", "");
    add_provider("archiv", "offen", PROVIDER_WITNESS); /* of the log */
    add_remote("zeuge", "archiv/x", "");
    for (size_t i = 0; i < 3; i++) {
        struct choice c = choose(names[i], "VS-NfD", "Hallo");
        CHECK_ERR(c.e, DENIED);
        close_choice(&c);
        c = choose(names[i], "offen", "Hallo");
        CHECK_ERR(c.e, UNSUPPORTED);
        close_choice(&c);
    }
    rig_close(&rig);
}

TEST(a_models_own_entry_may_narrow_what_its_provider_may_hold_and_never_widen_it)
{
    static const struct {
        const char *name, *data;
        enum err_code code;
    } rows[] = {{"eng", "VS-NfD", ERR_DENIED}, {"eng", "offen//STEUER", ERR_DENIED},
                {"eng", "offen", ERR_OK},      {"frech", "VS-NfD", ERR_DENIED},
                {"frech", "intern", ERR_OK},   {"frech", "intern//STEUER", ERR_DENIED}};
    open_site();
    add_provider("weit", "intern//REL BAYERN", PROVIDER_OPENAI);
    add_remote("eng", "weit/x", "offen//REL BAYERN");
    add_remote("frech", "weit/x", "VS-NfD");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct choice c = choose(rows[i].name, rows[i].data, "Hallo");
        CHECK_INT(c.e.code, ==, rows[i].code);
        close_choice(&c);
    }
    rig_close(&rig);
}

TEST(without_a_way_out_the_house_answers_and_the_cloud_is_down)
{
    open_site();
    egress_free(TAKE(rig.gate->egress));
    struct choice c = choose("beide", "offen", "Hallo");
    CHECK_OK(c.e);
    CHECK_STR(c.t.model.name, STR("toy"));
    CHECK_STR(str_of(c.t.told), STR("toy taken; wolke down"));
    close_choice(&c);
    c = choose("wolke", "offen", "Hallo");
    CHECK_ERR(c.e, PROVIDER_LOST);
    close_choice(&c);
    rig_close(&rig);
}

TEST(a_dry_run_tells_what_would_become_of_it_and_runs_nothing)
{
    AUTO(buf) b = BUF(4096);
    open_site();
    struct choice c = choose("toy", "offen", "Hallo");
    const struct ask q = {.session = &c.k->session,
                          .op = OP_CHAT,
                          .data = small_label(rig.policy, "VS-NfD"),
                          .now_wall_ms = clock_wall_ms()};
    c.k->ask.model = STR("beide");
    CHECK_OK(target_put(rig.gate, &c.k->ask, &q, &b));
    CHECK(rig_has(buf_str(&b), "\"label\":\"VS-NfD\",\"allowed\":true"));
    CHECK(rig_has(buf_str(&b), "{\"model\":\"toy\",\"engine\":\"toy\",\"verdict\":\"taken\"}"));
    CHECK(rig_has(buf_str(&b), "\"verdict\":\"denied\",\"rule\":\"target.level\""));
    CHECK_INT(rig.gate->running, ==, 0);
    close_choice(&c);
    rig_close(&rig);
}
