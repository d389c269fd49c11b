/* SPDX-License-Identifier: Apache-2.0 */
/* str, dict and OrderedDict: texts of every width, tables of keys of both geometries, and what they claim falsely. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dict.h"
#include "fake_heap.h"
#include "unicode.h"

#define V38 "3.8.18-upstream"
#define V311 "3.11.7-upstream"
#define V314 "3.14.10-debian"

static struct fake_heap *open_fake(const char *table)
{
	struct fake_heap *fake = fake_heap_create(table);

	fake_open(fake);
	return fake;
}

static void assert_text(struct fake_heap *fake, hs_addr str, const char *wanted, uint64_t size)
{
	struct hs_object object;
	char text[32];

	assert_true(hs_str_read(fake->py, str, text, sizeof(text)));
	assert_string_equal(text, wanted);
	assert_true(hs_object_at(fake->py, fake->types_seen, str, &object));
	assert_int_equal(hs_object_size(fake->py, &object), size);
	assert_int_equal(hs_object_extent(fake->py, &object), size);
	assert_int_equal(fake_visit(fake, &object).n_storage, 0);
}

static void compact_texts_of_every_width(void **state)
{
	static const uint16_t wide[] = { 0x3b1, 'x', 0x20ac };
	static const uint32_t wider[] = { 0x1f40d, 'y' };
	/* what sys.getsizeof says of them, by version */
	static const struct {
		const char *table;
		uint64_t ascii, latin1;
	} cases[] = { { V38, 48, 72 }, { V311, 48, 72 }, { V314, 40, 56 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_heap *fake = open_fake(cases[i].table);
		assert_text(fake, fake_str(fake, "spam"), "spam", cases[i].ascii + 5);
		assert_text(fake, fake_str(fake, ""), "", cases[i].ascii + 1);
		assert_text(fake, fake_str_of(fake, "caf\xe9", 4, 1, false), "caf\xc3\xa9", cases[i].latin1 + 5);
		assert_text(fake, fake_str_of(fake, wide, 3, 2, false), "\xce\xb1x\xe2\x82\xac", cases[i].latin1 + 4 * 2);
		assert_text(fake, fake_str_of(fake, wider, 2, 4, false), "\xf0\x9f\x90\x8dy", cases[i].latin1 + 3 * 4);
		fake_heap_destroy(fake);
	}
}

static void a_legacy_text_lies_in_its_own_block(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr class = fake_class(fake, "Text", 80, 0, fake->types.str, 0), str = fake_object(fake, class, 80);
	hs_addr data = fake_malloc(fake, 7);
	struct hs_object object;
	char text[32];

	(void)state;
	memcpy(fake_at(fake, data, 7), "legacy", 7);
	FAKE_PUT(fake, str, PyASCIIObject, length, 6);
	FAKE_PUT(fake, str, PyASCIIObject, kind, 1);
	FAKE_PUT(fake, str, PyASCIIObject, ascii, 1);
	FAKE_PUT(fake, str, PyUnicodeObject, data, data);
	assert_true(hs_str_read(fake->py, str, text, sizeof(text)));
	assert_string_equal(text, "legacy");
	assert_true(hs_object_at(fake->py, fake->types_seen, str, &object));
	assert_int_equal(hs_object_extent(fake->py, &object), 80);
	struct fake_record record = fake_visit(fake, &object);
	assert_int_equal(record.n_storage, 1);
	assert_int_equal(record.storage[0].start, data);
	assert_int_equal(record.storage[0].bytes, 7);
	fake_heap_destroy(fake);
}

static void texts_are_cut_at_a_character(void **state)
{
	static const uint16_t wide[] = { 'a', 0x20ac, 'b' };
	struct fake_heap *fake = open_fake(V311);
	hs_addr str = fake_str_of(fake, wide, 3, 2, false);
	char text[6];

	(void)state;
	for (size_t room = 1; room <= sizeof(text); room++) {
		assert_true(hs_str_read(fake->py, str, text, room));
		assert_string_equal(text, room < 2 ? "" : room < 5 ? "a" : room < 6 ? "a\xe2\x82\xac" : "a\xe2\x82\xac" "b");
	}
	fake_heap_destroy(fake);
}

