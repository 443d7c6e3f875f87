# ${HEADLINE}
#
# Made by:        ${COMMAND}
# Pictures again: gnuplot ${SCRIPT}          (gnuplot 5.4 or newer, in this folder)
# The data are read by column names from profiles.csv, which lies beside this script.

# ---- what a person may want to change ---------------------------------------------------------
title    = ${TITLE}
quantile = ${QUANTILE}       # of chi-square with one degree of freedom: where an interval ends
columns  = ${COLUMNS}          # panels side by side
rows     = ${ROWS}
pictures = 'svg png'   # also possible: pdf
width    = 16.0        # cm, as printed at 100 %
height   = 1.5 + 5.2 * rows
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
set pointsize 0.5
set mxtics 1
unset key
set style line 1 linewidth 2 linecolor rgb '#0072B2' pointtype 7 # the profile
set style line 2 linewidth 1.5 dashtype '-' linecolor rgb '#888888' # the quantile
set style line 3 linewidth 1.5 dashtype '.' linecolor rgb '#D55E00' # the parabola of the standard error
set yrange [-0.05 * quantile : 2 * quantile]
set ylabel 'Rise of −2 ln L' offset 0, 0
mine(value) = strcol('parameter') eq name ? column(value) : NaN

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
    set multiplot layout rows, columns title title.'  (dotted: from the standard error)' noenhanced \
        margins 0.09, 0.97, 1.3 / height, 1.0 - 1.0 / height spacing 0.11, 1.6 / height
${PANELS}
    unset multiplot
}
unset output
