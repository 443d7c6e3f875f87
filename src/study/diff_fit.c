/* diff_fit.c: a fit in lines of words, for studies that are compared.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/diff_fit.h"

#include "base/text.h"
#include "study/fit.h"

#include <assert.h>
#include <math.h>

static const char *bounds_words(Arena *arena, const FitParameter *one)
{
    Text text = text_new(arena);
    text_string(&text, "from ");
    text_number(&text, one->start);
    if (isfinite(one->low) || isfinite(one->high)) {
        text_string(&text, " in ");
        text_number(&text, one->low);
        text_string(&text, " to ");
        text_number(&text, one->high);
    }
    text_format(&text, ", scale %s", scale_word(one->scale));
    if (one->has_prior) {
        text_string(&text, ", prior ");
        text_number(&text, one->prior_mean);
        text_string(&text, " with sd ");
        text_number(&text, one->prior_sd);
    }
    return text.data;
}

static const char *error_words(Arena *arena, const FitObservable *one)
{
    Text text = text_new(arena);
    text_format(&text, "%s, sd ", error_word(one->error));
    if (one->sd_index >= 0) {
        text_string(&text, "estimated");
    } else {
        text_number(&text, one->sd);
    }
    text_string(&text, ", cv ");
    if (one->cv_index >= 0) {
        text_string(&text, "estimated");
    } else {
        text_number(&text, one->cv);
    }
    text_format(&text, ", limit by %s, weight ", blq_word(one->blq));
    text_number(&text, one->weight);
    return text.data;
}

static const char *search_words(Arena *arena, const Fit *fit)
{
    Text text = text_new(arena);
    text_format(&text, "%s, %d starts (%s, seed %llu), %d iterations, tolerance ", fit->algorithm,
                fit->starts, fit->design == DESIGN_SOBOL ? "sobol" : "latin",
                (unsigned long long)fit->seed, fit->iterations);
    text_number(&text, fit->tolerance);
    return text.data;
}

int fit_lines(const Fit *fit, Arena *arena, FitLine **lines)
{
    assert(arena != NULL && lines != NULL);
    if (fit == NULL) {
        return 0;
    }
    size_t most = (size_t)fit->model_count + (size_t)fit->observable_count + 3;
    FitLine *line = *lines = arena_array(arena, most, sizeof **lines);
    *line++ = (FitLine){"fit.data",
                        arena_format(arena, "%d values, SHA-256 %s", fit->datum_count, fit->hash)};
    *line++ = (FitLine){"fit.at_dose", at_dose_word(fit->at_dose)};
    for (int i = 0; i < fit->model_count; i++) {
        const FitParameter *one = &fit->parameters[i];
        *line++ = (FitLine){arena_format(arena, "fit.parameters.%s", one->name),
                            bounds_words(arena, one)};
    }
    for (int i = 0; i < fit->observable_count; i++) {
        const FitObservable *one = &fit->observables[i];
        *line++ =
            (FitLine){arena_format(arena, "fit.observe.%s", one->name), error_words(arena, one)};
    }
    *line++ = (FitLine){"fit.method", search_words(arena, fit)};
    return (int)(line - *lines);
}
