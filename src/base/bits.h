/* bits.h: the bits of numbers, and a mixer of them, for tables that are looked up by a hash.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_BASE_BITS_H
#define STROMA_BASE_BITS_H

#include <stdint.h>
#include <string.h>

static inline uint64_t bits_of(double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The finisher of SplitMix64 (Steele et al. 2014). */
static inline uint64_t bits_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

#endif
