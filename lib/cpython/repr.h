/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A short text for an object of the target, as Python's repr() would give it where that is short: read from the image, bounded
 * in length, depth and items, safe to print. Nothing of the target runs: a class's own __repr__ is unknown here, instances show
 * their fields.
 *
 *     42   'text…'   [1, 2, 3, …]   {'a': 1}   <app.Session id=3, user='u-3'>   <function app.f>   <_thread.lock at 0x7f…>
 */
#ifndef HS_REPR_H
#define HS_REPR_H

#include "cpython.h"
#include "kind.h"
#include "type.h"

struct hs_repr_limits {
	unsigned depth; /* containers and instances shown inside each other; below they are "[…]" and "<app.Session …>" */
	unsigned items; /* shown of one container or instance */
	unsigned text;  /* characters shown of one str, bytes of one bytes object */
};

/* What commands show in one line. */
extern const struct hs_repr_limits hs_repr_short;
/* What a path shows of a dict's key: whole, or not evaluable. */
extern const struct hs_repr_limits hs_repr_key;

#define HS_REPR_BYTES 256

/*
 * Writes the text into `ret`, NUL-terminated. Returns true when it is a literal that Python can evaluate to an equal object:
 * int, float, complex, bool, None, str, bytes, and tuples, lists, dicts, sets of these, none of them cut.
 */
bool hs_object_repr(const struct hs_cpython *py, struct hs_types *types, const struct hs_object *object, const struct hs_repr_limits *limits,
		    char *ret, size_t ret_bytes);
/* The same of what is at an address; "<0x7f…>" when there is no object. */
bool hs_repr_at(const struct hs_cpython *py, struct hs_types *types, hs_addr address, const struct hs_repr_limits *limits, char *ret,
		size_t ret_bytes);

/* What len() gives, as far as the object's own words tell; false when it has none. */
bool hs_object_length(const struct hs_cpython *py, const struct hs_object *object, uint64_t *ret);
/*
 * The same; and of what has no len(), but is filled, how much is in it: bytes of a BytesIO, characters of a StringIO (Modules/_io/bytesio.c and
 * stringio.c, string_size), objects that wait in a SimpleQueue (3.13+, Modules/_queuemodule.c, buf.num_items).
 */
bool hs_object_fill(const struct hs_cpython *py, const struct hs_object *object, uint64_t *ret);

/* The object's reference count; false when it is immortal. */
bool hs_object_refcount(const struct hs_cpython *py, const struct hs_object *object, uint64_t *ret);

#endif
