/* read_correlation.c: population.correlate: the correlation matrix and its Cholesky factor.
 *
 * rho is the correlation of the normal numbers behind the quantities (a Gaussian copula): for two
 * lognormal quantities that of their logarithms. Quantities stand in the order of their names, so
 * that the order of the text changes no subject. SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/reader.h"

#include "base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A pair that some block gave. */
typedef struct {
    double rho;
    const Entry *block; // NULL: not given
} Pair;

typedef struct {
    Reader *reader;
    Population *population;
    Pair *pairs; // (vary_count²) both ways round
} Matrix;

static const char *name_of(const Matrix *matrix, int index)
{
    return model_label(matrix->reader->model, matrix->population->vary[index].ref)->name;
}

static const char *level_name(const Population *population, int level)
{
    return level == LEVEL_PATIENT ? "patient" : population->levels[level - 1].name;
}

/* The index in vary of a name between quotes; -1: reported. */
static int find_varied(Matrix *matrix, const Entry *entry)
{
    Reader *reader = matrix->reader;
    const Population *population = matrix->population;
    Names *names = names_new(reader->arena);
    for (int i = 0; i < population->vary_count; i++) {
        names_add(names, name_of(matrix, i), i);
    }
    int index = names_find(names, entry->text);
    if (index < 0) {
        const char *near = names_near(names, entry->text);
        diag_report(reader->diag, FAULT_P060, entry->value, "'%s' does not vary", entry->text);
        if (near) {
            diag_hint(reader->diag, "did you mean '%s'?", near);
        } else {
            diag_hint(reader->diag, "correlated quantities stand under 'vary'");
        }
    } else if (population->vary[index].distribution == DRAW_LIST) {
        diag_report(reader->diag, FAULT_P060, entry->value,
                    "the values of '%s' are a list and not drawn", entry->text);
        index = -1;
    }
    return index;
}

static void join(Matrix *matrix, const Entry *block, const Entry *where, int a, int b)
{
    Reader *reader = matrix->reader;
    const Population *population = matrix->population;
    Pair *pair = &matrix->pairs[a * population->vary_count + b];
    int level_a = population->vary[a].level;
    int level_b = population->vary[b].level;
    if (a == b) {
        diag_report(reader->diag, FAULT_P060, where->value, "'%s' stands here twice",
                    name_of(matrix, a));
    } else if (level_a != level_b && level_a >= 0 && level_b >= 0) {
        diag_report(reader->diag, FAULT_P060, where->value,
                    "'%s' is of level %s and '%s' of level %s: they cannot be correlated",
                    name_of(matrix, a), level_name(population, level_a), name_of(matrix, b),
                    level_name(population, level_b));
    } else if (pair->block) {
        diag_report(reader->diag, FAULT_P060, where->value,
                    "the correlation of '%s' and '%s' is given twice", name_of(matrix, a),
                    name_of(matrix, b));
        diag_note(reader->diag, member(pair->block, "rho")->value, "the first is here");
    } else {
        *pair = (Pair){member(block, "rho")->number, block};
        matrix->pairs[b * population->vary_count + a] = *pair;
    }
}

static bool needs(Reader *reader, const Entry *block, const char *key)
{
    if (!entry_find(block, key)) {
        Span open = {block->value.source, block->value.start, 1};
        diag_report(reader->diag, FAULT_P014, open, "this correlation has no '%s'", key);
    }
    return member(block, key) != NULL;
}

static void read_block(Matrix *matrix, const Entry *block)
{
    Reader *reader = matrix->reader;
    bool complete = needs(reader, block, "between");
    if (!needs(reader, block, "rho") || !complete) {
        return;
    }
    const Entry *rho = member(block, "rho");
    const Entry *between = member(block, "between");
    if (!(fabs(rho->number) < 1)) {
        diag_report(reader->diag, FAULT_P060, rho->value,
                    "a correlation lies between -1 and 1, both excluded");
        return;
    }
    if (between->count < 2) {
        diag_report(reader->diag, FAULT_P060, between->value,
                    "a correlation is between two quantities or more");
        return;
    }
    size_t count = (size_t)between->count;
    int *index = arena_array(reader->arena, count, sizeof *index);
    for (size_t i = 0; i < count; i++) {
        index[i] = find_varied(matrix, between->items[i]);
        for (size_t k = 0; k < i && index[i] >= 0; k++) {
            if (index[k] >= 0) {
                join(matrix, block, between->items[i], index[k], index[i]);
            }
        }
    }
}

/* --- the factor ----------------------------------------------------------------------------------
 */

/* The indices of all correlated quantities, by name. */
static void list_correlated(Matrix *matrix)
{
    Population *population = matrix->population;
    int count = population->vary_count;
    population->correlated =
        arena_array(matrix->reader->arena, (size_t)count + 1, sizeof *population->correlated);
    for (int i = 0; i < count; i++) {
        bool any = false;
        for (int k = 0; k < count; k++) {
            any = any || matrix->pairs[i * count + k].block;
        }
        if (!any) {
            continue;
        }
        int at = population->correlated_count++;
        while (at > 0 &&
               strcmp(name_of(matrix, i), name_of(matrix, population->correlated[at - 1])) < 0) {
            population->correlated[at] = population->correlated[at - 1];
            at--;
        }
        population->correlated[at] = i;
    }
}

