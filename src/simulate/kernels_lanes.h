/* kernels_lanes.h: the per-lane loops for LANES lanes; kernels_body.h includes it once per width.
 *
 * A row of LANES doubles is held in ROW_PARTS registers of the type Part; every operation is
 * written on all parts, so that sums over rows and pairs stay in registers. Wants: LANES, PER_PART
 * (doubles in a register), NAMED(name). No include guard: it is a template.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define ROW_PARTS (LANES / PER_PART)
#define Part      NAMED(Part)
#define Mask      NAMED(Mask)
#define EACH      for (int part = 0; part < ROW_PARTS; part++)

#if PER_PART == 1
typedef double Part __attribute__((may_alias));
typedef int64_t Mask __attribute__((may_alias));
#define MAGNITUDE(x) __builtin_fabs(x)
#else
typedef double Part __attribute__((vector_size(8 * PER_PART), aligned(8), may_alias));
typedef int64_t Mask __attribute__((vector_size(8 * PER_PART), aligned(8), may_alias));
#define MAGNITUDE(x) ((Part)((Mask)(x)&INT64_MAX))
#endif

static void NAMED(sum_squares)(const double *x, const double *weight, int states, int stride,
                               double *sum)
{
    Part total[ROW_PARTS] = {0};
    for (int i = 0; i < states; i++) {
        const Part *a = (const Part *)(x + (size_t)i * (size_t)stride);
        const Part *b = (const Part *)(weight + (size_t)i * (size_t)stride);
        EACH
        {
            Part product = a[part] * b[part];
            total[part] += product * product;
        }
    }
    EACH
    {
        ((Part *)sum)[part] = total[part];
    }
}

/* result = rates + infusion; bad is not zero for a lane in which any of them is not finite. */
static void NAMED(finish_rates)(const double *rates, const double *infusion, double *result,
                                int states, int stride, double *bad)
{
    Part trouble[ROW_PARTS] = {0};
    for (int i = 0; i < states; i++) {
        const Part *rate = (const Part *)(rates + (size_t)i * (size_t)stride);
        const Part *inflow = (const Part *)(infusion + (size_t)i * (size_t)stride);
        Part *out = (Part *)(result + (size_t)i * (size_t)stride);
        EACH
        {
            Part value = rate[part] + inflow[part];
            out[part] = value;
            trouble[part] += value * 0.0; // NaN for NaN and infinity
        }
    }
    EACH
    {
        ((Part *)bad)[part] = trouble[part];
    }
}

/* sum -= Σ left × right */
static inline __attribute__((always_inline)) void
NAMED(take_products)(const uint32_t *pair, const uint32_t *end, const double *left,
                     const double *right, Part *sum)
{
    for (; pair < end; pair += 2) {
        const Part *a = (const Part *)(left + pair[0]);
        const Part *b = (const Part *)(right + pair[1]);
        EACH
        {
            sum[part] -= a[part] * b[part];
        }
    }
}

static void NAMED(factor)(const LuProgram *program, const double *jacobian, double gamma,
                          int first_lane)
{
    double *lu = program->values + first_lane;
    const double *source = jacobian + first_lane;
    Part watch[ROW_PARTS] = {0};
    for (const LuEntry *e = program->entries, *end = e + program->entry_count; e < end; e++) {
        const uint32_t *pair = program->pairs + e->first;
        const uint32_t *pair_end = pair + 2 * (size_t)e->count;
        Part sum[ROW_PARTS] = {0};
        if (e->source != LU_NONE) {
            EACH
            {
                sum[part] = ((const Part *)(source + e->source))[part] * -gamma;
            }
        }
        if (e->kind == LU_DIAGONAL) {
            Part size[ROW_PARTS];
            EACH
            {
                size[part] = MAGNITUDE(sum[part]) + 1.0;
                sum[part] += 1.0;
            }
            for (; pair < pair_end; pair += 2) {
                const Part *left = (const Part *)(lu + pair[0]);
                const Part *right = (const Part *)(lu + pair[1]);
                EACH
                {
                    Part product = left[part] * right[part];
                    sum[part] -= product;
                    size[part] += MAGNITUDE(product);
                }
            }
            EACH
            {
                sum[part] = 1.0 / sum[part];
                watch[part] += size[part] * MAGNITUDE(sum[part]);
            }
        } else {
            NAMED(take_products)(pair, pair_end, lu, lu, sum);
            if (e->kind == LU_LOWER) {
                EACH
                {
                    sum[part] *= ((const Part *)(lu + e->pivot))[part];
                }
            }
        }
        EACH
        {
            ((Part *)(lu + e->target))[part] = sum[part];
        }
    }
    EACH
    {
        ((Part *)(program->watch + first_lane))[part] = watch[part];
    }
}

static void NAMED(substitute)(const LuProgram *program, const LuRow *rows, const double *b,
                              const double *known, double *x, int first_lane)
{
    const double *lu = program->values + first_lane;
    for (const LuRow *row = rows, *end = rows + program->states; row < end; row++) {
        const uint32_t *pair = program->pairs + row->first;
        const uint32_t *pair_end = pair + 2 * (size_t)row->count;
        Part sum[ROW_PARTS];
        EACH
        {
            sum[part] = ((const Part *)(b + row->source + first_lane))[part];
        }
        NAMED(take_products)(pair, pair_end, lu, known + first_lane, sum);
        if (row->pivot != LU_NONE) {
            EACH
            {
                sum[part] *= ((const Part *)(lu + row->pivot))[part];
            }
        }
        EACH
        {
            ((Part *)(x + row->target + first_lane))[part] = sum[part];
        }
    }
}

