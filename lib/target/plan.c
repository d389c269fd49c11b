/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what is copied: see the table in plan.h. Sees mappings and presence bits, never a process. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "bits.h"
#include "cleanup.h"

#define MAX_WHOLE_BYTES ((hs_addr)16 << 20)

struct file_id {
	uint32_t device_major, device_minor;
	uint64_t inode;
};

HS_ARRAY_TYPE(file_ids, struct file_id);

static int compare_files(const void *a, const void *b)
{
	const struct file_id *left = a, *right = b;

	if (left->inode != right->inode)
		return left->inode < right->inode ? -1 : 1;
	if (left->device_major != right->device_major)
		return left->device_major < right->device_major ? -1 : 1;
	return left->device_minor < right->device_minor ? -1 : left->device_minor > right->device_minor;
}

static struct file_id file_of(const struct hs_mapping *mapping)
{
	return (struct file_id){ mapping->device_major, mapping->device_minor, mapping->inode };
}

static bool is_private(const struct hs_mapping *mapping)
{
	return mapping->permissions[3] == 'p';
}

static struct hs_error *find_modules(const struct hs_mappings *mappings, struct file_ids *ret)
{
	for (size_t i = 0; i < mappings->n; i++) {
		const struct hs_mapping *mapping = &mappings->items[i];
		if (!mapping->inode || mapping->permissions[2] != 'x' || !is_private(mapping))
			continue;
		struct file_id *file = hs_array_append(ret);
		if (!file)
			return hs_error_no_memory();
		*file = file_of(mapping);
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_files);
	return NULL;
}

static bool is_module(const struct file_ids *modules, const struct hs_mapping *mapping)
{
	struct file_id file = file_of(mapping);

	return mapping->inode && modules->n && bsearch(&file, modules->items, modules->n, sizeof(file), compare_files);
}

/* The interpreter, libpython or an extension module, by name: a miss costs only pages that nobody has looked at yet. */
static bool is_of_python(const char *path)
{
	static const char *const marks[] = { ".cpython-", ".abi3.", "/lib-dynload/", "-packages/" };
	const char *slash = strrchr(path, '/');

	if (strstr(slash ? slash : path, "python"))
		return true;
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (strstr(path, marks[i]))
			return true;
	return false;
}

static bool is_device(const struct hs_mapping *mapping)
{
	return !strncmp(mapping->path, "/dev/", 5) && strcmp(mapping->path, "/dev/zero") && strncmp(mapping->path, "/dev/shm/", 9);
}

static enum hs_copy_mode mode_of_writable(const struct hs_mapping *mapping, const struct file_ids *modules)
{
	if (!mapping->inode)
		return HS_COPY_PRESENT;
	return is_module(modules, mapping) ? HS_COPY_WHOLE : HS_COPY_WRITTEN;
}

static enum hs_copy_mode mode_of_read_only(const struct hs_mapping *mapping, const struct file_ids *modules)
{
	bool is_text = mapping->permissions[2] == 'x';

	/* For debuggers: a signal's frame, or a clock's, is unwound by what the kernel has put there. */
	if (!strcmp(mapping->path, "[vdso]"))
		return HS_COPY_WHOLE;
	if (!mapping->inode)
		return is_text || mapping->path[0] == '[' ? HS_COPY_NOTHING : HS_COPY_PRESENT;
	/* Linked without separate code segments, the ELF header, .rodata and .dynsym are part of the text. */
	if (!is_module(modules, mapping) || (is_text && mapping->file_offset))
		return HS_COPY_NOTHING;
	if (is_of_python(mapping->path) && mapping->end - mapping->start <= MAX_WHOLE_BYTES)
		return HS_COPY_WHOLE;
	return HS_COPY_PRESENT;
}

/* *ret_why: static text when the mapping belongs into `missing`, else NULL. */
static enum hs_copy_mode mode_of(const struct hs_mapping *mapping, const struct file_ids *modules, const char **ret_why)
{
	bool is_writable = mapping->permissions[1] == 'w';

