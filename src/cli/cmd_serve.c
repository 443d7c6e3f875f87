/* cmd_serve.c: `stroma serve`: answers requests on stdin until it ends, the study kept in memory.
 *
 * A line is read whole, answered, and the answer flushed before the next is looked at. Signals are
 * let through only while it waits or integrates, so none is lost between looking and waiting.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/interrupt.h"
#include "cli/places.h"
#include "cli/serve.h"
#include "cli/settings.h"

#include "base/number.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 16, LANES_MAX = 64, ANSWER_KEPT = 1 << 20 };

static const Option options[] = {
    {"set", OPTION_VALUE, 's', true, "PATH=VALUE", "change a number of the study; may be repeated"},
    {"gradient", OPTION_FLAG, 0, true, NULL, "derivatives too, by the parameters of each request"},
    {"objective", OPTION_FLAG, 0, true, NULL, "what stroma fit minimises, instead of outputs"},
    {"at-dose", OPTION_VALUE, 0, false, "WHICH", "what is seen at the time of a dose: pre or post"},
    {"lanes", OPTION_VALUE, 0, false, "N",
     "integrate up to N runs of a batch side by side (1 to 64)"},
    OPTION_QUIET,
    OPTION_HELP,
    OPTION_END,
};

/* The line that is being read. */
typedef struct {
    Arena *arena;
    char *bytes;
    size_t length, room;
    bool too_long; // its rest is thrown away
} Line;

static void line_add(Line *line, const char *bytes, size_t length)
{
    if (line->too_long || line->length + length > SERVE_LINE_MAX) {
        line->too_long = true;
        line->length = 0;
        return;
    }
    if (line->length + length > line->room) {
        size_t room = 2 * (line->length + length) + READ_BYTES;
        Arena *arena = arena_new();
        char *copy = arena_array(arena, room, 1);
        if (line->length > 0) {
            memcpy(copy, line->bytes, line->length);
        }
        arena_free(line->arena);
        line->arena = arena;
        line->bytes = copy;
        line->room = room;
    }
    if (length > 0) { // an empty first line has no bytes yet
        memcpy(line->bytes + line->length, bytes, length);
        line->length += length;
    }
}

/* False: stdout is gone, or a signal came. */
static bool answer_line(Cli *cli, Server *server, Line *line)
{
    Text text = text_new(server->line);
    ArenaMark mark = arena_mark(server->line);
    server->number++;
    if (line->too_long) {
        serve_refuse_long(server, &text);
    } else {
        serve_answer(server, line->bytes, line->length, &text);
    }
    if (!server->interrupted && text.length > 0) {
        cli_print(cli, &text);
        if (fflush(stdout) != 0 && cli->stdout_error == 0) {
            cli->stdout_error = errno;
        }
    }
    line->length = 0;
    line->too_long = false;
    arena_rewind(server->line, mark);
    if (arena_bytes(server->line) > ANSWER_KEPT) { // one huge line is no reason to keep its memory
        arena_free(server->line);
        server->line = arena_new();
    }
    return !server->interrupted && cli->stdout_error == 0;
}

/* Waits for bytes; a signal that came before or comes now ends the waiting. -1: errno. */
static ssize_t read_some(char *bytes, size_t room)
{
    struct pollfd wanted = {.fd = STDIN_FILENO, .events = POLLIN};
    sigset_t signals;
    sigset_t before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, &before);
    int ready = interrupt_code() != 0 ? -1 : ppoll(&wanted, 1, NULL, &before);
    int reason = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = reason;
    return interrupt_code() != 0 ? 0 : ready < 0 ? -1 : read(STDIN_FILENO, bytes, room);
}

static int serve(Cli *cli, Server *server)
{
    char *bytes = arena_array(cli->arena, READ_BYTES, 1);
    Line line = {.arena = arena_new()};
    bool going = true;
    while (going && interrupt_code() == 0) {
        ssize_t got = read_some(bytes, READ_BYTES);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (got < 0) {
            cli_complain("cannot read standard input: %s", strerror(errno));
            arena_free(line.arena);
            return CLI_FILE;
        }
        for (const char *at = bytes; going && at < bytes + got;) {
            const char *newline = memchr(at, '\n', (size_t)(bytes + got - at));
            const char *end = newline == NULL ? bytes + got : newline;
            line_add(&line, at, (size_t)(end - at));
            going = newline == NULL || answer_line(cli, server, &line);
            at = end + 1;
        }
        if (got == 0) { // the last line may lack its newline
            going = going && interrupt_code() == 0 && (line.length > 0 || line.too_long) &&
                    answer_line(cli, server, &line);
            break;
        }
    }
    arena_free(line.arena);
    return interrupt_code();
}

