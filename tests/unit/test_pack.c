/* test_pack.c: whole runs of small models against closed forms, and what must not change a bit.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/pack_bench.h"

#include <stdlib.h>

static const char ORAL[] = "model oral \"one compartment\"\n"
                           "time h\n"
                           "param ka = 1.2\n"
                           "param k = 0.15\n"
                           "param f = 1\n"
                           "param lag = 0\n"
                           "state gut = 0\n"
                           "state blood = 0\n"
                           "d/dt(gut) = -ka * gut\n"
                           "d/dt(blood) = ka * gut - k * blood\n"
                           "route po -> gut : fraction = f, lag = lag\n"
                           "route iv -> blood\n";

static const char DECAY[] = "model decay \"decay\"\n"
                            "time day\n"
                            "param k = 0.1\n"
                            "param start = 0\n"
                            "state A = start\n"
                            "d/dt(A) = -k * A\n"
                            "route iv -> A\n";

/* ---- closed forms ---- */

/* Blood after a bolus of 1 into the gut a time t ago. */
static double oral(double ka, double k, double t)
{
    return t < 0.0 ? 0.0 : ka / (ka - k) * (exp(-k * t) - exp(-ka * t));
}

/* Blood after an infusion of rate 1 that began a time t ago and lasts T. */
static double infused(double k, double t, double duration)
{
    double running = fmin(fmax(t, 0.0), duration);
    return (1.0 - exp(-k * running)) / k * exp(-k * (t - running));
}

static void check_oral(double rtol)
{
    enum { LANES = 3, ROWS = 97 };
    static const double parameters[LANES][4] = {
        {1.2, 0.15, 1.0, 0.0}, {3.0, 0.05, 0.7, 0.0}, {0.6, 0.4, 0.9, 0.25}};
    Dose doses[] = {{.kind = DOSE_BOLUS,
                     .route = 0,
                     .amount = 100.0,
                     .time = 1.0,
                     .count = 4,
                     .interval = 12.0},
                    {.kind = DOSE_INFUSION_DURATION,
                     .route = 1,
                     .amount = 50.0,
                     .time = 6.0,
                     .duration = 2.5,
                     .count = 1},
                    {.kind = DOSE_BOLUS, .route = 1, .amount = 10.0, .time = 0.0, .count = 1}};
    Regimen regimen = {doses, 3};
    Bench *bench = bench_model(ORAL, NULL);
    bench_tolerance(bench, rtol, rtol * 1e-2);
    bench_pack(bench, 4);
    SubjectInput subjects[LANES];
    for (int i = 0; i < LANES; i++) {
        subjects[i] = (SubjectInput){.parameters = parameters[i], .regimen = &regimen};
    }
    bench_load(bench, subjects, LANES, 0.0, 48.0);
    double times[ROWS];
    for (int i = 0; i < ROWS; i++) {
        times[i] = 0.5 * i;
    }
    CU_ASSERT(bench_run(bench, times, ROWS));
    double worst = 0.0;
    for (int lane = 0; lane < LANES; lane++) {
        const double *p = parameters[lane];
        for (int row = 0; row < ROWS; row++) {
            double expected = 10.0 * exp(-p[1] * times[row]);
            expected += 50.0 / 2.5 * infused(p[1], times[row] - 6.0, 2.5);
            for (int k = 0; k < 4; k++) {
                double since = times[row] - (1.0 + 12.0 * k + p[3]);
                expected += 100.0 * p[2] * oral(p[0], p[1], since);
            }
            worst = fmax(worst, bench_error(bench, row, 1, lane, expected));
        }
        CU_ASSERT_EQUAL(bench_outcome(bench, lane), OUTCOME_DONE);
    }
    CU_ASSERT(worst <= 10.0);
    bench_close(bench);
}

static void test_closed_forms_at_three_tolerances(void)
{
    check_oral(1e-4);
    check_oral(1e-7);
    check_oral(1e-10);
}

