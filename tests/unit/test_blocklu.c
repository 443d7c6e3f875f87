/* test_blocklu.c: the sparse LU against dense elimination with pivoting in long double.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/arena.h"
#include "base/random.h"
#include "simulate/blocklu.h"
#include "simulate/densely.h"
#include "unit/suite.h"

#include <math.h>
#include <string.h>

enum { LARGEST = 40, TRIALS = 60 };

typedef struct {
    Arena *arena;
    Pattern pattern;
    int entries;
    RandomKey key;
    uint32_t draw;
} Problem;

static double uniform(Problem *problem)
{
    return random_uniform(problem->key, problem->draw++);
}

/* A random pattern with a full diagonal; about `degree` further entries in a row. */
static Problem make_problem(int states, double degree, uint32_t number)
{
    Problem problem = {.arena = arena_new(), .key = {20261121, 1, number}};
    size_t n = (size_t)states;
    int *row_start = arena_array(problem.arena, n + 1, sizeof *row_start);
    int *column = arena_array(problem.arena, n * n, sizeof *column);
    for (int i = 0; i < states; i++) {
        for (int j = 0; j < states; j++) {
            if (i == j || uniform(&problem) < degree / states) {
                column[problem.entries++] = j;
            }
        }
        row_start[i + 1] = problem.entries;
    }
    problem.pattern = (Pattern){states, row_start, column};
    return problem;
}

/* Entries over many orders of magnitude, the diagonal larger than the rest of its row. */
static double *make_jacobian(Problem *problem, int width)
{
    size_t lanes = (size_t)width;
    double *jacobian =
        arena_array(problem->arena, (size_t)problem->entries * lanes, sizeof(double));
    for (int i = 0; i < problem->pattern.states; i++) {
        for (size_t lane = 0; lane < lanes; lane++) {
            double total = 0.0;
            int diagonal = -1;
            for (int e = problem->pattern.row_start[i]; e < problem->pattern.row_start[i + 1];
                 e++) {
                double value = exp(12.0 * (uniform(problem) - 0.5));
                value = uniform(problem) < 0.5 ? -value : value;
                jacobian[(size_t)e * lanes + lane] = value;
                total += fabs(value);
                diagonal = problem->pattern.column[e] == i ? e : diagonal;
            }
            jacobian[(size_t)diagonal * lanes + lane] = -total * (1.0 + uniform(problem));
        }
    }
    return jacobian;
}

/* Gaussian elimination with partial pivoting in long double: the outside opinion. */
static void reference(Pattern pattern, const double *jacobian, int width, double gamma, double *b)
{
    static long double a[LARGEST][LARGEST + 1];
    int n = pattern.states;
    memset(a, 0, sizeof a);
    for (int i = 0; i < n; i++) {
        a[i][i] = 1.0L;
        a[i][n] = b[i * width];
        for (int e = pattern.row_start[i]; e < pattern.row_start[i + 1]; e++) {
            a[i][pattern.column[e]] -= (long double)gamma * jacobian[e * width];
        }
    }
    for (int k = 0; k < n; k++) {
        int best = k;
        for (int i = k; i < n; i++) {
            best = fabsl(a[i][k]) > fabsl(a[best][k]) ? i : best;
        }
        for (int j = 0; j <= n; j++) {
            long double keep = a[k][j];
            a[k][j] = a[best][j];
            a[best][j] = keep;
        }
        for (int i = 0; i < n; i++) {
            long double factor = i == k ? 0.0L : a[i][k] / a[k][k];
            for (int j = k; j <= n; j++) {
                a[i][j] -= factor * a[k][j];
            }
        }
    }
    for (int i = 0; i < n; i++) {
        b[i * width] = (double)(a[i][n] / a[i][i]);
    }
}

static double *make_vector(Problem *problem, int width)
{
    size_t count = (size_t)problem->pattern.states * (size_t)width;
    double *b = arena_array(problem->arena, count, sizeof *b);
    for (size_t i = 0; i < count; i++) {
        b[i] = 2.0 * uniform(problem) - 1.0;
    }
    return b;
}

