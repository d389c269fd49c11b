/* SPDX-License-Identifier: Apache-2.0 */
/* From an address that a user gave to an object, or to words that say what is there instead. */
#ifndef HS_OBJECT_ADDRESS_H
#define HS_OBJECT_ADDRESS_H

#include "object_row.h"

/* Errors: LOOKUP: no object starts there; what does, and where the nearest object is, as hint. */
struct hs_error *hs_object_node_of(const struct hs_object_source *source, hs_addr address, hs_node *ret) HS_MUST_CHECK;

#endif
