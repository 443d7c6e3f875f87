/* test_gnuplot.c: scripts, pictures and drawings.
 *
 * gnuplot itself is the judge of the scripts: it must read them, draw, and say nothing. Where it is
 * not installed those tests say so and pass by the status RENDER_NO_GNUPLOT only.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "table/csv.h"
#include "table/gnuplot.h"
#include "unit/suite.h"

#include "base/file.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const HEADER = "arm,id,time,CRP,msc.viable,flat\n";

typedef struct {
    Arena *arena;
    char folder[64];
    const char *template_text;
} Place;

static void write_text(const Place *place, const char *name, const char *text)
{
    char *path = arena_format(place->arena, "%s/%s", place->folder, name);
    FILE *file = fopen(path, "wb");
    CU_ASSERT_FATAL(file != NULL);
    CU_ASSERT(fputs(text, file) >= 0 && fclose(file) == 0);
}

static Place open_place(void)
{
    Place place = {.arena = arena_new()};
    snprintf(place.folder, sizeof place.folder, "/tmp/stroma plot é' XXXXXX");
    CU_ASSERT_FATAL(mkdtemp(place.folder) != NULL);
    const Source *source;
    CU_ASSERT_FATAL(source_read(place.arena, STROMA_SOURCE_DIR "/plots/profile.gp", &source) ==
                    SOURCE_OK);
    place.template_text = source->text;
    return place;
}

static int count_files(const Place *place, bool remove_them)
{
    int count = 0;
    DIR *folder = opendir(place->folder);
    CU_ASSERT_FATAL(folder != NULL);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        count++;
        if (remove_them) {
            unlink(arena_format(place->arena, "%s/%s", place->folder, entry->d_name));
        }
    }
    closedir(folder);
    return count;
}

static void close_place(Place *place)
{
    count_files(place, true);
    CU_ASSERT(rmdir(place->folder) == 0);
    arena_free(place->arena);
}

/* Three arms of decaying, growing and constant columns; the first arm has no cells. */
static const char *sample_csv(Arena *arena, const char *third_arm)
{
    Text text = text_new(arena);
    text_string(&text, HEADER);
    const char *arms[3] = {"untreated", "allogeneic", third_arm};
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i <= 20; i++) {
            text_format(&text, "%s,1,%d,", arms[k], i);
            text_number(&text, 10.0 + k * i);
            text_string(&text, ",");
            text_number(&text, k == 0 ? 0.0 : 1e8 * exp(-i * 2.0 * k));
            text_string(&text, ",5\n");
        }
    }
    return text.data;
}

static Figure one_curve(const char **arms, int arm_count, Curve *curve)
{
    return (Figure){.title = "C-reactive protein",
                    .csv = "data.csv",
                    .stem = "figure",
                    .command = "stroma run params/x.cfg",
                    .x_label = "Time (day)",
                    .arms = arms,
                    .arm_count = arm_count,
                    .curves = curve,
                    .curve_count = 1,
                    .x_min = NAN,
                    .x_max = NAN,
                    .y_min = NAN,
                    .y_max = NAN};
}

static char *script_of(const Place *place, const Figure *figure)
{
    Text script = text_new(place->arena);
    figure_script(figure, place->template_text, &script);
    return script.data;
}

/* Renders; the status is RENDER_OK, or gnuplot is not installed. Returns what gnuplot said. */
static const char *draws(const Place *place, const Figure *figure)
{
    char *name = arena_format(place->arena, "%s.gp", figure->stem);
    write_text(place, name, script_of(place, figure));
    const char *words;
    RenderStatus status = figure_render(place->arena, place->folder, name, &words);
    if (status == RENDER_NO_GNUPLOT) {
        printf(" (gnuplot is not installed) ");
        return "";
    }
    CU_ASSERT(status == RENDER_OK);
    static const char *const endings[] = {"svg", "png"};
    for (int i = 0; i < 2; i++) {
        char *picture =
            arena_format(place->arena, "%s/%s.%s", place->folder, figure->stem, endings[i]);
        CU_ASSERT(file_exists(picture));
    }
    return words;
}

static void draws_in_silence(const Place *place, const Figure *figure)
{
    CU_ASSERT_STRING_EQUAL(draws(place, figure), "");
}

