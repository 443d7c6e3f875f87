/* test_config.c: the text of a study: values and their places, @include, and every trap of
 * libconfig.
 *
 * Expected messages are written out in full. What libconfig itself makes of a text is asked in
 * config_load, which refuses (P051) when the two disagree: the mutation test leans on that.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/config.h"

#include "base/file.h"
#include "base/random.h"
#include "unit/suite.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    Arena *arena;
    Diag *diag;
    Config *config;
    bool ok;
} Scene;

static Scene open_text(const char *text, size_t length)
{
    Scene scene = {.arena = arena_new()};
    scene.diag = diag_new(scene.arena);
    scene.config = config_new(scene.arena, scene.diag);
    const Source *source = source_from_text(scene.arena, "a.cfg", text, length);
    scene.ok = config_read_source(scene.config, source);
    scene.ok = scene.ok && config_load(scene.config, scene.config->root);
    return scene;
}

static Scene open_string(const char *text)
{
    return open_text(text, strlen(text));
}

static void close_scene(Scene *scene)
{
    arena_free(scene->arena);
}

static void expect_messages(Scene *scene, const char *expected)
{
    Text text = text_new(scene->arena);
    diag_print(scene->diag, &text, false);
    CU_ASSERT_STRING_EQUAL(text.data, expected);
    if (strcmp(text.data, expected) != 0) {
        printf("\n--- found\n%s--- expected\n%s---\n", text.data, expected);
    }
}

/* The entry at a path of names and numbers with dots between them. */
static Entry *at(const Scene *scene, const char *path)
{
    Entry *entry = scene->config->root;
    while (*path) {
        char part[64] = "";
        size_t length = strcspn(path, ".");
        memcpy(part, path, length);
        if (entry->kind == ENTRY_GROUP) {
            entry = entry_find(entry, part);
            CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
        } else {
            int index = part[0] - '0';
            CU_ASSERT_FATAL(index >= 0 && index < entry->count);
            entry = entry->items[index];
        }
        path += length + (path[length] == '.');
    }
    return entry;
}

static void expect_place(Span span, int line, int column, uint32_t length)
{
    int found_line;
    int found_column;
    source_locate(span.source, span.start, &found_line, &found_column);
    CU_ASSERT_EQUAL(found_line, line);
    CU_ASSERT_EQUAL(found_column, column);
    CU_ASSERT_EQUAL(span.length, length);
}

/* --- values and places ---------------------------------------------------------------------------
 */

static void test_values_of_every_kind(void)
{
    Scene scene = open_string("a = 1; b : -2.5e-3, c = 3000000000L\n"
                              "d = 0x1F; e = TRUE; f = +7; g = 1.; h = .5; i = 010; j = 5LL;\n"
                              "k = false; l = 9007199254740992L; m = -2147483648; n = 2147483647;");
    CU_ASSERT_FATAL(scene.ok);
    CU_ASSERT_EQUAL(at(&scene, "a")->number, 1.0);
    CU_ASSERT_EQUAL(at(&scene, "b")->number, -2.5e-3);
    CU_ASSERT_EQUAL(at(&scene, "c")->number, 3e9);
    CU_ASSERT_EQUAL(at(&scene, "d")->number, 31.0);
    CU_ASSERT_EQUAL(at(&scene, "e")->flag, true);
    CU_ASSERT_EQUAL(at(&scene, "f")->number, 7.0);
    CU_ASSERT_EQUAL(at(&scene, "g")->number, 1.0);
    CU_ASSERT_EQUAL(at(&scene, "h")->number, 0.5);
    CU_ASSERT_EQUAL(at(&scene, "i")->number, 10.0);
    CU_ASSERT_EQUAL(at(&scene, "j")->number, 5.0);
    CU_ASSERT_EQUAL(at(&scene, "k")->flag, false);
    CU_ASSERT_EQUAL(at(&scene, "l")->number, 9007199254740992.0);
    CU_ASSERT_EQUAL(at(&scene, "m")->number, -2147483648.0);
    CU_ASSERT_EQUAL(at(&scene, "n")->number, 2147483647.0);
    CU_ASSERT_EQUAL(at(&scene, "a")->kind, ENTRY_INTEGER);
    CU_ASSERT_EQUAL(at(&scene, "c")->kind, ENTRY_LONG);
    CU_ASSERT_EQUAL(at(&scene, "g")->kind, ENTRY_REAL);
    close_scene(&scene);
}

