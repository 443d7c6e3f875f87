/* token.h: the words and signs of the model language.
 *
 * The lexer makes one token at a time, so memory does not grow with the text. It reports what is no
 * token at all, and takes signs of other languages (&&, **, ≤) for what they mean after saying so.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_MODEL_TOKEN_H
#define STROMA_MODEL_TOKEN_H

#include "base/diag.h"

#include <stdbool.h>

/* TOKEN(NAME, "how a message calls it"); keywords from MODEL on are spelled as they stand. */
#define TOKENS(TOKEN)                                                                              \
    TOKEN(END, "the end of the file")                                                              \
    TOKEN(BAD, "a bad token")                                                                      \
    TOKEN(NAME, "a name")                                                                          \
    TOKEN(NUMBER, "a number")                                                                      \
    TOKEN(STRING, "a text in quotes")                                                              \
    TOKEN(UNIT, "a unit in square brackets")                                                       \
    TOKEN(OPEN, "'('")                                                                             \
    TOKEN(CLOSE, "')'")                                                                            \
    TOKEN(COMMA, "','")                                                                            \
    TOKEN(COLON, "':'")                                                                            \
    TOKEN(SEMICOLON, "';'")                                                                        \
    TOKEN(ASSIGN, "'='")                                                                           \
    TOKEN(ARROW, "'->'")                                                                           \
    TOKEN(PLUS, "'+'")                                                                             \
    TOKEN(MINUS, "'-'")                                                                            \
    TOKEN(TIMES, "'*'")                                                                            \
    TOKEN(DIVIDE, "'/'")                                                                           \
    TOKEN(POWER, "'^'")                                                                            \
    TOKEN(PERCENT, "'%'")                                                                          \
    TOKEN(PRIME, "'''")                                                                            \
    TOKEN(LESS, "'<'")                                                                             \
    TOKEN(LESS_EQUAL, "'<='")                                                                      \
    TOKEN(GREATER, "'>'")                                                                          \
    TOKEN(GREATER_EQUAL, "'>='")                                                                   \
    TOKEN(EQUAL, "'=='")                                                                           \
    TOKEN(NOT_EQUAL, "'!='")                                                                       \
    TOKEN(MODEL, "model")                                                                          \
    TOKEN(MODULE, "module")                                                                        \
    TOKEN(TIME, "time")                                                                            \
    TOKEN(USE, "use")                                                                              \
    TOKEN(PARAM, "param")                                                                          \
    TOKEN(COVARIATE, "covariate")                                                                  \
    TOKEN(INPUT, "input")                                                                          \
    TOKEN(DEF, "def")                                                                              \
    TOKEN(STATE, "state")                                                                          \
    TOKEN(FLOW, "flow")                                                                            \
    TOKEN(ROUTE, "route")                                                                          \
    TOKEN(OBSERVE, "observe")                                                                      \
    TOKEN(EVENT, "event")                                                                          \
    TOKEN(AS, "as")                                                                                \
    TOKEN(WITH, "with")                                                                            \
    TOKEN(WHEN, "when")                                                                            \
    TOKEN(IF, "if")                                                                                \
    TOKEN(THEN, "then")                                                                            \
    TOKEN(ELSE, "else")                                                                            \
    TOKEN(AND, "and")                                                                              \
    TOKEN(OR, "or")                                                                                \
    TOKEN(NOT, "not")                                                                              \
    TOKEN(IN, "in")

typedef enum {
#define TOKEN(NAME, text) TOKEN_##NAME,
    TOKENS(TOKEN)
#undef TOKEN
        TOKEN_KIND_COUNT
} TokenKind;

/* Keywords that begin a statement: MODEL .. EVENT; all keywords: MODEL .. IN. */
#define TOKEN_FIRST_KEYWORD  TOKEN_MODEL
#define TOKEN_LAST_STATEMENT TOKEN_EVENT

typedef struct {
    TokenKind kind;
    bool first;   // nothing but blanks before it on its line
    Span span;    // of a STRING or UNIT with its quotes or brackets
    double value; // of a NUMBER
} Token;

typedef struct {
    const Source *source;
    Diag *diag;
    uint32_t at; // next byte
    bool first;  // no token on this line yet
} Lexer;

Lexer lexer_new(const Source *source, Diag *diag);

/* The next token; TOKEN_END for ever at the end. A TOKEN_BAD has been reported. */
Token lexer_next(Lexer *lexer);

/* How a message names a kind of token. */
const char *token_kind_text(TokenKind kind);
/* The enumerator's own name, "LESS_EQUAL". */
const char *token_kind_name(TokenKind kind);
bool token_is_keyword(TokenKind kind);
/* True for the words that cannot be names: keywords. */
TokenKind token_find_keyword(const char *text, size_t length);

#endif
