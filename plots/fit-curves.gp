# ${HEADLINE}
#
# Made by:        ${COMMAND}
# Pictures again: gnuplot ${SCRIPT}          (gnuplot 5.4 or newer, in this folder)
# Observations are read from predictions.csv, curves of the fitted model from curves.csv, both by column names.

# ---- what a person may want to change ---------------------------------------------------------
title    = ${TITLE}
x_label  = ${X_LABEL}
y_label  = ${Y_LABEL}
name     = ${NAME}     # in the column name
log_y    = ${LOG_Y}           # 1: logarithmic axis
pictures = 'svg png'   # also possible: pdf
width    = 16.0        # cm, as printed at 100 %
height   = 10.0
font     = 'Arial'
size     = 9           # points
if (!exists('out')) out = ${OUT}

# Colours of Okabe and Ito (2008): colour-blind readers can tell them apart; dashes and marks do it in print.
set style line 1 linewidth 2 dashtype 1     linecolor rgb '#0072B2' pointtype 7  # blue
set style line 2 linewidth 2 dashtype '-'   linecolor rgb '#D55E00' pointtype 5  # vermilion
set style line 3 linewidth 2 dashtype '-.'  linecolor rgb '#009E73' pointtype 9  # green
set style line 4 linewidth 2 dashtype (3,3) linecolor rgb '#CC79A7' pointtype 11 # purple
set style line 5 linewidth 2 dashtype '-..' linecolor rgb '#E69F00' pointtype 13 # orange
set style line 6 linewidth 2 dashtype '_'   linecolor rgb '#56B4E9' pointtype 4  # sky blue
set style line 7 linewidth 2 dashtype '_.'  linecolor rgb '#000000' pointtype 6  # black
set style line 8 linewidth 2 dashtype '--.' linecolor rgb '#888888' pointtype 8  # grey

# ---- axes -------------------------------------------------------------------------------------
set encoding utf8
set datafile separator ','
set datafile missing 'NA'
set datafile columnheaders
set title title noenhanced
set xlabel x_label noenhanced offset 0, 0.5
set ylabel y_label noenhanced
set border 3 linecolor rgb '#666666'
set tics nomirror out scale 0.7, 0.35 textcolor rgb '#000000'
set format '%h'
set grid linetype 1 linewidth 0.5 linecolor rgb '#E4E4E4'
set key outside bottom center horizontal Left reverse noenhanced samplen 3 spacing 1.15 height 1
set pointsize 0.7
if (log_y) { set logscale y; set format y '10^{%T}' }

# ---- observations and curves ------------------------------------------------------------------
of(value, who) = strcol('name') eq name && column('subject') == who ? column(value) : NaN
all(value) = strcol('name') eq name ? column(value) : NaN
# The curve of one subject must not run on into the next: its first point only marks where it begins.
before = 0
each(value) = (same = column('subject') == before, before = column('subject'), same ? all(value) : NaN)

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
    plot \
${CURVES}
}
unset output
