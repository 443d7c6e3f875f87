#!/bin/sh
# drive.sh: what PEST does with the files of this folder, as small as it can be: fills the template, runs the
# model command, reads its output by the instructions, and does Gauss and Newton's steps (Marquardt's damping, finite
# differences) in the logarithms of the parameters. To see that template and instructions fit the program, and
# to fit without PEST. Works in the folder where it is called.
#   sh drive.sh           prints the parameters and the weighted sum of squares
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
exec awk -v here="$here" '
function read_file(path, lines,    n, line) {
    n = 0
    while ((getline line < path) > 0) if (line !~ /^#/) lines[++n] = line
    close(path)
    return n
}
# The template with the values in place of ~ name ~.
function fill(x,    i, line, name, at, end) {
    printf "" > "pkpd.csv"
    for (i = 2; i <= template_count; i++) {
        line = template[i]
        while ((at = index(line, "~")) > 0) {
            end = at + index(substr(line, at + 1), "~")
            name = substr(line, at + 1, end - at - 1)
            gsub(/ /, "", name)
            line = substr(line, 1, at - 1) sprintf("%.17g", exp(x[place[name]])) substr(line, end + 1)
        }
        print line > "pkpd.csv"
    }
    close("pkpd.csv")
}
# Weighted residuals at x; the sum of their squares. 1e30: the run failed.
function run(x, r,    i, k, n, words, cells, column, lines, count, sum, name) {
    fill(x)
    if (system("sh \"" here "/model.sh\"") != 0) return 1e30
    count = read_file("pkpd.out", lines)
    sum = 0
    for (i = 2; i <= instruction_count; i++) { # l1: the next line; w: the next word; !name!: read it
        if (i - 1 > count) return 1e30
        split(lines[i - 1], cells, " ")
        n = split(instruction[i], words, " ")
        column = 1
        for (k = 2; k <= n; k++) {
            if (words[k] == "w") { column++; continue }
            name = substr(words[k], 2, length(words[k]) - 2)
            r[number[name]] = (cells[column] - seen[name]) * weight[name]
            sum += r[number[name]] ^ 2
        }
    }
    return sum
}
# Solves a x = b of order p, which is small and positive definite.
function solve(a, b, p, x,    i, j, k, f) {
    for (i = 1; i <= p; i++)
        for (j = i + 1; j <= p; j++) {
            f = a[j, i] / a[i, i]
            for (k = i; k <= p; k++) a[j, k] -= f * a[i, k]
            b[j] -= f * b[i]
        }
    for (i = p; i >= 1; i--) {
        x[i] = b[i]
        for (k = i + 1; k <= p; k++) x[i] -= a[i, k] * x[k]
        x[i] /= a[i, i]
    }
}
BEGIN {
    template_count = read_file(here "/pkpd.tpl", template)
    instruction_count = read_file(here "/pkpd.ins", instruction)
    p = read_file(here "/pkpd.par", lines)
    for (i = 1; i <= p; i++) { split(lines[i], cells, " "); place[cells[1]] = i; names[i] = cells[1]; x[i] = log(cells[2])
                               low[i] = log(cells[3]); high[i] = log(cells[4]) }
    m = read_file(here "/pkpd.obs", lines)
    for (i = 1; i <= m; i++) { split(lines[i], cells, " "); seen[cells[1]] = cells[2]; weight[cells[1]] = cells[3]; number[cells[1]] = i }
    best = run(x, r)
    damping = 0.01
    for (round = 0; round < 30 && damping < 1e8; round++) {
        for (k = 1; k <= p; k++) { # a column of the Jacobian
            for (i = 1; i <= p; i++) trial[i] = x[i] + (i == k ? 1e-3 : 0)
            run(trial, moved)
            for (i = 1; i <= m; i++) slope[i, k] = (moved[i] - r[i]) / 1e-3
        }
        better = 0
        for (attempt = 0; attempt < 8 && !better; attempt++) {
            for (j = 1; j <= p; j++) {
                b[j] = 0
                for (k = 1; k <= p; k++) a[j, k] = 0
                for (i = 1; i <= m; i++) {
                    b[j] -= slope[i, j] * r[i]
                    for (k = 1; k <= p; k++) a[j, k] += slope[i, j] * slope[i, k]
                }
                a[j, j] *= 1 + damping
            }
            solve(a, b, p, step)
            for (i = 1; i <= p; i++) {
                trial[i] = x[i] + step[i]
                trial[i] = trial[i] < low[i] ? low[i] : trial[i] > high[i] ? high[i] : trial[i]
            }
            sum = run(trial, moved)
            better = sum < best
            damping *= better ? 0.1 : 10
        }
        if (!better) break
        done = best - sum < 1e-6 * best
        best = sum
        for (i = 1; i <= p; i++) x[i] = trial[i]
        for (i = 1; i <= m; i++) r[i] = moved[i]
        if (done) break
    }
    for (i = 1; i <= p; i++) printf "%s %.6g\n", names[i], exp(x[i])
    printf "sum %.6g\n", best
}'
