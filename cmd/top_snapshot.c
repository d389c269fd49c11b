/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the browser's sample as a snapshot, as `heapspy snapshot` does; the target is not looked at again. */
#include "top_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"
#include "figures.h"
#include "layout_text.h"
#include "snapshot_name.h"
#include "snapshot_write.h"

static void on_progress(void *context, const char *phase, uint64_t done, uint64_t all)
{
	struct hs_invocation *invocation = context;

	hs_progress_update(&invocation->progress, phase, done, all);
}

static bool is_cancelled(void *context)
{
	const struct hs_invocation *invocation = context;

	return hs_is_cancelled(invocation->cancel);
}

/* The capture as it was taken: the pauses of earlier samples are not its own. */
static struct hs_capture capture_of(const struct hs_top_sampling *sampling)
{
	struct hs_capture capture = *sampling->source.invocation->capture;
	size_t n_before = sampling->n_pauses_before < capture.pauses_ns.n ? sampling->n_pauses_before : 0;

	capture.pause_ns = sampling->last_pause_ns;
	if (n_before) {
		capture.pauses_ns.items += n_before;
		capture.pauses_ns.n -= n_before;
	}
	return capture;
}

struct hs_error *hs_top_snapshot_save(const struct hs_top_sampling *sampling, const char *path, char *ret, size_t ret_bytes)
{
	struct hs_invocation *invocation = sampling->source.invocation;
	const struct hs_capture capture = capture_of(sampling);
	HS_FREE char *name = hs_snapshot_name(path, invocation->source.pid, capture.utc, false);
	HS_FREE char *layout = hs_layout_text(invocation->layout);
	struct hs_snapshot_figures figures;
	char size[HS_FIGURE_BYTES];

	if (!name || !layout)
		return hs_error_no_memory();
	if (!invocation->heap || !capture.image)
		return hs_error_new(HS_ERROR_GONE, "the last sample was broken off, and the one before is gone");
	const struct hs_snapshot_options options = {
		.path = name, .is_packed = hs_snapshot_name_is_packed(name), .n_workers = invocation->source.capture.n_workers, .layout_text = layout,
		.redaction = capture.is_redacted ? HS_REDACT_VALUES : HS_REDACT_NONE,
		.progress = on_progress, .is_cancelled = is_cancelled, .context = invocation,
	};
	HS_TRY(hs_snapshot_write(&capture, &options, &figures));
	HS_FREE char *safe = malloc(4 * strlen(name) + 8);
	if (safe)
		hs_escape(safe, 4 * strlen(name) + 8, name, strlen(name));
	snprintf(ret, ret_bytes, "saved: %s, %s", safe ? safe : "", hs_text_size(size, figures.file_bytes));
	return NULL;
}
