/* test_sensitivity.c: the derivatives that a study's outputs have by its parameters, against runs
 * of the same study with the parameters changed.
 *
 *   test_sensitivity study.cfg [parameters]
 *
 * The reference is Richardson's extrapolation of central differences, (4 d(h) - d(2h)) / 3 with
 * h = 1e-3 p, of runs at rtol 1e-12 that know nothing of derivatives. Where even those do not agree
 * with themselves at another h (a parameter at which the model has a corner, rounding of the
 * differences), the parameter cannot be judged and is counted as such; one may be, and one in ten.
 * Found at rtol 1e-8, by steps that lanes share and by their own. Allowed: 1e-5 of the largest p
 * dy/dp that an output has over time, or of 1/100 of its largest value where the parameter hardly
 * matters. SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/params.h"
#include "study/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 16, MOST_TIMES = 12, DEFAULT_PARAMETERS = 6, RUNS = 4 };
static const double ALLOWED = 1e-5;
static const double FLOOR = 0.01;
static const double STEPS[RUNS] = {1e-3, -1e-3, 2e-3, -2e-3};

typedef struct {
    Arena *arena;
    const Study *study;
    const Arm *arm;
    double times[MOST_TIMES];
    int row[MOST_TIMES]; // their places among the times of the study
    int time_count;
    int *parameters; // chosen
    int count;
    double *value;                    // (output) largest over all times of the study
    double *slope;                    // (parameter × output) largest p dy/dp
    double *found, *expected, *other; // (parameter × time × output) p dy/dp
    bool *judged;                     // (parameter)
    double *atol;
    // of the run under way
    Pack *pack;
    const int *lane_parameter;
    const int *lane_run;
    int lanes;
    double *runs; // (lane × time × output)
} Job;

static size_t cell(const Job *job, int lane, int time, int output)
{
    return ((size_t)lane * (size_t)job->time_count + (size_t)time) *
               (size_t)job->study->output_count +
           (size_t)output;
}

static bool take(void *context, int index, double time, const double *values, const bool *live,
                 int width)
{
    Job *job = context;
    (void)time, (void)live;
    for (int k = 0; k < job->study->output_count; k++) {
        for (int lane = 0; lane < job->lanes; lane++) {
            job->runs[cell(job, lane, index, k)] = values[k * width + lane];
        }
    }
    return true;
}

/* At all times of the study: the largest values tell what is small. */
static bool take_columns(void *context, int index, double time, const double *values,
                         const bool *live, int width)
{
    Job *job = context;
    (void)time, (void)live;
    int outputs = job->study->output_count;
    int row = 0;
    while (row < job->time_count && job->row[row] != index) {
        row++;
    }
    for (int k = 0; k < outputs; k++) {
        job->value[k] = fmax(job->value[k], fabs(values[k * width]));
        for (int p = 0; p < job->count; p++) {
            double size = job->arm->parameters[job->parameters[p]];
            double slope = size * pack_sensitivity(job->pack, p)[k * width];
            double *most = &job->slope[p * outputs + k];
            *most = fmax(*most, fabs(slope));
            if (row < job->time_count) {
                job->found[cell(job, p, row, k)] = slope;
            }
        }
    }
    return true;
}

static const Tape *compile(const Job *job, bool derive)
{
    Expr *observed = arena_array(job->arena, (size_t)job->study->output_count, sizeof *observed);
    for (int i = 0; i < job->study->output_count; i++) {
        observed[i] = job->study->outputs[i].expr;
    }
    TapeOptions options = {.observed = observed,
                           .observed_count = job->study->output_count,
                           .tables = job->study->tables,
                           .derive = derive,
                           .sensitive = job->parameters,
                           .sensitive_count = job->count};
    return tape_compile(job->arena, job->study->model, &options);
}

static SolverOptions tolerance(const Job *job, double rtol)
{
    SolverOptions options = job->study->solver;
    for (int i = 0; i < job->study->model->state_count; i++) {
        job->atol[i] = job->study->solver.atol[i] * fmin(1.0, rtol / job->study->solver.rtol);
    }
    options.rtol = rtol;
    options.atol = job->atol;
    options.max_steps = 1000000;
    return options;
}

static SubjectInput subject_of(const Job *job)
{
    return (SubjectInput){.parameters = job->arm->parameters,
                          .covariates = job->arm->covariates,
                          .regimen = &job->arm->regimen,
                          .steady_start = job->study->steady_start};
}

