/* read_population.c: population: size, seed, levels, conditions and quantiles; how quantities vary
 * is read by read_vary.c and read_correlation.c, a table of subjects by read_patients.c.
 *
 * Read after the arms, because the value of an arm may be the median of a distribution.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/reader.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

static const double largest_size = 1e9;
static const double largest_attempts = 1e6;

/* A whole number within limits; `otherwise` if it is not given or wrong. */
static int read_whole(Reader *reader, const Entry *group, const char *key, double most,
                      int otherwise)
{
    const Entry *entry = member(group, key);
    if (!entry) {
        return otherwise;
    }
    if (!(entry->number >= 1 && entry->number <= most)) {
        char digits[NUMBER_TEXT_SIZE];
        number_text(most, digits);
        diag_report(reader->diag, FAULT_P062, entry->value, "'%s' lies between 1 and %s", key,
                    digits);
        return otherwise;
    }
    return (int)entry->number;
}

/* Digits, or 0x and hexadecimal digits, up to 64 bits; an L of libconfig may follow. */
static bool whole_of_text(const char *text, uint64_t *value)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hex ? "0123456789abcdefABCDEF" : "0123456789";
    uint64_t base = hex ? 16 : 10;
    text += hex ? 2 : 0;
    size_t length = strspn(text, digits);
    *value = 0;
    for (size_t i = 0; i < length; i++) {
        uint64_t place = (uint64_t)(strchr(digits, text[i]) - digits);
        uint64_t digit = place > 15 ? place - 6 : place;
        if (*value > (UINT64_MAX - digit) / base) {
            return false;
        }
        *value = *value * base + digit;
    }
    return length > 0 && text[length + strspn(text + length, "L")] == '\0';
}

static uint64_t read_seed(Reader *reader, const Entry *group)
{
    const Entry *entry = member(group, "seed");
    uint64_t seed = 1;
    if (!entry) {
        return seed;
    }
    const char *text =
        entry->kind == ENTRY_TEXT ? entry->text : span_text(reader->arena, entry->value);
    bool real =
        entry->kind == ENTRY_REAL && entry->number >= 0 && entry->number < 9007199254740992.0;
    if (real) {
        return (uint64_t)entry->number;
    }
    if (!whole_of_text(text, &seed)) {
        diag_report(reader->diag, FAULT_P062, entry->value,
                    "'seed' is a whole number from 0 to 18446744073709551615");
    }
    return seed;
}

/* --- levels --------------------------------------------------------------------------------------
 */

static void add_level(Reader *reader, Population *population, const char *name, Span where,
                      const Entry *count)
{
    if (name[0] == '\0' || find_level(population, name) >= 0) {
        diag_report(reader->diag, FAULT_P059, where,
                    name[0] == '\0'                ? "the name of a level is empty"
                    : strcmp(name, "patient") == 0 ? "the level 'patient' is always there"
                                                   : "this level is given twice");
        return;
    }
    if (population->level_count == MOST_LEVELS) {
        diag_report(reader->diag, FAULT_P059, where, "there may be %d levels above the patient",
                    MOST_LEVELS);
        return;
    }
    Level *level = &population->levels[population->level_count++];
    level->name = name;
    level->count = 1;
    if (!(count->number >= 1 && count->number <= largest_size) ||
        count->number != trunc(count->number)) {
        diag_report(reader->diag, FAULT_P059, count->value,
                    "the count of a level is a whole number of 1 or more");
        return;
    }
    level->count = (int)count->number;
    if (population->level_count > 1 && level->count < level[-1].count) {
        diag_report(reader->diag, FAULT_P059, count->value,
                    "level '%s' has %d members, fewer than '%s' around it, %d", name, level->count,
                    level[-1].name, level[-1].count);
        diag_hint(reader->diag, "the outermost level comes first");
    }
}

/* Levels are columns of subjects.csv beside those of the quantities that vary. */
static void check_level_names(Reader *reader, const Entry *levels, const Population *population)
{
    static const char *const columns[] = {"arm", "id", "draws", "weight"};
    for (int i = 0; i < population->level_count; i++) {
        const char *name = population->levels[i].name;
        bool taken = false;
        for (size_t k = 0; k < sizeof columns / sizeof columns[0]; k++) {
            taken = taken || strcmp(name, columns[k]) == 0;
        }
        for (int k = 0; k < population->vary_count; k++) {
            NameRef ref = population->vary[k].ref;
            taken = taken || strcmp(name, model_label(reader->model, ref)->name) == 0;
        }
        if (taken) {
            diag_report(reader->diag, FAULT_P059, levels->key,
                        "the name '%s' of a level is that of another column of subjects.csv", name);
        }
    }
}

/* ( { name = "donor"; count = 10; }, ... ), or { donor = 10; lot = { count = 30; }; } */
static void read_levels(Reader *reader, const Entry *levels, Population *population)
{
    bool list = levels->kind == ENTRY_LIST;
    for (int i = 0; i < levels->count; i++) {
        const Entry *item = levels->items[i];
        const Entry *name = list ? member(item, "name") : NULL;
        const Entry *count = item->kind == ENTRY_GROUP ? member(item, "count") : item;
        if (item->is_wrong || (count && !entry_is_number(count))) {
            if (!item->is_wrong) {
                diag_report(reader->diag, FAULT_P013, count->value,
                            "the count of a level is a whole number, not %s",
                            entry_kind_words(count->kind));
            }
            continue;
        }
        if ((list && !name) || !count) {
            const char *lacks = list && !name ? "name" : "count";
            Span open = {item->value.source, item->value.start, 1};
            if (!entry_find(item, lacks)) {
                diag_report(reader->diag, FAULT_P014, open, "this level has no '%s'", lacks);
            }
            continue;
        }
        add_level(reader, population, list ? name->text : item->name,
                  list ? name->value : item->key, count);
    }
}

