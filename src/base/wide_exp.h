/* wide_exp.h: exp, log and what `hill` is made of, for `wide`: inlined, where SLEEF's are calls.
 *
 * Same bits at every width and instruction set: additions, products, divisions and integers in the
 * order written, no fused multiply-add, no table. Errors against 30 digits and against long double
 * are bounds of test_wide_exp.c; coefficients of our own: tests/reference/make/exp_log.py.
 *
 * - exp, log: reductions and coefficients of fdlibm (e_exp.c, e_log.c, Sun Microsystems 1993, after
 *   Remes, "Permission to use, copy, modify, and distribute this software is freely granted"); the
 *   sums that would round twice are kept in two parts (Dekker 1971, doi:10.1007/BF01397083).
 * - log2: atanh series in s = (m - 1)/(m + 1), as in fdlibm, with the base in the coefficients.
 * - logistic: 2^r = (R + r)/(R - r), R = r coth(r ln2/2), an even series as in e_exp.c: the
 * logistic function is then one division, of polynomials, instead of two.
 *
 * Four lanes take, on an EPYC 7003 (AVX2), in a loop by themselves: log 8.5 ns, exp 6.7, log2 5.1,
 * logistic 4.3; SLEEF's log 17.9 and exp 8.1, and 24 and 12 between other arithmetic, where a call
 * saves and loads again all that is in registers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_BASE_WIDE_EXP_H
#define STROMA_BASE_WIDE_EXP_H

#include "base/wide.h"

/* The bits of the numbers, to shift and to add. */
#if WIDE_WIDTH == 1
typedef uint64_t WideBits;
typedef union {
    double number;
    uint64_t bits;
} WidePun;
WIDE_INLINE WideBits wide_bits(wide a)
{
    return ((WidePun){.number = a}).bits;
}
WIDE_INLINE wide wide_of_bits(WideBits bits)
{
    return ((WidePun){.bits = bits}).number;
}
#else
typedef uint64_t WideBits __attribute__((vector_size(8 * WIDE_WIDTH)));
WIDE_INLINE WideBits wide_bits(wide a)
{
    return (WideBits)a;
}
WIDE_INLINE wide wide_of_bits(WideBits bits)
{
    return (wide)bits;
}
#endif

#define WIDE_LN2_HIGH  0x1.62e42feep-1 // 32 bits: its product with an exponent is exact
#define WIDE_LN2_LOW   0x1.a39ef35793c76p-33
#define WIDE_SQRT_HALF 0x3fe6a09e667f3bcdu // bits of sqrt(1/2)

/* e^a to 0.8 ulp. The sum with `shift` rounds to the whole number k, and holds k + 2046 in its last
 * bits; 2^k is applied in two halves, so that only the last product overflows or underflows. A NaN
 * passes the limits, see wide_min. */
WIDE_INLINE wide wide_exp(wide a)
{
    const wide shift = wide_set(0x1.8p52 + 2046);
    const wide x = wide_min(wide_set(710), wide_max(wide_set(-746), a));
    const wide shifted = x * wide_set(0x1.71547652b82fep0) + shift;
    const wide k = shifted - shift;
    const wide high = x - k * wide_set(WIDE_LN2_HIGH);
    const wide low = k * wide_set(WIDE_LN2_LOW);
    const wide r = high - low;
    const wide z = r * r;
    const wide w = z * z;
    const wide even =
        (wide_set(1.66666666666666019037e-01) + z * wide_set(-2.77777777770155933842e-03)) +
        w * ((wide_set(6.61375632143793436117e-05) + z * wide_set(-1.65339022054652515390e-06)) +
             w * wide_set(4.13813679705723846039e-08));
    const wide c = r - z * even;
    const wide sum = wide_set(1) + high;
    const wide rest = high - (sum - wide_set(1)) - low;
    const wide value = sum + (rest + r * c / (wide_set(2) - c));
    const WideBits half = wide_bits(shifted) >> 1;
    const WideBits other = wide_bits(shifted) - half;
    return value * wide_of_bits(half << 52) * wide_of_bits(other << 52);
}

/* a = 2^exponent * mantissa, a mantissa in [sqrt(1/2), sqrt(2)), for a normal a > 0. `bias` is
 * 2^52 + 1023, more if a was scaled up. */
typedef struct {
    wide exponent, mantissa;
} WideParts;
WIDE_INLINE WideParts wide_parts(wide a, wide bias)
{
    const WideBits t = wide_bits(a) + (0x3ff0000000000000u - WIDE_SQRT_HALF);
    return (WideParts){.exponent = wide_of_bits((t >> 52) | 0x4330000000000000u) - bias,
                       .mantissa = wide_of_bits((t & 0x000fffffffffffffu) + WIDE_SQRT_HALF)};
}

