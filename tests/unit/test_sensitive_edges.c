/* test_sensitive_edges.c: sensitivities where a condition on states makes the rates jump, against
 * closed forms.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/sensitive_bench.h"

static const double TIGHT = 1e-6;

/* x falls with k1 x above c, with k2 x below: x = c exp(-k2 (t - tau)), tau = ln(x0 / c) / k1. */
static void check_decay(const char *condition)
{
    enum { K1, K2, C, X0 };
    char text[512];
    (void)snprintf(text, sizeof text,
                   "model decay\ntime h\nparam k1 = 0.7\nparam k2 = 0.2\nparam c = 3\n"
                   "param x0 = 10\nstate x = x0\n"
                   "d/dt(x) = %s\n",
                   condition);
    Slope *slope = slope_open(text, 1e-10, 1e-12, 1);
    const double p[] = {0.7, 0.2, 3.0, 10.0};
    const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, K1},
                                       {SENSITIVE_PARAMETER, K2},
                                       {SENSITIVE_PARAMETER, C},
                                       {SENSITIVE_PARAMETER, X0},
                                       {SENSITIVE_INITIAL, 0}};
    const SubjectInput subject = {.parameters = p};
    const double times[] = {0.5, 1.5, 1.8, 2.5, 6.0};
    slope_run(slope, targets, 5, &subject, 1, times, 5);
    double tau = log(p[X0] / p[C]) / p[K1];
    for (int row = 0; row < 5; row++) {
        double t = times[row];
        bool above = t < tau;
        double x = above ? p[X0] * exp(-p[K1] * t) : p[C] * exp(-p[K2] * (t - tau));
        double by[] = {-x * t, 0.0, 0.0, x / p[X0], x / p[X0]};
        if (!above) {
            by[K1] = -x * p[K2] * tau / p[K1];
            by[K2] = -x * (t - tau);
            by[C] = x / p[C] * (1.0 - p[K2] / p[K1]);
            by[X0] = by[4] = x * p[K2] / (p[K1] * p[X0]);
        }
        for (int k = 0; k < 5; k++) {
            slope_near(slope, row, k, 0, by[k], TIGHT, 1e-3);
        }
    }
    slope_close(slope);
}

static void test_rates_that_change_over(void)
{
    check_decay("if x > c then -k1 * x else -k2 * x");
    check_decay("if c >= x then -k2 * x else -k1 * x");
    check_decay("-k2 * x - (k1 - k2) * x * step(x - c)");
    check_decay(
        "-(if not (x <= c) then k1 else 0) * x - (if x < c then k2 else 0) * x"); // one edge
    check_decay("-x * (if x - c > 0 and x > 0 then k1 else if x > -5 then k2 else 1e6)");
}

/* A surface of two states, time and parameters; what runs in moves it, too. In four lanes. */
static void test_surface_of_many_things(void)
{
    enum { A, D, C, UP, DOWN, LANES = 4 };
    Slope *slope = slope_open("model sum\ntime h\nparam a = 2\nparam d = 0.5\nparam c = 5\n"
                              "param up = 3\nparam down = -1\nstate x = 0\nstate y = 0\n"
                              "state z = 1\n"
                              "d/dt(x) = a\nd/dt(y) = 0\n"
                              "d/dt(z) = if x + 2 * y > c + d * t * 1 [1/h] then up else down\n",
                              1e-10, 1e-12, LANES);
    double p[LANES][5];
    SubjectInput subjects[LANES];
    const Dose dose = {.kind = DOSE_INFUSION_RATE,
                       .route = -1,
                       .state = 1,
                       .amount = 2.5,
                       .rate = 0.25,
                       .count = 1};
    const Regimen regimen = {(Dose *)&dose, 1};
    for (int lane = 0; lane < LANES; lane++) {
        const double values[] = {2.0 + lane, 0.5, 5.0 + lane, 3.0, -1.0};
        memcpy(p[lane], values, sizeof values);
        subjects[lane] = (SubjectInput){.parameters = p[lane], .regimen = &regimen};
    }
    const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, A},    {SENSITIVE_PARAMETER, D},
                                       {SENSITIVE_PARAMETER, C},    {SENSITIVE_PARAMETER, UP},
                                       {SENSITIVE_PARAMETER, DOWN}, {SENSITIVE_INITIAL, 1}};
    const double times[] = {1.0, 8.0};
    slope_run(slope, targets, 6, subjects, LANES, times, 2);
    for (int lane = 0; lane < LANES; lane++) {
        const double *q = p[lane];
        double speed = q[A] + 2.0 * 0.25 - q[D];
        double tau = q[C] / speed;
        double less = q[DOWN] - q[UP];
        const double by[] = {-less * tau / speed, less * tau / speed, less / speed, 8.0 - tau, tau,
                             -2.0 * less / speed};
        for (int k = 0; k < 6; k++) {
            double found = slope_of(slope, 1, k, 2, lane);
            CU_ASSERT_DOUBLE_EQUAL(found, by[k], TIGHT * fabs(by[k]));
            CU_ASSERT_DOUBLE_EQUAL(slope_of(slope, 0, k, 2, lane), k == DOWN ? 1.0 : 0.0, 1e-9);
        }
        CU_ASSERT_EQUAL(pack_outcome(slope->bench->pack, lane)->touched, 0);
    }
    slope_close(slope);
}

