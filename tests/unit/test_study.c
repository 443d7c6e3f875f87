/* test_study.c: arms of a study run, printed and written down.
 *
 * The model is one compartment with first-order loss: amount(t) = sum of doses x exp(-k (t - t_i)),
 * written out here; and x' = x^2, which ends at t = 1/x0.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/study.h"
#include "unit/suite.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char one_compartment[] = "model one \"one compartment\"\n"
                                      "time h\n"
                                      "param k [1/h] \"rate of loss\"\n"
                                      "covariate WT [kg] \"body weight\"\n"
                                      "state A [mg] \"amount\" = 0\n"
                                      "d/dt(A) = -k * A\n"
                                      "route iv \"bolus\" -> A\n"
                                      "observe conc [mg/kg] \"per weight\" = A / WT\n";

static const char exploding[] = "model burst\n"
                                "time h\n"
                                "param x0 [1]\n"
                                "param c [1/h] = 1\n"
                                "state x [1] = x0\n"
                                "d/dt(x) = c * x * x\n";

enum { ARMS = 3, TIMES = 9 };

typedef struct {
    Arena *arena;
    Study study;
    double parameters[ARMS][2];
    double covariates[ARMS][1];
    Dose doses[ARMS][2];
    const char *words[2];
    Arm arms[ARMS];
    Output outputs[2];
    double times[TIMES];
    double atol[2];
    Origin origins[2];
} Fixture;

static void open_fixture(Fixture *fixture, const char *text)
{
    *fixture = (Fixture){.arena = arena_new()};
    Diag *diag = diag_new(fixture->arena);
    const Source *source = source_from_text(fixture->arena, "one.stroma", text, strlen(text));
    const Model *model = model_from_source(fixture->arena, source, (SearchPath){0}, diag);
    CU_ASSERT_FATAL(model != NULL);
    static const char *const names[ARMS] = {"untreated", "first", "second"};
    fixture->origins[0] = (Origin){.kind = ORIGIN_STUDY,
                                   .span = {source, 30, 4},
                                   .source = "doi:10.1/x",
                                   .written = "0.1 1/h"};
    fixture->words[0] = "iv 100 mg";
    fixture->words[1] = "iv 50 mg";
    for (int i = 0; i < ARMS; i++) {
        fixture->arms[i] = (Arm){.name = names[i],
                                 .parameters = fixture->parameters[i],
                                 .parameter_origin = fixture->origins,
                                 .covariates = fixture->covariates[i],
                                 .covariate_origin = fixture->origins,
                                 .regimen = {fixture->doses[i], 0},
                                 .dose_text = fixture->words};
        fixture->parameters[i][0] = 0.1 * (i + 1);
        fixture->parameters[i][1] = 1.0;
        fixture->covariates[i][0] = 50.0;
    }
    for (int i = 0; i < TIMES; i++) {
        fixture->times[i] = i;
    }
    fixture->atol[0] = fixture->atol[1] = 1e-9;
    fixture->outputs[0] = (Output){
        {NAME_STATE, 0}, &model->states[0].label, model_expr(model, (NameRef){NAME_STATE, 0})};
    int outputs = 1;
    if (model->observable_count > 0) {
        NameRef ref = {NAME_OBSERVABLE, 0};
        fixture->outputs[1] = (Output){ref, &model->observables[0].label, model_expr(model, ref)};
        outputs = 2;
    }
    fixture->study = (Study){.arena = fixture->arena,
                             .model = model,
                             .name = "one",
                             .path = "params/one.cfg",
                             .title = "three arms",
                             .end = TIMES - 1,
                             .times = fixture->times,
                             .time_count = TIMES,
                             .arms = fixture->arms,
                             .arm_count = ARMS,
                             .solver = solver_options_default(),
                             .outputs = fixture->outputs,
                             .output_count = outputs,
                             .table_outputs = outputs};
    fixture->study.solver.atol = fixture->atol;
}

static void close_fixture(Fixture *fixture)
{
    arena_free(fixture->arena);
}

static void give(Fixture *fixture, int arm, double time, double amount)
{
    Regimen *regimen = &fixture->arms[arm].regimen;
    regimen->doses[regimen->count++] = (Dose){
        .kind = DOSE_BOLUS, .route = 0, .state = -1, .amount = amount, .time = time, .count = 1};
}

static double exact(const Fixture *fixture, int arm, double time)
{
    double amount = 0.0;
    for (int i = 0; i < fixture->arms[arm].regimen.count; i++) {
        const Dose *dose = &fixture->doses[arm][i];
        if (time >= dose->time) {
            amount += dose->amount * exp(-fixture->parameters[arm][0] * (time - dose->time));
        }
    }
    return amount;
}

/* Every row of every arm is there, in order, within 10 x the tolerance of the closed form. */
static void check_rows(const Fixture *fixture, const Table *table)
{
    CU_ASSERT_FATAL(table->row_count == ARMS * TIMES);
    for (size_t row = 0; row < table->row_count; row++) {
        int arm = (int)row / TIMES;
        double time = fixture->times[row % TIMES];
        CU_ASSERT(table_cell(table, row, 0) == arm && table_cell(table, row, 1) == 1.0);
        CU_ASSERT(table_cell(table, row, 2) == time);
        double wanted = exact(fixture, arm, time);
        double tolerance = 10.0 * (1e-6 * wanted + 1e-9);
        CU_ASSERT(fabs(table_cell(table, row, 3) - wanted) <= tolerance);
        CU_ASSERT(fabs(table_cell(table, row, 4) - wanted / 50.0) <= tolerance / 50.0);
    }
}

