/* data_target.c: where a dose of a data file goes, and what an observation saw.
 *
 * CMT is a name or a number. A route's name means that route; a state's name the state itself, as
 * `into` in a study; a number n the n-th state of the model, through the route that leads there and
 * nowhere else if there is exactly one (as NONMEM's F2 and ALAG2 belong to compartment 2). Without
 * CMT the study's `data.route` is taken, or the model's only route.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/data_reader.h"

#include <math.h>
#include <string.h>

/* A cell that names something by number or word; *name NULL: it is missing or 0. */
typedef struct {
    const char *name;
    bool is_number;
    double number;
} Designation;

static Designation designation(const DataReader *reader, const DataLine *line, ColumnKind kind)
{
    Designation one = {0};
    int column = reader->at[kind];
    if (column < 0) {
        return one;
    }
    const CsvField *field = data_cell(reader, line->row, column);
    one.is_number = csv_number(&reader->csv, field, &one.number);
    if (!one.is_number || (!isnan(one.number) && one.number != 0.0)) {
        one.name = csv_text(reader->arena, &reader->csv, field);
    }
    return one;
}

static void report(DataReader *reader, DataLine *line, Fault fault, ColumnKind kind,
                   const char *words)
{
    diag_report(reader->diag, fault, data_place(reader, line->row, kind), "%s", words);
    line->good = false;
}

/* Index of the n-th of `count`, or -1 (reported). */
static int nth(DataReader *reader, DataLine *line, ColumnKind kind, double number, int count)
{
    if (number == floor(number) && number >= 1.0 && number <= count) {
        return (int)number - 1;
    }
    bool seen = kind == COLUMN_DVID;
    report(reader, line, seen ? FAULT_D018 : FAULT_D011, kind,
           arena_format(reader->arena, "%s is %g; the model has %d %s%s", data_column_names[kind],
                        number, count, seen ? "observable" : "state", count == 1 ? "" : "s"));
    return -1;
}

static void report_name(DataReader *reader, DataLine *line, ColumnKind kind, const char *name,
                        unsigned kinds)
{
    bool seen = kind == COLUMN_DVID;
    report(reader, line, seen ? FAULT_D018 : FAULT_D011, kind,
           arena_format(reader->arena, "the model has no %s '%s'",
                        seen ? "observable" : "state or route", name));
    const char *near = model_near(reader->options->model, kinds, name);
    if (near != NULL) {
        diag_hint(reader->diag, "did you mean '%s'?", near);
    }
}

/* Whether a route can give this dose as far as RATE -1, -2 are concerned. */
static bool models(const Route *route, const DataLine *line)
{
    return (line->rate != -1.0 || route->rate != EXPR_NONE) &&
           (line->rate != -2.0 || route->duration != EXPR_NONE);
}

/* The only route into that state and nowhere else, that can give this dose: -1 none, -2 several. Of
 * several, the only one without a rate or duration of its own is meant. */
static int only_route(const Model *model, int state, const DataLine *line)
{
    int found = -1;
    int plain = -1;
    for (int i = 0; i < model->route_count; i++) {
        const Route *route = &model->routes[i];
        bool leads = route->target_count == 1 && route->targets[0].state == state;
        if (leads && models(route, line)) {
            found = found == -1 ? i : -2;
            bool own = route->rate != EXPR_NONE || route->duration != EXPR_NONE;
            plain = own ? plain : plain == -1 ? i : -2;
        }
    }
    return found == -2 && plain >= 0 ? plain : found;
}

static void target_by_number(DataReader *reader, DataLine *line, double number)
{
    const Model *model = reader->options->model;
    int state = nth(reader, line, COLUMN_CMT, number, model->state_count);
    int route = state < 0 ? -1 : only_route(model, state, line);
    if (route == -2) {
        report(reader, line, FAULT_D012, COLUMN_CMT,
               arena_format(reader->arena, "several routes lead to compartment %.0f, '%s'", number,
                            model->states[state].label.name));
        diag_hint(reader->diag, "write the name of the route");
        return;
    }
    line->route = route;
    line->state = route < 0 ? state : -1;
}

static void target_by_name(DataReader *reader, DataLine *line, const char *name)
{
    NameRef ref = model_find(reader->options->model, name);
    if (ref.kind == NAME_ROUTE) {
        line->route = ref.index;
    } else if (ref.kind == NAME_STATE) {
        line->state = ref.index;
    } else {
        report_name(reader, line, COLUMN_CMT, name, 1u << NAME_ROUTE | 1u << NAME_STATE);
    }
}

static void target_by_default(DataReader *reader, DataLine *line)
{
    const Model *model = reader->options->model;
    if (reader->options->route >= 0 || model->route_count == 1) {
        line->route = reader->options->route >= 0 ? reader->options->route : 0;
    } else if (model->route_count == 0 && model->state_count == 1) {
        line->state = 0;
    } else {
        report(reader, line, FAULT_D012, COLUMN_CMT,
               model->route_count > 1 ? "this dose has no CMT, and the model has several routes"
                                      : "this dose has no CMT, and the model has no route");
        diag_hint(reader->diag, "a column CMT names a route or a state%s",
                  model->route_count > 1 ? "; or the study says data = { route = ...; }" : "");
    }
}

