/* test_calls.c: one study with many numbers: values and derivatives against closed forms.
 *
 * A drug enters a depot and leaves it into the body: A(t) = D ka / (ka - k) (exp(-k t) - exp(-ka
 * t)) and its derivative by k, written out here; the output is C = A / V. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "study/calls.h"

#include "base/file.h"
#include "params/params.h"
#include "unit/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char model_text[] = "model oral \"one compartment by mouth\"\n"
                                 "time hour\n"
                                 "param ka [1/hour] = 1.5\n"
                                 "param k  [1/hour] = 0.2\n"
                                 "param V  [L] = 10\n"
                                 "covariate WT [kg] = 70\n"
                                 "state depot [mg] = 0\n"
                                 "state A [mg] = 0\n"
                                 "flow absorb : depot -> A : ka * depot\n"
                                 "flow leave : A -> : k * A\n"
                                 "route oral -> depot\n"
                                 "observe C [mg/L] = A / V\n";
static const char study_text[] =
    "model = \"oral\";\n"
    "time = { end = 8.0; at = [ 0.5, 1.0, 2.0, 4.0, 8.0 ]; };\n"
    "arms = ( { name = \"plain\"; doses = ( { route = \"oral\"; amount = 100.0; at = 0; } ); },\n"
    "  { name = \"per kg\"; doses = ( { route = \"oral\"; amount = \"1 mg/kg\"; at = 0; } ); },\n"
    "  { name = \"own\"; parameters = { k = 0.4; };\n"
    "    doses = ( { route = \"oral\"; amount = 100.0; at = 0; } ); },\n"
    "  { name = \"late\"; doses = ( { route = \"oral\"; amount = 100.0; at = 1.0; } ); } );\n"
    "outputs = [ \"C\" ];\n"
    "solver = { rtol = 1e-8; atol = 1e-10; };\n";

enum { ARMS = 4, TIMES = 5, CHANGES = 4, MOST = 40 };
static const double times[TIMES] = {0.5, 1, 2, 4, 8};

typedef struct {
    Arena *arena;
    const Study *study;
    Caller *caller;
    Call calls[MOST];
    CallChange changes[MOST][CHANGES];
} Scene;

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT(fputs(text, file) >= 0);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static Scene *open_scene(void)
{
    Arena *arena = arena_new();
    Scene *scene = arena_alloc(arena, sizeof *scene);
    char folder[] = "/tmp/stroma-calls-XXXXXX";
    scene->arena = arena;
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    CU_ASSERT_EQUAL_FATAL(chdir(folder), 0);
    put_file("oral.stroma", model_text);
    put_file("study.cfg", study_text);
    ParamsOptions options = params_options_default();
    scene->study = params_read(arena, "study.cfg", &options, diag_new(arena));
    CU_ASSERT_PTR_NOT_NULL_FATAL(scene->study);
    CU_ASSERT_EQUAL(unlink("oral.stroma") | unlink("study.cfg") | chdir("/") | rmdir(folder), 0);
    scene->caller = caller_open(scene->study, NULL, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scene->caller);
    for (int i = 0; i < MOST; i++) {
        scene->calls[i] = (Call){.arm = -1, .changes = scene->changes[i]};
        scene->calls[i].values = arena_array(arena, (size_t)ARMS * TIMES, sizeof(double));
        scene->calls[i].slope = arena_array(arena, (size_t)ARMS * TIMES * CHANGES, sizeof(double));
        scene->calls[i].outcomes = arena_array(arena, ARMS, sizeof(Outcome));
    }
    return scene;
}

static void close_scene(Scene *scene)
{
    caller_close(scene->caller);
    arena_free(scene->arena);
}

static void change(Scene *scene, int call, const char *name, int arm, double value)
{
    NameRef ref = model_find(scene->study->model, name);
    CallChange one = {.ref = ref, .arm = arm, .value = value};
    scene->changes[call][scene->calls[call].change_count++] = one;
}

static void run(Scene *scene, int first, int count)
{
    Call *calls[MOST];
    for (int i = 0; i < count; i++) {
        calls[i] = &scene->calls[first + i];
    }
    CU_ASSERT(caller_run(scene->caller, calls, count));
}

static double concentration(double dose, double ka, double k, double volume, double t)
{
    return t <= 0 ? 0 : dose * ka / (ka - k) * (exp(-k * t) - exp(-ka * t)) / volume;
}

static double by_k(double dose, double ka, double k, double volume, double t)
{
    double rest = ka - k;
    return dose * ka / volume *
           ((exp(-k * t) - exp(-ka * t)) / (rest * rest) - t * exp(-k * t) / rest);
}

static bool near(double value, double expected)
{
    return fabs(value - expected) <= 1e-6 * fabs(expected) + 1e-8;
}

static double value_of(const Call *call, int arm, int time)
{
    return call->values[arm * TIMES + time];
}

static void test_values_are_those_of_the_closed_form(void)
{
    Scene *scene = open_scene();
    change(scene, 0, "k", -1, 0.3);
    change(scene, 0, "WT", -1, 140.0);
    change(scene, 1, "k", 2, 0.6);
    change(scene, 1, "k", -1, 0.1);
    run(scene, 0, 3);
    for (int i = 0; i < TIMES; i++) {
        double t = times[i];
        CU_ASSERT(near(value_of(&scene->calls[0], 0, i), concentration(100, 1.5, 0.3, 10, t)));
        CU_ASSERT(near(value_of(&scene->calls[0], 1, i), concentration(140, 1.5, 0.3, 10, t)));
        CU_ASSERT(near(value_of(&scene->calls[0], 2, i), concentration(100, 1.5, 0.4, 10, t)));
        CU_ASSERT(near(value_of(&scene->calls[0], 3, i), concentration(100, 1.5, 0.3, 10, t - 1)));
        CU_ASSERT(near(value_of(&scene->calls[1], 0, i), concentration(100, 1.5, 0.1, 10, t)));
        CU_ASSERT(near(value_of(&scene->calls[1], 1, i), concentration(70, 1.5, 0.1, 10, t)));
        CU_ASSERT(near(value_of(&scene->calls[1], 2, i), concentration(100, 1.5, 0.6, 10, t)));
        CU_ASSERT(near(value_of(&scene->calls[2], 0, i), concentration(100, 1.5, 0.2, 10, t)));
    }
    close_scene(scene);
}

static void test_derivatives_are_those_of_the_closed_form(void)
{
    Scene *scene = open_scene();
    Call *call = &scene->calls[0];
    call->slopes = true;
    change(scene, 0, "k", -1, 0.3);
    change(scene, 0, "V", -1, 20.0);
    change(scene, 0, "WT", -1, 60.0);
    run(scene, 0, 2);
    for (int i = 0; i < TIMES; i++) {
        const double *slope = call->slope + (size_t)(0 * TIMES + i) * 3;
        double value = concentration(100, 1.5, 0.3, 20, times[i]);
        CU_ASSERT(near(slope[0], by_k(100, 1.5, 0.3, 20, times[i])));
        CU_ASSERT(near(slope[1], -value / 20));
        CU_ASSERT_EQUAL(slope[2], 0.0); // a covariate has none
        const double *own = call->slope + (size_t)(2 * TIMES + i) * 3;
        CU_ASSERT_EQUAL(own[0], 0.0); // the arm keeps its own k
        CU_ASSERT(near(own[1], -concentration(100, 1.5, 0.4, 20, times[i]) / 20));
    }
    // other parameters, then the first ones again
    scene->calls[1].slopes = true;
    change(scene, 1, "ka", -1, 1.5);
    run(scene, 1, 1);
    double kept = call->slope[0];
    run(scene, 0, 1);
    CU_ASSERT(near(call->slope[0], kept));
    close_scene(scene);
}

static void test_a_batch_answers_as_single_calls_do(void)
{
    Scene *scene = open_scene();
    for (int i = 0; i < MOST; i++) {
        change(scene, i, "k", -1, 0.05 * (i + 1));
        scene->calls[i].arm = i % 5 == 4 ? -1 : i % 5;
    }
    scene->changes[7][0].value = -1000; // this one fails
    scene->calls[7].arm = 0;
    run(scene, 0, MOST);
    for (int i = 0; i < MOST; i++) {
        for (int arm = 0; arm < ARMS; arm++) {
            bool asked = scene->calls[i].arm < 0 || scene->calls[i].arm == arm;
            double dose = arm == 1 ? 70 : 100;
            double k = arm == 2 ? 0.4 : 0.05 * (i + 1);
            double t = times[TIMES - 1] - (arm == 3);
            double value = value_of(&scene->calls[i], arm, TIMES - 1);
            OutcomeKind kind = scene->calls[i].outcomes[arm].kind;
            CU_ASSERT_EQUAL(kind == OUTCOME_DONE, asked && i != 7);
            if (asked && i != 7 && k != 1.5) {
                CU_ASSERT(near(value, concentration(dose, 1.5, k, 10, t)));
            } else if (!asked || i == 7) {
                CU_ASSERT(isnan(value));
            }
        }
    }
    close_scene(scene);
}

SUITE("calls", TEST(test_values_are_those_of_the_closed_form),
      TEST(test_derivatives_are_those_of_the_closed_form),
      TEST(test_a_batch_answers_as_single_calls_do))
