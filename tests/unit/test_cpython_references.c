/* SPDX-License-Identifier: Apache-2.0 */
/* What a visit says of each reference: whether it counts, whether the collector sees it, by what name it is reached. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_heap.h"
#include "members.h"

#define V38 "3.8.18-upstream"
#define V311 "3.11.7-upstream"
#define V313 "3.13.0-upstream"
#define V314 "3.14.10-debian"
#define MAX_SEEN 64
#define T_OBJECT_EX 16

/* What was reported of one target. */
struct sight {
	unsigned n;        /* how often */
	unsigned relation; /* of the last time */
	unsigned kind;
	const char *name;
};

struct search {
	hs_addr target;
	struct sight sight;
};

static void look(void *context, const struct hs_reference_run *run)
{
	struct search *search = context;

	for (size_t i = 0; i < run->n; i++) {
		hs_addr word;
		memcpy(&word, (const uint8_t *)run->words + i * run->stride, sizeof(word));
		if ((word & ~(hs_addr)run->tag_mask) == search->target)
			search->sight = (struct sight){ search->sight.n + 1, run->relation, run->kind, run->name };
	}
}

static void ignore_storage(void *context, hs_addr start, uint64_t bytes)
{
	(void)context, (void)start, (void)bytes;
}

static void look_in_scan(void *context, const void *words, size_t n, enum hs_scan what)
{
	const struct hs_reference_run run = { .words = words, .n = n, .stride = 8, .relation = HS_SCANNED, .kind = HS_EDGE_SCAN };

	if (what == HS_SCAN_ALL)
		look(context, &run);
}

static struct sight sight_of(const struct fake_heap *fake, const struct hs_object *object, hs_addr target)
{
	struct search search = { .target = target };
	const struct hs_visitor visitor = { .context = &search, .storage = ignore_storage, .references = look, .scan = look_in_scan };

	hs_object_visit(fake->py, object, &visitor);
	return search.sight;
}

#define EXPECT(fake, object, target, its_relation, its_kind, its_name)        \
	do {                                                                  \
		struct sight sight = sight_of((fake), (object), (target));    \
		assert_int_equal(sight.n, 1);                                 \
		assert_int_equal(sight.relation, (its_relation));             \
		assert_int_equal(sight.kind, (its_kind));                     \
		if (its_name)                                                 \
			assert_string_equal(sight.name, (its_name));          \
	} while (0)

static struct fake_heap *open_fake(const char *table)
{
	struct fake_heap *fake = fake_heap_create(table);

	fake_open(fake);
	return fake;
}

static uint64_t offset_in(const struct fake_heap *fake, enum hs_members_id id, const char *name)
{
	size_t n;
	const struct hs_member *members = hs_layout_members(fake->layout, id, &n);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(members[i].name, name))
			return members[i].offset;
	fail_msg("no member %s", name);
	return 0;
}

/* A C type with a tp_traverse, whose instances have the struct `id`. */
static hs_addr c_type(struct fake_heap *fake, const char *name, enum hs_members_id id, uint64_t flags)
{
	hs_addr type = fake_static_type(fake, name, fake->layout->members.structs[id].bytes, 0, flags | HS_TPFLAGS_HAVE_GC, fake->types.object);

	FAKE_PUT(fake, type, PyTypeObject, tp_traverse, 0x401000);
	return type;
}

