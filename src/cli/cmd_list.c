/* cmd_list.c: `stroma list`: the models, studies and sets of numbers that are there, a line each.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/listing.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static const Option options[] = {
    {"models", OPTION_FLAG, 0, true, NULL, "only models (with --studies or --sets: these too)"},
    {"studies", OPTION_FLAG, 0, true, NULL, "only studies"},
    {"sets", OPTION_FLAG, 0, true, NULL, "only sets of numbers"},
    {"json", OPTION_FLAG, 0, true, NULL, "print one JSON object"},
    OPTION_HELP,
    OPTION_END,
};

enum { CELL_COUNT = 3, CELL_SPACE = 48 };

/* One line: cells that are aligned, then the words. */
typedef struct {
    char cells[CELL_COUNT][CELL_SPACE];
    const char *name;
} Row;

static const char *plural(int count)
{
    return count == 1 ? "" : "s";
}

/* A text in a cell; one too long for it is cut. */
static void put(char *cell, const char *text)
{
    size_t length = strlen(text);
    length = length < CELL_SPACE ? length : CELL_SPACE - 1;
    memcpy(cell, text, length);
    cell[length] = '\0';
}

static Row row_of(Arena *arena, const Item *item)
{
    Row row = {.name = item->name};
    if (item->broken != NULL) {
        put(row.cells[0], "broken");
    } else if (item->kind == ITEM_MODEL) {
        put(row.cells[0], item->is_module ? "module" : "model");
        put(row.cells[1], arena_format(arena, "%3d state%s", item->states, plural(item->states)));
    } else if (item->kind == ITEM_STUDY) {
        put(row.cells[0], item->model);
        put(row.cells[1], arena_format(arena, "%3d state%s", item->states, plural(item->states)));
        const char *arms = arena_format(arena, "%d arm%s", item->arms, plural(item->arms));
        put(row.cells[2],
            item->subjects == 1 ? arms : arena_format(arena, "%s x %d", arms, item->subjects));
    } else {
        put(row.cells[0],
            arena_format(arena, "%3d number%s", item->numbers, plural(item->numbers)));
    }
    return row;
}

/* Columns on the terminal: UTF-8 continuation bytes take none. */
static int shown_width(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width;
}

static void pad(Text *text, const char *words, int width)
{
    text_format(text, "%s%*s", words, width - shown_width(words), "");
}

static void print_kind(const Items *items, ItemKind kind, Text *text)
{
    static const char *const heads[] = {"Models", "Studies", "Sets of numbers"};
    Arena *arena = items->arena;
    int widths[CELL_COUNT + 1] = {0};
    for (size_t i = 0; i < items->count; i++) {
        if (items->items[i].kind != kind) {
            continue;
        }
        Row row = row_of(arena, &items->items[i]);
        int width = shown_width(row.name);
        widths[CELL_COUNT] = width > widths[CELL_COUNT] ? width : widths[CELL_COUNT];
        for (int cell = 0; cell < CELL_COUNT; cell++) {
            width = shown_width(row.cells[cell]);
            widths[cell] = width > widths[cell] ? width : widths[cell];
        }
    }
    const char *place = NULL;
    for (size_t i = 0; i < items->count; i++) {
        const Item *item = &items->items[i];
        if (item->kind != kind) {
            continue;
        }
        if (place == NULL || strcmp(place, item->place) != 0) {
            place = item->place;
            text_format(text, "%s%s in %s\n", text->length == 0 ? "" : "\n", heads[kind], place);
        }
        Row row = row_of(arena, item);
        text_string(text, "  ");
        pad(text, row.name, widths[CELL_COUNT]);
        for (int cell = 0; cell < CELL_COUNT && item->broken == NULL; cell++) {
            if (widths[cell] > 0) {
                text_string(text, "  ");
                pad(text, row.cells[cell], widths[cell]);
            }
        }
        if (item->broken != NULL) {
            text_format(text, "  broken, %s (stroma check %s)", item->broken, item->path);
        } else {
            text_format(text, "  %s", item->title);
        }
        while (text->data[text->length - 1] == ' ') {
            text->data[--text->length] = '\0';
        }
        text_string(text, "\n");
    }
}

