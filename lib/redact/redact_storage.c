/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Geometry that does not stand in the object itself: headers of tables and arrays, links of chains, how many there are. References in
 * these blocks are the visitor's affair.
 */
#include "dict.h"
#include "members.h"
#include "redact_internal.h"
#include "unicode.h"

#define WORD 8
#define MAX_SLOTS ((uint64_t)1 << 40)
#define MAX_DIMENSIONS 64
#define MAX_CODES 4096
#define MAX_SPARE_BLOCKS 64
#define MAX_CONDITIONS 256

void redact_keys(struct redaction *redaction, hs_addr address)
{
	struct hs_dict_keys keys;

	if (hs_dict_keys_read(redaction->py, address, &keys))
		blank_keep(&redaction->blank, address, (size_t)HS_OFFSET(redaction->layout, PyDictKeysObject, dk_indices));
}

void redact_values(struct redaction *redaction, hs_addr values)
{
	const struct hs_layout *layout = redaction->layout;

	if (!values)
		return;
	if (layout->features.values == HS_VALUES_PREFIXED)
		blank_keep(&redaction->blank, values - 1, 1);
	else if (layout->features.values == HS_VALUES_HEADED)
		blank_keep(&redaction->blank, values, (size_t)HS_OFFSET(layout, PyDictValues, valid) + 1);
}

static void keep_dict(struct redaction *redaction, const struct hs_object *object)
{
	redact_keys(redaction, HS_BODY(redaction->py, object, PyDictObject, ma_keys));
	redact_values(redaction, HS_BODY(redaction->py, object, PyDictObject, ma_values));
	if (!strcmp(object->type->kind->tp_name, "StgDict"))
		redact_blank_string(redaction, HS_BODY(redaction->py, object, StgDictObject, format));
}

/* Deleted entries are told by their key. */
static void keep_set(struct redaction *redaction, const struct hs_object *object)
{
	const struct hs_cpython *py = redaction->py;
	size_t entry_bytes = HS_SIZEOF(redaction->layout, setentry);
	uint64_t n = HS_BODY(py, object, PySetObject, mask) + 1, key;
	hs_addr table = HS_BODY(py, object, PySetObject, table);
	uint32_t offset = (uint32_t)HS_OFFSET(redaction->layout, setentry, key);

	if (!py->set_dummy || n > MAX_SLOTS || HS_BODY(py, object, PySetObject, fill) == HS_BODY(py, object, PySetObject, used))
		return;
	const uint8_t *entries = redact_take(redaction, n * entry_bytes) ? hs_image_at(py->image, table, n * entry_bytes) : NULL;
	uint8_t *to = entries ? blank_at(&redaction->blank, table, n * entry_bytes) : NULL;
	for (uint64_t i = 0; to && i < n; i++) {
		memcpy(&key, entries + i * entry_bytes + offset, sizeof(key));
		if (key == py->set_dummy)
			memcpy(to + i * entry_bytes + offset, &key, sizeof(key));
	}
}

/* 3.11+: spare blocks, in an array in the object. */
static void keep_deque(struct redaction *redaction, const struct hs_object *object)
{
	int32_t spare = HS_OFFSET(redaction->layout, dequeobject, freeblocks);
	uint64_t n = HS_BODY(redaction->py, object, dequeobject, numfreeblocks);

	if (spare != HS_ABSENT && n <= MAX_SPARE_BLOCKS && (uint64_t)spare + n * WORD <= object->body_bytes)
		blank_keep(&redaction->blank, object->address + (uint32_t)spare, n * WORD);
}

/* numpy/ndarraytypes.h: data, nd, dimensions, strides, base, descr, flags; of the descr, which kind of items they are. */
static void keep_ndarray(struct redaction *redaction, const struct hs_object *object)
{
	enum { DATA = 0, N_DIMENSIONS = 8, DIMENSIONS = 16, DESCR = 40, FLAGS = 48 };
	uint32_t head = HS_SIZEOF(redaction->layout, PyObject), n = hs_body_u32(object, head + N_DIMENSIONS);

	if (object->body_bytes < head + FLAGS + WORD)
		return;
	blank_keep(&redaction->blank, object->address + head + DATA, WORD);
	blank_keep(&redaction->blank, object->address + head + N_DIMENSIONS, 4);
	blank_keep(&redaction->blank, object->address + head + DIMENSIONS, WORD);
	blank_keep(&redaction->blank, object->address + head + FLAGS, 4);
	if (n <= MAX_DIMENSIONS)
		blank_keep(&redaction->blank, hs_body_u64(object, head + DIMENSIONS), n * WORD);
	blank_keep(&redaction->blank, hs_body_u64(object, head + DESCR) + head + WORD, 1);
}

