/* interrupt.c: see interrupt.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/interrupt.h"

#include "cli/cli.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

static volatile int caught;

static void remember(int signal_number)
{
    caught = signal_number;
}

/* A second signal ends the program at once, but for an echo of the first: timeout(1) and the like
 * signal the program and then its whole group. Only calls that are allowed inside a handler. */
static void remember_once(int signal_number)
{
    static struct timespec first;
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (caught == 0) {
        first = now;
        caught = signal_number;
        return;
    }
    long milliseconds =
        (now.tv_sec - first.tv_sec) * 1000 + (now.tv_nsec - first.tv_nsec) / 1000000;
    if (milliseconds > 200) {
        (void)signal(signal_number, SIG_DFL);
        (void)raise(signal_number);
    }
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
    handle(SIGINT, remember_once);
    handle(SIGTERM, remember_once);
    handle(SIGHUP, remember_once);
}

const volatile int *interrupt_flag(void)
{
    return &caught;
}

int interrupt_code(void)
{
    return caught == 0 ? 0 : 128 + caught;
}
