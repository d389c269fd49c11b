/* SPDX-License-Identifier: Apache-2.0 */
/* From samples to what accumulation.h asks for. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "observed_internal.h"
#include "path_shapes.h"
#include "repr.h"
#include "suspect_rules.h"

/* Fewer items of a sequence that did not grow are places of a record, not a stream. */
#define LEAST_STREAM 16
/* Still fewer are turned over by one assignment: the last of a chain, the latest of anything. */
#define LEAST_TURNOVER 4
/* A container that grew by this part of its new items vouches for them. */
#define LEAST_VOUCHED 0.9
/* Two containers of so many items at one address, and of one type, are one. */
#define SURELY_ONE 32
/* A dict with fewer keys may be a record: another one like it has the same keys. */
#define MOST_RECORD 64

static bool is_dict(const struct hs_type *type)
{
	return !strcmp(type->kind->tp_name, "dict") || !strcmp(type->kind->tp_name, "collections.OrderedDict");
}

/* The first sample that can be asked who lived then. */
static size_t base_of(const struct hs_observed_input *input)
{
	for (size_t i = 0; i + 1 < input->n_samples; i++)
		if (input->samples[i]->identities)
			return i;
	return 0;
}

static void take_fresh(struct hs_observed_growth *observed, const uint8_t *lived)
{
	hs_node n = hs_graph_node_count(observed->input.graph);

	for (hs_node node = 0; node < n; node++)
		if (lived[node] != HS_LIVED && hs_graph_is_object(observed->input.graph, node))
			hs_set_bit(observed->fresh, node);
}

static struct hs_error *mark_fresh(struct hs_observed_growth *observed)
{
	hs_node n = hs_graph_node_count(observed->input.graph);

	observed->fresh = calloc(hs_bit_words(n), sizeof(*observed->fresh));
	observed->vouched = calloc(hs_bit_words(n), sizeof(*observed->vouched));
	observed->passing = calloc(hs_bit_words(n), sizeof(*observed->passing));
	if (!observed->fresh || !observed->vouched || !observed->passing)
		return hs_error_no_memory();
	if (observed->input.lived) {
		take_fresh(observed, observed->input.lived);
		return NULL;
	}
	HS_FREE uint8_t *lived = calloc((size_t)n + 1, 1);
	if (!lived)
		return hs_error_no_memory();
	HS_TRY(hs_sample_mark_lived(observed->input.samples[observed->base], observed->input.heap, lived));
	take_fresh(observed, lived);
	return NULL;
}

struct named_type {
	const char *name;
	uint32_t index;
};

static int compare_names(const void *a, const void *b)
{
	const struct named_type *left = a, *right = b;

	return strcmp(left->name, right->name);
}

/* Types of one name are one group, as in samples. */
static struct hs_error *group_types(struct hs_observed_growth *observed)
{
	struct hs_types *types = observed->input.heap->types;
	size_t n;
	const struct hs_type *const *all = hs_types_all(types, &n);
	HS_FREE struct named_type *named = calloc(n + 1, sizeof(*named));

	observed->n_types = (uint32_t)n;
	observed->groups = calloc(n + 1, sizeof(*observed->groups));
	observed->names = calloc(n + 2, sizeof(*observed->names));
	observed->count_growth = calloc(n + 2, sizeof(*observed->count_growth));
	observed->byte_growth = calloc(n + 2, sizeof(*observed->byte_growth));
	observed->has_more = calloc(n + 2, sizeof(*observed->has_more));
	observed->fresh_counts = calloc(n + 2, sizeof(*observed->fresh_counts));
	if (!named || !observed->groups || !observed->names || !observed->count_growth || !observed->byte_growth || !observed->has_more ||
	    !observed->fresh_counts)
		return hs_error_no_memory();
	for (uint32_t i = 0; i < n; i++)
		named[i] = (struct named_type){ hs_type_full_name(types, all[i]), i };
	if (n)
		qsort(named, n, sizeof(*named), compare_names);
	for (size_t i = 0; i < n; i++) {
		if (!i || strcmp(named[i].name, named[i - 1].name))
			observed->names[observed->n_groups++] = named[i].name;
		observed->groups[named[i].index] = observed->n_groups - 1;
	}
	/* for types that nobody has met so far */
	observed->names[observed->n_groups++] = "?";
	return NULL;
}

