/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the target's source files, by the names that its code objects have for them: read through the target's own root directory
 * and, where a name is relative, its working directory. Files are as they are now, which need not be as they were when the code was
 * compiled.
 */
#ifndef HS_SOURCE_LINES_H
#define HS_SOURCE_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "process.h"

struct hs_source_lines;

/* `process` is borrowed until hs_source_lines_close; it may have gone meanwhile: then there are no lines. NULL when memory is out. */
struct hs_source_lines *hs_source_lines_open(const struct hs_process *process);
/* NULL is legal. */
void hs_source_lines_close(struct hs_source_lines *lines);

/*
 * Line `number`, from 1, of the file that the target calls `path`: its text without blanks around it, borrowed until the next call, not
 * NUL-terminated, the file's bytes: escape before printing. NULL when there is none: no such file or line, no regular file, one that is
 * too large.
 */
const char *hs_source_line(struct hs_source_lines *lines, const char *path, uint32_t number, size_t *ret_bytes);

#endif
