/* parse_expression.c: the grammar of expressions, by rising precedence.
 *
 *   expression  = "if" expression "then" expression "else" expression | disjunction
 *   disjunction = conjunction { "or" conjunction }
 *   conjunction = negation { "and" negation }
 *   negation    = "not" negation | comparison
 *   comparison  = sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum ]
 *   sum         = product { ("+" | "-") product }
 *   product     = unary { ("*" | "/") unary }
 *   unary       = ("-" | "+") unary | power
 *   power       = conversion [ "^" unary ]
 *   conversion  = primary { "in" unit }
 *   primary     = number [ unit ] | name [ "(" [ expression { "," expression } ] ")" ]
 *               | "(" expression ")" | an "if" expression
 *
 * Depth is counted, so that a file of brackets ends in an error and not in the stack.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/parse.h"

#include <assert.h>
#include <string.h>

enum { DEPTH_LIMIT = 200 };

static Node *node_new(Parser *parser, NodeKind kind, Span span)
{
    if (++parser->nodes > PARSE_NODE_LIMIT && parser_fail(parser)) {
        diag_report(parser->diag, FAULT_M011, span, "the model has more than %d terms",
                    PARSE_NODE_LIMIT);
    }
    Node *node = arena_alloc(parser->arena, sizeof *node);
    node->kind = kind;
    node->span = span;
    node->sign = span;
    node->unit = unit_none();
    return node;
}

static Node *apply(Parser *parser, Operator operation, Span sign, Node *a, Node *b)
{
    assert(a);
    Node *node = node_new(parser, NODE_APPLY, b ? span_join(a->span, b->span) : a->span);
    node->operation = operation;
    node->sign = sign;
    node->argument_count = b ? 2 : 1;
    node->arguments = arena_array(parser->arena, 2, sizeof(Node *));
    node->arguments[0] = a;
    node->arguments[1] = b;
    return node;
}

static Node *bad(Parser *parser)
{
    return node_new(parser, NODE_BAD, parser->ahead[0].span);
}

/* Counts one level of nesting; false (with an error) beyond the limit. */
static bool enter(Parser *parser)
{
    if (parser->depth < DEPTH_LIMIT) {
        parser->depth++;
        return true;
    }
    if (parser_fail(parser)) {
        diag_report(parser->diag, FAULT_M011, parser->ahead[0].span,
                    "the expression is nested more than %d deep", DEPTH_LIMIT);
    }
    return false;
}

static void leave(Parser *parser)
{
    parser->depth--;
}

/* ---- primary ---- */

static void arguments(Parser *parser, Node *call)
{
    size_t capacity = 0;
    size_t count = 0;
    while (!parser->failed && !parser_at(parser, TOKEN_CLOSE)) {
        call->arguments =
            arena_grow(parser->arena, call->arguments, count, &capacity, sizeof(Node *));
        call->arguments[count++] = parse_expression(parser);
        if (!parser_accept(parser, TOKEN_COMMA)) {
            break;
        }
    }
    call->argument_count = (int)count;
}

/* The ')' that belongs to `open`. */
static void close_bracket(Parser *parser, Token open)
{
    if (parser->failed || parser_accept(parser, TOKEN_CLOSE)) {
        return;
    }
    const Token *next = &parser->ahead[0];
    bool over = parser_line_ends(parser);
    if (!parser_fail(parser)) {
        return;
    }
    if (over) {
        diag_report(parser->diag, FAULT_M019, open.span, "'(' is not closed");
    } else if (next->kind == TOKEN_UNIT) {
        diag_report(parser->diag, FAULT_M006, next->span, "a unit can only follow a number");
        diag_hint(parser->diag, "to convert write 'x in unit'");
    } else {
        diag_report(parser->diag, FAULT_M006, next->span, "expected ')' but found %s",
                    parser_found(parser, next));
        diag_note(parser->diag, open.span, "to match this '('");
    }
}

static Node *name_or_call(Parser *parser)
{
    Token token = parser_advance(parser);
    const char *name = parser_text(parser, token.span);
    if (!parser_at(parser, TOKEN_OPEN)) {
        Node *node = node_new(parser, NODE_NAME, token.span);
        node->name = name;
        return node;
    }
    Token open = parser_advance(parser);
    Node *node = node_new(parser, NODE_CALL, token.span);
    node->name = name;
    if (enter(parser)) {
        arguments(parser, node);
        leave(parser);
        close_bracket(parser, open);
    }
    node->span = span_join(token.span, parser->last);
    return node;
}

