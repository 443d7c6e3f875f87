#!/usr/bin/env python3
# msc_core.py: the MSC core a second time, written from the equations B.1 to B.4 of the specification in numpy and
# integrated by scipy's LSODA at rtol 1e-12; writes tests/reference/msc_trajectory/ and prints the regression
# values R1 to R3 of the specification's prototype (42 % at 8.4 h, 3.79 x at 9.6 h, 1.33; 89 % at 7.2 h, 1.82, 1.11;
# -11.1/-9.5/+11.9 % at d14, -3.0/-2.4/+5.9 % at d90, 75 d). Symbols are the specification's, not the model's.
# Run from the root of the project.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import numpy as np
from scipy.integrate import solve_ivp

HUMAN = dict(V_b=5000., V_p=3000., k_cB=200., e_L=.5, e_T=2e-4, h_SDF=0., k_rel=.1, hom=.005, k_apo=2., k_eff=1.2,
             k_ctl=0., k_apoT=.4, k_N=.126, k_Nd=.0154, v=.9, f_ib=0., T_C0=1600., T_E0=50., T_R0=35., kfas=9.,
             K_rho=.03, s50=.5, kap_E=3., k_rec=5., k_eX=12., w_AT=.3, w_A=10., J50T=4e6, J50M=1e6, Delta_T=400.,
             Delta_10=20., Imax=.95, rho50=.1, n=1.3, l0=.2, k_lic=2., EC_IFN=2000., a_tis=100., b_TNF=1., K_TL=1000.,
             rhoS=.1, d_R=.087, g=.95, R_max=3., k_ind=.05, K_TGF=550., d_E=.2, a_E=4., K_R=1., k_pol=.25, p0=.15,
             p1=1.5, p2=1., q0m=.5, q1=1., q2=1., q3=2., q4=1., K_IFN=50., K_TNF=50., K_10=150., K_10c=150., K_TM=550.,
             d_TNF=38., d_IFN=33., d_10=4.8, d_TGF=10., d_C=7.2, TNF_0=3., IL10_0=4., CCL2_0=100., TGF_0=100.,
             IFN_0=5., s_C=5e-3, N_ref=2e6, k_ag=.14, r_X=.002, p_X=.8, d_X=.3, k_X=1.5, f_Y=.05, d_Y=.0027, y_Y=30.,
             b_D=.3, d_D=.033, k_D=5., phi=1., mm=0., sig=1., fasL=1., eff=1., w_T=1., N_TT=1e8, ant=0.)
MOUSE = dict(HUMAN, V_b=1.2, V_p=.7, e_L=.8, T_C0=3000., T_E0=90., T_R0=150., N_ref=2e4, d_D=.1, N_TT=1e6, d_TNF=53.)
NAMES = ['blood', 'lung', 'site', 'niche', 'dying', 'licensing', 'Tconv', 'Teff', 'Treg', 'Tapo', 'M1', 'plasma_TNF',
         'plasma_IFNg', 'plasma_IL10', 'plasma_TGFb', 'plasma_CCL2', 'antigen', 'CD8_allo', 'CD8_memory', 'DSA']


def hill(c, k):
    return c / (c + k)


def rest(q):
    """Lam and P_0 of the healthy host."""
    lam = (hill(q.a_tis * q.IFN_0, q.EC_IFN) * (1 + q.b_TNF * hill(q.a_tis * q.TNF_0, q.K_TL)) / (1 + q.b_TNF))
    up = q.p0 + q.p1 * hill(q.IFN_0, q.K_IFN) + q.p2 * hill(q.TNF_0, q.K_TNF)
    dn = q.q0m + q.q1 * hill(q.IL10_0, q.K_10) + q.q2 * hill(q.TGF_0, q.K_TM)
    return lam, up / (up + dn)


