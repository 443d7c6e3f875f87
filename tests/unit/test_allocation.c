/* test_allocation.c: nothing is allocated between the first and the last step of a run.
 *
 * malloc and its kin are replaced by ones that count; the C library's own stand behind them.
 * Sanitizers bring their own malloc: there the test has nothing to count.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/pack_bench.h"

#include <stdlib.h>

static volatile long allocations;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
enum { COUNTING = 0 };
#else
enum { COUNTING = 1 };

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t bytes);

__attribute__((visibility("default"))) void *malloc(size_t bytes)
{
    allocations++;
    return __libc_malloc(bytes);
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

__attribute__((visibility("default"))) void *realloc(void *memory, size_t bytes)
{
    allocations++;
    return __libc_realloc(memory, bytes);
}
#endif

static long first_count, last_count;

static bool quiet_sink(void *context, int index, double time, const double *values,
                       const bool *live, int width)
{
    (void)context, (void)time, (void)values, (void)live, (void)width;
    first_count = index == 0 ? allocations : first_count;
    last_count = allocations;
    return true;
}

static void test_nothing_is_allocated_while_running(void)
{
    static const char text[] = "model three \"three\"\n"
                               "time h\n"
                               "param k = 0.3\n"
                               "state A = 1\nstate B = 0\nstate C = 0\n"
                               "d/dt(A) = -k * A + 1e-3 * B * C\n"
                               "d/dt(B) = k * A - 1e-3 * B * C - 1e4 * B^2\n"
                               "d/dt(C) = 1e4 * B^2 + (if t > 7 [h] then 0.1 else 0)\n"
                               "route iv -> A\n"
                               "event full when A > 8 : A = 0.5 * A\n"
                               "event late when B > 1e-4 : C = C + 1, delay = 2 [h]\n"
                               "event noon when t >= 12 [h] : B = 0\n";
    Dose doses[] = {
        {.kind = DOSE_BOLUS, .amount = 5.0, .time = 1.0, .count = 5, .interval = 4.0},
        {.kind = DOSE_INFUSION_DURATION, .amount = 5.0, .time = 2.0, .duration = 3.0, .count = 1}};
    Regimen regimen = {doses, 2};
    Bench *bench = bench_model(text, NULL);
    for (int dense = 0; dense < 2; dense++) {
        bench_tolerance(bench, 1e-6, 1e-9);
        bench->options.dense = dense == 1;
        bench_pack(bench, 4);
        double parameters[3] = {0.1, 0.3, 0.9};
        SubjectInput subjects[3];
        for (int i = 0; i < 3; i++) {
            subjects[i] = (SubjectInput){.parameters = &parameters[i], .regimen = &regimen};
        }
        bench_load(bench, subjects, 3, 0.0, 24.0);
        double times[25];
        for (int i = 0; i < 25; i++) {
            times[i] = i;
        }
        CU_ASSERT_EQUAL(COUNTING, allocations > 0); // the counter works
        long before = allocations;
        CU_ASSERT(pack_run(bench->pack, times, 25, quiet_sink, NULL, NULL));
        CU_ASSERT_EQUAL(allocations, before);
        CU_ASSERT_EQUAL(first_count, before);
        CU_ASSERT_EQUAL(last_count, before);
        CU_ASSERT(pack_stats(bench->pack)->steps > 100);
        CU_ASSERT(pack_outcome(bench->pack, 0)->events >= 3);
    }
    bench_close(bench);
}

SUITE("allocation", TEST(test_nothing_is_allocated_while_running))
