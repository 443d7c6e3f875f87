/* test_columns.c: the columns as our solver corrects them against SUNDIALS' own staggered Newton.
 *
 * Robertson's problem and its derivatives by the three rate constants, in four lanes of different
 * constants; SUNDIALS over its own serial vectors and dense matrix, one lane at a time, with
 * tolerances a hundred times tighter. The rates are written here by hand.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/sensitive_bench.h"

#include <cvodes/cvodes.h>
#include <nvector/nvector_serial.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>

enum { STATES = 3, TARGETS = 3, LANES = 4, TIMES = 4 };
static const double TIME[TIMES] = {0.4, 40.0, 4000.0, 400000.0};
static const double CONSTANT[LANES][TARGETS] = {
    {0.04, 1e4, 3e7}, {0.02, 1e4, 3e7}, {0.04, 3e4, 1e7}, {0.1, 2e3, 6e7}};

static int robertson(sunrealtype time, N_Vector y, N_Vector rate, void *context)
{
    (void)time;
    const double *k = context;
    const double *v = N_VGetArrayPointer(y);
    double *r = N_VGetArrayPointer(rate);
    r[0] = -k[0] * v[0] + k[1] * v[1] * v[2];
    r[2] = k[2] * v[1] * v[1];
    r[1] = -r[0] - r[2];
    return 0;
}

/* The list of arguments is CVODES'. NOLINTNEXTLINE(readability-function-size) */
static int matrix_of(sunrealtype time, N_Vector y, N_Vector rate, SUNMatrix matrix, void *context,
                     N_Vector scratch1, N_Vector scratch2, N_Vector scratch3)
{
    (void)time, (void)rate, (void)scratch1, (void)scratch2, (void)scratch3;
    const double *k = context;
    const double *v = N_VGetArrayPointer(y);
    const double first[] = {-k[0], k[1] * v[2], k[1] * v[1]};
    for (int j = 0; j < STATES; j++) {
        double last = j == 1 ? 2.0 * k[2] * v[1] : 0.0;
        SM_ELEMENT_D(matrix, 0, j) = first[j];
        SM_ELEMENT_D(matrix, 1, j) = -first[j] - last;
        SM_ELEMENT_D(matrix, 2, j) = last;
    }
    return 0;
}

/* The list of arguments is CVODES'. NOLINTNEXTLINE(readability-function-size) */
static int slopes_of(int count, sunrealtype time, N_Vector y, N_Vector rate, N_Vector *s,
                     N_Vector *ds, void *context, N_Vector scratch1, N_Vector scratch2)
{
    (void)time, (void)rate, (void)scratch1, (void)scratch2;
    const double *k = context;
    const double *v = N_VGetArrayPointer(y);
    for (int i = 0; i < count; i++) {
        const double *x = N_VGetArrayPointer(s[i]);
        double *result = N_VGetArrayPointer(ds[i]);
        double first = -k[0] * x[0] + k[1] * (v[2] * x[1] + v[1] * x[2]);
        double last = 2.0 * k[2] * v[1] * x[1];
        first += i == 0 ? -v[0] : i == 1 ? v[1] * v[2] : 0.0;
        last += i == 2 ? v[1] * v[1] : 0.0;
        result[0] = first;
        result[1] = -first - last;
        result[2] = last;
    }
    return 0;
}

