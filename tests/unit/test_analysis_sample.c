/* SPDX-License-Identifier: Apache-2.0 */
/* What a sample keeps, and what it proves of a later moment: on a process made by hand whose bytes change in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_heap.h"
#include "item_types.h"
#include "sample.h"

#define N_ITEMS 100
#define N_LISTS 40

static const char *const tables[] = { "3.8.18-upstream", "3.10.13-upstream", "3.11.7-upstream", "3.12.1-upstream",
				      "3.13.0-upstream", "3.14.10-debian", "3.15.2-debian" };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

struct moment {
	struct hs_process_heap *heap;
	struct hs_census *census;
	struct hs_sample *sample;
};

static struct moment look(struct fake_heap *fake, unsigned n_workers, size_t max_container_bytes)
{
	const struct hs_heap_options options = { .n_workers = n_workers };
	const struct hs_sample_options wanted = { .wants_identities = true, .max_container_bytes = max_container_bytes };
	struct moment moment = { 0 };

	assert_null(hs_process_heap_open(fake->image, fake->layout, &options, &moment.heap));
	assert_null(hs_census_of(moment.heap, NULL, &moment.census));
	assert_null(hs_sample_take(moment.heap, moment.census, &wanted, &moment.sample));
	return moment;
}

static void forget(struct moment *moment)
{
	hs_sample_destroy(moment->sample);
	hs_census_destroy(moment->census);
	hs_process_heap_close(moment->heap);
}

static struct hs_object object_of(const struct moment *moment, hs_addr address)
{
	struct hs_object object;

	assert_true(hs_object_at(moment->heap->py, moment->heap->types, address, &object));
	return object;
}

/* What of the container at `address` is left since `then`. */
static double kept(const struct moment *then, const struct moment *now, hs_addr address)
{
	const struct hs_sample_container *container = hs_sample_container_at(then->sample, address);
	const struct hs_fingerprints fingerprints = hs_fingerprints_of(now->heap);
	struct hs_object object = object_of(now, address);

	assert_non_null(container);
	return hs_sample_kept(container, &fingerprints, &object);
}

static enum hs_lived lived(const struct moment *then, const struct moment *now, hs_addr address)
{
	const struct hs_fingerprints fingerprints = hs_fingerprints_of(now->heap);
	struct hs_object object = object_of(now, address);

	return hs_sample_has_lived(then->sample, address, hs_fingerprint_take(&fingerprints, &object));
}

static void make_strings(struct fake_heap *fake, const char *format, hs_addr *ret, size_t n)
{
	char text[64];

	for (size_t i = 0; i < n; i++) {
		snprintf(text, sizeof(text), format, (unsigned)i);
		ret[i] = fake_str(fake, text);
	}
}

/* As if each had been freed, and another of as many characters been made where it stood. */
static void remake_strings(struct fake_heap *fake, const char *format, const hs_addr *strings, size_t n)
{
	char text[64];

	for (size_t i = 0; i < n; i++) {
		size_t length = (size_t)snprintf(text, sizeof(text), format, (unsigned)i);
		memcpy(fake_at(fake, strings[i] + HS_SIZEOF(fake->layout, PyASCIIObject), length), text, length);
	}
}

static void append(struct fake_heap *fake, hs_addr list, size_t n_before, const hs_addr *items, size_t n)
{
	hs_addr array = FAKE_GET(fake, list, PyListObject, ob_item);

	for (size_t i = 0; i < n; i++)
		fake_put(fake, array + (n_before + i) * 8, items[i]);
	FAKE_PUT(fake, list, PyVarObject, ob_size, n_before + n);
}

static void a_list_that_is_appended_to_keeps_all(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_heap *fake = fake_heap_create(tables[t]);
		hs_addr items[N_ITEMS], more[N_ITEMS];
		make_strings(fake, "event %04u", items, N_ITEMS);
		hs_addr list = fake_list(fake, items, N_ITEMS, 2 * N_ITEMS);
		struct moment first = look(fake, 1, 0);
		make_strings(fake, "later %04u", more, N_ITEMS);
		append(fake, list, N_ITEMS, more, N_ITEMS);
		struct moment last = look(fake, 1, 0);

		assert_int_equal(hs_sample_container_at(first.sample, list)->length, N_ITEMS);
		assert_int_equal(hs_sample_container_at(last.sample, list)->length, 2 * N_ITEMS);
		assert_true(kept(&first, &last, list) == 1.0);
		assert_int_equal(lived(&first, &last, items[3]), HS_LIVED);
		assert_int_equal(lived(&first, &last, more[3]), HS_LIVED_NOT);
		forget(&first);
		forget(&last);
		fake_heap_destroy(fake);
	}
}