static void members_of_a_c_struct(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr type = c_type(fake, "function", HS_MEMBERS_PyFunctionObject, 0);
	uint32_t bytes = fake->layout->members.structs[HS_MEMBERS_PyFunctionObject].bytes;
	hs_addr function = fake_object(fake, type, bytes), globals = fake_int(fake, 1), weakref = fake_int(fake, 2), closure = fake_int(fake, 3);

	(void)state;
	fake_put(fake, function + offset_in(fake, HS_MEMBERS_PyFunctionObject, "func_globals"), globals);
	fake_put(fake, function + offset_in(fake, HS_MEMBERS_PyFunctionObject, "func_weakreflist"), weakref);
	fake_put(fake, function + offset_in(fake, HS_MEMBERS_PyFunctionObject, "func_closure"), closure);
	struct hs_object object = fake_view(fake, function, bytes);
	EXPECT(fake, &object, globals, HS_STRONG, HS_EDGE_FIELD, "__globals__");
	EXPECT(fake, &object, closure, HS_STRONG, HS_EDGE_FIELD, "__closure__");
	assert_int_equal(sight_of(fake, &object, weakref).relation, HS_WEAK);
	/* of a static type: nobody counts that */
	assert_int_equal(sight_of(fake, &object, type).n, 0);
	fake_heap_destroy(fake);
}

static void a_struct_of_another_size_is_scanned(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr type = fake_static_type(fake, "itertools.chain", 48, 0, HS_TPFLAGS_HAVE_GC, fake->types.object), number = fake_int(fake, 1);
	hs_addr chain = fake_object(fake, type, 48);

	(void)state;
	fake_put(fake, chain + 40, number);
	struct hs_object object = fake_view(fake, chain, 48);
	assert_true(object.type->is_unfit);
	EXPECT(fake, &object, number, HS_SCANNED, HS_EDGE_SCAN, NULL);
	fake_heap_destroy(fake);
}

/* `n` members from `first_offset` on, as type_new() writes them for __slots__. */
static void put_slots(struct fake_heap *fake, hs_addr class, uint64_t first_offset, unsigned n, const char *const *names)
{
	uint32_t entry = HS_SIZEOF(fake->layout, PyMemberDef);
	hs_addr defs = fake_static(fake, (n + 1) * entry);

	for (unsigned i = 0; i < n; i++) {
		FAKE_PUT(fake, defs + i * entry, PyMemberDef, name, fake_string(fake, names[i]));
		FAKE_PUT(fake, defs + i * entry, PyMemberDef, type, T_OBJECT_EX);
		FAKE_PUT(fake, defs + i * entry, PyMemberDef, offset, first_offset + 8 * i);
	}
	FAKE_PUT(fake, class, PyTypeObject, tp_members, defs);
}

/* Two slots, then what the base has not: an instance dict and a weak list. A class below adds one more. */
static void slots_dicts_and_weak_lists_of_classes(void **state)
{
	static const char *const names[] = { "left", "right" }, *const more[] = { "below" };
	struct fake_heap *fake = open_fake(V38);
	hs_addr class = fake_class(fake, "Node", 48, 0, fake->types.object, 0), below = fake_class(fake, "Below", 56, 0, class, 0);
	hs_addr words[5];

	(void)state;
	put_slots(fake, class, 16, 2, names);
	put_slots(fake, below, 48, 1, more);
	for (unsigned i = 0; i < 2; i++) {
		FAKE_PUT(fake, i ? below : class, PyTypeObject, tp_dictoffset, 32);
		FAKE_PUT(fake, i ? below : class, PyTypeObject, tp_weaklistoffset, 40);
	}
	hs_addr instance = fake_object(fake, below, 56);
	for (unsigned i = 0; i < 5; i++) {
		words[i] = fake_int(fake, i + 1);
		fake_put(fake, instance + 16 + 8 * i, words[i]);
	}
	struct hs_object object = fake_view(fake, instance, 56);
	EXPECT(fake, &object, words[0], HS_STRONG, HS_EDGE_SLOT, "left");
	EXPECT(fake, &object, words[1], HS_STRONG, HS_EDGE_SLOT, "right");
	EXPECT(fake, &object, words[2], HS_STRONG, HS_EDGE_FIELD, "__dict__");
	EXPECT(fake, &object, words[3], HS_WEAK, HS_EDGE_FIELD, "__weakref__");
	EXPECT(fake, &object, words[4], HS_STRONG, HS_EDGE_SLOT, "below");
	EXPECT(fake, &object, below, HS_STRONG, HS_EDGE_FIELD, "__class__");
	fake_heap_destroy(fake);
}

