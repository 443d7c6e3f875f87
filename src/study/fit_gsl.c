/* fit_gsl.c: the one door to GSL's nonlinear least squares: Levenberg-Marquardt in a trust region
 * (More 1978) with exact Jacobian and QR, for likelihoods that are sums of squares.
 *
 * GSL knows no bounds, so a bounded coordinate s is a function of a free one u (James & Roos 1975):
 *
 *   low <= s <= high   s = low + (high - low) (1 + sin u) / 2
 *   low <= s           s = low + d (sqrt(u^2 + 1) - 1)         d: the start's distance from the
 * bound
 *
 * Residuals are divided by their root mean square at the start, so that GSL's tests do not depend
 * on units. It has converged when the gradient is small in units of the standard errors: the offset
 * sqrt(g^T F^-1 g) of Bates & Watts (1981).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/search.h"

#include <assert.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <string.h>

typedef enum { MAP_FREE, MAP_BOTH, MAP_LOW, MAP_HIGH } MapKind;

typedef struct {
    MapKind kind;
    double low, high, distance;
} Map;

typedef struct {
    Search *search;
    int count, rows;
    Map *maps;        // (count)
    double *s;        // (count) coordinates
    double *u;        // (count) of the trial that is known
    double *residual; // (rows)
    double *jacobian; // (rows × model_count)
    double unit;      // what residuals are divided by
    bool known;       // u, residual and jacobian belong together
} Squares;

/* --- bounds --------------------------------------------------------------------------------------
 */

static Map map_of(const FitParameter *parameter, double start)
{
    Map map = {.kind = MAP_FREE};
    scale_bounds(parameter, &map.low, &map.high);
    bool low = isfinite(map.low);
    bool high = isfinite(map.high);
    map.kind = low && high ? MAP_BOTH : low ? MAP_LOW : high ? MAP_HIGH : MAP_FREE;
    map.distance = low ? start - map.low : high ? map.high - start : 1.0;
    map.distance = map.distance > 0.0 ? map.distance : fmax(fabs(start), 1e-3);
    return map;
}

static double map_back(const Map *map, double u)
{
    switch (map->kind) {
    case MAP_BOTH:
        return fmin(map->high, map->low + 0.5 * (map->high - map->low) * (1.0 + sin(u)));
    case MAP_LOW:
        return map->low + map->distance * (sqrt(u * u + 1.0) - 1.0);
    case MAP_HIGH:
        return map->high - map->distance * (sqrt(u * u + 1.0) - 1.0);
    case MAP_FREE:
        break;
    }
    return u;
}

/* At a bound the slope is 0 and the search would never leave it: a start is put a little inside. */
static double map_forth(const Map *map, double s)
{
    static const double inside = 1e-3;
    double part;
    switch (map->kind) {
    case MAP_BOTH:
        part = (s - map->low) / (map->high - map->low);
        return asin(2.0 * fmin(fmax(part, inside), 1.0 - inside) - 1.0);
    case MAP_LOW:
    case MAP_HIGH:
        part = map->kind == MAP_LOW ? s - map->low : map->high - s;
        part = fmax(part / map->distance, inside) + 1.0;
        return sqrt(part * part - 1.0);
    case MAP_FREE:
        break;
    }
    return s;
}

static double map_slope(const Map *map, double u)
{
    switch (map->kind) {
    case MAP_BOTH:
        return 0.5 * (map->high - map->low) * cos(u);
    case MAP_LOW:
        return map->distance * u / sqrt(u * u + 1.0);
    case MAP_HIGH:
        return -map->distance * u / sqrt(u * u + 1.0);
    case MAP_FREE:
        break;
    }
    return 1.0;
}

/* --- what GSL asks -------------------------------------------------------------------------------
 */

