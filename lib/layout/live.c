/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks' own small readers. They are separate from the decoders above this layer on purpose: those may trust the
 * layout, these must not.
 */
#include "live.h"

#include <string.h>

#define NAME_MAX_BYTES 256
#define STR_MAX_BYTES 4096
#define GLOBALS_MAX 6000
#define DICT_MAX_SLOTS ((size_t)1 << 32)

static hs_addr at(hs_addr address, int32_t offset)
{
	return address + (hs_addr)(int64_t)offset;
}

uint64_t hs_live_word(const struct hs_live *live, hs_addr address, int32_t offset)
{
	uint64_t word = 0;

	return address && offset >= 0 && hs_image_u64(live->image, at(address, offset), &word) ? word : 0;
}

uint32_t hs_live_u32(const struct hs_live *live, hs_addr address, int32_t offset)
{
	uint32_t word = 0;

	return address && offset >= 0 && hs_image_u32(live->image, at(address, offset), &word) ? word : 0;
}

uint8_t hs_live_u8(const struct hs_live *live, hs_addr address, int32_t offset)
{
	uint8_t byte = 0;

	return address && offset >= 0 && hs_image_read(live->image, at(address, offset), &byte, 1) ? byte : 0;
}

uint64_t hs_live_field(const struct hs_live *live, hs_addr address, enum hs_field_id id)
{
	const struct hs_field *field = &live->layout->fields[id];

	switch (field->bytes) {
	case 1:
		return hs_live_u8(live, address, field->offset);
	case 4:
		return hs_live_u32(live, address, field->offset);
	default:
		return hs_live_word(live, address, field->offset);
	}
}

#define FIELD(live, address, structure, name) hs_live_field(live, address, HS_FIELD_##structure##_##name)

bool hs_live_is_type(const struct hs_live *live, hs_addr address)
{
	hs_addr meta = FIELD(live, address, PyObject, ob_type);

	return meta && FIELD(live, meta, PyTypeObject, tp_flags) & HS_TPFLAG_TYPE_SUBCLASS &&
	       FIELD(live, address, PyTypeObject, tp_flags) & HS_TPFLAG_READY;
}

hs_addr hs_live_type_of(const struct hs_live *live, hs_addr object)
{
	hs_addr type = FIELD(live, object, PyObject, ob_type);

	return type && hs_live_is_type(live, type) ? type : 0;
}

bool hs_live_type_is_named(const struct hs_live *live, hs_addr type, const char *name)
{
	size_t bytes;
	const char *its_name = hs_image_string(live->image, FIELD(live, type, PyTypeObject, tp_name), NAME_MAX_BYTES, &bytes);

	return its_name && bytes == strlen(name) && !memcmp(its_name, name, bytes);
}

bool hs_live_is(const struct hs_live *live, hs_addr object, const char *name)
{
	hs_addr type = hs_live_type_of(live, object);

	return type && hs_live_type_is_named(live, type, name);
}

const char *hs_live_str(const struct hs_live *live, hs_addr object, size_t *ret_bytes)
{
	const struct hs_field *fields = live->layout->fields;
	uint32_t state = hs_live_u32(live, object, HS_OFFSET(live->layout, PyASCIIObject, compact));
	uint64_t length = FIELD(live, object, PyASCIIObject, length);

	if (!hs_live_is(live, object, "str") || length > STR_MAX_BYTES ||
	    !hs_field_bits(fields[HS_FIELD_PyASCIIObject_compact], state) ||
	    !hs_field_bits(fields[HS_FIELD_PyASCIIObject_ascii], state) ||
	    hs_field_bits(fields[HS_FIELD_PyASCIIObject_kind], state) != 1)
		return NULL;
	const char *text = hs_image_at(live->image, object + HS_SIZEOF(live->layout, PyASCIIObject), length + 1);
	if (!text || text[length])
		return NULL;
	*ret_bytes = length;
	return text;
}

bool hs_live_str_is(const struct hs_live *live, hs_addr object, const char *text)
{
	size_t bytes;
	const char *its_text = hs_live_str(live, object, &bytes);

	return its_text && bytes == strlen(text) && !memcmp(its_text, text, bytes);
}

bool hs_live_bytes(const struct hs_live *live, hs_addr object, const uint8_t **ret, size_t *ret_bytes)
{
	uint64_t length = FIELD(live, object, PyVarObject, ob_size);

	if (!hs_live_is(live, object, "bytes") || length > STR_MAX_BYTES || HS_OFFSET(live->layout, PyBytesObject, ob_sval) < 0)
		return false;
	const uint8_t *data = hs_image_at(live->image, at(object, HS_OFFSET(live->layout, PyBytesObject, ob_sval)), length + 1);
	if (!data || data[length])
		return false;
	*ret = data;
	*ret_bytes = length;
	return true;
}

