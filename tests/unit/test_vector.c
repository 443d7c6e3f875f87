/* test_vector.c: the vector over lanes against plain loops; its norm is the largest of the lanes'.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/arena.h"
#include "base/random.h"
#include "simulate/cvode.h"
#include "unit/suite.h"

#include <math.h>
#include <string.h>
#include <sundials/sundials_context.h>
#include <sundials/sundials_nvector.h>
#include <sundials/sundials_version.h>

enum { STATES = 7, WIDEST = 64 };

typedef struct {
    Arena *arena;
    SUNContext sundials;
    VectorSpace space;
    bool live[WIDEST];
    uint32_t draw;
} Bench;

static Bench *bench_open(int width, const char *isa)
{
    Arena *arena = arena_new();
    Bench *bench = arena_alloc(arena, sizeof *bench);
    bench->arena = arena;
#if SUNDIALS_VERSION_MAJOR >= 7
    CU_ASSERT_EQUAL_FATAL(SUNContext_Create(SUN_COMM_NULL, &bench->sundials), 0);
#else
    CU_ASSERT_EQUAL_FATAL(SUNContext_Create(NULL, &bench->sundials), 0);
#endif
    memset(bench->live, 1, sizeof bench->live);
    bench->space = (VectorSpace){.arena = arena,
                                 .kernels = kernels_for(isa),
                                 .states = STATES,
                                 .width = width,
                                 .count = (size_t)STATES * (size_t)width,
                                 .live = bench->live};
    vector_space_open(&bench->space);
    return bench;
}

static void bench_close(Bench *bench)
{
    SUNContext_Free(&bench->sundials);
    arena_free(bench->arena);
}

static N_Vector make(Bench *bench)
{
    N_Vector vector = vector_new(&bench->space, bench->sundials);
    CU_ASSERT_PTR_NOT_NULL_FATAL(vector);
    double *data = vector_data(vector);
    for (size_t i = 0; i < bench->space.count; i++) {
        data[i] = 4.0 * random_uniform((RandomKey){1, 2, 3}, bench->draw++) - 2.0;
    }
    return vector;
}

/* Weighted RMS of one lane, by the definition. */
static double lane_norm(N_Vector x, N_Vector weight, int width, int lane)
{
    const double *a = vector_data(x);
    const double *b = vector_data(weight);
    double sum = 0.0;
    for (int i = 0; i < STATES; i++) {
        double product = a[i * width + lane] * b[i * width + lane];
        sum += product * product;
    }
    return sqrt(sum / STATES);
}

static void check_norm(int width, const char *isa)
{
    Bench *bench = bench_open(width, isa);
    N_Vector x = make(bench);
    N_Vector weight = make(bench);
    double largest = 0.0;
    int worst = 0;
    for (int lane = 0; lane < width; lane++) {
        double norm = lane_norm(x, weight, width, lane);
        worst = norm > largest ? lane : worst;
        largest = fmax(largest, norm);
    }
    CU_ASSERT_EQUAL(N_VWrmsNorm(x, weight), largest);
    if (width > 1) {
        double rest = 0.0;
        for (int lane = 0; lane < width; lane++) {
            rest = lane == worst ? rest : fmax(rest, lane_norm(x, weight, width, lane));
        }
        bench->live[worst] = false;
        CU_ASSERT_EQUAL(N_VWrmsNorm(x, weight), rest);
        double *data = vector_data(x);
        data[width + worst] = HUGE_VAL - HUGE_VAL; // in a lane that does not count
        CU_ASSERT_EQUAL(N_VWrmsNorm(x, weight), rest);
        CU_ASSERT(N_VMaxNorm(x) <= 2.0);
        bench->live[worst] = true;
        CU_ASSERT_EQUAL(N_VWrmsNorm(x, weight), 1e100);
        CU_ASSERT_EQUAL(N_VMaxNorm(x), 1e100);
    }
    N_VDestroy(x);
    N_VDestroy(weight);
    bench_close(bench);
}

static void test_norm_is_the_largest_of_the_lanes(void)
{
    static const char *isa[] = {"baseline", "avx2", "avx512"};
    for (int width = 1; width <= WIDEST; width *= 2) {
        for (int i = 0; i < 3; i++) {
            check_norm(width, isa[i]);
        }
    }
}

