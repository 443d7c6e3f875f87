/* crossings.c: where a function of time alone passes through zero, or through a whole number.
 *
 * A linear surface is solved by Newton's step from the middle of the interval, repeated because the
 * first one is only as exact as the middle is large, then moved by a few last places to the
 * smallest value: `t >= 0.3` gives 0.3 itself.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/stops.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { GRID = 1024, SPLITS = 10, NEWTON_STEPS = 3, LAST_PLACES = 4, BISECTIONS = 2200 };

// The point within a cell that tests the cubic: not a simple fraction, so that no period of the
// surface can hide between grid points that all look alike.
static const double SECTION = 0.3819660112501051;
static const double MISFIT = 0.01;

bool times_add(TimeList *list, double time)
{
    if (list->count >= STOPS_MAX) {
        return false;
    }
    list->times =
        arena_grow(list->arena, list->times, list->count, &list->capacity, sizeof *list->times);
    list->times[list->count++] = time;
    return true;
}

static int by_time(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

void times_sort(TimeList *list)
{
    if (list->count == 0) {
        return;
    }
    qsort(list->times, list->count, sizeof *list->times, by_time);
    size_t kept = 1;
    for (size_t i = 1; i < list->count; i++) {
        if (list->times[i] != list->times[kept - 1]) {
            list->times[kept++] = list->times[i];
        }
    }
    list->count = kept;
}

/* Newton's steps from `guess` towards surface = level. */
static double approach(Surface *surface, void *context, double guess, double level)
{
    double time = guess;
    for (int i = 0; i < NEWTON_STEPS; i++) {
        SurfacePoint point = surface(context, time);
        double next = time - (point.value - level) / point.slope;
        if (!isfinite(next) || next == time) {
            break;
        }
        time = next;
    }
    return time;
}

/* Binary places after the last 1 of the mantissa: the more there are, the rounder the number. */
static int roundness(double value)
{
    int exponent;
    int64_t mantissa = (int64_t)ldexp(frexp(value, &exponent), 53);
    int places = 0;
    for (; mantissa != 0 && mantissa % 2 == 0; mantissa /= 2) {
        places++;
    }
    return places;
}

/* The zero of surface - level near `guess`, to the last place; the roundest of several. */
static double polish(Surface *surface, void *context, double guess, double level)
{
    double time = approach(surface, context, guess, level);
    double best = time;
    double least = HUGE_VAL;
    double near = time;
    for (int i = 0; i < LAST_PLACES; i++) {
        near = nextafter(near, -HUGE_VAL);
    }
    for (int i = -LAST_PLACES; i <= LAST_PLACES; i++) {
        double size = fabs(surface(context, near).value - level);
        bool rounder = size == least && size == 0.0 && roundness(near) > roundness(best);
        if (size < least || rounder) {
            best = near;
            least = size;
        }
        near = nextafter(near, HUGE_VAL);
    }
    return best;
}

static bool add_inside(TimeList *list, double time, double first, double last)
{
    return !(time > first && time < last) || times_add(list, time);
}

bool stops_linear(Surface *surface, void *context, double first, double last, bool whole,
                  TimeList *list)
{
    assert(surface != NULL && list != NULL && first <= last);
    double middle = first + 0.5 * (last - first);
    SurfacePoint point = surface(context, middle);
    if (!isfinite(point.value) || !isfinite(point.slope) || point.slope == 0.0) {
        return true;
    }
    double at_first = point.value + point.slope * (first - middle);
    double at_last = point.value + point.slope * (last - middle);
    double low = whole ? floor(fmin(at_first, at_last)) : 0.0;
    double high = whole ? ceil(fmax(at_first, at_last)) : 0.0;
    if (high - low > STOPS_MAX) {
        return false;
    }
    for (int i = 0; i <= (int)(high - low); i++) {
        double level = low + i;
        double guess = middle + (level - point.value) / point.slope;
        double margin = 1e-6 * (last - first);
        if (guess < first - margin || guess > last + margin) {
            continue;
        }
        if (!add_inside(list, polish(surface, context, guess, level), first, last)) {
            return false;
        }
    }
    return true;
}

