/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of one type, or of one holder: the new ones first, and the paths that keep them all. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "figures.h"
#include "path_groups.h"
#include "reach.h"
#include "top_pages.h"
#include "type_match.h"

#define MAX_ROWS 2000
#define MAX_PATHS 3

enum { COLUMN_OBJECT, COLUMN_AGE, COLUMN_GENERATION, COLUMN_BYTES, COLUMN_RETAINED, COLUMN_LENGTH, COLUMN_REPR, N_COLUMNS };

static const struct hs_column columns[N_COLUMNS] = {
	[COLUMN_OBJECT] = { "ADDRESS", "address", HS_COLUMN_ADDRESS, 15, 0 },
	[COLUMN_AGE] = { "AGE", "age", HS_COLUMN_WORD, 5, 0 },
	[COLUMN_GENERATION] = { "GEN", "gen", HS_COLUMN_WORD, 5, 1 },
	[COLUMN_BYTES] = { "BYTES", "bytes", HS_COLUMN_SIZE, 9, 3 },
	[COLUMN_RETAINED] = { "RETAINED", "retained", HS_COLUMN_SIZE, 9, 0 },
	[COLUMN_LENGTH] = { "LEN", "len", HS_COLUMN_COUNT, 9, 2 },
	[COLUMN_REPR] = { " OBJECT", NULL, HS_COLUMN_TEXT, 0, 0 },
};

enum { PATH_COLUMN_COUNT, PATH_COLUMN_PATH, N_PATH_COLUMNS };

static const struct hs_column path_columns[N_PATH_COLUMNS] = {
	[PATH_COLUMN_COUNT] = { "OBJECTS", NULL, HS_COLUMN_COUNT, 11, 0 },
	[PATH_COLUMN_PATH] = { "HELD BY", NULL, HS_COLUMN_PATH, 0, 0 },
};

/*
 * In how many samples it was seen, the last one included: 1 is new. Negative as a row's number: what is new comes first.
 *
 *     samples kept    1       4   5   6        it was seen in 4, 5 and 6: 3 samples, or more, as 2 and 3 are gone
 */
struct age {
	uint64_t samples; /* 0: not known */
	bool is_least;    /* or more */
};

#define AGE_UNKNOWN_LAST INT32_MIN

struct hit {
	hs_node node;
	struct age age;
	uint64_t retained;
};

/* What is looked for, and what was found: the first MAX_ROWS in the order shown, unsorted, and as many again. */
struct finding {
	const struct hs_top_source *source;
	struct hs_fingerprints fingerprints;
	struct hs_type_match match;
	struct hit *hits;
	size_t n_hits;
	HS_ARRAY(hs_node) nodes; /* all that fit */
	uint64_t n, bytes;
};

static void finding_deinit(struct finding *finding)
{
	hs_type_match_deinit(&finding->match);
	hs_array_free(&finding->nodes);
	free(finding->hits);
}

static struct age age_of(const struct finding *finding, hs_node node)
{
	const struct hs_top_source *source = finding->source;
	size_t earliest = source->n_samples - 1, i = earliest;
	enum hs_lived lived = HS_LIVED;
	struct hs_heap_object entry;

	/* the last sample may be missing, for want of memory */
	if (source->n_samples < 2 || source->serials[earliest] != source->serial || !hs_graph_object(source->invocation->graph, node, &entry))
		return (struct age){ 0 };
	hs_fingerprint now = hs_fingerprint_take(&finding->fingerprints, &entry.object);
	while (i > 0 && lived == HS_LIVED) {
		if (!source->samples[--i]->identities)
			continue;
		lived = hs_sample_has_lived_object(source->samples[i], &finding->fingerprints, &entry.object, now);
		earliest = lived == HS_LIVED ? i : earliest;
	}
	if (earliest == source->n_samples - 1 && lived == HS_LIVED_UNKNOWN)
		return (struct age){ 0 };
	bool is_exact = lived == HS_LIVED_NOT && source->serials[i] + 1 == source->serials[earliest];
	return (struct age){ source->serial - source->serials[earliest] + 1, !is_exact };
}

static int64_t number_of(struct age age)
{
	return age.samples ? -(int64_t)age.samples : AGE_UNKNOWN_LAST;
}

