/* population.c: runs a population and writes what it leaves.
 *
 * Data first, then pictures, the manifest last; the spool goes when the manifest is there. Whatever
 * stops a run before that leaves the spool, and --resume goes on with it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/population.h"
#include "cli/figures.h"
#include "cli/interrupt.h"
#include "cli/manifest.h"
#include "cli/places.h"
#include "cli/study_page.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "table/csv.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

enum { MOST_JOBS = 1024, MOST_SHARDS = 100000 };

typedef enum { INDIVIDUALS_NONE, INDIVIDUALS_CSV, INDIVIDUALS_HDF5 } Individuals;

typedef struct {
    Cli *cli;
    PopulationCall *call;
    const Study *study;
    Plan *plan;
    PopulationOptions options;
    struct PopulationCounts counts;
    RunResult result;
    Individuals individuals;
    const Hdf5Library *hdf5; // loaded if individuals go there
    const Figure *figures;
    int figure_count;
    const char **files; // (file_count) written, in order
    int file_count, data_count;
    bool rendered;
    const char *page; // name of the report, or NULL
    bool begun;       // the line of progress is there
    double started;   // when the units began
    double shown;     // when progress was last told
} Run;

/* --- options ------------------------------------------------------------------------------------
 */

/* A whole number from low to high at the start of a word; *rest is what follows. */
static bool read_whole(const char *word, int low, int high, int *value, const char **rest)
{
    double number = 0.0;
    size_t used = 0;
    if (word == NULL || !number_read(word, strlen(word), &number, &used) || !(number >= low) ||
        !(number <= high) || number != floor(number)) {
        return false;
    }
    *value = (int)number;
    *rest = word + used;
    return true;
}

/* Before the run, so that hours of work do not end in "there is no HDF5". */
static int load_hdf5(Run *run)
{
    static const char module[] = "stroma-hdf5.so";
    const char *path = places_module(run->cli->arena, module);
    const char *why = NULL;
    if (path != NULL) {
        run->hdf5 = hdf5_load(run->cli->arena, path, &why);
    }
    if (run->hdf5 != NULL) {
        return CLI_OK;
    }
    if (why != NULL) {
        cli_complain("HDF5 cannot be loaded: %s; --individuals=csv writes text", why);
    } else {
        cli_complain("--individuals=hdf5 needs the module '%s', which is built where libhdf5-dev "
                     "is installed; --individuals=csv writes text",
                     module);
    }
    return CLI_USAGE;
}

int population_jobs(const Cli *cli)
{
    int jobs = 0;
    const char *rest = "";
    const char *word = option_value(&cli->arguments, "jobs");
    if (word != NULL && (!read_whole(word, 1, MOST_JOBS, &jobs, &rest) || *rest != '\0')) {
        (void)cli_misused(cli, "'--jobs %s' is not a whole number from 1 to %d", word, MOST_JOBS);
        return -1;
    }
    return jobs;
}

/* CLI_OK, or CLI_USAGE with the complaint made. */
static int read_options(Run *run)
{
    const Cli *cli = run->cli;
    const Arguments *arguments = &cli->arguments;
    PopulationOptions *options = &run->options;
    *options = (PopulationOptions){.shard = 1, .shard_count = 1, .folder = run->call->folder};
    options->jobs = run->call->jobs;
    if (option_given(arguments, "jobs") && (options->jobs = population_jobs(cli)) < 0) {
        return CLI_USAGE;
    }
    const char *rest = "";
    const char *word = option_value(arguments, "shard");
    if (word != NULL &&
        (!read_whole(word, 1, MOST_SHARDS, &options->shard, &rest) || *rest != '/' ||
         !read_whole(rest + 1, 1, MOST_SHARDS, &options->shard_count, &rest) || *rest != '\0' ||
         options->shard > options->shard_count)) {
        return cli_misused(cli, "'--shard %s' is not of the form i/n, such as 2/8", word);
    }
    word = option_value(arguments, "individuals");
    const Study *study = run->study;
    double cells = (double)study->population->size * study->time_count * study->arm_count *
                   study->table_outputs;
    static const double few = 1e6;
    run->individuals = cells <= few ? INDIVIDUALS_CSV : INDIVIDUALS_NONE;
    if (word != NULL && strcmp(word, "csv") == 0) {
        run->individuals = INDIVIDUALS_CSV;
    } else if (word != NULL && strcmp(word, "hdf5") == 0) {
        run->individuals = INDIVIDUALS_HDF5;
        return load_hdf5(run);
    } else if (word != NULL && strcmp(word, "none") == 0) {
        run->individuals = INDIVIDUALS_NONE;
    } else if (word != NULL) {
        return cli_misused(cli, "'--individuals %s' is none of none, csv, hdf5", word);
    } else if (cells > few && run->call->shards == 0 && !option_given(arguments, "subject") &&
               !option_given(arguments, "cohort-only")) {
        cli_say(cli,
                "%.3g numbers of single subjects are not written; --individuals=csv asks for them",
                cells);
    }
    return CLI_OK;
}

