/* test_sensitive_events.c: derivatives through events, conditions on time, and their times.
 *
 * Tolerance 1e-8; expected values are the closed form of each model, differentiated in the
 * comments. SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/sensitive_bench.h"

static const double GOOD = 1e-6;

/* ---- events of states ---- */

static const char BALL[] = "model ball\n"
                           "time s\n"
                           "param c = 0.9\nparam height = 5\nparam g = 9.81\n"
                           "state h = height\nstate v = 0\nstate last = 0\n"
                           "d/dt(h) = v\nd/dt(v) = -g\nd/dt(last) = 0\n"
                           "event bounce when h < 0 : h = 0, v = -c * v, last = t\n";

typedef struct {
    double last, h, v;
} Ball;

/* Impact k (from 1) is at T (1 + 2 (c + ... + c^(k-1))), T = sqrt(2 height / g); the ball leaves it
 * with c^k sqrt(2 g height). */
static Ball ball(double c, double height, double g, int k, double t)
{
    double flights = 1.0;
    for (int i = 1; i < k; i++) {
        flights += 2.0 * pow(c, i);
    }
    double last = sqrt(2.0 * height / g) * flights;
    double v = pow(c, k) * sqrt(2.0 * g * height);
    double since = t - last;
    return (Ball){last, v * since - 0.5 * g * since * since, v - g * since};
}

/* The closed form by central differences: right to 1e-10. */
static Ball ball_slope(const double p[3], int by, int k, double t)
{
    double up[3] = {p[0], p[1], p[2]};
    double down[3] = {p[0], p[1], p[2]};
    double h = 1e-5 * p[by];
    up[by] += h;
    down[by] -= h;
    Ball a = ball(up[0], up[1], up[2], k, t);
    Ball b = ball(down[0], down[1], down[2], k, t);
    return (Ball){(a.last - b.last) / (2.0 * h), (a.h - b.h) / (2.0 * h), (a.v - b.v) / (2.0 * h)};
}

static void test_impacts_of_a_ball(void)
{
    enum { BOUNCES = 12 };
    Slope *slope = slope_open(BALL, 1e-8, 1e-10, 1);
    const double p[] = {0.9, 5.0, 9.81};
    const SubjectInput subject = {.parameters = p};
    const SensitiveTarget targets[] = {
        {SENSITIVE_PARAMETER, 0}, {SENSITIVE_PARAMETER, 1}, {SENSITIVE_PARAMETER, 2}};
    double times[BOUNCES];
    for (int k = 1; k <= BOUNCES; k++) {
        times[k - 1] =
            0.6 * ball(0.9, 5.0, 9.81, k, 0.0).last + 0.4 * ball(0.9, 5.0, 9.81, k + 1, 0.0).last;
    }
    slope_run(slope, targets, 3, &subject, 1, times, BOUNCES);
    for (int k = 1; k <= BOUNCES; k++) {
        for (int by = 0; by < 3; by++) {
            Ball expected = ball_slope(p, by, k, times[k - 1]);
            slope_near(slope, k - 1, by, 0, expected.h, GOOD, 0.1);
            slope_near(slope, k - 1, by, 1, expected.v, GOOD, 0.1);
            slope_near(slope, k - 1, by, 2, expected.last, GOOD, 0.01);
        }
    }
    slope_close(slope);
}

/* T warms at rate w while on, cools at rate c while off; on below a, off above b, from 4.5 and off:
 * on at (4.5 - a)/c, off (b - a)/w later, on (b - a)/c later. In the second warming
 * T = a + w (t - (4.5 - a)/c - (b - a)(1/w + 1/c)). Each lane switches at its own times. */
