/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the seeds of fuzz_core: core_seed CORE SNAPSHOT. */
#include <stdio.h>

#include "capture_file.h"
#include "fake_core.h"
#include "snapshot_write.h"

int main(int argc, char **argv)
{
	const struct hs_capture_file_options opening = { .path = argv[1], .n_workers = 1 };
	const struct hs_snapshot_options writing = { .path = argv[2], .is_replacing = true, .n_workers = 1 };
	struct hs_snapshot_figures figures;
	struct hs_capture *capture = NULL;
	struct fake_core fake;
	FILE *file = argc == 3 ? fopen(argv[1], "wb") : NULL;

	if (!file)
		return 1;
	fake_core_make(&fake);
	size_t n = fwrite(fake.bytes, 1, fake.n_bytes, file);
	if (fclose(file) || n != fake.n_bytes)
		return 1;
	fake_core_free(&fake);
	struct hs_error *error = hs_capture_open(&opening, &capture);
	if (!error)
		error = hs_snapshot_write(capture, &writing, &figures);
	if (error)
		fprintf(stderr, "%s\n", error->message);
	hs_capture_destroy(capture);
	return error != NULL;
}
