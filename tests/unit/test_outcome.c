/* test_outcome.c: lanes that fail: who is blamed, what is said, and that the others do not notice.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/pack_bench.h"

/* A rises by p per day, B decays; ln(1 - A) is undefined from A = 1 on; C' = q C². */
static const char TROUBLE[] = "model trouble \"trouble\"\n"
                              "time day\n"
                              "param p = 0\n"
                              "param q = 0\n"
                              "param start = 0\n"
                              "state A = 0\n"
                              "state B = 1\n"
                              "state C = start\n"
                              "d/dt(A) = p\n"
                              "d/dt(B) = -B + 1e-9 * ln(1 - A)\n"
                              "d/dt(C) = q * C^2\n"
                              "route iv -> A\n";

enum { P, Q, START, PARAMETERS };

static const double HEALTHY[PARAMETERS] = {0.0, -1.0, 1.0}; // C = 1 / (1 + t)

static Bench *trouble(int width)
{
    Bench *bench = bench_model(TROUBLE, NULL);
    bench_tolerance(bench, 1e-6, 1e-8);
    bench_pack(bench, width);
    return bench;
}

static void check_healthy(const Bench *bench, int lane, const double *times, int n)
{
    CU_ASSERT_EQUAL(bench_outcome(bench, lane), OUTCOME_DONE);
    for (int row = 0; row < n; row++) {
        CU_ASSERT(bench_live(bench, row, lane));
        CU_ASSERT(bench_error(bench, row, 1, lane, exp(-times[row])) <= 10.0);
        CU_ASSERT(bench_error(bench, row, 2, lane, 1.0 / (1.0 + times[row])) <= 10.0);
    }
}

static bool says(Bench *bench, int lane, const char *words)
{
    Text text = text_new(bench->arena);
    outcome_print(pack_outcome(bench->pack, lane), bench->model, &text);
    bool found = strstr(text.data, words) != NULL;
    if (!found) {
        fprintf(stderr, "'%s' is not in: %s\n", words, text.data);
    }
    return found;
}

static void test_not_finite_is_traced(void)
{
    const double bad[PARAMETERS] = {0.25, -1.0, 1.0}; // A = 1 at t = 4
    for (int place = 0; place < 4; place++) {
        Bench *bench = trouble(4);
        SubjectInput subjects[4];
        for (int i = 0; i < 4; i++) {
            subjects[i] = (SubjectInput){.parameters = i == place ? bad : HEALTHY};
        }
        bench_load(bench, subjects, 4, 0.0, 10.0);
        const double times[] = {0.0, 3.0, 5.0, 10.0};
        CU_ASSERT(bench_run(bench, times, 4));
        for (int lane = 0; lane < 4; lane++) {
            if (lane != place) {
                check_healthy(bench, lane, times, 4);
            }
        }
        const Outcome *outcome = pack_outcome(bench->pack, place);
        CU_ASSERT_EQUAL(outcome->kind, OUTCOME_NOT_FINITE);
        CU_ASSERT_EQUAL(outcome->state, 1);
        CU_ASSERT(outcome->time >= 3.9 && outcome->time <= 4.5);
        CU_ASSERT(outcome->has_fault && outcome->fault.span.source != NULL);
        CU_ASSERT(says(bench, place, "rate of 'B' is not finite"));
        CU_ASSERT(says(bench, place, "test.stroma:10:"));
        CU_ASSERT(says(bench, place, "ln(1 - A)"));
        CU_ASSERT(bench_live(bench, 1, place) && !bench_live(bench, 2, place));
        CU_ASSERT(!bench_live(bench, 3, place));
        bench_close(bench);
    }
}

static void test_exploding_lane_ends_quickly(void)
{
    const double bad[PARAMETERS] = {0.0, 1.0, 0.2}; // C = 1 / (5 - t)
    Bench *bench = trouble(2);
    SubjectInput subjects[2] = {{.parameters = HEALTHY}, {.parameters = bad}};
    bench_load(bench, subjects, 2, 0.0, 10.0);
    const double times[] = {0.0, 1.0, 6.0, 10.0};
    CU_ASSERT(bench_run(bench, times, 4));
    check_healthy(bench, 0, times, 4);
    const Outcome *outcome = pack_outcome(bench->pack, 1);
    CU_ASSERT_NOT_EQUAL(outcome->kind, OUTCOME_DONE);
    CU_ASSERT_EQUAL(outcome->state, 2);
    CU_ASSERT_DOUBLE_EQUAL(outcome->time, 5.0, 1e-3);
    CU_ASSERT(bench_error(bench, 1, 2, 1, 0.25) <= 10.0);
    CU_ASSERT(says(bench, 1, "'C'"));
    CU_ASSERT(says(bench, 1, " day: "));
    CU_ASSERT(pack_stats(bench->pack)->steps < 4000);
    bench_close(bench);
}

