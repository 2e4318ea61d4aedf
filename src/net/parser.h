/* SPDX-License-Identifier: EUPL-1.2 */
/* parser.h - llhttp beside http.h: both name their methods HTTP_GET and so on, so llhttp's are
 * called PARSER_GET here.  Include this instead of <llhttp.h>. */
#pragma once
#include "net/http.h"

#define HTTP_DELETE PARSER_DELETE
#define HTTP_GET PARSER_GET
#define HTTP_HEAD PARSER_HEAD
#define HTTP_OPTIONS PARSER_OPTIONS
#define HTTP_PATCH PARSER_PATCH
#define HTTP_POST PARSER_POST
#define HTTP_PUT PARSER_PUT
#include <llhttp.h>
#undef HTTP_DELETE
#undef HTTP_GET
#undef HTTP_HEAD
#undef HTTP_OPTIONS
#undef HTTP_PATCH
#undef HTTP_POST
#undef HTTP_PUT
