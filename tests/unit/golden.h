/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing a text with a file in tests/unit/golden/. After an intended change, HEAPSPY_GOLDEN_UPDATE=1 writes the files
 * anew; the difference is then reviewed like code.
 */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <stdio.h>

/* Collects what a renderer writes to `out`. */
struct golden_stream {
	FILE *out;
	char *text;
	size_t bytes;
};

void golden_open(struct golden_stream *stream);
/* What was written, as a string that the caller frees. */
char *golden_close(struct golden_stream *stream);

/* Fails the cmocka test when `text` is not the content of golden/`name`. */
void golden_check(const char *name, const char *text);

#endif
