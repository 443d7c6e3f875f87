/* journal.c: records one behind the other, each with its length and a checksum.
 *
 *   head    "stroma fit 1\n" and the SHA-256 of the key
 *   record  group, round, count (8 bytes each); for each trial its coordinates, whether it failed
 * and why, predictions, slopes; a checksum over all of it
 *
 * Numbers are in the machine's own format: a journal is continued on the machine where it was
 * begun.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/journal.h"

#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static const char MAGIC[] = "stroma fit 1\n";

enum { HASH_SIZE = 64, HEAD_SIZE = sizeof MAGIC - 1 + HASH_SIZE };

typedef struct {
    int64_t group, round, count;
} Head;

/* How a trial failed, without what points elsewhere. */
typedef struct {
    int64_t failed, subject, kind, state;
    double time;
} Fate;

typedef struct {
    Head head;
    const unsigned char *body;
} Record;

struct Journal {
    Arena *arena;
    const Fit *fit;
    FILE *file;
    pthread_mutex_t lock;
    Record *records; // (record_count) as read, by group and round
    size_t record_count, record_room;
};

static size_t trial_size(const Fit *fit, bool slopes)
{
    size_t numbers = (size_t)fit->parameter_count + (size_t)fit->datum_count;
    numbers += slopes ? (size_t)fit->datum_count * (size_t)fit->model_count : 0;
    return sizeof(int64_t) + sizeof(Fate) + numbers * sizeof(double);
}

/* FNV-1a (Fowler, Noll, Vo), 64 bits. */
static uint64_t checksum(uint64_t sum, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < length; i++) {
        sum = (sum ^ at[i]) * UINT64_C(1099511628211);
    }
    return sum;
}

static const uint64_t CHECKSUM_START = UINT64_C(14695981039346656037);

/* --- reading -------------------------------------------------------------------------------------
 */

/* The length of the body of a record that begins at `at`, 0: it is cut off. */
static size_t body_size(const Fit *fit, const unsigned char *at, size_t left, int64_t count)
{
    size_t size = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t slopes;
        if (size + sizeof slopes > left) {
            return 0;
        }
        memcpy(&slopes, at + size, sizeof slopes);
        size += trial_size(fit, slopes != 0);
        if (size > left) {
            return 0;
        }
    }
    return size;
}

/* Reads records up to the first that is cut off; returns where that is. */
static size_t read_records(Journal *journal, const unsigned char *text, size_t length)
{
    size_t at = HEAD_SIZE;
    while (at + sizeof(Head) <= length) {
        Head head;
        memcpy(&head, text + at, sizeof head);
        size_t rest = length - at - sizeof head;
        bool sound = head.count > 0 && head.count < 100000;
        size_t size =
            sound ? body_size(journal->fit, text + at + sizeof head, rest, head.count) : 0;
        uint64_t sum;
        if (size == 0 || size + sizeof sum > rest) {
            break;
        }
        memcpy(&sum, text + at + sizeof head + size, sizeof sum);
        if (sum != checksum(CHECKSUM_START, text + at, sizeof head + size)) {
            break;
        }
        journal->records = arena_grow(journal->arena, journal->records, journal->record_count,
                                      &journal->record_room, sizeof *journal->records);
        journal->records[journal->record_count++] = (Record){head, text + at + sizeof head};
        at += sizeof head + size + sizeof sum;
    }
    return at;
}

static int compare_records(const void *a, const void *b)
{
    const Head *first = &((const Record *)a)->head;
    const Head *second = &((const Record *)b)->head;
    int groups = (first->group > second->group) - (first->group < second->group);
    return groups != 0 ? groups : (first->round > second->round) - (first->round < second->round);
}

static JournalStatus read_file(Journal *journal, const char hash[65], size_t *end)
{
    if (fseeko(journal->file, 0, SEEK_END) != 0) {
        return JOURNAL_FILE;
    }
    off_t length = ftello(journal->file);
    rewind(journal->file);
    if (length < (off_t)HEAD_SIZE) {
        *end = 0;
        return JOURNAL_NEW;
    }
    unsigned char *text = arena_alloc(journal->arena, (size_t)length);
    if (fread(text, 1, (size_t)length, journal->file) != (size_t)length) {
        return JOURNAL_FILE;
    }
    if (memcmp(text, MAGIC, sizeof MAGIC - 1) != 0 ||
        memcmp(text + sizeof MAGIC - 1, hash, HASH_SIZE) != 0) {
        return JOURNAL_OTHER;
    }
    *end = read_records(journal, text, (size_t)length);
    if (journal->record_count > 0) {
        qsort(journal->records, journal->record_count, sizeof *journal->records, compare_records);
    }
    return JOURNAL_RESUMED;
}

