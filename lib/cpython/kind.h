/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a decoder of one builtin type tells about an object: its size, the blocks it owns outside its own, the words
 * that refer to other objects. A kind is found by an object's solid base: the nearest type up tp_base that C made and
 * that a kind knows by name and size.
 */
#ifndef HS_KIND_H
#define HS_KIND_H

#include "cpython.h"
#include "reference.h"
#include "type.h"

/* An object in the image. */
struct hs_object {
	hs_addr address;          /* of the PyObject itself, behind its headers */
	const uint8_t *body;      /* its bytes; borrowed from the image */
	size_t body_bytes;        /* how many may be read at `body`: to the end of its block */
	uint32_t head_bytes;      /* how many may be read before `body`: GC head, pre-header */
	const struct hs_type *type;
};

/* What a scan may find that nothing else reports. */
enum hs_scan {
	HS_SCAN_ALL,     /* blocks and references */
	HS_SCAN_STORAGE, /* blocks only: the references among these words are reported as such */
};

/* What a visit reports to. Every hook may be called any number of times. */
struct hs_visitor {
	void *context;
	/* The receiver has seen enough: what is visited may be a hostile maze. Loops over the target's chains end then. */
	bool is_over;
	/*
	 * A block that the object owns: `start` is what the allocator returned, `bytes` what was asked of it. May point
	 * anywhere (static storage included): the receiver checks.
	 */
	void (*storage)(void *context, hs_addr start, uint64_t bytes);
	/* References whose place and meaning are known. The run is the reporter's: gone after the call. */
	void (*references)(void *context, const struct hs_reference_run *run);
	/* `n` adjacent words of a C struct that may be addresses of blocks that the object owns, and of objects: see `what`. */
	void (*scan)(void *context, const void *words, size_t n, enum hs_scan what);
	/* The reference of an object to its class is not reported: for who knows the type of every object anyway. */
	bool skips_classes;
};

/* A visitor that wants references alone: storage and scans are left out. */
struct hs_visitor hs_visitor_of_references(void (*references)(void *context, const struct hs_reference_run *run), void *context);

/* A visitor that wants storage alone. */
struct hs_visitor hs_visitor_of_storage(void (*storage)(void *context, hs_addr start, uint64_t bytes), void *context);

/* Reports one reference in a field or slot; `word` holds the address. */
static inline void hs_visit_field(const struct hs_visitor *visitor, const void *word, const char *name, unsigned relation)
{
	const struct hs_reference_run run = {
		.words = word, .n = 1, .stride = 8, .relation = (uint8_t)relation, .kind = HS_EDGE_FIELD, .name = name,
	};

	visitor->references(visitor->context, &run);
}

/* Reports the items of a sequence from index `first` on. */
static inline void hs_visit_items(const struct hs_visitor *visitor, const void *words, size_t n, size_t first)
{
	const struct hs_reference_run run = {
		.words = words, .n = n, .stride = 8, .relation = HS_STRONG, .kind = HS_EDGE_INDEX, .first = first,
	};

	visitor->references(visitor->context, &run);
}

struct hs_kind {
	const char *tp_name; /* as C code spells it: "list", "collections.deque" */
	/*
	 * What obj.__sizeof__() returns, in bytes (no GC head, no pre-header), or HS_SIZE_UNKNOWN when the object contradicts
	 * itself. NULL: object.__sizeof__.
	 */
	uint64_t (*size)(const struct hs_cpython *py, const struct hs_object *object);
	/*
	 * Bytes from the object's address that an instance of the exact type takes of its own block; HS_SIZE_UNKNOWN: this
	 * cannot be such an object. NULL: basicsize + itemsize × ob_size.
	 */
	uint64_t (*extent)(const struct hs_cpython *py, const struct hs_object *object);
	/* Reports storage and references. NULL: the words of the body are scanned. */
	void (*visit)(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);
	/* Its block may be larger than its extent (it shrinks in place), or is allocated by a rule of its own. */
	bool has_loose_extent;
	bool is_raw; /* its items and its storage hold bytes, no references: they need not be in the image */
	bool is_leaf; /* `visit` reports no references, and looks no further than at the object's own block */
	/* Reports references beside the members of the struct, which are reported without it; NULL: there are none. */
	void (*visit_more)(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);
};

