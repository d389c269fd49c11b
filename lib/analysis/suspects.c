/* SPDX-License-Identifier: Apache-2.0 */
/* From groups of places to suspects: paths, figures, ranks. */
#include "suspects.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "lru_cache.h"
#include "reach_internal.h"
#include "suspect_internal.h"
#include "weak_reference.h"

#define DEFAULT_N_MAX 20
#define N_PATHS 3
/* A bound that the container would take so much to reach is none. */
#define MOST_BOUND_BYTES ((double)((uint64_t)8 << 30))
#define WEAK_ITEMS 0.95
/* So many attributes of old objects that have new values are only replaced, unless much hangs on one of them. */
#define LEAST_REPLACED 8
#define ALL_ARE_MORE 0.9
#define MOST_REPLACED_BYTES (16 << 10)

/* The paths to the best member of a group; looked for once. */
struct found_paths {
	struct hs_path *list;
	size_t n;
	size_t n_cut; /* nodes of the first that lead to where a chain or a tree begins; 0: it leads to none */
};

struct describing {
	struct suspect_search *search;
	struct hs_suspects *ret;
	struct found_paths *paths; /* by place among the selected */
};

static struct suspect_group *group_at(const struct describing *describing, size_t i)
{
	return &describing->search->groups.items[describing->search->selected.items[i]];
}

/* The node of the path at which the first round begins that is taken again and again; 0: there is none. */
static size_t first_round(const struct suspect_search *search, uint32_t shape, const struct hs_path *path)
{
	const struct path_shape *items = search->shapes.list.items;
	size_t depth = 0, first = 0;

	for (uint32_t at = shape; at != NO_SHAPE; at = items[at].before)
		depth++;
	for (uint32_t at = shape; at != NO_SHAPE; at = items[at].before) {
		depth--;
		if (items[at].is_repeated)
			first = depth;
	}
	if (!first || first >= path->n)
		return 0;
	const struct hs_type *type = hs_graph_type(search->input->graph, path->nodes[first]);
	for (size_t back = 1; back <= 4 && back < first; back++)
		if (hs_graph_type(search->input->graph, path->nodes[first - back]) == type &&
		    (back == 1 || path_shapes_is_instance(type)))
			return first - back;
	return first;
}

/* True if what is new in the container are weak references: then it holds nothing. */
struct weighing {
	const struct suspect_search *search;
	uint64_t n, n_weak;
};

static bool weigh_item(void *context, const struct hs_graph_edge *edge)
{
	struct weighing *weighing = context;
	const struct hs_type *type = hs_graph_type(weighing->search->input->graph, edge->target);

	if (edge->kind == HS_EDGE_KEY || edge->kind == HS_EDGE_VALUE || edge->kind == HS_EDGE_INDEX || edge->kind == HS_EDGE_ITEM) {
		bool is_key = edge->kind == HS_EDGE_KEY;
		bool is_weak = type && hs_weak_kind_of(weighing->search->input->heap->types, type) != HS_WEAK_NONE;
		weighing->n += !is_key;
		weighing->n_weak += !is_key && is_weak;
	}
	return weighing->n < 4096;
}

static bool holds_weakly(const struct suspect_search *search, hs_node node)
{
	struct weighing weighing = { .search = search };

	hs_graph_each_edge(search->input->graph, node, weigh_item, &weighing);
	return weighing.n && (double)weighing.n_weak >= WEAK_ITEMS * (double)weighing.n;
}

/* Weak references in what lets go of them now and then: as many as happen to be there. */
static bool is_weak(const struct suspect_search *search, const struct suspect_group *group)
{
	const struct hs_type *type = hs_graph_type(search->input->graph, group->best);

	return type && hs_weak_kind_of(search->input->heap->types, type) != HS_WEAK_NONE;
}

/* A chain, a tree. */
static bool is_repeated(const struct suspect_search *search, uint32_t shape)
{
	const struct path_shape *items = search->shapes.list.items;

	for (uint32_t at = shape; at != NO_SHAPE; at = items[at].before)
		if (items[at].is_repeated)
			return true;
	return false;
}

