/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Little-endian numbers, strings, counts and bit sets of a record, written and read by the same calls, so that both sides of
 * a format are one function. What is read is hostile: nothing is read beyond the end, nothing is allocated that the bytes
 * at hand could not hold. After the first failure everything does nothing. Private to lib/target.
 */
#ifndef HS_CODEC_H
#define HS_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "array.h"
#include "bytes.h"
#include "error.h"

enum hs_codec_failure {
	HS_CODEC_OK,
	HS_CODEC_BAD, /* too short, or a value that cannot be */
	HS_CODEC_NO_MEMORY,
};

struct hs_codec {
	struct hs_bytes *out;    /* writing: appended to; NULL: reading */
	const uint8_t *at, *end; /* reading: what is left */
	enum hs_codec_failure failure;
};

/* Each writes *value, or reads it; what is read stays as it was after a failure. */
void hs_codec_u64(struct hs_codec *codec, uint64_t *value);
void hs_codec_u32(struct hs_codec *codec, uint32_t *value);
void hs_codec_flag(struct hs_codec *codec, bool *value);
void hs_codec_raw(struct hs_codec *codec, void *value, size_t bytes);
/* Owned by the caller when read, and never NULL then; NULL is written as "". */
void hs_codec_string(struct hs_codec *codec, char **value);
/* In an array of `bytes` bytes; a longer string is bad. */
void hs_codec_text(struct hs_codec *codec, char *value, size_t bytes);
/* Runs of bits: allocated when read; NULL stays NULL. */
void hs_codec_bits(struct hs_codec *codec, uint64_t **bits, size_t n_bits);
/* A count of elements that take `min_bytes` each at least. */
void hs_codec_count(struct hs_codec *codec, size_t *n, size_t min_bytes);

/* The number of an array's elements; when it is read, as many zeroed ones are made. */
#define hs_codec_items(codec, array, min_bytes)                                                                       \
	do {                                                                                                          \
		size_t hs_n_items = (array)->n;                                                                       \
		hs_codec_count((codec), &hs_n_items, (min_bytes));                                                    \
		if ((codec)->out || (codec)->failure || !hs_n_items)                                                  \
			break;                                                                                        \
		if (!hs_array_reserve((array), hs_n_items)) {                                                         \
			(codec)->failure = HS_CODEC_NO_MEMORY;                                                        \
			break;                                                                                        \
		}                                                                                                     \
		memset((array)->items, 0, hs_n_items * sizeof(*(array)->items));                                      \
		(array)->n = hs_n_items;                                                                              \
	} while (0)

#endif
