/* fit_files.c: the tables of a fit, and the study with its estimates.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/fit.h"

#include "base/file.h"
#include "base/number.h"
#include "params/edit.h"
#include "table/csv.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static int cannot_write(const char *path)
{
    cli_complain("cannot write '%s': %s", path, strerror(errno));
    return CLI_FILE;
}

static void note_file(FitCall *call, const char *name)
{
    call->files = arena_grow(call->cli->arena, call->files, (size_t)call->file_count,
                             &call->file_room, sizeof *call->files);
    call->files[call->file_count++] = name;
}

int fit_write_table(FitCall *call, const char *name, const Table *table)
{
    const char *path = file_join(call->cli->arena, call->folder, name);
    if (!csv_write(table, 0, path)) {
        return cannot_write(path);
    }
    note_file(call, name);
    return CLI_OK;
}

int fit_write_text(FitCall *call, const char *name, const char *text)
{
    const char *path = file_join(call->cli->arena, call->folder, name);
    OutFile *file = file_create(call->cli->arena, path);
    if (file != NULL) {
        file_write(file, text, strlen(text));
    }
    if (file == NULL || !file_commit(file)) {
        return cannot_write(path);
    }
    note_file(call, name);
    return CLI_OK;
}

/* --- parameters.csv ------------------------------------------------------------------------------
 */

static TableColumn words_column(Arena *arena, const char *name, int count)
{
    return (TableColumn){.name = name,
                         .kind = TABLE_TEXT,
                         .unit = "",
                         .text = "",
                         .words = arena_array(arena, (size_t)count + 1, sizeof(const char *)),
                         .word_count = count};
}

static int write_parameters(FitCall *call)
{
    enum { NAME, UNIT, SCALE, NUMBERS };
    static const char *const numbers[] = {
        "estimate",    "se",    "rse_percent", "low95",         "high95",   "wald_low95",
        "wald_high95", "start", "coordinate",  "coordinate_se", "at_bound", "determined"};
    enum { COUNT = NUMBERS + sizeof numbers / sizeof numbers[0] };
    Arena *arena = call->cli->arena;
    const FitSummary *summary = &call->summary;
    int rows = summary->estimate_count;
    TableColumn columns[COUNT] = {words_column(arena, "name", rows),
                                  words_column(arena, "unit", rows),
                                  words_column(arena, "scale", rows)};
    for (int i = NUMBERS; i < COUNT; i++) {
        columns[i] = (TableColumn){.name = numbers[i - NUMBERS], .unit = "", .text = ""};
    }
    for (int i = 0; i < rows; i++) {
        const Estimate *one = &summary->estimates[i];
        columns[NAME].words[i] = one->name;
        columns[UNIT].words[i] = one->unit;
        columns[SCALE].words[i] = scale_word(one->scale);
    }
    Table *table = table_new(arena, columns, COUNT, (size_t)rows);
    for (int i = 0; i < rows; i++) {
        const Estimate *one = &summary->estimates[i];
        const double values[] = {i,
                                 i,
                                 i,
                                 one->value,
                                 one->se,
                                 one->rse,
                                 one->low,
                                 one->high,
                                 one->wald_low,
                                 one->wald_high,
                                 one->start,
                                 one->coordinate,
                                 one->coordinate_se,
                                 one->at_bound,
                                 one->determined};
        memcpy(table_add_row(table), values, sizeof values);
    }
    return fit_write_table(call, "parameters.csv", table);
}

/* --- predictions.csv -----------------------------------------------------------------------------
 */

/* The entry of a word in a column, added if need be. */
static double word_of(TableColumn *column, Names *names, const char *word)
{
    int found = names_find(names, word);
    if (found < 0) {
        found = column->word_count++;
        names_add(names, word, found);
        column->words[found] = word;
    }
    return found;
}

