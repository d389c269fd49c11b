/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of one moment when its image is gone: the census, the containers with their lengths, proof of which objects stood where,
 * the memory figures. A sample points into nothing: neither capture, nor heap, nor layout.
 *
 *     S1 ─── S2 ─────── S3      S3's heap and graph are there when S1 and S2 are asked
 */
#ifndef HS_SAMPLE_H
#define HS_SAMPLE_H

#include <time.h>

#include "array.h"
#include "capture.h"
#include "census.h"
#include "fingerprint.h"
#include "memory.h"
#include "process_heap.h"

/* All types of one name, as in the census. */
struct hs_sample_type {
	char *name; /* owned; the target's bytes: escape before printing */
	uint64_t count;
	uint64_t bytes;
	uint64_t gc_tracked;
};

#define HS_SKETCH_HASHES 8
#define HS_SKETCH_UNUSED UINT32_MAX

/*
 * Something whose length can change: list, dict (of those whose keys their class shares the long ones alone), set, deque, OrderedDict, bytearray, array.array,
 * BytesIO, StringIO, SimpleQueue (3.13+; before, it is its list), subclasses of these included.
 */
struct hs_sample_container {
	hs_addr address; /* first: see hs_address_compare() */
	hs_addr type; /* its type object */
	uint64_t length;
	uint64_t bytes; /* its own block and its storage */
	/*
	 * The smallest hashes of its items' addresses (dict: of its keys'), ascending, and for each the item's fingerprint. Unused ones
	 * stand at the end. A container of raw bytes has none.
	 */
	uint32_t hashes[HS_SKETCH_HASHES];
	hs_fingerprint proofs[HS_SKETCH_HASHES];
};

HS_ARRAY_TYPE(hs_sample_types, struct hs_sample_type);
HS_ARRAY_TYPE(hs_sample_containers, struct hs_sample_container);

/* Which process it is: any difference ends a series. */
struct hs_sample_identity {
	pid_t pid;
	uint64_t start_time; /* clock ticks since boot */
	uint64_t exec_id;    /* as of the process; 0: unknown */
	uint32_t device_major, device_minor;
	uint64_t inode;      /* of the binary that holds the runtime; 0: unknown */
	hs_addr runtime;
};

struct hs_identities;

struct hs_sample {
	struct hs_sample_identity identity;
	uint64_t time_ns;  /* CLOCK_MONOTONIC, in the middle of the stop */
	time_t utc;
	uint64_t pause_ns; /* of all its stops */
	uint64_t rss_bytes;
	uint64_t python_bytes; /* pymalloc blocks and malloc chunks in use by Python */
	bool was_stopped;  /* by job control, when it was taken: what does not run does not grow */
	bool has_memory;
	struct hs_memory memory;
	uint64_t n_objects;
	bool is_complete;  /* as the census */
	struct hs_sample_types types;           /* by name */
	struct hs_sample_containers containers; /* by address; those of at least `min_length` items */
	uint64_t min_length;
	struct hs_identities *identities;       /* NULL: not kept */
};

struct hs_sample_options {
	size_t max_container_bytes; /* `min_length` is raised until the containers fit; 0: 2 MiB for each million objects, a MiB at least */
	bool wants_identities;
};

/*
 * Keeps types, containers and identities of an open heap, with as many threads as that was opened with; the result does not depend on how
 * many. The rest of the sample is 0. The caller owns *ret. Errors: NO_MEMORY.
 */
struct hs_error *hs_sample_take(const struct hs_process_heap *heap, const struct hs_census *census, const struct hs_sample_options *options,
				struct hs_sample **ret) HS_MUST_CHECK;
/* Adds what the capture knows: identity, time, pause, and, when it was taken with `wants_uses`, the memory figures. Errors: NO_MEMORY. */
struct hs_error *hs_sample_describe(struct hs_sample *sample, const struct hs_capture *capture, const struct hs_layout *layout,
				    const struct hs_process_heap *heap) HS_MUST_CHECK;
/* NULL is legal. */
void hs_sample_destroy(struct hs_sample *sample);
/* Gives the identities back: for samples that are no more the oldest or the newest. */
void hs_sample_drop_identities(struct hs_sample *sample);
/* What they take; 0: they were not kept. */
size_t hs_sample_identity_bytes(const struct hs_sample *sample);

/* Keeps the longest containers, as many as take `max_bytes`; `min_length` is raised. */
void hs_sample_shrink(struct hs_sample *sample, size_t max_bytes);

bool hs_sample_is_same_process(const struct hs_sample *a, const struct hs_sample *b);

/* NULL: none of that name; no container of `min_length` items there. Logarithmic. */
const struct hs_sample_type *hs_sample_type_named(const struct hs_sample *sample, const char *name);
const struct hs_sample_container *hs_sample_container_at(const struct hs_sample *sample, hs_addr address);

/*
 * Whether the object that stands at `address` now stood there at the sample's time, as far as its words prove it: `now` is its
 * fingerprint. NOT: for objects that changed, too. UNKNOWN without identities.
 */
enum hs_lived hs_sample_has_lived(const struct hs_sample *sample, hs_addr address, hs_fingerprint now);
/*
 * The same of an object of the open heap that `fingerprints` are of, `now` being its own. A container that kept four fifths of its items has
 * lived, whatever its words say. Thread-safe.
 */
enum hs_lived hs_sample_has_lived_object(const struct hs_sample *sample, const struct hs_fingerprints *fingerprints, const struct hs_object *object,
					 hs_fingerprint now);
/*
 * The same for every object of a heap: ret[place] of hs_heap_place_count() bytes, an enum hs_lived each; places without an object are left
 * alone. In linear time, with threads.
 */
struct hs_error *hs_sample_mark_lived(const struct hs_sample *sample, const struct hs_process_heap *heap, uint8_t *ret) HS_MUST_CHECK;
/*
 * In the same form, those that came after `first` and stayed until after `before`, which is later: HS_LIVED. HS_LIVED_NOT: they were there
 * before that, or are newer. Errors: NO_MEMORY.
 */
struct hs_error *hs_sample_mark_survivors(const struct hs_sample *first, const struct hs_sample *before, const struct hs_process_heap *heap,
					  uint8_t *ret) HS_MUST_CHECK;

/*
 * The share of the container's items of then that `now`, an object of an open heap, still has: by membership, never by position, and by
 * their fingerprints where these tell. `fingerprints` are of that heap. Linear in the items of `now`; thread-safe. < 0: there is
 * nothing to compare.
 */
double hs_sample_kept(const struct hs_sample_container *then, const struct hs_fingerprints *fingerprints, const struct hs_object *now);

#endif
