/* SPDX-License-Identifier: Apache-2.0 */
/* The session's thread: what is due, in which order; and the wishes and news that pass between it and the screen. */
#include "top_session.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "quiet_thread.h"
#include "top_pages.h"
#include "top_sampling.h"
#include "top_snapshot.h"

#define CHECK_MS 500          /* whether the target is still there */
#define END_MS 2000           /* what a stop takes to let the target go, at most */
#define PROGRESS_MS 100

struct hs_top_session {
	struct hs_top_sampling sampling; /* the thread's own */
	pthread_t thread;
	pthread_mutex_t mutex;   /* all below */
	pthread_cond_t wake;
	int fd;
	/* wishes */
	struct hs_page_place wanted;
	bool is_made;            /* the page that is wanted, or an error in its place, has been handed over */
	bool wants_sample, wants_base, is_frozen, is_over;
	char *wanted_file;       /* to save the sample to; owned; NULL: none */
	struct hs_top_options options;
	/* news */
	struct hs_header header; /* as of the last sample */
	struct hs_top_due due;
	struct hs_page *page;
	bool is_failed;
	char error[300], hint[300], message[400];
	bool is_complaint;
	bool is_sampling;
	struct hs_live_row live[HS_LIVE_ROWS];
	size_t n_live;
	uint64_t live_serial, banner_length;
	const char *phase;       /* static text; NULL: idle */
	uint64_t done, all;
	uint64_t told_ns;        /* when progress was told last */
};

/* The mutex is held. */
static void tell(struct hs_top_session *session)
{
	ssize_t written = write(session->fd, &(uint64_t){ 1 }, sizeof(uint64_t));

	(void)written; /* it is full: then there is news already */
}

static void on_progress(void *listener, const char *phase, uint64_t done, uint64_t all)
{
	struct hs_top_session *session = listener;
	uint64_t now = hs_top_now_ns();

	pthread_mutex_lock(&session->mutex);
	bool is_other = session->phase != phase;
	session->phase = phase;
	session->done = done;
	session->all = all;
	if (is_other || now - session->told_ns > PROGRESS_MS * 1000000ull) {
		session->told_ns = now;
		tell(session);
	}
	pthread_mutex_unlock(&session->mutex);
}

static void begin(struct hs_top_session *session, const char *phase)
{
	on_progress(session, phase, 0, 0);
}

static void end(struct hs_top_session *session)
{
	on_progress(session, NULL, 0, 0);
}

/* What an error means for the user, in words. The mutex is held. */
static void keep_error(struct hs_top_session *session, const struct hs_error *error)
{
	snprintf(session->error, sizeof(session->error), "%s", error->message);
	snprintf(session->hint, sizeof(session->hint), "%s", error->hint ? error->hint : "");
	session->hint[strcspn(session->hint, "\n")] = '\0';
}

static void make_page(struct hs_top_session *session, const struct hs_page_place *place)
{
	struct hs_page *page = hs_page_create(place);
	struct hs_error *error = page ? NULL : hs_error_no_memory();

	begin(session, "working it out");
	if (!error)
		error = hs_top_sampling_fill(&session->sampling, page);
	pthread_mutex_lock(&session->mutex);
	if (hs_page_place_is_same(place, &session->wanted)) { /* else somebody has gone on by now */
		session->is_made = true;
		session->is_failed = error;
		hs_page_destroy(session->page);
		session->page = error ? NULL : hs_take(page);
		if (error)
			keep_error(session, error);
	}
	pthread_mutex_unlock(&session->mutex);
	end(session);
	hs_page_destroy(page);
	hs_error_destroy(error);
}

/* The mutex is held. */
static void keep_failure(struct hs_top_session *session, const struct hs_error *error)
{
	session->is_complaint = true;
	if (error->code == HS_ERROR_CANCELLED)
		snprintf(session->message, sizeof(session->message), "the sample was given up");
	else if (error->code != HS_ERROR_GONE)
		snprintf(session->message, sizeof(session->message), "no sample: %s", error->message);
}

/* A wish to cancel that came when all was over ends the next capture, which nobody wanted: that one is taken again. */
static struct hs_error *take_wanted_sample(struct hs_top_session *session)
{
	struct hs_error *error = hs_top_sampling_take(&session->sampling);

