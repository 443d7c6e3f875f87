/* parser.c: the parser's hands: looking ahead, expecting, giving up, units.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/parse.h"

#include <assert.h>
#include <string.h>

static const char *const functions[] = {"exp",    "ln",    "log10", "sqrt", "pow",  "abs",
                                        "min",    "max",   "sin",   "cos",  "tan",  "asin",
                                        "acos",   "atan",  "sinh",  "cosh", "tanh", "erf",
                                        "lgamma", "floor", "ceil",  "step", "hill", "interp"};

const char *const *parse_functions(int *count)
{
    *count = (int)(sizeof functions / sizeof functions[0]);
    return functions;
}

bool parse_is_reserved(const char *name)
{
    if (strcmp(name, "t") == 0 || token_find_keyword(name, strlen(name)) != TOKEN_NAME) {
        return true;
    }
    int count = 0;
    const char *const *list = parse_functions(&count);
    for (int i = 0; i < count; i++) {
        if (strcmp(list[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- the parser's hands ---- */

Token parser_advance(Parser *parser)
{
    Token token = parser->ahead[0];
    for (int i = 1; i < PARSE_AHEAD; i++) {
        parser->ahead[i - 1] = parser->ahead[i];
    }
    parser->ahead[PARSE_AHEAD - 1] = lexer_next(&parser->lexer);
    parser->last = token.span;
    return token;
}

bool parser_at(const Parser *parser, TokenKind kind)
{
    return parser->ahead[0].kind == kind;
}

bool parser_accept(Parser *parser, TokenKind kind)
{
    if (!parser->failed && parser_at(parser, kind)) {
        parser_advance(parser);
        return true;
    }
    return false;
}

const char *parser_text(Parser *parser, Span span)
{
    return span_text(parser->arena, span);
}

bool parser_token_is(const Parser *parser, int ahead, const char *word)
{
    const Token *token = &parser->ahead[ahead];
    size_t length = strlen(word);
    return token->kind == TOKEN_NAME && token->span.length == length &&
           memcmp(token->span.source->text + token->span.start, word, length) == 0;
}

bool parser_fail(Parser *parser)
{
    if (parser->failed) {
        return false;
    }
    parser->failed = true;
    parser->file->broken = true;
    return parser->ahead[0].kind != TOKEN_BAD;
}

const char *parser_found(Parser *parser, const Token *token)
{
    if (token->kind == TOKEN_END) {
        return token_kind_text(TOKEN_END);
    }
    Span span = token->span;
    const char *more = span.length > 40 ? "..." : "";
    span.length = span.length > 40 ? 40 : span.length;
    return arena_format(parser->arena, "'%s%s'", parser_text(parser, span), more);
}

void parser_expected(Parser *parser, const char *what)
{
    if (!parser_fail(parser)) {
        return;
    }
    const Token *token = &parser->ahead[0];
    diag_report(parser->diag, FAULT_M006, token->span, "expected %s but found %s", what,
                parser_found(parser, token));
}

bool parser_expect(Parser *parser, TokenKind kind, const char *what)
{
    if (parser_accept(parser, kind)) {
        return true;
    }
    parser_expected(parser, what);
    return false;
}

/* ---- pieces of statements ---- */

Unit parser_unit(Parser *parser, Span span)
{
    Unit unit = unit_none();
    size_t start = 0;
    size_t length = 0;
    const char *near = NULL;
    const char *text = span.source->text + span.start;
    if (unit_read(parser->arena, text, span.length, &unit, &start, &length, &near)) {
        return unit;
    }
    Span where = {span.source, span.start + (uint32_t)start, (uint32_t)length};
    if (length == 0) {
        where = span;
        diag_report(parser->diag, FAULT_M017, where, "a unit is missing or incomplete");
    } else {
        Span shown = where;
        shown.length = shown.length > 60 ? 60 : shown.length;
        diag_report(parser->diag, FAULT_M017, where, "'%s' is not a known unit",
                    parser_text(parser, shown));
    }
    if (near) {
        diag_hint(parser->diag, "did you mean '%s'?", near);
    }
    return unit_none();
}

static bool is_unit_word(const Parser *parser, int ahead)
{
    const Token *token = &parser->ahead[ahead];
    const char *text = token->span.source->text + token->span.start;
    return token->kind == TOKEN_PERCENT || (token->kind == TOKEN_NUMBER && token->value == 1.0) ||
           (token->kind == TOKEN_NAME && unit_is_name(text, token->span.length));
}

/* unit = "[" ... "]" | word { ("*" | "/") word | "^" integer } ; greedy, but it stops before a
 * token that is no unit: 'x in pg/mL / V' converts x and divides by V. */
Unit parse_unit(Parser *parser, Span *span)
{
    *span = parser->ahead[0].span;
    if (parser_accept(parser, TOKEN_UNIT)) {
        Span inner = {span->source, span->start + 1, span->length - 2};
        return parser_unit(parser, inner);
    }
    if (!is_unit_word(parser, 0)) {
        if (parser_at(parser, TOKEN_NAME)) {
            Token token = parser_advance(parser);
            return parser_unit(parser, token.span);
        }
        parser_expected(parser, "a unit");
        return unit_none();
    }
    parser_advance(parser);
    for (;;) {
        if (parser_at(parser, TOKEN_POWER) && parser->ahead[1].kind == TOKEN_NUMBER) {
            parser_advance(parser);
            parser_advance(parser);
        } else if (parser_at(parser, TOKEN_POWER) && parser->ahead[1].kind == TOKEN_MINUS &&
                   parser->ahead[2].kind == TOKEN_NUMBER) {
            parser_advance(parser);
            parser_advance(parser);
            parser_advance(parser);
        } else if ((parser_at(parser, TOKEN_DIVIDE) || parser_at(parser, TOKEN_TIMES)) &&
                   is_unit_word(parser, 1)) {
            parser_advance(parser);
            parser_advance(parser);
        } else {
            break;
        }
    }
    *span = span_join(*span, parser->last);
    return parser_unit(parser, *span);
}
