/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"

static char *read_file(const char *path)
{
	HS_FCLOSE FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 16);

	if (file && text)
		text[fread(text, 1, (1 << 16) - 1, file)] = '\0';
	return text;
}

void golden_open(struct golden_stream *stream)
{
	*stream = (struct golden_stream){ 0 };
	stream->out = open_memstream(&stream->text, &stream->bytes);
	assert_non_null(stream->out);
}

char *golden_close(struct golden_stream *stream)
{
	assert_int_equal(fclose(stream->out), 0);
	return stream->text;
}

void golden_check(const char *name, const char *text)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, name);
	if (getenv("HEAPSPY_GOLDEN_UPDATE")) {
		HS_FCLOSE FILE *file = fopen(path, "w");
		assert_non_null(file);
		fputs(text, file);
		return;
	}
	HS_FREE char *expected = read_file(path);
	assert_non_null(expected);
	if (strcmp(expected, text))
		fail_msg("differs from %s; expected:\n%s\ngot:\n%s", path, expected, text);
}
