/* test_edit.c: studies changed in their text: nothing else moves, and every bit comes back.
 *
 * Texts are compared letter by letter; numbers are read back by params_read, which shares no code
 * with the editor but the scanner.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/edit.h"

#include "base/file.h"
#include "base/random.h"
#include "unit/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char model_text[] = "model small \"one place\"\n"
                                 "time day\n"
                                 "use site as site\n"
                                 "param ka [1/day] \"absorption\"\n"
                                 "param CL [L/day] \"clearance\"\n"
                                 "param V  [L] \"volume\" = 10\n"
                                 "param K  [mg/L] \"half of the effect\" = 1\n"
                                 "param n  [1] \"exponent\" = 2\n"
                                 "covariate WT [kg] \"weight\" = 70\n"
                                 "state A [mg] \"amount\" = 0\n"
                                 "flow leave : A -> : CL / V * A\n"
                                 "route iv \"into a vein\" -> A\n"
                                 "observe C [mg/L] \"concentration\" = A / V * K / K * ka / ka * n "
                                 "/ n * WT / WT\n";

static const char site_text[] = "module site \"a module\"\n"
                                "time day\n"
                                "param k [1/day] \"loss\" = 1\n"
                                "state B [mg] \"bound\" = 1 [mg]\n"
                                "flow loss : B -> : k * B\n";

static const char base_text[] = "# a set of numbers\n"
                                "ka = { value = 0.5; # per hour\n"
                                "       unit = \"1/h\";\n"
                                "       source = \"a book\"; };\n"
                                "CL = 5.5;  // litres\n"
                                "K  = \"50 ug/L\";\n";

static const char study_text[] =
    "# a study\n"
    "model = \"small\";   /* beside it */\n"
    "parameters = {\n"
    "  @include \"sets/base.cfg\"   # first\n"
    "  V = { value = 2000.0; unit = \"mL\" };  # small\n"
    "  site = { k = 3.0; };\n"
    "};\n"
    "time = { start = 0.0; end = \"1 week\" };\n"
    "arms = ( { name = \"low\"; },\n"
    "         { name = \"high\"; parameters = { n = 3.0; }; // more\n"
    "           doses = ( { route = \"iv\"; amount = \"5 mg\"; at = 0.0; } ); } );\n";

typedef struct {
    Arena *arena;
    Diag *diag;
    char folder[64];
} Scene;

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(text, 1, strlen(text), file), strlen(text));
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static Scene open_scene(void)
{
    Scene scene = {.arena = arena_new(), .folder = "/tmp/stroma-edit-XXXXXX"};
    scene.diag = diag_new(scene.arena);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(scene.folder));
    CU_ASSERT_EQUAL_FATAL(chdir(scene.folder), 0);
    CU_ASSERT(file_make_folder("sets") && file_make_folder("out/deep"));
    put_file("small.stroma", model_text);
    put_file("site.stroma", site_text);
    put_file("sets/base.cfg", base_text);
    put_file("study.cfg", study_text);
    return scene;
}

static void close_scene(Scene *scene)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", scene->folder);
    CU_ASSERT_EQUAL(chdir("/"), 0);
    CU_ASSERT_EQUAL(system(command), 0);
    arena_free(scene->arena);
}

static const char *text_of(Scene *scene, const char *path)
{
    const Source *source = NULL;
    CU_ASSERT_EQUAL_FATAL(source_read(scene->arena, path, &source), SOURCE_OK);
    return source->text;
}

static const char *messages(Scene *scene)
{
    Text text = text_new(scene->arena);
    diag_print(scene->diag, &text, false);
    return text.data ? text.data : "";
}

