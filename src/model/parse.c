/* parse.c: the grammar of statements, and how the parser goes on after an error.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/parse.h"
#include "base/names.h"

#include <assert.h>
#include <string.h>

/* [ text ]: the description, if it was not given yet */
static void parse_text(Parser *parser, Statement *statement)
{
    if (parser->failed || !parser_at(parser, TOKEN_STRING)) {
        return;
    }
    if (statement->text[0] != '\0') {
        parser_expected(parser, "no second text");
        return;
    }
    Token token = parser_advance(parser);
    char *text = arena_alloc(parser->arena, token.span.length);
    const char *from = token.span.source->text + token.span.start;
    size_t length = 0;
    for (uint32_t i = 1; i + 1 < token.span.length; i++) {
        if (from[i] == '\\' && (from[i + 1] == '"' || from[i + 1] == '\\')) {
            i++;
        }
        text[length++] = from[i];
    }
    text[length] = '\0';
    statement->text = text;
}

/* [ "[" unit "]" ]; also sees a unit in round brackets. */
static void parse_optional_unit(Parser *parser, Statement *statement)
{
    Span span;
    if (parser->failed) {
        return;
    }
    if (parser_at(parser, TOKEN_UNIT)) {
        statement->unit = parse_unit(parser, &span);
    } else if (parser_at(parser, TOKEN_OPEN) && !parser->ahead[0].first) {
        span = parser->ahead[0].span;
        while (!parser_at(parser, TOKEN_END) && !parser->ahead[1].first &&
               !parser_at(parser, TOKEN_CLOSE)) {
            parser_advance(parser);
        }
        if (!parser_at(parser, TOKEN_CLOSE)) {
            parser_expected(parser, "a unit in square brackets");
            return;
        }
        parser_advance(parser);
        span = span_join(span, parser->last);
        diag_report(parser->diag, FAULT_M020, span, "a unit stands in square brackets");
        Span inner = {span.source, span.start + 1, span.length - 2};
        diag_hint(parser->diag, "write '[%s]'", parser_text(parser, inner));
    }
}

/* name "=" expression { "," ... } ; with `words` a bare word may stand for itself */
static Option *parse_options(Parser *parser, int *count, bool words, const char *what)
{
    Option *options = NULL;
    size_t n = 0;
    size_t capacity = 0;
    do {
        options = arena_grow(parser->arena, options, n, &capacity, sizeof *options);
        Option *option = &options[n];
        option->name = parse_name(parser, what, true);
        option->expr = NULL;
        if (parser->failed) {
            break;
        }
        n++;
        if (words && strcmp(option->name.text, "falling") == 0 &&
            !parser_at(parser, TOKEN_ASSIGN)) {
            continue;
        }
        if (parser_expect(parser, TOKEN_ASSIGN, "'='")) {
            option->expr = parse_expression(parser);
        }
    } while (parser_accept(parser, TOKEN_COMMA));
    *count = (int)n;
    return options;
}

/* ---- statements ---- */

static Statement *add_statement(Parser *parser, StatementKind kind)
{
    File *file = parser->file;
    file->statements = arena_grow(parser->arena, file->statements, (size_t)file->statement_count,
                                  &parser->statement_capacity, sizeof *file->statements);
    Statement *statement = &file->statements[file->statement_count++];
    *statement = (Statement){.kind = kind, .unit = unit_none(), .text = ""};
    return statement;
}

/* declaration = word name [unit] [text] [ "=" expression ] [text] */
static void parse_declaration(Parser *parser, StatementKind kind)
{
    Statement statement = {.kind = kind, .unit = unit_none(), .text = ""};
    const char *word = parser_text(parser, parser_advance(parser).span);
    const char *what = arena_format(parser->arena, "a name after '%s'", word);
    statement.name = parse_name(parser, what, false);
    parse_optional_unit(parser, &statement);
    parse_text(parser, &statement);
    if (parser_accept(parser, TOKEN_ASSIGN)) {
        statement.expr = parse_expression(parser);
        parse_text(parser, &statement);
    } else if (kind == STATEMENT_STATE || kind == STATEMENT_OBSERVE) {
        parser_expected(parser, kind == STATEMENT_STATE ? "'=' and an initial value"
                                                        : "'=' and an expression");
    }
    *add_statement(parser, kind) = statement;
}

/* table = "table" name [unit] [text] */
static void parse_table(Parser *parser)
{
    Statement statement = {.kind = STATEMENT_TABLE, .unit = unit_none(), .text = ""};
    parser_advance(parser);
    statement.name = parse_name(parser, "the name of a table", false);
    parse_optional_unit(parser, &statement);
    parse_text(parser, &statement);
    *add_statement(parser, STATEMENT_TABLE) = statement;
}

