/* tornado.c: fills the template plots/tornado.gp; what of a user's text goes in goes in as
 * gnuplot.c says.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "table/tornado.h"

#include "table/gnuplot.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* The words of a row stand between bars: they must hold none. */
static const char *without_bars(Arena *arena, const char *words)
{
    char *copy = arena_copy(arena, words, strlen(words));
    for (char *at = copy; *at != '\0'; at++) {
        bool bad = *at == '|' || *at == '"' || (unsigned char)*at < ' ';
        *at = bad ? ' ' : *at;
    }
    return copy;
}

static const char *rows_of(Arena *arena, const Tornado *tornado)
{
    Text text = text_new(arena);
    text_string(&text, "$rows << END\n");
    for (int i = 0; i < tornado->row_count; i++) {
        text_string(&text, without_bars(arena, tornado->rows[i]));
        for (int arm = 0; arm < tornado->arm_count; arm++) {
            double value = tornado->values[i * tornado->arm_count + arm];
            text_string(&text, "|");
            if (isfinite(value)) {
                text_number(&text, value);
            } else {
                text_string(&text, "NA");
            }
        }
        text_string(&text, "\n");
    }
    text_string(&text, "END");
    return text.data;
}

static const char *tics_of(Arena *arena, const Tornado *tornado)
{
    Text text = text_new(arena);
    for (int i = 0; i < tornado->row_count; i++) {
        text_format(&text, "    %s %d%s", template_string(arena, tornado->rows[i]), i + 1,
                    i + 1 < tornado->row_count ? ", \\\n" : "");
    }
    return text.data;
}

static const char *names_of(Arena *arena, const Tornado *tornado)
{
    Text text = text_new(arena);
    for (int arm = 0; arm < tornado->arm_count; arm++) {
        text_format(&text, "name[%d] = %s\n", arm + 1, template_string(arena, tornado->arms[arm]));
    }
    return text.data;
}

/* The end of the longest bar to one side: sign 1 or -1. */
static const char *end_of(Arena *arena, const Tornado *tornado, double sign)
{
    double most = 0.0;
    for (int i = 0; i < tornado->row_count * tornado->arm_count; i++) {
        double value = sign * tornado->values[i];
        most = isfinite(value) && value > most ? value : most;
    }
    Text text = text_new(arena);
    text_number(&text, most == 0.0 ? 0.0 : sign * most);
    return text.data;
}

void tornado_script(const Tornado *tornado, const char *template_text, Text *script)
{
    assert(tornado != NULL && template_text != NULL && script != NULL);
    assert(tornado->row_count > 0 && tornado->arm_count > 0);
    Arena *arena = script->arena;
    const Placeholder placeholders[] = {
        {"HEADLINE", figure_comment(arena, tornado->title)},
        {"COMMAND", figure_comment(arena, tornado->command)},
        {"SCRIPT", figure_comment(arena, arena_format(arena, "%s.gp", tornado->stem))},
        {"DATA_NAME", figure_comment(arena, tornado->csv)},
        {"TITLE", template_string(arena, tornado->title)},
        {"X_LABEL", template_string(arena, tornado->x_label)},
        {"OUT", template_string(arena, tornado->stem)},
        {"ROWS", rows_of(arena, tornado)},
        {"ROW_COUNT", arena_format(arena, "%d", tornado->row_count)},
        {"ARM_COUNT", arena_format(arena, "%d", tornado->arm_count)},
        {"TICS", tics_of(arena, tornado)},
        {"LOW", end_of(arena, tornado, -1.0)},
        {"HIGH", end_of(arena, tornado, 1.0)},
        {"ARM_NAMES", names_of(arena, tornado)},
    };
    template_fill(template_text, placeholders, (int)(sizeof placeholders / sizeof placeholders[0]),
                  script);
}
