/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking an image of a live process: plan from /proc without a stop, map and pre-fault the destination, seize and stop
 * every thread, read maps and pagemap again, copy, detach. The target runs on before anything is decoded.
 */
#ifndef HS_CAPTURE_H
#define HS_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>
#include <time.h>

#include "address.h"
#include "array.h"
#include "error.h"
#include "image.h"
#include "process.h"
#include "smaps.h"

/*
 * Memory of the target that is not in the image although a decoder might look for it: shared memory, devices, ranges that
 * were skipped, pages that could not be read. Text and read-only data files are no part of an image and not listed; plan.h
 * says what is.
 */
struct hs_missing {
	hs_addr start;
	hs_addr end;     /* exclusive */
	const char *why; /* static text */
};

/* A thread as it was under the stop. */
struct hs_stopped_thread {
	pid_t tid;
	bool has_registers;             /* false with `nonblocking`, and for a thread that sleeps uninterruptibly in the kernel */
	struct user_regs_struct registers;
};

struct hs_address_range {
	hs_addr start;
	hs_addr end; /* exclusive */
};

HS_ARRAY_TYPE(hs_missing_list, struct hs_missing);
HS_ARRAY_TYPE(hs_thread_list, struct hs_stopped_thread);
HS_ARRAY_TYPE(hs_address_ranges, struct hs_address_range);
HS_ARRAY_TYPE(hs_pauses, uint64_t);

#define HS_CAPTURE_HOST_BYTES 256

struct hs_capture_options {
	unsigned n_workers;       /* threads that copy; 0: as many as this process may use */
	/*
	 * A longer predicted pause calls `confirm_pause`, or fails with LIMIT when that is NULL or says no. A stop that was
	 * predicted to be shorter and is not is broken off, with LIMIT, a fifth later. A confirmed one takes what it takes.
	 */
	unsigned max_pause_ms;
	bool nonblocking;         /* never stop the target; the image may contradict itself */
	bool (*confirm_pause)(void *context, uint64_t predicted_ms, uint64_t bytes);
	/* Before the stop only, in the caller's thread; NULL: none. */
	void (*progress)(void *context, const char *phase, uint64_t done_bytes, uint64_t all_bytes);
	/*
	 * Once the pause is allowed and before the copy takes memory: whoever called may give back what it will not need then. NULL: has
	 * nothing. Not called where a capture ends before.
	 */
	void (*make_room)(void *context);
	void *context;            /* of the callbacks */
	/* Ranges not to copy (large raw payloads found before); listed in `missing` with their reason. */
	const struct hs_address_ranges *skip;
	/* The pauses of a capture that fails are added here; NULL: nobody asks. */
	struct hs_pauses *failed_pauses;
	bool wants_uses; /* of memory by mapping: see hs_capture.uses. Lengthens the stop by some ms a GiB */
	/* What the caller will take beside the copy, in percent of its bytes: room for it is asked for as well. */
	unsigned work_percent;
};

/* Where a capture comes from. */
enum hs_origin {
	HS_FROM_PROCESS,
	HS_FROM_SNAPSHOT, /* a file of heapspy's own: it holds every figure that the process had */
	HS_FROM_CORE,     /* what another program or the kernel wrote: no figures of /proc, no pause, no start time */
};

struct hs_capture {
	enum hs_origin origin;
	struct hs_process *process;      /* as of the stop */
	struct hs_image *image;          /* sealed */
	struct hs_missing_list missing;
	struct hs_thread_list threads;
	/* With `wants_uses`: as of the stop, before the copy; by address. Of a core: the pages that it has and that are not zeros. */
	struct hs_mapping_uses uses;
	struct hs_pauses pauses_ns;      /* each stop, from the first thread's interrupt to the last one's detach */
	uint64_t pause_ns;               /* their sum; 0 with `nonblocking` */
	uint64_t predicted_pause_ns;
	uint64_t taken_at_ns;            /* CLOCK_MONOTONIC (of a core: `utc`): the middle of the (last) stop; with `nonblocking`, of the copy */
	uint64_t copied_bytes;           /* without the kernel's page of zeros, which takes no memory */
	bool was_stopped;                /* the target was in state T (job control) before: it is again */
	struct hs_address_ranges skipped; /* raw payloads that the capture was told to leave out, as it was told */
	time_t utc;                      /* when it was taken, in seconds since 1970; of a core: when the file was written */
	char host[HS_CAPTURE_HOST_BYTES]; /* where; "": unknown */
	/* Of files. */
	char *file;                      /* its path as it was given; NULL: a process */
	char *layout_text;               /* of a snapshot: the layout, as hs_layout_text() wrote it (lib/layout); NULL: none */
	bool is_redacted;
	bool is_nonblocking;             /* the target was not stopped: the picture may contradict itself */
	char *cut_short;                 /* what the end of the file would have held, in words; NULL: it is whole */
};


/*
 * Captures `pid`. On every return, by error too, the target is detached and in the state that it was in.
 * SIGINT and SIGTERM (see hs_capture_cancel) end it with CANCELLED.
 * Errors: GONE, PERMISSION (message: which rule; hint: the remedy), LIMIT (max pause; memory beside the target: both
 * figures and a cheaper mode), UNSUPPORTED (32-bit), NOT_CPYTHON (kernel thread), OS.
 */
struct hs_error *hs_capture_process(pid_t pid, const struct hs_capture_options *options, struct hs_capture **ret) HS_MUST_CHECK;
/* Gives the image back, which takes most of the memory; `image` is NULL then. NULL is legal. */
void hs_capture_drop_image(struct hs_capture *capture);
/* NULL is legal. */
void hs_capture_destroy(struct hs_capture *capture);

/*
 * Between these two no capture of this process stops a target: for one that is about to stop itself (job control), with threads that
 * capture. The first waits for a stop that there is.
 */
void hs_capture_hold_off(void);
void hs_capture_go_on(void);

/* Async-signal-safe: makes the running hs_capture_process(), or else the next one, detach and return CANCELLED. */
void hs_capture_cancel(void);
/* Takes it back, if no capture has answered to it yet. */
void hs_capture_cancel_not(void);

#endif
