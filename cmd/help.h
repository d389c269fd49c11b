/* SPDX-License-Identifier: Apache-2.0 */
/* What `heapspy help` and `heapspy --help` say. */
#ifndef HS_HELP_H
#define HS_HELP_H

#include <stdio.h>

void hs_help_overview(FILE *out);

#endif
