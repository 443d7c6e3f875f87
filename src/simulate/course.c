/* course.c: covariates that change within a subject.
 *
 * Constant pieces are put into the slots at the stops where they change. A linear one is a function
 * of time in the rates: the slots follow the clock (stage_set_time), which costs a run of the setup
 * program each time and is paid only by packs that hold such a lane.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/course.h"
#include "simulate/lanes.h"

#include <assert.h>
#include <string.h>

/* Number of records at or before `time`, or (strictly) before it. */
static int records_until(const CovariateCourse *course, double time, bool strictly)
{
    int low = 0;
    int high = course->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        double other = course->time[middle];
        bool same = same_time(other, time);
        if (same ? !strictly : other < time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static double at_record(const CovariateCourse *course, int index)
{
    int last = course->count - 1;
    return course->value[index < 0 ? 0 : index > last ? last : index];
}

double course_value(const CovariateCourse *course, double time, bool after)
{
    assert(course != NULL && course->count > 0);
    int passed = records_until(course, time, false);
    bool here = passed > 0 && same_time(course->time[passed - 1], time);
    switch (course->method) {
    case COURSE_LOCF:
        return at_record(course, passed - 1);
    case COURSE_NOCB:
        return at_record(course, here && !after ? passed - 1 : passed);
    case COURSE_LINEAR:
        break;
    }
    if (here || passed == 0 || passed == course->count) {
        return at_record(course, passed - 1);
    }
    double first = course->time[passed - 1];
    double part = (time - first) / (course->time[passed] - first);
    double from = course->value[passed - 1];
    return from + part * (course->value[passed] - from);
}

bool course_turns(const CovariateCourse *course, int index)
{
    assert(index >= 0 && index < course->count);
    if (course->method == COURSE_LINEAR) {
        return true;
    }
    bool first = index > 0 && course->value[index] != course->value[index - 1];
    bool next = index + 1 < course->count && course->value[index + 1] != course->value[index];
    return course->method == COURSE_LOCF ? first : next;
}

bool courses_set(const Pack *pack, int lane, Stage *stage, double time, bool after)
{
    const Lane *one = &pack->lanes[lane];
    int column = stage->width == 1 ? 0 : lane;
    bool changed = false;
    for (int i = 0; i < one->course_count; i++) {
        const CovariateCourse *course = &one->courses[i];
        double *slot = stage->slots +
                       (size_t)(pack->tape->covariate + course->covariate) * (size_t)stage->width +
                       column;
        double value = course_value(course, time, after);
        changed = changed || (*slot != value && course->method != COURSE_LINEAR);
        *slot = value;
    }
    return changed;
}

bool courses_apply(Pack *pack, double time, bool after)
{
    bool changed = false;
    for (int lane = 0; lane < pack->count; lane++) {
        if (pack->main.live[lane]) {
            double now = stage_lane_time(&pack->main, lane, time);
            changed = courses_set(pack, lane, &pack->main, now, after) || changed;
        }
    }
    if (changed) {
        tape_run(pack->tape, PROGRAM_SETUP, pack->main.slots, pack->width);
    }
    return changed;
}

void courses_follow(const Pack *pack, Stage *stage, int count, const int *lane)
{
    stage->follower_count = 0;
    for (int column = 0; column < count; column++) {
        int whose = lane == NULL ? column : lane[column];
        const Lane *one = whose < 0 ? NULL : &pack->lanes[whose];
        for (int i = 0; one != NULL && i < one->course_count; i++) {
            const CovariateCourse *course = &one->courses[i];
            if (course->method == COURSE_LINEAR) {
                assert(stage->follower_count < stage->follower_room);
                stage->followers[stage->follower_count++] = (Follower){column, course};
            }
        }
    }
}

/* Room for followers: of all lanes, of one, of as many as step side by side. */
static void make_room(Stage *stage, Arena *arena, int count)
{
    stage->followers =
        count > 0 ? arena_array(arena, (size_t)count, sizeof *stage->followers) : NULL;
    stage->follower_room = count;
    stage->follower_count = 0;
}

void courses_open(Pack *pack)
{
    int all = 0;
    int most = 0;
    for (int lane = 0; lane < pack->count; lane++) {
        int count = 0;
        for (int i = 0; i < pack->lanes[lane].course_count; i++) {
            count += pack->lanes[lane].courses[i].method == COURSE_LINEAR;
        }
        all += count;
        most = count > most ? count : most;
    }
    make_room(&pack->main, pack->loaded, all);
    make_room(&pack->solo, pack->loaded, most);
    if (pack->march != NULL) {
        Stage *side = march_side(pack);
        make_room(side, pack->loaded, most * side->width);
    }
    courses_follow(pack, &pack->main, pack->count, NULL);
}
