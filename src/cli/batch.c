/* batch.c: `stroma run --batch=FILE`: one row for each set of numbers, one long table.
 *
 * Columns of FILE are parameters and covariates by name, in the model's units, with `id` and `arm`
 * if they are there. A column that means nothing is an error before anything runs; a value that
 * means nothing is a warning at its place and an outcome of its row: the others are run. The table
 * comes first, the manifest last, as in every run.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/batch.h"
#include "cli/interrupt.h"
#include "cli/manifest.h"
#include "cli/population.h"
#include "cli/serve.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "study/batch.h"
#include "study/run.h"
#include "table/csv.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

enum { JOBS_MAX = 1024 };

typedef struct {
    Cli *cli;
    const Study *study;
    CsvFields fields;
    const char **names; // (columns)
    int id, arm;        // columns, -1: none
    BatchRow *rows;
    const char **wrong; // (rows) what is wrong with a row, or NULL
    OutFile *file;
    struct BatchCounts counts;
    double since, shown; // of the progress line
} Batch;

static const CsvField *field_at(const Batch *batch, long row, int column)
{
    return &batch->fields.fields[(size_t)(row + 1) * batch->fields.columns + (size_t)column];
}

/* --- reading -------------------------------------------------------------------------------------
 */

static void report(const Batch *batch, Diag *diag, Fault fault, const CsvField *field,
                   const char *words)
{
    diag_report(diag, fault, (Span){batch->fields.source, field->start, field->length}, "%s",
                words);
}

static void refuse_column(const Batch *batch, Diag *diag, int column, const char *words)
{
    report(batch, diag, FAULT_T061, field_at(batch, -1, column), words);
}

/* A name that the model does not have: one with its unit behind it, or no header at all? */
static void hint_column(const Batch *batch, Diag *diag, const char *name)
{
    double value = 0.0;
    size_t used = 0;
    size_t length = strcspn(name, " [(");
    const char *front = arena_copy(batch->cli->arena, name, length);
    NameRef ref = model_find(batch->study->model, front);
    if (name[length] != '\0' && (ref.kind == NAME_PARAMETER || ref.kind == NAME_COVARIATE)) {
        diag_hint(diag, "write '%s' alone: its values are in the model's unit", front);
    } else if (number_read(name, strlen(name), &value, &used) || name[0] == '#') {
        diag_hint(diag, "the first line names the columns: parameters and covariates, id, arm");
    }
}

/* False: diag says why. */
static bool read_header(Batch *batch, Diag *diag)
{
    Arena *arena = batch->cli->arena;
    Server server = {.arena = arena, .line = arena, .study = batch->study};
    int before = diag_errors(diag);
    size_t columns = batch->fields.columns;
    batch->names = arena_array(arena, columns + 1, sizeof *batch->names);
    batch->id = batch->arm = -1;
    // each mistake looks at all columns before it: no more of them than are shown
    for (int i = 0; i < (int)columns && diag_errors(diag) - before < DIAG_MAX_ERRORS; i++) {
        const char *name = csv_text(arena, &batch->fields, field_at(batch, -1, i));
        batch->names[i] = name;
        int twin = 0;
        while (twin < i && strcmp(batch->names[twin], name) != 0) {
            twin++;
        }
        if (twin < i) {
            refuse_column(batch, diag, i, "this column is there already");
            continue;
        }
        Request trial = request_new(&server, 1);
        if (strcmp(name, "id") == 0) {
            batch->id = i;
        } else if (strcmp(name, "arm") == 0) {
            batch->arm = i;
        } else if (name[0] == '\0') {
            refuse_column(batch, diag, i, "this column has no name");
        } else if (!request_change(&server, &trial, name, 0.0)) {
            refuse_column(batch, diag, i, trial.error);
            hint_column(batch, diag, name);
        }
    }
    return diag_errors(diag) == before;
}

/* What could have been meant by a cell that is no finite number. */
static void hint_cell(Diag *diag, const char *cell)
{
    double value = 0.0;
    size_t used = 0;
    if (cell[0] == '\0' || strcmp(cell, "NA") == 0) {
        diag_hint(diag, "each row has a value for each column; empty may be 'arm' and 'id' only");
    } else if (number_read(cell, strlen(cell), &value, &used) && cell[used] == ',') {
        diag_hint(diag, "the decimal sign is a point");
    } else if (used > 0 && cell[used] != '\0') {
        diag_hint(diag, "a bare number, in the model's unit");
    }
}

