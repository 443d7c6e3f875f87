/* gnuplot.c: fills the template plots/profile.gp with one figure.
 *
 * The template is a readable gnuplot script with ${NAMES} in it; everything that has to do with
 * looks stands there, not here. Here: one curve for each arm and column, told apart by colour (arm)
 * and dashes (column), legend, axis titles, dose marks.
 *
 * No text of the user can become a command: texts go into single-quoted gnuplot strings (no
 * escapes, no backticks; a quote is doubled), control characters become blanks, and a file name
 * that gnuplot would take for a pipe or a special file gets "./" in front.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "table/gnuplot_parts.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <string.h>

// Patterns for the second, third ... column of one arm; the first is solid.
static const char *const DASHES[] = {"1", "'-'", "'.'", "'-.'", "'-..'", "'_'", "'_.'", "'--.'"};

const char *figure_comment(Arena *arena, const char *text)
{
    char *copy = arena_copy(arena, text, strlen(text));
    for (char *at = copy; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 127) {
            *at = ' ';
        } else if (*at == '`') {
            *at = '\'';
        }
    }
    // A backslash at the end would continue the comment on the next line.
    for (size_t length = strlen(copy); length > 0 && copy[length - 1] == '\\'; length--) {
        copy[length - 1] = ' ';
    }
    return copy;
}

void figure_quote(Text *text, const char *string)
{
    text_add(text, "'", 1);
    for (const char *at = string; *at != '\0'; at++) {
        char byte = (unsigned char)*at < ' ' || *at == 127 ? ' ' : *at;
        text_add(text, byte == '\'' ? "''" : &byte, byte == '\'' ? 2 : 1);
    }
    text_add(text, "'", 1);
}

const char *template_string(Arena *arena, const char *string)
{
    Text text = text_new(arena);
    figure_quote(&text, string == NULL ? "" : string);
    return text.data;
}

/* Text for a place where gnuplot's marks ("{/:Bold ...}") are in force. */
static const char *without_marks(Arena *arena, const char *string)
{
    Text text = text_new(arena);
    for (const char *at = string; *at != '\0'; at++) {
        if (strchr("\\_^{}@&~", *at) != NULL) {
            text_add(&text, "\\", 1);
        }
        text_add(&text, at, 1);
    }
    return text.data;
}

/* A file name that gnuplot takes literally: "<", "|", "~", "$", "+" and "-" are special in front.
 */
static const char *literal_file(Arena *arena, const char *name)
{
    unsigned char first = (unsigned char)name[0];
    bool plain = isalnum(first) || first == '.' || first == '_' || first == '/' || first >= 128;
    return plain ? name : arena_format(arena, "./%s", name);
}

static bool has_unit(const char *unit)
{
    return unit != NULL && unit[0] != '\0' && strcmp(unit, "1") != 0;
}

static bool same_units(const Figure *figure)
{
    for (int i = 1; i < figure->curve_count; i++) {
        const char *first = figure->curves[0].unit == NULL ? "" : figure->curves[0].unit;
        const char *unit = figure->curves[i].unit == NULL ? "" : figure->curves[i].unit;
        if (strcmp(first, unit) != 0) {
            return false;
        }
    }
    return true;
}

static const char *curve_words(const Curve *curve)
{
    return curve->label != NULL && curve->label[0] != '\0' ? curve->label : curve->column;
}

/* "effector T cells" begins an axis title as "Effector T cells"; "mRNA" and "pH" stay. */
static const char *capitalised(Arena *arena, const char *words)
{
    char *copy = arena_copy(arena, words, strlen(words));
    bool word = islower((unsigned char)copy[0]) && islower((unsigned char)copy[1]);
    for (const char *at = copy; word && *at != '\0' && *at != ' '; at++) {
        word = *at != '_' && *at != '.' && !isupper((unsigned char)*at) &&
               !isdigit((unsigned char)*at); // a name, not a word
    }
    if (word) {
        copy[0] = (char)toupper((unsigned char)copy[0]);
    }
    return copy;
}

static const char *y_title(Arena *arena, const Figure *figure)
{
    if (figure->y_label != NULL) {
        return figure->y_label;
    }
    const Curve *first = &figure->curves[0];
    if (figure->curve_count == 1) {
        const char *words = curve_words(first);
        words = strcmp(words, first->column) == 0 ? words : capitalised(arena, words); // "na" stays
        return has_unit(first->unit) ? arena_format(arena, "%s (%s)", words, first->unit) : words;
    }
    return same_units(figure) && has_unit(first->unit) ? first->unit : "";
}

