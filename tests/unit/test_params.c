/* test_params.c: what a study means: values in the model's units, doses, times, plots, --set.
 *
 * Expected numbers are worked out by hand in the comments beside them. The studies stand in
 * tests/cases/params; their messages are tested by test_params_cases.c.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/params.h"

#include "base/file.h"
#include "base/random.h"
#include "unit/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    Arena *arena;
    Diag *diag;
    const Study *study;
} Scene;

static Scene open_study(const char *path, const Setting *settings, int count)
{
    Scene scene = {.arena = arena_new()};
    scene.diag = diag_new(scene.arena);
    CU_ASSERT_EQUAL_FATAL(chdir(STROMA_SOURCE_DIR "/tests/cases/params"), 0);
    ParamsOptions options = params_options_default();
    options.settings = settings;
    options.setting_count = count;
    bool model = strstr(path, ".stroma") != NULL;
    scene.study = model ? params_for_model(scene.arena, path, &options, scene.diag)
                        : params_read(scene.arena, path, &options, scene.diag);
    Text text = text_new(scene.arena);
    diag_print(scene.diag, &text, false);
    if (!scene.study || text.length) {
        printf("\n%s", text.data);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(scene.study);
    CU_ASSERT_EQUAL(text.length, 0);
    return scene;
}

static void close_study(Scene *scene)
{
    arena_free(scene->arena);
}

static const Arm *arm_of(const Scene *scene, const char *name)
{
    for (int i = 0; i < scene->study->arm_count; i++) {
        if (strcmp(scene->study->arms[i].name, name) == 0) {
            return &scene->study->arms[i];
        }
    }
    CU_FAIL_FATAL("no such arm");
    return NULL;
}

static double parameter(const Scene *scene, const char *arm, const char *name)
{
    NameRef ref = model_find(scene->study->model, name);
    CU_ASSERT_EQUAL_FATAL(ref.kind, NAME_PARAMETER);
    return arm_of(scene, arm)->parameters[ref.index];
}

static double covariate(const Scene *scene, const char *arm, const char *name)
{
    NameRef ref = model_find(scene->study->model, name);
    CU_ASSERT_EQUAL_FATAL(ref.kind, NAME_COVARIATE);
    return arm_of(scene, arm)->covariates[ref.index];
}

static bool near(double value, double expected)
{
    return fabs(value - expected) <= 4e-16 * fabs(expected);
}

/* --- values --------------------------------------------------------------------------------------
 */

static void test_values_in_the_units_of_the_model(void)
{
    Scene scene = open_study("full.cfg", NULL, 0);
    CU_ASSERT(near(parameter(&scene, "untreated", "V"), 2.0));      // 2000 mL in L
    CU_ASSERT(near(parameter(&scene, "untreated", "ka"), 12.0));    // 0.5 1/h in 1/day
    CU_ASSERT(near(parameter(&scene, "untreated", "CL"), 24.0));    // included
    CU_ASSERT(near(parameter(&scene, "untreated", "n"), 2.0));      // default of the model
    CU_ASSERT(near(parameter(&scene, "untreated", "site.k"), 1.0)); // merged over the include
    CU_ASSERT(near(parameter(&scene, "weekly", "site.k"), 6.0));    // 0.25 1/h in 1/day
    CU_ASSERT(near(parameter(&scene, "late", "ka"), 3.0));          // like weekly
    CU_ASSERT(near(covariate(&scene, "untreated", "WT"), 80.0));    // 80000 g in kg
    CU_ASSERT(near(covariate(&scene, "late", "WT"), 100.0));
    CU_ASSERT_STRING_EQUAL(scene.study->title, "Everything at once");
    CU_ASSERT_STRING_EQUAL(scene.study->name, "full");
    CU_ASSERT_STRING_EQUAL(scene.study->path, "full.cfg");
    CU_ASSERT_TRUE(scene.study->steady_start);
    close_study(&scene);
}