static double worst_error(const double *x, const double *expected, int states, int width)
{
    double worst = 0.0;
    for (int lane = 0; lane < width; lane++) {
        double size = 0.0;
        for (int i = 0; i < states; i++) {
            size = fmax(size, fabs(expected[i * width + lane]));
        }
        for (int i = 0; i < states; i++) {
            double error = fabs(x[i * width + lane] - expected[i * width + lane]);
            worst = fmax(worst, isfinite(error) ? error / size : HUGE_VAL);
        }
    }
    return worst;
}

static void check_solution(Problem *problem, int width, double gamma, bool dense)
{
    double *jacobian = make_jacobian(problem, width);
    double *b = make_vector(problem, width);
    size_t bytes = (size_t)problem->pattern.states * (size_t)width * sizeof *b;
    double *x = arena_alloc(problem->arena, bytes);
    double *expected = arena_alloc(problem->arena, bytes);
    memcpy(expected, b, bytes);
    for (int lane = 0; lane < width; lane++) {
        reference(problem->pattern, jacobian + lane, width, gamma, expected + lane);
    }
    if (dense) {
        DenseLanes *lanes = densely_open(problem->arena, problem->pattern, width);
        densely_factor(lanes, jacobian, gamma);
        densely_solve(lanes, b, x);
    } else {
        BlockLu *lu = blocklu_open(problem->arena, problem->pattern, width, kernels_for(NULL));
        blocklu_factor(lu, jacobian, gamma);
        for (int lane = 0; lane < width; lane++) {
            CU_ASSERT(blocklu_good(lu, lane));
        }
        blocklu_solve(lu, b, x);
    }
    CU_ASSERT(worst_error(x, expected, problem->pattern.states, width) < 1e-11);
}

static void test_random_patterns(void)
{
    static const int widths[] = {1, 2, 4, 8, 16, 32, 64};
    for (uint32_t trial = 0; trial < TRIALS; trial++) {
        int states = 1 + (int)(trial * 7 % LARGEST);
        Problem problem = make_problem(states, 0.5 + (double)(trial % 6), trial);
        int width = widths[trial % 7];
        check_solution(&problem, width, exp((double)(trial % 9) - 4.0), false);
        check_solution(&problem, width, exp((double)(trial % 9) - 4.0), true);
        arena_free(problem.arena);
    }
}

/* A star whose centre comes first fills up completely in the given order and not at all in a good
 * one. */
static void test_order_avoids_fill(void)
{
    enum { SPOKES = 30 };
    int row_start[SPOKES + 2] = {0};
    int column[4 * SPOKES];
    int count = 0;
    for (int i = 0; i <= SPOKES; i++) {
        for (int j = 0; j <= SPOKES; j++) {
            if (i == j || i == 0 || j == 0) {
                column[count++] = j;
            }
        }
        row_start[i + 1] = count;
    }
    Arena *arena = arena_new();
    BlockLu *lu =
        blocklu_open(arena, (Pattern){SPOKES + 1, row_start, column}, 1, kernels_for(NULL));
    CU_ASSERT_EQUAL(blocklu_entries(lu), 3 * SPOKES + 1);
    CU_ASSERT_EQUAL(blocklu_products(lu), SPOKES);
    arena_free(arena);
}