static void test_relay_in_lanes(void)
{
    Slope *slope = slope_open("model relay\ntime h\nparam a = 4\nparam b = 5\nparam w = 1\n"
                              "param c = 2\nstate T = 4.5\nstate on = 0\n"
                              "d/dt(T) = if on > 0.5 then w else -c\nd/dt(on) = 0\n"
                              "event start when T <= a : on = 1\nevent stop when T >= b : on = 0\n",
                              1e-8, 1e-10, 4);
    double p[4][4];
    SubjectInput subjects[4] = {0};
    for (int lane = 0; lane < 4; lane++) {
        const double own[] = {4.0, 5.0 + 0.01 * lane, 1.0, 2.0};
        memcpy(p[lane], own, sizeof own);
        subjects[lane].parameters = p[lane];
    }
    const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, 0},
                                       {SENSITIVE_PARAMETER, 1},
                                       {SENSITIVE_PARAMETER, 2},
                                       {SENSITIVE_PARAMETER, 3},
                                       {SENSITIVE_INITIAL, 0}};
    const double times[] = {2.2};
    slope_run(slope, targets, 5, subjects, 4, times, 1);
    for (int lane = 0; lane < 4; lane++) {
        double a = p[lane][0];
        double b = p[lane][1];
        double since = 2.2 - (4.5 - a) / 2.0 - (b - a) * 1.5;
        const double expected[] = {1.0 + 0.5 + 1.5, -1.5, since + (b - a),
                                   (4.5 - a) / 4.0 + (b - a) / 4.0, -0.5};
        for (int k = 0; k < 5; k++) {
            CU_ASSERT(fabs(slope_of(slope, 0, k, 0, lane) - expected[k]) <= GOOD);
        }
    }
    slope_close(slope);
}

/* A = exp(-k t) falls to a at t* = ln(1/a)/k and is set to a + X at t* + d. */
static void test_delayed_event(void)
{
    Slope *slope = slope_open("model late\ntime h\nparam k = 0.5\nparam a = 0.4\nparam d = 1.25\n"
                              "param X = 2\nstate A = 1\nd/dt(A) = -k * A\n"
                              "event top_up when A < a : A = A + X, delay = d\n",
                              1e-8, 1e-10, 1);
    const double p[] = {0.5, 0.4, 1.25, 2.0};
    const SubjectInput subject = {.parameters = p};
    const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, 0},
                                       {SENSITIVE_PARAMETER, 1},
                                       {SENSITIVE_PARAMETER, 2},
                                       {SENSITIVE_PARAMETER, 3}};
    const double times[] = {2.5, 4.0};
    slope_run(slope, targets, 4, &subject, 1, times, 2);
    double crossed = -log(0.4) / 0.5;
    double since = 4.0 - crossed - 1.25;
    double now = 2.4 * exp(-0.5 * since);
    slope_near(slope, 0, 0, 0, -2.5 * exp(-1.25), GOOD, 0.0);
    slope_near(slope, 1, 0, 0, now * (-since - crossed), GOOD, 0.0);
    slope_near(slope, 1, 1, 0, now / 2.4 - now / 0.4, GOOD, 0.0);
    slope_near(slope, 1, 2, 0, 0.5 * now, GOOD, 0.0);
    slope_near(slope, 1, 3, 0, now / 2.4, GOOD, 0.0);
    slope_close(slope);
}

/* A dose at s lifts A over 5, and at that instant B takes A: B = v exp(-m (t - s)) with
 * v = 3 exp(-k s) + 10; the cascade then adds n to C, which decays like B. */
static void test_event_set_off_by_a_dose_and_one_by_that(void)
{
    Slope *slope = slope_open("model chain\ntime h\nparam k = 0.5\nparam m = 0.2\nparam n = 4\n"
                              "state A = 3\nstate B = 0\nstate C = 0\n"
                              "d/dt(A) = -k * A\nd/dt(B) = -m * B\nd/dt(C) = -m * C\n"
                              "event take when A > 5 : B = A\nevent after when B > 1 : C = C + n\n",
                              1e-8, 1e-10, 1);
    const double p[] = {0.5, 0.2, 4.0};
    Dose dose = {.kind = DOSE_BOLUS, .route = -1, .amount = 10.0, .time = 1.5, .count = 1};
    Regimen regimen = {&dose, 1};
    const SubjectInput subject = {.parameters = p, .regimen = &regimen};
    const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, 0},
                                       {SENSITIVE_PARAMETER, 2},
                                       {SENSITIVE_DOSE_TIME, 0},
                                       {SENSITIVE_DOSE_AMOUNT, 0}};
    const double times[] = {4.0};
    slope_run(slope, targets, 4, &subject, 1, times, 1);
    double e = exp(-0.2 * 2.5);
    double a = 3.0 * exp(-0.75);
    slope_near(slope, 0, 0, 1, -1.5 * a * e, GOOD, 0.0);
    slope_near(slope, 0, 2, 1, (-0.5 * a + 0.2 * (a + 10.0)) * e, GOOD, 0.0);
    slope_near(slope, 0, 3, 1, e, GOOD, 0.0);
    slope_near(slope, 0, 0, 2, 0.0, GOOD, 1.0);
    slope_near(slope, 0, 1, 2, e, GOOD, 0.0);
    slope_near(slope, 0, 2, 2, 0.2 * 4.0 * e, GOOD, 0.0);
    slope_close(slope);
}

