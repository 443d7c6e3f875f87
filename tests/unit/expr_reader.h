/* expr_reader.h: reads an expression from text, for tests of the floors below the model language.
 *
 * Symbols are t, x0 x1 ... (states), p0 ... (parameters), c0 ... (covariates), s0 ... (switches).
 * The grammar is that of the language page, one function per level. With `raw` the nodes are made
 * as written, without folding and rewriting: what a simplified expression is compared to. A text
 * that cannot be read is a mistake of the test: abort. SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TESTS_EXPR_READER_H
#define STROMA_TESTS_EXPR_READER_H

#include "base/number.h"
#include "expr/graph.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    Graph *graph;
    const char *text, *at;
    bool raw;
} Reader;

static Expr read_choice(Reader *reader);

static void read_fail(const Reader *reader)
{
    fprintf(stderr, "cannot read '%s' at '%s'\n", reader->text, reader->at);
    abort();
}

static Expr read_make(Reader *reader, Operator operation, Expr a, Expr b, Expr c)
{
    return reader->raw ? graph_intern(reader->graph, operation, a, b, c)
                       : expr_apply(reader->graph, operation, a, b, c);
}

static void read_blanks(Reader *reader)
{
    while (*reader->at == ' ') {
        reader->at++;
    }
}

/* Takes `word` if it stands here; a word of letters must end here too. */
static bool read_take(Reader *reader, const char *word)
{
    read_blanks(reader);
    size_t length = strlen(word);
    if (strncmp(reader->at, word, length) != 0 ||
        (isalpha((unsigned char)word[0]) && isalnum((unsigned char)reader->at[length]))) {
        return false;
    }
    reader->at += length;
    return true;
}

static void read_need(Reader *reader, const char *word)
{
    if (!read_take(reader, word)) {
        read_fail(reader);
    }
}

static Expr read_call(Reader *reader, const char *name)
{
    Expr argument[3] = {EXPR_NONE, EXPR_NONE, EXPR_NONE};
    read_need(reader, "(");
    if (strncmp(name, "interp", 6) == 0) {
        read_blanks(reader);
        char *end = NULL;
        int table = (int)strtol(reader->at + strlen("table"), &end, 10);
        reader->at = end;
        read_need(reader, ",");
        argument[0] = read_choice(reader);
        read_need(reader, ")");
        return expr_interp(reader->graph, table, argument[0], strcmp(name, "interp'") == 0);
    }
    int count = 0;
    do {
        argument[count++] = read_choice(reader);
    } while (count < 3 && read_take(reader, ","));
    read_need(reader, ")");
    Operator operation = strcmp(name, "hill'") == 0     ? EXPR_HILL_SLOPE
                         : strcmp(name, "digamma") == 0 ? EXPR_DIGAMMA
                                                        : operator_find(name);
    if (operation == EXPR_OPERATOR_COUNT || count != operator_arity(operation)) {
        read_fail(reader);
    }
    return read_make(reader, operation, argument[0], argument[1], argument[2]);
}

static Expr read_atom(Reader *reader)
{
    read_blanks(reader);
    double value = 0;
    size_t used = 0;
    if (isdigit((unsigned char)*reader->at)) {
        number_read(reader->at, strlen(reader->at), &value, &used);
        reader->at += used;
        return expr_number(reader->graph, value);
    }
    if (read_take(reader, "(")) {
        Expr inside = read_choice(reader);
        read_need(reader, ")");
        return inside;
    }
    char name[32];
    size_t length = 0;
    while (length < sizeof name - 1 &&
           (isalnum((unsigned char)reader->at[length]) || reader->at[length] == '\'')) {
        name[length] = reader->at[length];
        length++;
    }
    name[length] = '\0';
    reader->at += length;
    static const char letters[] = "txpcs";
    const char *kind = length > 0 ? strchr(letters, name[0]) : NULL;
    if (kind != NULL && (strcmp(name, "t") == 0 || isdigit((unsigned char)name[1]))) {
        return expr_symbol(reader->graph, (SymbolKind)(kind - letters),
                           (int)strtol(name + 1, NULL, 10));
    }
    return read_call(reader, name);
}

