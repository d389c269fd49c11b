/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, sequences, sets and instances: their sizes, what they own and refer to, and what happens when they lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_heap.h"

#define V38 "3.8.18-upstream"
#define V311 "3.11.7-upstream"
#define V312 "3.12.1-upstream"
#define V314 "3.14.10-debian"

static struct fake_heap *open_fake(const char *table)
{
	struct fake_heap *fake = fake_heap_create(table);

	fake_open(fake);
	return fake;
}

static struct hs_object object_at(struct fake_heap *fake, hs_addr address)
{
	struct hs_object object;

	assert_true(hs_object_at(fake->py, fake->types_seen, address, &object));
	return object;
}

static bool is_object(struct fake_heap *fake, hs_addr address)
{
	struct hs_object object;

	return hs_object_at(fake->py, fake->types_seen, address, &object);
}

static void ints_by_version(void **state)
{
	static const struct {
		const char *table;
		uint64_t zero, one;
	} cases[] = { { V38, 24, 28 }, { V311, 28, 28 }, { V314, 28, 28 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_heap *fake = open_fake(cases[i].table);
		hs_addr number = fake_int(fake, 7);
		struct hs_object object = object_at(fake, number);
		assert_int_equal(hs_object_getsizeof(fake->py, &object), cases[i].one);
		assert_int_equal(hs_object_extent(fake->py, &object), 28);
		bool has_tag = HS_HAS(fake->layout, PyLongObject, lv_tag);
		fake_put(fake, number + 16, has_tag ? 1 : 0);
		assert_int_equal(hs_object_size(fake->py, &object), cases[i].zero);
		/* three digits, negative */
		fake_put(fake, number + 16, has_tag ? 3 << 3 | 2 : (uint64_t)-3);
		assert_int_equal(hs_object_size(fake->py, &object), 24 + 3 * 4);
		fake_heap_destroy(fake);
	}
}

static void ints_of_absurd_length_are_none(void **state)
{
	static const uint64_t counts[] = { ((uint64_t)1 << 40) + 1, (uint64_t)1 << 60,
					    (uint64_t)1 << 63, ((uint64_t)1 << 63) + 1, (uint64_t)1 << 39 };
	static const char *const tables[] = { V38, V311, V312, V314 };

	(void)state;
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		struct fake_heap *fake = open_fake(tables[t]);
		hs_addr number = fake_int(fake, 7);
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			fake_put(fake, number + 16, HS_HAS(fake->layout, PyLongObject, lv_tag) ? counts[i] << 3 | 7 : counts[i]);
			if (counts[i] << 3 >> 3 == counts[i] || !HS_HAS(fake->layout, PyLongObject, lv_tag))
				assert_false(is_object(fake, number));
		}
		fake_heap_destroy(fake);
	}
}

static void a_list_owns_what_it_allocated(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr items[3] = { fake_int(fake, 1), fake_int(fake, 2), fake_int(fake, 3) }, list = fake_list(fake, items, 3, 4);
	struct hs_object object = object_at(fake, list);

	(void)state;
	assert_int_equal(hs_object_getsizeof(fake->py, &object), 56 + 4 * 8);
	struct fake_record record = fake_visit(fake, &object);
	assert_int_equal(record.n_storage, 1);
	assert_int_equal(record.storage[0].start, FAKE_GET(fake, list, PyListObject, ob_item));
	assert_int_equal(record.storage[0].bytes, 32);
	assert_int_equal(record.n_references, 3);
	assert_int_equal(record.references[2], items[2]);
	fake_heap_destroy(fake);
}

static void lists_that_lie_own_nothing(void **state)
{
	static const struct {
		uint64_t n, n_allocated;
	} lies[] = { { 5, 4 }, { (uint64_t)-1, 4 }, { (uint64_t)1 << 62, (uint64_t)1 << 62 }, { 0, UINT64_MAX }, { 3, ((uint64_t)1 << 40) + 1 } };
	struct fake_heap *fake = open_fake(V311);
	hs_addr items[3] = { fake_int(fake, 1), 0, 0 }, list = fake_list(fake, items, 3, 4);
	struct hs_object object = object_at(fake, list);

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		FAKE_PUT(fake, list, PyVarObject, ob_size, lies[i].n);
		FAKE_PUT(fake, list, PyListObject, allocated, lies[i].n_allocated);
		struct fake_record record = fake_visit(fake, &object);
		assert_int_equal(record.n_storage + record.n_references, 0);
		assert_int_equal(hs_object_size(fake->py, &object), lies[i].n_allocated > (uint64_t)1 << 40 ? HS_SIZE_UNKNOWN : 40 + 32);
	}
	/* items that leave the image are not read */
	FAKE_PUT(fake, list, PyVarObject, ob_size, 1 << 20);
	FAKE_PUT(fake, list, PyListObject, allocated, 1 << 20);
	assert_int_equal(fake_visit(fake, &object).n_references, 0);
	FAKE_PUT(fake, list, PyListObject, ob_item, UINT64_MAX - 7);
	FAKE_PUT(fake, list, PyVarObject, ob_size, 4);
	assert_int_equal(fake_visit(fake, &object).n_references, 0);
	fake_heap_destroy(fake);
}

