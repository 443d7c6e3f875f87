#!/usr/bin/env python3
"""Makes observed.csv: simulated, not measured, and not by stroma.

Two compartments by mouth and an indirect response, integrated by scipy (LSODA, rtol 1e-10) with equations of its own;
5 % proportional scatter on the concentration, 0.02 on the response. The fits must find TRUTH again.
SPDX-License-Identifier: GPL-3.0-or-later
"""
import sys

import numpy
from scipy.integrate import solve_ivp

TRUTH = {"CL": 5.0, "V": 30.0, "k_out": 0.25, "IC50": 1.5}
FIXED = {"ka": 1.2, "Q": 4.0, "V2": 50.0, "I_max": 0.9}
TIMES = [0.5, 1, 2, 3, 4, 6, 8, 12, 16, 24, 36, 48]
DOSES = {"low": 100.0, "high": 400.0}


def rates(_, y, p):
    depot, central, peripheral, response = y
    c = central / p["V"]
    exchange = p["Q"] * (c - peripheral / p["V2"])
    return [-p["ka"] * depot,
            p["ka"] * depot - p["CL"] * c - exchange,
            exchange,
            p["k_out"] * (1 - p["I_max"] * c / (p["IC50"] + c)) - p["k_out"] * response]


def main(path):
    draw = numpy.random.default_rng(20261127)
    p = {**TRUTH, **FIXED}
    with open(path, "w", encoding="utf-8") as out:
        out.write("arm,time,name,value\n")
        for arm, dose in DOSES.items():
            y = solve_ivp(rates, (0, 48), [dose, 0, 0, 1], "LSODA", TIMES, args=(p,), rtol=1e-10, atol=1e-12).y
            for i, time in enumerate(TIMES):
                seen = y[1][i] / p["V"] * (1 + 0.05 * draw.standard_normal())
                effect = y[3][i] + 0.02 * draw.standard_normal()
                out.write(f"{arm},{time},Cc,{seen:.4g}\n{arm},{time},R,{effect:.3f}\n")


main(sys.argv[1] if len(sys.argv) > 1 else "observed.csv")
