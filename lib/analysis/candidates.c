/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing what to watch. Knows where a container keeps its length, not how it is read there. */
#include "candidates.h"

#include <string.h>

struct candidate {
	const struct hs_sample_container *container;
	uint64_t growth;
};

struct choice {
	struct candidate best[HS_WATCH_MAX]; /* by descending growth */
	size_t n;
};

static void consider(struct choice *choice, const struct hs_sample_container *container, uint64_t growth)
{
	size_t i = choice->n;

	if (!growth || (i == HS_WATCH_MAX && choice->best[i - 1].growth >= growth))
		return;
	choice->n += i < HS_WATCH_MAX;
	for (i = choice->n - 1; i > 0 && choice->best[i - 1].growth < growth; i--)
		choice->best[i] = choice->best[i - 1];
	choice->best[i] = (struct candidate){ container, growth };
}

/* Where the container's own struct has its length; HS_ABSENT: this layout does not know. */
static int32_t length_offset(const struct hs_layout *layout, const struct hs_type *type)
{
	const char *kind = type->kind->tp_name;

	if (!strcmp(kind, "set"))
		return HS_OFFSET(layout, PySetObject, used);
	if (!strcmp(kind, "dict") || !strcmp(kind, "collections.OrderedDict"))
		return HS_OFFSET(layout, PyDictObject, ma_used);
	if (!strcmp(kind, "_io.BytesIO"))
		return HS_OFFSET(layout, bytesio, string_size);
	if (!strcmp(kind, "_io.StringIO"))
		return HS_OFFSET(layout, stringio, string_size);
	if (!strcmp(kind, "_queue.SimpleQueue"))
		return HS_OFFSET(layout, simplequeueobject, num_items);
	return HS_OFFSET(layout, PyVarObject, ob_size);
}

static struct hs_error *add_target(const struct hs_sample_container *container, const struct hs_process_heap *heap, struct hs_watch_targets *ret)
{
	const struct hs_type *type = hs_type_at(heap->types, container->type);
	int32_t offset = type ? length_offset(heap->py->layout, type) : HS_ABSENT;

	if (offset == HS_ABSENT)
		return NULL;
	struct hs_watch_target *target = hs_array_append(ret);
	if (!target)
		return hs_error_no_memory();
	*target = (struct hs_watch_target){
		.object = container->address, .type = container->type,
		.type_at = container->address + (uint32_t)HS_OFFSET(heap->py->layout, PyObject, ob_type),
		.length_at = container->address + (uint32_t)offset,
	};
	return NULL;
}

/* The most that it can have had in an earlier sample: what is not listed there was short. */
static uint64_t length_in(const struct hs_sample *earlier, const struct hs_sample_container *container)
{
	const struct hs_sample_container *then = earlier ? hs_sample_container_at(earlier, container->address) : NULL;

	if (then && then->type == container->type)
		return then->length;
	return earlier && earlier->min_length ? earlier->min_length - 1 : 0;
}

struct hs_error *hs_candidates_choose(const struct hs_sample *sample, const struct hs_sample *earlier, const struct hs_process_heap *heap,
				      struct hs_watch_targets *ret)
{
	struct choice choice = { 0 };

	for (size_t i = 0; i < sample->containers.n; i++) {
		const struct hs_sample_container *container = &sample->containers.items[i];
		uint64_t before = length_in(earlier, container);
		consider(&choice, container, container->length > before ? container->length - before : 0);
	}
	for (size_t i = 0; i < choice.n; i++)
		HS_TRY(add_target(choice.best[i].container, heap, ret));
	return NULL;
}