/* The time that cos spends above c, of which each crossing takes 1 / sqrt(1 - c^2) for c. */
static void test_many_crossings(void)
{
    Slope *slope = slope_open("model swing\ntime h\nparam w = 1\nparam c = 0.3\nstate x = 1\n"
                              "state v = 0\nstate z = 0\n"
                              "d/dt(x) = -w * v * 1 [1/h]\nd/dt(v) = w * x * 1 [1/h]\n"
                              "d/dt(z) = if x > c then 1 else 0\n",
                              1e-11, 1e-13, 1);
    const double p[] = {1.0, 0.3};
    const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, 0}, {SENSITIVE_PARAMETER, 1}};
    const SubjectInput subject = {.parameters = p};
    const double times[] = {1.0, 20.0, 62.0};
    slope_run(slope, targets, 2, &subject, 1, times, 3);
    const double two_pi = 6.283185307179586477;
    for (int row = 0; row < 3; row++) {
        double first = acos(0.3);
        double by_c = 0.0;
        double by_w = 0.0; // the crossings are at angle / w: those that end a spell count up
        for (int n = 0; n < 20; n++) {
            const double angles[] = {n * two_pi + first, (n + 1) * two_pi - first};
            for (int k = 0; k < 2; k++) {
                bool past = angles[k] < times[row];
                by_c -= past ? 1.0 / sqrt(1.0 - 0.09) : 0.0;
                by_w += past ? (k == 0 ? -angles[k] : angles[k]) : 0.0;
            }
        }
        slope_near(slope, row, 1, 2, by_c, TIGHT, 1e-6);
        slope_near(slope, row, 0, 2, by_w, TIGHT, 1e-6);
    }
    slope_close(slope);
}

/* The integral of floor(a t) is n t - n (n + 1) / (2 a), n = floor(a t); that of ceil is t more. */
static void test_whole_numbers(void)
{
    Slope *slope =
        slope_open("model stairs\ntime h\nparam a = 0.7\nstate x = 0.2\nstate up = 0\n"
                   "state down = 0\n"
                   "d/dt(x) = a\nd/dt(up) = floor(x - 0.2)\nd/dt(down) = ceil(0.2 - x)\n",
                   1e-10, 1e-12, 1);
    const double p[] = {0.7};
    const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, 0}};
    const SubjectInput subject = {.parameters = p};
    const double times[] = {1.0, 9.0};
    slope_run(slope, targets, 1, &subject, 1, times, 2);
    slope_near(slope, 0, 0, 1, 0.0, TIGHT, 1e-3);
    slope_near(slope, 1, 0, 1, 6.0 * 7.0 / (2.0 * 0.49), TIGHT, 0.0);
    slope_near(slope, 1, 0, 2, -6.0 * 7.0 / (2.0 * 0.49), TIGHT, 0.0);
    slope_close(slope);
}

/* x falls by a until c, then by b; at that very instant an event adds g x to y, whose own rate
 * changes as well, and (in the second run) y is given a dose. */