static Expr read_minus(Reader *reader);

static Expr read_power(Reader *reader)
{
    Expr base = read_atom(reader);
    return read_take(reader, "^")
               ? read_make(reader, EXPR_POWER, base, read_minus(reader), EXPR_NONE)
               : base;
}

static Expr read_minus(Reader *reader)
{
    return read_take(reader, "-")
               ? read_make(reader, EXPR_NEGATE, read_minus(reader), EXPR_NONE, EXPR_NONE)
               : read_power(reader);
}

static Expr read_product(Reader *reader)
{
    Expr left = read_minus(reader);
    for (;;) {
        if (read_take(reader, "*")) {
            left = read_make(reader, EXPR_MULTIPLY, left, read_minus(reader), EXPR_NONE);
        } else if (read_take(reader, "/")) {
            left = read_make(reader, EXPR_DIVIDE, left, read_minus(reader), EXPR_NONE);
        } else {
            return left;
        }
    }
}

static Expr read_sum(Reader *reader)
{
    Expr left = read_product(reader);
    for (;;) {
        if (read_take(reader, "+")) {
            left = read_make(reader, EXPR_ADD, left, read_product(reader), EXPR_NONE);
        } else if (read_take(reader, "-")) {
            left = read_make(reader, EXPR_SUBTRACT, left, read_product(reader), EXPR_NONE);
        } else {
            return left;
        }
    }
}

static Expr read_comparison(Reader *reader)
{
    static const struct {
        const char *sign;
        Operator operation;
        bool swap;
    } signs[] = {{"<=", EXPR_LESS_EQUAL, false}, {">=", EXPR_LESS_EQUAL, true},
                 {"==", EXPR_EQUAL, false},      {"!=", EXPR_NOT_EQUAL, false},
                 {"<", EXPR_LESS, false},        {">", EXPR_LESS, true}};
    Expr left = read_sum(reader);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (read_take(reader, signs[i].sign)) {
            Expr right = read_sum(reader);
            return read_make(reader, signs[i].operation, signs[i].swap ? right : left,
                             signs[i].swap ? left : right, EXPR_NONE);
        }
    }
    return left;
}

static Expr read_not(Reader *reader)
{
    return read_take(reader, "not")
               ? read_make(reader, EXPR_NOT, read_not(reader), EXPR_NONE, EXPR_NONE)
               : read_comparison(reader);
}

static Expr read_and(Reader *reader)
{
    Expr left = read_not(reader);
    while (read_take(reader, "and")) {
        left = read_make(reader, EXPR_AND, left, read_not(reader), EXPR_NONE);
    }
    return left;
}

static Expr read_or(Reader *reader)
{
    Expr left = read_and(reader);
    while (read_take(reader, "or")) {
        left = read_make(reader, EXPR_OR, left, read_and(reader), EXPR_NONE);
    }
    return left;
}

static Expr read_choice(Reader *reader)
{
    if (!read_take(reader, "if")) {
        return read_or(reader);
    }
    Expr condition = read_choice(reader);
    read_need(reader, "then");
    Expr first = read_choice(reader);
    read_need(reader, "else");
    Expr second = read_choice(reader);
    return read_make(reader, EXPR_SELECT, condition, first, second);
}

static inline Expr read_expr(Graph *graph, const char *text, bool raw)
{
    Reader reader = {.graph = graph, .text = text, .at = text, .raw = raw};
    Expr expr = read_choice(&reader);
    read_blanks(&reader);
    if (*reader.at != '\0') {
        read_fail(&reader);
    }
    return expr;
}

/* The text of an expression, in the arena of `text`. */
static inline const char *expr_text(const Graph *graph, Expr expr, Arena *arena)
{
    Text text = text_new(arena);
    expr_print(graph, expr, NULL, &text);
    return text.data;
}

#endif
