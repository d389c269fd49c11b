/* SPDX-License-Identifier: Apache-2.0 */
/* A capture from a file: what cores and snapshots have in common. */
#include "capture_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture_opening.h"
#include "cleanup.h"
#include "memory_limit.h"
#include "session.h"
#include "workers.h"

#define TABLES_BYTES ((uint64_t)16 << 20)

static void end_opening(struct hs_opening *opening)
{
	hs_plan_destroy(opening->plan);
	hs_destination_release(&opening->destination);
	hs_capture_destroy(opening->capture);
}

static void report_progress(void *context, uint64_t done_bytes)
{
	const struct hs_opening *opening = context;

	if (opening->options->progress)
		opening->options->progress(opening->options->context, "reading", done_bytes, opening->plan->bytes);
}

static bool is_over(void *context)
{
	(void)context;
	return hs_session_is_cancelled();
}

struct hs_error *hs_opening_read_pages(struct hs_opening *opening, const struct hs_core_pages_options *pages)
{
	const struct hs_capture_file_options *options = opening->options;
	struct hs_core_pages_options all = *pages;
	uint64_t bytes = opening->plan->bytes + TABLES_BYTES;

	all.n_workers = options->n_workers ? options->n_workers : hs_workers_default();
	all.progress = report_progress;
	all.is_over = is_over;
	all.context = opening;
	hs_memory_die_first();
	HS_TRY(hs_memory_check(bytes, bytes / 100 * options->work_percent));
	HS_TRY(hs_destination_reserve(&opening->destination, opening->plan));
	hs_destination_advise(opening->plan);
	return hs_core_pages_read(opening->core, opening->plan, &all, &opening->lost_bytes);
}

static struct hs_error *open_source(struct hs_opening *opening, struct hs_file_source *source)
{
	struct hs_core_file *core;

	HS_TRY(hs_core_file_read(source, &core));
	return core->snapshot_mark || core->snapshot_content ? hs_opening_snapshot(opening, core) : hs_opening_core(opening, core);
}

struct hs_error *hs_capture_open_source(struct hs_file_source *source, const struct hs_capture_file_options *options, struct hs_capture **ret)
{
	HS_CLEANUP(end_opening) struct hs_opening opening = { .options = options, .capture = calloc(1, sizeof(*opening.capture)) };

	if (opening.capture)
		opening.capture->file = strdup(options->path);
	if (!opening.capture || !opening.capture->file) {
		hs_file_source_close(source);
		return hs_error_no_memory();
	}
	struct hs_error *error = open_source(&opening, source);
	if (error && error->code == HS_ERROR_CANCELLED)
		hs_capture_cancel_not();
	HS_TRY(error);
	*ret = hs_take(opening.capture);
	return NULL;
}

struct hs_error *hs_capture_open(const struct hs_capture_file_options *options, struct hs_capture **ret)
{
	struct hs_file_source *source = NULL;

	HS_TRY(hs_file_source_open(options->path, &source));
	struct hs_error *error = hs_capture_open_source(source, options, ret);
	return error ? hs_error_wrap(error, "%s", options->path) : NULL;
}

bool hs_capture_file_name(const char *source, char **ret_path, char **ret_exe)
{
	const char *colon = strrchr(source, ':');
	HS_FREE char *path = strdup(source);
	HS_FREE char *exe = NULL;

	if (path && access(path, F_OK) && colon && colon[1]) {
		path[colon - source] = '\0';
		exe = strdup(colon + 1);
	}
	if (!path || !*path || access(path, F_OK))
		return false;
	*ret_path = hs_take(path);
	*ret_exe = hs_take(exe);
	return true;
}
