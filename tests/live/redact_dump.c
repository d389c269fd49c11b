/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redacts a capture of a process and writes what is decoded before and after, a line each, so that a comparison of the two files finds
 * what redaction has lost or made up; and the bytes of the redacted image, for a search of what must not be there.
 *
 *     redact_dump [--all] [--no-dwarf] PID BEFORE AFTER BYTES
 *
 * Lines: of objects (address, type, sizes, reference count, references by target, relation and name), roots, words elsewhere, the
 * collector, the allocators. Names are left out with --all.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "collector.h"
#include "graph.h"
#include "late_roots.h"
#include "layout_text.h"
#include "process_heap.h"
#include "redact.h"
#include "repr.h"
#include "thread.h"
#include "thread_starts.h"
#include "tracemalloc.h"
#include "unexplained.h"
#include "usage.h"

struct writer {
	FILE *out;
	const struct hs_process_heap *opened;
	const struct hs_graph *graph;
	bool has_names;
};

static void close_layout(struct hs_layout **layout) { hs_layout_destroy(*layout); }
static void close_heap(struct hs_process_heap **heap) { hs_process_heap_close(*heap); }
static void close_capture(struct hs_capture **capture) { hs_capture_destroy(*capture); }
static void close_graph(struct hs_graph **graph) { hs_graph_destroy(*graph); }
static void free_late(struct hs_late_roots *roots) { hs_array_free(roots); }
static void free_unexplained(struct hs_unexplained_list *list) { hs_array_free(list); }

static bool write_edge(void *context, const struct hs_graph_edge *edge)
{
	struct writer *writer = context;

	fprintf(writer->out, " %" HS_PRI_ADDR ":%u:%u:%s", hs_graph_address(writer->graph, edge->target), edge->relation, edge->kind,
		edge->run->name && writer->has_names ? edge->run->name : "");
	return true;
}

static void write_object(struct writer *writer, hs_node node)
{
	struct hs_heap_object entry;

	if (!hs_graph_object(writer->graph, node, &entry))
		return;
	const struct hs_type *type = entry.object.type;
	fprintf(writer->out, "object %" HS_PRI_ADDR " %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %d %" PRIx64 " length ", entry.object.address,
		writer->has_names ? hs_type_full_name(writer->opened->types, type) : type->kind->tp_name, entry.block_bytes, entry.storage_bytes,
		entry.getsizeof_bytes, entry.is_gc_tracked, HS_BODY(writer->opened->py, &entry.object, PyObject, ob_refcnt));
	uint64_t length = 0;
	if (hs_object_length(writer->opened->py, &entry.object, &length))
		fprintf(writer->out, "%" PRIu64, length);
	hs_graph_each_edge(writer->graph, node, write_edge, writer);
	fputc('\n', writer->out);
}

static void write_root(void *context, const struct hs_root *root)
{
	struct writer *writer = context;

	if (hs_graph_node_at(writer->graph, root->address) != HS_NO_NODE)
		fprintf(writer->out, "root %d %" HS_PRI_ADDR " %u %u %s %" HS_PRI_ADDR " %" HS_PRI_ADDR " line %d\n", root->kind, root->address,
			root->relation, root->edge_kind, root->name ? root->name : "", root->name_object, root->where,
			root->frame ? hs_frame_line(writer->opened->py, root->frame) : 0);
}

static struct hs_error *write_late(struct writer *writer, const struct hs_capture *capture)
{
	HS_CLEANUP(free_late) struct hs_late_roots late = { 0 };
	HS_CLEANUP(free_unexplained) struct hs_unexplained_list list = { 0 };

	HS_TRY(hs_late_roots_find(writer->graph, &capture->threads, &late));
	for (size_t i = 0; i < late.n; i++)
		fprintf(writer->out, "late %u %d %" HS_PRI_ADDR " %" HS_PRI_ADDR "\n", late.items[i].kind, late.items[i].tid,
			hs_graph_address(writer->graph, late.items[i].node), late.items[i].where);
	HS_TRY(hs_unexplained_find(writer->graph, &capture->threads, &list));
	for (size_t i = 0; i < list.n; i++)
		fprintf(writer->out, "unexplained %" HS_PRI_ADDR " %" PRIu64 " %" PRIu64 " %d %" HS_PRI_ADDR "\n",
			hs_graph_address(writer->graph, list.items[i].node), list.items[i].refcount, list.items[i].n_found, list.items[i].place,
			list.items[i].where);
	return NULL;
}

static struct hs_error *write_collectors(struct writer *writer)
{
	const struct hs_cpython *py = writer->opened->py;
	struct hs_collector collector;