static void texts_that_lie_are_not_read(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr str = fake_str(fake, "spam");
	struct hs_object object;
	char text[16] = "before";

	(void)state;
	assert_false(hs_str_read(fake->py, 0, text, sizeof(text)));
	assert_string_equal(text, "");
	assert_false(hs_str_read(fake->py, UINT64_MAX, text, sizeof(text)));
	static const uint64_t lengths[] = { (uint64_t)1 << 47, (uint64_t)1 << 63, UINT64_MAX };
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		FAKE_PUT(fake, str, PyASCIIObject, length, lengths[i]);
		assert_false(hs_str_read(fake->py, str, text, sizeof(text)));
		assert_false(hs_object_at(fake->py, fake->types_seen, str, &object));
	}
	/* longer than the image: its beginning can be read, but no object can be that large */
	FAKE_PUT(fake, str, PyASCIIObject, length, (uint64_t)1 << 40);
	assert_true(hs_str_read(fake->py, str, text, sizeof(text)));
	assert_false(hs_object_at(fake->py, fake->types_seen, str, &object));
	FAKE_PUT(fake, str, PyASCIIObject, length, 4);
	FAKE_PUT(fake, str, PyASCIIObject, kind, 3);
	assert_false(hs_str_read(fake->py, str, text, sizeof(text)));
	FAKE_PUT(fake, str, PyASCIIObject, kind, 2); /* ASCII of two bytes a character */
	assert_false(hs_str_read(fake->py, str, text, sizeof(text)));
	fake_heap_destroy(fake);
}

static void only_equal_ascii_texts_are_equal(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr spam = fake_str(fake, "spam");

	(void)state;
	assert_true(hs_str_equals(fake->py, spam, "spam"));
	assert_false(hs_str_equals(fake->py, spam, "spa"));
	assert_false(hs_str_equals(fake->py, spam, "spamm"));
	assert_false(hs_str_equals(fake->py, fake_str_of(fake, "spam", 4, 1, false), "spam"));
	assert_int_equal(hs_str_utf8_address(fake->py, spam), spam + 48);
	assert_int_equal(hs_str_utf8_address(fake->py, fake_str_of(fake, "\xe9", 1, 1, false)), 0);
	fake_heap_destroy(fake);
}

struct filled {
	struct fake_heap *fake;
	hs_addr keys[5], values[5], dict, table;
};

static struct filled filled_dict(const char *table, unsigned log2_size)
{
	struct filled filled = { .fake = open_fake(table) };

	for (unsigned i = 0; i < 5; i++) {
		filled.keys[i] = fake_str(filled.fake, (const char[][2]){ "a", "b", "c", "d", "e" }[i]);
		filled.values[i] = fake_float(filled.fake, i);
	}
	filled.dict = fake_dict(filled.fake, log2_size, filled.keys, filled.values, 5);
	filled.table = FAKE_GET(filled.fake, filled.dict, PyDictObject, ma_keys);
	return filled;
}