/* A table whose slots lie outside the instance, or have no end, is believed as far as the instance goes. */
static void slots_outside_the_instance_are_none(void **state)
{
	static const char *const names[] = { "far", "near" };
	struct fake_heap *fake = open_fake(V311);
	hs_addr class = fake_class(fake, "Odd", 32, 0, fake->types.object, 0), instance = fake_object(fake, class, 32), number = fake_int(fake, 1);

	(void)state;
	put_slots(fake, class, (uint64_t)1 << 40, 2, names);
	fake_put(fake, instance + 16, number);
	struct hs_object object = fake_view(fake, instance, 32);
	assert_int_equal(sight_of(fake, &object, number).n, 0);
	fake_heap_destroy(fake);
}

/* C heap types own their instances' reference in every version; their tp_traverse reports it from 3.9 on. */
static void classes_of_instances_by_version(void **state)
{
	static const struct {
		const char *table;
		unsigned relation;
	} versions[] = { { V38, HS_OWNED }, { V311, HS_STRONG }, { V314, HS_STRONG } };

	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		struct fake_heap *fake = open_fake(versions[i].table);
		hs_addr type = c_type(fake, "_queue.SimpleQueue", HS_MEMBERS_simplequeueobject, HS_TPFLAGS_HEAPTYPE);
		uint32_t bytes = fake->layout->members.structs[HS_MEMBERS_simplequeueobject].bytes;
		struct hs_object object = fake_view(fake, fake_object(fake, type, bytes), bytes);

		EXPECT(fake, &object, type, versions[i].relation, HS_EDGE_FIELD, "__class__");
		/* who knows the types anyway need not hear of it */
		assert_int_equal(fake_visit(fake, &object).n_references, 0);
		fake_heap_destroy(fake);
	}
}

/* A heap type that took its tp_traverse from a static base does not report what that one cannot know. */
static void an_inherited_traverse_leaves_out_the_class(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr base = fake_static_type(fake, "Base", 24, 0, HS_TPFLAGS_HAVE_GC, fake->types.object);
	hs_addr type = fake_static_type(fake, "heap.Type", 24, 0, HS_TPFLAGS_HAVE_GC | HS_TPFLAGS_HEAPTYPE, base);
	hs_addr class = fake_class(fake, "C", 24, 0, type, 0);

	(void)state;
	FAKE_PUT(fake, base, PyTypeObject, tp_traverse, 0x401000);
	FAKE_PUT(fake, type, PyTypeObject, tp_traverse, 0x401000);
	FAKE_PUT(fake, class, PyTypeObject, tp_traverse, 0x402000);
	struct hs_object object = fake_view(fake, fake_object(fake, type, 24), 24);
	EXPECT(fake, &object, type, HS_OWNED, HS_EDGE_FIELD, "__class__");
	object = fake_view(fake, fake_object(fake, class, 24), 24);
	EXPECT(fake, &object, class, HS_OWNED, HS_EDGE_FIELD, "__class__");
	fake_heap_destroy(fake);
}

/* Keys that are all str are owned; those of a table of the general kind are visited too. */
static void keys_of_dicts(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr key = fake_str(fake, "k"), value = fake_int(fake, 1), dict = fake_dict(fake, 3, &key, &value, 1);
	struct hs_object object = fake_view(fake, dict, HS_SIZEOF(fake->layout, PyDictObject));
	hs_addr keys = FAKE_GET(fake, dict, PyDictObject, ma_keys);

	(void)state;
	EXPECT(fake, &object, key, HS_OWNED, HS_EDGE_KEY, NULL);
	EXPECT(fake, &object, value, HS_STRONG, HS_EDGE_VALUE, NULL);
	/* the interpreter's index of interned strings owns none of them */
	fake->py->interned.items[0] = dict;
	EXPECT(fake, &object, key, HS_ALIAS, HS_EDGE_KEY, NULL);
	EXPECT(fake, &object, value, HS_VISITED, HS_EDGE_VALUE, NULL);
	fake->py->interned.items[0] = 0;
	/* read as a general one, its entries are longer: only the relation is of interest */
	FAKE_PUT(fake, keys, PyDictKeysObject, dk_kind, 0);
	fake_put(fake, keys + (uint32_t)HS_OFFSET(fake->layout, PyDictKeysObject, dk_indices) + 8 + 8, key);
	assert_int_equal(sight_of(fake, &object, key).relation, HS_STRONG);
	fake_heap_destroy(fake);
}

