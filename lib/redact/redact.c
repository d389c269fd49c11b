/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of the passes. Names are found first, from the whole image; then each pass writes its part into the zeros. No pass takes
 * anything back: what must not be there is never written.
 */
#include "redact.h"

#include <stdlib.h>

#include "cleanup.h"
#include "redact_internal.h"

static void deinit(struct redaction *redaction)
{
	for (unsigned i = 0; redaction->workers && i < redaction->heap->n_workers; i++)
		hs_array_free(&redaction->workers[i].owned);
	free(redaction->workers);
	hs_array_free(&redaction->owned);
	type_rules_deinit(&redaction->rules);
	address_marks_deinit(&redaction->names);
	address_marks_deinit(&redaction->paths);
	address_marks_deinit(&redaction->numbers);
	address_marks_deinit(&redaction->seen);
	blank_image_deinit(&redaction->blank);
	pthread_mutex_destroy(&redaction->strings_lock);
}

static struct hs_error *init(struct redaction *redaction)
{
	const struct hs_image *image = redaction->py->image;
	size_t bytes = redaction->heap->n_workers * sizeof(*redaction->workers);

	redaction->n_words_left = MAX_VISITS_PER_WORD * hs_image_mapped_bytes(image) / sizeof(uint64_t);
	redaction->workers = aligned_alloc(WORKER_ALIGNMENT, bytes);
	if (!redaction->workers)
		return hs_error_no_memory();
	memset(redaction->workers, 0, bytes);
	HS_TRY(address_marks_init(&redaction->names, image));
	HS_TRY(address_marks_init(&redaction->paths, image));
	HS_TRY(address_marks_init(&redaction->numbers, image));
	HS_TRY(address_marks_init(&redaction->seen, image));
	HS_TRY(type_rules_init(&redaction->rules, image, redaction->layout, redaction->heap->types));
	return blank_image_init(&redaction->blank, image);
}

static struct hs_error *redact_image(struct redaction *redaction)
{
	HS_TRY(redact_find_names(redaction));
	HS_TRY(redact_objects(redaction));
	HS_TRY(redact_allocators(redaction));
	HS_TRY(redact_native(redaction));
	redact_runtime(redaction);
	redact_traces(redaction);
	return NULL;
}

static void destroy_capture(struct hs_capture **capture)
{
	hs_capture_destroy(*capture);
}

struct hs_error *hs_redact(const struct hs_process_heap *opened, const struct hs_capture *capture, enum hs_redaction what, struct hs_capture **ret)
{
	HS_CLEANUP(deinit) struct redaction redaction = {
		.heap = opened->heap, .py = opened->py, .layout = opened->py->layout, .capture = capture, .what = what,
		.strings_lock = PTHREAD_MUTEX_INITIALIZER,
	};
	HS_CLEANUP(destroy_capture) struct hs_capture *redacted = calloc(1, sizeof(*redacted));

	if (!redacted)
		return hs_error_no_memory();
	HS_TRY(init(&redaction));
	HS_TRY(redact_image(&redaction));
	HS_TRY(redact_capture(&redaction, redacted));
	redacted->image = blank_image_take(&redaction.blank);
	*ret = hs_take(redacted);
	return NULL;
}
