/* test_population_params.c: what `population` of a study means: the numbers behind the words.
 *
 * Expected numbers are closed forms of the distributions (Johnson, Kotz, Balakrishnan), worked out
 * with mpmath at 30 digits from the numbers in tests/cases/params/population*.cfg. The messages are
 * tested by test_params_cases.c. SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/params.h"
#include "unit/suite.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    Arena *arena;
    const Study *study;
    const Population *population;
} Scene;

static Scene open_population(const char *path, const Setting *settings, int count)
{
    Scene scene = {.arena = arena_new()};
    Diag *diag = diag_new(scene.arena);
    CU_ASSERT_EQUAL_FATAL(chdir(STROMA_SOURCE_DIR "/tests/cases/params"), 0);
    ParamsOptions options = params_options_default();
    options.settings = settings;
    options.setting_count = count;
    scene.study = params_read(scene.arena, path, &options, diag);
    Text text = text_new(scene.arena);
    diag_print(diag, &text, false);
    if (text.length > 0) {
        printf("\n%s", text.data);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(scene.study);
    scene.population = scene.study->population;
    CU_ASSERT_PTR_NOT_NULL_FATAL(scene.population);
    return scene;
}

static int index_of(const Scene *scene, const char *name)
{
    NameRef ref = model_find(scene->study->model, name);
    for (int i = 0; i < scene->population->vary_count; i++) {
        const Vary *vary = &scene->population->vary[i];
        if (vary->ref.kind == ref.kind && vary->ref.index == ref.index) {
            return i;
        }
    }
    CU_FAIL_FATAL("does not vary");
    return -1;
}

static const Vary *vary_of(const Scene *scene, const char *name)
{
    return &scene->population->vary[index_of(scene, name)];
}

static bool near(double value, double expected)
{
    bool same = fabs(value - expected) <= 4e-15 * fabs(expected);
    if (!same) {
        printf("\n%.17g instead of %.17g\n", value, expected);
    }
    return same;
}

static void test_lognormal_and_normal(void)
{
    Scene scene = open_population("population.cfg", NULL, 0);
    const Vary *ka = vary_of(&scene, "ka"); // cv = 0.3 around the arm's value
    CU_ASSERT_EQUAL(ka->distribution, DRAW_LOGNORMAL);
    CU_ASSERT(ka->own_location);
    CU_ASSERT(near(ka->b, 0.293560379208523867755756200697));
    CU_ASSERT(ka->min < 0 && isinf(ka->min) && ka->max > 0 && isinf(ka->max));
    const Vary *clearance = vary_of(&scene, "CL"); // median 240/7 L/day, sd 48 L/day
    CU_ASSERT(!clearance->own_location);
    CU_ASSERT(near(clearance->a, 240.0 / 7));
    CU_ASSERT(near(clearance->b, 0.828509562615152909851583110851));
    CU_ASSERT(near(clearance->min, 14.4)); // 10 mL/min, by the unit of the group
    CU_ASSERT(near(clearance->max, 5000));
    const Vary *volume = vary_of(&scene, "V"); // mean 12, sd 4
    CU_ASSERT(near(volume->a, 11.38419957660616559519601676));
    CU_ASSERT(near(volume->b, 0.324592845974501263695212178654));
    const Vary *weight = vary_of(&scene, "WT");
    CU_ASSERT_EQUAL(weight->ref.kind, NAME_COVARIATE);
    CU_ASSERT_EQUAL(weight->distribution, DRAW_NORMAL);
    CU_ASSERT(weight->a == 70 && weight->b == 12 && weight->min == 35);
    const Vary *exponent = vary_of(&scene, "n"); // normal around the values of the two arms
    CU_ASSERT(exponent->own_location);
    CU_ASSERT_EQUAL(exponent->b, 0.2);
    CU_ASSERT_EQUAL(vary_of(&scene, "raw")->b, 0.5); // sdlog as it stands
    arena_free(scene.arena);
}

static void test_other_shapes(void)
{
    Scene scene = open_population("population-shapes.cfg", NULL, 0);
    const Vary *ka = vary_of(&scene, "ka"); // 0.5 1/day .. 0.1 1/h
    CU_ASSERT_EQUAL(ka->distribution, DRAW_UNIFORM);
    CU_ASSERT(ka->a == 0.5 && near(ka->b, 2.4));
    const Vary *clearance = vary_of(&scene, "CL");
    CU_ASSERT_EQUAL(clearance->distribution, DRAW_LOGUNIFORM);
    CU_ASSERT(clearance->a == 10 && clearance->b == 1000);
    const Vary *volume = vary_of(&scene, "V");
    CU_ASSERT_EQUAL(volume->distribution, DRAW_TRIANGULAR);
    CU_ASSERT(volume->a == 5 && volume->mode == 6 && volume->b == 20);
    const Vary *exponent = vary_of(&scene, "n");
    CU_ASSERT_EQUAL(exponent->distribution, DRAW_LOGITNORMAL);
    CU_ASSERT(exponent->own_location && exponent->b == 0.7);
    CU_ASSERT(exponent->low == 1 && exponent->high == 4);
    const Vary *raw = vary_of(&scene, "raw"); // on 0..1: mean 0.4, sd 0.1
    CU_ASSERT_EQUAL(raw->distribution, DRAW_BETA);
    CU_ASSERT(near(raw->a, 9.2) && near(raw->b, 13.8));
    CU_ASSERT(raw->low == 10 && raw->high == 60);
    const Vary *weight = vary_of(&scene, "WT"); // cv 0.1 of 70 kg
    CU_ASSERT(weight->own_location && near(weight->b, 7));
    const Vary *age = vary_of(&scene, "AGE"); // 20 and 480/12 years, equally often
    CU_ASSERT_EQUAL(age->distribution, DRAW_CATEGORICAL);
    CU_ASSERT_EQUAL_FATAL(age->value_count, 2);
    CU_ASSERT(age->values[0] == 20 && near(age->values[1], 40));
    CU_ASSERT(age->weights[0] == 0.5 && age->weights[1] == 1);
    const Vary *site = vary_of(&scene, "site.k");
    CU_ASSERT(site->a == 2 && site->b == 3 && site->low == 0 && site->high == 1);
    CU_ASSERT_EQUAL(site->max, 0.9);
    CU_ASSERT_EQUAL(scene.population->seed, 1);
    CU_ASSERT_EQUAL(scene.study->quantile_count, 5);
    CU_ASSERT_EQUAL(scene.study->quantiles[4], 0.95);
    arena_free(scene.arena);
}

static void test_values_and_levels(void)
{
    Scene scene = open_population("population.cfg", NULL, 0);
    const Population *population = scene.population;
    const Vary *age = vary_of(&scene, "AGE");
    CU_ASSERT_EQUAL(age->distribution, DRAW_CATEGORICAL);
    CU_ASSERT(age->weights[0] == 0.25 && age->weights[1] == 0.75 && age->weights[2] == 1);
    const Vary *site = vary_of(&scene, "site.k");
    CU_ASSERT_EQUAL(site->distribution, DRAW_LIST);
    CU_ASSERT_EQUAL_FATAL(site->value_count, 3);
    CU_ASSERT(site->values[0] == 0.1 && site->values[1] == 0.2 && site->values[2] == 0.3);
    CU_ASSERT_EQUAL(population->level_count, 2);
    CU_ASSERT_STRING_EQUAL(population->levels[0].name, "donor");
    CU_ASSERT_EQUAL(population->levels[1].count, 10);
    CU_ASSERT_EQUAL(site->level, 1);
    CU_ASSERT_EQUAL(vary_of(&scene, "n")->level, 2);
    CU_ASSERT_EQUAL(age->level, LEVEL_PATIENT);
    CU_ASSERT_EQUAL(population->size, 300);
    CU_ASSERT_EQUAL(population->seed, 0xFEDCBA9876543210u);
    CU_ASSERT_EQUAL(population->attempts, 50);
    CU_ASSERT_EQUAL_FATAL(scene.study->quantile_count, 3);
    CU_ASSERT(scene.study->quantiles[0] == 0.1 && scene.study->quantiles[1] == 0.5);
    arena_free(scene.arena);
    Scene group = open_population("population-shapes.cfg", NULL, 0);
    CU_ASSERT_EQUAL(group.population->level_count, 2);
    CU_ASSERT_STRING_EQUAL(group.population->levels[0].name, "donor");
    CU_ASSERT_EQUAL(group.population->levels[0].count, 4);
    CU_ASSERT_EQUAL(group.population->levels[1].count, 10);
    arena_free(group.arena);
}

/* The factor of [1 .4 0 .4; .4 1 -.3 .4; 0 -.3 1 0; .4 .4 0 1] over CL, V, WT, ka. */
static void test_correlation(void)
{
    static const char *const names[] = {"CL", "V", "WT", "ka"};
    static const double factor[] = {1,
                                    0,
                                    0,
                                    0,
                                    0.4,
                                    0.916515138991168001317609438746,
                                    0,
                                    0,
                                    0,
                                    -0.327326835353988571899146228123,
                                    0.944911182523068068036291340586,
                                    0,
                                    0.4,
                                    0.261861468283190857519316982499,
                                    0.0907114735222145345314839686962,
                                    0.873613186713662192531676298983};
    Scene scene = open_population("population.cfg", NULL, 0);
    CU_ASSERT_EQUAL_FATAL(scene.population->correlated_count, 4);
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(scene.population->correlated[i], index_of(&scene, names[i]));
    }
    for (int i = 0; i < 16; i++) {
        CU_ASSERT(fabs(scene.population->factor[i] - factor[i]) < 1e-15);
    }
    arena_free(scene.arena);
}

