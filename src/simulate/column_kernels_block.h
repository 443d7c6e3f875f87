/* column_kernels_block.h: the loops of column_kernels.h for blocks of BLOCK columns
 * of GROUP lanes side by side; column_kernels_body.h includes it once per pair.
 *
 * Wants: BLOCK, GROUP, COLUMN_DOUBLES (doubles in a register), NAMED(name). No include guard: it is
 * a template.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#if GROUP > 1
#define PER_PART  GROUP
#define OF(entry) (*(const Part *)(entry)) // each lane's own
#else
#define OF(entry) (*(entry))
#if BLOCK % COLUMN_DOUBLES == 0
#define PER_PART COLUMN_DOUBLES
#else
#define PER_PART 4
#endif
#endif
#define ROW       (BLOCK * GROUP)
#define ROW_PARTS (ROW / PER_PART)
#define Part      NAMED(Part)
#define Mask      NAMED(Mask)
#define EACH      for (int part = 0; part < ROW_PARTS; part++)

typedef double Part __attribute__((vector_size(8 * PER_PART), aligned(8), may_alias));
typedef int64_t Mask __attribute__((vector_size(8 * PER_PART), aligned(8), may_alias));
#define MAGNITUDE(x) ((Part)((Mask)(x)&INT64_MAX))
#define LARGER(a, b) ((Part)(((Mask)(a) & ((a) > (b))) | ((Mask)(b) & ~((a) > (b)))))

/* Where the stage looks, into sum, and what is known of its right-hand side. The first looks at s
 * and the last two at the stage before: they need no sum. */
static inline __attribute__((always_inline)) void NAMED(prepare_stage)(const ColumnPass *pass,
                                                                       const int k)
{
    const ColumnMethod *method = pass->method;
    const bool sums = k > 0 && k + 2 < ROSENBROCK_STAGES;
    const bool drifts = k < 5;
    double looked[1 + ROSENBROCK_STAGES];
    double known[1 + ROSENBROCK_STAGES];
    const double *term[1 + ROSENBROCK_STAGES];
    for (int j = 0; j <= k; j++) {
        looked[j] = method->looked[k][j];
        known[j] = method->known[k][j];
        term[j] = j == 0 ? pass->s : pass->stages[j - 1];
    }
    const double clock = method->clock[k];
    const size_t count = (size_t)pass->program->states * ROW;
    const double *drifted = pass->drifted;
    double *sum_to = pass->sum;
    double *known_to = pass->known;
    for (size_t at = 0; at < count; at += PER_PART) {
        const Part first = *(const Part *)(term[0] + at);
        Part sum = first * looked[0];
        Part right = first * known[0];
        if (drifts) {
            right += *(const Part *)(drifted + at) * clock;
        }
        for (int j = 1; j <= k; j++) {
            const Part value = *(const Part *)(term[j] + at);
            if (sums) {
                sum += value * looked[j];
            }
            right += value * known[j];
        }
        if (sums) {
            *(Part *)(sum_to + at) = sum;
        }
        *(Part *)(known_to + at) = right;
    }
}

/* ∂A/∂s times where the step begins. */
static void NAMED(find_drift)(const ColumnPass *pass)
{
    const ColumnProgram *program = pass->program;
    for (int i = 0; i < program->states; i++) {
        Part sum[ROW_PARTS] = {0};
        for (int e = program->row_start[i]; e < program->row_start[i + 1]; e++) {
            const double *entry = pass->drift + (size_t)e * GROUP;
            const Part *s = (const Part *)(pass->s + (size_t)program->column[e] * ROW);
            EACH
            {
                sum[part] += s[part] * OF(entry);
            }
        }
        EACH
        {
            ((Part *)(pass->drifted + (size_t)i * ROW))[part] = sum[part];
        }
    }
}

static void NAMED(add_inflow)(const ColumnPass *pass)
{
    for (size_t i = 0; i < (size_t)pass->program->states; i++) {
        EACH
        {
            const size_t at = i * ROW + (size_t)(part * PER_PART);
            *(Part *)(pass->known + at) += *(const Part *)(pass->inflow + at) * OF(pass->flow);
        }
    }
}

static void NAMED(prepare)(const ColumnPass *pass, int k)
{
    switch (k) {
    case 0:
        NAMED(find_drift)(pass);
        NAMED(prepare_stage)(pass, 0);
        break;
    case 1:
        NAMED(prepare_stage)(pass, 1);
        break;
    case 2:
        NAMED(prepare_stage)(pass, 2);
        break;
    case 3:
        NAMED(prepare_stage)(pass, 3);
        break;
    case 4:
        NAMED(prepare_stage)(pass, 4);
        break;
    case 5:
        NAMED(prepare_stage)(pass, 5);
        break;
    case 6:
        NAMED(prepare_stage)(pass, 6);
        break;
    default:
        NAMED(prepare_stage)(pass, 7);
        break;
    }
    for (int i = 0; i < pass->force_count; i++) {
        const ColumnForce *one = &pass->forces[i];
        double *to = pass->known + (size_t)one->state * ROW + (size_t)one->column * GROUP;
        const double *force = pass->force[k] + (size_t)i * GROUP;
        for (int g = 0; g < GROUP; g++) {
            to[g] += force[g];
        }
    }
    if (pass->inflow != NULL) {
        NAMED(add_inflow)(pass);
    }
}