/* local = name [unit] [text] "=" expression [text] */
static void parse_local(Parser *parser)
{
    Statement statement = {.kind = STATEMENT_LOCAL, .unit = unit_none(), .text = ""};
    statement.name = parse_name(parser, "a name", false);
    parse_optional_unit(parser, &statement);
    parse_text(parser, &statement);
    if (parser_expect(parser, TOKEN_ASSIGN, "'='")) {
        statement.expr = parse_expression(parser);
        parse_text(parser, &statement);
    }
    *add_statement(parser, STATEMENT_LOCAL) = statement;
}

/* def = "def" name "(" name { "," name } ")" "=" expression */
static void parse_def(Parser *parser)
{
    Statement statement = {.kind = STATEMENT_DEF, .unit = unit_none(), .text = ""};
    size_t capacity = 0;
    size_t n = 0;
    parser_advance(parser);
    statement.name = parse_name(parser, "the name of a function", false);
    parser_expect(parser, TOKEN_OPEN, "'(' and the names of the arguments");
    do {
        statement.parameters = arena_grow(parser->arena, statement.parameters, n, &capacity,
                                          sizeof *statement.parameters);
        statement.parameters[n] = parse_name(parser, "the name of an argument", false);
        n += !parser->failed;
    } while (parser_accept(parser, TOKEN_COMMA));
    statement.parameter_count = (int)n;
    parser_expect(parser, TOKEN_CLOSE, "')'");
    if (parser_expect(parser, TOKEN_ASSIGN, "'='")) {
        statement.expr = parse_expression(parser);
        parse_text(parser, &statement);
    }
    *add_statement(parser, STATEMENT_DEF) = statement;
}

/* flow = "flow" name [unit] [text] ":" [name] "->" [name] ":" expression [text] */
static void parse_flow(Parser *parser)
{
    Statement statement = {.kind = STATEMENT_FLOW, .unit = unit_none(), .text = ""};
    parser_advance(parser);
    statement.name = parse_name(parser, "the name of a flow", false);
    parse_optional_unit(parser, &statement);
    parse_text(parser, &statement);
    parser_expect(parser, TOKEN_COLON, "':' and the states of the flow");
    if (!parser_at(parser, TOKEN_ARROW)) {
        statement.from = parse_name(parser, "a state or '->'", true);
    }
    parser_expect(parser, TOKEN_ARROW, "'->'");
    if (!parser_at(parser, TOKEN_COLON)) {
        statement.to = parse_name(parser, "a state or ':'", true);
    }
    if (!parser->failed && !statement.from.text && !statement.to.text) {
        parser_expected(parser, "a state that the flow leaves or enters");
    }
    if (parser_expect(parser, TOKEN_COLON, "':' and the rate of the flow")) {
        statement.expr = parse_expression(parser);
        parse_text(parser, &statement);
    }
    *add_statement(parser, STATEMENT_FLOW) = statement;
}

static void derivative_of(Parser *parser, Name name)
{
    Statement statement = {
        .kind = STATEMENT_DERIVATIVE, .unit = unit_none(), .text = "", .name = name};
    if (parser_expect(parser, TOKEN_ASSIGN, "'='")) {
        statement.expr = parse_expression(parser);
    }
    *add_statement(parser, STATEMENT_DERIVATIVE) = statement;
}

/* derivative = "d" "/" "dt" "(" name ")" "=" expression */
static void parse_derivative(Parser *parser)
{
    parser_advance(parser);
    parser_advance(parser);
    parser_advance(parser);
    parser_expect(parser, TOKEN_OPEN, "'(' and a state: d/dt(X)");
    Name name = parse_name(parser, "the name of a state", true);
    parser_expect(parser, TOKEN_CLOSE, "')'");
    derivative_of(parser, name);
}

/* dX/dt = ..., X' = ... : reported, then taken for d/dt(X) */
static void parse_foreign_derivative(Parser *parser)
{
    Token token = parser_advance(parser);
    Span span = token.span;
    if (parser_accept(parser, TOKEN_DIVIDE)) {
        parser_advance(parser);
        token.span.start++;
        token.span.length--;
    } else {
        parser_advance(parser);
    }
    span = span_join(span, parser->last);
    Name name = {parser_text(parser, token.span), token.span};
    diag_report(parser->diag, FAULT_M021, span, "an equation begins with d/dt(state)");
    diag_hint(parser->diag, "write 'd/dt(%s) = ...'", name.text);
    derivative_of(parser, name);
}