	*ret_why = NULL;
	if (mapping->permissions[0] != 'r' || !strncmp(mapping->path, "[vvar", 5) || !strcmp(mapping->path, "[vsyscall]"))
		return HS_COPY_NOTHING;
	if (is_device(mapping)) {
		*ret_why = is_writable ? "device memory" : NULL;
		return HS_COPY_NOTHING;
	}
	if (!is_private(mapping)) {
		*ret_why = is_writable ? "shared memory" : NULL;
		return HS_COPY_NOTHING;
	}
	if (mapping->end - mapping->start > HS_PLAN_MAX_MAPPING_BYTES) {
		*ret_why = "larger than 1 TiB";
		return HS_COPY_NOTHING;
	}
	return is_writable ? mode_of_writable(mapping, modules) : mode_of_read_only(mapping, modules);
}

static struct hs_error *add_missing(struct hs_plan *plan, hs_addr start, hs_addr end, const char *why)
{
	struct hs_missing *missing = hs_array_append(&plan->missing);

	if (!missing)
		return hs_error_no_memory();
	*missing = (struct hs_missing){ start, end, why };
	return NULL;
}

/* Mappings and modes of one extent: [first, last] of the mappings, all but NOTHING. */
struct span {
	size_t first;
	size_t last;
};

/* Of [start, end) of an extent, what the target has not touched is what the file holds. */
static struct hs_error *mark_of_file(hs_addr start, hs_addr end, struct hs_extent *extent)
{
	size_t n_words = hs_bits_words((extent->end - extent->start) >> HS_PAGE_SHIFT);

	if (!extent->of_file)
		extent->of_file = calloc(n_words, sizeof(*extent->of_file));
	if (!extent->filled)
		extent->filled = calloc(n_words, sizeof(*extent->filled));
	if (!extent->of_file || !extent->filled)
		return hs_error_no_memory();
	for (size_t bit = (start - extent->start) >> HS_PAGE_SHIFT; bit < (end - extent->start) >> HS_PAGE_SHIFT; bit++)
		if (!hs_bits_test(extent->present, bit) && !hs_bits_test(extent->zero, bit))
			hs_bits_set(extent->of_file, bit, bit + 1);
	return NULL;
}

static struct hs_error *mark_mapping(const struct hs_mapping *mapping, enum hs_copy_mode mode, const struct hs_page_source *pages,
				     struct hs_extent *extent, size_t *n_swapped)
{
	bool is_whole = mode == HS_COPY_WHOLE;

	HS_TRY(pages->mark(pages->context, mapping->start, mapping->end, is_whole ? HS_COPY_PRESENT : mode, extent, n_swapped));
	if (is_whole)
		return mark_of_file(mapping->start, mapping->end, extent);
	/* The ELF header and the program headers say which file this is of, and where its parts lie. */
	if (mode == HS_COPY_PRESENT && mapping->inode && !mapping->file_offset)
		return mark_of_file(mapping->start, mapping->start + HS_PAGE_BYTES, extent);
	return NULL;
}

static struct hs_error *allocate_bits(struct hs_extent *extent)
{
	size_t n_words = hs_bits_words((extent->end - extent->start) >> HS_PAGE_SHIFT);

	extent->present = calloc(n_words, sizeof(*extent->present));
	extent->zero = calloc(n_words, sizeof(*extent->zero));
	return extent->present && extent->zero ? NULL : hs_error_no_memory();
}

static struct hs_error *add_extent(struct hs_plan *plan, const struct hs_mappings *mappings, const enum hs_copy_mode *modes,
				   struct span span, const struct hs_page_source *pages)
{
	const struct hs_mapping *first = &mappings->items[span.first];
	struct hs_extent *extent = hs_array_append(&plan->extents);
	size_t n_swapped = 0;

	if (!extent)
		return hs_error_no_memory();
	extent->start = first->start;
	extent->end = mappings->items[span.last].end;
	extent->is_writable = first->permissions[1] == 'w';
	extent->is_anonymous = true;
	HS_TRY(allocate_bits(extent));
	for (size_t i = span.first; i <= span.last; i++) {
		if (mappings->items[i].inode)
			extent->is_anonymous = false;
		HS_TRY(mark_mapping(&mappings->items[i], modes[i], pages, extent, &n_swapped));
	}
	plan->swapped_bytes += n_swapped << HS_PAGE_SHIFT;
	return NULL;
}

