/* SPDX-License-Identifier: Apache-2.0 */
/* Following the chunks that a thread keeps frames in. Knows nothing of frames. */
#include "data_stack.h"

#define MAX_CHUNKS 4096 /* each is at least as large as four pages, and they grow with what a call needs */

void hs_data_stack_each(const struct hs_cpython *py, hs_addr thread, void (*each)(void *context, hs_addr start, hs_addr end), void *context)
{
	const struct hs_layout *layout = py->layout;

	if (!HS_HAS(layout, PyThreadState, datastack_chunk))
		return;
	hs_addr chunk = hs_image_word(py->image, thread + (uint32_t)HS_OFFSET(layout, PyThreadState, datastack_chunk));
	for (unsigned i = 0; chunk && i < MAX_CHUNKS; i++) {
		const struct hs_segment *segment = hs_image_find(py->image, chunk);
		uint64_t bytes = hs_image_word(py->image, chunk + (uint32_t)HS_OFFSET(layout, PyStackChunk, size));
		if (!segment || !bytes || bytes > segment->end - chunk)
			return;
		each(context, chunk, chunk + bytes);
		chunk = hs_image_word(py->image, chunk + (uint32_t)HS_OFFSET(layout, PyStackChunk, previous));
	}
}
