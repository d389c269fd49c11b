/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long the passes over a process's pools take, on one thread and on all.
 *
 *     pass_times PID        prints "<blocks> <sweep ns> <visit ns>", a line for one thread, then one for all
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture.h"
#include "cleanup.h"
#include "heap.h"
#include "workers.h"

static void close_layout(struct hs_layout **layout) { hs_layout_destroy(*layout); }
static void close_cpython(struct hs_cpython **py) { hs_cpython_close(*py); }
static void close_types(struct hs_types **types) { hs_types_close(*types); }
static void close_heap(struct hs_heap **heap) { hs_heap_close(*heap); }
static void close_capture(struct hs_capture **capture) { hs_capture_destroy(*capture); }

static struct hs_error *time_passes(const struct hs_cpython *py, unsigned n_workers)
{
	HS_CLEANUP(close_types) struct hs_types *types = NULL;
	HS_CLEANUP(close_heap) struct hs_heap *heap = NULL;
	const struct hs_heap_options options = { .n_workers = n_workers };

	HS_TRY(hs_types_open(py, &types));
	HS_TRY(hs_heap_open(py, types, &options, &heap));
	const struct hs_heap_figures *figures = hs_heap_figures(heap);
	printf("%" PRIu32 " %" PRIu64 " %" PRIu64 "\n", figures->n_pool_blocks, figures->sweep_ns, figures->visit_ns);
	return NULL;
}

static struct hs_error *run(pid_t pid)
{
	HS_CLEANUP(close_capture) struct hs_capture *capture = NULL;
	HS_CLEANUP(close_layout) struct hs_layout *layout = NULL;
	HS_CLEANUP(close_cpython) struct hs_cpython *py = NULL;
	const struct hs_capture_options capture_options = { .max_pause_ms = 60000 };
	const struct hs_layout_options layout_options = { 0 };

	HS_TRY(hs_capture_process(pid, &capture_options, &capture));
	HS_TRY(hs_layout_resolve(capture->process, capture->image, &layout_options, &layout));
	HS_TRY(hs_cpython_open(capture->image, layout, &py));
	HS_TRY(time_passes(py, 1));
	return time_passes(py, hs_workers_default());
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: pass_times PID\n");
		return 64;
	}
	struct hs_error *error = run((pid_t)atoi(argv[1]));
	if (!error)
		return 0;
	fprintf(stderr, "pass_times: %s\n", error->message);
	hs_error_destroy(error);
	return 1;
}
