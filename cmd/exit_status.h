/* SPDX-License-Identifier: Apache-2.0 */
/* Exit codes, part of the command line's contract, and how errors become them. */
#ifndef HS_EXIT_STATUS_H
#define HS_EXIT_STATUS_H

#include "command.h"
#include "error.h"

enum hs_exit_status {
	HS_EXIT_DONE = 0,
	HS_EXIT_GROWTH = 1,      /* growth was found and asked about */
	HS_EXIT_FAILED = 2,
	HS_EXIT_PERMISSION = 3,
	HS_EXIT_NOT_CPYTHON = 4,
	HS_EXIT_UNSUPPORTED = 5, /* unsupported version, or no layout for it */
	HS_EXIT_GONE = 6,
	HS_EXIT_INCOMPLETE = 7,  /* a result was written, with "complete": false */
	HS_EXIT_USAGE = 64,
};

struct hs_exit_code {
	int status;
	const char *meaning; /* for help; NULL ends the list */
};
extern const struct hs_exit_code hs_exit_codes[];

/* The status for an error that came up in `stage`: while resolving a layout, what is missing or contradicts itself is the layout. */
enum hs_exit_status hs_exit_status_of(const struct hs_error *error, enum hs_stage stage);

/* Writes the error and what to try to standard error. */
void hs_exit_print_error(const struct hs_error *error);

#endif
