/* SPDX-License-Identifier: Apache-2.0 */
/* Rules 9 and 10 as far as they depend on where figures come from: each figure that is judged is that of the container, or of the type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_scene.h"
#include "suspect_internal.h"

#define FIRST_GAP 30 /* new items: three seconds, then five */
#define SECOND_GAP 50
#define N_FEW 7
#define N_MANY 40
#define BLOB_BYTES 6000
#define MAX_CACHED 1000

static unsigned gap(unsigned turn)
{
	return turn ? SECOND_GAP : FIRST_GAP;
}

/* The item of a list that the first sample keeps as the smallest of its sketch. */
static uint64_t place_in_sketch(const struct scene *scene, hs_addr list)
{
	const struct hs_sample_container *then = hs_sample_container_at(scene->samples[0], list);
	hs_addr items = FAKE_GET(scene->fake, list, PyListObject, ob_item);

	assert_non_null(then);
	for (uint64_t i = 0; i < then->length; i++)
		if ((uint32_t)(hs_mix(fake_get(scene->fake, items + i * 8)) >> 32) == then->hashes[0])
			return items + i * 8;
	fail();
	return 0;
}

/* app.EVENTS gets 30 and 50 items; what else happens to it is up to the test. */
static hs_addr begin_events(struct scene *scene, size_t n)
{
	scene_begin(scene, V311);
	hs_addr events = scene_full_list(scene, n);
	fake_import(&scene->modules, "app", GLOBALS({ "EVENTS", events }));
	scene_look(scene);
	return events;
}

static void judge_events(struct scene *scene, hs_addr events)
{
	scene_grow(scene, events, FIRST_GAP);
	scene_look(scene);
	scene_grow(scene, events, SECOND_GAP);
	scene_judge(scene);
	assert_int_equal(scene->found.list.n, 1);
	assert_int_equal(scene_first(scene)->address, events);
}

/* One of the eight that were looked for has gone, and so have n in all. */
static void judge_loss(struct scene *scene, unsigned n)
{
	hs_addr events = begin_events(scene, 100), items = FAKE_GET(scene->fake, events, PyListObject, ob_item), first = place_in_sketch(scene, events);

	fake_put(scene->fake, first, scene_new_item(scene));
	for (unsigned i = 0, n_lost = 1; n_lost < n; i++) {
		uint32_t hash = (uint32_t)(hs_mix(fake_get(scene->fake, items + i * 8)) >> 32);
		if (items + i * 8 == first || hash <= hs_sample_container_at(scene->samples[0], events)->hashes[HS_SKETCH_HASHES - 1])
			continue;
		fake_put(scene->fake, items + i * 8, scene_new_item(scene));
		n_lost++;
	}
	judge_events(scene, events);
}

static void what_lost_a_tenth_is_doubted(void **state)
{
	struct scene scene;

	(void)state;
	judge_loss(&scene, 10);
	assert_true(scene_first(&scene)->figures.kept == 0.9);
	assert_int_equal(scene_first(&scene)->doubts, HS_DOUBT_KEPT);
	assert_int_equal(scene_first(&scene)->confidence, HS_CONFIDENCE_MEDIUM);
	scene_end(&scene);
}

/* A queue that is drained by one while it gets eighty: that the one was looked for makes it no eighth. */
static void what_lost_a_hundredth_is_not(void **state)
{
	struct scene scene;

	(void)state;
	judge_loss(&scene, 1);
	assert_true(scene_first(&scene)->figures.kept == 0.99);
	assert_int_equal(scene_first(&scene)->confidence, HS_CONFIDENCE_HIGH);
	scene_end(&scene);
}

