/* test_tape.c: tapes against the tree walk, widths and instruction sets against each other, the
 * outputs of every program, the listing.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/hand_model.h"
#include "unit/random_model.h"
#include "unit/suite.h"

#include <math.h>

static const TapeOptions plain;

static double line(void *context, int table, double x, bool slope)
{
    return interpolant_value((const Interpolant *)context + table, x, slope);
}

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

/* How well conditioned an expression is at a point: the largest relative change when the inputs
 * change by a few ulps, as a multiple of 2^-52. */
static double sensitivity(const Graph *graph, Expr expr, const Point *point)
{
    Bindings bindings = point_bindings(point);
    double value = expr_evaluate(graph, expr, &bindings);
    double worst = 0;
    for (int k = 0; k < 6; k++) {
        Dice dice = {(uint64_t)k};
        Point near = *point;
        for (int i = 0; i < RANDOM_STATES; i++) {
            near.state[i] *= 1 + dice_between(&dice, -1e-10, 1e-10);
            near.parameter[i] *= 1 + dice_between(&dice, -1e-10, 1e-10);
        }
        Bindings moved = point_bindings(&near);
        worst = fmax(worst, fabs(expr_evaluate(graph, expr, &moved) - value) / 1e-10);
    }
    return worst;
}

static void check_program(const Model *model, const Tape *tape, ProgramName program,
                          const double *slots, const Point *point)
{
    Bindings bindings = point_bindings(point);
    for (int i = 0; i < tape->programs[program].output_count; i++) {
        Expr expr = program == PROGRAM_RATES ? model->states[i].rate : model->jacobian.entry[i];
        double want = expr_evaluate(model->graph, expr, &bindings);
        double got = slots[tape->programs[program].output + i];
        double limit = 1e-13 * fabs(want) + 1e-16; // terms of order 1 may cancel
        if (!(fabs(got - want) <= limit)) {        // only if the expression itself is that delicate
            limit += 1e-14 * sensitivity(model->graph, expr, point);
        }
        if (!same_bits(want, got) && !(fabs(got - want) <= limit)) {
            printf("program %d, output %d: %.17g, tree walk %.17g\n", (int)program, i, got, want);
            CU_FAIL("tape and tree walk differ");
        }
    }
    CU_PASS("checked");
}

static void test_random_models_agree_with_the_tree_walk(void)
{
    Dice dice = {30};
    for (int k = 0; k < 60; k++) {
        Arena *arena = arena_new();
        Model *model = random_model(arena, &dice, 4 + k % 12);
        const Tape *tape = tape_compile(arena, model, &plain);
        double *slots = hand_slots(arena, tape, 1);
        for (int m = 0; m < 3; m++) {
            Point point = random_point(&dice);
            hand_fill(tape, slots, 1, 0, &point);
            tape_setup(tape, slots, 1);
            tape_run(tape, PROGRAM_RATES, slots, 1);
            tape_run(tape, PROGRAM_JACOBIAN, slots, 1);
            check_program(model, tape, PROGRAM_RATES, slots, &point);
            check_program(model, tape, PROGRAM_JACOBIAN, slots, &point);
        }
        arena_free(arena);
    }
}

enum { MOST_LANES = 64 };

static void compare_width(Arena *arena, const Model *model, Isa isa, int width, const Point *points,
                          double *const *want)
{
    const TapeOptions options = {.isa = isa};
    const Tape *tape = tape_compile(arena, model, &options);
    double *slots = hand_slots(arena, tape, width);
    for (int lane = 0; lane < width; lane++) {
        hand_fill(tape, slots, width, lane, &points[lane]);
    }
    tape_setup(tape, slots, width);
    int different = 0;
    for (int p = PROGRAM_RATES; p <= PROGRAM_JACOBIAN; p++) {
        tape_run(tape, (ProgramName)p, slots, width);
        for (int i = 0; i < tape->programs[p].output_count; i++) {
            const double *got = tape_output(tape, (ProgramName)p, slots, i, width);
            for (int lane = 0; lane < width; lane++) {
                different += !same_bits(got[lane], want[lane][tape->programs[p].output + i]);
            }
        }
    }
    if (different > 0) {
        printf("%s, width %d: %d values differ from width 1\n", tape->isa, width, different);
    }
    CU_ASSERT_EQUAL(different, 0);
}

