/* SPDX-License-Identifier: Apache-2.0 */
/* What is read out of /proc besides maps: stat, command lines, names of interpreters, memory limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "command_line.h"
#include "container_id.h"
#include "exec_id.h"
#include "memory_limit.h"
#include "proc_file.h"
#include "process_list.h"
#include "process_stat.h"
#include "same_process.h"

#define STAT_REST "S 1 42 42 0 -1 4194560 100 0 0 0 7 8 0 0 20 0 1 0 123456 9000 500 18446744073709551615 1 1 0\n"

static void reads_stat(void **state)
{
	struct hs_process_stat stat;

	(void)state;
	assert_int_equal(hs_process_stat_parse("42 (python3.11) " STAT_REST, &stat), 0);
	assert_string_equal(stat.comm, "python3.11");
	assert_int_equal(stat.state, 'S');
	assert_int_equal(stat.parent, 1);
	assert_int_equal(stat.start_time, 123456);
	assert_false(stat.is_kernel_thread);
	assert_int_equal(hs_process_stat_parse("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0\n", &stat), 0);
	assert_true(stat.is_kernel_thread);
}

static void is_not_fooled_by_the_name(void **state)
{
	struct hs_process_stat stat;

	(void)state;
	assert_int_equal(hs_process_stat_parse("42 (a) Z 1 (b) " STAT_REST, &stat), 0);
	assert_string_equal(stat.comm, "a) Z 1 (b");
	assert_int_equal(stat.state, 'S');
	assert_int_equal(hs_process_stat_parse("42 (a name of more than sixteen) " STAT_REST, &stat), 0);
	assert_int_equal(strlen(stat.comm), 16);
	assert_int_equal(hs_process_stat_parse("42 () " STAT_REST, &stat), 0);
	assert_string_equal(stat.comm, "");
}

static void refuses_other_stat(void **state)
{
	struct hs_process_stat stat;

	(void)state;
	assert_int_equal(hs_process_stat_parse("", &stat), -1);
	assert_int_equal(hs_process_stat_parse("42 (a", &stat), -1);
	assert_int_equal(hs_process_stat_parse("42 )a(", &stat), -1);
	assert_int_equal(hs_process_stat_parse("42 (a)", &stat), -1);
	assert_int_equal(hs_process_stat_parse("42 (a) S 1 2 3", &stat), -1);
}

static void reads_fields(void **state)
{
	static const char text[] = "Name:\tx\nVmRSS:\t     123 kB\nTracerPid:\t0\nEmpty:\nBad:\tno\nHuge:\t99999999999999999999999\n";
	uint64_t value = 7;

	(void)state;
	assert_true(hs_proc_field(text, "VmRSS", &value));
	assert_int_equal(value, 123);
	assert_true(hs_proc_field(text, "TracerPid", &value));
	assert_int_equal(value, 0);
	value = 7;
	assert_false(hs_proc_field(text, "RSS", &value));
	assert_false(hs_proc_field(text, "Vm", &value));
	assert_false(hs_proc_field(text, "Bad", &value));
	assert_false(hs_proc_field(text, "Huge", &value));
	assert_int_equal(value, 7);
}

static void check_script(const char *text, size_t bytes, const char *expected)
{
	const char *script = hs_script_argument(text, bytes);

	if (expected)
		assert_string_equal(script ? script : "none", expected);
	else
		assert_null(script);
}

#define SCRIPT(literal, expected) check_script((literal), sizeof(literal) - 1, (expected))

static void finds_the_script_and_nothing_behind_it(void **state)
{
	(void)state;
	SCRIPT("python3\0app.py\0--password\0hunter2\0", "app.py");
	SCRIPT("python3\0-u\0-X\0dev\0-W\0error\0/srv/app.py\0x\0", "/srv/app.py");
	SCRIPT("python3\0-Bm\0http.server\08000\0", "http.server");
	SCRIPT("python3\0-mhttp.server\0secret\0", "http.server");
	SCRIPT("python3\0-Xdev\0app.py\0", "app.py");
	SCRIPT("python3\0-c\0import secret\0", "-c");
	SCRIPT("python3\0-cimport secret\0", "-c");
	SCRIPT("python3\0-Ic\0import secret\0", "-c");
	SCRIPT("python3\0--check-hash-based-pycs\0always\0app.py\0", "app.py");
	SCRIPT("python3\0-\0secret\0", "-");
	SCRIPT("python3\0", NULL);
	SCRIPT("python3\0-m\0", NULL);
	SCRIPT("python3\0-X\0", NULL);
	SCRIPT("python3\0-E\0-s\0", NULL);
	SCRIPT("python3\0app.py", "app.py"); /* no NUL at the end */
}