/* A place of a record: as many things as there are such places may stand there, and no more. */
static bool is_place(const struct suspect_search *search, const struct suspect_group *group)
{
	uint8_t kind = search->shapes.list.items[group->shape].step.kind;

	return kind == HS_EDGE_ATTRIBUTE || kind == HS_EDGE_SLOT || kind == HS_EDGE_VALUE || kind == HS_EDGE_FIELD;
}

/* New objects of which only the types tell that they are more than before: some may have taken the places of others. */
static bool is_by_type(const struct suspect_search *search, const struct suspect_group *group)
{
	uint8_t kind = hs_reach_root_at(search->input->reach, search->shapes.list.items[group->shape].root)->kind;
	bool is_list = kind == HS_ROOT_ATEXIT || kind == HS_ROOT_INTERPRETER || kind == HS_ROOT_CODECS || kind == HS_REACH_INTERNED;

	/* each of these has a place of its own in a list of the runtime's */
	if (group->n_rooted == group->members && is_list)
		return false;
	/* a container that no decoder knows the length of, and of whose type nearly all new instances are more */
	if (!is_place(search, group) && hs_accumulation_credit(&search->observed.accumulation, group->best) >= ALL_ARE_MORE)
		return false;
	return !group->lengths && !group->is_chain && !is_repeated(search, group->shape);
}

/* New values of attributes and of old keys: there are no more places than before. */
static bool is_replaced(const struct suspect_search *search, const struct suspect_group *group)
{
	return is_by_type(search, group) && is_place(search, group) && group->members >= LEAST_REPLACED && group->best_growth < MOST_REPLACED_BYTES;
}

/* What it would take when full, at what an item takes now. */
static void set_bound(const struct suspect_search *search, struct suspect_group *group, const struct hs_path *path)
{
	uint64_t limit = 0, filled = 0;

	if (group->members != 1 || !suspect_bound_of(search, path, group->best, &limit, &filled) || !filled)
		return;
	/* the table of a cache is held by the cache, and so is what is in it */
	hs_node above = path->n > 1 ? path->nodes[path->n - 2] : HS_NO_NODE;
	const struct hs_type *type = hs_graph_type(search->input->graph, above);
	hs_node holder = type && hs_is_lru_cache(&(struct hs_object){ .type = type }) ? above : group->best;
	double each = (double)hs_object_graph_retained_bytes(search->input->holders, holder) / (double)filled, whole = each * (double)limit;
	if (whole > MOST_BOUND_BYTES)
		return;
	group->has_bound = true;
	group->bound = (struct hs_suspect_bound){ .limit = limit, .filled = filled, .bytes_when_full = (uint64_t)whole, .eta_seconds = -1 };
	double rate = search->observed.seconds > 0 ? (double)group->items / search->observed.seconds : 0;
	if (rate > 0 && limit >= filled)
		group->bound.eta_seconds = (double)(limit - filled) / rate;
}

/* One old container became longer, and nothing around it: it is what grows, however often the way to it goes the same step. */
static bool is_one_container(const struct suspect_group *group)
{
	return group->members == 1 && group->lengths && !group->is_chain;
}

static struct hs_error *look_at_paths(struct describing *describing)
{
	struct suspect_search *search = describing->search;

	for (size_t i = 0; i < search->selected.n; i++) {
		struct suspect_group *group = group_at(describing, i);
		struct found_paths *paths = &describing->paths[i];
		HS_TRY(hs_reach_find(search->input->reach, group->best, N_PATHS, &paths->list, &paths->n));
		group->is_passing = !paths->n || is_replaced(search, group) || is_weak(search, group) || (group->lengths && holds_weakly(search, group->best));
		if (group->is_passing)
			continue;
		paths->n_cut = is_one_container(group) ? 0 : first_round(search, group->shape, &paths->list[0]);
		paths->n_cut += paths->n_cut != 0;
		set_bound(search, group, &paths->list[0]);
	}
	return NULL;
}

/* How many of the type's instances of then are still there. */
static double kept_of_type(const struct hs_observed_growth *observed, uint32_t type)
{
	uint64_t then = hs_observed_count(observed, type, observed->base), now = hs_observed_count(observed, type, observed->input.n_samples - 1);
	double passing = observed->passing_counts[(observed->input.n_samples - 1) * observed->n_groups + type];
	uint64_t fresh = (double)observed->fresh_counts[type] > passing ? observed->fresh_counts[type] - (uint64_t)passing : 0;
	uint64_t old = now > fresh ? now - fresh : 0;

	if (!then)
		return 1;
	return old < then ? (double)old / (double)then : 1;
}

