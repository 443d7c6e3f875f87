/* rosenbrock.c: see rosenbrock.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/rosenbrock.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const double GAMMA = 0.21193756319429014;
// Cancellation of pivots (blocklu.h) up to here costs digits that nobody misses. Newton's iteration
// would mend more; here what is solved is the result.
static const double MOST_CANCELLED = 1e6;
static const double APART = 1e-4;

/* Steinebach 2023, table 2 and the supplement: in the form of u_k. The last two rows of the states
 * are those before, and u_6 and u_7: what is stiffly accurate adds its last stage. */
RosenbrockMethod rosenbrock_method(void)
{
    RosenbrockMethod method = {
        .gamma = GAMMA,
        .apart = APART,
        .point = {0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664,
                  1, 1, 1},
        .state = {{0},
                  {3.0},
                  {2.849394379747939, 0.45842242204463923},
                  {-6.954028509809101, 2.489845061869568, -10.358996098473584},
                  {2.8029986275628964, 0.5072464736228206, -0.3988312541770524,
                   -0.04721187230404641},
                  {-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256,
                   0.030198172008377946},
                  {-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256,
                   0.030198172008377946, 1},
                  {-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256,
                   0.030198172008377946, 1, 1}},
        .known = {{0},
                  {-14.155112264123755},
                  {-17.97296035885952, -2.859693295451294},
                  {147.12150275711716, -1.41221402718213, 71.68940251302358},
                  {165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306},
                  {24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125,
                   -0.6610691825249471},
                  {30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783,
                   -19.097331116725623, -28.087943162872662},
                  {37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047,
                   -40.06618937091002, -54.66780262877968, -9.48861652309627}},
        .clock = {0.21193756319429014, -0.42387512638858027, -0.3384627126235924,
                  1.8046452872882734, 2.325825639765069},
        .bend = {{25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204,
                  0.524948541321073, 1.1241088310450404, 0.4272876194431874, -0.17202221070155493},
                 {-9.91568850695171, -0.9689944594115154, 3.0438037242978453, -24.495224566215796,
                  20.176138334709044, 15.98066361424651, -6.789040303419874, -6.710236069923372},
                 {11.419903575922262, 2.8879645146136994, 72.92137995996029, 80.12511834622643,
                  -52.072871366152654, -59.78993625266729, -0.15582684282751913,
                  4.883087185713722}},
    };
    for (int k = 0; k < ROSENBROCK_STAGES; k++) {
        for (int j = 0; j < k; j++) {
            method.known[k][j] *= GAMMA;
        }
        method.clock[k] *= GAMMA;
    }
    return method;
}

void rosenbrock_slope_weights(double weight[3])
{
    weight[0] = -1.5 / APART;
    weight[1] = 2.0 / APART;
    weight[2] = -0.5 / APART;
}

bool rosenbrock_is_timed(const Tape *tape)
{
    const Program *program = &tape->programs[PROGRAM_RATES];
    for (int i = 0; i < program->count; i++) {
        const Instruction *one = &program->code[i];
        const uint32_t operand[TAPE_OPERANDS] = {one->a, one->b, one->c, one->d};
        for (int k = 0; k < op_arity((Op)one->op); k++) {
            if (operand[k] == (uint32_t)tape->time) {
                return true;
            }
        }
    }
    return false;
}

void rosenbrock_open_outset(Rosenbrock *method, Arena *arena, Stage *stage, double rtol,
                            const double *atol)
{
    assert(method != NULL && stage != NULL && stage->states > 0);
    size_t width = (size_t)stage->width;
    size_t count = (size_t)stage->states * width;
    *method = (Rosenbrock){.stage = stage,
                           .method = rosenbrock_method(),
                           .rtol = rtol,
                           .atol = atol,
                           .timed = rosenbrock_is_timed(stage->tape)};
    for (int k = 0; k < ROSENBROCK_STAGES + 2; k++) {
        method->share[k] = arena_array(arena, width, sizeof(double));
    }
    method->next = arena_array(arena, count, sizeof(double));
    method->slope = arena_array(arena, count, sizeof(double));
    method->error = arena_array(arena, width, sizeof(double));
}

void rosenbrock_open(Rosenbrock *method, Arena *arena, Stage *stage, double rtol,
                     const double *atol)
{
    rosenbrock_open_outset(method, arena, stage, rtol, atol);
    size_t width = (size_t)stage->width;
    size_t count = (size_t)stage->states * width;
    method->sparse = blocklu_open(arena, stage_pattern(stage), stage->width, stage->kernels);
    method->dense = densely_open(arena, stage_pattern(stage), stage->width);
    method->pivots = arena_array(arena, width, sizeof *method->pivots);
    for (int k = 0; k < ROSENBROCK_STAGES; k++) {
        method->stages[k] = arena_array(arena, count, sizeof(double));
    }
}

