/* column_kernels_lay.h: what brings the lanes of a group side by side, and apart again, for one
 * instruction set; a template without guard, a part of column_kernels_body.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#if COLUMN_DOUBLES >= 4
typedef double Four __attribute__((vector_size(32), aligned(8), may_alias));

static inline Four four_at(const double *from)
{
    return *(const Four *)from;
}

/* Rows become columns. */
static inline void transpose(Four row[4])
{
    const Four a = __builtin_shufflevector(row[0], row[1], 0, 4, 2, 6);
    const Four b = __builtin_shufflevector(row[0], row[1], 1, 5, 3, 7);
    const Four c = __builtin_shufflevector(row[2], row[3], 0, 4, 2, 6);
    const Four d = __builtin_shufflevector(row[2], row[3], 1, 5, 3, 7);
    row[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
    row[1] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
    row[2] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
    row[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}

static const double COLUMN_ONES[] = {1.0, 1.0, 1.0, 1.0};

static inline void gather_four(const ColumnGather *gather, double *to)
{
    const double *from[4];
    for (int g = 0; g < 4; g++) {
        from[g] = gather->from + gather->column[g];
    }
    const bool neighbours =
        from[1] == from[0] + 1 && from[2] == from[0] + 2 && from[3] == from[0] + 3;
    const Four factor = four_at(gather->factor != NULL ? gather->factor : COLUMN_ONES);
    const size_t stride = (size_t)gather->stride;
    for (int i = 0; i < gather->count; i++, to += 4) {
        const size_t at = stride * (size_t)(gather->entry != NULL ? gather->entry[i] : i);
        const Four apart = {from[0][at], from[1][at], from[2][at], from[3][at]};
        Four value = (neighbours ? four_at(from[0] + at) : apart) * factor;
        if (gather->weight != NULL) {
            value *= four_at(gather->weight + 4 * (size_t)i);
        }
        *(Four *)to = value;
    }
}

static inline void beside_four(const double *const *from, ColumnRows rows, const double *factor,
                               double *to)
{
    const Four times = four_at(factor != NULL ? factor : COLUMN_ONES);
    for (int i = 0; i < rows.rows; i++) {
        const size_t first = (size_t)i * (size_t)rows.stride;
        for (int c = 0; c < rows.count; c += 4) {
            const size_t at = first + (size_t)c;
            Four row[4] = {four_at(from[0] + at), four_at(from[1] + at), four_at(from[2] + at),
                           four_at(from[3] + at)};
            transpose(row);
            for (int k = 0; k < 4 && c + k < rows.count; k++, to += 4) {
                *(Four *)to = row[k] * times;
            }
        }
    }
}

static inline void apart_four(const double *from, ColumnRows rows, double *const *to)
{
    for (int i = 0; i < rows.rows; i++) {
        const size_t first = (size_t)i * (size_t)rows.stride;
        for (int c = 0; c < rows.count; c += 4) {
            Four row[4] = {{0}};
            for (int k = 0; k < 4 && c + k < rows.count; k++, from += 4) {
                row[k] = four_at(from);
            }
            transpose(row);
            for (int g = 0; g < 4; g++) {
                *(Four *)(to[g] + first + (size_t)c) = row[g];
            }
        }
    }
}
#endif

static void gather(const ColumnGather *gather, int group, double *to)
{
#if COLUMN_DOUBLES >= 4
    if (group == 4) {
        gather_four(gather, to);
        return;
    }
#endif
    for (int i = 0; i < gather->count; i++) {
        const double *from =
            gather->from + (size_t)gather->stride * (size_t)(gather->entry ? gather->entry[i] : i);
        for (int g = 0; g < group; g++, to++) {
            double value =
                from[gather->column[g]] * (gather->factor != NULL ? gather->factor[g] : 1.0);
            *to = gather->weight ? value * gather->weight[i * group + g] : value;
        }
    }
}

static void beside(const double *const *from, ColumnRows rows, const double *factor, int group,
                   double *to)
{
#if COLUMN_DOUBLES >= 4
    if (group == 4) {
        beside_four(from, rows, factor, to);
        return;
    }
#endif
    for (int i = 0; i < rows.rows; i++) {
        for (int c = 0; c < rows.count; c++) {
            for (int g = 0; g < group; g++) {
                *to++ = from[g][i * rows.stride + c] * (factor != NULL ? factor[g] : 1.0);
            }
        }
    }
}

static void apart(const double *from, ColumnRows rows, int group, double *const *to)
{
#if COLUMN_DOUBLES >= 4
    if (group == 4) {
        apart_four(from, rows, to);
        return;
    }
#endif
    for (int i = 0; i < rows.rows; i++) {
        for (int c = 0; c < rows.stride; c++) {
            for (int g = 0; g < group; g++) {
                to[g][i * rows.stride + c] = c < rows.count ? *from++ : 0.0;
            }
        }
    }
}

#if COLUMN_DOUBLES >= 4
typedef int64_t FourBits __attribute__((vector_size(32), aligned(8), may_alias));

static inline Four magnitude(Four x)
{
    return (Four)((FourBits)x & INT64_MAX);
}
#endif

static bool alike(const double *x, const double *y, double share, int count)
{
    bool same = true;
    int i = 0;
#if COLUMN_DOUBLES >= 4
    FourBits differ = {0};
    for (; i + 4 <= count; i += 4) {
        const Four own = four_at(x + i);
        differ |= ~(magnitude(own - four_at(y + i)) <= magnitude(own) * share); // NaN differs
    }
    same = (differ[0] | differ[1] | differ[2] | differ[3]) == 0;
#endif
    for (; i < count; i++) {
        same = same && fabs(x[i] - y[i]) <= share * fabs(x[i]);
    }
    return same;
}
