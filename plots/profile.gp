# ${HEADLINE}
#
# Made by:        ${COMMAND}
# Pictures again: gnuplot ${SCRIPT}          (gnuplot 5.4 or newer, in this folder)
# The data are read by column names from ${DATA_NAME}, which lies beside this script.

# ---- what a person may want to change ---------------------------------------------------------
title    = ${TITLE} # a \ goes before _ ^ { } @ & ~
x_label  = ${X_LABEL}
y_label  = ${Y_LABEL}
x_min    = ${X_MIN}         # NaN: from the data
x_max    = ${X_MAX}
y_min    = ${Y_MIN}
y_max    = ${Y_MAX}
log_x    = ${LOG_X}           # 1: logarithmic axis
log_y    = ${LOG_Y}
pictures = 'svg png'   # also possible: pdf
width    = 16.0        # cm, as printed at 100 %
height   = ${HEIGHT}        # a long legend makes it higher
font     = 'Arial'
size     = 9           # points
data     = ${DATA}
columns  = '${COLUMNS}'
if (!exists('out')) out = ${OUT}   # pictures are out.svg, out.png

# Colours of Okabe and Ito (2008): colour-blind readers can tell them apart; dashes do it in print.
set style line 1 linewidth 2 dashtype 1     linecolor rgb '#0072B2' # blue
set style line 2 linewidth 2 dashtype '-'   linecolor rgb '#D55E00' # vermilion
set style line 3 linewidth 2 dashtype '-.'  linecolor rgb '#009E73' # green
set style line 4 linewidth 2 dashtype (3,3) linecolor rgb '#CC79A7' # purple
set style line 5 linewidth 2 dashtype '-..' linecolor rgb '#E69F00' # orange
set style line 6 linewidth 2 dashtype '_'   linecolor rgb '#56B4E9' # sky blue
set style line 7 linewidth 2 dashtype '_.'  linecolor rgb '#000000' # black
set style line 8 linewidth 2 dashtype '--.' linecolor rgb '#888888' # grey
set style line 9 linewidth 2 dashtype 1     linecolor rgb '#444444' # dose marks, words for points

# ---- axes -------------------------------------------------------------------------------------
set encoding utf8
set datafile separator ','
set datafile missing 'NA'
set datafile columnheaders
set title '{/:Bold '.title.'}'
set xlabel x_label noenhanced offset 0, 0.5
cut = 0 # a long name of the axis goes on two lines
do for [i = 1 : strlen(y_label)] {
    if (y_label[i : i] eq ' ' && abs(2 * i - strlen(y_label)) < abs(2 * cut - strlen(y_label))) { cut = i }
}
set ylabel y_label noenhanced
if (strlen(y_label) > 46 && cut > 0) {
    set ylabel y_label[1 : cut - 1]."\n".y_label[cut + 1 : *] noenhanced offset -1.5, 0
    set lmargin 16
}
set border 3 linecolor rgb '#666666'
set tics nomirror out scale 0.7, 0.35 textcolor rgb '#000000'
set format '%h'
set grid linetype 1 linewidth 0.5 linecolor rgb '#E4E4E4'
set key outside bottom center horizontal Left reverse noenhanced samplen 3 spacing 1.15 \
    height 1 width ${LEGEND_WIDTH} # characters by which gnuplot takes the words for too wide
set pointsize 0.8
set errorbars 0.7
set autoscale xfix
set y2range [0:1]
if (log_x) { set logscale x }
if (log_y) { set logscale y }

# The range of the data: a flat line and a single time need some room, and on a logarithmic axis what
# is less than a billionth of the peak is nothing.
low = 1e300; high = -1e300
seen(y) = y == y && (!log_y || y > 0) ? (low = y < low ? y : low, high = y > high ? y : high) : 0
inside(x) = !(x < x_min || x > x_max) # NaN is neither
do for [name in columns] {
    stats data using (inside(column('time')) ? seen(${SEEN}) : 0, column('time')) nooutput
}
${POINTS}if (!exists('STATS_min')) { STATS_min = 0; STATS_max = 1 } # a table without rows
left = x_min == x_min ? x_min : STATS_min
right = x_max == x_max ? x_max : STATS_max
dodge = log_x ? 0 : 0.007 * (right - left) # measured values of several arms stand side by side
if (STATS_min == STATS_max) { set xrange [STATS_min - 1 : STATS_max + 1] }
if (low > high) {
    low = 1; high = 10
    set xrange [STATS_min : STATS_max + (STATS_min == STATS_max)]
    set yrange [low : high]
    set label log_y ? 'no values above 0' : 'no values' at graph 0.5, 0.5 center
}
if (low == high) {
    room = low == 0 ? 1 : abs(low) / 2
    set yrange [log_y ? low / 10 : low - room : log_y ? low * 10 : low + room]
}
if (!log_y && low < 0 && low > -1e-6 * high) { low = 0; set yrange [0:] } # rounding, not values below 0
if (y_max == y_max) { set yrange [:y_max]; high = y_max } # NaN is not equal to itself
if (log_y && low < high / 1e9) { low = high / 1e9; set yrange [low:] }
if (y_min == y_min) { set yrange [y_min:]; low = y_min }
if (log_y && (low < high / 100 || high >= 1e5)) { set format y '10^{%T}' }
if (x_min == x_min) { set xrange [x_min:] }
if (x_max == x_max) { set xrange [:x_max] }
${UNIT_TICS}${DOSES}
# ---- curves: one for each arm and column ------------------------------------------------------
${SELECTION}

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
