/* SPDX-License-Identifier: Apache-2.0 */
/* Following a linked list of the target's, which may run in a circle: noticed with the memory of one address (Brent). */
#ifndef HS_CHAIN_H
#define HS_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "address.h"

/* Zero it before use. */
struct hs_chain_guard {
	hs_addr passed;
	uint64_t n_since, n_until_next;
};

/* To be asked at every link. True once the chain has come back to a link that it passed, at most three rounds late. */
static inline bool hs_chain_repeats(struct hs_chain_guard *guard, hs_addr link)
{
	if (link == guard->passed)
		return true;
	if (guard->n_since++ == guard->n_until_next) {
		guard->passed = link;
		guard->n_until_next = guard->n_until_next * 2 + 1;
		guard->n_since = 0;
	}
	return false;
}

#endif
