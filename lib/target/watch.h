/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at a few words of a running process several times a second, without stopping it: how long containers are between two samples,
 * and how much memory is resident.
 * The word that names an object's type is read beside its length each time: where it changes, the object is gone.
 */
#ifndef HS_WATCH_H
#define HS_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "address.h"
#include "array.h"
#include "error.h"

#define HS_WATCH_MAX 64 /* containers watched at once */
#define HS_WATCH_RESIDENT ((hs_addr)0) /* in place of a container: the process itself; its length is its resident size in bytes */

struct hs_watch_target {
	hs_addr object;
	hs_addr type_at;   /* where the word that names its type stands … */
	uint64_t type;     /* … and what it must be */
	hs_addr length_at; /* its length, a word */
};

HS_ARRAY_TYPE(hs_watch_targets, struct hs_watch_target);

struct hs_watch_point {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint64_t length;
};

#define HS_WATCH_POINTS 64

/* What was seen of one container. */
struct hs_watched {
	hs_addr object;
	uint64_t type;       /* as in the target */
	/* Every 2^k-th reading, k growing as the room fills: the whole time is covered. */
	struct hs_watch_point points[HS_WATCH_POINTS];
	unsigned n_points;
	unsigned log2_stride; /* k */
	uint64_t n_passed;    /* readings since the last point */
	uint64_t n_readings;
	uint64_t peak;       /* the greatest length read */
	uint64_t previous;   /* the last one */
	double largest_drop; /* 0 … 1: how far below its peak so far it was found in two readings in a row (a list is empty while it is sorted) */
	bool is_lost;        /* another object stands there, or nothing */
};

HS_ARRAY_TYPE(hs_watched_list, struct hs_watched);

struct hs_watch;

/*
 * Starts a thread that reads until hs_watch_stop(); of more than HS_WATCH_MAX targets the first ones. Copies what it is given. A process
 * that ends meanwhile is no error: everything is lost then. Its resident size is always watched, besides. The caller owns *ret. Errors: NO_MEMORY, OS.
 */
struct hs_error *hs_watch_start(pid_t pid, const struct hs_watch_targets *targets, struct hs_watch **ret) HS_MUST_CHECK;
/*
 * Ends the thread and adds what it saw to `list`, in which a container that was watched before goes on where it was; one in place of another
 * that was lost begins anew. NULL is legal. Errors: NO_MEMORY; the watch is gone all the same.
 */
struct hs_error *hs_watch_stop(struct hs_watch *watch, struct hs_watched_list *list) HS_MUST_CHECK;

/* What was seen so far of one container; false: it is not watched. *ret is as hs_watch_stop() would leave it. */
bool hs_watch_see(struct hs_watch *watch, hs_addr object, struct hs_watched *ret);

/* Adds a reading, as the thread does. */
void hs_watched_add(struct hs_watched *watched, uint64_t time_ns, uint64_t length);
/* Adds what was seen later of the same container: points stand for as many readings in all of it. */
void hs_watched_join(struct hs_watched *watched, const struct hs_watched *later);
/* When more have gathered than a list needs, takes out of it those that are lost or will not be watched next. */
void hs_watched_make_room(struct hs_watched_list *list, const struct hs_watch_targets *next);
/* NULL: it was not watched. */
const struct hs_watched *hs_watched_find(const struct hs_watched_list *list, hs_addr object);

#endif
