/* SPDX-License-Identifier: Apache-2.0 */
/* Which CPython it is: version and kind of build, out of the image. */
#ifndef HS_VERSION_H
#define HS_VERSION_H

#include "error.h"
#include "image.h"
#include "layout.h"
#include "runtime_binary.h"

/*
 * Fills in the version, the kind of build and the features of `layout`, from whichever of these there is:
 * _Py_DebugOffsets (3.13+), Py_Version (3.11+), the text that Py_GetVersion() made when sys was initialised,
 * the literal that it was made from.
 * With `image` NULL only the file is read. Errors: UNSUPPORTED (a version or build that this heapspy does not read),
 * LOOKUP (no trace of a version).
 */
struct hs_error *hs_version_find(const struct hs_mapped_file *runtime, const struct hs_image *image,
				 struct hs_layout *layout) HS_MUST_CHECK;

/* Parses "3.11.2", "3.15.0b1", "3.9.18+" up to `bytes`; returns the hexadecimal form, 0 when it is none; *ret_bytes: its length. */
uint32_t hs_version_parse(const char *text, size_t bytes, size_t *ret_bytes);
/* Sets the features of a version and kind of build that are known. Errors: UNSUPPORTED. */
struct hs_error *hs_version_check_support(struct hs_layout *layout) HS_MUST_CHECK;
/* Sets version_hex, major, minor, micro and version. */
void hs_version_set(struct hs_layout *layout, uint32_t version_hex);

#endif
