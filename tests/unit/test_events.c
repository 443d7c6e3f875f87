/* test_events.c: events of models: when they fire, in which order, how often, in each lane.
 *
 * Expected values are closed forms of the models, worked out in the comments.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/pack_bench.h"

enum { X, Y, Z };

static Bench *one_lane(const char *text, double rtol, double atol)
{
    Bench *bench = bench_model(text, NULL);
    bench_tolerance(bench, rtol, atol);
    bench_pack(bench, 1);
    return bench;
}

static void run(Bench *bench, const SubjectInput *subject, double end, const double *times, int n)
{
    bench_load(bench, subject, 1, 0.0, end);
    CU_ASSERT(bench_run(bench, times, n));
}

static long fired(const Bench *bench, int lane)
{
    return pack_outcome(bench->pack, lane)->events;
}

static void near(const Bench *bench, int row, int state, double expected)
{
    double error = bench_error(bench, row, state, 0, expected);
    if (!(error <= 10.0)) {
        fprintf(stderr, "row %d, state %d: %.17g, expected %.17g\n", row, state,
                bench_value(bench, row, state, 0), expected);
    }
    CU_ASSERT(error <= 10.0);
}

/* ---- when ---- */

static const char BALL[] = "model ball\n"
                           "time s\n"
                           "param c = 0.9\nparam height = 5\nparam g = 9.81\n"
                           "state h = height\nstate v = 0\nstate last = 0\nstate n = 0\n"
                           "d/dt(h) = v\nd/dt(v) = -g\nd/dt(last) = 0\nd/dt(n) = 0\n"
                           "event bounce when h < 0 : h = 0, v = -c * v, last = t, n = n + 1\n";

/* Impact k (from 1) is at T0 + 2 T0 (c + ... + c^(k-1)), T0 = sqrt(2 h / g). */
static double impact(double height, double c, int k)
{
    double fall = sqrt(2.0 * height / 9.81);
    double time = fall;
    double flight = 2.0 * fall;
    for (int i = 1; i < k; i++) {
        flight *= c;
        time += flight;
    }
    return time;
}

static void test_bouncing_ball(void)
{
    enum { BOUNCES = 20 };
    Bench *bench = one_lane(BALL, 1e-8, 1e-10);
    const double parameters[] = {0.9, 5.0, 9.81};
    SubjectInput subject = {.parameters = parameters};
    double times[BOUNCES];
    for (int k = 1; k <= BOUNCES; k++) {
        times[k - 1] = 0.5 * (impact(5.0, 0.9, k) + impact(5.0, 0.9, k + 1));
    }
    run(bench, &subject, times[BOUNCES - 1], times, BOUNCES);
    for (int k = 1; k <= BOUNCES; k++) {
        double expected = impact(5.0, 0.9, k);
        CU_ASSERT_EQUAL(bench_value(bench, k - 1, 3, 0), k);
        CU_ASSERT(fabs(bench_value(bench, k - 1, 2, 0) - expected) <= 1e-8 * expected);
    }
    CU_ASSERT_EQUAL(fired(bench, 0), BOUNCES);
    bench_close(bench);
}

/* Warms at rate 1 while on, cools at rate 2 while off: on below 4, off above 5, from 4.5 and off:
 * on at 0.25, off at 1.25, on at 1.75, off at 2.75 ... */
static void test_relay(void)
{
    Bench *bench = one_lane("model relay\ntime h\nstate T = 4.5\nstate on = 0\n"
                            "d/dt(T) = if on > 0.5 then 1 else -2\nd/dt(on) = 0\n"
                            "event start when T <= 4 : on = 1\n"
                            "event stop when T >= 5 : on = 0\n",
                            1e-8, 1e-10);
    SubjectInput subject = {0};
    const double times[] = {0.25, 0.75, 1.5, 2.5, 299.0, 300.0};
    const double expected[] = {4.0, 4.5, 4.5, 4.75, 4.5, 4.5};
    run(bench, &subject, 300.0, times, 6);
    for (int row = 0; row < 6; row++) {
        double t = fmod(times[row] - 0.25 + 1.5, 1.5);
        double value = t < 1.0 ? 4.0 + t : 5.0 - 2.0 * (t - 1.0);
        CU_ASSERT(row > 3 || fabs(value - expected[row]) < 1e-12);
        CU_ASSERT(fabs(bench_value(bench, row, 0, 0) - value) < 1e-6);
    }
    CU_ASSERT_EQUAL(fired(bench, 0), 400); // 0.25 + 1.5 k, and 1.25 + 1.5 k, up to 300
    bench_close(bench);
}