static void count_fresh_instances(struct hs_observed_growth *observed)
{
	hs_node n = hs_graph_node_count(observed->input.graph);

	for (hs_node node = hs_next_bit(observed->fresh, 0, n); node < n; node = hs_next_bit(observed->fresh, node + 1, n))
		observed->fresh_counts[hs_observed_group(observed, node)]++;
}

static void find_type_growth(struct hs_observed_growth *observed)
{
	const struct hs_sample *base = observed->input.samples[observed->base];
	size_t n;
	const struct hs_type_totals *totals = hs_heap_totals(observed->input.heap->heap, &n);

	for (size_t i = 0; i < n && i < observed->n_types; i++) {
		observed->count_growth[observed->groups[i]] += (int64_t)totals[i].count;
		observed->byte_growth[observed->groups[i]] += (int64_t)totals[i].bytes;
	}
	for (uint32_t group = 0; group + 1 < observed->n_groups; group++) {
		const struct hs_sample_type *then = hs_sample_type_named(base, observed->names[group]);
		if (then) {
			observed->count_growth[group] -= (int64_t)then->count;
			observed->byte_growth[group] -= (int64_t)then->bytes;
		}
		observed->has_more[group] = observed->count_growth[group] > 0;
	}
}

/* The share of what it had that it still has, as seen from one sample. */
static double kept_since(const struct hs_observed_growth *observed, size_t i, const struct hs_object *object)
{
	const struct hs_sample_container *then = hs_sample_container_at(observed->input.samples[i], object->address);

	return then && then->type == object->type->address ? hs_sample_kept(then, &observed->fingerprints, object) : HS_UNKNOWN;
}

/*
 * Least of what the first sample and the one before the last tell: one that was just emptied when the first was taken has nothing to
 * lose since then.
 */
static double least_kept(const struct hs_observed_growth *observed, size_t first, const struct hs_object *object)
{
	double since_first = kept_since(observed, first, object);
	size_t last = observed->input.n_samples - 2;

	if (last == first)
		return since_first;
	double since_last = kept_since(observed, last, object);
	if (since_first < 0 || since_last < 0)
		return since_first < 0 ? since_last : since_first;
	return since_last < since_first ? since_last : since_first;
}

/* What a container has that is new. */
struct items {
	const struct hs_observed_growth *observed;
	uint64_t n_fresh;    /* references to new objects */
	uint64_t n_new_keys; /* of a dict: entries whose key is new … */
	uint64_t n_values;   /* … and those whose value is */
	uint64_t *set;       /* to mark new entries in; NULL: they are only counted */
	bool by_keys;        /* an entry is new when its key is; else when its value is */
};

static bool is_fresh_at(const struct hs_observed_growth *observed, hs_addr address, hs_node *ret)
{
	*ret = address ? hs_graph_node_at(observed->input.graph, address) : HS_NO_NODE;
	return *ret != HS_NO_NODE && hs_is_fresh(observed, *ret);
}

static bool take_entry(void *context, const struct hs_graph_edge *edge)
{
	struct items *items = context;
	hs_addr key = 0;
	hs_node key_node;

	if (edge->kind != HS_EDGE_VALUE)
		return true;
	if (edge->run->names)
		memcpy(&key, (const uint8_t *)edge->run->names + edge->index * edge->run->names_stride, sizeof(key));
	bool has_new_key = is_fresh_at(items->observed, key, &key_node), has_new_value = hs_is_fresh(items->observed, edge->target);
	items->n_new_keys += has_new_key;
	items->n_values += has_new_value;
	if (!items->set || !(items->by_keys ? has_new_key : has_new_value))
		return true;
	if (has_new_key)
		hs_set_bit(items->set, key_node);
	if (has_new_value)
		hs_set_bit(items->set, edge->target);
	return true;
}

static void count_items(struct items *items, hs_node node, bool has_keys)
{
	size_t n;
	const hs_node *targets = hs_graph_targets(items->observed->input.graph, node, &n);

	for (size_t i = 0; i < n; i++)
		items->n_fresh += hs_is_fresh(items->observed, targets[i]);
	if (has_keys && items->n_fresh)
		hs_graph_each_edge(items->observed->input.graph, node, take_entry, items);
}

