/* test_rosenbrock_columns.c: sensitivities along each lane's own steps. Expected values are closed
 * forms, differentiated by hand; what is said of bits is compared bit by bit.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define SLOPE_METHOD SOLVER_ROSENBROCK
#include "simulate/columns_inside.h"
#include "simulate/sensitivity.h"
#include "unit/sensitive_bench.h"

#include <stdint.h>

enum { LANES = 16, TIMES = 31 };

/* ---- the method ---- */

/* Lobatto's (Abramowitz and Stegun 25.4.32), from 0 to 1. */
static double node(int n)
{
    const double inner = sqrt(0.2);
    const double nodes[COLUMN_NODES] = {0.0, 0.5 * (1.0 - inner), 0.5 * (1.0 + inner), 1.0};
    return nodes[n];
}

/* Polynomials of degree 3 are met everywhere, and their slopes at 0. */
static void test_weights_of_the_nodes(void)
{
    double slope[COLUMN_NODES];
    columns_slope_weights(slope);
    for (int power = 0; power < COLUMN_NODES; power++) {
        double rise = 0.0;
        for (int n = 0; n < COLUMN_NODES; n++) {
            rise += slope[n] * pow(node(n), power);
        }
        CU_ASSERT_DOUBLE_EQUAL(rise, power == 1 ? 1.0 : 0.0, 1e-13);
        for (double s = 0.0; s <= 1.0; s += 0.0625) {
            double weight[COLUMN_NODES];
            double value = 0.0;
            columns_weights(s, weight);
            for (int n = 0; n < COLUMN_NODES; n++) {
                value += weight[n] * pow(node(n), power);
            }
            CU_ASSERT_DOUBLE_EQUAL(value, pow(s, power), 1e-14);
        }
    }
}

// x = 1 / (1 / x0 + a t^2), y = sin(b t): not linear, not autonomous
static const char SMOOTH[] = "model smooth \"closed forms\"\n"
                             "time hour\n"
                             "param a = 1\nparam b = 2\n"
                             "state x = 1\nstate y = 0\n"
                             "d/dt(x) = -2 * a * (t / 1 [hour]) * x * x * 1 [1/hour]\n"
                             "d/dt(y) = 1 [1/hour] * (b * cos(b * t / 1 [hour]) + x - 1 / "
                             "(1 + a * (t / 1 [hour])^2))\n";

static const SensitiveTarget BY_A_B_X[] = {
    {SENSITIVE_PARAMETER, 0}, {SENSITIVE_PARAMETER, 1}, {SENSITIVE_INITIAL, 0}};

/* The largest error of the derivatives (each of them is of the size of 1). */
static double smooth_error(const Slopes *slopes, const double *s, double t)
{
    const double x = 1.0 / (1.0 + t * t);
    const double expected[3][2] = {{-t * t * x * x, 0.0}, {0.0, t * cos(2.0 * t)}, {x * x, NAN}};
    double worst = 0.0;
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 2 && !isnan(expected[k][i]); i++) {
            double found = s[slope_at(slopes, k, i, 0)] / slopes->scale[k];
            worst = fmax(worst, fabs(found - expected[k][i]));
        }
    }
    return worst;
}

