/* test_population_draws.c: from the words of a study to 1e5 draws: every form of every
 * distribution.
 *
 * Kolmogorov-Smirnov distances from GSL's distribution functions with the numbers that the textbook
 * gives for the words (Johnson, Kotz, Balakrishnan 1994, 1995); the seed is fixed, the limit is
 * that of the 0.1 % level, 1.95 / sqrt(n). Ranks of correlated quantities: Spearman's coefficient
 * of a Gaussian copula is 6/pi asin(rho/2) (Kruskal 1958). SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "base/file.h"
#include "params/params.h"
#include "unit/suite.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DRAWS = 100000 };

/* Φ of a linear function of ln x. */
static double lognormal(double x, double mu, double sigma)
{
    return gsl_cdf_lognormal_P(x, mu, sigma);
}

static double median_cv(double x)
{
    return lognormal(x, log(5.0), sqrt(log(1 + 0.4 * 0.4)));
}

static double mean_sd(double x)
{
    double square = log(1 + 3.0 * 3.0 / (5.0 * 5.0));
    return lognormal(x, log(5.0) - square / 2, sqrt(square));
}

static double mean_cv(double x)
{
    double square = log(1 + 0.7 * 0.7);
    return lognormal(x, log(2.0) - square / 2, sqrt(square));
}

static double median_sd(double x) // w (w - 1) = (sd / median)^2, w = exp(sigma^2)
{
    return lognormal(x, log(5.0), sqrt(log((1 + sqrt(1 + 4 * 0.36)) / 2)));
}

static double own_value_sdlog(double x) // the study's value, 7, is the median
{
    return lognormal(x, log(7.0), 0.8);
}

static double factor_of_own(double x) // 7 times a factor of median 1
{
    return lognormal(x / 7.0, 0.0, sqrt(log(1 + 0.09)));
}

static double normal_mean_sd(double x)
{
    return gsl_cdf_gaussian_P(x - 70.0, 12.0);
}

static double normal_cv(double x)
{
    return gsl_cdf_gaussian_P(x - 7.0, 1.4);
}

static double uniform(double x)
{
    return gsl_cdf_flat_P(x, -2.0, 3.0);
}

static double loguniform(double x)
{
    return gsl_cdf_flat_P(log10(x), -2.0, 2.0);
}

static double logitnormal(double x)
{
    return gsl_cdf_gaussian_P(log(x / (1 - x)) - log(0.3 / 0.7), 0.9);
}

static double beta_shapes(double x)
{
    return gsl_cdf_beta_P(x, 0.5, 2.5);
}

static double beta_mean_sd(double x) // on 10..20: mean 0.3, sd 0.1 -> a + b = 0.21/0.01 - 1 = 20
{
    return gsl_cdf_beta_P((x - 10.0) / 10.0, 6.0, 14.0);
}

static double triangular(double x)
{
    return x < 1.0 ? (x + 1.0) * (x + 1.0) / 8.0 : 1 - (3.0 - x) * (3.0 - x) / 8.0; // -1, 1, 3
}

static double cut(double x, double low, double high, double (*below)(double))
{
    return (below(x) - below(low)) / (below(high) - below(low));
}

static double cut_lognormal(double x)
{
    return cut(x, 3.0, 6.0, median_cv);
}

static double cut_normal(double x)
{
    return (normal_mean_sd(x) - normal_mean_sd(80.0)) / (1 - normal_mean_sd(80.0));
}

static double cut_logitnormal(double x)
{
    return cut(x, 0.2, 0.9, logitnormal);
}

static double cut_beta(double x)
{
    return cut(x, 12.0, 14.0, beta_mean_sd);
}

