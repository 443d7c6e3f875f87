/* column_kinks.c: where a step of the columns runs over a kink of the rates.
 *
 * At a kink, such as that of min(a, b) where a = b, J jumps and the columns bend sharply. Within a
 * step the columns take A(s) for a polynomial, and that of one which jumps may be wrong by much
 * without their estimate of the error seeing any of it. So the surfaces of all kinks (model_kinks)
 * are looked at where J is. Where one has changed its sign it is located, on the polynomial of the
 * states, and if the columns feel what jumps there, or if the states' step was no good, the lane
 * first steps just beyond: it meets one side on the way there, and the other from there on.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/columns_inside.h"

#include <math.h>
#include <string.h>

/* How far beyond a kink a lane steps, while its columns are still those of this side: in parts of
 * the step, of the relative tolerance, but so much of the clock that surfaces have digits there; a
 * lane that has missed it, further; and how precisely a kink is located, of that. */
static const double BEYOND = 0.1;
static const double LEAST_BEYOND = 1e-13;
static const double FURTHER = 4.0;
static const double PRECISION = 0.1;
/* So many tolerances a column moves in the whole step by what jumps, if it feels it. */
static const double FELT = 0.1;
/* So many times in a row a lane steps to a kink: rates may also slide along one. */
enum { MOST_CUTS = 4, MOST_PROBES = 40 };

static signed char sign_of(double x)
{
    return (signed char)((x > 0.0) - (x < 0.0));
}

/* The surfaces of a column of the stage follow each other by its width. */
static const double *surfaces_beside(const Columns *columns, const Stage *stage)
{
    const int first = stage->tape->partials[PROGRAM_RATES_PARTIALS].count;
    return columns->kink_count > 0
               ? tape_output(stage->tape, PROGRAM_RATES_PARTIALS, stage->slots, first, stage->width)
               : NULL;
}

void columns_note_sides(Columns *columns, const Stage *stage, int column, LaneColumns *own)
{
    const double *surface = surfaces_beside(columns, stage);
    for (int i = 0; i < columns->kink_count; i++) {
        own->side[i] = sign_of(surface[(size_t)i * (size_t)stage->width + (size_t)column]);
    }
}

void columns_compare_sides(Columns *columns, const Stage *stage, int node)
{
    const double *surface = surfaces_beside(columns, stage);
    for (int i = 0; i < columns->group_count; i++) {
        const Group *group = &columns->groups[i];
        for (int g = 0; g < group->size; g++) {
            LaneColumns *own = &columns->lanes[group->lane[g]];
            const double *of_lane = surface + group->column[g];
            for (int k = 0; k < columns->kink_count; k++, of_lane += stage->width) {
                signed char side = sign_of(*of_lane);
                own->side_then[k] = node == COLUMN_NODES - 1 ? side : own->side_then[k];
                // who came to a kink and stands on it leaves it at once; elsewhere a surface may be
                // 0 for a long while
                bool leaves = own->side[k] == 0 && side != 0 && own->landed && own->lands == 0.0;
                bool first = (leaves || side * own->side[k] < 0) && own->crossed == 0;
                own->crossed = first ? node : own->crossed;
            }
        }
    }
}

/* How far from all kinks a column is, relative to where its step begins: there 1, above 0 until one
 * is reached. A lane that came to a kink and stands on it is beyond it at once: -HUGE_VAL. */
static double room_left(const Columns *columns, const double *surfaces, int width, int column,
                        int lane)
{
    const LaneColumns *own = &columns->lanes[lane];
    const double on_it = own->landed && own->lands == 0.0 ? -HUGE_VAL : HUGE_VAL;
    double least = HUGE_VAL;
    for (int i = 0; i < columns->kink_count; i++) {
        size_t at = (size_t)i * (size_t)width + (size_t)column;
        double first = columns->surfaces[at];
        double room = first != 0.0 ? surfaces[at] / first : surfaces[at] != 0.0 ? on_it : least;
        least = room < least ? room : least; // not if it is no number
    }
    return least;
}

/* In parts of the step. */
static double margin_of(const Columns *columns, const Rosenbrock *method, int column, int lane)
{
    const Stage *stage = method->stage;
    double clock = LEAST_BEYOND * fabs(stage->origin[column] / stage->scale[column]);
    double part = fmax(BEYOND * method->rtol, clock);
    for (int i = 0; i < columns->lanes[lane].cuts; i++) {
        part *= FURTHER;
    }
    return part;
}

/* From where the steps begin to the first node beyond a kink. */
static void bracket_all(Columns *columns, Rosenbrock *method, const int *lane_of)
{
    const int width = method->stage->width;
    memset(columns->part, 0, (size_t)width * sizeof *columns->part);
    memcpy(columns->surfaces, columns_look(columns, method, PROGRAM_KINKS),
           (size_t)columns->kink_count * (size_t)width * sizeof *columns->surfaces);
    for (int column = 0; column < width; column++) {
        const LaneColumns *own = columns->asked[column] ? &columns->lanes[lane_of[column]] : NULL;
        bool lands = own != NULL && own->crossed == COLUMN_NODES - 1 && own->lands > 0.0;
        columns->part[column] = own == NULL ? 0.0 : lands ? own->lands : COLUMN_NODE[own->crossed];
    }
    const double *surfaces = columns_look(columns, method, PROGRAM_KINKS);
    for (int column = 0; column < width; column++) {
        double left = columns->asked[column]
                          ? room_left(columns, surfaces, width, column, lane_of[column])
                          : 1.0;
        columns->brackets[column] =
            (Bracket){.high = columns->part[column], .at_low = 1.0, .at_high = left};
        columns->asked[column] = left < 0.0;
        if (left == -HUGE_VAL) {
            columns->brackets[column].high = 0.0;
        }
    }
}