/* route = "route" name [text] "->" name [ ":" options ] { "->" name [ ":" options ] } */
static void parse_route(Parser *parser)
{
    Statement statement = {.kind = STATEMENT_ROUTE, .unit = unit_none(), .text = ""};
    size_t capacity = 0;
    size_t n = 0;
    parser_advance(parser);
    statement.name = parse_name(parser, "the name of a route", false);
    parse_text(parser, &statement);
    parser_expect(parser, TOKEN_ARROW, "'->' and the state that the route leads to");
    do {
        statement.targets =
            arena_grow(parser->arena, statement.targets, n, &capacity, sizeof *statement.targets);
        Target *target = &statement.targets[n];
        *target = (Target){.state = parse_name(parser, "the name of a state", true)};
        n += !parser->failed;
        if (parser_accept(parser, TOKEN_COLON)) {
            target->options = parse_options(parser, &target->option_count, false,
                                            "fraction, lag, rate or duration");
        }
    } while (parser_accept(parser, TOKEN_ARROW));
    statement.target_count = (int)n;
    parse_text(parser, &statement);
    *add_statement(parser, STATEMENT_ROUTE) = statement;
}

/* event = "event" name [text] "when" expression ":" options */
static void parse_event(Parser *parser)
{
    Statement statement = {.kind = STATEMENT_EVENT, .unit = unit_none(), .text = ""};
    parser_advance(parser);
    statement.name = parse_name(parser, "the name of an event", false);
    parse_text(parser, &statement);
    if (parser_expect(parser, TOKEN_WHEN, "'when' and a condition")) {
        statement.expr = parse_expression(parser);
    }
    if (parser_expect(parser, TOKEN_COLON, "':' and what the event does")) {
        statement.options =
            parse_options(parser, &statement.option_count, true, "the name of a state");
    }
    *add_statement(parser, STATEMENT_EVENT) = statement;
}

/* use = "use" name [ "as" name ] [ "with" options ] */
static void parse_use(Parser *parser)
{
    Statement statement = {.kind = STATEMENT_USE, .unit = unit_none(), .text = ""};
    parser_advance(parser);
    statement.from = parse_word(parser, "the name of a module");
    statement.name = statement.from;
    if (parser_accept(parser, TOKEN_AS)) {
        statement.name = parse_name(parser, "a name for the module", false);
    } else if (!parser->failed) {
        const char *dot = strrchr(statement.from.text, '.');
        statement.name.text = dot ? dot + 1 : statement.from.text;
        if (parse_is_reserved(statement.name.text)) {
            parser_expected(parser, "'as' and another name for the module");
        }
    }
    if (parser_accept(parser, TOKEN_WITH)) {
        statement.options =
            parse_options(parser, &statement.option_count, false, "the name of an input");
    }
    *add_statement(parser, STATEMENT_USE) = statement;
}

/* time = "time" unit */
static void parse_time(Parser *parser)
{
    File *file = parser->file;
    static const short second[UNIT_BASES] = {0, 0, UNIT_POWER_ONE};
    Token word = parser_advance(parser);
    Span span;
    int errors = diag_errors(parser->diag);
    Unit unit = parse_unit(parser, &span);
    if (parser->failed) {
        return;
    }
    if (file->time_span.source) {
        diag_report(parser->diag, FAULT_M013, word.span, "the unit of time is given twice");
        diag_note(parser->diag, file->time_span, "first here");
        return;
    }
    file->time_span = span_join(word.span, span);
    if (unit.known && !unit_is_dimensionless(unit) &&
        memcmp(unit.power, second, sizeof second) != 0) {
        diag_report(parser->diag, FAULT_M013, span, "'%s' is not a unit of time", unit.text);
        unit = unit_none();
    }
    assert(unit.known || diag_errors(parser->diag) > errors);
    file->time_unit = unit;
}

/* The word that begins a statement and was perhaps meant: the nearest one, or our word for another
 * language's. NULL if there is none. */
static const char *near_word(const char *text)
{
    static const char *const words[] = {
        "model",     "module",     "time",   "use",      "param",       "covariate", "input",
        "def",       "state",      "flow",   "route",    "observe",     "event",     "table",
        "parameter", "parameters", "const",  "constant", "compartment", "species",   "variable",
        "reaction",  "function",   "import", "include",  "output",      "observable"};
    static const char *const meant[] = {"param", "param",   "param",  "param", "state",
                                        "state", "state",   "flow",   "def",   "use",
                                        "use",   "observe", "observe"};
    enum { COUNT = sizeof words / sizeof words[0], OURS = COUNT - sizeof meant / sizeof meant[0] };
    const char *near = names_near_list(words, COUNT, text);
    for (int i = OURS; near && i < COUNT; i++) {
        if (near == words[i]) {
            return meant[i - OURS];
        }
    }
    return near;
}

