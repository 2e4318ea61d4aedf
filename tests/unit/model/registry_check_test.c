/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/registry_check.h"

#include "small_policy.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct model
good(void)
{
    return (struct model){.name = STR("qwen2.5-0.5b:q4_k_m"),
                          .file = STR(DIGEST ".gguf"),
                          .sha256 = STR(DIGEST),
                          .licence = STR("Apache-2.0"),
                          .architecture = STR("qwen2"),
                          .origin = STR("Datenträger des Rechenzentrums"),
                          .engine = STR("llama"),
                          .kind = MODEL_CHAT};
}

TEST(names_are_letters_digits_and_four_signs)
{
    static const str names[] = {
        STR_INIT("a"), STR_INIT("7b"), STR_INIT("GPT-4o"), STR_INIT("qwen2.5:0.5b_x"),
        STR_INIT("a123456789012345678901234567890123456789012345678901234567"
                 "890123")};
    static const str bad[] = {STR_INIT(""),
                              STR_INIT("-a"),
                              STR_INIT(".a"),
                              STR_INIT("a/b"),
                              STR_INIT("a b"),
                              STR_INIT("ä"),
                              STR_INIT("a\0b"),
                              STR_INIT("../x"),
                              STR_INIT("a\n"),
                              STR_INIT("a123456789012345678901234567890123456789012345678901234567"
                                       "8901234")};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        CHECK(registry_is_name(names[i]));
        CHECK_OK(registry_check_name("name", names[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(!registry_is_name(bad[i]));
        CHECK_ERR(registry_check_name("alias", bad[i]), ARGUMENT);
        CHECK_STR(str_of(err_param()), STR("alias"));
    }
}

TEST(of_all_single_bytes_only_letters_and_digits_are_names)
{
    int names = 0;
    for (int i = 0; i < 256; i++) {
        const char c = (char)i;
        names += registry_is_name((str){&c, 1});
    }
    CHECK_INT(names, ==, 26 + 26 + 10);
}

TEST(a_good_model_passes_and_so_does_the_built_in_one)
{
    struct model m = good(), toy;
    CHECK_OK(registry_check_model(&m));
    model_toy(STR(""), MODEL_EMBED, &toy);
    CHECK_OK(registry_check_model(&toy));
}

/* A row must not be able to make the daemon open anything but models/<digest>.gguf. */
TEST(a_file_that_does_not_follow_from_the_digest_is_refused)
{
    static const str files[] = {STR_INIT(""),
                                STR_INIT(DIGEST),
                                STR_INIT(DIGEST ".GGUF"),
                                STR_INIT("../" DIGEST ".gguf"),
                                STR_INIT("/etc/passwd"),
                                STR_INIT(DIGEST "/../../etc/x.gguf"),
                                STR_INIT(DIGEST "..gguf"),
                                STR_INIT("1" DIGEST ".gguf")};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct model m = good();
        m.file = files[i];
        CHECK_ERR(registry_check_model(&m), ARGUMENT);
        CHECK_STR(str_of(err_param()), STR("file"));
    }
}

TEST(a_digest_is_64_small_hexadecimal_digits)
{
    static const str digests[] = {
        STR_INIT(""), STR_INIT("0123"), STR_INIT(DIGEST "0"),
        STR_INIT("0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"),
        STR_INIT("../../../../../../../../../../../../../../../../../../../etc/pass")};
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
        struct model m = good();
        m.sha256 = digests[i];
        CHECK_ERR(registry_check_model(&m), ARGUMENT);
        CHECK_STR(str_of(err_param()), STR("sha256"));
    }
}

TEST(an_engine_is_llama_or_toy_and_the_toy_has_no_file)
{
    struct model m = good();
    m.engine = STR("vllm");
    CHECK_ERR(registry_check_model(&m), ARGUMENT);
    m.engine = STR("toy");
    CHECK_ERR(registry_check_model(&m), ARGUMENT);
    m.file = m.sha256 = STR_NONE;
    CHECK_OK(registry_check_model(&m));
}

TEST(texts_are_utf8_without_nul_and_bounded)
{
    static const char page[257] = {1};
    static const str bad[] = {STR_INIT("a\xff"), STR_INIT("a\0b"), {page, sizeof page}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct model a = good(), b = good(), c = good();
        a.licence = b.origin = c.architecture = bad[i];
        CHECK_ERR(registry_check_model(&a), ARGUMENT);
        CHECK_ERR(registry_check_model(&b), ARGUMENT);
        CHECK_ERR(registry_check_model(&c), ARGUMENT);
    }
}

TEST(a_kind_out_of_range_is_refused)
{
    struct model m = good();
    m.kind = (enum model_kind)2;
    CHECK_ERR(registry_check_model(&m), ARGUMENT);
}

static label
sink(const policy *p, const char *text)
{
    label l = LABEL_BOTTOM;
    CHECK_OK(registry_sink(p, str_of(text), &l));
    return l;
}

TEST(a_model_without_a_label_may_hold_what_the_installation_may)
{
    policy *p = small_policy();
    CHECK(label_eq(sink(p, ""), policy_local_sink(p)));
    policy_free(p);
}

TEST(level_and_compartments_are_as_written_and_the_rest_is_open)
{
    policy *p = small_policy();
    const label l = sink(p, "intern//STEUER");
    CHECK(label_dominates(l, small_label(p, "intern//STEUER")));
    CHECK(label_dominates(l, small_label(p, "offen//REL BUND//TAINT web")));
    CHECK(!label_dominates(l, small_label(p, "VS-NfD")));
    CHECK(!label_dominates(l, small_label(p, "intern//SOZIALDATEN")));
    policy_free(p);
}

TEST(parties_and_taint_that_are_written_bind)
{
    policy *p = small_policy();
    const label l = sink(p, "VS-NfD//REL BUND");
    CHECK(label_dominates(l, small_label(p, "intern//REL BUND")));
    CHECK(!label_dominates(l, small_label(p, "intern//REL BAYERN")));
    CHECK(label_dominates(l, small_label(p, "intern//TAINT web")));
    policy_free(p);
}

TEST(an_unknown_label_is_refused_and_leaves_the_result_alone)
{
    policy *p = small_policy();
    label l = label_of_level(1);
    CHECK_ERR(registry_sink(p, STR("STRENG GEHEIM"), &l), PARSE);
    CHECK_ERR(registry_sink(p, STR("intern//PERSONAL"), &l), PARSE);
    CHECK(label_eq(l, label_of_level(1)));
    policy_free(p);
}
