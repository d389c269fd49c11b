/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls whose bytes were changed: frames, code, line tables, generators, what threads and interpreters refer to. Answers may be
 * wrong, but nothing may crash, hang or read beside the image. The input is changes, each 12 bytes (what, how, where, the word), that
 * are made to a process of each version of CPython.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fake_calls.h"
#include "generator.h"
#include "line_table.h"
#include "root.h"
#include "thread.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define CHANGE_BYTES 12
#define MAX_CHANGES 32
#define MAX_FRAMES 64
#define LINE_BYTES 48
#define N_PLACES 8
#define ROOTS_EVERY 16 /* inputs: the states are large */

static const char *const tables[] = { "3.11.7-upstream", "3.8.18-upstream", "3.10.13-upstream",
				      "3.13.0-upstream", "3.14.10-debian", "3.15.2-debian" };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

/* What may be changed. */
struct place {
	hs_addr start;
	uint32_t bytes;
};

struct process {
	struct fake_calls calls;
	hs_addr object; /* a generator, or up to 3.10 a frame object */
	struct place places[N_PLACES];
	unsigned n_places;
};

static void add_place(struct process *process, hs_addr start, uint32_t bytes)
{
	process->places[process->n_places++] = (struct place){ start, bytes };
}

static void make_process(struct process *process, const char *table)
{
	struct fake_calls *calls = &process->calls;
	hs_addr objects[FAKE_N_WORDS], outer[FAKE_N_WORDS];
	uint8_t lines[LINE_BYTES] = { 0x82, 1, 0xd8, 2, 4 };

	*calls = fake_calls_open(table);
	const struct hs_layout *layout = calls->fake->layout;
	hs_addr line_table = fake_bytes_with(calls->fake, lines, sizeof(lines));
	FAKE_PUT(calls->fake, calls->code, PyCodeObject, co_lnotab, line_table);
	FAKE_PUT(calls->fake, calls->code, PyCodeObject, co_linetable, line_table);
	if (HS_HAS(layout, PyGenObject, gi_iframe)) {
		process->object = fake_generator(calls, layout->features.frame_executing - 1, objects);
		fake_running_calls(calls, objects, outer);
		hs_addr frame = HS_HAS(layout, PyThreadState, cframe)
					? FAKE_GET(calls->fake, FAKE_GET(calls->fake, calls->fake->thread, PyThreadState, cframe), PyCFrame, current_frame)
					: FAKE_GET(calls->fake, calls->fake->thread, PyThreadState, current_frame);
		add_place(process, frame, HS_SIZEOF(layout, PyInterpreterFrame));
	} else {
		process->object = fake_frame_object(calls, objects);
		FAKE_PUT(calls->fake, calls->fake->thread, PyThreadState, frame, process->object);
	}
	add_place(process, process->object, 160);
	add_place(process, calls->code, HS_SIZEOF(layout, PyCodeObject));
	add_place(process, line_table, LINE_BYTES + 32);
	add_place(process, calls->fake->thread, HS_SIZEOF(layout, PyThreadState));
	add_place(process, calls->fake->interpreter, HS_SIZEOF(layout, PyInterpreterState) < 4096 ? HS_SIZEOF(layout, PyInterpreterState) : 4096);
}

static uint64_t word_of(const struct process *process, uint8_t how, uint64_t old, uint32_t value)
{
	const struct place *place = &process->places[value % process->n_places];

	switch (how & 7) {
	case 0:
		return value;
	case 1:
		return (uint64_t)value << 32;
	case 2:
		return place->start + (value >> 8) % place->bytes;
	case 3:
		return (place->start + (value >> 8) % place->bytes) & ~(uint64_t)7;
	case 4:
		return old + (uint64_t)(int64_t)(int32_t)value;
	case 5:
		return old ^ (uint64_t)1 << (value & 63);
	case 6:
		return 0 - (uint64_t)value;
	default:
		return (old & ~(uint64_t)0xff) | (value & 0xff);
	}
}

