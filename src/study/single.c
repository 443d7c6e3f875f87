/* single.c: trajectories of single subjects as HDF5: for each arm and output a matrix with one row
 * for each subject and one column for each time.
 *
 *   time (times)   id (subjects)   arms/ARM/OUTPUT (subjects × times), NaN where a subject failed
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/population.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* Slashes would make groups. */
static const char *matrix_name(const Plan *plan, Arena *arena, int arm, int output)
{
    char *name =
        arena_copy(arena, plan->study->arms[arm].name, strlen(plan->study->arms[arm].name));
    for (char *at = name; *at != '\0'; at++) {
        *at = *at == '/' ? '|' : *at;
    }
    return arena_format(arena, "arms/%s/%s", name, plan->study->outputs[output].label->name);
}

static bool make_all(const Plan *plan, Hdf5 *file, Arena *arena, int columns)
{
    const Study *study = plan->study;
    size_t size = (size_t)plan->population->size;
    double *ids = arena_array(arena, size, sizeof *ids);
    for (size_t i = 0; i < size; i++) {
        ids[i] = cohort_id(plan->population, (int)i);
    }
    Hdf5Label time = {"time", study_unit(study->model->time_unit), "time"};
    Hdf5Label id = {"id", "", "subject"};
    bool good = hdf5_put_vector(file, time, study->times, (size_t)study->time_count) &&
                hdf5_put_vector(file, id, ids, size);
    for (int arm = 0; arm < study->arm_count; arm++) {
        for (int k = 0; k < columns && good; k++) {
            const Label *label = study->outputs[k].label;
            Hdf5Label about = {matrix_name(plan, arena, arm, k), study_unit(label->unit),
                               label->text};
            good =
                hdf5_make_matrix(file, about, size, (size_t)study->time_count, (size_t)plan->width);
        }
    }
    return good;
}

static bool put_unit(const Plan *plan, Hdf5 *file, int unit, int columns, double *values,
                     double *turned)
{
    size_t times = (size_t)plan->study->time_count;
    size_t width = (size_t)plan->width;
    int first;
    int count = plan_subjects(plan, unit % plan->pack_count, &first);
    Arena *arena = arena_new();
    bool good = true;
    for (int k = 0; k < columns && good; k++) {
        good = spool_read(plan_spool(plan, unit), unit, k * (int)times, (int)times, values);
        for (size_t t = 0; t < times; t++) {
            for (size_t lane = 0; lane < (size_t)count; lane++) {
                turned[lane * times + t] = values[t * width + lane];
            }
        }
        Hdf5Block block = {(size_t)first, (size_t)count, times};
        const char *name = matrix_name(plan, arena, unit / plan->pack_count, k);
        good = good && hdf5_put_rows(file, name, &block, turned);
    }
    arena_free(arena);
    return good;
}

bool population_write_hdf5(const Plan *plan, int columns, const Hdf5Library *library,
                           const char *path)
{
    assert(columns >= 0 && columns <= plan->study->output_count && library != NULL);
    Arena *arena = arena_new();
    size_t cells = (size_t)plan->study->time_count * (size_t)plan->width;
    double *values = arena_array(arena, cells, sizeof *values);
    double *turned = arena_array(arena, cells, sizeof *turned);
    errno = 0;
    Hdf5 *file = hdf5_create(library, arena, path);
    bool good = file != NULL;
    if (good) {
        good = make_all(plan, file, arena, columns);
        for (int unit = 0; unit < plan->unit_count && good; unit++) {
            good = put_unit(plan, file, unit, columns, values, turned);
        }
        good = hdf5_finish(file, good);
    }
    int why = errno != 0 ? errno : EIO;
    arena_free(arena);
    errno = why;
    return good;
}
