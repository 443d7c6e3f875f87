#!/usr/bin/env python3
# lung_skin.py: the models of fibrosis, skin, lung and wound a second time, written from the equations of their sources in numpy, at numbers
# other than the studies', none of them at a value (0, 1) that would hide a term. MSC by msc_core.py. Integrated by scipy's
# Radau at rtol 1e-11; writes tests/reference/{fibrosis,ssc,ipf,copd,wound}_other/. Run from the root of the project.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import sys
import numpy as np
from scipy.integrate import solve_ivp
sys.path.insert(0, os.path.dirname(__file__))
import msc_core

PER_MINUTE = 1440.
ADLER = dict(l1=.9, l2=.8, mu1=.3, mu2=.3, K=1e6, k1=1e9, k2=1e9, b1=470., b2=70., b3=240., a1=940., a2=510., g=2.,
             T_by_M=.07, T_by_F=.004, k_T=9.1, influx=0., influx_end=1e6)
OTHER = dict(l1=.85, l2=.75, mu1=.28, mu2=.33, K=8e5, k1=7e8, k2=9e8, b1=420., b2=90., b3=200., a1=800., a2=560., g=1.7,
             T_by_M=.06, T_by_F=.005, k_T=8., influx=2e4, influx_end=6.)
HOT = (481389.27423157, 639488.29944824, 6e8, 1799104191.571, 5.1307404459673)
F_HOT, M_HOT, T_HOT = HOT[0], HOT[1], HOT[4]
PRODUCT = dict(msc_core.HUMAN, mm=.9, phi=.7 * .8 * .95 * 1.1, v=.8, f_ib=.1, h_SDF=10., k_ctl=.5, sig=.8, fasL=.9, eff=.85,
               w_T=.6, ant=.5)


def circuit(t, y, p, loss=0., brake=1., kept=1., m_loss=0., pdgf=1., tgf=1., pulse=0., drive=0.):
    """Adler 2020, and TGF-beta of Waugh and Sherratt 2006 in ng/mL. pulse: an injury that arrives whole."""
    f, m, c, q, tt = y
    b1, b2, b3, a1, a2 = (PER_MINUTE * p[n] for n in ('b1', 'b2', 'b3', 'a1', 'a2'))
    i = ((p['influx'] if t < p['influx_end'] else 0.) + drive) * kept + pulse
    return [f * (p['l1'] / brake * q / (p['k2'] + q) * (1 - f / p['K']) - p['mu1'] - loss),
            m * (p['l2'] * c / (p['k1'] + c) - p['mu2'] - m_loss) + i,
            b1 * f - a1 * m * c / (p['k1'] + c) - p['g'] * c,
            b2 * pdgf * m + b3 * f - a2 * f * q / (p['k2'] + q) - p['g'] * q,
            (p['T_by_M'] * tgf * m + p['T_by_F'] * f) / 1e3 - p['k_T'] * tt]


def laying(t):
    t = min(t, 8.)
    return .0092 * t ** 3 - .1552 * t ** 2 + .6279 * t + .2527


def cells(q, y, p_0):
    """What the MSC core offers to a disease, besides its rates."""
    mb, ml, mt, mn, a, lic, tc, te, tx = *y[:5], y[5], y[6], y[7], y[9]
    lf = q.l0 + (1 - q.l0) * lic
    rho_b = q.phi * (ml + mb) / (q.T_C0 * 1000 * q.V_b)
    rho = max(lf * (rho_b + q.w_T * q.phi * (mt + mn) / q.N_TT), 0.)
    chi = (1 + q.s50 ** 2) * q.sig ** 2 / (q.sig ** 2 + q.s50 ** 2)
    ja, jx = q.k_eff * a / q.V_b, q.k_eX * tx * 1000
    flux_t, flux_m = jx + q.w_AT * ja, q.w_A * ja + jx
    return dict(acting_outside=q.phi * lf * (mt + mn), acting_lung=q.phi * lf * (ml + mt + mn),
                I=q.Imax * rho ** q.n / (rho ** q.n + q.rho50 ** q.n), S=rho / (rho + q.rhoS),
                U_T=q.eff * flux_t / (flux_t + q.J50T), U_M=q.eff * flux_m / (flux_m + q.J50M),
                kill=q.kap_E * q.kfas * q.fasL * chi * rho_b / (rho_b + q.K_rho))