static void test_script_holds_names_not_numbers_of_columns(void)
{
    Place place = open_place();
    const char *arms[] = {"untreated", "allogeneic"};
    Curve curve = {"CRP", "C-reactive protein", "mg/L"};
    Figure figure = one_curve(arms, 2, &curve);
    char *script = script_of(&place, &figure);
    CU_ASSERT_PTR_NOT_NULL(strstr(script, "of('CRP', 'allogeneic')"));
    CU_ASSERT_PTR_NOT_NULL(strstr(script, "y_label  = 'C-reactive protein (mg/L)'"));
    CU_ASSERT_PTR_NOT_NULL(strstr(script, "# Made by:        stroma run params/x.cfg\n"));
    CU_ASSERT_PTR_NULL(strstr(script, "${"));
    CU_ASSERT_PTR_NULL(strstr(script, "$doses"));
    close_place(&place);
}

static void test_axis_titles(void)
{
    Place place = open_place();
    const char *arms[] = {"a"};
    Curve curves[2] = {{"Treg", "regulatory T cells", "cell/uL"}, {"pH", "pH of blood", "1"}};
    Figure figure = one_curve(arms, 1, &curves[0]);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(script_of(&place, &figure), "y_label  = 'Regulatory T cells (cell/uL)'"));
    figure.curves = &curves[1];
    CU_ASSERT_PTR_NOT_NULL(strstr(script_of(&place, &figure), "y_label  = 'pH of blood'"));
    Curve sodium = {"na", "na", "mmol/L"}; // a name stays as it is
    figure.curves = &sodium;
    CU_ASSERT_PTR_NOT_NULL(strstr(script_of(&place, &figure), "y_label  = 'na (mmol/L)'"));
    figure.curves = curves;
    figure.curve_count = 2; // units differ: the legend carries them
    char *script = script_of(&place, &figure);
    CU_ASSERT_PTR_NOT_NULL(strstr(script, "y_label  = ''"));
    CU_ASSERT_PTR_NOT_NULL(strstr(script, "title 'regulatory T cells (cell/uL)'"));
    figure.y_label = "what you like";
    CU_ASSERT_PTR_NOT_NULL(strstr(script_of(&place, &figure), "y_label  = 'what you like'"));
    close_place(&place);
}

static void test_text_of_the_user_is_never_a_command(void)
{
    Place place = open_place();
    const char *arms[] = {"untreated", "it's `touch owned`"};
    Curve curve = {"CRP", "\"x\" `touch owned` \\", "mg'; system('touch owned')"};
    Figure figure = one_curve(arms, 2, &curve);
    figure.title = "a\nsystem('touch owned') `touch owned` {/:Bold \\";
    figure.command = "stroma\nsystem('touch owned')\\";
    write_text(&place, "data.csv", sample_csv(place.arena, arms[1]));
    draws_in_silence(&place, &figure);
    CU_ASSERT(!file_exists(arena_format(place.arena, "%s/owned", place.folder)));
    CU_ASSERT(!file_exists("owned"));
    figure.csv = "<touch owned";
    char *script = script_of(&place, &figure);
    CU_ASSERT_PTR_NOT_NULL(strstr(script, "data     = './<touch owned'"));
    close_place(&place);
}

static void test_pictures_of_every_kind_of_figure(void)
{
    Place place = open_place();
    const char *arms[] = {"untreated", "allogeneic", "autologous"};
    write_text(&place, "data.csv", sample_csv(place.arena, arms[2]));
    Curve curves[3] = {{"CRP", "C-reactive protein", "mg/L"},
                       {"msc.viable", "viable cells", "cell"},
                       {"flat", "flat", ""}};
    Figure figure = one_curve(arms, 3, &curves[0]);
    double day_0[] = {0.0};
    double weekly[] = {0.0, 7.0, 14.0};
    DoseMarks marks[2] = {{"allogeneic", day_0, 1}, {"autologous", weekly, 3}};
    figure.doses = marks;
    figure.dose_count = 2;
    draws_in_silence(&place, &figure);
    figure.stem = "name with blanks and é'";
    figure.curves = &curves[1]; // zeros on a logarithmic axis
    figure.logy = true;
    figure.dose_count = 1;
    draws_in_silence(&place, &figure);
    figure.stem = "flat";
    figure.curves = &curves[2];
    draws_in_silence(&place, &figure);
    figure.logy = false;
    draws_in_silence(&place, &figure);
    figure.stem = "all";
    figure.curves = curves;
    figure.curve_count = 3;
    figure.x_min = 2.0;
    figure.y_max = 30.0;
    draws_in_silence(&place, &figure);
    close_place(&place);
}