/* Residuals and Jacobian at u; false: interrupted. */
static bool evaluate(Squares *squares, const gsl_vector *u)
{
    Search *search = squares->search;
    bool same = squares->known;
    for (int i = 0; i < squares->count; i++) {
        double one = gsl_vector_get(u, (size_t)i);
        same = same && one == squares->u[i];
        squares->u[i] = one;
        squares->s[i] = map_back(&squares->maps[i], one);
    }
    if (same) {
        return true;
    }
    squares->known = false;
    if (!search_try(search, squares->s, true)) {
        return false;
    }
    bool good = search->usable &&
                residuals_of(search->fit, &search->trial, squares->residual, squares->jacobian);
    double much = 1e3 * sqrt((double)squares->rows);
    for (int i = 0; i < squares->rows; i++) {
        squares->residual[i] = good ? squares->residual[i] / squares->unit : much;
    }
    squares->known = true;
    return true;
}

static int residuals(const gsl_vector *u, void *context, gsl_vector *f)
{
    Squares *squares = context;
    if (!evaluate(squares, u)) {
        return GSL_EBADFUNC;
    }
    for (int i = 0; i < squares->rows; i++) {
        gsl_vector_set(f, (size_t)i, squares->residual[i]);
    }
    return GSL_SUCCESS;
}

static int jacobian(const gsl_vector *u, void *context, gsl_matrix *j)
{
    Squares *squares = context;
    const Search *search = squares->search;
    if (!evaluate(squares, u)) {
        return GSL_EBADFUNC;
    }
    for (int i = 0; i < squares->rows; i++) {
        const double *row = squares->jacobian + (size_t)i * (size_t)search->fit->model_count;
        for (int k = 0; k < squares->count; k++) {
            double slope = map_slope(&squares->maps[k], squares->u[k]) / squares->unit;
            gsl_matrix_set(j, (size_t)i, (size_t)k, row[search->free[k]] * slope);
        }
    }
    return GSL_SUCCESS;
}

/* --- the search ----------------------------------------------------------------------------------
 */

/* Columns of length 1, so that the rank does not hang on units. */
static void normalise(gsl_matrix *a)
{
    for (size_t k = 0; k < a->size2; k++) {
        double sum = 0.0;
        for (size_t i = 0; i < a->size1; i++) {
            sum += gsl_matrix_get(a, i, k) * gsl_matrix_get(a, i, k);
        }
        for (size_t i = 0; i < a->size1 && sum > 0.0; i++) {
            gsl_matrix_set(a, i, k, gsl_matrix_get(a, i, k) / sqrt(sum));
        }
    }
}

/* The squares of the residuals f along the columns of a (which is destroyed) and across them.
 * Columns that others span already do not count. */
static bool project(Arena *arena, gsl_matrix *a, gsl_vector *f, double *along, double *across,
                    size_t *rank)
{
    static const double dependent = 1e-10;
    size_t count = a->size2;
    gsl_vector_view tau = gsl_vector_view_array(arena_array(arena, count, sizeof(double)), count);
    gsl_vector_view norm = gsl_vector_view_array(arena_array(arena, count, sizeof(double)), count);
    gsl_permutation order = {count, arena_array(arena, count, sizeof(size_t))};
    int sign = 0;
    normalise(a);
    if (gsl_linalg_QRPT_decomp(a, &tau.vector, &order, &sign, &norm.vector) != GSL_SUCCESS ||
        gsl_linalg_QR_QTvec(a, &tau.vector, f) != GSL_SUCCESS) {
        return false;
    }
    *along = *across = 0.0;
    *rank = 0;
    while (*rank < count && fabs(gsl_matrix_get(a, *rank, *rank)) > dependent) {
        ++*rank;
    }
    for (size_t i = 0; i < f->size; i++) {
        double part = gsl_vector_get(f, i);
        *along += i < *rank ? part * part : 0.0;
        *across += i < *rank ? 0.0 : part * part;
    }
    return true;
}

/* How far the point is from the best, in standard errors: from the projection of the residuals on
 * the columns of the Jacobian, relative to what is left of them. */