static const struct {
    const char *words;
    double (*below)(double);
} forms[] = {
    {"median = 5.0; cv = 0.4;", median_cv},
    {"mean = 5.0; sd = 3.0;", mean_sd},
    {"mean = 2.0; cv = 0.7; distribution = \"lognormal\";", mean_cv},
    {"median = 5.0; sd = 3.0;", median_sd},
    {"sdlog = 0.8;", own_value_sdlog},
    {"cv = 0.3; relative = true;", factor_of_own},
    {"distribution = \"normal\"; mean = 70.0; sd = 12.0;", normal_mean_sd},
    {"distribution = \"normal\"; cv = 0.2;", normal_cv},
    {"distribution = \"uniform\"; low = -2.0; high = 3.0;", uniform},
    {"distribution = \"loguniform\"; min = 0.01; max = 100.0;", loguniform},
    {"distribution = \"logitnormal\"; median = 0.3; sd = 0.9;", logitnormal},
    {"distribution = \"beta\"; alpha = 0.5; beta = 2.5;", beta_shapes},
    {"distribution = \"beta\"; mean = 13.0; sd = 1.0; low = 10.0; high = 20.0;", beta_mean_sd},
    {"distribution = \"triangular\"; low = -1.0; mode = 1.0; high = 3.0;", triangular},
    {"median = 5.0; cv = 0.4; min = 3.0; max = 6.0;", cut_lognormal},
    {"distribution = \"normal\"; mean = 70.0; sd = 12.0; min = 80.0;", cut_normal},
    {"distribution = \"logitnormal\"; median = 0.3; sd = 0.9; min = 0.2; max = 0.9;",
     cut_logitnormal},
    {"distribution = \"beta\"; mean = 13.0; sd = 1.0; low = 10.0; high = 20.0; min = 12.0; "
     "max = 14.0;",
     cut_beta},
};

enum { FORMS = sizeof forms / sizeof forms[0] };

typedef struct {
    Arena *arena;
    const Study *study;
    double *drawn; // (FORMS × DRAWS)
} Fixture;

static void write_text(Arena *arena, const char *path, const Text *text)
{
    OutFile *file = file_create(arena, path);
    CU_ASSERT_FATAL(file != NULL);
    file_write(file, text->data, text->length);
    CU_ASSERT_FATAL(file_commit(file));
}

/* A model of as many parameters as there are forms, and a study in which each varies in one. */
static const Study *read_forms(Arena *arena, const char *folder)
{
    Text model = text_new(arena);
    Text study = text_new(arena);
    text_string(&model, "model forms\ntime h\nstate x [1] = 1\nd/dt(x) = -x * 1 [1/h]\n");
    text_string(&study, "model = \"forms\";\ntime = { end = 1.0; };\nparameters = {");
    for (int i = 0; i < FORMS; i++) {
        text_format(&model, "param p%d [1] = 7\nobserve y%d [1] = p%d\n", i, i, i);
        text_format(&study, " p%d = 7.0;", i);
    }
    text_format(&study, " };\npopulation = { size = %d; seed = 20261121; vary = {\n", DRAWS);
    for (int i = 0; i < FORMS; i++) {
        text_format(&study, "  p%d = { %s };\n", i, forms[i].words);
    }
    text_string(&study, "}; correlate = ( { between = [\"p0\", \"p12\"]; rho = 0.6; },\n"
                        "  { between = [\"p8\", \"p15\"]; rho = -0.8; } ); };\n");
    write_text(arena, file_join(arena, folder, "forms.stroma"), &model);
    const char *path = file_join(arena, folder, "forms.cfg");
    write_text(arena, path, &study);
    ParamsOptions options = params_options_default();
    Diag *diag = diag_new(arena);
    const Study *read = params_read(arena, path, &options, diag);
    Text words = text_new(arena);
    diag_print(diag, &words, false);
    if (words.length > 0) {
        printf("\n%s", words.data);
    }
    unlink(path);
    unlink(file_join(arena, folder, "forms.stroma"));
    return read;
}

