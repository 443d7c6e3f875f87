/* test_diag.c: the exact text of a message: head line, excerpt, caret, hint, note, order, limit.
 *
 * The codes come from faults.def as it is; the first error and the first warning of it are used, so
 * that these tests do not depend on what any code means.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/diag.h"
#include "unit/suite.h"

#include <ctype.h>
#include <string.h>

typedef struct {
    Arena *arena;
    Diag *diag;
    const Source *source;
    const char *code; // of the first error of faults.def
} Scene;

static Fault first_of(Severity severity)
{
    for (Fault fault = (Fault)0; fault < FAULT_COUNT; fault++) {
        if (fault_severity(fault) == severity) {
            return fault;
        }
    }
    return FAULT_COUNT;
}

static Scene open_scene(const char *text)
{
    Scene scene;
    scene.arena = arena_new();
    scene.diag = diag_new(scene.arena);
    scene.source = source_from_text(scene.arena, "models/pk.stroma", text, strlen(text));
    scene.code = fault_code(first_of(SEVERITY_ERROR));
    return scene;
}

/* The span of the first occurrence of `word`. */
static Span span_of(const Scene *scene, const char *word)
{
    const char *found = strstr(scene->source->text, word);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    return (Span){scene->source, (uint32_t)(found - scene->source->text), (uint32_t)strlen(word)};
}

static void expect_text(const Scene *scene, const char *expected)
{
    Text text = text_new(scene->arena);
    diag_print(scene->diag, &text, false);
    CU_ASSERT_STRING_EQUAL(text.data, expected);
    if (strcmp(text.data, expected) != 0) {
        printf("\n--- found\n%s--- expected\n%s---\n", text.data, expected);
    }
}

static void test_the_form_of_the_house(void)
{
    Scene scene = open_scene("model pk\n\n\n\n\n\n\n\n\n\n\n"
                             "  rate central = -clearence / volume * central\n");
    diag_report(scene.diag, first_of(SEVERITY_ERROR), span_of(&scene, "clearence"),
                "'%s' is not a parameter, state or expression", "clearence");
    diag_hint(scene.diag, "did you mean '%s' (line %d)?", "clearance", 4);
    expect_text(
        &scene,
        arena_format(scene.arena,
                     "models/pk.stroma:12:19: error %s: 'clearence' is not a parameter, "
                     "state or expression\n"
                     "   12 |   rate central = -clearence / volume * central\n"
                     "      |                   ^~~~~~~~~ did you mean 'clearance' (line 4)?\n",
                     scene.code));
    CU_ASSERT_EQUAL(diag_errors(scene.diag), 1);
    CU_ASSERT_EQUAL(diag_warnings(scene.diag), 0);
    arena_free(scene.arena);
}

static void test_tabs_and_wide_characters_keep_the_caret_in_line(void)
{
    Scene scene = open_scene("\tµ = ¼ * wrong\n");
    diag_report(scene.diag, first_of(SEVERITY_ERROR), span_of(&scene, "wrong"), "bad");
    expect_text(&scene, arena_format(scene.arena,
                                     "models/pk.stroma:1:10: error %s: bad\n"
                                     "    1 | \tµ = ¼ * wrong\n"
                                     "      | \t        ^~~~~\n",
                                     scene.code));
    arena_free(scene.arena);
}

static void test_reports_are_sorted_by_place(void)
{
    Scene scene = open_scene("one\ntwo\nthree\n");
    diag_report(scene.diag, first_of(SEVERITY_ERROR), span_of(&scene, "three"), "third");
    diag_report(scene.diag, first_of(SEVERITY_ERROR), span_of(&scene, "one"), "first");
    diag_note(scene.diag, span_of(&scene, "two"), "see here");
    expect_text(&scene, arena_format(scene.arena,
                                     "models/pk.stroma:1:1: error %s: first\n"
                                     "    1 | one\n"
                                     "      | ^~~\n"
                                     "models/pk.stroma:2:1: note: see here\n"
                                     "    2 | two\n"
                                     "      | ^~~\n"
                                     "models/pk.stroma:3:1: error %s: third\n"
                                     "    3 | three\n"
                                     "      | ^~~~~\n",
                                     scene.code, scene.code));
    CU_ASSERT_EQUAL(diag_count(scene.diag), 2);
    CU_ASSERT_EQUAL(diag_fault(scene.diag, 1), first_of(SEVERITY_ERROR));
    arena_free(scene.arena);
}

static void test_a_report_without_a_place(void)
{
    Scene scene = open_scene("");
    diag_report(scene.diag, first_of(SEVERITY_ERROR), (Span){NULL, 0, 0}, "nowhere");
    diag_hint(scene.diag, "look there");
    expect_text(&scene, arena_format(scene.arena,
                                     "stroma: error %s: nowhere\n"
                                     "      = look there\n",
                                     scene.code));
    arena_free(scene.arena);
}

static void test_a_place_at_the_end_of_the_text(void)
{
    Scene scene = open_scene("state x =");
    diag_report(scene.diag, first_of(SEVERITY_ERROR), (Span){scene.source, 9, 0}, "it ends here");
    expect_text(&scene, arena_format(scene.arena,
                                     "models/pk.stroma:1:10: error %s: it ends here\n"
                                     "    1 | state x =\n"
                                     "      |          ^\n",
                                     scene.code));
    arena_free(scene.arena);
}

