/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, arrays and the splitting of passes over threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdatomic.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "address_index.h"
#include "array.h"
#include "bytes.h"
#include "checksum.h"
#include "cleanup.h"
#include "error.h"
#include "quiet_thread.h"
#include "workers.h"

static void errors_carry_code_message_and_hint(void **state)
{
	struct hs_error *error = hs_error_at(HS_ERROR_BAD_DATA, 0x1000, "pool %d", 7);

	(void)state;
	assert_int_equal(error->code, HS_ERROR_BAD_DATA);
	assert_int_equal(error->address, 0x1000);
	assert_null(error->hint);
	assert_ptr_equal(hs_error_wrap(error, "interpreter %d", 1), error);
	assert_string_equal(error->message, "interpreter 1: pool 7");
	assert_ptr_equal(hs_error_hint(error, "first"), error);
	assert_ptr_equal(hs_error_hint(error, "try %s", "again"), error);
	assert_string_equal(error->hint, "try again");
	hs_error_destroy(error);
	hs_error_destroy(NULL);
}

static void errors_of_the_kernel_have_a_kind(void **state)
{
	static const struct {
		int os_errno;
		enum hs_error_code code;
	} cases[] = {
		{ ESRCH, HS_ERROR_GONE }, { EPERM, HS_ERROR_PERMISSION }, { EACCES, HS_ERROR_PERMISSION },
		{ EIO, HS_ERROR_OS }, { ENOMEM, HS_ERROR_NO_MEMORY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct hs_error *error = hs_error_os(cases[i].os_errno, "open %s", "x");
		assert_int_equal(error->code, cases[i].code);
		assert_int_equal(error->os_errno, cases[i].os_errno);
		hs_error_destroy(error);
	}
	struct hs_error *error = hs_error_os(EIO, "open %s", "x");
	assert_string_equal(error->message, "open x: Input/output error");
	hs_error_destroy(error);
}

static void the_error_without_memory_needs_none(void **state)
{
	struct hs_error *error = hs_error_no_memory();

	(void)state;
	assert_ptr_equal(hs_error_hint(hs_error_wrap(error, "context"), "hint"), error);
	assert_string_equal(error->message, "out of memory");
	assert_null(error->hint);
	hs_error_destroy(error);
	assert_string_equal(hs_error_no_memory()->message, "out of memory");
}

static struct hs_error *fails(bool does)
{
	return does ? hs_error_new(HS_ERROR_LOOKUP, "no") : NULL;
}

static struct hs_error *tries(bool does, bool *ret_went_on)
{
	HS_TRY(fails(does));
	*ret_went_on = true;
	return NULL;
}

static void try_returns_the_first_error(void **state)
{
	bool went_on = false;
	struct hs_error *error = tries(true, &went_on);

	(void)state;
	assert_non_null(error);
	assert_false(went_on);
	hs_error_destroy(error);
	assert_null(tries(false, &went_on));
	assert_true(went_on);
}

struct pair {
	uint64_t a, b;
};

static void arrays_grow_and_zero(void **state)
{
	HS_ARRAY(struct pair) array = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 10000; i++) {
		struct pair *item = hs_array_append(&array);
		assert_non_null(item);
		assert_int_equal(item->a | item->b, 0);
		item->a = item->b = i;
	}
	for (uint64_t i = 0; i < array.n; i++)
		assert_int_equal(array.items[i].a, i);
	assert_int_equal(array.n, 10000);
	hs_array_free(&array);
	assert_null(array.items);
	assert_int_equal(array.n | array.capacity, 0);
}

static void arrays_refuse_what_no_memory_holds(void **state)
{
	HS_ARRAY(uint64_t) array = { 0 };
	uint64_t *item = hs_array_append(&array);

	(void)state;
	*item = 42;
	assert_false(hs_array_reserve(&array, SIZE_MAX / 4)); /* the product of count and size overflows */
	assert_int_equal(array.items[0], 42);
	assert_int_equal(array.n, 1);
	hs_array_free(&array);
}

static void take_moves_out_of_a_guard(void **state)
{
	char *moved;

	(void)state;
	{
		HS_FREE char *guarded = malloc(1);
		moved = hs_take(guarded);
		assert_null(guarded);
	}
	*moved = 1;
	free(moved);
}

struct pass {
	atomic_uint seen[1000];
	atomic_uint most_workers;
};

static void mark(void *context, size_t begin, size_t end, unsigned worker)
{
	struct pass *pass = context;

	assert_true(begin < end && end <= 1000);
	for (size_t i = begin; i < end; i++)
		atomic_fetch_add(&pass->seen[i], 1);
	unsigned most = atomic_load(&pass->most_workers);
	while (worker > most && !atomic_compare_exchange_weak(&pass->most_workers, &most, worker))
		;
}

