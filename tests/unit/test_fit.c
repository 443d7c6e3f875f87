/* test_fit.c: scales of free parameters, likelihoods of error models, the design of starts, the
 * journal.
 *
 * Values come from the formulas written out with the C library; gradients are compared with central
 * differences of the values.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/fit_run.h"
#include "study/journal.h"
#include "study/likelihood.h"
#include "unit/suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double LOG_TWO_PI = 1.8378770664093454836;

static double normal_below(double u)
{
    return 0.5 * erfc(-u / sqrt(2.0));
}

/* One observable, two parameters of the model, sd and cv; the prediction is a + b x at x = 1, 2, 3.
 */
typedef struct {
    Fit fit;
    FitParameter parameters[4];
    FitObservable observable;
    FitDatum data[3];
    Trial trial;
    double at[4], predicted[3], slope[6];
} Small;

static void predict(Small *small)
{
    for (int i = 0; i < 3; i++) {
        double a = scale_back(&small->parameters[0], small->at[0]);
        double b = scale_back(&small->parameters[1], small->at[1]);
        small->predicted[i] = a + b * (i + 1);
        small->slope[2 * i] = scale_slope(&small->parameters[0], small->at[0]);
        small->slope[2 * i + 1] = (i + 1) * scale_slope(&small->parameters[1], small->at[1]);
    }
}

static void make(Small *small, ErrorKind error)
{
    static const double seen[] = {3.1, 4.6, 7.4};
    *small = (Small){0};
    small->parameters[0] = (FitParameter){.name = "a", .low = -INFINITY, .high = INFINITY};
    small->parameters[1] =
        (FitParameter){.name = "b", .scale = SCALE_LOG, .low = 0.0, .high = INFINITY};
    small->parameters[2] = small->parameters[3] =
        (FitParameter){.name = "s", .scale = SCALE_LOG, .parameter = -1, .high = INFINITY};
    bool sd = error != ERROR_PROPORTIONAL;
    bool cv = error == ERROR_PROPORTIONAL || error == ERROR_COMBINED;
    small->observable = (FitObservable){.name = "y",
                                        .error = error,
                                        .sd_index = sd ? 2 : -1,
                                        .cv_index = cv ? 2 + sd : -1,
                                        .blq = BLQ_M3};
    for (int i = 0; i < 3; i++) {
        small->data[i] = (FitDatum){.time = i + 1.0,
                                    .value = seen[i],
                                    .sd = (double)NAN,
                                    .weight = 1.0,
                                    .limit = (double)NAN};
    }
    small->fit = (Fit){.parameters = small->parameters,
                       .parameter_count = 2 + sd + cv,
                       .model_count = 2,
                       .observables = &small->observable,
                       .observable_count = 1,
                       .data = small->data,
                       .datum_count = 3};
    small->at[0] = 1.2;
    small->at[1] = log(2.1);
    small->at[2] = log(0.4);
    small->at[3] = log(0.15);
    small->trial = (Trial){
        .at = small->at, .slopes = true, .predicted = small->predicted, .slope = small->slope};
    predict(small);
}

static double value_of(Small *small)
{
    Likelihood likelihood = {0};
    predict(small);
    CU_ASSERT_FATAL(likelihood_of(&small->fit, &small->trial, &likelihood));
    return likelihood.value;
}

/* The gradient against differences of the value. */
static void check_gradient(Small *small)
{
    double gradient[4];
    double fisher[16];
    Likelihood likelihood = {.gradient = gradient, .fisher = fisher};
    predict(small);
    CU_ASSERT_FATAL(likelihood_of(&small->fit, &small->trial, &likelihood));
    for (int i = 0; i < small->fit.parameter_count; i++) {
        static const double step = 1e-5;
        double before = small->at[i];
        small->at[i] = before + step;
        double above = value_of(small);
        small->at[i] = before - step;
        double below = value_of(small);
        small->at[i] = before;
        double difference = (above - below) / (2.0 * step);
        CU_ASSERT(fabs(gradient[i] - difference) < 1e-7 * (1.0 + fabs(difference)));
        for (int k = 0; k < small->fit.parameter_count; k++) {
            int count = small->fit.parameter_count;
            CU_ASSERT(fabs(fisher[i * count + k] - fisher[k * count + i]) < 1e-10);
        }
        CU_ASSERT(fisher[i * (small->fit.parameter_count + 1)] >= 0.0);
    }
}

