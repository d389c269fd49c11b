/* SPDX-License-Identifier: Apache-2.0 */
/* The list of checks, and running them in an order in which each may rely on those before it. */
#include "validate.h"

#include <stdarg.h>
#include <stdlib.h>

#include "cleanup.h"
#include "format.h"

static const struct {
	const char *name;
	hs_check *check;
} checks[] = {
	{ "geometry", hs_check_geometry },
	{ "type", hs_check_type },
	{ "None", hs_check_none },
	{ "type members", hs_check_type_members },
	{ "type slots", hs_check_type_slots },
	{ "interpreters", hs_check_interpreters },
	{ "threads", hs_check_threads },
	{ "namespaces", hs_check_namespaces },
	{ "version", hs_check_version },
	{ "dict tables", hs_check_dicts },
	{ "integers", hs_check_integers },
	{ "sequences", hs_check_sequences },
	{ "type sizes", hs_check_type_sizes },
	{ "static types", hs_check_static_types },
	{ "heap types", hs_check_heap_types },
	{ "general dict tables", hs_check_general_dicts },
	{ "sets", hs_check_sets },
	{ "bytes", hs_check_bytes },
	{ "code", hs_check_code },
	{ "generations", hs_check_generations },
	{ "collector", hs_check_collector },
	{ "arenas", hs_check_arenas },
	{ "pools", hs_check_pools },
	{ "debug offsets", hs_check_debug_offsets },
	{ "tracemalloc", hs_check_tracemalloc },
};

struct hs_error *hs_check_failed(hs_addr address, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text HS_FREE = hs_vformat(format, args);
	va_end(args);
	return text ? hs_error_at(HS_ERROR_BAD_DATA, address, "%s", text) : hs_error_no_memory();
}

struct hs_error *hs_layout_validate(const struct hs_image *image, const struct hs_layout *layout)
{
	const struct hs_live live = { image, layout };

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct hs_error *error = checks[i].check(&live);

		if (error)
			return hs_error_wrap(error, "the layout of CPython %s (%s) does not fit the process: check \"%s\"",
					     layout->version, layout->source, checks[i].name);
	}
	return NULL;
}
