/* SPDX-License-Identifier: Apache-2.0 */
/* One object: the paths that keep it, who refers to it, what it consists of, what it refers to. Each row leads on. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "figures.h"
#include "object_address.h"
#include "refs.h"
#include "top_pages.h"
#include "why.h"

#define MAX_REFERENCES 1000
#define MAX_PATHS 3
#define SHOWN_STEPS 8 /* of each end of the first path */

static const struct hs_column path_columns[] = { { "HELD BY", NULL, HS_COLUMN_PATH, 0, 0 } };

enum { COLUMN_EDGE, COLUMN_TYPE, COLUMN_ADDRESS, COLUMN_OBJECT, N_COLUMNS };

static const struct hs_column columns[N_COLUMNS] = {
	[COLUMN_EDGE] = { "", NULL, HS_COLUMN_TEXT, 24, 0 },
	[COLUMN_TYPE] = { "TYPE", NULL, HS_COLUMN_NAME, 14, 1 },
	[COLUMN_ADDRESS] = { "ADDRESS", NULL, HS_COLUMN_ADDRESS, 15, 2 },
	[COLUMN_OBJECT] = { " OBJECT", NULL, HS_COLUMN_TEXT, 0, 0 },
};

static void lead_to(struct hs_page *page, struct hs_row *row, hs_addr address)
{
	row->address = address;
	hs_page_lead(page, row, HS_VIEW_OBJECT, address, "");
}

static void add_reference(struct hs_page *page, struct hs_section *section, const struct hs_ref *ref)
{
	struct hs_row *row = hs_page_add_row(page, section, ref->address);
	const char *note = hs_ref_note(ref);
	char times[HS_FIGURE_BYTES + 4] = "", count[HS_FIGURE_BYTES];

	if (!row)
		return;
	if (ref->count > 1)
		snprintf(times, sizeof(times), " x%s", hs_text_count(count, ref->count));
	hs_row_set_text(row, COLUMN_EDGE, hs_page_printf(page, "%s%s%s%s", ref->step, times, *note ? " " : "", note));
	hs_row_set_text(row, COLUMN_TYPE, hs_page_escaped(page, hs_type_short_name(ref->type)));
	hs_row_set_number(row, COLUMN_ADDRESS, (int64_t)ref->address);
	hs_row_set_text(row, COLUMN_OBJECT, hs_page_printf(page, " %s", ref->repr));
	lead_to(page, row, ref->address);
}

static const char *heading(struct hs_page *page, const char *name, size_t n_shown, uint64_t n_all)
{
	char shown[HS_FIGURE_BYTES], all[HS_FIGURE_BYTES];

	if (n_shown >= n_all)
		return hs_page_printf(page, "%s %s", name, hs_text_count(all, n_all));
	return hs_page_printf(page, "%s %s of %s", name, hs_text_count(shown, n_shown), hs_text_count(all, n_all));
}

static struct hs_section *add_list(struct hs_page *page, const char *name, const struct hs_ref_list *list, uint64_t n_all)
{
	struct hs_section *section = hs_page_add_section(page, heading(page, name, list->n, n_all), columns, N_COLUMNS);

	for (size_t i = 0; i < list->n; i++)
		add_reference(page, section, &list->items[i]);
	return section;
}

static bool is_field(const struct hs_ref_list *fields, const struct hs_ref *ref)
{
	for (size_t i = 0; i < fields->n; i++)
		if (fields->items[i].address == ref->address && !strcmp(fields->items[i].step, ref->step))
			return true;
	return false;
}

/* What it refers to besides: its class, an instance's dict. */
static void add_other_referents(struct hs_page *page, const struct hs_refs *refs)
{
	bool has_all = refs->referents.n == refs->n_referents;
	struct hs_section *section = hs_page_add_section(page, NULL, columns, N_COLUMNS);

	for (size_t i = 0; i < refs->referents.n; i++)
		if (!is_field(&refs->fields, &refs->referents.items[i]))
			add_reference(page, section, &refs->referents.items[i]);
	section->heading = hs_page_printf(page, "%sREFERENTS %zu%s", refs->fields.n ? "OTHER " : "", section->rows.n, has_all ? "" : ", perhaps more");
}

static void add_root(struct hs_page *page, struct hs_section *section, const struct hs_ref_root *root)
{
	struct hs_row *row = hs_page_add_row(page, section, hs_page_key(root->name));

	if (!row)
		return;
	if (*root->place.function)
		hs_row_set_text(row, COLUMN_EDGE, hs_page_printf(page, "<frame>%s%s", *root->name ? "." : "", root->name));
	else
		hs_row_set_text(row, COLUMN_EDGE, hs_page_printf(page, "<%s>%s%s", hs_root_kind_name(root->kind), *root->name ? " " : "", root->name));
	if (*root->place.function)
		hs_row_set_text(row, COLUMN_OBJECT, hs_page_printf(page, " %s%s%s, %s:%d", root->place.module, *root->place.module ? "." : "",
								   root->place.function, root->place.file, (int)root->place.line));
}

