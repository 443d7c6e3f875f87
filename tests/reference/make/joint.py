#!/usr/bin/env python3
# joint.py: courses of the joint and nerve models away from their published numbers, for tests/reference/: ra_numbers,
# ms_daclizumab, oa_doses.
#
# The right-hand sides are the equations of the dossiers (../shared/science/joint-cns), written down or, for rheumatoid
# arthritis, read there as text; numbers are drawn around the published ones, so that an equation or a constant that is
# wrong shows, also where the nominal patient does not look. scipy; LSODA, Radau or DOP853; no line of stroma.
# Run from the root of the project; writes reference.csv of the three folders and the numbers of ra_numbers.
# SPDX-License-Identifier: GPL-3.0-or-later
import csv
import re
from math import exp
import numpy as np
from scipy.integrate import solve_ivp

DOSSIER = '../shared/science/joint-cns/'
OUT = 'tests/reference/'


def write(folder, rows):
    with open(OUT + folder + '/reference.csv', 'w') as file:
        file.write('arm,time,name,value\n')
        file.writelines('%s,%g,%s,%.9g\n' % row for row in rows)


# --- rheumatoid arthritis: Bedathuru 2024 ------------------------------------------------------------------

def read_dossier():
    algebra, equations = re.findall(r'```\n(.*?)```', open(DOSSIER + 'ra.md').read(), re.S)[:2]
    python = lambda text: re.sub(r'\{[^}]*\}', '', text).replace('^', '**').replace('[', '(').replace(']', ')')
    rates, state = {}, None
    for line in equations.strip().split('\n'):
        head = re.match(r'd\[(\w+)\]/dt', line)
        if head:
            state = head.group(1)
            rates[state] = ''
        else:
            rates[state] += python(line).strip() + ' '
    return [python(line) for line in algebra.strip().split('\n')], rates


def table(name):
    return list(csv.reader(line for line in open(DOSSIER + 'data/' + name) if line[0] != '#'))[1:]


# The constants that our parameters stand for: one half level for each mediator, one slope, literals of the file.
def constants(number):
    value = {row[0]: float(row[1]) for row in table('ra_bedathuru2024_parameters.csv')}
    value.update({k: v for k, v in number.items() if k in value})
    for rule, source, _, _, half, _, slope, _ in table('ra_bedathuru2024_hill_edges.csv'):
        source = {'MTXDrug_Central_available': 'MTX', 'TNFa*IFNg': 'IFNg'}.get(source, source)
        source = 'IL12' if rule == 'Hill_IFNgSecMacro_byIL12' else source # as released: reads IL-17, constants of IL-12
        value[half] = number['K_' + source]
        value[slope.split('+')[0]] = number['n_MTX' if source == 'MTX' else 'n_effect']
    value.update(V_MTXc=number['V_MTXc'], V_MTXp=number['V_MTXp'], V_syn=number['plasma_rate_per_volume'],
                 V_ADA=value['Central_Volume_Ada'] / value['F_Ada'], V_TCZc=value['Central_Volume_TCZ'],
                 V_TCZp=value['Peripheral_Volume_TCZ'],
                 ke_Ada_Central=value['Apparant_Cl_Central_Ada'] / value['Central_Volume_Ada'],
                 ke_TCZ_Central=value['CL_TCZ_Central'] / value['Central_Volume_TCZ'])
    return value


def edit(line, number):
    for text, name in (('min(10,', 'cap_stimulation'), ('min(0.9,', 'cap_inhibition')):
        line = line.replace(text, 'min(%r,' % number[name])
    line = line.replace('0.8*TCZDrug_Central', '%r*TCZDrug_Central' % number['available_TCZ'])
    line = line.replace('0.2*TCZDrug_Central_av', '%r*TCZDrug_Central_av' % number['synovium_TCZ'])
    if number['released_macrophage_influx'] == 0 and line.startswith('Pro_MacroInflux'):
        line = line.replace('Slope_MacroInflux_byRANTES+H(TGFb,', 'Slope_MacroInflux_byRANTES)+H(TGFb,')[:-1]
    if number['released_IFNg_Th1'] == 0 and line.startswith('Hill_IFNgSecMacro'):
        line = line.replace('H(IL17,', 'H(IL12,')
    if number['th17_inhibition'] == 1:
        line = line.replace('(1+Pro_Th17Prolif_effect)', '(1+Pro_Th17Prolif_effect)*(1-Anti_Th17Prolif_effect)')
    if number['autoantibody_by_IL6'] == 1:
        line = line.replace('kp_AutoAb_byPlasmaCells', 'kp_AutoAb_byPlasmaCells*(1+Pro_AutoAbSec_byPlasmaCell_effect)')
    return line


def synovium(number):
    algebra, rates = read_dossier()
    scope = constants(number)
    scope['H'] = lambda x, top, half, n: top * x**n / (half**n + x**n) if x > 0 else 0.0
    scope['das'] = [0.0]
    text = 'def rates(t, y):\n ' + ','.join(rates) + ' = y\n'
    text += ''.join(' ' + edit(line, number) + '\n' for line in algebra) + ' das[0] = DAS28_CRP\n'
    text += ' return [' + ', '.join(edit(rate, number) for rate in rates.values()) + ']\n'
    exec(text, scope)
    return list(rates), scope['rates'], scope['das']