/* t >= 7.3 and the like are stops: the value at the stop is the one after. */
static void test_timed_event_is_exact(void)
{
    Bench *bench = one_lane("model timed\ntime h\nparam at = 7.3\nstate x = 1\nstate stamp = 0\n"
                            "d/dt(x) = -0.1 * x\nd/dt(stamp) = 0\n"
                            "event top when t >= at : x = x + 1, stamp = t\n",
                            1e-9, 1e-12);
    const double at = 7.3;
    SubjectInput subject = {.parameters = &at};
    const double times[] = {7.0, 7.3, 10.0};
    run(bench, &subject, 10.0, times, 3);
    near(bench, 0, X, exp(-0.7));
    near(bench, 1, X, exp(-0.73) + 1.0);
    near(bench, 2, X, (exp(-0.73) + 1.0) * exp(-0.27));
    CU_ASSERT_EQUAL(bench_value(bench, 1, 1, 0), 7.3);
    CU_ASSERT_EQUAL(fired(bench, 0), 1);
    bench_close(bench);
}

/* Every 24 h, six pulses in [0, 150]; the one at 0 is true from the start and does not fire. */
static void test_periodic_timed_event(void)
{
    Bench *bench = one_lane("model daily\ntime h\nstate x = 0\nd/dt(x) = 0\n"
                            "event daily when t - 24 [h] * floor(t / 24 [h]) < 1 [h] : x = x + 1\n",
                            1e-6, 1e-9);
    SubjectInput subject = {0};
    const double times[] = {23.9, 24.0, 100.0, 150.0};
    run(bench, &subject, 150.0, times, 4);
    const double expected[] = {0, 1, 4, 6};
    for (int row = 0; row < 4; row++) {
        CU_ASSERT_EQUAL(bench_value(bench, row, X, 0), expected[row]);
    }
    bench_close(bench);
}

/* x = exp(-t) falls through 0.5 at ln 2, then starts anew from 1; sin crosses upwards once in a
 * turn and downwards once. */
static void test_falling(void)
{
    Bench *bench = one_lane("model falls\ntime h\nstate x = 1\nstate n = 0\nstate stamp = 0\n"
                            "d/dt(x) = -x\nd/dt(n) = 0\nd/dt(stamp) = 0\n"
                            "event refill when x > 0.5 : x = 1, n = n + 1, stamp = t, falling\n",
                            1e-9, 1e-12);
    SubjectInput subject = {0};
    const double times[] = {0.5, 1.0, 5.0};
    run(bench, &subject, 5.0, times, 3);
    near(bench, 0, X, exp(-0.5));
    near(bench, 1, X, exp(-(1.0 - log(2.0))));
    near(bench, 2, X, exp(-(5.0 - 7.0 * log(2.0))));
    near(bench, 2, Z, 7.0 * log(2.0));
    CU_ASSERT_EQUAL(bench_value(bench, 2, Y, 0), 7.0);
    bench_close(bench);
}

/* True from the start: has not become true. */
static void test_true_at_the_start_does_not_fire(void)
{
    Bench *bench = one_lane("model starts\ntime h\nstate x = 2\nstate n = 0\n"
                            "d/dt(x) = if t < 1 [h] then -1.5 else 1.5\nd/dt(n) = 0\n"
                            "event high when x > 1 : n = n + 1\n",
                            1e-8, 1e-10);
    SubjectInput subject = {0};
    const double times[] = {0.0, 1.2, 3.0};
    run(bench, &subject, 3.0, times, 3); // 0.5 at 1, then 1 at 1 + 1/3
    CU_ASSERT_EQUAL(bench_value(bench, 0, Y, 0), 0.0);
    CU_ASSERT_EQUAL(bench_value(bench, 1, Y, 0), 0.0);
    CU_ASSERT_EQUAL(bench_value(bench, 2, Y, 0), 1.0);
    bench_close(bench);
}

