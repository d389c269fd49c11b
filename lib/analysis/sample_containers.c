/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The containers of a sample: the longest as far as they fit, each with a sketch of what is in it. A sketch is the smallest hashes of all
 * items, so that two of them are comparable whatever the order, and however many came or went (bottom-k).
 */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "repr.h"
#include "sample_internal.h"

#define BYTES_PER_MILLION ((size_t)2 << 20)
#define MIN_BYTES ((size_t)1 << 20)

/* Lengths are counted one by one up to here, then by powers of two. */
#define N_EXACT 256
#define N_CLASSES (N_EXACT + 64)

static unsigned class_of(uint64_t length)
{
	return length < N_EXACT ? (unsigned)length : N_EXACT + 63 - (unsigned)__builtin_clzll(length);
}

static uint64_t least_of(unsigned class)
{
	return class < N_EXACT ? class : (uint64_t)1 << (class - N_EXACT);
}

/* The kinds whose instances change their length; a frozenset's and a tuple's never do. */
static bool has_changing_length(const struct hs_kind *kind)
{
	static const char *const kinds[] = { "list", "dict", "set", "collections.deque", "collections.OrderedDict", "bytearray", "array.array",
					     "_io.BytesIO", "_io.StringIO", "_queue.SimpleQueue" };

	if (kind->is_leaf || kind == hs_kind_plain())
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kind->tp_name, kinds[i]))
			return true;
	return false;
}

#define MANY_ATTRIBUTES 32

/*
 * Dicts of instances that share their keys with their class: there are as many as instances, and few have more items than somebody wrote
 * attributes. Up to 3.10, attributes with made-up names can gather in one.
 */
static bool is_plain_split_dict(const struct hs_cpython *py, const struct hs_object *object, uint64_t length)
{
	return length < MANY_ATTRIBUTES && !strcmp(object->type->kind->tp_name, "dict") && HS_BODY(py, object, PyDictObject, ma_values);
}

/* More than an address space has room for: the object is not what it says, or was caught in the midst of a change. */
#define LENGTH_LIMIT ((uint64_t)1 << 48)

bool sample_is_container(const struct hs_cpython *py, const struct hs_object *object, uint64_t *ret_length)
{
	return has_changing_length(object->type->kind) && hs_object_fill(py, object, ret_length) && *ret_length < LENGTH_LIMIT &&
	       !is_plain_split_dict(py, object, *ret_length);
}

/* The smallest hashes of what one container holds, while it is being visited. */
struct sketch {
	unsigned n;
	uint32_t hashes[HS_SKETCH_HASHES];
	hs_addr items[HS_SKETCH_HASHES];
};

static uint32_t hash_of(hs_addr item)
{
	uint32_t hash = (uint32_t)(hs_mix(item) >> 32);

	return hash == HS_SKETCH_UNUSED ? hash - 1 : hash;
}

static void add_hash(struct sketch *sketch, uint32_t hash, hs_addr item)
{
	unsigned i = 0;

	while (i < sketch->n && sketch->hashes[i] < hash)
		i++;
	if (i == HS_SKETCH_HASHES || (i < sketch->n && sketch->hashes[i] == hash))
		return;
	unsigned n_behind = sketch->n - i - (sketch->n == HS_SKETCH_HASHES);
	memmove(&sketch->hashes[i + 1], &sketch->hashes[i], n_behind * sizeof(sketch->hashes[0]));
	memmove(&sketch->items[i + 1], &sketch->items[i], n_behind * sizeof(sketch->items[0]));
	sketch->hashes[i] = hash;
	sketch->items[i] = item;
	sketch->n += sketch->n < HS_SKETCH_HASHES;
}

/* What is in a container, not what else it refers to. Of a dict the keys: values are replaced where nothing comes or goes. */
static bool is_of_items(const struct hs_reference_run *run)
{
	return run->kind == HS_EDGE_INDEX || run->kind == HS_EDGE_ITEM || run->kind == HS_EDGE_KEY;
}

