/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search for tracemalloc's state while it is tracing: in the data of a stripped binary (up to 3.11), elsewhere in the runtime
 * (since). A table of traces proves itself: its entries lead to tracebacks whose file names are str.
 */
#include "discover_steps.h"

#include "tracemalloc_place.h"
#include "validate.h"

#define FIELD(address, structure, name) hs_live_field(live, address, HS_FIELD_##structure##_##name)
#define NEAR_BYTES 256
#define BUCKETS_LOOKED_AT 64

/* True if the first entry that is found has a table of traces for its value, or there is no entry: the table of domains. */
static bool is_table_of_domains(const struct hs_live *live, hs_addr table)
{
	if (!hs_is_hashtable(live, table))
		return false;
	uint64_t n_buckets = FIELD(table, Py_hashtable, nbuckets), n = FIELD(table, Py_hashtable, nentries);
	hs_addr buckets = FIELD(table, Py_hashtable, buckets);
	for (uint64_t i = 0; n && i < n_buckets && i < BUCKETS_LOOKED_AT; i++) {
		hs_addr entry = hs_live_word(live, buckets + i * 8, 0);
		if (entry)
			return hs_is_table_of_traces(live, FIELD(entry, Py_hashtable_entry, value));
	}
	return n == 0;
}

/* The tables of file names and tracebacks, which lie there as well, are never empty while there are traces. */
static hs_addr find_domains(const struct hs_live *live, hs_addr traces)
{
	for (hs_addr at = traces - NEAR_BYTES; at < traces + NEAR_BYTES; at += 8)
		if (at != traces && is_table_of_domains(live, hs_live_word(live, at, 0)))
			return at;
	return 0;
}

static bool search_statics(const struct hs_live *live, struct hs_layout *layout)
{
	size_t n;
	const struct hs_segment *segments = hs_image_segments(live->image, &n);

	HS_ADDRESS_OF(layout, tracemalloc_traces) = HS_ADDRESS_OF(layout, tracemalloc_domains) = 0;
	for (size_t i = 0; i < n; i++) {
		if (!segments[i].is_writable || segments[i].end <= layout->runtime_start || segments[i].start >= layout->runtime_end)
			continue;
		for (hs_addr at = segments[i].start; at < segments[i].end; at += 8) {
			hs_addr table = hs_live_word(live, at, 0);
			if (!table || !hs_is_table_of_traces(live, table) || !FIELD(table, Py_hashtable, nentries))
				continue;
			HS_ADDRESS_OF(layout, tracemalloc_traces) = at;
			if (HS_HAS(layout, Py_hashtable_entry, value))
				HS_ADDRESS_OF(layout, tracemalloc_domains) = find_domains(live, at);
			return true;
		}
	}
	return false;
}

static bool search_runtime(const struct hs_live *live, struct hs_layout *layout)
{
	struct hs_field *member = &layout->fields[HS_FIELD_PyRuntimeState_tracemalloc];
	const int32_t before = member->offset, reach = (int32_t)HS_SIZEOF(layout, PyRuntimeState) + 4096;

	for (int32_t offset = 0; offset < reach; offset += 8) {
		member->offset = offset;
		struct hs_error *error = hs_is_tracing(live) ? hs_check_tracemalloc(live) : hs_check_failed(0, "off");
		if (!error)
			return true;
		hs_error_destroy(error);
	}
	/* no reason to refuse everything else: whoever asks for it is told */
	member->offset = before;
	layout->tracemalloc_is_unknown = true;
	return false;
}

bool hs_search_tracemalloc(const struct hs_live *live, struct hs_layout *layout)
{
	if (HS_HAS(layout, tracemalloc_state, config))
		return search_runtime(live, layout);
	return search_statics(live, layout);
}

bool hs_tracemalloc_find_peak(const struct hs_image *image, const struct hs_tracemalloc_place *place, uint64_t traced_bytes, uint64_t *ret)
{
	for (hs_addr at = place->traces - NEAR_BYTES; place->traces && at < place->traces + NEAR_BYTES; at += 8) {
		uint64_t peak = hs_image_word(image, at);

		/* a pointer is larger than any peak */
		if (hs_image_word(image, at + 8) == traced_bytes && peak >= traced_bytes && peak < (uint64_t)1 << 44) {
			*ret = peak;
			return true;
		}
	}
	return false;
}
