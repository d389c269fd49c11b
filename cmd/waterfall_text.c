/* SPDX-License-Identifier: Apache-2.0 */
/* The waterfall as text: the steps from the largest part of Python's to the system's, then what stands behind some of them. */
#include <stdlib.h>

#include "cleanup.h"
#include "table.h"
#include "text.h"
#include "waterfall.h"

#define MAX_BAR 24

static const char *const labels[HS_N_MEMORY_STEPS] = {
	[HS_MEMORY_OBJECTS] = "Python objects in pools",
	[HS_MEMORY_LARGE_OBJECTS] = "Python objects in malloc (large ones)",
	[HS_MEMORY_FREELISTS] = "freed objects kept for reuse",
	[HS_MEMORY_POOL_UNKNOWN] = "pool blocks of nobody known",
	[HS_MEMORY_POOL_OVERHEAD] = "pool headers and rests",
	[HS_MEMORY_POOL_FREE] = "free blocks in pools",
	[HS_MEMORY_POOLS_UNUSED] = "free pools",
	[HS_MEMORY_ARENAS_UNUSED] = "free arenas",
	[HS_MEMORY_MALLOC_OTHER] = "malloc in use by C code",
	[HS_MEMORY_MALLOC_FREE] = "malloc, free",
	[HS_MEMORY_ANONYMOUS] = "other anonymous mappings",
	[HS_MEMORY_STACKS] = "stacks",
	[HS_MEMORY_DATA] = "variables of binaries",
	[HS_MEMORY_FILES] = "pages of files",
	[HS_MEMORY_SHARED] = "shared memory",
};

const char *hs_waterfall_label(enum hs_memory_step step)
{
	return labels[step];
}

static void put_summary(FILE *out, const struct hs_waterfall *waterfall, const struct hs_style *style)
{
	const struct hs_memory *memory = &waterfall->memory;
	char size[HS_FIGURE_BYTES], share[HS_FIGURE_BYTES];

	struct hs_text_line line = hs_text_line_begin(out, style, "memory", hs_text_bold);
	if (waterfall->document.capture->origin == HS_FROM_CORE)
		hs_text_line_item(&line, "in the core %s, pages of zeros aside (RSS is not in a core)", hs_text_size(size, memory->rss_bytes));
	else
		hs_text_line_item(&line, "RSS %s", hs_text_size(size, memory->rss_bytes));
	hs_text_line_item(&line, "explained %s", hs_text_percent(share, memory->rss_bytes - memory->unattributed_bytes, memory->rss_bytes));
	if (memory->swap_bytes)
		hs_text_line_item(&line, "%s more in swap", hs_text_size(size, memory->swap_bytes));
	if (waterfall->has_before)
		hs_text_line_item(&line, "%s in %.0f s", hs_text_size_change(size, (int64_t)(memory->rss_bytes - waterfall->before.rss_bytes)),
				  waterfall->seconds);
	hs_text_line_end(&line);
	fputc('\n', out);
}

static void add_row(struct hs_table *table, const struct hs_waterfall *waterfall, const char *label, uint64_t bytes, uint64_t before)
{
	char size[HS_FIGURE_BYTES], share[HS_FIGURE_BYTES];

	hs_table_add(table, "%s", hs_text_size(size, bytes));
	hs_table_add(table, "%s", hs_text_share(share, bytes, waterfall->memory.rss_bytes));
	if (waterfall->has_before)
		hs_table_add(table, "%s", hs_text_size_change(size, (int64_t)(bytes - before)));
	hs_table_add(table, "%s", label);
}

static void put_steps(FILE *out, const struct hs_waterfall *waterfall, const struct hs_style *style)
{
	static const struct hs_table_column plain[] = { { "bytes", false }, { "share", false }, { "what", true } };
	static const struct hs_table_column growing[] = { { "bytes", false }, { "share", false }, { "growth", false }, { "what", true } };
	HS_CLEANUP(hs_table_deinit) struct hs_table table = {
		.columns = waterfall->has_before ? growing : plain, .n_columns = waterfall->has_before ? 4 : 3,
	};
	const struct hs_memory *memory = &waterfall->memory, *before = &waterfall->before;

	for (unsigned i = 0; i < HS_N_MEMORY_STEPS; i++)
		if (memory->steps[i] || before->steps[i])
			add_row(&table, waterfall, labels[i], memory->steps[i], before->steps[i]);
	add_row(&table, waterfall, "unattributed", memory->unattributed_bytes, before->unattributed_bytes);
	hs_table_put(out, &table, 0, style);
	fputc('\n', out);
}

