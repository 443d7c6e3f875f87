/* cvode_sensitivity.c: CVODES carries columns of forward sensitivities beside the states.
 *
 * Staggered: the states of a step are accepted first, then all columns are corrected with the
 * factors at hand and tested against the same tolerances (Feehery, Tolsma and Barton 1997, Appl.
 * Numer. Math. 25:41). Columns are scaled to the unit of their state (slopes.h), so that CVODES'
 * own choice of weights, those of the states at the column's values, is right as it is. CVODES sees
 * them as one long vector, whose norm is that of its largest column: its many passes over memory
 * are then those of cvode_vector.c, which joins them. Memory for another number of columns is taken
 * when that number is asked for, not in a run.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/cvode.h"

#include <assert.h>
#include <cvodes/cvodes.h>
#include <string.h>
#include <sundials/sundials_nonlinearsolver.h>
#include <sundials/sundials_nvector.h>

/* The list of arguments is CVODES'. NOLINTNEXTLINE(readability-function-size) */
static int column_rates(int count, sunrealtype time, N_Vector y, N_Vector rates, N_Vector *s,
                        N_Vector *ds, void *context, N_Vector scratch1, N_Vector scratch2)
{
    (void)count, (void)rates, (void)scratch1, (void)scratch2;
    SlopeSystem *system = integrator_slope_system(context);
    const double *from = vector_values(s[0]);
    double *to = vector_data(ds[0]);
    size_t column = system->space->count;
    (void)system->rates->look(system->context, time, vector_values(y));
    for (int k = 0; k < system->count; k++, from += column, to += column) {
        system->rates->rates(system->context, k, from, to);
    }
    return 0; // what is not finite is found by the norm
}

static void free_vectors(SlopeSystem *system)
{
    if (system->columns != NULL) {
        N_VDestroy(system->columns);
    }
    if (system->scratch != NULL) {
        N_VDestroy(system->scratch);
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

void slope_system_free(SlopeSystem *system)
{
    for (ColumnSpace *one = system->spaces; one != NULL; one = one->next) {
        if (one->nonlinear != NULL) {
            SUNNonlinSolFree(one->nonlinear);
        }
    }
    system->spaces = NULL;
}

/* The space for so many columns, found or made. */
static ColumnSpace *find_space(SlopeSystem *system, int count)
{
    const VectorSpace *states = system->space;
    for (ColumnSpace *one = system->spaces; one != NULL; one = one->next) {
        if (one->space.columns == count) {
            return one;
        }
    }
    ColumnSpace *made = arena_alloc(states->arena, sizeof *made);
    made->space = (VectorSpace){.arena = states->arena,
                                .kernels = states->kernels,
                                .states = count * states->states,
                                .width = states->width,
                                .count = (size_t)count * states->count,
                                .columns = count,
                                .live = states->live};
    vector_space_open(&made->space);
    made->residual = arena_array(states->arena, states->count, sizeof *made->residual);
    made->next = system->spaces;
    system->spaces = made;
    return made;
}

bool integrator_sensitize(Integrator *integrator, int count, const SlopeRates *rates, void *context)
{
    SlopeSystem *system = integrator_slope_system(integrator);
    assert(count >= 0 && (count == 0 || rates != NULL));
    if (system->memory == NULL) { // a model without states
        return true;
    }
    system->rates = rates;
    system->context = context;
    if (count == system->count) {
        return true;
    }
    slope_system_close(system);
    if (count == 0) {
        return true;
    }
    void *sundials = ((N_Vector)system->vector)->sunctx;
    system->count = count;
    system->now = find_space(system, count);
    system->columns = vector_new(&system->now->space, sundials);
    system->scratch = vector_new(&system->now->space, sundials);
    if (system->columns == NULL || system->scratch == NULL) {
        return false;
    }
    N_Vector columns[] = {system->columns};
    ColumnSpace *now = system->now;
    if (now->nonlinear == NULL) {
        now->nonlinear = columns_solver(system, sundials);
    }
    system->begun =
        CVodeSensInit(system->memory, 1, CV_STAGGERED, column_rates, columns) == CV_SUCCESS;
    return system->begun && now->nonlinear != NULL &&
           CVodeSetNonlinearSolverSensStg(system->memory, now->nonlinear) == CV_SUCCESS &&
           CVodeSensEEtolerances(system->memory) == CV_SUCCESS &&
           CVodeSetSensErrCon(system->memory, SUNTRUE) == CV_SUCCESS;
}

void integrator_restart_slopes(Integrator *integrator, const double *s)
{
    SlopeSystem *system = integrator_slope_system(integrator);
    if (system->count == 0) {
        return;
    }
    N_Vector columns[] = {system->columns};
    memcpy(vector_data(system->columns), s, system->now->space.count * sizeof *s);
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
    N_Vector scratch[] = {system->scratch};
    int flag = CVodeGetSensDky(system->memory, time, 0, scratch);
    assert(flag == CV_SUCCESS);
    (void)flag;
    memcpy(s, vector_values(system->scratch), system->now->space.count * sizeof *s);
}
