#include "cli/cli.h"
#define STUB(id)                                                                                   \
    fallible cmd_##id(struct cli *c, const struct args *a)                                         \
    {                                                                                              \
        (void)c;                                                                                   \
        (void)a;                                                                                   \
        REFUSE(UNSUPPORTED, "", "later");                                                          \
    }
STUB(doctor) STUB(bench) STUB(completion) STUB(doc) STUB(version)