static int write_predictions(FitCall *call)
{
    enum {
        ARM,
        ID,
        SUBJECT,
        TIME,
        NAME,
        OBSERVED,
        PREDICTED,
        RESIDUAL,
        WEIGHTED,
        QUANTILE,
        SD,
        CENSORED,
        LINE,
        COUNT
    };
    static const char *const names[] = {"arm",
                                        "id",
                                        "subject",
                                        "time",
                                        "name",
                                        "observed",
                                        "predicted",
                                        "residual",
                                        "weighted_residual",
                                        "normal_quantile",
                                        "sd",
                                        "cens",
                                        "line"};
    Arena *arena = call->cli->arena;
    const Study *study = call->study;
    const Fit *fit = study->fit;
    TableColumn columns[COUNT];
    Names *known[COUNT];
    for (int i = 0; i < COUNT; i++) {
        columns[i] = (TableColumn){.name = names[i], .unit = "", .text = ""};
        known[i] = names_new(arena);
        if (i == ARM || i == ID || i == NAME) {
            columns[i] = words_column(arena, names[i], fit->datum_count + 1);
            columns[i].word_count = 0;
        }
    }
    double *cells = arena_array(arena, (size_t)fit->datum_count * COUNT, sizeof *cells);
    for (int i = 0; i < fit->datum_count; i++) {
        const FitDatum *datum = &fit->data[i];
        const FitSubject *subject = &fit->subjects[datum->subject];
        FittedDatum value = fitted_datum(&call->summary, i);
        double *row = cells + (size_t)i * COUNT;
        row[ARM] = word_of(&columns[ARM], known[ARM], study->arms[subject->arm].name);
        row[ID] = word_of(&columns[ID], known[ID], subject->id);
        row[NAME] = word_of(&columns[NAME], known[NAME], fit->observables[datum->observable].name);
        row[SUBJECT] = datum->subject + 1;
        row[TIME] = datum->time;
        row[QUANTILE] = fitted_quantile(&call->summary, i);
        row[OBSERVED] = datum->value;
        row[PREDICTED] = value.predicted;
        row[RESIDUAL] = value.residual;
        row[WEIGHTED] = value.weighted;
        row[SD] = value.sd;
        row[CENSORED] = datum->censored;
        row[LINE] = datum->line;
    }
    Table *table = table_new(arena, columns, COUNT, (size_t)fit->datum_count);
    for (int i = 0; i < fit->datum_count; i++) {
        memcpy(table_add_row(table), cells + (size_t)i * COUNT, COUNT * sizeof *cells);
    }
    return fit_write_table(call, "predictions.csv", table);
}

/* --- curves.csv ----------------------------------------------------------------------------------
 */

int fit_write_curves(FitCall *call)
{
    enum { ARM, ID, SUBJECT, TIME, NAME, PREDICTED, COUNT };
    static const char *const names[] = {"arm", "id", "subject", "time", "name", "predicted"};
    Arena *arena = call->cli->arena;
    const Study *study = call->study;
    FitCurves curves;
    if (!fit_curves(study, call->result.at, arena, &curves)) {
        return CLI_OK; // a time between those of the data cannot be reached: no curves
    }
    const Fit *fit = curves.fit;
    TableColumn columns[COUNT];
    Names *known[COUNT];
    for (int i = 0; i < COUNT; i++) {
        columns[i] = (TableColumn){.name = names[i], .unit = "", .text = ""};
        known[i] = names_new(arena);
        if (i == ARM || i == ID || i == NAME) {
            columns[i] = words_column(arena, names[i], fit->datum_count + 1);
            columns[i].word_count = 0;
        }
    }
    double *cells = arena_array(arena, (size_t)fit->datum_count * COUNT + 1, sizeof *cells);
    for (int i = 0; i < fit->datum_count; i++) {
        const FitDatum *datum = &fit->data[i];
        const FitSubject *subject = &fit->subjects[datum->subject];
        double *row = cells + (size_t)i * COUNT;
        row[ARM] = word_of(&columns[ARM], known[ARM], study->arms[subject->arm].name);
        row[ID] = word_of(&columns[ID], known[ID], subject->id);
        row[SUBJECT] = datum->subject + 1;
        row[TIME] = datum->time;
        row[NAME] = word_of(&columns[NAME], known[NAME], fit->observables[datum->observable].name);
        row[PREDICTED] = curves.predicted[i];
    }
    Table *table = table_new(arena, columns, COUNT, (size_t)fit->datum_count);
    for (int i = 0; i < fit->datum_count; i++) {
        memcpy(table_add_row(table), cells + (size_t)i * COUNT, COUNT * sizeof *cells);
    }
    return fit_write_table(call, "curves.csv", table);
}

