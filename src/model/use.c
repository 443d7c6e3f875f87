/* use.c: files are found and parsed once, then written out as instances.
 *
 * Order within the model: what a file itself declares, in the order of the text, then its modules.
 * Covariates are the subject's and not the module's: they carry no prefix and are shared by name.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/builder.h"

#include "base/file.h"
#include "model/parse.h"

#include <assert.h>
#include <string.h>

enum { NESTING_LIMIT = 32, INSTANCE_LIMIT = 1000 };

/* ---- files ---- */

void builder_add_file(Builder *builder, const File *file)
{
    builder->files = arena_grow(builder->arena, builder->files, builder->file_count,
                                &builder->file_capacity, sizeof(File *));
    builder->files[builder->file_count++] = file;
}

const File *builder_file(Builder *builder, const char *path, Span where)
{
    for (size_t i = 0; i < builder->file_count; i++) {
        if (strcmp(builder->files[i]->source->name, path) == 0) {
            return builder->files[i];
        }
    }
    const Source *source = NULL;
    SourceStatus status = source_read(builder->arena, path, &source);
    if (status != SOURCE_OK) {
        diag_unreadable(builder->diag, FAULT_M001, where,
                        arena_format(builder->arena, "cannot read the model '%s'", path), status,
                        source);
        return NULL;
    }
    const File *file = parse_file(builder->arena, source, builder->diag);
    builder_add_file(builder, file);
    return file;
}

/* "pk/oral.stroma" for pk.oral */
static const char *module_file(Arena *arena, const char *name)
{
    char *file = arena_format(arena, "%s.stroma", name);
    for (char *p = file; p < file + strlen(name); p++) {
        *p = (char)(*p == '.' ? '/' : *p);
    }
    return file;
}

/* The path of the module `name`, or NULL. */
static const char *module_path(Builder *builder, const char *using_path, const char *name)
{
    const char *file = module_file(builder->arena, name);
    const char *folder = file_folder(builder->arena, using_path);
    for (int i = -1; i < builder->search.count; i++) {
        const char *path =
            file_join(builder->arena, i < 0 ? folder : builder->search.folders[i], file);
        if (i < 0 && strcmp(folder, ".") == 0 && strchr(using_path, '/') == NULL) {
            path = file;
        }
        if (file_exists(path)) {
            return path;
        }
    }
    return NULL;
}

/* ---- definitions ---- */

static int *counter_of(Model *model, DefinitionKind kind)
{
    switch (kind) {
    case DEFINE_PARAMETER:
        return &model->parameter_count;
    case DEFINE_COVARIATE:
        return &model->covariate_count;
    case DEFINE_STATE:
        return &model->state_count;
    case DEFINE_INPUT:
    case DEFINE_LOCAL:
    case DEFINE_FLOW:
        return &model->local_count;
    case DEFINE_OBSERVABLE:
        return &model->observable_count;
    case DEFINE_ROUTE:
        return &model->route_count;
    case DEFINE_EVENT:
        return &model->event_count;
    default:
        return NULL;
    }
}

static void report_twice(Builder *builder, DefinitionKind kind, Name name, const Definition *first)
{
    Span place;
    if (!fault_begin(builder, FAULT_M016, NULL, name.span, &place)) {
        return;
    }
    diag_report(builder->diag, FAULT_M016, place, "'%s' is declared twice", first->name);
    if (first->span.source != place.source && kind == DEFINE_COVARIATE) {
        diag_hint(builder->diag, "a covariate of a module is shared by its name");
    }
    if (first->span.source) {
        diag_note(builder->diag, first->span, "it is %s declared here",
                  definition_kind_text(first->kind));
    }
}

/* A covariate that exists already is shared. */
static Definition *shared_covariate(Builder *builder, Definition *first, const Statement *statement)
{
    if (first->unit.known && statement->unit.known && !unit_same(first->unit, statement->unit)) {
        Span place;
        if (fault_begin(builder, FAULT_M044, NULL, statement->name.span, &place)) {
            diag_report(builder->diag, FAULT_M044, place,
                        "the covariate '%s' is in %s here but in %s elsewhere", first->name,
                        statement->unit.text, first->unit.text);
            diag_note(builder->diag, first->span, "it is declared here");
        }
    } else if (!first->unit.known) {
        first->unit = statement->unit;
    }
    return first;
}

static void add_table(Builder *builder, const Definition *definition)
{
    Model *model = builder->model;
    model->tables = arena_grow(builder->arena, model->tables, (size_t)model->table_count,
                               &builder->table_capacity, sizeof *model->tables);
    model->tables[model->table_count++] =
        (TableInput){{definition->name, definition->statement->text, definition->statement->unit,
                      definition->span},
                     unit_none(),
                     false};
}

