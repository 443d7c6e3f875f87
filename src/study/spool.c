/* spool.c: see spool.h.
 *
 * Journal: a head line, the shape as text, then records: length and hash in front of the bytes. A
 * record is appended by one write after the values have been written; nothing is forced to the
 * disk, for the hash of the values tells after a power failure what did not get there. Numbers are
 * in the byte order of the machine.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/spool.h"

#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char MAGIC[8] = "stroma1\n";
enum { MOST_RECORD = 1 << 28 };

struct Spool {
    Arena *arena;
    SpoolShape shape;
    const char *data_path, *journal_path;
    int data, journal;
    off_t end;        // of the journal
    off_t *record_at; // (unit_count) where the record of a unit begins, 0: not done
    int done;
    pthread_mutex_t lock;
};

typedef struct {
    uint64_t length, hash;
} RecordHead;

/* 64 bits by words: xor, multiply, fold (after Knuth's multiplicative hashing). */
static uint64_t hash_of(const void *bytes, size_t length)
{
    uint64_t hash = 0x9E3779B97F4A7C15u ^ length;
    const char *at = bytes;
    for (; length >= sizeof hash; at += sizeof hash, length -= sizeof hash) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        hash = (hash ^ word) * 0xD6E8FEB86659FD93u;
        hash ^= hash >> 32;
    }
    uint64_t rest = 0;
    memcpy(&rest, at, length);
    hash = (hash ^ rest) * 0xD6E8FEB86659FD93u;
    return hash ^ (hash >> 32);
}

static bool write_at(int file, const void *bytes, size_t length, off_t at)
{
    const char *from = bytes;
    while (length > 0) {
        ssize_t wrote = pwrite(file, from, length, at);
        if (wrote < 0 && errno != EINTR) {
            return false;
        }
        if (wrote > 0) {
            from += wrote;
            at += wrote;
            length -= (size_t)wrote;
        }
    }
    return true;
}

static bool read_at(int file, void *bytes, size_t length, off_t at)
{
    char *to = bytes;
    while (length > 0) {
        ssize_t got = pread(file, to, length, at);
        if (got == 0) {
            errno = EIO; // shorter than it was
            return false;
        }
        if (got < 0 && errno != EINTR) {
            return false;
        }
        if (got > 0) {
            to += got;
            at += got;
            length -= (size_t)got;
        }
    }
    return true;
}

static size_t unit_values(const SpoolShape *shape)
{
    return (size_t)shape->rows * (size_t)shape->lanes;
}

static off_t unit_at(const SpoolShape *shape, int unit)
{
    assert(unit >= 0 && unit < shape->unit_count && unit % shape->shard_count == shape->shard - 1);
    return (off_t)(unit / shape->shard_count) * (off_t)(unit_values(shape) * sizeof(double));
}

double spool_bytes(const SpoolShape *shape)
{
    double units = (double)shape->unit_count / shape->shard_count;
    return units * (double)unit_values(shape) * sizeof(double);
}

const char *spool_stem(Arena *arena, const char *folder, const char *name, int shard,
                       int shard_count)
{
    const char *file = shard_count == 1
                           ? arena_format(arena, ".%s", name)
                           : arena_format(arena, ".%s.shard-%d-of-%d", name, shard, shard_count);
    return file_join(arena, folder, file);
}

/* --- bytes of a record --------------------------------------------------------------------------
 */

static void add_bytes(Text *text, const void *bytes, size_t length)
{
    text_add(text, bytes, length);
}

static void add_count(Text *text, int64_t value)
{
    add_bytes(text, &value, sizeof value);
}

static void add_string(Text *text, const char *string)
{
    add_count(text, (int64_t)strlen(string));
    text_string(text, string);
}

/* Reading: what is left. */
typedef struct {
    const char *at;
    size_t left;
    bool wrong;
} Bytes;

static void take_bytes(Bytes *bytes, void *to, size_t length)
{
    memset(to, 0, length);
    bytes->wrong = bytes->wrong || length > bytes->left;
    if (!bytes->wrong) {
        memcpy(to, bytes->at, length);
        bytes->at += length;
        bytes->left -= length;
    }
}

static int64_t take_count(Bytes *bytes)
{
    int64_t value;
    take_bytes(bytes, &value, sizeof value);
    return value;
}