def nominal():
    text = open('params/ra/nominal.cfg').read() # names only matter here; values agree with the table of the dossier
    return {k: float(v) for k, v in re.findall(r'^(\w+)\s*=\s*\{ value = ([-\d.eE+]+);', text, re.M)}


def drawn(seed, switches):
    random = np.random.default_rng(seed)
    number = nominal()
    for name in number:
        if name.startswith(('das_', 'released', 'th17_', 'autoanti', 'plasma_', 'baseline', 'CRP', 'IL6_ref')):
            continue
        wide = 0.05 if name in ('n_effect', 'n_MTX', 'cap_inhibition') else 0.4
        number[name] = float('%.4g' % (number[name] * exp(wide * random.normal())))
    number.update(cap_inhibition=min(number['cap_inhibition'], 0.95), CAMSecEndo_MaxbyIL6=0.7,
                  BAFFSecMacro_MaxbyTNFaIFNg=1.3, **switches)
    return number


DRUGS = [(200.0 + 7 * i, 'MTXDose_GI', 12.5) for i in range(8)] + [(205.0 + 10 * i, 'AdaDose', 80.0) for i in range(4)] \
    + [(210.0 + 28 * i, 'TCZDrug_Central', 480.0) for i in range(4)]


def arthritis():
    rows = []
    meant = dict(plasma_rate_per_volume=1.0, released_macrophage_influx=0.0, released_IFNg_Th1=0.0, th17_inhibition=1.0,
                 autoantibody_by_IL6=1.0)
    for arm, seed, switches in (('released', 2, {}), ('meant', 3, meant)):
        number = drawn(seed, switches)
        start = nominal()
        with open(OUT + 'ra_numbers/' + arm + '.cfg', 'w') as file:
            file.write('# Written by tests/reference/make/joint.py.\n')
            file.writelines('%s = %r;\n' % pair for pair in number.items() if start.get(pair[0]) != pair[1])
        names, rates, das = synovium(number)
        bound = [1e-28 if n == 'TNFa_Ada' else 1e-4 if n[0] in 'FEM' and n in ('FLS', 'Endothelial', 'Macrophages')
                 else 1e-14 for n in names]
        y, now = np.zeros(len(names)), 0.0
        wanted = [3.0, 20.0, 100.0, 199.0, 203.5, 221.0, 250.0, 284.5, 333.0, 400.0]
        for stop in sorted({dose[0] for dose in DRUGS} | set(wanted)):
            course = solve_ivp(rates, (now, stop), y, method='LSODA', rtol=1e-9, atol=bound)
            y, now = course.y[:, -1].copy(), stop
            if stop in wanted:
                rates(now, y)
                rows += [(arm, now, n, v) for n, v in zip(names, y) if v > (1e-24 if n == 'TNFa_Ada' else 1e-7)]
                rows.append((arm, now, 'DAS28_CRP', das[0]))
            for _, name, amount in (dose for dose in DRUGS if dose[0] == stop):
                volume = number['Central_Volume_TCZ'] if name == 'TCZDrug_Central' else 1.0
                y[names.index(name)] += amount / volume
    write('ra_numbers', rows)


# --- multiple sclerosis: Pernice 2019, hours ---------------------------------------------------------------

MS = ['EBV', 'Teff', 'Treg', 'ODC1', 'ODC2', 'ODC3', 'ODC4', 'ODC5', 'NK', 'IL2', 'DAC', 'Resting_Teff', 'Resting_Treg',
      'EffectorMemory', 'Resting_Treg_temp', 'Resting_Teff_temp', 'NK_temp']
HEALTHY = dict(TeE=0.4, TrE=0.2, Tr2=0.09, Te2=0.5, TekODC=0.1, TrkTe=3.0, TekEBV=0.15, rec=0.1, NKkT=0.1, cIL2=200.0,
               cMem=200.0, cEBV=1000.0, cDAC=13.02883, nk2=1 / 24, TrD=0.0416667, TeD=0.0416667, NKD=0.0416667, DACD=0.0)


