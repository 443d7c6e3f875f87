/* crew.h: searches that run in step, so that their trials share lanes.
 *
 * Each member of a crew is a thread with a search of its own. A member that asks waits until every
 * other member that still searches has asked too; then all trials run together, and all go on. So
 * the trials that meet in a pack are the same in every run, whatever the threads do, and a journal
 * of the rounds replays them bit by bit. SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_CREW_H
#define STROMA_STUDY_CREW_H

#include "study/journal.h"
#include "study/objective.h"

typedef struct Crew Crew;
typedef struct {
    Crew *crew;
    int number; // 0 .. members-1
} CrewMember;

/* What a member does; it returns when its search has ended. */
typedef void CrewBody(void *context, const CrewMember *member);

/* Runs the members to their ends. `group` tells the rounds of this crew from those of others in the
 * journal (which may be NULL). False: a thread could not be started, or the journal not be written
 * (errno). */
bool crew_run(Objective *objective, Journal *journal, int group, int members, CrewBody *body,
              void *context);

/* For a member: runs a trial. False: interrupted. */
bool crew_ask(const CrewMember *member, Trial *trial);

#endif
