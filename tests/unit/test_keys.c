/* test_keys.c: the keys of studies: every one is explained, in the man page and in
 * params/README.md. SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/params.h"
#include "unit/suite.h"

#include <string.h>

static void expect_key(const char *word, const char *path)
{
    const char *words = params_explain(word);
    CU_ASSERT_PTR_NOT_NULL_FATAL(words);
    bool same = strncmp(words, path, strlen(path)) == 0 && words[strlen(path)] == ':';
    CU_ASSERT(same);
    if (!same) {
        printf("\n%s is explained as %.40s\n", word, words);
    }
}

static void test_keys_are_explained(void)
{
    const char *const *keys = NULL;
    int count = params_keys(&keys);
    CU_ASSERT(count > 50);
    for (int i = 0; i < count; i++) {
        expect_key(keys[i], keys[i]);
    }
    expect_key("arms.doses.amount", "doses.amount");
    expect_key("arms.0.doses.1.amount", "doses.amount");
    expect_key("amount", "doses.amount");
    expect_key("parameters.k_kill", "parameters.*");
    expect_key("arms.parameters.k.unit", "parameters.*.unit");
    expect_key("rtol", "solver.rtol");
    CU_ASSERT_PTR_NULL(params_explain("nonsense"));
    CU_ASSERT_PTR_NULL(params_explain("solver.nonsense"));
    CU_ASSERT_PTR_NULL(params_explain(""));
}

/* Every key stands in the man page and in params/README.md, as `path`. */
static void expect_every_key_in(const char *file, const char *before, const char *after)
{
    Arena *arena = arena_new();
    const Source *source = NULL;
    CU_ASSERT_EQUAL_FATAL(source_read(arena, file, &source), SOURCE_OK);
    const char *const *keys = NULL;
    int count = params_keys(&keys);
    for (int i = 0; i < count; i++) {
        const char *wanted = arena_format(arena, "%s%s%s", before, keys[i], after);
        bool found = strstr(source->text, wanted) != NULL;
        CU_ASSERT(found);
        if (!found) {
            printf("\n%s lacks '%s'\n", file, keys[i]);
        }
    }
    arena_free(arena);
}

static void test_every_key_is_documented(void)
{
    expect_every_key_in(STROMA_SOURCE_DIR "/src/man/stroma-params.5", ".It Ic ", "\n");
    expect_every_key_in(STROMA_SOURCE_DIR "/params/README.md", "| `", "` |");
}

SUITE("keys", TEST(test_keys_are_explained), TEST(test_every_key_is_documented))
