/* token.c: text to tokens.
 *
 * A name may hold dots (msc.blood is one token) and the µ of a unit. A unit in square brackets is
 * one token, read later by unit.c. Comments run from '#' to the end of the line; line ends matter
 * only as `first`, which tells where a statement may begin.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/token.h"

#include "base/number.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const char *const texts[] = {
#define TOKEN(NAME, text) text,
    TOKENS(TOKEN)
#undef TOKEN
};

static const char *const names[] = {
#define TOKEN(NAME, text) #NAME,
    TOKENS(TOKEN)
#undef TOKEN
};

const char *token_kind_text(TokenKind kind)
{
    assert(kind < TOKEN_KIND_COUNT);
    return texts[kind];
}

const char *token_kind_name(TokenKind kind)
{
    assert(kind < TOKEN_KIND_COUNT);
    return names[kind];
}

bool token_is_keyword(TokenKind kind)
{
    return kind >= TOKEN_FIRST_KEYWORD;
}

TokenKind token_find_keyword(const char *text, size_t length)
{
    for (int i = TOKEN_FIRST_KEYWORD; i < TOKEN_KIND_COUNT; i++) {
        if (strlen(texts[i]) == length && memcmp(texts[i], text, length) == 0) {
            return (TokenKind)i;
        }
    }
    return TOKEN_NAME;
}

Lexer lexer_new(const Source *source, Diag *diag)
{
    assert(source && diag);
    return (Lexer){source, diag, 0, true};
}

/* ---- characters ---- */

static unsigned char peek(const Lexer *lexer, uint32_t ahead)
{
    uint32_t at = lexer->at + ahead;
    return at < lexer->source->length ? (unsigned char)lexer->source->text[at] : 0;
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Bytes of a letter of a name at `ahead`: 1, 2 for µ (U+00B5, U+03BC), 0 if there is none. */
static uint32_t letter_bytes(const Lexer *lexer, uint32_t ahead)
{
    unsigned char c = peek(lexer, ahead);
    unsigned char d = peek(lexer, ahead + 1);
    if (is_letter(c)) {
        return 1;
    }
    return (c == 0xC2 && d == 0xB5) || (c == 0xCE && d == 0xBC) ? 2 : 0;
}

static Token token_make(Lexer *lexer, TokenKind kind, uint32_t length)
{
    Token token = {kind, lexer->first, {lexer->source, lexer->at, length}, 0.0};
    lexer->at += length;
    lexer->first = false;
    return token;
}

/* ---- signs that other languages use ---- */

typedef struct {
    const char *text;
    TokenKind kind; // what is meant
    const char *hint;
} Slip;

static const Slip slips[] = {
    {"**", TOKEN_POWER, "write '^' for a power"},
    {"&&", TOKEN_AND, "write 'and'"},
    {"||", TOKEN_OR, "write 'or'"},
    {"!", TOKEN_NOT, "write 'not'"},
    {"<>", TOKEN_NOT_EQUAL, "write '!='"},
    {"~=", TOKEN_NOT_EQUAL, "write '!='"},
    {"=<", TOKEN_LESS_EQUAL, "write '<='"},
    {"=>", TOKEN_GREATER_EQUAL, "write '>='"},
    {":=", TOKEN_ASSIGN, "write '='"},
    {"<-", TOKEN_ASSIGN, "write '='; for 'less than minus' put a blank between"},
    {"+=", TOKEN_ASSIGN, "each name has one equation: write '='"},
    {"?", TOKEN_BAD, "write 'if c then a else b'"},
    {"\xE2\x89\xA4", TOKEN_LESS_EQUAL, "write '<='"},
    {"\xE2\x89\xA5", TOKEN_GREATER_EQUAL, "write '>='"},
    {"\xE2\x89\xA0", TOKEN_NOT_EQUAL, "write '!='"},
    {"\xE2\x86\x92", TOKEN_ARROW, "write '->'"},
    {"\xE2\x88\x92", TOKEN_MINUS, "write '-'"},
    {"\xE2\x80\x93", TOKEN_MINUS, "write '-'"},
    {"\xC2\xB7", TOKEN_TIMES, "write '*'"},
    {"\xC3\x97", TOKEN_TIMES, "write '*'"},
    {"\xC2\xB2", TOKEN_BAD, "write '^2'"},
    {"\xC2\xB3", TOKEN_BAD, "write '^3'"},
    {"\xE2\x80\x9C", TOKEN_BAD, "use the straight quote \""},
    {"\xE2\x80\x9D", TOKEN_BAD, "use the straight quote \""},
};

static const Slip *slip_here(const Lexer *lexer)
{
    const char *text = lexer->source->text + lexer->at;
    if ((unsigned char)text[0] < 0x80 && !strchr("*&|!<~=:+?", text[0])) {
        return NULL; // begins none of them
    }
    for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
        size_t length = strlen(slips[i].text);
        if (length <= lexer->source->length - lexer->at &&
            memcmp(text, slips[i].text, length) == 0) {
            if (slips[i].text[0] == '!' && text[1] == '=') {
                continue; // != is ours
            }
            if (strcmp(slips[i].text, "<-") == 0 && lexer->at > 0 && text[2] != ' ') {
                continue; // a<-b: less than minus b
            }
            return &slips[i];
        }
    }
    return NULL;
}

