/* read_dose.c: doses as the study prescribes them, for one arm.
 *
 * An amount is a number in the unit of its target, or text with a unit. A unit per body weight or
 * surface (cell/kgBW, mg/kg, mg/m2) is recognised by what it lacks: amount = number x covariate,
 * where the covariate is the model's body weight or surface and its value is that of the arm. The
 * times of repeated doses are first + k x every (schedule.h).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/reader.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { MOST_REPEATS = 1000000 };

/* One dose while it is read. */
typedef struct {
    Reader *reader;
    const Arm *arm;
    Entry *entry;
    Dose dose;
    Want target;         // the unit of the amount
    const char *through; // route or state, for words
    const char *over;    // "over 30 min", "with 5 mg/h" or ""
    double *times;       // (time_count)
    Entry **time_entries;
    int time_count;
} DoseText;

static Span opening(const Entry *entry)
{
    return (Span){entry->value.source, entry->value.start, 1};
}

/* --- target --------------------------------------------------------------------------------------
 */

/* "'iv', 'ia'" */
static const char *list_routes(const Reader *reader)
{
    Text text = text_new(reader->arena);
    for (int i = 0; i < reader->model->route_count; i++) {
        text_format(&text, "%s'%s'", i ? ", " : "", reader->model->routes[i].label.name);
    }
    return text.data;
}

static void report_no_route(Reader *reader, const Entry *entry, NameKind kind)
{
    const char *near = model_near(reader->model, 1u << kind, entry->text);
    diag_report(reader->diag, FAULT_P033, entry->value, "the model '%s' has no %s '%s'",
                reader->model->name, kind == NAME_ROUTE ? "route" : "state", entry->text);
    if (near) {
        diag_hint(reader->diag, "did you mean '%s'?", near);
    } else if (kind == NAME_ROUTE && reader->model->route_count == 0) {
        diag_hint(reader->diag, "it declares no routes: write into = \"a state\"");
    } else if (kind == NAME_ROUTE) {
        diag_hint(reader->diag, "it declares %s", list_routes(reader));
    }
}

static bool read_target(DoseText *text)
{
    Reader *reader = text->reader;
    Entry *route = member(text->entry, "route");
    Entry *into = member(text->entry, "into");
    if (entry_find(text->entry, "route") && entry_find(text->entry, "into")) {
        diag_report(reader->diag, FAULT_P032, entry_find(text->entry, "into")->key,
                    "a dose has a 'route' or goes 'into' a state, not both");
        return false;
    }
    Entry *chosen = route ? route : into;
    if (!chosen) {
        if (!entry_find(text->entry, "route") && !entry_find(text->entry, "into")) {
            diag_report(reader->diag, FAULT_P032, opening(text->entry),
                        "this dose has neither 'route' nor 'into'");
            if (reader->model->route_count > 0) {
                diag_hint(reader->diag, "such as route = \"%s\"",
                          reader->model->routes[0].label.name);
            }
        }
        return false;
    }
    NameKind kind = route ? NAME_ROUTE : NAME_STATE;
    NameRef ref = model_find(reader->model, chosen->text);
    if (ref.kind != kind) {
        report_no_route(reader, chosen, kind);
        return false;
    }
    const Label *label = model_label(reader->model, ref);
    text->dose.route = route ? ref.index : -1;
    text->dose.state = route ? -1 : ref.index;
    text->target = (Want){label->unit, "amount", label->span, label->name};
    text->through = label->name;
    return true;
}

/* --- amounts -------------------------------------------------------------------------------------
 */

/* What an amount may be given per. */
typedef struct {
    const char *units[2]; // "kgBW", "kg": the covariate may be in either
    const char *names[6]; // covariates that mean it
    const char *words;
    const char *declare; // how a model declares it
} Per;

static const Per pers[] = {
    {{"kgBW", "kg"}, {"WT", "BW", "WEIGHT", "weight", "wt", "bw"}, "body weight", "WT [kg]"},
    {{"m2BSA", "m2"}, {"BSA", "bsa"}, "body surface", "BSA [m2]"},
};

static Unit unit_called(Reader *reader, const char *name)
{
    Unit unit = unit_none();
    size_t bad;
    size_t bad_length;
    const char *near;
    bool known = unit_read(reader->arena, name, strlen(name), &unit, &bad, &bad_length, &near);
    assert(known);
    (void)known;
    return unit;
}

/* Index of the covariate that holds body weight (or surface) in kgBW or kg, or -1. */
static int find_per(Reader *reader, const Per *per)
{
    const Model *model = reader->model;
    for (size_t k = 0; k < sizeof per->names / sizeof per->names[0] && per->names[k]; k++) {
        NameRef ref = model_find(model, per->names[k]);
        if (ref.kind == NAME_COVARIATE) {
            return ref.index;
        }
    }
    Unit own = unit_called(reader, per->units[0]);
    for (int i = 0; i < model->covariate_count; i++) {
        if (unit_same_dimension(model->covariates[i].label.unit, own)) {
            return i;
        }
    }
    return -1;
}

