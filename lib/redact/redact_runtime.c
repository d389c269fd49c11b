/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter's own structs: the members that decoders read, and every word that names an object. Where the runtime has its parts is
 * told by the layout's symbols.
 */
#include "data_stack.h"
#include "debug_offsets.h"
#include "redact_internal.h"
#include "static_data.h"
#include "thread.h"

#include <elf.h>

#define WORD 8
#define MAX_PROGRAM_HEADERS 64
#define DEBUG_OFFSETS_BYTES 1024 /* pycore_debug_offsets.h: some hundred offsets of structs */
#define MAX_CALLBACKS (1u << 16)

#define KEEP_SYMBOL(redaction, name)                                                                        \
	do {                                                                                                \
		if (HS_ADDRESS_OF((redaction)->layout, name))                                               \
			blank_keep(&(redaction)->blank, HS_ADDRESS_OF((redaction)->layout, name), WORD);   \
	} while (0)

/* Every member of fields.def that has a struct for its own. */
static void keep_struct(struct redaction *redaction, hs_addr address, enum hs_field_id first, enum hs_field_id last)
{
	for (enum hs_field_id id = first; id <= last; id++)
		keep_field(redaction, address, id);
}

#define KEEP_STRUCT(redaction, address, structure, first, last) \
	keep_struct((redaction), (address), HS_FIELD_##structure##_##first, HS_FIELD_##structure##_##last)

/* The collector's state has no text: heads of lists, thresholds, counts, statistics. */
static void keep_collector(struct redaction *redaction, const struct hs_interpreter *interpreter)
{
	const struct hs_layout *layout = redaction->layout;

	blank_keep(&redaction->blank, interpreter->collector, HS_SIZEOF(layout, gc_runtime_state));
	if (HS_HAS(layout, gc_stats, young))
		blank_keep(&redaction->blank, REDACT_WORD(redaction, interpreter->collector, gc_runtime_state, generation_stats),
			   HS_SIZEOF(layout, gc_stats));
}

static void keep_exit_callbacks(struct redaction *redaction, hs_addr interpreter)
{
	uint32_t n = 0;

	if (!HS_HAS(redaction->layout, PyInterpreterState, atexit_ncallbacks))
		return;
	hs_image_u32(redaction->py->image, interpreter + (uint32_t)HS_OFFSET(redaction->layout, PyInterpreterState, atexit_ncallbacks), &n);
	hs_addr array = REDACT_WORD(redaction, interpreter, PyInterpreterState, atexit_callbacks);
	for (uint32_t i = 0; i < n && i < MAX_CALLBACKS; i++) {
		hs_addr callback = hs_image_word(redaction->py->image, array + i * WORD);
		blank_keep(&redaction->blank, array + i * WORD, WORD);
		if (callback)
			KEEP_STRUCT(redaction, callback, atexit_py_callback, func, kwargs);
	}
}

static void keep_arena_table(struct redaction *redaction, hs_addr interpreter)
{
	const struct hs_layout *layout = redaction->layout;
	hs_addr state = interpreter + (uint32_t)HS_OFFSET(layout, PyInterpreterState, obmalloc);

	if (!HS_HAS(layout, PyInterpreterState, obmalloc))
		return;
	if (layout->features.obmalloc_is_pointer)
		state = hs_image_word(redaction->py->image, state);
	if (state)
		KEEP_STRUCT(redaction, state, obmalloc_state, arenas, maxarenas);
}

static void keep_interpreter(struct redaction *redaction, const struct hs_interpreter *interpreter)
{
	hs_addr address = interpreter->address;
	uint32_t bytes = HS_SIZEOF(redaction->layout, PyInterpreterState);

	known_range_keep(redaction->heap, &redaction->blank, address, address + bytes, true);
	KEEP_STRUCT(redaction, address, PyInterpreterState, next, object_freelists);
	keep_collector(redaction, interpreter);
	keep_exit_callbacks(redaction, address);
	keep_arena_table(redaction, address);
	uint64_t n_ids = REDACT_WORD(redaction, address, PyInterpreterState, unicode_ids_size);
	hs_addr ids = REDACT_WORD(redaction, address, PyInterpreterState, unicode_ids_array);
	if (ids && n_ids < MAX_CALLBACKS)
		known_range_keep(redaction->heap, &redaction->blank, ids, ids + n_ids * WORD, false);
}

static void keep_frame(void *context, hs_addr frame)
{
	redact_frame(context, frame);
}

/* 3.11+: what lies behind the innermost frame is stale, and yet names objects only. */
static void keep_stack_chunk(void *context, hs_addr start, hs_addr end)
{
	struct redaction *redaction = context;

	KEEP_STRUCT(redaction, start, PyStackChunk, previous, size);
	if (redact_take(redaction, end - start))
		known_range_keep(redaction->heap, &redaction->blank, start, end, false);
}

static void keep_thread(struct redaction *redaction, hs_addr thread)
{
	const struct hs_layout *layout = redaction->layout;
	uint32_t bytes = HS_SIZEOF(layout, PyThreadStateImpl) ? HS_SIZEOF(layout, PyThreadStateImpl) : HS_SIZEOF(layout, PyThreadState);
	hs_addr cframe = REDACT_WORD(redaction, thread, PyThreadState, cframe);

	known_range_keep(redaction->heap, &redaction->blank, thread, thread + bytes, false);
	KEEP_STRUCT(redaction, thread, PyThreadState, next, root_cframe);
	KEEP_FIELD(redaction, thread, PyThreadState, prev);
	if (cframe)
		KEEP_FIELD(redaction, cframe, PyCFrame, current_frame);
	hs_data_stack_each(redaction->py, thread, keep_stack_chunk, redaction);
	hs_thread_frame_addresses(redaction->py, thread, keep_frame, redaction);
}

/* A binary's headers say where its data end. */
static void keep_elf_headers(struct redaction *redaction)
{
	size_t n;
	const struct hs_static_range *ranges = hs_image_static_ranges(redaction->py->image, &n);
	Elf64_Ehdr header;

	for (size_t i = 0; i < n; i++) {
		if (!hs_image_read(redaction->py->image, ranges[i].start, &header, sizeof(header)) || memcmp(header.e_ident, ELFMAG, SELFMAG))
			continue;
		blank_keep(&redaction->blank, ranges[i].start, sizeof(header));
		if (header.e_phentsize == sizeof(Elf64_Phdr) && header.e_phnum <= MAX_PROGRAM_HEADERS)
			blank_keep(&redaction->blank, ranges[i].start + header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr));
	}
}

