/* order.c: which record comes before which, and the order of events at one instant.
 *
 * Times that differ by less than 1e-12 relative are one instant (dosing.md). At one instant the
 * order is: infusion ends; additional and lagged doses; records in the order written, each as
 * reset, steady state, what the past of that steady state brings, dose.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "dose/order.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static const double SAME_INSTANT = 1e-12;

bool schedule_same_instant(double a, double b)
{
    return fabs(a - b) <= SAME_INSTANT * fmax(fabs(a), fabs(b));
}

typedef struct {
    double time;
    int index;
} Record;

static int by_time(const void *left, const void *right)
{
    const Record *a = left;
    const Record *b = right;
    if (a->time != b->time) {
        return a->time < b->time ? -1 : 1;
    }
    return (a->index > b->index) - (a->index < b->index);
}

static bool cancels(const Dose *dose)
{
    return dose->kind == DOSE_RESET || dose->reset || dose->steady == STEADY_REPLACE;
}

RecordOrder order_records(Arena *arena, const Regimen *regimen)
{
    assert(arena != NULL && regimen != NULL && regimen->count > 0);
    size_t count = (size_t)regimen->count;
    RecordOrder order = {arena_array(arena, count, sizeof(double)),
                         arena_array(arena, count, sizeof(double))};
    Record *records = arena_array(arena, count, sizeof *records);
    for (size_t i = 0; i < count; i++) {
        records[i] = (Record){regimen->doses[i].time, (int)i};
    }
    qsort(records, count, sizeof *records, by_time);
    for (size_t i = 1; i < count; i++) {
        if (schedule_same_instant(records[i - 1].time, records[i].time)) {
            records[i].time = records[i - 1].time;
        }
    }
    qsort(records, count, sizeof *records, by_time);
    double cut = HUGE_VAL;
    for (size_t i = count; i-- > 0;) {
        int index = records[i].index;
        order.time[index] = records[i].time;
        order.cut[index] = cut;
        cut = cancels(&regimen->doses[index]) ? records[i].time : cut;
    }
    return order;
}

/* Rank at one instant. */
static int rank_of(const ScheduleEvent *event)
{
    return event->kind == EVENT_INFUSION_END ? 0 : event->pending ? 1 : 2;
}

/* Rank within a record. */
static int part_of(const ScheduleEvent *event)
{
    if (event->kind == EVENT_RESET) {
        return 0;
    }
    return event->kind == EVENT_STEADY ? 1 : event->repeat < 0 ? 2 : 3;
}

static int compare(int a, int b)
{
    return (a > b) - (a < b);
}

static int order_of(const void *left, const void *right)
{
    const ScheduleEvent *a = left;
    const ScheduleEvent *b = right;
    if (a->time != b->time) {
        return a->time < b->time ? -1 : 1;
    }
    const int keys[][2] = {{rank_of(a), rank_of(b)}, {a->dose, b->dose},
                           {part_of(a), part_of(b)}, {a->repeat, b->repeat},
                           {a->target, b->target},   {(int)a->kind, (int)b->kind}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        int result = compare(keys[i][0], keys[i][1]);
        if (result != 0) {
            return result;
        }
    }
    return 0;
}

static void sort_events(Schedule *schedule)
{
    qsort(schedule->events, (size_t)schedule->count, sizeof *schedule->events, order_of);
}

/* The time of an instant: that of its earliest event. `times` are those of the sorted events. */
static double instant_of(const Schedule *schedule, double time)
{
    int low = 0;
    int high = schedule->count;
    while (low < high) { // the first event that is not earlier by more than rounding
        int middle = low + (high - low) / 2;
        double other = schedule->events[middle].time;
        if (other < time && !schedule_same_instant(other, time)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < schedule->count && schedule_same_instant(schedule->events[low].time, time);
    return found ? schedule->events[low].time : time;
}

/* Infusions run exactly as long as the times of their ends say, so that all of it enters. */
static void fit_rates(Schedule *schedule)
{
    for (int i = 0; i < schedule->count; i++) {
        ScheduleEvent *event = &schedule->events[i];
        if (event->kind != EVENT_INFUSION_START) {
            continue;
        }
        event->finish = instant_of(schedule, event->finish);
        double length = event->finish - event->time;
        if (fabs(event->rate * length - event->amount) > SAME_INSTANT * event->amount) {
            event->rate = event->amount / length;
        }
    }
}

void order_events(Schedule *schedule)
{
    assert(schedule != NULL);
    if (schedule->count == 0) {
        return;
    }
    sort_events(schedule);
    for (int i = 1; i < schedule->count; i++) {
        double before = schedule->events[i - 1].time;
        if (schedule_same_instant(before, schedule->events[i].time)) {
            schedule->events[i].time = before;
        }
    }
    sort_events(schedule);
    fit_rates(schedule);
}