static void read_row(Batch *batch, Diag *diag, long row)
{
    Arena *arena = batch->cli->arena;
    Server server = {.arena = arena, .line = arena, .study = batch->study};
    Request request = request_new(&server, batch->fields.columns);
    for (int i = 0; i < (int)batch->fields.columns && request.error == NULL; i++) {
        const CsvField *field = field_at(batch, row, i);
        double value = 0.0;
        if (i == batch->id) {
            continue;
        }
        if (i == batch->arm) {
            const char *arm = csv_text(arena, &batch->fields, field);
            (void)(*arm == '\0' || request_arm(&server, &request, arm));
        } else if (csv_number(&batch->fields, field, &value)) {
            (void)request_change(&server, &request, batch->names[i], value);
        } else {
            request_error(&server, &request, "'%.100s' is not a number: '%.100s'", batch->names[i],
                          csv_text(arena, &batch->fields, field));
        }
        if (request.error != NULL) {
            report(batch, diag, FAULT_T062, field, request.error);
            if (i != batch->arm) {
                hint_cell(diag, csv_text(arena, &batch->fields, field));
            }
        }
    }
    batch->wrong[row] = request.error;
    batch->rows[row] = (BatchRow){.changes = request.changes,
                                  .change_count = request.call.change_count,
                                  .arm = request.call.arm,
                                  .is_wrong = request.error != NULL};
}

/* --- writing -------------------------------------------------------------------------------------
 */

static void put_start(Batch *batch, long row, const char *arm, const char *outcome)
{
    OutFile *file = batch->file;
    csv_put_number(file, (double)(row + 1));
    csv_put_next(file);
    if (batch->id >= 0) {
        Arena *scratch = arena_new();
        csv_put_text(file, csv_text(scratch, &batch->fields, field_at(batch, row, batch->id)));
        csv_put_next(file);
        arena_free(scratch);
    }
    csv_put_text(file, arm);
    csv_put_next(file);
    csv_put_text(file, outcome);
}

static void put_values(Batch *batch, double time, const double *values)
{
    csv_put_next(batch->file);
    csv_put_number(batch->file, time);
    for (int k = 0; k < batch->study->table_outputs; k++) {
        csv_put_next(batch->file);
        csv_put_number(batch->file, values == NULL ? (double)NAN : values[k]);
    }
    csv_put_end(batch->file);
}

/* What an arm got to; at least one line, with the outcome. */
static void put_arm(Batch *batch, long row, const Call *call, int arm)
{
    const Study *study = batch->study;
    const Outcome *outcome = &call->outcomes[arm];
    size_t outputs = (size_t)study->output_count;
    bool done = outcome->kind == OUTCOME_DONE;
    int lines = 0;
    for (int time = 0; time < study->time_count; time++) {
        size_t at = ((size_t)arm * (size_t)study->time_count + (size_t)time) * outputs;
        if (done || study->times[time] < outcome->time) {
            put_start(batch, row, study->arms[arm].name, outcome_word(outcome->kind));
            put_values(batch, study->times[time], call->values + at);
            lines++;
        }
    }
    if (!done || lines == 0) {
        put_start(batch, row, study->arms[arm].name, outcome_word(outcome->kind));
        put_values(batch, done ? (double)NAN : outcome->time, NULL);
    }
}

static void count_arm(ArmCount *count, OutcomeKind kind)
{
    count->done += kind == OUTCOME_DONE;
    count->failed += kind != OUTCOME_DONE;
    count->kinds[kind]++;
}

static bool take(void *context, long row, const Call *call)
{
    Batch *batch = context;
    bool failed = batch->wrong[row] != NULL;
    batch->counts.not_run += failed;
    if (failed) {
        Arena *scratch = arena_new();
        put_start(batch, row, "", arena_format(scratch, "bad value: %s", batch->wrong[row]));
        put_values(batch, (double)NAN, NULL);
        arena_free(scratch);
    }
    for (int arm = 0; batch->wrong[row] == NULL && arm < batch->study->arm_count; arm++) {
        if (call->arm < 0 || call->arm == arm) {
            put_arm(batch, row, call, arm);
            count_arm(&batch->counts.arms[arm], call->outcomes[arm].kind);
            failed = failed || call->outcomes[arm].kind != OUTCOME_DONE;
        }
    }
    batch->counts.failed += failed;
    return true;
}

static void put_header(Batch *batch)
{
    const Study *study = batch->study;
    csv_put_text(batch->file, "row");
    csv_put_next(batch->file);
    if (batch->id >= 0) {
        csv_put_text(batch->file, "id");
        csv_put_next(batch->file);
    }
    csv_put_text(batch->file, "arm");
    csv_put_next(batch->file);
    csv_put_text(batch->file, "outcome");
    csv_put_next(batch->file);
    csv_put_text(batch->file, "time");
    for (int k = 0; k < study->table_outputs; k++) {
        csv_put_next(batch->file);
        csv_put_text(batch->file, study->outputs[k].label->name);
    }
    csv_put_end(batch->file);
}

static void show_progress(void *context, long done)
{
    Batch *batch = context;
    double now = clock_seconds();
    if (now - batch->since > 0.5) {
        batch->shown = now;
        cli_words("\rrow %ld of %zu", done, batch->fields.rows);
    }
}

static bool read_jobs(const Cli *cli, int *jobs)
{
    const char *word = option_value(&cli->arguments, "jobs");
    double value = 0.0;
    size_t used = 0;
    if (word != NULL && (!number_read(word, strlen(word), &value, &used) || word[used] != '\0' ||
                         !(value >= 1 && value <= JOBS_MAX) || value != floor(value))) {
        return false;
    }
    *jobs = (int)value;
    return true;
}

