/* stroma_bench.c: populations through packs of lanes, against what people use today.
 *
 *   stroma_bench [--workload LIST] [--tool LIST] [--width LIST] [--rtol X] [--safety X] ...
 *
 * Every tool integrates the same subjects; rounds are interleaved (each tool once per round) and
 * the median of the CPU seconds counts. README.md in this folder says what is compared and why.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/peer.h"
#include "bench/workload.h"

#include "base/number.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_TOOLS = 16, MOST_ROUNDS = 101, PATH_SIZE = 512 };

typedef struct {
    const char *workloads, *tools, *widths, *shared, *save;
    double rtol, safety;
    int subjects, rounds, references;
    bool match; // also look for the rtol that gives the error of the tool to beat
} Options;

/* One tool with its settings, and what came out. */
typedef struct {
    const char *name; // "stroma", "B1" ... "deSolve"
    int width;
    double rtol, safety;
    double seconds[MOST_ROUNDS];
    double rate;        // subjects per second, median
    double error;       // max over subjects
    double median, p95; // of the subjects' worst |y - ref| / tolerance
    SolverStats stats;
} Tool;

typedef struct {
    const Options *options;
    Workload *workload;
    Peer plain, desolve;
    char folder[PATH_SIZE];
    double *results;   // (subjects × times × states)
    double *reference; // (reference_count × times × states)
    int reference_count;
    double *solver_atol; // (states)
    Tool tool[MOST_TOOLS];
    int tool_count;
} Bench;

