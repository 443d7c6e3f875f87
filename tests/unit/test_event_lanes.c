/* test_event_lanes.c: events of subjects that share a pack but neither times, covariates nor fate.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/random.h"
#include "unit/pack_bench.h"

enum { X, Y, Z };

static long fired(const Bench *bench, int lane)
{
    return pack_outcome(bench->pack, lane)->events;
}

static const char RAMP[] = "model ramp\ntime h\nparam rate = 1\ncovariate top = 5\n"
                           "state x = 0\nstate stamp = -1\nstate n = 0\n"
                           "d/dt(x) = rate\nd/dt(stamp) = 0\nd/dt(n) = 0\n"
                           "event full when x > top : x = 0, stamp = t, n = n + 1\n"
                           "event late when x > 2 : n = n + 100, delay = 1.5 [h]\n"
                           "event clock when t >= 7 [h] : n = n + 10000\n";

/* ---- subjects with a time of their own ---- */

typedef struct {
    double value[4][3];
    int count;
} Seen;

static bool see(void *context, int lane, int index, double time, const double *values, int width)
{
    Seen *seen = context;
    (void)time;
    if (lane == 1) {
        CU_ASSERT_EQUAL(index, seen->count);
        for (int i = 0; i < 3; i++) {
            seen->value[index][i] = values[i * width + lane];
        }
        seen->count = index + 1;
    }
    return true;
}

/* The second subject begins at 3 with x = 0 and rises by 2 per h: above 2 at 4, above 5 at 5.5,
 * where it is also observed: a record comes before the events of states. The first one rises by 0.9
 * per h: above 5 at 5.556, above 2 at 2.222 and 7.778, so that it is late once by 9. The clock
 * strikes for both at 7, for a third, which begins then, it has not become true. */
static void test_a_lane_that_begins_later(void)
{
    Bench *bench = bench_model(RAMP, NULL);
    bench_tolerance(bench, 1e-8, 1e-10);
    bench_pack(bench, 4);
    const double rates[] = {0.9, 2.0, 1.0};
    const double top = 5.0;
    const Observation own[] = {{4.5, 0}, {5.5, 0}, {5.6, 0}, {7.0, 0}};
    SubjectInput subjects[3];
    for (int i = 0; i < 3; i++) {
        subjects[i] = (SubjectInput){.parameters = &rates[i], .covariates = &top};
    }
    subjects[1].own_span = subjects[2].own_span = true;
    subjects[1].start = 3.0;
    subjects[2].start = 7.0;
    subjects[1].end = subjects[2].end = 9.0;
    subjects[1].observations = own;
    subjects[1].observation_count = 4;
    Seen seen = {.count = 0};
    pack_observe(bench->pack, see, &seen);
    bench_load(bench, subjects, 3, 0.0, 9.0);
    const double end = 9.0;
    CU_ASSERT(bench_run(bench, &end, 1));
    CU_ASSERT_EQUAL(seen.count, 4);
    CU_ASSERT(fabs(seen.value[0][X] - 3.0) < 1e-7);
    CU_ASSERT(fabs(seen.value[1][X] - 5.0) < 1e-7 || fabs(seen.value[1][X]) < 1e-7); // a hair
    CU_ASSERT(fabs(seen.value[2][X] - 0.2) < 1e-7);
    CU_ASSERT_EQUAL(seen.value[2][Z], 101.0);   // full, and late at 5.5
    CU_ASSERT_EQUAL(seen.value[3][Z], 10101.0); // timed events come before records
    CU_ASSERT(fabs(bench_value(bench, 0, Y, 0) - 5.0 / 0.9) < 1e-7);
    CU_ASSERT(fabs(bench_value(bench, 0, Y, 1) - 8.0) < 1e-7);
    CU_ASSERT_EQUAL(bench_value(bench, 0, Z, 0), 10101.0);
    CU_ASSERT_EQUAL(bench_value(bench, 0, Y, 2), -1.0);
    CU_ASSERT(fabs(bench_value(bench, 0, X, 2) - 2.0) < 1e-7);
    CU_ASSERT_EQUAL(fired(bench, 2), 0);
    bench_close(bench);
}

/* ---- covariates and resets ---- */

