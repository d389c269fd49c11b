/* SPDX-License-Identifier: Apache-2.0 */
/* Reading _Py_DebugOffsets: u64 words after an eight-byte cookie. */
#include "debug_offsets.h"

#include <string.h>

bool hs_debug_offsets_header(const struct hs_image *image, hs_addr runtime, struct hs_debug_offsets_header *ret)
{
	uint64_t words[3];

	if (!runtime || !hs_image_read(image, runtime, words, sizeof(words)) || memcmp(words, "xdebugpy", 8) ||
	    words[1] > UINT32_MAX || words[2] > 1)
		return false;
	*ret = (struct hs_debug_offsets_header){ .version_hex = (uint32_t)words[1], .is_free_threaded = words[2] == 1 };
	return true;
}
