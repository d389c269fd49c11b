/* SPDX-License-Identifier: Apache-2.0 */
/* The line that is typed: filters, searches, file names, commands. */
#ifndef HS_PROMPT_H
#define HS_PROMPT_H

#include "update.h"

/* Opens the line in that mode, with `text` in it. */
void hs_prompt_open(struct hs_update *update, enum hs_mode mode, const char *text);
/* A key, while the line is open. */
void hs_prompt_key(struct hs_update *update, uint32_t key);
/* "/", "\", ":", "write to: " */
const char *hs_prompt_label(enum hs_mode mode);

/* Carries a typed command out ("sort count"). `line` loses the spaces at its end. */
void hs_command_line_run(struct hs_update *update, char *line);
/* Completes the last word of `line` (HS_PROMPT_BYTES) as far as it is clear. */
void hs_command_line_complete(const struct hs_update *update, char *line);

#endif