/* All of it is other than before, though none of that is new: a window that moves over a stock. */
static void what_is_filled_with_old_objects_has_lost_its_own(void **state)
{
	struct scene scene;
	hs_addr stock[300];

	(void)state;
	scene_begin(&scene, V311);
	for (size_t i = 0; i < 300; i++)
		stock[i] = scene_new_item(&scene);
	hs_addr window = fake_list(scene.fake, stock, 100, 100 + SCENE_ROOM), items = FAKE_GET(scene.fake, window, PyListObject, ob_item);
	fake_import(&scene.modules, "app", GLOBALS({ "WINDOW", window }, { "STOCK", fake_list(scene.fake, stock, 300, 300) }));
	for (unsigned turn = 0; turn < 2; turn++) {
		scene_look(&scene);
		for (size_t i = 0; i < 100; i++)
			fake_put(scene.fake, items + i * 8, stock[100 * (turn + 1) + i]);
		scene_grow(&scene, window, gap(turn));
	}
	scene_judge(&scene);
	assert_int_equal(scene.found.list.n, 0);
	assert_int_equal(scene.found.ruled_out.n_turnover, 1);
	scene_end(&scene);
}

/* What was empty at the only look before had nothing to keep. */
static void what_had_nothing_has_kept_nothing(void **state)
{
	struct scene scene;

	(void)state;
	hs_addr events = begin_events(&scene, 0);
	scene_grow(&scene, events, SECOND_GAP);
	scene_judge(&scene);
	assert_int_equal(scene_first(&scene)->address, events);
	assert_true(scene_first(&scene)->figures.kept == HS_UNKNOWN);
	assert_true(scene_first(&scene)->doubts & HS_DOUBT_KEPT);
	scene_end(&scene);
}

static void one_that_grew_in_one_gap_only_is_doubted(void **state)
{
	struct scene scene;

	(void)state;
	hs_addr events = begin_events(&scene, 100);
	scene_look(&scene);
	scene_grow(&scene, events, SECOND_GAP);
	scene_judge(&scene);
	assert_true(scene_first(&scene)->figures.steadiness == 0);
	assert_int_equal(scene_first(&scene)->doubts, HS_DOUBT_UNSTEADY);
	scene_end(&scene);
}

/* Raw bytes: there are no items to look for, and whoever appends to them takes none away. */
static void a_buffer_that_became_longer_keeps_what_it_has(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, V311);
	struct fake_heap *fake = scene.fake;
	hs_addr type = fake_static_type(fake, "bytearray", HS_SIZEOF(fake->layout, PyByteArrayObject), 0, 0, fake->types.object);
	hs_addr buffer = fake_object(fake, type, HS_SIZEOF(fake->layout, PyByteArrayObject));
	fake_import(&scene.modules, "app", GLOBALS({ "BUFFER", buffer }));
	for (unsigned turn = 0; turn < 3; turn++) {
		uint64_t n = 1000 + (turn ? 3000 : 0) + (turn == 2 ? 5000 : 0);
		FAKE_PUT(fake, buffer, PyVarObject, ob_size, n);
		FAKE_PUT(fake, buffer, PyByteArrayObject, ob_alloc, n + 1);
		FAKE_PUT(fake, buffer, PyByteArrayObject, ob_bytes, fake_malloc(fake, n + 1));
		if (turn < 2)
			scene_look(&scene);
	}
	scene_judge(&scene);
	assert_int_equal(scene_first(&scene)->address, buffer);
	assert_int_equal(scene_first(&scene)->figures.items, 8000);
	assert_true(scene_first(&scene)->figures.kept == 1 && scene_first(&scene)->figures.steadiness > 0.99);
	assert_int_equal(scene_first(&scene)->confidence, HS_CONFIDENCE_HIGH);
	scene_end(&scene);
}

/* The series of a list that grows from 100 to 180; `lows`: so many readings in a row find 90 items, after it was seen with 140. */
static struct hs_watched watched_with(hs_addr object, unsigned lows)
{
	struct hs_watched watched = { .object = object };
	uint64_t second = S;

