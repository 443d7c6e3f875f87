/* page.c: see page.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/page.h"

#include "base/file.h"
#include "base/source.h"

#include <assert.h>
#include <string.h>

enum { MOST_COLUMNS = 32 };

static const char style[] =
    "body{font:15px/1.5 Arial,Helvetica,sans-serif;color:#111;max-width:62em;margin:2em auto;"
    "padding:0 1em}\n"
    "h1{font-size:1.7em;line-height:1.25}h2{margin-top:2em;border-bottom:1px solid #ccc}\n"
    "table{border-collapse:collapse;margin:1em 0;font-size:.87em;display:block;overflow-x:auto}\n"
    "th,td{border:1px solid #ccc;padding:.25em .6em;text-align:left;vertical-align:top}\n"
    "th{background:#f2f2f2}td.n,th.n{text-align:right;white-space:nowrap}\n"
    "figure{margin:1.5em 0;break-inside:avoid}\n"
    "img{width:100%;max-width:46em;height:auto}summary{cursor:pointer;margin:1em 0}\n"
    ".notice{border-left:4px solid #D55E00;padding:.5em 1em;background:#faf3ee;font-weight:bold}\n"
    "@media print{body{margin:0;max-width:none}}\n";

static void add_html(Text *text, const char *words)
{
    for (; *words != '\0'; words++) {
        switch (*words) {
        case '&':
            text_string(text, "&amp;");
            break;
        case '<':
            text_string(text, "&lt;");
            break;
        case '>':
            text_string(text, "&gt;");
            break;
        case '"':
            text_string(text, "&quot;");
            break;
        default:
            text_add(text, words, 1);
        }
    }
}

/* Marks of Markdown are escaped, and a line stays a line. */
static void add_markdown(Text *text, const char *words)
{
    for (; *words != '\0'; words++) {
        if (*words == '<' || *words == '&') {
            text_string(text, *words == '<' ? "&lt;" : "&amp;");
        } else if ((unsigned char)*words < ' ') {
            text_string(text, " ");
        } else {
            if (strchr("\\`*[]|~", *words) != NULL) {
                text_string(text, "\\");
            }
            text_add(text, words, 1);
        }
    }
}

static void add_words(Page *page, const char *words)
{
    if (page->html) {
        add_html(&page->text, words);
    } else {
        add_markdown(&page->text, words);
    }
}

/* `before` and `after` are marks of the language of the page. */
static void add_between(Page *page, const char *before, const char *words, const char *after)
{
    text_string(&page->text, before);
    add_words(page, words);
    text_string(&page->text, after);
}

Page page_new(Arena *arena, bool html, const char *title)
{
    assert(arena != NULL && title != NULL);
    Page page = {.text = text_new(arena), .html = html};
    if (html) {
        text_string(&page.text, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                                "<meta charset=\"utf-8\">\n"
                                "<meta name=\"viewport\" content=\"width=device-width\">\n");
        add_between(&page, "<title>", title, "</title>\n");
        text_format(&page.text, "<style>\n%s</style>\n</head>\n<body>\n", style);
    }
    page_head(&page, 1, title);
    return page;
}

void page_end(Page *page)
{
    text_string(&page->text, page->html ? "</body>\n</html>\n" : "");
}

void page_head(Page *page, int level, const char *words)
{
    assert(level >= 1 && level <= 3);
    if (page->html) {
        text_format(&page->text, "<h%d>", level);
        add_words(page, words);
        text_format(&page->text, "</h%d>\n", level);
    } else {
        text_format(&page->text, "%s%.*s ", page->text.length == 0 ? "" : "\n", level, "###");
        add_words(page, words);
        text_string(&page->text, "\n");
    }
}

void page_paragraph(Page *page, const char *words, bool strong)
{
    if (page->html) {
        add_between(page, strong ? "<p class=\"notice\">" : "<p>", words, "</p>\n");
    } else {
        add_between(page, strong ? "\n**" : "\n", words, strong ? "**\n" : "\n");
    }
}

void page_list(Page *page, const char *const *items, int count)
{
    text_string(&page->text, page->html ? "<ul>\n" : "\n");
    for (int i = 0; i < count; i++) {
        add_between(page, page->html ? "<li>" : "- ", items[i], page->html ? "</li>\n" : "\n");
    }
    text_string(&page->text, page->html ? "</ul>\n" : "");
}

void page_table(Page *page, const char *const *heads, int count, unsigned numbers)
{
    assert(count > 0 && count <= MOST_COLUMNS);
    page->columns = count;
    page->numbers = numbers;
    text_string(&page->text, page->html ? "<table>\n<tr>" : "\n|");
    for (int i = 0; i < count; i++) {
        bool right = (numbers >> i & 1u) != 0;
        add_between(page,
                    !page->html ? " "
                    : right     ? "<th class=\"n\">"
                                : "<th>",
                    heads[i], page->html ? "</th>" : " |");
    }
    text_string(&page->text, page->html ? "</tr>\n" : "\n|");
    for (int i = 0; i < count && !page->html; i++) {
        text_string(&page->text, (numbers >> i & 1u) != 0 ? "---:|" : "---|");
    }
    text_string(&page->text, page->html ? "" : "\n");
}

void page_row(Page *page, const char *const *cells)
{
    text_string(&page->text, page->html ? "<tr>" : "|");
    for (int i = 0; i < page->columns; i++) {
        bool right = (page->numbers >> i & 1u) != 0;
        add_between(page,
                    !page->html ? " "
                    : right     ? "<td class=\"n\">"
                                : "<td>",
                    cells[i], page->html ? "</td>" : " |");
    }
    text_string(&page->text, page->html ? "</tr>\n" : "\n");
}

void page_table_end(Page *page)
{
    text_string(&page->text, page->html ? "</table>\n" : "");
}

/* HTML in Markdown needs empty lines around what is Markdown again. */
void page_fold(Page *page, const char *words)
{
    text_string(&page->text, page->html ? "<details><summary>" : "\n<details><summary>");
    add_html(&page->text, words);
    text_string(&page->text, "</summary>\n");
}

void page_fold_end(Page *page)
{
    text_string(&page->text, page->html ? "</details>\n" : "\n</details>\n");
}

static void add_base64(Text *text, const char *bytes, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < length; i += 3) {
        size_t count = length - i < 3 ? length - i : 3;
        unsigned word = 0;
        for (size_t k = 0; k < 3; k++) {
            word = word << 8 | (k < count ? (unsigned char)bytes[i + k] : 0u);
        }
        char four[4];
        for (size_t k = 0; k < 4; k++) {
            four[k] = k > count ? '=' : digits[word >> (18 - 6 * k) & 63u];
        }
        text_add(text, four, 4);
    }
}

bool page_picture(Page *page, const char *folder, const char *stem, const char *words)
{
    Arena *arena = page->text.arena;
    if (!page->html) {
        add_between(page, "\n![", words, "](");
        text_format(&page->text, "%s.svg)\n", stem);
        return true;
    }
    const Source *source = NULL;
    const char *path = file_join(arena, folder, arena_format(arena, "%s.svg", stem));
    if (source_read(arena, path, &source) != SOURCE_OK) {
        return false;
    }
    add_between(page, "<figure>\n<img alt=\"", words, "\" src=\"data:image/svg+xml;base64,");
    add_base64(&page->text, source->text, source->length);
    text_string(&page->text, "\">\n</figure>\n");
    return true;
}
