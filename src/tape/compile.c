/* compile.c: a Model becomes a Tape: which expressions each program computes, and the layout of
 * slots.
 *
 * The stages and their files are named in terms.h. An output that depends on parameters, covariates
 * and constants only is written by PROGRAM_SETUP and costs nothing later.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/kernels.h"
#include "tape/terms.h"

#include <assert.h>

static const struct {
    const char *text;
    int arity;
} ops[OP_COUNT] = {
    {"none", 0},
#define OP(NAME, arity, listing, lane) {listing, arity},
#include "tape/ops.def"
#undef OP
};

const char *op_text(Op op)
{
    assert((unsigned)op < OP_COUNT);
    return ops[op].text;
}

int op_arity(Op op)
{
    assert((unsigned)op < OP_COUNT);
    return ops[op].arity;
}

/* The outputs of all programs, one program after the other. */
typedef struct {
    Arena *scratch;
    Expr *exprs;
    size_t count, capacity;
    int start[PROGRAM_COUNT + 1];
} Wanted;

static void want(Wanted *wanted, Expr expr)
{
    wanted->exprs = arena_grow(wanted->scratch, wanted->exprs, wanted->count, &wanted->capacity,
                               sizeof *wanted->exprs);
    wanted->exprs[wanted->count++] = expr;
}

static void want_event(Wanted *wanted, const Event *event, bool assign)
{
    if (!assign) {
        want(wanted, event->test);
        want(wanted, event->surface);
        want(wanted, event->off);
        want(wanted, event->priority);
        want(wanted, event->delay);
    }
    for (int i = 0; assign && i < event->assignment_count; i++) {
        want(wanted, event->assignments[i].value);
    }
}

static void want_program(Wanted *wanted, const Model *model, const TapeOptions *options,
                         ProgramName name)
{
    if (name == PROGRAM_INITIAL || name == PROGRAM_RATES) {
        for (int i = 0; i < model->state_count; i++) {
            const State *state = &model->states[i];
            want(wanted, name == PROGRAM_RATES ? state->rate : state->initial);
        }
    } else if (name == PROGRAM_JACOBIAN) {
        for (int i = 0; i < model->jacobian.count; i++) {
            want(wanted, model->jacobian.entry[i]);
        }
    } else if (name == PROGRAM_OBSERVE) {
        for (int i = 0; i < options->observed_count; i++) {
            want(wanted, options->observed[i]);
        }
    } else if (name == PROGRAM_ROUTES) {
        for (int i = 0; i < model->route_count; i++) {
            const Route *route = &model->routes[i];
            want(wanted, route->rate);
            want(wanted, route->duration);
            for (int j = 0; j < route->target_count; j++) {
                want(wanted, route->targets[j].fraction);
                want(wanted, route->targets[j].lag);
            }
        }
    } else if (name == PROGRAM_SWITCHES) {
        for (int i = 0; i < model->switch_count; i++) {
            want(wanted, model->switches[i].value);
            want(wanted, model->switches[i].surface);
            want(wanted, model->switches[i].slope);
        }
    } else if (name == PROGRAM_EVENTS || name == PROGRAM_ASSIGN) {
        for (int i = 0; i < model->event_count; i++) {
            want_event(wanted, &model->events[i], name == PROGRAM_ASSIGN);
        }
    }
}

/* What the edges of the rates need, which nobody asks for without derivatives. */
static void want_edges(Wanted *wanted, const Tape *tape, ProgramName name)
{
    for (int i = 0; i < tape->edge_count; i++) {
        const Edge *edge = &tape->edges[i];
        if (name == PROGRAM_EDGES) {
            want(wanted, edge->surface);
        }
        for (int k = 0; name == PROGRAM_SIDES && k < edge->side_count; k++) {
            want(wanted, edge->sides[k].below);
            want(wanted, edge->sides[k].above);
        }
    }
}

/* Derivatives of the outputs of a program that has its place already. */
static void want_partials(Wanted *wanted, Tape *tape, Arena *arena, ProgramName name)
{
    ProgramName base = partials_base(name);
    int first = wanted->start[base];
    Expr *derivatives = NULL;
    tape->partials[name] = partials_find(tape, arena, name, wanted->exprs + first,
                                         wanted->start[base + 1] - first, &derivatives);
    for (int i = 0; i < tape->partials[name].count; i++) {
        want(wanted, derivatives[i]);
    }
    if (name == PROGRAM_RATES_PARTIALS) {
        Expr *surfaces = NULL;
        tape->kink_count =
            model_kinks(tape->model, arena, derivatives, tape->partials[name].count, &surfaces);
        for (int i = 0; i < tape->kink_count; i++) {
            want(wanted, surfaces[i]);
        }
    }
}

