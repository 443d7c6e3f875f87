# msc_iv.R: the study params/msc-iv.cfg in R: deSolve's lsoda with the compiled right-hand side of msc_iv.c.
# Usage: Rscript --vanilla msc_iv.R msc_iv.so out.csv
# Same arms, same start (steady state of the inflamed host, here by integrating 3000 days), same infusion of
# 30 min as a segment of its own, same output times, same tolerances, one CSV. The last line on stderr is the
# time inside R, from the loading of the right-hand side to the written CSV.
# SPDX-License-Identifier: GPL-3.0-or-later
suppressMessages(library(deSolve))
began <- proc.time()[["elapsed"]]
argument <- commandArgs(trailingOnly = TRUE)
dyn.load(argument[1])
p <- c(V_b=5000, V_p=3000, k_cB=200, e_L=.5, e_T=2e-4, h_SDF=0, k_rel=.1, hom=.005, k_apo=2, k_eff=1.2, k_ctl=0,
       k_apoT=.4, k_N=.126, k_Nd=.0154, v=.9, f_ib=0, T_C0=1600, T_E0=50, T_R0=35, kfas=9, K_rho=.03, s50=.5, kap_E=3,
       k_rec=5, k_eX=12, w_AT=.3, w_A=10, J50T=4e6, J50M=1e6, Delta_T=400, Delta_10=20, Imax=.95, rho50=.1, n=1.3,
       l0=.2, k_lic=2, EC_IFN=2000, a_tis=100, b_TNF=1, K_TL=1000, rhoS=.1, d_R=.087, g=.95, R_max=3, k_ind=.05,
       K_TGF=550, d_E=.2, a_E=4, K_R=1, k_pol=.25, p0=.15, p1=1.5, p2=1, q0m=.5, q1=1, q2=1, q3=2, q4=1, K_IFN=50,
       K_TNF=50, K_10=150, K_10c=150, K_TM=550, d_TNF=38, d_IFN=33, d_10=4.8, d_TGF=10, d_C=7.2, TNF_0=3, IFN_0=5,
       IL10_0=4, TGF_0=100, CCL2_0=100, s_C=5e-3, N_ref=2e6, k_ag=.14, r_X=.002, p_X=.8, d_X=.3, k_X=1.5, f_Y=.05,
       d_Y=.0027, y_Y=30, b_D=.3, d_D=.033, k_D=5, phi=1, mm=0, sig=1, fasL=1, eff=1, w_T=1, N_TT=1e8, ant=1, R_iv=0)
names20 <- c("blood", "lung", "site", "niche", "dying", "licensing", "Tconv", "Teff", "Treg", "Tapo", "M1",
             "plasma_TNF", "plasma_IFNg", "plasma_IL10", "plasma_TGFb", "plasma_CCL2", "antigen", "CD8_allo",
             "CD8_memory", "DSA")
y0 <- setNames(c(0, 0, 0, 0, 0, .2 * (1 + 300 / 1300) / 2, 1600, 50, 35, 0, .3, 3, 5, 4, 100, 100, 0, 0, 0, 0), names20)
solve <- function(y, times, p)
  ode(y, times, "derivs", p, method = "lsoda", dllname = sub("\\.so$", "", basename(argument[1])),
      initfunc = "initmod", rtol = 1e-6, atol = 1e-9, maxsteps = 1e5)
infusion <- 30 / 1440
early <- c(.01, 30 / 1440, .04, .08, .12, .16, .2, .25, .3, .35, .4, .45, .6, .7, .8, .9, 1.2, 1.4, 1.6, 1.8, 2.25, 2.75)
times <- sort(unique(c(seq(0, 168, .5), early)))
arms <- list(untreated = list(dose = 0, change = c()),
             allogeneic = list(dose = 1.4e8, change = c(mm = 1, phi = .7, v = .8)),
             autologous = list(dose = 1.4e8, change = c(phi = .5 * .7, v = .9)))
rows <- lapply(names(arms), function(name) {
  arm <- arms[[name]]
  q <- p
  q[names(arm$change)] <- arm$change
  rest <- solve(y0, c(0, 3000), q)[2, -1]
  q["R_iv"] <- arm$dose / infusion
  first <- solve(rest, times[times <= infusion], q)
  q["R_iv"] <- 0
  second <- solve(first[nrow(first), -1], times[times >= infusion], q)
  data.frame(arm = name, rbind(first, second[-1, ]))
})
result <- do.call(rbind, rows)
result$viable <- with(result, blood + lung + site + niche)
result$CD3 <- with(result, Tconv + Teff + Treg)
write.csv(result, argument[2], row.names = FALSE, quote = FALSE)
message(sprintf("%.4f", proc.time()[["elapsed"]] - began))
