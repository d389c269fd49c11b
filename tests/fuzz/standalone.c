/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target without libFuzzer: a fixed number of mutations of each seed file, the same in every run. It keeps the
 * targets building and finds the shallow bugs; the search for deep ones is libFuzzer's (HEAPSPY_FUZZ).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#ifndef N_MUTATIONS /* of each seed; targets that are slow have fewer */
#define N_MUTATIONS 20000
#endif
#define MAX_BYTES 65536

static uint64_t state = 0x9e3779b97f4a7c15;

static size_t random_below(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return n ? (size_t)(state % n) : 0;
}

/* Changes, removes, repeats or cuts; returns the new length. */
static size_t mutate(uint8_t *data, size_t bytes)
{
	size_t at = random_below(bytes), n = random_below(bytes - at < 32 ? bytes - at : 32);

	switch (random_below(5)) {
	case 0:
		if (bytes)
			data[at] ^= (uint8_t)(1u << random_below(8));
		return bytes;
	case 1:
		if (bytes)
			data[at] = (uint8_t)random_below(256);
		return bytes;
	case 2:
		memmove(data + at, data + at + n, bytes - at - n);
		return bytes - n;
	case 3:
		if (bytes + n > MAX_BYTES)
			return bytes;
		memmove(data + at + n, data + at, bytes - at);
		return bytes + n;
	default:
		return random_below(8) ? bytes : at;
	}
}

static void run_mutations(const uint8_t *seed, size_t seed_bytes)
{
	static uint8_t data[MAX_BYTES];

	for (int round = 0; round < N_MUTATIONS; round++) {
		size_t bytes = seed_bytes;
		memcpy(data, seed, seed_bytes);
		for (size_t n = random_below(8); n > 0; n--)
			bytes = mutate(data, bytes);
		/* A copy of its own length, so that a sanitizer sees a read past the end. */
		uint8_t *copy = malloc(bytes ? bytes : 1);
		if (!copy)
			abort();
		memcpy(copy, data, bytes);
		LLVMFuzzerTestOneInput(copy, bytes);
		free(copy);
	}
}

int main(int argc, char **argv)
{
	static uint8_t seed[MAX_BYTES];

	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		if (!file) {
			perror(argv[i]);
			return 1;
		}
		size_t bytes = fread(seed, 1, sizeof(seed), file);
		fclose(file);
		run_mutations(seed, bytes);
	}
	return argc > 1 ? 0 : 1;
}
