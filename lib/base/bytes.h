/* SPDX-License-Identifier: Apache-2.0 */
/* A growing buffer of bytes, for formats that are made in memory. Knows no format. */
#ifndef HS_BYTES_H
#define HS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "array.h"

HS_ARRAY_TYPE(hs_bytes, uint8_t);

/* Appends `n` bytes of `data`; NULL: zeros. False when memory is out; nothing changes then. */
bool hs_bytes_append(struct hs_bytes *bytes, const void *data, size_t n);
/* Appends zeros up to the next multiple of `alignment`. */
bool hs_bytes_align(struct hs_bytes *bytes, size_t alignment);

static inline void hs_cleanup_bytes(struct hs_bytes *bytes)
{
	hs_array_free(bytes);
}

#endif
