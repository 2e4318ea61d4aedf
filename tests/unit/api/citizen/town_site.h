/* SPDX-License-Identifier: EUPL-1.2 */
/* town_site.h - the little town's office (unit/work/citizen/office.h) behind a server. */
#pragma once
#include "api/citizen/citizen_api.h"
#include "api/openai/openai.h"
#include "unit/api/reply.h"
#include "unit/work/citizen/office.h"
#include "work/cases/cases.h"

static struct town town;
static citizen *office;
static cases *waiting;

/* What is kept on disk, as it is there. */
static inline cases *
open_cases(void)
{
    cases *c = NULL;
    char dir[540];
    snprintf(dir, sizeof dir, "%s/cases", site.rig.dir);
    CHECK_OK(cases_new(dir, &site.rig.seal_key, clock_wall_ms(), &c));
    return c;
}

/* `collection` empty: the public is not served. */
static inline void
open_town(const char *collection)
{
    static struct route_table tables[2];
    tables[0] = openai_table;
    tables[1] = citizen_table;
    site_open(tables, 2, &openai_dialect);
    town_open(&town, &site.rig);
    office = office_open(&town, collection);
    api_set_library(site.api, town.library);
    api_set_citizen(site.api, office);
    waiting = open_cases();
    api_set_cases(site.api, waiting);
}

static inline void
close_town(void)
{
    http_server_free(TAKE(site.server));
    cases_free(TAKE(waiting));
    citizen_free(TAKE(office));
    town_close(&town);
    site_close();
}
