/* SPDX-License-Identifier: Apache-2.0 */
/* Growth as JSON, schema 1: README.md documents every member. */
#include <jansson.h>

#include "growth.h"
#include "json.h"

static json_t *samples_json(const struct hs_series *series)
{
	json_t *list = json_array();

	for (size_t i = 0; i < series->samples.n; i++) {
		const struct hs_sample *sample = series->samples.items[i];
		json_t *entry = json_object();
		json_object_set_new(entry, "time_utc", hs_json_time(sample->utc));
		json_object_set_new(entry, "time", json_real((double)(int64_t)(sample->time_ns - series->samples.items[0]->time_ns) / 1e9));
		/* a core tells neither */
		json_object_set_new(entry, "rss_bytes", sample->rss_bytes ? hs_json_u64(sample->rss_bytes) : json_null());
		json_object_set_new(entry, "python_bytes", hs_json_u64(sample->python_bytes));
		json_object_set_new(entry, "objects", hs_json_u64(sample->n_objects));
		json_object_set_new(entry, "pause_ns", sample->rss_bytes ? hs_json_u64(sample->pause_ns) : json_null());
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *figures_json(const uint64_t *figures, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, hs_json_u64(figures[i]));
	return list;
}

static json_t *types_json(const struct hs_growth *growth)
{
	size_t n = growth->series->samples.n;
	json_t *list = json_array();

	for (size_t i = 0; i < growth->types.n && i < growth->n_shown; i++) {
		const struct hs_growth_type *type = &growth->types.items[i];
		json_t *entry = json_object();
		json_object_set_new(entry, "type", hs_json_string(type->name));
		json_object_set_new(entry, "count", figures_json(type->counts, n));
		json_object_set_new(entry, "bytes", figures_json(type->bytes, n));
		json_object_set_new(entry, "turnover", type->turnover < 0 ? json_null() : json_real((double)(int)(type->turnover * 1e4 + 0.5) / 1e4));
		json_object_set_new(entry, "survivors", type->survivors < 0 ? json_null() : json_integer(type->survivors));
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *attribution_json(const struct hs_attribution *attribution)
{
	json_t *root, *parts = json_array();

	if (!attribution->is_known) {
		json_decref(parts);
		return json_null();
	}
	for (size_t i = 0; i < attribution->parts.n; i++) {
		const struct hs_attribution_part *part = &attribution->parts.items[i];
		json_t *entry = json_object();
		json_object_set_new(entry, "cause", json_string(hs_cause_name(part->cause)));
		if (part->cause == HS_CAUSE_SUSPECT)
			json_object_set_new(entry, "rank", json_integer(part->rank));
		json_object_set_new(entry, "bytes", json_integer(part->bytes));
		json_array_append_new(parts, entry);
	}
	root = json_object();
	json_object_set_new(root, "rss_growth_bytes", json_integer(attribution->rss_growth_bytes));
	json_object_set_new(root, "parts", parts);
	return root;
}

/* What another process was said to have is named, and no more. */
static json_t *shared_json(const struct hs_growth *growth)
{
	json_t *list = json_array();

	for (size_t i = growth->n_own; i < growth->suspects->list.n; i++) {
		const struct hs_suspect *suspect = &growth->suspects->list.items[i];
		json_t *entry = json_object();
		json_object_set_new(entry, "rank", json_integer((json_int_t)i + 1));
		json_object_set_new(entry, "kind", json_string(hs_suspect_kind_name(suspect->kind)));
		json_object_set_new(entry, "path", hs_json_string(hs_growth_name_of(suspect)));
		json_object_set_new(entry, "retained_growth_bytes", json_integer(suspect->retained_growth_bytes));
		json_object_set_new(entry, "told_of_pid", json_integer(hs_growth_seen_at(growth->seen, suspect)));
		json_array_append_new(list, entry);
	}
	return list;
}

static void set_suspects(json_t *root, const struct hs_growth *growth)
{
	struct hs_suspects own = { 0 };

	if (growth->suspects)
		own = *growth->suspects;
	if (growth->suspects && growth->seen) {
		own.list.n = growth->n_own;
		json_object_set_new(root, "shared_suspects", shared_json(growth));
	}
	json_object_set_new(root, "suspects", hs_suspects_json(&own));
}

void hs_growth_json_members(json_t *root, const struct hs_growth *growth)
{
	const char *container = growth->document.process->container_id, *end = hs_growth_end(growth), *standstill = hs_growth_standstill(growth);

	json_object_set_new(root, "container_id", *container ? json_string(container) : json_null());
	json_object_set_new(root, "complete", json_boolean(hs_growth_is_complete(growth)));
	if (end)
		json_array_append_new(json_object_get(root, "warnings"), hs_json_string(end));
	if (standstill)
		json_array_append_new(json_object_get(root, "warnings"), json_string(standstill));
	for (size_t i = 0; i < growth->n_facts; i++)
		if (growth->facts[i].is_warning)
			json_array_append_new(json_object_get(root, "warnings"), hs_json_string(growth->facts[i].text));
	json_object_set_new(root, "seconds", json_real(growth->seconds));
	json_object_set_new(root, "samples", samples_json(growth->series));
	json_object_set_new(root, "types", types_json(growth));
	json_object_set_new(root, "attribution", attribution_json(&growth->attribution));
	json_object_set_new(root, "verdict", growth->attribution.is_known ? json_string(hs_verdict_name(growth->attribution.verdict)) : json_null());
	set_suspects(root, growth);
}

struct hs_error *hs_growth_json(FILE *out, const struct hs_growth *growth)
{
	json_t *root = hs_document_json(&growth->document);

	hs_growth_json_members(root, growth);
	return growth->is_one_line ? hs_json_write_line(out, root) : hs_json_write(out, root);
}
