/* ast.h: a model file as the parser leaves it: a list of statements with their expressions.
 *
 * Nothing is resolved here; names are texts with their places. One File may be written out several
 * times (a module used under two names), so it is constant after parsing.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_MODEL_AST_H
#define STROMA_MODEL_AST_H

#include "expr/expr.h"
#include "model/unit.h"

typedef struct {
    const char *text; // NULL: not given
    Span span;
} Name;

typedef enum {
    NODE_NUMBER,  // value, unit (known if it stood behind the number)
    NODE_NAME,    // name
    NODE_APPLY,   // operator on arguments; > and >= are LESS, LESS_EQUAL with `swapped`
    NODE_CALL,    // name(arguments)
    NODE_CONVERT, // argument in unit
    NODE_BAD      // an error was reported here
} NodeKind;

typedef struct Node Node;
struct Node {
    NodeKind kind;
    Operator operation;
    bool swapped;
    bool bracketed; // stood in brackets; the span covers them
    Span span;      // the whole expression
    Span sign;      // the operator sign, the function name, or the unit of a conversion
    double value;
    Unit unit;
    const char *name;
    Node **arguments;
    int argument_count;
};

typedef enum {
    STATEMENT_PARAM,
    STATEMENT_COVARIATE,
    STATEMENT_INPUT,
    STATEMENT_DEF,
    STATEMENT_STATE,
    STATEMENT_LOCAL,
    STATEMENT_FLOW,
    STATEMENT_DERIVATIVE,
    STATEMENT_ROUTE,
    STATEMENT_OBSERVE,
    STATEMENT_EVENT,
    STATEMENT_TABLE,
    STATEMENT_USE
} StatementKind;

/* name = expression, in a list after 'with', a route's or an event's ':' */
typedef struct {
    Name name;
    Node *expr; // NULL for a bare word
} Option;

typedef struct {
    Name state;
    Option *options;
    int option_count;
} Target;

typedef struct {
    StatementKind kind;
    Name name;        // of a DERIVATIVE: the state; of a USE: the name after 'as'
    Unit unit;        // not known if not given
    const char *text; // the description, "" if none
    Node *expr;       // default, initial value, right-hand side, rate, condition, body; may be NULL
    Name from, to;    // states of a FLOW; `from` of a USE is the file
    Name *parameters; // of a DEF
    int parameter_count;
    Option *options; // of a USE or an EVENT
    int option_count;
    Target *targets; // of a ROUTE
    int target_count;
} Statement;

typedef struct {
    const Source *source;
    bool is_module;
    bool broken; // a statement was lost to an error of grammar
    Name name;
    const char *title;
    Unit time_unit; // not known: an error was reported
    Span time_span;
    Statement *statements;
    int statement_count;
} File;

#endif
