/* serve_csv.c: requests as rows of CSV, for scripts without JSON.
 *
 *   id,k,V            id and arm are optional columns; the others are parameters and covariates
 *   first,0.3,12.5
 *
 * The first line that names known quantities is the header, and is answered by the header of the
 * answers. Each row is answered by one line for each arm and output time, and an empty line.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/serve.h"

#include "base/number.h"
#include "cli/json.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct CsvHeader {
    const char **names; // (count)
    int count;
    int id, arm; // columns, -1: none
};

typedef struct {
    const char **cells;
    int count;
} Fields;

/* One field from *at on: quotes undone; *at moves behind the comma. */
static const char *take_field(Arena *arena, const char **at, const char *end)
{
    Text text = text_new(arena);
    bool quoted = *at < end && **at == '"';
    const char *from = *at + quoted;
    text_string(&text, "");
    for (; from < end && (quoted || *from != ','); from++) {
        if (quoted && *from == '"') {
            if (from + 1 < end && from[1] == '"') {
                from++;
            } else {
                quoted = false;
                continue;
            }
        }
        text_add(&text, from, 1);
    }
    *at = from < end ? from + 1 : end;
    return text.data;
}

static Fields split(Arena *arena, const char *line, size_t length)
{
    const char *end = line + length;
    size_t room = 1;
    for (const char *c = line; c < end; c++) {
        room += *c == ',';
    }
    Fields fields = {arena_array(arena, room + 1, sizeof *fields.cells), 0};
    const char *at = line;
    bool more = true;
    while (more) {
        const char *before = at;
        fields.cells[fields.count++] = take_field(arena, &at, end);
        more = at < end || (at == end && at > before && at[-1] == ',' && fields.count < (int)room);
    }
    return fields;
}

static void put_text(Text *text, const char *word)
{
    bool plain = strcspn(word, ",\"\r\n") == strlen(word);
    text_string(text, plain ? "" : "\"");
    for (const char *c = word; *c != '\0'; c++) {
        text_string(text, !plain && *c == '"' ? "\"" : "");
        unsigned char byte = (unsigned char)*c;
        text_add(text, byte < ' ' ? "?" : c, 1);
    }
    text_string(text, plain ? "" : "\"");
}

/* --- the header ----------------------------------------------------------------------------------
 */

/* Columns behind arm, outcome and time. */
static int value_count(const Server *server)
{
    int outputs = server->study->table_outputs;
    int names = server->header->count - (server->header->id >= 0) - (server->header->arm >= 0);
    return outputs * (server->gradient ? 1 + names : 1);
}

static void answer_header(const Server *server, Text *text)
{
    const Study *study = server->study;
    const struct CsvHeader *header = server->header;
    if (server->wants_objective) {
        text_string(text, "id,outcome,objective");
        for (int i = 0; server->gradient && i < study->fit->parameter_count; i++) {
            text_string(text, ",");
            put_text(text, arena_format(server->line, "d(objective)/d(%s)",
                                        study->fit->parameters[i].name));
        }
        text_string(text, "\n");
        return;
    }
    text_string(text, "id,outcome,arm,time");
    for (int k = 0; k < study->table_outputs; k++) {
        text_string(text, ",");
        put_text(text, study->outputs[k].label->name);
    }
    for (int k = 0; server->gradient && k < study->table_outputs; k++) {
        for (int i = 0; i < header->count; i++) {
            if (i != header->id && i != header->arm) {
                text_format(text, ",d(%s)/d(%s)", study->outputs[k].label->name, header->names[i]);
            }
        }
    }
    text_string(text, "\n");
}

static void refuse(const Server *server, const char *words, const char *hint, Text *text)
{
    serve_refuse(server,
                 arena_format(server->line, "neither JSON nor a header of CSV: %s%s", words, hint),
                 text);
}

/* The first line that is not JSON: as long as it makes no sense, the next may. */
static void take_header(Server *server, const Fields *fields, Text *text)
{
    Request trial = request_new(server, (size_t)fields->count);
    bool objective = server->wants_objective && request_objective(server, &trial);
    struct CsvHeader header = {NULL, fields->count, -1, -1};
    for (int i = 0; i < fields->count && trial.error == NULL; i++) {
        const char *name = fields->cells[i];
        int *own = strcmp(name, "id") == 0    ? &header.id
                   : strcmp(name, "arm") == 0 ? &header.arm
                                              : NULL;
        if (own != NULL && *own < 0) {
            *own = i;
            continue;
        }
        for (int k = 0; k < i; k++) {
            if (strcmp(fields->cells[k], name) == 0) {
                request_error(server, &trial, "the column '%.100s' comes twice", name);
            }
        }
        if (request_change(server, &trial, name, 1.0) && server->gradient && !objective &&
            trial.changes[trial.call.change_count - 1].ref.kind == NAME_COVARIATE) {
            request_error(server, &trial, "'%.100s' is a covariate: there is no derivative by it",
                          name);
        }
    }
    if (trial.error != NULL) {
        bool plain = trial.call.change_count == 0 && trial.error[strlen(trial.error) - 1] != '?';
        refuse(server, trial.error,
               fields->count == 1 && strpbrk(fields->cells[0], ";\t") != NULL
                   ? "; columns are separated by commas"
               : plain ? "; a line is an object { }, a list of them, or a header of names"
                       : "",
               text);
        return;
    }
    header.names = arena_array(server->arena, (size_t)fields->count, sizeof *header.names);
    for (int i = 0; i < fields->count; i++) {
        header.names[i] = arena_copy(server->arena, fields->cells[i], strlen(fields->cells[i]));
    }
    server->header = arena_alloc(server->arena, sizeof *server->header);
    *server->header = header;
    server->has_header = true;
    answer_header(server, text);
}

