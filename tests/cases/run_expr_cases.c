/* run_expr_cases.c: checks one file of tests/cases/expr.
 *
 * Groups of three lines, with blank lines and # lines between them:
 *   an expression (tests/unit/expr_reader.h)
 *   a symbol: the derivative with respect to it is wanted; or "simplify"; or "raw": only printed
 *   the text that is expected
 * Prints each group that differs and exits 1 if there is one.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/expr_reader.h"

enum { LINE = 4096 };

/* The next line that is neither blank nor a comment, without its newline. */
static bool next_line(FILE *file, char *line, int *number)
{
    while (fgets(line, LINE, file) != NULL) {
        ++*number;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0' && line[0] != '#') {
            return true;
        }
    }
    return false;
}

static bool check(const char *text, const char *what, const char *want, int number)
{
    Arena *arena = arena_new();
    Graph *graph = graph_new(arena);
    Expr expr = read_expr(graph, text, strcmp(what, "raw") == 0);
    if (strcmp(what, "raw") != 0 && strcmp(what, "simplify") != 0) {
        expr = expr_derive(graph, expr, read_expr(graph, what, false));
    }
    const char *got = expr_text(graph, expr, arena);
    bool good = strcmp(got, want) == 0;
    if (!good) {
        printf("line %d: %s | %s\n  expected %s\n  got      %s\n", number, text, what, want, got);
    }
    arena_free(arena);
    return good;
}

int main(int count, char **arguments)
{
    FILE *file = count == 2 ? fopen(arguments[1], "r") : NULL;
    if (file == NULL) {
        fprintf(stderr, "usage: run_expr_cases FILE\n");
        return 2;
    }
    static char text[LINE], what[LINE], want[LINE];
    int number = 0;
    int groups = 0;
    bool good = true;
    while (next_line(file, text, &number)) {
        if (!next_line(file, what, &number) || !next_line(file, want, &number)) {
            printf("line %d: a group of fewer than three lines\n", number);
            good = false;
            break;
        }
        good = check(text, what, want, number) && good;
        groups++;
    }
    fclose(file);
    printf("%d groups\n", groups);
    return good && groups > 0 ? 0 : 1;
}