static Node *number(Parser *parser)
{
    Token token = parser_advance(parser);
    Node *node = node_new(parser, NODE_NUMBER, token.span);
    node->value = token.value;
    if (parser_at(parser, TOKEN_UNIT)) {
        Span span;
        node->unit = parse_unit(parser, &span);
        node->span = span_join(token.span, span);
        if (!node->unit.known) {
            node->kind = NODE_BAD;
        }
    }
    return node;
}

static Node *bracket(Parser *parser)
{
    Token open = parser_advance(parser);
    if (!enter(parser)) {
        return bad(parser);
    }
    Node *node = parse_expression(parser);
    leave(parser);
    close_bracket(parser, open);
    if (!parser->failed) {
        node->bracketed = true;
        node->span = span_join(open.span, parser->last);
    }
    return node;
}

static Node *conditional(Parser *parser);

static Node *primary(Parser *parser)
{
    if (parser->failed) {
        return bad(parser);
    }
    switch (parser->ahead[0].kind) {
    case TOKEN_NAME:
        return name_or_call(parser);
    case TOKEN_NUMBER:
        return number(parser);
    case TOKEN_OPEN:
        return bracket(parser);
    case TOKEN_IF:
        return conditional(parser);
    case TOKEN_TIME:
        if (parser_fail(parser)) {
            diag_report(parser->diag, FAULT_M015, parser->ahead[0].span,
                        "'time' is a word of the language");
            diag_hint(parser->diag, "time in an expression is 't'");
        }
        return bad(parser);
    default:
        parser_expected(parser, "a value");
        return bad(parser);
    }
}

/* conversion = primary { "in" unit } */
static Node *conversion(Parser *parser)
{
    Node *node = primary(parser);
    while (!parser->failed && parser_accept(parser, TOKEN_IN)) {
        Node *converted = apply(parser, EXPR_MULTIPLY, node->span, node, NULL);
        converted->kind = NODE_CONVERT;
        converted->unit = parse_unit(parser, &converted->sign);
        converted->span = span_join(node->span, parser->last);
        node = converted;
    }
    return node;
}

static Node *unary(Parser *parser);

/* power = conversion [ "^" unary ] */
static Node *power(Parser *parser)
{
    Node *base = conversion(parser);
    if (parser->failed || !parser_at(parser, TOKEN_POWER) || !enter(parser)) {
        return base;
    }
    Token sign = parser_advance(parser);
    Node *exponent = unary(parser);
    leave(parser);
    return apply(parser, EXPR_POWER, sign.span, base, exponent);
}

/* unary = ("-" | "+") unary | power */
static Node *unary(Parser *parser)
{
    if (parser->failed || (!parser_at(parser, TOKEN_MINUS) && !parser_at(parser, TOKEN_PLUS))) {
        return power(parser);
    }
    if (!enter(parser)) {
        return bad(parser);
    }
    Token sign = parser_advance(parser);
    Node *operand = unary(parser);
    leave(parser);
    if (sign.kind == TOKEN_MINUS) {
        operand = apply(parser, EXPR_NEGATE, sign.span, operand, NULL);
        operand->span = span_join(sign.span, operand->span);
    }
    return operand;
}

/* product = unary { ("*" | "/") unary } */
static Node *product(Parser *parser)
{
    Node *node = unary(parser);
    while (!parser->failed && (parser_at(parser, TOKEN_TIMES) || parser_at(parser, TOKEN_DIVIDE))) {
        Token sign = parser_advance(parser);
        Operator operation = sign.kind == TOKEN_TIMES ? EXPR_MULTIPLY : EXPR_DIVIDE;
        node = apply(parser, operation, sign.span, node, unary(parser));
    }
    return node;
}

/* sum = product { ("+" | "-") product } */
static Node *sum(Parser *parser)
{
    Node *node = product(parser);
    while (!parser->failed && (parser_at(parser, TOKEN_PLUS) || parser_at(parser, TOKEN_MINUS))) {
        Token sign = parser_advance(parser);
        Operator operation = sign.kind == TOKEN_PLUS ? EXPR_ADD : EXPR_SUBTRACT;
        node = apply(parser, operation, sign.span, node, product(parser));
    }
    return node;
}

/* The comparison that a token stands for; false if it stands for none. */
static bool comparison_operator(TokenKind kind, Operator *operation, bool *swapped)
{
    *swapped = kind == TOKEN_GREATER || kind == TOKEN_GREATER_EQUAL;
    switch (kind) {
    case TOKEN_LESS:
    case TOKEN_GREATER:
        *operation = EXPR_LESS;
        return true;
    case TOKEN_LESS_EQUAL:
    case TOKEN_GREATER_EQUAL:
        *operation = EXPR_LESS_EQUAL;
        return true;
    case TOKEN_EQUAL:
    case TOKEN_ASSIGN:
        *operation = EXPR_EQUAL;
        return true;
    case TOKEN_NOT_EQUAL:
        *operation = EXPR_NOT_EQUAL;
        return true;
    default:
        return false;
    }
}