Definition *definition_new(Builder *builder, Instance *instance, DefinitionKind kind,
                           const Statement *statement)
{
    Name name = statement->name;
    const char *prefix = kind == DEFINE_COVARIATE ? "" : instance->prefix;
    const char *full = arena_format(builder->arena, "%s%s", prefix, name.text);
    int number = names_find(builder->all, full);
    int local = names_find(instance->names, name.text);
    if (local >= 0) {
        report_twice(builder, kind, name, builder->definitions[local]);
        return builder->definitions[local];
    }
    if (number >= 0) {
        Definition *first = builder->definitions[number];
        names_add(instance->names, name.text, number);
        if (kind == DEFINE_COVARIATE && first->kind == DEFINE_COVARIATE) {
            return shared_covariate(builder, first, statement);
        }
        report_twice(builder, kind, name, first);
        return first;
    }
    Definition *definition = arena_alloc(builder->arena, sizeof *definition);
    int *counter = counter_of(builder->model, kind);
    *definition = (Definition){.kind = kind,
                               .statement = statement,
                               .instance = instance,
                               .name = full,
                               .span = name.span,
                               .index = counter ? (*counter)++ : 0,
                               .unit = statement->unit};
    if (kind == DEFINE_TABLE) {
        definition->index = builder->model->table_count;
        add_table(builder, definition);
    }
    builder->definitions =
        arena_grow(builder->arena, builder->definitions, builder->definition_count,
                   &builder->definition_capacity, sizeof(Definition *));
    builder->definitions[builder->definition_count] = definition;
    names_add(builder->all, full, (int)builder->definition_count);
    names_add(instance->names, name.text, (int)builder->definition_count);
    builder->definition_count++;
    return definition;
}

/* The kind of definition a statement makes; false if it makes none. */
static bool kind_of(StatementKind statement, DefinitionKind *kind)
{
    static const DefinitionKind kinds[] = {
        [STATEMENT_PARAM] = DEFINE_PARAMETER,    [STATEMENT_COVARIATE] = DEFINE_COVARIATE,
        [STATEMENT_INPUT] = DEFINE_INPUT,        [STATEMENT_DEF] = DEFINE_FUNCTION,
        [STATEMENT_STATE] = DEFINE_STATE,        [STATEMENT_LOCAL] = DEFINE_LOCAL,
        [STATEMENT_FLOW] = DEFINE_FLOW,          [STATEMENT_ROUTE] = DEFINE_ROUTE,
        [STATEMENT_OBSERVE] = DEFINE_OBSERVABLE, [STATEMENT_EVENT] = DEFINE_EVENT,
        [STATEMENT_TABLE] = DEFINE_TABLE,        [STATEMENT_USE] = DEFINE_MODULE};
    *kind = kinds[statement];
    return statement != STATEMENT_DERIVATIVE;
}

/* ---- inputs ---- */

static const Option *find_option(const Statement *use, const char *name)
{
    for (int i = 0; use && name && i < use->option_count; i++) {
        if (use->options[i].name.text && strcmp(use->options[i].name.text, name) == 0) {
            return &use->options[i];
        }
    }
    return NULL;
}

/* Inputs that have neither a binding nor a default, in one report. */
static void report_inputs(Builder *builder, const Instance *instance, const char *missing,
                          const Statement *first)
{
    Span place;
    const Statement *use = instance->use;
    Span where = use ? use->from.span : first->name.span;
    if (!fault_begin(builder, FAULT_M042, NULL, where, &place)) {
        return;
    }
    const char *name = first->name.text;
    if (use) {
        diag_report(builder->diag, FAULT_M042, place, "module '%s' needs a value for %s",
                    use->from.text, missing);
        diag_hint(builder->diag, "add 'with %s = ...'", name);
        diag_note(builder->diag, first->name.span, "'%s' is declared here", name);
    } else {
        diag_report(builder->diag, FAULT_M042, place, "run by itself, '%s' has no value for %s",
                    instance->file->name.text, missing);
        diag_hint(builder->diag, "give it a default: 'input %s = ...'", name);
    }
}

