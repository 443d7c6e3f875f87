/* read_plot.c: the plots of a study, or those that are made when it asks for none.
 *
 * A quantity that is drawn but not among the outputs is computed for the plot and stays out of the
 * CSV: it stands behind the columns of the table.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/reader.h"

#include <math.h>
#include <string.h>

enum { MOST_DEFAULT_PLOTS = 6, LONGEST_SLUG = 40 };

/* Title to file name: small letters and digits, anything else one '-'. */
static const char *slug_of(Arena *arena, const char *title)
{
    char *slug = arena_alloc(arena, LONGEST_SLUG + 1);
    size_t length = 0;
    for (; *title && length < LONGEST_SLUG; title++) {
        char c = *title;
        c = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (plain) {
            slug[length++] = c;
        } else if (length > 0 && slug[length - 1] != '-') {
            slug[length++] = '-';
        }
    }
    if (*title && strchr("abcdefghijklmnopqrstuvwxyz0123456789", *title | 32)) {
        const char *dash = memrchr(slug, '-', length); // cut at a word
        length = dash ? (size_t)(dash - slug) : length;
    }
    while (length > 0 && slug[length - 1] == '-') {
        length--;
    }
    slug[length] = '\0';
    return slug;
}

/* The words for what is drawn: description of the first, or names. */
static const char *title_of(Reader *reader, const Plot *plot)
{
    const Study *study = reader->study;
    if (plot->y_count == 1 && study->outputs[plot->y[0]].label->text[0]) {
        return study->outputs[plot->y[0]].label->text;
    }
    Text text = text_new(reader->arena);
    for (int i = 0; i < plot->y_count; i++) {
        text_format(&text, "%s%s", i ? ", " : "", study->outputs[plot->y[i]].label->name);
    }
    return text.data;
}

static void name_plot(Reader *reader, Plot *plot, int index)
{
    if (!plot->title || plot->title[0] == '\0') {
        plot->title = title_of(reader, plot);
    }
    const char *slug = slug_of(reader->arena, plot->title);
    plot->file = arena_format(reader->arena, "%s-%d%s%s", reader->study->name, index + 1,
                              slug[0] ? "-" : "", slug);
}

/* --- plots as written ----------------------------------------------------------------------------
 */

static const char *text_member(const Entry *group, const char *name)
{
    const Entry *entry = member(group, name);
    return entry ? entry->text : NULL;
}

static bool flag_member(const Entry *group, const char *name)
{
    const Entry *entry = member(group, name);
    return entry && entry->flag;
}

static double number_member(const Entry *group, const char *name)
{
    const Entry *entry = member(group, name);
    return entry ? entry->number : (double)NAN;
}

static double time_member(Reader *reader, const Entry *group, const char *name)
{
    Entry *entry = member(group, name);
    double value = (double)NAN;
    if (entry && !read_when(reader, entry, name, &value)) {
        return (double)NAN;
    }
    return value;
}

/* The unit that the time axis is labelled in. */
static void read_x_unit(Reader *reader, const Entry *group, Plot *plot)
{
    Entry *entry = member(group, "x_unit");
    plot->x_factor = 1.0;
    Unit unit;
    Want want = {reader->model->time_unit, "time", {0}, NULL};
    if (entry && read_unit(reader, entry, 0, strlen(entry->text), &unit) &&
        convert_unit(reader, entry->value, unit, &want, &plot->x_factor)) {
        plot->x_unit = entry->text;
    }
}

static void read_band(Reader *reader, const Entry *group, Plot *plot)
{
    const Entry *band = member(group, "band");
    if (!band) {
        return;
    }
    if (band->count != 2 || !(band->items[0]->number >= 0) ||
        !(band->items[0]->number < band->items[1]->number) || !(band->items[1]->number <= 100)) {
        diag_report(reader->diag, FAULT_P042, band->value,
                    "'band' is two percentiles between 0 and 100, the smaller one first");
        return;
    }
    if (!member(reader->config->root, "population")) {
        diag_report(reader->diag, FAULT_P065, band->key, "without a population there is no band");
    }
    plot->has_band = true;
    plot->band[0] = band->items[0]->number;
    plot->band[1] = band->items[1]->number;
}

/* `low` must be below `high`, and positive on a logarithmic axis. */
static void check_axis(Reader *reader, const Entry *group, const char *low, const char *high,
                       const double limits[2], bool logarithmic)
{
    const char *names[] = {low, high};
    if (!isnan(limits[0]) && !isnan(limits[1]) && !(limits[0] < limits[1])) {
        diag_report(reader->diag, FAULT_P042, member(group, high)->value, "'%s' is not above '%s'",
                    high, low);
    }
    for (int i = 0; i < 2; i++) {
        if (logarithmic && limits[i] <= 0) {
            diag_report(reader->diag, FAULT_P042, member(group, names[i])->value,
                        "'%s' is not positive, but the axis is logarithmic", names[i]);
        }
    }
}