/* True if the sparse factors of a lane that steps will not do. */
static bool is_cancelled(const Rosenbrock *method, int lane)
{
    double watch = blocklu_program(method->sparse)->watch[lane];
    return method->stage->scale[lane] != 0.0 && !(watch <= MOST_CANCELLED);
}

static void factor(Rosenbrock *method, const double *jacobian)
{
    const Stage *stage = method->stage;
    DenseLanes *dense = method->dense;
    const size_t n = (size_t)stage->states;
    const double gamma = method->method.gamma;
    blocklu_factor_scaled(method->sparse, jacobian, stage->scale, gamma);
    method->pivot_count = 0;
    for (int lane = 0; lane < stage->width; lane++) {
        method->pivots[lane] = is_cancelled(method, lane);
        if (!method->pivots[lane]) {
            continue;
        }
        double *matrix = dense->matrix + (size_t)lane * n * n;
        method->pivot_count++;
        dense_matrix(dense->pattern, jacobian + lane, stage->width, gamma * stage->scale[lane],
                     matrix);
        dense->good[lane] =
            dense_factor(matrix, stage->states, dense->pivot + (size_t)lane * n, dense->column);
    }
    method->pivoted += method->pivot_count;
}

/* The lanes that pivot, from b in place of what the sparse factors have left in x. */
static void solve_with_pivots(Rosenbrock *method, const double *b, double *x)
{
    const Stage *stage = method->stage;
    DenseLanes *dense = method->dense;
    const size_t n = (size_t)stage->states;
    const size_t width = (size_t)stage->width;
    for (size_t lane = 0; lane < width; lane++) {
        for (size_t i = 0; method->pivots[lane] && i < n; i++) {
            dense->column[i] = b[i * width + lane];
        }
        if (method->pivots[lane] && dense->good[lane]) {
            dense_solve(dense->matrix + lane * n * n, stage->states, dense->pivot + lane * n,
                        dense->column);
        }
        for (size_t i = 0; method->pivots[lane] && i < n; i++) {
            x[i * width + lane] = dense->good[lane] ? dense->column[i] : (double)NAN;
        }
    }
}

/* Of b, which is left as it is. */
static void solve(Rosenbrock *method, const double *b, double *x)
{
    blocklu_solve(method->sparse, b, x);
    if (method->pivot_count > 0) {
        solve_with_pivots(method, b, x);
    }
}

static double *state_slots(const Rosenbrock *method)
{
    const Stage *stage = method->stage;
    return stage->slots + (size_t)stage->tape->state * (size_t)stage->width;
}

/* F at the state in the slots: valid until the next call. */
static double *rates_at(Rosenbrock *method, double s)
{
    const double *inflow = NULL;
    (void)stage_derivative(method->stage, s, &inflow);
    assert(inflow == NULL); // lanes with times of their own: it is in
    return method->stage->derivative;
}

static void combine(const Rosenbrock *method, int count, const double *factor, double *const *x,
                    double *z)
{
    const Stage *stage = method->stage;
    kernels_combine(stage->kernels, count, factor, x, z, stage->states, stage->width);
}

/* True if the rates follow the clock, by themselves or through covariates. */
static bool asks_for_slope(const Rosenbrock *method)
{
    return method->timed || method->stage->follower_count > 0;
}

/* ∂F/∂s at the beginning of the step, whose state is in the slots. */
static void find_slope(Rosenbrock *method)
{
    const size_t size =
        (size_t)method->stage->states * (size_t)method->stage->width * sizeof(double);
    double *part[] = {method->slope, method->next, method->stage->derivative};
    double factor[3];
    rosenbrock_slope_weights(factor);
    memcpy(method->slope, rates_at(method, 0.0), size);
    memcpy(method->next, rates_at(method, APART), size);
    (void)rates_at(method, 2.0 * APART);
    combine(method, 3, factor, part, method->slope);
}

/* The state of stage k into the slots. Of the last ones: what there was, and the stage before. */
static void place(Rosenbrock *method, int k)
{
    double *to = state_slots(method);
    double *part[1 + ROSENBROCK_STAGES] = {method->stage->y};
    double factor[1 + ROSENBROCK_STAGES] = {1.0};
    if (k >= ROSENBROCK_STAGES - 2) {
        part[0] = to;
        part[1] = method->stages[k - 1];
        factor[1] = 1.0;
        combine(method, 2, factor, part, to);
        return;
    }
    for (int j = 0; j < k; j++) {
        part[1 + j] = method->stages[j];
        factor[1 + j] = method->method.state[k][j];
    }
    combine(method, 1 + k, factor, part, to);
}