static void test_figures_with_little_or_nothing_in_them(void)
{
    Place place = open_place();
    const char *arms[] = {"a", "b"};
    Curve curves[3] = {{"zero", "", "cell"}, {"missing", "", ""}, {"one", "", ""}};
    double day_0[] = {0.0};
    DoseMarks marks = {"a", day_0, 1};
    static const char *const tables[] = {
        "arm,id,time,zero,missing,one\na,1,0,0,NA,5\na,1,1,0,NA,5\nb,1,0,0,NA,5\n",
        "arm,id,time,zero,missing,one\na,1,0,0,NA,5\n", // one time
        "arm,id,time,zero,missing,one\n"};              // every arm failed at once
    for (int i = 0; i < 3; i++) {
        write_text(&place, "data.csv", tables[i]);
        for (int k = 0; k < 3; k++) {
            Figure figure = one_curve(arms, 2, &curves[k]);
            figure.doses = &marks;
            figure.dose_count = k % 2;
            figure.logy = k != 1;
            draws(&place, &figure); // gnuplot may say that a curve has no points
        }
    }
    close_place(&place);
}

static void test_arms_that_gnuplot_cannot_tell_apart_are_refused(void)
{
    Place place = open_place();
    const char *arms[] = {"2e6/kg, day 0", "2e6/kg, day 28"};
    Curve curve = {"CRP", "", "mg/L"};
    Figure figure = one_curve(arms, 2, &curve);
    write_text(&place, "data.csv", sample_csv(place.arena, "x"));
    write_text(&place, "figure.gp", script_of(&place, &figure));
    const char *words;
    RenderStatus status = figure_render(place.arena, place.folder, "figure.gp", &words);
    CU_ASSERT(status != RENDER_OK);
    CU_ASSERT(status == RENDER_NO_GNUPLOT || strstr(words, "\"2e6/kg, day 28\"") != NULL);
    figure.arm_count = 1; // one such name is well
    CU_ASSERT_PTR_NOT_NULL(strstr(script_of(&place, &figure), "of('CRP', '2e6/kg')"));
    close_place(&place);
}

static char *picture_hash(const Place *place, const char *name)
{
    char *path = arena_format(place->arena, "%s/%s", place->folder, name);
    char *hash = arena_alloc(place->arena, 65);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return hash;
    }
    char *bytes = arena_alloc(place->arena, 1 << 20);
    size_t length = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    file_hash(bytes, length, hash);
    return hash;
}

static void test_pictures_are_the_same_bytes_each_time(void)
{
    Place place = open_place();
    const char *arms[] = {"untreated", "allogeneic", "autologous"};
    write_text(&place, "data.csv", sample_csv(place.arena, arms[2]));
    Curve curve = {"CRP", "C-reactive protein", "mg/L"};
    Figure figure = one_curve(arms, 3, &curve);
    draws_in_silence(&place, &figure);
    char *svg = picture_hash(&place, "figure.svg");
    char *png = picture_hash(&place, "figure.png");
    setenv("GNUTERM", "dumb", 1);
    setenv("LC_ALL", "de_DE.UTF-8", 1);
    draws_in_silence(&place, &figure);
    unsetenv("GNUTERM");
    unsetenv("LC_ALL");
    CU_ASSERT_STRING_EQUAL(picture_hash(&place, "figure.svg"), svg);
    CU_ASSERT_STRING_EQUAL(picture_hash(&place, "figure.png"), png);
    close_place(&place);
}

static void test_failure_leaves_nothing_and_has_words(void)
{
    Place place = open_place();
    write_text(&place, "broken.gp",
               "set terminal svg\nset output out.'.svg'\nplot x\nnonsense 1\n");
    const char *words;
    RenderStatus status = figure_render(place.arena, place.folder, "broken.gp", &words);
    CU_ASSERT(status != RENDER_OK);
    if (status == RENDER_FAILED) {
        CU_ASSERT_PTR_NOT_NULL(strstr(words, "nonsense"));
    }
    CU_ASSERT(count_files(&place, false) == 1); // the script alone
    char *path = arena_format(place.arena, "%s", getenv("PATH"));
    setenv("PATH", place.folder, 1);
    CU_ASSERT(figure_render(place.arena, place.folder, "broken.gp", &words) == RENDER_NO_GNUPLOT);
    setenv("PATH", path, 1);
    close_place(&place);
}

