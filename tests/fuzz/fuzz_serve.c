/* fuzz_serve.c: any bytes as lines to `stroma serve`. Every line that is not blank is answered by
 * whole lines of plain text, and a good line behind them is answered as if nothing had been.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "cli/serve.h"
#include "params/params.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char model_text[] = "model decay\n"
                                 "time day\n"
                                 "param k [1/day] = 0.5\n"
                                 "param V [L] = 10\n"
                                 "covariate WT [kg] = 70\n"
                                 "state A [mg] = 1 [mg]\n"
                                 "flow out : A -> : k * A\n"
                                 "observe C [mg/L] = A / V\n";
static const char study_text[] = "model = \"decay\";\n"
                                 "time = { end = 1.0; at = [ 1.0 ]; };\n"
                                 "arms = ( { name = \"a\"; }, { name = \"b\"; parameters = { k = "
                                 "0.1; }; } );\n";
static const char good[] = "{\"id\":\"good\",\"arm\":\"a\",\"outputs\":[\"A\"]}";

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
        abort(); // the machine, not the program
    }
}

static const Study *make_study(Arena *arena)
{
    Diag *diag = diag_new(arena);
    char *folder = arena_format(arena, "/tmp/stroma-fuzz-%ld", (long)getpid());
    char *model = arena_format(arena, "%s/decay.stroma", folder);
    char *path = arena_format(arena, "%s/fuzz.cfg", folder);
    mkdir(folder, 0700);
    write_file(model, model_text);
    write_file(path, study_text);
    ParamsOptions options = params_options_default();
    const Study *study = params_read(arena, path, &options, diag);
    assert(study);
    unlink(model);
    unlink(path);
    rmdir(folder);
    return study;
}

static void check_plain(const Text *text)
{
    assert(text->length == 0 || text->data[text->length - 1] == '\n');
    for (size_t i = 0; i < text->length; i++) {
        unsigned char byte = (unsigned char)text->data[i];
        assert(byte == '\n' || byte >= ' ');
    }
}

/* Nothing but blanks. */
static bool is_blank(const char *text, size_t length)
{
    size_t i = 0;
    while (i < length && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r')) {
        i++;
    }
    return i == length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena *arena = arena_new();
    Server server = {.arena = arena, .line = arena_new(), .study = make_study(arena)};
    server.caller = caller_open(server.study, NULL, 0, NULL);
    const char *text = (const char *)data;
    for (size_t at = 0; at < size;) {
        const char *newline = memchr(text + at, '\n', size - at);
        size_t length = newline ? (size_t)(newline - text) - at : size - at;
        Text answer = text_new(server.line);
        ArenaMark mark = arena_mark(server.line);
        serve_answer(&server, text + at, length, &answer);
        assert(answer.length > 0 || is_blank(text + at, length) || memchr(text + at, '\r', length));
        check_plain(&answer);
        arena_rewind(server.line, mark);
        at += length + 1;
    }
    Text answer = text_new(server.line);
    serve_answer(&server, good, strlen(good), &answer);
    assert(strstr(answer.data, "\"id\":\"good\",\"ok\":true"));
    caller_close(server.caller);
    arena_free(server.line);
    arena_free(arena);
    return 0;
}
