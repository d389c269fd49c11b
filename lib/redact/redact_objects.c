/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every object: its headers, what its visitor reports as references, what the rules list. The visitors are those of the graph, so that
 * what one of them does not look at stays zero without being named here.
 */
#include "attribute.h"
#include "malloc_chunk.h"
#include "number.h"
#include "redact_internal.h"

#define WORD 8

static void keep_references(void *context, const struct hs_reference_run *run)
{
	struct redact_worker *worker = context;
	struct redaction *redaction = worker->redaction;

	if (visit_budget_take(&worker->budget, &worker->visitor, run->n))
		known_words_keep(redaction->heap, &redaction->blank, run->words, run->n, run->stride);
}

static void keep_scanned(void *context, const void *words, size_t n, enum hs_scan what)
{
	struct redact_worker *worker = context;
	struct redaction *redaction = worker->redaction;

	(void)what;
	if (visit_budget_take(&worker->budget, &worker->visitor, n))
		known_words_keep(redaction->heap, &redaction->blank, words, n, WORD);
}

/* What lies where no allocator's headers tell must be left out of the passes over loose memory. */
static void note_owned(struct redact_worker *worker, hs_addr start, uint64_t bytes)
{
	const struct hs_heap *heap = worker->redaction->heap;

	if (!bytes || start >> 47 || bytes >> 47 || hs_pool_of(heap->pymalloc, start) || malloc_chunk_is_proven(heap->chunks, start))
		return;
	struct owned_range *slot = hs_array_append(&worker->owned);
	if (slot)
		*slot = (struct owned_range){ start, start + bytes };
	else
		worker->out_of_memory = true;
}

static void keep_storage(void *context, hs_addr start, uint64_t bytes)
{
	struct redact_worker *worker = context;

	if (!visit_budget_take(&worker->budget, &worker->visitor, 1))
		return;
	note_owned(worker, start, bytes);
	redact_block_of(worker->redaction, &worker->item->object, start, bytes);
}

static void keep_attribute_values(struct redaction *redaction, const struct hs_object *object)
{
	hs_addr dict, values;

	hs_instance_attributes(redaction->py, object, &dict, &values);
	redact_values(redaction, values);
}

static void keep_parts(struct redaction *redaction, const struct hs_object *object, const struct type_rule *rule)
{
	for (unsigned i = 0; i < rule->n; i++)
		if (rule->parts[i].offset + rule->parts[i].bytes <= object->body_bytes)
			blank_keep(&redaction->blank, object->address + rule->parts[i].offset, rule->parts[i].bytes);
}

static void redact_object(void *context, const struct hs_heap_item *item)
{
	struct redaction *redaction = context;
	struct redact_worker *worker = &redaction->workers[item->worker];
	const struct hs_object *object = &item->object;
	const struct type_rule *rule = type_rule_of(&redaction->rules, object->type);

	worker->item = item;
	if (object->body_bytes > (uint64_t)PAYLOAD_MIN_BYTES || !hs_pool_of(redaction->heap->pymalloc, object->address))
		note_owned(worker, object->address - object->head_bytes, object->head_bytes + object->body_bytes);
	blank_keep(&redaction->blank, object->address - object->head_bytes, object->head_bytes + HS_SIZEOF(redaction->layout, PyObject));
	if (rule->has_size)
		KEEP_FIELD(redaction, object->address, PyVarObject, ob_size);
	if (object->type->has_preheader || object->type->has_inline_values)
		keep_attribute_values(redaction, object);
	keep_parts(redaction, object, rule);
	if (!object->type->is_leaf || object->type->kind->visit != hs_leaf_visit)
		hs_object_visit(redaction->py, object, &worker->visitor);
	if (rule->special)
		rule->special(redaction, object);
}

/* Blocks that objects adopted: words of a struct that nobody describes, unless the owner keeps bytes only. */
static void keep_adopted(struct redaction *redaction)
{
	const struct hs_heap *heap = redaction->heap;
	struct hs_object owner;

	for (size_t i = 0; i < heap->adopted.n; i++) {
		const struct adopted_block *block = &heap->adopted.items[i];
		if (!hs_object_at(redaction->py, heap->types, block->owner, &owner) || owner.type->kind->is_raw)
			continue;
		known_range_keep(heap, &redaction->blank, block->start, block->start + block->bytes, false);
	}
}

static int compare_ranges(const void *a, const void *b)
{
	const struct owned_range *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

static struct hs_error *gather_owned(struct redaction *redaction)
{
	const struct hs_heap *heap = redaction->heap;

	for (unsigned i = 0; i < heap->n_workers; i++) {
		struct redact_worker *worker = &redaction->workers[i];
		size_t n = redaction->owned.n;
		if (worker->out_of_memory || !hs_array_reserve(&redaction->owned, n + worker->owned.n))
			return hs_error_no_memory();
		if (worker->owned.n)
			memcpy(redaction->owned.items + n, worker->owned.items, worker->owned.n * sizeof(*worker->owned.items));
		redaction->owned.n += worker->owned.n;
	}
	if (redaction->owned.n)
		qsort(redaction->owned.items, redaction->owned.n, sizeof(*redaction->owned.items), compare_ranges);
	return NULL;
}

struct hs_error *redact_objects(struct redaction *redaction)
{
	uint64_t n_words = MAX_VISITS_PER_WORD * hs_image_mapped_bytes(redaction->py->image) / WORD;

	for (unsigned i = 0; i < redaction->heap->n_workers; i++) {
		struct redact_worker *worker = &redaction->workers[i];
		worker->redaction = redaction;
		worker->budget.n_words_left = n_words;
		worker->visitor = (struct hs_visitor){ .context = worker, .storage = keep_storage, .references = keep_references,
						       .scan = keep_scanned, .skips_classes = true };
	}
	hs_heap_walk(redaction->heap, redact_object, redaction);
	keep_adopted(redaction);
	return gather_owned(redaction);
}
