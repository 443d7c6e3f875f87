/* wide_probe.h: the functions of base/wide.h and wide_exp.h as functions on arrays, one copy for
 * each width. SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TESTS_WIDE_PROBE_H
#define STROMA_TESTS_WIDE_PROBE_H

/* NAME(expression of the wides a and b). */
#define WIDE_PROBES(PROBE)                                                                         \
    PROBE(ADD, a + b)                                                                              \
    PROBE(SUBTRACT, a - b)                                                                         \
    PROBE(MULTIPLY, a *b)                                                                          \
    PROBE(DIVIDE, a / b)                                                                           \
    PROBE(NEGATE, wide_negate(a))                                                                  \
    PROBE(SQRT, wide_sqrt(a))                                                                      \
    PROBE(ABS, wide_abs(a))                                                                        \
    PROBE(MIN, wide_min(a, b))                                                                     \
    PROBE(MAX, wide_max(a, b))                                                                     \
    PROBE(LESS, wide_truth(wide_less(a, b)))                                                       \
    PROBE(LESS_EQUAL, wide_truth(wide_less_equal(a, b)))                                           \
    PROBE(EQUAL, wide_truth(wide_equal(a, b)))                                                     \
    PROBE(AND, wide_truth(wide_and(wide_is_true(a), wide_is_true(b))))                             \
    PROBE(OR, wide_truth(wide_or(wide_is_true(a), wide_is_true(b))))                               \
    PROBE(NOT, wide_truth(wide_not(wide_is_true(a))))                                              \
    PROBE(SELECT, wide_select(wide_less(a, wide_set(0)), b, a))                                    \
    PROBE(FLOOR, wide_floor(a))                                                                    \
    PROBE(CEIL, wide_ceil(a))                                                                      \
    PROBE(EXP, wide_exp(a))                                                                        \
    PROBE(LOG, wide_log(a))                                                                        \
    PROBE(LOG10, wide_log10(a))                                                                    \
    PROBE(SIN, wide_sin(a))                                                                        \
    PROBE(COS, wide_cos(a))                                                                        \
    PROBE(TAN, wide_tan(a))                                                                        \
    PROBE(ASIN, wide_asin(a))                                                                      \
    PROBE(ACOS, wide_acos(a))                                                                      \
    PROBE(ATAN, wide_atan(a))                                                                      \
    PROBE(SINH, wide_sinh(a))                                                                      \
    PROBE(COSH, wide_cosh(a))                                                                      \
    PROBE(TANH, wide_tanh(a))                                                                      \
    PROBE(ERF, wide_erf(a))                                                                        \
    PROBE(LGAMMA, wide_lgamma(a))                                                                  \
    PROBE(POW, wide_pow(a, b))                                                                     \
    PROBE(LOG2, wide_log2(a))                                                                      \
    PROBE(LOGISTIC, wide_logistic(a))                                                              \
    PROBE(LOGISTIC_SLOPE, wide_logistic_slope(a))

typedef enum {
#define PROBE(NAME, expression) WIDE_##NAME,
    WIDE_PROBES(PROBE)
#undef PROBE
        WIDE_PROBE_COUNT
} WideProbe;

/* out[i] = function of a[i], b[i]; count is a multiple of 8, the arrays are aligned to 64 bytes. */
typedef void WideProbeFunction(WideProbe probe, const double *a, const double *b, double *out,
                               int count);
WideProbeFunction wide_probe_1, wide_probe_2, wide_probe_4, wide_probe_8;

#endif
