/* gnuplot_points.c: measured values in a figure: their numbers stand in the script itself, with
 * their sources, so that it needs no further file. SPDX-License-Identifier: GPL-3.0-or-later */
#include "table/gnuplot_parts.h"

#include <math.h>
#include <string.h>

/* Values that are recalled stand apart, with hollow marks: they count less than those that were
 * read. */
typedef struct {
    int arm, curve;
    bool recalled;
} Group;

static bool in_group(const Point *point, Group group)
{
    return point->arm == group.arm && point->curve == group.curve &&
           (point->evidence == POINT_RECALLED) == group.recalled;
}

static const char *block_name(Arena *arena, Group group)
{
    return arena_format(arena, "$%s_%d_%d", group.recalled ? "recalled" : "points", group.arm + 1,
                        group.curve + 1);
}

/* Number of points of a group, or of those with bars. */
static int point_count(const Figure *figure, Group group, bool bars)
{
    int count = 0;
    for (int i = 0; figure->points != NULL && i < figure->points->count; i++) {
        const Point *point = &figure->points->points[i];
        count += in_group(point, group) && !(bars && isnan(point->low));
    }
    return count;
}

static bool arm_has_points(const Figure *figure, int arm)
{
    bool any = false;
    for (int i = 0; figure->points != NULL && i < figure->points->count; i++) {
        any = any || figure->points->points[i].arm == arm;
    }
    return any;
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

/* The points of a group; `stats` then sees to it that the axis holds them and their bars. */
static void add_point_block(Text *text, const Figure *figure, Group group)
{
    const char *block = block_name(text->arena, group);
    bool bars = point_count(figure, group, true) > 0;
    text_format(text, "%s << END\ntime,value,low,high\n", block);
    for (int i = 0; i < figure->points->count; i++) {
        const Point *point = &figure->points->points[i];
        if (in_group(point, group)) {
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

/* Groups in the order in which they are drawn: by arm, curve, evidence. */
static Group group_at(const Figure *figure, int index)
{
    int curve = index / 2;
    return (Group){curve / figure->curve_count, curve % figure->curve_count, index % 2 == 1};
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
    for (int i = 0; i < 2 * figure->arm_count * figure->curve_count; i++) {
        Group group = group_at(figure, i);
        if (point_count(figure, group, false) > 0) {
            add_point_block(&text, figure, group);
        }
    }
    return text.data;
}

static const int marks[] = {7, 5, 9, 13}; // circle, square, triangle, diamond; one less: hollow

/* A mark, and a bar where there is one, `place` steps aside. */
static void add_group(Text *text, const Figure *figure, Group group, double place)
{
    // On a logarithmic axis a bar that goes below 0 ends at the edge.
    const char *uses[] = {"2 with points", "2:(log_y && $3 <= 0 ? low : $3):4 with yerrorbars"};
    int count = point_count(figure, group, true) > 0 ? 2 : 1;
    int arm = group.arm;
    for (int i = 0; i < count; i++) {
        text_format(text, ", \\\n        %s using ($1 + %.1f * dodge):%s ",
                    block_name(text->arena, group), place, uses[i]);
        text_format(text, "linestyle %d dashtype 1 linewidth 1 pointtype %d notitle",
                    (figure_has_pairs(figure) ? arm : arm + group.curve) % LINE_STYLES + 1,
                    marks[group.curve % 4] - group.recalled);
    }
}

static void add_key(Text *text, int mark, const char *words)
{
    text_format(text, ", \\\n        keyentry with points linestyle %d pointtype %d title ",
                GREY_STYLE, mark);
    figure_quote(text, words);
}

/* The words of the legend for what was read, or is recalled; NULL: there is none. */
static const char *key_words(Arena *arena, const Figure *figure, bool recalled)
{
    int kinds[2] = {0, 0};
    for (int i = 0; figure->points != NULL && i < figure->points->count; i++) {
        kinds[figure->points->points[i].evidence == POINT_RECALLED]++;
    }
    if (kinds[recalled] == 0) {
        return NULL;
    }
    if (!recalled) {
        return figure->points->words;
    }
    return kinds[0] > 0
               ? "hollow: recalled, not read again"
               : arena_format(arena, "%s; recalled, not read again", figure->points->words);
}

int figure_point_entries(Arena *arena, const Figure *figure, size_t *letters)
{
    int entries = 0;
    *letters = 0;
    for (int i = 0; i < 2; i++) {
        const char *words = key_words(arena, figure, i == 1);
        size_t length = words == NULL ? 0 : strlen(words);
        *letters = length > *letters ? length : *letters;
        entries += words != NULL;
    }
    return entries;
}

/* Arms stand a little side by side. */
void figure_add_points(Text *text, const Figure *figure)
{
    int shown = 0;
    for (int arm = 0; arm < figure->arm_count; arm++) {
        shown += arm_has_points(figure, arm);
    }
    for (int i = 0, place = 0; i < 2 * figure->arm_count * figure->curve_count; i++) {
        Group group = group_at(figure, i);
        if (i > 0 && group.arm != group_at(figure, i - 1).arm) {
            place += arm_has_points(figure, group.arm - 1);
        }
        if (point_count(figure, group, false) > 0) {
            add_group(text, figure, group, place - (shown - 1) / 2.0);
        }
    }
    for (int i = 0; i < 2; i++) {
        const char *words = key_words(text->arena, figure, i == 1);
        if (words != NULL) {
            add_key(text, marks[0] - i, words);
        }
    }
}
