/* test_library.c: the public header from outside: statuses, names, studies from calls and from
 * files.
 *
 * Linked with libstroma.a as a program of somebody else would be; a function named tape_run of its
 * own shows that nothing but stroma_* leaves the library. Expected values are closed forms.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "stroma.h"
#include "unit/suite.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char text[] = "model two \"two compartments\"\n"
                           "time h\n"
                           "param k [1/h]\n"
                           "param F [1] = 0.5 \"fraction\"\n"
                           "covariate WT [kg] = 70\n"
                           "state A [mg] \"in\" = 0\n"
                           "state B [mg] = 0\n"
                           "flow loss : A -> B : k * A\n"
                           "route oral -> A : fraction = F, lag = 1 [h]\n"
                           "observe conc [mg/kg] = A / WT\n";

/* An embedder may own this name. */
int tape_run(void);
int tape_run(void)
{
    return 7;
}

static stroma_model *read_model(void)
{
    stroma_model *model = NULL;
    stroma_report *report = stroma_report_new();
    CU_ASSERT_FATAL(stroma_model_from_text("two", text, strlen(text), NULL, report, &model) ==
                    STROMA_OK);
    CU_ASSERT_STRING_EQUAL(stroma_report_text(report), "");
    stroma_report_free(report);
    return model;
}

static void test_model_tells_its_names(void)
{
    stroma_model *model = read_model();
    CU_ASSERT_STRING_EQUAL(stroma_model_name(model), "two");
    CU_ASSERT_STRING_EQUAL(stroma_model_title(model), "two compartments");
    CU_ASSERT_STRING_EQUAL(stroma_model_time_unit(model), "h");
    CU_ASSERT(stroma_model_count(model, STROMA_STATE) == 2);
    CU_ASSERT(stroma_model_count(model, STROMA_PARAMETER) == 2);
    CU_ASSERT(stroma_model_count(model, STROMA_COVARIATE) == 1);
    CU_ASSERT(stroma_model_count(model, STROMA_OBSERVABLE) == 1);
    CU_ASSERT(stroma_model_count(model, STROMA_ROUTE) == 1);
    CU_ASSERT(stroma_model_find(model, STROMA_STATE, "B") == 1);
    CU_ASSERT(stroma_model_find(model, STROMA_STATE, "C") == -1);
    CU_ASSERT_STRING_EQUAL(stroma_quantity_name(model, STROMA_PARAMETER, 1), "F");
    CU_ASSERT_STRING_EQUAL(stroma_quantity_unit(model, STROMA_COVARIATE, 0), "kg");
    CU_ASSERT_STRING_EQUAL(stroma_quantity_text(model, STROMA_STATE, 0), "in");
    CU_ASSERT_PTR_NULL(stroma_quantity_name(model, STROMA_ROUTE, 1));
    CU_ASSERT_PTR_NULL(stroma_quantity_unit(model, STROMA_ROUTE, -1));
    CU_ASSERT(tape_run() == 7);
    stroma_model_free(model);
}

static void test_wrong_models_are_reported(void)
{
    stroma_report *report = stroma_report_new();
    stroma_model *model = NULL;
    const char *wrong = "model m\nstate A = 0\nd/dt(A) = -kk * A\n";
    CU_ASSERT(stroma_model_from_text("wrong.stroma", wrong, strlen(wrong), NULL, report, &model) ==
              STROMA_BAD_MODEL);
    CU_ASSERT_PTR_NULL(model);
    CU_ASSERT(stroma_report_errors(report) > 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(stroma_report_text(report), "wrong.stroma:3:"));
    CU_ASSERT_PTR_NOT_NULL(strstr(stroma_report_text(report), "kk"));
    stroma_report_clear(report);
    CU_ASSERT_STRING_EQUAL(stroma_report_text(report), "");
    CU_ASSERT(stroma_model_read("/nowhere/x.stroma", NULL, report, &model) == STROMA_BAD_MODEL);
    CU_ASSERT_PTR_NOT_NULL(strstr(stroma_report_text(report), "/nowhere/x.stroma"));
    CU_ASSERT(stroma_model_read("/nowhere/x.stroma", NULL, NULL, &model) == STROMA_BAD_MODEL);
    CU_ASSERT(stroma_model_read(NULL, NULL, NULL, &model) == STROMA_BAD_ARGUMENT);
    stroma_report_free(report);
    stroma_report_free(NULL);
    stroma_model_free(NULL);
    stroma_study_free(NULL);
    stroma_table_free(NULL);
}

