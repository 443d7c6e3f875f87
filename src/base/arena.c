/* arena.c: region memory. Chunks form a list, newest first; alloc bumps a pointer in the newest
 * one. A mark is a chunk and a fill; rewinding frees the chunks made since. Memory handed out is
 * zeroed, so that no object starts with leftovers. SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, FIRST_CHUNK = 16 * 1024, LARGEST_CHUNK = 1024 * 1024 };

typedef struct Chunk {
    struct Chunk *older;
    size_t size; // bytes at data
    size_t used;
    _Alignas(ALIGNMENT) unsigned char data[];
} Chunk;

struct Arena {
    Chunk *newest;
    size_t bytes;
    size_t chunks;
    size_t next_size;
    ArenaOutOfMemory *handler;
    void *context;
};

static void print_and_abort(void *context, size_t bytes)
{
    (void)context;
    fprintf(stderr, "stroma: out of memory (%zu bytes asked for)\n", bytes);
    abort();
}

Arena *arena_new(void)
{
    Arena *arena = calloc(1, sizeof *arena);
    if (!arena) {
        print_and_abort(NULL, sizeof *arena);
        return NULL;
    }
    arena->next_size = FIRST_CHUNK;
    arena->handler = print_and_abort;
    return arena;
}

void arena_free(Arena *arena)
{
    if (!arena) {
        return;
    }
    for (Chunk *chunk = arena->newest; chunk;) {
        Chunk *older = chunk->older;
        free(chunk);
        chunk = older;
    }
    free(arena);
}

void arena_on_out_of_memory(Arena *arena, ArenaOutOfMemory *handler, void *context)
{
    assert(arena && handler);
    arena->handler = handler;
    arena->context = context;
}

static size_t round_up(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/* A new chunk that holds at least `bytes`. */
static void add_chunk(Arena *arena, size_t bytes)
{
    size_t size = bytes > arena->next_size ? bytes : arena->next_size;
    Chunk *chunk = NULL;
    if (size <= SIZE_MAX - sizeof *chunk - ALIGNMENT) {
        chunk = aligned_alloc(ALIGNMENT, round_up(sizeof *chunk + size));
    }
    if (!chunk) {
        arena->handler(arena->context, bytes);
        abort(); // the handler must not return
    }
    chunk->older = arena->newest;
    chunk->size = size;
    chunk->used = 0;
    arena->newest = chunk;
    arena->bytes += size;
    arena->chunks += 1;
    if (arena->next_size < LARGEST_CHUNK) {
        arena->next_size *= 2;
    }
}

void *arena_alloc(Arena *arena, size_t bytes)
{
    assert(arena);
    if (bytes > SIZE_MAX / 2) {
        arena->handler(arena->context, bytes);
        abort();
    }
    size_t rounded = round_up(bytes ? bytes : 1);
    if (!arena->newest || arena->newest->size - arena->newest->used < rounded) {
        add_chunk(arena, rounded);
    }
    Chunk *chunk = arena->newest;
    void *memory = chunk->data + chunk->used;
    chunk->used += rounded;
    memset(memory, 0, bytes);
    return memory;
}

void *arena_array(Arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / 2 / size) {
        arena->handler(arena->context, SIZE_MAX);
        abort();
    }
    return arena_alloc(arena, count * size);
}

void *arena_grow(Arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
    assert(count <= *capacity);
    if (count < *capacity) {
        return items;
    }
    size_t larger = *capacity ? *capacity * 2 : 8;
    void *copy = arena_array(arena, larger, size);
    if (count) {
        memcpy(copy, items, count * size);
    }
    *capacity = larger;
    return copy;
}

char *arena_copy(Arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    if (length) {
        memcpy(copy, text, length);
    }
    return copy;
}

char *arena_format(Arena *arena, const char *format, ...)
{
    char short_text[256]; // nearly all fit: one pass instead of two
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(short_text, sizeof short_text, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    char *text = NULL;
    if ((size_t)length < sizeof short_text) {
        text = arena_copy(arena, short_text, (size_t)length);
    } else {
        text = arena_alloc(arena, (size_t)length + 1);
        vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    return text;
}

ArenaMark arena_mark(Arena *arena)
{
    assert(arena);
    return (ArenaMark){arena->newest, arena->newest ? arena->newest->used : 0};
}

void arena_rewind(Arena *arena, ArenaMark mark)
{
    while (arena->newest != mark.chunk) {
        assert(arena->newest); // the mark belongs to another arena, or is older than a rewind
        Chunk *chunk = arena->newest;
        arena->newest = chunk->older;
        arena->bytes -= chunk->size;
        free(chunk);
    }
    if (arena->newest) {
        assert(mark.used <= arena->newest->used);
        arena->newest->used = mark.used;
    }
}

size_t arena_bytes(const Arena *arena)
{
    return arena->bytes;
}

size_t arena_chunks(const Arena *arena)
{
    return arena->chunks;
}