static void test_decay_at_three_tolerances(void)
{
    static const double tolerances[] = {1e-4, 1e-7, 1e-10};
    for (int k = 0; k < 3; k++) {
        Bench *bench = bench_model(DECAY, NULL);
        bench_tolerance(bench, tolerances[k], tolerances[k]);
        bench_pack(bench, 1);
        const double parameters[] = {0.1, 100.0};
        SubjectInput subject = {.parameters = parameters};
        bench_load(bench, &subject, 1, 0.0, 50.0);
        const double times[] = {0.0, 1.0, 10.0, 33.3, 50.0};
        CU_ASSERT(bench_run(bench, times, 5));
        for (int row = 0; row < 5; row++) {
            CU_ASSERT(bench_error(bench, row, 0, 0, 100.0 * exp(-0.1 * times[row])) <= 10.0);
        }
        bench_close(bench);
    }
}

/* Robertson's problem; the values at t = 40 are those of Mazzia and Magherini, Test Set for IVP
 * Solvers, release 2.4. */
static void test_robertson(void)
{
    static const char text[] = "model rober \"Robertson\"\n"
                               "time s\n"
                               "state a = 1\nstate b = 0\nstate c = 0\n"
                               "d/dt(a) = -0.04*a + 1e4*b*c\n"
                               "d/dt(b) = 0.04*a - 1e4*b*c - 3e7*b^2\n"
                               "d/dt(c) = 3e7*b^2\n";
    static const double expected[] = {0.7158270687193950, 9.185534764557855e-6, 0.2841637457458413};
    for (int dense = 0; dense < 2; dense++) {
        Bench *bench = bench_model(text, NULL);
        bench_tolerance(bench, 1e-8, 1e-13);
        bench->options.dense = dense == 1;
        bench_pack(bench, 2);
        SubjectInput subjects[2] = {{0}};
        bench_load(bench, subjects, 2, 0.0, 40.0);
        const double end = 40.0;
        CU_ASSERT(bench_run(bench, &end, 1));
        for (int i = 0; i < 3; i++) {
            CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, 0, i, 0) / expected[i], 1.0, 1e-7);
        }
        bench_close(bench);
    }
}

/* ---- nothing is stepped over ---- */

static void test_pulse_is_delivered_at_every_spacing(void)
{
    static const char text[] = "model pulse \"a short pulse\"\n"
                               "time day\n"
                               "state A = 0\n"
                               "d/dt(A) = if t >= 500 [day] and t < 500.05 [day] then 100 else 0\n";
    static const double spacing[] = {1000.0, 100.0, 10.0, 1.0, 0.5};
    for (int k = 0; k < 5; k++) {
        Bench *bench = bench_model(text, NULL);
        bench_tolerance(bench, 1e-6, 1e-9);
        bench_pack(bench, 1);
        SubjectInput subject = {0};
        bench_load(bench, &subject, 1, 0.0, 1000.0);
        int rows = (int)(1000.0 / spacing[k]) + 1;
        double *times = arena_array(bench->arena, (size_t)rows, sizeof *times);
        for (int i = 0; i < rows; i++) {
            times[i] = i * spacing[k];
        }
        CU_ASSERT(bench_run(bench, times, rows));
        CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, rows - 1, 0, 0), 5.0, 1e-10);
        bench_close(bench);
    }
}

static void test_switch_times_are_exact(void)
{
    static const char text[] =
        "model switches \"switches\"\n"
        "time day\n"
        "param early = 0.3\n"
        "state A = 0\n"
        "state B = 0\n"
        "d/dt(A) = (if t >= 50 [day] then 1 else 0) + (if t < early then 1 else 0)\n"
        "d/dt(B) = if t - 7 [day]*floor(t/7 [day]) < 1 [day] then 1 else 0\n";
    Bench *bench = bench_model(text, NULL);
    bench_tolerance(bench, 1e-6, 1e-9);
    bench_pack(bench, 2);
    const double first[] = {0.3};
    const double second[] = {70.7};
    SubjectInput subjects[] = {{.parameters = first}, {.parameters = second}};
    bench_load(bench, subjects, 2, 0.0, 100.0);
    const double *stops;
    int count = pack_stops(bench->pack, &stops);
    double expected[64] = {0.0, 0.3, 1.0, 50.0, 70.7, 100.0};
    int wanted = 6;
    for (int week = 1; week <= 14; week++) {
        expected[wanted++] = 7.0 * week;
        if (7 * week + 1 != 50) {
            expected[wanted++] = 7.0 * week + 1.0;
        }
    }
    CU_ASSERT_EQUAL(count, wanted);
    int found = 0;
    for (int i = 0; i < wanted; i++) {
        for (int k = 0; k < count; k++) {
            found += stops[k] == expected[i];
        }
    }
    CU_ASSERT_EQUAL(found, wanted);
    const double times[] = {50.0, 60.0, 100.0};
    CU_ASSERT(bench_run(bench, times, 3));
    CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, 0, 0, 0), 0.3, 1e-10);
    CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, 0, 0, 1), 50.0, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, 2, 0, 0), 50.3, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, 2, 0, 1), 70.7 + 50.0, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, 2, 1, 0), 15.0, 1e-9); // weeks 0 to 14
    bench_close(bench);
}