static void test_scales_go_forth_and_back(void)
{
    const FitParameter parameters[] = {
        {.scale = SCALE_LINEAR, .low = -INFINITY, .high = INFINITY},
        {.scale = SCALE_LOG, .low = 0.0, .high = INFINITY},
        {.scale = SCALE_LOGIT, .low = 1.0, .high = 9.0},
    };
    const double coordinates[] = {3.25, log(3.25), log(2.25 / 5.75)};
    for (int i = 0; i < 3; i++) {
        double s = scale_forth(&parameters[i], 3.25);
        CU_ASSERT_DOUBLE_EQUAL(s, coordinates[i], 1e-15);
        CU_ASSERT_DOUBLE_EQUAL(scale_back(&parameters[i], s), 3.25, 1e-14);
        double difference =
            (scale_back(&parameters[i], s + 1e-6) - scale_back(&parameters[i], s - 1e-6)) / 2e-6;
        CU_ASSERT_DOUBLE_EQUAL(scale_slope(&parameters[i], s), difference, 1e-8);
    }
}

/* An estimate at its bound is written into a study and read again: no digit beyond. */
static void test_bounds_come_back_as_they_were(void)
{
    const double bounds[] = {1e-8, 3e-5, 0.01, 0.7, 1.1, 3.0, 13.0, 1e3, 2e6, 7e11};
    const int count = sizeof bounds / sizeof bounds[0];
    int rounded = 0;
    for (int i = 0; i + 1 < count; i++) {
        FitParameter log_one = {.scale = SCALE_LOG, .low = bounds[i], .high = bounds[i + 1]};
        FitParameter logit = {.scale = SCALE_LOGIT, .low = bounds[i], .high = bounds[i + 1]};
        double low;
        double high;
        scale_bounds(&log_one, &low, &high);
        rounded += exp(low) < bounds[i] || exp(high) > bounds[i + 1];
        CU_ASSERT(scale_back(&log_one, low) >= bounds[i]);
        CU_ASSERT(scale_back(&log_one, high) <= bounds[i + 1]);
        CU_ASSERT_DOUBLE_EQUAL(scale_back(&log_one, low - 1.0), bounds[i] / exp(1.0),
                               1e-12 * bounds[i]);
        CU_ASSERT(isfinite(scale_forth(&logit, scale_back(&logit, -800.0))));
        CU_ASSERT(isfinite(scale_forth(&logit, scale_back(&logit, 800.0))));
    }
    CU_ASSERT(rounded > 0); // else the bounds above show nothing
}

static void test_densities_are_those_of_the_formulas(void)
{
    for (int error = ERROR_ADDITIVE; error <= ERROR_LOGNORMAL; error++) {
        Small small;
        make(&small, (ErrorKind)error);
        double sum = 0.0;
        for (int i = 0; i < 3; i++) {
            double f = small.predicted[i];
            double y = small.data[i].value;
            double variance[] = {0.16, 0.16 * f * f, 0.16 + 0.0225 * f * f, 0.16};
            bool log_scale = error == ERROR_LOGNORMAL;
            double r = log_scale ? log(y / f) : y - f;
            sum += 0.5 * (r * r / variance[error] + log(variance[error]) + LOG_TWO_PI) +
                   (log_scale ? log(y) : 0.0);
        }
        CU_ASSERT_DOUBLE_EQUAL(value_of(&small), sum, 1e-12);
        check_gradient(&small);
    }
}

static void test_weights_and_given_deviations(void)
{
    Small small;
    make(&small, ERROR_ADDITIVE);
    small.data[0].weight = 4.0; // the mean of four: half the standard deviation
    small.data[1].sd = 0.9;
    double sum = 0.0;
    const double sd[] = {0.2, 0.9, 0.4};
    for (int i = 0; i < 3; i++) {
        double r = (small.data[i].value - small.predicted[i]) / sd[i];
        sum += 0.5 * (r * r + LOG_TWO_PI) + log(sd[i]);
    }
    CU_ASSERT_DOUBLE_EQUAL(value_of(&small), sum, 1e-12);
    check_gradient(&small);
}

