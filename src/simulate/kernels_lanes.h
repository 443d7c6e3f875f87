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

#undef ROW_PARTS
#undef Part
#undef Mask
#undef EACH
#undef MAGNITUDE
