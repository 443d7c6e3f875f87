/* settings.c: --set path=value, for every command that reads a study.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/settings.h"

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