static void test_study_by_calls_against_the_closed_form(void)
{
    stroma_model *model = read_model();
    stroma_study *study = NULL;
    CU_ASSERT_FATAL(stroma_study_new(model, &study) == STROMA_OK);
    stroma_dose dose = stroma_dose_default();
    dose.route = "oral";
    dose.amount = 80;
    dose.time = 1;
    const double times[] = {0, 1, 2, 3, 5};
    const char *outputs[] = {"conc", "B"};
    CU_ASSERT(stroma_study_set_parameter(study, NULL, "k", 0.5) == STROMA_OK);
    CU_ASSERT(stroma_study_add_arm(study, "low", NULL) == STROMA_OK);
    CU_ASSERT(stroma_study_add_dose(study, NULL, &dose) == STROMA_OK);
    CU_ASSERT(stroma_study_add_arm(study, "high", "low") == STROMA_OK);
    CU_ASSERT(stroma_study_set_parameter(study, "high", "F", 1.0) == STROMA_OK);
    CU_ASSERT(stroma_study_set_covariate(study, "high", "WT", 35.0) == STROMA_OK);
    CU_ASSERT(stroma_study_set_times(study, 0, 5, times, 5) == STROMA_OK);
    CU_ASSERT(stroma_study_set_outputs(study, outputs, 2) == STROMA_OK);
    CU_ASSERT(stroma_study_set_tolerances(study, 1e-8, 1e-10) == STROMA_OK);
    CU_ASSERT(stroma_study_set_state_tolerance(study, "B", 1e-11) == STROMA_OK);
    CU_ASSERT(stroma_study_arm_count(study) == 2);
    CU_ASSERT_STRING_EQUAL(stroma_study_arm_name(study, 1), "high");
    CU_ASSERT_PTR_NULL(stroma_study_arm_name(study, 2));
    stroma_table *table = NULL;
    CU_ASSERT_FATAL(stroma_study_run(study, NULL, NULL, &table) == STROMA_OK);
    stroma_study_free(study); // the table needs neither any more
    stroma_model_free(model);
    CU_ASSERT_FATAL(stroma_table_rows(table) == 10 && stroma_table_columns(table) == 5);
    double conc[10];
    CU_ASSERT(stroma_table_column(table, 3, conc, 10) == 10);
    for (size_t row = 0; row < 10; row++) {
        bool high = row >= 5;
        double time = times[row % 5];
        double given = high ? 80.0 : 40.0; // the lag of 1 h: it enters at 2
        double left = time < 2 ? 0.0 : given * exp(-0.5 * (time - 2));
        CU_ASSERT(fabs(conc[row] - left / (high ? 35.0 : 70.0)) < 1e-7);
        double gone = time < 2 ? 0.0 : given - left;
        CU_ASSERT(fabs(stroma_table_value(table, row, 4) - gone) < 1e-5);
    }
    CU_ASSERT_STRING_EQUAL(stroma_table_name(table, 3), "conc");
    CU_ASSERT_STRING_EQUAL(stroma_table_unit(table, 3), "mg/kg");
    CU_ASSERT(stroma_table_find(table, "B") == 4 && stroma_table_find(table, "A") == -1);
    CU_ASSERT_PTR_NULL(stroma_table_name(table, 5));
    CU_ASSERT(isnan(stroma_table_value(table, 10, 0)) && isnan(stroma_table_value(table, 0, -1)));
    CU_ASSERT(stroma_table_arms(table) == 2);
    CU_ASSERT_STRING_EQUAL(stroma_table_arm(table, 0), "low");
    CU_ASSERT_STRING_EQUAL(stroma_table_outcome(table, 1), "done");
    CU_ASSERT_STRING_EQUAL(stroma_table_reason(table, 1), "");
    CU_ASSERT(stroma_table_write(table, "/nowhere/x.csv") == STROMA_CANNOT_WRITE);
    stroma_table_free(table);
}

