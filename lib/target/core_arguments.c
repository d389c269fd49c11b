/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments as the kernel left them at the top of the main thread's stack (fs/binfmt_elf.c), where the auxiliary vector, of which a note
 * has a copy, tells their place. The note of the command line is cut at 80 bytes, and gcore's has the program's name alone.
 *
 *     argc │ argv … NULL │ envp … NULL │ auxiliary vector │ … strings of argv, of envp, the program's name
 */
#include "core_arguments.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "cleanup.h"
#include "command_line.h"

#define WORD sizeof(uint64_t)
#define MAX_STACK_BYTES ((uint64_t)16 << 20) /* arguments and environment take a quarter of the stack's limit at most */
#define MAX_ARGUMENTS 64                     /* the script is among the first */
#define MAX_ARGUMENT_BYTES 4096
#define MIN_AUXILIARY_BYTES (4 * WORD)       /* fewer could be anything */

/* The end of the main thread's stack, up to where the program's name is. */
struct stack {
	uint64_t *words; /* owned */
	size_t n;
	hs_addr start;
};

static void release_stack(struct stack *stack)
{
	free(stack->words);
}

static bool read_stack(const struct hs_core_file *core, struct stack *ret)
{
	size_t i = hs_core_file_find(core, core->on_stack);
	const struct hs_core_segment *segment = i < core->segments.n ? &core->segments.items[i] : NULL;
	hs_addr end = core->on_stack & ~(hs_addr)(WORD - 1);

	if (!core->on_stack || !segment || segment->start > end)
		return false;
	hs_addr start = end - segment->start > MAX_STACK_BYTES ? end - MAX_STACK_BYTES : segment->start;
	ret->n = (end - start) / WORD;
	ret->start = start;
	ret->words = malloc(ret->n * WORD + 1);
	return ret->words && hs_core_file_memory(core, start, ret->words, ret->n * WORD);
}

/* Index of the auxiliary vector's first word; 0: not found. The last place that looks like it is the one. */
static size_t find_auxiliary(const struct hs_core_file *core, const struct stack *stack)
{
	size_t n = core->auxiliary_bytes / WORD;

	for (size_t i = stack->n > n ? stack->n - n : 0; i > 0; i--)
		if (!memcmp(&stack->words[i], core->auxiliary, n * WORD))
			return i;
	return 0;
}

/* Index of argv's first word, and *ret_n of them; 0: it is not there. */
static size_t find_argv(const struct stack *stack, size_t auxiliary, size_t *ret_n)
{
	size_t i = auxiliary, n = 0;

	if (i < 3 || stack->words[--i])
		return 0;
	while (i > 0 && stack->words[i - 1])
		i--;
	/* words[i - 1] ends argv; the number of its pointers is before them */
	for (i = i ? i - 1 : 0; i > 0; i--, n++)
		if (stack->words[i - 1] == n) {
			*ret_n = n;
			return i;
		}
	return 0;
}

static bool append_argument(const struct hs_core_file *core, hs_addr address, struct hs_bytes *text)
{
	char argument[MAX_ARGUMENT_BYTES];

	for (size_t n = 0; n < sizeof(argument); n++) {
		if (!hs_core_file_memory(core, address + n, &argument[n], 1))
			return false;
		if (!argument[n])
			return hs_bytes_append(text, argument, n + 1);
	}
	return false;
}

static void gather(const struct hs_core_file *core, struct hs_bytes *text)
{
	HS_CLEANUP(release_stack) struct stack stack = { 0 };
	size_t n = 0;

	if (core->auxiliary_bytes < MIN_AUXILIARY_BYTES || !read_stack(core, &stack))
		return;
	size_t auxiliary = find_auxiliary(core, &stack), argv = auxiliary ? find_argv(&stack, auxiliary, &n) : 0;
	for (size_t i = 0; argv && i < n && i < MAX_ARGUMENTS; i++)
		if (!append_argument(core, stack.words[argv + i], text))
			return;
}

/* What blanks were in arguments is not known any more. */
static bool split_note(const struct hs_core_file *core, struct hs_bytes *text)
{
	size_t n = strnlen(core->arguments, sizeof(core->arguments) - 1);

	while (n && core->arguments[n - 1] == ' ')
		n--;
	if (!n)
		return true;
	if (!hs_bytes_append(text, core->arguments, n) || !hs_bytes_append(text, NULL, 1))
		return false;
	for (size_t i = 0; i < n; i++)
		if (text->items[i] == ' ')
			text->items[i] = '\0';
	return true;
}

struct hs_error *hs_core_script(const struct hs_core_file *core, char **ret)
{
	HS_CLEANUP(hs_cleanup_bytes) struct hs_bytes text = { 0 };

	gather(core, &text);
	if (!text.n && !split_note(core, &text))
		return hs_error_no_memory();
	if (!hs_bytes_append(&text, NULL, 1))
		return hs_error_no_memory();
	return hs_script_of((const char *)text.items, text.n - 1, core->comm, ret);
}