/* At the end, and inside steps, of so many equal steps over 2 hours. */
static void equal_steps(int count, double *end, double *inside)
{
    Slope *slope = slope_open(SMOOTH, 1e-6, 1e-9, 1);
    Pack *pack = slope->bench->pack;
    const double values[] = {1.0, 2.0};
    SubjectInput subject = {.parameters = values};
    CU_ASSERT_FATAL(pack_sensitivities(pack, BY_A_B_X, 3));
    bench_load(slope->bench, &subject, 1, 0.0, 2.0);
    const Slopes *slopes = &pack->sensitivity->slopes;
    Rosenbrock method;
    rosenbrock_open(&method, slope->bench->arena, &pack->main, 1e-6, slope->bench->atol);
    method.keeps_factors = true;
    Columns *columns = columns_open(slope->bench->arena, slopes, blocklu_program(method.sparse));
    Stage *stage = &pack->main;
    const int lane = 0;
    const bool wanted = true;
    const double part = 0.4;
    *end = *inside = 0.0;
    stage->limits[0] = HUGE_VAL;
    columns_set_out(columns, lane);
    for (int k = 0; k < count; k++) {
        stage->origin[0] = 2.0 * k / count;
        stage->scale[0] = 2.0 / count;
        rosenbrock_try(&method);
        method.error[0] = 0.0; // these steps are taken whatever it is
        columns_try(columns, &method, &lane, &wanted);
        CU_ASSERT(isfinite(method.error[0]) && method.error[0] > 0.0);
        columns_value(columns, lane, part);
        double now = stage->origin[0] + part * stage->scale[0];
        *inside = fmax(*inside, smooth_error(slopes, slopes->inside, now));
        memcpy(stage->y, method.next, 2 * sizeof(double));
        columns_take(columns, lane);
    }
    columns_arrive(columns, lane);
    *end = smooth_error(slopes, slopes->s, 2.0);
    slope_close(slope);
}

/* Twice as many steps: errors 2^5 times smaller, within a step 2^4 and more. */
static void test_order(void)
{
    double end[2];
    double inside[2];
    equal_steps(40, &end[0], &inside[0]);
    equal_steps(80, &end[1], &inside[1]);
    CU_ASSERT(end[0] < 1e-6 && inside[0] < 1e-6);
    CU_ASSERT(end[0] / end[1] > 24.0 && end[0] / end[1] < 45.0);
    CU_ASSERT(inside[0] / inside[1] > 14.0);
}

// The first pivot of I - gamma h J is zero for h gamma a = 1.
static const char TURNING[] = "model turning \"a pivot that vanishes\"\n"
                              "time hour\n"
                              "param a [1/hour]\n"
                              "state x = 1\nstate y = 1\n"
                              "d/dt(x) = a * x - 3 * a * y\n"
                              "d/dt(y) = 3 * a * x + a * y\n";

/* The columns of one step of two lanes, of lengths h. */
static void two_lanes(double first, double second, double *columns_after, int *pivots)
{
    Slope *slope = slope_open(TURNING, 1e-6, 1e-9, 2);
    Pack *pack = slope->bench->pack;
    const double rates[2] = {0.02, 0.01};
    SubjectInput subjects[2] = {{.parameters = &rates[0]}, {.parameters = &rates[1]}};
    const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, 0}, {SENSITIVE_INITIAL, 1}};
    CU_ASSERT_FATAL(pack_sensitivities(pack, targets, 2));
    bench_load(slope->bench, subjects, 2, 0.0, 1.0);
    Rosenbrock method;
    rosenbrock_open(&method, slope->bench->arena, &pack->main, 1e-6, slope->bench->atol);
    method.keeps_factors = true;
    const Slopes *slopes = &pack->sensitivity->slopes;
    Columns *columns = columns_open(slope->bench->arena, slopes, blocklu_program(method.sparse));
    const int lane_of[] = {0, 1};
    const bool wanted[] = {false, false};
    const double length[] = {first, second};
    pack->main.own = true;
    for (int lane = 0; lane < 2; lane++) {
        pack->main.origin[lane] = 0.0;
        pack->main.scale[lane] = length[lane];
        pack->main.limits[lane] = HUGE_VAL;
        columns_set_out(columns, lane);
    }
    rosenbrock_try(&method);
    *pivots = method.pivot_count;
    method.error[0] = method.error[1] = 0.0;
    columns_try(columns, &method, lane_of, wanted);
    for (int lane = 0; lane < 2; lane++) {
        columns_take(columns, lane);
        columns_arrive(columns, lane);
    }
    memcpy(columns_after, slopes->s, 8 * sizeof *columns_after);
    slope_close(slope);
}

/* Factors that pivot are those of the columns too; a hair beside, where the sparse ones do, the
 * step is nearly the same, and the neighbour's has the same bits. */
