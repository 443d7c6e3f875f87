/* slopes_body.h: the loops of slopes.h for one instruction set; a template without guard.
 *
 * Wants: SLOPE_TABLE (name of the table), SLOPE_NAME (its text). Sums run in the order of the
 * entries, nothing is contracted: the same bits at every width and on every machine.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/slopes.h"

#define ROWS(LANES)                                                                                \
    static void rows_##LANES(const Pattern *pattern, const double *jacobian, const double *s,      \
                             const double *add, double *result, size_t stride)                     \
    {                                                                                              \
        for (size_t i = 0; i < (size_t)pattern->states; i++) {                                     \
            double sum[LANES];                                                                     \
            for (int l = 0; l < LANES; l++) {                                                      \
                sum[l] = add[i * stride + (size_t)l];                                              \
            }                                                                                      \
            for (int e = pattern->row_start[i]; e < pattern->row_start[i + 1]; e++) {              \
                const double *entry = jacobian + (size_t)e * stride;                               \
                const double *other = s + (size_t)pattern->column[e] * stride;                     \
                for (int l = 0; l < LANES; l++) {                                                  \
                    sum[l] += entry[l] * other[l];                                                 \
                }                                                                                  \
            }                                                                                      \
            for (int l = 0; l < LANES; l++) {                                                      \
                result[i * stride + (size_t)l] = sum[l];                                           \
            }                                                                                      \
        }                                                                                          \
    }

ROWS(1)
ROWS(2)
ROWS(4)
ROWS(8)
ROWS(16)
ROWS(32)

static void multiply(const Pattern *pattern, const double *jacobian, const double *s,
                     const double *add, double *result, int width)
{
    size_t stride = (size_t)width;
    switch (width) {
    case 1:
        rows_1(pattern, jacobian, s, add, result, stride);
        break;
    case 2:
        rows_2(pattern, jacobian, s, add, result, stride);
        break;
    case 4:
        rows_4(pattern, jacobian, s, add, result, stride);
        break;
    case 8:
        rows_8(pattern, jacobian, s, add, result, stride);
        break;
    case 16:
        rows_16(pattern, jacobian, s, add, result, stride);
        break;
    default:
        for (size_t lane = 0; lane < stride; lane += 32) {
            rows_32(pattern, jacobian + lane, s + lane, add + lane, result + lane, stride);
        }
        break;
    }
}

static void add_scaled(const double *factor, const double *scale, double *row, int width)
{
    _Pragma("GCC ivdep") for (int lane = 0; lane < width; lane++)
    {
        row[lane] += factor[lane] * scale[lane];
    }
}

const SlopeKernels SLOPE_TABLE = {SLOPE_NAME, multiply, add_scaled};
