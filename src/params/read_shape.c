/* read_shape.c: from the words of a distribution (median and cv, mean and sd ...) to its numbers.
 *
 * Lognormal with median m and standard deviation s of the logarithm: mean = m exp(s²/2), cv² =
 * exp(s²) - 1 (Johnson, Kotz, Balakrishnan 1994, chapter 14). Hence s² = ln(1 + cv²) whatever m is;
 * and with the standard deviation sd of the value, w = exp(s²) solves w (w - 1) = (sd/m)². Beta on
 * 0..1: mean = a/(a+b), variance = mean (1 - mean)/(a + b + 1).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/vary.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

double sdlog_of_cv(double cv)
{
    return sqrt(log1p(cv * cv));
}

double sdlog_of_median(double median, double sd)
{
    double ratio = 2 * sd / median;
    // w - 1, without the loss of digits that 1 + small - 1 would bring
    double root = sqrt(1 + ratio * ratio);
    return sqrt(log1p(ratio * ratio / (2 * (1 + root))));
}

/* --- numbers of the group ------------------------------------------------------------------------
 */

static void complain(Draft *draft, const Entry *entry, const char *words)
{
    diag_report(draft->reader->diag, FAULT_P056, entry->value, "%s", words);
    draft->bad = true;
}

static bool has(const Draft *draft, const char *key)
{
    return entry_find(draft->group, key) != NULL;
}

/* A number in the unit of the quantity. */
static bool read_element(Draft *draft, Entry *entry, double *value)
{
    Reader *reader = draft->reader;
    bool ok;
    if (draft->has_unit && entry_is_number(entry)) {
        *value = entry->number;
        ok = convert_unit(reader, draft->unit_span, draft->unit, &draft->want, value);
    } else {
        ok = read_quantity(reader, entry, &draft->want, value);
    }
    draft->bad = draft->bad || !ok;
    return ok;
}

/* The number of a key; false if it is not given, or wrong. */
static bool take(Draft *draft, const char *key, double *value)
{
    Entry *entry = member(draft->group, key);
    if (!entry) {
        draft->bad = draft->bad || has(draft, key);
        return false;
    }
    return read_element(draft, entry, value);
}

/* The same for a pure number. */
static bool take_pure(Draft *draft, const char *key, double *value)
{
    Entry *entry = member(draft->group, key);
    if (!entry) {
        draft->bad = draft->bad || has(draft, key);
        return false;
    }
    Want want = {unit_one(), key, {NULL, 0, 0}, NULL};
    bool ok = read_quantity(draft->reader, entry, &want, value);
    draft->bad = draft->bad || !ok;
    return ok;
}

static void report_missing(Draft *draft, const char *const *keys)
{
    diag_report(draft->reader->diag, FAULT_P055, draft->group->key,
                "the %s distribution of '%s' needs %s%s%s%s%s", draft->shape->name,
                draft->label->name, keys[0],
                keys[1] && keys[2] ? ", "
                : keys[1]          ? " or "
                                   : "",
                keys[1] ? keys[1] : "", keys[1] && keys[2] ? " or " : "",
                keys[1] && keys[2] ? keys[2] : "");
    draft->bad = true;
}

/* Which of the keys (up to three, ended by NULL) is given; -1 if none is. Two are a contradiction.
 */
static int one_of(Draft *draft, const char *const *keys, bool needed)
{
    int found = -1;
    for (int i = 0; keys[i]; i++) {
        const Entry *entry = entry_find(draft->group, keys[i]);
        if (entry && found >= 0) {
            diag_report(draft->reader->diag, FAULT_P055, entry->key,
                        "'%s' has '%s' already, so there is no place for '%s'", draft->label->name,
                        keys[found], keys[i]);
            draft->bad = true;
            return found;
        }
        found = entry ? i : found;
    }
    if (found < 0 && needed) {
        report_missing(draft, keys);
    }
    return found;
}

