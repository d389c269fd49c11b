/* SPDX-License-Identifier: Apache-2.0 */
/*
 * _Py_DebugOffsets: from 3.13 on _PyRuntime starts with a description of some of CPython's own structs
 * (Include/internal/pycore_runtime.h; pycore_debug_offsets.h from 3.14).
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

/* False when there is no such description at `runtime`. */
bool hs_debug_offsets_header(const struct hs_image *image, hs_addr runtime, struct hs_debug_offsets_header *ret);

#endif
