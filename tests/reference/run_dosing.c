/* run_dosing.c: the dosing scenarios of ../shared/conformance/dosing, alone and in packs.
 *
 * NONMEM scenarios: one-compartment oral model, values that NONMEM printed and exact ones; rows on
 * which NONMEM integrates backwards are flagged and not judged. Closed forms: 1 to 3 compartments,
 * sums of exponentials with 17 digits. Every subject is observed at the times of the table, after
 * as many of its records as the table says. Exits with 77 where the folder is absent.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/number.h"
#include "simulate/simulate.h"
#include "table/csv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FOLDER STROMA_SOURCE_DIR "/../shared/conformance/dosing/"

static const char model_text[] =
    "model dosing \"up to three compartments\"\n"
    "time hour\n"
    "param KA = 1\nparam CL\nparam V1\nparam Q2 = 0\nparam V2 = 1\nparam Q3 = 0\nparam V3 = 1\n"
    "param F = 1\nparam ALAG = 0\nparam FC = 1\nparam LC = 0\nparam R = 1\nparam D = 1\n"
    "state depot = 0\nstate central = 0\nstate second = 0\nstate third = 0\n"
    "C = central / V1\n"
    "flow absorption : depot -> central : KA * depot\n"
    "flow elimination : central -> : CL * C\n"
    "flow to_second : central -> second : Q2 * (C - second / V2)\n"
    "flow to_third : central -> third : Q3 * (C - third / V3)\n"
    "route oral -> depot : fraction = F, lag = ALAG\n"
    "route iv -> central : fraction = FC, lag = LC\n"
    "route iv_rate -> central : fraction = FC, lag = LC, rate = R\n"
    "route iv_duration -> central : fraction = FC, lag = LC, duration = D\n";

enum { PARAMETERS = 13, MOST_CASES = 64, MOST_DOSES = 8, MOST_ROWS = 256, EXIT_SKIPPED = 77 };

typedef struct {
    const char *name;
    double parameters[PARAMETERS];
    Dose doses[MOST_DOSES];
    Regimen regimen;
    Observation observations[MOST_ROWS];
    double expected[MOST_ROWS], found[MOST_ROWS];
    bool judged[MOST_ROWS];
    int rows;
    double last;
} Case;

typedef struct {
    Arena *arena;
    const Model *model;
    const Tape *tape;
    Case *cases;
    int count;
    int first;    // case in lane 0
    double scale; // from C to the unit of the table
} Job;

static int named(const Job *job, NameKind kind, const char *name)
{
    NameRef ref = model_find(job->model, name);
    return ref.kind == kind ? ref.index : -1;
}

static void compile(Job *job)
{
    Diag *diag = diag_new(job->arena);
    const Source *source =
        source_from_text(job->arena, "dosing.stroma", model_text, strlen(model_text));
    job->model = model_from_source(job->arena, source, (SearchPath){NULL, 0}, diag);
    if (job->model == NULL) {
        Text text = text_new(job->arena);
        diag_print(diag, &text, false);
        fputs(text.data, stderr);
        return;
    }
    Expr *observed = arena_alloc(job->arena, sizeof *observed);
    observed[0] = model_expr(job->model, model_find(job->model, "C"));
    TapeOptions options = {.observed = observed, .observed_count = 1};
    job->tape = tape_compile(job->arena, job->model, &options);
}

/* ---- the tables ---- */

static Table *read_table(Job *job, const char *name)
{
    Diag *diag = diag_new(job->arena);
    const char *path = arena_format(job->arena, "%s%s", FOLDER, name);
    Table *table = csv_read(job->arena, path, diag);
    if (table == NULL) {
        Text text = text_new(job->arena);
        diag_print(diag, &text, false);
        fputs(text.data, stderr);
    }
    return table;
}

static double number(const Table *table, size_t row, const char *name)
{
    double value = table_cell(table, row, table_find(table, name));
    return isnan(value) ? 0.0 : value;
}

static const char *word(const Table *table, size_t row, const char *name)
{
    int column = table_find(table, name);
    const TableColumn *at = &table->columns[column];
    return at->kind == TABLE_TEXT ? at->words[(int)table_cell(table, row, column)] : "";
}

static Case *find_case(Job *job, const char *name)
{
    for (int i = 0; i < job->count; i++) {
        if (strcmp(job->cases[i].name, name) == 0) {
            return &job->cases[i];
        }
    }
    if (job->count == MOST_CASES) {
        return NULL;
    }
    Case *one = &job->cases[job->count++];
    one->name = name;
    one->regimen.doses = one->doses;
    for (int i = 0; i < PARAMETERS; i++) {
        one->parameters[i] = job->model->parameters[i].value;
    }
    return one;
}

