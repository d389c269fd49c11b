/* SPDX-License-Identifier: Apache-2.0 */
/* The names of single references, made from the runs that decoders report when somebody asks for one. */
#ifndef HS_REFERENCE_NAME_H
#define HS_REFERENCE_NAME_H

#include "cpython.h"
#include "kind.h"
#include "reference.h"
#include "type.h"

/* Room for any name: more is cut. */
#define HS_REFERENCE_NAME_BYTES 256

/*
 * Writes the bare name of reference `i` of `run`, a run that visiting `object` reported, into `ret`, NUL-terminated:
 *
 *     field, slot, attribute, local, cell   its name                     "headers", "__globals__"
 *     index                                 its decimal digits           "17"
 *     key, value                            a short repr of the key      "'request'", "(1, 2)"
 *     item                                  a short repr of the element  "'a'"
 *     scan                                  its offset in bytes          "+24"
 *
 * Returns false, and an empty string, when it has none: a temporary of a frame's stack.
 */
bool hs_reference_name(const struct hs_cpython *py, struct hs_types *types, const struct hs_object *object,
		       const struct hs_reference_run *run, size_t i, char *ret, size_t ret_bytes);

/*
 * Writes how Python spells the same step behind an expression for the object: ".headers", "[17]", "['request']". Returns true
 * when Python can evaluate it; else what is written only says where the reference is: "<key 'a'>", "<local x>", "<+24>".
 */
bool hs_reference_step(const struct hs_cpython *py, struct hs_types *types, const struct hs_object *object,
		       const struct hs_reference_run *run, size_t i, char *ret, size_t ret_bytes);

/*
 * The same for a step whose kind and bare name are known. `is_python`: the name is a whole literal (HS_EDGE_VALUE), an attribute that
 * Python shows (HS_EDGE_FIELD).
 */
bool hs_python_step(unsigned kind, const char *name, bool is_python, char *ret, size_t ret_bytes);

/* hs_reference_name() that tells `is_python` in *ret_is_python, too. */
bool hs_reference_python_name(const struct hs_cpython *py, struct hs_types *types, const struct hs_object *object,
			      const struct hs_reference_run *run, size_t i, char *ret, size_t ret_bytes, bool *ret_is_python);

/* The address that reference `i` of `run` refers to: 0, there is none. */
hs_addr hs_reference_target(const struct hs_reference_run *run, size_t i);

/* The object that field `name` of `object` refers to, as a visit reports it; 0: it has no such field. */
hs_addr hs_object_field(const struct hs_cpython *py, const struct hs_object *object, const char *name);

/* "attribute", "slot", "key", "value", "index", "item", "local", "stack", "cell", "field", "scan". */
const char *hs_edge_kind_name(unsigned kind);

#endif
