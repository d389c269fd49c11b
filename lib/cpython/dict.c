/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dict: a combined table holds keys and values; a split one holds the keys of all instances of a class, and each dict
 * (or instance) its own array of values. Shared keys belong to the class, which reports them as its storage.
 */
#include "dict.h"

#include "unicode.h"

#define MAX_TABLE_BYTES ((uint64_t)1 << 40)

/* Objects/dictobject.c: USABLE_FRACTION */
static uint64_t usable_fraction(uint64_t n_slots)
{
	return (n_slots << 1) / 3;
}

/* What a table's header says of its shape. */
struct geometry {
	uint64_t index_bytes;
	uint64_t n_slots;   /* entries that fit */
	bool has_hashes;    /* in its entries */
	bool is_general;    /* keys of any type: only then tp_traverse reports them */
	bool is_split;
};

/* 3.8–3.10: dk_size slots, an index of 1, 2, 4 or 8 bytes each, entries always with their hash. */
static bool read_geometry_by_size(const struct hs_cpython *py, const struct hs_object *header, struct geometry *ret)
{
	uint64_t n_slots = HS_BODY(py, header, PyDictKeysObject, dk_size);

	if (!n_slots || n_slots > MAX_TABLE_BYTES || n_slots & (n_slots - 1))
		return false;
	ret->index_bytes = n_slots * (n_slots <= 0xff ? 1 : n_slots <= 0xffff ? 2 : n_slots <= 0xffffffff ? 4 : 8);
	ret->n_slots = usable_fraction(n_slots);
	ret->has_hashes = true;
	ret->is_general = HS_BODY(py, header, PyDictKeysObject, dk_lookup) == py->general_lookup;
	ret->is_split = false;
	return true;
}

/* 3.11+: powers of two, and a kind: 0 general, 1 all keys are str, 2 split. */
static bool read_geometry_by_log2(const struct hs_cpython *py, const struct hs_object *header, struct geometry *ret)
{
	uint32_t log2_size = HS_BODY_FIELD(py, header, PyDictKeysObject, dk_log2_size) & 0xff;
	uint32_t log2_index_bytes = HS_BODY_FIELD(py, header, PyDictKeysObject, dk_log2_index_bytes) & 0xff;
	uint32_t kind = HS_BODY_FIELD(py, header, PyDictKeysObject, dk_kind) & 0xff;

	if (log2_size > 40 || log2_index_bytes > 43 || log2_index_bytes < log2_size || kind > 2)
		return false;
	ret->index_bytes = (uint64_t)1 << log2_index_bytes;
	ret->n_slots = usable_fraction((uint64_t)1 << log2_size);
	ret->has_hashes = kind == 0;
	ret->is_general = kind == 0;
	ret->is_split = kind == 2;
	return true;
}

