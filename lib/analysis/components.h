/* SPDX-License-Identifier: Apache-2.0 */
/* Strongly connected components: nodes that reach each other. */
#ifndef HS_COMPONENTS_H
#define HS_COMPONENTS_H

#include "csr.h"

/*
 * Writes the component of each node to component[0 … n - 1], and how many there are to *ret_n. A component's number is
 * higher than those of all components that it refers to. Nodes outside `subset` (a set of nodes; NULL: all) get
 * HS_CSR_NONE, and edges to them are left out. Errors: NO_MEMORY.
 */
struct hs_error *hs_components(const struct hs_csr *graph, const uint64_t *subset, uint32_t *component, uint32_t *ret_n) HS_MUST_CHECK;

#endif
