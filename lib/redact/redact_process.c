/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The capture around a redacted image: who the process is, without what its paths say of a user; its mappings; its threads with their
 * registers, of which those stay that name objects and the few that say where a thread stands.
 */
#include <stdlib.h>

#include "home_path.h"
#include "redact_internal.h"

/* A copy with the components blanked that name users; NULL for NULL, and when memory is out. */
static char *blanked_path(const char *path)
{
	char *copy = path ? strdup(path) : NULL;

	if (copy)
		hs_home_blank(copy, strlen(copy));
	return copy;
}

static struct hs_error *copy_mappings(const struct hs_mappings *from, struct hs_mappings *ret)
{
	for (size_t i = 0; i < from->n; i++) {
		struct hs_mapping *to = hs_array_append(ret);
		if (!to)
			return hs_error_no_memory();
		*to = from->items[i];
		to->path = blanked_path(from->items[i].path);
		if (!to->path) {
			ret->n--;
			return hs_error_no_memory();
		}
	}
	return NULL;
}

static struct hs_error *copy_process(const struct hs_process *from, struct hs_process *to)
{
	*to = *from;
	to->files = NULL;
	to->mappings = (struct hs_mappings){ 0 };
	to->exe_path = blanked_path(from->exe_path);
	to->script = blanked_path(from->script);
	to->auxv = from->auxv ? malloc(from->auxv_bytes) : NULL;
	if (to->auxv)
		memcpy(to->auxv, from->auxv, from->auxv_bytes);
	hs_home_blank(to->comm, strlen(to->comm));
	if ((from->exe_path && !to->exe_path) || (from->script && !to->script) || (from->auxv && !to->auxv))
		return hs_error_no_memory();
	return copy_mappings(&from->mappings, &to->mappings);
}

static uint64_t known_or_zero(const struct redaction *redaction, uint64_t word)
{
	return known_word_or_text(redaction->heap, word) ? word : 0;
}

/* Where it executes and where its stack and its own data are must stay: without them nobody knows what is live. */
static void blank_registers(const struct redaction *redaction, struct user_regs_struct *registers)
{
	unsigned long long *const general[] = {
		&registers->r15, &registers->r14, &registers->r13, &registers->r12, &registers->rbx, &registers->r11, &registers->r10, &registers->r9,
		&registers->r8, &registers->rax, &registers->rcx, &registers->rdx, &registers->rsi, &registers->rdi, &registers->rbp,
	};

	for (size_t i = 0; i < sizeof(general) / sizeof(general[0]); i++)
		*general[i] = known_or_zero(redaction, *general[i]);
}

/* Copies an array of plain items. */
#define COPY_ARRAY(from, to)                                                                            \
	({                                                                                              \
		bool has_room = hs_array_reserve((to), (from)->n + 1);                                  \
		if (has_room && (from)->n)                                                              \
			memcpy((to)->items, (from)->items, (from)->n * sizeof(*(to)->items));           \
		(to)->n = has_room ? (from)->n : 0;                                                     \
		has_room;                                                                               \
	})

static bool copy_arrays(const struct hs_capture *from, struct hs_capture *to)
{
	return COPY_ARRAY(&from->missing, &to->missing) && COPY_ARRAY(&from->threads, &to->threads) && COPY_ARRAY(&from->uses, &to->uses) &&
	       COPY_ARRAY(&from->pauses_ns, &to->pauses_ns) && COPY_ARRAY(&from->skipped, &to->skipped);
}

static bool copy_text(const char *from, char **ret)
{
	*ret = from ? strdup(from) : NULL;
	return *ret || !from;
}

struct hs_error *redact_capture(struct redaction *redaction, struct hs_capture *ret)
{
	const struct hs_capture *from = redaction->capture;

	*ret = (struct hs_capture){
		.origin = from->origin, .pause_ns = from->pause_ns, .predicted_pause_ns = from->predicted_pause_ns, .taken_at_ns = from->taken_at_ns,
		.copied_bytes = from->copied_bytes, .was_stopped = from->was_stopped, .utc = from->utc, .is_redacted = true, .is_nonblocking = from->is_nonblocking,
		.process = calloc(1, sizeof(*ret->process)),
	};
	memcpy(ret->host, from->host, sizeof(ret->host));
	if (!ret->process || !copy_arrays(from, ret))
		return hs_error_no_memory();
	HS_TRY(copy_process(from->process, ret->process));
	for (size_t i = 0; i < ret->threads.n; i++)
		if (ret->threads.items[i].has_registers)
			blank_registers(redaction, &ret->threads.items[i].registers);
	if (!copy_text(from->file, &ret->file) || !copy_text(from->layout_text, &ret->layout_text) || !copy_text(from->cut_short, &ret->cut_short))
		return hs_error_no_memory();
	return NULL;
}