/* comparison = sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum ] */
static Node *comparison(Parser *parser)
{
    Node *node = sum(parser);
    Operator operation = EXPR_EQUAL;
    bool swapped = false;
    for (int count = 0; !parser->failed; count++) {
        if (!comparison_operator(parser->ahead[0].kind, &operation, &swapped)) {
            break;
        }
        Token sign = parser_advance(parser);
        if (sign.kind == TOKEN_ASSIGN) {
            diag_report(parser->diag, FAULT_M008, sign.span, "'=' cannot stand inside a value");
            diag_hint(parser->diag, "write '==' to compare");
        } else if (count == 1) {
            diag_report(parser->diag, FAULT_M009, sign.span, "comparisons cannot be chained");
            diag_hint(parser->diag, "write 'a < b and b < c'");
        }
        if (count > 1) {
            parser_fail(parser); // enough was said
        }
        node = apply(parser, operation, sign.span, node, sum(parser));
        node->swapped = swapped;
    }
    return node;
}

/* negation = "not" negation | comparison */
static Node *negation(Parser *parser)
{
    if (parser->failed || !parser_at(parser, TOKEN_NOT)) {
        return comparison(parser);
    }
    if (!enter(parser)) {
        return bad(parser);
    }
    Token sign = parser_advance(parser);
    Node *operand = negation(parser);
    leave(parser);
    Node *node = apply(parser, EXPR_NOT, sign.span, operand, NULL);
    node->span = span_join(sign.span, operand->span);
    return node;
}

/* conjunction = negation { "and" negation } */
static Node *conjunction(Parser *parser)
{
    Node *node = negation(parser);
    while (!parser->failed && parser_at(parser, TOKEN_AND)) {
        Token sign = parser_advance(parser);
        node = apply(parser, EXPR_AND, sign.span, node, negation(parser));
    }
    return node;
}

/* disjunction = conjunction { "or" conjunction } */
static Node *disjunction(Parser *parser)
{
    Node *node = conjunction(parser);
    while (!parser->failed && parser_at(parser, TOKEN_OR)) {
        Token sign = parser_advance(parser);
        node = apply(parser, EXPR_OR, sign.span, node, conjunction(parser));
    }
    return node;
}

/* "then" or "else" of the choice that begins at `start`. */
static void choice_word(Parser *parser, TokenKind kind, Span start)
{
    if (parser->failed || parser_accept(parser, kind)) {
        return;
    }
    const char *word = token_kind_text(kind);
    Span here = parser->ahead[0].span;
    if (parser_line_ends(parser)) {
        here = (Span){parser->last.source, parser->last.start + parser->last.length, 1};
    }
    if (parser_fail(parser)) {
        diag_report(parser->diag, FAULT_M010, start, "this 'if' has no '%s'", word);
        diag_note(parser->diag, here, "'%s' was expected here", word);
    }
}

/* conditional = "if" expression "then" expression "else" expression; a chain of else if is read in
 * a loop, so that a long one does not count as depth. */
static Node *conditional(Parser *parser)
{
    Node *top = NULL;
    Node **place = &top;
    if (!enter(parser)) {
        return bad(parser);
    }
    while (!parser->failed && parser_at(parser, TOKEN_IF)) {
        Token word = parser_advance(parser);
        Node *node = node_new(parser, NODE_APPLY, word.span);
        node->operation = EXPR_SELECT;
        node->argument_count = 3;
        node->arguments = arena_array(parser->arena, 3, sizeof(Node *));
        node->arguments[0] = disjunction(parser);
        choice_word(parser, TOKEN_THEN, word.span);
        node->arguments[1] = parse_expression(parser);
        choice_word(parser, TOKEN_ELSE, word.span);
        *place = node;
        place = &node->arguments[2];
    }
    *place = parse_expression(parser);
    leave(parser);
    for (Node *node = top;; node = node->arguments[2]) {
        node->span = span_join(node->span, parser->last);
        if (&node->arguments[2] == place) {
            break;
        }
    }
    return top;
}

/* expression = conditional | disjunction */
Node *parse_expression(Parser *parser)
{
    assert(parser);
    if (parser->failed) {
        return bad(parser);
    }
    return parser_at(parser, TOKEN_IF) ? conditional(parser) : disjunction(parser);
}
