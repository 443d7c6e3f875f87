/* profile.h: profile likelihoods: how much worse the fit gets when one parameter is held elsewhere
 * and all others are estimated anew.
 *
 * From the estimate outwards in both directions, each point a search that begins where the last one
 * ended, until -2 ln L has risen by the chi-square quantile, a bound is reached, or the range is
 * spent. The two directions of all parameters run in step as members of crews (crew.h).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_PROFILE_H
#define STROMA_STUDY_PROFILE_H

#include "study/fit_summary.h"

typedef enum {
    END_CROSSED, // the rise reached the quantile
    END_BOUND,   // the parameter reached its bound before
    END_RANGE,   // a thousandfold (or a thousand times the value) made too little difference
    END_FAILED,  // no simulation further out
    END_STOPPED  // interrupted
} ProfileEnd;

typedef struct {
    double coordinate, rise; // rise of -2 (ln L + ln prior) above the best
    const double *at;        // (parameter_count) coordinates of all
} ProfilePoint;

typedef enum {
    VERDICT_IDENTIFIABLE,
    VERDICT_ABOVE, // a lower end only: it is at least so large
    VERDICT_BELOW, // an upper end only
    VERDICT_FLAT,
    VERDICT_UNKNOWN // interrupted
} Verdict;

typedef struct {
    int parameter;        // index in fit->parameters
    ProfilePoint *points; // (count) by coordinate, the estimate among them
    int count;
    ProfileEnd ends[2]; // below, above
    double limits[2];   // coordinates at which the rise is the quantile; NaN: not reached
    Verdict verdict;
    int partner;         // the parameter that gives way most along the profile; -1: none
    bool same_direction; // both grow
} Profile;

typedef struct {
    Profile *profiles; // (count)
    int count;
    double quantile; // of chi-square
    double
        best; // lowest -2 (ln L + ln prior) seen, relative to the estimate: below 0, a better one
} ProfileResult;

/* What is to be profiled. */
typedef struct {
    const int *parameters; // (count) indices
    int count;
    double level; // of the intervals
} ProfilePlan;

/* Profiles around the estimate of `fit`. */
FitStatus profile_run(const Study *study, const FitSummary *fit, const FitOptions *options,
                      const ProfilePlan *plan, Arena *arena, ProfileResult *result);

const char *verdict_words(Verdict verdict);
void profile_print(const Study *study, const FitSummary *fit, const ProfileResult *result,
                   Text *text);

#endif