static void keep_runtime(struct redaction *redaction)
{
	const struct hs_layout *layout = redaction->layout;
	hs_addr runtime = HS_ADDRESS_OF(layout, _PyRuntime);
	uint8_t header[HS_DEBUG_OFFSETS_HEADER_BYTES];
	struct hs_debug_offsets_header offsets;

	known_range_keep(redaction->heap, &redaction->blank, runtime, runtime + HS_SIZEOF(layout, PyRuntimeState), true);
	KEEP_FIELD(redaction, runtime, PyRuntimeState, interpreters_head);
	KEEP_FIELD(redaction, runtime, PyRuntimeState, interpreters_main);
	if (hs_image_read(redaction->py->image, runtime, header, sizeof(header)) && hs_debug_offsets_header(header, &offsets))
		blank_keep(&redaction->blank, runtime, DEBUG_OFFSETS_BYTES);
	KEEP_SYMBOL(redaction, arenas);
	KEEP_SYMBOL(redaction, maxarenas);
	KEEP_SYMBOL(redaction, _PySet_Dummy);
	KEEP_SYMBOL(redaction, interned);
	KEEP_SYMBOL(redaction, Py_Version);
}

/* Up to 3.10: the tables whose keys are of any type are told by how they are searched; a table of ints is an example. */
static void keep_general_table(struct redaction *redaction)
{
	hs_addr object = HS_ADDRESS_OF(redaction->layout, PyBaseObject_Type);
	hs_addr subclasses = object ? REDACT_WORD(redaction, object, PyTypeObject, tp_subclasses) : 0;

	if (HS_HAS(redaction->layout, PyDictKeysObject, dk_lookup) && subclasses)
		redact_keys(redaction, REDACT_WORD(redaction, subclasses, PyDictObject, ma_keys));
}

void redact_runtime(struct redaction *redaction)
{
	keep_elf_headers(redaction);
	keep_runtime(redaction);
	keep_general_table(redaction);
	for (size_t i = 0; i < redaction->py->interpreters.n; i++)
		keep_interpreter(redaction, &redaction->py->interpreters.items[i]);
	for (size_t i = 0; i < redaction->py->threads.n; i++)
		keep_thread(redaction, redaction->py->threads.items[i]);
}
