/* gnuplot_parts.h: what the makers of a script share.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TABLE_GNUPLOT_PARTS_H
#define STROMA_TABLE_GNUPLOT_PARTS_H

#include "table/gnuplot.h"

enum { LINE_STYLES = 8, GREY_STYLE = 9 }; // numbers in the template

/* One line of plain text: control characters are blanks, backticks are apostrophes. */
const char *figure_comment(Arena *arena, const char *text);

/* A single-quoted string of gnuplot. */
void figure_quote(Text *text, const char *string);

/* Is the time axis labelled in another unit than that of the data? */
bool figure_has_unit(const Figure *figure);

/* Several arms and several curves: colours tell the arms, dashes the curves. */
bool figure_has_pairs(const Figure *figure);

/* How many entries of the legend the measured values have, and the letters of the longest. */
int figure_point_entries(Arena *arena, const Figure *figure, size_t *letters);

/* The blocks of measured values, before the range of the axis is looked for; then the plots of
 * them. */
const char *figure_point_blocks(Arena *arena, const Figure *figure);
void figure_add_points(Text *text, const Figure *figure);

#endif