/* An event that puts a state onto its own threshold fires once, though the state goes on to rise.
 */
static void test_at_its_own_threshold(void)
{
    static const char *const models[] = {
        "model edge\ntime h\nstate x = 4.3\nstate n = 0\nd/dt(x) = 0.7\nd/dt(n) = 0\n"
        "event edge when x > 5 : x = 5, n = n + 1\n",
        "model edge\ntime h\nstate x = 4.3\nstate n = 0\nd/dt(x) = 0.7\nd/dt(n) = 0\n"
        "event edge when x >= 5 : x = 5, n = n + 1\n",
        "model edge\ntime h\nstate x = 4.3\nstate n = 0\nd/dt(x) = 0.7\nd/dt(n) = 0\n"
        "event edge when not (x <= 5) : x = 5 * (1 - 2e-16), n = n + 1\n",
    };
    for (int i = 0; i < 3; i++) {
        Bench *bench = one_lane(models[i], 1e-8, 1e-10);
        SubjectInput subject = {0};
        const double times[] = {1.0, 2.0, 9.0};
        run(bench, &subject, 9.0, times, 3);
        near(bench, 0, X, 5.0);
        near(bench, 1, X, 5.7);
        near(bench, 2, X, 5.0 + 0.7 * 8.0);
        CU_ASSERT_EQUAL(bench_value(bench, 2, Y, 0), 1.0);
        bench_close(bench);
    }
}

/* x = 1 - 0.01 (t - 50)^2 is above 0.9999 for 0.2 h, while the steps are tens of hours long. */
static void test_short_crossing_in_a_long_step(void)
{
    Bench *bench = one_lane("model peak\ntime h\nstate x = -24\nstate n = 0\n"
                            "d/dt(x) = -0.02 * (t - 50 [h])\nd/dt(n) = 0\n"
                            "event peak when x > 0.9999 : n = n + 1\n",
                            1e-8, 1e-8);
    SubjectInput subject = {0};
    const double times[] = {49.0, 51.0, 100.0};
    run(bench, &subject, 100.0, times, 3);
    CU_ASSERT_EQUAL(bench_value(bench, 0, Y, 0), 0.0);
    CU_ASSERT_EQUAL(bench_value(bench, 1, Y, 0), 1.0);
    CU_ASSERT_EQUAL(bench_value(bench, 2, Y, 0), 1.0);
    bench_close(bench);
}

/* ---- in which order ---- */

/* x = t. At 3 both are due: doubled then one more is 7, one more then doubled is 8. */
static void order(const char *events, double expected)
{
    Arena *arena = arena_new();
    Text text = text_new(arena);
    text_string(&text, "model order\ntime h\nparam first = 1\nstate x = 0\nstate clock = 0\n"
                       "d/dt(x) = 1\nd/dt(clock) = 1\n");
    text_string(&text, events);
    Bench *bench = one_lane(text.data, 1e-8, 1e-10);
    const double first = 1.0;
    SubjectInput subject = {.parameters = &first};
    const double times[] = {2.9, 3.0, 4.0};
    run(bench, &subject, 4.0, times, 3);
    near(bench, 0, X, 2.9);
    CU_ASSERT(fabs(bench_value(bench, 2, X, 0) - expected - 1.0) < 1e-7);
    CU_ASSERT_EQUAL(fired(bench, 0), 2);
    bench_close(bench);
    arena_free(arena);
}

static void test_two_events_at_one_instant(void)
{
    order("event a when clock > 3 : x = 2 * x\nevent b when clock > 3 : x = x + 1\n", 7.0);
    order("event b when clock > 3 : x = x + 1\nevent a when clock > 3 : x = 2 * x\n", 8.0);
    order("event a when clock > 3 : x = 2 * x\n"
          "event b when clock > 3 : x = x + 1, priority = 1\n",
          8.0);
    order("event a when clock > 3 : x = 2 * x, priority = 2\n"
          "event b when clock > 3 : x = x + 1, priority = first\n",
          7.0);
    // one is timed and exact, the other found by its surface a last place apart
    order("event a when clock / 7 >= 3 / 7 : x = 2 * x\n"
          "event b when clock * 1.1 > 3.3 : x = x + 1\n",
          7.0);
}

