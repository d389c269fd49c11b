/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A capture without what is private in it. The image begins as zeros; what is written into it is what decoders read as structure, and
 * nothing else:
 *
 *     addresses      of known objects, and of blocks in use, wherever they stand as whole words: in objects, the blocks that objects own,
 *                    C stacks, registers, data segments, native memory that nobody claims as raw bytes
 *     structure      headers, reference counts, links, lengths, flags, geometry: the members listed in rules.def, and the runtime's,
 *                    the collector's and the allocators' own
 *     code           instructions and line tables
 *     text           names of code, types and modules; string keys of module, class and instance dicts; paths of source files, in which
 *                    the component that names a user is blanked. HS_REDACT_ALL: not these either, but for the names that decoders look for
 *
 * Characters of any other str, digits, bytes, buffers, hashes, freed memory, argv and environment are zeros. What is left of values is
 * which object each reference goes to: the interpreter's own small ints and one-character strings can be told by their addresses.
 */
#ifndef HS_REDACT_H
#define HS_REDACT_H

#include "capture.h"
#include "process_heap.h"
#include "redaction.h"

/*
 * Redacts `capture`, whose heap is `opened`; both are borrowed for the call. The caller owns *ret, which shares nothing with them: its
 * image is sealed and says that it is redacted. `what` is not HS_REDACT_NONE. With threads, in linear time. Errors: NO_MEMORY.
 */
struct hs_error *hs_redact(const struct hs_process_heap *opened, const struct hs_capture *capture, enum hs_redaction what,
			   struct hs_capture **ret) HS_MUST_CHECK;

#endif