/* `text` with the first `from` replaced. */
static const char *with(Scene *scene, const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    return arena_format(scene->arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static bool change(Scene *scene, const char *path, const char *value, const char *source,
                   bool override)
{
    ParamsOptions options = params_options_default();
    Edit *edit = edit_open(scene->arena, "study.cfg", &options, scene->diag);
    EditChange one = {.path = path, .value = value, .source = source, .override = override};
    return edit && edit_set(edit, &one) && edit_check(edit) && edit_write(edit);
}

static void check_same(const char *text, const char *expected)
{
    CU_ASSERT_STRING_EQUAL(text, expected);
    if (strcmp(text, expected) != 0) {
        printf("\n--- is\n%s\n--- should be\n%s\n", text, expected);
    }
}

/* Changes a fresh study; `expected` is what the letters `from` in it should have become. */
static void check_change(const char *path, const char *value, const char *source, const char *from,
                         const char *expected)
{
    Scene scene = open_scene();
    bool ok = change(&scene, path, value, source, false);
    CU_ASSERT(ok);
    if (!ok) {
        printf("\n%s", messages(&scene));
    }
    check_same(text_of(&scene, "study.cfg"), with(&scene, study_text, from, expected));
    check_same(text_of(&scene, "sets/base.cfg"), base_text);
    close_scene(&scene);
}

static void check_included(const char *path, const char *value, const char *source,
                           const char *from, const char *expected)
{
    Scene scene = open_scene();
    CU_ASSERT(change(&scene, path, value, source, false));
    check_same(text_of(&scene, "sets/base.cfg"), with(&scene, base_text, from, expected));
    check_same(text_of(&scene, "study.cfg"), study_text);
    close_scene(&scene);
}

static void test_a_value_keeps_its_form(void)
{
    check_change("V", "2500", NULL, "2000.0", "2500");
    check_change("V", "3 L", NULL, "2000.0; unit = \"mL\"", "3; unit = \"L\"");
    check_change("V", NULL, "a \"scale\"", "\"mL\" }", "\"mL\"; source = \"a \\\"scale\\\"\"; }");
    check_change("site.k", "0.25", NULL, "3.0; };", "0.25; };");
    check_change("site.k", "2 1/h", "x", "3.0; };",
                 "{ value = 2; unit = \"1/h\"; source = \"x\"; }; };");
    check_change("arms.high.parameters.n", "1.5", NULL, "3.0; }; //", "1.5; }; //");
    check_change("arms.1.doses.0.amount", "7.5", NULL, "5 mg", "7.5 mg");
    check_change("time.end", "2", NULL, "1 week", "2 week");
    check_change("parameters.V.unit", "L", NULL, "\"mL\"", "\"L\"");
    check_included("ka", "0.75", NULL, "0.5;", "0.75;");
    check_included("ka", NULL, "another", "a book", "another");
    check_included("K", "60.5", NULL, "50 ug/L", "60.5 ug/L");
    check_included("K", "1", "me", "\"50 ug/L\"",
                   "{ value = 1; unit = \"ug/L\"; source = \"me\"; }");
    check_included("CL", "6.5", NULL, "5.5", "6.5");
}

static void test_what_is_missing_is_added_in_its_group(void)
{
    check_change("n", "4", NULL, "k = 3.0; };\n", "k = 3.0; };\n  n = 4;\n");
    check_change("n", "4", "guess", "k = 3.0; };\n",
                 "k = 3.0; };\n  n = { value = 4; source = \"guess\"; };\n");
    check_change(
        "WT", "80", "scale", "} ); } );\n",
        "} ); } );\ncovariates = { WT = { value = 80; unit = \"kg\"; source = \"scale\"; }; "
        "};\n");
    check_change("time.every", "6 h", NULL, "\"1 week\" }", "\"1 week\"; every = \"6 h\"; }");
    check_change("arms.high.parameters.ka", "2", NULL, "n = 3.0; }", "n = 3.0; ka = 2; }");
    check_change("arms.low.parameters.site.k", "2", NULL, "\"low\"; }",
                 "\"low\"; parameters = { site = { k = 2; }; }; }");
    check_change("solver.rtol", "1e-8", NULL, "} ); } );\n",
                 "} ); } );\nsolver = { rtol = 1e-8; };\n");
}

static void test_an_override_stands_after_the_include(void)
{
    Scene scene = open_scene();
    CU_ASSERT(change(&scene, "ka", "0.75", "fit", true));
    CU_ASSERT(change(&scene, "CL", "6.5", NULL, true));
    const char *added = "k = 3.0; };\n"
                        "  ka = { value = 0.75; unit = \"1/h\"; source = \"fit\"; };\n"
                        "  CL = 6.5;\n";
    check_same(text_of(&scene, "study.cfg"), with(&scene, study_text, "k = 3.0; };\n", added));
    check_same(text_of(&scene, "sets/base.cfg"), base_text);
    close_scene(&scene);
}

static void check_refused(const char *path, const char *value, const char *message)
{
    Scene scene = open_scene();
    CU_ASSERT_FALSE(change(&scene, path, value, NULL, false));
    CU_ASSERT_PTR_NOT_NULL(strstr(messages(&scene), message));
    if (!strstr(messages(&scene), message)) {
        printf("\n%s: %s\n", path, messages(&scene));
    }
    check_same(text_of(&scene, "study.cfg"), study_text);
    check_same(text_of(&scene, "sets/base.cfg"), base_text);
    close_scene(&scene);
}

static void test_wrong_names_and_values_change_nothing(void)
{
    check_refused("parameters.site.kk", "1",
                  "study.cfg:6:12: error P460: the model 'small' has no "
                  "parameter 'site.kk'");
    check_refused("kaa", "1",
                  "sets/base.cfg:2:1: error P460: 'kaa' is no key of a study and no "
                  "parameter of its model");
    check_refused("kaa", "1", "did you mean 'ka'?");
    check_refused("time.ende", "1", "study.cfg:8:23: error P460");
    check_refused("arms.hihg.parameters.n", "1", "did you mean 'high'?");
    check_refused("parameters", "1", "P461");
    check_refused("V", "3 kg", "P021");
    check_refused("V", "nan", "P022");
    check_refused("V", "3000000000", "P008");
    check_refused("time.end", "-1", "P026");
    check_refused("V.", "1", "P460");
    check_refused("V..value", "1", "P460");
    check_refused("", "1", "P460");
}

/* Any double through every form and unit, read back by the reader of studies. */
static void test_fitted_values_come_back_bit_by_bit(void)
{
    static const char *const names[] = {"ka", "CL", "V", "K", "n", "WT", "site.k"};
    enum { COUNT = sizeof names / sizeof names[0], ROUNDS = 40 };
    Scene scene = open_scene();
    ParamsOptions options = params_options_default();
    for (int round = 0; round < ROUNDS; round++) {
        FittedValue values[COUNT];
        for (int i = 0; i < COUNT; i++) {
            double u = random_uniform((RandomKey){20261127, 0, (uint32_t)i}, (uint32_t)round);
            values[i] = (FittedValue){names[i], exp(40 * u - 20), "fitted to \"x\", SE 0.1 µ"};
        }
        const char *to = round % 2 ? "out/deep/fitted.cfg" : "fitted.cfg";
        CU_ASSERT_FATAL(
            edit_copy(scene.arena, "study.cfg", to, values, COUNT, &options, scene.diag));
        const Study *study = params_read(scene.arena, to, &options, scene.diag);
        CU_ASSERT_PTR_NOT_NULL_FATAL(study);
        for (int i = 0; i < COUNT; i++) {
            NameRef ref = model_find(study->model, names[i]);
            const Arm *arm = &study->arms[0];
            double read = ref.kind == NAME_COVARIATE ? arm->covariates[ref.index]
                                                     : arm->parameters[ref.index];
            const Origin *origin = ref.kind == NAME_COVARIATE ? &arm->covariate_origin[ref.index]
                                                              : &arm->parameter_origin[ref.index];
            CU_ASSERT_EQUAL(memcmp(&read, &values[i].value, sizeof read), 0);
            CU_ASSERT_STRING_EQUAL(origin->source, values[i].source);
        }
    }
    check_same(text_of(&scene, "study.cfg"), study_text);
    CU_ASSERT_STRING_EQUAL(messages(&scene), "");
    close_scene(&scene);
}

static void test_a_copy_elsewhere_keeps_comments_and_finds_its_files(void)
{
    Scene scene = open_scene();
    ParamsOptions options = params_options_default();
    FittedValue value = {"V", 2.5, "fit"};
    CU_ASSERT(
        edit_copy(scene.arena, "study.cfg", "out/deep/f.cfg", &value, 1, &options, scene.diag));
    const char *text = with(&scene, study_text, "\"small\"", "\"../../small.stroma\"");
    text = with(&scene, text, "sets/base.cfg", "../../sets/base.cfg");
    text =
        with(&scene, text, "2000.0; unit = \"mL\" }", "2500.0; unit = \"mL\"; source = \"fit\"; }");
    check_same(text_of(&scene, "out/deep/f.cfg"), text);
    CU_ASSERT_FALSE(
        edit_copy(scene.arena, "study.cfg", "none/f.cfg", &value, 1, &options, scene.diag));
    CU_ASSERT_PTR_NOT_NULL(strstr(messages(&scene), "T060"));
    close_scene(&scene);
}

static void test_included_lists_and_twins(void)
{
    Scene scene = open_scene();
    put_file("arms.cfg", "arms = ( { name = \"a\"; parameters = { n = 2.5; }; } );\n");
    put_file("k.cfg", "k = 2.0;\n");
    put_file("small.stroma", with(&scene, model_text, "use site as site\n",
                                  "use site as site\nuse site as other\n"));
    put_file("study.cfg", "model = \"small\";\n"
                          "parameters = { ka = 1.0; CL = 1.0; site = { @include \"k.cfg\" };\n"
                          "  other = { @include \"k.cfg\" }; };\n"
                          "time = { end = 1.0; };\n"
                          "@include \"arms.cfg\"\n");
    const char *before = text_of(&scene, "study.cfg");
    CU_ASSERT_FALSE(change(&scene, "arms.a.parameters.n", "3", NULL, true));
    CU_ASSERT_PTR_NOT_NULL(strstr(messages(&scene), "arms.cfg:1:39: error P462"));
    CU_ASSERT(change(&scene, "arms.a.parameters.n", "3", NULL, false));
    check_same(text_of(&scene, "arms.cfg"),
               "arms = ( { name = \"a\"; parameters = { n = 3; }; } );\n");
    CU_ASSERT(change(&scene, "site.k", "3", NULL, false));
    CU_ASSERT_PTR_NOT_NULL(strstr(messages(&scene), "k.cfg:1:5: warning P464"));
    check_same(text_of(&scene, "k.cfg"), "k = 3;\n");
    check_same(text_of(&scene, "study.cfg"), before);
    CU_ASSERT(change(&scene, "other.k", "4", NULL, true));
    check_same(text_of(&scene, "study.cfg"), with(&scene, before, "other = { @include \"k.cfg\" }",
                                                  "other = { @include \"k.cfg\" k = 4; }"));
    close_scene(&scene);
}

static void test_what_a_copy_needs_is_found_from_there(void)
{
    Scene scene = open_scene();
    ParamsOptions options = params_options_default();
    put_file("seen.csv", "time,value\n1,2\n");
    put_file("subjects.csv", "id,n\n1,2\n");
    const char *more =
        "covariates = { WT = \"80 kg\"; };\n"
        "plots = ( { y = [ \"C\" ]; }, { y = [ \"A\" ]; points = { file = \"seen.csv\"; }; } "
        ");\n"
        "population = { file = \"subjects.csv\"; };\n";
    put_file("study.cfg", with(&scene, arena_format(scene.arena, "%s%s", study_text, more),
                               "arms = ( { name = \"low\"; },\n         {", "arms = ( {"));
    put_file("study.cfg",
             with(&scene, text_of(&scene, "study.cfg"), "parameters = { n = 3.0; }; ", ""));
    FittedValue value = {"WT", 82.5, "scale"};
    CU_ASSERT(edit_copy(scene.arena, "study.cfg", "out/f.cfg", &value, 1, &options, scene.diag));
    const char *text = text_of(&scene, "out/f.cfg");
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "file = \"../seen.csv\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "file = \"../subjects.csv\""));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(text, "WT = { value = 82.5; unit = \"kg\"; source = \"scale\"; };"));
    CU_ASSERT_PTR_NOT_NULL(params_read(scene.arena, "out/f.cfg", &options, scene.diag));
    CU_ASSERT_STRING_EQUAL(messages(&scene), "");
    close_scene(&scene);
}

