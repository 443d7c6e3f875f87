# ${HEADLINE}
#
# Made by:        ${COMMAND}
# Pictures again: gnuplot ${SCRIPT}          (gnuplot 5.4 or newer, in this folder)
# The data are read by column names from predictions.csv, which lies beside this script.

# ---- what a person may want to change ---------------------------------------------------------
title    = ${TITLE}
x_label  = ${X_LABEL}
quantity = ${QUANTITY} # with its unit
name     = ${NAME}     # in the column name
log_axes = ${LOG_AXES}           # 1: observed and predicted on logarithmic axes
pictures = 'svg png'   # also possible: pdf
width    = 16.0        # cm, as printed at 100 %
height   = 14.0
font     = 'Arial'
size     = 9           # points
if (!exists('out')) out = ${OUT}

# ---- axes -------------------------------------------------------------------------------------
set encoding utf8
set datafile separator ','
set datafile missing 'NA'
set datafile columnheaders
set border 3 linecolor rgb '#666666'
set tics nomirror out scale 0.7, 0.35 textcolor rgb '#000000'
set format '%h'
set grid linetype 1 linewidth 0.5 linecolor rgb '#E4E4E4'
set pointsize 0.6
unset key
set style line 1 pointtype 7 linecolor rgb '#0072B2' # values
set style line 2 linewidth 1.5 dashtype 1 linecolor rgb '#444444' # what they would lie on
set style line 3 linewidth 1 dashtype '-' linecolor rgb '#888888' # 95 % of them lie within
mine(value) = strcol('name') eq name ? column(value) : NaN

low = 1e300; high = -1e300; least = 1e300; wide = 2.2
look(y, f, w) = (y == y && f == f ? (low = y < low ? y : low, low = f < low ? f : low, \
    high = y > high ? y : high, high = f > high ? f : high, \
    least = f > 0 && f < least ? f : least, least = y > 0 && y < least ? y : least, \
    wide = w == w && abs(w) > wide ? abs(w) : wide) : 0, 0)
stats 'predictions.csv' using (strcol('name') eq name ? look(column('observed'), column('predicted'), \
    column('weighted_residual')) : 0) nooutput
if (low > high) { low = 0; high = 1; least = 0.1 }
if (low == high) { low = low - 1; high = high + 1 }
if (log_axes) { low = least / 1.2; high = high * 1.2 } else { room = 0.04 * (high - low); low = low - room; high = high + room }

do for [picture in pictures] {
    if (picture eq 'svg') {
        set terminal svg size width / 2.54 * 96, height / 2.54 * 96 \
            font sprintf('%s,%g', font, size * 96 / 72.0) background rgb 'white'
    }
    if (picture eq 'png') { # 288 dots an inch
        set terminal pngcairo size width / 2.54 * 288, height / 2.54 * 288 \
            font sprintf('%s,%g', font, size) fontscale 3 linewidth 3 pointscale 3
    }
    if (picture eq 'pdf') {
        set terminal pdfcairo size width / 2.54, height / 2.54 font sprintf('%s,%g', font, size)
    }
    set output out.'.'.picture
    set multiplot layout 2, 2 title title noenhanced margins 0.10, 0.97, 0.09, 0.92 spacing 0.13, 0.12

    if (log_axes) { set logscale xy }
    set xrange [low : high]
    set yrange [low : high]
    set xlabel 'Predicted '.quantity noenhanced offset 0, 0.5
    set ylabel 'Observed '.quantity noenhanced offset 0.4, 0
    plot x with lines linestyle 2, \
        'predictions.csv' using (mine('predicted')):(column('observed')) with points linestyle 1
    unset logscale

    set xrange [*:*]
    set yrange [-wide * 1.05 : wide * 1.05]
    set xlabel x_label noenhanced
    set ylabel 'Weighted residual' offset 0.4, 0
    plot 0 with lines linestyle 2, 1.96 with lines linestyle 3, -1.96 with lines linestyle 3, \
        'predictions.csv' using (mine('time')):(column('weighted_residual')) with points linestyle 1

    if (log_axes) { set logscale x }
    set xrange [low : high]
    set xlabel 'Predicted '.quantity noenhanced
    plot 0 with lines linestyle 2, 1.96 with lines linestyle 3, -1.96 with lines linestyle 3, \
        'predictions.csv' using (mine('predicted')):(column('weighted_residual')) with points linestyle 1
    unset logscale

    set xrange [-wide * 1.05 : wide * 1.05]
    set xlabel 'Normal quantile'
    plot x with lines linestyle 2, \
        'predictions.csv' using (mine('normal_quantile')):(column('weighted_residual')) with points linestyle 1
    unset multiplot
}
unset output