static void test_step_table_jumps_at_its_knots(void)
{
    static const char text[] = "model forced \"forced\"\n"
                               "time day\n"
                               "table supply\n"
                               "state A = 0\n"
                               "state B = 0\n"
                               "d/dt(A) = interp(supply, t)\n"
                               "d/dt(B) = interp(supply, t - 0.5 [day])\n";
    static const double x[] = {0.0, 3.0, 3.01, 8.0};
    static const double y[] = {0.0, 100.0, 2.0, 0.0};
    Interpolant table = {x, y, NULL, 4, INTERP_STEP};
    Bench *bench = bench_model(text, &table);
    bench_tolerance(bench, 1e-6, 1e-9);
    bench_pack(bench, 1);
    SubjectInput subject = {0};
    bench_load(bench, &subject, 1, 0.0, 10.0);
    const double times[] = {3.0, 3.01, 10.0};
    CU_ASSERT(bench_run(bench, times, 3));
    CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, 0, 0, 0), 0.0, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, 1, 0, 0), 1.0, 1e-10);
    CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, 2, 0, 0), 1.0 + 2.0 * 4.99, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, 2, 1, 0), 1.0 + 2.0 * 4.99, 1e-9);
    bench_close(bench);
}

/* ---- doses at one instant ---- */

static void test_infusion_end_and_bolus_at_one_instant(void)
{
    Dose doses[] = {
        {.kind = DOSE_INFUSION_DURATION, .amount = 6.0, .time = 0.1, .duration = 0.2, .count = 1},
        {.kind = DOSE_BOLUS, .amount = 3.0, .time = 0.3, .count = 1},
        {.kind = DOSE_INFUSION_RATE, .amount = 4.0, .time = 0.3, .rate = 2.0, .count = 1},
        {.kind = DOSE_INFUSION_RATE, .amount = 1.0, .time = 1.0, .rate = 10.0, .count = 1},
        {.kind = DOSE_BOLUS, .amount = 5.0, .time = 4.0, .count = 1}}; // at the very end
    Regimen regimen = {doses, 5};
    Bench *bench = bench_model(DECAY, NULL);
    bench_tolerance(bench, 1e-6, 1e-9);
    bench_pack(bench, 1);
    const double parameters[] = {0.0, 1.0}; // nothing is lost: A counts what has entered
    SubjectInput subject = {.parameters = parameters, .regimen = &regimen};
    bench_load(bench, &subject, 1, 0.0, 4.0);
    const double *stops;
    CU_ASSERT_EQUAL(pack_stops(bench->pack, &stops), 7); // 0, 0.1, 0.3, 1, 1.1, 2.3, 4
    const double times[] = {0.1, 0.2, 0.3, 1.0, 1.1, 2.3, 3.0, 4.0};
    const double expected[] = {1.0, 4.0, 10.0, 11.4, 12.6, 15.0, 15.0, 20.0};
    CU_ASSERT(bench_run(bench, times, 8));
    for (int row = 0; row < 8; row++) {
        CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, row, 0, 0), expected[row], 1e-11);
    }
    bench_close(bench);
}

static void test_outputs_show_the_value_after_the_dose(void)
{
    Dose doses[] = {{.kind = DOSE_BOLUS, .amount = 7.0, .time = 0.0, .count = 1},
                    {.kind = DOSE_BOLUS, .amount = 2.0, .time = 0.1 + 0.2, .count = 1}};
    Regimen regimen = {doses, 2};
    Bench *bench = bench_model(DECAY, NULL);
    bench_tolerance(bench, 1e-6, 1e-9);
    bench_pack(bench, 1);
    const double parameters[] = {0.0, 0.0};
    SubjectInput subject = {.parameters = parameters, .regimen = &regimen};
    bench_load(bench, &subject, 1, 0.0, 1.0);
    const double times[] = {0.0, 0.3, 1.0}; // 0.3 is not 0.1 + 0.2, but the same instant
    CU_ASSERT(bench_run(bench, times, 3));
    CU_ASSERT_EQUAL(bench_value(bench, 0, 0, 0), 7.0);
    CU_ASSERT_EQUAL(bench_value(bench, 1, 0, 0), 9.0);
    bench_load(bench, &subject, 1, 0.0, 0.0); // no time at all: only the dose at 0
    CU_ASSERT(bench_run(bench, times, 1));
    CU_ASSERT_EQUAL(bench_value(bench, 0, 0, 0), 7.0);
    bench_close(bench);
}