	for (uint64_t length = 100; length <= 140; length += 10)
		hs_watched_add(&watched, second += S / 2, length);
	for (unsigned i = 0; i < lows; i++)
		hs_watched_add(&watched, second += S / 2, 90);
	for (uint64_t length = 140; length <= 180; length += 10)
		hs_watched_add(&watched, second += S / 2, length);
	return watched;
}

static void judge_watched(struct scene *scene, unsigned lows, bool is_lost)
{
	hs_addr events = begin_events(scene, 100);
	struct hs_watched watched = watched_with(events, lows);

	watched.is_lost = is_lost;
	scene->watched = (struct hs_watched_list){ .items = &watched, .n = 1 };
	judge_events(scene, events);
	scene->watched = (struct hs_watched_list){ 0 };
}

/* Between samples it was seen to lose a third; a list that is being sorted is empty for as long as that takes, and no longer. */
static void one_that_shrank_between_samples_is_doubted(void **state)
{
	struct scene scene;

	(void)state;
	judge_watched(&scene, 0, false);
	assert_int_equal(scene_first(&scene)->doubts, 0);
	scene_end(&scene);
	judge_watched(&scene, 1, false);
	assert_int_equal(scene_first(&scene)->doubts, 0);
	scene_end(&scene);
	judge_watched(&scene, 2, false);
	assert_true(scene_first(&scene)->figures.drop > 0.3);
	assert_int_equal(scene_first(&scene)->doubts, HS_DOUBT_DROPPED);
	assert_int_equal(scene_first(&scene)->confidence, HS_CONFIDENCE_MEDIUM);
	scene_end(&scene);
	/* what was seen there since is something else */
	judge_watched(&scene, 2, true);
	assert_int_equal(scene_first(&scene)->doubts, 0);
	scene_end(&scene);
}

/* The points that are left of a long watch, and the deepest fall that was seen, tell of different moments. */
static void the_deepest_fall_counts_wherever_it_is_told(void **state)
{
	struct scene scene;
	hs_addr events = begin_events(&scene, 100);
	struct hs_watched watched = watched_with(events, 0);

	(void)state;
	watched.largest_drop = 0.5;
	scene.watched = (struct hs_watched_list){ .items = &watched, .n = 1 };
	judge_events(&scene, events);
	assert_true(scene_first(&scene)->figures.drop == 0.5);
	scene_end(&scene);
	/* little of its length, and all of what it had gained */
	events = begin_events(&scene, 1000);
	watched = (struct hs_watched){ .object = events };
	for (unsigned i = 0; i < 12; i++)
		hs_watched_add(&watched, i * S, i < 4 ? 1000 + 10 * i : i < 8 ? 1000 : 1000 + 10 * i);
	assert_true(watched.largest_drop < 0.05);
	scene.watched = (struct hs_watched_list){ .items = &watched, .n = 1 };
	judge_events(&scene, events);
	assert_true(scene_first(&scene)->figures.drop > 0.9);
	scene_end(&scene);
}

static hs_addr record_of(struct scene *scene, const char *name, hs_addr value)
{
	hs_addr key = fake_str(scene->fake, name);

	return fake_dict(scene->fake, 3, &key, &value, 1);
}

/* As V311 keeps a str's entry: the indices of eight slots, then the entries. */
static void put_value(struct scene *scene, hs_addr record, hs_addr value)
{
	const struct hs_layout *layout = scene->fake->layout;
	hs_addr table = FAKE_GET(scene->fake, record, PyDictObject, ma_keys), entries = table + (uint32_t)HS_OFFSET(layout, PyDictKeysObject, dk_indices) + 8;

	fake_put(scene->fake, entries + (uint32_t)HS_OFFSET(layout, PyDictUnicodeEntry, me_value), value);
}

