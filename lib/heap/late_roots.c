/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Going through what no decoder knows, or what holds nothing as long as anybody else does: the table of interned strings, C
 * variables, C stacks, blocks of malloc and pymalloc that nobody claimed. Freed memory is left out where an allocator tells: most of
 * what stands there was true once.
 */
#include "late_roots.h"

#include "dict.h"
#include "graph_internal.h"
#include "malloc_chunk.h"
#include "repr.h"
#include "root.h"
#include "unicode.h"

#define RED_ZONE_BYTES 128 /* below the stack pointer, still in use (System V ABI, x86-64) */
#define MAX_STACK_BYTES ((uint64_t)64 << 20)
#define CHUNK_HEADER 16
#define MAX_WORDS ((size_t)1 << 22) /* a hostile target may name one object everywhere */

struct finding {
	const struct hs_graph *graph;
	struct hs_late_roots *roots;
	uint64_t *met; /* a bit a node; NULL: every word counts, … */
	const uint64_t *wanted; /* … if it names one of these */
	uint32_t kind;
	int32_t tid;
	bool out_of_memory;
};

/* C code that keeps the text of a str, or of bytes, keeps the object for it: numpy's documentation, in tp_doc and ml_doc. */
static hs_node node_of_text(const struct hs_graph *graph, hs_addr word)
{
	hs_addr owner = hs_text_owner(graph->heap->py, word);

	return owner ? hs_graph_node_at(graph, owner) : HS_NO_NODE;
}

static void take_node(struct finding *finding, hs_node node, hs_addr where)
{
	uint64_t bit = (uint64_t)1 << node % 64;

	if (finding->met ? finding->met[node / 64] & bit : !(finding->wanted[node / 64] & bit))
		return;
	if (finding->met)
		finding->met[node / 64] |= bit;
	else if (finding->roots->n >= MAX_WORDS)
		return;
	struct hs_late_root *slot = hs_array_append(finding->roots);
	if (slot)
		*slot = (struct hs_late_root){ node, finding->kind, finding->tid, where };
	else
		finding->out_of_memory = true;
}

static void look_at(struct finding *finding, hs_addr word, hs_addr where)
{
	if (word < HS_PAGE_BYTES || word >> 47 || word & 7)
		return;
	hs_node node = hs_graph_node_at(finding->graph, word);
	if (node == HS_NO_NODE && finding->kind == HS_LATE_NATIVE)
		node = node_of_text(finding->graph, word);
	if (node != HS_NO_NODE)
		take_node(finding, node, where);
}

/* What was captured of [start, end). */
static void look_at_range(struct finding *finding, hs_addr start, hs_addr end)
{
	hs_addr at = (start + 7) & ~(hs_addr)7;
	struct hs_image_piece piece;

	while (hs_image_next_piece(finding->graph->heap->py->image, &at, end, &piece))
		for (size_t offset = 0; offset + 8 <= piece.bytes; offset += 8) {
			uint64_t word;
			memcpy(&word, (const uint8_t *)piece.data + offset, sizeof(word));
			look_at(finding, word, piece.address + offset);
		}
}

/* True if the word is a static object's own: that is a reference of the object. */
static bool is_in_object(const struct hs_graph *graph, hs_addr where)
{
	const struct hs_heap *heap = graph->heap;
	size_t low = 0, high = heap->outside.n;
	struct hs_object object;
	uint64_t block_bytes;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (heap->outside.items[middle].address <= where)
			low = middle + 1;
		else
			high = middle;
	}
	return low && hs_heap_outside_object(heap, heap->outside.items[low - 1].address, &object, &block_bytes) &&
	       where - object.address < object.body_bytes;
}

static void take_static(void *context, const struct hs_root *root)
{
	struct finding *finding = context;
	hs_node node = hs_graph_node_at(finding->graph, root->address);

	if (root->address == root->where)
		return;
	/* a static type's words are its references, but not its char pointers */
	if (node == HS_NO_NODE)
		node = node_of_text(finding->graph, root->address);
	else if (is_in_object(finding->graph, root->where))
		return;
	if (node != HS_NO_NODE)
		take_node(finding, node, root->where);
}

