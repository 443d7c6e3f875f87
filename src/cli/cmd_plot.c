/* cmd_plot.c: `stroma plot`: makes the pictures again from the data; integrates nothing.
 *
 * Given a study, its scripts are written anew (so a changed title or range takes effect) beside the
 * data of its last run. Given a folder, the scripts found there are run as they are, edited by hand
 * or not.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "cli/figures.h"
#include "cli/interrupt.h"
#include "cli/places.h"
#include "cli/summary.h"

#include "base/file.h"
#include "params/params.h"
#include "table/csv.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

static const Option options[] = {
    {"out", OPTION_VALUE, 'o', false, "DIR",
     "folder of the study's data (default: out/<name of the study>)"},
    {"ascii", OPTION_FLAG, 0, true, NULL, "draw in the terminal and write no pictures"},
    OPTION_QUIET,
    OPTION_HELP,
    OPTION_END,
};

static bool list_folder(Arena *arena, const char *folder, const char *ending, Listing *listing)
{
    if (places_list(arena, folder, ending, listing)) {
        return true;
    }
    cli_complain("cannot read the folder '%s': %s", folder, strerror(errno));
    return false;
}

static int render(Cli *cli, const char *folder, const char *const *scripts, int count)
{
    bool rendered = false;
    interrupt_catch();
    int code = figures_render(cli, folder, scripts, count, &rendered);
    if (code == CLI_OK && rendered) {
        Text names = text_new(cli->arena);
        for (int i = 0; i < count; i++) {
            const char *stem = file_stem(cli->arena, scripts[i]);
            text_format(&names, "%s%s.svg, %s.png", i == 0 ? "" : ", ", stem, stem);
        }
        cli_say(cli, "wrote %s/: %s", folder, names.data);
    }
    return code;
}

/* Words of a column that holds one of `count` arms' names. */
static void set_arms(Figure *figure, const Table *table)
{
    int arm = table_find(table, "arm");
    if (arm >= 0 && table->columns[arm].kind == TABLE_TEXT) {
        figure->arms = table->columns[arm].words;
        figure->arm_count = table->columns[arm].word_count;
    }
}

/* A folder does not tell what its scripts draw, so each column is drawn. */
static int draw_columns(Cli *cli, const char *folder, const char *name)
{
    const char *path = file_join(cli->arena, folder, name);
    Diag *diag = diag_new(cli->arena);
    const Table *table = csv_read(cli->arena, path, diag);
    cli_print_diag(cli, diag);
    if (table == NULL || table_find(table, "time") < 0) {
        return CLI_DATA;
    }
    for (int column = 0; column < table->column_count; column++) {
        const char *title = table->columns[column].name;
        if (table->columns[column].kind != TABLE_NUMBER || strcmp(title, "time") == 0 ||
            strcmp(title, "id") == 0) {
            continue;
        }
        Curve curve = {.column = title, .label = title, .unit = ""};
        Figure figure = {.title = title,
                         .csv = name,
                         .x_label = "time",
                         .y_label = title,
                         .curves = &curve,
                         .curve_count = 1,
                         .x_min = NAN,
                         .x_max = NAN,
                         .y_min = NAN,
                         .y_max = NAN};
        set_arms(&figure, table);
        figures_draw(cli, &figure, 1, table);
    }
    return CLI_OK;
}

/* Is this a table whose columns are curves, not names or single numbers? */
static bool has_curves(const char *name)
{
    static const char *const others[] = {"columns.csv",  "ledger.csv",   "summary.csv",
                                         "contrast.csv", "outcomes.csv", "subjects.csv"};
    bool other = places_ends_with(name, "-plots.csv");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        other = other || strcmp(name, others[i]) == 0;
    }
    return !other;
}

static int plot_folder(Cli *cli, const char *folder)
{
    Listing listing;
    if (option_given(&cli->arguments, "out")) {
        return cli_misused(cli, "--out goes with a study; '%s' is a folder of data already",
                           folder);
    }
    if (!option_given(&cli->arguments, "ascii")) {
        if (!list_folder(cli->arena, folder, ".gp", &listing)) {
            return CLI_FILE;
        }
        if (listing.count == 0) {
            cli_complain("there is no plot script (*.gp) in '%s'", folder);
            return CLI_FILE;
        }
        return render(cli, folder, listing.names, (int)listing.count);
    }
    if (!list_folder(cli->arena, folder, ".csv", &listing)) {
        return CLI_FILE;
    }
    int code = CLI_FILE;
    for (size_t i = 0; i < listing.count; i++) {
        if (has_curves(listing.names[i])) {
            code = draw_columns(cli, folder, listing.names[i]);
        }
    }
    if (code == CLI_FILE) {
        cli_complain("there is no data (*.csv) in '%s'", folder);
    }
    return code;
}

