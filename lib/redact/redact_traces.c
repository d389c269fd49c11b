/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracemalloc's tables: which block was allocated where, and how large it was. Of its frames the lines, and the names of files as paths.
 * The tables may lie: as many entries are looked at as the captured memory can hold.
 */
#include "redact_internal.h"
#include "tracemalloc.h"
#include "tracemalloc_place.h"

#include "home_path.h"

#define WORD 8
#define NEAR_BYTES 256
#define MAX_PATH_BYTES ((size_t)1 << 16)

struct tables {
	struct redaction *redaction;
	uint64_t n_left;    /* entries of all tables together */
	uint64_t key_bytes; /* 3.8: of a key in the entry itself; else 0 */
	void (*each_name)(struct redaction *redaction, hs_addr name); /* NULL: the tables are kept */
};

/* Frames of one traceback; keeps them, or reports their names. */
static void look_at_traceback(struct tables *tables, hs_addr address)
{
	struct redaction *redaction = tables->redaction;
	struct hs_traceback traceback;

	if (!hs_traceback_read(redaction->py, address, &traceback))
		return;
	for (uint32_t i = 0; i < traceback.n; i++) {
		hs_addr frame = address + (uint32_t)HS_OFFSET(redaction->layout, tracemalloc_traceback, frames) + i * traceback.frame_bytes;
		if (tables->each_name) {
			tables->each_name(redaction, REDACT_WORD(redaction, frame, tracemalloc_frame, filename));
			continue;
		}
		KEEP_FIELD(redaction, frame, tracemalloc_frame, filename);
		KEEP_FIELD(redaction, frame, tracemalloc_frame, lineno);
	}
	if (tables->each_name)
		return;
	KEEP_FIELD(redaction, address, tracemalloc_traceback, nframe);
	KEEP_FIELD(redaction, address, tracemalloc_traceback, total_nframe);
}

static void look_at_trace(struct tables *tables, hs_addr trace)
{
	struct redaction *redaction = tables->redaction;

	if (!tables->each_name) {
		KEEP_FIELD(redaction, trace, tracemalloc_trace, size);
		KEEP_FIELD(redaction, trace, tracemalloc_trace, traceback);
	}
	look_at_traceback(tables, REDACT_WORD(redaction, trace, tracemalloc_trace, traceback));
}

static void look_at_table(struct tables *tables, hs_addr address, bool is_of_domains);

static void look_at_entry(struct tables *tables, hs_addr entry, bool is_of_domains)
{
	struct redaction *redaction = tables->redaction;
	hs_addr key = entry + HS_SIZEOF(redaction->layout, Py_hashtable_entry);

	if (!tables->each_name) {
		KEEP_FIELD(redaction, entry, Py_hashtable_entry, next);
		KEEP_FIELD(redaction, entry, Py_hashtable_entry, key);
		KEEP_FIELD(redaction, entry, Py_hashtable_entry, value);
		if (tables->key_bytes)
			blank_keep(&redaction->blank, key, tables->key_bytes);
	}
	hs_addr value = tables->key_bytes ? key + tables->key_bytes : REDACT_WORD(redaction, entry, Py_hashtable_entry, value);
	if (is_of_domains)
		look_at_table(tables, value, false);
	else
		look_at_trace(tables, value);
}

static void keep_table(struct redaction *redaction, hs_addr address)
{
	KEEP_FIELD(redaction, address, Py_hashtable, nentries);
	KEEP_FIELD(redaction, address, Py_hashtable, nbuckets);
	KEEP_FIELD(redaction, address, Py_hashtable, buckets);
	KEEP_FIELD(redaction, address, Py_hashtable, hash_func);
	KEEP_FIELD(redaction, address, Py_hashtable, key_size);
	KEEP_FIELD(redaction, address, Py_hashtable, data_size);
}

