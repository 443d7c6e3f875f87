/* test_population.c: a population runs on any number of threads, in shards, after a crash, with
 * sick subjects in it: the same bytes, or within the tolerance of the closed form.
 *
 * One compartment with first-order loss: amount(t) = dose exp(-k t); the burst x' = c x^2 ends at
 * t = 1 / (c x0).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "study/population.h"
#include "unit/suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char text[] = "model one \"one compartment and a burst\"\n"
                           "time h\n"
                           "param k [1/h]\n"
                           "param c [1/h] = 0\n"
                           "param bad [1] = 0\n"
                           "covariate WT [kg] \"body weight\"\n"
                           "state A [mg] = 0\n"
                           "state x [1] = 1\n"
                           "d/dt(A) = -k * A\n"
                           "d/dt(x) = c * x * x + (if bad > 1.5 then (if x > 0.5 then -1 else 1) "
                           "else if bad > 0 then ln(-bad) else 0) * 1 [1/h]\n"
                           "route iv -> A\n"
                           "observe conc [mg/kg] = A / WT\n";

enum { SIZE = 203, TIMES = 13, ARMS = 2, K = 0, C = 1, BAD = 2 };

typedef struct {
    Arena *arena;
    char folder[64];
    Study study;
    Population population;
    Vary vary[4];
    double parameters[ARMS][3];
    double covariates[ARMS][1];
    Dose doses[ARMS][1];
    Arm arms[ARMS];
    Output outputs[3];
    double times[TIMES];
    double atol[2];
} Fixture;

static void set_arms(Fixture *fixture)
{
    static const char *const names[ARMS] = {"one", "two"};
    for (int i = 0; i < ARMS; i++) {
        fixture->arms[i] = (Arm){.name = names[i],
                                 .parameters = fixture->parameters[i],
                                 .covariates = fixture->covariates[i],
                                 .regimen = {fixture->doses[i], 1}};
        fixture->parameters[i][K] = 0.1 * (i + 1);
        fixture->covariates[i][0] = 70.0;
        fixture->doses[i][0] = (Dose){
            .route = 0, .state = -1, .amount = 140.0, .time = 0.0, .count = 1, .amount_by = 1};
    }
}

static void open_fixture(Fixture *fixture, int size)
{
    *fixture = (Fixture){.arena = arena_new(), .folder = "/tmp/stroma-population-XXXXXX"};
    CU_ASSERT_FATAL(mkdtemp(fixture->folder) != NULL);
    Diag *diag = diag_new(fixture->arena);
    const Source *source = source_from_text(fixture->arena, "one.stroma", text, strlen(text));
    const Model *model = model_from_source(fixture->arena, source, (SearchPath){0}, diag);
    CU_ASSERT_FATAL(model != NULL);
    set_arms(fixture);
    for (int i = 0; i < TIMES; i++) {
        fixture->times[i] = i;
    }
    fixture->atol[0] = fixture->atol[1] = 1e-9;
    const NameRef refs[] = {{NAME_STATE, 0}, {NAME_STATE, 1}, {NAME_OBSERVABLE, 0}};
    for (int i = 0; i < 3; i++) {
        fixture->outputs[i] =
            (Output){refs[i], model_label(model, refs[i]), model_expr(model, refs[i])};
    }
    fixture->vary[0] = (Vary){.ref = {NAME_PARAMETER, K},
                              .distribution = DRAW_LOGNORMAL,
                              .own_location = true,
                              .b = 0.3,
                              .min = -HUGE_VAL,
                              .max = HUGE_VAL};
    fixture->vary[1] = (Vary){.ref = {NAME_COVARIATE, 0},
                              .distribution = DRAW_NORMAL,
                              .a = 70.0,
                              .b = 12.0,
                              .min = 35.0,
                              .max = HUGE_VAL};
    fixture->population = (Population){.size = size,
                                       .seed = 7,
                                       .vary = fixture->vary,
                                       .vary_count = 2,
                                       .weight_column = -1,
                                       .id_column = -1};
    fixture->study = (Study){.arena = fixture->arena,
                             .model = model,
                             .name = "one",
                             .path = "one.cfg",
                             .title = "",
                             .end = TIMES - 1,
                             .times = fixture->times,
                             .time_count = TIMES,
                             .arms = fixture->arms,
                             .arm_count = ARMS,
                             .solver = solver_options_default(),
                             .outputs = fixture->outputs,
                             .output_count = 3,
                             .table_outputs = 3,
                             .population = &fixture->population};
    fixture->study.solver.atol = fixture->atol;
}

static const char *const results[] = {"summary.csv", "contrast.csv", "outcomes.csv", "subjects.csv",
                                      "one.csv"};
enum { RESULTS = 5 };

static int count_files(const Fixture *fixture)
{
    DIR *folder = opendir(fixture->folder);
    CU_ASSERT_FATAL(folder != NULL);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(folder);
    return count;
}

static void close_fixture(Fixture *fixture)
{
    for (int i = 0; i < RESULTS; i++) {
        unlink(file_join(fixture->arena, fixture->folder, results[i]));
    }
    CU_ASSERT(rmdir(fixture->folder) == 0); // no spool is left
    arena_free(fixture->arena);
}

static const Source *read_result(Fixture *fixture, int which)
{
    const Source *source = NULL;
    const char *path = file_join(fixture->arena, fixture->folder, results[which]);
    CU_ASSERT_FATAL(source_read(fixture->arena, path, &source) == SOURCE_OK);
    return source;
}

/* Writes every table and takes the hash of them all. */
static void write_results(Fixture *fixture, Plan *plan, int jobs, char hash[65])
{
    struct PopulationCounts counts;
    Arena *arena = fixture->arena;
    CU_ASSERT_FATAL(population_count(plan, arena, &counts));
    const char *folder = fixture->folder;
    CU_ASSERT(population_write_summary(plan, jobs, file_join(arena, folder, results[0]), NULL));
    CU_ASSERT(population_write_contrast(plan, jobs, file_join(arena, folder, results[1])));
    CU_ASSERT(population_write_outcomes(plan, jobs, file_join(arena, folder, results[2])));
    CU_ASSERT(population_write_subjects(plan, jobs, file_join(arena, folder, results[3])));
    CU_ASSERT(population_write_individuals(plan, jobs, 3, file_join(arena, folder, results[4])));
    Text all = text_new(arena);
    for (int i = 0; i < RESULTS; i++) {
        const Source *source = read_result(fixture, i);
        text_add(&all, source->text, source->length);
    }
    text_format(&all, "%ld %ld", counts.stats.steps, counts.stats.rate_calls);
    file_hash(all.data, all.length, hash);
}

