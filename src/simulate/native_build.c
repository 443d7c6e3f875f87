/* native_build.c: C into a shared object, once per text, and loaded.
 *
 * The object is written beside its final name and renamed, so a reader sees none or a whole one;
 * the folder is locked meanwhile, so that threads and processes wait for the first that makes one.
 * Nothing is loaded that somebody else could have written.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "simulate/native.h"

#include <assert.h>
#include <limits.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sleef.h>

extern char **environ;

enum { MOST_ARGUMENTS = 32 };

#if defined(__x86_64__)
static int vector_of(const char *isa, int width)
{
    int most = strcmp(isa, "avx512") == 0 ? 8 : strcmp(isa, "avx2") == 0 ? 4 : 2;
    return width < most ? width : most;
}
static const char *flag_of(int vector)
{
    return vector == 8 ? "-mavx512f -mavx512dq -mavx512vl" : vector == 4 ? "-mavx2" : "-msse2";
}
#else
static int vector_of(const char *isa, int width)
{
    (void)isa;
    return width < 2 ? width : 2;
}
static const char *flag_of(int vector)
{
    (void)vector;
    return "-O2";
}
#endif

/* Ours alone: so nobody else's code is ever loaded. */
static bool is_private(const char *path, bool folder)
{
    struct stat status;
    return stat(path, &status) == 0 && status.st_uid == geteuid() &&
           (status.st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
           (folder ? S_ISDIR(status.st_mode) : S_ISREG(status.st_mode));
}

/* Made if it is not there; NULL: there is none that could be trusted. */
static const char *cache_folder(Arena *arena)
{
    const char *given = getenv("STROMA_NATIVE_CACHE");
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    const char *folder = NULL;
    if (given != NULL && given[0] != '\0') {
        folder = given;
    } else if (cache != NULL && cache[0] == '/') {
        folder = file_join(arena, cache, "stroma");
    } else if (home != NULL && home[0] == '/') {
        folder = file_join(arena, home, ".cache/stroma");
    }
    return folder != NULL && file_make_folder(folder) && is_private(folder, true) ? folder : NULL;
}

static const char *compiler(void)
{
    const char *given = getenv("STROMA_CC");
    return given != NULL && given[0] != '\0' ? given : "cc";
}

static bool on_path(Arena *arena, const char *program)
{
    if (strchr(program, '/') != NULL) {
        return access(program, X_OK) == 0;
    }
    const char *path = getenv("PATH");
    for (const char *at = path; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, ":");
        Text folder = text_new(arena);
        text_add(&folder, at, length);
        if (access(file_join(arena, folder.data, program), X_OK) == 0) {
            return true;
        }
        at += length + (at[length] == ':');
    }
    return false;
}

const char *native_obstacle(Arena *arena)
{
    if (cache_folder(arena) == NULL) {
        return "there is no folder of yours to keep machine code in (STROMA_NATIVE_CACHE, "
               "XDG_CACHE_HOME, HOME)";
    }
    return on_path(arena, compiler()) ? NULL : "there is no C compiler (STROMA_CC, else cc)";
}

/* The library of SLEEF that this process uses, "" if it is part of the program. */
static const char *sleef_library(void)
{
    double (*function)(double) = Sleef_cinz_expd1_u10purec;
    void *address = NULL;
    memcpy(&address, &function, sizeof address);
    Dl_info info;
    bool shared = dladdr(address, &info) != 0 && info.dli_fname != NULL &&
                  strstr(info.dli_fname, "sleef") != NULL;
    return shared ? info.dli_fname : "";
}