static void test_censored_values_bring_probabilities(void)
{
    Small small;
    make(&small, ERROR_ADDITIVE);
    double full = value_of(&small);
    double f = small.predicted[1];
    double y = small.data[1].value;
    double rest = full - 0.5 * ((y - f) * (y - f) / 0.16 + LOG_TWO_PI) - log(0.4);
    small.data[1].censored = 1; // M3: below
    CU_ASSERT_DOUBLE_EQUAL(value_of(&small), rest - log(normal_below((y - f) / 0.4)), 1e-12);
    check_gradient(&small);
    small.data[1].censored = -1; // above
    CU_ASSERT_DOUBLE_EQUAL(value_of(&small), rest - log(normal_below((f - y) / 0.4)), 1e-12);
    check_gradient(&small);
    small.data[1].censored = 1; // between two bounds
    small.data[1].limit = 4.0;
    double between = normal_below((y - f) / 0.4) - normal_below((4.0 - f) / 0.4);
    CU_ASSERT_DOUBLE_EQUAL(value_of(&small), rest - log(between), 1e-12);
    check_gradient(&small);
    small.observable.blq = BLQ_M4; // ... given, as the others, that it is above 0
    double positive = 0.0;
    for (int i = 0; i < 3; i++) {
        positive += log(normal_below(small.predicted[i] / 0.4));
    }
    CU_ASSERT_DOUBLE_EQUAL(value_of(&small), rest - log(between) + positive, 1e-12);
    check_gradient(&small);
    small.data[1].limit = -0.3; // ... or above a limit below 0
    between = normal_below((y - f) / 0.4) - normal_below((-0.3 - f) / 0.4);
    double higher = log(normal_below((f + 0.3) / 0.4)) - log(normal_below(f / 0.4));
    CU_ASSERT_DOUBLE_EQUAL(value_of(&small), rest - log(between) + positive + higher, 1e-12);
    check_gradient(&small);
    small.data[1].limit = 4.0;
    small.observable.blq = BLQ_M3;
    double above = normal_below((f - 4.0) / 0.4);
    small.data[1].censored = 0; // M2: seen, where values below the limit would not be in the file
    CU_ASSERT_DOUBLE_EQUAL(value_of(&small), full + log(above), 1e-12);
    check_gradient(&small);
}

/* What can be seen of a value: below 2, between 2 and 4, or itself. By M4 these are all there is.
 */
static void test_m4_shares_out_one(void)
{
    Small small;
    make(&small, ERROR_ADDITIVE);
    double sd = 2.5;
    small.at[2] = log(sd);
    small.fit.datum_count = 1;
    small.observable.blq = BLQ_M4;
    small.data[0].censored = 1;
    small.data[0].value = 2.0;
    small.data[0].limit = 0.0;
    double sum = exp(-value_of(&small));
    small.data[0].value = 4.0;
    small.data[0].limit = 2.0;
    sum += exp(-value_of(&small));
    small.data[0].censored = -1;
    small.data[0].limit = (double)NAN;
    sum += exp(-value_of(&small)); // all that is above 4
    CU_ASSERT_DOUBLE_EQUAL(sum, 1.0, 1e-12);
}

/* M4 of a normal error: each value, seen or not, given that it is above 0. */
static void test_m4_conditions_all_values(void)
{
    Small small;
    make(&small, ERROR_ADDITIVE);
    double sd = 2.5; // so that a good part lies below 0
    small.at[2] = log(sd);
    small.data[1].censored = 1;
    small.data[1].limit = 0.0;
    small.data[2].censored = -1;
    small.observable.blq = BLQ_M4;
    predict(&small);
    const double *f = small.predicted;
    double z = (small.data[0].value - f[0]) / sd;
    double between = normal_below((small.data[1].value - f[1]) / sd) - normal_below(-f[1] / sd);
    double beyond = normal_below((f[2] - small.data[2].value) / sd);
    double wanted = 0.5 * (z * z + LOG_TWO_PI) + log(sd) - log(between) - log(beyond);
    for (int i = 0; i < 3; i++) {
        wanted += log(normal_below(f[i] / sd));
    }
    CU_ASSERT_DOUBLE_EQUAL(value_of(&small), wanted, 1e-12);
    check_gradient(&small);
    CU_ASSERT(has_limits(&small.fit));
    make(&small, ERROR_ADDITIVE);
    CU_ASSERT_FALSE(has_limits(&small.fit));
    small.observable.blq = BLQ_M4; // all were seen: no sum of squares even so
    CU_ASSERT(has_limits(&small.fit));
    make(&small, ERROR_LOGNORMAL);
    double without = value_of(&small);
    small.observable.blq = BLQ_M4;
    CU_ASSERT_DOUBLE_EQUAL(value_of(&small), without, 1e-12);
    CU_ASSERT_FALSE(has_limits(&small.fit));
}