static double offset_of(const Squares *squares, const gsl_multifit_nlinear_workspace *workspace)
{
    Arena *arena = squares->search->arena;
    ArenaMark mark = arena_mark(arena);
    size_t rows = (size_t)squares->rows;
    size_t count = (size_t)squares->count;
    gsl_matrix_view a =
        gsl_matrix_view_array(arena_array(arena, rows * count, sizeof(double)), rows, count);
    gsl_vector_view f = gsl_vector_view_array(arena_array(arena, rows, sizeof(double)), rows);
    gsl_matrix_memcpy(&a.matrix, gsl_multifit_nlinear_jac(workspace));
    gsl_vector_memcpy(&f.vector, gsl_multifit_nlinear_residual(workspace));
    double offset = HUGE_VAL;
    double along;
    double across;
    size_t rank;
    if (project(arena, &a.matrix, &f.vector, &along, &across, &rank)) {
        double freedom = rows > rank ? (double)(rows - rank) : 1.0;
        bool own = squares->search->fit->concentrated; // else a residual's own unit is 1
        double unit = own ? across / freedom : 1.0 / (squares->unit * squares->unit);
        offset = unit > 0.0 ? sqrt(along / unit) : along > 0.0 ? HUGE_VAL : 0.0;
    }
    arena_rewind(arena, mark);
    return offset;
}

static SearchStatus iterate(Squares *squares, gsl_multifit_nlinear_workspace *workspace, int *left)
{
    static const double small = 1e-8;
    Search *search = squares->search;
    static const double nothing = 1e-12; // of -ln L
    int still = 0;                       // iterations in a row that moved nothing
    int idle = 0;                        // ... that won next to nothing
    while (*left > 0) {
        double before = search->best;
        int status = gsl_multifit_nlinear_iterate(workspace);
        --*left;
        if (search->interrupted) {
            return SEARCH_STOPPED;
        }
        double offset = offset_of(squares, workspace);
        search_note(search, offset);
        int why = 0;
        (void)gsl_multifit_nlinear_test(search->tolerance, 0.0, 0.0, &why, workspace);
        still = why == 1 ? still + 1 : 0;
        idle = before - search->best <= nothing * (1.0 + fabs(before)) ? idle + 1 : 0;
        if (offset < small || (still > 0 && offset < 1e-6) || (idle > 10 && offset < 1e-4)) {
            return SEARCH_CONVERGED;
        }
        if (status != GSL_SUCCESS || still > 2) {
            return offset < 1e-2 ? SEARCH_CONVERGED : SEARCH_STALLED;
        }
    }
    return SEARCH_LIMIT;
}

/* A way of choosing steps. */
typedef struct {
    const gsl_multifit_nlinear_trs *region;
    const gsl_multifit_nlinear_scale *scale;
    bool anew; // from the start again, not from the best point so far
} Way;

static SearchStatus run_way(Squares *squares, const Way *way, const double *start)
{
    Search *search = squares->search;
    size_t count = (size_t)squares->count;
    gsl_multifit_nlinear_parameters how = gsl_multifit_nlinear_default_parameters();
    how.trs = way->region;
    how.solver = gsl_multifit_nlinear_solver_qr;
    how.scale = way->scale;
    gsl_multifit_nlinear_workspace *workspace =
        gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &how, (size_t)squares->rows, count);
    gsl_vector *u = gsl_vector_alloc(count);
    SearchStatus status = SEARCH_STALLED;
    int left = search->iterations;
    gsl_multifit_nlinear_fdf asks = {
        .f = residuals, .df = jacobian, .n = (size_t)squares->rows, .p = count, .params = squares};
    squares->known = false;
    for (size_t i = 0; i < count && u != NULL; i++) {
        double from = way->anew ? start[i] : search->best_at[search->free[i]];
        gsl_vector_set(u, i, map_forth(&squares->maps[i], from));
    }
    if (workspace != NULL && u != NULL &&
        gsl_multifit_nlinear_init(u, &asks, workspace) == GSL_SUCCESS) {
        status = iterate(squares, workspace, &left);
    }
    status = search->interrupted ? SEARCH_STOPPED : status;
    gsl_vector_free(u);
    gsl_multifit_nlinear_free(workspace);
    return status;
}