/* ---- what changes no bit ---- */

static void run_oral(Bench *bench, const SubjectInput *subjects, int count, int every)
{
    double times[481];
    int rows = 0;
    for (int i = 0; i <= 480; i += every) {
        times[rows++] = 0.1 * i;
    }
    bench_load(bench, subjects, count, 0.0, 48.0);
    CU_ASSERT(bench_run(bench, times, rows));
}

static void make_subjects(SubjectInput *subjects, double parameters[][4], int count,
                          const Regimen *regimen)
{
    for (int i = 0; i < count; i++) {
        parameters[i][0] = 0.8 + 0.1 * i;
        parameters[i][1] = 0.05 + 0.01 * ((7 * i) % count);
        parameters[i][2] = 1.0 - 0.02 * i;
        parameters[i][3] = 0.0;
        subjects[i] = (SubjectInput){.parameters = parameters[i], .regimen = regimen};
    }
}

static void test_output_times_change_no_bit(void)
{
    Dose dose = {.kind = DOSE_BOLUS, .amount = 100.0, .time = 2.0, .count = 3, .interval = 12.0};
    Regimen regimen = {&dose, 1};
    Bench *bench = bench_model(ORAL, NULL);
    bench_tolerance(bench, 1e-6, 1e-9);
    bench_pack(bench, 8);
    double parameters[5][4];
    SubjectInput subjects[5];
    make_subjects(subjects, parameters, 5, &regimen);
    run_oral(bench, subjects, 5, 20);
    double kept[25][2][5];
    for (int row = 0; row <= 24; row++) {
        for (int lane = 0; lane < 5; lane++) {
            kept[row][0][lane] = bench_value(bench, row, 0, lane);
            kept[row][1][lane] = bench_value(bench, row, 1, lane);
        }
    }
    run_oral(bench, subjects, 5, 1);
    for (int row = 0; row <= 24; row++) {
        for (int lane = 0; lane < 5; lane++) {
            CU_ASSERT_EQUAL(kept[row][0][lane], bench_value(bench, 20 * row, 0, lane));
            CU_ASSERT_EQUAL(kept[row][1][lane], bench_value(bench, 20 * row, 1, lane));
        }
    }
    bench_close(bench);
}

/* The order of lanes permutes the results; padding and width change nothing. */
static void test_place_and_width_change_no_bit(void)
{
    Dose dose = {.kind = DOSE_BOLUS, .amount = 100.0, .time = 0.0, .count = 4, .interval = 12.0};
    Regimen regimen = {&dose, 1};
    double parameters[5][4];
    SubjectInput subjects[5];
    make_subjects(subjects, parameters, 5, &regimen);
    double kept[5] = {0};
    for (int width = 8; width <= 64; width *= 2) {
        Bench *bench = bench_model(ORAL, NULL);
        bench_tolerance(bench, 1e-6, 1e-9);
        bench_pack(bench, width);
        int turn = width == 8 ? 0 : width / 16;
        SubjectInput turned[5];
        for (int i = 0; i < 5; i++) {
            turned[(i + turn) % 5] = subjects[i];
        }
        run_oral(bench, turned, 5, 10);
        for (int i = 0; i < 5; i++) {
            double value = bench_value(bench, 48, 1, (i + turn) % 5);
            kept[i] = width == 8 ? value : kept[i];
            CU_ASSERT_EQUAL(value, kept[i]);
        }
        bench_close(bench);
    }
    CU_ASSERT(kept[0] > 0.0 && kept[0] != kept[1]);
}

