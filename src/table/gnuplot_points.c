/* gnuplot_points.c: measured values in a figure: their numbers stand in the script itself, with
 * their sources, so that it needs no further file. SPDX-License-Identifier: GPL-3.0-or-later */
#include "table/gnuplot_parts.h"

#include <math.h>

/* Number of points of a curve, or of those with bars; of all curves of the arm if `curve` is
 * negative. */
static int point_count(const Figure *figure, int arm, int curve, bool bars)
{
    int count = 0;
    for (int i = 0; figure->points != NULL && i < figure->points->count; i++) {
        const Point *point = &figure->points->points[i];
        count += point->arm == arm && (curve < 0 || point->curve == curve) &&
                 !(bars && isnan(point->low));
    }
    return count;
}

static void add_ordinate(Text *text, double value)
{
    text_string(text, ",");
    if (isnan(value)) {
        text_string(text, "NA");
    } else {
        text_number(text, value);
    }
}

/* The points of one curve; `stats` then sees to it that the axis holds them and their bars. */
static void add_point_block(Text *text, const Figure *figure, int arm, int curve)
{
    const char *block = arena_format(text->arena, "$points_%d_%d", arm + 1, curve + 1);
    bool bars = point_count(figure, arm, curve, true) > 0;
    text_format(text, "%s << END\ntime,value,low,high\n", block);
    for (int i = 0; i < figure->points->count; i++) {
        const Point *point = &figure->points->points[i];
        if (point->arm == arm && point->curve == curve) {
            text_number(text, point->time);
            add_ordinate(text, point->value);
            add_ordinate(text, point->low);
            add_ordinate(text, point->high);
            text_string(text, "\n");
        }
    }
    text_string(text, "END\n");
    for (int i = 2; i <= (bars ? 4 : 2); i++) {
        text_format(text,
                    "stats %s using (inside($1) ? seen($%d) : 0, $1) name 'POINTS' nooutput\n",
                    block, i);
    }
}

const char *figure_point_blocks(Arena *arena, const Figure *figure)
{
    Text text = text_new(arena);
    if (figure->points == NULL) {
        return text.data;
    }
    text_format(&text, "\n# Measured values: %s\n", figure_comment(arena, figure->points->words));
    for (int i = 0; i < figure->points->source_count; i++) {
        text_format(&text, "# from: %s\n", figure_comment(arena, figure->points->sources[i]));
    }
    for (int arm = 0; arm < figure->arm_count; arm++) {
        for (int curve = 0; curve < figure->curve_count; curve++) {
            if (point_count(figure, arm, curve, false) > 0) {
                add_point_block(&text, figure, arm, curve);
            }
        }
    }
    return text.data;
}

/* A mark, and a bar where there is one; arms stand a little side by side. */
void figure_add_points(Text *text, const Figure *figure)
{
    static const int marks[] = {7, 5, 9, 13}; // circle, square, triangle, diamond
    int shown = 0;
    for (int arm = 0; arm < figure->arm_count; arm++) {
        shown += point_count(figure, arm, -1, false) > 0;
    }
    for (int arm = 0, place = 0; arm < figure->arm_count; arm++) {
        for (int curve = 0; curve < figure->curve_count; curve++) {
            if (point_count(figure, arm, curve, false) == 0) {
                continue;
            }
            // On a logarithmic axis a bar that goes below 0 ends at the edge.
            const char *uses[] = {"2 with points",
                                  "2:(log_y && $3 <= 0 ? low : $3):4 with yerrorbars"};
            int count = point_count(figure, arm, curve, true) > 0 ? 2 : 1;
            for (int i = 0; i < count; i++) {
                text_format(text, ", \\\n        $points_%d_%d using ($1 + %.1f * dodge):%s ",
                            arm + 1, curve + 1, place - (shown - 1) / 2.0, uses[i]);
                text_format(text, "linestyle %d dashtype 1 linewidth 1 pointtype %d notitle",
                            (figure_has_pairs(figure) ? arm : arm + curve) % LINE_STYLES + 1,
                            marks[curve % 4]);
            }
        }
        place += point_count(figure, arm, -1, false) > 0;
    }
    if (shown > 0) {
        text_format(text, ", \\\n        keyentry with points linestyle %d pointtype %d title ",
                    GREY_STYLE, marks[0]);
        figure_quote(text, figure->points->words);
    }
}
