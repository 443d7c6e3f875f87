/* manifest.c: see manifest.h; what is in it: study/manifest.c.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/manifest.h"

#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

const char manifest_name[] = "manifest.json";

static int cannot_write(const char *path)
{
    cli_complain("cannot write '%s': %s", path, strerror(errno));
    return CLI_FILE;
}

int manifest_remove(const Cli *cli, const char *folder)
{
    const char *path = file_join(cli->arena, folder, manifest_name);
    return unlink(path) != 0 && errno != ENOENT ? cannot_write(path) : CLI_OK;
}

int manifest_write(const Cli *cli, const char *folder, const Study *study, const RunResult *result,
                   const char *command)
{
    Text text = text_new(cli->arena);
    const char *path = file_join(cli->arena, folder, manifest_name);
    bool made = study_manifest(study, result, command, cli->arena, &text);
    assert(made && "the manifest holds something that is not JSON");
    (void)made;
    OutFile *file = file_create(cli->arena, path);
    if (file != NULL) {
        file_write(file, text.data, text.length);
    }
    return file == NULL || !file_commit(file) ? cannot_write(path) : CLI_OK;
}
