/* test_dosing_laws.c: laws that hold for any schedule: a run may be split anywhere, subjects may
 * change places, and fraction, lag and time shifts are what they say. Lanes have schedules of their
 * own, so that they keep their own time. Seeds are fixed.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/random.h"
#include "simulate/lanes.h"
#include "unit/pack_bench.h"

// Absorption, elimination that saturates, and a response: not linear.
static const char MODEL[] = "model laws \"saturable, with a response\"\n"
                            "time hour\n"
                            "param F = 1\nparam L = 0\nparam V = 30\n"
                            "state A = 0\nstate C = 0\nstate R = 10\n"
                            "d/dt(A) = -0.8 * A\n"
                            "d/dt(C) = 0.8 * A - V * C / (20 + C)\n"
                            "d/dt(R) = 5 / (1 + C / 10) - 0.5 * R\n"
                            "route into -> A : fraction = F, lag = L\n"
                            "route blood -> C\n";

enum { LANES = 8, MOST = 8, STATES = 3, TIMES = 6 };

static const double END = 60.0;
static const double GRID[TIMES] = {3.0, 11.5, 20.0, 33.25, 47.0, 60.0};

typedef struct {
    Dose doses[MOST + 1];
    Regimen regimen;
    double parameters[3];
} Subject;

typedef struct {
    Bench *bench;
    Subject subjects[LANES];
    SubjectInput inputs[LANES];
    double values[LANES][TIMES][STATES];
} Scene;

static double uniform(uint32_t stream, uint32_t *draw)
{
    return random_uniform((RandomKey){20261128, 3, stream}, (*draw)++);
}

/* Boluses and infusions through both routes, some with repeats. */
static void draw_subject(Subject *subject, uint32_t stream)
{
    uint32_t draw = 0;
    int count = 3 + (int)(5 * uniform(stream, &draw));
    const double parameters[] = {0.3 + 0.7 * uniform(stream, &draw), 2.0 * uniform(stream, &draw),
                                 20.0 + 20.0 * uniform(stream, &draw)};
    memcpy(subject->parameters, parameters, sizeof parameters);
    for (int i = 0; i < count; i++) {
        double kind = uniform(stream, &draw);
        double time = 50.0 * uniform(stream, &draw);
        double length = 0.5 + 5.0 * uniform(stream, &draw);
        double amount = 10.0 + 90.0 * uniform(stream, &draw);
        bool repeats = uniform(stream, &draw) < 0.3;
        subject->doses[i] = (Dose){.kind = kind < 0.5 ? DOSE_BOLUS : DOSE_INFUSION_DURATION,
                                   .route = uniform(stream, &draw) < 0.5 ? 0 : 1,
                                   .amount = amount,
                                   .time = time,
                                   .duration = length,
                                   .count = repeats ? 3 : 1,
                                   .interval = repeats ? 6.5 : 0.0};
    }
    subject->regimen = (Regimen){subject->doses, count};
}

static Scene *open_scene(uint32_t stream)
{
    Bench *bench = bench_model(MODEL, NULL);
    Scene *scene = arena_alloc(bench->arena, sizeof *scene);
    scene->bench = bench;
    bench_tolerance(bench, 1e-9, 1e-10);
    bench_pack(bench, LANES);
    for (uint32_t i = 0; i < LANES; i++) {
        draw_subject(&scene->subjects[i], stream + i);
        scene->inputs[i] = (SubjectInput){.parameters = scene->subjects[i].parameters,
                                          .regimen = &scene->subjects[i].regimen};
    }
    return scene;
}

/* Runs from start to end and keeps the values at the times. */
static void run(Scene *scene, double start, double end, const double *times, int count)
{
    Bench *bench = scene->bench;
    bench_load(bench, scene->inputs, LANES, start, end);
    CU_ASSERT(bench->pack->main.own);
    CU_ASSERT(bench_run(bench, times, count));
    for (int i = 0; i < LANES; i++) {
        CU_ASSERT_EQUAL(bench_outcome(bench, i), OUTCOME_DONE);
        for (int row = 0; row < count; row++) {
            for (int k = 0; k < STATES; k++) {
                scene->values[i][row][k] = bench_value(bench, row, k, i);
            }
        }
    }
}

/* Within a hundred tolerances: two runs with other steps, of a tail that has decayed too. */
static bool agree(const double *a, const double *b, int count)
{
    bool good = true;
    for (int i = 0; i < count; i++) {
        good = good && fabs(a[i] - b[i]) <= 1e-7 * fabs(b[i]) + 1e-8;
    }
    return good;
}

static void test_subjects_may_change_places(void)
{
    for (uint32_t stream = 0; stream < 40; stream += LANES) {
        Scene *scene = open_scene(stream);
        double before[LANES][TIMES][STATES];
        run(scene, 0.0, END, GRID, TIMES);
        memcpy(before, scene->values, sizeof before);
        SubjectInput inputs[LANES];
        memcpy(inputs, scene->inputs, sizeof inputs);
        for (int i = 0; i < LANES; i++) {
            scene->inputs[i] = inputs[(3 * i + 5) % LANES];
        }
        run(scene, 0.0, END, GRID, TIMES);
        for (int i = 0; i < LANES; i++) { // the same bits
            CU_ASSERT_EQUAL(memcmp(scene->values[i], before[(3 * i + 5) % LANES], sizeof before[i]),
                            0);
        }
        bench_close(scene->bench);
    }
}

