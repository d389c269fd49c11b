/* SPDX-License-Identifier: Apache-2.0 */
/* Walking tracemalloc's hash tables, which may be half-changed or hostile: everything is counted against what a table says of itself. */
#include "tracemalloc.h"

#include <stdio.h>

#include "tracemalloc_place.h"
#include "unicode.h"

#define MAX_DOMAINS 4096

static uint32_t u32_at(const struct hs_cpython *py, hs_addr address)
{
	uint32_t value = 0;

	return hs_image_u32(py->image, address, &value) ? value : 0;
}

#define WORD(py, address, structure, name) hs_image_word((py)->image, (address) + (uint32_t)HS_OFFSET((py)->layout, structure, name))
#define CONFIG(py, place, name) u32_at((py), (place)->config + (uint32_t)HS_OFFSET((py)->layout, PyTraceMalloc_Config, name))

/* A PyMutex has its lowest bit set while it is held (3.14+); a semaphore's value, the low half of its first word, is then 0. */
static bool is_held(const struct hs_cpython *py, const struct hs_tracemalloc_place *place)
{
	uint8_t mutex = 0;
	uint32_t value;

	if (!place->tables_lock)
		return false;
	if (place->lock_is_mutex)
		return hs_image_read(py->image, place->tables_lock, &mutex, 1) && mutex & 1;
	hs_addr semaphore = hs_image_word(py->image, place->tables_lock);
	return semaphore && hs_image_u32(py->image, semaphore, &value) && value == 0;
}

static uint64_t word_or_unknown(const struct hs_cpython *py, hs_addr address)
{
	uint64_t value;

	return address && hs_image_u64(py->image, address, &value) ? value : UINT64_MAX;
}

void hs_tracemalloc_read(const struct hs_cpython *py, struct hs_tracemalloc *ret)
{
	const struct hs_tracemalloc_place place = hs_tracemalloc_place(py->layout);

	*ret = (struct hs_tracemalloc){ .traced_bytes = UINT64_MAX, .peak_bytes = UINT64_MAX };
	if (!place.config)
		return;
	ret->is_tracing = CONFIG(py, &place, tracing) == 1;
	ret->n_frames_max = CONFIG(py, &place, max_nframe);
	ret->is_known = !ret->is_tracing || place.traces;
	if (!ret->is_tracing || !ret->is_known)
		return;
	ret->is_locked = is_held(py, &place);
	ret->traced_bytes = word_or_unknown(py, place.traced_memory);
	ret->peak_bytes = word_or_unknown(py, place.peak_traced_memory);
	ret->traces = hs_image_word(py->image, place.traces);
	ret->domains = place.domains ? hs_image_word(py->image, place.domains) : 0;
}

/* A table, as far as a walk needs it. */
struct table {
	hs_addr buckets;
	uint64_t n_buckets, n_entries;
	uint64_t key_bytes; /* 3.8: the key lies in the entry, the trace behind it; 0: the entry has a key and a value */
};

/* Where an entry of 3.8 has its key; in a packed struct of the block's address and its domain, or the address alone. */
static hs_addr inline_key(const struct hs_cpython *py, hs_addr entry)
{
	return entry + HS_SIZEOF(py->layout, Py_hashtable_entry);
}

static bool read_table(const struct hs_cpython *py, hs_addr address, struct table *ret)
{
	struct table table = {
		.buckets = WORD(py, address, Py_hashtable, buckets),
		.n_buckets = WORD(py, address, Py_hashtable, nbuckets),
		.n_entries = WORD(py, address, Py_hashtable, nentries),
	};

	if (!hs_image_at(py->image, address, HS_SIZEOF(py->layout, Py_hashtable)) || table.n_buckets > hs_image_captured_bytes(py->image) / 8 ||
	    table.n_entries > hs_image_captured_bytes(py->image) / HS_SIZEOF(py->layout, Py_hashtable_entry))
		return false;
	if (HS_HAS(py->layout, Py_hashtable, key_size)) {
		table.key_bytes = WORD(py, address, Py_hashtable, key_size);
		if (table.key_bytes < 8 || table.key_bytes > 16 ||
		    WORD(py, address, Py_hashtable, data_size) != HS_SIZEOF(py->layout, tracemalloc_trace))
			return false;
	}
	*ret = table;
	return true;
}

/*
 * Calls `each` for at most as many entries as the table says it has: chains that share their tails, or run in a circle, end there
 * as well. Returns whether there were exactly so many.
 */
static bool each_entry(const struct hs_cpython *py, const struct table *table, void (*each)(void *context, hs_addr entry), void *context)
{
	int32_t next_offset = HS_OFFSET(py->layout, Py_hashtable_entry, next);
	uint64_t n_left = table->n_entries;

	for (uint64_t i = 0; i < table->n_buckets; i++) {
		hs_addr entry;
		if (!hs_image_u64(py->image, table->buckets + i * 8, &entry))
			return false;
		while (entry) {
			if (!n_left--)
				return false;
			each(context, entry);
			if (!hs_image_u64(py->image, entry + (uint32_t)next_offset, &entry))
				return false;
		}
	}
	return !n_left;
}

struct walk {
	const struct hs_cpython *py;
	void (*each)(void *context, const struct hs_trace *trace);
	void *context;
	struct table table;    /* being walked */
	uint32_t domain;       /* of that table */
	uint64_t n_left;       /* entries that all tables together can have: the same one may be given as that of many domains */
	struct hs_traces_walked walked;
	HS_ARRAY(struct { hs_addr table; uint32_t domain; }) domains;
};

