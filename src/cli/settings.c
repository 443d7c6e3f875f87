/* settings.c: --set path=value, for every command that reads a study; --at-dose, for some.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/settings.h"

#include "study/fit.h"

#include <string.h>

bool settings_read(const Cli *cli, ParamsOptions *params, const char **bad)
{
    const Arguments *arguments = &cli->arguments;
    Setting *settings = arena_array(cli->arena, (size_t)arguments->use_count + 1, sizeof *settings);
    params->settings = settings;
    params->setting_count = 0;
    for (int i = 0; i < arguments->use_count; i++) {
        if (strcmp(arguments->uses[i].option->name, "set") != 0) {
            continue;
        }
        const char *word = arguments->uses[i].value;
        size_t length = strcspn(word, "=");
        if (length == 0 || word[length] == '\0') {
            *bad = word;
            return false;
        }
        settings[params->setting_count++] =
            (Setting){.path = arena_copy(cli->arena, word, length), .value = word + length + 1};
    }
    return true;
}

int settings_at_dose(const Cli *cli, bool both, AtDose *at_dose)
{
    static const char *const words[] = {
        [AT_DOSE_POST] = "post", [AT_DOSE_PRE] = "pre", [AT_DOSE_BOTH] = "both"};
    const char *word = option_value(&cli->arguments, "at-dose");
    AtDose last = both ? AT_DOSE_BOTH : AT_DOSE_PRE;
    *at_dose = AT_DOSE_POST;
    for (AtDose way = AT_DOSE_POST; word != NULL && way <= last; way++) {
        if (strcmp(words[way], word) == 0) {
            *at_dose = way;
            return CLI_OK;
        }
    }
    return word == NULL ? CLI_OK
                        : cli_misused(cli, "'--at-dose %s' is %s", word,
                                      both ? "none of pre, post, both" : "neither pre nor post");
}

int settings_fit_at_dose(const Cli *cli, ParamsOptions *params)
{
    const char *word = option_value(&cli->arguments, "at-dose");
    for (FitAtDose way = FIT_RECORDS; word != NULL && way <= FIT_PRE; way++) {
        if (strcmp(at_dose_word(way), word) == 0) {
            params->at_dose = word;
            return CLI_OK;
        }
    }
    return word == NULL
               ? CLI_OK
               : cli_misused(cli, "'--at-dose %s' is none of pre, post, records%s", word,
                             strcmp(word, "both") == 0 ? "; a value is compared with one state"
                                                       : "");
}
