/* cmd_run.c: `stroma run`: integrates a study; writes its tables, scripts, pictures and manifest.
 *
 * The order of writing is the contract: data, scripts, pictures, and the manifest last. The
 * manifest of an earlier run is removed before the first file is replaced, so a folder with a
 * manifest is always one complete run. Every file appears under its name only when it is complete
 * (base/file.h).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/batch.h"
#include "cli/data_report.h"
#include "cli/figures.h"
#include "cli/interrupt.h"
#include "cli/manifest.h"
#include "cli/places.h"
#include "cli/population.h"
#include "cli/report.h"
#include "cli/settings.h"
#include "cli/study_page.h"
#include "cli/summary.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "params/params.h"
#include "table/csv.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

enum { LANES_MAX = 64 };

const Option run_options[] = {
    {"out", OPTION_VALUE, 'o', false, "DIR", "write into DIR (default: out/<name of the study>)"},
    {"set", OPTION_VALUE, 's', true, "PATH=VALUE", "change a number of the study; may be repeated"},
    {"batch", OPTION_VALUE, 0, false, "FILE",
     "run each row of a CSV of numbers (default: into out/<name of the study>-batch)"},
    {"no-render", OPTION_FLAG, 0, true, NULL, "write data and scripts, but no pictures"},
    {"ascii", OPTION_FLAG, 0, true, NULL, "also draw the plots in the terminal"},
    {"json", OPTION_FLAG, 0, true, NULL, "print one JSON object instead of the table"},
    {"timings", OPTION_FLAG, 0, true, NULL, "say on stderr where the time went"},
    {"lanes", OPTION_VALUE, 0, false, "N",
     "integrate up to N arms or subjects side by side (1 to 64)"},
    {"jobs", OPTION_VALUE, 'j', false, "N",
     "threads for a population, data file or batch (default: one for each core)"},
    {"at-dose", OPTION_VALUE, 0, false, "WHICH",
     "outputs at the time of a dose: pre, post (default) or both"},
    {"individuals", OPTION_VALUE, 0, false, "KIND", "curves of single subjects: none, csv, hdf5"},
    {"subject", OPTION_VALUE, 0, false, "ID", "run one subject of a population again"},
    {"cohort-only", OPTION_FLAG, 0, true, NULL, "only write what is drawn for each subject"},
    {"resume", OPTION_FLAG, 0, true, NULL, "go on with a population that was stopped"},
    {"shard", OPTION_VALUE, 0, false, "PART", "run part I/N of a population, for stroma merge"},
    {"page", OPTION_VALUE, 0, false, "KIND", NULL}, // see cmd_report.c
    OPTION_QUIET,
    OPTION_HELP,
    OPTION_END,
};

/* One run: what is known so far. */
typedef struct {
    Cli *cli;
    const Study *study;
    const char *folder;
    RunResult result;
    const Figure *figures; // (study->plot_count)
    const char **files;    // (file_count) written, in order
    int file_count;
    int data_count;   // the first of them: tables
    bool rendered;    // the pictures are there
    bool complete;    // the manifest is there
    const char *page; // name of the report, or NULL
    Timings timings;
    double progress_since; // when the integration began
    double progress_shown; // when the line was last drawn, 0: never
} Run;

/* --lanes N; 0 if it was not given, -1 if it is no number from 1 to LANES_MAX. */
static int read_lanes(const Cli *cli)
{
    const char *word = option_value(&cli->arguments, "lanes");
    if (word == NULL) {
        return 0;
    }
    double value = 0.0;
    size_t used = 0;
    if (!number_read(word, strlen(word), &value, &used) || word[used] != '\0' ||
        !(value >= 1 && value <= LANES_MAX) || value != floor(value)) {
        return -1;
    }
    return (int)value;
}

