/* SPDX-License-Identifier: Apache-2.0 */
/* Lines, frames and generators of every kind of CPython; what lies beyond the top of a stack; and what happens when they lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_calls.h"
#include "fake_heap.h"
#include "frame.h"
#include "generator.h"
#include "line_table.h"
#include "root.h"
#include "thread.h"

#define V38 "3.8.18-upstream"
#define V310 "3.10.13-upstream"
#define V311 "3.11.7-upstream"
#define V313 "3.13.0-upstream"
#define V314 "3.14.10-debian"
#define V315 "3.15.2-debian"

#define MAX_SEEN 64

/* --- lines --- */

static int32_t line_at(struct fake_calls *calls, int32_t offset)
{
	struct hs_code code;

	assert_true(hs_code_read(calls->fake->py, calls->code, &code));
	return hs_code_line(calls->fake->py, &code, offset);
}

static void put_lines(struct fake_calls *calls, const uint8_t *table, size_t n)
{
	hs_addr bytes = fake_bytes_with(calls->fake, table, n);

	FAKE_PUT(calls->fake, calls->code, PyCodeObject, co_lnotab, bytes);
	FAKE_PUT(calls->fake, calls->code, PyCodeObject, co_linetable, bytes);
}

static void lines_by_lnotab(void **state)
{
	/* the example of Objects/lnotab_notes.txt, from line 10: 0→10, 6→11, 50→16, 350→216, 361→217; then one back */
	static const uint8_t table[] = { 6, 1, 44, 5, 255, 0, 45, 127, 0, 73, 11, 1, 2, 256 - 3 };
	static const int32_t lines[][2] = { { -1, 10 }, { 0, 10 }, { 5, 10 }, { 6, 11 }, { 49, 11 }, { 50, 16 }, { 349, 16 }, { 350, 216 },
					    { 361, 217 }, { 363, 214 }, { 1000, 214 } };
	struct fake_calls calls = fake_calls_open(V38);

	(void)state;
	put_lines(&calls, table, sizeof(table));
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(line_at(&calls, lines[i][0]), lines[i][1]);
	fake_calls_close(&calls);
}

static void lines_by_ranges(void **state)
{
	/* 4 bytes on line 11, 2 without a line, none that moves 100 lines on, 6 of the line 100 further on, 2 three lines back */
	static const uint8_t table[] = { 4, 1, 2, 128, 0, 100, 6, 0, 2, 256 - 3 };
	static const int32_t lines[][2] = { { -1, 10 }, { 0, 11 }, { 3, 11 }, { 4, 0 }, { 6, 111 }, { 11, 111 }, { 12, 108 }, { 14, 0 } };
	struct fake_calls calls = fake_calls_open(V310);

	(void)state;
	put_lines(&calls, table, sizeof(table));
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(line_at(&calls, lines[i][0]), lines[i][1]);
	fake_calls_close(&calls);
}

static void lines_by_locations(void **state)
{
	static const uint8_t table[] = {
		0x80 | 0 << 3 | 1, 0x12,                /* two instructions, short form */
		0x80 | 11 << 3 | 0, 1, 2,               /* one, a line on */
		0x80 | 12 << 3 | 7, 1, 2,               /* eight, two lines on */
		0x80 | 13 << 3 | 0, 0x40 | 10, 3,       /* one, without columns: 10 + 3 × 64 = 202, 101 lines on */
		0x80 | 15 << 3 | 2,                     /* three without a line */
		0x80 | 14 << 3 | 0, 7, 0, 1, 1,         /* one, long form: 3 lines back */
	};
	static const int32_t lines[][2] = { { -1, 10 }, { 0, 10 }, { 3, 10 }, { 4, 11 }, { 6, 13 }, { 21, 13 }, { 22, 114 }, { 24, 0 }, { 29, 0 },
					    { 30, 111 }, { 32, 0 } };
	static const char *const tables[] = { V311, V313, V315 };

	(void)state;
	for (size_t t = 0; t < 3; t++) {
		struct fake_calls calls = fake_calls_open(tables[t]);
		put_lines(&calls, table, sizeof(table));
		for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
			assert_int_equal(line_at(&calls, lines[i][0]), lines[i][1]);
		fake_calls_close(&calls);
	}
}