def integrate(rates, y, times, stops=(), doses=None):
    """Values at times; at each of `stops` (switches) and times of `doses` {t: change of y} integration begins anew."""
    doses = doses or {}
    times, out, t, y = np.asarray(times, float), [], 0., np.array(y, float)
    for end in sorted(set(stops) | set(doses) | {times[-1]}):
        if end > t:
            inside = times[(times >= t) & (times < end)]
            last = np.nextafter(end, 0)  # a switch at the end belongs to the next part
            s = solve_ivp(lambda u, v: rates(min(u, last), v), (t, end), y, 'Radau', t_eval=np.unique(np.r_[inside, end]), rtol=1e-11,
                          atol=np.maximum(1e-14, 1e-14 * np.abs(y)))
            assert s.success, s.message
            out += [s.y[:, k] for k in range(len(inside))]
            t, y = end, s.y[:, -1].copy()
        if end in doses:
            y = y + doses[end]
        if end == times[-1]:
            out.append(y)
    return np.array(out)


def with_cells(disease, start, times, stops, iv, local):
    """disease(t, y, what MSC offer) beside the core."""
    q = type('Parameters', (), PRODUCT)
    lam, p_0 = msc_core.rest(q)
    rest = [0, 0, 0, 0, 0, lam, q.T_C0, q.T_E0, q.T_R0, 0, p_0, q.TNF_0, q.IFN_0, q.IL10_0, q.TGF_0, q.CCL2_0, 0, 0, 0, 0.]
    doses = {}
    for t, d in iv:
        f = q.v * (1 - q.f_ib)
        doses[t] = doses.get(t, 0) + d * np.r_[[f, 0, 0, 0, 1 - f], np.zeros(15 + len(start))]
    for t, d in local:
        doses[t] = doses.get(t, 0) + d * np.r_[[0, 0, q.v, 0, 1 - q.v], np.zeros(15 + len(start))]

    def rates(t, y):
        return np.r_[msc_core.rates(t, y[:20], q, p_0), disease(t, y[20:], cells(q, y, p_0))]
    return integrate(rates, np.r_[rest, start], times, stops, doses)[:, 20:]


def write(name, rows, study, origin, rule):
    path = 'tests/reference/' + name
    os.makedirs(path, exist_ok=True)
    with open(path + '/reference.csv', 'w') as f:
        f.write('arm,time,name,value\n')
        for arm, t, n, v in rows:
            f.write('%s,%s,%s,%s\n' % (arm, t, n, np.format_float_scientific(v, precision=10)))
    open(path + '/study.cfg', 'w').write(study)
    open(path + '/origin.txt', 'w').write(origin + '\nMethod: tests/reference/make/lung_skin.py, an implementation in numpy '
                                          'from the equations, Radau at rtol 1e-11. Digits: 9.\n')
    open(path + '/tolerance.csv', 'w').write('solver.rtol,solver.atol,relative,absolute\n' + rule + '\n')


def rows_of(arm, times, names, y):
    return [(arm, '%g' % t, n, y[k, i]) for k, t in enumerate(times) for i, n in enumerate(names) if n and t > 0]


TISSUE = ['F', 'M', 'C', 'P', 'T']
MSC_TEXT = '''    @include "../../../params/msc/human.cfg"
    mismatch = 0.9; cryo_factor = 0.7; age_factor = 0.8; disease_factor = 0.95; donor_factor = 1.1; viability = 0.8;
    blood_loss = 0.1; homing_gain = 10.0; k_cytotoxic = 0.5; mcp1_level = 0.8; fasl_level = 0.9; macrophage_level = 0.85;
    site_weight = 0.6; disease_drive = 0.5;
'''
OTHER_TEXT = '''l1 = 0.85; l2 = 0.75; mu1 = 0.28; mu2 = 0.33; K = 8e5; k1 = 7e8; k2 = 9e8; b1 = "420 1/cell/min"; b2 = "90 1/cell/min";
    b3 = "200 1/cell/min"; a1 = "800 1/cell/min"; a2 = "560 1/cell/min"; g = 1.7; T_by_M = 0.06; T_by_F = 0.005; k_T = 8.0;'''


