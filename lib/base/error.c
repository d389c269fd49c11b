/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as values: making, wrapping and destroying them. Knows nothing about who fails or why. */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

static char no_memory_message[] = "out of memory";
static struct hs_error no_memory = { .code = HS_ERROR_NO_MEMORY, .os_errno = ENOMEM, .message = no_memory_message };

static struct hs_error *error_with_message(enum hs_error_code code, char *message)
{
	struct hs_error *error = message ? calloc(1, sizeof(*error)) : NULL;

	if (!error) {
		free(message);
		return &no_memory;
	}
	error->code = code;
	error->message = message;
	return error;
}

struct hs_error *hs_error_no_memory(void)
{
	return &no_memory;
}

struct hs_error *hs_error_new(enum hs_error_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *message = hs_vformat(format, args);
	va_end(args);
	return error_with_message(code, message);
}

struct hs_error *hs_error_at(enum hs_error_code code, hs_addr address, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *message = hs_vformat(format, args);
	va_end(args);
	struct hs_error *error = error_with_message(code, message);
	if (error != &no_memory)
		error->address = address;
	return error;
}

static enum hs_error_code code_of_errno(int os_errno)
{
	switch (os_errno) {
	case ESRCH:
		return HS_ERROR_GONE;
	case EPERM:
	case EACCES:
		return HS_ERROR_PERMISSION;
	default:
		return HS_ERROR_OS;
	}
}

struct hs_error *hs_error_os(int os_errno, const char *format, ...)
{
	if (os_errno == ENOMEM)
		return &no_memory;

	va_list args;
	char *message = NULL;

	va_start(args, format);
	char *what = hs_vformat(format, args);
	va_end(args);
	if (what && asprintf(&message, "%s: %s", what, strerror(os_errno)) < 0)
		message = NULL;
	free(what);
	struct hs_error *error = error_with_message(code_of_errno(os_errno), message);
	if (error != &no_memory)
		error->os_errno = os_errno;
	return error;
}

struct hs_error *hs_error_wrap(struct hs_error *error, const char *format, ...)
{
	if (!error || error == &no_memory)
		return error;

	va_list args;
	char *message;

	va_start(args, format);
	char *context = hs_vformat(format, args);
	va_end(args);
	if (context && asprintf(&message, "%s: %s", context, error->message) >= 0) {
		free(error->message);
		error->message = message;
	}
	free(context);
	return error;
}

struct hs_error *hs_error_hint(struct hs_error *error, const char *format, ...)
{
	if (!error || error == &no_memory)
		return error;

	va_list args;

	va_start(args, format);
	char *hint = hs_vformat(format, args);
	va_end(args);
	free(error->hint);
	error->hint = hint;
	return error;
}

void hs_error_destroy(struct hs_error *error)
{
	if (!error || error == &no_memory)
		return;
	free(error->message);
	free(error->hint);
	free(error);
}
