/* run_sensitivity.c: dC/dp of closed-form pharmacokinetics, ../shared/conformance/sensitivity.
 *
 * One to three compartments, boluses, oral doses with lag and fraction, infusions of modelled
 * duration; single, repeated, and at steady state. The expected derivatives are 60-digit
 * differences of the closed forms, made without any solver. All cases run side by side, each
 * observed at its own times, by steps that they share and by their own. Error at rtol 1e-8: 1e-5 of
 * the derivative, or of the largest that its case and parameter have where it passes through zero.
 * Exits with 77 where the folder is absent. SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/number.h"
#include "simulate/simulate.h"
#include "table/csv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FOLDER STROMA_SOURCE_DIR "/../shared/conformance/sensitivity/"

static const char model_text[] =
    "model pk \"up to three compartments\"\n"
    "time hour\n"
    "param CL = 1\nparam V1 = 1\nparam Q2 = 0\nparam V2 = 1\nparam Q3 = 0\nparam V3 = 1\n"
    "param KA = 1\nparam ALAG = 0\nparam F = 1\nparam DUR = 1\n"
    "state depot = 0\nstate central = 0\nstate second = 0\nstate third = 0\n"
    "C = central / V1\n"
    "flow absorption : depot -> central : KA * depot\n"
    "flow elimination : central -> : CL * C\n"
    "flow to_second : central -> second : Q2 * (C - second / V2)\n"
    "flow to_third : central -> third : Q3 * (C - third / V3)\n"
    "route oral -> depot : fraction = F, lag = ALAG\n"
    "route bolus -> central\n"
    "route infusion_modelled_duration -> central : duration = DUR\n";

enum { PARAMETERS = 10, MOST_CASES = 16, MOST_ROWS = 64, WIDTH = 16, EXIT_SKIPPED = 77 };

typedef struct {
    const char *name;
    double parameters[PARAMETERS];
    Dose dose;
    Regimen regimen;
    Observation observations[MOST_ROWS];
    double expected[MOST_ROWS][PARAMETERS], found[MOST_ROWS][PARAMETERS];
    int rows;
} Case;

typedef struct {
    Arena *arena;
    const Model *model;
    const Tape *tape;
    Pack *pack;
    Case cases[MOST_CASES];
    int count;
} Job;

static bool compile(Job *job)
{
    static const int all[PARAMETERS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    const Source *source =
        source_from_text(job->arena, "pk.stroma", model_text, strlen(model_text));
    job->model = model_from_source(job->arena, source, (SearchPath){NULL, 0}, diag_new(job->arena));
    if (job->model == NULL) {
        return false;
    }
    Expr observed = model_expr(job->model, model_find(job->model, "C"));
    TapeOptions options = {.observed = &observed,
                           .observed_count = 1,
                           .derive = true,
                           .sensitive = all,
                           .sensitive_count = PARAMETERS};
    job->tape = tape_compile(job->arena, job->model, &options);
    return true;
}

static Table *read_table(const Job *job, const char *name)
{
    const char *path = arena_format(job->arena, "%s%s", FOLDER, name);
    return csv_read(job->arena, path, diag_new(job->arena));
}

static const char *word(const Table *table, size_t row, const char *name)
{
    int column = table_find(table, name);
    const TableColumn *at = &table->columns[column];
    return at->kind == TABLE_TEXT ? at->words[(int)table_cell(table, row, column)] : "";
}

static int parameter(const Job *job, const char *name)
{
    NameRef ref = model_find(job->model, name);
    return ref.kind == NAME_PARAMETER ? ref.index : -1;
}

/* The number after `key` in a text such as "dose 100 at t=0, II=12", 0 if it is not there. */
static double after(const char *text, const char *key)
{
    const char *found = strstr(text, key);
    double value = 0.0;
    size_t used = 0;
    return found != NULL &&
                   number_read(found + strlen(key), strlen(found + strlen(key)), &value, &used)
               ? value
               : 0.0;
}

static void fill_case(Job *job, Case *one, const Table *cases, size_t row)
{
    const char *values = word(cases, row, "parameters");
    const char *dosing = word(cases, row, "dosing");
    const char *route = word(cases, row, "route");
    one->name = word(cases, row, "case");
    for (int i = 0; i < PARAMETERS; i++) {
        const char *key = arena_format(job->arena, "%s=", job->model->parameters[i].label.name);
        one->parameters[i] =
            strstr(values, key) != NULL ? after(values, key) : job->model->parameters[i].value;
    }
    one->dose = (Dose){
        .kind = strcmp(route, "infusion_modelled_duration") == 0 ? DOSE_MODEL_DURATION : DOSE_BOLUS,
        .route = model_find(job->model, route).index,
        .amount = after(dosing, "dose "),
        .count = 1 + (int)after(dosing, "ADDL="),
        .interval = after(dosing, "II="),
        .steady = (int)after(dosing, "SS=")};
    one->regimen = (Regimen){&one->dose, 1};
}

