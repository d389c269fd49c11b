/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a step of a path costs: the cheapest path is the one that a programmer would name. A global of its own module, an
 * attribute, an item cost little; ways that lead everywhere (a function's globals, a class's bases) are taken last.
 */
#include <string.h>

#include "dict.h"
#include "reach_internal.h"
#include "unicode.h"

#define COST_IMPORTED 6 /* a name in a module that only imported the object */
#define COST_PRESUMED 250 /* a word that may be no reference at all: more than two ways that nobody would take */
#define COST_ASIDE 5    /* names, docs, code: held, but nobody would say so */

void reach_fill_costs(uint8_t costs[HS_PATH_CLASSES][HS_PATH_CLASSES])
{
	static const uint8_t by_source[N_CLASSES] = {
		[CLASS_OTHER] = 1, [CLASS_MODULE] = 6, [CLASS_MODULE_DICT] = HS_PATH_ASK, [CLASS_TYPE] = HS_PATH_ASK,
		[CLASS_FUNCTION] = HS_PATH_ASK, [CLASS_CELL] = 0, [CLASS_SUSPENDED] = 4, [CLASS_FRAME] = 6, [CLASS_TRACEBACK] = 3,
		[CLASS_CODE] = COST_ASIDE, [CLASS_OPAQUE] = 10, [CLASS_ADOPTING] = HS_PATH_ASK,
	};

	for (unsigned source = 0; source < N_CLASSES; source++) {
		for (unsigned target = 0; target < N_CLASSES; target++)
			costs[source][target] = by_source[source];
		if (by_source[source] == HS_PATH_ASK)
			continue;
		/* whatever has a class, a module, a namespace does not hold it in any sense that explains anything */
		costs[source][CLASS_TYPE] += 8;
		costs[source][CLASS_MODULE] = costs[source][CLASS_MODULE_DICT] = HS_REACH_LAST_RESORT;
		costs[source][CLASS_CELL] = 0;
	}
	costs[CLASS_MODULE][CLASS_MODULE_DICT] = 0;
	costs[CLASS_SUSPENDED][CLASS_CELL] = 4;
	costs[CLASS_FRAME][CLASS_CELL] = 6;
}

static bool is_named(const struct hs_graph_edge *edge, const char *name)
{
	return edge->run->name && !strcmp(edge->run->name, name);
}

static unsigned function_cost(const struct hs_graph_edge *edge)
{
	if (is_named(edge, "__globals__") || is_named(edge, "__builtins__"))
		return HS_REACH_LAST_RESORT;
	if (is_named(edge, "__closure__") || is_named(edge, "__defaults__") || is_named(edge, "__kwdefaults__"))
		return 2;
	return is_named(edge, "__dict__") ? 0 : COST_ASIDE;
}

static unsigned type_cost(const struct hs_reach *reach, const struct hs_graph_edge *edge)
{
	if (reach->classes[edge->target] == CLASS_TYPE || is_named(edge, "__mro__") || is_named(edge, "__bases__") ||
	    is_named(edge, "__subclasses__"))
		return HS_REACH_LAST_RESORT;
	if (is_named(edge, "__dict__"))
		return 0;
	return edge->kind == HS_EDGE_SCAN ? 10 : COST_ASIDE;
}

const char *reach_module_of(const struct hs_reach *reach, hs_node dict)
{
	size_t low = 0, high = reach->namespaces.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (reach->namespaces.items[middle].dict == dict)
			return reach->namespaces.items[middle].module;
		if (reach->namespaces.items[middle].dict < dict)
			low = middle + 1;
		else
			high = middle;
	}
	return "";
}

