/* cvode_vector.c: the N_Vector over lanes: numbers as [state][lane], the norm the largest of the
 * lanes'.
 *
 * Only what CVODES 6.4 to 7 asks of a vector without constraints is here. A maximum swallows NaN,
 * so a norm that is not finite in a live lane is reported as NOT_FINITE_NORM, which no test can
 * pass. Cloned vectors take their numbers from a pool in the arena. Every function that looks at a
 * vector's numbers first does what was put off (see Deferred in cvode.h).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/cvode.h"

#include <assert.h>
#include <float.h>
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

/* The order of the prediction that the deferred sums are, column[0 .. order] its columns; 0: they
 * are something else. */
static int find_prediction(const Deferred *deferred, double **column)
{
    int order = 1;
    while (order * (order + 1) / 2 < deferred->sums) {
        order++;
    }
    if (order * (order + 1) / 2 != deferred->sums || order >= COLUMNS_MAX) {
        return 0;
    }
    column[order] = deferred->from[0];
    for (int i = 0; i < order; i++) {
        column[order - 1 - i] = deferred->into[i];
    }
    bool same = deferred->scales == 0 || deferred->scales == order;
    for (int i = 0; i < deferred->scales && same; i++) {
        same = deferred->scaled[i] == column[i + 1];
    }
    int sum = 0;
    for (int k = 1; k <= order && same; k++) {
        for (int j = order; j >= k && same; j--, sum++) {
            same = deferred->into[sum] == column[j - 1] && deferred->from[sum] == column[j];
        }
    }
    return same ? order : 0;
}

static void settle_sums(VectorSpace *space)
{
    Deferred *deferred = &space->deferred;
    const Kernels *kernels = space->kernels;
    double *column[COLUMNS_MAX];
    int order = find_prediction(deferred, column);
    if (order > 0) {
        kernels_predict(kernels, order, column, deferred->scales > 0 ? deferred->factor : NULL,
                        space->states, space->width);
    } else {
        for (int i = 0; i < deferred->scales; i++) {
            double *x = deferred->scaled[i];
            kernels->scale(deferred->factor[i], x, x, space->count);
        }
        for (int i = 0; i < deferred->sums; i++) {
            double *x = deferred->into[i];
            kernels->linear_sum(1.0, x, 1.0, deferred->from[i], x, space->count);
        }
    }
    deferred->sums = deferred->scales = 0;
}

/* Does what was put off. */
static inline void settle(VectorSpace *space)
{
    if (space->deferred.sums != 0 || space->deferred.scales != 0) {
        settle_sums(space);
    }
}

/* Before a vector is read. */
static void catch_up(VectorSpace *space, double *data)
{
    Deferred *deferred = &space->deferred;
    if (data != deferred->late) {
        return;
    }
    deferred->late = NULL;
    if (deferred->late_factor != 0.0) {
        space->kernels->scale(deferred->late_factor, data, data, space->count);
    } else {
        space->kernels->constant(0.0, data, space->count);
    }
}

/* The numbers of a vector that is read. */
static double *reading(N_Vector vector)
{
    VectorSpace *space = lanes_of(vector)->space;
    settle(space);
    catch_up(space, data_of(vector));
    return data_of(vector);
}

/* What is known of a vector that changes is not known any more. */
static void forget(VectorSpace *space, const double *data)
{
    if (data == space->known.x || data == space->known.weight) {
        space->known.x = NULL;
    }
    if (data == space->sum.predicted || data == space->sum.correction || data == space->scratch) {
        space->sum.predicted = NULL;
    }
}

/* The numbers of a vector that changes; those that it is computed from have been read. */
static double *writing(N_Vector vector)
{
    VectorSpace *space = lanes_of(vector)->space;
    double *data = data_of(vector);
    if (data == space->deferred.late) {
        space->deferred.late = NULL;
    }
    forget(space, data);
    return data;
}

double *vector_data(void *vector)
{
    settle(lanes_of(vector)->space);
    return writing(vector);
}

double *vector_values(void *vector)
{
    return reading(vector);
}

const VectorSpace *vector_space(void *vector)
{
    return lanes_of(vector)->space;
}

void vector_space_open(VectorSpace *space)
{
    space->lane_sum = arena_array(space->arena, (size_t)space->width, sizeof(double));
    space->known.lane_sum = arena_array(space->arena, (size_t)space->width, sizeof(double));
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
    if (lanes != NULL && lanes->data != lanes->space->scratch) {
        (void)reading(vector);
        forget(lanes->space, lanes->data);
        lanes->next = lanes->space->spare;
        lanes->space->spare = lanes;
    }
    N_VFreeEmpty(vector);
}

static sunindextype length(N_Vector vector)
{
    return (sunindextype)lanes_of(vector)->space->count;
}

/* The vector is to be multiplied with the factor, or set to 0. */
static void defer_late(VectorSpace *space, double *data, double factor)
{
    if (space->deferred.late != NULL) {
        catch_up(space, space->deferred.late);
    }
    space->deferred.late = data;
    space->deferred.late_factor = factor;
}

