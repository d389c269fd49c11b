/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References from one object to others: how each counts, and by what name it is reached. Decoders report them in runs
 * (the items of a list, the values of a dict); the name of one is made from the run only when somebody asks for it.
 */
#ifndef HS_REFERENCE_H
#define HS_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How a reference counts; bits. A reference may be owned without being visited (a code object's constants), and visited
 * without being owned (values that 3.13.0 reports from the instance and from its dict).
 */
enum hs_relation {
	HS_ALIAS = 0,   /* none of these: another object's reference over again (the str keys of a class in its instances' dicts) */
	HS_OWNED = 1,   /* counted in the target's ob_refcnt */
	HS_VISITED = 2, /* this version's tp_traverse reports it, from this object */
	HS_WEAK = 4,    /* the address only: neither */
	/*
	 * A word of a C struct that nobody describes: a reference if an object starts there. With other bits: then it counts
	 * like that (a module's state).
	 */
	HS_SCANNED = 8,
};
#define HS_STRONG (HS_OWNED | HS_VISITED)

/* True if a reference of that relation holds its object, or may: what paths and retained sizes go by. */
static inline bool hs_relation_holds(unsigned relation)
{
	return relation & (HS_OWNED | HS_SCANNED) && !(relation & HS_WEAK);
}

/* What kind of name a reference has. */
enum hs_edge_kind {
	HS_EDGE_FIELD,     /* a fixed member of a C struct: `name`, as Python spells it where it does ("__globals__") */
	HS_EDGE_ATTRIBUTE, /* of an instance: the str in `names`; NULL: in the shared keys of its class */
	HS_EDGE_SLOT,      /* __slots__ or a C member that Python shows: `name` */
	HS_EDGE_INDEX,     /* of a sequence: its index */
	HS_EDGE_KEY,       /* a key of a dict */
	HS_EDGE_VALUE,     /* a value of a dict, under the key in `names` */
	HS_EDGE_ITEM,      /* an element of a set */
	HS_EDGE_LOCAL,     /* a frame's variable: the str in `names` */
	HS_EDGE_CELL,      /* a closure's variable: the str in `names` */
	HS_EDGE_STACK,     /* a temporary on a frame's value stack */
	HS_EDGE_SCAN,      /* a word of an unknown struct: its offset in bytes from the object */
	HS_N_EDGE_KINDS,
};

/*
 * A run of references. `words` and `names` point into the image, or into what the reporter keeps while it reports.
 *
 *     words ──► | address | … stride bytes … | address | …      0: no reference there
 *     names ──► | address of the object that names it | … names_stride bytes … |      NULL: named by index or `name`
 */
struct hs_reference_run {
	const void *words;
	size_t n;
	size_t stride;
	uint8_t relation; /* enum hs_relation */
	uint8_t kind;     /* enum hs_edge_kind */
	/* The low bits of a word are no part of its address. */
	uint8_t tag_mask;     /* which bits: 0, 3 or 7 */
	uint8_t borrowed_tag; /* a word with this bit is not owned (3.14+: a frame's deferred references); 0: none */
	const char *name;     /* of fields and slots; NUL-terminated; borrowed */
	const void *names;
	size_t names_stride;
	size_t first;         /* the index of words[0] (HS_EDGE_INDEX), or its offset from the object (HS_EDGE_SCAN) */
};

#endif
