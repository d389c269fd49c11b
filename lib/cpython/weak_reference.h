/* SPDX-License-Identifier: Apache-2.0 */
/* Weak references and proxies (Include/internal/pycore_weakref.h; Include/weakrefobject.h): what one refers to, and whom it calls. */
#ifndef HS_WEAK_REFERENCE_H
#define HS_WEAK_REFERENCE_H

#include "kind.h"

enum hs_weak_kind {
	HS_WEAK_NONE, /* no weak reference */
	HS_WEAK_REF,
	HS_WEAK_PROXY,
	HS_WEAK_CALLABLE_PROXY,
};

struct hs_weak_reference {
	enum hs_weak_kind kind;
	hs_addr object;   /* what it refers to; 0: that is dead */
	hs_addr callback; /* called when the object dies; 0: none */
};

/* What instances of the type are, by the C type that it is built on. */
enum hs_weak_kind hs_weak_kind_of(struct hs_types *types, const struct hs_type *type);

/* False when the object is no weak reference. */
bool hs_weak_reference_read(const struct hs_cpython *py, struct hs_types *types, const struct hs_object *object, struct hs_weak_reference *ret);

/* The weak reference behind another one in the list of those to one object (its "__weakref__"); 0 at the end. */
hs_addr hs_weak_reference_next(const struct hs_cpython *py, hs_addr reference);

#endif
