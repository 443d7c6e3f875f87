/* test_schedule.c: doses as dated events.
 *
 * Expected values are worked out by hand from the rules of NONMEM's data items (RATE, ADDL, II, SS,
 * F, ALAG), as dosing.md lists them; amounts are chosen so that the arithmetic is exact.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "dose/schedule.h"
#include "unit/suite.h"

#include <math.h>

typedef struct {
    RouteValues values;
    double fraction_slope; // fraction grows with time by this much
    double lag_slope;
    int calls;
} Fixture;

static void lookup(void *context, const Dose *dose, double time, RouteValues *values)
{
    (void)dose;
    Fixture *fixture = context;
    fixture->calls++;
    *values = fixture->values;
    for (int i = 0; i < values->target_count; i++) {
        values->fraction[i] += fixture->fraction_slope * time;
        values->lag[i] += fixture->lag_slope * time;
    }
}

static Fixture one_target(double fraction, double lag)
{
    return (Fixture){
        .values = {.target_count = 1, .state = {3}, .fraction = {fraction}, .lag = {lag}}};
}

static Schedule expand(Arena *arena, const Dose *doses, int count, Fixture *fixture, double end)
{
    Dose *copy = arena_array(arena, (size_t)count, sizeof *copy);
    for (int i = 0; i < count; i++) {
        copy[i] = doses[i];
        copy[i].count = doses[i].count == 0 ? 1 : doses[i].count;
    }
    Regimen regimen = {copy, count};
    Schedule schedule;
    int bad;
    const char *reason;
    CU_ASSERT_FATAL(
        schedule_expand(arena, &regimen, lookup, fixture, end, &schedule, &bad, &reason));
    return schedule;
}

static bool refuses(const Dose *dose, Fixture *fixture)
{
    Arena *arena = arena_new();
    Dose copies[2] = {{.kind = DOSE_BOLUS, .route = -1, .amount = 1.0, .count = 1}, *dose};
    copies[1].count = 1;
    Regimen regimen = {copies, 2};
    Schedule schedule;
    int bad = -5;
    const char *reason = NULL;
    bool good = schedule_expand(arena, &regimen, lookup, fixture, 100.0, &schedule, &bad, &reason);
    bool refused = !good && bad == 1 && reason != NULL;
    arena_free(arena);
    return refused;
}

static void test_repeats_are_computed_not_accumulated(void)
{
    Arena *arena = arena_new();
    Fixture fixture = one_target(1.0, 0.0);
    Dose dose = {.kind = DOSE_BOLUS, .amount = 5.0, .time = 0.25, .count = 1001, .interval = 0.1};
    Schedule schedule = expand(arena, &dose, 1, &fixture, 1e6);
    CU_ASSERT_FATAL(schedule.count == 1001);
    CU_ASSERT(schedule.events[1000].time == 0.25 + 1000 * 0.1);
    CU_ASSERT(schedule.events[777].repeat == 777);
    CU_ASSERT(schedule.scheduled == 5005.0);
    arena_free(arena);
}

static void test_fraction_shortens_an_infusion_by_rate(void)
{
    Arena *arena = arena_new();
    Fixture fixture = one_target(0.5, 2.0);
    Dose dose = {.kind = DOSE_INFUSION_RATE, .amount = 100.0, .rate = 10.0, .time = 1.0};
    Schedule schedule = expand(arena, &dose, 1, &fixture, 1000.0);
    CU_ASSERT_FATAL(schedule.count == 2);
    CU_ASSERT(schedule.events[0].kind == EVENT_INFUSION_START && schedule.events[0].time == 3.0);
    CU_ASSERT(schedule.events[0].rate == 10.0 && schedule.events[0].amount == 50.0);
    CU_ASSERT(schedule.events[0].state == 3);
    CU_ASSERT(schedule.events[1].kind == EVENT_INFUSION_END && schedule.events[1].time == 8.0);
    CU_ASSERT(schedule.events[1].rate == 10.0);
    CU_ASSERT(schedule.scheduled == 50.0);
    arena_free(arena);
}

static void test_fraction_slows_an_infusion_by_duration(void)
{
    Arena *arena = arena_new();
    Fixture fixture = one_target(0.5, 0.0);
    Dose dose = {.kind = DOSE_INFUSION_DURATION, .amount = 100.0, .duration = 4.0, .time = 1.0};
    Schedule schedule = expand(arena, &dose, 1, &fixture, 1000.0);
    CU_ASSERT_FATAL(schedule.count == 2);
    CU_ASSERT(schedule.events[0].rate == 12.5 && schedule.events[1].time == 5.0);
    CU_ASSERT(schedule.scheduled == 50.0);
    arena_free(arena);
}

static void test_split_route_shares_one_stream(void)
{
    Arena *arena = arena_new();
    Fixture fixture = {
        .values = {
            .target_count = 2, .state = {1, 2}, .fraction = {0.25, 0.75}, .lag = {0.0, 3.0}}};
    Dose dose = {.kind = DOSE_INFUSION_RATE, .amount = 80.0, .rate = 8.0, .time = 2.0};
    Schedule schedule = expand(arena, &dose, 1, &fixture, 1000.0);
    CU_ASSERT_FATAL(schedule.count == 4);
    CU_ASSERT(schedule.events[0].time == 2.0 && schedule.events[0].rate == 2.0);
    CU_ASSERT(schedule.events[0].state == 1 && schedule.events[0].amount == 20.0);
    CU_ASSERT(schedule.events[1].time == 5.0 && schedule.events[1].rate == 6.0);
    CU_ASSERT(schedule.events[1].state == 2 && schedule.events[1].target == 1);
    CU_ASSERT(schedule.events[2].time == 12.0 && schedule.events[2].target == 0);
    CU_ASSERT(schedule.events[3].time == 15.0 && schedule.events[3].target == 1);
    CU_ASSERT(schedule.scheduled == 80.0);
    arena_free(arena);
}

static void test_modelled_rate_and_duration(void)
{
    Arena *arena = arena_new();
    Fixture fixture = one_target(0.5, 0.0);
    fixture.values.rate = 5.0;
    fixture.values.duration = 8.0;
    Dose doses[2] = {{.kind = DOSE_MODEL_RATE, .amount = 40.0},
                     {.kind = DOSE_MODEL_DURATION, .amount = 40.0, .time = 20.0}};
    Schedule schedule = expand(arena, doses, 2, &fixture, 1000.0);
    CU_ASSERT_FATAL(schedule.count == 4);
    CU_ASSERT(schedule.events[0].rate == 5.0 && schedule.events[1].time == 4.0);
    CU_ASSERT(schedule.events[2].rate == 2.5 && schedule.events[3].time == 28.0);
    arena_free(arena);
}

static void test_lag_is_taken_at_the_record_and_fraction_at_each_repeat(void)
{
    Arena *arena = arena_new();
    Fixture fixture = one_target(0.0, 1.0);
    fixture.fraction_slope = 0.125;
    fixture.lag_slope = 0.5;
    Dose dose = {.kind = DOSE_BOLUS, .amount = 16.0, .time = 2.0, .count = 3, .interval = 2.0};
    Schedule schedule = expand(arena, &dose, 1, &fixture, 1000.0);
    CU_ASSERT_FATAL(schedule.count == 3);
    CU_ASSERT(schedule.events[0].time == 4.0 && schedule.events[0].amount == 4.0);
    CU_ASSERT(schedule.events[1].time == 6.0 && schedule.events[1].amount == 8.0);
    CU_ASSERT(schedule.events[2].time == 8.0 && schedule.events[2].amount == 12.0);
    arena_free(arena);
}

static void test_order_at_one_instant(void)
{
    Arena *arena = arena_new();
    Fixture fixture = one_target(1.0, 0.0);
    Dose doses[4] = {
        {.kind = DOSE_INFUSION_DURATION, .amount = 2.0, .duration = 1.0, .time = 5.0},
        {.kind = DOSE_BOLUS, .amount = 1.0, .time = 5.0},
        {.kind = DOSE_BOLUS, .amount = 3.0, .time = 5.0, .steady = true, .interval = 12.0},
        {.kind = DOSE_INFUSION_DURATION, .amount = 2.0, .duration = 2.0, .time = 3.0},
    };
    Schedule schedule = expand(arena, doses, 4, &fixture, 1000.0);
    // The infusion of the first record would begin as the third replaces everything: it is gone.
    CU_ASSERT_FATAL(schedule.count == 5);
    const ScheduleEvent *event = schedule.events;
    CU_ASSERT(event[0].kind == EVENT_INFUSION_START && event[0].dose == 3);
    CU_ASSERT(event[1].kind == EVENT_INFUSION_END && event[1].dose == 3 && event[1].time == 5.0);
    CU_ASSERT(event[2].kind == EVENT_BOLUS && event[2].dose == 1);
    CU_ASSERT(event[3].kind == EVENT_STEADY && event[3].dose == 2 && event[3].time == 5.0);
    CU_ASSERT(event[4].kind == EVENT_BOLUS && event[4].dose == 2);
    arena_free(arena);
}

static void test_end_of_the_run(void)
{
    Arena *arena = arena_new();
    Fixture fixture = one_target(1.0, 0.0);
    Dose doses[4] = {
        {.kind = DOSE_BOLUS, .amount = 1.0, .time = 10.0}, // at the very end: given
        {.kind = DOSE_BOLUS, .amount = 1.0, .time = 10.5},
        {.kind = DOSE_INFUSION_DURATION, .amount = 8.0, .duration = 4.0, .time = 7.0},
        {.kind = DOSE_BOLUS, .amount = 1.0, .time = 4.0, .count = 1000000000, .interval = 4.0},
    };
    Schedule schedule = expand(arena, doses, 4, &fixture, 10.0);
    CU_ASSERT_FATAL(schedule.count == 4);
    CU_ASSERT(schedule.events[0].time == 4.0 && schedule.events[2].time == 8.0);
    CU_ASSERT(schedule.events[1].kind == EVENT_INFUSION_START);
    CU_ASSERT(schedule.events[3].time == 10.0 && schedule.events[3].dose == 0);
    CU_ASSERT(schedule.scheduled == 1.0 + 6.0 + 2.0);
    arena_free(arena);
}

static void test_times_that_differ_by_rounding_are_one(void)
{
    Arena *arena = arena_new();
    Fixture fixture = one_target(1.0, 0.0);
    Dose doses[3] = {
        {.kind = DOSE_BOLUS, .amount = 1.0, .time = 0.3},
        {.kind = DOSE_BOLUS, .amount = 1.0, .time = 0.1, .count = 3, .interval = 0.1},
        {.kind = DOSE_INFUSION_DURATION, .amount = 1.0, .duration = 0.2, .time = 0.1},
    };
    CU_ASSERT(0.1 + 2 * 0.1 != 0.3); // the trap
    Schedule schedule = expand(arena, doses, 3, &fixture, 10.0);
    CU_ASSERT_FATAL(schedule.count == 6);
    CU_ASSERT(schedule.events[3].time == schedule.events[4].time);
    CU_ASSERT(schedule.events[4].time == schedule.events[5].time);
    CU_ASSERT(schedule.events[3].kind == EVENT_INFUSION_END);
    // the additional dose comes before the record
    CU_ASSERT(schedule.events[4].dose == 1 && schedule.events[5].dose == 0);
    arena_free(arena);
}

static void test_infusion_too_short_for_the_clock_is_a_bolus(void)
{
    Arena *arena = arena_new();
    Fixture fixture = one_target(1.0, 0.0);
    Dose dose = {.kind = DOSE_INFUSION_DURATION, .amount = 6.0, .duration = 1e-14, .time = 1000.0};
    Schedule schedule = expand(arena, &dose, 1, &fixture, 2000.0);
    CU_ASSERT_FATAL(schedule.count == 1);
    CU_ASSERT(schedule.events[0].kind == EVENT_BOLUS && schedule.events[0].amount == 6.0);
    arena_free(arena);
}

static void test_nothing_enters_with_zero_fraction_or_amount(void)
{
    Arena *arena = arena_new();
    Fixture fixture = {.values = {.target_count = 2, .state = {0, 1}, .fraction = {0.0, 1.0}}};
    Dose doses[2] = {{.kind = DOSE_BOLUS, .amount = 7.0},
                     {.kind = DOSE_INFUSION_RATE, .amount = 0.0, .rate = 1.0}};
    Schedule schedule = expand(arena, doses, 2, &fixture, 10.0);
    CU_ASSERT_FATAL(schedule.count == 1);
    CU_ASSERT(schedule.events[0].state == 1 && schedule.scheduled == 7.0);
    arena_free(arena);
}

static void test_dose_into_a_state_needs_no_route(void)
{
    Arena *arena = arena_new();
    Fixture fixture = {0};
    Dose dose = {.kind = DOSE_BOLUS, .route = -1, .state = 4, .amount = 2.0, .time = 1.0};
    Schedule schedule = expand(arena, &dose, 1, &fixture, 10.0);
    CU_ASSERT_FATAL(schedule.count == 1);
    CU_ASSERT(schedule.events[0].state == 4 && schedule.events[0].amount == 2.0);
    CU_ASSERT(fixture.calls == 0);
    arena_free(arena);
}

static void test_values_without_sense_are_refused(void)
{
    Dose bolus = {.kind = DOSE_BOLUS, .amount = 1.0};
    Fixture good = one_target(1.0, 0.0);
    CU_ASSERT(!refuses(&bolus, &good));
    Fixture negative_lag = one_target(1.0, -1.0);
    CU_ASSERT(refuses(&bolus, &negative_lag));
    Fixture negative_fraction = one_target(-0.5, 0.0);
    CU_ASSERT(refuses(&bolus, &negative_fraction));
    Fixture not_a_number = one_target(NAN, 0.0);
    CU_ASSERT(refuses(&bolus, &not_a_number));
    Dose by_rate = {.kind = DOSE_INFUSION_RATE, .amount = 1.0, .rate = 0.0};
    CU_ASSERT(refuses(&by_rate, &good));
    Dose by_duration = {.kind = DOSE_INFUSION_DURATION, .amount = 1.0, .duration = -2.0};
    CU_ASSERT(refuses(&by_duration, &good));
    Dose modelled = {.kind = DOSE_MODEL_RATE, .amount = 1.0};
    CU_ASSERT(refuses(&modelled, &good));
    modelled.kind = DOSE_MODEL_DURATION;
    CU_ASSERT(refuses(&modelled, &good));
    Dose endless = {.kind = DOSE_BOLUS, .amount = INFINITY};
    CU_ASSERT(refuses(&endless, &good));
    Dose backwards = {.kind = DOSE_INFUSION_RATE, .amount = -1.0, .rate = 1.0};
    CU_ASSERT(refuses(&backwards, &good));
}

static void test_same_times_ignore_what_happens(void)
{
    Arena *arena = arena_new();
    Fixture fixture = one_target(1.0, 0.0);
    Dose a[2] = {{.kind = DOSE_BOLUS, .amount = 1.0, .time = 1.0},
                 {.kind = DOSE_BOLUS, .amount = 1.0, .time = 3.0}};
    Dose b[3] = {{.kind = DOSE_INFUSION_DURATION, .amount = 9.0, .duration = 2.0, .time = 1.0},
                 {.kind = DOSE_BOLUS, .amount = 4.0, .time = 3.0},
                 {.kind = DOSE_BOLUS, .amount = 5.0, .time = 4.0}};
    Schedule one = expand(arena, a, 2, &fixture, 10.0);
    Schedule two = expand(arena, b, 2, &fixture, 10.0);
    Schedule three = expand(arena, b, 3, &fixture, 10.0);
    Schedule none = expand(arena, a, 0, &fixture, 10.0);
    CU_ASSERT(schedule_same_times(&one, &two) && schedule_same_times(&two, &one));
    CU_ASSERT(!schedule_same_times(&one, &three) && !schedule_same_times(&three, &one));
    CU_ASSERT(!schedule_same_times(&one, &none) && schedule_same_times(&none, &none));
    arena_free(arena);
}

SUITE("schedule", TEST(test_repeats_are_computed_not_accumulated),
      TEST(test_fraction_shortens_an_infusion_by_rate),
      TEST(test_fraction_slows_an_infusion_by_duration), TEST(test_split_route_shares_one_stream),
      TEST(test_modelled_rate_and_duration),
      TEST(test_lag_is_taken_at_the_record_and_fraction_at_each_repeat),
      TEST(test_order_at_one_instant), TEST(test_end_of_the_run),
      TEST(test_times_that_differ_by_rounding_are_one),
      TEST(test_infusion_too_short_for_the_clock_is_a_bolus),
      TEST(test_nothing_enters_with_zero_fraction_or_amount),
      TEST(test_dose_into_a_state_needs_no_route), TEST(test_values_without_sense_are_refused),
      TEST(test_same_times_ignore_what_happens))
