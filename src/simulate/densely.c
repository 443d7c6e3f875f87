/* densely.c: dense LU with scaled partial pivoting. See densely.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/densely.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static void row_scales(const double *a, int n, double *scale)
{
    for (int i = 0; i < n; i++) {
        double largest = 0.0;
        for (int j = 0; j < n; j++) {
            double size = fabs(a[(size_t)i * (size_t)n + (size_t)j]);
            largest = size > largest ? size : largest; // the libm's fmax is slow
        }
        scale[i] = largest > 0.0 ? largest : 1.0;
    }
}

static int choose_pivot(const double *a, int n, int k, const double *scale)
{
    int best = k;
    double best_size = 0.0;
    for (int i = k; i < n; i++) {
        double size = fabs(a[(size_t)i * (size_t)n + (size_t)k]) / scale[i];
        if (size > best_size) {
            best = i;
            best_size = size;
        }
    }
    return best;
}

static void swap_rows(double *a, int n, int i, int k, double *scale)
{
    for (int j = 0; j < n; j++) {
        double keep = a[(size_t)i * (size_t)n + (size_t)j];
        a[(size_t)i * (size_t)n + (size_t)j] = a[(size_t)k * (size_t)n + (size_t)j];
        a[(size_t)k * (size_t)n + (size_t)j] = keep;
    }
    double keep = scale[i];
    scale[i] = scale[k];
    scale[k] = keep;
}

bool dense_factor(double *a, int n, int *pivot, double *scale)
{
    assert(a != NULL && pivot != NULL && scale != NULL && n > 0);
    row_scales(a, n, scale);
    for (int k = 0; k < n; k++) {
        pivot[k] = choose_pivot(a, n, k, scale);
        if (pivot[k] != k) {
            swap_rows(a, n, pivot[k], k, scale);
        }
        const double *top = a + (size_t)k * (size_t)n;
        if (top[k] == 0.0 || !isfinite(top[k])) {
            return false;
        }
        double reciprocal = 1.0 / top[k];
        for (int i = k + 1; i < n; i++) {
            double *row = a + (size_t)i * (size_t)n;
            double factor = row[k] * reciprocal;
            row[k] = factor;
            for (int j = k + 1; factor != 0.0 && j < n; j++) {
                row[j] -= factor * top[j];
            }
        }
    }
    return true;
}

void dense_solve(const double *a, int n, const int *pivot, double *b)
{
    for (int k = 0; k < n; k++) {
        double keep = b[pivot[k]];
        b[pivot[k]] = b[k];
        b[k] = keep;
    }
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) {
            b[i] -= a[(size_t)i * (size_t)n + (size_t)j] * b[j];
        }
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int j = i + 1; j < n; j++) {
            b[i] -= a[(size_t)i * (size_t)n + (size_t)j] * b[j];
        }
        b[i] /= a[(size_t)i * (size_t)n + (size_t)i];
    }
}

void dense_matrix(Pattern pattern, const double *jacobian, int stride, double gamma, double *a)
{
    size_t n = (size_t)pattern.states;
    memset(a, 0, n * n * sizeof *a);
    for (size_t i = 0; i < n; i++) {
        a[i * n + i] = 1.0;
        for (int e = pattern.row_start[i]; e < pattern.row_start[i + 1]; e++) {
            double value = jacobian[(size_t)e * (size_t)stride];
            a[i * n + (size_t)pattern.column[e]] -= gamma * value;
        }
    }
}

DenseLanes *densely_open(Arena *arena, Pattern pattern, int width)
{
    assert(arena != NULL && pattern.states > 0 && width > 0);
    DenseLanes *dense = arena_alloc(arena, sizeof *dense);
    size_t n = (size_t)pattern.states;
    size_t lanes = (size_t)width;
    dense->pattern = pattern;
    dense->width = width;
    dense->matrix = arena_array(arena, lanes * n * n, sizeof *dense->matrix);
    dense->pivot = arena_array(arena, lanes * n, sizeof *dense->pivot);
    dense->column = arena_array(arena, n, sizeof *dense->column);
    dense->good = arena_array(arena, lanes, sizeof *dense->good);
    return dense;
}

void densely_factor(DenseLanes *dense, const double *jacobian, double gamma)
{
    size_t n = (size_t)dense->pattern.states;
    for (int lane = 0; lane < dense->width; lane++) {
        double *a = dense->matrix + (size_t)lane * n * n;
        dense_matrix(dense->pattern, jacobian + lane, dense->width, gamma, a);
        int *pivot = dense->pivot + (size_t)lane * n;
        dense->good[lane] = dense_factor(a, dense->pattern.states, pivot, dense->column);
    }
}

void densely_solve(DenseLanes *dense, const double *b, double *x)
{
    size_t n = (size_t)dense->pattern.states;
    size_t width = (size_t)dense->width;
    for (size_t lane = 0; lane < width; lane++) {
        for (size_t i = 0; i < n; i++) {
            dense->column[i] = b[i * width + lane];
        }
        if (dense->good[lane]) {
            dense_solve(dense->matrix + lane * n * n, dense->pattern.states,
                        dense->pivot + lane * n, dense->column);
        }
        for (size_t i = 0; i < n; i++) {
            x[i * width + lane] = dense->column[i];
        }
    }
}
