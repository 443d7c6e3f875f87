/* spool.h: results of a population on disk while it runs: every unit at an address of its own.
 *
 * A unit is one pack of subjects of one arm. Its values go to a place of the spool file that only
 * its number decides, then a record is appended to the journal: which unit, a hash of the values,
 * how the lanes ended, what it cost. The journal decides what is done: after a crash whatever has
 * no whole record, or values of another hash, is run again. Results are made from the spool in the
 * order of subjects, so they cannot depend on who finished first.
 *
 * Both files are hidden (.NAME.spool, .NAME.journal; of a shard .NAME.shard-2-of-5.spool ...) and
 * removed when the results are complete. One writer may work on them at a time (they are locked).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_SPOOL_H
#define STROMA_STUDY_SPOOL_H

#include "simulate/simulate.h"

enum { SPOOL_HASH_SIZE = 65 };

typedef struct Spool Spool;

/* What a spool holds; written at its head. */
typedef struct {
    char hash[SPOOL_HASH_SIZE]; // of the study: only the same study may go on with it
    int shard, shard_count;     // 1-based: units u with u % shard_count == shard - 1
    int unit_count;             // of all shards together
    int lanes;                  // of a unit
    int rows;                   // values of a lane
    const char *call;           // how it was called, for merging
} SpoolShape;

/* How the subject of one lane ended, if not well. */
typedef struct {
    int lane;
    int kind; // OutcomeKind
    double time;
    int state;          // -1: none
    const char *line;   // file:line of the model, "" if not known
    const char *reason; // in words
} SpoolFailure;

/* What the journal keeps of a unit. */
typedef struct {
    int unit;
    int lane_count;      // subjects in it
    const int *attempts; // (lane_count) draws that were refused before this one
    SolverStats stats;
    const SpoolFailure *failures; // (failure_count)
    int failure_count;
} SpoolRecord;

typedef enum {
    SPOOL_OK,
    SPOOL_FILE,  // errno says why
    SPOOL_OTHER, // it belongs to another study (or another shard of it)
    SPOOL_BUSY,  // another process works on it
    SPOOL_DAMAGED
} SpoolStatus;

/* The path without ending of a spool in a folder: folder/.NAME or folder/.NAME.shard-i-of-n. */
const char *spool_stem(Arena *arena, const char *folder, const char *name, int shard,
                       int shard_count);

/* Begins anew; what was there is lost. */
SpoolStatus spool_create(Arena *arena, const char *stem, const SpoolShape *shape, Spool **spool);

/* Opens what is there and checks the values of every unit. With `shape` it must be that one. */
SpoolStatus spool_open(Arena *arena, const char *stem, const SpoolShape *shape, Spool **spool);

const SpoolShape *spool_shape(const Spool *spool);
bool spool_has(const Spool *spool, int unit);
int spool_done(const Spool *spool); // units that are there

/* Adds a unit: rows × lanes values. Threads may call it at the same time. False: errno says why. */
bool spool_put(Spool *spool, const double *values, const SpoolRecord *record);

/* Rows first .. first + count - 1 of a unit that is there: count × lanes values. */
bool spool_read(const Spool *spool, int unit, int first, int count, double *values);

/* The record of a unit that is there; its memory comes from `arena`. */
bool spool_record(const Spool *spool, int unit, Arena *arena, SpoolRecord *record);

/* Bytes on disk of the values of all units of this spool. */
double spool_bytes(const SpoolShape *shape);

void spool_close(Spool *spool); // NULL is accepted
/* Closes and removes both files. */
void spool_remove(Spool *spool);

#endif
