/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at one moment after the other, and keeping of each what the last one is held against. */
#include "diff.h"

#include <stdlib.h>
#include <string.h>

#include "capture_file.h"
#include "cleanup.h"
#include "diff_facts.h"
#include "place_join.h"
#include "same_process.h"

const char *hs_join_name(enum hs_join join)
{
	return join == HS_JOIN_BY_ADDRESS ? "address" : "path";
}

static bool is_last(const struct hs_diff *diff, size_t i)
{
	return i + 1 == diff->n;
}

static struct hs_error *identify_one(const struct hs_source_options *source, struct hs_process **ret, bool *ret_is_redacted)
{
	const struct hs_capture_file_options options = {
		.path = source->file, .exe = source->exe, .lib_search_root = source->lib_search_root, .wants_process_only = true,
	};
	struct hs_capture *capture = NULL;

	if (!source->file)
		return hs_process_read(source->pid, ret);
	HS_TRY(hs_capture_open(&options, &capture));
	*ret = hs_take(capture->process);
	*ret_is_redacted = capture->is_redacted;
	hs_capture_destroy(capture);
	return NULL;
}

/* Who is compared, before anything large is read: what has to be kept of each moment depends on it. */
static struct hs_error *identify(struct hs_diff *diff)
{
	for (size_t i = 0; i < diff->n; i++)
		HS_TRY(identify_one(&diff->moments[i].invocation.source, &diff->moments[i].process, &diff->moments[i].is_redacted));
	const struct hs_diff_moment *last = &diff->moments[diff->n - 1];
	diff->join = HS_JOIN_BY_ADDRESS;
	for (size_t i = 0; i + 1 < diff->n && diff->join == HS_JOIN_BY_ADDRESS; i++) {
		const struct hs_diff_moment *moment = &diff->moments[i];
		if (!hs_process_is_same(moment->process, last->process, &diff->join_reason))
			diff->join = HS_JOIN_BY_PATH;
		else if (moment->is_redacted != last->is_redacted) {
			diff->join = HS_JOIN_BY_PATH;
			diff->join_reason = "one of them is redacted, and objects are known by their values";
		}
	}
	return NULL;
}

static struct hs_error *keep_sample(struct hs_diff *diff, size_t i)
{
	struct hs_invocation *moment = &diff->moments[i].invocation;
	struct hs_sample_list *samples = &diff->run.series.samples;
	const struct hs_sample_options options = { .wants_identities = diff->join == HS_JOIN_BY_ADDRESS && !is_last(diff, i) };

	if (!hs_array_reserve(samples, samples->n + 1))
		return hs_error_no_memory();
	HS_TRY(hs_sample_take(moment->heap, moment->census, &options, &samples->items[samples->n]));
	struct hs_sample *sample = samples->items[samples->n++];
	HS_TRY(hs_sample_describe(sample, moment->capture, moment->layout, moment->heap));
	sample->utc = moment->capture->utc;
	if (moment->capture->origin == HS_FROM_CORE)
		sample->rss_bytes = 0;
	return NULL;
}

/* What a core has of a process is less than its RSS: only cores can be held against each other. */
static void forget_unlike_figures(struct hs_diff *diff)
{
	size_t n_cores = 0;

	for (size_t i = 0; i < diff->n; i++)
		n_cores += diff->moments[i].invocation.capture->origin == HS_FROM_CORE;
	for (size_t i = 0; n_cores && n_cores < diff->n && i < diff->n; i++)
		diff->run.series.samples.items[i]->has_memory = false;
}

/* Of several sources it must be said which one is meant; some errors name theirs. */
static struct hs_error *name_source(struct hs_error *error, const char *name)
{
	return !error || strstr(error->message, name) ? error : hs_error_wrap(error, "%s", name);
}

static struct hs_error *look_at(struct hs_diff *diff, size_t i)
{
	struct hs_invocation *moment = &diff->moments[i].invocation;

	moment->needs = is_last(diff, i) || diff->join == HS_JOIN_BY_PATH ? HS_STAGE_PATHS : HS_STAGE_HEAP;
	HS_TRY(name_source(hs_invocation_prepare(moment), moment->source.name));
	HS_TRY(keep_sample(diff, i));
	if (is_last(diff, i))
		return NULL;
	const struct hs_places_options options = { 0 };
	if (diff->join == HS_JOIN_BY_PATH)
		HS_TRY(hs_path_places_find(moment->heap, moment->graph, moment->reach, &options, &diff->moments[i].places));
	hs_invocation_drop_heap(moment);
	return NULL;
}

/* The lengths of earlier moments, as if they had been at the addresses of the last. */
static struct hs_error *join_by_path(struct hs_diff *diff)
{
	struct hs_diff_moment *last = &diff->moments[diff->n - 1];
	size_t n_nodes = (size_t)hs_graph_node_count(last->invocation.graph) + 1;
	HS_FREE uint32_t *of = calloc(n_nodes, sizeof(*of));
	HS_FREE uint8_t *passing = calloc(n_nodes, 1);
	const struct hs_places_options options = { .of = of };