static void test_every_width_and_instruction_set_gives_the_same_bits(void)
{
    Dice dice = {31};
    for (int k = 0; k < 12; k++) {
        Arena *arena = arena_new();
        Model *model = random_model(arena, &dice, 12);
        Point points[MOST_LANES];
        double *want[MOST_LANES];
        const TapeOptions options = {.isa = ISA_BASELINE};
        const Tape *one = tape_compile(arena, model, &options);
        for (int lane = 0; lane < MOST_LANES; lane++) {
            points[lane] = random_point(&dice);
            if (lane % 5 == 1) { // a value outside everything's domain
                points[lane].state[lane % RANDOM_STATES] = lane % 2 == 0 ? -3 : 1e200;
            }
            want[lane] = hand_slots(arena, one, 1);
            hand_fill(one, want[lane], 1, 0, &points[lane]);
            tape_setup(one, want[lane], 1);
            tape_run(one, PROGRAM_RATES, want[lane], 1);
            tape_run(one, PROGRAM_JACOBIAN, want[lane], 1);
        }
        for (int width = 1; width <= MOST_LANES; width *= 2) {
            compare_width(arena, model, ISA_BASELINE, width, points, want);
            compare_width(arena, model, ISA_AVX2, width, points, want);
            compare_width(arena, model, ISA_AVX512, width, points, want);
        }
        arena_free(arena);
    }
}

/* Every operator, and each special case of operators.def, for many values of x0 and x1. */
static const char *const operations[] = {"x0 + x1",
                                         "x0 - x1",
                                         "x0 * x1",
                                         "x0 / x1",
                                         "-x0",
                                         "x0 ^ x1",
                                         "x0 ^ 2.5",
                                         "x0 ^ -3",
                                         "exp(x0)",
                                         "ln(x0)",
                                         "log10(x0)",
                                         "sqrt(x0)",
                                         "abs(x0)",
                                         "min(x0, x1)",
                                         "max(x0, x1)",
                                         "sin(x0)",
                                         "cos(x0)",
                                         "tan(x0)",
                                         "asin(x0)",
                                         "acos(x0)",
                                         "atan(x0)",
                                         "sinh(x0)",
                                         "cosh(x0)",
                                         "tanh(x0)",
                                         "erf(x0)",
                                         "lgamma(x0)",
                                         "digamma(x0)",
                                         "floor(x0)",
                                         "ceil(x0)",
                                         "x0 < x1",
                                         "x0 <= x1",
                                         "x0 == x1",
                                         "x0 != x1",
                                         "x0 and x1",
                                         "x0 or x1",
                                         "not x0",
                                         "if x0 then x1 else 7",
                                         "if x0 < x1 then x1 else 7",
                                         "if x0 <= x1 then 8 else x0",
                                         "if x0 > 0 then ln(x0) else 3",
                                         "hill(x0, x1, 1)",
                                         "hill(x0, x1, 2)",
                                         "hill(x0, x1, 3)",
                                         "hill(x0, x1, 5)",
                                         "hill(x0, x1, 8)",
                                         "hill(x0, x1, 2.5)",
                                         "hill(x0, p0, p1)",
                                         "hill(x0, p0, -p1)",
                                         "hill(x0, p0, x1)",
                                         "hill'(x0, x1, 1)",
                                         "hill'(x0, x1, 2)",
                                         "hill'(x0, x1, 5)",
                                         "hill'(x0, x1, 2.5)",
                                         "hill'(x0, p0, p1)",
                                         "hill'(x0, p0, x1)",
                                         "interp(table0, x0)",
                                         "interp(table1, x0)",
                                         "interp(table2, x0)",
                                         "interp'(table0, x0)",
                                         "interp'(table1, x0)",
                                         "interp'(table2, x0)"};

