/* cvode_sensitivity.c: CVODES carries columns of forward sensitivities beside the states.
 *
 * Staggered: the states of a step are accepted first, then all columns are corrected with the
 * factors at hand and tested against the same tolerances (Feehery, Tolsma and Barton 1997, Appl.
 * Numer. Math. 25:41). Columns are scaled to the unit of their state (slopes.h), so that CVODES'
 * own choice of weights, those of the states at the column's values, is right as it is. Memory for
 * another number of columns is taken when that number is asked for, not in a run.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/cvode.h"

#include <assert.h>
#include <cvodes/cvodes.h>
#include <string.h>
#include <sundials/sundials_nvector.h>

/* The list of arguments is CVODES'. NOLINTNEXTLINE(readability-function-size) */
static int column_rates(int count, sunrealtype time, N_Vector y, N_Vector rates, N_Vector *s,
                        N_Vector *ds, void *context, N_Vector scratch1, N_Vector scratch2)
{
    (void)rates, (void)scratch1, (void)scratch2;
    SlopeSystem *system = integrator_slope_system(context);
    for (int k = 0; k < count; k++) {
        system->s[k] = vector_values(s[k]);
        system->ds[k] = vector_data(ds[k]);
    }
    return system->rates(system->context, time, vector_values(y), system->s, system->ds) ? 0 : 1;
}

static void free_vectors(SlopeSystem *system)
{
    if (system->columns != NULL) {
        N_VDestroyVectorArray(system->columns, system->count);
        N_VDestroyVectorArray(system->scratch, system->count);
    }
    system->columns = system->scratch = NULL;
}

void slope_system_close(SlopeSystem *system)
{
    if (system->begun) {
        CVodeSensFree(system->memory);
    }
    free_vectors(system);
    system->begun = false;
    system->count = 0;
}

bool integrator_sensitize(Integrator *integrator, int count, SlopeRates *rates, void *context)
{
    SlopeSystem *system = integrator_slope_system(integrator);
    assert(count >= 0 && (count == 0 || rates != NULL));
    if (system->memory == NULL) { // a model without states
        return true;
    }
    if (count == system->count) {
        system->rates = rates;
        system->context = context;
        return true;
    }
    slope_system_close(system);
    if (count == 0) {
        return true;
    }
    system->rates = rates;
    system->context = context;
    system->columns = N_VCloneVectorArray(count, system->vector);
    system->scratch = N_VCloneVectorArray(count, system->vector);
    system->count = count;
    if (system->columns == NULL || system->scratch == NULL) {
        return false;
    }
    if (count > system->room) {
        system->s = arena_array(system->space->arena, (size_t)count, sizeof *system->s);
        system->ds = arena_array(system->space->arena, (size_t)count, sizeof *system->ds);
        system->room = count;
    }
    system->begun = CVodeSensInit(system->memory, count, CV_STAGGERED, column_rates,
                                  system->columns) == CV_SUCCESS;
    return system->begun && CVodeSensEEtolerances(system->memory) == CV_SUCCESS &&
           CVodeSetSensErrCon(system->memory, SUNTRUE) == CV_SUCCESS;
}

void integrator_restart_slopes(Integrator *integrator, const double *s)
{
    SlopeSystem *system = integrator_slope_system(integrator);
    if (system->count == 0) {
        return;
    }
    N_Vector *columns = system->columns;
    size_t entries = system->space->count;
    for (int k = 0; k < system->count; k++) {
        memcpy(vector_data(columns[k]), s + (size_t)k * entries, entries * sizeof *s);
    }
    int flag = CVodeSensReInit(system->memory, CV_STAGGERED, columns);
    assert(flag == CV_SUCCESS);
    (void)flag;
}

void integrator_slopes(Integrator *integrator, double time, double *s)
{
    SlopeSystem *system = integrator_slope_system(integrator);
    if (system->count == 0) {
        return;
    }
    N_Vector *scratch = system->scratch;
    size_t entries = system->space->count;
    int flag = CVodeGetSensDky(system->memory, time, 0, scratch);
    assert(flag == CV_SUCCESS);
    (void)flag;
    for (int k = 0; k < system->count; k++) {
        memcpy(s + (size_t)k * entries, vector_values(scratch[k]), entries * sizeof *s);
    }
}
