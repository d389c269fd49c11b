/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every result about one process begins with: of which process it is, how it was read, how far it can be believed. Plain
 * data and its renderers, which are pure: nothing is read from a process, a clock or the environment.
 */
#ifndef HS_DOCUMENT_H
#define HS_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "capture.h"
#include "census.h"
#include "command.h"
#include "layout.h"
#include "terminal.h"

/* Everything is borrowed from the invocation. Strings are the target's bytes as they are; renderers escape. */
struct hs_document {
	const char *program; /* heapspy as the user calls it */
	const char *command; /* the subcommand's name */
	const char *source;  /* what was looked at, as a word of a shell's: a PID, a file */
	time_t time;         /* of the capture */
	const char *host;
	const struct hs_process *process;
	const struct hs_layout *layout;
	const struct hs_capture *capture; /* its process and image are not looked at */
	const struct hs_census *census;
	bool is_nonblocking;
};

#define HS_HOST_BYTES 256

/* The document of a run; `host` (HS_HOST_BYTES) is filled in and borrowed. */
struct hs_document hs_document_of(const struct hs_invocation *invocation, char *host);

/* "heapspy growth 4242 -i 30", as the user gave it; owned by the caller. NULL: memory is out. */
char *hs_command_line_of(const struct hs_invocation *invocation);

/* As text: which process, how long it was paused, warnings; then an empty line. */
void hs_document_put_head(FILE *out, const struct hs_document *document, const struct hs_style *style);
/* The parts of it. */
void hs_document_put_identity(FILE *out, const struct hs_document *document, const struct hs_style *style);
void hs_document_put_pause(FILE *out, const struct hs_document *document, const struct hs_style *style);
void hs_document_put_warnings(FILE *out, const struct hs_document *document, const struct hs_style *style);

/* As JSON: a new object with everything up to "process". NULL or with members missing when memory is out. */
json_t *hs_document_json(const struct hs_document *document);

#endif