static const double table_x[] = {0, 1, 3, 4};
static const double table_y[] = {2, 1, 5, 5};
static const double table_slope[] = {-1.5, 0, 0, 0};
static const Interpolant tables[] = {{table_x, table_y, NULL, 4, INTERP_LINEAR},
                                     {table_x, table_y, NULL, 4, INTERP_STEP},
                                     {table_x, table_y, table_slope, 4, INTERP_PCHIP}};

static bool nearly(double want, double got, double part)
{
    return same_bits(want, got) || want == got || fabs(got - want) <= part * fabs(want) ||
           (fabs(want) < 1e-299 && fabs(got) < 1e-299) ||
           (fabs(want) > 1e299 && fabs(got) > 1e299 && signbit(want) == signbit(got));
}

/* What goes by logarithms, its own and its argument's, loses as much as they are large. */
static double precision(const char *text, double x, double want)
{
    double logarithms = fabs(log(fmax(x, 1e-300))) + fabs(log(fmax(fabs(want), 1e-300)));
    return strncmp(text, "hill", 4) == 0 ? 1e-14 + 4e-16 * logarithms : 1e-14;
}

static void check_operation(const char *text)
{
    static const double values[] = {-3,  -1, -0.5, -1e-6, -9e-7, -1e-300, 0,    1e-305, 1e-20, 1e-3,
                                    0.5, 1,  2,    3,     3.5,   30,      1e10, 1e154,  NAN};
    enum { COUNT = sizeof values / sizeof *values };
    Arena *arena = arena_new();
    Model *model = hand_model(arena);
    hand_rate(model, 0, text);
    const TapeOptions options = {.tables = tables};
    const Tape *tape = tape_compile(arena, model, &options);
    double *slots = hand_slots(arena, tape, 32);
    for (int i = 0; i < COUNT; i++) {
        Point points[32];
        for (int lane = 0; lane < 32; lane++) {
            points[lane] = (Point){.state = {values[i], values[lane % COUNT]},
                                   .parameter = {values[lane % COUNT], 1.5}};
            hand_fill(tape, slots, 32, lane, &points[lane]);
        }
        tape_setup(tape, slots, 32);
        tape_run(tape, PROGRAM_RATES, slots, 32);
        for (int lane = 0; lane < 32; lane++) {
            Bindings bindings = point_bindings(&points[lane]);
            bindings.interp = line;
            bindings.context = (void *)(size_t)tables;
            double want = expr_evaluate(model->graph, model->states[0].rate, &bindings);
            double got = tape_output(tape, PROGRAM_RATES, slots, 0, 32)[lane];
            bool good = nearly(want, got, precision(text, values[i], want));
            if (!good) {
                printf("%s at %g, %g: %.17g, tree walk %.17g\n", text, values[i],
                       values[lane % COUNT], got, want);
            }
            CU_ASSERT(good);
        }
    }
    arena_free(arena);
}

static void test_every_operation_at_special_values(void)
{
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        check_operation(operations[i]);
    }
}

static void set_route(Arena *arena, Model *model)
{
    model->route_count = 2;
    model->routes = arena_array(arena, 2, sizeof *model->routes);
    RouteTarget *targets = arena_array(arena, 3, sizeof *targets);
    const char *fractions[] = {"p0", "0.5", "x0 * 0 + t"};
    for (int i = 0; i < 3; i++) {
        targets[i].fraction = read_expr(model->graph, fractions[i], false);
        targets[i].lag = expr_number(model->graph, i);
    }
    model->routes[0] = (Route){
        .targets = targets, .target_count = 2, .rate = read_expr(model->graph, "p1 * t", false)};
    model->routes[1] = (Route){.targets = targets + 2,
                               .target_count = 1,
                               .duration = read_expr(model->graph, "p2 + 1", false)};
}