bool hs_dict_keys_read(const struct hs_cpython *py, hs_addr address, struct hs_dict_keys *ret)
{
	const struct hs_layout *layout = py->layout;
	uint64_t header_bytes = (uint64_t)HS_OFFSET(layout, PyDictKeysObject, dk_indices);
	struct hs_object header = { .address = address, .body_bytes = header_bytes };
	bool has_size = HS_HAS(layout, PyDictKeysObject, dk_size);
	struct geometry geometry;

	header.body = hs_image_at(py->image, address, header_bytes);
	if (!header.body)
		return false;
	if (has_size ? !read_geometry_by_size(py, &header, &geometry) : !read_geometry_by_log2(py, &header, &geometry))
		return false;
	/* a split table of 3.11+ may be cut short of its fraction: SHARED_KEYS_MAX_SIZE; usable + used is what it has */
	uint64_t n_entries = HS_BODY(py, &header, PyDictKeysObject, dk_nentries);
	uint64_t n_left = HS_BODY(py, &header, PyDictKeysObject, dk_usable);
	if (n_entries > geometry.n_slots || n_left > geometry.n_slots)
		return false;
	uint32_t entry_bytes = geometry.has_hashes ? HS_SIZEOF(layout, PyDictKeyEntry) : HS_SIZEOF(layout, PyDictUnicodeEntry);
	uint64_t bytes = header_bytes + geometry.index_bytes + geometry.n_slots * entry_bytes;
	if (bytes > MAX_TABLE_BYTES)
		return false;
	const uint8_t *entries = hs_image_at(py->image, address + header_bytes + geometry.index_bytes, n_entries * entry_bytes);
	if (!entries)
		return false;
	/* member by member: this is asked for every dict, and a copy of the struct would wait for each of its stores */
	ret->address = address;
	ret->entries = entries;
	ret->n_entries = n_entries;
	ret->entry_bytes = entry_bytes;
	ret->key_offset = (uint32_t)(geometry.has_hashes ? HS_OFFSET(layout, PyDictKeyEntry, me_key)
							 : HS_OFFSET(layout, PyDictUnicodeEntry, me_key));
	ret->value_offset = (uint32_t)(geometry.has_hashes ? HS_OFFSET(layout, PyDictKeyEntry, me_value)
							   : HS_OFFSET(layout, PyDictUnicodeEntry, me_value));
	ret->bytes = bytes;
	ret->refcnt = HS_BODY(py, &header, PyDictKeysObject, dk_refcnt);
	ret->n_usable_slots = has_size ? geometry.n_slots : n_entries + n_left;
	ret->is_split = geometry.is_split;
	ret->is_general = geometry.is_general;
	return true;
}

void hs_dict_values_block(const struct hs_cpython *py, hs_addr values, uint64_t n_slots, hs_addr *ret_start, uint64_t *ret_bytes)
{
	const struct hs_features *features = &py->layout->features;
	uint8_t prefix = 0;

	switch (features->values) {
	case HS_VALUES_BARE:
		*ret_start = values;
		*ret_bytes = n_slots * 8;
		break;
	case HS_VALUES_PREFIXED:
		/* the byte before the array says how far the block starts before it */
		hs_image_read(py->image, values - 1, &prefix, 1);
		*ret_start = values - prefix;
		*ret_bytes = prefix + n_slots * 8;
		break;
	case HS_VALUES_HEADED:
		hs_image_read(py->image, values, &prefix, 1); /* capacity */
		*ret_start = values;
		*ret_bytes = (prefix + 7u) / 8 * 8 + (prefix + 1u) * 8;
		break;
	}
}

void hs_dict_keys_visit(const struct hs_dict_keys *keys, unsigned relation, const struct hs_visitor *visitor)
{
	const struct hs_reference_run run = {
		.words = keys->entries + keys->key_offset, .n = keys->n_entries, .stride = keys->entry_bytes,
		.relation = (uint8_t)relation, .kind = HS_EDGE_KEY,
	};

	visitor->references(visitor->context, &run);
}

static void visit_named_values(const struct hs_dict_keys *keys, const void *words, size_t stride, unsigned relation, unsigned kind,
			       const struct hs_visitor *visitor)
{
	const struct hs_reference_run run = {
		.words = words, .n = keys->n_entries, .stride = stride, .relation = (uint8_t)relation, .kind = (uint8_t)kind,
		.names = keys->entries + keys->key_offset, .names_stride = keys->entry_bytes,
	};

	visitor->references(visitor->context, &run);
}

void hs_dict_values_visit(const struct hs_cpython *py, hs_addr values, const struct hs_dict_keys *keys, unsigned relation,
			  unsigned kind, const struct hs_visitor *visitor)
{
	uint64_t n = keys->n_entries;
	hs_addr first = values + (uint32_t)HS_OFFSET(py->layout, PyDictValues, values);

	if (!HS_HAS(py->layout, PyDictValues, values))
		first = values;
	const void *words = n < 1u << 16 ? hs_image_at(py->image, first, n * 8) : NULL;
	if (words)
		visit_named_values(keys, words, 8, relation, kind, visitor);
}

