/* run_data_cases.c: data files and what stroma says about them, to the letter.
 *
 *   run_data_cases CASE.csv     in tests/cases/data; compares with CASE.txt
 *   run_data_cases --write CASE.csv     rewrites CASE.txt (read the diff)
 *
 * The model is model.stroma; "STUDY" is ignored, WT is given by no rule (70 in D026: see below),
 * ALB runs "locf", CRCL is "constant" in D026 and "nocb" elsewhere. Only files named D022, D023,
 * D024, D033 and D04x ask for the lint; in D030 amounts are in L, in good_units in ug, times in
 * min. Of a good file the subjects are printed. SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/data.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static void add_number(Text *text, const char *name, double value)
{
    text_format(text, " %s=", name);
    text_number(text, value);
}

static void print_dose(const DataSubject *subject, int index, Text *text)
{
    const Dose *dose = &subject->regimen.doses[index];
    text_format(text, "  line %d: kind %d, route %d, state %d,", subject->dose_line[index],
                (int)dose->kind, dose->route, dose->state);
    add_number(text, "time", dose->time);
    add_number(text, "amount", dose->amount);
    add_number(text, "rate", dose->rate);
    add_number(text, "interval", dose->interval);
    text_format(text, " count=%d steady=%d reset=%d\n", dose->count, dose->steady,
                (int)dose->reset);
}

static void print_subject(const DataSubject *subject, const Model *model, Text *text)
{
    text_format(text, "subject %s, occasion %d:", subject->id, subject->occasion);
    add_number(text, "start", subject->start);
    add_number(text, "end", subject->end);
    for (int i = 0; i < model->covariate_count; i++) {
        add_number(text, model->covariates[i].label.name, subject->covariates[i]);
    }
    text_string(text, "\n");
    for (int i = 0; i < subject->regimen.count; i++) {
        print_dose(subject, i, text);
    }
    for (int i = 0; i < subject->row_count; i++) {
        const DataRow *row = &subject->rows[i];
        text_format(text, "  line %d: seen %d.%d after %d records,", row->line, (int)row->seen.kind,
                    row->seen.index, subject->observations[i].records);
        add_number(text, "time", row->time);
        add_number(text, "value", row->value);
        text_string(text, "\n");
    }
    for (int i = 0; i < subject->course_count; i++) {
        const CovariateCourse *course = &subject->courses[i];
        text_format(text, "  %s runs by rule %d:", model->covariates[course->covariate].label.name,
                    (int)course->method);
        for (int k = 0; k < course->count; k++) {
            add_number(text, "t", course->time[k]);
            add_number(text, "x", course->value[k]);
        }
        text_string(text, "\n");
    }
}

static const char *read_text(Arena *arena, const char *path)
{
    const Source *source = NULL;
    return source_read(arena, path, &source) == SOURCE_OK ? source->text : NULL;
}

static Unit unit(Arena *arena, const char *name)
{
    Unit unit = unit_none();
    size_t start;
    size_t length;
    const char *near;
    (void)unit_read(arena, name, strlen(name), &unit, &start, &length, &near);
    return unit;
}

static void judge(Arena *arena, const char *path, Text *text)
{
    Diag *diag = diag_new(arena);
    const Model *model = model_read(arena, "model.stroma", (SearchPath){NULL, 0}, diag);
    static const char *const ignore[] = {"STUDY"};
    const ColumnRule rules[] = {
        {"ALB", BETWEEN_LOCF},
        {"CRCL", starts_with(path, "D026") ? BETWEEN_CONSTANT : BETWEEN_NOCB}};
    const double given[] = {(double)NAN, 6.0, 40.0};
    DataOptions options = data_options_default();
    options.model = model;
    options.ignore = ignore;
    options.ignore_count = 1;
    options.rules = rules;
    options.rule_count = 2;
    options.covariates = given;
    options.lint = starts_with(path, "D022") || starts_with(path, "D023") ||
                   starts_with(path, "D024") || starts_with(path, "D033") ||
                   starts_with(path, "D04");
    if (starts_with(path, "D030") || starts_with(path, "good_units")) {
        bool bad = starts_with(path, "D030");
        options.amount_unit = unit(arena, bad ? "L" : "ug");
        options.time_unit = unit(arena, "min");
    }
    const DataSet *set = model == NULL ? NULL : read_data(arena, path, &options, diag);
    diag_print(diag, text, false);
    for (int i = 0; set != NULL && i < set->count; i++) {
        print_subject(&set->subjects[i], model, text);
    }
}

int main(int argc, char **argv)
{
    bool write = argc == 3 && strcmp(argv[1], "--write") == 0;
    if (argc != 2 && !write) {
        return 2;
    }
    const char *path = argv[argc - 1];
    Arena *arena = arena_new();
    Text text = text_new(arena);
    judge(arena, path, &text);
    const char *expected_path =
        arena_format(arena, "%.*s.txt", (int)(strlen(path) - strlen(".csv")), path);
    bool good = true;
    if (write) {
        FILE *file = fopen(expected_path, "w");
        good = file != NULL && fputs(text.data, file) >= 0;
        good = file != NULL && fclose(file) == 0 && good;
    } else {
        const char *expected = read_text(arena, expected_path);
        good = expected != NULL && strcmp(expected, text.data) == 0;
        if (!good) {
            printf("expected:\n%s\nfound:\n%s", expected == NULL ? "(no file)" : expected,
                   text.data);
        }
    }
    arena_free(arena);
    return good ? 0 : 1;
}
