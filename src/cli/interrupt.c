/* interrupt.c: see interrupt.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/interrupt.h"

#include "cli/cli.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile int caught;

static void remember(int signal_number)
{
    caught = signal_number;
}

/* Only calls that are allowed inside a signal handler. */
static void confess(int signal_number)
{
    static const char words[] =
        "stroma: this is a fault of stroma itself, not of your files; please "
        "report it with the command and the files\n";
    (void)signal_number;
    (void)!write(STDERR_FILENO, words, sizeof words - 1);
    _exit(CLI_BUG);
}

static void handle_with(int signal_number, void (*handler)(int), int flags)
{
    struct sigaction action = {0};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART | flags;
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}

static void handle(int signal_number, void (*handler)(int))
{
    handle_with(signal_number, handler, 0);
}

void interrupt_prepare(void)
{
    handle(SIGPIPE, SIG_IGN);
    handle(SIGXFSZ, SIG_IGN); // a limit of file size is an error of write, as a full disk is
    handle(SIGABRT, confess);
}

void interrupt_catch(void)
{
    handle(SIGINT, remember);
    handle(SIGTERM, remember);
    handle(SIGHUP, remember);
}

void interrupt_catch_once(void)
{
    handle_with(SIGINT, remember, (int)SA_RESETHAND);
    handle_with(SIGTERM, remember, (int)SA_RESETHAND);
    handle_with(SIGHUP, remember, (int)SA_RESETHAND);
}

const volatile int *interrupt_flag(void)
{
    return &caught;
}

int interrupt_code(void)
{
    return caught == 0 ? 0 : 128 + caught;
}
