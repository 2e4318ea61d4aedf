/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/engine/remote/rig.h"

static const struct hear_spec two = {.kind = ENGINE_EMBED, .n = 1, .inputs = 2};
static const struct hear_spec three_dims = {.kind = ENGINE_EMBED, .n = 1, .inputs = 1, .dims = 3};

TEST(numbers_and_base64_are_the_same_vectors)
{
    FEED(two, HEAR_JSON,
         "{\"data\":[{\"index\":0,\"embedding\":[1,-0.5]},{\"index\":1,\"embedding\":[2,1e-3]}],"
         "\"usage\":{\"prompt_tokens\":6,\"total_tokens\":6}}",
         "V0 1,-0.5\nV1 2,0.001\nD0 stop 6/0/0 .\n");
    FEED(two, HEAR_JSON,
         "{\"data\":[{\"index\":0,\"embedding\":\"AACAPwAAAL8=\"},"
         "{\"index\":1,\"embedding\":[2,0.25]}]}",
         "V0 1,-0.5\nV1 2,0.25\nD0 stop 0/0/0 ~ .\n");
}

TEST(order_is_by_index_or_by_place)
{
    FEED(two, HEAR_JSON,
         "{\"data\":[{\"index\":1,\"embedding\":[1]},{\"index\":0,\"embedding\":[2]}]}",
         "V1 1\nV0 2\nD0 stop 0/0/0 ~ .\n");
    FEED(two, HEAR_JSON, "{\"data\":[{\"embedding\":[1]},{\"embedding\":[2]}]}",
         "V0 1\nV1 2\nD0 stop 0/0/0 ~ .\n");
}

TEST(what_is_no_vector_fails)
{
    static const struct {
        const char *answer, *heard;
    } bad[] = {
        {"{\"data\":[{\"embedding\":[1]}]}", ""},
        {"{\"data\":[{\"embedding\":[1]},{\"embedding\":[1]},{\"embedding\":[1]}]}", ""},
        {"{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":0,\"embedding\":[1]}]}", "V0 1\n"},
        {"{\"data\":[{\"index\":2,\"embedding\":[1]},{\"embedding\":[1]}]}", ""},
        {"{\"data\":[{\"embedding\":[1]},{\"embedding\":[1,2]}]}", "V0 1\n"},
        {"{\"data\":[{\"embedding\":[]},{\"embedding\":[]}]}", ""},
        {"{\"data\":[{\"embedding\":[1e39]},{\"embedding\":[1]}]}", ""},
        {"{\"data\":[{\"embedding\":[null]},{\"embedding\":[1]}]}", ""},
        {"{\"data\":[{\"embedding\":\"AACAfw==\"},{\"embedding\":[1]}]}", ""}, /* infinity */
        {"{\"data\":[{\"embedding\":\"AAAA\"},{\"embedding\":[1]}]}", ""},
        {"{\"data\":[{\"embedding\":\"?\"},{\"embedding\":[1]}]}", ""},
        {"{\"data\":[{\"embedding\":\"\"},{\"embedding\":[1]}]}", ""},
        {"{\"data\":[7,8]}", ""},
        {"{\"data\":7}", ""},
        {"{}", ""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        FEED_FAILS(two, HEAR_JSON, bad[i].answer, bad[i].heard, PROVIDER_LOST);
    FEED_FAILS(three_dims, HEAR_JSON, "{\"data\":[{\"embedding\":[1,2]}]}", "", PROVIDER_LOST);
}

TEST(an_error_in_place_of_vectors_is_told)
{
    FEED_FAILS(two, HEAR_JSON, "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\"}}",
               "", ARGUMENT);
}
