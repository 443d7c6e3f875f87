/* settings.h: --set path=value, for every command that reads a study.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_SETTINGS_H
#define STROMA_CLI_SETTINGS_H

#include "cli/cli.h"
#include "params/params.h"

/* Puts all --set of the command line into the options, in order; false: *bad is the one without a
 * path or "=". */
bool settings_read(const Cli *cli, ParamsOptions *params, const char **bad);

/* --at-dose WHICH of outputs: pre, post, or (if it is allowed) both; an ExitCode, complained of. */
int settings_at_dose(const Cli *cli, bool both, AtDose *at_dose);
/* --at-dose WHICH of what a fit compares with: pre, post, records; likewise. */
int settings_fit_at_dose(const Cli *cli, ParamsOptions *params);

#endif
