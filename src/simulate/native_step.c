/* native_step.c: a step of rosenbrock.c as C: for a group of lanes that fits a register, from the
 * Jacobian to the last stage, so that the factors and the stages are still in the first cache when
 * they are used. The rates are one function that is called for every stage.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/native_writer.h"
#include "simulate/rosenbrock.h"

/* Arrays of one group of lanes: y the state, f the rates, j the Jacobian, lu the factors. */

/* The outputs of a program into an array. */
static void write_outputs(Writer *writer, ProgramName name, const char *array)
{
    const Program *program = &writer->tape->programs[name];
    for (int i = 0; i < program->output_count; i++) {
        text_format(writer->text, "%s[%d] = ", array, i);
        writer_slot(writer, (uint32_t)(program->output + i));
        text_string(writer->text, ";\n");
    }
}

/* The rates, and with them (matrix) the Jacobian: what they share is computed once. */
static void write_rates(Writer *writer, bool matrix)
{
    text_format(writer->text,
                "\nstatic __attribute__((noinline)) void %s(const double *restrict s, "
                "const wide *restrict y, wide *restrict f%s)\n{\n",
                matrix ? "matrix" : "rates", matrix ? ", wide *restrict j" : "");
    writer_program(writer, PROGRAM_RATES);
    write_outputs(writer, PROGRAM_RATES, "f");
    if (matrix) {
        writer_program(writer, PROGRAM_JACOBIAN);
        write_outputs(writer, PROGRAM_JACOBIAN, "j");
    }
    text_string(writer->text, "}\n");
}

static void write_factor(Writer *writer, double gamma)
{
    const LuProgram *lu = writer->lu;
    text_format(writer->text,
                "\n#define ENTRY(at) (scale * j[(at) / %d])\n"
                "#define GET(at) lu[(at) / WIDTH]\n#define PUT(at, x) (lu[(at) / WIDTH] = (x))\n"
                "static __attribute__((noinline)) void factor(const wide *restrict j, wide scale, "
                "wide *restrict lu, double *watch)\n{\n"
                "const wide minus = wide_set(%a);\nwide watch_sum = wide_set(0);\n",
                writer->width, -gamma);
    for (int i = 0; i < lu->entry_count; i++) {
        writer_entry(writer, &lu->entries[i]);
    }
    text_string(writer->text, "wide_store(watch, watch_sum);\n}\n");
}

/* x = (I - gamma h J)^-1 b, into memory. */
static void write_solve(Writer *writer)
{
    const LuProgram *lu = writer->lu;
    Text *text = writer->text;
    text_string(text, "\nstatic __attribute__((noinline)) void solve(const wide *restrict lu, "
                      "const wide *restrict b, wide *restrict u)\n{\n");
    for (int i = 0; i < lu->states; i++) {
        text_format(text, "const wide b%d = b[%d];\n", i, i);
    }
    for (int i = 0; i < lu->states; i++) {
        writer_row(writer, &lu->forward[i], 'b', 'f');
    }
    for (int i = 0; i < lu->states; i++) {
        writer_row(writer, &lu->backward[i], 'f', 'x');
    }
    for (int i = 0; i < lu->states; i++) {
        text_format(text, "u[%d] = x%d;\n", i, i);
    }
    text_string(text, "}\n");
}

/* The rates at y and at this part of the step. */
static void write_rates_at(Text *text, double part)
{
    text_format(text, "AT(%a)\nrates(s, y, f);\n", part);
}

/* ∂F/∂s at the beginning of the step, where f holds the rates. */
static void write_slope(Text *text, const RosenbrockMethod *method)
{
    static const char term[] =
        "for (long i = 0; i < STATES; i++) {\n"
        "wide rate = scale * (f[i] + wide_load(p->inflow + l + i * WIDTH));\n"
        "slope[i] %s rate * wide_set(%a);\n}\n";
    double weight[3];
    rosenbrock_slope_weights(weight);
    text_string(text, "wide slope[STATES], begin[STATES];\n"
                      "for (long i = 0; i < STATES; i++) { begin[i] = f[i]; }\n");
    text_format(text, term, "=", weight[0]);
    write_rates_at(text, method->apart);
    text_format(text, term, "+=", weight[1]);
    write_rates_at(text, 2.0 * method->apart);
    text_format(text, term, "+=", weight[2]);
    text_string(text, "for (long i = 0; i < STATES; i++) { f[i] = begin[i]; }\n");
}

/* Where stage k is, and what is known of its right-hand side: see place and make_stage in
 * rosenbrock.c. One loop for each stage, so that its coefficients stay in registers. */