/* The last mapping that continues an extent without a gap: an object may lie across a border that the kernel drew. */
static size_t last_of_extent(const struct hs_mappings *mappings, const enum hs_copy_mode *modes, size_t first)
{
	size_t last = first;

	while (last + 1 < mappings->n && modes[last + 1] != HS_COPY_NOTHING &&
	       mappings->items[last + 1].start == mappings->items[last].end &&
	       mappings->items[last + 1].permissions[1] == mappings->items[first].permissions[1])
		last++;
	return last;
}

/* Leaves out the pages that lie wholly in a range of raw data; what shares a page with something else is copied. */
static struct hs_error *skip_ranges(struct hs_plan *plan, struct hs_extent *extent, const struct hs_address_ranges *skip)
{
	for (size_t i = 0; i < skip->n; i++) {
		hs_addr start = (skip->items[i].start + HS_PAGE_BYTES - 1) & ~(hs_addr)(HS_PAGE_BYTES - 1);
		hs_addr end = skip->items[i].end & ~(hs_addr)(HS_PAGE_BYTES - 1);
		if (start < extent->start)
			start = extent->start;
		if (end > extent->end)
			end = extent->end;
		if (start >= end)
			continue;
		hs_bits_clear(extent->present, (start - extent->start) >> HS_PAGE_SHIFT, (end - extent->start) >> HS_PAGE_SHIFT);
		hs_bits_clear(extent->zero, (start - extent->start) >> HS_PAGE_SHIFT, (end - extent->start) >> HS_PAGE_SHIFT);
		if (extent->of_file)
			hs_bits_clear(extent->of_file, (start - extent->start) >> HS_PAGE_SHIFT, (end - extent->start) >> HS_PAGE_SHIFT);
		HS_TRY(add_missing(plan, start, end, "raw data, left out"));
	}
	return NULL;
}

static struct hs_error *fill_plan(struct hs_plan *plan, const struct hs_mappings *mappings, const enum hs_copy_mode *modes,
				  const struct hs_page_source *pages, const struct hs_address_ranges *skip)
{
	for (size_t i = 0; i < mappings->n; i++) {
		if (modes[i] == HS_COPY_NOTHING)
			continue;
		struct span span = { i, last_of_extent(mappings, modes, i) };
		HS_TRY(add_extent(plan, mappings, modes, span, pages));
		struct hs_extent *extent = &plan->extents.items[plan->extents.n - 1];
		if (skip)
			HS_TRY(skip_ranges(plan, extent, skip));
		size_t n_bits = (extent->end - extent->start) >> HS_PAGE_SHIFT;
		extent->n_pages = hs_bits_count(extent->present, n_bits) + (extent->of_file ? hs_bits_count(extent->of_file, n_bits) : 0);
		plan->bytes += extent->n_pages << HS_PAGE_SHIFT;
		i = span.last;
	}
	return NULL;
}

static void cleanup_files(struct file_ids *files)
{
	hs_array_free(files);
}

struct hs_error *hs_plan_make(const struct hs_mappings *mappings, const struct hs_page_source *pages,
			      const struct hs_address_ranges *skip, struct hs_plan **ret)
{
	HS_CLEANUP(hs_cleanup_plan) struct hs_plan *plan = calloc(1, sizeof(*plan));
	HS_CLEANUP(cleanup_files) struct file_ids modules = { 0 };
	HS_FREE enum hs_copy_mode *modes = calloc(mappings->n + 1, sizeof(*modes));

	if (!plan || !modes)
		return hs_error_no_memory();
	HS_TRY(find_modules(mappings, &modules));
	for (size_t i = 0; i < mappings->n; i++) {
		const struct hs_mapping *mapping = &mappings->items[i];
		const char *why;
		modes[i] = mode_of(mapping, &modules, &why);
		if (why)
			HS_TRY(add_missing(plan, mapping->start, mapping->end, why));
	}
	HS_TRY(fill_plan(plan, mappings, modes, pages, skip));
	*ret = hs_take(plan);
	return NULL;
}

void hs_plan_destroy(struct hs_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->extents.n; i++) {
		free(plan->extents.items[i].present);
		free(plan->extents.items[i].zero);
		free(plan->extents.items[i].of_file);
		free(plan->extents.items[i].filled);
	}
	hs_array_free(&plan->extents);
	hs_array_free(&plan->missing);
	free(plan);
}