/* What came in takes the places of what went out, to the byte: by addresses alone everything would have been kept. */
static void a_queue_through_the_same_addresses_keeps_nothing(void **state)
{
	struct fake_heap *fake = fake_heap_create("3.11.7-upstream");
	hs_addr items[40];

	(void)state;
	make_strings(fake, "job %04u", items, 40);
	hs_addr deque = fake_deque(fake, items, 40, 3);
	struct moment first = look(fake, 1, 0);
	remake_strings(fake, "JOB %04u", items, 40);
	struct moment last = look(fake, 1, 0);
	assert_true(kept(&first, &last, deque) == 0.0);
	assert_int_equal(lived(&first, &last, items[0]), HS_LIVED_NOT);
	assert_int_equal(lived(&first, &last, deque), HS_LIVED_NOT);
	forget(&first);
	forget(&last);
	fake_heap_destroy(fake);
}

/* A map of names to times: the values are others at each look, the keys stay. */
static void a_dict_is_judged_by_its_keys(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_heap *fake = fake_heap_create(tables[t]);
		hs_addr keys[40], values[40];
		make_strings(fake, "address %04u", keys, 40);
		for (unsigned i = 0; i < 40; i++)
			values[i] = fake_float(fake, i);
		hs_addr dict = fake_dict(fake, 6, keys, values, 40);
		struct moment first = look(fake, 1, 0);
		for (unsigned i = 0; i < 40; i++)
			fake_put(fake, values[i] + 16, 0x4059000000000000u + i);
		struct moment last = look(fake, 1, 0);
		assert_true(kept(&first, &last, dict) == 1.0);
		assert_int_equal(lived(&first, &last, values[0]), HS_LIVED_NOT);
		remake_strings(fake, "ADDRESS %04u", keys, 40);
		struct moment over = look(fake, 1, 0);
		assert_true(kept(&first, &over, dict) == 0.0);
		forget(&first);
		forget(&last);
		forget(&over);
		fake_heap_destroy(fake);
	}
}

/* Remade with the value that they had, they look the same: nobody can tell. */
static void equal_objects_prove_nothing(void **state)
{
	struct fake_heap *fake = fake_heap_create("3.11.7-upstream");
	hs_addr same[N_ITEMS], empty[3];
	unsigned n_unknown = 0;

	(void)state;
	make_strings(fake, "always the same text", same, N_ITEMS);
	for (unsigned i = 0; i < 3; i++)
		empty[i] = fake_list(fake, NULL, 0, 0);
	struct moment first = look(fake, 2, 0);
	struct moment last = look(fake, 2, 0);
	uint8_t *all = calloc(hs_heap_place_count(last.heap->heap), 1);
	assert_null(hs_sample_mark_lived(first.sample, last.heap, all));
	for (hs_heap_place i = 0; i < hs_heap_place_count(last.heap->heap); i++)
		n_unknown += all[i] == HS_LIVED_UNKNOWN;
	assert_in_range(n_unknown, N_ITEMS + 3 - 4, N_ITEMS + 3); /* the first of each pool is one of its kind */
	assert_int_equal(lived(&first, &last, same[1]), HS_LIVED_UNKNOWN);
	assert_int_equal(lived(&first, &last, empty[1]), HS_LIVED_UNKNOWN);
	free(all);
	forget(&first);
	forget(&last);
	fake_heap_destroy(fake);
}

/* Of an object that changes, most stays what it was; of one that was remade, most does not. */
static void what_changed_a_little_is_the_same_object(void **state)
{
	struct fake_heap *fake = fake_heap_create("3.11.7-upstream");
	hs_addr items[6];

	(void)state;
	make_strings(fake, "field %u", items, 6);
	hs_addr record = fake_list(fake, items, 3, 4), frozen = fake_tuple(fake, items, 3);
	struct moment first = look(fake, 1, 0);
	fake_put(fake, FAKE_GET(fake, record, PyListObject, ob_item) + 8, items[3]);
	struct moment changed = look(fake, 1, 0);
	assert_int_equal(lived(&first, &changed, record), HS_LIVED);
	assert_int_equal(lived(&first, &changed, frozen), HS_LIVED);
	append(fake, record, 0, &items[3], 3);
	fake_put(fake, frozen + (uint32_t)HS_OFFSET(fake->layout, PyTupleObject, ob_item) + 16, items[5]);
	struct moment remade = look(fake, 1, 0);
	assert_int_equal(lived(&first, &remade, record), HS_LIVED_NOT);
	assert_int_equal(lived(&first, &remade, frozen), HS_LIVED_NOT);
	forget(&first);
	forget(&changed);
	forget(&remade);
	fake_heap_destroy(fake);
}

