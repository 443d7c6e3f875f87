/* test_stops.c: where functions of time pass through zero, against zeros that are known.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/arena.h"
#include "simulate/stops.h"
#include "unit/suite.h"

#include <math.h>

static SurfacePoint less_fifty(void *context, double time)
{
    (void)context;
    return (SurfacePoint){time - 50.0, 1.0};
}

static SurfacePoint three_tenths(void *context, double time)
{
    (void)context;
    return (SurfacePoint){0.3 - time, -1.0};
}

static SurfacePoint weeks(void *context, double time)
{
    (void)context;
    return (SurfacePoint){time / 7.0, 1.0 / 7.0};
}

static SurfacePoint sawtooth(void *context, double time)
{
    (void)context;
    return (SurfacePoint){time - 7.0 * floor(time / 7.0) - 1.0, 1.0};
}

/* Period 1: the grid of a search over 1024 lies on whole numbers. */
static SurfacePoint day_and_night(void *context, double time)
{
    double level = *(const double *)context;
    double omega = 2.0 * acos(-1.0);
    return (SurfacePoint){sin(omega * time) - level, omega * cos(omega * time)};
}

static SurfacePoint parabola(void *context, double time)
{
    (void)context;
    return (SurfacePoint){(time - 10.0) * (time - 20.0), 2.0 * time - 30.0};
}

static SurfacePoint exponential(void *context, double time)
{
    (void)context;
    return (SurfacePoint){exp(time), exp(time)};
}

static SurfacePoint no_number(void *context, double time)
{
    (void)context;
    (void)time;
    return (SurfacePoint){HUGE_VAL - HUGE_VAL, HUGE_VAL - HUGE_VAL};
}

static void test_linear_is_exact(void)
{
    TimeList list = {.arena = arena_new()};
    CU_ASSERT(stops_linear(less_fifty, NULL, 0.0, 1000.0, false, &list));
    CU_ASSERT(stops_linear(less_fifty, NULL, 1.0 / 3.0, 1e7 / 3.0, false, &list));
    CU_ASSERT(stops_linear(three_tenths, NULL, 0.0, 1e6, false, &list));
    CU_ASSERT_EQUAL_FATAL(list.count, 3);
    CU_ASSERT_EQUAL(list.times[0], 50.0);
    CU_ASSERT_EQUAL(list.times[1], 50.0);
    CU_ASSERT_EQUAL(list.times[2], 0.3);
    arena_free(list.arena);
}

static void test_outside_is_left_out(void)
{
    TimeList list = {.arena = arena_new()};
    CU_ASSERT(stops_linear(less_fifty, NULL, 0.0, 50.0, false, &list));
    CU_ASSERT(stops_linear(less_fifty, NULL, 50.0, 60.0, false, &list));
    CU_ASSERT(stops_linear(less_fifty, NULL, 51.0, 60.0, false, &list));
    CU_ASSERT_EQUAL(list.count, 0);
    arena_free(list.arena);
}

static void test_whole_numbers(void)
{
    TimeList list = {.arena = arena_new()};
    CU_ASSERT(stops_linear(weeks, NULL, 0.0, 364.5, true, &list));
    times_sort(&list);
    CU_ASSERT_EQUAL_FATAL(list.count, 52);
    for (size_t i = 0; i < list.count; i++) {
        CU_ASSERT_EQUAL(list.times[i], 7.0 * (double)(i + 1));
    }
    arena_free(list.arena);
}

static void test_whole_numbers_of_a_curve(void)
{
    TimeList list = {.arena = arena_new()};
    CU_ASSERT(stops_curved(exponential, NULL, 0.5, 4.0, true, &list)); // exp: 1.65 to 54.6
    times_sort(&list);
    CU_ASSERT_EQUAL_FATAL(list.count, 53);
    for (size_t i = 0; i < list.count; i++) {
        CU_ASSERT_DOUBLE_EQUAL(list.times[i], log((double)(i + 2)), 1e-15 * 4.0);
    }
    arena_free(list.arena);
}

static void test_sawtooth_by_bisection(void)
{
    TimeList list = {.arena = arena_new()};
    CU_ASSERT(stops_curved(sawtooth, NULL, 0.0, 70.0, false, &list));
    times_sort(&list);
    int found = 0;
    for (size_t i = 0; i < list.count; i++) {
        for (int week = 0; week < 10; week++) {
            found += list.times[i] == 7.0 * week + 1.0;
        }
    }
    CU_ASSERT_EQUAL(found, 10);
    arena_free(list.arena);
}

/* asin(level) / 2 pi and its mirror in each of 1024 periods, also when the pulse is narrow. */
static void test_periods_do_not_hide(void)
{
    static const double levels[] = {0.0, 0.5, 0.9999};
    for (int k = 0; k < 3; k++) {
        double level = levels[k];
        TimeList list = {.arena = arena_new()};
        CU_ASSERT(stops_curved(day_and_night, &level, 0.0, 1024.0, false, &list));
        times_sort(&list);
        double first = asin(level) / (2.0 * acos(-1.0));
        size_t missed = 0;
        for (int day = 1; day < 1023; day++) {
            double expected[] = {day + first, day + 0.5 - first};
            for (int i = 0; i < 2; i++) {
                double nearest = HUGE_VAL;
                for (size_t j = 0; j < list.count; j++) {
                    nearest = fmin(nearest, fabs(list.times[j] - expected[i]));
                }
                missed += nearest > 1e-9;
            }
        }
        CU_ASSERT_EQUAL(missed, 0);
        CU_ASSERT(list.count >= 2046 && list.count <= 2050);
        arena_free(list.arena);
    }
}

static void test_both_zeros_of_a_parabola(void)
{
    TimeList list = {.arena = arena_new()};
    CU_ASSERT(stops_curved(parabola, NULL, 0.0, 1e6, false, &list)); // both in one cell of the grid
    times_sort(&list);
    CU_ASSERT_EQUAL_FATAL(list.count, 2);
    CU_ASSERT_DOUBLE_EQUAL(list.times[0], 10.0, 1e-14);
    CU_ASSERT_DOUBLE_EQUAL(list.times[1], 20.0, 1e-14);
    arena_free(list.arena);
}

static void test_no_number_is_no_stop(void)
{
    TimeList list = {.arena = arena_new()};
    CU_ASSERT(stops_linear(no_number, NULL, 0.0, 1.0, false, &list));
    CU_ASSERT(stops_curved(no_number, NULL, 0.0, 1.0, false, &list));
    CU_ASSERT(stops_curved(no_number, NULL, 0.0, 1.0, true, &list));
    CU_ASSERT_EQUAL(list.count, 0);
    arena_free(list.arena);
}

static SurfacePoint fast(void *context, double time)
{
    (void)context;
    return (SurfacePoint){1e6 * time, 1e6};
}

static void test_too_many_are_refused(void)
{
    TimeList list = {.arena = arena_new()};
    CU_ASSERT(!stops_linear(fast, NULL, 0.0, 1e3, true, &list));
    arena_free(list.arena);
}

SUITE("stops", TEST(test_linear_is_exact), TEST(test_outside_is_left_out), TEST(test_whole_numbers),
      TEST(test_whole_numbers_of_a_curve), TEST(test_sawtooth_by_bisection),
      TEST(test_periods_do_not_hide), TEST(test_both_zeros_of_a_parabola),
      TEST(test_no_number_is_no_stop), TEST(test_too_many_are_refused))