/* What is known of the right-hand side of a stage; NULL: nothing. */
static const double *find_known(Rosenbrock *method, int k)
{
    const RosenbrockMethod *c = &method->method;
    double *part[1 + ROSENBROCK_STAGES];
    double factor[1 + ROSENBROCK_STAGES];
    int count = 0;
    for (; count < k; count++) {
        part[count] = method->stages[count];
        factor[count] = c->known[k][count];
    }
    if (asks_for_slope(method) && c->clock[k] != 0.0) {
        part[count] = method->slope;
        factor[count++] = c->clock[k];
    }
    if (count == 0) {
        return NULL;
    }
    combine(method, count, factor, part, method->next);
    return method->next;
}

static void make_stage(Rosenbrock *method, int k)
{
    Stage *stage = method->stage;
    place(method, k);
    const RightSidePass pass = {.states = stage->states,
                                .width = stage->width,
                                .rates = stage_plain_rates(stage, method->method.point[k]),
                                .inflow = stage->infusion,
                                .scale = stage->scale,
                                .known = find_known(method, k),
                                .gamma = method->method.gamma,
                                .result = method->next};
    kernels_right_side(stage->kernels, &pass);
    solve(method, method->next, method->stages[k]);
}

/* The sum of Kernels.measure, from where the lanes stand to `after`. */
static void sum_errors(const Rosenbrock *method, const double *after, const double *error,
                       double *sum)
{
    const Stage *stage = method->stage;
    const MeasurePass pass = {.states = stage->states,
                              .width = stage->width,
                              .before = stage->y,
                              .after = after,
                              .error = error,
                              .rtol = method->rtol,
                              .atol = method->atol};
    kernels_measure(stage->kernels, &pass, sum);
}

/* The stages by the interpreter and the kernels, and what they lead to. */
static void make_stages(Rosenbrock *method)
{
    Stage *stage = method->stage;
    stage_set_state(stage, stage->y);
    factor(method, stage_plain_jacobian(stage, 0.0));
    if (asks_for_slope(method)) {
        find_slope(method);
    }
    for (int k = 0; k < ROSENBROCK_STAGES; k++) {
        make_stage(method, k);
    }
    double *last = method->stages[ROSENBROCK_STAGES - 1];
    double *part[] = {state_slots(method), last};
    const double factor[] = {1.0, 1.0};
    combine(method, 2, factor, part, method->next);
    sum_errors(method, method->next, last, method->error);
}

/* The same by machine code. False if it cannot: covariates that follow the clock, or pivots that
 * have lost their digits in a lane that steps. */
static bool make_stages_natively(Rosenbrock *method)
{
    Stage *stage = method->stage;
    if (method->keeps_factors || stage->native == NULL || stage->native->step == NULL ||
        stage->follower_count > 0) {
        return false;
    }
    const NativeStep step = {.slots = stage->slots,
                             .origin = stage->origin,
                             .limits = stage->limits,
                             .scale = stage->scale,
                             .y = stage->y,
                             .inflow = stage->infusion,
                             .stages = method->stages,
                             .next = method->next,
                             .watch = blocklu_program(method->sparse)->watch,
                             .error = method->error,
                             .atol = method->atol,
                             .rtol = method->rtol};
    stage->native->step(&step);
    for (int lane = 0; lane < stage->width; lane++) {
        if (is_cancelled(method, lane)) {
            return false;
        }
    }
    return true;
}

void rosenbrock_try(Rosenbrock *method)
{
    const Stage *stage = method->stage;
    assert(stage->own);
    if (!make_stages_natively(method)) {
        make_stages(method);
    }
    for (int lane = 0; lane < stage->width; lane++) {
        method->error[lane] = sqrt(method->error[lane] / stage->states);
    }
}

/* Norms of the lanes of a vector, with the weights of the state where they stand. */
static void norms(const Rosenbrock *method, const double *x, double *norm)
{
    const Stage *stage = method->stage;
    sum_errors(method, stage->y, x, norm);
    for (int lane = 0; lane < stage->width; lane++) {
        norm[lane] = sqrt(norm[lane] / stage->states);
    }
}

/* x^(1/5) to four digits, for normal x > 0: a fifth of the exponent (and, roughly, of what follows
 * it), then Newton's iteration. */
double rosenbrock_fifth_root(double x)
{
    static const uint64_t one = UINT64_C(1023) << 52;
    uint64_t bits;
    double root;
    memcpy(&bits, &x, sizeof bits);
    bits = bits / 5 + one / 5 * 4;
    memcpy(&root, &bits, sizeof root);
    for (int i = 0; i < 2; i++) {
        double square = root * root;
        root -= (root - x / (square * square)) * 0.2;
    }
    return root;
}