def fibrosis():
    times = [0, 1, 2.5, 3, 5, 10, 12, 13, 15, 20, 27, 40, 60, 90, 150, 300]
    p = dict(ADLER, k1=6e8, k2=6e8)
    pulses = [(0, 3), (12, 15), (24, 27)]

    def inside(t):
        return 5e5 if any(a <= t < b for a, b in pulses) else 0.
    rows = []
    y = integrate(lambda t, y: circuit(t, y, p, pulse=inside(t)), [1, 1, 0, 0, 0.], times, stops=[3, 12, 15, 24, 27])
    rows += rows_of('three pulses', times, ['tissue.' + n for n in TISSUE], y)
    y = integrate(lambda t, y: circuit(t, y, OTHER), [100, 300, 1e7, 2e8, .5], times, stops=[6])
    rows += rows_of('other numbers', times, ['tissue.' + n for n in TISSUE], y)
    y = integrate(lambda t, y: circuit(t, y, ADLER, loss=.4 * (t < 30), m_loss=.2 * (t < 30), pdgf=.3 if t < 30 else 1.), HOT,
                  times, stops=[30])
    rows += rows_of('all therapies', times, ['tissue.' + n for n in TISSUE], y)
    write('fibrosis_other', rows, '''# Other pulses, other numbers, several therapies at once; see origin.txt.
model = "../fibrosis/pulses.stroma";
parameters = { tissue = { @include "../../../params/fibrosis/adler.cfg"
}; };
time = { end = 300.0; at = [%s]; };
arms = (
  { name = "three pulses"; parameters = { tissue = { k1 = 6e8; k2 = 6e8; }; };
    doses = ( { route = "tissue.injury"; amount = "1.5e6 cell/mL"; at = [0.0, 12.0, 24.0]; duration = "3 day"; } ); },
  { name = "other numbers"; parameters = { tissue = { %s
    influx = 2e4; influx_end = 6.0; F_0 = 100.0; M_0 = 300.0; C_0 = 1e7; P_0 = 2e8; T_0 = 0.5; }; }; },
  { name = "all therapies"; parameters = { until = 30.0; F_loss = 0.4; M_loss = 0.2; PDGF_kept = 0.3; tissue = {
    @include "../../../params/fibrosis/hot.cfg"
    }; }; }
);
solver = { rtol = 1e-10; atol = 1e-8; };
plots = ();
''' % (', '.join('%.1f' % t for t in times), OTHER_TEXT),
          'The circuit of Adler 2020: three injuries of half the strength with k of 6e8; every number changed; three therapies at once.',
          '1e-10,1e-8,1e-6,1e-4')


