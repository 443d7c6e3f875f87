/* test_cohort.c: virtual subjects follow the distributions they are drawn from.
 *
 * Kolmogorov-Smirnov distances of 1e5 draws from distribution functions written out here (erfc of
 * libm; a beta distribution with whole shapes is a binomial sum); the seed is fixed, the limit is
 * that of the 0.1 % level, 1.95 / sqrt(n).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/cohort.h"
#include "unit/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char text[] = "model many\n"
                           "time h\n"
                           "param a [1]\nparam b [1]\nparam c [1]\nparam d [1]\n"
                           "covariate WT [kg]\n"
                           "state x [1] = a + b + c + d\n"
                           "d/dt(x) = -x * 1 [1/h]\n"
                           "observe y [kg] = WT * x\n";

enum { DRAWS = 100000, A = 0, B = 1, C = 2, D = 3, PARAMETERS = 4 };

typedef struct {
    Arena *arena;
    const Model *model;
    Population population;
    Vary vary[PARAMETERS + 1];
    double *drawn; // of the first quantity, sorted
} Fixture;

static Vary vary_of(int parameter, Distribution distribution, double a, double b)
{
    return (Vary){.ref = {NAME_PARAMETER, parameter},
                  .distribution = distribution,
                  .a = a,
                  .b = b,
                  .low = 0.0,
                  .high = 1.0,
                  .min = -HUGE_VAL,
                  .max = HUGE_VAL};
}

static void open_fixture(Fixture *fixture)
{
    *fixture = (Fixture){.arena = arena_new()};
    const Source *source = source_from_text(fixture->arena, "many.stroma", text, strlen(text));
    fixture->model =
        model_from_source(fixture->arena, source, (SearchPath){0}, diag_new(fixture->arena));
    CU_ASSERT_FATAL(fixture->model != NULL);
    fixture->population = (Population){.size = DRAWS,
                                       .seed = 20261121,
                                       .vary = fixture->vary,
                                       .vary_count = 1,
                                       .weight_column = -1,
                                       .id_column = -1};
    fixture->drawn = arena_array(fixture->arena, DRAWS, sizeof(double));
}

static void close_fixture(Fixture *fixture)
{
    arena_free(fixture->arena);
}

/* Values of one subject; the arm has 1, 2, 3, 4 and 70 kg. */
static void draw(const Fixture *fixture, int subject, int attempt, double values[PARAMETERS + 1])
{
    for (int i = 0; i < PARAMETERS; i++) {
        values[i] = i + 1.0;
    }
    values[PARAMETERS] = 70.0;
    cohort_draw(fixture->model, &fixture->population, subject, attempt, values,
                values + PARAMETERS);
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

typedef double Function(double x);

/* Largest distance between the draws of parameter a and a distribution function, in units of
 * 1 / sqrt(n). */
static double distance(Fixture *fixture, Vary vary, Function *below)
{
    fixture->vary[0] = vary;
    for (int i = 0; i < DRAWS; i++) {
        double values[PARAMETERS + 1];
        draw(fixture, i, 0, values);
        fixture->drawn[i] = values[vary.ref.index];
    }
    qsort(fixture->drawn, DRAWS, sizeof(double), compare);
    double worst = 0.0;
    for (int i = 0; i < DRAWS; i++) {
        double p = below(fixture->drawn[i]);
        worst = fmax(worst, fmax(fabs(p - (double)i / DRAWS), fabs(p - (i + 1.0) / DRAWS)));
    }
    return worst * sqrt(DRAWS);
}

static double phi(double z)
{
    return 0.5 * erfc(-z / sqrt(2.0));
}

static double below_lognormal(double x)
{
    return phi(log(x / 5.0) / 0.4);
}

static double below_normal(double x)
{
    return phi((x - 70.0) / 12.0);
}

static double below_uniform(double x)
{
    return (x - 2.0) / 3.0;
}

static double below_loguniform(double x)
{
    return log(x / 0.01) / log(1e4);
}

static double below_logitnormal(double x)
{
    double part = (x - 2.0) / 8.0; // between 2 and 10, median 4
    return phi((log(part / (1 - part)) - log(0.25 / 0.75)) / 0.7);
}

static double below_beta(double x)
{
    double u = (x + 1.0) / 4.0; // shapes 2 and 3 between -1 and 3: two or more successes of four
    double v = 1.0 - u;
    return 6 * u * u * v * v + 4 * u * u * u * v + u * u * u * u;
}

static double below_triangular(double x) // 1, mode 2, 5
{
    return x < 2.0 ? (x - 1.0) * (x - 1.0) / 4.0 : 1.0 - (5.0 - x) * (5.0 - x) / 12.0;
}

static void test_distributions(void)
{
    Fixture fixture;
    open_fixture(&fixture);
    CU_ASSERT(distance(&fixture, vary_of(A, DRAW_LOGNORMAL, 5.0, 0.4), below_lognormal) < 1.95);
    CU_ASSERT(distance(&fixture, vary_of(B, DRAW_NORMAL, 70.0, 12.0), below_normal) < 1.95);
    CU_ASSERT(distance(&fixture, vary_of(A, DRAW_UNIFORM, 2.0, 5.0), below_uniform) < 1.95);
    CU_ASSERT(distance(&fixture, vary_of(C, DRAW_LOGUNIFORM, 0.01, 100.0), below_loguniform) <
              1.95);
    Vary vary = vary_of(A, DRAW_LOGITNORMAL, 4.0, 0.7);
    vary.low = 2.0;
    vary.high = 10.0;
    CU_ASSERT(distance(&fixture, vary, below_logitnormal) < 1.95);
    vary = vary_of(D, DRAW_BETA, 2.0, 3.0);
    vary.low = -1.0;
    vary.high = 3.0;
    CU_ASSERT(distance(&fixture, vary, below_beta) < 1.95);
    vary = vary_of(A, DRAW_TRIANGULAR, 1.0, 5.0);
    vary.mode = 2.0;
    CU_ASSERT(distance(&fixture, vary, below_triangular) < 1.95);
    // the test can fail: another spread is seen
    CU_ASSERT(distance(&fixture, vary_of(A, DRAW_LOGNORMAL, 5.0, 0.41), below_lognormal) > 1.95);
    close_fixture(&fixture);
}

static double below_cut_lognormal(double x) // between 5 and 7
{
    double low = below_lognormal(5.0);
    return (below_lognormal(x) - low) / (below_lognormal(7.0) - low);
}

static double below_far_normal(double x) // beyond six standard deviations
{
    return 1.0 - erfc((x - 70.0) / 12.0 / sqrt(2.0)) / erfc(6.0 / sqrt(2.0));
}

static double below_cut_uniform(double x)
{
    return (x - 3.0) / 1.0;
}

static double below_cut_beta(double x)
{
    return below_beta(x) / below_beta(1.0);
}

static double below_cut_triangular(double x)
{
    double low = below_triangular(1.5);
    return (below_triangular(x) - low) / (1.0 - low);
}

static void test_truncation(void)
{
    Fixture fixture;
    open_fixture(&fixture);
    Vary vary = vary_of(A, DRAW_LOGNORMAL, 5.0, 0.4);
    vary.min = 5.0;
    vary.max = 7.0;
    CU_ASSERT(distance(&fixture, vary, below_cut_lognormal) < 1.95);
    CU_ASSERT(fixture.drawn[0] >= 5.0 && fixture.drawn[DRAWS - 1] <= 7.0);
    CU_ASSERT(fixture.drawn[0] < fixture.drawn[1]); // no heap at the bound
    vary = vary_of(A, DRAW_NORMAL, 70.0, 12.0);
    vary.min = 70.0 + 6.0 * 12.0;
    CU_ASSERT(distance(&fixture, vary, below_far_normal) < 1.95);
    CU_ASSERT(fixture.drawn[0] >= vary.min && fixture.drawn[0] < fixture.drawn[1]);
    vary = vary_of(A, DRAW_UNIFORM, 2.0, 5.0);
    vary.min = 3.0;
    vary.max = 4.0;
    CU_ASSERT(distance(&fixture, vary, below_cut_uniform) < 1.95);
    vary = vary_of(A, DRAW_BETA, 2.0, 3.0);
    vary.low = -1.0;
    vary.high = 3.0;
    vary.max = 1.0;
    CU_ASSERT(distance(&fixture, vary, below_cut_beta) < 1.95);
    vary = vary_of(A, DRAW_TRIANGULAR, 1.0, 5.0);
    vary.mode = 2.0;
    vary.min = 1.5;
    CU_ASSERT(distance(&fixture, vary, below_cut_triangular) < 1.95);
    close_fixture(&fixture);
}

static void test_categories_and_lists(void)
{
    static double values[] = {0.5, 1.0, 2.0};
    static double weights[] = {0.2, 0.7, 1.0};
    Fixture fixture;
    open_fixture(&fixture);
    fixture.vary[0] = vary_of(B, DRAW_CATEGORICAL, 0.0, 0.0);
    fixture.vary[0].values = values;
    fixture.vary[0].weights = weights;
    fixture.vary[0].value_count = 3;
    int counts[3] = {0};
    for (int i = 0; i < DRAWS; i++) {
        double drawn[PARAMETERS + 1];
        draw(&fixture, i, 0, drawn);
        for (int k = 0; k < 3; k++) {
            counts[k] += drawn[B] == values[k];
        }
    }
    static const double wanted[] = {0.2, 0.5, 0.3};
    double chi = 0.0;
    for (int k = 0; k < 3; k++) {
        double off = counts[k] - wanted[k] * DRAWS;
        chi += off * off / (wanted[k] * DRAWS);
    }
    CU_ASSERT(counts[0] + counts[1] + counts[2] == DRAWS);
    CU_ASSERT(chi < 13.8); // two degrees of freedom, 0.1 %
    fixture.vary[0].distribution = DRAW_LIST;
    for (int i = 0; i < 7; i++) {
        double drawn[PARAMETERS + 1];
        draw(&fixture, i, 0, drawn);
        CU_ASSERT(drawn[B] == values[i % 3]);
    }
    close_fixture(&fixture);
}

static double correlation(const double *x, const double *y, int count)
{
    double sums[5] = {0};
    for (int i = 0; i < count; i++) {
        sums[0] += x[i];
        sums[1] += y[i];
        sums[2] += x[i] * x[i];
        sums[3] += y[i] * y[i];
        sums[4] += x[i] * y[i];
    }
    double xx = sums[2] - sums[0] * sums[0] / count;
    double yy = sums[3] - sums[1] * sums[1] / count;
    return (sums[4] - sums[0] * sums[1] / count) / sqrt(xx * yy);
}

/* Three correlated quantities and two that are not, on the scale of their normal numbers. */
static void test_correlations(void)
{
    // Cholesky factor of {1, 0.4, -0.3; 0.4, 1, 0.5; -0.3, 0.5, 1}
    static const double r21 = 0.4;
    static const double r31 = -0.3;
    static const double r32 = 0.5;
    double l22 = sqrt(1 - r21 * r21);
    double l32 = (r32 - r21 * r31) / l22;
    double factor[9] = {1, 0, 0, r21, l22, 0, r31, l32, sqrt(1 - r31 * r31 - l32 * l32)};
    int correlated[3] = {0, 1, 4};
    Fixture fixture;
    open_fixture(&fixture);
    fixture.vary[0] = vary_of(A, DRAW_LOGNORMAL, 1.0, 0.5);
    fixture.vary[1] = vary_of(B, DRAW_NORMAL, 0.0, 1.0);
    fixture.vary[2] = vary_of(C, DRAW_NORMAL, 0.0, 1.0);
    fixture.vary[3] = vary_of(D, DRAW_NORMAL, 0.0, 1.0);
    fixture.vary[4] = vary_of(0, DRAW_NORMAL, 70.0, 12.0);
    fixture.vary[4].ref.kind = NAME_COVARIATE;
    fixture.population.vary_count = 5;
    fixture.population.correlated = correlated;
    fixture.population.factor = factor;
    fixture.population.correlated_count = 3;
    double *columns[5];
    for (int k = 0; k < 5; k++) {
        columns[k] = arena_array(fixture.arena, DRAWS, sizeof(double));
    }
    for (int i = 0; i < DRAWS; i++) {
        double drawn[PARAMETERS + 1];
        draw(&fixture, i, 0, drawn);
        for (int k = 0; k < 5; k++) {
            columns[k][i] = k == 0 ? log(drawn[k]) : drawn[k];
        }
    }
    double limit = 4.0 / sqrt(DRAWS);
    CU_ASSERT(fabs(correlation(columns[0], columns[1], DRAWS) - r21) < limit);
    CU_ASSERT(fabs(correlation(columns[0], columns[4], DRAWS) - r31) < limit);
    CU_ASSERT(fabs(correlation(columns[1], columns[4], DRAWS) - r32) < limit);
    CU_ASSERT(fabs(correlation(columns[2], columns[3], DRAWS)) < limit);
    CU_ASSERT(fabs(correlation(columns[0], columns[2], DRAWS)) < limit);
    CU_ASSERT(fabs(correlation(columns[4], columns[3], DRAWS)) < limit);
    // neighbours in the order of subjects know nothing of each other
    CU_ASSERT(fabs(correlation(columns[2], columns[2] + 1, DRAWS - 1)) < limit);
    close_fixture(&fixture);
}

/* Another quantity, another order, more subjects: no value moves; another seed or attempt: all do.
 */
static void test_values_stand_alone(void)
{
    Fixture fixture;
    open_fixture(&fixture);
    fixture.vary[0] = vary_of(A, DRAW_LOGNORMAL, 1.0, 0.5);
    fixture.vary[1] = vary_of(B, DRAW_BETA, 2.0, 3.0);
    fixture.population.vary_count = 2;
    double before[PARAMETERS + 1];
    draw(&fixture, 17, 0, before);
    CU_ASSERT(before[C] == 3.0 && before[PARAMETERS] == 70.0); // what does not vary stays
    fixture.vary[2] = fixture.vary[0];
    fixture.vary[0] = vary_of(D, DRAW_UNIFORM, 0.0, 1.0);
    fixture.population.vary_count = 3;
    fixture.population.size = 18;
    double after[PARAMETERS + 1];
    draw(&fixture, 17, 0, after);
    CU_ASSERT(after[A] == before[A] && after[B] == before[B] && after[D] != 4.0);
    draw(&fixture, 17, 1, after);
    CU_ASSERT(after[A] != before[A] && after[B] != before[B]);
    fixture.population.seed++;
    draw(&fixture, 17, 0, after);
    CU_ASSERT(after[A] != before[A] && after[B] != before[B]);
    close_fixture(&fixture);
}

/* The arm's own value is the median; a factor multiplies it. */
static void test_location_of_the_arm(void)
{
    Fixture fixture;
    open_fixture(&fixture);
    fixture.vary[0] = vary_of(B, DRAW_LOGNORMAL, 7.0, 0.5);
    double absolute[PARAMETERS + 1];
    draw(&fixture, 3, 0, absolute);
    fixture.vary[0].own_location = true;
    double own[PARAMETERS + 1];
    draw(&fixture, 3, 0, own);
    CU_ASSERT(fabs(own[B] / absolute[B] - 2.0 / 7.0) < 1e-15);
    fixture.vary[0].own_location = false;
    fixture.vary[0].relative = true;
    double relative[PARAMETERS + 1];
    draw(&fixture, 3, 0, relative);
    CU_ASSERT(fabs(relative[B] / absolute[B] - 2.0) < 1e-15);
    close_fixture(&fixture);
}

/* Patients of one donor share the donor's value, whatever draw was accepted for them. */
static void test_levels(void)
{
    Fixture fixture;
    open_fixture(&fixture);
    fixture.vary[0] = vary_of(A, DRAW_LOGNORMAL, 1.0, 0.4);
    fixture.vary[0].level = 1;
    fixture.vary[1] = vary_of(B, DRAW_LOGNORMAL, 1.0, 0.4);
    fixture.vary[1].level = 2;
    fixture.vary[2] = vary_of(C, DRAW_LOGNORMAL, 1.0, 0.4);
    Population *population = &fixture.population;
    population->vary_count = 3;
    population->levels[0] = (Level){"donor", 3};
    population->levels[1] = (Level){"lot", 6};
    population->level_count = 2;
    double values[24][PARAMETERS + 1];
    for (int i = 0; i < 24; i++) {
        draw(&fixture, i, i % 5, values[i]);
        CU_ASSERT(cohort_member(population, i, LEVEL_PATIENT) == i);
        CU_ASSERT(cohort_member(population, i, 1) == i % 3);
        CU_ASSERT(cohort_member(population, i, 2) == i % 6);
    }
    for (int i = 0; i < 24; i++) {
        for (int k = 0; k < i; k++) {
            CU_ASSERT((values[i][A] == values[k][A]) == (i % 3 == k % 3));
            CU_ASSERT((values[i][B] == values[k][B]) == (i % 6 == k % 6));
            CU_ASSERT(values[i][C] != values[k][C]);
        }
    }
    close_fixture(&fixture);
}

static void test_table_of_subjects(void)
{
    static const TableColumn columns[] = {{.name = "id"}, {.name = "b"}, {.name = "w"}};
    static int table_column[] = {1};
    Fixture fixture;
    open_fixture(&fixture);
    Table *table = table_new(fixture.arena, columns, 3, 2);
    for (int i = 0; i < 2; i++) {
        double *row = table_add_row(table);
        row[0] = 100 + i;
        row[1] = 0.25 * i;
        row[2] = 3 + i;
    }
    fixture.vary[0] = vary_of(B, DRAW_LOGNORMAL, 1.0, 1.0);
    fixture.population.size = 2;
    fixture.population.table = table;
    fixture.population.table_column = table_column;
    double values[PARAMETERS + 1];
    draw(&fixture, 1, 0, values);
    CU_ASSERT(values[B] == 0.25 && values[A] == 1.0);
    CU_ASSERT(cohort_id(&fixture.population, 1) == 2.0);
    CU_ASSERT(cohort_weight(&fixture.population, 1) == 1.0);
    fixture.population.id_column = 0;
    fixture.population.weight_column = 2;
    CU_ASSERT(cohort_id(&fixture.population, 1) == 101.0);
    CU_ASSERT(cohort_weight(&fixture.population, 1) == 4.0);
    close_fixture(&fixture);
}

SUITE("cohort", TEST(test_distributions), TEST(test_truncation), TEST(test_categories_and_lists),
      TEST(test_correlations), TEST(test_values_stand_alone), TEST(test_location_of_the_arm),
      TEST(test_levels), TEST(test_table_of_subjects))
