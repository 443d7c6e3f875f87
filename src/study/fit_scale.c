/* fit_scale.c: coordinates of free parameters.
 *
 *   linear  s = x          log  s = ln x          logit  s = ln((x - low) / (high - x))
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/fit.h"

#include <assert.h>
#include <float.h>
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

/* exp and log round: a search that ends on its bound must not come back a digit beyond it, where
 * the fitted study could not be read again. Coordinates outside the bounds (ends of intervals) are
 * left as they are. */
static double log_scale_back(const FitParameter *parameter, double coordinate)
{
    double value = exp(coordinate);
    if (value < parameter->low && coordinate >= log(parameter->low)) {
        return parameter->low;
    }
    if (value > parameter->high && coordinate <= log(parameter->high)) {
        return parameter->high;
    }
    return value;
}

/* Never reaches its bounds, rounded or not: they have no logit. */
static double logit_scale_back(const FitParameter *parameter, double coordinate)
{
    if (isnan(coordinate)) { // the end of no interval
        return coordinate;
    }
    double low = parameter->low;
    double high = parameter->high;
    double part = (high - low) * exp(-fabs(coordinate)) / (1.0 + exp(-fabs(coordinate)));
    double value = coordinate < 0.0 ? low + part : high - part;
    double least = low == 0.0 ? DBL_MIN : nextafter(low, high);
    double most = high == 0.0 ? -DBL_MIN : nextafter(high, low);
    return fmin(fmax(value, least), most);
}

double scale_back(const FitParameter *parameter, double coordinate)
{
    switch (parameter->scale) {
    case SCALE_LOG:
        return log_scale_back(parameter, coordinate);
    case SCALE_LOGIT:
        return logit_scale_back(parameter, coordinate);
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

bool scale_at_bound(const FitParameter *parameter, double coordinate)
{
    static const double near = 1e-6;
    double low;
    double high;
    if (parameter->scale == SCALE_LOGIT) { // never reached, but as near
        return fabs(coordinate) >= -log(near);
    }
    scale_bounds(parameter, &low, &high);
    double room = fmax(1.0, fabs(coordinate));
    if (isfinite(low) && isfinite(high)) {
        room = high - low;
    }
    return coordinate - low <= near * room || high - coordinate <= near * room;
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

const char *at_dose_word(FitAtDose way)
{
    static const char *const words[] = {"records", "post", "pre"};
    return words[way];
}

const char *blq_word(BlqMethod method)
{
    static const char *const words[] = {"M1", "M3", "M4"};
    return words[method];
}