static Token slip_token(Lexer *lexer, const Slip *slip)
{
    Token token = token_make(lexer, slip->kind, (uint32_t)strlen(slip->text));
    diag_report(lexer->diag, FAULT_M007, token.span, "'%s' is not a sign of this language",
                slip->text);
    diag_hint(lexer->diag, "%s", slip->hint);
    return token;
}

/* ---- blanks and comments ---- */

static void skip_line(Lexer *lexer)
{
    while (lexer->at < lexer->source->length && peek(lexer, 0) != '\n') {
        lexer->at++;
    }
}

static void skip_blanks(Lexer *lexer)
{
    for (;;) {
        unsigned char c = peek(lexer, 0);
        if (c == '\n') {
            lexer->first = true;
            lexer->at++;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
            lexer->at++;
        } else if (c == 0xC2 && peek(lexer, 1) == 0xA0) {
            lexer->at += 2; // a no-break space out of a word processor
        } else if (c == '#') {
            skip_line(lexer);
        } else if (c == '/' && (peek(lexer, 1) == '/' || peek(lexer, 1) == '*')) {
            Span span = {lexer->source, lexer->at, 2};
            diag_report(lexer->diag, FAULT_M007, span, "'/%c' does not begin a comment",
                        peek(lexer, 1));
            diag_hint(lexer->diag, "a comment begins with '#'");
            skip_line(lexer);
        } else {
            return;
        }
    }
}

/* ---- tokens ---- */

static Token name_token(Lexer *lexer)
{
    uint32_t length = letter_bytes(lexer, 0);
    for (;;) {
        uint32_t bytes = letter_bytes(lexer, length);
        if (bytes > 0) {
            length += bytes;
        } else if (is_digit(peek(lexer, length))) {
            length++;
        } else if (peek(lexer, length) == '.' && letter_bytes(lexer, length + 1) > 0) {
            length += 1 + letter_bytes(lexer, length + 1);
        } else {
            break;
        }
    }
    TokenKind kind = token_find_keyword(lexer->source->text + lexer->at, length);
    return token_make(lexer, kind, length);
}

/* Without a digit other than 0 before its exponent. */
static bool spells_zero(const char *text, size_t length)
{
    for (size_t i = 0; i < length && text[i] != 'e' && text[i] != 'E'; i++) {
        if (text[i] >= '1' && text[i] <= '9') {
            return false;
        }
    }
    return true;
}

static Token number_token(Lexer *lexer)
{
    const Source *source = lexer->source;
    double value = 0.0;
    size_t used = 0;
    bool good = number_read(source->text + lexer->at, source->length - lexer->at, &value, &used);
    assert(good && used > 0);
    uint32_t length = good ? (uint32_t)used : 1;
    uint32_t tail = length;
    while (letter_bytes(lexer, tail) > 0 || is_digit(peek(lexer, tail)) ||
           (peek(lexer, tail) == '.' && is_digit(peek(lexer, tail + 1)))) {
        tail += letter_bytes(lexer, tail) == 2 ? 2 : 1;
    }
    if (tail > length) {
        const char *text = source->text + lexer->at;
        Token token = token_make(lexer, TOKEN_BAD, tail);
        diag_report(lexer->diag, FAULT_M004, token.span, "'%.*s' is neither a number nor a name",
                    (int)(tail > 60 ? 60 : tail), text);
        diag_hint(lexer->diag, "a product needs '*', a unit stands in brackets: 5 [mg]");
        return token;
    }
    Token token = token_make(lexer, TOKEN_NUMBER, length);
    token.value = value;
    if (!isfinite(value)) {
        diag_report(lexer->diag, FAULT_M004, token.span, "the number is too large");
        token.kind = TOKEN_BAD;
    } else if (value == 0.0 && !spells_zero(source->text + token.span.start, length)) {
        diag_report(lexer->diag, FAULT_M004, token.span,
                    "the number is too small: it would be read as 0");
        token.kind = TOKEN_BAD;
    }
    return token;
}

