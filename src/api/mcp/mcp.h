/* SPDX-License-Identifier: EUPL-1.2 */
/* mcp.h - a server of the Model Context Protocol over streamable HTTP: POST /mcp.
 *
 * Revisions 2025-11-25, 2025-06-18 and 2025-03-26.  One message to a request and no batches; each
 * request is answered with one JSON message, notifications and responses with 202.  There is no
 * stream to be listened to: GET is answered 405.  Origins other than this machine's own and those
 * of mcp.origins are refused, so that no web page can call through somebody's browser (DNS
 * rebinding).
 *
 * The session id is made when a client says hello and must come with all that follows.  It is a
 * random number and its MAC under the key's id: nothing is kept of it, another key's does not fit,
 * and it lives as long as the installation's secret.
 *
 * Source: modelcontextprotocol.io, specification 2025-11-25, basic/transports, server/tools. */
#pragma once
#include "api/api.h"

extern const struct route_table mcp_table;
extern const struct dialect mcp_dialect;