static void test_pivots(void)
{
    const double h = 1.0 / (rosenbrock_method().gamma * 0.02);
    double with[8];
    double without[8];
    int pivots = 0;
    two_lanes(h, h, with, &pivots);
    CU_ASSERT_EQUAL(pivots, 1);
    two_lanes(h * (1.0 + 1e-4), h, without, &pivots);
    CU_ASSERT_EQUAL(pivots, 0);
    for (int row = 0; row < 4; row++) {
        CU_ASSERT(isfinite(with[2 * row]) && with[2 * row] != 0.0);
        CU_ASSERT_DOUBLE_EQUAL(with[2 * row] / without[2 * row], 1.0, 1e-2);
        CU_ASSERT(with[2 * row + 1] == without[2 * row + 1]);
    }
}

/* y is 1e6, and what ripples in it by e is 1e-4 and smaller than anybody could see: its column does
 * not make the steps. Where e makes a thousandth of y, it does, and is right. */
static void test_what_nobody_sees(void)
{
    static const double ripple[] = {1e-4, 1e3};
    long steps[2][2];
    for (int i = 0; i < 4; i++) {
        const int large = i / 2;
        const int columns = i % 2;
        Slope *slope = slope_open("model ripple\ntime hour\nparam k [1/hour] = 0.1\nparam e = 1\n"
                                  "state y = 1e6\n"
                                  "d/dt(y) = -k * y + e * sin(20 * t / 1 [hour]) * 1 [1/hour]\n",
                                  1e-6, 1e-9, 1);
        const double p[] = {0.1, ripple[large]};
        const SubjectInput subject = {.parameters = p};
        const SensitiveTarget target = {SENSITIVE_PARAMETER, 1};
        const double end = 5.0;
        slope_run(slope, &target, columns, &subject, 1, &end, 1);
        steps[large][columns] = pack_stats(slope->bench->pack)->own_steps;
        const double k = 0.1; // y' = -k y + sin(20 t)
        double by_e = (k * sin(100.0) - 20.0 * cos(100.0) + 20.0 * exp(-0.5)) / (k * k + 400.0);
        if (columns == 1 && large == 1) {
            slope_near(slope, 0, 0, 0, by_e, 1e-3, 0.0);
        }
        slope_close(slope);
    }
    CU_ASSERT(steps[0][1] <= steps[0][0] + steps[0][0] / 10);
    CU_ASSERT(steps[1][1] > steps[0][1]);
}

/* ---- lanes ---- */

// Stiff and slow, boluses at times of their own, a burst at 1/c, a condition on time, a derivative
// that is infinite where its parameter is 1e-320; as many parameters as do not fit in one block
static const char MIXED[] = "model mixed \"subjects of all kinds\"\n"
                            "time hour\n"
                            "param k [1/hour] = 0.3\nparam fast [1/hour] = 1000\n"
                            "param c [1/hour] = 0\nparam until [hour] = 7\nparam q = 1\n"
                            "param p1 = 1\nparam p2 = 1\nparam p3 = 1\nparam p4 = 1\nparam p5 = 1\n"
                            "param p6 = 1\nparam p7 = 1\nparam p8 = 1\n"
                            "state A = 0\nstate s = 0\nstate x = 1\nstate w = 0\nstate z = 1\n"
                            "d/dt(A) = -k * A\n"
                            "d/dt(s) = fast * (A - s)\n"
                            "d/dt(x) = c * x * x\n"
                            "d/dt(w) = if t < until then p1 * p2 * p3 * p4 * 1 [1/hour] "
                            "else 0 [1/hour]\n"
                            "d/dt(z) = q^0.01 * p5 * p6 * p7 * p8 * 1 [1/hour] - k * z\n";
enum { A, S, X, W, Z, STATES };
enum { K, FAST, C, UNTIL, Q, PARAMETERS = 13 };

