/* test_closed_forms.c: one, two and three compartments, every form of dose, at rtol 1e-8: within
 * 1e-6 of the closed form at every sample, and each form with the others in the lanes beside it.
 *
 * The amount in the central compartment after a unit bolus is a sum of exponentials whose rates are
 * the roots of the characteristic polynomial (Gibaldi and Perrier, Pharmacokinetics, 1982);
 * absorption adds one more. What a regimen does is the sum over its doses, those of the past
 * included. SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/pack_bench.h"

static const char MODEL[] = "model forms \"up to three compartments\"\n"
                            "time hour\n"
                            "param k10 = 0.2\nparam k12 = 0\nparam k21 = 1\n"
                            "param k13 = 0\nparam k31 = 1\nparam ka = 1.3\n"
                            "param F = 1\nparam L = 0\nparam D = 1\nparam R = 1\n"
                            "state depot = 0\nstate central = 0\nstate second = 0\n"
                            "state third = 0\n"
                            "d/dt(depot) = -ka * depot\n"
                            "d/dt(central) = ka * depot - (k10 + k12 + k13) * central + "
                            "k21 * second + k31 * third\n"
                            "d/dt(second) = k12 * central - k21 * second\n"
                            "d/dt(third) = k13 * central - k31 * third\n"
                            "route oral -> depot : fraction = F, lag = L, rate = R, duration = D\n"
                            "route iv -> central : fraction = F, lag = L, rate = R, duration = D\n";

enum { FORMS = 24, SAMPLES = 40, PARAMETERS = 10, MOST_RATES = 4 };

static const double INTERVAL = 6.0;
static const double AMOUNT = 100.0;
static const double RECORD = 2.0; // time of the dose

/* Rates of exchange of each number of compartments. */
static const double EXCHANGE[3][5] = {
    {0.2, 0.0, 1.0, 0.0, 1.0}, {0.2, 0.5, 0.3, 0.0, 1.0}, {0.2, 0.5, 0.3, 0.15, 0.04}};

/* A sum of exponentials. */
typedef struct {
    double size[MOST_RATES], rate[MOST_RATES];
    int count;
} Response;

/* Roots of x³ + a x² + b x + c, all real (Viète). */
static void cubic(double a, double b, double c, double *roots)
{
    double p = b - a * a / 3.0;
    double q = 2.0 * a * a * a / 27.0 - a * b / 3.0 + c;
    double r = sqrt(-p / 3.0);
    double angle = acos(fmax(-1.0, fmin(1.0, 3.0 * q / (2.0 * p * r))));
    for (int i = 0; i < 3; i++) {
        roots[i] = 2.0 * r * cos((angle - 2.0 * acos(-1.0) * i) / 3.0) - a / 3.0;
    }
}

/* The central amount after a unit bolus into it. */
static Response central_response(int compartments)
{
    const double *k = EXCHANGE[compartments - 1];
    double outer[3] = {0.0, k[2], k[4]}; // k21, k31
    Response response = {.count = compartments};
    double sum = k[0] + k[1] + k[3];
    if (compartments == 1) {
        response.rate[0] = k[0];
    } else if (compartments == 2) {
        double half = 0.5 * (sum + k[2]);
        double root = sqrt(half * half - k[0] * k[2]);
        response.rate[0] = half + root;
        response.rate[1] = k[0] * k[2] / response.rate[0];
    } else {
        double a = sum + k[2] + k[4];
        double b = k[0] * (k[2] + k[4]) + k[1] * k[4] + k[3] * k[2] + k[2] * k[4];
        double roots[3];
        cubic(-a, b, -k[0] * k[2] * k[4], roots);
        memcpy(response.rate, roots, sizeof roots);
    }
    for (int i = 0; i < compartments; i++) {
        double size = 1.0;
        for (int j = 1; j < compartments; j++) {
            size *= outer[j] - response.rate[i];
        }
        for (int j = 0; j < compartments; j++) {
            size /= j == i ? 1.0 : response.rate[j] - response.rate[i];
        }
        response.size[i] = size;
    }
    return response;
}

static Response oral_response(int compartments)
{
    const double ka = 1.3;
    Response response = central_response(compartments);
    double last = 0.0;
    for (int i = 0; i < compartments; i++) {
        response.size[i] *= ka / (ka - response.rate[i]);
        last -= response.size[i];
    }
    response.size[compartments] = last;
    response.rate[compartments] = ka;
    response.count = compartments + 1;
    return response;
}

/* A dose of `amount` that entered `since` ago, at once or over `length`. */
static double answer(const Response *response, double amount, double length, double since)
{
    double sum = 0.0;
    for (int i = 0; i < response->count && since >= 0.0; i++) {
        double rate = response->rate[i];
        double runs = fmin(since, length);
        double part = length == 0.0 ? exp(-rate * since)
                                    : (1.0 - exp(-rate * runs)) / (rate * length) *
                                          exp(-rate * (since - runs));
        sum += amount * response->size[i] * part;
    }
    return sum;
}

/* How a dose is given. */
typedef struct {
    bool oral;
    DoseKind kind;
    double length; // as prescribed: of the amount before the fraction
    double fraction, lag;
    int count, steady;
} Form;