/* A class by its full name, a function by its __module__; anything else belongs to whoever has it. */
static bool is_at_home(const struct hs_reach *reach, const struct hs_graph_edge *edge)
{
	const struct hs_process_heap *heap = reach->heap;
	const char *module = reach_module_of(reach, edge->source);
	hs_addr address = hs_graph_address(reach->graph, edge->target);
	size_t bytes = strlen(module);
	struct hs_object function;

	/* whoever sets a hook there, that is where it is */
	if (!strcmp(module, "sys") || !strcmp(module, "builtins"))
		return true;
	if (reach->classes[edge->target] == CLASS_TYPE) {
		const struct hs_type *type = hs_type_at(heap->types, address);
		const char *name = type ? hs_type_full_name(heap->types, type) : "";
		return !strncmp(name, module, bytes) && name[bytes] == '.';
	}
	if (reach->classes[edge->target] == CLASS_FUNCTION && hs_object_at(heap->py, heap->types, address, &function)) {
		hs_addr its_module = hs_object_field(heap->py, &function, "__module__");
		return its_module && hs_str_equals(heap->py, its_module, module);
	}
	return true;
}

static unsigned global_cost(const struct hs_reach *reach, const struct hs_graph_edge *edge)
{
	hs_addr key = 0;

	if (edge->kind != HS_EDGE_VALUE)
		return HS_REACH_LAST_RESORT;
	if (edge->run->names)
		memcpy(&key, (const uint8_t *)edge->run->names + edge->index * edge->run->names_stride, sizeof(key));
	if (key && hs_str_equals(reach->heap->py, key, "__builtins__"))
		return HS_REACH_LAST_RESORT;
	/* a module is its own root */
	if (reach->classes[edge->target] == CLASS_MODULE)
		return HS_REACH_LAST_RESORT;
	return is_at_home(reach, edge) ? 1 : COST_IMPORTED;
}

unsigned reach_edge_cost(const struct hs_reach *reach, const struct hs_graph_edge *edge)
{
	const struct hs_path_input *input = &reach->paths.input;
	uint8_t source = reach->classes[edge->source];

	if (!hs_relation_holds(edge->relation))
		return HS_PATH_MAX_COST;
	switch (source) {
	case CLASS_FUNCTION:
		return function_cost(edge);
	case CLASS_TYPE:
		return type_cost(reach, edge);
	case CLASS_MODULE_DICT:
		return global_cost(reach, edge);
	case CLASS_ADOPTING:
		source = CLASS_OTHER;
		if (!(edge->relation & HS_OWNED))
			return COST_PRESUMED;
		break;
	default:
		break;
	}
	unsigned cost = input->costs[source][reach->classes[edge->target]];
	/* the search need not know: between equal ways, this decides which is named */
	return cost + (edge->kind == HS_EDGE_KEY || edge->kind == HS_EDGE_STACK || edge->kind == HS_EDGE_SCAN);
}

struct asking {
	const struct hs_reach *reach;
	const hs_node *row;
	size_t n, next;
	uint8_t *costs;
};

/* A row has the references in the order of a visit, equal neighbours once. */
static bool take_cost(void *context, const struct hs_graph_edge *edge)
{
	struct asking *asking = context;

	if (!hs_relation_holds(edge->relation))
		return true;
	uint8_t cost = (uint8_t)reach_edge_cost(asking->reach, edge);
	if (asking->next && asking->row[asking->next - 1] == edge->target) {
		if (cost < asking->costs[asking->next - 1])
			asking->costs[asking->next - 1] = cost;
		return true;
	}
	if (asking->next >= asking->n || asking->row[asking->next] != edge->target)
		return false;
	asking->costs[asking->next++] = cost;
	return true;
}

void reach_ask(const void *context, uint32_t source, size_t n, uint8_t *ret_costs)
{
	const struct hs_reach *reach = context;
	size_t n_row;
	struct asking asking = { .reach = reach, .row = hs_graph_targets(reach->graph, source, &n_row), .n = n, .costs = ret_costs };

	memset(ret_costs, COST_IMPORTED, n);
	if (n_row == n)
		hs_graph_each_edge(reach->graph, source, take_cost, &asking);
}
