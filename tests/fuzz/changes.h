/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An input as changes to a process made by hand: 12 bytes each (which place, how, where in it, the word), made and taken back.
 */
#ifndef CHANGES_H
#define CHANGES_H

#include "fake_heap.h"

#define CHANGE_BYTES 12
#define MAX_CHANGES 32

/* What may be changed: 16 bytes or more. */
struct place {
	hs_addr start;
	uint32_t bytes;
};

struct change {
	uint8_t *at;
	uint64_t before;
};

/* Makes the changes that `data` tells, MAX_CHANGES at most; how many, with what was there before. */
size_t changes_apply(const struct fake_heap *fake, const struct place *places, unsigned n_places, const uint8_t *data, size_t bytes,
		     struct change *ret);
/* Takes the first `n` back, the last one first. */
void changes_undo(const struct change *changes, size_t n);

#endif
