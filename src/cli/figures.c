/* figures.c: see figures.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/figures.h"
#include "cli/interrupt.h"
#include "cli/places.h"

#include "base/file.h"
#include "base/number.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    DRAWING_COLUMNS = 78,
    DRAWING_LINES = 20,
    DRAWING_COLUMNS_MIN = 40,
    DRAWING_COLUMNS_MAX = 200,
    FEW_ARMS = 3,      // in a plot of differences between all of them
    LABEL_LETTERS = 60 // of a description that goes beside an axis
};

const char *figures_csv(Arena *arena, const Study *study)
{
    return arena_format(arena, "%s.csv", study->name);
}

const char *figures_plot_csv(Arena *arena, const Study *study)
{
    if (study->output_count == study->table_outputs) {
        return NULL;
    }
    return arena_format(arena, "%s-plots.csv", study->name);
}

/* When the doses of an arm are given: as prescribed, lag left out. */
static DoseMarks dose_marks(Arena *arena, const Study *study, const Arm *arm)
{
    size_t count = 0;
    size_t capacity = 0;
    double *times = NULL;
    for (int i = 0; i < arm->regimen.count; i++) {
        const Dose *dose = &arm->regimen.doses[i];
        for (int repeat = 0; repeat < dose->count; repeat++) {
            double time = dose->time + repeat * dose->interval;
            if (time < study->start || time > study->end) {
                continue;
            }
            times = arena_grow(arena, times, count, &capacity, sizeof *times);
            times[count++] = time;
        }
    }
    return (DoseMarks){.arm = arm->name, .times = times, .count = (int)count};
}

static void set_curves(Arena *arena, const Study *study, const Plot *plot, Figure *figure)
{
    figure->curves = arena_array(arena, (size_t)plot->y_count, sizeof *figure->curves);
    figure->curve_count = plot->y_count;
    for (int i = 0; i < plot->y_count; i++) {
        const Label *label = study->outputs[plot->y[i]].label;
        figure->curves[i] = (Curve){.column = label->name,
                                    .label = *label->text == '\0' ? label->name : label->text,
                                    .unit = label->unit.known ? label->unit.text : ""};
        if (plot->y[i] >= study->table_outputs) {
            figure->csv = figures_plot_csv(arena, study);
        }
    }
}

static Figure figure_of(Arena *arena, const Study *study, const Plot *plot)
{
    const Unit unit = study->model->time_unit;
    Figure figure = {.title = plot->title,
                     .csv = figures_csv(arena, study),
                     .stem = plot->file,
                     .command = arena_format(arena, "stroma run %s", study->path),
                     .x_label = plot->x_label,
                     .x_factor = plot->x_factor,
                     .y_label = plot->y_label,
                     .logx = plot->logx,
                     .logy = plot->logy,
                     .x_min = plot->x_min,
                     .x_max = plot->x_max,
                     .y_min = plot->y_min,
                     .y_max = plot->y_max,
                     .points = plot->points};
    if (figure.x_label == NULL) {
        const char *words = plot->x_unit != NULL ? plot->x_unit : unit.known ? unit.text : NULL;
        figure.x_label = words != NULL ? arena_format(arena, "Time (%s)", words) : "Time";
    }
    figure.arms = arena_array(arena, (size_t)study->arm_count, sizeof *figure.arms);
    figure.doses = arena_array(arena, (size_t)study->arm_count, sizeof *figure.doses);
    figure.arm_count = study->arm_count;
    for (int arm = 0; arm < study->arm_count; arm++) {
        figure.arms[arm] = study->arms[arm].name;
        DoseMarks marks = dose_marks(arena, study, &study->arms[arm]);
        if (marks.count > 0) {
            figure.doses[figure.dose_count++] = marks;
        }
    }
    set_curves(arena, study, plot, &figure);
    return figure;
}

const Figure *figures_of_study(Arena *arena, const Study *study)
{
    assert(arena != NULL && study != NULL);
    Figure *figures = arena_array(arena, (size_t)study->plot_count + 1, sizeof *figures);
    for (int i = 0; i < study->plot_count; i++) {
        figures[i] = figure_of(arena, study, &study->plots[i]);
    }
    return figures;
}

