/* expr.h: the expression graph: hash-consed, immutable nodes.
 *
 * A Graph owns nodes; an Expr is the number of one. Two expressions that mean the same operation on
 * the same arguments are the same Expr, so sharing is found by construction. Arguments always have
 * smaller numbers than the node that uses them (children older than parents): a loop over numbers
 * is a walk in evaluation order. Constructors fold constants and apply the local rewrites of
 * simplify.c. Each node keeps the span of the text that first made it.
 *
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_EXPR_EXPR_H
#define STROMA_EXPR_EXPR_H

#include "base/source.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum {
#define OPERATOR(NAME, arity, text) EXPR_##NAME,
#include "expr/operators.def"
#undef OPERATOR
    EXPR_OPERATOR_COUNT
} Operator;

/* What a symbol stands for. A SWITCH is a condition on time alone that is constant between two
 * stops of the integration (model.h). */
typedef enum {
    SYMBOL_TIME,
    SYMBOL_STATE,
    SYMBOL_PARAMETER,
    SYMBOL_COVARIATE,
    SYMBOL_SWITCH,
    SYMBOL_KIND_COUNT
} SymbolKind;

typedef uint32_t Expr;
enum { EXPR_NONE = 0 }; // no expression; node numbers start at 1

typedef struct Graph Graph;

Graph *graph_new(Arena *arena);
/* Nodes made from now on carry this span. */
void graph_at(Graph *graph, Span span);
/* Number of nodes + 1: all Exprs are below it. */
Expr graph_end(const Graph *graph);

Expr expr_number(Graph *graph, double value);
Expr expr_symbol(Graph *graph, SymbolKind kind, int index);
/* Unused arguments are EXPR_NONE. For the two INTERP operators use expr_interp. */
Expr expr_apply(Graph *graph, Operator operation, Expr a, Expr b, Expr c);
/* interp(table, x), or with slope its derivative with respect to x. */
Expr expr_interp(Graph *graph, int table, Expr x, bool slope);

Operator expr_operator(const Graph *graph, Expr expr);
int expr_arity(const Graph *graph, Expr expr);
Expr expr_argument(const Graph *graph, Expr expr, int index);
double expr_value(const Graph *graph, Expr expr); // of a NUMBER
SymbolKind expr_symbol_kind(const Graph *graph, Expr expr);
int expr_symbol_index(const Graph *graph, Expr expr); // of a SYMBOL
int expr_table(const Graph *graph, Expr expr);        // of an INTERP or INTERP_SLOPE
Span expr_span(const Graph *graph, Expr expr);
bool expr_is_number(const Graph *graph, Expr expr, double value);

const char *operator_text(Operator operation);
int operator_arity(Operator operation);
/* The function of the language with that name ("exp", ...), or EXPR_OPERATOR_COUNT. */
Operator operator_find(const char *name);

/* Borders of the special cases in operators.def. */
#define EXPR_TINY              1e-300  // what the logarithm and hill take for nothing
#define EXPR_SLIGHTLY_NEGATIVE (-1e-6) // a value from here to 0 is a solver's zero, not an error
// With n < 1 the slope of hill grows without limit towards x = 0. It ends at this many times 1/K:
// in the Jacobian, so that Newton's iterations stay usable, which need no exact one; in derivatives
// that are a result, where x^n has become nothing (below 1e-8 for n of 0.3).
#define EXPR_HILL_STEEPEST       1e6
#define EXPR_HILL_STEEPEST_EXACT 1e20
enum { EXPR_HILL_WHOLE = 8 }; // hill with a literal n of 1..8 is computed as a rational function

/* hill counts x and K below 0 as 0 and, for a literal n, above this limit as the limit, so that no
 * power overflows: the largest power of ten with limit^n <= 1e300. n is 1..EXPR_HILL_WHOLE. */
double expr_hill_limit(int n);
/* n if the third argument of this HILL or HILL_SLOPE is a literal 1..EXPR_HILL_WHOLE, else 0. */
int expr_hill_whole(const Graph *graph, Expr hill);

/* The value of one operation by libm; not for NUMBER, SYMBOL, INTERP. A HILL is taken to have a
 * literal n. */
double operator_value(Operator operation, double a, double b, double c);
/* The logarithmic derivative of the gamma function. */
double expr_digamma(double x);

/* Which kinds of symbol it depends on: bit (1 << SymbolKind). */
unsigned expr_kinds(const Graph *graph, Expr expr);

/* True if `symbol` (a SYMBOL node) occurs in it. */
bool expr_contains(const Graph *graph, Expr expr, Expr symbol);

/* ∂expr/∂symbol; symbol is a SYMBOL node. Exact: one rule per operator. Not for the second
 * derivative of lgamma and interp. */
Expr expr_derive(Graph *graph, Expr expr, Expr symbol);

/* expr with each from[i] (any nodes) replaced by to[i]. */
Expr expr_substitute(Graph *graph, Expr expr, const Expr *from, const Expr *to, int count);

/* Values for a tree walk: values[kind][index]; NULL where a kind is not needed. */
typedef struct {
    const double *values[SYMBOL_KIND_COUNT];
    double (*interp)(void *context, int table, double x, bool slope); // may be NULL
    void *context;
} Bindings;

/* The value by a plain tree walk with libm: the reference that tapes are tested against. */
double expr_evaluate(const Graph *graph, Expr expr, const Bindings *bindings);

/* Names for printing; a NULL function gives x0, p0 ... */
typedef struct {
    const char *(*name)(void *context, SymbolKind kind, int index);
    const char *(*table)(void *context, int table);
    void *context;
} SymbolNames;

/* As text of the model language, with as few brackets as needed; parses back to the same node. */
void expr_print(const Graph *graph, Expr expr, const SymbolNames *names, Text *text);
/* The same, cut off after about `limit` bytes with "...": for listings and messages, where the text
 * of a shared graph could be of any length. */
void expr_print_short(const Graph *graph, Expr expr, const SymbolNames *names, size_t limit,
                      Text *text);

#endif