/* A new value under the only key of each of n old dicts. */
static void judge_records(struct scene *scene, size_t n)
{
	hs_addr records[N_MANY];

	scene_begin(scene, V311);
	for (size_t i = 0; i < n; i++)
		records[i] = record_of(scene, "last", fake_str(scene->fake, "none so far"));
	fake_import(&scene->modules, "app", GLOBALS({ "RECORDS", fake_list(scene->fake, records, n, n) }));
	scene_look(scene);
	scene_look(scene);
	for (size_t i = 0; i < n; i++) {
		hs_addr items[12];
		for (size_t k = 0; k < 12; k++)
			items[k] = scene_new_item(scene);
		put_value(scene, records[i], fake_tuple(scene->fake, items, 12));
	}
	scene_judge(scene);
}

/* That the new objects are more, and did not take the places of others, follows from their type alone. */
static void what_has_no_length_is_doubted(void **state)
{
	struct scene scene;

	(void)state;
	judge_records(&scene, N_FEW);
	assert_int_equal(scene.found.list.n, 1);
	assert_int_equal(scene_first(&scene)->members, N_FEW);
	assert_true(scene_first(&scene)->figures.is_by_type);
	assert_true(scene_first(&scene)->doubts & HS_DOUBT_BY_TYPE);
	assert_true(scene_first(&scene)->figures.kept == HS_UNKNOWN);
	scene_end(&scene);
}

/* There are no more places than before. */
static void new_values_of_old_keys_are_only_replaced(void **state)
{
	struct scene scene;

	(void)state;
	judge_records(&scene, N_MANY);
	assert_int_equal(scene.found.list.n, 0);
	scene_end(&scene);
}

/* One item of each of many old records, which are lists, is a new object: of the first ones before the second look. */
static void judge_lists(struct scene *scene, size_t n_first, bool are_weak)
{
	hs_addr records[N_MANY], items[12];

	scene_begin(scene, V311);
	struct fake_heap *fake = scene->fake;
	size_t bytes = are_weak ? HS_SIZEOF(fake->layout, PyWeakReference) : 400;
	hs_addr class = are_weak ? fake_static_type(fake, "weakref", bytes, 0, HS_TPFLAGS_HAVE_GC, fake->types.object)
				 : fake_class(fake, "Blob", bytes, 0, fake->types.object, 0);
	for (size_t i = 0; i < N_MANY; i++) {
		for (size_t k = 0; k < 12; k++)
			items[k] = scene_new_item(scene);
		records[i] = fake_list(fake, items, 12, 12);
	}
	fake_import(&scene->modules, "app", GLOBALS({ "RECORDS", fake_list(fake, records, N_MANY, N_MANY) }, { "Blob", class }));
	scene_look(scene);
	for (size_t i = 0; i < N_MANY; i++) {
		if (i == n_first)
			scene_look(scene);
		fake_put(fake, FAKE_GET(fake, records[i], PyListObject, ob_item) + 8, fake_object(fake, class, bytes));
	}
	scene_judge(scene);
}

/* All new ones are more; but where all of them came in one gap, it is their type's count alone that says so. */
static void what_came_in_one_gap_is_more_by_its_type_alone(void **state)
{
	struct scene scene;

	(void)state;
	judge_lists(&scene, 15, false);
	assert_int_equal(scene.found.list.n, 1);
	assert_string_equal(scene_first(&scene)->type, "app.Blob");
	assert_false(scene_first(&scene)->figures.is_by_type);
	assert_int_equal(scene_first(&scene)->confidence, HS_CONFIDENCE_HIGH);
	scene_end(&scene);
	judge_lists(&scene, 0, false);
	assert_int_equal(scene_first(&scene)->doubts, HS_DOUBT_UNSTEADY | HS_DOUBT_BY_TYPE | HS_DOUBT_KEPT);
	assert_int_equal(scene_first(&scene)->confidence, HS_CONFIDENCE_LOW);
	scene_end(&scene);
}