static bool read_lanes(const Cli *cli, int *lanes)
{
    const char *word = option_value(&cli->arguments, "lanes");
    double value = 0.0;
    size_t used = 0;
    if (word != NULL && (!number_read(word, strlen(word), &value, &used) || word[used] != '\0' ||
                         !(value >= 1 && value <= LANES_MAX) || value != floor(value))) {
        return false;
    }
    *lanes = (int)value;
    return true;
}

/* Options of the command line; an ExitCode, complained of. */
static int read_options(Cli *cli, ParamsOptions *params, int *lanes, AtDose *at_dose)
{
    const char *path = cli->arguments.operands[0];
    const char *bad = NULL;
    params->models = places_models(cli->arena);
    if (!settings_read(cli, params, &bad)) {
        return cli_misused(cli, "'--set %s' is not of the form path=value", bad);
    }
    if (!read_lanes(cli, lanes)) {
        return cli_misused(cli, "'--lanes %s' is not a whole number from 1 to %d",
                           option_value(&cli->arguments, "lanes"), LANES_MAX);
    }
    if (strcmp(path, "-") == 0) {
        return cli_misused(cli,
                           "the study cannot be read from standard input: requests come there");
    }
    params->at_dose = option_value(&cli->arguments, "at-dose"); // of the fit, if there is one
    int code = settings_at_dose(cli, false, at_dose);
    return code == CLI_OK ? cli_refuse_table(cli, path) : code;
}

static int run_serve(Cli *cli)
{
    const char *path = cli->arguments.operands[0];
    int lanes = 0;
    AtDose at_dose = AT_DOSE_POST;
    ParamsOptions params = params_options_default();
    int code = read_options(cli, &params, &lanes, &at_dose);
    if (code != CLI_OK) {
        return code;
    }
    if (!cli_readable(cli, path)) {
        return CLI_FILE;
    }
    Diag *diag = diag_new(cli->arena);
    const Study *study = params_read(cli->arena, path, &params, diag);
    cli_print_diag(cli, diag);
    if (study == NULL) {
        return CLI_DATA;
    }
    bool alone = study->population == NULL && study->data == NULL;
    bool objective = option_given(&cli->arguments, "objective");
    if (objective && study->fit == NULL) {
        return cli_misused(cli, "'%s' has no group 'fit', so there is no objective", path);
    }
    if (!alone && study->fit == NULL) {
        return cli_misused(cli, "'%s' has %s: one subject an arm can be served", path,
                           study->data != NULL ? "a data file" : "a population");
    }
    interrupt_catch();
    Server server = {.arena = cli->arena,
                     .line = arena_new(),
                     .study = study,
                     .caller = alone ? caller_open(study, NULL, lanes, interrupt_flag()) : NULL,
                     .stop = interrupt_flag(),
                     .wants_objective = objective,
                     .gradient = option_given(&cli->arguments, "gradient")};
    code = CLI_BUG;
    if (server.caller != NULL) {
        caller_at_dose(server.caller, at_dose);
    }
    if (server.caller != NULL || !alone) {
        cli_say(cli, "'%s' is ready: %d arm%s, %d output time%s", path, study->arm_count,
                study->arm_count == 1 ? "" : "s", study->time_count,
                study->time_count == 1 ? "" : "s");
        code = serve(cli, &server);
    }
    caller_close(server.caller);
    objective_close(server.objective);
    arena_free(server.line);
    return code;
}

const Command command_serve = {
    .name = "serve",
    .run = run_serve,
    .summary = "keep a study in memory and answer requests on stdin",
    .operands = "STUDY.cfg [OPTION]...",
    .operands_min = 1,
    .operands_max = 1,
    .examples = "  stroma serve params/pk/pk1_oral.cfg < requests.jsonl\n"
                "  echo '{\"id\": 1, \"parameters\": {\"CL\": 0.2}}' | stroma serve study.cfg -q\n"
                "  printf 'CL,V\\n0.2,12\\n' | stroma serve study.cfg -q --gradient\n",
    .options = options,
};