static void mark_items(struct items *items, hs_node node, bool has_keys, uint64_t *set)
{
	size_t n;
	const hs_node *targets = hs_graph_targets(items->observed->input.graph, node, &n);

	items->set = set;
	items->by_keys = items->n_new_keys > 0;
	if (has_keys) {
		hs_graph_each_edge(items->observed->input.graph, node, take_entry, items);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (hs_is_fresh(items->observed, targets[i]))
			hs_set_bit(set, targets[i]);
}

/*
 * What the new items of a container weigh: what it grew by for each of them. Items that others hold as well are marked: the container
 * vouches for them, or lets them go again. Of a dict that is done entry by entry, as its values may change while it grows; then the
 * rest goes by type: negative.
 */
static double weigh_items(struct hs_observed_growth *observed, struct hs_container_history *history, struct items *items, bool has_keys)
{
	uint64_t n_new = !has_keys ? items->n_fresh : items->n_new_keys ? items->n_new_keys : items->n_values;
	double grown = history->is_grower ? (double)(history->length - history->length_then) : 0;

	if (history->is_grower && grown >= LEAST_VOUCHED * (double)n_new) {
		mark_items(items, history->node, has_keys, observed->vouched);
		return has_keys ? -1 : 1;
	}
	/* by its type, where it is not known how long it was */
	if (history->is_grower)
		return history->first > observed->base && !hs_is_fresh(observed, history->node) ? -1 : grown / (double)n_new;
	/* values of old keys may be anything's place, and so may the few places of a short sequence */
	bool is_stream = has_keys ? items->n_new_keys > 0 : history->length >= LEAST_STREAM;
	if (!history->is_turnover && !is_stream)
		return -1;
	history->lets_go = !has_keys || items->n_new_keys;
	return has_keys && !history->is_turnover ? -1 : 0;
}

static bool add_change(struct hs_observed_growth *observed, const struct hs_container_history *history, double weight)
{
	if (hs_is_fresh(observed, history->node))
		return true;
	observed->byte_growth[hs_observed_group(observed, history->node)] -= history->own_growth;
	struct hs_container_change *change = hs_array_append(&observed->changes);
	if (change)
		*change = (struct hs_container_change){
			.node = history->node, .weight = weight, .own_growth = history->own_growth > 0 ? (uint64_t)history->own_growth : 0,
		};
	return change;
}

/* A long container is the one that stood there, whatever became of its items. */
static void settle_container(struct hs_observed_growth *observed, const struct hs_sample_container *now)
{
	const struct hs_sample_container *then = hs_sample_container_at(observed->input.samples[observed->base], now->address);
	hs_node node = hs_graph_node_at(observed->input.graph, now->address);

	if (node != HS_NO_NODE && then && then->type == now->type && then->length >= SURELY_ONE && now->length >= SURELY_ONE)
		hs_clear_bit(observed->fresh, node);
}

static bool is_record(const struct hs_observed_growth *observed, hs_node node)
{
	const struct hs_type *type = hs_graph_type(observed->input.graph, node);
	struct hs_heap_object entry;
	uint64_t length;

	return type && is_dict(type) && hs_graph_object(observed->input.graph, node, &entry) &&
	       hs_object_length(observed->input.heap->py, &entry.object, &length) && length < MOST_RECORD;
}

/* The dict of an instance's attributes is as old as the instance, whatever has been assigned. */
static bool is_own_dict(const struct hs_observed_growth *observed, hs_node dict, hs_node instance)
{
	const struct hs_type *type = hs_graph_type(observed->input.graph, dict), *owner = hs_graph_type(observed->input.graph, instance);
	struct hs_heap_object entry;

	return type && is_dict(type) && path_shapes_is_instance(owner) && hs_graph_object(observed->input.graph, instance, &entry) &&
	       hs_object_field(observed->input.heap->py, &entry.object, "__dict__") == hs_graph_address(observed->input.graph, dict);
}

/*
 * A record below a new object is new, though it looks like the record before, as its keys are the same. Where instances are no more than
 * before, the dict of one that looks new is taken for an old one, and kept in mind: a container may vouch for the instance.
 */
static struct hs_error *settle_records(struct hs_observed_growth *observed)
{
	const struct hs_dominators *tree = hs_object_graph_dominators(observed->input.holders);

	observed->changed_dicts = calloc(hs_bit_words(hs_graph_node_count(observed->input.graph)), sizeof(*observed->changed_dicts));
	if (!observed->changed_dicts)
		return hs_error_no_memory();
	for (uint32_t number = 1; number < tree->n_order; number++) {
		hs_node node = tree->order[number], above = tree->order[tree->idom[number]];
		if (node >= tree->n || above >= tree->n)
			continue;
		/* an instance of which there are no more has only changed */
		bool is_above_old = !hs_is_fresh(observed, above) || !observed->has_more[hs_observed_group(observed, above)];
		if (hs_is_fresh(observed, node) && is_above_old && is_own_dict(observed, node, above)) {
			hs_clear_bit(observed->fresh, node);
			if (hs_is_fresh(observed, above))
				hs_set_bit(observed->changed_dicts, node);
		} else if (hs_is_fresh(observed, above) && !hs_is_fresh(observed, node) && is_record(observed, node))
			hs_set_bit(observed->fresh, node);
	}
	return NULL;
}

static size_t first_listing(const struct hs_observed_growth *observed, const struct hs_sample_container *now)
{
	for (size_t i = observed->base; i + 1 < observed->input.n_samples; i++) {
		const struct hs_sample_container *then = hs_sample_container_at(observed->input.samples[i], now->address);
		if (then && then->type == now->type)
			return i;
	}
	return observed->input.n_samples;
}

/* One of a sketch's hashes lost is an eighth of it, and may be a hundredth of the container: then its items are counted that are not new. */
#define ONE_LOST ((double)(HS_SKETCH_HASHES - 1) / HS_SKETCH_HASHES)

static double refined(const struct hs_container_history *history, const struct hs_sample_container *then, uint64_t n_new)
{
	if (history->kept < ONE_LOST || n_new > history->length || !then->length)
		return history->kept;
	double counted = (double)(history->length - n_new) / (double)then->length;
	if (counted <= history->kept)
		return history->kept;
	return counted < 1 ? counted : 1;
}

/* Rule 1. */
static void judge(const struct hs_observed_growth *observed, const struct hs_sample_container *now, const struct hs_sample_container *then,
		  const struct hs_object *object, uint64_t n_new, struct hs_container_history *history)
{
	bool is_tiny = now->length < LEAST_TURNOVER && then->length < LEAST_TURNOVER;

	history->kept = least_kept(observed, history->first, object);
	history->kept = refined(history, then, n_new);
	/* raw bytes and text: there are no items to look for, and whoever writes more of it takes none away */
	if (history->kept < 0 && then->length && then->hashes[0] == HS_SKETCH_UNUSED && now->length > then->length)
		history->kept = 1;
	bool has_lost = history->kept >= 0 && history->kept < HS_LEAST_KEPT;
	history->is_turnover = has_lost && !is_tiny;
	history->is_grower = !has_lost && now->length > then->length;
}

/* The most that it can have had at the base, where it is not listed, or was not there. `listed` is what tells of it first. */
static uint64_t length_at_base(const struct hs_observed_growth *observed, hs_node node, size_t first, const struct hs_sample_container *listed)
{
	uint64_t min_length = observed->input.samples[observed->base]->min_length;

	if (first == observed->base)
		return listed->length;
	if (!min_length || hs_is_fresh(observed, node))
		return 0;
	return listed->length < min_length ? listed->length : min_length - 1;
}

static struct hs_error *add_container(struct hs_observed_growth *observed, const struct hs_sample_container *now)
{
	hs_node node = hs_graph_node_at(observed->input.graph, now->address);
	size_t first = first_listing(observed, now);
	struct hs_heap_object entry;

	if (node == HS_NO_NODE || first == observed->input.n_samples || !hs_graph_object(observed->input.graph, node, &entry))
		return NULL;
	const struct hs_sample_container *then = hs_sample_container_at(observed->input.samples[first], now->address);
	struct hs_container_history history = {
		.node = node, .address = now->address, .first = first, .length = now->length, .kept = HS_UNKNOWN,
		.length_then = length_at_base(observed, node, first, then), .own_growth = (int64_t)now->bytes - (int64_t)then->bytes,
	};
	struct items items = { .observed = observed };
	bool has_keys = is_dict(entry.object.type);
	count_items(&items, node, has_keys);
	history.n_fresh = items.n_fresh;
	bool is_unchanged = !history.n_fresh && then->length == now->length;
	if (is_unchanged && !observed->is_long)
		return NULL;
	if (!is_unchanged)
		judge(observed, now, then, &entry.object, has_keys ? items.n_new_keys : items.n_fresh, &history);
	observed_look_back(observed, now, &entry.object, &history);
	if (is_unchanged && !history.is_slow)
		return NULL;
	double weight = weigh_items(observed, &history, &items, has_keys);
	struct hs_container_history *slot = hs_array_append(&observed->containers);
	if (!slot || !add_change(observed, &history, weight))
		return hs_error_no_memory();
	*slot = history;
	return NULL;
}

static int compare_histories(const void *a, const void *b)
{
	const struct hs_container_history *left = a, *right = b;

	return left->node < right->node ? -1 : left->node > right->node;
}

static struct hs_error *accumulate(struct hs_observed_growth *observed);

struct hs_error *hs_observed_init(struct hs_observed_growth *observed, const struct hs_observed_input *input)
{
	const struct hs_sample *last = input->samples[input->n_samples - 1];

	*observed = (struct hs_observed_growth){ .input = *input, .base = base_of(input), .fingerprints = hs_fingerprints_of(input->heap) };
	observed->seconds = (double)(int64_t)(last->time_ns - input->samples[observed->base]->time_ns) / 1e9;
	observed->whole_seconds = (double)(int64_t)(last->time_ns - input->samples[0]->time_ns) / 1e9;
	observed->is_long = observed->base > 0;
	observed->times_ns = calloc(input->n_samples, sizeof(*observed->times_ns));
	if (!observed->times_ns)
		return hs_error_no_memory();
	for (size_t i = 0; i < input->n_samples; i++)
		observed->times_ns[i] = input->samples[i]->time_ns;
	HS_TRY(mark_fresh(observed));
	HS_TRY(group_types(observed));
	find_type_growth(observed);
	for (size_t i = 0; i < last->containers.n; i++)
		settle_container(observed, &last->containers.items[i]);
	HS_TRY(settle_records(observed));
	for (size_t i = 0; i < last->containers.n; i++)
		HS_TRY(add_container(observed, &last->containers.items[i]));
	if (observed->containers.n)
		qsort(observed->containers.items, observed->containers.n, sizeof(*observed->containers.items), compare_histories);
	HS_TRY(observed_vouch(observed));
	count_fresh_instances(observed);
	HS_TRY(observed_pass_over(observed));
	return accumulate(observed);
}

static uint32_t type_of(const void *context, uint32_t node)
{
	return hs_observed_group(context, node);
}

static struct hs_error *accumulate(struct hs_observed_growth *observed)
{
	const struct hs_dominators *tree = hs_object_graph_dominators(observed->input.holders);

	observed->accumulating = (struct hs_accumulation_input){
		.tree = tree, .sizes = hs_graph_sizes(observed->input.graph), .fresh = observed->fresh,
		.vouched = observed->vouched, .passing = observed->passing, .type_of = type_of, .context = observed,
		.n_types = observed->n_groups, .type_growth = observed->byte_growth, .has_more = observed->has_more,
		.changes = observed->changes.items, .n_changes = observed->changes.n,
	};
	return hs_accumulation_init(&observed->accumulation, &observed->accumulating);
}

void hs_observed_deinit(struct hs_observed_growth *observed)
{
	hs_accumulation_deinit(&observed->accumulation);
	hs_array_free(&observed->containers);
	hs_array_free(&observed->changes);
	free(observed->fresh);
	free(observed->vouched);
	free(observed->passing);
	free(observed->changed_dicts);
	free(observed->times_ns);
	free(observed->groups);
	free(observed->names);
	free(observed->count_growth);
	free(observed->byte_growth);
	free(observed->has_more);
	free(observed->fresh_counts);
	free(observed->passing_counts);
}

const struct hs_container_history *hs_observed_history(const struct hs_observed_growth *observed, hs_node node)
{
	const struct hs_container_history wanted = { .node = node };

	return observed->containers.n ? bsearch(&wanted, observed->containers.items, observed->containers.n, sizeof(wanted), compare_histories) : NULL;
}

uint64_t hs_observed_length(const struct hs_observed_growth *observed, hs_addr address, size_t i)
{
	const struct hs_sample_container *container = hs_sample_container_at(observed->input.samples[i], address);

	return container ? container->length : 0;
}

uint32_t hs_observed_group(const struct hs_observed_growth *observed, hs_node node)
{
	const struct hs_type *type = hs_graph_type(observed->input.graph, node);

	return type && type->index < observed->n_types ? observed->groups[type->index] : observed->n_groups - 1;
}

uint64_t hs_observed_count(const struct hs_observed_growth *observed, uint32_t group, size_t i)
{
	const struct hs_sample_type *type = hs_sample_type_named(observed->input.samples[i], observed->names[group]);

	double passing = observed->passing_counts[i * observed->n_groups + group];

	return type && (double)type->count > passing ? type->count - (uint64_t)passing : 0;
}
