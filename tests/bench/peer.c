/* peer.c: starts a peer and talks to it (see peer.h).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/peer.h"

#include "base/number.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

bool peer_open(Peer *peer, char *const *words)
{
    int to[2];
    int from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) {
        return false;
    }
    peer->process = fork();
    if (peer->process < 0) {
        return false;
    }
    if (peer->process == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        execvp(words[0], words);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    peer->orders = fdopen(to[1], "w");
    peer->answers = fdopen(from[0], "r");
    return peer->orders != NULL && peer->answers != NULL;
}

double peer_run(Peer *peer, Order order)
{
    char answer[256];
    double seconds = -1;
    size_t used = 0;
    if (peer->process <= 0) {
        return -1;
    }
    fprintf(peer->orders, "run %s %.17g %.17g %d %d%s%s\n", order.tool, order.rtol,
            order.atol_factor, order.first, order.count, order.file != NULL ? " " : "",
            order.file != NULL ? order.file : "");
    if (fflush(peer->orders) != 0 || fgets(answer, sizeof answer, peer->answers) == NULL ||
        !number_read(answer, strlen(answer), &seconds, &used)) {
        return -1;
    }
    return seconds;
}

void peer_close(Peer *peer)
{
    if (peer->process <= 0) {
        return;
    }
    fclose(peer->orders);
    fclose(peer->answers);
    waitpid(peer->process, NULL, 0);
    *peer = (Peer){0};
}
