/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From components to cycles. A component of one node is a cycle only if the node refers to itself. What hangs on several cycles is
 * counted for the first that leads to it, in an order in which a cycle comes before those that it refers to.
 */
#include "cycles.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "components.h"
#include "pages.h"

struct grouping {
	const struct hs_cycle_input *input;
	uint32_t *group;     /* by node: first its component, then its cycle; HS_CSR_NONE: none yet */
	uint64_t *members;   /* nodes of components that are cycles */
	uint32_t *of_component; /* by component: its cycle; HS_CSR_NONE: it is none */
	uint32_t *stack;
	uint32_t n_components, n_groups;
};

static size_t bytes_by_node(const struct grouping *grouping)
{
	return ((size_t)grouping->input->told->n + 1) * sizeof(uint32_t);
}

static void grouping_deinit(struct grouping *grouping)
{
	hs_pages_free(grouping->group, bytes_by_node(grouping));
	hs_pages_free(grouping->stack, bytes_by_node(grouping));
	free(grouping->members);
	free(grouping->of_component);
}

static bool refers_to_itself(const struct hs_csr *graph, uint32_t node)
{
	for (uint64_t edge = hs_csr_begin(graph, node); edge < hs_csr_end(graph, node); edge++)
		if (graph->targets[edge] == node)
			return true;
	return false;
}

/* Marks what a cycle must be listed for: it consists of several nodes, or of one that refers to itself; or nothing leads to it. */
static void mark_listed(const struct grouping *grouping, uint32_t *sizes, bool *is_led_to)
{
	const struct hs_csr *told = grouping->input->told;

	for (uint32_t node = 0; node < told->n; node++) {
		uint32_t component = grouping->group[node];
		if (component == HS_CSR_NONE)
			continue;
		sizes[component] += sizes[component] < 2;
		if (sizes[component] < 2 && refers_to_itself(told, node))
			sizes[component] = 2;
		for (uint64_t edge = hs_csr_begin(told, node), end = hs_csr_end(told, node); edge < end; edge++) {
			uint32_t to = grouping->group[told->targets[edge]];
			if (to != HS_CSR_NONE && to != component)
				is_led_to[to] = true;
		}
	}
}

/* Numbers the cycles among the components, and gives each member its number. */
static struct hs_error *number_cycles(struct grouping *grouping)
{
	const struct hs_cycle_input *input = grouping->input;
	uint32_t n = input->told->n, *sizes = calloc((size_t)grouping->n_components + 1, sizeof(*sizes));
	HS_FREE bool *is_led_to = calloc((size_t)grouping->n_components + 1, sizeof(*is_led_to));

	grouping->of_component = sizes;
	if (!sizes || !is_led_to)
		return hs_error_no_memory();
	mark_listed(grouping, sizes, is_led_to);
	/* a component's number is higher than those of what it refers to: what leads to others first */
	for (uint32_t component = grouping->n_components; component-- > 0;) {
		bool is_listed = sizes[component] >= 2 || (input->dead && !is_led_to[component]);
		sizes[component] = is_listed ? grouping->n_groups++ : HS_CSR_NONE;
	}
	for (uint32_t node = 0; node < n; node++) {
		if (grouping->group[node] == HS_CSR_NONE)
			continue;
		grouping->group[node] = grouping->of_component[grouping->group[node]];
		if (grouping->group[node] != HS_CSR_NONE)
			hs_set_bit(grouping->members, node);
	}
	return NULL;
}

/* What is dead and has no cycle yet goes with that of `node`; so does what that leads to. */
static void spread(struct grouping *grouping, uint32_t node)
{
	const struct hs_csr *owned = grouping->input->owned;
	uint32_t n_stack = 0, group = grouping->group[node];

	grouping->stack[n_stack++] = node;
	while (n_stack) {
		uint32_t from = grouping->stack[--n_stack];
		for (uint64_t edge = hs_csr_begin(owned, from), end = hs_csr_end(owned, from); edge < end; edge++) {
			uint32_t to = owned->targets[edge];
			if (grouping->group[to] != HS_CSR_NONE || !hs_bit(grouping->input->dead, to))
				continue;
			grouping->group[to] = group;
			grouping->stack[n_stack++] = to;
		}
	}
}

