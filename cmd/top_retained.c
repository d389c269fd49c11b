/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of who holds what alone, walked down from the roots: what goes with each, the largest first. */
#include <inttypes.h>
#include <stdlib.h>

#include "cleanup.h"
#include "figures.h"
#include "object_address.h"
#include "top_pages.h"

#define MAX_ROWS 500
#define UNREACHABLE 1 /* as an address: what no root reaches */

enum { COLUMN_RETAINED, COLUMN_SHARE, COLUMN_BAR, COLUMN_COUNT, COLUMN_TYPE, COLUMN_ADDRESS, COLUMN_PATH, N_COLUMNS };

static const struct hs_column columns[N_COLUMNS] = {
	[COLUMN_RETAINED] = { "RETAINED", "retained", HS_COLUMN_SIZE, 9, 0 },
	[COLUMN_SHARE] = { "SHARE", NULL, HS_COLUMN_SHARE, 7, 3 },
	[COLUMN_BAR] = { "", NULL, HS_COLUMN_BAR, 10, 0 },
	[COLUMN_COUNT] = { "OBJECTS", "objects", HS_COLUMN_COUNT, 11, 2 },
	[COLUMN_TYPE] = { "TYPE", "type", HS_COLUMN_NAME, 16, 0 },
	[COLUMN_ADDRESS] = { "ADDRESS", "address", HS_COLUMN_ADDRESS, 15, 1 },
	[COLUMN_PATH] = { "WHERE", "where", HS_COLUMN_PATH, 0, 0 },
};

struct child {
	hs_node node;
	uint64_t bytes;
};

struct children {
	const struct hs_object_graph *holders;
	struct child *items; /* the first MAX_ROWS, unsorted, and as many again */
	size_t n;
	uint64_t n_all, bytes;
};

static void children_deinit(struct children *children)
{
	free(children->items);
}

static int compare_children(const void *a, const void *b)
{
	const struct child *left = a, *right = b;

	if (left->bytes != right->bytes)
		return left->bytes > right->bytes ? -1 : 1;
	return left->node < right->node ? -1 : left->node > right->node;
}

static void keep_first(struct children *children)
{
	qsort(children->items, children->n, sizeof(*children->items), compare_children);
	children->n = children->n < MAX_ROWS ? children->n : MAX_ROWS;
}

static void add_child(struct children *children, hs_node node)
{
	uint64_t bytes = hs_object_graph_retained_bytes(children->holders, node);

	children->n_all++;
	children->bytes += bytes;
	children->items[children->n++] = (struct child){ node, bytes };
	if (children->n == 2 * MAX_ROWS)
		keep_first(children);
}

/* All whose dominator has that number of the tree: nodes with references of their own, and leaves. */
static struct hs_error *find_children(const struct hs_top_source *source, uint32_t number, struct children *ret)
{
	const struct hs_dominators *tree = hs_object_graph_dominators(source->invocation->holders);

	ret->holders = source->invocation->holders;
	ret->items = calloc(2 * MAX_ROWS, sizeof(*ret->items));
	if (!ret->items)
		return hs_error_no_memory();
	for (uint32_t i = 1; i < tree->n_order; i++)
		if (tree->idom[i] == number && tree->order[i] < tree->n)
			add_child(ret, tree->order[i]);
	for (uint32_t node = 0; node < tree->n; node++)
		if (tree->place[node] != HS_CSR_NONE && tree->place[node] == (HS_PLACE_LEAF | number))
			add_child(ret, node);
	keep_first(ret);
	return NULL;
}

static void set_share(struct hs_row *row, uint64_t bytes, uint64_t whole)
{
	hs_row_set_number(row, COLUMN_RETAINED, (int64_t)bytes);
	hs_row_set_number(row, COLUMN_BAR, (int64_t)bytes);
	if (whole)
		hs_row_set_number(row, COLUMN_SHARE, (int64_t)((double)bytes * 1000 / (double)whole + 0.5));
}