static int compare_hits(const void *a, const void *b)
{
	const struct hit *left = a, *right = b;

	if (number_of(left->age) != number_of(right->age))
		return number_of(left->age) > number_of(right->age) ? -1 : 1;
	if (left->retained != right->retained)
		return left->retained > right->retained ? -1 : 1;
	return left->node < right->node ? -1 : left->node > right->node;
}

static void keep_first(struct finding *finding)
{
	qsort(finding->hits, finding->n_hits, sizeof(*finding->hits), compare_hits);
	finding->n_hits = finding->n_hits < MAX_ROWS ? finding->n_hits : MAX_ROWS;
}

static void add_hit(struct finding *finding, hs_node node)
{
	const struct hs_invocation *invocation = finding->source->invocation;

	finding->n++;
	finding->bytes += hs_graph_bytes(invocation->graph, node);
	finding->hits[finding->n_hits++] = (struct hit){ node, age_of(finding, node), hs_object_graph_retained_bytes(invocation->holders, node) };
	if (finding->n_hits == 2 * MAX_ROWS)
		keep_first(finding);
}

static struct hs_error *find_type(struct finding *finding, const char *name)
{
	const struct hs_graph *graph = finding->source->invocation->graph;

	HS_TRY(hs_type_match(finding->source->invocation->heap, name, &finding->match));
	for (hs_node node = 0; node < hs_graph_node_count(graph); node++) {
		if (!hs_type_is_meant(&finding->match, hs_graph_type(graph, node)))
			continue;
		hs_node *slot = hs_array_append(&finding->nodes);
		if (!slot)
			return hs_error_no_memory();
		*slot = node;
	}
	return NULL;
}

static bool is_meant(const void *context, const struct hs_type *type)
{
	return hs_type_is_meant(context, type);
}

/* The merged paths to all objects of the type. */
static struct hs_error *add_paths(struct finding *finding, struct hs_page *page)
{
	const struct hs_invocation *invocation = finding->source->invocation;
	HS_CLEANUP(hs_path_groups_deinit) struct hs_path_groups groups = { 0 };
	struct hs_section *section = hs_page_add_section(page, NULL, path_columns, N_PATH_COLUMNS);

	HS_TRY(hs_path_groups_find(invocation->reach, invocation->graph, is_meant, &finding->match, &groups));
	for (size_t i = 0; i < groups.list.n && i < MAX_PATHS; i++) {
		struct hs_row *row = hs_page_add_row(page, section, hs_page_key(groups.list.items[i].expression));
		if (!row)
			return hs_error_no_memory();
		hs_row_set_number(row, PATH_COLUMN_COUNT, (int64_t)groups.list.items[i].count);
		hs_row_set_text(row, PATH_COLUMN_PATH, hs_page_text(page, groups.list.items[i].expression));
		row->mark = HS_ROW_STRONG;
		/* one of those objects: from there the path can be walked */
		row->address = hs_graph_address(invocation->graph, groups.list.items[i].sample);
		hs_page_lead(page, row, HS_VIEW_OBJECT, row->address, "");
	}
	if (!groups.n_unreached)
		return NULL;
	struct hs_row *row = hs_page_add_row(page, section, 0);
	if (row) {
		hs_row_set_number(row, PATH_COLUMN_COUNT, (int64_t)groups.n_unreached);
		hs_row_set_text(row, PATH_COLUMN_PATH, "(no root reaches them: garbage, or held in a way that is not known)");
	}
	return NULL;
}

static const char *age_text(struct hs_page *page, struct age age)
{
	if (age.samples < 2)
		return age.samples ? "new" : "?";
	return hs_page_printf(page, "%" PRIu64 "%s", age.samples, age.is_least ? "+" : "");
}