/* The members by their cycles: the caller frees the result; NULL: memory is out. *ret_n of them. */
static uint32_t *members_by_cycle(const struct grouping *grouping, size_t *ret_n)
{
	uint32_t n = grouping->input->told->n;
	HS_FREE size_t *next = calloc((size_t)grouping->n_groups + 1, sizeof(*next));
	size_t n_members = 0, sum = 0;

	for (uint32_t node = 0; next && node < n; node++)
		if (hs_bit(grouping->members, node)) {
			next[grouping->group[node]]++;
			n_members++;
		}
	uint32_t *list = next ? calloc(n_members + 1, sizeof(*list)) : NULL;
	if (!list)
		return NULL;
	for (uint32_t group = 0; group < grouping->n_groups; group++) {
		size_t count = next[group];
		next[group] = sum;
		sum += count;
	}
	for (uint32_t node = 0; node < n; node++)
		if (hs_bit(grouping->members, node))
			list[next[grouping->group[node]]++] = node;
	*ret_n = n_members;
	return list;
}

static struct hs_error *add_hanging(struct grouping *grouping)
{
	size_t n_members;
	HS_FREE uint32_t *members = members_by_cycle(grouping, &n_members);

	if (!members)
		return hs_error_no_memory();
	for (size_t i = 0; i < n_members; i++)
		spread(grouping, members[i]);
	/* what is told is not always owned: where nothing leads to, each stands for itself */
	for (uint32_t node = 0; node < grouping->input->told->n; node++)
		if (hs_bit(grouping->input->dead, node) && grouping->group[node] == HS_CSR_NONE) {
			grouping->group[node] = grouping->n_groups++;
			hs_set_bit(grouping->members, node);
			spread(grouping, node);
		}
	return NULL;
}

/* Which of the three parts of its cycle a node is in. */
static unsigned part_of(const struct grouping *grouping, uint32_t node)
{
	return hs_bit(grouping->members, node) ? 0 : hs_bit(grouping->input->set, node) ? 1 : 2;
}

static struct hs_error *list_nodes(const struct grouping *grouping, struct hs_cycle_list *list)
{
	const struct hs_sizes *sizes = grouping->input->sizes;
	uint32_t n = grouping->input->told->n;
	HS_FREE size_t *next = calloc(3 * (size_t)grouping->n_groups + 1, sizeof(*next));
	size_t sum = 0;

	list->items = calloc((size_t)grouping->n_groups + 1, sizeof(*list->items));
	if (!next || !list->items)
		return hs_error_no_memory();
	list->n = grouping->n_groups;
	for (uint32_t node = 0; node < n; node++) {
		uint32_t group = grouping->group[node];
		if (group == HS_CSR_NONE)
			continue;
		struct hs_cycle *cycle = &list->items[group];
		unsigned part = part_of(grouping, node);
		next[3 * (size_t)group + part]++;
		cycle->n_members += part == 0;
		cycle->n_set += part <= 1;
		cycle->n_nodes++;
		cycle->bytes += hs_size_units(sizes, node) * sizes->unit_bytes;
		list->n_nodes++;
	}
	list->nodes = calloc(list->n_nodes + 1, sizeof(*list->nodes));
	if (!list->nodes)
		return hs_error_no_memory();
	for (size_t i = 0; i < 3 * (size_t)grouping->n_groups; i++) {
		size_t count = next[i];
		next[i] = sum;
		if (i % 3 == 0)
			list->items[i / 3].first = sum;
		sum += count;
	}
	for (uint32_t node = 0; node < n; node++)
		if (grouping->group[node] != HS_CSR_NONE)
			list->nodes[next[3 * (size_t)grouping->group[node] + part_of(grouping, node)]++] = node;
	return NULL;
}

static int compare_cycles(const void *a, const void *b, void *nodes)
{
	const struct hs_cycle *left = a, *right = b;
	const uint32_t *first = nodes;

	if (left->bytes != right->bytes)
		return left->bytes > right->bytes ? -1 : 1;
	return first[left->first] < first[right->first] ? -1 : first[left->first] > first[right->first];
}

struct hs_error *hs_cycles_find(const struct hs_cycle_input *input, struct hs_cycle_list *ret)
{
	HS_CLEANUP(grouping_deinit) struct grouping grouping = { .input = input };

