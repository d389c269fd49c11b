/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tracked objects tell their collector. Threads take runs of nodes in turn, each appends to an array of its own; when all are
 * done, the runs are put in order, as for the rows of the graph (graph_edges.c).
 *
 * A few objects are told by very many: a class by its instances, a namespace by its functions. So that threads do not fight for their
 * counts, each keeps what it takes off for a while.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "collectable_internal.h"
#include "graph_visit.h"
#include "pages.h"
#include "workers.h"

#define NODES_PER_RUN (16 * HS_ROWS_PER_BASE)
#define PENDING_SLOTS 1024
#define WORDS_AT_ONCE 4096

struct run {
	unsigned worker;
	size_t first, n; /* in the worker's targets */
	uint64_t base;   /* where they go */
};

HS_ARRAY_TYPE(scanned_references, struct hs_scanned_reference);

struct visit_worker {
	_Alignas(WORKER_ALIGNMENT) const struct hs_graph *graph;
	struct hs_collectable *collectable;
	struct target_list targets;
	struct scanned_references scanned;
	size_t run_start, row_start;
	hs_node source;
	uint16_t domain;         /* the source's */
	const struct hs_object *object;
	const void *weak_word;   /* the object's, if `knows_weak_word` */
	bool knows_weak_word;
	bool out_of_memory, too_many;
	struct visit_budget budget;
	struct hs_visitor visitor;
	struct known_nodes known;
	struct {
		hs_node node;
		uint32_t n;
	} pending[PENDING_SLOTS];
};

struct visit_pass {
	const struct hs_graph *graph;
	struct hs_collectable *collectable;
	struct visit_worker *workers;
	struct run *runs;
	size_t n_runs;
};

static void flush(struct visit_worker *worker, size_t slot)
{
	_Atomic uint32_t *held = (_Atomic uint32_t *)worker->collectable->held;

	if (worker->pending[slot].n)
		atomic_fetch_sub_explicit(&held[worker->pending[slot].node], worker->pending[slot].n, memory_order_relaxed);
	worker->pending[slot].n = 0;
}

static void take_off(struct visit_worker *worker, hs_node node)
{
	size_t slot = node % PENDING_SLOTS;

	if (worker->pending[slot].node != node) {
		flush(worker, slot);
		worker->pending[slot].node = node;
	}
	/* a count of that size wraps around either way */
	worker->pending[slot].n++;
}

static inline bool reserve(struct visit_worker *worker, size_t n)
{
	bool has_room = target_list_reserve(&worker->targets, n);

	worker->out_of_memory |= !has_room;
	return has_room;
}

/* A node of the source's own domain, or HS_NO_NODE. */
static inline hs_node find_told(struct visit_worker *worker, hs_addr address)
{
	hs_node node = graph_find_node(worker->graph, &worker->known, address);

	return node != HS_NO_NODE && worker->collectable->domains[node] == worker->domain ? node : HS_NO_NODE;
}

static void add_told(struct visit_worker *worker, hs_node node)
{
	size_t n = worker->targets.n;

	if (n > worker->row_start && worker->targets.items[n - 1] == node)
		return;
	worker->targets.items[n] = node;
	worker->targets.n = n + 1;
}

static void add_references(void *context, const struct hs_reference_run *run)
{
	struct visit_worker *worker = context;
	const uint8_t *at = run->words;

	if (!(run->relation & HS_VISITED) || !visit_budget_take(&worker->budget, &worker->visitor, run->n))
		return;
	for (size_t i = 0; i < run->n;) {
		size_t end = run->n - i < WORDS_AT_ONCE ? run->n : i + WORDS_AT_ONCE;
		if (!reserve(worker, end - i))
			return;
		for (; i < end; i++, at += run->stride) {
			uint64_t word = word_at(at);
			hs_node node = word ? find_told(worker, word & ~(uint64_t)run->tag_mask) : HS_NO_NODE;
			if (node == HS_NO_NODE)
				continue;
			/* told, so that it is followed, but not counted */
			if (!(word & run->borrowed_tag))
				take_off(worker, node);
			add_told(worker, node);
		}
	}
}

