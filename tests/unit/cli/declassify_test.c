/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

#define FAKE(f)                                                                                    \
    static struct fake f;                                                                          \
    NEED(fake_start(&f))

static const char *
some_file(void)
{
    static char path[600];
    snprintf(path, sizeof path, "%s/bescheid.txt", test_dir());
    FILE *f = fopen(path, "w");
    CHECK(f && fputs("Bescheid\n", f) >= 0 && fclose(f) == 0);
    return path;
}

#define WHOLE                                                                                      \
    "--to", "intern", "--label", "intern//STEUER", "--reason", "r", "--basis", "b", "--expires",   \
        "2d"

TEST(a_file_is_proposed_and_its_id_printed)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "POST /admin/v1/declassify ", 200, "{\"id\":\"dec_1\",\"sha256\":\"ab\"}");
    RUN(&r, &f, "declassify", "propose", some_file(), WHOLE);
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("dec_1\n"));
    CHECK_IN(fake_asked(&f), "{\"content\":\"Bescheid\\n\",\"from\":\"intern//STEUER\",\"to\":"
                             "\"intern\",\"reason\":\"r\",\"basis\":\"b\",\"valid_ms\":172800000}");
    RUN(&r, &f, "declassify", "propose", some_file(), WHOLE, "--json");
    CHECK_STR(str_of(r.out), STR("{\"id\":\"dec_1\",\"sha256\":\"ab\"}\n"));
    fake_end(&f);
}

TEST(a_proposal_without_label_reason_basis_or_end_is_not_sent)
{
    static const char *const options[] = {"--to", "--reason", "--basis", "--expires"};
    FRESH(r);
    for (size_t left = 0; left < 4; left++) {
        RUN(&r, NULL, "declassify", "propose", some_file(), options[(left + 1) % 4], "1d",
            options[(left + 2) % 4], "1d", options[(left + 3) % 4], "1d");
        CHECK_STATUS(&r, 2);
        CHECK_SAYS(&r, options[left]);
    }
    RUN(&r, NULL, "declassify", "propose", some_file(), "--to", "x", "--reason", "r", "--basis",
        "b", "--expires", "31d");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "--expires");
    RUN(&r, NULL, "declassify", "propose", "/nonexistent", WHOLE);
    CHECK(r.status != 0);
}

TEST(the_officer_reads_head_difference_and_text)
{
    FRESH(r);
    FAKE(f);
    fake_says(
        &f, "GET /admin/v1/declassify/dec_1 ", 200,
        "{\"id\":\"dec_1\",\"state\":\"proposed\",\"from\":\"intern//STEUER\",\"to\":"
        "\"intern\",\"takes_off\":[\"compartment STEUER\",\"taint web\"],\"reason\":\"r\","
        "\"basis\":\"§ 30 AO\",\"approver\":\"\",\"sha256\":\"abcd\",\"content\":\"Bescheid\\n"
        "zwei\"}");
    RUN(&r, &f, "declassify", "show", "dec_1");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "takes off  compartment STEUER\n");
    CHECK_OUT(&r, "takes off  taint web\n");
    CHECK_OUT(&r, "§ 30 AO\n");
    CHECK_OUT(&r, "sha256     abcd\n");
    CHECK_OUT(&r, "\n\nBescheid\nzwei");
    RUN(&r, &f, "declassify", "show", "dec_1", "--text");
    CHECK_STR(str_of(r.out), STR("Bescheid\nzwei"));
    RUN(&r, &f, "declassify", "show", "dec_1", "--json");
    CHECK_OUT(&r, "\"takes_off\":[");
    fake_end(&f);
}

#define SHA "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

TEST(an_approval_names_the_digest_that_was_read)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "POST /admin/v1/declassify/dec_1/approve", 200, "{\"ok\":true}");
    RUN(&r, &f, "declassify", "approve", "dec_1");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "--sha256");
    RUN(&r, &f, "declassify", "approve", "dec_1", "--sha256", "abc");
    CHECK_STATUS(&r, 2);
    CHECK_STR(str_of(fake_asked(&f)), STR(""));
    RUN(&r, &f, "declassify", "approve", "dec_1", "--sha256", SHA);
    CHECK_STATUS(&r, 0);
    CHECK_IN(fake_asked(&f), "{\"sha256\":\"" SHA "\"}");
    fake_says(&f, "POST /admin/v1/declassify/dec_1/approve", 403,
              "{\"error\":{\"code\":\"DENIED\",\"message\":\"for somebody else to approve\"}}");
    RUN(&r, &f, "declassify", "approve", "dec_1", "--sha256", SHA);
    CHECK_STATUS(&r, 77);
    CHECK_SAYS(&r, "for somebody else to approve");
    fake_end(&f);
}

TEST(what_is_let_out_is_printed_byte_for_byte)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "POST /admin/v1/declassify/dec_1/release", 200,
              "{\"label\":\"intern\",\"sha256\":\"ab\",\"content\":\"Bescheid\\n\"}");
    RUN(&r, &f, "declassify", "release", "dec_1");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("Bescheid\n"));
    CHECK_SAYS(&r, "has the label intern now");
    RUN(&r, &f, "declassify", "release", "dec_1", "--json");
    CHECK_OUT(&r, "\"label\":\"intern\"");
    fake_says(&f, "POST /admin/v1/declassify/dec_1/release", 409,
              "{\"error\":{\"code\":\"CONFLICT\",\"message\":\"this was used, and counts once\"}}");
    RUN(&r, &f, "declassify", "release", "dec_1");
    CHECK(r.status != 0);
    CHECK_STR(str_of(r.out), STR(""));
    CHECK_SAYS(&r, "counts once");
    fake_end(&f);
}
