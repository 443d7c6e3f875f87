/* statistics.c: see statistics.h.
 *
 * Sources: Hyndman and Fan (1996), doi:10.2307/2684934, definition 7; its weighted form puts the
 * k-th of n sorted values at S_k = (k - 1) w_k + (n - 1) Σ_{i<k} w_i on a scale from 0 to S_n, and
 * interpolates; values without weight are left out. The variance with weights is Σ w (x - m)² / (Σw
 * - Σw²/Σw). Quickselect: Hoare (1961), for several ranks at once.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/statistics.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL = 16 };

Moments moments_of(const double *values, const double *weights, int count)
{
    assert(count >= 0 && (count == 0 || values != NULL));
    double total = 0.0;
    double squares = 0.0;
    double sum = 0.0;
    int known = 0;
    for (int i = 0; i < count; i++) {
        if (!isnan(values[i])) {
            double weight = weights ? weights[i] : 1.0;
            total += weight;
            squares += weight * weight;
            sum += weight * values[i];
            known++;
        }
    }
    Moments moments = {.count = known, .mean = (double)NAN, .sd = (double)NAN};
    if (!(total > 0.0)) {
        return moments;
    }
    double rough = sum / total;
    double rest = 0.0;
    double spread = 0.0;
    for (int i = 0; i < count; i++) {
        if (!isnan(values[i])) {
            double weight = weights ? weights[i] : 1.0;
            double away = values[i] - rough;
            rest += weight * away;
            spread += weight * away * away;
        }
    }
    moments.effective = total * total / squares;
    moments.mean = isfinite(rough) ? rough + rest / total : rough;
    if (known > 1 && moments.effective > 1.0) {
        double variance = (spread - rest * rest / total) / (total - squares / total);
        moments.sd = sqrt(variance > 0.0 || isnan(variance) ? variance : 0.0);
    }
    return moments;
}

void interval_of(const Moments *moments, double *low, double *high)
{
    *low = *high = (double)NAN;
    if (moments->count > 1 && moments->effective > 1.0) {
        double half = gsl_cdf_tdist_Pinv(0.975, moments->effective - 1.0) * moments->sd /
                      sqrt(moments->effective);
        *low = moments->mean - half;
        *high = moments->mean + half;
    }
}

static void swap(double *a, double *b)
{
    double kept = *a;
    *a = *b;
    *b = kept;
}

static void insertion_sort(double *values, int count)
{
    for (int i = 1; i < count; i++) {
        double value = values[i];
        int k = i;
        for (; k > 0 && values[k - 1] > value; k--) {
            values[k] = values[k - 1];
        }
        values[k] = value;
    }
}

static double middle_of_three(double a, double b, double c)
{
    double low = a < b ? a : b;
    double high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

/* Puts the values of the given ranks (ascending) where they would stand if all were sorted. */
static void select_ranks(double *values, int first, int count, const int *ranks, int rank_count)
{
    while (rank_count > 0 && count > SMALL) {
        double *at = values + first;
        double pivot = middle_of_three(at[0], at[count / 2], at[count - 1]);
        int i = 0;
        int j = count - 1;
        while (i <= j) {
            while (at[i] < pivot) {
                i++;
            }
            while (at[j] > pivot) {
                j--;
            }
            if (i <= j) {
                swap(&at[i++], &at[j--]);
            }
        }
        int below = 0; // ranks that lie left of the gap between j and i
        while (below < rank_count && ranks[below] <= first + j) {
            below++;
        }
        select_ranks(values, first, j + 1, ranks, below);
        ranks += below;
        rank_count -= below;
        while (rank_count > 0 && ranks[0] < first + i) { // in the gap: it stands there
            ranks++;
            rank_count--;
        }
        first += i;
        count -= i;
    }
    if (rank_count > 0) {
        insertion_sort(values + first, count);
    }
}

static void plain_quantiles(double *values, int count, const double *levels, int level_count,
                            double *quantiles)
{
    enum { AT_ONCE = 32 };
    for (int from = 0; from < level_count; from += AT_ONCE) {
        int ranks[2 * AT_ONCE];
        int rank_count = 0;
        int some = level_count - from < AT_ONCE ? level_count - from : AT_ONCE;
        for (int i = 0; i < some; i++) {
            int rank = (int)floor((count - 1) * levels[from + i]);
            for (int k = rank; k <= rank + 1 && k < count; k++) {
                if (rank_count == 0 || ranks[rank_count - 1] < k) {
                    ranks[rank_count++] = k;
                }
            }
        }
        select_ranks(values, 0, count, ranks, rank_count);
        for (int i = 0; i < some; i++) {
            double place = (count - 1) * levels[from + i];
            int rank = (int)floor(place);
            double part = place - rank;
            double low = values[rank];
            // without this an infinite neighbour would make a NaN of a plain value
            quantiles[from + i] = part == 0.0 ? low : low + part * (values[rank + 1] - low);
        }
    }
}

/* By value, then by weight: the order of the subjects must not matter among equal values. */
static int compare_pairs(const void *a, const void *b)
{
    const double *left = a;
    const double *right = b;
    int by_weight = (left[1] > right[1]) - (left[1] < right[1]);
    return left[0] > right[0] ? 1 : left[0] < right[0] ? -1 : by_weight;
}

static void weighted_quantiles(double *pairs, int count, const double *levels, int level_count,
                               double *quantiles)
{
    qsort(pairs, (size_t)count, 2 * sizeof *pairs, compare_pairs);
    double before = 0.0; // Σ_{i<k} w_i
    for (int i = 0; i < count - 1; i++) {
        before += pairs[2 * i + 1];
    }
    double whole = (count - 1) * (before + pairs[2 * count - 1]); // S_n
    for (int q = 0; q < level_count; q++) {
        double target = levels[q] * whole;
        double sum = 0.0;
        double place = 0.0;
        int k = 0;
        while (k < count - 1) {
            sum += pairs[2 * k + 1];
            double next = (k + 1) * pairs[2 * k + 3] + (count - 1) * sum;
            if (target < next) {
                double low = pairs[2 * k];
                double part = (target - place) / (next - place);
                quantiles[q] = part <= 0.0 ? low : low + part * (pairs[2 * k + 2] - low);
                break;
            }
            place = next;
            k++;
        }
        if (k == count - 1) {
            quantiles[q] = pairs[2 * k];
        }
    }
}

void quantiles_of(double *values, const double *weights, int count, double *scratch,
                  const double *levels, int level_count, double *quantiles)
{
    assert(count >= 0 && level_count >= 0 && (weights == NULL || scratch != NULL));
    int known = 0;
    for (int i = 0; i < count; i++) {
        if (isnan(values[i])) {
            continue;
        }
        if (weights != NULL && weights[i] == 0.0) {
            continue; // not there
        }
        if (weights != NULL) {
            scratch[2 * known] = values[i];
            scratch[2 * known + 1] = weights[i];
        }
        values[known++] = values[i];
    }
    for (int q = 0; q < level_count; q++) {
        assert(levels[q] >= 0.0 && levels[q] <= 1.0);
        quantiles[q] = (double)NAN;
    }
    if (known > 0 && weights != NULL) {
        weighted_quantiles(scratch, known, levels, level_count, quantiles);
    } else if (known > 0) {
        plain_quantiles(values, known, levels, level_count, quantiles);
    }
}