static void deleted_entries_of_sets_are_none(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr items[5], dummy = fake_int(fake, 99);

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		items[i] = fake_int(fake, i);
	items[1] = items[4] = dummy;
	hs_addr set = fake_set(fake, items, 5, 8);
	FAKE_PUT(fake, set, PySetObject, used, 3);
	fake->py->set_dummy = dummy;
	struct hs_object object = fake_view(fake, set, HS_SIZEOF(fake->layout, PySetObject));
	assert_int_equal(sight_of(fake, &object, dummy).n, 0);
	EXPECT(fake, &object, items[0], HS_STRONG, HS_EDGE_ITEM, NULL);
	EXPECT(fake, &object, items[2], HS_STRONG, HS_EDGE_ITEM, NULL);
	EXPECT(fake, &object, items[3], HS_STRONG, HS_EDGE_ITEM, NULL);
	fake_heap_destroy(fake);
}

/* Values inside an instance: who reports them once there is a dict changed in 3.13.13 and 3.14.4. */
static void values_inside_an_instance(void **state)
{
	(void)state;
	for (unsigned dict_visits = 0; dict_visits < 2; dict_visits++) {
		struct fake_heap *fake = open_fake(V313);
		hs_addr class = fake_class(fake, "C", 16, (uint64_t)1 << 4 | HS_TPFLAGS_INLINE_VALUES, fake->types.object, 3);
		hs_addr object = fake_object(fake, class, 16 + 8 + 6 * 8), value = fake_int(fake, 7), dict = fake_dict(fake, 3, NULL, NULL, 0);

		fake->layout->features.dicts_visit_inline_values = dict_visits;
		*fake_at(fake, object + 16, 1) = 5; /* capacity */
		*fake_at(fake, object + 16 + (hs_addr)HS_OFFSET(fake->layout, PyDictValues, embedded), 1) = 1;
		*fake_at(fake, object + 16 + (hs_addr)HS_OFFSET(fake->layout, PyDictValues, valid), 1) = 1;
		fake_put(fake, object + 24, value);
		struct hs_object seen = fake_view(fake, object, 72);
		EXPECT(fake, &seen, value, HS_STRONG, HS_EDGE_ATTRIBUTE, NULL);
		fake_put(fake, object - 24, dict);
		EXPECT(fake, &seen, value, dict_visits ? HS_OWNED : HS_STRONG, HS_EDGE_ATTRIBUTE, NULL);
		EXPECT(fake, &seen, dict, dict_visits ? HS_STRONG : HS_OWNED, HS_EDGE_FIELD, "__dict__");
		/* the dict has taken them over */
		*fake_at(fake, object + 16 + (hs_addr)HS_OFFSET(fake->layout, PyDictValues, valid), 1) = 0;
		assert_int_equal(sight_of(fake, &seen, value).n, 0);
		EXPECT(fake, &seen, dict, HS_STRONG, HS_EDGE_FIELD, "__dict__");
		fake_heap_destroy(fake);
	}
}

