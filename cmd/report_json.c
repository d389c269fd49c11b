/* SPDX-License-Identifier: Apache-2.0 */
/* A report as JSON, schema 1: README.md documents every member. */
#include <jansson.h>
#include <stdlib.h>

#include "cleanup.h"
#include "json.h"
#include "report.h"

static json_t *coverage_json(const struct hs_census *census)
{
	json_t *coverage = json_object();

	json_object_set_new(coverage, "in_use_bytes", hs_json_u64(census->in_use_bytes));
	json_object_set_new(coverage, "explained_bytes", hs_json_u64(census->explained_bytes));
	return coverage;
}

static json_t *missing_json(const struct hs_capture *capture)
{
	json_t *list = json_array();

	for (size_t i = 0; i < capture->missing.n; i++) {
		const struct hs_missing *missing = &capture->missing.items[i];
		json_t *entry = json_object();
		json_object_set_new(entry, "start", hs_json_address(missing->start));
		json_object_set_new(entry, "end", hs_json_address(missing->end));
		json_object_set_new(entry, "why", hs_json_string(missing->why));
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *type_json(const struct hs_census_type *type)
{
	json_t *entry = json_object();

	json_object_set_new(entry, "type", hs_json_string(type->name));
	json_object_set_new(entry, "n_types", hs_json_u64(type->n_types));
	json_object_set_new(entry, "count", hs_json_u64(type->count));
	json_object_set_new(entry, "gc_tracked", hs_json_u64(type->gc_tracked));
	json_object_set_new(entry, "bytes", hs_json_u64(type->bytes));
	json_object_set_new(entry, "getsizeof_bytes", hs_json_u64(type->getsizeof_bytes));
	return entry;
}

static json_t *holder_json(const struct hs_census_type *holder)
{
	json_t *entry = json_object();

	json_object_set_new(entry, "holder", hs_json_string(holder->name));
	json_object_set_new(entry, "count", hs_json_u64(holder->count));
	json_object_set_new(entry, "bytes", hs_json_u64(holder->bytes));
	return entry;
}

static json_t *census_json(const struct hs_report *report)
{
	json_t *census = json_object(), *types = json_array();

	for (size_t i = 0; i < report->n_shown; i++)
		json_array_append_new(types, report->is_by_holder ? holder_json(report->rows.items[i]) : type_json(report->rows.items[i]));
	json_object_set_new(census, "objects", hs_json_u64(report->document.census->n_objects));
	json_object_set_new(census, "bytes", hs_json_u64(report->document.census->bytes));
	json_object_set_new(census, report->is_by_holder ? "holders" : "types", types);
	return census;
}

/* What is told of every object that holds much. */
static json_t *large_json(const struct hs_large_object *large)
{
	json_t *object = json_object();

	json_object_set_new(object, "address", hs_json_address(large->row.address));
	json_object_set_new(object, "type", hs_json_string(large->row.type));
	json_object_set_new(object, "path", json_string(large->path));
	return object;
}

static json_t *retainers_json(const struct hs_large_objects *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++) {
		json_t *object = large_json(&list->items[i]);
		json_object_set_new(object, "retained", hs_json_u64(list->items[i].row.values[HS_OBJECT_RETAINED]));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *containers_json(const struct hs_large_objects *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++) {
		json_t *object = large_json(&list->items[i]);
		json_object_set_new(object, "len", hs_json_u64(list->items[i].row.values[HS_OBJECT_LENGTH]));
		json_object_set_new(object, "bytes", hs_json_u64(list->items[i].row.values[HS_OBJECT_BYTES]));
		json_array_append_new(array, object);
	}
	return array;
}

struct hs_error *hs_report_json(FILE *out, const struct hs_report *report)
{
	json_t *root = hs_document_json(&report->document);

	json_object_set_new(root, "coverage", coverage_json(report->document.census));
	json_object_set_new(root, "missing", missing_json(report->document.capture));
	json_object_set_new(root, "census", census_json(report));
	if (report->has_largest) {
		json_object_set_new(root, "retainers", retainers_json(&report->largest.retainers));
		json_object_set_new(root, "containers", containers_json(&report->largest.containers));
		json_object_set_new(root, "unexplained", hs_unexplained_json(&report->unexplained));
		json_object_set_new(root, "collector", hs_hints_json(&report->hints));
	}
	return hs_json_write(out, root);
}