static void test_text_is_joined_and_unescaped(void)
{
    Scene scene =
        open_string("a = \"one \" # remark \"not this\"\n  /* nor \"this\" */ \"two\";\n"
                    "b = \"q \\\" b \\\\ n \\n x \\x41\"; c = \"\"; d = \"20 \xc2\xb5g\";\n"
                    "e = \"# no // comment /* here\";");
    CU_ASSERT_FATAL(scene.ok);
    CU_ASSERT_STRING_EQUAL(at(&scene, "a")->text, "one two");
    CU_ASSERT_STRING_EQUAL(at(&scene, "b")->text, "q \" b \\ n \n x A");
    CU_ASSERT_STRING_EQUAL(at(&scene, "c")->text, "");
    CU_ASSERT_STRING_EQUAL(at(&scene, "d")->text, "20 \xc2\xb5g");
    CU_ASSERT_STRING_EQUAL(at(&scene, "e")->text, "# no // comment /* here");
    close_scene(&scene);
}

static void test_groups_lists_arrays(void)
{
    Scene scene = open_string("g = { a = 1 b = { c = [1, 2, 3]; }; };\n"
                              "l = ( 1, 2.0, \"x\", { d = 4; }, (5, 6), );\n"
                              "empty = {}; none = (); nothing = [ ]; trailing = [ 1.0, 2.0, ];");
    CU_ASSERT_FATAL(scene.ok);
    CU_ASSERT_EQUAL(at(&scene, "g.b.c.2")->number, 3.0);
    CU_ASSERT_EQUAL(at(&scene, "l")->count, 5);
    CU_ASSERT_EQUAL(at(&scene, "l.1")->number, 2.0);
    CU_ASSERT_EQUAL(at(&scene, "l.3.d")->number, 4.0);
    CU_ASSERT_EQUAL(at(&scene, "l.4.1")->number, 6.0);
    CU_ASSERT_EQUAL(at(&scene, "empty")->count, 0);
    CU_ASSERT_EQUAL(at(&scene, "trailing")->count, 2);
    close_scene(&scene);
}

static void test_every_entry_knows_its_place(void)
{
    Scene scene = open_string("# a comment\r\nfirst = 1;\n/* over\n two lines */ second = {\n"
                              "    \xc3\xa4 = 1;\n};\n");
    CU_ASSERT_FALSE(scene.ok); // a name is of plain letters
    close_scene(&scene);
    scene = open_string("# a comment\r\nfirst = 1;\n/* over\n two lines */ second = {\n"
                        "\tthird = \"\xc3\xa4\xc3\xb6 5 mg\"; fourth = [10, 20];\n};\n");
    CU_ASSERT_FATAL(scene.ok);
    expect_place(at(&scene, "first")->key, 2, 1, 5);
    expect_place(at(&scene, "first")->value, 2, 9, 1);
    expect_place(at(&scene, "second")->key, 4, 15, 6);
    expect_place(at(&scene, "second.third")->key, 5, 2, 5);
    expect_place(at(&scene, "second.third")->value, 5, 10, 11);
    expect_place(entry_text_span(at(&scene, "second.third"), 7, 2), 5, 16, 2); // mg
    expect_place(at(&scene, "second.fourth.1")->value, 5, 35, 2);
    close_scene(&scene);
}

static void test_byte_order_mark_is_no_text(void)
{
    Scene scene = open_string("\xef\xbb\xbf"
                              "a = 1;");
    CU_ASSERT_FATAL(scene.ok);
    expect_place(at(&scene, "a")->key, 1, 1, 1);
    close_scene(&scene);
}

/* --- traps and mistakes
 * --------------------------------------------------------------------------- */

typedef struct {
    const char *text;
    const char *message;
} Mistake;

static void expect_mistakes(const Mistake *mistakes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        Scene scene = open_string(mistakes[i].text);
        CU_ASSERT_FALSE(scene.ok);
        expect_messages(&scene, mistakes[i].message);
        close_scene(&scene);
    }
}