static void test_arms_that_agree_share_a_pack(void)
{
    Fixture fixture;
    open_fixture(&fixture, one_compartment);
    give(&fixture, 1, 0.0, 100.0);
    give(&fixture, 2, 0.0, 50.0);
    RunResult result;
    RunOptions options = {0};
    CU_ASSERT_FATAL(study_run(&fixture.study, &options, fixture.arena, &result));
    CU_ASSERT(result.failed == 0 && !result.stopped);
    CU_ASSERT(STROMA_LANES > 0 || result.width == 4); // three lanes of four
    CU_ASSERT(result.stats.steps > 0);
    CU_ASSERT_STRING_EQUAL(result.table->columns[0].words[2], "second");
    CU_ASSERT_STRING_EQUAL(result.table->columns[2].unit, "h");
    CU_ASSERT_STRING_EQUAL(result.table->columns[3].name, "A");
    CU_ASSERT_STRING_EQUAL(result.table->columns[4].unit, "mg/kg");
    check_rows(&fixture, result.table);
    close_fixture(&fixture);
}

static void test_arms_that_differ_run_apart(void)
{
    Fixture fixture;
    open_fixture(&fixture, one_compartment);
    give(&fixture, 1, 0.0, 100.0);
    give(&fixture, 2, 1.5, 50.0);
    give(&fixture, 2, 3.0, 50.0);
    RunResult result;
    RunOptions options = {0};
    CU_ASSERT_FATAL(study_run(&fixture.study, &options, fixture.arena, &result));
    CU_ASSERT(STROMA_LANES > 0 || result.width == 2); // untreated goes with the first
    CU_ASSERT(result.schedules[0].count == 0 && result.schedules[1].count == 1);
    CU_ASSERT(result.schedules[2].count == 2 && result.schedules[2].events[0].time == 1.5);
    check_rows(&fixture, result.table);
    close_fixture(&fixture);
}

static void test_every_width_and_separate_packs(void)
{
    for (int width = 0; width <= 8; width = width == 0 ? 1 : 2 * width) {
        for (int separate = 0; separate < 2; separate++) {
            Fixture fixture;
            open_fixture(&fixture, one_compartment);
            give(&fixture, 0, 0.0, 10.0);
            give(&fixture, 1, 0.0, 100.0);
            give(&fixture, 2, 0.0, 50.0);
            RunResult result;
            RunOptions options = {.width = width, .separate = separate != 0};
            CU_ASSERT_FATAL(study_run(&fixture.study, &options, fixture.arena, &result));
            CU_ASSERT(STROMA_LANES > 0 || width == 0 || result.width == width);
            check_rows(&fixture, result.table);
            close_fixture(&fixture);
        }
    }
}

