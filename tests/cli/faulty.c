/* faulty.c: preloaded into the program by faulty.sh: the n-th call of one function of the C library
 * fails.
 *
 *   FAULTY="write 3" LD_PRELOAD=libfaulty.so stroma run ...
 *
 * Functions: aligned_alloc (memory of arenas), open, write and rename (result files; standard
 * output is left alone). SPDX-License-Identifier: GPL-3.0-or-later */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Is this call of `function` the one that fails? */
static bool fails(const char *function)
{
    static int calls;
    const char *wish = getenv("FAULTY");
    size_t length = strlen(function);
    if (!wish || strncmp(wish, function, length) != 0 || wish[length] != ' ') {
        return false;
    }
    return ++calls == strtol(wish + length, NULL, 10);
}

/* The C library's own function; the union avoids a cast from object to function pointer. */
#define ORIGINAL(type, name)                                                                       \
    union {                                                                                        \
        void *object;                                                                              \
        type function;                                                                             \
    } original = {dlsym(RTLD_NEXT, name)}

typedef void *Allocate(size_t, size_t);
typedef int Open(const char *, int, ...);
typedef ssize_t Write(int, const void *, size_t);
typedef int Rename(const char *, const char *);

__attribute__((visibility("default"))) void *aligned_alloc(size_t alignment, size_t size)
{
    ORIGINAL(Allocate *, "aligned_alloc");
    if (fails("aligned_alloc")) {
        errno = ENOMEM;
        return NULL;
    }
    return original.function(alignment, size);
}

__attribute__((visibility("default"))) int open(const char *path, int flags, ...)
{
    ORIGINAL(Open *, "open");
    va_list arguments;
    va_start(arguments, flags);
    int mode = flags & O_CREAT ? va_arg(arguments, int) : 0;
    va_end(arguments);
    if (flags & O_CREAT && fails("open")) {
        errno = EACCES;
        return -1;
    }
    return original.function(path, flags, mode);
}

__attribute__((visibility("default"))) ssize_t write(int handle, const void *bytes, size_t length)
{
    ORIGINAL(Write *, "write");
    if (handle > STDERR_FILENO && fails("write")) {
        errno = ENOSPC;
        return -1;
    }
    return original.function(handle, bytes, length);
}

__attribute__((visibility("default"))) int rename(const char *from, const char *to)
{
    ORIGINAL(Rename *, "rename");
    if (fails("rename")) {
        errno = EIO;
        return -1;
    }
    return original.function(from, to);
}
