/* fuzz_params.c: any text as a study of one small model. It must be refused with words or become a
 * study whose schedule can be printed. Nothing is integrated.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "params/params.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char model_text[] = "model decay\n"
                                 "time day\n"
                                 "param k [1/day] \"elimination rate\" = 0.5\n"
                                 "param F [1] = 1\n"
                                 "covariate WT [kg] = 70\n"
                                 "state gut [mg] = 0\n"
                                 "state A [mg] = 0\n"
                                 "flow absorb : gut -> A : k * gut\n"
                                 "flow out : A -> : k * A\n"
                                 "route iv -> A\n"
                                 "route oral -> gut : fraction = F, lag = 0.1 [day]\n"
                                 "observe twice [mg] = 2 * A\n";

static bool write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file) {
        return false;
    }
    bool good = fwrite(bytes, 1, size, file) == size;
    return fclose(file) == 0 && good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena *arena = arena_new();
    Diag *diag = diag_new(arena);
    char *folder = arena_format(arena, "/tmp/stroma-fuzz-%ld", (long)getpid());
    char *model_path = arena_format(arena, "%s/decay.stroma", folder);
    char *study_path = arena_format(arena, "%s/fuzz.cfg", folder);
    mkdir(folder, 0700);
    if (!write_file(model_path, model_text, sizeof model_text - 1) ||
        !write_file(study_path, data, size)) {
        abort(); // the machine, not the program
    }
    ParamsOptions options = params_options_default();
    options.max_bytes = 1 << 24;
    const Study *study = params_read(arena, study_path, &options, diag);
    Text text = text_new(arena);
    diag_print(diag, &text, false);
    assert(study || diag_errors(diag) > 0); // never refused without a word
    assert(!study || diag_errors(diag) == 0);
    if (study) {
        study_print_schedule(study, arena, &text);
    }
    unlink(model_path);
    unlink(study_path);
    rmdir(folder);
    arena_free(arena);
    return 0;
}
