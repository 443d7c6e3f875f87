/* vary.h: what read_vary.c and read_shape.c share while one distribution is read.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_PARAMS_VARY_H
#define STROMA_PARAMS_VARY_H

#include "params/reader.h"

typedef struct {
    const char *name;
    Distribution distribution;
    const char *keys[10]; // that say which one it is, the unused ones NULL
} Shape;

/* The group of one quantity under population.vary. */
typedef struct {
    Reader *reader;
    Entry *group;
    const Label *label;
    Want want;
    const Shape *shape;
    bool has_unit; // the group has a key `unit`
    Unit unit;
    Span unit_span;
    Vary *vary;
    bool bad; // a complaint was made
} Draft;

/* --- read_vary.c */
/* The value that the study gives the quantity if it is the same in every arm; else false:
 * `words` ("'cv' of a normal distribution") needs one, reported at `where`. */
bool common_value(Draft *draft, Span where, const char *words, double *value);

/* --- read_shape.c */
/* Fills a, b, mode, low, high, min, max, values and weights by the keys of the group. */
void read_shape(Draft *draft);

/* The standard deviation of the logarithm of a lognormal value. */
double sdlog_of_cv(double cv);
/* The same from median and standard deviation of the value itself. */
double sdlog_of_median(double median, double sd);

#endif
