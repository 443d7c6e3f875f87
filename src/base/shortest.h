/* shortest.h: the shortest decimal digits of a double; used by number.c only.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_BASE_SHORTEST_H
#define STROMA_BASE_SHORTEST_H

#include <stdbool.h>
#include <stdint.h>

/* digits × 10^power; digits may end in zeros. */
typedef struct {
    uint64_t digits;
    int power;
} Decimal;

/* Of |value|; value is finite and not zero. */
Decimal shortest_decimal(double value);

#endif
