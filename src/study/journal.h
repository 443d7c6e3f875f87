/* journal.h: the rounds of a fit on disk, so that one that was killed goes on where it was.
 *
 * A record holds what the trials of one round brought. A resumed fit asks the same questions in the
 * same order (searches are deterministic, and so is who meets in a round); those that the journal
 * knows are answered from it, bit by bit. A record that was cut off by a kill is dropped.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_JOURNAL_H
#define STROMA_STUDY_JOURNAL_H

#include "study/objective.h"

typedef struct Journal Journal;

typedef enum { JOURNAL_NEW, JOURNAL_RESUMED, JOURNAL_OTHER, JOURNAL_FILE } JournalStatus;

/* `key` is everything that the results depend on. resume: a journal that is there is read; else it
 * is replaced. JOURNAL_OTHER: it belongs to another fit. JOURNAL_FILE: errno. */
JournalStatus journal_open(Arena *arena, const char *path, const Study *study, const char *key,
                           bool resume, Journal **journal);
void journal_close(Journal *journal);
/* Rounds that were read. */
long journal_count(const Journal *journal);

/* Any thread may call these. True: the trials have been answered. */
bool journal_find(Journal *journal, int group, long round, Trial *const *trials, int count);
/* False: errno. */
bool journal_add(Journal *journal, int group, long round, Trial *const *trials, int count);

#endif
