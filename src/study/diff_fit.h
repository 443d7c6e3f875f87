/* diff_fit.h: what a fit asks for, line by line, for diff.c.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_DIFF_FIT_H
#define STROMA_STUDY_DIFF_FIT_H

#include "base/arena.h"

struct Fit;

/* One key of the fit and its meaning in words: "fit.parameters.CL", "from 8 in 0.5 to 50, scale
 * log". Values in the model's units. */
typedef struct {
    const char *path, *words;
} FitLine;

/* The lines of a fit in order; none for NULL. */
int fit_lines(const struct Fit *fit, Arena *arena, FitLine **lines);

#endif
