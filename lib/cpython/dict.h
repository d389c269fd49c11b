/* SPDX-License-Identifier: Apache-2.0 */
/* dict objects, their tables of keys, and values kept apart from them (Objects/dictobject.c). */
#ifndef HS_DICT_H
#define HS_DICT_H

#include "cpython.h"
#include "kind.h"

/*
 * A table of keys: header, hash indices, entries.
 *
 *     | header | indices: index_bytes | entry 0 | entry 1 | … |
 */
struct hs_dict_keys {
	hs_addr address;
	const uint8_t *entries;  /* borrowed from the image; n_entries of them */
	uint64_t n_entries;      /* used so far, deleted ones included */
	uint32_t entry_bytes;
	uint32_t key_offset, value_offset; /* in an entry */
	uint64_t bytes;          /* of the whole table */
	uint64_t refcnt;
	uint64_t n_usable_slots; /* entries that fit, used or not: the capacity of a split dict's values */
	bool is_general;         /* keys of any type, which tp_traverse reports; else str only, which it leaves out */
	bool is_split;           /* 3.11+: kind says so; earlier: the dict's ma_values do */
};

/* Reads the table at `address`; false when it contradicts itself or is not in the image. */
bool hs_dict_keys_read(const struct hs_cpython *py, hs_addr address, struct hs_dict_keys *ret);

/* The block of a values array outside any object: its start and size in bytes. `values` as ma_values has it. */
void hs_dict_values_block(const struct hs_cpython *py, hs_addr values, uint64_t n_slots, hs_addr *ret_start, uint64_t *ret_bytes);

/* Reports the keys of a table. */
void hs_dict_keys_visit(const struct hs_dict_keys *keys, unsigned relation, const struct hs_visitor *visitor);

/* Reports the values of a split dict (HS_EDGE_VALUE) or an instance (HS_EDGE_ATTRIBUTE) that are named by `keys`. */
void hs_dict_values_visit(const struct hs_cpython *py, hs_addr values, const struct hs_dict_keys *keys, unsigned relation,
			  unsigned kind, const struct hs_visitor *visitor);

/* The value for an ASCII str key of the dict at `address`, 0 when it has none. Linear: for small dicts and rare questions. */
hs_addr hs_dict_find(const struct hs_cpython *py, hs_addr dict, const char *key);

/* Goes through the entries of a dict; zero it to begin. What it has read of the dict is good for this dict only. */
struct hs_dict_cursor {
	uint64_t next;
	bool is_read;
	struct hs_dict_keys keys;
	hs_addr values;
};
/* The next key and value of the dict at `address`; false at the end, or when it cannot be read. */
bool hs_dict_next(const struct hs_cpython *py, hs_addr address, struct hs_dict_cursor *cursor, hs_addr *ret_key, hs_addr *ret_value);

/* True if it is the interpreter's own table of interned strings. */
bool hs_dict_is_interned(const struct hs_cpython *py, hs_addr dict);

uint64_t hs_dict_size(const struct hs_cpython *py, const struct hs_object *object);
void hs_dict_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);
uint64_t hs_odict_size(const struct hs_cpython *py, const struct hs_object *object);
void hs_odict_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

#endif
