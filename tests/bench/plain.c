/* plain.c: the baselines: CVODE in the ordinary way, one patient at a time, native C.
 *
 *   stroma_bench_plain PROBLEM MODEL
 *
 * B1: dense matrix, difference-quotient Jacobian; B2: dense matrix, exact Jacobian; B3: KLU, exact
 * Jacobian. What a user of plain CVODE writes: one solver object per patient, CV_NORMAL to each
 * output time, a stop and CVodeReInit at each dose. Links CVODE, not CVODES. Reads orders from
 * standard input, answers CPU seconds:
 *   run TOOL RTOL FACTOR FIRST COUNT [FILE]     (atol × FACTOR; results to FILE if given)
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/native.h"
#include "bench/problem.h"

#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>
#ifdef BENCH_KLU
#include <sunlinsol/sunlinsol_klu.h>
#include <sunmatrix/sunmatrix_sparse.h>
#endif

enum { MOST_STEPS = 1000000 };

#define MODEL(name) extern const NativeModel native_##name;
#include "bench/models.def"
#undef MODEL

static const NativeModel *const models[] = {
#define MODEL(name) &native_##name,
#include "bench/models.def"
#undef MODEL
};

typedef enum { DENSE_QUOTIENT, DENSE_EXACT, SPARSE_EXACT } Way;

typedef struct {
    const NativeModel *model;
    const Problem *problem;
    const double *parameters; // of the patient
    double *inflow;           // (states)
    double *entries;          // of the Jacobian
    Way way;
    double rtol, atol_factor;
    SUNContext sundials;
} Solve;

static void check(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "plain: %s failed\n", what);
        exit(1);
    }
}

static int rates(sunrealtype t, N_Vector y, N_Vector result, void *context)
{
    const Solve *solve = context;
    double *out = N_VGetArrayPointer(result);
    solve->model->rates(t, N_VGetArrayPointer(y), solve->parameters, out);
    for (int i = 0; i < solve->model->states; i++) {
        out[i] += solve->inflow[i];
    }
    return 0;
}

static int jacobian_dense(sunrealtype t, N_Vector y, N_Vector fy, SUNMatrix matrix, void *context,
                          N_Vector a, N_Vector b, N_Vector c)
{
    (void)fy, (void)a, (void)b, (void)c;
    const Solve *solve = context;
    const NativeModel *model = solve->model;
    model->jacobian(t, N_VGetArrayPointer(y), solve->parameters, solve->entries);
    for (int i = 0; i < model->states; i++) {
        for (int k = model->row_start[i]; k < model->row_start[i + 1]; k++) {
            SM_ELEMENT_D(matrix, i, model->column[k]) = solve->entries[k];
        }
    }
    return 0;
}

#ifdef BENCH_KLU
static int jacobian_sparse(sunrealtype t, N_Vector y, N_Vector fy, SUNMatrix matrix, void *context,
                           N_Vector a, N_Vector b, N_Vector c)
{
    (void)fy, (void)a, (void)b, (void)c;
    const Solve *solve = context;
    const NativeModel *model = solve->model;
    sunindextype *starts = SUNSparseMatrix_IndexPointers(matrix);
    sunindextype *columns = SUNSparseMatrix_IndexValues(matrix);
    for (int i = 0; i <= model->states; i++) {
        starts[i] = model->row_start[i];
    }
    for (int k = 0; k < model->row_start[model->states]; k++) {
        columns[k] = model->column[k];
    }
    model->jacobian(t, N_VGetArrayPointer(y), solve->parameters, SUNSparseMatrix_Data(matrix));
    return 0;
}
#endif

static void attach(Solve *solve, void *cvode, N_Vector y, SUNMatrix *matrix,
                   SUNLinearSolver *linear)
{
    CVLsJacFn exact = solve->way == DENSE_QUOTIENT ? NULL : jacobian_dense;
    int n = solve->model->states;
    if (solve->way == SPARSE_EXACT) {
#ifdef BENCH_KLU
        *matrix = SUNSparseMatrix(n, n, solve->model->row_start[n], CSR_MAT, solve->sundials);
        *linear = SUNLinSol_KLU(y, *matrix, solve->sundials);
        exact = jacobian_sparse;
#else
        check(false, "KLU (it was not there when this was built)");
#endif
    } else {
        *matrix = SUNDenseMatrix(n, n, solve->sundials);
        *linear = SUNLinSol_Dense(y, *matrix, solve->sundials);
    }
    check(CVodeSetLinearSolver(cvode, *linear, *matrix) == 0, "CVodeSetLinearSolver");
    if (exact != NULL) {
        check(CVodeSetJacFn(cvode, exact) == 0, "CVodeSetJacFn");
    }
}

/* Everything that happens at `time`; true if anything did. */
static bool give(Solve *solve, int subject, int *next, double time, double *y)
{
    const Problem *problem = solve->problem;
    bool any = false;
    while (*next < problem->size.events && (int)problem->event[*next].subject == subject &&
           problem->event[*next].time <= time) {
        const ProblemEvent *event = &problem->event[(*next)++];
        y[(int)event->state] += event->amount;
        solve->inflow[(int)event->state] += event->inflow;
        any = true;
    }
    return any;
}