bool cholesky(const double *matrix, int count, double *factor, int *failed)
{
    for (int row = 0; row < count; row++) {
        for (int column = 0; column <= row; column++) {
            double sum = matrix[row * count + column];
            for (int k = 0; k < column; k++) {
                sum -= factor[row * count + k] * factor[column * count + k];
            }
            if (row > column) {
                factor[row * count + column] = sum / factor[column * count + column];
            } else if (sum > 1e-12) {
                factor[row * count + row] = sqrt(sum);
            } else {
                *failed = row;
                return false;
            }
        }
    }
    return true;
}

/* The correlations of all correlated quantities, row by row. */
static double *full_matrix(Matrix *matrix)
{
    const Population *population = matrix->population;
    int count = population->correlated_count;
    double *rho =
        arena_array(matrix->reader->arena, (size_t)count * (size_t)count + 1, sizeof *rho);
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < count; k++) {
            int pair =
                population->correlated[i] * population->vary_count + population->correlated[k];
            rho[i * count + k] = i == k ? 1 : matrix->pairs[pair].rho;
        }
    }
    return rho;
}

/* Hundredths between which one pair may lie, all others being as they are; false: there are none.
 * They are an interval, for positive definite matrices are a convex set. */
static bool possible_range(Matrix *matrix, double *rho, int row, int column, int range[2])
{
    int count = matrix->population->correlated_count;
    double *factor = arena_array(matrix->reader->arena, (size_t)(count * count), sizeof *factor);
    double written = rho[row * count + column];
    bool any = false;
    for (int hundredth = -99; hundredth <= 99; hundredth++) {
        int failed;
        rho[row * count + column] = rho[column * count + row] = hundredth / 100.0;
        if (cholesky(rho, count, factor, &failed)) {
            range[0] = any ? range[0] : hundredth;
            range[1] = hundredth;
            any = true;
        }
    }
    rho[row * count + column] = rho[column * count + row] = written;
    return any;
}

/* What one of the pairs could be: one that is not written, and so is 0, before all others. */
static void hint_range(Matrix *matrix, const bool *linked)
{
    enum { MOST_TO_TRY = 30 }; // the effort is that of 199 factors for each pair
    const Population *population = matrix->population;
    Diag *diag = matrix->reader->diag;
    int count = population->correlated_count;
    double *rho = full_matrix(matrix);
    for (int given = 0; given < 2 && count <= MOST_TO_TRY; given++) {
        for (int cell = 0; cell < count * count; cell++) {
            int a = population->correlated[cell % count];
            int b = population->correlated[cell / count];
            bool written = matrix->pairs[a * population->vary_count + b].block != NULL;
            int range[2];
            if (cell % count >= cell / count || !linked[a] || !linked[b] ||
                written != (given == 1) ||
                !possible_range(matrix, rho, cell % count, cell / count, range)) {
                continue;
            }
            char low[NUMBER_TEXT_SIZE];
            char high[NUMBER_TEXT_SIZE];
            number_short(range[0] / 100.0, 3, low);
            number_short(range[1] / 100.0, 3, high);
            diag_hint(diag,
                      written ? "with the others as they are, rho of '%s' and '%s' can lie between "
                                "%s and %s"
                              : "'%s' and '%s' have no rho, which counts as 0: with the others as "
                                "they are it can lie between %s and %s",
                      name_of(matrix, a), name_of(matrix, b), low, high);
            return;
        }
    }
    diag_hint(diag, "no quantities can have all of them: make some smaller");
}

/* Names what is joined, directly or not, with the quantity at which the factor failed. */
static void report_indefinite(Matrix *matrix, int failed)
{
    Population *population = matrix->population;
    int count = population->vary_count;
    bool *linked = arena_array(matrix->reader->arena, (size_t)count, sizeof *linked);
    linked[population->correlated[failed]] = true;
    for (int round = 0; round < count; round++) {
        for (int i = 0; i < count * count; i++) {
            bool joined = matrix->pairs[i].block != NULL;
            linked[i % count] = linked[i % count] || (joined && linked[i / count]);
        }
    }
    const Entry *last = NULL;
    Text names = text_new(matrix->reader->arena);
    for (int i = 0; i < population->correlated_count; i++) {
        int index = population->correlated[i];
        for (int k = 0; linked[index] && k < count; k++) {
            const Entry *block = matrix->pairs[index * count + k].block;
            last = !last || (block && block->value.start > last->value.start) ? block : last;
        }
        if (linked[index]) {
            text_format(&names, "%s'%s'", names.length ? ", " : "", name_of(matrix, index));
        }
    }
    diag_report(matrix->reader->diag, FAULT_P061, last->value,
                "the correlations of %s contradict each other", names.data);
    hint_range(matrix, linked);
}

static void factorise(Matrix *matrix)
{
    Population *population = matrix->population;
    Arena *arena = matrix->reader->arena;
    int count = population->correlated_count;
    size_t cells = (size_t)count * (size_t)count + 1;
    const double *rho = full_matrix(matrix);
    population->factor = arena_array(arena, cells, sizeof *population->factor);
    int failed = 0;
    if (!cholesky(rho, count, population->factor, &failed)) {
        report_indefinite(matrix, failed);
    }
}

void read_correlation(Reader *reader, const Entry *list, Population *population)
{
    size_t count = (size_t)population->vary_count;
    Matrix matrix = {reader, population,
                     arena_array(reader->arena, count * count + 1, sizeof(Pair))};
    int before = diag_errors(reader->diag);
    for (int i = 0; i < list->count; i++) {
        if (!list->items[i]->is_wrong) {
            read_block(&matrix, list->items[i]);
        }
    }
    if (diag_errors(reader->diag) == before) {
        list_correlated(&matrix);
        factorise(&matrix);
    }
}
