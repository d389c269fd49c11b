/* SPDX-License-Identifier: Apache-2.0 */
/* XXH64: four lanes over stripes of 32 bytes, merged, then the rest in words and bytes. Little-endian. */
#include "checksum.h"

#include <string.h>

#define PRIME_1 0x9E3779B185EBCA87ULL
#define PRIME_2 0xC2B2AE3D27D4EB4FULL
#define PRIME_3 0x165667B19E3779F9ULL
#define PRIME_4 0x85EBCA77C2B2AE63ULL
#define PRIME_5 0x27D4EB2F165667C5ULL
#define STRIPE_BYTES 32

static uint64_t rotate(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static uint64_t word_at(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static uint64_t mix_word(uint64_t lane, uint64_t word)
{
	return rotate(lane + word * PRIME_2, 31) * PRIME_1;
}

static void mix_stripes(uint64_t lanes[4], const uint8_t *at, size_t n_stripes)
{
	uint64_t a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3];

	for (; n_stripes; n_stripes--, at += STRIPE_BYTES) {
		a = mix_word(a, word_at(at));
		b = mix_word(b, word_at(at + 8));
		c = mix_word(c, word_at(at + 16));
		d = mix_word(d, word_at(at + 24));
	}
	lanes[0] = a;
	lanes[1] = b;
	lanes[2] = c;
	lanes[3] = d;
}

void hs_checksum_start(struct hs_checksum_state *state)
{
	*state = (struct hs_checksum_state){ .lanes = { PRIME_1 + PRIME_2, PRIME_2, 0, 0 - PRIME_1 } };
}

void hs_checksum_add(struct hs_checksum_state *state, const void *data, size_t bytes)
{
	const uint8_t *at = data;
	size_t n_pending = state->n_bytes % STRIPE_BYTES;

	state->n_bytes += bytes;
	if (n_pending) {
		size_t n = bytes < STRIPE_BYTES - n_pending ? bytes : STRIPE_BYTES - n_pending;
		memcpy(state->pending + n_pending, at, n);
		at += n;
		bytes -= n;
		if (n_pending + n < STRIPE_BYTES)
			return;
		mix_stripes(state->lanes, state->pending, 1);
	}
	mix_stripes(state->lanes, at, bytes / STRIPE_BYTES);
	if (bytes % STRIPE_BYTES)
		memcpy(state->pending, at + bytes / STRIPE_BYTES * STRIPE_BYTES, bytes % STRIPE_BYTES);
}

static uint64_t merge_lanes(const uint64_t lanes[4])
{
	uint64_t hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);

	for (int i = 0; i < 4; i++)
		hash = (hash ^ mix_word(0, lanes[i])) * PRIME_1 + PRIME_4;
	return hash;
}

static uint64_t mix_rest(uint64_t hash, const uint8_t *at, size_t n)
{
	for (; n >= 8; n -= 8, at += 8)
		hash = rotate(hash ^ mix_word(0, word_at(at)), 27) * PRIME_1 + PRIME_4;
	if (n >= 4) {
		uint32_t half;
		memcpy(&half, at, sizeof(half));
		hash = rotate(hash ^ half * PRIME_1, 23) * PRIME_2 + PRIME_3;
		at += 4;
		n -= 4;
	}
	for (; n; n--, at++)
		hash = rotate(hash ^ *at * PRIME_5, 11) * PRIME_1;
	return hash;
}

uint64_t hs_checksum_end(const struct hs_checksum_state *state)
{
	uint64_t hash = state->n_bytes >= STRIPE_BYTES ? merge_lanes(state->lanes) : PRIME_5;

	hash = mix_rest(hash + state->n_bytes, state->pending, state->n_bytes % STRIPE_BYTES);
	hash = (hash ^ hash >> 33) * PRIME_2;
	hash = (hash ^ hash >> 29) * PRIME_3;
	return hash ^ hash >> 32;
}

uint64_t hs_checksum(const void *data, size_t bytes)
{
	struct hs_checksum_state state;

	hs_checksum_start(&state);
	hs_checksum_add(&state, data, bytes);
	return hs_checksum_end(&state);
}