/* The conditions of population.cfg at states, parameters and covariates of our own. */
static void test_conditions(void)
{
    Scene scene = open_population("population.cfg", NULL, 0);
    const Model *model = scene.study->model;
    CU_ASSERT_EQUAL_FATAL(scene.population->accept_count, 4);
    CU_ASSERT_STRING_EQUAL(scene.population->accept_text[0], "C >= 0");
    double states[3] = {0};
    double parameters[8] = {0};
    double covariates[2] = {0};
    CU_ASSERT_FATAL(model->state_count <= 3 && model->parameter_count <= 8);
    parameters[model_find(model, "V").index] = 10;
    parameters[model_find(model, "ka").index] = 4.9;
    parameters[model_find(model, "site.k").index] = 0.1;
    double *weight = &covariates[model_find(model, "WT").index];
    double *age = &covariates[model_find(model, "AGE").index];
    double *central = &states[model_find(model, "central").index];
    Bindings bindings = {.values = {[SYMBOL_STATE] = states,
                                    [SYMBOL_PARAMETER] = parameters,
                                    [SYMBOL_COVARIATE] = covariates}};
    const Expr *accept = scene.population->accept;
    *weight = 41;
    *age = 30;
    *central = 49; // C = 4.9 mg/L
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(expr_evaluate(model->graph, accept[i], &bindings), 1);
    }
    *central = -1;
    CU_ASSERT_EQUAL(expr_evaluate(model->graph, accept[0], &bindings), 0);
    *central = 50;
    CU_ASSERT_EQUAL(expr_evaluate(model->graph, accept[3], &bindings), 0);
    parameters[model_find(model, "ka").index] = 5;
    CU_ASSERT_EQUAL(expr_evaluate(model->graph, accept[1], &bindings), 0);
    *age = -4;
    CU_ASSERT_EQUAL(expr_evaluate(model->graph, accept[2], &bindings), 0);
    *age = 30;
    *weight = 40;
    CU_ASSERT_EQUAL(expr_evaluate(model->graph, accept[2], &bindings), 0);
    arena_free(scene.arena);
}

