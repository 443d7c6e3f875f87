/* wide_probe.c: compiled once for each width: see expr.cmake.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/wide_probe.h"

#include "base/wide_exp.h"

void WIDE_PROBE(WideProbe probe, const double *a_values, const double *b_values, double *out,
                int count)
{
    for (int i = 0; i < count; i += WIDE_WIDTH) {
        wide a = wide_load(a_values + i);
        wide b = wide_load(b_values + i);
        switch (probe) {
#define PROBE(NAME, expression)                                                                    \
    case WIDE_##NAME:                                                                              \
        wide_store(out + i, (expression));                                                         \
        break;
            WIDE_PROBES(PROBE)
#undef PROBE
        case WIDE_PROBE_COUNT:
            break;
        }
    }
}
