/* batch.h: `stroma run --batch`: a study with many sets of numbers.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_BATCH_H
#define STROMA_CLI_BATCH_H

#include "cli/cli.h"

#include "study/study.h"

/* The option table of `run` must be in force. Returns an exit code. */
int batch_command(Cli *cli, const Study *study, const char *folder, int lanes);

#endif