/* A line that is drawn over itself; nothing for runs that are over before it could be read. */
static void show_progress(void *context, double done)
{
    static const double first = 0.5; // seconds
    static const double again = 0.1;
    Run *run = context;
    double now = clock_seconds();
    if (now - run->progress_since < first || now - run->progress_shown < again) {
        return;
    }
    run->progress_shown = now;
    cli_words("\rintegrating %3.0f %%", 100.0 * done);
}

static void integrate(Run *run, const RunOptions *options)
{
    Cli *cli = run->cli;
    bool progress = cli->terminal && !option_given(&cli->arguments, "quiet");
    RunOptions how = *options;
    how.stop = interrupt_flag();
    how.progress = progress ? show_progress : NULL;
    how.context = run;
    run->progress_since = clock_seconds();
    interrupt_catch();
    bool ran = study_run(run->study, &how, cli->arena, &run->result);
    assert(ran && "the solver library cannot be set up");
    (void)ran;
    if (run->progress_shown > 0.0) {
        cli_words("\r\033[K");
    }
    run->timings.compile = run->result.compile_seconds;
    run->timings.integrate = run->result.integrate_seconds;
}

static void complain_failures(const Run *run)
{
    for (int arm = 0; arm < run->study->arm_count; arm++) {
        const Outcome *outcome = &run->result.outcomes[arm];
        if (outcome->kind == OUTCOME_DONE || run->study->data != NULL) {
            continue;
        }
        Text text = text_new(run->cli->arena);
        outcome_print(outcome, run->study->model, &text);
        while (text.length > 0 && text.data[text.length - 1] == '\n') {
            text.data[--text.length] = '\0';
        }
        cli_complain("arm '%s': %s", run->study->arms[arm].name, text.data);
    }
}

/* A value that cannot be computed, such as ln(0), spoils no integration, but nobody should find it
 * in a table unprepared. */
static void complain_gaps(const Run *run)
{
    const Study *study = run->study;
    const Table *table = run->result.table;
    for (int i = 0; i < study->output_count; i++) {
        Gaps gaps = summary_gaps(&run->result, i);
        if (gaps.count > 0) {
            char time[NUMBER_TEXT_SIZE];
            number_short(table_cell(table, gaps.row, COLUMN_TIME), 6, time);
            int arm = (int)table_cell(table, gaps.row, COLUMN_ARM);
            cli_complain("'%s' is not a finite number in %zu row%s, first in arm '%s' at t = %s %s",
                         study->outputs[i].label->name, gaps.count, gaps.count == 1 ? "" : "s",
                         study->arms[arm].name, time, study->model->time_unit.text);
        }
    }
}

/* A dose whose lag passes the end of the run is prescribed and never given. */
static void complain_late(const Run *run)
{
    for (int arm = 0; arm < run->study->arm_count; arm++) {
        int late = run->result.ledgers[arm].late;
        if (late > 0) {
            cli_complain("arm '%s': %d dose%s not given: the lag takes %s beyond the end [%s]",
                         run->study->arms[arm].name, late, late == 1 ? " is" : "s are",
                         late == 1 ? "it" : "them", fault_code(FAULT_R050));
        }
    }
}

static int cannot_write(const char *path)
{
    cli_complain("cannot write '%s': %s", path, strerror(errno));
    return CLI_FILE;
}

static void note_file(Run *run, const char *name)
{
    run->files[run->file_count++] = name;
}