/* x += y is put off. */
static void defer_sum(VectorSpace *space, N_Vector x, N_Vector y)
{
    Deferred *deferred = &space->deferred;
    if (deferred->sums == DEFERRED_SUMS) {
        settle(space);
    }
    catch_up(space, data_of(x));
    catch_up(space, data_of(y));
    deferred->into[deferred->sums] = writing(x);
    deferred->from[deferred->sums++] = data_of(y);
}

static void linear_sum(sunrealtype a, N_Vector x, sunrealtype b, N_Vector y, N_Vector z)
{
    VectorSpace *space = lanes_of(x)->space;
    if (a == 1.0 && b == 1.0 && z == x && x != y) {
        defer_sum(space, x, y);
        return;
    }
    const double *left = reading(x);
    const double *right = reading(y);
    const KnownSum *sum = &space->sum;
    bool known = a == 1.0 && b == 1.0 && data_of(z) == sum->into && left == sum->predicted &&
                 right == sum->correction;
    if (!known) {
        space->kernels->linear_sum(a, left, b, right, writing(z), space->count);
    }
}

static void constant(sunrealtype value, N_Vector z)
{
    VectorSpace *space = lanes_of(z)->space;
    settle(space);
    double *data = writing(z);
    if (value == 0.0) {
        defer_late(space, data, 0.0);
    } else {
        space->kernels->constant(value, data, space->count);
    }
}

static void scale(sunrealtype factor, N_Vector x, N_Vector z)
{
    VectorSpace *space = lanes_of(x)->space;
    if (factor == 1.0 && x == z && space->columns > 0) {
        return;
    }
    if (factor == 1.0 && data_of(z) == space->scratch) {
        return;
    }
    const double *data = reading(x);
    if (x == z && factor != 0.0) {
        defer_late(space, writing(z), factor);
        return;
    }
    space->kernels->scale(factor, data, writing(z), space->count);
}

static void product(N_Vector x, N_Vector y, N_Vector z)
{
    const double *left = reading(x);
    const double *right = reading(y);
    const VectorSpace *space = lanes_of(x)->space;
    space->kernels->product(left, right, writing(z), space->count);
}

static void quotient(N_Vector x, N_Vector y, N_Vector z)
{
    const double *left = reading(x);
    const double *right = reading(y);
    const VectorSpace *space = lanes_of(x)->space;
    space->kernels->quotient(left, right, writing(z), space->count);
}

/* For the upper bound of the first step CVODES folds columns into vectors of the states: the
 * largest magnitude of each entry, and the largest weight. */
static bool folds(N_Vector x, N_Vector z)
{
    return lanes_of(x)->space != lanes_of(z)->space;
}

static void fold(N_Vector x, N_Vector z)
{
    const VectorSpace *space = lanes_of(x)->space;
    const double *data = reading(x);
    size_t count = lanes_of(z)->space->count;
    settle(lanes_of(z)->space);
    double *result = writing(z);
    for (size_t i = 0; i < count; i++) {
        double largest = 0.0;
        for (size_t k = 0; k < (size_t)space->columns; k++) {
            largest = fmax(largest, fabs(data[k * count + i]));
        }
        result[i] = largest;
    }
}

static void absolute(N_Vector x, N_Vector z)
{
    if (folds(x, z)) {
        fold(x, z);
        return;
    }
    const VectorSpace *space = lanes_of(x)->space;
    const double *data = reading(x);
    space->kernels->absolute(data, writing(z), space->count);
}

static void inverse(N_Vector x, N_Vector z)
{
    if (folds(x, z)) {
        fold(x, z);
        x = z;
    }
    const VectorSpace *space = lanes_of(x)->space;
    const double *data = reading(x);
    space->kernels->inverse(data, writing(z), space->count);
}

static void add_constant(N_Vector x, sunrealtype value, N_Vector z)
{
    const VectorSpace *space = lanes_of(x)->space;
    const double *data = reading(x);
    space->kernels->add_constant(data, value, writing(z), space->count);
}

static sunrealtype dot_product(N_Vector x, N_Vector y)
{
    const VectorSpace *space = lanes_of(x)->space;
    const double *left = reading(x);
    const double *right = reading(y);
    double sum = 0.0;
    for (size_t i = 0; i < space->count; i++) {
        sum += left[i] * right[i];
    }
    return sum;
}