/* The values of one event are those before it: x and y change places. */
static void test_assignments_are_simultaneous(void)
{
    Bench *bench = one_lane("model swap\ntime h\nstate x = 1\nstate y = 2\nstate c = 0\n"
                            "d/dt(x) = 0\nd/dt(y) = 0\nd/dt(c) = 1\n"
                            "event swap when c > 1 : x = y, y = x\n",
                            1e-8, 1e-10);
    SubjectInput subject = {0};
    const double end = 2.0;
    run(bench, &subject, end, &end, 1);
    CU_ASSERT_EQUAL(bench_value(bench, 0, X, 0), 2.0);
    CU_ASSERT_EQUAL(bench_value(bench, 0, Y, 0), 1.0);
    bench_close(bench);
}

/* What an event makes true fires at the same instant; a circle without end is an outcome. */
static void test_cascade(void)
{
    Bench *bench = one_lane("model chain\ntime h\nstate x = 0\nstate y = 0\nstate z = 0\n"
                            "d/dt(x) = 1\nd/dt(y) = 0\nd/dt(z) = 0\n"
                            "event third when y > 1 : z = t\n"
                            "event first when x > 1 : y = 2\n",
                            1e-8, 1e-10);
    SubjectInput subject = {0};
    const double end = 2.0;
    run(bench, &subject, end, &end, 1);
    near(bench, 0, Z, 1.0);
    CU_ASSERT_EQUAL(fired(bench, 0), 2);
    bench_close(bench);

    bench = one_lane("model circle\ntime h\nstate x = 0\nstate y = 0\nd/dt(x) = 1\nd/dt(y) = 0\n"
                     "event up when x > 1 and y < 1 : y = 2\n"
                     "event down when y > 1 : y = 0\n",
                     1e-8, 1e-10);
    run(bench, &subject, end, &end, 1);
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_EVENTS);
    CU_ASSERT(fabs(pack_outcome(bench->pack, 0)->time - 1.0) < 1e-7);
    Text words = text_new(bench->arena);
    outcome_print(pack_outcome(bench->pack, 0), bench->model, &words);
    CU_ASSERT_PTR_NOT_NULL(strstr(words.data, "fires again and again at one instant"));
    CU_ASSERT_PTR_NOT_NULL(strstr(words.data, "R007"));
    bench_close(bench);
}

/* Triggered at 1 with x = 1, done at 1 + 0.7: y = 10 x of the trigger. */
static void test_delay(void)
{
    Bench *bench = one_lane("model late\ntime h\nparam d = 0.7\nstate x = 0\nstate y = 0\n"
                            "state stamp = 0\nd/dt(x) = 1\nd/dt(y) = 0\nd/dt(stamp) = 0\n"
                            "event late when x > 1 : y = 10 * x, delay = d\n"
                            "event mark when y > 5 : stamp = t\n",
                            1e-9, 1e-12);
    const double d = 0.7;
    SubjectInput subject = {.parameters = &d};
    const double times[] = {1.0, 1.6, 1.7, 1.8, 3.0};
    run(bench, &subject, 3.0, times, 5);
    CU_ASSERT_EQUAL(bench_value(bench, 0, Y, 0), 0.0);
    CU_ASSERT_EQUAL(bench_value(bench, 1, Y, 0), 0.0);
    near(bench, 3, Y, 10.0);
    near(bench, 4, Z, 1.7);
    CU_ASSERT_EQUAL(fired(bench, 0), 2);
    bench_close(bench);
}

/* A timed event with a delay is due at an exact time: 1 + 0.5, also where an output is. */
static void test_delayed_timed_event(void)
{
    Bench *bench = one_lane("model late\ntime h\nstate x = 0\nd/dt(x) = 0\n"
                            "event late when t >= 1 [h] : x = t, delay = 0.5 [h]\n",
                            1e-9, 1e-12);
    SubjectInput subject = {0};
    const double times[] = {1.0, 1.49, 1.5, 2.0};
    run(bench, &subject, 2.0, times, 4);
    CU_ASSERT_EQUAL(bench_value(bench, 1, X, 0), 0.0);
    CU_ASSERT_EQUAL(bench_value(bench, 2, X, 0), 1.0);
    bench_close(bench);
}

/* ---- with doses and outputs ---- */