static uint64_t word_of(const struct hs_reference_run *run, size_t i)
{
	uint64_t word;

	memcpy(&word, (const uint8_t *)run->words + i * run->stride, sizeof(word));
	return word & ~(uint64_t)run->tag_mask;
}

static void sketch_run(void *context, const struct hs_reference_run *run)
{
	struct sketch *sketch = context;

	for (size_t i = 0; is_of_items(run) && i < run->n; i++) {
		hs_addr item = word_of(run, i);
		uint32_t hash = hash_of(item);
		if (item && (sketch->n < HS_SKETCH_HASHES || hash < sketch->hashes[HS_SKETCH_HASHES - 1]))
			add_hash(sketch, hash, item);
	}
}

static void visit_items(const struct hs_cpython *py, const struct hs_object *object,
			void (*each)(void *context, const struct hs_reference_run *run), void *context)
{
	struct hs_visitor visitor = hs_visitor_of_references(each, context);

	visitor.skips_classes = true;
	hs_object_visit(py, object, &visitor);
}

static hs_fingerprint proof_of(const struct hs_fingerprints *fingerprints, hs_addr item)
{
	struct hs_object object;

	return hs_object_at(fingerprints->py, fingerprints->types, item, &object) ? hs_fingerprint_take(fingerprints, &object) : 0;
}

static void fill_sketch(const struct hs_fingerprints *fingerprints, const struct hs_object *object, struct hs_sample_container *container)
{
	struct sketch sketch = { 0 };

	visit_items(fingerprints->py, object, sketch_run, &sketch);
	for (unsigned i = 0; i < HS_SKETCH_HASHES; i++) {
		container->hashes[i] = i < sketch.n ? sketch.hashes[i] : HS_SKETCH_UNUSED;
		container->proofs[i] = i < sketch.n ? proof_of(fingerprints, sketch.items[i]) : 0;
	}
}

/* One of these for each thread. */
struct gatherer {
	uint64_t n_of_class[N_CLASSES];
	struct hs_sample_containers containers;
	bool is_out_of_memory;
};

struct gathering {
	const struct hs_process_heap *heap;
	struct hs_fingerprints fingerprints;
	struct gatherer *gatherers; /* by worker */
	uint64_t min_length;
};

static void count_container(void *context, const struct hs_heap_item *item)
{
	struct gathering *gathering = context;
	uint64_t length;

	if (sample_is_container(gathering->heap->py, &item->object, &length))
		gathering->gatherers[item->worker].n_of_class[class_of(length)]++;
}

static void keep_container(void *context, const struct hs_heap_item *item)
{
	struct gathering *gathering = context;
	struct gatherer *gatherer = &gathering->gatherers[item->worker];
	uint64_t length;

	if (!sample_is_container(gathering->heap->py, &item->object, &length) || length < gathering->min_length)
		return;
	struct hs_sample_container *container = hs_array_append(&gatherer->containers);
	if (!container) {
		gatherer->is_out_of_memory = true;
		return;
	}
	container->address = item->object.address;
	container->type = item->object.type->address;
	container->length = length;
	container->bytes = item->block_bytes + hs_heap_storage_bytes(gathering->heap->heap, &item->object);
	fill_sketch(&gathering->fingerprints, &item->object, container);
}

/* The length from which on no more than `room` containers are left. */
static uint64_t find_min_length(const struct gathering *gathering, size_t room)
{
	unsigned n_workers = hs_heap_workers(gathering->heap->heap);
	uint64_t n = 0;

	for (unsigned class = N_CLASSES; class-- > 0;) {
		for (unsigned i = 0; i < n_workers; i++)
			n += gathering->gatherers[i].n_of_class[class];
		if (n > room)
			return least_of(class) + 1 > least_of(class + 1) ? least_of(class) + 1 : least_of(class + 1);
	}
	return 0;
}

