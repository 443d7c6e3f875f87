/* file.h: files that appear under their final name only when they are complete.
 *
 * file_create opens a temporary file beside the path; file_commit flushes, checks, closes and
 * renames it; file_abandon removes it. An OutFile that was not committed leaves nothing behind.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_BASE_FILE_H
#define STROMA_BASE_FILE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct OutFile OutFile;

/* Opens `path` for writing; "-" is standard output. NULL on failure: errno says why. */
OutFile *file_create(Arena *arena, const char *path);

/* The same with the temporary name NAME.part, which others may follow meanwhile: what was written
 * so far is there after file_flush. */
OutFile *file_create_followed(Arena *arena, const char *path);
void file_flush(OutFile *file);

/* Appends bytes (buffered). Errors are kept and reported by file_commit. */
void file_write(OutFile *file, const void *bytes, size_t length);

/* A piece that is written beforehand, in memory, by a thread of its own perhaps: it goes into a
 * file by file_append, which leaves it empty, and is not committed. */
OutFile *file_piece(Arena *arena);
void file_append(OutFile *file, OutFile *piece);

/* True when everything has reached the disk under the final name; else errno says why and nothing
 * is left. The handle is dead afterwards. */
bool file_commit(OutFile *file);
/* The same where what was there is worth keeping until then: it is replaced at one stroke, after
 * the new text has reached the disk, and keeps its permissions. */
bool file_replace(OutFile *file);
void file_abandon(OutFile *file);

/* Path of the temporary file, for a process that writes it itself (gnuplot). */
const char *file_temporary(const OutFile *file);

/* Makes a folder and its parents; true if it exists afterwards. */
bool file_make_folder(const char *path);
bool file_exists(const char *path);

/* The folder part of a path ("." if none), the last part, and the last part without its ending. */
char *file_folder(Arena *arena, const char *path);
const char *file_base(const char *path);
char *file_stem(Arena *arena, const char *path);
char *file_join(Arena *arena, const char *folder, const char *name);

/* SHA-256 of bytes as 64 hexadecimal digits. */
void file_hash(const void *bytes, size_t length, char out[65]);

#endif
