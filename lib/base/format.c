/* SPDX-License-Identifier: Apache-2.0 */
/* vasprintf(), which leaves its result undefined when it fails, made safe to free. */
#include "format.h"

#include <stdio.h>

char *hs_vformat(const char *format, va_list args)
{
	char *text = NULL;

	return vasprintf(&text, format, args) < 0 ? NULL : text;
}

char *hs_format(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = hs_vformat(format, args);
	va_end(args);
	return text;
}