/* --- conditions and quantiles --------------------------------------------------------------------
 */

static void read_conditions(Reader *reader, const Entry *list, Population *population)
{
    size_t count = (size_t)list->count + 1;
    population->accept = arena_array(reader->arena, count, sizeof *population->accept);
    population->accept_text = arena_array(reader->arena, count, sizeof *population->accept_text);
    for (int i = 0; i < list->count; i++) {
        const Entry *item = list->items[i];
        size_t length = strlen(item->text);
        Span where = entry_text_span(item, 0, length);
        if (where.length != length) { // escapes or joined pieces
            const Source *text = source_from_text(reader->arena, "accept", item->text, length);
            where = (Span){text, 0, text->length};
        }
        population->accept[i] = model_condition(reader->model, where, reader->diag);
        population->accept_text[i] = item->text;
    }
    population->accept_count = list->count;
}

static void read_quantiles(Reader *reader, const Entry *list)
{
    static const double usual[] = {0.05, 0.25, 0.5, 0.75, 0.95};
    Study *study = reader->study;
    size_t count = list ? (size_t)list->count : sizeof usual / sizeof usual[0];
    study->quantiles = arena_array(reader->arena, count + 1, sizeof *study->quantiles);
    for (size_t i = 0; i < count; i++) {
        double value = list ? list->items[i]->number : usual[i];
        int at = study->quantile_count;
        if (!(value >= 0 && value <= 1)) {
            diag_report(reader->diag, FAULT_P062, list->items[i]->value,
                        "a quantile lies between 0 and 1");
            if (value > 1 && value <= 100) {
                diag_hint(reader->diag, "the median is 0.5");
            }
            continue;
        }
        while (at > 0 && study->quantiles[at - 1] > value) {
            at--;
        }
        if (at > 0 && study->quantiles[at - 1] == value) {
            diag_report(reader->diag, FAULT_P062, list->items[i]->value,
                        "this quantile is given twice");
            continue;
        }
        for (int k = study->quantile_count++; k > at; k--) {
            study->quantiles[k] = study->quantiles[k - 1];
        }
        study->quantiles[at] = value;
    }
}

/* --- the whole -----------------------------------------------------------------------------------
 */

/* Keys that have no meaning beside, or without, a table of subjects. */
static void refuse_keys(Reader *reader, const Entry *group, bool table)
{
    static const char *const drawn[] = {"vary",     "correlate", "levels", "accept",
                                        "attempts", "seed",      NULL};
    static const char *const tabled[] = {"weight", "ignore", NULL};
    const char *const *keys = table ? drawn : tabled;
    for (; *keys; keys++) {
        const Entry *entry = entry_find(group, *keys);
        if (entry) {
            diag_report(reader->diag, FAULT_P063, entry->key,
                        table ? "'%s' is for subjects that are drawn, but these are given in a file"
                              : "'%s' is about a file of subjects, but there is no 'file'",
                        *keys);
        }
    }
}

static void read_drawn(Reader *reader, const Entry *group, Population *population)
{
    Entry *levels = member(group, "levels");
    Entry *vary = member(group, "vary");
    Entry *correlate = member(group, "correlate");
    Entry *accept = member(group, "accept");
    if (levels) {
        read_levels(reader, levels, population);
    }
    if (vary) {
        read_vary(reader, vary, population);
    }
    if (!entry_find(group, "vary") || (vary && vary->count == 0)) {
        diag_report(reader->diag, FAULT_P063, vary ? vary->key : group->key,
                    "the subjects of this population do not differ");
        diag_hint(reader->diag, "write vary = { NAME = { cv = 0.3; }; }; or file = \"TABLE.csv\";");
    }
    if (levels) {
        check_level_names(reader, levels, population);
    }
    if (correlate && population->vary_count > 0) {
        read_correlation(reader, correlate, population);
    }
    if (accept) {
        read_conditions(reader, accept, population);
    }
    population->attempts =
        read_whole(reader, group, "attempts", largest_attempts, population->attempts);
    if (!entry_find(group, "size")) {
        diag_report(reader->diag, FAULT_P014, group->key, "the population has no 'size'");
    }
}

void read_population(Reader *reader)
{
    Entry *group = member(reader->config->root, "population");
    if (!group) {
        return;
    }
    Population *population = arena_alloc(reader->arena, sizeof *population);
    reader->arms_wrong = diag_errors(reader->diag) > 0;
    population->attempts = 1000;
    population->weight_column = -1;
    population->id_column = -1;
    population->size = read_whole(reader, group, "size", largest_size, 1);
    population->seed = read_seed(reader, group);
    bool table = entry_find(group, "file") != NULL;
    refuse_keys(reader, group, table);
    if (table) {
        read_patients(reader, group, population);
    } else {
        read_drawn(reader, group, population);
    }
    Entry *quantiles = member(group, "quantiles");
    if (quantiles || !entry_find(group, "quantiles")) {
        read_quantiles(reader, quantiles);
    }
    reader->study->population = population;
}
