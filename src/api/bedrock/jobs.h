/* SPDX-License-Identifier: EUPL-1.2 */
/* jobs.h - asynchronous calls and model invocation jobs, as batches of this installation. */
#pragma once
#include "api/bedrock/bedrock.h"
#include "api/responses/batches.h"

void bedrock_start_async(struct api_call *c);
void bedrock_start_job(struct api_call *c);
/* Of both kinds: the path says which. */
void bedrock_show_job(struct api_call *c);
void bedrock_list_jobs(struct api_call *c);
void bedrock_stop_job(struct api_call *c);