static void want_kinks(Wanted *wanted, const Tape *tape)
{
    int first = wanted->start[PROGRAM_RATES_PARTIALS + 1] - tape->kink_count;
    for (int i = 0; i < tape->kink_count; i++) {
        want(wanted, wanted->exprs[first + i]);
    }
}

static void keep_sensitive(Tape *tape, Arena *arena, const TapeOptions *options)
{
    tape->derives = options->derive;
    tape->sensitive_count = options->derive ? options->sensitive_count : 0;
    int *sensitive = arena_array(arena, (size_t)tape->sensitive_count + 1, sizeof *sensitive);
    for (int i = 0; i < tape->sensitive_count; i++) {
        assert(options->sensitive[i] >= 0 && options->sensitive[i] < tape->model->parameter_count);
        sensitive[i] = options->sensitive[i];
    }
    tape->sensitive = sensitive;
    Edge *edges = NULL;
    tape->edge_count = options->derive ? model_edges(tape->model, arena, &edges) : 0;
    tape->edges = edges;
}

static void want_all(Wanted *wanted, Tape *tape, Arena *arena, const TapeOptions *options)
{
    for (int p = 0; p < PROGRAM_COUNT; p++) {
        wanted->start[p] = (int)wanted->count;
        if (p < PROGRAM_PARTIALS) {
            want_program(wanted, tape->model, options, (ProgramName)p);
        } else if (p == PROGRAM_EDGES || p == PROGRAM_SIDES) {
            want_edges(wanted, tape, (ProgramName)p);
        } else if (p == PROGRAM_KINKS && tape->derives) {
            want_kinks(wanted, tape);
        } else if (tape->derives) {
            want_partials(wanted, tape, arena, (ProgramName)p);
        }
    }
    wanted->start[PROGRAM_COUNT] = (int)wanted->count;
}

/* Emits every program but PROGRAM_SETUP, then that one: it computes what the others read. */
static void emit_programs(Emission *emission, const Wanted *wanted, const Term *outputs, Tape *tape)
{
    Arena *scratch = wanted->scratch;
    Term *roots = arena_array(scratch, wanted->count + 1, sizeof *roots);
    uint32_t *places = arena_array(scratch, wanted->count + 1, sizeof *places);
    Term *fixed = arena_array(scratch, wanted->count + 1, sizeof *fixed);
    uint32_t *fixed_places = arena_array(scratch, wanted->count + 1, sizeof *fixed_places);
    int fixed_count = 0;
    for (int p = PROGRAM_SETUP + 1; p < PROGRAM_COUNT; p++) {
        int count = 0;
        for (int i = wanted->start[p]; i < wanted->start[p + 1]; i++) {
            uint32_t place = operand_code(REGION_OUTPUT + p, (uint32_t)(i - wanted->start[p]));
            bool is_fixed = emission->terms->nodes[outputs[i]].fixed;
            *(is_fixed ? &fixed[fixed_count] : &roots[count]) = outputs[i];
            *(is_fixed ? &fixed_places[fixed_count++] : &places[count++]) = place;
        }
        terms_emit(emission, roots, places, count, &tape->programs[p]);
    }
    size_t total = emission->hoisted_count + (size_t)fixed_count;
    roots = arena_array(scratch, total + 1, sizeof *roots);
    places = arena_array(scratch, total + 1, sizeof *places);
    for (size_t i = 0; i < total; i++) {
        bool hoisted = i < emission->hoisted_count;
        size_t k = hoisted ? i : i - emission->hoisted_count;
        roots[i] = hoisted ? emission->hoisted[k] : fixed[k];
        places[i] = hoisted ? operand_code(REGION_HOISTED, (uint32_t)k) : fixed_places[k];
    }
    emission->setup = true;
    terms_emit(emission, roots, places, (int)total, &tape->programs[PROGRAM_SETUP]);
}