/* The codes end with one whose definition is NULL. */
static void keep_struct_codes(struct redaction *redaction, const struct hs_object *object)
{
	hs_addr code = HS_BODY(redaction->py, object, PyStructObject, s_codes);
	uint32_t bytes = HS_SIZEOF(redaction->layout, formatcode);

	for (unsigned i = 0; bytes && i < MAX_CODES && REDACT_WORD(redaction, code, formatcode, fmtdef); i++, code += bytes)
		KEEP_FIELD(redaction, code, formatcode, fmtdef);
}

static void keep_element(struct redaction *redaction, const struct hs_object *object)
{
	hs_addr extra = HS_BODY(redaction->py, object, ElementObject, extra);

	if (!extra)
		return;
	KEEP_FIELD(redaction, extra, ElementObjectExtra, length);
	KEEP_FIELD(redaction, extra, ElementObjectExtra, allocated);
	KEEP_FIELD(redaction, extra, ElementObjectExtra, children);
}

static void keep_pickler(struct redaction *redaction, const struct hs_object *object)
{
	hs_addr memo = HS_BODY(redaction->py, object, PicklerObject, memo);

	if (!memo)
		return;
	KEEP_FIELD(redaction, memo, PyMemoTable, mt_allocated);
	KEEP_FIELD(redaction, memo, PyMemoTable, mt_table);
}

static void keep_unpickler(struct redaction *redaction, const struct hs_object *object)
{
	redact_blank_string(redaction, HS_BODY(redaction->py, object, UnpicklerObject, input_line));
	redact_blank_string(redaction, HS_BODY(redaction->py, object, UnpicklerObject, encoding));
	redact_blank_string(redaction, HS_BODY(redaction->py, object, UnpicklerObject, errors));
}

/* The ring of links starts in the object. */
static void keep_lru_cache(struct redaction *redaction, const struct hs_object *object)
{
	const struct hs_layout *layout = redaction->layout;

	if (HS_HAS(layout, lru_cache_object, root))
		KEEP_FIELD(redaction, object->address + (uint32_t)HS_OFFSET(layout, lru_cache_object, root), lru_list_elem, next);
}

static void keep_array(struct redaction *redaction, const struct hs_object *object)
{
	hs_addr descr = HS_BODY(redaction->py, object, arrayobject, ob_descr);

	if (descr)
		KEEP_FIELD(redaction, descr, arraydescr, itemsize);
}

/* PyMethodDef, whose first member is the name. */
static void keep_c_function(struct redaction *redaction, const struct hs_object *object)
{
	uint32_t head = HS_SIZEOF(redaction->layout, PyObject);
	hs_addr method = hs_body_u64(object, head);

	blank_keep(&redaction->blank, object->address + head, WORD);
	if (method && blank_keep(&redaction->blank, method, WORD))
		redact_name_string(redaction, hs_image_word(redaction->py->image, method));
}

/* 3.13+, _decimal: arrays that end with an entry without a name. */
static void keep_conditions(struct redaction *redaction, hs_addr map)
{
	uint32_t bytes = HS_SIZEOF(redaction->layout, DecCondMap);

	for (unsigned i = 0; map && i < MAX_CONDITIONS && REDACT_WORD(redaction, map, DecCondMap, name); i++, map += bytes)
		KEEP_FIELD(redaction, map, DecCondMap, name);
}

static void keep_zone_cache(struct redaction *redaction, hs_addr node)
{
	for (unsigned i = 0; node && i < MAX_CONDITIONS; i++) {
		KEEP_FIELD(redaction, node, StrongCacheNode, next);
		node = REDACT_WORD(redaction, node, StrongCacheNode, next);
	}
}

/* Up to 3.9: an array of pointers to blocks. */
static void keep_exit_callbacks(struct redaction *redaction, hs_addr state)
{
	uint32_t n = 0;

	if (!HS_HAS(redaction->layout, atexitmodule_state, callbacks))
		return;
	hs_image_u32(redaction->py->image, state + (uint32_t)HS_OFFSET(redaction->layout, atexitmodule_state, ncallbacks), &n);
	hs_addr callbacks = REDACT_WORD(redaction, state, atexitmodule_state, callbacks);
	KEEP_FIELD(redaction, state, atexitmodule_state, callbacks);
	KEEP_FIELD(redaction, state, atexitmodule_state, ncallbacks);
	known_range_keep(redaction->heap, &redaction->blank, callbacks, callbacks + (hs_addr)n * WORD, false);
}

