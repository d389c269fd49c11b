/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as a type object, whatever the bytes say; which refcounts a live object can have; what decides where an object stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_heap.h"

#define TABLE "3.11.7-upstream"

static void refcounts_of_live_objects_by_version(void **state)
{
	(void)state;
	const enum hs_refcount_rule rules[] = { HS_REFCOUNT_PLAIN, HS_REFCOUNT_IMMORTAL_32 };

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		assert_false(hs_refcount_is_legal(rules[i], 0)); /* freed, kept for reuse */
		assert_true(hs_refcount_is_legal(rules[i], 1));
		assert_true(hs_refcount_is_legal(rules[i], 999999999)); /* 3.11's static objects */
		assert_true(hs_refcount_is_legal(rules[i], 0xffffffff)); /* 3.12's immortal ones */
		assert_false(hs_refcount_is_legal(rules[i], 0x7f0000100030)); /* a pointer: the link of a chain */
		assert_false(hs_refcount_is_legal(rules[i], 0x555555554000));
		assert_false(hs_refcount_is_legal(rules[i], (uint64_t)-1));
		assert_false(hs_refcount_is_legal(rules[i], (uint64_t)1 << 63));
	}
	const enum hs_refcount_rule split = HS_REFCOUNT_SPLIT;
	assert_false(hs_refcount_is_legal(split, 0));
	assert_true(hs_refcount_is_legal(split, 1));
	assert_true(hs_refcount_is_legal(split, 0xc0000000));          /* immortal at run time */
	assert_true(hs_refcount_is_legal(split, 0x00050000c0000000)); /* … and static */
	assert_true(hs_refcount_is_legal(split, 0x0001000000000003)); /* flags in the topmost 16 bits */
	assert_false(hs_refcount_is_legal(split, 0x0000000500000000)); /* the count is 0 */
	assert_false(hs_refcount_is_legal(split, 0x0000000500000001)); /* overflow, yet mortal */
	assert_false(hs_refcount_is_legal(split, 0x00007f0000100030)); /* a pointer */
	assert_false(hs_refcount_is_legal(split, 0x0000555580100030)); /* … whose bit 31 is set */
}

static void rules_belong_to_versions(void **state)
{
	(void)state;
	assert_int_equal(hs_features_of(3, 8)->refcount, HS_REFCOUNT_PLAIN);
	assert_int_equal(hs_features_of(3, 11)->refcount, HS_REFCOUNT_PLAIN);
	assert_int_equal(hs_features_of(3, 12)->refcount, HS_REFCOUNT_IMMORTAL_32);
	assert_int_equal(hs_features_of(3, 13)->refcount, HS_REFCOUNT_IMMORTAL_32);
	assert_int_equal(hs_features_of(3, 14)->refcount, HS_REFCOUNT_SPLIT);
	assert_null(hs_features_of(3, 7));
	assert_null(hs_features_of(2, 8));
}

static struct fake_heap *open_fake(const char *table)
{
	struct fake_heap *fake = fake_heap_create(table);

	fake_open(fake);
	return fake;
}

static void static_types_are_decoded(void **state)
{
	struct fake_heap *fake = open_fake(TABLE);

	(void)state;
	const struct hs_type *list = hs_type_at(fake->types_seen, fake->types.list);
	assert_non_null(list);
	assert_int_equal(list->basicsize, 40);
	assert_int_equal(list->header_bytes, 16);
	assert_false(list->is_python_class);
	assert_string_equal(list->kind->tp_name, "list");
	assert_ptr_equal(list->solid_base, list);
	assert_int_equal(list->base, fake->types.object);
	const struct hs_type *odict = hs_type_at(fake->types_seen, fake->types.odict);
	assert_string_equal(odict->kind->tp_name, "collections.OrderedDict");
	assert_string_equal(odict->base_type->kind->tp_name, "dict");
	assert_ptr_equal(hs_type_at(fake->types_seen, fake->types.list), list);
	fake_heap_destroy(fake);
}