/* Tables and scripts. */
static int write_data(Run *run)
{
    Arena *arena = run->cli->arena;
    const Study *study = run->study;
    const char *csv = figures_csv(arena, study);
    const char *plot_csv = figures_plot_csv(arena, study);
    int columns = COLUMN_OUTPUT + study->table_outputs;
    int removed = manifest_remove(run->cli, run->folder);
    if (removed != CLI_OK) {
        return removed;
    }
    if (figures_remove(run->cli, run->folder, run->figures, study->plot_count) != CLI_OK) {
        return CLI_FILE;
    }
    const char *path = file_join(arena, run->folder, csv);
    if (!csv_write(run->result.table, columns, path)) {
        return cannot_write(path);
    }
    note_file(run, csv);
    if (plot_csv != NULL) {
        path = file_join(arena, run->folder, plot_csv);
        if (!csv_write(run->result.table, 0, path)) {
            return cannot_write(path);
        }
        note_file(run, plot_csv);
    }
    path = file_join(arena, run->folder, "columns.csv");
    if (!csv_write_columns(run->result.table, columns, path)) {
        return cannot_write(path);
    }
    note_file(run, "columns.csv");
    if (run->result.ledger != NULL) {
        path = file_join(arena, run->folder, "ledger.csv");
        if (!csv_write(run->result.ledger, 0, path)) {
            return cannot_write(path);
        }
        note_file(run, "ledger.csv");
    }
    run->data_count = run->file_count;
    int code = figures_write(run->cli, run->folder, run->figures, study->plot_count);
    for (int i = 0; code == CLI_OK && i < study->plot_count; i++) {
        note_file(run, arena_format(arena, "%s.gp", run->figures[i].stem));
    }
    return code;
}

static int render(Run *run)
{
    Arena *arena = run->cli->arena;
    int count = run->study->plot_count;
    const char **scripts = arena_array(arena, (size_t)count + 1, sizeof *scripts);
    for (int i = 0; i < count; i++) {
        scripts[i] = arena_format(arena, "%s.gp", run->figures[i].stem);
    }
    int code = figures_render(run->cli, run->folder, scripts, count, &run->rendered);
    for (int i = 0; run->rendered && code == CLI_OK && i < count; i++) {
        note_file(run, arena_format(arena, "%s.svg", run->figures[i].stem));
        note_file(run, arena_format(arena, "%s.png", run->figures[i].stem));
    }
    return code;
}

static int write_manifest(Run *run)
{
    // the number of threads is not in it: no file depends on that
    const char *call =
        run->study->data != NULL ? population_call_line(run->cli) : cli_command_line(run->cli);
    int code = manifest_write(run->cli, run->folder, run->study, &run->result, call);
    if (code == CLI_OK) {
        note_file(run, manifest_name);
        run->complete = true;
    }
    return code;
}

/* The page of `stroma report`. */
static int write_page(Run *run)
{
    StudyPage page = {.cli = run->cli,
                      .study = run->study,
                      .result = &run->result,
                      .figures = run->figures,
                      .figure_count = run->study->plot_count,
                      .rendered = run->rendered,
                      .folder = run->folder};
    int code = study_page_write(&page, &run->page);
    if (code == CLI_OK) {
        note_file(run, run->page);
    }
    return code;
}

/* A gnuplot that fails spoils the pictures only: the manifest is written all the same. */
static int write_everything(Run *run)
{
    double begin = clock_seconds();
    int code = write_data(run);
    run->timings.write = clock_seconds() - begin;
    if (code != CLI_OK) {
        return code;
    }
    if (!option_given(&run->cli->arguments, "no-render")) {
        begin = clock_seconds();
        code = render(run);
        run->timings.render = clock_seconds() - begin;
    }
    if (interrupt_code() != 0) {
        return interrupt_code();
    }
    begin = clock_seconds();
    if (code == CLI_OK && study_page_wanted(run->cli)) {
        code = write_page(run);
    }
    int last = write_manifest(run);
    run->timings.write += clock_seconds() - begin;
    return last == CLI_OK ? code : last;
}

static void say_files(const Run *run)
{
    const Study *study = run->study;
    Text words = text_new(run->cli->arena);
    for (int i = 0; i < run->data_count; i++) {
        text_format(&words, "%s, ", run->files[i]);
    }
    if (study->plot_count > 0) {
        text_format(&words, "%d plot%s (%s), ", study->plot_count,
                    study->plot_count == 1 ? "" : "s", run->rendered ? ".gp, .svg, .png" : ".gp");
    }
    if (run->page != NULL) {
        text_format(&words, "%s, ", run->page);
    }
    cli_say(run->cli, "wrote %s/: %smanifest.json", run->folder, words.data);
}

