/* page.h: a page of words, tables and pictures, as HTML that stands alone or as Markdown.
 *
 * What is passed are plain words; marks of either language in them are made harmless here.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_PAGE_H
#define STROMA_CLI_PAGE_H

#include "base/text.h"

#include <stdbool.h>

typedef struct {
    Text text;
    bool html;
    int columns; // of the table that is open
    unsigned numbers;
} Page;

/* An empty page with that title. */
Page page_new(Arena *arena, bool html, const char *title);
void page_end(Page *page);

void page_head(Page *page, int level, const char *words);
/* strong: words that must not be overlooked. */
void page_paragraph(Page *page, const char *words, bool strong);
void page_list(Page *page, const char *const *items, int count);

/* A table; bit i of `numbers` sets column i to the right. */
void page_table(Page *page, const char *const *heads, int count, unsigned numbers);
void page_row(Page *page, const char *const *cells);
void page_table_end(Page *page);

/* What stands between is shown when the reader asks for it. */
void page_fold(Page *page, const char *words);
void page_fold_end(Page *page);

/* stem.svg beside the page; HTML takes the picture in, so that the page can be sent by itself.
 * False: the picture cannot be read (errno). */
bool page_picture(Page *page, const char *folder, const char *stem, const char *words);

#endif
