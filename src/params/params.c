/* params.c: the door to libconfig, and the reading of a study from end to end.
 *
 * libconfig reads the merged text that config_print makes of the tree. What it found is walked
 * beside our own tree, in the order of the text, and its values are stored there; both must agree
 * on every name, kind and number, or the study is refused.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "params/reader.h"

#include <assert.h>
#include <libconfig.h>
#include <string.h>

/* --- libconfig -----------------------------------------------------------------------------------
 */

static bool kinds_agree(const Entry *entry, const config_setting_t *setting)
{
    static const int types[] = {
        [ENTRY_GROUP] = CONFIG_TYPE_GROUP, [ENTRY_LIST] = CONFIG_TYPE_LIST,
        [ENTRY_ARRAY] = CONFIG_TYPE_ARRAY, [ENTRY_INTEGER] = CONFIG_TYPE_INT,
        [ENTRY_LONG] = CONFIG_TYPE_INT64,  [ENTRY_REAL] = CONFIG_TYPE_FLOAT,
        [ENTRY_TEXT] = CONFIG_TYPE_STRING, [ENTRY_BOOLEAN] = CONFIG_TYPE_BOOL,
    };
    const char *name = setting ? config_setting_name(setting) : NULL;
    bool same_name = !entry->name || (name && strcmp(name, entry->name) == 0);
    return setting && config_setting_type(setting) == types[entry->kind] && same_name;
}

static bool refuse(Config *config, Entry *entry, const char *why)
{
    diag_report(config->diag, FAULT_P051, entry->value, "libconfig reads this otherwise: %s", why);
    entry->is_wrong = true;
    return false;
}

static bool store_value(Config *config, Entry *entry, const config_setting_t *setting)
{
    double number = entry->number;
    switch (entry->kind) {
    case ENTRY_INTEGER:
    case ENTRY_LONG:
        number = (double)config_setting_get_int64(setting);
        break;
    case ENTRY_REAL:
        number = config_setting_get_float(setting);
        break;
    case ENTRY_TEXT: {
        const char *text = config_setting_get_string(setting);
        entry->text = arena_copy(config->arena, text, strlen(text));
        break;
    }
    case ENTRY_BOOLEAN:
        entry->flag = config_setting_get_bool(setting) != 0;
        break;
    case ENTRY_GROUP:
    case ENTRY_LIST:
    case ENTRY_ARRAY:
        break;
    }
    return number == entry->number || refuse(config, entry, "another number");
}

/* Recursion is as deep as the brackets: CONFIG_MAX_DEPTH at most. */
static bool store(Config *config, Entry *entry, const config_setting_t *setting)
{
    if (!kinds_agree(entry, setting)) {
        return refuse(config, entry, "another kind of value");
    }
    if (entry->kind > ENTRY_ARRAY) {
        return store_value(config, entry, setting);
    }
    if (config_setting_length(setting) != entry->count) {
        return refuse(config, entry, "another number of elements");
    }
    bool ok = true;
    for (int i = 0; i < entry->count; i++) {
        ok = store(config, entry->items[i], config_setting_get_elem(setting, (unsigned)i)) && ok;
    }
    return ok;
}

bool config_load(Config *config, Entry *entry)
{
    assert(config && entry);
    Text text = text_new(config->arena);
    text_string(&text, "value = ");
    config_print(entry, &text);
    text_string(&text, ";\n");
    config_t library;
    config_init(&library);
    bool ok = config_read_string(&library, text.data) == CONFIG_TRUE;
    if (!ok) {
        refuse(config, entry, config_error_text(&library));
    } else {
        const char *name = entry->name;
        entry->name = NULL; // the outermost is called "value" there
        ok = store(config, entry, config_setting_get_elem(config_root_setting(&library), 0));
        entry->name = name;
    }
    config_destroy(&library);
    return ok;
}

/* --- a study -------------------------------------------------------------------------------------
 */

ParamsOptions params_options_default(void)
{
    return (ParamsOptions){.max_bytes = (size_t)4 << 30};
}

/* Adds a folder unless it is there. */
static void add_folder(const char **folders, int *count, const char *folder)
{
    for (int i = 0; i < *count; i++) {
        if (strcmp(folders[i], folder) == 0) {
            return;
        }
    }
    folders[(*count)++] = folder;
}