def rates(t, y, q, p_0):
    mb, ml, mt, mn, a, l, tc, te, tr, tx, p, tnf, ifn, il10, tgf, ccl2, ag, x, yy, d = y
    lf = q.l0 + (1 - q.l0) * l
    rho_b = q.phi * (ml + mb) / (q.T_C0 * 1000 * q.V_b)
    rho_t = q.phi * (mt + mn) / q.N_TT
    rho = max(lf * (rho_b + q.w_T * rho_t), 0.)
    i = q.Imax * rho ** q.n / (rho ** q.n + q.rho50 ** q.n)
    chi = (1 + q.s50 ** 2) * q.sig ** 2 / (q.sig ** 2 + q.s50 ** 2)
    kf = q.kfas * q.fasL * chi * rho_b / (rho_b + q.K_rho)
    ja, jx = q.k_eff * a / q.V_b, q.k_eX * tx * 1000
    ut = q.eff * (jx + q.w_AT * ja) / (jx + q.w_AT * ja + q.J50T)
    um = q.eff * (q.w_A * ja + jx) / (q.w_A * ja + jx + q.J50M)
    s = rho / (rho + q.rhoS)
    big = lambda c: c ** 2 / (c ** 2 + q.K_TGF ** 2)
    lam = hill(q.a_tis * ifn, q.EC_IFN) * (1 + q.b_TNF * hill(q.a_tis * tnf, q.K_TL)) / (1 + q.b_TNF)
    rej = q.mm * (q.k_X * x + q.k_D * d)
    load = q.mm * (mb + ml + mt + mn + 0.3 * a)
    gap = load / (load + q.N_ref) - ag
    e_t = q.e_T * (1 + q.h_SDF)
    q_, q0 = tr / (q.R_max * q.T_R0), 1 / q.R_max
    up = q.p0 + q.p1 * hill(ifn, q.K_IFN) + q.p2 * hill(tnf, q.K_TNF)
    dn = q.q0m + q.q1 * hill(il10, q.K_10) + q.q2 * hill(tgf, q.K_TM) + q.q3 * um + q.q4 * s
    return np.array([
        -q.k_cB * mb,
        q.e_L * q.k_cB * mb - (q.k_rel + q.k_apo + q.k_ctl + rej) * ml,
        e_t * q.k_cB * mb + q.hom * q.k_rel * ml - (q.k_apoT + q.k_N + rej) * mt,
        q.k_N * mt - (q.k_Nd + rej) * mn,
        (1 - q.e_L - e_t) * q.k_cB * mb + (q.k_apo + q.k_ctl + rej + q.k_rel * (1 - q.hom)) * ml
        + (q.k_apoT + rej) * mt + (q.k_Nd + rej) * mn - q.k_eff * a,
        q.k_lic * (lam - l),
        q.k_rec * (q.T_C0 - tc) - kf * tc,
        q.d_E * (q.T_E0 / q.T_C0) * (1 + q.a_E * q.ant) * tc * (1 - i) * (1 + q.K_R) / (1 + q.K_R * tr / q.T_R0)
        - q.d_E * te - q.kap_E * kf * te,
        (1 - q.g) * q.d_R * q.T_R0 + q.g * q.d_R * tr * (1 + q0 ** 4) / (1 + q_ ** 4)
        + q.k_ind * tc * max(0, big(tgf) - big(q.TGF_0)) - q.d_R * tr,
        kf * tc + q.kap_E * kf * te - q.k_eX * tx,
        q.k_pol * ((1 - p) * up - p * dn),
        q.d_TNF * (q.TNF_0 * (.6 * p / p_0 + .4 * te / q.T_E0) * (1 + q.IL10_0 / q.K_10c) / (1 + il10 / q.K_10c) - tnf),
        q.d_IFN * (q.IFN_0 * (te / q.T_E0) * (1 - .5 * i) - ifn),
        q.d_10 * (q.IL10_0 * (.5 * (1 - p) / (1 - p_0) + .5 * tr / q.T_R0) + q.Delta_10 * um - il10),
        q.d_TGF * (q.TGF_0 + q.Delta_T * ut - tgf),
        q.d_C * (q.CCL2_0 * (.7 + .3 * tnf / q.TNF_0) - ccl2) + q.s_C * q.sig * (mb + ml) / q.V_p,
        q.k_ag * (10 * gap if gap > 0 else gap),
        q.mm * q.r_X * ag * (1 + q.y_Y * yy) + q.p_X * ag * x * (1 - x) - q.d_X * (1 - ag) * x,
        q.f_Y * q.d_X * x - q.d_Y * yy,
        q.b_D * q.mm * x * (1 + .1 * q.y_Y * yy) - q.d_D * d])


def run(p, doses, times, y=None):
    """doses: (time, cells into blood). Values at times, after the dose where they coincide."""
    q = type('Parameters', (), p)
    lam, p_0 = rest(q)
    if y is None:
        y = np.array([0, 0, 0, 0, 0, lam, q.T_C0, q.T_E0, q.T_R0, 0, p_0, q.TNF_0, q.IFN_0, q.IL10_0, q.TGF_0,
                      q.CCL2_0, 0, 0, 0, 0.])
    atol = np.array([1e-22] * 5 + [1e-14] + [1e-11] * 4 + [1e-14] + [1e-12] * 5 + [1e-16] * 4)
    times, t, out = np.asarray(times, float), 0., []
    for end, amount in sorted(doses) + [(np.inf, 0)]:
        inside = times[(times >= t) & (times < end)]
        stop = end if np.isfinite(end) else times[-1]
        if stop > t:
            s = solve_ivp(rates, (t, stop), y, 'LSODA', t_eval=np.unique(np.r_[inside, stop]), args=(q, p_0),
                          rtol=1e-12, atol=atol)
            out += [s.y[:, k] for k in range(len(inside))]
            y, t = s.y[:, -1].copy(), stop
        elif len(inside):
            out.append(y)
        f = q.v * (1 - q.f_ib)
        y = y + amount * np.array([f, 0, 0, 0, 1 - f] + [0] * 15)
    return dict(zip(NAMES, np.array(out).T))


