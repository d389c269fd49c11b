/* SPDX-License-Identifier: Apache-2.0 */
/* A comparison as JSON: that of growth, and what the moments were; README.md documents every member. */
#include <jansson.h>

#include "diff.h"
#include "json.h"
#include "survivors_view.h"

static json_t *text_or_null(const char *text)
{
	return text && *text ? hs_json_string(text) : json_null();
}

static json_t *moment_json(const struct hs_diff_moment *moment)
{
	static const char *const origins[] = { [HS_FROM_PROCESS] = "process", [HS_FROM_SNAPSHOT] = "snapshot", [HS_FROM_CORE] = "core" };
	const struct hs_capture *capture = moment->invocation.capture;
	const struct hs_process *process = capture->process;
	json_t *object = json_object();

	json_object_set_new(object, "source", hs_json_string(moment->invocation.source.name));
	json_object_set_new(object, "origin", json_string(origins[capture->origin]));
	json_object_set_new(object, "time_utc", hs_json_time(capture->utc));
	json_object_set_new(object, "host", text_or_null(capture->host));
	json_object_set_new(object, "boot_id", text_or_null(process->boot_id));
	json_object_set_new(object, "pid", json_integer(process->pid));
	json_object_set_new(object, "pid_namespace", process->pid_namespace ? hs_json_u64(process->pid_namespace) : json_null());
	json_object_set_new(object, "start_time", process->start_time ? hs_json_u64(process->start_time) : json_null());
	json_object_set_new(object, "python", hs_json_string(moment->invocation.layout->version));
	json_object_set_new(object, "complete", json_boolean(moment->invocation.census->is_complete));
	json_object_set_new(object, "redacted", json_boolean(capture->is_redacted));
	return object;
}

struct hs_error *hs_diff_json(FILE *out, const struct hs_diff *diff)
{
	json_t *root = hs_document_json(&diff->run.growth.document), *moments = json_array();

	for (size_t i = 0; i < diff->n; i++)
		json_array_append_new(moments, moment_json(&diff->moments[i]));
	json_object_set_new(root, "moments", moments);
	json_object_set_new(root, "join", json_string(hs_join_name(diff->join)));
	json_object_set_new(root, "join_reason", json_string(diff->join_reason));
	json_object_set_new(root, "in_order", json_boolean(!diff->is_backwards));
	json_object_set_new(root, "survivors", diff->has_survivors ? hs_survivors_json(&diff->survivors) : json_null());
	hs_growth_json_members(root, &diff->run.growth);
	return hs_json_write(out, root);
}
