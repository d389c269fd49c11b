/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a graph. Threads take runs of nodes in turn; each appends to an array of its own, and notes where each run
 * begins. When all are done, the runs are put in order. Nothing is visited twice, nothing is hashed.
 *
 *     worker 0   | run 0 … | run 3 … |            targets   | run 0 … | run 1 … | run 2 … | run 3 … |
 *     worker 1   | run 1 … | run 2 … |     ──►
 */
#include "graph_visit.h"

#include "dict.h"
#include "number.h"
#include "pages.h"
#include "workers.h"

#define POOLS_PER_RUN 32
#define OUTSIDE_PER_RUN 64
#define MAX_RUN_EDGES UINT32_MAX /* so that they fit in a group of rows, too */

/* The rows of neighbouring nodes, as a worker made them. */
struct run {
	unsigned worker;
	size_t first, n;               /* in the worker's targets; later: `first` among all */
	size_t first_extra, n_extras;
	uint64_t base, extra_base;     /* where they go */
};

struct edge_worker {
	_Alignas(WORKER_ALIGNMENT) struct hs_graph *graph;
	struct worker *heap_worker; /* its cache of types */
	struct target_list targets;
	HS_ARRAY(struct hs_large_size) large;
	HS_ARRAY(uint64_t) extras;  /* edges counted from the run's first */
	size_t run_start, row_start, first_extra;
	uint64_t n_references;
	struct visit_budget budget;
	uint64_t n_rows;            /* objects that refer to something */
	uint64_t storage_bytes;
	const void *weak_word;      /* of the object being visited, if it is not in a pool's block alone */
	const struct hs_object *object;
	bool knows_weak_word;
	bool is_index;              /* it owns nothing of what it refers to but what is immortal */
	bool out_of_memory, too_many;
	struct hs_visitor visitor;
	struct known_nodes known;
};

struct pass {
	struct hs_graph *graph;
	struct edge_worker *workers;
	struct run *runs;
	size_t n_pool_runs, n_runs;
};

/* Counts `n` more references for the edge stored last. */
static void add_extra(struct edge_worker *worker, uint64_t n)
{
	uint64_t edge = worker->targets.n - 1 - worker->run_start;

	if (edge >= MAX_EDGES) {
		worker->too_many = true;
		return;
	}
	while (n) {
		uint64_t *last = worker->extras.n > worker->first_extra ? &worker->extras.items[worker->extras.n - 1] : NULL;
		uint64_t room = last && *last >> EXTRA_BITS == edge ? MAX_EXTRA - (*last & MAX_EXTRA) : 0;
		if (!room) {
			uint64_t *slot = hs_array_append(&worker->extras);
			if (!slot) {
				worker->out_of_memory = true;
				return;
			}
			*slot = edge << EXTRA_BITS;
			continue;
		}
		*last += n < room ? n : room;
		n -= n < room ? n : room;
	}
}

/* Makes room for `n` more targets. */
static inline bool reserve(struct edge_worker *worker, size_t n)
{
	bool has_room = target_list_reserve(&worker->targets, n);

	worker->out_of_memory |= !has_room;
	return has_room;
}

static inline void add_target(struct edge_worker *worker, hs_node node)
{
	size_t n = worker->targets.n;

	worker->n_references++;
	if (n > worker->row_start && worker->targets.items[n - 1] == node) {
		add_extra(worker, 1);
		return;
	}
	worker->targets.items[n] = node;
	worker->targets.n = n + 1;
}

/* How many words from `at` on, `n` at most, are the same as the first. */
static size_t same_words(const uint8_t *at, size_t n, size_t stride, uint64_t word)
{
	size_t i = 1;

	while (i < n && word_at(at + i * stride) == word)
		i++;
	return i;
}