static void a_tuple_holds_its_items(void **state)
{
	static const char *const tables[] = { V38, V311, V314 };

	(void)state;
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		struct fake_heap *fake = open_fake(tables[t]);
		hs_addr items[2] = { fake_int(fake, 1), fake_int(fake, 2) }, tuple = fake_tuple(fake, items, 2);
		struct hs_object object = object_at(fake, tuple);
		struct fake_record record = fake_visit(fake, &object);
		assert_int_equal(record.n_references, 2);
		assert_int_equal(record.references[0], items[0]);
		assert_int_equal(record.n_storage, 0);
		/* longer than its block: nothing is read behind it */
		struct hs_object in_block = fake_view(fake, tuple, 64);
		FAKE_PUT(fake, tuple, PyVarObject, ob_size, 6);
		assert_int_equal(fake_visit(fake, &in_block).n_references, 0);
		FAKE_PUT(fake, tuple, PyVarObject, ob_size, (uint64_t)1 << 61); /* times 8 is 0 */
		assert_int_equal(fake_visit(fake, &in_block).n_references, 0);
		assert_false(is_object(fake, tuple));
		FAKE_PUT(fake, tuple, PyVarObject, ob_size, (uint64_t)-1);
		assert_int_equal(fake_visit(fake, &in_block).n_references, 0);
		fake_heap_destroy(fake);
	}
}

static void a_deque_is_a_chain_of_blocks(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr items[100];

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		items[i] = fake_int(fake, i);
	struct hs_object object = object_at(fake, fake_deque(fake, items, 100, 60));
	struct fake_record record = fake_visit(fake, &object);
	assert_int_equal(record.n_storage, 3); /* 4 + 64 + 32 items */
	assert_int_equal(record.n_references, 100);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(record.references[i], items[i]);
	assert_int_equal(hs_object_getsizeof(fake->py, &object), 16 + 216 + 3 * 528);
	struct hs_object empty = object_at(fake, fake_deque(fake, NULL, 0, 32));
	record = fake_visit(fake, &empty);
	assert_int_equal(record.n_storage, 1);
	assert_int_equal(record.n_references, 0);
	fake_heap_destroy(fake);
}

static void deques_that_lie_end(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr items[3] = { fake_int(fake, 0), fake_int(fake, 1), fake_int(fake, 2) }, deque = fake_deque(fake, items, 3, 10);
	hs_addr block = FAKE_GET(fake, deque, dequeobject, leftblock);
	struct hs_object object = object_at(fake, deque);

	(void)state;
	FAKE_PUT(fake, deque, dequeobject, leftindex, 65);
	assert_int_equal(fake_visit(fake, &object).n_storage, 0);
	assert_int_equal(hs_object_size(fake->py, &object), HS_SIZE_UNKNOWN);
	FAKE_PUT(fake, deque, dequeobject, leftindex, 64);
	assert_int_equal(fake_visit(fake, &object).n_storage, 1);
	FAKE_PUT(fake, deque, dequeobject, leftindex, UINT64_MAX);
	assert_int_equal(fake_visit(fake, &object).n_storage, 0);
	FAKE_PUT(fake, deque, dequeobject, leftindex, 10);
	FAKE_PUT(fake, deque, PyVarObject, ob_size, (uint64_t)-1);
	assert_int_equal(fake_visit(fake, &object).n_storage, 0);
	/* more items than blocks */
	FAKE_PUT(fake, deque, PyVarObject, ob_size, 1000);
	assert_int_equal(fake_visit(fake, &object).n_storage, 1);
	FAKE_PUT(fake, block, dequeblock, rightlink, 0x20);
	assert_int_equal(fake_visit(fake, &object).n_storage, 1);
	FAKE_PUT(fake, deque, dequeobject, numfreeblocks, UINT64_MAX);
	assert_int_equal(fake_visit(fake, &object).n_storage, 1);
	/* spare blocks that the deque has no room for are not there */
	FAKE_PUT(fake, deque, dequeobject, numfreeblocks, 64);
	assert_true(fake_visit(fake, &object).n_storage <= 65);
	fake_heap_destroy(fake);
}

