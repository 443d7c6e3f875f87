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
#define MAGNITUDE(x) __builtin_fabs(x)
#define LARGER(a, b) ((a) > (b) ? (a) : (b))
#else
typedef double Part __attribute__((vector_size(8 * PER_PART), aligned(8), may_alias));
typedef int64_t Mask __attribute__((vector_size(8 * PER_PART), aligned(8), may_alias));
#define MAGNITUDE(x) ((Part)((Mask)(x)&INT64_MAX))
#define LARGER(a, b) ((Part)(((Mask)(a) & ((a) > (b))) | ((Mask)(b) & ~((a) > (b)))))
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

/* result = rates + infusion; bad is not zero for a lane in which any of them is not finite; nor is
 * the value returned if there is such a lane. */
static double NAMED(finish_rates)(const double *rates, const double *infusion, double *result,
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
    Part all = {0};
    EACH
    {
        ((Part *)bad)[part] = trouble[part];
        all += trouble[part];
    }
    double sum = 0.0;
    for (int i = 0; i < PER_PART; i++) {
        sum += ((const double *)&all)[i];
    }
    return sum;
}

static inline __attribute__((always_inline)) void
NAMED(factor_how)(const LuProgram *program, const double *jacobian, const double *scale,
                  double gamma, int first_lane, const bool scaled)
{
    double *lu = program->values + first_lane;
    const double *source = jacobian + first_lane;
    Part watch[ROW_PARTS] = {0};
    const Part *times = (const Part *)((scaled ? scale : jacobian) + first_lane);
    for (const LuEntry *e = program->entries, *end = e + program->entry_count; e < end; e++) {
        const uint32_t *pair = program->pairs + e->first;
        const uint32_t *pair_end = pair + 2 * (size_t)e->count;
        Part sum[ROW_PARTS] = {0};
        if (e->source != LU_NONE) {
            EACH
            {
                Part entry = ((const Part *)(source + e->source))[part];
                if (scaled) {
                    entry *= times[part];
                }
                sum[part] = entry * -gamma;
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
            for (; pair < pair_end; pair += 2) {
                const Part *left = (const Part *)(lu + pair[0]);
                const Part *right = (const Part *)(lu + pair[1]);
                EACH
                {
                    sum[part] -= left[part] * right[part];
                }
            }
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

static void NAMED(factor)(const LuProgram *program, const double *jacobian, const double *scale,
                          double gamma, int first_lane)
{
    if (scale != NULL) {
        NAMED(factor_how)(program, jacobian, scale, gamma, first_lane, true);
    } else {
        NAMED(factor_how)(program, jacobian, scale, gamma, first_lane, false);
    }
}

static void NAMED(right_side)(const RightSidePass *pass, int first_lane)
{
    Part times[ROW_PARTS];
    EACH
    {
        times[part] = ((const Part *)(pass->scale + first_lane))[part];
    }
    for (int i = 0; i < pass->states; i++) {
        EACH
        {
            const size_t at =
                (size_t)i * (size_t)pass->width + (size_t)first_lane + (size_t)(part * PER_PART);
            const Part rate =
                *(const Part *)(pass->rates + at) + *(const Part *)(pass->inflow + at);
            Part sum = (times[part] * rate) * pass->gamma;
            if (pass->known != NULL) {
                sum += *(const Part *)(pass->known + at);
            }
            *(Part *)(pass->result + at) = sum;
        }
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
        for (; pair < pair_end; pair += 2) {
            const Part *left = (const Part *)(lu + pair[0]);
            const Part *right = (const Part *)(known + pair[1] + first_lane);
            EACH
            {
                sum[part] -= left[part] * right[part];
            }
        }
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

static inline __attribute__((always_inline)) void
NAMED(predict_order)(double *const *column, const double *factor, int states, int stride,
                     const int order, const bool scaled)
{
    double *own[COLUMNS_MAX]; // a store through a Part might change `column` for all we say
    double scale[COLUMNS_MAX];
    for (int j = 0; j <= order; j++) {
        own[j] = column[j];
        scale[j] = scaled && j > 0 ? factor[j - 1] : 1.0;
    }
    for (int i = 0; i < states; i++) {
        EACH
        {
            const size_t at = (size_t)i * (size_t)stride + (size_t)(part * PER_PART);
            Part z[COLUMNS_MAX];
            for (int j = 0; j <= order; j++) {
                z[j] = *(const Part *)(own[j] + at);
                if (scaled && j > 0) {
                    z[j] *= scale[j];
                }
            }
            for (int k = 1; k <= order; k++) {
                for (int j = order; j >= k; j--) {
                    z[j - 1] += z[j];
                }
            }
            for (int j = 0; j < order + (scaled ? 1 : 0); j++) {
                *(Part *)(own[j] + at) = z[j];
            }
        }
    }
}

#define PREDICT(order)                                                                             \
    case order:                                                                                    \
        if (factor == NULL) {                                                                      \
            NAMED(predict_order)(column, factor, states, stride, order, false);                    \
        } else {                                                                                   \
            NAMED(predict_order)(column, factor, states, stride, order, true);                     \
        }                                                                                          \
        break;

static void NAMED(predict)(int order, double *const *column, const double *factor, int states,
                           int stride)
{
    switch (order) {
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
NAMED(accumulate_count)(const double *factor, const double *x, double *const *column, int states,
                        int stride, const int count)
{
    double *own[COLUMNS_MAX];
    double times[COLUMNS_MAX];
    for (int j = 0; j < count; j++) {
        own[j] = column[j];
        times[j] = factor[j];
    }
    for (int i = 0; i < states; i++) {
        EACH
        {
            const size_t at = (size_t)i * (size_t)stride + (size_t)(part * PER_PART);
            const Part value = *(const Part *)(x + at);
            for (int j = 0; j < count; j++) {
                *(Part *)(own[j] + at) += value * times[j];
            }
        }
    }
}

#define ACCUMULATE(count)                                                                          \
    case count:                                                                                    \
        NAMED(accumulate_count)(factor, x, column, states, stride, count);                         \
        break;

static void NAMED(accumulate)(int count, const double *factor, const double *x,
                              double *const *column, int states, int stride)
{
    switch (count) {
        ACCUMULATE(1)
        ACCUMULATE(2)
        ACCUMULATE(3)
        ACCUMULATE(4)
        ACCUMULATE(5)
        ACCUMULATE(6)
    default:
        break;
    }
}
#undef ACCUMULATE

static inline __attribute__((always_inline)) void NAMED(combine_count)(const double *factor,
                                                                       double *const *x, double *z,
                                                                       int states, int stride,
                                                                       const int count)
{
    const double *own[TERMS_MAX];
    double times[TERMS_MAX];
    for (int j = 0; j < count; j++) {
        own[j] = x[j];
        times[j] = factor[j];
    }
    for (int i = 0; i < states; i++) {
        EACH
        {
            const size_t at = (size_t)i * (size_t)stride + (size_t)(part * PER_PART);
            Part sum = *(const Part *)(own[0] + at) * times[0];
            for (int j = 1; j < count; j++) {
                sum += *(const Part *)(own[j] + at) * times[j];
            }
            *(Part *)(z + at) = sum;
        }
    }
}

#define COMBINE(count)                                                                             \
    case count:                                                                                    \
        NAMED(combine_count)(factor, x, z, states, stride, count);                                 \
        break;

static void NAMED(combine)(int count, const double *factor, double *const *x, double *z, int states,
                           int stride)
{
    switch (count) {
        COMBINE(1)
        COMBINE(2)
        COMBINE(3)
        COMBINE(4)
        COMBINE(5)
        COMBINE(6)
        COMBINE(7)
        COMBINE(8)
        COMBINE(9)
    default:
        NAMED(combine_count)(factor, x, z, states, stride, count);
        break;
    }
}
#undef COMBINE

static void NAMED(blend)(int count, double *const *weight, double *const *x, double *z, int states,
                         int stride)
{
    Part share[TERMS_MAX][ROW_PARTS];
    for (int j = 0; j < count; j++) {
        EACH
        {
            share[j][part] = ((const Part *)weight[j])[part];
        }
    }
    for (int i = 0; i < states; i++) {
        EACH
        {
            const size_t at = (size_t)i * (size_t)stride + (size_t)(part * PER_PART);
            Part sum = *(const Part *)(x[0] + at) * share[0][part];
            for (int j = 1; j < count; j++) {
                sum += *(const Part *)(x[j] + at) * share[j][part];
            }
            *(Part *)(z + at) = sum;
        }
    }
}

static void NAMED(measure)(const MeasurePass *pass, int first_lane, double *sum)
{
    Part total[ROW_PARTS] = {0};
    for (int i = 0; i < pass->states; i++) {
        EACH
        {
            const size_t at =
                (size_t)i * (size_t)pass->width + (size_t)first_lane + (size_t)(part * PER_PART);
            const Part before = MAGNITUDE(*(const Part *)(pass->before + at));
            const Part after = MAGNITUDE(*(const Part *)(pass->after + at));
            const Part most = LARGER(before, after);
            const Part part_error =
                *(const Part *)(pass->error + at) / (most * pass->rtol + pass->atol[i]);
            total[part] += part_error * part_error;
        }
    }
    EACH
    {
        ((Part *)sum)[part] = total[part];
    }
}

static void NAMED(weigh)(const double *y, const double *atol, double rtol, double *weight,
                         int states, int stride, double *sum)
{
    Part total[ROW_PARTS] = {0};
    for (int i = 0; i < states; i++) {
        EACH
        {
            const size_t at = (size_t)i * (size_t)stride + (size_t)(part * PER_PART);
            const Part value = *(const Part *)(y + at);
            const Part one = 1.0 / (MAGNITUDE(value) * rtol + atol[i]);
            const Part product = value * one;
            *(Part *)(weight + at) = one;
            total[part] += product * product;
        }
    }
    EACH
    {
        ((Part *)sum)[part] = total[part];
    }
}

static inline __attribute__((always_inline)) void
NAMED(correct_how)(const CorrectPass *pass, int first_lane, double *increment_sum,
                   double *correction_sum, const bool first)
{
    const size_t width = (size_t)pass->width;
    const int states = pass->states;
    const double factor = pass->factor;
    const double *weight = pass->weight + first_lane;
    const double *increment = pass->increment + first_lane;
    const double *predicted = pass->predicted + first_lane;
    double *correction = pass->correction + first_lane;
    double *y = pass->y + first_lane;
    Part sum[ROW_PARTS] = {0};
    Part total_sum[ROW_PARTS] = {0};
    for (int i = 0; i < states; i++) {
        EACH
        {
            const size_t at = (size_t)i * width + (size_t)(part * PER_PART);
            const Part weigh = *(const Part *)(weight + at);
            Part change = *(const Part *)(increment + at) * factor;
            Part total = change;
            if (!first) {
                total += *(const Part *)(correction + at);
            }
            *(Part *)(correction + at) = total;
            *(Part *)(y + at) = *(const Part *)(predicted + at) + total;
            change *= weigh;
            sum[part] += change * change;
            if (!first) {
                total *= weigh;
                total_sum[part] += total * total;
            }
        }
    }
    EACH
    {
        ((Part *)increment_sum)[part] = sum[part];
        if (first) {
            total_sum[part] = sum[part];
        }
        ((Part *)correction_sum)[part] = total_sum[part];
    }
}

static void NAMED(correct)(const CorrectPass *pass, int first_lane, double *increment_sum,
                           double *correction_sum)
{
    if (pass->first) {
        NAMED(correct_how)(pass, first_lane, increment_sum, correction_sum, true);
    } else {
        NAMED(correct_how)(pass, first_lane, increment_sum, correction_sum, false);
    }
}

#undef ROW_PARTS
#undef Part
#undef Mask
#undef EACH
#undef MAGNITUDE
#undef LARGER