/* How many times a character stands in a text. */
static int occurrences(const char *text, char mark)
{
    int count = 0;
    for (; *text != '\0'; text++) {
        count += *text == mark;
    }
    return count;
}

/* The smallest and largest value that the script has seen stand in it as `low` and `high`. */
static void expect_seen(const Place *place, const Figure *figure, const char *wanted)
{
    char *script = script_of(place, figure);
    const char *before_plot = strstr(script, "\n# ---- curves");
    CU_ASSERT_PTR_NOT_NULL_FATAL(before_plot);
    const char *name = "seen.gp";
    write_text(place, name,
               arena_format(place->arena,
                            "%.*s\nprinterr sprintf('%%g %%g', low, high)\nexit status 3\n",
                            (int)(before_plot - script), script));
    const char *words = "";
    RenderStatus status = figure_render(place->arena, place->folder, name, &words);
    if (status != RENDER_NO_GNUPLOT) {
        CU_ASSERT(status == RENDER_FAILED && strstr(words, wanted) != NULL);
    }
}

static void test_measured_values_are_drawn_and_within_the_axis(void)
{
    Place place = open_place();
    const char *arms[] = {"untreated", "allogeneic", "auto, `own`"};
    write_text(&place, "data.csv", sample_csv(place.arena, "auto"));
    Curve curves[2] = {{"CRP", "C-reactive protein", "mg/L"}, {"flat", "flat", ""}};
    Figure figure = one_curve(arms, 3, curves);
    const char *sources[] = {"Table 1\n!rm -r ~", "`date`"};
    Point measured[] = {{0, 0, 3, 12, 8, 16, 9, POINT_READ, ""},
                        {1, 0, 30, 95, NAN, NAN, NAN, POINT_RECALLED, ""},
                        {1, 0, 10, 20, -4, 44, NAN, POINT_UNSAID, ""}};
    Points points = {"Wang's, mean (SD)", sources, 2, measured, 3};
    figure.points = &points;
    draws_in_silence(&place, &figure);
    // CRP of the three arms runs from 10 to 50; the points and bars from -4 to 95.
    expect_seen(&place, &figure, "-4 95");
    figure.x_max = 5.0; // what lies outside does not count
    expect_seen(&place, &figure, "8 20");
    figure.x_max = NAN;
    const char *script = script_of(&place, &figure);
    CU_ASSERT_PTR_NOT_NULL(strstr(script, "# from: Table 1 !rm -r ~\n# from: 'date'\n"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(script, "$points_2_1 << END\ntime,value,low,high\n10,20,-4,44\nEND\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(script, "title 'Wang''s, mean (SD)'"));
    CU_ASSERT_PTR_NOT_NULL( // a recalled value has a hollow mark
        strstr(script, "$recalled_2_1 << END\ntime,value,low,high\n30,95,NA,NA\nEND\n"));
    CU_ASSERT_PTR_NULL(strstr(script, "$points_3_1")); // the third arm has none
    figure.logy = true;                                // a bar that goes below 0
    figure.curve_count = 2;
    figure.stem = "pairs";
    measured[2].curve = 1;
    draws_in_silence(&place, &figure);
    close_place(&place);
}

static void test_the_mean_of_a_population_has_no_band(void)
{
    Place place = open_place();
    write_text(
        &place, "summary.csv",
        "arm,time,name,n,mean,sd,p05,p50,p95\nP,0,ACR,9,0,0,0,0,0\nP,1,ACR,9,0.4,0.5,0,0,1\n");
    const char *arms[] = {"P"};
    Curve curve = {"ACR", "responders", "1"};
    Figure figure = one_curve(arms, 1, &curve);
    FigureBand band = {.middle = "mean", .words = "mean"};
    figure.csv = "summary.csv";
    figure.band = &band;
    draws_in_silence(&place, &figure);
    expect_seen(&place, &figure, "0 0.4");
    CU_ASSERT_PTR_NULL(strstr(script_of(&place, &figure), "filledcurves"));
    band.low = "p05";
    band.high = "p95";
    draws_in_silence(&place, &figure);
    expect_seen(&place, &figure, "0 1");
    CU_ASSERT_PTR_NOT_NULL(strstr(script_of(&place, &figure), "filledcurves"));
    close_place(&place);
}

static void test_measured_values_in_a_drawing_of_letters(void)
{
    Place place = open_place();
    TableColumn columns[2] = {{.name = "time"}, {.name = "y"}};
    Table *table = table_new(place.arena, columns, 2, 0);
    for (int i = 0; i <= 10; i++) {
        double *row = table_add_row(table);
        row[0] = i;
        row[1] = i;
    }
    const char *arms[] = {"all"};
    Curve curve = {"y", "", ""};
    Figure figure = one_curve(arms, 1, &curve);
    Point measured[] = {{0, 0, 0, 20, NAN, NAN, NAN, POINT_UNSAID, ""},
                        {0, 0, 5, 10, 0, 20, NAN, POINT_UNSAID, ""},
                        {0, 0, 1e300, 0, NAN, NAN, NAN, POINT_UNSAID, ""}};
    Points points = {"made up", NULL, 0, measured, 3};
    figure.points = &points;
    Text text = text_new(place.arena);
    figure_ascii(&figure, table, 60, 14, &text);
    // The first lies in the upper left corner, the second on the curve's other side; one in the
    // legend.
    CU_ASSERT_PTR_NOT_NULL(strstr(text.data, "        20 +*\n"));
    CU_ASSERT(occurrences(text.data, '*') == 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(text.data, "*  made up\n"));
    close_place(&place);
}

static void test_ascii_drawing(void)
{
    Place place = open_place();
    TableColumn columns[3] = {
        {.name = "arm", .kind = TABLE_TEXT, .words = (const char *[]){"P", "Q"}, .word_count = 2},
        {.name = "time"},
        {.name = "y"}};
    Table *table = table_new(place.arena, columns, 3, 0);
    for (int i = 0; i <= 10; i++) {
        double *row = table_add_row(table);
        row[1] = i;
        row[2] = i;
    }
    const char *arms[] = {"P", "Q"};
    Curve curve = {"y", "", ""};
    Figure figure = one_curve(arms, 1, &curve);
    figure.title = "";
    Text text = text_new(place.arena);
    figure_ascii(&figure, table, 60, 14, &text);
    // A straight line from corner to corner: 48 columns, 10 lines.
    CU_ASSERT_PTR_NOT_NULL(strstr(text.data, "        10 +"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text.data, "         0 +a"));
    CU_ASSERT(occurrences(text.data, 'a') == 48 + 2); // the line, the legend, "day"
    // The second arm is one point only, the first has a gap.
    double *row = table_add_row(table);
    row[0] = 1;
    row[1] = 5;
    row[2] = 1e6;
    table->cells[5 * 3 + 2] = NAN;
    figure.arm_count = 2;
    figure.logy = true; // drops the zero
    Text again = text_new(place.arena);
    figure_ascii(&figure, table, 60, 14, &again);
    CU_ASSERT_PTR_NOT_NULL(strstr(again.data, "     1e+06 +"));
    CU_ASSERT(occurrences(again.data, 'b') == 2); // the point and the legend
    table->row_count = 0;
    Text empty = text_new(place.arena);
    figure_ascii(&figure, table, 60, 14, &empty);
    CU_ASSERT_PTR_NOT_NULL(strstr(empty.data, "nothing to draw"));
    close_place(&place);
}

SUITE("gnuplot", TEST(test_script_holds_names_not_numbers_of_columns), TEST(test_axis_titles),
      TEST(test_text_of_the_user_is_never_a_command), TEST(test_pictures_of_every_kind_of_figure),
      TEST(test_figures_with_little_or_nothing_in_them),
      TEST(test_arms_that_gnuplot_cannot_tell_apart_are_refused),
      TEST(test_pictures_are_the_same_bytes_each_time),
      TEST(test_failure_leaves_nothing_and_has_words), TEST(test_ascii_drawing),
      TEST(test_measured_values_are_drawn_and_within_the_axis),
      TEST(test_measured_values_in_a_drawing_of_letters),
      TEST(test_the_mean_of_a_population_has_no_band))