/* An index of strings owns those that will never go: nobody else need hold them. */
static void add_immortal(struct edge_worker *worker, const struct hs_reference_run *run)
{
	const uint8_t *at = run->words;

	for (size_t i = 0; i < run->n; i++, at += run->stride) {
		hs_node node = graph_is_immortal(worker->graph, word_at(at)) ? graph_find_node(worker->graph, &worker->known, word_at(at)) : HS_NO_NODE;
		if (node == HS_NO_NODE)
			continue;
		if (!reserve(worker, 1))
			return;
		add_target(worker, node);
	}
}

static void add_references(void *context, const struct hs_reference_run *run)
{
	struct edge_worker *worker = context;
	const uint8_t *at = run->words;
	const uint64_t tag_mask = ~(uint64_t)run->tag_mask;

	if (worker->is_index && run->kind == HS_EDGE_VALUE && visit_budget_take(&worker->budget, &worker->visitor, run->n)) {
		add_immortal(worker, run);
		return;
	}
	if (!hs_relation_holds(run->relation) || !visit_budget_take(&worker->budget, &worker->visitor, run->n))
		return;
	for (size_t i = 0; i < run->n;) {
		/* room for a block of words at a time: a list of one object a hundred million times takes one target */
		size_t end = run->n - i < 4096 ? run->n : i + 4096;
		if (!reserve(worker, end - i))
			return;
		for (; i < end; i++, at += run->stride) {
			uint64_t word = word_at(at);
			if (!word || word & run->borrowed_tag)
				continue;
			hs_node node = graph_find_node(worker->graph, &worker->known, word & tag_mask);
			if (node == HS_NO_NODE)
				continue;
			add_target(worker, node);
			size_t n = same_words(at, end - i, run->stride, word) - 1;
			if (n) {
				add_extra(worker, n);
				worker->n_references += n;
				i += n;
				at += n * run->stride;
			}
		}
	}
}

static void add_scanned(void *context, const void *words, size_t n, enum hs_scan what)
{
	struct edge_worker *worker = context;
	const uint8_t *at = words;

	if (what != HS_SCAN_ALL || !visit_budget_take(&worker->budget, &worker->visitor, n) || !reserve(worker, n))
		return;
	if (!worker->knows_weak_word) {
		worker->weak_word = graph_weak_word(worker->graph->heap->py, worker->object);
		worker->knows_weak_word = true;
	}
	for (size_t i = 0; i < n; i++, at += sizeof(hs_addr)) {
		uint64_t word = word_at(at);
		if (word < HS_PAGE_BYTES || word >> 47 || word & 7 || at == worker->weak_word)
			continue;
		hs_node node = graph_find_node(worker->graph, &worker->known, word);
		if (node != HS_NO_NODE)
			add_target(worker, node);
	}
}

static void add_storage(void *context, hs_addr start, uint64_t bytes)
{
	struct edge_worker *worker = context;

	worker->storage_bytes += hs_heap_storage_block_bytes(worker->graph->heap, start, bytes);
}

/* True if no instance of the type refers to anything, or owns a block besides its own: many types, and most objects. */
static bool is_bare(const struct hs_type *type)
{
	return type->is_leaf && type->kind->visit == hs_leaf_visit && !type->owns_class;
}

static void set_bytes(struct edge_worker *worker, hs_node node, uint64_t bytes)
{
	uint64_t units = (bytes + BYTES_PER_UNIT - 1) / BYTES_PER_UNIT;

	worker->graph->sizes.units[node] = units < HS_SIZE_IS_LARGE ? (uint16_t)units : HS_SIZE_IS_LARGE;
	if (units < HS_SIZE_IS_LARGE)
		return;
	struct hs_large_size *slot = hs_array_append(&worker->large);
	if (slot)
		*slot = (struct hs_large_size){ node, units };
	else
		worker->out_of_memory = true;
}

