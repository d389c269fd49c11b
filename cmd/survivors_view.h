/* SPDX-License-Identifier: Apache-2.0 */
/* Survivors of three moments, as text and as JSON. */
#ifndef HS_SURVIVORS_VIEW_H
#define HS_SURVIVORS_VIEW_H

#include <jansson.h>
#include <stdio.h>

#include "survivors.h"
#include "terminal.h"

void hs_survivors_put(FILE *out, const struct hs_survivors *survivors, size_t n_max, const struct hs_style *style);
json_t *hs_survivors_json(const struct hs_survivors *survivors);

#endif
