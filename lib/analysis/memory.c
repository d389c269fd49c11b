/* SPDX-License-Identifier: Apache-2.0 */
/* The waterfall: what the allocators' owners know, then what the mappings tell of the rest. */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "data_stack.h"
#include "residency.h"

#define THREAD_DESCRIPTOR_BYTES 0x1000 /* glibc keeps a thread's descriptor and its static variables at the end of its stack */

static const struct {
	const char *name;
	enum hs_memory_step step;
} uses[HS_N_USES] = {
	[HS_USE_POOL_OBJECTS] = { "objects", HS_MEMORY_OBJECTS },
	[HS_USE_POOL_FREELIST] = { "freelists", HS_MEMORY_FREELISTS },
	[HS_USE_POOL_OTHER] = { "pool_unknown", HS_MEMORY_POOL_UNKNOWN },
	[HS_USE_POOL_OVERHEAD] = { "pool_overhead", HS_MEMORY_POOL_OVERHEAD },
	[HS_USE_POOL_FREE] = { "pool_free", HS_MEMORY_POOL_FREE },
	[HS_USE_POOL_UNUSED] = { "pools_unused", HS_MEMORY_POOLS_UNUSED },
	[HS_USE_ARENA_UNUSED] = { "arenas_unused", HS_MEMORY_ARENAS_UNUSED },
	[HS_USE_MALLOC_PYTHON] = { "large_objects", HS_MEMORY_LARGE_OBJECTS },
	[HS_USE_MALLOC_OTHER] = { "malloc_other", HS_MEMORY_MALLOC_OTHER },
	[HS_USE_MALLOC_FREE] = { "malloc_free", HS_MEMORY_MALLOC_FREE },
	[HS_USE_MAPPED_PYTHON] = { "large_objects", HS_MEMORY_LARGE_OBJECTS },
	[HS_USE_MAPPED_OTHER] = { "malloc_other", HS_MEMORY_MALLOC_OTHER },
};

const char *hs_memory_step_name(enum hs_memory_step step)
{
	static const char *const others[HS_N_MEMORY_STEPS] = {
		[HS_MEMORY_ANONYMOUS] = "anonymous", [HS_MEMORY_STACKS] = "stacks", [HS_MEMORY_DATA] = "data",
		[HS_MEMORY_FILES] = "files",         [HS_MEMORY_SHARED] = "shared",
	};

	for (size_t i = 0; i < HS_N_USES; i++)
		if (uses[i].step == step)
			return uses[i].name;
	return others[step];
}

struct sorting {
	const struct hs_capture *capture;
	struct hs_residency residency;
	double *covered;       /* by mapping: what the ranges so far hold of it */
	bool *has_malloc;      /* by mapping: a heap of malloc's */
	struct hs_address_ranges stacks;
	double steps[HS_N_MEMORY_STEPS];
	double large_mapped, other_mapped;
	struct hs_memory *memory;
	struct hs_error *error; /* of a callback */
};

static void deinit_sorting(struct sorting *sorting)
{
	hs_residency_deinit(&sorting->residency);
	free(sorting->covered);
	free(sorting->has_malloc);
	hs_array_free(&sorting->stacks);
}

static bool is_in_stack(const struct sorting *sorting, hs_addr address)
{
	for (size_t i = 0; i < sorting->stacks.n; i++)
		if (address >= sorting->stacks.items[i].start && address < sorting->stacks.items[i].end)
			return true;
	return false;
}

/*
 * Pages that are not in memory were never touched, or given back: in a pool that is what was never handed out. Whatever of the
 * deficit that cannot explain, all uses bear alike.
 */
static void deduct(double parts[HS_N_USES], double missing)
{
	static const enum hs_use first[] = { HS_USE_POOL_FREE, HS_USE_POOL_OVERHEAD };
	double sum = 0;

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		double *part = &parts[first[i]], less = missing < *part ? missing : *part;
		*part -= less;
		missing -= less;
	}
	for (size_t i = 0; i < HS_N_USES; i++)
		sum += parts[i];
	for (size_t i = 0; i < HS_N_USES && missing > 0 && sum > 0; i++)
		parts[i] *= sum > missing ? 1 - missing / sum : 0;
}