typedef struct {
    double parameters[LANES][PARAMETERS];
    Dose doses[LANES];
    Regimen regimens[LANES];
    SubjectInput subjects[LANES];
    double grid[TIMES];
    SensitiveTarget targets[PARAMETERS + 2];
} Mix;
enum { BY_AMOUNT = PARAMETERS, BY_TIME, TARGETS };

static void fill_mix(Mix *mix)
{
    for (int i = 0; i < LANES; i++) {
        for (int p = 0; p < PARAMETERS; p++) {
            mix->parameters[i][p] = 1.0;
        }
        mix->parameters[i][K] = 0.1 + 0.03 * i;
        mix->parameters[i][FAST] = i % 2 == 0 ? 1000.0 : 3.0;
        mix->parameters[i][C] = 0.0;
        mix->parameters[i][UNTIL] = 3.3 + 0.5 * i;
        mix->doses[i] = (Dose){.kind = DOSE_BOLUS,
                               .route = -1,
                               .state = A,
                               .amount = 10.0 + i,
                               .time = 1.0 + 0.17 * i,
                               .count = 3,
                               .interval = 3.0 + 0.1 * i};
        mix->regimens[i] = (Regimen){&mix->doses[i], 1};
        mix->subjects[i] =
            (SubjectInput){.parameters = mix->parameters[i], .regimen = &mix->regimens[i]};
    }
    for (int i = 0; i < TIMES; i++) {
        mix->grid[i] = 0.5 * i;
    }
    for (int p = 0; p < PARAMETERS; p++) {
        mix->targets[p] = (SensitiveTarget){SENSITIVE_PARAMETER, p};
    }
    mix->targets[BY_AMOUNT] = (SensitiveTarget){SENSITIVE_DOSE_AMOUNT, 0};
    mix->targets[BY_TIME] = (SensitiveTarget){SENSITIVE_DOSE_TIME, 0};
}

/* Derivatives of A and s, which follows it: the responses to doses of D are D e^-kt and
 * D f / (f - k) (e^-kt - e^-ft). */
static void expected_at(const Mix *mix, int lane, double time, double slope[TARGETS][STATES])
{
    const double k = mix->parameters[lane][K];
    const double f = mix->parameters[lane][FAST];
    const double amount = mix->doses[lane].amount;
    const double gap = f - k;
    memset(slope, 0, TARGETS * sizeof *slope);
    for (int i = 0; i < 3; i++) {
        double t = time - mix->doses[lane].time - i * mix->doses[lane].interval;
        double ek = exp(-k * t);
        double ef = exp(-f * t);
        if (t < 0.0) {
            continue;
        }
        slope[K][A] += -amount * t * ek;
        slope[K][S] += amount * (f / (gap * gap) * (ek - ef) - f / gap * t * ek);
        slope[FAST][S] += amount * (-k / (gap * gap) * (ek - ef) + f / gap * t * ef);
        slope[BY_AMOUNT][A] += ek;
        slope[BY_AMOUNT][S] += f / gap * (ek - ef);
        slope[BY_TIME][A] += amount * k * ek;
        slope[BY_TIME][S] += amount * f / gap * (k * ek - f * ef);
    }
    double past = time > mix->parameters[lane][UNTIL] ? 1.0 : 0.0;
    slope[UNTIL][W] = past;
    slope[5][W] = fmin(time, mix->parameters[lane][UNTIL]);
    double ek = exp(-k * time);
    slope[Q][Z] = 0.01 * (1.0 - ek) / k;
    slope[12][Z] = (1.0 - ek) / k;
    slope[K][Z] = -(1.0 - ek) / (k * k) + time * ek / k - time * ek;
}

