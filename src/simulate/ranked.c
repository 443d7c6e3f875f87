/* ranked.c: elimination with complete pivoting finds rank and left null vectors; the rows that it
 * leaves and those vectors together are a regular system.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/ranked.h"

#include "simulate/densely.h"

#include <assert.h>
#include <math.h>
#include <string.h>

typedef struct {
    double *a, *left;
    int *column; // where each column has gone
    size_t n;
} Elimination;

static void swap(double *x, double *y)
{
    double keep = *x;
    *x = *y;
    *y = keep;
}

static void scale_rows(Elimination *elimination)
{
    size_t n = elimination->n;
    for (size_t i = 0; i < n; i++) {
        double largest = 0.0;
        for (size_t j = 0; j < n; j++) {
            largest = fmax(largest, fabs(elimination->a[i * n + j]));
        }
        double scale = largest > 0.0 ? 1.0 / largest : 1.0;
        for (size_t j = 0; j < n; j++) {
            elimination->a[i * n + j] *= scale;
        }
        elimination->left[i * n + i] = scale;
    }
}

/* The largest entry that is left comes to (k, k); its size. */
static double bring_pivot(Elimination *elimination, size_t k)
{
    size_t n = elimination->n;
    size_t row = k;
    size_t column = k;
    double largest = 0.0;
    for (size_t i = k; i < n; i++) {
        for (size_t j = k; j < n; j++) {
            if (fabs(elimination->a[i * n + j]) > largest) {
                largest = fabs(elimination->a[i * n + j]);
                row = i;
                column = j;
            }
        }
    }
    for (size_t j = 0; row != k && j < n; j++) {
        swap(&elimination->a[row * n + j], &elimination->a[k * n + j]);
        swap(&elimination->left[row * n + j], &elimination->left[k * n + j]);
    }
    for (size_t i = 0; column != k && i < n; i++) {
        swap(&elimination->a[i * n + column], &elimination->a[i * n + k]);
    }
    int keep = elimination->column[column];
    elimination->column[column] = elimination->column[k];
    elimination->column[k] = keep;
    return largest;
}

static void eliminate(Elimination *elimination, size_t k)
{
    size_t n = elimination->n;
    const double *top = elimination->a + k * n;
    const double *top_left = elimination->left + k * n;
    for (size_t i = k + 1; i < n; i++) {
        double *row = elimination->a + i * n;
        double *left = elimination->left + i * n;
        double factor = row[k] / top[k];
        for (size_t j = k; factor != 0.0 && j < n; j++) {
            row[j] -= factor * top[j];
        }
        for (size_t j = 0; factor != 0.0 && j < n; j++) {
            left[j] -= factor * top_left[j];
        }
    }
}

static void normalise(double *row, size_t n)
{
    double largest = 0.0;
    for (size_t j = 0; j < n; j++) {
        largest = fmax(largest, fabs(row[j]));
    }
    for (size_t j = 0; largest > 0.0 && j < n; j++) {
        row[j] /= largest;
    }
}

bool ranked_factor(Ranked *ranked, Arena *arena, double *a, int n, double tolerance)
{
    assert(ranked != NULL && a != NULL && n > 0);
    size_t size = (size_t)n;
    *ranked = (Ranked){.n = n};
    ranked->left = arena_array(arena, size * size, sizeof(double));
    ranked->matrix = arena_array(arena, size * size, sizeof(double));
    ranked->work = arena_array(arena, size, sizeof(double));
    ranked->pivot = arena_array(arena, size, sizeof(int));
    Elimination elimination = {a, ranked->left, arena_array(arena, size, sizeof(int)), size};
    for (size_t i = 0; i < size; i++) {
        elimination.column[i] = (int)i;
    }
    scale_rows(&elimination);
    double first = 0.0;
    for (; ranked->rank < n; ranked->rank++) {
        double pivot = bring_pivot(&elimination, (size_t)ranked->rank);
        first = ranked->rank == 0 ? pivot : first;
        if (!(pivot > tolerance * first)) {
            break;
        }
        eliminate(&elimination, (size_t)ranked->rank);
    }
    for (size_t i = 0; i < size; i++) {
        bool regular = i < (size_t)ranked->rank;
        if (!regular) {
            normalise(ranked->left + i * size, size);
        }
        for (size_t j = 0; j < size; j++) {
            size_t to = regular ? (size_t)elimination.column[j] : j;
            bool below = regular && j < i;
            ranked->matrix[i * size + to] = below     ? 0.0
                                            : regular ? a[i * size + j]
                                                      : ranked->left[i * size + j];
        }
    }
    return dense_factor(ranked->matrix, n, ranked->pivot, ranked->work);
}

static double combine(const Ranked *ranked, int row, const double *b)
{
    double sum = 0.0;
    for (int j = 0; j < ranked->n; j++) {
        sum += ranked->left[row * ranked->n + j] * b[j];
    }
    return sum;
}

void ranked_solve(const Ranked *ranked, const double *b, const double *x0, double *x)
{
    for (int i = 0; i < ranked->n; i++) {
        bool regular = i < ranked->rank;
        ranked->work[i] = regular      ? combine(ranked, i, b)
                          : x0 != NULL ? combine(ranked, i, x0)
                                       : 0.0;
    }
    memcpy(x, ranked->work, (size_t)ranked->n * sizeof *x);
    dense_solve(ranked->matrix, ranked->n, ranked->pivot, x);
}

double ranked_contradiction(const Ranked *ranked, const double *b)
{
    double worst = 0.0;
    for (int i = ranked->rank; i < ranked->n; i++) {
        worst = fmax(worst, fabs(combine(ranked, i, b)));
    }
    return worst;
}