static void test_an_arm_that_fails_keeps_its_rows(void)
{
    Fixture fixture;
    open_fixture(&fixture, exploding);
    fixture.parameters[0][0] = 0.01; // ends at 100
    fixture.parameters[1][0] = 0.4;  // ends at 2.5
    fixture.parameters[2][0] = 0.05; // ends at 20
    RunResult result;
    RunOptions options = {0};
    CU_ASSERT_FATAL(study_run(&fixture.study, &options, fixture.arena, &result));
    CU_ASSERT(result.failed == 1 && !result.stopped);
    CU_ASSERT(result.outcomes[0].kind == OUTCOME_DONE);
    CU_ASSERT(result.outcomes[1].kind != OUTCOME_DONE);
    CU_ASSERT(result.outcomes[1].time > 2.4 && result.outcomes[1].time < 2.6);
    CU_ASSERT(result.outcomes[2].kind == OUTCOME_DONE);
    CU_ASSERT_FATAL(result.table->row_count == TIMES + 3 + TIMES); // 0, 1 and 2 of the second
    for (size_t row = 0; row < result.table->row_count; row++) {
        double x0 = fixture.parameters[(int)table_cell(result.table, row, 0)][0];
        double wanted = x0 / (1.0 - x0 * table_cell(result.table, row, 2));
        double growth = wanted / x0; // of a relative error on the way, for x' = x^2
        CU_ASSERT(fabs(table_cell(result.table, row, 3) / wanted - 1.0) < 1e-5 * growth);
    }
    close_fixture(&fixture);
}

static void test_stopping(void)
{
    Fixture fixture;
    open_fixture(&fixture, one_compartment);
    give(&fixture, 1, 1.0, 100.0);
    give(&fixture, 2, 2.0, 100.0);
    static const volatile int stop = 1;
    RunResult result;
    RunOptions options = {.stop = &stop};
    CU_ASSERT_FATAL(study_run(&fixture.study, &options, fixture.arena, &result));
    CU_ASSERT(result.stopped && result.failed == ARMS);
    CU_ASSERT(result.outcomes[2].kind == OUTCOME_STOPPED);
    CU_ASSERT(result.table->row_count < ARMS * TIMES);
    close_fixture(&fixture);
}

typedef struct {
    double last;
    int calls;
    bool rising;
} Progress;

static void note_progress(void *context, double done)
{
    Progress *progress = context;
    progress->rising = progress->rising && done >= progress->last && done <= 1.0;
    progress->last = done;
    progress->calls++;
}

static void test_progress_rises_to_one(void)
{
    Fixture fixture;
    open_fixture(&fixture, one_compartment);
    give(&fixture, 1, 1.0, 100.0);
    give(&fixture, 2, 2.0, 100.0);
    Progress progress = {.rising = true};
    RunResult result;
    RunOptions options = {.progress = note_progress, .context = &progress};
    CU_ASSERT_FATAL(study_run(&fixture.study, &options, fixture.arena, &result));
    CU_ASSERT(progress.rising && progress.last == 1.0 && progress.calls >= 2 * TIMES);
    close_fixture(&fixture);
}

static json_t *manifest_of(Fixture *fixture, const char *command, Text *text)
{
    RunResult result;
    RunOptions options = {0};
    CU_ASSERT_FATAL(study_run(&fixture->study, &options, fixture->arena, &result));
    *text = text_new(fixture->arena);
    CU_ASSERT_FATAL(study_manifest(&fixture->study, &result, command, fixture->arena, text));
    json_t *root = json_loads(text->data, JSON_REJECT_DUPLICATES, NULL);
    CU_ASSERT_FATAL(root != NULL);
    return root;
}

static const char *string_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "(none)" : text;
}