static void test_numbers_that_libconfig_spoils(void)
{
    static const Mistake mistakes[] = {
        {"cells = 3000000000;",
         "a.cfg:1:9: error P008: this whole number does not fit in 32 bits: libconfig would cut it "
         "off\n    1 | cells = 3000000000;\n      |         ^~~~~~~~~~ write 3e9 or 3000000000L\n"},
        {"cells = -2147483649;",
         "a.cfg:1:9: error P008: this whole number does not fit in 32 bits: libconfig would cut it "
         "off\n    1 | cells = -2147483649;\n      |         ^~~~~~~~~~~ write -2147483649.0 or "
         "-2147483649L\n"},
        {"h = 0x80000000;",
         "a.cfg:1:5: error P008: this whole number does not fit in 32 bits: libconfig would cut it "
         "off\n    1 | h = 0x80000000;\n      |     ^~~~~~~~~~ write 2147483648.0 or "
         "0x80000000L\n"},
        {"n = 99999999999999999999;",
         "a.cfg:1:5: error P008: this whole number is too large to be kept exactly\n    1 | n = "
         "99999999999999999999;\n      |     ^~~~~~~~~~~~~~~~~~~~ write it as a real number: "
         "1e+20\n"},
        {"n = 9007199254740993L;",
         "a.cfg:1:5: error P008: this whole number is too large to be kept exactly\n    1 | n = "
         "9007199254740993L;\n      |     ^~~~~~~~~~~~~~~~~ write it as a real number: "
         "9.007199254740992e+15\n"},
        {"x = 1e400;", "a.cfg:1:5: error P009: this number is larger than 1.8e308\n    1 | x = "
                       "1e400;\n      |     ^~~~~\n"},
        {"x = 1e-400;", "a.cfg:1:5: error P009: this number is too small: it would be read as 0\n"
                        "    1 | x = 1e-400;\n      |     ^~~~~~\n"},
        {"x = .;", "a.cfg:1:5: error P007: '.' is not a number\n    1 | x = .;\n      |     ^\n"},
        {"x = 5mg;", "a.cfg:1:5: error P007: '5mg' is not a number\n    1 | x = 5mg;\n      |     "
                     "^~~ a number with its unit is text: \"5 mg\"\n"},
        {"x = [1, 2.0];",
         "a.cfg:1:6: error P010: the values of an array in [ ] are all of one type, but here are a "
         "whole number and a real number\n    1 | x = [1, 2.0];\n      |      ^ write 1.0, or use "
         "a "
         "list: ( ... )\n"},
        {"x = [1.5, 2, 3];", "a.cfg:1:11: error P010: the values of an array in [ ] are all of one "
                             "type, but here are a "
                             "real number and a whole number\n    1 | x = [1.5, 2, 3];\n      |    "
                             "       ^ write 2.0, or "
                             "use a list: ( ... )\n"},
        {"x = [1, \"a\"];",
         "a.cfg:1:9: error P010: the values of an array in [ ] are all of one type, but here are a "
         "whole number and text\n    1 | x = [1, \"a\"];\n      |         ^~~ use a list: ( ... "
         ")\n"},
        {"x = [ {a = 1;} ];", "a.cfg:1:7: error P010: an array in [ ] holds numbers, texts or "
                              "booleans only\n    1 | x = "
                              "[ {a = 1;} ];\n      |       ^~~~~~~~ use a list: ( ... )\n"},
    };
    expect_mistakes(mistakes, sizeof mistakes / sizeof mistakes[0]);
}