/* The unit is part of the words when the axis title cannot carry it. */
static const char *column_words(Arena *arena, const Figure *figure, int curve)
{
    const Curve *shown = &figure->curves[curve];
    const char *words = curve_words(shown);
    bool with_unit = figure->curve_count > 1 && !same_units(figure) && has_unit(shown->unit);
    return with_unit ? arena_format(arena, "%s (%s)", words, shown->unit) : words;
}

bool figure_has_pairs(const Figure *figure)
{
    return figure->arm_count > 1 && figure->curve_count > 1;
}

/* Colour by arm and dashes by column; with one arm both by column, with one column both by arm. */
static void add_style(Text *text, const Figure *figure, int arm, int curve)
{
    int dashes = (int)(sizeof DASHES / sizeof DASHES[0]);
    if (figure_has_pairs(figure)) {
        text_format(text, "linestyle %d dashtype %s", arm % LINE_STYLES + 1,
                    DASHES[curve % dashes]);
    } else {
        text_format(text, "linestyle %d", (arm + curve) % LINE_STYLES + 1);
    }
}

static bool same_marks(const Figure *figure)
{
    const DoseMarks *first = figure->doses;
    for (int i = 1; i < figure->dose_count; i++) {
        const DoseMarks *other = &figure->doses[i];
        if (other->count != first->count ||
            memcmp(other->times, first->times, (size_t)first->count * sizeof *first->times) != 0) {
            return false;
        }
    }
    return true;
}

static int arm_index(const Figure *figure, const char *arm)
{
    for (int i = 0; i < figure->arm_count; i++) {
        if (strcmp(figure->arms[i], arm) == 0) {
            return i;
        }
    }
    return 0;
}

/* Rows of dose marks: one for all arms when they agree, else one for each arm. */
static int mark_rows(const Figure *figure)
{
    return figure->dose_count == 0 || same_marks(figure) ? figure->dose_count > 0
                                                         : figure->dose_count;
}

/* gnuplot 5.4 cuts a quoted field at a comma or a quote within; so must the text it is compared
 * with. */
static const char *as_gnuplot_reads(Arena *arena, const char *word)
{
    return arena_copy(arena, word, strcspn(word, ",\""));
}

/* The words of the legend for an arm. */
static const char *arm_words(Arena *arena, const Figure *figure, int arm)
{
    bool pairs = figure->band != NULL && figure->band->references != NULL;
    return pairs ? arena_format(arena, "%s - %s", figure->arms[arm], figure->band->references[arm])
                 : figure->arms[arm];
}

/* Arms that gnuplot cannot tell apart must not end up in one curve: the script says so and ends. */
static void add_refusal(Text *text, const Figure *figure)
{
    for (int k = 0; k < figure->arm_count; k++) {
        const char *name = as_gnuplot_reads(text->arena, figure->arms[k]);
        bool pairs = figure->band != NULL && figure->band->references != NULL;
        for (int i = 0; i < k && !pairs; i++) {
            if (strcmp(name, as_gnuplot_reads(text->arena, figure->arms[i])) != 0) {
                continue;
            }
            text_string(text, "printerr ");
            figure_quote(text,
                         arena_format(text->arena,
                                      "gnuplot reads the arms \"%s\" and \"%s\" both as \"%s\": "
                                      "rename one, without comma and quote",
                                      figure->arms[i], figure->arms[k], name));
            text_string(text, "\nexit status 1\n");
            return;
        }
    }
}

/* What comes before the curves. */
static const char *dose_blocks(Arena *arena, const Figure *figure)
{
    Text text = text_new(arena);
    int rows = mark_rows(figure);
    add_refusal(&text, figure);
    if (figure->band != NULL && figure->band->references != NULL) {
        text_string(&text, "set xzeroaxis linetype 1 linewidth 1 linecolor rgb '#666666'\n");
    }
    for (int i = 0; i < rows; i++) {
        const DoseMarks *marks = &figure->doses[i];
        text_format(&text, "\n# Times of the doses: %s\n$doses_%d << END\ntime\n",
                    rows == 1 && figure->dose_count > 1 ? "all arms that have any"
                                                        : figure_comment(arena, marks->arm),
                    i + 1);
        for (int k = 0; k < marks->count; k++) {
            text_number(&text, marks->times[k]);
            text_add(&text, "\n", 1);
        }
        text_string(&text, "END\n");
    }
    if (rows > 1) {
        text_format(&text, "set offsets 0, 0, graph %.2f, 0   # room for the marks\n", 0.04 * rows);
    }
    return text.data;
}