static void test_event_of_the_same_condition(void)
{
    enum { A, B, C, G };
    for (int dosed = 0; dosed < 2; dosed++) {
        Slope *slope = slope_open("model twice\ntime h\nparam a = 1\nparam b = 0.25\nparam c = 7\n"
                                  "param g = 2\nstate x = 10\nstate y = 0\n"
                                  "d/dt(x) = if x > c then -a else -b\n"
                                  "d/dt(y) = if x > c then 0 else b * x\n"
                                  "event below when x <= c : y = y + g * x\n",
                                  1e-10, 1e-12, 1);
        const double p[] = {1.0, 0.25, 7.0, 2.0};
        const Dose dose = {
            .kind = DOSE_BOLUS, .route = -1, .state = 1, .amount = 5.0, .time = 3.0, .count = 1};
        const Regimen regimen = {(Dose *)&dose, 1};
        const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, A},
                                           {SENSITIVE_PARAMETER, B},
                                           {SENSITIVE_PARAMETER, C},
                                           {SENSITIVE_PARAMETER, G}};
        const SubjectInput subject = {.parameters = p, .regimen = dosed ? &regimen : NULL};
        const double times[] = {2.0, 7.0};
        slope_run(slope, targets, 4, &subject, 1, times, 2);
        double s = 7.0 - 3.0; // since the crossing at 3
        // x = c - b s, y = g c + b c s - b^2 s^2 / 2, s = t - (10 - c) / a
        const double of_s[] = {3.0, 0.0, 1.0, 0.0}; // ∂s/∂p: (10 - c) / a^2, 0, 1 / a
        double x = 7.0 - 0.25 * s;
        for (int k = 0; k < 4; k++) {
            double by_x = -0.25 * of_s[k] - (k == B ? s : 0.0) + (k == C ? 1.0 : 0.0);
            double by_y = 0.25 * x * of_s[k] + (k == B ? 7.0 * s - 0.25 * s * s : 0.0) +
                          (k == C ? 2.0 + 0.25 * s : 0.0) + (k == G ? 7.0 : 0.0);
            slope_near(slope, 1, k, 0, by_x, TIGHT, 1e-3);
            slope_near(slope, 1, k, 1, by_y, TIGHT, 1e-3);
        }
        CU_ASSERT_DOUBLE_EQUAL(slope_value(slope, 1, 1, 0),
                               14.0 + 1.75 * s - 0.03125 * s * s + 5.0 * dosed, 1e-6);
        slope_close(slope);
    }
}

/* A dose that carries x over the edge at a time that depends on nothing: no jump; then it falls
 * back through it. */
static void test_dose_across_the_edge(void)
{
    Slope *slope = slope_open("model dose\ntime h\nparam k = 0.5\nparam c = 3\nparam r = 2\n"
                              "state x = 0\nstate z = 0\n"
                              "d/dt(x) = -k * x\nd/dt(z) = if x > c then r else 0\n",
                              1e-10, 1e-12, 1);
    const double p[] = {0.5, 3.0, 2.0};
    const Dose dose = {
        .kind = DOSE_BOLUS, .route = -1, .state = 0, .amount = 10.0, .time = 1.0, .count = 1};
    const Regimen regimen = {(Dose *)&dose, 1};
    const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, 0},
                                       {SENSITIVE_PARAMETER, 1},
                                       {SENSITIVE_DOSE_AMOUNT, 0},
                                       {SENSITIVE_DOSE_TIME, 0}};
    const SubjectInput subject = {.parameters = p, .regimen = &regimen};
    const double times[] = {2.0, 9.0};
    slope_run(slope, targets, 4, &subject, 1, times, 2);
    double spell = log(10.0 / 3.0) / 0.5; // z = r (spell), and r (t - 1) before its end
    const double early[] = {0.0, 0.0, 0.0, -2.0};
    const double late[] = {-2.0 * spell / 0.5, -2.0 / (0.5 * 3.0), 2.0 / (0.5 * 10.0), 0.0};
    for (int k = 0; k < 4; k++) {
        slope_near(slope, 0, k, 1, early[k], TIGHT, 1e-3);
        slope_near(slope, 1, k, 1, late[k], TIGHT, 1e-3);
    }
    slope_close(slope);
}

