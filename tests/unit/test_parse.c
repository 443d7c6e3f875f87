/* test_parse.c: tokens and grammar, and that no text at all can make the parser crash or hang.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/model.h"
#include "model/parse.h"
#include "unit/suite.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const File *parse(Arena *arena, const char *text, size_t length, Diag **diag)
{
    *diag = diag_new(arena);
    return parse_file(arena, source_from_text(arena, "test", text, length), *diag);
}

static const File *parse_good(Arena *arena, const char *text)
{
    Diag *diag = NULL;
    const File *file = parse(arena, text, strlen(text), &diag);
    if (diag_errors(diag) > 0) {
        Text report = text_new(arena);
        diag_print(diag, &report, false);
        printf("\n%s", report.data);
    }
    CU_ASSERT_EQUAL_FATAL(diag_errors(diag), 0);
    CU_ASSERT_FALSE(file->broken);
    return file;
}

/* An expression with every operation in brackets. */
static void write_node(Text *text, const Node *node)
{
    switch (node->kind) {
    case NODE_NUMBER:
        text_number(text, node->value);
        text_string(text, node->unit.known ? node->unit.text : "");
        return;
    case NODE_NAME:
        text_string(text, node->name);
        return;
    case NODE_CONVERT:
        text_string(text, "(");
        write_node(text, node->arguments[0]);
        text_format(text, " in %s)", node->unit.text);
        return;
    case NODE_BAD:
        text_string(text, "BAD");
        return;
    default:
        break;
    }
    text_format(text, "%s(", node->kind == NODE_CALL ? node->name : operator_text(node->operation));
    for (int i = 0; i < node->argument_count; i++) {
        int k = node->swapped ? node->argument_count - 1 - i : i;
        text_string(text, i > 0 ? "," : "");
        write_node(text, node->arguments[k]);
    }
    text_string(text, ")");
}

static void test_shape_of_expressions(void)
{
    static const char *const cases[][2] = {
        {"-x^2", "-(^(x,2))"},
        {"2^3^x", "^(2,^(3,x))"},
        {"2^-x^3", "^(2,-(^(x,3)))"},
        {"a - b - c", "-(-(a,b),c)"},
        {"a / b / c * d", "*(/(/(a,b),c),d)"},
        {"a + b * c", "+(a,*(b,c))"},
        {"-a * b", "*(-(a),b)"},
        {"a > b", "<(b,a)"},
        {"a >= b + 1", "<=(+(b,1),a)"},
        {"not a < b and c or d", "or(and(not(<(a,b)),c),d)"},
        {"a or b and not c", "or(a,and(b,not(c)))"},
        {"if a then b else if c then d else e", "if(a,b,if(c,d,e))"},
        {"if a then b else c + 1", "if(a,b,+(c,1))"},
        {"a * if b then c else d", "*(a,if(b,c,d))"},
        {"x in pg/mL ^ 2 * V", "*((x in pg/mL ^ 2),V)"},
        {"x in pg/mL / volume", "/((x in pg/mL),volume)"},
        {"x in 1/day * k", "*((x in 1/day),k)"},
        {"-x in mg", "-((x in mg))"},
        {"x in [mg/L]^2", "^((x in mg/L),2)"},
        {"x in mg in g", "((x in mg) in g)"},
        {"2 [1/day] * y", "*(21/day,y)"},
        {"f(a, b + 1)(", NULL},
        {"f(a, -b, 1e3)", "f(a,-(b),1000)"},
        {"a\n  - b\n  * c", "-(a,*(b,c))"},
        {"a.b.c + .5", "+(a.b.c,0.5)"},
        {"((a))", "a"},
        {"x in µg", "(x in µg)"},
        {"x in %", "(x in %)"},
        {"+a", "a"},
    };
    Arena *arena = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Text text = text_new(arena);
        text_format(&text, "model m\ntime day\ny = %s\n", cases[i][0]);
        if (!cases[i][1]) {
            Diag *diag = NULL;
            CU_ASSERT_TRUE(parse(arena, text.data, text.length, &diag)->broken);
            continue;
        }
        const File *file = parse_good(arena, text.data);
        CU_ASSERT_EQUAL_FATAL(file->statement_count, 1);
        Text shape = text_new(arena);
        write_node(&shape, file->statements[0].expr);
        if (strcmp(shape.data, cases[i][1]) != 0) {
            printf("\n%s: %s, not %s\n", cases[i][0], shape.data, cases[i][1]);
            CU_FAIL("another shape");
        }
    }
    arena_free(arena);
}

