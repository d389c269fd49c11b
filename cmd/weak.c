/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering weak references: one by one for an object, merged for a type. */
#include "weak.h"

#include <stdlib.h>
#include <string.h>

#include "callable_name.h"
#include "cleanup.h"
#include "dict.h"
#include "type_fields.h"

static void free_entries(struct hs_weak_entries *entries)
{
	hs_array_free(entries);
}

static struct hs_weak_object object_of(const struct hs_object_source *source, hs_addr address)
{
	const struct hs_process_heap *heap = source->heap;
	struct hs_weak_object ret = { .address = address };
	struct hs_object object;

	if (address && hs_object_at(heap->py, heap->types, address, &object)) {
		ret.type = hs_type_full_name(heap->types, object.type);
		hs_object_repr(heap->py, heap->types, &object, &hs_repr_short, ret.repr, sizeof(ret.repr));
	} else {
		ret.address = 0;
	}
	return ret;
}

/* What the program itself wants to be called: containers of the library have callbacks of their own. 0: nothing. */
static hs_addr called_by(const struct hs_object_source *source, const struct hs_weak_entry *entry)
{
	struct hs_weak_finalizer finalizer;

	if (entry->role == HS_WEAK_ROLE_FINALIZER)
		return hs_weak_finalizer_read(source->heap, source->graph, entry, &finalizer) ? finalizer.function : 0;
	return entry->role <= HS_WEAK_ROLE_CALLABLE_PROXY ? entry->callback : 0;
}

static struct hs_error *add_row(struct hs_weak *weak, const struct hs_object_source *source, const struct hs_weak_entry *entry, hs_addr partner)
{
	const struct hs_type *type = hs_graph_type(source->graph, entry->node);
	hs_addr called = called_by(source, entry);
	struct hs_weak_finalizer finalizer;
	struct hs_weak_row *row = hs_array_append(&weak->rows);

	if (!row)
		return hs_error_no_memory();
	row->address = hs_graph_address(source->graph, entry->node);
	row->type = type ? hs_type_full_name(source->heap->types, type) : "?";
	row->role = entry->role;
	row->is_dead = !entry->object;
	row->callback = object_of(source, entry->callback);
	row->container = object_of(source, entry->container == HS_NO_NODE ? 0 : hs_graph_address(source->graph, entry->container));
	row->partner = object_of(source, partner);
	if (called)
		hs_callable_name(source->heap, called, row->calls, sizeof(row->calls));
	if (hs_weak_finalizer_read(source->heap, source->graph, entry, &finalizer)) {
		row->arguments = object_of(source, finalizer.arguments);
		row->keywords = object_of(source, finalizer.keywords);
		row->is_at_exit = finalizer.is_at_exit;
	}
	return NULL;
}

#define MAX_EXACT_PATHS 100 /* a step into a large dict costs a look at all of it */

/* Where the references are: exactly for the first ones, merged for the others. */
static struct hs_error *find_paths(struct hs_weak *weak, const struct hs_object_source *source, struct hs_reach *reach)
{
	HS_FREE hs_node *nodes = calloc(weak->rows.n + 1, sizeof(*nodes));
	size_t n_listed = weak->rows.n < weak->n_shown ? weak->rows.n : weak->n_shown;
	size_t n_exact = n_listed < MAX_EXACT_PATHS ? n_listed : MAX_EXACT_PATHS;

	if (!nodes)
		return hs_error_no_memory();
	for (size_t i = 0; i < weak->rows.n; i++)
		nodes[i] = hs_graph_node_at(source->graph, weak->rows.items[i].address);
	for (size_t i = 0; i < n_exact; i++)
		HS_TRY(hs_reach_expression(reach, nodes[i], false, weak->rows.items[i].path, sizeof(weak->rows.items[i].path)));
	if (n_exact == n_listed)
		return NULL;
	HS_TRY(hs_path_labels_find(reach, source->graph, nodes + n_exact, n_listed - n_exact, &weak->labels));
	for (size_t i = n_exact; i < n_listed; i++)
		snprintf(weak->rows.items[i].path, sizeof(weak->rows.items[i].path), "%s", weak->labels.of[i - n_exact] ? weak->labels.of[i - n_exact] : "");
	return NULL;
}