/* --- words while it runs ------------------------------------------------------------------------
 */

static const char *clock_words(Arena *arena, double seconds)
{
    long whole = (long)(seconds + 0.5);
    return whole < 3600
               ? arena_format(arena, "%ld:%02ld", whole / 60, whole % 60)
               : arena_format(arena, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
}

/* A bar drawn over itself on a terminal, a line each minute elsewhere. */
static void show_progress(void *context, long done, long total)
{
    enum { BAR = 24 };
    static const char full[] = "########################";
    static const char empty[] = "                        ";
    Run *run = context;
    const Cli *cli = run->cli;
    double now = clock_seconds();
    double first = cli->terminal ? 0.5 : 60.0;
    double again = cli->terminal ? 0.1 : 60.0;
    if (now - run->started < first || now - run->shown < again || total == 0) {
        return;
    }
    run->shown = now;
    Arena *arena = arena_new();
    double part = (double)done / (double)total;
    double rate = (double)done * run->plan->width / (now - run->started);
    const char *left =
        done == 0 ? "?" : clock_words(arena, (now - run->started) * (1.0 - part) / part);
    if (cli->terminal) {
        int filled = (int)(part * BAR);
        cli_words("\r[%.*s%.*s] %3.0f %%  %.4g subjects/s  %s left \033[K", filled, full,
                  BAR - filled, empty, 100.0 * part, rate, left);
        run->begun = true;
    } else {
        cli_words("stroma: %.0f %% done, %.4g subjects per second, %s left\n", 100.0 * part, rate,
                  left);
    }
    arena_free(arena);
}

static int code_of(Run *run, PopulationStatus status, const char *words)
{
    switch (status) {
    case POPULATION_DONE:
        return CLI_OK;
    case POPULATION_STOPPED:
        cli_complain("%s; go on with: %s --resume", words, population_call_line(run->cli));
        return CLI_RESUMABLE;
    case POPULATION_FILE:
    case POPULATION_MISSING:
        cli_complain("%s", words);
        return CLI_FILE;
    case POPULATION_OTHER:
    case POPULATION_REFUSED:
        cli_complain("%s", words);
        return CLI_DATA;
    case POPULATION_SOLVER:
        break;
    }
    cli_complain("the solver library cannot be set up");
    return CLI_BUG;
}

static int cannot_write(const char *path)
{
    cli_complain("cannot write '%s': %s", path, strerror(errno));
    return CLI_FILE;
}

/* --- one subject, or only what is drawn ---------------------------------------------------------
 */

static int run_subject(Run *run, const char *word)
{
    Cli *cli = run->cli;
    double id = 0.0;
    size_t used = 0;
    bool number = number_read(word, strlen(word), &id, &used) && word[used] == '\0';
    int subject = number ? plan_find(run->plan, id) : -1;
    if (subject < 0) {
        return cli_misused(cli, "there is no subject '%s' among %d", word,
                           run->study->population->size);
    }
    Text words = text_new(cli->arena);
    PopulationStatus status =
        population_subject(run->plan, subject, cli->arena, &run->result, &words);
    if (status != POPULATION_DONE) {
        return code_of(run, status, words.data);
    }
    for (int arm = 0; arm < run->study->arm_count; arm++) {
        if (run->result.outcomes[arm].kind != OUTCOME_DONE) {
            cli_complain("arm '%s': %s", run->study->arms[arm].name,
                         run->result.outcomes[arm].reason);
            run->result.outcomes[arm].reason = NULL;
            run->result.outcomes[arm].has_fault = false;
        }
    }
    const char *name = arena_format(cli->arena, "subject-%s.csv", word);
    const char *path = file_join(cli->arena, run->call->folder, name);
    if (!csv_write(run->result.table, 3 + run->study->table_outputs, path)) {
        return cannot_write(path);
    }
    if (!option_given(&cli->arguments, "quiet")) {
        Text text = text_new(cli->arena);
        report_table(run->study, &run->result, &text);
        cli_print(cli, &text);
    }
    cli_say(cli, "wrote %s", path);
    return run->result.failed > 0 ? CLI_FAILED : CLI_OK;
}

static int write_cohort(Run *run)
{
    Cli *cli = run->cli;
    size_t packs = (size_t)run->plan->pack_count;
    bool *wanted = arena_array(cli->arena, packs, sizeof *wanted);
    memset(wanted, 1, packs * sizeof *wanted);
    if (run->study->population->accept_count > 0) {
        Text words = text_new(cli->arena);
        PopulationStatus status = accept_run(run->plan, &run->options, wanted, &words);
        if (status == POPULATION_STOPPED) {
            cli_complain("interrupted; nothing was written");
            return interrupt_code();
        }
        if (status != POPULATION_DONE) {
            return code_of(run, status, words.data);
        }
    }
    const char *path = file_join(cli->arena, run->call->folder, "subjects.csv");
    if (!population_write_subjects(run->plan, run->options.jobs, path)) {
        return cannot_write(path);
    }
    double refused = 0.0;
    for (int i = 0; i < run->study->population->size; i++) {
        refused += run->plan->attempts[i];
    }
    population_accepted(run->cli, run->study->population, refused);
    cli_say(cli, "wrote %s", path);
    return CLI_OK;
}

/* --- what a run leaves --------------------------------------------------------------------------
 */

static void note_file(Run *run, const char *name)
{
    run->files[run->file_count++] = name;
}

/* Files of an earlier run that this one does not write anew must not stay beside its manifest. */
static int remove_stale(const Run *run)
{
    Arena *arena = run->cli->arena;
    const char *names[] = {manifest_name, figures_csv(arena, run->study),
                           arena_format(arena, "%s-plots.csv", run->study->name), "contrast.csv",
                           arena_format(arena, "%s.h5", run->study->name)};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *path = file_join(arena, run->call->folder, names[i]);
        if (unlink(path) != 0 && errno != ENOENT) {
            return cannot_write(path);
        }
    }
    return CLI_OK;
}