def ssc():
    times = [0, 1, 2, 5, 10, 20, 30, 45, 60, 100, 200]
    imm = dict(v=.003, f=1.2e-4, gamma=2300., beta=150., pi1=.02, lambdaE=900., muA=.3, muR=.2, muE=.28, muG=4., b1=.2, sigma1=4e-6)
    k = dict(half=3e5, loss=2., brake=.7, tgf=1.5, drug=.05, drive=3e4, E_half=2e4, k_E=.01, slope=93.3 / 365.25)

    def disease(t, y, o):
        a, r, e, g = y[7:]
        pres = o['acting_outside'] / (o['acting_outside'] + k['half'])
        d = circuit(t, y[:5], OTHER, loss=k['loss'] * pres * OTHER['mu1'] + k['drug'], brake=1 + k['brake'] * pres,
                    kept=1 - o['I'], tgf=1 + k['tgf'] * o['U_T'], drive=k['drive'] * e / (e + k['E_half']))
        lay = y[0] / F_HOT * laying(y[4]) / laying(T_HOT)
        return d + [k['k_E'] * (lay - y[5]), -k['slope'] * y[0] / F_HOT,
                    imm['f'] * imm['v'] * g - (imm['muA'] + imm['b1']) * a - imm['sigma1'] * a * r,
                    imm['beta'] * a + imm['pi1'] * e * a - imm['muR'] * r,
                    imm['lambdaE'] * a - (imm['muE'] + o['kill']) * e,
                    imm['gamma'] * e - (imm['v'] + imm['muG']) * g]
    y = with_cells(disease, list(HOT) + [.9, 2500., 2., 500., 3000., 5e6], times, [6], [(1, 7e7), (30, 1.4e8)], [(10, 2e6)])
    names = ['skin.' + n for n in TISSUE] + ['E', 'FVC'] + ['immune.' + n for n in 'AREG']
    write('ssc_other', rows_of('all', times, names, y), '''# Skin, autoimmunity and MSC at once, every number changed; see origin.txt.
model = "ssc";
parameters = {
  @include "../../../params/ssc/skin.cfg"
  loss_gain = 2.0; brake_gain = 0.7; TGFb_gain = 1.5; drug_loss = 0.05; drive_max = 3e4; E_half = 2e4; k_E = 0.01; E_0 = 0.9;
  skin = { @include "../../../params/fibrosis/adler.cfg"
    @include "../../../params/fibrosis/hot.cfg"
    %s influx = 2e4; influx_end = 6.0;
  };
  immune = { v = 0.003; f = 1.2e-4; gamma = 2300.0; beta = 150.0; pi1 = 0.02; lambdaE = 900.0; muA = 0.3; muR = 0.2; muE = 0.28;
    muG = 4.0; b1 = 0.2; sigma1 = 4e-6; A_0 = 2.0; R_0 = 500.0; E_0 = 3000.0; G_0 = 5e6; };
  msc = {
%s  };
};
covariates = { WT = "70 kg"; };
time = { end = 200.0; at = [%s]; };
doses = ( { route = "msc.iv"; amount = 7e7; at = 1.0; }, { route = "msc.local"; amount = 2e6; at = 10.0; },
          { route = "msc.iv"; amount = 1.4e8; at = 30.0; } );
solver = { rtol = 1e-10; atol = 1e-8; };
plots = ();
''' % (OTHER_TEXT, MSC_TEXT, ', '.join('%.1f' % t for t in times)),
          'Systemic sclerosis: skin, autoimmunity (Alexander 2010) and MSC together; every arm of the coupling at work.',
          '1e-10,1e-8,1e-6,1e-6')


def ipf():
    times = [0, 1, 2, 5, 10, 20, 40, 60, 92, 120, 250, 365]
    k = dict(half=2e7, loss=.8, brake=.6, shelter=1.3, repair=.9, tgf=1.2, m2=.4, to=.8, back=.25, relief=.6, kS=2.5e-4, kR=2e-4,
             weight=.3, kW=.05, W=.12, drug=.9, k_E=.008)

    def disease(t, y, o):
        shift, s, w, e = y[5:]
        pres = o['acting_lung'] / (o['acting_lung'] + k['half'])
        d = circuit(t, y[:5], OTHER, loss=k['loss'] * pres * OTHER['mu1'], brake=(1 + k['brake'] * pres) / k['drug'],
                    kept=1 / (1 + k['shelter'] * pres), tgf=1 + k['tgf'] * o['U_T'] + k['m2'] * shift)
        signal = 1 - (1 - o['S']) * (1 - o['U_M'])
        lay = y[0] / F_HOT * laying(y[4]) / laying(T_HOT)
        scar = k['kS'] * y[0] / F_HOT * (1 - k['weight'] + k['weight'] * y[4] / T_HOT)
        return d + [k['to'] * signal * (1 - shift) - k['back'] * shift, scar * (1 - s) - k['kR'] * k['repair'] * pres * s,
                    k['kW'] * (y[1] / M_HOT * (1 - k['relief'] * shift) - w), k['k_E'] * (lay - e)]
    y = with_cells(disease, list(HOT) + [0., .25, .8, .9], times, [6], [(1, 2e8), (40, 2e8)], [(92, 1e8)])
    names = ['tissue.' + n for n in TISSUE] + ['M2_shift', 'S', 'W', 'E']
    rows = rows_of('all', times, names, y)
    for i, t in enumerate(times):
        work = (1 - y[i, 6]) * (1 - k['W'] * y[i, 7])
        if t > 0:
            rows += [('all', '%g' % t, 'FVC', 4000 * work), ('all', '%g' % t, 'FVC_predicted', 100 * work),
                     ('all', '%g' % t, 'DLCO', 85 * work ** 1.3)]
    write('ipf_other', rows, '''# Lung and MSC at once, every number changed; see origin.txt.
model = "ipf";
parameters = {
  @include "../../../params/ipf/lung.cfg"
  drug_growth = 0.9; cells_half = 2e7; loss_gain = 0.8; brake_gain = 0.6; shelter_gain = 1.3; repair_gain = 0.9; TGFb_gain = 1.2;
  M2_TGFb_gain = 0.4; k_to_M2 = 0.8; k_from_M2 = 0.25; M2_relief = 0.6; k_S = 2.5e-4; k_R = 2e-4; TGFb_weight = 0.3; k_W = 0.05;
  W_share = 0.12; W_0 = 0.8; k_E = 0.008; E_0 = 0.9;
  tissue = { @include "../../../params/fibrosis/adler.cfg"
    @include "../../../params/fibrosis/hot.cfg"
    %s influx = 2e4; influx_end = 6.0;
  };
  msc = {
%s  };
};
covariates = { WT = "70 kg"; };
time = { end = 365.0; at = [%s]; };
doses = ( { route = "msc.iv"; amount = 2e8; at = [1.0, 40.0]; }, { route = "msc.local"; amount = 1e8; at = 92.0; } );
solver = { rtol = 1e-10; atol = 1e-8; };
plots = ();
''' % (OTHER_TEXT, MSC_TEXT, ', '.join('%.1f' % t for t in times)),
          'Pulmonary fibrosis and MSC together; every arm of the coupling at work, repair of scar included.', '1e-10,1e-8,1e-6,1e-8')


