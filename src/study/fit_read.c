/* fit_read.c: see fit_read.h.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/fit_read.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

static const char *text_of(Arena *arena, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? arena_copy(arena, text, strlen(text)) : NULL;
}

static bool take_observables(Arena *arena, const json_t *root, FitRead *fit)
{
    const json_t *list = json_object_get(root, "residuals");
    fit->time_unit = text_of(arena, root, "time_unit");
    fit->observable_count = (int)json_array_size(list);
    size_t count = (size_t)fit->observable_count;
    fit->observables = arena_array(arena, count + 1, sizeof *fit->observables);
    fit->units = arena_array(arena, count + 1, sizeof *fit->units);
    bool whole = fit->time_unit != NULL;
    for (size_t i = 0; i < count && whole; i++) {
        fit->observables[i] = text_of(arena, json_array_get(list, i), "name");
        fit->units[i] = text_of(arena, json_array_get(list, i), "unit");
        whole = fit->observables[i] != NULL && fit->units[i] != NULL;
    }
    return whole;
}

static bool take(Arena *arena, const json_t *root, FitRead *fit)
{
    const json_t *estimates = json_object_get(root, "estimates");
    const json_t *aicc = json_object_get(root, "aicc");
    const char *model = json_string_value(json_object_get(root, "model"));
    const json_t *inputs = json_object_get(root, "inputs");
    *fit = (FitRead){.data_hash = text_of(arena, root, "data_sha256"),
                     .status = text_of(arena, root, "status"),
                     .parameters = (int)json_integer_value(json_object_get(root, "parameters")),
                     .values = (int)json_integer_value(json_object_get(root, "values")),
                     .minus_two_log =
                         json_number_value(json_object_get(root, "minus_two_log_likelihood")),
                     .aicc = json_is_number(aicc) ? json_number_value(aicc) : HUGE_VAL,
                     .bic = json_number_value(json_object_get(root, "bic"))};
    fit->model_hash = model != NULL ? text_of(arena, inputs, model) : NULL;
    fit->name_count = (int)json_array_size(estimates);
    fit->names = arena_array(arena, (size_t)fit->name_count + 1, sizeof *fit->names);
    bool whole = fit->data_hash != NULL && fit->model_hash != NULL && fit->status != NULL &&
                 fit->values > 0 && fit->name_count > 0;
    for (int i = 0; i < fit->name_count && whole; i++) {
        fit->names[i] = text_of(arena, json_array_get(estimates, (size_t)i), "name");
        whole = fit->names[i] != NULL;
    }
    return whole && take_observables(arena, root, fit);
}

bool fit_read(Arena *arena, const char *path, FitRead *fit, const char **why)
{
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    if (root == NULL) {
        *why = arena_format(arena, "line %d: %s", error.line, error.text);
        return false;
    }
    bool whole = take(arena, root, fit);
    *why = "it is not what 'stroma fit' writes";
    json_decref(root);
    return whole;
}
