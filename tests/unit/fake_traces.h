/* SPDX-License-Identifier: Apache-2.0 */
/* tracemalloc's tables in a made-up process, as every version lays them out. Nothing hashes: each entry goes into the bucket that is named. */
#ifndef FAKE_TRACES_H
#define FAKE_TRACES_H

#include "fake_heap.h"

#define FAKE_N_BUCKETS 16
#define FAKE_MAX_FRAMES 8

struct fake_traces {
	struct fake_heap *fake;
	hs_addr config, lock;
	hs_addr traces_pointer, domains_pointer; /* domains: 0 in 3.8 */
	hs_addr traced_memory;                   /* the peak lies before it up to 3.11, behind it since */
	hs_addr traces;                          /* the table */
};

/* A target that traces and has no traces yet; opens heap->py and heap->types_seen, too. */
struct fake_traces fake_traces_open(const char *table);
void fake_traces_close(struct fake_traces *traces);

/* An empty table. */
hs_addr fake_hashtable(struct fake_traces *traces);
/* Puts an entry in front of a bucket's chain and counts it; returns the entry. In 3.8 the domain is a part of the key. */
hs_addr fake_trace_add(struct fake_traces *traces, hs_addr table, unsigned bucket, hs_addr block, uint64_t bytes, hs_addr traceback, uint32_t domain);
/* 3.9+: `table` becomes that of a domain; returns the entry. */
hs_addr fake_domain_add(struct fake_traces *traces, unsigned bucket, uint32_t domain, hs_addr table);
/* Frames from the innermost outwards: names as fake_filename() gives them. */
hs_addr fake_traceback(struct fake_traces *traces, unsigned n, const hs_addr *names, const uint32_t *lines);
hs_addr fake_filename(struct fake_traces *traces, const char *name);

#endif