static int take_int(Bytes *bytes, int64_t low, int64_t high)
{
    int64_t value = take_count(bytes);
    bytes->wrong = bytes->wrong || value < low || value > high;
    return bytes->wrong ? 0 : (int)value;
}

static const char *take_string(Arena *arena, Bytes *bytes)
{
    int64_t length = take_count(bytes);
    if (bytes->wrong || length < 0 || (uint64_t)length > bytes->left) {
        bytes->wrong = true;
        return "";
    }
    const char *text = arena_copy(arena, bytes->at, (size_t)length);
    bytes->at += length;
    bytes->left -= (size_t)length;
    return text;
}

static void add_shape(Text *text, const SpoolShape *shape)
{
    add_string(text, shape->hash);
    const int numbers[] = {shape->shard, shape->shard_count, shape->unit_count, shape->lanes,
                           shape->rows};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        add_count(text, numbers[i]);
    }
    add_string(text, shape->call);
}

static bool take_shape(Arena *arena, Bytes *bytes, SpoolShape *shape)
{
    enum { MOST = 1 << 30 };
    const char *hash = take_string(arena, bytes);
    size_t length = strlen(hash);
    if (length != SPOOL_HASH_SIZE - 1) {
        return false;
    }
    memcpy(shape->hash, hash, length + 1);
    shape->shard = take_int(bytes, 1, MOST);
    shape->shard_count = take_int(bytes, 1, MOST);
    shape->unit_count = take_int(bytes, 1, MOST);
    shape->lanes = take_int(bytes, 1, MOST);
    shape->rows = take_int(bytes, 1, MOST);
    shape->call = take_string(arena, bytes);
    return !bytes->wrong && shape->shard <= shape->shard_count;
}

static void add_record(Text *text, const SpoolRecord *record, uint64_t values_hash)
{
    add_count(text, record->unit);
    add_count(text, record->lane_count);
    add_count(text, record->failure_count);
    for (int i = 0; i < record->lane_count; i++) {
        add_count(text, record->attempts[i]);
    }
    add_bytes(text, &values_hash, sizeof values_hash);
    add_bytes(text, &record->stats, sizeof record->stats);
    for (int i = 0; i < record->failure_count; i++) {
        const SpoolFailure *failure = &record->failures[i];
        add_count(text, failure->lane);
        add_count(text, failure->kind);
        add_bytes(text, &failure->time, sizeof failure->time);
        add_count(text, failure->state);
        add_string(text, failure->line);
        add_string(text, failure->reason);
    }
}

static bool take_record(Arena *arena, const SpoolShape *shape, Bytes *bytes, SpoolRecord *record,
                        uint64_t *values_hash)
{
    record->unit = take_int(bytes, 0, shape->unit_count - 1);
    record->lane_count = take_int(bytes, 1, shape->lanes);
    record->failure_count = take_int(bytes, 0, shape->lanes);
    if (bytes->wrong || record->unit % shape->shard_count != shape->shard - 1) {
        return false;
    }
    int *attempts = arena_array(arena, (size_t)record->lane_count, sizeof *attempts);
    for (int i = 0; i < record->lane_count; i++) {
        attempts[i] = take_int(bytes, 0, INT32_MAX);
    }
    take_bytes(bytes, values_hash, sizeof *values_hash);
    take_bytes(bytes, &record->stats, sizeof record->stats);
    SpoolFailure *failures = arena_array(arena, (size_t)record->failure_count, sizeof *failures);
    for (int i = 0; i < record->failure_count; i++) {
        failures[i].lane = take_int(bytes, 0, shape->lanes - 1);
        failures[i].kind = take_int(bytes, 0, OUTCOME_COUNT - 1);
        take_bytes(bytes, &failures[i].time, sizeof failures[i].time);
        failures[i].state = take_int(bytes, -1, INT32_MAX);
        failures[i].line = take_string(arena, bytes);
        failures[i].reason = take_string(arena, bytes);
    }
    record->attempts = attempts;
    record->failures = failures;
    return !bytes->wrong;
}