/* The object's row, its type, its bytes. */
static void visit(struct edge_worker *worker, const struct hs_object *object, hs_node node, uint64_t block_bytes, bool adopts)
{
	const struct hs_heap *heap = worker->graph->heap;
	const struct hs_type *type = object->type;

	worker->graph->types[node] = type->index < OTHER_TYPE ? (uint16_t)type->index : OTHER_TYPE;
	if (is_bare(type) && !adopts) {
		set_bytes(worker, node, block_bytes);
		return;
	}
	worker->object = object;
	worker->storage_bytes = block_bytes + (adopts ? hs_heap_adopted_bytes(heap, object->address) : 0);
	worker->knows_weak_word = false;
	worker->is_index = type->kind->visit == hs_dict_visit && graph_is_interned_dict(worker->graph, object->address);
	worker->row_start = worker->targets.n;
	hs_object_visit(heap->py, object, &worker->visitor);
	if (adopts)
		graph_scan_adopted(heap, object, &worker->visitor);
	set_bytes(worker, node, worker->storage_bytes);
	worker->n_rows += worker->targets.n > worker->row_start;
}

static void visit_pool(struct edge_worker *worker, const struct hs_pool *pool)
{
	struct hs_graph *graph = worker->graph;
	const struct hs_heap *heap = graph->heap;
	uint32_t *starts = &graph->rows.offsets[pool->first_block];

	for (uint32_t index = 0; index < pool->n_blocks; index++) {
		uint8_t state = heap->blocks[pool->first_block + index];
		starts[index] = (uint32_t)(worker->targets.n - worker->run_start);
		if (state & BLOCK_OBJECT) {
			struct hs_object object;
			hs_heap_pool_object(heap, worker->heap_worker, pool, index, state, &object);
			visit(worker, &object, pool->first_block + index, pool->block_bytes, state & BLOCK_ADOPTS);
		}
	}
}

static void visit_outside(struct edge_worker *worker, size_t index)
{
	struct hs_graph *graph = worker->graph;
	hs_node node = graph->n_blocks + (uint32_t)index;
	struct hs_object object;
	uint64_t block_bytes;

	graph->rows.offsets[node] = (uint32_t)(worker->targets.n - worker->run_start);
	graph->types[node] = OTHER_TYPE;
	if (hs_heap_outside_object(graph->heap, graph->heap->outside.items[index].address, &object, &block_bytes))
		visit(worker, &object, node, block_bytes, true);
}

