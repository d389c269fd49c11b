/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: glibc's argp, put together from a command's own options and the common groups that it asks for. */
#ifndef HS_OPTIONS_H
#define HS_OPTIONS_H

#include <stdio.h>

#include "address.h"
#include "command.h"

/* Fills the invocation from argv; exits on --help, --version and (64) on wrong usage. */
void hs_options_parse(struct hs_invocation *invocation, int argc, char **argv);

/* Writes what `heapspy <name> --help` says. */
void hs_options_print_help(const struct hs_command *command, FILE *out);

/* The common options of commands with a SOURCE, of those that write a result, and of those with a choice how; for the manual page. */
const struct argp_option *hs_options_of_source(void);
const struct argp_option *hs_options_of_file(void);
const struct argp_option *hs_options_of_rendering(void);

/* A decimal number from `min` to `max`, or a usage error that names `what`. For the parse hooks of commands. */
unsigned hs_options_number(struct argp_state *state, const char *what, const char *text, unsigned min, unsigned max);

/* A time of a second or more: "90", "90s", "10m", "6h", "2d"; in seconds. At most 30 days. Or a usage error. */
unsigned hs_options_duration(struct argp_state *state, const char *what, const char *text);
/* Bytes, one or more: "4096", "500k", "10M", "1G" (powers of 1024). Or a usage error. */
uint64_t hs_options_bytes(struct argp_state *state, const char *what, const char *text);

/*
 * Index of `text` among the NULL-ended `choices`, or a usage error that names `what` and lists the choices.
 */
unsigned hs_options_choice(struct argp_state *state, const char *what, const char *text, const char *const *choices);

/*
 * For ARGP_KEY_ARG of commands with an argument behind SOURCE: keeps `argument` in *ret, unless it is SOURCE itself, which is left
 * to the common options by returning ARGP_ERR_UNKNOWN. A usage error when there is one already.
 */
error_t hs_options_second(struct argp_state *state, const char **ret, const char *argument);

/*
 * A SOURCE of commands with `has_own_sources`: sets name, word, and pid or file and exe, of *ret; the caller releases them with hs_source_free(). A usage error where
 * there is no such file.
 */
void hs_options_source(struct argp_state *state, const char *text, struct hs_source_options *ret);

/* A usage error, which names the alternative, when SOURCE is a file: for options that need a process. At ARGP_KEY_END. */
void hs_options_need_process(struct argp_state *state, const char *option);

/* An address, "0x7f…" or in decimal digits as id() gives it; false when it is none. */
bool hs_options_address(const char *text, hs_addr *ret);

#endif