/* A module's state by the names that module_state.c knows; the words of others are references or nothing. */
static void keep_module_state(struct redaction *redaction, hs_addr state, const char *name)
{
	if (!strcmp(name, "atexit")) {
		keep_exit_callbacks(redaction, state);
	} else if (!strcmp(name, "_decimal") && HS_HAS(redaction->layout, decimal_state, signal_map)) {
		KEEP_FIELD(redaction, state, decimal_state, signal_map);
		KEEP_FIELD(redaction, state, decimal_state, cond_map);
		keep_conditions(redaction, REDACT_WORD(redaction, state, decimal_state, signal_map));
		keep_conditions(redaction, REDACT_WORD(redaction, state, decimal_state, cond_map));
	} else if (!strcmp(name, "_zoneinfo") && HS_HAS(redaction->layout, zoneinfo_state, strong_cache)) {
		KEEP_FIELD(redaction, state, zoneinfo_state, strong_cache);
		keep_zone_cache(redaction, REDACT_WORD(redaction, state, zoneinfo_state, strong_cache));
	}
}

static void keep_module(struct redaction *redaction, const struct hs_object *object)
{
	const struct hs_cpython *py = redaction->py;
	hs_addr definition = HS_BODY(py, object, PyModuleObject, md_def), state = HS_BODY(py, object, PyModuleObject, md_state);
	int32_t name_offset = hs_member_offset(redaction->layout, HS_MEMBERS_PyModuleObject, "md_name");
	char name[64];

	KEEP_FIELD(redaction, object->address, PyModuleObject, md_state);
	KEEP_FIELD(redaction, object->address, PyModuleObject, md_def);
	KEEP_FIELD(redaction, object->address, PyModuleObject, md_state_size);
	KEEP_FIELD(redaction, object->address, PyModuleObject, md_state_traverse);
	if (definition) {
		KEEP_FIELD(redaction, definition, PyModuleDef, m_size);
		KEEP_FIELD(redaction, definition, PyModuleDef, m_traverse);
	}
	if (state && hs_str_read(py, hs_body_u64(object, name_offset), name, sizeof(name)))
		keep_module_state(redaction, state, name);
}

static const struct {
	const char *kind;
	void (*keep)(struct redaction *redaction, const struct hs_object *object);
} keepers[] = {
	{ "dict", keep_dict }, { "frozendict", keep_dict }, { "collections.OrderedDict", keep_dict }, { "StgDict", keep_dict },
	{ "set", keep_set }, { "frozenset", keep_set }, { "numpy.ndarray", keep_ndarray }, { "array.array", keep_array },
	{ "Struct", keep_struct_codes }, { "_struct.Struct", keep_struct_codes }, { "xml.etree.ElementTree.Element", keep_element },
	{ "_pickle.Pickler", keep_pickler }, { "_pickle.Unpickler", keep_unpickler }, { "functools._lru_cache_wrapper", keep_lru_cache },
	{ "module", keep_module }, { "collections.deque", keep_deque },
};

void redact_storage_of(struct redaction *redaction, const struct hs_object *object)
{
	const char *kind = object->type->kind->tp_name;

	for (size_t i = 0; i < sizeof(keepers) / sizeof(keepers[0]); i++)
		if (!strcmp(keepers[i].kind, kind)) {
			keepers[i].keep(redaction, object);
			return;
		}
	/* of a kind that has no line there but one thing to look at */
	if (object->type->kind == hs_kind_plain())
		keep_c_function(redaction, object);
}

void redact_block_of(struct redaction *redaction, const struct hs_object *object, hs_addr start, uint64_t bytes)
{
	const struct hs_layout *layout = redaction->layout;
	const char *kind = object->type->kind->tp_name;

	/* the first character tells most kinds apart at once: this is asked for every block */
	if (kind[0] != 'c')
		return;
	if (!strcmp(kind, "collections.deque") && bytes == HS_SIZEOF(layout, dequeblock))
		KEEP_FIELD(redaction, start, dequeblock, rightlink);
	else if (!strcmp(kind, "collections.OrderedDict") && bytes == HS_SIZEOF(layout, odictnode) &&
		 known_word(redaction->heap, REDACT_WORD(redaction, start, odictnode, next)))
		KEEP_FIELD(redaction, start, odictnode, next);
}
