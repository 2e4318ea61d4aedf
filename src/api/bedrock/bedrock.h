/* SPDX-License-Identifier: EUPL-1.2 */
/* bedrock.h - the Amazon Bedrock dialect: Converse, InvokeModel, CountTokens, foundation models,
 * Retrieve and RetrieveAndGenerate, guardrails, jobs; signatures and event streams as its clients
 * expect them.
 *
 * A model id may be a name, an alias or an ARN, of which what stands behind the last slash is the
 * name.  Errors are {"message": …} with the name of the exception in x-amzn-errortype; the names
 * and statuses are those that clients' retry logic acts upon.  Guardrails are those of the policy
 * (guardrail.c, guardrails.c), asynchronous calls and jobs are batches (jobs.c). */
#pragma once
#include "api/api.h"

extern const struct route_table bedrock_table;
extern const struct dialect bedrock_dialect;

/* The exception of an error.  Of a refused caller the error's parameter may name it. */
const char *bedrock_exception(err e);
/* The same within a stream, where only some are known: "throttlingException". */
const char *bedrock_stream_exception(err e);

/* The head of every answer: type, request id, label (empty: none); returns how many. */
enum { BEDROCK_FIELDS = 7 };
size_t bedrock_fields(const struct api_call *c, str type, str label_text,
                      struct http_field fields[BEDROCK_FIELDS]);

/* Handlers, one file each. */
void bedrock_converse(struct api_call *c); /* runtime.c */
void bedrock_converse_stream(struct api_call *c);
void bedrock_invoke(struct api_call *c); /* invoke.c */
void bedrock_invoke_stream(struct api_call *c);
void bedrock_count_tokens(struct api_call *c); /* count.c */
void bedrock_list_models(struct api_call *c);  /* models.c */
void bedrock_show_model(struct api_call *c);
void bedrock_apply_guardrail(struct api_call *c); /* guardrail.c */
/* The rule's number, or that of all rules for all of them; NOT_FOUND. */
fallible bedrock_find_guardrail(const struct api_call *c, str id, size_t *ret);
void bedrock_list_guardrails(struct api_call *c); /* guardrails.c */
void bedrock_show_guardrail(struct api_call *c);
void bedrock_refuse_guardrail(struct api_call *c);
/* ARGUMENT for a parameter that is neither one of `also` (NULL-ended) nor of a signature. */
fallible bedrock_query_only(const struct api_call *c, const char *const *also);
/* Is there a guardrail of that name?  NOT_FOUND. */
fallible bedrock_check_guardrail(const struct api_call *c, str id);
/* A number or DRAFT: there is the one in force. */
fallible bedrock_check_guardrail_version(str version);
/* The same for guardrailConfig of a body; whether a trace is wanted. */
fallible bedrock_read_guardrail(const struct api_call *c, const jval *body, bool *ret_trace);
void bedrock_retrieve(struct api_call *c); /* retrieve.c */
void bedrock_generate(struct api_call *c); /* generate.c */
void bedrock_generate_stream(struct api_call *c);
