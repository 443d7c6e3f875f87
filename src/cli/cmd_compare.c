/* cmd_compare.c: `stroma compare`: fits set side by side by their criteria, and by likelihood ratio
 * where one is the other with parameters held fixed.
 *
 * It reads fit.json of each folder and the predictions beside it; nothing is simulated. Two fits
 * can be compared when they are of the same values (the hash of the data, their number). One is
 * nested in the other when the models are the same file with the same content and its parameters
 * are some of the other's; then twice the difference of the log-likelihoods is set against
 * chi-square (Wilks 1938). SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/fit.h"
#include "cli/fit_script.h"
#include "cli/interrupt.h"
#include "cli/places.h"

#include "base/file.h"
#include "base/number.h"
#include "study/fit_read.h"
#include "table/csv.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_FITS = 16, CELLS = 8 };

static const Option options[] = {
    {"out", OPTION_VALUE, 'o', false, "DIR", "write into DIR (default: out/compare)"},
    {"no-render", OPTION_FLAG, 0, true, NULL, "write data and scripts, but no pictures"},
    OPTION_QUIET,
    OPTION_HELP,
    OPTION_END,
};

typedef struct {
    FitCall call; // for the files
    FitRead *fits;
    int count;
    double best; // lowest AICc
} Compare;

/* --- reading -------------------------------------------------------------------------------------
 */

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISDIR(status.st_mode);
}

/* A study, or a file within a folder, in the place of a folder of results. */
static int refuse_file(Cli *cli, const char *path)
{
    if (places_ends_with(path, ".cfg")) {
        const char *name = file_base(path);
        const char *stem = arena_copy(cli->arena, name, strlen(name) - 4);
        return cli_misused(cli,
                           "'%s' is a study; 'stroma fit %s' writes out/%s-fit, and such folders "
                           "are compared, two or more",
                           path, path, stem);
    }
    if (strcmp(file_base(path), "fit.json") == 0) {
        return cli_misused(cli, "'%s' is a file: its folder '%s' is what is compared", path,
                           file_folder(cli->arena, path));
    }
    return cli_misused(cli, "'%s' is a file, not a folder that 'stroma fit' has written", path);
}

static int read_fits(Compare *compare)
{
    Cli *cli = compare->call.cli;
    compare->count = cli->arguments.operand_count;
    compare->fits = arena_array(cli->arena, (size_t)compare->count, sizeof *compare->fits);
    compare->best = HUGE_VAL;
    for (int i = 0; i < compare->count; i++) {
        FitRead *fit = &compare->fits[i];
        const char *folder = cli->arguments.operands[i];
        const char *why = NULL;
        const char *path = file_join(cli->arena, folder, "fit.json");
        if (is_file(folder)) {
            return refuse_file(cli, folder);
        }
        if (!file_exists(path)) {
            cli_complain("there is no '%s'; make it with 'stroma fit'", path);
            return CLI_FILE;
        }
        if (!fit_read(cli->arena, path, fit, &why)) {
            cli_complain("cannot read '%s': %s", path, why);
            return CLI_DATA;
        }
        fit->folder = folder;
        if (i > 0 && (strcmp(fit->data_hash, compare->fits[0].data_hash) != 0 ||
                      fit->values != compare->fits[0].values)) {
            cli_complain("'%s' and '%s' are not of the same values: their likelihoods cannot be "
                         "compared",
                         compare->fits[0].folder, folder);
            return CLI_DATA;
        }
        compare->best = fmin(compare->best, fit->aicc);
    }
    return CLI_OK;
}

