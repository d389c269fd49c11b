/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of tracemalloc, read in the image: for each block that it traces where it begins, how many bytes were asked for, and
 * the calls that asked (Modules/_tracemalloc.c, since 3.13 Python/tracemalloc.c; Python/hashtable.c).
 *
 *     traces:   block ──► trace { size, traceback* }                           domain 0: Python's own allocators
 *     domains:  domain ──► another such table                                  PyTraceMalloc_Track() of extensions; 3.9+
 *     3.8:      (block, domain) ──► trace, in one table
 */
#ifndef HS_TRACEMALLOC_H
#define HS_TRACEMALLOC_H

#include "cpython.h"

#define HS_MAX_TRACE_FRAMES UINT16_MAX

struct hs_tracemalloc {
	bool is_known;         /* false: this interpreter's state of tracemalloc was not found; the rest means nothing */
	bool is_tracing;
	/* A thread held the lock of the tables at the stop: they may be half-changed. Unknown, and false, in stripped binaries up to 3.11. */
	bool is_locked;
	uint32_t n_frames_max; /* of a traceback: tracemalloc.get_traceback_limit() */
	uint64_t traced_bytes, peak_bytes; /* tracemalloc.get_traced_memory(); UINT64_MAX: not known but by adding up */
	hs_addr traces, domains; /* tables; 0: none */
};

/* Of the one that all interpreters share. */
void hs_tracemalloc_read(const struct hs_cpython *py, struct hs_tracemalloc *ret);

/* A traced block. */
struct hs_trace {
	hs_addr block;     /* what the allocator returned: before an object's GC head and pre-header */
	uint64_t bytes;    /* asked for */
	hs_addr traceback; /* for hs_traceback_read; many blocks share one */
	uint32_t domain;
};

/* What a walk of the tables came to. */
struct hs_traces_walked {
	uint64_t n;        /* traces reported */
	uint64_t bytes;    /* their sum */
	uint64_t n_stated; /* traces that the tables say they have */
	bool is_whole;     /* every table had as many entries as it says, all readable */
};

/*
 * Reports every trace of every domain. A table that contradicts itself ends early: never are more traces reported than its own count
 * says, and that is bounded by the size of the image.
 */
void hs_traces_each(const struct hs_cpython *py, const struct hs_tracemalloc *tracemalloc, void (*each)(void *context, const struct hs_trace *trace),
		    void *context, struct hs_traces_walked *ret);

/* Fills in traced_bytes and, if they can be found, peak_bytes where they have no known place. */
void hs_tracemalloc_complete(const struct hs_cpython *py, const struct hs_traces_walked *walked, struct hs_tracemalloc *tracemalloc);

/* A traceback in the image: frames from the innermost outwards. */
struct hs_traceback {
	uint32_t n;         /* frames kept */
	uint32_t n_total;   /* frames that the call stack had; 3.8: not told, the same as n */
	const uint8_t *frames; /* borrowed from the image */
	uint32_t frame_bytes;
};

/* False when there is none, or it is not in the image. */
bool hs_traceback_read(const struct hs_cpython *py, hs_addr address, struct hs_traceback *ret);

struct hs_trace_frame {
	hs_addr filename;   /* for hs_trace_filename; equal names are one address */
	uint32_t line;      /* 0: unknown */
};

/* Frame `i` < n. */
struct hs_trace_frame hs_traceback_frame(const struct hs_cpython *py, const struct hs_traceback *traceback, uint32_t i);

/*
 * The name of a file as UTF-8, lone surrogates as three bytes; cut when it does not fit. False, and "", when it cannot be read; 3.15+: or
 * does not fit.
 */
bool hs_trace_filename(const struct hs_cpython *py, hs_addr filename, char *ret, size_t ret_bytes);

#endif