typedef enum {
    FILE_OUTCOMES,
    FILE_SUBJECTS,
    FILE_SUMMARY,
    FILE_CONTRAST,
    FILE_SINGLE,
    FILE_HDF5,
    FILE_KINDS
} FileKind;

static bool write_kind(Run *run, FileKind kind, const char *path)
{
    switch (kind) {
    case FILE_OUTCOMES:
        return population_write_outcomes(run->plan, run->options.jobs, path);
    case FILE_SUBJECTS:
        return population_write_subjects(run->plan, run->options.jobs, path);
    case FILE_SUMMARY:
        return population_write_summary(run->plan, run->options.jobs, path, run->result.table);
    case FILE_CONTRAST:
        return population_write_contrast(run->plan, run->options.jobs, path);
    case FILE_SINGLE:
        return population_write_individuals(run->plan, run->options.jobs, run->study->table_outputs,
                                            path);
    case FILE_HDF5:
        return population_write_hdf5(run->plan, run->study->table_outputs, run->hdf5, path);
    case FILE_KINDS:
        break;
    }
    return false;
}

static int write_tables(Run *run)
{
    Arena *arena = run->cli->arena;
    const struct {
        const char *name;
        bool wanted;
    } files[] = {
        {"outcomes.csv", true},
        {"subjects.csv", true},
        {"summary.csv", true},
        {"contrast.csv", run->study->arm_count > 1},
        {figures_csv(arena, run->study), run->individuals == INDIVIDUALS_CSV},
        {arena_format(arena, "%s.h5", run->study->name), run->individuals == INDIVIDUALS_HDF5}};
    int code = remove_stale(run);
    for (int i = 0; i < FILE_KINDS && code == CLI_OK; i++) {
        if (interrupt_code() != 0) {
            return interrupt_code();
        }
        const char *path = file_join(arena, run->call->folder, files[i].name);
        if (files[i].wanted && !write_kind(run, (FileKind)i, path)) {
            return cannot_write(path);
        }
        if (files[i].wanted) {
            note_file(run, files[i].name);
        }
    }
    const char *path = file_join(arena, run->call->folder, "columns.csv");
    if (code == CLI_OK &&
        !csv_write_columns(run->result.table, 3 + run->study->table_outputs, path)) {
        return cannot_write(path);
    }
    note_file(run, "columns.csv");
    run->data_count = run->file_count;
    return code;
}

