/* SPDX-License-Identifier: Apache-2.0 */
/* Telling weak references apart by who holds them: the containers and finalizers of weakref.py and _weakrefset.py. */
#include "weak_references.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "dict.h"
#include "number.h"
#include "reference_name.h"
#include "type_fields.h"
#include "type_object.h"

#define MAX_HOLDERS 64 /* of one object, that are looked at */

static const char *const role_names[HS_N_WEAK_ROLES] = {
	[HS_WEAK_ROLE_REF] = "ref", [HS_WEAK_ROLE_PROXY] = "proxy", [HS_WEAK_ROLE_CALLABLE_PROXY] = "callable proxy", [HS_WEAK_ROLE_VALUE] = "value",
	[HS_WEAK_ROLE_KEY] = "key", [HS_WEAK_ROLE_ITEM] = "item", [HS_WEAK_ROLE_METHOD] = "method", [HS_WEAK_ROLE_FINALIZER] = "finalizer",
	[HS_WEAK_ROLE_SUBCLASS] = "subclass",
};

const char *hs_weak_role_name(enum hs_weak_role role)
{
	return (unsigned)role < HS_N_WEAK_ROLES ? role_names[role] : "?";
}

/* Classes of the library, by bits of what a type inherits from. */
enum family {
	FAMILY_VALUES = 1,
	FAMILY_KEYS = 2,
	FAMILY_SET = 4,
	FAMILY_METHOD = 8,
	FAMILY_FINALIZE_INFO = 16,
	FAMILY_DICT = 32,
	FAMILY_PLAIN_SET = 64,
};

static const struct {
	const char *name;
	uint8_t family;
} library[] = {
	{ "weakref.WeakValueDictionary", FAMILY_VALUES }, { "weakref.WeakKeyDictionary", FAMILY_KEYS }, { "_weakrefset.WeakSet", FAMILY_SET },
	{ "weakref.WeakMethod", FAMILY_METHOD }, { "weakref.finalize._Info", FAMILY_FINALIZE_INFO }, { "builtins.dict", FAMILY_DICT },
	{ "builtins.set", FAMILY_PLAIN_SET },
};

struct finding {
	const struct hs_process_heap *heap;
	const struct hs_graph *graph;
	uint8_t *families; /* by hs_type.index */
	uint8_t *kinds;    /* enum hs_weak_kind, likewise */
	size_t n_types;
};

static void finding_deinit(struct finding *finding)
{
	free(finding->families);
	free(finding->kinds);
}

static struct hs_error *classify_types(struct finding *finding)
{
	struct hs_types *types = finding->heap->types;
	const struct hs_type *const *all = hs_types_all(types, &finding->n_types);

	finding->families = calloc(finding->n_types + 1, 1);
	finding->kinds = calloc(finding->n_types + 1, 1);
	if (!finding->families || !finding->kinds)
		return hs_error_no_memory();
	for (size_t i = 0; i < finding->n_types; i++)
		finding->kinds[i] = (uint8_t)hs_weak_kind_of(types, all[i]);
	for (size_t base = 0; base < finding->n_types; base++) {
		const char *name = hs_type_full_name(types, all[base]);
		for (size_t i = 0; i < sizeof(library) / sizeof(*library); i++) {
			if (strcmp(name, library[i].name))
				continue;
			for (size_t type = 0; type < finding->n_types; type++)
				if (hs_type_inherits(finding->heap->py, all[type]->address, all[base]->address))
					finding->families[type] |= library[i].family;
		}
	}
	return NULL;
}

static unsigned families_of(const struct finding *finding, hs_node node)
{
	const struct hs_type *type = hs_graph_type(finding->graph, node);

	return type && type->index < finding->n_types ? finding->families[type->index] : 0;
}

/* A node that refers to `node` and is of one of these families; HS_NO_NODE: none. */
static hs_node holder_of(const struct finding *finding, hs_node node, unsigned families)
{
	size_t n;
	const hs_node *holders = hs_graph_sources(finding->graph, node, &n);

	for (size_t i = 0; holders && i < n && i < MAX_HOLDERS; i++)
		if (families_of(finding, holders[i]) & families)
			return holders[i];
	return HS_NO_NODE;
}