static void members_of_types(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr class = fake_class(fake, "C", 16, 0, fake->types.object, 2), mro = fake_tuple(fake, NULL, 0), subclasses = fake_int(fake, 1);
	hs_addr dict = FAKE_GET(fake, class, PyTypeObject, tp_dict);

	(void)state;
	FAKE_PUT(fake, class, PyTypeObject, tp_mro, mro);
	FAKE_PUT(fake, class, PyTypeObject, tp_subclasses, subclasses);
	struct hs_object object = fake_view(fake, class, HS_SIZEOF(fake->layout, PyHeapTypeObject));
	EXPECT(fake, &object, mro, HS_STRONG, HS_EDGE_FIELD, "__mro__");
	EXPECT(fake, &object, dict, HS_STRONG, HS_EDGE_FIELD, "__dict__");
	EXPECT(fake, &object, subclasses, HS_OWNED, HS_EDGE_FIELD, "__subclasses__");
	EXPECT(fake, &object, fake->types.object, HS_STRONG, HS_EDGE_FIELD, "__base__");
	/* a static type is not collected, and was given its base by its initialiser */
	FAKE_PUT(fake, fake->types.list, PyTypeObject, tp_mro, mro);
	object = fake_view(fake, fake->types.list, HS_SIZEOF(fake->layout, PyTypeObject));
	EXPECT(fake, &object, mro, HS_OWNED, HS_EDGE_FIELD, "__mro__");
	EXPECT(fake, &object, fake->types.object, HS_ALIAS, HS_EDGE_FIELD, "__base__");
	fake_heap_destroy(fake);
}

/* The ring owns its links; what they hold is reported from the cache. A ring that never comes back ends. */
static void links_of_an_lru_cache(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	const struct hs_layout *layout = fake->layout;
	hs_addr type = c_type(fake, "functools._lru_cache_wrapper", HS_MEMBERS_lru_cache_object, 0), link_type = fake->types.object;
	uint32_t bytes = HS_SIZEOF(layout, lru_cache_object), link_bytes = HS_SIZEOF(layout, lru_list_elem);
	hs_addr cache = fake_object(fake, type, bytes), root = cache + (uint32_t)HS_OFFSET(layout, lru_cache_object, root);
	hs_addr links[2] = { fake_object(fake, link_type, link_bytes), fake_object(fake, link_type, link_bytes) }, result = fake_int(fake, 5);

	(void)state;
	FAKE_PUT(fake, root, lru_list_elem, next, links[0]);
	FAKE_PUT(fake, links[0], lru_list_elem, next, links[1]);
	FAKE_PUT(fake, links[1], lru_list_elem, next, root);
	FAKE_PUT(fake, links[1], lru_list_elem, result, result);
	struct hs_object object = fake_view(fake, cache, bytes);
	EXPECT(fake, &object, links[0], HS_OWNED, HS_EDGE_FIELD, "link");
	EXPECT(fake, &object, links[1], HS_OWNED, HS_EDGE_FIELD, "link");
	EXPECT(fake, &object, result, HS_VISITED, HS_EDGE_FIELD, "link.result");
	FAKE_PUT(fake, links[1], lru_list_elem, next, links[0]);
	assert_true(sight_of(fake, &object, result).n < 10);
	FAKE_PUT(fake, links[1], lru_list_elem, next, 8);
	assert_int_equal(sight_of(fake, &object, result).n, 1);
	fake_heap_destroy(fake);
}

/* Objects in the state of a module count; strings among them are not visited. Its size is believed up to a limit. */
static void states_of_modules(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr type = c_type(fake, "module", HS_MEMBERS_PyModuleObject, 0), memory = fake_malloc(fake, 32), def = fake_static(fake, 256);
	uint32_t bytes = HS_SIZEOF(fake->layout, PyModuleObject);
	hs_addr module = fake_object(fake, type, bytes), list = fake_list(fake, NULL, 0, 0), name = fake_str(fake, "name");

	(void)state;
	FAKE_PUT(fake, fake->types.str, PyTypeObject, tp_flags, FAKE_GET(fake, fake->types.str, PyTypeObject, tp_flags) | (uint64_t)1 << 28);
	FAKE_PUT(fake, module, PyModuleObject, md_state, memory);
	FAKE_PUT(fake, module, PyModuleObject, md_def, def);
	FAKE_PUT(fake, def, PyModuleDef, m_size, 32);
	FAKE_PUT(fake, def, PyModuleDef, m_traverse, 0x401000);
	fake_put(fake, memory, list);
	fake_put(fake, memory + 24, name);
	struct hs_object object = fake_view(fake, module, bytes);
	EXPECT(fake, &object, list, HS_SCANNED | HS_STRONG, HS_EDGE_SCAN, "md_state");
	EXPECT(fake, &object, name, HS_SCANNED | HS_OWNED, HS_EDGE_SCAN, "md_state");
	FAKE_PUT(fake, def, PyModuleDef, m_size, UINT64_MAX);
	assert_int_equal(sight_of(fake, &object, list).n, 0);
	fake_heap_destroy(fake);
}

