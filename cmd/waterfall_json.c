/* SPDX-License-Identifier: Apache-2.0 */
/* The waterfall as JSON, schema 1: README.md documents every member. */
#include <jansson.h>

#include "json.h"
#include "waterfall.h"

static void set_u64(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, hs_json_u64(value));
}

static json_t *steps_json(const struct hs_memory *memory, const struct hs_memory *before)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < HS_N_MEMORY_STEPS; i++) {
		json_t *step = json_object();
		json_object_set_new(step, "name", json_string(hs_memory_step_name((enum hs_memory_step)i)));
		json_object_set_new(step, "bytes", before ? json_integer((json_int_t)(memory->steps[i] - before->steps[i])) : hs_json_u64(memory->steps[i]));
		json_array_append_new(list, step);
	}
	return list;
}

static json_t *pools_json(const struct hs_usage_figures *usage)
{
	json_t *pools = json_object(), *histogram = json_array();

	set_u64(pools, "arenas", usage->n_arenas);
	set_u64(pools, "arenas_unused", usage->n_arenas_unused);
	set_u64(pools, "arena_bytes", usage->arena_bytes);
	set_u64(pools, "used", usage->n_pools_used);
	set_u64(pools, "unused", usage->n_pools_unused);
	set_u64(pools, "blocks_in_use", usage->n_blocks_live);
	set_u64(pools, "in_use_bytes", usage->live_bytes);
	set_u64(pools, "available_bytes", usage->available_bytes);
	set_u64(pools, "header_bytes", usage->header_bytes);
	set_u64(pools, "quantization_bytes", usage->quantization_bytes);
	set_u64(pools, "alignment_bytes", usage->alignment_bytes);
	set_u64(pools, "freelist_objects", usage->n_freelist);
	for (unsigned i = 0; i < HS_USAGE_BINS; i++)
		json_array_append_new(histogram, hs_json_u64(usage->pools_by_use[i]));
	json_object_set_new(pools, "by_use", histogram);
	return pools;
}

static json_t *malloc_json(const struct hs_memory *memory)
{
	const struct hs_usage_figures *usage = &memory->usage;

	if (!usage->has_glibc)
		return json_null();
	json_t *malloc = json_object();
	set_u64(malloc, "arenas", usage->n_malloc_arenas);
	set_u64(malloc, "system_bytes", usage->system_bytes);
	set_u64(malloc, "in_use_bytes", usage->malloc_used_bytes);
	set_u64(malloc, "tcache_bytes", usage->tcache_bytes);
	set_u64(malloc, "fastbin_bytes", usage->fastbin_bytes);
	set_u64(malloc, "free_bytes", usage->malloc_free_bytes);
	set_u64(malloc, "top_bytes", usage->top_bytes);
	set_u64(malloc, "mapped_chunks", usage->n_mapped);
	set_u64(malloc, "mapped_bytes", usage->mapped_bytes);
	set_u64(malloc, "large_objects_mapped_bytes", memory->large_mapped_bytes);
	set_u64(malloc, "other_mapped_bytes", memory->other_mapped_bytes);
	return malloc;
}

static json_t *anonymous_json(const struct hs_memory *memory)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < HS_N_MAPPING_SIZES; i++) {
		const struct hs_mapping_size *size = &memory->anonymous[i];
		json_t *entry = json_object();
		json_object_set_new(entry, "below", size->below == UINT64_MAX ? json_null() : hs_json_u64(size->below));
		set_u64(entry, "mappings", size->n);
		set_u64(entry, "bytes", size->bytes);
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *overhead_json(const struct hs_overheads *overheads)
{
	json_t *overhead = json_object();

	set_u64(overhead, "gc_head_bytes", overheads->gc_head_bytes);
	set_u64(overhead, "object_head_bytes", overheads->object_head_bytes);
	set_u64(overhead, "list_spare_bytes", overheads->list_spare_bytes);
	set_u64(overhead, "dict_spare_bytes", overheads->dict_spare_bytes);
	return overhead;
}

static json_t *growth_json(const struct hs_waterfall *waterfall)
{
	const struct hs_memory *now = &waterfall->memory, *before = &waterfall->before;

	if (!waterfall->has_before)
		return json_null();
	json_t *growth = json_object();
	json_object_set_new(growth, "seconds", json_real(waterfall->seconds));
	json_object_set_new(growth, "rss_bytes", json_integer((json_int_t)(now->rss_bytes - before->rss_bytes)));
	json_object_set_new(growth, "steps", steps_json(now, before));
	json_object_set_new(growth, "unattributed_bytes", json_integer((json_int_t)(now->unattributed_bytes - before->unattributed_bytes)));
	return growth;
}

struct hs_error *hs_waterfall_json(FILE *out, const struct hs_waterfall *waterfall)
{
	const struct hs_memory *memory = &waterfall->memory;
	json_t *root = hs_document_json(&waterfall->document);

	bool is_core = waterfall->document.capture->origin == HS_FROM_CORE;

	json_object_set_new(root, "rss_bytes", is_core ? json_null() : hs_json_u64(memory->rss_bytes));
	json_object_set_new(root, "swap_bytes", is_core ? json_null() : hs_json_u64(memory->swap_bytes));
	json_object_set_new(root, "core_bytes", is_core ? hs_json_u64(memory->rss_bytes) : json_null());
	json_object_set_new(root, "steps", steps_json(memory, NULL));
	set_u64(root, "unattributed_bytes", memory->unattributed_bytes);
	json_object_set_new(root, "pools", pools_json(&memory->usage));
	json_object_set_new(root, "malloc", malloc_json(memory));
	json_object_set_new(root, "anonymous", anonymous_json(memory));
	json_object_set_new(root, "overhead", overhead_json(&memory->overheads));
	json_object_set_new(root, "growth", growth_json(waterfall));
	return hs_json_write(out, root);
}
