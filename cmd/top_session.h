/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The browser's other half: a thread that takes samples when they are due and makes the pages that are asked for. It alone
 * touches the target, the heap and the graph; what it hands over is finished.
 *
 *     screen ── wants a page, a sample, … ──►  session  ◄── finished pages, header ── thread
 */
#ifndef HS_TOP_SESSION_H
#define HS_TOP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "data.h"
#include "page.h"

struct hs_top_options {
	uint64_t interval_ms;      /* between samples, if the duty allows */
	unsigned duty_thousandths; /* of the time, at most, that the target may be paused */
	struct hs_cancel *cancel;  /* the invocation's; borrowed */
};

struct hs_top_session;

/*
 * Starts the thread. `invocation`, with a census and an open heap, is the first sample; it is the session's until that is destroyed.
 * The caller owns *ret. Errors: NO_MEMORY, OS.
 */
struct hs_error *hs_top_session_create(struct hs_invocation *invocation, const struct hs_top_options *options, struct hs_top_session **ret) HS_MUST_CHECK;
/*
 * Ends the thread; a stop that is under way is ended first. False: it is at work on a copy and does not listen; then nothing is freed,
 * and the process may end nevertheless. NULL is legal.
 */
bool hs_top_session_destroy(struct hs_top_session *session);

/* Readable when there is something new. */
int hs_top_session_fd(const struct hs_top_session *session);

/* What is shown from now on: its page is made, and made anew after each sample that changes it. */
void hs_top_session_want(struct hs_top_session *session, const struct hs_page_place *place);
void hs_top_session_sample_now(struct hs_top_session *session);
void hs_top_session_freeze(struct hs_top_session *session, bool is_frozen);
/* Gives up what is being done, as far as that can be ended: a sample; a page that is not there yet. */
void hs_top_session_cancel(struct hs_top_session *session);
/* Saves the sample to a file, or into a folder; a message tells the end of it. The path is copied. */
void hs_top_session_save(struct hs_top_session *session, const char *path);
void hs_top_session_set_base(struct hs_top_session *session);
/* At least 100 ms. */
void hs_top_session_set_interval(struct hs_top_session *session, uint64_t interval_ms);
uint64_t hs_top_session_interval(struct hs_top_session *session);

/* What there is to tell. */
struct hs_top_news {
	struct hs_header header; /* as of now */
	struct hs_page *page;    /* of the place that was wanted, if there is a new one; the caller's */
	bool is_failed;          /* it cannot be made */
	char error[300], hint[300]; /* then why; and what to try, "" for nothing */
	char message[400];       /* to be said once; "": nothing */
	bool is_complaint;       /* … because something went wrong */
	struct hs_live_row live[HS_LIVE_ROWS]; /* what the watched lengths tell of types, for a page of that sample */
	size_t n_live;
	uint64_t live_serial;
};

void hs_top_session_news(struct hs_top_session *session, struct hs_top_news *ret);

#endif
