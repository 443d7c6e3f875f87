/* csv_read.c: reads a CSV that somebody else wrote.
 *
 * The text is cut into fields first (each a span of the source, so that every complaint has a line
 * and a column), then the kind of each column is decided, then the cells are filled. Blanks around
 * a field without quotes are dropped, empty lines are skipped. Files of other programs come with
 * CRLF, a byte order mark and quotes: all are accepted. SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "table/csv.h"

#include "base/names.h"
#include "base/number.h"

#include <assert.h>
#include <math.h>
#include <string.h>

typedef struct {
    Arena *arena;
    const Source *source;
    Diag *diag;
    uint32_t at;
    CsvField *fields; // row by row, the header first
    size_t count;
    size_t capacity;
    size_t columns;
    size_t rows;       // without the header
    int errors_before; // complaints of others in the same Diag
} Reader;

static Span span_of(const Reader *reader, uint32_t start, uint32_t length)
{
    return (Span){reader->source, start, length};
}

static char byte_at(const Reader *reader, uint32_t at)
{
    return at < reader->source->length ? reader->source->text[at] : '\n';
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* True at a line's end or the file's; a lone CR ends a line as well. */
static bool at_line_end(const Reader *reader, uint32_t at)
{
    char byte = byte_at(reader, at);
    return byte == '\n' || byte == '\r';
}

static void skip_line_end(Reader *reader)
{
    if (byte_at(reader, reader->at) == '\r' && reader->at < reader->source->length) {
        reader->at++;
        if (reader->at < reader->source->length && reader->source->text[reader->at] == '\n') {
            reader->at++;
        }
    } else if (reader->at < reader->source->length) {
        reader->at++;
    }
}

/* The opening quote stands at reader->at; false: a complaint was made. */
static bool read_quoted(Reader *reader, CsvField *field)
{
    uint32_t open = reader->at++;
    const char *text = reader->source->text;
    field->start = reader->at;
    for (;; reader->at++) {
        if (reader->at >= reader->source->length) {
            diag_report(reader->diag, FAULT_T003, span_of(reader, open, 1),
                        "this quoted field has no closing quote");
            return false;
        }
        if (text[reader->at] != '"') {
            continue;
        }
        if (reader->at + 1 < reader->source->length && text[reader->at + 1] == '"') {
            field->doubled = true;
            reader->at++;
            continue;
        }
        break;
    }
    field->length = reader->at++ - field->start;
    while (is_blank(byte_at(reader, reader->at))) {
        reader->at++;
    }
    if (!at_line_end(reader, reader->at) && text[reader->at] != ',') {
        diag_report(reader->diag, FAULT_T007, span_of(reader, reader->at, 1),
                    "a comma or the end of the line must follow a closing quote");
        return false;
    }
    return true;
}

static bool read_field(Reader *reader, CsvField *field)
{
    *field = (CsvField){0};
    while (is_blank(byte_at(reader, reader->at))) {
        reader->at++;
    }
    field->start = reader->at;
    if (reader->at < reader->source->length && reader->source->text[reader->at] == '"') {
        return read_quoted(reader, field);
    }
    while (!at_line_end(reader, reader->at) && reader->source->text[reader->at] != ',') {
        reader->at++;
    }
    uint32_t end = reader->at;
    while (end > field->start && is_blank(reader->source->text[end - 1])) {
        end--;
    }
    field->length = end - field->start;
    return true;
}

/* Reads one line of fields; returns how many, 0 for an empty line, -1 after a complaint. */
static long read_line(Reader *reader)
{
    long count = 0;
    uint32_t first = reader->at;
    for (;;) {
        reader->fields = arena_grow(reader->arena, reader->fields, reader->count, &reader->capacity,
                                    sizeof *reader->fields);
        CsvField *field = &reader->fields[reader->count];
        if (!read_field(reader, field)) {
            return -1;
        }
        bool more = !at_line_end(reader, reader->at);
        bool empty = count == 0 && !more && field->length == 0 && byte_at(reader, first) != '"';
        if (empty) {
            skip_line_end(reader);
            return 0;
        }
        reader->count++;
        count++;
        if (!more) {
            skip_line_end(reader);
            return count;
        }
        reader->at++; // the comma
    }
}