static bool read_cases(Job *job)
{
    Table *cases = read_table(job, "pk_cases.csv");
    Table *expected = read_table(job, "pk_sensitivities.csv");
    if (cases == NULL || expected == NULL || cases->row_count > MOST_CASES) {
        return false;
    }
    job->count = (int)cases->row_count;
    for (int i = 0; i < job->count; i++) {
        fill_case(job, &job->cases[i], cases, (size_t)i);
    }
    for (size_t i = 0; i < expected->row_count; i++) {
        Case *one = job->cases;
        while (strcmp(one->name, word(expected, i, "case")) != 0) {
            one++;
        }
        double time = table_cell(expected, i, table_find(expected, "time"));
        if (one->rows == 0 || one->observations[one->rows - 1].time != time) {
            if (one->rows == MOST_ROWS) {
                return false;
            }
            one->observations[one->rows] = (Observation){time, 1};
            for (int p = 0; p < PARAMETERS; p++) {
                one->expected[one->rows][p] = NAN;
            }
            one->rows++;
        }
        one->expected[one->rows - 1][parameter(job, word(expected, i, "parameter"))] =
            table_cell(expected, i, table_find(expected, "dC_dparameter"));
    }
    return true;
}

static bool take(void *context, int lane, int index, double time, const double *values, int width)
{
    Job *job = context;
    (void)time, (void)values, (void)width;
    for (int p = 0; p < PARAMETERS; p++) {
        job->cases[lane].found[index][p] = pack_sensitivity(job->pack, p)[lane];
    }
    return true;
}

/* The largest error of a case, in units of what is allowed. */
static double judge(const Case *one, int p, int *at)
{
    double largest = 0.0;
    double worst = 0.0;
    for (int k = 0; k < one->rows; k++) {
        largest = fmax(largest, fabs(one->expected[k][p]));
    }
    for (int k = 0; k < one->rows && !isnan(one->expected[k][p]); k++) {
        double size = fmax(fabs(one->expected[k][p]), 0.01 * largest);
        double error = fabs(one->found[k][p] - one->expected[k][p]) / (1e-5 * size);
        if (!(error <= worst)) {
            worst = isnan(error) ? HUGE_VAL : error;
            *at = k;
        }
    }
    return worst;
}

static bool run(Job *job, SolverMethod method)
{
    const double atol[] = {1e-11, 1e-11, 1e-11, 1e-11};
    SolverOptions options = solver_options_default();
    options.rtol = 1e-8;
    options.method = method;
    options.atol = atol;
    SensitiveTarget targets[PARAMETERS];
    SubjectInput subjects[MOST_CASES] = {{0}};
    for (int p = 0; p < PARAMETERS; p++) {
        targets[p] = (SensitiveTarget){SENSITIVE_PARAMETER, p};
    }
    for (int i = 0; i < job->count; i++) {
        Case *one = &job->cases[i];
        subjects[i] = (SubjectInput){.parameters = one->parameters,
                                     .regimen = &one->regimen,
                                     .observations = one->observations,
                                     .observation_count = one->rows,
                                     .own_span = true,
                                     .end = one->observations[one->rows - 1].time};
    }
    job->pack = pack_open(job->tape, &options, WIDTH);
    pack_observe(job->pack, take, job);
    bool good = pack_sensitivities(job->pack, targets, PARAMETERS);
    pack_load(job->pack, subjects, job->count, 0.0, 60.0);
    good = pack_run(job->pack, NULL, 0, NULL, NULL, NULL) && good;
    int passed = 0;
    double all = 0.0;
    for (int i = 0; i < job->count; i++) {
        const Case *one = &job->cases[i];
        good = pack_outcome(job->pack, i)->kind == OUTCOME_DONE && good;
        double worst = 0.0;
        for (int p = 0; p < PARAMETERS; p++) {
            int at = 0;
            double error = judge(one, p, &at);
            worst = fmax(worst, error);
            if (!(error <= 1.0)) {
                printf("%s: dC/d%s at %g: %.12g, not %.12g\n", one->name,
                       job->model->parameters[p].label.name, one->observations[at].time,
                       one->found[at][p], one->expected[at][p]);
            }
        }
        passed += worst <= 1.0;
        all = fmax(all, worst);
    }
    pack_close(job->pack);
    printf("%d of %d cases agree, the worst error is %.2g of what is allowed\n", passed, job->count,
           all);
    return good && passed == job->count;
}

int main(void)
{
    FILE *file = fopen(FOLDER "pk_cases.csv", "r");
    if (file == NULL) {
        printf("skipped: no %s\n", FOLDER);
        return EXIT_SKIPPED;
    }
    fclose(file);
    Arena *arena = arena_new();
    Job *job = arena_alloc(arena, sizeof *job);
    job->arena = arena;
    bool good = compile(job) && read_cases(job) && job->count > 0 && run(job, SOLVER_AUTO) &&
                run(job, SOLVER_ROSENBROCK);
    arena_free(arena);
    return good ? 0 : 1;
}
