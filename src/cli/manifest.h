/* manifest.h: the manifest in the folder of the results: first to go, last to come.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_MANIFEST_H
#define STROMA_CLI_MANIFEST_H

#include "cli/cli.h"
#include "study/study.h"

extern const char manifest_name[];

/* That of an earlier run goes before the first of its files is replaced. An ExitCode. */
int manifest_remove(const Cli *cli, const char *folder);
/* command: the command line to be kept. An ExitCode. */
int manifest_write(const Cli *cli, const char *folder, const Study *study, const RunResult *result,
                   const char *command);

#endif