/* "cv = 30;" is hardly meant as 3000 %, and "cv = 1e200;" as nothing at all. */
static void warn_per_cent(const Draft *draft, double cv)
{
    static const double largest = 5.0;
    static const double largest_meant = 500.0; // where cv / 100 still is one
    if (cv < largest) {
        return;
    }
    char meant[NUMBER_TEXT_SIZE];
    char written[NUMBER_TEXT_SIZE];
    number_short(cv / 100.0, 6, meant);
    number_short(cv, 6, written);
    if (cv > largest_meant) {
        diag_report(draft->reader->diag, FAULT_P510, member(draft->group, "cv")->value,
                    "a standard deviation %s times as large as the mean", written);
        diag_hint(draft->reader->diag, "a fraction: 0.3 for 30 %%; where a spread over decades is "
                                       "meant, 'sdlog' of a lognormal says it");
        return;
    }
    number_short(100.0 * cv, 6, written);
    diag_report(draft->reader->diag, FAULT_P510, member(draft->group, "cv")->value,
                "a coefficient of variation of %s %%", written);
    number_short(cv, 6, written);
    diag_hint(draft->reader->diag, "it is a fraction: write %s for %s %%", meant, written);
}

/* A number that must not be negative. */
static bool take_spread(Draft *draft, const char *key, bool pure, double *value)
{
    if (!(pure ? take_pure(draft, key, value) : take(draft, key, value))) {
        return false;
    }
    if (*value < 0) {
        complain(draft, member(draft->group, key), "a spread is not negative");
        return false;
    }
    if (strcmp(key, "cv") == 0) {
        warn_per_cent(draft, *value);
    }
    return true;
}

/* The two ends, under either of two names; false: reported. */
static bool take_ends(Draft *draft, const char *const *lows, const char *const *highs, double *low,
                      double *high)
{
    int first = one_of(draft, lows, true);
    int last = one_of(draft, highs, true);
    if (first < 0 || last < 0 || !take(draft, lows[first], low) ||
        !take(draft, highs[last], high)) {
        return false;
    }
    if (!(*low < *high)) {
        complain(draft, member(draft->group, highs[last]), "the upper end is not above the lower");
        return false;
    }
    return true;
}

/* low and high if they are given; else the ends of what they cut: 0 and 1. */
static bool take_unit_ends(Draft *draft)
{
    Vary *vary = draft->vary;
    vary->low = 0;
    vary->high = 1;
    take(draft, "low", &vary->low);
    take(draft, "high", &vary->high);
    if (!draft->bad && !(vary->low < vary->high)) {
        const Entry *entry = member(draft->group, has(draft, "high") ? "high" : "low");
        complain(draft, entry, "the upper end is not above the lower");
    }
    return !draft->bad;
}

/* --- one distribution each -----------------------------------------------------------------------
 */

static const char *const locations[] = {"median", "mean", NULL};
static const char *const spreads[] = {"cv", "sd", "sdlog", NULL};

/* sdlog with the location in vary->a, which is the mean if `is_mean`. */
static double lognormal_sdlog(Draft *draft, int spread, bool is_mean)
{
    double value = 0;
    if (!take_spread(draft, spreads[spread], spread != 1, &value)) {
        return 0;
    }
    if (spread == 2) {
        return value;
    }
    if (spread == 0 || is_mean) {
        return sdlog_of_cv(spread == 0 ? value : value / draft->vary->a);
    }
    double median = draft->vary->a;
    if (draft->vary->own_location && !common_value(draft, member(draft->group, "sd")->value,
                                                   "'sd' without median or mean", &median)) {
        return 0;
    }
    return median > 0 ? sdlog_of_median(median, value) : 0;
}

static void read_lognormal(Draft *draft)
{
    Vary *vary = draft->vary;
    int location = one_of(draft, locations, false);
    int spread = one_of(draft, spreads, true);
    vary->own_location = location < 0 && !vary->relative;
    vary->a = 1; // the median of a factor
    if (location >= 0 && take(draft, locations[location], &vary->a) && !(vary->a > 0)) {
        complain(draft, member(draft->group, locations[location]),
                 "a lognormal value is positive, and so are its median and mean");
    }
    if (draft->bad || spread < 0) {
        return;
    }
    vary->b = lognormal_sdlog(draft, spread, location == 1);
    if (location == 1) {
        vary->a *= exp(-vary->b * vary->b / 2);
    }
}

