/* shortest.c: the shortest decimal digits that read back to the same double, nearest of those.
 *
 * Schubfach (Raffaello Giulietti, 2020, "The Schubfach way to render doubles"): the rounding
 * interval of the double is scaled by a power of ten so that at most one or two multiples of ten
 * and at most four integers fall into it; 128-bit powers of ten with round-to-odd products decide
 * exactly. SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/shortest.h"

#include <assert.h>
#include <string.h>

typedef struct {
    uint64_t high, low;
} Power;

static const Power powers_of_ten[] = {
#include "base/number_powers.def"
};

enum { LEAST_POWER = -292, EXPONENT_BIAS = 1075, SIGNIFICAND_BITS = 52 };

/* The top 64 bits of the product with g, the lowest bit set if anything was cut off below. */
static uint64_t round_to_odd(Power g, uint64_t c)
{
    __extension__ typedef unsigned __int128 Wide;
    Wide x = (Wide)g.low * c;
    Wide y = (Wide)g.high * c + (uint64_t)(x >> 64);
    return (uint64_t)(y >> 64) | ((uint64_t)y > 1);
}

/* floor(number / 2^shift) for negative numbers too. */
static int floor_shift(int number, int shift)
{
    return number >> shift;
}

Decimal shortest_decimal(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t fraction = bits & (((uint64_t)1 << SIGNIFICAND_BITS) - 1);
    int biased = (int)(bits >> SIGNIFICAND_BITS) & 0x7ff;
    assert(biased != 0x7ff && (fraction || biased)); // finite and not zero
    uint64_t c = biased ? fraction | (uint64_t)1 << SIGNIFICAND_BITS : fraction;
    int q = (biased ? biased : 1) - EXPONENT_BIAS;
    bool open = (c & 1) != 0; // an odd significand: the ends of the interval round away from it
    int narrow = fraction == 0 && biased > 1; // just above a power of two: half as wide below
    int k = floor_shift(q * 1262611 - (narrow ? 524031 : 0), 22);
    int h = q + floor_shift(-k * 1741647, 19) + 1;
    Power g = powers_of_ten[-k - LEAST_POWER];
    uint64_t below = round_to_odd(g, (4 * c - 2 + (uint64_t)narrow) << h);
    uint64_t exact = round_to_odd(g, (4 * c) << h);
    uint64_t above = round_to_odd(g, (4 * c + 2) << h);
    uint64_t lower = below + open;
    uint64_t upper = above - open;
    uint64_t s = exact / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool down_inside = lower <= 40 * tens;
        bool up_inside = 40 * tens + 40 <= upper;
        if (down_inside != up_inside) {
            return (Decimal){tens + up_inside, k + 1};
        }
    }
    bool down_inside = lower <= 4 * s;
    bool up_inside = 4 * s + 4 <= upper;
    if (down_inside != up_inside) {
        return (Decimal){s + up_inside, k};
    }
    uint64_t middle = 4 * s + 2;
    bool round_up = exact > middle || (exact == middle && (s & 1) != 0);
    return (Decimal){s + round_up, k};
}