static const char DOSED[] = "model dosed\ntime h\nstate x = 0\nstate n = 0\nstate seen = 0\n"
                            "d/dt(x) = -0.5 * x\nd/dt(n) = 0\nd/dt(seen) = 0\n"
                            "route iv -> x\n"
                            "event full when x > 8 : n = n + 1, seen = x\n"
                            "event clock when t >= 6 [h] : x = 0.5 * x\n";

/* A dose makes the condition true at its own instant; a timed event comes before the doses of its
 * instant, a state event after them. */
static void test_dose_triggers(void)
{
    Bench *bench = one_lane(DOSED, 1e-9, 1e-12);
    Dose dose = {.kind = DOSE_BOLUS, .amount = 10.0, .time = 0.0, .count = 3, .interval = 3.0};
    Regimen regimen = {&dose, 1};
    SubjectInput subject = {.regimen = &regimen};
    const double times[] = {0.0, 3.0, 6.0, 7.0};
    run(bench, &subject, 8.0, times, 4);
    double q = exp(-1.5);
    double before = (10.0 * q + 10.0) * q;
    near(bench, 0, X, 10.0);
    CU_ASSERT_EQUAL(bench_value(bench, 0, Y, 0), 1.0);
    CU_ASSERT_EQUAL(bench_value(bench, 0, Z, 0), 10.0);
    near(bench, 1, Z, 10.0 * q + 10.0);
    near(bench, 2, X, 0.5 * before + 10.0);
    near(bench, 2, Z, 0.5 * before + 10.0);
    CU_ASSERT_EQUAL(bench_value(bench, 3, Y, 0), 3.0);
    bench_close(bench);
}

/* x = t crosses 2 where an output is, and at the last output at the end. */
static void test_event_at_an_output(void)
{
    Bench *bench =
        one_lane("model out\ntime h\nstate x = 0\nd/dt(x) = 1\n"
                 "event drop when t >= 2 [h] : x = -1\nevent last when t >= 4 [h] : x = 50\n",
                 1e-9, 1e-12);
    SubjectInput subject = {0};
    const double times[] = {1.0, 2.0, 3.0, 4.0};
    run(bench, &subject, 4.0, times, 4);
    near(bench, 0, X, 1.0);
    CU_ASSERT_EQUAL(bench_value(bench, 1, X, 0), -1.0);
    near(bench, 2, X, 0.0);
    CU_ASSERT_EQUAL(bench_value(bench, 3, X, 0), 50.0);
    bench_close(bench);
}

/* Outputs in and around the step of a crossing change nothing. */
static void test_outputs_change_no_bit(void)
{
    Bench *bench = one_lane(BALL, 1e-7, 1e-9);
    const double parameters[] = {0.8, 3.0, 9.81};
    SubjectInput subject = {.parameters = parameters};
    const double end = 5.0;
    run(bench, &subject, end, &end, 1);
    double alone[4];
    for (int i = 0; i < 4; i++) {
        alone[i] = bench_value(bench, 0, i, 0);
    }
    double times[1001];
    for (int i = 0; i <= 1000; i++) {
        times[i] = 0.005 * i;
    }
    times[1000] = end;
    run(bench, &subject, end, times, 1001);
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(bench_value(bench, 1000, i, 0), alone[i]);
    }
    bench_close(bench);
}

/* ---- in each lane ---- */

/* Time in which x' = r x (1 - x) leads from one value to another, and where it leads in a time. */
static double growth_time(double r, double from, double to)
{
    return (log(to / (1.0 - to)) - log(from / (1.0 - from))) / r;
}

static double grown(double r, double from, double time)
{
    double factor = exp(r * time);
    return from * factor / (1.0 - from + from * factor);
}

/* Logistic growth, cut to a tenth whenever it passes the subject's own limit: 16 lanes with 16
 * different times against the closed form, and against each subject alone. */
