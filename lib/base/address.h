/* SPDX-License-Identifier: Apache-2.0 */
/* The type of an address in the target: never a pointer of ours, never to be dereferenced. */
#ifndef HS_ADDRESS_H
#define HS_ADDRESS_H

#include <inttypes.h>
#include <stdint.h>

typedef uint64_t hs_addr;

/* Format of an hs_addr in messages: "0x" HS_PRI_ADDR. */
#define HS_PRI_ADDR PRIx64

/* For qsort() and bsearch() of arrays of hs_addr, or of what begins with one. */
static inline int hs_address_compare(const void *a, const void *b)
{
	hs_addr left = *(const hs_addr *)a, right = *(const hs_addr *)b;

	return left < right ? -1 : left > right;
}

#endif