static struct hs_error *add_row(struct hs_top_source *source, struct hs_page *page, struct hs_section *section, const struct child *child, uint64_t whole)
{
	const struct hs_invocation *invocation = source->invocation;
	hs_addr address = hs_graph_address(invocation->graph, child->node);
	const struct hs_type *type = hs_graph_type(invocation->graph, child->node);
	struct hs_row *row = hs_page_add_row(page, section, address);
	char path[HS_EXPRESSION_BYTES] = "";

	if (!row)
		return hs_error_no_memory();
	HS_TRY(hs_reach_expression(invocation->reach, child->node, false, path, sizeof(path)));
	row->address = address;
	set_share(row, child->bytes, whole);
	hs_row_set_number(row, COLUMN_COUNT, hs_object_graph_retained_count(invocation->holders, child->node));
	hs_row_set_text(row, COLUMN_TYPE, type ? hs_page_escaped(page, hs_type_short_name(hs_type_full_name(invocation->heap->types, type))) : "?");
	hs_row_set_number(row, COLUMN_ADDRESS, (int64_t)address);
	hs_row_set_text(row, COLUMN_PATH, *path ? hs_page_text(page, path) : "(no root reaches it)");
	/* what holds nothing but itself is looked at as an object */
	bool has_children = hs_object_graph_retained_count(invocation->holders, child->node) > 1;
	hs_page_lead(page, row, has_children ? HS_VIEW_RETAINED : HS_VIEW_OBJECT, address, path);
	return NULL;
}

static void add_unreachable(struct hs_top_source *source, struct hs_page *page, struct hs_section *section, uint64_t whole)
{
	uint64_t bytes = hs_object_graph_unreachable_bytes(source->invocation->holders);
	struct hs_row *row = bytes ? hs_page_add_row(page, section, UNREACHABLE) : NULL;

	if (!row)
		return;
	set_share(row, bytes, whole);
	hs_row_set_text(row, COLUMN_PATH, "what no root reaches: garbage, or held in a way that is not known");
	hs_page_lead(page, row, HS_VIEW_RETAINED, UNREACHABLE, "unreachable");
}

/* The number in the tree of what the page is about, and what it retains. */
static struct hs_error *find_parent(const struct hs_top_source *source, hs_addr address, uint32_t *ret_number, uint64_t *ret_bytes)
{
	const struct hs_object_source objects = hs_top_objects(source);
	const struct hs_dominators *tree = hs_object_graph_dominators(objects.holders);
	hs_node node;

	*ret_bytes = source->invocation->census->bytes;
	*ret_number = 0;
	if (!address)
		return NULL;
	if (address == UNREACHABLE) {
		*ret_number = tree->unreachable;
		*ret_bytes = hs_object_graph_unreachable_bytes(objects.holders);
		return NULL;
	}
	HS_TRY(hs_object_node_of(&objects, address, &node));
	*ret_bytes = hs_object_graph_retained_bytes(objects.holders, node);
	/* a leaf has no number, and nothing below it */
	*ret_number = hs_is_numbered(tree, node) ? tree->place[node] : tree->n_order;
	return NULL;
}

struct hs_error *hs_top_fill_retained(struct hs_top_source *source, struct hs_page *page)
{
	HS_CLEANUP(children_deinit) struct children children = { 0 };
	struct hs_section *section = hs_page_add_section(page, NULL, columns, N_COLUMNS);
	char size[HS_FIGURE_BYTES], count[HS_FIGURE_BYTES], all[HS_FIGURE_BYTES];
	uint32_t number;
	uint64_t whole;

	section->is_sortable = true;
	HS_TRY(find_parent(source, page->place.address, &number, &whole));
	HS_TRY(find_children(source, number, &children));
	for (size_t i = 0; i < children.n; i++)
		HS_TRY(add_row(source, page, section, &children.items[i], whole));
	if (!page->place.address)
		add_unreachable(source, page, section, whole);
	page->note = hs_page_printf(page, "%s%s in %s objects held directly%s%s", page->place.address ? "" : "held by the roots: ",
				    hs_text_size(size, page->place.address ? whole : children.bytes), hs_text_count(all, children.n_all),
				    children.n < children.n_all ? ", of which the largest " : "", children.n < children.n_all ? hs_text_count(count, children.n) : "");
	return NULL;
}