/* A grown list has other words throughout, but what was in it is in it. */
static void a_container_has_lived_by_what_it_kept(void **state)
{
	struct fake_heap *fake = fake_heap_create("3.13.0-upstream");
	hs_addr items[N_ITEMS], more[20];

	(void)state;
	make_strings(fake, "event %04u", items, N_ITEMS);
	hs_addr list = fake_list(fake, items, N_ITEMS, 2 * N_ITEMS);
	struct moment first = look(fake, 2, 0);
	make_strings(fake, "in front %04u", more, 20);
	append(fake, list, 0, more, 20);
	append(fake, list, 20, items, N_ITEMS);
	struct moment last = look(fake, 2, 0);
	assert_int_equal(lived(&first, &last, list), HS_LIVED_NOT);
	uint8_t *all = calloc(hs_heap_place_count(last.heap->heap), 1);
	assert_null(hs_sample_mark_lived(first.sample, last.heap, all));
	const struct hs_pymalloc *pymalloc = hs_heap_pymalloc(last.heap->heap);
	const struct hs_pool *pool = hs_pool_of(pymalloc, list);
	assert_int_equal(all[pool->first_block + hs_pool_block_at(pymalloc, pool, list)], HS_LIVED);
	free(all);
	forget(&first);
	forget(&last);
	fake_heap_destroy(fake);
}

static unsigned count_marks(const struct moment *now, const uint8_t *marks, const hs_addr *strings, size_t n, uint8_t wanted)
{
	const struct hs_pymalloc *pymalloc = hs_heap_pymalloc(now->heap->heap);
	unsigned found = 0;

	for (size_t i = 0; i < n; i++) {
		const struct hs_pool *pool = hs_pool_of(pymalloc, strings[i]);
		found += marks[pool->first_block + hs_pool_block_at(pymalloc, pool, strings[i])] == wanted;
	}
	return found;
}

/* What came after the first look and was there at the second: neither what is older, nor what is newer. */
static void survivors_came_and_stayed(void **state)
{
	struct fake_heap *fake = fake_heap_create("3.11.7-upstream");
	hs_addr old[N_ITEMS], came[N_ITEMS], late[N_ITEMS], passing[N_ITEMS];

	(void)state;
	make_strings(fake, "old %04u", old, N_ITEMS);
	struct moment first = look(fake, 2, 0);
	make_strings(fake, "came %04u", came, N_ITEMS);
	make_strings(fake, "passing %04u", passing, N_ITEMS);
	struct moment second = look(fake, 2, 0);
	remake_strings(fake, "PASSING %04u", passing, N_ITEMS);
	make_strings(fake, "late %04u", late, N_ITEMS);
	struct moment third = look(fake, 2, 0);
	uint8_t *marks = calloc(hs_heap_place_count(third.heap->heap), 1);
	assert_null(hs_sample_mark_survivors(first.sample, second.sample, third.heap, marks));
	assert_int_equal(count_marks(&third, marks, came, N_ITEMS, HS_LIVED), N_ITEMS);
	assert_int_equal(count_marks(&third, marks, old, N_ITEMS, HS_LIVED_NOT), N_ITEMS);
	assert_int_equal(count_marks(&third, marks, late, N_ITEMS, HS_LIVED_NOT), N_ITEMS);
	assert_int_equal(count_marks(&third, marks, passing, N_ITEMS, HS_LIVED_NOT), N_ITEMS);
	/* without the identities of one look nobody can tell */
	assert_true(hs_sample_identity_bytes(second.sample) > 0);
	hs_sample_drop_identities(second.sample);
	assert_int_equal(hs_sample_identity_bytes(second.sample), 0);
	assert_null(hs_sample_mark_survivors(first.sample, second.sample, third.heap, marks));
	assert_int_equal(count_marks(&third, marks, came, N_ITEMS, HS_LIVED), 0);
	free(marks);
	forget(&first);
	forget(&second);
	forget(&third);
	fake_heap_destroy(fake);
}

static double per_item(const struct hs_item_types *types, const char *name)
{
	for (size_t i = 0; i < types->n; i++)
		if (!strcmp(types->items[i].type->kind->tp_name, name))
			return types->items[i].per_item;
	return 0;
}

