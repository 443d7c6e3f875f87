/* information.c: see information.h.
 *
 * With U the roots of the expected information's diagonal and V L V' = U^-1 F U^-1, the columns of
 * D = U^-1 V L^-1/2 are steps of one standard error. M = D' H D is near the identity; the Hessian
 * is B' M B with B = L^1/2 V' U, which leaves out what the data do not see at all.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/information.h"
#include "study/workers.h"

#include <assert.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

enum { LEVELS = 7 }; // of steps, each half of the one before

typedef struct {
    const InformationTask *task;
    const Fit *fit;
    int axis_count;
    double *axes;  // (axis_count × parameter_count) steps of one standard error: columns of D
    double *back;  // (axis_count × parameter_count) rows of B
    double *bends; // (axis_count²) M
    double *error; // (axis_count) HUGE_VAL: nothing found
} Work;

/* --- axes ----------------------------------------------------------------------------------------
 */

int information_rows(const Fit *fit, const double *at, int *rows)
{
    int count = 0;
    for (int i = 0; i < fit->parameter_count; i++) {
        if (!scale_at_bound(&fit->parameters[i], at[i])) {
            rows[count++] = i;
        }
    }
    return count;
}

bool information_decompose(const double *matrix, size_t all, const int *rows, size_t count,
                           double *unit, gsl_vector *values, gsl_matrix *vectors)
{
    gsl_matrix *scaled = gsl_matrix_alloc(count, count);
    gsl_eigen_symmv_workspace *space = gsl_eigen_symmv_alloc(count);
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        double own = matrix[(size_t)rows[i] * (all + 1)];
        unit[i] = own > 0.0 ? sqrt(own) : 1.0;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            double entry = matrix[(size_t)rows[i] * all + (size_t)rows[k]];
            entry /= unit[i] * unit[k];
            good = good && isfinite(entry);
            gsl_matrix_set(scaled, i, k, entry);
        }
    }
    good = good && gsl_eigen_symmv(scaled, values, vectors, space) == GSL_SUCCESS &&
           gsl_eigen_symmv_sort(values, vectors, GSL_EIGEN_SORT_VAL_ASC) == GSL_SUCCESS;
    gsl_eigen_symmv_free(space);
    gsl_matrix_free(scaled);
    return good;
}

bool information_is_null(const gsl_vector *values, size_t index)
{
    static const double smallest = 1e-13;
    return !(gsl_vector_get(values, index) > smallest * gsl_vector_get(values, values->size - 1));
}

static bool find_axes(Work *work, Arena *arena)
{
    const Fit *fit = work->fit;
    size_t all = (size_t)fit->parameter_count;
    int *rows = arena_array(arena, all + 1, sizeof *rows);
    size_t count = (size_t)information_rows(fit, work->task->at, rows);
    double *unit = arena_array(arena, count + 1, sizeof *unit);
    work->axes = arena_array(arena, count * all + 1, sizeof(double));
    work->back = arena_array(arena, count * all + 1, sizeof(double));
    if (count == 0) {
        return false;
    }
    gsl_vector *values = gsl_vector_alloc(count);
    gsl_matrix *vectors = gsl_matrix_alloc(count, count);
    bool good =
        information_decompose(work->task->expected, all, rows, count, unit, values, vectors);
    for (size_t e = 0; e < count && good; e++) {
        if (information_is_null(values, e)) {
            continue;
        }
        double root = sqrt(gsl_vector_get(values, e));
        size_t row = (size_t)work->axis_count++ * all;
        for (size_t i = 0; i < count; i++) {
            double part = gsl_matrix_get(vectors, i, e);
            work->axes[row + (size_t)rows[i]] = part / (unit[i] * root);
            work->back[row + (size_t)rows[i]] = part * unit[i] * root;
        }
    }
    gsl_matrix_free(vectors);
    gsl_vector_free(values);
    size_t axes = (size_t)work->axis_count;
    work->bends = arena_array(arena, axes * axes + 1, sizeof(double));
    work->error = arena_array(arena, axes + 1, sizeof(double));
    return axes > 0;
}

/* --- one axis ------------------------------------------------------------------------------------
 */

/* A fifth of a standard error; less where that would leave the bounds, or change a number on a
 * logarithmic scale by half. */
