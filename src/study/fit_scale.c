/* fit_scale.c: coordinates of free parameters.
 *
 *   linear  s = x          log  s = ln x          logit  s = ln((x - low) / (high - x))
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/fit.h"

#include <assert.h>
#include <math.h>

double scale_forth(const FitParameter *parameter, double value)
{
    switch (parameter->scale) {
    case SCALE_LOG:
        return log(value);
    case SCALE_LOGIT:
        return log((value - parameter->low) / (parameter->high - value));
    case SCALE_LINEAR:
        break;
    }
    return value;
}

double scale_back(const FitParameter *parameter, double coordinate)
{
    switch (parameter->scale) {
    case SCALE_LOG:
        return exp(coordinate);
    case SCALE_LOGIT: {
        double range = parameter->high - parameter->low;
        return coordinate < 0.0
                   ? parameter->low + range * exp(coordinate) / (1.0 + exp(coordinate))
                   : parameter->high - range * exp(-coordinate) / (1.0 + exp(-coordinate));
    }
    case SCALE_LINEAR:
        break;
    }
    return coordinate;
}

double scale_slope(const FitParameter *parameter, double coordinate)
{
    switch (parameter->scale) {
    case SCALE_LOG:
        return exp(coordinate);
    case SCALE_LOGIT: {
        double part = exp(-fabs(coordinate));
        return (parameter->high - parameter->low) * part / ((1.0 + part) * (1.0 + part));
    }
    case SCALE_LINEAR:
        break;
    }
    return 1.0;
}

void scale_bounds(const FitParameter *parameter, double *low, double *high)
{
    assert(low != NULL && high != NULL);
    bool logit = parameter->scale == SCALE_LOGIT;
    bool log_scale = parameter->scale == SCALE_LOG;
    *low = logit ? (double)-INFINITY : parameter->low;
    *high = logit ? (double)INFINITY : parameter->high;
    if (log_scale) {
        *low = parameter->low > 0.0 ? log(parameter->low) : (double)-INFINITY;
        *high = log(parameter->high);
    }
}

const char *scale_word(FitScale scale)
{
    static const char *const words[] = {"lin", "log", "logit"};
    return words[scale];
}

const char *error_word(ErrorKind kind)
{
    static const char *const words[] = {"additive", "proportional", "combined", "lognormal"};
    return words[kind];
}
