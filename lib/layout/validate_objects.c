/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the builtin containers and values, on objects whose content is known: what sys and the modules hold. */
#include <string.h>

#include "validate.h"

#define FIELD(address, structure, name) hs_live_field(live, address, HS_FIELD_##structure##_##name)
#define OFFSET(structure, name) HS_OFFSET(live->layout, structure, name)
#define NAMESPACES_MAX 300
#define GLOBALS_MAX 20000

struct hs_error *hs_check_namespaces(const struct hs_live *live)
{
	hs_addr main = hs_live_main_interpreter(live), modules = hs_live_modules(live, main);
	hs_addr builtins = FIELD(main, PyInterpreterState, builtins);

	if (!hs_live_is(live, hs_live_dict_get(live, modules, "sys"), "module") ||
	    !hs_live_is(live, hs_live_dict_get(live, modules, "builtins"), "module"))
		return hs_check_failed(modules, "sys.modules has no sys or no builtins");
	if (hs_live_dict_get(live, FIELD(main, PyInterpreterState, sysdict), "modules") != modules)
		return hs_check_failed(main, "the sys namespace's \"modules\" is not sys.modules");
	if (!hs_live_is(live, hs_live_dict_get(live, builtins, "len"), "builtin_function_or_method") ||
	    hs_live_dict_get(live, builtins, "None") != HS_ADDRESS_OF(live->layout, _Py_NoneStruct))
		return hs_check_failed(builtins, "the builtins namespace has no len or no None");
	if (hs_live_dict_get(live, builtins, "type") != HS_ADDRESS_OF(live->layout, PyType_Type))
		return hs_check_failed(builtins, "the builtins namespace's \"type\" is not PyType_Type");
	return NULL;
}

struct hs_error *hs_check_version(const struct hs_live *live)
{
	hs_addr hexversion = hs_live_sys(live, "hexversion");
	int64_t value;

	if (!hs_live_int(live, hexversion, &value) || value != (int64_t)live->layout->version_hex)
		return hs_check_failed(hexversion, "sys.hexversion is not 0x%x", live->layout->version_hex);
	return NULL;
}

/* Two thirds of the slots may be in use (Objects/dictobject.c: USABLE_FRACTION). */
static size_t usable_of(const struct hs_live_dict *dict)
{
	return dict->n_slots * 2 / 3;
}

static size_t count_values(const struct hs_live *live, const struct hs_live_dict *dict)
{
	size_t n = 0;
	hs_addr key, value;

	for (size_t i = 0; i < dict->n_entries; i++)
		n += hs_live_dict_entry(live, dict, i, &key, &value);
	return n;
}

struct dict_census {
	unsigned n, n_exact;
};

/*
 * A module's namespace belongs to it alone: a combined table whose length is the number of its values. A table that is
 * just being changed may be off by one, so the number of exact ones is what counts.
 */
static struct hs_error *check_namespace(const struct hs_live *live, hs_addr namespace, struct dict_census *census)
{
	struct hs_live_dict dict;

	if (!hs_live_dict(live, namespace, &dict))
		return hs_check_failed(namespace, "a module's namespace is no dict, or its table contradicts itself");
	if (dict.values)
		return hs_check_failed(namespace, "a module's namespace has a split table");
	if (dict.n_entries + dict.n_usable > usable_of(&dict) + 1)
		return hs_check_failed(namespace, "a module's namespace has more entries than its table holds");
	census->n++;
	census->n_exact += count_values(live, &dict) == dict.used && dict.n_entries + dict.n_usable == usable_of(&dict) &&
			   FIELD(dict.keys, PyDictKeysObject, dk_refcnt) == 1;
	return NULL;
}

struct hs_error *hs_check_dicts(const struct hs_live *live)
{
	hs_addr modules_dict = hs_live_modules(live, hs_live_main_interpreter(live)), key, module;
	struct dict_census census = { 0 };
	struct hs_live_dict modules;

	if (!hs_live_dict(live, modules_dict, &modules) || count_values(live, &modules) + 1 < modules.used)
		return hs_check_failed(modules_dict, "sys.modules has fewer entries than its length");
	for (size_t i = 0; i < modules.n_entries && census.n < NAMESPACES_MAX; i++) {
		if (!hs_live_dict_entry(live, &modules, i, &key, &module))
			continue;
		hs_addr namespace = hs_live_module_dict(live, module);
		if (namespace)
			HS_TRY(check_namespace(live, namespace, &census));
	}
	if (census.n < 3 || census.n_exact * 2 < census.n)
		return hs_check_failed(modules_dict, "only %u of %u namespaces are as long as their tables are full", census.n_exact, census.n);
	return NULL;
}

/* The classes directly below `type`, as their dict of id(subclass) → weak reference holds them: int keys, so a table of the general kind. */
static hs_addr subclasses_of(const struct hs_live *live, hs_addr type)
{
	hs_addr subclasses = FIELD(type, PyTypeObject, tp_subclasses);
	struct hs_live_dict dict;

	return hs_live_dict(live, subclasses, &dict) && dict.used ? subclasses : 0;
}

static struct hs_error *check_subclasses(const struct hs_live *live, hs_addr type, void *context)
{
	unsigned *n_checked = context;
	struct hs_live_dict dict;
	hs_addr key, value;
	int64_t address;

	if (*n_checked >= 8 || !hs_live_is_type(live, type))
		return NULL;
	/* Static builtin types have a number in the place of the dict (3.12+). */
	hs_addr subclasses = FIELD(type, PyTypeObject, tp_subclasses) > 65536 ? subclasses_of(live, type) : 0;
	if (!subclasses || !hs_live_dict(live, subclasses, &dict))
		return NULL;
	for (size_t i = 0; i < dict.n_entries && i < 8; i++) {
		if (!hs_live_dict_entry(live, &dict, i, &key, &value))
			continue;
		if (!hs_live_int(live, key, &address) || !hs_live_is_type(live, (hs_addr)address) || !hs_live_type_of(live, value))
			return hs_check_failed(subclasses, "an entry of __subclasses__ is not {id: weak reference}");
		++*n_checked;
	}
	return NULL;
}