static void put_pools(FILE *out, const struct hs_usage_figures *usage, const struct hs_style *style)
{
	char count[HS_FIGURE_BYTES], size[HS_FIGURE_BYTES];

	if (!usage->n_arenas)
		return;
	struct hs_text_line line = hs_text_line_begin(out, style, "pools", hs_text_bold);
	hs_text_line_item(&line, "%s arenas of %s", hs_text_count(count, usage->n_arenas), hs_text_size(size, usage->arena_bytes / usage->n_arenas));
	hs_text_line_item(&line, "%s pools in use", hs_text_count(count, usage->n_pools_used));
	hs_text_line_item(&line, "%s unused", hs_text_count(count, usage->n_pools_unused));
	hs_text_line_item(&line, "%s objects kept for reuse", hs_text_count(count, usage->n_freelist));
	hs_text_line_end(&line);
	for (unsigned i = HS_USAGE_BINS; i-- > 0;) {
		if (!usage->pools_by_use[i])
			continue;
		fprintf(out, "  %3u-%3u %% in use  %12s  ", i * 100 / HS_USAGE_BINS, (i + 1) * 100 / HS_USAGE_BINS,
			hs_text_count(count, usage->pools_by_use[i]));
		hs_text_put_bar(out, style, usage->pools_by_use[i], usage->n_pools_used, MAX_BAR);
		fputc('\n', out);
	}
	fputc('\n', out);
}

static void put_malloc(FILE *out, const struct hs_memory *memory, const struct hs_style *style)
{
	const struct hs_usage_figures *usage = &memory->usage;
	char count[HS_FIGURE_BYTES], size[HS_FIGURE_BYTES];

	struct hs_text_line line = hs_text_line_begin(out, style, "malloc", hs_text_bold);
	if (!usage->has_glibc) {
		hs_text_line_item(&line, "not glibc's: its memory is among the other anonymous mappings");
		hs_text_line_end(&line);
		return;
	}
	hs_text_line_item(&line, "%s arena%s of %s", hs_text_count(count, usage->n_malloc_arenas), usage->n_malloc_arenas == 1 ? "" : "s",
			  hs_text_size(size, usage->system_bytes));
	hs_text_line_item(&line, "in use %s", hs_text_size(size, usage->malloc_used_bytes));
	hs_text_line_item(&line, "free %s", hs_text_size(size, usage->malloc_free_bytes));
	hs_text_line_item(&line, "of these at the ends %s", hs_text_size(size, usage->top_bytes));
	hs_text_line_item(&line, "in threads' caches %s", hs_text_size(size, usage->tcache_bytes));
	hs_text_line_item(&line, "%s mappings of their own of %s", hs_text_count(count, usage->n_mapped), hs_text_size(size, usage->mapped_bytes));
	hs_text_line_end(&line);
}

static void put_overheads(FILE *out, const struct hs_overheads *overheads, const struct hs_style *style)
{
	char size[HS_FIGURE_BYTES];

	struct hs_text_line line = hs_text_line_begin(out, style, "within objects", hs_text_bold);
	hs_text_line_item(&line, "type and count %s", hs_text_size(size, overheads->object_head_bytes));
	hs_text_line_item(&line, "collector's heads %s", hs_text_size(size, overheads->gc_head_bytes));
	hs_text_line_item(&line, "room to spare in lists %s", hs_text_size(size, overheads->list_spare_bytes));
	hs_text_line_item(&line, "in dicts %s", hs_text_size(size, overheads->dict_spare_bytes));
	hs_text_line_end(&line);
}

static void put_anonymous(FILE *out, const struct hs_memory *memory, const struct hs_style *style)
{
	char count[HS_FIGURE_BYTES], size[HS_FIGURE_BYTES], limit[HS_FIGURE_BYTES];

	if (!memory->steps[HS_MEMORY_ANONYMOUS])
		return;
	struct hs_text_line line = hs_text_line_begin(out, style, "anonymous mappings", hs_text_bold);
	for (unsigned i = 0; i < HS_N_MAPPING_SIZES; i++) {
		const struct hs_mapping_size *mappings = &memory->anonymous[i];
		bool is_last = mappings->below == UINT64_MAX;
		if (mappings->n)
			hs_text_line_item(&line, "%s %s %s: %s", hs_text_count(count, mappings->n), is_last ? "from" : "below",
					  hs_text_size(limit, is_last ? memory->anonymous[i - 1].below : mappings->below), hs_text_size(size, mappings->bytes));
	}
	hs_text_line_end(&line);
}

void hs_waterfall_text(FILE *out, const struct hs_waterfall *waterfall, const struct hs_style *style)
{
	hs_document_put_head(out, &waterfall->document, style);
	put_summary(out, waterfall, style);
	put_steps(out, waterfall, style);
	put_pools(out, &waterfall->memory.usage, style);
	put_malloc(out, &waterfall->memory, style);
	put_anonymous(out, &waterfall->memory, style);
	put_overheads(out, &waterfall->memory.overheads, style);
}
