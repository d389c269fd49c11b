/* SPDX-License-Identifier: Apache-2.0 */
/* All that the screen shows beside the state of the browser itself: finished, plain, borrowed while it is drawn. */
#ifndef HS_DATA_H
#define HS_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "page.h"

/* Why the next sample is taken when it is. */
enum hs_next {
	HS_NEXT_INTERVAL, /* that is the time between samples that was asked for */
	HS_NEXT_DUTY,     /* the target would be paused for more than its share of time */
	HS_NEXT_WORK,     /* heapspy would be at work most of the time */
	HS_NEXT_HELD,     /* somebody looks into this sample's objects: no other one until they leave */
	HS_NEXT_FROZEN,
	HS_NEXT_GONE,     /* there is no target any more */
	HS_NEXT_FILE,     /* it is a file that is looked at */
};

#define HS_HEADER_WARNINGS 3
#define HS_HEADER_HISTORY 16

struct hs_header {
	char name[128];    /* of the program; safe, like all of these */
	int pid;
	char python[64];
	char layout[160];
	bool is_stopped;   /* by job control */
	bool is_gone;
	bool is_nonblocking;
	char file[200];    /* a core or a snapshot that stands in place of a process; "": a process. Its `age_ms` is that of what it holds */
	bool is_core;      /* another program's: there was no pause, and nobody knows what /proc said */
	int64_t utc;       /* when the sample was taken, in seconds since 1970 */
	uint64_t serial;   /* of the last sample; 0: there is none yet, and what follows means nothing */
	uint64_t rss_bytes;
	int64_t rss_per_minute;
	uint64_t rss_history[HS_HEADER_HISTORY];
	size_t n_rss_history;
	uint64_t n_objects, bytes;
	uint64_t in_use_bytes, explained_bytes;
	uint64_t pause_ns; /* of the last sample */
	uint64_t paused_ns, watched_ns; /* all pauses, and the time since the first one */
	uint64_t age_ms;
	const char *phase; /* what is being done; NULL: nothing */
	uint64_t done, all; /* of it; all = 0: nobody knows */
	uint64_t next_ms;
	enum hs_next next;
	uint64_t interval_ms;     /* what lies between samples, for that reason */
	unsigned duty_thousandths; /* the share of time that may be paused */
	char warnings[HS_HEADER_WARNINGS][200];
	unsigned n_warnings;
	char banner[200];  /* the first suspect; "": none */
	uint64_t banner_address; /* the object that it is; 0: none */
	uint64_t banner_length;  /* what that is long now, between samples; 0: not known */
};

/* What the history of a row goes on with after its sample: estimates, the last one of now. */
#define HS_LIVE_POINTS 3
#define HS_LIVE_ROWS 64
struct hs_live_row {
	uint64_t key;
	uint64_t values[HS_LIVE_POINTS];
};

struct hs_data {
	struct hs_header header;
	const struct hs_page *page; /* of the place that the state is at; NULL: not there yet, or an error */
	const char *error;          /* why there is none; NULL: it is being made */
	const char *hint;           /* what to try; NULL: nothing */
	const struct hs_live_row *live; /* of a page of the sample `live_serial` */
	size_t n_live;
	uint64_t live_serial;
};

#endif