/* The container whose attribute `table` is: it refers to it itself, or its dict does. */
static hs_node container_of(const struct finding *finding, hs_node table)
{
	const unsigned containers = FAMILY_VALUES | FAMILY_KEYS | FAMILY_SET;
	hs_node container = holder_of(finding, table, containers);

	if (container != HS_NO_NODE)
		return container;
	hs_node dict = holder_of(finding, table, FAMILY_DICT);
	return dict == HS_NO_NODE ? HS_NO_NODE : holder_of(finding, dict, containers);
}

/* The dict is a class's table of its subclasses: no member that Python has a name for refers to it so. */
static bool is_table_of_subclasses(const struct finding *finding, hs_node dict)
{
	size_t n;
	const hs_node *holders = hs_graph_sources(finding->graph, dict, &n);

	for (size_t i = 0; holders && i < n && i < MAX_HOLDERS; i++) {
		const struct hs_type *type = hs_graph_type(finding->graph, holders[i]);
		if (type && type->flags & HS_TPFLAGS_TYPE_SUBCLASS &&
		    hs_type_dict(finding->heap->py, hs_graph_address(finding->graph, holders[i])) != hs_graph_address(finding->graph, dict))
			return true;
	}
	return false;
}

static void find_role(const struct finding *finding, struct hs_weak_entry *entry)
{
	hs_node info = holder_of(finding, entry->node, FAMILY_FINALIZE_INFO);

	if (info != HS_NO_NODE) {
		entry->role = HS_WEAK_ROLE_FINALIZER;
		entry->table = info;
		entry->container = entry->callback ? hs_graph_node_at(finding->graph, entry->callback) : HS_NO_NODE;
		return;
	}
	if (families_of(finding, entry->node) & FAMILY_METHOD || holder_of(finding, entry->node, FAMILY_METHOD) != HS_NO_NODE) {
		entry->role = HS_WEAK_ROLE_METHOD;
		return;
	}
	hs_node table = holder_of(finding, entry->node, FAMILY_DICT | FAMILY_PLAIN_SET);
	if (table == HS_NO_NODE)
		return;
	hs_node container = container_of(finding, table);
	if (container == HS_NO_NODE) {
		if (is_table_of_subclasses(finding, table))
			entry->role = HS_WEAK_ROLE_SUBCLASS;
		return;
	}
	unsigned families = families_of(finding, container);
	entry->container = container;
	entry->table = table;
	entry->role = families & FAMILY_VALUES ? HS_WEAK_ROLE_VALUE : families & FAMILY_KEYS ? HS_WEAK_ROLE_KEY : HS_WEAK_ROLE_ITEM;
}

static struct hs_error *add_entry(const struct finding *finding, hs_node node, const struct hs_weak_reference *reference, struct hs_weak_entries *ret)
{
	static const uint8_t roles[] = {
		[HS_WEAK_REF] = HS_WEAK_ROLE_REF, [HS_WEAK_PROXY] = HS_WEAK_ROLE_PROXY, [HS_WEAK_CALLABLE_PROXY] = HS_WEAK_ROLE_CALLABLE_PROXY,
	};
	struct hs_weak_entry *entry = hs_array_append(ret);

	if (!entry)
		return hs_error_no_memory();
	*entry = (struct hs_weak_entry){ .node = node, .object = reference->object, .callback = reference->callback,
					 .role = (enum hs_weak_role)roles[reference->kind], .container = HS_NO_NODE, .table = HS_NO_NODE };
	if (reference->kind == HS_WEAK_REF)
		find_role(finding, entry);
	return NULL;
}

struct hs_error *hs_weak_references_find(const struct hs_process_heap *heap, const struct hs_graph *graph,
					 bool (*is_meant)(const void *context, hs_node node, const struct hs_weak_reference *reference),
					 const void *context, struct hs_weak_entries *ret)
{
	HS_CLEANUP(finding_deinit) struct finding finding = { .heap = heap, .graph = graph };
	struct hs_weak_reference reference;
	struct hs_heap_object entry;

	HS_TRY(classify_types(&finding));
	for (hs_node node = 0; node < hs_graph_node_count(graph); node++) {
		const struct hs_type *type = hs_graph_type(graph, node);
		if (!type || type->index >= finding.n_types || !finding.kinds[type->index] || !hs_graph_object(graph, node, &entry) ||
		    !hs_weak_reference_read(heap->py, heap->types, &entry.object, &reference))
			continue;
		if (is_meant(context, node, &reference))
			HS_TRY(add_entry(&finding, node, &reference, ret));
	}
	return NULL;
}