static PopulationOptions usual(const Fixture *fixture, int jobs)
{
    return (PopulationOptions){
        .jobs = jobs, .shard = 1, .shard_count = 1, .folder = fixture->folder, .call = "call"};
}

static void run_all(Fixture *fixture, int jobs, char hash[65])
{
    Plan *plan = plan_new(&fixture->study, 8, fixture->arena);
    PopulationOptions options = usual(fixture, jobs);
    Text words = text_new(fixture->arena);
    CU_ASSERT_FATAL(population_run(plan, &options, &words) == POPULATION_DONE);
    write_results(fixture, plan, jobs, hash);
    population_clean(plan);
}

static void test_bytes_do_not_depend_on_threads(void)
{
    Fixture fixture;
    open_fixture(&fixture, SIZE);
    char first[65];
    char other[65];
    run_all(&fixture, 1, first);
    static const int jobs[] = {2, 3, 5};
    for (int i = 0; i < 3; i++) {
        run_all(&fixture, jobs[i], other);
        CU_ASSERT(strcmp(first, other) == 0);
    }
    fixture.population.seed = 8; // the hash would notice
    run_all(&fixture, 1, other);
    CU_ASSERT(strcmp(first, other) != 0);
    close_fixture(&fixture);
}

static void test_shards_are_merged_to_the_same_bytes(void)
{
    Fixture fixture;
    open_fixture(&fixture, SIZE);
    char whole[65];
    char merged[65];
    run_all(&fixture, 2, whole);
    Text words = text_new(fixture.arena);
    for (int shard = 3; shard >= 1; shard--) {
        Plan *early = plan_new(&fixture.study, 8, fixture.arena);
        CU_ASSERT(population_merge(early, fixture.folder, 3, &words) == POPULATION_MISSING);
        population_close(early);
        Plan *plan = plan_new(&fixture.study, 8, fixture.arena);
        PopulationOptions options = usual(&fixture, 1);
        options.shard = shard;
        options.shard_count = 3;
        CU_ASSERT(population_run(plan, &options, &words) == POPULATION_DONE);
        population_close(plan);
    }
    Plan *plan = plan_new(&fixture.study, 8, fixture.arena);
    CU_ASSERT_FATAL(population_merge(plan, fixture.folder, 3, &words) == POPULATION_DONE);
    write_results(&fixture, plan, 1, merged);
    population_clean(plan);
    CU_ASSERT(strcmp(whole, merged) == 0);
    close_fixture(&fixture);
}

