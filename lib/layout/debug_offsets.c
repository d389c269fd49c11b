/* SPDX-License-Identifier: Apache-2.0 */
/* Reading _Py_DebugOffsets: u64 words after an eight-byte cookie. */
#include "debug_offsets.h"

#include <string.h>

#include "field_names.h"

#define OLDEST_MINOR 13
#define N_MINORS 3

/* Where in it, in bytes, a member is described; 0: not in that version. */
static const struct {
	enum hs_field_id field;
	uint16_t at[N_MINORS]; /* 3.13, 3.14, 3.15 */
} statements[] = {
#define AT(structure, name, at13, at14, at15) { HS_FIELD_##structure##_##name, { at13, at14, at15 } }
	AT(PyRuntimeState, interpreters_head, 40, 40, 40),
	AT(PyInterpreterState, id, 56, 56, 56),
	AT(PyInterpreterState, next, 64, 64, 64),
	AT(PyInterpreterState, threads_head, 72, 72, 72),
	AT(PyInterpreterState, gc, 80, 88, 88),
	AT(PyInterpreterState, imports_modules, 88, 96, 96),
	AT(PyInterpreterState, sysdict, 96, 104, 104),
	AT(PyInterpreterState, builtins, 104, 112, 112),
	AT(PyThreadState, prev, 160, 184, 184),
	AT(PyThreadState, next, 168, 192, 192),
	AT(PyThreadState, interp, 176, 200, 200),
	AT(PyThreadState, datastack_chunk, 208, 232, 256),
	AT(PyThreadState, current_frame, 184, 208, 208),
	AT(PyThreadState, thread_id, 192, 216, 0),
	AT(PyThreadState, native_thread_id, 200, 224, 0),
	AT(PyInterpreterFrame, f_executable, 240, 264, 328),
	AT(PyInterpreterFrame, localsplus, 256, 280, 344),
	AT(PyInterpreterFrame, owner, 264, 288, 352),
	AT(PyInterpreterFrame, previous, 232, 256, 320),
	AT(PyInterpreterFrame, instr_ptr, 248, 272, 336),
	AT(PyInterpreterFrame, stackpointer, 0, 296, 360),
	AT(PyCodeObject, co_filename, 280, 320, 384),
	AT(PyCodeObject, co_name, 288, 328, 392),
	AT(PyCodeObject, co_qualname, 296, 336, 400),
	AT(PyCodeObject, co_linetable, 304, 344, 408),
	AT(PyCodeObject, co_firstlineno, 312, 352, 416),
	AT(PyCodeObject, co_localsplusnames, 328, 368, 432),
	AT(PyCodeObject, co_localspluskinds, 336, 376, 440),
	AT(PyCodeObject, co_code_adaptive, 344, 384, 448),
	AT(PyObject, ob_type, 360, 408, 472),
	AT(PyTypeObject, tp_name, 376, 424, 488),
	AT(PyTypeObject, tp_flags, 392, 440, 504),
	AT(PyTypeObject, tp_basicsize, 0, 0, 512),
	AT(PyTypeObject, tp_dictoffset, 0, 0, 520),
	AT(PyHeapTypeObject, ht_cached_keys, 0, 0, 536),
	AT(PyTupleObject, ob_item, 408, 456, 552),
	AT(PyListObject, ob_item, 432, 480, 576),
	AT(PySetObject, used, 0, 504, 600),
	AT(PySetObject, table, 0, 512, 608),
	AT(PySetObject, mask, 0, 520, 616),
	AT(PyDictObject, ma_keys, 456, 536, 632),
	AT(PyDictObject, ma_values, 464, 544, 640),
	AT(PyLongObject, lv_tag, 496, 576, 672),
	AT(PyLongObject, lv_digit, 504, 584, 680),
	AT(PyBytesObject, ob_sval, 528, 608, 704),
	AT(PyASCIIObject, length, 552, 632, 728),
	AT(gc_runtime_state, collecting, 576, 656, 760),
	AT(PyGenObject, gi_iframe, 0, 680, 808),
	AT(PyGenObject, gi_name, 0, 672, 800),
	AT(PyGenObject, gi_frame_state, 0, 688, 816),
};

/* Where the sizes of structs are described. */
static const struct {
	enum hs_struct_id structure;
	uint16_t at[N_MINORS];
} sizes[] = {
	{ HS_STRUCT_PyObject, { 352, 400, 464 } },
	{ HS_STRUCT_PyTypeObject, { 368, 416, 480 } },
	{ HS_STRUCT_PyDictObject, { 448, 528, 624 } },
};

static bool read_word(const struct hs_image *image, const struct hs_layout *layout, uint16_t at, uint64_t *ret)
{
	return hs_image_u64(image, HS_ADDRESS_OF(layout, _PyRuntime) + at, ret) && *ret < INT32_MAX;
}

bool hs_debug_offsets_header(const uint8_t bytes[HS_DEBUG_OFFSETS_HEADER_BYTES], struct hs_debug_offsets_header *ret)
{
	uint64_t words[3];

	memcpy(words, bytes, sizeof(words));
	if (memcmp(words, "xdebugpy", 8) || words[1] > UINT32_MAX || words[2] > 1)
		return false;
	*ret = (struct hs_debug_offsets_header){ .version_hex = (uint32_t)words[1], .is_free_threaded = words[2] == 1 };
	return true;
}

/* Pre-releases had other shapes: the sizes of structs that never move tell whether this is the one that we know. */
static bool has_known_shape(const struct hs_image *image, const struct hs_layout *layout, unsigned row)
{
	uint64_t bytes;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (!read_word(image, layout, sizes[i].at[row], &bytes) || bytes != layout->struct_bytes[sizes[i].structure])
			return false;
	return true;
}

bool hs_debug_offsets_read(const struct hs_image *image, const struct hs_layout *layout, struct hs_debug_offsets *ret)
{
	unsigned row = layout->minor - OLDEST_MINOR;
	struct hs_debug_offsets_header header;
	const uint8_t *start = hs_image_at(image, HS_ADDRESS_OF(layout, _PyRuntime), HS_DEBUG_OFFSETS_HEADER_BYTES);

	if (row >= N_MINORS || !start || !hs_debug_offsets_header(start, &header) || !has_known_shape(image, layout, row))
		return false;
	ret->n = 0;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		uint64_t offset;

		if (!statements[i].at[row] || ret->n == HS_DEBUG_OFFSETS_MAX ||
		    !read_word(image, layout, statements[i].at[row], &offset))
			continue;
		ret->items[ret->n++] = (struct hs_debug_offset){ statements[i].field, (uint32_t)offset };
	}
	return true;
}

unsigned hs_debug_offsets_apply(const struct hs_image *image, struct hs_layout *layout)
{
	struct hs_debug_offsets offsets;
	unsigned n_changed = 0;

	if (!hs_debug_offsets_read(image, layout, &offsets))
		return 0;
	for (size_t i = 0; i < offsets.n; i++) {
		const struct hs_field *field = &layout->fields[offsets.items[i].field];

		if (field->offset == HS_ABSENT || field->offset == (int32_t)offsets.items[i].offset)
			continue;
		hs_layout_move(layout, offsets.items[i].field, (int32_t)offsets.items[i].offset);
		n_changed++;
	}
	return n_changed;
}