/* Triangles on the upper edge of the plot, where no data are. Where arms differ, each has a row in
 * its colour, and the legend has one grey triangle for all. */
static void add_marks(Text *text, const Figure *figure)
{
    int rows = mark_rows(figure);
    for (int i = 0; i < rows; i++) {
        int style =
            rows == 1 ? GREY_STYLE : arm_index(figure, figure->doses[i].arm) % LINE_STYLES + 1;
        text_format(text,
                    ", \\\n        $doses_%d using 1:(%.2f) axes x1y2 with points linestyle %d "
                    "pointtype 11 %s",
                    i + 1, 1.0 - 0.04 * i, style, rows == 1 ? "title 'dose'" : "notitle");
    }
    if (rows > 1) {
        text_format(text,
                    ", \\\n        keyentry with points linestyle %d pointtype 11 title 'dose'",
                    GREY_STYLE);
    }
}

/* Arms by colour, then columns by dashes: a + c entries instead of a x c, which would leave no room
 * for the plot. */
static void add_legend(Text *text, const Figure *figure)
{
    int dashes = (int)(sizeof DASHES / sizeof DASHES[0]);
    for (int k = 0; k < figure->arm_count; k++) {
        text_format(text, ", \\\n        keyentry with lines linestyle %d dashtype 1 title ",
                    k % LINE_STYLES + 1);
        figure_quote(text, arm_words(text->arena, figure, k));
    }
    for (int i = 0; i < figure->curve_count; i++) {
        text_format(text, ", \\\n        keyentry with lines linestyle %d dashtype %s title ",
                    GREY_STYLE, DASHES[i % dashes]);
        figure_quote(text, column_words(text->arena, figure, i));
    }
}

/* The value of a column in the rows of one curve and arm, as gnuplot says it. */
static void add_value(Text *text, const Figure *figure, const char *column, int curve, int arm)
{
    text_string(text, "(of(");
    figure_quote(text, column);
    text_string(text, ", ");
    figure_quote(text, as_gnuplot_reads(text->arena, figure->arms[arm]));
    if (figure->band != NULL) {
        text_string(text, ", ");
        figure_quote(text, figure->curves[curve].column);
    }
    if (figure->band != NULL && figure->band->references != NULL) {
        text_string(text, ", ");
        figure_quote(text, as_gnuplot_reads(text->arena, figure->band->references[arm]));
    }
    text_string(text, "))");
}

/* The table, cut down to the rows of one curve. */
static void add_data(Text *text, const Figure *figure, int curve, int arm)
{
    const FigureBand *band = figure->band;
    text_string(text, "        data ");
    if (band != NULL && band->first != NULL) {
        int first = band->first[arm * figure->curve_count + curve];
        text_format(text, "every ::%d::%d ", first, first + band->rows - 1);
    }
    text_string(text, "using 'time':");
}

/* A pale area, and thin lines at its ends: they keep bands apart that lie on one another. */
static void add_band(Text *text, const Figure *figure, int curve, int arm)
{
    const char *const ends[] = {figure->band->low, figure->band->high};
    add_data(text, figure, curve, arm);
    add_value(text, figure, ends[0], curve, arm);
    text_string(text, ":");
    add_value(text, figure, ends[1], curve, arm);
    text_string(text, " with filledcurves ");
    add_style(text, figure, arm, curve);
    text_string(text, " fillstyle transparent solid 0.14 noborder notitle, \\\n");
    for (int i = 0; i < 2; i++) {
        add_data(text, figure, curve, arm);
        add_value(text, figure, ends[i], curve, arm);
        text_string(text, " with lines ");
        add_style(text, figure, arm, curve);
        text_string(text, " linewidth 0.7 notitle, \\\n");
    }
}