static void test_origins_are_kept(void)
{
    Scene scene = open_study("full.cfg", NULL, 0);
    const Model *model = scene.study->model;
    const Arm *arm = arm_of(&scene, "weekly");
    const Origin *volume = &arm->parameter_origin[model_find(model, "V").index];
    CU_ASSERT_EQUAL(volume->kind, ORIGIN_STUDY);
    CU_ASSERT_STRING_EQUAL(volume->source, "doi:10/x, Table 2");
    CU_ASSERT_STRING_EQUAL(volume->written, "2000.0 mL");
    const Origin *clearance = &arm->parameter_origin[model_find(model, "CL").index];
    CU_ASSERT_STRING_EQUAL(clearance->span.source->name, "sets/base.cfg");
    CU_ASSERT_STRING_EQUAL(clearance->written, "24 L/day");
    const Origin *absorption = &arm->parameter_origin[model_find(model, "ka").index];
    CU_ASSERT_EQUAL(absorption->kind, ORIGIN_ARM);
    CU_ASSERT_EQUAL(arm->parameter_origin[model_find(model, "n").index].kind, ORIGIN_MODEL);
    CU_ASSERT_STRING_EQUAL(arm_of(&scene, "late")->like, "weekly");
    CU_ASSERT_PTR_NULL(arm->like);
    close_study(&scene);
}

/* Hashes by sha256sum. */
static void test_inputs_are_hashed(void)
{
    Scene scene = open_study("full.cfg", NULL, 0);
    static const char *const paths[] = {"full.cfg", "sets/base.cfg", "small.stroma",
                                        "small_site.stroma"};
    CU_ASSERT_EQUAL_FATAL(scene.study->input_count, 4);
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_STRING_EQUAL(scene.study->inputs[i].path, paths[i]);
        char command[128];
        char line[65] = "";
        snprintf(command, sizeof command, "sha256sum %s", paths[i]);
        FILE *pipe = popen(command, "r");
        CU_ASSERT_PTR_NOT_NULL_FATAL(pipe);
        CU_ASSERT_EQUAL(fread(line, 1, 64, pipe), 64);
        pclose(pipe);
        CU_ASSERT_STRING_EQUAL(scene.study->inputs[i].hash, line);
    }
    close_study(&scene);
}

/* --- doses ---------------------------------------------------------------------------------------
 */

static void expect_dose(const Arm *arm, int index, const Dose *expected, const char *words)
{
    CU_ASSERT_FATAL(index < arm->regimen.count);
    const Dose *dose = &arm->regimen.doses[index];
    CU_ASSERT_EQUAL(dose->kind, expected->kind);
    CU_ASSERT_EQUAL(dose->route, expected->route);
    CU_ASSERT(near(dose->amount, expected->amount));
    CU_ASSERT(near(dose->time, expected->time));
    CU_ASSERT(near(dose->duration, expected->duration));
    CU_ASSERT(near(dose->rate, expected->rate));
    CU_ASSERT_EQUAL(dose->count, expected->count);
    CU_ASSERT(near(dose->interval, expected->interval));
    CU_ASSERT_EQUAL(dose->steady, expected->steady);
    CU_ASSERT_STRING_EQUAL(arm->dose_text[index], words);
}

/* Routes of small.stroma in order: oral, iv, pump, site.inject. WT is 80 kg. */
static void test_doses(void)
{
    Scene scene = open_study("full.cfg", NULL, 0);
    const Arm *arm = arm_of(&scene, "weekly");
    CU_ASSERT_EQUAL_FATAL(arm->regimen.count, 8);
    expect_dose(arm, 0,
                &(Dose){.kind = DOSE_INFUSION_DURATION,
                        .route = 1,
                        .amount = 160.0,
                        .duration = 1.0 / 48,
                        .count = 1},
                "iv 160 mg over 30 min at 0 day");
    Dose at_rate = {
        .kind = DOSE_INFUSION_RATE, .route = 1, .amount = 5, .time = 1, .rate = 24, .count = 1};
    expect_dose(arm, 1, &at_rate, "iv 5 mg at a rate of 24 mg/day at 1 day");
    at_rate.time = 1.5; // 36 h
    expect_dose(arm, 2, &at_rate, "iv 5 mg at a rate of 24 mg/day at 36 h");
    expect_dose(arm, 3,
                &(Dose){.kind = DOSE_BOLUS,
                        .route = -1,
                        .amount = 1000,
                        .time = 1,
                        .count = 3,
                        .interval = 0.5},
                "central 1000 mg at 1 day, then every 12 h, 3 doses");
    CU_ASSERT_EQUAL(arm->regimen.doses[3].state, model_find(scene.study->model, "central").index);
    expect_dose(arm, 4,
                &(Dose){.kind = DOSE_MODEL_RATE, .route = 2, .amount = 7, .time = 2, .count = 1},
                "pump 7 mg at the rate of the model at 2 day");
    expect_dose(arm, 5,
                &(Dose){.kind = DOSE_BOLUS, .route = 3, .amount = 8e7, .time = 3, .count = 1},
                "site.inject 8e+07 cell at 3 day");
    expect_dose(
        arm, 6,
        &(Dose){
            .kind = DOSE_BOLUS, .route = 0, .amount = 1, .count = 1, .interval = 1, .steady = true},
        "oral 1 mg at 0 day, from the steady state of one every 1 day");
    expect_dose(
        arm, 7,
        &(Dose){.kind = DOSE_INFUSION_RATE, .route = 1, .time = 7, .rate = 24.0 * 80, .count = 1},
        "iv 0 mg at a rate of 1920 mg/day at 7 day");
    close_study(&scene);
}