/* Cut anywhere, and of any bytes: an answer, and nothing is read behind the end. */
static void tables_that_lie(void **state)
{
	static const char *const tables[] = { V38, V310, V311 };
	uint8_t bytes[64];

	(void)state;
	for (size_t t = 0; t < 3; t++) {
		struct fake_calls calls = fake_calls_open(tables[t]);
		for (unsigned seed = 0; seed < 256; seed++) {
			for (unsigned i = 0; i < sizeof(bytes); i++)
				bytes[i] = (uint8_t)(seed * 31 + i * seed + (i & seed ? 0x40 : 0xff));
			put_lines(&calls, bytes, seed % sizeof(bytes));
			line_at(&calls, (int32_t)seed * 3);
			line_at(&calls, INT32_MAX);
		}
		fake_calls_close(&calls);
	}
}

/* --- references --- */

struct seen {
	unsigned n, n_scanned, n_stale;
	struct {
		hs_addr address, name;
		unsigned kind, relation;
	} items[MAX_SEEN];
	const struct fake_calls *calls;
};

static void see_run(void *context, const struct hs_reference_run *run)
{
	struct seen *seen = context;

	if (run->relation & HS_SCANNED) {
		seen->n_stale += (unsigned)run->n;
		return;
	}
	for (size_t i = 0; i < run->n && seen->n < MAX_SEEN; i++) {
		uint64_t word, name = 0;
		memcpy(&word, (const uint8_t *)run->words + i * run->stride, 8);
		if (run->names)
			memcpy(&name, (const uint8_t *)run->names + i * run->names_stride, 8);
		hs_addr address = run->tag_mask ? hs_frame_untag(seen->calls->fake->py, word) : word;
		unsigned relation = word & run->borrowed_tag ? run->relation & ~(unsigned)HS_OWNED : run->relation;
		if (address) {
			seen->items[seen->n].address = address;
			seen->items[seen->n].name = name;
			seen->items[seen->n].kind = run->kind;
			seen->items[seen->n++].relation = relation;
		}
	}
}

static void see_scan(void *context, const void *words, size_t n, enum hs_scan what)
{
	struct seen *seen = context;

	(void)words;
	if (what == HS_SCAN_ALL)
		seen->n_scanned += (unsigned)n;
}

static void see_storage(void *context, hs_addr start, uint64_t bytes)
{
	(void)context;
	(void)start;
	(void)bytes;
}

static struct seen visit(const struct fake_calls *calls, hs_addr address)
{
	struct seen seen = { .calls = calls };
	const struct hs_visitor visitor = { .context = &seen, .storage = see_storage, .references = see_run, .scan = see_scan };
	struct hs_object object;

	assert_true(hs_object_at(calls->fake->py, calls->fake->types_seen, address, &object));
	hs_object_visit(calls->fake->py, &object, &visitor);
	return seen;
}

/* The relation and kind of the reference to `address`; 0 when there is none. */
static unsigned relation_to(const struct seen *seen, hs_addr address, unsigned *ret_kind, hs_addr *ret_name)
{
	for (unsigned i = 0; i < seen->n; i++)
		if (seen->items[i].address == address) {
			if (ret_kind)
				*ret_kind = seen->items[i].kind;
			if (ret_name)
				*ret_name = seen->items[i].name;
			return seen->items[i].relation;
		}
	return 0;
}

static void assert_words(const struct fake_calls *calls, const struct seen *seen, const hs_addr *objects, unsigned n_live)
{
	unsigned kind;
	hs_addr name;

	for (unsigned i = 0; i < FAKE_N_WORDS; i++) {
		unsigned relation = relation_to(seen, objects[i], &kind, &name);
		assert_int_equal(relation, i < n_live ? HS_STRONG : 0);
		if (!relation)
			continue;
		assert_int_equal(kind, i < 2 ? HS_EDGE_LOCAL : i == 2 ? HS_EDGE_CELL : HS_EDGE_STACK);
		assert_int_equal(name, i < FAKE_N_SLOTS ? calls->names[i] : 0);
	}
}