/* What is left of a regimen after `split`: whole doses, and the rest of those that run. */
static Regimen rest_of(Arena *arena, const Subject *subject, double split)
{
    const Regimen *regimen = &subject->regimen;
    Dose *doses = arena_array(arena, 3 * MOST, sizeof *doses);
    int count = 0;
    for (int i = 0; i < regimen->count; i++) {
        const Dose *dose = &regimen->doses[i];
        bool oral = dose->route == 0;
        for (int k = 0; k < dose->count; k++) {
            double enters = dose->time + k * dose->interval + (oral ? subject->parameters[1] : 0.0);
            double length = dose->kind == DOSE_BOLUS ? 0.0 : dose->duration;
            double from = fmax(enters, split);
            if (enters + length <= split) {
                continue;
            }
            double part = length == 0.0 ? 1.0 : (enters + length - from) / length;
            doses[count++] =
                (Dose){.kind = dose->kind, // into the states themselves: no lag, no fraction
                       .route = -1,
                       .state = dose->route,
                       .amount = part * dose->amount * (oral ? subject->parameters[0] : 1.0),
                       .time = from,
                       .duration = length * part,
                       .count = 1};
        }
    }
    return (Regimen){doses, count};
}

static void test_a_run_may_be_split_anywhere(void)
{
    for (uint32_t stream = 1000; stream < 1040; stream += LANES) {
        Scene *scene = open_scene(stream);
        uint32_t draw = 500;
        double split = 10.0 + 30.0 * uniform(stream, &draw);
        double whole[LANES][TIMES][STATES];
        run(scene, 0.0, END, GRID, TIMES);
        memcpy(whole, scene->values, sizeof whole);
        run(scene, 0.0, split, &split, 1);
        double middle[LANES][STATES];
        Regimen rests[LANES];
        for (int i = 0; i < LANES; i++) {
            memcpy(middle[i], scene->values[i][0], sizeof middle[i]);
            rests[i] = rest_of(scene->bench->arena, &scene->subjects[i], split);
            scene->inputs[i].initial = middle[i];
            scene->inputs[i].regimen = &rests[i];
        }
        int first = 0;
        while (GRID[first] <= split) {
            first++;
        }
        run(scene, split, END, GRID + first, TIMES - first);
        for (int i = 0; i < LANES; i++) {
            CU_ASSERT(
                agree(&scene->values[i][0][0], &whole[i][first][0], (TIMES - first) * STATES));
        }
        bench_close(scene->bench);
    }
}

/* A fraction is a smaller amount (of a bolus and of an infusion with a duration), a lag a later
 * time. */
static void test_fraction_and_lag_are_what_they_say(void)
{
    for (uint32_t stream = 2000; stream < 2040; stream += LANES) {
        Scene *scene = open_scene(stream);
        double by_route[LANES][TIMES][STATES];
        run(scene, 0.0, END, GRID, TIMES);
        memcpy(by_route, scene->values, sizeof by_route);
        for (int i = 0; i < LANES; i++) {
            Subject *subject = &scene->subjects[i];
            for (int k = 0; k < subject->regimen.count; k++) {
                Dose *dose = &subject->doses[k];
                dose->amount *= dose->route == 0 ? subject->parameters[0] : 1.0;
                dose->time += dose->route == 0 ? subject->parameters[1] : 0.0;
            }
            subject->parameters[0] = 1.0;
            subject->parameters[1] = 0.0;
        }
        run(scene, 0.0, END, GRID, TIMES);
        for (int i = 0; i < LANES; i++) {
            CU_ASSERT(agree(&scene->values[i][0][0], &by_route[i][0][0], TIMES * STATES));
        }
        bench_close(scene->bench);
    }
}

/* Everything an hour, or a thousand, later is the same an hour, or a thousand, later. */
static void test_a_shift_in_time_shifts_the_result(void)
{
    const double shifts[] = {1.0, 1000.0, -30.0};
    for (uint32_t stream = 3000; stream < 3024; stream += LANES) {
        Scene *scene = open_scene(stream);
        double here[LANES][TIMES][STATES];
        run(scene, 0.0, END, GRID, TIMES);
        memcpy(here, scene->values, sizeof here);
        double shift = shifts[stream / LANES % 3];
        double times[TIMES];
        for (int i = 0; i < TIMES; i++) {
            times[i] = GRID[i] + shift;
        }
        for (int i = 0; i < LANES; i++) {
            for (int k = 0; k < scene->subjects[i].regimen.count; k++) {
                scene->subjects[i].doses[k].time += shift;
            }
        }
        run(scene, shift, END + shift, times, TIMES);
        for (int i = 0; i < LANES; i++) {
            CU_ASSERT(agree(&scene->values[i][0][0], &here[i][0][0], TIMES * STATES));
        }
        bench_close(scene->bench);
    }
}

SUITE("dosing laws", TEST(test_subjects_may_change_places), TEST(test_a_run_may_be_split_anywhere),
      TEST(test_fraction_and_lag_are_what_they_say), TEST(test_a_shift_in_time_shifts_the_result))