JournalStatus journal_open(Arena *arena, const char *path, const Study *study, const char *key,
                           bool resume, Journal **journal)
{
    assert(path != NULL && key != NULL && journal != NULL);
    Journal *made = arena_alloc(arena, sizeof *made);
    *made = (Journal){.arena = arena, .fit = study->fit};
    *journal = NULL;
    char hash[65];
    file_hash(key, strlen(key), hash);
    made->file = resume ? fopen(path, "r+be") : NULL;
    JournalStatus status = JOURNAL_NEW;
    size_t end = 0;
    if (made->file != NULL) {
        status = read_file(made, hash, &end);
    } else {
        made->file = fopen(path, "w+be");
        status = made->file == NULL ? JOURNAL_FILE : JOURNAL_NEW;
    }
    bool good = status == JOURNAL_NEW || status == JOURNAL_RESUMED;
    if (good && status == JOURNAL_NEW) {
        rewind(made->file);
        good = fwrite(MAGIC, 1, sizeof MAGIC - 1, made->file) == sizeof MAGIC - 1 &&
               fwrite(hash, 1, HASH_SIZE, made->file) == HASH_SIZE;
        end = HEAD_SIZE;
    }
    good = good && fflush(made->file) == 0 && ftruncate(fileno(made->file), (off_t)end) == 0 &&
           fseeko(made->file, (off_t)end, SEEK_SET) == 0;
    if (!good) {
        int why = errno;
        if (made->file != NULL) {
            (void)fclose(made->file);
        }
        errno = why;
        return status == JOURNAL_OTHER ? JOURNAL_OTHER : JOURNAL_FILE;
    }
    pthread_mutex_init(&made->lock, NULL);
    *journal = made;
    return status;
}

void journal_close(Journal *journal)
{
    if (journal != NULL) {
        (void)fclose(journal->file);
        pthread_mutex_destroy(&journal->lock);
    }
}

long journal_count(const Journal *journal)
{
    return (long)journal->record_count;
}

/* --- rounds --------------------------------------------------------------------------------------
 */

/* False: these are not the trials that were asked then. */
static bool answer(const Fit *fit, const unsigned char *body, Trial *trial, size_t *used)
{
    int64_t slopes;
    memcpy(&slopes, body, sizeof slopes);
    const unsigned char *at = body + sizeof slopes;
    size_t coordinates = (size_t)fit->parameter_count * sizeof(double);
    size_t predictions = (size_t)fit->datum_count * sizeof(double);
    *used = trial_size(fit, slopes != 0);
    if ((slopes != 0) != trial->slopes || memcmp(at, trial->at, coordinates) != 0) {
        return false;
    }
    at += coordinates;
    Fate fate;
    memcpy(&fate, at, sizeof fate);
    at += sizeof fate;
    trial->failed = fate.failed != 0;
    trial->subject = (int)fate.subject;
    trial->outcome = (Outcome){
        .kind = (OutcomeKind)fate.kind, .time = fate.time, .state = (int)fate.state, .dose = -1};
    memcpy(trial->predicted, at, predictions);
    if (slopes != 0) {
        memcpy(trial->slope, at + predictions, predictions * (size_t)fit->model_count);
    }
    return true;
}

bool journal_find(Journal *journal, int group, long round, Trial *const *trials, int count)
{
    Record wanted = {.head = {group, round, count}};
    const Record *record = journal->record_count == 0
                               ? NULL
                               : bsearch(&wanted, journal->records, journal->record_count,
                                         sizeof wanted, compare_records);
    if (record == NULL || record->head.count != count) {
        return false;
    }
    const unsigned char *at = record->body;
    bool same = true;
    for (int k = 0; k < count && same; k++) {
        size_t used;
        same = answer(journal->fit, at, trials[k], &used);
        at += used;
    }
    return same;
}

static bool put(FILE *file, const void *bytes, size_t length, uint64_t *sum)
{
    *sum = checksum(*sum, bytes, length);
    return fwrite(bytes, 1, length, file) == length;
}

bool journal_add(Journal *journal, int group, long round, Trial *const *trials, int count)
{
    const Fit *fit = journal->fit;
    size_t predictions = (size_t)fit->datum_count * sizeof(double);
    Head head = {group, round, count};
    uint64_t sum = CHECKSUM_START;
    pthread_mutex_lock(&journal->lock);
    bool good = put(journal->file, &head, sizeof head, &sum);
    for (int i = 0; i < count && good; i++) {
        const Trial *trial = trials[i];
        int64_t slopes = trial->slopes;
        Fate fate = {.failed = trial->failed, .subject = trial->subject};
        if (trial->failed) {
            fate.kind = (int64_t)trial->outcome.kind;
            fate.state = trial->outcome.state;
            fate.time = trial->outcome.time;
        }
        good = put(journal->file, &slopes, sizeof slopes, &sum) &&
               put(journal->file, trial->at, (size_t)fit->parameter_count * sizeof(double), &sum) &&
               put(journal->file, &fate, sizeof fate, &sum) &&
               put(journal->file, trial->predicted, predictions, &sum) &&
               (slopes == 0 ||
                put(journal->file, trial->slope, predictions * (size_t)fit->model_count, &sum));
    }
    good = good && fwrite(&sum, 1, sizeof sum, journal->file) == sizeof sum &&
           fflush(journal->file) == 0;
    int why = errno;
    pthread_mutex_unlock(&journal->lock);
    errno = why;
    return good;
}
