/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First all blocks of one traceback are added up, of which there are far fewer; then tracebacks are decoded, each once, filtered and
 * grouped. Tables and tracebacks may be hostile: their sums are bounded by the size of the image.
 */
#include "trace_groups.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "address_index.h"
#include "cleanup.h"

#define MAX_FILENAME_BYTES 4096
#define NO_FILE "<unreadable>" /* of a traceback that cannot be read */

/* What was allocated with one traceback. */
struct weight {
	hs_addr traceback;
	uint64_t bytes, count;
};

/* A file name of the target's. */
struct file {
	uint32_t number;  /* in the result's files */
	bool is_included, is_excluded; /* by filters without a line … */
	bool needs_line;  /* … and some filter names it with a line */
};

struct grouping {
	const struct hs_cpython *py;
	const struct hs_trace_options *options;
	struct hs_trace_groups *ret;
	struct hs_address_index tracebacks; /* → weights */
	HS_ARRAY(struct weight) weights;
	struct hs_address_index filenames;  /* names → files */
	HS_ARRAY(struct file) files;
	struct hs_address_index places;     /* a file and a line → groups */
	HS_ARRAY(struct hs_trace_place) frames; /* of the traceback in hand, decoded */
	uint64_t n_frames_left;             /* that all tracebacks of an honest process can have */
	bool is_short;                      /* memory ran out */
};

static bool is_wanted(const struct hs_trace_options *options, const struct hs_trace *trace)
{
	if (options->has_domain && trace->domain != options->domain)
		return false;
	return !options->blocks || (trace->domain == 0 && options->n_blocks &&
				    bsearch(&trace->block, options->blocks, options->n_blocks, sizeof(*options->blocks), hs_address_compare));
}

static void weigh(void *context, const struct hs_trace *trace)
{
	struct grouping *grouping = context;
	bool is_new;

	if (grouping->is_short || !is_wanted(grouping->options, trace))
		return;
	/* a block without a traceback is one that cannot be read */
	uint32_t number = hs_address_index_add(&grouping->tracebacks, trace->traceback ? trace->traceback : 1, &is_new);
	struct weight *weight = number == HS_NO_INDEX ? NULL : is_new ? hs_array_append(&grouping->weights) : &grouping->weights.items[number];
	if (!weight) {
		grouping->is_short = true;
		return;
	}
	weight->traceback = trace->traceback;
	weight->bytes += trace->bytes;
	weight->count++;
}

/* tracemalloc's Filter takes a compiled file for its source. */
static bool filter_fits(const struct hs_trace_filter *filter, const char *name)
{
	size_t bytes = strlen(name);
	HS_FREE char *source = bytes > 4 && !strcmp(name + bytes - 4, ".pyc") ? strndup(name, bytes - 1) : NULL;

	return fnmatch(filter->glob, source ? source : name, FNM_NOESCAPE) == 0;
}

static void apply_filters(const struct hs_trace_options *options, const char *name, struct file *file)
{
	for (size_t i = 0; i < options->n_filters; i++) {
		const struct hs_trace_filter *filter = &options->filters[i];
		if (!filter_fits(filter, name))
			continue;
		if (filter->line)
			file->needs_line = true;
		else if (filter->is_exclusive)
			file->is_excluded = true;
		else
			file->is_included = true;
	}
}

/* The file of a name; NULL when memory is out. */
static const struct file *file_of(struct grouping *grouping, hs_addr filename)
{
	char name[MAX_FILENAME_BYTES];
	bool is_new;
	uint32_t number = hs_address_index_add(&grouping->filenames, filename ? filename : 1, &is_new);

	if (number == HS_NO_INDEX)
		return NULL;
	if (!is_new)
		return &grouping->files.items[number];
	if (!filename || !hs_trace_filename(grouping->py, filename, name, sizeof(name))) {
		strcpy(name, NO_FILE);
		grouping->ret->walked.is_whole = false;
	}
	struct file *file = hs_array_append(&grouping->files);
	char **slot = hs_array_append(&grouping->ret->files);
	if (!file || !slot)
		return NULL;
	*slot = strdup(name);
	file->number = (uint32_t)(grouping->ret->files.n - 1);
	apply_filters(grouping->options, name, file);
	return *slot ? file : NULL;
}

/* Adds what fits with a line to *ret_included and *ret_excluded. */
static void apply_line_filters(const struct grouping *grouping, const struct file *file, uint32_t line, bool *ret_included, bool *ret_excluded)
{
	const char *name = grouping->ret->files.items[file->number];

	for (size_t i = 0; i < grouping->options->n_filters; i++) {
		const struct hs_trace_filter *filter = &grouping->options->filters[i];
		if (filter->line != line || !filter->line || !filter_fits(filter, name))
			continue;
		*(filter->is_exclusive ? ret_excluded : ret_included) = true;
	}
}

