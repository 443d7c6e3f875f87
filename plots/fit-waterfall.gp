# ${HEADLINE}
#
# Made by:        ${COMMAND}
# Pictures again: gnuplot ${SCRIPT}          (gnuplot 5.4 or newer, in this folder)
# The data are read by column names from starts.csv, which lies beside this script.

# ---- what a person may want to change ---------------------------------------------------------
title    = ${TITLE}
least    = 1e-4        # differences below it are drawn there
pictures = 'svg png'   # also possible: pdf
width    = 16.0        # cm, as printed at 100 %
height   = 10.0
font     = 'Arial'
size     = 9           # points
if (!exists('out')) out = ${OUT}

# ---- axes -------------------------------------------------------------------------------------
set encoding utf8
set datafile separator ','
set datafile missing 'NA'
set datafile columnheaders
set title title noenhanced
set xlabel 'Start, best first' offset 0, 0.5
set ylabel 'Objective (−ln L) above the best'
set border 3 linecolor rgb '#666666'
set tics nomirror out scale 0.7, 0.35 textcolor rgb '#000000'
set xtics autofreq
set format '%h'
set format y '10^{%T}'
set grid linetype 1 linewidth 0.5 linecolor rgb '#E4E4E4'
set key outside bottom center horizontal Left reverse noenhanced samplen 2 spacing 1.15 height 1
set pointsize 0.9
set logscale y

stats 'starts.csv' using 'objective' nooutput
best = STATS_min
most = STATS_max - best
starts = STATS_records
set yrange [least / 2 : (most > 10 * least ? most * 3 : 10)]
set xrange [0.5 : starts + 0.5]
above(word) = strcol('status') eq word ? (column('objective') - best > least ? column('objective') - best : least) : NaN
other(x) = strcol('status') ne 'converged' ? (column('objective') - best > least ? column('objective') - best : least) : NaN

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
    plot 'starts.csv' using 'rank':(above('converged')) with points pointtype 7 linecolor rgb '#0072B2' title 'converged', \
        'starts.csv' using 'rank':(other(0)) with points pointtype 9 linecolor rgb '#D55E00' title 'stopped otherwise'
}
unset output