static void report(Run *run)
{
    Cli *cli = run->cli;
    bool timings = option_given(&cli->arguments, "timings");
    Text text = text_new(cli->arena);
    if (option_given(&cli->arguments, "json")) {
        ReportExtras extras = {.folder = run->folder,
                               .files = run->files,
                               .file_count = run->file_count,
                               .timings = timings ? &run->timings : NULL};
        report_json(run->study, &run->result, &extras, &text);
    } else if (run->page != NULL) {
        text_format(&text, "%s\n", file_join(cli->arena, run->folder, run->page));
    } else if (!option_given(&cli->arguments, "quiet")) {
        if (run->study->data != NULL) {
            data_report(run->study, &run->result, &text);
        } else {
            report_table(run->study, &run->result, &text);
        }
    }
    cli_print(cli, &text);
    if (option_given(&cli->arguments, "ascii")) {
        figures_draw(cli, run->figures, run->study->plot_count, run->result.table);
    }
    if (timings) {
        Text table = text_new(cli->arena);
        report_timings(&run->timings, &table);
        cli_words("%s", table.data);
    }
    say_files(run);
}

static int run_study(Run *run, const RunOptions *options)
{
    Cli *cli = run->cli;
    integrate(run, options);
    if (run->result.stopped || interrupt_code() != 0) {
        cli_complain("interrupted; nothing was written");
        return interrupt_code();
    }
    complain_failures(run);
    data_complain(run->study, &run->result, cli->arena);
    complain_late(run);
    complain_gaps(run);
    run->figures = figures_of_study(cli->arena, run->study);
    size_t room = 8 + 3 * (size_t)run->study->plot_count;
    run->files = arena_array(cli->arena, room, sizeof *run->files);
    int code = write_everything(run);
    if (interrupt_code() != 0) {
        cli_complain("interrupted; '%s' has no manifest and is not complete", run->folder);
        return interrupt_code();
    }
    if (run->complete) {
        report(run);
    }
    return code == CLI_OK && run->result.failed > 0 ? CLI_FAILED : code;
}

/* The folder for the results; NULL if it cannot be made. */
static const char *make_folder(const Cli *cli, const Study *study, const char *wanted)
{
    const char *out = option_value(&cli->arguments, "out");
    bool batch = option_given(&cli->arguments, "batch");
    const char *name = batch ? arena_format(cli->arena, "%s-batch", study->name) : study->name;
    const char *folder = wanted != NULL ? wanted
                         : out != NULL  ? out
                                        : file_join(cli->arena, "out", name);
    if (!file_make_folder(folder)) {
        cli_complain("cannot make the folder '%s': %s", folder,
                     errno == ENOTDIR ? "a file is in the way" : strerror(errno));
        return NULL;
    }
    return folder;
}

/* Options that would say nothing beside one that leaves out the work they are about; NULL if there
 * is none, else *alone is the one that leaves it out. */
static const char *idle_option(const Cli *cli, const char **alone)
{
    static const char *const idle[][9] = {
        {"batch", "json", "ascii", "timings"},
        {"cohort-only", "subject", "shard", "resume", "individuals", "json", "ascii", "timings"},
        {"subject", "shard", "resume", "individuals", "json", "ascii", "timings"}};
    for (size_t i = 0; i < sizeof idle / sizeof idle[0]; i++) {
        *alone = idle[i][0];
        for (size_t k = 1; option_given(&cli->arguments, *alone) && idle[i][k] != NULL; k++) {
            if (option_given(&cli->arguments, idle[i][k])) {
                return idle[i][k];
            }
        }
    }
    return NULL;
}

/* Options that mean something for some studies only. CLI_OK, or CLI_USAGE with the complaint made.
 */
