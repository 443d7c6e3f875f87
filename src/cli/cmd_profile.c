/* cmd_profile.c: `stroma profile`: fits a study, then follows the profile likelihood of each
 * parameter.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/fit.h"
#include "cli/fit_script.h"
#include "cli/interrupt.h"

#include "base/file.h"
#include "base/number.h"
#include "study/profile.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

enum { PANELS_ACROSS = 3, MOST_PANELS = 24 };

static const Option options[] = {
    {"out", OPTION_VALUE, 'o', false, "DIR",
     "write into DIR (default: out/<name of the study>-profile)"},
    {"set", OPTION_VALUE, 's', true, "PATH=VALUE", "change a number of the study; may be repeated"},
    {"parameter", OPTION_VALUE, 'p', true, "NAME",
     "profile this parameter only; may be repeated (default: all)"},
    {"level", OPTION_VALUE, 0, false, "P", "confidence of the intervals (default: 0.95)"},
    {"at-dose", OPTION_VALUE, 0, false, "WHICH",
     "values at the time of a dose are compared with: pre, post or records"},
    {"starts", OPTION_VALUE, 0, false, "N", "search from N starts instead of the study's number"},
    {"jobs", OPTION_VALUE, 'j', false, "N", "threads (default: one for each core)"},
    {"resume", OPTION_FLAG, 0, true, NULL, "go on with profiles that were stopped or killed"},
    {"no-render", OPTION_FLAG, 0, true, NULL, "write data and scripts, but no pictures"},
    OPTION_QUIET,
    OPTION_HELP,
    OPTION_END,
};

typedef struct {
    FitCall call;
    double level;
    int *parameters;
    int count;
    ProfileResult result;
} ProfileCall;

/* --- options -------------------------------------------------------------------------------------
 */

static int read_level(ProfileCall *profile)
{
    const Cli *cli = profile->call.cli;
    const char *word = option_value(&cli->arguments, "level");
    size_t used = 0;
    profile->level = 0.95;
    if (word != NULL &&
        (!number_read(word, strlen(word), &profile->level, &used) || word[used] != '\0' ||
         !(profile->level >= 0.5) || !(profile->level <= 0.9999))) {
        return cli_misused(cli, "'--level %s' is not a number from 0.5 to 0.9999%s", word,
                           used > 0 && profile->level > 1.0 ? ", such as 0.95" : "");
    }
    return CLI_OK;
}

/* Those asked for, in the order of the fit; else all. */
static int list_parameters(ProfileCall *profile)
{
    const Cli *cli = profile->call.cli;
    const Fit *fit = profile->call.study->fit;
    size_t count = (size_t)fit->parameter_count;
    bool *wanted = arena_array(cli->arena, count + 1, sizeof *wanted);
    const char **names = arena_array(cli->arena, count + 1, sizeof *names);
    bool all = true;
    for (size_t k = 0; k < count; k++) {
        names[k] = fit->parameters[k].name;
    }
    for (int i = 0; i < cli->arguments.use_count; i++) {
        const OptionUse *use = &cli->arguments.uses[i];
        bool found = strcmp(use->option->name, "parameter") != 0;
        all = all && found;
        for (size_t k = 0; k < count && !found; k++) {
            found = strcmp(names[k], use->value) == 0;
            wanted[k] = wanted[k] || found;
        }
        if (!found) {
            const char *near = names_near_list(names, (int)count, use->value);
            return cli_misused(cli, "the fit has no parameter '%s'%s%s%s", use->value,
                               near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                               near != NULL ? "'?" : "");
        }
    }
    profile->parameters = arena_array(cli->arena, count + 1, sizeof *profile->parameters);
    for (size_t k = 0; k < count; k++) {
        if (all || wanted[k]) {
            profile->parameters[profile->count++] = (int)k;
        }
    }
    return CLI_OK;
}

/* --- files ---------------------------------------------------------------------------------------
 */

