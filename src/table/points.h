/* points.h: measured values that a figure shows beside its curves, each with its error bar.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TABLE_POINTS_H
#define STROMA_TABLE_POINTS_H

/* Where a value comes from: read at its source, reckoned from what was read there, or recalled and
 * not read again. */
typedef enum { POINT_UNSAID, POINT_READ, POINT_DERIVED, POINT_RECALLED } PointEvidence;

typedef struct {
    int arm; // which arm and curve of the figure it belongs to
    int curve;
    double time, value;
    double low, high; // ends of the error bar; NAN: none
    double n;         // subjects behind it; NAN: not said
    PointEvidence evidence;
    const char *source; // "" if none
} Point;

typedef struct {
    const char *words;    // of the legend, such as "Wang 2013, mean and SD"
    const char **sources; // (source_count) where the values come from, each once
    int source_count;
    Point *points; // (count)
    int count;
} Points;

#endif
