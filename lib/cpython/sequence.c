/* SPDX-License-Identifier: Apache-2.0 */
/* list, tuple, deque: sizes, storage, items (Objects/listobject.c, tupleobject.c, Modules/_collectionsmodule.c). */
#include "sequence.h"

#include "chain.h"

#define MAX_ITEMS ((uint64_t)1 << 40)

/* PyList: ob_item points to `allocated` words, of which ob_size are used. */
uint64_t hs_list_size(const struct hs_cpython *py, const struct hs_object *object)
{
	uint64_t n_allocated = HS_BODY(py, object, PyListObject, allocated);

	/* while it is sorted the list is empty, and says -1: list.__sizeof__ counts with that (Objects/listobject.c list_sort_impl) */
	if (n_allocated == UINT64_MAX && !HS_BODY(py, object, PyListObject, ob_item))
		return object->type->basicsize - 8;
	return n_allocated > MAX_ITEMS ? HS_SIZE_UNKNOWN : object->type->basicsize + n_allocated * 8;
}

void hs_list_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	hs_addr items = HS_BODY(py, object, PyListObject, ob_item);
	uint64_t n_allocated = HS_BODY(py, object, PyListObject, allocated);
	uint64_t n = (uint64_t)hs_ob_size(py, object);

	if (!items || n_allocated > MAX_ITEMS || n > n_allocated)
		return;
	visitor->storage(visitor->context, items, n_allocated * 8);
	const void *words = hs_image_at(py->image, items, n * 8);
	if (words && n)
		hs_visit_items(visitor, words, n, 0);
}

bool hs_list_items(const struct hs_cpython *py, struct hs_types *types, hs_addr address, const hs_addr **ret, uint64_t *ret_n)
{
	struct hs_object object;

	if (!hs_object_at(py, types, address, &object) || strcmp(object.type->kind->tp_name, "list"))
		return false;
	hs_addr items = HS_BODY(py, &object, PyListObject, ob_item);
	uint64_t n = (uint64_t)hs_ob_size(py, &object);
	const hs_addr *words = n && n <= MAX_ITEMS && items % 8 == 0 ? hs_image_at(py->image, items, n * 8) : NULL;
	if (n && !words)
		return false;
	*ret = words;
	*ret_n = n;
	return true;
}

/* Their refcount starts at 999,999,999. */
static bool is_frozen(const struct hs_cpython *py, const struct hs_object *object)
{
	return HS_BODY(py, object, PyObject, ob_refcnt) > 900000000;
}

void hs_tuple_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	uint64_t offset = (uint64_t)HS_OFFSET(py->layout, PyTupleObject, ob_item);
	uint64_t n = (uint64_t)hs_ob_size(py, object);

	if (!n || n > MAX_ITEMS || offset + n * 8 > object->body_bytes)
		return;
	const struct hs_reference_run run = {
		.words = object->body + offset, .n = n, .stride = 8, .kind = HS_EDGE_INDEX,
		.relation = py->layout->features.frozen_objects_own_nothing && is_frozen(py, object) ? HS_VISITED : HS_STRONG,
	};
	visitor->references(visitor->context, &run);
}

/*
 * deque: a chain of blocks of BLOCKLEN items; the first `leftindex` of the left block and those behind `rightindex` of
 * the right block are stale. A few spare blocks are kept (from 3.11 in the deque itself).
 */
struct deque {
	uint64_t n, left_index, block_length, block_bytes, n_blocks;
	hs_addr left_block;
};

static bool read_deque(const struct hs_cpython *py, const struct hs_object *object, struct deque *ret)
{
	struct deque deque = {
		.n = (uint64_t)hs_ob_size(py, object),
		.left_index = HS_BODY(py, object, dequeobject, leftindex),
		.left_block = HS_BODY(py, object, dequeobject, leftblock),
		.block_bytes = HS_SIZEOF(py->layout, dequeblock),
	};

	if (!deque.block_bytes)
		return false;
	/* leftlink, data[BLOCKLEN], rightlink */
	deque.block_length = deque.block_bytes / 8 - 2;
	if (deque.n > MAX_ITEMS || deque.left_index > deque.block_length)
		return false;
	deque.n_blocks = (deque.left_index + deque.n + deque.block_length - 1) / deque.block_length;
	*ret = deque;
	return true;
}

uint64_t hs_deque_size(const struct hs_cpython *py, const struct hs_object *object)
{
	struct deque deque;

	if (!read_deque(py, object, &deque))
		return HS_SIZE_UNKNOWN;
	return object->type->basicsize + deque.n_blocks * deque.block_bytes;
}

static void visit_spare_blocks(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	const struct hs_layout *layout = py->layout;
	uint64_t n = HS_BODY(py, object, dequeobject, numfreeblocks);
	int32_t spare = HS_OFFSET(layout, dequeobject, freeblocks);

	if (spare == HS_ABSENT || n > 64)
		return;
	for (uint64_t i = 0; i < n; i++)
		visitor->storage(visitor->context, hs_body_u64(object, spare + (int64_t)i * 8), HS_SIZEOF(layout, dequeblock));
}

void hs_deque_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	const struct hs_layout *layout = py->layout;
	struct deque deque;

	if (!read_deque(py, object, &deque))
		return;
	visit_spare_blocks(py, object, visitor);
	uint64_t first = deque.left_index, left = deque.n;
	/* an empty deque keeps one block */
	uint64_t n_blocks = deque.n_blocks ? deque.n_blocks : 1;
	hs_addr block = deque.left_block;
	/* ob_size bounds the chain to what an address space can hold, which is no bound for one that runs in a circle */
	struct hs_chain_guard guard = { 0 };
	for (uint64_t i = 0; block && i < n_blocks && !visitor->is_over && !hs_chain_repeats(&guard, block); i++) {
		const uint8_t *data = hs_image_at(py->image, block, deque.block_bytes);
		if (!data)
			return;
		uint64_t n = left < deque.block_length - first ? left : deque.block_length - first;
		visitor->storage(visitor->context, block, deque.block_bytes);
		if (n)
			hs_visit_items(visitor, data + HS_OFFSET(layout, dequeblock, data) + first * 8, n, deque.n - left);
		left -= n;
		first = 0;
		memcpy(&block, data + HS_OFFSET(layout, dequeblock, rightlink), sizeof(block));
	}
}