/* Tables of tables are one deep: the second call has no further domains. */
static void look_at_table(struct tables *tables, hs_addr address, bool is_of_domains)
{
	struct redaction *redaction = tables->redaction;
	hs_addr buckets = REDACT_WORD(redaction, address, Py_hashtable, buckets);
	uint64_t n = REDACT_WORD(redaction, address, Py_hashtable, nbuckets);

	if (!address || !hs_image_at(redaction->py->image, address, HS_SIZEOF(redaction->layout, Py_hashtable)))
		return;
	tables->key_bytes = REDACT_WORD(redaction, address, Py_hashtable, key_size);
	if (tables->key_bytes > 2 * WORD)
		return;
	if (!tables->each_name)
		keep_table(redaction, address);
	for (uint64_t i = 0; i < n && tables->n_left; i++) {
		hs_addr entry;
		if (!hs_image_u64(redaction->py->image, buckets + i * WORD, &entry))
			return;
		if (!tables->each_name)
			blank_keep(&redaction->blank, buckets + i * WORD, WORD);
		for (; entry && tables->n_left; entry = REDACT_WORD(redaction, entry, Py_hashtable_entry, next)) {
			tables->n_left--;
			look_at_entry(tables, entry, is_of_domains);
		}
	}
}

static void look_at_tables(struct redaction *redaction, void (*each_name)(struct redaction *redaction, hs_addr name))
{
	struct tables tables = {
		.redaction = redaction, .each_name = each_name,
		.n_left = hs_image_captured_bytes(redaction->py->image) / HS_SIZEOF(redaction->layout, Py_hashtable_entry),
	};
	struct hs_tracemalloc tracemalloc;

	hs_tracemalloc_read(redaction->py, &tracemalloc);
	if (!tracemalloc.is_tracing || !tracemalloc.is_known)
		return;
	look_at_table(&tables, tracemalloc.traces, false);
	if (tracemalloc.domains)
		look_at_table(&tables, tracemalloc.domains, true);
}

void redact_each_trace_name(struct redaction *redaction, void (*each)(struct redaction *redaction, hs_addr name))
{
	look_at_tables(redaction, each);
}

void redact_path_string(struct redaction *redaction, hs_addr string)
{
	size_t bytes;
	const char *text = string ? hs_image_string(redaction->py->image, string, MAX_PATH_BYTES, &bytes) : NULL;
	char *to = text ? blank_at(&redaction->blank, string, bytes + 1) : NULL;

	if (!to)
		return;
	memcpy(to, text, bytes);
	if (redaction->what == HS_REDACT_ALL)
		memset(to, HS_BLANK_CHARACTER, bytes);
	else
		hs_home_blank(to, bytes);
}

/* Up to 3.11 the most that was ever traced stands in front of what is traced now, near the pointer to the traces, at no known address. */
static void keep_peak(struct redaction *redaction, const struct hs_tracemalloc_place *place, uint64_t traced_bytes)
{
	for (hs_addr at = place->traces - NEAR_BYTES; place->traces && at < place->traces + NEAR_BYTES; at += WORD)
		if (hs_image_word(redaction->py->image, at + WORD) == traced_bytes && hs_image_word(redaction->py->image, at) < (uint64_t)1 << 44)
			blank_keep(&redaction->blank, at, 2 * WORD);
}

static void ignore_trace(void *context, const struct hs_trace *trace)
{
	(void)context;
	(void)trace;
}

static void keep_variables(struct redaction *redaction, const struct hs_tracemalloc_place *place)
{
	const hs_addr words[] = { place->traces, place->domains, place->traced_memory, place->peak_traced_memory, place->tables_lock };

	KEEP_FIELD(redaction, place->config, PyTraceMalloc_Config, initialized);
	KEEP_FIELD(redaction, place->config, PyTraceMalloc_Config, tracing);
	KEEP_FIELD(redaction, place->config, PyTraceMalloc_Config, max_nframe);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i])
			blank_keep(&redaction->blank, words[i], WORD);
	/* the low half of a semaphore's first word is its value */
	if (place->tables_lock && !place->lock_is_mutex)
		blank_keep(&redaction->blank, hs_image_word(redaction->py->image, place->tables_lock), WORD / 2);
}

void redact_traces(struct redaction *redaction)
{
	const struct hs_tracemalloc_place place = hs_tracemalloc_place(redaction->layout);
	struct hs_traces_walked walked;
	struct hs_tracemalloc tracemalloc;

	if (!place.config)
		return;
	keep_variables(redaction, &place);
	look_at_tables(redaction, NULL);
	if (redaction->layout->features.trace_names_are_c_strings)
		look_at_tables(redaction, redact_path_string);
	hs_tracemalloc_read(redaction->py, &tracemalloc);
	if (!tracemalloc.is_tracing || !tracemalloc.is_known || tracemalloc.traced_bytes != UINT64_MAX)
		return;
	hs_traces_each(redaction->py, &tracemalloc, ignore_trace, NULL, &walked);
	keep_peak(redaction, &place, walked.bytes);
}
