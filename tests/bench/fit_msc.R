# fit_msc.R: the fit of fit_msc.cfg in R: deSolve's lsoda with the compiled right-hand side of msc_iv.c, optim's
# L-BFGS-B with finite differences, from the same starts.
# Usage: Rscript --vanilla fit_msc.R msc_iv.so data.csv trace.csv STARTS; one line a start: -ln L without constants, calls;
# the last line is the CPU time of all searches.
# SPDX-License-Identifier: GPL-3.0-or-later
suppressMessages(library(deSolve))
argument <- commandArgs(trailingOnly = TRUE)
dyn.load(argument[1])
source(argument[5]) # p, names20, y0: the numbers of msc_iv.R
data <- read.csv(argument[2])
first <- subset(read.csv(argument[3]), iteration == 0)
free <- c(k_fas = "kfas", k_Treg = "d_R", k_Teff = "d_E", k_polarisation = "k_pol", TGFb_gain = "Delta_T",
          IL10_gain = "Delta_10", k_induction = "k_ind", drive_gain = "a_E")
low <- log(c(2, .02, .05, .05, 80, 4, .01, 1))
high <- log(c(40, .4, 1, 1, 2000, 100, .25, 16))
infusion <- 30 / 1440
times <- sort(unique(data$time))
p[c("mm", "ant")] <- 1
place <- cbind(match(data$time, times), match(data$name, names20))
calls <- 0
objective <- function(s) {
  calls <<- calls + 1
  q <- p
  q[free] <- exp(s)
  q["R_iv"] <- 1.4e8 / infusion
  solve <- function(y, at, q) ode(y, at, "derivs", q, method = "lsoda", dllname = "msc_iv", initfunc = "initmod",
                                  rtol = 1e-6, atol = 1e-9, maxsteps = 1e5)
  f <- tryCatch({
    middle <- solve(y0, c(0, infusion), q)[2, -1]
    q["R_iv"] <- 0
    solve(middle, c(infusion, times), q)[-1, -1]
  }, error = function(e) NULL)
  if (is.null(f) || nrow(f) < length(times) || any(!is.finite(f))) return(1e10)
  r <- (log(data$value) - log(f[place])) / 0.05
  if (any(!is.finite(r))) 1e10 else sum(r^2) / 2
}
began <- proc.time()[["user.self"]]
for (i in seq_len(as.integer(argument[4]))) {
  calls <- 0
  fit <- optim(log(unlist(first[i, names(free)])), objective, method = "L-BFGS-B", lower = low, upper = high,
               control = list(maxit = 500))
  cat(sprintf("start %d: %.4f after %d calls\n", i, fit$value, calls))
}
cat(sprintf("%.2f\n", proc.time()[["user.self"]] - began))
