/* model.c: reading a model from its text to the finished Model, and looking names up in it.
 *
 * Stages: parse (parse.c), write modules out (use.c), build and check (assemble.c, build.c,
 * check.c), find conditions on time (switch.c), derive (jacobian.c). Errors of grammar end the work
 * after parsing, because lost statements would make the rest complain about names that are there.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/model.h"

#include "model/builder.h"
#include "model/parse.h"

#include <assert.h>
#include <string.h>

enum { NUMBER_BITS = 24 }; // a NameRef in one int: kind above, index below

static void index_name(Names *names, NameKind kind, int index, const Label *label)
{
    assert(index < (1 << NUMBER_BITS));
    names_add(names, label->name, ((int)kind << NUMBER_BITS) | index);
}

static void index_names(Model *model)
{
    Names *names = names_new(model->arena);
    for (int i = 0; i < model->state_count; i++) {
        index_name(names, NAME_STATE, i, &model->states[i].label);
    }
    for (int i = 0; i < model->parameter_count; i++) {
        index_name(names, NAME_PARAMETER, i, &model->parameters[i].label);
    }
    for (int i = 0; i < model->covariate_count; i++) {
        index_name(names, NAME_COVARIATE, i, &model->covariates[i].label);
    }
    for (int i = 0; i < model->local_count; i++) {
        index_name(names, NAME_LOCAL, i, &model->locals[i].label);
    }
    for (int i = 0; i < model->observable_count; i++) {
        index_name(names, NAME_OBSERVABLE, i, &model->observables[i].label);
    }
    for (int i = 0; i < model->route_count; i++) {
        index_name(names, NAME_ROUTE, i, &model->routes[i].label);
    }
    for (int i = 0; i < model->event_count; i++) {
        index_name(names, NAME_EVENT, i, &model->events[i].label);
    }
    for (int i = 0; i < model->table_count; i++) {
        index_name(names, NAME_TABLE, i, &model->tables[i].label);
    }
    model->names = names;
}

/* A symbol that nothing uses would be made by model_expr later, when the graph must not change. */
static void make_symbols(const Model *model)
{
    Graph *graph = model->graph;
    graph_at(graph, (Span){NULL, 0, 0});
    expr_symbol(graph, SYMBOL_TIME, 0);
    for (int i = 0; i < model->state_count; i++) {
        expr_symbol(graph, SYMBOL_STATE, i);
    }
    for (int i = 0; i < model->parameter_count; i++) {
        expr_symbol(graph, SYMBOL_PARAMETER, i);
    }
    for (int i = 0; i < model->covariate_count; i++) {
        expr_symbol(graph, SYMBOL_COVARIATE, i);
    }
}

/* The condition of each switch as text; a choice of min, max or abs is the comparison that makes
 * it. */
static void name_switches(Model *model)
{
    const char **names = arena_array(model->arena, (size_t)model->switch_count + 1, sizeof *names);
    model->switch_names = names;
    SymbolNames symbols = model_symbol_names(model);
    for (int i = 0; i < model->switch_count; i++) {
        Text text = text_new(model->arena);
        bool brackets = !model->switches[i].whole;
        text_string(&text, brackets ? "(" : "");
        expr_print(model->graph, model->switches[i].value, &symbols, &text);
        text_string(&text, brackets ? ")" : "");
        names[i] = text.data;
    }
}

static void list_sources(Model *model, const Builder *builder)
{
    model->sources = arena_array(model->arena, builder->file_count, sizeof(Source *));
    for (size_t i = 0; i < builder->file_count; i++) {
        model->sources[i] = builder->files[i]->source;
    }
    model->source_count = (int)builder->file_count;
}

const Model *model_from_source(Arena *arena, const Source *source, SearchPath search, Diag *diag)
{
    assert(arena && source && diag);
    int errors = diag_errors(diag);
    const File *file = parse_file(arena, source, diag);
    if (file->broken || !file->name.text) {
        return NULL;
    }
    Model *model = arena_alloc(arena, sizeof *model);
    *model = (Model){.arena = arena,
                     .graph = graph_new(arena),
                     .name = file->name.text,
                     .title = file->title,
                     .path = source->name,
                     .time_unit = file->time_unit,
                     .is_module = file->is_module};
    Builder builder = {.arena = arena,
                       .diag = diag,
                       .graph = model->graph,
                       .model = model,
                       .search = search,
                       .all = names_new(arena),
                       .unknown = names_new(arena)};
    builder_add_file(&builder, file);
    instance_collect(&builder, file, NULL, NULL, "");
    for (size_t i = 0; i < builder.file_count; i++) {
        if (builder.files[i]->broken) {
            return NULL;
        }
    }
    assemble(&builder);
    if (diag_errors(diag) > errors) {
        return NULL;
    }
    list_sources(model, &builder);
    index_names(model);
    model_find_switches(model, arena);
    model_find_surfaces(&builder);
    model_make_jacobian(model, arena);
    make_symbols(model);
    name_switches(model);
    return model;
}

