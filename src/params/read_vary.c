/* read_vary.c: population.vary: which quantities differ between subjects, and how.
 *
 * A name is looked up like under parameters (groups for modules); its group says which distribution
 * it is and gives its numbers, which read_shape.c understands. Where no median or mean is written
 * the value of each arm is the location; where one is written an arm cannot have a value of its
 * own. SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/vary.h"

#include "base/number.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const Shape shapes[] = {
    {"lognormal", DRAW_LOGNORMAL, {"median", "mean", "cv", "sd", "sdlog", "min", "max"}},
    {"normal", DRAW_NORMAL, {"mean", "sd", "cv", "min", "max"}},
    {"uniform", DRAW_UNIFORM, {"low", "high", "min", "max"}},
    {"loguniform", DRAW_LOGUNIFORM, {"low", "high", "min", "max"}},
    {"triangular", DRAW_TRIANGULAR, {"low", "mode", "high", "min", "max"}},
    {"logitnormal", DRAW_LOGITNORMAL, {"median", "sd", "low", "high", "min", "max"}},
    {"beta", DRAW_BETA, {"alpha", "beta", "mean", "sd", "cv", "low", "high", "min", "max"}},
    {"categorical", DRAW_CATEGORICAL, {"values", "weights"}},
    {"list", DRAW_LIST, {"values"}},
};

enum {
    SHAPE_COUNT = sizeof shapes / sizeof shapes[0],
    MOST_SHAPE_KEYS = sizeof shapes[0].keys / sizeof shapes[0].keys[0]
};

static const double least_share = 1e-4; // that a truncation must leave

/* --- which distribution --------------------------------------------------------------------------
 */

static bool shape_takes(const Shape *shape, const char *key)
{
    for (int i = 0; i < MOST_SHAPE_KEYS && shape->keys[i]; i++) {
        if (strcmp(shape->keys[i], key) == 0) {
            return true;
        }
    }
    return false;
}

/* Is it a key of some distribution, rather than one such as `level`? */
static bool is_shape_key(const char *key)
{
    for (int i = 0; i < SHAPE_COUNT; i++) {
        if (shape_takes(&shapes[i], key)) {
            return true;
        }
    }
    return false;
}

/* The first distribution that takes all keys of the group, or NULL. */
static const Shape *shape_of_keys(const Entry *group)
{
    for (int i = 0; i < SHAPE_COUNT; i++) {
        bool fits = true;
        for (int k = 0; k < group->count; k++) {
            const char *key = group->items[k]->name;
            fits = fits && (!is_shape_key(key) || shape_takes(&shapes[i], key));
        }
        if (fits) {
            return &shapes[i];
        }
    }
    return NULL;
}

static const Shape *named_shape(Draft *draft, const Entry *entry)
{
    const char *names[SHAPE_COUNT];
    for (int i = 0; i < SHAPE_COUNT; i++) {
        names[i] = shapes[i].name;
        if (strcmp(entry->text, names[i]) == 0) {
            return &shapes[i];
        }
    }
    diag_report(draft->reader->diag, FAULT_P054, entry->value, "there is no distribution '%s'",
                entry->text);
    const char *near = names_near_list(names, SHAPE_COUNT, entry->text);
    if (near) {
        diag_hint(draft->reader->diag, "did you mean \"%s\"?", near);
    } else {
        diag_hint(draft->reader->diag, "known are lognormal, normal, uniform, loguniform, "
                                       "logitnormal, beta, triangular, categorical and list");
    }
    return NULL;
}

static void report_key(Draft *draft, const Entry *entry, bool named)
{
    const Shape *shape = draft->shape;
    diag_report(draft->reader->diag, FAULT_P055, entry->key, "a %s distribution has no '%s'",
                shape->name, entry->name);
    const Shape *meant = shape_of_keys(draft->group);
    if (meant && !named) {
        diag_hint(draft->reader->diag, "write distribution = \"%s\"%s", meant->name,
                  meant->distribution == DRAW_UNIFORM ? " or \"loguniform\"" : "");
        return;
    }
    Text list = text_new(draft->reader->arena);
    for (int i = 0; i < MOST_SHAPE_KEYS && shape->keys[i]; i++) {
        text_format(&list, "%s%s", i ? ", " : "", shape->keys[i]);
    }
    diag_hint(draft->reader->diag, "it has %s", list.data);
}

