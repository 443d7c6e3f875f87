#!/usr/bin/env python3
# msc_undying.py: MSC that cannot die and lose contact to T cells (limitation 4 of the MSC core): prints the values of
# tests/reference/msc_undying from the equations of msc_core.py, with contact put into the killing by FasL, LSODA at rtol 1e-10.
# Run from the root of the project.
# SPDX-License-Identifier: GPL-3.0-or-later
import inspect
import os
import sys
import numpy as np
from scipy.integrate import solve_ivp
sys.path.insert(0, os.path.dirname(__file__))
import msc_core

source = inspect.getsource(msc_core.rates)
for old, new in (('rho_b / (rho_b + q.K_rho)', 'c * rho_b / (c * rho_b + q.K_rho)'), ('p_0):', 'p_0, c):'),
                 ('def rates(', 'def touching_rates('), ('return np.array([', 'return um, np.array([')):
    assert old in source
    source = source.replace(old, new)
exec(source, msc_core.__dict__)


def run(viable, detach=2., **other):
    """Area under the signal to M2 over 30 d, T cells at 72 h against the start, after 1e6 cells."""
    q = type('Parameters', (), dict(msc_core.MOUSE, **other))
    lam, p_0 = msc_core.rest(q)
    y = [1e6 * viable, 0, 0, 0, 1e6 * (1 - viable), lam, q.T_C0, q.T_E0, q.T_R0, 0, p_0, q.TNF_0, q.IFN_0, q.IL10_0, q.TGF_0,
         q.CCL2_0, 0, 0, 0, 0, 0, 0]

    def rates(t, z):
        cells = z[0] + z[1]
        um, d = msc_core.touching_rates(t, z[:20], q, p_0, (z[20] + z[0]) / cells if cells > 1e-6 else 1.)
        return np.r_[d, q.e_L * q.k_cB * z[0] - (detach + q.k_rel + q.k_apo + q.k_ctl) * z[20], um]
    s = solve_ivp(rates, (0, 30), y, 'LSODA', rtol=1e-10, atol=1e-12, t_eval=[0, 3, 30])
    return s.y[21, -1], s.y[6, 1] / q.T_C0


if __name__ == '__main__':
    undying = dict(viable=1., k_apo=0., k_apoT=0., k_rel=0., k_Nd=0., e_L=.9998)
    wild, ends, stays = run(.9), run(**undying), run(detach=0., **undying)
    print('signal of undying cells over that of the wild type: %.5f' % (ends[0] / wild[0]))
    print('T cells at 72 h: %.6f; in lasting contact %.6f' % (ends[1], stays[1]))