const Model *model_read(Arena *arena, const char *path, SearchPath search, Diag *diag)
{
    assert(arena && path && diag);
    const Source *source = NULL;
    SourceStatus status = source_read(arena, path, &source);
    if (status != SOURCE_OK) {
        diag_unreadable(diag, FAULT_M001, (Span){NULL, 0, 0},
                        arena_format(arena, "cannot read the model '%s'", path), status, source);
        return NULL;
    }
    return model_from_source(arena, source, search, diag);
}

/* ---- names ---- */

static NameRef unpack(int number)
{
    return (NameRef){(NameKind)(number >> NUMBER_BITS), number & ((1 << NUMBER_BITS) - 1)};
}

NameRef model_find(const Model *model, const char *name)
{
    assert(model && name);
    int number = names_find(model->names, name);
    return number < 0 ? (NameRef){NAME_NONE, 0} : unpack(number);
}

const Label *model_label(const Model *model, NameRef ref)
{
    switch (ref.kind) {
    case NAME_STATE:
        return &model->states[ref.index].label;
    case NAME_PARAMETER:
        return &model->parameters[ref.index].label;
    case NAME_COVARIATE:
        return &model->covariates[ref.index].label;
    case NAME_LOCAL:
        return &model->locals[ref.index].label;
    case NAME_OBSERVABLE:
        return &model->observables[ref.index].label;
    case NAME_ROUTE:
        return &model->routes[ref.index].label;
    case NAME_EVENT:
        return &model->events[ref.index].label;
    case NAME_TABLE:
        return &model->tables[ref.index].label;
    case NAME_NONE:
        break;
    }
    assert(!"a name that means something");
    return NULL;
}

Expr model_expr(const Model *model, NameRef ref)
{
    switch (ref.kind) {
    case NAME_STATE:
        return expr_symbol(model->graph, SYMBOL_STATE, ref.index);
    case NAME_PARAMETER:
        return expr_symbol(model->graph, SYMBOL_PARAMETER, ref.index);
    case NAME_COVARIATE:
        return expr_symbol(model->graph, SYMBOL_COVARIATE, ref.index);
    case NAME_LOCAL:
        return model->locals[ref.index].expr;
    case NAME_OBSERVABLE:
        return model->observables[ref.index].expr;
    default:
        return EXPR_NONE;
    }
}

const char *model_near(const Model *model, unsigned kinds, const char *name)
{
    assert(model && name);
    Arena *scratch = arena_new();
    Names *wanted = names_new(scratch);
    const char *found = NULL;
    for (int i = 0; i < names_count(model->names); i++) {
        if (kinds & (1u << unpack(names_number(model->names, i)).kind)) {
            names_add(wanted, names_name(model->names, i), i);
        }
    }
    const char *near = names_near(wanted, name);
    if (near) {
        found = names_name(model->names, names_find(wanted, near));
    }
    arena_free(scratch);
    return found;
}

static const char *symbol_name(void *context, SymbolKind kind, int index)
{
    const Model *model = context;
    switch (kind) {
    case SYMBOL_STATE:
        return model->states[index].label.name;
    case SYMBOL_PARAMETER:
        return model->parameters[index].label.name;
    case SYMBOL_COVARIATE:
        return model->covariates[index].label.name;
    case SYMBOL_SWITCH:
        return model->switch_names[index];
    default:
        return "t";
    }
}

static const char *table_name(void *context, int table)
{
    const Model *model = context;
    return model->tables[table].label.name;
}

SymbolNames model_symbol_names(const Model *model)
{
    return (SymbolNames){symbol_name, table_name, (void *)(uintptr_t)model};
}

/* ---- strict ---- */

static void check_label(Diag *diag, const char *kind, const Label *label)
{
    if (!label->unit.known) {
        diag_report(diag, FAULT_M049, label->span, "%s '%s' has no unit", kind, label->name);
    }
}

void model_check_strict(const Model *model, Diag *diag)
{
    assert(model && diag);
    for (int i = 0; i < model->parameter_count; i++) {
        check_label(diag, "the parameter", &model->parameters[i].label);
    }
    for (int i = 0; i < model->covariate_count; i++) {
        check_label(diag, "the covariate", &model->covariates[i].label);
    }
    for (int i = 0; i < model->state_count; i++) {
        check_label(diag, "the state", &model->states[i].label);
    }
    for (int i = 0; i < model->local_count; i++) {
        check_label(diag, "the intermediate value", &model->locals[i].label);
    }
    for (int i = 0; i < model->observable_count; i++) {
        check_label(diag, "the observable", &model->observables[i].label);
    }
    for (int i = 0; i < model->table_count; i++) {
        check_label(diag, "the table", &model->tables[i].label);
    }
}
