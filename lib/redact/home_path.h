/* SPDX-License-Identifier: Apache-2.0 */
/* Which part of a path names a user. */
#ifndef HS_HOME_PATH_H
#define HS_HOME_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HS_BLANK_CHARACTER 'x'

/*
 * The component behind "/home/" or "/Users/", wherever that stands: characters *ret_begin to *ret_end of `n`. `character` gives one of
 * them. False if there is none.
 */
bool hs_home_component(uint32_t (*character)(const void *text, uint64_t i), const void *text, uint64_t n, uint64_t *ret_begin,
		       uint64_t *ret_end);

/* Writes HS_BLANK_CHARACTER over each such component of a path in UTF-8; its length stays. */
void hs_home_blank(char *path, size_t bytes);

#endif
