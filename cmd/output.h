/* SPDX-License-Identifier: Apache-2.0 */
/* Where a result goes: collected in memory, then written as a whole to standard output or to a file. */
#ifndef HS_OUTPUT_H
#define HS_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

#include "command.h"
#include "error.h"
#include "terminal.h"

/*
 * Collects what `render` writes, then writes it to where the options say. Errors: those of `render`, of hs_output_write(), NO_MEMORY.
 */
struct hs_error *hs_output_render(const struct hs_output_options *options,
				  struct hs_error *(*render)(FILE *out, const struct hs_output_options *options, const void *context),
				  const void *context) HS_MUST_CHECK;

/* How a text that goes there may look. */
struct hs_style hs_output_style(const struct hs_output_options *options);

/*
 * Writes `bytes` of `text` to `path` (NULL: standard output). A file is written beside, synced and renamed, with mode 0600: there is
 * the old one or the whole new one, never a part. What exists and is no regular file (a pipe, a device, a symbolic link, which
 * /dev/stdout is one of) is written to as it is.
 * Errors: OS, PERMISSION with the path.
 */
struct hs_error *hs_output_write(const char *path, const char *text, size_t bytes) HS_MUST_CHECK;

/*
 * Whether a result could be written to `path` (NULL: standard output), before work is done for it. Writes nothing. Errors: as
 * hs_output_write().
 */
struct hs_error *hs_output_check(const char *path) HS_MUST_CHECK;

/*
 * For results too large to collect: `render` writes to the file as it goes. Where to and how: as
 * hs_output_write(). Errors: those of `render`, OS and PERMISSION with the path.
 */
struct hs_error *hs_output_stream(const struct hs_output_options *options, struct hs_error *(*render)(FILE *out, const void *context),
				  const void *context) HS_MUST_CHECK;

#endif
