/* pace.c: see pace.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/pace.h"

#include "simulate/rosenbrock.h"

#include <math.h>

static const double CAUTION = 0.9;
static const double MOST_GROWTH = 8.0, LEAST_GROWTH = 0.1;
// The first length is a guess, and mostly far too short: where states begin at 0, any rate is fast.
static const double MOST_AT_FIRST = 1e3, LEAST_ERROR = 1e-18;
static const double MOST_TREND = 1.1;     // or its inverse
static const double LEAST_STEP = 1e-30;   // of the segment
static const double LEAST_ADVANCE = 0.05; // of the time since the last stop
static const double LEAST_SHARE = 0.01;   // of the run
static const double LEAST_GAIN = 0.25;    // of the time since its start
enum { FEWEST_WATCHED = 200, FEWEST_SPENT = 2000, MOST_STILL = 20 };

double pace_length(const Pace *pace, double most)
{
    double left = pace->end - pace->time;
    double step = most > 0.0 && pace->step > most ? most : pace->step;
    if (pace->cut > 0.0) {
        return fmin(pace->cut, fmin(step, left));
    }
    if (step >= left * (1.0 - 1e-6)) {
        return left;
    }
    return 2.0 * step > left ? 0.5 * left : step;
}

/* What made the error of a step smaller than that of the step before, but for their lengths, goes
 * on: after Gustafsson (1994), ACM Trans. Math. Softw. 20:496, but within narrow bounds, as it goes
 * wrong at kinks. */
static double find_trend(const Pace *pace, double growth, double length)
{
    if (!pace->good || pace->last_growth == 0.0) {
        return 1.0;
    }
    double trend = growth / pace->last_growth * (length / pace->last_length);
    return fmin(fmax(trend, 1.0 / MOST_TREND), MOST_TREND);
}

void pace_cut(Pace *pace, double length, double part)
{
    if (part > 0.0) {
        pace->cut = part * length;
        pace->step = fmax(pace->meant, pace->cut);
        pace->failed = false;
    }
}

void pace_judge(Pace *pace, double error, double length)
{
    pace->since++;
    pace->meant = pace->step;
    pace->cut = 0.0;
    pace->watched++;
    pace->spent++;
    pace->good = error <= 1.0; // not if it is not finite
    pace->unsound = !isfinite(error);
    double growth =
        pace->unsound ? LEAST_GROWTH : CAUTION / rosenbrock_fifth_root(fmax(error, LEAST_ERROR));
    double trend = find_trend(pace, growth, length);
    pace->last_growth = pace->good ? growth : 0.0;
    pace->last_length = length;
    growth *= trend;
    double most = pace->sets_out ? MOST_AT_FIRST : MOST_GROWTH;
    pace->sets_out = pace->sets_out && pace->good && growth > MOST_GROWTH;
    growth = fmin(fmax(growth, LEAST_GROWTH), pace->good && !pace->failed ? most : 1.0);
    double step = length * growth;
    // one cut short for the stop says little
    bool says_little = pace->good && length < pace->step && step < pace->step;
    pace->step = says_little ? pace->step : step;
    pace->failed = !pace->good;
}

void pace_advance(Pace *pace, double length)
{
    double reached = pace->time + length;
    pace->still = reached > pace->time ? 0 : pace->still + 1;
    pace->time = reached >= pace->end ? pace->end : reached;
    pace->on = pace->time < pace->end;
}

void pace_seen(Pace *pace)
{
    pace->since = pace->watched = 0;
    pace->watched_from = pace->next;
}

bool pace_is_stuck(const Pace *pace)
{
    bool moves = pace->time + pace->step > pace->time && pace->step >= LEAST_STEP * pace->end;
    return (!pace->good && !moves) || pace->still >= MOST_STILL;
}

bool pace_crawls(Pace *pace, long max_steps)
{
    long enough = max_steps / 10;
    enough = enough > FEWEST_WATCHED ? enough : FEWEST_WATCHED;
    if (pace->watched < enough) {
        return false;
    }
    double progress = pace->time - pace->watched_from;
    double next = fmin(pace->next, pace->end);
    double reach = 2.0 * progress * (double)max_steps / (double)enough;
    bool hopeless = reach < next - pace->watched_from && progress < LEAST_ADVANCE * pace->time;
    pace->watched = 0;
    pace->watched_from = pace->time;
    return hopeless;
}

bool pace_dawdles(Pace *pace, long max_steps, double start, double end)
{
    if (pace->spent < (max_steps > FEWEST_SPENT ? max_steps : FEWEST_SPENT)) {
        return false;
    }
    double now = pace_clock(pace);
    double progress = now - pace->spent_from;
    bool hopeless = progress < LEAST_SHARE * (end - start) && progress < LEAST_GAIN * (now - start);
    pace->spent = 0;
    pace->spent_from = now;
    return hopeless;
}