static void test_mistakes_of_structure(void)
{
    static const Mistake mistakes[] = {
        {"x = 5 mg;", "a.cfg:1:7: error P004: 'mg' does not belong here: the value ended before "
                      "it\n    1 | x = 5 "
                      "mg;\n      |       ^~ a number with its unit is text: \"5 mg\"\n"},
        {"x = high;",
         "a.cfg:1:5: error P004: 'high' is not a value\n    1 | x = high;\n      |     "
         "^~~~ text stands in quotes: \"high\"\n"},
        {"x = nan;",
         "a.cfg:1:5: error P004: 'nan' is not a value\n    1 | x = nan;\n      |     ^~~ "
         "a value is a finite number\n"},
        {"x = yes;",
         "a.cfg:1:5: error P004: 'yes' is not a value\n    1 | x = yes;\n      |     ^~~ "
         "write true or false\n"},
        {"x = ;",
         "a.cfg:1:5: error P004: a value was expected, not ';'\n    1 | x = ;\n      |     "
         "^\n"},
        {"x = ",
         "a.cfg:1:5: error P004: a value was expected, not the end of the file\n    1 | x = "
         "\n      |     ^\n"},
        {"x 5;",
         "a.cfg:1:1: error P004: after the name 'x' stands '=', not '5'\n    1 | x 5;\n      "
         "| ^\n"},
        {"x = 1;;",
         "a.cfg:1:7: error P004: the name of a setting was expected, not ';'\n    1 | x = "
         "1;;\n      |       ^ one ';' is enough\n"},
        {"x = 1/2;", "a.cfg:1:6: error P004: the name of a setting was expected, not '/'\n    1 | "
                     "x = 1/2;\n     "
                     " |      ^ values are numbers, not formulas: formulas belong in the model\n"},
        {"x = 1; }",
         "a.cfg:1:8: error P004: the name of a setting was expected, not '}'\n    1 | x "
         "= 1; }\n      |        ^ nothing is open here that '}' could close\n"},
        {"g = {\n  a = 1;\n",
         "a.cfg:1:5: error P004: the group that begins here is not closed\n    "
         "1 | g = {\n      |     ^ a '}' is missing\n"},
        {"l = ( 1, 2\n", "a.cfg:1:5: error P004: the list that begins here is not closed\n    1 "
                         "| l = ( 1, 2\n      |     ^ a ')' is missing\n"},
        {"l = ( 1 2 )",
         "a.cfg:1:9: error P004: ',' or ')' was expected, not '2'\n    1 | l = ( 1 2 "
         ")\n      |         ^\n"},
        {"_x = 1;",
         "a.cfg:1:1: error P004: the name of a setting was expected, not '_'\n    1 | _x "
         "= 1;\n      | ^ a name begins with a letter\n"},
        {"true = 1;",
         "a.cfg:1:1: error P004: 'true' cannot be the name of a setting\n    1 | true = "
         "1;\n      | ^~~~\n"},
        {"\xc3\xa4 = 1;", "a.cfg:1:1: error P004: the name of a setting was expected, not "
                          "'\xc3\xa4'\n    1 | \xc3\xa4 = 1;\n      | ^\n"},
        {"x = \"abc;\ny = 1;",
         "a.cfg:1:5: error P006: the text that begins here is not closed on its line\n    1 | x = "
         "\"abc;\n      |     ^~~~~ close it with \"; texts that follow each other are joined\n"},
        {"x = \"a\\q\";",
         "a.cfg:1:7: error P006: this escape has no meaning\n    1 | x = "
         "\"a\\q\";\n      |       ^~ known are \\\\ \\\" \\n \\t \\r \\f and \\x01 "
         "to \\x7f\n"},
        {"x = \"\\x00\";", "a.cfg:1:6: error P006: this escape has no meaning\n    1 | x = "
                           "\"\\x00\";\n      |      ^~ known are \\\\ \\\" \\n \\t \\r \\f and "
                           "\\x01 to \\x7f\n"},
        {"/* open", "a.cfg:1:1: error P006: the comment that begins here is not closed\n    1 | /* "
                    "open\n      | ^~ a comment ends with */\n"},
        {"@include nothing",
         "a.cfg:1:1: error P004: after @include stands a path in quotes\n    1 | "
         "@include nothing\n      | ^~~~~~~~\n"},
        {"@foo", "a.cfg:1:1: error P004: a '@' begins only @include\n    1 | @foo\n      | ^\n"},
        {"a = 1;\nb = 2;\na = 3;", "a.cfg:3:1: error P011: 'a' is given twice\n    3 | a = 3;\n    "
                                   "  | ^\na.cfg:1:1: note: it "
                                   "is given here first\n    1 | a = 1;\n      | ^\n"},
    };
    expect_mistakes(mistakes, sizeof mistakes / sizeof mistakes[0]);
}

static void test_mistakes_are_collected(void)
{
    Scene scene = open_string("a = 3000000000;\nb = [1, 2.0];\na = 1;\nc = \"\\q\";\nd = 1e999;\n");
    CU_ASSERT_EQUAL(diag_errors(scene.diag), 5);
    close_scene(&scene);
}

static void test_ten_million_brackets(void)
{
    enum { BRACKETS = 10 * 1000 * 1000 };
    Arena *arena = arena_new();
    char *text = arena_alloc(arena, BRACKETS + 1);
    memset(text, '(', BRACKETS);
    memcpy(text, "x =", 3);
    Scene scene = open_text(text, BRACKETS);
    CU_ASSERT_EQUAL(diag_count(scene.diag), 1);
    CU_ASSERT_EQUAL(diag_fault(scene.diag, 0), FAULT_P005);
    close_scene(&scene);
    arena_free(arena);
}