static bool all_done(const Pack *pack, int lanes, const Model *model)
{
    for (int lane = 0; lane < lanes; lane++) {
        const Outcome *outcome = pack_outcome(pack, lane);
        if (outcome->kind != OUTCOME_DONE) {
            Arena *arena = arena_new();
            Text text = text_new(arena);
            outcome_print(outcome, model, &text);
            printf("lane %d: %s\n", lane, text.data);
            arena_free(arena);
            return false;
        }
    }
    return true;
}

static bool run_columns(Job *job, SolverMethod method)
{
    SolverOptions options = tolerance(job, 1e-8);
    options.method = method;
    job->pack = pack_open(compile(job, true), &options, 1);
    SensitiveTarget *targets = arena_array(job->arena, (size_t)job->count, sizeof *targets);
    for (int p = 0; p < job->count; p++) {
        targets[p] = (SensitiveTarget){SENSITIVE_PARAMETER, job->parameters[p]};
    }
    SubjectInput subject = subject_of(job);
    bool good = pack_sensitivities(job->pack, targets, job->count);
    pack_load(job->pack, &subject, 1, job->study->start, job->times[job->time_count - 1]);
    good =
        pack_run(job->pack, job->study->times, job->study->time_count, take_columns, job, NULL) &&
        good;
    good = good && all_done(job->pack, 1, job->study->model);
    pack_close(job->pack);
    return good;
}

/* Four runs of each parameter of a batch side by side. */
static bool run_batch(Job *job, const Tape *tape, int first, int count, double scale,
                      double *result)
{
    SolverOptions options = tolerance(job, 1e-12);
    options.safety = 0.0;
    Pack *pack = pack_open(tape, &options, WIDTH);
    SubjectInput subjects[WIDTH];
    size_t own = (size_t)job->study->model->parameter_count;
    double *values = arena_array(job->arena, own * WIDTH, sizeof *values);
    for (int lane = 0; lane < count * RUNS; lane++) {
        double *mine = values + (size_t)lane * own;
        memcpy(mine, job->arm->parameters, own * sizeof *mine);
        mine[job->parameters[first + lane / RUNS]] *= 1.0 + scale * STEPS[lane % RUNS];
        subjects[lane] = subject_of(job);
        subjects[lane].parameters = mine;
    }
    job->lanes = count * RUNS;
    pack_load(pack, subjects, job->lanes, job->study->start, job->times[job->time_count - 1]);
    bool good = pack_run(pack, job->times, job->time_count, take, job, NULL);
    good = good && all_done(pack, job->lanes, job->study->model);
    pack_close(pack);
    for (int p = 0; p < count; p++) {
        for (int t = 0; t < job->time_count; t++) {
            for (int k = 0; k < job->study->output_count; k++) {
                double near =
                    job->runs[cell(job, RUNS * p, t, k)] - job->runs[cell(job, RUNS * p + 1, t, k)];
                double far = job->runs[cell(job, RUNS * p + 2, t, k)] -
                             job->runs[cell(job, RUNS * p + 3, t, k)];
                double h = scale * STEPS[0];
                result[cell(job, first + p, t, k)] =
                    (4.0 * near / (2.0 * h) - far / (4.0 * h)) / 3.0;
            }
        }
    }
    return good;
}

/* Largest difference of two tables for one parameter, in units of what is allowed. */
static double compare(const Job *job, const double *a, const double *b, int p, int *output)
{
    double worst = 0.0;
    for (int k = 0; k < job->study->output_count; k++) {
        double size = fmax(job->slope[p * job->study->output_count + k], FLOOR * job->value[k]);
        for (int t = 0; t < job->time_count; t++) {
            double error = fabs(a[cell(job, p, t, k)] - b[cell(job, p, t, k)]);
            error = error == 0.0 ? 0.0 : error / (ALLOWED * size);
            if (!(error <= worst)) {
                worst = isnan(error) ? HUGE_VAL : error;
                *output = k;
            }
        }
    }
    return worst;
}