/* Rates that bend but do not jump: the exact slopes, and not a single restart for them. */
static void test_kinks_are_passed_over(void)
{
    static const char *const bends[] = {"if x > c then r * (x - c) else 0", "r * max(0, x - c)"};
    long restarts[2];
    for (int i = 0; i < 2; i++) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       "model bend\ntime h\nparam k = 0.5\nparam c = 3\nparam r = 2\n"
                       "state x = 10\nstate z = 0\nd/dt(x) = -k * x\nd/dt(z) = %s\n",
                       bends[i]);
        Slope *slope = slope_open(text, 1e-9, 1e-11, 1);
        CU_ASSERT_EQUAL(slope->bench->tape->edge_count, i == 0 ? 1 : 0);
        const double p[] = {0.5, 3.0, 2.0};
        const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, 0}, {SENSITIVE_PARAMETER, 1}};
        const SubjectInput subject = {.parameters = p};
        const double times[] = {1.0, 9.0};
        slope_run(slope, targets, 2, &subject, 1, times, 2);
        double tau = log(10.0 / 3.0) / 0.5;
        double by_k = -2.0 * (10.0 - 10.0 * exp(-0.5 * tau) * (1.0 + 0.5 * tau)) / 0.25;
        slope_near(slope, 1, 0, 1, by_k, 1e-6, 0.0);
        slope_near(slope, 1, 1, 1, -2.0 * tau, 1e-6, 0.0);
        restarts[i] = pack_stats(slope->bench->pack)->restarts;
        slope_close(slope);
    }
    // by steps of its own, which the model without a condition may make, a lane never restarts
    CU_ASSERT(restarts[0] == restarts[1] || SLOPE_METHOD == SOLVER_ROSENBROCK);
}

static bool ignore_row(void *context, int index, double time, const double *values,
                       const bool *live, int width)
{
    (void)context, (void)index, (void)time, (void)values, (void)live, (void)width;
    return true;
}

/* A state that is held at the edge ends as it does without derivatives. */
static void test_a_state_held_at_the_edge(void)
{
    Slope *slope = slope_open("model held\ntime h\nparam c = 3\nstate x = 0\n"
                              "d/dt(x) = if x < c then 2 else -1\n",
                              1e-8, 1e-10, 1);
    const double p[] = {3.0};
    const SensitiveTarget target = {SENSITIVE_PARAMETER, 0};
    const SubjectInput subject = {.parameters = p};
    const double end = 10.0;
    for (int count = 0; count < 2; count++) {
        CU_ASSERT_FATAL(pack_sensitivities(slope->bench->pack, &target, count));
        bench_load(slope->bench, &subject, 1, 0.0, end);
        CU_ASSERT(pack_run(slope->bench->pack, &end, 1, ignore_row, NULL, NULL));
        CU_ASSERT_EQUAL(bench_outcome(slope->bench, 0), OUTCOME_NO_CONVERGENCE);
        CU_ASSERT_DOUBLE_EQUAL(pack_outcome(slope->bench->pack, 0)->time, 1.5, 1e-3);
    }
    slope_close(slope);
}

/* x + (t - 2)^2 - d, with x = 0, is below c = 0 for 2 sqrt(d), which has the slope 1 / sqrt(d) by
 * c; none if d is less than the tolerance of x, and the outcome says so. */
static void test_an_edge_that_is_only_touched(void)
{
    for (int touches = 0; touches < 2; touches++) {
        Slope *slope = slope_open("model grazing\ntime h\nparam c = 0\nparam d = 1e-4\n"
                                  "state x = 0\nstate z = 0\nd/dt(x) = 0\n"
                                  "d/dt(z) = if x + (t / 1 [h] - 2)^2 - d <= c then 1 else 0\n",
                                  1e-9, touches ? 1e-3 : 1e-11, 1);
        slope->bench->options.max_step = 2e-3;
        bench_pack(slope->bench, 1);
        const double p[] = {0.0, 1e-4};
        const SensitiveTarget target = {SENSITIVE_PARAMETER, 0};
        const SubjectInput subject = {.parameters = p};
        const double end = 4.0;
        slope_run(slope, &target, 1, &subject, 1, &end, 1);
        slope_near(slope, 0, 0, 1, touches ? 0.0 : 100.0, TIGHT, 1e-12);
        CU_ASSERT_EQUAL(pack_outcome(slope->bench->pack, 0)->touched, touches ? 2 : 0);
        slope_close(slope);
    }
}

SUITE("sensitivity where rates jump", TEST(test_rates_that_change_over),
      TEST(test_surface_of_many_things), TEST(test_many_crossings), TEST(test_whole_numbers),
      TEST(test_event_of_the_same_condition), TEST(test_dose_across_the_edge),
      TEST(test_kinks_are_passed_over), TEST(test_a_state_held_at_the_edge),
      TEST(test_an_edge_that_is_only_touched))
