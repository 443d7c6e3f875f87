/* diag.h: what is wrong with the user's text.
 *
 * A Diag collects errors and warnings, each with a code of faults.def, a place and a message, and
 * prints them sorted by file and place:
 *
 *   models/pk1_oral.stroma:12:18: error M014: 'clearence' is not a parameter, state or expression
 *      12 |   rate central = -clearence / volume * central
 *         |                   ^~~~~~~~~ did you mean 'clearance' (line 4)?
 *
 * It is passed in, never global. After DIAG_MAX_ERRORS errors further ones are counted, not kept.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_BASE_DIAG_H
#define STROMA_BASE_DIAG_H

#include "base/source.h"
#include "base/text.h"

#include <stdio.h>

typedef enum { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE } Severity;

typedef enum {
#define FAULT(code, severity, title, paragraph) FAULT_##code,
#include "base/faults.def"
#undef FAULT
    FAULT_COUNT
} Fault;

enum { DIAG_MAX_ERRORS = 20 };

typedef struct Diag Diag;

Diag *diag_new(Arena *arena);

/* Keeps up to `most` errors and as many warnings instead of DIAG_MAX_ERRORS. */
void diag_keep(Diag *diag, int most);

/* Adds an error or a warning (faults.def says which) at `where`. */
void diag_report(Diag *diag, Fault fault, Span where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A file that `source_read` refused: `what`, such as "cannot read the model 'x'", and why. The
 * place is the byte at which the text ends where that is why, and else `where`. */
void diag_unreadable(Diag *diag, Fault fault, Span where, const char *what, SourceStatus status,
                     const Source *source);

/* Words behind the caret of the report added last, such as "did you mean 'x' (line 4)?". */
void diag_hint(Diag *diag, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A note with a place of its own, attached to the report added last. */
void diag_note(Diag *diag, Span where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Number of errors (warnings) so far, those beyond the limit included. */
int diag_errors(const Diag *diag);
int diag_warnings(const Diag *diag);

/* The fault of the i-th report kept, in the order of adding; tests use it. */
int diag_count(const Diag *diag);
Fault diag_fault(const Diag *diag, int index);

/* Everything, sorted by place, as text in the form above. Colour only if asked for. */
void diag_print(const Diag *diag, Text *text, bool colour);

/* "M014", the one-line title, and the paragraph that `stroma explain M014` prints. */
const char *fault_code(Fault fault);
const char *fault_title(Fault fault);
const char *fault_paragraph(Fault fault);
Severity fault_severity(Fault fault);
/* The fault with that code, or FAULT_COUNT. */
Fault fault_find(const char *code);

#endif
