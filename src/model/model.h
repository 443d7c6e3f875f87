/* model.h: what a model file means: named states, parameters, covariates, observables, routes,
 * events, and one expression graph that holds all their equations.
 *
 * A Model is built once by model_read and constant afterwards; any number of threads may read it.
 * Modules (`use`) are inlined: their quantities appear here with dotted names ("msc.blood").
 * All expressions are in the model's own units; time is in `time_unit`.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_MODEL_MODEL_H
#define STROMA_MODEL_MODEL_H

#include "base/diag.h"
#include "base/names.h"
#include "expr/expr.h"
#include "model/unit.h"

/* What every named quantity has. */
typedef struct {
    const char *name; // with module prefix, such as "msc.blood"
    const char *text; // the description in quotes, or ""
    Unit unit;
    Span span; // of the name where it is declared
} Label;

typedef struct {
    Label label;
    Expr initial;      // depends on parameters, covariates and time only
    Expr rate;         // d/dt, flows included; time conditions are SWITCH symbols
    bool non_negative; // reserved for the study's option
} State;

typedef struct {
    Label label;
    bool has_default;
    double value; // the default, in label.unit
} Parameter;      // also a covariate

/* A named intermediate value, or an observable; time conditions are written out. */
typedef struct {
    Label label;
    Expr expr;
} Quantity;

/* One place a route delivers to. A route with several targets splits the dose. */
typedef struct {
    int state;
    Expr fraction; // 1 if not given; depends on time, parameters, covariates only
    Expr lag;      // 0 if not given; likewise, in time_unit
    Span span;
} RouteTarget;

typedef struct {
    Label label; // unit = unit of the first target's state
    RouteTarget *targets;
    int target_count;
    Expr rate;     // modelled rate, or EXPR_NONE
    Expr duration; // modelled duration, or EXPR_NONE
} Route;

typedef struct {
    int state;
    Expr value;
} Assignment;

/* What happens when a condition becomes true. For the one who runs it (simulate/): it fires when
 * `test` turns from 0 to 1, which is where `surface` passes through zero from below; having fired,
 * it is ready again when `off` says that the test is false by more than rounding. In these three
 * the part of the condition that depends on time alone stands as SWITCH symbols. */
typedef struct {
    Label label;
    Expr condition; // as written
    Expr test;      // the condition, or its negation if `falling`
    Expr surface;
    Expr off;
    Assignment *assignments;
    int assignment_count;
    Expr priority; // EXPR_NONE if not given; higher goes first
    Expr delay;    // in time_unit; EXPR_NONE if not given
    bool falling;  // fires when the condition turns from 1 to 0
    Span span;
} Event;

/* A condition (or floor, ceil ...) that depends on time, parameters and covariates but on no state.
 * Its value is frozen between two stops of the integration: in the rates it stands as a SWITCH
 * symbol. `surface` tells where to stop: where it changes sign, or (whole) passes a whole number.
 */
typedef struct {
    Expr value;   // the condition as written
    Expr surface; // function of time, parameters, covariates
    Expr slope;   // ∂surface/∂t
    bool whole;   // stop at each whole number of surface (floor, ceil)
    bool linear;  // surface is a straight line in time (slope constant, no floor, if ... inside)
    Span span;
} Switch;

/* A table named in interp(table, x); its points come from the study. */
typedef struct {
    Label label; // unit: of the values
    Unit x_unit;
    bool of_time; // some use has x depending on time alone: knots become stops
} TableInput;

/* Sparse Jacobian ∂rate_i/∂state_j, compressed by rows, columns ascending; the diagonal always
 * there. */
typedef struct {
    int count;      // entries
    int *row_start; // (state_count + 1)
    int *column;    // (count)
    Expr *entry;    // (count)
} Jacobian;

typedef struct {
    Arena *arena;
    Graph *graph;
    const char *name;
    const char *title;
    const char *path; // as found
    Unit time_unit;   // label.text such as "day"
    bool is_module;   // declared with `module` (may be run by itself if every input has a default)
    State *states;
    int state_count;
    Parameter *parameters;
    int parameter_count;
    Parameter *covariates;
    int covariate_count;
    Quantity *locals; // named intermediate values
    int local_count;
    Quantity *observables;
    int observable_count;
    Route *routes;
    int route_count;
    Event *events;
    int event_count;
    Switch *switches;
    int switch_count;
    TableInput *tables;
    int table_count;
    Jacobian jacobian;
    const Source **sources; // every file read, the main one first
    int source_count;
    const Names *names;              // every quantity; use model_find
    const char *const *switch_names; // conditions as text, such as "(t < t_end)"
} Model;

typedef enum {
    NAME_NONE,
    NAME_STATE,
    NAME_PARAMETER,
    NAME_COVARIATE,
    NAME_LOCAL,
    NAME_OBSERVABLE,
    NAME_ROUTE,
    NAME_EVENT,
    NAME_TABLE
} NameKind;

typedef struct {
    NameKind kind;
    int index;
} NameRef;

/* Folders in which `use x` looks for x.stroma after the folder of the using file. */
typedef struct {
    const char *const *folders;
    int count;
} SearchPath;

/* Reads, checks and builds a model. NULL if there is any error: diag holds why (all of them, not
 * just the first). The Model lives in `arena`. */
const Model *model_read(Arena *arena, const char *path, SearchPath search, Diag *diag);

/* The same from text in memory. */
const Model *model_from_source(Arena *arena, const Source *source, SearchPath search, Diag *diag);

/* What a name means; kind NAME_NONE if unknown. */
NameRef model_find(const Model *model, const char *name);
/* The label of a NameRef (not NAME_NONE). */
const Label *model_label(const Model *model, NameRef ref);
/* The expression of a state, parameter, covariate, local or observable. */
Expr model_expr(const Model *model, NameRef ref);
/* Nearest name of the given kinds (bit 1 << NameKind), or NULL. */
const char *model_near(const Model *model, unsigned kinds, const char *name);

/* A condition written outside of the model, over its quantities, such as "CRP_0 > 5" in a study: 1
 * or 0. A plain number is in the unit of what it is compared to. EXPR_NONE: diag holds why. The
 * graph grows: not while others read the model. */
Expr model_condition(const Model *model, Span where, Diag *diag);

/* Where the rates jump because a condition in them depends on states: `surface` passes through zero
 * there, or (whole) through a whole number, with the rates that differ on its two sides. */
typedef struct {
    int state;
    Expr below, above; // its rate where the surface is a little lower, or higher
} EdgeSide;
typedef struct {
    Expr surface;
    bool whole;
    EdgeSide *sides;
    int side_count;
} Edge;

/* All edges of a model; their number. The graph grows: not while others read the model. */
int model_edges(const Model *model, Arena *arena, Edge **edges);
/* Where these derivatives of the rates jump, because conditions in them depend on states or time:
 * each of *surfaces passes through zero there. Their number. The graph grows, as above. */
int model_kinks(const Model *model, Arena *arena, const Expr *derivatives, int count,
                Expr **surfaces);

/* Names for expr_print. */
SymbolNames model_symbol_names(const Model *model);

/* Windows on the stages, for `stroma show`: tokens, equations, Jacobian. */
void model_print_tokens(Arena *arena, const Source *source, Diag *diag, Text *text);
void model_print(const Model *model, Text *text);
void model_print_jacobian(const Model *model, Text *text);

/* strict: warnings for every quantity without a unit (M codes). */
void model_check_strict(const Model *model, Diag *diag);
/* Warns of what is allowed and often not meant: pulses hidden in equations. */
void model_lint(const Model *model, Diag *diag);

#endif