static void frame_objects_up_to_their_top(void **state)
{
	static const char *const tables[] = { V38, V310 };
	hs_addr objects[FAKE_N_WORDS];

	(void)state;
	for (size_t t = 0; t < 2; t++) {
		struct fake_calls calls = fake_calls_open(tables[t]);
		hs_addr frame = fake_frame_object(&calls, objects);
		hs_addr stack = FAKE_GET(calls.fake, frame, PyFrameObject, f_valuestack);

		FAKE_PUT(calls.fake, frame, PyFrameObject, f_stacktop, stack + 2 * 8);
		FAKE_PUT(calls.fake, frame, PyFrameObject, f_stackdepth, 2);
		struct seen seen = visit(&calls, frame);
		assert_words(&calls, &seen, objects, FAKE_N_SLOTS + 2);
		assert_int_equal(seen.n_scanned, 0);
		assert_int_equal(relation_to(&seen, calls.code, NULL, NULL), HS_STRONG);
		/* running: nobody knows how far the stack goes */
		FAKE_PUT(calls.fake, frame, PyFrameObject, f_stacktop, 0);
		FAKE_PUT(calls.fake, frame, PyFrameObject, f_executing, 1);
		FAKE_PUT(calls.fake, frame, PyFrameObject, f_stackdepth, (uint64_t)-1);
		seen = visit(&calls, frame);
		assert_words(&calls, &seen, objects, FAKE_N_SLOTS);
		assert_int_equal(seen.n_stale, FAKE_N_STACK);
		/* ended (3.8, 3.9): no top, and not running either */
		FAKE_PUT(calls.fake, frame, PyFrameObject, f_executing, 0);
		FAKE_PUT(calls.fake, frame, PyFrameObject, f_stackdepth, 0);
		seen = visit(&calls, frame);
		assert_words(&calls, &seen, objects, FAKE_N_SLOTS);
		assert_int_equal(seen.n_scanned, 0);
		fake_calls_close(&calls);
	}
}

static void suspended_generators(void **state)
{
	static const struct {
		const char *table;
		int suspended, running, ended;
	} cases[] = { { V311, -1, 0, 4 }, { V313, -2, 0, 4 }, { V314, -2, 0, 4 }, { V315, 1, 4, 5 } };
	hs_addr objects[FAKE_N_WORDS];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_calls calls = fake_calls_open(cases[i].table);
		hs_addr generator = fake_generator(&calls, cases[i].suspended, objects);
		struct hs_object object;

		fake_frame_top(&calls, generator + (uint32_t)HS_OFFSET(calls.fake->layout, PyGenObject, gi_iframe), FAKE_N_SLOTS + 1);
		struct seen seen = visit(&calls, generator);
		assert_words(&calls, &seen, objects, FAKE_N_SLOTS + 1);
		assert_true(hs_object_at(calls.fake->py, calls.fake->types_seen, generator, &object));
		assert_true(hs_is_generator(&object));
		assert_int_equal(hs_generator_state(calls.fake->py, &object), HS_GENERATOR_SUSPENDED);
		FAKE_PUT(calls.fake, generator, PyGenObject, gi_frame_state, (uint64_t)cases[i].running);
		assert_int_equal(hs_generator_state(calls.fake->py, &object), HS_GENERATOR_RUNNING);
		/* nothing of the frame is alive after the end */
		FAKE_PUT(calls.fake, generator, PyGenObject, gi_frame_state, (uint64_t)cases[i].ended);
		assert_int_equal(hs_generator_state(calls.fake->py, &object), HS_GENERATOR_ENDED);
		seen = visit(&calls, generator);
		assert_words(&calls, &seen, objects, 0);
		assert_int_equal(seen.n_scanned, 0);
		assert_true(relation_to(&seen, calls.code, NULL, NULL) & HS_OWNED);
		fake_calls_close(&calls);
	}
}