if __name__ == '__main__':
    grid = np.arange(0, 61) * 0.05
    for label, p, dose in (('R1 mouse 1e6', MOUSE, 1e6), ('R2 human 7e7', HUMAN, 7e7)):
        y = run(p, [(0, dose)], grid)
        low, high = y['Tconv'].argmin(), y['plasma_TGFb'].argmax()
        print('%s: Tconv %.1f %% at %.1f h, %.1f %% at 72 h; TGFb %.2f x at %.1f h; Treg %.3f x at 72 h' % (
            label, 100 * y['Tconv'][low] / p['T_C0'], 24 * grid[low], 100 * y['Tconv'][-1] / p['T_C0'],
            y['plasma_TGFb'][high] / 100, 24 * grid[high], y['Treg'][-1] / p['T_R0']))
    ill = dict(HUMAN, ant=1.)
    start = np.array([v[-1] for v in run(ill, [], [0, 5000.]).values()])
    y = run(ill, [(0, 7e7)], np.arange(0, 101.), y=start)
    for day in (14, 90):
        print('R3 d%d:' % day, ', '.join('%s %+.2f %%' % (n, 100 * (y[n][day] / y[n][0] - 1))
                                         for n in ('Teff', 'plasma_TNF', 'Treg')))
    excess = y['Treg'] - y['Treg'][0]
    print('R3 Treg excess half-life %.1f d' % (76 * np.log(2) / np.log(excess[14] / excess[90])))
    # no parameter at a value (0, 1) that would hide a term
    p = dict(HUMAN, mm=.9, phi=.7 * .8 * .95 * 1.1, v=.8, f_ib=.1, h_SDF=3., k_ctl=.5, sig=.8, fasL=.9, eff=.85, w_T=.6, ant=.5)
    times = ['0.0', '0.01', '0.05', '0.25', '1.0', '3.0', '7.0', '14.0', '28.0', '28.01', '28.5', '30.0', '45.0', '90.0', '180.0']
    y = run(p, [(0, 1.4e8), (28, 1.4e8)], [float(t) for t in times])
    path = 'tests/reference/msc_trajectory'
    os.makedirs(path, exist_ok=True)
    with open(path + '/reference.csv', 'w') as f:
        f.write('arm,time,name,value\n')
        for k, t in enumerate(times):
            for n in NAMES:
                f.write('all,%s,%s,%s\n' % (t, n, np.format_float_scientific(y[n][k], precision=11)))
    open(path + '/origin.txt', 'w').write('''The 20 states of the MSC core in a person, two infusions of 1.4e8 foreign cells at days 0 and 28.
Method: tests/reference/make/msc_core.py, an implementation in numpy from the specification's equations, LSODA at rtol
1e-12. Digits: 9. Rule: 1e-6, with 1e-9 absolute. No parameter is 0 or 1 where that would hide a term, so that every equation takes part.
''')
    open(path + '/study.cfg', 'w').write('''# Two infusions of foreign cells; all 20 states against an independent implementation, see origin.txt.
model = "msc";
parameters = {
  @include "../../../params/msc/human.cfg"
  mismatch = 0.9;
  cryo_factor = 0.7;
  age_factor = 0.8;
  disease_factor = 0.95;
  donor_factor = 1.1;
  viability = 0.8;
  blood_loss = 0.1;
  homing_gain = 3.0;
  k_cytotoxic = 0.5;
  mcp1_level = 0.8;
  fasl_level = 0.9;
  macrophage_level = 0.85;
  site_weight = 0.6;
  disease_drive = 0.5;
};
time = { end = 180.0; at = [%s]; };
doses = ( { route = "iv"; amount = 1.4e8; at = [0.0, 28.0]; } );
solver = { rtol = 1e-9; atol = 1e-11; };
plots = ();
''' % ', '.join(times))
    open(path + '/tolerance.csv', 'w').write('solver.rtol,relative,absolute\n1e-9,1e-6,1e-9\n')