static const Form forms[FORMS] = {
    {false, DOSE_BOLUS, 0, 1, 0, 1, 0},
    {false, DOSE_BOLUS, 0, 0.7, 1.5, 4, 0},
    {false, DOSE_BOLUS, 0, 1, 0, 3, STEADY_REPLACE},
    {false, DOSE_BOLUS, 0, 0.7, 2.5, 3, STEADY_REPLACE},
    {false, DOSE_BOLUS, 0, 1, 8.5, 3, STEADY_REPLACE}, // lag longer than the interval
    {false, DOSE_BOLUS, 0, 1, 1.5, 3, STEADY_ADD},
    {true, DOSE_BOLUS, 0, 0.6, 0.5, 1, 0},
    {true, DOSE_BOLUS, 0, 0.6, 0.5, 5, 0},
    {true, DOSE_BOLUS, 0, 0.6, 0.5, 2, STEADY_REPLACE},
    {true, DOSE_BOLUS, 0, 1, 7.0, 2, STEADY_ADD},
    {false, DOSE_INFUSION_RATE, 2, 1, 0, 1, 0},
    {false, DOSE_INFUSION_RATE, 3, 0.5, 1.0, 3, 0}, // the fraction changes how long
    {false, DOSE_INFUSION_RATE, 2, 0.5, 0, 3, STEADY_REPLACE},
    {false, DOSE_INFUSION_RATE, 9, 1, 0, 2, STEADY_REPLACE}, // longer than the interval
    {false, DOSE_INFUSION_RATE, 15, 1, 2.5, 2, STEADY_REPLACE},
    {false, DOSE_INFUSION_RATE, 9, 1, 1.0, 1, STEADY_ADD},
    {false, DOSE_INFUSION_DURATION, 2, 0.5, 0.5, 3, 0}, // how fast
    {false, DOSE_INFUSION_DURATION, 7, 0.5, 0.5, 2, STEADY_REPLACE},
    {false, DOSE_MODEL_RATE, 4, 0.5, 0.5, 2, 0},
    {false, DOSE_MODEL_RATE, 8, 1, 0, 2, STEADY_REPLACE},
    {false, DOSE_MODEL_DURATION, 3, 0.5, 0.5, 2, 0},
    {false, DOSE_MODEL_DURATION, 8, 0.5, 1.0, 2, STEADY_REPLACE},
    {true, DOSE_MODEL_DURATION, 3, 0.8, 0.25, 4, 0}, // absorption of order zero, then one
    {true, DOSE_INFUSION_DURATION, 2, 0.8, 7.5, 3, STEADY_REPLACE}};

static double expected(const Form *form, const Response *response, double time)
{
    bool by_rate = form->kind == DOSE_INFUSION_RATE || form->kind == DOSE_MODEL_RATE;
    double length = form->length * (by_rate ? form->fraction : 1.0);
    double amount = form->fraction * AMOUNT;
    double sum = 0.0;
    for (int k = 0; k < form->count && time >= RECORD; k++) {
        sum += answer(response, amount, length, time - RECORD - k * INTERVAL - form->lag);
    }
    for (int m = 1; m < 4000 && form->steady != 0 && time >= RECORD; m++) {
        sum += answer(response, amount, length, time - RECORD + m * INTERVAL - form->lag);
    }
    return sum;
}

typedef struct {
    double parameters[PARAMETERS];
    Dose dose;
    Regimen regimen;
} Lane;

static void set_lane(Lane *lane, SubjectInput *input, const Form *form, int compartments)
{
    memcpy(lane->parameters, EXCHANGE[compartments - 1], 5 * sizeof(double));
    const double rest[] = {1.3, form->fraction, form->lag, form->length,
                           form->length > 0.0 ? AMOUNT / form->length : 1.0};
    memcpy(lane->parameters + 5, rest, sizeof rest);
    lane->dose = (Dose){.kind = form->kind,
                        .route = form->oral ? 0 : 1,
                        .amount = AMOUNT,
                        .time = RECORD,
                        .duration = form->length,
                        .rate = form->length > 0.0 ? AMOUNT / form->length : 0.0,
                        .count = form->count,
                        .interval = INTERVAL,
                        .steady = form->steady};
    lane->regimen = (Regimen){&lane->dose, 1};
    *input = (SubjectInput){.parameters = lane->parameters, .regimen = &lane->regimen};
}

static void check_compartments(int compartments)
{
    Bench *bench = bench_model(MODEL, NULL);
    bench_tolerance(bench, 1e-8, 1e-10);
    bench_pack(bench, 32);
    Lane lanes[FORMS];
    SubjectInput inputs[FORMS];
    double times[SAMPLES];
    for (int i = 0; i < FORMS; i++) {
        set_lane(&lanes[i], &inputs[i], &forms[i], compartments);
    }
    for (int i = 0; i < SAMPLES; i++) {
        times[i] = 2.0 + 0.83 * i;
    }
    bench_load(bench, inputs, FORMS, 0.0, 40.0);
    CU_ASSERT(bench_run(bench, times, SAMPLES));
    for (int i = 0; i < FORMS; i++) {
        Response response =
            forms[i].oral ? oral_response(compartments) : central_response(compartments);
        CU_ASSERT_EQUAL(bench_outcome(bench, i), OUTCOME_DONE);
        for (int row = 0; row < SAMPLES; row++) {
            double value = expected(&forms[i], &response, times[row]);
            double miss = fabs(bench_value(bench, row, 1, i) - value);
            bool good = miss <= 1e-6 * fabs(value) + 1e-9;
            CU_ASSERT(good);
            if (!good) {
                printf("\n  %d compartments, form %d, t = %g: %.10g, not %.10g\n", compartments, i,
                       times[row], bench_value(bench, row, 1, i), value);
                break;
            }
        }
    }
    bench_close(bench);
}

static void test_one_compartment(void)
{
    check_compartments(1);
}

static void test_two_compartments(void)
{
    check_compartments(2);
}

static void test_three_compartments(void)
{
    check_compartments(3);
}

SUITE("closed forms", TEST(test_one_compartment), TEST(test_two_compartments),
      TEST(test_three_compartments))
