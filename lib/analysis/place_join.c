/* SPDX-License-Identifier: Apache-2.0 */
/* Which objects at each place pass for those of then, and how long they were. */
#include "place_join.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "repr.h"
#include "sample_internal.h"

/* Containers that are so much longer on average than then have grown themselves, however many came to them. */
#define LONGER 1.2
/* A container with fewer items, which was not there then, is one of many new things; a longer one is told by its own name. */
#define LEAST_ITEMS 8

enum fate {
	WAS_THERE,     /* no more objects than then */
	BECAME_MORE,   /* nobody knows which are the new ones: all count as new */
	BECAME_LONGER, /* both: the longest pass for those of then */
};

struct joined_place {
	const struct hs_path_place *then; /* NULL: nothing was there */
	enum fate fate;
	double scale; /* length then by length now, of those that pass */
};

/* One of the containers at a place that became more, and longer. */
struct member {
	uint32_t place;
	hs_node node;
	uint64_t length;
};

struct joining {
	const struct hs_place_join *input;
	struct joined_place *places; /* by number of now */
	HS_ARRAY(struct member) members;
	uint8_t *lived;
};

static void joining_deinit(struct joining *joining)
{
	free(joining->places);
	hs_array_free(&joining->members);
}

static double mean_length(const struct hs_path_place *place)
{
	return place->n_containers ? (double)place->length / (double)place->n_containers : 0;
}

static void judge_places(struct joining *joining)
{
	const struct hs_path_places *now = joining->input->now;

	for (size_t i = 0; i < now->list.n; i++) {
		const struct hs_path_place *place = &now->list.items[i];
		struct joined_place *joined = &joining->places[i];
		joined->then = hs_place_of_key(joining->input->then, place->key);
		double then = joined->then ? mean_length(joined->then) : 0, mean = mean_length(place);
		joined->scale = mean > 0 ? then / mean : 0;
		if (joined->then && place->count <= joined->then->count)
			joined->fate = WAS_THERE;
		else
			joined->fate = joined->then && mean > LONGER * then ? BECAME_LONGER : BECAME_MORE;
	}
}

static bool length_of(const struct hs_place_join *input, hs_node node, uint64_t *ret)
{
	struct hs_heap_object entry;

	return hs_graph_object(input->graph, node, &entry) && sample_is_container(hs_graph_python(input->graph), &entry.object, ret);
}

static struct hs_error *mark_by_place(struct joining *joining)
{
	const struct hs_place_join *input = joining->input;
	uint64_t length;

	for (hs_node node = 0; node < hs_graph_node_count(input->graph); node++) {
		uint32_t place = input->of[node];
		if (place >= input->now->list.n)
			continue;
		joining->lived[node] = joining->places[place].fate == WAS_THERE ? HS_LIVED : HS_LIVED_NOT;
		if (joining->places[place].fate != BECAME_LONGER || !length_of(input, node, &length))
			continue;
		struct member *member = hs_array_append(&joining->members);
		if (!member)
			return hs_error_no_memory();
		*member = (struct member){ place, node, length };
	}
	return NULL;
}

static int compare_members(const void *a, const void *b)
{
	const struct member *left = a, *right = b;

	if (left->place != right->place)
		return left->place < right->place ? -1 : 1;
	if (left->length != right->length)
		return left->length > right->length ? -1 : 1;
	return left->node < right->node ? -1 : left->node > right->node;
}

/* Those that are there longest are longest, as a rule. */
static void mark_longest(struct joining *joining)
{
	const struct member *members = joining->members.items;
	size_t n = joining->members.n, end;

	if (n)
		qsort(joining->members.items, n, sizeof(*joining->members.items), compare_members);
	for (size_t begin = 0; begin < n; begin = end) {
		struct joined_place *place = &joining->places[members[begin].place];
		uint64_t length = 0;
		for (end = begin; end < n && members[end].place == members[begin].place; end++) {
			if (end - begin >= place->then->n_containers)
				continue;
			joining->lived[members[end].node] = HS_LIVED;
			length += members[end].length;
		}
		place->scale = length ? (double)place->then->length / (double)length : 0;
	}
}

/* It hangs on what was there: a new variable, a new attribute. */
static struct hs_error *is_first_of_its_path(const struct joining *joining, hs_node node, uint64_t length, bool *ret)
{
	struct hs_path_step step = { .parent = HS_CSR_NONE };

	*ret = false;
	if (joining->places[joining->input->of[node]].then || length < LEAST_ITEMS)
		return NULL;
	HS_TRY(hs_reach_last_step(joining->input->reach, node, &step, ret));
	if (*ret && step.parent != HS_CSR_NONE)
		*ret = joining->lived[step.parent] == HS_LIVED;
	return NULL;
}

static struct hs_sample_container container_of_then(const struct joined_place *place, const struct hs_sample_container *now)
{
	struct hs_sample_container then = { .address = now->address, .type = now->type };

	for (unsigned i = 0; i < HS_SKETCH_HASHES; i++)
		then.hashes[i] = HS_SKETCH_UNUSED;
	if (!place->then)
		return then;
	then.length = (uint64_t)((double)now->length * place->scale + 0.5);
	then.bytes = (uint64_t)((double)place->then->bytes / (double)place->then->count *
				(place->then->n_containers > 1 && place->then->length ? (double)then.length / mean_length(place->then) : 1));
	return then;
}

static struct hs_error *translate(struct joining *joining, struct hs_sample_containers *ret)
{
	const struct hs_place_join *input = joining->input;

	for (size_t i = 0; i < input->last->containers.n; i++) {
		const struct hs_sample_container *now = &input->last->containers.items[i];
		hs_node node = hs_graph_node_at(input->graph, now->address);
		bool is_first = false;
		if (node == HS_NO_NODE || input->of[node] >= input->now->list.n)
			continue;
		if (joining->lived[node] != HS_LIVED)
			HS_TRY(is_first_of_its_path(joining, node, now->length, &is_first));
		if (joining->lived[node] != HS_LIVED && !is_first)
			continue;
		struct hs_sample_container *then = hs_array_append(ret);
		if (!then)
			return hs_error_no_memory();
		*then = container_of_then(&joining->places[input->of[node]], now);
	}
	/* only now: what hangs on a new container is no first of its path */
	for (size_t i = 0; i < ret->n; i++)
		joining->lived[hs_graph_node_at(input->graph, ret->items[i].address)] = HS_LIVED;
	return NULL;
}

struct hs_error *hs_place_join(const struct hs_place_join *join, struct hs_sample *earlier, uint8_t *ret_lived)
{
	HS_CLEANUP(joining_deinit) struct joining joining = {
		.input = join, .lived = ret_lived, .places = calloc(join->now->list.n + 1, sizeof(*joining.places)),
	};
	struct hs_sample_containers containers = { 0 };

	if (!joining.places)
		return hs_error_no_memory();
	judge_places(&joining);
	HS_TRY(mark_by_place(&joining));
	mark_longest(&joining);
	struct hs_error *error = translate(&joining, &containers);
	hs_array_free(&earlier->containers);
	earlier->containers = containers;
	hs_sample_drop_identities(earlier);
	return error;
}
