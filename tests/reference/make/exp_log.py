#!/usr/bin/env python3
# exp_log.py: for src/base/wide_exp.h: its own minimax coefficients, and values to test it by.
#
# Coefficients: exchange algorithm of Remez on the error that the value will have, 50 digits; printed as hexadecimal
# doubles with the error of the polynomial before rounding (a double has 2^-53). `log`, whose coefficients the header
# takes from fdlibm's e_log.c, is printed too: the same to the last few digits, so the search is right.
# Values: exact to 40 digits, as the nearest double and the rest in units of its last place.
# Run from the root of the project with mpmath; writes tests/unit/exp_log.def.
# SPDX-License-Identifier: GPL-3.0-or-later
import random
from mpmath import atanh, cos, exp, frexp, log, lu_solve, matrix, mp, mpf, pi, sqrt, tanh

mp.dps = 50
LN2 = log(2)
TINY = mpf('1e-12')


# The polynomial of this degree with the smallest largest |weight (polynomial - f)|, and that largest.
def remez(f, weight, low, high, degree):
    def point(part):
        return (low + high) / 2 - (high - low) / 2 * cos(pi * part)

    count = degree + 2
    nodes = [point((i + mpf(1) / 2) / count) for i in range(count)]
    grid = [point(mpf(i) / 600) for i in range(601)]
    for _ in range(30):
        system, right = matrix(count, count), matrix(count, 1)
        for i, x in enumerate(nodes):
            for j in range(degree + 1):
                system[i, j] = x**j
            system[i, degree + 1] = (-1)**i / weight(x)
            right[i] = f(x)
        c = list(lu_solve(system, right))[:degree + 1]
        errors = [weight(x) * (sum(k * x**j for j, k in enumerate(c)) - f(x)) for x in grid]
        peaks = [0]  # the largest error of each run of one sign
        for i in range(1, len(grid)):
            if errors[i] * errors[peaks[-1]] < 0:
                peaks.append(i)
            elif abs(errors[i]) > abs(errors[peaks[-1]]):
                peaks[-1] = i
        while len(peaks) > count:
            peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
        assert len(peaks) == count
        sizes = [abs(errors[i]) for i in peaks]
        nodes = [grid[i] for i in peaks]
        if max(sizes) < mpf('1.01') * min(sizes):
            break
    return c, max(sizes)


def show(name, found):
    print(f'{name}: error 2^{float(log(found[1]) / LN2):.1f}')
    for c in found[0]:
        print(f'    {float(c).hex()}')


def log_rest(z):  # (2 atanh(s) / s - 2) / z, z = s^2
    return mpf(2) / 3 + 2 * z / 5 + 2 * z * z / 7 if z < TINY else (2 * atanh(sqrt(z)) / sqrt(z) - 2) / z


def log2_part(z):  # 2 atanh(s) / (s ln 2)
    return (2 + 2 * z / 3) / LN2 if z < TINY else 2 * atanh(sqrt(z)) / sqrt(z) / LN2


def even_part(z):  # R of 2^r = (R + r) / (R - r), z = r^2
    return 2 / LN2 * (1 + z * LN2**2 / 12) if z < TINY else sqrt(z) / tanh(sqrt(z) * LN2 / 2)


def coefficients():
    most = (3 - 2 * sqrt(mpf(2)))**2
    show('log', remez(log_rest, lambda z: (z + TINY) / 2, mpf(0), most, 6))
    show('log2', remez(log2_part, lambda z: LN2 / 2, mpf(0), most, 7))
    show('shares', remez(even_part, lambda z: 2 * sqrt(z + TINY) / (even_part(z)**2 - z), mpf(0), mpf(1) / 4, 5))


# ---- values ----

def row(name, x, value):
    high = float(value)
    if abs(high) < 2.0**-1074:
        unit = mpf(2)**-1074
    else:
        unit = mpf(2)**max(frexp(mpf(high))[1] - 53, -1074)
    rest = float((value - mpf(high)) / unit)
    return f'VALUE({name}, {x.hex()}, {high.hex()}, {rest:.6f})'


FUNCTIONS = {
    'EXP': exp,
    'LOG': log,
    'LOG2': lambda x: log(x) / LN2,
    'LOGISTIC': lambda x: 1 / (1 + exp(-x * LN2)),
    'LOGISTIC_SLOPE': lambda x: 1 / ((1 + exp(-x * LN2)) * (1 + exp(x * LN2))),
}


def arguments(name, dice):
    near = [1 + s * 2.0**-k for k in (52, 51, 40, 27, 26, 13, 5, 3) for s in (1, -1)]
    turn = [0.7071067811865475, 0.7071067811865476, 1.4142135623730950, 1.4142135623730951]
    if name == 'EXP':
        edge = [709.782712893384, 709.0, 708.0, -708.396418532264, -708.5, -720.0, -744.0, -745.1332191019411]
        small = [s * 2.0**-k for k in (1074, 1022, 60, 54, 53, 30, 10) for s in (1, -1)]
        half = [s * 0.34657359027997264 * k for k in (1, 3, 5) for s in (1, -1)]
        return edge + small + half + [dice.uniform(-1, 1) for _ in range(20)] + \
            [dice.uniform(-745, 709) for _ in range(30)]
    if name.startswith('LOG2') or name == 'LOG':
        small = [5e-324, 1e-320, 2.225073858507201e-308] if name == 'LOG' else []
        return small + [2.2250738585072014e-308, 1e-300, 1.7976931348623157e308, 2.0, 0.5, 10.0] + near + turn + \
            [dice.uniform(0.5, 2) for _ in range(20)] + [2.0**dice.uniform(-1000, 1000) for _ in range(20)]
    return [0.5, -0.5, 1.5, -1.5, 2.0**-60, -2.0**-60, 60.0, -60.0, 500.25, -500.25] + \
        [dice.uniform(-4, 4) for _ in range(25)] + [dice.uniform(-100, 100) for _ in range(15)]


def values():
    dice = random.Random(20261128)
    with open('tests/unit/exp_log.def', 'w', encoding='ascii') as out:
        out.write('/* exp_log.def: VALUE(function, argument, nearest double of the value, the rest in units of its\n'
                  ' * last place): mpmath, 50 digits; written by tests/reference/make/exp_log.py.\n'
                  ' * SPDX-License-Identifier: GPL-3.0-or-later */\n// clang-format off\n')
        for name, function in FUNCTIONS.items():
            for x in arguments(name, dice):
                out.write(row(name, x, function(mpf(x))) + '\n')
        out.write('// clang-format on\n')


coefficients()
values()
