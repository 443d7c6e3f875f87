/* serve.h: requests and answers of `stroma serve`.
 *
 * A request is one set of numbers for the study, as a line of JSON (an object; an array of them is
 * a batch) or a row of CSV below a header. serve_answer takes one line and appends what is to be
 * written; what is wrong with a line is an answer too.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_SERVE_H
#define STROMA_CLI_SERVE_H

#include "cli/cli.h"

#include "study/calls.h"
#include "study/likelihood.h"

enum { SERVE_LINE_MAX = 8 << 20 }; // bytes of a line; longer ones are answered by an error

/* The study that is kept, and what the lines so far have said. */
typedef struct {
    Arena *arena; // of what lasts: the header of CSV
    Arena *line;  // rewound after each line
    const Study *study;
    Caller *caller;       // NULL: a population or data file, only the objective can be asked for
    Objective *objective; // NULL: not asked for so far
    const volatile int *stop;
    bool gradient;        // also where a request does not say
    bool wants_objective; // likewise
    bool has_header;      // a header of CSV has been read:
    struct CsvHeader *header;
    long row;    // rows of CSV so far
    long number; // of the line that is answered, from 1; empty ones count
    bool interrupted;
} Server;

/* One request, and what came of it. */
typedef struct {
    const char *id;    // as JSON text; NULL: none was given
    const char *error; // in words; NULL: it was run
    Call call;
    CallChange *changes;
    const char **names; // (change_count) as the request calls them
    bool *chosen;       // (output_count) the outputs that are wanted
    bool objective;     // what is minimised is wanted instead:
    double *at;         // (parameter_count of the fit) where, as coordinates
    double value;
    const double *gradient; // by values
} Request;

/* The answer to one line (without its newline) as whole lines in `text`. */
void serve_answer(Server *server, const char *line, size_t length, Text *text);
/* What an answer that is not ok begins with, behind its id: where and why. */
void serve_begin_refusal(const Server *server, const char *words, Text *text);
/* A whole answer that is no more than that; words may quote any byte, which are overwritten. */
void serve_refuse(const Server *server, char *words, Text *text);
/* The answer to a line that was too long to be kept. */
void serve_refuse_long(Server *server, Text *text);

/* --- what both languages share: serve.c */
/* A request for every output, with room for `changes`. */
Request request_new(Server *server, size_t changes);
/* Adds a change by name ("k", "arms.high.parameters.k"); false: request->error. */
bool request_change(Server *server, Request *request, const char *name, double value);
bool request_arm(Server *server, Request *request, const char *name);
/* The first error stays. */
void request_error(Server *server, Request *request, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Runs those without an error. An arm that does not get to the end makes an error of its own. */
void requests_run(Server *server, Request *requests, int count);
/* Index of the change's value in call.slope etc. */
bool request_arm_is_run(const Request *request, int arm);

/* --- serve_objective.c */
/* Makes it a request for the objective; false: request->error. */
bool request_objective(Server *server, Request *request);
/* Moves a free parameter of the fit; false: request->error. */
bool objective_change(Server *server, Request *request, const char *name, double value);
/* What a name of the request means, for its unit. */
NameRef request_quantity(const Server *server, const Request *request, const char *name);
/* Runs those that are for the objective and have no error. */
void objectives_run(Server *server, Request *requests, int count);

/* serve_json.c, serve_csv.c */
void serve_json(Server *server, const char *line, size_t length, Text *text);
void serve_csv(Server *server, const char *line, size_t length, Text *text);

#endif
