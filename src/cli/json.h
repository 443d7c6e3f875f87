/* json.h: the pieces of JSON text that commands print for programs (RFC 8259).
 *
 * Written here and not with a library because numbers are to be the shortest that read back to the
 * same double, as in the CSV. What is not finite becomes null.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_JSON_H
#define STROMA_CLI_JSON_H

#include "base/text.h"

void json_quoted(Text *text, const char *string);
void json_number(Text *text, double value);

/* `before`, then "name": and the value. */
void json_named(Text *text, const char *before, const char *name, const char *string);
void json_named_number(Text *text, const char *before, const char *name, double value);

#endif
