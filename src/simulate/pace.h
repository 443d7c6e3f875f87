/* pace.h: how a lane that makes its own steps gets on between two stops: where it is, how long a
 * step it tries, what the error of a step says of the next, and whether it will ever arrive.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_PACE_H
#define STROMA_SIMULATE_PACE_H

#include <stdbool.h>

/* A lane's time counts from the first of the two stops, so that the steps of a short segment after
 * years have all their digits. */
typedef struct {
    double from;        // when that is, by the lane's clock
    double time, end;   // since then
    double step;        // to be tried next
    double meant;       // the length that was to be tried in the last step
    double cut;         // the next step is no longer: there something changes; 0: nothing does
    double last_growth; // that the error of the good step before allowed; 0: there was none
    double last_length; // likewise
    bool on;            // it has not arrived
    bool good;          // its last step was
    bool failed;        // the step before was not
    bool sets_out;      // all steps so far could have been much longer
    bool unsound;       // rates or factors were no good in the last step
    int still;          // good steps in a row that were too short to move the clock
    long since;         // steps tried since the last output or stop
    long watched;       // steps tried since watched_from
    double watched_from;
    long spent;        // steps tried since spent_from, whatever was seen and wherever was a stop
    double spent_from; // by the lane's clock
    double next; // output or observation of its own that comes next, before the end; or HUGE_VAL
} Pace;

/* By the lane's clock. */
static inline double pace_clock(const Pace *pace)
{
    return pace->from + pace->time;
}

/* The step that is tried: to the end if it is near, half the way if it is not far. `most`: the
 * longest, 0: there is no such limit. */
double pace_length(const Pace *pace, double most);
/* What the error of a step of this length (at most 1 is good) says of it and of the next. */
void pace_judge(Pace *pace, double error, double length);
/* The last step was no good, for something changes at that part of it: the next leads there, and
 * the one after may be as long as was meant before. Part 0: that was not it. */
void pace_cut(Pace *pace, double length, double part);
/* The step was good: the lane is at its end. */
void pace_advance(Pace *pace, double length);
/* Something was seen of the lane at pace->next. */
void pace_seen(Pace *pace);
/* True if the next step is too short to move the lane's clock though the last one was not good, or
 * if many in a row were. */
bool pace_is_stuck(const Pace *pace);
/* Looked at after each tenth of the step limit since the last output: will, at this pace, twice the
 * limit not do to the next one? (Steps that grow with time, as Robertson's, move the clock a lot
 * compared to the time since the last stop.) See walk.c for what comes to that. */
bool pace_crawls(Pace *pace, long max_steps);
/* Looked at each time the step limit is spent, whatever was seen meanwhile: a run may take a
 * hundred times as many steps. Did these move the clock by less than a hundredth of the run, which
 * begins at `start`, and by less than a quarter of the time since? (Early steps may be short.) With
 * many outputs a lane that is held at a jump would not spend the limit of any one. */
bool pace_dawdles(Pace *pace, long max_steps, double start, double end);

#endif
