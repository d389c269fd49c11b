/* SPDX-License-Identifier: Apache-2.0 */
/* Taking one sample after the other of the browser's target, and planning the next. Knows no threads: one at a time calls it. */
#ifndef HS_TOP_SAMPLING_H
#define HS_TOP_SAMPLING_H

#include <time.h>

#include "data.h"
#include "top_live.h"
#include "top_pages.h"

#define HS_TOP_MIN_INTERVAL_MS 100

struct hs_top_sampling {
	struct hs_top_source source;
	struct hs_watch *watch;      /* reads lengths until the next sample; NULL: does not */
	struct hs_top_tracked_list tracked; /* what these lengths tell of types */
	uint64_t suspects_ns;        /* what looking for suspects took the last time; 0: it was not done */
	uint64_t suspected_ns;       /* when that was */
	uint64_t taken_ns, first_ns; /* CLOCK_MONOTONIC, of the last and the first sample */
	uint64_t tried_ns;           /* when the last one was taken, or failed */
	uint64_t work_ns;            /* what the last one took in all */
	uint64_t last_pause_ns, paused_ns;
	size_t n_pauses_before;      /* of the capture's pauses: those of earlier samples */
	uint64_t rss[HS_HEADER_HISTORY], rss_times[HS_HEADER_HISTORY];
	size_t n_rss;
	bool is_gone;
	char banner[200];            /* the first suspect, when they were looked for last; "": none to believe */
	hs_addr banner_address;
};

/* When the next sample may be taken, and why not before. */
struct hs_top_due {
	uint64_t taken_ns;  /* the last one */
	uint64_t from_ns;   /* what gaps count from: it, or a later one that failed */
	uint64_t sample_ns; /* CLOCK_MONOTONIC */
	uint64_t duty_ns;   /* what the duty alone asks for */
	uint64_t gap_ms;
	enum hs_next reason;
	double jitter;      /* 0.7 … 1.3: gaps are never equal */
	uint64_t work_due_ns;
};

static inline uint64_t hs_top_now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* The invocation's census and heap are the first sample. Free it with hs_top_sampling_deinit, whatever this returned. Errors: NO_MEMORY. */
struct hs_error *hs_top_sampling_init(struct hs_top_sampling *sampling, struct hs_invocation *invocation) HS_MUST_CHECK;
void hs_top_sampling_deinit(struct hs_top_sampling *sampling);

/* The next sample. Errors: those of a capture; GONE when the target is no more: then the last sample stays. */
struct hs_error *hs_top_sampling_take(struct hs_top_sampling *sampling) HS_MUST_CHECK;
/* Fills a page of page->place, going as far as it needs. Errors: those of the stages and builders; GONE without a heap. */
struct hs_error *hs_top_sampling_fill(struct hs_top_sampling *sampling, struct hs_page *page) HS_MUST_CHECK;
void hs_top_sampling_set_base(struct hs_top_sampling *sampling);
/* Three samples, and again now and then: a graph is work. `now`: CLOCK_MONOTONIC. */
bool hs_top_sampling_suspects_are_due(const struct hs_top_sampling *sampling, uint64_t now);
/* Looks for suspects, of which the header names the first. Errors: those of the stages. */
struct hs_error *hs_top_sampling_suspect(struct hs_top_sampling *sampling) HS_MUST_CHECK;
bool hs_top_sampling_is_there(const struct hs_top_sampling *sampling);

/* What the watched lengths tell by now: rows of the page of types, at most HS_LIVE_ROWS; and how long the banner's suspect is, 0: not known. */
size_t hs_top_sampling_read_live(const struct hs_top_sampling *sampling, struct hs_live_row *ret, uint64_t *ret_banner_length);

/* All of the header that belongs to the sample. */
void hs_top_sampling_describe(const struct hs_top_sampling *sampling, struct hs_header *ret);

/*
 * A pause of 50 ms at a duty of 1 % takes 5 s, and all pauses together, the next one included, keep within it; what a sample costs heapspy itself is at most a third of the time. The interval that
 * was asked for varies by 30 %.
 */
void hs_top_sampling_plan(const struct hs_top_sampling *sampling, uint64_t interval_ms, unsigned duty_thousandths, struct hs_top_due *ret);
/* The same with another interval. */
void hs_top_due_change(struct hs_top_due *due, uint64_t interval_ms);

#endif