void rosenbrock_begin(Rosenbrock *method, double *length)
{
    static const double least = 1e-10;
    static const double most = 0.1;
    Stage *stage = method->stage;
    const size_t size = (size_t)stage->states * (size_t)stage->width * sizeof(double);
    double *size_of_state = method->share[0];
    double *speed = method->share[1];
    double *turn = method->share[2];
    double *one = method->share[3];
    stage_set_state(stage, stage->y);
    memcpy(method->slope, rates_at(method, 0.0), size);
    norms(method, stage->y, size_of_state);
    norms(method, method->slope, speed);
    for (int lane = 0; lane < stage->width; lane++) {
        length[lane] =
            speed[lane] > least ? 0.01 * fmax(size_of_state[lane], 1.0) / speed[lane] : 1e-6;
        length[lane] = fmin(length[lane], 1.0);
        one[lane] = 1.0;
    }
    double *euler[] = {stage->y, method->slope};
    double *share[] = {one, length};
    kernels_blend(stage->kernels, 2, share, euler, state_slots(method), stage->states,
                  stage->width);
    double *change[] = {rates_at(method, 0.0), method->slope};
    const double difference[] = {1.0, -1.0};
    combine(method, 2, difference, change, method->next);
    norms(method, method->next, turn);
    for (int lane = 0; lane < stage->width; lane++) {
        double fastest = fmax(speed[lane], turn[lane] / length[lane]);
        double second =
            fastest > least ? rosenbrock_fifth_root(fmax(0.01 / fastest, 1e-300)) : most;
        double chosen = fmin(fmin(100.0 * length[lane], second), most);
        length[lane] = chosen > 0.0 ? chosen : 1e-6; // also if the rates are not finite
    }
}

/* What stage j counts at s, within the step. */
static double bend_at(const RosenbrockMethod *method, int j, double s)
{
    return s * (1.0 - s) * (method->bend[0][j] + s * (method->bend[1][j] + s * method->bend[2][j]));
}

void rosenbrock_value_at(const Rosenbrock *method, double part, double *y)
{
    double *term[ROSENBROCK_STAGES + 2] = {method->stage->y, method->next};
    double factor[ROSENBROCK_STAGES + 2] = {1.0 - part, part};
    for (int j = 0; j < ROSENBROCK_STAGES; j++) {
        term[2 + j] = method->stages[j];
        factor[2 + j] = bend_at(&method->method, j, part);
    }
    combine(method, ROSENBROCK_STAGES + 2, factor, term, y);
}

void rosenbrock_value(Rosenbrock *method, const double *part, double *y)
{
    const Stage *stage = method->stage;
    double *const *share = method->share;
    double *term[ROSENBROCK_STAGES + 2] = {stage->y, method->next};
    for (int lane = 0; lane < stage->width; lane++) {
        share[0][lane] = 1.0 - part[lane];
        share[1][lane] = part[lane];
    }
    for (int j = 0; j < ROSENBROCK_STAGES; j++) {
        term[2 + j] = method->stages[j];
        for (int lane = 0; lane < stage->width; lane++) {
            share[2 + j][lane] = bend_at(&method->method, j, part[lane]);
        }
    }
    kernels_blend(stage->kernels, ROSENBROCK_STAGES + 2, share, term, y, stage->states,
                  stage->width);
}

bool rosenbrock_unsound(Rosenbrock *method, int lane, double *time, double *y)
{
    const Stage *stage = method->stage;
    const size_t width = (size_t)stage->width;
    const double *state = state_slots(method) + lane;
    for (int k = 0; k < ROSENBROCK_STAGES; k++) {
        place(method, k);
        const double *rates = rates_at(method, method->method.point[k]) + lane;
        bool finite = true;
        for (size_t i = 0; i < (size_t)stage->states; i++) {
            y[i] = state[i * width];
            finite = finite && isfinite(rates[i * width]);
        }
        if (!finite) {
            *time = stage_lane_time(stage, lane, method->method.point[k]);
            return true;
        }
    }
    return false;
}

int rosenbrock_worst(const Rosenbrock *method, int lane)
{
    const Stage *stage = method->stage;
    const double *error = method->stages[ROSENBROCK_STAGES - 1];
    int worst = 0;
    double most = -1.0;
    for (int i = 0; i < stage->states; i++) {
        size_t at = (size_t)i * (size_t)stage->width + (size_t)lane;
        double value = fabs(error[at]) / (method->rtol * fabs(stage->y[at]) + method->atol[i]);
        value = isfinite(value) ? value : HUGE_VAL;
        if (value > most) {
            most = value;
            worst = i;
        }
    }
    return worst;
}
