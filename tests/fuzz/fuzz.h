/* fuzz.h: what a fuzz target offers. libFuzzer calls it with text that it makes up; the driver
 * replay.c calls it with the files of a corpus, in ordinary ctest.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TESTS_FUZZ_H
#define STROMA_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
