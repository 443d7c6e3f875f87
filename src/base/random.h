/* random.h: counter-based random numbers: value = f(seed, subject, purpose, draw).
 *
 * Philox 4x32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405) through Random123. No state is
 * kept, so neither the order of calls nor the number of threads can change a value.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_BASE_RANDOM_H
#define STROMA_BASE_RANDOM_H

#include <stdint.h>

typedef struct {
    uint64_t seed;
    uint32_t purpose; // which kind of draw: parameters, covariates, donor, residual error ...
    uint32_t subject; // subject, donor or lot number
} RandomKey;

/* A uniform number in the open interval (0, 1); draw counts from 0. */
double random_uniform(RandomKey key, uint32_t draw);
/* A standard normal number (inverse of the distribution function, not rejection). */
double random_normal(RandomKey key, uint32_t draw);

#endif
