/* test_quickening.c: when a long run goes over to machine code, and that no bit shows it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/quickening.h"

#include "simulate/lanes.h"
#include "unit/pack_bench.h"

#include <stdlib.h>

enum { TIMES = 9 };

static void test_when_it_pays(void)
{
    CU_ASSERT_FALSE(quickening_pays(100.0, 0, 50)); // nothing is known yet
    CU_ASSERT_FALSE(quickening_pays(1.0, 1, 1000)); // a moment more will not hurt
    CU_ASSERT(quickening_pays(3.0, 3, 100));        // 97 seconds are left
    CU_ASSERT_FALSE(quickening_pays(60.0, 90, 100));
    CU_ASSERT_FALSE(quickening_pays(60.0, 100, 100));
}

static const char SLIDE[] = "model slide \"a pendulum that slows down\"\n"
                            "time hour\n"
                            "state x = 1\nstate v = 0\n"
                            "d/dt(x) = v * 1 [1/hour]\n"
                            "d/dt(v) = -(sin(x) + 0.1 * v + exp(-x * x)) * 1 [1/hour]\n";

static Bench *open_bench(bool interpreted)
{
    Bench *bench = bench_model(SLIDE, NULL);
    bench->options.method = SOLVER_ROSENBROCK;
    bench->options.interpreted = interpreted;
    bench_tolerance(bench, 1e-6, 1e-9);
    bench_pack(bench, 8);
    return bench;
}

static void run(Bench *bench, double values[TIMES][2])
{
    double grid[TIMES];
    SubjectInput subjects[8] = {{0}};
    for (int i = 0; i < TIMES; i++) {
        grid[i] = 2.5 * i;
    }
    bench_load(bench, subjects, 8, 0.0, 20.0);
    CU_ASSERT(bench_run(bench, grid, TIMES));
    for (int i = 0; i < TIMES; i++) {
        values[i][0] = bench_value(bench, i, 0, 5);
        values[i][1] = bench_value(bench, i, 1, 5);
    }
}

/* The first who asks when it is time makes the code, those who come later use it. */
static void test_who_makes_it(void)
{
    Arena *arena = arena_new();
    char folder[] = "/tmp/stroma-quickening-XXXXXX";
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    setenv("STROMA_NATIVE_CACHE", folder, 1);
    bool compiler = native_obstacle(arena) == NULL;
    Bench *bench[2] = {open_bench(false), open_bench(false)};
    Bench *forbidden = open_bench(true);
    Quickening quickening;
    quickening_open(&quickening);
    static double before[TIMES][2], after[TIMES][2];
    run(bench[0], before);
    CU_ASSERT_FALSE(quickening_ask(&quickening, 3, 1000, bench[0]->pack)); // it has only begun
    CU_ASSERT_PTR_NULL(march_side(bench[0]->pack)->native);
    quickening.started -= 3.0;
    CU_ASSERT_FALSE(quickening_ask(&quickening, 999, 1000, bench[0]->pack)); // it is nearly over
    CU_ASSERT(quickening_ask(&quickening, 3, 1000, bench[0]->pack));
    CU_ASSERT(quickening_ask(&quickening, 999, 1000, bench[1]->pack)); // it is there
    CU_ASSERT(quickening_ask(&quickening, 999, 1000, forbidden->pack));
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(march_side(bench[i]->pack)->native != NULL, compiler);
        run(bench[i], after);
        CU_ASSERT_EQUAL(memcmp(before, after, sizeof before), 0);
    }
    CU_ASSERT_PTR_NULL(march_side(forbidden->pack)->native);
    bench_close(bench[0]);
    bench_close(bench[1]);
    bench_close(forbidden);
    CU_ASSERT_EQUAL(system(arena_format(arena, "rm -rf %s", folder)), 0);
    arena_free(arena);
}

SUITE("quickening", TEST(test_when_it_pays), TEST(test_who_makes_it))