/* Did the last point lie where a parameter could be doubled and no residual would notice? A search
 * that ran there (an exponential that has died out) is to be begun anew with smaller steps. */
static bool is_flat(const Squares *squares)
{
    static const double noticed = 1e-6;
    const Search *search = squares->search;
    size_t columns = (size_t)search->fit->model_count;
    for (int k = 0; k < squares->count && squares->known; k++) {
        const FitParameter *one = &search->fit->parameters[search->free[k]];
        double sum = 0.0;
        for (size_t i = 0; i < (size_t)squares->rows; i++) {
            double entry = squares->jacobian[i * columns + (size_t)search->free[k]];
            sum += entry * entry;
        }
        double size = one->scale == SCALE_LINEAR ? fmax(fabs(squares->s[k]), 1e-300) : 1.0;
        double rest = sqrt(residual_sum(search->fit, &search->trial) / squares->rows);
        if (sqrt(sum) * size < noticed * (search->fit->concentrated ? rest : 1.0)) {
            return true;
        }
    }
    return false;
}

/* The ways, until one of them ends well: Levenberg-Marquardt; with geodesic acceleration (Transtrum
 * & Sethna 2012) along a curved valley; with steps that begin small; the double dogleg. */
static SearchStatus try_ways(Squares *squares, const double *start)
{
    const Way ways[] = {
        {gsl_multifit_nlinear_trs_lm, gsl_multifit_nlinear_scale_more, false},
        {gsl_multifit_nlinear_trs_lmaccel, gsl_multifit_nlinear_scale_more, false},
        {gsl_multifit_nlinear_trs_lm, gsl_multifit_nlinear_scale_levenberg, true},
        {gsl_multifit_nlinear_trs_ddogleg, gsl_multifit_nlinear_scale_more, false},
    };
    SearchStatus first = SEARCH_STALLED;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        double before = squares->search->best;
        SearchStatus status = run_way(squares, &ways[i], start);
        bool good = status == SEARCH_CONVERGED && squares->search->best <= before;
        if (status == SEARCH_STOPPED || (good && !is_flat(squares))) {
            return status;
        }
        first = i == 0 || squares->search->best < before ? status : first;
        if (i == 0 && status == SEARCH_CONVERGED) { // flat: only a new beginning helps
            i++;
        }
    }
    return first;
}

SearchStatus search_squares(Search *search)
{
    const Fit *fit = search->fit;
    Arena *arena = search->arena;
    size_t count = (size_t)search->free_count;
    Squares squares = {
        .search = search, .count = search->free_count, .rows = residual_rows(fit), .unit = 1.0};
    assert(squares.rows >= squares.count);
    squares.maps = arena_array(arena, count, sizeof *squares.maps);
    squares.s = arena_array(arena, count, sizeof(double));
    squares.u = arena_array(arena, count, sizeof(double));
    squares.residual = arena_array(arena, (size_t)squares.rows, sizeof(double));
    squares.jacobian =
        arena_array(arena, (size_t)squares.rows * (size_t)fit->model_count, sizeof(double));
    double *start = arena_array(arena, count, sizeof *start);
    for (size_t i = 0; i < count; i++) {
        start[i] = search->best_at[search->free[i]];
        squares.maps[i] = map_of(&fit->parameters[search->free[i]], start[i]);
    }
    double sum = residual_sum(fit, &search->trial);
    squares.unit = sum > 0.0 ? sqrt(sum / fit->datum_count) : 1.0;
    return try_ways(&squares, start);
}