/* The order of other processes says how the figures went; when they were looked at says nothing of a rate. */
static double steadiness_by_order(const uint64_t *counts, size_t n)
{
	for (size_t i = 1; n > 2 && i < n; i++)
		if (counts[i] <= counts[i - 1])
			return 0;
	return HS_UNKNOWN;
}

/* Of the containers of a group; NULL: of a type. Samples that do not tell how long one of them was are left out. */
static double steadiness_of(const struct suspect_search *search, const struct suspect_group *group, uint32_t type)
{
	size_t n_samples = search->input->n_samples, n = 0;
	HS_FREE uint64_t *times = calloc(n_samples + 1, sizeof(*times)), *counts = calloc(n_samples + 1, sizeof(*counts));

	if (!times || !counts)
		return HS_UNKNOWN;
	for (size_t i = 0; i < n_samples; i++) {
		if (group && group->is_unknown[i])
			continue;
		times[n] = search->input->samples[i]->time_ns;
		counts[n++] = group ? group->lengths[i] : hs_observed_count(&search->observed, type, i);
	}
	return search->input->is_by_path ? steadiness_by_order(counts, n) : hs_steadiness(times, counts, n);
}

void suspect_set_types(const struct suspect_search *search, struct hs_suspect *suspect, const struct suspect_tally *tally)
{
	for (unsigned i = 0; i < tally->n && suspect->n_grows_by < HS_SUSPECT_MAX_TYPES; i++)
		suspect->grows_by[suspect->n_grows_by++] = (struct hs_suspect_type){
			.name = search->observed.names[tally->types[i]], .count = tally->counts[i], .bytes = tally->bytes[i],
		};
}

void suspect_set_figures_by_type(const struct suspect_search *search, struct hs_suspect *suspect, uint32_t type)
{
	suspect->figures.kept = kept_of_type(&search->observed, type);
	suspect->figures.steadiness = steadiness_of(search, NULL, type);
}

/* A list is empty while it is sorted: what is less in one reading alone is not believed. */
static double drop_of(const struct hs_watched *watched)
{
	uint64_t lengths[HS_WATCH_POINTS];
	unsigned n = watched->n_points < HS_WATCH_POINTS ? watched->n_points : HS_WATCH_POINTS;

	for (unsigned i = 0; i + 1 < n; i++)
		lengths[i] = watched->points[i].length > watched->points[i + 1].length ? watched->points[i].length : watched->points[i + 1].length;
	double drop = n > 1 ? hs_largest_drop(lengths, n - 1) : 0;
	return watched->largest_drop > drop ? watched->largest_drop : drop;
}

static void set_watched(const struct suspect_search *search, struct hs_suspect *suspect, hs_node container)
{
	const struct hs_watched_list *list = search->input->watched;

	suspect->watched = list ? hs_watched_find(list, hs_graph_address(search->input->graph, container)) : NULL;
	if (suspect->watched && !suspect->watched->is_lost)
		suspect->figures.drop = drop_of(suspect->watched);
}

static void set_figures(struct describing *describing, struct hs_suspect *suspect, uint32_t number)
{
	struct suspect_search *search = describing->search;
	struct suspect_group *group = &search->groups.items[number];
	struct hs_suspect_figures *figures = &suspect->figures;

	figures->bytes = suspect_group_growth(group);
	figures->seconds = search->observed.seconds;
	figures->items = group->items ? group->items : group->members;
	figures->share = suspect_share_of(search, number);
	figures->is_bounded = group->has_bound;
	if (group->lengths) {
		figures->kept = group->weight > 0 ? group->kept / group->weight : HS_UNKNOWN;
		figures->steadiness = steadiness_of(search, group, 0);
	} else if (group->tally.n) {
		suspect_set_figures_by_type(search, suspect, group->tally.types[0]);
	}
	/* that all new ones are more does not tell of what is more in one gap alone */
	figures->is_by_type = is_by_type(search, group) || (!group->lengths && !group->is_chain && figures->steadiness == 0);
	if (figures->is_by_type && group->members > 1)
		figures->kept = HS_UNKNOWN;
	suspect->has_bound = group->has_bound;
	suspect->bound = group->bound;
	suspect->members = group->members;
	suspect->links = group->links;
	suspect->lengths = hs_take(group->lengths);
	suspect_set_types(search, suspect, &group->tally);
	if (search->observed.is_long && suspect->lengths)
		suspect_stretch_container(search, suspect, group);
	else if (search->observed.is_long && group->tally.n)
		suspect_stretch_type(search, suspect, group->tally.types[0]);
}