static void NAMED(solve)(const LuProgram *program, const double *b, double *x, int first_lane)
{
    double *work = program->work;
    NAMED(substitute)(program, program->forward, b, work, work, first_lane);
    NAMED(substitute)(program, program->backward, work, x, x, first_lane);
}

/* 1 / x to 1e-5 by the bits of x and two steps of Newton's: the same everywhere, and several times
 * faster than a division. For x > 0. */
static inline Part NAMED(about_reciprocal)(Part x)
{
    Mask bits;
    Part guess;
    __builtin_memcpy(&bits, &x, sizeof bits);
    bits = 0x7FDE6238502484BA - bits;
    __builtin_memcpy(&guess, &bits, sizeof guess);
    guess = guess * (2.0 - x * guess);
    return guess * (2.0 - x * guess);
}

/* The pointers are copied, for a store through a Part might change the pass as far as the compiler
 * knows. */
static inline __attribute__((always_inline)) void
NAMED(predict_order)(const PredictPass *pass, int first_lane, const int order, const bool scaled)
{
    const size_t width = (size_t)pass->width;
    const int states = pass->states;
    const double rtol = pass->rtol;
    const double *atol = pass->atol;
    const double *correction = pass->correction + first_lane;
    double *weight = pass->weight + first_lane;
    double *y = pass->y + first_lane;
    double *column[BDF_ORDER_MAX + 1];
    double add[BDF_ORDER_MAX + 1];
    double scale[BDF_ORDER_MAX + 1];
    for (int j = 0; j <= order; j++) {
        column[j] = pass->z[j] + first_lane;
        add[j] = pass->add[j];
        scale[j] = pass->scale[j];
    }
    for (int i = 0; i < states; i++) {
        EACH
        {
            const size_t at = (size_t)i * width + (size_t)(part * PER_PART);
            const Part change = *(const Part *)(correction + at);
            Part z[BDF_ORDER_MAX + 1];
            for (int j = 0; j <= order; j++) {
                z[j] = *(const Part *)(column[j] + at) + change * add[j];
            }
            *(Part *)(weight + at) = NAMED(about_reciprocal)(MAGNITUDE(z[0]) * rtol + atol[i]);
            for (int j = 1; scaled && j <= order; j++) {
                z[j] *= scale[j];
            }
            for (int k = 1; k <= order; k++) {
                for (int j = order; j >= k; j--) {
                    z[j - 1] += z[j];
                }
            }
            for (int j = 0; j <= order; j++) {
                *(Part *)(column[j] + at) = z[j];
            }
            *(Part *)(y + at) = z[0];
        }
    }
}

#define PREDICT(order)                                                                             \
    case order:                                                                                    \
        if (pass->scale[1] == 1.0) {                                                               \
            NAMED(predict_order)(pass, first_lane, order, false);                                  \
        } else {                                                                                   \
            NAMED(predict_order)(pass, first_lane, order, true);                                   \
        }                                                                                          \
        break;

static void NAMED(predict)(const PredictPass *pass, int first_lane)
{
    switch (pass->order) {
        PREDICT(1)
        PREDICT(2)
        PREDICT(3)
        PREDICT(4)
        PREDICT(5)
    default:
        break;
    }
}
#undef PREDICT

static inline __attribute__((always_inline)) void
NAMED(correct_how)(const CorrectPass *pass, int first_lane, double *delta_sum,
                   double *correction_sum, const bool first)
{
    const size_t width = (size_t)pass->width;
    const int states = pass->states;
    const double factor = pass->factor;
    const double *weight = pass->weight + first_lane;
    const double *increment = pass->delta + first_lane;
    const double *predicted = pass->predicted + first_lane;
    double *correction = pass->correction + first_lane;
    double *y = pass->y + first_lane;
    Part sum[ROW_PARTS] = {0};
    Part total_sum[ROW_PARTS] = {0};
    for (int i = 0; i < states; i++) {
        EACH
        {
            const size_t at = (size_t)i * width + (size_t)(part * PER_PART);
            Part weigh = *(const Part *)(weight + at);
            Part delta = *(const Part *)(increment + at) * factor;
            Part total = delta;
            if (!first) {
                total += *(const Part *)(correction + at);
            }
            *(Part *)(correction + at) = total;
            *(Part *)(y + at) = *(const Part *)(predicted + at) + total;
            delta *= weigh;
            sum[part] += delta * delta;
            if (!first) {
                total *= weigh;
                total_sum[part] += total * total;
            }
        }
    }
    EACH
    {
        ((Part *)delta_sum)[part] = sum[part];
        ((Part *)correction_sum)[part] = total_sum[part];
    }
}

static void NAMED(correct)(const CorrectPass *pass, int first_lane, double *delta_sum,
                           double *correction_sum)
{
    if (pass->first) {
        NAMED(correct_how)(pass, first_lane, delta_sum, correction_sum, true);
    } else {
        NAMED(correct_how)(pass, first_lane, delta_sum, correction_sum, false);
    }
}

#undef ROW_PARTS
#undef Part
#undef Mask
#undef EACH
#undef MAGNITUDE
