/* SPDX-License-Identifier: Apache-2.0 */
/* Writing tracemalloc's structures by the layout of a version. */
#include "fake_traces.h"

#include <string.h>

#define KEY_BYTES_38 12 /* a packed struct of an address and a domain */

/* Where this version's runtime would have its state, there a part of the statics is used instead. */
static void place_in_runtime(struct fake_traces *traces)
{
	struct hs_layout *layout = traces->fake->layout;
	hs_addr state = fake_static(traces->fake, HS_SIZEOF(layout, tracemalloc_state));

	layout->fields[HS_FIELD_PyRuntimeState_tracemalloc].offset = (int32_t)(state - HS_ADDRESS_OF(layout, _PyRuntime));
	traces->config = state + (uint32_t)HS_OFFSET(layout, tracemalloc_state, config);
	traces->lock = state + (uint32_t)HS_OFFSET(layout, tracemalloc_state, tables_lock);
	traces->traces_pointer = state + (uint32_t)HS_OFFSET(layout, tracemalloc_state, traces);
	traces->domains_pointer = state + (uint32_t)HS_OFFSET(layout, tracemalloc_state, domains);
	traces->traced_memory = state + (uint32_t)HS_OFFSET(layout, tracemalloc_state, traced_memory);
}

static void place_in_statics(struct fake_traces *traces)
{
	struct hs_layout *layout = traces->fake->layout;
	hs_addr statics = fake_static(traces->fake, 64);

	HS_ADDRESS_OF(layout, _Py_tracemalloc_config) = traces->config = statics;
	HS_ADDRESS_OF(layout, tracemalloc_traces) = traces->traces_pointer = statics + 16;
	traces->domains_pointer = layout->minor >= 9 ? statics + 24 : 0;
	HS_ADDRESS_OF(layout, tracemalloc_domains) = traces->domains_pointer;
	HS_ADDRESS_OF(layout, tracemalloc_peak_traced_memory) = statics + 32;
	HS_ADDRESS_OF(layout, tracemalloc_traced_memory) = traces->traced_memory = statics + 40;
	HS_ADDRESS_OF(layout, tables_lock) = traces->lock = statics + 48;
}

struct fake_traces fake_traces_open(const char *table)
{
	struct fake_traces traces = { .fake = fake_heap_create(table) };
	struct fake_heap *fake = traces.fake;

	if (HS_HAS(fake->layout, tracemalloc_state, config))
		place_in_runtime(&traces);
	else
		place_in_statics(&traces);
	FAKE_PUT(fake, traces.config, PyTraceMalloc_Config, initialized, 1);
	FAKE_PUT(fake, traces.config, PyTraceMalloc_Config, tracing, 1);
	FAKE_PUT(fake, traces.config, PyTraceMalloc_Config, max_nframe, FAKE_MAX_FRAMES);
	traces.traces = fake_hashtable(&traces);
	fake_put(fake, traces.traces_pointer, traces.traces);
	if (traces.domains_pointer)
		fake_put(fake, traces.domains_pointer, fake_hashtable(&traces));
	fake_open(fake);
	return traces;
}

void fake_traces_close(struct fake_traces *traces)
{
	fake_heap_destroy(traces->fake);
}

hs_addr fake_hashtable(struct fake_traces *traces)
{
	struct fake_heap *fake = traces->fake;
	hs_addr table = fake_chunk(fake, HS_SIZEOF(fake->layout, Py_hashtable));

	FAKE_PUT(fake, table, Py_hashtable, nbuckets, FAKE_N_BUCKETS);
	FAKE_PUT(fake, table, Py_hashtable, buckets, fake_chunk(fake, FAKE_N_BUCKETS * 8));
	FAKE_PUT(fake, table, Py_hashtable, key_size, KEY_BYTES_38);
	FAKE_PUT(fake, table, Py_hashtable, data_size, HS_SIZEOF(fake->layout, tracemalloc_trace));
	return table;
}