/* Blocks in a circle, and as many items as fit into all the memory that there can be. */
static void a_cyclic_block_chain_ends(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr items[200];

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		items[i] = fake->types.none;
	hs_addr deque = fake_deque(fake, items, 200, 0), first = FAKE_GET(fake, deque, dequeobject, leftblock);
	hs_addr last = FAKE_GET(fake, deque, dequeobject, rightblock), second = FAKE_GET(fake, first, dequeblock, rightlink);
	struct hs_object object = object_at(fake, deque);
	const hs_addr targets[] = { first, second, last };
	FAKE_PUT(fake, deque, PyVarObject, ob_size, (uint64_t)1 << 40);
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		FAKE_PUT(fake, last, dequeblock, rightlink, targets[i]);
		assert_true(fake_visit(fake, &object).n_storage < 100);
	}
	fake_heap_destroy(fake);
}

static void sets_small_and_large(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr items[20];

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		items[i] = fake_int(fake, i);
	struct hs_object small = object_at(fake, fake_set(fake, items, 4, 8)), large = object_at(fake, fake_set(fake, items, 20, 32));
	struct fake_record record = fake_visit(fake, &small);
	assert_int_equal(record.n_storage, 0);
	assert_int_equal(record.n_references, 4);
	assert_int_equal(hs_object_getsizeof(fake->py, &small), 16 + 200);
	record = fake_visit(fake, &large);
	assert_int_equal(record.n_storage, 1);
	assert_int_equal(record.storage[0].bytes, 32 * 16);
	assert_int_equal(record.n_references, 20);
	assert_int_equal(hs_object_getsizeof(fake->py, &large), 16 + 200 + 32 * 16);
	fake_heap_destroy(fake);
}

static void sets_of_absurd_size_own_nothing(void **state)
{
	static const uint64_t masks[] = { UINT64_MAX - 1, UINT64_MAX >> 1, (uint64_t)1 << 60, (uint64_t)1 << 40 };
	struct fake_heap *fake = open_fake(V311);
	hs_addr items[1] = { fake_int(fake, 1) }, set = fake_set(fake, items, 1, 32);
	struct hs_object object = object_at(fake, set);

	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		FAKE_PUT(fake, set, PySetObject, mask, masks[i]);
		struct fake_record record = fake_visit(fake, &object);
		assert_int_equal(record.n_storage + record.n_references, 0);
		assert_int_equal(hs_object_size(fake->py, &object), HS_SIZE_UNKNOWN);
	}
	/* -1: no slot at all */
	FAKE_PUT(fake, set, PySetObject, mask, UINT64_MAX);
	assert_int_equal(fake_visit(fake, &object).n_references, 0);
	/* a table that the image does not have whole is owned, but not read */
	FAKE_PUT(fake, set, PySetObject, mask, ((uint64_t)1 << 30) - 1);
	assert_int_equal(fake_visit(fake, &object).n_references, 0);
	fake_heap_destroy(fake);
}

/* 3.11: values* and dict* before the GC head; values in a block of their own. */
static void attributes_before_the_object(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr class = fake_class(fake, "C", 16, (uint64_t)1 << 4, fake->types.object, 3), object = fake_object(fake, class, 16);
	hs_addr block = fake_malloc(fake, 8 + 5 * 8), number = fake_int(fake, 1);

	(void)state;
	*fake_at(fake, block + 7, 1) = 8;
	fake_put(fake, block + 8, number);
	fake_put(fake, object - 32, block + 8);
	struct hs_object seen = object_at(fake, object);
	assert_int_equal(seen.head_bytes, 32);
	assert_int_equal(hs_object_getsizeof(fake->py, &seen), 16 + 32);
	struct fake_record record = fake_visit(fake, &seen);
	assert_int_equal(record.n_storage, 1);
	assert_int_equal(record.storage[0].start, block);
	assert_int_equal(record.storage[0].bytes, 8 + 5 * 8);
	assert_int_equal(record.n_references, 1);
	assert_int_equal(record.references[0], number);
	/* a values pointer that leads nowhere */
	fake_put(fake, object - 32, UINT64_MAX);
	record = fake_visit(fake, &seen);
	assert_int_equal(record.n_references, 0);
	fake_heap_destroy(fake);
}