/* All that a lognormal error can give lies above 0: a limit there says nothing. */
static void test_a_limit_of_nothing_says_nothing(void)
{
    Small small;
    make(&small, ERROR_LOGNORMAL);
    double full = value_of(&small);
    small.data[1].limit = 0.0; // M2
    CU_ASSERT_DOUBLE_EQUAL(value_of(&small), full, 1e-12);
    check_gradient(&small);
    small.data[1].censored = 1;
    small.observable.blq = BLQ_M4;
    double f = small.predicted[1];
    double y = small.data[1].value;
    double seen = 0.5 * (pow(log(y / f) / 0.4, 2.0) + LOG_TWO_PI) + log(0.4) + log(y);
    double below = -log(normal_below(log(y / f) / 0.4));
    CU_ASSERT_DOUBLE_EQUAL(value_of(&small), full - seen + below, 1e-12);
    check_gradient(&small);
}

/* 40 standard deviations away a probability is 1e-350: its logarithm is still a number. */
static void test_far_tails_stay_finite(void)
{
    Small small;
    make(&small, ERROR_ADDITIVE);
    small.data[1].censored = 1;
    small.data[1].value = small.predicted[1] - 40.0 * 0.4;
    double value = value_of(&small);
    CU_ASSERT(isfinite(value) && value > 800.0 && value < 830.0); // 40^2 / 2 and a little
    check_gradient(&small);
    small.data[1].limit = small.predicted[1] - 41.0 * 0.4; // what lies beyond is e^-40 of it
    CU_ASSERT_DOUBLE_EQUAL(value_of(&small), value, 1e-12 * value);
    check_gradient(&small);
    small.data[1].value = small.predicted[1] + 41.0 * 0.4;
    small.data[1].limit = small.predicted[1] + 40.0 * 0.4;
    CU_ASSERT_DOUBLE_EQUAL(value_of(&small), value, 1e-12 * value);
    check_gradient(&small);
}

static void test_priors_are_parabolas_on_the_scale(void)
{
    Small small;
    make(&small, ERROR_ADDITIVE);
    double without = value_of(&small);
    small.parameters[1].has_prior = true;
    small.parameters[1].prior_mean = log(2.0);
    small.parameters[1].prior_sd = 0.3;
    double z = (small.at[1] - log(2.0)) / 0.3;
    CU_ASSERT_DOUBLE_EQUAL(value_of(&small), without + 0.5 * z * z, 1e-12);
    check_gradient(&small);
}

/* With the variance at its best, the likelihood is that of the same value given. */
static void test_a_deviation_left_to_the_residuals(void)
{
    Small small;
    make(&small, ERROR_ADDITIVE);
    double squares = 0.0;
    for (int i = 0; i < 3; i++) {
        double r = small.data[i].value - small.predicted[i];
        squares += r * r;
    }
    small.at[2] = 0.5 * log(squares / 3.0);
    double given = value_of(&small);
    small.fit.concentrated = true;
    small.fit.parameter_count = 2;
    small.observable.sd_index = -1;
    CU_ASSERT_DOUBLE_EQUAL(value_of(&small), given, 1e-12);
    check_gradient(&small);
}

static void test_a_lognormal_error_refuses_what_is_not_positive(void)
{
    Small small;
    make(&small, ERROR_LOGNORMAL);
    small.predicted[0] = -1.0;
    Likelihood likelihood = {0};
    CU_ASSERT_FALSE(likelihood_of(&small.fit, &small.trial, &likelihood));
}

/* Every start of a Latin hypercube has a cell of its own in each dimension; a Sobol sequence halves
 * the box evenly. */