static const char *curve_lines(Arena *arena, const Figure *figure)
{
    Text text = text_new(arena);
    bool band = figure->band != NULL && figure->band->low != NULL;
    for (int i = 0; i < figure->curve_count && band; i++) {
        for (int k = 0; k < figure->arm_count; k++) {
            add_band(&text, figure, i, k);
        }
    }
    for (int i = 0; i < figure->curve_count; i++) {
        for (int k = 0; k < figure->arm_count; k++) {
            text_string(&text, i + k == 0 ? "" : ", \\\n");
            add_data(&text, figure, i, k);
            add_value(&text, figure,
                      figure->band != NULL ? figure->band->middle : figure->curves[i].column, i, k);
            text_string(&text, " with lines ");
            add_style(&text, figure, k, i);
            if (figure_has_pairs(figure)) {
                text_string(&text, " notitle");
                continue;
            }
            bool one = figure->arm_count == 1 &&
                       (figure->band == NULL || figure->band->references == NULL);
            text_string(&text, " title ");
            figure_quote(&text, one ? column_words(arena, figure, i) : arm_words(arena, figure, k));
        }
    }
    if (figure_has_pairs(figure)) {
        add_legend(&text, figure);
    }
    if (figure->band != NULL) {
        text_format(&text, ", \\\n        keyentry with %s title ",
                    band ? "boxes fillstyle solid 0.25 noborder linecolor rgb '#444444'"
                         : "lines linestyle 9");
        figure_quote(&text, figure->band->words);
    }
    figure_add_points(&text, figure);
    add_marks(&text, figure);
    return text.data;
}

/* How a curve is found in the table: the function `of` of the script. */
static const char *selection(const Figure *figure)
{
    if (figure->band == NULL) {
        return "of(name, arm) = strcol('arm') eq arm ? column(name) : NaN";
    }
    if (figure->band->references == NULL) {
        return "of(value, arm, name) = strcol('arm') eq arm && strcol('name') eq name ? "
               "column(value) : NaN";
    }
    return "of(value, arm, name, reference) = strcol('arm') eq arm && strcol('name') eq name && "
           "\\\n    strcol('reference') eq reference ? column(value) : NaN";
}

/* What `stats` looks at: a column, in the rows that are shown. */
static const char *seen_value(Arena *arena, const Figure *figure)
{
    if (figure->band == NULL) {
        return "column(name)";
    }
    Text names = text_new(arena);
    text_string(&names, "(strstrt(' ");
    for (int i = 0; i < figure->curve_count; i++) {
        text_format(&names, "%s ", figure->curves[i].column);
    }
    text_string(&names, "', ' '.strcol('name').' ') ? column(name) : NaN)");
    return names.data;
}

/* Letters of the longest entry of the legend. */
static size_t longest_entry(Arena *arena, const Figure *figure)
{
    size_t longest = 0;
    bool contrast = figure->band != NULL && figure->band->references != NULL;
    bool arms = figure->arm_count > 1 || contrast;
    for (int k = 0; k < figure->arm_count && arms; k++) {
        size_t length = strlen(arm_words(arena, figure, k));
        longest = length > longest ? length : longest;
    }
    for (int i = 0; i < figure->curve_count; i++) {
        size_t length = strlen(column_words(arena, figure, i));
        bool shown = !arms || figure->curve_count > 1;
        longest = shown && length > longest ? length : longest;
    }
    size_t words;
    (void)figure_point_entries(arena, figure, &words);
    longest = words > longest ? words : longest;
    words = figure->band == NULL ? 0 : strlen(figure->band->words);
    return words > longest ? words : longest;
}

/* gnuplot reckons with wide letters and so finds room for too few columns in the legend: what it
 * should take off, about an eighth of the longest entry. */
static const char *legend_width(Arena *arena, const Figure *figure)
{
    return arena_format(arena, "-%zu", longest_entry(arena, figure) / 8);
}

/* Centimetres of the picture: a long legend makes it higher, not the plot lower. */
static const char *picture_height(Arena *arena, const Figure *figure)
{
    enum { LETTERS = 82, SAMPLE = 7, ROWS_FREE = 2 }; // of a line of 16 cm; of a piece of curve
    int entries = figure_has_pairs(figure) ? figure->arm_count + figure->curve_count
                                           : figure->arm_count * figure->curve_count;
    size_t letters;
    entries += (figure->band != NULL) + figure_point_entries(arena, figure, &letters) +
               (figure->dose_count > 0);
    int columns = LETTERS / ((int)longest_entry(arena, figure) + SAMPLE);
    columns = columns < 1 ? 1 : columns;
    int rows = (entries + columns - 1) / columns;
    int more = rows > ROWS_FREE ? rows - ROWS_FREE : 0;
    return arena_format(arena, "%d.%d", 10 + more / 2, more % 2 * 5);
}

static const char *column_list(Arena *arena, const Figure *figure)
{
    Text text = text_new(arena);
    if (figure->band != NULL && figure->band->low == NULL) {
        return figure->band->middle;
    }
    if (figure->band != NULL) {
        text_format(&text, "%s %s", figure->band->low, figure->band->high);
        return text.data;
    }
    for (int i = 0; i < figure->curve_count; i++) {
        text_format(&text, "%s%s", i == 0 ? "" : " ", figure->curves[i].column);
    }
    return text.data;
}