/* The largest error over times and lanes, relative to the largest that the derivative has. */
static double largest_error(const Slope *slope, const Mix *mix)
{
    static const int states[] = {A, S, W, Z};
    double worst = 0.0;
    for (int lane = 0; lane < LANES; lane++) {
        for (int i = 0; i < 4; i++) {
            const int state = states[i];
            double error[TARGETS] = {0};
            double most[TARGETS] = {0};
            for (int row = 0; row < TIMES; row++) {
                double expected[TARGETS][STATES];
                expected_at(mix, lane, mix->grid[row], expected);
                for (int k = 0; k < TARGETS; k++) {
                    double miss = fabs(slope_of(slope, row, k, state, lane) - expected[k][state]);
                    bool known = k <= UNTIL || k == Q || k == 5 || k == 12 || k >= BY_AMOUNT;
                    error[k] = known ? fmax(error[k], miss) : 0.0;
                    most[k] = fmax(most[k], fabs(expected[k][state]));
                }
            }
            for (int k = 0; k < TARGETS; k++) {
                worst = fmax(worst, most[k] > 0.0 ? error[k] / most[k] : error[k]);
            }
        }
    }
    return worst;
}

static void test_closed_forms_at_three_tolerances(void)
{
    static const double rtols[] = {1e-4, 1e-7, 1e-10};
    static Mix mix;
    fill_mix(&mix);
    for (int i = 0; i < 3; i++) {
        Slope *slope = slope_open(MIXED, rtols[i], 1e-3 * rtols[i], LANES);
        slope_run(slope, mix.targets, TARGETS, mix.subjects, LANES, mix.grid, TIMES);
        double error = largest_error(slope, &mix);
        CU_ASSERT(error < 30.0 * rtols[i]);
        CU_ASSERT(pack_stats(slope->bench->pack)->own_steps > 0);
        slope_close(slope);
    }
}

typedef struct {
    double slopes[TIMES][PARAMETERS][STATES];
} Found;

/* What a lane gets, from a pack of so many lanes with this subject at its place. */
static void run_at(const Mix *mix, Isa isa, int width, int subject, int place, Found *found)
{
    Slope *slope = slope_open(MIXED, 1e-6, 1e-8, width);
    Bench *bench = slope->bench;
    TapeOptions options = {.observed_count = STATES, .derive = true, .isa = isa};
    Expr observed[STATES];
    int all[PARAMETERS];
    for (int i = 0; i < STATES; i++) {
        observed[i] = expr_symbol(bench->model->graph, SYMBOL_STATE, i);
    }
    for (int i = 0; i < PARAMETERS; i++) {
        all[i] = i;
    }
    options.observed = observed;
    options.sensitive = all;
    options.sensitive_count = PARAMETERS;
    bench->tape = tape_compile(bench->arena, bench->model, &options);
    bench_pack(bench, width);
    slope->targets = PARAMETERS;
    CU_ASSERT_FATAL(pack_sensitivities(bench->pack, mix->targets, PARAMETERS));
    SubjectInput subjects[LANES];
    for (int i = 0; i < width; i++) {
        subjects[i] = mix->subjects[i == place ? subject : (subject + 1 + i) % LANES];
    }
    bench_load(bench, subjects, width, 0.0, mix->grid[TIMES - 1]);
    CU_ASSERT(pack_run(bench->pack, mix->grid, TIMES, slope_sink, slope, NULL));
    CU_ASSERT_EQUAL(bench_outcome(bench, place), OUTCOME_DONE);
    for (int row = 0; row < TIMES; row++) {
        for (int k = 0; k < PARAMETERS; k++) {
            for (int state = 0; state < STATES; state++) {
                found->slopes[row][k][state] = slope_of(slope, row, k, state, place);
            }
        }
    }
    slope_close(slope);
}

/* Alone, at any place and width, beside those that fail, by any instruction set: the same bits. */
static void test_nobody_matters_to_another(void)
{
    static Mix mix;
    static Found alone, beside;
    fill_mix(&mix);
    mix.parameters[3][C] = 0.25;    // explodes at t = 4
    mix.parameters[5][Q] = 1e-320;  // its column is not finite
    mix.parameters[11][FAST] = 1e7; // far stiffer than the others
    run_at(&mix, ISA_BEST, 1, 6, 0, &alone);
    static const int widths[] = {2, 4, 8, 16, 16, 16};
    static const int places[] = {1, 0, 5, 3, 15, 9};
    static const Isa isas[] = {ISA_BEST, ISA_BEST, ISA_BEST, ISA_BEST, ISA_BASELINE, ISA_AVX2};
    for (int i = 0; i < 6; i++) {
        run_at(&mix, isas[i], widths[i], 6, places[i], &beside);
        CU_ASSERT_EQUAL(memcmp(&alone, &beside, sizeof alone), 0);
    }
}

