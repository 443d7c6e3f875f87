/* diff.h: two studies compared by what they mean. SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_DIFF_H
#define STROMA_STUDY_DIFF_H

#include "study/study.h"

/* One thing that is not the same. */
typedef struct {
    const char *path;           // "parameters.k", "arms.treated.doses.0", "time.end"
    const char *unit;           // of both values, "" if none
    const char *first, *second; // in words; NULL: not there
    Span first_span, second_span;
} StudyDifference;

/* Everything that could change a result: model, values in the model's units, arms, doses, times,
 * start, solver, outputs, tables, population, data, fit. Titles, plots, sources and the form in
 * which a value is written count for nothing; nor does the rounding of a unit's conversion (4 units
 * in the last place). Returns how many; a quantity that differs in every arm in the same way is
 * told once.
 */
int study_diff(const Study *first, const Study *second, Arena *arena, StudyDifference **found);

#endif
