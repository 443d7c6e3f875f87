/* profile.c: see profile.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/profile.h"
#include "study/crews.h"

#include <assert.h>
#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

enum {
    MOST_POINTS = 80,
    MOST_HALVINGS = 12,
    SEARCH_ITERATIONS = 300,
    GROUP_BASE = 1000000 // in the journal, behind the groups of the fit
};

/* One direction of one parameter. */
typedef struct {
    int parameter, sign;
    Arena *arena;
    ProfilePoint *points; // outwards, the estimate first
    size_t count, room;
    ProfileEnd end;
    double limit;
    double best; // lowest value of -ln L + prior seen
} Side;

typedef struct {
    const Study *study;
    const Fit *fit;
    const FitSummary *summary;
    const FitOptions *options;
    Side *sides; // (side_count)
    int side_count;
    double quantile;
} Run;

/* --- one point -----------------------------------------------------------------------------------
 */

/* The best with the parameter held at a coordinate; `at` holds the start and gets the end. */
static SearchStatus estimate_rest(const Run *run, Side *side, const CrewMember *member,
                                  double coordinate, double *at, double *value)
{
    const Fit *fit = run->fit;
    Arena *arena = arena_new();
    int *free = arena_array(arena, (size_t)fit->parameter_count + 1, sizeof *free);
    int count = 0;
    for (int i = 0; i < fit->parameter_count; i++) {
        free[count] = i;
        count += i != side->parameter;
    }
    at[side->parameter] = coordinate;
    FitMethod method = fit->method == METHOD_NLOPT ? METHOD_SCORING : fit_method(fit, count);
    Search search = {.study = run->study,
                     .fit = fit,
                     .arena = arena,
                     .member = member,
                     .free = free,
                     .free_count = count,
                     .method = method,
                     .algorithm = fit->algorithm,
                     .iterations = SEARCH_ITERATIONS,
                     .tolerance = fmax(fit->tolerance, 1e-6),
                     .stop = run->options->stop};
    search_open(&search, at);
    SearchStatus status = search_run(&search);
    memcpy(at, search.best_at, (size_t)fit->parameter_count * sizeof *at);
    *value = search.best;
    if (search.best < side->best) {
        side->best = search.best;
    }
    arena_free(arena);
    return status;
}

static void keep_point(const Run *run, Side *side, double rise, const double *at)
{
    size_t count = (size_t)run->fit->parameter_count;
    double *copy = arena_array(side->arena, count + 1, sizeof *copy);
    memcpy(copy, at, count * sizeof *copy);
    side->points =
        arena_grow(side->arena, side->points, side->count, &side->room, sizeof *side->points);
    side->points[side->count++] = (ProfilePoint){at[side->parameter], rise, copy};
}

/* --- one side ------------------------------------------------------------------------------------
 */

/* How far a profile is followed: a thousandfold, or a thousand times the value. */
static double range_of(const Run *run, const Side *side)
{
    const FitParameter *one = &run->fit->parameters[side->parameter];
    const Estimate *estimate = &run->summary->estimates[side->parameter];
    if (one->scale != SCALE_LINEAR) {
        return log(1e3);
    }
    double se = isfinite(estimate->coordinate_se) ? estimate->coordinate_se : 0.0;
    return fmax(1e3 * fabs(estimate->coordinate), 100.0 * se);
}

static double first_step(const Run *run, const Side *side)
{
    const Estimate *estimate = &run->summary->estimates[side->parameter];
    double range = range_of(run, side);
    double se = estimate->coordinate_se;
    double plain = run->fit->parameters[side->parameter].scale == SCALE_LINEAR
                       ? 0.1 * fmax(fabs(estimate->coordinate), 1e-3)
                       : 0.2;
    return fmin(isfinite(se) && se > 0.0 ? 0.4 * se : plain, 0.1 * range);
}

/* Where the rise is the quantile, between the last two points. Its root is nearly straight; two
 * searches more make that exact. */
static double crossing(const Run *run, Side *side, const CrewMember *member, double base)
{
    ProfilePoint low = side->points[side->count - 2];
    ProfilePoint high = side->points[side->count - 1];
    double wanted = sqrt(run->quantile);
    double at_crossing = high.coordinate;
    size_t count = (size_t)run->fit->parameter_count;
    double *at = arena_array(side->arena, count + 1, sizeof *at);
    memcpy(at, high.at, count * sizeof *at);
    for (int i = 0; i < 3; i++) {
        double below = sqrt(fmax(low.rise, 0.0));
        double above = sqrt(fmax(high.rise, 0.0));
        double part = above > below ? (wanted - below) / (above - below) : 1.0;
        at_crossing = low.coordinate + part * (high.coordinate - low.coordinate);
        double value = HUGE_VAL;
        SearchStatus status =
            i < 2 ? estimate_rest(run, side, member, at_crossing, at, &value) : SEARCH_STOPPED;
        if (status == SEARCH_STOPPED || status == SEARCH_REFUSED) {
            break;
        }
        ProfilePoint *end = 2.0 * (value - base) >= run->quantile ? &high : &low;
        *end = (ProfilePoint){at_crossing, 2.0 * (value - base), at};
    }
    return at_crossing;
}

