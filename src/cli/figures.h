/* figures.h: the plots of a study as gnuplot scripts and pictures beside its data.
 *
 * Shared by `run` and `plot`. A plot may show outputs that the study does not list under `outputs`;
 * such a plot reads <study>-plots.csv, which has every column, instead of <study>.csv.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_FIGURES_H
#define STROMA_CLI_FIGURES_H

#include "cli/cli.h"
#include "study/population.h"
#include "table/gnuplot.h"

/* The data a study leaves: name of its CSV, and of the one for plots or NULL if not needed. */
const char *figures_csv(Arena *arena, const Study *study);
const char *figures_plot_csv(Arena *arena, const Study *study);

/* One Figure for each plot of the study (study->plot_count). */
const Figure *figures_of_study(Arena *arena, const Study *study);

/* Figures of a population: for each plot medians in a band, read from summary.csv; then, if there
 * are several arms, the difference between them for the first curve of each plot, from
 * contrast.csv. */
const Figure *figures_of_population(Arena *arena, const Study *study, int *count);

/* Removes pictures of an earlier run in the same folder: they would show other numbers than the
 * table beside them. */
int figures_remove(const Cli *cli, const char *folder, const Figure *figures, int count);

/* Writes one script for each figure into the folder. An ExitCode; complaints are said. */
int figures_write(const Cli *cli, const char *folder, const Figure *figures, int count);

/* Runs gnuplot on scripts (file names) of the folder. Without gnuplot: CLI_OK, one word about it,
 * and *rendered is false. Stops early if interrupted. */
int figures_render(const Cli *cli, const char *folder, const char *const *scripts, int count,
                   bool *rendered);

/* Draws them on stdout. */
void figures_draw(Cli *cli, const Figure *figures, int count, const Table *table);

#endif