	pthread_mutex_lock(&session->mutex);
	bool is_wanted = !hs_is_cancelled(session->options.cancel) && !session->is_over;
	pthread_mutex_unlock(&session->mutex);
	if (!error || error->code != HS_ERROR_CANCELLED || !is_wanted)
		return error;
	hs_error_destroy(error);
	return hs_top_sampling_take(&session->sampling);
}

static void take_sample(struct hs_top_session *session)
{
	struct hs_header header;
	struct hs_top_due due;

	pthread_mutex_lock(&session->mutex);
	struct hs_top_options options = session->options;
	session->is_sampling = true;
	pthread_mutex_unlock(&session->mutex);
	struct hs_error *error = take_wanted_sample(session);
	pthread_mutex_lock(&session->mutex);
	session->is_sampling = false;
	session->wants_sample = false;
	pthread_mutex_unlock(&session->mutex);
	hs_top_sampling_describe(&session->sampling, &header);
	hs_top_sampling_plan(&session->sampling, options.interval_ms, options.duty_thousandths, &due);
	pthread_mutex_lock(&session->mutex);
	session->header = header;
	session->due = due;
	session->is_made &= error || !hs_top_page_moves(&session->wanted);
	if (error)
		keep_failure(session, error);
	pthread_mutex_unlock(&session->mutex);
	end(session);
	hs_error_destroy(error);
}

static void suspect(struct hs_top_session *session)
{
	struct hs_header header;

	begin(session, "looking for suspects");
	struct hs_error *error = hs_top_sampling_suspect(&session->sampling);
	hs_top_sampling_describe(&session->sampling, &header);
	pthread_mutex_lock(&session->mutex);
	header.is_gone |= session->header.is_gone;
	session->header = header;
	pthread_mutex_unlock(&session->mutex);
	end(session);
	hs_error_destroy(error); /* the view of suspects says why, if somebody looks */
}

static void save(struct hs_top_session *session)
{
	char message[400];

	pthread_mutex_lock(&session->mutex);
	HS_FREE char *path = hs_take(session->wanted_file);
	pthread_mutex_unlock(&session->mutex);
	begin(session, "saving the snapshot");
	struct hs_error *error = hs_top_snapshot_save(&session->sampling, path, message, sizeof(message));
	if (error)
		snprintf(message, sizeof(message), "not saved: %s", error->message);
	pthread_mutex_lock(&session->mutex);
	snprintf(session->message, sizeof(session->message), "%s", message);
	session->is_complaint = error;
	pthread_mutex_unlock(&session->mutex);
	end(session);
	hs_error_destroy(error);
}

static void set_base(struct hs_top_session *session)
{
	hs_top_sampling_set_base(&session->sampling);
	pthread_mutex_lock(&session->mutex);
	session->wants_base = false;
	session->is_made &= !hs_top_page_moves(&session->wanted);
	pthread_mutex_unlock(&session->mutex);
}

/* Nothing to do: until somebody wishes something, a sample is due, or it is time to see whether the target is there. The mutex is held. */
static void rest(struct hs_top_session *session, uint64_t now)
{
	uint64_t until = now + CHECK_MS * 1000000ull;
	struct timespec time;

	if (session->due.sample_ns > now && session->due.sample_ns < until)
		until = session->due.sample_ns;
	time = (struct timespec){ .tv_sec = (time_t)(until / 1000000000u), .tv_nsec = (long)(until % 1000000000u) };
	pthread_cond_timedwait(&session->wake, &session->mutex, &time);
}

/* The mutex is held. `r` does not wait for the interval, but keeps to the duty. */
static bool is_sample_due(const struct hs_top_session *session, uint64_t now)
{
	if (session->header.is_gone || session->header.file[0])
		return false;
	if (session->wants_sample)
		return now >= session->due.duty_ns;
	return !session->is_frozen && hs_top_page_moves(&session->wanted) && now >= session->due.sample_ns;
}

/* One thing that is to be done; false: there is none. The mutex is held, and let go while it is done. */
static bool do_something(struct hs_top_session *session, uint64_t now)
{
	struct hs_page_place wanted = session->wanted;
	void (*act)(struct hs_top_session *) = NULL;
	bool wants_page = false;

	if (session->wants_base)
		act = set_base;
	else if (session->wanted_file)
		act = save;
	else if (!session->is_made)
		wants_page = true;
	else if (is_sample_due(session, now))
		act = take_sample;
	else if (hs_top_sampling_suspects_are_due(&session->sampling, now))
		act = suspect;
	if (!act && !wants_page)
		return false;
	/* a wish that came before this began was for something else; the last one stands */
	atomic_store(&session->options.cancel->is_wanted, session->is_over);
	pthread_mutex_unlock(&session->mutex);
	if (act)
		act(session);
	else
		make_page(session, &wanted);
	pthread_mutex_lock(&session->mutex);
	return true;
}

