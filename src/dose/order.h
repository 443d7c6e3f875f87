/* order.h: which record comes before which, and the order of events at one instant.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_DOSE_ORDER_H
#define STROMA_DOSE_ORDER_H

#include "dose/schedule.h"

/* The records of a regimen in time. */
typedef struct {
    double *time; // (count) of each record; those of one instant are equal
    double *cut;  // (count) when the first later reset or replacing steady state cancels it, or inf
} RecordOrder;

RecordOrder order_records(Arena *arena, const Regimen *regimen);

/* Sorts; times of one instant become equal, and infusions deliver their amount between the times
 * they end up with. */
void order_events(Schedule *schedule);

#endif
