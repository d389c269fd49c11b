/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy demo: runs the leaking Python service that comes with heapspy until Ctrl-C, and never leaves it behind. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "demo_service.h"
#include "output.h"

#define START_TIMEOUT_MS 30000

struct demo_options {
	const char *python;
};

/* A directory of its own for the service's file, so that the service has a name in process lists; until Python has read it. */
struct workplace {
	char *directory;
	char *script;
};

static void workplace_deinit(struct workplace *place)
{
	if (place->script)
		unlink(place->script);
	if (place->directory)
		rmdir(place->directory);
	free(place->script);
	free(place->directory);
	*place = (struct workplace){ 0 };
}

static struct hs_error *workplace_init(struct workplace *place)
{
	const char *temporary = getenv("TMPDIR");
	HS_FREE char *directory = NULL;

	if (asprintf(&directory, "%s/heapspy-demo-XXXXXX", temporary && *temporary ? temporary : "/tmp") < 0) {
		directory = NULL;
		return hs_error_no_memory();
	}
	if (!mkdtemp(directory))
		return hs_error_os(errno, "cannot create %s", directory);
	place->directory = hs_take(directory);
	if (asprintf(&place->script, "%s/service.py", place->directory) < 0) {
		place->script = NULL;
		return hs_error_no_memory();
	}
	return hs_output_write(place->script, hs_demo_service, hs_demo_service_bytes);
}

/* In the child, from fork to exec; returns only when exec fails. */
static void become_service(const char *python, const char *script, int ready_fd, pid_t parent, const sigset_t *old_mask)
{
	/* A group of its own: Ctrl-C is for heapspy, which then ends the service in order. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
#ifdef PR_SET_PTRACER
	/* Yama lets only ancestors attach; heapspy in another terminal is none. */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
#endif
	sigprocmask(SIG_SETMASK, old_mask, NULL);
	int null_fd = open("/dev/null", O_RDONLY);
	if (null_fd >= 0)
		dup2(null_fd, STDIN_FILENO);
	dup2(ready_fd, STDOUT_FILENO);
	execlp(python, python, script, (char *)NULL);
	fprintf(stderr, "heapspy: cannot run %s: %s\n", python, strerror(errno));
	_exit(127);
}

static struct hs_error *wait_until_ready(int fd, const char *python)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char ready[8];

	if (poll(&poll_fd, 1, START_TIMEOUT_MS) == 1 && read(fd, ready, sizeof(ready)) > 0)
		return NULL;
	return hs_error_hint(hs_error_new(HS_ERROR_LOOKUP, "the demo service did not start with %s", python),
			     "heapspy demo --python /path/to/python3");
}

static void print_what_to_try(pid_t pid)
{
	const char *program = program_invocation_name;

	printf("A small Python service with a leak runs as pid %d.\n"
	       "Try, in another terminal:\n\n"
	       "  %s %d                  (then G: what grows; Enter: who holds it)\n"
	       "  %s report %d\n"
	       "  %s report %d --sort count -n 10\n\n"
	       "Ctrl-C ends the service.\n", (int)pid, program, (int)pid, program, (int)pid, program, (int)pid);
	fflush(stdout);
}

/* Until a signal asks for the end, or the service ends by itself. */
static struct hs_error *wait_for_end(pid_t pid, const sigset_t *signals)
{
	for (;;) {
		int number = sigwaitinfo(signals, NULL);
		if (number < 0)
			continue;
		if (number != SIGCHLD)
			return NULL;
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return hs_error_new(HS_ERROR_GONE, "the demo service (pid %d) ended", (int)pid);
	}
}

static struct hs_error *serve(pid_t pid, int ready_fd, const char *python, const sigset_t *signals, struct workplace *place)
{
	HS_TRY(wait_until_ready(ready_fd, python));
	workplace_deinit(place); /* now already, because a kill leaves no time for it */
	print_what_to_try(pid);
	return wait_for_end(pid, signals);
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct demo_options *own = invocation->own;
	const char *python = own->python ? own->python : "python3";
	HS_CLEANUP(workplace_deinit) struct workplace place = { 0 };
	sigset_t signals, old_mask;
	int pipe_fds[2];

	HS_TRY(workplace_init(&place));
	if (pipe2(pipe_fds, O_CLOEXEC))
		return hs_error_os(errno, "cannot create a pipe");
	HS_CLOSE int ready_fd = pipe_fds[0];
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, &old_mask);

	pid_t parent = getpid(), pid = fork();
	if (pid == 0)
		become_service(python, place.script, pipe_fds[1], parent, &old_mask);
	close(pipe_fds[1]);
	if (pid < 0)
		return hs_error_os(errno, "cannot start the demo service");
	struct hs_error *error = serve(pid, ready_fd, python, &signals, &place);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	return error;
}

static const struct argp_option options[] = {
	{ "python", 'P', "PROGRAM", 0, "Interpreter to run the service with (default: python3 from PATH)", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct demo_options *own = invocation->own;

	if (key != 'P')
		return ARGP_ERR_UNKNOWN;
	own->python = argument;
	return 0;
}

const struct hs_command hs_command_demo = {
	.name = "demo",
	.summary = "Run a small leaking Python service to try heapspy on, until Ctrl-C",
	.usage = "",
	.examples = "  heapspy demo\n"
		    "  heapspy demo --python /usr/bin/python3.11\n",
	.needs = HS_STAGE_NONE,
	.own_bytes = sizeof(struct demo_options),
	.options = options,
	.parse = parse,
	.run = run,
};
