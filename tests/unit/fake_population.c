/* SPDX-License-Identifier: Apache-2.0 */
/* A heap in which every decoder has something to read. */
#include "fake_heap.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* C types whose decoder reads more than `object` has: an instance each, its pointer members leading to readable memory. */
static const struct {
	const char *name;
	enum hs_struct_id structure;
	bool is_collected;
	enum hs_field_id pointers[2]; /* HS_N_FIELDS: none */
} kinds[] = {
	{ "bytearray", HS_STRUCT_PyByteArrayObject, false, { HS_FIELD_PyByteArrayObject_ob_bytes, HS_N_FIELDS } },
	{ "array.array", HS_STRUCT_arrayobject, false, { HS_FIELD_arrayobject_ob_item, HS_FIELD_arrayobject_ob_descr } },
	{ "code", HS_STRUCT_PyCodeObject, false, { HS_FIELD_PyCodeObject_co_cellvars, HS_FIELD_PyCodeObject_co_extra } },
	{ "frame", HS_STRUCT_PyFrameObject, true, { HS_FIELD_PyFrameObject_f_code, HS_FIELD_PyFrameObject_f_frame } },
	{ "generator", HS_STRUCT_PyGenObject, true, { HS_FIELD_PyGenObject_gi_code, HS_N_FIELDS } },
	{ "StgDict", HS_STRUCT_StgDictObject, true, { HS_FIELD_StgDictObject_format, HS_FIELD_StgDictObject_elements } },
	{ "_io.BytesIO", HS_STRUCT_bytesio, true, { HS_FIELD_bytesio_buf, HS_N_FIELDS } },
	{ "_io.BufferedReader", HS_STRUCT_buffered, true, { HS_FIELD_buffered_buffer, HS_N_FIELDS } },
	{ "_struct.Struct", HS_STRUCT_PyStructObject, false, { HS_FIELD_PyStructObject_s_codes, HS_N_FIELDS } },
	{ "_pickle.Pickler", HS_STRUCT_PicklerObject, true, { HS_FIELD_PicklerObject_memo, HS_FIELD_PicklerObject_output_buffer } },
	{ "_pickle.Unpickler", HS_STRUCT_UnpicklerObject, true, { HS_FIELD_UnpicklerObject_memo, HS_FIELD_UnpicklerObject_input_line } },
	{ "xml.etree.ElementTree.Element", HS_STRUCT_ElementObject, true, { HS_FIELD_ElementObject_extra, HS_N_FIELDS } },
	{ "decimal.Decimal", HS_STRUCT_PyDecObject, false, { HS_N_FIELDS, HS_N_FIELDS } },
	{ "itertools.product", HS_STRUCT_productobject, true, { HS_FIELD_productobject_pools, HS_N_FIELDS } },
	{ "itertools.permutations", HS_STRUCT_permutationsobject, true, { HS_FIELD_permutationsobject_pool, HS_N_FIELDS } },
	{ "itertools.combinations", HS_STRUCT_combinationsobject, true, { HS_N_FIELDS, HS_N_FIELDS } },
	{ "_queue.SimpleQueue", HS_STRUCT_simplequeueobject, true, { HS_N_FIELDS, HS_N_FIELDS } },
	{ "numpy.ndarray", HS_STRUCT_PySetObject, false, { HS_FIELD_PySetObject_fill, HS_FIELD_PySetObject_mask } },
	{ "EncodingMap", HS_STRUCT_PyListObject, false, { HS_N_FIELDS, HS_N_FIELDS } },
	{ "datetime.datetime", HS_STRUCT_PyListObject, false, { HS_N_FIELDS, HS_N_FIELDS } },
	{ "extension.Thing", HS_STRUCT_PyListObject, true, { HS_FIELD_PyListObject_ob_item, HS_N_FIELDS } },
};

static void add_kinds(struct fake_heap *heap)
{
	for (size_t i = 0; i < LENGTH(kinds); i++) {
		size_t bytes = heap->layout->struct_bytes[kinds[i].structure];
		if (!bytes)
			continue;
		hs_addr type = fake_static_type(heap, kinds[i].name, bytes, 0, kinds[i].is_collected ? HS_TPFLAGS_HAVE_GC : 0, heap->types.object);
		hs_addr object = fake_object(heap, type, bytes);
		for (size_t p = 0; p < LENGTH(kinds[i].pointers); p++)
			if (kinds[i].pointers[p] != HS_N_FIELDS)
				fake_put_field(heap, object, kinds[i].pointers[p], fake_malloc(heap, 64));
		fake_hold(heap, object);
	}
}

/* 3.13+: what ctypes keeps about a type lies behind the type object. */
static void add_ctype(struct fake_heap *heap)
{
	const struct hs_layout *layout = heap->layout;
	size_t bytes = (HS_SIZEOF(layout, PyHeapTypeObject) + 15) & ~(size_t)15, info = bytes;

	if (!HS_SIZEOF(layout, StgInfo))
		return;
	bytes += HS_SIZEOF(layout, StgInfo);
	hs_addr metatype = fake_static_type(heap, "_ctypes.CType_Type", bytes, HS_SIZEOF(layout, PyMemberDef),
					    HS_TPFLAGS_HAVE_GC | HS_TPFLAGS_TYPE_SUBCLASS, heap->types.type);
	hs_addr type = fake_object(heap, metatype, bytes);
	FAKE_PUT(heap, type, PyTypeObject, tp_name, fake_string(heap, "c_thing"));
	FAKE_PUT(heap, type, PyTypeObject, tp_basicsize, 48);
	FAKE_PUT(heap, type, PyTypeObject, tp_flags, HS_TPFLAGS_READY | HS_TPFLAGS_HEAPTYPE | HS_TPFLAGS_HAVE_GC);
	FAKE_PUT(heap, type, PyTypeObject, tp_base, heap->types.object);
	FAKE_PUT(heap, type + info, StgInfo, initialized, 1);
	FAKE_PUT(heap, type + info, StgInfo, format, fake_string(heap, "<i"));
	FAKE_PUT(heap, type + info, StgInfo, ndim, 2);
	fake_hold(heap, fake_object(heap, type, 48));
}