/* Value of a parameter of one subject, as drawn for the first arm. */
static double drawn(const Scene *scene, int subject, const char *name)
{
    double parameters[8];
    double covariates[2];
    const Model *model = scene->study->model;
    const Arm *arm = &scene->study->arms[0];
    memcpy(parameters, arm->parameters, (size_t)model->parameter_count * sizeof(double));
    memcpy(covariates, arm->covariates, (size_t)model->covariate_count * sizeof(double));
    cohort_draw(model, scene->population, subject, 0, parameters, covariates);
    NameRef ref = model_find(model, name);
    return ref.kind == NAME_COVARIATE ? covariates[ref.index] : parameters[ref.index];
}

/* mean = 12, sd = 4 and rho = 0.4: within five standard errors over 20000 subjects. */
static void test_words_lead_to_draws(void)
{
    Setting size = {"population.size", "20000"};
    Scene scene = open_population("population.cfg", &size, 1);
    int count = scene.population->size;
    CU_ASSERT_EQUAL_FATAL(count, 20000);
    double sum = 0;
    double squares = 0;
    double product = 0;
    for (int i = 0; i < count; i++) {
        double volume = drawn(&scene, i, "V");
        double ka = drawn(&scene, i, "ka");
        sum += volume;
        squares += (volume - 12) * (volume - 12);
        product += log(volume / 11.384199576606166) / 0.3245928459745013 * log(ka / 2) /
                   0.2935603792085239;
    }
    CU_ASSERT(fabs(sum / count - 12) < 5 * 4 / sqrt(count));
    // excess kurtosis of this lognormal distribution is 1.97: the standard error of the variance is
    // 16 sqrt(3.97/n)
    CU_ASSERT(fabs(squares / count - 16) < 5 * 16 * sqrt(3.97 / count));
    CU_ASSERT(fabs(product / count - 0.4) < 5 * sqrt((1 + 0.4 * 0.4) / count));
    CU_ASSERT_EQUAL(drawn(&scene, 1, "site.k"), 0.2);
    CU_ASSERT_EQUAL(drawn(&scene, 4, "site.k"), drawn(&scene, 14, "site.k")); // one lot, one donor
    arena_free(scene.arena);
}