static void add_step(struct hs_page *page, struct hs_section *section, const struct hs_top_source *source, const struct hs_named_step *step)
{
	const struct hs_process_heap *heap = source->invocation->heap;
	struct hs_row *row = hs_page_add_row(page, section, step->to);
	char repr[HS_REPR_BYTES];

	if (!row)
		return;
	hs_repr_at(heap->py, heap->types, step->to, &hs_repr_short, repr, sizeof(repr));
	row->indent = 2;
	row->mark = HS_ROW_DIM;
	hs_row_set_text(row, 0, hs_page_printf(page, "%s %s  %s", hs_edge_kind_name(step->kind), step->name ? step->name : "", repr));
	lead_to(page, row, step->to);
}

/* The first path step by step, the last step being the object itself; of a long one both ends. */
static void add_steps(struct hs_page *page, struct hs_section *section, const struct hs_top_source *source, const struct hs_named_path *path)
{
	size_t n = path->steps.n ? path->steps.n - 1 : 0;

	for (size_t i = 0; i < n; i++) {
		if (n > 2 * SHOWN_STEPS && i == SHOWN_STEPS) {
			hs_top_add_line(page, section, 2, hs_page_printf(page, "%zu more steps", n - 2 * SHOWN_STEPS));
			i = n - SHOWN_STEPS;
		}
		add_step(page, section, source, &path->steps.items[i]);
	}
}

/* The object that refers to this one last on the path; 0: a root does. */
static hs_addr last_holder(const struct hs_named_path *path)
{
	return path->steps.n ? path->steps.items[path->steps.n - 1].from : 0;
}

static struct hs_error *add_paths(struct hs_top_source *source, hs_node node, struct hs_page *page)
{
	const struct hs_object_source objects = hs_top_objects(source);
	HS_CLEANUP(hs_why_deinit) struct hs_why why = { 0 };
	struct hs_section *section = hs_page_add_section(page, NULL, path_columns, 1);

	HS_TRY(hs_why_object(&why, &objects, source->invocation->reach, node, MAX_PATHS));
	for (size_t i = 0; i < why.paths.n; i++) {
		struct hs_row *row = hs_page_add_row(page, section, hs_page_key(why.paths.items[i].expression));
		if (!row)
			return hs_error_no_memory();
		row->mark = i ? HS_ROW_PLAIN : HS_ROW_STRONG;
		hs_row_set_text(row, 0, hs_page_printf(page, "%s%s", i ? "also " : "", why.paths.items[i].expression));
		if (last_holder(&why.paths.items[i]))
			lead_to(page, row, last_holder(&why.paths.items[i]));
	}
	if (why.paths.n)
		add_steps(page, section, source, &why.paths.items[0]);
	else
		hs_top_add_line(page, section, 0, "(no root reaches it: garbage, or held in a way that is not known)");
	return NULL;
}

static void describe(struct hs_page *page, const struct hs_object_row *object)
{
	char bytes[HS_FIGURE_BYTES], retained[HS_FIGURE_BYTES], length[HS_FIGURE_BYTES + 8] = "", count[HS_FIGURE_BYTES], references[HS_FIGURE_BYTES + 24] = "immortal";
	const char *type = hs_page_escaped(page, hs_type_short_name(object->type));
	uint64_t value;

	if (hs_object_row_value(object, HS_OBJECT_LENGTH, &value))
		snprintf(length, sizeof(length), " \xc2\xb7 len %s", hs_text_count(count, value));
	if (hs_object_row_value(object, HS_OBJECT_REFCOUNT, &value))
		snprintf(references, sizeof(references), "%s reference%s", hs_text_count(count, value), value == 1 ? "" : "s");
	page->note = hs_page_printf(page, "%s  0x%" HS_PRI_ADDR " \xc2\xb7 %s \xc2\xb7 retains %s%s \xc2\xb7 %s  %s", type, object->address,
				    hs_text_size(bytes, object->values[HS_OBJECT_BYTES]), hs_text_size(retained, object->values[HS_OBJECT_RETAINED]), length,
				    references, object->repr);
}

struct hs_error *hs_top_fill_object(struct hs_top_source *source, struct hs_page *page)
{
	const struct hs_object_source objects = hs_top_objects(source);
	const struct hs_refs_options options = { .depth = 1, .n_max = MAX_REFERENCES };
	HS_CLEANUP(hs_refs_deinit) struct hs_refs refs = { 0 };
	hs_node node;

	HS_TRY(hs_object_node_of(&objects, page->place.address, &node));
	HS_TRY(hs_refs_gather(&refs, &objects, node, &options));
	describe(page, &refs.object);
	HS_TRY(add_paths(source, node, page));
	struct hs_section *referrers = add_list(page, "REFERRERS", &refs.referrers, refs.n_referrers);
	for (size_t i = 0; i < refs.roots.n; i++)
		add_root(page, referrers, &refs.roots.items[i]);
	if (refs.fields.n) {
		page->first_section = page->n_sections;
		add_list(page, "FIELDS", &refs.fields, refs.n_fields);
	}
	add_other_referents(page, &refs);
	return NULL;
}