static void write_sums(Text *text, const RosenbrockMethod *method, int k)
{
    bool adds = k >= ROSENBROCK_STAGES - 2; // the state of the stage before, and its u
    text_string(text, "for (long i = 0; i < STATES; i++) {\n");
    for (int m = 0; m < k; m++) {
        text_format(text, "const wide u%d = u[%d][i];\n", m, m);
    }
    text_string(text, adds ? "y[i] = y[i]" : "y[i] = wide_load(p->y + l + i * WIDTH)");
    for (int m = adds ? k - 1 : 0; m < k; m++) {
        text_format(text, adds ? " + u%d" : " + u%d * wide_set(%a)", m, method->state[k][m]);
    }
    text_string(text, ";\nb[i] = ");
    for (int m = 0; m < k; m++) {
        text_format(text, "%su%d * wide_set(%a)", m > 0 ? " + " : "", m, method->known[k][m]);
    }
    text_string(text, ";\n}\n");
    write_rates_at(text, method->point[k]);
}

static void write_stage(Text *text, const RosenbrockMethod *method, bool timed, int k)
{
    bool known = k > 0;
    if (known) {
        write_sums(text, method, k);
    }
    text_string(text, "for (long i = 0; i < STATES; i++) {\n");
    if (timed && method->clock[k] != 0.0) {
        text_format(text, "b[i] %s slope[i] * wide_set(%a);\n", known ? "+=" : "=",
                    method->clock[k]);
        known = true;
    }
    text_format(text,
                "b[i] = %s(scale * (f[i] + wide_load(p->inflow + l + i * WIDTH))) * gamma;\n"
                "}\n"
                "solve(lu, b, u[%d]);\n",
                known ? "b[i] + " : "", k);
}

static void write_stages(Text *text, const RosenbrockMethod *method, bool timed)
{
    static const char end[] =
        "wide error = wide_set(0);\n"
        "for (long i = 0; i < STATES; i++) {\n"
        "  const long at = l + i * WIDTH;\n"
        "  const wide next = y[i] + u[STAGES - 1][i];\n"
        "  const wide before = wide_abs(wide_load(p->y + at)), after = wide_abs(next);\n"
        "  const wide most = wide_select(wide_less(after, before), before, after);\n"
        "  const wide part = u[STAGES - 1][i] / (most * wide_set(p->rtol) + "
        "wide_set(p->atol[i]));\n"
        "  error += part * part;\n"
        "  wide_store(p->next + at, next);\n"
        "  for (int k = 0; k < STAGES; k++) {\n"
        "    wide_store(p->stages[k] + at, u[k][i]);\n"
        "  }\n"
        "}\n"
        "wide_store(p->error + l, error);\n";
    text_format(text, "const wide gamma = wide_set(%a);\n", method->gamma);
    if (timed) {
        write_slope(text, method);
    }
    for (int k = 0; k < ROSENBROCK_STAGES; k++) {
        write_stage(text, method, timed, k);
    }
    text_string(text, end);
}

void native_step_text(Writer *writer)
{
    const RosenbrockMethod method = rosenbrock_method();
    const bool timed = rosenbrock_is_timed(writer->tape);
    Text *text = writer->text;
    text_format(text,
                "\nenum { STAGES = %d, STATES = %d, WIDTH = %d };\n"
                "typedef struct { double *slots; const double *origin, *limits, *scale, *y, "
                "*inflow; double *const *stages; double *next, *watch, *error; const double *atol; "
                "double rtol; } NativeStep;\n",
                ROSENBROCK_STAGES, writer->lu->states, writer->width);
    if (timed) {
        text_format(text,
                    "#define AT(part) { wide time = origin + scale * wide_set(part); "
                    "wide_store(s + %d, wide_select(wide_less(time, limit), time, limit)); }\n",
                    writer->tape->time * writer->width);
    } else {
        text_string(text, "#define AT(part)\n");
    }
    writer->state_array = true;
    write_rates(writer, true);
    write_rates(writer, false);
    write_factor(writer, method.gamma);
    write_solve(writer);
    writer_begin(writer, "native_step(const NativeStep *p)");
    text_format(text,
                "int on = 0;\n"
                "for (int i = 0; i < WIDE_WIDTH; i++) { on |= p->scale[l + i] != 0; }\n"
                "if (!on) { continue; }\n"
                "double *s = p->slots + l;\n"
                "const wide origin = wide_load(p->origin + l), scale = wide_load(p->scale + l), "
                "limit = wide_load(p->limits + l);\n"
                "wide y[STATES], f[STATES], b[STATES], j[%d], lu[%d], u[STAGES][STATES];\n"
                "for (long i = 0; i < STATES; i++) { y[i] = wide_load(p->y + l + i * WIDTH); }\n"
                "AT(0)\n"
                "matrix(s, y, f, j);\n"
                "factor(j, scale, lu, p->watch + l);\n",
                writer->tape->programs[PROGRAM_JACOBIAN].output_count, writer->lu->entry_count);
    write_stages(text, &method, timed);
    writer_end(writer);
}
