/* quickening.c: see quickening.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/quickening.h"

#include "base/clock.h"

#include <assert.h>

// The compiler takes 1 to 5 seconds, and what is left of the run then half to two thirds.
static const double LEAST_TAKEN = 2.0, LEAST_LEFT = 15.0;

enum { CODE_NONE, CODE_IN_THE_MAKING, CODE_MADE };

void quickening_open(Quickening *quickening)
{
    assert(quickening != NULL);
    quickening->started = clock_seconds();
    atomic_init(&quickening->code, CODE_NONE);
}

bool quickening_pays(double taken, long done, long total)
{
    return done > 0 && taken >= LEAST_TAKEN &&
           taken * (double)(total - done) >= LEAST_LEFT * (double)done;
}

bool quickening_ask(Quickening *quickening, long done, long total, Pack *pack)
{
    assert(quickening != NULL && pack != NULL);
    int code = atomic_load(&quickening->code);
    if (code == CODE_NONE && quickening_pays(clock_seconds() - quickening->started, done, total) &&
        atomic_compare_exchange_strong(&quickening->code, &code, CODE_IN_THE_MAKING)) {
        pack_quicken(pack);
        atomic_store(&quickening->code, CODE_MADE);
        return true;
    }
    if (code == CODE_MADE) {
        pack_quicken(pack);
    }
    return code == CODE_MADE;
}
