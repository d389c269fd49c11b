/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of tracemalloc's state. Its tables may have been caught half-changed: what is asked of them holds at any moment.
 *
 *     table ──► buckets[0] ──► entry ──► entry        value ──► trace { size, traceback ──► { n, frames: (str, line) … } }
 *               buckets[1] ──► …
 */
#include "tracemalloc_place.h"
#include "validate.h"

#define FIELD(address, structure, name) hs_live_field(live, address, HS_FIELD_##structure##_##name)
#define MAX_FRAMES UINT16_MAX
#define BUCKETS_LOOKED_AT 4096
#define MAX_NAME_BYTES 65536

bool hs_is_hashtable(const struct hs_live *live, hs_addr table)
{
	uint64_t n_buckets = FIELD(table, Py_hashtable, nbuckets), hash = FIELD(table, Py_hashtable, hash_func);

	/* it starts with 16 buckets and doubles (Python/hashtable.c) */
	return table && n_buckets >= 16 && !(n_buckets & (n_buckets - 1)) && n_buckets < (uint64_t)1 << 40 &&
	       hash >= live->layout->runtime_start && hash < live->layout->runtime_end &&
	       hs_image_at(live->image, FIELD(table, Py_hashtable, buckets), n_buckets * 8);
}

/* Up to 3.8 the trace lies in the entry, behind the key; later the entry points to it. 0: the table holds no traces. */
static hs_addr trace_of(const struct hs_live *live, hs_addr table, hs_addr entry)
{
	if (HS_HAS(live->layout, Py_hashtable_entry, value))
		return FIELD(entry, Py_hashtable_entry, value);
	if (FIELD(table, Py_hashtable, data_size) != HS_SIZEOF(live->layout, tracemalloc_trace))
		return 0;
	return entry + HS_SIZEOF(live->layout, Py_hashtable_entry) + FIELD(table, Py_hashtable, key_size);
}

static bool is_trace(const struct hs_live *live, hs_addr trace)
{
	hs_addr traceback = FIELD(trace, tracemalloc_trace, traceback);
	hs_addr frames = traceback + (hs_addr)HS_OFFSET(live->layout, tracemalloc_traceback, frames);
	uint32_t n = 0;

	if (!traceback || !hs_image_read(live->image, traceback + (hs_addr)HS_OFFSET(live->layout, tracemalloc_traceback, nframe), &n,
					 live->layout->fields[HS_FIELD_tracemalloc_traceback_nframe].bytes == 2 ? 2 : 4))
		return false;
	hs_addr name = FIELD(frames, tracemalloc_frame, filename);
	size_t bytes;
	if (n < 1 || n > MAX_FRAMES)
		return false;
	return live->layout->features.trace_names_are_c_strings ? hs_image_string(live->image, name, MAX_NAME_BYTES, &bytes) && bytes
								: hs_live_is(live, name, "str");
}

bool hs_is_table_of_traces(const struct hs_live *live, hs_addr table)
{
	if (!hs_is_hashtable(live, table))
		return false;
	uint64_t n_buckets = FIELD(table, Py_hashtable, nbuckets);
	hs_addr buckets = FIELD(table, Py_hashtable, buckets);
	for (uint64_t i = 0; i < n_buckets && i < BUCKETS_LOOKED_AT; i++) {
		hs_addr entry = hs_live_word(live, buckets + i * 8, 0);
		if (entry)
			return is_trace(live, trace_of(live, table, entry));
	}
	return FIELD(table, Py_hashtable, nentries) < n_buckets;
}

bool hs_is_tracing(const struct hs_live *live)
{
	struct hs_tracemalloc_place place = hs_tracemalloc_place(live->layout);

	return place.config && FIELD(place.config, PyTraceMalloc_Config, tracing) == 1;
}

struct hs_error *hs_check_tracemalloc(const struct hs_live *live)
{
	struct hs_tracemalloc_place place = hs_tracemalloc_place(live->layout);
	uint64_t n_frames;

	/* not found: whoever asks for it is told */
	if (!place.config)
		return NULL;
	n_frames = FIELD(place.config, PyTraceMalloc_Config, max_nframe);
	if (FIELD(place.config, PyTraceMalloc_Config, initialized) > 2 || FIELD(place.config, PyTraceMalloc_Config, tracing) > 1 ||
	    n_frames < 1 || n_frames > MAX_FRAMES)
		return hs_check_failed(place.config, "tracemalloc's configuration is none");
	if (!hs_is_tracing(live) || !place.traces)
		return NULL;
	if (!hs_is_table_of_traces(live, hs_live_word(live, place.traces, 0)))
		return hs_check_failed(place.traces, "tracemalloc is tracing and has no table of traces");
	return NULL;
}

struct hs_error *hs_check_tracemalloc_found(const struct hs_live *live)
{
	if (hs_is_tracing(live) && !hs_tracemalloc_place(live->layout).traces)
		return hs_check_failed(0, "tracemalloc is tracing and has no table of traces");
	return hs_check_tracemalloc(live);
}