static void test_infinity_is_not_swallowed(void)
{
    Bench *bench = bench_open(8, NULL);
    N_Vector x = make(bench);
    double *data = vector_data(x);
    data[3 * 8 + 5] = -HUGE_VAL;
    CU_ASSERT_EQUAL(N_VMaxNorm(x), 1e100);
    CU_ASSERT_EQUAL(N_VWrmsNorm(x, x), 1e100);
    N_VDestroy(x);
    bench_close(bench);
}

#define CHECK(expression)                                                                          \
    for (size_t i = 0; i < n; i++) {                                                               \
        CU_ASSERT_EQUAL(c[i], (expression));                                                       \
    }

static void check_operations(int width, const char *isa)
{
    Bench *bench = bench_open(width, isa);
    N_Vector x = make(bench);
    N_Vector y = make(bench);
    N_Vector z = N_VClone(x);
    CU_ASSERT_EQUAL(N_VGetLength(z), STATES * width);
    const double *a = vector_data(x);
    const double *b = vector_data(y);
    const double *c = vector_data(z);
    size_t n = bench->space.count;
    N_VLinearSum(0.7, x, -1.3, y, z);
    CHECK(0.7 * a[i] + -1.3 * b[i])
    N_VProd(x, y, z);
    CHECK(a[i] * b[i])
    N_VDiv(x, y, z);
    CHECK(a[i] / b[i])
    N_VScale(0.1, x, z);
    CHECK(0.1 * a[i])
    N_VAbs(x, z);
    CHECK(fabs(a[i]))
    N_VInv(x, z);
    CHECK(1.0 / a[i])
    N_VAddConst(x, 0.3, z);
    CHECK(a[i] + 0.3)
    N_VConst(2.5, z);
    CHECK(2.5)
    double least = HUGE_VAL;
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        least = fmin(least, a[i]);
        sum += a[i] * b[i];
    }
    CU_ASSERT_EQUAL(N_VMin(x), least);
    CU_ASSERT_EQUAL(N_VDotProd(x, y), sum);
    N_VDestroy(x);
    N_VDestroy(y);
    N_VDestroy(z);
    bench_close(bench);
}

static void test_operations(void)
{
    static const char *isa[] = {"baseline", "avx2", "avx512"};
    for (int width = 1; width <= 16; width *= 2) {
        for (int i = 0; i < 3; i++) {
            check_operations(width, isa[i]);
        }
    }
}

static void test_fused_operations(void)
{
    enum { TERMS = 9 };
    Bench *bench = bench_open(4, NULL);
    N_Vector x[TERMS];
    double factor[TERMS];
    for (int k = 0; k < TERMS; k++) {
        x[k] = make(bench);
        factor[k] = 1.0 / (k + 1) - 0.3;
    }
    size_t n = bench->space.count;
    for (int terms = 1; terms <= TERMS; terms++) {
        N_Vector z = N_VClone(x[0]);
        double *c = vector_data(z);
        CU_ASSERT_EQUAL(N_VLinearCombination(terms, factor, x, z), 0);
        for (size_t i = 0; i < n; i++) {
            double sum = factor[0] * ((double *)vector_data(x[0]))[i];
            for (int k = 1; k < terms; k++) {
                sum += factor[k] * ((double *)vector_data(x[k]))[i];
            }
            CU_ASSERT_EQUAL(c[i], sum);
        }
        N_VDestroy(z);
    }
    double before = ((double *)vector_data(x[0]))[5];
    double second = ((double *)vector_data(x[1]))[5];
    CU_ASSERT_EQUAL(N_VLinearCombination(2, factor, x, x[0]), 0); // in place
    CU_ASSERT_EQUAL(((double *)vector_data(x[0]))[5], factor[0] * before + factor[1] * second);
    before = ((double *)vector_data(x[3]))[2];
    double added = ((double *)vector_data(x[0]))[2];
    CU_ASSERT_EQUAL(N_VScaleAddMulti(2, factor, x[0], x + 2, x + 2), 0);
    CU_ASSERT_EQUAL(((double *)vector_data(x[3]))[2], factor[1] * added + 1.0 * before);
    for (int k = 0; k < TERMS; k++) {
        N_VDestroy(x[k]);
    }
    bench_close(bench);
}

/* A vector that was given back is used again: no memory grows. */
static void test_vectors_are_used_again(void)
{
    Bench *bench = bench_open(16, NULL);
    N_Vector x = make(bench);
    N_Vector first = N_VClone(x);
    const double *data = vector_data(first);
    CU_ASSERT_EQUAL((size_t)data % 64, 0);
    N_VDestroy(first);
    N_Vector second = N_VClone(x);
    CU_ASSERT_PTR_EQUAL(vector_data(second), data);
    N_VDestroy(second);
    N_VDestroy(x);
    bench_close(bench);
}

