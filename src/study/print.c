/* print.c: the schedule of each arm in words: `stroma show --schedule`.
 *
 * The arms are loaded into a pack and asked for their schedules, so what is printed is what would
 * happen, lags and fractions included.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/run.h"

#include "base/number.h"

#include <assert.h>

enum { DIGITS = 8, LANES = 8 };

static const char *short_number(Arena *arena, double value)
{
    char digits[NUMBER_TEXT_SIZE];
    number_short(value, DIGITS, digits);
    return arena_format(arena, "%s", digits);
}

/* "1.4e+08 cell" */
static const char *quantity(Arena *arena, double value, Unit unit, const char *per)
{
    const char *words = study_unit(unit);
    return arena_format(arena, "%s%s%s%s", short_number(arena, value), words[0] == '\0' ? "" : " ",
                        words, per);
}

static const char *event_words(Arena *arena, const Model *model, const ScheduleEvent *event)
{
    const Label *label = &model->states[event->state].label;
    const char *amount = quantity(arena, event->amount, label->unit, "");
    const char *time = study_unit(model->time_unit);
    const char *per = time[0] == '\0' ? "" : arena_format(arena, "/%s", time);
    const char *rate = quantity(arena, event->rate, label->unit, per);
    switch (event->kind) {
    case EVENT_BOLUS:
        return arena_format(arena, "%s enters %s", amount, label->name);
    case EVENT_INFUSION_START:
        return arena_format(arena, "infusion into %s starts: %s in all, at %s", label->name, amount,
                            rate);
    case EVENT_INFUSION_END:
        return arena_format(arena, "infusion into %s ends (%s)", label->name, rate);
    case EVENT_STEADY:
        return event->steady == STEADY_ADD ? "the steady state of this dose is added"
                                           : "steady state of the regimen that follows";
    case EVENT_RESET:
        return "reset: every state to its initial value, nothing runs any more";
    case EVENT_REPLACE:
        return arena_format(arena, "%s becomes %s", label->name, amount);
    case EVENT_MULTIPLY:
        return arena_format(arena, "%s is multiplied by %s", label->name,
                            short_number(arena, event->amount));
    }
    return "";
}

static void print_arm(const Study *study, const Arm *arm, const Schedule *schedule, Arena *arena,
                      Text *text)
{
    text_format(text, "arm %s\n", arm->name);
    for (int i = 0; i < arm->regimen.count; i++) {
        const char *words = arm->dose_text == NULL ? "" : arm->dose_text[i];
        text_format(text, "  dose %d: %s\n", i + 1, words);
    }
    if (schedule->count == 0) {
        text_format(text, "  nothing is given\n");
        return;
    }
    const char *unit = study_unit(study->model->time_unit);
    text_format(text, "  %14s  dose  what happens\n",
                unit[0] == '\0' ? "time" : arena_format(arena, "time (%s)", unit));
    for (int i = 0; i < schedule->count; i++) {
        const ScheduleEvent *event = &schedule->events[i];
        const char *dose = arena_format(arena, "%d", event->dose + 1);
        if (event->repeat < 0) {
            dose = "past";
        } else if (event->dose >= 0 && event->dose < arm->regimen.count &&
                   arm->regimen.doses[event->dose].count > 1) {
            dose = arena_format(arena, "%d.%d", event->dose + 1, event->repeat + 1);
        }
        text_format(text, "  %14s  %-4s  %s\n", short_number(arena, event->time), dose,
                    event_words(arena, study->model, event));
    }
}

void study_print_schedule(const Study *study, Arena *arena, Text *text)
{
    assert(study != NULL && arena != NULL && text != NULL);
    const Tape *tape = study_tape(study, arena);
    Schedule *schedules = arena_array(arena, (size_t)study->arm_count, sizeof *schedules);
    Pack *pack = NULL;
    if (!study_schedules(study, tape, LANES, arena, schedules, &pack)) {
        text_string(text, "the solver library cannot be set up\n");
        return;
    }
    pack_close(pack);
    for (int i = 0; i < study->arm_count; i++) {
        text_string(text, i == 0 ? "" : "\n");
        print_arm(study, &study->arms[i], &schedules[i], arena, text);
    }
}
