/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a decoded content note, so that those who read it need not: order, alignment, what must be there. */
#include "snapshot_check.h"

#include <string.h>

/* Ends where another address space would begin. */
#define MAX_ADDRESS ((hs_addr)1 << 47)

static bool is_range(hs_addr start, hs_addr end, hs_addr after)
{
	return start >= after && start < end && end <= MAX_ADDRESS;
}

static bool is_of_pages(hs_addr start, hs_addr end)
{
	return !((start | end) & (HS_PAGE_BYTES - 1));
}

static bool are_permissions(const char *text)
{
	static const char *const allowed[] = { "r-", "w-", "x-", "ps" };

	for (size_t i = 0; i < 4; i++)
		if (!text[i] || !strchr(allowed[i], text[i]))
			return false;
	return true;
}

static bool is_process(const struct hs_process *process)
{
	const struct hs_mappings *mappings = &process->mappings;
	hs_addr after = 0;

	if (process->pid <= 0 || process->memory_tid <= 0 || process->tracer_pid < 0)
		return false;
	for (size_t i = 0; i < mappings->n; after = mappings->items[i++].end) {
		const struct hs_mapping *mapping = &mappings->items[i];
		/* [vsyscall] lies above all others */
		if (mapping->start < after || mapping->start >= mapping->end || !is_of_pages(mapping->start, mapping->end) ||
		    !are_permissions(mapping->permissions))
			return false;
	}
	return true;
}

static bool are_segments(const struct hs_snapshot_segments *segments)
{
	hs_addr after = 0;

	for (size_t i = 0; i < segments->n; after = segments->items[i++].end)
		if (!is_range(segments->items[i].start, segments->items[i].end, after) ||
		    !is_of_pages(segments->items[i].start, segments->items[i].end))
			return false;
	return segments->n > 0;
}

static bool are_statics(const struct hs_static_ranges *statics)
{
	hs_addr after = 0;

	for (size_t i = 0; i < statics->n; after = statics->items[i++].end)
		if (!is_range(statics->items[i].start, statics->items[i].end, after))
			return false;
	return true;
}

/* Two losses of different kinds may overlap. */
static bool are_missing(const struct hs_missing_list *missing)
{
	hs_addr after = 0;

	for (size_t i = 0; i < missing->n; after = missing->items[i++].start)
		if (!is_range(missing->items[i].start, missing->items[i].end, after))
			return false;
	return true;
}

static bool are_skipped(const struct hs_address_ranges *skipped)
{
	for (size_t i = 0; i < skipped->n; i++)
		if (!is_range(skipped->items[i].start, skipped->items[i].end, 0))
			return false;
	return true;
}

static bool are_uses(const struct hs_mapping_uses *uses)
{
	hs_addr after = 0;

	for (size_t i = 0; i < uses->n; after = uses->items[i++].end)
		if (uses->items[i].start < after || uses->items[i].start >= uses->items[i].end)
			return false;
	return true;
}

static bool are_threads(const struct hs_thread_list *threads)
{
	for (size_t i = 0; i < threads->n; i++)
		if (threads->items[i].tid <= 0)
			return false;
	return true;
}

static bool are_checksums(const struct hs_snapshot_content *content)
{
	uint64_t n = content->data_bytes / HS_SNAPSHOT_CHUNK_BYTES + !!(content->data_bytes % HS_SNAPSHOT_CHUNK_BYTES);

	return content->checksums.n == n && content->data_offset <= INT64_MAX && content->data_bytes <= INT64_MAX - content->data_offset &&
	       !(content->data_offset % HS_PAGE_BYTES);
}

struct hs_error *hs_snapshot_check(const struct hs_snapshot_content *content)
{
	const struct {
		bool is_good;
		const char *what;
	} checks[] = {
		{ is_process(content->process), "process" },
		{ are_segments(&content->segments), "segments" },
		{ are_statics(&content->statics), "static storage" },
		{ are_missing(&content->missing), "missing memory" },
		{ are_skipped(&content->skipped), "left out payloads" },
		{ are_uses(&content->uses), "memory by mapping" },
		{ are_threads(&content->threads), "threads" },
		{ are_checksums(content), "checksums" },
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		if (!checks[i].is_good)
			return hs_error_new(HS_ERROR_BAD_DATA, "the snapshot's note contradicts itself: %s", checks[i].what);
	return NULL;
}

const char *hs_snapshot_reason(const char *text)
{
	static const char *const reasons[] = { "device memory", "shared memory", "larger than 1 TiB", "raw data, left out", "could not be read" };

	for (size_t i = 0; text && i < sizeof(reasons) / sizeof(*reasons); i++)
		if (!strcmp(text, reasons[i]))
			return reasons[i];
	return "left out";
}
