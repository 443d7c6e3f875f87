#!/usr/bin/env python3
"""published.py: writes reference.csv and perturbed.cfg of ards_perturbed, colitis_perturbed, il6_crp_drugs and gvhd_saturating.

Every parameter of a published model is moved by up to 20 % (the k-th by 1 + 0.2 sin k), so that a number that is left out, used twice
or read in another unit shows. The right-hand sides are those of the readable dumps and of the equations in
../shared/science/lung-gut-skin, evaluated by Python and integrated by scipy (rtol 1e-9 or less); Lo 2016 is typed from the paper's
equations. Nothing here comes from stroma. Usage: published.py (from anywhere; needs scipy and ../shared)

SPDX-License-Identifier: GPL-3.0-or-later
"""
import csv
import math
import os
import re

import numpy as np
from scipy.integrate import solve_ivp

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCIENCE = os.path.join(HERE, "..", "..", "..", "shared", "science", "lung-gut-skin")


def rows(name):
    """The data rows of a CSV of the dossier, without comments and heading."""
    with open(os.path.join(SCIENCE, "data", name), encoding="utf-8") as file:
        return list(csv.reader(line for line in file if line[0] != "#"))[1:]


def perturbed(values):
    return {name: value * (1 + 0.2 * math.sin(k)) for k, (name, value) in enumerate(values.items(), 1)}


def write(folder, units, values, series):
    """perturbed.cfg (NAME = "value unit") and reference.csv of a folder. series: (arm, day, names, values); no name: left out"""
    path = os.path.join(HERE, folder)
    with open(os.path.join(path, "perturbed.cfg"), "w", encoding="utf-8") as file:
        file.write("# Written by ../make/published.py: every number moved by up to 20 %.\n")
        for name, value in values.items():
            unit = units(name)
            file.write(f"{name} = {value!r};\n" if unit == "1" else f'{name} = "{value!r} {unit}";\n')
    with open(os.path.join(path, "reference.csv"), "w", encoding="utf-8") as file:
        file.write("arm,time,name,value\n")
        for arm, day, names, y in series:
            for name, value in zip(names, y):
                if name:
                    file.write(f"{arm},{day:g},{name},{value:.9g}\n")


class Dump:
    """A readable dump of an SBML file: constants, rules and rates, equations, initial values."""

    def __init__(self, name, edit=lambda text: text):
        self.constants, self.starts, self.lines, self.equations, self.start = {}, [], [], {}, {}
        with open(os.path.join(SCIENCE, "models", name), encoding="utf-8") as file:
            text = edit(file.read())
        section = ""
        for line in text.splitlines():
            if line.startswith("## "):
                section = line[3:]
            elif section == "constants":
                for found in re.finditer(r"(\w+) = ([-\deE.+]+) \[", line):
                    self.constants[found[1]] = float(found[2])
            elif section == "initial assignments":
                self.starts.append(re.match(r"(\w+)\(0\) = (.*)", line).groups())
            elif section in ("assignment rules", "reaction rates"):
                self.lines.append(line.split(" := ", 1))
            elif section == "ODEs":
                name, right, start = re.match(r"d\((\w+)\)/dt = (.*?)\s+; \w+\(0\)=(.*)", line).groups()
                self.equations[name], self.start[name] = right, float(start)
        self.states = list(self.equations)

    def integrate(self, values, start, cuts, times):
        """cuts: (time, state, amount added); the values after a cut are those reported at it"""
        names = dict(self.constants, **values)
        for name, expression in self.starts:
            if name.startswith("k"):  # flows over volumes
                names[name] = eval(expression, {}, names)
        body = [f"    {name} = {right}" for name, right in self.lines]
        code = "def right_hand_side(time, y):\n    " + ", ".join(self.states) + " = y\n" + "\n".join(body).replace("^", "**") \
            + "\n    return [" + ", ".join(self.equations[name] for name in self.states) + "]\n"
        exec(code, names)
        y = np.array([start[name] for name in self.states])
        now, out = 0.0, {}
        for cut, name, amount in sorted(cuts) + [(times[-1], None, 0.0)]:
            at = sorted({t for t in times if now < t <= cut} | {cut})
            found = solve_ivp(names["right_hand_side"], (now, cut), y, method="LSODA", rtol=1e-10, atol=1e-15, t_eval=at)
            out.update(zip(found.t, found.y.T))
            y, now = found.y[:, -1].copy(), cut
            if name:
                y[self.states.index(name)] += amount
                out[cut] = y.copy()
        return [out[t] for t in times]