	for (size_t i = 0; i < py->interpreters.n; i++) {
		HS_TRY(hs_collector_read(py, i, &collector));
		fprintf(writer->out, "collector %zu enabled %d frozen %" PRIu64 " whole %d long %" PRIu64 "\n", i, collector.is_enabled, collector.n_frozen,
			collector.lists_are_whole, collector.n_long_lived);
		for (unsigned k = 0; k < HS_N_GENERATIONS; k++)
			fprintf(writer->out, "generation %d %d %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", collector.generations[k].threshold,
				collector.generations[k].count, collector.generations[k].n_objects, collector.generations[k].collections,
				collector.generations[k].collected);
	}
	return NULL;
}

static void write_range(void *context, const struct hs_used_range *range)
{
	struct writer *writer = context;

	fprintf(writer->out, "range %" HS_PRI_ADDR " %" HS_PRI_ADDR, range->start, range->end);
	for (unsigned i = 0; i < HS_N_USES; i++)
		fprintf(writer->out, " %" PRIu64, range->bytes[i]);
	fputc('\n', writer->out);
}

static void write_usage(struct writer *writer)
{
	const struct hs_heap_figures *figures = hs_heap_figures(writer->opened->heap);
	struct hs_usage_figures usage;
	struct hs_overheads overheads;

	hs_heap_usage(writer->opened->heap, write_range, writer, &usage);
	hs_heap_overheads(writer->opened->heap, &overheads);
	fprintf(writer->out, "usage %" PRIu64 " freelist, %" PRIu64 " system, %" PRIu64 " tcache, %" PRIu64 " fastbin, %" PRIu64 " top, %" PRIu64 " mapped\n",
		usage.n_freelist, usage.system_bytes, usage.tcache_bytes, usage.fastbin_bytes, usage.top_bytes, usage.mapped_bytes);
	fprintf(writer->out, "overheads %" PRIu64 " %" PRIu64 "\n", overheads.list_spare_bytes, overheads.dict_spare_bytes);
	fprintf(writer->out, "figures %" PRIu64 " objects %" PRIu64 " swept %" PRIu64 " live %" PRIu64 " chunks %" PRIu64 " explained %" PRIu64 " runtime %"
			     PRIu64 " unreadable %u broken\n", figures->n_objects, figures->n_swept, figures->live_pool_bytes, figures->chunk_bytes,
		figures->explained_pool_bytes, figures->runtime_bytes, figures->n_unreadable, figures->n_broken_pools);
}

static void write_trace(void *context, const struct hs_trace *trace)
{
	struct writer *writer = context;
	struct hs_traceback traceback;

	fprintf(writer->out, "trace %" HS_PRI_ADDR " %" PRIu64, trace->block, trace->bytes);
	for (uint32_t i = 0; hs_traceback_read(writer->opened->py, trace->traceback, &traceback) && i < traceback.n; i++)
		fprintf(writer->out, " %u", hs_traceback_frame(writer->opened->py, &traceback, i).line);
	fputc('\n', writer->out);
}

static void write_traces(struct writer *writer)
{
	struct hs_tracemalloc tracemalloc;
	struct hs_traces_walked walked;

	hs_tracemalloc_read(writer->opened->py, &tracemalloc);
	fprintf(writer->out, "tracemalloc %d %d %" PRIu64 " %" PRIu64 "\n", tracemalloc.is_known, tracemalloc.is_tracing, tracemalloc.traced_bytes,
		tracemalloc.peak_bytes);
	if (tracemalloc.is_tracing && tracemalloc.is_known)
		hs_traces_each(writer->opened->py, &tracemalloc, write_trace, writer, &walked);
}

static struct hs_error *write_threads(struct writer *writer)
{
	struct hs_thread_states threads = { 0 };

	HS_TRY(hs_thread_states_read(writer->opened->py, writer->opened->types, &threads));
	for (size_t i = 0; i < threads.n; i++)
		fprintf(writer->out, "thread %" HS_PRI_ADDR " object %" HS_PRI_ADDR " name %" HS_PRI_ADDR " %" PRIx64 " %" PRIu64 "\n",
			threads.items[i].address, threads.items[i].object, threads.items[i].name, threads.items[i].ident, threads.items[i].native_ident);
	hs_array_free(&threads);
	return NULL;
}

static struct hs_error *write_decoded(const char *path, const struct hs_capture *capture, const struct hs_process_heap *opened, bool has_names)
{
	HS_CLEANUP(close_graph) struct hs_graph *graph = NULL;
	HS_FCLOSE FILE *out = fopen(path, "w");

