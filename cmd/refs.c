/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering the references to and from one object, to a depth, each object's own once. */
#include "refs.h"

#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "cleanup.h"
#include "thread_starts.h"
#include "weak_reference.h"

/* One gathering, in one direction. */
struct gathering {
	const struct hs_object_source *source;
	const struct hs_refs_options *options;
	struct hs_ref_list *list;
	uint8_t *expanded;        /* a bit a node: its references are in the list */
	unsigned depth;           /* of what is being added */
	size_t n_left;            /* that may still be added of the object at hand */
	uint64_t n_all;           /* references of the object at hand, shown or not */
	uint64_t n_first;         /* … of the object that the user asked for */
	bool is_short;
	/* The reference at hand: its names come from the object that reports it. */
	const struct hs_object *reporter;
	hs_node wanted;           /* only references to this node; HS_NO_NODE: all */
	bool only_contents;
	hs_node last_other;       /* other end of the reference added last */
	bool is_full;             /* of the object at hand nothing more is shown: what follows is counted, and not looked at */
};

static void gathering_deinit(struct gathering *gathering)
{
	free(gathering->expanded);
}

static void describe_end(const struct gathering *gathering, hs_node node, struct hs_ref *ref)
{
	const struct hs_process_heap *heap = gathering->source->heap;
	const struct hs_type *type = hs_graph_type(gathering->source->graph, node);

	ref->address = hs_graph_address(gathering->source->graph, node);
	ref->type = type ? hs_type_full_name(heap->types, type) : "?";
	hs_repr_at(heap->py, heap->types, ref->address, &hs_repr_short, ref->repr, sizeof(ref->repr));
}

/* The same reference once more, as a neighbour: only its count grows. */
static bool is_repeated(const struct gathering *gathering, const struct hs_ref *ref, hs_node other)
{
	const struct hs_ref *last = gathering->list->n ? &gathering->list->items[gathering->list->n - 1] : NULL;

	return last && gathering->last_other == other && last->depth == ref->depth && last->kind == ref->kind &&
	       last->relation == ref->relation && !strcmp(last->name, ref->name);
}

static bool is_content(unsigned kind)
{
	return kind == HS_EDGE_ATTRIBUTE || kind == HS_EDGE_SLOT || kind == HS_EDGE_INDEX || kind == HS_EDGE_VALUE || kind == HS_EDGE_ITEM ||
	       kind == HS_EDGE_LOCAL || kind == HS_EDGE_CELL;
}

static bool add_edge(void *context, const struct hs_graph_edge *edge)
{
	struct gathering *gathering = context;
	const struct hs_process_heap *heap = gathering->source->heap;
	hs_node other = gathering->wanted == HS_NO_NODE ? edge->target : edge->source;
	struct hs_ref ref = { .depth = gathering->depth, .kind = edge->kind, .count = 1 };

	if ((gathering->wanted != HS_NO_NODE && edge->target != gathering->wanted) || (gathering->only_contents && !is_content(edge->kind)))
		return true;
	if (gathering->is_full) {
		gathering->n_all++;
		return gathering->depth == 1;
	}
	ref.relation = hs_edge_relation(edge, gathering->reporter);
	ref.has_name = hs_reference_name(heap->py, heap->types, gathering->reporter, edge->run, edge->index, ref.name, sizeof(ref.name));
	if (is_repeated(gathering, &ref, other)) {
		gathering->list->items[gathering->list->n - 1].count++;
		return true;
	}
	gathering->n_all++;
	gathering->is_full = !gathering->n_left || gathering->list->n >= HS_REFS_MAX_SHOWN;
	if (gathering->is_full)
		return gathering->depth == 1;
	ref.is_python = hs_reference_step(heap->py, heap->types, gathering->reporter, edge->run, edge->index, ref.step, sizeof(ref.step));
	describe_end(gathering, other, &ref);
	struct hs_ref *slot = hs_array_append(gathering->list);
	if (!slot) {
		gathering->is_short = true;
		return false;
	}
	*slot = ref;
	gathering->last_other = other;
	gathering->n_left--;
	return true;
}

