/* clock.h: how long things take.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_BASE_CLOCK_H
#define STROMA_BASE_CLOCK_H

#include <time.h>

/* Seconds since some moment, by a clock that nobody sets. */
static inline double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