struct hs_error *hs_check_general_dicts(const struct hs_live *live)
{
	unsigned n_checked = 0;

	HS_TRY(hs_live_each_global(live, GLOBALS_MAX, check_subclasses, &n_checked));
	return n_checked ? NULL : hs_check_failed(0, "no class has subclasses");
}

struct hs_error *hs_check_integers(const struct hs_live *live)
{
	hs_addr maxsize = hs_live_sys(live, "maxsize"), maxunicode = hs_live_sys(live, "maxunicode");
	int64_t value;

	/* Three digits, and one. */
	if (!hs_live_int(live, maxsize, &value) || value != INT64_MAX)
		return hs_check_failed(maxsize, "sys.maxsize is not 2**63 - 1");
	if (!hs_live_int(live, maxunicode, &value) || value != 0x10ffff)
		return hs_check_failed(maxunicode, "sys.maxunicode is not 0x10ffff");
	return NULL;
}

static struct hs_error *check_list(const struct hs_live *live, hs_addr list, void *context)
{
	unsigned *n_checked = context;
	hs_addr items;
	size_t n;

	if (*n_checked >= 64 || !hs_live_is(live, list, "list"))
		return NULL;
	if (!hs_live_items(live, list, &items, &n) || FIELD(list, PyListObject, allocated) < n ||
	    FIELD(list, PyListObject, allocated) > 2 * n + 4096)
		return hs_check_failed(list, "a list's length, allocation and items do not fit together");
	for (size_t i = 0; i < n && i < 16; i++)
		if (!hs_live_type_of(live, hs_live_word(live, items + 8 * i, 0)))
			return hs_check_failed(items + 8 * i, "an item of a list is no object");
	++*n_checked;
	return NULL;
}

struct hs_error *hs_check_sequences(const struct hs_live *live)
{
	hs_addr names = hs_live_sys(live, "builtin_module_names"), items;
	unsigned n_checked = 0;
	size_t n, n_found = 0;

	if (!hs_live_is(live, names, "tuple") || !hs_live_items(live, names, &items, &n))
		return hs_check_failed(names, "sys.builtin_module_names is no tuple");
	for (size_t i = 0; i < n; i++) {
		hs_addr name = hs_live_word(live, items + 8 * i, 0);

		n_found += hs_live_str_is(live, name, "sys") || hs_live_str_is(live, name, "builtins");
	}
	if (n_found != 2)
		return hs_check_failed(names, "sys.builtin_module_names does not name sys and builtins");
	return hs_live_each_global(live, GLOBALS_MAX, check_list, &n_checked);
}

/* A set or frozenset: of mask + 1 slots, `fill` are not empty, `used` of them no dummies. */
static struct hs_error *check_set(const struct hs_live *live, hs_addr set, void *context)
{
	unsigned *n_checked = context;
	uint64_t mask = FIELD(set, PySetObject, mask), n_filled = 0, n_used = 0;
	hs_addr table = FIELD(set, PySetObject, table);
	hs_addr dummy = hs_live_word(live, HS_ADDRESS_OF(live->layout, _PySet_Dummy), 0); /* a variable that points to it */

	if (*n_checked >= 64 || (!hs_live_is(live, set, "set") && !hs_live_is(live, set, "frozenset")))
		return NULL;
	if (mask < 7 || mask & (mask + 1) || mask >> 32 ||
	    (mask == 7) != (table == set + (hs_addr)OFFSET(PySetObject, smalltable)))
		return hs_check_failed(set, "a set's mask and table do not fit together");
	if (!hs_image_at(live->image, table, (mask + 1) * HS_SIZEOF(live->layout, setentry)))
		return hs_check_failed(table, "a set's table cannot be read");
	for (uint64_t i = 0; i <= mask; i++) {
		hs_addr key = FIELD(table + i * HS_SIZEOF(live->layout, setentry), setentry, key);

		n_filled += key != 0;
		n_used += key && key != dummy;
		if (key && key != dummy && !hs_live_type_of(live, key))
			return hs_check_failed(table, "an entry of a set, 0x%" HS_PRI_ADDR ", is no object", key);
	}
	if (n_filled != FIELD(set, PySetObject, fill) || n_used != FIELD(set, PySetObject, used))
		return hs_check_failed(set, "a set's table holds %" PRIu64 " entries, not %" PRIu64, n_used, FIELD(set, PySetObject, used));
	++*n_checked;
	return NULL;
}

struct hs_error *hs_check_sets(const struct hs_live *live)
{
	unsigned n_checked = 0;

	return hs_live_each_global(live, GLOBALS_MAX, check_set, &n_checked);
}

struct hs_error *hs_check_bytes(const struct hs_live *live)
{
	hs_addr modules = hs_live_modules(live, hs_live_main_interpreter(live));
	hs_addr machinery = hs_live_dict_get(live, modules, "_frozen_importlib_external");
	hs_addr magic = hs_live_dict_get(live, hs_live_module_dict(live, machinery), "MAGIC_NUMBER");
	const uint8_t *data;
	size_t bytes;

	/* Replaced by a program of its own importer: nothing to check against. */
	if (!magic)
		return NULL;
	if (!hs_live_bytes(live, magic, &data, &bytes) || bytes != 4 || memcmp(data + 2, "\r\n", 2))
		return hs_check_failed(magic, "the magic number of compiled modules is not four bytes that end in a line break");
	return NULL;
}
