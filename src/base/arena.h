/* arena.h: memory with one lifetime.
 *
 * Every object of stroma takes its memory from an Arena and is freed with it, all at once. An arena
 * grows by chunks; a mark taken in a function and rewound in the same function gives scratch
 * memory. Nobody else calls malloc.
 *
 * Errors: when the system has no memory left, the arena calls its handler (default: one line on
 * stderr, then abort), so callers never see NULL. An Arena belongs to one thread at a time.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_BASE_ARENA_H
#define STROMA_BASE_ARENA_H

#include <stddef.h>

typedef struct Arena Arena;

/* Called when the system refuses `bytes`; must not return (it may longjmp). */
typedef void ArenaOutOfMemory(void *context, size_t bytes);

typedef struct {
    void *chunk;
    size_t used;
} ArenaMark;

/* A new empty arena; the caller frees it with arena_free. */
Arena *arena_new(void);

/* Frees the arena and everything in it. NULL is accepted. */
void arena_free(Arena *arena);

/* Sets what is called when memory runs out. */
void arena_on_out_of_memory(Arena *arena, ArenaOutOfMemory *handler, void *context);

/* `bytes` of zeroed memory, aligned to 64 bytes, valid until the arena is freed or rewound. */
void *arena_alloc(Arena *arena, size_t bytes);

/* count × size zeroed bytes; an overflowing product counts as out of memory. */
void *arena_array(Arena *arena, size_t count, size_t size);

/* Makes room for one more element at items[count]: returns `items`, or a copy twice as large.
 * `capacity` is updated. Start with NULL, 0, 0. */
void *arena_grow(Arena *arena, void *items, size_t count, size_t *capacity, size_t size);

/* A NUL-terminated copy of length bytes of text. */
char *arena_copy(Arena *arena, const char *text, size_t length);

/* printf into the arena (locale-dependent %g is not for numbers that are read back: number.h). */
char *arena_format(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

ArenaMark arena_mark(Arena *arena);
void arena_rewind(Arena *arena, ArenaMark mark);

/* Bytes taken from the system so far, and the number of times it was asked. */
size_t arena_bytes(const Arena *arena);
size_t arena_chunks(const Arena *arena);

#endif
