/* wide.h: `wide`, WIDE_WIDTH doubles side by side in one register; the one door to SLEEF.
 *
 * Define WIDE_WIDTH as 1, 2, 4 or 8 before including it; a source file is compiled once for each
 * width with the flags of its instruction set (4: -mavx2, 8: -mavx512f -mavx512dq -mavx512vl; 1 and
 * 2 run on every x86-64 and arm64). Every function is static inline.
 *
 * Same bits: each function gives a lane the same bits at every width (NaNs may differ in sign and
 * payload). Arithmetic is IEEE; nothing may be contracted to a fused multiply-add; functions are
 * SLEEF's "cinz" family (consistent results, no FMA), to 1 ulp (Shibata & Petrogiannis 2020,
 * doi:10.1109/TPDS.2019.2960333). exp and log, asked for most, are in wide_exp.h. sinh and cosh
 * overflow from 709.8 on, an ulp of exp early.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_BASE_WIDE_H
#define STROMA_BASE_WIDE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#ifndef WIDE_DECLARES_SLEEF // else its functions are declared below, for who has no such header
#include <sleef.h>
#endif

#ifndef WIDE_WIDTH
#error "define WIDE_WIDTH before including base/wide.h"
#endif

#define WIDE_INLINE static inline __attribute__((always_inline, unused))

#if WIDE_WIDTH == 1
typedef double wide;
typedef bool WideMask;
#define WIDE_SLEEF(name, accuracy) Sleef_cinz_##name##d1_##accuracy##purec
#elif WIDE_WIDTH == 2 && defined(__x86_64__)
typedef __m128d wide;
typedef __m128d WideMask; // all bits of a lane
#define WIDE_SLEEF(name, accuracy) Sleef_cinz_##name##d2_##accuracy##sse2
#elif WIDE_WIDTH == 2 && defined(__aarch64__)
#include <arm_neon.h>
typedef float64x2_t wide;
typedef uint64x2_t WideMask;
#define WIDE_SLEEF(name, accuracy) Sleef_cinz_##name##d2_##accuracy##advsimdnofma
#elif WIDE_WIDTH == 4 && defined(__AVX2__)
typedef __m256d wide;
typedef __m256d WideMask;
#define WIDE_SLEEF(name, accuracy) Sleef_cinz_##name##d4_##accuracy##avx
#elif WIDE_WIDTH == 8 && defined(__AVX512F__) && defined(__AVX512DQ__)
typedef __m512d wide;
typedef __mmask8 WideMask;
#define WIDE_SLEEF(name, accuracy) Sleef_cinz_##name##d8_##accuracy##avx512fnofma
#else
#error "no lanes of this width for this instruction set"
#endif

/* What differs between the widths: one block each. Memory is aligned to the size of a wide. */
#if WIDE_WIDTH == 1

WIDE_INLINE wide wide_load(const double *from)
{
    return *from;
}
WIDE_INLINE void wide_store(double *to, wide a)
{
    *to = a;
}
WIDE_INLINE wide wide_set(double value)
{
    return value;
}
WIDE_INLINE wide wide_sqrt(wide a)
{
    return __builtin_sqrt(a);
}
WIDE_INLINE wide wide_abs(wide a)
{
    return __builtin_fabs(a);
}
WIDE_INLINE wide wide_min(wide a, wide b)
{
    return a < b ? a : b;
}
WIDE_INLINE wide wide_max(wide a, wide b)
{
    return a > b ? a : b;
}
WIDE_INLINE WideMask wide_less(wide a, wide b)
{
    return a < b;
}
WIDE_INLINE WideMask wide_less_equal(wide a, wide b)
{
    return a <= b;
}
WIDE_INLINE WideMask wide_equal(wide a, wide b)
{
    return a == b;
}
WIDE_INLINE WideMask wide_and(WideMask a, WideMask b)
{
    return a & b;
}
WIDE_INLINE WideMask wide_or(WideMask a, WideMask b)
{
    return a | b;
}
WIDE_INLINE WideMask wide_not(WideMask a)
{
    return !a;
}
WIDE_INLINE wide wide_select(WideMask mask, wide a, wide b)
{
    return mask ? a : b;
}

#elif defined(__x86_64__)

