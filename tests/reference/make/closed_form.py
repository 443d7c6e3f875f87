#!/usr/bin/env python3
# closed_form.py: writes tests/reference/pk*/ and transit/ from the analytical solutions, in 40 digits.
#
# A linear mammillary model answers a unit bolus with C(t) = sum_i a_i exp(-l_i t) / V: l_i are the roots of its
# characteristic polynomial, a_i the residues prod_k (k_k1 - l_i) / prod_j (l_j - l_i), both by mpmath. Infusion
# and first-order absorption are the convolutions of that sum, written out; repeated doses are superposed. No
# differential equation is integrated here. Transit chain: the convolution of a gamma density (shape 5) with one
# exponential, by the incomplete gamma function. Run from the root of the project.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
from mpmath import mp, mpf, exp, polyroots, gammainc, gamma, nstr

mp.dps = 40
VALUES = {1: dict(CL='1.3', V='20'), 2: dict(CL='4.2', V='13', Q2='2.7', V2='31'),
          3: dict(CL='3.1', V='9.5', Q2='5.5', V2='22', Q3='0.8', V3='85')}
KA, F, LAG, DOSE = mpf('1.15'), mpf('0.8'), mpf('0.35'), mpf(100)
TIMES = ['0', '0.05', '0.25', '0.35', '0.5', '1', '1.5', '2', '2.25', '3', '4', '6', '8', '10', '12', '12.5', '13.5',
         '14', '16', '20', '24', '25', '30', '36', '36.5', '42', '48', '60', '60.75', '62', '72', '96']


def disposition(n):
    v = {k: mpf(x) for k, x in VALUES[n].items()}
    k10 = v['CL'] / v['V']
    out = [v['Q%d' % k] / v['V'] for k in range(2, n + 1)]
    back = [v['Q%d' % k] / v['V%d' % k] for k in range(2, n + 1)]
    if n == 1:
        poly = [1, -k10]
    elif n == 2:
        poly = [1, -(k10 + out[0] + back[0]), k10 * back[0]]
    else:
        a, b = back
        poly = [1, -(k10 + out[0] + out[1] + a + b),
                k10 * (a + b) + out[0] * b + out[1] * a + a * b, -k10 * a * b]
    roots = [r.real for r in polyroots(poly, maxsteps=500, extraprec=200)]
    terms = []
    for i, l in enumerate(roots):
        c = mpf(1)
        for k in back:
            c *= k - l
        for j, m in enumerate(roots):
            if j != i:
                c /= m - l
        terms.append((c, l))
    return terms, v['V']


def bolus(terms, t):
    return sum(c * exp(-l * t) for c, l in terms) if t >= 0 else mpf(0)


def infusion(terms, t, length):
    if t <= 0:
        return mpf(0)
    inside = min(t, length)
    return sum(c / l * (exp(-l * (t - inside)) - exp(-l * t)) for c, l in terms) / length


def oral(terms, t):
    t = t - LAG
    if t <= 0:
        return mpf(0)
    return F * KA * sum(c * (exp(-l * t) - exp(-KA * t)) / (KA - l) for c, l in terms)


def write(folder, origin, study, rows, runs):
    path = os.path.join('tests/reference', folder)
    os.makedirs(path, exist_ok=True)
    open(os.path.join(path, 'study.cfg'), 'w').write(study.strip() + '\n')
    with open(os.path.join(path, 'reference.csv'), 'w') as f:
        f.write('arm,time,name,value\n')
        for arm, time, name, value in rows:
            f.write('%s,%s,%s,%s\n' % (arm, time, name, nstr(value, 20)))
    open(os.path.join(path, 'tolerance.csv'), 'w').write(runs)
    open(os.path.join(path, 'origin.txt'), 'w').write(origin.strip() + '\n')


def runs(volume):
    text = 'solver.rtol,solver.atol,relative,absolute\n'
    for e in (4, 7, 10):
        text += '1e-%d,1e-%d,1e-%d,%s\n' % (e, e + 1, e - 1, nstr(mpf(10) ** -e / volume, 3))
    return text


ORIGIN = '''%s
Method: tests/reference/make/closed_form.py (roots and residues in 40 digits, no integration). Digits: 20.
Rule: error <= 10 x tolerance: |x - ref| <= 10 (rtol |ref| + atol / V), at three tolerances.'''
STUDY = '''# %s; closed form beside this file, see origin.txt.
model = "pk/pk%d_%s";
parameters = { %s };
time = { end = 96.0; at = [%s]; };
%s
solver = { rtol = 1e-7; atol = 1e-8; };
outputs = ["Cc"];
plots = ();'''


