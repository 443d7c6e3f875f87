/* print.c: expressions as text of the model language.
 *
 * As few brackets as the grammar needs; what is printed parses back to the same node, as the
 * rewrites of simplify.c are applied again. The slopes of hill and interp have no word in the
 * language and are printed with a prime. The walk keeps a list of things still to be printed
 * instead of recursing, so that depth is no limit; expr_print_short also bounds the length, since a
 * shared graph written out can be exponentially long.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "expr/graph.h"

#include <assert.h>
#include <string.h>

/* How tightly an expression binds; the levels of the grammar. */
enum {
    BINDS_IF,
    BINDS_OR,
    BINDS_AND,
    BINDS_NOT,
    BINDS_COMPARE,
    BINDS_SUM,
    BINDS_PRODUCT,
    BINDS_MINUS,
    BINDS_POWER,
    BINDS_ATOM
};

/* Something to be printed: a string, or an expression that must bind at least as `least`. */
typedef struct {
    const char *string;
    Expr expr;
    int least;
} Item;

typedef struct {
    const Graph *graph;
    const SymbolNames *names;
    Text *text;
    Arena *scratch;
    Item *items; // a stack: the last one is printed first
    size_t count, capacity;
} Printer;

static void later_string(Printer *printer, const char *string)
{
    printer->items = arena_grow(printer->scratch, printer->items, printer->count,
                                &printer->capacity, sizeof *printer->items);
    printer->items[printer->count++] = (Item){.string = string};
}

static void later(Printer *printer, Expr expr, int least)
{
    printer->items = arena_grow(printer->scratch, printer->items, printer->count,
                                &printer->capacity, sizeof *printer->items);
    printer->items[printer->count++] = (Item){.expr = expr, .least = least};
}

static Expr argument(const Printer *printer, Expr expr, int index)
{
    return printer->graph->nodes[expr].argument[index];
}

/* Whether -(product) may be printed as -a * b: what the minus would bind to must not change by it.
 */
static bool minus_may_lead(const Graph *graph, Expr expr)
{
    Operator operation = expr_operator(graph, expr);
    if (operation != EXPR_MULTIPLY && operation != EXPR_DIVIDE) {
        return false;
    }
    while (operation == EXPR_MULTIPLY || operation == EXPR_DIVIDE) {
        expr = expr_argument(graph, expr, 0);
        operation = expr_operator(graph, expr);
    }
    return operation == EXPR_SYMBOL || operation == EXPR_POWER ||
           (operation >= EXPR_EXP && operation <= EXPR_CEIL) || operation >= EXPR_HILL;
}

static int binding(const Graph *graph, Expr expr)
{
    switch (expr_operator(graph, expr)) {
    case EXPR_NUMBER:
        return expr_value(graph, expr) < 0 ? BINDS_MINUS : BINDS_ATOM;
    case EXPR_ADD:
    case EXPR_SUBTRACT:
        return BINDS_SUM;
    case EXPR_MULTIPLY:
    case EXPR_DIVIDE:
        return BINDS_PRODUCT;
    case EXPR_NEGATE:
        return minus_may_lead(graph, expr_argument(graph, expr, 0)) ? BINDS_PRODUCT : BINDS_MINUS;
    case EXPR_POWER:
        return BINDS_POWER;
    case EXPR_LESS:
    case EXPR_LESS_EQUAL:
    case EXPR_EQUAL:
    case EXPR_NOT_EQUAL:
        return BINDS_COMPARE;
    case EXPR_AND:
        return BINDS_AND;
    case EXPR_OR:
        return BINDS_OR;
    case EXPR_NOT:
        return BINDS_NOT;
    case EXPR_SELECT:
        return BINDS_IF;
    default:
        return BINDS_ATOM;
    }
}

static void print_symbol(Printer *printer, Expr expr)
{
    static const char letters[SYMBOL_KIND_COUNT + 1] = "txpcs";
    SymbolKind kind = expr_symbol_kind(printer->graph, expr);
    int index = expr_symbol_index(printer->graph, expr);
    const SymbolNames *names = printer->names;
    if (names != NULL && names->name != NULL) {
        text_string(printer->text, names->name(names->context, kind, index));
    } else if (kind == SYMBOL_TIME) {
        text_string(printer->text, "t");
    } else {
        text_format(printer->text, "%c%d", letters[kind], index);
    }
}

