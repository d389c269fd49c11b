/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the builtin containers and values, on objects whose content is known: what sys and the modules hold. */
#include <string.h>

#include "validate.h"

#define FIELD(address, structure, name) hs_live_field(live, address, HS_FIELD_##structure##_##name)
#define OFFSET(structure, name) HS_OFFSET(live->layout, structure, name)
#define NAMESPACES_MAX 300
#define LISTS_MAX 64
#define SETS_MAX 64
#define SUBCLASSES_MAX 16
#define LARGE_MASK 4095

struct hs_error *hs_check_namespaces(const struct hs_live *live)
{
	hs_addr main = hs_live_main_interpreter(live), modules = hs_live_modules(live, main);
	hs_addr builtins = FIELD(main, PyInterpreterState, builtins);

	if (!hs_live_is(live, hs_live_dict_get(live, modules, "sys"), "module") ||
	    !hs_live_is(live, hs_live_dict_get(live, modules, "builtins"), "module"))
		return hs_check_failed(modules, "sys.modules has no sys or no builtins");
	/* A program may have put another dict there. */
	if (!hs_live_dict_get(live, FIELD(main, PyInterpreterState, sysdict), "modules"))
		return hs_check_failed(main, "the sys namespace has no \"modules\"");
	if (!hs_live_dict_get(live, builtins, "len") ||
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

/*
 * Objects of one kind that were looked at. One that is just being changed when the process is stopped contradicts itself
 * (a list that is being sorted is empty, a dict that grows has lost its entries), so single ones do not count.
 */
struct tally {
	unsigned n, n_exact, n_bad;
	hs_addr bad;      /* the last one, and what was wrong with it */
	const char *why;
};

static void count_bad(struct tally *tally, hs_addr address, const char *why)
{
	tally->n_bad++;
	tally->bad = address;
	tally->why = why;
}

static struct hs_error *judge(const struct tally *tally)
{
	if (tally->n_bad <= 1 + tally->n / 16 && (tally->n_bad < tally->n || tally->n == 1))
		return NULL;
	return hs_check_failed(tally->bad, "%s (%u of %u)", tally->why, tally->n_bad, tally->n);
}

/*
 * A module's namespace belongs to it alone: a combined table whose length is the number of its values, and in which the
 * entries in use and those still usable make up two thirds (unless the last one was popped).
 */
static void check_namespace(const struct hs_live *live, hs_addr namespace, struct tally *tally)
{
	struct hs_live_dict dict;

	tally->n++;
	if (!hs_live_dict(live, namespace, &dict))
		return count_bad(tally, namespace, "a module's namespace is no dict, or its table contradicts itself");
	if (dict.values)
		return count_bad(tally, namespace, "a module's namespace has a split table");
	if (dict.n_entries + dict.n_usable > usable_of(&dict) + 1)
		return count_bad(tally, namespace, "a module's namespace has more entries than its table holds");
	tally->n_exact += count_values(live, &dict) == dict.used && dict.n_entries + dict.n_usable == usable_of(&dict) &&
			  FIELD(dict.keys, PyDictKeysObject, dk_refcnt) == 1;
}

struct hs_error *hs_check_dicts(const struct hs_live *live)
{
	hs_addr modules_dict = hs_live_modules(live, hs_live_main_interpreter(live)), key, module;
	struct hs_live_dict modules;
	struct tally tally = { 0 };

	if (!hs_live_dict(live, modules_dict, &modules) || count_values(live, &modules) + 1 < modules.used)
		return hs_check_failed(modules_dict, "sys.modules has fewer entries than its length");
	for (size_t i = 0; i < modules.n_entries && tally.n < NAMESPACES_MAX; i++) {
		hs_addr namespace = hs_live_dict_entry(live, &modules, i, &key, &module) ? hs_live_module_dict(live, module) : 0;

		if (namespace)
			check_namespace(live, namespace, &tally);
	}
	HS_TRY(judge(&tally));
	if (tally.n < 3 || tally.n_exact * 2 < tally.n)
		return hs_check_failed(modules_dict, "only %u of %u namespaces are as long as their tables are full", tally.n_exact, tally.n);
	return NULL;
}

/* The classes directly below `type`, as their dict of id(subclass) → weak reference holds them: int keys, so a table of the general kind. */
static hs_addr subclasses_of(const struct hs_live *live, hs_addr type)
{
	hs_addr subclasses = FIELD(type, PyTypeObject, tp_subclasses);
	struct hs_live_dict dict;

	return hs_live_dict(live, subclasses, &dict) && dict.used ? subclasses : 0;
}

static bool check_subclasses(const struct hs_live *live, hs_addr type, void *context)
{
	struct tally *tally = context;
	struct hs_live_dict dict;
	hs_addr key, value;
	int64_t address;

	if (!hs_live_is_type(live, type))
		return true;
	/* Static builtin types have a number in the place of the dict (3.12+). */
	hs_addr subclasses = FIELD(type, PyTypeObject, tp_subclasses) > 65536 ? subclasses_of(live, type) : 0;
	if (!subclasses || !hs_live_dict(live, subclasses, &dict))
		return true;
	tally->n++;
	for (size_t i = 0; i < dict.n_entries && i < 8; i++) {
		if (!hs_live_dict_entry(live, &dict, i, &key, &value))
			continue;
		if (!hs_live_int(live, key, &address) || !hs_live_is_type(live, (hs_addr)address) || !hs_live_type_of(live, value))
			count_bad(tally, subclasses, "an entry of __subclasses__ is not {id: weak reference}");
	}
	return tally->n < SUBCLASSES_MAX;
}

struct hs_error *hs_check_general_dicts(const struct hs_live *live)
{
	struct tally tally = { 0 };

	hs_live_each_global(live, check_subclasses, &tally);
	return tally.n ? judge(&tally) : hs_check_failed(0, "no class has subclasses");
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

static bool check_list(const struct hs_live *live, hs_addr list, void *context)
{
	struct tally *tally = context;
	hs_addr items;
	size_t n;

	if (!hs_live_is(live, list, "list"))
		return true;
	tally->n++;
	if (!hs_live_items(live, list, &items, &n) || FIELD(list, PyListObject, allocated) < n ||
	    FIELD(list, PyListObject, allocated) > 2 * n + 4096) {
		count_bad(tally, list, "a list's length, allocation and items do not fit together");
		return tally->n < LISTS_MAX;
	}
	for (size_t i = 0; i < n && i < 16; i++)
		if (!hs_live_type_of(live, hs_live_word(live, items + 8 * i, 0))) {
			count_bad(tally, list, "an item of a list is no object");
			break;
		}
	return tally->n < LISTS_MAX;
}

struct hs_error *hs_check_sequences(const struct hs_live *live)
{
	hs_addr names = hs_live_sys(live, "builtin_module_names"), items;
	struct tally tally = { 0 };
	size_t n, n_found = 0;

	if (!hs_live_is(live, names, "tuple") || !hs_live_items(live, names, &items, &n))
		return hs_check_failed(names, "sys.builtin_module_names is no tuple");
	for (size_t i = 0; i < n; i++) {
		hs_addr name = hs_live_word(live, items + 8 * i, 0);

		n_found += hs_live_str_is(live, name, "sys") || hs_live_str_is(live, name, "builtins");
	}
	if (n_found != 2)
		return hs_check_failed(names, "sys.builtin_module_names does not name sys and builtins");
	hs_live_each_global(live, check_list, &tally);
	return judge(&tally);
}

/* What is wrong with a set of which `mask` + 1 slots are to be looked at; NULL: nothing. */
static const char *fault_of_set(const struct hs_live *live, hs_addr set, uint64_t mask)
{
	const hs_addr table = FIELD(set, PySetObject, table);
	const hs_addr dummy = hs_live_word(live, HS_ADDRESS_OF(live->layout, _PySet_Dummy), 0); /* a variable that points to it */
	uint64_t n_filled = 0, n_used = 0;

	if (mask < 7 || mask & (mask + 1) || (mask == 7) != (table == set + (hs_addr)OFFSET(PySetObject, smalltable)))
		return "a set's mask and table do not fit together";
	if (!hs_image_at(live->image, table, (mask + 1) * HS_SIZEOF(live->layout, setentry)))
		return "a set's table cannot be read";
	for (uint64_t i = 0; i <= mask; i++) {
		hs_addr key = FIELD(table + i * HS_SIZEOF(live->layout, setentry), setentry, key);

		n_filled += key != 0;
		n_used += key && key != dummy;
		if (key && key != dummy && !hs_live_type_of(live, key))
			return "an entry of a set is no object";
	}
	if (n_filled != FIELD(set, PySetObject, fill) || n_used != FIELD(set, PySetObject, used))
		return "a set's table does not hold as many entries as its length says";
	return NULL;
}

static bool check_set(const struct hs_live *live, hs_addr set, void *context)
{
	struct tally *tally = context;
	uint64_t mask = FIELD(set, PySetObject, mask);

	if (!hs_live_is(live, set, "set") && !hs_live_is(live, set, "frozenset"))
		return true;
	/* Large ones cost time, and are the ones that a program works on. */
	if (mask > LARGE_MASK && !(mask & (mask + 1)))
		return true;
	tally->n++;
	const char *fault = fault_of_set(live, set, mask);
	if (fault)
		count_bad(tally, set, fault);
	return tally->n < SETS_MAX;
}

struct hs_error *hs_check_sets(const struct hs_live *live)
{
	struct tally tally = { 0 };

	hs_live_each_global(live, check_set, &tally);
	return judge(&tally);
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
