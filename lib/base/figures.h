/* SPDX-License-Identifier: Apache-2.0 */
/* Counts, sizes, times and shares as people read them, in tables and in running text. */
#ifndef HS_FIGURES_H
#define HS_FIGURES_H

#include <stdint.h>

#define HS_FIGURE_BYTES 32

/* Each writes into `ret` (HS_FIGURE_BYTES) and returns it. */
const char *hs_text_count(char *ret, uint64_t count);       /* "1,213,112" */
const char *hs_text_short_count(char *ret, uint64_t count); /* "10.41 M" */
const char *hs_text_count_change(char *ret, int64_t count);  /* "+9,030", "-17", "0" */
const char *hs_text_size(char *ret, uint64_t bytes);        /* "98.3 MiB" */
const char *hs_text_size_change(char *ret, int64_t bytes);  /* "+1.2 MiB", "-4.0 KiB", "0" */
const char *hs_text_seconds(char *ret, uint64_t ns);        /* "0.021 s" */
const char *hs_text_age(char *ret, uint64_t ms);            /* "3 d 04 h", "12 min 05 s" */
const char *hs_text_short_age(char *ret, uint64_t ms);      /* "3 d", "12 min" */
const char *hs_text_share(char *ret, uint64_t part, uint64_t whole);   /* "36.4 %", to the nearest; "-" when `whole` is 0 */
const char *hs_text_percent(char *ret, uint64_t part, uint64_t whole); /* rounded down: only a whole is "100.0 %" */

#endif