bool figure_has_unit(const Figure *figure)
{
    return figure->x_factor > 0 && figure->x_factor != 1.0 && !figure->logx;
}

/* The time axis is labelled in another unit than that of the data. */
static const char *unit_tics(Arena *arena, const Figure *figure)
{
    static const char tics[] =
        " # times of the data in one unit of the axis\n"
        "span = (right - left) / unit\n"
        "step = 10 ** floor(log10(span / 8))\n"
        "do for [k in '2 3 6 10'] { # not more than nine numbers\n"
        "    if (span > 8 * step) { step = k * 10 ** floor(log10(span / 8)) }\n"
        "}\n"
        "set xtics ('0' 0)\n"
        "do for [k = ceil(left / unit / step) : floor(right / unit / step)] {\n"
        "    set xtics add (gprintf('%g', k * step) k * step * unit)\n"
        "}\n";
    Text text = text_new(arena);
    if (figure_has_unit(figure)) {
        text_string(&text, "unit = ");
        text_number(&text, figure->x_factor);
        text_string(&text, tics);
    }
    return text.data;
}

/* An end of an axis; NaN is automatic. */
static const char *limit(Arena *arena, double value)
{
    Text text = text_new(arena);
    if (isnan(value)) {
        text_string(&text, "NaN");
    } else {
        text_number(&text, value);
    }
    return text.data;
}

void template_fill(const char *template_text, const Placeholder *placeholders, int count,
                   Text *script)
{
    const char *rest = template_text;
    for (const char *mark; (mark = strstr(rest, "${")) != NULL;) {
        text_add(script, rest, (size_t)(mark - rest));
        const char *close = strchr(mark, '}');
        size_t length = close == NULL ? 0 : (size_t)(close - mark) - 2;
        const char *value = NULL;
        for (int i = 0; i < count && close != NULL; i++) {
            if (strlen(placeholders[i].name) == length &&
                memcmp(placeholders[i].name, mark + 2, length) == 0) {
                value = placeholders[i].value;
            }
        }
        if (value == NULL) { // not ours: it stays
            text_add(script, mark, 2);
            rest = mark + 2;
            continue;
        }
        text_string(script, value);
        rest = close + 1;
    }
    text_string(script, rest);
}

void figure_script(const Figure *figure, const char *template_text, Text *script)
{
    assert(figure != NULL && template_text != NULL && script != NULL);
    assert(figure->curve_count > 0 && figure->arm_count > 0);
    Arena *arena = script->arena;
    const char *title = figure->title == NULL ? "" : figure->title;
    const char *command = figure->command == NULL ? "stroma" : figure->command;
    const Placeholder placeholders[] = {
        {"HEADLINE", figure_comment(arena, title[0] == '\0' ? figure->stem : title)},
        {"COMMAND", figure_comment(arena, command)},
        {"SCRIPT", figure_comment(arena, arena_format(arena, "%s.gp", figure->stem))},
        {"DATA_NAME", figure_comment(arena, figure->csv)},
        {"TITLE", template_string(arena, without_marks(arena, title))},
        {"X_LABEL", template_string(arena, figure->x_label)},
        {"Y_LABEL", template_string(arena, y_title(arena, figure))},
        {"X_MIN", limit(arena, figure->x_min)},
        {"X_MAX", limit(arena, figure->x_max)},
        {"Y_MIN", limit(arena, figure->y_min)},
        {"Y_MAX", limit(arena, figure->y_max)},
        {"LOG_X", figure->logx ? "1" : "0"},
        {"LOG_Y", figure->logy ? "1" : "0"},
        {"DATA", template_string(arena, literal_file(arena, figure->csv))},
        {"COLUMNS", column_list(arena, figure)},
        {"SELECTION", selection(figure)},
        {"SEEN", seen_value(arena, figure)},
        {"LEGEND_WIDTH", legend_width(arena, figure)},
        {"HEIGHT", picture_height(arena, figure)},
        {"OUT", template_string(arena, literal_file(arena, figure->stem))},
        {"POINTS", figure_point_blocks(arena, figure)},
        {"UNIT_TICS", unit_tics(arena, figure)},
        {"DOSES", dose_blocks(arena, figure)},
        {"CURVES", curve_lines(arena, figure)},
    };
    template_fill(template_text, placeholders, (int)(sizeof placeholders / sizeof placeholders[0]),
                  script);
}
