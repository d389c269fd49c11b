/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deciding whether an address is a type object, and decoding it. Types are few (thousands) and asked for by the
 * million: a table under a lock, and a small cache per thread in front of it (type.h).
 */
#include "type.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "kind.h"
#include "type_fields.h"
#include "unicode.h"

#define MAX_BASES 1024          /* length of a chain of tp_base that is believed */
#define MAX_METATYPE_DEPTH 16
#define MAX_BASICSIZE ((uint64_t)1 << 28)
#define MAX_ITEMSIZE ((uint64_t)1 << 20)
#define MAX_FIELDS ((size_t)1 << 21) /* of all types: what a hostile target can make us keep */
#define MAX_TP_NAME ((size_t)1 << 20)
#define MAX_FULL_NAME 1024

struct hs_types {
	const struct hs_cpython *py;
	pthread_mutex_t lock;
	struct hs_type **table;      /* open addressing, by address */
	size_t n_slots;              /* a power of two */
	HS_ARRAY(struct hs_type *) all;
	size_t n_fields;             /* of all of them */
	HS_ARRAY(char *) names;      /* by hs_type.index, as far as they were asked for; NULL: not yet */
};

struct hs_error *hs_types_open(const struct hs_cpython *py, struct hs_types **ret)
{
	struct hs_types *types = calloc(1, sizeof(*types));

	if (!types)
		return hs_error_no_memory();
	types->py = py;
	types->n_slots = 4096;
	types->table = calloc(types->n_slots, sizeof(*types->table));
	if (!types->table) {
		free(types);
		return hs_error_no_memory();
	}
	pthread_mutex_init(&types->lock, NULL);
	*ret = types;
	return NULL;
}

void hs_types_close(struct hs_types *types)
{
	if (!types)
		return;
	for (size_t i = 0; i < types->all.n; i++) {
		hs_type_fields_release(types->all.items[i]);
		free(types->all.items[i]);
	}
	for (size_t i = 0; i < types->names.n; i++)
		free(types->names.items[i]);
	hs_array_free(&types->all);
	hs_array_free(&types->names);
	free(types->table);
	pthread_mutex_destroy(&types->lock);
	free(types);
}

const struct hs_type *const *hs_types_all(const struct hs_types *types, size_t *ret_n)
{
	*ret_n = types->all.n;
	return (const struct hs_type *const *)types->all.items;
}

static size_t slot_of(const struct hs_types *types, hs_addr address)
{
	size_t mask = types->n_slots - 1;
	size_t slot = (address >> 4) * 0x9e3779b97f4a7c15u >> 32 & mask;

	while (types->table[slot] && types->table[slot]->address != address)
		slot = (slot + 1) & mask;
	return slot;
}

static bool grow_table(struct hs_types *types)
{
	struct hs_type **old = types->table;
	size_t n_slots = types->n_slots * 2;
	struct hs_type **grown = calloc(n_slots, sizeof(*grown));

	if (!grown)
		return false;
	types->table = grown;
	types->n_slots = n_slots;
	for (size_t i = 0; i < types->all.n; i++)
		grown[slot_of(types, types->all.items[i]->address)] = types->all.items[i];
	free(old);
	return true;
}

static uint64_t type_word(const struct hs_cpython *py, hs_addr type, int32_t offset)
{
	uint64_t value = 0;

	if (offset != HS_ABSENT)
		hs_image_u64(py->image, type + (uint32_t)offset, &value);
	return value;
}

#define TYPE_WORD(py, type, member) type_word((py), (type), HS_OFFSET((py)->layout, PyTypeObject, member))

/*
 * True if `address` reads as a type object: its own type is `type`, or leads there through metatypes. Cheap, because
 * most words that are asked for are no types: their ob_type is not one whose instances are types.
 */
static bool is_type_object(const struct hs_cpython *py, hs_addr address)
{
	const hs_addr type_type = HS_ADDRESS_OF(py->layout, PyType_Type);
	const uint64_t metatype_flags = HS_TPFLAGS_TYPE_SUBCLASS | HS_TPFLAGS_READY;
	int32_t ob_type = HS_OFFSET(py->layout, PyObject, ob_type);

	for (unsigned depth = 0; depth < MAX_METATYPE_DEPTH; depth++) {
		hs_addr metatype = address & 7 ? 0 : type_word(py, address, ob_type);
		if (!metatype)
			return false;
		if (metatype == type_type)
			return true;
		if ((TYPE_WORD(py, metatype, tp_flags) & metatype_flags) != metatype_flags)
			return false;
		address = metatype;
	}
	return false;
}

/*
 * type_new() lets tp_name point into the UTF-8 of ht_name (Objects/typeobject.c, all versions); types made from a spec
 * or a static struct have a C string elsewhere.
 */
static bool is_python_class(const struct hs_cpython *py, hs_addr address, uint64_t flags)
{
	if (!(flags & HS_TPFLAGS_HEAPTYPE))
		return false;
	hs_addr ht_name = type_word(py, address, HS_OFFSET(py->layout, PyHeapTypeObject, ht_name));
	hs_addr tp_name = TYPE_WORD(py, address, tp_name);
	return ht_name && tp_name == hs_str_utf8_address(py, ht_name);
}

static void place_headers(const struct hs_cpython *py, struct hs_type *type)
{
	const struct hs_features *features = &py->layout->features;

	type->has_gc = type->flags & HS_TPFLAGS_HAVE_GC;
	type->has_preheader = type->flags & features->preheader_flags;
	type->has_inline_values = features->has_inline_values && type->flags & HS_TPFLAGS_INLINE_VALUES;
	type->header_bytes = (uint8_t)((type->has_gc ? HS_GC_HEAD_BYTES : 0) + (type->has_preheader ? HS_PREHEADER_BYTES : 0));
}

