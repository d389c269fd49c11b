/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One subcommand = one file cmd_<name>.c = one const `struct hs_command`, listed in commands.c. An entry says what it
 * needs; the runner (runner.c) parses SOURCE and the common options, captures, resolves the layout and takes the
 * census as far as asked, calls `run`, and cleans up. A command opens no process and reads no /proc itself.
 */
#ifndef HS_COMMAND_H
#define HS_COMMAND_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "capture.h"
#include "census.h"
#include "error.h"
#include "graph.h"
#include "layout.h"
#include "object_graph.h"
#include "process_heap.h"
#include "progress.h"
#include "reach.h"
#include "terminal.h"
#include "unexplained.h"

/* How far the runner goes before it calls `run`; each stage includes those before it. */
enum hs_stage {
	HS_STAGE_NONE,    /* the command takes no SOURCE */
	HS_STAGE_PID,     /* SOURCE is parsed: invocation->source */
	HS_STAGE_CAPTURE, /* invocation->capture */
	HS_STAGE_LAYOUT,  /* invocation->layout */
	HS_STAGE_CENSUS,  /* invocation->census */
	HS_STAGE_HEAP,    /* invocation->heap */
	HS_STAGE_NODES,   /* invocation->graph, of nodes alone (hs_graph_index) */
	HS_STAGE_GRAPH,   /* invocation->graph, with its rows */
	HS_STAGE_RETAINED, /* invocation->holders: what each object retains */
	HS_STAGE_PATHS,   /* invocation->reach: how the roots reach each object */
};

enum hs_format {
	HS_FORMAT_TEXT,
	HS_FORMAT_JSON,
	HS_FORMAT_FOLDED, /* of commands with `has_stacks` */
};

/* Common options of every command with a SOURCE: a process or, of commands with `takes_files`, a file. */
struct hs_source_options {
	const char *name;            /* as the user gave it; NULL: not yet */
	char *word;                  /* the same as one word of a shell's, for commands to try next; owned */
	pid_t pid;                   /* 0: a file */
	char *file;                  /* a core or a snapshot; owned; NULL: a process */
	char *exe;                   /* the executable that was named with it; owned; NULL: none */
	const char *lib_search_root; /* of a file; NULL: not given */
	bool has_max_pause;          /* it was given */
	struct hs_capture_options capture;
	struct hs_layout_options layout;
};

/* Common options of every command with `has_output`; with `has_file`, `path` alone. */
struct hs_output_options {
	enum hs_format format;
	const char *path; /* NULL: standard output */
	enum hs_colour colour;
};

/* One run of one command. Borrowed by `run`; the runner owns and releases everything in it. */
struct hs_invocation {
	const struct hs_command *command;
	enum hs_stage needs; /* the command's; its parse hook may make do with less */
	struct hs_source_options source;
	struct hs_output_options output;
	struct hs_progress progress; /* of the runner's stages; a command with slow work of its own starts it again, and ends it before it writes */
	int argc;                    /* as the user gave them, argv[0] aside */
	char **argv;
	void *own;                   /* the command's own options: own_bytes bytes, zeroed before parsing */
	time_t captured_at;
	hs_addr wanted;              /* the object that the command will ask for, set by its parse hook; 0: none */
	struct hs_address_ranges skipped; /* large raw payloads that the capture leaves out */
	unsigned agreed_pause_ms;    /* of the process at hand: what the user said yes to; 0: nobody was asked */
	struct hs_pauses untold_pauses; /* of captures that are gone, or came to nothing: the next one lists them */
	struct hs_capture *capture;  /* these seven: NULL below the stage that makes them */
	struct hs_layout *layout;
	struct hs_census *census;
	struct hs_process_heap *heap;
	struct hs_graph *graph;
	struct hs_object_graph *holders;
	struct hs_reach *reach;
	struct hs_unexplained_list unexplained; /* empty unless the command needs it */
	bool outlives_signals;       /* the command ends on its own terms: a signal that is caught (signals.h) ends a capture, and no more */
	const struct hs_cancel *cancel; /* ends decoding and all that is worked out of a heap; NULL: nobody may */
	bool owns_terminal;          /* the command asks and tells by itself: nothing else writes to the terminal */
	int exit_status;             /* of a run without an error; 0: the runner's to say, by the census (see exit_status.h) */
};

struct hs_command {
	const char *name;
	const char *summary;     /* one line, no full stop */
	const char *usage;       /* its arguments: "PID" */
	const char *description; /* paragraphs for --help; NULL: none */
	const char *examples;    /* one a line, each a complete command */
	enum hs_stage needs;
	bool takes_files;        /* SOURCE may be a core or a snapshot; else only a process */
	bool needs_unexplained;  /* with HS_STAGE_GRAPH and beyond: invocation->unexplained */
	bool has_output;         /* takes -f, -o and --color */
	bool has_stacks;         /* takes -f folded as well */
	bool has_own_format;     /* -f is among its own options */
	bool has_file;           /* takes -o: its result has a form of its own */
	size_t own_bytes;
	const struct argp_option *options; /* its own ones, ended by { 0 }; NULL: none */
	/*
	 * Called by argp for each of the command's own options and arguments; state->input is the invocation.
	 * Returns ARGP_ERR_UNKNOWN for what it does not know. Wrong values: argp_error(), which exits with 64.
	 * Defaults other than zero are set at ARGP_KEY_INIT. NULL: no options of its own.
	 */
	argp_parser_t parse;
	struct hs_error *(*run)(struct hs_invocation *invocation);
};

/* All commands in the order in which help lists them; ended by NULL. */
extern const struct hs_command *const hs_commands[];
/* NULL: no such command. */
const struct hs_command *hs_command_find(const char *name);

/*
 * Parses argv (argv[0] is replaced by "heapspy <name>"), makes what the command needs and runs it. Sets *ret_status.
 * Usage errors, --help and --version exit inside. A signal that ended the capture ends the process, after cleaning up.
 */
struct hs_error *hs_command_run(const struct hs_command *command, int argc, char **argv, int *ret_status) HS_MUST_CHECK;

/*
 * For commands that compare moments: takes another picture of the same process in place of the one there is, as far as the heap.
 * Without an error everything borrowed from the first is gone; its pauses are kept. Room for a graph is looked for if invocation->needs is one. Errors:
 * those of the stages; GONE when the PID is another program by now. After an error capture, layout and census are those from before,
 * with whatever pauses there were for nothing added to the capture's; image, heap and what was made of it are there too if the error came
 * before the pause was allowed, else gone.
 */
struct hs_error *hs_invocation_renew(struct hs_invocation *invocation) HS_MUST_CHECK;
/*
 * For commands that look at several processes: makes all that invocation->needs asks for, of invocation->source. The caller gives it back with
 * hs_invocation_drop, whatever this returned. Errors: those of the stages.
 */
struct hs_error *hs_invocation_prepare(struct hs_invocation *invocation) HS_MUST_CHECK;
void hs_invocation_drop(struct hs_invocation *invocation);
/* Gives back what takes memory: the image, the heap and what was made of it. Capture, layout and census stay. */
void hs_invocation_drop_heap(struct hs_invocation *invocation);
/* Gives back the graph and what was made of it. The heap stays. */
void hs_invocation_drop_graph(struct hs_invocation *invocation);
/* Goes on from the heap to a further stage; `needs` becomes it. Errors: those of the stages; after CANCELLED there is no graph. */
struct hs_error *hs_invocation_follow(struct hs_invocation *invocation, enum hs_stage needs) HS_MUST_CHECK;

#endif
