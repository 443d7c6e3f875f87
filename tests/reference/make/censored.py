#!/usr/bin/env python3
# censored.py: estimates and standard errors of fits with values beyond a limit, for tests/cli/fit_censored.sh.
#
# One compartment, a bolus: C = dose / V exp(-CL / V t), two doses. -ln L is written down from Beal 2001 (M2, M3, M4), Ahn
# 2008 (M4 conditions all values, seen or not, on being above 0) and the normal distribution, its minimum found and its
# Hessian taken with 40 digits (mpmath): no line of stroma, no solver. Coordinates: ln CL, V itself, ln of standard
# deviations. Standard errors: roots of the inverse Hessian's diagonal.
# Run from the root of the project with numpy, scipy, mpmath; writes the files of tests/reference/censored.
# SPDX-License-Identifier: GPL-3.0-or-later
import csv
import mpmath as mp
import numpy as np
from scipy.optimize import minimize

OUT = 'tests/reference/censored/'
DOSES = {'low': 30, 'high': 100}
TIMES = [0.5, 1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24]
CL, V, SD, CV = 4.0, 25.0, 0.12, 0.15
QUANTIFIED = 0.25
mp.mp.dps = 40


def curve(dose, time, clearance, volume, exp):
    return dose / volume * exp(-clearance / volume * time)


# What a laboratory would send: rounded, and the limit where it could not tell.
def make_data():
    random = np.random.default_rng(20010521)
    seen, limits = [], []
    for arm, dose in DOSES.items():
        for time in TIMES:
            f = curve(dose, time, CL, V, np.exp)
            y = round(f + np.hypot(SD, CV * f) * random.normal(), 3)
            below = y < QUANTIFIED
            seen.append((arm, time, QUANTIFIED if below else y, int(below)))
            # the same, told otherwise: between two limits; above 3 off the scale; what was seen lay above its limit
            if y > 3:
                limits.append((arm, time, 3, -1, ''))
            elif below:
                limits.append((arm, time, QUANTIFIED, 1, 0.1 if y > 0.1 else -0.5))
            else:
                limits.append((arm, time, y, 0, QUANTIFIED))
    for name, rows, head in (('seen', seen, 'arm,time,value,cens'), ('limits', limits, 'arm,time,value,cens,limit')):
        with open(OUT + name + '.csv', 'w') as file:
            file.write(head + '\n')
            file.writelines(','.join(str(cell) for cell in row) + '\n' for row in rows)
    return seen, limits


def minus_log(row, f, sd, log_scale, blq):
    y, cens, limit = row[2], row[3], row[4] if len(row) > 4 else ''
    to = mp.log if log_scale else mp.mpf
    g, seen = to(f), to(y)
    below = lambda bound: mp.ncdf((bound - g) / sd)
    limit = None if limit == '' else to(limit)
    nothing = None if log_scale else mp.mpf(0) # all that is lognormal lies above 0
    if cens == 0: # M2: below its limit it would not have been seen
        floor = limit if limit is not None or blq != 'M4' else nothing
    elif blq == 'M4': # the sample space begins at 0, or at a limit below that; a higher one was observed, not given
        floor = limit if cens == 1 and limit is not None and limit < 0 else nothing
    else:
        floor = None
    condition = 0 if floor is None else mp.log(1 - below(floor))
    if cens == 0:
        return ((seen - g) / sd)**2 / 2 + mp.log(sd) + mp.log(2 * mp.pi) / 2 + (seen if log_scale else 0) + condition
    if cens == -1:
        return -mp.log(1 - below(seen)) + condition
    lower = limit if limit is not None else floor
    return -mp.log(below(seen) - (0 if lower is None else below(lower))) + condition


def objective(rows, error, blq):
    def value(*at):
        clearance, volume = mp.exp(at[0]), at[1]
        total = mp.mpf(0)
        for row in rows:
            f = curve(mp.mpf(DOSES[row[0]]), mp.mpf(row[1]), clearance, volume, mp.exp)
            if error == 'combined':
                sd = mp.sqrt(mp.exp(2 * at[2]) + mp.exp(2 * at[3]) * f * f)
            else:
                sd = mp.exp(at[2]) * (f if error == 'proportional' else 1)
            total += minus_log(row, f, sd, error == 'lognormal', blq)
        return total
    return value


def fit(rows, error, blq):
    value = objective(rows, error, blq)
    start = [np.log(CL), V, np.log(SD)] + ([np.log(CV)] if error == 'combined' else [])
    with mp.workdps(15):
        rough = minimize(lambda x: float(value(*[mp.mpf(u) for u in x])), start, method='Nelder-Mead',
                         options=dict(xatol=1e-6, fatol=1e-9, maxiter=4000, maxfev=4000))
    at = mp.matrix([mp.mpf(u) for u in rough.x])
    count = len(at)
    unit = lambda *which: tuple(sum(i == k for i in which) for k in range(count))
    for _ in range(5): # Newton
        gradient = mp.matrix([mp.diff(value, tuple(at), unit(i)) for i in range(count)])
        hessian = mp.matrix(count, count)
        for i in range(count):
            for k in range(i + 1):
                hessian[i, k] = hessian[k, i] = mp.diff(value, tuple(at), unit(i, k))
        step = mp.lu_solve(hessian, -gradient)
        at += step
        if mp.norm(step) < 1e-12:
            break
    assert mp.norm(step) < 1e-12 and min(mp.eigsy(hessian, eigvals_only=True)) > 0
    inverse = hessian**-1
    return value(*at), at, [mp.sqrt(inverse[i, i]) for i in range(count)]


def main():
    seen, limits = make_data()
    above = [row for row in seen if not row[3]] # nothing censored, and yet M4 conditions
    with open(OUT + 'expected.csv', 'w') as file:
        file.write('data,error,blq,name,coordinate,coordinate_se,minus_two_log\n')
        for name, rows, error, blq in (('seen', seen, 'additive', 'M3'), ('seen', seen, 'additive', 'M4'),
                                       ('seen', seen, 'combined', 'M3'), ('seen', seen, 'combined', 'M4'),
                                       ('seen', seen, 'proportional', 'M3'), ('seen', seen, 'lognormal', 'M3'),
                                       ('limits', limits, 'additive', 'M3'), ('limits', limits, 'combined', 'M4'),
                                       ('above', above, 'additive', 'M4'), ('above', above, 'proportional', 'M4')):
            least, at, se = fit(rows, error, blq)
            names = ['CL', 'V'] + (['cv(C)'] if error == 'proportional' else ['sd(C)', 'cv(C)'])
            for i in range(len(at)):
                file.write('%s,%s,%s,%s,%s,%s,%s\n' % (name, error, blq, names[i], mp.nstr(at[i], 12), mp.nstr(se[i], 12),
                                                       mp.nstr(2 * least, 12)))


main()
