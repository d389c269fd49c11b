/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of the searches. Each runs only when the check of what it would find fails, so a layout from exact debug
 * information is left alone, and costs a few reads.
 */
#include "discover.h"

#include <string.h>

#include "debug_offsets.h"
#include "discover_steps.h"
#include "member_check.h"
#include "field_names.h"
#include "type_sizes.h"
#include "validate.h"

static const struct {
	const char *what;      /* for the warning */
	hs_check *check;
	hs_search *search;
} steps[] = {
	{ "the list of interpreters", hs_check_interpreters, hs_search_interpreters },
	{ "the threads of an interpreter", hs_check_threads, hs_search_threads },
	{ "sys.modules, sys and builtins", hs_check_namespaces, hs_search_namespaces },
	{ "the state of static types", hs_check_static_types, hs_search_static_types },
	{ "the collector's generations", hs_check_generations, hs_search_generations },
	{ "pymalloc's arenas", hs_check_arenas, hs_search_arenas },
	{ "tracemalloc's tables", hs_check_tracemalloc_found, hs_search_tracemalloc },
};

static bool is_true(hs_check *check, const struct hs_live *live)
{
	struct hs_error *error = check(live);

	hs_error_destroy(error);
	return !error;
}

/* What else a struct holds is not known once a member of it was found elsewhere. */
static void note_moves(struct hs_layout *layout, const struct hs_field before[HS_N_FIELDS])
{
	for (size_t i = 0; i < HS_N_FIELDS; i++)
		if (layout->fields[i].offset != before[i].offset)
			hs_layout_move(layout, (enum hs_field_id)i, layout->fields[i].offset);
}

void hs_layout_discover(const struct hs_image *image, const char *without, struct hs_layout *layout)
{
	struct hs_live live = { image, layout };
	struct hs_field before[HS_N_FIELDS];

	if (hs_debug_offsets_apply(image, layout) && strlen(layout->source) + sizeof(", debug offsets") < sizeof(layout->source))
		strcat(layout->source, ", debug offsets");
	/* Without the types nothing else can be recognised. */
	if (!is_true(hs_check_type, &live))
		return;
	memcpy(before, layout->fields, sizeof(before));
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (is_true(steps[i].check, &live) || !steps[i].search(&live, layout))
			continue;
		hs_layout_warn(layout, "%s: found by search in the process", steps[i].what);
	}
	note_moves(layout, before);
	hs_layout_mend_sizes(&live, without, layout);
	hs_layout_mend_members(&live, without, layout);
}