static size_t minimum(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void make_run(struct pass *pass, struct edge_worker *worker, size_t i_run)
{
	const struct hs_heap *heap = pass->graph->heap;
	struct run *run = &pass->runs[i_run];

	worker->run_start = worker->targets.n;
	worker->first_extra = worker->extras.n;
	if (i_run < pass->n_pool_runs) {
		size_t end = minimum((i_run + 1) * POOLS_PER_RUN, heap->pymalloc->pools.n);
		for (size_t i = i_run * POOLS_PER_RUN; i < end; i++)
			visit_pool(worker, &heap->pymalloc->pools.items[i]);
	} else {
		size_t first = (i_run - pass->n_pool_runs) * OUTSIDE_PER_RUN;
		for (size_t i = first; i < minimum(first + OUTSIDE_PER_RUN, heap->outside.n); i++)
			visit_outside(worker, i);
	}
	if (worker->targets.n - worker->run_start >= MAX_RUN_EDGES)
		worker->too_many = true;
	*run = (struct run){ .worker = (unsigned)(worker - pass->workers), .first = worker->run_start,
			     .n = worker->targets.n - worker->run_start, .first_extra = worker->first_extra,
			     .n_extras = worker->extras.n - worker->first_extra };
}

/* The objects outside the pools first: a few of them may be most of the work. */
static void make_runs(void *context, size_t begin, size_t end, unsigned worker_index)
{
	struct pass *pass = context;
	size_t n_outside_runs = pass->n_runs - pass->n_pool_runs;

	for (size_t i = begin; i < end && !hs_is_cancelled(pass->graph->heap->cancel); i++)
		make_run(pass, &pass->workers[worker_index], i < n_outside_runs ? pass->n_pool_runs + i : i - n_outside_runs);
}

/* The nodes of a run: [*ret_first, *ret_end). */
static void nodes_of_run(const struct pass *pass, size_t i_run, hs_node *ret_first, hs_node *ret_end)
{
	const struct hs_graph *graph = pass->graph;

	if (i_run >= pass->n_pool_runs) {
		*ret_first = graph->n_blocks + (uint32_t)((i_run - pass->n_pool_runs) * OUTSIDE_PER_RUN);
		*ret_end = (hs_node)minimum((size_t)*ret_first + OUTSIDE_PER_RUN, graph->n_nodes);
		return;
	}
	size_t last = minimum((i_run + 1) * POOLS_PER_RUN, graph->heap->pymalloc->pools.n) - 1;
	const struct hs_pool *pools = graph->heap->pymalloc->pools.items;
	*ret_first = pools[i_run * POOLS_PER_RUN].first_block;
	*ret_end = pools[last].first_block + pools[last].n_blocks;
}

/* Moves runs to where they belong. */
static void place_runs(void *context, size_t begin, size_t end, unsigned worker_index)
{
	struct pass *pass = context;
	struct hs_graph *graph = pass->graph;

	(void)worker_index;
	for (size_t i = begin; i < end; i++) {
		const struct run *run = &pass->runs[i];
		const struct edge_worker *worker = &pass->workers[run->worker];
		hs_node node, end_node;
		if (run->n)
			memcpy(&graph->targets[run->base], &worker->targets.items[run->first], run->n * sizeof(*graph->targets));
		for (size_t extra = 0; extra < run->n_extras; extra++)
			graph->extras[run->extra_base + extra] = worker->extras.items[run->first_extra + extra] + (run->base << EXTRA_BITS);
		/* modulo 2^32: a row's offset is never negative, though this difference may be */
		for (nodes_of_run(pass, i, &node, &end_node); node < end_node; node++)
			graph->rows.offsets[node] += (uint32_t)(run->base - graph->rows.bases[node >> HS_ROWS_SHIFT]);
	}
}

/* A group begins where its first row does; false when a group has more entries than a row's offset can say. */
static bool place_bases(struct pass *pass)
{
	const struct hs_graph *graph = pass->graph;
	uint64_t *bases = graph->rows.bases;
	uint64_t last = 0;
	hs_node node, end;

	for (size_t i = 0; i < pass->n_runs; i++) {
		nodes_of_run(pass, i, &node, &end);
		node = (node + HS_ROWS_PER_BASE - 1) & ~(HS_ROWS_PER_BASE - 1);
		for (; node < end; node += HS_ROWS_PER_BASE) {
			bases[node >> HS_ROWS_SHIFT] = pass->runs[i].base + graph->rows.offsets[node];
			if (bases[node >> HS_ROWS_SHIFT] - last >= UINT32_MAX)
				return false;
			last = bases[node >> HS_ROWS_SHIFT];
		}
	}
	if (graph->n_nodes % HS_ROWS_PER_BASE == 0)
		bases[graph->n_nodes >> HS_ROWS_SHIFT] = graph->n_edges;
	graph->rows.offsets[graph->n_nodes] = (uint32_t)(graph->n_edges - bases[graph->n_nodes >> HS_ROWS_SHIFT]);
	return graph->n_edges - last < UINT32_MAX;
}

static int compare_large(const void *a, const void *b)
{
	const struct hs_large_size *left = a, *right = b;

	return left->index < right->index ? -1 : left->index > right->index;
}

static struct hs_error *gather_large(const struct pass *pass)
{
	struct hs_sizes *sizes = &pass->graph->sizes;
	size_t n = 0;

	for (unsigned i = 0; i < pass->graph->n_workers; i++)
		n += pass->workers[i].large.n;
	sizes->large = calloc(n + 1, sizeof(*sizes->large));
	if (!sizes->large)
		return hs_error_no_memory();
	for (unsigned i = 0; i < pass->graph->n_workers; i++)
		for (size_t k = 0; k < pass->workers[i].large.n; k++)
			sizes->large[sizes->n_large++] = pass->workers[i].large.items[k];
	qsort(sizes->large, n, sizeof(*sizes->large), compare_large);
	return NULL;
}

static struct hs_error *too_many_references(void)
{
	return hs_error_new(HS_ERROR_LIMIT, "more references than a graph can have: 2^40 in all, 2^32 of a few objects");
}

static struct hs_error *gather(struct pass *pass)
{
	struct hs_graph *graph = pass->graph;

	HS_TRY(hs_check_cancelled(graph->heap->cancel));
	for (unsigned i = 0; i < graph->n_workers; i++) {
		if (pass->workers[i].out_of_memory)
			return hs_error_no_memory();
		if (pass->workers[i].too_many)
			return too_many_references();
		graph->figures.n_references += pass->workers[i].n_references;
		graph->figures.n_not_followed += pass->workers[i].budget.n_not_followed;
		graph->figures.n_rows += pass->workers[i].n_rows;
	}
	for (size_t i = 0; i < pass->n_runs; i++) {
		struct run *run = &pass->runs[i];
		run->base = graph->n_edges;
		run->extra_base = graph->n_extras;
		graph->n_edges += run->n;
		graph->n_extras += run->n_extras;
	}
	if (graph->n_edges > MAX_EDGES || !place_bases(pass))
		return too_many_references();
	HS_TRY(gather_large(pass));
	graph->targets = hs_pages_alloc_array(graph->n_edges, sizeof(*graph->targets));
	graph->extras = calloc(graph->n_extras + 1, sizeof(*graph->extras));
	if (!graph->targets || !graph->extras)
		return hs_error_no_memory();
	hs_workers_run(place_runs, pass, pass->n_runs, 1, graph->n_workers);
	return NULL;
}

struct hs_error *graph_build_forward(struct hs_graph *graph)
{
	const struct hs_heap *heap = graph->heap;
	struct pass pass = { .graph = graph, .n_pool_runs = (heap->pymalloc->pools.n + POOLS_PER_RUN - 1) / POOLS_PER_RUN };

	graph->sizes.units = hs_pages_alloc_array(graph->n_nodes, sizeof(*graph->sizes.units));
	graph->types = hs_pages_alloc_array(graph->n_nodes, sizeof(*graph->types));
	if (!graph->sizes.units || !graph->types)
		return hs_error_no_memory();
	HS_TRY(graph_rows_init(&graph->rows, graph->n_nodes));
	struct hs_error *error = hs_error_no_memory();
	pass.n_runs = pass.n_pool_runs + (heap->outside.n + OUTSIDE_PER_RUN - 1) / OUTSIDE_PER_RUN;
	pass.runs = calloc(pass.n_runs + 1, sizeof(*pass.runs));
	pass.workers = aligned_alloc(WORKER_ALIGNMENT, graph->n_workers * sizeof(*pass.workers));
	if (pass.runs && pass.workers) {
		for (unsigned i = 0; i < graph->n_workers; i++) {
			struct edge_worker *worker = &pass.workers[i];
			*worker = (struct edge_worker){ .graph = graph, .heap_worker = &heap->workers[i],
							.budget.n_words_left = MAX_VISITS_PER_WORD * hs_image_mapped_bytes(heap->py->image) / sizeof(hs_addr),
							.visitor = { .context = worker, .storage = add_storage, .references = add_references, .scan = add_scanned } };
		}
		hs_workers_run(make_runs, &pass, pass.n_runs, 1, graph->n_workers);
		error = gather(&pass);
		for (unsigned i = 0; i < graph->n_workers; i++) {
			target_list_free(&pass.workers[i].targets);
			hs_array_free(&pass.workers[i].extras);
			hs_array_free(&pass.workers[i].large);
		}
	}
	free(pass.workers);
	free(pass.runs);
	return error;
}
