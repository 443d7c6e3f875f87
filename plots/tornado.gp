# ${HEADLINE}
#
# Made by:        ${COMMAND}
# Pictures again: gnuplot ${SCRIPT}          (gnuplot 5.4 or newer, in this folder)
# The numbers are those of ${DATA_NAME}, largest first.

# ---- what a person may want to change ---------------------------------------------------------
title    = ${TITLE}
x_label  = ${X_LABEL}
pictures = 'svg png'   # also possible: pdf
width    = 16.0        # cm, as printed at 100 %
row      = 0.62        # cm for each parameter; more where several arms share it
font     = 'Arial'
size     = 9           # points
if (!exists('out')) out = ${OUT}   # pictures are out.svg, out.png

# Colours of Okabe and Ito (2008): colour-blind readers can tell them apart.
colours = '#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9 #000000 #888888'

# ---- rows: parameter, then one number for each arm --------------------------------------------
${ROWS}
rows = ${ROW_COUNT}
arms = ${ARM_COUNT}
array name[arms]
${ARM_NAMES}
# ---- axes -------------------------------------------------------------------------------------
set encoding utf8
set datafile separator '|'
set datafile missing 'NA'
set title title noenhanced font sprintf(',%g', 1.15 * size)
set xlabel x_label noenhanced offset 0, 0.3
set border 1 linecolor rgb '#666666'
set xtics nomirror out scale 0.7, 0.35 textcolor rgb '#000000'
set ytics scale 0 noenhanced textcolor rgb '#000000' ( \
${TICS})
set grid xtics linetype 1 linewidth 0.5 linecolor rgb '#E4E4E4'
set xzeroaxis linetype 0 linewidth 0
set arrow from 0, graph 0 to 0, graph 1 nohead front linewidth 1 linecolor rgb '#444444'
set yrange [rows + 0.6 : 0.4]
low = ${LOW}; high = ${HIGH}
room = 0.12 * (high - low > 0 ? high - low : 1)
set xrange [low < 0 ? low - room : 0 : high > 0 ? high + room : 0]
if (low == 0 && high == 0) { set xrange [-1 : 1] }
set style fill solid 0.85 noborder
if (arms > 1) {
    set key outside bottom center horizontal Left reverse noenhanced samplen 2 spacing 1.15 height 1
} else {
    unset key
}
thick = 0.8 / arms
middle(arm) = (arm - (arms + 1) / 2.0) * thick
least = 1e-3 * (high > -low ? high : -low) # what no bar shows needs no number
end(value) = value == value ? value : 0 # gnuplot 5.4 crashes on labels without a single place
told(value) = value == value && abs(value) >= least ? sprintf('%.3g', value) : ''
height = 2.6 + rows * row * (arms > 2 ? arms / 2.0 : 1) + (arms > 1 ? 1.0 : 0)

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
    plot for [arm = 1 : arms] $rows using (0) : ($0 + 1 + middle(arm)) : (0) : (end(column(arm + 1))) : \
            ($0 + 1 + middle(arm) - 0.45 * thick) : ($0 + 1 + middle(arm) + 0.45 * thick) \
            with boxxyerror linecolor rgb word(colours, (arm - 1) % 8 + 1) title name[arm], \
        for [arm = 1 : arms] $rows using (end(column(arm + 1))) : ($0 + 1 + middle(arm)) : \
            (column(arm + 1) > 0 ? told(column(arm + 1)) : '') \
            with labels left offset 0.5, 0 font sprintf(',%g', 0.85 * size) notitle, \
        for [arm = 1 : arms] $rows using (end(column(arm + 1))) : ($0 + 1 + middle(arm)) : \
            (column(arm + 1) < 0 ? told(column(arm + 1)) : '') \
            with labels right offset -0.5, 0 font sprintf(',%g', 0.85 * size) notitle
}
unset output
