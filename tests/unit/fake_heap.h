/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process made by hand: an image of byte buffers in which a runtime, static types, pymalloc arenas and malloc chunks lie as
 * CPython and glibc lay them out. Offsets and sizes are those of a shipped layout table. The bytes can be changed at any time;
 * what is wrong in a test is then wrong on purpose. Running out of room is a mistake of the test, and aborts.
 */
#ifndef FAKE_HEAP_H
#define FAKE_HEAP_H

#include "cpython.h"
#include "kind.h"
#include "layout.h"
#include "type.h"

enum fake_region_id {
	FAKE_STATICS, /* .data: runtime, interpreter, thread state, types */
	FAKE_CHUNKS,  /* malloc's main heap */
	FAKE_MAPPED,  /* one chunk of a mapping of its own */
	FAKE_ARENA,   /* pymalloc's pools */
	FAKE_N_REGIONS
};

struct fake_region {
	hs_addr start;
	size_t bytes;
	uint8_t *data;
};

struct fake_types {
	hs_addr type, object, int_, str, list, tuple, dict, float_, set, bytes, deque, odict, none;
};

struct fake_heap {
	struct hs_layout *layout;
	struct hs_image *image;
	struct fake_region regions[FAKE_N_REGIONS];
	struct fake_types types;
	hs_addr interpreter, thread, arena_table;
	struct hs_cpython *py;  /* by fake_open() */
	struct hs_types *types_seen;
	bool has_hooks;        /* set before anything is allocated: blocks get debug hooks */
	hs_addr next_static;
	hs_addr top_chunk;     /* user address of the chunk that the rest of the heap is */
	uint32_t n_pools;
	uint32_t newest_pool[32]; /* by size class: index + 1 */
};

/* `table` is the name of a shipped layout table: "3.11.7-upstream". */
struct fake_heap *fake_heap_create(const char *table);
void fake_heap_destroy(struct fake_heap *heap);
/* Opens (or opens anew) heap->py and heap->types_seen on what the bytes say now. */
void fake_open(struct fake_heap *heap);

/* The bytes at an address; aborts outside the regions. */
uint8_t *fake_at(const struct fake_heap *heap, hs_addr address, size_t bytes);
uint64_t fake_get(const struct fake_heap *heap, hs_addr address);
void fake_put(const struct fake_heap *heap, hs_addr address, uint64_t value);
/* Writes a member as wide as the layout says, or its bits; nothing when this version has no such member. */
void fake_put_field(const struct fake_heap *heap, hs_addr structure, enum hs_field_id field, uint64_t value);

#define FAKE_PUT(heap, address, structure, name, value) fake_put_field((heap), (address), HS_FIELD_##structure##_##name, (value))
#define FAKE_GET(heap, address, structure, name) \
	fake_get((heap), (address) + (uint32_t)HS_OFFSET((heap)->layout, structure, name))

/* Memory: zeroed. A block of pymalloc's up to 512 bytes (with hooks less), else a chunk. */
hs_addr fake_malloc(struct fake_heap *heap, size_t bytes);
hs_addr fake_static(struct fake_heap *heap, size_t bytes);
hs_addr fake_string(struct fake_heap *heap, const char *text); /* static */
/* What free() does to a pymalloc block, and to a chunk: its first word becomes the link, its neighbour learns of it. */
void fake_free_block(struct fake_heap *heap, hs_addr block);
void fake_free_chunk(struct fake_heap *heap, hs_addr chunk);
hs_addr fake_chunk(struct fake_heap *heap, size_t bytes);
hs_addr fake_pool_of(const struct fake_heap *heap, hs_addr block);

/* Types and objects. `flags` are added to READY. */
hs_addr fake_static_type(struct fake_heap *heap, const char *name, size_t basicsize, size_t itemsize, uint64_t flags, hs_addr base);
/* A class statement: a heap type of its own chunk, with `n_keys` shared keys a0, a1 … */
hs_addr fake_class(struct fake_heap *heap, const char *name, size_t basicsize, uint64_t flags, hs_addr base, unsigned n_keys);
/* An object of `bytes` bytes behind its headers, refcount 1; tracked if its type is collected. */
hs_addr fake_object(struct fake_heap *heap, hs_addr type, size_t bytes);
void fake_track(struct fake_heap *heap, hs_addr object);
hs_addr fake_gc_head(const struct fake_heap *heap, unsigned generation);
size_t fake_header_bytes(const struct fake_heap *heap, hs_addr type);

hs_addr fake_int(struct fake_heap *heap, uint32_t value);
hs_addr fake_float(struct fake_heap *heap, double value);
hs_addr fake_bytes(struct fake_heap *heap, size_t n);
/* A compact str of n characters of `kind` bytes each, from `text`; ASCII when `is_ascii`. */
hs_addr fake_str_of(struct fake_heap *heap, const void *text, size_t n, unsigned kind, bool is_ascii);
hs_addr fake_str(struct fake_heap *heap, const char *ascii);
hs_addr fake_list(struct fake_heap *heap, const hs_addr *items, size_t n, size_t n_allocated);
hs_addr fake_tuple(struct fake_heap *heap, const hs_addr *items, size_t n);
/* A table with 2^log2_size slots, `n` entries of str keys; values may be NULL. */
hs_addr fake_keys(struct fake_heap *heap, unsigned log2_size, const hs_addr *keys, const hs_addr *values, size_t n, bool is_split);
hs_addr fake_dict(struct fake_heap *heap, unsigned log2_size, const hs_addr *keys, const hs_addr *values, size_t n);
hs_addr fake_set(struct fake_heap *heap, const hs_addr *items, size_t n, size_t n_slots);
hs_addr fake_deque(struct fake_heap *heap, const hs_addr *items, size_t n, size_t left_index);
hs_addr fake_odict(struct fake_heap *heap, const hs_addr *keys, const hs_addr *values, size_t n);

/* A module-level name: a word of static storage that refers to `object`. */
void fake_hold(struct fake_heap *heap, hs_addr object);
/* One object and more of every kind that has a decoder. */
void fake_populate(struct fake_heap *heap);

/* What a visit of one object reported. */
#define FAKE_MAX_RECORDS 256
struct fake_record {
	unsigned n_storage, n_references, n_scanned;
	struct {
		hs_addr start;
		uint64_t bytes;
	} storage[FAKE_MAX_RECORDS];
	hs_addr references[FAKE_MAX_RECORDS]; /* those that are not 0 */
};
/* The object at an address with that many readable bytes, whatever it says of itself. */
struct hs_object fake_view(const struct fake_heap *heap, hs_addr address, size_t body_bytes);
/* Reads every word that is reported. */
struct fake_record fake_visit(const struct fake_heap *heap, const struct hs_object *object);

#endif
