/* data_run.h: runs the subjects of a data file in every arm of a study.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_DATA_RUN_H
#define STROMA_STUDY_DATA_RUN_H

#include "study/run.h"

/* study_run for a study with data: the table has the rows of arm after arm, subject after subject,
 * in time. False only when the solver library cannot be set up. */
bool data_run(const Study *study, const RunOptions *options, const Tape *tape, Arena *arena,
              RunResult *result);

/* What subject `index` of the file brings to a pack in an arm; it points into the study and arena.
 */
SubjectInput data_input(const Study *study, int arm, int index, Arena *arena);

#endif
