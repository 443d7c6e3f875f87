/* parse.h: recursive descent over the tokens of one file, one function per grammar rule.
 *
 *   file       = heading { statement }
 *   statement  = time | use | param | covariate | input | def | state | table | local | flow
 *              | derivative | route | observe | event
 *   expression = conditional ; see parse_expression.c
 *
 * A statement ends where its expression cannot go on; the next begins on a new line or after ';'.
 * After an error of grammar the parser goes on at the next line that begins a statement.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_MODEL_PARSE_H
#define STROMA_MODEL_PARSE_H

#include "base/diag.h"
#include "model/ast.h"
#include "model/token.h"

/* The statements of a file; errors go to diag, and `broken` says whether a statement was lost. */
const File *parse_file(Arena *arena, const Source *source, Diag *diag);

/* True for the names that no quantity may have: keywords, functions and t. */
bool parse_is_reserved(const char *name);
/* The functions of the language, `count` names. */
const char *const *parse_functions(int *count);

/* ---- between parser.c, parse.c and parse_expression.c ---- */

enum { PARSE_AHEAD = 3, PARSE_NODE_LIMIT = 1000000 };

typedef struct {
    Arena *arena;
    Diag *diag;
    Lexer lexer;
    Token ahead[PARSE_AHEAD]; // ahead[0] is the token to be read next
    Span last;                // of the token read last
    bool failed;              // this statement is lost; nothing more is reported until it is over
    int depth;                // of brackets and their like
    int nodes;                // made so far
    File *file;
    size_t statement_capacity;
} Parser;

Token parser_advance(Parser *parser);
bool parser_at(const Parser *parser, TokenKind kind);
bool parser_accept(Parser *parser, TokenKind kind);
/* Reads a token of that kind or fails: "expected ... but found ...". */
bool parser_expect(Parser *parser, TokenKind kind, const char *what);
/* True if nothing more stands on this line. */
bool parser_line_ends(const Parser *parser);
/* Gives the statement up with M006 at the next token: "expected `what` but found ...". */
void parser_expected(Parser *parser, const char *what);
/* Gives the statement up, without words if the next token was reported by the lexer. False in that
 * case, or if it was given up before; true asks the caller to report. */
bool parser_fail(Parser *parser);
bool parser_token_is(const Parser *parser, int ahead, const char *word);
const char *parser_text(Parser *parser, Span span);
/* "'foo'", shortened, or "the end of the file". */
const char *parser_found(Parser *parser, const Token *token);
/* A unit from text[start..end) of the source; reports an unknown one. */
Unit parser_unit(Parser *parser, Span span);
/* unit = "[" ... "]" | name { ("*" | "/") name | "^" integer } */
Unit parse_unit(Parser *parser, Span *span);

/* A name that is declared here (no dot, not reserved), or with `dotted` one that is used. */
Name parse_name(Parser *parser, const char *what, bool dotted);
/* The name of a model or of the file of a module. */
Name parse_word(Parser *parser, const char *what);

Node *parse_expression(Parser *parser);

#endif
