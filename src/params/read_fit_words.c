/* read_fit_words.c: what other tools call the things of a fit, for hints.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/read_fit.h"

#include <strings.h>

typedef struct {
    const char *ours, *others[10];
} Synonyms;

static const Synonyms of_columns[] = {
    {"value", {"dv", "y", "obs", "observation", "conc", "concentration", "measurement"}},
    {"name", {"dvid", "cmt", "ytype", "yname", "analyte"}},
    {"id", {"subject", "subj", "usubjid", "patient"}},
    {"arm", {"group", "treatment", "trt", "cohort"}},
    {"time", {"hour", "hours", "day", "days", "tsfd"}},
    {"cens", {"censored", "blq", "bql", "blqfl"}},
    {"sd", {"std", "stdev", "sem", "se"}},
    {NULL, {NULL}},
};
static const Synonyms of_errors[] = {
    {"additive", {"constant", "const", "add", "absolute", "normal"}},
    {"proportional", {"prop", "relative", "cv", "multiplicative"}},
    {"combined", {"mixed", "combined1", "combined2", "both"}},
    {"lognormal", {"exponential", "exp", "log", "log-normal", "lnorm"}},
    {NULL, {NULL}},
};
static const Synonyms of_methods[] = {
    {"simplex", {"nelder-mead", "nelder_mead", "neldermead"}},
    {"least-squares", {"levenberg-marquardt", "lm", "nls", "gauss-newton"}},
    {"lbfgs", {"bfgs", "l-bfgs", "quasi-newton"}},
    {"scoring", {"fisher", "fisher-scoring"}},
    {NULL, {NULL}},
};

static const char *find(const Synonyms *list, const char *word)
{
    for (; list->ours != NULL; list++) {
        for (int i = 0; list->others[i] != NULL; i++) {
            if (strcasecmp(list->others[i], word) == 0) {
                return list->ours;
            }
        }
    }
    return NULL;
}

static bool is_one_of(const char *const *list, const char *word)
{
    for (; *list != NULL; list++) {
        if (strcasecmp(*list, word) == 0) {
            return true;
        }
    }
    return false;
}

const char *fit_column_word(const char *word)
{
    return find(of_columns, word);
}

const char *fit_error_word(const char *word)
{
    return find(of_errors, word);
}

const char *fit_method_word(const char *word)
{
    return find(of_methods, word);
}

bool fit_is_of_doses(const char *column)
{
    static const char *const words[] = {"evid", "amt", "rate", "dur", "ii",
                                        "addl", "ss",  "mdv",  NULL};
    return is_one_of(words, column);
}

bool fit_is_of_populations(const char *method)
{
    static const char *const words[] = {"fo",  "foi",  "foce",    "focei", "foce-i", "saem", "imp",
                                        "its", "npag", "laplace", "bayes", "mcmc",   "nuts", NULL};
    return is_one_of(words, method);
}
