/* peer.h: a tool in a process of its own that takes orders on a pipe.
 *
 * A peer reads "run TOOL RTOL FACTOR FIRST COUNT [FILE]" and answers with the CPU seconds of the
 * integrations alone, so neither its start nor reading and writing counts.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_BENCH_PEER_H
#define STROMA_BENCH_PEER_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

typedef struct {
    pid_t process;
    FILE *orders, *answers;
} Peer;

typedef struct {
    const char *tool;
    double rtol, atol_factor;
    int first, count;
    const char *file; // for the results, or NULL
} Order;

/* words: program and arguments, NULL at the end. */
bool peer_open(Peer *peer, char *const *words);
/* CPU seconds, or a negative number if the peer is gone. */
double peer_run(Peer *peer, Order order);
void peer_close(Peer *peer);

#endif