/* A name at the start of a statement that begins none. */
static void parse_unknown(Parser *parser)
{
    const char *text = parser_text(parser, parser->ahead[0].span);
    const char *near = near_word(text);
    TokenKind next = parser->ahead[1].kind;
    if (next == TOKEN_OPEN) {
        if (parser_fail(parser)) {
            diag_report(parser->diag, FAULT_M006, parser->ahead[0].span, "'%s' begins no statement",
                        text);
            diag_hint(parser->diag, "a function is declared with 'def %s(x) = ...'", text);
        }
    } else if ((next == TOKEN_NAME || next == TOKEN_STRING) && parser_fail(parser)) {
        diag_report(parser->diag, FAULT_M006, parser->ahead[0].span, "'%s' begins no statement",
                    text);
        if (near) {
            diag_hint(parser->diag, "did you mean '%s'?", near);
        }
    } else if (!parser->failed) {
        parser_advance(parser);
        parser_expected(parser, "'=' after the name");
    }
}

static bool begins_statement(const Parser *parser)
{
    const Token *token = &parser->ahead[0];
    if (token->kind == TOKEN_END) {
        return true;
    }
    if (!token->first) {
        return false;
    }
    TokenKind next = parser->ahead[1].kind;
    return (token->kind >= TOKEN_FIRST_KEYWORD && token->kind <= TOKEN_LAST_STATEMENT) ||
           (token_is_keyword(token->kind) && next == TOKEN_ASSIGN) ||
           (token->kind == TOKEN_NAME &&
            (next == TOKEN_ASSIGN || next == TOKEN_UNIT || next == TOKEN_PRIME ||
             (next == TOKEN_DIVIDE && parser_token_is(parser, 2, "dt"))));
}

/* heading = ("model" | "module") name [text] */
static void parse_heading(Parser *parser)
{
    File *file = parser->file;
    Token word = parser->ahead[0];
    if (word.kind != TOKEN_MODEL && word.kind != TOKEN_MODULE) {
        if (word.kind == TOKEN_BAD) {
            parser_fail(parser);
            return;
        }
        if (word.kind == TOKEN_END) {
            diag_report(parser->diag, FAULT_M012, word.span, "the file holds no model");
        } else {
            diag_report(parser->diag, FAULT_M012, word.span, "the heading is missing");
        }
        diag_hint(parser->diag, "begin with 'model name \"title\"'");
        parser->failed = !begins_statement(parser); // one word is enough about what is no model
        return;
    }
    Statement statement = {.text = ""};
    parser_advance(parser);
    file->is_module = word.kind == TOKEN_MODULE;
    file->name = parse_word(parser, "the name of the model");
    parse_text(parser, &statement);
    file->title = statement.text;
}

static void parse_name_statement(Parser *parser)
{
    TokenKind next = parser->ahead[1].kind;
    const Token *token = &parser->ahead[0];
    bool divided = next == TOKEN_DIVIDE && parser_token_is(parser, 2, "dt");
    if (divided && parser_token_is(parser, 0, "d")) {
        parse_derivative(parser);
    } else if (next == TOKEN_PRIME ||
               (divided && token->span.source->text[token->span.start] == 'd')) {
        parse_foreign_derivative(parser);
    } else if (parser_token_is(parser, 0, "table") && next == TOKEN_NAME) {
        parse_table(parser);
    } else if (next == TOKEN_ASSIGN || next == TOKEN_UNIT ||
               (next == TOKEN_STRING && parser->ahead[2].kind == TOKEN_ASSIGN)) {
        parse_local(parser);
    } else {
        parse_unknown(parser);
    }
}

