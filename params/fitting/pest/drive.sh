#!/bin/sh
# drive.sh: what PEST does with a control file, as small as it can be: fills the template, runs the model command, reads its
# output by the instructions, and does Gauss and Newton's steps (Marquardt's damping, differences to both sides) in the
# logarithms of the parameters. To see that control file, template and instructions fit the program, and to fit without PEST.
#   sh drive.sh pkpd.pst     in the folder of the control file; prints the parameters and phi, the weighted sum of squares
# It knows what pkpd.pst has: one template, one file of output, parameters on a log scale, and of the instructions l1, w and !name!.
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
if [ "$#" != 1 ] || [ ! -r "$1" ]; then
    echo "usage: sh drive.sh CONTROL.pst" >&2
    exit 2
fi
exec awk -v control="$1" '
function fail(words) { print "drive.sh: " words > "/dev/stderr"; failed = 1; exit 1 }
function read_file(path, lines,    n, line) {
    n = 0
    while ((getline line < path) > 0) lines[++n] = line
    close(path)
    return n
}
# The control file: sections that begin with a star.
function read_control(    lines, count, i, k, section, row, cells) {
    count = read_file(control, lines)
    if (lines[1] != "pcf") fail(control " does not begin with pcf")
    for (i = 2; i <= count; i++) {
        if (lines[i] ~ /^\*/) { section = lines[i]; row = 0; continue }
        split(lines[i], cells, " ")
        row++
        if (section == "* control data" && row == 2) { wants_p = cells[1]; wants_m = cells[2] }
        if (section == "* parameter data") {
            k = ++p
            place[tolower(cells[1])] = k
            names[k] = cells[1]; x[k] = log(cells[4]); low[k] = log(cells[5]); high[k] = log(cells[6])
            if (cells[2] != "log") fail(cells[1] " is not on a log scale")
        }
        if (section == "* observation data") { k = ++m; seen[cells[1]] = cells[2]; weight[cells[1]] = cells[3]; number[cells[1]] = k }
        if (section == "* model command line") command = lines[i]
        if (section == "* model input/output" && row == 1) { template_path = cells[1]; input = cells[2] }
        if (section == "* model input/output" && row == 2) { instruction_path = cells[1]; output = cells[2] }
    }
    if (p != wants_p || m != wants_m) fail(control " says " wants_p " parameters and " wants_m " observations, and has " p " and " m)
}
# As many digits as the field has room for.
function digits(value, width,    n, text) {
    for (n = 17; n > 0; n--) {
        text = sprintf("%" width "." n "g", value)
        if (length(text) <= width) return text
    }
    fail("a field of the template has no room for " value)
}
# The template with the values in place of ~ name ~, as wide as that.
function fill(x,    i, line, name, at, end) {
    printf "" > input
    for (i = 2; i <= template_count; i++) {
        line = template[i]
        while ((at = index(line, "~")) > 0) {
            end = at + index(substr(line, at + 1), "~")
            name = tolower(substr(line, at + 1, end - at - 1))
            gsub(/ /, "", name)
            if (!(name in place)) fail("the template has " name ", the control file has not")
            line = substr(line, 1, at - 1) digits(exp(x[place[name]]), end - at + 1) substr(line, end + 1)
        }
        print line > input
    }
    close(input)
}
# Weighted residuals at x; the sum of their squares. 1e30: the run failed.
function run(x, r,    i, k, n, words, cells, column, lines, count, sum, name, got) {
    fill(x)
    if (system(command) != 0) return 1e30
    count = read_file(output, lines)
    sum = got = 0
    for (i = 2; i <= instruction_count; i++) { # l1: the next line; w: the next word; !name!: read it
        if (i - 1 > count) return 1e30
        split(lines[i - 1], cells, " ")
        n = split(instruction[i], words, " ")
        column = 1
        for (k = 2; k <= n; k++) {
            if (words[k] == "w") { column++; continue }
            name = substr(words[k], 2, length(words[k]) - 2)
            if (!(name in number)) fail("the instructions have " name ", the control file has not")
            r[number[name]] = (cells[column] - seen[name]) * weight[name]
            sum += r[number[name]] ^ 2
            got++
        }
    }
    if (got != m) fail("the instructions read " got " of " m " observations")
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
# A column of the Jacobian.
function differences(k, h,    i, trial, above, below) {
    for (i = 1; i <= p; i++) trial[i] = x[i] + (i == k ? h : 0)
    if (run(trial, above) >= 1e30) fail("a run beside the best point failed")
    trial[k] = x[k] - h
    if (run(trial, below) >= 1e30) fail("a run beside the best point failed")
    for (i = 1; i <= m; i++) slope[i, k] = (above[i] - below[i]) / (2 * h)
}
BEGIN {
    read_control()
    template_count = read_file(template_path, template)
    instruction_count = read_file(instruction_path, instruction)
    if (template[1] != "ptf ~") fail(template_path " does not begin with ptf ~")
    if (instruction[1] !~ /^pif/) fail(instruction_path " does not begin with pif")
    best = run(x, r)
    if (best >= 1e30) fail("the model command does not run at the start")
    damping = 0.01
    for (round = 0; round < 30 && damping < 1e8; round++) {
        for (k = 1; k <= p; k++) differences(k, 1e-3)
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
        done = best - sum < 1e-9 * best
        best = sum
        for (i = 1; i <= p; i++) x[i] = trial[i]
        for (i = 1; i <= m; i++) r[i] = moved[i]
        if (done) break
    }
    for (i = 1; i <= p; i++) printf "%s %.7g\n", names[i], exp(x[i])
    printf "phi %.7g\n", best
}
END { exit failed }'