/* The covariate's value in kg (or m2); false: reported. */
static bool value_per(DoseText *text, const Per *per, Span where, double *value)
{
    Reader *reader = text->reader;
    int index = find_per(reader, per);
    if (index < 0) {
        diag_report(reader->diag, FAULT_P034, where,
                    "this is per %s, but the model has no covariate for it", per->words);
        diag_hint(reader->diag, "declare in the model: covariate %s", per->declare);
        return false;
    }
    const Label *label = &reader->model->covariates[index].label;
    *value = text->arm->covariates[index];
    if (label->unit.known) {
        double factor = 0;
        for (int i = 0; i < 2; i++) {
            Unit unit = unit_called(reader, per->units[i]);
            factor =
                unit_same_dimension(label->unit, unit) ? unit_factor(label->unit, unit) : factor;
        }
        if (factor == 0) {
            diag_report(reader->diag, FAULT_P034, where, "'%s' is in %s, which is not a %s",
                        label->name, label->unit.text, per->words);
            diag_note(reader->diag, label->span, "'%s' is declared here", label->name);
            return false;
        }
        *value *= factor;
    }
    if (!(*value > 0)) {
        diag_report(reader->diag, FAULT_P034, where, "'%s' is not positive in arm '%s'",
                    label->name, text->arm->name);
        return false;
    }
    return true;
}

/* An amount (or rate) in the unit wanted, per body weight or surface if it says so: then *by is 1 +
 * the index of that covariate. */
static bool read_dose_amount(DoseText *text, Entry *entry, const Want *want, double *value, int *by)
{
    Reader *reader = text->reader;
    Amount amount;
    if (!read_amount(reader, entry, want, &amount)) {
        return false;
    }
    *value = amount.number;
    if (!amount.has_unit) {
        return true;
    }
    for (size_t i = 0; i < 4 && want->unit.known && !unit_same_dimension(amount.unit, want->unit);
         i++) {
        const Per *per = &pers[i / 2];
        Unit each = unit_called(reader, per->units[i % 2]);
        Unit whole = unit_multiply(reader->arena, amount.unit, each);
        if (unit_same_dimension(whole, want->unit)) {
            double body;
            if (!value_per(text, per, amount.unit_span, &body)) {
                return false;
            }
            *value *= body * unit_factor(whole, want->unit);
            *by = 1 + find_per(reader, per);
            return true;
        }
    }
    return convert_unit(reader, amount.unit_span, amount.unit, want, value);
}

/* Complains unless the number is large enough. */
static bool check_positive(DoseText *text, const Entry *entry, double value, bool zero_allowed)
{
    if (value > 0 || (zero_allowed && value == 0)) {
        return true;
    }
    const char *name = entry->name ? entry->name : "the time";
    if (value < 0) {
        diag_report(text->reader->diag, FAULT_P035, entry->value, "'%s' is negative", name);
    } else {
        diag_report(text->reader->diag, FAULT_P035, entry->value, "'%s' is zero", name);
        if (strcmp(name, "duration") == 0 || strcmp(name, "rate") == 0) {
            diag_hint(text->reader->diag, "without '%s' the dose is a bolus", name);
        }
    }
    return false;
}

static bool is_model_word(const Entry *entry)
{
    return entry->kind == ENTRY_TEXT && strcmp(entry->text, "model") == 0;
}

/* rate = "model" or duration = "model": only if the route declares it. */
static bool read_model_word(DoseText *text, Entry *entry, bool rate)
{
    const Model *model = text->reader->model;
    const Route *route = text->dose.route >= 0 ? &model->routes[text->dose.route] : NULL;
    Expr declared = !route ? (Expr)EXPR_NONE : rate ? route->rate : route->duration;
    if (declared == EXPR_NONE) {
        diag_report(text->reader->diag, FAULT_P038, entry->value, "%s '%s' declares no %s",
                    route ? "the route" : "the state", text->through, entry->name);
        if (route) {
            diag_note(text->reader->diag, route->label.span, "'%s' is declared here",
                      text->through);
        }
        return false;
    }
    text->dose.kind = rate ? DOSE_MODEL_RATE : DOSE_MODEL_DURATION;
    text->over = rate ? " at the rate of the model" : " over the duration of the model";
    return true;
}

static const char *as_written(DoseText *text, const Entry *entry, double value, Unit unit)
{
    return entry->kind == ENTRY_TEXT ? entry->text : quantity_words(text->reader, value, unit);
}