static void parse_statement(Parser *parser)
{
    const Token *token = &parser->ahead[0];
    if (token_is_keyword(token->kind) && parser->ahead[1].kind == TOKEN_ASSIGN) {
        if (parser_fail(parser)) {
            diag_report(parser->diag, FAULT_M015, token->span, "'%s' is a word of the language",
                        token_kind_text(token->kind));
            diag_hint(parser->diag, "choose another name");
        }
        return;
    }
    switch (token->kind) {
    case TOKEN_MODEL:
    case TOKEN_MODULE:
        if (parser_fail(parser)) {
            diag_report(parser->diag, FAULT_M012, token->span, "a second heading");
            diag_note(parser->diag, parser->file->name.span, "the first is here");
        }
        break;
    case TOKEN_TIME:
        parse_time(parser);
        break;
    case TOKEN_USE:
        parse_use(parser);
        break;
    case TOKEN_PARAM:
        parse_declaration(parser, STATEMENT_PARAM);
        break;
    case TOKEN_COVARIATE:
        parse_declaration(parser, STATEMENT_COVARIATE);
        break;
    case TOKEN_INPUT:
        parse_declaration(parser, STATEMENT_INPUT);
        break;
    case TOKEN_STATE:
        parse_declaration(parser, STATEMENT_STATE);
        break;
    case TOKEN_OBSERVE:
        parse_declaration(parser, STATEMENT_OBSERVE);
        break;
    case TOKEN_DEF:
        parse_def(parser);
        break;
    case TOKEN_FLOW:
        parse_flow(parser);
        break;
    case TOKEN_ROUTE:
        parse_route(parser);
        break;
    case TOKEN_EVENT:
        parse_event(parser);
        break;
    case TOKEN_NAME:
        parse_name_statement(parser);
        break;
    default:
        if (parser_fail(parser)) {
            diag_report(parser->diag, FAULT_M006, token->span, "%s begins no statement",
                        parser_found(parser, token));
        }
        break;
    }
}

/* After a statement: ';', a new line, or the end. */
static void end_statement(Parser *parser)
{
    const Token *token = &parser->ahead[0];
    if (parser->failed || token->kind == TOKEN_END || token->first) {
        return;
    }
    if (parser_at(parser, TOKEN_SEMICOLON)) {
        while (parser_at(parser, TOKEN_SEMICOLON)) {
            parser_advance(parser);
        }
        return;
    }
    if (token->kind == TOKEN_CLOSE && parser_fail(parser)) {
        diag_report(parser->diag, FAULT_M006, token->span, "this ')' has no '('");
    } else if (token->kind == TOKEN_UNIT && parser_fail(parser)) {
        diag_report(parser->diag, FAULT_M006, token->span, "a unit can only follow a number");
        diag_hint(parser->diag, "to convert write 'x in unit'");
    } else if ((token->kind == TOKEN_THEN || token->kind == TOKEN_ELSE) && parser_fail(parser)) {
        diag_report(parser->diag, FAULT_M010, token->span, "'%s' without 'if'",
                    token_kind_text(token->kind));
    } else if (parser_fail(parser)) {
        diag_report(parser->diag, FAULT_M018, token->span, "%s follows a complete statement",
                    parser_found(parser, token));
        diag_hint(parser->diag, "an operator or a new line is missing");
    }
}

/* Goes on at the next line that begins a statement. */
static void recover(Parser *parser, uint32_t start)
{
    parser->failed = false;
    parser->depth = 0;
    if (parser->ahead[0].span.start == start && !parser_at(parser, TOKEN_END)) {
        parser_advance(parser); // always moves on
    }
    while (!begins_statement(parser)) {
        parser_advance(parser);
    }
}

/* A text with more statements or terms than any model has is given up. */
static bool too_large(Parser *parser)
{
    enum { STATEMENT_LIMIT = 200000 };
    if (parser->file->statement_count < STATEMENT_LIMIT) {
        return parser->nodes > PARSE_NODE_LIMIT;
    }
    if (parser_fail(parser)) {
        diag_report(parser->diag, FAULT_M011, parser->ahead[0].span,
                    "the model has more than %d statements", STATEMENT_LIMIT);
    }
    return true;
}

const File *parse_file(Arena *arena, const Source *source, Diag *diag)
{
    assert(arena && source && diag);
    File *file = arena_alloc(arena, sizeof *file);
    *file = (File){.source = source, .title = "", .time_unit = unit_none()};
    Parser parser = {.arena = arena, .diag = diag, .lexer = lexer_new(source, diag), .file = file};
    int before = diag_errors(diag);
    for (int i = 0; i < PARSE_AHEAD; i++) {
        parser.ahead[i] = lexer_next(&parser.lexer);
    }
    parser.last = parser.ahead[0].span;
    bool heading = true;
    while ((heading || !parser_at(&parser, TOKEN_END)) &&
           diag_errors(diag) - before < DIAG_MAX_ERRORS && !too_large(&parser)) {
        uint32_t start = parser.ahead[0].span.start;
        if (heading) {
            parse_heading(&parser);
            heading = false;
            file->broken |= !file->name.text;
        } else {
            parse_statement(&parser);
        }
        end_statement(&parser);
        if (parser.failed) {
            recover(&parser, start);
        }
    }
    if (!file->time_span.source && !file->broken) {
        diag_report(diag, FAULT_M013, file->name.span, "the unit of time is missing");
        diag_hint(diag, "add a line such as 'time day'");
    }
    return file;
}