void suspect_rank(struct hs_suspect *suspect)
{
	if (suspect->figures.is_by_path)
		suspect->figures.kept = HS_UNKNOWN;
	suspect->score = hs_suspect_score(&suspect->figures);
	suspect->confidence = hs_suspect_confidence(&suspect->figures, &suspect->doubts);
	suspect->retained_growth_bytes = (int64_t)suspect->figures.bytes;
}

/* The object to name: what Python shows of a container that is a part of another. */
static size_t visible_nodes(const struct suspect_search *search, const struct hs_path *path, const struct hs_suspect *suspect, size_t n)
{
	if (suspect->kind != HS_SUSPECT_LRU_CACHE)
		return n;
	for (size_t i = n; i-- > 0;) {
		const struct hs_type *type = hs_graph_type(search->input->graph, path->nodes[i]);
		if (type && !strcmp(type->kind->tp_name, "functools._lru_cache_wrapper"))
			return i + 1;
	}
	return n;
}

void suspect_set_node(const struct suspect_search *search, struct hs_suspect *suspect, hs_node node)
{
	const struct hs_type *type = hs_graph_type(search->input->graph, node);

	suspect->node = node;
	suspect->address = hs_graph_address(search->input->graph, node);
	suspect->type = type ? hs_type_full_name(search->input->heap->types, type) : "?";
	suspect->retained_bytes = hs_object_graph_retained_bytes(search->input->holders, node);
}

static void add_retained(const struct suspect_search *search, struct hs_suspect *suspect, uint32_t group)
{
	if (suspect->members < 2 || suspect->kind == HS_SUSPECT_CHAIN)
		return;
	suspect->retained_bytes = 0;
	for (size_t i = 0; i < search->places.n; i++)
		if (search->places.items[i].group == group)
			suspect->retained_bytes += hs_object_graph_retained_bytes(search->input->holders, search->places.items[i].node);
}

static struct hs_error *add_twin_paths(struct describing *describing, struct hs_suspect *suspect, uint32_t number)
{
	struct suspect_search *search = describing->search;
	char text[HS_EXPRESSION_BYTES];

	for (size_t i = 0; i < search->selected.n && suspect->also.n < 2; i++) {
		uint32_t other = search->selected.items[i];
		if (other == number || search->groups.items[other].twin != number)
			continue;
		HS_TRY(hs_reach_expression(search->input->reach, search->groups.items[other].best, true, text, sizeof(text)));
		if (!suspect_text_add(&suspect->also, "%s", text))
			return hs_error_no_memory();
	}
	return NULL;
}

static struct hs_error *describe(struct describing *describing, size_t i, struct hs_suspect *suspect)
{
	struct suspect_search *search = describing->search;
	uint32_t number = search->selected.items[i];
	struct suspect_group *group = group_at(describing, i);
	const struct found_paths *paths = &describing->paths[i];
	size_t n_nodes = paths->n_cut ? paths->n_cut : paths->list[0].n;

	suspect->kind = suspect_kind_of(search, group, &paths->list[0], paths->n_cut);
	n_nodes = visible_nodes(search, &paths->list[0], suspect, n_nodes);
	suspect_set_node(search, suspect, paths->list[0].nodes[n_nodes - 1]);
	HS_TRY(add_twin_paths(describing, suspect, number));
	HS_TRY(suspect_describe_path(search, suspect, paths->list, paths->n, n_nodes));
	if (group->members > 1 && !paths->n_cut) {
		suspect->shape = path_shapes_expression(&search->shapes, group->shape);
		if (!suspect->shape)
			return hs_error_no_memory();
	}
	set_figures(describing, suspect, number);
	set_watched(search, suspect, group->best);
	suspect->figures.is_indirect = suspect->path.is_last_resort || suspect->root == HS_SUSPECT_OF_C_STACK || suspect->root == HS_SUSPECT_OF_NATIVE;
	suspect->figures.is_of_library = search->input->is_by_path && suspect->kind == HS_SUSPECT_REGISTRY;
	add_retained(search, suspect, number);
	suspect_rank(suspect);
	return NULL;
}