static void test_an_arm_that_keeps_its_own_value_is_told(void)
{
    Scene scene = open_scene();
    CU_ASSERT(change(&scene, "n", "4", NULL, false));
    CU_ASSERT_PTR_NOT_NULL(strstr(messages(&scene), "study.cfg:11:46: warning P047: this arm keeps "
                                                    "its own value of 'n'"));
    CU_ASSERT(change(&scene, "arms.high.parameters.n", "5", NULL, false));
    CU_ASSERT_EQUAL(diag_warnings(scene.diag), 1); // no further one
    close_scene(&scene);
}

static void test_groups_are_not_values(void)
{
    Scene scene = open_scene();
    ParamsOptions options = params_options_default();
    Edit *edit = edit_open(scene.arena, "study.cfg", &options, scene.diag);
    EditValue *values = NULL;
    int count = 7;
    CU_ASSERT(edit && edit_get(edit, "covariates", &values, &count) && count == 0);
    CU_ASSERT(edit && edit_get(edit, "solver.rtol", &values, &count) && count == 1);
    CU_ASSERT(values[0].is_default);
    CU_ASSERT_STRING_EQUAL(messages(&scene), "");
    EditChange one = {.path = "covariates", .value = "1"};
    CU_ASSERT_FALSE(edit_set(edit, &one));
    CU_ASSERT_PTR_NOT_NULL(strstr(messages(&scene), "P461"));
    close_scene(&scene);
}

