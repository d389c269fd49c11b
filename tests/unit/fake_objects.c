/* SPDX-License-Identifier: Apache-2.0 */
/* The fake's types and objects, laid out as Objects/ and Modules/ of CPython do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_heap.h"

#define BLOCK_LENGTH 64 /* Modules/_collectionsmodule.c BLOCKLEN */

hs_addr fake_static_type(struct fake_heap *heap, const char *name, size_t basicsize, size_t itemsize, uint64_t flags, hs_addr base)
{
	hs_addr type = fake_static(heap, HS_SIZEOF(heap->layout, PyTypeObject));

	fake_put(heap, type, 100);
	fake_put(heap, type + 8, heap->types.type);
	FAKE_PUT(heap, type, PyTypeObject, tp_name, fake_string(heap, name));
	FAKE_PUT(heap, type, PyTypeObject, tp_basicsize, basicsize);
	FAKE_PUT(heap, type, PyTypeObject, tp_itemsize, itemsize);
	FAKE_PUT(heap, type, PyTypeObject, tp_flags, flags | HS_TPFLAGS_READY);
	FAKE_PUT(heap, type, PyTypeObject, tp_base, base);
	return type;
}

size_t fake_header_bytes(const struct fake_heap *heap, hs_addr type)
{
	uint64_t flags = FAKE_GET(heap, type, PyTypeObject, tp_flags);

	return (flags & HS_TPFLAGS_HAVE_GC ? 16u : 0u) + (flags & heap->layout->features.preheader_flags ? 16u : 0u);
}

void fake_track(struct fake_heap *heap, hs_addr object)
{
	hs_addr list = fake_gc_head(heap, 0), head = object - HS_GC_HEAD_BYTES, last = fake_get(heap, list + 8);

	fake_put(heap, last, head);
	fake_put(heap, head, list);
	fake_put(heap, head + 8, last);
	fake_put(heap, list + 8, head);
}

hs_addr fake_object(struct fake_heap *heap, hs_addr type, size_t bytes)
{
	size_t header = fake_header_bytes(heap, type);
	hs_addr object = fake_malloc(heap, header + bytes) + header;

	fake_put(heap, object, 1);
	fake_put(heap, object + 8, type);
	if (FAKE_GET(heap, type, PyTypeObject, tp_flags) & HS_TPFLAGS_HAVE_GC)
		fake_track(heap, object);
	return object;
}

hs_addr fake_class(struct fake_heap *heap, const char *name, size_t basicsize, uint64_t flags, hs_addr base, unsigned n_keys)
{
	hs_addr type = fake_object(heap, heap->types.type, HS_SIZEOF(heap->layout, PyHeapTypeObject));
	hs_addr name_str = fake_str(heap, name), keys[16];
	char key[16];

	FAKE_PUT(heap, type, PyTypeObject, tp_name, name_str + HS_SIZEOF(heap->layout, PyASCIIObject));
	FAKE_PUT(heap, type, PyTypeObject, tp_basicsize, basicsize);
	FAKE_PUT(heap, type, PyTypeObject, tp_flags, flags | HS_TPFLAGS_READY | HS_TPFLAGS_HEAPTYPE | HS_TPFLAGS_HAVE_GC);
	FAKE_PUT(heap, type, PyTypeObject, tp_base, base);
	FAKE_PUT(heap, type, PyHeapTypeObject, ht_name, name_str);
	FAKE_PUT(heap, type, PyHeapTypeObject, ht_qualname, name_str);
	keys[0] = fake_str(heap, "__module__");
	hs_addr module = fake_str(heap, "app");
	FAKE_PUT(heap, type, PyTypeObject, tp_dict, fake_dict(heap, 3, keys, &module, 1));
	for (unsigned i = 0; i < n_keys && i < 5; i++) {
		snprintf(key, sizeof(key), "a%u", i);
		keys[i] = fake_str(heap, key);
	}
	if (n_keys)
		FAKE_PUT(heap, type, PyHeapTypeObject, ht_cached_keys, fake_keys(heap, 3, keys, NULL, n_keys < 5 ? n_keys : 5, true));
	return type;
}

hs_addr fake_int(struct fake_heap *heap, uint32_t value)
{
	uint32_t digits = (uint32_t)FAKE_GET(heap, heap->types.int_, PyTypeObject, tp_basicsize);
	hs_addr object = fake_object(heap, heap->types.int_, digits + 4);

	if (HS_HAS(heap->layout, PyLongObject, lv_tag))
		FAKE_PUT(heap, object, PyLongObject, lv_tag, 1 << 3);
	else
		FAKE_PUT(heap, object, PyVarObject, ob_size, 1);
	memcpy(fake_at(heap, object + digits, 4), &value, 4);
	return object;
}

