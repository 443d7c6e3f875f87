# fit.R: optim (L-BFGS-B) around `stroma serve`, with the exact gradient of the objective. Base R only.
#
# The server reads from a pipe that R writes, and answers into a fifo that R reads: one line of CSV each way.
#   Rscript fit.R
# SPDX-License-Identifier: GPL-3.0-or-later

stroma <- Sys.getenv("STROMA", "stroma")
study <- Sys.getenv("STUDY", "pkpd.cfg")
names <- c("CL", "V", "k_out", "IC50")
if (Sys.which(stroma) == "") stop("there is no program '", stroma, "'; STROMA=/path/to/stroma names it", call. = FALSE)
if (!file.exists(study)) stop("there is no '", study, "' here: run it in its folder, or name it by STUDY", call. = FALSE)

answers <- tempfile("answers")
stopifnot(system2("mkfifo", answers) == 0)
# A search stops in the noise of its objective, so the tolerance of the integration is smaller than that of a plot.
options <- "--quiet --objective --gradient --set solver.rtol=1e-8 --set solver.atol=1e-10"
requests <- pipe(paste(shQuote(stroma), "serve", shQuote(study), options, ">", shQuote(answers)), "w")
replies <- fifo(answers, "r", blocking = TRUE)

ask <- function(line) {
    writeLines(line, requests)
    flush(requests)
    readLines(replies, 1)
}
columns <- strsplit(ask(paste(names, collapse = ",")), ",")[[1]]
slopes <- match(sprintf("d(objective)/d(%s)", names), columns)
stopifnot(!anyNA(slopes))

# The last point asked for: optim wants the value and the gradient one after the other.
last <- list(at = NULL)
look <- function(s) {
    if (!identical(last$at, s)) {
        cells <- strsplit(ask(paste(format(exp(s), digits = 17), collapse = ",")), ",")[[1]]
        good <- cells[2] == "done"
        last <<- list(at = s,
                      value = if (good) as.numeric(cells[3]) else 1e10, # a failure is never a perfect fit
                      slope = if (good) as.numeric(cells[slopes]) * exp(s) else 0 * s)
    }
    last
}

start <- sapply(names, function(name)
    as.numeric(system2(stroma, c("params", "get", shQuote(study), name, "--bare", "--model-units"), stdout = TRUE)))
found <- optim(log(start), function(s) look(s)$value, function(s) look(s)$slope, method = "L-BFGS-B",
               control = list(factr = 1e4))
close(requests)
close(replies)
unlink(answers)
cat(sprintf("%s %.6g\n", names, exp(found$par)), sep = "")
cat(sprintf("objective %.6f after %d calls\n", found$value, found$counts[[1]]))