static volatile int stop_flag;

static void stop_soon(void *context, long done, long total)
{
    (void)context, (void)total;
    stop_flag = done >= 0;
}

/* A process that is killed in the middle of its work, with a torn record at the end. */
static void run_and_die(Fixture *fixture)
{
    pid_t child = fork();
    if (child == 0) {
        Plan *plan = plan_new(&fixture->study, 8, fixture->arena);
        PopulationOptions options = usual(fixture, 1);
        Text words = text_new(fixture->arena);
        (void)population_run(plan, &options, &words);
        raise(SIGKILL);
    }
    int status;
    CU_ASSERT(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    const char *journal = file_join(fixture->arena, fixture->folder, ".one.journal");
    struct stat about;
    CU_ASSERT_FATAL(stat(journal, &about) == 0);
    CU_ASSERT(truncate(journal, about.st_size * 2 / 5 + 3) == 0);
}

static void test_resumes_after_a_crash(void)
{
    Fixture fixture;
    open_fixture(&fixture, SIZE);
    char whole[65];
    char resumed[65];
    run_all(&fixture, 1, whole);
    run_and_die(&fixture);
    // values that did not reach the disk: the first unit is run again
    int file = open(file_join(fixture.arena, fixture.folder, ".one.spool"), O_RDWR);
    CU_ASSERT(pwrite(file, "junk", 4, 100) == 4);
    close(file);
    Plan *plan = plan_new(&fixture.study, 8, fixture.arena);
    PopulationOptions options = usual(&fixture, 2);
    options.resume = true;
    Text words = text_new(fixture.arena);
    CU_ASSERT_FATAL(population_run(plan, &options, &words) == POPULATION_DONE);
    write_results(&fixture, plan, 2, resumed);
    CU_ASSERT(strcmp(whole, resumed) == 0);
    population_close(plan);
    // another study does not go on with it
    fixture.parameters[1][K] *= 1.0 + 1e-15;
    plan = plan_new(&fixture.study, 8, fixture.arena);
    CU_ASSERT(population_run(plan, &options, &words) == POPULATION_OTHER);
    CU_ASSERT(strstr(words.data, "has changed") != NULL);
    options.resume = false;
    plan = plan_new(&fixture.study, 8, fixture.arena);
    CU_ASSERT(population_run(plan, &options, &words) == POPULATION_DONE);
    population_clean(plan);
    close_fixture(&fixture);
}

static void test_stops_and_goes_on(void)
{
    Fixture fixture;
    open_fixture(&fixture, SIZE);
    char whole[65];
    char resumed[65];
    run_all(&fixture, 1, whole);
    Plan *plan = plan_new(&fixture.study, 8, fixture.arena);
    PopulationOptions options = usual(&fixture, 1);
    stop_flag = 1;
    options.stop = &stop_flag;
    options.progress = stop_soon;
    Text words = text_new(fixture.arena);
    CU_ASSERT(population_run(plan, &options, &words) == POPULATION_STOPPED);
    CU_ASSERT(STROMA_LANES > 0 || strstr(words.data, "stopped after 0 of 52 packs") != NULL);
    population_close(plan);
    CU_ASSERT(count_files(&fixture) == RESULTS + 2);
    plan = plan_new(&fixture.study, 8, fixture.arena);
    options = usual(&fixture, 1);
    options.resume = true;
    CU_ASSERT(population_run(plan, &options, &words) == POPULATION_DONE);
    write_results(&fixture, plan, 1, resumed);
    population_clean(plan);
    CU_ASSERT(strcmp(whole, resumed) == 0);
    close_fixture(&fixture);
}

/* Every value of every subject against the closed form; doses per kilogram follow the weight. */
static void test_values(void)
{
    Fixture fixture;
    open_fixture(&fixture, SIZE);
    Plan *plan = plan_new(&fixture.study, 0, fixture.arena);
    CU_ASSERT(STROMA_LANES > 0 || plan->width == 64);
    PopulationOptions options = usual(&fixture, 2);
    Text words = text_new(fixture.arena);
    CU_ASSERT_FATAL(population_run(plan, &options, &words) == POPULATION_DONE);
    double *values = arena_array(fixture.arena, (size_t)plan->rows * SIZE, sizeof *values);
    for (int arm = 0; arm < ARMS; arm++) {
        CU_ASSERT_FATAL(plan_read(plan, arm, 0, plan->rows, values));
        double worst = 0.0;
        for (int subject = 0; subject < SIZE; subject++) {
            double parameters[3];
            double weight;
            plan_draw(plan, arm, subject, 0, parameters, &weight);
            for (int t = 0; t < TIMES; t++) {
                double amount = 2.0 * weight * exp(-parameters[K] * t);
                double found = values[t * SIZE + subject];
                worst = fmax(worst, fabs(found - amount) / (1e-6 * amount + 1e-9));
            }
            double area = 2.0 * weight * (1 - exp(-parameters[K] * 12)) / parameters[K];
            int row = 3 * TIMES + EXTRA_AREA; // trapezoids of an hour: within a few per cent
            CU_ASSERT(fabs(values[row * SIZE + subject] / area - 1) < 0.03);
            row = 3 * TIMES + EXTRA_PEAK;
            CU_ASSERT(values[row * SIZE + subject] == values[subject]);
        }
        CU_ASSERT(worst < 10.0);
    }
    population_clean(plan);
    close_fixture(&fixture);
}

static void test_one_subject_has_the_same_bits(void)
{
    Fixture fixture;
    open_fixture(&fixture, SIZE);
    Plan *plan = plan_new(&fixture.study, 0, fixture.arena);
    PopulationOptions options = usual(&fixture, 2);
    Text words = text_new(fixture.arena);
    CU_ASSERT_FATAL(population_run(plan, &options, &words) == POPULATION_DONE);
    double *values = arena_array(fixture.arena, (size_t)plan->rows * SIZE, sizeof *values);
    int subject = plan_find(plan, 117.0);
    CU_ASSERT_FATAL(subject == 116 && plan_find(plan, 204.0) == -1);
    Plan *single = plan_new(&fixture.study, 0, fixture.arena);
    RunResult result;
    CU_ASSERT_FATAL(population_subject(single, subject, fixture.arena, &result, &words) ==
                    POPULATION_DONE);
    CU_ASSERT_FATAL(result.table->row_count == ARMS * TIMES);
    for (int arm = 0; arm < ARMS; arm++) {
        CU_ASSERT_FATAL(plan_read(plan, arm, 0, plan->rows, values));
        for (int t = 0; t < TIMES; t++) {
            size_t row = (size_t)(arm * TIMES + t);
            CU_ASSERT(table_cell(result.table, row, 1) == 117.0);
            for (int k = 0; k < 3; k++) {
                CU_ASSERT(table_cell(result.table, row, 3 + k) ==
                          values[(k * TIMES + t) * SIZE + subject]);
            }
        }
    }
    population_clean(plan);
    close_fixture(&fixture);
}

/* How sick some subjects of a table are. */
typedef enum { WELL, SICK, CRAWLING } Health;

/* Row i holds (id, k, c, bad). */
static Table *sick_table(Fixture *fixture, int size, Health health)
{
    static const TableColumn columns[] = {
        {.name = "id"}, {.name = "k"}, {.name = "c"}, {.name = "bad"}, {.name = "weight"}};
    Table *table = table_new(fixture->arena, columns, 5, (size_t)size);
    bool sick = health == SICK;
    for (int i = 0; i < size; i++) {
        double *row = table_add_row(table);
        row[0] = 1000 + i;
        row[1] = 0.05 + 0.1 * (i % 17) / 17.0;
        row[2] = sick && i == 100 ? 0.2 : 0.0;    // explodes at t = 5
        row[3] = sick && i == 500 ? 1.0 : 0.0;    // NaN from the start
        row[1] *= sick && i == 900 ? 100.0 : 1.0; // 100 times as stiff
        row[3] = health == CRAWLING && i == 700 ? 2.0 : row[3];
        row[4] = 1.0 + i % 3;
    }
    return table;
}

static void use_table(Fixture *fixture, const Table *table)
{
    static int columns[3] = {1, 2, 3};
    for (int i = 0; i < 3; i++) {
        fixture->vary[i] = (Vary){.ref = {NAME_PARAMETER, i}};
    }
    fixture->population.vary_count = 3;
    fixture->population.table = table;
    fixture->population.table_column = columns;
    fixture->population.id_column = 0;
}

enum { MANY = 1000, CELLS = 3 * (TIMES + EXTRA_COUNT) * MANY };

static struct PopulationCounts run_table(Fixture *fixture, Health health, double *values)
{
    use_table(fixture, sick_table(fixture, MANY, health));
    Plan *plan = plan_new(&fixture->study, 32, fixture->arena);
    PopulationOptions options = usual(fixture, 2);
    Text words = text_new(fixture->arena);
    CU_ASSERT_FATAL(population_run(plan, &options, &words) == POPULATION_DONE);
    CU_ASSERT_FATAL(plan_read(plan, 0, 0, plan->rows, values));
    char hash[65];
    write_results(fixture, plan, 2, hash);
    struct PopulationCounts counts;
    CU_ASSERT_FATAL(population_count(plan, fixture->arena, &counts));
    population_clean(plan);
    return counts;
}

/* By how many tolerances the values of the others differ. */
static double moved(const double *well, const double *sick)
{
    double worst = 0.0;
    for (int row = 0; row < 3 * TIMES; row++) {
        for (int i = 0; i < MANY; i++) {
            double a = well[row * MANY + i];
            double off = fabs(a - sick[row * MANY + i]) / (1e-6 * fabs(a) + 1e-9);
            bool other = i != 100 && i != 500 && i != 700 && i != 900;
            CU_ASSERT(!other || isfinite(off));
            worst = other ? fmax(worst, off) : worst;
        }
    }
    return worst;
}

static void test_sick_subjects_do_not_disturb(void)
{
    Fixture fixture;
    open_fixture(&fixture, MANY);
    double *well = arena_array(fixture.arena, CELLS, sizeof *well);
    double *sick = arena_array(fixture.arena, CELLS, sizeof *sick);
    fixture.study.solver.method =
        SOLVER_BDF; // the packs of the sick would be the only ones with BDF
    struct PopulationCounts before = run_table(&fixture, WELL, well);
    CU_ASSERT(before.arms[0].failed == 0);
    struct PopulationCounts counts = run_table(&fixture, SICK, sick);
    CU_ASSERT(moved(well, sick) < 30.0);
    CU_ASSERT(!isnan(sick[4 * MANY + 100]) && isnan(sick[6 * MANY + 100]));
    CU_ASSERT(!isnan(sick[12 * MANY + 900])); // stiff, but well
    CU_ASSERT(counts.arms[0].failed == 2 && counts.arms[0].done == MANY - 2);
    CU_ASSERT(counts.arms[1].kinds[OUTCOME_NOT_FINITE] >= 1);
    // what the three cost, on a clock that nothing disturbs
    CU_ASSERT(counts.stats.steps < 2 * before.stats.steps);
    CU_ASSERT(counts.stats.rate_calls < 2 * before.stats.rate_calls);
    CU_ASSERT(counts.stats.factorisations < 2 * before.stats.factorisations);
    const Source *outcomes = read_result(&fixture, 2);
    CU_ASSERT(strstr(outcomes->text, "one,1500,not finite,0,") != NULL);
    CU_ASSERT(strstr(outcomes->text, "one,1100,") != NULL);
    CU_ASSERT(strstr(outcomes->text, "one.stroma:10\n") != NULL); // d/dt(x)
    const Source *summary = read_result(&fixture, 0);
    CU_ASSERT(strstr(summary->text, "one,4,A,999,") != NULL);
    CU_ASSERT(strstr(summary->text, "one,6,A,998,") != NULL);
    close_fixture(&fixture);
}

/* A state that is held at a jump of its rate: steps that lead nowhere, each of them good. The limit
 * is that of one look at the progress, not that of all outputs together. */
static void test_a_crawling_subject_ends(void)
{
    Fixture fixture;
    open_fixture(&fixture, MANY);
    double *well = arena_array(fixture.arena, CELLS, sizeof *well);
    double *sick = arena_array(fixture.arena, CELLS, sizeof *sick);
    struct PopulationCounts before = run_table(&fixture, WELL, well);
    struct PopulationCounts counts = run_table(&fixture, CRAWLING, sick);
    CU_ASSERT(moved(well, sick) < 30.0);
    CU_ASSERT(counts.arms[0].failed == 1 && counts.arms[1].failed == 1);
    long looks = 2 * 2 * fixture.study.solver.max_steps / 10; // two in each arm
    CU_ASSERT(counts.stats.steps < 2 * before.stats.steps + looks);
    const Source *outcomes = read_result(&fixture, 2);
    CU_ASSERT(strstr(outcomes->text, "one,1700,no convergence,0.5") != NULL);
    CU_ASSERT(strstr(outcomes->text, "the solver crawls: state 'x' changes fastest") != NULL);
    close_fixture(&fixture);
}

/* Conditions at the start: only subjects with k below its median are kept. */
static void test_accept(void)
{
    Fixture fixture;
    open_fixture(&fixture, SIZE);
    Graph *graph = fixture.study.model->graph;
    Expr k = expr_symbol(graph, SYMBOL_PARAMETER, K);
    Expr conditions[] = {expr_apply(graph, EXPR_LESS, k, expr_number(graph, 0.1), EXPR_NONE)};
    const char *words_of[] = {"k < 0.1"};
    fixture.population.accept = conditions;
    fixture.population.accept_text = words_of;
    fixture.population.accept_count = 1;
    char one[65];
    char two[65];
    run_all(&fixture, 1, one);
    run_all(&fixture, 3, two);
    CU_ASSERT(strcmp(one, two) == 0);
    Plan *plan = plan_new(&fixture.study, 8, fixture.arena);
    PopulationOptions options = usual(&fixture, 2);
    Text words = text_new(fixture.arena);
    CU_ASSERT_FATAL(population_run(plan, &options, &words) == POPULATION_DONE);
    struct PopulationCounts counts;
    CU_ASSERT(population_count(plan, fixture.arena, &counts));
    CU_ASSERT(counts.refused > 130 && counts.refused < 290); // one in two: SIZE ± 4.3 sigma
    for (int subject = 0; subject < SIZE; subject++) {
        double parameters[3];
        double weight;
        plan_draw(plan, 0, subject, plan->attempts[subject], parameters, &weight);
        CU_ASSERT(parameters[K] < 0.1);
    }
    population_clean(plan);
    conditions[0] = expr_number(graph, 0.0);
    plan = plan_new(&fixture.study, 8, fixture.arena);
    CU_ASSERT(population_run(plan, &options, &words) == POPULATION_REFUSED);
    CU_ASSERT(strstr(words.data, "none of 1000 draws") != NULL);
    CU_ASSERT(strstr(words.data, "'k < 0.1' held in 0 of 1000 (conditions are asked at the start, "
                                 "before any dose); population.attempts allows") != NULL);
    population_clean(plan);
    close_fixture(&fixture);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // they keep what was freed
/* 144 MB of values go through two blocks of 32 MB: memory does not hold the subjects' curves. */
static void test_memory_is_bounded(void)
{
    enum { CROWD = 200000, MOST_KILOBYTES = 100 * 1024 };
    Fixture fixture;
    open_fixture(&fixture, CROWD);
    struct rusage before;
    struct rusage after;
    CU_ASSERT(getrusage(RUSAGE_SELF, &before) == 0);
    Plan *plan = plan_new(&fixture.study, 0, fixture.arena);
    PopulationOptions options = usual(&fixture, 2);
    Text words = text_new(fixture.arena);
    CU_ASSERT_FATAL(population_run(plan, &options, &words) == POPULATION_DONE);
    struct stat spool;
    CU_ASSERT(stat(file_join(fixture.arena, fixture.folder, ".one.spool"), &spool) == 0);
    CU_ASSERT(spool.st_size > 140000000);
    const char *folder = fixture.folder;
    CU_ASSERT(
        population_write_summary(plan, 2, file_join(fixture.arena, folder, results[0]), NULL));
    CU_ASSERT(population_write_contrast(plan, 2, file_join(fixture.arena, folder, results[1])));
    CU_ASSERT(getrusage(RUSAGE_SELF, &after) == 0);
    CU_ASSERT(after.ru_maxrss - before.ru_maxrss < MOST_KILOBYTES);
    population_clean(plan);
    close_fixture(&fixture);
}
#else
static void test_memory_is_bounded(void)
{
}
#endif

SUITE("population", TEST(test_bytes_do_not_depend_on_threads),
      TEST(test_shards_are_merged_to_the_same_bytes), TEST(test_resumes_after_a_crash),
      TEST(test_stops_and_goes_on), TEST(test_values), TEST(test_one_subject_has_the_same_bits),
      TEST(test_sick_subjects_do_not_disturb), TEST(test_a_crawling_subject_ends),
      TEST(test_memory_is_bounded), TEST(test_accept))
