/* errors_page.c: writes the man page stroma-errors(7) from base/faults.def, while stroma is built.
 *
 * A program of its own, not a part of stroma: usage: stroma_errors_page FILE.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/diag.h"
#include "base/file.h"

#include <stdio.h>
#include <string.h>

/* Text for mdoc: a backslash is spelled out, a line must not begin with a dot or an apostrophe, and
 * each sentence begins a line. */
static void add_words(Text *page, const char *words)
{
    bool line_begins = true;
    for (; *words != '\0'; words++) {
        if (line_begins && (*words == '.' || *words == '\'')) {
            text_string(page, "\\&");
        }
        bool next_sentence = *words == ' ' && !line_begins && words[-1] == '.';
        line_begins = *words == '\n' || next_sentence;
        if (*words == '\\') {
            text_string(page, "\\e");
        } else if (next_sentence) {
            text_string(page, "\n");
        } else {
            text_add(page, words, 1);
        }
    }
    text_string(page, "\n");
}

static void add_item(Text *page, Fault fault)
{
    const char *severity = fault_severity(fault) == SEVERITY_WARNING ? " (warning)" : "";
    text_format(page, ".It Sy %s%s\n", fault_code(fault), severity);
    add_words(page, fault_title(fault));
    text_string(page, ".Pp\n");
    add_words(page, fault_paragraph(fault));
}

/* Codes of one letter. */
static void add_section(Text *page, char letter, const char *title)
{
    bool open = false;
    for (int fault = 0; fault < (int)FAULT_COUNT; fault++) {
        if (fault_code((Fault)fault)[0] != letter) {
            continue;
        }
        if (!open) {
            text_format(page, ".Sh %s\n.Bl -tag -width \"M000 (warning)\"\n", title);
            open = true;
        }
        add_item(page, (Fault)fault);
    }
    if (open) {
        text_string(page, ".El\n");
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fputs("usage: stroma_errors_page FILE\n", stderr);
        return 2;
    }
    Arena *arena = arena_new();
    Text page = text_new(arena);
    text_string(&page, ".\\\" Made from src/base/faults.def; edit that.\n"
                       ".Dd November 21, 2026\n.Dt STROMA-ERRORS 7\n.Os\n"
                       ".Sh NAME\n.Nm stroma-errors\n.Nd error and warning codes of stroma\n"
                       ".Sh DESCRIPTION\n"
                       "A complaint of\n.Xr stroma 1\nabout a file names the file, the line, the "
                       "column and one of the codes\nbelow, shows the line and underlines the "
                       "place.\nThe same words are printed by\n.Ql stroma explain CODE .\n");
    add_section(&page, 'M', "MODELS");
    add_section(&page, 'P', "STUDIES");
    add_section(&page, 'D', "DATA");
    add_section(&page, 'T', "TABLES AND FILES");
    add_section(&page, 'R', "RUNNING");
    text_string(&page, ".Sh SEE ALSO\n.Xr stroma 1 ,\n.Xr stroma-explain 1 ,\n"
                       ".Xr stroma-model 5 ,\n.Xr stroma-params 5\n");
    OutFile *file = file_create(arena, argv[1]);
    if (file != NULL) {
        file_write(file, page.data, page.length);
    }
    bool good = file != NULL && file_commit(file);
    if (!good) {
        perror(argv[1]);
    }
    arena_free(arena);
    return good ? 0 : 74;
}