static void test_what_makes_no_sense_is_refused(void)
{
    stroma_model *model = read_model();
    stroma_study *study = NULL;
    CU_ASSERT_FATAL(stroma_study_new(model, &study) == STROMA_OK);
    const double falling[] = {0, 2, 1};
    const double outside[] = {0, 9};
    const char *route[] = {"oral"};
    CU_ASSERT(stroma_study_set_times(study, 0, 5, falling, 3) == STROMA_BAD_ARGUMENT);
    CU_ASSERT(stroma_study_set_times(study, 0, 5, outside, 2) == STROMA_BAD_ARGUMENT);
    CU_ASSERT(stroma_study_set_times(study, 0, NAN, falling, 1) == STROMA_BAD_ARGUMENT);
    CU_ASSERT(stroma_study_set_outputs(study, route, 1) == STROMA_NO_SUCH_NAME);
    CU_ASSERT(stroma_study_set_parameter(study, NULL, "kk", 1) == STROMA_NO_SUCH_NAME);
    CU_ASSERT(stroma_study_set_parameter(study, "x", "k", 1) == STROMA_NO_SUCH_NAME);
    CU_ASSERT(stroma_study_set_parameter(study, NULL, "k", NAN) == STROMA_BAD_ARGUMENT);
    CU_ASSERT(stroma_study_set_tolerances(study, 0, 1) == STROMA_BAD_ARGUMENT);
    CU_ASSERT(stroma_study_set_state_tolerance(study, "Z", 1) == STROMA_NO_SUCH_NAME);
    CU_ASSERT(stroma_study_add_arm(study, "a,b", NULL) == STROMA_BAD_ARGUMENT);
    CU_ASSERT(stroma_study_add_arm(study, "", NULL) == STROMA_BAD_ARGUMENT);
    CU_ASSERT(stroma_study_add_arm(study, "a", "b") == STROMA_NO_SUCH_NAME);
    CU_ASSERT(stroma_study_add_arm(study, "a", NULL) == STROMA_OK);
    CU_ASSERT(stroma_study_add_arm(study, "a", NULL) == STROMA_BAD_ARGUMENT);
    stroma_dose dose = stroma_dose_default();
    CU_ASSERT(stroma_study_add_dose(study, NULL, &dose) == STROMA_BAD_ARGUMENT); // into nothing
    dose.state = "A";
    CU_ASSERT(stroma_study_add_dose(study, "a", &dose) == STROMA_OK);
    dose.modelled = 1; // a state has no rate of its own
    CU_ASSERT(stroma_study_add_dose(study, "a", &dose) == STROMA_BAD_ARGUMENT);
    dose = stroma_dose_default();
    dose.route = "iv";
    CU_ASSERT(stroma_study_add_dose(study, "a", &dose) == STROMA_NO_SUCH_NAME);
    dose.route = "oral";
    dose.modelled = 1; // the route declares none
    CU_ASSERT(stroma_study_add_dose(study, "a", &dose) == STROMA_BAD_ARGUMENT);
    dose.modelled = 0;
    dose.duration = dose.rate = 1;
    CU_ASSERT(stroma_study_add_dose(study, "a", &dose) == STROMA_BAD_ARGUMENT);
    dose.duration = dose.rate = 0;
    dose.count = 2; // without an interval
    CU_ASSERT(stroma_study_add_dose(study, "a", &dose) == STROMA_BAD_ARGUMENT);
    stroma_study_free(study);
    stroma_model_free(model);
}

static void test_incomplete_study_says_what_is_missing(void)
{
    stroma_model *model = read_model();
    stroma_study *study = NULL;
    stroma_table *table = NULL;
    stroma_report *report = stroma_report_new();
    CU_ASSERT_FATAL(stroma_study_new(model, &study) == STROMA_OK);
    const double times[] = {0, 1};
    CU_ASSERT(stroma_study_set_times(study, 0, 1, times, 2) == STROMA_OK);
    CU_ASSERT(stroma_study_run(study, NULL, report, &table) == STROMA_BAD_STUDY);
    CU_ASSERT_PTR_NULL(table);
    CU_ASSERT_PTR_NOT_NULL(strstr(stroma_report_text(report), "'k'"));
    CU_ASSERT(stroma_study_set_parameter(study, NULL, "k", 1) == STROMA_OK);
    stroma_run_options options = stroma_run_options_default();
    options.lanes = 65;
    CU_ASSERT(stroma_study_run(study, &options, report, &table) == STROMA_BAD_ARGUMENT);
    int stop = 1;
    options.lanes = 1;
    options.stop = &stop;
    CU_ASSERT(stroma_study_run(study, &options, report, &table) == STROMA_STOPPED);
    CU_ASSERT_PTR_NOT_NULL(table);
    stroma_table_free(table);
    stop = 0;
    CU_ASSERT(stroma_study_run(study, &options, report, &table) == STROMA_OK);
    CU_ASSERT_STRING_EQUAL(stroma_table_arm(table, 0), "all");
    stroma_table_free(table);
    stroma_report_free(report);
    stroma_study_free(study);
    stroma_model_free(model);
}