static void look_at_stack(struct finding *finding, const struct user_regs_struct *registers)
{
	hs_addr start = registers->rsp - RED_ZONE_BYTES, end = start + MAX_STACK_BYTES;
	const struct hs_segment *segment = hs_image_find(finding->graph->heap->py->image, start);
	const uint64_t words[] = {
		registers->r15, registers->r14, registers->r13, registers->r12, registers->rbp, registers->rbx, registers->r11, registers->r10,
		registers->r9,  registers->r8,  registers->rax, registers->rcx, registers->rdx, registers->rsi, registers->rdi,
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		look_at(finding, words[i], 0);
	if (!segment)
		return;
	if (segment->end < end)
		end = segment->end;
	/* a thread's own data stands right above its stack, and other mappings may follow without a gap */
	if (registers->fs_base > start && registers->fs_base < end)
		end = registers->fs_base;
	look_at_range(finding, start, end);
}

/* Blocks of the pools in use that are neither objects nor claimed by one. */
static void look_at_pool(struct finding *finding, const struct hs_pool *pool, const struct hs_addresses *adopted)
{
	const struct hs_heap *heap = finding->graph->heap;

	for (uint32_t index = 0; index < pool->n_blocks; index++) {
		/* nearly all are somebody's */
		if (index + 8 <= pool->n_blocks && !any_of_eight_is_nobodys(&heap->blocks[pool->first_block + index])) {
			index += 7;
			continue;
		}
		uint8_t state = heap->blocks[pool->first_block + index];
		hs_addr start = hs_pool_block_address(heap->pymalloc, pool, index) + heap->hook_bytes;
		if ((state & (BLOCK_LIVE | BLOCK_OBJECT | BLOCK_CLAIMED)) != BLOCK_LIVE)
			continue;
		if (state & BLOCK_ADOPTED && adopted->n &&
		    bsearch(&start, adopted->items, adopted->n, sizeof(start), hs_address_compare))
			continue;
		look_at_range(finding, start, start + pool->block_bytes - heap->hook_bytes);
	}
}

static struct hs_error *look_at_pools(struct finding *finding)
{
	const struct hs_heap *heap = finding->graph->heap;
	struct hs_addresses adopted = { 0 };

	for (size_t i = 0; i < heap->adopted.n; i++) {
		hs_addr *slot = hs_array_append(&adopted);
		if (!slot) {
			hs_array_free(&adopted);
			return hs_error_no_memory();
		}
		*slot = heap->adopted.items[i].start;
	}
	if (adopted.n)
		qsort(adopted.items, adopted.n, sizeof(*adopted.items), hs_address_compare);
	for (size_t i = 0; i < heap->pymalloc->pools.n; i++)
		look_at_pool(finding, &heap->pymalloc->pools.items[i], &adopted);
	hs_array_free(&adopted);
	return NULL;
}

/* Chunks of walked heaps, in use and nobody's. */
static void look_at_heap(struct finding *finding, const struct walked_heap *walked)
{
	const struct hs_heap *heap = finding->graph->heap;
	struct malloc_walk walk = malloc_walk_of(walked);

	while (malloc_walk_next(heap->chunks, &walk))
		if (walk.is_in_use && !address_marks_has(&heap->claimed, walk.chunk))
			look_at_range(finding, walk.chunk, walk.chunk + walk.bytes - 8);
}

/* Chunks that are mappings of their own: several may follow one another. */
static void look_at_mapped_chunks(struct finding *finding, const struct hs_segment *segment)
{
	const struct hs_heap *heap = finding->graph->heap;

	for (hs_addr at = segment->start; (at = hs_image_next_present(heap->py->image, at, segment->end)) < segment->end;) {
		hs_addr chunk = at + CHUNK_HEADER;
		uint64_t bytes = hs_pool_of(heap->pymalloc, chunk) ? 0 : malloc_chunk_bytes(heap->chunks, chunk, 0);
		if (!bytes || !malloc_chunk_is_proven(heap->chunks, chunk) || bytes & (HS_PAGE_BYTES - 1)) {
			at += HS_PAGE_BYTES;
			continue;
		}
		if (!address_marks_has(&heap->claimed, chunk))
			look_at_range(finding, chunk, at + bytes);
		at += bytes;
	}
}

/* An immortal string that nothing refers to any more is still there because the table has it; what is counted has another holder. */
static void look_at_interned(struct finding *finding)
{
	const struct hs_graph *graph = finding->graph;
	const struct hs_cpython *py = graph->heap->py;
	struct hs_object object;
	hs_addr key, value;
	uint64_t count;

	for (size_t i = 0; i < graph->interned.n; i++) {
		struct hs_dict_cursor cursor = { 0 };
		while (hs_dict_next(py, graph->interned.items[i], &cursor, &key, &value))
			if (hs_object_at(py, graph->heap->types, key, &object) && !hs_object_refcount(py, &object, &count))
				look_at(finding, key, 0);
	}
}

static struct hs_error *find(struct finding *finding, const struct hs_thread_list *threads)
{
	const struct hs_heap *heap = finding->graph->heap;
	size_t n_segments;
	const struct hs_segment *segments = hs_image_segments(heap->py->image, &n_segments);

	finding->kind = HS_LATE_INTERNED;
	look_at_interned(finding);
	finding->kind = HS_LATE_STATIC;
	hs_static_roots_visit(heap->py, heap->pymalloc, take_static, finding);
	finding->kind = HS_LATE_STACK;
	for (size_t i = 0; threads && i < threads->n; i++) {
		finding->tid = threads->items[i].tid;
		if (threads->items[i].has_registers)
			look_at_stack(finding, &threads->items[i].registers);
	}
	finding->tid = 0;
	finding->kind = HS_LATE_NATIVE;
	HS_TRY(look_at_pools(finding));
	for (size_t i = 0; i < heap->chunks->heaps.n; i++)
		look_at_heap(finding, &heap->chunks->heaps.items[i]);
	for (size_t i = 0; i < n_segments; i++)
		if (segments[i].is_writable)
			look_at_mapped_chunks(finding, &segments[i]);
	return finding->out_of_memory ? hs_error_no_memory() : NULL;
}

struct hs_error *hs_late_roots_find(const struct hs_graph *graph, const struct hs_thread_list *threads, struct hs_late_roots *ret)
{
	struct finding finding = { .graph = graph, .roots = ret, .met = calloc((size_t)graph->n_nodes / 64 + 1, sizeof(uint64_t)) };
	struct hs_error *error = finding.met ? find(&finding, threads) : hs_error_no_memory();

	free(finding.met);
	return error;
}

struct hs_error *hs_late_words_find(const struct hs_graph *graph, const struct hs_thread_list *threads, const uint64_t *wanted,
				    struct hs_late_roots *ret)
{
	struct finding finding = { .graph = graph, .roots = ret, .wanted = wanted };

	return find(&finding, threads);
}