static void test_links_and_permissions_stay(void)
{
    Scene scene = open_scene();
    struct stat status;
    CU_ASSERT_EQUAL(rename("study.cfg", "real.cfg") | symlink("real.cfg", "study.cfg"), 0);
    CU_ASSERT_EQUAL(chmod("real.cfg", 0640), 0);
    CU_ASSERT(change(&scene, "site.k", "9.5", NULL, false));
    CU_ASSERT(lstat("study.cfg", &status) == 0 && S_ISLNK(status.st_mode));
    CU_ASSERT(stat("real.cfg", &status) == 0 && (status.st_mode & 0777) == 0640);
    check_same(text_of(&scene, "real.cfg"), with(&scene, study_text, "3.0; };", "9.5; };"));
    close_scene(&scene);
}

static void test_marks_line_ends_and_joined_texts_stay(void)
{
    Scene scene = open_scene();
    put_file("study.cfg", "\xef\xbb\xbfmodel = \"small\";\r\n"
                          "parameters = { ka = 1.0; CL = 2.0;\r\n"
                          "  V = \"10 \" // ten\r\n"
                          "      \"L\"; };\r\n"
                          "time = { end = 2.0; };");
    CU_ASSERT(change(&scene, "V", "11", NULL, false));
    CU_ASSERT(change(&scene, "title", "x", NULL, false));
    FILE *file = fopen("study.cfg", "rb");
    char bytes[512] = {0};
    CU_ASSERT(file && fread(bytes, 1, sizeof bytes - 1, file) > 0);
    (void)fclose(file);
    check_same(bytes, "\xef\xbb\xbfmodel = \"small\";\r\n"
                      "parameters = { ka = 1.0; CL = 2.0;\r\n"
                      "  V = \"11 L\" // ten\r\n"
                      "; };\r\n"
                      "time = { end = 2.0; };\r\ntitle = \"x\";\r\n");
    close_scene(&scene);
}