typedef struct {
    Surface *surface;
    void *context;
    bool whole;
    TimeList *list;
} Search;

/* Which side of the surface a value is on: below a whole number, or below zero. */
static double side(const Search *search, double value)
{
    if (!isfinite(value)) {
        return 0.0;
    }
    return search->whole ? floor(value) : (double)(value >= 0.0);
}

/* The first double whose side is not that of `first`, given that the sides differ. */
static double bisect(const Search *search, double first, double last)
{
    double before = side(search, search->surface(search->context, first).value);
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = first + 0.5 * (last - first);
        if (middle <= first || middle >= last) {
            break;
        }
        if (side(search, search->surface(search->context, middle).value) == before) {
            first = middle;
        } else {
            last = middle;
        }
    }
    return last;
}

/* All crossings in a cell in which the surface is monotone. */
static bool cross(const Search *search, double first, double last)
{
    double after = side(search, search->surface(search->context, last).value);
    while (side(search, search->surface(search->context, first).value) != after) {
        first = bisect(search, first, last);
        if (!times_add(search->list, first)) {
            return false;
        }
    }
    return true;
}

/* Where the slope changes its sign. */
static double summit(const Search *search, double first, double last)
{
    bool rising = search->surface(search->context, first).slope > 0.0;
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = first + 0.5 * (last - first);
        if (middle <= first || middle >= last) {
            break;
        }
        if ((search->surface(search->context, middle).slope > 0.0) == rising) {
            first = middle;
        } else {
            last = middle;
        }
    }
    return last;
}

/* Value at fraction s of a cell of length h of the cubic through both ends (Hermite). */
static double cubic(SurfacePoint a, SurfacePoint b, double h, double s)
{
    double t = 1.0 - s;
    return a.value * t * t * (1.0 + 2.0 * s) + b.value * s * s * (1.0 + 2.0 * t) +
           h * s * t * (a.slope * t - b.slope * s);
}

/* True if the cubic through both ends of a cell does not tell what the surface does inside. */
static bool misfits(const Search *search, SurfacePoint a, SurfacePoint b, double h, double inside)
{
    SurfacePoint middle = search->surface(search->context, inside);
    double size = fmax(fabs(a.value - b.value), fabs(middle.value - a.value));
    size = fmax(size, fmin(fabs(a.value), fabs(b.value)));
    size = search->whole ? fmin(size, 1.0) : size;
    double misfit = fabs(middle.value - cubic(a, b, h, SECTION));
    return isfinite(misfit) && misfit > MISFIT * size;
}

/* All crossings in a cell of the grid. The cells still to be looked at are `ends`, the nearest
 * last. */
static bool search_cell(const Search *search, double first, double last)
{
    double ends[SPLITS + 1] = {last};
    int count = 1;
    double shortest = (last - first) / (1 << SPLITS);
    while (count > 0) {
        double end = ends[count - 1];
        SurfacePoint a = search->surface(search->context, first);
        SurfacePoint b = search->surface(search->context, end);
        double inside = first + SECTION * (end - first);
        bool divisible = inside > first && inside < end;
        bool may_split = divisible && count <= SPLITS && end - first > shortest;
        if (may_split && misfits(search, a, b, end - first, inside)) {
            ends[count++] = inside;
            continue;
        }
        double top = end;
        if (divisible && (a.slope > 0.0) != (b.slope > 0.0)) {
            top = summit(search, first, end);
        }
        if (!cross(search, first, top) || !cross(search, top, end)) {
            return false;
        }
        first = end;
        count--;
    }
    return true;
}

bool stops_curved(Surface *surface, void *context, double first, double last, bool whole,
                  TimeList *list)
{
    assert(surface != NULL && list != NULL && first <= last);
    Search search = {surface, context, whole, list};
    double step = (last - first) / GRID;
    for (int i = 0; i < GRID && step > 0.0; i++) {
        double a = first + i * step;
        double b = i == GRID - 1 ? last : first + (i + 1) * step;
        if (a < b && !search_cell(&search, a, b)) {
            return false;
        }
    }
    return true;
}