struct hs_suspect *suspect_append(struct hs_suspects *ret)
{
	struct hs_suspect *suspect = hs_array_append(&ret->list);

	if (suspect)
		*suspect = (struct hs_suspect){ .node = HS_NO_NODE, .members = 1,
						.figures = { .kept = HS_UNKNOWN, .steadiness = HS_UNKNOWN, .share = 1, .is_by_path = ret->is_by_path } };
	return suspect;
}

static void suspect_deinit(struct hs_suspect *suspect)
{
	struct hs_suspect_texts *texts[] = { &suspect->also, &suspect->writers, &suspect->evidence };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		for (size_t k = 0; k < texts[i]->n; k++)
			free(texts[i]->items[k]);
	hs_named_path_deinit(&suspect->path);
	free(suspect->shape);
	free(suspect->owner);
	free(suspect->tail);
	free(suspect->definition);
	free(suspect->lengths);
}

static struct hs_error *describe_groups(struct describing *describing)
{
	const struct suspect_search *search = describing->search;

	for (size_t i = 0; i < search->selected.n; i++) {
		const struct suspect_group *group = group_at(describing, i);
		if (group->is_passing || group->twin != search->selected.items[i])
			continue;
		struct hs_suspect *suspect = suspect_append(describing->ret);
		if (!suspect)
			return hs_error_no_memory();
		HS_TRY(describe(describing, i, suspect));
		/* rule 1 holds for what has no length, too */
		if (suspect->rests_on_floor || (suspect->figures.kept >= 0 && suspect->figures.kept < HS_LEAST_KEPT))
			suspect_deinit(&describing->ret->list.items[--describing->ret->list.n]);
	}
	return NULL;
}

static struct hs_suspect *find_kind(const struct hs_suspects *suspects, enum hs_suspect_kind kind)
{
	for (size_t i = 0; i < suspects->list.n; i++)
		if (suspects->list.items[i].kind == kind)
			return &suspects->list.items[i];
	return NULL;
}

static bool is_local_of_threads(const struct hs_suspect *suspect)
{
	return suspect->kind != HS_SUSPECT_THREADS && suspect->figures.is_by_type && suspect->members > 1 && suspect->path.root.kind == HS_ROOT_FRAME;
}

/* Where threads become more, the locals of their calls are theirs. */
static void give_locals_to_threads(struct hs_suspects *ret)
{
	struct hs_suspect *threads = find_kind(ret, HS_SUSPECT_THREADS);
	size_t n = 0;

	if (!threads)
		return;
	for (size_t i = 0; i < ret->list.n; i++)
		threads->figures.bytes += is_local_of_threads(&ret->list.items[i]) ? ret->list.items[i].figures.bytes : 0;
	suspect_rank(threads);
	for (size_t i = 0; i < ret->list.n; i++) {
		struct hs_suspect *suspect = &ret->list.items[i];
		if (is_local_of_threads(suspect))
			suspect_deinit(suspect);
		else
			ret->list.items[n++] = *suspect;
	}
	ret->list.n = n;
}

static int compare_suspects(const void *a, const void *b)
{
	const struct hs_suspect *left = a, *right = b;

	if (left->score != right->score)
		return left->score > right->score ? -1 : 1;
	return left->address < right->address ? -1 : left->address > right->address;
}

/* Sorts, keeps the first ones, and says of these what takes time to find out. */
static struct hs_error *finish(struct suspect_search *search, struct hs_suspects *ret)
{
	size_t n_max = search->input->n_max ? search->input->n_max : DEFAULT_N_MAX;

