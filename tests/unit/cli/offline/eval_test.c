/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/eval.h"

#include "os/file.h"
#include "rig.h"

#define POLICY "--policy", "etc/policy.yaml"

static const char *
path_of(const char *name)
{
    static char room[16][300];
    static int n;
    char *const at = room[n++ % 16];
    (void)snprintf(at, sizeof room[0], "%s/%s", test_dir(), name);
    return at;
}

static void
put(const char *name, const char *text)
{
    CHECK_OK(file_write_atomic(path_of(name), str_of(text), 0600));
}

TEST(a_collection_is_measured_and_the_ranking_written)
{
    FRESH(r);
    AUTO(arena) *a = NULL;
    str text;
    const char *const dir = path_of("col");
    put("muell.md", "# Müll\n\nDie Tonne kostet 5 Euro.\n");
    put("hund.md", "# Hund\n\nDie Hundesteuer beträgt 90 Euro.\n");
    put("q.jsonl", "{\"id\":\"q1\",\"lang\":\"de\",\"question\":\"Was kostet die Tonne?\",\"kind\":"
                   "\"answerable\",\"gold\":[{\"law\":\"muell\",\"section\":\"Müll\"}]}\n"
                   "{\"id\":\"q2\",\"lang\":\"en\",\"question\":\"bin\",\"kind\":\"answerable\","
                   "\"gold\":[{\"law\":\"muell\",\"section\":\"Müll\"}]}\n");
    RUN(&r, NULL, "know", "create", "--dir", dir);
    RUN(&r, NULL, "know", "add", "--dir", dir, POLICY, path_of("muell.md"), path_of("hund.md"));
    CHECK_STATUS(&r, 0);
    RUN(&r, NULL, "eval", "retrieval", "--dir", dir, POLICY, "--only", "de", "--run",
        path_of("run.tsv"), "--name", "t", path_of("q.jsonl"));
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "bench know.t.nDCG@10 1.0000 [1.000, 1.000] n=1\n");
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(file_read(a, path_of("run.tsv"), 4096, &text));
    CHECK(str_starts(text, STR("q1\tmuell:Müll\n")));
    RUN(&r, NULL, "eval", "retrieval", "--dir", dir, POLICY, path_of("q.jsonl"), "--json");
    CHECK_OUT(&r, "{\"questions\":2,\"nDCG@10\":0.5,");
}

TEST(files_without_questions_are_refused)
{
    FRESH(r);
    const char *const dir = path_of("empty");
    put("none.jsonl", "");
    put("bad.jsonl", "{\n");
    put("one.jsonl", "{\"id\":\"q\",\"lang\":\"en\",\"question\":\"x\",\"gold\":[]}\n");
    RUN(&r, NULL, "know", "create", "--dir", dir);
    RUN(&r, NULL, "eval", "retrieval", "--dir", dir, POLICY, path_of("none.jsonl"));
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "eval", "retrieval", "--dir", dir, POLICY, path_of("bad.jsonl"));
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "eval", "retrieval", "--dir", dir, POLICY, "--only", "de", path_of("one.jsonl"));
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "eval", "retrieval", "--dir", dir, POLICY, "/nonexistent");
    CHECK_STATUS(&r, 1);
}

TEST(what_an_embedder_is_to_read_is_printed)
{
    FRESH(r);
    char file[300];
    (void)snprintf(file, sizeof file, "%s/pieces.jsonl", test_dir());
    CHECK_OK(file_write_atomic(file,
                               STR("{\"id\":\"e\",\"question\":\"How much is the dog?\"}\n\n"
                                   "{\"id\":\"d\",\"question\":\"Was kostet der Hund?\"}\n"),
                               0600));
    RUN(&r, NULL, "eval", "pieces", file);
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "{\"id\":\"phrase:en:0\",\"text\":\"query: I live in this town.\"}\n");
    CHECK_OUT(&r, "{\"id\":\"e#dog\",\"text\":\"query: dog\"}\n");
    CHECK_OUT(&r, "{\"id\":\"d\",\"text\":\"query: Was kostet der Hund?\"}\n");
    CHECK_OK(file_write_atomic(file, STR("{\"id\":1}\n"), 0600));
    RUN(&r, NULL, "eval", "pieces", file);
    CHECK(r.status != 0);
}
