/* condition.c: a condition that is written outside of the model, over its quantities: "CRP > 5".
 *
 * The finished Model is presented to build.c as definitions that are all ready, one Instance for
 * each prefix of dotted names, so that names, units and messages are those of the model language.
 * Functions of the model (def) are not among its quantities and cannot be called.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/builder.h"
#include "model/parse.h"

#include <assert.h>
#include <string.h>

static Instance *instance_new(Arena *arena, const char *prefix)
{
    Instance *instance = arena_alloc(arena, sizeof *instance);
    instance->prefix = prefix;
    instance->names = names_new(arena);
    return instance;
}

/* A definition under its last name in the instance of its prefix. */
static Definition *define(Builder *builder, Instance *instance, DefinitionKind kind,
                          const char *name, const Label *label)
{
    Definition *definition = arena_alloc(builder->arena, sizeof *definition);
    Statement *statement = arena_alloc(builder->arena, sizeof *statement);
    statement->name = (Name){name, label->span};
    *definition = (Definition){.kind = kind,
                               .statement = statement,
                               .instance = instance,
                               .name = label->name,
                               .span = label->span,
                               .unit = label->unit,
                               .progress = PROGRESS_READY};
    builder->definitions =
        arena_grow(builder->arena, builder->definitions, builder->definition_count,
                   &builder->definition_capacity, sizeof(Definition *));
    names_add(instance->names, name, (int)builder->definition_count);
    builder->definitions[builder->definition_count++] = definition;
    return definition;
}

/* The instance of the module `name` in another one, made when it is first seen. */
static Instance *module_of(Builder *builder, Instance *instance, const char *name, size_t length)
{
    const char *head = arena_copy(builder->arena, name, length);
    int number = names_find(instance->names, head);
    if (number >= 0 && builder->definitions[number]->child) {
        return builder->definitions[number]->child;
    }
    const char *prefix = arena_format(builder->arena, "%s%s.", instance->prefix, head);
    Label label = {arena_format(builder->arena, "%s%s", instance->prefix, head), "", unit_none(),
                   (Span){NULL, 0, 0}};
    Definition *module = define(builder, instance, DEFINE_MODULE, head, &label);
    module->child = instance_new(builder->arena, prefix);
    return module->child;
}

static void present(Builder *builder, Instance *root, NameRef ref)
{
    static const DefinitionKind kinds[] = {
        [NAME_STATE] = DEFINE_STATE,           [NAME_PARAMETER] = DEFINE_PARAMETER,
        [NAME_COVARIATE] = DEFINE_COVARIATE,   [NAME_LOCAL] = DEFINE_LOCAL,
        [NAME_OBSERVABLE] = DEFINE_OBSERVABLE, [NAME_ROUTE] = DEFINE_ROUTE,
        [NAME_EVENT] = DEFINE_EVENT,           [NAME_TABLE] = DEFINE_TABLE,
    };
    const Model *model = builder->model;
    const Label *label = model_label(model, ref);
    Instance *instance = root;
    const char *name = label->name;
    for (const char *dot = strchr(name, '.'); dot; dot = strchr(name, '.')) {
        instance = module_of(builder, instance, name, (size_t)(dot - name));
        name = dot + 1;
    }
    Definition *definition = define(builder, instance, kinds[ref.kind], name, label);
    definition->index = ref.index;
    definition->value = (Value){model_expr(model, ref), label->unit, false, false};
}

static Instance *present_all(Builder *builder)
{
    Instance *root = instance_new(builder->arena, "");
    for (int i = 0; i < names_count(builder->model->names); i++) {
        const char *name = names_name(builder->model->names, i);
        present(builder, root, model_find(builder->model, name));
    }
    return root;
}

/* ---- plain numbers ---- */

enum { COMPARED_DEPTH = 200, UNIT_MOST = 40 };

/* The number in -5, or NULL; not one with a unit. */
static Node *literal_of(Node *node)
{
    while (node->kind == NODE_APPLY && node->operation == EXPR_NEGATE) {
        node = node->arguments[0];
    }
    return node->kind == NODE_NUMBER && !node->unit.known ? node : NULL;
}

/* As everywhere in a study, a plain number is in the unit of the model: of what it is compared to.
 */
static void give_units(Builder *builder, Instance *root, const Node *node, int depth)
{
    if (node->kind != NODE_APPLY || depth > COMPARED_DEPTH) {
        return;
    }
    switch (node->operation) {
    case EXPR_LESS:
    case EXPR_LESS_EQUAL:
    case EXPR_EQUAL:
    case EXPR_NOT_EQUAL:
        for (int i = 0; i < 2; i++) {
            Node *literal = literal_of(node->arguments[i]);
            if (literal && !literal_of(node->arguments[1 - i])) {
                literal->unit = build_expression(builder, root, node->arguments[1 - i]).unit;
            }
        }
        break;
    case EXPR_AND:
    case EXPR_OR:
    case EXPR_NOT:
    case EXPR_SELECT:
        for (int i = 0; i < node->argument_count; i++) {
            give_units(builder, root, node->arguments[i], depth + 1);
        }
        break;
    default:
        break;
    }
}