static bool judge(const Job *job, const char *path)
{
    int judged = 0;
    int good = 0;
    double worst = 0.0;
    for (int p = 0; p < job->count; p++) {
        int output = 0;
        const char *name = job->study->model->parameters[job->parameters[p]].label.name;
        if (compare(job, job->expected, job->other, p, &output) > 0.3) {
            printf("%s cannot be judged: its differences do not agree\n", name);
            continue;
        }
        double error = compare(job, job->found, job->expected, p, &output);
        judged++;
        good += error <= 1.0;
        worst = fmax(worst, error);
        if (!(error <= 1.0)) {
            printf("%s: d%s/d%s is wrong by %.3g times what is allowed\n", path,
                   job->study->outputs[output].label->name, name, error);
        }
    }
    printf("%d parameters, %d judged, %d agree, the worst error is %.2g of what is allowed\n",
           job->count, judged, good, worst);
    return good == judged && judged + 1 + job->count / 10 >= job->count;
}

/* Parameters that are not 0, spread evenly over those of the model. */
static void choose(Job *job, int most)
{
    int *all = arena_array(job->arena, (size_t)job->study->model->parameter_count + 1, sizeof *all);
    int count = 0;
    for (int i = 0; i < job->study->model->parameter_count; i++) {
        if (job->arm->parameters[i] != 0.0 && isfinite(job->arm->parameters[i])) {
            all[count++] = i;
        }
    }
    job->count = count < most ? count : most;
    for (int i = 0; i < job->count; i++) {
        all[i] = all[(int)((long)i * count / job->count)];
    }
    job->parameters = all;
}

static bool prepare(Job *job, const char *path, int most)
{
    ParamsOptions options = params_options_default();
    const char *folder = STROMA_SOURCE_DIR "/models";
    options.models = (SearchPath){&folder, 1};
    Diag *diag = diag_new(job->arena);
    job->study = params_read(job->arena, path, &options, diag);
    if (job->study == NULL) {
        Text text = text_new(job->arena);
        diag_print(diag, &text, false);
        fputs(text.data, stderr);
        return false;
    }
    const Study *study = job->study;
    job->arm = &study->arms[0];
    for (int i = 1; i < study->arm_count; i++) {
        bool more = study->arms[i].regimen.count > job->arm->regimen.count;
        job->arm = more ? &study->arms[i] : job->arm;
    }
    job->time_count = study->time_count < MOST_TIMES ? study->time_count : MOST_TIMES;
    for (int i = 0; i < job->time_count; i++) {
        job->row[i] = (int)((long)(i + 1) * study->time_count / job->time_count - 1);
        job->times[i] = study->times[job->row[i]];
    }
    choose(job, most);
    size_t row = (size_t)job->time_count * (size_t)study->output_count;
    size_t all = (size_t)job->count * row;
    job->atol = arena_array(job->arena, (size_t)study->model->state_count, sizeof(double));
    size_t outputs = (size_t)study->output_count;
    job->value = arena_array(job->arena, outputs, sizeof(double));
    job->slope = arena_array(job->arena, (size_t)job->count * outputs + 1, sizeof(double));
    job->found = arena_array(job->arena, all + 1, sizeof(double));
    job->expected = arena_array(job->arena, all + 1, sizeof(double));
    job->other = arena_array(job->arena, all + 1, sizeof(double));
    return true;
}

int main(int count, char **words)
{
    Arena *arena = arena_new();
    Job job = {.arena = arena};
    int most = count > 2 ? (int)strtol(words[2], NULL, 10) : DEFAULT_PARAMETERS;
    if (count < 2 || !prepare(&job, words[1], most)) {
        return 2;
    }
    if (job.count == 0) {
        printf("no parameters\n");
        arena_free(arena);
        return 0;
    }
    bool good = true;
    size_t row = (size_t)job.time_count * (size_t)job.study->output_count;
    job.runs = arena_array(arena, WIDTH * row, sizeof(double));
    const Tape *tape = compile(&job, false);
    for (int first = 0; first < job.count && good; first += WIDTH / RUNS) {
        int rest = job.count - first;
        int batch = rest < WIDTH / RUNS ? rest : WIDTH / RUNS;
        good = run_batch(&job, tape, first, batch, 1.0, job.expected) &&
               run_batch(&job, tape, first, batch, 0.4, job.other);
    }
    // by steps that CVODES takes, and by the lane's own
    good = good && run_columns(&job, SOLVER_BDF) && judge(&job, words[1]);
    good = good && run_columns(&job, SOLVER_ROSENBROCK) && judge(&job, words[1]);
    arena_free(arena);
    return good ? 0 : 1;
}
