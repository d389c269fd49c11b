/* SPDX-License-Identifier: Apache-2.0 */
/* What all JSON output shares: the envelope and safe values. Built with jansson. */
#ifndef HS_JSON_H
#define HS_JSON_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "address.h"
#include "error.h"

/* Version of the documents' shape; a member that changes its meaning or goes away makes it grow. */
#define HS_JSON_SCHEMA 1

/* Each returns a new reference, or NULL when memory is out: jansson's setters take that as a failure and go on. */
json_t *hs_json_envelope(const char *command, time_t time, const char *host);
json_t *hs_json_string(const char *text);   /* the target's bytes, escaped; NULL: null */
json_t *hs_json_u64(uint64_t value);        /* INT64_MAX at most */
json_t *hs_json_time(time_t time);          /* "2026-11-21T13:20:33Z" */
json_t *hs_json_address(hs_addr address);   /* "0x7f…": a number would lose bits in many readers */

/* Writes and releases `root`. Errors: NO_MEMORY. */
struct hs_error *hs_json_write(FILE *out, json_t *root) HS_MUST_CHECK;
/* The same as one line. */
struct hs_error *hs_json_write_line(FILE *out, json_t *root) HS_MUST_CHECK;

#endif