/* The parent of a folder in letters: "a/b" -> "a", "a" -> ".", "." -> "..". */
static const char *parent_of(Arena *arena, const char *folder)
{
    const char *last = file_base(folder);
    if (strcmp(last, ".") == 0) {
        return "..";
    }
    return strcmp(last, "..") == 0 ? file_join(arena, folder, "..") : file_folder(arena, folder);
}

enum { PARENTS_SEARCHED = 3 };

/* ./models, models beside the folder of the study and its parents, then the folders of the options.
 */
static SearchPath search_path(Arena *arena, const char *folder, SearchPath further)
{
    size_t most = (size_t)further.count + PARENTS_SEARCHED + 1;
    const char **folders = arena_array(arena, most, sizeof *folders);
    int count = 0;
    add_folder(folders, &count, "models");
    for (int i = 0; i < PARENTS_SEARCHED; i++) {
        folder = parent_of(arena, folder);
        bool here = strcmp(folder, ".") == 0;
        add_folder(folders, &count, here ? "models" : file_join(arena, folder, "models"));
    }
    for (int i = 0; i < further.count; i++) {
        add_folder(folders, &count, further.folders[i]);
    }
    return (SearchPath){folders, count};
}

static Reader new_reader(Arena *arena, const char *path, const ParamsOptions *options, Diag *diag)
{
    Reader reader = {.arena = arena, .diag = diag, .options = options};
    reader.config = config_new(arena, diag);
    reader.config->instead = options->instead;
    reader.config->instead_count = options->instead_count;
    reader.folder = file_folder(arena, path);
    reader.search = search_path(arena, reader.folder, options->models);
    reader.study = arena_alloc(arena, sizeof *reader.study);
    reader.study->arena = arena;
    reader.study->path = arena_copy(arena, path, strlen(path));
    reader.study->name = strcmp(path, "-") == 0 ? "study" : file_stem(arena, path);
    return reader;
}

/* The command line's changes belong to the study: the manifest prints them. */
static void keep_settings(Reader *reader)
{
    const ParamsOptions *options = reader->options;
    Study *study = reader->study;
    size_t count = (size_t)options->setting_count;
    study->setting_count = options->setting_count;
    study->settings = arena_array(reader->arena, count + 1, sizeof *study->settings);
    for (size_t i = 0; i < count; i++) {
        const Setting *setting = &options->settings[i];
        study->settings[i].path = arena_copy(reader->arena, setting->path, strlen(setting->path));
        study->settings[i].value =
            arena_copy(reader->arena, setting->value, strlen(setting->value));
    }
}

/* From the tree to the study. Without a sound text nothing but names and types of keys is checked.
 */
static const Study *finish(Reader *reader, bool text_ok, int errors_before)
{
    Entry *root = reader->config->root;
    bool ok = text_ok && config_load(reader->config, root);
    if (ok) {
        apply_settings(reader, true);
        reader->model = read_model(reader);
    }
    if (reader->model) {
        apply_settings(reader, false);
    }
    keys_check(reader->arena, reader->diag, root, "");
    if (!reader->model) {
        return NULL;
    }
    reader->study->model = reader->model;
    keep_settings(reader);
    read_study(reader);
    return diag_errors(reader->diag) == errors_before ? reader->study : NULL;
}

bool open_study(Reader *reader, Arena *arena, const char *path, const ParamsOptions *options,
                Diag *diag)
{
    *reader = new_reader(arena, path, options, diag);
    return config_read_path(reader->config, path) &&
           config_load(reader->config, reader->config->root);
}

const Study *params_read(Arena *arena, const char *path, const ParamsOptions *options, Diag *diag)
{
    assert(arena && path && options && diag);
    int before = diag_errors(diag);
    Reader reader = new_reader(arena, path, options, diag);
    bool text_ok = config_read_path(reader.config, path);
    if (reader.config->source_count == 0) {
        return NULL;
    }
    return finish(&reader, text_ok, before);
}

const Study *params_for_model(Arena *arena, const char *model_path, const ParamsOptions *options,
                              Diag *diag)
{
    assert(arena && model_path && options && diag);
    int before = diag_errors(diag);
    Reader reader = new_reader(arena, model_path, options, diag);
    reader.model_alone = true;
    const Source *nothing = source_from_text(arena, "(study of the model alone)", "", 0);
    bool text_ok = config_read_source(reader.config, nothing);
    return finish(&reader, text_ok, before);
}