static double first_step(const Work *work, const double *axis)
{
    static const double usual = 0.2;
    static const double most = 0.5;
    double step = usual;
    for (int i = 0; i < work->fit->parameter_count; i++) {
        const FitParameter *one = &work->fit->parameters[i];
        double at = work->task->at[i];
        double pace = fabs(axis[i]);
        double low;
        double high;
        scale_bounds(one, &low, &high);
        if (pace > 0.0) {
            step = one->scale != SCALE_LINEAR ? fmin(step, most / pace) : step;
            step = fmin(step, fmin(at - low, high - at) / pace);
        }
    }
    return step;
}

/* The two ends of a step, and their gradients. */
typedef struct {
    Trial trials[2];
    double *at[2], *gradient[2]; // (parameter_count)
} Ends;

static Ends make_ends(const Fit *fit, Arena *arena)
{
    size_t count = (size_t)fit->parameter_count;
    size_t data = (size_t)fit->datum_count;
    Ends ends = {0};
    for (int i = 0; i < 2; i++) {
        ends.at[i] = arena_array(arena, count, sizeof(double));
        ends.gradient[i] = arena_array(arena, count, sizeof(double));
        ends.trials[i] = (Trial){.at = ends.at[i], .slopes = true};
        ends.trials[i].predicted = arena_array(arena, data + 1, sizeof(double));
        ends.trials[i].slope =
            arena_array(arena, data * (size_t)fit->model_count + 1, sizeof(double));
    }
    return ends;
}

/* The change of the gradient along an axis, seen along all of them. False: no gradient there. */
static bool difference(const Work *work, Objective *objective, Ends *ends, const double *axis,
                       double step, double *bend)
{
    const Fit *fit = work->fit;
    int count = fit->parameter_count;
    Trial *const trials[] = {&ends->trials[0], &ends->trials[1]};
    for (int i = 0; i < count; i++) {
        ends->at[0][i] = work->task->at[i] + step * axis[i];
        ends->at[1][i] = work->task->at[i] - step * axis[i];
    }
    bool good = objective_run(objective, trials, 2);
    for (int i = 0; i < 2 && good; i++) {
        Likelihood likelihood = {.gradient = ends->gradient[i]};
        good = !trials[i]->failed && likelihood_of(fit, trials[i], &likelihood);
    }
    for (int a = 0; a < work->axis_count && good; a++) {
        bend[a] = 0.0;
        for (int i = 0; i < count; i++) {
            double change = ends->gradient[0][i] - ends->gradient[1][i];
            bend[a] += work->axes[a * count + i] * change / (2.0 * step);
        }
    }
    return good;
}

/* The next row of the table: rows[0] as measured, then with one power of the step after the other
 * taken out. What agrees best with its neighbours is kept. */
static void extrapolate(double *const *before, double *const *rows, int made, int count,
                        double *best, double *error)
{
    double power = 1.0;
    for (int k = 1; k <= made; k++) {
        power *= 4.0;
        double off = 0.0;
        for (int a = 0; a < count; a++) {
            double last = rows[k - 1][a];
            rows[k][a] = last + (last - before[k - 1][a]) / (power - 1.0);
            off = fmax(off, fmax(fabs(rows[k][a] - last), fabs(rows[k][a] - before[k - 1][a])));
        }
        if (off < *error) {
            *error = off;
            memcpy(best, rows[k], (size_t)count * sizeof *best);
        }
    }
}

static bool work_axis(void *shared, void *worker, long item)
{
    static const double enough = 1e-7;
    Work *work = shared;
    size_t count = (size_t)work->axis_count;
    Arena *arena = arena_new();
    Ends ends = make_ends(work->fit, arena);
    const double *axis = work->axes + (size_t)item * (size_t)work->fit->parameter_count;
    double *best = work->bends + (size_t)item * count;
    double *error = &work->error[item];
    double *table[2][LEVELS];
    for (int i = 0; i < 2 * LEVELS; i++) {
        table[i / LEVELS][i % LEVELS] = arena_array(arena, count, sizeof(double));
    }
    double step = first_step(work, axis);
    int made = 0; // differences in a row
    *error = HUGE_VAL;
    for (int level = 0; level<LEVELS && * error> enough; level++, step *= 0.5) {
        double *const *rows = table[level % 2];
        if (!difference(work, worker, &ends, axis, step, rows[0])) {
            made = 0;
            continue;
        }
        extrapolate(table[(level + 1) % 2], rows, made, (int)count, best, error);
        made++;
    }
    arena_free(arena);
    return true;
}

