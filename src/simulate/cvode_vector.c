/* cvode_vector.c: the N_Vector over lanes: numbers as [state][lane], the norm the largest of the
 * lanes'.
 *
 * Only what CVODES 6.4 to 7 asks of a vector without constraints is here. A maximum swallows NaN,
 * so a norm that is not finite in a live lane is reported as NOT_FINITE_NORM, which no test can
 * pass. Cloned vectors take their numbers from a pool in the arena.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/cvode.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <sundials/sundials_nvector.h>

static const double NOT_FINITE_NORM = 1e100;

struct LaneVector {
    double *data;
    VectorSpace *space;
    LaneVector *next; // while it is spare
};

static LaneVector *lanes_of(N_Vector vector)
{
    return vector->content;
}

static double *data_of(N_Vector vector)
{
    return lanes_of(vector)->data;
}

double *vector_data(void *vector)
{
    return data_of(vector);
}

static LaneVector *take(VectorSpace *space)
{
    LaneVector *lanes = space->spare;
    if (lanes != NULL) {
        space->spare = lanes->next;
        memset(lanes->data, 0, space->count * sizeof *lanes->data);
        return lanes;
    }
    lanes = arena_alloc(space->arena, sizeof *lanes);
    lanes->space = space;
    lanes->data = arena_array(space->arena, space->count, sizeof *lanes->data);
    return lanes;
}

static N_Vector clone(N_Vector vector)
{
    N_Vector copy = N_VNewEmpty(vector->sunctx);
    if (copy == NULL || N_VCopyOps(vector, copy) != 0) {
        return NULL;
    }
    copy->content = take(lanes_of(vector)->space);
    return copy;
}

static void destroy(N_Vector vector)
{
    if (vector == NULL) {
        return;
    }
    LaneVector *lanes = vector->content;
    if (lanes != NULL) {
        lanes->next = lanes->space->spare;
        lanes->space->spare = lanes;
    }
    N_VFreeEmpty(vector);
}

static sunindextype length(N_Vector vector)
{
    return (sunindextype)lanes_of(vector)->space->count;
}

static void linear_sum(sunrealtype a, N_Vector x, sunrealtype b, N_Vector y, N_Vector z)
{
    const VectorSpace *space = lanes_of(x)->space;
    space->kernels->linear_sum(a, data_of(x), b, data_of(y), data_of(z), space->count);
}

static void constant(sunrealtype value, N_Vector z)
{
    const VectorSpace *space = lanes_of(z)->space;
    space->kernels->constant(value, data_of(z), space->count);
}

static void product(N_Vector x, N_Vector y, N_Vector z)
{
    const VectorSpace *space = lanes_of(x)->space;
    space->kernels->product(data_of(x), data_of(y), data_of(z), space->count);
}

static void quotient(N_Vector x, N_Vector y, N_Vector z)
{
    const VectorSpace *space = lanes_of(x)->space;
    space->kernels->quotient(data_of(x), data_of(y), data_of(z), space->count);
}

static void scale(sunrealtype factor, N_Vector x, N_Vector z)
{
    const VectorSpace *space = lanes_of(x)->space;
    space->kernels->scale(factor, data_of(x), data_of(z), space->count);
}

static void absolute(N_Vector x, N_Vector z)
{
    const VectorSpace *space = lanes_of(x)->space;
    space->kernels->absolute(data_of(x), data_of(z), space->count);
}

static void inverse(N_Vector x, N_Vector z)
{
    const VectorSpace *space = lanes_of(x)->space;
    space->kernels->inverse(data_of(x), data_of(z), space->count);
}

static void add_constant(N_Vector x, sunrealtype value, N_Vector z)
{
    const VectorSpace *space = lanes_of(x)->space;
    space->kernels->add_constant(data_of(x), value, data_of(z), space->count);
}

static sunrealtype dot_product(N_Vector x, N_Vector y)
{
    const VectorSpace *space = lanes_of(x)->space;
    double sum = 0.0;
    for (size_t i = 0; i < space->count; i++) {
        sum += data_of(x)[i] * data_of(y)[i];
    }
    return sum;
}

static sunrealtype largest_magnitude(N_Vector x)
{
    const VectorSpace *space = lanes_of(x)->space;
    const double *data = data_of(x);
    double largest = 0.0;
    for (size_t i = 0; i < space->count; i++) {
        if (!space->live[i % (size_t)space->width]) {
            continue;
        }
        if (!isfinite(data[i])) {
            return NOT_FINITE_NORM;
        }
        largest = fmax(largest, fabs(data[i]));
    }
    return largest;
}

static sunrealtype weighted_norm(N_Vector x, N_Vector weight)
{
    const VectorSpace *space = lanes_of(x)->space;
    kernels_sum_squares(space->kernels, data_of(x), data_of(weight), space->states, space->width,
                        space->lane_sum);
    double largest = 0.0;
    for (int lane = 0; lane < space->width; lane++) {
        if (!space->live[lane]) {
            continue;
        }
        if (!isfinite(space->lane_sum[lane])) {
            return NOT_FINITE_NORM;
        }
        largest = fmax(largest, space->lane_sum[lane]);
    }
    return sqrt(largest / space->states);
}

static sunrealtype smallest(N_Vector x)
{
    const VectorSpace *space = lanes_of(x)->space;
    double least = HUGE_VAL;
    for (size_t i = 0; i < space->count; i++) {
        least = space->live[i % (size_t)space->width] ? fmin(least, data_of(x)[i]) : least;
    }
    return least;
}

enum { MOST_TERMS = 16 }; // CVODES combines at most 13 vectors (order 12 of Adams)

static int combine(int count, sunrealtype *factor, N_Vector *x, N_Vector z)
{
    double *data[MOST_TERMS];
    if (count > MOST_TERMS) {
        return -1;
    }
    for (int i = 0; i < count; i++) {
        data[i] = data_of(x[i]);
    }
    const VectorSpace *space = lanes_of(z)->space;
    space->kernels->combine(count, factor, data, data_of(z), space->count);
    return 0;
}

static int scale_add_multi(int count, sunrealtype *factor, N_Vector x, N_Vector *y, N_Vector *z)
{
    for (int i = 0; i < count; i++) {
        linear_sum(factor[i], x, 1.0, y[i], z[i]);
    }
    return 0;
}

static int scale_array(int count, sunrealtype *factor, N_Vector *x, N_Vector *z)
{
    for (int i = 0; i < count; i++) {
        scale(factor[i], x[i], z[i]);
    }
    return 0;
}

static int linear_sum_array(int count, sunrealtype a, N_Vector *x, sunrealtype b, N_Vector *y,
                            N_Vector *z)
{
    for (int i = 0; i < count; i++) {
        linear_sum(a, x[i], b, y[i], z[i]);
    }
    return 0;
}

static int constant_array(int count, sunrealtype value, N_Vector *z)
{
    for (int i = 0; i < count; i++) {
        constant(value, z[i]);
    }
    return 0;
}

static int norm_array(int count, N_Vector *x, N_Vector *weight, sunrealtype *norm)
{
    for (int i = 0; i < count; i++) {
        norm[i] = weighted_norm(x[i], weight[i]);
    }
    return 0;
}

void *vector_new(VectorSpace *space, void *sundials)
{
    assert(space != NULL && space->count == (size_t)space->states * (size_t)space->width);
    N_Vector vector = N_VNewEmpty(sundials);
    if (vector == NULL) {
        return NULL;
    }
    vector->content = take(space);
    N_Vector_Ops ops = vector->ops;
    ops->nvclone = clone;
    ops->nvdestroy = destroy;
    ops->nvgetlength = length;
    ops->nvlinearsum = linear_sum;
    ops->nvconst = constant;
    ops->nvprod = product;
    ops->nvdiv = quotient;
    ops->nvscale = scale;
    ops->nvabs = absolute;
    ops->nvinv = inverse;
    ops->nvaddconst = add_constant;
    ops->nvdotprod = dot_product;
    ops->nvmaxnorm = largest_magnitude;
    ops->nvwrmsnorm = weighted_norm;
    ops->nvmin = smallest;
    ops->nvlinearcombination = combine;
    ops->nvscaleaddmulti = scale_add_multi;
    ops->nvscalevectorarray = scale_array;
    ops->nvlinearsumvectorarray = linear_sum_array;
    ops->nvconstvectorarray = constant_array;
    ops->nvwrmsnormvectorarray = norm_array;
    return vector;
}
