/* cmd_sens.c: `stroma sens`: how much each output of a study depends on each parameter.
 *
 * Writes the exact derivatives as a table, raw and normalised, and for each output a tornado plot
 * of the strongest at the chosen times. Sensitivities are those of the arms as they stand in the
 * study; with a population, of the typical subject of each.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "cli/figures.h"
#include "cli/interrupt.h"
#include "cli/places.h"
#include "cli/settings.h"

#include "base/file.h"
#include "base/number.h"
#include "study/run.h"
#include "study/sensitivity.h"
#include "table/csv.h"
#include "table/tornado.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_TIMES = 11, TOP = 12, TOLD = 3, MOST_CHOSEN = 32 };

static const Option options[] = {
    {"parameters", OPTION_VALUE, 'p', false, "LIST",
     "by what, with commas between (default: every parameter)"},
    {"at", OPTION_VALUE, 0, false, "LIST",
     "times, in the model's unit (default: up to 11 of the study's; plots at the end)"},
    {"at-dose", OPTION_VALUE, 0, false, "WHICH",
     "outputs at the time of a dose: pre, post (default) or both"},
    {"out", OPTION_VALUE, 'o', false, "DIR",
     "write into DIR (default: out/<name of the study>-sens)"},
    {"set", OPTION_VALUE, 's', true, "PATH=VALUE", "change a number of the study; may be repeated"},
    {"no-render", OPTION_FLAG, 0, true, NULL, "write data and scripts, but no pictures"},
    OPTION_QUIET,
    OPTION_HELP,
    OPTION_END,
};

typedef struct {
    Cli *cli;
    const Study *study;
    const char *folder;
    SensitivityTarget *targets;
    int target_count;
    double *times; // of the table
    int time_count;
    AtDose at_dose;
    double chosen[MOST_CHOSEN]; // of the plots
    int chosen_count;
    SensitivityResult result;
    const char **scripts; // (script_count) file names
    int script_count;
    bool rendered;
} Call;

/* ---- what is asked for ---- */

/* The words between commas, without blanks around; NULL: no more. */
static const char *next_word(Arena *arena, const char **list)
{
    const char *at = *list + strspn(*list, ", ");
    size_t length = strcspn(at, ",");
    if (length == 0) {
        return NULL;
    }
    *list = at + length;
    while (length > 0 && at[length - 1] == ' ') {
        length--;
    }
    return arena_copy(arena, at, length);
}

/* What is wrong with the name of a target. */
static const char *hint_of(const Call *call, const char *word)
{
    Arena *arena = call->cli->arena;
    const Model *model = call->study->model;
    NameRef ref = model_find(model, word);
    const char *near = model_near(model, 1U << NAME_PARAMETER, word);
    if (strncmp(word, "dose.", 5) == 0) {
        long number = strtol(word + 5, NULL, 10);
        int most = 0;
        for (int arm = 0; arm < call->study->arm_count; arm++) {
            int count = call->study->arms[arm].regimen.count;
            most = count > most ? count : most;
        }
        const char *part = strrchr(word, '.');
        if (number > 0 && number <= most && strcmp(part, ".duration") == 0) {
            return "; that dose is no infusion";
        }
        if (number > most) {
            return arena_format(arena, "; no arm has more than %d dose%s", most,
                                most == 1 ? "" : "s");
        }
        return "; doses are counted from 1, such as dose.1.amount, .fraction, .lag, .duration or "
               ".time";
    }
    if (strchr(word, ' ') != NULL) {
        return "; between several stand commas";
    }
    if (ref.kind == NAME_STATE) {
        return arena_format(arena, "; did you mean 'initial.%s'?", word);
    }
    if (ref.kind != NAME_NONE) {
        return "; derivatives of outputs are taken by what they depend on";
    }
    return near == NULL ? "" : arena_format(arena, "; did you mean '%s'?", near);
}

