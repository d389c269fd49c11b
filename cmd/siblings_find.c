/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at workers one after the other. */
#include "cmd_siblings.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "exit_status.h"
#include "format.h"
#include "signals.h"

static struct hs_error *look_at(struct hs_sibling *sibling)
{
	struct hs_invocation *invocation = &sibling->invocation;

	invocation->needs = HS_STAGE_PATHS;
	HS_TRY(hs_invocation_prepare(invocation));
	const struct hs_places_options options = { .wants_names = true, .holders = invocation->holders };
	HS_TRY(hs_path_places_find(invocation->heap, invocation->graph, invocation->reach, &options, &sibling->places));
	hs_invocation_drop_heap(invocation);
	return NULL;
}

static void sibling_deinit(struct hs_sibling *sibling)
{
	hs_path_places_release(&sibling->places);
	hs_invocation_drop(&sibling->invocation);
	*sibling = (struct hs_sibling){ 0 };
}

static struct hs_error *warn(struct hs_siblings *siblings, char *text)
{
	if (!text)
		return hs_error_no_memory();
	if (siblings->n_warnings < sizeof(siblings->warnings) / sizeof(siblings->warnings[0]))
		siblings->warnings[siblings->n_warnings++] = text;
	else
		free(text);
	return NULL;
}

static const char *script_of(const struct hs_sibling *sibling)
{
	const char *script = sibling->invocation.capture->process->script;

	return script ? script : "";
}

/* They are compared by the names of what holds: of other programs, and other versions, these need not mean the same. */
static struct hs_error *check_likeness(struct hs_siblings *siblings)
{
	const struct hs_sibling *first = &siblings->list[0];

	for (size_t i = 1; i < siblings->n; i++) {
		const struct hs_sibling *one = &siblings->list[i];
		const char *version = one->invocation.layout->version, *first_version = first->invocation.layout->version;
		if (strcmp(script_of(first), script_of(one)) != 0)
			HS_TRY(warn(siblings, hs_format("%s runs '%s', %s '%s': are they of one application?", first->invocation.source.name, script_of(first),
							one->invocation.source.name, script_of(one))));
		else if (strcmp(version, first_version) != 0)
			HS_TRY(warn(siblings, hs_format("%s is of CPython %s, %s of %s: sizes differ between versions", first->invocation.source.name,
							first_version, one->invocation.source.name, version)));
	}
	return NULL;
}

static struct hs_error *compare(struct hs_siblings *siblings)
{
	const struct hs_path_places *places[HS_MAX_SIBLINGS];
	const struct hs_census *censuses[HS_MAX_SIBLINGS];

	for (size_t i = 0; i < siblings->n; i++) {
		places[i] = &siblings->list[i].places;
		censuses[i] = siblings->list[i].invocation.census;
		if (!censuses[i]->is_complete)
			siblings->status = HS_EXIT_INCOMPLETE;
	}
	HS_TRY(check_likeness(siblings));
	HS_TRY(hs_sibling_holders(places, siblings->n, &siblings->holders));
	return hs_sibling_types(censuses, siblings->n, &siblings->types);
}

struct hs_error *hs_siblings_find(const struct hs_invocation *invocation, const struct hs_source_options *sources, size_t n, struct hs_siblings *ret)
{
	ret->list = calloc(n + 1, sizeof(*ret->list));
	if (!ret->list)
		return hs_error_no_memory();
	for (size_t i = 0; i < n && !hs_signals_caught(); i++) {
		struct hs_sibling *sibling = &ret->list[ret->n];
		sibling->invocation = hs_invocation_of(invocation, &sources[i]);
		struct hs_error *error = look_at(sibling);
		if (!error) {
			ret->n++;
			continue;
		}
		sibling_deinit(sibling);
		/* the others can be compared without it, if two are left */
		if (ret->n + (n - 1 - i) < 2)
			return error;
		hs_exit_print_error(error);
		ret->status = (int)hs_exit_status_of(error, HS_STAGE_HEAP);
		struct hs_error *noted = warn(ret, hs_format("%s is left out: %s", sources[i].name, error->message));
		hs_error_destroy(error);
		HS_TRY(noted);
	}
	return compare(ret);
}

void hs_siblings_deinit(struct hs_siblings *siblings)
{
	for (size_t i = 0; i < siblings->n; i++)
		sibling_deinit(&siblings->list[i]);
	free(siblings->list);
	hs_sibling_rows_release(&siblings->holders);
	hs_sibling_rows_release(&siblings->types);
	for (size_t i = 0; i < siblings->n_warnings; i++)
		free(siblings->warnings[i]);
}

double hs_siblings_seconds(const struct hs_siblings *siblings)
{
	double first = 0, last = 0;

	for (size_t i = 0; i < siblings->n; i++) {
		double utc = (double)siblings->list[i].invocation.capture->utc;
		first = !i || utc < first ? utc : first;
		last = !i || utc > last ? utc : last;
	}
	return last - first;
}
