/* SPDX-License-Identifier: Apache-2.0 */
/* Text of any length from a format, for functions that take one. */
#ifndef HS_FORMAT_H
#define HS_FORMAT_H

#include <stdarg.h>

/* Each is owned by the caller. NULL: memory is out. */
char *hs_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *hs_vformat(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

#endif
