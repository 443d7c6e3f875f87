/* fuzz_data.c: any bytes as a data file. They must be refused with words or become subjects that
 * can be run: each subject ends with an outcome, and its ledger balances (R006 would say it does
 * not). SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "params/data.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char model_text[] = "model fuzz \"two compartments\"\n"
                                 "time hour\n"
                                 "param k = 0.1\nparam F = 0.8\nparam L = 0.5\nparam D = 2\n"
                                 "covariate WT = 70\ncovariate AGE = 50\n"
                                 "state depot = 0\nstate central = 1\n"
                                 "d/dt(depot) = -depot\n"
                                 "d/dt(central) = depot - k * WT / 70 * central\n"
                                 "route oral -> depot : fraction = F, lag = L\n"
                                 "route iv -> central\n"
                                 "route drip -> central : lag = AGE / 100, duration = D, rate = k\n"
                                 "observe C = central\n";

enum { MOST_DOSES = 200, MOST_SUBJECTS = 4 };

static bool take(void *context, int lane, int index, double time, const double *values, int width)
{
    (void)context;
    (void)lane;
    (void)index;
    (void)time;
    (void)values;
    (void)width;
    return true;
}

static bool is_small(const DataSubject *subject)
{
    double doses = 0;
    for (int i = 0; i < subject->regimen.count; i++) {
        const Dose *dose = &subject->regimen.doses[i];
        doses += dose->count + (dose->steady ? dose->amount / fmax(dose->rate, 1e-300) /
                                                   fmax(dose->interval, 1e-300)
                                             : 0.0);
    }
    return doses <= MOST_DOSES && subject->end - subject->start < 1e4;
}

static void run_subject(Arena *arena, const Model *model, const DataSubject *subject)
{
    const double parameters[] = {0.1, 0.8, 0.5, 2.0};
    const double others[] = {70.0, 50.0};
    double covariates[2];
    for (int i = 0; i < 2; i++) {
        covariates[i] = isnan(subject->covariates[i]) ? others[i] : subject->covariates[i];
    }
    const double atol[] = {1e-6, 1e-6};
    SolverOptions options = solver_options_default();
    options.atol = atol;
    options.max_steps = 500;
    TapeOptions tape_options = {0};
    Pack *pack = pack_open(tape_compile(arena, model, &tape_options), &options, 1);
    SubjectInput input = {.parameters = parameters,
                          .covariates = covariates,
                          .regimen = &subject->regimen,
                          .courses = subject->courses,
                          .course_count = subject->course_count,
                          .observations = subject->observations,
                          .observation_count = subject->row_count,
                          .own_span = true,
                          .start = subject->start,
                          .end = subject->end};
    pack_observe(pack, take, NULL);
    pack_load(pack, &input, 1, subject->start, subject->end);
    (void)pack_run(pack, NULL, 0, NULL, NULL, NULL);
    assert(pack_outcome(pack, 0)->kind != OUTCOME_LEDGER);
    pack_close(pack);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena *arena = arena_new();
    Diag *diag = diag_new(arena);
    char *path = arena_format(arena, "/tmp/stroma-fuzz-data-%ld.csv", (long)getpid());
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        abort(); // the machine, not the program
    }
    const Source *source = source_from_text(arena, "fuzz", model_text, strlen(model_text));
    const Model *model = model_from_source(arena, source, (SearchPath){NULL, 0}, diag);
    assert(model);
    static const char *const ignore[] = {"X"};
    const ColumnRule rules[] = {{"WT", BETWEEN_LINEAR}, {"AGE", BETWEEN_NOCB}};
    DataOptions options = data_options_default();
    options.model = model;
    options.ignore = ignore;
    options.ignore_count = 1;
    options.rules = rules;
    options.rule_count = 2;
    options.lint = true;
    const DataSet *set = read_data(arena, path, &options, diag);
    Text text = text_new(arena);
    diag_print(diag, &text, false);
    assert(set || diag_errors(diag) > 0); // never refused without a word
    for (int i = 0; set && i < set->count && i < MOST_SUBJECTS; i++) {
        if (is_small(&set->subjects[i])) {
            run_subject(arena, model, &set->subjects[i]);
        }
    }
    unlink(path);
    arena_free(arena);
    return 0;
}
