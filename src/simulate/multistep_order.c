/* multistep_order.c: coefficients of BDF (see multistep_order.h).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/multistep_order.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static const double NEWTON_SHARE = 0.1; // of the error of a step, what Newton may leave

void bdf_start(Bdf *bdf)
{
    *bdf = (Bdf){.order = 1, .wait = 2};
}

/* lower_test and higher_test; `sum` is t_n - t_{n-q}. */
static void set_neighbours(Bdf *bdf, double h, double sum, const double alpha[2],
                           const double inverse[2])
{
    const int q = bdf->order;
    const double leading = alpha[0];
    const double exact = alpha[1];
    bdf->lower_test = 1.0;
    if (q > 1) {
        double share = inverse[1] / bdf->l[q];
        double a = leading + 1.0 / q;
        double b = exact + inverse[0];
        bdf->lower_test = fabs(share * ((1.0 - b + a) / a));
    }
    double next = h / (sum + bdf->past[q]);
    double a = leading - 1.0 / (q + 1);
    double b = exact - next;
    double c = 1.0 + q * (1.0 - exact + leading);
    bdf->higher_test = fabs((1.0 - b + a) / c / (next * (q + 2) * a));
}

/* True if the coefficients are there already, and that is remembered for the next time. */
static bool is_set(Bdf *bdf, double h)
{
    bool equal = true;
    for (int i = 1; i <= bdf->order; i++) {
        equal = equal && bdf->past[i] == h;
    }
    bool known = equal && bdf->set_order == bdf->order && bdf->set_step == h &&
                 (bdf->wait != 1 || bdf->set_neighbours);
    bdf->set_order = equal ? bdf->order : 0;
    bdf->set_step = h;
    bdf->set_neighbours = known ? bdf->set_neighbours : bdf->wait == 1;
    return known;
}

void bdf_set(Bdf *bdf, double h)
{
    const int q = bdf->order;
    if (is_set(bdf, h)) {
        return;
    }
    double *l = bdf->l;
    double sum = h;
    double alpha[2] = {-1.0, -1.0}; // of the fixed leading coefficient, of the unequal steps
    double inverse[2] = {1.0, 1.0}; // 1 / x_q, 1 / x*_q
    l[0] = l[1] = 1.0;
    for (int i = 2; i <= q; i++) {
        l[i] = 0.0;
    }
    for (int j = 2; j <= q; j++) {
        sum += bdf->past[j - 1];
        inverse[0] = h / sum;
        alpha[0] -= 1.0 / j;
        double root = inverse[0];
        if (j == q) {
            alpha[1] = -l[1] - inverse[0];
            root = inverse[1] = -l[1] - alpha[0];
        }
        for (int i = j; i >= 1; i--) {
            l[i] += l[i - 1] * root;
        }
    }
    double difference = 1.0 - alpha[1] + alpha[0];
    double whole = 1.0 + q * difference;
    bdf->test = fabs(difference / (alpha[0] * whole));
    bdf->ratio = fabs(whole * inverse[1] / (l[q] * inverse[0]));
    bdf->newton_limit = NEWTON_SHARE / bdf->test;
    if (bdf->wait == 1) {
        set_neighbours(bdf, h, sum, alpha, inverse);
    }
}

void bdf_accept(Bdf *bdf, double h, long steps)
{
    for (int i = bdf->order; i >= 2; i--) {
        bdf->past[i] = bdf->past[i - 1];
    }
    if (bdf->order == 1 && steps > 1) {
        bdf->past[2] = bdf->past[1];
    }
    bdf->past[1] = h;
    bdf->wait--;
}

double bdf_growth(double error, int power)
{
    return 1.0 / (pow(error, 1.0 / power) + 1e-6);
}

double bdf_no_growth(int power)
{
    double most = 1.0 + 1e-4;
    for (int i = 0; i < power; i++) {
        most *= 1.0 / BDF_LEAST_GROWTH;
    }
    return most;
}

double bdf_saved_share(const Bdf *bdf, double h)
{
    double share = bdf->ratio / bdf->saved_ratio;
    for (int i = 0; i <= bdf->order; i++) {
        share *= h / bdf->past[2];
    }
    return share;
}

/* Π over steps back of (x + x_i), times x²: multiples of the new or lost column. */
static void raise_order(Bdf *bdf, double h, double *const *z, const double *saved,
                        const Kernels *kernels, size_t count)
{
    const int q = bdf->order;
    double c[BDF_ORDER_MAX + 2] = {0};
    double product = 1.0;
    double before = 1.0;
    double leading = -1.0;
    double exact = 1.0;
    double sum = h;
    c[2] = 1.0;
    for (int j = 1; j < q; j++) {
        sum += bdf->past[j + 1];
        double x = sum / h;
        product *= x;
        leading -= 1.0 / (j + 1);
        exact += 1.0 / x;
        for (int i = j + 2; i >= 2; i--) {
            c[i] = c[i] * before + c[i - 1];
        }
        before = x;
    }
    kernels->scale((-leading - exact) / product, saved, z[q + 1], count);
    for (int j = 2; j <= q; j++) {
        kernels->linear_sum(c[j], z[q + 1], 1.0, z[j], z[j], count);
    }
}

static void lower_order(Bdf *bdf, double h, double *const *z, const Kernels *kernels, size_t count)
{
    const int q = bdf->order;
    double c[BDF_ORDER_MAX + 2] = {0};
    double sum = 0.0;
    c[2] = 1.0;
    for (int j = 1; j <= q - 2; j++) {
        sum += bdf->past[j];
        double x = sum / h;
        for (int i = j + 2; i >= 2; i--) {
            c[i] = c[i] * x + c[i - 1];
        }
    }
    for (int j = 2; j < q; j++) {
        kernels->linear_sum(-c[j], z[q], 1.0, z[j], z[j], count);
    }
}

void bdf_change_order(Bdf *bdf, int order, double h, double *const *z, const double *saved,
                      const Kernels *kernels, size_t count)
{
    assert(order >= 1 && order <= BDF_ORDER_MAX && abs(order - bdf->order) == 1);
    if (order > bdf->order) {
        raise_order(bdf, h, z, saved, kernels, count);
    } else if (bdf->order > 2) {
        lower_order(bdf, h, z, kernels, count);
    }
    bdf->order = order;
    bdf->wait = order + 1;
}
