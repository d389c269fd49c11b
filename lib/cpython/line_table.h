/* SPDX-License-Identifier: Apache-2.0 */
/* From an instruction to the line that it was compiled from. */
#ifndef HS_LINE_TABLE_H
#define HS_LINE_TABLE_H

#include "code.h"

/*
 * The line of the instruction `offset` bytes behind the first one, as frame.f_lineno tells it; the code's first line when
 * offset is negative (it has not begun); 0 when the instruction has no line or the table cannot be read.
 */
int32_t hs_code_line(const struct hs_cpython *py, const struct hs_code *code, int32_t offset);

#endif
