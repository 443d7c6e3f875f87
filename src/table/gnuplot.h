/* gnuplot.h: one script per figure that a person would gladly edit, and its pictures.
 *
 * A script is made from the template plots/profile.gp and stands alone: it reads the CSV beside it
 * by column names. Pictures are SVG and PNG, byte-reproducible (gnuplot -d, LC_ALL=C).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TABLE_GNUPLOT_H
#define STROMA_TABLE_GNUPLOT_H

#include "base/text.h"
#include "table/points.h"
#include "table/table.h"

typedef struct {
    const char *column; // column of the CSV
    const char *label;  // legend words for it
    const char *unit;
} Curve;

/* A table with one row for each name, such as summary.csv: a curve is the rows of its column's
 * name, drawn as a line (middle) in a band (low .. high). */
typedef struct {
    const char *low, *middle, *high; // columns; low NULL: no band
    const char *words;               // of the legend, such as "median, 5 to 95 %"
    const char **references;         // (arm_count) the arm each is compared with, or NULL
    // Where the rows of a curve stand: gnuplot then reads over the others, which is ten times as
    // fast. NULL: anywhere.
    const int *first; // (arm_count × curve_count), from 0
    int rows;         // of one curve
} FigureBand;

/* Marks where doses are given: times for one arm. */
typedef struct {
    const char *arm;
    const double *times;
    int count;
} DoseMarks;

typedef struct {
    const char *title;
    const char *csv;     // file name of the data, relative to the script
    const char *stem;    // pictures: stem.svg, stem.png
    const char *command; // how to make it again, for the head comment
    const char *x_label; // such as "Time (day)"
    double x_factor;     // times of the data in one unit of that axis; 0 is 1
    const char *y_label; // such as "C-reactive protein (mg/L)"; NULL: made from the curves
    const char **arms;   // (arm_count)
    int arm_count;
    Curve *curves;
    int curve_count;
    DoseMarks *doses; // (dose_count) arms that have doses
    int dose_count;
    bool logx, logy;
    double x_min, x_max, y_min, y_max; // NAN: automatic
    const FigureBand *band;            // NULL: each curve is a column of its own
    const Points *points;              // NULL: none
} Figure;

/* The script as text. `template_text` is the content of plots/profile.gp. */
void figure_script(const Figure *figure, const char *template_text, Text *script);

/* For other templates: ${name} in the text becomes value. */
typedef struct {
    const char *name;
    const char *value;
} Placeholder;
void template_fill(const char *template_text, const Placeholder *placeholders, int count,
                   Text *script);
/* Text as a gnuplot string in which nothing is special, and as a comment of one line. */
const char *template_string(Arena *arena, const char *text);
const char *figure_comment(Arena *arena, const char *text);

typedef enum { RENDER_OK, RENDER_NO_GNUPLOT, RENDER_FAILED } RenderStatus;

/* Runs gnuplot on folder/script (a file name) inside `folder`; pictures appear complete or not at
 * all. On RENDER_FAILED *words (in arena) holds what gnuplot said. */
RenderStatus figure_render(Arena *arena, const char *folder, const char *script,
                           const char **words);

/* A drawing with characters for a terminal, `columns` wide and `lines` high, from data in memory.
 */
void figure_ascii(const Figure *figure, const Table *table, int columns, int lines, Text *text);

#endif