/* The list is one of the files that the results depend on. */
static Study *with_list(const Batch *batch)
{
    Arena *arena = batch->cli->arena;
    const Source *list = batch->fields.source;
    char hash[65];
    file_hash(list->text, list->length, hash);
    Study *study = arena_alloc(arena, sizeof *study);
    *study = *batch->study;
    size_t count = (size_t)study->input_count;
    InputFile *inputs = arena_array(arena, count + 1, sizeof *inputs);
    memcpy(inputs, study->inputs, count * sizeof *inputs);
    inputs[count] = (InputFile){list->name, arena_copy(arena, hash, 64)};
    study->inputs = inputs;
    study->input_count++;
    return study;
}

/* The table appears when it is complete, between two manifests. */
static int finish(Batch *batch, const char *folder, const char *path, RunResult *result)
{
    Cli *cli = batch->cli;
    int code = manifest_remove(cli, folder);
    if (code != CLI_OK) {
        file_abandon(batch->file);
        return code;
    }
    if (!file_commit(batch->file)) {
        cli_complain("cannot write '%s': %s", path, strerror(errno));
        return CLI_FILE;
    }
    long failed = batch->counts.failed;
    result->batch = &batch->counts;
    result->failed = (int)failed;
    code = manifest_write(cli, folder, with_list(batch), result, population_call_line(cli));
    if (failed > 0) {
        cli_complain("%ld of %zu rows failed: their outcome says how", failed, batch->fields.rows);
    }
    if (code == CLI_OK) {
        cli_say(cli, "wrote %s: %zu row%s, and %s", path, batch->fields.rows,
                batch->fields.rows == 1 ? "" : "s", manifest_name);
    }
    return code == CLI_OK && failed > 0 ? CLI_FAILED : code;
}

static int run_rows(Batch *batch, const char *folder, int lanes, int jobs)
{
    Cli *cli = batch->cli;
    const char *name = arena_format(cli->arena, "%s-batch.csv", batch->study->name);
    const char *path = file_join(cli->arena, folder, name);
    batch->counts = (struct BatchCounts){.path = batch->fields.source->name,
                                         .columns = batch->names,
                                         .column_count = (int)batch->fields.columns,
                                         .rows = (long)batch->fields.rows};
    batch->counts.arms = arena_array(cli->arena, (size_t)batch->study->arm_count, sizeof(ArmCount));
    batch->file = file_create(cli->arena, path);
    if (batch->file == NULL) {
        cli_complain("cannot write '%s': %s", path, strerror(errno));
        return CLI_FILE;
    }
    bool progress = cli->terminal && !option_given(&cli->arguments, "quiet");
    BatchOptions options = {.jobs = jobs,
                            .lanes = lanes,
                            .stop = interrupt_flag(),
                            .progress = progress ? show_progress : NULL,
                            .take = take,
                            .context = batch};
    int error = 0;
    RunResult result;
    batch->since = clock_seconds();
    interrupt_catch();
    put_header(batch);
    WorkStatus status = batch_run(batch->study, batch->rows, (long)batch->fields.rows, &options,
                                  cli->arena, &result, &error);
    cli_words("%s", batch->shown > 0.0 ? "\r\033[K" : "");
    if (status != WORK_DONE) {
        file_abandon(batch->file);
        if (status == WORK_STOPPED) {
            cli_complain("interrupted; nothing was written");
            return interrupt_code();
        }
        cli_complain("cannot run the batch: %s", strerror(error));
        return CLI_FILE;
    }
    return finish(batch, folder, path, &result);
}

int batch_command(Cli *cli, const Study *study, const char *folder, int lanes)
{
    const char *path = option_value(&cli->arguments, "batch");
    Diag *diag = diag_new(cli->arena);
    Batch batch = {.cli = cli, .study = study};
    int jobs = 0;
    if (study->population != NULL || study->data != NULL) {
        return cli_misused(cli, "--batch is for a study with one subject an arm; this one has %s",
                           study->data != NULL ? "a data file" : "a population");
    }
    if (!read_jobs(cli, &jobs)) {
        return cli_misused(cli, "'--jobs %s' is not a whole number from 1 to %d",
                           option_value(&cli->arguments, "jobs"), JOBS_MAX);
    }
    if (!cli_readable(cli, path)) {
        return CLI_FILE;
    }
    bool good = csv_fields(cli->arena, path, diag, &batch.fields) && read_header(&batch, diag);
    if (!good || diag_errors(diag) > 0) {
        cli_print_diag(cli, diag);
        return CLI_DATA;
    }
    batch.rows = arena_array(cli->arena, batch.fields.rows + 1, sizeof *batch.rows);
    batch.wrong = arena_array(cli->arena, batch.fields.rows + 1, sizeof *batch.wrong);
    for (long row = 0; row < (long)batch.fields.rows; row++) {
        read_row(&batch, diag, row);
    }
    cli_print_diag(cli, diag);
    return run_rows(&batch, folder, lanes, jobs);
}
