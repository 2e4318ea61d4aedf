/* SPDX-License-Identifier: EUPL-1.2 */
/* turns.h - the messages of an Ollama chat, with the calls in them; what decode.h says of both. */
#pragma once
#include "api/images.h"
#include "base/params.h"
#include "model/conv.h"

/* The list "messages" of the body, absent for none. */
fallible ollama_read_messages(const struct params *p, arena *a, const jval *body, struct conv *c);
/* The list "images" of a message or of the body. */
fallible ollama_read_images(const jval *o, struct images *im);
