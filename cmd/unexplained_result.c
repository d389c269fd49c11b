/* SPDX-License-Identifier: Apache-2.0 */
/* Adding unexplained references up by type, and telling them. */
#include "unexplained_result.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "table.h"
#include "text.h"

#define LEAST_NATIVE 10
#define MOST_OF_IMPORTS 99 /* of one type; numpy loses 38 tuples and 31 references to types */

struct object {
	const char *type;
	bool is_common;   /* a type, or an instance of a type made in C */
	const struct hs_unexplained *unexplained;
};

static int compare_objects(const void *a, const void *b)
{
	const struct object *left = a, *right = b;
	int by_type = strcmp(left->type, right->type);

	if (left->unexplained->place != right->unexplained->place)
		return left->unexplained->place < right->unexplained->place ? -1 : 1;
	if (by_type)
		return by_type;
	return left->unexplained->node < right->unexplained->node ? -1 : left->unexplained->node > right->unexplained->node;
}

static int compare_rows(const void *a, const void *b)
{
	const struct hs_unexplained_row *left = a, *right = b;

	if (left->place != right->place)
		return left->place < right->place ? -1 : 1;
	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	return strcmp(left->type, right->type);
}

static struct hs_error *add(struct hs_unexplained_result *result, const struct hs_graph *graph, const struct object *object)
{
	const struct hs_unexplained *unexplained = object->unexplained;
	struct hs_unexplained_row *row = result->rows.n ? &result->rows.items[result->rows.n - 1] : NULL;
	hs_addr address = hs_graph_address(graph, unexplained->node), *slot = hs_array_append(&result->addresses);

	if (!slot)
		return hs_error_no_memory();
	*slot = address;
	if (row && row->place == unexplained->place && !strcmp(row->type, object->type)) {
		row->count++;
		row->is_of_imports &= row->count <= MOST_OF_IMPORTS;
		return NULL;
	}
	row = hs_array_append(&result->rows);
	if (!row)
		return hs_error_no_memory();
	*row = (struct hs_unexplained_row){
		.type = object->type, .place = unexplained->place, .count = 1, .address = address, .refcount = unexplained->refcount,
		.n_found = unexplained->n_found, .where = unexplained->where, .first = result->addresses.n - 1,
		.is_of_imports = object->is_common && unexplained->place == HS_UNEXPLAINED_NOTHING,
	};
	return NULL;
}

static struct object object_of(const struct hs_object_source *source, const struct hs_unexplained *unexplained)
{
	const struct hs_type *type = hs_graph_type(source->graph, unexplained->node);

	if (!type)
		return (struct object){ .type = "?", .unexplained = unexplained };
	return (struct object){
		.type = hs_type_full_name(source->heap->types, type), .unexplained = unexplained,
		.is_common = !type->is_python_class || type->flags & HS_TPFLAGS_TYPE_SUBCLASS,
	};
}

struct hs_error *hs_unexplained_gather(struct hs_unexplained_result *result, const struct hs_object_source *source,
				       const struct hs_unexplained_list *list)
{
	HS_FREE struct object *objects = calloc(list->n + 1, sizeof(*objects));

	if (!objects)
		return hs_error_no_memory();
	for (size_t i = 0; i < list->n; i++)
		objects[i] = object_of(source, &list->items[i]);
	qsort(objects, list->n, sizeof(*objects), compare_objects);
	for (size_t i = 0; i < list->n; i++)
		HS_TRY(add(result, source->graph, &objects[i]));
	if (result->rows.n)
		qsort(result->rows.items, result->rows.n, sizeof(*result->rows.items), compare_rows);
	return NULL;
}

void hs_unexplained_result_deinit(struct hs_unexplained_result *result)
{
	hs_array_free(&result->rows);
	hs_array_free(&result->addresses);
}

static void add_note(struct hs_table *table, const struct hs_unexplained_row *row)
{
	switch (row->place) {
	case HS_UNEXPLAINED_NATIVE:
		hs_table_add(table, "memory of C code, at 0x%" HS_PRI_ADDR, row->where);
		return;
	case HS_UNEXPLAINED_STACK:
		hs_table_add(table, "perhaps a running call");
		return;
	default:
		hs_table_add(table, row->is_of_imports ? "nothing: lost, but few" : "nothing: lost");
	}
}

