/* SPDX-License-Identifier: Apache-2.0 */
/* The watching thread and what it keeps. Knows words and addresses, not what they mean. */
#include "watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <time.h>

#include "cleanup.h"
#include "monotonic.h"
#include "proc_file.h"
#include "process.h"
#include "quiet_thread.h"

#define PERIOD_NS 150000000
#define MAX_LISTED 512 /* containers, a KiB each: a series of days watches thousands, one after the other */

struct watch_words {
	uint64_t type;
	uint64_t length;
};

struct hs_watch {
	pid_t pid;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool is_over;
	size_t n;
	struct hs_watch_target targets[HS_WATCH_MAX];
	struct hs_watched watched[HS_WATCH_MAX];
	struct hs_watched resident;
};

/* Room for later readings: every other point goes. */
static void thin_out(struct hs_watched *watched)
{
	unsigned n = (watched->n_points + 1) / 2;

	for (unsigned i = 0; i < n; i++)
		watched->points[i] = watched->points[2 * i];
	watched->n_points = n;
	watched->log2_stride++;
}

static void note_drop(struct hs_watched *watched, uint64_t length)
{
	uint64_t least = length > watched->previous ? length : watched->previous;

	if (!watched->n_readings || least >= watched->peak)
		return;
	double drop = (double)(watched->peak - least) / (double)watched->peak;
	if (drop > watched->largest_drop)
		watched->largest_drop = drop;
}

void hs_watched_add(struct hs_watched *watched, uint64_t time_ns, uint64_t length)
{
	note_drop(watched, length);
	if (length > watched->peak)
		watched->peak = length;
	watched->previous = length;
	bool is_point = !watched->n_readings++ || ++watched->n_passed >> watched->log2_stride;
	if (!is_point)
		return;
	if (watched->n_points == HS_WATCH_POINTS)
		thin_out(watched);
	watched->points[watched->n_points++] = (struct hs_watch_point){ time_ns, length };
	watched->n_passed = 0;
}

void hs_watched_join(struct hs_watched *watched, const struct hs_watched *later)
{
	struct hs_watched more = *later;

	/* what was read between these points counts as well */
	for (unsigned i = 0; i < more.n_points; i++) {
		note_drop(watched, more.points[i].length);
		watched->peak = more.points[i].length > watched->peak ? more.points[i].length : watched->peak;
		watched->previous = more.points[i].length;
	}
	watched->largest_drop = more.largest_drop > watched->largest_drop ? more.largest_drop : watched->largest_drop;
	watched->peak = more.peak > watched->peak ? more.peak : watched->peak;
	watched->previous = more.n_readings ? more.previous : watched->previous;
	watched->n_readings += more.n_readings;
	watched->is_lost |= more.is_lost;
	while (watched->log2_stride != more.log2_stride || watched->n_points + more.n_points > HS_WATCH_POINTS) {
		bool is_denser = watched->log2_stride <= more.log2_stride, is_other_denser = more.log2_stride <= watched->log2_stride;
		if (is_denser)
			thin_out(watched);
		if (is_other_denser)
			thin_out(&more);
	}
	for (unsigned i = 0; i < more.n_points; i++)
		watched->points[watched->n_points++] = more.points[i];
	watched->n_passed = more.n_passed;
}

const struct hs_watched *hs_watched_find(const struct hs_watched_list *list, hs_addr object)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].object == object)
			return &list->items[i];
	return NULL;
}

static bool is_watched_next(const struct hs_watched *watched, const struct hs_watch_targets *next)
{
	for (size_t i = 0; i < next->n; i++)
		if (next->items[i].object == watched->object && next->items[i].type == watched->type)
			return !watched->is_lost;
	return watched->object == HS_WATCH_RESIDENT;
}

void hs_watched_make_room(struct hs_watched_list *list, const struct hs_watch_targets *next)
{
	size_t n = 0;

	if (list->n <= MAX_LISTED)
		return;
	for (size_t i = 0; i < list->n; i++)
		if (is_watched_next(&list->items[i], next))
			list->items[n++] = list->items[i];
	list->n = n;
}

/* Two words for each target from `first` on, until one of them cannot be read. Returns how many targets were. */
static size_t read_targets(const struct hs_watch *watch, size_t first, struct watch_words *ret)
{
	struct iovec local = { &ret[first], (watch->n - first) * sizeof(*ret) }, remote[2 * HS_WATCH_MAX];
	size_t n = watch->n - first;

	for (size_t i = 0; i < n; i++) {
		const struct hs_watch_target *target = &watch->targets[first + i];
		remote[2 * i] = (struct iovec){ (void *)target->type_at, sizeof(ret->type) };
		remote[2 * i + 1] = (struct iovec){ (void *)target->length_at, sizeof(ret->length) };
	}
	ssize_t bytes = process_vm_readv(watch->pid, &local, 1, remote, 2 * n, 0);
	return bytes < 0 ? 0 : (size_t)bytes / sizeof(*ret);
}

