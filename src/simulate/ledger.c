/* ledger.c: what was scheduled against what entered, for each lane, route and state.
 *
 * The schedule says what should enter; here is added up what did: boluses as they are applied, and
 * rate times length of each segment that the solver has really crossed while an infusion ran. A
 * pulse that was lost, or a stop at the wrong time, shows as a difference. Sums are compensated
 * (Neumaier 1974, ZAMM 54:39), so that a million small doses do not look like an error.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/lanes.h"

#include <assert.h>
#include <math.h>

static const double MISMATCH = 1e-9;
static const double LEAST = 1e-300; // amounts whose rate a double cannot hold

void ledger_open(Pack *pack, int lane)
{
    Lane *one = &pack->lanes[lane];
    one->ledger_count = one->schedule.total_count;
    one->ledger = arena_array(pack->loaded, (size_t)one->ledger_count, sizeof *one->ledger);
    one->ledger_rest =
        arena_array(pack->loaded, (size_t)one->ledger_count, sizeof *one->ledger_rest);
    for (int i = 0; i < one->ledger_count; i++) {
        const ScheduledAmount *total = &one->schedule.totals[i];
        one->ledger[i] =
            (LedgerLine){.route = total->route, .state = total->state, .scheduled = total->amount};
    }
}

void ledger_add(Lane *lane, int total, double amount)
{
    assert(total >= 0 && total < lane->ledger_count);
    double *sum = &lane->ledger[total].delivered;
    double next = *sum + amount;
    lane->ledger_rest[total] +=
        fabs(*sum) >= fabs(amount) ? (*sum - next) + amount : (amount - next) + *sum;
    *sum = next;
}

void ledger_cross(Pack *pack, int stop)
{
    for (int lane = 0; lane < pack->count; lane++) {
        Lane *one = &pack->lanes[lane];
        if (!pack->main.live[lane]) {
            continue; // nor has a lane that failed as it was loaded any times of its own
        }
        double length = pack_stop_time(pack, lane, stop + 1) - pack_stop_time(pack, lane, stop);
        for (int i = 0; i < one->active_count; i++) {
            const LaneEvent *event = &one->events[one->active[i]];
            ledger_add(one, event->total, event->rate * length);
        }
    }
}

void ledger_close(Pack *pack, int lane, double time)
{
    Lane *one = &pack->lanes[lane];
    for (int i = 0; i < one->ledger_count; i++) {
        LedgerLine *line = &one->ledger[i];
        line->delivered += one->ledger_rest[i];
        one->ledger_rest[i] = 0.0;
        double allowed = MISMATCH * fabs(line->scheduled) + one->schedule.totals[i].slack + LEAST;
        if (!(fabs(line->delivered - line->scheduled) <= allowed) && pack->main.live[lane]) {
            lane_fail(pack, lane, OUTCOME_LEDGER, time);
            one->outcome.state = line->state;
            one->outcome.scheduled = line->scheduled;
            one->outcome.delivered = line->delivered;
        }
    }
}

int pack_ledger(const Pack *pack, int lane, const LedgerLine **lines)
{
    assert(pack != NULL && lines != NULL && lane >= 0 && lane < pack->count);
    *lines = pack->lanes[lane].ledger;
    return pack->lanes[lane].ledger_count;
}