def case(n, kind):
    terms, volume = disposition(n)
    numbers = ' '.join('%s = %s;' % (k, x if '.' in x else x + '.0') for k, x in VALUES[n].items())
    at = ', '.join(t if '.' in t else t + '.0' for t in TIMES)
    starts = [mpf(12) * k for k in range(6)]
    if kind == 'bolus':
        arms = 'doses = ( { route = "iv"; amount = "100 mg"; at = 0.0; } );'
        solution = {'all': lambda t: DOSE * bolus(terms, t)}
    elif kind == 'infusion':
        arms = 'doses = ( { route = "iv"; amount = "100 mg"; at = 0.0; duration = "2 hour"; } );'
        solution = {'all': lambda t: DOSE * infusion(terms, t, mpf(2))}
    elif kind == 'oral':
        arms = 'doses = ( { route = "oral"; amount = "100 mg"; at = 0.0; } );'
        solution = {'all': lambda t: DOSE * oral(terms, t)}
    else:
        dose = 'first = 0.0; every = "12 hour"; count = 6;'
        arms = 'arms = (\n' + ',\n'.join(
            '  { name = "%s"; doses = ( { route = "%s"; amount = "100 mg"; %s%s } ); }' % a
            for a in (('bolus', 'iv', dose, ''), ('infusion', 'iv', dose, ' duration = "2 hour";'),
                      ('oral', 'oral', dose, ''))) + '\n);'
        solution = {'bolus': lambda t: DOSE * sum(bolus(terms, t - s) for s in starts),
                    'infusion': lambda t: DOSE * sum(infusion(terms, t - s, mpf(2)) for s in starts),
                    'oral': lambda t: DOSE * sum(oral(terms, t - s) for s in starts)}
    model = 'oral' if kind in ('oral', 'repeated') else 'iv'
    if model == 'oral':
        numbers += ' ka = 1.15; F = 0.8; Tlag = 0.35;'
    what = '%d compartment%s, %s' % (n, 's' if n > 1 else '', kind)
    rows = [(arm, t, 'Cc', f(mpf(t)) / volume) for arm, f in solution.items() for t in TIMES]
    write('pk%d_%s' % (n, kind), ORIGIN % what, STUDY % (what, n, model, numbers, at, arms), rows, runs(volume))


for n in (1, 2, 3):
    for kind in ('bolus', 'infusion', 'oral', 'repeated'):
        case(n, kind)


# Transit chain: gamma density of shape 5 into one compartment; k < k_tr.
def transit(t, ktr, k):
    if t <= 0:
        return mpf(0)
    return (ktr / (ktr - k)) ** 5 * exp(-k * t) * gammainc(5, 0, (ktr - k) * t) / gamma(5)


times = ['0', '0.25', '0.5', '1', '2', '3', '4', '6', '8', '12', '18', '24', '36']
rows = [('all', t, 'Cc', 100 * transit(mpf(t), mpf(2), mpf(3) / 20) / 20) for t in times]
write('transit', ORIGIN % 'transit chain of 5 compartments', '''
# Five transit compartments into one; closed form beside this file, see origin.txt.
model = "pk/transit";
parameters = { k_tr = 2.0; CL = 3.0; V = 20.0; };
time = { end = 36.0; at = [%s]; };
doses = ( { route = "oral"; amount = "100 mg"; at = 0.0; } );
solver = { rtol = 1e-7; atol = 1e-8; };
outputs = ["Cc"];
plots = ();''' % ', '.join(t if '.' in t else t + '.0' for t in times), rows, runs(20))

# A pulse of 0.05 day in a run of 1000 days: 100 per day on [50, 50.05), loss 0.01 per day.
k = mpf('0.01')
def pulse(t):
    if t <= 50:
        return mpf(0)
    on = min(t, mpf('50.05'))
    return 100 / k * (exp(-k * (t - on)) - exp(-k * (t - 50)))
rows = [('all', t, 'y', pulse(mpf(t))) for t in ('0', '100', '200', '500', '700', '1000')]
rows += [('all', t, 'delivered', mpf(0) if t == '0' else mpf(5)) for t in ('0', '100', '500', '1000')]
write('pulse', '''A pulse of 0.05 day in a run of 1000 days is delivered exactly at every output spacing.
Method: closed form of y' = r(t) - 0.01 y, tests/reference/make/closed_form.py. Digits: 20.
Background: without a stop at the switch times CVODE steps across the pulse at every spacing, return code 0.''', '''
# 100 per day on [50, 50.05), else nothing; run with several output spacings, see tolerance.csv.
model = "pulse";
time = { end = 1000.0; every = 1.0; at = [100.0, 200.0, 500.0, 700.0]; };
solver = { rtol = 1e-8; atol = 1e-10; };
outputs = ["y", "delivered"];
plots = ();''', rows, 'time.every,solver.rtol,relative,absolute\n' + ''.join(
    '%s,1e-8,1e-7,1e-9\n' % e for e in ('1000.0', '100.0', '10.0', '1.0', '0.1')) + '100.0,1e-4,1e-3,1e-5\n')
open('tests/reference/pulse/pulse.stroma', 'w').write('''# pulse.stroma: a short pulse in a long quiet run.
model pulse "A pulse of 0.05 day"
time day

param k [1/day]    = 0.01 "loss"
param r [cell/day] = 100  "rate while the pulse lasts"

input_rate = if t >= 50 [day] and t < 50.05 [day] then r else 0 [cell/day]

state y         [cell] "what is there"      = 0
state delivered [cell] "what has been given" = 0

d/dt(y)         = input_rate - k * y
d/dt(delivered) = input_rate
''')