hs_addr fake_float(struct fake_heap *heap, double value)
{
	hs_addr object = fake_object(heap, heap->types.float_, 24);

	memcpy(fake_at(heap, object + 16, 8), &value, 8);
	return object;
}

hs_addr fake_bytes(struct fake_heap *heap, size_t n)
{
	hs_addr object = fake_object(heap, heap->types.bytes, (size_t)HS_OFFSET(heap->layout, PyBytesObject, ob_sval) + n + 1);

	FAKE_PUT(heap, object, PyVarObject, ob_size, n);
	return object;
}

hs_addr fake_str_of(struct fake_heap *heap, const void *text, size_t n, unsigned kind, bool is_ascii)
{
	size_t head = is_ascii ? HS_SIZEOF(heap->layout, PyASCIIObject) : HS_SIZEOF(heap->layout, PyCompactUnicodeObject);
	hs_addr object = fake_object(heap, heap->types.str, head + (n + 1) * kind);

	FAKE_PUT(heap, object, PyASCIIObject, length, n);
	FAKE_PUT(heap, object, PyASCIIObject, kind, kind);
	FAKE_PUT(heap, object, PyASCIIObject, compact, 1);
	FAKE_PUT(heap, object, PyASCIIObject, ascii, is_ascii);
	memcpy(fake_at(heap, object + head, n * kind), text, n * kind);
	return object;
}

hs_addr fake_str(struct fake_heap *heap, const char *ascii)
{
	return fake_str_of(heap, ascii, strlen(ascii), 1, true);
}

static void put_words(struct fake_heap *heap, hs_addr at, const hs_addr *words, size_t n, size_t stride)
{
	for (size_t i = 0; i < n; i++)
		fake_put(heap, at + i * stride, words[i]);
}

hs_addr fake_list(struct fake_heap *heap, const hs_addr *items, size_t n, size_t n_allocated)
{
	hs_addr object = fake_object(heap, heap->types.list, HS_SIZEOF(heap->layout, PyListObject));

	FAKE_PUT(heap, object, PyVarObject, ob_size, n);
	FAKE_PUT(heap, object, PyListObject, allocated, n_allocated);
	if (n_allocated) {
		hs_addr array = fake_malloc(heap, n_allocated * 8);
		FAKE_PUT(heap, object, PyListObject, ob_item, array);
		put_words(heap, array, items, n, 8);
	}
	return object;
}

hs_addr fake_tuple(struct fake_heap *heap, const hs_addr *items, size_t n)
{
	uint32_t first = (uint32_t)HS_OFFSET(heap->layout, PyTupleObject, ob_item);
	hs_addr object = fake_object(heap, heap->types.tuple, first + n * 8);

	FAKE_PUT(heap, object, PyVarObject, ob_size, n);
	put_words(heap, object + first, items, n, 8);
	return object;
}

hs_addr fake_keys(struct fake_heap *heap, unsigned log2_size, const hs_addr *keys, const hs_addr *values, size_t n, bool is_split)
{
	const struct hs_layout *layout = heap->layout;
	bool by_size = HS_HAS(layout, PyDictKeysObject, dk_size);
	/* an index's width is a byte up to 128 slots, then two: no table here is larger */
	size_t n_slots = (size_t)1 << log2_size, n_usable = n_slots * 2 / 3, index_bytes = n_slots <= 128 ? n_slots : n_slots * 2;
	size_t entry_bytes = by_size ? HS_SIZEOF(layout, PyDictKeyEntry) : HS_SIZEOF(layout, PyDictUnicodeEntry);
	size_t header = (size_t)HS_OFFSET(layout, PyDictKeysObject, dk_indices);
	hs_addr table = fake_malloc(heap, header + index_bytes + n_usable * entry_bytes);
	hs_addr entries = table + header + index_bytes;
	uint32_t value_at = (uint32_t)(by_size ? HS_OFFSET(layout, PyDictKeyEntry, me_value) : HS_OFFSET(layout, PyDictUnicodeEntry, me_value));
	uint32_t key_at = (uint32_t)(by_size ? HS_OFFSET(layout, PyDictKeyEntry, me_key) : HS_OFFSET(layout, PyDictUnicodeEntry, me_key));

	if (n > n_usable)
		abort();
	FAKE_PUT(heap, table, PyDictKeysObject, dk_refcnt, 1);
	FAKE_PUT(heap, table, PyDictKeysObject, dk_size, n_slots);
	FAKE_PUT(heap, table, PyDictKeysObject, dk_log2_size, log2_size);
	FAKE_PUT(heap, table, PyDictKeysObject, dk_log2_index_bytes, (unsigned)__builtin_ctzl(index_bytes));
	FAKE_PUT(heap, table, PyDictKeysObject, dk_kind, is_split ? 2 : 1);
	FAKE_PUT(heap, table, PyDictKeysObject, dk_usable, n_usable - n);
	FAKE_PUT(heap, table, PyDictKeysObject, dk_nentries, n);
	put_words(heap, entries + key_at, keys, n, entry_bytes);
	if (values)
		put_words(heap, entries + value_at, values, n, entry_bytes);
	return table;
}

