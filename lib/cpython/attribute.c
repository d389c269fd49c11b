/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an instance keeps its attributes: in a dict that its type's tp_dictoffset or pre-header leads to, or as values in the
 * order of its class's shared keys. Knows nothing of slots and class attributes.
 */
#include "attribute.h"

#include "dict.h"
#include "unicode.h"

#define WORD 8
#define LARGEST_DICT_OFFSET 4096

static hs_addr head_word(const struct hs_object *object, uint32_t before)
{
	hs_addr word = 0;

	if (before <= object->head_bytes)
		memcpy(&word, object->body - before, sizeof(word));
	return word;
}

void hs_instance_attributes(const struct hs_cpython *py, const struct hs_object *object, hs_addr *ret_dict, hs_addr *ret_values)
{
	const struct hs_type *type = object->type;
	hs_addr outer = head_word(object, HS_GC_HEAD_BYTES + HS_PREHEADER_BYTES);
	hs_addr inner = head_word(object, HS_GC_HEAD_BYTES + HS_PREHEADER_BYTES - WORD);
	uint64_t offset = hs_image_word(py->image, type->address + (uint32_t)HS_OFFSET(py->layout, PyTypeObject, tp_dictoffset));

	*ret_dict = *ret_values = 0;
	if (!type->has_preheader) {
		*ret_dict = offset && offset < LARGEST_DICT_OFFSET ? hs_body_u64(object, (int64_t)offset) : 0;
		return;
	}
	switch (py->layout->features.preheader) {
	case HS_PREHEADER_NONE:
		return;
	case HS_PREHEADER_VALUES_DICT:
		*ret_dict = inner;
		*ret_values = outer;
		return;
	case HS_PREHEADER_WEAK_TAGGED:
		*ret_dict = inner & 1 ? 0 : inner;
		*ret_values = inner & 1 ? inner + 1 : 0;
		return;
	case HS_PREHEADER_WEAK_DICT:
		*ret_dict = inner;
		if (type->has_inline_values)
			*ret_values = object->address + type->basicsize;
		return;
	}
}

static hs_addr find_value(const struct hs_cpython *py, const struct hs_type *type, hs_addr values, const char *name)
{
	hs_addr shared = hs_image_word(py->image, type->address + (uint32_t)HS_OFFSET(py->layout, PyHeapTypeObject, ht_cached_keys));
	struct hs_dict_keys keys;

	if (!hs_dict_keys_read(py, shared, &keys))
		return 0;
	values += (uint32_t)HS_OFFSET(py->layout, PyDictValues, values);
	for (uint64_t i = 0; i < keys.n_entries; i++) {
		hs_addr key;
		memcpy(&key, keys.entries + i * keys.entry_bytes + keys.key_offset, sizeof(key));
		if (key && hs_str_equals(py, key, name))
			return hs_image_word(py->image, values + i * WORD);
	}
	return 0;
}

hs_addr hs_instance_attribute(const struct hs_cpython *py, struct hs_types *types, hs_addr address, const char *name)
{
	struct hs_object object;
	hs_addr dict, values;

	if (!address || !hs_object_at(py, types, address, &object))
		return 0;
	hs_instance_attributes(py, &object, &dict, &values);
	if (dict)
		return hs_dict_find(py, dict, name);
	return values ? find_value(py, object.type, values, name) : 0;
}

hs_addr hs_modules(const struct hs_cpython *py, hs_addr interpreter)
{
	const struct hs_layout *layout = py->layout;
	int32_t member = HS_HAS(layout, PyInterpreterState, modules) ? HS_OFFSET(layout, PyInterpreterState, modules)
								     : HS_OFFSET(layout, PyInterpreterState, imports_modules);

	return hs_image_word(py->image, interpreter + (uint32_t)member);
}

hs_addr hs_module_own_dict(const struct hs_cpython *py, struct hs_types *types, hs_addr module)
{
	struct hs_object object;
	hs_addr dict, values;

	if (!module || !hs_object_at(py, types, module, &object))
		return 0;
	hs_instance_attributes(py, &object, &dict, &values);
	return dict;
}

hs_addr hs_module_dict(const struct hs_cpython *py, struct hs_types *types, hs_addr interpreter, const char *name)
{
	hs_addr modules = hs_modules(py, interpreter);

	return modules ? hs_module_own_dict(py, types, hs_dict_find(py, modules, name)) : 0;
}
