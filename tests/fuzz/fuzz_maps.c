/* SPDX-License-Identifier: Apache-2.0 */
/* The maps parser under arbitrary bytes: what it accepts is in order, page-aligned, and has paths. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct hs_mappings mappings = { 0 };
	struct hs_error *error = hs_mappings_parse((const char *)data, bytes, &mappings);
	hs_addr floor = 0;

	if (error) {
		if (error->code != HS_ERROR_BAD_DATA && error->code != HS_ERROR_NO_MEMORY)
			abort();
		hs_error_destroy(error);
		return 0;
	}
	for (size_t i = 0; i < mappings.n; i++) {
		const struct hs_mapping *mapping = &mappings.items[i];
		if (mapping->start < floor || mapping->start >= mapping->end || !mapping->path || mapping->permissions[4])
			abort();
		floor = mapping->end;
	}
	hs_mappings_free(&mappings);
	return 0;
}
