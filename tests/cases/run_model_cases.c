/* run_model_cases.c: a model that says in its comments what stroma must say about it.
 *
 *   # error M014 19: message | hint     an error with this code on this line; the column, the
 * message and the hint are compared if they are given. Several may stand on one line. Likewise #
 * warning. # error in parts/x.stroma:3 M014    the same in another file (path relative to this one)
 *   # expect: d/dt(A) = -k * A          this line must occur in what `stroma show --expr` prints
 *   # value 5: d/dt(A) = -1.5           at time 5, with defaults and initial values, the rate is
 * -1.5; also the name of any quantity, "fraction(route)", "lag(route)", "d/dt(A)/A" for an entry of
 * the Jacobian; a table is 10 x
 *
 * Everything reported must be expected and the other way round; a file without # error must give a
 * model. Modules are searched beside the file, then in its folder parts/.
 * Usage: run_model_cases file.stroma
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *file;
    int line, column; // column 0: any
    char code[8];     // "M014"
    bool warning;
    const char *message, *hint; // NULL: any, or none was printed
    bool met;
} Report;

typedef struct {
    Report item[200];
    int count;
} Reports;

enum { LIMIT = sizeof((Reports){0}.item) / sizeof(Report) };

static char *trimmed(Arena *arena, const char *start, const char *end)
{
    while (start < end && *start == ' ') {
        start++;
    }
    while (end > start && (end[-1] == ' ' || end[-1] == '\r')) {
        end--;
    }
    return arena_copy(arena, start, (size_t)(end - start));
}

/* The end of a marker: the next marker or the end of the line. */
static const char *marker_end(const char *at)
{
    const char *end = at + strcspn(at, "\n");
    for (const char *p = at; p < end; p++) {
        if (strncmp(p, "# error ", 8) == 0 || strncmp(p, "# warning ", 10) == 0) {
            return p;
        }
    }
    return end;
}

/* Reads what follows "# error " or "# warning ". */
static bool read_marker(Arena *arena, const char *path, int line, const char *at, Report *report)
{
    const char *end = marker_end(at);
    char *text = trimmed(arena, at, end);
    *report = (Report){.file = path, .line = line};
    if (strncmp(text, "in ", 3) == 0) {
        char *colon = strchr(text, ':');
        char *next = NULL;
        if (!colon) {
            return false;
        }
        report->file = file_join(arena, file_folder(arena, path), trimmed(arena, text + 3, colon));
        report->line = (int)strtol(colon + 1, &next, 10);
        text = next + 1;
    }
    if (strlen(text) < 4) {
        return false;
    }
    memcpy(report->code, text, 4);
    text += 4;
    if (text[0] == ' ') {
        report->column = (int)strtol(text, &text, 10);
    }
    if (text[0] == ':') {
        char *bar = strstr(text, " | ");
        report->message = trimmed(arena, text + 1, bar ? bar : text + strlen(text));
        report->hint = bar ? trimmed(arena, bar + 3, bar + strlen(bar)) : "";
    }
    return true;
}

static bool read_markers(Arena *arena, const Source *source, Reports *expected)
{
    for (int line = 1; line <= (int)source->n_line; line++) {
        uint32_t length = 0;
        const char *text = source_line(source, line, &length);
        for (const char *p = text; p < text + length; p++) {
            bool error = strncmp(p, "# error ", 8) == 0;
            bool warning = strncmp(p, "# warning ", 10) == 0;
            if (!error && !warning) {
                continue;
            }
            Report *report = &expected->item[expected->count];
            if (expected->count == LIMIT ||
                !read_marker(arena, source->name, line, p + (error ? 8 : 10), report)) {
                printf("%s:%d: the marker cannot be read\n", source->name, line);
                return false;
            }
            report->warning = warning;
            expected->count++;
        }
    }
    return true;
}

/* What diag_print wrote, back to reports: "path:line:column: error M014: message", two lines of
 * excerpt, the second with the hint behind the caret. Notes are skipped. */
static void read_reports(Arena *arena, const char *text, Reports *reports)
{
    static const char *const words[] = {": error M", ": warning M"};
    while (*text && reports->count < LIMIT) {
        const char *end = text + strcspn(text, "\n");
        char *line = arena_copy(arena, text, (size_t)(end - text));
        for (int w = 0; w < 2; w++) {
            char *word = strstr(line, words[w]);
            if (!word || line[0] == ' ') {
                continue;
            }
            Report *report = &reports->item[reports->count++];
            *report = (Report){.warning = w == 1, .hint = ""};
            memcpy(report->code, word + strlen(words[w]) - 1, 4);
            report->message = trimmed(arena, strstr(word + 2, ": ") + 2, line + strlen(line));
            *word = '\0';
            char *colon = strrchr(line, ':');
            report->column = colon ? (int)strtol(colon + 1, NULL, 10) : 0;
            *(colon ? colon : word) = '\0';
            colon = strrchr(line, ':');
            report->line = colon ? (int)strtol(colon + 1, NULL, 10) : 0;
            *(colon ? colon : word) = '\0';
            report->file = line;
            const char *excerpt = *end ? end + 1 + strcspn(end + 1, "\n") : end;
            const char *caret = *excerpt ? strchr(excerpt + 1, '^') : NULL;
            if (caret) {
                caret += 1 + strspn(caret + 1, "~");
                report->hint = trimmed(arena, caret, caret + strcspn(caret, "\n"));
            }
        }
        text = *end ? end + 1 : end;
    }
}

