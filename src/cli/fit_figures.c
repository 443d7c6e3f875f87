/* fit_figures.c: the plots of a fit: curves through the data, residuals, the ends of the starts.
 *
 * Scripts are made from the templates plots/fit-*.gp and read the tables beside them by column
 * names. SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/fit.h"
#include "cli/fit_script.h"

#include "base/file.h"
#include "study/run.h"
#include "table/gnuplot.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { MOST_COLOURS = 8 };

static bool spans_decades(const Fit *fit, int observable)
{
    double low = HUGE_VAL;
    double high = 0.0;
    for (int i = 0; i < fit->datum_count; i++) {
        if (fit->data[i].observable == observable) {
            low = fmin(low, fit->data[i].value);
            high = fmax(high, fit->data[i].value);
        }
    }
    return low > 0.0 && high > 100.0 * low;
}

static const char *with_unit(Arena *arena, const char *words, const char *unit)
{
    bool plain = unit[0] == '\0' || strcmp(unit, "1") == 0;
    return plain ? words : arena_format(arena, "%s (%s)", words, unit);
}

static const char *time_label(const FitCall *call)
{
    return with_unit(call->cli->arena, "Time", study_unit(call->study->model->time_unit));
}

static const char *quantity_label(const FitCall *call, const FitObservable *one)
{
    const char *text = one->label->text;
    const char *words = text[0] != '\0' ? text : one->label->name;
    if (islower((unsigned char)text[0]) && (islower((unsigned char)text[1]) || text[1] == ' ')) {
        char *copy = arena_copy(call->cli->arena, text, strlen(text)); // an axis begins large
        copy[0] = (char)toupper((unsigned char)copy[0]);
        words = copy;
    }
    return with_unit(call->cli->arena, words, study_unit(one->label->unit));
}

/* What a subject is called in a legend. */
static const char *subject_words(const FitCall *call, const FitSubject *subject)
{
    const char *arm = call->study->arms[subject->arm].name;
    if (subject->id[0] == '\0') {
        return arm;
    }
    return call->study->arm_count > 1 ? arena_format(call->cli->arena, "%s, %s", arm, subject->id)
                                      : subject->id;
}

/* The plot command: a colour and a mark for each subject if they are few, else one for all. */
static const char *curve_commands(const FitCall *call)
{
    const Fit *fit = call->study->fit;
    Text text = text_new(call->cli->arena);
    if (fit->subject_count > MOST_COLOURS) {
        text_string(&text,
                    "        'curves.csv' using 'time':(each('predicted')) with lines linewidth 1 "
                    "linecolor rgb '#E69F00' title 'fitted model', \\\n"
                    "        'predictions.csv' using 'time':(all('observed')) with points "
                    "pointtype 7 linecolor rgb '#0072B2' title 'observed'");
        return text.data;
    }
    for (int i = 0; i < fit->subject_count; i++) {
        bool one = fit->subject_count == 1;
        text_format(
            &text,
            "%s        'curves.csv' using 'time':(of('predicted', %d)) with lines linestyle "
            "%d %s, \\\n        'predictions.csv' using 'time':(of('observed', %d)) with "
            "points linestyle %d title %s",
            i == 0 ? "" : ", \\\n", i + 1, i + 1, one ? "title 'fitted model'" : "notitle", i + 1,
            i + 1,
            one ? "'observed'"
                : template_string(call->cli->arena, subject_words(call, &fit->subjects[i])));
    }
    return text.data;
}

static int write_curves(FitCall *call, int observable, const char *stem)
{
    const FitObservable *one = &call->study->fit->observables[observable];
    Arena *arena = call->cli->arena;
    const char *title = call->study->title[0] != '\0' ? call->study->title : call->study->name;
    FitScript script = {.template_name = "fit-curves", .stem = stem, .title = title};
    const Placeholder own[] = {
        {"X_LABEL", template_string(arena, time_label(call))},
        {"Y_LABEL", template_string(arena, quantity_label(call, one))},
        {"NAME", template_string(arena, one->name)},
        {"LOG_Y", spans_decades(call->study->fit, observable) ? "1" : "0"},
        {"CURVES", curve_commands(call)},
    };
    script.own = own;
    script.own_count = (int)(sizeof own / sizeof own[0]);
    return fit_script_write(call, &script);
}

static int write_residuals(FitCall *call, int observable, const char *stem)
{
    const FitObservable *one = &call->study->fit->observables[observable];
    Arena *arena = call->cli->arena;
    const char *title = call->study->title[0] != '\0' ? call->study->title : call->study->name;
    FitScript script = {.template_name = "fit-residuals", .stem = stem, .title = title};
    const Placeholder own[] = {
        {"X_LABEL", template_string(arena, time_label(call))},
        {"QUANTITY",
         template_string(arena, with_unit(arena, one->name, study_unit(one->label->unit)))},
        {"NAME", template_string(arena, one->name)},
        {"LOG_AXES", spans_decades(call->study->fit, observable) ? "1" : "0"},
    };
    script.own = own;
    script.own_count = (int)(sizeof own / sizeof own[0]);
    return fit_script_write(call, &script);
}

static int write_waterfall(FitCall *call)
{
    const char *title = call->study->title[0] != '\0' ? call->study->title : call->study->name;
    FitScript script = {
        .template_name = "fit-waterfall",
        .stem = "waterfall",
        .title = arena_format(call->cli->arena, "%s: %d starts", title, call->result.start_count)};
    return fit_script_write(call, &script);
}

/* A name as part of a file name. */
static const char *stem_of(Arena *arena, const char *first, const char *name)
{
    char *stem = arena_format(arena, "%s-%s", first, name);
    for (char *at = stem; *at != '\0'; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                     (*at >= '0' && *at <= '9') || *at == '_' || *at == '-' || *at == '.';
        *at = plain ? *at : '_';
    }
    return stem;
}

int fit_write_figures(FitCall *call)
{
    const Fit *fit = call->study->fit;
    Arena *arena = call->cli->arena;
    int code = CLI_OK;
    bool curves = file_exists(file_join(arena, call->folder, "curves.csv"));
    for (int i = 0; i < fit->observable_count && code == CLI_OK; i++) {
        const char *name = fit->observables[i].name;
        code = curves ? write_curves(call, i, stem_of(arena, "curves", name)) : CLI_OK;
        code = code == CLI_OK ? write_residuals(call, i, stem_of(arena, "residuals", name)) : code;
    }
    if (code == CLI_OK && call->result.start_count > 1) {
        code = write_waterfall(call);
    }
    return code;
}