static void test_values_are_told_with_unit_source_and_place(void)
{
    Scene scene = open_scene();
    ParamsOptions options = params_options_default();
    Edit *edit = edit_open(scene.arena, "study.cfg", &options, scene.diag);
    EditValue *values = NULL;
    int count = 0;
    CU_ASSERT_FATAL(edit && edit_get(edit, "ka", &values, &count) && count == 1);
    CU_ASSERT_STRING_EQUAL(values[0].path, "parameters.ka");
    CU_ASSERT_STRING_EQUAL(values[0].value, "0.5");
    CU_ASSERT_STRING_EQUAL(values[0].unit, "1/h");
    CU_ASSERT_STRING_EQUAL(values[0].source, "a book");
    CU_ASSERT_STRING_EQUAL(values[0].model_unit, "1/day");
    CU_ASSERT_EQUAL(values[0].model_value, 12.0); // 0.5 per hour is 12 per day
    CU_ASSERT_STRING_EQUAL(values[0].span.source->name, "sets/base.cfg");
    CU_ASSERT(edit_get(edit, "WT", &values, &count) && count == 1 && values[0].is_default);
    CU_ASSERT_EQUAL(values[0].model_value, 70.0);
    CU_ASSERT(edit_get(edit, "parameters", &values, &count) && count == 5);
    CU_ASSERT(edit_get(edit, "arms.high", &values, &count) && count == 5);
    CU_ASSERT_STRING_EQUAL(values[1].path, "arms.high.parameters.n");
    close_scene(&scene);
}

SUITE("edit", TEST(test_a_value_keeps_its_form), TEST(test_what_is_missing_is_added_in_its_group),
      TEST(test_an_override_stands_after_the_include),
      TEST(test_wrong_names_and_values_change_nothing),
      TEST(test_fitted_values_come_back_bit_by_bit),
      TEST(test_a_copy_elsewhere_keeps_comments_and_finds_its_files),
      TEST(test_included_lists_and_twins), TEST(test_what_a_copy_needs_is_found_from_there),
      TEST(test_an_arm_that_keeps_its_own_value_is_told), TEST(test_groups_are_not_values),
      TEST(test_links_and_permissions_stay), TEST(test_marks_line_ends_and_joined_texts_stay),
      TEST(test_values_are_told_with_unit_source_and_place))
