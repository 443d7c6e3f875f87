/* words.c: what the program says to people on stderr, and the checks that come with it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "cli/places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRAP_COLUMNS = 78 };

void cli_words(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vfprintf(stderr, format, list);
    va_end(list);
}

void cli_complain(const char *format, ...)
{
    (void)fputs("stroma: ", stderr);
    va_list list;
    va_start(list, format);
    (void)vfprintf(stderr, format, list);
    va_end(list);
    (void)fputc('\n', stderr);
}

int cli_misused(const Cli *cli, const char *format, ...)
{
    const char *name = cli->command == NULL ? "" : cli->command->name;
    const char *blank = cli->command == NULL ? "" : " ";
    (void)fprintf(stderr, "stroma%s%s: ", blank, name);
    va_list list;
    va_start(list, format);
    (void)vfprintf(stderr, format, list);
    va_end(list);
    (void)fprintf(stderr, "\nTry 'stroma%s%s --help'.\n", blank, name);
    return CLI_USAGE;
}

void cli_say(const Cli *cli, const char *format, ...)
{
    if (option_given(&cli->arguments, "quiet")) {
        return;
    }
    va_list list;
    va_start(list, format);
    (void)vfprintf(stderr, format, list);
    va_end(list);
    (void)fputc('\n', stderr);
}

void cli_print(Cli *cli, const Text *text)
{
    if (text->length > 0 && fwrite(text->data, 1, text->length, stdout) < text->length &&
        cli->stdout_error == 0) {
        cli->stdout_error = errno;
    }
}

void cli_print_diag(const Cli *cli, const Diag *diag)
{
    Text text = text_new(cli->arena);
    diag_print(diag, &text, cli->colour);
    (void)fwrite(text.data, 1, text.length, stderr);
}

static bool complain_unreadable(const char *path, const char *reason, const char *near)
{
    if (near == NULL) {
        cli_complain("cannot read '%s': %s", path, reason);
    } else {
        cli_complain("cannot read '%s': %s; did you mean '%s'?", path, reason, near);
    }
    return false;
}

bool cli_readable(const Cli *cli, const char *path)
{
    struct stat status;
    if (strcmp(path, "-") == 0) {
        int flags = fcntl(STDIN_FILENO, F_GETFL);
        bool open = flags >= 0 && (flags & O_ACCMODE) != O_WRONLY; // main.c fills what was closed
        if (!open || fstat(STDIN_FILENO, &status) != 0) {
            return complain_unreadable(path, "standard input is closed", NULL);
        }
        return !S_ISDIR(status.st_mode) ||
               complain_unreadable(path, source_status_text(SOURCE_DIRECTORY), NULL);
    }
    if (stat(path, &status) != 0) {
        if (errno != ENOENT && errno != ENOTDIR) {
            return complain_unreadable(path, strerror(errno), NULL);
        }
        return complain_unreadable(path, source_status_text(SOURCE_MISSING),
                                   places_near_file(cli->arena, path));
    }
    if (S_ISDIR(status.st_mode)) {
        return complain_unreadable(path, source_status_text(SOURCE_DIRECTORY), NULL);
    }
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        return complain_unreadable(path, strerror(errno), NULL);
    }
    close(descriptor);
    return true;
}

bool cli_is_model(const char *path)
{
    return places_ends_with(path, ".stroma");
}

int cli_refuse_table(const Cli *cli, const char *path)
{
    return places_ends_with(path, ".csv")
               ? cli_misused(cli, "'%s' is a table; give the study that names it", path)
               : CLI_OK;
}

/* One line; where it is broken, the rest stands under its beginning. */
static void wrap_line(Text *text, const char *line, const char *end, int indent)
{
    int column = 0;
    for (const char *word = line; word < end;) {
        size_t length = strcspn(word, " \n");
        if (column > 0 && column + 1 + (int)length > WRAP_COLUMNS) {
            text_string(text, "\n");
            column = 0;
        }
        if (column == 0) {
            text_format(text, "%*s", indent, "");
            column = indent;
        } else {
            text_string(text, " ");
            column++;
        }
        text_add(text, word, length);
        column += (int)length;
        word += length;
        word += strspn(word, " ");
    }
    text_string(text, "\n");
}

void cli_wrap(Text *text, const char *paragraph, int indent)
{
    while (*paragraph != '\0') {
        size_t length = strcspn(paragraph, "\n");
        size_t blanks = strspn(paragraph, " ");
        wrap_line(text, paragraph + blanks, paragraph + length, indent + (int)blanks);
        paragraph += length + (paragraph[length] == '\n');
    }
}

/* A word as the shell would need it; plain words stay as they are. */
void cli_quote(Text *text, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./=:,+@%^";
    if (*word != '\0' && word[strspn(word, plain)] == '\0') {
        text_string(text, word);
        return;
    }
    text_string(text, "'");
    for (; *word != '\0'; word++) {
        if (*word == '\'') {
            text_string(text, "'\\''");
        } else {
            text_add(text, word, 1);
        }
    }
    text_string(text, "'");
}

const char *cli_command_line(const Cli *cli)
{
    Text text = text_new(cli->arena);
    text_string(&text, "stroma"); // not argv[0]: where the program lies changes no result
    for (int i = 1; i < cli->argc; i++) {
        text_string(&text, " ");
        cli_quote(&text, cli->argv[i]);
    }
    return text.data;
}