static bool run_compiler(char *const *arguments)
{
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none); // worker threads hold signals back; their children must not
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    pid_t child = 0;
    int error = posix_spawnp(&child, arguments[0], NULL, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    int status = 0;
    pid_t ended = 0;
    while (error == 0 && (ended = waitpid(child, &status, 0)) < 0 && errno == EINTR) {
    }
    return error == 0 && ended == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Appends the words of `flags` to the list. */
static int add_words(Arena *arena, char **arguments, int count, const char *flags)
{
    for (const char *at = flags; *at != '\0'; at += strspn(at, " ")) {
        Text word = text_new(arena);
        size_t length = strcspn(at, " ");
        text_add(&word, at, length);
        arguments[count++] = word.data;
        at += length;
    }
    return count;
}

static bool write_source(const char *path, const Text *text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    FILE *stream = file >= 0 ? fdopen(file, "w") : NULL;
    if (stream == NULL) {
        return false;
    }
    bool good = fwrite(text->data, 1, text->length, stream) == text->length;
    return fclose(stream) == 0 && good;
}

/* Makes the shared object `path`. */
static bool build(Arena *arena, const Text *text, const char *flags, const char *path)
{
    Text place = text_new(arena);
    text_format(&place, "%s.XXXXXX", path); // a name that no other thread or process takes
    int file = mkstemp(place.data);
    if (file < 0) {
        return false;
    }
    close(file);
    Text source = text_new(arena);
    text_format(&source, "%s.c", place.data);
    char output[] = "-o";
    Text command = text_new(arena);
    text_string(&command, compiler());
    Text sleef = text_new(arena);
    text_string(&sleef, sleef_library());
    char *arguments[MOST_ARGUMENTS] = {command.data};
    int count = add_words(arena, arguments, 1, flags);
    arguments[count++] = output;
    arguments[count++] = place.data;
    arguments[count++] = source.data;
    if (sleef.data[0] != '\0') {
        arguments[count++] = sleef.data;
    }
    arguments[count] = NULL;
    bool good = write_source(source.data, text) && run_compiler(arguments) &&
                chmod(place.data, S_IRUSR | S_IWUSR | S_IXUSR) == 0 &&
                rename(place.data, path) == 0;
    (void)unlink(source.data);
    if (!good) {
        (void)unlink(place.data);
    }
    return good;
}

static bool find(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

static const NativeCode *load(Arena *arena, const char *path, NativeParts parts)
{
    void *library = is_private(path, false) ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (library == NULL) {
        return NULL;
    }
    NativeCode *code = arena_alloc(arena, sizeof *code);
    code->library = library;
    bool found = false;
    if (parts == NATIVE_OWN_STEPS) {
        found = find(library, "native_step", &code->step);
    } else {
        found = find(library, "native_rates", &code->rates) &&
                find(library, "native_jacobian", &code->jacobian) &&
                find(library, "native_factor", &code->factor) &&
                find(library, "native_first", &code->first) &&
                find(library, "native_next", &code->next);
    }
    if (found) {
        return code;
    }
    dlclose(library);
    return NULL;
}

/* Threads and processes that want the same wait for the first. -1: not locked, which costs no more
 * than work done twice. */
static int lock_folder(const char *folder)
{
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file >= 0 && flock(file, LOCK_EX) != 0) {
        close(file);
        return -1;
    }
    return file;
}

int native_lanes(const Tape *tape)
{
    assert(tape != NULL);
    return vector_of(tape->isa, INT_MAX);
}

static void unlock_folder(int file)
{
    if (file >= 0) {
        close(file);
    }
}

const NativeCode *native_open(Arena *arena, const Tape *tape, const LuProgram *lu,
                              NativeParts parts)
{
    assert(arena != NULL && tape != NULL && lu != NULL);
    int vector = vector_of(tape->isa, lu->width);
    Arena *scratch = arena_new();
    const char *folder = vector > 1 && native_can(tape) ? cache_folder(scratch) : NULL;
    if (folder == NULL) {
        arena_free(scratch);
        return NULL;
    }
    Text flags = text_new(scratch);
    text_format(&flags, "-std=gnu11 -O2 -ffp-contract=off -fPIC -shared -w %s", flag_of(vector));
    Text text = text_new(scratch);
    text_format(&text, "/* %s %s */\n", flags.data, sleef_library());
    native_text(&text, tape, lu, parts, vector);
    char hash[65];
    file_hash(text.data, text.length, hash);
    Text name = text_new(scratch);
    text_format(&name, "%s.so", hash);
    const char *path = file_join(scratch, folder, name.data);
    const NativeCode *code = load(arena, path, parts);
    if (code == NULL) {
        int lock = lock_folder(folder);
        code = load(arena, path, parts); // another may have made it by now
        if (code == NULL && build(scratch, &text, flags.data, path)) {
            code = load(arena, path, parts);
        }
        unlock_folder(lock);
    }
    arena_free(scratch);
    return code;
}

void native_close(const NativeCode *code)
{
    if (code != NULL) {
        dlclose(code->library);
    }
}