/* Whatever the numbers: every item once, no worker number beyond what was asked for. */
static void workers_take_every_item_once(void **state)
{
	static const unsigned n_workers[] = { 0, 1, 2, 7, 64, 1000 };
	static const size_t chunks[] = { 0, 1, 3, 999, 1000, 5000 };

	(void)state;
	for (size_t w = 0; w < sizeof(n_workers) / sizeof(*n_workers); w++) {
		for (size_t c = 0; c < sizeof(chunks) / sizeof(*chunks); c++) {
			struct pass pass = { 0 };
			hs_workers_run(mark, &pass, 1000, chunks[c], n_workers[w]);
			for (size_t i = 0; i < 1000; i++)
				assert_int_equal(pass.seen[i], 1);
			assert_true(pass.most_workers < (n_workers[w] ? n_workers[w] : 1));
		}
	}
	hs_workers_run(mark, NULL, 0, 1, 4); /* nothing to do: `mark` would fault */
	assert_true(hs_workers_default() >= 1);
}

/* Numbers are dense, in the order of first sight, and stay; whatever the words are. */
static void addresses_get_numbers(void **state)
{
	struct hs_address_index index = { 0 };
	bool is_new;

	(void)state;
	assert_int_equal(hs_address_index_find(&index, 5), HS_NO_INDEX);
	for (unsigned round = 0; round < 2; round++)
		for (uint32_t i = 0; i < 5000; i++) {
			uint64_t word = (i + 1) * (i % 2 ? (uint64_t)1 << 44 : 16);
			assert_int_equal(hs_address_index_add(&index, word, &is_new), i);
			assert_int_equal(is_new, round == 0);
		}
	assert_int_equal(index.n, 5000);
	assert_int_equal(hs_address_index_find(&index, 16), 0);
	assert_int_equal(hs_address_index_find(&index, 17), HS_NO_INDEX);
	assert_int_equal(hs_address_index_add(&index, 0, &is_new), HS_NO_INDEX);
	assert_int_equal(hs_address_index_find(&index, 0), HS_NO_INDEX);
	hs_address_index_free(&index);
}

static void bytes_grow_and_align(void **state)
{
	HS_CLEANUP(hs_cleanup_bytes) struct hs_bytes bytes = { 0 };

	(void)state;
	assert_true(hs_bytes_append(&bytes, "abc", 3));
	assert_true(hs_bytes_align(&bytes, 4));
	assert_true(hs_bytes_align(&bytes, 4));
	assert_int_equal(bytes.n, 4);
	assert_memory_equal(bytes.items, "abc", 4);
	assert_false(hs_bytes_append(&bytes, "abc", SIZE_MAX - 1));
	assert_int_equal(bytes.n, 4);
}

/* Of the specification's own program (xxhsum -H1). */
static void checksums_are_those_of_xxh64(void **state)
{
	static const struct {
		const char *text;
		uint64_t hash;
	} known[] = {
		{ "", 0xef46db3751d8e999 }, { "a", 0xd24ec4f1a98c6e5b }, { "abc", 0x44bc2cf5ad770999 },
		{ "Nobody inspects the spammish repetition", 0xfbcea83c8a378bf1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		assert_int_equal(hs_checksum(known[i].text, strlen(known[i].text)), known[i].hash);
}

static void checksums_do_not_depend_on_the_pieces(void **state)
{
	uint8_t data[500];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * i + 7);
	for (size_t piece = 1; piece < 70; piece++) {
		struct hs_checksum_state checksum;
		hs_checksum_start(&checksum);
		for (size_t at = 0; at < sizeof(data); at += piece)
			hs_checksum_add(&checksum, data + at, at + piece < sizeof(data) ? piece : sizeof(data) - at);
		assert_int_equal(hs_checksum_end(&checksum), hs_checksum(data, sizeof(data)));
	}
}

#define HANDLED 42

static void on_crash(int number)
{
	(void)number;
	_exit(HANDLED);
}

static void *crash(void *argument)
{
	raise(*(int *)argument);
	return NULL;
}

/* How a process ends in which a thread for work gets that signal. */
static int status_after(int number)
{
	pid_t pid = fork();
	pthread_t thread;
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		signal(number, on_crash);
		_exit(hs_thread_start(&thread, crash, &number) || pthread_join(thread, NULL));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void threads_crash_where_they_are_heard_and_hear_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(status_after(SIGSEGV), HANDLED);
	assert_int_equal(status_after(SIGBUS), HANDLED);
	assert_int_equal(status_after(SIGFPE), HANDLED);
	assert_int_equal(status_after(SIGILL), HANDLED);
	assert_int_equal(status_after(SIGABRT), HANDLED);
	assert_int_equal(status_after(SIGTERM), 0);
	assert_int_equal(status_after(SIGINT), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_carry_code_message_and_hint),
		cmocka_unit_test(errors_of_the_kernel_have_a_kind),
		cmocka_unit_test(the_error_without_memory_needs_none),
		cmocka_unit_test(try_returns_the_first_error),
		cmocka_unit_test(arrays_grow_and_zero),
		cmocka_unit_test(arrays_refuse_what_no_memory_holds),
		cmocka_unit_test(bytes_grow_and_align),
		cmocka_unit_test(checksums_are_those_of_xxh64),
		cmocka_unit_test(checksums_do_not_depend_on_the_pieces),
		cmocka_unit_test(take_moves_out_of_a_guard),
		cmocka_unit_test(threads_crash_where_they_are_heard_and_hear_nothing_else),
		cmocka_unit_test(workers_take_every_item_once),
		cmocka_unit_test(addresses_get_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