/* (known + matrix × where the stage looks) through L, row by row as they are wanted. */
static inline __attribute__((always_inline)) void NAMED(forward)(const ColumnPass *pass, int k,
                                                                 const bool moves)
{
    const double *matrix = pass->matrix[k];
    const ColumnProgram *program = pass->program;
    const double *known = pass->known;
    const double *looked = column_looked(pass, k);
    const double *factors = pass->factors;
    double *work = pass->work;
    for (const ColumnRow *row = program->forward, *end = row + program->states; row < end; row++) {
        Part sum[ROW_PARTS];
        EACH
        {
            sum[part] = ((const Part *)(known + (size_t)row->from * ROW))[part];
        }
        const int first = moves ? program->row_start[row->from] : 0;
        const int beyond = moves ? program->row_start[row->from + 1] : 0;
        for (int e = first; e < beyond; e++) {
            const double *entry = matrix + (size_t)e * GROUP;
            const Part *s = (const Part *)(looked + (size_t)program->column[e] * ROW);
            EACH
            {
                sum[part] += s[part] * OF(entry);
            }
        }
        const uint32_t *pair = program->pairs + row->first;
        for (const uint32_t *last = pair + 2 * (size_t)row->count; pair < last; pair += 2) {
            const double *factor = factors + (size_t)pair[0] * GROUP;
            const Part *other = (const Part *)(work + (size_t)pair[1] * ROW);
            EACH
            {
                sum[part] -= other[part] * OF(factor);
            }
        }
        EACH
        {
            ((Part *)(work + (size_t)row->to * ROW))[part] = sum[part];
        }
    }
}

static void NAMED(solve)(const ColumnPass *pass, int k)
{
    const ColumnProgram *program = pass->program;
    const double *work = pass->work;
    const double *factors = pass->factors;
    double *x = pass->stages[k];
    if (pass->matrix[k] != NULL) {
        NAMED(forward)(pass, k, true);
    } else {
        NAMED(forward)(pass, k, false);
    }
    for (const ColumnRow *row = program->backward, *end = row + program->states; row < end; row++) {
        Part sum[ROW_PARTS];
        EACH
        {
            sum[part] = ((const Part *)(work + (size_t)row->from * ROW))[part];
        }
        const uint32_t *pair = program->pairs + row->first;
        for (const uint32_t *last = pair + 2 * (size_t)row->count; pair < last; pair += 2) {
            const double *factor = factors + (size_t)pair[0] * GROUP;
            const Part *other = (const Part *)(x + (size_t)pair[1] * ROW);
            EACH
            {
                sum[part] -= other[part] * OF(factor);
            }
        }
        const double *pivot = factors + (size_t)row->pivot * GROUP;
        EACH
        {
            ((Part *)(x + (size_t)row->to * ROW))[part] = sum[part] * OF(pivot);
        }
    }
}

static void NAMED(finish)(const ColumnPass *pass)
{
    const double *last = pass->stages[ROSENBROCK_STAGES - 1];
    const double *before_it = pass->stages[ROSENBROCK_STAGES - 2];
    Part total[ROW_PARTS] = {0};
    for (size_t i = 0; i < (size_t)pass->program->states; i++) {
        EACH
        {
            const size_t at = i * ROW + (size_t)(part * PER_PART);
            const Part next = *(const Part *)(last + at);
            const Part left = next - *(const Part *)(before_it + at);
            const Part before = MAGNITUDE(*(const Part *)(pass->s + at));
            const Part after = MAGNITUDE(next);
            const Part most = LARGER(before, after);
            const Part weighted = left / (most * pass->rtol + OF(pass->floor + i * GROUP));
            total[part] += weighted * weighted;
        }
    }
    EACH
    {
        ((Part *)pass->error)[part] = total[part];
    }
}

/* The coefficients of the polynomial within the step, of the lanes whose `bend` is wanted. */
static void NAMED(bend)(const ColumnPass *pass, const int *seen, int count, size_t stride,
                        double *(*bend)[ROSENBROCK_BENDS])
{
    for (int one = 0; one < count; one++) {
        const size_t i = (size_t)seen[one];
        for (int m = 0; m < ROSENBROCK_BENDS; m++) {
            const double *factor = pass->method->bend[m];
            Part sum[ROW_PARTS] = {0};
            for (int k = 0; k <= ROSENBROCK_STAGES; k++) {
                const double *term = k == 0 ? pass->s : pass->stages[k - 1];
                const Part *stage = (const Part *)(term + i * ROW);
                EACH
                {
                    sum[part] += stage[part] * factor[k];
                }
            }
            for (int g = 0; g < GROUP; g++) {
                double *to = bend[g][m];
                for (size_t c = 0; to != NULL && c < BLOCK; c++) {
                    to[i * stride + c] = ((const double *)sum)[c * GROUP + (size_t)g];
                }
            }
        }
    }
}

#undef PER_PART
#undef ROW
#undef OF
#undef ROW_PARTS
#undef Part
#undef Mask
#undef EACH
#undef MAGNITUDE
#undef LARGER