static int write_profiles(ProfileCall *profile)
{
    enum { PARAMETER, VALUE, COORDINATE, RISE, WALD, FIRST };
    FitCall *call = &profile->call;
    Arena *arena = call->cli->arena;
    const Fit *fit = call->study->fit;
    size_t count = (size_t)fit->parameter_count;
    TableColumn *columns = arena_array(arena, FIRST + count, sizeof *columns);
    static const char *const names[FIRST] = {"parameter", "value", "coordinate", "rise",
                                             "parabola"};
    for (size_t i = 0; i < FIRST + count; i++) {
        columns[i] = (TableColumn){
            .name = i < FIRST ? names[i] : fit->parameters[i - FIRST].name, .unit = "", .text = ""};
    }
    columns[PARAMETER].kind = TABLE_TEXT;
    columns[PARAMETER].words = arena_array(arena, count + 1, sizeof(const char *));
    columns[PARAMETER].word_count = (int)count;
    for (size_t i = 0; i < count; i++) {
        columns[PARAMETER].words[i] = fit->parameters[i].name;
    }
    Table *table = table_new(arena, columns, (int)(FIRST + count), 64);
    for (int i = 0; i < profile->result.count; i++) {
        const Profile *one = &profile->result.profiles[i];
        const FitParameter *parameter = &fit->parameters[one->parameter];
        const Estimate *estimate = &call->summary.estimates[one->parameter];
        for (int k = 0; k < one->count; k++) {
            const ProfilePoint *point = &one->points[k];
            double z = (point->coordinate - estimate->coordinate) / estimate->coordinate_se;
            double *row = table_add_row(table);
            row[PARAMETER] = one->parameter;
            row[VALUE] = scale_back(parameter, point->coordinate);
            row[COORDINATE] = point->coordinate;
            row[RISE] = point->rise;
            row[WALD] = z * z;
            for (size_t p = 0; p < count; p++) {
                row[FIRST + p] = scale_back(&fit->parameters[p], point->at[p]);
            }
        }
    }
    return fit_write_table(call, "profiles.csv", table);
}

static int write_intervals(ProfileCall *profile)
{
    FitCall *call = &profile->call;
    Text text = text_new(call->cli->arena);
    const Fit *fit = call->study->fit;
    text_string(&text, "name,unit,estimate,low,high,verdict,partner\n");
    for (int i = 0; i < profile->result.count; i++) {
        const Profile *one = &profile->result.profiles[i];
        const FitParameter *parameter = &fit->parameters[one->parameter];
        text_format(&text, "\"%s\",\"%s\",", parameter->name, parameter->unit);
        text_number(&text, call->summary.estimates[one->parameter].value);
        for (int side = 0; side < 2; side++) {
            text_string(&text, ",");
            text_number(&text, isnan(one->limits[side]) ? (double)NAN
                                                        : scale_back(parameter, one->limits[side]));
        }
        text_format(&text, ",\"%s\",\"%s\"\n", verdict_words(one->verdict),
                    one->partner >= 0 ? fit->parameters[one->partner].name : "");
    }
    return fit_write_text(call, "intervals.csv", text.data);
}

/* A profile over more than a fivefold of positive values is drawn on a logarithmic axis. */
static bool spans_much(const FitParameter *parameter, const Profile *profile)
{
    double low = scale_back(parameter, profile->points[0].coordinate);
    double high = scale_back(parameter, profile->points[profile->count - 1].coordinate);
    return low > 0.0 && high > 5.0 * low;
}

/* A panel is narrow: at most four or five marks on its axis. */
static const char *tics_of(Arena *arena, const FitParameter *parameter, const Profile *profile,
                           bool wide)
{
    double low = scale_back(parameter, profile->points[0].coordinate);
    double high = scale_back(parameter, profile->points[profile->count - 1].coordinate);
    Text text = text_new(arena);
    if (wide) {
        text_number(&text, pow(10.0, fmax(1.0, ceil(log10(high / low) / 4.0))));
    } else {
        double rough = (high - low) / 2.0;
        double decade = pow(10.0, floor(log10(rough > 0.0 ? rough : 1.0)));
        double part = rough / decade;
        text_number(&text, decade * (part < 1.5   ? 1.0
                                     : part < 3.5 ? 2.0
                                     : part < 7.5 ? 5.0
                                                  : 10.0));
    }
    return text.data;
}

/* The panels of the plot: a parameter each. */
static const char *panel_commands(const ProfileCall *profile, int count)
{
    Arena *arena = profile->call.cli->arena;
    const Fit *fit = profile->call.study->fit;
    Text text = text_new(arena);
    for (int i = 0; i < count; i++) {
        const Profile *shown = &profile->result.profiles[i];
        const FitParameter *one = &fit->parameters[shown->parameter];
        bool unit = one->unit[0] != '\0' && strcmp(one->unit, "1") != 0;
        const char *label = unit ? arena_format(arena, "%s (%s)", one->name, one->unit) : one->name;
        bool drawn = shown->count > 0;
        bool wide = drawn && spans_much(one, shown);
        text_format(&text, "    name = %s\n    set xlabel %s noenhanced offset 0, 0.5\n",
                    template_string(arena, one->name), template_string(arena, label));
        text_format(&text, "    %s logscale x\n", wide ? "set" : "unset");
        text_format(&text, "    set format x '%s'\n", wide ? "10^{%T}" : "%h");
        text_format(&text, "    set xtics %s\n", drawn ? tics_of(arena, one, shown, wide) : "1");
        text_string(&text,
                    "    plot 'profiles.csv' using (mine('value')):(quantile) with lines linestyle "
                    "2, \\\n        'profiles.csv' using (mine('value')):(column('parabola')) with "
                    "lines linestyle 3, \\\n        'profiles.csv' using "
                    "(mine('value')):(column('rise')) with linespoints linestyle 1\n");
    }
    return text.data;
}