static void test_too_many_keys(void)
{
    Arena *arena = arena_new();
    Text text = text_new(arena);
    for (int i = 0; i <= CONFIG_MAX_KEYS; i++) {
        text_format(&text, "k%d=1\n", i);
    }
    Scene scene = open_text(text.data, text.length);
    CU_ASSERT_EQUAL(diag_count(scene.diag), 1);
    CU_ASSERT_EQUAL(diag_fault(scene.diag, 0), FAULT_P052);
    close_scene(&scene);
    arena_free(arena);
}

/* --- @include ------------------------------------------------------------------------------------
 */

/* Files in a folder of their own; the working folder is elsewhere. */
typedef struct {
    Arena *arena;
    char folder[64];
} Files;

static Files new_files(void)
{
    Files files = {arena_new(), "/tmp/stroma-config-XXXXXX"};
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(files.folder));
    return files;
}

static void put_file(Files *files, const char *name, const char *text)
{
    char *path = file_join(files->arena, files->folder, name);
    CU_ASSERT_FATAL(file_make_folder(file_folder(files->arena, path)));
    OutFile *file = file_create(files->arena, path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    file_write(file, text, strlen(text));
    CU_ASSERT_FATAL(file_commit(file));
}

static Scene open_files(Files *files, const char *name)
{
    Scene scene = {.arena = arena_new()};
    scene.diag = diag_new(scene.arena);
    scene.config = config_new(scene.arena, scene.diag);
    scene.ok = config_read_path(scene.config, file_join(files->arena, files->folder, name));
    scene.ok = scene.ok && config_load(scene.config, scene.config->root);
    return scene;
}

/* Messages with the folder cut out. */
static void expect_file_messages(Scene *scene, const Files *files, const char *expected)
{
    Text text = text_new(scene->arena);
    diag_print(scene->diag, &text, false);
    Text plain = text_new(scene->arena);
    size_t length = strlen(files->folder);
    for (const char *c = text.data; *c; c++) {
        if (strncmp(c, files->folder, length) == 0) {
            c += length - 1;
        } else {
            text_add(&plain, c, 1);
        }
    }
    CU_ASSERT_STRING_EQUAL(plain.data, expected);
    if (strcmp(plain.data, expected) != 0) {
        printf("\n--- found\n%s--- expected\n%s---\n", plain.data, expected);
    }
}

static void remove_files(Files *files, Scene *scene)
{
    const char *command = arena_format(files->arena, "rm -r '%s'", files->folder);
    CU_ASSERT_EQUAL(system(command), 0);
    close_scene(scene);
    arena_free(files->arena);
}

static void test_includes_are_relative_to_their_file(void)
{
    Files files = new_files();
    put_file(&files, "study.cfg",
             "p = {\n  @include \"sets/all.cfg\"\n  last = 3;\n  msc = { @include "
             "\"sets/deep/msc.cfg\" };\n};\n");
    put_file(&files, "sets/all.cfg", "first = 1; # set\n  @include \"deep/more.cfg\" # nested\n");
    put_file(&files, "sets/deep/more.cfg", "second = 2;");
    put_file(&files, "sets/deep/msc.cfg", "k = 7");
    Scene scene = open_files(&files, "study.cfg");
    CU_ASSERT_FATAL(scene.ok);
    CU_ASSERT_EQUAL(at(&scene, "p.first")->number, 1.0);
    CU_ASSERT_EQUAL(at(&scene, "p.second")->number, 2.0);
    CU_ASSERT_EQUAL(at(&scene, "p.last")->number, 3.0);
    CU_ASSERT_EQUAL(at(&scene, "p.msc.k")->number, 7.0);
    CU_ASSERT_EQUAL(scene.config->source_count, 4);
    expect_place(at(&scene, "p.second")->key, 1, 1, 6);
    CU_ASSERT_STRING_EQUAL(file_base(at(&scene, "p.second")->key.source->name), "more.cfg");
    remove_files(&files, &scene);
}

static void test_later_entries_replace_included_ones(void)
{
    Files files = new_files();
    put_file(&files, "human.cfg",
             "a = 1; b = 1; v = { value = 1.0; unit = \"mg\"; source = \"old\"; };\n"
             "msc = { k = 1; m = 1; inner = { x = 1; y = 1; }; };\n");
    put_file(&files, "old.cfg", "b = 2; msc = { m = 2; };");
    put_file(&files, "study.cfg",
             "p = {\n  @include \"human.cfg\"\n  @include \"old.cfg\"\n  a = 3;\n  v = { value = "
             "3.0; };\n"
             "  msc = { k = 3; inner = { y = 3; }; };\n};\n");
    Scene scene = open_files(&files, "study.cfg");
    CU_ASSERT_FATAL(scene.ok);
    CU_ASSERT_EQUAL(at(&scene, "p.a")->number, 3.0);
    CU_ASSERT_EQUAL(at(&scene, "p.b")->number, 2.0); // the later include wins
    CU_ASSERT_EQUAL(at(&scene, "p.v.value")->number, 3.0);
    CU_ASSERT_EQUAL(at(&scene, "p.v")->count, 1); // a value is replaced with its unit and source
    CU_ASSERT_EQUAL(at(&scene, "p.msc.k")->number, 3.0);
    CU_ASSERT_EQUAL(at(&scene, "p.msc.m")->number, 2.0);
    CU_ASSERT_EQUAL(at(&scene, "p.msc.inner.x")->number, 1.0);
    CU_ASSERT_EQUAL(at(&scene, "p.msc.inner.y")->number, 3.0);
    remove_files(&files, &scene);
}

static void test_duplicates_beside_includes(void)
{
    Files files = new_files();
    put_file(&files, "set.cfg", "a = 1;\nmsc = { k = 1; };\n");
    put_file(&files, "study.cfg", "@include \"set.cfg\"\nmsc = { k = 2; };\nmsc = { k = 3; };\n");
    Scene scene = open_files(&files, "study.cfg");
    expect_file_messages(
        &scene, &files,
        "/study.cfg:3:1: error P011: 'msc' is given twice\n    3 | msc = { k = 3; "
        "};\n      | ^~~\n/study.cfg:2:1: note: it is given here first\n    2 | msc "
        "= { k = 2; };\n      | ^~~\n");
    close_scene(&scene);
    put_file(&files, "after.cfg", "a = 2;\n@include \"set.cfg\"\n");
    scene = open_files(&files, "after.cfg");
    expect_file_messages(
        &scene, &files,
        "/set.cfg:1:1: error P011: 'a' is given twice\n    1 | a = 1;\n      | ^ an "
        "@include stands before what changes it\n/after.cfg:1:1: note: it is given "
        "here first\n    1 | a = 2;\n      | ^\n");
    remove_files(&files, &scene);
}

static void test_include_mistakes(void)
{
    Files files = new_files();
    put_file(&files, "a.cfg", "x = 1;\n  @include \"sub/b.cfg\"\n");
    put_file(&files, "sub/b.cfg", "@include \"../a.cfg\"\n");
    Scene scene = open_files(&files, "a.cfg");
    expect_file_messages(
        &scene, &files,
        "/sub/b.cfg:1:10: error P003: files include each other: /a.cfg -> "
        "/sub/b.cfg -> /sub/../a.cfg\n    1 | @include \"../a.cfg\"\n      |       "
        "   ^~~~~~~~~~\n");
    close_scene(&scene);
    put_file(&files, "c.cfg", "p = { @include \"none.cfg\" };\n@include \"sub\"\ny = 1 1;\n");
    scene = open_files(&files, "c.cfg");
    expect_file_messages(
        &scene, &files,
        "/c.cfg:1:16: error P002: '/none.cfg' cannot be included: there is no such file\n    1 | p "
        "= "
        "{ @include \"none.cfg\" };\n      |                ^~~~~~~~~~ the path is relative to the "
        "folder of this file\n/c.cfg:2:10: error P002: '/sub' cannot be included: it is a folder, "
        "not a file\n    2 | @include \"sub\"\n      |          ^~~~~\n/c.cfg:3:7: error P004: the "
        "name of a setting was expected, not '1'\n    3 | y = 1 1;\n      |       ^ a name begins "
        "with a letter\n");
    close_scene(&scene);
    put_file(&files, "d.cfg", "@include \"open.cfg\"\nz = 1;\n");
    put_file(&files, "open.cfg", "g = { a = 1;\n");
    scene = open_files(&files, "d.cfg");
    CU_ASSERT_EQUAL(diag_count(scene.diag), 1);
    CU_ASSERT_EQUAL(diag_fault(scene.diag, 0), FAULT_P004);
    remove_files(&files, &scene);
}

static void test_studies_that_cannot_be_read(void)
{
    Files files = new_files();
    Scene scene = open_files(&files, "none.cfg");
    expect_file_messages(&scene, &files,
                         "stroma: error P001: cannot read the study '/none.cfg': there is no such "
                         "file\n");
    close_scene(&scene);
    scene = open_files(&files, "");
    expect_file_messages(&scene, &files,
                         "stroma: error P001: cannot read the study '/': it is a folder, not a "
                         "file\n");
    close_scene(&scene);
    put_file(&files, "bytes.cfg", "a = \"\xff\xfe\";");
    scene = open_files(&files, "bytes.cfg");
    expect_file_messages(
        &scene, &files,
        "/bytes.cfg:1:6: error P001: cannot read the study '/bytes.cfg': it is not "
        "a text file in UTF-8\n"
        "    1 | a = \"\n"
        "      |      ^ no UTF-8 from here on; save it as UTF-8\n");
    remove_files(&files, &scene);
}

/* --- robustness ----------------------------------------------------------------------------------
 */

static const char sample[] =
    "# a study\nmodel = \"ra\"; title : \"one \" /* x */ \"two\", n = -3 k = 3000000000L;\n"
    "parameters = { a = { value = 0.3; unit = \"1/day\"; source = \"doi:\\\"x\\\"\"; }; b = 1e-3,\n"
    "  msc = { k = 0x1F; f = true; }; };\ntime = { at = [0.5, 1.5]; l = ( 1, 2.0, \"a\", { z = 1; "
    "} "
    "); }; // end\ndose = ( { route = \"iv\"; at = \"0 day\"; }, { x = []; } );\n";

/* Every beginning of a study is read to an answer: sound only if it is a study, and never a crash.
 */
static void test_truncated_studies(void)
{
    int sound = 0;
    for (size_t length = 0; length < sizeof sample; length++) {
        Scene scene = open_text(sample, length);
        CU_ASSERT_EQUAL(scene.ok, diag_errors(scene.diag) == 0);
        sound += scene.ok;
        close_scene(&scene);
    }
    CU_ASSERT(sound > 5 && sound < (int)sizeof sample / 2);
}

static const char alphabet[] = "{}()[];,=:\"\\/*#@ \n.0123456789eELxX+-_abtrueml\t";

/* Studies with a few letters changed: whatever our scanner takes, libconfig takes too, and with the
 * same values (else config_load reports P051). */
static void test_scanner_and_libconfig_agree(void)
{
    enum { TRIALS = 20000 };
    int sound = 0;
    for (uint32_t trial = 0; trial < TRIALS; trial++) {
        RandomKey key = {20261121, 1, trial};
        char text[sizeof sample];
        memcpy(text, sample, sizeof sample);
        uint32_t draw = 0;
        int changes = 1 + (int)(random_uniform(key, draw++) * 3);
        for (int i = 0; i < changes; i++) {
            size_t place = (size_t)(random_uniform(key, draw++) * (double)(sizeof sample - 1));
            text[place] = alphabet[(size_t)(random_uniform(key, draw++) * (sizeof alphabet - 1))];
        }
        Scene scene = open_text(text, sizeof sample - 1);
        sound += scene.ok;
        for (int i = 0; i < diag_count(scene.diag); i++) {
            CU_ASSERT_NOT_EQUAL(diag_fault(scene.diag, i), FAULT_P051);
            if (diag_fault(scene.diag, i) == FAULT_P051) {
                printf("\ntrial %u:\n%s\n", trial, text);
            }
        }
        close_scene(&scene);
    }
    CU_ASSERT(sound > TRIALS / 20);
}

SUITE("config", TEST(test_values_of_every_kind), TEST(test_text_is_joined_and_unescaped),
      TEST(test_groups_lists_arrays), TEST(test_every_entry_knows_its_place),
      TEST(test_byte_order_mark_is_no_text), TEST(test_numbers_that_libconfig_spoils),
      TEST(test_mistakes_of_structure), TEST(test_mistakes_are_collected),
      TEST(test_ten_million_brackets), TEST(test_too_many_keys),
      TEST(test_includes_are_relative_to_their_file),
      TEST(test_later_entries_replace_included_ones), TEST(test_duplicates_beside_includes),
      TEST(test_include_mistakes), TEST(test_studies_that_cannot_be_read),
      TEST(test_truncated_studies), TEST(test_scanner_and_libconfig_agree))
