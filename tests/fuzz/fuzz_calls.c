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

#include "changes.h"
#include "fake_calls.h"
#include "generator.h"
#include "line_table.h"
#include "root.h"
#include "thread.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define MAX_FRAMES 64
#define LINE_BYTES 48
#define N_PLACES 8
#define ROOTS_EVERY 16 /* inputs: the states are large */

static const char *const tables[] = { "3.11.7-upstream", "3.8.18-upstream", "3.10.13-upstream",
				      "3.13.0-upstream", "3.14.10-debian", "3.15.2-debian" };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

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
		size_t n = changes_apply(processes[i].calls.fake, processes[i].places, processes[i].n_places, data, bytes, changes);
		look(&processes[i], with_roots);
		changes_undo(changes, n);
	}
	return 0;
}