static void set(const Job *job, Case *one, const char *name, double value)
{
    one->parameters[named(job, NAME_PARAMETER, name)] = value;
}

static void add_dose(const Job *job, Case *one, const Table *table, size_t row, const char *route)
{
    double rate = number(table, row, "rate");
    int evid = (int)number(table, row, "evid");
    Dose *dose = &one->doses[one->regimen.count++];
    *dose = (Dose){.kind = evid == 3    ? DOSE_RESET
                           : rate == -1 ? DOSE_MODEL_RATE
                           : rate == -2 ? DOSE_MODEL_DURATION
                           : rate > 0   ? DOSE_INFUSION_RATE
                                        : DOSE_BOLUS,
                   .amount = number(table, row, "amt"),
                   .time = number(table, row, "time"),
                   .rate = rate,
                   .count = 1 + (int)number(table, row, "addl"),
                   .interval = number(table, row, "ii"),
                   .steady = (int)number(table, row, "ss"),
                   .reset = evid == 4};
    dose->route = route == NULL ? -1 : named(job, NAME_ROUTE, route);
    dose->state = route == NULL ? named(job, NAME_STATE, "depot") : -1;
}

static void add_row(Case *one, double time, int records, double expected, bool judged)
{
    one->observations[one->rows] = (Observation){time, records};
    one->expected[one->rows] = expected;
    one->judged[one->rows++] = judged;
    one->last = fmax(one->last, time);
}

static bool read_nonmem(Job *job)
{
    Table *events = read_table(job, "nonmem_events.csv");
    Table *expected = read_table(job, "nonmem_expected.csv");
    for (size_t i = 0; events != NULL && i < events->row_count; i++) {
        Case *one = find_case(job, word(events, i, "case"));
        if (one == NULL) {
            return false;
        }
        set(job, one, "CL", 1.1);
        set(job, one, "V1", 20.0);
        set(job, one, "KA", 1.5);
        double rate = number(events, i, "rate");
        bool depot = number(events, i, "cmt") == 1.0;
        if (!depot && number(events, i, "evid") != 3.0) { // where they matter
            set(job, one, "FC", number(events, i, "F_central"));
            set(job, one, "LC", number(events, i, "lag_central"));
            set(job, one, "R", number(events, i, "R_central"));
            set(job, one, "D", number(events, i, "D_central"));
        }
        add_dose(job, one, events, i,
                 depot        ? NULL
                 : rate == -1 ? "iv_rate"
                 : rate == -2 ? "iv_duration"
                              : "iv");
    }
    for (size_t i = 0; expected != NULL && i < expected->row_count; i++) {
        Case *one = find_case(job, word(expected, i, "case"));
        if (one == NULL || one->rows == MOST_ROWS) {
            return false;
        }
        add_row(one, number(expected, i, "time"), (int)number(expected, i, "after_n_event_records"),
                number(expected, i, "cp_exact"), word(expected, i, "flag")[0] == '\0');
    }
    return events != NULL && expected != NULL;
}

/* "CL=1.3 V1=20 KA=1.15" */
static void set_all(const Job *job, Case *one, const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "=");
        const char *name = arena_copy(job->arena, text, length);
        double value = 0.0;
        size_t used = 0;
        if (text[length] == '\0' ||
            !number_read(text + length + 1, strlen(text + length + 1), &value, &used)) {
            return;
        }
        if (named(job, NAME_PARAMETER, name) >= 0) { // DUR stands in the rate
            set(job, one, name, value);
        }
        text += length + 1 + used;
        text += strspn(text, " ");
    }
}

static bool read_closed(Job *job)
{
    Table *cases = read_table(job, "closed_form_cases.csv");
    Table *expected = read_table(job, "closed_form_expected.csv");
    for (size_t i = 0; cases != NULL && i < cases->row_count; i++) {
        if (strcmp(word(cases, i, "route"), "special") == 0) {
            continue; // a chain without doses, and an area: in test_dosing
        }
        Case *one = find_case(job, word(cases, i, "case"));
        if (one == NULL) {
            return false;
        }
        set_all(job, one, word(cases, i, "parameters_or_description"));
        add_dose(job, one, cases, i, strcmp(word(cases, i, "cmt"), "depot") == 0 ? "oral" : "iv");
    }
    int known = job->count;
    for (size_t i = 0; expected != NULL && i < expected->row_count; i++) {
        Case *one = find_case(job, word(expected, i, "case"));
        if (one == NULL || one->rows == MOST_ROWS) {
            return false;
        }
        add_row(one, number(expected, i, "time"), one->regimen.count,
                number(expected, i, "expected"), true);
    }
    job->count = known;
    return cases != NULL && expected != NULL;
}