# Dwivedi 2014 -------------------------------------------------------------------------------------------------------

def sgp130fc(text):
    """The file of the antibody to IL-6 turned into that of sgp130Fc (BIOMD0000000536): it binds the complex, as soluble gp130 does."""
    for place, rate in (("serum", "v54"), ("gut", "v60"), ("liver", "v61")):
        text = re.sub(rf"{rate} := .*", f"{rate} := kgp130On * sR_IL6_{place} * Ab_{place} - kgp130Off * Ab_IL6_{place}", text)
        text = re.sub(rf"(d\(IL6_{place}\)/dt = .*?) \+ -\({rate}\)", r"\1", text)
        text = re.sub(rf"(d\(sR_IL6_{place}\)/dt = .*?)(\s+;)", rf"\1 + -({rate})\2", text)
    return text


def dwivedi_unit(name):
    kinds = {"nM": "KmSTATDephos KmRDephos KmSTATPhos KmProtSynth VmProtSynth STAT3_0", "1/nM/h": "kRLOn kgp130On kAbBind",
             "nM/h": "kRsynth ksynthIL6 VmSTATDephos VmRDephos ksynthCRP ksynthsR ksynthsgp130 ksynthIL6Gut",
             "L": "VSerum VLiver VGut VPeriph", "L/h": "QSerumLiver QSerumGut QSerumPeriph"}
    return next((unit for unit, names in kinds.items() if name in names.split()), "1/h")


def dwivedi():
    doses, times = [(0.1, 469.2), (336.0, 1407.6)], [24.0 * day for day in (1, 7, 14, 21, 28, 42)]
    drugs = (("anti-IL-6", "dwivedi2014_crohn_antiIL6_BIOMD535.txt", str, "L", "IL6"),
             ("anti-IL-6R", "dwivedi2014_crohn_antiIL6R_BIOMD537.txt", str, "B", "sR"),
             ("sgp130Fc", "dwivedi2014_crohn_antiIL6_BIOMD535.txt", sgp130fc, "F", "sR_IL6"))
    series = []
    for arm, file, edit, letter, target in drugs:
        model = Dump(file, edit)
        kept = {n: v for n, v in model.constants.items() if not re.match(r"V_|kAb|kIL6|Dose|Initial|infusion|Q|V[SLGP]", n)}
        values = perturbed(kept)
        start = dict(model.start)
        start.update({name: 0.0 for name in model.states if name.startswith("Ab")})
        rest = model.integrate(values, start, [], [8000.0])[0]
        start = dict(zip(model.states, rest))
        found = model.integrate(values, start, [(at, "Ab_serum", amount) for at, amount in doses], times)
        bound = "IL6" if letter == "F" else target
        names = {"Ab_peripheral": letter + "_periphery"}
        for place in ("serum", "liver", "gut"):
            names[f"Ab_{place}"] = f"{letter}_{place}"
            names[f"Ab_{bound}_{place}"] = f"{letter}_{target}_{place}"
            names[f"sR_IL6_sgp130_{place}"] = f"trapped_{place}"
        names["Ab_R_liver"] = "B_R_liver"
        columns = ["" if n.startswith("STAT3") else names.get(n, "" if n.startswith("Ab") else n) for n in model.states]
        series += [(arm, t / 24, columns, y) for t, y in zip(times, found)]
    values["STAT3_0"] = start["STAT3_liver"] + start["pSTAT3_liver"]
    write("il6_crp_drugs", dwivedi_unit, values, series)


# Alexander 2010, system 2 -------------------------------------------------------------------------------------------

