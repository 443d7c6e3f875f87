#!/usr/bin/env python3
"""fit.py: scipy's least squares around `stroma serve`, with exact Jacobians.

One server for the whole fit: a line of JSON out, a line in. The parameters are fitted as logarithms. The estimates go
into fitted.cfg, a copy of the study with its comments, by `stroma params set`.

    python3 fit.py [fitted.cfg]
SPDX-License-Identifier: GPL-3.0-or-later
"""
import csv
import json
import os
import shutil
import subprocess
import sys

try:
    import numpy
    from scipy.optimize import least_squares
except ImportError as missing:
    sys.exit(f"fit.py: {missing} for {sys.executable}; Debian's python3-scipy is that of /usr/bin/python3")

HERE = os.path.dirname(os.path.abspath(__file__))
STROMA = os.environ.get("STROMA", "stroma")
STUDY = os.path.join(HERE, "pkpd.cfg")
NAMES = ["CL", "V", "k_out", "IC50"]


class Server:
    """The study, kept by `stroma serve`."""

    def __init__(self, study):
        self.process = subprocess.Popen([STROMA, "serve", study, "--quiet"], text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"fit.py: the server has ended with exit code {self.process.wait()}")
        answer = json.loads(line)
        if not answer["ok"]:
            raise ArithmeticError(answer["error"])
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def read_data():
    with open(os.path.join(HERE, "observed.csv"), encoding="utf-8") as file:
        return [(row["arm"], float(row["time"]), row["name"], float(row["value"])) for row in csv.DictReader(file)]


def residuals(server, data, s):
    """Weighted residuals and their derivatives by the logarithms s: 5 % of the concentration, 0.02 of the response."""
    values = numpy.exp(s)
    answer = server.ask(parameters=dict(zip(NAMES, values)), gradient=True)
    arms = {arm["name"]: arm for arm in answer["arms"]}
    place = {time: i for i, time in enumerate(answer["time"])}
    rows, slopes = [], []
    for arm, time, name, seen in data:
        i = place[time]
        predicted = arms[arm]["outputs"][name][i]
        slope = numpy.array([arms[arm]["gradient"][name][p][i] for p in NAMES]) * values
        if name == "Cc":
            rows.append((numpy.log(predicted) - numpy.log(seen)) / 0.05)
            slopes.append(slope / predicted / 0.05)
        else:
            rows.append((predicted - seen) / 0.02)
            slopes.append(slope / 0.02)
    return numpy.array(rows), numpy.array(slopes)


def main():
    if shutil.which(STROMA) is None:
        sys.exit(f"fit.py: there is no program '{STROMA}'; STROMA=/path/to/stroma names it")
    data = read_data()
    server = Server(STUDY)
    start = [float(subprocess.run([STROMA, "params", "get", STUDY, name, "--bare", "--model-units"], text=True,
                                  check=True, stdout=subprocess.PIPE).stdout) for name in NAMES]
    found = least_squares(lambda s: residuals(server, data, s)[0], numpy.log(start),
                          jac=lambda s: residuals(server, data, s)[1], xtol=1e-10, ftol=1e-10)
    server.close()
    estimates = numpy.exp(found.x)
    errors = estimates * numpy.sqrt(numpy.diag(numpy.linalg.inv(found.jac.T @ found.jac)))
    for name, estimate, error in zip(NAMES, estimates, errors):
        print(f"{name} {estimate:.6g} {error:.2g}")
    if len(sys.argv) > 1:
        changes = [f"{name}={estimate!r}" for name, estimate in zip(NAMES, map(float, estimates))]
        subprocess.run([STROMA, "params", "set", STUDY, *changes, "--model-units", "--quiet", "--out", sys.argv[1],
                        "--source", "fitted to observed.csv (simulated) by fit.py"], check=True)


main()