/* ---- the runs ---- */

static bool take(void *context, int lane, int index, double time, const double *values, int width)
{
    Job *job = context;
    (void)time;
    (void)width;
    job->cases[job->first + lane].found[index] = values[lane] * job->scale;
    return true;
}

static bool run_pack(Job *job, Pack *pack, int first, int count)
{
    SubjectInput subjects[MOST_CASES] = {{0}};
    double end = 0.0;
    job->first = first;
    for (int i = 0; i < count; i++) {
        Case *one = &job->cases[first + i];
        end = fmax(end, one->last);
        subjects[i] = (SubjectInput){.parameters = one->parameters,
                                     .regimen = &one->regimen,
                                     .observations = one->observations,
                                     .observation_count = one->rows,
                                     .own_span = true,
                                     .end = one->last};
    }
    pack_load(pack, subjects, count, 0.0, end);
    bool good = pack_run(pack, NULL, 0, NULL, NULL, NULL);
    for (int i = 0; i < count; i++) {
        const Outcome *outcome = pack_outcome(pack, i);
        if (outcome->kind != OUTCOME_DONE) {
            Text text = text_new(job->arena);
            outcome_print(outcome, job->model, &text);
            printf("%s: %s\n", job->cases[first + i].name, text.data);
            good = false;
        }
    }
    return good;
}

/* The number of cases that agree. */
static int judge(const Job *job, double relative, double absolute)
{
    int passed = 0;
    for (int i = 0; i < job->count; i++) {
        const Case *one = &job->cases[i];
        double worst = 0.0;
        int at = -1;
        for (int k = 0; k < one->rows; k++) {
            double allowed = relative * fabs(one->expected[k]) + absolute;
            double miss = fabs(one->found[k] - one->expected[k]);
            double error = miss == 0.0 ? 0.0 : miss / allowed;
            if (one->judged[k] && !(error <= worst)) {
                worst = isnan(error) ? HUGE_VAL : error;
                at = k;
            }
        }
        passed += worst <= 1.0;
        if (!(worst <= 1.0)) {
            printf("%s at %g: %.12g, not %.12g (%.3g times what is allowed)\n", one->name,
                   one->observations[at].time, one->found[at], one->expected[at], worst);
        }
    }
    return passed;
}

static bool run(Job *job, const char *what, double rtol, int width, double relative,
                double absolute)
{
    double atol[] = {1e-3 * rtol, 1e-3 * rtol, 1e-3 * rtol, 1e-3 * rtol};
    SolverOptions options = solver_options_default();
    options.rtol = rtol;
    options.atol = atol;
    options.max_steps = 20000;
    Pack *pack = pack_open(job->tape, &options, width);
    pack_observe(pack, take, job);
    bool good = true;
    for (int first = 0; first < job->count; first += width) {
        int rest = job->count - first;
        good = run_pack(job, pack, first, rest < width ? rest : width) && good;
    }
    pack_close(pack);
    int passed = judge(job, relative, absolute);
    printf("%s, %d at a time: %d of %d cases agree\n", what, width, passed, job->count);
    return good && passed == job->count;
}

int main(void)
{
    FILE *file = fopen(FOLDER "nonmem_events.csv", "r");
    if (file == NULL) {
        printf("skipped: no %s\n", FOLDER);
        return EXIT_SKIPPED;
    }
    fclose(file);
    Job job = {.arena = arena_new()};
    job.cases = arena_array(job.arena, MOST_CASES, sizeof *job.cases);
    compile(&job);
    bool good = job.tape != NULL && read_nonmem(&job) && job.count > 0;
    job.scale = 1000.0;
    for (int width = 1; good && width <= 8; width *= 8) {
        good = run(&job, "NONMEM", 1e-8, width, 1e-6, 1e-6) && good;
    }
    Job closed = {.arena = job.arena, .model = job.model, .tape = job.tape, .scale = 1.0};
    closed.cases = arena_array(job.arena, MOST_CASES, sizeof *closed.cases);
    bool read = closed.tape != NULL && read_closed(&closed) && closed.count > 0;
    for (int width = 1; read && width <= 8; width *= 8) {
        good = run(&closed, "closed forms", 1e-10, width, 1e-8, 0.0) && good;
    }
    arena_free(job.arena);
    return good && read ? 0 : 1;
}
