# desolve.R: R's deSolve (lsoda) with a compiled right-hand side, as a peer of stroma_bench.
#
#   Rscript --vanilla desolve.R PROBLEM LIBRARY
#
# Reads orders from standard input (see plain.c) and answers the CPU seconds of the loop over the patients.
# Doses are deSolve's events; the right-hand side is the same generated C as that of the plain-CVODE baselines.
# SPDX-License-Identifier: GPL-3.0-or-later
suppressMessages(library(deSolve))
argument <- commandArgs(trailingOnly = TRUE)
file <- file(argument[1], "rb")
size <- setNames(readBin(file, "integer", 5), c("states", "parameters", "subjects", "times", "events"))
atol <- readBin(file, "double", size["states"])
times <- readBin(file, "double", size["times"])
parameters <- matrix(readBin(file, "double", size["subjects"] * size["parameters"]), ncol = size["parameters"], byrow = TRUE)
initial <- matrix(readBin(file, "double", size["subjects"] * size["states"]), ncol = size["states"], byrow = TRUE)
events <- matrix(readBin(file, "double", 5 * size["events"]), ncol = 5, byrow = TRUE)
close(file)
dyn.load(argument[2])
library_name <- sub("\\.so$", "", basename(argument[2]))
names <- paste0("y", seq_len(size["states"]))

doses <- function(subject) {
  own <- events[events[, 1] == subject - 1, , drop = FALSE]
  stopifnot(all(own[, 5] == 0)) # boluses only
  if (nrow(own) == 0) return(NULL)
  data.frame(var = names[own[, 3] + 1], time = own[, 2], value = own[, 4], method = "add")
}
# All doses as events, as the manual of deSolve has it; with `early` those of the start are added to the initial state
# instead, which spares lsoda a restart with a step that it chose for the undosed state.
task <- function(subject, early) {
  y <- setNames(initial[subject, ], names)
  dose <- doses(subject)
  if (early && !is.null(dose)) {
    first <- dose[dose$time <= times[1], ]
    for (k in seq_len(nrow(first))) y[first$var[k]] <- y[first$var[k]] + first$value[k]
    dose <- dose[dose$time > times[1], ]
  }
  list(y = y, parms = parameters[subject, ], events = if (is.null(dose) || nrow(dose) == 0) NULL else list(data = dose))
}
tasks <- list(deSolve = lapply(seq_len(size["subjects"]), task, FALSE),
              deSolve0 = lapply(seq_len(size["subjects"]), task, TRUE))
one <- function(task, rtol, factor)
  ode(task$y, times, "derivs", task$parms, method = "lsoda", dllname = library_name, initfunc = "initmod",
      rtol = rtol, atol = atol * factor, events = task$events, maxsteps = 1e5)

input <- file("stdin", "r")
while (length(order <- readLines(input, 1)) > 0) {
  word <- strsplit(order, " ")[[1]]
  rtol <- as.numeric(word[3]); factor <- as.numeric(word[4])
  subjects <- as.integer(word[5]) + seq_len(as.integer(word[6]))
  results <- vector("list", length(subjects))
  began <- proc.time()
  for (i in seq_along(subjects)) results[[i]] <- one(tasks[[word[2]]][[subjects[i]]], rtol, factor)
  took <- proc.time() - began
  if (length(word) > 6) {
    out <- file(word[7], "wb")
    for (r in results) writeBin(as.vector(t(unclass(r)[, -1])), out)
    close(out)
  }
  cat(sprintf("%.9f\n", took[["user.self"]] + took[["sys.self"]]))
  flush(stdout())
}
