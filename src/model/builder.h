/* builder.h: what the files of this folder share while a Model is made out of parsed files.
 *
 * A file is written out once for the model itself and once for each `use`: an Instance. Every named
 * thing of an instance is a Definition. Values of intermediate quantities are made when they are
 * first asked for, which gives the order of evaluation and finds circles.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_MODEL_BUILDER_H
#define STROMA_MODEL_BUILDER_H

#include "model/ast.h"
#include "model/model.h"

/* An expression with its unit. */
typedef struct {
    Expr expr;
    Unit unit;
    bool zero; // the literal 0, which agrees with every unit
    bool bad;  // an error was reported below; nothing more is said about it
} Value;

typedef enum {
    DEFINE_PARAMETER,
    DEFINE_COVARIATE,
    DEFINE_STATE,
    DEFINE_INPUT,
    DEFINE_LOCAL,
    DEFINE_FLOW,
    DEFINE_OBSERVABLE,
    DEFINE_FUNCTION,
    DEFINE_ROUTE,
    DEFINE_EVENT,
    DEFINE_TABLE,
    DEFINE_MODULE,
    DEFINE_KIND_COUNT
} DefinitionKind;

typedef enum { PROGRESS_WAITING, PROGRESS_ACTIVE, PROGRESS_READY } Progress;

typedef struct Instance Instance;

typedef struct {
    DefinitionKind kind;
    const Statement *statement; // NULL for a table that is not declared
    Instance *instance;
    Instance *child;  // of a MODULE
    const char *name; // with prefix
    Span span;        // of the name
    int index;        // among those of its kind in the Model
    Unit unit;
    Progress progress;
    Value value;
} Definition;

struct Instance {
    const char *prefix; // "" or "msc."
    const File *file;
    Instance *parent;
    const Statement *use; // in the parent's file; NULL for the model itself
    Names *names;         // names without prefix to numbers of definitions
};

/* A report that was made, so that a module used twice does not say everything twice. */
typedef struct {
    Fault fault;
    Span where;
} Said;

typedef struct {
    Arena *arena;
    Diag *diag;
    Graph *graph;
    Model *model;
    SearchPath search;
    const File **files;
    size_t file_count, file_capacity;
    Instance **instances;
    size_t instance_count, instance_capacity;
    Definition **definitions;
    size_t definition_count, definition_capacity;
    Names *all; // full names to numbers of definitions
    size_t table_capacity;
    Definition **active; // definitions being evaluated, for the words about a circle
    size_t active_count, active_capacity;
    Said *said;
    size_t said_count, said_capacity;
    Names *unknown; // names reported as unknown
    int depth;      // of build_node
    long calls;     // functions written out
} Builder;

/* Where an expression stands: its instance, and the function whose body it belongs to. */
typedef struct Scope {
    Instance *instance;
    const Definition *function; // NULL outside of functions
    const Value *arguments;
    const struct Scope *caller;
    Span call; // of the outermost function
} Scope;

/* ---- use.c ---- */

/* Writes the file out as an instance, and the modules that it uses. */
void instance_collect(Builder *builder, const File *file, Instance *parent, const Statement *use,
                      const char *prefix);
/* Reads and parses a file once; NULL if it cannot be read (reported at `where`). */
const File *builder_file(Builder *builder, const char *path, Span where);
/* Keeps a parsed file and its source. */
void builder_add_file(Builder *builder, const File *file);
Definition *definition_new(Builder *builder, Instance *instance, DefinitionKind kind,
                           const Statement *statement);

/* ---- resolve.c ---- */

/* The definition a name (also dotted) means in an instance, or NULL. */
Definition *definition_find(const Builder *builder, const Instance *instance, const char *name);
/* The state a name means; NULL after a report. */
Definition *definition_state(Builder *builder, Instance *instance, Name name, const char *what);
/* The value of a definition, made when first asked for; `at` is where it is used. */
Value definition_value(Builder *builder, Definition *definition, const Scope *scope, Span at);
/* "a parameter", "a state" ... */
const char *definition_kind_text(DefinitionKind kind);
/* Reports an unknown name with what was perhaps meant; `function` is the def it stands in, or NULL.
 */
void name_unknown(Builder *builder, Instance *instance, Span span, const char *name,
                  const Statement *function);
/* Adds "did you mean ..." for the nearest definition of the kinds (bits) given, in a report on a
 * place in `here`. */
void hint_near(Builder *builder, const Source *here, const Instance *instance, const char *name,
               unsigned kinds);
/* Reports unknown names and functions in the body of a def, once. */
void function_check(Builder *builder, Definition *function);

/* ---- build.c ---- */

Value value_bad(Builder *builder);
/* A number without unit: behind a declared unit ("state X [mg] = 100") it is in that unit. */
bool value_is_plain(const Builder *builder, Value value);
Value build_node(Builder *builder, const Scope *scope, const Node *node);
/* An expression outside of functions. */
Value build_expression(Builder *builder, Instance *instance, const Node *node);
/* True if `count` arguments fit the language function or def; else reports. */
bool call_fits(Builder *builder, const Node *call, const Definition *function);
/* The language's own function of that name? */
bool function_is_known(const char *name);

/* ---- check.c: units ---- */

/* False if this was said before at this place; else *place is where to report. */
bool fault_begin(Builder *builder, Fault fault, const Scope *scope, Span span, Span *place);
/* A note about the body of a function, if the report belongs to one. */
void fault_end(Builder *builder, const Scope *scope, Span span);
/* The text of an expression for a message: 'TNF', or "this value" if it is long. */
const char *node_quote(Builder *builder, const Node *node);

/* The common unit of two values that are added, compared, chosen between. */
Value check_alike(Builder *builder, const Scope *scope, const char *verb,
                  const Node *const nodes[2], const Value values[2]);
/* The value must be dimensionless; `what` as in "the argument of exp". */
Value check_pure(Builder *builder, const Scope *scope, const char *what, const Node *node,
                 Value value);
/* The value is given to something of unit `unit`, called `what`. */
void check_assigned(Builder *builder, const Scope *scope, const char *what, Unit unit,
                    const Node *node, Value value);
/* Unit of base ^ exponent. */
Value check_power(Builder *builder, const Scope *scope, const Node *const nodes[2],
                  const Value values[2]);
/* x in unit: the factor. */
double check_convert(Builder *builder, const Scope *scope, const Node *node, Value *value);

/* ---- assemble.c, defaults.c ---- */

void assemble(Builder *builder);

/* ---- switch.c, surface.c, jacobian.c ---- */

/* Also sets the test of every event. */
void model_find_switches(Model *model, Arena *arena);
/* surface and off of every event, from its test. */
void model_find_surfaces(Builder *builder);
void model_make_jacobian(Model *model, Arena *arena);

#endif