static void fill_dict(struct fake_heap *heap, hs_addr dict, unsigned log2_size, const hs_addr *keys, const hs_addr *values, size_t n)
{
	FAKE_PUT(heap, dict, PyDictObject, ma_used, n);
	FAKE_PUT(heap, dict, PyDictObject, ma_keys, fake_keys(heap, log2_size, keys, values, n, false));
}

hs_addr fake_dict(struct fake_heap *heap, unsigned log2_size, const hs_addr *keys, const hs_addr *values, size_t n)
{
	hs_addr object = fake_object(heap, heap->types.dict, HS_SIZEOF(heap->layout, PyDictObject));

	fill_dict(heap, object, log2_size, keys, values, n);
	return object;
}

hs_addr fake_set(struct fake_heap *heap, const hs_addr *items, size_t n, size_t n_slots)
{
	const struct hs_layout *layout = heap->layout;
	uint32_t small_at = (uint32_t)HS_OFFSET(layout, PySetObject, smalltable), entry_bytes = HS_SIZEOF(layout, setentry);
	hs_addr object = fake_object(heap, heap->types.set, HS_SIZEOF(layout, PySetObject));
	hs_addr table = n_slots <= 8 ? object + small_at : fake_malloc(heap, n_slots * entry_bytes);

	FAKE_PUT(heap, object, PySetObject, fill, n);
	FAKE_PUT(heap, object, PySetObject, used, n);
	FAKE_PUT(heap, object, PySetObject, mask, n_slots - 1);
	FAKE_PUT(heap, object, PySetObject, table, table);
	put_words(heap, table + (uint32_t)HS_OFFSET(layout, setentry, key), items, n, entry_bytes);
	return object;
}

hs_addr fake_deque(struct fake_heap *heap, const hs_addr *items, size_t n, size_t left_index)
{
	const struct hs_layout *layout = heap->layout;
	hs_addr object = fake_object(heap, heap->types.deque, HS_SIZEOF(layout, dequeobject));
	hs_addr block = fake_malloc(heap, HS_SIZEOF(layout, dequeblock));

	FAKE_PUT(heap, object, PyVarObject, ob_size, n);
	FAKE_PUT(heap, object, dequeobject, leftindex, left_index);
	FAKE_PUT(heap, object, dequeobject, leftblock, block);
	for (size_t i = 0, at = left_index; i < n; i++, at++) {
		if (at == BLOCK_LENGTH) {
			hs_addr next = fake_malloc(heap, HS_SIZEOF(layout, dequeblock));
			FAKE_PUT(heap, block, dequeblock, rightlink, next);
			fake_put(heap, next, block);
			block = next;
			at = 0;
		}
		fake_put(heap, block + 8 + at * 8, items[i]);
		FAKE_PUT(heap, object, dequeobject, rightindex, at);
	}
	FAKE_PUT(heap, object, dequeobject, rightblock, block);
	return object;
}

hs_addr fake_odict(struct fake_heap *heap, const hs_addr *keys, const hs_addr *values, size_t n)
{
	const struct hs_layout *layout = heap->layout;
	hs_addr object = fake_object(heap, heap->types.odict, HS_SIZEOF(layout, PyODictObject));
	hs_addr fast_nodes = fake_malloc(heap, 8 * 8), before = 0;

	fill_dict(heap, object, 3, keys, values, n);
	FAKE_PUT(heap, object, PyODictObject, od_fast_nodes, fast_nodes);
	FAKE_PUT(heap, object, PyODictObject, od_fast_nodes_size, 8);
	for (size_t i = 0; i < n; i++) {
		hs_addr node = fake_malloc(heap, HS_SIZEOF(layout, odictnode));
		FAKE_PUT(heap, node, odictnode, key, keys[i]);
		fake_put(heap, fast_nodes + i * 8, node);
		if (before)
			FAKE_PUT(heap, before, odictnode, next, node);
		else
			FAKE_PUT(heap, object, PyODictObject, od_first, node);
		before = node;
	}
	return object;
}

void fake_hold(struct fake_heap *heap, hs_addr object)
{
	fake_put(heap, fake_static(heap, 8), object);
}