/* Width, place in the pack and instruction set change no bit. */
static void test_same_bits(void)
{
    static const char *isa[] = {"baseline", "avx2", "avx512"};
    enum { STATES = 17, WIDE = 64 };
    Problem problem = make_problem(STATES, 4.0, 77);
    double *jacobian = make_jacobian(&problem, WIDE);
    double *b = make_vector(&problem, WIDE);
    static double x[STATES * WIDE];
    BlockLu *lu = blocklu_open(problem.arena, problem.pattern, WIDE, kernels_for("baseline"));
    blocklu_factor(lu, jacobian, 0.3);
    blocklu_solve(lu, b, x);
    for (int width = 1; width <= 32; width *= 2) {
        for (int i = 0; i < 3; i++) {
            size_t entries = (size_t)problem.entries;
            double *part = arena_array(problem.arena, entries * (size_t)width, sizeof(double));
            double right[STATES * 32];
            int first = WIDE - width;
            for (int e = 0; e < problem.entries; e++) {
                memcpy(part + e * width, jacobian + e * WIDE + first, (size_t)width * sizeof *part);
            }
            for (int s = 0; s < STATES; s++) {
                memcpy(right + s * width, b + s * WIDE + first, (size_t)width * sizeof *right);
            }
            lu = blocklu_open(problem.arena, problem.pattern, width, kernels_for(isa[i]));
            blocklu_factor(lu, part, 0.3);
            blocklu_solve(lu, right, right);
            for (int s = 0; s < STATES; s++) {
                CU_ASSERT(memcmp(right + s * width, x + s * WIDE + first,
                                 (size_t)width * sizeof *right) == 0);
            }
        }
    }
    arena_free(problem.arena);
}

/* J = 1/gamma on the diagonal: the pivot is gone though the matrix is regular. */
static void test_lost_pivot_is_seen(void)
{
    static const int row_start[] = {0, 2, 4};
    static const int column[] = {0, 1, 0, 1};
    Pattern pattern = {2, row_start, column};
    /* lane 0: the matrix (1e-13, -1; -1, 2) almost; lane 1: harmless, with wildly different units.
     */
    const double jacobian[] = {2.0 * (1.0 - 1e-13), -2.0, 2.0, 2e15, 2.0, 2e-15, -2.0, -8.0};
    Arena *arena = arena_new();
    BlockLu *lu = blocklu_open(arena, pattern, 2, kernels_for(NULL));
    blocklu_factor(lu, jacobian, 0.5);
    CU_ASSERT(!blocklu_good(lu, 0));
    CU_ASSERT(blocklu_good(lu, 1));
    DenseLanes *dense = densely_open(arena, pattern, 2);
    densely_factor(dense, jacobian, 0.5);
    double b[] = {1.0, 0.0, 0.0, 0.0};
    densely_solve(dense, b, b);
    CU_ASSERT(dense->good[0]);
    /* (d, -1; -1, 2) x = (1, 0): x = (2, 1) / (2d - 1), and d is 1e-13 */
    CU_ASSERT_DOUBLE_EQUAL(b[0], -2.0, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(b[2], -1.0, 1e-12);
    arena_free(arena);
}

static void test_not_finite_is_seen(void)
{
    static const int row_start[] = {0, 1};
    static const int column[] = {0};
    const double jacobian[] = {-1.0, HUGE_VAL - HUGE_VAL, HUGE_VAL, -3.0};
    Arena *arena = arena_new();
    BlockLu *lu = blocklu_open(arena, (Pattern){1, row_start, column}, 4, kernels_for(NULL));
    blocklu_factor(lu, jacobian, 1.0);
    CU_ASSERT(blocklu_good(lu, 0) && blocklu_good(lu, 3));
    CU_ASSERT(!blocklu_good(lu, 1) && !blocklu_good(lu, 2));
    double x[] = {2.0, 0.0, 0.0, 8.0};
    blocklu_solve(lu, x, x);
    CU_ASSERT_EQUAL(x[0], 1.0);
    CU_ASSERT_EQUAL(x[3], 2.0);
    arena_free(arena);
}

static void test_singular_dense_is_refused(void)
{
    double a[] = {1.0, 2.0, 2.0, 4.0};
    int pivot[2];
    double scale[2];
    CU_ASSERT(!dense_factor(a, 2, pivot, scale));
}

SUITE("blocklu", TEST(test_random_patterns), TEST(test_order_avoids_fill), TEST(test_same_bits),
      TEST(test_lost_pivot_is_seen), TEST(test_not_finite_is_seen),
      TEST(test_singular_dense_is_refused))