static void take_range(void *context, const struct hs_used_range *range)
{
	struct sorting *sorting = context;
	double parts[HS_N_USES];

	/* words on a stack may look like the header of a chunk */
	if ((range->bytes[HS_USE_MAPPED_PYTHON] || range->bytes[HS_USE_MAPPED_OTHER]) && is_in_stack(sorting, range->start))
		return;
	double resident = hs_resident_bytes(&sorting->residency, range->start, range->end, sorting->covered);
	for (size_t i = 0; i < HS_N_USES; i++)
		parts[i] = (double)range->bytes[i];
	deduct(parts, (double)(range->end - range->start) - resident);
	for (size_t i = 0; i < HS_N_USES; i++)
		sorting->steps[uses[i].step] += parts[i];
	sorting->large_mapped += parts[HS_USE_MAPPED_PYTHON];
	sorting->other_mapped += parts[HS_USE_MAPPED_OTHER];
	size_t mapping = hs_mappings_find(&sorting->capture->process->mappings, range->start);
	if (range->bytes[HS_USE_MALLOC_PYTHON] | range->bytes[HS_USE_MALLOC_OTHER] | range->bytes[HS_USE_MALLOC_FREE])
		sorting->has_malloc[mapping] = true;
}

static struct hs_error *take_stack(struct sorting *sorting, hs_addr start, hs_addr end)
{
	struct hs_address_range *slot = is_in_stack(sorting, start) ? NULL : hs_array_append(&sorting->stacks);

	if (!slot)
		return is_in_stack(sorting, start) ? NULL : hs_error_no_memory();
	*slot = (struct hs_address_range){ start, end };
	sorting->steps[HS_MEMORY_STACKS] += hs_resident_bytes(&sorting->residency, start, end, sorting->covered);
	return NULL;
}

static void take_data_stack(void *context, hs_addr start, hs_addr end)
{
	struct sorting *sorting = context;

	if (!sorting->error)
		sorting->error = take_stack(sorting, start, end);
}

static struct hs_error *add_stack(struct sorting *sorting, const struct user_regs_struct *registers)
{
	const struct hs_mappings *mappings = &sorting->capture->process->mappings;
	size_t i = hs_mappings_find(mappings, registers->rsp);

	if (i == mappings->n || mappings->items[i].start > registers->rsp || mappings->items[i].inode)
		return NULL;
	hs_addr end = mappings->items[i].end, descriptor = registers->fs_base;
	if (descriptor >= registers->rsp && descriptor < end && end - descriptor > THREAD_DESCRIPTOR_BYTES)
		end = (descriptor + THREAD_DESCRIPTOR_BYTES + HS_PAGE_BYTES - 1) & ~(hs_addr)(HS_PAGE_BYTES - 1);
	/* the main thread's is known by name */
	if (!strcmp(mappings->items[i].path, "[stack]"))
		return NULL;
	return take_stack(sorting, mappings->items[i].start, end);
}