static int read_options(Cli *cli, const Study *study, RunOptions *options)
{
    const char *path = cli->arguments.operands[0];
    bool population = study->population != NULL;
    const char *name;
    if (!population && population_option_given(cli, &name)) {
        return cli_misused(cli, "'--%s' is for a study with a population; '%s' has none", name,
                           path);
    }
    const char *alone;
    name = idle_option(cli, &alone);
    if (name != NULL) {
        return cli_misused(cli, "'--%s' does not go with --%s", name, alone);
    }
    int code = settings_at_dose(cli, true, &options->at_dose);
    if (code != CLI_OK) {
        return code;
    }
    bool batch = option_given(&cli->arguments, "batch");
    if ((population || batch) && options->at_dose != AT_DOSE_POST) {
        return cli_misused(cli, "'--at-dose' is not for a population or a batch");
    }
    if (!population && !batch && study->data == NULL && option_given(&cli->arguments, "jobs")) {
        return cli_misused(cli,
                           "'--jobs' is for a population, a data file or a batch; '%s' is none of "
                           "them",
                           path);
    }
    options->jobs = population || batch ? 0 : population_jobs(cli);
    return options->jobs < 0 ? CLI_USAGE : CLI_OK;
}

int run_call(Cli *cli, int merged, int jobs, const char *folder)
{
    double begin = clock_seconds();
    const char *path = cli->arguments.operands[0];
    const char *bad = NULL;
    ParamsOptions params = params_options_default();
    if (!settings_read(cli, &params, &bad)) {
        return cli_misused(cli, "'--set %s' is not of the form path=value", bad);
    }
    params.models = places_models(cli->arena);
    int lanes = read_lanes(cli);
    if (lanes < 0) {
        return cli_misused(cli, "'--lanes %s' is not a whole number from 1 to %d",
                           option_value(&cli->arguments, "lanes"), LANES_MAX);
    }
    if (cli_is_model(path)) {
        return cli_misused(cli,
                           "'%s' is a model: it has no numbers, doses or times. Write a study "
                           "that names it, such as\n"
                           "  model = \"%s\";\n"
                           "  time  = { end = \"28 day\"; every = \"1 day\"; };\n"
                           "or look at the model with 'stroma show %s'.",
                           path, file_stem(cli->arena, path), path);
    }
    if (!cli_readable(cli, path)) {
        return CLI_FILE;
    }
    Diag *diag = diag_new(cli->arena);
    Run run = {.cli = cli, .study = params_read(cli->arena, path, &params, diag)};
    cli_print_diag(cli, diag);
    if (run.study == NULL) {
        return CLI_DATA;
    }
    run.timings.parse = clock_seconds() - begin;
    RunOptions options = {.width = lanes};
    int code = read_options(cli, run.study, &options);
    if (code != CLI_OK) {
        return code;
    }
    run.folder = make_folder(cli, run.study, folder);
    cli->folder = run.folder;
    if (run.folder == NULL) {
        return CLI_FILE;
    }
    if (option_given(&cli->arguments, "batch")) {
        return batch_command(cli, run.study, run.folder, lanes);
    }
    if (run.study->population == NULL) {
        return run_study(&run, &options);
    }
    PopulationCall call = {.study = run.study,
                           .folder = run.folder,
                           .lanes = lanes,
                           .shards = merged,
                           .jobs = jobs,
                           .timings = run.timings};
    return population_command(cli, &call);
}

static int run_run(Cli *cli)
{
    return run_call(cli, 0, 0, NULL);
}

const Command command_run = {
    .name = "run",
    .run = run_run,
    .summary = "integrate a study; write its tables and plots",
    .operands = "STUDY.cfg [OPTION]...",
    .operands_min = 1,
    .operands_max = 1,
    .examples = "  stroma run params/msc-iv.cfg                  writes out/msc-iv/\n"
                "  stroma run params/msc-iv.cfg --set covariates.WT=90 --out heavy\n"
                "  stroma run params/msc-iv.cfg --no-render --json | jq .arms\n",
    .options = run_options,
};