/* x = t. At 3 the covariate falls from 5 to 2.5: the condition becomes true by that. */
static void test_a_covariate_makes_it_true(void)
{
    for (int method = COURSE_LOCF; method <= COURSE_NOCB; method++) {
        Bench *bench = bench_model(RAMP, NULL);
        bench_tolerance(bench, 1e-8, 1e-10);
        bench_pack(bench, 1);
        const double rate = 1.0;
        const double locf[] = {5.0, 2.5};
        const double nocb[] = {5.0, 2.5, 2.5};
        const double times[] = {0.0, 3.0, 4.0};
        bool carried = method == COURSE_LOCF;
        const CovariateCourse course = {.method = (CourseMethod)method,
                                        .time = times,
                                        .value = carried ? locf : nocb,
                                        .count = carried ? 2 : 3};
        const double first[] = {5.0};
        SubjectInput subject = {
            .parameters = &rate, .covariates = first, .courses = &course, .course_count = 1};
        bench_load(bench, &subject, 1, 0.0, 6.0);
        const double outputs[] = {2.9, 3.25};
        CU_ASSERT(bench_run(bench, outputs, 2));
        if (carried) { // true from 3 on
            CU_ASSERT(fabs(bench_value(bench, 0, X, 0) - 2.9) < 1e-7);
            CU_ASSERT(fabs(bench_value(bench, 1, X, 0) - 0.25) < 1e-7);
            CU_ASSERT(fabs(bench_value(bench, 1, Y, 0) - 3.0) < 1e-7);
        } else { // the next value holds from just after 0: full at 2.5
            CU_ASSERT(fabs(bench_value(bench, 0, Y, 0) - 2.5) < 1e-7);
            CU_ASSERT(fabs(bench_value(bench, 0, X, 0) - 0.4) < 1e-7);
        }
        bench_close(bench);
    }
}

/* The delayed event of 2 is due at 3.5; a reset at 3 cancels it, and x begins anew. */
static void test_a_reset_cancels_what_waits(void)
{
    Bench *bench = bench_model(RAMP, NULL);
    bench_tolerance(bench, 1e-8, 1e-10);
    bench_pack(bench, 1);
    const double rate = 1.0;
    const double top = 50.0;
    Dose dose = {.kind = DOSE_RESET, .route = -1, .time = 3.0, .count = 1};
    Regimen regimen = {&dose, 1};
    SubjectInput subject = {.parameters = &rate, .covariates = &top, .regimen = &regimen};
    bench_load(bench, &subject, 1, 0.0, 6.9);
    const double outputs[] = {3.6, 6.4, 6.6};
    CU_ASSERT(bench_run(bench, outputs, 3));
    CU_ASSERT_EQUAL(bench_value(bench, 0, Z, 0), 0.0);
    CU_ASSERT_EQUAL(bench_value(bench, 1, Z, 0), 0.0);
    CU_ASSERT_EQUAL(bench_value(bench, 2, Z, 0), 100.0); // above 2 again at 5
    CU_ASSERT(fabs(bench_value(bench, 2, X, 0) - 3.6) < 1e-7);
    bench_close(bench);
}

/* ---- many ---- */

/* Two oscillators that push each other: subjects in any order, in packs of any width, agree. */
static void test_order_and_width(void)
{
    enum { LANES = 8 };
    static const char text[] = "model pair\ntime h\nparam w = 1\nparam d = 0.05\n"
                               "state x = 1\nstate v = 0\nstate n = 0\n"
                               "d/dt(x) = v\nd/dt(v) = -w^2 * x - d * v\nd/dt(n) = 0\n"
                               "event kick when x > 0 and v > 0.1 * w : v = v + 0.2, n = n + 1\n"
                               "event damp when v > 0 : v = 0.9 * v, falling\n"
                               "event late when x < -0.3 : n = n + 100, delay = 0.8 [h]\n";
    double parameters[LANES][2];
    SubjectInput subjects[LANES], turned[LANES];
    for (int i = 0; i < LANES; i++) {
        parameters[i][0] = 1.0 + 0.21 * i;
        parameters[i][1] = 0.05 + 0.01 * i;
        subjects[i] = (SubjectInput){.parameters = parameters[i]};
    }
    for (int i = 0; i < LANES; i++) {
        turned[i] = subjects[(3 * i + 5) % LANES];
    }
    const double times[] = {1.0, 4.0, 9.5, 14.0};
    Bench *bench = bench_model(text, NULL);
    Bench *other = bench_model(text, NULL);
    Bench *alone = bench_model(text, NULL);
    Bench *benches[] = {bench, other, alone};
    for (int i = 0; i < 3; i++) {
        bench_tolerance(benches[i], 1e-8, 1e-9);
        bench_pack(benches[i], i < 2 ? LANES : 1);
    }
    bench_load(bench, subjects, LANES, 0.0, 14.0);
    bench_load(other, turned, LANES, 0.0, 14.0);
    CU_ASSERT(bench_run(bench, times, 4) && bench_run(other, times, 4));
    for (int i = 0; i < LANES; i++) {
        int from = (3 * i + 5) % LANES;
        bench_load(alone, &turned[i], 1, 0.0, 14.0);
        CU_ASSERT(bench_run(alone, times, 4));
        CU_ASSERT(fired(alone, 0) > 4);
        CU_ASSERT_EQUAL(fired(other, i), fired(alone, 0));
        for (int row = 0; row < 4; row++) {
            for (int state = X; state <= Z; state++) {
                double value = bench_value(other, row, state, i);
                CU_ASSERT_EQUAL(value, bench_value(bench, row, state, from)); // to the bit
                CU_ASSERT(fabs(value - bench_value(alone, row, state, 0)) < 2e-6);
            }
        }
    }
    for (int i = 0; i < 3; i++) {
        bench_close(benches[i]);
    }
}