static bool has_inclusive(const struct hs_trace_options *options)
{
	for (size_t i = 0; i < options->n_filters; i++)
		if (!options->filters[i].is_exclusive)
			return true;
	return false;
}

/* Does a traceback count? Its frames stand at `places`. */
static bool passes(const struct grouping *grouping, const struct hs_trace_place *places, uint32_t n)
{
	bool is_included = !has_inclusive(grouping->options), is_excluded = false;

	for (uint32_t i = 0; i < n && (i == 0 || grouping->options->matches_all_frames); i++) {
		/* the files of the result are those of the filters, one by one */
		const struct file *file = &grouping->files.items[places[i].file];
		is_included |= file->is_included;
		is_excluded |= file->is_excluded;
		if (file->needs_line)
			apply_line_filters(grouping, file, places[i].line, &is_included, &is_excluded);
	}
	return is_included && !is_excluded;
}

static bool add_to_group(struct grouping *grouping, struct hs_trace_group *group, const struct weight *weight)
{
	if (!group) {
		grouping->is_short = true;
		return false;
	}
	group->bytes += weight->bytes;
	group->count += weight->count;
	return true;
}

/* A group of one place. */
static bool add_to_place(struct grouping *grouping, struct hs_trace_place place, const struct weight *weight)
{
	struct hs_trace_groups *ret = grouping->ret;
	bool is_new;

	if (grouping->options->grouping == HS_TRACE_BY_FILE)
		place.line = 0;
	uint32_t number = hs_address_index_add(&grouping->places, ((uint64_t)place.file + 1) << 32 | place.line, &is_new);
	if (number != HS_NO_INDEX && !is_new)
		return add_to_group(grouping, &ret->groups.items[number], weight);
	struct hs_trace_place *slot = number == HS_NO_INDEX ? NULL : hs_array_append(&ret->places);
	struct hs_trace_group *group = slot ? hs_array_append(&ret->groups) : NULL;
	if (group) {
		*slot = place;
		group->first = (uint32_t)(ret->places.n - 1);
		group->n = 1;
	}
	return add_to_group(grouping, group, weight);
}

/* A group of all places. */
static bool add_to_traceback(struct grouping *grouping, const struct hs_trace_place *places, uint32_t n, const struct weight *weight)
{
	struct hs_trace_groups *ret = grouping->ret;
	uint32_t first = (uint32_t)ret->places.n;

	if (ret->places.n + n > UINT32_MAX || !hs_array_reserve(&ret->places, ret->places.n + n))
		return add_to_group(grouping, NULL, weight);
	memcpy(&ret->places.items[first], places, n * sizeof(*places));
	ret->places.n += n;
	struct hs_trace_group *group = hs_array_append(&ret->groups);
	if (group) {
		group->first = first;
		group->n = n;
	}
	return add_to_group(grouping, group, weight);
}

/* Decodes the traceback at `address` into grouping->frames: at least one comes of it. False when memory is out. */
static bool decode(struct grouping *grouping, hs_addr address)
{
	struct hs_trace_frame frame = { 0 };
	struct hs_traceback traceback;

	if (!hs_traceback_read(grouping->py, address, &traceback) || !traceback.n || traceback.n > grouping->n_frames_left) {
		grouping->ret->walked.is_whole = false;
		traceback = (struct hs_traceback){ .n = 1 };
	}
	if (!hs_array_reserve(&grouping->frames, traceback.n))
		return false;
	grouping->frames.n = traceback.n;
	grouping->n_frames_left -= traceback.frames ? traceback.n : 0;
	for (uint32_t i = 0; i < traceback.n; i++) {
		if (traceback.frames)
			frame = hs_traceback_frame(grouping->py, &traceback, i);
		const struct file *file = file_of(grouping, frame.filename);
		if (!file)
			return false;
		grouping->frames.items[i] = (struct hs_trace_place){ .file = file->number, .line = frame.line };
	}
	return true;
}

static bool group_weight(struct grouping *grouping, const struct weight *weight)
{
	const struct hs_trace_options *options = grouping->options;

	if (!decode(grouping, weight->traceback)) {
		grouping->is_short = true;
		return false;
	}
	const struct hs_trace_place *places = grouping->frames.items;
	uint32_t n = (uint32_t)grouping->frames.n;
	if (!passes(grouping, places, n))
		return true;
	grouping->ret->bytes += weight->bytes;
	grouping->ret->count += weight->count;
	if (options->grouping == HS_TRACE_BY_TRACEBACK)
		return add_to_traceback(grouping, places, n, weight);
	for (uint32_t i = 0; i < (options->is_cumulative ? n : 1); i++)
		if (!add_to_place(grouping, places[i], weight))
			return false;
	return true;
}