struct change {
	uint8_t *at;
	uint64_t before;
};

static size_t apply(const struct process *process, const uint8_t *data, size_t bytes, struct change *changes)
{
	size_t n = 0;

	for (; bytes >= CHANGE_BYTES && n < MAX_CHANGES; data += CHANGE_BYTES, bytes -= CHANGE_BYTES) {
		const struct place *place = &process->places[data[0] % process->n_places];
		uint32_t offset, value;
		memcpy(&offset, data + 4, sizeof(offset));
		memcpy(&value, data + 8, sizeof(value));
		uint32_t at = offset % (place->bytes - 8);
		changes[n].at = fake_at(process->calls.fake, place->start + (data[1] & 8 ? at : at & ~7u), 8);
		memcpy(&changes[n].before, changes[n].at, sizeof(uint64_t));
		uint64_t word = word_of(process, data[1], changes[n].before, value);
		memcpy(changes[n++].at, &word, sizeof(word));
	}
	return n;
}

static void undo(const struct change *changes, size_t n)
{
	while (n--)
		memcpy(changes[n].at, &changes[n].before, sizeof(uint64_t));
}

/* Every word that is reported is read, so that a sanitizer sees one beside the image. */
static volatile uint64_t sink;

static void read_words(void *context, const struct hs_reference_run *run)
{
	uint64_t word;

	(void)context;
	for (size_t i = 0; i < run->n; i++) {
		memcpy(&word, (const uint8_t *)run->words + i * run->stride, sizeof(word));
		sink += word;
		if (run->names) {
			memcpy(&word, (const uint8_t *)run->names + i * run->names_stride, sizeof(word));
			sink += word;
		}
	}
}

static void scan_words(void *context, const void *words, size_t n, enum hs_scan what)
{
	const struct hs_reference_run run = { .words = words, .n = n, .stride = sizeof(uint64_t) };

	(void)what;
	read_words(context, &run);
}

static void ignore_storage(void *context, hs_addr start, uint64_t bytes)
{
	(void)context;
	sink += start + bytes;
}

static bool read_frame(void *context, const struct hs_frame *frame)
{
	const struct process *process = context;
	static unsigned n_frames;
	struct hs_variable variable;

	sink += (uint64_t)hs_frame_line(process->calls.fake->py, frame);
	for (uint32_t i = 0; i < 64 && hs_frame_variable(process->calls.fake->py, frame, i, &variable); i++)
		sink += variable.object;
	return ++n_frames % MAX_FRAMES;
}

static void take_root(void *context, const struct hs_root *root)
{
	(void)context;
	sink += root->address;
}

static void look(struct process *process, bool with_roots)
{
	const struct hs_visitor visitor = { .references = read_words, .scan = scan_words, .storage = ignore_storage };
	struct fake_heap *fake = process->calls.fake;
	struct hs_object object;
	struct hs_frame frame;

	hs_thread_frames(fake->py, fake->thread, read_frame, process);
	if (hs_object_at(fake->py, fake->types_seen, process->object, &object)) {
		hs_object_visit(fake->py, &object, &visitor);
		if (hs_is_generator(&object) && hs_generator_frame(fake->py, &object, &frame))
			read_frame(process, &frame);
	}
	if (with_roots)
		hs_error_destroy(hs_roots_visit(fake->py, fake->types_seen, take_root, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct process processes[N_TABLES];
	static unsigned n_inputs;
	struct change changes[MAX_CHANGES];
	bool with_roots = n_inputs++ % ROOTS_EVERY == 0;

	for (size_t i = 0; i < N_TABLES; i++) {
		if (!processes[i].n_places)
			make_process(&processes[i], tables[i]);
		size_t n = apply(&processes[i], data, bytes, changes);
		look(&processes[i], with_roots);
		undo(changes, n);
	}
	return 0;
}