/* An arm that is like another doses by its own weight; an empty list takes the doses away. */
static void test_doses_of_arms_that_are_like_another(void)
{
    Scene scene = open_study("full.cfg", NULL, 0);
    CU_ASSERT_EQUAL(arm_of(&scene, "late")->regimen.count, 8);
    CU_ASSERT(near(arm_of(&scene, "late")->regimen.doses[0].amount, 200.0)); // 2 mg/kg x 100 kg
    CU_ASSERT(near(arm_of(&scene, "late")->regimen.doses[5].amount, 1e8));
    CU_ASSERT_EQUAL(arm_of(&scene, "none")->regimen.count, 0);
    CU_ASSERT_EQUAL(arm_of(&scene, "untreated")->regimen.count, 0);
    close_study(&scene);
}

/* --- times, solver, outputs, plots
 * ---------------------------------------------------------------- */

/* start -1, every 0.3, end 7: points (-10 + 3 k) / 10 for k = 0 .. 26, then the end; of the further
 * times 0.25, 0.5, 0.8 and 7 only the first is not on the grid. */
static void test_output_times(void)
{
    Scene scene = open_study("full.cfg", NULL, 0);
    const Study *study = scene.study;
    CU_ASSERT_EQUAL(study->start, -1.0);
    CU_ASSERT_EQUAL(study->end, 7.0);
    CU_ASSERT_EQUAL_FATAL(study->time_count, 29);
    static const double first[] = {-1, -0.7, -0.4, -0.1, 0.2, 0.25, 0.5, 0.8, 1.1};
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        CU_ASSERT_EQUAL(study->times[i], first[i]);
    }
    CU_ASSERT_EQUAL(study->times[27], 6.8);
    CU_ASSERT_EQUAL(study->times[28], 7.0);
    close_study(&scene);
}

static void expect_times(const char *settings[][2], int count, const double *times, int time_count)
{
    Setting list[4];
    for (int i = 0; i < count; i++) {
        list[i] = (Setting){settings[i][0], settings[i][1]};
    }
    Scene scene = open_study("good.cfg", list, count);
    CU_ASSERT_EQUAL_FATAL(scene.study->time_count, time_count);
    for (int i = 0; i < time_count; i++) {
        CU_ASSERT_EQUAL(scene.study->times[i], times[i]);
    }
    close_study(&scene);
}

static void test_grids(void)
{
    static const char *beyond[][2] = {{"time.end", "1"}, {"time.every", "0.4"}};
    expect_times(beyond, 2, (double[]){0, 0.4, 0.8, 1}, 4);
    static const char *coarse[][2] = {{"time.end", "1"}, {"time.every", "1 week"}};
    expect_times(coarse, 2, (double[]){0, 1}, 2);
    static const char *alone[][2] = {{"time.end", "1"}, {"time.at", "[0.75, 0.25, 0.75]"}};
    expect_times(alone, 2, (double[]){0.25, 0.75}, 2);
    static const char *hours[][2] = {{"time.end", "1"}, {"time.every", "8 h"}};
    expect_times(hours, 2, (double[]){0, 1.0 / 3, 2.0 / 3, 1}, 4);
    static const char *tenths[][2] = {{"time.end", "0.3"}, {"time.every", "0.1"}};
    expect_times(tenths, 2, (double[]){0, 0.1, 0.2, 0.3}, 4);
}