/* The words of a field, with doubled quotes made single. */
static const char *words_of(Arena *arena, const Source *source, const CsvField *field)
{
    char *copy = arena_copy(arena, source->text + field->start, field->length);
    if (!field->doubled) {
        return copy;
    }
    char *to = copy;
    for (const char *from = copy; *from != '\0'; from++) {
        *to++ = *from;
        if (from[0] == '"' && from[1] == '"') {
            from++;
        }
    }
    *to = '\0';
    return copy;
}

static const char *field_text(const Reader *reader, const CsvField *field)
{
    return words_of(reader->arena, reader->source, field);
}

/* The header line: false after a complaint. */
static bool read_header(Reader *reader)
{
    long count = 0;
    while (count == 0 && reader->at < reader->source->length) {
        count = read_line(reader);
    }
    if (count < 0) {
        return false;
    }
    if (count == 0) {
        diag_report(reader->diag, FAULT_T002, span_of(reader, 0, 0),
                    "the file has no header line that names its columns");
        return false;
    }
    reader->columns = (size_t)count;
    const CsvField *only = &reader->fields[0];
    if (count == 1 && (memchr(reader->source->text + only->start, ';', only->length) != NULL ||
                       memchr(reader->source->text + only->start, '\t', only->length) != NULL)) {
        diag_report(reader->diag, FAULT_T006, span_of(reader, only->start, only->length),
                    "the fields are separated by semicolons or tabs, not by commas");
        return false;
    }
    return true;
}

static bool read_rows(Reader *reader)
{
    while (reader->at < reader->source->length) {
        uint32_t first = reader->at;
        long count = read_line(reader);
        if (count < 0) {
            return false;
        }
        if (count == 0) {
            continue;
        }
        if ((size_t)count != reader->columns) {
            int line;
            int column;
            source_locate(reader->source, first, &line, &column);
            uint32_t length;
            (void)source_line(reader->source, line, &length);
            diag_report(reader->diag, FAULT_T004, span_of(reader, first, length),
                        "this line has %ld field%s; the header names %zu column%s", count,
                        count == 1 ? "" : "s", reader->columns, reader->columns == 1 ? "" : "s");
            reader->count -= (size_t)count; // so that the next lines are still looked at
            continue;
        }
        reader->rows++;
    }
    return diag_errors(reader->diag) == reader->errors_before;
}

/* True if the field is missing or a number: *value is set. */
static bool number_of(const Source *source, const CsvField *field, double *value)
{
    const char *text = source->text + field->start;
    bool missing = field->length == 0 || (field->length == 1 && text[0] == '.') ||
                   (field->length == 2 && memcmp(text, "NA", 2) == 0);
    if (missing) {
        *value = NAN;
        return true;
    }
    bool negative = text[0] == '-';
    if (field->length == (negative ? 4U : 3U) && memcmp(text + negative, "Inf", 3) == 0) {
        *value = negative ? -HUGE_VAL : HUGE_VAL; // as csv_write spells it
        return true;
    }
    size_t used;
    return number_read(text, field->length, value, &used) && used == field->length;
}

static bool field_number(const Reader *reader, const CsvField *field, double *value)
{
    return number_of(reader->source, field, value);
}

static const CsvField *field_at(const Reader *reader, size_t row, size_t column)
{
    return &reader->fields[(row + 1) * reader->columns + column];
}

