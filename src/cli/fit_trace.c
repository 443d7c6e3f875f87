/* fit_trace.c: each iteration of a fit: on a terminal and in trace.csv.part while it runs, in
 * trace.csv at the end.
 *
 * The lines come as threads finish them; those of trace.csv stand in the order of the starts, so it
 * is written anew, and only then the other one goes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/fit.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "table/csv.h"

#include <errno.h>
#include <string.h>

static const char NAME[] = "trace.csv";

enum { START, ITERATION, CALLS, OBJECTIVE, GRADIENT, FIRST };

static TableColumn *columns_of(const FitCall *call)
{
    static const char *const names[FIRST] = {"start", "iteration", "evaluations", "objective",
                                             "gradient"};
    const Fit *fit = call->study->fit;
    size_t count = FIRST + (size_t)fit->parameter_count;
    TableColumn *columns = arena_array(call->cli->arena, count, sizeof *columns);
    for (size_t i = 0; i < count; i++) {
        const char *name = i < FIRST ? names[i] : fit->parameters[i - FIRST].name;
        columns[i] = (TableColumn){.name = name, .unit = "", .text = ""};
    }
    return columns;
}

static double cell_of(const Fit *fit, int start, const TraceLine *line, int column)
{
    switch (column) {
    case START:
        return start + 1;
    case ITERATION:
        return line->iteration;
    case CALLS:
        return (double)line->calls;
    case OBJECTIVE:
        return line->value;
    case GRADIENT:
        return line->gradient;
    default:
        return scale_back(&fit->parameters[column - FIRST], line->at[column - FIRST]);
    }
}

/* --- while it runs -------------------------------------------------------------------------------
 */

int fit_open_trace(FitCall *call)
{
    const char *path = file_join(call->cli->arena, call->folder, NAME);
    call->trace = file_create_followed(call->cli->arena, path);
    if (call->trace == NULL) {
        cli_complain("cannot write '%s.part': %s", path, strerror(errno));
        return CLI_FILE;
    }
    const TableColumn *columns = columns_of(call);
    for (int i = 0; i < FIRST + call->study->fit->parameter_count; i++) {
        if (i > 0) {
            csv_put_next(call->trace);
        }
        csv_put_text(call->trace, columns[i].name);
    }
    csv_put_end(call->trace);
    file_flush(call->trace);
    return CLI_OK;
}

void fit_show_line(void *context, int start, const TraceLine *line)
{
    static const double again = 0.05; // seconds between two lines of one screen
    FitCall *call = context;
    double now = clock_seconds();
    bool many = call->study->fit->starts > 1;
    if (many && now - call->shown < again) {
        return;
    }
    call->shown = now;
    char value[NUMBER_TEXT_SIZE];
    char gradient[NUMBER_TEXT_SIZE];
    (void)number_short(2.0 * line->value, 8, value);
    (void)number_short(line->gradient, 3, gradient);
    if (many) {
        cli_words("start %3d  iteration %4d  -2LL %14s  gradient %9s\n", start + 1, line->iteration,
                  value, gradient);
    } else {
        cli_words("iteration %4d  -2LL %14s  gradient %9s\n", line->iteration, value, gradient);
    }
}

void fit_follow(void *context, int start, const TraceLine *line)
{
    FitCall *call = context;
    const Fit *fit = call->study->fit;
    for (int i = 0; i < FIRST + fit->parameter_count; i++) {
        if (i > 0) {
            csv_put_next(call->trace);
        }
        csv_put_number(call->trace, cell_of(fit, start, line, i));
    }
    csv_put_end(call->trace);
    file_flush(call->trace);
    if (call->live) {
        fit_show_line(context, start, line);
    }
}

/* --- at the end ----------------------------------------------------------------------------------
 */

int fit_write_trace(FitCall *call)
{
    const Fit *fit = call->study->fit;
    int count = FIRST + fit->parameter_count;
    Table *table = table_new(call->cli->arena, columns_of(call), count, 64);
    for (int i = 0; i < call->result.start_count; i++) {
        const StartResult *start = &call->result.starts[i];
        for (size_t k = 0; k < start->trace_count; k++) {
            double *row = table_add_row(table);
            for (int column = 0; column < count; column++) {
                row[column] = cell_of(fit, i, &start->trace[k], column);
            }
        }
    }
    return fit_write_table(call, NAME, table);
}