def alexander():
    model = Dump("alexander2010_BIOMD290.txt")
    times = [0.5, 2.0, 4.5, 5.0, 10.0, 30.0, 100.0]
    kept = perturbed({n: v for n, v in model.constants.items() if n != "V_body"})
    names = [n if n in "AREG" else "" for n in model.states]
    series = [("published", t, names, y) for t, y in zip(times, model.integrate({}, model.start, [], times))]
    moved = dict(model.start, A=3.0, R=200.0, E=900.0, G=6e7)
    series += [("moved", t, names, y) for t, y in zip(times, model.integrate(kept, moved, [], times))]
    renamed = {"f": "matured", "gamma": "antigen_freed", "lambdaE": "lambda", "muA": "loss_A", "muR": "loss_R", "muE": "loss_E",
               "muG": "loss_G"}
    values = {"uptake": kept["v_max"] / kept["k"], "saturation": 1 / kept["k"]}
    values.update({renamed.get(n, n): v for n, v in kept.items() if n not in ("v_max", "k")})
    values.update(A_0=3.0, R_0=200.0, E_0=900.0, G_0=6e7)
    write("gvhd_saturating", lambda name: "1", values, series)


# Lo 2016 ------------------------------------------------------------------------------------------------------------

LO = "M1 M2 T1 T2 T17 Tr Ig I2 I4 I21 I6 Ia I10 Ib I12".split()
LO_START = [2.34e-2, 2.50e-2, 4.58e-2, 1.34e-2, .337, 6.06e-2, 2.58e-6, 6.86e-8, 9.70e-9, 4.25e-6, 8.00e-6, 9.75e-6, 1.54e-6, 6.77e-12,
            4.90e-8]


def lo(n, growth_g2, blocked):
    """Equations 1 to 15; growth_g2: the released file has 0.183 in the growth of Th1 by IL-2, the paper g2."""
    def h(x, k):
        return x / (k + x)

    def right_hand_side(_, y):
        m1, m2, t1, t2, t17, tr, ig, i2, i4, i21, i6, ia, i10, ib, i12 = y
        m = m1 + m2
        return [
            (n["f1"] + n["sMa"] * h(ia, n["za"])) * n["M0"] - n["sMb"] * h(ib, n["zb"]) * m1 + n["sMg"] * h(ig, n["zg"]) * m2
            - n["muM"] * m1,
            (n["f2"] + n["sM10"] * h(i10, n["z10"])) * n["M0"] + n["sMb"] * h(ib, n["zb"]) * m1 - n["sMg"] * h(ig, n["zg"]) * m2
            - n["muM"] * m2,
            (n["s12"] * h(i12, n["z12"]) / (1 + i10 / n["z10"]) * m / (1 + t2 / n["g2"])
             + n["s2"] * h(i2, n["z2"]) * t1 / (1 + t2 / growth_g2)) / (1 + tr / n["gr1"]) - n["mu1"] * t1,
            n["s4"] * h(i4, n["z4"]) * m / ((1 + t1 / n["g1"]) * (1 + tr / n["gr2"])) - n["mu2"] * t2,
            (n["s21"] * h(i21, n["z21"]) + n["s6"] * h(i6, n["z6"])) * h(ib, n["zb"]) * m
            / ((1 + ig / n["zg"]) * (1 + i4 / n["z4"]) * (1 + tr / n["gr17"])) - n["mu17"] * t17,
            (n["sb"] * h(ib, n["zb"]) + n["s10"] * h(i10, n["z10"])) * h(i2, n["z2"]) * m
            / ((1 + ia / n["za"]) * (1 + t17 / n["g17"])) - n["mur"] * tr,
            n["vgM"] * m1 + n["vg1"] * t1 - n["dg"] * ig, n["v21"] * t1 - n["d2"] * i2,
            n["v4M"] * m2 + n["v42"] * t2 - n["d4"] * i4, n["v2117"] * t17 - n["d21"] * i21, n["v6M"] * m1 - n["d6"] * i6,
            (1 - blocked) * (n["vaM"] * m1 + n["va1"] * t1) - n["da"] * ia,
            n["v10M"] * m2 + n["v10r"] * (1 + n["n2r"] * h(i2, n["z2"])) * tr - n["d10"] * i10,
            n["vbM"] * m2 + n["vbr"] * tr - n["db"] * ib, n["v12M"] * m1 / (1 + i10 / n["z10"]) - n["d12"] * i12]
    return right_hand_side


