/* run.h: what the files of this floor share: the tape of a study and its arms as subjects.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_RUN_H
#define STROMA_STUDY_RUN_H

#include "study/study.h"

/* The model of a study compiled with its outputs as PROGRAM_OBSERVE. */
const Tape *study_tape(const Study *study, Arena *arena);

/* Most lanes of a pack for this model, when nobody asks for a number. */
int study_lanes(const Study *study);
/* Subjects of a pack where there are so many: with steps of their own, some wait their turn. */
int study_crowd(const Study *study, int subjects);

/* The columns arm, id, time and the outputs, with room for so many rows of an arm at each time. */
Table *study_table(const Study *study, Arena *arena, int rows);

void study_add_stats(SolverStats *sum, const SolverStats *pack);

/* What an arm brings to a pack; it points into the study. */
SubjectInput study_subject(const Study *study, int arm);

/* The schedule of every arm (arm_count), in `arena`; *pack is a pack that still holds them all as
 * lanes 0 .. arm_count-1, or NULL if they are more than `lanes`. False if no pack can be opened. */
bool study_schedules(const Study *study, const Tape *tape, int lanes, Arena *arena,
                     Schedule *schedules, Pack **pack);

/* Adds a line of a subject's ledger to that of its arm. */
void study_add_ledger(Arena *arena, ArmLedger *sum, const LedgerLine *line);

/* The text of a unit, "" if there is none. */
const char *study_unit(Unit unit);

#endif
