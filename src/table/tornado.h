/* tornado.h: a bar chart of what a number depends on most, as a gnuplot script.
 *
 * The script is made from the template plots/tornado.gp and stands alone. A picture is drawn as
 * those of gnuplot.h (figure_render).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TABLE_TORNADO_H
#define STROMA_TABLE_TORNADO_H

#include "base/text.h"

typedef struct {
    const char *title;
    const char *csv;     // where the numbers stand, for the head comment
    const char *stem;    // pictures: stem.svg, stem.png
    const char *command; // how to make it again
    const char *x_label;
    const char **arms; // (arm_count)
    int arm_count;
    const char **rows;    // (row_count) words of each row, the first on top
    const double *values; // (row_count × arm_count); NAN: no bar
    int row_count;
} Tornado;

/* The script as text. `template_text` is the content of plots/tornado.gp. */
void tornado_script(const Tornado *tornado, const char *template_text, Text *script);

#endif