/* Digits of 30 bits, least significant first; sign and number stand in ob_size (to 3.11) or lv_tag (3.12+). */
bool hs_live_int(const struct hs_live *live, hs_addr object, int64_t *ret)
{
	const struct hs_layout *layout = live->layout;
	int32_t digits_offset;
	uint64_t n, value = 0;
	bool is_negative;

	if (!hs_live_is(live, object, "int"))
		return false;
	if (HS_HAS(layout, PyLongObject, lv_tag)) {
		uint64_t tag = FIELD(live, object, PyLongObject, lv_tag);

		digits_offset = HS_OFFSET(layout, PyLongObject, lv_digit);
		n = tag >> 3;
		is_negative = (tag & 3) == 2;
	} else {
		int64_t size = (int64_t)FIELD(live, object, PyVarObject, ob_size);

		digits_offset = HS_OFFSET(layout, PyLongObject, ob_digit);
		is_negative = size < 0;
		n = is_negative ? -(uint64_t)size : (uint64_t)size;
	}
	if (n > 3 || digits_offset < 0)
		return false;
	for (uint64_t i = 0; i < n; i++) {
		uint32_t digit = hs_live_u32(live, object, digits_offset + (int32_t)(4 * i));

		if (digit >> 30)
			return false;
		value |= (uint64_t)digit << 30 * i;
	}
	*ret = is_negative ? -(int64_t)value : (int64_t)value;
	return true;
}

bool hs_live_items(const struct hs_live *live, hs_addr object, hs_addr *ret_items, size_t *ret_n)
{
	const struct hs_layout *layout = live->layout;
	uint64_t n = FIELD(live, object, PyVarObject, ob_size);
	hs_addr items;

	if (hs_live_is(live, object, "list"))
		items = FIELD(live, object, PyListObject, ob_item);
	else if (hs_live_is(live, object, "tuple") && HS_OFFSET(layout, PyTupleObject, ob_item) >= 0)
		items = at(object, HS_OFFSET(layout, PyTupleObject, ob_item));
	else
		return false;
	if (n >> 40 || (n && !hs_image_at(live->image, items, n * 8)))
		return false;
	*ret_items = items;
	*ret_n = n;
	return true;
}

/* Up to 3.10: dk_size slots, whose width follows from it; entries of one kind behind them. */
static bool read_keys_by_size(const struct hs_live *live, struct hs_live_dict *dict)
{
	uint64_t slots = FIELD(live, dict->keys, PyDictKeysObject, dk_size);
	size_t width = slots <= 0xff ? 1 : slots <= 0xffff ? 2 : slots <= 0xffffffff ? 4 : 8;

	if (!slots || slots & (slots - 1) || slots > DICT_MAX_SLOTS)
		return false;
	dict->n_slots = slots;
	dict->entries = at(dict->keys, HS_OFFSET(live->layout, PyDictKeysObject, dk_indices)) + slots * width;
	return true;
}

/* From 3.11 on: logarithms of the number of slots and of their bytes; two kinds of entries. */
static bool read_keys_by_logarithm(const struct hs_live *live, struct hs_live_dict *dict, bool *ret_is_general)
{
	unsigned log2_slots = (unsigned)FIELD(live, dict->keys, PyDictKeysObject, dk_log2_size);
	unsigned log2_bytes = (unsigned)FIELD(live, dict->keys, PyDictKeysObject, dk_log2_index_bytes);
	unsigned kind = (unsigned)FIELD(live, dict->keys, PyDictKeysObject, dk_kind);
	unsigned log2_width = log2_slots < 8 ? 0 : log2_slots < 16 ? 1 : log2_slots < 32 ? 2 : 3;

	/* The shared table of empty dicts states three bytes for its one slot. */
	if (log2_slots > 32 || kind > 2 || (log2_bytes != log2_slots + log2_width && !(log2_slots == 0 && log2_bytes == 3)))
		return false;
	dict->n_slots = (size_t)1 << log2_slots;
	dict->entries = at(dict->keys, HS_OFFSET(live->layout, PyDictKeysObject, dk_indices)) + ((hs_addr)1 << log2_bytes);
	*ret_is_general = kind == 0;
	return true;
}

static void describe_entries(const struct hs_layout *layout, bool is_general, struct hs_live_dict *dict)
{
	if (is_general) {
		dict->entry_bytes = HS_SIZEOF(layout, PyDictKeyEntry);
		dict->key_offset = HS_OFFSET(layout, PyDictKeyEntry, me_key);
		dict->value_offset = HS_OFFSET(layout, PyDictKeyEntry, me_value);
	} else {
		dict->entry_bytes = HS_SIZEOF(layout, PyDictUnicodeEntry);
		dict->key_offset = HS_OFFSET(layout, PyDictUnicodeEntry, me_key);
		dict->value_offset = HS_OFFSET(layout, PyDictUnicodeEntry, me_value);
	}
}

