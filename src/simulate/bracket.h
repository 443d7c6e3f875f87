/* bracket.h: two times with a crossing between them, closed down to neighbouring doubles.
 *
 * Regula falsi (Illinois: Dowell and Jarratt 1971, BIT 11, 168-174), with bisection where that is
 * slow. What is on which side is for who asks to say: it need not be the sign of the value.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_BRACKET_H
#define STROMA_SIMULATE_BRACKET_H

#include <stdbool.h>

typedef struct {
    double low, high;       // nothing is crossed at low, something is at high
    double at_low, at_high; // values there, of unlike sign if all is well
    int side, slow, probes; // 0 at first
} Bracket;

/* Where to look next; false: `high` is as near as it gets. */
bool bracket_next(Bracket *bracket, double *at);
/* What was there. */
void bracket_take(Bracket *bracket, double at, double value, bool crossed);

#endif
