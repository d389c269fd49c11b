/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of a process as plain data, running and suspended, with their variables; and the renderers, which are pure. */
#ifndef HS_THREADS_H
#define HS_THREADS_H

#include <stdio.h>

#include "array.h"
#include "document.h"
#include "object_row.h"
#include "process_heap.h"
#include "terminal.h"

/* Strings are safe to print, if not told otherwise. All are owned by the hs_threads. */
struct hs_call_variable {
	char *name;
	char *repr;
	const char *type;  /* full name; borrowed from the types; the target's bytes */
	hs_addr address;
	uint64_t retained_bytes;
};

struct hs_call {
	char *module;      /* "app"; "": unknown */
	char *function;    /* its qualified name: "Session.load" */
	char *file;        /* as its code object has it */
	int32_t line;      /* 0: unknown */
	HS_ARRAY(struct hs_call_variable) variables; /* in the order of its code, bound ones only */
};

HS_ARRAY_TYPE(hs_calls, struct hs_call);

struct hs_running_thread {
	uint64_t ident;
	uint64_t native_ident; /* 0: unknown */
	char *name;            /* NULL: threading does not know it */
	uint64_t n_frames;
	struct hs_calls frames; /* innermost first; the first of n_frames */
};

/* A generator, coroutine or asynchronous generator that waits to be resumed, or begun. */
struct hs_suspended_call {
	const char *kind;      /* "generator", "coroutine", "async_generator" */
	hs_addr address;
	uint64_t retained_bytes;
	uint64_t n_alike;      /* text: with the same name and line, this one included */
	struct hs_call call;
};

struct hs_threads {
	struct hs_document document;
	HS_ARRAY(struct hs_running_thread) threads;
	uint64_t n_suspended;
	HS_ARRAY(struct hs_suspended_call) suspended;
};

struct hs_threads_options {
	size_t n_frames;       /* of a thread, at most */
	size_t n_suspended;    /* at most */
	bool merges_suspended; /* those that wait at the same line of the same function: the most numerous first */
};

/* Fills in all but `document`. Errors: NO_MEMORY. */
struct hs_error *hs_threads_gather(struct hs_threads *threads, const struct hs_object_source *source,
				   const struct hs_threads_options *options) HS_MUST_CHECK;
void hs_threads_deinit(struct hs_threads *threads);

void hs_threads_text(FILE *out, const struct hs_threads *threads, const struct hs_style *style);
/* Errors: NO_MEMORY. */
struct hs_error *hs_threads_json(FILE *out, const struct hs_threads *threads) HS_MUST_CHECK;

#endif