static int read_targets(Call *call)
{
    Cli *cli = call->cli;
    const char *list = option_value(&cli->arguments, "parameters");
    if (list == NULL) {
        call->target_count = sensitivity_all(call->study, cli->arena, &call->targets);
        return call->target_count > 0
                   ? CLI_OK
                   : cli_misused(cli, "the model has no parameter that is not 0");
    }
    call->targets = arena_array(cli->arena, strlen(list) + 1, sizeof *call->targets);
    for (const char *word; (word = next_word(cli->arena, &list)) != NULL;) {
        if (sensitivity_find(call->study, word, cli->arena, &call->targets[call->target_count])) {
            call->target_count++;
            continue;
        }
        return cli_misused(cli, "'%s' is no parameter, initial.STATE or dose.N.PART%s", word,
                           hint_of(call, word));
    }
    return call->target_count > 0 ? CLI_OK : cli_misused(cli, "--parameters names nothing");
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static int read_times(Call *call)
{
    const Study *study = call->study;
    Cli *cli = call->cli;
    const char *list = option_value(&cli->arguments, "at");
    call->times = arena_array(cli->arena, MOST_CHOSEN, sizeof *call->times);
    if (list == NULL) {
        int count = study->time_count < MOST_TIMES ? study->time_count : MOST_TIMES;
        for (int i = 0; i < count; i++) {
            int last = study->time_count - 1;
            call->times[i] = study->times[count > 1 ? (long)i * last / (count - 1) : last];
        }
        call->time_count = count;
        call->chosen[call->chosen_count++] = study->times[study->time_count - 1];
        return CLI_OK;
    }
    for (const char *word; (word = next_word(cli->arena, &list)) != NULL;) {
        double value = 0.0;
        size_t used = 0;
        bool good = number_read(word, strlen(word), &value, &used) && word[used] == '\0';
        if (!good || value < study->start || value > study->end) {
            const char *rest = word + strspn(word, "0123456789.eE+- ");
            return cli_misused(cli, "'--at %s' is no time of the study, from %g to %g %s%s", word,
                               study->start, study->end, study_unit(study->model->time_unit),
                               !good && *rest != '\0' && rest > word ? "; write it without a unit"
                                                                     : "");
        }
        if (call->chosen_count == MOST_CHOSEN) {
            return cli_misused(cli, "--at takes up to %d times", MOST_CHOSEN);
        }
        call->chosen[call->chosen_count++] = value;
    }
    qsort(call->chosen, (size_t)call->chosen_count, sizeof *call->chosen, by_value);
    memcpy(call->times, call->chosen, (size_t)call->chosen_count * sizeof *call->times);
    call->time_count = call->chosen_count;
    return call->time_count > 0 ? CLI_OK : cli_misused(cli, "--at names no time");
}

/* ---- what came out ---- */

/* Normalised coefficients of one output at a time, of two rows those after the dose: (target ×
 * arm), NAN where there is none. */
static double *coefficients(const Call *call, int output, double time)
{
    int arms = call->study->arm_count;
    double *values =
        arena_array(call->cli->arena, (size_t)(call->target_count * arms), sizeof *values);
    for (int i = 0; i < call->target_count * arms; i++) {
        values[i] = NAN;
    }
    const Table *table = call->result.table;
    for (size_t row = 0; row < table->row_count; row++) {
        if ((int)table_cell(table, row, SENSITIVITY_NAME) == output &&
            table_cell(table, row, SENSITIVITY_TIME) == time) {
            int target = (int)table_cell(table, row, SENSITIVITY_PARAMETER);
            int arm = (int)table_cell(table, row, SENSITIVITY_ARM);
            values[target * arms + arm] = table_cell(table, row, SENSITIVITY_NORMALISED);
        }
    }
    return values;
}

/* The largest of a target over the arms, 0 if there is none. */
static double strength(const Call *call, const double *values, int target)
{
    double largest = 0.0;
    for (int arm = 0; arm < call->study->arm_count; arm++) {
        double value = fabs(values[target * call->study->arm_count + arm]);
        largest = value > largest ? value : largest;
    }
    return largest;
}

/* The targets with the largest coefficients, the strongest first; those without any are left out.
 */
static int strongest(const Call *call, const double *values, int most, int *order)
{
    int count = 0;
    for (int target = 0; target < call->target_count; target++) {
        double size = strength(call, values, target);
        int at = count;
        while (at > 0 && strength(call, values, order[at - 1]) < size) {
            at--;
        }
        if (size == 0.0 || at >= most) {
            continue;
        }
        count = count < most ? count + 1 : most;
        for (int i = count - 1; i > at; i--) {
            order[i] = order[i - 1];
        }
        order[at] = target;
    }
    return count;
}

/* "k_el = 0.1 1/h": the name, and the value if all arms have the same. */
static const char *row_words(const Call *call, const SensitivityTarget *target)
{
    Arena *arena = call->cli->arena;
    for (int arm = 0; arm < call->study->arm_count; arm++) {
        if (!(target->value[arm] == target->value[0])) {
            return target->name;
        }
    }
    char digits[NUMBER_TEXT_SIZE];
    number_short(target->value[0], 4, digits);
    bool plain = target->unit[0] == '\0' || strcmp(target->unit, "1") == 0;
    return arena_format(arena, "%s = %s%s%s", target->name, digits, plain ? "" : " ",
                        plain ? "" : target->unit);
}

static const char *time_words(const Call *call, double time)
{
    char digits[NUMBER_TEXT_SIZE];
    number_short(time, 6, digits);
    return arena_format(call->cli->arena, "%s %s", digits,
                        study_unit(call->study->model->time_unit));
}

static const char *stem_of(const Call *call, int output, int chosen)
{
    Arena *arena = call->cli->arena;
    const char *name = call->study->outputs[output].label->name;
    char *plain = arena_copy(arena, name, strlen(name));
    for (char *at = plain; *at != '\0'; at++) {
        *at = isalnum((unsigned char)*at) || *at == '_' ? *at : '-';
    }
    return call->chosen_count == 1 ? arena_format(arena, "tornado-%s", plain)
                                   : arena_format(arena, "tornado-%s-%d", plain, chosen + 1);
}

static int cannot_write(const char *path)
{
    cli_complain("cannot write '%s': %s", path, strerror(errno));
    return CLI_FILE;
}

static int write_script(Call *call, const Tornado *tornado, const char *template_text)
{
    Arena *arena = call->cli->arena;
    const char *name = arena_format(arena, "%s.gp", tornado->stem);
    const char *path = file_join(arena, call->folder, name);
    Text script = text_new(arena);
    tornado_script(tornado, template_text, &script);
    OutFile *file = file_create(arena, path);
    if (file != NULL) {
        file_write(file, script.data, script.length);
    }
    if (file == NULL || !file_commit(file)) {
        return cannot_write(path);
    }
    for (int i = 0; i < 2; i++) { // those of an earlier call would show other numbers
        const char *old = arena_format(arena, "%s.%s", tornado->stem, i == 0 ? "svg" : "png");
        (void)unlink(file_join(arena, call->folder, old));
    }
    call->scripts[call->script_count++] = name;
    return CLI_OK;
}

/* The tornado of one output at one of the chosen times; none if nothing is to be shown. */
static int write_tornado(Call *call, int output, int chosen, const char *template_text)
{
    Arena *arena = call->cli->arena;
    const Study *study = call->study;
    const Label *label = study->outputs[output].label;
    double time = call->chosen[chosen];
    const double *values = coefficients(call, output, time);
    int order[TOP];
    int count = strongest(call, values, TOP, order);
    if (count == 0) {
        return CLI_OK;
    }
    const char **arms = arena_array(arena, (size_t)study->arm_count, sizeof *arms);
    const char **rows = arena_array(arena, (size_t)count, sizeof *rows);
    double *bars = arena_array(arena, (size_t)(count * study->arm_count), sizeof *bars);
    for (int arm = 0; arm < study->arm_count; arm++) {
        arms[arm] = study->arms[arm].name;
    }
    for (int i = 0; i < count; i++) {
        rows[i] = row_words(call, &call->targets[order[i]]);
        for (int arm = 0; arm < study->arm_count; arm++) {
            bars[i * study->arm_count + arm] = values[order[i] * study->arm_count + arm];
        }
    }
    char *words = arena_format(arena, "%s", label->text[0] != '\0' ? label->text : label->name);
    bool sentence = islower((unsigned char)words[0]) && islower((unsigned char)words[1]);
    words[0] =
        (char)(sentence && label->text[0] != '\0' ? toupper((unsigned char)words[0]) : words[0]);
    Tornado tornado = {.title = arena_format(arena, "%s at %s", words, time_words(call, time)),
                       .csv = "sensitivity.csv",
                       .stem = stem_of(call, output, chosen),
                       .command = cli_command_line(call->cli),
                       .x_label = arena_format(
                           arena, "Change of %s (%%) for a parameter 1 %% larger", label->name),
                       .arms = arms,
                       .arm_count = study->arm_count,
                       .rows = rows,
                       .values = bars,
                       .row_count = count};
    return write_script(call, &tornado, template_text);
}

static int write_files(Call *call)
{
    Arena *arena = call->cli->arena;
    const char *path = file_join(arena, call->folder, "sensitivity.csv");
    if (!csv_write(call->result.table, 0, path)) {
        return cannot_write(path);
    }
    const char *tried = NULL;
    const char *template_text = places_plot(arena, "tornado", &tried);
    if (template_text == NULL) {
        cli_complain("cannot read the plot template '%s'", tried);
        return CLI_FILE;
    }
    size_t room = (size_t)(call->study->table_outputs * call->chosen_count) + 1;
    call->scripts = arena_array(arena, room, sizeof *call->scripts);
    for (int output = 0; output < call->study->table_outputs; output++) {
        for (int chosen = 0; chosen < call->chosen_count; chosen++) {
            int code = write_tornado(call, output, chosen, template_text);
            if (code != CLI_OK) {
                return code;
            }
        }
    }
    if (option_given(&call->cli->arguments, "no-render")) {
        return CLI_OK;
    }
    return figures_render(call->cli, call->folder, call->scripts, call->script_count,
                          &call->rendered);
}

/* For each output the strongest at the last of the chosen times. */
static void tell(Call *call)
{
    Text text = text_new(call->cli->arena);
    double time = call->chosen[call->chosen_count - 1];
    text_format(&text, "%% for a parameter 1 %% larger, at %s\n", time_words(call, time));
    for (int output = 0; output < call->study->table_outputs; output++) {
        const double *values = coefficients(call, output, time);
        int order[TOLD];
        int count = strongest(call, values, TOLD, order);
        text_format(&text, "%s%s\n", call->study->outputs[output].label->name,
                    count == 0 ? ": nothing, or it has vanished" : "");
        for (int i = 0; i < count; i++) {
            text_format(&text, "  %-32s", call->targets[order[i]].name);
            for (int arm = 0; arm < call->study->arm_count; arm++) {
                char digits[NUMBER_TEXT_SIZE] = "-";
                double value = values[order[i] * call->study->arm_count + arm];
                if (isfinite(value)) {
                    number_short(value, 4, digits);
                }
                text_format(&text, " %10s", digits);
            }
            text_string(&text, "\n");
        }
    }
    cli_print(call->cli, &text);
}

static void complain_failures(const Call *call)
{
    for (int arm = 0; arm < call->study->arm_count; arm++) {
        const Outcome *outcome = &call->result.outcomes[arm];
        if (outcome->touched > 0) {
            cli_complain("warning: arm '%s': conditions of the rates are met but not crossed, %ld "
                         "time%s: derivatives behind lack their part [%s]",
                         call->study->arms[arm].name, outcome->touched,
                         outcome->touched == 1 ? "" : "s", fault_code(FAULT_R051));
        }
        if (outcome->kind == OUTCOME_DONE) {
            continue;
        }
        Text text = text_new(call->cli->arena);
        outcome_print(outcome, call->study->model, &text);
        while (text.length > 0 && text.data[text.length - 1] == '\n') {
            text.data[--text.length] = '\0';
        }
        cli_complain("arm '%s': %s", call->study->arms[arm].name, text.data);
    }
}

static int compute(Call *call)
{
    SensitivityOptions how = {.targets = call->targets,
                              .target_count = call->target_count,
                              .times = call->times,
                              .time_count = call->time_count,
                              .at_dose = call->at_dose,
                              .stop = interrupt_flag()};
    interrupt_catch();
    bool ran = study_sensitivity(call->study, &how, call->cli->arena, &call->result);
    assert(ran && "the solver library cannot be set up");
    (void)ran;
    if (call->result.stopped || interrupt_code() != 0) {
        cli_complain("interrupted; nothing was written");
        return interrupt_code();
    }
    complain_failures(call);
    return CLI_OK;
}

static int make_folder(Call *call)
{
    const char *out = option_value(&call->cli->arguments, "out");
    call->folder =
        out != NULL ? out : arena_format(call->cli->arena, "out/%s-sens", call->study->name);
    if (!file_make_folder(call->folder)) {
        cli_complain("cannot make the folder '%s': %s", call->folder,
                     errno == ENOTDIR ? "a file is in the way" : strerror(errno));
        return CLI_FILE;
    }
    call->cli->folder = call->folder;
    return CLI_OK;
}

/* The study; an ExitCode, complained of. */
static int read_study(Call *call)
{
    Cli *cli = call->cli;
    const char *path = cli->arguments.operands[0];
    const char *bad = NULL;
    ParamsOptions params = params_options_default();
    if (!settings_read(cli, &params, &bad)) {
        return cli_misused(cli, "'--set %s' is not of the form path=value", bad);
    }
    params.models = places_models(cli->arena);
    int code = settings_at_dose(cli, true, &call->at_dose);
    code = code == CLI_OK ? cli_refuse_table(cli, path) : code;
    if (code != CLI_OK) {
        return code;
    }
    if (cli_is_model(path)) {
        return cli_misused(cli, "'%s' is a model; give a study that names it", path);
    }
    if (!cli_readable(cli, path)) {
        return CLI_FILE;
    }
    Diag *diag = diag_new(cli->arena);
    call->study = params_read(cli->arena, path, &params, diag);
    cli_print_diag(cli, diag);
    if (call->study == NULL) {
        return CLI_DATA;
    }
    if (call->study->data != NULL) {
        return cli_misused(cli,
                           "'%s' takes its subjects from a data file; sensitivities are those "
                           "of arms",
                           path);
    }
    return CLI_OK;
}

static int run_sens(Cli *cli)
{
    Call call = {.cli = cli};
    int (*const parts[])(Call *) = {read_study,  read_targets, read_times,
                                    make_folder, compute,      write_files};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        int code = parts[i](&call);
        if (code != CLI_OK) {
            return code;
        }
    }
    if (!option_given(&cli->arguments, "quiet")) {
        tell(&call);
    }
    cli_say(cli, "wrote %s/: sensitivity.csv, %d plot%s (%s)", call.folder, call.script_count,
            call.script_count == 1 ? "" : "s", call.rendered ? ".gp, .svg, .png" : ".gp");
    return call.result.failed > 0 ? CLI_FAILED : CLI_OK;
}

const Command command_sens = {
    .name = "sens",
    .run = run_sens,
    .summary = "tell how much each output depends on each parameter",
    .operands = "STUDY.cfg [OPTION]...",
    .operands_min = 1,
    .operands_max = 1,
    .examples = "  stroma sens params/ra.cfg                     writes out/ra-sens/\n"
                "  stroma sens params/pk/pk1_oral.cfg --parameters CL,V,dose.1.amount --at 2,12\n",
    .options = options,
};