#if WIDE_WIDTH == 2
#define WIDE_X86(name)              _mm_##name##_pd
#define WIDE_X86_COMPARE(a, b, how) WIDE_X86_COMPARE_##how(a, b)
#define WIDE_X86_COMPARE_LT(a, b)   _mm_cmplt_pd(a, b)
#define WIDE_X86_COMPARE_LE(a, b)   _mm_cmple_pd(a, b)
#define WIDE_X86_COMPARE_EQ(a, b)   _mm_cmpeq_pd(a, b)
#elif WIDE_WIDTH == 4
#define WIDE_X86(name)              _mm256_##name##_pd
#define WIDE_X86_COMPARE(a, b, how) _mm256_cmp_pd(a, b, WIDE_X86_COMPARE_##how)
#else
#define WIDE_X86(name)              _mm512_##name##_pd
#define WIDE_X86_COMPARE(a, b, how) _mm512_cmp_pd_mask(a, b, WIDE_X86_COMPARE_##how)
#endif
#if WIDE_WIDTH > 2
#define WIDE_X86_COMPARE_LT _CMP_LT_OQ
#define WIDE_X86_COMPARE_LE _CMP_LE_OQ
#define WIDE_X86_COMPARE_EQ _CMP_EQ_OQ
#endif

WIDE_INLINE wide wide_load(const double *from)
{
    return WIDE_X86(load)(from);
}
WIDE_INLINE void wide_store(double *to, wide a)
{
    WIDE_X86(store)(to, a);
}
WIDE_INLINE wide wide_set(double value)
{
    return WIDE_X86(set1)(value);
}
WIDE_INLINE wide wide_sqrt(wide a)
{
    return WIDE_X86(sqrt)(a);
}
WIDE_INLINE wide wide_abs(wide a)
{
    return WIDE_X86(andnot)(wide_set(-0.0), a);
}
WIDE_INLINE wide wide_min(wide a, wide b)
{
    return WIDE_X86(min)(a, b);
}
WIDE_INLINE wide wide_max(wide a, wide b)
{
    return WIDE_X86(max)(a, b);
}
WIDE_INLINE WideMask wide_less(wide a, wide b)
{
    return WIDE_X86_COMPARE(a, b, LT);
}
WIDE_INLINE WideMask wide_less_equal(wide a, wide b)
{
    return WIDE_X86_COMPARE(a, b, LE);
}
WIDE_INLINE WideMask wide_equal(wide a, wide b)
{
    return WIDE_X86_COMPARE(a, b, EQ);
}
#if WIDE_WIDTH == 8
WIDE_INLINE WideMask wide_and(WideMask a, WideMask b)
{
    return (WideMask)(a & b);
}
WIDE_INLINE WideMask wide_or(WideMask a, WideMask b)
{
    return (WideMask)(a | b);
}
WIDE_INLINE WideMask wide_not(WideMask a)
{
    return (WideMask)~a;
}
WIDE_INLINE wide wide_select(WideMask mask, wide a, wide b)
{
    return _mm512_mask_blend_pd(mask, b, a);
}
#else
WIDE_INLINE WideMask wide_and(WideMask a, WideMask b)
{
    return WIDE_X86(and)(a, b);
}
WIDE_INLINE WideMask wide_or(WideMask a, WideMask b)
{
    return WIDE_X86(or)(a, b);
}
WIDE_INLINE WideMask wide_not(WideMask a)
{
    return WIDE_X86(andnot)(a, WIDE_X86_COMPARE(wide_set(0), wide_set(0), EQ));
}
WIDE_INLINE wide wide_select(WideMask mask, wide a, wide b)
{
#if WIDE_WIDTH == 4
    return _mm256_blendv_pd(b, a, mask);
#else
    return _mm_or_pd(_mm_and_pd(mask, a), _mm_andnot_pd(mask, b));
#endif
}
#endif

#else // arm64, width 2

WIDE_INLINE wide wide_load(const double *from)
{
    return vld1q_f64(from);
}
WIDE_INLINE void wide_store(double *to, wide a)
{
    vst1q_f64(to, a);
}
WIDE_INLINE wide wide_set(double value)
{
    return vdupq_n_f64(value);
}
WIDE_INLINE wide wide_sqrt(wide a)
{
    return vsqrtq_f64(a);
}
WIDE_INLINE wide wide_abs(wide a)
{
    return vabsq_f64(a);
}
WIDE_INLINE WideMask wide_less(wide a, wide b)
{
    return vcltq_f64(a, b);
}
WIDE_INLINE WideMask wide_less_equal(wide a, wide b)
{
    return vcleq_f64(a, b);
}
WIDE_INLINE WideMask wide_equal(wide a, wide b)
{
    return vceqq_f64(a, b);
}
WIDE_INLINE WideMask wide_and(WideMask a, WideMask b)
{
    return vandq_u64(a, b);
}
WIDE_INLINE WideMask wide_or(WideMask a, WideMask b)
{
    return vorrq_u64(a, b);
}
WIDE_INLINE WideMask wide_not(WideMask a)
{
    return veorq_u64(a, vdupq_n_u64(~(uint64_t)0));
}
WIDE_INLINE wide wide_select(WideMask mask, wide a, wide b)
{
    return vbslq_f64(mask, a, b);
}
WIDE_INLINE wide wide_min(wide a, wide b) // not vminq: b if either is a NaN, as elsewhere
{
    return wide_select(wide_less(a, b), a, b);
}
WIDE_INLINE wide wide_max(wide a, wide b)
{
    return wide_select(wide_less(b, a), a, b);
}