static bool same(const Report *expected, const Report *seen)
{
    return expected->line == seen->line && expected->warning == seen->warning &&
           strcmp(expected->file, seen->file) == 0 && strcmp(expected->code, seen->code) == 0 &&
           (expected->column == 0 || expected->column == seen->column) &&
           (!expected->message || strcmp(expected->message, seen->message) == 0) &&
           (!expected->message || strcmp(expected->hint, seen->hint) == 0);
}

static int compare(Reports *expected, Reports *seen)
{
    int wrong = 0;
    for (int i = 0; i < seen->count; i++) {
        int k = 0;
        while (k < expected->count &&
               (expected->item[k].met || !same(&expected->item[k], &seen->item[i]))) {
            k++;
        }
        if (k < expected->count) {
            expected->item[k].met = true;
        } else {
            Report *r = &seen->item[i];
            printf("%s:%d: not expected: # %s %s %d: %s%s%s\n", r->file, r->line,
                   r->warning ? "warning" : "error", r->code, r->column, r->message,
                   r->hint[0] ? " | " : "", r->hint);
            wrong++;
        }
    }
    for (int k = 0; k < expected->count; k++) {
        if (!expected->item[k].met) {
            printf("%s:%d: expected, but not reported: %s %s\n", expected->item[k].file,
                   expected->item[k].line, expected->item[k].code,
                   expected->item[k].message ? expected->item[k].message : "");
            wrong++;
        }
    }
    return wrong;
}

/* Each "# expect: line" must be a whole line of the printed model. */
static int compare_lines(Arena *arena, const Source *source, const char *printed)
{
    int wrong = 0;
    static const char mark[] = "# expect: ";
    for (const char *p = source->text; (p = strstr(p, mark)) != NULL; p += strlen(mark)) {
        const char *start = p + strlen(mark);
        char *line = trimmed(arena, start, start + strcspn(start, "\n"));
        size_t length = strlen(line);
        const char *found = printed;
        while ((found = strstr(found, line)) != NULL) {
            if ((found == printed || found[-1] == '\n') && found[length] == '\n') {
                break;
            }
            found++;
        }
        if (!found) {
            printf("%s: this line is missing in the printed model: %s\n", source->name, line);
            wrong++;
        }
    }
    return wrong;
}

/* ---- values ---- */

typedef struct {
    const Model *model;
    double *states, *parameters, *covariates, *switches;
    Bindings bindings;
} Values;

static double ten_times(void *context, int table, double x, bool slope)
{
    (void)context;
    (void)table;
    return slope ? 10.0 : 10.0 * x;
}

/* Everything at a time: parameters at their defaults, states at their initial values. */
static Values values_at(Arena *arena, const Model *model, const double *time)
{
    Values v = {.model = model};
    v.states = arena_array(arena, (size_t)model->state_count + 1, sizeof(double));
    v.parameters = arena_array(arena, (size_t)model->parameter_count + 1, sizeof(double));
    v.covariates = arena_array(arena, (size_t)model->covariate_count + 1, sizeof(double));
    v.switches = arena_array(arena, (size_t)model->switch_count + 1, sizeof(double));
    v.bindings.values[SYMBOL_TIME] = time;
    v.bindings.values[SYMBOL_STATE] = v.states;
    v.bindings.values[SYMBOL_PARAMETER] = v.parameters;
    v.bindings.values[SYMBOL_COVARIATE] = v.covariates;
    v.bindings.values[SYMBOL_SWITCH] = v.switches;
    v.bindings.interp = ten_times;
    for (int i = 0; i < model->parameter_count; i++) {
        v.parameters[i] = model->parameters[i].value;
    }
    for (int i = 0; i < model->covariate_count; i++) {
        v.covariates[i] = model->covariates[i].value;
    }
    for (int i = 0; i < model->state_count; i++) {
        v.states[i] = expr_evaluate(model->graph, model->states[i].initial, &v.bindings);
    }
    for (int i = 0; i < model->switch_count; i++) {
        v.switches[i] = expr_evaluate(model->graph, model->switches[i].value, &v.bindings);
    }
    return v;
}

