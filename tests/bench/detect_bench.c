/* SPDX-License-Identifier: EUPL-1.2 */
/* detect_bench.c - how fast detectors read generated letters, on one core; then how well they find
 * what is in them (tests/peer/detect.sh, if its scorer and letters are here).  Run in the root. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "detect/detect.h"

enum { TEXT_MAX = 8 << 20, ROUNDS = 5 };

static const char *const letters[] = {
    "Stadt Celle\nOrdnungsamt\n\nHerrn\nTarek Brenmeyer\nGerberweg 12 a\n29221 Celle\n\nAz.: "
    "14-14-83/155 Bd. 1\n\n"
    "Sehr geehrter Herr Brenmeyer,\n\nauf Ihren Antrag vom 29.6.25 bewilligen wir 109,67 € "
    "monatlich. Die Zahlung geht auf "
    "DE89 3704 0044 0532 0130 00. Ihre Steuer-ID ist 86 095 742 719.\n\n",
    "Allgemeine Erläuterungen: Angaben, die für die Entscheidung erheblich sind, müssen "
    "vollständig und richtig sein. "
    "Änderungen in den persönlichen oder wirtschaftlichen Verhältnissen sind unverzüglich "
    "mitzuteilen. Wer falsche Angaben "
    "macht, handelt ordnungswidrig und kann mit einer Geldbuße bis zu 1.703,33 Euro belegt werden. "
    "Überzahlte Beträge werden "
    "zurückgefordert und, soweit rechtlich zulässig, mit laufenden Ansprüchen verrechnet.\n\n",
    "Patientin: Quobb, Yrla, geb. 24.07.1982 in Jena, KVNR A000500015, Tel. 0176/20695325, "
    "yrla.quobb@post.example\n"
    "Öffnungszeiten: Montag bis Donnerstag 8.00 - 12.00 und 13.30 - 15.30 Uhr. Haltestelle Am "
    "Rathausplatz.\n\n",
};

static double
now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static err
bench(double *ret_best, size_t *ret_spans)
{
    static char text[TEXT_MAX];
    arena *words = NULL, *work = NULL;
    const lexicon *x = NULL;
    size_t len = 0;
    for (size_t i = 0; len + 1024 < TEXT_MAX; i++) {
        const str s = str_of(letters[i % (sizeof letters / sizeof *letters)]);
        memcpy(text + len, s.at, s.len);
        len += s.len;
    }
    TRY(arena_open(4 << 20, &words));
    TRY(arena_open((size_t)1 << 30, &work));
    TRY(detect_open(words, &x));
    *ret_best = 0;
    for (int i = 0; i < ROUNDS; i++) {
        detect_spans s = {0};
        arena_reset(work);
        const double from = now_s();
        /* Letters come one by one: a text of 8 MB would be no letter. */
        *ret_spans = 0;
        for (size_t at = 0; at < len; at += 4096) {
            s = (detect_spans){0};
            arena_reset(work);
            TRY(detect(x, str_slice((str){text, len}, at, at + 4096), NULL, work, &s));
            *ret_spans += s.count;
        }
        const double rate = (double)len / 1e6 / (now_s() - from);
        *ret_best = rate > *ret_best ? rate : *ret_best;
    }
    arena_free(words);
    arena_free(work);
    return OK;
}

int
main(void)
{
    double rate = 0;
    size_t spans = 0;
    if (bench(&rate, &spans).code) {
        fprintf(stderr, "%s\n", err_trail());
        return 1;
    }
    printf("# letters of 4 KB, %zu spans\n", spans);
    printf("bench detect.rate %.1f MB/s goal >= 20 %s\n", rate, rate >= 20 ? "ok" : "short");
    fflush(stdout);
    return system("tests/peer/detect.sh") == 0 ? 0 : 1;
}
