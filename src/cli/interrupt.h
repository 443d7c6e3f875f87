/* interrupt.h: a polite end when the user presses Ctrl-C.
 *
 * After interrupt_catch, SIGINT, SIGTERM and SIGHUP set a flag that the integration polls. This
 * flag is the one variable of the program outside all objects: a signal handler has no other way to
 * speak.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_INTERRUPT_H
#define STROMA_CLI_INTERRUPT_H

#include <stdbool.h>

/* SIGPIPE is ignored (a closed stdout becomes an error of writing), an assert that fails ends with
 * the exit code of our own faults. Called first by main. */
void interrupt_prepare(void);

/* From now on the signals only set the flag. */
void interrupt_catch(void);

/* The flag, to be polled: 0, or the number of the signal. */
/* The same, but a second signal (later than an echo of the first) ends the program at once: for
 * work that can be resumed. */
void interrupt_catch_once(void);
const volatile int *interrupt_flag(void);

/* Exit code for the signal that came: 130 for SIGINT, 0 if none came. */
int interrupt_code(void);

#endif