/* 3.12: one word for both, odd when it is values. */
static void attributes_in_a_tagged_word(void **state)
{
	struct fake_heap *fake = open_fake(V312);
	hs_addr class = fake_class(fake, "C", 16, (uint64_t)1 << 4, fake->types.object, 3), object = fake_object(fake, class, 16);
	hs_addr block = fake_malloc(fake, 8 + 5 * 8), number = fake_int(fake, 1), dict = fake_dict(fake, 3, NULL, NULL, 0);

	(void)state;
	*fake_at(fake, block + 7, 1) = 8;
	fake_put(fake, block + 16, number);
	fake_put(fake, object - 24, (block + 8) - 1);
	struct hs_object seen = object_at(fake, object);
	struct fake_record record = fake_visit(fake, &seen);
	assert_int_equal(record.n_storage, 1);
	assert_int_equal(record.storage[0].start, block);
	assert_int_equal(record.references[0], number);
	fake_put(fake, object - 24, dict);
	record = fake_visit(fake, &seen);
	assert_int_equal(record.n_storage, 0);
	assert_int_equal(record.n_references, 1);
	assert_int_equal(record.references[0], dict);
	fake_heap_destroy(fake);
}

/* 3.13+: values right behind the object. */
static void attributes_behind_the_object(void **state)
{
	struct fake_heap *fake = open_fake(V314);
	hs_addr class = fake_class(fake, "C", 16, (uint64_t)1 << 4 | HS_TPFLAGS_INLINE_VALUES, fake->types.object, 3);
	hs_addr object = fake_object(fake, class, 16 + 8 + 6 * 8), number = fake_int(fake, 1);

	(void)state;
	*fake_at(fake, object + 16, 1) = 5; /* capacity */
	*fake_at(fake, object + 16 + (hs_addr)HS_OFFSET(fake->layout, PyDictValues, valid), 1) = 1;
	fake_put(fake, object + 24, number);
	struct hs_object seen = object_at(fake, object);
	assert_int_equal(hs_object_extent(fake->py, &seen), 16 + 8 + 6 * 8);
	assert_int_equal(hs_object_getsizeof(fake->py, &seen), 16 + 32);
	struct fake_record record = fake_visit(fake, &seen);
	assert_int_equal(record.n_references, 1);
	assert_int_equal(record.references[0], number);
	/* more values than its block has room for */
	struct hs_object in_block = fake_view(fake, object, 72);
	*fake_at(fake, object + 16, 1) = 255;
	assert_int_equal(fake_visit(fake, &in_block).n_references, 0);
	assert_false(hs_object_fits(fake->py, &in_block, 72));
	fake_heap_destroy(fake);
}

/* numpy/ndarraytypes.h: data, number and lengths of dimensions, base, descr with the kind of items, flags. */
static hs_addr make_ndarray(struct fake_heap *fake, char kind, const hs_addr *items, uint64_t n)
{
	hs_addr type = fake_static_type(fake, "numpy.ndarray", 80, 0, 0, fake->types.object), array = fake_object(fake, type, 80);
	hs_addr data = fake_malloc(fake, n * 8), dimensions = fake_malloc(fake, 16), descr = fake_malloc(fake, 32);

	for (uint64_t i = 0; i < n; i++)
		fake_put(fake, data + i * 8, items[i]);
	*fake_at(fake, descr + 24, 1) = (uint8_t)kind;
	fake_put(fake, dimensions, n);
	fake_put(fake, array + 16, data);
	fake_put(fake, array + 24, 1);
	fake_put(fake, array + 32, dimensions);
	fake_put(fake, array + 56, descr);
	fake_put(fake, array + 64, 4); /* NPY_ARRAY_OWNDATA */
	return array;
}

static void arrays_of_numbers_and_of_objects(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr items[3] = { fake_int(fake, 1), fake_int(fake, 2), fake_int(fake, 3) };

	(void)state;
	struct hs_object numbers = object_at(fake, make_ndarray(fake, 'f', items, 3));
	struct fake_record record = fake_visit(fake, &numbers);
	assert_int_equal(record.n_storage, 1);
	assert_int_equal(record.n_references, 1); /* dtype */
	hs_addr array = make_ndarray(fake, 'O', items, 3);
	struct hs_object objects = object_at(fake, array);
	record = fake_visit(fake, &objects);
	assert_int_equal(record.n_references, 4);
	assert_int_equal(record.references[3], items[2]);
	assert_int_equal(record.n_storage, 1);
	/* dimensions whose product is beyond counting */
	fake_put(fake, array + 24, 2);
	fake_put(fake, fake_get(fake, array + 32), (uint64_t)1 << 39);
	fake_put(fake, fake_get(fake, array + 32) + 8, (uint64_t)1 << 39);
	assert_int_equal(fake_visit(fake, &objects).n_references, 1);
	fake_put(fake, fake_get(fake, array + 32), UINT64_MAX);
	assert_int_equal(fake_visit(fake, &objects).n_references, 1);
	fake_heap_destroy(fake);
}