static void look_after_target(struct hs_top_session *session)
{
	if (session->header.is_gone || hs_top_sampling_is_there(&session->sampling))
		return;
	session->header.is_gone = true;
	tell(session);
}

/* While the target runs and nothing else is to be done; who freezes the screen wants it to stand still. The mutex is held. */
static void look_at_lengths(struct hs_top_session *session)
{
	struct hs_live_row live[HS_LIVE_ROWS];
	uint64_t length;

	if (session->is_frozen || session->header.is_gone)
		return;
	size_t n = hs_top_sampling_read_live(&session->sampling, live, &length);
	bool is_other = n != session->n_live || memcmp(live, session->live, n * sizeof(*live)) || length != session->banner_length;
	if (!is_other && session->live_serial == session->sampling.source.serial)
		return;
	memcpy(session->live, live, n * sizeof(*live));
	session->n_live = n;
	session->live_serial = session->sampling.source.serial;
	session->banner_length = length;
	tell(session);
}

static void *run(void *argument)
{
	struct hs_top_session *session = argument;

	pthread_mutex_lock(&session->mutex);
	while (!session->is_over) {
		uint64_t now = hs_top_now_ns();
		look_after_target(session);
		look_at_lengths(session);
		if (!do_something(session, now))
			rest(session, now);
	}
	pthread_mutex_unlock(&session->mutex);
	return NULL;
}

static void session_free(struct hs_top_session *session)
{
	if (session->fd >= 0)
		close(session->fd);
	hs_top_sampling_deinit(&session->sampling);
	hs_page_destroy(session->page);
	free(session->wanted_file);
	pthread_cond_destroy(&session->wake);
	pthread_mutex_destroy(&session->mutex);
	free(session);
}

struct hs_error *hs_top_session_create(struct hs_invocation *invocation, const struct hs_top_options *options, struct hs_top_session **ret)
{
	struct hs_top_session *session = calloc(1, sizeof(*session));
	pthread_condattr_t monotonic;