int hs_trace_group_compare_places(const struct hs_trace_groups *a_groups, const struct hs_trace_group *a, const struct hs_trace_groups *b_groups,
				  const struct hs_trace_group *b)
{
	for (uint32_t i = 0; i < a->n && i < b->n; i++) {
		const struct hs_trace_place *left = hs_trace_place(a_groups, a, i), *right = hs_trace_place(b_groups, b, i);
		int order = a_groups == b_groups && left->file == right->file ? 0 : strcmp(hs_trace_file(a_groups, left), hs_trace_file(b_groups, right));
		if (order)
			return order;
		if (left->line != right->line)
			return left->line < right->line ? -1 : 1;
	}
	return a->n < b->n ? -1 : a->n > b->n;
}

static int compare_places(const void *a, const void *b, void *context)
{
	return hs_trace_group_compare_places(context, a, context, b);
}

static int compare_groups(const void *a, const void *b, void *context)
{
	const struct hs_trace_group *left = a, *right = b;

	if (left->bytes != right->bytes)
		return left->bytes > right->bytes ? -1 : 1;
	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	return hs_trace_group_compare_places(context, left, context, right);
}

/* Tracebacks that differ in the frames that were not kept alone are one group, as are two str objects of one name. */
static void sort_and_merge(struct hs_trace_groups *ret)
{
	size_t n = 0;

	if (!ret->groups.n)
		return;
	qsort_r(ret->groups.items, ret->groups.n, sizeof(*ret->groups.items), compare_places, ret);
	for (size_t i = 1; i < ret->groups.n; i++) {
		struct hs_trace_group *last = &ret->groups.items[n], *group = &ret->groups.items[i];
		if (compare_places(last, group, ret)) {
			ret->groups.items[++n] = *group;
			continue;
		}
		last->bytes += group->bytes;
		last->count += group->count;
	}
	ret->groups.n = n + 1;
	qsort_r(ret->groups.items, ret->groups.n, sizeof(*ret->groups.items), compare_groups, ret);
}

static void release(struct grouping *grouping)
{
	hs_address_index_free(&grouping->tracebacks);
	hs_address_index_free(&grouping->filenames);
	hs_address_index_free(&grouping->places);
	hs_array_free(&grouping->weights);
	hs_array_free(&grouping->files);
	hs_array_free(&grouping->frames);
}

/* Groups what was weighed. */
static struct hs_error *group_weights(struct grouping *grouping)
{
	for (size_t i = 0; i < grouping->weights.n && !grouping->is_short; i++)
		group_weight(grouping, &grouping->weights.items[i]);
	if (grouping->is_short)
		return hs_error_no_memory();
	sort_and_merge(grouping->ret);
	return NULL;
}

static uint64_t frames_of(const struct hs_cpython *py)
{
	return hs_image_captured_bytes(py->image) / HS_SIZEOF(py->layout, tracemalloc_frame);
}

struct hs_error *hs_trace_groups_of(const struct hs_cpython *py, const struct hs_tracemalloc *tracemalloc, const struct hs_trace_options *options,
				    struct hs_trace_groups *ret)
{
	HS_CLEANUP(release) struct grouping grouping = { .py = py, .options = options, .ret = ret, .n_frames_left = frames_of(py) };

	*ret = (struct hs_trace_groups){ 0 };
	hs_traces_each(py, tracemalloc, weigh, &grouping, &ret->walked);
	if (grouping.is_short)
		return hs_error_no_memory();
	return group_weights(&grouping);
}

void hs_trace_groups_release(struct hs_trace_groups *groups)
{
	for (size_t i = 0; i < groups->files.n; i++)
		free(groups->files.items[i]);
	hs_array_free(&groups->files);
	hs_array_free(&groups->places);
	hs_array_free(&groups->groups);
}

/* The innermost block around an address. */
struct search {
	hs_addr address;
	struct hs_trace found;
	bool is_found;
};

static void look_at(void *context, const struct hs_trace *trace)
{
	struct search *search = context;
	bool holds = trace->domain == 0 && search->address >= trace->block &&
		     (search->address - trace->block < trace->bytes || search->address == trace->block);

	if (!holds || (search->is_found && search->found.block >= trace->block))
		return;
	search->found = *trace;
	search->is_found = true;
}

struct hs_error *hs_trace_find(const struct hs_cpython *py, const struct hs_tracemalloc *tracemalloc, hs_addr address, struct hs_trace *ret,
			       struct hs_trace_groups *ret_groups, bool *ret_found)
{
	static const struct hs_trace_options by_traceback = { .grouping = HS_TRACE_BY_TRACEBACK };
	HS_CLEANUP(release) struct grouping grouping = { .py = py, .options = &by_traceback, .ret = ret_groups, .n_frames_left = frames_of(py) };
	struct search search = { .address = address };

	*ret_groups = (struct hs_trace_groups){ 0 };
	hs_traces_each(py, tracemalloc, look_at, &search, &ret_groups->walked);
	*ret_found = search.is_found;
	if (!search.is_found)
		return NULL;
	*ret = search.found;
	weigh(&grouping, &search.found);
	return grouping.is_short ? hs_error_no_memory() : group_weights(&grouping);
}