/* An entry of a dictionary, to be found by its table, then by its reference. */
struct half {
	hs_node table;
	hs_addr reference;
	size_t index;
};

static int compare_halves(const void *a, const void *b)
{
	const struct half *left = a, *right = b;

	if (left->table != right->table)
		return left->table < right->table ? -1 : 1;
	return left->reference < right->reference ? -1 : left->reference > right->reference;
}

/* Goes through the table of halves[0 … n - 1]. */
static void find_partners(const struct hs_process_heap *heap, const struct hs_graph *graph, const struct hs_weak_entries *entries,
			  const struct half *halves, size_t n, hs_addr *ret)
{
	hs_addr table = hs_graph_address(graph, halves[0].table), key, value;
	bool is_by_key = entries->items[halves[0].index].role == HS_WEAK_ROLE_KEY;
	struct hs_dict_cursor cursor = { 0 };

	while (hs_dict_next(heap->py, table, &cursor, &key, &value)) {
		const struct half wanted = { .table = halves[0].table, .reference = is_by_key ? key : value };
		const struct half *found = bsearch(&wanted, halves, n, sizeof(*halves), compare_halves);
		if (found)
			ret[found->index] = is_by_key ? value : key;
	}
}

struct hs_error *hs_weak_partners_find(const struct hs_process_heap *heap, const struct hs_graph *graph, const struct hs_weak_entries *entries,
				       hs_addr *ret)
{
	HS_FREE struct half *halves = calloc(entries->n + 1, sizeof(*halves));
	size_t n = 0;

	if (!halves)
		return hs_error_no_memory();
	for (size_t i = 0; i < entries->n; i++) {
		const struct hs_weak_entry *entry = &entries->items[i];
		ret[i] = 0;
		if (entry->role == HS_WEAK_ROLE_VALUE || entry->role == HS_WEAK_ROLE_KEY)
			halves[n++] = (struct half){ entry->table, hs_graph_address(graph, entry->node), i };
	}
	if (n)
		qsort(halves, n, sizeof(*halves), compare_halves);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && halves[end].table == halves[i].table; end++)
			;
		find_partners(heap, graph, entries, &halves[i], end - i, ret);
	}
	return NULL;
}

struct slots {
	const struct hs_cpython *py;
	struct hs_weak_finalizer *ret;
	hs_addr at_exit;
};

static void take_slot(void *context, const struct hs_reference_run *run)
{
	struct slots *slots = context;
	const struct {
		const char *name;
		hs_addr *ret;
	} wanted[] = {
		{ "func", &slots->ret->function }, { "args", &slots->ret->arguments }, { "kwargs", &slots->ret->keywords }, { "atexit", &slots->at_exit },
	};

	if (run->kind != HS_EDGE_SLOT || !run->name || !run->n)
		return;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		if (!strcmp(run->name, wanted[i].name))
			*wanted[i].ret = hs_reference_target(run, 0);
}

static bool is_true(const struct hs_process_heap *heap, hs_addr address)
{
	struct hs_object object;
	struct hs_int_view view;
	uint64_t value = 0;

	return hs_object_at(heap->py, heap->types, address, &object) && hs_int_view(heap->py, &object, &view) && hs_int_fits(&view, &value) && value;
}

bool hs_weak_finalizer_read(const struct hs_process_heap *heap, const struct hs_graph *graph, const struct hs_weak_entry *entry,
			    struct hs_weak_finalizer *ret)
{
	struct slots slots = { .py = heap->py, .ret = ret };
	const struct hs_visitor visitor = hs_visitor_of_references(take_slot, &slots);
	struct hs_heap_object info;

	*ret = (struct hs_weak_finalizer){ 0 };
	if (entry->role != HS_WEAK_ROLE_FINALIZER || !hs_graph_object(graph, entry->table, &info))
		return false;
	hs_object_visit(heap->py, &info.object, &visitor);
	if (ret->keywords == HS_ADDRESS_OF(heap->py->layout, _Py_NoneStruct))
		ret->keywords = 0;
	ret->is_at_exit = slots.at_exit && is_true(heap, slots.at_exit);
	return ret->function != 0;
}