static void test_no_spacing_means_two_hundred(void)
{
    Scene scene = open_study("good.cfg", NULL, 0);
    CU_ASSERT_EQUAL(scene.study->time_count, 201);
    CU_ASSERT_EQUAL(scene.study->times[1], 0.05);
    CU_ASSERT_EQUAL(scene.study->times[200], 10.0);
    close_study(&scene);
}

static void test_solver(void)
{
    Scene scene = open_study("full.cfg", NULL, 0);
    const SolverOptions *solver = &scene.study->solver;
    const Model *model = scene.study->model;
    CU_ASSERT_EQUAL(solver->rtol, 1e-7);
    CU_ASSERT_EQUAL(solver->safety, 2.0);
    CU_ASSERT_EQUAL(solver->max_steps, 500);
    CU_ASSERT_EQUAL(solver->max_step, 0.25); // 6 h
    CU_ASSERT_TRUE(solver->dense);
    CU_ASSERT_EQUAL(solver->atol[model_find(model, "depot").index], 1e-8);
    CU_ASSERT(near(solver->atol[model_find(model, "central").index], 1e-3)); // 1 ug in mg
    CU_ASSERT_EQUAL(solver->atol[model_find(model, "site.cells").index], 10.0);
    close_study(&scene);
    scene = open_study("good.cfg", NULL, 0);
    CU_ASSERT_EQUAL(scene.study->solver.rtol, 1e-6);
    CU_ASSERT_EQUAL(scene.study->solver.atol[0], 1e-9);
    CU_ASSERT_EQUAL(solver_safety(&scene.study->solver), 5.0);
    CU_ASSERT_EQUAL(scene.study->solver.max_steps, 20000);
    CU_ASSERT_FALSE(scene.study->steady_start);
    close_study(&scene);
}

static void test_outputs_and_plots(void)
{
    Scene scene = open_study("full.cfg", NULL, 0);
    const Study *study = scene.study;
    static const char *const names[] = {"C", "central", "site.cells", "depot", "conc"};
    CU_ASSERT_EQUAL(study->table_outputs, 3);
    CU_ASSERT_EQUAL_FATAL(study->output_count, 5); // two are drawn only
    for (int i = 0; i < 5; i++) {
        CU_ASSERT_STRING_EQUAL(study->outputs[i].label->name, names[i]);
        CU_ASSERT_EQUAL(study->outputs[i].expr, model_expr(study->model, study->outputs[i].ref));
    }
    CU_ASSERT_EQUAL_FATAL(study->plot_count, 2);
    const Plot *plot = &study->plots[0];
    CU_ASSERT_STRING_EQUAL(plot->file, "full-1-drug-in-plasma-site");
    CU_ASSERT_EQUAL(plot->y_count, 2);
    CU_ASSERT_EQUAL(plot->y[0], 0);
    CU_ASSERT_EQUAL(plot->y[1], 3);
    CU_ASSERT(plot->logy && !plot->logx && !plot->has_band);
    CU_ASSERT_EQUAL(plot->x_min, 0.5); // 12 h
    CU_ASSERT_TRUE(isnan(plot->x_max));
    CU_ASSERT_EQUAL(plot->y_min, 0.1);
    CU_ASSERT_EQUAL(plot->y_max, 10.0);
    CU_ASSERT_STRING_EQUAL(plot->x_label, "days");
    CU_ASSERT_STRING_EQUAL(study->plots[1].title, "conc");
    CU_ASSERT_PTR_NULL(study->plots[1].y_label);
    close_study(&scene);
}

/* tests/cases/params/points/good.csv: three rows, times in hours there, one of a second quantity.
 */