/* A log of pairs, of which each has a str of its own, and all share another. */
static void items_come_with_what_is_theirs(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_heap *fake = fake_heap_create(tables[t]);
		hs_addr texts[N_ITEMS], pairs[N_ITEMS], shared = fake_bytes(fake, 40), many = fake_bytes(fake, 50);
		struct hs_item_types types;
		make_strings(fake, "text %04u", texts, N_ITEMS);
		for (unsigned i = 0; i < N_ITEMS; i++)
			pairs[i] = fake_tuple(fake, (const hs_addr[]){ texts[i], shared, many }, 3);
		FAKE_PUT(fake, many, PyObject, ob_refcnt, N_ITEMS + 1);
		hs_addr list = fake_list(fake, pairs, N_ITEMS, N_ITEMS), dict = fake_dict(fake, 8, texts, pairs, N_ITEMS);
		struct moment now = look(fake, 1, 0);
		struct hs_object object = object_of(&now, list);
		hs_item_types_find(now.heap, &object, &types);
		assert_true(per_item(&types, "tuple") == 1.0);
		assert_true(per_item(&types, "str") == 1.0);
		assert_true(per_item(&types, "bytes") < 0.1);
		object = object_of(&now, dict);
		hs_item_types_find(now.heap, &object, &types);
		assert_true(per_item(&types, "tuple") == 1.0);
		assert_true(per_item(&types, "str") == 1.0); /* the key is the text of its value */
		object = object_of(&now, pairs[0]);
		hs_item_types_find(now.heap, &object, &types);
		forget(&now);
		fake_heap_destroy(fake);
	}
}

static void only_the_longest_are_kept_where_room_is_short(void **state)
{
	struct fake_heap *fake = fake_heap_create("3.11.7-upstream");
	hs_addr items[N_LISTS], lists[N_LISTS];

	(void)state;
	make_strings(fake, "item %u", items, N_LISTS);
	for (unsigned i = 0; i < N_LISTS; i++)
		lists[i] = fake_list(fake, items, i, i);
	struct moment all = look(fake, 1, 0), few = look(fake, 1, 10 * sizeof(struct hs_sample_container));
	assert_int_equal(all.sample->min_length, 0);
	assert_true(all.sample->containers.n >= N_LISTS);
	assert_int_equal(few.sample->containers.n, 10);
	assert_int_equal(few.sample->min_length, N_LISTS - 10);
	assert_non_null(hs_sample_container_at(few.sample, lists[N_LISTS - 1]));
	assert_null(hs_sample_container_at(few.sample, lists[0]));
	forget(&all);
	forget(&few);
	fake_heap_destroy(fake);
}

static void types_are_found_by_name(void **state)
{
	struct fake_heap *fake = fake_heap_create("3.12.1-upstream");

	(void)state;
	fake_populate(fake);
	struct moment one = look(fake, 1, 0), many = look(fake, 4, 0);
	assert_int_equal(one.sample->types.n, one.census->types.n);
	for (size_t i = 0; i < one.census->types.n; i++) {
		const struct hs_sample_type *type = hs_sample_type_named(one.sample, one.census->types.items[i].name);
		assert_non_null(type);
		assert_int_equal(type->count, one.census->types.items[i].count);
		assert_int_equal(type->bytes, one.census->types.items[i].bytes);
	}
	assert_null(hs_sample_type_named(one.sample, "app.Nothing"));
	assert_int_equal(one.sample->containers.n, many.sample->containers.n);
	assert_memory_equal(one.sample->containers.items, many.sample->containers.items,
			    one.sample->containers.n * sizeof(*one.sample->containers.items));
	forget(&one);
	forget(&many);
	fake_heap_destroy(fake);
}

static void another_process_is_told_by_any_difference(void **state)
{
	struct hs_sample first = { .identity = { .pid = 7, .start_time = 8, .exec_id = 5, .inode = 9, .runtime = 10 } }, second = first;

	(void)state;
	assert_true(hs_sample_is_same_process(&first, &second));
	second.identity.start_time++;
	assert_false(hs_sample_is_same_process(&first, &second));
	second = first;
	second.identity.exec_id++;
	assert_false(hs_sample_is_same_process(&first, &second));
	second = first;
	second.identity.inode++;
	assert_false(hs_sample_is_same_process(&first, &second));
	second = first;
	second.identity.runtime++;
	assert_false(hs_sample_is_same_process(&first, &second));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_that_is_appended_to_keeps_all),
		cmocka_unit_test(a_queue_through_the_same_addresses_keeps_nothing),
		cmocka_unit_test(a_dict_is_judged_by_its_keys),
		cmocka_unit_test(equal_objects_prove_nothing),
		cmocka_unit_test(what_changed_a_little_is_the_same_object),
		cmocka_unit_test(a_container_has_lived_by_what_it_kept),
		cmocka_unit_test(survivors_came_and_stayed),
		cmocka_unit_test(items_come_with_what_is_theirs),
		cmocka_unit_test(only_the_longest_are_kept_where_room_is_short),
		cmocka_unit_test(types_are_found_by_name),
		cmocka_unit_test(another_process_is_told_by_any_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