static void tables_of_both_geometries(void **state)
{
	static const struct {
		const char *table;
		unsigned log2_size;
		uint64_t bytes; /* header + indices + entries */
	} cases[] = {
		{ V38, 3, 40 + 8 + 5 * 24 },
		{ V38, 7, 40 + 128 + 85 * 24 },
		{ V38, 8, 40 + 256 * 2 + 170 * 24 },
		{ V311, 3, 32 + 8 + 5 * 16 },
		{ V311, 7, 32 + 128 + 85 * 16 },
		{ V311, 8, 32 + 512 + 170 * 16 },
		{ V314, 3, 32 + 8 + 5 * 16 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filled f = filled_dict(cases[i].table, cases[i].log2_size);
		struct hs_dict_keys keys;
		struct hs_object object;
		assert_true(hs_dict_keys_read(f.fake->py, f.table, &keys));
		assert_int_equal(keys.n_entries, 5);
		assert_int_equal(keys.bytes, cases[i].bytes);
		assert_true(hs_object_at(f.fake->py, f.fake->types_seen, f.dict, &object));
		assert_int_equal(hs_object_getsizeof(f.fake->py, &object), 16 + 48 + cases[i].bytes);
		struct fake_record record = fake_visit(f.fake, &object);
		assert_int_equal(record.n_references, 10);
		assert_int_equal(record.references[0], f.keys[0]);
		assert_int_equal(record.references[9], f.values[4]);
		assert_int_equal(record.n_storage, 1);
		assert_int_equal(record.storage[0].start, f.table);
		assert_int_equal(record.storage[0].bytes, cases[i].bytes);
		for (unsigned k = 0; k < 5; k++)
			assert_int_equal(hs_dict_find(f.fake->py, f.dict, (const char[][2]){ "a", "b", "c", "d", "e" }[k]), f.values[k]);
		assert_int_equal(hs_dict_find(f.fake->py, f.dict, "f"), 0);
		fake_heap_destroy(f.fake);
	}
}

static void a_split_dict_keeps_its_values_apart(void **state)
{
	struct filled f = filled_dict(V38, 3);
	hs_addr values = fake_malloc(f.fake, 5 * 8);
	struct hs_object object;

	(void)state;
	fake_put(f.fake, values + 8, f.values[3]);
	FAKE_PUT(f.fake, f.dict, PyDictObject, ma_values, values);
	assert_int_equal(hs_dict_find(f.fake->py, f.dict, "b"), f.values[3]);
	assert_int_equal(hs_dict_find(f.fake->py, f.dict, "a"), 0);
	assert_true(hs_object_at(f.fake->py, f.fake->types_seen, f.dict, &object));
	struct fake_record record = fake_visit(f.fake, &object);
	assert_int_equal(record.n_storage, 1); /* not the shared keys */
	assert_int_equal(record.storage[0].start, values);
	assert_int_equal(record.storage[0].bytes, 40);
	assert_int_equal(record.n_references, 6);
	fake_heap_destroy(f.fake);
}

static void assert_keys_refused(struct filled *f)
{
	struct hs_dict_keys keys = { .n_entries = 42 };
	struct hs_object object;

	assert_false(hs_dict_keys_read(f->fake->py, f->table, &keys));
	assert_int_equal(keys.n_entries, 42);
	assert_int_equal(hs_dict_find(f->fake->py, f->dict, "a"), 0);
	assert_true(hs_object_at(f->fake->py, f->fake->types_seen, f->dict, &object));
	assert_int_equal(hs_object_size(f->fake->py, &object), HS_SIZE_UNKNOWN);
	struct fake_record record = fake_visit(f->fake, &object);
	assert_int_equal(record.n_storage + record.n_references, 0);
}

static void tables_that_lie_are_refused(void **state)
{
	static const struct {
		const char *table;
		enum hs_field_id field;
		uint64_t value;
	} lies[] = {
		{ V311, HS_FIELD_PyDictKeysObject_dk_nentries, 6 }, /* of five */
		{ V311, HS_FIELD_PyDictKeysObject_dk_nentries, UINT64_MAX },
		{ V311, HS_FIELD_PyDictKeysObject_dk_usable, 6 },
		{ V311, HS_FIELD_PyDictKeysObject_dk_usable, (uint64_t)1 << 63 },
		{ V311, HS_FIELD_PyDictKeysObject_dk_log2_size, 63 },
		{ V311, HS_FIELD_PyDictKeysObject_dk_log2_size, 255 },
		{ V311, HS_FIELD_PyDictKeysObject_dk_log2_size, 41 },
		{ V311, HS_FIELD_PyDictKeysObject_dk_log2_index_bytes, 63 },
		{ V311, HS_FIELD_PyDictKeysObject_dk_log2_index_bytes, 2 }, /* less than a byte a slot */
		{ V311, HS_FIELD_PyDictKeysObject_dk_log2_index_bytes, 40 }, /* entries beyond the image */
		{ V311, HS_FIELD_PyDictKeysObject_dk_kind, 3 },
		{ V38, HS_FIELD_PyDictKeysObject_dk_nentries, 6 },
		{ V38, HS_FIELD_PyDictKeysObject_dk_size, 0 },
		{ V38, HS_FIELD_PyDictKeysObject_dk_size, 9 }, /* no power of two */
		{ V38, HS_FIELD_PyDictKeysObject_dk_size, (uint64_t)1 << 41 },
		{ V38, HS_FIELD_PyDictKeysObject_dk_size, (uint64_t)1 << 63 },
		{ V38, HS_FIELD_PyDictKeysObject_dk_size, 1 << 20 }, /* indices beyond the image */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct filled f = filled_dict(lies[i].table, 3);
		fake_put_field(f.fake, f.table, lies[i].field, lies[i].value);
		assert_keys_refused(&f);
		fake_heap_destroy(f.fake);
	}
}

static void a_table_that_leaves_its_segment_is_refused(void **state)
{
	struct filled f = filled_dict(V311, 3);
	const struct fake_region *arena = &f.fake->regions[FAKE_ARENA];
	uint8_t table[120];

	(void)state;
	memcpy(table, fake_at(f.fake, f.table, sizeof(table)), sizeof(table));
	for (unsigned missing = 1; missing <= sizeof(table); missing += 7) {
		hs_addr at = arena->start + arena->bytes - sizeof(table) + missing;
		memcpy(fake_at(f.fake, at, sizeof(table) - missing), table, sizeof(table) - missing);
		f.table = at;
		FAKE_PUT(f.fake, f.dict, PyDictObject, ma_keys, at);
		assert_keys_refused(&f);
	}
	f.table = UINT64_MAX - 16;
	FAKE_PUT(f.fake, f.dict, PyDictObject, ma_keys, f.table);
	assert_keys_refused(&f);
	fake_heap_destroy(f.fake);
}

static void an_ordered_dict_owns_its_nodes(void **state)
{
	struct filled f = filled_dict(V311, 3);
	hs_addr odict = fake_odict(f.fake, f.keys, f.values, 5), node = FAKE_GET(f.fake, odict, PyODictObject, od_first);
	struct hs_object object;

	(void)state;
	assert_true(hs_object_at(f.fake->py, f.fake->types_seen, odict, &object));
	struct fake_record record = fake_visit(f.fake, &object);
	assert_int_equal(record.n_storage, 1 + 1 + 5); /* keys, fast nodes, nodes */
	assert_int_equal(record.n_references, 15);
	assert_int_equal(hs_object_size(f.fake->py, &object), 112 + 120 + 64 + 5 * 32);
	/* a node that follows itself: as many as there are items, then an end */
	FAKE_PUT(f.fake, node, odictnode, next, node);
	record = fake_visit(f.fake, &object);
	assert_int_equal(record.n_storage, 1 + 1 + 5);
	FAKE_PUT(f.fake, node, odictnode, next, 0x10);
	record = fake_visit(f.fake, &object);
	assert_int_equal(record.n_storage, 1 + 1 + 1);
	fake_heap_destroy(f.fake);
}

/* A list of nodes in a circle, and a number of items that no list has: the visit must end all the same. */
static void a_cyclic_node_list_ends(void **state)
{
	struct filled f = filled_dict(V311, 3);
	hs_addr odict = fake_odict(f.fake, f.keys, f.values, 5), node = FAKE_GET(f.fake, odict, PyODictObject, od_first);
	struct hs_object object;

	(void)state;
	FAKE_PUT(f.fake, node, odictnode, next, node);
	FAKE_PUT(f.fake, odict, PyDictObject, ma_used, (uint64_t)1 << 50);
	assert_true(hs_object_at(f.fake->py, f.fake->types_seen, odict, &object));
	struct fake_record record = fake_visit(f.fake, &object);
	assert_true(record.n_storage < 1000);
	assert_int_equal(hs_object_size(f.fake->py, &object), HS_SIZE_UNKNOWN);
	fake_heap_destroy(f.fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compact_texts_of_every_width),
		cmocka_unit_test(a_legacy_text_lies_in_its_own_block),
		cmocka_unit_test(texts_are_cut_at_a_character),
		cmocka_unit_test(texts_that_lie_are_not_read),
		cmocka_unit_test(only_equal_ascii_texts_are_equal),
		cmocka_unit_test(tables_of_both_geometries),
		cmocka_unit_test(a_split_dict_keeps_its_values_apart),
		cmocka_unit_test(tables_that_lie_are_refused),
		cmocka_unit_test(a_table_that_leaves_its_segment_is_refused),
		cmocka_unit_test(an_ordered_dict_owns_its_nodes),
		cmocka_unit_test(a_cyclic_node_list_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