/* The data of a figure; an ExitCode, complained of. */
static int figure_data(Cli *cli, const char *folder, const Figure *figure, const Table **table)
{
    const char *path = file_join(cli->arena, folder, figure->csv);
    if (!file_exists(path)) {
        cli_complain("there is no data '%s'; make it with 'stroma run'", path);
        return CLI_FILE;
    }
    Diag *diag = diag_new(cli->arena);
    *table = csv_read(cli->arena, path, diag);
    cli_print_diag(cli, diag);
    if (*table == NULL) {
        return CLI_DATA;
    }
    const FigureBand *band = figure->band;
    int columns = band == NULL ? figure->curve_count : band->low == NULL ? 1 : 2;
    for (int i = 0; i < columns; i++) {
        const char *column = band == NULL        ? figure->curves[i].column
                             : band->low == NULL ? band->middle
                             : i == 0            ? band->low
                                                 : band->high;
        if (table_find(*table, column) < 0) {
            cli_complain("'%s' has no column '%s': the study has changed since; make the data anew "
                         "with 'stroma run'",
                         path, column);
            return CLI_DATA;
        }
    }
    return CLI_OK;
}

static int plot_study(Cli *cli, const char *path)
{
    if (!cli_readable(cli, path)) {
        return CLI_FILE;
    }
    ParamsOptions params = params_options_default();
    params.models = places_models(cli->arena);
    Diag *diag = diag_new(cli->arena);
    const Study *study = params_read(cli->arena, path, &params, diag);
    cli_print_diag(cli, diag);
    if (study == NULL) {
        return CLI_DATA;
    }
    const char *out = option_value(&cli->arguments, "out");
    const char *folder = out != NULL ? out : file_join(cli->arena, "out", study->name);
    int count = study->plot_count;
    const Figure *figures = study->population != NULL
                                ? figures_of_population(cli->arena, study, &count)
                                : figures_of_study(cli->arena, study);
    bool ascii = option_given(&cli->arguments, "ascii");
    if (ascii && study->population != NULL) {
        return cli_misused(cli, "the medians of a population are drawn by 'stroma run --ascii'");
    }
    const char **scripts = arena_array(cli->arena, (size_t)count + 1, sizeof *scripts);
    for (int i = 0; i < count; i++) {
        const Table *table = NULL;
        int code = figure_data(cli, folder, &figures[i], &table);
        if (code != CLI_OK) {
            return code;
        }
        if (ascii) {
            figures_draw(cli, &figures[i], 1, table);
        }
        scripts[i] = arena_format(cli->arena, "%s.gp", figures[i].stem);
    }
    if (count == 0) {
        cli_say(cli, "'%s' has no plots", path);
        return CLI_OK;
    }
    if (ascii) {
        return CLI_OK;
    }
    int code = figures_write(cli, folder, figures, count);
    return code == CLI_OK ? render(cli, folder, scripts, count) : code;
}

static int run_plot(Cli *cli)
{
    const char *path = cli->arguments.operands[0];
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        return plot_folder(cli, path);
    }
    if (cli_is_model(path)) {
        return cli_misused(cli, "'%s' is a model; give a study or a folder of results", path);
    }
    return plot_study(cli, path);
}

const Command command_plot = {
    .name = "plot",
    .run = run_plot,
    .summary = "make the pictures again from the data; integrate nothing",
    .operands = "DIR|STUDY.cfg [OPTION]...",
    .operands_min = 1,
    .operands_max = 1,
    .examples = "  stroma plot out/msc-iv                        run its scripts again\n"
                "  stroma plot params/msc-iv.cfg                 write the scripts anew, then run\n"
                "  stroma plot params/msc-iv.cfg --ascii         draw in the terminal\n",
    .options = options,
};
