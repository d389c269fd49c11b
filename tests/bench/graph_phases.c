/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times the passes over the graph of a running process, one line each: "phase nanoseconds cpu nanoseconds peak bytes", then figures. Knows nothing of
 * how they work.
 *
 *     graph_phases [-j N] [-r N] PID      -r: builds the graph so often, prints each time
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"
#include "cleanup.h"
#include "cpython.h"
#include "graph.h"
#include "garbage.h"
#include "heap.h"
#include "layout.h"
#include "object_graph.h"
#include "reach.h"
#include "type.h"
#include "unexplained.h"

static void close_capture(struct hs_capture **capture) { hs_capture_destroy(*capture); }
static void close_layout(struct hs_layout **layout) { hs_layout_destroy(*layout); }
static void close_cpython(struct hs_cpython **py) { hs_cpython_close(*py); }
static void close_types(struct hs_types **types) { hs_types_close(*types); }
static void close_heap(struct hs_heap **heap) { hs_heap_close(*heap); }
static void close_object_graph(struct hs_object_graph **object_graph) { hs_object_graph_destroy(*object_graph); }
static void close_reach(struct hs_reach **reach) { hs_reach_close(*reach); }
static void free_unexplained(struct hs_unexplained_list *list) { hs_array_free(list); }
static void close_graph(struct hs_graph **graph) { hs_graph_destroy(*graph); }

struct clocks {
	uint64_t wall_ns, cpu_ns;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void figure(const char *name, uint64_t value)
{
	printf("%s %" PRIu64 "\n", name, value);
	fflush(stdout);
}

/* The most memory that this process ever had, in bytes. */
static uint64_t peak_bytes(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)usage.ru_maxrss << 10;
}

/* Prints the time since the last lap: of the clock, and of all threads together; and the most memory until now. */
static void lap(const char *name, struct clocks *since)
{
	struct clocks now = { clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_PROCESS_CPUTIME_ID) };

	printf("%s %" PRIu64 " cpu %" PRIu64 " peak %" PRIu64 "\n", name, now.wall_ns - since->wall_ns, now.cpu_ns - since->cpu_ns, peak_bytes());
	fflush(stdout);
	*since = now;
}

static void print_graph(const struct hs_graph *graph)
{
	struct hs_graph_figures figures = hs_graph_figures(graph);

	figure("forward", figures.forward_ns);
	figure("reverse", figures.reverse_ns);
	figure("objects", figures.n_objects);
	figure("nodes", hs_graph_node_count(graph));
	figure("references", figures.n_references);
	figure("edges", figures.n_edges);
	figure("reverse_edges", figures.n_reverse_edges);
	figure("hubs", figures.n_hubs);
}

static void print_object_graph(const struct hs_object_graph *object_graph)
{
	struct hs_object_graph_figures figures = hs_object_graph_figures(object_graph);

	figure("roots", figures.roots_ns);
	figure("dominators", figures.dominators_ns);
	figure("retained", figures.retained_ns);
	figure("exact_roots", figures.n_exact_roots);
	figure("late_roots", figures.n_late_roots);
	figure("reached_perhaps", figures.n_perhaps);
	figure("unreached", figures.n_unreachable);
	figure("unreached_bytes", hs_object_graph_unreachable_bytes(object_graph));
}

/* The simulated collection; then all that is said of cycles; then references that nobody has. */
static struct hs_error *measure_causes(const struct hs_graph *graph, const struct hs_object_graph *object_graph,
				       const struct hs_thread_list *threads, struct clocks *since)
{
	HS_CLEANUP(hs_garbage_deinit) struct hs_garbage garbage = { 0 };
	HS_CLEANUP(hs_cycles_deinit) struct hs_cycle_list reachable = { 0 };
	HS_CLEANUP(free_unexplained) struct hs_unexplained_list unexplained = { 0 };

	HS_TRY(hs_garbage_find(&garbage, graph, object_graph));
	lap("garbage", since);
	HS_TRY(hs_garbage_reachable_cycles(&garbage, &reachable));
	lap("reachable_cycles", since);
	HS_TRY(hs_unexplained_find(graph, threads, &unexplained));
	lap("unexplained", since);
	figure("simulation", garbage.simulation_ns);
	figure("told", garbage.collectable.n_targets);
	figure("garbage_objects", garbage.found.n_objects);
	figure("never_collected", garbage.never.n_objects);
	figure("unexplained_objects", unexplained.n);
	return NULL;
}

static struct hs_error *measure(pid_t pid, unsigned n_workers, unsigned n_builds)
{
	HS_CLEANUP(close_capture) struct hs_capture *capture = NULL;
	HS_CLEANUP(close_layout) struct hs_layout *layout = NULL;
	HS_CLEANUP(close_cpython) struct hs_cpython *py = NULL;
	HS_CLEANUP(close_types) struct hs_types *types = NULL;
	HS_CLEANUP(close_heap) struct hs_heap *heap = NULL;
	HS_CLEANUP(close_graph) struct hs_graph *graph = NULL;
	HS_CLEANUP(close_object_graph) struct hs_object_graph *object_graph = NULL;
	HS_CLEANUP(close_reach) struct hs_reach *reach = NULL;
	const struct hs_capture_options capture_options = { .max_pause_ms = 60000, .n_workers = n_workers };
	const struct hs_layout_options layout_options = { 0 };
	const struct hs_heap_options heap_options = { .n_workers = n_workers };
	struct clocks since = { clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_PROCESS_CPUTIME_ID) };

	HS_TRY(hs_capture_process(pid, &capture_options, &capture));
	HS_TRY(hs_layout_resolve(capture->process, capture->image, &layout_options, &layout));
	HS_TRY(hs_cpython_open(capture->image, layout, &py));
	HS_TRY(hs_types_open(py, &types));
	lap("capture", &since);
	HS_TRY(hs_heap_open(py, types, &heap_options, &heap));
	lap("census", &since);
	for (unsigned i = 0; i < n_builds; i++) {
		hs_graph_destroy(graph);
		graph = NULL;
		HS_TRY(hs_graph_build(heap, n_workers, &graph));
		lap("edges", &since);
	}
	const struct hs_object_graph_options options = { .n_workers = n_workers, .threads = &capture->threads };
	HS_TRY(hs_object_graph_create(graph, &options, &object_graph));
	lap("holders", &since);
	HS_TRY(measure_causes(graph, object_graph, &capture->threads, &since));
	const struct hs_process_heap process_heap = { py, types, heap };
	HS_TRY(hs_reach_open(&process_heap, graph, NULL, &reach));
	lap("paths", &since);
	print_graph(graph);
	print_object_graph(object_graph);
	figure("captured_bytes", hs_image_captured_bytes(capture->image));
	figure("peak_bytes", peak_bytes());
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned n_workers = 0, n_builds = 1;
	int key;

	while ((key = getopt(argc, argv, "j:r:")) == 'j' || key == 'r')
		*(key == 'j' ? &n_workers : &n_builds) = (unsigned)atoi(optarg);
	if (key != -1 || argc - optind != 1) {
		fprintf(stderr, "usage: graph_phases [-j N] [-r N] PID\n");
		return 64;
	}
	struct hs_error *error = measure((pid_t)atoi(argv[optind]), n_workers, n_builds);
	if (!error)
		return 0;
	fprintf(stderr, "graph_phases: %s\n", error->message);
	hs_error_destroy(error);
	return 2;
}