static void write_file(const char *folder, const char *name, const char *content)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    CU_ASSERT_FATAL(file != NULL);
    CU_ASSERT(fputs(content, file) >= 0 && fclose(file) == 0);
}

static void test_study_from_a_file(void)
{
    char folder[] = "/tmp/stroma library XXXXXX";
    CU_ASSERT_FATAL(mkdtemp(folder) != NULL);
    write_file(folder, "two.stroma", text);
    write_file(folder, "two.cfg",
               "model = \"two\";\nparameters = { k = 0.5; };\n"
               "time = { end = \"4 h\"; every = \"2 h\"; };\n"
               "arms = ( { name = \"a\"; doses = ( { route = \"oral\";"
               " amount = \"80 mg\"; at = \"0 h\"; } ); } );\n");
    char path[96];
    snprintf(path, sizeof path, "%s/two.cfg", folder);
    stroma_report *report = stroma_report_new();
    stroma_study *study = NULL;
    const char *settings[] = {"parameters.F", "1.0"};
    stroma_study_options options = stroma_study_options_default();
    options.settings = settings;
    options.setting_count = 1;
    stroma_status status = stroma_study_read(path, &options, report, &study);
    CU_ASSERT_STRING_EQUAL(stroma_report_text(report), "");
    CU_ASSERT_FATAL(status == STROMA_OK);
    CU_ASSERT(stroma_model_count(stroma_study_model(study), STROMA_STATE) == 2);
    CU_ASSERT(stroma_study_add_arm(study, "b", NULL) == STROMA_BAD_ARGUMENT);
    CU_ASSERT(stroma_study_add_arm(study, "b", "a") == STROMA_OK);
    CU_ASSERT(stroma_study_set_parameter(study, "b", "k", 1.0) == STROMA_OK);
    stroma_table *table = NULL;
    CU_ASSERT_FATAL(stroma_study_run(study, NULL, report, &table) == STROMA_OK);
    CU_ASSERT(stroma_table_rows(table) == 6);
    int amount = stroma_table_find(table, "A");
    CU_ASSERT(fabs(stroma_table_value(table, 2, amount) - 80 * exp(-1.5)) < 1e-3);
    CU_ASSERT(fabs(stroma_table_value(table, 5, amount) - 80 * exp(-3.0)) < 1e-3);
    stroma_table_free(table);
    stroma_study_free(study);
    settings[0] = "parameters.kk";
    CU_ASSERT(stroma_study_read(path, &options, report, &study) == STROMA_BAD_STUDY);
    CU_ASSERT_PTR_NULL(study);
    CU_ASSERT(stroma_report_errors(report) > 0);
    stroma_report_free(report);
    unlink(path);
    snprintf(path, sizeof path, "%s/two.stroma", folder);
    unlink(path);
    CU_ASSERT(rmdir(folder) == 0);
}

static void test_every_status_has_words(void)
{
    for (int i = STROMA_OK; i <= STROMA_NO_SOLVER; i++) {
        CU_ASSERT(strlen(stroma_status_text((stroma_status)i)) > 5);
        for (int k = STROMA_OK; k < i; k++) {
            CU_ASSERT_STRING_NOT_EQUAL(stroma_status_text((stroma_status)i),
                                       stroma_status_text((stroma_status)k));
        }
    }
    CU_ASSERT_STRING_EQUAL(stroma_version(), STROMA_VERSION);
}

SUITE("library", TEST(test_model_tells_its_names), TEST(test_wrong_models_are_reported),
      TEST(test_study_by_calls_against_the_closed_form), TEST(test_what_makes_no_sense_is_refused),
      TEST(test_incomplete_study_says_what_is_missing), TEST(test_study_from_a_file),
      TEST(test_every_status_has_words))