static void test_starts_fill_the_box(void)
{
    Small small;
    make(&small, ERROR_ADDITIVE);
    enum { STARTS = 33 };
    for (int i = 0; i < 2; i++) {
        small.parameters[i].scale = SCALE_LOG;
        small.parameters[i].start = 2.0;
        small.parameters[i].low = 1.0;
        small.parameters[i].high = exp(32.0);
    }
    small.fit.starts = STARTS;
    small.fit.seed = 7;
    for (int design = DESIGN_SOBOL; design <= DESIGN_LATIN; design++) {
        small.fit.design = (FitDesign)design;
        for (int i = 0; i < 2; i++) {
            bool seen[32] = {false};
            int below = 0;
            for (int k = 1; k < STARTS; k++) {
                double at[4];
                fit_start(&small.fit, k, at);
                CU_ASSERT(at[i] > 0.0 && at[i] < 32.0);
                seen[(int)at[i]] = true;
                below += at[i] < 16.0;
            }
            int cells = 0;
            for (int k = 0; k < 32; k++) {
                cells += seen[k];
            }
            CU_ASSERT(design == DESIGN_SOBOL ? abs(below - 16) <= 1 : cells == 32);
        }
    }
    double at[4];
    fit_start(&small.fit, 0, at);
    CU_ASSERT_DOUBLE_EQUAL(at[0], log(2.0), 1e-15);
}

/* A journal answers what it was told, also after its last record was cut off. */
static void test_a_journal_answers_bit_by_bit(void)
{
    Small small;
    make(&small, ERROR_ADDITIVE);
    Study study = {.fit = &small.fit};
    char path[] = "/tmp/stroma-journal-XXXXXX";
    int file = mkstemp(path);
    CU_ASSERT_FATAL(file >= 0);
    close(file);
    Arena *arena = arena_new();
    Trial *const trials[] = {&small.trial};
    Journal *journal = NULL;
    CU_ASSERT_EQUAL_FATAL(journal_open(arena, path, &study, "key", false, &journal), JOURNAL_NEW);
    for (int round = 0; round < 3; round++) {
        small.at[0] = round;
        predict(&small);
        CU_ASSERT(journal_add(journal, 1, round, trials, 1));
    }
    journal_close(journal);
    CU_ASSERT_EQUAL(truncate(path, 13 + 64 + 3 * 176 - 5), 0); // 176: see the head of journal.c
    CU_ASSERT_EQUAL_FATAL(journal_open(arena, path, &study, "key", true, &journal),
                          JOURNAL_RESUMED);
    CU_ASSERT_EQUAL(journal_count(journal), 2);
    double known[3];
    small.at[0] = 1.0;
    predict(&small);
    memcpy(known, small.predicted, sizeof known);
    memset(small.predicted, 0, sizeof small.predicted);
    CU_ASSERT(journal_find(journal, 1, 1, trials, 1));
    CU_ASSERT_EQUAL(memcmp(known, small.predicted, sizeof known), 0);
    CU_ASSERT_FALSE(journal_find(journal, 1, 2, trials, 1)); // cut off
    CU_ASSERT_FALSE(journal_find(journal, 1, 0, trials, 1)); // another point was asked for then
    CU_ASSERT_FALSE(journal_find(journal, 2, 1, trials, 1)); // another group
    journal_close(journal);
    CU_ASSERT_EQUAL(journal_open(arena, path, &study, "other", true, &journal), JOURNAL_OTHER);
    unlink(path);
    arena_free(arena);
}

SUITE("fit", TEST(test_scales_go_forth_and_back), TEST(test_bounds_come_back_as_they_were),
      TEST(test_densities_are_those_of_the_formulas), TEST(test_weights_and_given_deviations),
      TEST(test_censored_values_bring_probabilities), TEST(test_m4_conditions_all_values),
      TEST(test_m4_shares_out_one), TEST(test_a_limit_of_nothing_says_nothing),
      TEST(test_far_tails_stay_finite), TEST(test_priors_are_parabolas_on_the_scale),
      TEST(test_a_deviation_left_to_the_residuals),
      TEST(test_a_lognormal_error_refuses_what_is_not_positive), TEST(test_starts_fill_the_box),
      TEST(test_a_journal_answers_bit_by_bit))