/* A module of 3.13 called `name`, with a state of `bytes`; *ret_state: where it is. */
static struct hs_object named_module(struct fake_heap *fake, const char *name, uint32_t bytes, hs_addr *ret_state)
{
	hs_addr type = c_type(fake, "module", HS_MEMBERS_PyModuleObject, 0), def = fake_static(fake, 256);
	hs_addr module = fake_object(fake, type, HS_SIZEOF(fake->layout, PyModuleObject));

	*ret_state = fake_malloc(fake, bytes);
	FAKE_PUT(fake, fake->types.str, PyTypeObject, tp_flags, FAKE_GET(fake, fake->types.str, PyTypeObject, tp_flags) | (uint64_t)1 << 28);
	FAKE_PUT(fake, module, PyModuleObject, md_state, *ret_state);
	FAKE_PUT(fake, module, PyModuleObject, md_def, def);
	FAKE_PUT(fake, def, PyModuleDef, m_size, bytes);
	FAKE_PUT(fake, def, PyModuleDef, m_traverse, 0x401000);
	fake_put(fake, module + offset_in(fake, HS_MEMBERS_PyModuleObject, "md_name"), fake_str(fake, name));
	return fake_view(fake, module, HS_SIZEOF(fake->layout, PyModuleObject));
}

static void modules_that_visit_strings(void **state)
{
	static const struct {
		const char *name;
		unsigned relation;
	} cases[] = { { "select", HS_STRONG }, { "selector", HS_OWNED }, { "sel", HS_OWNED } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_heap *fake = open_fake(V313);
		hs_addr memory, text = fake_str(fake, "close");
		struct hs_object module = named_module(fake, cases[i].name, 16, &memory);
		fake_put(fake, memory + 8, text);
		EXPECT(fake, &module, text, HS_SCANNED | cases[i].relation, HS_EDGE_SCAN, "md_state");
		fake_heap_destroy(fake);
	}
}

/* The first condition is the first signal over again; a table ends with an entry without a name. */
static void signals_of_decimal(void **state)
{
	struct fake_heap *fake = open_fake(V313);
	const uint32_t bytes = HS_SIZEOF(fake->layout, DecCondMap);
	hs_addr memory, signals = fake_malloc(fake, 3 * bytes), conditions = fake_malloc(fake, 3 * bytes);
	struct hs_object module = named_module(fake, "_decimal", HS_SIZEOF(fake->layout, decimal_state), &memory);
	hs_addr first = fake_list(fake, NULL, 0, 0), second = fake_list(fake, NULL, 0, 0), behind = fake_list(fake, NULL, 0, 0);

	(void)state;
	FAKE_PUT(fake, memory, decimal_state, signal_map, signals);
	FAKE_PUT(fake, memory, decimal_state, cond_map, conditions);
	for (unsigned i = 0; i < 2; i++)
		FAKE_PUT(fake, conditions + i * bytes, DecCondMap, name, 0x402000);
	FAKE_PUT(fake, signals, DecCondMap, name, 0x402000);
	FAKE_PUT(fake, signals, DecCondMap, ex, first);
	FAKE_PUT(fake, signals + bytes, DecCondMap, ex, behind);
	FAKE_PUT(fake, conditions, DecCondMap, ex, first);
	FAKE_PUT(fake, conditions + bytes, DecCondMap, ex, second);
	EXPECT(fake, &module, first, HS_STRONG, HS_EDGE_FIELD, "signal_map");
	EXPECT(fake, &module, second, HS_STRONG, HS_EDGE_FIELD, "cond_map");
	assert_int_equal(sight_of(fake, &module, behind).n, 0);
	fake_heap_destroy(fake);
}