/* Name and kind of each column; false after a complaint. */
static bool make_columns(Reader *reader, TableColumn *columns)
{
    Names *names = names_new(reader->arena);
    for (size_t k = 0; k < reader->columns; k++) {
        const CsvField *field = &reader->fields[k];
        columns[k] = (TableColumn){.name = field_text(reader, field), .kind = TABLE_NUMBER};
        Span span = span_of(reader, field->start, field->length);
        if (field->length == 0) {
            diag_report(reader->diag, FAULT_T005, span, "column %zu has no name", k + 1);
            continue;
        }
        if (!names_add(names, columns[k].name, (int)k)) {
            diag_report(reader->diag, FAULT_T005, span, "the column '%s' is named twice",
                        columns[k].name);
        }
        double value;
        for (size_t i = 0; i < reader->rows; i++) {
            if (!field_number(reader, field_at(reader, i, k), &value)) {
                columns[k].kind = TABLE_TEXT;
                break;
            }
        }
    }
    return diag_errors(reader->diag) == reader->errors_before;
}

static void fill_numbers(const Reader *reader, Table *table, size_t column)
{
    for (size_t i = 0; i < reader->rows; i++) {
        double *cell = &table->cells[i * reader->columns + column];
        bool good = field_number(reader, field_at(reader, i, column), cell);
        assert(good);
        (void)good;
    }
}

static void fill_words(const Reader *reader, Table *table, size_t column)
{
    Names *names = names_new(reader->arena);
    for (size_t i = 0; i < reader->rows; i++) {
        const char *word = field_text(reader, field_at(reader, i, column));
        int number = names_find(names, word);
        if (number < 0) {
            number = names_count(names);
            names_add(names, word, number);
        }
        table->cells[i * reader->columns + column] = number;
    }
    TableColumn *target = &table->columns[column];
    target->word_count = names_count(names);
    target->words = arena_array(reader->arena, (size_t)target->word_count, sizeof *target->words);
    for (int i = 0; i < target->word_count; i++) {
        target->words[i] = names_name(names, i);
    }
}

/* Opens the file and cuts it into fields. */
static bool read_fields(Reader *reader, const char *path)
{
    SourceStatus status = source_read(reader->arena, path, &reader->source);
    if (status != SOURCE_OK) {
        // No text: the complaint still carries the name of the file.
        Span nowhere = {source_from_text(reader->arena, path, "", 0), 0, 0};
        diag_unreadable(reader->diag, FAULT_T001, nowhere, "cannot read the table", status,
                        reader->source);
        return false;
    }
    return read_header(reader) && read_rows(reader);
}

bool csv_fields(Arena *arena, const char *path, Diag *diag, CsvFields *fields)
{
    assert(arena != NULL && path != NULL && diag != NULL && fields != NULL);
    Reader reader = {.arena = arena, .diag = diag, .errors_before = diag_errors(diag)};
    bool whole = read_fields(&reader, path);
    *fields = (CsvFields){reader.source, reader.fields, reader.columns, reader.rows};
    return whole;
}

const char *csv_text(Arena *arena, const CsvFields *fields, const CsvField *field)
{
    return words_of(arena, fields->source, field);
}

bool csv_number(const CsvFields *fields, const CsvField *field, double *value)
{
    return number_of(fields->source, field, value);
}

Table *csv_read(Arena *arena, const char *path, Diag *diag)
{
    assert(arena != NULL && path != NULL && diag != NULL);
    Reader reader = {.arena = arena, .diag = diag, .errors_before = diag_errors(diag)};
    if (!read_fields(&reader, path)) {
        return NULL;
    }
    TableColumn *columns = arena_array(arena, reader.columns, sizeof *columns);
    if (!make_columns(&reader, columns)) {
        return NULL;
    }
    Table *table = table_new(arena, columns, (int)reader.columns, reader.rows);
    table->row_count = reader.rows;
    for (size_t k = 0; k < reader.columns; k++) {
        if (columns[k].kind == TABLE_NUMBER) {
            fill_numbers(&reader, table, k);
        } else {
            fill_words(&reader, table, k);
        }
    }
    return table;
}