static int compare_rows(const void *a, const void *b)
{
	const struct hs_weak_row *left = a, *right = b;

	return left->address < right->address ? -1 : left->address > right->address;
}

static bool has_del(const struct hs_process_heap *heap, const struct hs_type *type)
{
	for (; type; type = type->base_type) {
		hs_addr dict = type->is_python_class ? hs_type_dict(heap->py, type->address) : 0;
		if (dict && hs_dict_find(heap->py, dict, "__del__"))
			return true;
	}
	return false;
}

static void count(struct hs_weak *weak, const struct hs_weak_entry *entry, bool calls)
{
	weak->n_references++;
	weak->n_dead += !entry->object;
	weak->n_callbacks += calls;
}

struct asked_object {
	hs_node node;
	hs_addr address;
};

/* References to the object; and the object itself, if it is one. */
static bool is_about_object(const void *context, hs_node node, const struct hs_weak_reference *reference)
{
	const struct asked_object *asked = context;

	return reference->object == asked->address || node == asked->node;
}

struct hs_error *hs_weak_object_gather(struct hs_weak *weak, const struct hs_object_source *source, struct hs_reach *reach, hs_node node)
{
	const struct asked_object asked = { node, hs_graph_address(source->graph, node) };
	HS_CLEANUP(free_entries) struct hs_weak_entries entries = { 0 };

	hs_object_row_of(source, node, true, &weak->object);
	weak->has_finalizer = has_del(source->heap, hs_graph_type(source->graph, node));
	HS_TRY(hs_weak_references_find(source->heap, source->graph, is_about_object, &asked, &entries));
	HS_FREE hs_addr *partners = calloc(entries.n + 1, sizeof(*partners));
	if (!partners)
		return hs_error_no_memory();
	HS_TRY(hs_weak_partners_find(source->heap, source->graph, &entries, partners));
	for (size_t i = 0; i < entries.n; i++) {
		HS_TRY(add_row(weak, source, &entries.items[i], partners[i]));
		count(weak, &entries.items[i], *weak->rows.items[weak->rows.n - 1].calls);
	}
	if (weak->rows.n)
		qsort(weak->rows.items, weak->rows.n, sizeof(*weak->rows.items), compare_rows);
	weak->n_objects = entries.n ? 1 : 0;
	return find_paths(weak, source, reach);
}

struct asked_type {
	const struct hs_type_match *match;
	const struct hs_object_source *source;
};

static bool is_about_type(const void *context, hs_node node, const struct hs_weak_reference *reference)
{
	const struct asked_type *asked = context;
	hs_node object = reference->object ? hs_graph_node_at(asked->source->graph, reference->object) : HS_NO_NODE;

	return hs_type_is_meant(asked->match, hs_graph_type(asked->source->graph, node)) ||
	       (object != HS_NO_NODE && hs_type_is_meant(asked->match, hs_graph_type(asked->source->graph, object)));
}

/* How many different objects are referred to. */
static struct hs_error *count_objects(struct hs_weak *weak, const struct hs_weak_entries *entries)
{
	HS_FREE hs_addr *objects = calloc(entries->n + 1, sizeof(*objects));
	size_t n = 0;

	if (!objects)
		return hs_error_no_memory();
	for (size_t i = 0; i < entries->n; i++)
		if (entries->items[i].object)
			objects[n++] = entries->items[i].object;
	if (n)
		qsort(objects, n, sizeof(*objects), hs_address_compare);
	for (size_t i = 0; i < n; i++)
		weak->n_objects += !i || objects[i] != objects[i - 1];
	return NULL;
}