	if (!session)
		return hs_error_no_memory();
	pthread_mutex_init(&session->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&session->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	session->options = *options;
	session->wanted = (struct hs_page_place){ .view = HS_VIEW_TYPES, .is_somewhere = true };
	session->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct hs_error *error = session->fd < 0 ? hs_error_os(errno, "cannot create an event") : NULL;
	if (!error)
		error = hs_top_sampling_init(&session->sampling, invocation);
	if (!error) {
		hs_top_sampling_describe(&session->sampling, &session->header);
		hs_top_sampling_plan(&session->sampling, options->interval_ms, options->duty_thousandths, &session->due);
		invocation->owns_terminal = true;
		invocation->outlives_signals = true;
		invocation->progress.listen = on_progress;
		invocation->progress.listener = session;
		int failure = hs_thread_start(&session->thread, run, session); /* signals are for the one that has the terminal */
		error = failure ? hs_error_os(failure, "cannot start a thread") : NULL;
	}
	if (error) {
		session_free(session);
		return error;
	}
	*ret = session;
	return NULL;
}

bool hs_top_session_destroy(struct hs_top_session *session)
{
	struct timespec until;

	if (!session)
		return true;
	pthread_mutex_lock(&session->mutex);
	session->is_over = true;
	atomic_store(&session->options.cancel->is_wanted, true);
	if (session->is_sampling)
		hs_capture_cancel();
	pthread_cond_signal(&session->wake);
	pthread_mutex_unlock(&session->mutex);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += END_MS / 1000;
	if (pthread_timedjoin_np(session->thread, NULL, &until))
		return false;
	session->sampling.source.invocation->progress.listen = NULL;
	session_free(session);
	return true;
}

int hs_top_session_fd(const struct hs_top_session *session)
{
	return session->fd;
}

void hs_top_session_want(struct hs_top_session *session, const struct hs_page_place *place)
{
	pthread_mutex_lock(&session->mutex);
	session->wanted = *place;
	session->is_made = false;
	session->is_failed = false;
	pthread_cond_signal(&session->wake);
	pthread_mutex_unlock(&session->mutex);
}

void hs_top_session_sample_now(struct hs_top_session *session)
{
	pthread_mutex_lock(&session->mutex);
	session->wants_sample = !session->header.is_gone;
	pthread_cond_signal(&session->wake);
	pthread_mutex_unlock(&session->mutex);
}

void hs_top_session_freeze(struct hs_top_session *session, bool is_frozen)
{
	pthread_mutex_lock(&session->mutex);
	session->is_frozen = is_frozen;
	pthread_cond_signal(&session->wake);
	pthread_mutex_unlock(&session->mutex);
}

void hs_top_session_cancel(struct hs_top_session *session)
{
	pthread_mutex_lock(&session->mutex);
	atomic_store(&session->options.cancel->is_wanted, true);
	session->wants_sample = false;
	if (session->is_sampling)
		hs_capture_cancel();
	pthread_mutex_unlock(&session->mutex);
}

void hs_top_session_save(struct hs_top_session *session, const char *path)
{
	pthread_mutex_lock(&session->mutex);
	free(session->wanted_file);
	session->wanted_file = strdup(path);
	if (!session->wanted_file)
		snprintf(session->message, sizeof(session->message), "not saved: out of memory");
	pthread_cond_signal(&session->wake);
	pthread_mutex_unlock(&session->mutex);
}

void hs_top_session_set_base(struct hs_top_session *session)
{
	pthread_mutex_lock(&session->mutex);
	session->wants_base = true;
	pthread_cond_signal(&session->wake);
	pthread_mutex_unlock(&session->mutex);
}

void hs_top_session_set_interval(struct hs_top_session *session, uint64_t interval_ms)
{
	pthread_mutex_lock(&session->mutex);
	session->options.interval_ms = interval_ms < HS_TOP_MIN_INTERVAL_MS ? HS_TOP_MIN_INTERVAL_MS : interval_ms;
	hs_top_due_change(&session->due, session->options.interval_ms);
	pthread_cond_signal(&session->wake);
	pthread_mutex_unlock(&session->mutex);
}

uint64_t hs_top_session_interval(struct hs_top_session *session)
{
	pthread_mutex_lock(&session->mutex);
	uint64_t interval_ms = session->options.interval_ms;
	pthread_mutex_unlock(&session->mutex);
	return interval_ms;
}

/* The parts of the header that change between samples. The mutex is held. */
static void complete_header(const struct hs_top_session *session, struct hs_header *header)
{
	uint64_t now = hs_top_now_ns();
	uint64_t due = session->wants_sample ? session->due.duty_ns : session->due.sample_ns;

	header->age_ms = (now - session->due.taken_ns) / 1000000;
	if (header->file[0]) { /* what it holds is older than that it was opened */
		int64_t age = (int64_t)time(NULL) - header->utc;
		header->age_ms = age > 0 ? (uint64_t)age * 1000 : 0;
	}
	header->watched_ns += now - session->due.taken_ns;
	header->phase = session->phase;
	header->done = session->done;
	header->all = session->all;
	header->banner_length = session->banner_length;
	header->next_ms = due > now ? (due - now) / 1000000 : 0;
	header->duty_thousandths = session->options.duty_thousandths;
	header->interval_ms = session->due.gap_ms;
	header->next = session->header.file[0] ? HS_NEXT_FILE :
		       session->header.is_gone ? HS_NEXT_GONE :
		       session->wants_sample ? HS_NEXT_DUTY :
		       session->is_frozen ? HS_NEXT_FROZEN :
		       !hs_top_page_moves(&session->wanted) ? HS_NEXT_HELD : session->due.reason;
}

void hs_top_session_news(struct hs_top_session *session, struct hs_top_news *ret)
{
	uint64_t count;

	pthread_mutex_lock(&session->mutex);
	ssize_t n = read(session->fd, &count, sizeof(count));
	(void)n; /* there may be nothing: then only time has passed */
	ret->header = session->header;
	complete_header(session, &ret->header);
	ret->page = hs_take(session->page);
	ret->is_failed = session->is_failed;
	memcpy(ret->live, session->live, sizeof(ret->live));
	ret->n_live = session->n_live;
	ret->live_serial = session->live_serial;
	memcpy(ret->error, session->error, sizeof(ret->error));
	memcpy(ret->hint, session->hint, sizeof(ret->hint));
	memcpy(ret->message, session->message, sizeof(ret->message));
	ret->is_complaint = session->is_complaint;
	session->message[0] = '\0';
	pthread_mutex_unlock(&session->mutex);
}