static int draw(Run *run)
{
    Arena *arena = run->cli->arena;
    size_t count = (size_t)run->figure_count;
    const char **scripts = arena_array(arena, count + 1, sizeof *scripts);
    int code = figures_write(run->cli, run->call->folder, run->figures, run->figure_count);
    for (size_t i = 0; i < count && code == CLI_OK; i++) {
        scripts[i] = arena_format(arena, "%s.gp", run->figures[i].stem);
        note_file(run, scripts[i]);
    }
    if (code != CLI_OK || option_given(&run->cli->arguments, "no-render")) {
        return code;
    }
    double begin = clock_seconds();
    code = figures_render(run->cli, run->call->folder, scripts, run->figure_count, &run->rendered);
    run->call->timings.render = clock_seconds() - begin;
    for (size_t i = 0; i < count && code == CLI_OK && run->rendered; i++) {
        note_file(run, arena_format(arena, "%s.svg", run->figures[i].stem));
        note_file(run, arena_format(arena, "%s.png", run->figures[i].stem));
    }
    return code;
}

static int write_manifest(Run *run)
{
    int code = manifest_write(run->cli, run->call->folder, run->study, &run->result,
                              population_call_line(run->cli));
    if (code == CLI_OK) {
        note_file(run, manifest_name);
    }
    return code;
}

/* The page of `stroma report`. */
static int write_page(Run *run)
{
    StudyPage page = {.cli = run->cli,
                      .study = run->study,
                      .result = &run->result,
                      .plan = run->plan,
                      .figures = run->figures,
                      .figure_count = run->figure_count,
                      .rendered = run->rendered,
                      .folder = run->call->folder};
    int code = study_page_write(&page, &run->page);
    if (code == CLI_OK) {
        note_file(run, run->page);
    }
    return code;
}

static void report(Run *run)
{
    Cli *cli = run->cli;
    bool timings = option_given(&cli->arguments, "timings");
    Text text = text_new(cli->arena);
    if (option_given(&cli->arguments, "json")) {
        Text more = text_new(cli->arena);
        population_json(run->plan, &run->counts, &more);
        ReportExtras extras = {.folder = run->call->folder,
                               .files = run->files,
                               .file_count = run->file_count,
                               .timings = timings ? &run->call->timings : NULL,
                               .more = more.data};
        report_json(run->study, &run->result, &extras, &text);
    } else if (run->page != NULL) {
        text_format(&text, "%s\n", file_join(cli->arena, run->call->folder, run->page));
    } else if (!option_given(&cli->arguments, "quiet")) {
        report_table(run->study, &run->result, &text);
        population_report(run->plan, &run->counts, &text);
    }
    cli_print(cli, &text);
    if (option_given(&cli->arguments, "ascii")) {
        figures_draw(cli, run->figures, run->study->plot_count, run->result.table);
    }
    if (timings) {
        Text table = text_new(cli->arena);
        report_timings(&run->call->timings, &table);
        cli_words("%s", table.data);
    }
    Text words = text_new(cli->arena);
    for (int i = 0; i < run->data_count; i++) {
        text_format(&words, "%s, ", run->files[i]);
    }
    if (run->figure_count > 0) {
        text_format(&words, "%d plot%s (%s), ", run->figure_count,
                    run->figure_count == 1 ? "" : "s", run->rendered ? ".gp, .svg, .png" : ".gp");
    }
    if (run->page != NULL) {
        text_format(&words, "%s, ", run->page);
    }
    cli_say(cli, "wrote %s/: %smanifest.json", run->call->folder, words.data);
}