def copd():
    times = [0, 1, 5, 30, 90, 200, 365, 700, 900, 950, 1200, 2000, 4000]
    k = dict(smoke=1.8, kdm=.04, rm=2.5, Kf=1.2, kdn=.4, rn=.6, kp=.9, w0=.4, ke=1.5, w1=.6, ka=.2, ca=.25, kt=.6, ct=.35, kf=.06,
             chi=.45, kage=3e-5, kdes=8e-6, kreg=1e-4, half=5e6, aP=1.4, a10=.8, aN=.7, bH=.9)

    def disease(t, y, o):
        am, neu, mmp, ne, aat, timp, ef, s = y
        pres = o['acting_lung'] / (o['acting_lung'] + k['half'])
        sigma = (k['smoke'] if t < 900 else 1.) / (1 + k['a10'] * pres)
        x = max(ef - 1, 0.)
        h = x ** 2 / (k['Kf'] ** 2 + x ** 2)
        return [k['kdm'] * (1 + k['rm'] / (1 + k['aP'] * pres) * h - am), k['kdn'] * (1 + k['rn'] / (1 + k['aN'] * pres) * (am - 1) - neu),
                k['kp'] * (sigma * am - mmp * (k['w0'] + (1 - k['w0']) * timp)), k['ke'] * (neu - ne * (k['w1'] + (1 - k['w1']) * aat)),
                k['ka'] * (1 - aat * (1 - k['ca'] + k['ca'] * mmp)), k['kt'] * (1 - timp * (1 - k['ct'] + k['ct'] * ne)),
                k['kf'] * (k['chi'] * mmp + (1 - k['chi']) * ne - ef),
                -(k['kage'] + k['kdes'] * x) * s + k['bH'] * pres * k['kreg'] * (1 - s)]
    start = [1.5, 1.2, 1.8, 1.3, .8, .9, 1.6, .9]
    y = with_cells(disease, start, times, [900], [(30, 1e8), (60, 1e8), (90, 1e8)], [(365, 1e8)])
    names = ['AM', 'NEU', 'MMP', 'NE', 'AAT', 'TIMP', 'EF', 'S']
    write('copd_other', rows_of('all', times, names, y), '''# Emphysema and MSC at once, every number changed; smoking ends on day 900; see origin.txt.
model = "copd";
parameters = {
  @include "../../../params/copd/proposed.cfg"
  smoke = 1.8; quit_day = 900.0; k_AM = 0.04; r_AM = 2.5; EF_half = 1.2; k_NEU = 0.4; r_NEU = 0.6; k_MMP = 0.9; w_TIMP = 0.4; k_NE = 1.5;
  w_AAT = 0.6; k_AAT = 0.2; c_AAT = 0.25; k_TIMP = 0.6; c_TIMP = 0.35; k_EF = 0.06; chi = 0.45; k_age = 3e-5; k_des = 8e-6; k_reg = 1e-4;
  AM_0 = 1.5; NEU_0 = 1.2; MMP_0 = 1.8; NE_0 = 1.3; AAT_0 = 0.8; TIMP_0 = 0.9; EF_0 = 1.6; S_0 = 0.9; cells_half = 5e6;
  recruitment_gain = 1.4; MMP_gain = 0.8; NEU_gain = 0.7; regrowth_gain = 0.9;
  msc = {
%s  };
};
covariates = { WT = "70 kg"; };
time = { end = 4000.0; at = [%s]; };
doses = ( { route = "msc.iv"; amount = 1e8; at = [30.0, 60.0, 90.0]; }, { route = "msc.local"; amount = 1e8; at = 365.0; } );
solver = { rtol = 1e-10; atol = 1e-10; };
plots = ();
''' % (MSC_TEXT, ', '.join('%.1f' % t for t in times)),
          'Emphysema and MSC together; every arm of the coupling at work, regrowth included; smoking that ends.', '1e-10,1e-10,1e-6,1e-9')