/* For where process_vm_readv is not allowed, and for the one that it stumbles over. */
static bool read_target(const struct hs_watch *watch, size_t i, struct watch_words *ret)
{
	struct hs_error *error = hs_process_peek(watch->pid, watch->targets[i].type_at, &ret->type, sizeof(ret->type));

	if (!error)
		error = hs_process_peek(watch->pid, watch->targets[i].length_at, &ret->length, sizeof(ret->length));
	bool is_read = !error;
	hs_error_destroy(error);
	return is_read;
}

static void take(struct hs_watch *watch, size_t i, const struct watch_words *words, uint64_t time_ns)
{
	struct hs_watched *watched = &watch->watched[i];

	if (!words || words->type != watch->targets[i].type)
		watched->is_lost = true;
	if (!watched->is_lost && words->length < (uint64_t)1 << 48)
		hs_watched_add(watched, time_ns, words->length);
}

static void look_at_resident(struct hs_watch *watch, uint64_t time_ns)
{
	HS_FREE char *text = NULL;
	size_t bytes;
	uint64_t kib;
	struct hs_error *error = hs_proc_read(watch->pid, "status", &text, &bytes);

	if (!error && hs_proc_field(text, "VmRSS", &kib))
		hs_watched_add(&watch->resident, time_ns, kib * 1024);
	else
		watch->resident.is_lost = true;
	hs_error_destroy(error);
}

static void look(struct hs_watch *watch)
{
	struct watch_words words[HS_WATCH_MAX];
	uint64_t time_ns = hs_monotonic_ns();

	look_at_resident(watch, time_ns);
	for (size_t i = 0; i < watch->n;) {
		size_t end = i + read_targets(watch, i, words);
		for (; i < end; i++)
			take(watch, i, &words[i], time_ns);
		if (i == watch->n)
			return;
		take(watch, i, read_target(watch, i, &words[i]) ? &words[i] : NULL, time_ns);
		i++;
	}
}

static void *run_watch(void *argument)
{
	struct hs_watch *watch = argument;

	pthread_mutex_lock(&watch->mutex);
	while (!watch->is_over) {
		struct timespec until;
		look(watch);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += PERIOD_NS;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		while (!watch->is_over && pthread_cond_timedwait(&watch->wake, &watch->mutex, &until) != ETIMEDOUT)
			;
	}
	pthread_mutex_unlock(&watch->mutex);
	return NULL;
}

static void free_watch(struct hs_watch *watch)
{
	pthread_cond_destroy(&watch->wake);
	pthread_mutex_destroy(&watch->mutex);
	free(watch);
}

struct hs_error *hs_watch_start(pid_t pid, const struct hs_watch_targets *targets, struct hs_watch **ret)
{
	struct hs_watch *watch = calloc(1, sizeof(*watch));
	pthread_condattr_t monotonic;

	if (!watch)
		return hs_error_no_memory();
	watch->pid = pid;
	watch->resident.object = HS_WATCH_RESIDENT;
	for (; watch->n < targets->n && watch->n < HS_WATCH_MAX; watch->n++) {
		watch->targets[watch->n] = targets->items[watch->n];
		watch->watched[watch->n].object = targets->items[watch->n].object;
		watch->watched[watch->n].type = targets->items[watch->n].type;
	}
	pthread_mutex_init(&watch->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&watch->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	/* signals are for the thread that waits for the next sample */
	int failure = hs_thread_start(&watch->thread, run_watch, watch);
	if (failure) {
		free_watch(watch);
		return hs_error_os(failure, "starting a thread");
	}
	*ret = watch;
	return NULL;
}

bool hs_watch_see(struct hs_watch *watch, hs_addr object, struct hs_watched *ret)
{
	size_t i = 0;

	/* which ones are watched never changes: only what was read of them needs the lock */
	while (i < watch->n && watch->watched[i].object != object)
		i++;
	if (i == watch->n)
		return false;
	pthread_mutex_lock(&watch->mutex);
	*ret = watch->watched[i];
	pthread_mutex_unlock(&watch->mutex);
	return true;
}

static struct hs_error *add_result(const struct hs_watched *watched, struct hs_watched_list *list)
{
	struct hs_watched *known = (struct hs_watched *)hs_watched_find(list, watched->object);

	/* another one has its place */
	if (known && (known->type != watched->type || (known->is_lost && watched->n_readings))) {
		*known = *watched;
		return NULL;
	}
	if (known) {
		hs_watched_join(known, watched);
		return NULL;
	}
	known = hs_array_append(list);
	if (!known)
		return hs_error_no_memory();
	*known = *watched;
	return NULL;
}

static struct hs_error *add_results(const struct hs_watch *watch, struct hs_watched_list *list)
{
	HS_TRY(add_result(&watch->resident, list));
	for (size_t i = 0; i < watch->n; i++)
		HS_TRY(add_result(&watch->watched[i], list));
	return NULL;
}

struct hs_error *hs_watch_stop(struct hs_watch *watch, struct hs_watched_list *list)
{
	if (!watch)
		return NULL;
	pthread_mutex_lock(&watch->mutex);
	watch->is_over = true;
	pthread_cond_signal(&watch->wake);
	pthread_mutex_unlock(&watch->mutex);
	pthread_join(watch->thread, NULL);
	struct hs_error *error = add_results(watch, list);
	free_watch(watch);
	return error;
}