#define HS_SIZE_UNKNOWN UINT64_MAX

/* The kind of a C type by its tp_name, or NULL. */
const struct hs_kind *hs_kind_by_name(const char *tp_name, size_t bytes);
/* The kind of `object`: fixed size, body scanned. */
const struct hs_kind *hs_kind_plain(void);

uint64_t hs_object_size(const struct hs_cpython *py, const struct hs_object *object);
/* Bytes from the object's address to its end: items, slots, inline values included. HS_SIZE_UNKNOWN: contradicts itself. */
uint64_t hs_object_extent(const struct hs_cpython *py, const struct hs_object *object);
/* True if the object can stand in a block with `room_bytes` from the object's address to the block's end. */
bool hs_object_fits(const struct hs_cpython *py, const struct hs_object *object, uint64_t room_bytes);
/* Storage and references of the object, of its instance dict, slots and weak list too. */
void hs_object_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

/* True if the object has a GC head before it: static type objects have none though their type has. */
bool hs_object_has_gc_head(const struct hs_cpython *py, const struct hs_object *object);

/* What sys.getsizeof returns: size + GC head (+ pre-header). Static type objects have no GC head. */
uint64_t hs_object_getsizeof(const struct hs_cpython *py, const struct hs_object *object);

/* True if a live object of this version can have this word as its ob_refcnt. */
static inline bool hs_refcount_is_legal(enum hs_refcount_rule rule, uint64_t ob_refcnt)
{
	/* no object has more references than an address space has words; a freed one has none */
	const uint64_t most = (uint64_t)1 << 40;

	if (rule != HS_REFCOUNT_SPLIT)
		return ob_refcnt - 1 < most;
	/* u32 count, u16 overflow: 0, or 5 in static objects; u16 flags (Include/refcount.h, 3.14) */
	uint32_t overflow = ob_refcnt >> 32 & 0xffff;
	return (uint32_t)ob_refcnt != 0 && (overflow == 0 || (overflow <= 8 && (ob_refcnt & 0x80000000)));
}

/*
 * Fills *ret if a live object can stand at `address`: its type decodes, its refcount is legal, its extent is in the
 * image. For addresses outside pymalloc's pools: nothing tells here where the block ends.
 */
bool hs_object_at(const struct hs_cpython *py, struct hs_types *types, hs_addr address, struct hs_object *ret);

/* Words of an object's body; 0 outside it, or where this version has no such member (offset HS_ABSENT). */
static inline uint64_t hs_body_u64(const struct hs_object *object, int64_t offset)
{
	uint64_t value = 0;

	if (offset >= 0 && (uint64_t)offset + sizeof(value) <= object->body_bytes)
		memcpy(&value, object->body + offset, sizeof(value));
	return value;
}

static inline uint32_t hs_body_u32(const struct hs_object *object, int64_t offset)
{
	uint32_t value = 0;

	if (offset >= 0 && (uint64_t)offset + sizeof(value) <= object->body_bytes)
		memcpy(&value, object->body + offset, sizeof(value));
	return value;
}

#define HS_BODY(py, object, structure, member) hs_body_u64((object), HS_OFFSET((py)->layout, structure, member))

/* A bit-field or a member of 4 bytes or less. */
static inline uint32_t hs_body_field(const struct hs_object *object, const struct hs_field *field)
{
	return hs_field_bits(*field, hs_body_u32(object, field->offset));
}

#define HS_BODY_FIELD(py, object, structure, member) \
	hs_body_field((object), &(py)->layout->fields[HS_FIELD_##structure##_##member])

/* ob_size of a variable-size object, as it stands. */
static inline int64_t hs_ob_size(const struct hs_cpython *py, const struct hs_object *object)
{
	return (int64_t)HS_BODY(py, object, PyVarObject, ob_size);
}

#endif
