/* diag.c: keeps reports and prints them with the line they speak of and a caret.
 *
 * Reports are printed in the order of file and place. Within 20 columns of a line's end the caret
 * line carries the hint; a tab before the caret is repeated so that it lines up; long lines are cut
 * around the place. SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/diag.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    Fault fault;
    Severity severity;
    Span where;
    const char *message;
    const char *hint;
    int parent; // for a note: the report it belongs to; else its own number
} Report;

struct Diag {
    Arena *arena;
    Report *reports;
    size_t count;
    size_t capacity;
    int errors;
    int warnings;
    int most;          // kept of each
    bool dropped_last; // the last report was over the limit: hints and notes to it are dropped too
};

enum { MOST_COLUMNS = 120 };

Diag *diag_new(Arena *arena)
{
    Diag *diag = arena_alloc(arena, sizeof *diag);
    diag->arena = arena;
    diag->most = DIAG_MAX_ERRORS;
    return diag;
}

void diag_keep(Diag *diag, int most)
{
    assert(diag && most > 0);
    diag->most = most;
}

static char *format_words(Arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    assert(length >= 0);
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

static Report *add_report(Diag *diag)
{
    diag->reports =
        arena_grow(diag->arena, diag->reports, diag->count, &diag->capacity, sizeof *diag->reports);
    Report *report = &diag->reports[diag->count];
    memset(report, 0, sizeof *report);
    report->parent = (int)diag->count++;
    return report;
}

void diag_report(Diag *diag, Fault fault, Span where, const char *format, ...)
{
    assert(diag && fault < FAULT_COUNT);
    Severity severity = fault_severity(fault);
    int *counter = severity == SEVERITY_ERROR ? &diag->errors : &diag->warnings;
    *counter += 1;
    diag->dropped_last = *counter > diag->most;
    if (diag->dropped_last) {
        return;
    }
    Report *report = add_report(diag);
    report->fault = fault;
    report->severity = severity;
    report->where = where;
    va_list arguments;
    va_start(arguments, format);
    report->message = format_words(diag->arena, format, arguments);
    va_end(arguments);
}

void diag_unreadable(Diag *diag, Fault fault, Span where, const char *what, SourceStatus status,
                     const Source *source)
{
    assert(status != SOURCE_OK);
    bool noise = status == SOURCE_ZERO_BYTE || status == SOURCE_NOT_UTF8;
    Span place = noise ? (Span){source, source->length, 0} : where;
    diag_report(diag, fault, place, "%s: %s", what, source_status_text(status));
    if (noise) {
        diag_hint(diag, status == SOURCE_NOT_UTF8 ? "no UTF-8 from here on; save it as UTF-8"
                                                  : "here stands the zero byte");
    }
}

void diag_hint(Diag *diag, const char *format, ...)
{
    if (diag->dropped_last || diag->count == 0) {
        return;
    }
    size_t last = diag->count - 1;
    while (diag->reports[last].severity == SEVERITY_NOTE) {
        last--;
    }
    va_list arguments;
    va_start(arguments, format);
    diag->reports[last].hint = format_words(diag->arena, format, arguments);
    va_end(arguments);
}

void diag_note(Diag *diag, Span where, const char *format, ...)
{
    if (diag->dropped_last || diag->count == 0) {
        return;
    }
    int parent = diag->reports[diag->count - 1].parent;
    Report *report = add_report(diag);
    report->severity = SEVERITY_NOTE;
    report->where = where;
    report->parent = parent;
    va_list arguments;
    va_start(arguments, format);
    report->message = format_words(diag->arena, format, arguments);
    va_end(arguments);
}

int diag_errors(const Diag *diag)
{
    return diag->errors;
}

int diag_warnings(const Diag *diag)
{
    return diag->warnings;
}

int diag_count(const Diag *diag)
{
    int count = 0;
    for (size_t i = 0; i < diag->count; i++) {
        count += diag->reports[i].severity != SEVERITY_NOTE;
    }
    return count;
}

Fault diag_fault(const Diag *diag, int index)
{
    for (size_t i = 0; i < diag->count; i++) {
        if (diag->reports[i].severity != SEVERITY_NOTE && index-- == 0) {
            return diag->reports[i].fault;
        }
    }
    assert(false);
    return FAULT_COUNT;
}

/* Bytes of line to show: all of it, or a window around the place. */
typedef struct {
    uint32_t first, last;
} Window;

static Window choose_window(const char *line, uint32_t length, uint32_t at)
{
    if (length <= MOST_COLUMNS) {
        return (Window){0, length};
    }
    uint32_t first = at > MOST_COLUMNS / 2 ? at - MOST_COLUMNS / 2 : 0;
    uint32_t last = first + MOST_COLUMNS < length ? first + MOST_COLUMNS : length;
    while (first > 0 && ((unsigned char)line[first] & 0xc0) == 0x80) {
        first--; // never cut a UTF-8 character
    }
    while (last < length && ((unsigned char)line[last] & 0xc0) == 0x80) {
        last++;
    }
    return (Window){first, last};
}

static void add_blank(Text *text, char c)
{
    bool continues = ((unsigned char)c & 0xc0) == 0x80;
    if (!continues) {
        text_add(text, c == '\t' ? "\t" : " ", 1);
    }
}

