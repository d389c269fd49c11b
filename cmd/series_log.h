/* SPDX-License-Identifier: Apache-2.0 */
/* A file to which a series adds one line of JSON for each sample, on the disk before the next one is taken. */
#ifndef HS_SERIES_LOG_H
#define HS_SERIES_LOG_H

#include "document.h"
#include "error.h"
#include "series.h"

struct hs_series_log {
	int fd; /* < 0: there is none */
};

/* Creates the file, with mode 0600, or goes on behind what is in it. NULL: there will be none. Errors: OS, PERMISSION. */
struct hs_error *hs_series_log_open(const char *path, struct hs_series_log *ret) HS_MUST_CHECK;
/* Writes the newest sample of the series and waits for the disk. Errors: OS, NO_MEMORY. */
struct hs_error *hs_series_log_add(const struct hs_series_log *log, const struct hs_document *document, const struct hs_series *series) HS_MUST_CHECK;
/* Writes a text that ends in a line end, likewise. */
struct hs_error *hs_series_log_add_text(const struct hs_series_log *log, const char *text, size_t bytes) HS_MUST_CHECK;
void hs_series_log_close(struct hs_series_log *log);

#endif
