/* SPDX-License-Identifier: Apache-2.0 */
/* The notes of a core file. Private to lib/target. */
#ifndef HS_CORE_NOTES_H
#define HS_CORE_NOTES_H

#include "core_file.h"

/* Takes what core->notes tell into `core`. Notes that are malformed inside, or of an unknown kind, are passed over. Errors: BAD_DATA, NO_MEMORY. */
struct hs_error *hs_core_notes_read(struct hs_core_file *core) HS_MUST_CHECK;

#endif