/* A factor of the arm's own value: the two arms differ by the ratio of theirs. */
static void test_relative(void)
{
    Scene scene = open_population("population-relative.cfg", NULL, 0);
    const Vary *ka = vary_of(&scene, "ka");
    CU_ASSERT(ka->relative && !ka->own_location && ka->a == 1);
    CU_ASSERT(near(ka->b, 0.293560379208523867755756200697));
    const Vary *clearance = vary_of(&scene, "CL"); // mean 1, sd 20 %
    CU_ASSERT(clearance->relative && clearance->a == 1 && near(clearance->b, 0.2));
    const double n[] = {0, 2, 0, 2}; // 2 in the study, times 0, 1, 0, 1
    const Study *study = scene.study;
    int of_ka = model_find(study->model, "ka").index;
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(drawn(&scene, i, "n"), n[i]);
        double parameters[8];
        double covariates[2];
        memcpy(parameters, study->arms[1].parameters,
               (size_t)study->model->parameter_count * sizeof(double));
        memcpy(covariates, study->arms[1].covariates, sizeof covariates);
        cohort_draw(study->model, scene.population, i, 0, parameters, covariates);
        CU_ASSERT(near(parameters[of_ka], 2 * drawn(&scene, i, "ka")));
        CU_ASSERT(parameters[of_ka] > 0 && parameters[of_ka] <= 12);
    }
    arena_free(scene.arena);
}

static void test_table(void)
{
    Scene scene = open_population("population-file.cfg", NULL, 0);
    const Population *population = scene.population;
    CU_ASSERT_EQUAL(population->size, 3);
    CU_ASSERT_EQUAL(population->vary_count, 4);
    CU_ASSERT_EQUAL(cohort_id(population, 1), 102);
    CU_ASSERT_EQUAL(cohort_weight(population, 1), 2.5);
    CU_ASSERT_EQUAL(drawn(&scene, 1, "CL"), 25.5);
    CU_ASSERT_EQUAL(drawn(&scene, 2, "ka"), 2.1);
    CU_ASSERT_EQUAL(drawn(&scene, 2, "WT"), 64);
    CU_ASSERT_EQUAL(drawn(&scene, 0, "site.k"), 0.2);
    CU_ASSERT_EQUAL(drawn(&scene, 0, "V"), 10); // not in the table: the arm's own
    bool listed = false;
    for (int i = 0; i < scene.study->input_count; i++) {
        listed = listed || strcmp(scene.study->inputs[i].path, "subjects/good.csv") == 0;
    }
    CU_ASSERT(listed);
    arena_free(scene.arena);
    Scene first = open_population("population-file-first.cfg", NULL, 0);
    CU_ASSERT_EQUAL(first.population->size, 2);
    CU_ASSERT_EQUAL(cohort_weight(first.population, 1), 1);
    arena_free(first.arena);
}

static void test_seeds(void)
{
    static const char *const texts[] = {"7", "0x1F", "9007199254740991L",
                                        "\"18446744073709551615\"", "3e9"};
    static const uint64_t seeds[] = {7, 31, 9007199254740991u, UINT64_MAX, 3000000000u};
    for (int i = 0; i < 5; i++) {
        Setting seed = {"population.seed", texts[i]};
        Scene scene = open_population("population.cfg", &seed, 1);
        CU_ASSERT_EQUAL(scene.population->seed, seeds[i]);
        arena_free(scene.arena);
    }
}

/* A study without population has none. */
static void test_band(void)
{
    Scene scene = open_population("population.cfg", NULL, 0);
    const Plot *plot = &scene.study->plots[0];
    CU_ASSERT(plot->has_band);
    CU_ASSERT_EQUAL(plot->band[0], 2.5);
    CU_ASSERT_EQUAL(plot->band[1], 95.0);
    arena_free(scene.arena);
}

static void test_none(void)
{
    Arena *arena = arena_new();
    CU_ASSERT_EQUAL_FATAL(chdir(STROMA_SOURCE_DIR "/tests/cases/params"), 0);
    ParamsOptions options = params_options_default();
    const Study *study = params_read(arena, "good.cfg", &options, diag_new(arena));
    CU_ASSERT_PTR_NOT_NULL_FATAL(study);
    CU_ASSERT_PTR_NULL(study->population);
    CU_ASSERT_EQUAL(study->quantile_count, 0);
    arena_free(arena);
}

SUITE("population params", TEST(test_lognormal_and_normal), TEST(test_other_shapes),
      TEST(test_values_and_levels), TEST(test_correlation), TEST(test_conditions),
      TEST(test_words_lead_to_draws), TEST(test_relative), TEST(test_table), TEST(test_seeds),
      TEST(test_band), TEST(test_none))
