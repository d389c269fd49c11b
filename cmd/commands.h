/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of all commands, each defined in its own cmd_<name>.c. */
#ifndef HS_COMMANDS_H
#define HS_COMMANDS_H

#include "command.h"

extern const struct hs_command hs_command_top;
extern const struct hs_command hs_command_report;
extern const struct hs_command hs_command_growth;
extern const struct hs_command hs_command_suspects;
extern const struct hs_command hs_command_diff;
extern const struct hs_command hs_command_objects;
extern const struct hs_command hs_command_refs;
extern const struct hs_command hs_command_why;
extern const struct hs_command hs_command_threads;
extern const struct hs_command hs_command_gc;
extern const struct hs_command hs_command_lines;
extern const struct hs_command hs_command_memory;
extern const struct hs_command hs_command_weak;
extern const struct hs_command hs_command_caches;
extern const struct hs_command hs_command_snapshot;
extern const struct hs_command hs_command_export;
extern const struct hs_command hs_command_ps;
extern const struct hs_command hs_command_cycles;
extern const struct hs_command hs_command_demo;
extern const struct hs_command hs_command_layout;
extern const struct hs_command hs_command_help;

#endif