static void test_a_span_over_lines_marks_the_first(void)
{
    Scene scene = open_scene("a = b +\n    c\n");
    diag_report(scene.diag, first_of(SEVERITY_ERROR), (Span){scene.source, 4, 9}, "bad");
    expect_text(&scene, arena_format(scene.arena,
                                     "models/pk.stroma:1:5: error %s: bad\n"
                                     "    1 | a = b +\n"
                                     "      |     ^~~\n",
                                     scene.code));
    arena_free(scene.arena);
}

static void test_a_very_long_line_is_cut_around_the_place(void)
{
    char line[100001];
    memset(line, '(', 100000);
    line[100000] = '\0';
    Scene scene = open_scene(line);
    diag_report(scene.diag, first_of(SEVERITY_ERROR), (Span){scene.source, 50000, 1}, "too deep");
    Text text = text_new(scene.arena);
    diag_print(scene.diag, &text, false);
    CU_ASSERT(text.length < 400);
    CU_ASSERT_PTR_NOT_NULL(strstr(text.data, "models/pk.stroma:1:50001: error"));
    CU_ASSERT_PTR_NOT_NULL(strchr(text.data, '^'));
    arena_free(scene.arena);
}

static void test_control_characters_do_not_reach_the_terminal(void)
{
    Scene scene = open_scene("a \033[31m b\n");
    diag_report(scene.diag, first_of(SEVERITY_ERROR), span_of(&scene, "b"), "bad");
    Text text = text_new(scene.arena);
    diag_print(scene.diag, &text, false);
    CU_ASSERT_PTR_NULL(strchr(text.data, '\033'));
    text = text_new(scene.arena);
    diag_print(scene.diag, &text, true);
    CU_ASSERT_PTR_NOT_NULL(strchr(text.data, '\033')); // ours, asked for
    arena_free(scene.arena);
}

static void test_after_twenty_errors_they_are_only_counted(void)
{
    Scene scene = open_scene("x\n");
    for (int i = 0; i < 25; i++) {
        diag_report(scene.diag, first_of(SEVERITY_ERROR), span_of(&scene, "x"), "error %d", i);
        diag_hint(scene.diag, "hint %d", i);
    }
    CU_ASSERT_EQUAL(diag_errors(scene.diag), 25);
    CU_ASSERT_EQUAL(diag_count(scene.diag), DIAG_MAX_ERRORS);
    Text text = text_new(scene.arena);
    diag_print(scene.diag, &text, false);
    CU_ASSERT_PTR_NOT_NULL(strstr(text.data, "error 19"));
    CU_ASSERT_PTR_NULL(strstr(text.data, "error 20"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text.data, "hint 19"));
    CU_ASSERT_PTR_NULL(strstr(text.data, "hint 20"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text.data, "5 more errors"));
    arena_free(scene.arena);
}

static void test_a_warning_is_no_error(void)
{
    Fault warning = first_of(SEVERITY_WARNING);
    if (warning == FAULT_COUNT) {
        printf(" (left out: faults.def holds no warning)");
        return;
    }
    Scene scene = open_scene("x\n");
    diag_report(scene.diag, warning, span_of(&scene, "x"), "hm");
    CU_ASSERT_EQUAL(diag_errors(scene.diag), 0);
    CU_ASSERT_EQUAL(diag_warnings(scene.diag), 1);
    expect_text(&scene, arena_format(scene.arena,
                                     "models/pk.stroma:1:1: warning %s: hm\n"
                                     "    1 | x\n"
                                     "      | ^\n",
                                     fault_code(warning)));
    arena_free(scene.arena);
}

/* Each code: one letter of the floor that reports it and three digits, no two alike, with words
 * that stand for themselves. */
static void test_every_fault_is_well_formed(void)
{
    CU_ASSERT(FAULT_COUNT > 0);
    for (Fault fault = (Fault)0; fault < FAULT_COUNT; fault++) {
        const char *code = fault_code(fault);
        const char *title = fault_title(fault);
        const char *paragraph = fault_paragraph(fault);
        bool good = strlen(code) == 4 && strchr("MPDTR", code[0]) &&
                    isdigit((unsigned char)code[1]) && isdigit((unsigned char)code[2]) &&
                    isdigit((unsigned char)code[3]) && fault_find(code) == fault &&
                    strlen(title) > 5 && strlen(title) <= 72 && title[strlen(title) - 1] != '.' &&
                    strlen(paragraph) > 40 && paragraph[strlen(paragraph) - 1] == '.' &&
                    !strchr(paragraph, '\n');
        if (!good) {
            printf("\n  entry %s of faults.def is not well formed\n", code);
        }
        CU_ASSERT_TRUE(good);
    }
    CU_ASSERT_EQUAL(fault_find("X999"), FAULT_COUNT);
    CU_ASSERT_EQUAL(fault_find(""), FAULT_COUNT);
}

SUITE("diag", TEST(test_the_form_of_the_house),
      TEST(test_tabs_and_wide_characters_keep_the_caret_in_line),
      TEST(test_reports_are_sorted_by_place), TEST(test_a_report_without_a_place),
      TEST(test_a_place_at_the_end_of_the_text), TEST(test_a_span_over_lines_marks_the_first),
      TEST(test_a_very_long_line_is_cut_around_the_place),
      TEST(test_control_characters_do_not_reach_the_terminal),
      TEST(test_after_twenty_errors_they_are_only_counted), TEST(test_a_warning_is_no_error),
      TEST(test_every_fault_is_well_formed))
