/* dosing_scene.h: two models and a pack whose lanes note what is observed of one state.
 *
 * BOX loses nothing, so that amounts show exactly; ORAL is linear and has a baseline.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TESTS_DOSING_SCENE_H
#define STROMA_TESTS_DOSING_SCENE_H

#include "simulate/lanes.h"
#include "unit/pack_bench.h"

static const char BOX[] = "model box \"nothing leaves\"\n"
                          "time hour\n"
                          "param F = 1\nparam L = 0\nparam D = 1\n"
                          "covariate W = 1\n"
                          "state A = 0\nstate B = 0\n"
                          "d/dt(A) = 0\nd/dt(B) = 0\n"
                          "route r -> A : fraction = F * W, lag = L\n"
                          "route d -> A : fraction = F, lag = L, duration = D\n"
                          "route both -> A : fraction = 0.25 -> B : fraction = 0.75, lag = L\n";

static const char ORAL[] = "model oral \"one compartment, and a response with a baseline\"\n"
                           "time hour\n"
                           "param KA = 1.2\nparam CL = 1\nparam V = 20\nparam F = 1\nparam L = 0\n"
                           "covariate W = 1\n"
                           "state A1 = 0\nstate A2 = 0\nstate R = 50\n"
                           "d/dt(A1) = -KA * A1\n"
                           "d/dt(A2) = KA * A1 - CL / V * W * A2\n"
                           "d/dt(R) = 100 - 2 * R\n"
                           "route into1 -> A1\n"
                           "route into2 -> A2 : fraction = F, lag = L\n";

enum { MOST = 512, LANES = 8 };

typedef struct {
    Bench *bench;
    double values[LANES][MOST]; // of state `state`
    int state, counts[LANES];
} Scene;

static bool take(void *context, int lane, int index, double time, const double *values, int width)
{
    Scene *scene = context;
    (void)time;
    CU_ASSERT_EQUAL(index, scene->counts[lane]);
    CU_ASSERT_FATAL(index < MOST);
    scene->values[lane][scene->counts[lane]++] = values[scene->state * width + lane];
    return true;
}

static Scene open_scene(const char *text, int width, int state)
{
    Scene scene = {.bench = bench_model(text, NULL), .state = state};
    bench_tolerance(scene.bench, 1e-9, 1e-12);
    bench_pack(scene.bench, width);
    return scene;
}

static void run(Scene *scene, const SubjectInput *subjects, int count, double end)
{
    memset(scene->counts, 0, sizeof scene->counts);
    pack_observe(scene->bench->pack, take, scene);
    bench_load(scene->bench, subjects, count, 0.0, end);
    CU_ASSERT(pack_run(scene->bench->pack, NULL, 0, NULL, NULL, NULL));
    for (int i = 0; i < count; i++) {
        if (bench_outcome(scene->bench, i) != OUTCOME_DONE) {
            Text text = text_new(scene->bench->arena);
            outcome_print(pack_outcome(scene->bench->pack, i), scene->bench->model, &text);
            printf("\n  lane %d: %s\n", i, text.data);
        }
    }
}

static double parameters[] = {1.0, 0.0, 1.0};           // of BOX
static double oral_parameters[] = {1.2, 1, 20, 1, 0.0}; // of ORAL
static double one = 1.0;

/* One subject of one regimen, observed as said; the values are in scene->values[0]. */
static void run_one(Scene *scene, const double *values, Regimen regimen,
                    const Observation *observations, int count)
{
    SubjectInput subject = {.parameters = values,
                            .covariates = &one,
                            .regimen = &regimen,
                            .observations = observations,
                            .observation_count = count};
    run(scene, &subject, 1, observations[count - 1].time);
    CU_ASSERT_EQUAL(bench_outcome(scene->bench, 0), OUTCOME_DONE);
    CU_ASSERT_EQUAL_FATAL(scene->counts[0], count);
}

static bool near(double a, double b, double relative)
{
    return fabs(a - b) <= relative * fmax(fabs(a), fabs(b)) + 1e-11;
}

#endif
