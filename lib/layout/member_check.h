/* SPDX-License-Identifier: Apache-2.0 */
/* The members of members.def against objects of the process. */
#ifndef HS_MEMBER_CHECK_H
#define HS_MEMBER_CHECK_H

#include "live.h"

/*
 * Looks at what the process's modules name. A C type whose size is not that of its struct takes the struct from the shipped
 * table in which it has; `without` as in hs_layout_options. In objects each member that is a reference must be NULL or lead to an object. A
 * struct whose members do not is forgotten, and the user is told: its objects are scanned then.
 */
void hs_layout_mend_members(const struct hs_live *live, const char *without, struct hs_layout *layout);

#endif