def wound():
    days = [28 + 7 * k for k in range(8)]
    times = [0, 5, 20, 28, 28.5, 29, 30, 35, 35.5, 36, 50, 60.5, 77.5, 78, 90, 150, 300]

    def cube(x, a, b, c, d):
        return a * x ** 3 + b * x ** 2 + c * x + d

    def rates(t, y, on):
        pi, pr, tt, q, f, c, h = y
        alpha = -(.197 * np.log10(h)) + .4407
        k_t, full = cube(tt, -2.47, 21.94, 6.41, 1.75), 1 - (.002 * (pi + pr) + .0025 * f + .0004 * c)
        return [alpha * k_t + .05 * .693 * pi * full - .2 * pi, (1 - alpha) * k_t + .05 * .693 * pr * full - .2 * pr,
                .07 * pi + .004 * f + .4 * on - 9.1 * tt, .015 * (pi + pr) + .0015 * f + 1. * on - 4 * q,
                cube(q, 15.333, -167.21, 452.38, 2.6593) + .924 * f * full + 8000 * on - 2.5 * f,
                5 * f * cube(tt, .0092, -.1552, .6279, .2527) * cube(c, -4.33e-10, 9e-7, -.00055, .13) + 18.75 * on - 1.5e-5 * f * c,
                .001 * f + 80 * on - .7 * h]
    # Each part between two switches has its own constant treatment.
    stops, out, y = sorted([0] + days + [d + 1 for d in days] + [times[-1]]), [], np.array([200, 200, 6, 2, 50, 10, .01])
    for a, b in zip(stops, stops[1:]):
        on = float(a in days)
        inside = [t for t in times if a <= t < b or t == b == times[-1]]
        part = integrate(lambda t, y: rates(t, y, on), y, [x - a for x in sorted(set(inside) | {a, b})])
        grid = sorted(set(inside) | {a, b})
        out += [part[grid.index(t)] for t in inside]
        y = part[-1]
    names = ['phi_I', 'phi_R', 'T', 'P', 'F', 'C', 'H']
    doses = ',\n'.join('  { into = "%s"; amount = "%s"; first = 28.0; every = 7.0; count = 8; duration = 1.0; }' % d for d in (
        ('T', '0.4 pg/mm3'), ('P', '1 pg/mm3'), ('F', '8000 cell/mm3'), ('C', '18.75 ug/mm3'), ('H', '80 ug/mm3')))
    write('wound_other', rows_of('all', times, names, np.array(out)), '''# MODEL1006230102 as released, with its treatment; see origin.txt.
model = "wound";
parameters = {
  @include "../../../params/wound/waugh.cfg"
};
time = { end = 300.0; at = [%s]; };
doses = (
%s );
solver = { rtol = 1e-10; atol = 1e-10; };
plots = ();
''' % (', '.join('%.1f' % t for t in times), doses),
          'Waugh and Sherratt 2006 with the skin substitute of MODEL1006230102: eight applications of a day each.', '1e-10,1e-10,1e-6,1e-9')


if __name__ == '__main__':
    for make in (fibrosis, ssc, ipf, copd, wound):
        make()