static void test_points_of_a_plot(void)
{
    Scene scene = open_study("points.cfg", NULL, 0);
    const Points *points = scene.study->plots[0].points;
    CU_ASSERT_PTR_NOT_NULL_FATAL(points);
    CU_ASSERT_STRING_EQUAL(points->words, "Trial");
    CU_ASSERT_EQUAL_FATAL(points->count, 3);
    const Point wanted[] = {{0, 0, 1.0 / 24, 2.5, 2, 3, 12, POINT_UNSAID, ""},
                            {1, 0, 2.0 / 24, 3, 1, 4, 12, POINT_UNSAID, ""}};
    for (int i = 0; i < 2; i++) {
        const Point *point = &points->points[i];
        CU_ASSERT(point->arm == wanted[i].arm && point->curve == wanted[i].curve);
        CU_ASSERT_DOUBLE_EQUAL(point->time, wanted[i].time, 1e-15);
        CU_ASSERT(point->value == wanted[i].value && point->low == wanted[i].low);
        CU_ASSERT(point->high == wanted[i].high && point->n == wanted[i].n);
    }
    CU_ASSERT(points->points[2].curve == 1 && isnan(points->points[2].low));
    CU_ASSERT_EQUAL_FATAL(points->source_count, 2); // each once, empty ones not
    CU_ASSERT_STRING_EQUAL(points->sources[0], "doi:10.1000/x, Table 2");
    const InputFile *last = &scene.study->inputs[scene.study->input_count - 1];
    CU_ASSERT_STRING_EQUAL(last->path, "points/good.csv"); // the manifest names it
    close_study(&scene);
}

static void test_plots_of_our_own(void)
{
    Scene scene = open_study("good.cfg", NULL, 0);
    CU_ASSERT_EQUAL(scene.study->output_count, 5); // three states, two observables
    CU_ASSERT_EQUAL_FATAL(scene.study->plot_count, 2);
    CU_ASSERT_STRING_EQUAL(scene.study->plots[0].title, "concentration");
    CU_ASSERT_STRING_EQUAL(scene.study->plots[0].file, "good-1-concentration");
    CU_ASSERT_EQUAL(scene.study->plots[0].y[0], 3);
    CU_ASSERT_STRING_EQUAL(scene.study->arms[0].name, "all");
    close_study(&scene);
    Setting none = {"plots", "()"};
    scene = open_study("good.cfg", &none, 1);
    CU_ASSERT_EQUAL(scene.study->plot_count, 0);
    close_study(&scene);
}

/* Slopes by the formulas of Fritsch and Butland for x = 0 1 3 4 5, y = 0 1000 5000 5000 2000:
 * at 1: 9 / (5 / 1000 + 4 / 2000) = 9000 / 7; at 3 and 4: 0, a chord is flat;
 * first: (4 x 1000 - 2000) / 3; last: 3 x -3000 / 2. */
static void test_smooth_table(void)
{
    Scene scene = open_study("pchip.cfg", NULL, 0);
    const Interpolant *table = &scene.study->tables[0];
    static const double x[] = {0, 1, 3, 4, 5};
    static const double y[] = {0, 1000, 5000, 5000, 2000};
    const double slope[] = {2000.0 / 3, 9000.0 / 7, 0, 0, -4500};
    CU_ASSERT_EQUAL_FATAL(table->count, 5);
    CU_ASSERT_EQUAL(table->method, INTERP_PCHIP);
    for (int i = 0; i < 5; i++) {
        CU_ASSERT(near(table->x[i], x[i]));
        CU_ASSERT(near(table->y[i], y[i]));
        CU_ASSERT(fabs(table->slope[i] - slope[i]) <= 1e-12 * fabs(slope[i]));
    }
    close_study(&scene);
}

/* --- --set ---------------------------------------------------------------------------------------
 */