static bool has_name(const FitRead *fit, const char *name)
{
    for (int i = 0; i < fit->name_count; i++) {
        if (strcmp(fit->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_nested(const FitRead *small, const FitRead *large)
{
    bool nested =
        small->name_count < large->name_count && strcmp(small->model_hash, large->model_hash) == 0;
    for (int i = 0; i < small->name_count && nested; i++) {
        nested = has_name(large, small->names[i]);
    }
    return nested;
}

/* --- words ---------------------------------------------------------------------------------------
 */

static const char *digits(Arena *arena, double value, int count)
{
    char words[NUMBER_TEXT_SIZE];
    if (!isfinite(value)) {
        return "NA";
    }
    (void)number_short(value, count, words);
    return arena_copy(arena, words, strlen(words));
}

/* Akaike's weight: how much of the evidence falls on this fit. */
static double weight_of(const Compare *compare, int index)
{
    double sum = 0.0;
    for (int i = 0; i < compare->count; i++) {
        sum += exp(-0.5 * (compare->fits[i].aicc - compare->best));
    }
    return exp(-0.5 * (compare->fits[index].aicc - compare->best)) / sum;
}

static void print_table(const Compare *compare, Text *text)
{
    static const char *const head[CELLS] = {"fit",        "parameters", "-2LL", "AICc",
                                            "above best", "weight",     "BIC",  "status"};
    Arena *arena = text->arena;
    size_t rows = (size_t)compare->count + 1;
    const char *(*cells)[CELLS] = arena_array(arena, rows, sizeof *cells);
    size_t width[CELLS] = {0};
    memcpy(cells[0], head, sizeof head);
    for (int i = 0; i < compare->count; i++) {
        const FitRead *fit = &compare->fits[i];
        const char **row = cells[i + 1];
        row[0] = fit->folder;
        row[1] = arena_format(arena, "%d", fit->parameters);
        row[2] = digits(arena, fit->minus_two_log, 6);
        row[3] = digits(arena, fit->aicc, 6);
        row[4] = digits(arena, fit->aicc - compare->best, 4);
        row[5] = digits(arena, weight_of(compare, i), 3);
        row[6] = digits(arena, fit->bic, 6);
        row[7] = fit->status;
    }
    for (size_t i = 0; i < rows; i++) {
        for (int k = 0; k < CELLS; k++) {
            size_t own = strlen(cells[i][k]);
            width[k] = own > width[k] ? own : width[k];
        }
    }
    for (size_t i = 0; i < rows; i++) {
        text_format(text, "%-*s", (int)width[0], cells[i][0]);
        for (int k = 1; k + 1 < CELLS; k++) {
            text_format(text, "  %*s", (int)width[k], cells[i][k]);
        }
        text_format(text, "  %s\n", cells[i][CELLS - 1]);
    }
}

/* The likelihood ratio of each nested pair: as a table, and for people. */
static void add_ratios(const Compare *compare, Text *csv, Text *text)
{
    Arena *arena = csv->arena;
    text_string(csv, "small,large,parameters,ratio,p\n");
    for (int i = 0; i < compare->count; i++) {
        for (int k = 0; k < compare->count; k++) {
            const FitRead *small = &compare->fits[i];
            const FitRead *large = &compare->fits[k];
            if (!is_nested(small, large)) {
                continue;
            }
            int more = large->name_count - small->name_count;
            double ratio = small->minus_two_log - large->minus_two_log;
            double p = gsl_cdf_chisq_Q(fmax(ratio, 0.0), more);
            text_format(csv, "\"%s\",\"%s\",%d,", small->folder, large->folder, more);
            text_number(csv, ratio);
            text_string(csv, ",");
            text_number(csv, p);
            text_string(csv, "\n");
            text_format(text, "%s is %s with %d parameter%s held: -2LL %s higher, p = %s\n",
                        small->folder, large->folder, more, more == 1 ? "" : "s",
                        digits(arena, ratio, 4), digits(arena, p, 2));
        }
    }
}

/* --- files ---------------------------------------------------------------------------------------
 */

static const char *criteria_csv(const Compare *compare, Arena *arena)
{
    Text csv = text_new(arena);
    text_string(&csv,
                "fit,values,parameters,minus_two_log_likelihood,aicc,delta_aicc,weight,bic\n");
    for (int i = 0; i < compare->count; i++) {
        const FitRead *fit = &compare->fits[i];
        const double numbers[] = {fit->minus_two_log, fit->aicc, fit->aicc - compare->best,
                                  weight_of(compare, i), fit->bic};
        text_format(&csv, "\"%s\",%d,%d", fit->folder, fit->values, fit->parameters);
        for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
            text_string(&csv, ",");
            text_number(&csv, numbers[k]);
        }
        text_string(&csv, "\n");
    }
    return csv.data;
}

static const char *with_unit(Arena *arena, const char *words, const char *unit)
{
    bool plain = unit[0] == '\0' || strcmp(unit, "1") == 0;
    return plain ? words : arena_format(arena, "%s (%s)", words, unit);
}

/* The plot of one observable: observations and the curves of every fit, a colour each. */
static int write_figure(Compare *compare, int observable)
{
    const FitRead *first = &compare->fits[0];
    const char *name = first->observables[observable];
    FitCall *call = &compare->call;
    Arena *arena = call->cli->arena;
    Text curves = text_new(arena);
    for (int i = 0; i < compare->count; i++) {
        const char *folder = compare->fits[i].folder;
        text_format(&curves,
                    "        %s using 'time':(each('predicted')) with lines linestyle %d "
                    "title %s, \\\n",
                    template_string(arena, arena_format(arena, "compare-%d.csv", i + 1)), i % 8 + 1,
                    template_string(arena, folder));
    }
    text_string(&curves, "        'observed.csv' using 'time':(all('observed')) with points "
                         "pointtype 6 linecolor rgb '#000000' title 'observed'");
    const Placeholder own[] = {
        {"X_LABEL", template_string(arena, with_unit(arena, "Time", first->time_unit))},
        {"Y_LABEL", template_string(arena, with_unit(arena, name, first->units[observable]))},
        {"NAME", template_string(arena, name)},
        {"LOG_Y", "0"},
        {"CURVES", curves.data},
    };
    FitScript script = {.template_name = "fit-curves",
                        .stem = arena_format(arena, "compare-%s", name),
                        .title = arena_format(arena, "%d fits", compare->count),
                        .own = own,
                        .own_count = (int)(sizeof own / sizeof own[0])};
    return fit_script_write(call, &script);
}

/* A copy of a table of another folder. */
static int copy_table(Compare *compare, const char *folder, const char *from, const char *to)
{
    Cli *cli = compare->call.cli;
    const char *path = file_join(cli->arena, folder, from);
    Diag *diag = diag_new(cli->arena);
    if (!file_exists(path)) {
        cli_complain("there is no '%s'; make it with 'stroma fit'", path);
        return CLI_FILE;
    }
    const Table *read = csv_read(cli->arena, path, diag);
    cli_print_diag(cli, diag);
    if (read == NULL) {
        return CLI_DATA;
    }
    return fit_write_table(&compare->call, to, read);
}

static int write_all(Compare *compare, const char *ratios)
{
    FitCall *call = &compare->call;
    Arena *arena = call->cli->arena;
    int code = fit_write_text(call, "criteria.csv", criteria_csv(compare, arena));
    code = code == CLI_OK ? fit_write_text(call, "ratios.csv", ratios) : code;
    if (code == CLI_OK) {
        code = copy_table(compare, compare->fits[0].folder, "predictions.csv", "observed.csv");
    }
    for (int i = 0; i < compare->count && code == CLI_OK; i++) {
        code = copy_table(compare, compare->fits[i].folder, "curves.csv",
                          arena_format(arena, "compare-%d.csv", i + 1));
    }
    for (int i = 0; i < compare->fits[0].observable_count && code == CLI_OK; i++) {
        code = write_figure(compare, i);
    }
    return code;
}

static int refuse_one(Cli *cli)
{
    const char *path = cli->arguments.operands[0];
    if (is_file(path)) {
        return refuse_file(cli, path);
    }
    return cli_misused(
        cli, "one fit alone, '%s': name two or more folders that 'stroma fit' has written", path);
}

static int run_compare(Cli *cli)
{
    Compare compare = {.call = {.cli = cli}};
    const char *out = option_value(&cli->arguments, "out");
    compare.call.folder = out != NULL ? out : file_join(cli->arena, "out", "compare");
    int code =
        compare.call.cli->arguments.operand_count == 1 ? refuse_one(cli) : read_fits(&compare);
    if (code != CLI_OK) {
        return code;
    }
    if (!file_make_folder(compare.call.folder)) {
        cli_complain("cannot make the folder '%s': %s", compare.call.folder,
                     errno == ENOTDIR ? "a file is in the way" : strerror(errno));
        return CLI_FILE;
    }
    Text text = text_new(cli->arena);
    Text ratios = text_new(cli->arena);
    Text words = text_new(cli->arena);
    print_table(&compare, &text);
    add_ratios(&compare, &ratios, &words);
    if (words.length > 0) {
        text_format(&text, "\n%s", words.data);
    }
    interrupt_catch();
    code = write_all(&compare, ratios.data);
    if (code != CLI_OK) {
        return code;
    }
    if (!option_given(&cli->arguments, "quiet")) {
        cli_print(cli, &text);
    }
    cli_say(cli, "wrote %s/: criteria.csv, ratios.csv and plots", compare.call.folder);
    return CLI_OK;
}

const Command command_compare = {
    .name = "compare",
    .run = run_compare,
    .summary = "compare fits: criteria, likelihood ratios, predictions",
    .operands = "DIR DIR... [OPTION]...",
    .operands_min = 1, // run_compare asks for two, in better words
    .operands_max = MOST_FITS,
    .examples =
        "  stroma compare out/one-fit out/two-fit             criteria, ratios, a plot of both\n",
    .options = options,
};