static void add_scanned(void *context, const void *words, size_t n, enum hs_scan what)
{
	struct visit_worker *worker = context;
	const uint8_t *at = words;

	if (what != HS_SCAN_ALL || !visit_budget_take(&worker->budget, &worker->visitor, n))
		return;
	if (!worker->knows_weak_word) {
		worker->weak_word = graph_weak_word(worker->graph->heap->py, worker->object);
		worker->knows_weak_word = true;
	}
	for (size_t i = 0; i < n; i++, at += sizeof(hs_addr)) {
		uint64_t word = word_at(at);
		if (word < HS_PAGE_BYTES || word >> 47 || word & 7 || at == worker->weak_word)
			continue;
		hs_node node = find_told(worker, word);
		if (node == HS_NO_NODE)
			continue;
		struct hs_scanned_reference *slot = hs_array_append(&worker->scanned);
		if (slot)
			*slot = (struct hs_scanned_reference){ worker->source, node };
		worker->out_of_memory |= !slot;
	}
}

static void ignore_storage(void *context, hs_addr start, uint64_t bytes)
{
	(void)context;
	(void)start;
	(void)bytes;
}

static void visit_node(struct visit_worker *worker, hs_node node, unsigned worker_index)
{
	struct hs_object object;

	if (!collectable_object(worker->graph, node, worker_index, &object))
		return;
	worker->source = node;
	worker->domain = worker->collectable->domains[node];
	worker->object = &object;
	worker->knows_weak_word = false;
	worker->row_start = worker->targets.n;
	hs_object_visit(worker->graph->heap->py, &object, &worker->visitor);
	graph_scan_adopted(worker->graph->heap, &object, &worker->visitor);
}

