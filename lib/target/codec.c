/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing the parts of a record. Knows no record. */
#include "codec.h"

#include <stdlib.h>
#include <string.h>

#include "bits.h"
#include "cleanup.h"

static void fail(struct hs_codec *codec, enum hs_codec_failure failure)
{
	if (!codec->failure)
		codec->failure = failure;
}

/* The next `bytes` to be read, or NULL. */
static const uint8_t *take(struct hs_codec *codec, size_t bytes)
{
	const uint8_t *at = codec->at;

	if (codec->failure)
		return NULL;
	if (bytes > (size_t)(codec->end - at)) {
		fail(codec, HS_CODEC_BAD);
		return NULL;
	}
	codec->at += bytes;
	return at;
}

void hs_codec_raw(struct hs_codec *codec, void *value, size_t bytes)
{
	if (codec->failure || !bytes)
		return;
	if (codec->out) {
		if (!hs_bytes_append(codec->out, value, bytes))
			fail(codec, HS_CODEC_NO_MEMORY);
		return;
	}
	const uint8_t *at = take(codec, bytes);
	if (at)
		memcpy(value, at, bytes);
}

void hs_codec_u64(struct hs_codec *codec, uint64_t *value)
{
	hs_codec_raw(codec, value, sizeof(*value));
}

void hs_codec_u32(struct hs_codec *codec, uint32_t *value)
{
	hs_codec_raw(codec, value, sizeof(*value));
}

void hs_codec_flag(struct hs_codec *codec, bool *value)
{
	uint32_t number = *value;

	hs_codec_u32(codec, &number);
	if (number > 1)
		fail(codec, HS_CODEC_BAD);
	else if (!codec->out)
		*value = number;
}

void hs_codec_count(struct hs_codec *codec, size_t *n, size_t min_bytes)
{
	uint64_t number = *n;

	hs_codec_u64(codec, &number);
	if (codec->failure || codec->out)
		return;
	if (number > (size_t)(codec->end - codec->at) / min_bytes)
		fail(codec, HS_CODEC_BAD);
	else
		*n = number;
}

void hs_codec_string(struct hs_codec *codec, char **value)
{
	size_t bytes = codec->out && *value ? strlen(*value) : 0;

	hs_codec_count(codec, &bytes, 1);
	if (codec->out) {
		hs_codec_raw(codec, *value, bytes);
		return;
	}
	const uint8_t *at = take(codec, bytes);
	if (!at)
		return;
	if (memchr(at, '\0', bytes)) {
		fail(codec, HS_CODEC_BAD);
		return;
	}
	*value = strndup((const char *)at, bytes);
	if (!*value)
		fail(codec, HS_CODEC_NO_MEMORY);
}

void hs_codec_text(struct hs_codec *codec, char *value, size_t bytes)
{
	HS_FREE char *text = NULL;

	if (codec->out) {
		hs_codec_string(codec, &value);
		return;
	}
	hs_codec_string(codec, &text);
	if (codec->failure)
		return;
	if (strlen(text) >= bytes)
		fail(codec, HS_CODEC_BAD);
	else
		strcpy(value, text);
}

/* The lengths of runs of clear and set bits in turn, clear ones first. Longer runs than a number holds are not met: see the callers. */
static void write_bits(struct hs_codec *codec, const uint64_t *bits, size_t n_bits)
{
	bool is_set = false;

	for (size_t bit = 0; bit < n_bits; is_set = !is_set) {
		size_t end = hs_bits_next(bits, bit, n_bits, !is_set);
		uint32_t run = (uint32_t)(end - bit);
		hs_codec_u32(codec, &run);
		bit = end;
	}
}

static void read_bits(struct hs_codec *codec, uint64_t *bits, size_t n_bits)
{
	bool is_set = false;

	for (size_t bit = 0; bit < n_bits && !codec->failure; is_set = !is_set) {
		uint32_t run = 0;
		hs_codec_u32(codec, &run);
		/* only the first may be empty: no list of runs is longer than its bits */
		if (run > n_bits - bit || (!run && bit)) {
			fail(codec, HS_CODEC_BAD);
			return;
		}
		if (is_set)
			hs_bits_set(bits, bit, bit + run);
		bit += run;
	}
}

void hs_codec_bits(struct hs_codec *codec, uint64_t **bits, size_t n_bits)
{
	bool has_bits = *bits;

	hs_codec_flag(codec, &has_bits);
	if (codec->failure || !has_bits)
		return;
	if (codec->out) {
		write_bits(codec, *bits, n_bits);
		return;
	}
	*bits = calloc(hs_bits_words(n_bits) + 1, sizeof(**bits));
	if (*bits)
		read_bits(codec, *bits, n_bits);
	else
		fail(codec, HS_CODEC_NO_MEMORY);
}