static void say_failures(const Run *run)
{
    const Population *population = run->study->population;
    for (int arm = 0; arm < run->study->arm_count; arm++) {
        int failed = run->counts.arms[arm].failed;
        if (failed > 0) {
            cli_complain("arm '%s': %d of %d subjects failed; outcomes.csv says why",
                         run->study->arms[arm].name, failed, population->size);
        }
    }
    population_accepted(run->cli, run->study->population, run->counts.refused);
}

/* All units are there: makes the results. */
static int finish(Run *run)
{
    Cli *cli = run->cli;
    double begin = clock_seconds();
    if (!population_count(run->plan, cli->arena, &run->counts)) {
        cli_complain("cannot read the spool in '%s': %s", run->call->folder, strerror(errno));
        return CLI_FILE;
    }
    population_result(run->plan, &run->counts, cli->arena, &run->result);
    say_failures(run);
    run->figures = figures_of_population(cli->arena, run->study, &run->figure_count);
    run->files = arena_array(cli->arena, 8 + 3 * (size_t)run->figure_count, sizeof *run->files);
    int code = write_tables(run);
    run->call->timings.write = clock_seconds() - begin;
    code = code == CLI_OK ? draw(run) : code;
    if (interrupt_code() != 0) {
        return code_of(run, POPULATION_STOPPED, "interrupted while the results were written");
    }
    if (code == CLI_OK && study_page_wanted(cli)) {
        code = write_page(run);
    }
    bool spoilt = code != CLI_OK && !(run->file_count > run->data_count); // pictures only
    int last = spoilt ? code : write_manifest(run);
    if (last != CLI_OK) {
        return last;
    }
    report(run); // it reads the spool once more
    population_clean(run->plan);
    return code == CLI_OK && run->result.failed > 0 ? CLI_FAILED : code;
}

static bool left_over(const Run *run)
{
    const PopulationOptions *options = &run->options;
    const char *stem = spool_stem(run->cli->arena, options->folder, run->study->name,
                                  options->shard, options->shard_count);
    return file_exists(arena_format(run->cli->arena, "%s.journal", stem));
}

static int run_units(Run *run)
{
    Cli *cli = run->cli;
    PopulationOptions *options = &run->options;
    options->call = population_call_words(cli);
    options->resume = option_given(&cli->arguments, "resume");
    options->stop = interrupt_flag();
    options->context = run;
    if (!option_given(&cli->arguments, "quiet")) {
        options->progress = show_progress;
    }
    if (!options->resume && left_over(run)) {
        cli_say(cli, "beginning anew; --resume would have gone on with the run that was stopped");
    }
    interrupt_catch_once();
    Text words = text_new(cli->arena);
    run->started = clock_seconds();
    PopulationStatus status = population_run(run->plan, options, &words);
    if (run->begun) {
        cli_words("\r\033[K");
    }
    run->call->timings.integrate = clock_seconds() - run->started;
    return code_of(run, status, words.data);
}

int population_command(Cli *cli, PopulationCall *call)
{
    assert(cli != NULL && call != NULL && call->study->population != NULL);
    Run run = {.cli = cli, .call = call, .study = call->study};
    int code = read_options(&run);
    if (code != CLI_OK) {
        return code;
    }
    double begin = clock_seconds();
    run.plan = plan_new(call->study, call->lanes, cli->arena);
    call->timings.compile = clock_seconds() - begin;
    const char *subject = option_value(&cli->arguments, "subject");
    if (subject != NULL) {
        return run_subject(&run, subject);
    }
    if (option_given(&cli->arguments, "cohort-only")) {
        interrupt_catch();
        run.options.stop = interrupt_flag();
        return write_cohort(&run);
    }
    if (call->shards > 0) {
        Text words = text_new(cli->arena);
        interrupt_catch_once();
        PopulationStatus status = population_merge(run.plan, call->folder, call->shards, &words);
        code = code_of(&run, status, words.data);
    } else {
        code = run_units(&run);
    }
    if (code == CLI_OK && run.options.shard_count > 1 && call->shards == 0) {
        cli_say(cli, "shard %d of %d is done; when all are: stroma merge %s", run.options.shard,
                run.options.shard_count, call->folder);
    } else if (code == CLI_OK) {
        code = finish(&run);
    }
    population_close(run.plan);
    return code;
}