static void add_row(struct hs_table *table, const struct hs_unexplained_row *row, const struct hs_style *style)
{
	char figure[HS_FIGURE_BYTES];

	hs_table_add_text(table, hs_type_short_name(row->type), style);
	hs_table_add(table, "%s", hs_text_count(figure, row->count));
	hs_table_add(table, "0x%" HS_PRI_ADDR, row->address);
	hs_table_add(table, "%s", hs_text_count(figure, row->refcount));
	hs_table_add(table, "%s", hs_text_count(figure, row->n_found));
	add_note(table, row);
}

typedef bool row_test(const struct hs_unexplained_row *row);

/* The first `n_max` rows of those that pass. */
static void put_rows(FILE *out, const struct hs_unexplained_result *result, row_test *is_told, size_t n_max, const struct hs_style *style)
{
	static const struct hs_table_column columns[] = {
		{ "UNEXPLAINED", true }, { "count", false }, { "for example", true }, { "counted", false }, { "found", false }, { "HELD BY", true, .least = 22 },
	};
	HS_CLEANUP(hs_table_deinit) struct hs_table table = { .columns = columns, .n_columns = 6 };
	size_t n = 0;

	for (size_t i = 0; i < result->rows.n; i++)
		if (is_told(&result->rows.items[i]) && n++ < n_max)
			add_row(&table, &result->rows.items[i], style);
	hs_table_put(out, &table, 0, style);
	if (n > n_max)
		fprintf(out, "%s %zu more type%s (-f json)\n", hs_text_ellipsis(style), n - n_max, n == n_max + 1 ? "" : "s");
}

static bool is_any(const struct hs_unexplained_row *row)
{
	return row->count != 0;
}

/* A script that was started by its name is always held by the C code that runs it. */
static bool is_worth_telling(const struct hs_unexplained_row *row)
{
	return (row->place == HS_UNEXPLAINED_NOTHING && !row->is_of_imports) || (row->place == HS_UNEXPLAINED_NATIVE && row->count >= LEAST_NATIVE);
}

static uint64_t count_of_imports(const struct hs_unexplained_result *result)
{
	uint64_t count = 0;

	for (size_t i = 0; i < result->rows.n; i++)
		count += result->rows.items[i].is_of_imports ? result->rows.items[i].count : 0;
	return count;
}

void hs_unexplained_put_leaks(FILE *out, const struct hs_unexplained_result *result, size_t n_max, const struct hs_style *style)
{
	uint64_t n_of_imports = count_of_imports(result);
	char figure[HS_FIGURE_BYTES];
	bool has_rows = false;

	for (size_t i = 0; i < result->rows.n && !has_rows; i++)
		has_rows = is_worth_telling(&result->rows.items[i]);
	if (!has_rows)
		return;
	fputc('\n', out);
	put_rows(out, result, is_worth_telling, n_max, style);
	if (n_of_imports)
		hs_text_put_line(out, style, 0, "and %s types and objects of C types, few of each: imports of C libraries lose as many, once",
				 hs_text_count(figure, n_of_imports));
}

void hs_unexplained_put(FILE *out, const struct hs_unexplained_result *result, size_t n_max, const struct hs_style *style)
{
	if (!result->rows.n)
		return;
	put_rows(out, result, is_any, n_max, style);
	if (count_of_imports(result))
		hs_text_put_line(out, style, 0, "lost, but few: imports of C libraries lose as many, once. A leak grows.");
}

static json_t *row_json(const struct hs_unexplained_result *result, const struct hs_unexplained_row *row)
{
	json_t *object = json_object(), *addresses = json_array();

	for (size_t i = 0; i < row->count; i++)
		json_array_append_new(addresses, hs_json_address(result->addresses.items[row->first + i]));
	json_object_set_new(object, "type", hs_json_string(row->type));
	json_object_set_new(object, "count", hs_json_u64(row->count));
	json_object_set_new(object, "address", hs_json_address(row->address));
	json_object_set_new(object, "refcount", hs_json_u64(row->refcount));
	json_object_set_new(object, "found", hs_json_u64(row->n_found));
	json_object_set_new(object, "named_by", json_string(hs_unexplained_place_name(row->place)));
	json_object_set_new(object, "named_at", row->where ? hs_json_address(row->where) : json_null());
	json_object_set_new(object, "addresses", addresses);
	return object;
}

json_t *hs_unexplained_json(const struct hs_unexplained_result *result)
{
	json_t *array = json_array();

	for (size_t i = 0; i < result->rows.n; i++)
		json_array_append_new(array, row_json(result, &result->rows.items[i]));
	return array;
}