#endif

/* Arithmetic: the compiler's own operators work on every width. */
WIDE_INLINE wide wide_add(wide a, wide b)
{
    return a + b;
}
WIDE_INLINE wide wide_subtract(wide a, wide b)
{
    return a - b;
}
WIDE_INLINE wide wide_multiply(wide a, wide b)
{
    return a * b;
}
WIDE_INLINE wide wide_divide(wide a, wide b)
{
    return a / b;
}
WIDE_INLINE wide wide_negate(wide a)
{
    return -a;
}

/* 1 where the mask is set, else 0; and back: set where a is not 0. */
WIDE_INLINE wide wide_truth(WideMask mask)
{
    return wide_select(mask, wide_set(1), wide_set(0));
}
WIDE_INLINE WideMask wide_is_true(wide a)
{
    return wide_not(wide_equal(a, wide_set(0)));
}

/* A function of numbers, lane by lane: for what has no vector form. Slow, and so for rare things.
 */
#define WIDE_BY_LANE(result, a, expression)                                                        \
    do {                                                                                           \
        _Alignas(64) double wide_lane[WIDE_WIDTH];                                                 \
        wide_store(wide_lane, a);                                                                  \
        for (int wide_i = 0; wide_i < WIDE_WIDTH; wide_i++) {                                      \
            double lane = wide_lane[wide_i];                                                       \
            wide_lane[wide_i] = (expression);                                                      \
        }                                                                                          \
        (result) = wide_load(wide_lane);                                                           \
    } while (0)

WIDE_INLINE wide wide_floor(wide a)
{
#if WIDE_WIDTH == 4
    return _mm256_floor_pd(a);
#elif WIDE_WIDTH == 8
    return _mm512_floor_pd(a);
#else
    wide result;
    WIDE_BY_LANE(result, a, floor(lane));
    return result;
#endif
}
WIDE_INLINE wide wide_ceil(wide a)
{
#if WIDE_WIDTH == 4
    return _mm256_ceil_pd(a);
#elif WIDE_WIDTH == 8
    return _mm512_ceil_pd(a);
#else
    wide result;
    WIDE_BY_LANE(result, a, ceil(lane));
    return result;
#endif
}

/* The elementary functions of SLEEF. */
#ifdef WIDE_DECLARES_SLEEF
#define WIDE_DECLARE(sleef, accuracy)                                                              \
    extern __attribute__((const)) wide WIDE_SLEEF(sleef, accuracy)(wide);
extern __attribute__((const)) wide WIDE_SLEEF(pow, u10)(wide, wide);
#else
#define WIDE_DECLARE(sleef, accuracy)
#endif
#define WIDE_FUNCTION(name, sleef, accuracy)                                                       \
    WIDE_DECLARE(sleef, accuracy)                                                                  \
    WIDE_INLINE wide wide_##name(wide a)                                                           \
    {                                                                                              \
        return WIDE_SLEEF(sleef, accuracy)(a);                                                     \
    }
WIDE_FUNCTION(log10, log10, u10)
WIDE_FUNCTION(sin, sin, u10)
WIDE_FUNCTION(cos, cos, u10)
WIDE_FUNCTION(tan, tan, u10)
WIDE_FUNCTION(asin, asin, u10)
WIDE_FUNCTION(acos, acos, u10)
WIDE_FUNCTION(atan, atan, u10)
WIDE_FUNCTION(sinh, sinh, u10)
WIDE_FUNCTION(cosh, cosh, u10)
WIDE_FUNCTION(tanh, tanh, u10)
WIDE_FUNCTION(erf, erf, u10)
WIDE_FUNCTION(lgamma, lgamma, u10)
#undef WIDE_FUNCTION

WIDE_INLINE wide wide_pow(wide a, wide b)
{
    return WIDE_SLEEF(pow, u10)(a, b);
}

#endif