static sunrealtype largest_magnitude(N_Vector x)
{
    const VectorSpace *space = lanes_of(x)->space;
    const double *data = reading(x);
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

double vector_norm(const VectorSpace *space, const double *lane_sum)
{
    enum { CHAINS = 4 }; // a maximum has to wait for the one before it
    const bool *live = space->live;
    const int whole = space->width - space->width % CHAINS;
    double most[CHAINS] = {0};
    bool finite = true;
    for (int lane = 0; lane < whole; lane += CHAINS) {
        for (int k = 0; k < CHAINS; k++) {
            double sum = live[lane + k] ? lane_sum[lane + k] : 0.0;
            finite &= sum <= DBL_MAX;
            most[k] = sum > most[k] ? sum : most[k];
        }
    }
    for (int lane = whole; lane < space->width; lane++) {
        double sum = live[lane] ? lane_sum[lane] : 0.0;
        finite &= sum <= DBL_MAX;
        most[0] = sum > most[0] ? sum : most[0];
    }
    double largest = fmax(fmax(most[0], most[1]), fmax(most[2], most[3]));
    return finite ? sqrt(largest / space->states) : NOT_FINITE_NORM;
}

/* The largest norm of several columns; space->known.lane_sum is scratch. */
static double norm_of_columns(const VectorSpace *space, const double *data, const double *by)
{
    size_t width = (size_t)space->width;
    int states = space->states / space->columns;
    memset(space->lane_sum, 0, width * sizeof(double));
    for (int k = 0; k < space->columns; k++) {
        size_t first = (size_t)k * (size_t)states * width;
        double *sum = space->known.lane_sum;
        kernels_sum_squares(space->kernels, data + first, by + first, states, space->width, sum);
        for (size_t lane = 0; lane < width; lane++) {
            double size = sum[lane] <= DBL_MAX ? sum[lane] : HUGE_VAL;
            space->lane_sum[lane] = size > space->lane_sum[lane] ? size : space->lane_sum[lane];
        }
    }
    return vector_norm(space, space->lane_sum) * sqrt(space->columns);
}

static sunrealtype weighted_norm(N_Vector x, N_Vector weight)
{
    VectorSpace *space = lanes_of(x)->space;
    if (space->asked != NULL) {
        space->asked[0] = x;
        space->asked[1] = weight;
        return 0.0;
    }
    const double *data = reading(x);
    const double *by = reading(weight);
    const KnownNorm *known = &space->known;
    if (space->columns > 0) {
        bool is_known = known->x == data && known->weight == by;
        return is_known ? known->norm : norm_of_columns(space, data, by);
    }
    if (known->x == data && known->weight == by) {
        memcpy(space->lane_sum, known->lane_sum, (size_t)space->width * sizeof(double));
    } else {
        kernels_sum_squares(space->kernels, data, by, space->states, space->width, space->lane_sum);
    }
    return vector_norm(space, space->lane_sum);
}

static sunrealtype smallest(N_Vector x)
{
    const VectorSpace *space = lanes_of(x)->space;
    const double *data = reading(x);
    double least = HUGE_VAL;
    for (size_t i = 0; i < space->count; i++) {
        least = space->live[i % (size_t)space->width] ? fmin(least, data[i]) : least;
    }
    return least;
}

static int combine(int count, sunrealtype *factor, N_Vector *x, N_Vector z)
{
    double *data[TERMS_MAX]; // CVODES combines at most 13 vectors (order 12 of Adams)
    if (count > TERMS_MAX) {
        return -1;
    }
    for (int i = 0; i < count; i++) {
        data[i] = reading(x[i]);
    }
    const VectorSpace *space = lanes_of(z)->space;
    kernels_combine(space->kernels, count, factor, data, writing(z), space->states, space->width);
    return 0;
}

static int scale_add_multi(int count, sunrealtype *factor, N_Vector x, N_Vector *y, N_Vector *z)
{
    const VectorSpace *space = lanes_of(x)->space;
    double *column[COLUMNS_MAX];
    const double *data = reading(x);
    bool in_place = count <= COLUMNS_MAX;
    for (int i = 0; i < count && in_place; i++) {
        in_place = y[i] == z[i] && z[i] != x;
        column[i] = reading(y[i]);
    }
    for (int i = 0; i < count; i++) {
        if (in_place) {
            (void)writing(z[i]);
        } else {
            linear_sum(factor[i], x, 1.0, y[i], z[i]);
        }
    }
    if (in_place) {
        kernels_accumulate(space->kernels, count, factor, data, column, space->states,
                           space->width);
    }
    return 0;
}

static int scale_array(int count, sunrealtype *factor, N_Vector *x, N_Vector *z)
{
    VectorSpace *space = lanes_of(x[0])->space;
    Deferred *deferred = &space->deferred;
    bool in_place = count <= DEFERRED_SCALES;
    for (int i = 0; i < count && in_place; i++) {
        in_place = x[i] == z[i];
        (void)reading(x[i]);
    }
    for (int i = 0; i < count; i++) {
        if (in_place) {
            deferred->scaled[i] = writing(z[i]);
            deferred->factor[i] = factor[i];
        } else {
            scale(factor[i], x[i], z[i]);
        }
    }
    deferred->scales = in_place ? count : 0;
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

static N_Vector new_vector(LaneVector *lanes, void *sundials)
{
    N_Vector vector = N_VNewEmpty(sundials);
    if (vector == NULL) {
        return NULL;
    }
    vector->content = lanes;
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

void *vector_new(VectorSpace *space, void *sundials)
{
    assert(space != NULL && space->count == (size_t)space->states * (size_t)space->width);
    return new_vector(take(space), sundials);
}

void *vector_new_scratch(VectorSpace *space, void *sundials)
{
    assert(space != NULL && space->scratch != NULL);
    LaneVector *lanes = arena_alloc(space->arena, sizeof *lanes);
    *lanes = (LaneVector){.data = space->scratch, .space = space};
    return new_vector(lanes, sundials);
}
