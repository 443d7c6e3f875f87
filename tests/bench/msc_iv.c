/* msc_iv.c: the right-hand side of the MSC core for R's deSolve, by hand from the specification's
 * equations B.3, B.4.
 *
 * The yardstick of bench_run.sh: what a careful user of R would write (compiled, parameters in one
 * vector, common terms computed once). It shares no code with stroma. Build: R CMD SHLIB msc_iv.c
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <R.h>
#include <math.h>

// clang-format off
enum { V_b, V_p, k_cB, e_L, e_T, h_SDF, k_rel, hom, k_apo, k_eff, k_ctl, k_apoT, k_N, k_Nd, v, f_ib, T_C0, T_E0, T_R0,
       kfas, K_rho, s50, kap_E, k_rec, k_eX, w_AT, w_A, J50T, J50M, Delta_T, Delta_10, Imax, rho50, n_I, l0, k_lic,
       EC_IFN, a_tis, b_TNF, K_TL, rhoS, d_R, g, R_max, k_ind, K_TGF, d_E, a_E, K_R, k_pol, p0, p1, p2, q0m, q1, q2,
       q3, q4, K_IFN, K_TNF, K_10, K_10c, K_TM, d_TNF, d_IFN, d_10, d_TGF, d_C, TNF_0, IFN_0, IL10_0, TGF_0, CCL2_0,
       s_C, N_ref, k_ag, r_X, p_X, d_X, k_X, f_Y, d_Y, y_Y, b_D, d_D, k_D, phi, mm, sig, fasL, eff, w_T, N_TT, ant,
       R_iv, COUNT };
// clang-format on

static double q[COUNT];

void initmod(void (*odeparms)(int *, double *));
void derivs(int *neq, double *t, double *y, double *dy, double *out, int *ip);

void initmod(void (*odeparms)(int *, double *))
{
    int count = COUNT;
    odeparms(&count, q);
}

static double part(double c, double k)
{
    return c / (c + k);
}

void derivs(int *neq, double *t, double *y, double *dy, double *out, int *ip)
{
    double MB = y[0], ML = y[1], MT = y[2], MN = y[3], A = y[4], L = y[5], TC = y[6], TE = y[7],
           TR = y[8];
    double TX = y[9], P = y[10], TNF = y[11], IFN = y[12], IL10 = y[13], TGF = y[14], CCL2 = y[15];
    double AG = y[16], X = y[17], Y = y[18], D = y[19];
    double up0 = q[p0] + q[p1] * part(q[IFN_0], q[K_IFN]) + q[p2] * part(q[TNF_0], q[K_TNF]);
    double dn0 = q[q0m] + q[q1] * part(q[IL10_0], q[K_10]) + q[q2] * part(q[TGF_0], q[K_TM]);
    double P0 = up0 / (up0 + dn0);
    double rho_B = q[phi] * (ML + MB) / (q[T_C0] * 1000 * q[V_b]);
    double rho_T = q[phi] * (MT + MN) / q[N_TT];
    double rho = fmax((q[l0] + (1 - q[l0]) * L) * (rho_B + q[w_T] * rho_T), 0);
    double rho_n = pow(rho, q[n_I]);
    double inhibit = q[Imax] * rho_n / (rho_n + pow(q[rho50], q[n_I]));
    double chi = (1 + q[s50] * q[s50]) * q[sig] * q[sig] / (q[sig] * q[sig] + q[s50] * q[s50]);
    double kF = q[kfas] * q[fasL] * chi * part(rho_B, q[K_rho]);
    double JA = q[k_eff] * A / q[V_b], JX = q[k_eX] * TX * 1000;
    double UT = q[eff] * part(JX + q[w_AT] * JA, q[J50T]);
    double UM = q[eff] * part(JX + q[w_A] * JA, q[J50M]);
    double S = part(rho, q[rhoS]);
    double K2 = q[K_TGF] * q[K_TGF];
    double HT = TGF * TGF / (TGF * TGF + K2) - q[TGF_0] * q[TGF_0] / (q[TGF_0] * q[TGF_0] + K2);
    double Lam = part(q[a_tis] * IFN, q[EC_IFN]) * (1 + q[b_TNF] * part(q[a_tis] * TNF, q[K_TL])) /
                 (1 + q[b_TNF]);
    double rej = q[mm] * (q[k_X] * X + q[k_D] * D);
    double load = q[mm] * (MB + ML + MT + MN + 0.3 * A);
    double gap = part(load, q[N_ref]) - AG;
    double fr = q[v] * (1 - q[f_ib]);
    double eT = q[e_T] * (1 + q[h_SDF]);
    double z = TR / (q[R_max] * q[T_R0]), z0 = 1 / q[R_max];
    double up = q[p0] + q[p1] * part(IFN, q[K_IFN]) + q[p2] * part(TNF, q[K_TNF]);
    double dn =
        q[q0m] + q[q1] * part(IL10, q[K_10]) + q[q2] * part(TGF, q[K_TM]) + q[q3] * UM + q[q4] * S;

    dy[0] = q[R_iv] * fr - q[k_cB] * MB;
    dy[1] = q[e_L] * q[k_cB] * MB - (q[k_rel] + q[k_apo] + q[k_ctl] + rej) * ML;
    dy[2] = eT * q[k_cB] * MB + q[hom] * q[k_rel] * ML - (q[k_apoT] + q[k_N] + rej) * MT;
    dy[3] = q[k_N] * MT - (q[k_Nd] + rej) * MN;
    dy[4] = q[R_iv] * (1 - fr) + (1 - q[e_L] - eT) * q[k_cB] * MB +
            (q[k_apo] + q[k_ctl] + rej + q[k_rel] * (1 - q[hom])) * ML + (q[k_apoT] + rej) * MT +
            (q[k_Nd] + rej) * MN - q[k_eff] * A;
    dy[5] = q[k_lic] * (Lam - L);
    dy[6] = q[k_rec] * (q[T_C0] - TC) - kF * TC;
    dy[7] = q[d_E] * (q[T_E0] / q[T_C0]) * (1 + q[a_E] * q[ant]) * TC * (1 - inhibit) *
                (1 + q[K_R]) / (1 + q[K_R] * TR / q[T_R0]) -
            q[d_E] * TE - q[kap_E] * kF * TE;
    dy[8] = (1 - q[g]) * q[d_R] * q[T_R0] +
            q[g] * q[d_R] * TR * (1 + z0 * z0 * z0 * z0) / (1 + z * z * z * z) +
            q[k_ind] * TC * fmax(0, HT) - q[d_R] * TR;
    dy[9] = kF * TC + q[kap_E] * kF * TE - q[k_eX] * TX;
    dy[10] = q[k_pol] * ((1 - P) * up - P * dn);
    dy[11] = q[d_TNF] * (q[TNF_0] * (0.6 * P / P0 + 0.4 * TE / q[T_E0]) *
                             (1 + q[IL10_0] / q[K_10c]) / (1 + IL10 / q[K_10c]) -
                         TNF);
    dy[12] = q[d_IFN] * (q[IFN_0] * (TE / q[T_E0]) * (1 - 0.5 * inhibit) - IFN);
    dy[13] = q[d_10] * (q[IL10_0] * (0.5 * (1 - P) / (1 - P0) + 0.5 * TR / q[T_R0]) +
                        q[Delta_10] * UM - IL10);
    dy[14] = q[d_TGF] * (q[TGF_0] + q[Delta_T] * UT - TGF);
    dy[15] = q[d_C] * (q[CCL2_0] * (0.7 + 0.3 * TNF / q[TNF_0]) - CCL2) +
             q[s_C] * q[sig] * (MB + ML) / q[V_p];
    dy[16] = q[k_ag] * (gap > 0 ? 10 * gap : gap);
    dy[17] =
        q[mm] * q[r_X] * AG * (1 + q[y_Y] * Y) + q[p_X] * AG * X * (1 - X) - q[d_X] * (1 - AG) * X;
    dy[18] = q[f_Y] * q[d_X] * X - q[d_Y] * Y;
    dy[19] = q[b_D] * q[mm] * X * (1 + 0.1 * q[y_Y] * Y) - q[d_D] * D;
}
