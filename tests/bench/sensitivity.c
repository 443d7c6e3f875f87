/* sensitivity.c: what ten parameters' sensitivities cost: the time of a run that carries them over
 * that of one that does not, 16 lanes, one core.
 *
 *   stroma_bench_sensitivity [subjects [rtol [own|shared [workload]]]]
 *
 * Steps of each lane's own, or with `shared` those that all lanes take together.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/workload.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LANES = 16, PARAMETERS = 10, REPEATS = 25 };

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool look(void *context, int index, double time, const double *values, const bool *live,
                 int width)
{
    double *sum = context;
    (void)index, (void)time, (void)live;
    *sum += values[0] + values[width - 1];
    return true;
}

typedef struct {
    double seconds;
    long steps;
    int failed;
} Cost;

/* Once more; the least time is kept. */
static void run(const Workload *workload, Pack *pack, const double *times, int count, Cost *best)
{
    double sum = 0.0;
    int failed = 0;
    long before = pack_stats(pack)->steps;
    double began = seconds();
    for (int first = 0; first < workload->count; first += LANES) {
        int rest = workload->count - first;
        int lanes = rest < LANES ? rest : LANES;
        pack_load(pack, workload->subject + first, lanes, 0.0, workload->kind->end);
        pack_run(pack, times, count, look, &sum, NULL);
        for (int lane = 0; lane < lanes; lane++) {
            failed += pack_outcome(pack, lane)->kind != OUTCOME_DONE;
        }
    }
    best->seconds = fmin(best->seconds, seconds() - began);
    best->failed = failed;
    best->steps = pack_stats(pack)->steps - before;
}

/* Parameters that are not 0, spread over those of the model. */
static int choose(const Workload *workload, int *chosen)
{
    int all = workload->model->parameter_count;
    int count = 0;
    int *usable = arena_array(workload->arena, (size_t)all + 1, sizeof *usable);
    for (int i = 0; i < all; i++) {
        if (workload->subject[0].parameters[i] != 0.0) {
            usable[count++] = i;
        }
    }
    int taken = count < PARAMETERS ? count : PARAMETERS;
    for (int i = 0; i < taken; i++) {
        chosen[i] = usable[(long)i * count / taken];
    }
    return taken;
}

static void measure(const WorkloadKind *kind, int subjects, double rtol, SolverMethod method)
{
    Workload *workload = workload_open(kind, NULL, subjects);
    if (workload == NULL) {
        return;
    }
    int parameters[PARAMETERS];
    int taken = choose(workload, parameters);
    const Expr observed = expr_symbol(workload->model->graph, SYMBOL_STATE, 0);
    TapeOptions with = {.observed = &observed,
                        .observed_count = 1,
                        .derive = true,
                        .sensitive = parameters,
                        .sensitive_count = taken};
    SolverOptions options = solver_options_default();
    options.rtol = rtol;
    options.method = method;
    double *atol = arena_array(workload->arena, (size_t)workload->model->state_count, sizeof *atol);
    for (int i = 0; i < workload->model->state_count; i++) {
        atol[i] = workload->problem.atol[i];
    }
    options.atol = atol;
    int count = (int)(kind->end / kind->every);
    double *times = arena_array(workload->arena, (size_t)count, sizeof *times);
    for (int i = 0; i < count; i++) {
        times[i] = kind->every * (i + 1);
    }
    SensitiveTarget targets[PARAMETERS];
    for (int i = 0; i < taken; i++) {
        targets[i] = (SensitiveTarget){SENSITIVE_PARAMETER, parameters[i]};
    }
    Pack *pack = pack_open(tape_compile(workload->arena, workload->model, &with), &options, LANES);
    Pack *other = pack_open(tape_compile(workload->arena, workload->model, &with), &options, LANES);
    Cost plain = {.seconds = HUGE_VAL};
    Cost carried = {.seconds = HUGE_VAL};
    pack_sensitivities(other, targets, taken);
    for (int repeat = 0; repeat < REPEATS; repeat++) { // in turns: the machine's speed wanders
        run(workload, pack, times, count, &plain);
        run(workload, other, times, count, &carried);
    }
    pack_close(pack);
    pack_close(other);
    printf("%s,%d,%d,%d,%g,%.4g,%.4g,%.3g,%ld,%ld,%d\n", kind->name, workload->model->state_count,
           taken, subjects, rtol, plain.seconds, carried.seconds, carried.seconds / plain.seconds,
           plain.steps, carried.steps, plain.failed + carried.failed);
    workload_close(workload);
}

int main(int count, char **words)
{
    int subjects = count > 1 ? (int)strtol(words[1], NULL, 10) : LANES;
    double rtol = count > 2 ? strtod(words[2], NULL) : 1e-6;
    bool shared = count > 3 && strcmp(words[3], "shared") == 0;
    int kinds = 0;
    const WorkloadKind *kind = workload_kinds(&kinds);
    printf("workload,states,parameters,subjects,rtol,plain_s,with_sensitivities_s,ratio,"
           "plain_steps,steps,failed\n");
    for (int i = 0; i < kinds; i++) {
        if (count < 5 || strcmp(words[4], kind[i].name) == 0) {
            measure(&kind[i], subjects, rtol, shared ? SOLVER_AUTO : SOLVER_ROSENBROCK);
        }
    }
    return 0;
}
