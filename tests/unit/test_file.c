/* test_file.c: a file appears under its final name when it is complete, and not before.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "base/source.h"
#include "unit/suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    Arena *arena;
    char folder[64];
} Scene;

static Scene open_scene(void)
{
    Scene scene = {.arena = arena_new(), .folder = "/tmp/stroma-file-XXXXXX"};
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(scene.folder));
    return scene;
}

static char *path_in(const Scene *scene, const char *name)
{
    return file_join(scene->arena, scene->folder, name);
}

/* Number of entries in the folder, hidden ones included. */
static int entries_in(const char *folder)
{
    DIR *handle = opendir(folder);
    CU_ASSERT_PTR_NOT_NULL_FATAL(handle);
    int count = -2; // "." and ".."
    while (readdir(handle)) {
        count++;
    }
    closedir(handle);
    return count;
}

static void close_scene(Scene *scene)
{
    CU_ASSERT_EQUAL(entries_in(scene->folder), 0);
    CU_ASSERT_EQUAL(rmdir(scene->folder), 0);
    arena_free(scene->arena);
}

static void test_commit_shows_the_whole_file_at_once(void)
{
    Scene scene = open_scene();
    char *path = path_in(&scene, "result.csv");
    OutFile *file = file_create(scene.arena, path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_FALSE(file_exists(path));
    CU_ASSERT_TRUE(file_exists(file_temporary(file)));
    size_t total = 0;
    for (int i = 0; i < 100000; i++) { // more than any buffer
        char line[32];
        int length = snprintf(line, sizeof line, "%d,x\n", i);
        file_write(file, line, (size_t)length);
        total += (size_t)length;
    }
    CU_ASSERT_FALSE(file_exists(path));
    CU_ASSERT_TRUE(file_commit(file));
    CU_ASSERT_EQUAL(entries_in(scene.folder), 1);
    const Source *source = NULL;
    CU_ASSERT_EQUAL(source_read(scene.arena, path, &source), SOURCE_OK);
    CU_ASSERT_EQUAL(source->length, total);
    CU_ASSERT_NSTRING_EQUAL(source->text, "0,x\n1,x\n", 8);
    CU_ASSERT_STRING_EQUAL(source->text + total - 8, "99999,x\n");
    unlink(path);
    close_scene(&scene);
}

static size_t size_of(const char *path)
{
    struct stat information;
    return stat(path, &information) == 0 ? (size_t)information.st_size : 0;
}

static void test_a_file_that_is_followed(void)
{
    Scene scene = open_scene();
    char *path = path_in(&scene, "trace.csv");
    char *part = path_in(&scene, "trace.csv.part");
    OutFile *file = file_create_followed(scene.arena, path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_STRING_EQUAL(file_temporary(file), part);
    file_write(file, "1,2\n", 4);
    file_flush(file);
    CU_ASSERT_EQUAL(size_of(part), 4);
    file_write(file, "3,4\n", 4);
    file_flush(file);
    CU_ASSERT_EQUAL(size_of(part), 8);
    CU_ASSERT_FALSE(file_exists(path));
    CU_ASSERT_TRUE(file_commit(file));
    CU_ASSERT_EQUAL(size_of(path), 8);
    CU_ASSERT_FALSE(file_exists(part));
    unlink(path);
    close_scene(&scene);
}

/* Pieces larger than a buffer, put in another order than they were written. */
static void test_pieces(void)
{
    enum { LINES = 40000 };
    Scene scene = open_scene();
    char *path = path_in(&scene, "result.csv");
    OutFile *file = file_create(scene.arena, path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    OutFile *late = file_piece(scene.arena);
    OutFile *early = file_piece(scene.arena);
    for (int i = 0; i < LINES; i++) {
        file_write(late, "late\n", 5);
        file_write(early, "early\n", 6);
    }
    file_append(file, early);
    file_append(file, late);
    file_append(file, early); // nothing is left of it
    file_write(early, "end\n", 4);
    file_append(file, early);
    CU_ASSERT_TRUE(file_commit(file));
    const Source *source = NULL;
    CU_ASSERT_FATAL(source_read(scene.arena, path, &source) == SOURCE_OK);
    CU_ASSERT_EQUAL_FATAL(source->length, LINES * 11 + 4);
    for (int i = 0; i < LINES; i++) {
        CU_ASSERT_FATAL(memcmp(source->text + 6 * i, "early\n", 6) == 0);
        CU_ASSERT_FATAL(memcmp(source->text + 6 * LINES + 5 * i, "late\n", 5) == 0);
    }
    CU_ASSERT(memcmp(source->text + 11 * LINES, "end\n", 4) == 0);
    CU_ASSERT_EQUAL(unlink(path), 0);
    close_scene(&scene);
}

static void test_abandon_leaves_nothing(void)
{
    Scene scene = open_scene();
    char *path = path_in(&scene, "result.csv");
    OutFile *file = file_create(scene.arena, path);
    file_write(file, "half", 4);
    file_abandon(file);
    file_abandon(NULL);
    CU_ASSERT_FALSE(file_exists(path));
    close_scene(&scene);
}

static void test_the_old_file_stays_until_the_new_one_is_complete(void)
{
    Scene scene = open_scene();
    char *path = path_in(&scene, "result.csv");
    OutFile *old = file_create(scene.arena, path);
    file_write(old, "old", 3);
    CU_ASSERT_TRUE(file_commit(old));
    OutFile *new = file_create(scene.arena, path);
    file_write(new, "new", 3);
    file_abandon(new);
    const Source *source = NULL;
    source_read(scene.arena, path, &source);
    CU_ASSERT_STRING_EQUAL(source->text, "old");
    new = file_create(scene.arena, path);
    file_write(new, "new", 3);
    CU_ASSERT_TRUE(file_commit(new));
    source_read(scene.arena, path, &source);
    CU_ASSERT_STRING_EQUAL(source->text, "new");
    unlink(path);
    close_scene(&scene);
}

static void test_what_cannot_be_opened(void)
{
    Scene scene = open_scene();
    errno = 0;
    CU_ASSERT_PTR_NULL(file_create(scene.arena, path_in(&scene, "no/such/folder/x.csv")));
    CU_ASSERT_EQUAL(errno, ENOENT);
    close_scene(&scene);
}

/* A folder comes where the file should appear: the last step fails, and the temporary file goes. */
static void test_a_failed_commit_leaves_nothing(void)
{
    Scene scene = open_scene();
    char *path = path_in(&scene, "taken");
    OutFile *file = file_create(scene.arena, path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(mkdir(path, 0777), 0);
    CU_ASSERT_PTR_NULL(file_create(scene.arena, path)); // and nothing is begun in its place
    CU_ASSERT_EQUAL(errno, EISDIR);
    file_write(file, "x", 1);
    errno = 0;
    CU_ASSERT_FALSE(file_commit(file));
    CU_ASSERT_EQUAL(errno, EISDIR);
    CU_ASSERT_EQUAL(entries_in(scene.folder), 1);
    rmdir(path);
    close_scene(&scene);
}

/* A pipe or a device is written into; a file renamed over it would take its place. */
static void test_a_pipe_stays_a_pipe(void)
{
    Scene scene = open_scene();
    char *path = path_in(&scene, "pipe");
    CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    OutFile *file = file_create(scene.arena, path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    file_write(file, "four", 4);
    CU_ASSERT_TRUE(file_replace(file));
    char bytes[8];
    CU_ASSERT_EQUAL(read(reader, bytes, sizeof bytes), 4);
    close(reader);
    struct stat after;
    CU_ASSERT_EQUAL(stat(path, &after), 0);
    CU_ASSERT_TRUE(S_ISFIFO(after.st_mode));
    file = file_create(scene.arena, "/dev/full");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    file_write(file, "x", 1);
    CU_ASSERT_FALSE(file_commit(file));
    CU_ASSERT_EQUAL(errno, ENOSPC);
    unlink(path);
    close_scene(&scene);
}

static void test_folders(void)
{
    Scene scene = open_scene();
    char *deep = path_in(&scene, "a/b/c");
    CU_ASSERT_TRUE(file_make_folder(deep));
    CU_ASSERT_TRUE(file_make_folder(deep)); // it is there already
    CU_ASSERT_TRUE(file_make_folder(path_in(&scene, "a/b/c/")));
    CU_ASSERT_TRUE(file_exists(deep));
    char *taken = path_in(&scene, "a/file");
    OutFile *file = file_create(scene.arena, taken);
    CU_ASSERT_TRUE(file_commit(file));
    CU_ASSERT_FALSE(file_make_folder(taken));
    CU_ASSERT_EQUAL(errno, ENOTDIR);
    CU_ASSERT_FALSE(file_make_folder(path_in(&scene, "a/file/more")));
    CU_ASSERT_FALSE(file_make_folder(""));
    unlink(taken);
    rmdir(deep);
    rmdir(path_in(&scene, "a/b"));
    rmdir(path_in(&scene, "a"));
    close_scene(&scene);
}

static void test_parts_of_paths(void)
{
    Arena *arena = arena_new();
    CU_ASSERT_STRING_EQUAL(file_folder(arena, "params/msc/human.cfg"), "params/msc");
    CU_ASSERT_STRING_EQUAL(file_folder(arena, "human.cfg"), ".");
    CU_ASSERT_STRING_EQUAL(file_folder(arena, "/human.cfg"), "/");
    CU_ASSERT_STRING_EQUAL(file_base("params/msc/human.cfg"), "human.cfg");
    CU_ASSERT_STRING_EQUAL(file_base("human.cfg"), "human.cfg");
    CU_ASSERT_STRING_EQUAL(file_stem(arena, "params/msc.v2.cfg"), "msc.v2");
    CU_ASSERT_STRING_EQUAL(file_stem(arena, "params/plain"), "plain");
    CU_ASSERT_STRING_EQUAL(file_stem(arena, ".hidden"), ".hidden");
    CU_ASSERT_STRING_EQUAL(file_join(arena, "a", "b"), "a/b");
    CU_ASSERT_STRING_EQUAL(file_join(arena, "a/", "b"), "a/b");
    CU_ASSERT_STRING_EQUAL(file_join(arena, ".", "b"), "b");
    CU_ASSERT_STRING_EQUAL(file_join(arena, "a", "/b"), "/b");
    arena_free(arena);
}

/* FIPS 180-4 examples. */
static void test_hash(void)
{
    char hash[65];
    file_hash("", 0, hash);
    CU_ASSERT_STRING_EQUAL(hash,
                           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    file_hash("abc", 3, hash);
    CU_ASSERT_STRING_EQUAL(hash,
                           "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

SUITE("file", TEST(test_commit_shows_the_whole_file_at_once), TEST(test_a_file_that_is_followed),
      TEST(test_pieces), TEST(test_abandon_leaves_nothing),
      TEST(test_the_old_file_stays_until_the_new_one_is_complete), TEST(test_what_cannot_be_opened),
      TEST(test_a_failed_commit_leaves_nothing), TEST(test_a_pipe_stays_a_pipe), TEST(test_folders),
      TEST(test_parts_of_paths), TEST(test_hash))