static int write_figure(ProfileCall *profile)
{
    FitCall *call = &profile->call;
    Arena *arena = call->cli->arena;
    int count = profile->result.count < MOST_PANELS ? profile->result.count : MOST_PANELS;
    int columns = count < PANELS_ACROSS ? count : PANELS_ACROSS;
    if (count == 0) {
        return CLI_OK;
    }
    Text quantile = text_new(arena);
    text_number(&quantile, profile->result.quantile);
    const char *title = call->study->title[0] != '\0' ? call->study->title : call->study->name;
    const Placeholder own[] = {
        {"QUANTILE", quantile.data},
        {"COLUMNS", arena_format(arena, "%d", columns)},
        {"ROWS", arena_format(arena, "%d", (count + columns - 1) / columns)},
        {"PANELS", panel_commands(profile, count)},
    };
    FitScript script = {.template_name = "fit-profiles",
                        .stem = "profiles",
                        .title = title,
                        .own = own,
                        .own_count = (int)(sizeof own / sizeof own[0])};
    return fit_script_write(call, &script);
}

static int write_all(ProfileCall *profile, bool stopped)
{
    FitCall *call = &profile->call;
    int code = write_profiles(profile);
    code = code == CLI_OK ? write_intervals(profile) : code;
    if (code == CLI_OK) {
        code = fit_write_text(
            call, "fit.json",
            fit_json(call->study, &call->summary, cli_command_line(call->cli), call->cli->arena));
    }
    return code == CLI_OK && !stopped ? write_figure(profile) : code;
}

/* --- the command ---------------------------------------------------------------------------------
 */

static int give_up(const FitCall *call, FitStatus status, int error, const char *journal)
{
    if (status == FIT_REFUSED) {
        fit_complain_start(call);
        (void)unlink(journal);
        return CLI_FAILED;
    }
    if (status == FIT_STOPPED) {
        cli_complain("interrupted; --resume goes on");
        return interrupt_code();
    }
    cli_complain("cannot write '%s': %s", journal, strerror(error));
    return CLI_FILE;
}

static int finish(ProfileCall *profile, FitStatus status, int error, const char *journal)
{
    FitCall *call = &profile->call;
    Cli *cli = call->cli;
    if (status != FIT_DONE && status != FIT_STOPPED) {
        return give_up(call, status, error, journal);
    }
    int code = write_all(profile, status == FIT_STOPPED);
    if (status == FIT_STOPPED || interrupt_code() != 0) {
        cli_complain("interrupted; what is known is written; --resume goes on");
        return interrupt_code();
    }
    if (code != CLI_OK) {
        return code;
    }
    (void)unlink(journal);
    Text text = text_new(cli->arena);
    if (!option_given(&cli->arguments, "quiet")) {
        profile_print(call->study, &call->summary, &profile->result, &text);
    }
    cli_print(cli, &text);
    cli_say(cli, "wrote %s/: profiles.csv, intervals.csv, fit.json, profiles.gp", call->folder);
    return CLI_OK;
}

static int run_profile(Cli *cli)
{
    ProfileCall profile = {.call = {.cli = cli}};
    FitCall *call = &profile.call;
    int code = read_level(&profile);
    code = code == CLI_OK ? fit_call_open(call, "profile") : code;
    code = code == CLI_OK ? list_parameters(&profile) : code;
    if (code != CLI_OK) {
        return code;
    }
    const char *journal = file_join(cli->arena, call->folder, "profile.journal");
    code = fit_open_journal(call, journal);
    if (code != CLI_OK) {
        return code;
    }
    bool live = cli->terminal && !option_given(&cli->arguments, "quiet");
    FitOptions how = {.jobs = call->jobs,
                      .journal = call->journal,
                      .stop = interrupt_flag(),
                      .progress = live ? fit_show_line : NULL,
                      .context = call};
    interrupt_catch();
    FitStatus status = fit_run(call->study, &how, cli->arena, &call->result);
    int error = errno;
    if (status != FIT_DONE) {
        journal_close(call->journal);
        return give_up(call, status, error, journal);
    }
    fit_summary(call->study->fit, &call->result, cli->arena, &call->summary);
    fit_warn(call);
    how.progress = NULL;
    ProfilePlan plan = {profile.parameters, profile.count, profile.level};
    status = profile_run(call->study, &call->summary, &how, &plan, cli->arena, &profile.result);
    error = errno;
    journal_close(call->journal);
    return finish(&profile, status, error, journal);
}

const Command command_profile = {
    .name = "profile",
    .run = run_profile,
    .summary = "profile likelihoods: which parameters the data identify",
    .operands = "STUDY.cfg [OPTION]...",
    .operands_min = 1,
    .operands_max = 1,
    .examples = "  stroma profile params/fitting/oral.cfg             writes out/oral-profile/\n"
                "  stroma profile params/fitting/oral.cfg -p CL       the clearance only\n",
    .options = options,
};