/* A type is decoded by its name; the bytes that its instances have may be less than the real one's. */
static void types_that_only_bear_the_name_do_no_harm(void **state)
{
	static const char *const names[] = { "int", "str", "float", "bytes", "tuple", "list", "dict", "collections.OrderedDict", "set",
					     "collections.deque", "bytearray", "array.array", "code", "frame", "generator", "coroutine", "type",
					     "_ctypes.CType_Type", "StgDict", "_io.BytesIO", "_io.BufferedReader", "_struct.Struct",
					     "_pickle.Pickler", "_pickle.Unpickler", "xml.etree.ElementTree.Element", "decimal.Decimal",
					     "itertools.product", "itertools.permutations", "itertools.combinations", "_queue.SimpleQueue",
					     "EncodingMap", "datetime.time", "datetime.datetime", "numpy.ndarray" };
	static const char *const tables[] = { V38, V311, V312, "3.13.0-upstream", V314, "3.15.2-debian" };

	(void)state;
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		struct fake_heap *fake = open_fake(tables[t]);
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			hs_addr type = fake_static_type(fake, names[i], 16, 0, 0, fake->types.object), address = fake_object(fake, type, 16);
			/* the object ends with the image: every byte read behind it is one too many */
			hs_addr end = fake->regions[FAKE_MAPPED].start + fake->regions[FAKE_MAPPED].bytes - 16;
			fake_put(fake, end, fake_get(fake, address));
			fake_put(fake, end + 8, type);
			struct hs_object object = fake_view(fake, end, 16);
			hs_object_size(fake->py, &object);
			hs_object_extent(fake->py, &object);
			assert_true(fake_visit(fake, &object).n_scanned <= 2);
		}
		fake_heap_destroy(fake);
	}
}

static void an_object_needs_its_headers_in_the_image(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr start = fake->regions[FAKE_MAPPED].start;

	(void)state;
	fake_put(fake, start, 1);
	fake_put(fake, start + 8, fake->types.list);
	assert_false(is_object(fake, start)); /* its GC head would lie before the image */
	fake_put(fake, start, 1);
	fake_put(fake, start + 8, fake->types.float_);
	assert_true(is_object(fake, start));
	hs_addr end = start + fake->regions[FAKE_MAPPED].bytes;
	fake_put(fake, end - 16, 1);
	fake_put(fake, end - 8, fake->types.float_);
	assert_false(is_object(fake, end - 16)); /* its value would lie behind */
	assert_false(is_object(fake, end - 8));
	assert_false(is_object(fake, start + 4));
	fake_heap_destroy(fake);
}

/* sort() takes the items away and puts -1 there. */
static void lists_that_are_being_sorted(void **state)
{
	struct fake_heap *fake = open_fake(V311);
	hs_addr list = fake_list(fake, NULL, 0, 0);
	struct hs_object object = object_at(fake, list);

	(void)state;
	FAKE_PUT(fake, list, PyListObject, allocated, UINT64_MAX);
	assert_int_equal(hs_object_size(fake->py, &object), HS_SIZEOF(fake->layout, PyListObject) - 8);
	fake_heap_destroy(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_that_are_being_sorted),
		cmocka_unit_test(ints_by_version),
		cmocka_unit_test(ints_of_absurd_length_are_none),
		cmocka_unit_test(a_list_owns_what_it_allocated),
		cmocka_unit_test(lists_that_lie_own_nothing),
		cmocka_unit_test(a_tuple_holds_its_items),
		cmocka_unit_test(a_deque_is_a_chain_of_blocks),
		cmocka_unit_test(deques_that_lie_end),
		cmocka_unit_test(a_cyclic_block_chain_ends),
		cmocka_unit_test(sets_small_and_large),
		cmocka_unit_test(sets_of_absurd_size_own_nothing),
		cmocka_unit_test(attributes_before_the_object),
		cmocka_unit_test(attributes_in_a_tagged_word),
		cmocka_unit_test(attributes_behind_the_object),
		cmocka_unit_test(arrays_of_numbers_and_of_objects),
		cmocka_unit_test(types_that_only_bear_the_name_do_no_harm),
		cmocka_unit_test(an_object_needs_its_headers_in_the_image),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
