/* quickening.h: a long population run goes over to machine code by itself.
 *
 * The C compiler takes seconds, so nobody wants to wait for it who has a short run. Here a run that
 * has taken a while and will take a good while longer has one of its threads make the code, while
 * the others go on as they were; then all use it. The bits are the same, so nothing but the time
 * shows which packs were run by what.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_QUICKENING_H
#define STROMA_STUDY_QUICKENING_H

#include "simulate/simulate.h"

#include <stdatomic.h>

/* What the threads of a run share. */
typedef struct {
    double started; // seconds
    atomic_int code;
} Quickening;

void quickening_open(Quickening *quickening);
/* By a thread between two packs, `done` of `total` of the run being done or begun: its pack is
 * quickened if it is time for that. True if there is nothing more to ask. */
bool quickening_ask(Quickening *quickening, long done, long total, Pack *pack);
/* True if a run that has taken so many seconds for `done` of `total` had better have machine code.
 */
bool quickening_pays(double seconds, long done, long total);

#endif