static size_t minimum(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void make_runs(void *context, size_t begin, size_t end, unsigned worker_index)
{
	struct visit_pass *pass = context;
	struct visit_worker *worker = &pass->workers[worker_index];
	struct hs_collectable *collectable = pass->collectable;

	for (size_t i = begin; i < end; i++) {
		/* the objects outside the pools come last, and a few of them may be most of the work */
		size_t i_run = pass->n_runs - 1 - i, end_node = minimum((i_run + 1) * NODES_PER_RUN, collectable->n);
		worker->run_start = worker->targets.n;
		for (size_t node = i_run * NODES_PER_RUN; node < end_node; node++) {
			collectable->rows.offsets[node] = (uint32_t)(worker->targets.n - worker->run_start);
			if (collectable->domains[node])
				visit_node(worker, (hs_node)node, worker_index);
		}
		worker->too_many |= worker->targets.n - worker->run_start >= UINT32_MAX;
		pass->runs[i_run] = (struct run){ worker_index, worker->run_start, worker->targets.n - worker->run_start, 0 };
	}
}

static void place_runs(void *context, size_t begin, size_t end, unsigned worker_index)
{
	struct visit_pass *pass = context;
	struct hs_collectable *collectable = pass->collectable;
	struct hs_rows *rows = &collectable->rows;

	(void)worker_index;
	for (size_t i = begin; i < end; i++) {
		const struct run *run = &pass->runs[i];
		size_t end_node = minimum((i + 1) * NODES_PER_RUN, collectable->n);
		if (run->n)
			memcpy(&collectable->targets[run->base], &pass->workers[run->worker].targets.items[run->first],
			       run->n * sizeof(*collectable->targets));
		for (size_t node = i * NODES_PER_RUN; node < end_node; node++) {
			uint64_t *base = &rows->bases[node >> HS_ROWS_SHIFT], start = run->base + rows->offsets[node];
			if (node % HS_ROWS_PER_BASE == 0)
				*base = start;
			rows->offsets[node] = (uint32_t)(start - *base);
		}
	}
}

static int compare_scanned(const void *a, const void *b)
{
	const struct hs_scanned_reference *left = a, *right = b;

	if (left->source != right->source)
		return left->source < right->source ? -1 : 1;
	return left->target < right->target ? -1 : left->target > right->target;
}

static struct hs_error *gather_scanned(const struct visit_pass *pass)
{
	struct hs_collectable *collectable = pass->collectable;
	size_t n = 0;

	for (unsigned i = 0; i < pass->graph->n_workers; i++)
		n += pass->workers[i].scanned.n;
	collectable->scanned = calloc(n + 1, sizeof(*collectable->scanned));
	if (!collectable->scanned)
		return hs_error_no_memory();
	for (unsigned i = 0; i < pass->graph->n_workers; i++)
		for (size_t k = 0; k < pass->workers[i].scanned.n; k++)
			collectable->scanned[collectable->n_scanned++] = pass->workers[i].scanned.items[k];
	qsort(collectable->scanned, n, sizeof(*collectable->scanned), compare_scanned);
	return NULL;
}

static struct hs_error *gather(struct visit_pass *pass)
{
	struct hs_collectable *collectable = pass->collectable;
	struct hs_rows *rows = &collectable->rows;

	for (unsigned i = 0; i < pass->graph->n_workers; i++) {
		struct visit_worker *worker = &pass->workers[i];
		if (worker->out_of_memory)
			return hs_error_no_memory();
		if (worker->too_many)
			return hs_error_new(HS_ERROR_LIMIT, "2^32 references of a few objects");
		for (size_t slot = 0; slot < PENDING_SLOTS; slot++)
			flush(worker, slot);
		collectable->n_not_followed += worker->budget.n_not_followed;
	}
	for (size_t i = 0; i < pass->n_runs; i++) {
		pass->runs[i].base = collectable->n_targets;
		collectable->n_targets += pass->runs[i].n;
	}
	HS_TRY(gather_scanned(pass));
	collectable->targets = hs_pages_alloc_array(collectable->n_targets, sizeof(*collectable->targets));
	if (!collectable->targets)
		return hs_error_no_memory();
	hs_workers_run(place_runs, pass, pass->n_runs, 16, pass->graph->n_workers);
	if (collectable->n % HS_ROWS_PER_BASE == 0)
		rows->bases[collectable->n >> HS_ROWS_SHIFT] = collectable->n_targets;
	rows->offsets[collectable->n] = (uint32_t)(collectable->n_targets - rows->bases[collectable->n >> HS_ROWS_SHIFT]);
	return NULL;
}

static void release(struct visit_pass *pass)
{
	for (unsigned i = 0; pass->workers && i < pass->graph->n_workers; i++) {
		target_list_free(&pass->workers[i].targets);
		hs_array_free(&pass->workers[i].scanned);
	}
	free(pass->workers);
	free(pass->runs);
}

struct hs_error *collectable_visit(struct hs_collectable *collectable, const struct hs_graph *graph)
{
	uint64_t n_words = hs_image_mapped_bytes(graph->heap->py->image) / sizeof(hs_addr);
	struct visit_pass pass = { .graph = graph, .collectable = collectable };
	struct hs_error *error = graph_rows_init(&collectable->rows, collectable->n);

	if (error)
		return error;
	pass.n_runs = ((size_t)collectable->n + NODES_PER_RUN - 1) / NODES_PER_RUN;
	pass.runs = calloc(pass.n_runs + 1, sizeof(*pass.runs));
	pass.workers = aligned_alloc(WORKER_ALIGNMENT, graph->n_workers * sizeof(*pass.workers));
	error = hs_error_no_memory();
	if (pass.runs && pass.workers) {
		for (unsigned i = 0; i < graph->n_workers; i++) {
			struct visit_worker *worker = &pass.workers[i];
			*worker = (struct visit_worker){ .graph = graph, .collectable = collectable, .budget.n_words_left = MAX_VISITS_PER_WORD * n_words,
							 .visitor = { .context = worker, .storage = ignore_storage, .references = add_references,
								      .scan = add_scanned } };
		}
		hs_workers_run(make_runs, &pass, pass.n_runs, 1, graph->n_workers);
		error = gather(&pass);
	}
	release(&pass);
	return error;
}
