/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path as Python would write it, put together step by step: what takes two references in the heap (a module's dict, the value
 * in it) is one step in the language. Knows kinds and names of references, no heap.
 *
 *     app  →  .__dict__  →  ['EVENTS']  →  [1204]  →  ['request']  →  .headers         app.EVENTS[1204]['request'].headers
 */
#ifndef HS_EXPRESSION_H
#define HS_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounded_text.h"
#include "reference.h"

/* What the reference is a part of, as far as that changes how it is written. */
enum hs_holder {
	HS_HOLDER_OTHER,
	HS_HOLDER_MODULE,
	HS_HOLDER_TYPE,
	HS_HOLDER_PROXY,        /* types.MappingProxyType: indexing it is indexing what it shows */
	HS_HOLDER_THREAD_LOCAL, /* threading.local */
	HS_HOLDER_FRAME,
	HS_HOLDER_GENERATOR,
	HS_HOLDER_COROUTINE,
	HS_HOLDER_ASYNC_GENERATOR,
};

struct hs_expression_step {
	uint8_t kind;      /* enum hs_edge_kind */
	uint8_t holder;    /* enum hs_holder */
	bool is_python;    /* as hs_reference_python_name() tells */
	bool is_bound;     /* a value in a class's dict that looking up the attribute would not give as it is: a staticmethod */
	bool is_lazy;      /* a value in a module's dict that looking up the attribute would replace by what it imports */
	bool is_any;       /* one of many: "[*]" */
	bool is_key_path;  /* of a value: its key is no literal, `name` is where it is found: "app.VARIABLE" */
	const char *name;  /* bare; "" for a temporary */
};

struct hs_expression {
	struct hs_bounded_text text;
	size_t room; /* the limit of the text without what is kept for the last "…" */
	bool is_evaluable;
	size_t start_bytes; /* of the module's name, where Python begins */
	bool hides_values; /* set behind hs_expression_begin(): keys that are no names become "['…']" */
	/* A step that the next one may be written together with. */
	enum {
		HS_PENDING_NONE,
		HS_PENDING_DICT,     /* .__dict__ */
		HS_PENDING_VARIABLE, /* a variable whose cell was reached */
		HS_PENDING_FRAME,    /* the frame of a generator, the attribute in `variable`: what it waits for is the generator's */
		HS_PENDING_CONTEXT,  /* inside of a contextvars.Context */
		HS_PENDING_MAPPING,  /* what a mapping proxy shows */
		HS_PENDING_THREADS,  /* the dicts of a thread local, one a thread … */
		HS_PENDING_THREAD,   /* … one of them */
	} pending;
	uint8_t pending_holder;
	bool pending_is_python; /* the dict is an attribute that Python shows */
	char variable[128];
};

#define HS_EXPRESSION_BYTES 1024
/* A longer key is no name, where values are hidden. */
#define HS_SHOWN_KEY_CHARACTERS 40

/* "'user'", as a dict names the attribute user: writes it without quotes; false when it is no identifier. */
bool hs_attribute_of_key(const char *key, char *ret, size_t ret_bytes);

/* `start`: the module's name, or what stands for a root that has none: "<frame app.f app.py:12>". */
void hs_expression_begin(struct hs_expression *expression, char *ret, size_t ret_bytes, const char *start, bool is_evaluable);
void hs_expression_add(struct hs_expression *expression, const struct hs_expression_step *step);
/* The last step is taken any number of times: "…". */
void hs_expression_repeat(struct hs_expression *expression);
/* Leaves `n` steps out: "<48113 more steps>". */
void hs_expression_skip(struct hs_expression *expression, size_t n);
/* Returns true when Python can evaluate what was written. */
bool hs_expression_end(struct hs_expression *expression);

#endif
