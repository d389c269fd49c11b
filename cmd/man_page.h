/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page: `heapspy help --man > heapspy.1`, as the installation does. */
#ifndef HS_MAN_PAGE_H
#define HS_MAN_PAGE_H

#include <stdio.h>

/* Writes heapspy.1 in troff's man macros: every command with its options and examples. */
void hs_man_page_write(FILE *out);

#endif