/* 3.13+: values that lie inside an instance belong to it. */
static bool values_are_embedded(const struct hs_cpython *py, hs_addr values)
{
	uint8_t embedded = 0;

	if (!HS_HAS(py->layout, PyDictValues, embedded))
		return false;
	hs_image_read(py->image, values + (uint32_t)HS_OFFSET(py->layout, PyDictValues, embedded), &embedded, 1);
	return embedded == 1;
}

static void visit_values(const struct hs_cpython *py, hs_addr values, const struct hs_dict_keys *keys, const struct hs_visitor *visitor)
{
	hs_addr start;
	uint64_t bytes;

	if (values_are_embedded(py, values)) {
		unsigned relation = py->layout->features.dicts_visit_inline_values ? HS_VISITED : HS_ALIAS;
		hs_dict_values_visit(py, values, keys, relation, HS_EDGE_VALUE, visitor);
		return;
	}
	hs_dict_values_visit(py, values, keys, HS_STRONG, HS_EDGE_VALUE, visitor);
	hs_dict_values_block(py, values, keys->n_usable_slots, &start, &bytes);
	visitor->storage(visitor->context, start, bytes);
}

bool hs_dict_is_interned(const struct hs_cpython *py, hs_addr dict)
{
	for (size_t i = 0; i < py->interned.n; i++)
		if (py->interned.items[i] == dict)
			return true;
	return false;
}

void hs_dict_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	hs_addr values = HS_BODY(py, object, PyDictObject, ma_values);
	struct hs_dict_keys keys;

	if (!hs_dict_keys_read(py, HS_BODY(py, object, PyDictObject, ma_keys), &keys))
		return;
	/* a split dict's keys are the class's */
	if (values) {
		hs_dict_keys_visit(&keys, HS_ALIAS, visitor);
		visit_values(py, values, &keys, visitor);
		return;
	}
	/* the interpreter takes its own references to interned strings off their counts */
	bool is_index = hs_dict_is_interned(py, object->address);
	hs_dict_keys_visit(&keys, is_index ? HS_ALIAS : keys.is_general ? HS_STRONG : HS_OWNED, visitor);
	visit_named_values(&keys, keys.entries + keys.value_offset, keys.entry_bytes, is_index ? HS_VISITED : HS_STRONG, HS_EDGE_VALUE, visitor);
	visitor->storage(visitor->context, keys.address, keys.bytes);
}

/* _PyDict_SizeOf: shared keys are accounted for in the type. */
uint64_t hs_dict_size(const struct hs_cpython *py, const struct hs_object *object)
{
	uint64_t size = object->type->basicsize;
	struct hs_dict_keys keys;

	if (!hs_dict_keys_read(py, HS_BODY(py, object, PyDictObject, ma_keys), &keys))
		return HS_SIZE_UNKNOWN;
	if (HS_BODY(py, object, PyDictObject, ma_values))
		size += keys.n_usable_slots * 8;
	if (keys.refcnt == 1)
		size += keys.bytes;
	return size;
}

/*
 * OrderedDict: a dict, an array of nodes by slot, and the nodes in a doubly linked list. The list is bounded by the
 * number of items, and that by the entries of the table.
 */
void hs_odict_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	const struct hs_layout *layout = py->layout;
	hs_addr fast_nodes = HS_BODY(py, object, PyODictObject, od_fast_nodes);
	uint64_t n = HS_BODY(py, object, PyDictObject, ma_used);
	struct hs_dict_keys keys;

	hs_dict_visit(py, object, visitor);
	if (fast_nodes)
		visitor->storage(visitor->context, fast_nodes, HS_BODY(py, object, PyODictObject, od_fast_nodes_size) * 8);
	/* ma_used alone may say anything: a list that runs in a circle would be followed for as long */
	if (!hs_dict_keys_read(py, HS_BODY(py, object, PyDictObject, ma_keys), &keys))
		return;
	if (n > keys.n_entries)
		n = keys.n_entries;
	hs_addr node = HS_BODY(py, object, PyODictObject, od_first);
	for (uint64_t i = 0; node && i < n && !visitor->is_over; i++) {
		const uint8_t *words = hs_image_at(py->image, node, HS_SIZEOF(layout, odictnode));
		if (!words)
			break;
		visitor->storage(visitor->context, node, HS_SIZEOF(layout, odictnode));
		hs_visit_field(visitor, words + HS_OFFSET(layout, odictnode, key), "od_node.key", HS_STRONG);
		memcpy(&node, words + HS_OFFSET(layout, odictnode, next), sizeof(node));
	}
}

