/* SPDX-License-Identifier: Apache-2.0 */
/* Suspects as a part of a text and as JSON; for every command that names them. Pure. */
#ifndef HS_SUSPECTS_VIEW_H
#define HS_SUSPECTS_VIEW_H

#include <jansson.h>
#include <stdio.h>

#include "suspects.h"
#include "terminal.h"

/* "SUSPECTS" and the first `n_max` of them; what was looked at and ruled out, when there are none worth believing. */
void hs_suspects_put(FILE *out, const struct hs_suspects *suspects, size_t n_max, const struct hs_style *style);
/* The parts of it: suspect `i` of the list; what was looked at and ruled out. */
void hs_suspects_put_one(FILE *out, const struct hs_suspects *suspects, size_t i, const struct hs_style *style);
void hs_suspects_put_ruled_out(FILE *out, const struct hs_suspects *suspects, const struct hs_style *style);
/* The list alone. NULL or with members missing when memory is out. */
json_t *hs_suspects_json(const struct hs_suspects *suspects);

#endif