def nerves(y, p, remembers):
    EBV, Teff, Treg, O1, O2, O3, O4, O5, NK, IL2, DAC, RE, RR, memory, RR_temp, RE_temp, NK_temp = y
    CT = sum(y) - memory - RR_temp - RE_temp - NK_temp
    met = lambda x, c: 1 - exp(-x / c)
    act, act_r = p['TeE'] * met(EBV, p['cEBV']) * RE, p['TrE'] * Teff / (Teff + EBV + 1) * RR
    recall = 2 * p['TeE'] * met(memory, p['cMem']) * met(EBV, p['cEBV']) * memory if remembers else 0.0
    share = met(IL2, p['cIL2']) * exp(-DAC / p['cDAC']) * IL2 / CT
    dup, dup_r, dup_n = p['Te2'] * share * Teff, p['Tr2'] * share * Treg, p['nk2'] * NK * IL2 / CT
    on_virus, on_Teff = p['TekEBV'] * EBV * Teff / CT, p['TrkTe'] * Teff * Treg / CT
    nk_Treg, nk_Teff = p['NKkT'] * Treg * NK / CT, p['NKkT'] * Teff * NK / CT
    k1, k2, k3, k4 = (p['TekODC'] * Teff * o / CT for o in (O2, O3, O4, O5))
    r2, r3, r4 = p['rec'] * O2, p['rec'] * O3, p['rec'] * O4
    back, back_r, born = 500 * RE_temp / 1687, 20 * RR_temp / 63, 100 * NK_temp / 375
    return [-on_virus, act + recall + 2 / 3 * dup - p['TeD'] * Teff - on_virus - on_Teff - nk_Teff,
            act_r + dup_r - p['TrD'] * Treg - nk_Treg, k1, -k1 + k2 - r2, -k2 + k3 + r2 - r3, -k3 + k4 + r3 - r4, -k4 + r4,
            dup_n + born - p['NKD'] * NK - nk_Treg - nk_Teff, act + recall - dup - dup_r - dup_n, -p['DACD'] * DAC,
            back - act, back_r - act_r, dup / 3 - recall, act_r - back_r, act - back,
            nk_Treg + nk_Teff + p['NKD'] * NK - dup_n - born]


def sclerosis():
    ill = dict(TekODC=0.15, TrkTe=1.0, TekEBV=0.1)
    other = dict(TeE=0.35, TrE=0.26, Tr2=0.07, Te2=0.62, TekODC=0.12, TrkTe=1.7, TekEBV=0.11, rec=0.08, NKkT=0.13, cIL2=260.0,
                 cMem=150.0, cEBV=800.0, cDAC=20.0, nk2=0.05, TrD=0.03, TeD=0.05, NKD=0.035, DACD=0.004)
    events = sorted([(24.0 * d, 'EBV', 1000.0) for d in (7, 67, 127, 187, 247)]
                    + [(24.0 * d, 'DAC', 30.0) for d in range(60, 361, 30)])
    wanted = [24.0 * d for d in (8, 9, 14, 61, 68, 70, 100, 128, 151, 190, 249, 301, 365)]
    rows = []
    for arm, change in (('ill', dict(ill, DACD=0.001375)), ('ill without loss', dict(ill, cDAC=1.0)),
                        ('healthy', dict(DACD=0.001375)), ('other numbers', other)):
        p = {**HEALTHY, **change}
        y, now = np.zeros(17), 0.0
        y[[7, 8, 9, 11, 12]] = 500, 375, 1000, 1687, 63
        for stop in sorted({e[0] for e in events} | set(wanted)):
            course = solve_ivp(lambda t, y: nerves(y, p, now >= 1608), (now, stop), y, method='Radau', rtol=1e-10, atol=1e-11)
            y, now = course.y[:, -1].copy(), stop
            if stop in wanted:
                rows += [(arm, now / 24, n, v) for n, v in zip(MS, y) if v > 1e-5]
            for _, name, amount in (e for e in events if e[0] == stop):
                y[MS.index(name)] += amount
    write('ms_daclizumab', rows)


# --- osteoarthritis: Baker 2017, jumps ---------------------------------------------------------------------

def joint(t, y, Pfp):
    p, a, m, f = y
    h = lambda x: x * x / (1 + x * x)
    return [(0.01 + 10 * h(p) + Pfp * h(f)) / (1 + a * a) - p, 10 * h(p) + 10 * h(f) - a, 0.01 + 10 * h(p) - m, m - f]


def osteoarthritis():
    rows = []
    for arm, take, doses, Pfp in (('three at 20', (0.2, 0.5, 0.4), [20.0], 10.0), ('three at 16', (0.2, 0.5, 0.4), [16.0], 10.0),
                                  ('six small', (0.1, 0.2, 0.1), [20.0 + 10 * i for i in range(6)], 10.0),
                                  ('persistent', (0.4, 1.2, 1.1), [20.0, 34.0, 48.0], 40.0)):
        y, now = np.array([0.18, 5.0, 0.55, 0.75]), 0.0
        wanted = [10.0, 19.5, 20.5, 25.0, 36.0, 49.5, 60.5, 72.0, 85.0]
        for stop in sorted(set(doses) | set(wanted)):
            y = solve_ivp(joint, (now, stop), y, args=(Pfp,), method='DOP853', rtol=1e-12, atol=1e-14).y[:, -1].copy()
            now = stop
            if stop in wanted:
                rows += [(arm, now, n, v) for n, v in zip('pamf', y)]
            if stop in doses:
                y = np.maximum(0, y - [take[0], 0, take[1], take[2]])
    write('oa_doses', rows)


if __name__ == '__main__':
    osteoarthritis()
    sclerosis()
    arthritis()