/* What CVODES does before a step, against plain loops: columns 1 .. order are scaled, then summed.
 * `stray`: with a sum that belongs to no prediction. */
static void check_prediction(int width, const char *isa, int order, bool scaled, bool stray)
{
    enum { MOST = 6, MOST_NUMBERS = STATES * 32 };
    static double expected[MOST][MOST_NUMBERS];
    Bench *bench = bench_open(width, isa);
    N_Vector z[MOST];
    double factor[MOST];
    size_t n = bench->space.count;
    for (int j = 0; j <= order; j++) {
        z[j] = make(bench);
        factor[j] = 0.9 - 0.13 * j;
        memcpy(expected[j], vector_values(z[j]), n * sizeof(double));
        for (size_t i = 0; i < n && scaled && j > 0; i++) {
            expected[j][i] *= factor[j - 1];
        }
    }
    if (scaled) {
        CU_ASSERT_EQUAL(N_VScaleVectorArray(order, factor, z + 1, z + 1), 0);
    }
    if (stray) {
        N_VLinearSum(1.0, z[order], 1.0, z[0], z[order]);
        for (size_t i = 0; i < n; i++) {
            expected[order][i] += expected[0][i];
        }
    }
    for (int k = 1; k <= order; k++) {
        for (int j = order; j >= k; j--) {
            N_VLinearSum(1.0, z[j - 1], 1.0, z[j], z[j - 1]);
            for (size_t i = 0; i < n; i++) {
                expected[j - 1][i] += expected[j][i];
            }
        }
    }
    for (int j = 0; j <= order; j++) {
        CU_ASSERT_EQUAL(memcmp(vector_values(z[j]), expected[j], n * sizeof(double)), 0);
        N_VDestroy(z[j]);
    }
    bench_close(bench);
}

static void test_a_prediction_in_one_pass(void)
{
    static const char *isa[] = {"baseline", "avx2", "avx512"};
    for (int width = 1; width <= 32; width *= 2) {
        for (int order = 1; order <= 5; order++) {
            for (int i = 0; i < 3; i++) {
                check_prediction(width, isa[i], order, false, false);
                check_prediction(width, isa[i], order, true, false);
            }
            check_prediction(width, NULL, order, true, true);
        }
    }
}

static void test_what_is_put_off_is_done_in_time(void)
{
    Bench *bench = bench_open(4, NULL);
    N_Vector x = make(bench);
    N_Vector y = make(bench);
    double first = vector_values(x)[7];
    double other = vector_values(y)[7];
    N_VScale(0.3, x, x);
    CU_ASSERT_EQUAL(vector_values(x)[7], 0.3 * first);
    N_VScale(2.0, x, x);
    N_VScale(0.5, y, y); // two vectors at once
    N_VLinearSum(1.0, x, -1.0, y, y);
    CU_ASSERT_EQUAL(vector_values(y)[7], 2.0 * (0.3 * first) - 0.5 * other);
    N_VConst(0.0, x);
    CU_ASSERT_EQUAL(vector_values(x)[7], 0.0);
    N_VScale(3.0, y, y);
    N_VConst(0.0, y); // what was put off is not needed any more
    N_VLinearSum(1.0, y, 1.0, x, y);
    CU_ASSERT_EQUAL(vector_values(y)[7], 0.0);
    double norm = N_VWrmsNorm(x, y);
    bench->space.known.x = vector_values(x);
    bench->space.known.weight = vector_values(y);
    bench->space.known.lane_sum[2] = 4.0 * STATES;
    CU_ASSERT_EQUAL(norm, 0.0);
    CU_ASSERT_EQUAL(N_VWrmsNorm(x, y), 2.0); // known
    N_VConst(1.0, y);
    CU_ASSERT_EQUAL(N_VWrmsNorm(x, y), 0.0); // no more
    N_VDestroy(x);
    N_VDestroy(y);
    bench_close(bench);
}

SUITE("vector", TEST(test_a_prediction_in_one_pass), TEST(test_what_is_put_off_is_done_in_time),
      TEST(test_norm_is_the_largest_of_the_lanes), TEST(test_infinity_is_not_swallowed),
      TEST(test_operations), TEST(test_fused_operations), TEST(test_vectors_are_used_again))