static void check_python(const char *path, const char *expected)
{
	char version[16] = "untouched";

	if (expected) {
		assert_true(hs_path_is_python(path, version));
		assert_string_equal(version, expected);
	} else {
		assert_false(hs_path_is_python(path, version));
		assert_string_equal(version, "untouched");
	}
}

static void knows_interpreters_by_name(void **state)
{
	(void)state;
	check_python("/usr/bin/python3.11", "3.11");
	check_python("/usr/bin/python3.13t", "3.13t");
	check_python("/usr/bin/python3.11d", "3.11d");
	check_python("/opt/bin/python", "");
	check_python("/opt/bin/python3", "");
	check_python("python2.7", "2.7");
	check_python("/usr/lib/libpython3.12.so.1.0", "3.12");
	check_python("/usr/lib/libpython3.8m.so", "3.8m");
	check_python("/usr/lib/python3.9/lib-dynload/_queue.so", "3.9");
	check_python("/usr/bin/python3.11-config", NULL);
	check_python("/usr/bin/pythonw", NULL);
	check_python("/usr/bin/pypy3.9", NULL);
	check_python("/usr/lib/libpython.so", NULL);
	check_python("/usr/lib/libpython3.12.a", NULL);
	check_python("/lib-dynload/x.so", NULL);
	check_python("/home/python3.11/tool", NULL);
	check_python("", NULL);
	check_python("/usr/bin/python3.1111111111111111111111111", NULL);
}

/* A root for made-up cgroup files; removed by the test that made it. */
static char folder[64];

static void write_file(const char *name, const char *format, ...)
{
	char path[256];
	va_list args;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	fclose(file);
}