/* What a generator waits for is told apart from a temporary that happens to be a generator. */
static void what_a_generator_waits_for(void **state)
{
	static const struct {
		const char *table;
		int plain, waiting;
		unsigned n_above;
	} cases[] = { { V311, -1, -1, 0 }, { V313, -2, -1, 0 }, { V314, -2, -1, 0 }, { V315, 1, 2, 1 } };
	const uint64_t resume_at_await = 151 | 3 << 8, resume_at_yield = 151 | 1 << 8;
	hs_addr objects[FAKE_N_WORDS];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_calls calls = fake_calls_open(cases[i].table);
		hs_addr generator = fake_generator(&calls, cases[i].plain, objects);
		hs_addr frame = generator + (uint32_t)HS_OFFSET(calls.fake->layout, PyGenObject, gi_iframe);
		hs_addr next = FAKE_GET(calls.fake, frame, PyInterpreterFrame, instr_ptr) + 2;
		unsigned kind, n_live = FAKE_N_SLOTS + 2;

		fake_frame_top(&calls, frame, (int)n_live);
		fake_put(calls.fake, next, resume_at_yield);
		struct seen seen = visit(&calls, generator);
		assert_words(&calls, &seen, objects, n_live);
		fake_put(calls.fake, next, resume_at_await);
		FAKE_PUT(calls.fake, generator, PyGenObject, gi_frame_state, (uint64_t)(int64_t)cases[i].waiting);
		seen = visit(&calls, generator);
		for (unsigned word = FAKE_N_SLOTS; word < n_live; word++) {
			assert_int_equal(relation_to(&seen, objects[word], &kind, NULL), HS_STRONG);
			assert_int_equal(kind, word == n_live - 1 - cases[i].n_above ? HS_EDGE_FIELD : HS_EDGE_STACK);
		}
		/* a stack that has no word for it, whatever the state says */
		fake_frame_top(&calls, frame, FAKE_N_SLOTS);
		seen = visit(&calls, generator);
		assert_words(&calls, &seen, objects, FAKE_N_SLOTS);
		fake_calls_close(&calls);
	}
}

static void tagged_references(void **state)
{
	struct fake_calls calls = fake_calls_open(V314);
	hs_addr objects[FAKE_N_WORDS];
	hs_addr generator = fake_generator(&calls, -1, objects);
	hs_addr frame = generator + (uint32_t)HS_OFFSET(calls.fake->layout, PyGenObject, gi_iframe);
	hs_addr words = frame + (uint32_t)HS_OFFSET(calls.fake->layout, PyInterpreterFrame, localsplus);

	(void)state;
	fake_frame_top(&calls, frame, FAKE_N_SLOTS + 3);
	fake_put(calls.fake, words, objects[0] | 1);                        /* somebody else's */
	fake_put(calls.fake, words + 8, 1);                                 /* no reference */
	fake_put(calls.fake, words + FAKE_N_SLOTS * 8, objects[FAKE_N_SLOTS] | 3);    /* a number, whatever it looks like */
	struct seen seen = visit(&calls, generator);
	assert_int_equal(relation_to(&seen, objects[0], NULL, NULL), HS_VISITED);
	assert_int_equal(relation_to(&seen, objects[1], NULL, NULL), 0);
	assert_int_equal(relation_to(&seen, objects[FAKE_N_SLOTS], NULL, NULL), 0);
	assert_int_equal(relation_to(&seen, objects[FAKE_N_SLOTS + 1], NULL, NULL), HS_STRONG);
	fake_calls_close(&calls);
}

/* --- threads and roots --- */

static bool count_frame(void *context, const struct hs_frame *frame)
{
	unsigned *n = context;

	assert_true(frame->code.n_slots == FAKE_N_SLOTS);
	++*n;
	return true;
}

struct root_seen {
	hs_addr wanted;
	struct hs_root found;
	hs_addr function;
	unsigned n;
};

static void see_root(void *context, const struct hs_root *root)
{
	struct root_seen *seen = context;

	if (root->address != seen->wanted)
		return;
	seen->found = *root;
	seen->function = root->frame ? root->frame->code.name : 0;
	seen->n++;
}

static struct root_seen find_root(const struct fake_calls *calls, hs_addr wanted)
{
	struct root_seen seen = { .wanted = wanted };