static void test_settings(void)
{
    static const Setting settings[] = {
        {"ka", "4"},
        {"CL", "1 L/h"},
        {"parameters.V", "{ value = 5.0; unit = \"L\"; source = \"me\"; }"},
        {"site.k", "0.125"},
        {"arms.weekly.covariates.WT", "50"},
        {"arms.weekly.parameters.site.k", "9"},
        {"arms.weekly.doses.0.amount", "3 mg/kg"},
        {"arms.2.doses.2.count", "2"},
        {"arms.weekly.doses.1.at.1", "48 h"},
        {"arms.none.parameters.n", "3"},
        {"time.end", "2 week"},
        {"time.every", "1"},
        {"title", "another title"},
        {"solver.atol.central", "1e-4"},
        {"plots.1.logx", "false"},
        {"arms.weekly.parameters.ka", "5"},
        {"arms.weekly.parameters.ka", "6"},
    };
    int count = sizeof settings / sizeof settings[0];
    Scene scene = open_study("full.cfg", settings, count);
    const Study *study = scene.study;
    CU_ASSERT_EQUAL(parameter(&scene, "untreated", "ka"), 4.0);
    CU_ASSERT(near(parameter(&scene, "untreated", "CL"), 24.0));
    CU_ASSERT_EQUAL(parameter(&scene, "untreated", "V"), 5.0);
    CU_ASSERT_EQUAL(parameter(&scene, "untreated", "site.k"), 0.125);
    CU_ASSERT(near(covariate(&scene, "untreated", "WT"), 80.0));
    CU_ASSERT_EQUAL(covariate(&scene, "weekly", "WT"), 50.0);
    CU_ASSERT_EQUAL(parameter(&scene, "weekly", "site.k"), 9.0);
    CU_ASSERT_EQUAL(parameter(&scene, "weekly", "ka"), 6.0); // the later wins
    CU_ASSERT_EQUAL(parameter(&scene, "none", "n"), 3.0);
    CU_ASSERT(near(arm_of(&scene, "weekly")->regimen.doses[0].amount, 150.0)); // 3 mg/kg x 50 kg
    CU_ASSERT_EQUAL(arm_of(&scene, "weekly")->regimen.doses[3].count, 2);
    CU_ASSERT_EQUAL(arm_of(&scene, "weekly")->regimen.doses[2].time, 2.0);
    CU_ASSERT_EQUAL(study->end, 14.0);
    CU_ASSERT_STRING_EQUAL(study->title, "another title");
    CU_ASSERT_EQUAL(study->solver.atol[model_find(study->model, "central").index], 1e-4);
    CU_ASSERT_EQUAL(study->solver.atol[model_find(study->model, "depot").index], 1e-8);
    CU_ASSERT_FALSE(study->plots[1].logx);
    const Arm *arm = arm_of(&scene, "untreated");
    CU_ASSERT_EQUAL(arm->parameter_origin[model_find(study->model, "ka").index].kind, ORIGIN_SET);
    CU_ASSERT_EQUAL_FATAL(study->setting_count, count);
    CU_ASSERT_STRING_EQUAL(study->settings[1].path, "CL");
    CU_ASSERT_STRING_EQUAL(study->settings[1].value, "1 L/h");
    close_study(&scene);
}

static void test_settings_make_groups(void)
{
    static const Setting settings[] = {
        {"solver.rtol", "1e-8"},    {"solver.atol.central", "1e-3"},
        {"covariates.AGE", "30"},   {"doses", "( { route = \"iv\"; amount = 5; at = 0; } )"},
        {"doses.0.amount", "0x10"},
    };
    Scene scene = open_study("good.cfg", settings, sizeof settings / sizeof settings[0]);
    CU_ASSERT_EQUAL(scene.study->solver.rtol, 1e-8);
    CU_ASSERT_EQUAL(scene.study->solver.atol[0], 1e-9);
    CU_ASSERT_EQUAL(scene.study->solver.atol[1], 1e-3);
    CU_ASSERT_EQUAL(covariate(&scene, "all", "AGE"), 30.0);
    CU_ASSERT_EQUAL(scene.study->arms[0].regimen.count, 1);
    CU_ASSERT_EQUAL(scene.study->arms[0].regimen.doses[0].amount, 16.0);
    close_study(&scene);
}