/* A text in quotes or a unit in brackets, up to `close` on the same line. */
static Token enclosed_token(Lexer *lexer, TokenKind kind, unsigned char close)
{
    uint32_t length = 1;
    while (lexer->at + length < lexer->source->length) {
        unsigned char c = peek(lexer, length);
        if (c == close) {
            return token_make(lexer, kind, length + 1);
        }
        if (c == '\n') {
            break;
        }
        length += c == '\\' && kind == TOKEN_STRING && peek(lexer, length + 1) != '\n' ? 2 : 1;
    }
    uint32_t rest = lexer->source->length - lexer->at;
    length = length > rest ? rest : length;
    while (length > 1 && peek(lexer, length - 1) == '\r') {
        length--;
    }
    Token token = token_make(lexer, TOKEN_BAD, length);
    Span start = {token.span.source, token.span.start, 1};
    if (kind == TOKEN_STRING) {
        diag_report(lexer->diag, FAULT_M003, start, "the text in quotes does not end on this line");
    } else {
        diag_report(lexer->diag, FAULT_M005, start, "the unit has no closing bracket");
    }
    return token;
}

static Token bad_token(Lexer *lexer)
{
    uint32_t length = 1;
    if (peek(lexer, 0) >= 0x80) {
        while (peek(lexer, length) >= 0x80 && lexer->at + length < lexer->source->length) {
            length++;
        }
    }
    const char *text = lexer->source->text + lexer->at;
    Token token = token_make(lexer, TOKEN_BAD, length);
    if ((unsigned char)text[0] < 0x20 || text[0] == 0x7F) {
        diag_report(lexer->diag, FAULT_M002, token.span, "a control character (0x%02x)",
                    (unsigned)(unsigned char)text[0]);
    } else {
        diag_report(lexer->diag, FAULT_M002, token.span, "'%.*s' cannot stand here",
                    (int)(length > 60 ? 60 : length), text);
        if (length > 1) {
            diag_hint(lexer->diag, "names are made of a-z, A-Z, 0-9 and _");
        }
    }
    return token;
}

static TokenKind sign_kind(const Lexer *lexer, uint32_t *length)
{
    unsigned char c = peek(lexer, 0);
    unsigned char d = peek(lexer, 1);
    *length = 2;
    if (d == '=') {
        switch (c) {
        case '<':
            return TOKEN_LESS_EQUAL;
        case '>':
            return TOKEN_GREATER_EQUAL;
        case '=':
            return TOKEN_EQUAL;
        case '!':
            return TOKEN_NOT_EQUAL;
        default:
            break;
        }
    }
    if (c == '-' && d == '>') {
        return TOKEN_ARROW;
    }
    *length = 1;
    static const char signs[] = "(),:;=+-*/^%'<>";
    static const TokenKind kinds[] = {TOKEN_OPEN,      TOKEN_CLOSE,  TOKEN_COMMA,  TOKEN_COLON,
                                      TOKEN_SEMICOLON, TOKEN_ASSIGN, TOKEN_PLUS,   TOKEN_MINUS,
                                      TOKEN_TIMES,     TOKEN_DIVIDE, TOKEN_POWER,  TOKEN_PERCENT,
                                      TOKEN_PRIME,     TOKEN_LESS,   TOKEN_GREATER};
    const char *found = c ? strchr(signs, c) : NULL;
    return found ? kinds[found - signs] : TOKEN_BAD;
}

Token lexer_next(Lexer *lexer)
{
    assert(lexer && lexer->source);
    skip_blanks(lexer);
    if (lexer->at >= lexer->source->length) {
        return token_make(lexer, TOKEN_END, 0);
    }
    unsigned char c = peek(lexer, 0);
    if (letter_bytes(lexer, 0) > 0) {
        return name_token(lexer);
    }
    if (is_digit(c) || (c == '.' && is_digit(peek(lexer, 1)))) {
        return number_token(lexer);
    }
    if (c == '"') {
        return enclosed_token(lexer, TOKEN_STRING, '"');
    }
    if (c == '[') {
        return enclosed_token(lexer, TOKEN_UNIT, ']');
    }
    const Slip *slip = slip_here(lexer);
    if (slip) {
        return slip_token(lexer, slip);
    }
    uint32_t length = 0;
    TokenKind kind = sign_kind(lexer, &length);
    return kind == TOKEN_BAD ? bad_token(lexer) : token_make(lexer, kind, length);
}