static void read_axes(Reader *reader, const Entry *group, Plot *plot)
{
    plot->mean = flag_member(group, "mean");
    plot->logx = flag_member(group, "logx");
    plot->logy = flag_member(group, "logy");
    plot->x_min = time_member(reader, group, "x_min");
    plot->x_max = time_member(reader, group, "x_max");
    plot->y_min = number_member(group, "y_min");
    plot->y_max = number_member(group, "y_max");
    read_x_unit(reader, group, plot);
    plot->x_label = text_member(group, "x_label");
    plot->y_label = text_member(group, "y_label");
    check_axis(reader, group, "x_min", "x_max", (double[]){plot->x_min, plot->x_max}, plot->logx);
    check_axis(reader, group, "y_min", "y_max", (double[]){plot->y_min, plot->y_max}, plot->logy);
}

static void read_curves(Reader *reader, const Entry *group, Plot *plot)
{
    const Entry *y = member(group, "y");
    if (!y) {
        if (!entry_find(group, "y")) {
            Span open = {group->value.source, group->value.start, 1};
            diag_report(reader->diag, FAULT_P014, open, "this plot has no 'y'");
            diag_hint(reader->diag, "write y = [ \"NAME\" ];");
        }
        return;
    }
    if (y->count == 0) {
        diag_report(reader->diag, FAULT_P042, y->value, "this plot draws nothing");
    }
    plot->y = arena_array(reader->arena, (size_t)y->count + 1, sizeof *plot->y);
    for (int i = 0; i < y->count; i++) {
        int index = find_output(reader, y->items[i]);
        bool twice = false;
        for (int k = 0; k < plot->y_count; k++) {
            twice = twice || plot->y[k] == index;
        }
        if (twice) {
            diag_report(reader->diag, FAULT_P041, y->items[i]->value, "'%s' is listed twice",
                        y->items[i]->text);
        } else if (index >= 0) {
            plot->y[plot->y_count++] = index;
        }
    }
}

static void read_plot(Reader *reader, const Entry *group, Plot *plot)
{
    plot->title = text_member(group, "title");
    plot->span = group->value;
    read_curves(reader, group, plot);
    read_axes(reader, group, plot);
    read_band(reader, group, plot);
    Entry *points = member(group, "points");
    if (points && plot->y_count > 0) {
        read_plot_points(reader, points, plot);
    }
}

/* --- plots of our own ----------------------------------------------------------------------------
 */

/* One for each observable among the columns, else for each column; at most six. */
static void make_plots(Reader *reader)
{
    Study *study = reader->study;
    bool any = false;
    for (int i = 0; i < study->table_outputs; i++) {
        any = any || study->outputs[i].ref.kind == NAME_OBSERVABLE;
    }
    study->plots = arena_array(reader->arena, MOST_DEFAULT_PLOTS, sizeof *study->plots);
    if (study->data) {
        return; // a curve for each of many subjects is drawn when it is asked for
    }
    for (int i = 0; i < study->table_outputs && study->plot_count < MOST_DEFAULT_PLOTS; i++) {
        if (any && study->outputs[i].ref.kind != NAME_OBSERVABLE) {
            continue;
        }
        Plot *plot = &study->plots[study->plot_count];
        *plot = (Plot){.x_factor = 1.0,
                       .x_min = (double)NAN,
                       .x_max = (double)NAN,
                       .y_min = (double)NAN,
                       .y_max = (double)NAN,
                       .y_count = 1};
        plot->y = arena_array(reader->arena, 1, sizeof *plot->y);
        plot->y[0] = i;
        name_plot(reader, plot, study->plot_count++);
    }
}

void read_plots(Reader *reader)
{
    Study *study = reader->study;
    Entry *root = reader->config->root;
    Entry *list = member(root, "plots");
    if (!list) {
        make_plots(reader);
        return;
    }
    study->plots = arena_array(reader->arena, (size_t)list->count + 1, sizeof *study->plots);
    reader->points = arena_array(reader->arena, (size_t)list->count + 1, sizeof *reader->points);
    for (int i = 0; i < list->count; i++) {
        if (list->items[i]->is_wrong) {
            continue;
        }
        Plot *plot = &study->plots[study->plot_count];
        read_plot(reader, list->items[i], plot);
        name_plot(reader, plot, study->plot_count++);
    }
}
