/* SPDX-License-Identifier: Apache-2.0 */
/* Objects and references in the DOT language of Graphviz. Strings are safe to print but for type names, which are the target's. */
#ifndef HS_DOT_H
#define HS_DOT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "address.h"

void hs_dot_begin(FILE *out);
void hs_dot_end(FILE *out);
/* `stands_out`: drawn bold. */
void hs_dot_node(FILE *out, hs_addr address, const char *type, const char *repr, bool stands_out);
/* `relation`: bits of enum hs_relation; weak and scanned references are drawn with broken lines. */
void hs_dot_edge(FILE *out, hs_addr from, hs_addr to, const char *step, uint64_t count, unsigned relation);

#endif