/* --- the matrix ----------------------------------------------------------------------------------
 */

/* M made symmetric; what is not counts as error. */
static double settle(Work *work)
{
    int count = work->axis_count;
    double error = 0.0;
    for (int a = 0; a < count; a++) {
        error = fmax(error, work->error[a]);
        for (int b = 0; b < a; b++) {
            double *one = &work->bends[a * count + b];
            double *other = &work->bends[b * count + a];
            double mean = 0.5 * (*one + *other);
            error = fmax(error, fabs(*one - mean));
            *one = *other = mean;
        }
    }
    return error;
}

/* The smallest eigenvalue of M; NaN: there is none. */
static double smallest_bend(const Work *work)
{
    assert(work->bends != NULL && work->axis_count > 0);
    size_t count = (size_t)work->axis_count;
    gsl_matrix *copy = gsl_matrix_alloc(count, count);
    gsl_vector *values = gsl_vector_alloc(count);
    gsl_eigen_symm_workspace *space = gsl_eigen_symm_alloc(count);
    for (size_t i = 0; i < count * count; i++) {
        gsl_matrix_set(copy, i / count, i % count, work->bends[i]);
    }
    double least = (double)NAN;
    if (gsl_eigen_symm(copy, values, space) == GSL_SUCCESS) {
        least = gsl_vector_min(values);
    }
    gsl_eigen_symm_free(space);
    gsl_vector_free(values);
    gsl_matrix_free(copy);
    return least;
}

/* B' M B. */
static const double *hessian_of(const Work *work, Arena *arena)
{
    size_t all = (size_t)work->fit->parameter_count;
    size_t axes = (size_t)work->axis_count;
    double *matrix = arena_array(arena, all * all + 1, sizeof *matrix);
    double *half = arena_array(arena, all + 1, sizeof *half); // a row of M B
    for (size_t a = 0; a < axes; a++) {
        memset(half, 0, all * sizeof *half);
        for (size_t b = 0; b < axes; b++) {
            for (size_t k = 0; k < all; k++) {
                half[k] += work->bends[a * axes + b] * work->back[b * all + k];
            }
        }
        for (size_t i = 0; i < all; i++) {
            for (size_t k = 0; k < all; k++) {
                matrix[i * all + k] += work->back[a * all + i] * half[k];
            }
        }
    }
    return matrix;
}

static void *open_worker(void *shared)
{
    const Work *work = shared;
    return objective_open_shared(work->task->study, work->task->tape, work->task->stop);
}

static void close_worker(void *worker)
{
    objective_close(worker);
}

const char *information_word(InformationKind kind)
{
    return kind == INFORMATION_OBSERVED ? "observed" : "expected";
}

Information information_find(const InformationTask *task, Arena *arena)
{
    static const double most = 1e-2;  // error that a standard error may bear
    static const double least = 1e-6; // of the expected information: below it, no minimum
    assert(task != NULL && task->study != NULL && task->study->fit != NULL);
    const Fit *fit = task->study->fit;
    Information found = {INFORMATION_EXPECTED, task->expected, (double)NAN};
    if (!has_limits(fit)) {
        return found;
    }
    Arena *scratch = arena_new();
    Work work = {.task = task, .fit = fit};
    if (find_axes(&work, scratch)) {
        found.kind = INFORMATION_UNSURE; // until more is known
        WorkPlan plan = {.jobs = task->jobs,
                         .count = work.axis_count,
                         .shared = &work,
                         .open = open_worker,
                         .work = work_axis,
                         .close = close_worker,
                         .stop = task->stop};
        int error = 0;
        WorkStatus status = workers_run(&plan, &error);
        if (status == WORK_STOPPED || (task->stop != NULL && *task->stop != 0)) {
            found.kind = INFORMATION_STOPPED;
        } else if (status == WORK_DONE) {
            found.error = settle(&work);
        }
    }
    if (found.error < most) {
        bool minimum = smallest_bend(&work) > fmax(least, work.axis_count * found.error);
        found.kind = minimum ? INFORMATION_OBSERVED : INFORMATION_INDEFINITE;
        found.matrix = minimum ? hessian_of(&work, arena) : task->expected;
    }
    arena_free(scratch);
    return found;
}