/* Median and band of a plot. */
static void set_band(Arena *arena, const Study *study, const Plot *plot, Figure *figure)
{
    double low = plot->has_band ? plot->band[0] : 5.0;
    double high = plot->has_band ? plot->band[1] : 95.0;
    char low_digits[NUMBER_TEXT_SIZE];
    char high_digits[NUMBER_TEXT_SIZE];
    (void)number_short(low, 6, low_digits);
    (void)number_short(high, 6, high_digits);
    FigureBand *band = arena_alloc(arena, sizeof *band);
    *band = (FigureBand){.middle = plot->mean ? "mean" : level_name(arena, 0.5),
                         .words = plot->mean ? "mean" : "median",
                         .rows = study->time_count};
    if (!plot->mean || plot->has_band) {
        band->words = arena_format(arena, "%s, %s to %s %%", band->words, low_digits, high_digits);
        band->low = level_name(arena, low / 100);
        band->high = level_name(arena, high / 100);
    }
    int *first =
        arena_array(arena, (size_t)study->arm_count * (size_t)plot->y_count, sizeof *first);
    for (int arm = 0; arm < study->arm_count; arm++) {
        for (int i = 0; i < plot->y_count; i++) {
            int curve = arm * study->output_count + plot->y[i];
            first[arm * plot->y_count + i] = curve * study->time_count;
        }
    }
    band->first = first;
    figure->band = band;
    figure->csv = "summary.csv";
}

/* Descriptions may begin with the symbol of a paper, "T_R: regulatory T cells". */
static const char *without_symbol(const char *words)
{
    enum { MOST_LETTERS = 4 };
    size_t length = strcspn(words, ": ");
    bool symbol = length > 0 && length <= MOST_LETTERS && strncmp(words + length, ": ", 2) == 0;
    return symbol && words[length + 2] != '\0' ? words + length + 2 : words;
}

/* The differences of the first curve of a plot, a line for each pair of arms; where there are many,
 * from the first arm only. */
static Figure contrast_of(Arena *arena, const Study *study, const Plot *plot, const Figure *whole)
{
    size_t most = (size_t)study->arm_count * (size_t)study->arm_count;
    Figure figure = *whole;
    FigureBand *band = arena_alloc(arena, sizeof *band);
    *band = (FigureBand){.low = "low95",
                         .middle = "mean",
                         .high = "high95",
                         .words = "mean, 95 % interval",
                         .references = arena_array(arena, most, sizeof *band->references)};
    figure.arms = arena_array(arena, most, sizeof *figure.arms);
    figure.arm_count = 0;
    int *first = arena_array(arena, most, sizeof *first);
    int pair_rows = study->output_count * (study->time_count + EXTRA_COUNT);
    band->first = first;
    band->rows = study->time_count;
    int made = 0;
    for (int pair = 0; pair < study->arm_count * study->arm_count; pair++) {
        int arm = pair / study->arm_count;
        int reference = pair % study->arm_count;
        if (!contrast_is_made(study, arm, reference)) {
            continue;
        }
        if (reference == 0 || study->arm_count <= FEW_ARMS) { // else there are too many to read
            first[figure.arm_count] = made * pair_rows + plot->y[0] * study->time_count;
            figure.arms[figure.arm_count] = study->arms[arm].name;
            band->references[figure.arm_count++] = study->arms[reference].name;
        }
        made++;
    }
    const Label *label = study->outputs[plot->y[0]].label;
    const char *unit = label->unit.known ? label->unit.text : "";
    bool plain = *unit == '\0' || strcmp(unit, "1") == 0;
    figure.band = band;
    figure.points = NULL;
    figure.csv = "contrast.csv";
    figure.curve_count = 1;
    figure.dose_count = 0;
    figure.logy = false;
    figure.y_min = figure.y_max = (double)NAN;
    figure.stem = arena_format(arena, "%s-contrast", plot->file);
    figure.title = arena_format(arena, "%s: difference within the subject", plot->title);
    const char *words = without_symbol(label->text);
    bool fits = *words != '\0' && strlen(words) <= LABEL_LETTERS;
    const char *what = fits ? words : label->name;
    figure.y_label = plain ? arena_format(arena, "Difference: %s", what)
                           : arena_format(arena, "Difference: %s (%s)", what, unit);
    return figure;
}