/* Where each region starts. */
static void lay_out(const Emission *emission, const Wanted *wanted, Tape *tape,
                    uint32_t start[REGION_COUNT])
{
    const Model *model = tape->model;
    size_t sizes[REGION_COUNT] = {1,
                                  (size_t)model->state_count,
                                  (size_t)model->parameter_count,
                                  (size_t)model->covariate_count,
                                  (size_t)model->switch_count,
                                  emission->constant_count,
                                  emission->hoisted_count,
                                  emission->working_count};
    size_t at = 0;
    for (int r = 0; r < REGION_COUNT; r++) {
        start[r] = (uint32_t)at;
        if (r >= REGION_OUTPUT) {
            int p = r - REGION_OUTPUT;
            sizes[r] = (size_t)(wanted->start[p + 1] - wanted->start[p]);
            tape->programs[p].output = (int)at;
            tape->programs[p].output_count = (int)sizes[r];
        }
        at += sizes[r];
    }
    assert(at < (size_t)1 << REGION_SHIFT);
    tape->slot_count = (int)at;
    tape->time = (int)start[REGION_TIME];
    tape->state = (int)start[REGION_STATE];
    tape->parameter = (int)start[REGION_PARAMETER];
    tape->covariate = (int)start[REGION_COVARIATE];
    tape->switches = (int)start[REGION_SWITCH];
    tape->constant = (int)start[REGION_CONSTANT];
    tape->constant_count = (int)emission->constant_count;
    tape->hoisted = (int)start[REGION_HOISTED];
    tape->hoisted_count = (int)emission->hoisted_count;
    tape->working = (int)start[REGION_WORKING];
    tape->working_count = (int)emission->working_count;
}

static uint32_t slot_of(const uint32_t start[REGION_COUNT], uint32_t operand)
{
    return start[operand >> REGION_SHIFT] + (operand & (((uint32_t)1 << REGION_SHIFT) - 1));
}

static void number_slots(Program *program, const uint32_t start[REGION_COUNT])
{
    for (int i = 0; i < program->count; i++) {
        Instruction *code = &program->code[i];
        uint32_t *operand[TAPE_OPERANDS] = {&code->a, &code->b, &code->c, &code->d};
        code->dst = slot_of(start, code->dst);
        for (int k = 0; k < op_arity((Op)code->op); k++) {
            *operand[k] = slot_of(start, *operand[k]);
        }
    }
}

/* Values of the constants, and what the slots before the working ones stand for. */
static void keep_origins(Arena *arena, const Emission *emission, Tape *tape,
                         const uint32_t start[REGION_COUNT])
{
    const Terms *terms = emission->terms;
    double *values = arena_array(arena, emission->constant_count + 1, sizeof *values);
    Expr *origin = arena_array(arena, (size_t)tape->working + 1, sizeof *origin);
    for (size_t t = 1; t < terms->count; t++) {
        const TermNode *node = &terms->nodes[t];
        if (node->op == OP_NONE && node->is_symbol) {
            origin[start[node->symbol_kind] + node->index] = node->origin;
        }
    }
    for (size_t i = 0; i < emission->constant_count; i++) {
        const TermNode *node = &terms->nodes[emission->constants[i]];
        values[i] = node->value;
        origin[(size_t)tape->constant + i] = node->origin;
    }
    for (size_t i = 0; i < emission->hoisted_count; i++) {
        origin[(size_t)tape->hoisted + i] = terms->nodes[emission->hoisted[i]].origin;
    }
    tape->constant_values = values;
    tape->slot_origin = origin;
}

const Tape *tape_compile(Arena *arena, const Model *model, const TapeOptions *options)
{
    assert(arena != NULL && model != NULL && options != NULL);
    Arena *scratch = arena_new();
    Tape *tape = arena_alloc(arena, sizeof *tape);
    tape->model = model;
    tape->tables = options->tables;
    tape->kernels = tape_kernels(options->isa);
    tape->isa = tape->kernels->isa;
    keep_sensitive(tape, arena, options);

    Wanted wanted = {.scratch = scratch};
    want_all(&wanted, tape, arena, options);

    Terms terms;
    terms_open(&terms, scratch);
    Term *outputs = arena_array(scratch, wanted.count + 1, sizeof *outputs);
    int exact = wanted.start[PROGRAM_PARTIALS]; // from here on derivatives are a result
    terms.steepest = EXPR_HILL_STEEPEST;
    terms_lower(&terms, model->graph, wanted.exprs, outputs, exact);
    terms.steepest = EXPR_HILL_STEEPEST_EXACT;
    terms_lower(&terms, model->graph, wanted.exprs + exact, outputs + exact,
                (int)wanted.count - exact);
    for (int p = 0; p < PROGRAM_COUNT; p++) {
        terms_fuse(&terms, outputs + wanted.start[p], wanted.start[p + 1] - wanted.start[p]);
    }

    Emission emission = {.arena = arena,
                         .terms = &terms,
                         .place = arena_array(scratch, terms.count, sizeof *emission.place)};
    emit_programs(&emission, &wanted, outputs, tape);
    uint32_t start[REGION_COUNT];
    lay_out(&emission, &wanted, tape, start);
    for (int p = 0; p < PROGRAM_COUNT; p++) {
        number_slots(&tape->programs[p], start);
    }
    keep_origins(arena, &emission, tape, start);
    arena_free(scratch);
    return tape;
}