static void add_trace(void *context, hs_addr entry)
{
	struct walk *walk = context;
	const struct hs_cpython *py = walk->py;
	struct hs_trace trace = { .domain = walk->domain };
	hs_addr at;

	if (walk->table.key_bytes) {
		at = inline_key(py, entry);
		trace.block = hs_image_word(py->image, at);
		if (walk->table.key_bytes >= 12)
			trace.domain = u32_at(py, at + 8);
		at += walk->table.key_bytes;
	} else {
		trace.block = WORD(py, entry, Py_hashtable_entry, key);
		at = WORD(py, entry, Py_hashtable_entry, value);
	}
	if (!hs_image_at(py->image, at, HS_SIZEOF(py->layout, tracemalloc_trace))) {
		walk->walked.is_whole = false;
		return;
	}
	trace.bytes = WORD(py, at, tracemalloc_trace, size);
	trace.traceback = WORD(py, at, tracemalloc_trace, traceback);
	walk->walked.n++;
	walk->walked.bytes += trace.bytes;
	walk->each(walk->context, &trace);
}

static void add_domain(void *context, hs_addr entry)
{
	struct walk *walk = context;
	__typeof__(walk->domains.items) slot = walk->domains.n < MAX_DOMAINS ? hs_array_append(&walk->domains) : NULL;

	if (!slot) {
		walk->walked.is_whole = false;
		return;
	}
	slot->domain = (uint32_t)WORD(walk->py, entry, Py_hashtable_entry, key);
	slot->table = WORD(walk->py, entry, Py_hashtable_entry, value);
}

static void walk_traces(struct walk *walk, hs_addr address, uint32_t domain)
{
	walk->domain = domain;
	if (!read_table(walk->py, address, &walk->table) || walk->table.n_entries > walk->n_left) {
		walk->walked.is_whole = false;
		return;
	}
	walk->n_left -= walk->table.n_entries;
	walk->walked.n_stated += walk->table.n_entries;
	if (!each_entry(walk->py, &walk->table, add_trace, walk))
		walk->walked.is_whole = false;
}

void hs_traces_each(const struct hs_cpython *py, const struct hs_tracemalloc *tracemalloc, void (*each)(void *context, const struct hs_trace *trace),
		    void *context, struct hs_traces_walked *ret)
{
	struct walk walk = {
		.py = py, .each = each, .context = context, .walked = { .is_whole = true },
		.n_left = hs_image_captured_bytes(py->image) / HS_SIZEOF(py->layout, Py_hashtable_entry),
	};
	struct table domains;

	walk_traces(&walk, tracemalloc->traces, 0);
	if (tracemalloc->domains && (!read_table(py, tracemalloc->domains, &domains) || !each_entry(py, &domains, add_domain, &walk)))
		walk.walked.is_whole = false;
	for (size_t i = 0; i < walk.domains.n; i++)
		walk_traces(&walk, walk.domains.items[i].table, walk.domains.items[i].domain);
	hs_array_free(&walk.domains);
	*ret = walk.walked;
}

void hs_tracemalloc_complete(const struct hs_cpython *py, const struct hs_traces_walked *walked, struct hs_tracemalloc *tracemalloc)
{
	const struct hs_tracemalloc_place place = hs_tracemalloc_place(py->layout);

	if (tracemalloc->traced_bytes != UINT64_MAX || !walked->is_whole)
		return;
	tracemalloc->traced_bytes = walked->bytes;
	hs_tracemalloc_find_peak(py->image, &place, walked->bytes, &tracemalloc->peak_bytes);
}

bool hs_traceback_read(const struct hs_cpython *py, hs_addr address, struct hs_traceback *ret)
{
	const struct hs_layout *layout = py->layout;
	struct hs_traceback traceback = { .frame_bytes = HS_SIZEOF(layout, tracemalloc_frame) };
	uint16_t n_total;

	if (!address || !hs_image_read(py->image, address + (uint32_t)HS_OFFSET(layout, tracemalloc_traceback, nframe), &traceback.n,
				       layout->fields[HS_FIELD_tracemalloc_traceback_nframe].bytes == 2 ? 2 : 4))
		return false;
	if (traceback.n > HS_MAX_TRACE_FRAMES)
		return false;
	traceback.n_total = traceback.n;
	if (HS_HAS(layout, tracemalloc_traceback, total_nframe) &&
	    hs_image_read(py->image, address + (uint32_t)HS_OFFSET(layout, tracemalloc_traceback, total_nframe), &n_total, sizeof(n_total)))
		traceback.n_total = n_total;
	traceback.frames = hs_image_at(py->image, address + (uint32_t)HS_OFFSET(layout, tracemalloc_traceback, frames),
				       (size_t)traceback.n * traceback.frame_bytes);
	if (!traceback.frames)
		return false;
	*ret = traceback;
	return true;
}

struct hs_trace_frame hs_traceback_frame(const struct hs_cpython *py, const struct hs_traceback *traceback, uint32_t i)
{
	const uint8_t *frame = traceback->frames + (size_t)i * traceback->frame_bytes;
	struct hs_trace_frame ret;

	memcpy(&ret.filename, frame + HS_OFFSET(py->layout, tracemalloc_frame, filename), sizeof(ret.filename));
	memcpy(&ret.line, frame + HS_OFFSET(py->layout, tracemalloc_frame, lineno), sizeof(ret.line));
	return ret;
}

/* A str up to 3.14, a C string since. */
bool hs_trace_filename(const struct hs_cpython *py, hs_addr filename, char *ret, size_t ret_bytes)
{
	size_t bytes;

	if (!py->layout->features.trace_names_are_c_strings)
		return hs_str_read(py, filename, ret, ret_bytes);
	const char *name = hs_image_string(py->image, filename, ret_bytes - 1, &bytes);
	snprintf(ret, ret_bytes, "%s", name ? name : "");
	return name;
}