static void test_sixteen_lanes(void)
{
    enum { LANES = 16, ROWS = 50 };
    static const char text[] = "model cut\ntime day\nparam r = 1\nparam limit = 0.5\n"
                               "state x = 0.01\nstate first = 0\nstate n = 0\n"
                               "d/dt(x) = r * x * (1 - x)\nd/dt(first) = 0\nd/dt(n) = 0\n"
                               "event cut when x > limit : x = 0.1 * x, n = n + 1,\n"
                               "  first = if n < 0.5 then t else first\n";
    double parameters[LANES][2];
    SubjectInput subjects[LANES];
    double times[ROWS];
    for (int i = 0; i < LANES; i++) {
        parameters[i][0] = 1.0 + 0.1 * i;
        parameters[i][1] = 0.9 - 0.03 * i;
        subjects[i] = (SubjectInput){.parameters = parameters[i]};
    }
    for (int row = 0; row < ROWS; row++) {
        times[row] = 0.15 * row + 0.1;
    }
    Bench *together = bench_model(text, NULL);
    bench_tolerance(together, 1e-7, 1e-10);
    bench_pack(together, LANES);
    bench_load(together, subjects, LANES, 0.0, 8.0);
    CU_ASSERT(bench_run(together, times, ROWS));
    Bench *alone = one_lane(text, 1e-7, 1e-10);
    double worst = 0.0;
    for (int lane = 0; lane < LANES; lane++) {
        run(alone, &subjects[lane], 8.0, times, ROWS);
        double r = parameters[lane][0];
        double limit = parameters[lane][1];
        double first = growth_time(r, 0.01, limit);
        double again = growth_time(r, 0.1 * limit, limit);
        worst = fmax(worst, bench_error(together, ROWS - 1, Y, lane, first));
        worst = fmax(worst, bench_error(alone, ROWS - 1, Y, 0, first));
        CU_ASSERT_EQUAL(fired(together, lane), 1 + (long)floor((8.0 - first) / again));
        CU_ASSERT_EQUAL(fired(together, lane), fired(alone, 0));
        for (int row = 0; row < ROWS; row++) {
            double since = times[row] - first;
            double expected = since < 0.0 ? grown(r, 0.01, times[row])
                                          : grown(r, 0.1 * limit, fmod(since, again));
            // growth keeps every relative error, so those of the pieces add up
            double pieces = since < 0.0 ? 1.0 : 2.0 + floor(since / again);
            worst = fmax(worst, bench_error(together, row, X, lane, expected) / pieces);
            worst = fmax(worst, bench_error(alone, row, X, 0, expected) / pieces);
        }
    }
    CU_ASSERT(worst <= 10.0);
    bench_close(together);
    bench_close(alone);
}

/* A lane whose event cannot be done ends; the other goes on as if alone. */
static void test_a_bad_assignment_ends_its_lane(void)
{
    Bench *bench = bench_model("model bad\ntime h\nparam p = 1\nstate x = 0\nd/dt(x) = 1\n"
                               "event e when x > 1 : x = ln(p)\n",
                               NULL);
    bench_tolerance(bench, 1e-8, 1e-10);
    bench_pack(bench, 2);
    const double parameters[] = {-1.0, 1.0};
    SubjectInput subjects[] = {{.parameters = &parameters[0]}, {.parameters = &parameters[1]}};
    bench_load(bench, subjects, 2, 0.0, 1.5);
    const double times[] = {0.5, 1.5};
    CU_ASSERT(bench_run(bench, times, 2));
    CU_ASSERT(bench_live(bench, 0, 0) && !bench_live(bench, 1, 0));
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_EVENTS);
    CU_ASSERT_EQUAL(bench_outcome(bench, 1), OUTCOME_DONE);
    CU_ASSERT(bench_error(bench, 1, X, 1, 0.5) <= 10.0);
    bench_close(bench);
}

SUITE("events", TEST(test_bouncing_ball), TEST(test_relay), TEST(test_timed_event_is_exact),
      TEST(test_periodic_timed_event), TEST(test_falling),
      TEST(test_true_at_the_start_does_not_fire), TEST(test_at_its_own_threshold),
      TEST(test_short_crossing_in_a_long_step), TEST(test_two_events_at_one_instant),
      TEST(test_assignments_are_simultaneous), TEST(test_cascade), TEST(test_delay),
      TEST(test_delayed_timed_event), TEST(test_dose_triggers), TEST(test_event_at_an_output),
      TEST(test_outputs_change_no_bit), TEST(test_sixteen_lanes),
      TEST(test_a_bad_assignment_ends_its_lane))
