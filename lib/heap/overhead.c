/* SPDX-License-Identifier: Apache-2.0 */
/* What Python's own order takes: headers, and room that containers keep for what may come. */
#include "dict.h"
#include "heap_internal.h"
#include "usage.h"

#define WORD 8

static void add_list(const struct hs_cpython *py, const struct hs_object *object, struct hs_overheads *sum)
{
	uint64_t allocated = HS_BODY(py, object, PyListObject, allocated), n = (uint64_t)hs_ob_size(py, object);

	/* a list that contradicts itself has no room */
	if (allocated > n && allocated < (uint64_t)1 << 40)
		sum->list_spare_bytes += (allocated - n) * WORD;
}

static void add_dict(const struct hs_cpython *py, const struct hs_object *object, struct hs_overheads *sum)
{
	uint64_t used = HS_BODY(py, object, PyDictObject, ma_used);
	struct hs_dict_keys keys;

	if (HS_BODY(py, object, PyDictObject, ma_values) || !hs_dict_keys_read(py, HS_BODY(py, object, PyDictObject, ma_keys), &keys))
		return;
	if (keys.refcnt == 1 && keys.n_usable_slots > used)
		sum->dict_spare_bytes += (keys.n_usable_slots - used) * keys.entry_bytes;
}

static void look_at(const struct hs_heap *heap, const struct hs_object *object, struct hs_overheads *sum)
{
	const char *kind = object->type->kind->tp_name;

	if (!strcmp(kind, "list"))
		add_list(heap->py, object, sum);
	else if (!strcmp(kind, "dict"))
		add_dict(heap->py, object, sum);
}

void hs_heap_overheads(const struct hs_heap *heap, struct hs_overheads *ret)
{
	size_t n_types;
	const struct hs_type *const *types = hs_types_all(heap->types, &n_types);
	struct hs_object object;
	uint64_t block_bytes;

	*ret = (struct hs_overheads){ 0 };
	for (size_t i = 0; i < heap->totals.n && i < n_types; i++) {
		ret->gc_head_bytes += heap->totals.items[i].count * types[i]->header_bytes;
		ret->object_head_bytes += heap->totals.items[i].count * 2 * WORD;
	}
	for (size_t i = 0; i < heap->pymalloc->pools.n; i++) {
		const struct hs_pool *pool = &heap->pymalloc->pools.items[i];
		for (uint32_t index = 0; index < pool->n_blocks; index++) {
			uint8_t state = heap->blocks[pool->first_block + index];
			if (!(state & BLOCK_OBJECT) || block_is_leaf(state))
				continue;
			hs_heap_pool_object(heap, &heap->workers[0], pool, index, state, &object);
			look_at(heap, &object, ret);
		}
	}
	for (size_t i = 0; i < heap->outside.n; i++)
		if (hs_heap_outside_object(heap, heap->outside.items[i].address, &object, &block_bytes))
			look_at(heap, &object, ret);
}