static bool is_shared_memory(const struct hs_mapping *mapping)
{
	static const char *const starts[] = { "/dev/zero", "/memfd:", "/SYSV", "/dev/shm/", "[anon_shmem" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (!strncmp(mapping->path, starts[i], strlen(starts[i])))
			return true;
	return false;
}

static void add_anonymous(struct sorting *sorting, double bytes)
{
	struct hs_mapping_size *sizes = sorting->memory->anonymous;
	size_t i = 0;

	while (i + 1 < HS_N_MAPPING_SIZES && bytes >= (double)sizes[i].below)
		i++;
	sizes[i].n++;
	sizes[i].bytes += (uint64_t)bytes;
	sorting->steps[HS_MEMORY_ANONYMOUS] += bytes;
}

/* Of a mapping of a file, pages that were written to are the process's own. */
static void add_file(struct sorting *sorting, const struct hs_mapping *mapping, const struct hs_mapping_use *use, double rest)
{
	double own = (double)use->anonymous_bytes < rest ? (double)use->anonymous_bytes : rest;

	if (mapping->permissions[3] == 's') {
		sorting->steps[is_shared_memory(mapping) ? HS_MEMORY_SHARED : HS_MEMORY_FILES] += rest;
		return;
	}
	sorting->steps[HS_MEMORY_DATA] += own;
	sorting->steps[HS_MEMORY_FILES] += rest - own;
}

/* What no range covers of a mapping. */
static void add_rest(struct sorting *sorting, const struct hs_mapping *mapping, const struct hs_mapping_use *use, double rest, bool has_malloc)
{
	bool is_heap = !strcmp(mapping->path, "[heap]");

	if (rest < 1)
		return;
	if (mapping->inode || is_shared_memory(mapping))
		add_file(sorting, mapping, use, rest);
	else if (!strcmp(mapping->path, "[stack]"))
		sorting->steps[HS_MEMORY_STACKS] += rest;
	else if (!strncmp(mapping->path, "[v", 2))
		sorting->steps[HS_MEMORY_FILES] += rest;
	else if (hs_image_is_static(sorting->capture->image, mapping->start))
		sorting->steps[HS_MEMORY_DATA] += rest;
	/* a heap of malloc's that could not be walked to its end is explained by nothing */
	else if (!has_malloc && !(is_heap && sorting->memory->usage.has_glibc))
		add_anonymous(sorting, rest);
}

static void finish(struct sorting *sorting)
{
	struct hs_memory *memory = sorting->memory;
	uint64_t sum = 0;

	for (size_t i = 0; i < HS_N_MEMORY_STEPS; i++) {
		memory->steps[i] = (uint64_t)(sorting->steps[i] + 0.5);
		sum += memory->steps[i];
	}
	memory->large_mapped_bytes = (uint64_t)(sorting->large_mapped + 0.5);
	memory->other_mapped_bytes = (uint64_t)(sorting->other_mapped + 0.5);
	memory->rss_bytes = sorting->residency.rss_bytes;
	memory->swap_bytes = sorting->residency.swap_bytes;
	/* rounding alone can make the sum larger, by a byte a step */
	memory->unattributed_bytes = memory->rss_bytes > sum ? memory->rss_bytes - sum : 0;
}

static struct hs_error *sort(struct sorting *sorting, const struct hs_process_heap *heap)
{
	const struct hs_capture *capture = sorting->capture;
	const struct hs_mappings *mappings = &capture->process->mappings;

	for (size_t i = 0; i < capture->threads.n; i++)
		if (capture->threads.items[i].has_registers)
			HS_TRY(add_stack(sorting, &capture->threads.items[i].registers));
	for (size_t i = 0; i < heap->py->threads.n; i++)
		hs_data_stack_each(heap->py, heap->py->threads.items[i], take_data_stack, sorting);
	HS_TRY(sorting->error);
	hs_heap_usage(heap->heap, take_range, sorting, &sorting->memory->usage);
	for (size_t i = 0; i < capture->uses.n; i++) {
		const struct hs_mapping_use *use = &capture->uses.items[i];
		size_t index = hs_mappings_find(mappings, use->start);
		if (index < mappings->n && mappings->items[index].start <= use->start)
			add_rest(sorting, &mappings->items[index], use, (double)use->rss_bytes - sorting->covered[i], sorting->has_malloc[index]);
	}
	return NULL;
}

struct hs_error *hs_memory_of(const struct hs_capture *capture, const struct hs_process_heap *heap, struct hs_memory *ret)
{
	static const uint64_t limits[HS_N_MAPPING_SIZES] = { (uint64_t)1 << 20, (uint64_t)16 << 20, (uint64_t)256 << 20, UINT64_MAX };
	struct hs_memory memory = { 0 };
	HS_CLEANUP(deinit_sorting) struct sorting sorting = {
		.capture = capture, .memory = &memory, .covered = calloc(capture->uses.n + 1, sizeof(double)),
		.has_malloc = calloc(capture->process->mappings.n + 1, sizeof(bool)),
	};

	if (!capture->uses.n)
		return hs_error_new(HS_ERROR_INVALID, "the capture does not say what each mapping takes");
	if (!sorting.covered || !sorting.has_malloc)
		return hs_error_no_memory();
	for (size_t i = 0; i < HS_N_MAPPING_SIZES; i++)
		memory.anonymous[i].below = limits[i];
	HS_TRY(hs_residency_init(&sorting.residency, capture));
	HS_TRY(sort(&sorting, heap));
	hs_heap_overheads(heap->heap, &memory.overheads);
	finish(&sorting);
	*ret = memory;
	return NULL;
}
