/* crews.c: see crews.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/crews.h"

#include <assert.h>

enum { SHARE_FROM = 8 }; // so many searches are worth two groups

typedef struct {
    const CrewsPlan *plan;
    int group_size;
} Deal;

typedef struct {
    const CrewsPlan *plan;
    int first; // the search of member 0
} Group;

static void search_one(void *context, const CrewMember *member)
{
    const Group *group = context;
    group->plan->search(group->plan->shared, group->first + member->number, member);
}

static void *open_worker(void *shared)
{
    const CrewsPlan *plan = ((const Deal *)shared)->plan;
    return objective_open_shared(plan->study, plan->tape, plan->stop);
}

static void close_worker(void *worker)
{
    objective_close(worker);
}

static bool work_group(void *shared, void *worker, long item)
{
    const Deal *deal = shared;
    const CrewsPlan *plan = deal->plan;
    Group group = {plan, (int)item * deal->group_size};
    int members = plan->count - group.first;
    members = members < deal->group_size ? members : deal->group_size;
    return crew_run(worker, plan->journal, plan->first_group + (int)item, members, search_one,
                    &group);
}

WorkStatus crews_run(const CrewsPlan *plan, int *error)
{
    assert(plan != NULL && plan->search != NULL && plan->count >= 0);
    int count = plan->count;
    int room = objective_room(plan->study);
    int groups = (count + room - 1) / room;
    groups = groups == 1 && count >= SHARE_FROM ? 2 : groups;
    Deal deal = {.plan = plan, .group_size = groups > 0 ? (count + groups - 1) / groups : 1};
    WorkPlan work = {.jobs = plan->jobs,
                     .count = (count + deal.group_size - 1) / deal.group_size,
                     .shared = &deal,
                     .open = open_worker,
                     .work = work_group,
                     .close = close_worker,
                     .stop = plan->stop};
    return workers_run(&work, error);
}