/* What SUNDIALS finds for one lane: (TIMES × TARGETS × STATES). */
static void reference(const double *constants, double *result)
{
    SUNContext sundials = NULL;
#if SUNDIALS_VERSION_MAJOR >= 7
    CU_ASSERT_EQUAL_FATAL(SUNContext_Create(SUN_COMM_NULL, &sundials), 0);
#else
    CU_ASSERT_EQUAL_FATAL(SUNContext_Create(NULL, &sundials), 0);
#endif
    double k[TARGETS];
    memcpy(k, constants, sizeof k);
    N_Vector y = N_VNew_Serial(STATES, sundials);
    N_Vector atol = N_VNew_Serial(STATES, sundials);
    N_Vector s[TARGETS];
    N_Vector s_now[TARGETS];
    N_VConst(0.0, y);
    N_VGetArrayPointer(y)[0] = 1.0;
    N_VConst(1e-14, atol);
    for (int i = 0; i < TARGETS; i++) {
        s[i] = N_VNew_Serial(STATES, sundials);
        s_now[i] = N_VNew_Serial(STATES, sundials);
        N_VConst(0.0, s[i]);
    }
    void *memory = CVodeCreate(CV_BDF, sundials);
    SUNMatrix matrix = SUNDenseMatrix(STATES, STATES, sundials);
    SUNLinearSolver solver = SUNLinSol_Dense(y, matrix, sundials);
    CU_ASSERT_EQUAL(CVodeInit(memory, robertson, 0.0, y), CV_SUCCESS);
    CU_ASSERT_EQUAL(CVodeSetUserData(memory, k), CV_SUCCESS);
    CU_ASSERT_EQUAL(CVodeSVtolerances(memory, 1e-10, atol), CV_SUCCESS);
    CU_ASSERT_EQUAL(CVodeSetLinearSolver(memory, solver, matrix), CV_SUCCESS);
    CU_ASSERT_EQUAL(CVodeSetJacFn(memory, matrix_of), CV_SUCCESS);
    CU_ASSERT_EQUAL(CVodeSetMaxNumSteps(memory, 100000), CV_SUCCESS);
    CU_ASSERT_EQUAL(CVodeSensInit(memory, TARGETS, CV_STAGGERED, slopes_of, s), CV_SUCCESS);
    CU_ASSERT_EQUAL(CVodeSetSensParams(memory, NULL, k, NULL), CV_SUCCESS);
    CU_ASSERT_EQUAL(CVodeSensEEtolerances(memory), CV_SUCCESS);
    CU_ASSERT_EQUAL(CVodeSetSensErrCon(memory, SUNTRUE), CV_SUCCESS);
    for (int row = 0; row < TIMES; row++) {
        double reached = 0.0;
        CU_ASSERT_EQUAL_FATAL(CVode(memory, TIME[row], y, &reached, CV_NORMAL), CV_SUCCESS);
        CU_ASSERT_EQUAL_FATAL(CVodeGetSensDky(memory, TIME[row], 0, s_now), CV_SUCCESS);
        for (int i = 0; i < TARGETS; i++) {
            memcpy(result + (row * TARGETS + i) * STATES, N_VGetArrayPointer(s_now[i]),
                   STATES * sizeof *result);
        }
    }
    CVodeFree(&memory);
    SUNLinSolFree(solver);
    SUNMatDestroy(matrix);
    for (int i = 0; i < TARGETS; i++) {
        N_VDestroy(s[i]);
        N_VDestroy(s_now[i]);
    }
    N_VDestroy(y);
    N_VDestroy(atol);
    SUNContext_Free(&sundials);
}

static const char ROBERTSON[] = "model robertson\ntime s\nparam k1 = 0.04\nparam k2 = 1e4\n"
                                "param k3 = 3e7\nstate A = 1\nstate B = 0\nstate C = 0\n"
                                "d/dt(A) = -k1 * A + k2 * B * C\n"
                                "d/dt(B) = k1 * A - k2 * B * C - k3 * B^2\n"
                                "d/dt(C) = k3 * B^2\n";

static Slope *run(double rtol, double atol)
{
    Slope *slope = slope_open(ROBERTSON, rtol, atol, LANES);
    const SensitiveTarget targets[TARGETS] = {
        {SENSITIVE_PARAMETER, 0}, {SENSITIVE_PARAMETER, 1}, {SENSITIVE_PARAMETER, 2}};
    SubjectInput subjects[LANES] = {0};
    for (int lane = 0; lane < LANES; lane++) {
        subjects[lane].parameters = CONSTANT[lane];
    }
    slope_run(slope, targets, TARGETS, subjects, LANES, TIME, TIMES);
    return slope;
}

static void test_the_columns_of_sundials(void)
{
    Slope *slope = run(1e-8, 1e-12);
    for (int lane = 0; lane < LANES; lane++) {
        double expected[TIMES * TARGETS * STATES];
        reference(CONSTANT[lane], expected);
        for (int i = 0; i < TIMES * TARGETS * STATES; i++) {
            int target = i / STATES % TARGETS;
            double scale = CONSTANT[lane][target];
            double found = slope_of(slope, i / STATES / TARGETS, target, i % STATES, lane) * scale;
            double wanted = expected[i] * scale;
            bool good = fabs(found - wanted) <= 1e-6 * fabs(wanted) + 1e-11;
            if (!good) {
                fprintf(stderr, "lane %d, number %d: %.12g, expected %.12g\n", lane, i, found,
                        wanted);
            }
            CU_ASSERT(good);
        }
    }
    slope_close(slope);
}

/* Mass is kept: the columns of the three states add up to 0 whatever the tolerance. */
static void test_mass_is_kept_in_the_columns(void)
{
    Slope *slope = run(1e-4, 1e-8);
    for (int row = 0; row < TIMES; row++) {
        for (int target = 0; target < TARGETS; target++) {
            for (int lane = 0; lane < LANES; lane++) {
                double sum = 0.0;
                for (int i = 0; i < STATES; i++) {
                    sum += slope_of(slope, row, target, i, lane) * CONSTANT[lane][target];
                }
                CU_ASSERT(fabs(sum) <= 1e-11);
            }
        }
    }
    slope_close(slope);
}

SUITE("columns", TEST(test_the_columns_of_sundials), TEST(test_mass_is_kept_in_the_columns))