static void test_statements_and_their_parts(void)
{
    Arena *arena = arena_new();
    const File *file = parse_good(arena, "\xEF\xBB\xBFmodule m \"title\"\r\ntime h\r\n"
                                         "param k [1/h] \"first\" = 2\r\n"
                                         "param q = 3 \"last\"\r\n"
                                         "input A [mg]\r\n"
                                         "use pk.oral as drug with A = 1, B =\n 2\n"
                                         "flow f : -> X : 3; flow g : X -> : 4\n"
                                         "route r -> X : lag = 1 -> Y\n"
                                         "event e when X > 2 : X = 1, falling\n"
                                         "d/dt(X) = 1\n"
                                         "def h(a, b) = a\n");
    CU_ASSERT_EQUAL_FATAL(file->statement_count, 10);
    const Statement *s = file->statements;
    CU_ASSERT_TRUE(file->is_module);
    CU_ASSERT_STRING_EQUAL(file->title, "title");
    CU_ASSERT_STRING_EQUAL(file->time_unit.text, "h");
    CU_ASSERT_STRING_EQUAL(s[0].text, "first");
    CU_ASSERT_STRING_EQUAL(s[0].unit.text, "1/h");
    CU_ASSERT_STRING_EQUAL(s[1].text, "last");
    CU_ASSERT_FALSE(s[1].unit.known);
    CU_ASSERT_PTR_NULL(s[2].expr);
    CU_ASSERT_STRING_EQUAL(s[3].from.text, "pk.oral");
    CU_ASSERT_STRING_EQUAL(s[3].name.text, "drug");
    CU_ASSERT_EQUAL(s[3].option_count, 2);
    CU_ASSERT_PTR_NULL(s[4].from.text);
    CU_ASSERT_STRING_EQUAL(s[4].to.text, "X");
    CU_ASSERT_PTR_NULL(s[5].to.text);
    CU_ASSERT_EQUAL(s[6].target_count, 2);
    CU_ASSERT_EQUAL(s[6].targets[0].option_count, 1);
    CU_ASSERT_PTR_NULL(s[7].options[1].expr);
    CU_ASSERT_EQUAL(s[8].kind, STATEMENT_DERIVATIVE);
    CU_ASSERT_EQUAL(s[9].parameter_count, 2);
    arena_free(arena);
}

static void test_spans_point_at_the_text(void)
{
    Arena *arena = arena_new();
    const File *file = parse_good(arena, "model m\ntime day\ny = a + (b * cc)\n");
    const Node *node = file->statements[0].expr;
    CU_ASSERT_STRING_EQUAL(span_text(arena, node->span), "a + (b * cc)");
    CU_ASSERT_STRING_EQUAL(span_text(arena, node->arguments[1]->span), "(b * cc)");
    CU_ASSERT_STRING_EQUAL(span_text(arena, node->sign), "+");
    arena_free(arena);
}

/* Megabytes of one thing: one or a few errors, soon, in bounded memory. */
static void test_megabytes_of_anything(void)
{
    enum { TEN = 10 * 1024 * 1024, TWO = 2 * 1024 * 1024 };
    static const char *const units[] = {"(",   "-",    "x",    "1+",       "[",  "\"",
                                        "if ", "not ", "2^",   "\n",       ")",  "\xE2\x82\xAC",
                                        "x=",  "f(",   "a = ", "x in mg ", "; ", "else if "};
    static const char head[] = "model m\ntime day\nstate s = 0\nd/dt(s) = ";
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        Arena *arena = arena_new();
        size_t length = strlen(units[i]);
        size_t size = i == 0 ? TEN : TWO;
        char *text = arena_alloc(arena, size + 64);
        size_t used = sizeof head - 1;
        memcpy(text, head, used);
        while (used + length < size) {
            memcpy(text + used, units[i], length);
            used += length;
        }
        Diag *diag = NULL;
        clock_t begin = clock();
        parse(arena, text, used, &diag);
        double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
        CU_ASSERT_TRUE(seconds < 20.0);
        CU_ASSERT_TRUE(diag_errors(diag) >= 1 || strcmp(units[i], "\n") == 0 ||
                       strcmp(units[i], "x") == 0);
        CU_ASSERT_TRUE(diag_errors(diag) <= DIAG_MAX_ERRORS + 2);
        arena_free(arena);
    }
}

SUITE("parse", TEST(test_shape_of_expressions), TEST(test_statements_and_their_parts),
      TEST(test_spans_point_at_the_text), TEST(test_megabytes_of_anything))