static void print_object(const Item *item, Text *text)
{
    json_named(text, "\n    {", "name", item->name);
    json_named(text, ", ", "path", item->path);
    if (item->broken != NULL) {
        json_named(text, ", ", "broken", item->broken);
        text_string(text, "}");
        return;
    }
    json_named(text, ", ", "title", item->title);
    if (item->kind == ITEM_MODEL) {
        json_named(text, ", ", "kind", item->is_module ? "module" : "model");
        json_named_number(text, ", ", "states", item->states);
        json_named_number(text, ", ", "parameters", item->parameters);
        json_named_number(text, ", ", "observables", item->observables);
    } else if (item->kind == ITEM_STUDY) {
        json_named(text, ", ", "model", item->model);
        json_named_number(text, ", ", "states", item->states);
        json_named_number(text, ", ", "arms", item->arms);
        json_named_number(text, ", ", "subjects", item->subjects);
    } else {
        json_named_number(text, ", ", "numbers", item->numbers);
        json_named_number(text, ", ", "sourced", item->sourced);
    }
    text_string(text, "}");
}

static void print_json(const Items *items, const bool *wanted, Text *text)
{
    static const char *const keys[] = {"models", "studies", "sets"};
    json_named(text, "{\n  ", "schema", "stroma.list/1");
    json_named(text, ",\n  ", "version", STROMA_VERSION);
    for (int kind = 0; kind < ITEM_KINDS; kind++) {
        if (!wanted[kind]) {
            continue;
        }
        text_format(text, ",\n  \"%s\": [", keys[kind]);
        bool first = true;
        for (size_t i = 0; i < items->count; i++) {
            if ((int)items->items[i].kind == kind) {
                text_string(text, first ? "" : ",");
                print_object(&items->items[i], text);
                first = false;
            }
        }
        text_string(text, "]");
    }
    text_string(text, "\n}\n");
}

/* The folders of the command line, or the usual ones. */
static int find_items(const Cli *cli, Items *items)
{
    const Arguments *arguments = &cli->arguments;
    for (int i = 0; i < arguments->operand_count; i++) {
        if (!items_add_folder(items, arguments->operands[i])) {
            cli_complain("cannot read the folder '%s': %s", arguments->operands[i],
                         strerror(errno));
            return CLI_FILE;
        }
    }
    if (arguments->operand_count == 0) {
        items_add_places(items);
    }
    return CLI_OK;
}

static int run_list(Cli *cli)
{
    bool wanted[ITEM_KINDS] = {option_given(&cli->arguments, "models"),
                               option_given(&cli->arguments, "studies"),
                               option_given(&cli->arguments, "sets")};
    bool all = !wanted[ITEM_MODEL] && !wanted[ITEM_STUDY] && !wanted[ITEM_NUMBERS];
    Items items = {.arena = cli->arena};
    int code = find_items(cli, &items);
    if (code != CLI_OK) {
        return code;
    }
    Text text = text_new(cli->arena);
    for (int kind = 0; kind < ITEM_KINDS; kind++) {
        wanted[kind] = wanted[kind] || all;
        if (wanted[kind] && !option_given(&cli->arguments, "json")) {
            print_kind(&items, (ItemKind)kind, &text);
        }
    }
    if (option_given(&cli->arguments, "json")) {
        print_json(&items, wanted, &text);
    }
    cli_print(cli, &text);
    for (size_t i = 0; i < items.count; i++) {
        if (wanted[items.items[i].kind] && items.items[i].broken != NULL) {
            code = CLI_DATA;
        }
    }
    if (text.length == 0) {
        cli_words("there is nothing to list\n");
    }
    return code;
}

const Command command_list = {
    .name = "list",
    .run = run_list,
    .summary = "list the models, studies and sets of numbers that are there",
    .operands = "[DIR]... [OPTION]...",
    .operands_min = 0,
    .operands_max = -1,
    .examples = "  stroma list                                   all that stroma finds\n"
                "  stroma list --models models                   the models of one folder\n"
                "  stroma list --studies --json | jq .studies[].path\n",
    .options = options,
};