/* --- a row ---------------------------------------------------------------------------------------
 */

static bool read_cell(const char *cell, double *value)
{
    size_t used = 0;
    cell += strspn(cell, " ");
    size_t length = strlen(cell);
    return number_read(cell, length, value, &used) && cell[used + strspn(cell + used, " ")] == '\0';
}

static Request read_row(Server *server, const Fields *fields)
{
    const struct CsvHeader *header = server->header;
    Request request = request_new(server, (size_t)header->count);
    if (server->wants_objective) {
        (void)request_objective(server, &request);
    }
    if (fields->count != header->count) {
        request_error(server, &request, "the row has %d field%s, the header has %d", fields->count,
                      fields->count == 1 ? "" : "s", header->count);
        return request;
    }
    for (int i = 0; i < header->count && request.error == NULL; i++) {
        const char *cell = fields->cells[i];
        double value = 0.0;
        if (i == header->id) {
            continue;
        }
        if (i == header->arm) {
            (void)(*cell == '\0' || request_arm(server, &request, cell));
        } else if (read_cell(cell, &value)) {
            (void)request_change(server, &request, header->names[i], value);
        } else {
            request_error(server, &request, "'%.100s': '%.100s' is not a number", header->names[i],
                          cell);
        }
    }
    return request;
}

static void put_cells(const Server *server, const Request *request, int arm, int time, Text *text)
{
    const Study *study = server->study;
    const Call *call = &request->call;
    size_t outputs = (size_t)study->output_count;
    size_t row = ((size_t)arm * (size_t)study->time_count + (size_t)time) * outputs;
    for (int k = 0; k < study->table_outputs; k++) {
        text_string(text, ",");
        text_number(text, call->values[row + (size_t)k]);
    }
    size_t changes = (size_t)call->change_count;
    for (size_t i = 0; call->slopes && i < (size_t)study->table_outputs * changes; i++) {
        text_string(text, ",");
        text_number(text, call->slope[row * changes + i]);
    }
}

/* One line. */
static void answer_objective(const Server *server, const Request *request, const char *id,
                             Text *text)
{
    bool good = request->error == NULL;
    put_text(text, id);
    text_string(text, ",");
    put_text(text, good ? "done" : arena_format(server->line, "error: %s", request->error));
    text_string(text, ",");
    text_number(text, good ? request->value : (double)NAN);
    for (int i = 0; server->gradient && i < server->study->fit->parameter_count; i++) {
        text_string(text, ",");
        text_number(text, good ? request->gradient[i] : (double)NAN);
    }
    text_string(text, "\n");
}

static void answer_row(const Server *server, const Request *request, const char *id, Text *text)
{
    const Study *study = server->study;
    if (request->objective) {
        answer_objective(server, request, id, text);
        return;
    }
    if (request->error != NULL) { // nothing else: half a curve is no answer
        put_text(text, id);
        text_string(text, ",");
        put_text(text, arena_format(server->line, "error: %s", request->error));
        text_string(text, ",,NA");
        for (int i = 0; i < value_count(server); i++) {
            text_string(text, ",NA");
        }
        text_string(text, "\n\n");
        return;
    }
    for (int arm = 0; arm < study->arm_count; arm++) {
        for (int time = 0; request_arm_is_run(request, arm) && time < study->time_count; time++) {
            put_text(text, id);
            text_string(text, ",done,");
            put_text(text, study->arms[arm].name);
            text_string(text, ",");
            text_number(text, study->times[time]);
            put_cells(server, request, arm, time, text);
            text_string(text, "\n");
        }
    }
    text_string(text, "\n");
}

void serve_csv(Server *server, const char *line, size_t length, Text *text)
{
    if (memchr(line, '\0', length) != NULL && !server->has_header) {
        refuse(server, "a zero byte", "", text);
        return;
    }
    Fields fields = split(server->line, line, length);
    if (!server->has_header) {
        take_header(server, &fields, text);
        return;
    }
    server->row++;
    Request request = read_row(server, &fields);
    const char *id = arena_format(server->line, "%ld", server->row);
    int column = server->header->id;
    if (column >= 0 && column < fields.count) {
        id = fields.cells[column];
    }
    requests_run(server, &request, 1);
    if (!server->interrupted) {
        answer_row(server, &request, id, text);
    }
}
