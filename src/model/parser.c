/* parser.c: the parser's hands: looking ahead, expecting, giving up, units and names.
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

bool parser_line_ends(const Parser *parser)
{
    const Token *token = &parser->ahead[0];
    return token->kind == TOKEN_END || token->kind == TOKEN_SEMICOLON || token->first;
}

void parser_expected(Parser *parser, const char *what)
{
    if (!parser_fail(parser)) {
        return;
    }
    const Token *token = &parser->ahead[0];
    if (parser_line_ends(parser)) {
        // the fault is at the end of the line before, not at the innocent statement that follows
        Span end = {parser->last.source, parser->last.start + parser->last.length, 1};
        diag_report(parser->diag, FAULT_M006, end, "expected %s", what);
        return;
    }
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
    where.length = where.length > 60 ? 60 : where.length;
    // not within a UTF-8 character, which has at most three bytes that continue it
    while (where.length < length && where.length > 57 &&
           ((unsigned char)text[start + where.length] & 0xc0) == 0x80) {
        where.length--;
    }
    const char *word = parser_text(parser, where);
    while (start > 0 && text[start - 1] == ' ') {
        start--;
    }
    if (start > 0 && text[start - 1] == '^') {
        diag_report(parser->diag, FAULT_M017, where,
                    "a power is a whole number below 100, or a fraction in brackets");
    } else if (length == 0) {
        where = span.length > 0 ? span : (Span){span.source, span.start - 1, 2};
        diag_report(parser->diag, FAULT_M017, where, "the unit is incomplete");
    } else if (unit_is_name(word, where.length)) {
        diag_report(parser->diag, FAULT_M017, where, "'*' or '/' is missing before '%s'", word);
    } else if (strchr("*/.^()", word[0])) {
        diag_report(parser->diag, FAULT_M017, where, "'%s' cannot stand here in a unit", word);
    } else {
        diag_report(parser->diag, FAULT_M017, where, "'%s' is not a known unit", word);
        if (near) {
            diag_hint(parser->diag, "did you mean '%s'?", near);
        }
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

/* How many of the tokens ahead carry a unit on: "^" integer, "^" "-" integer, "*" word, "/" word.
 */
static int unit_goes_on(const Parser *parser)
{
    TokenKind next = parser->ahead[1].kind;
    switch (parser->ahead[0].kind) {
    case TOKEN_POWER:
        if (next == TOKEN_NUMBER) {
            return 2;
        }
        return next == TOKEN_MINUS && parser->ahead[2].kind == TOKEN_NUMBER ? 3 : 0;
    case TOKEN_DIVIDE:
    case TOKEN_TIMES:
        return is_unit_word(parser, 1) ? 2 : 0;
    default:
        return 0;
    }
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
        int tokens = unit_goes_on(parser);
        if (tokens == 0) {
            break;
        }
        while (tokens-- > 0) {
            parser_advance(parser);
        }
    }
    *span = span_join(*span, parser->last);
    return parser_unit(parser, *span);
}

/* name: of something that is declared (no dot, not reserved), or `dotted`: of something used. */
Name parse_name(Parser *parser, const char *what, bool dotted)
{
    Name name = {NULL, parser->ahead[0].span};
    if (parser->failed) {
        return name;
    }
    if (token_is_keyword(parser->ahead[0].kind) && !parser->ahead[0].first) {
        if (parser_fail(parser)) {
            diag_report(parser->diag, FAULT_M015, name.span, "'%s' is a word of the language",
                        parser_text(parser, name.span));
            diag_hint(parser->diag, "choose another name");
        }
        return name;
    }
    if (!parser_expect(parser, TOKEN_NAME, what)) {
        return name;
    }
    name.text = parser_text(parser, name.span);
    if (dotted) {
        return name;
    }
    bool micro = strchr(name.text, (char)0xC2) || strchr(name.text, (char)0xCE);
    if (micro) {
        diag_report(parser->diag, FAULT_M002, name.span, "'%s' is not a name", name.text);
        diag_hint(parser->diag, "names are made of a-z, A-Z, 0-9 and _");
    } else if (strchr(name.text, '.')) {
        diag_report(parser->diag, FAULT_M015, name.span, "'%s' cannot be declared here", name.text);
        diag_hint(parser->diag, "a name with a dot belongs to a module");
    } else if (parse_is_reserved(name.text)) {
        diag_report(parser->diag, FAULT_M015, name.span, "'%s' is %s", name.text,
                    strcmp(name.text, "t") == 0 ? "time" : "a function of the language");
        diag_hint(parser->diag, "choose another name");
    }
    return name;
}

/* The name of a model or of the file of a module: no quantity, so any word will do. */
Name parse_word(Parser *parser, const char *what)
{
    Name name = {NULL, parser->ahead[0].span};
    if (!parser->failed && token_is_keyword(parser->ahead[0].kind) && !parser->ahead[0].first) {
        name.text = parser_text(parser, parser_advance(parser).span);
        return name;
    }
    return parse_name(parser, what, true);
}
