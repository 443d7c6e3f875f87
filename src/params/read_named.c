/* read_named.c: a group whose members are quantities of the model by name: those of a module stand
 * in a group of its name. What is no such name is told of, with the nearest one that is.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/reader.h"

#include <string.h>

static void add_below(Names *names, Arena *arena, const char *prefix, const Parameter *list,
                      int count)
{
    for (int i = 0; i < count; i++) {
        const char *name = list[i].label.name;
        if (strncmp(name, prefix, strlen(prefix)) == 0) {
            const char *rest = name + strlen(prefix);
            names_add(names, arena_copy(arena, rest, strcspn(rest, ".")), i);
        }
    }
}

/* Names at one level, of quantities of these kinds and of modules, that begin with `prefix`. */
static Names *names_below(const Reader *reader, unsigned kinds, const char *prefix)
{
    const Model *model = reader->model;
    Names *names = names_new(reader->arena);
    if ((kinds & 1u << NAME_PARAMETER) != 0) {
        add_below(names, reader->arena, prefix, model->parameters, model->parameter_count);
    }
    if ((kinds & 1u << NAME_COVARIATE) != 0) {
        add_below(names, reader->arena, prefix, model->covariates, model->covariate_count);
    }
    return names;
}

bool is_module(const Reader *reader, unsigned kinds, const Entry *entry, const char *name)
{
    const char *inner = arena_format(reader->arena, "%s.", name);
    return entry->kind == ENTRY_GROUP && names_count(names_below(reader, kinds, inner)) > 0;
}

const char *hint_name(Reader *reader, unsigned kinds, const char *prefix, const Entry *entry)
{
    const char *name = arena_format(reader->arena, "%s%s", prefix, entry->name);
    const char *near = names_near(names_below(reader, kinds, prefix), entry->name);
    const char *far = near ? NULL : model_near(reader->model, kinds, name);
    if (near || far) {
        diag_hint(reader->diag, "did you mean '%s'%s?", near ? near : far,
                  far && strchr(far, '.') ? ", in the group of its module" : "");
    }
    return near;
}

static void report_name(Reader *reader, const Entry *entry, const char *prefix, const Named *named)
{
    const char *name = arena_format(reader->arena, "%s%s", prefix, entry->name);
    NameRef ref = model_find(reader->model, name);
    if (ref.kind != NAME_NONE) {
        diag_report(reader->diag, FAULT_P017, entry->key, "'%s' is %s of the model, not a %s", name,
                    kind_words(ref.kind), named->words);
        diag_note(reader->diag, model_label(reader->model, ref)->span, "'%s' is declared here",
                  name);
        return;
    }
    diag_report(reader->diag, FAULT_P016, entry->key, "the model '%s' has no %s '%s'",
                reader->model->name, named->words, name);
    (void)hint_name(reader, named->kinds, prefix, entry);
}

static void read_level(Reader *reader, Entry *group, const char *prefix, const Named *named)
{
    for (int i = 0; i < group->count; i++) {
        Entry *entry = group->items[i];
        const char *name = arena_format(reader->arena, "%s%s", prefix, entry->name);
        NameRef ref = model_find(reader->model, name);
        if (entry->is_wrong) {
            continue;
        }
        if ((named->kinds & 1u << ref.kind) != 0) {
            named->read(named->context, entry, ref);
        } else if (ref.kind == NAME_NONE && is_module(reader, named->kinds, entry, name)) {
            read_level(reader, entry, arena_format(reader->arena, "%s.", name), named);
        } else {
            report_name(reader, entry, prefix, named);
        }
    }
}

void read_named(Reader *reader, Entry *group, const Named *named)
{
    read_level(reader, group, "", named);
}