/* Only what the tape compiles. */
static void set_events(Arena *arena, Model *model)
{
    Expr zero = expr_number(model->graph, 0);
    model->event_count = 2;
    model->events = arena_array(arena, 2, sizeof *model->events);
    Assignment *assignments = arena_array(arena, 3, sizeof *assignments);
    assignments[0].value = read_expr(model->graph, "x0 * p1", false);
    assignments[1].value = read_expr(model->graph, "t", false);
    assignments[2].value = read_expr(model->graph, "c1", false);
    model->events[0] = (Event){.test = read_expr(model->graph, "x0 > p1", false),
                               .surface = read_expr(model->graph, "x0 - p1", false),
                               .off = zero,
                               .priority = read_expr(model->graph, "p2", false),
                               .assignments = assignments,
                               .assignment_count = 2};
    model->events[1] = (Event){.test = zero,
                               .surface = zero,
                               .off = zero,
                               .delay = read_expr(model->graph, "p3", false),
                               .assignments = assignments + 2,
                               .assignment_count = 1};
}

static void test_every_program_has_its_outputs(void)
{
    Arena *arena = arena_new();
    Model *model = hand_model(arena);
    set_route(arena, model);
    model->states[1].initial = read_expr(model->graph, "p3 * 2", false);
    model->states[2].initial = read_expr(model->graph, "p3 * 2", false);
    model->states[3].initial = read_expr(model->graph, "t", false);
    model->switches[1] = (Switch){.value = read_expr(model->graph, "t > p0", false),
                                  .surface = read_expr(model->graph, "t - p0", false),
                                  .slope = expr_number(model->graph, 1)};
    set_events(arena, model);
    Expr observed[] = {read_expr(model->graph, "x0 + s1", false),
                       read_expr(model->graph, "x0 + s1", false),
                       read_expr(model->graph, "c1", false)};
    const TapeOptions options = {.observed = observed, .observed_count = 3};
    const Tape *tape = tape_compile(arena, model, &options);
    const Point point = {.time = 3,
                         .state = {7},
                         .parameter = {0.25, 2, 3, 4},
                         .covariate = {0, 70},
                         .switches = {0, 1}};
    double *slots = hand_slots(arena, tape, 4);
    for (int lane = 0; lane < 4; lane++) {
        hand_fill(tape, slots, 4, lane, &point);
    }
    tape_setup(tape, slots, 4);
    static const double want[PROGRAM_PARTIALS][10] = {
        [PROGRAM_INITIAL] = {0, 8, 8, 3},
        [PROGRAM_OBSERVE] = {8, 8, 70},
        [PROGRAM_ROUTES] = {6, 0, 0.25, 0, 0.5, 1, 0, 4, 3, 2},
        [PROGRAM_SWITCHES] = {0, 0, 0, 1, 2.75, 1},
        [PROGRAM_EVENTS] = {1, 5, 0, 3, 0, 0, 0, 0, 0, 4},
        [PROGRAM_ASSIGN] = {14, 3, 70},
    };
    static const int counts[PROGRAM_PARTIALS] = {0, RANDOM_STATES, RANDOM_STATES, 0, 3, 10, 6, 10,
                                                 3};
    for (int p = PROGRAM_INITIAL; p < PROGRAM_PARTIALS; p++) {
        tape_run(tape, (ProgramName)p, slots, 4);
        CU_ASSERT_EQUAL(tape->programs[p].output_count, counts[p]);
        for (int i = 0; i < counts[p]; i++) {
            CU_ASSERT_EQUAL(tape_output(tape, (ProgramName)p, slots, i, 4)[3], want[p][i]);
        }
    }
    arena_free(arena);
}

