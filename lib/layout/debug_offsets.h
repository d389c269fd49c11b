/* SPDX-License-Identifier: Apache-2.0 */
/*
 * _Py_DebugOffsets: from 3.13 on _PyRuntime starts with a description of some of CPython's own structs
 * (Include/internal/pycore_runtime.h; pycore_debug_offsets.h from 3.14). Its own shape changes with every minor version.
 */
#ifndef HS_DEBUG_OFFSETS_H
#define HS_DEBUG_OFFSETS_H

#include <stdbool.h>
#include <stdint.h>

#include "address.h"
#include "image.h"
#include "layout.h"

struct hs_debug_offsets_header {
	uint32_t version_hex;
	bool is_free_threaded;
};

#define HS_DEBUG_OFFSETS_HEADER_BYTES 24

/* Reads the first bytes of _PyRuntime; false when they are no such description. */
bool hs_debug_offsets_header(const uint8_t bytes[HS_DEBUG_OFFSETS_HEADER_BYTES], struct hs_debug_offsets_header *ret);

/* One statement of it about a member of fields.def. */
struct hs_debug_offset {
	enum hs_field_id field;
	uint32_t offset;
};

#define HS_DEBUG_OFFSETS_MAX 64

struct hs_debug_offsets {
	struct hs_debug_offset items[HS_DEBUG_OFFSETS_MAX];
	size_t n;
};

/* What it says about fields.def, by the minor version of `layout`; false without one, or when it makes no sense. */
bool hs_debug_offsets_read(const struct hs_image *image, const struct hs_layout *layout, struct hs_debug_offsets *ret);

/* Replaces the offsets of `layout` by those that the runtime states. Returns how many differed. */
unsigned hs_debug_offsets_apply(const struct hs_image *image, struct hs_layout *layout);

#endif
