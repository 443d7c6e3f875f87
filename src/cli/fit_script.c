/* fit_script.c: see fit_script.h.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/fit_script.h"
#include "cli/figures.h"
#include "cli/places.h"

#include "base/file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Pictures of an earlier call would show other numbers. */
static void remove_pictures(const FitCall *call, const char *stem)
{
    static const char *const endings[] = {"svg", "png"};
    for (int i = 0; i < 2; i++) {
        const char *name = arena_format(call->cli->arena, "%s.%s", stem, endings[i]);
        (void)unlink(file_join(call->cli->arena, call->folder, name));
    }
}

int fit_script_write(FitCall *call, const FitScript *script)
{
    Cli *cli = call->cli;
    Arena *arena = cli->arena;
    const char *tried = NULL;
    const char *text = places_plot(arena, script->template_name, &tried);
    if (text == NULL) {
        cli_complain("cannot read the plot template '%s'", tried);
        return CLI_FILE;
    }
    const char *name = arena_format(arena, "%s.gp", script->stem);
    size_t count = (size_t)script->own_count;
    Placeholder *all = arena_array(arena, count + 5, sizeof *all);
    all[0] = (Placeholder){"HEADLINE", figure_comment(arena, script->title)};
    all[1] = (Placeholder){"COMMAND", figure_comment(arena, cli_command_line(cli))};
    all[2] = (Placeholder){"SCRIPT", figure_comment(arena, name)};
    all[3] = (Placeholder){"TITLE", template_string(arena, script->title)};
    all[4] = (Placeholder){"OUT", template_string(arena, script->stem)};
    for (size_t i = 0; i < count; i++) {
        all[5 + i] = script->own[i];
    }
    Text filled = text_new(arena);
    template_fill(text, all, (int)count + 5, &filled);
    remove_pictures(call, script->stem);
    int code = fit_write_text(call, name, filled.data);
    if (code != CLI_OK || option_given(&cli->arguments, "no-render")) {
        return code;
    }
    const char *const scripts[] = {name};
    return figures_render(cli, call->folder, scripts, 1, &call->rendered);
}
