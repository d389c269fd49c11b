/* SPDX-License-Identifier: Apache-2.0 */
/* Suspects as JSON: README.md documents every member. */
#include "json.h"
#include "reference_name.h"
#include "suspects_view.h"

#define MAX_STEPS 256 /* of a path; a longer one is told by its ends */

static json_t *figure(double value)
{
	/* four digits are more than any of them is worth */
	return value < 0 ? json_null() : json_real((double)(int64_t)(value * 1e4 + 0.5) / 1e4);
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *texts_json(const struct hs_suspect_texts *texts)
{
	json_t *list = json_array();

	for (size_t i = 0; i < texts->n; i++)
		json_array_append_new(list, json_string(texts->items[i]));
	return list;
}

static json_t *steps_json(const struct hs_named_path *path)
{
	json_t *list = json_array();

	for (size_t i = 0; i < path->steps.n; i++) {
		if (i >= MAX_STEPS / 2 && i + MAX_STEPS / 2 < path->steps.n)
			continue;
		const struct hs_named_step *step = &path->steps.items[i];
		json_t *entry = json_object();
		json_object_set_new(entry, "from", step->from ? hs_json_address(step->from) : json_null());
		json_object_set_new(entry, "to", hs_json_address(step->to));
		json_object_set_new(entry, "kind", json_string(hs_edge_kind_name(step->kind)));
		json_object_set_new(entry, "name", text_or_null(step->name));
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *grows_by_json(const struct hs_suspect *suspect)
{
	json_t *list = json_array();

	for (size_t i = 0; i < suspect->n_grows_by; i++) {
		json_t *entry = json_object();
		json_object_set_new(entry, "type", hs_json_string(suspect->grows_by[i].name));
		json_object_set_new(entry, "count", hs_json_u64(suspect->grows_by[i].count));
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *lengths_json(const uint64_t *lengths, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; lengths && i < n; i++)
		json_array_append_new(list, hs_json_u64(lengths[i]));
	return list;
}

static json_t *watch_json(const struct hs_watched *watched)
{
	json_t *list = json_array();

	for (unsigned i = 0; watched && !watched->is_lost && i < watched->n_points; i++)
		json_array_append_new(list, hs_json_u64(watched->points[i].length));
	return list;
}

static json_t *bound_json(const struct hs_suspect_bound *bound)
{
	json_t *object = json_object();

	json_object_set_new(object, "limit", hs_json_u64(bound->limit));
	json_object_set_new(object, "filled", hs_json_u64(bound->filled));
	json_object_set_new(object, "eta_seconds", bound->eta_seconds < 0 ? json_null() : json_real(bound->eta_seconds));
	json_object_set_new(object, "bytes_when_full", hs_json_u64(bound->bytes_when_full));
	return object;
}

static void set_place(json_t *object, const struct hs_suspect *suspect)
{
	json_object_set_new(object, "kind", json_string(hs_suspect_kind_name(suspect->kind)));
	json_object_set_new(object, "root_kind", json_string(hs_suspect_root_name(suspect->root)));
	json_object_set_new(object, "container_type", hs_json_string(suspect->type));
	json_object_set_new(object, "address", suspect->address ? hs_json_address(suspect->address) : json_null());
	json_object_set_new(object, "owner_path", text_or_null(suspect->owner));
	json_object_set_new(object, "owner_evaluable", json_boolean(suspect->owner_is_evaluable));
	json_object_set_new(object, "tail", text_or_null(suspect->tail));
	json_object_set_new(object, "path", text_or_null(suspect->shape ? suspect->shape : suspect->path.expression));
	json_object_set_new(object, "path_steps", steps_json(&suspect->path));
	json_object_set_new(object, "also", texts_json(&suspect->also));
}

static void set_figures(json_t *object, const struct hs_suspect *suspect, size_t n_samples)
{
	const struct hs_suspect_figures *figures = &suspect->figures;

	json_object_set_new(object, "members", hs_json_u64(suspect->members));
	json_object_set_new(object, "grows_by", grows_by_json(suspect));
	json_object_set_new(object, "length", lengths_json(suspect->lengths, n_samples));
	json_object_set_new(object, "watch", watch_json(suspect->watched));
	json_object_set_new(object, "kept", figure(figures->kept));
	json_object_set_new(object, "steadiness", figure(figures->steadiness));
	json_object_set_new(object, "share", figure(figures->share));
	json_object_set_new(object, "score", json_real(suspect->score));
	if (suspect->has_bound)
		json_object_set_new(object, "bound", bound_json(&suspect->bound));
	json_object_set_new(object, "retained_bytes", hs_json_u64(suspect->retained_bytes));
	json_object_set_new(object, "retained_growth_bytes", json_integer(suspect->retained_growth_bytes));
}

json_t *hs_suspects_json(const struct hs_suspects *suspects)
{
	json_t *list = json_array();

	for (size_t i = 0; i < suspects->list.n; i++) {
		const struct hs_suspect *suspect = &suspects->list.items[i];
		json_t *object = json_object();
		json_object_set_new(object, "rank", json_integer((json_int_t)i + 1));
		set_place(object, suspect);
		set_figures(object, suspect, suspects->n_samples);
		json_object_set_new(object, "confidence", json_string(hs_confidence_name(suspect->confidence)));
		json_object_set_new(object, "definition", text_or_null(suspect->definition));
		json_object_set_new(object, "writers", texts_json(&suspect->writers));
		json_object_set_new(object, "evidence", texts_json(&suspect->evidence));
		json_object_set_new(object, "hint", text_or_null(suspect->hint));
		json_array_append_new(list, object);
	}
	return list;
}