	diff->old_places = calloc(n_nodes, 1);
	if (!of || !passing || !diff->old_places)
		return hs_error_no_memory();
	HS_TRY(hs_path_places_find(last->invocation.heap, last->invocation.graph, last->invocation.reach, &options, &last->places));
	for (size_t i = 0; i + 1 < diff->n; i++) {
		const struct hs_place_join join = {
			.then = &diff->moments[i].places, .now = &last->places, .of = of, .graph = last->invocation.graph,
			.reach = last->invocation.reach, .last = diff->run.series.samples.items[diff->n - 1],
		};
		HS_TRY(hs_place_join(&join, diff->run.series.samples.items[i], i ? passing : diff->old_places));
	}
	diff->run.old_places = diff->old_places;
	return NULL;
}

/* The clock of a boot is finer than that of the day, but only within it. */
static void set_times(struct hs_diff *diff)
{
	const struct hs_sample_list *samples = &diff->run.series.samples;
	const struct hs_capture *first = diff->moments[0].invocation.capture;
	bool is_one_boot = true;

	for (size_t i = 0; i < diff->n; i++) {
		const struct hs_capture *capture = diff->moments[i].invocation.capture;
		is_one_boot &= capture->origin != HS_FROM_CORE && !strcmp(capture->process->boot_id, first->process->boot_id);
	}
	for (size_t i = 0; i < diff->n; i++) {
		const struct hs_capture *capture = diff->moments[i].invocation.capture;
		samples->items[i]->time_ns = is_one_boot ? capture->taken_at_ns : (uint64_t)capture->utc * 1000000000;
		diff->is_backwards |= i && (int64_t)(samples->items[i]->time_ns - samples->items[i - 1]->time_ns) < 0;
	}
	diff->is_backwards &= diff->join == HS_JOIN_BY_ADDRESS;
}

/* The same process has its interpreter where it had it. */
static struct hs_error *check_runtime(const struct hs_diff *diff)
{
	const struct hs_sample_list *samples = &diff->run.series.samples;

	for (size_t i = 1; diff->join == HS_JOIN_BY_ADDRESS && i < samples->n; i++)
		if (samples->items[i]->identity.runtime != samples->items[0]->identity.runtime)
			return hs_error_new(HS_ERROR_BAD_DATA, "%s and %s say that they are of one process, but its interpreter lies at different addresses",
					    hs_diff_name(diff, 0), hs_diff_name(diff, i));
	return NULL;
}

static struct hs_error *find_survivors(struct hs_diff *diff)
{
	const struct hs_invocation *last = hs_diff_last(diff);
	const struct hs_sample_list *samples = &diff->run.series.samples;

	diff->has_survivors = diff->n == HS_DIFF_MAX_MOMENTS && diff->join == HS_JOIN_BY_ADDRESS && !diff->is_backwards;
	if (!diff->has_survivors)
		return NULL;
	HS_TRY(hs_survivors_find(samples->items[0], samples->items[1], last->heap, last->graph, last->reach, &diff->survivors));
	diff->run.growth.survivors = &diff->survivors;
	return NULL;
}

struct hs_error *hs_diff_make(struct hs_invocation *invocation, const struct hs_source_options *sources, size_t n, struct hs_diff *diff)
{
	diff->n = n;
	for (size_t i = 0; i < n; i++)
		diff->moments[i].invocation = hs_invocation_of(invocation, &sources[i]);
	HS_TRY(identify(diff));
	for (size_t i = 0; i < n; i++)
		HS_TRY(look_at(diff, i));
	HS_TRY(check_runtime(diff));
	forget_unlike_figures(diff);
	set_times(diff);
	/* what becomes less is no suspect, and backwards in time it would look like one that grows */
	diff->run.series.has_graph = !diff->is_backwards;
	if (diff->join == HS_JOIN_BY_PATH)
		HS_TRY(join_by_path(diff));
	HS_TRY(hs_growth_run_compare(hs_diff_last(diff), &diff->run));
	HS_TRY(find_survivors(diff));
	HS_TRY(hs_diff_write_facts(diff));
	diff->run.growth.facts = diff->facts.items;
	diff->run.growth.n_facts = diff->facts.n;
	return NULL;
}

void hs_diff_deinit(struct hs_diff *diff)
{
	hs_growth_run_release(&diff->run);
	hs_growth_facts_free(&diff->facts);
	hs_survivors_release(&diff->survivors);
	free(diff->old_places);
	for (size_t i = 0; i < diff->n; i++) {
		hs_path_places_release(&diff->moments[i].places);
		hs_process_destroy(diff->moments[i].process);
		hs_invocation_drop(&diff->moments[i].invocation);
	}
}