static void read_normal(Draft *draft)
{
    static const char *const keys[] = {"sd", "cv", NULL};
    Vary *vary = draft->vary;
    vary->a = 1; // the mean of a factor
    vary->own_location = !take(draft, "mean", &vary->a) && !vary->relative;
    int spread = one_of(draft, keys, true);
    if (draft->bad || !take_spread(draft, keys[spread], spread == 1, &vary->b) || spread == 0) {
        return;
    }
    double mean = vary->a;
    if (!vary->own_location || common_value(draft, member(draft->group, "cv")->value,
                                            "'cv' of a normal distribution without mean", &mean)) {
        vary->b *= fabs(mean);
    }
}

static void read_uniform(Draft *draft)
{
    static const char *const lows[] = {"low", "min", NULL};
    static const char *const highs[] = {"high", "max", NULL};
    Vary *vary = draft->vary;
    if (take_ends(draft, lows, highs, &vary->a, &vary->b) &&
        vary->distribution == DRAW_LOGUNIFORM && !(vary->a > 0)) {
        complain(draft, member(draft->group, has(draft, "low") ? "low" : "min"),
                 "both ends of a loguniform distribution are positive");
    }
}

static void read_logitnormal(Draft *draft)
{
    static const char *const keys[] = {"sd", NULL};
    static const char *const medians[] = {"median", NULL};
    Vary *vary = draft->vary;
    if (one_of(draft, keys, true) < 0 ||
        (one_of(draft, medians, vary->relative) < 0 && vary->relative) || !take_unit_ends(draft)) {
        return;
    }
    take_spread(draft, "sd", true, &vary->b);
    vary->own_location = !take(draft, "median", &vary->a);
    if (!vary->own_location && !(vary->a > vary->low && vary->a < vary->high)) {
        complain(draft, member(draft->group, "median"), "the median lies between low and high");
    }
}

/* The shapes from mean and standard deviation, both for 0..1. */
static void shapes_of_mean(Draft *draft, double mean, double sd)
{
    double sum = mean * (1 - mean) / (sd * sd) - 1;
    if (!(mean > 0 && mean < 1)) {
        complain(draft, member(draft->group, "mean"), "the mean lies between low and high");
    } else if (!(sd > 0) || !(sum > 0)) {
        complain(draft, member(draft->group, has(draft, "sd") ? "sd" : "cv"),
                 "no beta distribution with this mean has this spread");
    } else {
        draft->vary->a = mean * sum;
        draft->vary->b = (1 - mean) * sum;
    }
}

static void read_beta(Draft *draft)
{
    static const char *const firsts[] = {"alpha", "mean", NULL};
    static const char *const betas[] = {"beta", NULL};
    static const char *const keys[] = {"sd", "cv", NULL};
    Vary *vary = draft->vary;
    int first = one_of(draft, firsts, true);
    bool by_shapes = first == 0;
    int second = first < 0 ? -1 : one_of(draft, by_shapes ? betas : keys, true);
    for (int i = 0; i < 2 && by_shapes; i++) {
        const Entry *extra = entry_find(draft->group, keys[i]);
        if (extra) {
            diag_report(draft->reader->diag, FAULT_P055, extra->key,
                        "'%s' of '%s' follows from 'alpha' and 'beta'", keys[i],
                        draft->label->name);
            draft->bad = true;
        }
    }
    if (!take_unit_ends(draft) || second < 0) {
        return;
    }
    if (by_shapes) {
        if (take_pure(draft, "alpha", &vary->a) && take_pure(draft, "beta", &vary->b) &&
            !(vary->a > 0 && vary->b > 0)) {
            complain(draft, member(draft->group, vary->a > 0 ? "beta" : "alpha"),
                     "the shapes of a beta distribution are positive");
        }
        return;
    }
    double mean = 0;
    double sd = 0;
    double width = vary->high - vary->low;
    if (take(draft, "mean", &mean) && take_spread(draft, keys[second], second == 1, &sd)) {
        sd *= second == 1 ? fabs(mean) : 1;
        shapes_of_mean(draft, (mean - vary->low) / width, sd / width);
    }
}