/* Three large objects of a class of which there were so many at the first look; none of these is left. */
static void judge_blobs(struct scene *scene, size_t n_old)
{
	static const char *const names[] = { "first", "second", "third" };
	hs_addr records[3], old[2];

	scene_begin(scene, V311);
	struct fake_heap *fake = scene->fake;
	hs_addr class = fake_class(fake, "Blob", BLOB_BYTES, 0, fake->types.object, 0);
	for (size_t i = 0; i < n_old; i++)
		old[i] = fake_object(fake, class, BLOB_BYTES);
	for (size_t i = 0; i < 3; i++)
		records[i] = record_of(scene, names[i], fake->types.none);
	fake_import(&scene->modules, "app",
		    GLOBALS({ "FIRST", records[0] }, { "SECOND", records[1] }, { "THIRD", records[2] }, { "OLD", fake_list(fake, old, n_old, 2) }, { "Blob", class }));
	scene_look(scene);
	scene_look(scene);
	for (size_t i = 0; i < 3; i++)
		put_value(scene, records[i], fake_object(fake, class, BLOB_BYTES));
	for (size_t i = 0; i < n_old; i++)
		FAKE_PUT(fake, old[i], PyObject, ob_type, fake->types.object);
	scene_judge(scene);
}

/* Rule 1 for what has no length: three where there were two, and neither of the two is left. */
static void what_replaces_others_of_its_type_is_no_suspect(void **state)
{
	struct scene scene;

	(void)state;
	judge_blobs(&scene, 0);
	assert_int_equal(scene.found.list.n, 3);
	assert_true(scene_first(&scene)->figures.kept == 1);
	assert_true(scene_first(&scene)->figures.is_by_type);
	scene_end(&scene);
	judge_blobs(&scene, 2);
	assert_int_equal(scene.found.list.n, 0);
	scene_end(&scene);
}

/* Weak references in what lets go of the dead ones now and then, and is no longer than before: what is there at the time holds nothing. */
static void weak_references_that_come_and_go_are_none(void **state)
{
	struct scene scene;

	(void)state;
	judge_lists(&scene, 15, true);
	assert_true(scene.found.growth_bytes > N_MANY * 32);
	assert_int_equal(scene.found.list.n, 0);
	scene_end(&scene);
}

/* Thresholds that programs begin with are reached sooner or later, however little came meanwhile; others are when much comes. */
static void a_collector_is_out_of_reach_by_its_thresholds(void **state)
{
	struct hs_collector collector = { .is_enabled = true, .generations = { { .threshold = 700 }, { .threshold = 10 }, { .threshold = 10 } } };

	(void)state;
	assert_false(suspect_is_out_of_reach(&collector, 12));
	collector.generations[0].threshold = 100000000;
	assert_true(suspect_is_out_of_reach(&collector, 1000));
	assert_false(suspect_is_out_of_reach(&collector, 1000000000));
}

/* So many gigabytes until it is full: nobody waits for that. */
static void a_bound_beyond_all_memory_is_none(void **state)
{
	struct scene scene;

	(void)state;
	for (unsigned is_far = 0; is_far < 2; is_far++) {
		scene_begin(&scene, V311);
		hs_addr cache = scene_full_list(&scene, 100);
		hs_addr most = fake_int(scene.fake, is_far ? 1000 * 1000 * 1000 : MAX_CACHED);
		fake_import(&scene.modules, "app", GLOBALS({ "CACHE", cache }, { "MAXCACHE", most }));
		for (unsigned turn = 0; turn < 2; turn++) {
			scene_look(&scene);
			scene_grow(&scene, cache, gap(turn));
		}
		scene_judge(&scene);
		assert_int_equal(scene_first(&scene)->has_bound, !is_far);
		assert_int_equal(scene_first(&scene)->confidence, is_far ? HS_CONFIDENCE_HIGH : HS_CONFIDENCE_MEDIUM);
		scene_end(&scene);
	}
}