static bool gather(const struct gathering *gathering, struct hs_sample_containers *ret)
{
	unsigned n_workers = hs_heap_workers(gathering->heap->heap);
	size_t n = 0;

	for (unsigned i = 0; i < n_workers; i++) {
		if (gathering->gatherers[i].is_out_of_memory)
			return false;
		n += gathering->gatherers[i].containers.n;
	}
	if (!hs_array_reserve(ret, n + 1))
		return false;
	for (unsigned i = 0; i < n_workers; i++) {
		struct hs_sample_containers *from = &gathering->gatherers[i].containers;
		if (from->n)
			memcpy(&ret->items[ret->n], from->items, from->n * sizeof(*from->items));
		ret->n += from->n;
		hs_array_free(from);
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), hs_address_compare);
	return true;
}

static void gathering_deinit(struct gathering *gathering)
{
	unsigned n_workers = hs_heap_workers(gathering->heap->heap);

	for (unsigned i = 0; gathering->gatherers && i < n_workers; i++)
		hs_array_free(&gathering->gatherers[i].containers);
	free(gathering->gatherers);
}

static size_t default_bytes(const struct hs_process_heap *heap)
{
	size_t bytes = (size_t)(hs_heap_figures(heap->heap)->n_objects / 1000 * BYTES_PER_MILLION / 1000);

	return bytes > MIN_BYTES ? bytes : MIN_BYTES;
}

struct hs_error *sample_containers_take(const struct hs_process_heap *heap, size_t max_bytes, struct hs_sample *sample)
{
	HS_CLEANUP(gathering_deinit) struct gathering gathering = {
		.heap = heap, .fingerprints = hs_fingerprints_of(heap),
		.gatherers = calloc(hs_heap_workers(heap->heap), sizeof(*gathering.gatherers)),
	};

	if (!gathering.gatherers)
		return hs_error_no_memory();
	if (!max_bytes)
		max_bytes = default_bytes(heap);
	hs_heap_walk(heap->heap, count_container, &gathering);
	gathering.min_length = find_min_length(&gathering, max_bytes / sizeof(struct hs_sample_container));
	hs_heap_walk(heap->heap, keep_container, &gathering);
	if (!gather(&gathering, &sample->containers))
		return hs_error_no_memory();
	sample->min_length = gathering.min_length;
	return NULL;
}

/* The items of a later moment, held against the hashes of an earlier one. */
struct membership {
	const struct hs_fingerprints *fingerprints;
	const struct hs_sample_container *then;
	unsigned n;    /* hashes of then */
	unsigned kept; /* bits: which were found */
};

static bool is_same_item(const struct membership *membership, unsigned i, hs_addr item)
{
	hs_fingerprint now = proof_of(membership->fingerprints, item);

	return hs_fingerprint_compare(membership->then->proofs[i], now) != HS_LIVED_NOT;
}

static void find_run(void *context, const struct hs_reference_run *run)
{
	struct membership *membership = context;
	const uint32_t *hashes = membership->then->hashes;

	for (size_t i = 0; is_of_items(run) && i < run->n; i++) {
		hs_addr item = word_of(run, i);
		uint32_t hash = hash_of(item);
		if (!item || hash > hashes[membership->n - 1])
			continue;
		for (unsigned k = 0; k < membership->n; k++)
			if (hashes[k] == hash && !(membership->kept >> k & 1) && is_same_item(membership, k, item))
				membership->kept |= 1u << k;
	}
}

static unsigned count_hashes(const struct hs_sample_container *container)
{
	unsigned n = 0;

	while (n < HS_SKETCH_HASHES && container->hashes[n] != HS_SKETCH_UNUSED)
		n++;
	return n;
}

double hs_sample_kept(const struct hs_sample_container *then, const struct hs_fingerprints *fingerprints, const struct hs_object *now)
{
	struct membership membership = { .fingerprints = fingerprints, .then = then, .n = count_hashes(then) };

	if (!membership.n)
		return -1;
	visit_items(fingerprints->py, now, find_run, &membership);
	return (double)__builtin_popcount(membership.kept) / membership.n;
}
