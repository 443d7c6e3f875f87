/* print.c: the schedule of each arm in words: `stroma show --schedule`.
 *
 * The arms are loaded into a pack and asked for their schedules, so what is printed is what would
 * happen, lags and fractions included.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/data_run.h"

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

static void print_events(const Study *study, const Regimen *regimen, const Schedule *schedule,
                         Arena *arena, Text *text)
{
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
        } else if (event->dose >= 0 && event->dose < regimen->count &&
                   regimen->doses[event->dose].count > 1) {
            dose = arena_format(arena, "%d.%d", event->dose + 1, event->repeat + 1);
        }
        text_format(text, "  %14s  %-4s  %s\n", short_number(arena, event->time), dose,
                    event_words(arena, study->model, event));
    }
}

static void print_arm(const Study *study, const Arm *arm, const Schedule *schedule, Arena *arena,
                      Text *text)
{
    text_format(text, "arm %s\n", arm->name);
    for (int i = 0; i < arm->regimen.count; i++) {
        const char *words = arm->dose_text == NULL ? "" : arm->dose_text[i];
        text_format(text, "  dose %d: %s\n", i + 1, words);
    }
    print_events(study, &arm->regimen, schedule, arena, text);
}

/* Subjects of a data file: their doses by the lines of the file. */
static void print_subjects(const Study *study, const Tape *tape, Arena *arena, Text *text)
{
    const DataSet *data = study->data;
    Pack *pack = pack_open(tape, &study->solver, 1);
    for (int i = 0; pack != NULL && i < study->arm_count * data->count; i++) {
        const DataSubject *subject = &data->subjects[i % data->count];
        SubjectInput input = data_input(study, i / data->count, i % data->count, arena);
        pack_load(pack, &input, 1, input.start, input.end);
        Text words = text_new(arena);
        text_format(&words, "%sarm %s, subject %s", i == 0 ? "" : "\n",
                    study->arms[i / data->count].name, subject->id);
        if (subject->occasion > 0) {
            text_format(&words, ", occasion %d", subject->occasion + 1);
        }
        text_string(&words, "\n");
        for (int k = 0; k < subject->regimen.count; k++) {
            text_format(&words, "  dose %d: line %d of %s\n", k + 1, subject->dose_line[k],
                        data->path);
        }
        print_events(study, &subject->regimen, pack_schedule(pack, 0), arena, &words);
        text_string(text, words.data);
    }
    pack_close(pack);
}

void study_print_schedule(const Study *study, Arena *arena, Text *text)
{
    assert(study != NULL && arena != NULL && text != NULL);
    const Tape *tape = study_tape(study, arena);
    if (study->data != NULL) {
        print_subjects(study, tape, arena, text);
        return;
    }
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