static void choose_kind(struct hs_type *type, const char *name, size_t name_bytes)
{
	type->kind = type->is_python_class ? NULL : hs_kind_by_name(name, name_bytes);
	type->solid_base = type;
	if (type->kind)
		return;
	if (type->base_type && (type->is_python_class || type->base_type->kind != hs_kind_plain())) {
		type->kind = type->base_type->kind;
		type->solid_base = type->base_type->solid_base;
	} else {
		type->kind = hs_kind_plain();
	}
}

static void release_type(struct hs_type *type)
{
	hs_type_fields_release(type);
	free(type);
}

/* Decodes the type, whose base is decoded already; NULL when it contradicts itself or memory is out. */
static struct hs_type *decode_type(const struct hs_types *types, hs_addr address, const struct hs_type *base_type)
{
	const struct hs_cpython *py = types->py;
	uint64_t basicsize = TYPE_WORD(py, address, tp_basicsize);
	uint64_t itemsize = TYPE_WORD(py, address, tp_itemsize);
	/* any text can be a class's name, an empty one too; but there is one */
	size_t name_bytes = 0;
	const char *name = hs_image_string(py->image, TYPE_WORD(py, address, tp_name), MAX_TP_NAME, &name_bytes);

	if (basicsize < HS_SIZEOF(py->layout, PyObject) || basicsize > MAX_BASICSIZE || itemsize > MAX_ITEMSIZE || !name)
		return NULL;
	struct hs_type *type = calloc(1, sizeof(*type));
	if (!type)
		return NULL;
	type->address = address;
	type->flags = TYPE_WORD(py, address, tp_flags);
	type->metatype = type_word(py, address, HS_OFFSET(py->layout, PyObject, ob_type));
	type->base_type = base_type;
	type->base = base_type ? base_type->address : 0;
	type->basicsize = (uint32_t)basicsize;
	type->itemsize = (uint32_t)itemsize;
	type->is_python_class = is_python_class(py, address, type->flags);
	type->has_finalizer = TYPE_WORD(py, address, tp_finalize) != 0;
	type->has_legacy_finalizer = TYPE_WORD(py, address, tp_del) != 0;
	place_headers(py, type);
	choose_kind(type, name, name_bytes);
	if (!hs_type_describe(py, type, name, name_bytes)) {
		release_type(type);
		return NULL;
	}
	if (types->n_fields + type->fields.n > MAX_FIELDS) {
		hs_type_fields_release(type);
		type->described_bytes = HS_SIZEOF(py->layout, PyObject); /* scanned */
	}
	type->is_leaf = type->kind->is_leaf && !type->fields.n && !type->header_bytes && !type->dict_from_end && !type->has_inline_values &&
			type->described_bytes >= type->c_bytes;
	return type;
}

static const struct hs_type *insert_type(struct hs_types *types, struct hs_type *type)
{
	if ((types->all.n + 1) * 2 > types->n_slots && !grow_table(types)) {
		release_type(type);
		return NULL;
	}
	struct hs_type **slot = hs_array_append(&types->all);
	if (!slot) {
		release_type(type);
		return NULL;
	}
	type->index = (uint32_t)types->all.n - 1;
	*slot = type;
	types->table[slot_of(types, type->address)] = type;
	types->n_fields += type->fields.n;
	return type;
}

/* Under the lock. Decodes the chain of bases from the top, so that each type finds its base decoded. */
static const struct hs_type *decode_chain(struct hs_types *types, hs_addr address)
{
	const struct hs_cpython *py = types->py;
	hs_addr chain[MAX_BASES];
	const struct hs_type *known = NULL;
	unsigned n = 0;

	for (hs_addr at = address; at; at = TYPE_WORD(py, at, tp_base)) {
		known = types->table[slot_of(types, at)];
		if (known)
			break;
		/* A static type that was never readied has no READY and no base (functools._lru_list_elem up to 3.9). */
		uint64_t flags = TYPE_WORD(py, at, tp_flags);
		if (n == MAX_BASES || !is_type_object(py, at) || (!(flags & HS_TPFLAGS_READY) && flags & HS_TPFLAGS_HEAPTYPE))
			return NULL;
		chain[n++] = at;
	}
	while (n) {
		struct hs_type *type = decode_type(types, chain[--n], known);
		known = type ? insert_type(types, type) : NULL;
		if (!known)
			return NULL;
	}
	return known;
}

const struct hs_type *hs_type_at(struct hs_types *types, hs_addr address)
{
	if (address & 7 || !is_type_object(types->py, address))
		return NULL;
	pthread_mutex_lock(&types->lock);
	const struct hs_type *type = types->table[slot_of(types, address)];
	if (!type)
		type = decode_chain(types, address);
	pthread_mutex_unlock(&types->lock);
	return type;
}

/* Under the lock. */
static char **name_slot(struct hs_types *types, uint32_t index)
{
	while (types->names.n <= index)
		if (!hs_array_append(&types->names))
			return NULL;
	return &types->names.items[index];
}

const char *hs_type_full_name(struct hs_types *types, const struct hs_type *type)
{
	char name[MAX_FULL_NAME];

	pthread_mutex_lock(&types->lock);
	char **slot = name_slot(types, type->index);
	if (slot && !*slot) {
		hs_type_name(types->py, type, name, sizeof(name));
		*slot = strdup(name);
	}
	const char *full_name = slot && *slot ? *slot : "?";
	pthread_mutex_unlock(&types->lock);
	return full_name;
}