/* The distribution, by its name or by what is given; false: reported. */
static bool find_shape(Draft *draft)
{
    Entry *group = draft->group;
    const Entry *name = member(group, "distribution");
    if (name) {
        draft->shape = named_shape(draft, name);
    } else if (!entry_find(group, "distribution")) {
        bool list = entry_find(group, "values") != NULL;
        bool weights = entry_find(group, "weights") != NULL;
        draft->shape = &shapes[list && weights ? SHAPE_COUNT - 2 : list ? SHAPE_COUNT - 1 : 0];
    }
    if (!draft->shape) {
        return false;
    }
    for (int i = 0; i < group->count; i++) {
        Entry *item = group->items[i];
        if (is_shape_key(item->name) && !shape_takes(draft->shape, item->name)) {
            report_key(draft, item, name != NULL);
            return false;
        }
    }
    return true;
}

/* --- the values of the arms ----------------------------------------------------------------------
 */

static double arm_value(const Arm *arm, NameRef ref)
{
    return ref.kind == NAME_COVARIATE ? arm->covariates[ref.index] : arm->parameters[ref.index];
}

static const Origin *arm_origin(const Arm *arm, NameRef ref)
{
    return ref.kind == NAME_COVARIATE ? &arm->covariate_origin[ref.index]
                                      : &arm->parameter_origin[ref.index];
}

bool common_value(Draft *draft, Span where, const char *words, double *value)
{
    const Study *study = draft->reader->study;
    if (study->arm_count == 0 || draft->reader->arms_wrong) {
        draft->bad = true; // the values of the arms may be wrong themselves
        return false;
    }
    *value = arm_value(&study->arms[0], draft->vary->ref);
    for (int i = 1; i < study->arm_count; i++) {
        if (arm_value(&study->arms[i], draft->vary->ref) != *value) {
            diag_report(draft->reader->diag, FAULT_P058, where,
                        "%s needs one value of '%s', but arms '%s' and '%s' have two", words,
                        draft->label->name, study->arms[0].name, study->arms[i].name);
            draft->bad = true;
            return false;
        }
    }
    return true;
}

bool refuse_own_values(Reader *reader, NameRef ref, Span where, const char *words)
{
    const Study *study = reader->study;
    for (int i = 0; i < study->arm_count; i++) {
        const Arm *arm = &study->arms[i];
        const Origin *origin = arm_origin(arm, ref);
        if (origin->kind == ORIGIN_ARM || origin->kind == ORIGIN_SET) {
            const char *name = model_label(reader->model, ref)->name;
            diag_report(reader->diag, FAULT_P058, where,
                        "%s, so the value of '%s' in arm '%s' would have no effect", words, name,
                        arm->name);
            diag_note(reader->diag, origin->span, "the value is here");
            return true;
        }
    }
    return false;
}

static void check_share(Draft *draft, double location, const char *arm)
{
    double share = cohort_share(draft->vary, location);
    if (share >= least_share) {
        return;
    }
    char digits[NUMBER_TEXT_SIZE];
    number_short(fmax(share, 0) * 100, 2, digits);
    const Entry *limit = entry_find(draft->group, "min");
    limit = limit ? limit : entry_find(draft->group, "max");
    diag_report(draft->reader->diag, FAULT_P057, limit->value,
                "only %s%% of the values of '%s'%s%s%s would lie within 'min' and 'max'", digits,
                draft->label->name, arm ? " in arm '" : "", arm ? arm : "", arm ? "'" : "");
    draft->bad = true;
}

/* Is the arm's own value a possible median or mean? */
static void check_location(Draft *draft, const Arm *arm)
{
    const Vary *vary = draft->vary;
    double value = arm_value(arm, vary->ref);
    bool logarithm = vary->distribution == DRAW_LOGNORMAL && !(value > 0);
    bool logit =
        vary->distribution == DRAW_LOGITNORMAL && !(value > vary->low && value < vary->high);
    if (logarithm || logit) {
        char digits[NUMBER_TEXT_SIZE];
        number_short(value, 6, digits);
        diag_report(draft->reader->diag, FAULT_P058, draft->group->key,
                    "the value of '%s' in arm '%s', %s, cannot be the median: it %s",
                    draft->label->name, arm->name, digits,
                    logarithm ? "is not positive" : "is not between low and high");
        diag_note(draft->reader->diag, arm_origin(arm, vary->ref)->span, "the value is here");
        draft->bad = true;
        return;
    }
    check_share(draft, value, arm->name);
}

static void check_arms(Draft *draft)
{
    const Study *study = draft->reader->study;
    Vary *vary = draft->vary;
    if (draft->reader->arms_wrong) {
        return;
    }
    if (vary->relative) {
        check_share(draft, vary->a, NULL);
        return;
    }
    if (!vary->own_location) {
        bool median = vary->distribution == DRAW_LOGNORMAL ||
                      vary->distribution == DRAW_LOGITNORMAL || vary->distribution == DRAW_NORMAL;
        if (refuse_own_values(draft->reader, vary->ref, draft->group->key,
                              median ? "the median or mean is written here"
                                     : "the distribution is written here")) {
            if (median) {
                diag_hint(draft->reader->diag, "without median or mean, the value of each arm is "
                                               "the median");
            }
            return;
        }
        check_share(draft, vary->a, NULL);
        return;
    }
    for (int i = 0; i < study->arm_count && !draft->bad; i++) {
        check_location(draft, &study->arms[i]);
    }
}

