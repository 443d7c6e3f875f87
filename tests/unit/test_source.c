/* test_source.c: files as text with lines: places, spans, and what is refused.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/source.h"
#include "unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const Source *source_of(Arena *arena, const char *text)
{
    return source_from_text(arena, "test", text, strlen(text));
}

static void expect_place(const Source *source, uint32_t offset, int line, int column)
{
    int found_line = 0;
    int found_column = 0;
    source_locate(source, offset, &found_line, &found_column);
    CU_ASSERT_EQUAL(found_line, line);
    CU_ASSERT_EQUAL(found_column, column);
}

static void expect_line(const Source *source, int line, const char *text)
{
    uint32_t length = 0;
    const char *start = source_line(source, line, &length);
    CU_ASSERT_EQUAL(length, strlen(text));
    CU_ASSERT_NSTRING_EQUAL(start, text, strlen(text));
}

static void test_lines_and_columns(void)
{
    Arena *arena = arena_new();
    const Source *source = source_of(arena, "ab\n\ncde\r\nf");
    CU_ASSERT_EQUAL(source->n_line, 4);
    expect_place(source, 0, 1, 1);
    expect_place(source, 1, 1, 2);
    expect_place(source, 2, 1, 3); // the newline itself
    expect_place(source, 3, 2, 1);
    expect_place(source, 4, 3, 1);
    expect_place(source, 9, 4, 1);
    expect_place(source, 10, 4, 2);  // the end of the text
    expect_place(source, 999, 4, 2); // beyond it
    expect_line(source, 1, "ab");
    expect_line(source, 2, "");
    expect_line(source, 3, "cde"); // without the carriage return
    expect_line(source, 4, "f");
    arena_free(arena);
}

static void test_columns_count_characters_not_bytes(void)
{
    Arena *arena = arena_new();
    const Source *source = source_of(arena, "µg/\xe2\x88\x9e x\n");
    expect_place(source, 2, 1, 2); // behind the two bytes of µ
    expect_place(source, 8, 1, 6); // the x, behind three bytes of ∞
    arena_free(arena);
}

static void test_byte_order_mark_is_stripped(void)
{
    Arena *arena = arena_new();
    const Source *source = source_of(arena, "\xef\xbb\xbfmodel");
    CU_ASSERT_STRING_EQUAL(source->text, "model");
    CU_ASSERT_EQUAL(source->length, 5);
    CU_ASSERT_STRING_EQUAL(source_of(arena, "\xef\xbb\xbf\xef\xbb\xbf"
                                            "x")
                               ->text,
                           "x");
    arena_free(arena);
}

static void test_empty_text_has_one_line(void)
{
    Arena *arena = arena_new();
    const Source *source = source_of(arena, "");
    CU_ASSERT_EQUAL(source->n_line, 1);
    expect_place(source, 0, 1, 1);
    expect_line(source, 1, "");
    arena_free(arena);
}

static void test_spans(void)
{
    Arena *arena = arena_new();
    const Source *source = source_of(arena, "alpha + beta");
    Span alpha = {source, 0, 5};
    Span beta = {source, 8, 4};
    CU_ASSERT_STRING_EQUAL(span_text(arena, beta), "beta");
    CU_ASSERT_STRING_EQUAL(span_text(arena, span_join(alpha, beta)), "alpha + beta");
    CU_ASSERT_STRING_EQUAL(span_text(arena, span_join(beta, alpha)), "alpha + beta");
    CU_ASSERT_STRING_EQUAL(span_text(arena, (Span){NULL, 0, 0}), "");
    CU_ASSERT_STRING_EQUAL(span_text(arena, (Span){source, 8, 100}), "beta");
    arena_free(arena);
}

/* Writes bytes to a file of its own and reads it back as a Source. */
static SourceStatus read_bytes(Arena *arena, const void *bytes, size_t length,
                               const Source **source)
{
    char path[] = "/tmp/stroma-source-XXXXXX";
    int handle = mkstemp(path);
    CU_ASSERT_FATAL(handle >= 0);
    CU_ASSERT_EQUAL_FATAL(write(handle, bytes, length), (ssize_t)length);
    close(handle);
    SourceStatus status = source_read(arena, path, source);
    unlink(path);
    return status;
}

static void test_reading_files(void)
{
    Arena *arena = arena_new();
    const Source *source = NULL;
    CU_ASSERT_EQUAL(read_bytes(arena, "one\ntwo\n", 8, &source), SOURCE_OK);
    CU_ASSERT_STRING_EQUAL(source->text, "one\ntwo\n");
    CU_ASSERT_EQUAL(read_bytes(arena, "", 0, &source), SOURCE_OK);
    CU_ASSERT_EQUAL(source->length, 0);
    char *large = arena_alloc(arena, 1000000);
    memset(large, 'x', 1000000);
    CU_ASSERT_EQUAL(read_bytes(arena, large, 1000000, &source), SOURCE_OK);
    CU_ASSERT_EQUAL(source->length, 1000000);
    CU_ASSERT_EQUAL(source->text[999999], 'x');
    arena_free(arena);
}

static void test_what_is_refused(void)
{
    Arena *arena = arena_new();
    const Source *source = NULL;
    CU_ASSERT_EQUAL(source_read(arena, "/nowhere/at/all", &source), SOURCE_MISSING);
    CU_ASSERT_EQUAL(source_read(arena, "/tmp", &source), SOURCE_DIRECTORY);
    CU_ASSERT_EQUAL(source_read(arena, "/dev/zero", &source), SOURCE_TOO_LARGE);
    CU_ASSERT_EQUAL(read_bytes(arena, "a\0b", 3, &source), SOURCE_ZERO_BYTE);
    CU_ASSERT_EQUAL(read_bytes(arena,
                               "\x7f"
                               "ELF\x02\x01\x01\xff",
                               8, &source),
                    SOURCE_NOT_UTF8);
    CU_ASSERT_EQUAL(read_bytes(arena, "caf\xe9\n", 5, &source), SOURCE_NOT_UTF8); // Latin-1
    CU_ASSERT_STRING_EQUAL(source->text, "caf");                                  // where it stands
    CU_ASSERT_EQUAL(read_bytes(arena, "\xc0\xaf", 2, &source), SOURCE_NOT_UTF8);  // overlong /
    CU_ASSERT_EQUAL(read_bytes(arena, "\xe0\x80\xaf", 3, &source), SOURCE_NOT_UTF8); // overlong
    CU_ASSERT_EQUAL(read_bytes(arena, "\xed\xa0\x80", 3, &source), SOURCE_NOT_UTF8); // surrogate
    CU_ASSERT_EQUAL(read_bytes(arena, "\xf4\x90\x80\x80", 4, &source), SOURCE_NOT_UTF8); // too high
    CU_ASSERT_EQUAL(read_bytes(arena, "x\xe2\x88", 3, &source), SOURCE_NOT_UTF8);        // cut off
    CU_ASSERT_EQUAL(read_bytes(arena, "\xf0\x9f\x92\x8a\n", 5, &source), SOURCE_OK);     // a pill
    CU_ASSERT_PTR_NULL(strstr(source_status_text(SOURCE_MISSING), "\n"));
    arena_free(arena);
}

SUITE("source", TEST(test_lines_and_columns), TEST(test_columns_count_characters_not_bytes),
      TEST(test_byte_order_mark_is_stripped), TEST(test_empty_text_has_one_line), TEST(test_spans),
      TEST(test_reading_files), TEST(test_what_is_refused))
