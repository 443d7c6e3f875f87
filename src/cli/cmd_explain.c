/* cmd_explain.c: `stroma explain`: what an error code, or a key of a study file, means.
 *
 * The words on codes come from base/faults.def, those on keys from params/.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include "base/names.h"
#include "params/params.h"

#include <ctype.h>
#include <string.h>

static const Option options[] = {
    OPTION_HELP,
    OPTION_END,
};

static void list_everything(Text *text)
{
    text_string(text, "Error and warning codes:\n");
    for (int fault = 0; fault < (int)FAULT_COUNT; fault++) {
        text_format(text, "  %-6s %s\n", fault_code((Fault)fault), fault_title((Fault)fault));
    }
    const char *const *keys = NULL;
    int count = params_keys(&keys);
    text_string(text, "\nKeys of a study file:\n");
    for (int i = 0; i < count; i++) {
        text_format(text, "  %s\n", keys[i]);
    }
}

static const char *near_word(Cli *cli, const char *word, const char *code)
{
    const char *const *keys = NULL;
    int key_count = params_keys(&keys);
    int count = (int)FAULT_COUNT + key_count;
    const char **names = arena_array(cli->arena, (size_t)count + 1, sizeof *names);
    for (int fault = 0; fault < (int)FAULT_COUNT; fault++) {
        names[fault] = fault_code((Fault)fault);
    }
    for (int i = 0; i < key_count; i++) {
        names[(int)FAULT_COUNT + i] = keys[i];
    }
    const char *near = names_near_list(names, count, word);
    return near != NULL ? near : names_near_list(names, count, code);
}

static int run_explain(Cli *cli)
{
    Text text = text_new(cli->arena);
    if (cli->arguments.operand_count == 0) {
        list_everything(&text);
        cli_print(cli, &text);
        return CLI_OK;
    }
    const char *word = cli->arguments.operands[0];
    char *code = arena_copy(cli->arena, word, strlen(word));
    for (char *letter = code; *letter != '\0'; letter++) {
        *letter = (char)toupper((unsigned char)*letter);
    }
    Fault fault = fault_find(code);
    const char *paragraph = params_explain(word);
    if (fault != FAULT_COUNT) {
        const char *severity = fault_severity(fault) == SEVERITY_WARNING ? "warning" : "error";
        text_format(&text, "%s %s: %s\n\n", severity, code, fault_title(fault));
        cli_wrap(&text, fault_paragraph(fault), 2);
    } else if (paragraph != NULL) {
        cli_wrap(&text, paragraph, 0);
    } else {
        const char *near = near_word(cli, word, code);
        if (near != NULL) {
            return cli_misused(cli, "nothing is known of '%s'; did you mean '%s'?", word, near);
        }
        return cli_misused(cli, "nothing is known of '%s'; 'stroma explain' lists codes and keys",
                           word);
    }
    cli_print(cli, &text);
    return CLI_OK;
}

const Command command_explain = {
    .name = "explain",
    .run = run_explain,
    .summary = "explain an error code, or a key of a study file",
    .operands = "[CODE|KEY]",
    .operands_min = 0,
    .operands_max = 1,
    .examples = "  stroma explain                        all codes and keys\n"
                "  stroma explain M001                   one code\n"
                "  stroma explain arms.doses.amount      one key\n",
    .options = options,
};