/* --- starts.csv ----------------------------------------------------------------------------------
 */

static int write_starts(FitCall *call)
{
    enum { START, STATUS, FIRST, LAST, ITERATIONS, CALLS, RANK, VALUES };
    Arena *arena = call->cli->arena;
    const Fit *fit = call->study->fit;
    const FitResult *result = &call->result;
    size_t count = (size_t)fit->parameter_count;
    TableColumn *columns = arena_array(arena, VALUES + count, sizeof *columns);
    static const char *const names[] = {"start",      "status",      "first", "objective",
                                        "iterations", "evaluations", "rank"};
    for (int i = 0; i < VALUES; i++) {
        columns[i] = (TableColumn){.name = names[i], .unit = "", .text = ""};
    }
    columns[STATUS] = words_column(arena, "status", SEARCH_REFUSED + 1);
    for (int i = 0; i <= SEARCH_REFUSED; i++) {
        columns[STATUS].words[i] = search_word((SearchStatus)i);
    }
    for (size_t i = 0; i < count; i++) {
        columns[VALUES + i] =
            (TableColumn){.name = fit->parameters[i].name, .unit = "", .text = ""};
    }
    Table *table = table_new(arena, columns, (int)(VALUES + count), (size_t)result->start_count);
    for (int i = 0; i < result->start_count; i++) {
        const StartResult *one = &result->starts[i];
        int rank = 1;
        for (int k = 0; k < result->start_count; k++) {
            double other = result->starts[k].value;
            rank += other < one->value || (other == one->value && k < i);
        }
        double *row = table_add_row(table);
        row[START] = i + 1;
        row[STATUS] = one->status;
        row[FIRST] = isfinite(one->first_value) ? one->first_value : (double)NAN;
        row[LAST] = isfinite(one->value) ? one->value : (double)NAN;
        row[ITERATIONS] = one->iterations;
        row[CALLS] = (double)one->calls;
        row[RANK] = rank;
        for (size_t p = 0; p < count; p++) {
            row[VALUES + p] = scale_back(&fit->parameters[p], one->at[p]);
        }
    }
    return fit_write_table(call, "starts.csv", table);
}

int fit_write_tables(FitCall *call)
{
    int code = write_parameters(call);
    code = code == CLI_OK ? write_predictions(call) : code;
    code = code == CLI_OK ? fit_write_curves(call) : code;
    code = code == CLI_OK ? fit_write_trace(call) : code;
    code = code == CLI_OK ? write_starts(call) : code;
    if (code == CLI_OK) {
        const char *json =
            fit_json(call->study, &call->summary, cli_command_line(call->cli), call->cli->arena);
        code = fit_write_text(call, "fit.json", json);
    }
    return code;
}

/* --- fitted.cfg ----------------------------------------------------------------------------------
 */

/* "fitted to theoph.csv, SE 0.12 L/h": where a number of fitted.cfg comes from. */
static const char *source_of(const FitCall *call, const Estimate *one)
{
    char digits[NUMBER_TEXT_SIZE];
    const char *data = call->study->fit->path;
    if (one->at_bound) {
        return arena_format(call->cli->arena, "fitted to %s, at its bound", data);
    }
    if (!isfinite(one->se)) {
        return arena_format(call->cli->arena, "fitted to %s, not determined by it", data);
    }
    (void)number_short(one->se, 4, digits); // in the unit of the model: the value may have another
    bool unit = one->unit[0] != '\0' && strcmp(one->unit, "1") != 0;
    return arena_format(call->cli->arena, "fitted to %s, SE %s%s%s", data, digits, unit ? " " : "",
                        unit ? one->unit : "");
}