static void test_the_listing_names_what_is_computed(void)
{
    Arena *arena = arena_new();
    Model *model = hand_model(arena);
    model->state_count = 2;
    model->switch_count = 0;
    hand_rate(model, 0, "-p0 * x0 * x1");
    hand_rate(model, 1, "p0 * x0 * x1 - hill(x1, p1, 1)");
    const Tape *tape = tape_compile(arena, model, &plain);
    Text text = text_new(arena);
    tape_list(tape, PROGRAM_RATES, &text);
    /* time s0, states s1.., parameters s3.., covariates s11.., constants s13.., hoisted s16,
     * working s17.., outputs of the initial program s19.., of the rates s21.. */
    CU_ASSERT_STRING_EQUAL(text.data, "s17 = multiply3 s1 s2 s3                # p0 * x0 * x1\n"
                                      "s21 = negate s17                        # -p0 * x0 * x1\n"
                                      "s18 = clamp s2 s13 s14                  # hill(x1, p1, 1)\n"
                                      "s18 = divide_sum s18 s18 s16            # hill(x1, p1, 1)\n"
                                      "s22 = subtract s17 s18                  "
                                      "# p0 * x0 * x1 - hill(x1, p1, 1)\n");
    arena_free(arena);
}

static void test_widths(void)
{
    const int lanes[] = {1, 2, 3, 4, 5, 8, 9, 16, 17, 32, 33};
    const int widths[] = {1, 2, 4, 4, 8, 8, 16, 16, 32, 32, 64};
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++) {
        CU_ASSERT_EQUAL(tape_width(lanes[i]), widths[i]);
    }
}

static void test_interpolants(void)
{
    /* a cubic with its own slopes is reproduced: y = x^3 - x, y' = 3 x^2 - 1 */
    const double x[] = {-1, 0.5, 2};
    const double y[] = {0, -0.375, 6};
    const double slope[] = {2, -0.25, 11};
    const Interpolant cubic = {x, y, slope, 3, INTERP_PCHIP};
    for (double at = -1; at < 2; at += 0.0625) {
        CU_ASSERT_DOUBLE_EQUAL(interpolant_value(&cubic, at, false), at * at * at - at, 1e-14);
        CU_ASSERT_DOUBLE_EQUAL(interpolant_value(&cubic, at, true), 3 * at * at - 1, 1e-13);
    }
    const Interpolant *linear = &tables[0];
    const double at[] = {-1, 0, 0.5, 1, 2, 3, 3.5, 4, 9};
    const double value[] = {2, 2, 1.5, 1, 3, 5, 5, 5, 5};
    const double slopes[] = {0, -1, -1, 2, 2, 0, 0, 0, 0};
    const double step[] = {2, 2, 2, 1, 1, 5, 5, 5, 5};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        CU_ASSERT_EQUAL(interpolant_value(linear, at[i], false), value[i]);
        CU_ASSERT_EQUAL(interpolant_value(linear, at[i], true), slopes[i]);
        CU_ASSERT_EQUAL(interpolant_value(&tables[1], at[i], false), step[i]);
        CU_ASSERT_EQUAL(interpolant_value(&tables[1], at[i], true), 0);
    }
    CU_ASSERT(isnan(interpolant_value(linear, NAN, false)));
    const Interpolant single = {table_x, table_y, NULL, 1, INTERP_LINEAR};
    CU_ASSERT_EQUAL(interpolant_value(&single, 0, false), 2);
    CU_ASSERT_EQUAL(interpolant_value(&single, 5, true), 0);
}

SUITE("tape", TEST(test_random_models_agree_with_the_tree_walk),
      TEST(test_every_width_and_instruction_set_gives_the_same_bits),
      TEST(test_every_operation_at_special_values), TEST(test_every_program_has_its_outputs),
      TEST(test_the_listing_names_what_is_computed), TEST(test_widths), TEST(test_interpolants))