/* Links an entry into its bucket. */
static void link_entry(struct fake_traces *traces, hs_addr table, unsigned bucket, hs_addr entry)
{
	struct fake_heap *fake = traces->fake;
	hs_addr head = FAKE_GET(fake, table, Py_hashtable, buckets) + bucket * 8;

	FAKE_PUT(fake, entry, Py_hashtable_entry, next, fake_get(fake, head));
	fake_put(fake, head, entry);
	FAKE_PUT(fake, table, Py_hashtable, nentries, FAKE_GET(fake, table, Py_hashtable, nentries) + 1);
}

hs_addr fake_trace_add(struct fake_traces *traces, hs_addr table, unsigned bucket, hs_addr block, uint64_t bytes, hs_addr traceback, uint32_t domain)
{
	struct fake_heap *fake = traces->fake;
	uint32_t head_bytes = HS_SIZEOF(fake->layout, Py_hashtable_entry), trace_bytes = HS_SIZEOF(fake->layout, tracemalloc_trace);
	bool is_inline = !HS_HAS(fake->layout, Py_hashtable_entry, value);
	hs_addr entry = fake_chunk(fake, head_bytes + (is_inline ? KEY_BYTES_38 + trace_bytes : 0));
	hs_addr trace = is_inline ? entry + head_bytes + KEY_BYTES_38 : fake_chunk(fake, trace_bytes);

	if (is_inline) {
		memcpy(fake_at(fake, entry + head_bytes, 8), &block, 8);
		memcpy(fake_at(fake, entry + head_bytes + 8, 4), &domain, 4);
	} else {
		FAKE_PUT(fake, entry, Py_hashtable_entry, key, block);
		FAKE_PUT(fake, entry, Py_hashtable_entry, value, trace);
	}
	FAKE_PUT(fake, trace, tracemalloc_trace, size, bytes);
	FAKE_PUT(fake, trace, tracemalloc_trace, traceback, traceback);
	fake_put(fake, traces->traced_memory, fake_get(fake, traces->traced_memory) + bytes);
	link_entry(traces, table, bucket, entry);
	return entry;
}

hs_addr fake_domain_add(struct fake_traces *traces, unsigned bucket, uint32_t domain, hs_addr table)
{
	struct fake_heap *fake = traces->fake;
	hs_addr entry = fake_chunk(fake, HS_SIZEOF(fake->layout, Py_hashtable_entry));

	FAKE_PUT(fake, entry, Py_hashtable_entry, key, domain);
	FAKE_PUT(fake, entry, Py_hashtable_entry, value, table);
	link_entry(traces, fake_get(fake, traces->domains_pointer), bucket, entry);
	return entry;
}

hs_addr fake_traceback(struct fake_traces *traces, unsigned n, const hs_addr *names, const uint32_t *lines)
{
	struct fake_heap *fake = traces->fake;
	uint32_t first = (uint32_t)HS_OFFSET(fake->layout, tracemalloc_traceback, frames), stride = HS_SIZEOF(fake->layout, tracemalloc_frame);
	hs_addr traceback = fake_chunk(fake, first + FAKE_MAX_FRAMES * stride);
	uint16_t n_frames = (uint16_t)n;

	/* an int in 3.8, two short ones since: small numbers look the same */
	memcpy(fake_at(fake, traceback + (uint32_t)HS_OFFSET(fake->layout, tracemalloc_traceback, nframe), 2), &n_frames, 2);
	for (unsigned i = 0; i < n; i++) {
		hs_addr frame = traceback + first + i * stride;
		memcpy(fake_at(fake, frame + (uint32_t)HS_OFFSET(fake->layout, tracemalloc_frame, filename), 8), &names[i], 8);
		memcpy(fake_at(fake, frame + (uint32_t)HS_OFFSET(fake->layout, tracemalloc_frame, lineno), 4), &lines[i], 4);
	}
	return traceback;
}

hs_addr fake_filename(struct fake_traces *traces, const char *name)
{
	return traces->fake->layout->features.trace_names_are_c_strings ? fake_string(traces->fake, name) : fake_str(traces->fake, name);
}
