/* SPDX-License-Identifier: Apache-2.0 */
/* Cores and snapshots under arbitrary bytes: whatever is opened has an image in order, whose every byte can be read. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "capture_opening.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void read_whole(const struct hs_image *image)
{
	size_t n;
	const struct hs_segment *segments = hs_image_segments(image, &n);
	volatile uint8_t sum = 0;
	hs_addr floor = 0;

	for (size_t i = 0; i < n; i++) {
		struct hs_image_piece piece;
		if (segments[i].start < floor || segments[i].start >= segments[i].end)
			abort();
		floor = segments[i].end;
		for (hs_addr at = segments[i].start; hs_image_next_piece(image, &at, segments[i].end, &piece);)
			sum ^= ((const uint8_t *)piece.data)[0] ^ ((const uint8_t *)piece.data)[piece.bytes - 1];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	/* no file of this host is one of the core's */
	const struct hs_capture_file_options options = { .path = "core", .lib_search_root = "/nowhere", .n_workers = 1 };
	struct hs_file_source *source;
	struct hs_capture *capture;
	struct hs_error *error = hs_file_source_of_memory(data, bytes, &source);

	if (!error)
		error = hs_capture_open_source(source, &options, &capture);
	if (error) {
		if (!error->message || error->code == HS_ERROR_FAULT || error->code == HS_ERROR_INVALID)
			abort();
		hs_error_destroy(error);
		return 0;
	}
	read_whole(capture->image);
	for (size_t i = 0; i < capture->process->mappings.n; i++)
		if (!capture->process->mappings.items[i].path || capture->process->mappings.items[i].permissions[4])
			abort();
	hs_capture_destroy(capture);
	return 0;
}