	if (ret->list.n)
		qsort(ret->list.items, ret->list.n, sizeof(*ret->list.items), compare_suspects);
	while (ret->list.n > n_max)
		suspect_deinit(&ret->list.items[--ret->list.n]);
	for (size_t i = 0; i < ret->list.n; i++) {
		struct hs_suspect *suspect = &ret->list.items[i];
		ret->ruled_out.n_bounded += suspect->figures.is_bounded;
		suspect->hint = suspect_hint(suspect);
		if (!suspect_write_evidence(search, suspect) || !suspect_write_definition(search, suspect))
			return hs_error_no_memory();
	}
	return suspect_find_writers(search, ret);
}

static struct hs_error *rule_out(const struct suspect_search *search, struct hs_ruled_out *ret)
{
	const struct hs_container_histories *containers = &search->observed.containers;
	const struct hs_container_history *most = NULL;
	char text[HS_EXPRESSION_BYTES];

	ret->n_containers = search->input->samples[search->input->n_samples - 1]->containers.n;
	for (size_t i = 0; i < containers->n; i++) {
		const struct hs_container_history *history = &containers->items[i];
		ret->n_turnover += history->is_turnover;
		if (history->is_turnover && (!most || history->n_fresh > most->n_fresh))
			most = history;
	}
	if (!most)
		return NULL;
	HS_TRY(hs_reach_expression(search->input->reach, most->node, true, text, sizeof(text)));
	ret->largest_turnover = strdup(text);
	return ret->largest_turnover ? NULL : hs_error_no_memory();
}

static void describing_deinit(struct describing *describing)
{
	for (size_t i = 0; describing->paths && i < describing->search->selected.n; i++)
		hs_path_list_free(describing->paths[i].list, describing->paths[i].n);
	free(describing->paths);
}

static struct hs_error *find_grown(struct suspect_search *search, struct hs_suspects *ret)
{
	HS_CLEANUP(describing_deinit) struct describing describing = { .search = search, .ret = ret };
	const struct hs_observed_input observed = {
		.samples = search->input->samples, .n_samples = search->input->n_samples, .heap = search->input->heap,
		.graph = search->input->graph, .holders = search->input->holders, .reach = search->input->reach,
		.lived = search->input->lived,
	};

	const struct hs_cancel *cancel = hs_heap_cancel(search->input->heap->heap);

	HS_TRY(hs_observed_init(&search->observed, &observed));
	HS_TRY(hs_check_cancelled(cancel));
	ret->seconds = search->observed.whole_seconds;
	ret->growth_bytes = search->observed.accumulation.total;
	HS_TRY(suspect_search_groups(search));
	HS_TRY(hs_check_cancelled(cancel));
	describing.paths = calloc(search->selected.n + 1, sizeof(*describing.paths));
	if (!describing.paths)
		return hs_error_no_memory();
	HS_TRY(look_at_paths(&describing));
	HS_TRY(hs_check_cancelled(cancel));
	HS_TRY(suspect_find_twins(search));
	HS_TRY(hs_check_cancelled(cancel));
	HS_TRY(describe_groups(&describing));
	give_locals_to_threads(ret);
	HS_TRY(suspect_find_lost(search, ret));
	return rule_out(search, &ret->ruled_out);
}

struct hs_error *hs_suspects_find(const struct hs_suspects_input *input, struct hs_suspects *ret)
{
	HS_CLEANUP(suspect_search_deinit) struct suspect_search search = {
		.input = input, .tree = hs_object_graph_dominators(input->holders),
	};

	*ret = (struct hs_suspects){ .is_static = input->n_samples < 2, .is_by_path = input->is_by_path, .n_samples = input->n_samples };
	hs_types_all(input->heap->types, &search.n_origins);
	search.origins = calloc(search.n_origins + 1, sizeof(*search.origins));
	if (!search.origins)
		return hs_error_no_memory();
	HS_TRY(ret->is_static ? suspect_find_static(&search, ret) : find_grown(&search, ret));
	return finish(&search, ret);
}

void hs_suspects_deinit(struct hs_suspects *suspects)
{
	for (size_t i = 0; i < suspects->list.n; i++)
		suspect_deinit(&suspects->list.items[i]);
	hs_array_free(&suspects->list);
	free(suspects->ruled_out.largest_turnover);
}