/* A column that is not finite ends its lane, and nobody else. */
static void test_a_column_that_is_not_finite(void)
{
    static Mix mix;
    fill_mix(&mix);
    mix.parameters[5][Q] = 1e-320;
    Slope *slope = slope_open(MIXED, 1e-6, 1e-8, LANES);
    slope->targets = TARGETS;
    CU_ASSERT_FATAL(pack_sensitivities(slope->bench->pack, mix.targets, TARGETS));
    bench_load(slope->bench, mix.subjects, LANES, 0.0, 15.0);
    CU_ASSERT(pack_run(slope->bench->pack, mix.grid, TIMES, slope_sink, slope, NULL));
    for (int lane = 0; lane < LANES; lane++) {
        OutcomeKind kind = bench_outcome(slope->bench, lane);
        CU_ASSERT(lane == 5 ? kind == OUTCOME_NO_CONVERGENCE : kind == OUTCOME_DONE);
    }
    slope_close(slope);
}

/* ---- outputs ---- */

typedef struct {
    Pack *pack;
    double slope[4];
    int count;
} Seen;

static bool see(void *context, int index, double time, const double *values, const bool *live,
                int width)
{
    Seen *seen = context;
    (void)index, (void)time, (void)values, (void)live, (void)width;
    CU_ASSERT_FATAL(seen->count < 4);
    seen->slope[seen->count++] = pack_sensitivity(seen->pack, 0)[0];
    return true;
}

/* Doses at 1 and 2 h, the second seen before and after: by their amount exp(-k), then 1 more. */
static void test_before_and_after_a_dose(void)
{
    Slope *slope = slope_open("model one\ntime h\nparam k = 0.5\nstate A = 0\n"
                              "d/dt(A) = -k * A\n",
                              1e-8, 1e-10, 1);
    Seen seen = {.pack = slope->bench->pack};
    const double k = 0.5;
    Dose dose = {.kind = DOSE_BOLUS,
                 .route = -1,
                 .state = 0,
                 .amount = 3.0,
                 .time = 1.0,
                 .count = 2,
                 .interval = 1.0};
    Regimen regimen = {&dose, 1};
    const SubjectInput subject = {.parameters = &k, .regimen = &regimen};
    const SensitiveTarget by_amount = {SENSITIVE_DOSE_AMOUNT, 0};
    const double times[] = {2.0, 3.0};
    CU_ASSERT_FATAL(pack_sensitivities(seen.pack, &by_amount, 1));
    pack_at_dose(seen.pack, AT_DOSE_BOTH);
    bench_load(slope->bench, &subject, 1, 0.0, 3.0);
    CU_ASSERT(pack_run(seen.pack, times, 2, see, &seen, NULL));
    CU_ASSERT_EQUAL(seen.count, 3);
    CU_ASSERT_DOUBLE_EQUAL(seen.slope[0], exp(-0.5), 1e-7);
    CU_ASSERT_DOUBLE_EQUAL(seen.slope[1], exp(-0.5) + 1.0, 1e-7);
    CU_ASSERT_DOUBLE_EQUAL(seen.slope[2], exp(-1.0) + exp(-0.5), 1e-7);
    slope_close(slope);
}

SUITE("Rosenbrock columns", TEST(test_weights_of_the_nodes), TEST(test_order), TEST(test_pivots),
      TEST(test_what_nobody_sees), TEST(test_closed_forms_at_three_tolerances),
      TEST(test_nobody_matters_to_another), TEST(test_a_column_that_is_not_finite),
      TEST(test_before_and_after_a_dose))