static void read_triangular(Draft *draft)
{
    static const char *const lows[] = {"low", NULL};
    static const char *const highs[] = {"high", NULL};
    static const char *const modes[] = {"mode", NULL};
    Vary *vary = draft->vary;
    bool ends = take_ends(draft, lows, highs, &vary->a, &vary->b);
    if (one_of(draft, modes, true) >= 0 && take(draft, "mode", &vary->mode) && ends &&
        !(vary->mode >= vary->a && vary->mode <= vary->b)) {
        complain(draft, member(draft->group, "mode"), "the mode lies between low and high");
    }
}

/* --- values of our own ---------------------------------------------------------------------------
 */

static void read_weights(Draft *draft)
{
    Vary *vary = draft->vary;
    const Entry *list = member(draft->group, "weights");
    draft->bad = draft->bad || (!list && has(draft, "weights"));
    if (list && list->count != vary->value_count) {
        diag_report(draft->reader->diag, FAULT_P056, list->value,
                    "there are %d values but %d weights", vary->value_count, list->count);
        draft->bad = true;
    }
    double sum = 0;
    for (int i = 0; i < vary->value_count && !draft->bad; i++) {
        double weight = list ? list->items[i]->number : 1;
        if (!(weight >= 0)) {
            complain(draft, list->items[i], "a weight is not negative");
        }
        vary->weights[i] = sum += weight;
    }
    if (!draft->bad && !(sum > 0)) {
        complain(draft, list, "some weight must be positive");
    }
    for (int i = 0; i < vary->value_count && !draft->bad; i++) {
        vary->weights[i] = i == vary->value_count - 1 ? 1 : vary->weights[i] / sum;
    }
}

static void read_values(Draft *draft)
{
    static const char *const keys[] = {"values", NULL};
    Vary *vary = draft->vary;
    const Entry *list = member(draft->group, "values");
    if (one_of(draft, keys, true) < 0 || !list) {
        draft->bad = true;
        return;
    }
    bool single = list->kind != ENTRY_LIST && list->kind != ENTRY_ARRAY;
    if (single || list->count == 0) {
        complain(draft, list, single ? "'values' is a list" : "the list of values is empty");
        return;
    }
    vary->values = arena_array(draft->reader->arena, (size_t)list->count, sizeof *vary->values);
    vary->weights = arena_array(draft->reader->arena, (size_t)list->count, sizeof *vary->weights);
    vary->value_count = list->count;
    for (int i = 0; i < list->count; i++) {
        read_element(draft, list->items[i], &vary->values[i]);
    }
    if (vary->distribution == DRAW_CATEGORICAL) {
        read_weights(draft);
    }
}

/* min and max, of the distributions that can be cut off. */
static void read_truncation(Draft *draft)
{
    Vary *vary = draft->vary;
    take(draft, "min", &vary->min);
    take(draft, "max", &vary->max);
    if (!draft->bad && !(vary->min < vary->max)) {
        complain(draft, member(draft->group, "max"), "'max' is not above 'min'");
    }
}

void read_shape(Draft *draft)
{
    draft->vary->min = (double)-INFINITY;
    draft->vary->max = (double)INFINITY;
    switch (draft->vary->distribution) {
    case DRAW_LOGNORMAL:
        read_lognormal(draft);
        read_truncation(draft);
        break;
    case DRAW_NORMAL:
        read_normal(draft);
        read_truncation(draft);
        break;
    case DRAW_UNIFORM:
    case DRAW_LOGUNIFORM:
        read_uniform(draft);
        break;
    case DRAW_LOGITNORMAL:
        read_logitnormal(draft);
        read_truncation(draft);
        break;
    case DRAW_BETA:
        read_beta(draft);
        read_truncation(draft);
        break;
    case DRAW_TRIANGULAR:
        read_triangular(draft);
        read_truncation(draft);
        break;
    case DRAW_CATEGORICAL:
    case DRAW_LIST:
        read_values(draft);
        break;
    }
}