/* A record at `at` of the journal: its bytes, or false if there is no whole one. */
static bool read_record(const Spool *spool, off_t at, Arena *arena, Bytes *bytes, off_t *next)
{
    RecordHead head;
    if (!read_at(spool->journal, &head, sizeof head, at) || head.length > MOST_RECORD) {
        return false;
    }
    char *whole = arena_alloc(arena, (size_t)head.length + 1);
    *bytes = (Bytes){.at = whole, .left = (size_t)head.length};
    *next = at + (off_t)sizeof head + (off_t)head.length;
    return read_at(spool->journal, whole, (size_t)head.length, at + (off_t)sizeof head) &&
           hash_of(whole, (size_t)head.length) == head.hash;
}

/* Appends; false: errno says why, and the journal ends where it ended. */
static bool append(Spool *spool, const Text *body)
{
    Text whole = text_new(body->arena);
    RecordHead head = {body->length, hash_of(body->data, body->length)};
    text_add(&whole, (const char *)&head, sizeof head);
    text_add(&whole, body->data, body->length);
    if (!write_at(spool->journal, whole.data, whole.length, spool->end)) {
        int why = errno;
        (void)!ftruncate(spool->journal, spool->end);
        errno = why;
        return false;
    }
    spool->end += (off_t)whole.length;
    return true;
}

/* --- opening ------------------------------------------------------------------------------------
 */

static Spool *new_spool(Arena *arena, const char *stem)
{
    Spool *spool = arena_alloc(arena, sizeof *spool);
    spool->arena = arena;
    spool->data_path = arena_format(arena, "%s.spool", stem);
    spool->journal_path = arena_format(arena, "%s.journal", stem);
    spool->data = spool->journal = -1;
    pthread_mutex_init(&spool->lock, NULL);
    return spool;
}