static void open_fixture(Fixture *fixture)
{
    char folder[] = "/tmp/stroma-draws-XXXXXX";
    CU_ASSERT_FATAL(mkdtemp(folder) != NULL);
    *fixture = (Fixture){.arena = arena_new()};
    fixture->study = read_forms(fixture->arena, folder);
    CU_ASSERT(rmdir(folder) == 0);
    CU_ASSERT_FATAL(fixture->study != NULL);
    const Model *model = fixture->study->model;
    const Arm *arm = &fixture->study->arms[0];
    fixture->drawn = arena_array(fixture->arena, (size_t)FORMS * DRAWS, sizeof(double));
    double parameters[FORMS];
    CU_ASSERT_FATAL(model->parameter_count == FORMS);
    for (int i = 0; i < DRAWS; i++) {
        memcpy(parameters, arm->parameters, sizeof parameters);
        cohort_draw(model, fixture->study->population, i, 0, parameters, NULL);
        for (int k = 0; k < FORMS; k++) {
            fixture->drawn[k * DRAWS + i] = parameters[k];
        }
    }
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

/* sqrt(n) times the largest distance of the draws from a distribution function. */
static double distance(Fixture *fixture, int form, double (*below)(double))
{
    double *sorted = arena_array(fixture->arena, DRAWS, sizeof *sorted);
    memcpy(sorted, fixture->drawn + (size_t)form * DRAWS, DRAWS * sizeof *sorted);
    qsort(sorted, DRAWS, sizeof *sorted, compare);
    double worst = 0.0;
    for (int i = 0; i < DRAWS; i++) {
        double p = below(sorted[i]);
        worst = fmax(worst, fmax(fabs(p - (double)i / DRAWS), fabs(p - (i + 1.0) / DRAWS)));
    }
    return worst * sqrt(DRAWS);
}

static void test_every_form(void)
{
    Fixture fixture;
    open_fixture(&fixture);
    for (int i = 0; i < FORMS; i++) {
        double found = distance(&fixture, i, forms[i].below);
        if (!(found < 1.95)) {
            printf("\n%s: %g\n", forms[i].words, found);
        }
        CU_ASSERT(found < 1.95);
    }
    // the test can fail: one form is not another
    CU_ASSERT(distance(&fixture, 0, mean_sd) > 1.95 && distance(&fixture, 3, mean_sd) > 1.95);
    CU_ASSERT(distance(&fixture, 14, median_cv) > 1.95);
    arena_free(fixture.arena);
}

typedef struct {
    double value;
    int subject;
} Ranked;

static int compare_ranked(const void *a, const void *b)
{
    return compare(&((const Ranked *)a)->value, &((const Ranked *)b)->value);
}

static double *ranks_of(Fixture *fixture, int form)
{
    Ranked *order = arena_array(fixture->arena, DRAWS, sizeof *order);
    double *ranks = arena_array(fixture->arena, DRAWS, sizeof *ranks);
    for (int i = 0; i < DRAWS; i++) {
        order[i] = (Ranked){fixture->drawn[(size_t)form * DRAWS + (size_t)i], i};
    }
    qsort(order, DRAWS, sizeof *order, compare_ranked);
    for (int i = 0; i < DRAWS; i++) {
        ranks[order[i].subject] = i;
    }
    return ranks;
}

static double spearman(Fixture *fixture, int a, int b)
{
    const double *left = ranks_of(fixture, a);
    const double *right = ranks_of(fixture, b);
    double sum = 0.0;
    for (int i = 0; i < DRAWS; i++) {
        sum += (left[i] - right[i]) * (left[i] - right[i]);
    }
    return 1 - 6 * sum / ((double)DRAWS * ((double)DRAWS * DRAWS - 1));
}

/* Also where the distributions are neither normal nor lognormal, or cut off. */
static void test_ranks_of_correlated_quantities(void)
{
    Fixture fixture;
    open_fixture(&fixture);
    const double pi = acos(-1.0);
    double limit = 4.0 / sqrt(DRAWS);
    CU_ASSERT(fabs(spearman(&fixture, 0, 12) - 6 / pi * asin(0.3)) < limit);
    CU_ASSERT(fabs(spearman(&fixture, 8, 15) + 6 / pi * asin(0.4)) < limit);
    CU_ASSERT(fabs(spearman(&fixture, 0, 8)) < limit);
    CU_ASSERT(fabs(spearman(&fixture, 1, 2)) < limit);
    arena_free(fixture.arena);
}

SUITE("population draws", TEST(test_every_form), TEST(test_ranks_of_correlated_quantities))