static void a_class_is_read_like_its_solid_base(void **state)
{
	struct fake_heap *fake = open_fake(TABLE);

	(void)state;
	/* a user's class may be called like a C type */
	hs_addr mine = fake_class(fake, "collections.deque", 48 + 16, 0, fake->types.dict, 0);
	hs_addr sub = fake_class(fake, "Sub", 80, (uint64_t)1 << 4, mine, 0);
	const struct hs_type *type = hs_type_at(fake->types_seen, sub);
	assert_non_null(type);
	assert_true(type->is_python_class);
	assert_string_equal(type->kind->tp_name, "dict");
	assert_int_equal(type->solid_base->address, fake->types.dict);
	assert_int_equal(type->base, mine);
	assert_int_equal(type->header_bytes, 32);
	assert_true(type->has_preheader);
	/* a C type of that very name is one, a C subclass of a plain C type is plain */
	assert_string_equal(hs_type_at(fake->types_seen, fake->types.deque)->kind->tp_name, "collections.deque");
	hs_addr thing = fake_static_type(fake, "ext.Thing", 64, 0, 0, fake->types.object);
	assert_ptr_equal(hs_type_at(fake->types_seen, thing)->kind, hs_kind_plain());
	fake_heap_destroy(fake);
}

static void the_preheader_depends_on_the_version(void **state)
{
	static const struct {
		const char *table;
		uint64_t flag;
		unsigned header_bytes;
	} cases[] = {
		{ "3.8.18-upstream", (uint64_t)1 << 4, 16 },  /* no such flag yet */
		{ TABLE, (uint64_t)1 << 4, 32 },
		{ TABLE, (uint64_t)1 << 3, 16 },
		{ "3.12.1-upstream", (uint64_t)1 << 3, 32 },
		{ "3.14.10-debian", (uint64_t)1 << 3, 32 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_heap *fake = open_fake(cases[i].table);
		const struct hs_type *type = hs_type_at(fake->types_seen, fake_class(fake, "C", 16, cases[i].flag, fake->types.object, 0));
		assert_non_null(type);
		assert_int_equal(type->header_bytes, cases[i].header_bytes);
		fake_heap_destroy(fake);
	}
}

static void metatypes_lead_to_type(void **state)
{
	struct fake_heap *fake = open_fake(TABLE);
	const uint64_t metatype = HS_TPFLAGS_TYPE_SUBCLASS;

	(void)state;
	hs_addr meta = fake_class(fake, "Meta", 920, metatype, fake->types.type, 0);
	hs_addr meta_meta = fake_class(fake, "MetaMeta", 920, metatype, fake->types.type, 0);
	hs_addr class = fake_class(fake, "Class", 16, 0, fake->types.object, 0);
	fake_put(fake, meta + 8, meta_meta);
	fake_put(fake, class + 8, meta);
	const struct hs_type *type = hs_type_at(fake->types_seen, class);
	assert_non_null(type);
	assert_int_equal(type->metatype, meta);
	assert_non_null(hs_type_at(fake->types_seen, meta));
	/* an instance of what is no metatype is no type */
	hs_addr other = fake_class(fake, "Other", 16, 0, fake->types.object, 0);
	fake_put(fake, other + 8, fake->types.object);
	assert_null(hs_type_at(fake->types_seen, other));
	fake_heap_destroy(fake);
}

static void cyclic_metatypes_end(void **state)
{
	struct fake_heap *fake = open_fake(TABLE);

	(void)state;
	hs_addr a = fake_class(fake, "A", 920, HS_TPFLAGS_TYPE_SUBCLASS, fake->types.type, 0);
	hs_addr b = fake_class(fake, "B", 920, HS_TPFLAGS_TYPE_SUBCLASS, fake->types.type, 0);
	fake_put(fake, a + 8, b);
	fake_put(fake, b + 8, a);
	assert_null(hs_type_at(fake->types_seen, a));
	fake_put(fake, a + 8, a);
	assert_null(hs_type_at(fake->types_seen, a));
	/* the real one is its own type */
	assert_non_null(hs_type_at(fake->types_seen, fake->types.type));
	fake_heap_destroy(fake);
}

static void cyclic_bases_end(void **state)
{
	struct fake_heap *fake = open_fake(TABLE);

	(void)state;
	hs_addr a = fake_class(fake, "A", 16, 0, fake->types.object, 0), b = fake_class(fake, "B", 16, 0, a, 0);
	FAKE_PUT(fake, a, PyTypeObject, tp_base, b);
	assert_null(hs_type_at(fake->types_seen, a));
	assert_null(hs_type_at(fake->types_seen, b));
	hs_addr c = fake_class(fake, "C", 16, 0, 0, 0);
	FAKE_PUT(fake, c, PyTypeObject, tp_base, c);
	assert_null(hs_type_at(fake->types_seen, c));
	/* nothing half-decoded is left behind */
	size_t n;
	hs_types_all(fake->types_seen, &n);
	assert_int_equal(n, 0);
	fake_heap_destroy(fake);
}

static void a_broken_base_spoils_the_class(void **state)
{
	struct fake_heap *fake = open_fake(TABLE);
	const hs_addr bases[] = { 8, fake->types.object + 8, fake->thread, 0x7fff00000000, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		assert_null(hs_type_at(fake->types_seen, fake_class(fake, "C", 16, 0, bases[i], 0)));
	fake_heap_destroy(fake);
}

static void unready_types_count_when_they_are_static(void **state)
{
	struct fake_heap *fake = open_fake(TABLE);

	(void)state;
	/* functools._lru_list_elem up to 3.9 never was made ready */
	hs_addr unready = fake_static_type(fake, "functools._lru_list_elem", 64, 0, 0, 0);
	FAKE_PUT(fake, unready, PyTypeObject, tp_flags, 0);
	assert_non_null(hs_type_at(fake->types_seen, unready));
	hs_addr class = fake_class(fake, "Unfinished", 16, 0, fake->types.object, 0);
	FAKE_PUT(fake, class, PyTypeObject, tp_flags, HS_TPFLAGS_HEAPTYPE | HS_TPFLAGS_HAVE_GC);
	assert_null(hs_type_at(fake->types_seen, class));
	fake_heap_destroy(fake);
}

static void absurd_sizes_are_no_types(void **state)
{
	struct fake_heap *fake = open_fake(TABLE);
	static const uint64_t basicsizes[] = { 0, 15, ((uint64_t)1 << 28) + 1, (uint64_t)1 << 63, UINT64_MAX };
	static const uint64_t itemsizes[] = { ((uint64_t)1 << 20) + 1, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(basicsizes) / sizeof(basicsizes[0]); i++)
		assert_null(hs_type_at(fake->types_seen, fake_static_type(fake, "x", basicsizes[i], 0, 0, fake->types.object)));
	for (size_t i = 0; i < sizeof(itemsizes) / sizeof(itemsizes[0]); i++)
		assert_null(hs_type_at(fake->types_seen, fake_static_type(fake, "x", 24, itemsizes[i], 0, fake->types.object)));
	/* any text can be a class's name */
	assert_non_null(hs_type_at(fake->types_seen, fake_static_type(fake, "", 24, 0, 0, fake->types.object)));
	assert_non_null(hs_type_at(fake->types_seen, fake_static_type(fake, "bell\a", 24, 0, 0, fake->types.object)));
	hs_addr nameless = fake_static_type(fake, "x", 24, 0, 0, fake->types.object);
	FAKE_PUT(fake, nameless, PyTypeObject, tp_name, 0x10);
	assert_null(hs_type_at(fake->types_seen, nameless));
	/* at the edges of what is believed */
	assert_non_null(hs_type_at(fake->types_seen, fake_static_type(fake, "x", 16, 1 << 20, 0, fake->types.object)));
	assert_non_null(hs_type_at(fake->types_seen, fake_static_type(fake, "x", 1 << 28, 0, 0, fake->types.object)));
	fake_heap_destroy(fake);
}

static void words_that_are_no_addresses_are_no_types(void **state)
{
	struct fake_heap *fake = open_fake(TABLE);
	const struct fake_region *statics = &fake->regions[FAKE_STATICS];
	const hs_addr words[] = { 0, 1, 8, UINT64_MAX, UINT64_MAX - 7, fake->types.list + 1, fake->types.list + 8, fake->types.list - 8,
				  statics->start + statics->bytes - 8, (hs_addr)1 << 47, fake->interpreter };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_null(hs_type_at(fake->types_seen, words[i]));
	fake_heap_destroy(fake);
}

static void more_types_than_the_table_first_has(void **state)
{
	struct fake_heap *fake = open_fake("3.8.18-upstream");
	enum { N = 150 };
	hs_addr types[N];

	(void)state;
	/* the table doubles from 4096 slots on; here only its order and its answers */
	for (unsigned i = 0; i < N; i++)
		types[i] = fake_static_type(fake, "t", 16 + 8 * i, 0, 0, fake->types.object);
	for (unsigned i = N; i-- > 0;)
		assert_int_equal(hs_type_at(fake->types_seen, types[i])->basicsize, 16 + 8 * i);
	size_t n;
	const struct hs_type *const *all = hs_types_all(fake->types_seen, &n);
	assert_int_equal(n, N + 1); /* object */
	for (size_t i = 0; i < n; i++)
		assert_int_equal(all[i]->index, i);
	fake_heap_destroy(fake);
}

static void names_are_those_of_python(void **state)
{
	struct fake_heap *fake = open_fake(TABLE);
	char name[64], tiny[8];

	(void)state;
	hs_type_name(fake->py, hs_type_at(fake->types_seen, fake->types.list), name, sizeof(name));
	assert_string_equal(name, "builtins.list");
	hs_type_name(fake->py, hs_type_at(fake->types_seen, fake->types.deque), name, sizeof(name));
	assert_string_equal(name, "collections.deque");
	hs_addr class = fake_class(fake, "Session", 16, 0, fake->types.object, 0);
	const struct hs_type *type = hs_type_at(fake->types_seen, class);
	hs_type_name(fake->py, type, name, sizeof(name));
	assert_string_equal(name, "app.Session");
	hs_type_name(fake->py, type, tiny, sizeof(tiny));
	assert_string_equal(tiny, "app.Ses");
	FAKE_PUT(fake, class, PyTypeObject, tp_dict, 0x30);
	hs_type_name(fake->py, type, name, sizeof(name));
	assert_string_equal(name, "?.Session");
	FAKE_PUT(fake, class, PyHeapTypeObject, ht_qualname, 0x30);
	hs_type_name(fake->py, type, name, sizeof(name));
	assert_string_equal(name, "?.?");
	fake_heap_destroy(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refcounts_of_live_objects_by_version),
		cmocka_unit_test(rules_belong_to_versions),
		cmocka_unit_test(static_types_are_decoded),
		cmocka_unit_test(a_class_is_read_like_its_solid_base),
		cmocka_unit_test(the_preheader_depends_on_the_version),
		cmocka_unit_test(metatypes_lead_to_type),
		cmocka_unit_test(cyclic_metatypes_end),
		cmocka_unit_test(cyclic_bases_end),
		cmocka_unit_test(a_broken_base_spoils_the_class),
		cmocka_unit_test(unready_types_count_when_they_are_static),
		cmocka_unit_test(absurd_sizes_are_no_types),
		cmocka_unit_test(words_that_are_no_addresses_are_no_types),
		cmocka_unit_test(more_types_than_the_table_first_has),
		cmocka_unit_test(names_are_those_of_python),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