static SpoolStatus open_files(Spool *spool, int flags)
{
    spool->journal = open(spool->journal_path, O_RDWR | O_CLOEXEC | flags, 0666);
    if (spool->journal < 0) {
        return SPOOL_FILE;
    }
    if (flock(spool->journal, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        return SPOOL_BUSY;
    }
    spool->data = open(spool->data_path, O_RDWR | O_CLOEXEC | flags, 0666);
    return spool->data < 0 ? SPOOL_FILE : SPOOL_OK;
}

static void make_room(Spool *spool)
{
    spool->record_at =
        arena_array(spool->arena, (size_t)spool->shape.unit_count, sizeof *spool->record_at);
}

SpoolStatus spool_create(Arena *arena, const char *stem, const SpoolShape *shape, Spool **spool)
{
    assert(arena != NULL && stem != NULL && shape != NULL && shape->call != NULL);
    Spool *made = new_spool(arena, stem);
    made->shape = *shape;
    Text body = text_new(arena);
    text_add(&body, MAGIC, sizeof MAGIC);
    add_shape(&body, shape);
    SpoolStatus status = open_files(made, O_CREAT);
    if (status == SPOOL_OK && (ftruncate(made->journal, 0) != 0 || ftruncate(made->data, 0) != 0 ||
                               !append(made, &body))) {
        status = SPOOL_FILE;
    }
    if (status != SPOOL_OK) {
        int why = errno;
        spool_close(made);
        errno = why;
        return status;
    }
    make_room(made);
    *spool = made;
    return SPOOL_OK;
}

static bool same_shape(const SpoolShape *a, const SpoolShape *b)
{
    return strcmp(a->hash, b->hash) == 0 && a->shard == b->shard &&
           a->shard_count == b->shard_count && a->unit_count == b->unit_count &&
           a->lanes == b->lanes && a->rows == b->rows;
}

/* Reads the records one by one up to the first that is not whole; what is behind it is cut off. */
static bool scan(Spool *spool)
{
    double *values = arena_array(spool->arena, unit_values(&spool->shape), sizeof *values);
    Arena *scratch = arena_new();
    ArenaMark mark = arena_mark(scratch);
    Bytes bytes;
    off_t next;
    while (read_record(spool, spool->end, scratch, &bytes, &next)) {
        SpoolRecord record = {0};
        uint64_t hash = 0;
        if (!take_record(scratch, &spool->shape, &bytes, &record, &hash)) {
            break;
        }
        size_t length = unit_values(&spool->shape) * sizeof *values;
        if (spool->record_at[record.unit] == 0 &&
            read_at(spool->data, values, length, unit_at(&spool->shape, record.unit)) &&
            hash_of(values, length) == hash) {
            spool->record_at[record.unit] = spool->end;
            spool->done++;
        }
        spool->end = next;
        arena_rewind(scratch, mark);
    }
    arena_free(scratch);
    return ftruncate(spool->journal, spool->end) == 0;
}

SpoolStatus spool_open(Arena *arena, const char *stem, const SpoolShape *shape, Spool **spool)
{
    assert(arena != NULL && stem != NULL && spool != NULL);
    Spool *made = new_spool(arena, stem);
    SpoolStatus status = open_files(made, 0);
    Bytes bytes;
    if (status == SPOOL_OK &&
        (!read_record(made, 0, arena, &bytes, &made->end) || bytes.left < sizeof MAGIC ||
         memcmp(bytes.at, MAGIC, sizeof MAGIC) != 0)) {
        status = SPOOL_DAMAGED;
    }
    if (status == SPOOL_OK) {
        bytes.at += sizeof MAGIC;
        bytes.left -= sizeof MAGIC;
        status = take_shape(arena, &bytes, &made->shape) ? SPOOL_OK : SPOOL_DAMAGED;
    }
    if (status == SPOOL_OK && shape != NULL && !same_shape(&made->shape, shape)) {
        status = SPOOL_OTHER;
    }
    if (status == SPOOL_OK) {
        make_room(made);
        status = scan(made) ? SPOOL_OK : SPOOL_FILE;
    }
    if (status != SPOOL_OK) {
        int why = errno;
        spool_close(made);
        errno = why;
        return status;
    }
    *spool = made;
    return SPOOL_OK;
}

/* --- use ----------------------------------------------------------------------------------------
 */

const SpoolShape *spool_shape(const Spool *spool)
{
    return &spool->shape;
}

bool spool_has(const Spool *spool, int unit)
{
    assert(unit >= 0 && unit < spool->shape.unit_count);
    return spool->record_at[unit] != 0;
}

int spool_done(const Spool *spool)
{
    return spool->done;
}

bool spool_put(Spool *spool, const double *values, const SpoolRecord *record)
{
    assert(spool != NULL && values != NULL && record != NULL && !spool_has(spool, record->unit));
    size_t length = unit_values(&spool->shape) * sizeof *values;
    if (!write_at(spool->data, values, length, unit_at(&spool->shape, record->unit))) {
        return false;
    }
    Arena *scratch = arena_new();
    Text body = text_new(scratch);
    add_record(&body, record, hash_of(values, length));
    pthread_mutex_lock(&spool->lock);
    off_t at = spool->end;
    bool good = append(spool, &body);
    int why = errno;
    if (good) {
        spool->record_at[record->unit] = at;
        spool->done++;
    }
    pthread_mutex_unlock(&spool->lock);
    arena_free(scratch);
    errno = why;
    return good;
}

bool spool_read(const Spool *spool, int unit, int first, int count, double *values)
{
    assert(first >= 0 && count >= 0 && first + count <= spool->shape.rows);
    size_t row = (size_t)spool->shape.lanes * sizeof *values;
    return read_at(spool->data, values, (size_t)count * row,
                   unit_at(&spool->shape, unit) + (off_t)((size_t)first * row));
}

bool spool_record(const Spool *spool, int unit, Arena *arena, SpoolRecord *record)
{
    assert(spool_has(spool, unit));
    Bytes bytes;
    off_t next;
    uint64_t hash;
    return read_record(spool, spool->record_at[unit], arena, &bytes, &next) &&
           take_record(arena, &spool->shape, &bytes, record, &hash);
}

void spool_close(Spool *spool)
{
    if (spool == NULL) {
        return;
    }
    if (spool->data >= 0) {
        close(spool->data);
    }
    if (spool->journal >= 0) {
        close(spool->journal);
    }
    spool->data = spool->journal = -1;
    pthread_mutex_destroy(&spool->lock);
}

void spool_remove(Spool *spool)
{
    if (spool == NULL) {
        return;
    }
    unlink(spool->journal_path); // first: without it nobody takes the values for something
    unlink(spool->data_path);
    spool_close(spool);
}