static void test_manifest_holds_what_was_run(void)
{
    Fixture fixture;
    open_fixture(&fixture, one_compartment);
    give(&fixture, 1, 0.0, 100.0);
    fixture.parameters[1][0] = 0.1 + 0.2; // 17 digits
    Setting setting = {"parameters.k", "0.3 \"1.50\" 1.50"};
    fixture.study.settings = &setting;
    fixture.study.setting_count = 1;
    InputFile input = {"one.stroma", "abc"};
    fixture.study.inputs = &input;
    fixture.study.input_count = 1;
    Text text;
    json_t *root = manifest_of(&fixture, "stroma run \xff", &text);
    CU_ASSERT_STRING_EQUAL(string_at(root, "stroma"), STROMA_VERSION);
    CU_ASSERT_STRING_EQUAL(string_at(root, "command"), "stroma run ?");
    json_t *arm = json_array_get(json_object_get(root, "arms"), 1);
    CU_ASSERT_STRING_EQUAL(string_at(arm, "name"), "first");
    json_t *k = json_object_get(json_object_get(arm, "parameters"), "k");
    CU_ASSERT(json_real_value(json_object_get(k, "value")) == 0.1 + 0.2);
    CU_ASSERT_STRING_EQUAL(string_at(k, "unit"), "1/h");
    CU_ASSERT_STRING_EQUAL(string_at(k, "source"), "doi:10.1/x");
    CU_ASSERT_STRING_EQUAL(string_at(k, "written"), "0.1 1/h");
    CU_ASSERT_STRING_EQUAL(string_at(k, "from"), "study");
    CU_ASSERT_STRING_EQUAL(string_at(k, "place"), "one.stroma:2");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(json_object_get(arm, "doses"), 0)),
                           "iv 100 mg");
    json_t *event = json_array_get(json_object_get(arm, "schedule"), 0);
    CU_ASSERT(json_real_value(json_object_get(event, "amount")) == 100.0);
    CU_ASSERT_STRING_EQUAL(string_at(event, "into"), "A");
    CU_ASSERT_STRING_EQUAL(string_at(json_object_get(arm, "outcome"), "kind"), "done");
    json_t *solver = json_object_get(root, "solver");
    CU_ASSERT(json_real_value(json_object_get(solver, "rtol")) == 1e-6);
    CU_ASSERT(json_real_value(json_object_get(solver, "atol")) == 1e-9);
    json_t *set = json_array_get(json_object_get(root, "settings"), 0);
    CU_ASSERT_STRING_EQUAL(string_at(set, "value"), "0.3 \"1.50\" 1.50");
    json_t *file = json_array_get(json_object_get(root, "inputs"), 0);
    CU_ASSERT_STRING_EQUAL(string_at(file, "sha256"), "abc");
    CU_ASSERT_PTR_NULL(json_object_get(root, "source_date_epoch"));
    json_decref(root);
    // shortest digits, sorted keys, one newline at the end
    CU_ASSERT_PTR_NOT_NULL(strstr(text.data, "\"value\": 0.30000000000000004"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text.data, "\"value\": 0.1,"));
    CU_ASSERT(strstr(text.data, "\"arms\"") < strstr(text.data, "\"command\""));
    CU_ASSERT(text.data[text.length - 1] == '\n' && text.data[text.length - 2] == '}');
    close_fixture(&fixture);
}

static void test_manifest_is_the_same_bytes_each_time(void)
{
    Fixture fixture;
    open_fixture(&fixture, one_compartment);
    give(&fixture, 1, 0.0, 100.0);
    fixture.covariates[2][0] = NAN; // null in JSON
    Text one;
    Text two;
    json_decref(manifest_of(&fixture, "x", &one));
    json_decref(manifest_of(&fixture, "x", &two));
    CU_ASSERT_STRING_EQUAL(one.data, two.data);
    CU_ASSERT_PTR_NOT_NULL(strstr(one.data, "\"value\": null"));
    setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
    json_t *root = manifest_of(&fixture, "x", &two);
    unsetenv("SOURCE_DATE_EPOCH");
    CU_ASSERT_STRING_EQUAL(string_at(root, "source_date_epoch"), "1700000000");
    json_decref(root);
    close_fixture(&fixture);
}

static void test_schedule_in_words(void)
{
    Fixture fixture;
    open_fixture(&fixture, one_compartment);
    give(&fixture, 1, 1.5, 100.0);
    fixture.doses[1][0].count = 2;
    fixture.doses[1][0].interval = 2.0;
    fixture.doses[2][0] = (Dose){.kind = DOSE_INFUSION_DURATION,
                                 .route = 0,
                                 .state = -1,
                                 .amount = 50.0,
                                 .duration = 0.5,
                                 .count = 1};
    fixture.arms[2].regimen.count = 1;
    Text text = text_new(fixture.arena);
    study_print_schedule(&fixture.study, fixture.arena, &text);
    CU_ASSERT_STRING_EQUAL(text.data, "arm untreated\n"
                                      "  nothing is given\n"
                                      "\n"
                                      "arm first\n"
                                      "  dose 1: iv 100 mg\n"
                                      "        time (h)  dose  what happens\n"
                                      "             1.5  1.1   100 mg enters A\n"
                                      "             3.5  1.2   100 mg enters A\n"
                                      "\n"
                                      "arm second\n"
                                      "  dose 1: iv 100 mg\n"
                                      "        time (h)  dose  what happens\n"
                                      "               0  1     infusion into A starts: 50 mg in "
                                      "all, at 100 mg/h\n"
                                      "             0.5  1     infusion into A ends (100 mg/h)\n");
    close_fixture(&fixture);
}

SUITE("study", TEST(test_arms_that_agree_share_a_pack), TEST(test_arms_that_differ_run_apart),
      TEST(test_every_width_and_separate_packs), TEST(test_an_arm_that_fails_keeps_its_rows),
      TEST(test_stopping), TEST(test_progress_rises_to_one), TEST(test_manifest_holds_what_was_run),
      TEST(test_manifest_is_the_same_bytes_each_time), TEST(test_schedule_in_words))