	if (!out)
		return hs_error_new(HS_ERROR_INVALID, "%s cannot be written", path);
	HS_TRY(hs_graph_build(opened->heap, 0, &graph));
	struct writer writer = { .out = out, .opened = opened, .graph = graph, .has_names = has_names };
	for (hs_node node = 0; node < hs_graph_node_count(graph); node++)
		write_object(&writer, node);
	HS_TRY(hs_heap_roots_visit(opened->heap, write_root, &writer));
	HS_TRY(write_late(&writer, capture));
	HS_TRY(write_collectors(&writer));
	HS_TRY(write_threads(&writer));
	write_usage(&writer);
	write_traces(&writer);
	return NULL;
}

static struct hs_error *write_bytes(const char *path, const struct hs_capture *capture)
{
	HS_FCLOSE FILE *out = fopen(path, "wb");
	size_t n;
	const struct hs_segment *segments = hs_image_segments(capture->image, &n);

	if (!out)
		return hs_error_new(HS_ERROR_INVALID, "%s cannot be written", path);
	for (size_t i = 0; i < n; i++)
		for (hs_addr page = segments[i].start; page < segments[i].end; page += HS_PAGE_BYTES)
			if (hs_image_at(capture->image, page, HS_PAGE_BYTES))
				fwrite(hs_image_at(capture->image, page, HS_PAGE_BYTES), HS_PAGE_BYTES, 1, out);
	fwrite(capture->process->script, strlen(capture->process->script), 1, out);
	for (size_t i = 0; i < capture->process->mappings.n; i++)
		fprintf(out, "%s\n", capture->process->mappings.items[i].path);
	for (size_t i = 0; i < capture->threads.n; i++)
		fwrite(&capture->threads.items[i].registers, sizeof(capture->threads.items[i].registers), 1, out);
	return NULL;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct hs_error *run(pid_t pid, enum hs_redaction what, const struct hs_layout_options *layout_options, char **paths)
{
	const struct hs_capture_options capture_options = { .max_pause_ms = 60000 };
	const struct hs_heap_options heap_options = { 0 };
	HS_CLEANUP(close_capture) struct hs_capture *capture = NULL;
	HS_CLEANUP(close_layout) struct hs_layout *layout = NULL;
	HS_CLEANUP(close_layout) struct hs_layout *again = NULL;
	HS_CLEANUP(close_capture) struct hs_capture *redacted = NULL;
	HS_CLEANUP(close_heap) struct hs_process_heap *before = NULL;
	HS_CLEANUP(close_heap) struct hs_process_heap *after = NULL;

	HS_TRY(hs_capture_process(pid, &capture_options, &capture));
	HS_TRY(hs_layout_resolve(capture->process, capture->image, layout_options, &layout));
	HS_TRY(hs_process_heap_open(capture->image, layout, &heap_options, &before));
	uint64_t begin = now_ns();
	HS_TRY(hs_redact(before, capture, what, &redacted));
	fprintf(stderr, "redacted %zu MiB in %" PRIu64 " ms\n", hs_image_captured_bytes(capture->image) >> 20, (now_ns() - begin) / 1000000);
	if (!paths[0])
		return NULL;
	HS_TRY(write_decoded(paths[0], capture, before, what == HS_REDACT_VALUES));
	/* as from a file: what the layout says must be proven again */
	HS_FREE char *text = hs_layout_text(layout);
	HS_TRY(hs_layout_of_text(text ? text : "", redacted->image, &again));
	HS_TRY(hs_process_heap_open(redacted->image, again, &heap_options, &after));
	HS_TRY(write_decoded(paths[1], redacted, after, what == HS_REDACT_VALUES));
	return write_bytes(paths[2], redacted);
}

int main(int argc, char **argv)
{
	static const struct option known[] = { { "all", no_argument, NULL, 'a' }, { "no-dwarf", no_argument, NULL, 'd' }, { 0 } };
	struct hs_layout_options layout_options = { 0 };
	enum hs_redaction what = HS_REDACT_VALUES;
	int key;

	while ((key = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (key == 'a')
			what = HS_REDACT_ALL;
		else if (key == 'd')
			layout_options.no_dwarf = true;
		else
			return 64;
	}
	if (argc - optind != 4 && argc - optind != 1) {
		fprintf(stderr, "usage: redact_dump [--all] [--no-dwarf] PID [BEFORE AFTER BYTES]\n");
		return 64;
	}
	struct hs_error *error = run((pid_t)atoi(argv[optind]), what, &layout_options, argv + optind + 1);
	if (error) {
		fprintf(stderr, "redact_dump: %s\n", error->message);
		hs_error_destroy(error);
	}
	return error ? 1 : 0;
}