/* Each binding names an input, each input has a value. */
static void check_inputs(Builder *builder, Instance *instance)
{
    const File *file = instance->file;
    const Statement *use = instance->use;
    const Statement *first = NULL;
    Text missing = text_new(builder->arena);
    for (int i = 0; i < file->statement_count; i++) {
        const Statement *statement = &file->statements[i];
        if (statement->kind == STATEMENT_INPUT && !statement->expr &&
            !find_option(use, statement->name.text)) {
            text_format(&missing, "%s'%s'", first ? ", " : "", statement->name.text);
            first = first ? first : statement;
        }
    }
    if (first) {
        report_inputs(builder, instance, missing.data, first);
    }
    for (int i = 0; use && i < use->option_count; i++) {
        Name name = use->options[i].name;
        Definition *definition = definition_find(builder, instance, name.text);
        Span place;
        if (find_option(use, name.text) != &use->options[i]) {
            if (fault_begin(builder, FAULT_M016, NULL, name.span, &place)) {
                diag_report(builder->diag, FAULT_M016, place, "the input '%s' is bound twice",
                            name.text);
                diag_note(builder->diag, find_option(use, name.text)->name.span, "first here");
            }
        } else if ((!definition || definition->kind != DEFINE_INPUT) &&
                   fault_begin(builder, FAULT_M041, NULL, name.span, &place)) {
            diag_report(builder->diag, FAULT_M041, place, "'%s' is not an input of module '%s'",
                        name.text, use->from.text);
            hint_near(builder, place.source, instance, name.text, 1u << DEFINE_INPUT);
        }
    }
}

/* ---- instances ---- */

/* True if `file` is being written out already: reports the chain. */
static bool is_circle(Builder *builder, const Instance *instance, const File *file, Span where)
{
    int depth = 0;
    bool found = false;
    for (const Instance *i = instance; i; i = i->parent) {
        found |= i->file == file;
        depth++;
    }
    if (!found && depth < NESTING_LIMIT) {
        return false;
    }
    char *chain = arena_format(builder->arena, "%s", file->name.text);
    for (const Instance *i = instance; i && depth < NESTING_LIMIT; i = i->parent) {
        chain = arena_format(builder->arena, "%s -> %s", i->file->name.text, chain);
        if (i->file == file) {
            break;
        }
    }
    Span place;
    if (fault_begin(builder, FAULT_M040, NULL, where, &place)) {
        diag_report(builder->diag, FAULT_M040, place, "the module '%s' uses itself: %s",
                    file->name.text, chain);
    }
    return true;
}

static void collect_use(Builder *builder, Instance *instance, Definition *definition)
{
    const Statement *use = definition->statement;
    const File *user = instance->file;
    const char *path = module_path(builder, user->source->name, use->from.text);
    Span place;
    if (!path) {
        if (fault_begin(builder, FAULT_M039, NULL, use->from.span, &place)) {
            diag_report(builder->diag, FAULT_M039, place, "there is no module '%s'",
                        use->from.text);
            diag_hint(builder->diag, "no %s beside the model or in the search folders",
                      module_file(builder->arena, use->from.text));
        }
        return;
    }
    const File *file = builder_file(builder, path, use->from.span);
    if (!file || !file->name.text || is_circle(builder, instance, file, use->from.span)) {
        return;
    }
    if (user->time_unit.known && file->time_unit.known &&
        !unit_same(user->time_unit, file->time_unit) &&
        fault_begin(builder, FAULT_M043, NULL, use->from.span, &place)) {
        diag_report(builder->diag, FAULT_M043, place,
                    "the time of module '%s' is in %s, that of '%s' in %s", use->from.text,
                    file->time_unit.text, user->name.text, user->time_unit.text);
        diag_note(builder->diag, file->time_span, "it is declared here");
    }
    if (builder->instance_count >= INSTANCE_LIMIT) {
        if (fault_begin(builder, FAULT_M011, NULL, (Span){NULL, 0, 0}, &place)) {
            diag_report(builder->diag, FAULT_M011, use->from.span,
                        "modules are used more than %d times", INSTANCE_LIMIT);
        }
        return;
    }
    const char *prefix = arena_format(builder->arena, "%s.", definition->name);
    size_t number = builder->instance_count;
    instance_collect(builder, file, instance, use, prefix);
    definition->child = builder->instances[number];
    if (!file->broken) {
        check_inputs(builder, definition->child);
    }
}

void instance_collect(Builder *builder, const File *file, Instance *parent, const Statement *use,
                      const char *prefix)
{
    assert(builder && file && prefix);
    Instance *instance = arena_alloc(builder->arena, sizeof *instance);
    *instance = (Instance){prefix, file, parent, use, names_new(builder->arena)};
    builder->instances = arena_grow(builder->arena, builder->instances, builder->instance_count,
                                    &builder->instance_capacity, sizeof(Instance *));
    builder->instances[builder->instance_count++] = instance;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < file->statement_count; i++) {
            const Statement *statement = &file->statements[i];
            DefinitionKind kind;
            bool module = statement->kind == STATEMENT_USE;
            if (module != (pass == 1) || !statement->name.text ||
                !kind_of(statement->kind, &kind)) {
                continue;
            }
            Definition *definition = definition_new(builder, instance, kind, statement);
            if (module && definition->statement == statement && definition->instance == instance) {
                collect_use(builder, instance, definition);
            }
        }
    }
    if (!parent) {
        check_inputs(builder, instance);
    }
}
