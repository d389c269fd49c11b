/* SPDX-License-Identifier: Apache-2.0 */
/* Calls as JSON. */
#include "json.h"
#include "threads.h"

static json_t *variables_json(const struct hs_call *call)
{
	json_t *array = json_array();

	for (size_t i = 0; i < call->variables.n; i++) {
		const struct hs_call_variable *variable = &call->variables.items[i];
		json_t *object = json_object();
		json_object_set_new(object, "name", json_string(variable->name));
		json_object_set_new(object, "address", hs_json_address(variable->address));
		json_object_set_new(object, "type", hs_json_string(variable->type));
		json_object_set_new(object, "repr", json_string(variable->repr));
		json_object_set_new(object, "retained", hs_json_u64(variable->retained_bytes));
		json_array_append_new(array, object);
	}
	return array;
}

static void set_call(json_t *object, const char *name_key, const struct hs_call *call)
{
	json_object_set_new(object, name_key, json_string(call->function));
	json_object_set_new(object, "file", json_string(call->file));
	json_object_set_new(object, "line", call->line > 0 ? json_integer(call->line) : json_null());
	json_object_set_new(object, "locals", variables_json(call));
}

static json_t *thread_json(const struct hs_running_thread *thread)
{
	json_t *object = json_object(), *frames = json_array();

	for (size_t i = 0; i < thread->frames.n; i++) {
		json_t *frame = json_object();
		set_call(frame, "function", &thread->frames.items[i]);
		json_array_append_new(frames, frame);
	}
	json_object_set_new(object, "tid", hs_json_u64(thread->ident));
	json_object_set_new(object, "native_id", thread->native_ident ? hs_json_u64(thread->native_ident) : json_null());
	json_object_set_new(object, "name", thread->name ? json_string(thread->name) : json_null());
	json_object_set_new(object, "n_frames", hs_json_u64(thread->n_frames));
	json_object_set_new(object, "frames", frames);
	return object;
}

static json_t *suspended_json(const struct hs_suspended_call *suspended)
{
	json_t *object = json_object();

	json_object_set_new(object, "kind", json_string(suspended->kind));
	json_object_set_new(object, "address", hs_json_address(suspended->address));
	json_object_set_new(object, "retained", hs_json_u64(suspended->retained_bytes));
	set_call(object, "name", &suspended->call);
	return object;
}

struct hs_error *hs_threads_json(FILE *out, const struct hs_threads *threads)
{
	json_t *root = hs_document_json(&threads->document), *running = json_array(), *suspended = json_array();

	for (size_t i = 0; i < threads->threads.n; i++)
		json_array_append_new(running, thread_json(&threads->threads.items[i]));
	for (size_t i = 0; i < threads->suspended.n; i++)
		json_array_append_new(suspended, suspended_json(&threads->suspended.items[i]));
	json_object_set_new(root, "threads", running);
	json_object_set_new(root, "n_suspended", hs_json_u64(threads->n_suspended));
	json_object_set_new(root, "suspended", suspended);
	return hs_json_write(out, root);
}
