/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All weak references of a process, and what each is a part of: an entry of a WeakValueDictionary, a finalizer … What holds an object
 * is told elsewhere: none of these does.
 */
#ifndef HS_WEAK_REFERENCES_H
#define HS_WEAK_REFERENCES_H

#include "graph.h"
#include "process_heap.h"
#include "weak_reference.h"

enum hs_weak_role {
	HS_WEAK_ROLE_REF,
	HS_WEAK_ROLE_PROXY,
	HS_WEAK_ROLE_CALLABLE_PROXY,
	HS_WEAK_ROLE_VALUE,     /* of a WeakValueDictionary */
	HS_WEAK_ROLE_KEY,       /* of a WeakKeyDictionary */
	HS_WEAK_ROLE_ITEM,      /* of a WeakSet */
	HS_WEAK_ROLE_METHOD,    /* a WeakMethod, or the reference to its function */
	HS_WEAK_ROLE_FINALIZER, /* of weakref.finalize */
	HS_WEAK_ROLE_SUBCLASS,  /* in the table of subclasses of a class */
	HS_N_WEAK_ROLES,
};

/* "ref", "proxy", "callable proxy", "value", "key", "item", "method", "finalizer", "subclass". */
const char *hs_weak_role_name(enum hs_weak_role role);

struct hs_weak_entry {
	hs_node node;      /* the weak reference */
	hs_addr object;    /* what it refers to; 0: dead */
	hs_addr callback;  /* 0: none */
	enum hs_weak_role role;
	hs_node container; /* of VALUE, KEY and ITEM: the dictionary or set; of FINALIZER: the finalize object; else HS_NO_NODE */
	hs_node table;     /* the dict or set in it that the reference stands in; HS_NO_NODE: none */
};

HS_ARRAY_TYPE(hs_weak_entries, struct hs_weak_entry);

/*
 * Finds the weak references that `is_meant` holds for, by ascending node. The caller frees *ret with hs_array_free, whatever this
 * returned. Errors: NO_MEMORY.
 */
struct hs_error *hs_weak_references_find(const struct hs_process_heap *heap, const struct hs_graph *graph,
					 bool (*is_meant)(const void *context, hs_node node, const struct hs_weak_reference *reference),
					 const void *context, struct hs_weak_entries *ret) HS_MUST_CHECK;

/*
 * The other halves of entries: ret[i] is the key under which a VALUE stands, the value of a KEY; 0: there is none. Goes through each
 * table once. Errors: NO_MEMORY.
 */
struct hs_error *hs_weak_partners_find(const struct hs_process_heap *heap, const struct hs_graph *graph, const struct hs_weak_entries *entries,
				       hs_addr *ret) HS_MUST_CHECK;

/* What a finalizer calls (weakref.py: finalize._Info). */
struct hs_weak_finalizer {
	hs_addr function, arguments, keywords; /* 0: unknown, or None */
	bool is_at_exit;
};
/* False when the entry is no finalizer's, or it was detached. */
bool hs_weak_finalizer_read(const struct hs_process_heap *heap, const struct hs_graph *graph, const struct hs_weak_entry *entry,
			    struct hs_weak_finalizer *ret);

#endif