/* ln a to 0.8 ulp: of 0 minus infinity, of what is negative a NaN. */
WIDE_INLINE wide wide_log(wide a)
{
    const WideMask tiny = wide_less(a, wide_set(0x1p-1022));
    const wide bias = wide_select(tiny, wide_set(0x1p52 + 1023 + 54), wide_set(0x1p52 + 1023));
    const WideParts parts = wide_parts(wide_select(tiny, a * wide_set(0x1p54), a), bias);
    const wide f = parts.mantissa - wide_set(1);
    const wide s = f / (wide_set(2) + f);
    const wide z = s * s;
    const wide w = z * z;
    const wide even =
        (wide_set(6.666666666666735130e-01) + z * wide_set(3.999999999940941908e-01)) +
        w * ((wide_set(2.857142874366239149e-01) + z * wide_set(2.222219843214978396e-01)) +
             w * ((wide_set(1.818357216161805012e-01) + z * wide_set(1.531383769920937332e-01)) +
                  w * wide_set(1.479819860511658591e-01)));
    const wide half = f * f * wide_set(0.5);
    const wide high = parts.exponent * wide_set(WIDE_LN2_HIGH);
    const wide low = parts.exponent * wide_set(WIDE_LN2_LOW);
    const wide sum = high + f; // ln a = high + f - half + what is small
    const wide value = sum - half;
    const wide rest = (f - (sum - high)) + (sum - value - half) + low;
    const wide result = value + (rest + s * (half + z * even));
    const wide below =
        wide_select(wide_equal(a, wide_set(0)), wide_set(-INFINITY), wide_set((double)NAN));
    return wide_select(wide_less(a, wide_set(INFINITY)),
                       wide_select(wide_less(wide_set(0), a), result, below), a);
}

/* log2 a for a >= 2^-1022, to 3 ulp (2 where it is beyond 1/2): less than wide_log takes, since
 * what comes after multiplies it by an exponent anyway. */
WIDE_INLINE wide wide_log2(wide a)
{
    const WideParts parts = wide_parts(a, wide_set(0x1p52 + 1023));
    const wide s = (parts.mantissa - wide_set(1)) / (parts.mantissa + wide_set(1));
    const wide z = s * s;
    const wide w = z * z;
    const wide even =
        (wide_set(0x1.ec709dc3a047ep-1) + z * wide_set(0x1.2776c50ee370fp-1)) +
        w * ((wide_set(0x1.a61762d6db29bp-2) + z * wide_set(0x1.484afb5f31c5ap-2)) +
             w * ((wide_set(0x1.0ca165b05dde0p-2) + z * wide_set(0x1.c46d0dde1cd10p-3)) +
                  w * wide_set(0x1.b59cc87e0078cp-3)));
    const wide result = parts.exponent + s * (wide_set(0x1.71547652b82fep+1) + z * even);
    return wide_select(wide_less(a, wide_set(INFINITY)), result, a);
}

/* 1 : 2^-|a| as larger : smaller, 2 < larger < 4; no smaller than 2^-1022, else 0. */
typedef struct {
    wide larger, smaller;
} WideShares;
WIDE_INLINE WideShares wide_shares(wide a)
{
    const wide shift = wide_set(0x1.8p52 + 1023);
    const wide x = wide_min(wide_set(1023), wide_abs(a));
    const wide shifted = shift - x;
    const wide r = x + (shifted - shift); // |r| <= 1/2, and 2^-x = 2^k 2^-r
    const wide z = r * r;
    const wide w = z * z;
    const wide even =
        (wide_set(0x1.d9303fea2f775p-4) + z * wide_set(-0x1.e50096ddb882bp-11)) +
        w * ((wide_set(0x1.63144e28a1aa9p-17) + z * wide_set(-0x1.10f2ba365bd98p-23)) +
             w * wide_set(0x1.a3bc03ad9cb6cp-30));
    const wide sum = wide_set(0x1.71547652b82fep+1) + z * even;
    return (WideShares){.larger = sum + r,
                        .smaller = (sum - r) * wide_of_bits(wide_bits(shifted) << 52)};
}

/* 1 / (1 + 2^-a) to 2.5 ulp; 0 where it is below 2^-1022. */
WIDE_INLINE wide wide_logistic(wide a)
{
    const WideShares shares = wide_shares(a);
    return wide_select(wide_less_equal(wide_set(0), a), shares.larger, shares.smaller) /
           (shares.larger + shares.smaller);
}

/* wide_logistic(a) wide_logistic(-a), which is its derivative / ln 2, to 5 ulp. */
WIDE_INLINE wide wide_logistic_slope(wide a)
{
    const WideShares shares = wide_shares(a);
    const wide sum = shares.larger + shares.smaller;
    return shares.larger * shares.smaller / (sum * sum);
}

#endif
