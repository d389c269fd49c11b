/* SPDX-License-Identifier: Apache-2.0 */
/* A sample as a whole: what of a moment outlives its image. */
#include "sample.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "sample_internal.h"

void hs_sample_destroy(struct hs_sample *sample)
{
	if (!sample)
		return;
	for (size_t i = 0; i < sample->types.n; i++)
		free(sample->types.items[i].name);
	hs_array_free(&sample->types);
	hs_array_free(&sample->containers);
	sample_identities_destroy(sample->identities);
	free(sample);
}

static void destroy_sample(struct hs_sample **sample)
{
	hs_sample_destroy(*sample);
}

void hs_sample_drop_identities(struct hs_sample *sample)
{
	sample_identities_destroy(hs_take(sample->identities));
}

static int compare_lengths(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left > right ? -1 : left < right;
}

void hs_sample_shrink(struct hs_sample *sample, size_t max_bytes)
{
	struct hs_sample_containers *containers = &sample->containers;
	size_t room = max_bytes / sizeof(*containers->items), n = 0;
	HS_FREE uint64_t *lengths = containers->n > room ? malloc(containers->n * sizeof(*lengths)) : NULL;

	if (!lengths)
		return;
	for (size_t i = 0; i < containers->n; i++)
		lengths[i] = containers->items[i].length;
	qsort(lengths, containers->n, sizeof(*lengths), compare_lengths);
	sample->min_length = lengths[room] + 1;
	for (size_t i = 0; i < containers->n; i++)
		if (containers->items[i].length >= sample->min_length)
			containers->items[n++] = containers->items[i];
	containers->n = n;
	struct hs_sample_container *smaller = realloc(containers->items, (n + 1) * sizeof(*smaller));
	if (smaller) {
		containers->items = smaller;
		containers->capacity = n + 1;
	}
}

static int compare_names(const void *a, const void *b)
{
	const struct hs_sample_type *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static struct hs_error *keep_types(struct hs_sample *sample, const struct hs_census *census)
{
	for (size_t i = 0; i < census->types.n; i++) {
		const struct hs_census_type *from = &census->types.items[i];
		struct hs_sample_type *type = hs_array_append(&sample->types);
		if (!type)
			return hs_error_no_memory();
		*type = (struct hs_sample_type){
			.name = strdup(from->name), .count = from->count, .bytes = from->bytes, .gc_tracked = from->gc_tracked,
		};
		if (!type->name)
			return hs_error_no_memory();
	}
	if (sample->types.n)
		qsort(sample->types.items, sample->types.n, sizeof(*sample->types.items), compare_names);
	return NULL;
}

struct hs_error *hs_sample_take(const struct hs_process_heap *heap, const struct hs_census *census, const struct hs_sample_options *options,
				struct hs_sample **ret)
{
	HS_CLEANUP(destroy_sample) struct hs_sample *sample = calloc(1, sizeof(*sample));

	if (!sample)
		return hs_error_no_memory();
	sample->n_objects = census->n_objects;
	sample->python_bytes = census->in_use_bytes;
	sample->is_complete = census->is_complete;
	HS_TRY(keep_types(sample, census));
	HS_TRY(sample_containers_take(heap, options->max_container_bytes, sample));
	if (options->wants_identities)
		HS_TRY(sample_identities_take(heap, &sample->identities));
	*ret = hs_take(sample);
	return NULL;
}

static struct hs_sample_identity identity_of(const struct hs_process *process, const struct hs_layout *layout)
{
	size_t i = hs_mappings_find(&process->mappings, layout->runtime_start);
	const struct hs_mapping *binary = i < process->mappings.n ? &process->mappings.items[i] : NULL;
	struct hs_sample_identity identity = {
		.pid = process->pid, .start_time = process->start_time, .exec_id = process->exec_id, .runtime = layout->runtime_start,
	};

	if (binary && binary->start <= layout->runtime_start) {
		identity.device_major = binary->device_major;
		identity.device_minor = binary->device_minor;
		identity.inode = binary->inode;
	}
	return identity;
}

struct hs_error *hs_sample_describe(struct hs_sample *sample, const struct hs_capture *capture, const struct hs_layout *layout,
				    const struct hs_process_heap *heap)
{
	sample->identity = identity_of(capture->process, layout);
	sample->time_ns = capture->taken_at_ns;
	sample->pause_ns = capture->pause_ns;
	sample->was_stopped = capture->was_stopped;
	sample->rss_bytes = capture->process->rss_bytes;
	if (!capture->uses.n)
		return NULL;
	HS_TRY(hs_memory_of(capture, heap, &sample->memory));
	sample->has_memory = true;
	sample->rss_bytes = sample->memory.rss_bytes;
	return NULL;
}

bool hs_sample_is_same_process(const struct hs_sample *a, const struct hs_sample *b)
{
	const struct hs_sample_identity *left = &a->identity, *right = &b->identity;

	return left->pid == right->pid && left->start_time == right->start_time && !hs_exec_ids_differ(left->exec_id, right->exec_id) &&
	       left->device_major == right->device_major && left->device_minor == right->device_minor &&
	       left->inode == right->inode && left->runtime == right->runtime;
}

const struct hs_sample_type *hs_sample_type_named(const struct hs_sample *sample, const char *name)
{
	const struct hs_sample_type key = { .name = (char *)name };

	return sample->types.n ? bsearch(&key, sample->types.items, sample->types.n, sizeof(key), compare_names) : NULL;
}

const struct hs_sample_container *hs_sample_container_at(const struct hs_sample *sample, hs_addr address)
{
	const struct hs_sample_container key = { .address = address };

	return sample->containers.n ? bsearch(&key, sample->containers.items, sample->containers.n, sizeof(key), hs_address_compare) : NULL;
}