	assert_null(hs_roots_visit(calls->fake->py, calls->fake->types_seen, see_root, &seen));
	return seen;
}

static void running_calls_are_roots(void **state)
{
	static const char *const tables[] = { V311, V313, V314, V315 };
	hs_addr inner[FAKE_N_WORDS], outer[FAKE_N_WORDS];

	(void)state;
	for (size_t t = 0; t < 4; t++) {
		struct fake_calls calls = fake_calls_open(tables[t]);
		bool has_top = !HS_HAS(calls.fake->layout, PyInterpreterFrame, stacktop);
		unsigned n = 0;

		fake_running_calls(&calls, inner, outer);
		hs_thread_frames(calls.fake->py, calls.fake->thread, count_frame, &n);
		assert_int_equal(n, 2);
		struct root_seen seen = find_root(&calls, inner[1]);
		assert_int_equal(seen.n, 1);
		assert_int_equal(seen.found.kind, HS_ROOT_FRAME);
		assert_int_equal(seen.found.relation, HS_OWNED);
		assert_int_equal(seen.found.edge_kind, HS_EDGE_LOCAL);
		assert_int_equal(seen.found.name_object, calls.names[1]);
		assert_int_equal(seen.function, FAKE_GET(calls.fake, calls.code, PyCodeObject, co_qualname));
		assert_int_equal(find_root(&calls, inner[FAKE_N_SLOTS + 1]).found.relation, has_top ? HS_OWNED : HS_SCANNED | HS_WEAK);
		assert_int_equal(find_root(&calls, inner[FAKE_N_SLOTS + 2]).found.relation, has_top ? 0 : HS_SCANNED | HS_WEAK);
		assert_int_equal(find_root(&calls, outer[FAKE_N_SLOTS]).found.relation, HS_OWNED);
		assert_int_equal(find_root(&calls, outer[FAKE_N_SLOTS + 1]).n, 0);
		fake_calls_close(&calls);
	}
}

/* Up to 3.10 the call holds its frame object, which holds the variables: they are roots by name only. */
static void running_frame_objects_are_roots(void **state)
{
	static const char *const tables[] = { V38, V310 };
	hs_addr objects[FAKE_N_WORDS];

	(void)state;
	for (size_t t = 0; t < 2; t++) {
		struct fake_calls calls = fake_calls_open(tables[t]);
		hs_addr frame = fake_frame_object(&calls, objects);

		FAKE_PUT(calls.fake, frame, PyFrameObject, f_executing, 1);
		FAKE_PUT(calls.fake, frame, PyFrameObject, f_stackdepth, (uint64_t)-1);
		FAKE_PUT(calls.fake, calls.fake->thread, PyThreadState, frame, frame);
		struct root_seen seen = find_root(&calls, frame);
		assert_int_equal(seen.found.kind, HS_ROOT_FRAME);
		assert_int_equal(seen.found.relation, HS_OWNED);
		seen = find_root(&calls, objects[0]);
		assert_int_equal(seen.n, 1);
		assert_int_equal(seen.found.relation, 0);
		assert_int_equal(seen.found.edge_kind, HS_EDGE_LOCAL);
		assert_int_equal(seen.found.name_object, calls.names[0]);
		/* what stands on its stack may be left over: no reference of the object's, nor anybody else's for sure */
		assert_int_equal(find_root(&calls, objects[FAKE_N_SLOTS]).found.relation, HS_SCANNED | HS_WEAK);
		/* a generator's: whoever resumed it holds it */
		FAKE_PUT(calls.fake, frame, PyFrameObject, f_gen, objects[1]);
		assert_int_equal(find_root(&calls, objects[1]).found.relation, 0);
		fake_calls_close(&calls);
	}
}