	grouping.group = hs_pages_alloc(bytes_by_node(&grouping));
	grouping.stack = hs_pages_alloc(bytes_by_node(&grouping));
	grouping.members = calloc(hs_bit_words(input->told->n), sizeof(*grouping.members));
	if (!grouping.group || !grouping.stack || !grouping.members)
		return hs_error_no_memory();
	HS_TRY(hs_components(input->told, input->set, grouping.group, &grouping.n_components));
	HS_TRY(number_cycles(&grouping));
	if (input->dead)
		HS_TRY(add_hanging(&grouping));
	HS_TRY(list_nodes(&grouping, ret));
	qsort_r(ret->items, ret->n, sizeof(*ret->items), compare_cycles, ret->nodes);
	return NULL;
}

void hs_cycles_deinit(struct hs_cycle_list *list)
{
	free(list->items);
	free(list->nodes);
	*list = (struct hs_cycle_list){ 0 };
}

struct hs_cycle_finder {
	const struct hs_csr *told;
	const struct hs_cycle_list *list;
	uint32_t *parent; /* by node: the node before, with 1 added; 0: not met */
	uint32_t *queue;
	size_t bytes;
};

struct hs_error *hs_cycle_finder_create(const struct hs_csr *told, const struct hs_cycle_list *list, struct hs_cycle_finder **ret)
{
	struct hs_cycle_finder *finder = calloc(1, sizeof(*finder));

	if (!finder)
		return hs_error_no_memory();
	finder->told = told;
	finder->list = list;
	finder->bytes = ((size_t)told->n + 1) * sizeof(uint32_t);
	finder->parent = hs_pages_alloc(finder->bytes);
	finder->queue = hs_pages_alloc(finder->bytes);
	if (!finder->parent || !finder->queue) {
		hs_cycle_finder_destroy(finder);
		return hs_error_no_memory();
	}
	*ret = finder;
	return NULL;
}

void hs_cycle_finder_destroy(struct hs_cycle_finder *finder)
{
	if (!finder)
		return;
	hs_pages_free(finder->parent, finder->bytes);
	hs_pages_free(finder->queue, finder->bytes);
	free(finder);
}

/* Members ascend. */
static bool is_member(const struct hs_cycle_finder *finder, const struct hs_cycle *cycle, uint32_t node)
{
	const uint32_t *members = finder->list->nodes + cycle->first;
	size_t low = 0, high = cycle->n_members;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (members[middle] < node)
			low = middle + 1;
		else
			high = middle;
	}
	return low < cycle->n_members && members[low] == node;
}

/* Goes out from `start` in all directions until a node refers to it: that node, or HS_CSR_NONE. *ret_n nodes are in the queue. */
static uint32_t search(struct hs_cycle_finder *finder, const struct hs_cycle *cycle, uint32_t start, size_t *ret_n)
{
	const struct hs_csr *told = finder->told;
	size_t n = 0;

	finder->queue[n++] = start;
	finder->parent[start] = start + 1;
	for (size_t i = 0; i < n; i++) {
		uint32_t node = finder->queue[i];
		for (uint64_t edge = hs_csr_begin(told, node), end = hs_csr_end(told, node); edge < end; edge++) {
			uint32_t to = told->targets[edge];
			*ret_n = n;
			if (to == start)
				return node;
			if (finder->parent[to] || !is_member(finder, cycle, to))
				continue;
			finder->parent[to] = node + 1;
			finder->queue[n++] = to;
		}
	}
	*ret_n = n;
	return HS_CSR_NONE;
}

size_t hs_cycle_way(struct hs_cycle_finder *finder, const struct hs_cycle *cycle, uint32_t start, uint32_t *ret, size_t n_max)
{
	size_t n_queue, n = 0;
	uint32_t last = search(finder, cycle, start, &n_queue);

	for (uint32_t node = last; last != HS_CSR_NONE; node = finder->parent[node] - 1) {
		n++;
		if (node == start)
			break;
	}
	size_t i = n;
	for (uint32_t node = last; i-- > 0; node = finder->parent[node] - 1)
		if (i < n_max)
			ret[i] = node;
	for (size_t k = 0; k < n_queue; k++)
		finder->parent[finder->queue[k]] = 0;
	return n;
}
