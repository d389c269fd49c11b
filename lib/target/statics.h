/* SPDX-License-Identifier: Apache-2.0 */
/* Where the static storage of a process's binaries lies: .data, .bss and the like. Private to lib/target. */
#ifndef HS_STATICS_H
#define HS_STATICS_H

#include "error.h"
#include "image.h"
#include "process.h"

/* Bytes of the target as they were copied; the only thing that is asked of a copy. */
struct hs_copied_bytes {
	/* The bytes of [address, address + bytes), which lies in one page; NULL: not copied. */
	const void *(*at)(void *context, hs_addr address, size_t bytes);
	void *context;
};

/*
 * Adds every range to the image, which is not sealed yet: private mappings of files, and of an anonymous mapping that continues a
 * writable one what the binary's own program headers call its .bss. Without them no more of it is believed than a large binary has:
 * the kernel merges later mappings with a .bss. Errors: NO_MEMORY.
 */
struct hs_error *hs_statics_add(struct hs_image *image, const struct hs_mappings *mappings, const struct hs_copied_bytes *copied) HS_MUST_CHECK;

#endif