static double next_stop(const Problem *problem, int subject, int next)
{
    bool more = next < problem->size.events && (int)problem->event[next].subject == subject;
    double end = problem->time[problem->size.times - 1];
    return more && problem->event[next].time < end ? problem->event[next].time : end;
}

static void run_times(Solve *solve, void *cvode, N_Vector y, int subject, double *out)
{
    const Problem *problem = solve->problem;
    size_t n = (size_t)problem->size.states;
    int event = 0;
    while (event < problem->size.events && (int)problem->event[event].subject < subject) {
        event++;
    }
    double *state = N_VGetArrayPointer(y);
    double t = problem->time[0];
    give(solve, subject, &event, t, state);
    check(CVodeReInit(cvode, t, y) == 0, "CVodeReInit");
    memcpy(out, state, n * sizeof *out);
    int next = 1;
    while (next < problem->size.times) {
        double stop = next_stop(problem, subject, event);
        CVodeSetStopTime(cvode, stop);
        for (; next < problem->size.times && problem->time[next] < stop; next++) {
            check(CVode(cvode, problem->time[next], y, &t, CV_NORMAL) >= 0, "CVode");
            memcpy(out + (size_t)next * n, state, n * sizeof *out);
        }
        check(CVode(cvode, stop, y, &t, CV_NORMAL) >= 0, "CVode");
        if (give(solve, subject, &event, stop, state)) {
            check(CVodeReInit(cvode, stop, y) == 0, "CVodeReInit");
        }
        if (problem->time[next] <= stop) {
            memcpy(out + (size_t)next++ * n, state, n * sizeof *out);
        }
    }
}

static void run_patient(Solve *solve, int subject, double *out)
{
    const Problem *problem = solve->problem;
    int n = problem->size.states;
    solve->parameters = problem->parameter + (size_t)subject * (size_t)problem->size.parameters;
    N_Vector y = N_VNew_Serial(n, solve->sundials);
    N_Vector atol = N_VNew_Serial(n, solve->sundials);
    for (int i = 0; i < n; i++) {
        NV_Ith_S(y, i) = problem->initial[subject * n + i];
        NV_Ith_S(atol, i) = problem->atol[i] * solve->atol_factor;
        solve->inflow[i] = 0;
    }
    void *cvode = CVodeCreate(CV_BDF, solve->sundials);
    check(CVodeInit(cvode, rates, problem->time[0], y) == 0 &&
              CVodeSVtolerances(cvode, solve->rtol, atol) == 0 &&
              CVodeSetUserData(cvode, solve) == 0 && CVodeSetMaxNumSteps(cvode, MOST_STEPS) == 0,
          "setting up CVODE");
    SUNMatrix matrix = NULL;
    SUNLinearSolver linear = NULL;
    attach(solve, cvode, y, &matrix, &linear);
    run_times(solve, cvode, y, subject, out);
    CVodeFree(&cvode);
    SUNLinSolFree(linear);
    SUNMatDestroy(matrix);
    N_VDestroy(atol);
    N_VDestroy(y);
}

/* One order; answers the CPU seconds it took. */
static void obey(Solve *solve, double *results, const char *order)
{
    char tool[8] = "";
    char path[1024] = "";
    int first = 0;
    int count = 0;
    const Problem *problem = solve->problem;
    check(sscanf(order, "run %7s %lf %lf %d %d %1023s", tool, &solve->rtol, &solve->atol_factor,
                 &first, &count, path) >= 5 &&
              first >= 0 && count > 0 && first + count <= problem->size.subjects,
          "reading an order");
    solve->way = strcmp(tool, "B1") == 0   ? DENSE_QUOTIENT
                 : strcmp(tool, "B2") == 0 ? DENSE_EXACT
                                           : SPARSE_EXACT;
    size_t each = (size_t)problem->size.times * (size_t)problem->size.states;
    double from = cpu_seconds();
    for (int i = 0; i < count; i++) {
        run_patient(solve, first + i, results + (size_t)i * each);
    }
    double seconds = cpu_seconds() - from;
    if (path[0] != '\0') {
        check(doubles_write(results, (size_t)count * each, path), path);
    }
    printf("%.9f\n", seconds);
    fflush(stdout);
}

int main(int count, char **words)
{
    if (count != 3) {
        fprintf(stderr, "usage: stroma_bench_plain PROBLEM MODEL\n");
        return 2;
    }
    Arena *arena = arena_new();
    Problem problem;
    Solve solve = {.problem = &problem};
    check(problem_read(arena, &problem, words[1]), words[1]);
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        solve.model = strcmp(models[i]->name, words[2]) == 0 ? models[i] : solve.model;
    }
    check(solve.model != NULL && solve.model->states == problem.size.states &&
              solve.model->parameters == problem.size.parameters,
          words[2]);
    size_t n = (size_t)problem.size.states;
    solve.inflow = arena_array(arena, n, sizeof(double));
    solve.entries = arena_array(arena, n * n, sizeof(double));
    double *results = arena_array(
        arena, (size_t)problem.size.subjects * (size_t)problem.size.times * n, sizeof(double));
    check(SUNContext_Create(NULL, &solve.sundials) == 0, "SUNContext_Create");
    char order[2048];
    while (fgets(order, sizeof order, stdin) != NULL) {
        obey(&solve, results, order);
    }
    SUNContext_Free(&solve.sundials);
    arena_free(arena);
    return 0;
}
