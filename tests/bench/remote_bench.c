/* SPDX-License-Identifier: EUPL-1.2 */
/* remote_bench.c - processor time for each frame of an outside answer, in bursts of 16 KiB: passed
 * through (cut, watched, handed on), and translated (read into pieces).  One thread; the time is
 * this thread's own, the median of rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engine/remote/pass.h"

enum { FRAMES = 20000, ROUNDS = 21, BURST = 16384 };

static const char *const words[] = {"Der ",  "Antrag ",   "ist ", "gem\\u00e4\\u00df ",
                                    "§ 35 ", "SGB X ",    "zu ",  "begr\xc3\xbcnden",
                                    ".\\n",  "\\\"so\\\""};

static uint64_t
cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* As vLLM and OpenAI write them: about 250 bytes each; `extra` may differ from frame to frame. */
static void
put_stream(buf *b, bool is_varied)
{
    for (unsigned i = 0; i < FRAMES; i++) {
        buf_add_fmt(b,
                    "data: {\"id\":\"chatcmpl-8f14e45fceea167a5a36dedd4bea2543\",\"object\":"
                    "\"chat.completion.chunk\",\"created\":1764000000,\"model\":\"some-model-7b\","
                    "\"service_tier\":\"default\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
                    "\"%s\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null",
                    words[i % (sizeof words / sizeof *words)]);
        if (is_varied)
            buf_add_fmt(b, ",\"obfuscation\":\"%08x\"", i * 2654435761u);
        buf_add(b, STR("}\n\n"));
    }
    buf_add(b, STR("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
                   "data: [DONE]\n\n"));
}

static void
take_frames(void *ctx, str raw, uint32_t count)
{
    *(uint64_t *)ctx += raw.len + count;
}

static void
take_piece(void *ctx, const struct engine_piece *p)
{
    *(uint64_t *)ctx += content_len(p->text);
}

static void
take_done(void *ctx, const struct engine_usage *u)
{
    *(uint64_t *)ctx += u->output_tokens;
}

static void
take_failure(void *ctx, err e)
{
    (void)ctx, (void)e;
    abort();
}

static void
must(err e)
{
    if (!e.code)
        return;
    fprintf(stderr, "%s\n", err_trail());
    abort();
}

static void
pass_once(str stream, uint64_t *sum)
{
    struct frames f;
    frames_init(&f, 1, true);
    for (size_t at = 0; at < stream.len; at += BURST)
        must(frames_add(&f, str_slice(stream, at, at + BURST), take_frames, sum));
    frames_done(&f);
}

static void
translate_once(str stream, uint64_t *sum)
{
    const struct hear_spec spec = {.dialect = REMOTE_OPENAI, .kind = ENGINE_CHAT, .n = 1};
    const struct engine_hooks hooks = {take_piece, NULL, take_done, take_failure, sum};
    struct hear h;
    must(hear_init(&h, &spec, hooks));
    hear_open(&h, HEAR_SSE);
    for (size_t at = 0; at < stream.len; at += BURST)
        must(hear_add(&h, str_slice(stream, at, at + BURST)));
    must(hear_end(&h));
    hear_done(&h);
}

static int
by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double
median_us(void (*once)(str stream, uint64_t *sum), str stream)
{
    double us[ROUNDS];
    uint64_t sum = 0;
    for (int i = 0; i < ROUNDS; i++) {
        const uint64_t from = cpu_ns();
        once(stream, &sum);
        us[i] = (double)(cpu_ns() - from) / 1e3 / FRAMES;
    }
    if (!sum)
        abort();
    qsort(us, ROUNDS, sizeof *us, by_value);
    return us[ROUNDS / 2];
}

static void
report(const char *name, double us, double goal)
{
    printf("bench %s %.3f us goal <= %.1f %s\n", name, us, goal, us <= goal ? "ok" : "short");
}

int
main(void)
{
    AUTO(buf) even = BUF(64 << 20);
    AUTO(buf) varied = BUF(64 << 20);
    put_stream(&even, false);
    put_stream(&varied, true);
    must(buf_end(&even));
    must(buf_end(&varied));
    printf("# %d frames of about %zu bytes, median of %d rounds\n", FRAMES, even.len / FRAMES,
           ROUNDS);
    printf("# passed through, padded as OpenAI does: %.3f us\n",
           median_us(pass_once, buf_str(&varied)));
    report("remote.frame.pass", median_us(pass_once, buf_str(&even)), 0.6);
    report("remote.frame.translate", median_us(translate_once, buf_str(&even)), 2);
    return 0;
}