static void test_step_limit(void)
{
    Bench *bench = bench_model(TROUBLE, NULL);
    bench_tolerance(bench, 1e-8, 1e-10);
    bench->options.max_steps = 5;
    bench_pack(bench, 1);
    SubjectInput subject = {.parameters = HEALTHY};
    bench_load(bench, &subject, 1, 0.0, 10.0);
    const double end = 10.0;
    CU_ASSERT(bench_run(bench, &end, 1));
    const Outcome *outcome = pack_outcome(bench->pack, 0);
    CU_ASSERT_EQUAL(outcome->kind, OUTCOME_STEP_LIMIT);
    CU_ASSERT(outcome->time > 0.0 && outcome->time < 10.0);
    CU_ASSERT(outcome->last_step > 0.0);
    CU_ASSERT(!bench_live(bench, 0, 0));
    CU_ASSERT_EQUAL(pack_stats(bench->pack)->steps, 5);
    CU_ASSERT(says(bench, 0, "step limit"));
    CU_ASSERT_STRING_EQUAL(outcome_word(outcome->kind), "step limit");
    bench_close(bench);
}

static void test_every_lane_may_fail(void)
{
    const double bad[2][PARAMETERS] = {{0.25, -1.0, 1.0}, {0.5, -1.0, 1.0}};
    Bench *bench = trouble(4);
    SubjectInput subjects[2] = {{.parameters = bad[0]}, {.parameters = bad[1]}};
    bench_load(bench, subjects, 2, 0.0, 10.0);
    const double times[] = {0.0, 1.0, 3.0, 5.0, 10.0};
    CU_ASSERT(bench_run(bench, times, 5));
    CU_ASSERT_EQUAL(bench->rows, 5);
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_NOT_FINITE);
    CU_ASSERT_EQUAL(bench_outcome(bench, 1), OUTCOME_NOT_FINITE);
    CU_ASSERT(bench_live(bench, 2, 0) && !bench_live(bench, 2, 1));
    CU_ASSERT(!bench_live(bench, 3, 0) && !bench_live(bench, 4, 1));
    CU_ASSERT(bench_error(bench, 2, 1, 0, exp(-3.0)) <= 10.0);
    bench_close(bench);
}

static void test_division_by_zero_at_the_start(void)
{
    static const char text[] = "model zero \"zero\"\n"
                               "time day\n"
                               "param d = 0\n"
                               "state A = 1\n"
                               "state B = 1 / d\n"
                               "state D = 1\n"
                               "d/dt(A) = -A / (t + d)\n"
                               "d/dt(B) = -B\n"
                               "d/dt(D) = -D\n";
    Bench *bench = bench_model(text, NULL);
    bench_tolerance(bench, 1e-6, 1e-9);
    bench_pack(bench, 4);
    const double zero = 0.0;
    const double one = 1.0;
    const double initial[] = {1.0, 1.0, 1.0};
    SubjectInput subjects[3] = {
        {.parameters = &zero}, {.parameters = &one}, {.parameters = &zero, .initial = initial}};
    bench_load(bench, subjects, 3, 0.0, 1.0);
    const double times[] = {0.0, 1.0};
    CU_ASSERT(bench_run(bench, times, 2));
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_NOT_FINITE); // its initial value
    CU_ASSERT_EQUAL(pack_outcome(bench->pack, 0)->state, 1);
    CU_ASSERT_EQUAL(pack_outcome(bench->pack, 0)->time, 0.0);
    CU_ASSERT(says(bench, 0, "test.stroma:5:"));
    CU_ASSERT_EQUAL(bench_outcome(bench, 2), OUTCOME_NOT_FINITE); // its rate at t = 0
    CU_ASSERT_EQUAL(pack_outcome(bench->pack, 2)->state, 0);
    CU_ASSERT_EQUAL(pack_outcome(bench->pack, 2)->time, 0.0);
    CU_ASSERT(says(bench, 2, "test.stroma:7:"));
    CU_ASSERT(!bench_live(bench, 0, 0) && !bench_live(bench, 0, 2));
    CU_ASSERT_EQUAL(bench_outcome(bench, 1), OUTCOME_DONE);
    CU_ASSERT(bench_error(bench, 1, 0, 1, 0.5) <= 10.0); // 1 / (1 + t)
    bench_close(bench);
}