static bool read_infusion(DoseText *text)
{
    Reader *reader = text->reader;
    Entry *rate = member(text->entry, "rate");
    Entry *duration = member(text->entry, "duration");
    if (entry_find(text->entry, "rate") && entry_find(text->entry, "duration")) {
        diag_report(reader->diag, FAULT_P037, entry_find(text->entry, "rate")->key,
                    "an infusion has a 'duration' or a 'rate', not both");
        return false;
    }
    Entry *entry = rate ? rate : duration;
    if (!entry) {
        text->dose.kind = DOSE_BOLUS;
        return !entry_find(text->entry, "rate") && !entry_find(text->entry, "duration");
    }
    if (is_model_word(entry)) {
        return read_model_word(text, entry, rate != NULL);
    }
    Unit unit = reader->model->time_unit;
    if (duration) {
        text->dose.kind = DOSE_INFUSION_DURATION;
        if (!read_when(reader, entry, "duration", &text->dose.duration) ||
            !check_positive(text, entry, text->dose.duration, false)) {
            return false;
        }
        text->over = arena_format(reader->arena, " over %s",
                                  as_written(text, entry, text->dose.duration, unit));
        return true;
    }
    Want want = {unit_none(), "rate", text->target.declared, text->through};
    if (text->target.unit.known && unit.known) {
        want.unit = unit_divide(reader->arena, text->target.unit, unit);
    }
    text->dose.kind = DOSE_INFUSION_RATE;
    if (!read_dose_amount(text, entry, &want, &text->dose.rate, &text->dose.rate_by) ||
        !check_positive(text, entry, text->dose.rate, false)) {
        return false;
    }
    text->over = arena_format(reader->arena, " at a rate of %s",
                              quantity_words(reader, text->dose.rate, want.unit));
    return true;
}

/* --- times ---------------------------------------------------------------------------------------
 */

/* Times that differ by rounding only are the same. */
static bool is_later(double a, double b)
{
    return a - b > 1e-12 * fmax(fabs(a), fabs(b));
}

static bool check_inside(DoseText *text, const Entry *entry, double time)
{
    Reader *reader = text->reader;
    const Study *study = reader->study;
    if (isnan(study->start) || isnan(study->end)) {
        return true; // the times of the study are wrong themselves
    }
    bool late = is_later(time, study->end);
    if (!late && !is_later(study->start, time)) {
        return true;
    }
    diag_report(reader->diag, FAULT_P036, entry->value, "this dose is %s of the study, at %s",
                late ? "after the end" : "before the start",
                quantity_words(reader, late ? study->end : study->start, reader->model->time_unit));
    return false;
}

static bool read_times(DoseText *text, Entry *at)
{
    Reader *reader = text->reader;
    bool one = at->kind == ENTRY_TEXT || entry_is_number(at);
    text->time_count = one ? 1 : at->count;
    text->times = arena_array(reader->arena, (size_t)text->time_count + 1, sizeof *text->times);
    text->time_entries =
        arena_array(reader->arena, (size_t)text->time_count + 1, sizeof *text->time_entries);
    bool ok = true;
    for (int i = 0; i < text->time_count; i++) {
        Entry *entry = one ? at : at->items[i];
        text->time_entries[i] = entry;
        ok = read_when(reader, entry, at->name, &text->times[i]) &&
             check_inside(text, entry, text->times[i]) && ok;
    }
    if (text->time_count == 0) {
        diag_report(reader->diag, FAULT_P037, at->value, "this list of times is empty");
        return false;
    }
    return ok;
}

/* every and count. `repeated`: the dose has `first`. */
static bool read_repeats(DoseText *text, bool repeated)
{
    Reader *reader = text->reader;
    Entry *every = member(text->entry, "every");
    Entry *count = member(text->entry, "count");
    text->dose.count = 1;
    if (every && (!read_when(reader, every, "every", &text->dose.interval) ||
                  !check_positive(text, every, text->dose.interval, false))) {
        return false;
    }
    if (count) {
        if (!(count->number >= 1 && count->number <= MOST_REPEATS)) {
            diag_report(reader->diag, FAULT_P035, count->value, "'count' is %s",
                        count->number < 1 ? "less than 1" : "more than 1000000");
            return false;
        }
        text->dose.count = (int)count->number;
    }
    const char *missing = !every && (repeated || text->dose.steady)  ? "every"
                          : !count && repeated && !text->dose.steady ? "count"
                                                                     : NULL;
    if (missing && !entry_find(text->entry, missing)) {
        Entry *why = member(text->entry, repeated ? "first" : "steady");
        diag_report(reader->diag, FAULT_P037, why->key, "'%s' needs '%s'", why->name, missing);
        diag_hint(reader->diag, "such as %s",
                  strcmp(missing, "count") == 0 ? "count = 5" : "every = \"1 day\"");
    }
    return !missing;
}