static void cache_of_zoneinfo(void **state)
{
	struct fake_heap *fake = open_fake(V313);
	hs_addr memory, nodes[2] = { fake_malloc(fake, 32), fake_malloc(fake, 32) }, zone = fake_list(fake, NULL, 0, 0), key = fake_str(fake, "UTC");
	struct hs_object module = named_module(fake, "_zoneinfo", HS_SIZEOF(fake->layout, zoneinfo_state), &memory);

	(void)state;
	FAKE_PUT(fake, memory, zoneinfo_state, strong_cache, nodes[0]);
	FAKE_PUT(fake, nodes[0], StrongCacheNode, next, nodes[1]);
	FAKE_PUT(fake, nodes[1], StrongCacheNode, zone, zone);
	FAKE_PUT(fake, nodes[1], StrongCacheNode, key, key);
	EXPECT(fake, &module, zone, HS_STRONG, HS_EDGE_FIELD, "cache.zone");
	EXPECT(fake, &module, key, HS_STRONG, HS_EDGE_FIELD, "cache.key");
	/* a list in a circle ends */
	FAKE_PUT(fake, nodes[1], StrongCacheNode, next, nodes[0]);
	assert_true(sight_of(fake, &module, zone).n < 10);
	fake_heap_destroy(fake);
}

/* Pairs of a node: a key and its value, or nothing and the next node. */
static void nodes_of_a_context(void **state)
{
	struct fake_heap *fake = open_fake(V313);
	hs_addr type = c_type(fake, "hamt_bitmap_node", HS_MEMBERS_PyHamtNode_Bitmap, 0);
	uint32_t first = HS_SIZEOF(fake->layout, PyVarObject) + 8, bytes = first + 4 * 8;
	hs_addr node = fake_object(fake, type, bytes), key = fake_int(fake, 1), value = fake_int(fake, 2), next = fake_int(fake, 3);

	(void)state;
	FAKE_PUT(fake, type, PyTypeObject, tp_basicsize, first);
	FAKE_PUT(fake, node, PyVarObject, ob_size, 4);
	fake_put(fake, node + first, key);
	fake_put(fake, node + first + 8, value);
	fake_put(fake, node + first + 24, next);
	struct hs_object object = fake_view(fake, node, bytes);
	EXPECT(fake, &object, key, HS_STRONG, HS_EDGE_KEY, NULL);
	EXPECT(fake, &object, value, HS_STRONG, HS_EDGE_VALUE, NULL);
	EXPECT(fake, &object, next, HS_STRONG, HS_EDGE_FIELD, "node");
	FAKE_PUT(fake, node, PyVarObject, ob_size, UINT64_MAX);
	assert_int_equal(sight_of(fake, &object, key).n, 0);
	fake_heap_destroy(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_of_a_c_struct),
		cmocka_unit_test(a_struct_of_another_size_is_scanned),
		cmocka_unit_test(slots_dicts_and_weak_lists_of_classes),
		cmocka_unit_test(slots_outside_the_instance_are_none),
		cmocka_unit_test(classes_of_instances_by_version),
		cmocka_unit_test(an_inherited_traverse_leaves_out_the_class),
		cmocka_unit_test(keys_of_dicts),
		cmocka_unit_test(deleted_entries_of_sets_are_none),
		cmocka_unit_test(values_inside_an_instance),
		cmocka_unit_test(members_of_types),
		cmocka_unit_test(links_of_an_lru_cache),
		cmocka_unit_test(states_of_modules),
		cmocka_unit_test(modules_that_visit_strings),
		cmocka_unit_test(signals_of_decimal),
		cmocka_unit_test(cache_of_zoneinfo),
		cmocka_unit_test(nodes_of_a_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