static void print_infix(Printer *printer, Expr expr, int left, int right)
{
    const char *sign = operator_text(expr_operator(printer->graph, expr));
    bool tight = strcmp(sign, "^") == 0;
    later(printer, argument(printer, expr, 1), right);
    later_string(printer, tight ? "" : " ");
    later_string(printer, sign);
    later_string(printer, tight ? "" : " ");
    later(printer, argument(printer, expr, 0), left);
}

static void print_select(Printer *printer, Expr expr)
{
    later(printer, argument(printer, expr, 2), BINDS_IF);
    later_string(printer, " else ");
    later(printer, argument(printer, expr, 1), BINDS_OR);
    later_string(printer, " then ");
    later(printer, argument(printer, expr, 0), BINDS_OR);
    later_string(printer, "if ");
}

static void print_call(Printer *printer, Expr expr)
{
    Operator operation = expr_operator(printer->graph, expr);
    text_string(printer->text, operator_text(operation));
    text_string(printer->text, "(");
    if (operation == EXPR_INTERP || operation == EXPR_INTERP_SLOPE) {
        const SymbolNames *names = printer->names;
        int table = expr_table(printer->graph, expr);
        if (names != NULL && names->table != NULL) {
            text_string(printer->text, names->table(names->context, table));
        } else {
            text_format(printer->text, "table%d", table);
        }
        text_string(printer->text, ", ");
    }
    later_string(printer, ")");
    for (int i = expr_arity(printer->graph, expr) - 1; i >= 0; i--) {
        later(printer, argument(printer, expr, i), BINDS_IF);
        later_string(printer, i > 0 ? ", " : "");
    }
}

static void print_node(Printer *printer, Expr expr)
{
    switch (expr_operator(printer->graph, expr)) {
    case EXPR_NUMBER:
        text_number(printer->text, expr_value(printer->graph, expr));
        break;
    case EXPR_SYMBOL:
        print_symbol(printer, expr);
        break;
    case EXPR_ADD:
    case EXPR_SUBTRACT:
        print_infix(printer, expr, BINDS_SUM, BINDS_PRODUCT);
        break;
    case EXPR_MULTIPLY:
    case EXPR_DIVIDE:
        print_infix(printer, expr, BINDS_PRODUCT, BINDS_MINUS);
        break;
    case EXPR_POWER: // right-associative
        print_infix(printer, expr, BINDS_ATOM, BINDS_POWER);
        break;
    case EXPR_LESS:
    case EXPR_LESS_EQUAL:
    case EXPR_EQUAL:
    case EXPR_NOT_EQUAL:
        print_infix(printer, expr, BINDS_SUM, BINDS_SUM);
        break;
    case EXPR_AND:
        print_infix(printer, expr, BINDS_AND, BINDS_NOT);
        break;
    case EXPR_OR:
        print_infix(printer, expr, BINDS_OR, BINDS_AND);
        break;
    case EXPR_NEGATE: {
        Expr inner = argument(printer, expr, 0);
        bool leads = minus_may_lead(printer->graph, inner);
        text_string(printer->text, "-");
        later(printer, inner, leads ? BINDS_PRODUCT : BINDS_POWER);
        break;
    }
    case EXPR_NOT:
        text_string(printer->text, "not ");
        later(printer, argument(printer, expr, 0), BINDS_NOT);
        break;
    case EXPR_SELECT:
        print_select(printer, expr);
        break;
    default:
        print_call(printer, expr);
        break;
    }
}

void expr_print_short(const Graph *graph, Expr expr, const SymbolNames *names, size_t limit,
                      Text *text)
{
    assert(expr != EXPR_NONE && expr < graph->count);
    Arena *scratch = arena_new();
    Printer printer = {.graph = graph, .names = names, .text = text, .scratch = scratch};
    size_t start = text->length;
    later(&printer, expr, BINDS_IF);
    while (printer.count > 0) {
        if (text->length - start > limit) {
            text_string(text, "...");
            break;
        }
        Item item = printer.items[--printer.count];
        if (item.string != NULL) {
            text_string(text, item.string);
        } else if (binding(graph, item.expr) < item.least) {
            text_string(text, "(");
            later_string(&printer, ")");
            later(&printer, item.expr, BINDS_IF);
        } else {
            print_node(&printer, item.expr);
        }
    }
    arena_free(scratch);
}

void expr_print(const Graph *graph, Expr expr, const SymbolNames *names, Text *text)
{
    expr_print_short(graph, expr, names, SIZE_MAX, text);
}