static void make_folder(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static struct hs_memory_room room(void)
{
	char meminfo[128], cgroups[128], mounts[128];

	snprintf(meminfo, sizeof(meminfo), "%s/meminfo", folder);
	snprintf(cgroups, sizeof(cgroups), "%s/cgroup", folder);
	snprintf(mounts, sizeof(mounts), "%s/mountinfo", folder);
	return hs_memory_room_by(meminfo, cgroups, mounts);
}

static int make_root(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/hs_test_proc.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	write_file("meminfo", "MemTotal: 8000000 kB\nMemFree: 1 kB\nMemAvailable: 4096 kB\n");
	return 0;
}

static int remove_root(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	return system(command) ? -1 : 0;
}

static void takes_what_the_machine_has(void **state)
{
	(void)state;
	assert_true(room().bytes == 4096 * 1024);
	assert_string_equal(room().what, "MemAvailable");
}

static void walks_up_cgroups_of_version_2(void **state)
{
	(void)state;
	make_folder("fs");
	make_folder("fs/app");
	make_folder("fs/app/worker");
	write_file("cgroup", "0::/app/worker\n");
	write_file("mountinfo", "30 20 0:26 / %s/fs rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n", folder);
	write_file("fs/app/worker/memory.max", "max\n");
	write_file("fs/app/worker/memory.current", "1000\n");
	assert_true(room().bytes == 4096 * 1024);
	write_file("fs/app/memory.max", "2000000\n");
	write_file("fs/app/memory.current", "1500000\n");
	assert_true(room().bytes == 500000);
	assert_non_null(strstr(room().what, "/app (memory.max"));
	/* Pages that can be dropped at once are room. */
	write_file("fs/app/memory.stat", "anon 1\ninactive_file 300000\nactive_file 9\n");
	assert_true(room().bytes == 800000);
	write_file("fs/app/worker/memory.high", "3000\n");
	assert_true(room().bytes == 2000);
	write_file("fs/app/worker/memory.current", "9000\n");
	assert_true(room().bytes == 0);
}

static void knows_a_container_s_part_of_version_1(void **state)
{
	(void)state;
	make_folder("v 1");
	write_file("cgroup", "9:name=systemd:/\n4:cpu,memory:/docker/abc\n0::/\n");
	write_file("mountinfo", "29 20 0:25 / %s/other rw - cgroup cgroup rw,cpu\n"
				"30 20 0:26 /docker/abc %s/v\\0401 rw master:9 - cgroup cgroup rw,memory\n", folder, folder);
	write_file("v 1/memory.limit_in_bytes", "9223372036854771712\n");
	write_file("v 1/memory.usage_in_bytes", "100000\n");
	assert_true(room().bytes == 4096 * 1024);
	write_file("v 1/memory.limit_in_bytes", "150000\n");
	assert_true(room().bytes == 50000);
	write_file("v 1/memory.stat", "inactive_file 7\ntotal_inactive_file 1000\n");
	assert_true(room().bytes == 51000);
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void container_ids_are_found_in_names_of_groups(void **state)
{
	static const char *const with[] = {
		"0::/system.slice/docker-" ID ".scope\n", "12:memory:/docker/" ID "\n0::/\n", "0::/kubepods/besteffort/pod1b4e28ba/" ID,
		"0::/../cri-containerd-" ID ".scope\n", "0::/libpod-" ID "\n",
	};
	static const char *const without[] = { "", "0::/\n", "0::/user.slice/user-1000.slice\n", "0::/" ID "0\n", "0::/0" ID "\n" };
	char id[HS_CONTAINER_ID_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
		assert_true(hs_container_id_parse(with[i], id));
		assert_string_equal(id, ID);
	}
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
		assert_false(hs_container_id_parse(without[i], id));
		assert_string_equal(id, "");
	}
}

static void the_random_bytes_are_found_in_the_auxiliary_vector(void **state)
{
	const uint64_t auxv[] = { 33, 0x7ffc00001000, 25, 0x7ffc00002008, 0, 0 };

	(void)state;
	assert_int_equal(hs_auxv_random(auxv, sizeof(auxv)), 0x7ffc00002008);
	assert_int_equal(hs_auxv_random(auxv, 3 * sizeof(auxv[0])), 0);
	assert_int_equal(hs_auxv_random(auxv, 0), 0);
	assert_true(hs_exec_id_read(getpid()) != 0);
	assert_int_equal(hs_exec_id_read(getpid()), hs_exec_id_read(getpid()));
}

static struct hs_process known_process(void)
{
	return (struct hs_process){ .pid = 42, .start_time = 123456, .pid_namespace = 4026531836, .exec_id = 77, .boot_id = "0ea8d52b" };
}

static void one_process_is_told_from_another(void **state)
{
	struct hs_process one = known_process(), other = known_process();
	const char *why = NULL;

	(void)state;
	assert_true(hs_process_is_same(&one, &other, &why));
	other.exec_id = 0; /* unknown is no difference, where all else is known */
	assert_true(hs_process_is_same(&one, &other, &why));
	other = known_process();
	other.pid = 43;
	assert_false(hs_process_is_same(&one, &other, &why));
	other = known_process();
	other.start_time++;
	assert_false(hs_process_is_same(&one, &other, &why));
	assert_non_null(strstr(why, "different times"));
	other = known_process();
	other.pid_namespace++;
	assert_false(hs_process_is_same(&one, &other, &why));
	other = known_process();
	strcpy(other.boot_id, "1fb9");
	assert_false(hs_process_is_same(&one, &other, &why));
	other = known_process();
	other.exec_id++;
	assert_false(hs_process_is_same(&one, &other, &why));
	assert_non_null(strstr(why, "exec"));
}

/* A core has neither a boot nor a start time. */
static void a_core_is_told_by_its_random_bytes(void **state)
{
	struct hs_process one = known_process(), core = { .pid = 42, .exec_id = 77 };
	const char *why = NULL;

	(void)state;
	assert_true(hs_process_is_same(&one, &core, &why));
	assert_true(hs_process_is_same(&core, &core, &why));
	core.exec_id = 78;
	assert_false(hs_process_is_same(&one, &core, &why));
	core.exec_id = 0;
	assert_false(hs_process_is_same(&one, &core, &why));
	assert_non_null(strstr(why, "too little"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_stat),
		cmocka_unit_test(is_not_fooled_by_the_name),
		cmocka_unit_test(refuses_other_stat),
		cmocka_unit_test(reads_fields),
		cmocka_unit_test(finds_the_script_and_nothing_behind_it),
		cmocka_unit_test(knows_interpreters_by_name),
		cmocka_unit_test(container_ids_are_found_in_names_of_groups),
		cmocka_unit_test(the_random_bytes_are_found_in_the_auxiliary_vector),
		cmocka_unit_test(one_process_is_told_from_another),
		cmocka_unit_test(a_core_is_told_by_its_random_bytes),
		cmocka_unit_test_setup_teardown(takes_what_the_machine_has, make_root, remove_root),
		cmocka_unit_test_setup_teardown(walks_up_cgroups_of_version_2, make_root, remove_root),
		cmocka_unit_test_setup_teardown(knows_a_container_s_part_of_version_1, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