static bool is_unit(Arena *arena, const char *text, size_t length)
{
    size_t bad = 0;
    size_t bad_length = 0;
    const char *near = NULL;
    Unit unit;
    return length > 0 && unit_read(arena, text, length, &unit, &bad, &bad_length, &near);
}

/* "C > 5 h": what stands behind a number and reads as a unit, up to the next operator or word. */
static void hint_brackets(const Parser *parser, Span where)
{
    Span last = parser->last;
    const char *text = where.source->text;
    if (last.length == 0 || strchr("0123456789.", text[last.start]) == NULL) {
        return;
    }
    const char *start = text + last.start + last.length;
    start += strspn(start, " ");
    const char *end = text + where.start + where.length;
    size_t rest = start < end ? (size_t)(end - start) : 0;
    size_t most = strcspn(start, "<>=!&|,)");
    most = most < rest ? most : rest;
    most = most < UNIT_MOST ? most : UNIT_MOST;
    size_t length = most;
    while (length > 0 && (start[length - 1] == ' ' || (length < most && start[length] != ' ') ||
                          !is_unit(parser->arena, start, length))) {
        length--; // "mg / L and n"
    }
    if (length > 0) {
        diag_hint(parser->diag,
                  "a unit stands in brackets: %.*s [%.*s]; a plain number has the unit of what it "
                  "is compared to",
                  (int)last.length, text + last.start, (int)length, start);
    }
}

/* The text at `where` as an expression; NULL: reported. */
static const Node *parse_text(Arena *arena, Span where, Diag *diag)
{
    int before = diag_errors(diag);
    Source *source = arena_alloc(arena, sizeof *source);
    *source = *where.source;
    source->length = where.start + where.length; // the lexer reads to the end of the text
    File *file = arena_alloc(arena, sizeof *file);
    Parser parser = {.arena = arena, .diag = diag, .lexer = lexer_new(source, diag), .file = file};
    parser.lexer.at = where.start;
    for (int i = 0; i < PARSE_AHEAD; i++) {
        parser.ahead[i] = lexer_next(&parser.lexer);
    }
    parser.last = parser.ahead[0].span;
    const Node *node = parse_expression(&parser);
    if (!parser.failed && !parser_at(&parser, TOKEN_END)) {
        parser_expected(&parser, "the end of the condition");
        hint_brackets(&parser, where);
    }
    return diag_errors(diag) == before ? node : NULL;
}

/* "C > 5 [h]" alone, so that an error of units is that of the number. */
static bool compares_number(const Node *node)
{
    for (int i = 0; node->kind == NODE_APPLY && i < node->argument_count; i++) {
        if (node->arguments[i]->kind == NODE_NUMBER && node->arguments[i]->unit.known) {
            return true;
        }
    }
    return false;
}

Expr model_condition(const Model *model, Span where, Diag *diag)
{
    assert(model && where.source && diag);
    Arena *arena = model->arena;
    int before = diag_errors(diag);
    const Node *node = parse_text(arena, where, diag);
    if (!node) {
        return EXPR_NONE;
    }
    // A copy, because a table that is unknown would be declared by its use.
    Model copy = *model;
    size_t tables = (size_t)model->table_count;
    copy.tables = arena_array(arena, tables + 1, sizeof *copy.tables);
    if (tables > 0) {
        memcpy(copy.tables, model->tables, tables * sizeof *copy.tables);
    }
    Builder builder = {.arena = arena,
                       .diag = diag,
                       .graph = model->graph,
                       .model = &copy,
                       .all = names_new(arena),
                       .table_capacity = tables,
                       .unknown = names_new(arena)};
    Instance *root = present_all(&builder);
    give_units(&builder, root, node, 0);
    Value value = build_expression(&builder, root, node);
    Scope scope = {NULL, NULL, NULL, NULL, {NULL, 0, 0}};
    if (diag_errors(diag) > before && diag_fault(diag, diag_count(diag) - 1) == FAULT_M033 &&
        compares_number(node)) {
        diag_hint(diag, "a plain number has the unit of what it is compared to");
    }
    value.bad |= check_pure(&builder, &scope, "the condition", node, value).bad;
    if (copy.table_count > model->table_count) {
        diag_report(diag, FAULT_M047, node->span, "the model has no table '%s'",
                    copy.tables[model->table_count].label.name);
    }
    return diag_errors(diag) == before && !value.bad ? value.expr : EXPR_NONE;
}
