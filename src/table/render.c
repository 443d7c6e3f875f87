/* render.c: lets gnuplot draw a script.
 *
 * gnuplot is started without a shell, in the folder of the script, without the start-up files of
 * the user (-d), with the C.UTF-8 locale and no GNUTERM: the same script gives the same bytes. It
 * draws into files of a temporary name (the script takes `out` from -e); they are renamed when
 * gnuplot has ended well. What gnuplot says is kept for the message.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "table/gnuplot.h"

#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

// What a script may leave; svg and png by default.
static const char *const ENDINGS[] = {"svg", "png", "pdf"};
enum { ENDING_COUNT = 3, CANNOT_START = 127, MAX_WORDS = 64 * 1024 };

static bool same_name(const char *setting, const char *name)
{
    size_t length = strlen(name);
    return strncmp(setting, name, length) == 0 && setting[length] == '=';
}

/* The environment with LC_ALL=C.UTF-8 and without what changes gnuplot's output. */
static char **clean_environment(Arena *arena)
{
    static const char *const dropped[] = {"LC_ALL",
                                          "GNUTERM",
                                          "GDFONTPATH",
                                          "GNUPLOT_LIB",
                                          "GNUPLOT_DEFAULT_GDFONT",
                                          "GNUPLOT_DRIVER_DIR"};
    size_t count = 0;
    while (environ != NULL && environ[count] != NULL) {
        count++;
    }
    char **settings = arena_array(arena, count + 2, sizeof *settings);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool drop = false;
        for (size_t k = 0; k < sizeof dropped / sizeof dropped[0]; k++) {
            drop = drop || same_name(environ[i], dropped[k]);
        }
        if (!drop) {
            settings[kept++] = environ[i];
        }
    }
    settings[kept++] = arena_format(arena, "LC_ALL=C.UTF-8");
    settings[kept] = NULL;
    return settings;
}

/* The path of a program, from PATH; NULL if it is not installed. */
static const char *find_program(Arena *arena, const char *name)
{
    const char *path = getenv("PATH");
    while (path != NULL && *path != '\0') {
        size_t length = strcspn(path, ":");
        const char *folder = length == 0 ? "." : arena_copy(arena, path, length);
        const char *program = file_join(arena, folder, name);
        struct stat about;
        if (stat(program, &about) == 0 && S_ISREG(about.st_mode) && access(program, X_OK) == 0) {
            return program;
        }
        path += length + (path[length] == ':');
    }
    return NULL;
}

/* The child: only calls that are safe after fork. */
static void become_gnuplot(const char *program, char *const *arguments, char *const *environment,
                           const char *folder, int words)
{
    int nothing = open("/dev/null", O_RDWR);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(words, STDOUT_FILENO) < 0 ||
        dup2(words, STDERR_FILENO) < 0 || chdir(folder) != 0) {
        _exit(CANNOT_START);
    }
    execve(program, arguments, environment);
    _exit(CANNOT_START);
}

/* Everything the child writes; only the first 64 KiB are kept. */
static const char *read_words(Arena *arena, int from)
{
    Text words = text_new(arena);
    char buffer[4096];
    for (;;) {
        ssize_t length = read(from, buffer, sizeof buffer);
        if (length < 0 && errno == EINTR) {
            continue;
        }
        if (length <= 0) {
            break;
        }
        if (words.length < MAX_WORDS) {
            text_add(&words, buffer, (size_t)length);
        }
    }
    return words.length == 0 ? "" : words.data;
}

/* Runs gnuplot to its end; true if it was content. */
static bool run_gnuplot(Arena *arena, const char *program, char *const *arguments,
                        const char *folder, const char **words)
{
    char **environment = clean_environment(arena);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        *words = arena_format(arena, "cannot start gnuplot: %s", strerror(errno));
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        become_gnuplot(program, arguments, environment, folder, ends[1]);
    }
    close(ends[1]);
    if (child < 0) {
        *words = arena_format(arena, "cannot start gnuplot: %s", strerror(errno));
        close(ends[0]);
        return false;
    }
    *words = read_words(arena, ends[0]);
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    if (WIFSIGNALED(status)) {
        *words = arena_format(arena, "gnuplot was ended by signal %d", WTERMSIG(status));
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Renames what was drawn (or removes it); false if a rename failed. */
static bool settle(Arena *arena, const char *temporary, const char *final, bool keep, int *pictures)
{
    bool good = true;
    for (int i = 0; i < ENDING_COUNT; i++) {
        const char *from = arena_format(arena, "%s.%s", temporary, ENDINGS[i]);
        const char *to = arena_format(arena, "%s.%s", final, ENDINGS[i]);
        if (access(from, F_OK) != 0) {
            continue;
        }
        if (keep && good && rename(from, to) == 0) {
            ++*pictures;
            continue;
        }
        good = good && !keep;
        unlink(from);
    }
    return good;
}

RenderStatus figure_render(Arena *arena, const char *folder, const char *script, const char **words)
{
    assert(arena != NULL && folder != NULL && script != NULL && words != NULL);
    *words = "";
    const char *program = find_program(arena, "gnuplot");
    if (program == NULL) {
        return RENDER_NO_GNUPLOT;
    }
    if (program[0] != '/') { // the child changes its folder first
        char here[PATH_MAX];
        program = realpath(program, here) == NULL ? program : arena_copy(arena, here, strlen(here));
    }
    const char *stem = file_stem(arena, script);
    const char *temporary = arena_format(arena, "./.%s.%ld.part", stem, (long)getpid());
    Text setting = text_new(arena);
    text_string(&setting, "out = '");
    for (const char *at = temporary; *at != '\0'; at++) {
        text_add(&setting, *at == '\'' ? "''" : at, *at == '\'' ? 2 : 1);
    }
    text_string(&setting, "'");
    char *arguments[] = {
        arena_format(arena, "gnuplot"),      arena_format(arena, "-d"),
        arena_format(arena, "-e"),           setting.data,
        arena_format(arena, "./%s", script), NULL,
    };
    bool good = run_gnuplot(arena, program, arguments, folder, words);
    int pictures = 0;
    if (!settle(arena, file_join(arena, folder, temporary), file_join(arena, folder, stem), good,
                &pictures)) {
        *words = arena_format(arena, "cannot rename a picture: %s", strerror(errno));
        return RENDER_FAILED;
    }
    if (good && pictures == 0) {
        *words = "the script drew nothing: it must write to out.'.svg' or out.'.png'";
        return RENDER_FAILED;
    }
    return good ? RENDER_OK : RENDER_FAILED;
}
