/* test_arena.c: memory with one lifetime: alignment, zeroing, marks, growth, and what happens when
 * the system has none left. SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/arena.h"
#include "base/text.h"
#include "unit/suite.h"

#include <setjmp.h>
#include <stdint.h>
#include <string.h>

static void test_memory_is_zeroed_and_aligned(void)
{
    Arena *arena = arena_new();
    for (size_t bytes = 0; bytes < 5000; bytes += 37) {
        unsigned char *memory = arena_alloc(arena, bytes);
        CU_ASSERT_EQUAL_FATAL((uintptr_t)memory % 64, 0);
        for (size_t i = 0; i < bytes; i++) {
            CU_ASSERT_EQUAL_FATAL(memory[i], 0);
        }
        memset(memory, 0xa5, bytes);
    }
    arena_free(arena);
}

static void test_pieces_do_not_overlap(void)
{
    enum { PIECES = 300 };
    Arena *arena = arena_new();
    unsigned char *pieces[PIECES];
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = arena_alloc(arena, i * 11 + 1);
        memset(pieces[i], (int)(i & 0xff), i * 11 + 1);
    }
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t k = 0; k < i * 11 + 1; k++) {
            CU_ASSERT_EQUAL_FATAL(pieces[i][k], i & 0xff);
        }
    }
    arena_free(arena);
}

static void test_rewind_gives_the_memory_back_zeroed(void)
{
    Arena *arena = arena_new();
    char *kept = arena_copy(arena, "kept", 4);
    ArenaMark mark = arena_mark(arena);
    size_t before = arena_bytes(arena);
    unsigned char *scratch = arena_alloc(arena, 100);
    memset(scratch, 0xff, 100);
    arena_alloc(arena, 3u << 20); // surely a chunk of its own
    CU_ASSERT(arena_bytes(arena) >= before + (3u << 20));
    arena_rewind(arena, mark);
    CU_ASSERT_EQUAL(arena_bytes(arena), before);
    unsigned char *again = arena_alloc(arena, 100);
    CU_ASSERT_PTR_EQUAL(again, scratch);
    CU_ASSERT_EQUAL(again[0], 0);
    CU_ASSERT_EQUAL(again[99], 0);
    CU_ASSERT_STRING_EQUAL(kept, "kept");
    arena_free(arena);
}

static void test_rewind_to_the_empty_arena(void)
{
    Arena *arena = arena_new();
    ArenaMark mark = arena_mark(arena);
    arena_alloc(arena, 10);
    arena_alloc(arena, 100000);
    CU_ASSERT(arena_chunks(arena) >= 2);
    arena_rewind(arena, mark);
    CU_ASSERT_EQUAL(arena_bytes(arena), 0);
    CU_ASSERT_PTR_NOT_NULL(arena_alloc(arena, 1));
    arena_free(arena);
}

static void test_scratch_in_a_loop_does_not_grow(void)
{
    Arena *arena = arena_new();
    arena_alloc(arena, 1);
    size_t chunks = arena_chunks(arena);
    for (int i = 0; i < 10000; i++) {
        ArenaMark mark = arena_mark(arena);
        arena_alloc(arena, 1000);
        arena_rewind(arena, mark);
    }
    CU_ASSERT_EQUAL(arena_chunks(arena), chunks);
    arena_free(arena);
}

static void test_grow_keeps_what_was_there(void)
{
    Arena *arena = arena_new();
    int *items = NULL;
    size_t capacity = 0;
    for (size_t count = 0; count < 1000; count++) {
        items = arena_grow(arena, items, count, &capacity, sizeof *items);
        CU_ASSERT_FATAL(capacity > count);
        items[count] = (int)(3 * count);
    }
    for (size_t i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL_FATAL(items[i], (int)(3 * i));
    }
    arena_free(arena);
}

static void test_copy_and_format(void)
{
    Arena *arena = arena_new();
    CU_ASSERT_STRING_EQUAL(arena_copy(arena, "abcdef", 3), "abc");
    CU_ASSERT_STRING_EQUAL(arena_copy(arena, NULL, 0), "");
    CU_ASSERT_STRING_EQUAL(arena_format(arena, "%s-%d", "x", 7), "x-7");
    char *wide = arena_format(arena, "%20000d", 1);
    CU_ASSERT_EQUAL(strlen(wide), 20000);
    arena_free(arena);
}

static void test_text_grows(void)
{
    Arena *arena = arena_new();
    Text text = text_new(arena);
    CU_ASSERT_STRING_EQUAL(text.data, "");
    for (int i = 0; i < 1000; i++) {
        text_string(&text, "ab");
        text_add(&text, "cX", 1);
    }
    text_format(&text, "%s", "!");
    text_number(&text, 0.1);
    CU_ASSERT_EQUAL(text.length, 3004);
    CU_ASSERT_EQUAL(text.length, strlen(text.data));
    CU_ASSERT_STRING_EQUAL(text.data + 2997, "abc!0.1");
    arena_free(arena);
}

typedef struct {
    jmp_buf back;
    size_t bytes;
    int calls;
} Refusal;

static void note_refusal(void *context, size_t bytes)
{
    Refusal *refusal = context;
    refusal->bytes = bytes;
    refusal->calls++;
    longjmp(refusal->back, 1);
}

static void test_the_handler_is_called_when_memory_runs_out(void)
{
    Arena *arena = arena_new();
    Refusal refusal = {.calls = 0};
    arena_on_out_of_memory(arena, note_refusal, &refusal);
    char *kept = arena_copy(arena, "kept", 4);
    if (setjmp(refusal.back) == 0) {
        arena_alloc(arena, SIZE_MAX - 100);
        CU_FAIL("an impossible size was given");
    }
    CU_ASSERT_EQUAL(refusal.calls, 1);
    CU_ASSERT_EQUAL(refusal.bytes, SIZE_MAX - 100);
    CU_ASSERT_STRING_EQUAL(kept, "kept");
    CU_ASSERT_PTR_NOT_NULL(arena_alloc(arena, 100)); // the arena is still good
    arena_free(arena);
}

static void test_a_product_that_overflows_is_out_of_memory(void)
{
    Arena *arena = arena_new();
    Refusal refusal = {.calls = 0};
    arena_on_out_of_memory(arena, note_refusal, &refusal);
    if (setjmp(refusal.back) == 0) {
        arena_array(arena, SIZE_MAX / 2, 16); // wraps to a small number when multiplied
        CU_FAIL("an overflowing product was given");
    }
    CU_ASSERT_EQUAL(refusal.calls, 1);
    arena_free(arena);
}

static void test_free_accepts_null(void)
{
    arena_free(NULL);
    CU_PASS("it came back");
}

SUITE("arena", TEST(test_memory_is_zeroed_and_aligned), TEST(test_pieces_do_not_overlap),
      TEST(test_rewind_gives_the_memory_back_zeroed), TEST(test_rewind_to_the_empty_arena),
      TEST(test_scratch_in_a_loop_does_not_grow), TEST(test_grow_keeps_what_was_there),
      TEST(test_copy_and_format), TEST(test_text_grows),
      TEST(test_the_handler_is_called_when_memory_runs_out),
      TEST(test_a_product_that_overflows_is_out_of_memory), TEST(test_free_accepts_null))