static void fail(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static bool listed(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

typedef struct {
    Bench *bench;
    int first;
} Gather;

/* OutputSink: the values of each lane where its subject's results stand. */
static bool gather(void *context, int index, double time, const double *values, const bool *live,
                   int width)
{
    Gather *to = context;
    const ProblemSize *size = &to->bench->workload->problem.size;
    (void)time;
    for (int lane = 0; lane < width && to->first + lane < size->subjects; lane++) {
        double *row = to->bench->results +
                      ((size_t)(to->first + lane) * (size_t)size->times + (size_t)index) *
                          (size_t)size->states;
        for (int i = 0; i < size->states; i++) {
            row[i] = live[lane] ? values[i * width + lane] : (double)NAN;
        }
    }
    return true;
}

static double run_stroma(Bench *bench, Tool *tool)
{
    const Workload *workload = bench->workload;
    SolverOptions options = solver_options_default();
    options.rtol = tool->rtol;
    options.safety = tool->safety;
    options.atol = bench->solver_atol;
    options.native = strcmp(tool->name, "native") == 0;
    options.method = strcmp(tool->name, "shared") == 0 ? SOLVER_AUTO : SOLVER_ROSENBROCK;
    Pack *pack = pack_open(workload->tape, &options, tool->width);
    pack_make_native(pack); // once for a model and a machine: not counted
    double from = cpu_seconds();
    for (int first = 0; first < workload->count; first += tool->width) {
        int left = workload->count - first;
        Gather to = {bench, first};
        pack_load(pack, &workload->subject[first], left < tool->width ? left : tool->width, 0,
                  workload->kind->end);
        pack_run(pack, workload->problem.time, workload->problem.size.times, gather, &to, NULL);
    }
    double seconds = cpu_seconds() - from;
    tool->stats = *pack_stats(pack);
    pack_close(pack);
    return seconds;
}

/* Runs a tool over all subjects; with `keep` the values are in bench->results afterwards. */
static double run_tool(Bench *bench, Tool *tool, bool keep)
{
    if (strcmp(tool->name, "stroma") == 0 || strcmp(tool->name, "native") == 0 ||
        strcmp(tool->name, "shared") == 0) {
        return run_stroma(bench, tool);
    }
    char path[PATH_SIZE + 16];
    snprintf(path, sizeof path, "%s/results", bench->folder);
    Peer *peer = strncmp(tool->name, "deSolve", 7) == 0 ? &bench->desolve : &bench->plain;
    double seconds = peer_run(peer, (Order){.tool = tool->name,
                                            .rtol = tool->rtol,
                                            .atol_factor = tool->rtol / bench->options->rtol,
                                            .count = bench->workload->count,
                                            .file = keep ? path : NULL});
    const ProblemSize *size = &bench->workload->problem.size;
    size_t count = (size_t)size->subjects * (size_t)size->times * (size_t)size->states;
    if (seconds < 0 || (keep && !doubles_read(bench->results, count, path))) {
        fail(tool->name);
    }
    return seconds;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Compares bench->results with the references. */
static void judge(Bench *bench, Tool *tool)
{
    const Workload *workload = bench->workload;
    const ProblemSize *size = &workload->problem.size;
    size_t each = (size_t)size->times * (size_t)size->states;
    double units[4096];
    int count = bench->reference_count;
    tool->error = 0;
    for (int i = 0; i < count; i++) {
        const double *reference = bench->reference + (size_t)i * each;
        const double *values = bench->results + (size_t)i * each;
        units[i] = workload_units(workload, values, reference, bench->options->rtol);
        if (workload->reference == NULL) {
            tool->error = fmax(tool->error, workload_error(workload, values, reference));
        }
    }
    for (int i = 0; i < workload->reference_count; i++) {
        const double *reference = workload->reference + (size_t)i * each;
        tool->error = fmax(tool->error,
                           workload_error(workload, bench->results + (size_t)i * each, reference));
    }
    qsort(units, (size_t)count, sizeof *units, ascending);
    tool->median = units[count / 2];
    tool->p95 = units[(int)ceil(0.95 * count) - 1];
}

/* Plain CVODE with an exact Jacobian at 1e-12. */
static void make_reference(Bench *bench)
{
    const ProblemSize *size = &bench->workload->problem.size;
    size_t each = (size_t)size->times * (size_t)size->states;
    int count =
        bench->options->references < size->subjects ? bench->options->references : size->subjects;
    char path[PATH_SIZE + 16];
    snprintf(path, sizeof path, "%s/reference", bench->folder);
    bench->reference_count = count;
    bench->reference = arena_array(bench->workload->arena, (size_t)count * each, sizeof(double));
    double seconds =
        peer_run(&bench->plain, (Order){.tool = "B2",
                                        .rtol = bench->workload->kind->reference_rtol,
                                        .atol_factor = bench->workload->kind->reference_rtol * 1e7,
                                        .count = count,
                                        .file = path});
    if (seconds < 0 || !doubles_read(bench->reference, (size_t)count * each, path)) {
        fail("the reference by plain CVODE");
    }
}

static void open_peers(Bench *bench)
{
    char path[PATH_SIZE + 16];
    snprintf(path, sizeof path, "%s/problem", bench->folder);
    if (!problem_write(&bench->workload->problem, path)) {
        fail(path);
    }
    const char *name = bench->workload->kind->name;
    char *plain[] = {(char *)(size_t)BENCH_PLAIN, path, (char *)(size_t)name, NULL};
    if (!peer_open(&bench->plain, plain)) {
        fail(BENCH_PLAIN);
    }
    if (bench->workload->kind->desolve && listed(bench->options->tools, "deSolve")) {
        char library[PATH_SIZE];
        snprintf(library, sizeof library, BENCH_DESOLVE, name);
        char *words[] = {(char *)"Rscript",
                         (char *)"--vanilla",
                         (char *)STROMA_SOURCE_DIR "/tests/bench/desolve.R",
                         path,
                         library,
                         NULL};
        if (!peer_open(&bench->desolve, words)) {
            fail("Rscript");
        }
    }
}

static Tool *add_tool(Bench *bench, const char *name, int width, double rtol)
{
    if (!listed(bench->options->tools, name) || bench->tool_count == MOST_TOOLS) {
        return NULL;
    }
    Tool *tool = &bench->tool[bench->tool_count++];
    *tool = (Tool){.name = name, .width = width, .rtol = rtol, .safety = bench->options->safety};
    return tool;
}

/* The largest rtol (safety 1) on a grid of ten per decade that keeps the error. */
static double match_error(Bench *bench, int width, double wanted)
{
    Tool tool = {.name = "stroma", .width = width, .safety = 1};
    for (int k = 0; k < 50; k++) {
        tool.rtol = bench->options->rtol * pow(10, 1.0 - 0.1 * k);
        run_stroma(bench, &tool);
        judge(bench, &tool);
        if (tool.error <= wanted) {
            return tool.rtol;
        }
    }
    return 0;
}

static void choose_tools(Bench *bench)
{
    const Options *options = bench->options;
    add_tool(bench, "B1", 1, options->rtol);
    add_tool(bench, "B2", 1, options->rtol);
    add_tool(bench, "B3", 1, options->rtol);
    if (bench->workload->kind->desolve) {
        add_tool(bench, "deSolve", 1, options->rtol);
        add_tool(bench, "deSolve0", 1, options->rtol);
    }
    for (int width = 1; width <= 256; width *= 2) {
        char word[8];
        snprintf(word, sizeof word, "%d", width);
        if (!listed(options->widths, word)) {
            continue;
        }
        add_tool(bench, "stroma", width, options->rtol);
        add_tool(bench, "native", width, options->rtol);
        add_tool(bench, "shared", width, options->rtol);
        double wanted = bench->workload->kind->error;
        if (options->match && wanted > 0) {
            double rtol = match_error(bench, width, wanted);
            for (int k = 0; k < 2 && rtol > 0; k++) {
                Tool *tool = add_tool(bench, k == 0 ? "stroma" : "native", width, rtol);
                if (tool != NULL) {
                    tool->safety = 1;
                }
            }
        }
    }
}

static double rate_of(const Bench *bench, const char *name)
{
    for (int i = 0; i < bench->tool_count; i++) {
        if (strcmp(bench->tool[i].name, name) == 0) {
            return bench->tool[i].rate;
        }
    }
    return (double)NAN;
}

static void machine(char *text, size_t size)
{
    char line[256];
    snprintf(text, size, "unknown");
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *name = strncmp(line, "model name", 10) == 0 ? strchr(line, ':') : NULL;
        if (name != NULL) {
            line[strcspn(line, "\n")] = '\0';
            snprintf(text, size, "%s", name + 2);
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static void print_tools(const Bench *bench)
{
    const ProblemSize *size = &bench->workload->problem.size;
    printf("%s: %d states, %d subjects, %d output times, reference of %d\n",
           bench->workload->kind->name, size->states, size->subjects, size->times,
           bench->workload->reference_count ? bench->workload->reference_count
                                            : bench->reference_count);
    printf("  %-8s %5s %8s %6s %11s %8s %9s %9s %9s %9s\n", "tool", "width", "rtol", "safety",
           "subjects/s", "to B1", "deSolve", "error", "median", "p95");
    for (int i = 0; i < bench->tool_count; i++) {
        const Tool *tool = &bench->tool[i];
        printf("  %-8s %5d %8.2g %6.3g %11.1f %8.2f %9.2f %9.2g %9.3g %9.3g\n", tool->name,
               tool->width, tool->rtol, tool->safety, tool->rate, tool->rate / rate_of(bench, "B1"),
               tool->rate / rate_of(bench, "deSolve"), tool->error, tool->median, tool->p95);
        if (tool->stats.steps > 0) {
            const SolverStats *stats = &tool->stats;
            double packs = ceil((double)size->subjects / tool->width);
            printf("  %14s a pack: %.0f steps, %.0f rates, %.0f Newton, %.0f factors, %.0f "
                   "Jacobians, %.0f restarts, %.0f failed tests, %.0f failed Newton\n",
                   "", (double)stats->steps / packs, (double)stats->rate_calls / packs,
                   (double)stats->newton_iterations / packs, (double)stats->factorisations / packs,
                   (double)stats->jacobian_calls / packs, (double)stats->restarts / packs,
                   (double)stats->error_failures / packs, (double)stats->newton_failures / packs);
        }
    }
    fflush(stdout);
}

static void save_tools(const Bench *bench)
{
    char name[256];
    machine(name, sizeof name);
    bool fresh = access(bench->options->save, F_OK) != 0;
    FILE *file = fopen(bench->options->save, "a");
    if (file == NULL) {
        fail(bench->options->save);
    }
    if (fresh) {
        fprintf(file, "machine,solver,workload,tool,width,rtol,safety,subjects_per_second,"
                      "ratio_to_B1,ratio_to_deSolve,error,median_units,p95_units\n");
    }
    for (int i = 0; i < bench->tool_count; i++) {
        const Tool *tool = &bench->tool[i];
        fprintf(file, "%s %s,%s,%s,%s,%d,%.3g,%.3g,%.1f,%.2f,%.2f,%.2g,%.3g,%.3g\n", name,
                bench->workload->tape->isa, solver_version(), bench->workload->kind->name,
                tool->name, tool->width, tool->rtol, tool->safety, tool->rate,
                tool->rate / rate_of(bench, "B1"), tool->rate / rate_of(bench, "deSolve"),
                tool->error, tool->median, tool->p95);
    }
    fclose(file);
}

static void measure(Bench *bench)
{
    const Options *options = bench->options;
    for (int i = 0; i < bench->tool_count; i++) {
        run_tool(bench, &bench->tool[i], true);
        judge(bench, &bench->tool[i]);
    }
    for (int round = 0; round < options->rounds; round++) {
        for (int i = 0; i < bench->tool_count; i++) {
            bench->tool[i].seconds[round] = run_tool(bench, &bench->tool[i], false);
        }
    }
    for (int i = 0; i < bench->tool_count; i++) {
        Tool *tool = &bench->tool[i];
        qsort(tool->seconds, (size_t)options->rounds, sizeof(double), ascending);
        tool->rate = bench->workload->count / tool->seconds[options->rounds / 2];
    }
}

static void run_workload(const Options *options, const WorkloadKind *kind)
{
    Bench bench = {.options = options, .folder = "/tmp/stroma-bench-XXXXXX"};
    bench.workload = workload_open(kind, options->shared, options->subjects);
    if (bench.workload == NULL || mkdtemp(bench.folder) == NULL) {
        fail(kind->name);
    }
    const ProblemSize *size = &bench.workload->problem.size;
    size_t count = (size_t)size->subjects * (size_t)size->times * (size_t)size->states;
    bench.results = arena_array(bench.workload->arena, count, sizeof(double));
    bench.solver_atol = bench.workload->problem.atol;
    open_peers(&bench);
    make_reference(&bench);
    choose_tools(&bench);
    measure(&bench);
    print_tools(&bench);
    if (options->save != NULL) {
        save_tools(&bench);
    }
    peer_close(&bench.plain);
    peer_close(&bench.desolve);
    static const char *const files[] = {"problem", "results", "reference"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[PATH_SIZE + 16];
        snprintf(path, sizeof path, "%s/%s", bench.folder, files[i]);
        remove(path);
    }
    rmdir(bench.folder);
    workload_close(bench.workload);
}

static double number_of(const char *text)
{
    double value = 0;
    size_t used = 0;
    if (!number_read(text, strlen(text), &value, &used) || text[used] != '\0') {
        fail(text);
    }
    return value;
}

int main(int count, char **words)
{
    Options options = {.workloads = "w1,w2,pollu,msc,ra",
                       .tools = "B1,B2,B3,deSolve,deSolve0,stroma,native",
                       .widths = "16,64",
                       .shared = STROMA_SOURCE_DIR "/../shared/bench",
                       .rtol = 1e-6,
                       .safety = 0,
                       .subjects = 64,
                       .rounds = 5,
                       .references = 64};
    static const struct option known[] = {
        {"workload", required_argument, NULL, 'w'}, {"tool", required_argument, NULL, 't'},
        {"width", required_argument, NULL, 'l'},    {"shared", required_argument, NULL, 'd'},
        {"save", required_argument, NULL, 's'},     {"rtol", required_argument, NULL, 'r'},
        {"safety", required_argument, NULL, 'f'},   {"subjects", required_argument, NULL, 'n'},
        {"rounds", required_argument, NULL, 'k'},   {"references", required_argument, NULL, 'e'},
        {"match", no_argument, NULL, 'm'},          {NULL, 0, NULL, 0}};
    int letter;
    while ((letter = getopt_long(count, words, "", known, NULL)) != -1) {
        const char **text = letter == 'w'   ? &options.workloads
                            : letter == 't' ? &options.tools
                            : letter == 'l' ? &options.widths
                            : letter == 'd' ? &options.shared
                            : letter == 's' ? &options.save
                                            : NULL;
        int *whole = letter == 'n'   ? &options.subjects
                     : letter == 'k' ? &options.rounds
                     : letter == 'e' ? &options.references
                                     : NULL;
        if (text != NULL) {
            *text = optarg;
        } else if (whole != NULL) {
            *whole = (int)number_of(optarg);
        } else if (letter == 'm') {
            options.match = true;
        } else if (letter == 'r' || letter == 'f') {
            *(letter == 'r' ? &options.rtol : &options.safety) = number_of(optarg);
        } else {
            return 2;
        }
    }
    if (options.rounds < 1 || options.rounds > MOST_ROUNDS || options.subjects < 1 ||
        options.references > 4096) {
        fail("rounds, subjects or references out of range");
    }
    int kinds = 0;
    const WorkloadKind *kind = workload_kinds(&kinds);
    for (int i = 0; i < kinds; i++) {
        if (listed(options.workloads, kind[i].name)) {
            run_workload(&options, &kind[i]);
        }
    }
    return 0;
}