/* --- one quantity --------------------------------------------------------------------------------
 */

int find_level(const Population *population, const char *name)
{
    for (int i = 0; i < population->level_count; i++) {
        if (strcmp(population->levels[i].name, name) == 0) {
            return i + 1;
        }
    }
    return strcmp(name, "patient") == 0 ? LEVEL_PATIENT : -1;
}

static void read_level(Draft *draft, const Population *population)
{
    const Entry *entry = member(draft->group, "level");
    draft->bad = draft->bad || (!entry && entry_find(draft->group, "level"));
    draft->vary->level = entry ? find_level(population, entry->text) : LEVEL_PATIENT;
    if (draft->vary->level >= 0) {
        return;
    }
    const char *names[MOST_LEVELS + 1] = {"patient"};
    for (int i = 0; i < population->level_count; i++) {
        names[i + 1] = population->levels[i].name;
    }
    const char *near = names_near_list(names, population->level_count + 1, entry->text);
    diag_report(draft->reader->diag, FAULT_P059, entry->value, "there is no level '%s'",
                entry->text);
    if (near) {
        diag_hint(draft->reader->diag, "did you mean \"%s\"?", near);
    } else {
        diag_hint(draft->reader->diag, "write levels = ( { name = \"%s\"; count = 10; } );",
                  entry->text);
    }
    draft->bad = true;
}

static void read_group_unit(Draft *draft)
{
    Entry *entry = member(draft->group, "unit");
    if (!entry) {
        draft->bad = draft->bad || entry_find(draft->group, "unit");
        return;
    }
    double one = 1;
    draft->has_unit = true;
    draft->unit_span = entry->value;
    draft->bad = draft->bad ||
                 !read_unit(draft->reader, entry, 0, strlen(entry->text), &draft->unit) ||
                 !convert_unit(draft->reader, entry->value, draft->unit, &draft->want, &one);
}

/* Where the quantities go. */
typedef struct {
    Reader *reader;
    Population *population;
} Target;

static void read_one(void *context, Entry *entry, NameRef ref)
{
    const Target *target = context;
    Reader *reader = target->reader;
    Population *population = target->population;
    const Label *label = model_label(reader->model, ref);
    Vary *vary = &population->vary[population->vary_count];
    *vary = (Vary){.ref = ref, .span = entry->key};
    population->vary_count++; // also if it is wrong, so that correlations find it
    if (entry->kind != ENTRY_GROUP) {
        diag_report(reader->diag, FAULT_P013, entry->value, "how '%s' varies is a group, not %s",
                    label->name, entry_kind_words(entry->kind));
        diag_hint(reader->diag, "such as { cv = 0.3; }");
        return;
    }
    Draft draft = {.reader = reader,
                   .group = entry,
                   .label = label,
                   .want = {label->unit, label->name, label->span, NULL},
                   .vary = vary};
    keys_check(reader->arena, reader->diag, entry, "population.vary.*");
    const Entry *relative = member(entry, "relative");
    vary->relative = relative && relative->flag;
    if (vary->relative) {
        const char *factor = arena_format(reader->arena, "factor of %s", label->name);
        draft.want = (Want){unit_one(), factor, {NULL, 0, 0}, NULL};
    }
    for (int i = 0; i < entry->count; i++) {
        draft.bad = draft.bad || entry->items[i]->is_wrong;
    }
    read_level(&draft, population);
    read_group_unit(&draft);
    if (draft.bad || !find_shape(&draft)) {
        return;
    }
    vary->distribution = draft.shape->distribution;
    const Entry *source = member(entry, "source");
    vary->source = source ? source->text : NULL;
    read_shape(&draft);
    if (!draft.bad) {
        check_arms(&draft);
    }
}

void read_vary(Reader *reader, Entry *group, Population *population)
{
    assert(group && group->kind == ENTRY_GROUP);
    size_t most = (size_t)reader->model->parameter_count + (size_t)reader->model->covariate_count;
    population->vary = arena_array(reader->arena, most + 1, sizeof *population->vary);
    Target target = {reader, population};
    const Named named = {.kinds = 1u << NAME_PARAMETER | 1u << NAME_COVARIATE,
                         .words = "parameter or covariate",
                         .read = read_one,
                         .context = &target};
    read_named(reader, group, &named);
}