static void test_bad_doses(void)
{
    Dose early = {.kind = DOSE_BOLUS, .amount = 1.0, .time = -1.0, .count = 1};
    Dose negative = {
        .kind = DOSE_INFUSION_DURATION, .amount = 1.0, .time = 1.0, .duration = -2.0, .count = 1};
    Dose good = {.kind = DOSE_BOLUS, .amount = 0.5, .time = 2.0, .count = 1};
    Regimen regimens[] = {{&early, 1}, {&negative, 1}, {&good, 1}};
    Bench *bench = trouble(4);
    SubjectInput subjects[3];
    for (int i = 0; i < 3; i++) {
        subjects[i] = (SubjectInput){.parameters = HEALTHY, .regimen = &regimens[i]};
    }
    bench_load(bench, subjects, 3, 0.0, 10.0);
    const double times[] = {0.0, 1.0, 2.0, 10.0};
    CU_ASSERT(bench_run(bench, times, 4));
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_BAD_DOSE);
    CU_ASSERT_EQUAL(bench_outcome(bench, 1), OUTCOME_BAD_DOSE);
    CU_ASSERT_EQUAL(pack_outcome(bench->pack, 1)->dose, 0);
    CU_ASSERT(says(bench, 0, "before the start"));
    CU_ASSERT(says(bench, 1, "duration"));
    check_healthy(bench, 2, times, 4);
    CU_ASSERT_EQUAL(pack_outcome(bench->pack, 2)->dose, 0);
    CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, 2, 0, 2), 0.5, 1e-12);
    bench_close(bench);
}

static void test_interrupted_by_flag_and_by_sink(void)
{
    Bench *bench = trouble(1);
    SubjectInput subject = {.parameters = HEALTHY};
    bench_load(bench, &subject, 1, 0.0, 10.0);
    const double times[] = {0.0, 5.0, 10.0};
    const volatile int stop = 1;
    bench->rows = 0;
    CU_ASSERT(!pack_run(bench->pack, times, 3, bench_sink, bench, &stop));
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_STOPPED);
    bench_load(bench, &subject, 1, 0.0, 10.0);
    bench->rows_wanted = 2;
    CU_ASSERT(!bench_run(bench, times, 3));
    CU_ASSERT_EQUAL(bench->rows, 2);
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_STOPPED);
    CU_ASSERT(pack_outcome(bench->pack, 0)->time >= 5.0);
    CU_ASSERT(says(bench, 0, "interrupted"));
    bench_close(bench);
}

/* Two states exchange so fast that the second pivot, of order 1, is a difference of numbers of
 * order 1e14: the factors are found useless, the pack pivots, and the slow decay comes out. */
static void test_lost_digits_lead_to_pivoting(void)
{
    static const char text[] = "model swap \"swap\"\n"
                               "time day\n"
                               "param big = 1e14\n"
                               "state A = 1\n"
                               "state B = 1\n"
                               "d/dt(A) = -A + big * (B - A)\n"
                               "d/dt(B) = -B + big * (A - B)\n";
    const double big = 1e14;
    Bench *bench = bench_model(text, NULL);
    bench_tolerance(bench, 1e-6, 1e-9);
    bench_pack(bench, 1);
    SubjectInput subject = {.parameters = &big};
    bench_load(bench, &subject, 1, 0.0, 2.0);
    const double end = 2.0;
    CU_ASSERT(bench_run(bench, &end, 1));
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_DONE);
    CU_ASSERT_EQUAL(pack_stats(bench->pack)->dense_fallbacks, 1);
    CU_ASSERT(pack_stats(bench->pack)->steps < 200);
    CU_ASSERT(bench_error(bench, 0, 0, 0, exp(-2.0)) <= 10.0);
    bench_close(bench);
}

SUITE("outcome", TEST(test_not_finite_is_traced), TEST(test_exploding_lane_ends_quickly),
      TEST(test_step_limit), TEST(test_every_lane_may_fail),
      TEST(test_division_by_zero_at_the_start), TEST(test_bad_doses),
      TEST(test_interrupted_by_flag_and_by_sink), TEST(test_lost_digits_lead_to_pivoting))
