/* problem.c: reads and writes problems and results (see problem.h).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/problem.h"

#include <stdio.h>
#include <time.h>

enum { PARTS = 5 };

typedef struct {
    double *numbers;
    size_t count;
} Part;

static void parts_of(const Problem *problem, Part parts[PARTS])
{
    const ProblemSize *size = &problem->size;
    size_t subjects = (size_t)size->subjects;
    parts[0] = (Part){problem->atol, (size_t)size->states};
    parts[1] = (Part){problem->time, (size_t)size->times};
    parts[2] = (Part){problem->parameter, subjects * (size_t)size->parameters};
    parts[3] = (Part){problem->initial, subjects * (size_t)size->states};
    parts[4] = (Part){(double *)problem->event, 5 * (size_t)size->events};
}

Problem problem_new(Arena *arena, ProblemSize size)
{
    size_t subjects = (size_t)size.subjects;
    size_t numbers = sizeof(double);
    return (Problem){
        .size = size,
        .atol = arena_array(arena, (size_t)size.states, numbers),
        .time = arena_array(arena, (size_t)size.times, numbers),
        .parameter = arena_array(arena, subjects * (size_t)size.parameters, numbers),
        .initial = arena_array(arena, subjects * (size_t)size.states, numbers),
        .event = arena_array(arena, (size_t)size.events + 1, sizeof(ProblemEvent)),
    };
}

bool problem_write(const Problem *problem, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return false;
    }
    Part parts[PARTS];
    parts_of(problem, parts);
    bool good = fwrite(&problem->size, sizeof problem->size, 1, file) == 1;
    for (int i = 0; i < PARTS; i++) {
        good = good &&
               fwrite(parts[i].numbers, sizeof(double), parts[i].count, file) == parts[i].count;
    }
    return fclose(file) == 0 && good;
}

bool problem_read(Arena *arena, Problem *problem, const char *path)
{
    FILE *file = fopen(path, "rb");
    ProblemSize size;
    if (file == NULL) {
        return false;
    }
    bool good = fread(&size, sizeof size, 1, file) == 1;
    if (good) {
        *problem = problem_new(arena, size);
        Part parts[PARTS];
        parts_of(problem, parts);
        for (int i = 0; i < PARTS; i++) {
            good = good &&
                   fread(parts[i].numbers, sizeof(double), parts[i].count, file) == parts[i].count;
        }
    }
    fclose(file);
    return good;
}

bool doubles_write(const double *numbers, size_t count, const char *path)
{
    FILE *file = fopen(path, "wb");
    bool good = file != NULL && fwrite(numbers, sizeof *numbers, count, file) == count;
    return file != NULL && fclose(file) == 0 && good;
}

bool doubles_read(double *numbers, size_t count, const char *path)
{
    FILE *file = fopen(path, "rb");
    bool good = file != NULL && fread(numbers, sizeof *numbers, count, file) == count;
    if (file != NULL) {
        fclose(file);
    }
    return good;
}

double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