static void members_of_states_are_roots(void **state)
{
	static const char *const tables[] = { V38, V310, V311, V313, V315 };

	(void)state;
	for (size_t t = 0; t < 5; t++) {
		struct fake_calls calls = fake_calls_open(tables[t]);
		hs_addr codecs = fake_list(calls.fake, NULL, 0, 0), context = fake_list(calls.fake, NULL, 0, 0);

		FAKE_PUT(calls.fake, calls.fake->interpreter, PyInterpreterState, codec_search_path, codecs);
		FAKE_PUT(calls.fake, calls.fake->thread, PyThreadState, context, context);
		struct root_seen seen = find_root(&calls, codecs);
		assert_int_equal(seen.n, 1);
		assert_int_equal(seen.found.kind, HS_ROOT_CODECS);
		assert_int_equal(seen.found.relation, HS_OWNED);
		assert_string_equal(seen.found.name, "codec_search_path");
		seen = find_root(&calls, context);
		assert_int_equal(seen.found.kind, HS_ROOT_CONTEXT);
		assert_non_null(seen.found.thread);
		fake_calls_close(&calls);
	}
}

/* The cache of method look-ups owns the names and borrows the values. */
static void the_type_cache_owns_names_only(void **state)
{
	struct fake_calls calls = fake_calls_open(V310);
	hs_addr name = fake_str(calls.fake, "method"), value = fake_list(calls.fake, NULL, 0, 0);
	hs_addr entry = calls.fake->interpreter + (uint32_t)HS_OFFSET(calls.fake->layout, PyInterpreterState, type_cache) + 24;

	(void)state;
	fake_put(calls.fake, entry + 8, name);
	fake_put(calls.fake, entry + 16, value);
	assert_int_equal(find_root(&calls, name).found.relation, HS_OWNED);
	assert_int_equal(find_root(&calls, value).n, 0);
	fake_calls_close(&calls);
}

static void frames_that_lie(void **state)
{
	struct fake_calls calls = fake_calls_open(V313);
	hs_addr inner[FAKE_N_WORDS], outer[FAKE_N_WORDS];
	struct hs_frame frame;
	unsigned n = 0;

	(void)state;
	fake_running_calls(&calls, inner, outer);
	hs_addr first = FAKE_GET(calls.fake, calls.fake->thread, PyThreadState, current_frame);
	fake_frame_top(&calls, first, 1 << 20);
	assert_false(hs_frame_read(calls.fake->py, first, &frame));
	fake_frame_top(&calls, first, -1);
	FAKE_PUT(calls.fake, calls.code, PyCodeObject, co_stacksize, 1u << 31);
	assert_false(hs_frame_read(calls.fake->py, first, &frame));
	FAKE_PUT(calls.fake, calls.code, PyCodeObject, co_stacksize, FAKE_N_STACK);
	FAKE_PUT(calls.fake, calls.code, PyCodeObject, co_nlocalsplus, 1u << 20);
	assert_false(hs_frame_read(calls.fake->py, first, &frame));
	FAKE_PUT(calls.fake, calls.code, PyCodeObject, co_nlocalsplus, FAKE_N_SLOTS);
	/* a chain in a circle ends */
	FAKE_PUT(calls.fake, first, PyInterpreterFrame, previous, first);
	hs_thread_frames(calls.fake->py, calls.fake->thread, count_frame, &n);
	assert_true(n >= 1 && n < 10);
	/* code that is something else */
	FAKE_PUT(calls.fake, first, PyInterpreterFrame, f_executable, inner[0]);
	assert_false(hs_frame_read(calls.fake->py, first, &frame));
	FAKE_PUT(calls.fake, first, PyInterpreterFrame, f_executable, 0xdeadbeef000);
	assert_false(hs_frame_read(calls.fake->py, first, &frame));
	fake_calls_close(&calls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_by_lnotab),
		cmocka_unit_test(lines_by_ranges),
		cmocka_unit_test(lines_by_locations),
		cmocka_unit_test(tables_that_lie),
		cmocka_unit_test(frame_objects_up_to_their_top),
		cmocka_unit_test(suspended_generators),
		cmocka_unit_test(what_a_generator_waits_for),
		cmocka_unit_test(tagged_references),
		cmocka_unit_test(running_calls_are_roots),
		cmocka_unit_test(running_frame_objects_are_roots),
		cmocka_unit_test(members_of_states_are_roots),
		cmocka_unit_test(the_type_cache_owns_names_only),
		cmocka_unit_test(frames_that_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
