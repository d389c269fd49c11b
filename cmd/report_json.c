/* SPDX-License-Identifier: Apache-2.0 */
/* A report as JSON, schema 1: README.md documents every member. */
#include <jansson.h>
#include <stdlib.h>

#include "cleanup.h"
#include "json.h"
#include "report.h"

static json_t *warnings_json(const struct hs_report *report)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->layout->warnings.n; i++)
		json_array_append_new(list, hs_json_string(report->layout->warnings.items[i]));
	for (size_t i = 0; i < report->census->warnings.n; i++)
		json_array_append_new(list, hs_json_string(report->census->warnings.items[i]));
	if (report->is_nonblocking)
		json_array_append_new(list, json_string("the process was not stopped: the picture may contradict itself"));
	return list;
}

static json_t *process_json(const struct hs_report *report)
{
	const struct hs_layout *layout = report->layout;
	const struct hs_capture *capture = report->capture;
	json_t *process = json_object(), *build = json_array(), *pauses = json_array();

	if (layout->is_debug_build)
		json_array_append_new(build, json_string("debug"));
	if (layout->is_free_threaded)
		json_array_append_new(build, json_string("free-threaded"));
	for (size_t i = 0; i < capture->pauses_ns.n; i++)
		json_array_append_new(pauses, hs_json_u64(capture->pauses_ns.items[i]));
	json_object_set_new(process, "python", hs_json_string(layout->version));
	json_object_set_new(process, "build", build);
	json_object_set_new(process, "layout_source", hs_json_string(layout->source));
	json_object_set_new(process, "rss_bytes", hs_json_u64(report->process->rss_bytes));
	json_object_set_new(process, "pause_ns", hs_json_u64(capture->pause_ns));
	json_object_set_new(process, "pauses_ns", pauses);
	json_object_set_new(process, "copied_bytes", hs_json_u64(capture->copied_bytes));
	return process;
}

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

static json_t *census_json(const struct hs_report *report)
{
	json_t *census = json_object(), *types = json_array();

	for (size_t i = 0; i < report->n_shown; i++)
		json_array_append_new(types, type_json(report->rows.items[i]));
	json_object_set_new(census, "objects", hs_json_u64(report->census->n_objects));
	json_object_set_new(census, "bytes", hs_json_u64(report->census->bytes));
	json_object_set_new(census, "types", types);
	return census;
}

struct hs_error *hs_report_json(FILE *out, const struct hs_report *report)
{
	const struct hs_process *process = report->process;
	json_t *root = hs_json_envelope(report->command, report->time, report->host);

	json_object_set_new(root, "boot_id", hs_json_string(process->boot_id));
	json_object_set_new(root, "pid", json_integer(process->pid));
	json_object_set_new(root, "start_time", hs_json_u64(process->start_time));
	json_object_set_new(root, "complete", json_boolean(report->census->is_complete));
	json_object_set_new(root, "warnings", warnings_json(report));
	json_object_set_new(root, "process", process_json(report));
	json_object_set_new(root, "coverage", coverage_json(report->census));
	json_object_set_new(root, "missing", missing_json(report->capture));
	json_object_set_new(root, "census", census_json(report));
	return hs_json_write(out, root);
}