/* The surface is positive where the test is true and negative where it is false, and what is
 * clearly false is false. */
static void test_surfaces_agree_with_tests(void)
{
    static const char text[] =
        "model logic\ntime h\nstate x = 0\nstate y = 0\nstate z = 0\n"
        "d/dt(x) = 0\nd/dt(y) = 0\nd/dt(z) = 0\n"
        "event a when x > y and y >= z : x = 0\n"
        "event b when x > y or not (y < z and z <= 1) : x = 0\n"
        "event c when if x < 0 then y > 0.5 else z > x : x = 0\n"
        "event d when x * y > z / 3 and (x != y or t > 3 [h]) : x = 0, falling\n"
        "event e when not (x > 1) and not (y > 1 or z < -1) : x = 0\n";
    Bench *bench = bench_model(text, NULL);
    double *slots = arena_array(bench->arena, (size_t)bench->tape->slot_count, sizeof *slots);
    tape_setup(bench->tape, slots, 1);
    const double *out = tape_output(bench->tape, PROGRAM_EVENTS, slots, 0, 1);
    int seen[5][2] = {{0}};
    for (uint32_t k = 0; k < 1000; k++) {
        for (int i = 0; i < 3; i++) {
            RandomKey key = {.seed = 1, .subject = k};
            slots[bench->tape->state + i] = random_uniform(key, (uint32_t)i) * 4.0 - 2.0;
        }
        tape_run(bench->tape, PROGRAM_EVENTS, slots, 1);
        for (int i = 0; i < 5; i++) {
            const double *one = out + i * TRIGGER_OUTPUTS;
            bool holds = one[TRIGGER_TEST] != 0.0;
            seen[i][holds]++;
            CU_ASSERT_EQUAL(one[TRIGGER_SURFACE] > 0.0, holds);
            CU_ASSERT_EQUAL(one[TRIGGER_OFF] != 0.0, !holds); // no two sides are this near
        }
    }
    for (int i = 0; i < 5; i++) {
        CU_ASSERT(seen[i][0] > 50 && seen[i][1] > 50);
    }
    bench_close(bench);
}

/* x = exp(rate t) passes 2 once. The rates differ by less than an instant (1e-12 of the time): all
 * lanes fire with the first one, those that are not there yet too, and none a second time when it
 * comes there. */
static void test_crossings_within_an_instant(void)
{
    Bench *bench = bench_model("model grow\ntime h\nparam rate = 1\nstate x = 1\nstate n = 0\n"
                               "d/dt(x) = rate * x\nd/dt(n) = 0\n"
                               "event above when x > 2 : n = n + 1\n",
                               NULL);
    bench_tolerance(bench, 1e-8, 1e-10);
    bench_pack(bench, 4);
    const double rates[] = {1.0, 1.0 - 2e-13, 1.0 - 5e-14, 1.0 + 1e-13};
    SubjectInput subjects[4];
    for (int i = 0; i < 4; i++) {
        subjects[i] = (SubjectInput){.parameters = &rates[i]};
    }
    const double times[] = {0.69, 0.7, 2.0};
    bench_load(bench, subjects, 4, 0.0, 2.0);
    CU_ASSERT(bench_run(bench, times, 3));
    for (int lane = 0; lane < 4; lane++) {
        CU_ASSERT_EQUAL(bench_value(bench, 0, Y, lane), 0.0);
        CU_ASSERT_EQUAL(bench_value(bench, 1, Y, lane), 1.0);
        CU_ASSERT_EQUAL(bench_value(bench, 2, Y, lane), 1.0);
        CU_ASSERT_EQUAL(fired(bench, lane), 1);
    }
    bench_close(bench);
}

SUITE("event lanes", TEST(test_a_lane_that_begins_later), TEST(test_a_covariate_makes_it_true),
      TEST(test_a_reset_cancels_what_waits), TEST(test_order_and_width),
      TEST(test_surfaces_agree_with_tests), TEST(test_crossings_within_an_instant))