const Figure *figures_of_population(Arena *arena, const Study *study, int *count)
{
    size_t plots = (size_t)study->plot_count;
    Figure *figures = arena_array(arena, 2 * plots + 1, sizeof *figures);
    *count = 0;
    for (size_t i = 0; i < plots; i++) {
        Figure *figure = &figures[(*count)++];
        *figure = figure_of(arena, study, &study->plots[i]);
        set_band(arena, study, &study->plots[i], figure);
    }
    for (size_t i = 0; i < plots && study->arm_count > 1; i++) {
        figures[(*count)++] = contrast_of(arena, study, &study->plots[i], &figures[i]);
    }
    return figures;
}

int figures_remove(const Cli *cli, const char *folder, const Figure *figures, int count)
{
    for (int i = 0; i < 2 * count; i++) {
        const char *name =
            arena_format(cli->arena, "%s.%s", figures[i / 2].stem, i % 2 == 0 ? "svg" : "png");
        const char *path = file_join(cli->arena, folder, name);
        if (unlink(path) != 0 && errno != ENOENT) {
            cli_complain("cannot remove '%s': %s", path, strerror(errno));
            return CLI_FILE;
        }
    }
    return CLI_OK;
}

int figures_write(const Cli *cli, const char *folder, const Figure *figures, int count)
{
    if (count == 0) {
        return CLI_OK;
    }
    const char *tried = NULL;
    const char *template_text = places_template(cli->arena, &tried);
    if (template_text == NULL) {
        cli_complain("cannot read the plot template '%s'", tried);
        return CLI_FILE;
    }
    for (int i = 0; i < count; i++) {
        const char *name = arena_format(cli->arena, "%s.gp", figures[i].stem);
        const char *path = file_join(cli->arena, folder, name);
        Text script = text_new(cli->arena);
        figure_script(&figures[i], template_text, &script);
        OutFile *file = file_create(cli->arena, path);
        if (file != NULL) {
            file_write(file, script.data, script.length);
        }
        if (file == NULL || !file_commit(file)) {
            cli_complain("cannot write '%s': %s", path, strerror(errno));
            return CLI_FILE;
        }
    }
    return CLI_OK;
}

int figures_render(const Cli *cli, const char *folder, const char *const *scripts, int count,
                   bool *rendered)
{
    *rendered = count > 0;
    for (int i = 0; i < count; i++) {
        if (interrupt_code() != 0) {
            return interrupt_code();
        }
        const char *words = "";
        RenderStatus status = figure_render(cli->arena, folder, scripts[i], &words);
        if (interrupt_code() != 0) {
            return interrupt_code(); // gnuplot got the signal too; its words would only confuse
        }
        if (status == RENDER_NO_GNUPLOT) {
            *rendered = false;
            cli_words(
                "gnuplot is not installed: data and scripts are there, pictures are not; after "
                "'apt install gnuplot-nox': stroma plot %s\n",
                folder);
            return CLI_OK;
        }
        if (status == RENDER_FAILED) {
            size_t length = strlen(words);
            while (length > 0 && words[length - 1] == '\n') {
                length--;
            }
            cli_complain("gnuplot could not draw '%s/%s':\n%.*s", folder, scripts[i], (int)length,
                         words);
            *rendered = false;
            return CLI_FILE;
        }
    }
    return CLI_OK;
}

/* Columns of the terminal that stdout is, else of an ordinary one. */
static int drawing_columns(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < DRAWING_COLUMNS_MIN) {
        return DRAWING_COLUMNS;
    }
    return size.ws_col < DRAWING_COLUMNS_MAX ? size.ws_col : DRAWING_COLUMNS_MAX;
}

void figures_draw(Cli *cli, const Figure *figures, int count, const Table *table)
{
    for (int i = 0; i < count; i++) {
        Text text = text_new(cli->arena);
        text_string(&text, "\n");
        figure_ascii(&figures[i], table, drawing_columns(), DRAWING_LINES, &text);
        cli_print(cli, &text);
    }
}