/* The references that `node` holds: all, or those to `wanted`. */
static void add_held_by(struct gathering *gathering, hs_node node, hs_node wanted)
{
	struct hs_heap_object entry;

	if (!hs_graph_object(gathering->source->graph, node, &entry))
		return;
	gathering->reporter = &entry.object;
	gathering->wanted = wanted;
	hs_graph_each_edge(gathering->source->graph, node, add_edge, gathering);
}

static void add_referents(struct gathering *gathering, hs_node node)
{
	add_held_by(gathering, node, HS_NO_NODE);
}

/* Nobody keeps an index of them: the object has a list of its own. */
static void add_weak_referrers(struct gathering *gathering, hs_node node)
{
	const struct hs_cpython *py = gathering->source->heap->py;
	struct hs_chain_guard guard = { 0 };
	struct hs_heap_object entry;

	if (!hs_graph_object(gathering->source->graph, node, &entry))
		return;
	hs_addr at = hs_object_field(py, &entry.object, "__weakref__");
	for (; at && !hs_chain_repeats(&guard, at); at = hs_weak_reference_next(py, at))
		if (gathering->n_left && gathering->list->n < HS_REFS_MAX_SHOWN)
			add_held_by(gathering, hs_graph_node_at(gathering->source->graph, at), node);
		else
			gathering->n_all++;
}

static void add_referrers(struct gathering *gathering, hs_node node)
{
	size_t n;
	const hs_node *sources = hs_graph_sources(gathering->source->graph, node, &n);

	gathering->is_short |= n && !sources;
	for (size_t i = 0; sources && i < n; i++) {
		if (i && sources[i] == sources[i - 1])
			continue;
		/* nobody looks at what is not shown: it only counts */
		if (gathering->n_left && gathering->list->n < HS_REFS_MAX_SHOWN)
			add_held_by(gathering, sources[i], node);
		else
			gathering->n_all++;
	}
	add_weak_referrers(gathering, node);
}

/* True the first time. */
static bool mark_expanded(struct gathering *gathering, hs_node node)
{
	uint8_t bit = (uint8_t)(1u << node % 8), *byte = &gathering->expanded[node / 8];
	bool is_first = !(*byte & bit);

	*byte |= bit;
	return is_first;
}

/*
 * Adds the references of `node` and, to the depth asked for, those of their other ends right behind each. The stack of what
 * is being gone through is as deep as the depth that the user gave, which is bounded.
 */
static void gather(struct gathering *gathering, hs_node node, unsigned depth, void (*add)(struct gathering *gathering, hs_node node))
{
	struct hs_ref_list own = { 0 }, *list = gathering->list;

	gathering->list = &own;
	gathering->depth = depth;
	gathering->n_left = gathering->options->n_max;
	gathering->n_all = 0;
	gathering->last_other = HS_NO_NODE;
	gathering->is_full = false;
	mark_expanded(gathering, node);
	add(gathering, node);
	if (depth == 1)
		gathering->n_first = gathering->n_all;
	gathering->list = list;
	for (size_t i = 0; i < own.n; i++) {
		struct hs_ref *slot = list->n < HS_REFS_MAX_SHOWN ? hs_array_append(list) : NULL;
		if (!slot)
			break;
		*slot = own.items[i];
		hs_node other = hs_graph_node_at(gathering->source->graph, slot->address);
		if (depth >= gathering->options->depth || other == HS_NO_NODE)
			continue;
		slot->is_again = !mark_expanded(gathering, other);
		if (!slot->is_again)
			gather(gathering, other, depth + 1, add);
	}
	hs_array_free(&own);
}

static struct hs_error *gather_direction(struct hs_refs *refs, const struct hs_object_source *source, hs_node node,
					 const struct hs_refs_options *options, bool is_up)
{
	HS_CLEANUP(gathering_deinit) struct gathering gathering = {
		.source = source, .options = options, .list = is_up ? &refs->referrers : &refs->referents,
		.expanded = calloc(hs_graph_node_count(source->graph) / 8 + 1, 1),
	};

	if (!gathering.expanded)
		return hs_error_no_memory();
	gather(&gathering, node, 1, is_up ? add_referrers : add_referents);
	*(is_up ? &refs->n_referrers : &refs->n_referents) = gathering.n_first;
	return gathering.is_short ? hs_error_no_memory() : NULL;
}