/* The free parameter that all subjects of an arm (-1: of every arm) have in place of a target; -1:
 * they differ, and the study has one place for all of them. */
static int shared_by(const Fit *fit, int arm, int target)
{
    int shared = -1;
    for (int i = 0; i < fit->subject_count; i++) {
        const FitSubject *one = &fit->subjects[i];
        bool counts = arm < 0 || one->arm == arm;
        if (counts && shared >= 0 && one->free[target] != shared) {
            return -1;
        }
        shared = counts ? one->free[target] : shared;
    }
    return shared;
}

static bool has_subjects(const Fit *fit, int arm)
{
    bool any = false;
    for (int i = 0; i < fit->subject_count; i++) {
        any = any || fit->subjects[i].arm == arm;
    }
    return any;
}

typedef struct {
    FittedValue *values;
    int count;
    Text lost; // names of parameters whose values have no place in a study
} FittedStudy;

static void put_value(FitCall *call, FittedStudy *fitted, int index, const char *path)
{
    const Estimate *one = &call->summary.estimates[index];
    fitted->values[fitted->count++] =
        (FittedValue){.path = path, .value = one->value, .source = source_of(call, one)};
}

/* Where the values of one target stand: in the study, in each arm, or nowhere. */
static void put_target(FitCall *call, FittedStudy *fitted, int target)
{
    Arena *arena = call->cli->arena;
    const Study *study = call->study;
    const Fit *fit = study->fit;
    const char *name = study->model->parameters[fit->targets[target]].label.name;
    int all = shared_by(fit, -1, target);
    bool own_value = false; // an arm's own would go before the study's
    for (int arm = 0; arm < study->arm_count; arm++) {
        own_value =
            own_value || study->arms[arm].parameter_origin[fit->targets[target]].kind == ORIGIN_ARM;
    }
    if (all >= 0 && fit->parameters[all].arm == NULL && !own_value) {
        put_value(call, fitted, all, arena_format(arena, "parameters.%s", name));
        return;
    }
    bool lost = false;
    for (int arm = 0; arm < study->arm_count; arm++) {
        int own = shared_by(fit, arm, target);
        lost = lost || (own < 0 && has_subjects(fit, arm));
        if (own >= 0) {
            put_value(call, fitted, own,
                      arena_format(arena, "arms.%s.parameters.%s", study->arms[arm].name, name));
        }
    }
    if (lost) {
        text_format(&fitted->lost, "%s'%s'", fitted->lost.length > 0 ? ", " : "", name);
    }
}

int fit_write_study(FitCall *call)
{
    Arena *arena = call->cli->arena;
    const Study *study = call->study;
    const Fit *fit = study->fit;
    size_t most = (size_t)fit->target_count * (size_t)study->arm_count + 1;
    FittedStudy fitted = {arena_array(arena, most, sizeof(FittedValue)), 0, text_new(arena)};
    for (int k = 0; k < fit->target_count; k++) {
        put_target(call, &fitted, k);
    }
    Diag *diag = diag_new(arena);
    const char *path = file_join(arena, call->folder, "fitted.cfg");
    bool good =
        edit_copy(arena, study->path, path, fitted.values, fitted.count, &call->params, diag);
    cli_print_diag(call->cli, diag);
    if (!good) {
        return CLI_FILE;
    }
    note_file(call, "fitted.cfg");
    if (fitted.lost.length > 0 && !option_given(&call->cli->arguments, "quiet")) {
        cli_complain(
            "fitted.cfg keeps the study's %s: the estimates belong to single subjects, for "
            "which a study has no place; parameters.csv has them",
            fitted.lost.data);
    }
    return CLI_OK;
}