static void test_one_subject_alone_or_in_wide_pack(void)
{
    Dose dose = {.kind = DOSE_BOLUS, .amount = 100.0, .time = 1.0, .count = 4, .interval = 12.0};
    Regimen regimen = {&dose, 1};
    double parameters[16][4];
    SubjectInput subjects[16];
    make_subjects(subjects, parameters, 16, &regimen);
    double alone = 0.0;
    for (int width = 1; width <= 16; width *= 16) {
        for (int i = 1; i < 16; i++) {
            subjects[i] = subjects[0];
        }
        Bench *bench = bench_model(ORAL, NULL);
        bench_tolerance(bench, 1e-6, 1e-9);
        bench_pack(bench, width);
        run_oral(bench, subjects, width, 10);
        alone = width == 1 ? bench_value(bench, 48, 1, 0) : alone;
        for (int lane = 0; lane < width; lane++) {
            CU_ASSERT_EQUAL(bench_value(bench, 48, 1, lane), alone);
        }
        bench_close(bench);
    }
}

/* Each lane has doses at its own times; the stops of the others move it by less than the tolerance.
 */
static void test_lanes_with_different_dose_times(void)
{
    enum { LANES = 4 };
    Dose doses[LANES];
    Regimen regimens[LANES];
    double parameters[LANES][4];
    SubjectInput subjects[LANES];
    make_subjects(subjects, parameters, LANES, NULL);
    for (int i = 0; i < LANES; i++) {
        doses[i] = (Dose){.kind = i % 2 == 0 ? DOSE_BOLUS : DOSE_INFUSION_DURATION,
                          .amount = 100.0,
                          .time = 1.0 + 0.37 * i,
                          .duration = 3.3,
                          .count = 3,
                          .interval = 9.0 + i};
        regimens[i] = (Regimen){&doses[i], 1};
        subjects[i].regimen = &regimens[i];
    }
    Bench *together = bench_model(ORAL, NULL);
    bench_tolerance(together, 1e-6, 1e-8);
    bench_pack(together, LANES);
    run_oral(together, subjects, LANES, 5);
    for (int lane = 0; lane < LANES; lane++) {
        Bench *alone = bench_model(ORAL, NULL);
        bench_tolerance(alone, 1e-6, 1e-8);
        bench_pack(alone, 1);
        run_oral(alone, &subjects[lane], 1, 5);
        for (int row = 0; row <= 96; row++) {
            double expected = bench_value(alone, row, 1, 0);
            CU_ASSERT(bench_error(together, row, 1, lane, expected) <= 3.0);
        }
        bench_close(alone);
    }
    bench_close(together);
}

static void test_a_pack_can_be_loaded_again(void)
{
    Dose dose = {.kind = DOSE_BOLUS, .amount = 100.0, .time = 1.0, .count = 4, .interval = 12.0};
    Regimen regimen = {&dose, 1};
    double parameters[4][4];
    SubjectInput subjects[4];
    make_subjects(subjects, parameters, 4, &regimen);
    Bench *bench = bench_model(ORAL, NULL);
    bench_tolerance(bench, 1e-6, 1e-9);
    bench_pack(bench, 4);
    run_oral(bench, subjects, 4, 10);
    double kept = bench_value(bench, 40, 1, 2);
    long steps = pack_stats(bench->pack)->steps;
    subjects[0].regimen = NULL;
    run_oral(bench, subjects, 2, 10);
    subjects[0].regimen = &regimen;
    long before = pack_stats(bench->pack)->steps;
    run_oral(bench, subjects, 4, 10);
    CU_ASSERT_EQUAL(bench_value(bench, 40, 1, 2), kept);
    CU_ASSERT_EQUAL(pack_stats(bench->pack)->steps - before, steps);
    bench_close(bench);
}

SUITE("pack", TEST(test_decay_at_three_tolerances), TEST(test_closed_forms_at_three_tolerances),
      TEST(test_robertson), TEST(test_pulse_is_delivered_at_every_spacing),
      TEST(test_switch_times_are_exact), TEST(test_step_table_jumps_at_its_knots),
      TEST(test_infusion_end_and_bolus_at_one_instant),
      TEST(test_outputs_show_the_value_after_the_dose), TEST(test_output_times_change_no_bit),
      TEST(test_place_and_width_change_no_bit), TEST(test_one_subject_alone_or_in_wide_pack),
      TEST(test_lanes_with_different_dose_times), TEST(test_a_pack_can_be_loaded_again))