/* The start of the next search: the last point, moved on as the last two were. */
static void extrapolate(const Run *run, const Side *side, double coordinate, double *at)
{
    const ProfilePoint *last = &side->points[side->count - 1];
    size_t count = (size_t)run->fit->parameter_count;
    memcpy(at, last->at, count * sizeof *at);
    if (side->count < 2) {
        return;
    }
    const ProfilePoint *before = &side->points[side->count - 2];
    double part = (coordinate - last->coordinate) / (last->coordinate - before->coordinate);
    for (size_t i = 0; i < count; i++) {
        double low;
        double high;
        scale_bounds(&run->fit->parameters[i], &low, &high);
        at[i] = fmin(fmax(at[i] + part * (last->at[i] - before->at[i]), low), high);
    }
}

/* The next point: true if it was made; a step that is too large is halved first. */
static bool go_on(const Run *run, Side *side, const CrewMember *member, double *step, double bound,
                  double base)
{
    Arena *arena = arena_new();
    double *at = arena_array(arena, (size_t)run->fit->parameter_count + 1, sizeof *at);
    const ProfilePoint last = side->points[side->count - 1];
    double most = 0.35 * run->quantile; // of rise, from one point to the next
    bool made = false;
    side->end = END_FAILED;
    for (int i = 0; i < MOST_HALVINGS && !made; i++) {
        double to = last.coordinate + side->sign * *step;
        double end = side->points[0].coordinate + side->sign * range_of(run, side);
        to = side->sign < 0 ? fmax(to, fmax(bound, end)) : fmin(to, fmin(bound, end));
        double value = HUGE_VAL;
        extrapolate(run, side, to, at);
        SearchStatus status = estimate_rest(run, side, member, to, at, &value);
        if (status == SEARCH_REFUSED) { // what was drawn on from the last points may be too far
            memcpy(at, last.at, (size_t)run->fit->parameter_count * sizeof *at);
            status = estimate_rest(run, side, member, to, at, &value);
        }
        if (status == SEARCH_STOPPED) {
            side->end = END_STOPPED;
            break;
        }
        double rise = 2.0 * (value - base);
        if (status == SEARCH_REFUSED || (rise - last.rise > most && i + 1 < MOST_HALVINGS)) {
            *step *= 0.5;
            continue;
        }
        keep_point(run, side, rise, at);
        *step *= rise - last.rise < 0.12 * run->quantile ? 1.7 : 1.0;
        made = true;
    }
    arena_free(arena);
    return made;
}

static void follow(const Run *run, Side *side, const CrewMember *member)
{
    double *at = arena_array(side->arena, (size_t)run->fit->parameter_count + 1, sizeof *at);
    double bounds[2];
    double value = HUGE_VAL;
    scale_bounds(&run->fit->parameters[side->parameter], &bounds[0], &bounds[1]);
    double bound = side->sign < 0 ? bounds[0] : bounds[1];
    memcpy(at, run->summary->result->at, (size_t)run->fit->parameter_count * sizeof *at);
    double start = at[side->parameter];
    side->limit = (double)NAN;
    side->best = HUGE_VAL;
    SearchStatus status = estimate_rest(run, side, member, start, at, &value);
    if (status == SEARCH_STOPPED || status == SEARCH_REFUSED) {
        side->end = status == SEARCH_STOPPED ? END_STOPPED : END_FAILED;
        return;
    }
    double base = value;
    double step = first_step(run, side);
    double range = range_of(run, side);
    keep_point(run, side, 0.0, at);
    while (side->count < MOST_POINTS) {
        const ProfilePoint *last = &side->points[side->count - 1];
        if (last->rise >= run->quantile) {
            side->end = END_CROSSED;
            side->limit = crossing(run, side, member, base);
            return;
        }
        if (last->coordinate == bound) {
            side->end = END_BOUND;
            return;
        }
        if (fabs(last->coordinate - start) >= range * (1.0 - 1e-12)) {
            side->end = END_RANGE;
            return;
        }
        if (!go_on(run, side, member, &step, bound, base)) {
            return;
        }
    }
    side->end = END_RANGE;
}

static void follow_one(void *shared, int number, const CrewMember *member)
{
    const Run *run = shared;
    follow(run, &run->sides[number], member);
}

/* --- results -------------------------------------------------------------------------------------
 */

