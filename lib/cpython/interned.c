/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dict of interned strings, which refers to all of them and owns none (Objects/unicodeobject.c). Up to 3.11 it hangs off a
 * static that a stripped binary does not name; then it is known by its contents: every key is its own value.
 */
#include "dict.h"
#include "exact_type.h"
#include "root.h"
#include "static_data.h"

#define MIN_STRINGS 256 /* any interpreter interns more while it starts */
#define WORD 8

static bool names_itself(const struct hs_cpython *py, hs_addr dict)
{
	struct hs_dict_cursor cursor = { 0 };
	hs_addr key, value;

	for (unsigned i = 0; i < MIN_STRINGS; i++)
		if (!hs_dict_next(py, dict, &cursor, &key, &value) || key != value)
			return false;
	return true;
}

struct search {
	const struct hs_cpython *py;
	hs_addr found;
};

static bool search_range(void *context, hs_addr start, hs_addr end)
{
	struct search *search = context;
	const struct hs_cpython *py = search->py;

	if (start >= py->layout->runtime_end || end <= py->layout->runtime_start)
		return true;
	for (hs_addr at = start; at + WORD <= end && !search->found; at += WORD) {
		hs_addr word = hs_image_word(py->image, at);
		if (word && !(word & (WORD - 1)) && hs_is_exactly(py, word, "dict") && names_itself(py, word))
			search->found = word;
	}
	return !search->found;
}

hs_addr hs_interned_dict(const struct hs_cpython *py, hs_addr interpreter)
{
	const struct hs_layout *layout = py->layout;
	struct search search = { .py = py };

	if (HS_HAS(layout, PyInterpreterState, interned_strings))
		return hs_image_word(py->image, interpreter + (uint32_t)HS_OFFSET(layout, PyInterpreterState, interned_strings));
	if (HS_ADDRESS_OF(layout, interned))
		return hs_image_word(py->image, HS_ADDRESS_OF(layout, interned));
	hs_static_data_each(py->image, search_range, &search);
	return search.found;
}
