/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of the target: which addresses are type objects, and what a type says about its instances. A type is decoded
 * and checked once, on first sight; any thread may ask.
 */
#ifndef HS_TYPE_H
#define HS_TYPE_H

#include "cpython.h"

/* tp_flags (Include/object.h): the bits that 3.8–3.15 agree on. */
#define HS_TPFLAGS_INLINE_VALUES ((uint64_t)1 << 2) /* 3.13+ */
#define HS_TPFLAGS_HEAPTYPE ((uint64_t)1 << 9)
#define HS_TPFLAGS_READY ((uint64_t)1 << 12)
#define HS_TPFLAGS_HAVE_GC ((uint64_t)1 << 14)
#define HS_TPFLAGS_TYPE_SUBCLASS ((uint64_t)1 << 31)

struct hs_kind;

/*
 * Where the instances of a type keep references at fixed places: members of the C struct, what classes made by Python
 * add to it. Made once a type; a visit only reads the words.
 *
 *     | PyObject | C struct: described | C struct: not described | slots, __dict__, __weakref__ of Python classes |
 *                                      ^ described_bytes         ^ c_bytes                                        ^ basicsize
 */
struct hs_type_field {
	uint32_t offset;
	uint16_t n;        /* words in a row */
	uint8_t relation;  /* enum hs_relation */
	uint8_t kind;      /* enum hs_edge_kind */
	uint8_t tag_mask;  /* as in a run of references */
	bool is_behind_items; /* 3.15+, __slots__ of a tuple's subclass: `offset` and the bytes of the items before it */
	uint16_t first;    /* index of the first word (HS_EDGE_INDEX) */
	const char *name;  /* lives as long as the types and the image */
};

HS_ARRAY_TYPE(hs_type_fields, struct hs_type_field);

struct hs_type {
	hs_addr address;
	uint32_t index;            /* dense, in order of discovery */
	uint64_t flags;
	hs_addr metatype;
	hs_addr base;              /* tp_base; 0 for object */
	const struct hs_type *base_type; /* decoded; NULL for object */
	uint32_t basicsize;        /* bytes, without pre-header and inline values */
	uint32_t itemsize;         /* bytes an item */
	uint8_t header_bytes;      /* from the start of an instance's block to the instance: 0, 16 (GC) or 32 (GC + pre-header) */
	bool has_gc;
	bool has_preheader;
	bool has_inline_values;
	bool is_python_class;      /* made by a class statement or type(): not by C */
	bool owns_class;           /* instances count in the refcount of this type … */
	bool visits_class;         /* … and their tp_traverse, if they are collected, reports it */
	bool is_leaf;              /* an instance is nothing but what its kind's visit reports, and that is a leaf's */
	bool has_finalizer;        /* tp_finalize: runs once before an instance goes, and may bring it back */
	bool has_legacy_finalizer; /* tp_del: the collector never frees an instance in a cycle (C code only) */
	bool is_unfit;             /* the layout's struct for its instances has another size: they are scanned */
	uint8_t relation_mask;     /* of its fields' relations: those of a type that is not collected are not visited */
	uint32_t described_bytes;  /* of an instance's C struct: its references are known; what follows is scanned … */
	uint32_t c_bytes;          /* … to here */
	uint32_t dict_from_end;    /* up to 3.11, with items: the instance dict lies so many bytes before the end; 0: it does not */
	struct hs_type_fields fields;
	const struct hs_kind *kind; /* the decoder of its solid base; never NULL */
	const struct hs_type *solid_base; /* the type that the kind was found at: `kind` knows its basicsize and no more */
};

struct hs_types;

/* The caller owns *ret. `py` is borrowed until hs_types_close. */
struct hs_error *hs_types_open(const struct hs_cpython *py, struct hs_types **ret) HS_MUST_CHECK;
/* NULL is legal. */
void hs_types_close(struct hs_types *types);

/*
 * The type at `address`, or NULL when that is no type object. Thread-safe; the result lives as long as `types`.
 * Costs a hash lookup; a type never seen before is decoded.
 */
const struct hs_type *hs_type_at(struct hs_types *types, hs_addr address);

/* All types seen so far, by index. Not while another thread calls hs_type_at. */
const struct hs_type *const *hs_types_all(const struct hs_types *types, size_t *ret_n);

/*
 * A cache of answers of hs_type_at for one thread: the hot path of a sweep. Zero it before use.
 */
#define HS_TYPE_CACHE_SLOTS 4096
struct hs_type_cache {
	struct {
		hs_addr address;
		const struct hs_type *type;
	} slots[HS_TYPE_CACHE_SLOTS];
};

static inline const struct hs_type *hs_type_cached(struct hs_types *types, struct hs_type_cache *cache, hs_addr address)
{
	size_t slot = (address >> 4 ^ address >> 16) & (HS_TYPE_CACHE_SLOTS - 1);

	if (cache->slots[slot].address != address) {
		cache->slots[slot].type = hs_type_at(types, address);
		cache->slots[slot].address = address;
	}
	return cache->slots[slot].type;
}

/*
 * "module.qualname" as type.__module__ and type.__qualname__ give it, in UTF-8 of the target (not escaped), always
 * NUL-terminated; cut at ret_bytes. "?" stands for a part that cannot be read.
 */
void hs_type_name(const struct hs_cpython *py, const struct hs_type *type, char *ret, size_t ret_bytes);

/* The same, read once and kept; lives as long as `types`. Thread-safe. "?" when memory is out. */
const char *hs_type_full_name(struct hs_types *types, const struct hs_type *type);

/* A name as text shows it: without "builtins.". */
const char *hs_type_short_name(const char *full_name);

#endif