/* The source line and, below it, the caret with the hint behind. */
static void print_excerpt(Text *text, Span where, const char *hint)
{
    int line;
    int column;
    source_locate(where.source, where.start, &line, &column);
    uint32_t length;
    const char *start = source_line(where.source, line, &length);
    uint32_t at = where.start - where.source->line_start[line - 1];
    at = at < length ? at : length;
    Window window = choose_window(start, length, at);
    text_format(text, "%5d | ", line);
    for (uint32_t i = window.first; i < window.last; i++) {
        unsigned char c = (unsigned char)start[i];
        text_add(text, (c < ' ' && c != '\t') || c == 0x7f ? "?" : start + i, 1);
    }
    text_string(text, "\n      | ");
    for (uint32_t i = window.first; i < at; i++) {
        add_blank(text, start[i]);
    }
    text_string(text, "^");
    for (uint32_t i = at + 1; i < window.last && i < at + where.length; i++) {
        if (((unsigned char)start[i] & 0xc0) != 0x80) {
            text_string(text, "~");
        }
    }
    if (hint) {
        text_format(text, " %s", hint);
    }
    text_string(text, "\n");
}

static void print_head(Text *text, const Report *report, bool colour)
{
    static const char *const words[] = {"error", "warning", "note"};
    static const char *const colours[] = {"\033[1;31m", "\033[1;35m", "\033[1;36m"};
    if (report->where.source) {
        int line;
        int column;
        source_locate(report->where.source, report->where.start, &line, &column);
        text_format(text, "%s:%d:%d: ", report->where.source->name, line, column);
    } else {
        text_string(text, "stroma: ");
    }
    text_string(text, colour ? colours[report->severity] : "");
    text_string(text, words[report->severity]);
    if (report->severity != SEVERITY_NOTE) {
        text_format(text, " %s", fault_code(report->fault));
    }
    text_string(text, colour ? "\033[0m" : "");
    text_format(text, ": %s\n", report->message);
}

static void print_report(Text *text, const Report *report, bool colour)
{
    print_head(text, report, colour);
    if (report->where.source) {
        print_excerpt(text, report->where, report->hint);
    } else if (report->hint) {
        text_format(text, "      = %s\n", report->hint);
    }
}

/* Order of printing: reports by file (as first met) and place; a note follows its report. */
typedef struct {
    const Report *report;
    size_t rank; // of the file
    size_t number;
} Place;

static int compare_places(const void *a, const void *b)
{
    const Place *left = a;
    const Place *right = b;
    if (left->rank != right->rank) {
        return left->rank < right->rank ? -1 : 1;
    }
    if (left->report->where.start != right->report->where.start) {
        return left->report->where.start < right->report->where.start ? -1 : 1;
    }
    return left->number < right->number ? -1 : 1;
}

static size_t rank_of(const Diag *diag, const Source *source)
{
    size_t i = 0;
    while (diag->reports[i].where.source != source) {
        i++;
    }
    return i;
}

void diag_print(const Diag *diag, Text *text, bool colour)
{
    Place *places = arena_array(diag->arena, diag->count + 1, sizeof *places);
    size_t count = 0;
    for (size_t i = 0; i < diag->count; i++) {
        const Report *report = &diag->reports[i];
        if (report->severity != SEVERITY_NOTE) {
            places[count++] = (Place){report, rank_of(diag, report->where.source), i};
        }
    }
    qsort(places, count, sizeof *places, compare_places);
    for (size_t i = 0; i < count; i++) {
        print_report(text, places[i].report, colour);
        for (size_t k = places[i].number + 1; k < diag->count; k++) {
            if (diag->reports[k].severity != SEVERITY_NOTE) {
                break;
            }
            print_report(text, &diag->reports[k], colour);
        }
    }
    if (diag->errors > diag->most) {
        text_format(text, "stroma: %d more errors are not shown\n", diag->errors - diag->most);
    }
    if (diag->warnings > diag->most) {
        text_format(text, "stroma: %d more warnings are not shown\n", diag->warnings - diag->most);
    }
}

typedef struct {
    const char *code;
    Severity severity;
    const char *title;
    const char *paragraph;
} FaultEntry;

static const FaultEntry fault_entries[] = {
#define FAULT(code, severity, title, paragraph) {#code, severity, title, paragraph},
#include "base/faults.def"
#undef FAULT
    {"", SEVERITY_ERROR, "", ""},
};

const char *fault_code(Fault fault)
{
    assert(fault < FAULT_COUNT);
    return fault_entries[fault].code;
}

const char *fault_title(Fault fault)
{
    assert(fault < FAULT_COUNT);
    return fault_entries[fault].title;
}

const char *fault_paragraph(Fault fault)
{
    assert(fault < FAULT_COUNT);
    return fault_entries[fault].paragraph;
}

Severity fault_severity(Fault fault)
{
    assert(fault < FAULT_COUNT);
    return fault_entries[fault].severity;
}

Fault fault_find(const char *code)
{
    Fault fault = (Fault)0;
    while (fault < FAULT_COUNT && strcmp(fault_entries[fault].code, code) != 0) {
        fault++;
    }
    return fault;
}