/* ---- conditions on time ---- */

/* A' = r (from on to off) - k A, and at s an event adds 6. */
static void test_pulse_and_timed_event(void)
{
    Slope *slope = slope_open("model pulse\ntime h\nparam k = 0.3\nparam on = 1\nparam off = 3\n"
                              "param r = 7\nparam s = 2\nstate A = 0\n"
                              "d/dt(A) = (if t >= on and t < off then r else 0) - k * A\n"
                              "event shot when t >= s : A = A + 6\n",
                              1e-8, 1e-10, 1);
    const double p[] = {0.3, 1.0, 3.0, 7.0, 2.0};
    const SubjectInput subject = {.parameters = p};
    const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, 0},
                                       {SENSITIVE_PARAMETER, 1},
                                       {SENSITIVE_PARAMETER, 2},
                                       {SENSITIVE_PARAMETER, 3},
                                       {SENSITIVE_PARAMETER, 4}};
    const double times[] = {1.5, 2.5, 3.0, 5.0};
    slope_run(slope, targets, 5, &subject, 1, times, 4);
    for (int row = 0; row < 4; row++) {
        double t = times[row];
        double since_off = fmax(t - 3.0, 0.0);
        double shot = t >= 2.0 ? 6.0 * exp(-0.3 * (t - 2.0)) : 0.0;
        double a = exp(-0.3 * since_off);
        double b = exp(-0.3 * (t - 1.0));
        slope_near(slope, row, 1, 0, -7.0 * b, GOOD, 1e-3);
        slope_near(slope, row, 2, 0, t >= 3.0 ? 7.0 * a : 0.0, GOOD, 1e-3);
        slope_near(slope, row, 3, 0, (a - b) / 0.3, GOOD, 1e-3);
        slope_near(slope, row, 4, 0, 0.3 * shot, GOOD, 1e-3);
        double by_k =
            -7.0 * (a - b) / 0.09 + 7.0 / 0.3 * (-since_off * a + (t - 1.0) * b) - (t - 2.0) * shot;
        slope_near(slope, row, 0, 0, by_k, GOOD, 1e-3);
    }
    slope_close(slope);
}

/* Pulses of length w every T: rate r from i T to i T + w. After three of them
 * A = r/k Σ (exp(-k (t - i T - w)) - exp(-k (t - i T))). */
static void test_periodic_pulses(void)
{
    Slope *slope = slope_open("model pulses\ntime h\nparam T = 4\nparam w = 1.5\nstate A = 0\n"
                              "d/dt(A) = (if t - T * floor(t / T) < w then 5 else 0) - 0.3 * A\n",
                              1e-8, 1e-10, 1);
    const double p[] = {4.0, 1.5};
    const SubjectInput subject = {.parameters = p};
    const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, 0}, {SENSITIVE_PARAMETER, 1}};
    const double times[] = {11.0};
    slope_run(slope, targets, 2, &subject, 1, times, 1);
    double by_period = 0.0;
    double by_width = 0.0;
    for (int i = 0; i < 3; i++) {
        double first = exp(-0.3 * (11.0 - 4.0 * i));
        double last = exp(-0.3 * (11.0 - 4.0 * i - 1.5));
        by_period += 5.0 * i * (last - first);
        by_width += 5.0 * last;
    }
    slope_near(slope, 0, 0, 0, by_period, GOOD, 0.0);
    slope_near(slope, 0, 1, 0, by_width, GOOD, 0.0);
    slope_close(slope);
}

SUITE("sensitivity through events", TEST(test_impacts_of_a_ball), TEST(test_relay_in_lanes),
      TEST(test_delayed_event), TEST(test_event_set_off_by_a_dose_and_one_by_that),
      TEST(test_pulse_and_timed_event), TEST(test_periodic_pulses))
