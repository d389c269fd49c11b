/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few bits of what an object is made of, to tell later whether the object that stands at an address is the one that stood there: not
 * its reference count, its GC head or its cached hash, but its value, or what it refers to.
 *
 *     value    str, bytes, int, float, tuples: a hash of what they are worth          | 29 bits              | form 2 | common 1 |
 *     parts    all others: three hashes, each of every third thing that it has        | 9 | 9 | 9 | -- 2 --  | form 2 | common 1 |
 *     blank    nothing to go by: object(), an empty list                              | hash of the type     | form 2 | common 1 |
 *
 * Objects remade with equal values at the same address cannot be told from the ones before.
 */
#ifndef HS_FINGERPRINT_H
#define HS_FINGERPRINT_H

#include "process_heap.h"

/* 0: no object. */
typedef uint32_t hs_fingerprint;

enum hs_lived {
	HS_LIVED_NOT,     /* it is another object, or has changed altogether */
	HS_LIVED,
	HS_LIVED_UNKNOWN, /* the same to look at, but so would another be */
};

/* What fingerprints are taken with. Borrows the heap. */
struct hs_fingerprints {
	const struct hs_cpython *py;
	struct hs_types *types;
	hs_addr str, bytes, int_, float_; /* type objects; 0: the heap has no instance */
	bool is_redacted; /* what objects are worth is blanked: they are known by where their parts stand, and simple values by nothing */
};

struct hs_fingerprints hs_fingerprints_of(const struct hs_process_heap *heap);

/* Thread-safe. Looks at a dozen of the object's references at most. */
hs_fingerprint hs_fingerprint_take(const struct hs_fingerprints *fingerprints, const struct hs_object *object);
/* The same object as `fingerprint`, of which there are many alike: that it looks the same proves nothing. */
hs_fingerprint hs_fingerprint_common(hs_fingerprint fingerprint);

enum hs_lived hs_fingerprint_compare(hs_fingerprint then, hs_fingerprint now);

/* Mixes 64 bits well: the finalizer of splitmix64. */
static inline uint64_t hs_mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

#endif