bool hs_live_dict(const struct hs_live *live, hs_addr object, struct hs_live_dict *ret)
{
	const struct hs_layout *layout = live->layout;
	struct hs_live_dict dict = { .keys = FIELD(live, object, PyDictObject, ma_keys) };
	bool is_general = true;

	if (!hs_live_is(live, object, "dict") || HS_OFFSET(layout, PyDictKeysObject, dk_indices) < 0)
		return false;
	if (HS_HAS(layout, PyDictKeysObject, dk_size) ? !read_keys_by_size(live, &dict)
						      : !read_keys_by_logarithm(live, &dict, &is_general))
		return false;
	describe_entries(layout, is_general, &dict);
	dict.used = FIELD(live, object, PyDictObject, ma_used);
	dict.n_entries = FIELD(live, dict.keys, PyDictKeysObject, dk_nentries);
	dict.n_usable = FIELD(live, dict.keys, PyDictKeysObject, dk_usable);
	dict.values = FIELD(live, object, PyDictObject, ma_values);
	if (dict.values && HS_HAS(layout, PyDictValues, values))
		dict.values = at(dict.values, HS_OFFSET(layout, PyDictValues, values));
	if (dict.n_entries > dict.n_slots || dict.n_usable > dict.n_slots || dict.used > dict.n_entries ||
	    !hs_image_at(live->image, dict.entries, dict.n_entries * dict.entry_bytes))
		return false;
	*ret = dict;
	return true;
}

bool hs_live_dict_entry(const struct hs_live *live, const struct hs_live_dict *dict, size_t i, hs_addr *ret_key, hs_addr *ret_value)
{
	hs_addr entry = dict->entries + i * dict->entry_bytes;

	*ret_key = hs_live_word(live, entry, dict->key_offset);
	*ret_value = dict->values ? hs_live_word(live, dict->values + 8 * i, 0) : hs_live_word(live, entry, dict->value_offset);
	return *ret_key && *ret_value;
}

hs_addr hs_live_dict_get(const struct hs_live *live, hs_addr object, const char *name)
{
	struct hs_live_dict dict;
	hs_addr key, value;

	if (!hs_live_dict(live, object, &dict))
		return 0;
	for (size_t i = 0; i < dict.n_entries; i++)
		if (hs_live_dict_entry(live, &dict, i, &key, &value) && hs_live_str_is(live, key, name))
			return value;
	return 0;
}

hs_addr hs_live_module_dict(const struct hs_live *live, hs_addr module)
{
	hs_addr type = hs_live_type_of(live, module);

	if (!type || !hs_live_type_is_named(live, type, "module"))
		return 0;
	uint64_t offset = FIELD(live, type, PyTypeObject, tp_dictoffset);
	return offset < 256 ? hs_live_word(live, module, (int32_t)offset) : 0;
}

hs_addr hs_live_main_interpreter(const struct hs_live *live)
{
	return FIELD(live, HS_ADDRESS_OF(live->layout, _PyRuntime), PyRuntimeState, interpreters_main);
}

hs_addr hs_live_modules(const struct hs_live *live, hs_addr interpreter)
{
	if (HS_HAS(live->layout, PyInterpreterState, modules))
		return FIELD(live, interpreter, PyInterpreterState, modules);
	return FIELD(live, interpreter, PyInterpreterState, imports_modules);
}

hs_addr hs_live_sys(const struct hs_live *live, const char *name)
{
	return hs_live_dict_get(live, FIELD(live, hs_live_main_interpreter(live), PyInterpreterState, sysdict), name);
}

/* False when the visitor, or the number of values, says that it is enough. */
static bool visit_namespace(const struct hs_live *live, hs_addr namespace, size_t *n_left, hs_live_visit *visit, void *context)
{
	struct hs_live_dict dict;
	hs_addr key, value;

	if (!namespace || !hs_live_dict(live, namespace, &dict))
		return true;
	for (size_t i = 0; i < dict.n_entries; i++) {
		if (!hs_live_dict_entry(live, &dict, i, &key, &value))
			continue;
		if (!visit(live, value, context) || !--*n_left)
			return false;
	}
	return true;
}

void hs_live_each_global(const struct hs_live *live, hs_live_visit *visit, void *context)
{
	struct hs_live_dict modules;
	size_t n_left = GLOBALS_MAX;
	hs_addr key, module;

	if (!hs_live_dict(live, hs_live_modules(live, hs_live_main_interpreter(live)), &modules))
		return;
	for (size_t i = 0; i < modules.n_entries; i++)
		if (hs_live_dict_entry(live, &modules, i, &key, &module) &&
		    !visit_namespace(live, hs_live_module_dict(live, module), &n_left, visit, context))
			return;
}