def colitis():
    tables = {row[0]: (float(row[1]), float(row[2])) for row in rows("lo2016_anchored_params.csv")}
    weeks = [0.5, 1.0, 3.0, 8.0, 20.0, 60.0]
    moved = perturbed({name: pair[1] for name, pair in tables.items()})
    printed = {name: pair[0] for name, pair in tables.items()}
    placeholder = LO_START[:4] + [20.0] + LO_START[5:]
    series = []
    for arm, equations, start in (("moved", lo(moved, moved["g2"], 0.0), LO_START),
                                  ("half blocked", lo(moved, moved["g2"], 0.5), LO_START),
                                  ("released file", lo(printed, 0.183, 0.0), placeholder)):
        found = solve_ivp(equations, (0, weeks[-1]), start, method="Radau", rtol=1e-10, atol=1e-18, t_eval=weeks)
        series += [(arm, 7 * week, LO, y) for week, y in zip(weeks, found.y.T)]
    densities = "M0 g1 g2 gr1 gr2 gr17 g17 z6 za z10 z2 zg z12 z4 z21 zb".split()
    write("colitis_perturbed", lambda n: "g/mL" if n in densities else "1" if n == "n2r" else "1/week", moved, series)


# Dai 2021 -----------------------------------------------------------------------------------------------------------

def dai_equations(values):
    with open(os.path.join(SCIENCE, "models", "covid_dai2021_equations.txt"), encoding="utf-8") as file:
        lines = [line.strip().replace("\t", " ") for line in file if line[0] != "#"]
    states = next(line for line in lines if line.startswith("state order"))[12:].replace(" ", "").split(",")
    body = [re.sub(r"\b[ps]\.", "", line) for line in lines if line and not line.startswith(("state order", "ICAT"))]
    body = [re.sub(r"^(b_\w+) = kdc\*\1", r'\1 = own["\1"]', line) for line in body]
    slopes = [f"d{s}dt" if any(line.startswith(f"d{s}dt ") for line in body) else f"d{s}_dt" for s in states]
    names = dict(values, own=values, vol_plasma=values["Blood"], vol_alv_ml=2016.0, prod_CRP_blood=values["kbasal_CRP"])
    exec("def right_hand_side(t, y, ICAT1, ICAT2):\n    " + ", ".join(states) + " = y\n    " + "\n    ".join(body)
         + "\n    return [" + ", ".join(slopes) + "]\n", names)
    return states, names["right_hand_side"]


def dai():
    unused = "k_ROS_AT1 km_ROS_AT1 VmProtSynth KmProtSyn a_ifnb_at1 a_ifnb_d kbasal_ROS b_ROS tau_Ab k_Ab_V a_Ab b_Ab".split()
    workbook = {row[0]: float(row[1]) for row in rows("covid_dai2021_parameters.csv")}
    start = {row[0]: float(row[1]) for row in rows("covid_dai2021_initial.csv")}
    moved = perturbed({name: value for name, value in workbook.items() if name not in unused})
    states, slope = dai_equations(dict(workbook, **moved, tau_Ab=1e9))
    y = np.array([start[name] for name in states])
    days, tolerance = [2.0, 4.0, 7.0, 14.0, 28.0], {"method": "BDF", "rtol": 1e-10, "atol": 1e-12 + 1e-15 * np.abs(y)}
    rest = solve_ivp(lambda t, y: slope(t, y, start["AT1"], start["AT2"]), (0, 12000), y, **tolerance).y[:, -1]
    rest[0] = 1e6
    found = solve_ivp(lambda t, y: slope(t, y, rest[1], rest[2]), (0, 24 * days[-1]), rest, t_eval=[24 * day for day in days], **tolerance)
    assert min(found.y[0]) > 100, "virus has died out: the event is not in this program"
    with open(os.path.join(HERE, "..", "..", "params", "ards", "dai.cfg"), encoding="utf-8") as file:
        units = dict(re.findall(r'^(\w+)\s*= \{ value = [^;]+; unit = "([^"]+)"', file.read(), re.M))
    columns = ["" if name == "Ab" else name for name in states]
    write("ards_perturbed", lambda name: units[name], moved, [("all", day, columns, y) for day, y in zip(days, found.y.T)])


if __name__ == "__main__":
    for folder in ("ards_perturbed", "colitis_perturbed", "il6_crp_drugs", "gvhd_saturating"):
        os.makedirs(os.path.join(HERE, folder), exist_ok=True)
    alexander()
    colitis()
    dwivedi()
    dai()
