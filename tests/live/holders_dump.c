/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes who holds what, object by object, for comparison with what becomes of a target that lets go of something.
 *
 *     holders_dump PID FILE      a line an object: address, bytes, retained bytes, retained objects, holder, how it is reached, type
 */
#include <stdio.h>
#include <stdlib.h>

#include "capture.h"
#include "cleanup.h"
#include "graph.h"
#include "layout.h"
#include "object_graph.h"
#include "process_heap.h"

static void close_capture(struct hs_capture **capture) { hs_capture_destroy(*capture); }
static void close_layout(struct hs_layout **layout) { hs_layout_destroy(*layout); }
static void close_heap(struct hs_process_heap **heap) { hs_process_heap_close(*heap); }
static void close_graph(struct hs_graph **graph) { hs_graph_destroy(*graph); }
static void close_object_graph(struct hs_object_graph **object_graph) { hs_object_graph_destroy(*object_graph); }

static void write_objects(FILE *out, const struct hs_graph *graph, const struct hs_object_graph *object_graph)
{
	static const char *const reached[] = { "not", "exactly", "perhaps", "nothing" };

	for (hs_node node = 0; node < hs_graph_node_count(graph); node++) {
		hs_node holder = hs_object_graph_holder(object_graph, node);
		const struct hs_type *type = hs_graph_type(graph, node);
		char name[256];
		if (!type)
			continue;
		hs_type_name(hs_graph_python(graph), type, name, sizeof(name));
		fprintf(out, "%" HS_PRI_ADDR " %" PRIu64 " %" PRIu64 " %" PRIu32 " %" HS_PRI_ADDR " %s %s\n", hs_graph_address(graph, node),
			hs_graph_bytes(graph, node), hs_object_graph_retained_bytes(object_graph, node),
			hs_object_graph_retained_count(object_graph, node), holder == HS_NO_NODE ? 0 : hs_graph_address(graph, holder),
			reached[hs_object_graph_reached(object_graph, node)], name);
	}
}

static struct hs_error *dump(pid_t pid, FILE *out)
{
	HS_CLEANUP(close_capture) struct hs_capture *capture = NULL;
	HS_CLEANUP(close_layout) struct hs_layout *layout = NULL;
	HS_CLEANUP(close_heap) struct hs_process_heap *heap = NULL;
	HS_CLEANUP(close_graph) struct hs_graph *graph = NULL;
	HS_CLEANUP(close_object_graph) struct hs_object_graph *object_graph = NULL;
	const struct hs_capture_options capture_options = { .max_pause_ms = 60000 };
	const struct hs_layout_options layout_options = { 0 };

	HS_TRY(hs_capture_process(pid, &capture_options, &capture));
	HS_TRY(hs_layout_resolve(capture->process, capture->image, &layout_options, &layout));
	HS_TRY(hs_process_heap_open(capture->image, layout, NULL, &heap));
	HS_TRY(hs_graph_build(heap->heap, 0, &graph));
	const struct hs_object_graph_options options = { .threads = &capture->threads };
	HS_TRY(hs_object_graph_create(graph, &options, &object_graph));
	write_objects(out, graph, object_graph);
	return NULL;
}

int main(int argc, char **argv)
{
	HS_FCLOSE FILE *out = argc == 3 ? fopen(argv[2], "w") : NULL;

	if (!out) {
		fprintf(stderr, "usage: holders_dump PID FILE\n");
		return 64;
	}
	struct hs_error *error = dump((pid_t)atoi(argv[1]), out);
	if (!error)
		return 0;
	fprintf(stderr, "holders_dump: %s\n", error->message);
	hs_error_destroy(error);
	return 2;
}
