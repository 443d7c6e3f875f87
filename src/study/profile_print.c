/* profile_print.c: profiles as a table for people: the interval and what can be said.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/profile.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

enum { CELLS = 5 };

const char *verdict_words(Verdict verdict)
{
    static const char *const words[] = {"identifiable", "one-sided: only a lower end",
                                        "one-sided: only an upper end", "flat: not identifiable",
                                        "not known: interrupted"};
    return words[verdict];
}

static const char *digits_of(Arena *arena, double value)
{
    char words[NUMBER_TEXT_SIZE];
    (void)number_short(value, 4, words);
    return arena_copy(arena, words, strlen(words));
}

static const char *end_words(Arena *arena, const FitParameter *parameter, const Profile *profile,
                             int side)
{
    switch (profile->ends[side]) {
    case END_CROSSED:
        return digits_of(arena, scale_back(parameter, profile->limits[side]));
    case END_BOUND:
        return "its bound";
    case END_RANGE:
        return "none";
    case END_FAILED:
        return "fails";
    case END_STOPPED:
        break;
    }
    return "?";
}

static const char *partner_words(Arena *arena, const Fit *fit, const Profile *profile)
{
    if (profile->partner < 0) {
        return "";
    }
    const char *name = fit->parameters[profile->partner].name;
    bool weak = profile->verdict != VERDICT_IDENTIFIABLE;
    return arena_format(arena, "%s %s%s", weak ? "with" : "gives way:", name,
                        profile->same_direction ? "" : " (the other way)");
}

void profile_print(const Study *study, const FitSummary *fit, const ProfileResult *result,
                   Text *text)
{
    Arena *arena = text->arena;
    size_t rows = (size_t)result->count + 1;
    const char *(*cells)[CELLS] = arena_array(arena, rows, sizeof *cells);
    static const char *const head[CELLS] = {"", "estimate", "95 % from", "to", "verdict"};
    size_t width[CELLS] = {0};
    memcpy(cells[0], head, sizeof head);
    for (int i = 0; i < result->count; i++) {
        const Profile *profile = &result->profiles[i];
        const FitParameter *one = &study->fit->parameters[profile->parameter];
        const char **row = cells[i + 1];
        bool unit = one->unit[0] != '\0' && strcmp(one->unit, "1") != 0;
        row[0] = unit ? arena_format(arena, "%s [%s]", one->name, one->unit) : one->name;
        row[1] = digits_of(arena, fit->estimates[profile->parameter].value);
        row[2] = end_words(arena, one, profile, 0);
        row[3] = end_words(arena, one, profile, 1);
        row[4] = verdict_words(profile->verdict);
    }
    for (size_t i = 0; i < rows; i++) {
        for (int k = 0; k < CELLS; k++) {
            size_t own = strlen(cells[i][k]);
            width[k] = own > width[k] ? own : width[k];
        }
    }
    for (size_t i = 0; i < rows; i++) {
        const char *partner =
            i == 0 ? "" : partner_words(arena, study->fit, &result->profiles[i - 1]);
        text_format(text, "%-*s  %*s  %*s  %*s  ", (int)width[0], cells[i][0], (int)width[1],
                    cells[i][1], (int)width[2], cells[i][2], (int)width[3], cells[i][3]);
        text_format(text, "%-*s  %s", partner[0] != '\0' ? (int)width[4] : 0, cells[i][4], partner);
        while (text->length > 0 && text->data[text->length - 1] == ' ') {
            text->data[--text->length] = '\0';
        }
        text_string(text, "\n");
    }
    if (result->best < -0.01) {
        text_format(text, "\na profile found a better fit: -2LL lower by %s; begin there\n",
                    digits_of(arena, -result->best));
    }
}