static int state_index(const Model *model, const char *name, size_t length)
{
    for (int i = 0; i < model->state_count; i++) {
        const char *state = model->states[i].label.name;
        if (strlen(state) == length && memcmp(state, name, length) == 0) {
            return i;
        }
    }
    return -1;
}

/* d/dt(A) or d/dt(A)/B */
static Expr rate_expr(const Model *model, const char *text)
{
    const char *close = strchr(text, ')');
    int row = close ? state_index(model, text, (size_t)(close - text)) : -1;
    if (row < 0 || close[1] != '/') {
        return row < 0 ? EXPR_NONE : model->states[row].rate;
    }
    int column = state_index(model, close + 2, strlen(close + 2));
    const Jacobian *jacobian = &model->jacobian;
    for (int k = jacobian->row_start[row]; k < jacobian->row_start[row + 1]; k++) {
        if (jacobian->column[k] == column) {
            return jacobian->entry[k];
        }
    }
    return EXPR_NONE;
}

static Expr named_expr(Arena *arena, const Model *model, const char *text)
{
    if (strncmp(text, "d/dt(", 5) == 0) {
        return rate_expr(model, text + 5);
    }
    bool fraction = strncmp(text, "fraction(", 9) == 0;
    if (fraction || strncmp(text, "lag(", 4) == 0) {
        const char *name = text + (fraction ? 9 : 4);
        NameRef ref = model_find(model, arena_copy(arena, name, strcspn(name, ")")));
        if (ref.kind != NAME_ROUTE) {
            return EXPR_NONE;
        }
        const RouteTarget *target = &model->routes[ref.index].targets[0];
        return fraction ? target->fraction : target->lag;
    }
    return model_expr(model, model_find(model, text));
}

static int compare_values(Arena *arena, const Source *source, const Model *model)
{
    int wrong = 0;
    static const char mark[] = "# value ";
    for (const char *p = source->text; (p = strstr(p, mark)) != NULL; p += strlen(mark)) {
        char *rest = NULL;
        double time = strtod(p + strlen(mark), &rest);
        const char *end = rest + strcspn(rest, "\n");
        char *line = trimmed(arena, rest + 1, end);
        char *equals = strstr(line, " = ");
        Expr expr = EXPR_NONE;
        if (equals) {
            *equals = '\0';
            expr = named_expr(arena, model, line);
        }
        if (expr == EXPR_NONE) {
            printf("%s: nothing is called '%s'\n", source->name, line);
            wrong++;
            continue;
        }
        double expected = strtod(equals + 3, NULL);
        Values values = values_at(arena, model, &time);
        double value = expr_evaluate(model->graph, expr, &values.bindings);
        if (!(fabs(value - expected) <= 1e-12 * fabs(expected))) {
            printf("%s: at %g, %s is %.17g, not %.17g\n", source->name, time, line, value,
                   expected);
            wrong++;
        }
    }
    return wrong;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: run_model_cases file.stroma\n");
        return 2;
    }
    Arena *arena = arena_new();
    const Source *source = NULL;
    SourceStatus status = source_read(arena, argv[1], &source);
    if (status != SOURCE_OK) {
        printf("%s: %s\n", argv[1], source_status_text(status));
        arena_free(arena);
        return 2;
    }
    Diag *diag = diag_new(arena);
    const char *folder = file_join(arena, file_folder(arena, argv[1]), "parts");
    const Model *model = model_from_source(arena, source, (SearchPath){&folder, 1}, diag);
    if (model != NULL && strstr(argv[1], "M490") != NULL) {
        model_lint(model, diag);
    }
    Reports *expected = arena_alloc(arena, sizeof *expected);
    Reports *seen = arena_alloc(arena, sizeof *seen);
    Text text = text_new(arena);
    Text printed = text_new(arena);
    diag_print(diag, &text, false);
    read_reports(arena, text.data, seen);
    int wrong = read_markers(arena, source, expected) ? compare(expected, seen) : 1;
    if ((model == NULL) != (diag_errors(diag) > 0)) {
        printf("%s: %s\n", argv[1], model ? "a model in spite of errors" : "no model, no error");
        wrong++;
    }
    if (model) {
        model_print(model, &printed);
        wrong += compare_lines(arena, source, printed.data);
        wrong += compare_values(arena, source, model);
    } else if (strstr(source->text, "# expect: ") || strstr(source->text, "# value ")) {
        printf("%s: no model to compare with\n", argv[1]);
        wrong++;
    }
    if (wrong) {
        printf("---- reported:\n%s---- printed:\n%s", text.data, printed.data);
    }
    arena_free(arena);
    return wrong != 0;
}