size_t hs_plan_find(const struct hs_plan *plan, hs_addr address)
{
	size_t low = 0, high = plan->extents.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (plan->extents.items[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Words that are zero are left alone: the bitmap of a sparse mapping is never touched where nothing is. */
static void copy_bits(uint64_t *to, const uint64_t *from, size_t n_words)
{
	for (size_t word = 0; word < n_words; word++)
		if (from[word])
			to[word] = from[word];
}

struct hs_error *hs_plan_copy(const struct hs_plan *plan, struct hs_plan **ret)
{
	HS_CLEANUP(hs_cleanup_plan) struct hs_plan *copy = calloc(1, sizeof(*copy));

	if (!copy)
		return hs_error_no_memory();
	copy->bytes = plan->bytes;
	copy->swapped_bytes = plan->swapped_bytes;
	for (size_t i = 0; i < plan->extents.n; i++) {
		const struct hs_extent *from = &plan->extents.items[i];
		struct hs_extent *extent = hs_array_append(&copy->extents);
		size_t n_words = hs_bits_words((from->end - from->start) >> HS_PAGE_SHIFT);
		if (!extent)
			return hs_error_no_memory();
		*extent = *from;
		extent->of_file = extent->filled = NULL;
		HS_TRY(allocate_bits(extent));
		copy_bits(extent->present, from->present, n_words);
		copy_bits(extent->zero, from->zero, n_words);
	}
	*ret = hs_take(copy);
	return NULL;
}

/* The bit after the first `n` that are set from `bit` on; n_bits when there are fewer. *ret_n: how many were found. */
static size_t pass_set_bits(const uint64_t *bits, size_t bit, size_t n_bits, size_t n, size_t *ret_n)
{
	size_t n_found = 0;

	while (n_found < n && (bit = hs_bits_next(bits, bit, n_bits, true)) < n_bits) {
		size_t end = hs_bits_next(bits, bit, n_bits, false);
		if (end - bit > n - n_found)
			end = bit + (n - n_found);
		n_found += end - bit;
		bit = end;
	}
	*ret_n = n_found;
	return bit;
}

struct hs_error *hs_plan_sample(const struct hs_plan *plan, size_t skip_bytes, size_t bytes, struct hs_plan **ret)
{
	size_t n_skip = skip_bytes >> HS_PAGE_SHIFT, n_wanted = bytes >> HS_PAGE_SHIFT;
	struct hs_plan *sample;

	HS_TRY(hs_plan_copy(plan, &sample));
	sample->bytes = 0;
	for (size_t i = 0; i < sample->extents.n; i++) {
		struct hs_extent *extent = &sample->extents.items[i];
		size_t n_bits = (extent->end - extent->start) >> HS_PAGE_SHIFT;
		size_t n_skipped = 0, n_taken = 0, begin = n_bits, end = n_bits;
		if (extent->is_writable && n_wanted) {
			begin = pass_set_bits(extent->present, 0, n_bits, n_skip, &n_skipped);
			end = pass_set_bits(extent->present, begin, n_bits, n_wanted, &n_taken);
		}
		hs_bits_clear(extent->present, 0, begin);
		hs_bits_clear(extent->present, end, n_bits);
		extent->n_pages = n_taken;
		n_skip -= n_skipped;
		n_wanted -= n_taken;
		sample->bytes += n_taken << HS_PAGE_SHIFT;
	}
	*ret = sample;
	return NULL;
}

struct hs_error *hs_extent_for_each_run(const struct hs_extent *extent,
					struct hs_error *(*run)(void *context, hs_addr start, hs_addr end), void *context)
{
	size_t n_bits = (extent->end - extent->start) >> HS_PAGE_SHIFT;

	for (size_t bit = hs_bits_next(extent->present, 0, n_bits, true); bit < n_bits;) {
		size_t end = hs_bits_next(extent->present, bit, n_bits, false);
		HS_TRY(run(context, extent->start + (bit << HS_PAGE_SHIFT), extent->start + (end << HS_PAGE_SHIFT)));
		bit = hs_bits_next(extent->present, end, n_bits, true);
	}
	return NULL;
}
