/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a target's own data a snapshot holds. */
#ifndef HS_REDACTION_H
#define HS_REDACTION_H

enum hs_redaction {
	HS_REDACT_NONE,   /* what was copied */
	HS_REDACT_VALUES, /* structure, names in code objects, types and modules, string keys of their dicts */
	HS_REDACT_ALL,    /* structure only */
};

#endif
