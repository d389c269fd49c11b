/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XXH64 with seed 0, as its specification has it (`xxhsum -H1` prints the same): finds damage, not forgery. Faster than
 * memory is read, without instructions that some machines lack.
 */
#ifndef HS_CHECKSUM_H
#define HS_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint64_t hs_checksum(const void *data, size_t bytes);

/* The same over pieces: zero it with hs_checksum_start(), add, read. Any number of bytes at a time. */
struct hs_checksum_state {
	uint64_t lanes[4];
	uint8_t pending[32]; /* of a stripe that is not whole yet */
	uint64_t n_bytes;    /* so far */
};
void hs_checksum_start(struct hs_checksum_state *state);
void hs_checksum_add(struct hs_checksum_state *state, const void *data, size_t bytes);
uint64_t hs_checksum_end(const struct hs_checksum_state *state);

#endif