/* Closes the brackets of all columns at once. */
static void close_all(Columns *columns, Rosenbrock *method, const int *lane_of)
{
    const int width = method->stage->width;
    bool more = true;
    for (int probes = 0; more && probes < MOST_PROBES; probes++) {
        more = false;
        for (int column = 0; column < width; column++) {
            Bracket *one = &columns->brackets[column];
            columns->looks[column] =
                columns->asked[column] &&
                one->high - one->low >
                    PRECISION * margin_of(columns, method, column, lane_of[column]) &&
                bracket_next(one, &columns->part[column]);
            more = more || columns->looks[column];
        }
        const double *surfaces = more ? columns_look(columns, method, PROGRAM_KINKS) : NULL;
        for (int column = 0; more && column < width; column++) {
            if (columns->looks[column]) {
                double left = room_left(columns, surfaces, width, column, lane_of[column]);
                bracket_take(&columns->brackets[column], columns->part[column], left, left <= 0.0);
            }
        }
    }
}

/* What `jump`, matrix and forces, does to a column of a block, into columns->column. */
static void move(const Columns *columns, const LaneColumns *own, const Block *block, int c,
                 const double *jump)
{
    const ColumnProgram *program = &columns->program;
    const double *s = own->s + (size_t)columns->states * (size_t)block->first + c;
    for (int i = 0; i < columns->states; i++) {
        columns->column[i] = 0.0;
        for (int e = program->row_start[i]; e < program->row_start[i + 1]; e++) {
            columns->column[i] += jump[e] * s[program->column[e] * block->size];
        }
    }
    for (int f = block->first_force; f < block->first_force + block->force_count; f++) {
        const ColumnForce *force = &columns->forces[f];
        columns->column[force->state] += force->column == c ? jump[columns->entries + f] : 0.0;
    }
}

/* True if a column would be off by what jumps at a kink, if it were taken to be elsewhere. */
static bool is_felt(const Columns *columns, const Rosenbrock *method, int column,
                    const LaneColumns *own, const double *jump)
{
    const Stage *stage = method->stage;
    for (int b = 0; b < columns->block_count; b++) {
        const Block *block = &columns->blocks[b];
        const double *s = own->s + (size_t)columns->states * (size_t)block->first;
        for (int c = 0; c < block->count; c++) {
            move(columns, own, block, c, jump);
            for (int i = 0; i < columns->states; i++) {
                double y = stage->y[(size_t)i * (size_t)stage->width + (size_t)column];
                double tolerance =
                    method->rtol * fabs(s[i * block->size + c]) + columns_floor(method, i, y);
                if (!(fabs(columns->column[i]) <= FELT * COLUMN_EASE * tolerance)) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* Matrix and forces of the columns of the stage that are asked about, before a kink (the first in
 * `jumps` of each) or what jumps there (beyond it, where the lane would land). */
static void look_beside(Columns *columns, Rosenbrock *method, const int *lane_of, bool lands)
{
    const Stage *stage = method->stage;
    for (int column = 0; column < stage->width; column++) {
        const Bracket *one = &columns->brackets[column];
        double margin =
            columns->asked[column] ? margin_of(columns, method, column, lane_of[column]) : 0.0;
        columns->part[column] = lands ? one->high + margin : one->low;
    }
    const double *values = columns_look(columns, method, PROGRAM_RATES_PARTIALS);
    for (int column = 0; column < stage->width; column++) {
        double *jump = columns->jumps + (size_t)column * (size_t)columns->items;
        if (columns->asked[column]) {
            const Group alone = {
                .size = 1, .column = {column}, .lane = {lane_of[column]}, .scale = columns->one};
            double *items =
                lands ? columns->jumps + (size_t)stage->width * (size_t)columns->items : jump;
            columns_find_scale(columns, &alone);
            columns_gather(columns, stage, values, &alone, &stage->scale[column], items);
            for (int i = 0; lands && i < columns->items; i++) {
                jump[i] = items[i] - jump[i];
            }
        }
    }
}

/* Columns of the stage whose step may pass a kink; true: there are some. Of those that the states
 * would not take nothing is known yet. */
static bool ask(Columns *columns, const Rosenbrock *method, const int *lane_of)
{
    bool any = false;
    for (int column = 0; column < method->stage->width; column++) {
        const double error = method->error[column];
        LaneColumns *own = lane_of[column] < 0 ? NULL : &columns->lanes[lane_of[column]];
        bool tried = own != NULL && method->stage->scale[column] != 0.0;
        if (tried && error > 1.0 && isfinite(error)) {
            own->crossed = COLUMN_NODES - 1;
        }
        columns->asked[column] = tried && own->crossed > 0 && own->cuts < MOST_CUTS;
        any = any || columns->asked[column];
    }
    return any && columns->kink_count > 0;
}

void columns_find_kinks(Columns *columns, Rosenbrock *method, const int *lane_of)
{
    if (!ask(columns, method, lane_of)) {
        return;
    }
    bracket_all(columns, method, lane_of);
    close_all(columns, method, lane_of);
    look_beside(columns, method, lane_of, false);
    look_beside(columns, method, lane_of, true);
    for (int column = 0; column < method->stage->width; column++) {
        LaneColumns *own = columns->asked[column] ? &columns->lanes[lane_of[column]] : NULL;
        const double *jump = columns->jumps + (size_t)column * (size_t)columns->items;
        if (own != NULL &&
            (method->error[column] > 1.0 || is_felt(columns, method, column, own, jump))) {
            double margin = margin_of(columns, method, column, lane_of[column]);
            double cut = columns->brackets[column].high + margin;
            own->cuts++;
            own->landing = fmax(1.0 - 2.0 * margin / cut, 0.0);
            columns->cut[column] = cut;
        }
    }
}