/* EVID 5 and 6 change a state: a route stands for the state that it leads to. */
static void find_state(DataReader *reader, DataLine *line, const Designation *one)
{
    const Model *model = reader->options->model;
    line->route = -1;
    if (one->name == NULL && model->state_count == 1) {
        line->state = 0;
    } else if (one->name == NULL) {
        report(
            reader, line, FAULT_D012, COLUMN_CMT,
            arena_format(reader->arena, "EVID %d needs a CMT: the state that changes", line->evid));
    } else if (one->is_number) {
        line->state = nth(reader, line, COLUMN_CMT, one->number, model->state_count);
    } else {
        target_by_name(reader, line, one->name);
        const Route *route = line->route >= 0 ? &model->routes[line->route] : NULL;
        if (route != NULL && route->target_count == 1) {
            line->state = route->targets[0].state;
        } else if (route != NULL) {
            report(
                reader, line, FAULT_D011, COLUMN_CMT,
                arena_format(reader->arena, "'%s' leads to several states; name one", one->name));
        }
        line->route = -1;
    }
}

void find_target(DataReader *reader, DataLine *line)
{
    const Model *model = reader->options->model;
    if (model == NULL) {
        return;
    }
    Designation one = designation(reader, line, COLUMN_CMT);
    if (line->evid >= 5) {
        find_state(reader, line, &one);
        return;
    }
    if (one.name == NULL) {
        target_by_default(reader, line);
    } else if (one.is_number) {
        target_by_number(reader, line, one.number);
    } else {
        target_by_name(reader, line, one.name);
    }
    bool modelled = line->rate == -1.0 || line->rate == -2.0;
    bool found = line->route >= 0 || line->state >= 0;
    if (modelled && found && (line->route < 0 || !models(&model->routes[line->route], line))) {
        const Label *label =
            line->route < 0 ? &model->states[line->state].label : &model->routes[line->route].label;
        report(reader, line, FAULT_D013, COLUMN_RATE,
               arena_format(reader->arena, "RATE is %.0f, but %s '%s' declares no %s", line->rate,
                            line->route < 0 ? "the state" : "the route", label->name,
                            line->rate == -1.0 ? "rate" : "duration"));
        diag_note(reader->diag, label->span, "'%s' is declared here", label->name);
    }
}

void find_seen(DataReader *reader, DataLine *line)
{
    const Model *model = reader->options->model;
    const unsigned kinds = 1u << NAME_OBSERVABLE | 1u << NAME_STATE;
    if (model == NULL) {
        return;
    }
    Designation one = designation(reader, line, COLUMN_DVID);
    ColumnKind kind = one.name != NULL ? COLUMN_DVID : COLUMN_CMT;
    one = one.name != NULL ? one : designation(reader, line, COLUMN_CMT);
    if (one.name == NULL) {
        return;
    }
    if (one.is_number) {
        bool seen = kind == COLUMN_DVID;
        int index = nth(reader, line, kind, one.number,
                        seen ? model->observable_count : model->state_count);
        line->seen = (NameRef){seen ? NAME_OBSERVABLE : NAME_STATE, index};
        return;
    }
    NameRef ref = model_find(model, one.name);
    if (ref.kind == NAME_ROUTE && model->routes[ref.index].target_count == 1) {
        ref = (NameRef){NAME_STATE, model->routes[ref.index].targets[0].state};
    }
    if (ref.kind == NAME_OBSERVABLE || ref.kind == NAME_STATE) {
        line->seen = ref;
    } else {
        report_name(reader, line, kind, one.name, kinds);
    }
}

bool time_factor(const DataReader *reader, double *factor)
{
    const Model *model = reader->options->model;
    Unit unit = reader->options->time_unit;
    *factor = 1.0;
    if (model == NULL || !unit.known || !model->time_unit.known) {
        return true;
    }
    bool same = unit_same_dimension(unit, model->time_unit);
    *factor = same ? unit_factor(unit, model->time_unit) : 1.0;
    return same;
}

bool amount_factor(DataReader *reader, const DataLine *line, double *factor)
{
    const Model *model = reader->options->model;
    Unit unit = reader->options->amount_unit;
    *factor = 1.0;
    if (model == NULL || !unit.known || (line->route < 0 && line->state < 0)) {
        return true;
    }
    const Label *label =
        line->route >= 0 ? &model->routes[line->route].label : &model->states[line->state].label;
    if (!label->unit.known) {
        return true;
    }
    if (!unit_same_dimension(unit, label->unit)) {
        diag_report(reader->diag, FAULT_D030, data_place(reader, line->row, COLUMN_AMT),
                    "AMT is in %s, but '%s' takes %s", unit.text, label->name, label->unit.text);
        return false;
    }
    *factor = unit_factor(unit, label->unit);
    return true;
}