/* Too short to be listed at first: what it had then is not counted as growth. */
static void what_becomes_long_enough_to_be_listed_had_something(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, V311);
	hs_addr events = scene_full_list(&scene, 290);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }, { "LONG", scene_full_list(&scene, 300) }));
	scene_look(&scene);
	hs_sample_shrink(scene.samples[0], sizeof(struct hs_sample_container));
	assert_null(hs_sample_container_at(scene.samples[0], events));
	scene_grow(&scene, events, 30);
	scene_look(&scene);
	scene_grow(&scene, events, 50);
	scene_judge(&scene);
	const struct hs_suspect *suspect = scene_first(&scene);
	assert_int_equal(suspect->address, events);
	/* 290 at most */
	assert_int_equal(scene.samples[0]->min_length, 291);
	assert_int_equal(suspect->figures.items, 80);
	assert_int_equal(suspect->lengths[0], 290);
	scene_end(&scene);
}

/* Many types come before the one that has most: it is not missing. */
static void the_heaviest_types_are_tallied_not_the_first(void **state)
{
	struct suspect_tally tally = { 0 };

	(void)state;
	for (uint32_t type = 0; type < 3 * SUSPECT_MAX_TALLY; type++)
		suspect_tally_add(&tally, type, 1, 100);
	for (unsigned i = 0; i < 1000; i++) {
		suspect_tally_add(&tally, 777, 1, 50);
		suspect_tally_add(&tally, 1000 + i, 1, 10);
	}
	suspect_tally_sort(&tally);
	assert_int_equal(tally.n, SUSPECT_MAX_TALLY);
	assert_int_equal(tally.types[0], 777);
	assert_in_range(tally.counts[0], 900, 1000);
	assert_true(tally.bytes[0] >= 50 * 1000 && tally.bytes[0] < 53 * 1000);
}

/* A length below 0, or beyond all memory, is none. */
static void what_lies_of_its_length_is_no_container(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, V311);
	hs_addr events = scene_full_list(&scene, 10), broken = scene_full_list(&scene, 10);
	fake_import(&scene.modules, "app", GLOBALS({ "EVENTS", events }, { "BROKEN", broken }));
	FAKE_PUT(scene.fake, broken, PyVarObject, ob_size, (uint64_t)-5);
	scene_look(&scene);
	assert_non_null(hs_sample_container_at(scene.samples[0], events));
	assert_null(hs_sample_container_at(scene.samples[0], broken));
	scene_judge(&scene);
	assert_int_equal(scene.found.list.n, 0);
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lies_of_its_length_is_no_container),
		cmocka_unit_test(the_heaviest_types_are_tallied_not_the_first),
		cmocka_unit_test(what_becomes_long_enough_to_be_listed_had_something),
		cmocka_unit_test(what_lost_a_tenth_is_doubted),
		cmocka_unit_test(what_lost_a_hundredth_is_not),
		cmocka_unit_test(what_is_filled_with_old_objects_has_lost_its_own),
		cmocka_unit_test(what_had_nothing_has_kept_nothing),
		cmocka_unit_test(one_that_grew_in_one_gap_only_is_doubted),
		cmocka_unit_test(a_buffer_that_became_longer_keeps_what_it_has),
		cmocka_unit_test(one_that_shrank_between_samples_is_doubted),
		cmocka_unit_test(the_deepest_fall_counts_wherever_it_is_told),
		cmocka_unit_test(what_has_no_length_is_doubted),
		cmocka_unit_test(new_values_of_old_keys_are_only_replaced),
		cmocka_unit_test(what_replaces_others_of_its_type_is_no_suspect),
		cmocka_unit_test(what_came_in_one_gap_is_more_by_its_type_alone),
		cmocka_unit_test(weak_references_that_come_and_go_are_none),
		cmocka_unit_test(a_collector_is_out_of_reach_by_its_thresholds),
		cmocka_unit_test(a_bound_beyond_all_memory_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