static Verdict verdict_of(const Profile *profile)
{
    if (profile->ends[0] == END_STOPPED || profile->ends[1] == END_STOPPED) {
        return VERDICT_UNKNOWN;
    }
    bool below = profile->ends[0] == END_CROSSED;
    bool above = profile->ends[1] == END_CROSSED;
    return below && above ? VERDICT_IDENTIFIABLE
           : below        ? VERDICT_ABOVE
           : above        ? VERDICT_BELOW
                          : VERDICT_FLAT;
}

/* Which other parameter gives way most from one end to the other: in units of its own standard
 * error with all others held, so that one that the data do not see at all, and that drifts, does
 * not count. */
static void find_partner(const Run *run, Profile *profile)
{
    static const double least = 1.0;
    const Fit *fit = run->fit;
    const double *information = run->summary->result->information.matrix;
    const ProfilePoint *first = &profile->points[0];
    const ProfilePoint *last = &profile->points[profile->count - 1];
    double most = least;
    profile->partner = -1;
    for (int i = 0; i < fit->parameter_count && profile->count > 1; i++) {
        double unit = sqrt(fmax(information[(size_t)i * ((size_t)fit->parameter_count + 1)], 0.0));
        double change = (last->at[i] - first->at[i]) * unit;
        if (i != profile->parameter && fabs(change) > most) {
            most = fabs(change);
            profile->partner = i;
            profile->same_direction = change > 0.0;
        }
    }
}

/* Both sides as one row of points. */
static void join(const Run *run, const Side *below, const Side *above, Arena *arena,
                 Profile *profile)
{
    size_t count = (size_t)run->fit->parameter_count;
    size_t most = below->count + above->count;
    *profile = (Profile){.parameter = below->parameter,
                         .ends = {below->end, above->end},
                         .limits = {below->limit, above->limit}};
    profile->points = arena_array(arena, most + 1, sizeof *profile->points);
    for (size_t i = 0; i < most; i++) {
        bool left = i < below->count;
        size_t from = left ? below->count - 1 - i : i - below->count;
        const ProfilePoint *point = left ? &below->points[from] : &above->points[from];
        if (!left && from == 0 && below->count > 0) {
            continue; // the estimate is there already
        }
        double *copy = arena_array(arena, count + 1, sizeof *copy);
        memcpy(copy, point->at, count * sizeof *copy);
        profile->points[profile->count] = *point;
        profile->points[profile->count++].at = copy;
    }
    profile->verdict = verdict_of(profile);
    find_partner(run, profile);
}

FitStatus profile_run(const Study *study, const FitSummary *fit, const FitOptions *options,
                      const ProfilePlan *plan, Arena *arena, ProfileResult *result)
{
    assert(study != NULL && fit != NULL && options != NULL && plan != NULL && result != NULL);
    Arena *scratch = arena_new();
    Run run = {.study = study, .fit = study->fit, .summary = fit, .options = options};
    run.side_count = 2 * plan->count;
    run.sides = arena_array(scratch, (size_t)run.side_count + 1, sizeof *run.sides);
    run.quantile = gsl_cdf_chisq_Pinv(plan->level, 1.0);
    for (int i = 0; i < run.side_count; i++) {
        run.sides[i] = (Side){.parameter = plan->parameters[i / 2],
                              .sign = i % 2 == 0 ? -1 : 1,
                              .arena = arena_new(),
                              .end = END_STOPPED,
                              .limit = (double)NAN,
                              .best = HUGE_VAL};
    }
    gsl_error_handler_t *before = gsl_set_error_handler_off();
    CrewsPlan crews = {.study = study,
                       .tape = objective_tape(study, scratch),
                       .jobs = options->jobs,
                       .journal = options->journal,
                       .first_group = GROUP_BASE,
                       .count = run.side_count,
                       .shared = &run,
                       .search = follow_one,
                       .stop = options->stop};
    int error = 0;
    WorkStatus status = crews_run(&crews, &error);
    (void)gsl_set_error_handler(before);
    *result = (ProfileResult){.count = plan->count, .quantile = run.quantile};
    result->profiles = arena_array(arena, (size_t)plan->count + 1, sizeof *result->profiles);
    double best = HUGE_VAL;
    for (int i = 0; i < run.side_count; i++) {
        best = fmin(best, run.sides[i].best);
        if (i % 2 == 1) {
            join(&run, &run.sides[i - 1], &run.sides[i], arena, &result->profiles[i / 2]);
        }
    }
    result->best = 2.0 * (best - fit->result->likelihood.value);
    for (int i = 0; i < run.side_count; i++) {
        arena_free(run.sides[i].arena);
    }
    arena_free(scratch);
    errno = error;
    bool stopped = status == WORK_STOPPED || (options->stop != NULL && *options->stop != 0);
    return status == WORK_FAILED ? (options->journal != NULL ? FIT_FILE : FIT_SOLVER)
           : stopped             ? FIT_STOPPED
                                 : FIT_DONE;
}