static void warn_late(DoseText *text)
{
    Reader *reader = text->reader;
    const Dose *dose = &text->dose;
    const Study *study = reader->study;
    Entry *count = member(text->entry, "count");
    if (!count || count->is_noted || isnan(study->end)) {
        return;
    }
    int late = 0;
    for (int k = dose->count; k-- > 1 && is_later(dose->time + k * dose->interval, study->end);) {
        late++;
    }
    if (late > 0) {
        count->is_noted = true;
        diag_report(reader->diag, FAULT_P049, count->value,
                    "%d of these %d doses come after the end of the study, at %s", late,
                    dose->count, quantity_words(reader, study->end, reader->model->time_unit));
    }
}

/* at, or first + every + count. */
static bool read_timing(DoseText *text)
{
    Reader *reader = text->reader;
    Entry *entry = text->entry;
    const Entry *steady = member(entry, "steady");
    text->dose.steady = steady && steady->flag;
    bool has_at = entry_find(entry, "at") != NULL;
    bool has_first = entry_find(entry, "first") != NULL;
    if (has_at && has_first) {
        diag_report(reader->diag, FAULT_P037, entry_find(entry, "first")->key,
                    "a dose has 'at' or 'first', not both");
        return false;
    }
    if (!has_at && !has_first) {
        diag_report(reader->diag, FAULT_P037, opening(entry), "this dose has no time");
        diag_hint(reader->diag, "write at = TIME, or first = TIME with every and count");
        return false;
    }
    Entry *stray =
        entry_find(entry, "every") ? entry_find(entry, "every") : entry_find(entry, "count");
    if (has_at && stray && !text->dose.steady) {
        diag_report(reader->diag, FAULT_P037, stray->key, "'%s' goes with 'first', not with 'at'",
                    stray->name);
        diag_hint(reader->diag, "write first = instead of at =");
        return false;
    }
    Entry *when = member(entry, has_at ? "at" : "first");
    return when && read_times(text, when) && read_repeats(text, has_first);
}

/* --- one dose ------------------------------------------------------------------------------------
 */

static const char *dose_words(DoseText *text, const Dose *dose, const Entry *when)
{
    Reader *reader = text->reader;
    const char *interval = "";
    if (dose->count > 1 || dose->steady) {
        interval = as_written(text, member(text->entry, "every"), dose->interval,
                              reader->model->time_unit);
    }
    const char *repeats = "";
    if (dose->count > 1) {
        repeats = arena_format(reader->arena, ", then every %s, %d doses", interval, dose->count);
    }
    const char *steady = "";
    if (dose->steady) {
        steady = arena_format(reader->arena, ", from the steady state of one every %s", interval);
    }
    return arena_format(reader->arena, "%s %s%s at %s%s%s", text->through,
                        quantity_words(reader, dose->amount, text->target.unit), text->over,
                        as_written(text, when, dose->time, reader->model->time_unit), repeats,
                        steady);
}

static bool read_dose(DoseText *text)
{
    Reader *reader = text->reader;
    Entry *amount = member(text->entry, "amount");
    bool ok = read_target(text);
    bool timed = read_timing(text);
    if (!amount && !entry_find(text->entry, "amount")) {
        diag_report(reader->diag, FAULT_P014, opening(text->entry), "this dose has no 'amount'");
    }
    if (!ok || !amount) {
        return false;
    }
    ok = read_dose_amount(text, amount, &text->target, &text->dose.amount, &text->dose.amount_by) &&
         check_positive(text, amount, text->dose.amount, true);
    return read_infusion(text) && ok && timed;
}

static int count_doses(const Entry *list)
{
    int count = 0;
    for (int i = 0; i < list->count; i++) {
        const Entry *at = member(list->items[i], "at");
        bool several = at && (at->kind == ENTRY_LIST || at->kind == ENTRY_ARRAY);
        count += several ? at->count : 1;
    }
    return count;
}

void read_doses(Reader *reader, Entry *list, Arm *arm)
{
    assert(list && arm);
    size_t most = (size_t)count_doses(list) + 1;
    arm->regimen.doses = arena_array(reader->arena, most, sizeof *arm->regimen.doses);
    arm->dose_text = arena_array(reader->arena, most, sizeof *arm->dose_text);
    for (int i = 0; i < list->count; i++) {
        Entry *entry = list->items[i];
        DoseText text = {.reader = reader, .arm = arm, .entry = entry, .over = ""};
        text.dose.span = entry->value;
        if (entry->is_wrong || !read_dose(&text)) {
            continue;
        }
        for (int k = 0; k < text.time_count; k++) {
            text.dose.time = text.times[k];
            warn_late(&text);
            int index = arm->regimen.count++;
            arm->regimen.doses[index] = text.dose;
            arm->dose_text[index] = dose_words(&text, &text.dose, text.time_entries[k]);
        }
    }
}