static int compare_text(const char *left, const char *right)
{
	return strcmp(left ? left : "", right ? right : "");
}

/* Those that are one, next to each other. */
static int compare_kinds(const void *a, const void *b)
{
	const struct hs_weak_group *left = a, *right = b;

	if (left->role != right->role)
		return left->role < right->role ? -1 : 1;
	int order = compare_text(left->calls, right->calls);
	return order ? order : compare_text(left->path, right->path);
}

static int compare_counts(const void *a, const void *b)
{
	const struct hs_weak_group *left = a, *right = b;

	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	return compare_kinds(a, b);
}

static void merge_groups(struct hs_weak *weak)
{
	struct hs_weak_group *groups = weak->groups.items;
	size_t n = 0;

	if (!weak->groups.n)
		return;
	qsort(groups, weak->groups.n, sizeof(*groups), compare_kinds);
	for (size_t i = 1; i < weak->groups.n; i++) {
		if (compare_kinds(&groups[n], &groups[i])) {
			groups[++n] = groups[i];
		} else {
			groups[n].count += groups[i].count;
			groups[n].n_dead += groups[i].n_dead;
		}
	}
	weak->groups.n = n + 1;
	qsort(groups, weak->groups.n, sizeof(*groups), compare_counts);
}

/* The name of what is called, kept; neighbours mostly call the same. */
static struct hs_error *keep_name(struct hs_weak *weak, const struct hs_object_source *source, hs_addr called, const char **ret)
{
	char name[HS_REPR_BYTES] = "";

	if (called)
		hs_callable_name(source->heap, called, name, sizeof(name));
	if (weak->names.n && !strcmp(weak->names.items[weak->names.n - 1], name)) {
		*ret = weak->names.items[weak->names.n - 1];
		return NULL;
	}
	char **slot = hs_array_append(&weak->names);
	if (!slot || !(*slot = strdup(name)))
		return hs_error_no_memory();
	*ret = *slot;
	return NULL;
}

static struct hs_error *label(struct hs_weak *weak, const struct hs_object_source *source, struct hs_reach *reach, const struct hs_weak_entries *entries)
{
	HS_FREE hs_node *nodes = calloc(entries->n + 1, sizeof(*nodes));

	if (!nodes)
		return hs_error_no_memory();
	for (size_t i = 0; i < entries->n; i++)
		nodes[i] = entries->items[i].node;
	return hs_path_labels_find(reach, source->graph, nodes, entries->n, &weak->labels);
}

struct hs_error *hs_weak_type_gather(struct hs_weak *weak, const struct hs_object_source *source, struct hs_reach *reach)
{
	const struct asked_type asked = { &weak->match, source };
	HS_CLEANUP(free_entries) struct hs_weak_entries entries = { 0 };

	weak->is_type = true;
	HS_TRY(hs_weak_references_find(source->heap, source->graph, is_about_type, &asked, &entries));
	HS_TRY(count_objects(weak, &entries));
	HS_TRY(label(weak, source, reach, &entries));
	for (size_t i = 0; i < entries.n; i++) {
		struct hs_weak_group *group = hs_array_append(&weak->groups);
		if (!group)
			return hs_error_no_memory();
		*group = (struct hs_weak_group){ .role = entries.items[i].role, .path = weak->labels.of[i], .count = 1, .n_dead = !entries.items[i].object };
		HS_TRY(keep_name(weak, source, called_by(source, &entries.items[i]), &group->calls));
		count(weak, &entries.items[i], *group->calls);
	}
	merge_groups(weak);
	return NULL;
}

void hs_weak_deinit(struct hs_weak *weak)
{
	hs_type_match_deinit(&weak->match);
	hs_array_free(&weak->rows);
	hs_array_free(&weak->groups);
	hs_path_labels_deinit(&weak->labels);
	for (size_t i = 0; i < weak->names.n; i++)
		free(weak->names.items[i]);
	hs_array_free(&weak->names);
}