static void add_object(struct hs_page *page, struct hs_section *section, const struct hs_object_row *object, struct age age)
{
	struct hs_row *row = hs_page_add_row(page, section, object->address);
	uint64_t length;

	if (!row)
		return;
	row->address = object->address;
	row->mark = age.samples == 1 ? HS_ROW_STRONG : HS_ROW_PLAIN;
	hs_row_set_number(row, COLUMN_OBJECT, (int64_t)object->address);
	hs_row_set_text(row, COLUMN_AGE, age_text(page, age));
	row->values[COLUMN_AGE].number = number_of(age);
	if (hs_generation_name(object->generation))
		hs_row_set_text(row, COLUMN_GENERATION, hs_generation_name(object->generation));
	hs_row_set_number(row, COLUMN_BYTES, (int64_t)object->values[HS_OBJECT_BYTES]);
	hs_row_set_number(row, COLUMN_RETAINED, (int64_t)object->values[HS_OBJECT_RETAINED]);
	if (hs_object_row_value(object, HS_OBJECT_LENGTH, &length))
		hs_row_set_number(row, COLUMN_LENGTH, (int64_t)length);
	hs_row_set_text(row, COLUMN_REPR, hs_page_printf(page, " %s", object->repr));
	hs_page_lead(page, row, HS_VIEW_OBJECT, object->address, "");
}

static struct hs_error *add_objects(struct finding *finding, struct hs_page *page, struct hs_section *section)
{
	const struct hs_object_source objects = hs_top_objects(finding->source);
	HS_FREE struct hs_object_row *rows = calloc(finding->n_hits + 1, sizeof(*rows));

	if (!rows)
		return hs_error_no_memory();
	for (size_t i = 0; i < finding->n_hits; i++)
		hs_object_row_of(&objects, finding->hits[i].node, true, &rows[i]);
	HS_TRY(hs_object_rows_find_generations(objects.heap->py, rows, finding->n_hits));
	for (size_t i = 0; i < finding->n_hits; i++)
		add_object(page, section, &rows[i], finding->hits[i].age);
	return NULL;
}

/* "dict at app.EVENTS[*]": the containers of that kind whose path looks like that. */
static struct hs_error *find_holder(struct finding *finding, const char *where)
{
	const struct hs_invocation *invocation = finding->source->invocation;
	HS_CLEANUP(hs_path_labels_deinit) struct hs_path_labels labels = { 0 };
	size_t n = 0;

	HS_TRY(hs_path_labels_find(invocation->reach, invocation->graph, finding->nodes.items, finding->nodes.n, &labels));
	for (size_t i = 0; i < finding->nodes.n; i++)
		if (labels.of[i] ? where && !strcmp(labels.of[i], where) : !where)
			finding->nodes.items[n++] = finding->nodes.items[i];
	finding->nodes.n = n;
	return NULL;
}

/* A holder's row is called by its kind and where it hangs, or is a type "(+dict)". */
static struct hs_error *find_by_holder(struct finding *finding, const char *name)
{
	static const char unreached[] = " that nothing reaches", with_dict[] = " (+dict)";
	const char *at = strstr(name, " at "), *end = strstr(name, unreached);
	HS_FREE char *type = strdup(name);

	if (!type)
		return hs_error_no_memory();
	if (at)
		type[at - name] = '\0';
	else if (end)
		type[end - name] = '\0';
	else if ((end = strstr(name, with_dict)))
		type[end - name] = '\0';
	HS_TRY(find_type(finding, type));
	if (!at && !strstr(name, unreached))
		return NULL;
	return find_holder(finding, at ? at + strlen(" at ") : NULL);
}

struct hs_error *hs_top_fill_instances(struct hs_top_source *source, struct hs_page *page)
{
	char count[HS_FIGURE_BYTES];
	HS_CLEANUP(finding_deinit) struct finding finding = { .source = source, .fingerprints = hs_fingerprints_of(source->invocation->heap) };

	finding.hits = calloc(2 * MAX_ROWS, sizeof(*finding.hits));
	if (!finding.hits)
		return hs_error_no_memory();
	if (page->place.by_holder)
		HS_TRY(find_by_holder(&finding, page->place.name));
	else
		HS_TRY(find_type(&finding, page->place.name));
	for (size_t i = 0; i < finding.nodes.n; i++)
		add_hit(&finding, finding.nodes.items[i]);
	keep_first(&finding);
	if (!page->place.by_holder)
		HS_TRY(add_paths(&finding, page));
	struct hs_section *section = hs_page_add_section(page, NULL, columns, N_COLUMNS);
	section->is_sortable = true;
	page->first_section = page->n_sections - 1;
	if (finding.n > finding.n_hits)
		page->note = hs_page_printf(page, "%s objects, of which these are the %s", hs_text_count(count, finding.n),
					    source->n_samples > 1 ? "newest, then the largest" : "largest");
	return add_objects(&finding, page, section);
}