/* "'user'" is what a dict calls the attribute user. */
static void remove_quotes(char *name)
{
	size_t n = strlen(name);

	if (n < 2 || (*name != '\'' && *name != '"'))
		return;
	memmove(name, name + 1, n - 2);
	name[n - 2] = '\0';
}

static bool has_attributes(const struct hs_ref_list *fields)
{
	for (size_t i = 0; i < fields->n; i++)
		if (fields->items[i].kind == HS_EDGE_ATTRIBUTE)
			return true;
	return false;
}

static void call_attributes(struct hs_ref_list *fields, size_t first)
{
	for (size_t i = first; i < fields->n; i++) {
		struct hs_ref *field = &fields->items[i];
		field->kind = HS_EDGE_ATTRIBUTE;
		remove_quotes(field->name);
		field->is_python = hs_python_step(HS_EDGE_ATTRIBUTE, field->name, false, field->step, sizeof(field->step));
	}
}

/* Attributes, slots, items; of an instance with a dict of its own, what that holds. */
static struct hs_error *gather_fields(struct hs_refs *refs, const struct hs_object_source *source, hs_node node,
				      const struct hs_refs_options *options)
{
	struct gathering gathering = {
		.source = source, .options = options, .list = &refs->fields, .depth = 1, .n_left = options->n_max, .only_contents = true,
		.last_other = HS_NO_NODE,
	};
	struct hs_heap_object entry;

	add_referents(&gathering, node);
	size_t n_own = refs->fields.n;
	hs_addr dict = hs_graph_object(source->graph, node, &entry) ? hs_object_field(source->heap->py, &entry.object, "__dict__") : 0;
	hs_node dict_node = hs_graph_node_at(source->graph, dict);
	if (dict_node != HS_NO_NODE && !has_attributes(&refs->fields)) {
		add_referents(&gathering, dict_node);
		call_attributes(&refs->fields, n_own);
	}
	refs->n_fields = gathering.n_all;
	return gathering.is_short ? hs_error_no_memory() : NULL;
}

struct root_search {
	struct hs_refs *refs;
	const struct hs_object_source *source;
	bool is_short;
};

static void take_root(void *context, const struct hs_root *root)
{
	struct root_search *search = context;

	if (root->address != search->refs->object.address || root->kind == HS_ROOT_STATIC)
		return;
	struct hs_ref_root *slot = hs_array_append(&search->refs->roots);
	if (!slot) {
		search->is_short = true;
		return;
	}
	slot->kind = root->kind;
	slot->edge_kind = root->edge_kind;
	slot->is_owned = root->relation & HS_OWNED;
	hs_root_name(search->source->heap, root, slot->name, sizeof(slot->name));
	hs_root_place_of(search->source->heap, root, &slot->place);
}

struct hs_error *hs_refs_gather(struct hs_refs *refs, const struct hs_object_source *source, hs_node node,
				const struct hs_refs_options *options)
{
	struct root_search search = { .refs = refs, .source = source };

	hs_object_row_of(source, node, true, &refs->object);
	HS_TRY(hs_object_rows_find_generations(source->heap->py, &refs->object, 1));
	HS_TRY(gather_fields(refs, source, node, options));
	HS_TRY(gather_direction(refs, source, node, options, true));
	HS_TRY(gather_direction(refs, source, node, options, false));
	HS_TRY(hs_heap_roots_visit(source->heap->heap, take_root, &search));
	return search.is_short ? hs_error_no_memory() : NULL;
}

void hs_refs_deinit(struct hs_refs *refs)
{
	hs_array_free(&refs->fields);
	hs_array_free(&refs->referrers);
	hs_array_free(&refs->referents);
	hs_array_free(&refs->roots);
}

const char *hs_ref_note(const struct hs_ref *ref)
{
	if (ref->relation & HS_SCANNED)
		return "(scanned)";
	if (ref->relation & HS_WEAK)
		return "(weak)";
	return ref->relation & HS_OWNED ? "" : "(not counted)";
}