uint64_t hs_odict_size(const struct hs_cpython *py, const struct hs_object *object)
{
	uint64_t size = hs_dict_size(py, object);
	uint64_t n_fast_nodes = HS_BODY(py, object, PyODictObject, od_fast_nodes_size);
	uint64_t n_used = HS_BODY(py, object, PyDictObject, ma_used);

	if (size == HS_SIZE_UNKNOWN || n_fast_nodes > MAX_TABLE_BYTES / 8 || n_used > MAX_TABLE_BYTES / 8)
		return HS_SIZE_UNKNOWN;
	size += n_fast_nodes * 8;
	if (HS_BODY(py, object, PyODictObject, od_first))
		size += HS_SIZEOF(py->layout, odictnode) * n_used;
	return size;
}

static hs_addr entry_value(const struct hs_cpython *py, const struct hs_dict_keys *keys, hs_addr values, uint64_t index)
{
	hs_addr value = 0;

	if (!values) {
		memcpy(&value, keys->entries + index * keys->entry_bytes + keys->value_offset, sizeof(value));
		return value;
	}
	if (HS_HAS(py->layout, PyDictValues, values))
		values += (uint32_t)HS_OFFSET(py->layout, PyDictValues, values);
	return hs_image_u64(py->image, values + index * 8, &value) ? value : 0;
}

/* A large table's pages are looked at one by one: once is enough. */
static bool begin_cursor(const struct hs_cpython *py, hs_addr address, struct hs_dict_cursor *cursor)
{
	struct hs_object object = { .address = address, .body_bytes = HS_SIZEOF(py->layout, PyDictObject) };

	object.body = hs_image_at(py->image, address, object.body_bytes);
	if (!object.body || !hs_dict_keys_read(py, HS_BODY(py, &object, PyDictObject, ma_keys), &cursor->keys))
		return false;
	cursor->values = HS_BODY(py, &object, PyDictObject, ma_values);
	cursor->is_read = true;
	return true;
}

bool hs_dict_next(const struct hs_cpython *py, hs_addr address, struct hs_dict_cursor *cursor, hs_addr *ret_key, hs_addr *ret_value)
{
	const struct hs_dict_keys *keys = &cursor->keys;

	if (!cursor->is_read && !begin_cursor(py, address, cursor))
		return false;
	while (cursor->next < keys->n_entries) {
		uint64_t i = cursor->next++;
		memcpy(ret_key, keys->entries + i * keys->entry_bytes + keys->key_offset, sizeof(*ret_key));
		*ret_value = *ret_key ? entry_value(py, keys, cursor->values, i) : 0;
		if (*ret_value)
			return true;
	}
	return false;
}

hs_addr hs_dict_find(const struct hs_cpython *py, hs_addr dict, const char *key)
{
	struct hs_object object = { .address = dict, .body_bytes = HS_SIZEOF(py->layout, PyDictObject) };
	struct hs_dict_keys keys;

	object.body = hs_image_at(py->image, dict, object.body_bytes);
	if (!object.body || !hs_dict_keys_read(py, HS_BODY(py, &object, PyDictObject, ma_keys), &keys))
		return 0;
	hs_addr values = HS_BODY(py, &object, PyDictObject, ma_values);
	for (uint64_t i = 0; i < keys.n_entries; i++) {
		hs_addr candidate;
		memcpy(&candidate, keys.entries + i * keys.entry_bytes + keys.key_offset, sizeof(candidate));
		if (!candidate || !hs_str_equals(py, candidate, key))
			continue;
		hs_addr value = entry_value(py, &keys, values, i);
		if (value)
			return value;
	}
	return 0;
}
