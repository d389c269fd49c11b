/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an address is an object of one builtin type, for words whose meaning is only presumed. */
#ifndef HS_EXACT_TYPE_H
#define HS_EXACT_TYPE_H

#include <string.h>

#include "cpython.h"

#define HS_EXACT_TYPE_BYTES 16

/* True if what stands at `address` says that its type is called `tp_name` (shorter than HS_EXACT_TYPE_BYTES). */
static inline bool hs_is_exactly(const struct hs_cpython *py, hs_addr address, const char *tp_name)
{
	const struct hs_layout *layout = py->layout;
	hs_addr type = hs_image_word(py->image, address + (uint32_t)HS_OFFSET(layout, PyObject, ob_type));
	hs_addr name = type ? hs_image_word(py->image, type + (uint32_t)HS_OFFSET(layout, PyTypeObject, tp_name)) : 0;
	size_t bytes = strlen(tp_name) + 1;
	char text[HS_EXACT_TYPE_BYTES];

	return name && bytes <= sizeof(text) && hs_image_read(py->image, name, text, bytes) && memcmp(text, tp_name, bytes) == 0;
}

#endif
