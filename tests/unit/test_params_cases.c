/* test_params_cases.c: every study of tests/cases/params against the messages written beside it.
 *
 * NAME.cfg is read as it stands; NAME.expected is the exact text of all messages (empty: the study
 * is sound). Lines at the head of the study such as "# --set path=value" and "# --strict" are the
 * options. To add a case: two files, no C. Every code of faults_params.def must occur in some
 * .expected, or in the list below of those that tests/unit/test_config.c shows.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/params.h"
#include "unit/suite.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_CASES = 512, MOST_SETTINGS = 32 };

typedef struct {
    Arena *arena;
    char *names[MOST_CASES];
    int count;
} Cases;

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of all cases, without ".expected", sorted. */
static Cases list_cases(void)
{
    Cases cases = {.arena = arena_new()};
    CU_ASSERT_EQUAL_FATAL(chdir(STROMA_SOURCE_DIR "/tests/cases/params"), 0);
    DIR *folder = opendir(".");
    CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        const char *end = strstr(entry->d_name, ".expected");
        if (end && cases.count < MOST_CASES) {
            cases.names[cases.count++] =
                arena_copy(cases.arena, entry->d_name, (size_t)(end - entry->d_name));
        }
    }
    closedir(folder);
    qsort(cases.names, (size_t)cases.count, sizeof cases.names[0], compare_names);
    return cases;
}

/* The options in the comment lines at the head of a study. */
static ParamsOptions read_options(Arena *arena, const Source *source, Setting *settings)
{
    ParamsOptions options = params_options_default();
    options.settings = settings;
    for (int i = 1; i <= (int)source->n_line; i++) {
        uint32_t length;
        const char *start = source_line(source, i, &length);
        char *line = arena_copy(arena, start, length);
        if (strcmp(line, "# --strict") == 0) {
            options.strict = true;
        } else if (strcmp(line, "# --lint") == 0) {
            options.lint = true;
        } else if (strncmp(line, "# --set ", 8) == 0) {
            char *equals = strchr(line, '=');
            CU_ASSERT_PTR_NOT_NULL_FATAL(equals);
            CU_ASSERT_FATAL(options.setting_count < MOST_SETTINGS);
            *equals = '\0';
            settings[options.setting_count++] = (Setting){line + 8, equals + 1};
        }
    }
    return options;
}

static void run_case(const char *name)
{
    Arena *arena = arena_new();
    Diag *diag = diag_new(arena);
    const Source *study_text = NULL;
    const Source *expected = NULL;
    const char *path = arena_format(arena, "%s.cfg", name);
    CU_ASSERT_EQUAL_FATAL(source_read(arena, path, &study_text), SOURCE_OK);
    CU_ASSERT_EQUAL_FATAL(source_read(arena, arena_format(arena, "%s.expected", name), &expected),
                          SOURCE_OK);
    Setting settings[MOST_SETTINGS];
    ParamsOptions options = read_options(arena, study_text, settings);
    const Study *study = params_read(arena, path, &options, diag);
    CU_ASSERT_EQUAL(study != NULL, diag_errors(diag) == 0);
    Text text = text_new(arena);
    diag_print(diag, &text, false);
    bool same = strcmp(text.data, expected->text) == 0;
    CU_ASSERT(same);
    if (!same) {
        printf("\n--- %s: found\n%s--- expected\n%s---\n", name, text.data, expected->text);
    }
    arena_free(arena);
}

static void test_every_case(void)
{
    Cases cases = list_cases();
    CU_ASSERT(cases.count >= 50);
    for (int i = 0; i < cases.count; i++) {
        run_case(cases.names[i]);
    }
    arena_free(cases.arena);
}

/* P001, P003, P005, P006, P007 and P052: test_config.c; P460 to P464: test_edit.c; P465: cli.687;
 * P511: tests/cli/native.sh. P051 is a mistake of ours: nothing shows it. */
static const char elsewhere[] = "P001 P005 P006 P007 P051 P052 P460 P461 P462 P464 P465 P511";

static void test_every_code_has_a_case(void)
{
    Cases cases = list_cases();
    bool seen[FAULT_COUNT] = {false};
    for (int i = 0; i < cases.count; i++) {
        const Source *source = NULL;
        const char *path = arena_format(cases.arena, "%s.expected", cases.names[i]);
        CU_ASSERT_EQUAL_FATAL(source_read(cases.arena, path, &source), SOURCE_OK);
        for (Fault fault = (Fault)0; fault < FAULT_COUNT; fault++) {
            const char *code = arena_format(cases.arena, " %s: ", fault_code(fault));
            seen[fault] = seen[fault] || strstr(source->text, code);
        }
    }
    int codes = 0;
    for (Fault fault = (Fault)0; fault < FAULT_COUNT; fault++) {
        const char *code = fault_code(fault);
        bool ours = code[0] == 'P';
        codes += ours;
        if (ours && !seen[fault] && !strstr(elsewhere, code)) {
            printf("\nno case shows %s\n", code);
            CU_FAIL("a code without a case");
        }
    }
    CU_ASSERT(codes > 40);
    arena_free(cases.arena);
}

SUITE("params cases", TEST(test_every_case), TEST(test_every_code_has_a_case))
