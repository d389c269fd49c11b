/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as values. A function that can fail returns `struct hs_error *`: NULL is success, anything
 * else is owned by the caller, who returns it, handles it or destroys it. Out-parameters stay
 * untouched on failure. lib/ never prints and never exits.
 */
#ifndef HS_ERROR_H
#define HS_ERROR_H

#include <stdbool.h>

#include "address.h"

enum hs_error_code {
	HS_ERROR_NO_MEMORY,   /* our own allocation failed (a static object, never freed) */
	HS_ERROR_OS,          /* a system call failed: errno and path */
	HS_ERROR_FAULT,       /* an address of the target is not in the image */
	HS_ERROR_LOOKUP,      /* a name (struct, member, symbol, file) was not found */
	HS_ERROR_BAD_DATA,    /* what was read contradicts itself: address and what */
	HS_ERROR_GONE,        /* the target has exited */
	HS_ERROR_PERMISSION,  /* the kernel refuses: the message names which rule and the remedy */
	HS_ERROR_UNSUPPORTED, /* a CPython that this heapspy does not know: version or build */
	HS_ERROR_NOT_CPYTHON, /* the target is no CPython process */
	HS_ERROR_LIMIT,       /* a bound was reached: --max-pause, memory beside the target */
	HS_ERROR_CANCELLED,   /* SIGINT, SIGTERM or the user */
	HS_ERROR_INVALID,     /* a wrong argument from the caller */
};

struct hs_error {
	enum hs_error_code code;
	int os_errno;     /* HS_ERROR_OS: the errno; else 0 */
	hs_addr address;  /* HS_ERROR_FAULT, _BAD_DATA: where in the target; else 0 */
	char *message;    /* one line, no trailing newline; never NULL */
	char *hint;       /* what to try, one or more lines; NULL when there is nothing to say */
};

#define HS_MUST_CHECK __attribute__((warn_unused_result))
#define HS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Each returns a new error, owned by the caller; when memory is out, the static NO_MEMORY error. */
struct hs_error *hs_error_new(enum hs_error_code code, const char *format, ...) HS_PRINTF(2, 3) HS_MUST_CHECK;
/* "<what>: <strerror>"; keeps os_errno. ESRCH becomes HS_ERROR_GONE, EPERM and EACCES HS_ERROR_PERMISSION. */
struct hs_error *hs_error_os(int os_errno, const char *format, ...) HS_PRINTF(2, 3) HS_MUST_CHECK;
struct hs_error *hs_error_at(enum hs_error_code code, hs_addr address, const char *format, ...) HS_PRINTF(3, 4) HS_MUST_CHECK;
struct hs_error *hs_error_no_memory(void) HS_MUST_CHECK;

/* Puts "<context>: " before the message; for use once where a layer is crossed. Returns `error`. */
struct hs_error *hs_error_wrap(struct hs_error *error, const char *format, ...) HS_PRINTF(2, 3) HS_MUST_CHECK;
/* Sets the hint (replacing an earlier one). Returns `error`. */
struct hs_error *hs_error_hint(struct hs_error *error, const char *format, ...) HS_PRINTF(2, 3) HS_MUST_CHECK;

/* NULL is legal. */
void hs_error_destroy(struct hs_error *error);

#define HS_TRY(expression)                                     \
	do {                                                   \
		struct hs_error *hs_try_error = (expression);  \
		if (hs_try_error)                              \
			return hs_try_error;                   \
	} while (0)

#endif
