/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of PyHeapTypeObject, on every class that the loaded modules name. */
#include <string.h>

#include "validate.h"

#define FIELD(address, structure, name) hs_live_field(live, address, HS_FIELD_##structure##_##name)
#define TYPES_MAX 200

struct census {
	unsigned n_types, n_slots, n_keys, n_modules, n_names;
	struct hs_error *error;
};

static bool is_str_or_subclass(const struct hs_live *live, hs_addr object)
{
	const uint64_t unicode_subclass = (uint64_t)1 << 28;
	hs_addr type = hs_live_type_of(live, object);

	return type && FIELD(type, PyTypeObject, tp_flags) & unicode_subclass;
}

/* Shared keys: a small table of the split kind that the class holds itself. */
static bool is_cached_keys(const struct hs_live *live, hs_addr keys)
{
	int64_t refcount = (int64_t)FIELD(keys, PyDictKeysObject, dk_refcnt);
	uint64_t entries = FIELD(keys, PyDictKeysObject, dk_nentries);

	if (refcount < 1 || entries > 1 << 20)
		return false;
	return !HS_HAS(live->layout, PyDictKeysObject, dk_kind) || FIELD(keys, PyDictKeysObject, dk_kind) == 2;
}

static bool is_module(const struct hs_live *live, hs_addr object)
{
	hs_addr type = hs_live_type_of(live, object);

	/* A subclass, too: lazily loaded modules. */
	for (int depth = 0; type && depth < 16; depth++, type = FIELD(type, PyTypeObject, tp_base))
		if (hs_live_type_is_named(live, type, "module"))
			return true;
	return false;
}

static struct hs_error *check_names(const struct hs_live *live, hs_addr type, struct census *census)
{
	if (!is_str_or_subclass(live, FIELD(type, PyHeapTypeObject, ht_name)) ||
	    !is_str_or_subclass(live, FIELD(type, PyHeapTypeObject, ht_qualname)))
		return hs_check_failed(type, "a class has no name");
	hs_addr slots = FIELD(type, PyHeapTypeObject, ht_slots);
	if (slots && !hs_live_is(live, slots, "tuple"))
		return hs_check_failed(type, "a class's __slots__ are no tuple");
	census->n_slots += slots != 0;
	hs_addr its_name = FIELD(type, PyHeapTypeObject, ht_tpname);
	census->n_names += its_name && its_name == FIELD(type, PyTypeObject, tp_name);
	size_t bytes;
	if (its_name && !hs_image_string(live->image, its_name, 4096, &bytes))
		return hs_check_failed(type, "a class's own tp_name is no string");
	return NULL;
}

static struct hs_error *check_heap_type(const struct hs_live *live, hs_addr type, struct census *census)
{
	census->n_types++;
	HS_TRY(check_names(live, type, census));
	hs_addr keys = FIELD(type, PyHeapTypeObject, ht_cached_keys);
	if (keys && !is_cached_keys(live, keys))
		return hs_check_failed(type, "a class's shared keys are no table of keys");
	census->n_keys += keys != 0;
	if (HS_HAS(live->layout, PyHeapTypeObject, ht_module)) {
		hs_addr module = FIELD(type, PyHeapTypeObject, ht_module);

		if (module && !is_module(live, module))
			return hs_check_failed(type, "a class's module is no module");
		census->n_modules += module != 0;
	}
	return NULL;
}

static bool visit(const struct hs_live *live, hs_addr value, void *context)
{
	struct census *census = context;

	if (hs_live_is_type(live, value) && FIELD(value, PyTypeObject, tp_flags) & HS_TPFLAG_HEAPTYPE)
		census->error = check_heap_type(live, value, census);
	return !census->error && census->n_types < TYPES_MAX;
}

struct hs_error *hs_check_heap_types(const struct hs_live *live)
{
	struct census census = { 0 };

	hs_live_each_global(live, visit, &census);
	if (census.error)
		return census.error;
	if (!census.n_types)
		return hs_check_failed(0, "no module names a class");
	/* The import machinery's own classes have instances with attributes. */
	if (!census.n_keys)
		return hs_check_failed(0, "no class has shared keys");
	/* Extension types made by PyType_FromModuleAndSpec() keep their name and their module: there are some in any process. */
	if (HS_HAS(live->layout, PyHeapTypeObject, ht_tpname) && !census.n_names)
		return hs_check_failed(0, "no class has a tp_name of its own");
	if (HS_HAS(live->layout, PyHeapTypeObject, ht_module) && live->layout->minor >= 10 && !census.n_modules)
		return hs_check_failed(0, "no class has a module");
	return NULL;
}