static void test_model_alone(void)
{
    static const Setting settings[] = {{"ka", "1"},     {"CL", "2"}, {"raw", "3"},
                                       {"site.k", "4"}, {"WT", "5"}, {"time.end", "3"}};
    Scene scene = open_study("small.stroma", settings, 6);
    CU_ASSERT_STRING_EQUAL(scene.study->name, "small");
    CU_ASSERT_EQUAL(scene.study->arm_count, 1);
    CU_ASSERT_EQUAL(parameter(&scene, "all", "V"), 10.0);
    CU_ASSERT_EQUAL(parameter(&scene, "all", "site.k"), 4.0);
    CU_ASSERT_EQUAL(scene.study->end, 3.0);
    CU_ASSERT_EQUAL(scene.study->input_count, 2); // the model and its module
    CU_ASSERT_EQUAL(scene.study->arms[0].regimen.count, 0);
    close_study(&scene);
}

/* --- robustness ----------------------------------------------------------------------------------
 */

static void put_file(Arena *arena, const char *folder, const char *name, const char *text,
                     size_t length)
{
    OutFile *file = file_create(arena, file_join(arena, folder, name));
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    file_write(file, text, length);
    CU_ASSERT_FATAL(file_commit(file));
}

static void read_broken(const char *folder, const char *text, size_t length)
{
    Arena *arena = arena_new();
    Diag *diag = diag_new(arena);
    put_file(arena, folder, "full.cfg", text, length);
    ParamsOptions options = params_options_default();
    const char *models = STROMA_SOURCE_DIR "/tests/cases/params";
    options.models = (SearchPath){&models, 1};
    const Study *study = params_read(arena, file_join(arena, folder, "full.cfg"), &options, diag);
    CU_ASSERT_EQUAL(study == NULL, diag_errors(diag) > 0);
    Text words = text_new(arena);
    diag_print(diag, &words, false);
    CU_ASSERT_PTR_NULL(strstr(words.data, "error P051"));
    arena_free(arena);
}

static void break_study(Arena *arena, const char *folder, const Source *study)
{
    for (uint32_t length = 0; length < study->length; length += 7) {
        read_broken(folder, study->text, length);
    }
    static const char letters[] = "{}();=\"0129.-eas, \n";
    for (uint32_t trial = 0; trial < 400; trial++) {
        RandomKey key = {20261121, 2, trial};
        char *text = arena_copy(arena, study->text, study->length);
        for (uint32_t draw = 0; draw < 4; draw += 2) {
            size_t place = (size_t)(random_uniform(key, draw) * study->length);
            text[place] = letters[(size_t)(random_uniform(key, draw + 1) * (sizeof letters - 1))];
        }
        read_broken(folder, text, study->length);
    }
}

/* Beginnings of a study, and studies with letters changed, are read to an answer. */
static void test_broken_studies(void)
{
    Arena *arena = arena_new();
    const Source *full = NULL;
    const Source *population = NULL;
    const Source *base = NULL;
    CU_ASSERT_EQUAL_FATAL(chdir(STROMA_SOURCE_DIR "/tests/cases/params"), 0);
    CU_ASSERT_EQUAL_FATAL(source_read(arena, "full.cfg", &full), SOURCE_OK);
    CU_ASSERT_EQUAL_FATAL(source_read(arena, "population.cfg", &population), SOURCE_OK);
    CU_ASSERT_EQUAL_FATAL(source_read(arena, "sets/base.cfg", &base), SOURCE_OK);
    char folder[] = "/tmp/stroma-params-XXXXXX";
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    CU_ASSERT_FATAL(file_make_folder(file_join(arena, folder, "sets")));
    put_file(arena, file_join(arena, folder, "sets"), "base.cfg", base->text, base->length);
    break_study(arena, folder, full);
    break_study(arena, folder, population);
    CU_ASSERT_EQUAL(system(arena_format(arena, "rm -r '%s'", folder)), 0);
    arena_free(arena);
}

SUITE("params", TEST(test_values_in_the_units_of_the_model), TEST(test_origins_are_kept),
      TEST(test_inputs_are_hashed), TEST(test_doses),
      TEST(test_doses_of_arms_that_are_like_another), TEST(test_output_times), TEST(test_grids),
      TEST(test_no_spacing_means_two_hundred), TEST(test_solver), TEST(test_outputs_and_plots),
      TEST(test_plots_of_our_own), TEST(test_points_of_a_plot), TEST(test_smooth_table),
      TEST(test_settings), TEST(test_settings_make_groups), TEST(test_model_alone),
      TEST(test_broken_studies))
