/* file.c: complete or not at all: write beside, flush, check, rename.
 *
 * The temporary name is .NAME.PID.part in the same folder, so that the rename stays on one file
 * system; NAME.part where others are to find it. SHA-256 comes from libmd.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 64 * 1024 };

struct OutFile {
    int handle;
    int error;     // first errno met, 0 if none
    bool in_place; // standard output, or a device or pipe: nothing to rename over
    const char *path;
    const char *temporary;
    char *buffer;
    size_t used, room;
    Arena *arena; // of a piece: where its buffer grows; else NULL
};

static OutFile *create(Arena *arena, const char *path, bool followed)
{
    assert(arena && path);
    OutFile *file = arena_alloc(arena, sizeof *file);
    file->path = arena_copy(arena, path, strlen(path));
    file->buffer = arena_alloc(arena, BUFFER_BYTES);
    file->room = BUFFER_BYTES;
    file->temporary = "";
    if (strcmp(path, "-") == 0) {
        file->in_place = true;
        file->handle = STDOUT_FILENO;
        return file;
    }
    struct stat old;
    if (stat(path, &old) == 0 && !S_ISREG(old.st_mode)) {
        file->in_place = true; // a folder cannot be opened for writing
        file->handle = open(path, O_WRONLY | O_CLOEXEC);
        return file->handle < 0 ? NULL : file;
    }
    file->temporary = followed ? arena_format(arena, "%s.part", path)
                               : arena_format(arena, "%s/.%s.%ld.part", file_folder(arena, path),
                                              file_base(path), (long)getpid());
    file->handle = open(file->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return file->handle < 0 ? NULL : file;
}

OutFile *file_create(Arena *arena, const char *path)
{
    return create(arena, path, false);
}

OutFile *file_create_followed(Arena *arena, const char *path)
{
    return create(arena, path, true);
}

void file_flush(OutFile *file)
{
    size_t done = 0;
    while (done < file->used && !file->error) {
        ssize_t wrote = write(file->handle, file->buffer + done, file->used - done);
        if (wrote < 0 && errno != EINTR) {
            file->error = errno;
        } else if (wrote > 0) {
            done += (size_t)wrote;
        }
    }
    file->used = 0;
}

OutFile *file_piece(Arena *arena)
{
    assert(arena != NULL);
    OutFile *piece = arena_alloc(arena, sizeof *piece);
    *piece = (OutFile){.handle = -1,
                       .path = "",
                       .temporary = "",
                       .buffer = arena_alloc(arena, BUFFER_BYTES),
                       .room = BUFFER_BYTES,
                       .arena = arena};
    return piece;
}

void file_append(OutFile *file, OutFile *piece)
{
    assert(file != piece && piece->arena != NULL);
    file_write(file, piece->buffer, piece->used);
    piece->used = 0;
}

static void grow(OutFile *piece)
{
    char *larger = arena_alloc(piece->arena, 2 * piece->room);
    memcpy(larger, piece->buffer, piece->used);
    piece->buffer = larger;
    piece->room *= 2;
}

void file_write(OutFile *file, const void *bytes, size_t length)
{
    const char *from = bytes;
    while (length) {
        size_t room = file->room - file->used;
        size_t part = length < room ? length : room;
        memcpy(file->buffer + file->used, from, part);
        file->used += part;
        from += part;
        length -= part;
        if (file->used == file->room && file->arena != NULL) {
            grow(file);
        } else if (file->used == file->room) {
            file_flush(file);
        }
    }
}

bool file_commit(OutFile *file)
{
    file_flush(file);
    if (file->handle != STDOUT_FILENO && close(file->handle) != 0 && !file->error) {
        file->error = errno;
    }
    if (file->in_place) {
        errno = file->error;
        return file->error == 0;
    }
    if (!file->error) {
        // A file that is replaced is written out at once by ext4 (2 to 4 ms each, auto_da_alloc);
        // one that appears is not. What was there is out of date by now.
        struct stat old;
        if (lstat(file->path, &old) == 0 && S_ISREG(old.st_mode)) {
            unlink(file->path);
        }
    }
    if (!file->error && rename(file->temporary, file->path) != 0) {
        file->error = errno;
    }
    if (file->error) {
        unlink(file->temporary);
        errno = file->error;
        return false;
    }
    return true;
}

bool file_replace(OutFile *file)
{
    file_flush(file);
    struct stat old;
    if (!file->error && !file->in_place && stat(file->path, &old) == 0 &&
        fchmod(file->handle, old.st_mode & 07777) != 0) {
        file->error = errno;
    }
    if (!file->error && !file->in_place && fsync(file->handle) != 0) {
        file->error = errno;
    }
    if (file->in_place || file->error) {
        return file_commit(file);
    }
    if (close(file->handle) != 0 || rename(file->temporary, file->path) != 0) {
        int reason = errno;
        unlink(file->temporary);
        errno = reason;
        return false;
    }
    return true;
}

void file_abandon(OutFile *file)
{
    if (file && file->handle != STDOUT_FILENO) {
        close(file->handle);
    }
    if (file && !file->in_place) {
        unlink(file->temporary);
    }
}

const char *file_temporary(const OutFile *file)
{
    return file->temporary;
}

static bool make_one_folder(const char *path)
{
    if (mkdir(path, 0777) == 0) {
        return true;
    }
    int reason = errno;
    struct stat information;
    if (stat(path, &information) == 0) {
        errno = ENOTDIR;
        return S_ISDIR(information.st_mode);
    }
    errno = reason;
    return false;
}

bool file_make_folder(const char *path)
{
    char part[4096];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part) {
        errno = length == 0 ? ENOENT : ENAMETOOLONG;
        return false;
    }
    for (size_t i = 1; i < length; i++) {
        if (path[i] == '/') {
            memcpy(part, path, i);
            part[i] = '\0';
            if (!make_one_folder(part)) {
                return false;
            }
        }
    }
    return make_one_folder(path);
}

bool file_exists(const char *path)
{
    struct stat information;
    return stat(path, &information) == 0;
}

char *file_folder(Arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) {
        return arena_copy(arena, ".", 1);
    }
    return arena_copy(arena, path, slash == path ? 1 : (size_t)(slash - path));
}

const char *file_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *file_stem(Arena *arena, const char *path)
{
    const char *base = file_base(path);
    const char *dot = strrchr(base, '.');
    return arena_copy(arena, base, dot && dot != base ? (size_t)(dot - base) : strlen(base));
}

char *file_join(Arena *arena, const char *folder, const char *name)
{
    if (strcmp(folder, ".") == 0 || folder[0] == '\0' || name[0] == '/') {
        return arena_copy(arena, name, strlen(name));
    }
    bool slash = folder[strlen(folder) - 1] == '/';
    return arena_format(arena, "%s%s%s", folder, slash ? "" : "/", name);
}

void file_hash(const void *bytes, size_t length, char out[65])
{
    SHA256Data(bytes, length, out);
}