static void add_instances(struct fake_heap *heap, const hs_addr *values)
{
	const struct hs_layout *layout = heap->layout;
	hs_addr plain = fake_class(heap, "Plain", 16, layout->features.preheader_flags & ((uint64_t)1 << 4), heap->types.object, 3);
	hs_addr text = fake_class(heap, "Text", HS_SIZEOF(layout, PyUnicodeObject) + 8, 0, heap->types.str, 0);
	hs_addr counts = fake_class(heap, "Counts", HS_SIZEOF(layout, PyDictObject) + 16, 0, heap->types.dict, 0);

	for (unsigned i = 0; i < 4; i++) {
		hs_addr object = fake_object(heap, plain, 16);
		if (layout->features.preheader == HS_PREHEADER_VALUES_DICT) {
			hs_addr block = fake_malloc(heap, 8 + 5 * 8);
			*fake_at(heap, block + 7, 1) = 8;
			fake_put(heap, block + 8, values[i]);
			fake_put(heap, object - 32, block + 8);
		}
	}
	if (layout->features.has_inline_values) {
		hs_addr inlined = fake_class(heap, "Inlined", 16, HS_TPFLAGS_INLINE_VALUES | (uint64_t)1 << 4, heap->types.object, 5);
		hs_addr object = fake_object(heap, inlined, 16 + 8 + 6 * 8);
		*fake_at(heap, object + 16, 1) = 5;
		fake_put(heap, object + 24, values[0]);
	}
	hs_addr legacy = fake_object(heap, text, HS_SIZEOF(layout, PyUnicodeObject) + 8);
	FAKE_PUT(heap, legacy, PyASCIIObject, length, 3);
	FAKE_PUT(heap, legacy, PyASCIIObject, kind, 1);
	FAKE_PUT(heap, legacy, PyUnicodeObject, data, fake_malloc(heap, 4));
	hs_addr counter = fake_object(heap, counts, HS_SIZEOF(layout, PyDictObject) + 16);
	FAKE_PUT(heap, counter, PyDictObject, ma_keys, fake_keys(heap, 3, values, values, 2, false));
}

void fake_populate(struct fake_heap *heap)
{
	static const uint16_t wide[] = { 0x3b1, 0x3b2, 0x3b3 };
	static const uint32_t wider[] = { 0x1f40d, 0x61 };
	hs_addr words[80], keys[5];

	for (unsigned i = 0; i < LENGTH(words); i++)
		words[i] = i % 2 ? fake_int(heap, i) : fake_float(heap, i);
	for (unsigned i = 0; i < LENGTH(keys); i++)
		keys[i] = fake_str(heap, (const char[][8]){ "alpha", "beta", "gamma", "delta", "epsilon" }[i]);
	words[0] = fake_str_of(heap, "caf\xe9", 4, 1, false);
	words[1] = fake_str_of(heap, wide, LENGTH(wide), 2, false);
	words[2] = fake_str_of(heap, wider, LENGTH(wider), 4, false);
	fake_hold(heap, fake_list(heap, words, LENGTH(words), LENGTH(words) + 8)); /* items in a chunk */
	fake_hold(heap, fake_list(heap, words, 5, 8));
	fake_hold(heap, fake_list(heap, NULL, 0, 0));
	fake_hold(heap, fake_tuple(heap, words, 3));
	fake_hold(heap, fake_tuple(heap, words, LENGTH(words))); /* itself in a chunk */
	fake_hold(heap, fake_dict(heap, 3, keys, words, LENGTH(keys)));
	fake_hold(heap, fake_dict(heap, 7, keys, words, LENGTH(keys))); /* keys in a chunk */
	fake_hold(heap, fake_set(heap, words, 4, 8));
	fake_hold(heap, fake_set(heap, words, 20, 32));
	fake_hold(heap, fake_deque(heap, words, LENGTH(words), 30));
	fake_hold(heap, fake_odict(heap, keys, words, LENGTH(keys)));
	fake_hold(heap, fake_bytes(heap, 10));
	fake_hold(heap, fake_bytes(heap, 2000));
	add_instances(heap, words);
	add_kinds(heap);
	add_ctype(heap);
	/* a freed block, a freed chunk, an object kept for reuse, a chunk of its own mapping */
	fake_free_block(heap, words[7]);
	hs_addr freed = fake_chunk(heap, 700);
	fake_chunk(heap, 40);
	fake_free_chunk(heap, freed);
	fake_put(heap, words[9], 0);
	struct fake_region *mapped = &heap->regions[FAKE_MAPPED];
	fake_put(heap, mapped->start + 8, mapped->bytes | 2);
	fake_put(heap, mapped->start + 16, 1);
	fake_put(heap, mapped->start + 24, heap->types.bytes);
	FAKE_PUT(heap, mapped->start + 16, PyVarObject, ob_size, mapped->bytes - 100);
	fake_hold(heap, mapped->start + 16);
}
